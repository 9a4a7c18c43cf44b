/* workflow_fuzz: any bytes as a workflow file. What loads is checked, drawn, and walked with every
 * step failing in turn, and each position must survive its own text.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#define FUZZ_CORPUS "tests/fuzz/corpus/workflow"
#include "replay.h"

#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "workflow/check.h"
#include "workflow/next.h"

#define STEPS_MAX 2000                 /* of one run: loops over loops are long, not endless */

static void
check_text (const struct workflow *w, const struct workflow_position *p)
{
    struct workflow_position *again = NULL;
    char *text = workflow_position_text (p);

    assert (workflow_position_parse (w, text, &again, NULL) == 0);
    char *second = workflow_position_text (again);
    assert (strcmp (text, second) == 0);
    mem_free (second);
    mem_free (text);
    workflow_position_free (again);
}

/* Step number fail_at fails, the others are done. */
static void
drive (const struct workflow *w, json_t *context, int fail_at)
{
    struct workflow_position *at = workflow_position_new ();
    struct workflow_result last = { 0 };

    for (int n = 0; n < STEPS_MAX; n++) {
        struct workflow_decision d = { 0 };
        assert (workflow_next (w, at, context, NULL, &last, &d, NULL) == 0);
        check_text (w, d.position);
        workflow_position_free (at);
        at = workflow_position_copy (d.position);
        enum workflow_decision_kind kind = d.kind;
        workflow_decision_clear (&d);
        if (kind == WORKFLOW_FINISHED) {
            break;
        }
        last.kind = n == fail_at ? WORKFLOW_RESULT_FAILED : WORKFLOW_RESULT_DONE;
        last.code = FARRIER_E_HOST_FAULT;
        last.message = "fuzz";
    }
    workflow_position_free (at);
}

static int32_t
ignore (void *arg, json_t *context, const struct workflow_decision *d)
{
    (void) context;
    (void) d;
    return ++*(int *) arg > STEPS_MAX ? ERR_NOTHING : 0;
}

static void
use (const struct workflow *w)
{
    static const char document[]
        = "{\"inputs\": {\"policy\": \"latest\", \"skip_firmware_check\": false,"
          " \"skip_bios_config\": false}, \"host\": {\"name\": \"n1\", \"bios_profile\": \"p\"},"
          " \"facts\": {}, \"job\": {\"needs\": [1]}, \"plan\": {\"batches\": [{\"activate_now\":"
          " true, \"verify_now\": true, \"steps\": [{\"component\": \"B\", \"image\": \"i\","
          " \"rollback_ready\": true}]}]}}";
    json_t *context = json_parse (document, sizeof document - 1, NULL);
    struct vec findings = { 0 };
    struct buf drawing = { 0 };
    int steps = 0;

    workflow_check (w, NULL, NULL, &findings);
    workflow_findings_free (&findings);
    workflow_show (w, 60, &drawing);
    workflow_show_dot (w, &drawing);
    workflow_show_mermaid (w, &drawing);
    buf_free (&drawing);
    json_decref (workflow_json (w));
    for (int i = -1; i < 12; i++) {
        drive (w, context, i);
    }
    workflow_walk (w, context, NULL, ignore, &steps, NULL);
    json_decref (context);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct workflow *w = NULL;
    struct vec findings = { 0 };
    struct err err = { 0 };
    int32_t rc = workflow_load_text ((const char *) data, size, "fuzz.conf", &w, &findings, &err);

    assert ((rc == 0) == (w != NULL));
    assert ((rc == 0) == (workflow_findings_errors (&findings) == 0));
    assert (rc == 0 || err.message[0] != '\0');
    if (rc == 0) {
        use (w);
    }
    workflow_unref (w);
    workflow_findings_free (&findings);
    return 0;
}
