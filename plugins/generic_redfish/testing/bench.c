/* bench: see bench.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "bench.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "engine/answer.h"
#include "engine/record.h"

#ifndef TEST_PLUGIN_DIR
#define TEST_PLUGIN_DIR TEST_BUILDDIR "/plugins/generic_redfish/.libs"
#endif

#define STEPS_MAX 400
#define WATCH_READS_MAX 2000

static struct bench *current;          /* the host table's functions get no other argument */

/* --- documents ------------------------------------------------------------------------------ */

static char *
plain_path (const char *path)
{
    char *copy = str_dup (path);
    char *query = strchr (copy, '?');
    if (query != NULL)
        *query = '\0';
    size_t len = strlen (copy);
    while (len > 1 && copy[len - 1] == '/')
        copy[--len] = '\0';
    return copy;
}

static json_t *
read_file (struct bench *b, const char *path)
{
    char *file = str_printf ("%s%s/index.json", b->root_dir, path);
    struct buf text = { 0 };
    json_t *doc = NULL;
    if (fs_exists (file) && fs_read (file, 8u << 20, &text, NULL) == 0)
        doc = json_parse (text.data, text.len, NULL);
    if (doc != NULL)
        json_object_set_new (b->docs, path, doc);
    buf_free (&text);
    mem_free (file);
    return doc;
}

json_t *
bench_doc (struct bench *b, const char *path)
{
    char *plain = plain_path (path);
    json_t *doc = json_object_get (b->docs, plain);
    if (doc == NULL && b->root_dir != NULL)
        doc = read_file (b, plain);
    mem_free (plain);
    return doc;
}

void
bench_set (struct bench *b, const char *path, const char *pointer, json_t *value)
{
    json_t *doc = bench_doc (b, path);
    const char *last = strrchr (pointer, '/');
    char *parent = str_ndup (pointer, (size_t) (last - pointer));
    json_t *into = json_at (doc, parent);
    ck_assert_msg (into != NULL, "%s has no %s", path, parent);
    json_object_set_new (into, last + 1, value);
    mem_free (parent);
}

/* One read: does the BMC answer at all? */
static bool
answers (struct bench *b)
{
    if (b->away && b->reads_until_back > 0 && --b->reads_until_back == 0)
        b->away = false;
    return !b->away;
}

/* --- inline reads --------------------------------------------------------------------------- */

static int32_t
http_get (struct farrier_step *step, const char *endpoint, const char *path,
          const struct farrier_http_options *options, const struct farrier_response **ret,
          struct farrier_error *err)
{
    (void) endpoint;
    (void) options;
    struct bench *b = current;
    if (!answers (b))
        /* In parentheses: Check has a macro of that name. */
        return (step->host->fail) (err, FARRIER_E_UNREACHABLE, "GET %s: connection refused", path);
    json_t *doc = bench_doc (b, path);
    char *text = doc == NULL ? str_dup ("{}") : json_text (doc);
    *ret = step_response (step, doc == NULL ? 404 : 200, NULL, text, strlen (text), -1);
    mem_free (text);
    return 0;
}

static int32_t
image_publish (struct farrier_step *step, const struct farrier_image *image, const char **ret_url,
               struct farrier_error *err)
{
    (void) step;
    (void) image;
    (void) err;
    *ret_url = "http://127.0.0.1:1/once/image.bin";
    return 0;
}

/* --- awaits --------------------------------------------------------------------------------- */

/* What the next callback wakes to. */
struct next {
    enum plugin_callback callback;
    enum farrier_wake_kind kind;
    int32_t code, delivery;
    int status;                        /* of a response; 0 = none */
    json_t *headers, *body;
    enum farrier_task_end task_end;
    bool gap_seen;
    struct vec documents;
};

static void
free_document (void *item)
{
    struct step_document *d = item;
    mem_free (d->path);
    mem_free (d->message);
    json_decref (d->json);
    mem_free (d);
}

static void
next_clear (struct next *n)
{
    json_decref (n->headers);
    json_decref (n->body);
    vec_free_with (&n->documents, free_document);
    *n = (struct next) { .callback = PLUGIN_CALL_POLL };
}

static void
add_document (struct bench *b, struct next *n, const char *path)
{
    struct step_document *d = mem_alloc (sizeof *d);
    json_t *doc = b->away ? NULL : bench_doc (b, path);
    d->path = str_dup (path);
    d->json = json_incref (doc);
    d->http_status = doc == NULL ? 404 : 200;
    if (doc == NULL) {
        d->code = b->away ? FARRIER_E_UNREACHABLE : FARRIER_E_UNSUPPORTED;
        d->message = str_dup (b->away ? "connection refused" : "404 Not Found");
    }
    vec_push (&n->documents, d);
}

