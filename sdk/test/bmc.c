/* bmc: see bmc.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "bmc.h"

#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define DOCUMENT_BYTES_MAX (16u << 20)

struct bmc_handler {
    char *method, *path;
    farrier_test_handler *fn;
    void *arg;
};

struct bmc_answer {
    char *method, *path, *location, *body;
    int32_t status;
};

struct bmc *
bmc_new (struct farrier_test *t)
{
    struct bmc *bmc = mem_alloc (sizeof *bmc);
    bmc->test = t;
    bmc->documents = json_object ();
    bmc->requests = json_array ();
    return bmc;
}

static void
free_handler (void *item)
{
    struct bmc_handler *h = item;
    mem_free (h->method);
    mem_free (h->path);
    mem_free (h);
}

static void
free_answer (void *item)
{
    struct bmc_answer *a = item;
    mem_free (a->method);
    mem_free (a->path);
    mem_free (a->location);
    mem_free (a->body);
    mem_free (a);
}

void
bmc_free (struct bmc *bmc)
{
    json_decref (bmc->documents);
    json_decref (bmc->requests);
    vec_free_with (&bmc->handlers, free_handler);
    vec_free_with (&bmc->answers, free_answer);
    mem_free (bmc->fixture_dir);
    mem_free (bmc);
}

/* --- documents ------------------------------------------------------------------------------ */

static char *
plain_path (const char *path)
{
    size_t len = strcspn (path, "?");
    while (len > 1 && path[len - 1] == '/')
        len--;
    return str_ndup (path, len);
}

static json_t *
read_fixture (struct bmc *bmc, const char *path)
{
    struct buf text = { 0 };
    json_t *doc = NULL;
    if (bmc->fixture_dir == NULL || strstr (path, "/../") != NULL)
        return NULL;
    char *file = str_printf ("%s%s/index.json", bmc->fixture_dir, path);
    if (fs_exists (file) && fs_read (file, DOCUMENT_BYTES_MAX, &text, NULL) == 0)
        doc = json_parse (text.data, text.len, NULL);
    if (doc != NULL)
        json_object_set_new (bmc->documents, path, doc);
    buf_free (&text);
    mem_free (file);
    return doc;
}

json_t *
bmc_document (struct bmc *bmc, const char *path)
{
    char *plain = plain_path (path);
    json_t *doc = json_object_get (bmc->documents, plain);
    if (doc == NULL)
        doc = read_fixture (bmc, plain);
    mem_free (plain);
    return json_is_null (doc) ? NULL : doc;
}

static json_t *
parse_or_die (const char *text, const char *where)
{
    struct err err = { 0 };
    json_t *v = json_loads (text, JSON_DECODE_ANY, NULL);
    if (v == NULL)
        json_parse (text, strlen (text), &err);
    if (v == NULL)
        bench_misuse ("%s: %s", where, err.message);
    return v;
}

void
farrier_test_document (struct farrier_test *t, const char *path, const char *text)
{
    char *plain = plain_path (path);
    json_object_set_new (t->bmc->documents, plain,
                         text == NULL ? json_null () : parse_or_die (text, path));
    mem_free (plain);
}

void
farrier_test_set (struct farrier_test *t, const char *path, const char *pointer,
                  const char *value)
{
    json_t *doc = bmc_document (t->bmc, path);
    const char *last = strrchr (pointer, '/');
    char *parent = last == NULL ? NULL : str_ndup (pointer, (size_t) (last - pointer));
    json_t *into = parent == NULL ? NULL : json_at (doc, parent);
    int64_t index;
    if (into == NULL)
        bench_misuse ("farrier_test_set: %s has no %s", path, parent == NULL ? pointer : parent);
    json_t *v = parse_or_die (value, pointer);
    if (json_is_array (into) && str_to_i64 (last + 1, &index))
        json_array_set_new (into, (size_t) index, v);
    else
        json_object_set_new (into, last + 1, v);
    mem_free (parent);
}

void
farrier_test_fixture (struct farrier_test *t, const char *dir)
{
    if (!fs_exists (dir))
        bench_misuse ("farrier_test_fixture: there is no folder %s", dir);
    str_set (&t->bmc->fixture_dir, dir);
}

/* --- who answers ---------------------------------------------------------------------------- */

void
farrier_test_answer (struct farrier_test *t, const char *method, const char *path,
                     int32_t status, const char *location, const char *body)
{
    struct bmc_answer *a = mem_alloc (sizeof *a);
    *a = (struct bmc_answer) { str_dup (method), str_dup (path), str_dup (location),
                               str_dup (body), status };
    vec_push (&t->bmc->answers, a);
}

void
farrier_test_on (struct farrier_test *t, const char *method, const char *path,
                 farrier_test_handler *handler, void *arg)
{
    struct bmc_handler *h = mem_alloc (sizeof *h);
    *h = (struct bmc_handler) { str_dup (method), str_dup (path), handler, arg };
    vec_push (&t->bmc->handlers, h);
}

void
farrier_test_on_time (struct farrier_test *t, void (*fn) (void *arg, struct farrier_test *t),
                      void *arg)
{
    t->bmc->on_time = fn;
    t->bmc->on_time_arg = arg;
}

void
farrier_test_away (struct farrier_test *t, int64_t ms)
{
    t->bmc->away_until_ms = ms <= 0 ? 0 : clock_boot_ms () + ms;
}

