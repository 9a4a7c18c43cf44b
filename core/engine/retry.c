/* retry: see retry.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/retry.h"

int64_t
retry_backoff_ms (const struct workflow_retry *policy, uint32_t attempt)
{
    int64_t delay = policy->initial_ms;
    if (policy->backoff == WORKFLOW_BACKOFF_LINEAR)
        delay = policy->initial_ms * attempt;
    for (uint32_t i = 1; policy->backoff == WORKFLOW_BACKOFF_EXPONENTIAL && i < attempt; i++) {
        if (delay > policy->max_ms)
            break;
        delay *= 2;
    }
    return policy->max_ms > 0 && delay > policy->max_ms ? policy->max_ms : delay;
}

static bool
code_listed (const struct workflow_retry *policy, int32_t code)
{
    for (size_t i = 0; i < policy->on_count; i++) {
        if (policy->on[i] == code)
            return true;
    }
    return false;
}

enum retry_verdict
retry_judge (const struct retry_case *c, int64_t *ret_delay_ms)
{
    /* What surely did not happen, or does no harm twice, may be repeated; the rest is looked at. */
    if (!c->idempotent && c->may_have_arrived && !c->not_started)
        return c->known ? RETRY_NEVER : RETRY_RECONCILE;
    if (c->policy == NULL || c->attempt >= c->policy->attempts || !code_listed (c->policy, c->code))
        return RETRY_NEVER;
    int64_t delay = retry_backoff_ms (c->policy, c->attempt);
    if (c->retry_after_ms > delay)
        delay = c->retry_after_ms;
    int64_t tenth = delay / 10;
    if (tenth > 0)
        delay += (int64_t) (c->jitter % (uint32_t) (2 * tenth + 1)) - tenth;
    *ret_delay_ms = delay;
    return RETRY_AGAIN;
}
