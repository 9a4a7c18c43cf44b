/* job: what a letter means for a job.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/advance.h"
#include "engine/artifact.h"
#include "engine/flight.h"
#include "engine/process_files.h"
#include "engine/record.h"
#include "engine/run.h"
#include "engine/timers.h"
#include "firmware/plan.h"

static char *
look_up_name (struct engine *engine, const char *host_id)
{
    struct store_host *host = NULL;
    bool known = store_host_get (engine->o.store, host_id, &host, NULL) == 0;
    char *name = str_dup (known ? host->name : host_id);
    store_host_free (host);
    return name;
}

struct job *
job_new (struct engine *engine, const char *id, const char *host_id, const char *host_name)
{
    struct job *job = mem_alloc (sizeof *job);
    job->engine = engine;
    job->id = str_dup (id);
    job->host_id = str_dup (host_id);
    job->host_name = host_name == NULL ? look_up_name (engine, host_id) : str_dup (host_name);
    list_init (&job->box);
    list_init (&job->waiting);
    atomic_init (&job->cancelled, false);
    return job;
}

void
job_free (struct job *job)
{
    list_for_each_safe (it, tmp, &job->box)
        letter_free (list_entry (it, struct letter, link));
    flight_drop (job->flight, true);
    if (job->held != NULL)
        turn_end (job->held);
    mem_free (job->held);
    workflow_unref (job->workflow);
    mem_free (job->id);
    mem_free (job->host_id);
    mem_free (job->host_name);
    mem_free (job);
}

/* --- beginning, and going on after a restart ------------------------------------------------ */

/* Something was sent, and no answer is known. */
static int32_t
resume_launched (struct turn *t)
{
    if (str_eq (t->await->kind, "process"))
        return launch (t);             /* the attempt's directory knows: one child, ever */
    turn_set_bag_flag (t, "sent", true);
    json_t *bag = turn_bag (t);
    if (json_int_or (bag, "/sent_ms", 0) == 0)
        json_put_int (bag, "sent_ms", t->await->launched_ms);
    turn_put_bag (t, bag);
    json_t *body = json_object ();
    json_put_str (body, "step", t->attempt->step_path);
    json_put_str (body, "text", "interrupted after something was sent; the BMC is asked");
    turn_event (t, "step.reconcile", body);
    return settle_reconcile (t, FARRIER_DELIVERY_MAYBE);
}

static int32_t
resume_answered (struct turn *t)
{
    json_t *wake = json_stored (t->await->wake_json, NULL);
    if (wake == NULL)
        return settle_reconcile (t, FARRIER_DELIVERY_ANSWERED);
    struct answer *a = answer_from_json (wake);
    int32_t rc = settle_deliver (t, a);
    answer_free (a);
    json_decref (wake);
    return rc;
}

static int32_t
resume_attempt (struct turn *t)
{
    if (str_eq (t->attempt->state, "unknown"))
        return finish_park (t, "unknown",
                            finish_cause (t, FARRIER_E_LOST, "interrupted", "", NULL));
    if (t->await == NULL || str_eq (t->attempt->mode, MODE_RECONCILE)) {
        if (t->await != NULL && str_eq (t->await->state, "queued") && !t->await->changing)
            return launch (t);
        return settle_reconcile (t, FARRIER_DELIVERY_MAYBE);
    }
    if (str_eq (t->await->state, "answered"))
        return resume_answered (t);
    if (str_eq (t->await->state, "launched"))
        return resume_launched (t);
    return launch (t);
}

static int32_t
on_run (struct turn *t, struct letter *letter)
{
    (void) letter;
    if (t->job->flight != NULL)
        return 0;                      /* a person's wish was quicker, and has set it going */
    /* A wish that was stored when the program ended. */
    if (t->row->cancel_requested && !str_eq (t->row->state, "queued"))
        engine_post (t->engine, t->job->id, LETTER_CANCEL, NULL, 0, 0, NULL, NULL);
    if (str_eq (t->row->state, "parked")) {
        t->rests = true;
        engine_job_rests (t->engine, t->job);
        return 0;
    }
    if (t->attempt != NULL)
        return resume_attempt (t);
    if (t->row->wake_at_ms > clock_wall_ms ()) {
        timers_set (t->engine->timers, t->job->id, LETTER_DUE, NULL, t->row->wake_at_ms);
        return 0;
    }
    if (t->row->started_ms == 0) {
        t->row->started_ms = clock_wall_ms ();
        turn_event (t, "job.started", NULL);
    }
    t->row->wake_at_ms = 0;
    return advance (t, NULL);
}

