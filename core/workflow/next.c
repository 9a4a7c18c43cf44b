/* next: moves a position on until a step stands there that can run, or the end.
 *
 * Each turn of the loop looks at one place and either decides (true) or moves r->p and looks again.
 * It ends, since a position only ever moves forward: steps, iterations, phases, finally, end.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "workflow/next.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "workflow/run.h"

static void
at_steps (struct run *r, enum workflow_place place)
{
    r->p->place = place;
    r->p->step = 0;
    r->p->step_iteration = -1;
}

void
run_enter_finally (struct run *r)
{
    r->p->phase = r->p->iteration = -1;
    r->p->goto_phase = -1;
    r->p->leaving = false;
    at_steps (r, WORKFLOW_AT_FINALLY);
    if (r->w->finally.count > 0) {
        run_notice (r, WORKFLOW_NOTICE_FINALLY, false, "%s", "");
    }
}

void
run_leave_phase (struct run *r)
{
    r->p->iteration = -1;
    at_steps (r, WORKFLOW_AT_PHASE_FINALLY);
}

void
run_advance (struct run *r)
{
    struct workflow_position *p = r->p;
    const struct workflow_step *step = run_step (r);
    if (p->place == WORKFLOW_AT_ROLLBACK) {
        p->rollback_index++;
    } else if (step != NULL && step->for_each != NULL && p->step_iteration >= 0) {
        p->step_iteration++;
    } else {
        p->step++;
        p->step_iteration = -1;
    }
}

/* --- phases ---------------------------------------------------------------------------------- */

/* Evaluates the head of phase p->phase. True when its first step is to be looked at. */
static int32_t
phase_head (struct run *r, const struct workflow_phase *phase, bool *ret_enter,
            bool *ret_undecided, struct err *err)
{
    struct frame f;
    json_t *list = NULL;
    size_t count = 1;
    bool enter = true;
    frame_begin (&f, r);
    int32_t rc = frame_when (&f, r, phase->when, &enter, err);
    if (rc == 0 && !enter) {
        run_notice (r, WORKFLOW_NOTICE_PHASE_SKIPPED, false, "when: %s is false", phase->when);
    }
    if (rc == 0 && enter && phase->for_each != NULL) {
        rc = frame_list (&f, r, phase->for_each, &list, &count, err);
    }
    if (rc == 0 && enter && count == 0) {
        run_notice (r, WORKFLOW_NOTICE_PHASE_SKIPPED, false, "nothing in %s", phase->for_each);
        enter = false;
    }
    json_decref (list);
    frame_end (&f);
    *ret_undecided = f.undecided;
    *ret_enter = enter;
    return rc;
}

static void
enter_phase (struct run *r, int32_t index)
{
    struct workflow_position *p = r->p;
    p->goto_phase = -1;
    p->leaving = false;
    json_decref (p->undo);
    p->undo = NULL;
    if ((size_t) index >= r->w->phases.count) {
        run_enter_finally (r);
        return;
    }
    const struct workflow_phase *phase = vec_at (&r->w->phases, (size_t) index);
    struct err err = { 0 };
    bool enter = false, undecided = false;
    p->phase = index;
    p->iteration = -1;
    at_steps (r, WORKFLOW_AT_STEP);
    int32_t rc = phase_head (r, phase, &enter, &undecided, &err);
    if (rc != 0) {
        char *message = str_printf ("%s:%d: phase '%s': %s", r->w->file, phase->line, phase->name,
                                    err.message);
        run_failed (r, FARRIER_E_INVALID, message, NULL, true);
        mem_free (message);
    } else if (!enter) {
        p->place = WORKFLOW_AT_START;  /* not in a phase: look at the next one */
    } else {
        p->iteration = phase->for_each == NULL ? -1 : 0;
        run_notice (r, WORKFLOW_NOTICE_PHASE_ENTERED, false, "%s",
                    undecided ? "depends on what is not known yet" : "");
    }
}

void
run_after_phase (struct run *r)
{
    struct workflow_position *p = r->p;
    if (!p->leaving) {
        run_notice (r, WORKFLOW_NOTICE_PHASE_DONE, false, "%s", "");
    }
    if (p->pending != WORKFLOW_SUCCEEDED) {
        run_enter_finally (r);
        return;
    }
    /* START with a phase: the one behind it is looked at next. A goto names its target's
     * predecessor, which is at least this phase, since goto leads forward only. */
    if (p->goto_phase >= 0) {
        p->phase = p->goto_phase - 1;
    }
    p->place = WORKFLOW_AT_START;
}

