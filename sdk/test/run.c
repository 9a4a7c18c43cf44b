/* run: callbacks, what they may answer, and what follows: the engine's life of a step with a
 * journal that is this process's memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench.h"
#include "engine/record.h"
#include "guarded.h"
#include "table_io.h"

#define OP_MS (30 * 60 * 1000)
#define SETTLE_MS (120 * 1000)
#define AGAIN_MS (30 * 1000)
#define NOT_STARTED_MAX 5
#define ADOPTED_MAX 20
#define STEPS_MAX 4000

void
bench_misuse (const char *fmt, ...)
{
    va_list ap;
    va_start (ap, fmt);
    fputs ("libfarrier-test: ", stderr);
    vfprintf (stderr, fmt, ap);
    fputc ('\n', stderr);
    va_end (ap);
    abort ();
}

void
bench_break (struct farrier_test *t, const char *rule, const char *fmt, ...)
{
    va_list ap;
    if (t->broken != NULL)
        return;
    va_start (ap, fmt);
    char *text = str_vprintf (fmt, ap);
    va_end (ap);
    t->broken = str_printf ("%s: %s", rule, text);
    mem_free (text);
}

void *
bench_handle (size_t size)
{
    void *p = guarded_alloc (bench_arena, GUARDED_HANDLE, size);
    if (p == NULL)
        bench_misuse ("the callback used up all memory for handles");
    return p;
}

/* --- the state of a run --------------------------------------------------------------------- */

static void
free_component (void *c)
{
    component_free (c);
}

void
bench_run_clear (struct bench_run *run)
{
    json_decref (run->params);
    json_decref (run->bag);
    json_decref (run->bag_before);
    json_decref (run->await);
    json_decref (run->trail);
    json_decref (run->results);
    json_decref (run->facts);
    json_decref (run->identity);
    json_decref (run->sensors);
    vec_free_with (&run->components, free_component);
    answer_free (run->answer);
    mem_free (run->label);
    mem_free (run->skip_reason);
    *run = (struct bench_run) { .rung = -1 };
}

static void
make_results (struct bench_run *run)
{
    run->trail = json_array ();
    run->results = json_object ();
    run->facts = json_object ();
    run->identity = json_array ();
    run->sensors = json_array ();
}

static void
new_attempt (struct farrier_test *t)
{
    struct bench_run *run = &t->run;
    uint32_t op_ms = run->op.def.op_ms;
    json_decref (run->bag);
    run->bag = json_object ();
    json_decref (run->await);
    run->await = NULL;
    run->attempt++;
    run->mode = PLUGIN_CALL_POLL;
    run->sent = run->known = run->not_started = run->extended = false;
    run->adopted = 0;
    run->sent_ms = 0;
    run->failed_code = 0;
    run->critical = false;
    run->started_ms = clock_wall_ms ();
    run->deadline_ms = run->started_ms + (op_ms != 0 ? op_ms : OP_MS);
    t->last_program = NULL;
}

/* --- one callback --------------------------------------------------------------------------- */

static const struct vec *
load_components (void *arg)
{
    return &((struct farrier_test *) arg)->known;
}

static void
fill_wake (struct farrier_test *t, struct farrier_step *step, const struct answer *a)
{
    struct farrier_wake *w = &step->in.wake;
    w->struct_size = sizeof *w;
    if (a == NULL)
        return;
    w->kind = a->kind;
    w->code = a->code;
    w->delivery = a->delivery;
    w->message = a->message;
    w->task_end = a->task_end;
    w->exit_status = a->exit_status;
    w->documents = (uint32_t) a->documents.count;
    w->reads = a->reads;
    w->gap_seen = a->gap_seen;
    w->vendor_id = a->vendor_id;
    w->hint = a->hint;
    w->label = t->run.label;
    w->id = "job-test/1/1/1";
    step->in.documents = (struct vec *) &a->documents;
    if (a->status != 0 || a->body != NULL)
        w->response = step_response (step, a->status, a->headers, a->body, a->body_len,
                                     a->retry_after_ms);
}

