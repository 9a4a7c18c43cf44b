/* failure: what follows when a step fails: its cause, `failed`, abort, continue, rollback, goto.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "workflow/run.h"

/* --- cause ----------------------------------------------------------------------------------- */

/* The component of the current step, as far as it can be told. New reference or NULL. */
static json_t *
step_component (struct run *r, struct frame *f)
{
    if (r->p->place == WORKFLOW_AT_ROLLBACK) {
        const json_t *entry = json_array_get (r->p->rollback, (size_t) r->p->rollback_index);
        return json_incref (json_object_get (entry, "component"));
    }
    const struct workflow_step *step = run_step (r);
    const char *text = step == NULL ? NULL : json_str (step->params, "/component");
    json_t *v = NULL;
    if (text == NULL || expression_expand (text, &f->scope, &v, NULL) != 0) {
        return NULL;
    }
    return v;
}

static const char *
rollback_action (const struct run *r)
{
    const json_t *entry = json_array_get (r->p->rollback, (size_t) r->p->rollback_index);
    return json_object_get (entry, "undo") != NULL ? "run" : "firmware.rollback";
}

static json_t *
make_cause (struct run *r, struct frame *f, int32_t code, const char *message, const json_t *detail,
            bool in_phase_head)
{
    const struct workflow_phase *phase = run_phase (r);
    const struct workflow_step *step = in_phase_head ? NULL : run_step (r);
    json_t *cause = json_object ();
    json_put_str (cause, "phase", phase == NULL ? NULL : phase->name);
    char *path = step == NULL && r->p->place != WORKFLOW_AT_ROLLBACK ? NULL : run_path (r);
    json_put_str (cause, "step", path);
    mem_free (path);
    json_put_str (cause, "action", r->p->place == WORKFLOW_AT_ROLLBACK ? rollback_action (r)
                                   : step == NULL ? NULL : step->action);
    json_t *component = in_phase_head ? NULL : step_component (r, f);
    json_put (cause, "component", component);
    json_put_str (cause, "code", err_code_name (code));
    json_put_str (cause, "message", message == NULL ? "" : message);
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *) detail, key, value) {
        if (json_object_get (cause, key) == NULL) {
            json_put (cause, key, json_incref (value));
        }
    }
    return cause;
}

/* --- failed ---------------------------------------------------------------------------------- */

static json_t *
entry_in_steps (const json_t *batch, const char *component)
{
    size_t i;
    json_t *entry;
    json_array_foreach (json_object_get (batch, "steps"), i, entry) {
        if (str_eq (json_str (entry, "/component"), component)) {
            return entry;
        }
    }
    return NULL;
}

/* The plan's entry for a component: of the loops first, then of the whole plan. Borrowed. */
static json_t *
plan_entry (const struct run *r, const struct frame *f, const char *component)
{
    for (size_t i = f->count; i > 0; i--) {
        json_t *v = f->bindings[i - 1].value;
        if (str_eq (json_str (v, "/component"), component)) {
            return v;
        }
        json_t *entry = entry_in_steps (v, component);
        if (entry != NULL) {
            return entry;
        }
    }
    size_t i;
    json_t *batch;
    json_array_foreach (json_at (r->context, "/plan/batches"), i, batch) {
        json_t *entry = entry_in_steps (batch, component);
        if (entry != NULL) {
            return entry;
        }
    }
    return NULL;
}

/* One entry of what failed: the plan's entry with what is known about the failure over it. */
static json_t *
make_failed (const json_t *entry, const json_t *cause, const char *component)
{
    json_t *failed = json_is_object (entry) ? json_copy ((json_t *) entry) : json_object ();
    static const char *const keys[] = { "phase", "step", "action", "code", "message" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_object_set (failed, keys[i], json_object_get (cause, keys[i]));
    }
    json_put_str (failed, "component", component);
    if (!json_is_boolean (json_object_get (failed, "rollback_ready"))) {
        json_put_bool (failed, "rollback_ready", false);
    }
    return failed;
}

