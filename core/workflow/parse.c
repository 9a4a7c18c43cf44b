/* parse: reads a workflow: inputs, defaults, phases; then looks at what only the whole shows.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "workflow/parse.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "workflow/expression.h"

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

/* --- walking --------------------------------------------------------------------------------- */

static void
each_string (const json_t *v, const struct map *lines, struct buf *pointer, int line,
             parse_string_fn *fn, void *arg)
{
    size_t len = pointer->len;
    line = parse_line (lines, pointer->len == 0 ? "" : pointer->data, line);
    if (json_is_string (v)) {
        fn (arg, json_string_value (v), line);
    }
    const char *key;
    json_t *member;
    json_object_foreach ((json_t *) v, key, member) {
        buf_printf (pointer, "/%s", key);
        each_string (member, lines, pointer, line, fn, arg);
        pointer->len = len;
        pointer->data[len] = '\0';
    }
    size_t i;
    json_array_foreach ((json_t *) v, i, member) {
        buf_printf (pointer, "/%zu", i);
        each_string (member, lines, pointer, line, fn, arg);
        pointer->len = len;
        pointer->data[len] = '\0';
    }
}

void
parse_each_string (const json_t *params, const struct map *lines, int line, parse_string_fn *fn,
                   void *arg)
{
    struct buf pointer = { 0 };
    each_string (params, lines, &pointer, line, fn, arg);
    buf_free (&pointer);
}

void
parse_each_step (const struct workflow *w, parse_step_fn *fn, void *arg)
{
    for (size_t i = 0; i < w->phases.count; i++) {
        const struct workflow_phase *phase = vec_at (&w->phases, i);
        for (size_t k = 0; k < phase->steps.count; k++) {
            fn (arg, phase, vec_at (&phase->steps, k), false);
        }
        for (size_t k = 0; k < phase->finally.count; k++) {
            fn (arg, phase, vec_at (&phase->finally, k), true);
        }
    }
    for (size_t k = 0; k < w->finally.count; k++) {
        fn (arg, NULL, vec_at (&w->finally, k), true);
    }
}

/* --- inputs ---------------------------------------------------------------------------------- */

static const char *const input_types[] = { "string", "bool", "int", "enum", "duration" };

static void
parse_values (struct conf_at at, struct workflow_input *input)
{
    struct vec values = { 0 };
    bool there = conf_strings (at, "values", &values);
    for (size_t i = 0; i < values.count; i++) {
        vec_push (&input->values, str_dup (vec_at (&values, i)));
    }
    vec_free (&values);
    if (input->type == WORKFLOW_INPUT_ENUM && input->values.count == 0) {
        conf_complain (at, "values", "input '%s' is an enum without values", input->name);
    } else if (input->type != WORKFLOW_INPUT_ENUM && there) {
        conf_complain (at, "values", "input '%s' has values, but its type is %s: write type = "
                       "\"enum\"", input->name, input_types[input->type]);
    }
}

static struct workflow_input *
parse_input (struct conf_at at)
{
    struct workflow_input *input = mem_alloc (sizeof *input);
    input->line = conf_line (at);
    input->name = str_dup (conf_string (at, "name", NULL));
    if (input->name == NULL) {
        conf_required (at, "name");
        input->name = str_dup ("?");
    } else if (!parse_word_valid (input->name, false)) {
        conf_complain (at, "name", "name = \"%s\" is no name: use a-z, 0-9 and _, a letter first",
                       input->name);
    }
    input->type = (enum workflow_input_type) conf_enum (at, "type", input_types,
                                                        COUNT (input_types), 0);
    input->help = str_dup (conf_string (at, "help", NULL));
    parse_values (at, input);
    input->value_default = conf_to_json (conf_any (at, "default"), NULL);
    conf_finish (at);
    return input;
}

static void
parse_inputs (struct conf_at at, struct workflow *w)
{
    struct conf_at list = conf_groups (at, "inputs");
    for (size_t i = 0; i < conf_count (list); i++) {
        struct conf_at group = conf_child (list, i);
        struct err err = { 0 };
        if (conf_type_of (group) != CONF_GROUP) {
            continue;
        }
        struct workflow_input *input = parse_input (group);
        for (size_t k = 0; k < w->inputs.count; k++) {
            const struct workflow_input *other = vec_at (&w->inputs, k);
            if (str_eq (other->name, input->name)) {
                conf_complain (group, "name", "input '%s' is there already, at line %d",
                               input->name, other->line);
            }
        }
        if (input->value_default != NULL
            && workflow_input_check (input, input->value_default, &err) != 0) {
            conf_complain (group, "default", "default: %s", err.message);
        }
        vec_push (&w->inputs, input);
    }
}

