/* params: typed parameters of plugins and ops: conversion, ranges, defaults, "did you mean".
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/params.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/conf.h"

static const char *const type_names[] = {
    [FARRIER_PARAM_STRING] = "string",     [FARRIER_PARAM_BOOL] = "bool",
    [FARRIER_PARAM_INTEGER] = "integer",   [FARRIER_PARAM_DURATION] = "duration",
    [FARRIER_PARAM_SIZE] = "size",         [FARRIER_PARAM_ENUM] = "enum",
    [FARRIER_PARAM_JSON] = "any value",
};

const char *
params_type_name (uint32_t type)
{
    return type < sizeof type_names / sizeof type_names[0] ? type_names[type] : "?";
}

bool
params_name_valid (const char *name, size_t max_len)
{
    if (name == NULL || name[0] < 'a' || name[0] > 'z')
        return false;
    size_t len = strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return name[len] == '\0' && len <= max_len;
}

/* --- tables --------------------------------------------------------------------------------- */

bool
params_table_copy (const struct farrier_table *table, size_t i, void *ret, size_t size)
{
    if (table->items == NULL || i >= table->count)
        return false;
    memset (ret, 0, size);
    memcpy (ret, (const char *) table->items + i * table->stride,
            table->stride < size ? table->stride : size);
    return true;
}

bool
plugin_param_at (const struct farrier_table *table, size_t i, struct farrier_param *ret)
{
    return params_table_copy (table, i, ret, sizeof *ret);
}

bool
plugin_result_at (const struct farrier_table *table, size_t i, struct farrier_result_desc *ret)
{
    return params_table_copy (table, i, ret, sizeof *ret);
}

bool
plugin_param_find (const struct farrier_table *table, const char *name, struct farrier_param *ret)
{
    struct farrier_param param;
    for (size_t i = 0; plugin_param_at (table, i, &param); i++) {
        if (str_eq (param.name, name)) {
            *ret = param;
            return true;
        }
    }
    return false;
}

/* --- one value ------------------------------------------------------------------------------ */

static bool
in_range (const struct farrier_param *param, int64_t n)
{
    return (param->min == 0 && param->max == 0) || (n >= param->min && n <= param->max);
}

static json_t *
range_checked (const struct farrier_param *param, int64_t n, const char *shown, struct err *err)
{
    if (in_range (param, n))
        return json_integer (n);
    const char *unit = param->type == FARRIER_PARAM_DURATION ? " ms"
                       : param->type == FARRIER_PARAM_SIZE   ? " bytes" : "";
    err_set (err, FARRIER_E_INVALID,
             "parameter '%s' is %s, must be between %" PRId64 " and %" PRId64 "%s", param->name,
             shown, param->min, param->max, unit);
    return NULL;
}

static json_t *
wrong_type (const struct farrier_param *param, const json_t *value, struct err *err)
{
    char *shown = json_text (value);
    err_set (err, FARRIER_E_INVALID, "parameter '%s' is %.80s, must be a %s", param->name, shown,
             params_type_name (param->type));
    if (param->type == FARRIER_PARAM_DURATION)
        err_hint (err, "write a duration with its unit, in quotes: \"90s\", \"15m\"");
    else if (param->type == FARRIER_PARAM_SIZE)
        err_hint (err, "write a size with its unit, in quotes: \"64MiB\"");
    else if (param->type == FARRIER_PARAM_BOOL)
        err_hint (err, "write true or false, without quotes");
    mem_free (shown);
    return NULL;
}

static json_t *
convert_integer (const struct farrier_param *param, const json_t *value, struct err *err)
{
    if (!json_is_integer (value))
        return wrong_type (param, value, err);
    int64_t n = json_integer_value (value);
    char shown[24];
    str_format (shown, sizeof shown, "%" PRId64, n);
    return range_checked (param, n, shown, err);
}

static json_t *
convert_measure (const struct farrier_param *param, const json_t *value, struct err *err)
{
    const char *text = json_string_value (value);
    int64_t n = 0;
    if (param->type == FARRIER_PARAM_SIZE && json_is_integer (value))
        return convert_integer (param, value, err);
    bool ok = text != NULL && (param->type == FARRIER_PARAM_DURATION
                                   ? duration_parse (text, &n) : conf_size_parse (text, &n));
    return ok ? range_checked (param, n, text, err) : wrong_type (param, value, err);
}

static json_t *
convert_enum (const struct farrier_param *param, const json_t *value, struct err *err)
{
    const char *text = json_string_value (value);
    if (text == NULL)
        return wrong_type (param, value, err);
    size_t count = 0;
    char **allowed = str_split (param->enum_values == NULL ? "" : param->enum_values, '|', &count);
    bool found = false;
    for (size_t i = 0; i < count && !found; i++)
        found = strcmp (allowed[i], text) == 0;
    if (!found) {
        const char *near = str_did_you_mean (text, (const char *const *) allowed, count);
        err_set (err, FARRIER_E_INVALID, "parameter '%s' is \"%.80s\", must be one of %s",
                 param->name, text, param->enum_values);
        if (near != NULL)
            err_hint (err, "did you mean \"%s\"?", near);
    }
    str_free_all (allowed, count);
    return found ? json_string (text) : NULL;
}

