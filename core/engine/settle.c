/* settle: what a callback answered, and what follows from it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/advance.h"
#include "engine/flight.h"
#include "engine/retry.h"
#include "engine/run.h"
#include "engine/timers.h"

#define SETTLE_DEFAULT_MS (120 * 1000)
#define RECONCILE_AGAIN_MS (30 * 1000)
#define STEP_DEFAULT_MS (60 * 1000)    /* one callback */
/* A restart between `launched` and the answer repeats a step that surely did not start; not for
 * ever. */
#define NOT_STARTED_MAX 5
#define ADOPTED_MAX 20

static void
consume_await (struct turn *t)
{
    if (t->await == NULL)
        return;
    if (t->await_stored)
        store_batch_await_consume (turn_batch (t), t->await->attempt_id, t->await->seq);
    t->await_stored = false;
    json_decref (t->spec);
    t->spec = NULL;
    store_await_free (t->await);
    t->await = NULL;
}

static void
drop_flight (struct turn *t)
{
    flight_drop (t->job->flight, true);
    t->job->flight = NULL;
}

void
settle_attempt_end (struct turn *t, const char *state)
{
    consume_await (t);
    drop_flight (t);
    timers_forget (t->engine->timers, t->job->id);
    t->row->wake_at_ms = 0;
    /* Whatever follows, a finally too, may change the host again. While another job holds it the
     * commit fails, and the letter comes again. */
    if (turn_bag_flag (t, "releases_lock"))
        t->row->holds_host = json_bool_or (t->context, "/job/changes", true);
    if (turn_bag_flag (t, "process"))
        turn_spend (t, t->attempt->id);
    str_set (&t->attempt->state, state);
    t->attempt->ended_ms = clock_wall_ms ();
    turn_store_attempt (t);
    turn_take_attempt (t, NULL);
}

/* --- the ends ------------------------------------------------------------------------------- */

/* How long installs take is learned from those that went well. */
static void
learn (struct turn *t)
{
    const struct component *c = turn_component (t, t->attempt->component_key);
    const char *vendor = json_str (t->context, "/facts/vendor");
    if (c == NULL || vendor == NULL || t->attempt->image_digest == NULL)
        return;
    struct store_duration d = {
        .vendor = (char *) vendor,
        .model = (char *) json_str (t->context, "/facts/model"),
        .component_type = (char *) component_type_name (c->type),
        .action = t->attempt->op,
        .duration_ms = clock_wall_ms () - t->attempt->started_ms,
        .at_ms = clock_wall_ms (),
    };
    store_batch_duration_add (turn_batch (t), &d);
}

static void
tell_end (struct turn *t, const char *kind, const char *text)
{
    json_t *body = json_object ();
    json_put_str (body, "step", t->attempt->step_path);
    json_put_str (body, "component", t->attempt->component_key);
    if (text != NULL)
        json_put_str (body, "text", text);
    turn_event (t, kind, body);
}

/* What the open attempt leads to: its step's end, or the step that it prepares. */
enum lead { LEAD_ON, LEAD_BEFORE, LEAD_BIND };

static enum lead
lead_of (struct turn *t)
{
    if (turn_bag_flag (t, "before"))
        return LEAD_BEFORE;
    return turn_bag_flag (t, "bind") ? LEAD_BIND : LEAD_ON;
}

static int32_t
after_step (struct turn *t, enum lead lead, const struct workflow_result *result)
{
    if (lead == LEAD_BEFORE) {         /* a `before` step, however it ended, leads to its attempt */
        t->before++;
        return advance (t, NULL);
    }
    if (lead == LEAD_BIND && result->kind == WORKFLOW_RESULT_DONE) {
        t->number = 0;                 /* the step itself has not been tried yet */
        return advance (t, NULL);
    }
    return advance (t, result);
}

/* `save = "name"`: all results of the op as one object, or the one value of an action that has just
 * one; what sensors showed goes with it. */
static int32_t
save (struct turn *t, const struct farrier_step *step, struct err *err)
{
    json_t *bag = turn_bag (t);
    char *name = str_dup (json_str (bag, "/save"));
    json_decref (bag);
    if (name == NULL)
        return 0;
    json_t *value = json_object_get (step->results, "value");
    value = value != NULL ? json_incref (value) : json_deep_copy (step->results);
    if (json_is_object (value) && json_array_size (step->sensors) > 0)
        json_object_set (value, "sensors", step->sensors);
    int32_t rc = workflow_save (t->context, name, value, err);
    t->context_changed = true;
    json_decref (value);
    mem_free (name);
    return rc;
}