/* All that failed, last one first: the order in which it would be rolled back. New reference. */
static json_t *
list_failed (const struct run *r, const struct frame *f, const json_t *cause)
{
    json_t *list = json_array ();
    json_t *names = json_object_get (cause, "components");
    size_t i;
    json_t *name;
    json_array_foreach (names, i, name) {
        const char *component = json_string_value (name);
        if (component != NULL) {
            json_array_insert_new (list, 0, make_failed (plan_entry (r, f, component), cause,
                                                         component));
        }
    }
    const char *own = json_str (cause, "/component");
    if (json_array_size (list) == 0 && own != NULL) {
        json_array_append_new (list, make_failed (plan_entry (r, f, own), cause, own));
    }
    return list;
}

static json_t *
bind_failed (const json_t *list, const json_t *cause)
{
    json_t *first = json_array_get (list, 0);
    if (first == NULL) {
        return make_failed (NULL, cause, NULL);
    }
    json_t *failed = json_copy (first);
    size_t i;
    json_t *entry;
    json_array_foreach ((json_t *) list, i, entry) {
        if (!json_bool_or (entry, "/rollback_ready", false)) {
            json_put_bool (failed, "rollback_ready", false);
        }
    }
    return failed;
}

/* --- choice ---------------------------------------------------------------------------------- */

static const struct workflow_failure_choice *
choose (struct run *r, struct frame *f, const struct workflow_on_failure *rule, const json_t *list,
        json_t *cause)
{
    static const struct workflow_failure_choice abort_choice = { WORKFLOW_FAILURE_ABORT, -1, NULL };
    if (!rule->set) {
        return &abort_choice;
    }
    bool truth = true;
    struct err err = { 0 };
    frame_bind (f, "failed", bind_failed (list, cause));
    if (frame_when (f, r, rule->when, &truth, &err) != 0) {
        char *text = str_printf ("%s:%d: on_failure: %s", r->w->file, rule->line, err.message);
        json_put_str (cause, "on_failure_error", text);
        mem_free (text);
        return &abort_choice;
    }
    return truth ? &rule->then : &rule->otherwise;
}

static void
tolerate (struct run *r, const json_t *cause, const char *what)
{
    struct workflow_position *p = r->p;
    p->tolerated++;
    if (p->first_tolerated == NULL) {
        p->first_tolerated = json_incref ((json_t *) cause);
    }
    run_notice (r, WORKFLOW_NOTICE_FAILURE_TOLERATED, json_str (cause, "/step") != NULL, "%s: %s",
                what, json_str_or (cause, "/message", ""));
}

static void
settle_failed (struct run *r, const json_t *cause)
{
    if (r->p->pending == WORKFLOW_SUCCEEDED) {
        r->p->pending = WORKFLOW_FAILED;
        r->p->cause = json_incref ((json_t *) cause);
    }
}

/* The components that failed, then what the phase's programs did, the last one first. New. */
static json_t *
list_rollback (struct run *r, const json_t *failed)
{
    json_t *list = json_copy ((json_t *) failed);
    for (size_t i = json_array_size (r->p->undo); i > 0; i--) {
        json_array_append (list, json_array_get (r->p->undo, i - 1));
    }
    return list;
}

static void
begin_rollback (struct run *r, json_t *list)
{
    struct buf names = { 0 };
    size_t i;
    json_t *entry;
    json_array_foreach (list, i, entry) {
        const char *component = json_str (entry, "/component");
        buf_printf (&names, "%s%s", i == 0 ? "" : ", ",
                    component != NULL ? component : json_str_or (entry, "/step", "?"));
    }
    run_notice (r, WORKFLOW_NOTICE_ROLLBACK, false, "%s", names.data);
    buf_free (&names);
    json_decref (r->p->rollback);
    r->p->rollback = json_incref (list);
    r->p->rollback_index = 0;
    r->p->place = WORKFLOW_AT_ROLLBACK;
    r->p->leaving = true;
}

/* A phase is left early; one that never began has no finally to run. */
static void
leave (struct run *r, bool in_phase_head, const char *what)
{
    run_notice (r, WORKFLOW_NOTICE_PHASE_FAILED, false, "%s", what);
    r->p->leaving = true;
    if (in_phase_head) {
        run_after_phase (r);
    } else {
        run_leave_phase (r);
    }
}

