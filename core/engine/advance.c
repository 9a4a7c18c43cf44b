/* advance: see advance.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/advance.h"

#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/action.h"
#include "engine/bind.h"
#include "engine/run.h"
#include "workflow/check.h"

#define OP_DEFAULT_MS (30 * 60 * 1000)
#define WAIT_SPARE_MS (5 * 60 * 1000)  /* a `wait` ends by its own timer */

/* --- telling what the workflow did on the way ----------------------------------------------- */

static void
tell (struct turn *t, const struct workflow_notice *n)
{
    json_t *body = json_object ();
    char *kind = str_printf ("workflow.%s", workflow_notice_name (n->kind));
    json_put_str (body, "phase", n->phase);
    json_put_str (body, "step", n->path);
    json_put_str (body, "text", n->text);
    if (n->iteration >= 0)
        json_put_int (body, "iteration", n->iteration);
    turn_event (t, kind, body);
    mem_free (kind);
}

static void
take_decision (struct turn *t, struct workflow_decision *d)
{
    for (size_t i = 0; i < d->notices.count; i++)
        tell (t, vec_at (&d->notices, i));
    workflow_position_free (t->position);
    t->position = workflow_position_copy (d->position);
    if ((int) d->progress_permille > t->row->progress_permille)
        t->row->progress_permille = (int) d->progress_permille;
    str_set (&t->row->phase, d->phase);
    str_set (&t->row->step_path, d->path);
}

/* --- the attempt of a step ------------------------------------------------------------------ */

/* What of the step's parameters is the op's: component and image are the attempt's own. */
static json_t *
op_params (const json_t *params)
{
    json_t *own = params == NULL ? json_object () : json_copy ((json_t *) params);
    json_object_del (own, "component");
    json_object_del (own, "image");
    return own;
}

static void
new_attempt (struct turn *t, const char *path, const char *phase, const char *action,
             const char *op, const char *component, const char *image, int64_t deadline_ms)
{
    struct store_attempt *a = mem_alloc (sizeof *a);
    a->id = hash_random_id ("att");
    a->job_id = str_dup (t->job->id);
    a->phase = str_dup (phase);
    a->step_path = str_dup (path);
    a->action = str_dup (action);
    a->op = str_dup (op);
    a->number = (int) t->number + 1;
    a->component_key = str_dup (component);
    a->image_digest = str_dup (image == NULL ? NULL
                               : str_starts (image, "sha256:") ? image + 7 : image);
    a->state = str_dup ("open");
    a->mode = str_dup (MODE_POLL);
    a->bag_json = str_dup ("{}");
    a->started_ms = clock_wall_ms ();
    a->deadline_ms = deadline_ms;
    turn_take_attempt (t, a);
}

struct begin {
    const char *path, *phase, *action, *plugin, *op, *component, *image;
    const json_t *params, *params_checked;
    int64_t timeout_ms;
    const char *save;
    bool finally, before, releases_lock, skip_unsupported;
};

/* The op of the step, and its parameters as the op wants them. */
static int32_t
resolve (struct turn *t, const struct begin *b, const struct plugin_op **ret_op,
         json_t **ret_params, struct err *err)
{
    json_t *own = op_params (b->params);
    const char *op_name = b->op;
    int32_t rc = 0;
    if (b->plugin == NULL && str_eq (b->op, "power_restore"))
        rc = action_power_restore (t->context, &op_name, &own, err);
    if (rc == 0)
        rc = bind_op (t, b->plugin, op_name, b->component, ret_op, err);
    if (rc == 0)
        rc = plugin_params_check (&(*ret_op)->def.params, own, 0, NULL, NULL, ret_params, err);
    json_decref (own);
    return rc;
}

/* When the attempt's time is up; 0 = never. The default of a workflow is meant for steps that work:
 * `wait` lasts as long as it says, `approve` as long as its `within`. */
static int64_t
time_limit (const struct turn *t, const struct begin *b, const struct plugin_op *op)
{
    const struct workflow *w = t->job->workflow;
    bool said = b->timeout_ms != 0 && b->timeout_ms != w->timeout_ms;
    int64_t now = clock_wall_ms (), limit = b->timeout_ms;
    uint32_t op_ms = op == NULL ? 0 : op->def.op_ms;
    if (b->releases_lock && !said) {
        limit = json_int_or (b->params_checked, "/within", 0);
        int64_t pause = json_int_or (b->params_checked, "/duration", 0);
        if (pause > 0)
            limit = pause + WAIT_SPARE_MS;
        return limit > 0 ? now + limit : 0;
    }
    if (limit == 0)
        limit = op_ms != 0 ? op_ms : OP_DEFAULT_MS;
    return now + limit;
}

