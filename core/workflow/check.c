/* check: walks a workflow in the order in which it would run and gathers what can't be right.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "workflow/check.h"

#include <stdarg.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/plugin.h"
#include "workflow/checker.h"
#include "workflow/expression.h"
#include "workflow/parse.h"

void
checker_add (struct checker *c, bool warning, int line, const char *fmt, ...)
{
    va_list ap;
    va_start (ap, fmt);
    char *message = str_vprintf (fmt, ap);
    va_end (ap);
    workflow_finding_add (c->findings, warning, c->w->file, line, "%s", message);
    mem_free (message);
}

/* --- steps ----------------------------------------------------------------------------------- */

static void
note_save (void *arg, const struct workflow_phase *phase, const struct workflow_step *step,
           bool in_finally)
{
    struct map *saved = arg;
    (void) phase;
    (void) in_finally;
    const char *name = check_saved_name (step);
    if (name != NULL && map_get (saved, name) == NULL) {
        map_set (saved, name, (void *) (intptr_t) step->line);
    }
}

static void
check_rule (struct checker *c, const struct workflow_on_failure *rule)
{
    bool before = c->knows_failed;
    c->knows_failed = true;
    check_expression (c, rule->when, "on_failure", rule->line);
    c->knows_failed = before;
}

static void
check_before (struct checker *c, const struct workflow_step *step)
{
    for (size_t i = 0; i < step->retry.before.count; i++) {
        const struct workflow_before *before = vec_at (&step->retry.before, i);
        const char *colon = before->action == NULL ? NULL : strchr (before->action, ':');
        char *plugin = colon == NULL ? NULL
                       : str_ndup (before->action, (size_t) (colon - before->action));
        struct check_action a = { before->action, plugin,
                                  colon == NULL ? before->action : colon + 1, before->params,
                                  before->lines, before->line, false, true };
        check_strings (c, before->params, before->lines, before->line);
        check_action (c, &a);
        mem_free (plugin);
    }
}

static void
check_saves (struct checker *c, const struct workflow_step *step)
{
    const struct workflow_action *core
        = step->plugin == NULL ? workflow_action_find (step->op) : NULL;
    int line = parse_line (step->lines, "/save", step->line);
    if (step->save != NULL && core != NULL && core->result == NULL) {
        checker_add (c, true, line, "action '%s' has no result to save", core->name);
    }
    const char *name = check_saved_name (step);
    if (name == NULL) {
        return;
    }
    bool of_set = step->save == NULL;
    if (of_set && !parse_word_valid (name, false)) {
        checker_add (c, false, parse_line (step->lines, "/name", step->line),
                     "set: name = \"%s\" is no name: use a-z, 0-9 and _, a letter first", name);
        return;
    }
    for (size_t i = 0; of_set && i < WORKFLOW_ROOT_COUNT; i++) {
        if (str_eq (workflow_roots[i], name)) {
            checker_add (c, false, parse_line (step->lines, "/name", step->line),
                         "set: name = \"%s\": this name is the core's own, take another", name);
        }
    }
    note_save (c->saved, NULL, step, false);
}

static void
check_loop (struct checker *c, const struct workflow_step *step)
{
    const struct workflow_phase *phase = c->phase;
    check_expression (c, step->for_each, "for_each",
                      parse_line (step->lines, "/for_each", step->line));
    c->knows_step_loop = step->for_each != NULL;
    if (c->knows_step_loop && c->knows_phase_loop && str_eq (step->as, phase->as)) {
        checker_add (c, false, parse_line (step->lines, "/as", step->line),
                     "the step's loop hides '%s' of the phase's: give one of them another name "
                     "with as", step->as);
    }
}

static void
check_step (struct checker *c, const struct workflow_step *step)
{
    struct check_action a = { step->action, step->plugin, step->op, step->params, step->lines,
                              step->line, step->skip_unsupported, false };
    c->step = step;
    check_loop (c, step);
    check_expression (c, step->when, "when", parse_line (step->lines, "/when", step->line));
    check_strings (c, step->params, step->lines, step->line);
    check_rule (c, &step->on_failure);
    check_before (c, step);
    check_action (c, &a);
    check_saves (c, step);
    bool gate = str_eq (step->action, "approve") || str_eq (step->action, "window");
    c->approved = c->approved || (gate && step->when == NULL);
    c->knows_step_loop = false;
    c->step = NULL;
}