static void
fulfil_collect (struct bench *b, const json_t *spec, struct next *n)
{
    size_t i;
    json_t *item;
    n->kind = FARRIER_WAKE_COLLECTED;
    answers (b);
    json_array_foreach (json_object_get (spec, "paths"), i, item)
        add_document (b, n, json_string_value (item));
    const char *collection = json_str (spec, "/collection");
    json_t *members = collection == NULL ? NULL
                                         : json_at (bench_doc (b, collection), "/Members");
    json_array_foreach (members, i, item)
        add_document (b, n, json_str (item, "/@odata.id"));
    if (collection != NULL)
        n->code = b->page_code;
    if (b->away)
        n->code = FARRIER_E_UNREACHABLE;
}

static void
fulfil_change (struct bench *b, const json_t *spec, struct next *n, bool perform, bool tell)
{
    const char *method = json_str (spec, "/method"), *path = json_str (spec, "/path");
    n->kind = str_eq (json_str (spec, "/kind"), "http") ? FARRIER_WAKE_RESPONSE
                                                        : FARRIER_WAKE_TRANSFER;
    struct bench_answer answer = { .status = 500 };
    if (perform && b->away) {
        n->code = FARRIER_E_UNREACHABLE;
        return;
    }
    if (perform) {
        char *text = str_printf ("%s %s", method, path);
        json_array_append_new (b->changes, json_string (text));
        mem_free (text);
        answer = b->on_change (b, method, path, spec);
    }
    if (tell) {
        n->status = answer.status;
        n->delivery = FARRIER_DELIVERY_ANSWERED;
        n->headers = json_array ();
        if (answer.location != NULL)
            json_array_append_new (n->headers, json_pack ("[ss]", "Location", answer.location));
        n->body = json_incref (answer.body);
    }
    json_decref (answer.body);
}

static bool
wanted (const char *globs, const char *value)
{
    size_t count = 0;
    bool fits = false;
    if (globs == NULL)
        return true;
    char **list = str_split (globs, '\n', &count);
    for (size_t i = 0; i < count && value != NULL && !fits; i++)
        fits = str_glob (list[i], value, false);
    str_free_all (list, count);
    return fits;
}

static void
fulfil_until (struct bench *b, const json_t *spec, struct next *n)
{
    int64_t interval = json_int_or (spec, "/interval_ms", 5000);
    int64_t left = json_int_or (spec, "/within_ms", 1800000);
    int proof = (int) json_int_or (spec, "/proof", FARRIER_PROOF_NONE);
    const char *uri = json_str (spec, "/uri"), *pointer = json_str (spec, "/pointer");
    n->kind = FARRIER_WAKE_REACHABLE;
    for (int reads = 0; reads < WATCH_READS_MAX && left > 0; reads++, left -= interval) {
        json_t *doc = answers (b) ? bench_doc (b, uri) : NULL;
        const char *seen = pointer == NULL ? "" : json_str (doc, pointer);
        n->gap_seen = n->gap_seen || doc == NULL;
        const char *mark = json_str (doc, json_str_or (spec, "/proof_pointer", "/none"));
        bool changed = mark != NULL && !str_eq (mark, json_str (spec, "/proof_before"));
        bool proven = proof == FARRIER_PROOF_NONE || (proof == FARRIER_PROOF_GAP && n->gap_seen)
                      || (proof == FARRIER_PROOF_CHANGED && changed)
                      || (proof == FARRIER_PROOF_GAP_OR_CHANGED && (n->gap_seen || changed));
        if (doc != NULL && proven && seen != NULL && wanted (json_str (spec, "/wanted"), seen)) {
            char *text = json_text (doc);
            n->status = 200;
            n->body = json_parse (text, strlen (text), NULL);
            mem_free (text);
            return;
        }
        clock_virtual_advance (interval);
        if (b->on_wait != NULL)
            b->on_wait (b);
    }
    n->code = FARRIER_E_TIMEOUT;
}

static void
fulfil_task (struct bench *b, const json_t *spec, struct next *n)
{
    const char *uri = json_str (spec, "/uri");
    json_t *document = NULL;
    n->kind = FARRIER_WAKE_TASK;
    n->task_end = b->on_task (b, uri == NULL ? json_str (spec, "/monitor") : uri, &document);
    n->gap_seen = n->task_end == FARRIER_TASK_VANISHED;
    n->body = document;
    n->status = document == NULL ? 0 : 200;
}

static bool
is_change (const json_t *spec)
{
    const char *kind = json_str (spec, "/kind");
    return str_eq (kind, "http") || str_eq (kind, "transfer");
}