/* The steps of this place are through. */
static void
steps_through (struct run *r)
{
    struct workflow_position *p = r->p;
    if (p->place == WORKFLOW_AT_FINALLY) {
        p->place = WORKFLOW_AT_END;
        return;
    }
    if (p->place == WORKFLOW_AT_PHASE_FINALLY) {
        run_after_phase (r);
        return;
    }
    const struct workflow_phase *phase = run_phase (r);
    struct frame f;
    json_t *list = NULL;
    size_t count = 0;
    frame_begin (&f, r);
    if (phase->for_each != NULL && frame_list (&f, r, phase->for_each, &list, &count, NULL) != 0) {
        count = 0;                     /* the list is gone: no further round */
    }
    json_decref (list);
    frame_end (&f);
    if (p->iteration >= 0 && (size_t) p->iteration + 1 < count) {
        p->iteration++;
        at_steps (r, WORKFLOW_AT_STEP);
        run_notice (r, WORKFLOW_NOTICE_PHASE_ENTERED, false, "%s", "");
    } else {
        run_leave_phase (r);
    }
}

/* --- steps ----------------------------------------------------------------------------------- */

/* The step's loop and its `when`. *ret_run false: the cursor was moved, look again. */
static int32_t
step_head (struct run *r, struct frame *f, const struct workflow_step *step, bool *ret_run,
           struct err *err)
{
    struct workflow_position *p = r->p;
    json_t *list = NULL;
    size_t count = 1;
    *ret_run = false;
    int32_t rc = frame_bind_phase (f, r, err);
    if (rc == 0 && step->for_each != NULL) {
        rc = frame_list (f, r, step->for_each, &list, &count, err);
        json_decref (list);
    }
    if (rc != 0) {
        p->step_iteration = -1;        /* without its list the step is through as a whole */
        return rc;
    }
    if (step->for_each != NULL && p->step_iteration < 0) {
        if (count == 0) {
            run_notice (r, WORKFLOW_NOTICE_STEP_SKIPPED, true, "nothing in %s", step->for_each);
        }
        p->step_iteration = 0;
    }
    if (step->for_each != NULL && (size_t) p->step_iteration >= count) {
        p->step++;
        p->step_iteration = -1;
        return 0;
    }
    bool truth = true;
    rc = frame_bind_step (f, r, err);
    if (rc == 0) {
        rc = frame_when (f, r, step->when, &truth, err);
    }
    if (rc == 0 && !truth) {
        run_notice (r, WORKFLOW_NOTICE_STEP_SKIPPED, true, "when: %s is false", step->when);
        run_advance (r);
    }
    *ret_run = rc == 0 && truth;
    return rc;
}

static void
not_resolved (struct run *r, int32_t code, const char *message)
{
    run_notice (r, WORKFLOW_NOTICE_STEP_FAILED, true, "%s", message);
    run_failed (r, code == ERR_NOT_FOUND ? FARRIER_E_INVALID : code, message, NULL, false);
}

static bool
look_at_step (struct run *r)
{
    const struct workflow_step *step = run_step (r);
    if (step == NULL) {
        steps_through (r);
        return false;
    }
    struct frame f;
    struct err err = { 0 };
    bool run = false;
    frame_begin (&f, r);
    int32_t rc = step_head (r, &f, step, &run, &err);
    bool undecided = f.undecided;
    frame_end (&f);
    if (rc != 0) {
        err_prefix (&err, "%s:%d: %s", r->w->file, step->line, step->action);
        not_resolved (r, rc, err.message);
        return false;
    }
    if (!run) {
        return false;
    }
    r->d->undecided = undecided;
    rc = run_resolve (r, &err);
    if (rc != 0) {
        not_resolved (r, rc, err.message);
    }
    return rc == 0;
}

static bool
look_at_rollback (struct run *r)
{
    if ((size_t) r->p->rollback_index >= json_array_size (r->p->rollback)) {
        run_leave_phase (r);
        return false;
    }
    return run_resolve (r, NULL) == 0;
}

/* --- end ------------------------------------------------------------------------------------- */

