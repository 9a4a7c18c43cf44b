/* parse-step: reads steps, retries, on_failure, loops and expressions out of a workflow file.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "workflow/expression.h"
#include "workflow/parse.h"

#define TIMEOUT_MAX_MS (7 * 24 * 3600 * 1000LL)

/* What a step has of its own; everything else is a parameter of its action. */
static const char *const step_keys[] = {
    "action", "for_each", "as", "when", "timeout", "retry", "save", "on_unsupported", "on_failure"
};
static const char *const before_keys[] = { "action", "attempt" };

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

const char *const workflow_roots[] = {
    "inputs", "host", "facts", "plan", "job", "failed"
};

/* --- words and expressions ------------------------------------------------------------------- */

bool
parse_word_valid (const char *word, bool dash)
{
    if (word == NULL || word[0] < 'a' || word[0] > 'z') {
        return false;
    }
    size_t len = strspn (word, dash ? "abcdefghijklmnopqrstuvwxyz0123456789_-"
                                    : "abcdefghijklmnopqrstuvwxyz0123456789_");
    return word[len] == '\0' && len <= 64;
}

int
parse_line (const struct map *lines, const char *pointer, int fallback)
{
    int line = (int) (intptr_t) map_get (lines, pointer);
    return line == 0 ? fallback : line;
}

void
parse_expression (struct conf_at at, const char *key, char **ret)
{
    const char *text = conf_string (at, key, NULL);
    struct expression *e = NULL;
    struct err err = { 0 };
    if (text == NULL) {
        return;
    }
    if (str_starts (text, "${")) {
        conf_complain (at, key, "%s is an expression as it is: leave out '${' and '}'", key);
    } else if (expression_parse (text, &e, &err) != 0) {
        conf_complain (at, key, "%s: %s", key, err.message);
    } else {
        *ret = str_dup (text);
        expression_free (e);
    }
}

static bool
is_root (const char *name)
{
    for (size_t i = 0; i < WORKFLOW_ROOT_COUNT; i++) {
        if (str_eq (workflow_roots[i], name)) {
            return true;
        }
    }
    return false;
}

/* A name that this file gives to a value. */
static char *
parse_own_name (struct conf_at at, const char *key)
{
    const char *name = conf_string (at, key, NULL);
    if (name == NULL) {
        return NULL;
    }
    if (!parse_word_valid (name, false)) {
        conf_complain (at, key, "%s = \"%s\" is no name: use a-z, 0-9 and _, a letter first", key,
                       name);
        return NULL;
    }
    if (is_root (name)) {
        conf_complain (at, key, "%s = \"%s\": this name is the core's own, take another", key,
                       name);
        return NULL;
    }
    return str_dup (name);
}

bool
parse_loop (struct conf_at at, char **ret_for_each, char **ret_as)
{
    parse_expression (at, "for_each", ret_for_each);
    char *as = parse_own_name (at, "as");
    if (as != NULL && !conf_is (conf_find (at, "for_each"))) {
        conf_complain (at, "as", "as without for_each");
    }
    if (*ret_for_each == NULL) {
        mem_free (as);
        return false;
    }
    *ret_as = as == NULL ? str_dup ("item") : as;
    return true;
}

/* --- on_failure ------------------------------------------------------------------------------ */

static const char *const failure_names[] = { "abort", "continue", "rollback", "goto" };

const char *
workflow_failure_name (enum workflow_failure kind)
{
    return (size_t) kind < COUNT (failure_names) ? failure_names[kind] : "?";
}

