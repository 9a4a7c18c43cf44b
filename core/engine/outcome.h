/* outcome: the ladder of a component's outcome, and what a job's status is made of. Pure.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_OUTCOME_H
#define FARRIER_ENGINE_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

/* The ladder comes first and in order; a component never goes down it. The others stand beside. */
enum outcome {
    OUTCOME_PLANNED, OUTCOME_ACCEPTED, OUTCOME_STAGED, OUTCOME_FLASHED, OUTCOME_ACTIVATED,
    OUTCOME_VERIFIED,
    OUTCOME_NOOP,                      /* it ran the wanted version already */
    OUTCOME_NO_SOLUTION,
    OUTCOME_BLOCKED,
    OUTCOME_PARKED,                    /* waits for a person or a window */
    OUTCOME_FAILED_RETRYABLE,
    OUTCOME_FAILED_FINAL,
    OUTCOME_ROLLED_BACK,
    OUTCOME_CANCELLED_BEFORE,          /* nothing had been sent */
    OUTCOME_CANCELLED_UNKNOWN,         /* something had been sent; what became of it is not known */
    OUTCOME_COUNT_
};

const char *outcome_name (enum outcome o);        /* "verified", "failed(final)" */
bool outcome_from_name (const char *name, enum outcome *ret);
bool outcome_on_ladder (enum outcome o);
/* What `now` becomes when `next` was observed: a climb, or a step aside; never a step down. */
enum outcome outcome_climb (enum outcome now, enum outcome next);
/* The worst of several; OUTCOME_NOOP for none. */
enum outcome outcome_worst (const enum outcome *all, size_t count);

#endif