static int32_t
begin (struct turn *t, struct begin *b)
{
    struct err err;
    const struct plugin_op *op = NULL;
    json_t *params = NULL;
    err_clear (&err);
    int32_t rc = resolve (t, b, &op, &params, &err);
    b->params_checked = params;
    new_attempt (t, b->path, b->phase, b->action, op == NULL ? b->op : op->def.name, b->component,
                 b->image, time_limit (t, b, op));
    if (b->save != NULL) {
        json_t *bag = turn_bag (t);
        json_put_str (bag, "save", b->save);
        turn_put_bag (t, bag);
    }
    if (b->finally)
        turn_set_bag_flag (t, "finally", true);
    if (b->before)
        turn_set_bag_flag (t, "before", true);
    if (b->releases_lock)
        turn_set_bag_flag (t, "releases_lock", true);
    if (b->skip_unsupported)
        turn_set_bag_flag (t, "skip_unsupported", true);
    if (op != NULL && op->plugin != NULL)
        t->attempt->plugin = str_dup (plugin_info (op->plugin)->name);
    if (rc == ERR_NOTHING) {           /* power_restore with nothing to restore */
        settle_attempt_end (t, "skipped");
        struct workflow_result skipped = { .kind = WORKFLOW_RESULT_SKIPPED,
                                           .message = err.message };
        return advance (t, &skipped);
    }
    if (rc != 0)
        return settle_fail (t, rc < ERR_NOT_FOUND + 1 ? FARRIER_E_INVALID : rc, err.message,
                            err.hint, NULL, -1);
    t->attempt->params_json = json_text (params);
    json_decref (params);
    json_t *body = json_object ();
    json_put_str (body, "step", b->path);
    json_put_str (body, "action", b->action);
    json_put_str (body, "plugin", t->attempt->plugin);
    json_put_str (body, "component", b->component);
    json_put_int (body, "attempt", t->attempt->number);
    turn_event (t, "step.started", body);
    return settle_call (t, PLUGIN_CALL_START, NULL);
}

static const struct workflow_before_step *
next_before (const struct turn *t, const struct workflow_decision *d)
{
    uint32_t seen = 0;
    if (t->number == 0)
        return NULL;
    for (size_t i = 0; i < d->before.count; i++) {
        const struct workflow_before_step *s = vec_at (&d->before, i);
        if (s->attempt != 0 && s->attempt != t->number + 1)
            continue;
        if (seen++ == t->before)
            return s;
    }
    return NULL;
}

/* The way back depends on what the failed update left in the slots: the last inventory is older. */
static bool
must_look_first (const struct turn *t, const struct workflow_decision *d)
{
    return d->role == WORKFLOW_ROLE_ROLLBACK && d->component != NULL && t->number == 0
           && t->before == 0
           && json_int_or (t->context, "/job/inventory_ms", 0)
                  <= json_int_or (t->context, "/job/changed_ms", 0);
}

static int32_t
begin_look (struct turn *t, const struct workflow_decision *d)
{
    char *path = str_printf ("%s/inventory", d->path);
    struct begin b = { .path = path, .phase = d->phase, .action = "inventory",
                       .op = "inventory", .before = true };
    int32_t rc = begin (t, &b);
    mem_free (path);
    return rc;
}

int32_t
advance_begin (struct turn *t, const struct workflow_decision *d)
{
    if (must_look_first (t, d))
        return begin_look (t, d);
    const struct workflow_before_step *s = next_before (t, d);
    if (s != NULL) {
        struct begin b = { .path = s->path, .phase = d->phase, .action = s->action,
                           .plugin = s->plugin, .op = s->op, .params = s->params, .before = true,
                           .component = json_str (s->params, "/component") };
        return begin (t, &b);
    }
    const struct workflow_action *action = workflow_action_find (d->op);
    struct begin b = {
        .path = d->path, .phase = d->phase, .action = d->action, .plugin = d->plugin, .op = d->op,
        .component = d->component, .image = d->image, .params = d->params,
        .timeout_ms = d->timeout_ms, .save = d->save,
        .finally = d->role == WORKFLOW_ROLE_FINALLY || d->role == WORKFLOW_ROLE_PHASE_FINALLY,
        .skip_unsupported = d->skip_unsupported,
        .releases_lock = d->plugin == NULL && action != NULL && action->releases_lock,
    };
    return begin (t, &b);
}

/* --- the loop ------------------------------------------------------------------------------- */

/* In a finally the wish is heard already: there CANCELLED would only skip the clean-up. */
static bool
must_cancel (const struct turn *t, const struct workflow_result *last)
{
    if (t->position->place == WORKFLOW_AT_PHASE_FINALLY
        || t->position->place == WORKFLOW_AT_FINALLY)
        return false;
    return atomic_load (&t->job->cancelled) && t->position->pending != WORKFLOW_CANCELLED
           && (last == NULL || last->kind != WORKFLOW_RESULT_CANCELLED);
}

int32_t
advance (struct turn *t, const struct workflow_result *last)
{
    static const struct workflow_result cancelled = { .kind = WORKFLOW_RESULT_CANCELLED,
                                                      .message = "cancelled by a person" };
    struct workflow_decision d;
    struct err err;
    if (atomic_load (&t->engine->halted))
        return FARRIER_E_CANCELLED;    /* `cancelled` then is not a person's wish */
    if (must_cancel (t, last))
        last = &cancelled;
    if (last != NULL && last->kind != WORKFLOW_RESULT_NONE) {
        t->number = 0;
        t->before = 0;
    }
    int32_t rc = workflow_next (t->job->workflow, t->position, t->context, NULL, last, &d, &err);
    if (rc != 0 && atomic_load (&t->job->cancelled)) {
        struct workflow_decision end = { .kind = WORKFLOW_FINISHED,
                                         .outcome = WORKFLOW_CANCELLED };
        return finish (t, &end);       /* nobody can say what its finally would have been */
    }
    if (rc != 0)
        return finish_park (t, "defect", finish_cause (t, rc, err.message, err.hint, NULL));
    take_decision (t, &d);
    turn_set_state (t, "running");
    if (t->wish != NULL)               /* a step may read for minutes before the next commit */
        rc = turn_commit (t, &err);
    if (rc != 0) {
        workflow_decision_clear (&d);
        return rc;
    }
    if (d.kind == WORKFLOW_FINISHED) {
        rc = finish (t, &d);
    } else if (bind_needed (t, &d)) {
        rc = bind_begin (t);
    } else {
        rc = advance_begin (t, &d);
    }
    workflow_decision_clear (&d);
    return rc;
}
