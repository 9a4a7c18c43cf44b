/* retry: may this be tried again, and when? Pure.
 *
 * Retry is for what surely did not happen: an attempt whose change may have arrived is never
 * repeated, only reconciled.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_RETRY_H
#define FARRIER_ENGINE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "workflow/workflow.h"

enum retry_verdict { RETRY_AGAIN, RETRY_RECONCILE, RETRY_NEVER };

struct retry_case {
    const struct workflow_retry *policy;
    uint32_t attempt;                  /* the one that failed: 1, 2, … */
    int32_t code;
    bool idempotent;                   /* the op is safe to run twice */
    bool may_have_arrived;             /* some change of this attempt left this machine */
    bool not_started;                  /* reconcile has said so since */
    bool known;                        /* the failure is the change's own answer: it has ended */
    int64_t retry_after_ms;            /* -1 = the other side named none */
    uint32_t jitter;                   /* any number; decides within ±10 % */
};

/* *ret_delay_ms is set for RETRY_AGAIN. */
enum retry_verdict retry_judge (const struct retry_case *c, int64_t *ret_delay_ms);

/* The policy's delay after attempt n, without jitter. */
int64_t retry_backoff_ms (const struct workflow_retry *policy, uint32_t attempt);

#endif
