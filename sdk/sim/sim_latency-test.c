/* Tests of sim_latency.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_latency.h"

#include "base/testing.h"

START_TEST (names_and_numbers)
    {
        struct sim_latency l;
        uint64_t random = 1;

        ck_assert (sim_latency_parse ("none", &l));
        ck_assert_int_eq (sim_latency_next_ms (&l, &random), 0);
        ck_assert (sim_latency_parse ("750", &l));
        ck_assert_int_eq (sim_latency_next_ms (&l, &random), 750);
        ck_assert (sim_latency_parse ("2s", &l));
        ck_assert_int_eq (sim_latency_next_ms (&l, &random), 2000);
        ck_assert (!sim_latency_parse ("quick", &l));
        ck_assert (!sim_latency_parse ("-1", &l));
        ck_assert (!sim_latency_parse ("", &l));
    }
END_TEST

static const struct {
    const char *name;
    int64_t median_ms, cap_ms;
} profiles[] = { { "fast", 400, 9300 }, { "slow", 750, 2400 }, { "ancient", 7000, 9500 } };

START_TEST (profiles_have_their_medians)
    {
        for (size_t i = 0; i < COUNT_OF (profiles); i++) {
            struct sim_latency l;
            uint64_t random = 42;
            int below = 0, n = 4000;

            ck_assert (sim_latency_parse (profiles[i].name, &l));
            for (int k = 0; k < n; k++) {
                int64_t ms = sim_latency_next_ms (&l, &random);
                ck_assert (ms >= 0 && ms <= profiles[i].cap_ms);
                below += ms < profiles[i].median_ms;
            }
            ck_assert_msg (below > n * 45 / 100 && below < n * 55 / 100, "%s: %d of %d below",
                           profiles[i].name, below, n);
        }
    }
END_TEST

START_TEST (the_seed_repeats)
    {
        struct sim_latency l;
        uint64_t a = 5, b = 5, c = 6;
        bool differs = false;

        ck_assert (sim_latency_parse ("slow", &l));
        for (int i = 0; i < 100; i++) {
            int64_t ms = sim_latency_next_ms (&l, &a);
            ck_assert_int_eq (ms, sim_latency_next_ms (&l, &b));
            differs = differs || ms != sim_latency_next_ms (&l, &c);
        }
        ck_assert (differs);
    }
END_TEST

int
main (void)
{
    const TTest *const tests[]
        = { names_and_numbers, profiles_have_their_medians, the_seed_repeats, NULL };

    return testing_run ("sim_latency", tests);
}