static void
fulfil (struct bench *b, const json_t *spec, struct next *n)
{
    const char *kind = json_str (spec, "/kind");
    bool change = is_change (spec);
    bool crash = (change || b->crash.reads_too) && !b->crashed && b->awaits++ == b->crash.at;
    if (crash) {
        b->crashed = true;
        n->callback = PLUGIN_CALL_RECONCILE;
        if (change)
            fulfil_change (b, spec, n, b->crash.performed, false);
        n->kind = FARRIER_WAKE_RESUMED;
        n->code = 0;
        n->delivery = change ? b->crash.delivery : FARRIER_DELIVERY_NONE;
        return;
    }
    if (change)
        fulfil_change (b, spec, n, true, true);
    else if (str_eq (kind, "collect"))
        fulfil_collect (b, spec, n);
    else if (str_eq (kind, "task"))
        fulfil_task (b, spec, n);
    else if (str_eq (kind, "until"))
        fulfil_until (b, spec, n);
    else {
        ck_assert_str_eq (kind, "timer");
        n->kind = FARRIER_WAKE_TIMER;
        clock_virtual_advance (json_int_or (spec, "/due_ms", 0) - clock_wall_ms ());
        if (b->on_wait != NULL)
            b->on_wait (b);
    }
}

/* --- one callback --------------------------------------------------------------------------- */

static void
take_over (struct bench *b, struct farrier_step *step, int32_t rc)
{
    const char *key;
    json_t *value;
    if (rc < 0)
        return;
    json_object_foreach (step->results, key, value)
        json_object_set (b->results, key, value);
    json_object_update (b->facts, step->facts);
    json_array_extend (b->identity, step->identity);
    while (step->components.count > 0)
        vec_push (&b->components, vec_remove (&step->components, 0));
    b->needs = (b->needs | step->needs) & ~step->needs_done;
    record_set_needs (b->context, b->needs);
    if (step->rung > b->rung)
        b->rung = step->rung;
    if (step->skip_reason != NULL)
        str_set (&b->skip_reason, step->skip_reason);
}

/* Runs a callback; *bag and *ret_await are replaced as a commit would. */
static int32_t
call (struct bench *b, const struct plugin_op *op, const json_t *params, json_t **bag,
      struct next *n, json_t **ret_await)
{
    static atomic_bool cancelled;
    struct step_input in = {
        .op = op, .callback = n->callback, .job_id = "job-1", .attempt_id = "attempt-1",
        .host_id = "h1", .host_name = "h1", .action = op->def.name, .attempt = 1,
        .params = params, .context = b->context, .bag = *bag, .cancelled = &cancelled,
        .component = b->has_component ? &b->component : NULL,
        .image = b->has_image ? &b->image : NULL, .documents = &n->documents,
    };
    struct farrier_step step;
    in.wake = (struct farrier_wake) {
        .struct_size = sizeof in.wake, .kind = n->kind, .code = n->code, .delivery = n->delivery,
        .message = n->code == 0 ? NULL : "the await failed", .documents = n->documents.count,
        .task_end = n->task_end, .gap_seen = n->gap_seen,
    };
    step_init (&step, &in);
    step.host = &b->host;
    if (n->status != 0) {
        char *text = n->body == NULL ? str_dup ("") : json_text (n->body);
        step.in.wake.response
            = step_response (&step, n->status, n->headers, text, strlen (text), -1);
        mem_free (text);
    }
    int32_t rc = step_run (&step, &b->error);
    take_over (b, &step, rc);
    if (rc >= 0) {
        json_decref (*bag);
        *bag = json_deep_copy (step.bag);
        *ret_await = json_incref (step.await);
    }
    if (rc == FARRIER_RECHECK)
        clock_virtual_advance (step.recheck_ms);
    step_free (&step);
    return rc;
}

static void
forget_last (struct bench *b)
{
    json_object_clear (b->results);
    json_object_clear (b->facts);
    json_array_clear (b->identity);
    vec_free_with (&b->components, (void (*) (void *)) component_free);
    b->components = (struct vec) { 0 };
    b->rung = -1;
    b->crashed = false;
    b->awaits = b->recheck_count = 0;
    mem_free (b->skip_reason);
    b->skip_reason = NULL;
}

/* What the engine does with an answer of reconcile. True: go on with *n. */
static bool
after_reconcile (struct bench *b, int32_t *rc, json_t **bag, struct next *n)
{
    if (*rc == FARRIER_ADOPT)
        return true;
    if (*rc == FARRIER_NOT_STARTED) {
        json_decref (*bag);
        *bag = json_object ();
        next_clear (n);
        n->callback = PLUGIN_CALL_START;
        return true;
    }
    if (*rc == FARRIER_RECHECK && ++b->recheck_count < 50) {
        if (b->on_wait != NULL)
            b->on_wait (b);
        return true;                   /* the same wake again */
    }
    return false;
}