static void
check_steps (struct checker *c, const struct vec *steps)
{
    for (size_t i = 0; i < steps->count; i++) {
        check_step (c, vec_at (steps, i));
    }
}

/* --- phases ---------------------------------------------------------------------------------- */

static void
count_name (void *arg, const struct expression_name *name)
{
    (void) name;
    ++*(int *) arg;
}

/* A `when` that is false whatever the context holds. */
static bool
never_true (const char *when)
{
    struct expression *e = NULL;
    struct expression_scope scope = { 0 };
    json_t *v = NULL;
    int names = 0;
    bool never = false;
    if (when == NULL || expression_parse (when, &e, NULL) != 0) {
        return false;
    }
    expression_names (e, count_name, &names);
    if (names == 0 && expression_eval (e, &scope, &v, NULL) == 0) {
        never = json_is_false (v);
        json_decref (v);
    }
    expression_free (e);
    return never;
}

static bool
ends_the_job (const struct workflow_on_failure *rule)
{
    return rule->when == NULL && (rule->then.kind == WORKFLOW_FAILURE_ABORT
                                  || rule->then.kind == WORKFLOW_FAILURE_ROLLBACK);
}

/* It holds an unconditional `fail` and nothing that would go on after it. */
static bool
always_fails (const struct workflow_phase *phase)
{
    if (phase->when != NULL || phase->for_each != NULL) {
        return false;
    }
    for (size_t i = 0; i < phase->steps.count; i++) {
        const struct workflow_step *step = vec_at (&phase->steps, i);
        const struct workflow_on_failure *rule = step->on_failure.set ? &step->on_failure
                                                                      : &phase->on_failure;
        if (rule->set && !ends_the_job (rule)) {
            return false;              /* an earlier step may lead away */
        }
        if (str_eq (step->action, "fail") && step->when == NULL && step->for_each == NULL) {
            return true;
        }
    }
    return false;
}

static void
mark_goto (bool *reached, const struct workflow_on_failure *rule)
{
    if (rule->then.kind == WORKFLOW_FAILURE_GOTO && rule->then.goto_phase >= 0) {
        reached[rule->then.goto_phase] = true;
    }
    if (rule->otherwise.kind == WORKFLOW_FAILURE_GOTO && rule->otherwise.goto_phase >= 0) {
        reached[rule->otherwise.goto_phase] = true;
    }
}

static void
check_reach (struct checker *c)
{
    const struct workflow *w = c->w;
    bool *reached = mem_array (w->phases.count + 1, sizeof *reached);
    reached[0] = true;
    for (size_t i = 0; i < w->phases.count; i++) {
        const struct workflow_phase *phase = vec_at (&w->phases, i);
        bool never = never_true (phase->when);
        if (never) {
            checker_add (c, false, phase->line, "phase '%s' is never reached: its when is false",
                         phase->name);
        } else if (!reached[i]) {
            checker_add (c, false, phase->line, "phase '%s' is never reached: a phase ahead of it "
                         "always fails", phase->name);
        }
        reached[i + 1] = reached[i + 1] || (reached[i] && !always_fails (phase));
        if (!reached[i] || never) {
            continue;
        }
        mark_goto (reached, &phase->on_failure);
        for (size_t k = 0; k < phase->steps.count; k++) {
            mark_goto (reached, &((struct workflow_step *) vec_at (&phase->steps, k))->on_failure);
        }
    }
    mem_free (reached);
}

static void
check_phase (struct checker *c, const struct workflow_phase *phase)
{
    c->phase = phase;
    check_expression (c, phase->when, "when", phase->when_line);
    check_expression (c, phase->for_each, "for_each", phase->for_each_line);
    c->knows_phase_loop = phase->for_each != NULL;
    check_steps (c, &phase->steps);
    check_rule (c, &phase->on_failure);
    c->knows_phase_loop = false;
    c->knows_failed = true;
    check_steps (c, &phase->finally);
    c->knows_failed = false;
    c->phase = NULL;
}