static void
note_rollback (struct turn *t, const struct farrier_step *step)
{
    if (str_eq (t->attempt->op, "firmware.rollback") && t->attempt->component_key != NULL)
        turn_outcome (t, t->attempt->component_key, OUTCOME_ROLLED_BACK,
                      json_str (step->results, "/version"), json_incref (t->position->cause));
}

static int32_t
ended (struct turn *t, const struct farrier_step *step, int32_t rc)
{
    struct err err;
    struct workflow_result result = { .kind = rc == FARRIER_SKIPPED ? WORKFLOW_RESULT_SKIPPED
                                                                    : WORKFLOW_RESULT_DONE };
    char *reason = rc == FARRIER_SKIPPED ? str_dup (step->skip_reason) : NULL;
    enum lead lead = lead_of (t);
    int32_t saved = run_keep (t, step, true, &err);
    if (saved == FARRIER_E_PRECONDITION) {
        mem_free (reason);
        json_t *cause = finish_cause (t, err.code, err.message, err.hint, NULL);
        settle_attempt_end (t, "failed");
        return finish_park (t, "identity changed", cause);
    }
    if (saved == 0 && rc == FARRIER_DONE)
        saved = save (t, step, &err);
    if (saved != 0) {                  /* it was done; there is only no room for what it said */
        mem_free (reason);
        turn_set_bag_flag (t, "known", true);
        return settle_fail (t, saved, err.message, err.hint, NULL, -1);
    }
    result.message = reason;
    if (rc == FARRIER_DONE) {
        learn (t);
        note_rollback (t, step);
    }
    tell_end (t, rc == FARRIER_DONE ? "step.done" : "step.skipped", reason);
    settle_attempt_end (t, rc == FARRIER_DONE ? "done" : "skipped");
    int32_t out = after_step (t, lead, &result);
    mem_free (reason);
    return out;
}

/* --- it waits ------------------------------------------------------------------------------- */

static void
put_await (struct turn *t, const struct farrier_step *step)
{
    const char *label = json_str_or (step->await, "/label", "");
    consume_await (t);
    t->attempt->seq++;
    struct store_await a = {
        .attempt_id = t->attempt->id,
        .job_id = t->job->id,
        .seq = t->attempt->seq,
        .kind = (char *) json_str_or (step->await, "/kind", ""),
        .label = (char *) label,
        .state = (char *) "queued",
        .changing = step->await_changing,
        .queued_ms = clock_wall_ms (),
        .deadline_ms = t->attempt->deadline_ms,
    };
    json_t *bag = turn_bag (t);
    json_put_str (bag, "label", label);
    if (str_eq (a.kind, "process"))
        json_put_bool (bag, "process", true);
    turn_put_bag (t, bag);
    t->await = store_await_copy (&a);
    t->spec = json_incref (step->await);
}

/* A restart would begin a job that only reads anew: what it reads now needs no journal. */
static bool
may_hold (const struct turn *t)
{
    return t->only_reads && !t->await->changing && str_eq (t->await->kind, "collect")
           && str_eq (t->attempt->mode, MODE_POLL);
}

static int32_t
journal_wait (struct turn *t)
{
    struct err err;
    turn_store_attempt (t);
    turn_store_await (t);
    turn_set_state (t, "waiting");
    return turn_commit (t, &err);
}

static int32_t
waits (struct turn *t, const struct farrier_step *step)
{
    struct err err;
    drop_flight (t);
    int32_t kept = run_keep (t, step, false, &err);
    if (kept != 0)
        return settle_fail (t, kept, err.message, err.hint, NULL, -1);
    put_await (t, step);
    if (turn_bag_flag (t, "releases_lock"))
        t->row->holds_host = 0;
    int32_t rc = 0;
    if (may_hold (t))
        turn_hold (t);
    else
        rc = journal_wait (t);
    return rc != 0 ? rc : launch (t);
}

/* --- reconcile ------------------------------------------------------------------------------ */

static int32_t
look_again (struct turn *t, int64_t after_ms)
{
    struct err err;
    str_set (&t->attempt->mode, MODE_RECONCILE);
    t->row->wake_at_ms = clock_wall_ms () + after_ms;
    turn_set_state (t, "waiting");
    turn_store_attempt (t);
    int32_t rc = turn_commit (t, &err);
    if (rc == 0)
        timers_set (t->engine->timers, t->job->id, LETTER_DUE, t->attempt->id,
                    t->row->wake_at_ms);
    return rc;
}