/* --- answers -------------------------------------------------------------------------------- */

static bool
is_for_open_await (const struct turn *t, const struct letter *letter)
{
    return t->attempt != NULL && t->await != NULL && str_eq (t->attempt->state, "open")
           && str_eq (t->attempt->id, letter->attempt_id) && t->await->seq == letter->seq;
}

static int32_t
write_answer (struct turn *t, const struct answer *a)
{
    struct err err;
    turn_store_attempt (t);
    json_t *wake = answer_to_json (a);
    char *text = json_text (wake);
    store_batch_await_answer (turn_batch (t), t->attempt->id, t->await->seq, text);
    json_decref (wake);
    mem_free (text);
    int32_t rc = turn_commit (t, &err);
    if (rc == 0)
        str_set (&t->await->state, "answered");
    return rc;
}

/* The answer to a change is on the disk before anybody acts on it. */
static int32_t
journal_answer (struct turn *t, struct answer *a)
{
    if (!t->await->changing)
        return 0;
    if (a->delivery != FARRIER_DELIVERY_NONE)
        turn_set_bag_flag (t, "sent", true);
    if (a->delivery != FARRIER_DELIVERY_NONE && json_object_get (t->context, "job") != NULL) {
        json_put_int (json_object_get (t->context, "job"), "changed_ms", clock_wall_ms ());
        t->context_changed = true;     /* `verify` wants an inventory that is newer than this */
    }
    return write_answer (t, a);
}

static int32_t
on_answer (struct turn *t, struct letter *letter)
{
    if (!is_for_open_await (t, letter))
        return 0;
    if (str_eq (t->await->kind, "download") && letter->answer->code == FARRIER_OK
        && letter->answer->status == 200)
        artifact_keep_download (t, letter->answer);
    if (str_eq (t->await->kind, "process") && letter->answer->delivery == FARRIER_DELIVERY_ANSWERED)
        process_files_keep_for (t, letter->answer);
    int32_t rc = str_eq (t->await->state, "answered") ? 0 : journal_answer (t, letter->answer);
    if (rc != 0)
        return rc;
    store_crash_point ("answer-journaled");
    if (t->job->flight != NULL)
        turn_progress (t, t->job->flight->last_permille);
    flight_drop (t->job->flight, false);
    t->job->flight = NULL;
    return settle_deliver (t, letter->answer);
}

static int32_t
on_gate (struct turn *t, struct letter *letter)
{
    if (!is_for_open_await (t, letter)) {
        if (letter->number != 0)
            net_proceed (t->engine->o.net, (net_handle) letter->number, FARRIER_E_CANCELLED,
                         "no longer wanted");
        return 0;
    }
    return launch_gate (t, (net_handle) letter->number);
}

static int32_t
on_guarded (struct turn *t, struct letter *letter)
{
    if (!is_for_open_await (t, letter) || !str_eq (t->await->state, "queued"))
        return 0;
    return launch_guarded (t, letter->answer);
}

/* --- time ----------------------------------------------------------------------------------- */

/* The timer of a retry, of the next look, or of an await_timer. */
static int32_t
on_due (struct turn *t, struct letter *letter)
{
    if (str_eq (t->row->state, "parked"))
        return 0;
    t->row->wake_at_ms = 0;
    if (t->attempt == NULL)
        return advance (t, NULL);
    if (letter->attempt_id != NULL && !str_eq (letter->attempt_id, t->attempt->id))
        return 0;
    if (t->await != NULL && str_eq (t->await->kind, "timer")) {
        struct answer *a = answer_new (FARRIER_WAKE_TIMER);
        struct letter due = { .attempt_id = t->attempt->id, .seq = t->await->seq, .answer = a };
        int32_t rc = on_answer (t, &due);
        answer_free (a);
        return rc;
    }
    if (str_eq (t->attempt->mode, MODE_RECONCILE))
        return settle_reconcile (t, FARRIER_DELIVERY_MAYBE);
    return 0;
}