uint32_t
farrier_test_count (struct farrier_test *t, const char *method, const char *path)
{
    char *glob = str_printf ("%s %s", method, path);
    uint32_t count = 0;
    size_t i;
    json_t *item;
    json_array_foreach (t->bmc->requests, i, item)
        count += str_glob (glob, json_string_value (item), false);
    mem_free (glob);
    return count;
}

static bool
fits (const char *glob, const char *value)
{
    return str_eq (glob, "*") || str_glob (glob, value, false);
}

static void
add_header (struct bench_reply *ret, const char *name, const char *value)
{
    if (value != NULL)
        json_array_append_new (ret->headers, json_pack ("[ss]", name, value));
}

static void
take_reply (const struct farrier_test_reply *r, struct bench_reply *ret)
{
    char seconds[16];
    ret->code = r->code;
    ret->delivery = r->code == 0 ? FARRIER_DELIVERY_ANSWERED : r->delivery;
    ret->performed = r->code != 0 && r->delivery != FARRIER_DELIVERY_NONE;
    ret->status = r->status;
    if (r->code != 0) {
        ret->message = str_dup ("the connection broke off");
        return;
    }
    if (r->body != NULL) {
        ret->body_len = r->body_len != 0 ? r->body_len : strlen (r->body);
        ret->body = mem_alloc (ret->body_len + 1);
        memcpy (ret->body, r->body, ret->body_len);
        add_header (ret, "Content-Type",
                    r->content_type == NULL ? "application/json" : r->content_type);
    }
    add_header (ret, "Location", r->location);
    add_header (ret, "ETag", r->etag);
    str_format (seconds, sizeof seconds, "%d", (int) r->retry_after_s);
    add_header (ret, "Retry-After", r->retry_after_s == 0 ? NULL : seconds);
}

static bool
ask_handlers (struct bmc *bmc, const struct bench_request *q, struct bench_reply *ret)
{
    struct farrier_test_request request = {
        .method = q->method, .path = q->path, .body = q->body, .body_len = q->body_len,
        .image_bytes = q->image_bytes, .number = bmc->number,
    };
    char *parts = q->parts == NULL ? NULL : json_text (q->parts);
    bool answered = false;
    if (parts != NULL) {
        request.body = parts;
        request.body_len = strlen (parts);
    }
    for (size_t i = bmc->handlers.count; i > 0 && !answered; i--) {
        const struct bmc_handler *h = vec_at (&bmc->handlers, i - 1);
        struct farrier_test_reply reply = { .status = 200 };
        if (!fits (h->method, q->method) || !fits (h->path, q->path))
            continue;
        answered = h->fn (h->arg, bmc->test, &request, &reply) != 0;
        if (answered)
            take_reply (&reply, ret);
    }
    mem_free (parts);
    return answered;
}

static bool
ask_answers (struct bmc *bmc, const struct bench_request *q, struct bench_reply *ret)
{
    bool is_get = str_eq (q->method, "GET");
    for (size_t i = bmc->answers.count; i > 0; i--) {
        const struct bmc_answer *a = vec_at (&bmc->answers, i - 1);
        bool any = str_eq (a->method, "*");
        if ((any && is_get) || (!any && !str_eq (a->method, q->method))
            || !fits (a->path, q->path))
            continue;
        struct farrier_test_reply reply
            = { .status = a->status, .location = a->location, .body = a->body };
        take_reply (&reply, ret);
        return true;
    }
    return false;
}

static void
ask_documents (struct bmc *bmc, const struct bench_request *q, struct bench_reply *ret)
{
    json_t *doc = str_eq (q->method, "GET") ? bmc_document (bmc, q->path) : NULL;
    char *text = doc == NULL ? NULL : json_dumps (doc, JSON_COMPACT | JSON_ENCODE_ANY);
    struct farrier_test_reply reply = { .status = doc == NULL ? 404 : 200, .body = text };
    take_reply (&reply, ret);
    mem_free (text);
}

void
bmc_ask (void *arg, const struct bench_request *q, struct bench_reply *ret)
{
    struct bmc *bmc = arg;
    if (bmc->away_until_ms > clock_boot_ms ()) {
        ret->code = FARRIER_E_UNREACHABLE;
        ret->message = str_printf ("%s %s: connection refused", q->method, q->path);
        return;
    }
    bmc->number++;
    char *line = str_printf ("%s %s", q->method, q->path);
    json_array_append_new (bmc->requests, json_string (line));
    mem_free (line);
    if (!ask_handlers (bmc, q, ret) && !ask_answers (bmc, q, ret))
        ask_documents (bmc, q, ret);
}

bool
bmc_try (struct bmc *bmc, const struct bench_request *q, struct bench_reply *ret)
{
    char *line = str_printf ("%s %s", q->method, q->path);
    json_array_append_new (bmc->requests, json_string (line));
    mem_free (line);
    bmc->number++;
    if (ask_handlers (bmc, q, ret) || ask_answers (bmc, q, ret))
        return true;
    if (!str_eq (q->method, "GET") || bmc_document (bmc, q->path) == NULL)
        return false;
    ask_documents (bmc, q, ret);
    return true;
}

void
bmc_advance (void *arg, int64_t ms)
{
    struct bmc *bmc = arg;
    clock_virtual_advance (ms);
    if (bmc->on_time == NULL || bmc->in_time)
        return;
    bmc->in_time = true;
    bmc->on_time (bmc->on_time_arg, bmc->test);
    bmc->in_time = false;
}
