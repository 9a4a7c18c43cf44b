/* walk: what a workflow would do, step after step, without doing it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "workflow/run.h"

int32_t
workflow_walk (const struct workflow *w, const json_t *context,
               const struct workflow_versions *versions, workflow_walk_fn *fn, void *arg,
               struct err *err)
{
    json_t *own = json_deep_copy (context);
    struct workflow_position *at = workflow_position_new ();
    struct workflow_result last = { 0 };
    int32_t rc = 0;
    for (bool more = true; more && rc == 0;) {
        struct workflow_decision d = { 0 };
        struct run r = { w, workflow_position_copy (at), own, versions, &d, true };
        rc = run_next (&r, &last, err);
        d.position = r.p;
        if (rc == 0) {
            rc = fn (arg, own, &d);
            more = d.kind == WORKFLOW_RUN_STEP;
            workflow_position_free (at);
            at = workflow_position_copy (d.position);
        }
        workflow_decision_clear (&d);
        last.kind = WORKFLOW_RESULT_DONE;
    }
    workflow_position_free (at);
    json_decref (own);
    return rc;
}