static int32_t
on_deadline (struct turn *t, struct letter *letter)
{
    if (t->attempt == NULL || !str_eq (t->attempt->id, letter->attempt_id)
        || !str_eq (t->attempt->state, "open"))
        return 0;
    char *took = duration_format (clock_wall_ms () - t->attempt->started_ms);
    char *message = str_printf ("%s did not end in %s (waiting for: %s)", t->attempt->action, took,
                                t->await == NULL ? "its turn" : t->await->label);
    flight_drop (t->job->flight, true);
    t->job->flight = NULL;
    if (t->await != NULL && str_eq (t->await->state, "launched"))
        turn_set_bag_flag (t, "sent", true);
    int32_t rc = str_eq (t->attempt->mode, MODE_RECONCILE) ? settle_reconcile_late (t)
               : settle_fail (t, FARRIER_E_TIMEOUT, message,
                              "a longer `timeout` for this step in the workflow, if that is normal",
                              NULL, -1);
    mem_free (took);
    mem_free (message);
    return rc;
}

/* `job show` and `why` shall not be older than this. */
static int32_t
on_flush (struct turn *t, struct letter *letter)
{
    struct err err;
    (void) letter;
    return t->held ? turn_commit (t, &err) : 0;
}

/* --- people --------------------------------------------------------------------------------- */

static int32_t
give_up_step (struct turn *t)
{
    struct workflow_result cancelled = { .kind = WORKFLOW_RESULT_CANCELLED,
                                         .message = "cancelled by a person" };
    settle_attempt_end (t, "cancelled");
    return advance (t, &cancelled);
}

/* A parked job goes on: its row no longer says that it is parked. */
static void
unpark (struct turn *t)
{
    turn_set_cause (t, NULL);
    str_set (&t->row->status, NULL);
    turn_set_state (t, "running");
    engine_job_resumes (t->engine, t->job);
}

/* Nothing is under way: it was parked, or waited for its next attempt. */
static int32_t
cancel_at_rest (struct turn *t)
{
    timers_forget (t->engine->timers, t->job->id);
    t->row->wake_at_ms = 0;
    if (t->attempt != NULL && str_eq (t->attempt->state, "open")) {
        settle_attempt_end (t, "cancelled");
    } else if (t->attempt != NULL) {   /* nobody knows whether it happened, and that stays so */
        store_batch_attempt_resolve (turn_batch (t), t->attempt->id, "cancelled",
                                     clock_wall_ms ());
        turn_outcome_all (t, OUTCOME_ACCEPTED, OUTCOME_ACTIVATED, OUTCOME_CANCELLED_UNKNOWN,
                          NULL);
        turn_take_attempt (t, NULL);
    }
    unpark (t);
    return advance (t, NULL);
}

static int32_t
on_cancel (struct turn *t, struct letter *letter)
{
    struct err err;
    (void) letter;
    atomic_store (&t->job->cancelled, true);
    if (t->attempt == NULL || str_eq (t->attempt->state, "unknown")
        || str_eq (t->row->state, "parked"))
        return cancel_at_rest (t);
    if (str_eq (t->attempt->mode, MODE_CANCEL))
        return 0;                      /* it is being stopped already: once is enough */
    bool sent = turn_bag_flag (t, "sent")
                || (t->await != NULL && str_eq (t->await->state, "launched"));
    if (turn_bag_flag (t, "finally") || turn_bag_flag (t, "critical")
        || turn_bag_flag (t, "too_late")) {
        turn_event (t, "job.cancelling", json_pack ("{ss}", "text",
                                                    "after the step that can't be interrupted"));
        turn_set_state (t, "cancelling");
        return turn_commit (t, &err);
    }
    const struct plugin_op *op = run_op (t, &err);
    if (!sent)
        return give_up_step (t);
    if (op != NULL && op->def.cancel != NULL) {
        json_t *bag = turn_bag (t);    /* where it goes on, should it be too late */
        json_put_str (bag, "mode_before", t->attempt->mode);
        turn_put_bag (t, bag);
        str_set (&t->attempt->mode, MODE_CANCEL);
        turn_set_state (t, "cancelling");
        return settle_call (t, PLUGIN_CALL_CANCEL, NULL);
    }
    turn_event (t, "job.cancelling",
                json_pack ("{ss}", "text",
                           "something is running on the BMC; the job ends when it has ended"));
    turn_set_state (t, "cancelling");
    return turn_commit (t, &err);
}

