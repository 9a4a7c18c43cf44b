/* answer: see answer.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/answer.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/step.h"

struct answer *
answer_new (enum farrier_wake_kind kind)
{
    struct answer *a = mem_alloc (sizeof *a);
    a->kind = kind;
    a->retry_after_ms = -1;
    return a;
}

static void
document_free (void *p)
{
    struct step_document *d = p;
    mem_free (d->path);
    mem_free (d->message);
    mem_free (d->hint);
    json_decref (d->json);
    mem_free (d);
}

void
answer_free (struct answer *a)
{
    if (a == NULL)
        return;
    mem_free (a->message);
    mem_free (a->hint);
    mem_free (a->vendor_id);
    json_decref (a->headers);
    mem_free (a->body);
    vec_free_with (&a->documents, document_free);
    mem_free (a);
}

void
answer_fail (struct answer *a, int32_t code, const char *message, const char *hint)
{
    a->code = code;
    str_set (&a->message, message);
    str_set (&a->hint, hint);
}

void
answer_take_response (struct answer *a, const struct net_response *r)
{
    a->delivery = r->delivery;
    a->status = r->status;
    a->retry_after_ms = r->retry_after_ms;
    if (r->code != FARRIER_OK)
        answer_fail (a, r->code, r->err.message, r->err.hint);
    json_decref (a->headers);
    a->headers = json_array ();
    for (size_t i = 0; i < r->header_count; i++)
        json_array_append_new (a->headers,
                               json_pack ("[ss]", r->headers[i].name, r->headers[i].value));
    a->body = mem_dup (r->body, r->body_len + 1);
    a->body_len = r->body_len;
}

json_t *
answer_to_json (const struct answer *a)
{
    json_t *v = json_object ();
    json_put_int (v, "kind", a->kind);
    json_put_int (v, "code", a->code);
    json_put_int (v, "delivery", a->delivery);
    json_put_int (v, "status", a->status);
    json_put_int (v, "retry_after_ms", a->retry_after_ms);
    json_put_int (v, "task_end", a->task_end);
    json_put_int (v, "exit_status", a->exit_status);
    json_put_int (v, "reads", a->reads);
    json_put_bool (v, "gap_seen", a->gap_seen);
    if (a->message != NULL)
        json_put_str (v, "message", a->message);
    if (a->hint != NULL)
        json_put_str (v, "hint", a->hint);
    if (a->vendor_id != NULL)
        json_put_str (v, "vendor_id", a->vendor_id);
    if (a->headers != NULL)
        json_object_set (v, "headers", a->headers);
    size_t len = a->body_len < ANSWER_BODY_MAX ? a->body_len : ANSWER_BODY_MAX;
    if (a->body != NULL && str_valid_utf8 (a->body, len))
        json_put (v, "body", json_stringn (a->body, len));
    return v;
}

struct answer *
answer_from_json (const json_t *v)
{
    struct answer *a = answer_new ((enum farrier_wake_kind) json_int_or (v, "/kind", 0));
    a->code = (int32_t) json_int_or (v, "/code", 0);
    a->delivery = (int32_t) json_int_or (v, "/delivery", FARRIER_DELIVERY_ANSWERED);
    a->status = (int32_t) json_int_or (v, "/status", 0);
    a->retry_after_ms = json_int_or (v, "/retry_after_ms", -1);
    a->task_end = (enum farrier_task_end) json_int_or (v, "/task_end", 0);
    a->exit_status = (int32_t) json_int_or (v, "/exit_status", 0);
    a->reads = (uint32_t) json_int_or (v, "/reads", 0);
    a->gap_seen = json_bool_or (v, "/gap_seen", false);
    str_set (&a->message, json_str (v, "/message"));
    str_set (&a->hint, json_str (v, "/hint"));
    str_set (&a->vendor_id, json_str (v, "/vendor_id"));
    a->headers = json_incref (json_object_get (v, "headers"));
    const json_t *body = json_object_get (v, "body");
    if (json_is_string (body)) {
        a->body_len = json_string_length (body);
        a->body = mem_dup (json_string_value (body), a->body_len + 1);
    }
    return a;
}
