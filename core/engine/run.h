/* run: calls a callback of the attempt's op, and takes what it said into the turn.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_RUN_H
#define FARRIER_ENGINE_RUN_H

#include "engine/answer.h"
#include "engine/step.h"
#include "engine/turn.h"

/* The attempt's op; the core's own actions too. UNSUPPORTED, with the reason, when it is gone. */
const struct plugin_op *run_op (struct turn *t, struct err *err);

/* answer: the wake; NULL for start. A negative return has filled in *ret_error. The step must be
 * freed with step_free() afterwards in any case. */
int32_t run_callback (struct turn *t, const struct plugin_op *op, enum plugin_callback which,
                      const struct answer *answer, struct farrier_step *step,
                      struct farrier_error *ret_error);

/* What a callback said becomes part of the batch: bag, results, outcome, needs, progress, emitted
 * inventory. PRECONDITION when the inventory is another host's. */
int32_t run_keep (struct turn *t, const struct farrier_step *step, bool ended, struct err *err);

/* Only the outcomes of components: a failed step's too. */
void run_keep_outcomes (struct turn *t, const struct farrier_step *step);

#endif