json_t *
params_convert (const struct farrier_param *param, const json_t *value, struct err *err)
{
    switch (param->type) {
    case FARRIER_PARAM_STRING:
        return json_is_string (value) ? json_string (json_string_value (value))
                                      : wrong_type (param, value, err);
    case FARRIER_PARAM_BOOL:
        return json_is_boolean (value) ? json_boolean (json_is_true (value))
                                       : wrong_type (param, value, err);
    case FARRIER_PARAM_INTEGER:
        return convert_integer (param, value, err);
    case FARRIER_PARAM_DURATION:
    case FARRIER_PARAM_SIZE:
        return convert_measure (param, value, err);
    case FARRIER_PARAM_ENUM:
        return convert_enum (param, value, err);
    default:
        return json_deep_copy (value);
    }
}

json_t *
params_default (const struct farrier_param *param, struct err *err)
{
    const char *text = param->default_value;
    if (text == NULL)
        return NULL;
    int64_t n;
    if (param->type == FARRIER_PARAM_BOOL && (str_eq (text, "true") || str_eq (text, "false")))
        return json_boolean (str_eq (text, "true"));
    if (param->type == FARRIER_PARAM_INTEGER && str_to_i64 (text, &n))
        return json_integer (n);
    if (param->type == FARRIER_PARAM_JSON)
        return json_parse (text, strlen (text), err);
    return json_string (text);
}

/* --- a whole object ------------------------------------------------------------------------- */

struct check {
    const struct farrier_table *table;
    unsigned flags;
    plugin_params_report *report;
    void *ctx;
    struct err *err;                   /* of the first finding */
    unsigned findings;
};

static void
found (struct check *c, const char *param, const struct err *what)
{
    if (c->findings++ == 0 && c->err != NULL)
        *c->err = *what;
    if (c->report != NULL)
        c->report (c->ctx, param, what->message, what->hint);
}

static void
check_unknown (struct check *c, const json_t *values)
{
    size_t count = c->table->items == NULL ? 0 : c->table->count;
    const char **names = mem_array (count + 1, sizeof *names);
    struct farrier_param param;
    for (size_t i = 0; plugin_param_at (c->table, i, &param); i++)
        names[i] = param.name;
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *) values, key, value) {
        if (plugin_param_find (c->table, key, &param))
            continue;
        struct err what = { 0 };
        const char *near = str_did_you_mean (key, names, count);
        err_set (&what, FARRIER_E_INVALID, "unknown parameter '%s'", key);
        if (near != NULL)
            err_hint (&what, "did you mean '%s'?", near);
        found (c, key, &what);
    }
    mem_free (names);
}

static json_t *
value_of (struct check *c, const struct farrier_param *param, const json_t *values,
          struct err *what)
{
    const json_t *given = json_object_get (values, param->name);
    if (given == NULL || json_is_null (given)) {
        json_t *fallback = params_default (param, what);
        if (fallback == NULL && (param->flags & FARRIER_PARAM_REQUIRED) != 0)
            err_set (what, FARRIER_E_INVALID, "parameter '%s' (%s) is missing", param->name,
                     params_type_name (param->type));
        json_t *converted = fallback == NULL ? NULL : params_convert (param, fallback, what);
        json_decref (fallback);
        return converted;
    }
    const char *text = json_string_value (given);
    if ((c->flags & PLUGIN_PARAMS_EXPRESSIONS) != 0 && text != NULL && strstr (text, "${") != NULL)
        return json_string (text);
    return params_convert (param, given, what);
}

int32_t
plugin_params_check (const struct farrier_table *table, const json_t *values, unsigned flags,
                     plugin_params_report *report, void *ctx, json_t **ret_values, struct err *err)
{
    struct check c = { table, flags, report, ctx, err, 0 };
    if (values != NULL && !json_is_object (values))
        return err_set (err, FARRIER_E_INVALID, "the parameters are not a group");
    json_t *result = json_object ();
    if ((flags & PLUGIN_PARAMS_OPEN) == 0 && values != NULL)
        check_unknown (&c, values);
    struct farrier_param param;
    for (size_t i = 0; plugin_param_at (table, i, &param); i++) {
        struct err what = { 0 };
        json_t *value = value_of (&c, &param, values, &what);
        if (value != NULL)
            json_object_set_new (result, param.name, value);
        else if (what.code != 0)
            found (&c, param.name, &what);
    }
    if (c.findings == 0 && ret_values != NULL)
        *ret_values = result;
    else
        json_decref (result);
    return c.findings == 0 ? 0 : FARRIER_E_INVALID;
}

void
params_hide_secrets (const struct farrier_table *params, const json_t *values)
{
    struct farrier_param param;
    for (size_t i = 0; plugin_param_at (params, i, &param); i++) {
        const char *text = json_string_value (json_object_get (values, param.name));
        if ((param.flags & FARRIER_PARAM_SECRET) != 0 && text != NULL)
            log_secret_add (text);
    }
}