static void
begin_step (struct farrier_test *t, struct farrier_step *step, enum plugin_callback which,
            const struct answer *a)
{
    *step = (struct farrier_step) { .host = t->host, .arena = bench_arena };
    step->in = (struct step_input) {
        .engine = (struct engine *) t,
        .op = &t->run.op,
        .callback = which,
        .job_id = "job-test",
        .attempt_id = "attempt-test",
        .step_path = "test",
        .host_id = "host-test",
        .host_name = "host-test",
        .action = t->run.op.def.name,
        .attempt = t->run.attempt,
        .deadline_ms = t->run.deadline_ms,
        .dry_run = t->dry_run,
        .params = t->run.params,
        .context = t->context,
        .component = t->has_component ? &t->component : NULL,
        .load_components = load_components,
        .load_arg = t,
        .image = t->image == NULL ? NULL : &t->image->handle,
        .cancelled = &t->cancelled,
    };
    step->bag = json_copy (t->run.bag);
    step->results = json_object ();
    step->identity = json_array ();
    step->facts = json_object ();
    step->sensors = json_array ();
    step->rung = -1;
    step->permille = -1;
    step->emit_error.struct_size = sizeof step->emit_error;
    fill_wake (t, step, a);
}

static void
end_step (struct farrier_step *step)
{
    vec_free_with (&step->components, free_component);
    json_decref (step->bag);
    json_decref (step->results);
    json_decref (step->identity);
    json_decref (step->facts);
    json_decref (step->sensors);
    json_decref (step->await);
    mem_free (step->skip_reason);
    mem_free (step->progress_text);
}

static bool
may_answer (enum plugin_callback which, int32_t rc)
{
    switch (which) {
    case PLUGIN_CALL_START:
    case PLUGIN_CALL_POLL:
        return rc >= FARRIER_E_LAST_ && rc <= FARRIER_SKIPPED;
    case PLUGIN_CALL_CANCEL:
        return rc >= FARRIER_E_LAST_ && rc <= FARRIER_TOO_LATE && rc != FARRIER_SKIPPED;
    case PLUGIN_CALL_RECONCILE:
        return rc >= FARRIER_E_LAST_
               && (rc <= FARRIER_PENDING || (rc >= FARRIER_ADOPT && rc <= FARRIER_UNKNOWN));
    }
    return false;
}

static const char *const names[] = { "start", "poll", "cancel", "reconcile" };

/* What a callback says must fit what it did. */
static int32_t
judge (struct farrier_step *step, enum plugin_callback which, int32_t rc,
       struct farrier_error *err)
{
    char words[80];
    bool awaits = rc == FARRIER_PENDING || rc == FARRIER_ADOPT;
    const char *what = NULL;
    if (arena_exhausted (step->arena))
        return (bench_core ()->fail) (err, FARRIER_E_NO_SPACE, "op '%s', %s: needs more than %u "
                                      "MiB of memory in one call", step->in.op->def.name,
                                      names[which], STEP_ARENA_BYTES >> 20);
    str_format (words, sizeof words, "answered %d, which it may not", (int) rc);
    if (bench_now->probing ? rc > 100 : !may_answer (which, rc))
        what = words;
    else if (bench_now->probing)
        what = step->awaits > 0 ? "probe() registered an await" : NULL;
    else if (step->awaits > 1)
        what = "registered more than one await";
    else if (awaits && step->await == NULL)
        what = "answered PENDING without an await";
    else if (rc >= 0 && !awaits && step->await != NULL)
        what = "registered an await and did not answer PENDING";
    else if (rc == FARRIER_PENDING && which == PLUGIN_CALL_RECONCILE && step->await_changing)
        what = "registered an await that changes something: it may only read";
    else if (rc >= 0 && step->oversize)
        what = "its state is larger than 16 KiB";
    else if (rc >= 0 && step->emit_error.code != FARRIER_OK)
        what = step->emit_error.message;
    if (what != NULL)
        return (bench_core ()->fail) (err, FARRIER_E_PLUGIN_BUG, "op '%s', %s: %s",
                                      step->in.op->def.name, names[which], what);
    if (rc < 0 && err->message[0] == '\0')
        return (bench_core ()->fail) (err, FARRIER_E_PLUGIN_BUG,
                                      "op '%s', %s: failed with %d and no message",
                                      step->in.op->def.name, names[which], (int) rc);
    return rc;
}

