/* table_io: the members of the host table that reach beyond the step: reads of the BMC, answers,
 * images, artifacts, programs, files to recognise.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench.h"
#include "engine/record.h"
#include "net/redfish_error.h"
#include "plugin/config.h"
#include "table_io.h"

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
    struct farrier_response *r = bench_handle (sizeof *r);
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
    struct redfish_error why;
    va_list ap;
    char tried[FARRIER_MESSAGE_MAX / 2];
    va_start (ap, fmt);
    vsnprintf (tried, sizeof tried, fmt, ap);
    va_end (ap);
    if (r == NULL)
        return (bench_core ()->fail) (err, FARRIER_E_INTERNAL, "%s: no answer", tried);
    redfish_error_from_body (r->status, false, r->body, r->body_len, &why);
    int32_t code = why.code != 0 ? why.code : FARRIER_E_REJECTED;
    if (err == NULL)
        return code;
    (bench_core ()->fail) (err, code, "%s: HTTP %d%s%s", tried, r->status,
                           why.message[0] == '\0' ? "" : ": ", why.message);
    err->http_status = r->status;
    err->delivery = FARRIER_DELIVERY_ANSWERED;
    err->retry_after_ms = r->retry_after_ms >= 0 ? r->retry_after_ms : why.retry_after_ms;
    str_copy (err->vendor_id, sizeof err->vendor_id, why.vendor_id);
    return code;
}

/* --- inline reads --------------------------------------------------------------------------- */

static int32_t
read_http (struct farrier_step *step, const char *method, const char *path, const char *body,
           const struct farrier_response **ret_response, struct farrier_error *err)
{
    struct farrier_test *t = bench_now;
    struct bench_reply reply;
    struct bench_request request = {
        .method = method, .path = path, .body = body,
        .body_len = body == NULL ? 0 : strlen (body),
        .content_type = body == NULL ? NULL : "application/json",
    };
    if (atomic_load (step->in.cancelled))
        return (step->host->fail) (err, FARRIER_E_CANCELLED, "%s %s: cancelled", method, path);
    bench_ask (t, &request, &reply);
    int32_t code = reply.code;
    if (code == FARRIER_OK) {
        *ret_response = step_response (step, reply.status, reply.headers, reply.body,
                                       reply.body_len, bench_retry_after_ms (&reply));
    } else if (err != NULL) {
        (step->host->fail) (err, code, "%s", reply.message);
        err->delivery = reply.delivery;
    }
    bench_reply_clear (&reply);
    return code;
}

static int32_t
http_get (struct farrier_step *step, const char *endpoint, const char *path,
          const struct farrier_http_options *options,
          const struct farrier_response **ret_response, struct farrier_error *err)
{
    (void) endpoint;
    (void) options;
    return read_http (step, "GET", path, NULL, ret_response, err);
}

static int32_t
http_read (struct farrier_step *step, const char *endpoint, const char *path, const char *body,
           const struct farrier_http_options *options,
           const struct farrier_response **ret_response, struct farrier_error *err)
{
    (void) endpoint;
    (void) options;
    return read_http (step, "POST", path, body, ret_response, err);
}

static int32_t
endpoint (struct farrier_step *step, const char *name, struct farrier_endpoint *ret)
{
    struct farrier_endpoint out = {
        .struct_size = sizeof out, .port = 443, .url = "https://192.0.2.7",
        .address = "192.0.2.7", .has_credential = 1,
    };
    (void) step;
    if (name != NULL && !str_eq (name, FARRIER_ENDPOINT_BMC))
        return FARRIER_E_UNSUPPORTED;
    record_copy_out (ret, &out, sizeof out);
    return FARRIER_OK;
}

/* --- images --------------------------------------------------------------------------------- */

static void
image_info (const struct farrier_image *image, struct farrier_image_info *ret)
{
    struct farrier_image_info info = {
        .struct_size = sizeof info,
        .type = image->type,
        .name = bench_keep (image->name),
        .version = bench_keep (image->version),
        .vendor = bench_keep (image->vendor),
        .model = bench_keep (image->model),
        .sha256 = bench_keep (image->sha256),
        .size_bytes = image->size_bytes,
    };
    record_copy_out (ret, &info, sizeof info);
}

static int64_t
copy_bytes (const char *bytes, uint64_t size, uint64_t offset, void *buffer, size_t len)
{
    if (offset >= size)
        return 0;
    size_t n = len < size - offset ? len : (size_t) (size - offset);
    memcpy (buffer, bytes + offset, n);
    return (int64_t) n;
}

