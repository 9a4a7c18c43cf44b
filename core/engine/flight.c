/* flight: see flight.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/flight.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/reach.h"
#include "engine/timers.h"
#include "net/watch.h"

struct flight *
flight_ref (struct flight *f)
{
    atomic_fetch_add (&f->refs, 1);
    return f;
}

void
flight_unref (struct flight *f)
{
    if (f == NULL || atomic_fetch_sub (&f->refs, 1) != 1)
        return;
    flight_free_process (f);
    reach_unref (f->reach);
    mem_free (f->job_id);
    mem_free (f->attempt_id);
    json_decref (f->spec);
    mem_free (f);
}

void
flight_answer (struct flight *f, struct answer *a)
{
    engine_post (f->engine, f->job_id, LETTER_ANSWER, f->attempt_id, f->seq, 0, NULL, a);
}

void
flight_fail (struct flight *f, enum farrier_wake_kind kind, int32_t code, const char *message,
             const char *hint)
{
    struct answer *a = answer_new (kind);
    answer_fail (a, code, message, hint);
    flight_answer (f, a);
}

int64_t
flight_left_ms (const struct flight *f, int64_t wanted_ms)
{
    if (f->deadline_ms == 0)
        return wanted_ms;
    int64_t left = f->deadline_ms - clock_wall_ms ();
    if (left < 1)
        left = 1;
    return wanted_ms == 0 || wanted_ms > left ? left : wanted_ms;
}

/* On the loop: at most one event for each five permille; the store takes it without waiting. */
void
flight_progress (struct flight *f, uint32_t permille, const char *text)
{
    uint32_t to = f->progress_to == 0 ? 1000 : f->progress_to;
    int32_t scaled = (int32_t) (f->progress_from + (to - f->progress_from) * permille / 1000);
    if (text == NULL && scaled < f->last_permille + 5 && scaled != (int32_t) to)
        return;
    if (scaled > f->last_permille)
        f->last_permille = scaled;
    json_t *body = json_object ();
    json_put_int (body, "permille", f->last_permille);
    json_put_str (body, "label", json_str (f->spec, "/label"));
    if (text != NULL)
        json_put_str (body, "text", text);
    char *body_text = json_text (body);
    json_decref (body);
    struct store_event e = {
        .at_ms = clock_wall_ms (), .kind = (char *) "step.progress", .job_id = f->job_id,
        .host_id = f->reach == NULL ? NULL : f->reach->host_id, .body_json = body_text,
    };
    struct store_batch *b = store_batch_new (NULL);
    store_batch_event (b, &e);
    store_commit_async (f->engine->o.store, b, STORE_NORMAL, NULL, NULL);
    mem_free (body_text);
}

static void
start_timer (struct flight *f)
{
    timers_set (f->engine->timers, f->job_id, LETTER_DUE, f->attempt_id,
                json_int_or (f->spec, "/due_ms", clock_wall_ms ()));
}

static const struct {
    const char *kind;
    enum farrier_wake_kind wake;
    bool needs_reach;
    void (*start) (struct flight *f);
} kinds[] = {
    { "http", FARRIER_WAKE_RESPONSE, true, flight_start_http },
    { "transfer", FARRIER_WAKE_TRANSFER, true, flight_start_transfer },
    { "download", FARRIER_WAKE_TRANSFER, true, flight_start_download },
    { "task", FARRIER_WAKE_TASK, true, flight_start_task },
    { "until", FARRIER_WAKE_REACHABLE, true, flight_start_until },
    { "collect", FARRIER_WAKE_COLLECTED, true, flight_start_collect },
    { "process", FARRIER_WAKE_PROCESS, false, flight_start_process },
    { "timer", FARRIER_WAKE_TIMER, false, start_timer },
    { "approval", FARRIER_WAKE_TIMER, false, NULL },
};

struct flight *
flight_start (struct engine *engine, const char *job_id, const struct flight_plan *plan)
{
    struct flight *f = mem_alloc (sizeof *f);
    f->engine = engine;
    f->job_id = str_dup (job_id);
    f->attempt_id = str_dup (plan->attempt_id);
    f->seq = plan->seq;
    f->spec = json_incref ((json_t *) plan->spec);
    f->deadline_ms = plan->deadline_ms;
    f->launched_ms = plan->launched_ms;
    f->gated = plan->gated;
    f->last_permille = plan->permille;
    f->is_timer = str_eq (json_str (plan->spec, "/kind"), "timer");
    atomic_init (&f->refs, 1);
    const char *kind = json_str_or (f->spec, "/kind", "");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!str_eq (kinds[i].kind, kind))
            continue;
        struct err err;
        const char *endpoint = json_str_or (f->spec, "/endpoint", FARRIER_ENDPOINT_BMC);
        if (kinds[i].needs_reach
            && reach_get (engine, plan->host_id, endpoint, &f->reach, &err) != 0)
            flight_fail (f, kinds[i].wake, err.code, err.message, err.hint);
        else if (kinds[i].start != NULL)
            kinds[i].start (f);
        return f;
    }
    flight_fail (f, FARRIER_WAKE_NONE, FARRIER_E_INTERNAL, "unknown kind of await", NULL);
    return f;
}

void
flight_cancel (struct flight *f)
{
    if (f->request != 0)
        net_cancel (f->engine->o.net, f->request);
    if (f->watch != 0)
        watch_cancel (f->engine->o.net, f->watch);
    if (f->child != NULL)
        flight_cancel_process (f);
    if (f->is_timer)
        timers_set (f->engine->timers, f->job_id, LETTER_DUE, NULL, 0);
}

void
flight_drop (struct flight *f, bool cancel)
{
    if (f == NULL)
        return;
    if (cancel)
        flight_cancel (f);
    flight_unref (f);
}

bool
flight_is_watch (const struct flight *f)
{
    return f->watch != 0 || f->request == 0;
}
