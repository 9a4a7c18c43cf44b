/* check-names: are the names in expressions known, and set by then?
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/json.h"
#include "base/str.h"
#include "workflow/checker.h"
#include "workflow/expression.h"
#include "workflow/parse.h"

struct look {
    struct checker *c;
    const char *what;
    int line;
};

static bool
is_loop_name (const struct checker *c, const char *name)
{
    return (c->knows_phase_loop && str_eq (name, c->phase->as))
           || (c->knows_step_loop && str_eq (name, c->step->as));
}

static const char *
nearest_name (const struct checker *c, const char *word)
{
    struct vec names = { 0 };
    for (size_t i = 0; i < WORKFLOW_ROOT_COUNT; i++) {
        vec_push (&names, (void *) workflow_roots[i]);
    }
    if (c->knows_phase_loop) {
        vec_push (&names, c->phase->as);
    }
    if (c->knows_step_loop) {
        vec_push (&names, c->step->as);
    }
    const char *key = NULL;
    void *value = NULL;
    for (size_t it = 0; map_next (c->saved_ever, &it, &key, &value);) {
        vec_push (&names, (void *) key);
    }
    const char *nearest = str_did_you_mean (word, (const char *const *) names.items, names.count);
    vec_free (&names);
    return nearest;
}

static const char *
nearest_input (const struct checker *c, const char *word, bool *ret_known)
{
    struct vec names = { 0 };
    *ret_known = false;
    for (size_t i = 0; i < c->w->inputs.count; i++) {
        const struct workflow_input *input = vec_at (&c->w->inputs, i);
        *ret_known = *ret_known || str_eq (input->name, word);
        vec_push (&names, input->name);
    }
    const char *nearest = str_did_you_mean (word, (const char *const *) names.items, names.count);
    vec_free (&names);
    return nearest;
}

static void
unknown (const struct look *look, const char *kind, const char *name, const char *nearest)
{
    checker_add (look->c, false, look->line, "%s: unknown %s '%s'%s%s%s", look->what, kind, name,
                 nearest == NULL ? "" : ", did you mean '", nearest == NULL ? "" : nearest,
                 nearest == NULL ? "" : "'?");
}

static void
look_at_root (const struct look *look, const struct expression_name *name)
{
    struct checker *c = look->c;
    if (str_eq (name->root, "failed") && !c->knows_failed) {
        checker_add (c, false, look->line, "%s: 'failed' is known in on_failure and in finally "
                     "only", look->what);
    }
    if (str_eq (name->root, "inputs") && name->member != NULL) {
        bool known = false;
        const char *nearest = nearest_input (c, name->member, &known);
        if (!known) {
            unknown (look, "input", name->member, nearest);
        }
    }
}

static void
look_at_name (void *arg, const struct expression_name *name)
{
    const struct look *look = arg;
    struct checker *c = look->c;
    for (size_t i = 0; i < WORKFLOW_ROOT_COUNT; i++) {
        if (str_eq (workflow_roots[i], name->root)) {
            look_at_root (look, name);
            return;
        }
    }
    if (is_loop_name (c, name->root) || map_get (c->saved, name->root) != NULL) {
        return;
    }
    int later = (int) (intptr_t) map_get (c->saved_ever, name->root);
    if (later == 0) {
        unknown (look, "name", name->root, nearest_name (c, name->root));
    } else if (!name->in_defined) {
        checker_add (c, false, look->line, "%s: '%s' is used before it is saved (line %d)",
                     look->what, name->root, later);
    }
}

void
check_expression (struct checker *c, const char *text, const char *what, int line)
{
    struct look look = { c, what, line };
    struct expression *e = NULL;
    if (text != NULL && expression_parse (text, &e, NULL) == 0) {
        expression_names (e, look_at_name, &look);
        expression_free (e);
    }
}

static void
look_at_string (void *arg, const char *text, int line)
{
    struct look *look = arg;
    look->line = line;
    expression_template_names (text, look_at_name, look, NULL);
}

void
check_strings (struct checker *c, const json_t *params, const struct map *lines, int line)
{
    struct look look = { c, "${…}", line };
    parse_each_string (params, lines, line, look_at_string, &look);
}

const char *
check_saved_name (const struct workflow_step *step)
{
    if (str_eq (step->action, "set")) {
        return json_str (step->params, "/name");
    }
    return step->save;
}
