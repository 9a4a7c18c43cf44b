/* expression_fuzz: any bytes as an expression and as a text with ${…}, over a small context. What
 * must hold: no crash, an error has a message, and what parses can be looked at and evaluated.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#define FUZZ_CORPUS "tests/fuzz/corpus/expression"
#include "replay.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "workflow/expression.h"

static json_t *context;

static void
count_name (void *arg, const struct expression_name *name)
{
    assert (name->path != NULL && name->root != NULL && name->column > 0);
    ++*(size_t *) arg;
}

static void
try_expression (const char *text, const struct expression_scope *scope)
{
    struct expression *e = NULL;
    struct err err = { 0 };
    json_t *v = NULL;
    size_t names = 0;

    if (expression_parse (text, &e, &err) != 0) {
        assert (err.code != 0 && err.message[0] != '\0' && e == NULL);
        return;
    }
    expression_names (e, count_name, &names);
    assert (names <= EXPRESSION_TERMS_MAX);
    int32_t rc = expression_eval (e, scope, &v, &err);
    assert ((rc == 0) == (v != NULL));
    assert (rc == 0 || err.message[0] != '\0');
    json_decref (v);
    expression_free (e);
}

static void
try_template (const char *text, const struct expression_scope *scope)
{
    struct err err = { 0 };
    json_t *v = NULL;
    size_t names = 0;
    int32_t form = expression_template_names (text, count_name, &names, &err);
    int32_t rc = expression_expand (text, scope, &v, &err);

    assert ((rc == 0) == (v != NULL));
    assert (form == 0 || rc != 0);     /* what has no form has no value */
    json_decref (v);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static const char document[]
        = "{\"inputs\": {\"policy\": \"latest\", \"n\": 3}, \"host\": {\"name\": \"n1\"},"
          " \"plan\": {\"batches\": [{\"steps\": [{\"component\": \"BIOS\"}]}]},"
          " \"job\": {\"needs\": []}, \"facts\": {\"a.b\": 2.5, \"none\": null}}";
    char *text = str_ndup ((const char *) data, size);

    if (context == NULL) {
        context = json_parse (document, sizeof document - 1, NULL);
    }
    struct expression_scope scope = { .context = context };
    /* a value keeps only UTF-8, and so does every text that reaches a workflow */
    if (str_valid_utf8 (text, strlen (text))) {
        try_expression (text, &scope);
        try_template (text, &scope);
    }
    mem_free (text);
    return 0;
}