/* The op would have said which reset the new firmware waits for; the plan knows it too. */
static void
note_reset (struct turn *t)
{
    const struct store_attempt *a = t->attempt;
    enum farrier_reboot reboot;
    size_t b, s;
    json_t *batch, *step;
    if (a->component_key == NULL || !str_eq (a->op, "firmware.install"))
        return;
    json_array_foreach (json_at (t->context, "/plan/batches"), b, batch) {
        json_array_foreach (json_object_get (batch, "steps"), s, step) {
            if (str_eq (json_str (step, "/component"), a->component_key)
                && !json_bool_or (step, "/applies_at_once", false)
                && plan_reboot_from_name (json_str_or (step, "/reboot", ""), &reboot)
                && reboot != FARRIER_REBOOT_NONE) {
                record_set_needs (t->context, record_needs_mask (t->context) | 1u << reboot);
                t->context_changed = true;
            }
        }
    }
}

static int32_t
on_resolve (struct turn *t, struct letter *letter)
{
    static const char *const states[] = { "done", "failed", "failed" };
    if (t->attempt == NULL || !str_eq (t->attempt->state, "unknown"))
        return 0;
    turn_event (t, "job.resolved", json_pack ("{ss}", "as", letter->text));
    if (letter->number == JOB_RESOLVE_DONE)
        note_reset (t);
    store_batch_attempt_resolve (turn_batch (t), t->attempt->id, states[letter->number],
                                 clock_wall_ms ());
    if (turn_bag_flag (t, "process"))
        turn_spend (t, t->attempt->id);
    turn_take_attempt (t, NULL);
    unpark (t);
    int32_t rc;
    if (letter->number == JOB_RESOLVE_NOT_STARTED) {
        rc = advance (t, NULL);
    } else {
        struct workflow_result result = {
            .kind = letter->number == JOB_RESOLVE_DONE ? WORKFLOW_RESULT_DONE
                                                       : WORKFLOW_RESULT_FAILED,
            .code = FARRIER_E_HOST_FAULT,
            .message = "a person resolved it as failed",
        };
        rc = advance (t, &result);
    }
    return rc;
}

static int32_t
on_approve (struct turn *t, struct letter *letter)
{
    if (t->await == NULL || !str_eq (t->await->kind, "approval"))
        return 0;
    struct answer *a = answer_new (FARRIER_WAKE_TIMER);
    str_set (&a->message, letter->text);
    struct letter yes = { .attempt_id = t->attempt->id, .seq = t->await->seq, .answer = a };
    int32_t rc = 0;
    if (!str_eq (t->await->state, "answered")) {   /* else it only waits for the host's lock */
        turn_event (t, "job.approved", json_pack ("{ss?}", "by", letter->text));
        rc = write_answer (t, a);
    }
    if (rc == 0)
        rc = on_answer (t, &yes);
    answer_free (a);
    return rc;
}

static int32_t
on_retry (struct turn *t, struct letter *letter)
{
    (void) letter;
    if (!str_eq (t->row->state, "parked")
        || (t->attempt != NULL && !str_eq (t->attempt->state, "open")))
        return 0;
    turn_event (t, "job.retried", NULL);
    unpark (t);
    if (t->attempt == NULL) {
        t->number = 0;
        t->before = 0;
        return advance (t, NULL);
    }
    struct err err;                    /* its plugin was gone, and may be back */
    int32_t rc = turn_commit (t, &err);
    return rc != 0 ? rc : settle_reconcile (t, FARRIER_DELIVERY_MAYBE);
}

/* --- one turn ------------------------------------------------------------------------------- */

static const struct {
    const char *label;
    int32_t (*handle) (struct turn *t, struct letter *letter);
} letters[] = {
    [LETTER_RUN] = { "run", on_run },
    [LETTER_ANSWER] = { "answer", on_answer },
    [LETTER_GATE] = { "gate", on_gate },
    [LETTER_GUARDED] = { "guarded", on_guarded },
    [LETTER_DUE] = { "due", on_due },
    [LETTER_DEADLINE] = { "deadline", on_deadline },
    [LETTER_FLUSH] = { "flush", on_flush },
    [LETTER_CANCEL] = { "cancel", on_cancel },
    [LETTER_RESOLVE] = { "resolve", on_resolve },
    [LETTER_APPROVE] = { "approve", on_approve },
    [LETTER_RETRY] = { "retry", on_retry },
};