static int64_t
image_read (const struct farrier_image *image, uint64_t offset, void *buffer, size_t len)
{
    const struct bench_image *i = (const struct bench_image *) image;
    return copy_bytes (i->bytes, image->size_bytes, offset, buffer, len);
}

static int32_t
image_path (struct farrier_step *step, const struct farrier_image *image, const char **ret_path,
            struct farrier_error *err)
{
    (void) step;
    (void) err;
    char *path = str_printf ("/nowhere/%s", image->name);
    *ret_path = bench_keep (path);     /* programs are never run: nobody opens it */
    mem_free (path);
    return FARRIER_OK;
}

static int32_t
image_publish (struct farrier_step *step, const struct farrier_image *image, const char **ret_url,
               struct farrier_error *err)
{
    (void) step;
    (void) err;
    char *url = str_printf ("http://192.0.2.1:8080/once/%s", image->name);
    *ret_url = bench_keep (url);
    mem_free (url);
    return FARRIER_OK;
}

/* --- artifacts ------------------------------------------------------------------------------ */

static int32_t
write_artifact (struct farrier_step *step, const char *name, const void *bytes, size_t len,
                struct farrier_error *err)
{
    if (str_empty (name))
        return (step->host->fail) (err, FARRIER_E_INVALID, "an artifact without a name");
    json_t *text = json_stringn_nocheck (bytes, len);
    json_object_set_new (bench_now->artifacts, name, text);
    return FARRIER_OK;
}

static const char *
read_artifact (struct farrier_step *step, const char *name, size_t *ret_len)
{
    const json_t *text = json_object_get (bench_now->artifacts, name);
    (void) step;
    if (text == NULL)
        return NULL;
    if (ret_len != NULL)
        *ret_len = json_string_length (text);
    return bench_keep (json_string_value (text));
}

/* --- programs ------------------------------------------------------------------------------- */

static int32_t
process_status (struct farrier_step *step, int32_t *ret_exit_status)
{
    const struct bench_program *p = bench_now->last_program;
    (void) step;
    if (p == NULL)
        return FARRIER_PROCESS_NOT_STARTED;
    if (ret_exit_status != NULL)
        *ret_exit_status = p->exit_status;
    return FARRIER_PROCESS_EXITED;
}

static const char *
process_output (struct farrier_step *step, int32_t stream, size_t *ret_len)
{
    const struct bench_program *p = bench_now->last_program;
    (void) step;
    const char *text = p == NULL ? NULL : stream == 2 ? p->error_output : p->output;
    if (text != NULL && ret_len != NULL)
        *ret_len = strlen (text);
    return bench_keep (text);
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
    return step_json_in (cfg->host, cfg->arena, json_object_get (cfg->values, name));
}

/* --- formats -------------------------------------------------------------------------------- */

static int64_t
reader_read (struct farrier_reader *reader, uint64_t offset, void *buffer, size_t len)
{
    return copy_bytes (reader->bytes, reader->size, offset, buffer, len);
}

static uint64_t
reader_size (struct farrier_reader *reader)
{
    return reader->size;
}

static int32_t
sink_image (struct farrier_sink *sink, const struct farrier_image_info *given)
{
    struct farrier_image_info info = { 0 };
    json_t *v = json_object ();
    memcpy (&info, given, given->struct_size < sizeof info ? given->struct_size : sizeof info);
    json_put_str (v, "name", info.name);
    json_put_str (v, "version", info.version);
    json_put_str (v, "vendor", info.vendor);
    json_put_str (v, "model", info.model);
    json_put_str (v, "sha256", info.sha256);
    json_put_int (v, "type", info.type);
    json_put_int (v, "size_bytes", (long long) info.size_bytes);
    json_array_append_new (sink->images, v);
    return FARRIER_OK;
}

static int32_t
sink_record (struct farrier_sink *sink, const char *json_text)
{
    json_t *v = json_text == NULL ? NULL : json_parse (json_text, strlen (json_text), NULL);
    if (!json_is_object (v)) {
        json_decref (v);
        return FARRIER_E_INVALID;
    }
    json_array_append_new (sink->records, v);
    return FARRIER_OK;
}

static void
table_rest (struct farrier_host *table)
{
    table->config_str = config_str;
    table->config_i64 = config_i64;
    table->config_json = config_json;
    table->endpoint = endpoint;
    table->reader_read = reader_read;
    table->reader_size = reader_size;
    table->sink_image = sink_image;
    table->sink_record = sink_record;
}

void
bench_table_io (struct farrier_host *table)
{
    table->fail_http = fail_http;
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
    table->process_status = process_status;
    table->process_output = process_output;
    table_rest (table);
}