/* --- phases ---------------------------------------------------------------------------------- */

static void
parse_phase_name (struct conf_at at, struct workflow *w, struct workflow_phase *phase)
{
    phase->name = str_dup (conf_string (at, "name", NULL));
    if (phase->name == NULL) {
        conf_required (at, "name");
        phase->name = str_dup ("?");
        return;
    }
    if (!parse_word_valid (phase->name, false)) {
        conf_complain (at, "name", "name = \"%s\" is no name: use a-z, 0-9 and _, a letter first",
                       phase->name);
    }
    for (size_t i = 0; i < w->phases.count; i++) {
        const struct workflow_phase *other = vec_at (&w->phases, i);
        if (str_eq (other->name, phase->name)) {
            conf_complain (at, "name", "phase '%s' is there already, at line %d", phase->name,
                           other->line);
        }
    }
}

static struct workflow_phase *
parse_phase (struct conf_at at, struct workflow *w)
{
    struct workflow_phase *phase = mem_alloc (sizeof *phase);
    phase->line = conf_line (at);
    parse_phase_name (at, w, phase);
    phase->summary = str_dup (conf_string (at, "summary", NULL));
    phase->when_line = conf_line (conf_find (at, "when"));
    phase->for_each_line = conf_line (conf_find (at, "for_each"));
    phase->weight = (uint32_t) conf_i64 (at, "weight", 0, 10000, 10);
    parse_expression (at, "when", &phase->when);
    parse_loop (at, &phase->for_each, &phase->as);
    parse_steps (at, "steps", w, &phase->steps);
    parse_steps (at, "finally", w, &phase->finally);
    parse_on_failure (at, &phase->on_failure);
    int64_t parallel = conf_i64 (at, "parallel", 1, 64, 1);
    if (parallel > 1) {
        conf_complain (at, "parallel", "parallel = %lld is not supported by this version: steps "
                       "run one after another, leave the key out", (long long) parallel);
    }
    if (phase->steps.count == 0) {
        conf_complain (at, NULL, "phase '%s' has no steps", phase->name);
    }
    conf_finish (at);
    return phase;
}

static void
parse_phases (struct conf_at at, struct workflow *w)
{
    struct conf_at list = conf_groups (at, "phases");
    for (size_t i = 0; i < conf_count (list); i++) {
        struct conf_at group = conf_child (list, i);
        if (conf_type_of (group) == CONF_GROUP) {
            vec_push (&w->phases, parse_phase (group, w));
        }
    }
    if (w->phases.count == 0) {
        conf_complain (at, "phases", "the workflow has no phases");
    }
}

static void
parse_defaults (struct conf_at at, struct workflow *w)
{
    int32_t codes[] = { FARRIER_E_TRANSIENT, FARRIER_E_BUSY, FARRIER_E_TIMEOUT,
                        FARRIER_E_UNREACHABLE, 0 };
    const struct workflow_retry base = { .attempts = 1, .backoff = WORKFLOW_BACKOFF_EXPONENTIAL,
                                         .initial_ms = 5000, .max_ms = 300000, .on = codes,
                                         .on_count = COUNT (codes) - 1 };
    struct conf_at defaults = conf_group (at, "defaults");
    parse_retry (defaults, &base, &w->retry);
    w->timeout_ms = conf_duration_ms (defaults, "timeout", 1000, 7 * 86400000LL, 0);
    if (w->retry.before.count > 0) {
        conf_complain (conf_find (defaults, "retry"), "before",
                       "before belongs to a step's retry, not to the defaults");
    }
    if (conf_is (defaults)) {
        conf_finish (defaults);
    }
}

/* --- the whole ------------------------------------------------------------------------------- */

struct whole {
    struct workflow *w;
    struct vec *findings;
};

static void
ignore_name (void *arg, const struct expression_name *name)
{
    (void) arg;
    (void) name;
}

static void
check_template (void *arg, const char *text, int line)
{
    struct whole *whole = arg;
    struct err err = { 0 };
    if (expression_template_names (text, ignore_name, NULL, &err) != 0) {
        workflow_finding_add (whole->findings, false, whole->w->file, line, "\"%.80s\": %s", text,
                              err.message);
    }
}

