/* exec_describe_op: the tables of a description: parameters, results, ops.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "farrier/sdk.h"
#include "plugin/exec.h"

#define DAY_MS (24 * 3600 * INT64_C (1000))
#define BIT(callback) (1u << (callback))

static const char *const type_words[] = {
    [FARRIER_PARAM_STRING] = "string",     [FARRIER_PARAM_BOOL] = "bool",
    [FARRIER_PARAM_INTEGER] = "integer",   [FARRIER_PARAM_DURATION] = "duration",
    [FARRIER_PARAM_SIZE] = "size",         [FARRIER_PARAM_ENUM] = "enum",
    [FARRIER_PARAM_JSON] = "json",
};

#define TYPE_COUNT (sizeof type_words / sizeof type_words[0])

static const char *
kept (struct exec_plugin *x, const char *text)
{
    return text == NULL ? NULL : arena_strdup (x->arena, text);
}

/* --- parameters ----------------------------------------------------------------------------- */

/* The table of the ABI keeps a default as text. */
static const char *
default_text (struct exec_plugin *x, struct conf_at at)
{
    struct conf_at value = conf_any (at, "default");
    switch (conf_type_of (value)) {
    case CONF_NOTHING:
        return NULL;
    case CONF_STRING:
        return kept (x, conf_value_string (value));
    case CONF_INTEGER:
        return arena_printf (x->arena, "%" PRId64, conf_value_i64 (value, 0));
    case CONF_BOOL:
        return conf_value_bool (value, false) ? "true" : "false";
    default:
        conf_complain (at, "default", "default is a %s, must be a string, a whole number, true or "
                       "false", conf_type_name (conf_type_of (value)));
        return NULL;
    }
}

/* A bound is written like the value: "5m", "64MiB", 12. */
static int64_t
bound (struct conf_at at, const char *key, uint32_t type)
{
    struct conf_at value = conf_any (at, key);
    const char *text = conf_value_string (value);
    int64_t n = 0;
    if (!conf_is (value))
        return 0;
    if (text == NULL && conf_type_of (value) == CONF_INTEGER)
        return conf_value_i64 (value, 0);
    if (text != NULL && type == FARRIER_PARAM_DURATION && duration_parse (text, &n))
        return n;
    if (text != NULL && type == FARRIER_PARAM_SIZE && conf_size_parse (text, &n))
        return n;
    conf_complain (at, key, "%s is %s%s%s, must be a %s", key, text == NULL ? "a " : "\"",
                   text == NULL ? conf_type_name (conf_type_of (value)) : text,
                   text == NULL ? "" : "\"", type_words[type]);
    return 0;
}

static const char *
values_text (struct exec_plugin *x, struct conf_at at)
{
    struct vec words = { 0 };
    if (!conf_strings (at, "values", &words))
        return NULL;
    char *joined = str_join ((char *const *) words.items, words.count, "|");
    const char *text = arena_strdup (x->arena, joined);
    mem_free (joined);
    vec_free (&words);
    return text;
}

static struct farrier_param
read_param (struct exec_plugin *x, struct conf_at at, bool op)
{
    conf_required (at, "name");
    conf_required (at, "type");
    struct farrier_param p = {
        .name = kept (x, conf_string (at, "name", "")),
        .type = (uint32_t) conf_enum (at, "type", type_words, TYPE_COUNT, FARRIER_PARAM_STRING),
        .default_value = default_text (x, at),
        .enum_values = values_text (x, at),
        .unit = kept (x, conf_string (at, "unit", NULL)),
        .help = kept (x, conf_string (at, "help", "")),
        .description = kept (x, conf_string (at, "description", NULL)),
        .since = kept (x, conf_string (at, "since", x->def.version)),
    };
    p.min = bound (at, "min", p.type);
    p.max = bound (at, "max", p.type);
    if (conf_bool (at, "required", false))
        p.flags |= FARRIER_PARAM_REQUIRED;
    if (!op && conf_bool (at, "reloadable", true))
        p.flags |= FARRIER_PARAM_RELOADABLE;
    conf_finish (at);
    return p;
}

struct farrier_table
exec_describe_params (struct exec_plugin *x, struct conf_at at, const char *key, bool op)
{
    struct conf_at list = conf_groups (at, key);
    size_t count = conf_count (list);
    struct farrier_param *items = arena_alloc (x->arena, (count + 1) * sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i] = read_param (x, conf_child (list, i), op);
    return (struct farrier_table) FARRIER_TABLE_OF (items, count);
}

static struct farrier_table
read_results (struct exec_plugin *x, struct conf_at at)
{
    struct conf_at list = conf_groups (at, "results");
    size_t count = conf_count (list);
    struct farrier_result_desc *items = arena_alloc (x->arena, (count + 1) * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        struct conf_at r = conf_child (list, i);
        conf_required (r, "name");
        items[i].name = kept (x, conf_string (r, "name", ""));
        items[i].type = (uint32_t) conf_enum (r, "type", type_words, TYPE_COUNT,
                                              FARRIER_PARAM_JSON);
        items[i].help = kept (x, conf_string (r, "help", ""));
        conf_finish (r);
    }
    return (struct farrier_table) FARRIER_TABLE_OF (items, count);
}

/* --- ops ------------------------------------------------------------------------------------ */

static const struct {
    const char *word;
    uint32_t flag;
} flag_words[] = {
    { "idempotent", FARRIER_OP_IDEMPOTENT },
    { "destructive", FARRIER_OP_DESTRUCTIVE },
    { "needs_image", FARRIER_OP_NEEDS_IMAGE },
    { "needs_bmc", FARRIER_OP_NEEDS_BMC },
    { "needs_host_os", FARRIER_OP_NEEDS_HOST_OS },
    { "cancellable", FARRIER_OP_CANCELLABLE },
    { "dry_run_ok", FARRIER_OP_DRY_RUN_OK },
    { "needs_component", FARRIER_OP_NEEDS_COMPONENT },
};

