/* resolve: what is in sight at a position, and the decision for the step that stands there.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "workflow/run.h"

/* --- frame ----------------------------------------------------------------------------------- */

void
frame_begin (struct frame *f, struct run *r)
{
    memset (f, 0, sizeof *f);
    f->scope.context = r->context;
    f->scope.bindings = f->bindings;
    f->scope.compare_versions = r->versions == NULL ? NULL : r->versions->compare;
    f->scope.compare_arg = r->versions == NULL ? NULL : r->versions->arg;
    f->scope.undecided = r->dry ? &f->undecided : NULL;
}

void
frame_bind (struct frame *f, const char *name, json_t *value)
{
    f->bindings[f->count].name = name;
    f->bindings[f->count].value = value;
    f->scope.binding_count = ++f->count;
}

void
frame_end (struct frame *f)
{
    for (size_t i = 0; i < f->count; i++) {
        json_decref (f->bindings[i].value);
    }
    f->count = f->scope.binding_count = 0;
}

int32_t
frame_list (struct frame *f, struct run *r, const char *text, json_t **ret_list, size_t *ret_count,
            struct err *err)
{
    json_t *v = NULL;
    int32_t rc = expression_eval_text (text, &f->scope, &v, err);
    if (rc == ERR_NOT_FOUND && r->dry) {
        f->undecided = true;
        *ret_list = NULL;
        *ret_count = 1;
        return 0;
    }
    if (rc != 0) {
        err_prefix (err, "for_each = \"%s\"", text);
        return rc;
    }
    if (!json_is_array (v)) {
        json_decref (v);
        return err_set (err, FARRIER_E_INVALID, "for_each = \"%s\": this is not a list", text);
    }
    *ret_list = v;
    *ret_count = json_array_size (v);
    return 0;
}

static int32_t
bind_loop (struct frame *f, struct run *r, const char *text, const char *as, int32_t i,
           struct err *err)
{
    json_t *list = NULL;
    size_t count = 0;
    int32_t rc = frame_list (f, r, text, &list, &count, err);
    if (rc != 0 || list == NULL) {
        return rc;
    }
    if ((size_t) i >= count) {
        json_decref (list);
        return err_set (err, FARRIER_E_INVALID,
                        "for_each = \"%s\": entry %d is gone, the list has %zu", text, i, count);
    }
    frame_bind (f, as, json_incref (json_array_get (list, (size_t) i)));
    json_decref (list);
    return 0;
}

int32_t
frame_bind_phase (struct frame *f, struct run *r, struct err *err)
{
    const struct workflow_phase *phase = run_phase (r);
    bool in_finally = r->p->place == WORKFLOW_AT_PHASE_FINALLY
                      || r->p->place == WORKFLOW_AT_FINALLY;
    if (in_finally && r->p->cause != NULL) {
        frame_bind (f, "failed", json_incref (r->p->cause));
    }
    if (phase == NULL || phase->for_each == NULL || r->p->iteration < 0) {
        return 0;
    }
    return bind_loop (f, r, phase->for_each, phase->as, r->p->iteration, err);
}

int32_t
frame_bind_step (struct frame *f, struct run *r, struct err *err)
{
    const struct workflow_step *step = run_step (r);
    if (step == NULL || step->for_each == NULL || r->p->step_iteration < 0) {
        return 0;
    }
    return bind_loop (f, r, step->for_each, step->as, r->p->step_iteration, err);
}

int32_t
frame_when (struct frame *f, struct run *r, const char *text, bool *ret, struct err *err)
{
    if (text == NULL) {
        *ret = true;
        return 0;
    }
    int32_t rc = expression_eval_bool (text, &f->scope, ret, err);
    if (rc == ERR_NOT_FOUND && r->dry) {
        f->undecided = true;
        *ret = true;
        return 0;
    }
    if (rc != 0) {
        err_prefix (err, "when = \"%s\"", text);
    }
    return rc;
}

/* --- where we are ---------------------------------------------------------------------------- */

const struct workflow_phase *
run_phase (const struct run *r)
{
    return r->p->phase < 0 ? NULL : vec_at (&r->w->phases, (size_t) r->p->phase);
}

