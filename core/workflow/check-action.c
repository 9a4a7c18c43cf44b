/* check-action: does the action exist, and do its parameters fit its table?
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "plugin/plugin.h"
#include "workflow/checker.h"
#include "workflow/expression.h"
#include "workflow/parse.h"

static const char *const step_keys[] = {
    "action", "for_each", "as", "when", "timeout", "retry", "save", "on_unsupported", "on_failure"
};
static const char *const before_keys[] = { "action", "attempt" };

/* --- the action itself ----------------------------------------------------------------------- */

static const char *
nearest_of (struct vec *names, const char *word)
{
    const char *nearest = str_did_you_mean (word, (const char *const *) names->items,
                                            names->count);
    vec_free (names);
    return nearest;
}

static void
unknown (struct checker *c, int line, const char *what, const char *name, const char *nearest)
{
    checker_add (c, false, line, "unknown %s '%s'%s%s%s", what, name,
                 nearest == NULL ? "" : ", did you mean '", nearest == NULL ? "" : nearest,
                 nearest == NULL ? "" : "'?");
}

static void
unknown_action (struct checker *c, const struct check_action *a, int line)
{
    struct vec names = { 0 };
    for (size_t i = 0; workflow_action_at (i) != NULL; i++) {
        vec_push (&names, (void *) workflow_action_at (i)->name);
    }
    for (size_t i = 0; plugin_standard_ops[i] != NULL; i++) {
        vec_push (&names, (void *) plugin_standard_ops[i]);
    }
    c->ops->op_names (c->ops->arg, &names);
    unknown (c, line, "action", a->op, nearest_of (&names, a->op));
}

/* An op's plugin is there, but it failed: that is what the reader must hear. An own op names its
 * plugin: "acme_bmc.drain". */
static bool
failed_plugin (struct checker *c, const struct check_action *a, int line)
{
    bool standard = plugin_is_standard_op (a->op);
    char *owner = a->plugin != NULL ? str_dup (a->plugin)
                  : standard ? NULL : str_ndup (a->op, strcspn (a->op, "."));
    char *why = c->ops->why_not == NULL ? NULL : c->ops->why_not (c->ops->arg, owner, a->op);
    if (why != NULL && standard && a->plugin == NULL)
        checker_add (c, true, line, "no loaded plugin has the op '%s': %s", a->op, why);
    else if (why != NULL)
        checker_add (c, false, line, "'%s' cannot be used: %s", a->op, why);
    bool said = why != NULL;
    mem_free (why);
    mem_free (owner);
    return said;
}

static void
absent (struct checker *c, const struct check_action *a, int line)
{
    struct vec names = { 0 };
    if (!a->may_be_absent && failed_plugin (c, a, line)) {
        return;
    }
    if (a->plugin != NULL && !c->ops->has_plugin (c->ops->arg, a->plugin)) {
        c->ops->plugin_names (c->ops->arg, &names);
        unknown (c, line, "plugin", a->plugin, nearest_of (&names, a->plugin));
    } else if (a->plugin != NULL) {
        c->ops->op_names (c->ops->arg, &names);
        const char *nearest = nearest_of (&names, a->op);
        checker_add (c, false, line, "plugin '%s' has no op '%s'%s%s%s", a->plugin, a->op,
                     nearest == NULL || str_eq (nearest, a->op) ? "" : ", did you mean '",
                     nearest == NULL || str_eq (nearest, a->op) ? "" : nearest,
                     nearest == NULL || str_eq (nearest, a->op) ? "" : "'?");
    } else if (!plugin_is_standard_op (a->op)) {
        unknown_action (c, a, line);
    } else if (!a->may_be_absent) {
        checker_add (c, true, line, "no loaded plugin has the op '%s'", a->op);
    }
}

/* --- parameters ------------------------------------------------------------------------------ */

struct tables {
    const struct farrier_table *items[64];
    size_t count;
};

static bool
known_param (const struct tables *t, const char *name)
{
    struct farrier_param param;
    for (size_t i = 0; i < t->count; i++) {
        if (plugin_param_find (t->items[i], name, &param)) {
            return true;
        }
    }
    return false;
}

static int
param_line (const struct check_action *a, const char *name)
{
    char *pointer = str_printf ("/%s", name);
    int line = parse_line (a->lines, pointer, a->line);
    mem_free (pointer);
    return line;
}

static void
unknown_key (struct checker *c, const struct check_action *a, const struct tables *t,
             const char *key)
{
    struct vec names = { 0 };
    const char *const *own = a->is_before ? before_keys : step_keys;
    size_t own_count = a->is_before ? 2 : sizeof step_keys / sizeof step_keys[0];
    for (size_t i = 0; i < own_count; i++) {
        vec_push (&names, (void *) own[i]);
    }
    struct farrier_param param;
    for (size_t i = 0; i < t->count; i++) {
        for (size_t k = 0; plugin_param_at (t->items[i], k, &param); k++) {
            vec_push (&names, (void *) param.name);
        }
    }
    unknown (c, param_line (a, key), "key", key, nearest_of (&names, key));
}

/* component and image belong to the step as much as to the op: the engine looks at them itself. */
static void
check_unknown (struct checker *c, const struct check_action *a, const struct tables *t,
               bool of_core)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *) a->params, key, value) {
        bool common = !of_core && (str_eq (key, "component") || str_eq (key, "image"));
        if (!common && !known_param (t, key)) {
            unknown_key (c, a, t, key);
        }
    }
}

