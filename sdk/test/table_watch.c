/* table_watch: the members through which a plugin calls the core, each telling the watch before it
 * does its work. Strings that the core returns are copies that end with the callback.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "bench.h"
#include "guarded.h"

static void
tell (const char *member, const void *frame)
{
    if (bench_now != NULL && bench_now->watch.core_call != NULL)
        bench_now->watch.core_call (bench_now->watch.arg, member, frame);
}

#define TELL(member) tell (#member, __builtin_frame_address (0))
#define CORE bench_core ()

/* Short, because they stand in every line below. */
#define STEP struct farrier_step *
#define JSON const struct farrier_json *
#define ERR struct farrier_error *

/* One of ours in front of the engine's: PASS (type, member, (parameters), (arguments)). */
#define PASS(type, member, parameters, arguments) \
    static type watch_##member parameters         \
    {                                             \
        TELL (member);                            \
        return (CORE->member) arguments;          \
    }
#define PASS_VOID(member, parameters, arguments) \
    static void watch_##member parameters        \
    {                                            \
        TELL (member);                           \
        (CORE->member) arguments;                \
    }
#define PASS_STRING(member, parameters, arguments)    \
    static const char *watch_##member parameters      \
    {                                                 \
        TELL (member);                                \
        return bench_keep ((CORE->member) arguments); \
    }

PASS_STRING (config_str, (const struct farrier_config *c, const char *name), (c, name))
PASS (int64_t, config_i64, (const struct farrier_config *c, const char *name), (c, name))
PASS (JSON, config_json, (const struct farrier_config *c, const char *name), (c, name))
PASS_STRING (param_str, (STEP s, const char *name), (s, name))
PASS (int64_t, param_i64, (STEP s, const char *name), (s, name))
PASS (JSON, param_json, (STEP s, const char *name), (s, name))
PASS (int32_t, cancelled, (STEP s), (s))
PASS (int32_t, recheck, (STEP s, uint32_t ms), (s, ms))
PASS_STRING (state_get, (STEP s, const char *name), (s, name))
PASS (int32_t, state_set, (STEP s, const char *name, const char *v), (s, name, v))
PASS_VOID (state_del, (STEP s, const char *name), (s, name))
PASS (int32_t, result_set, (STEP s, const char *name, JSON v), (s, name, v))
PASS (JSON, result_get, (STEP s, const char *key, const char *name), (s, key, name))
PASS_VOID (outcome, (STEP s, uint32_t rung), (s, rung))
PASS_VOID (needs, (STEP s, uint32_t reboot), (s, reboot))
PASS_VOID (progress, (STEP s, uint32_t permille, const char *text), (s, permille, text))

PASS (int32_t, http_get,
      (STEP s, const char *e, const char *path, const struct farrier_http_options *o,
       const struct farrier_response **ret, ERR err),
      (s, e, path, o, ret, err))
PASS (int32_t, http_read,
      (STEP s, const char *e, const char *path, const char *body,
       const struct farrier_http_options *o, const struct farrier_response **ret, ERR err),
      (s, e, path, body, o, ret, err))
PASS_STRING (response_header, (const struct farrier_response *r, const char *name), (r, name))
PASS (JSON, response_json, (const struct farrier_response *r), (r))

PASS (JSON, json_at, (JSON v, const char *pointer), (v, pointer))
PASS_STRING (json_str, (JSON v), (v))
PASS (JSON, json_item, (JSON v, uint32_t i), (v, i))
PASS_STRING (json_key, (JSON v, uint32_t i), (v, i))
PASS (JSON, json_parse, (STEP s, const char *text), (s, text))
PASS (int32_t, json_put, (struct farrier_json *into, const char *key, JSON v),
      (into, key, v))
PASS_STRING (json_text, (STEP s, JSON v), (s, v))
PASS_STRING (xml_text, (const struct farrier_xml *n, const char *xpath), (n, xpath))
PASS_STRING (xml_attr, (const struct farrier_xml *n, const char *name), (n, name))

PASS (int32_t, await_collect, (STEP s, const struct farrier_collect *w, ERR err),
      (s, w, err))