const struct vec *
run_steps (const struct run *r)
{
    switch (r->p->place) {
    case WORKFLOW_AT_STEP:
        return &run_phase (r)->steps;
    case WORKFLOW_AT_PHASE_FINALLY:
        return &run_phase (r)->finally;
    case WORKFLOW_AT_FINALLY:
        return &r->w->finally;
    default:
        return NULL;
    }
}

const struct workflow_step *
run_step (const struct run *r)
{
    const struct vec *steps = run_steps (r);
    if (steps == NULL || r->p->step < 0 || (size_t) r->p->step >= steps->count) {
        return NULL;
    }
    return vec_at (steps, (size_t) r->p->step);
}

static void
put_phase (struct buf *b, const struct run *r)
{
    const struct workflow_phase *phase = run_phase (r);
    if (phase == NULL) {
        return;
    }
    buf_puts (b, phase->name);
    if (r->p->iteration >= 0) {
        buf_printf (b, "[%d]", r->p->iteration);
    }
    buf_putc (b, '/');
}

char *
run_path (const struct run *r)
{
    struct buf b = { 0 };
    put_phase (&b, r);
    if (r->p->place == WORKFLOW_AT_ROLLBACK) {
        const json_t *entry = json_array_get (r->p->rollback, (size_t) r->p->rollback_index);
        bool undo = json_object_get (entry, "undo") != NULL;
        buf_printf (&b, "rollback/%s[%d]", undo ? "undo" : "firmware.rollback",
                    r->p->rollback_index);
        return buf_steal (&b);
    }
    const struct workflow_step *step = run_step (r);
    if (r->p->place != WORKFLOW_AT_STEP) {
        buf_puts (&b, "finally/");
    }
    buf_puts (&b, step == NULL ? "" : step->action);
    if (step != NULL && step->nth > 1) {
        buf_printf (&b, "#%u", step->nth);
    }
    if (r->p->step_iteration >= 0) {
        buf_printf (&b, "[%d]", r->p->step_iteration);
    }
    return buf_steal (&b);
}

void
run_notice (struct run *r, enum workflow_notice_kind kind, bool with_step, const char *fmt, ...)
{
    const struct workflow_phase *phase = run_phase (r);
    struct workflow_notice *n = mem_alloc (sizeof *n);
    n->kind = kind;
    n->phase = str_dup (phase == NULL ? NULL : phase->name);
    n->iteration = r->p->iteration;
    n->path = with_step ? run_path (r) : NULL;
    va_list ap;
    va_start (ap, fmt);
    n->text = str_vprintf (fmt, ap);
    va_end (ap);
    vec_push (&r->d->notices, n);
}

/* --- progress -------------------------------------------------------------------------------- */

/* How many entries a loop has now; 1 when there is no loop or it can't be told. */
static uint64_t
loop_count (struct run *r, const char *text, bool of_step)
{
    if (text == NULL) {
        return 1;
    }
    struct frame f;
    json_t *list = NULL;
    size_t count = 1;
    frame_begin (&f, r);
    int32_t rc = of_step ? frame_bind_phase (&f, r, NULL) : 0;
    if (rc == 0) {
        frame_list (&f, r, text, &list, &count, NULL);
    }
    json_decref (list);
    frame_end (&f);
    return count == 0 ? 1 : count;
}

static void
weights (const struct run *r, uint64_t *ret_before, uint64_t *ret_total)
{
    uint64_t before = 0, total = 0;
    for (size_t i = 0; i < r->w->phases.count; i++) {
        const struct workflow_phase *phase = vec_at (&r->w->phases, i);
        before += (int32_t) i < r->p->phase ? phase->weight : 0;
        total += phase->weight;
    }
    *ret_before = before;
    *ret_total = total == 0 ? 1 : total;
}