static int64_t
sent_ms (struct turn *t)
{
    json_t *bag = turn_bag (t);
    int64_t at = json_int_or (bag, "/sent_ms", 0);
    json_decref (bag);
    return at;
}

/* The error that led to reconcile; RESUMED after a crash has none. */
static void
original_error (const struct turn *t, int32_t *ret_code, char **ret_message, char **ret_hint)
{
    json_t *v = json_stored (t->attempt->error_json, NULL);
    *ret_code = v == NULL ? FARRIER_E_TRANSIENT : (int32_t) json_int_or (v, "/number", -1);
    *ret_message = str_dup (json_str_or (v, "/message", "the step was interrupted"));
    *ret_hint = str_dup (json_str_or (v, "/hint", ""));
    json_decref (v);
}

/* With the error that led to reconcile. */
static int32_t
fail_as_before (struct turn *t)
{
    int32_t code;
    char *message, *hint;
    original_error (t, &code, &message, &hint);
    int32_t rc = settle_fail (t, code, message, hint, NULL, -1);
    mem_free (message);
    mem_free (hint);
    return rc;
}

/* Its program went down with the machine, say: no failure of its own, as little as a crash is. */
static bool
was_lost (const struct turn *t)
{
    json_t *error = json_stored (t->attempt->error_json, NULL);
    bool lost = str_eq (json_str (error, "/code"), "LOST");
    json_decref (error);
    return lost;
}

static int32_t
not_started (struct turn *t, const struct plugin_op *op)
{
    int64_t settle_ms = t->engine->o.settle_ms;
    if (settle_ms < 0)
        settle_ms = op->def.settle_ms != 0 ? op->def.settle_ms : SETTLE_DEFAULT_MS;
    int64_t left = sent_ms (t) + settle_ms - clock_wall_ms ();
    if (sent_ms (t) != 0 && left > 0)
        return look_again (t, left < RECONCILE_AGAIN_MS ? left : RECONCILE_AGAIN_MS);
    bool crashed = t->attempt->error_json == NULL || was_lost (t);
    turn_set_bag_flag (t, "not_started", true);
    if (crashed && t->attempt->number <= NOT_STARTED_MAX) {
        tell_end (t, "step.not_started", "nothing of it is on the BMC; it is started again");
        settle_attempt_end (t, "failed");
        t->number++;
        return advance (t, NULL);
    }
    return fail_as_before (t);
}

static int32_t
unknown (struct turn *t, const struct farrier_error *error)
{
    json_t *cause = finish_cause (
        t, FARRIER_E_LOST,
        error->message[0] != '\0' ? error->message
                                  : "it can't be told whether the change happened",
        error->hint, error->vendor_id);
    consume_await (t);
    drop_flight (t);
    str_set (&t->attempt->state, "unknown");
    turn_store_attempt (t);
    return finish_park (t, "unknown", cause);
}

int32_t
settle_reconcile (struct turn *t, int32_t delivery)
{
    struct err err;
    drop_flight (t);
    str_set (&t->attempt->mode, MODE_RECONCILE);
    const struct plugin_op *op = run_op (t, &err);
    if (op == NULL)
        return finish_park (t, "plugin is gone",
                            finish_cause (t, err.code, err.message, err.hint, NULL));
    if (op->def.reconcile == NULL) {
        if (op->def.flags & FARRIER_OP_IDEMPOTENT)
            return not_started (t, op);
        struct farrier_error none = { .struct_size = sizeof none };
        return unknown (t, &none);
    }
    struct answer *wake = answer_new (FARRIER_WAKE_RESUMED);
    wake->delivery = delivery;
    int32_t rc = settle_call (t, PLUGIN_CALL_RECONCILE, wake);
    answer_free (wake);
    return rc;
}

/* Once more the time that the step had; false when it had that already. */
static bool
extend (struct turn *t)
{
    if (turn_bag_flag (t, "extended"))
        return false;
    turn_set_bag_flag (t, "extended", true);
    t->attempt->deadline_ms += clock_wall_ms () - t->attempt->started_ms;
    return true;
}