static void
merge_array (json_t *into, const json_t *from)
{
    size_t i;
    json_t *v;
    json_array_foreach ((json_t *) from, i, v)
        json_array_append (into, v);
}

static void
note_await (struct bench_run *run, const struct farrier_step *step)
{
    json_t *v = json_object ();
    json_put_str (v, "kind", json_str_or (step->await, "/kind", ""));
    json_put_str (v, "label", json_str_or (step->await, "/label", ""));
    json_put_bool (v, "changing", step->await_changing);
    json_array_append_new (run->trail, v);
    run->awaits++;
}

/* State changes and the next await in one go; a failure discards both. */
static void
commit (struct farrier_test *t, struct farrier_step *step)
{
    struct bench_run *run = &t->run;
    uint32_t needs = record_needs_mask (t->context);
    json_decref (run->bag);
    run->bag = json_incref (step->bag);
    json_decref (run->await);
    run->await = json_incref (step->await);
    run->await_changing = step->await_changing;
    json_object_update (run->results, step->results);
    json_object_update (run->facts, step->facts);
    merge_array (run->identity, step->identity);
    merge_array (run->sensors, step->sensors);
    for (size_t i = 0; i < step->components.count; i++)
        vec_push (&run->components, vec_at (&step->components, i));
    vec_free (&step->components);
    run->rung = step->rung > run->rung ? step->rung : run->rung;
    if (step->permille > (int32_t) run->permille)
        run->permille = (uint32_t) step->permille;
    record_set_needs (t->context, (needs | step->needs) & ~step->needs_done);
    str_set (&run->skip_reason, step->skip_reason);
    if (step->critical_said)
        run->critical = step->critical;
    if (step->await != NULL)
        note_await (run, step);
}

static int32_t
call (struct farrier_test *t, struct farrier_step *step, enum plugin_callback which,
      struct farrier_error *err)
{
    const struct farrier_op *op = &t->run.op.def;
    farrier_callback *const all[] = { op->start, op->poll, op->cancel, op->reconcile };
    if (all[which] == NULL)
        return (bench_core ()->fail) (err, FARRIER_E_PLUGIN_BUG, "op '%s' has no %s", op->name,
                                      names[which]);
    if (t->watch.before_callback != NULL)
        t->watch.before_callback (t->watch.arg);
    guarded_counting (true);
    int32_t rc = all[which](t->self, step, err);
    guarded_counting (false);
    if (t->watch.after_callback != NULL)
        t->watch.after_callback (t->watch.arg);
    return rc;
}

int32_t
bench_callback (struct farrier_test *t, enum plugin_callback which, const struct answer *answer)
{
    struct arena *arena = arena_new (STEP_ARENA_BYTES);
    struct arena *arena_before = bench_arena;
    struct farrier_test *test_before = bench_now;
    bench_arena = arena;
    bench_now = t;
    struct farrier_step *step = bench_handle (sizeof *step);
    struct farrier_error *err = guarded_alloc (arena, GUARDED_PASSED, sizeof *err);
    *err = (struct farrier_error) { .struct_size = sizeof *err, .retry_after_ms = -1 };
    json_decref (t->run.bag_before);
    t->run.bag_before = json_deep_copy (t->run.bag);
    begin_step (t, step, which, answer);
    int32_t rc = judge (step, which, call (t, step, which, err), err);
    if (rc < 0)
        t->run.error = *err;
    else if (!t->discard)
        commit (t, step);
    if (step->known && !t->discard)
        t->run.known = true;
    if (rc == FARRIER_RECHECK && !t->discard)
        bench_advance (t, step->recheck_ms == 0 ? AGAIN_MS : step->recheck_ms);
    end_step (step);
    arena_free (arena);
    bench_arena = arena_before;
    bench_now = test_before;
    return rc;
}

