/* timers: letters that are posted at a wall-clock time. One thread, one heap.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_TIMERS_H
#define FARRIER_ENGINE_TIMERS_H

#include <stdint.h>

struct engine;
struct timers;

struct timers *timers_new (struct engine *engine);
void timers_free (struct timers *t);              /* joins; nothing is posted afterwards */
/* Posts LETTER_DUE, LETTER_DEADLINE or LETTER_FLUSH (kind: enum letter_kind) at due_ms. A job has
 * at most one of each kind: a second call moves it, due_ms 0 takes it back. Any thread. */
void timers_set (struct timers *t, const char *job_id, int kind, const char *attempt_id,
                 int64_t due_ms);
/* A job has ended: forget them all. */
void timers_forget (struct timers *t, const char *job_id);

#endif
