/* input: what a workflow asks for when it starts, and what a job keeps while it runs.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "workflow/parse.h"

static const char *const type_texts[] = {
    "a string", "true or false", "a whole number", "one of its values",
    "a duration such as \"90s\" or \"1h30m\""
};

static const struct workflow_input *
find_input (const struct workflow *w, const char *name)
{
    for (size_t i = 0; i < w->inputs.count; i++) {
        const struct workflow_input *input = vec_at (&w->inputs, i);
        if (str_eq (input->name, name)) {
            return input;
        }
    }
    return NULL;
}

static bool
is_value (const struct workflow_input *input, const json_t *v)
{
    int64_t ms = 0;
    switch (input->type) {
    case WORKFLOW_INPUT_BOOL:
        return json_is_boolean (v);
    case WORKFLOW_INPUT_INT:
        return json_is_integer (v);
    case WORKFLOW_INPUT_DURATION:
        return json_is_string (v) && duration_parse (json_string_value (v), &ms);
    case WORKFLOW_INPUT_ENUM:
        for (size_t i = 0; i < input->values.count; i++) {
            if (str_eq (vec_at (&input->values, i), json_string_value (v))) {
                return true;
            }
        }
        return false;
    default:
        return json_is_string (v);
    }
}

int32_t
workflow_input_check (const struct workflow_input *input, const json_t *v, struct err *err)
{
    if (is_value (input, v)) {
        return 0;
    }
    char *shown = json_dumps (v, JSON_ENCODE_ANY | JSON_COMPACT);
    char *values = str_join ((char *const *) input->values.items, input->values.count, ", ");
    bool is_enum = input->type == WORKFLOW_INPUT_ENUM;
    int32_t rc = err_set (err, ERR_USAGE, "input '%s' is %.80s, must be %s%s", input->name,
                          shown == NULL ? "?" : shown, is_enum ? "one of " : "",
                          is_enum ? values : type_texts[input->type]);
    free (shown);
    mem_free (values);
    return rc;
}

static int32_t
unknown_input (const struct workflow *w, const char *name, struct err *err)
{
    struct vec names = { 0 };
    for (size_t i = 0; i < w->inputs.count; i++) {
        vec_push (&names, ((struct workflow_input *) vec_at (&w->inputs, i))->name);
    }
    const char *nearest = str_did_you_mean (name, (const char *const *) names.items, names.count);
    char *all = str_join ((char *const *) names.items, names.count, ", ");
    int32_t rc = err_set (err, ERR_USAGE, "workflow '%s' has no input '%s'%s%s%s", w->name, name,
                          nearest == NULL ? "" : ", did you mean '",
                          nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
    err_hint (err, "its inputs are: %s", names.count == 0 ? "none" : all);
    mem_free (all);
    vec_free (&names);
    return rc;
}

int32_t
workflow_inputs (const struct workflow *w, const json_t *given, json_t **ret_inputs,
                 struct err *err)
{
    const char *key;
    json_t *v;
    json_object_foreach ((json_t *) given, key, v) {
        if (find_input (w, key) == NULL) {
            return unknown_input (w, key, err);
        }
    }
    json_t *inputs = json_object ();
    for (size_t i = 0; i < w->inputs.count; i++) {
        const struct workflow_input *input = vec_at (&w->inputs, i);
        v = json_object_get (given, input->name);
        v = v == NULL ? input->value_default : v;
        int32_t rc = v == NULL ? err_set (err, ERR_USAGE, "workflow '%s' needs input '%s'", w->name,
                                          input->name)
                               : workflow_input_check (input, v, err);
        if (rc != 0) {
            if (v == NULL) {
                err_hint (err, "give %s=… (%s)", input->name,
                          input->help == NULL ? type_texts[input->type] : input->help);
            }
            json_decref (inputs);
            return rc;
        }
        json_object_set (inputs, input->name, v);
    }
    *ret_inputs = inputs;
    return 0;
}

static json_t *
value_of_text (const struct workflow_input *input, const char *text)
{
    int64_t n = 0;
    if (input->type == WORKFLOW_INPUT_INT && str_to_i64 (text, &n)) {
        return json_integer (n);
    }
    if (input->type == WORKFLOW_INPUT_BOOL && (str_eq (text, "true") || str_eq (text, "yes"))) {
        return json_true ();
    }
    if (input->type == WORKFLOW_INPUT_BOOL && (str_eq (text, "false") || str_eq (text, "no"))) {
        return json_false ();
    }
    return json_string (text);
}

int32_t
workflow_input_set (const struct workflow *w, json_t *inputs, const char *assignment,
                    struct err *err)
{
    const char *sign = strchr (assignment, '=');
    if (sign == NULL || sign == assignment) {
        return err_set (err, ERR_USAGE, "'%s' is no input: write NAME=VALUE", assignment);
    }
    char *name = str_ndup (assignment, (size_t) (sign - assignment));
    const struct workflow_input *input = find_input (w, name);
    int32_t rc = 0;
    if (input == NULL) {
        rc = unknown_input (w, name, err);
    } else {
        json_t *v = value_of_text (input, sign + 1);
        rc = v == NULL ? err_set (err, ERR_USAGE, "input '%s' is not UTF-8", name)
                       : workflow_input_check (input, v, err);
        if (rc == 0) {
            json_object_set (inputs, name, v);
        }
        json_decref (v);
    }
    mem_free (name);
    return rc;
}

size_t
workflow_context_size (const json_t *context)
{
    return json_dumpb (context, NULL, 0, JSON_COMPACT);
}

int32_t
workflow_save (json_t *context, const char *name, const json_t *value, struct err *err)
{
    json_t *old = json_incref (json_object_get (context, name));
    json_object_set_new (context, name, json_deep_copy (value));
    size_t size = workflow_context_size (context);
    if (size <= WORKFLOW_CONTEXT_MAX) {
        json_decref (old);
        return 0;
    }
    if (old != NULL) {
        json_object_set_new (context, name, old);
    } else {
        json_object_del (context, name);
    }
    int32_t rc = err_set (err, FARRIER_E_NO_SPACE, "saving '%s' makes the job's context %zu bytes, "
                          "the limit is %d", name, size, WORKFLOW_CONTEXT_MAX);
    err_hint (err, "keep large results as an artifact, or save less of them");
    return rc;
}
