/* outcome-test: the ladder is climbed and never descended; a job's status is its worst component.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <check.h>
#include <stdlib.h>

#include "engine/outcome.h"

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
    ck_assert_int_eq (outcome_climb (climbs[_i].now, climbs[_i].next), climbs[_i].want);
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
    ck_assert_int_eq (outcome_worst (worsts[_i].all, worsts[_i].count), worsts[_i].want);
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
    Suite *s = suite_create ("outcome");
    TCase *tc = tcase_create ("all");
    tcase_add_loop_test (tc, climb, 0, sizeof climbs / sizeof climbs[0]);
    tcase_add_loop_test (tc, worst, 0, sizeof worsts / sizeof worsts[0]);
    tcase_add_test (tc, names_round_trip);
    suite_add_tcase (s, tc);
    SRunner *r = srunner_create (s);
    srunner_run_all (r, CK_ENV);
    int failed = srunner_ntests_failed (r);
    srunner_free (r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
