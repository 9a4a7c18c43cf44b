/* sim_timer: one-shot timers that free themselves: on the loop, or by hand on a virtual clock.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_TIMER_H
#define FARRIER_SIM_TIMER_H

#include <stdint.h>
#include <uv.h>

struct sim_timer;

/* Calls fn (arg) once after ms, and sets *slot to NULL before that. A timer that is in *slot is
 * stopped first. */
void sim_timer_start (uv_loop_t *loop, struct sim_timer **slot, int64_t ms, void (*fn) (void *arg),
                      void *arg);
void sim_timer_stop (struct sim_timer **slot);
/* While base/clock is virtual no timer is on a loop: this moves the clock by ms and calls what
 * becomes due, each at its time. */
void sim_timer_advance (int64_t ms);

#endif
