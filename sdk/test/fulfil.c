/* fulfil: carries awaits out on the BMC of the test, as the engine's loop does on a real one.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench.h"
#include "engine/process_exit.h"
#include "table_io.h"

#define TOKEN "${session.token}"
#define TOKEN_VALUE "simulated-token"
#define BOUNDARY "farrier-test-boundary-7f3k2m9q"

/* --- one request ---------------------------------------------------------------------------- */

void
bench_reply_clear (struct bench_reply *reply)
{
    json_decref (reply->headers);
    mem_free (reply->body);
    mem_free (reply->message);
    *reply = (struct bench_reply) { 0 };
}

int64_t
bench_retry_after_ms (const struct bench_reply *reply)
{
    size_t i;
    json_t *pair;
    int64_t seconds;
    json_array_foreach (reply->headers, i, pair)
        if (str_case_eq (json_string_value (json_array_get (pair, 0)), "Retry-After")
            && str_to_i64 (json_string_value (json_array_get (pair, 1)), &seconds))
            return seconds * 1000;
    return -1;
}

void
bench_advance (struct farrier_test *t, int64_t ms)
{
    if (ms > 0)
        t->backend.advance (t->backend.arg, ms);
}

/* Only the path of an address is used, always. */
static const char *
path_of (const char *path)
{
    const char *host = path == NULL ? NULL : strstr (path, "://");
    const char *slash = host == NULL ? path : strchr (host + 3, '/');
    return slash == NULL ? "/" : slash;
}

void
bench_ask (struct farrier_test *t, const struct bench_request *request, struct bench_reply *ret)
{
    struct bench_request r = *request;
    *ret = (struct bench_reply) { .headers = json_array () };
    r.path = path_of (request->path);
    t->backend.ask (t->backend.arg, &r, ret);
    bench_advance (t, ret->took_ms);
}

static struct answer *
answer_of (enum farrier_wake_kind kind, struct bench_reply *reply)
{
    struct answer *a = answer_new (kind);
    a->delivery = reply->code == 0 ? FARRIER_DELIVERY_ANSWERED : reply->delivery;
    a->status = reply->status;
    a->retry_after_ms = bench_retry_after_ms (reply);
    if (reply->code != 0)
        answer_fail (a, reply->code, reply->message, NULL);
    a->headers = json_incref (reply->headers);
    a->body = reply->body == NULL ? NULL : mem_dup (reply->body, reply->body_len + 1);
    a->body_len = reply->body_len;
    return a;
}

/* --- guards --------------------------------------------------------------------------------- */

static char *
value_text (const json_t *v)
{
    if (v == NULL)
        return str_dup ("(absent)");
    return json_is_string (v) ? str_dup (json_string_value (v)) : json_text (v);
}

static bool
listed (const char *expected, const char *measured)
{
    size_t count;
    bool found = false;
    char **all = str_split (expected, '\n', &count);
    for (size_t i = 0; i < count && !found; i++)
        found = str_eq (all[i], measured);
    str_free_all (all, count);
    return found;
}

/* NULL when nothing forbids the change. */
static struct answer *
judge_guard (struct farrier_test *t, const json_t *guard, enum farrier_wake_kind kind)
{
    struct bench_reply reply;
    struct bench_request request = { .method = "GET", .path = json_str (guard, "/uri") };
    bench_ask (t, &request, &reply);
    json_t *doc = reply.body == NULL ? NULL : json_parse (reply.body, reply.body_len, NULL);
    char *measured = value_text (json_at (doc, json_str_or (guard, "/pointer", "")));
    bool read = reply.code == 0 && reply.status < 300 && doc != NULL;
    struct answer *a = NULL;
    if (!read || !listed (json_str_or (guard, "/expected", ""), measured)) {
        char *text = read ? str_printf ("%s at %s is '%s', it must be '%s'",
                                        json_str_or (guard, "/pointer", ""), request.path,
                                        measured, json_str_or (guard, "/expected", ""))
                          : str_printf ("nothing was sent: %s could not be read", request.path);
        a = answer_new (kind);
        answer_fail (a, read ? (int32_t) json_int_or (guard, "/code", FARRIER_E_PRECONDITION)
                     : reply.code != 0 ? reply.code : FARRIER_E_TRANSIENT, text, NULL);
        mem_free (text);
    }
    json_decref (doc);
    mem_free (measured);
    bench_reply_clear (&reply);
    return a;
}

static struct answer *
judge_guards (struct farrier_test *t, enum farrier_wake_kind kind)
{
    size_t i;
    json_t *guard;
    struct answer *a = NULL;
    json_array_foreach (json_object_get (t->run.await, "guards"), i, guard)
        if (a == NULL)
            a = judge_guard (t, guard, kind);
    return a;
}