/* The BMC can't tell yet. Not for ever: when the step's time is up twice, a person decides. */
static int32_t
recheck (struct turn *t, const struct farrier_step *step, const struct farrier_error *error)
{
    struct err err;
    if (clock_wall_ms () >= t->attempt->deadline_ms && !extend (t))
        return unknown (t, error);
    int32_t rc = run_keep (t, step, false, &err);
    if (rc != 0)
        log_warn ("job %s: %s", t->job->id, err.message);
    return look_again (t, step->recheck_ms);
}

/* Asking takes time itself (a program is run, many documents are read); its answer comes to
 * reconcile again. When the step's time is up it gets the same time once more, and at least that of
 * one callback. */
static int32_t
asks (struct turn *t, const struct plugin_op *op, const struct farrier_step *step,
      const struct farrier_error *error)
{
    int64_t now = clock_wall_ms ();
    if (now < t->attempt->deadline_ms)
        return waits (t, step);
    if (!extend (t))
        return unknown (t, error);
    int64_t least = now + (op->def.step_ms != 0 ? op->def.step_ms : STEP_DEFAULT_MS);
    if (t->attempt->deadline_ms < least)
        t->attempt->deadline_ms = least;
    return waits (t, step);
}

/* The step's time is up while the device is being asked: one last question. */
int32_t
settle_reconcile_late (struct turn *t)
{
    struct farrier_error none = { .struct_size = sizeof none };
    if (turn_bag_flag (t, "last_look"))
        return unknown (t, &none);
    turn_set_bag_flag (t, "last_look", true);
    return settle_reconcile (t, FARRIER_DELIVERY_MAYBE);
}

/* Reconcile itself could not read the device: again until the time is up, then a person decides. */
static int32_t
reconcile_failed (struct turn *t, const struct farrier_error *error)
{
    log_info ("job %s: reconcile of %s: %s", t->job->id, t->attempt->step_path, error->message);
    if (clock_wall_ms () < t->attempt->deadline_ms)
        return look_again (t, RECONCILE_AGAIN_MS);
    return unknown (t, error);
}

/* --- failure -------------------------------------------------------------------------------- */

static json_t *
error_json (int32_t code, const char *message, const char *hint, const char *vendor_id)
{
    json_t *v = json_object ();
    json_put_str (v, "code", err_code_name (code));
    json_put_int (v, "number", code);
    json_put_str (v, "message", message);
    if (!str_empty (hint))
        json_put_str (v, "hint", hint);
    if (!str_empty (vendor_id))
        json_put_str (v, "vendor_id", vendor_id);
    return v;
}

static void
set_error (struct turn *t, json_t *error)
{
    mem_free (t->attempt->error_json);
    t->attempt->error_json = json_text (error);
    json_decref (error);
}

/* A plugin's op says it of itself; of a program or service of the site, the workflow says it. */
static bool
is_idempotent (const struct turn *t, const struct plugin_op *op)
{
    if (op == NULL || (op->def.flags & FARRIER_OP_IDEMPOTENT))
        return op != NULL;
    const char *text = t->attempt->plugin == NULL ? t->attempt->params_json : NULL;
    json_t *params = json_stored (text, NULL);
    bool said = json_bool_or (params, "/idempotent", false);
    json_decref (params);
    return said;
}

static enum retry_verdict
judge (struct turn *t, int32_t code, int64_t retry_after_ms, int64_t *ret_delay_ms)
{
    struct workflow_decision d;
    struct err err;
    const struct plugin_op *op = run_op (t, &err);
    if (workflow_next (t->job->workflow, t->position, t->context, NULL, NULL, &d, &err) != 0)
        return RETRY_NEVER;
    uint32_t jitter;
    hash_random (&jitter, sizeof jitter);
    struct retry_case c = {
        .policy = d.kind == WORKFLOW_RUN_STEP ? d.retry : NULL,
        .attempt = (uint32_t) t->attempt->number,
        .code = code,
        .idempotent = is_idempotent (t, op),
        .may_have_arrived = turn_bag_flag (t, "sent"),
        .not_started = turn_bag_flag (t, "not_started"),
        .known = turn_bag_flag (t, "known"),
        .retry_after_ms = retry_after_ms,
        .jitter = jitter,
    };
    enum retry_verdict verdict = retry_judge (&c, ret_delay_ms);
    workflow_decision_clear (&d);
    /* A person's wish to stop ends retries; what may have happened is still looked at. */
    if (verdict == RETRY_AGAIN && atomic_load (&t->job->cancelled))
        return RETRY_NEVER;
    return verdict;
}