void
run_progress (const struct run *r, uint32_t *ret_progress, uint32_t *ret_span)
{
    const struct workflow_phase *phase = run_phase (r);
    const struct workflow_step *step = run_step (r);
    uint64_t before = 0, total = 1;
    weights (r, &before, &total);
    *ret_span = 0;
    if (phase == NULL) {
        *ret_progress = r->p->pending == WORKFLOW_SUCCEEDED && r->p->place != WORKFLOW_AT_START
                        ? 1000 : 0;
        return;
    }
    if (r->p->place != WORKFLOW_AT_STEP || step == NULL) {
        uint64_t done = r->p->leaving ? before : before + phase->weight;
        *ret_progress = (uint32_t) (done * 1000 / total);
        return;
    }
    uint64_t rounds = loop_count ((struct run *) r, phase->for_each, false);
    uint64_t parts = loop_count ((struct run *) r, step->for_each, true);
    uint64_t steps = phase->steps.count;
    uint64_t round = r->p->iteration < 0 ? 0 : (uint64_t) r->p->iteration;
    uint64_t part = r->p->step_iteration < 0 ? 0 : (uint64_t) r->p->step_iteration;
    uint64_t whole = rounds * steps * parts;
    uint64_t from = (round * steps + (uint64_t) r->p->step) * parts + part;
    uint64_t begin = (before * whole + phase->weight * from) * 1000 / (total * whole);
    uint64_t end = (before * whole + phase->weight * (from + 1)) * 1000 / (total * whole);
    *ret_progress = (uint32_t) begin;
    *ret_span = (uint32_t) (end - begin);
}

/* --- decision -------------------------------------------------------------------------------- */

static const char *
string_param (const json_t *params, const char *name)
{
    return json_string_value (json_object_get (params, name));
}

static void
split_action (const char *action, char **ret_plugin, char **ret_op)
{
    const char *colon = strchr (action, ':');
    *ret_plugin = colon == NULL ? NULL : str_ndup (action, (size_t) (colon - action));
    *ret_op = str_dup (colon == NULL ? action : colon + 1);
}

static int32_t
resolve_before (struct run *r, struct frame *f, const struct workflow_retry *retry,
                const char *path, struct err *err)
{
    for (size_t i = 0; i < retry->before.count; i++) {
        const struct workflow_before *before = vec_at (&retry->before, i);
        json_t *params = NULL;
        int32_t rc = expression_expand_all (before->params, &f->scope, &params, err);
        if (rc != 0) {
            err_prefix (err, "retry.before[%zu] %s", i, before->action);
            return rc;
        }
        struct workflow_before_step *step = mem_alloc (sizeof *step);
        step->attempt = before->attempt;
        step->action = str_dup (before->action);
        split_action (before->action, &step->plugin, &step->op);
        step->params = params;
        step->path = str_printf ("%s/before[%zu]", path, i);
        vec_push (&r->d->before, step);
    }
    return 0;
}

static enum workflow_role
role_of (enum workflow_place place)
{
    switch (place) {
    case WORKFLOW_AT_ROLLBACK:
        return WORKFLOW_ROLE_ROLLBACK;
    case WORKFLOW_AT_PHASE_FINALLY:
        return WORKFLOW_ROLE_PHASE_FINALLY;
    case WORKFLOW_AT_FINALLY:
        return WORKFLOW_ROLE_FINALLY;
    default:
        return WORKFLOW_ROLE_STEP;
    }
}

/* Everything that a step and a rollback have in common. Takes params. */
static void
fill (struct run *r, const char *action, json_t *params, const struct workflow_retry *retry)
{
    struct workflow_decision *d = r->d;
    const struct workflow_phase *phase = run_phase (r);
    d->kind = WORKFLOW_RUN_STEP;
    d->role = role_of (r->p->place);
    d->path = run_path (r);
    d->phase = str_dup (phase == NULL ? NULL : phase->name);
    d->action = str_dup (action);
    split_action (action, &d->plugin, &d->op);
    d->params = params;
    d->component = str_dup (string_param (params, "component"));
    d->image = str_dup (string_param (params, "image"));
    d->timeout_ms = r->w->timeout_ms;
    d->retry = retry;
    run_progress (r, &d->progress_permille, &d->span_permille);
}

