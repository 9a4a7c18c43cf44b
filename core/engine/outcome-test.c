/* outcome-test: the ladder is climbed and never descended; a job's status is its worst component.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/outcome.h"

#include "base/testing.h"

static const struct {
    enum outcome now, next, want;
} climbs[] = {
    { OUTCOME_PLANNED, OUTCOME_ACCEPTED, OUTCOME_ACCEPTED },
    { OUTCOME_FLASHED, OUTCOME_STAGED, OUTCOME_FLASHED },
    { OUTCOME_VERIFIED, OUTCOME_PLANNED, OUTCOME_VERIFIED },
    { OUTCOME_STAGED, OUTCOME_FAILED_FINAL, OUTCOME_FAILED_FINAL },
    { OUTCOME_FAILED_FINAL, OUTCOME_FLASHED, OUTCOME_FAILED_FINAL },
    { OUTCOME_FAILED_FINAL, OUTCOME_VERIFIED, OUTCOME_VERIFIED },
    { OUTCOME_FAILED_RETRYABLE, OUTCOME_ROLLED_BACK, OUTCOME_ROLLED_BACK },
};

START_TEST (climb)
{
    for (size_t i = 0; i < COUNT_OF (climbs); i++) {
        enum outcome then = outcome_climb (climbs[i].now, climbs[i].next);
        ck_assert_msg (then == climbs[i].want, "%zu: %s", i, outcome_name (then));
    }
}
END_TEST

static const struct {
    enum outcome all[3];
    size_t count;
    enum outcome want;
} worsts[] = {
    { { 0 }, 0, OUTCOME_NOOP },
    { { OUTCOME_NOOP, OUTCOME_VERIFIED }, 2, OUTCOME_VERIFIED },
    { { OUTCOME_VERIFIED, OUTCOME_ACTIVATED, OUTCOME_NOOP }, 3, OUTCOME_ACTIVATED },
    { { OUTCOME_VERIFIED, OUTCOME_FAILED_FINAL, OUTCOME_PARKED }, 3, OUTCOME_FAILED_FINAL },
    { { OUTCOME_CANCELLED_UNKNOWN, OUTCOME_FAILED_FINAL }, 2, OUTCOME_CANCELLED_UNKNOWN },
    { { OUTCOME_PARKED, OUTCOME_BLOCKED, OUTCOME_PLANNED }, 3, OUTCOME_PARKED },
};

START_TEST (worst)
{
    for (size_t i = 0; i < COUNT_OF (worsts); i++) {
        enum outcome o = outcome_worst (worsts[i].all, worsts[i].count);
        ck_assert_msg (o == worsts[i].want, "%zu: %s", i, outcome_name (o));
    }
}
END_TEST

START_TEST (names_round_trip)
{
    for (int i = 0; i < OUTCOME_COUNT_; i++) {
        enum outcome back;
        ck_assert (outcome_from_name (outcome_name ((enum outcome) i), &back));
        ck_assert_int_eq (back, i);
    }
    enum outcome untouched = OUTCOME_NOOP;
    ck_assert (!outcome_from_name ("done", &untouched));
    ck_assert_int_eq (untouched, OUTCOME_NOOP);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { climb, worst, names_round_trip, NULL };

    return testing_run ("outcome", tests);
}