static int32_t
run (struct bench *b, const struct plugin_op *op, const json_t *params)
{
    json_t *bag = json_object (), *await = NULL;
    struct next n = { .callback = PLUGIN_CALL_START };
    int32_t rc = FARRIER_PENDING;
    for (int i = 0; i < STEPS_MAX; i++) {
        enum plugin_callback callback = n.callback;
        rc = call (b, op, params, &bag, &n, &await);
        if (callback == PLUGIN_CALL_RECONCILE) {
            if (!after_reconcile (b, &rc, &bag, &n))
                break;
            if (rc != FARRIER_ADOPT)
                continue;
        } else if (rc != FARRIER_PENDING) {
            break;
        }
        next_clear (&n);
        fulfil (b, await, &n);
        json_decref (await);
        await = NULL;
    }
    next_clear (&n);
    json_decref (bag);
    return rc;
}

int32_t
bench_run (struct bench *b, const char *name, const char *params)
{
    struct err err = { 0 };
    current = b;
    forget_last (b);
    const struct plugin_op *op = plugin_op_find (b->registry, "generic_redfish", name, &err);
    ck_assert_msg (op != NULL, "%s", err.message);
    json_t *given = params == NULL ? NULL : json_parse (params, strlen (params), &err);
    json_t *checked = NULL;
    ck_assert_msg (plugin_params_check (&op->def.params, given, 0, NULL, NULL, &checked, &err) == 0,
                   "%s", err.message);
    int32_t rc = run (b, op, checked);
    json_decref (given);
    json_decref (checked);
    return rc;
}

/* --- setting up ----------------------------------------------------------------------------- */

void
bench_make (struct bench *b, const char *docs)
{
    static const char *const dirs[] = { TEST_PLUGIN_DIR };
    struct err err = { 0 };
    *b = (struct bench) { .crash = { .at = -1 }, .rung = -1 };
    clock_virtual_start (1700000000000, 1000);
    b->docs = docs == NULL ? json_object () : json_parse (docs, strlen (docs), &err);
    ck_assert_msg (b->docs != NULL, "%s", err.message);
    b->changes = json_array ();
    b->results = json_object ();
    b->facts = json_object ();
    b->identity = json_array ();
    b->context = json_object ();
    b->host = *step_host_table ();
    b->host.http_get = http_get;
    b->host.image_publish = image_publish;
    struct plugin_settings settings
        = { .dirs = dirs, .dir_count = 1, .host = &b->host, .trust_files = true };
    ck_assert_msg (plugin_registry_open (&settings, &b->registry, &err) == 0, "%s", err.message);
    const struct plugin *p = plugin_find (b->registry, "generic_redfish");
    ck_assert_ptr_nonnull (p);
    ck_assert_msg (plugin_is_usable (p), "%s", plugin_info (p)->faults[0].message);
}

void
bench_free (struct bench *b)
{
    forget_last (b);
    plugin_registry_close (b->registry);
    json_decref (b->docs);
    json_decref (b->changes);
    json_decref (b->results);
    json_decref (b->facts);
    json_decref (b->identity);
    json_decref (b->context);
    component_clear (&b->component);
    clock_virtual_stop ();
}

void
bench_image (struct bench *b, const char *version, uint64_t size)
{
    b->image = (struct farrier_image) {
        .host = &b->host, .name = (char *) "image.bin", .version = (char *) version,
        .sha256 = (char *) "00000000000000000000000000000000000000000000000000000000000000aa",
        .size_bytes = size,
    };
    b->has_image = true;
}

void
bench_component (struct bench *b, enum farrier_component_type type, const char *key,
                 const char *uri, const char *version)
{
    component_clear (&b->component);
    b->component = (struct component) {
        .type = type, .key = str_dup (key), .uri = str_dup (uri), .version = str_dup (version),
        .updateable = 1,
    };
    b->has_component = true;
}

const struct component *
bench_found (const struct bench *b, const char *key)
{
    for (size_t i = 0; i < b->components.count; i++) {
        const struct component *c = vec_at (&b->components, i);
        if (str_eq (c->key, key))
            return c;
    }
    return NULL;
}

size_t
bench_count_changes (const struct bench *b, const char *text)
{
    size_t i, count = 0;
    json_t *item;
    json_array_foreach (b->changes, i, item)
        count += str_eq (json_string_value (item), text);
    return count;
}