static int32_t
again_later (struct turn *t, int64_t delay_ms, const char *message)
{
    struct err err;
    json_t *body = json_object ();
    json_put_str (body, "step", t->attempt->step_path);
    json_put_int (body, "attempt", t->attempt->number);
    json_put_int (body, "after_ms", delay_ms);
    json_put_str (body, "text", message);
    turn_event (t, "step.retry", body);
    settle_attempt_end (t, "failed");
    t->number++;
    t->before = 0;
    t->row->wake_at_ms = clock_wall_ms () + delay_ms;
    turn_set_state (t, "waiting");
    int32_t rc = turn_commit (t, &err);
    if (rc == 0)
        timers_set (t->engine->timers, t->job->id, LETTER_DUE, NULL, t->row->wake_at_ms);
    return rc;
}

static int32_t
give_up (struct turn *t, int32_t code, const char *message, const char *hint,
         const char *vendor_id)
{
    enum lead lead = lead_of (t);
    json_t *detail = finish_cause (t, code, message, hint, vendor_id);
    bool cancelled = code == FARRIER_E_CANCELLED;
    bool skipped = code == FARRIER_E_UNSUPPORTED && turn_bag_flag (t, "skip_unsupported");
    if (!skipped)                      /* the workflow tells of those that it skips */
        turn_event (t, "step.failed", json_copy (detail));
    settle_attempt_end (t, cancelled ? "cancelled" : skipped ? "skipped" : "failed");
    struct workflow_result result = {
        .kind = cancelled ? WORKFLOW_RESULT_CANCELLED : WORKFLOW_RESULT_FAILED,
        .code = code,
        .message = message,
        .detail = detail,
    };
    int32_t rc = after_step (t, lead, &result);
    json_decref (detail);
    return rc;
}

int32_t
settle_fail (struct turn *t, int32_t code, const char *message, const char *hint,
             const char *vendor_id, int64_t retry_after_ms)
{
    int64_t delay_ms = 0;
    set_error (t, error_json (code, message, hint, vendor_id));
    enum retry_verdict verdict = turn_bag_flag (t, "before")
                                     ? RETRY_NEVER
                                     : judge (t, code, retry_after_ms, &delay_ms);
    /* The strings may live in what is dropped now. */
    char *text = str_dup (message), *next = str_dup (hint), *id = str_dup (vendor_id);
    int32_t rc;
    if (verdict == RETRY_AGAIN)
        rc = again_later (t, delay_ms, text);
    else if (verdict == RETRY_RECONCILE && !str_eq (t->attempt->mode, MODE_RECONCILE))
        rc = settle_reconcile (t, FARRIER_DELIVERY_MAYBE);
    else
        rc = give_up (t, code, text, next, id);
    mem_free (text);
    mem_free (next);
    mem_free (id);
    return rc;
}

/* It is running after all. When the step's time is up it gets the same time once more. */
static int32_t
adopt (struct turn *t, const struct farrier_step *step, const struct farrier_error *error)
{
    json_t *bag = turn_bag (t);
    int64_t times = json_int_or (bag, "/adopted", 0) + 1;
    json_put_int (bag, "adopted", times);
    turn_put_bag (t, bag);
    if (times > ADOPTED_MAX)           /* what it says is running fails as soon as it is watched */
        return unknown (t, error);
    if (clock_wall_ms () >= t->attempt->deadline_ms) {
        if (!extend (t))
            return unknown (t, error);
        tell_end (t, "step.stuck", "its time is up and it is still running; waiting once more");
    }
    str_set (&t->attempt->mode, MODE_POLL);
    tell_end (t, "step.adopted", step->progress_text);
    return waits (t, step);
}

/* --- calls ---------------------------------------------------------------------------------- */

/* A failed callback changes nothing, but a core action may say what it measured. */
static void
keep_failure (struct turn *t, const struct farrier_step *step)
{
    if (step->failed == NULL)
        return;
    json_t *bag = turn_bag (t);
    json_object_set (bag, "failed", step->failed);
    turn_put_bag (t, bag);
    run_keep_outcomes (t, step);
}

/* What was waited for is still waited for, as before the wish to stop. Without it (a cancel that
 * had an await of its own) the BMC is asked how far it has come. */
