/* fulfil_watch: awaits that only look, with the engine's own decisions about what they see.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench.h"
#include "net/redfish_error.h"
#include "net/until_step.h"
#include "table_io.h"

#define LOOKS_MAX 20000
#define PAGES_MAX 100

static void
look_at (struct farrier_test *t, const char *path, struct look *ret)
{
    struct bench_reply reply;
    struct bench_request request = { .method = "GET", .path = path };
    bench_ask (t, &request, &reply);
    *ret = (struct look) { .code = reply.code, .status = reply.status };
    if (reply.code != 0)
        err_set (&ret->err, reply.code, "%s", reply.message);
    else
        ret->doc = reply.body_len == 0 ? NULL : json_parse (reply.body, reply.body_len, NULL);
    ret->retry_after_ms = bench_retry_after_ms (&reply);
    bench_reply_clear (&reply);
}

/* Until the step's deadline at most. */
static int64_t
left_ms (const struct farrier_test *t, int64_t wanted_ms)
{
    int64_t left = t->run.deadline_ms - clock_wall_ms ();
    left = left < 1 ? 1 : left;
    return wanted_ms > 0 && wanted_ms < left ? wanted_ms : left;
}

static void
take_document (struct answer *a, int32_t status, const json_t *doc)
{
    if (doc == NULL)
        return;
    a->status = status;
    a->body = json_text (doc);
    a->body_len = strlen (a->body);
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

/* What a restart knows: which task it was. */
static void
remember_identity (struct farrier_test *t, const struct task_step *step)
{
    struct watch_task_progress p;
    task_step_progress (step, &p);
    if (p.identity == NULL)
        return;
    json_put_str (t->run.await, "identity", p.identity);
    json_put_bool (t->run.await, "seen", true);
}

static struct answer *
task_answer (const struct watch_task_result *r)
{
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
    take_document (a, r->status, r->document);
    return a;
}

static struct watch_task
task_spec (struct farrier_test *t, const char *const *fallbacks, size_t fallback_count,
           const struct watch_state_map *states, size_t state_count)
{
    const json_t *s = t->run.await;
    return (struct watch_task) {
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
        .timeout_ms = left_ms (t, json_int_or (s, "/timeout_ms", 0)),
    };
}

struct answer *
bench_fulfil_task (struct farrier_test *t)
{
    struct task_step step;
    size_t fallback_count, state_count;
    const char **fallbacks = strings_of (t->run.await, "fallbacks", &fallback_count);
    struct watch_state_map *states = states_of (t->run.await, &state_count);
    struct watch_task spec = task_spec (t, fallbacks, fallback_count, states, state_count);
    task_step_init (&step, &spec, clock_boot_ms ());
    struct task_decision d = task_step_first (&step);
    for (int i = 0; i < LOOKS_MAX && !d.end; i++) {
        struct look look;
        bench_advance (t, d.after_ms);
        look_at (t, d.path, &look);
        d = task_step_feed (&step, clock_boot_ms (), &look);
        json_decref (look.doc);
        if (step.percent * 10 > t->run.permille)
            t->run.permille = step.percent * 10;
    }
    struct answer *a = task_answer (&step.result);
    remember_identity (t, &step);
    task_step_clear (&step);
    mem_free (fallbacks);
    mem_free (states);
    return a;
}

/* --- until ---------------------------------------------------------------------------------- */

static bool
look_until (struct farrier_test *t, const struct watch_until *spec, struct until_step *step,
            int64_t *ret_after_ms)
{
    struct look probe, proof = { 0 };
    bool asked = until_step_wants_proof (spec);
    bool apart = asked && spec->proof_uri != NULL && !str_eq (spec->proof_uri, spec->uri);
    look_at (t, spec->uri == NULL ? "/" : spec->uri, &probe);
    if (apart)
        look_at (t, spec->proof_uri, &proof);
    bool ended = until_step_feed (step, clock_boot_ms (), &probe,
                                  !asked ? NULL : apart ? &proof : &probe, ret_after_ms);
    json_decref (probe.doc);
    json_decref (proof.doc);
    return ended;
}

struct answer *
bench_fulfil_until (struct farrier_test *t)
{
    const json_t *s = t->run.await;
    struct until_step step;
    struct watch_until spec = {
        .probe = str_eq (json_str (s, "/probe"), "tcp") ? FARRIER_PROBE_TCP
                                                        : FARRIER_PROBE_POINTER,
        .uri = json_str (s, "/uri"),
        .pointer = json_str (s, "/pointer"),
        .wanted = json_str (s, "/wanted"),
        .unwanted = json_str (s, "/unwanted"),
        .good = (uint32_t) json_int_or (s, "/good", 0),
        .interval_ms = (uint32_t) json_int_or (s, "/interval_ms", 0),
        .within_ms = left_ms (t, json_int_or (s, "/within_ms", 0)),
        .proof = (enum farrier_proof) json_int_or (s, "/proof", 0),
        .proof_uri = json_str (s, "/proof_uri"),
        .proof_pointer = json_str (s, "/proof_pointer"),
        .proof_before = json_str (s, "/proof_before"),
    };
    int64_t after_ms = 0;
    until_step_init (&step, &spec, clock_boot_ms ());
    for (int i = 0; i < LOOKS_MAX && !look_until (t, &spec, &step, &after_ms); i++)
        bench_advance (t, after_ms < 1 ? 1 : after_ms);
    struct answer *a = answer_new (FARRIER_WAKE_REACHABLE);
    a->reads = step.result.good_reads;
    a->gap_seen = step.result.gap_seen;
    a->delivery = FARRIER_DELIVERY_ANSWERED;
    if (step.result.code != FARRIER_OK)
        answer_fail (a, step.result.code, step.result.err.message, step.result.err.hint);
    take_document (a, 200, step.result.document);
    until_step_clear (&step);
    return a;
}

/* --- collect -------------------------------------------------------------------------------- */

/* A read that a busy BMC refuses, or that breaks off, is made once more. */
static void
look_twice (struct farrier_test *t, const char *path, struct look *ret)
{
    look_at (t, path, ret);
    bool busy = ret->code == 0 && (ret->status == 429 || ret->status >= 500);
    if (!busy && ret->code != FARRIER_E_TRANSIENT)
        return;
    json_decref (ret->doc);
    bench_advance (t, 1000);
    look_at (t, path, ret);
}

static int32_t
look_error (const char *path, const struct look *look, struct err *err)
{
    if (look->code != 0) {
        *err = look->err;
        return look->code;
    }
    if (look->status < 200 || look->status >= 300) {
        struct redfish_error e;
        redfish_error_parse (look->status, true, look->doc, &e);
        return err_set (err, e.code == 0 ? FARRIER_E_REJECTED : e.code, "%s: HTTP %d%s%.300s",
                        path, look->status, e.message[0] == '\0' ? "" : ": ", e.message);
    }
    if (look->doc == NULL)
        return err_set (err, FARRIER_E_INVALID, "%s: the answer is not JSON", path);
    return 0;
}

static struct step_document *
add_document (struct answer *a, const char *path)
{
    struct step_document *d = mem_alloc (sizeof *d);
    d->path = str_dup (path);
    vec_push (&a->documents, d);
    return d;
}

static void
read_document (struct farrier_test *t, struct answer *a, const char *path)
{
    struct err err = { 0 };
    struct look look;
    struct step_document *d = add_document (a, path);
    look_twice (t, path, &look);
    d->http_status = look.status;
    d->code = look_error (path, &look, &err);
    if (d->code == 0)
        d->json = json_incref (look.doc);
    else
        d->message = str_dup (err.message);
    json_decref (look.doc);
}

static void
take_members (struct farrier_test *t, struct answer *a, const json_t *page, struct map *seen)
{
    const json_t *members = json_at (page, "/Members");
    for (size_t i = 0; i < json_array_size (members); i++) {
        json_t *member = json_array_get (members, i);
        const char *id = json_str (member, "/@odata.id");
        bool whole = json_object_size (member) > 1;
        if ((id == NULL && !whole) || (id != NULL && map_set (seen, id, a) != NULL))
            continue;
        if (!whole) {
            read_document (t, a, id);
            continue;
        }
        struct step_document *d = add_document (a, id == NULL ? "#/Members" : id);
        d->json = json_incref (member);
        d->http_status = 200;
    }
}

/* False: this page could not be read. *path becomes the next one's, NULL at the end. */
static bool
read_page (struct farrier_test *t, struct answer *a, char **path, struct map *seen)
{
    struct err err = { 0 };
    struct look look;
    look_twice (t, *path, &look);
    int32_t code = look_error (*path, &look, &err);
    if (code != 0) {
        answer_fail (a, code, err.message, NULL);
        json_decref (look.doc);
        return false;
    }
    take_members (t, a, look.doc, seen);
    const char *next = json_str (look.doc, "/Members@odata.nextLink");
    char *after = next == NULL || map_set (seen, next, a) != NULL ? NULL : str_dup (next);
    mem_free (*path);
    *path = after;
    json_decref (look.doc);
    return true;
}

struct answer *
bench_fulfil_collect (struct farrier_test *t)
{
    const json_t *s = t->run.await;
    const char *collection = json_str (s, "/collection"), *expand = json_str (s, "/expand");
    struct answer *a = answer_new (FARRIER_WAKE_COLLECTED);
    struct map *seen = map_new ();
    size_t i;
    json_t *item;
    a->delivery = FARRIER_DELIVERY_ANSWERED;
    json_array_foreach (json_object_get (s, "paths"), i, item)
        read_document (t, a, json_string_value (item));
    char *path = collection == NULL ? NULL
                 : expand == NULL
                     ? str_dup (collection)
                     : str_printf ("%s%c%s", collection,
                                   strchr (collection, '?') == NULL ? '?' : '&', expand);
    bool read = path == NULL || read_page (t, a, &path, seen);
    if (!read && expand != NULL && a->code != FARRIER_E_UNREACHABLE) {
        answer_fail (a, 0, NULL, NULL);            /* without $expand then */
        str_set (&path, collection);
        read = read_page (t, a, &path, seen);
    }
    for (int page = 1; page < PAGES_MAX && read && path != NULL; page++)
        read = read_page (t, a, &path, seen);
    mem_free (path);
    map_free (seen, NULL);
    return a;
}
