/* sim_latency: answer times drawn from recorded distributions, repeatable by seed.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_latency.h"

#include <math.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/str.h"

/* Medians and 99th percentiles of recorded BMCs: iDRAC9, iDRAC8, iDRAC7. */
static const struct {
    const char *name;
    struct sim_latency latency;
} profiles[] = {
    { "none", { 0, 0, 0 } },
    { "fast", { 400, 1.33, 9300 } },
    { "slow", { 750, 0.5, 2400 } },
    { "ancient", { 7000, 0.13, 9500 } },
};

bool
sim_latency_parse (const char *text, struct sim_latency *ret)
{
    int64_t ms;

    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        if (str_eq (profiles[i].name, text)) {
            *ret = profiles[i].latency;
            return true;
        }
    }
    if ((!str_to_i64 (text, &ms) && !duration_parse (text, &ms)) || ms < 0 || ms > 3600000)
        return false;
    *ret = (struct sim_latency){ .median_ms = (double) ms, .cap_ms = (double) ms };
    return true;
}

uint64_t
sim_random_next (uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static double
uniform (uint64_t *random)
{
    return ((double) (sim_random_next (random) >> 11) + 1.0) / 9007199254740994.0;
}

int64_t
sim_latency_next_ms (const struct sim_latency *latency, uint64_t *random)
{
    if (latency->sigma <= 0)
        return (int64_t) latency->median_ms;
    double normal
        = sqrt (-2.0 * log (uniform (random))) * cos (6.283185307179586 * uniform (random));
    double ms = latency->median_ms * exp (latency->sigma * normal);
    return (int64_t) (ms > latency->cap_ms ? latency->cap_ms : ms);
}
