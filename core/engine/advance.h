/* advance: from the end of one step to the beginning of the next, as the workflow says.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_ADVANCE_H
#define FARRIER_ENGINE_ADVANCE_H

#include "engine/answer.h"
#include "engine/turn.h"

/* All functions here return 0, or the negative code of a commit that failed: the turn is over then,
 * and nothing of it happened. */

/* Goes on until a step waits, or the job ends or parks. */
int32_t advance (struct turn *t, const struct workflow_result *last);

/* advance.c: starts the step of a decision, or the `before` step that comes first. */
int32_t advance_begin (struct turn *t, const struct workflow_decision *d);

/* settle.c: what a callback of the open attempt answered. */
int32_t settle_deliver (struct turn *t, const struct answer *answer);
int32_t settle_call (struct turn *t, enum plugin_callback which, const struct answer *answer);
/* The attempt has failed: again, look, or give up. */
int32_t settle_fail (struct turn *t, int32_t code, const char *message, const char *hint,
                     const char *vendor_id, int64_t retry_after_ms);
/* What may have happened is found out by asking the device. */
int32_t settle_reconcile (struct turn *t, int32_t delivery);
/* The same, when the step's time is up and that question is still open. */
int32_t settle_reconcile_late (struct turn *t);
/* The attempt's row with its end state. */
void settle_attempt_end (struct turn *t, const char *state);

/* launch.c: the await of the open attempt begins; what is needed before a change leaves. */
int32_t launch (struct turn *t);
int32_t launch_gate (struct turn *t, net_handle handle);
int32_t launch_guarded (struct turn *t, const struct answer *documents);

/* finish.c */
int32_t finish (struct turn *t, const struct workflow_decision *d);
int32_t finish_park (struct turn *t, const char *reason, json_t *cause);
/* {phase, step, component, code, message, hint, vendor_id …} of the open attempt. */
json_t *finish_cause (struct turn *t, int32_t code, const char *message, const char *hint,
                      const char *vendor_id);

#endif
