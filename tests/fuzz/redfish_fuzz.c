/* redfish_fuzz: any bytes as what a BMC shows, read by the plugin generic_redfish, which is linked
 * in as in a monolithic build, on the fake core of libfarrier-test.
 *
 * The input is a JSON object from path to document; a string is a body as it is, a number a status.
 * Input that is none is the body of every answer. The plugin may fail, but not by a defect.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#define FUZZ_CORPUS "tests/fuzz/corpus/redfish"
#include "replay.h"

#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "farrier/test.h"

const struct farrier_plugin *farrier_plugin_entry_1_generic_redfish (void);

struct bmc {
    json_t *documents;                 /* NULL: raw is every answer */
    char *raw, *text;
};

static const json_t *
document_of (const struct bmc *b, const char *path)
{
    size_t len = strcspn (path, "?");
    while (len > 1 && path[len - 1] == '/')
        len--;
    char *key = str_ndup (path, len);
    const json_t *v = json_object_get (b->documents, key);
    mem_free (key);
    return v;
}

static int
answer (void *arg, struct farrier_test *t, const struct farrier_test_request *request,
        struct farrier_test_reply *ret)
{
    struct bmc *b = arg;
    const json_t *v = b->documents == NULL ? NULL : document_of (b, request->path);
    (void) t;
    mem_free (b->text);
    b->text = NULL;
    if (b->documents == NULL)
        b->text = str_dup (b->raw);
    else if (json_is_string (v))
        b->text = str_dup (json_string_value (v));
    else if (json_is_object (v) || json_is_array (v))
        b->text = json_text (v);
    else
        ret->status = json_is_integer (v) && json_integer_value (v) >= 100
                              && json_integer_value (v) < 600
                          ? (int32_t) json_integer_value (v) : 404;
    ret->body = b->text;
    return 1;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static const char *const ops[] = { "identify", "inventory", "health", "ready" };
    struct bmc b = { .raw = str_ndup ((const char *) data, size) };
    b.documents = json_parse ((const char *) data, size, NULL);
    if (!json_is_object (b.documents)) {
        json_decref (b.documents);
        b.documents = NULL;
    }
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        struct farrier_test *t
            = farrier_test_new (farrier_plugin_entry_1_generic_redfish ());
        farrier_test_on (t, "*", "*", answer, &b);
        int32_t rc = farrier_test_run (t, ops[i], NULL);
        assert (rc >= FARRIER_E_LAST_ && rc != FARRIER_E_PLUGIN_BUG && rc != FARRIER_E_INTERNAL);
        assert (rc >= 0 || farrier_test_error (t)->message[0] != '\0');
        farrier_test_free (t);
    }
    json_decref (b.documents);
    mem_free (b.raw);
    mem_free (b.text);
    return 0;
}
