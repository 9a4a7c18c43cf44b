/* flight_watch: awaits that only look: tasks, resources, many documents.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/flight.h"
#include "engine/reach.h"
#include "engine/step.h"
#include "net/watch.h"

static enum net_auth
auth_of (const struct flight *f)
{
    return f->reach->session == NULL ? NET_AUTH_NONE : NET_AUTH_SESSION;
}

static const char **
strings_of (const json_t *spec, const char *key, size_t *ret_count)
{
    const json_t *list = json_object_get (spec, key);
    *ret_count = json_array_size (list);
    const char **all = mem_array (*ret_count + 1, sizeof *all);
    for (size_t i = 0; i < *ret_count; i++)
        all[i] = json_string_value (json_array_get (list, i));
    return all;
}

/* --- task ----------------------------------------------------------------------------------- */

static enum farrier_task_meaning
meaning_of (const char *name)
{
    if (str_eq (name, "done"))
        return FARRIER_TASK_MEANS_DONE;
    if (str_eq (name, "failed"))
        return FARRIER_TASK_MEANS_FAILED;
    return str_eq (name, "needs_reset") ? FARRIER_TASK_MEANS_NEEDS_RESET
                                        : FARRIER_TASK_MEANS_RUNNING;
}

static struct watch_state_map *
states_of (const json_t *spec, size_t *ret_count)
{
    const json_t *list = json_object_get (spec, "states");
    *ret_count = json_array_size (list);
    if (*ret_count == 0)
        return NULL;
    struct watch_state_map *map = mem_array (*ret_count, sizeof *map);
    for (size_t i = 0; i < *ret_count; i++) {
        const json_t *pair = json_array_get (list, i);
        map[i].value = json_string_value (json_array_get (pair, 0));
        map[i].means = meaning_of (json_string_value (json_array_get (pair, 1)));
    }
    return map;
}

/* What a restart must know: which task it was, and that it was seen. */
static void
remember_identity (struct flight *f, const char *identity)
{
    if (identity == NULL || str_eq (json_str (f->spec, "/identity"), identity))
        return;
    json_t *spec = json_deep_copy (f->spec);
    json_put_str (spec, "identity", identity);
    json_put_bool (spec, "seen", true);
    char *text = json_text (spec);
    struct store_batch *b = store_batch_new (NULL);
    store_batch_await_respec (b, f->attempt_id, f->seq, text);
    store_commit_async (f->engine->o.store, b, STORE_NORMAL, NULL, NULL);
    mem_free (text);
    json_decref (f->spec);
    f->spec = spec;
}

static void
task_progress (void *arg, const struct watch_task_progress *p)
{
    struct flight *f = arg;
    remember_identity (f, p->identity);
    const char *text = p->away ? "the BMC does not answer" : p->message;
    if (p->went_back)
        text = "the BMC's percentage went back";
    flight_progress (f, p->percent * 10, text);
}

static void
task_done (void *arg, const struct watch_task_result *r)
{
    struct flight *f = arg;
    struct answer *a = answer_new (FARRIER_WAKE_TASK);
    a->task_end = r->end;
    a->reads = r->polls;
    a->gap_seen = r->gap_seen;
    a->status = r->status;
    a->delivery = FARRIER_DELIVERY_ANSWERED;
    if (r->code != FARRIER_OK)
        answer_fail (a, r->code, r->err.message, r->err.hint);
    else if (r->end == FARRIER_TASK_FAILED)
        str_set (&a->message, r->err.message);
    if (r->vendor_id[0] != '\0')
        str_set (&a->vendor_id, r->vendor_id);
    if (r->document != NULL) {
        a->body = json_text (r->document);
        a->body_len = strlen (a->body);
    }
    flight_answer (f, a);
    flight_unref (f);
}

void
flight_start_task (struct flight *f)
{
    const json_t *s = f->spec;
    size_t fallback_count, state_count;
    const char **fallbacks = strings_of (s, "fallbacks", &fallback_count);
    struct watch_state_map *states = states_of (s, &state_count);
    f->progress_from = (uint32_t) json_int_or (s, "/progress_from", 0);
    f->progress_to = (uint32_t) json_int_or (s, "/progress_to", 1000);
    struct watch_task spec = {
        .target = f->reach->target,
        .auth = auth_of (f),
        .session = f->reach->session,
        .uri = json_str (s, "/uri"),
        .monitor = json_str (s, "/monitor"),
        .fallbacks = fallbacks,
        .fallback_count = fallback_count,
        .state_pointer = json_str (s, "/state_pointer"),
        .percent_pointer = json_str (s, "/percent_pointer"),
        .messages_pointer = json_str (s, "/messages_pointer"),
        .states = states,
        .state_count = state_count,
        .identity_pointer = json_str (s, "/identity_pointer"),
        .identity = json_str (s, "/identity"),
        .seen = json_bool_or (s, "/seen", false),
        .before = json_str (s, "/before"),
        .must_change_within_ms = (uint32_t) json_int_or (s, "/must_change_within_ms", 0),
        .poll_min_ms = (uint32_t) json_int_or (s, "/poll_min_ms", 0),
        .poll_max_ms = (uint32_t) json_int_or (s, "/poll_max_ms", 0),
        .grace_ms = (uint32_t) json_int_or (s, "/grace_ms", 0),
        .timeout_ms = flight_left_ms (f, json_int_or (s, "/timeout_ms", 0)),
    };
    f->watch = watch_task_start (&spec, task_progress, task_done, flight_ref (f));
    mem_free (fallbacks);
    mem_free (states);
}

