/* host_io: the host table's inline reads and answers, configuration and endpoints.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine_private.h"
#include "engine/flight.h"
#include "engine/reach.h"
#include "engine/record.h"
#include "engine/step.h"
#include "net/redfish_error.h"
#include "plugin/config.h"

#define HTTP_HEADERS_MAX 32

/* --- answers -------------------------------------------------------------------------------- */

static void
decref (void *value)
{
    json_decref (value);
}

static void
free_body (void *body)
{
    mem_free (body);
}

struct farrier_response *
step_response (struct farrier_step *step, int32_t status, json_t *headers, const char *body,
               size_t len, int64_t retry_after_ms)
{
    struct farrier_response *r = arena_alloc (step->arena, sizeof *r);
    r->host = step->host;
    r->step = step;
    r->status = status;
    r->headers = json_incref (headers);
    if (headers != NULL)
        arena_defer (step->arena, decref, r->headers);
    char *copy = body == NULL ? str_dup ("") : mem_dup (body, len + 1);
    arena_defer (step->arena, free_body, copy);
    r->body = copy;
    r->body_len = body == NULL ? 0 : len;
    r->retry_after_ms = retry_after_ms;
    return r;
}

static int32_t
response_status (const struct farrier_response *r)
{
    return r == NULL ? 0 : r->status;
}

static const char *
response_header (const struct farrier_response *r, const char *name)
{
    for (size_t i = 0; r != NULL && i < json_array_size (r->headers); i++) {
        const json_t *pair = json_array_get (r->headers, i);
        if (str_case_eq (json_string_value (json_array_get (pair, 0)), name))
            return json_string_value (json_array_get (pair, 1));
    }
    return NULL;
}

static const char *
response_body (const struct farrier_response *r, size_t *ret_len)
{
    if (r == NULL)
        return NULL;
    if (ret_len != NULL)
        *ret_len = r->body_len;
    return r->body;
}

static const struct farrier_json *
response_json (const struct farrier_response *response)
{
    struct farrier_response *r = (struct farrier_response *) response;
    if (r == NULL)
        return NULL;
    if (!r->json_asked) {
        r->json_asked = true;
        r->json = r->body_len == 0 ? NULL : json_parse (r->body, r->body_len, NULL);
        if (r->json != NULL)
            arena_defer (r->step->arena, decref, r->json);
    }
    return step_json (r->step, r->json);
}

static int32_t
fail_http (struct farrier_error *err, const struct farrier_response *r, const char *fmt, ...)
{
    char tried[FARRIER_MESSAGE_MAX / 2];
    struct redfish_error why;
    va_list ap;
    va_start (ap, fmt);
    vsnprintf (tried, sizeof tried, fmt, ap);
    va_end (ap);
    if (r == NULL)
        return step_host_table ()->fail (err, FARRIER_E_INTERNAL, "%s: no answer", tried);
    redfish_error_from_body (r->status, false, r->body, r->body_len, &why);
    int32_t code = why.code != 0 ? why.code : FARRIER_E_REJECTED;
    if (err == NULL)
        return code;
    step_host_table ()->fail (err, code, "%s: HTTP %d%s%s", tried, r->status,
                              why.message[0] == '\0' ? "" : ": ", why.message);
    err->http_status = r->status;
    err->delivery = FARRIER_DELIVERY_ANSWERED;
    err->retry_after_ms = r->retry_after_ms >= 0 ? r->retry_after_ms : why.retry_after_ms;
    str_copy (err->vendor_id, sizeof err->vendor_id, why.vendor_id);
    return code;
}

/* --- inline reads --------------------------------------------------------------------------- */

static size_t
copy_headers (const struct farrier_http_options *o, struct net_header *ret)
{
    size_t count = o == NULL ? 0 : o->headers.count;
    if (count > HTTP_HEADERS_MAX)
        count = HTTP_HEADERS_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct farrier_pair *p = (const void *) ((const char *) o->headers.items
                                                       + i * o->headers.stride);
        ret[i].name = p->name;
        ret[i].value = p->value;
    }
    return count;
}

static int32_t
perform (struct farrier_step *step, struct reach *reach, struct net_request *request,
         const struct farrier_response **ret_response, struct farrier_error *err)
{
    struct net_response *r = NULL;
    int32_t rc = net_perform (request, step->in.cancelled, &r);
    if (rc == FARRIER_OK) {
        struct answer *a = answer_new (FARRIER_WAKE_RESPONSE);
        answer_take_response (a, r);
        *ret_response = step_response (step, a->status, a->headers, a->body, a->body_len,
                                       a->retry_after_ms);
        answer_free (a);
    } else if (err != NULL) {
        step->host->fail (err, rc, "%s", r->err.message);
        step->host->hint (err, "%s", r->err.hint);
        err->delivery = r->delivery;
    }
    net_response_free (r);
    reach_unref (reach);
    return rc;
}

