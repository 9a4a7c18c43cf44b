/* retry-test: what surely did not happen may be repeated, within the policy; nothing else ever.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/retry.h"

#include "base/testing.h"

static int32_t transient_codes[] = { FARRIER_E_TRANSIENT, FARRIER_E_BUSY, FARRIER_E_UNREACHABLE };

static struct workflow_retry
policy (enum workflow_backoff backoff)
{
    return (struct workflow_retry) {
        .attempts = 3, .backoff = backoff, .initial_ms = 5000, .max_ms = 12000,
        .on = transient_codes, .on_count = 3,
    };
}

static const struct {
    const char *what;
    uint32_t attempt;
    int32_t code;
    bool idempotent, arrived, not_started;
    enum retry_verdict want;
    bool known;
} cases[] = {
    { "nothing left", 1, FARRIER_E_UNREACHABLE, false, false, false, RETRY_AGAIN, false },
    { "it may have arrived", 1, FARRIER_E_TRANSIENT, false, true, false, RETRY_RECONCILE, false },
    { "arrived, even on the last attempt", 3, FARRIER_E_REJECTED, false, true, false,
      RETRY_RECONCILE, false },
    { "arrived, but harmless twice", 1, FARRIER_E_TRANSIENT, true, true, false,
      RETRY_AGAIN, false },
    { "reconcile found nothing of it", 2, FARRIER_E_TRANSIENT, false, true, true,
      RETRY_AGAIN, false },
    { "its own answer was a failure", 1, FARRIER_E_TRANSIENT, false, true, false,
      RETRY_NEVER, true },
    { "the same, harmless twice", 1, FARRIER_E_TRANSIENT, true, true, false, RETRY_AGAIN, true },
    { "attempts are used up", 3, FARRIER_E_TRANSIENT, false, false, false, RETRY_NEVER, false },
    { "code not in the list", 1, FARRIER_E_AUTH, false, false, false, RETRY_NEVER, false },
    { "idempotent, code not in the list", 1, FARRIER_E_VERIFY, true, true, false,
      RETRY_NEVER, false },
};

static void
verdict (size_t i)
{
    struct workflow_retry p = policy (WORKFLOW_BACKOFF_FIXED);
    struct retry_case c = {
        .policy = &p, .attempt = cases[i].attempt, .code = cases[i].code,
        .idempotent = cases[i].idempotent, .may_have_arrived = cases[i].arrived,
        .not_started = cases[i].not_started, .known = cases[i].known,
        .retry_after_ms = -1, .jitter = 0,
    };
    int64_t delay_ms = -7;
    ck_assert_msg (retry_judge (&c, &delay_ms) == cases[i].want, "%s", cases[i].what);
    if (cases[i].want != RETRY_AGAIN)
        ck_assert_msg (delay_ms == -7, "%s: output touched", cases[i].what);
}

START_TEST (verdicts)
{
    for (size_t i = 0; i < COUNT_OF (cases); i++)
        verdict (i);
}
END_TEST

START_TEST (backoffs)
{
    struct workflow_retry e = policy (WORKFLOW_BACKOFF_EXPONENTIAL);
    struct workflow_retry l = policy (WORKFLOW_BACKOFF_LINEAR);
    struct workflow_retry f = policy (WORKFLOW_BACKOFF_FIXED);
    ck_assert_int_eq (retry_backoff_ms (&e, 1), 5000);
    ck_assert_int_eq (retry_backoff_ms (&e, 2), 10000);
    ck_assert_int_eq (retry_backoff_ms (&e, 3), 12000);
    ck_assert_int_eq (retry_backoff_ms (&e, 4000000000u), 12000);
    ck_assert_int_eq (retry_backoff_ms (&l, 2), 10000);
    ck_assert_int_eq (retry_backoff_ms (&l, 3), 12000);
    ck_assert_int_eq (retry_backoff_ms (&f, 9), 5000);
}
END_TEST

START_TEST (retry_after_and_jitter)
{
    struct workflow_retry p = policy (WORKFLOW_BACKOFF_FIXED);
    struct retry_case c = { .policy = &p, .attempt = 1, .code = FARRIER_E_BUSY,
                            .retry_after_ms = 30000 };
    int64_t delay_ms = 0;
    for (uint32_t jitter = 0; jitter < 100000; jitter += 997) {
        c.jitter = jitter;
        ck_assert_int_eq (retry_judge (&c, &delay_ms), RETRY_AGAIN);
        ck_assert_int_ge (delay_ms, 27000);
        ck_assert_int_le (delay_ms, 33000);
    }
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { verdicts, backoffs, retry_after_and_jitter, NULL };

    return testing_run ("retry", tests);
}
