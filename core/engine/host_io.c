/* host_io: the host table's inline reads, answers, images and artifacts.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/artifact.h"
#include "engine/engine_private.h"
#include "engine/flight.h"
#include "engine/reach.h"
#include "engine/record.h"
#include "engine/step.h"
#include "net/redfish_error.h"
#include "plugin/config.h"
#include "repo/reader.h"
#include "repo/serve.h"

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

/* --- images --------------------------------------------------------------------------------- */

static void
image_info (const struct farrier_image *image, struct farrier_image_info *ret)
{
    struct farrier_image_info info = {
        .struct_size = sizeof info,
        .type = image->type,
        .name = image->name,
        .version = image->version,
        .vendor = image->vendor,
        .model = image->model,
        .sha256 = image->sha256,
        .size_bytes = image->size_bytes,
    };
    record_copy_out (ret, &info, sizeof info);
}

static int64_t
image_read (const struct farrier_image *image, uint64_t offset, void *buffer, size_t len)
{
    struct reader *reader;
    if (reader_open (image->engine->o.repo, image->sha256, &reader, NULL) != 0)
        return FARRIER_E_INVALID;
    ssize_t n = reader_pread (reader, buffer, len, offset);
    reader_unref (reader);
    return n < 0 ? FARRIER_E_INVALID : (int64_t) n;
}

static int32_t
image_path (struct farrier_step *step, const struct farrier_image *image, const char **ret_path,
            struct farrier_error *err)
{
    struct err why;
    char *path = NULL;
    int32_t rc = artifact_materialise (step->in.engine, step->in.attempt_id, image->sha256,
                                       image->name, &path, &why);
    if (rc != 0)
        return step->host->fail (err, rc == FARRIER_E_NO_SPACE ? rc : FARRIER_E_INTERNAL, "%s",
                                 why.message);
    *ret_path = arena_strdup (step->arena, path);
    mem_free (path);
    return FARRIER_OK;
}

static int32_t
image_publish (struct farrier_step *step, const struct farrier_image *image, const char **ret_url,
               struct farrier_error *err)
{
    const struct engine_options *o = &step->in.engine->o;
    struct reader *reader;
    struct err why;
    char *path = NULL;
    if (o->serve == NULL || o->image_url == NULL) {
        step->host->hint (err, "image_server in farrier.conf names an address that BMCs reach");
        return step->host->fail (err, FARRIER_E_UNSUPPORTED, "no image server is running");
    }
    if (reader_open (o->repo, image->sha256, &reader, &why) != 0)
        return step->host->fail (err, FARRIER_E_INVALID, "%s", why.message);
    int32_t rc = serve_publish (o->serve, reader, NULL, &path, &why);
    reader_unref (reader);
    if (rc != 0)
        return step->host->fail (err, FARRIER_E_INTERNAL, "%s", why.message);
    *ret_url = arena_printf (step->arena, "%s%s", o->image_url, path);
    mem_free (path);
    return FARRIER_OK;
}

/* --- artifacts ------------------------------------------------------------------------------ */

static int32_t
write_artifact (struct farrier_step *step, const char *name, const void *bytes, size_t len,
                struct farrier_error *err)
{
    struct err why;
    int32_t rc = artifact_write (step->in.engine, step->in.job_id, step->in.host_id, name, bytes,
                                 len, &why);
    if (rc == 0)
        return FARRIER_OK;
    return step->host->fail (err, rc == FARRIER_E_NO_SPACE ? rc : FARRIER_E_INVALID, "%s",
                             why.message);
}

static const char *
read_artifact (struct farrier_step *step, const char *name, size_t *ret_len)
{
    struct buf bytes = { 0 };
    if (artifact_read (step->in.engine, step->in.job_id, name, &bytes, NULL) != 0)
        return NULL;
    if (ret_len != NULL)
        *ret_len = bytes.len;
    char *data = buf_steal (&bytes);
    arena_defer (step->arena, free_body, data);
    return data;
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

void
step_table_io (struct farrier_host *table)
{
    table->fail_http = fail_http;
    table->config_str = config_str;
    table->config_i64 = config_i64;
    table->http_get = http_get;
    table->http_read = http_read;
    table->response_status = response_status;
    table->response_header = response_header;
    table->response_body = response_body;
    table->response_json = response_json;
    table->image_info = image_info;
    table->image_read = image_read;
    table->image_path = image_path;
    table->image_publish = image_publish;
    table->artifact_write = write_artifact;
    table->artifact_read = read_artifact;
    table->process_status = flight_process_status;
    table->process_output = flight_process_output;
}