#define FLAG_COUNT (sizeof flag_words / sizeof flag_words[0])

static uint32_t
read_flags (struct conf_at at)
{
    struct vec words = { 0 };
    uint32_t flags = 0;
    conf_strings (at, "flags", &words);
    for (size_t i = 0; i < words.count; i++) {
        size_t k = 0;
        while (k < FLAG_COUNT && !str_eq (flag_words[k].word, words.items[i]))
            k++;
        if (k == FLAG_COUNT)
            conf_complain (at, "flags", "flags[%zu] is \"%s\", must be one of idempotent, "
                           "destructive, needs_image, needs_bmc, needs_host_os, cancellable, "
                           "dry_run_ok, needs_component", i, (const char *) words.items[i]);
        else
            flags |= flag_words[k].flag;
    }
    vec_free (&words);
    return flags;
}

/* A list of callbacks; fallback when the key is absent. */
static unsigned
read_callbacks (struct conf_at at, const char *key, unsigned fallback)
{
    struct vec words = { 0 };
    unsigned set = 0;
    if (!conf_strings (at, key, &words))
        return fallback;
    for (size_t i = 0; i < words.count; i++) {
        unsigned which = PLUGIN_CALL_START;
        while (which <= PLUGIN_CALL_RECONCILE
               && !str_eq (plugin_callback_name (which), words.items[i]))
            which++;
        if (which > PLUGIN_CALL_RECONCILE)
            conf_complain (at, key, "%s[%zu] is \"%s\", must be start, poll, cancel or reconcile",
                           key, i, (const char *) words.items[i]);
        else
            set |= BIT (which);
    }
    vec_free (&words);
    return set;
}

/* "drain" stands for "acme_rack.drain". */
static const char *
op_name (struct exec_plugin *x, const char *word)
{
    if (strchr (word, '.') != NULL || plugin_is_standard_op (word))
        return kept (x, word);
    return arena_printf (x->arena, "%s.%s", x->name, word);
}

static void
read_timing (struct farrier_op *op, struct conf_at at)
{
    struct conf_at t = conf_group (at, "timing");
    op->step_ms = (uint32_t) conf_duration_ms (t, "run", 1, DAY_MS, 60 * 1000);
    op->op_ms = (uint32_t) conf_duration_ms (t, "op", 1, DAY_MS, 0);
    op->poll_min_ms = (uint32_t) conf_duration_ms (t, "poll_min", 1, DAY_MS, 0);
    op->poll_max_ms = (uint32_t) conf_duration_ms (t, "poll_max", 1, DAY_MS, 0);
    op->settle_ms = (uint32_t) conf_duration_ms (t, "settle", 1, DAY_MS, 0);
    if (conf_is (t))
        conf_finish (t);
}

static void
read_op (struct exec_plugin *x, size_t i, struct conf_at at)
{
    struct farrier_op *op = &x->ops[i];
    struct exec_op *extra = &x->extra[i];
    conf_required (at, "name");
    op->name = op_name (x, conf_string (at, "name", ""));
    op->version = (uint32_t) conf_i64 (at, "version", 1, 1000000, 1);
    op->help = kept (x, conf_string (at, "help", ""));
    op->flags = read_flags (at);
    op->params = exec_describe_params (x, at, "params", true);
    op->results = read_results (x, at);
    read_timing (op, at);
    extra->callbacks = read_callbacks (at, "callbacks", BIT (PLUGIN_CALL_START));
    extra->changes = read_callbacks (at, "changes", extra->callbacks
                                                        & ~BIT (PLUGIN_CALL_RECONCILE));
    extra->image_file = conf_bool (at, "image_file", false);
    if ((extra->changes & BIT (PLUGIN_CALL_RECONCILE)) != 0)
        conf_complain (at, "changes", "changes names reconcile, which may only read");
    if ((extra->changes & ~extra->callbacks) != 0)
        conf_complain (at, "changes", "changes names a callback that is not in callbacks");
    if ((op->flags & FARRIER_OP_DRY_RUN_OK) != 0 && extra->changes != 0)
        conf_complain (at, "changes", "the op is dry_run_ok: say changes = [ ]");
    op->start = (extra->callbacks & BIT (PLUGIN_CALL_START)) != 0 ? exec_start : NULL;
    op->poll = exec_poll;              /* the end of a run comes there */
    op->cancel = (extra->callbacks & BIT (PLUGIN_CALL_CANCEL)) != 0 ? exec_cancel : NULL;
    op->reconcile = (extra->callbacks & BIT (PLUGIN_CALL_RECONCILE)) != 0 ? exec_reconcile : NULL;
    conf_finish (at);
}

bool
exec_describe_ops (struct exec_plugin *x, struct conf_at root)
{
    struct conf_at list = conf_groups (root, "ops");
    conf_required (root, "ops");
    x->op_count = conf_count (list);
    x->ops = arena_alloc (x->arena, (x->op_count + 1) * sizeof *x->ops);
    x->extra = arena_alloc (x->arena, (x->op_count + 1) * sizeof *x->extra);
    for (size_t i = 0; i < x->op_count; i++)
        read_op (x, i, conf_child (list, i));
    x->def.ops = (struct farrier_table) FARRIER_TABLE_OF (x->ops, x->op_count);
    return x->op_count > 0;
}