static void
finish (struct run *r)
{
    struct workflow_position *p = r->p;
    struct workflow_decision *d = r->d;
    p->phase = p->iteration = p->step = p->step_iteration = p->goto_phase = -1;
    d->kind = WORKFLOW_FINISHED;
    d->outcome = p->pending;
    d->progress_permille = p->pending == WORKFLOW_SUCCEEDED ? 1000 : 0;
    if (p->rollback != NULL && json_object_get (p->cause, "rollback") == NULL) {
        json_t *cause = json_copy (p->cause);
        bool all = p->rolled_back == json_array_size (p->rollback);
        json_put_str (cause, "rollback", all ? "done" : "failed");
        if (p->rollback_cause != NULL) {
            json_put (cause, "rollback_cause", json_incref (p->rollback_cause));
        }
        json_decref (p->cause);
        p->cause = cause;
    }
    d->cause = p->cause;
    d->tolerated = p->tolerated;
    d->first_tolerated = p->first_tolerated;
    d->rolled_back = p->rolled_back;
}

static void
settle (struct run *r)
{
    for (;;) {
        switch (r->p->place) {
        case WORKFLOW_AT_START:
            enter_phase (r, r->p->phase + 1);
            break;
        case WORKFLOW_AT_ROLLBACK:
            if (look_at_rollback (r)) {
                return;
            }
            break;
        case WORKFLOW_AT_END:
            finish (r);
            return;
        default:
            if (look_at_step (r)) {
                return;
            }
        }
    }
}

static void
apply_failure (struct run *r, const struct workflow_result *last)
{
    const struct workflow_step *step = run_step (r);
    if (last->code == FARRIER_E_UNSUPPORTED && step != NULL && step->skip_unsupported) {
        run_notice (r, WORKFLOW_NOTICE_STEP_SKIPPED, true, "not supported: %s",
                    last->message == NULL ? "" : last->message);
        run_advance (r);
        return;
    }
    run_failed (r, last->code == 0 ? FARRIER_E_INTERNAL : last->code, last->message, last->detail,
                false);
}

static void
apply_result (struct run *r, const struct workflow_result *last)
{
    struct workflow_position *p = r->p;
    if (p->place == WORKFLOW_AT_END) {
        return;
    }
    if (last->kind == WORKFLOW_RESULT_CANCELLED) {
        run_cancelled (r, last->message);
    } else if (p->place == WORKFLOW_AT_START) {
        return;
    } else if (last->kind == WORKFLOW_RESULT_FAILED) {
        apply_failure (r, last);
    } else {
        p->rolled_back += p->place == WORKFLOW_AT_ROLLBACK;
        if (last->kind == WORKFLOW_RESULT_DONE) {
            run_note_undo (r);
        }
        run_advance (r);
    }
}

/* Says again what runs here; `when` was answered when the step began. */
static bool
resume (struct run *r)
{
    struct err err = { 0 };
    if (r->p->place == WORKFLOW_AT_START || r->p->place == WORKFLOW_AT_END) {
        return false;
    }
    int32_t rc = run_resolve (r, &err);
    if (rc != 0) {
        not_resolved (r, rc, err.message);
    }
    return rc == 0;
}

static bool
stands (const struct run *r)
{
    const struct workflow_position *p = r->p;
    switch (p->place) {
    case WORKFLOW_AT_START:
    case WORKFLOW_AT_END:
        return true;
    case WORKFLOW_AT_FINALLY:
        return run_step (r) != NULL;
    default:
        if (p->phase < 0 || (size_t) p->phase >= r->w->phases.count) {
            return false;
        }
        return p->place == WORKFLOW_AT_ROLLBACK || run_step (r) != NULL;
    }
}

int32_t
run_next (struct run *r, const struct workflow_result *last, struct err *err)
{
    if (!stands (r)) {
        return err_set (err, FARRIER_E_INTERNAL, "position (%s, phase %d, step %d) does not fit "
                        "workflow '%s'", workflow_place_name (r->p->place), r->p->phase,
                        r->p->step, r->w->name);
    }
    if (last == NULL || last->kind == WORKFLOW_RESULT_NONE) {
        if (resume (r)) {
            return 0;
        }
    } else {
        apply_result (r, last);
    }
    settle (r);
    return 0;
}

int32_t
workflow_next (const struct workflow *w, const struct workflow_position *at, json_t *context,
               const struct workflow_versions *versions, const struct workflow_result *last,
               struct workflow_decision *ret, struct err *err)
{
    struct workflow_decision d = { 0 };
    struct run r = { w, workflow_position_copy (at), context, versions, &d, false };
    int32_t rc = run_next (&r, last, err);
    if (rc != 0) {
        workflow_position_free (r.p);
        return rc;
    }
    d.position = r.p;
    *ret = d;
    return 0;
}