/* --- what follows --------------------------------------------------------------------------- */

static int32_t
last_error (struct farrier_test *t)
{
    t->run.finished = true;
    t->run.error = t->run.failed;
    return t->run.failed_code;
}

/* Nothing of it is on the BMC: once more from the beginning, after settling. Returns true when the
 * run goes on with *rc and *which. */
static bool
not_started (struct farrier_test *t, int32_t *rc, enum plugin_callback *which)
{
    struct bench_run *run = &t->run;
    int64_t settle_ms = run->op.def.settle_ms != 0 ? run->op.def.settle_ms : SETTLE_MS;
    int64_t left = run->sent_ms + settle_ms - clock_wall_ms ();
    if (run->sent_ms != 0 && left > 0) {
        bench_advance (t, left < AGAIN_MS ? left : AGAIN_MS);
        *rc = bench_reconcile (t, FARRIER_DELIVERY_MAYBE);
        *which = PLUGIN_CALL_RECONCILE;
        return true;
    }
    if (run->failed_code != 0) {
        run->not_started = true;
        *rc = run->attempt < t->attempts_max ? FARRIER_OK : last_error (t);
        if (*rc < 0)
            return false;
    } else if (run->attempt > NOT_STARTED_MAX) {
        *rc = FARRIER_UNKNOWN;
        return false;
    }
    new_attempt (t);
    *rc = bench_callback (t, PLUGIN_CALL_START, NULL);
    *which = PLUGIN_CALL_START;
    return true;
}

static bool
may_retry (const struct farrier_test *t, int32_t rc)
{
    return t->run.attempt < t->attempts_max && !t->was_cancelled
           && (rc == FARRIER_E_TRANSIENT || rc == FARRIER_E_BUSY || rc == FARRIER_E_TIMEOUT
               || rc == FARRIER_E_UNREACHABLE);
}

/* The BMC itself said that it failed, or it was measured. */
static bool
said_failed (const struct farrier_test *t, int32_t rc, enum plugin_callback which)
{
    const struct answer *a = t->run.answer;
    return which == PLUGIN_CALL_POLL
           && (rc == FARRIER_E_VERIFY
               || (a != NULL && a->kind == FARRIER_WAKE_TASK && a->code == FARRIER_OK
                   && a->task_end == FARRIER_TASK_FAILED));
}

/* True: it goes on. */
static bool
failed (struct farrier_test *t, int32_t *rc, enum plugin_callback *which)
{
    struct bench_run *run = &t->run;
    bool idempotent = (run->op.def.flags & FARRIER_OP_IDEMPOTENT) != 0;
    bool known = run->known || said_failed (t, *rc, *which);
    if (*rc == FARRIER_E_PLUGIN_BUG)
        return false;
    if (*which == PLUGIN_CALL_RECONCILE && !known) {
        if (clock_wall_ms () >= run->deadline_ms) {
            *rc = FARRIER_UNKNOWN;
            return false;
        }
        bench_advance (t, AGAIN_MS);
        *rc = bench_reconcile (t, FARRIER_DELIVERY_MAYBE);
        return true;
    }
    if (*which == PLUGIN_CALL_RECONCILE && run->failed_code != 0) {
        *rc = last_error (t);
        return false;
    }
    if (run->sent && !idempotent && !run->not_started) {
        if (known || *which == PLUGIN_CALL_RECONCILE)
            return false;
        run->failed_code = *rc;
        run->failed = run->error;
        *rc = bench_reconcile (t, FARRIER_DELIVERY_MAYBE);
        *which = PLUGIN_CALL_RECONCILE;
        return true;
    }
    if (!may_retry (t, *rc))
        return false;
    bench_advance (t, run->error.retry_after_ms > 5000 ? run->error.retry_after_ms : 5000);
    new_attempt (t);
    *rc = bench_callback (t, PLUGIN_CALL_START, NULL);
    *which = PLUGIN_CALL_START;
    return true;
}

