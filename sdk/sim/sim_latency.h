/* sim_latency: how long a simulated BMC takes to answer: at once, after a fixed time, as recorded.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_LATENCY_H
#define FARRIER_SIM_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

/* A log-normal shape; sigma 0 is a fixed time. All zero: no delay. */
struct sim_latency {
    double median_ms;
    double sigma;
    double cap_ms; /* nothing is slower than this (the recorded 99th percentile) */
};

/* "none", milliseconds ("750" or "750ms"), or fast, slow, ancient. False when unknown. */
bool sim_latency_parse (const char *text, struct sim_latency *ret);
/* The next time of the sequence that *random holds (see sim_random_next). */
int64_t sim_latency_next_ms (const struct sim_latency *latency, uint64_t *random);

/* splitmix64: the same state, the same sequence, on every platform. */
uint64_t sim_random_next (uint64_t *state);

#endif