static void
apply (struct run *r, const struct workflow_failure_choice *choice, bool of_step, json_t *cause,
       json_t *list, bool in_phase_head)
{
    switch (choice->kind) {
    case WORKFLOW_FAILURE_CONTINUE:
        tolerate (r, cause, "continue");
        if (of_step) {
            run_advance (r);
        } else {
            leave (r, in_phase_head, "continue");
        }
        return;
    case WORKFLOW_FAILURE_GOTO:
        tolerate (r, cause, "goto");
        r->p->goto_phase = choice->goto_phase;
        leave (r, in_phase_head, "goto");
        return;
    case WORKFLOW_FAILURE_ROLLBACK:
        settle_failed (r, cause);
        if (!in_phase_head) {
            run_note_undo (r);         /* a program that failed may have done the half of it */
        }
        json_t *all = list_rollback (r, list);
        if (json_array_size (all) > 0) {
            run_notice (r, WORKFLOW_NOTICE_PHASE_FAILED, false, "rollback");
            begin_rollback (r, all);
        } else {
            leave (r, in_phase_head, "abort: nothing to roll back, the step names no component");
        }
        json_decref (all);
        return;
    default:
        settle_failed (r, cause);
        leave (r, in_phase_head, "abort");
    }
}

/* --- by place -------------------------------------------------------------------------------- */

/* In a finally everything that is left runs in any case; only the outcome may change. */
static void
finally_failed (struct run *r, json_t *cause)
{
    const struct workflow_step *step = run_step (r);
    if (step != NULL && step->on_failure.set
        && step->on_failure.then.kind == WORKFLOW_FAILURE_CONTINUE) {
        tolerate (r, cause, "continue");
    } else {
        settle_failed (r, cause);
    }
    run_advance (r);
}

static void
rollback_failed (struct run *r, json_t *cause)
{
    if (r->p->rollback_cause == NULL) {
        r->p->rollback_cause = json_incref (cause);
    }
    run_advance (r);
}

static void
step_failed (struct run *r, struct frame *f, json_t *cause, bool in_phase_head)
{
    const struct workflow_phase *phase = run_phase (r);
    const struct workflow_step *step = in_phase_head ? NULL : run_step (r);
    bool of_step = step != NULL && step->on_failure.set;
    json_t *list = list_failed (r, f, cause);
    const struct workflow_failure_choice *choice
        = choose (r, f, of_step ? &step->on_failure : &phase->on_failure, list, cause);
    apply (r, choice, of_step, cause, list, in_phase_head);
    json_decref (list);
}

void
run_failed (struct run *r, int32_t code, const char *message, json_t *detail, bool in_phase_head)
{
    struct frame f;
    frame_begin (&f, r);
    f.scope.undecided = NULL;          /* a component that is not known is none */
    if (frame_bind_phase (&f, r, NULL) == 0 && !in_phase_head) {
        frame_bind_step (&f, r, NULL);
    }
    json_t *cause = make_cause (r, &f, code, message, detail, in_phase_head);
    switch (r->p->place) {
    case WORKFLOW_AT_ROLLBACK:
        rollback_failed (r, cause);
        break;
    case WORKFLOW_AT_PHASE_FINALLY:
    case WORKFLOW_AT_FINALLY:
        finally_failed (r, cause);
        break;
    default:
        step_failed (r, &f, cause, in_phase_head);
    }
    json_decref (cause);
    frame_end (&f);
}

void
run_cancelled (struct run *r, const char *message)
{
    struct workflow_position *p = r->p;
    enum workflow_place place = p->place;
    if (p->pending == WORKFLOW_SUCCEEDED) {
        struct frame f;
        frame_begin (&f, r);
        if (frame_bind_phase (&f, r, NULL) == 0) {
            frame_bind_step (&f, r, NULL);
        }
        p->pending = WORKFLOW_CANCELLED;
        p->cause = make_cause (r, &f, FARRIER_E_CANCELLED,
                               message == NULL ? "cancelled" : message, NULL,
                               place == WORKFLOW_AT_START);
        frame_end (&f);
    }
    if (place == WORKFLOW_AT_START) {
        p->place = WORKFLOW_AT_END;    /* nothing was begun, so there is nothing to put right */
    } else if (place == WORKFLOW_AT_PHASE_FINALLY || place == WORKFLOW_AT_FINALLY) {
        run_advance (r);
    } else {
        leave (r, false, "cancelled");
    }
}
