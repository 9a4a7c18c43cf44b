/* exec_description_fuzz: any bytes as the description of an executable plugin. What loads is judged
 * like the struct of a shared object.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#define FUZZ_CORPUS "tests/fuzz/corpus/exec_description"
#include "replay.h"

#include <assert.h>

#include "plugin/exec.h"
#include "plugin/validate.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct vec findings = { 0 };
    struct fault_list faults = { 0 };
    struct validated v = { 0 };
    struct conf *c = NULL;

    if (conf_load_text ((const char *) data, size, "fuzz.conf", &findings, &c, NULL) == 0) {
        struct exec_plugin *x = exec_describe (c, "/nowhere", "acme_rack");
        assert ((x == NULL) == (findings.count > 0));
        if (x != NULL) {
            bool good = validate_plugin (&x->def, "acme_rack", NULL, &v, &faults);
            assert (good == (faults.count == 0));
            assert (!good || v.op_count == x->op_count);
        }
        exec_free (x);
        conf_free (c);
    }
    mem_free (v.ops);
    fault_list_free (&faults);
    conf_findings_free (&findings);
    return 0;
}