static int32_t
read_http (struct farrier_step *step, const char *endpoint, const char *method, const char *path,
           const char *body, const struct farrier_http_options *options,
           const struct farrier_response **ret_response, struct farrier_error *err)
{
    struct farrier_http_options o = { 0 };
    struct net_header headers[HTTP_HEADERS_MAX];
    struct reach *reach;
    struct err why;
    if (options != NULL)
        memcpy (&o, options, options->struct_size < sizeof o ? options->struct_size : sizeof o);
    int32_t rc = reach_get (step->in.engine, step->in.host_id,
                            endpoint == NULL ? FARRIER_ENDPOINT_BMC : endpoint, &reach, &why);
    if (rc != 0) {
        step->host->fail (err, FARRIER_E_INVALID, "%s", why.message);
        step->host->hint (err, "%s", why.hint);
        return FARRIER_E_INVALID;
    }
    struct net_request request = {
        .target = reach->target,
        .method = method,
        .path = path,
        .headers = headers,
        .header_count = copy_headers (options == NULL ? NULL : &o, headers),
        .body = body,
        .body_len = body == NULL ? 0 : strlen (body),
        .auth = o.no_auth || reach->session == NULL ? NET_AUTH_NONE : NET_AUTH_SESSION,
        .session = reach->session,
        .keep = true,
        .max_response_bytes = o.max_bytes,
        .total_ms = o.timeout_ms,
    };
    return perform (step, reach, &request, ret_response, err);
}

static int32_t
http_get (struct farrier_step *step, const char *endpoint, const char *path,
          const struct farrier_http_options *options,
          const struct farrier_response **ret_response, struct farrier_error *err)
{
    return read_http (step, endpoint, "GET", path, NULL, options, ret_response, err);
}

static int32_t
http_read (struct farrier_step *step, const char *endpoint, const char *path, const char *body,
           const struct farrier_http_options *options,
           const struct farrier_response **ret_response, struct farrier_error *err)
{
    return read_http (step, endpoint, "POST", path, body, options, ret_response, err);
}

/* --- configuration -------------------------------------------------------------------------- */

static const char *
config_str (const struct farrier_config *cfg, const char *name)
{
    return json_string_value (json_object_get (cfg->values, name));
}

static int64_t
config_i64 (const struct farrier_config *cfg, const char *name)
{
    const json_t *v = json_object_get (cfg->values, name);
    if (json_is_boolean (v))
        return json_is_true (v);
    return json_is_integer (v) ? (int64_t) json_integer_value (v) : 0;
}

static const struct farrier_json *
config_json (const struct farrier_config *cfg, const char *name)
{
    json_t *v = json_object_get (cfg->values, name);
    return v == NULL || cfg->arena == NULL ? NULL : step_json_in (cfg->host, cfg->arena, v);
}

/* --- endpoints ------------------------------------------------------------------------------ */

/* "https://[2001:db8::7]:8443" in its parts; what net_target_new() took is well formed. */
void
step_split_url (struct arena *arena, const char *url, struct farrier_endpoint *ret)
{
    const char *at = strstr (url, "://");
    at = at == NULL ? url : at + 3;
    bool bracket = *at == '[';
    size_t len = bracket ? strcspn (++at, "]") : strcspn (at, ":/");
    const char *rest = at + len + (bracket && at[len] == ']' ? 1 : 0);
    int64_t port = 0;
    if (*rest == ':') {
        char *digits = arena_strndup (arena, rest + 1, strcspn (rest + 1, "/"));
        if (digits == NULL || !str_to_i64 (digits, &port) || port > 65535)
            port = 0;
    }
    ret->url = arena_strdup (arena, url);
    ret->address = arena_strndup (arena, at, len);
    ret->port = port > 0 ? (uint32_t) port : str_starts (url, "http://") ? 80 : 443;
}

static int32_t
endpoint (struct farrier_step *step, const char *name, struct farrier_endpoint *ret)
{
    struct farrier_endpoint out = { .struct_size = sizeof out };
    struct reach *reach;
    struct err why;
    if (step->in.engine == NULL
        || reach_get (step->in.engine, step->in.host_id, name == NULL ? FARRIER_ENDPOINT_BMC : name,
                      &reach, &why) != 0)
        return FARRIER_E_UNSUPPORTED;
    step_split_url (step->arena, net_target_url (reach->target), &out);
    out.has_credential = reach->session != NULL;
    reach_unref (reach);
    record_copy_out (ret, &out, sizeof out);
    return FARRIER_OK;
}

void
step_table_io (struct farrier_host *table)
{
    table->fail_http = fail_http;
    table->config_str = config_str;
    table->config_i64 = config_i64;
    table->config_json = config_json;
    table->endpoint = endpoint;
    table->http_get = http_get;
    table->http_read = http_read;
    table->response_status = response_status;
    table->response_header = response_header;
    table->response_body = response_body;
    table->response_json = response_json;
    table->process_status = flight_process_status;
    table->process_output = flight_process_output;
}