static int32_t
too_late (struct turn *t)
{
    struct err err;
    json_t *bag = turn_bag (t);
    bool flying = t->job->flight != NULL && t->await != NULL
                  && !str_eq (t->await->state, "answered");
    str_set (&t->attempt->mode, json_str_or (bag, "/mode_before", MODE_POLL));
    json_put_bool (bag, "too_late", true);
    turn_put_bag (t, bag);
    tell_end (t, "step.too_late", "it can't be stopped any more; the job ends after it");
    if (!flying)
        return settle_reconcile (t, FARRIER_DELIVERY_MAYBE);
    turn_store_attempt (t);
    return turn_commit (t, &err);
}

static int32_t
settle (struct turn *t, const struct plugin_op *op, enum plugin_callback which,
        const struct farrier_step *step, int32_t rc, const struct farrier_error *error)
{
    switch (rc) {
    case FARRIER_DONE:
    case FARRIER_SKIPPED:
        if (which != PLUGIN_CALL_CANCEL)
            return ended (t, step, rc);
        return give_up (t, FARRIER_E_CANCELLED, "cancelled by a person", NULL, NULL);
    case FARRIER_ADOPT:
        return adopt (t, step, error);
    case FARRIER_PENDING:
        return which == PLUGIN_CALL_RECONCILE ? asks (t, op, step, error) : waits (t, step);
    case FARRIER_NOT_STARTED:
        return not_started (t, op);
    case FARRIER_RECHECK:
        return recheck (t, step, error);
    case FARRIER_UNKNOWN:
        return unknown (t, error);
    case FARRIER_TOO_LATE:
        return too_late (t);
    default:
        break;
    }
    if (which == PLUGIN_CALL_RECONCILE && !step->known)
        return reconcile_failed (t, error);
    if (step->known)
        turn_set_bag_flag (t, "known", true);
    if (which == PLUGIN_CALL_RECONCILE && t->attempt->error_json != NULL)
        return fail_as_before (t);
    keep_failure (t, step);
    return settle_fail (t, rc, error->message, error->hint, error->vendor_id,
                        error->retry_after_ms);
}

/* The BMC itself says that what it took on has failed, or it was measured that it is not what it
 * should be: there is nothing left to ask. */
static bool
said_failed (int32_t rc, const struct answer *a)
{
    return rc == FARRIER_E_VERIFY
           || (a != NULL && a->kind == FARRIER_WAKE_TASK && a->code == FARRIER_OK
               && a->task_end == FARRIER_TASK_FAILED);
}

/* A plugin passes on what a request said, seldom what would help: that comes from the answer. */
static void
keep_hint (const struct answer *answer, int32_t rc, struct farrier_error *error)
{
    const char *hint = answer->code == rc ? answer->hint : NULL;
    for (size_t i = 0; hint == NULL && i < answer->documents.count; i++) {
        const struct step_document *d = vec_at (&answer->documents, i);
        hint = d->code == rc ? d->hint : NULL;
    }
    str_copy (error->hint, sizeof error->hint, hint == NULL ? "" : hint);
}

int32_t
settle_call (struct turn *t, enum plugin_callback which, const struct answer *answer)
{
    struct farrier_step step;
    struct farrier_error error;
    struct err err;
    const struct plugin_op *op = run_op (t, &err);
    if (op == NULL)
        return settle_fail (t, err.code, err.message, err.hint, NULL, -1);
    error.struct_size = sizeof error;
    int32_t rc = run_callback (t, op, which, answer, &step, &error);
    if (rc < 0 && answer != NULL && error.hint[0] == '\0')
        keep_hint (answer, rc, &error);
    if (rc < 0 && which == PLUGIN_CALL_POLL && said_failed (rc, answer))
        step.known = true;
    /* When the engine stops its reads were broken off: the next start runs the callback again. */
    int32_t out = atomic_load (&t->engine->halted) ? FARRIER_E_CANCELLED
                                                   : settle (t, op, which, &step, rc, &error);
    step_free (&step);
    return out;
}

int32_t
settle_deliver (struct turn *t, const struct answer *answer)
{
    if (str_eq (t->attempt->mode, MODE_CANCEL))
        return settle_call (t, PLUGIN_CALL_CANCEL, answer);
    if (str_eq (t->attempt->mode, MODE_RECONCILE))
        return settle_call (t, PLUGIN_CALL_RECONCILE, answer);
    return settle_call (t, PLUGIN_CALL_POLL, answer);
}