static void
resolve_rollback (struct run *r)
{
    const json_t *entry = json_array_get (r->p->rollback, (size_t) r->p->rollback_index);
    json_t *params = json_object ();
    if (json_object_get (entry, "undo") != NULL) {
        json_object_set (params, "argv", json_object_get (entry, "undo"));
        json_object_set (params, "env", json_object_get (entry, "env"));
        fill (r, "run", params, &r->w->retry);
        return;
    }
    json_object_set (params, "component", json_object_get (entry, "component"));
    fill (r, "firmware.rollback", params, &r->w->retry);
    const char *image = string_param (entry, "rollback_image");
    if (image != NULL) {
        r->d->image = str_dup (image);
    }
}

static void
drop_before (struct workflow_decision *d)
{
    for (size_t i = 0; i < d->before.count; i++) {
        struct workflow_before_step *step = vec_at (&d->before, i);
        mem_free (step->action);
        mem_free (step->plugin);
        mem_free (step->op);
        json_decref (step->params);
        mem_free (step->path);
        mem_free (step);
    }
    vec_free (&d->before);
}

static int32_t
resolve_step (struct run *r, struct frame *f, const struct workflow_step *step, struct err *err)
{
    json_t *params = NULL;
    int32_t rc = frame_bind_phase (f, r, err);
    if (rc == 0) {
        rc = frame_bind_step (f, r, err);
    }
    if (rc == 0) {
        rc = expression_expand_all (step->params, &f->scope, &params, err);
    }
    if (rc != 0) {
        return rc;
    }
    char *path = run_path (r);
    rc = resolve_before (r, f, &step->retry, path, err);
    mem_free (path);
    if (rc != 0) {
        drop_before (r->d);
        json_decref (params);
        return rc;
    }
    fill (r, step->action, params, &step->retry);
    r->d->timeout_ms = step->timeout_ms;
    r->d->save = str_dup (step->save);
    r->d->skip_unsupported = step->skip_unsupported;
    r->d->line = step->line;
    return 0;
}

int32_t
run_resolve (struct run *r, struct err *err)
{
    if (r->p->place == WORKFLOW_AT_ROLLBACK) {
        resolve_rollback (r);
        return 0;
    }
    const struct workflow_step *step = run_step (r);
    struct frame f;
    frame_begin (&f, r);
    int32_t rc = resolve_step (r, &f, step, err);
    if (rc != 0) {
        err_prefix (err, "%s:%d: %s", r->w->file, step->line, step->action);
    }
    r->d->undecided = r->d->undecided || f.undecided;
    frame_end (&f);
    return rc;
}

void
run_note_undo (struct run *r)
{
    const struct workflow_step *step = run_step (r);
    if (r->p->place != WORKFLOW_AT_STEP || step == NULL || !str_eq (step->action, "run")
        || json_object_get (step->params, "undo") == NULL) {
        return;
    }
    struct frame f;
    json_t *params = NULL;
    frame_begin (&f, r);
    if (frame_bind_phase (&f, r, NULL) == 0 && frame_bind_step (&f, r, NULL) == 0
        && expression_expand_all (step->params, &f.scope, &params, NULL) == 0) {
        json_t *entry = json_object ();
        char *path = run_path (r);
        json_put_str (entry, "step", path);
        json_object_set (entry, "undo", json_object_get (params, "undo"));
        json_object_set (entry, "env", json_object_get (params, "env"));
        /* The position is a copy, what hangs on it is not. */
        json_t *list = r->p->undo == NULL ? json_array () : json_copy (r->p->undo);
        json_array_append_new (list, entry);
        json_decref (r->p->undo);
        r->p->undo = list;
        mem_free (path);
    }
    json_decref (params);
    frame_end (&f);
}

static void
notice_free (void *item)
{
    struct workflow_notice *n = item;
    mem_free (n->phase);
    mem_free (n->path);
    mem_free (n->text);
    mem_free (n);
}

void
workflow_decision_clear (struct workflow_decision *d)
{
    vec_free_with (&d->notices, notice_free);
    drop_before (d);
    workflow_position_free (d->position);
    mem_free (d->path);
    mem_free (d->phase);
    mem_free (d->action);
    mem_free (d->plugin);
    mem_free (d->op);
    json_decref (d->params);
    mem_free (d->component);
    mem_free (d->image);
    mem_free (d->save);
    memset (d, 0, sizeof *d);
}