static void
resolve_goto (struct whole *whole, int32_t from, const struct workflow_on_failure *rule,
              struct workflow_failure_choice *choice)
{
    const struct workflow *w = whole->w;
    if (choice->kind != WORKFLOW_FAILURE_GOTO) {
        return;
    }
    int32_t to = workflow_phase_index (w, choice->goto_name);
    if (to > from) {
        choice->goto_phase = to;
        return;
    }
    choice->kind = WORKFLOW_FAILURE_ABORT;
    if (to >= 0) {
        workflow_finding_add (whole->findings, false, w->file, rule->line,
                              "goto '%s' leads back; goto leads to a later phase only",
                              choice->goto_name);
        return;
    }
    struct vec names = { 0 };
    for (size_t i = 0; i < w->phases.count; i++) {
        vec_push (&names, ((struct workflow_phase *) vec_at (&w->phases, i))->name);
    }
    const char *nearest = str_did_you_mean (choice->goto_name, (const char *const *) names.items,
                                            names.count);
    workflow_finding_add (whole->findings, false, w->file, rule->line,
                          "goto '%s': there is no such phase%s%s%s", choice->goto_name,
                          nearest == NULL ? "" : ", did you mean '",
                          nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
    vec_free (&names);
}

static void
check_rule (struct whole *whole, const struct workflow_phase *phase,
            struct workflow_on_failure *rule, bool in_finally)
{
    int32_t from = phase == NULL ? INT32_MAX : workflow_phase_index (whole->w, phase->name);
    bool plain = rule->then.kind <= WORKFLOW_FAILURE_CONTINUE && rule->when == NULL;
    if (in_finally && rule->set && !plain) {
        workflow_finding_add (whole->findings, false, whole->w->file, rule->line,
                              "in a finally, on_failure is \"abort\" or \"continue\": what is left "
                              "of it runs in any case");
        return;
    }
    resolve_goto (whole, from, rule, &rule->then);
    resolve_goto (whole, from, rule, &rule->otherwise);
}

static void
check_step (void *arg, const struct workflow_phase *phase, const struct workflow_step *step,
            bool in_finally)
{
    struct whole *whole = arg;
    parse_each_string (step->params, step->lines, step->line, check_template, whole);
    for (size_t i = 0; i < step->retry.before.count; i++) {
        const struct workflow_before *before = vec_at (&step->retry.before, i);
        parse_each_string (before->params, before->lines, before->line, check_template, whole);
        if (before->attempt > step->retry.attempts) {
            workflow_finding_add (whole->findings, false, whole->w->file, before->line,
                                  "before attempt %u, but there are %u attempts", before->attempt,
                                  step->retry.attempts);
        }
    }
    check_rule (whole, phase, &((struct workflow_step *) step)->on_failure, in_finally);
}

static void
check_whole (struct workflow *w, struct vec *findings)
{
    struct whole whole = { w, findings };
    parse_each_step (w, check_step, &whole);
    for (size_t i = 0; i < w->phases.count; i++) {
        struct workflow_phase *phase = vec_at (&w->phases, i);
        check_rule (&whole, phase, &phase->on_failure, false);
    }
}

static void
parse_workflow (struct conf_at at, struct workflow *w)
{
    w->name = str_dup (conf_string (at, "name", NULL));
    if (w->name == NULL) {
        conf_required (at, "name");
        w->name = str_dup ("?");
    } else if (!parse_word_valid (w->name, true)) {
        conf_complain (at, "name", "name = \"%s\" is no name: use a-z, 0-9, _ and -, a letter "
                       "first", w->name);
    }
    w->version = conf_i64 (at, "version", 1, INT32_MAX, 1);
    w->summary = str_dup (conf_string (at, "summary", ""));
    parse_inputs (at, w);
    parse_defaults (at, w);
    parse_phases (at, w);
    parse_steps (at, "finally", w, &w->finally);
    conf_finish (at);
}

static void
take_findings (struct vec *from, struct vec *findings)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct conf_finding *f = vec_at (from, i);
        workflow_finding_add (findings, false, f->file, f->line, "%s", f->message);
    }
    conf_findings_free (from);
}

int32_t
workflow_parse (const char *text, size_t len, const char *file, struct workflow **ret,
                struct vec *findings, struct err *err)
{
    struct vec own = { 0 };
    struct conf *c = NULL;
    int32_t rc = conf_load_text (text, len, file, &own, &c, err);
    if (rc != 0) {
        take_findings (&own, findings);
        return rc;
    }
    struct conf_at root = conf_root (c);
    struct workflow *w = mem_alloc (sizeof *w);
    w->refs = 1;
    w->file = str_dup (file);
    w->text = str_ndup (text, len);
    w->text_len = len;
    hash_sha256_hex (text, len, w->digest);
    if (!conf_is (conf_find (root, "workflow"))) {
        conf_complain (root, NULL, "there is no group 'workflow' in the file");
    }
    struct conf_at group = conf_group (root, "workflow");
    if (conf_is (group)) {
        parse_workflow (group, w);
    } else {
        w->name = str_dup ("?");
        w->summary = str_dup ("");
    }
    conf_finish (root);
    take_findings (&own, findings);
    conf_free (c);
    check_whole (w, findings);
    *ret = w;
    return 0;
}