PASS (int32_t, await_http, (STEP s, const struct farrier_http_request *w, ERR err),
      (s, w, err))
PASS (int32_t, await_transfer, (STEP s, const struct farrier_transfer *w, ERR err),
      (s, w, err))
PASS (int32_t, await_download, (STEP s, const struct farrier_download *w, ERR err),
      (s, w, err))
PASS (int32_t, await_task, (STEP s, const struct farrier_task *w, ERR err), (s, w, err))
PASS (int32_t, await_until, (STEP s, const struct farrier_until *w, ERR err),
      (s, w, err))
PASS (int32_t, await_timer, (STEP s, uint32_t ms, const char *label, ERR err),
      (s, ms, label, err))
PASS (int32_t, await_process, (STEP s, const struct farrier_process *w, ERR err),
      (s, w, err))

PASS_VOID (emit_component, (STEP s, const struct farrier_component *c), (s, c))
PASS_VOID (emit_identity,
           (STEP s, const char *kind, const char *value, const char *uri, const char *pointer),
           (s, kind, value, uri, pointer))
PASS_VOID (emit_fact, (STEP s, const char *name, JSON v), (s, name, v))
PASS_VOID (emit_sensor,
           (STEP s, const char *name, double v, const char *unit, const char *health),
           (s, name, v, unit, health))
PASS (int64_t, now_ms, (const struct farrier_host *h), (h))

/* --- strings inside of structs -------------------------------------------------------------- */

static void
keep_component (struct farrier_component *c)
{
    c->key = bench_keep (c->key);
    c->name = bench_keep (c->name);
    c->uri = bench_keep (c->uri);
    c->version = bench_keep (c->version);
}

static int32_t
watch_component (STEP s, struct farrier_component *ret)
{
    TELL (component);
    int32_t rc = CORE->component (s, ret);
    if (rc == FARRIER_OK && ret->struct_size >= sizeof *ret)
        keep_component (ret);
    return rc;
}

static int32_t
watch_component_at (STEP s, uint32_t index, struct farrier_component *ret)
{
    TELL (component_at);
    int32_t rc = CORE->component_at (s, index, ret);
    if (rc == FARRIER_OK && ret->struct_size >= sizeof *ret)
        keep_component (ret);
    return rc;
}

static void
watch_step_info (STEP s, struct farrier_step_info *ret)
{
    TELL (step_info);
    CORE->step_info (s, ret);
    if (ret->struct_size < sizeof *ret)
        return;
    ret->job_id = bench_keep (ret->job_id);
    ret->attempt_id = bench_keep (ret->attempt_id);
    ret->host_name = bench_keep (ret->host_name);
    ret->op = bench_keep (ret->op);
}

static void
watch_wake (STEP s, struct farrier_wake *ret)
{
    TELL (wake);
    CORE->wake (s, ret);
    if (ret->struct_size < offsetof (struct farrier_wake, response))
        return;
    ret->label = bench_keep (ret->label);
    ret->id = bench_keep (ret->id);
    ret->message = bench_keep (ret->message);
}

static int32_t
watch_wake_document (STEP s, uint32_t index, struct farrier_document *ret)
{
    TELL (wake_document);
    int32_t rc = CORE->wake_document (s, index, ret);
    if (rc == FARRIER_OK && ret->struct_size >= sizeof *ret) {
        ret->path = bench_keep (ret->path);
        ret->message = bench_keep (ret->message);
    }
    return rc;
}

static const char *
watch_response_body (const struct farrier_response *r, size_t *ret_len)
{
    size_t len = 0;
    TELL (response_body);
    const char *body = CORE->response_body (r, &len);
    char *copy = body == NULL || bench_arena == NULL
                     ? NULL
                     : guarded_alloc (bench_arena, GUARDED_MEMORY, len + 1);
    if (ret_len != NULL)
        *ret_len = len;
    if (copy == NULL)
        return body;
    for (size_t i = 0; i < len; i++)
        copy[i] = body[i];
    return copy;
}

/* --- memory --------------------------------------------------------------------------------- */