struct report {
    struct checker *c;
    const struct check_action *a;
};

static void
take (void *ctx, const char *param, const char *message, const char *hint)
{
    struct report *r = ctx;
    checker_add (r->c, false, param_line (r->a, param), "%s: %s%s%s", r->a->action, message,
                 str_empty (hint) ? "" : "; ", str_empty (hint) ? "" : hint);
}

/* "5${x}" is a string whatever x is. */
static void
check_mixed (struct checker *c, const struct check_action *a, const struct farrier_table *table)
{
    struct farrier_param param;
    for (size_t i = 0; plugin_param_at (table, i, &param); i++) {
        const char *text = json_string_value (json_object_get (a->params, param.name));
        bool plain = param.type != FARRIER_PARAM_BOOL && param.type != FARRIER_PARAM_INTEGER;
        if (text != NULL && !plain && expression_has_template (text)
            && !expression_is_one_template (text)) {
            checker_add (c, false, param_line (a, param.name), "%s: parameter '%s' becomes a "
                         "string; write exactly one ${…} to keep a value's type", a->action,
                         param.name);
        }
    }
}

/* The parameters must fit one of the plugins that have the op; told is what the first one says. */
static void
check_values (struct checker *c, const struct check_action *a, const struct tables *t)
{
    unsigned flags = PLUGIN_PARAMS_EXPRESSIONS | PLUGIN_PARAMS_OPEN;
    for (size_t i = 0; i < t->count; i++) {
        if (plugin_params_check (t->items[i], a->params, flags, NULL, NULL, NULL, NULL) == 0) {
            check_mixed (c, a, t->items[i]);
            return;
        }
    }
    struct report r = { .c = c, .a = a };
    if (t->count > 0) {
        plugin_params_check (t->items[0], a->params, flags, take, &r, NULL, NULL);
    }
}

static void
check_core_action (struct checker *c, const struct check_action *a,
                   const struct workflow_action *action, int line)
{
    struct tables t = { { &action->params }, 1 };
    if (!action->implemented) {
        checker_add (c, false, line, "action '%s' comes with a later version", action->name);
        return;
    }
    check_unknown (c, a, &t, true);
    check_values (c, a, &t);
}

static void
check_needs (struct checker *c, const struct check_action *a, uint32_t flags, int line)
{
    static const struct {
        uint32_t flag;
        const char *param;
    } needs[] = { { FARRIER_OP_NEEDS_COMPONENT, "component" },
                  { FARRIER_OP_NEEDS_IMAGE, "image" } };
    for (size_t i = 0; i < 2; i++) {
        if ((flags & needs[i].flag) != 0 && json_object_get (a->params, needs[i].param) == NULL) {
            checker_add (c, false, line, "%s: parameter '%s' is missing", a->action,
                         needs[i].param);
        }
    }
    bool destructive = (flags & FARRIER_OP_DESTRUCTIVE) != 0;
    if (destructive && c->policy != NULL && c->policy->destructive_needs_approval && !c->approved) {
        checker_add (c, false, line, "%s may leave the host unusable: policy demands an 'approve' "
                     "or 'window' step ahead of it", a->action);
    }
}

void
check_action (struct checker *c, const struct check_action *a)
{
    const struct workflow_action *core = a->plugin == NULL ? workflow_action_find (a->op) : NULL;
    int line = parse_line (a->lines, "/action", a->line);
    if (core != NULL) {
        check_core_action (c, a, core, line);
        return;
    }
    if (c->ops == NULL || str_empty (a->op)) {
        return;
    }
    struct tables t = { .count = 0 };
    uint32_t any = 0, all = UINT32_MAX;
    const struct farrier_op *op = NULL;
    size_t i;
    for (i = 0; (op = c->ops->find (c->ops->arg, a->plugin, a->op, i)) != NULL && i < 64; i++) {
        t.items[t.count++] = &op->params;
        any |= op->flags;
        all &= op->flags;
    }
    if (i == 0) {
        absent (c, a, line);
        return;
    }
    check_unknown (c, a, &t, false);
    check_values (c, a, &t);
    uint32_t needs = FARRIER_OP_NEEDS_COMPONENT | FARRIER_OP_NEEDS_IMAGE;
    check_needs (c, a, (all & needs) | (any & ~needs), line);
}

/* --- does it change the host? ---------------------------------------------------------------- */

struct changes {
    const struct workflow_ops *ops;
    bool found;
};

static void
look_for_change (void *arg, const struct workflow_phase *phase, const struct workflow_step *step,
                 bool in_finally)
{
    struct changes *changes = arg;
    (void) phase;
    (void) in_finally;
    const struct workflow_action *core
        = step->plugin == NULL ? workflow_action_find (step->op) : NULL;
    /* A BMC reset ahead of another look is a change too, whatever it is that looks. */
    changes->found = changes->found || step->retry.before.count > 0;
    if (core != NULL) {
        changes->found = changes->found || core->changes_host;
        return;
    }
    const struct farrier_op *op = NULL;
    size_t i = 0;
    for (; changes->ops != NULL
           && (op = changes->ops->find (changes->ops->arg, step->plugin, step->op, i)) != NULL;
         i++) {
        changes->found = changes->found || (op->flags & FARRIER_OP_DRY_RUN_OK) == 0;
    }
    changes->found = changes->found || i == 0;
}

bool
workflow_changes_host (const struct workflow *w, const struct workflow_ops *ops)
{
    struct changes changes = { ops, false };
    parse_each_step (w, look_for_change, &changes);
    return changes.found;
}