static void
parse_choice (struct conf_at at, const char *key, const char *text,
              struct workflow_failure_choice *ret)
{
    for (size_t i = 0; i < 3; i++) {
        if (str_eq (text, failure_names[i])) {
            ret->kind = (enum workflow_failure) i;
            return;
        }
    }
    if (str_starts (text, "goto ")) {
        char *copy = str_dup (text + 5);
        ret->kind = WORKFLOW_FAILURE_GOTO;
        ret->goto_name = str_dup (str_trim (copy));
        mem_free (copy);
        return;
    }
    const char *nearest = str_did_you_mean (text, failure_names, COUNT (failure_names));
    conf_complain (at, key, "%s = \"%s\" is none of abort, continue, rollback, goto PHASE%s%s%s",
                   key, text, nearest == NULL ? "" : ", did you mean '",
                   nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

void
parse_on_failure (struct conf_at at, struct workflow_on_failure *ret)
{
    struct conf_at rule = conf_any (at, "on_failure");
    ret->then.goto_phase = ret->otherwise.goto_phase = -1;
    if (!conf_is (rule)) {
        return;
    }
    ret->line = conf_line (rule);
    ret->set = true;
    if (conf_type_of (rule) == CONF_STRING) {
        parse_choice (at, "on_failure", conf_value_string (rule), &ret->then);
        return;
    }
    if (conf_type_of (rule) != CONF_GROUP) {
        conf_complain (at, "on_failure", "on_failure is a %s, must be a string such as \"abort\" "
                       "or a group { when, then, else }",
                       conf_type_name (conf_type_of (rule)));
        return;
    }
    parse_expression (rule, "when", &ret->when);
    const char *then = conf_string (rule, "then", NULL);
    const char *otherwise = conf_string (rule, "else", NULL);
    if (!conf_is (conf_find (rule, "when"))) {
        conf_complain (rule, NULL, "on_failure has no when; write on_failure = \"…\" instead");
    }
    if (then == NULL) {
        conf_complain (rule, NULL, "on_failure has no then");
    } else {
        parse_choice (rule, "then", then, &ret->then);
    }
    if (otherwise != NULL) {
        parse_choice (rule, "else", otherwise, &ret->otherwise);
    }
    conf_finish (rule);
}

void
on_failure_clear (struct workflow_on_failure *rule)
{
    mem_free (rule->when);
    mem_free (rule->then.goto_name);
    mem_free (rule->otherwise.goto_name);
}

/* --- retry ----------------------------------------------------------------------------------- */

static const char *const backoff_names[] = { "exponential", "linear", "fixed" };

const char *
workflow_backoff_name (enum workflow_backoff kind)
{
    return (size_t) kind < COUNT (backoff_names) ? backoff_names[kind] : "?";
}

/* The object's keys that are parameters; the others are removed from it. */
static void
keep_params (json_t *object, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_object_del (object, keys[i]);
    }
}

/* All parameters are known to the reader: the checker looks at them with the op's table. */
static void
know_params (struct conf_at at, const json_t *params)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *) params, key, value) {
        conf_known (at, key);
    }
}

/* `before`: small steps of their own. */
static void
parse_before (struct conf_at at, struct vec *ret)
{
    struct conf_at list = conf_groups (at, "before");
    for (size_t i = 0; i < conf_count (list); i++) {
        struct conf_at group = conf_child (list, i);
        struct workflow_before *before = mem_alloc (sizeof *before);
        if (conf_type_of (group) != CONF_GROUP) {
            mem_free (before);
            continue;
        }
        before->line = conf_line (group);
        before->attempt = (uint32_t) conf_i64 (group, "attempt", 2, 20, 0);
        before->action = str_dup (conf_string (group, "action", NULL));
        before->params = conf_to_json (group, &before->lines);
        keep_params (before->params, before_keys, COUNT (before_keys));
        know_params (group, before->params);
        if (str_empty (before->action)) {
            conf_required (group, "action");
        }
        conf_finish (group);
        vec_push (ret, before);
    }
}

static void
parse_codes (struct conf_at at, struct workflow_retry *ret)
{
    struct vec words = { 0 };
    if (!conf_strings (at, "on", &words)) {
        return;
    }
    const char *names[-FARRIER_E_LAST_];
    for (int i = 0; i < -FARRIER_E_LAST_; i++) {
        names[i] = err_code_name (-i - 1);
    }
    mem_free (ret->on);
    ret->on = mem_array (words.count + 1, sizeof ret->on[0]);
    ret->on_count = 0;
    for (size_t i = 0; i < words.count; i++) {
        const char *word = vec_at (&words, i);
        int32_t code = err_code_from_name (word);
        if (code < 0 && code >= FARRIER_E_LAST_) {
            ret->on[ret->on_count++] = code;
            continue;
        }
        const char *nearest = str_did_you_mean (word, names, COUNT (names));
        conf_complain (at, "on", "on: unknown error code \"%s\"%s%s%s", word,
                       nearest == NULL ? "" : ", did you mean '", nearest == NULL ? "" : nearest,
                       nearest == NULL ? "" : "'?");
    }
    vec_free (&words);
}

/* base: what the keys that are left out stand for; not NULL. */
void
parse_retry (struct conf_at at, const struct workflow_retry *base, struct workflow_retry *ret)
{
    struct conf_at retry = conf_group (at, "retry");
    *ret = *base;
    memset (&ret->before, 0, sizeof ret->before);
    ret->on = mem_dup (base->on, (base->on_count + 1) * sizeof base->on[0]);
    if (!conf_is (retry)) {
        return;
    }
    ret->line = conf_line (retry);
    ret->attempts = (uint32_t) conf_i64 (retry, "attempts", 1, 20, base->attempts);
    ret->backoff = (enum workflow_backoff) conf_enum (retry, "backoff", backoff_names,
                                                      COUNT (backoff_names), (int) base->backoff);
    ret->initial_ms = conf_duration_ms (retry, "initial", 0, 86400000, base->initial_ms);
    ret->max_ms = conf_duration_ms (retry, "max", 0, 86400000, base->max_ms);
    parse_codes (retry, ret);
    parse_before (retry, &ret->before);
    if (ret->initial_ms > ret->max_ms && conf_is (conf_find (retry, "initial"))
        && conf_is (conf_find (retry, "max"))) {
        conf_complain (retry, "initial", "initial is longer than max");
    } else if (ret->initial_ms > ret->max_ms) {
        ret->max_ms = ret->initial_ms;
    }
    conf_finish (retry);
}