/* --- changes -------------------------------------------------------------------------------- */

/* ${session.token} is filled in when the bytes leave. */
static void
put_text (struct buf *out, const char *text)
{
    const char *at;
    while (text != NULL && (at = strstr (text, TOKEN)) != NULL) {
        buf_append (out, text, (size_t) (at - text));
        buf_puts (out, TOKEN_VALUE);
        text = at + strlen (TOKEN);
    }
    buf_puts (out, text == NULL ? "" : text);
}

static json_t *
headers_of (const json_t *spec)
{
    json_t *out = json_array (), *pair;
    size_t i;
    json_array_foreach (json_object_get (spec, "headers"), i, pair) {
        struct buf value = { 0 };
        put_text (&value, json_string_value (json_array_get (pair, 1)));
        buf_puts (&value, "");
        json_array_append_new (out, json_pack ("[ss]",
                                               json_string_value (json_array_get (pair, 0)),
                                               value.data == NULL ? "" : value.data));
        buf_free (&value);
    }
    return out;
}

static uint64_t
put_image (struct farrier_test *t, const json_t *part, struct buf *out)
{
    if (t->image == NULL)
        return 0;
    uint64_t size = t->image->handle.size_bytes;
    uint64_t offset = (uint64_t) json_int_or (part, "/offset", 0);
    uint64_t length = (uint64_t) json_int_or (part, "/length", 0);
    offset = offset > size ? size : offset;
    if (length == 0 || length > size - offset)
        length = size - offset;
    buf_append (out, t->image->bytes + offset, (size_t) length);
    return length;
}

/* NULL when the part is none. */
static const struct image_attachment *
attachment_of (const struct farrier_test *t, const json_t *part)
{
    if (!str_eq (json_str (part, "/kind"), "attachment") || t->image == NULL)
        return NULL;
    return image_attachment_find (t->image->handle.attachments, t->image->handle.attachment_count,
                                  json_str (part, "/text"));
}

static uint64_t
put_part (struct farrier_test *t, const json_t *part, struct buf *out)
{
    const char *kind = json_str_or (part, "/kind", "");
    if (str_eq (kind, "image"))
        return put_image (t, part, out);
    const struct image_attachment *a = attachment_of (t, part);
    if (a != NULL)
        buf_append (out, a->bytes, a->len);
    else if (str_eq (kind, "artifact"))
        put_text (out, json_string_value (json_object_get (
                           t->artifacts, json_str_or (part, "/text", ""))));
    else
        put_text (out, json_str (part, "/text"));
    return 0;
}

static void
put_part_head (struct farrier_test *t, const json_t *part, struct buf *out)
{
    const char *file = json_str (part, "/filename");
    const char *kind = json_str_or (part, "/kind", "");
    const char *type = json_str (part, "/content_type");
    buf_printf (out, "--%s\r\nContent-Disposition: form-data; name=\"%s\"", BOUNDARY,
                json_str_or (part, "/name", ""));
    const struct image_attachment *a = attachment_of (t, part);
    const char *own = a != NULL ? a->filename : t->image != NULL ? t->image->handle.name : "";
    if (file != NULL)
        buf_printf (out, "; filename=\"%s\"", file[0] == '\0' ? own : file);
    if (type == NULL)
        type = str_eq (kind, "json")    ? "application/json"
               : str_eq (kind, "image") ? "application/octet-stream"
                                        : NULL;
    buf_puts (out, "\r\n");
    if (type != NULL)
        buf_printf (out, "Content-Type: %s\r\n", type);
    buf_puts (out, "\r\n");
}

/* Returns the image's bytes in it. */
static uint64_t
make_upload (struct farrier_test *t, const json_t *spec, struct buf *out)
{
    size_t i;
    json_t *part;
    uint64_t image_bytes = 0;
    bool multipart = json_bool_or (spec, "/multipart", false);
    json_array_foreach (json_object_get (spec, "parts"), i, part) {
        if (multipart)
            put_part_head (t, part, out);
        image_bytes += put_part (t, part, out);
        if (multipart)
            buf_puts (out, "\r\n");
    }
    if (multipart)
        buf_printf (out, "--%s--\r\n", BOUNDARY);
    return image_bytes;
}