void
workflow_check (const struct workflow *w, const struct workflow_ops *ops,
                const struct workflow_policy *policy, struct vec *findings)
{
    struct checker c = { .w = w, .ops = ops, .policy = policy, .findings = findings };
    c.saved = map_new ();
    c.saved_ever = map_new ();
    parse_each_step (w, note_save, c.saved_ever);
    for (size_t i = 0; i < w->phases.count; i++) {
        check_phase (&c, vec_at (&w->phases, i));
    }
    c.knows_failed = true;
    check_steps (&c, &w->finally);
    check_reach (&c);
    map_free (c.saved, NULL);
    map_free (c.saved_ever, NULL);
}

void
workflow_check_text (const char *text, size_t len, const char *file,
                     const struct workflow_ops *ops, const struct workflow_policy *policy,
                     struct vec *findings)
{
    struct workflow *w = NULL;
    struct err err = { 0 };
    size_t before = findings->count;
    int32_t rc = workflow_parse (text, len, file, &w, findings, &err);
    if (rc == 0) {
        workflow_check (w, ops, policy, findings);
        workflow_unref (w);
    } else if (findings->count == before) {
        workflow_finding_add (findings, false, file, 0, "%s", err.message);
    }
    workflow_findings_sort (findings);
}

/* --- the registry as a lookup ---------------------------------------------------------------- */

static const struct farrier_op *
registry_find (void *arg, const char *plugin, const char *op, size_t i)
{
    const struct plugin_registry *r = arg;
    for (size_t k = 0; k < plugin_count (r); k++) {
        struct plugin *p = plugin_at (r, k);
        const struct plugin_op *found = plugin_is_usable (p) ? plugin_op (p, op) : NULL;
        if (found == NULL || (plugin != NULL && !str_eq (plugin_info (p)->name, plugin))) {
            continue;
        }
        if (i-- == 0) {
            return &found->def;
        }
    }
    return NULL;
}

static bool
registry_has_plugin (void *arg, const char *plugin)
{
    struct plugin *p = plugin_find (arg, plugin);
    return p != NULL && plugin_is_usable (p);
}

static void
registry_op_names (void *arg, struct vec *ret)
{
    const struct plugin_registry *r = arg;
    for (size_t k = 0; k < plugin_count (r); k++) {
        const struct plugin_info *info = plugin_info (plugin_at (r, k));
        for (size_t i = 0; i < info->op_count; i++) {
            vec_push (ret, (void *) info->ops[i].def.name);
        }
    }
}

static void
registry_plugin_names (void *arg, struct vec *ret)
{
    const struct plugin_registry *r = arg;
    for (size_t k = 0; k < plugin_count (r); k++) {
        vec_push (ret, (void *) plugin_info (plugin_at (r, k))->name);
    }
}

static bool
names_op (const struct plugin_info *info, const char *op)
{
    for (size_t i = 0; i < info->noted_op_count; i++) {
        if (str_eq (info->noted_ops[i], op)) {
            return true;
        }
    }
    return false;
}

static char *
registry_why_not (void *arg, const char *plugin, const char *op)
{
    const struct plugin_registry *r = arg;
    for (size_t k = 0; k < plugin_count (r); k++) {
        const struct plugin *p = plugin_at (r, k);
        const struct plugin_info *info = plugin_info (p);
        bool meant = plugin != NULL ? str_eq (info->name, plugin) : names_op (info, op);
        if (!meant) {
            continue;
        }
        if (plugin_is_usable (p)) {
            return NULL;
        }
        const char *text = info->fault_count > 0 ? info->faults[0].message : NULL;
        return str_printf ("plugin %s is %s%s%s (farrier plugin why %s)", info->name,
                           plugin_state_name (info->state), text == NULL ? "" : ": ",
                           text == NULL ? "" : text, info->name);
    }
    return NULL;
}

void
workflow_ops_of_registry (struct plugin_registry *r, struct workflow_ops *ret)
{
    *ret = (struct workflow_ops) { r, registry_find, registry_has_plugin, registry_op_names,
                                   registry_plugin_names, registry_why_not };
}