int32_t
bench_reconcile (struct farrier_test *t, int32_t delivery)
{
    struct bench_run *run = &t->run;
    if (run->op.def.reconcile == NULL)
        return run->op.def.flags & FARRIER_OP_IDEMPOTENT ? FARRIER_NOT_STARTED : FARRIER_UNKNOWN;
    struct answer *wake = answer_new (FARRIER_WAKE_RESUMED);
    wake->delivery = delivery;
    answer_free (run->answer);
    run->answer = wake;
    run->mode = PLUGIN_CALL_RECONCILE;
    if (run->await != NULL)
        str_set (&run->label, json_str (run->await, "/label"));
    return bench_callback (t, PLUGIN_CALL_RECONCILE, wake);
}

/* The core dies between the callback and its commit. */
static void
callback_lost (struct farrier_test *t, enum plugin_callback which, const struct answer *a)
{
    t->discard = true;
    bench_callback (t, which, a);
    t->discard = false;
}

/* The wake's outcome goes to whoever waits for it. */
static int32_t
deliver (struct farrier_test *t, struct answer *a, enum plugin_callback *which)
{
    struct bench_run *run = &t->run;
    answer_free (run->answer);
    run->answer = a;
    if (run->await_changing && a->delivery != FARRIER_DELIVERY_NONE)
        run->sent = true;
    str_set (&run->label, json_str (run->await, "/label"));
    json_decref (run->await);
    run->await = NULL;
    *which = run->mode;
    if (t->repeat_at == run->awaits)
        callback_lost (t, run->mode, a);
    return bench_callback (t, run->mode, a);
}

/* The core dies at the open await. */
static int32_t
crash (struct farrier_test *t, enum plugin_callback *which)
{
    struct bench_run *run = &t->run;
    int32_t delivery = t->crash_delivery;
    bool lost = t->crash_lost;
    t->crash_at = 0;
    t->crash_lost = false;
    *which = PLUGIN_CALL_RECONCILE;
    run->sent_ms = run->await_changing && delivery != FARRIER_DELIVERY_NONE ? clock_wall_ms () : 0;
    if (run->await_changing && delivery != FARRIER_DELIVERY_NONE) {
        run->sent = true;
        if (!lost)
            bench_perform (t);
    }
    bench_advance (t, 5000);           /* the new process is there */
    return bench_reconcile (t, delivery);
}

static int32_t
next (struct farrier_test *t, enum plugin_callback *which)
{
    struct bench_run *run = &t->run;
    if (t->cancel_at == run->awaits && !t->was_cancelled) {
        t->was_cancelled = true;
        atomic_store (&t->cancelled, true);
        if (!run->sent) {
            *which = PLUGIN_CALL_CANCEL;
            json_decref (run->await);
            run->await = NULL;
            return FARRIER_DONE;
        }
        if (run->op.def.cancel != NULL && !run->critical) {
            run->mode = PLUGIN_CALL_CANCEL;
            *which = PLUGIN_CALL_CANCEL;
            str_set (&run->label, json_str (run->await, "/label"));
            json_t *open = json_incref (run->await);
            atomic_store (&t->cancelled, false);   /* cancel() itself may read */
            int32_t rc = bench_callback (t, PLUGIN_CALL_CANCEL, NULL);
            atomic_store (&t->cancelled, true);
            if (rc == FARRIER_TOO_LATE && run->await == NULL)
                run->await = json_incref (open);
            json_decref (open);
            return rc;
        }
    }
    if (t->crash_at == run->awaits)
        return crash (t, which);
    if (clock_wall_ms () >= run->deadline_ms) {
        json_decref (run->await);
        run->await = NULL;
        *which = PLUGIN_CALL_POLL;
        return (bench_core ()->fail) (&run->error, FARRIER_E_TIMEOUT, "the step's time is up");
    }
    return deliver (t, bench_fulfil (t), which);
}