static void
send_change (struct farrier_test *t, const json_t *spec, struct bench_reply *reply)
{
    struct buf body = { 0 };
    bool upload = str_eq (json_str (spec, "/kind"), "transfer");
    bool multipart = json_bool_or (spec, "/multipart", false);
    json_t *headers = headers_of (spec);
    struct bench_request request = {
        .method = json_str_or (spec, "/method", "POST"),
        .path = json_str (spec, "/path"),
        .content_type = json_str (spec, "/content_type"),
        .headers = headers,
        .changing = t->run.await_changing,
    };
    if (upload)
        request.image_bytes = make_upload (t, spec, &body);
    else
        put_text (&body, json_str (spec, "/body"));
    request.parts = upload ? json_object_get (spec, "parts") : NULL;
    if (upload && multipart)
        request.content_type = "multipart/form-data; boundary=" BOUNDARY;
    else if (request.content_type == NULL && (upload || body.len > 0))
        request.content_type = upload ? "application/octet-stream" : "application/json";
    request.body = upload || json_str (spec, "/body") != NULL ? body.data : NULL;
    request.body_len = body.len;
    bench_ask (t, &request, reply);
    json_decref (headers);
    buf_free (&body);
}

static struct answer *
fulfil_change (struct farrier_test *t, enum farrier_wake_kind kind)
{
    struct bench_reply reply;
    struct answer *a = judge_guards (t, kind);
    if (a != NULL)
        return a;
    t->run.sent_ms = clock_wall_ms ();
    send_change (t, t->run.await, &reply);
    a = answer_of (kind, &reply);
    if (a->delivery == FARRIER_DELIVERY_NONE)
        t->run.sent_ms = 0;
    bench_reply_clear (&reply);
    return a;
}

/* --- the rest ------------------------------------------------------------------------------- */

static struct answer *
fulfil_download (struct farrier_test *t)
{
    struct bench_reply reply;
    struct bench_request request = { .method = "GET", .path = json_str (t->run.await, "/path") };
    bench_ask (t, &request, &reply);
    struct answer *a = answer_of (FARRIER_WAKE_TRANSFER, &reply);
    if (a->code == FARRIER_OK && a->status == 200)
        json_object_set_new (t->artifacts, json_str_or (t->run.await, "/artifact", "?"),
                             json_stringn_nocheck (a->body == NULL ? "" : a->body, a->body_len));
    bench_reply_clear (&reply);
    return a;
}

static struct answer *
fulfil_timer (struct farrier_test *t)
{
    bench_advance (t, json_int_or (t->run.await, "/due_ms", 0) - clock_wall_ms ());
    return answer_new (FARRIER_WAKE_TIMER);
}

static void
judge_exit (const struct farrier_test *t, struct answer *a)
{
    int32_t code = process_exit_code (t->run.await, a->exit_status);
    if (code == FARRIER_OK)
        return;
    char *text = str_printf ("the program ended with exit status %d", a->exit_status);
    answer_fail (a, code, text, NULL);
    mem_free (text);
}

static struct answer *
fulfil_process (struct farrier_test *t)
{
    const char *program = json_str (t->run.await, "/argv/0");
    struct answer *a = answer_new (FARRIER_WAKE_PROCESS);
    t->run.sent_ms = clock_wall_ms ();
    for (size_t i = 0; i < t->programs.count; i++) {
        const struct bench_program *p = vec_at (&t->programs, i);
        if (str_eq (p->path, program)) {
            t->last_program = p;
            a->exit_status = p->exit_status;
            a->delivery = FARRIER_DELIVERY_ANSWERED;
            judge_exit (t, a);
            return a;
        }
    }
    char *text = str_printf ("%s: no such file", program);
    answer_fail (a, FARRIER_E_UNSUPPORTED, text, NULL);
    mem_free (text);
    return a;
}

struct answer *
bench_fulfil (struct farrier_test *t)
{
    const char *kind = json_str_or (t->run.await, "/kind", "");
    if (str_eq (kind, "http"))
        return fulfil_change (t, FARRIER_WAKE_RESPONSE);
    if (str_eq (kind, "transfer"))
        return fulfil_change (t, FARRIER_WAKE_TRANSFER);
    if (str_eq (kind, "download"))
        return fulfil_download (t);
    if (str_eq (kind, "task"))
        return bench_fulfil_task (t);
    if (str_eq (kind, "until"))
        return bench_fulfil_until (t);
    if (str_eq (kind, "collect"))
        return bench_fulfil_collect (t);
    if (str_eq (kind, "timer"))
        return fulfil_timer (t);
    if (str_eq (kind, "process"))
        return fulfil_process (t);
    bench_misuse ("an await of kind '%s' is not known to this library", kind);
}

void
bench_perform (struct farrier_test *t)
{
    if (!t->run.await_changing)
        return;
    struct answer *a = bench_fulfil (t);
    answer_free (a);
}