static void *
watch_alloc (STEP s, size_t size)
{
    TELL (alloc);
    guarded_set_kind (GUARDED_MEMORY);
    void *p = CORE->alloc (s, size);
    guarded_set_kind (GUARDED_HANDLE);
    return p;
}

static char *
watch_printf (STEP s, const char *fmt, ...)
{
    va_list ap;
    TELL (printf);
    guarded_set_kind (GUARDED_MEMORY);
    va_start (ap, fmt);
    char *text = arena_vprintf (s->arena, fmt, ap);
    va_end (ap);
    guarded_set_kind (GUARDED_HANDLE);
    return text;
}

/* --- words ---------------------------------------------------------------------------------- */

static void
watch_log (const struct farrier_host *host, STEP s, int32_t level, const char *fmt, ...)
{
    static const char *const levels[] = { "debug", "info", "warn", "error" };
    va_list ap;
    (void) host;
    (void) s;
    TELL (log);
    if (bench_now == NULL)
        return;
    buf_printf (&bench_now->log, "%s: ", levels[level >= 0 && level < 4 ? level : 1]);
    va_start (ap, fmt);
    buf_vprintf (&bench_now->log, fmt, ap);
    va_end (ap);
    buf_putc (&bench_now->log, '\n');
}

static int32_t
watch_fail (ERR err, int32_t code, const char *fmt, ...)
{
    va_list ap;
    TELL (fail);
    if (err == NULL)
        return code;
    va_start (ap, fmt);
    vsnprintf (err->message, sizeof err->message, fmt, ap);
    va_end (ap);
    err->code = code;
    return code;
}

static int32_t
watch_fail_http (ERR err, const struct farrier_response *r, const char *fmt, ...)
{
    char tried[FARRIER_MESSAGE_MAX / 2];
    va_list ap;
    TELL (fail_http);
    va_start (ap, fmt);
    vsnprintf (tried, sizeof tried, fmt, ap);
    va_end (ap);
    return CORE->fail_http (err, r, "%s", tried);
}

static void
watch_hint (ERR err, const char *fmt, ...)
{
    va_list ap;
    TELL (hint);
    if (err == NULL)
        return;
    va_start (ap, fmt);
    vsnprintf (err->hint, sizeof err->hint, fmt, ap);
    va_end (ap);
}

static int32_t
watch_skip (STEP s, const char *fmt, ...)
{
    va_list ap;
    TELL (skip);
    va_start (ap, fmt);
    char *text = str_vprintf (fmt, ap);
    va_end (ap);
    int32_t rc = CORE->skip (s, "%s", text);
    mem_free (text);
    return rc;
}

#define USE(member) table->member = watch_##member

static void
use_values (struct farrier_host *table)
{
    USE (response_header);
    USE (response_json);
    USE (response_body);
    USE (json_at);
    USE (json_str);
    USE (json_item);
    USE (json_key);
    USE (json_parse);
    USE (json_put);
    USE (json_text);
    USE (xml_text);
    USE (xml_attr);
    USE (alloc);
    USE (printf);
    USE (now_ms);
    USE (log);
    USE (fail);
    USE (fail_http);
    USE (hint);
    USE (skip);
}

void
bench_table_watch (struct farrier_host *table)
{
    use_values (table);
    USE (config_str);
    USE (config_i64);
    USE (config_json);
    USE (param_str);
    USE (param_i64);
    USE (param_json);
    USE (component);
    USE (component_at);
    USE (step_info);
    USE (cancelled);
    USE (wake);
    USE (wake_document);
    USE (recheck);
    USE (state_get);
    USE (state_set);
    USE (state_del);
    USE (result_set);
    USE (result_get);
    USE (outcome);
    USE (needs);
    USE (progress);
    USE (http_get);
    USE (http_read);
    USE (await_collect);
    USE (await_http);
    USE (await_transfer);
    USE (await_download);
    USE (await_task);
    USE (await_until);
    USE (await_timer);
    USE (await_process);
    USE (emit_component);
    USE (emit_identity);
    USE (emit_fact);
    USE (emit_sensor);
}