/* What comes again would be the same: a workflow that this version can't read, a row that the store
 * will not take. */
static bool
is_defect (int32_t rc)
{
    return rc == FARRIER_E_INVALID || rc == ERR_SYNTAX;
}

/* The job's row alone says so, since its turn could not; a person looks, or ends it. */
static int32_t
lay_aside (struct job *job, enum letter_kind kind, const char *why)
{
    struct store_job *row = NULL;
    bool ends = kind == LETTER_CANCEL;
    int32_t rc = store_job_get (job->engine->o.store, job->id, &row, NULL);
    if (rc != 0)
        return rc;
    json_t *cause = json_pack ("{ssssss}", "parked", "defect", "code", "INVALID", "message", why);
    log_error ("job %s on %s is %s: %s", job->id, job->host_name, ends ? "ended" : "parked", why);
    str_set (&row->state, ends ? "done" : "parked");
    str_set (&row->status, ends ? "cancelled_unknown" : "parked");
    str_set (&row->position_json, NULL);           /* as they are */
    str_set (&row->context_json, NULL);
    mem_free (row->cause_json);
    row->cause_json = json_text (cause);
    row->updated_ms = clock_wall_ms ();
    row->wake_at_ms = 0;
    if (ends) {
        row->ended_ms = row->updated_ms;
        row->holds_host = 0;
    }
    struct store_batch *b = store_batch_new (NULL);
    store_batch_job_update (b, row, row->generation);
    rc = store_commit (job->engine->o.store, b, STORE_FULL, NULL);
    if (rc == 0 && ends)
        engine_job_ended (job->engine, job);
    else if (rc == 0)
        engine_job_rests (job->engine, job);
    json_decref (cause);
    store_job_free (row);
    return rc;
}

/* The turn that the last letter left open, or a new one with what the store says. */
static int32_t
take_turn (struct turn *t, struct job *job, const char *label, struct err *err)
{
    if (job->held == NULL)
        return turn_begin (t, job, label, err);
    *t = *job->held;
    mem_free (job->held);
    job->held = NULL;
    return 0;
}

static void
leave_turn (struct turn *t)
{
    if (t->held) {
        t->job->held = mem_dup (t, sizeof *t);
        return;
    }
    turn_end (t);
}

/* The end of a job that only read is in the store, or it begins again. */
static int32_t
on_stored (struct job *job, struct letter *letter)
{
    if (letter->number != 0) {
        letter->kind = LETTER_RUN;
        return (int32_t) letter->number;
    }
    engine_job_ended (job->engine, job);
    return 0;
}

/* What a held turn knew is lost, and with it what the letter answers: the job goes on from what the
 * store says. */
static void
begin_again (struct job *job, struct letter *letter)
{
    flight_drop (job->flight, true);
    job->flight = NULL;
    letter->kind = LETTER_RUN;
}

int32_t
job_handle (struct job *job, struct letter *letter)
{
    struct turn t;
    struct err err = { 0 };
    bool was_held = job->held != NULL;
    if (letter->kind == LETTER_STORED)
        return on_stored (job, letter);
    int32_t rc = take_turn (&t, job, letters[letter->kind].label, &err);
    if (is_defect (rc))
        return lay_aside (job, letter->kind, err.message);
    if (rc != 0) {
        log_error ("job %s: %s", job->id, err.message);
        return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    t.wish = letter->wish;
    if (!str_eq (t.row->state, "done"))
        rc = letters[letter->kind].handle (&t, letter);
    if (rc == 0 && t.dirty && !t.held)
        rc = turn_commit (&t, &err);
    t.wish = NULL;
    if (rc == 0) {
        leave_turn (&t);
        return 0;
    }
    was_held = was_held || t.held;
    turn_end (&t);
    if (is_defect (rc))
        return lay_aside (job, letter->kind, "the journal refuses what it became");
    if (was_held)
        begin_again (job, letter);
    return rc;
}
