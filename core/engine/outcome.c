/* outcome: see outcome.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/outcome.h"

#include "base/str.h"

static const char *const names[OUTCOME_COUNT_] = {
    [OUTCOME_PLANNED] = "planned",
    [OUTCOME_ACCEPTED] = "accepted",
    [OUTCOME_STAGED] = "staged",
    [OUTCOME_FLASHED] = "flashed",
    [OUTCOME_ACTIVATED] = "activated",
    [OUTCOME_VERIFIED] = "verified",
    [OUTCOME_NOOP] = "noop",
    [OUTCOME_NO_SOLUTION] = "no_solution",
    [OUTCOME_BLOCKED] = "blocked",
    [OUTCOME_PARKED] = "parked",
    [OUTCOME_FAILED_RETRYABLE] = "failed(retryable)",
    [OUTCOME_FAILED_FINAL] = "failed(final)",
    [OUTCOME_ROLLED_BACK] = "rolled_back",
    [OUTCOME_CANCELLED_BEFORE] = "cancelled_before",
    [OUTCOME_CANCELLED_UNKNOWN] = "cancelled_unknown",
};

/* Worst first; what is not named here ranks by the ladder, lowest rung worst, noop best. */
static const enum outcome worst_first[OUTCOME_COUNT_] = {
    OUTCOME_CANCELLED_UNKNOWN, OUTCOME_FAILED_FINAL, OUTCOME_FAILED_RETRYABLE, OUTCOME_PARKED,
    OUTCOME_BLOCKED, OUTCOME_NO_SOLUTION, OUTCOME_CANCELLED_BEFORE, OUTCOME_ROLLED_BACK,
    OUTCOME_PLANNED, OUTCOME_ACCEPTED, OUTCOME_STAGED, OUTCOME_FLASHED, OUTCOME_ACTIVATED,
    OUTCOME_VERIFIED, OUTCOME_NOOP,
};

const char *
outcome_name (enum outcome o)
{
    return (unsigned) o < OUTCOME_COUNT_ ? names[o] : "?";
}

bool
outcome_from_name (const char *name, enum outcome *ret)
{
    for (int i = 0; i < OUTCOME_COUNT_; i++) {
        if (str_eq (names[i], name)) {
            *ret = (enum outcome) i;
            return true;
        }
    }
    return false;
}

bool
outcome_on_ladder (enum outcome o)
{
    return o <= OUTCOME_VERIFIED;
}

enum outcome
outcome_climb (enum outcome now, enum outcome next)
{
    if (outcome_on_ladder (now) && outcome_on_ladder (next))
        return next > now ? next : now;
    /* A failed component that was measured at its target after all is verified: the inventory is
     * the judge. Everything else beside the ladder stays until something beside it is said. */
    if (outcome_on_ladder (next) && next != OUTCOME_VERIFIED)
        return now;
    return next;
}

enum outcome
outcome_worst (const enum outcome *all, size_t count)
{
    for (int w = 0; w < OUTCOME_COUNT_; w++) {
        for (size_t i = 0; i < count; i++) {
            if (all[i] == worst_first[w])
                return all[i];
        }
    }
    return OUTCOME_NOOP;
}