/* --- until ---------------------------------------------------------------------------------- */

static void
until_done (void *arg, const struct watch_until_result *r)
{
    struct flight *f = arg;
    struct answer *a = answer_new (FARRIER_WAKE_REACHABLE);
    a->reads = r->good_reads;
    a->gap_seen = r->gap_seen;
    a->delivery = FARRIER_DELIVERY_ANSWERED;
    if (r->code != FARRIER_OK)
        answer_fail (a, r->code, r->err.message, r->err.hint);
    if (r->document != NULL) {
        a->status = 200;
        a->body = json_text (r->document);
        a->body_len = strlen (a->body);
    }
    flight_answer (f, a);
    flight_unref (f);
}

void
flight_start_until (struct flight *f)
{
    const json_t *s = f->spec;
    struct watch_until spec = {
        .target = f->reach->target,
        .auth = auth_of (f),
        .session = f->reach->session,
        .probe = str_eq (json_str (s, "/probe"), "tcp") ? FARRIER_PROBE_TCP
                                                        : FARRIER_PROBE_POINTER,
        .uri = json_str (s, "/uri"),
        .pointer = json_str (s, "/pointer"),
        .wanted = json_str (s, "/wanted"),
        .unwanted = json_str (s, "/unwanted"),
        .good = (uint32_t) json_int_or (s, "/good", 0),
        .interval_ms = (uint32_t) json_int_or (s, "/interval_ms", 0),
        .within_ms = flight_left_ms (f, json_int_or (s, "/within_ms", 0)),
        .proof = (enum farrier_proof) json_int_or (s, "/proof", 0),
        .proof_uri = json_str (s, "/proof_uri"),
        .proof_pointer = json_str (s, "/proof_pointer"),
        .proof_before = json_str (s, "/proof_before"),
    };
    f->watch = watch_until_start (&spec, until_done, flight_ref (f));
}

/* --- collect -------------------------------------------------------------------------------- */

static void
take_documents (struct answer *a, const struct watch_collect_result *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct watch_document *in = &r->documents[i];
        struct step_document *d = mem_alloc (sizeof *d);
        d->path = str_dup (in->path);
        d->code = in->code;
        d->http_status = in->status;
        d->json = json_incref (in->json);
        if (in->code != FARRIER_OK) {
            d->message = str_dup (in->err.message);
            d->hint = str_dup (in->err.hint);
        }
        vec_push (&a->documents, d);
    }
}

static struct answer *
collected (const struct watch_collect_result *r)
{
    struct answer *a = answer_new (FARRIER_WAKE_COLLECTED);
    a->delivery = FARRIER_DELIVERY_ANSWERED;
    if (r->code != FARRIER_OK)
        answer_fail (a, r->code, r->err.message, r->err.hint);
    take_documents (a, r);
    return a;
}

static void
collect_done (void *arg, const struct watch_collect_result *r)
{
    struct flight *f = arg;
    flight_answer (f, collected (r));
    flight_unref (f);
}

void
flight_start_collect (struct flight *f)
{
    const json_t *s = f->spec;
    size_t count;
    const char **paths = strings_of (s, "paths", &count);
    struct watch_collect spec = {
        .target = f->reach->target,
        .auth = auth_of (f),
        .session = f->reach->session,
        .collection = json_str (s, "/collection"),
        .paths = paths,
        .path_count = count,
        .expand = json_str (s, "/expand"),
        .max_in_flight = (uint32_t) json_int_or (s, "/max_in_flight", 0),
        .timeout_ms = (uint32_t) json_int_or (s, "/timeout_ms", 0),
    };
    f->watch = watch_collect_start (&spec, collect_done, flight_ref (f));
    mem_free (paths);
}

/* --- guards --------------------------------------------------------------------------------- */

static void
guards_read (void *arg, const struct watch_collect_result *r)
{
    struct flight *f = arg;
    engine_post (f->engine, f->job_id, LETTER_GUARDED, f->attempt_id, f->seq, 0, NULL,
                 collected (r));
    flight_unref (f);
}

void
flight_read_guards (struct engine *engine, const char *job_id, const char *host_id,
                    const char *attempt_id, int64_t seq, const char *const *paths, size_t count)
{
    struct flight *f = mem_alloc (sizeof *f);
    struct err err;
    f->engine = engine;
    f->job_id = str_dup (job_id);
    f->attempt_id = str_dup (attempt_id);
    f->seq = seq;
    f->spec = json_object ();
    atomic_init (&f->refs, 1);
    if (reach_get (engine, host_id, FARRIER_ENDPOINT_BMC, &f->reach, &err) != 0) {
        struct answer *a = answer_new (FARRIER_WAKE_COLLECTED);
        answer_fail (a, err.code, err.message, err.hint);
        engine_post (engine, job_id, LETTER_GUARDED, attempt_id, seq, 0, NULL, a);
        flight_unref (f);
        return;
    }
    struct watch_collect spec = {
        .target = f->reach->target,
        .auth = auth_of (f),
        .session = f->reach->session,
        .paths = paths,
        .path_count = count,
        .last = true,                  /* a change goes over a connection of its own */
    };
    f->watch = watch_collect_start (&spec, guards_read, f);
}