/* True: it goes on. */
static bool
follow (struct farrier_test *t, int32_t *rc, enum plugin_callback *which)
{
    struct bench_run *run = &t->run;
    switch (*rc) {
    case FARRIER_PENDING:
        *rc = next (t, which);
        return true;
    case FARRIER_ADOPT:
        run->mode = PLUGIN_CALL_POLL;
        if (++run->adopted > ADOPTED_MAX) {
            *rc = FARRIER_UNKNOWN;
            return false;
        }
        *rc = next (t, which);
        return true;
    case FARRIER_TOO_LATE:
        run->mode = PLUGIN_CALL_POLL;
        *rc = next (t, which);
        return true;
    case FARRIER_NOT_STARTED:
        return not_started (t, rc, which);
    case FARRIER_RECHECK:
        if (clock_wall_ms () >= run->deadline_ms && run->extended) {
            *rc = FARRIER_UNKNOWN;
            return false;
        }
        if (clock_wall_ms () >= run->deadline_ms) {
            run->extended = true;
            run->deadline_ms += clock_wall_ms () - run->started_ms;
        }
        *rc = bench_reconcile (t, FARRIER_DELIVERY_MAYBE);
        *which = PLUGIN_CALL_RECONCILE;
        return true;
    default:
        return *rc < 0 && failed (t, rc, which);
    }
}

int32_t
bench_go_on (struct farrier_test *t, int32_t rc, enum plugin_callback which)
{
    int steps = 0;
    while (follow (t, &rc, &which))
        if (++steps > STEPS_MAX) {
            rc = (bench_core ()->fail) (&t->run.error, FARRIER_E_PLUGIN_BUG,
                                        "op '%s' does not end: %d callbacks", t->run.op.def.name,
                                        steps);
            break;
        }
    t->run.finished = true;
    if (which == PLUGIN_CALL_CANCEL && rc == FARRIER_DONE)
        rc = (bench_core ()->fail) (&t->run.error, FARRIER_E_CANCELLED, "cancelled");
    return rc;
}

int32_t
bench_start (struct farrier_test *t, const char *op, const char *params)
{
    struct bench_run *run = &t->run;
    struct err err = { 0 };
    json_t *given = params == NULL ? NULL : json_parse (params, strlen (params), &err);
    const struct plugin_op *found = NULL;
    if (params != NULL && given == NULL)
        bench_misuse ("parameters of %s: %s", op, err.message);
    for (size_t i = 0; i < t->op_count; i++)
        if (str_eq (t->ops[i].def.name, op))
            found = &t->ops[i];
    if (found == NULL)
        bench_misuse ("the plugin %s has no op '%s'", t->def.name, op);
    bench_run_clear (run);
    run->op = *found;
    if (plugin_params_check (&found->def.params, given, 0, NULL, NULL, &run->params, &err) != 0)
        bench_misuse ("op %s: %s", op, err.message);
    json_decref (given);
    make_results (run);
    atomic_store (&t->cancelled, false);
    t->was_cancelled = false;
    new_attempt (t);
    if (t->repeat_start)
        callback_lost (t, PLUGIN_CALL_START, NULL);
    return bench_callback (t, PLUGIN_CALL_START, NULL);
}

/* probe() has a step of no op. */
int32_t
bench_probe (struct farrier_test *t, const struct farrier_op *none)
{
    struct farrier_op op = *none;
    op.start = t->def.probe;
    bench_run_clear (&t->run);
    t->run.op = (struct plugin_op) { .def = op };
    t->run.params = json_object ();
    make_results (&t->run);
    new_attempt (t);
    t->probing = true;
    int32_t rc = bench_callback (t, PLUGIN_CALL_START, NULL);
    t->probing = false;
    return rc;
}