void
retry_clear (struct workflow_retry *retry)
{
    for (size_t i = 0; i < retry->before.count; i++) {
        struct workflow_before *before = vec_at (&retry->before, i);
        mem_free (before->action);
        json_decref (before->params);
        map_free (before->lines, NULL);
        mem_free (before);
    }
    vec_free (&retry->before);
    mem_free (retry->on);
}

/* --- steps ----------------------------------------------------------------------------------- */

static bool
part_valid (const char *part, size_t len)
{
    char *word = str_ndup (part, len);
    bool ok = parse_word_valid (word, false);
    mem_free (word);
    return ok;
}

/* "op", "family.op", "plugin:op": lower case throughout. */
static bool
action_valid (const char *action)
{
    const char *colon = strchr (action, ':');
    if (colon != NULL && !part_valid (action, (size_t) (colon - action))) {
        return false;
    }
    const char *op = colon == NULL ? action : colon + 1;
    for (;;) {
        const char *dot = strchr (op, '.');
        if (!part_valid (op, dot == NULL ? strlen (op) : (size_t) (dot - op))) {
            return false;
        }
        if (dot == NULL) {
            return true;
        }
        op = dot + 1;
    }
}

static void
parse_action (struct conf_at at, struct workflow_step *step)
{
    const char *action = conf_string (at, "action", NULL);
    if (action == NULL) {
        if (!conf_is (conf_find (at, "action"))) {
            conf_complain (at, NULL, "step has no action");
        }
        action = "";
    } else if (!action_valid (action)) {
        conf_complain (at, "action", "action = \"%s\" is no action: write op, family.op or "
                       "plugin:op in lower case", action);
    }
    const char *colon = strchr (action, ':');
    step->action = str_dup (action);
    step->plugin = colon == NULL ? NULL : str_ndup (action, (size_t) (colon - action));
    step->op = str_dup (colon == NULL ? action : colon + 1);
}

static struct workflow_step *
parse_step (struct conf_at at, struct workflow *w)
{
    static const char *const unsupported[] = { "fail", "skip" };
    struct workflow_step *step = mem_alloc (sizeof *step);
    step->line = conf_line (at);
    parse_action (at, step);
    parse_loop (at, &step->for_each, &step->as);
    parse_expression (at, "when", &step->when);
    step->timeout_ms = conf_duration_ms (at, "timeout", 1000, TIMEOUT_MAX_MS, w->timeout_ms);
    step->has_retry = conf_is (conf_find (at, "retry"));
    parse_retry (at, &w->retry, &step->retry);
    step->save = parse_own_name (at, "save");
    step->skip_unsupported = conf_enum (at, "on_unsupported", unsupported, 2, 0) == 1;
    parse_on_failure (at, &step->on_failure);
    step->params = conf_to_json (at, &step->lines);
    keep_params (step->params, step_keys, COUNT (step_keys));
    know_params (at, step->params);
    conf_finish (at);
    return step;
}

static uint32_t
count_action (const struct vec *steps, const char *action)
{
    uint32_t n = 1;
    for (size_t i = 0; i < steps->count; i++) {
        const struct workflow_step *step = vec_at (steps, i);
        n += str_eq (step->action, action) ? 1 : 0;
    }
    return n;
}

void
parse_steps (struct conf_at at, const char *key, struct workflow *w, struct vec *ret)
{
    struct conf_at list = conf_groups (at, key);
    for (size_t i = 0; i < conf_count (list); i++) {
        struct conf_at group = conf_child (list, i);
        if (conf_type_of (group) != CONF_GROUP) {
            continue;
        }
        struct workflow_step *step = parse_step (group, w);
        step->nth = count_action (ret, step->action);
        vec_push (ret, step);
    }
}

void
workflow_step_free (void *item)
{
    struct workflow_step *step = item;
    mem_free (step->action);
    mem_free (step->plugin);
    mem_free (step->op);
    json_decref (step->params);
    map_free (step->lines, NULL);
    mem_free (step->for_each);
    mem_free (step->as);
    mem_free (step->when);
    retry_clear (&step->retry);
    mem_free (step->save);
    on_failure_clear (&step->on_failure);
    mem_free (step);
}
