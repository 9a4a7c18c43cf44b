/* flight_send: requests and uploads that change something, and downloads.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <errno.h>
#include <string.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/artifact.h"
#include "engine/flight.h"
#include "engine/reach.h"
#include "net/transfer.h"
#include "repo/reader.h"

/* What an upload fills of its step; the rest is the BMC's work. */
#define UPLOAD_PERMILLE 150

struct headers {
    struct net_header *list;
    size_t count;
    char **secrets;                    /* values that were read from files; wiped afterwards */
};

/* A value "${file:/path}" is a secret by reference: read now, journaled never. */
static int32_t
secret_of (const char *name, const char *value, char **ret_secret, struct err *err)
{
    struct buf text = { 0 };
    if (value == NULL || !str_starts (value, "${file:") || !str_ends (value, "}"))
        return 0;
    char *path = str_ndup (value + 7, strlen (value) - 8);
    int32_t rc = fs_read_secret (path, &text, err);
    mem_free (path);
    if (rc != 0) {
        err_prefix (err, "secret of header '%s'", name);
        return FARRIER_E_PRECONDITION;
    }
    *ret_secret = buf_steal (&text);
    return 0;
}

static void
headers_free (struct headers *h)
{
    for (size_t i = 0; i < h->count; i++) {
        if (h->secrets[i] != NULL)
            mem_wipe (h->secrets[i], strlen (h->secrets[i]));
        mem_free (h->secrets[i]);
    }
    mem_free (h->secrets);
    mem_free (h->list);
}

static int32_t
headers_of (const json_t *spec, struct headers *ret, struct err *err)
{
    const json_t *list = json_object_get (spec, "headers");
    int32_t rc = 0;
    ret->count = json_array_size (list);
    ret->list = mem_array (ret->count + 1, sizeof *ret->list);
    ret->secrets = mem_array (ret->count + 1, sizeof *ret->secrets);
    for (size_t i = 0; i < ret->count && rc == 0; i++) {
        const json_t *pair = json_array_get (list, i);
        const char *value = json_string_value (json_array_get (pair, 1));
        ret->list[i].name = json_string_value (json_array_get (pair, 0));
        rc = secret_of (ret->list[i].name, value, &ret->secrets[i], err);
        ret->list[i].value = ret->secrets[i] != NULL ? ret->secrets[i] : value;
    }
    if (rc != 0)
        headers_free (ret);
    return rc;
}

/* On the loop. The job's worker journals `launched` and runs the guards before it proceeds. */
static void
gate (void *arg, net_handle handle)
{
    struct flight *f = arg;
    engine_post (f->engine, f->job_id, LETTER_GATE, f->attempt_id, f->seq, (int64_t) handle, NULL,
                 NULL);
}

static void
http_done (void *arg, struct net_response *r)
{
    struct flight *f = arg;
    struct answer *a = answer_new (FARRIER_WAKE_RESPONSE);
    answer_take_response (a, r);
    net_response_free (r);
    store_crash_point ("answer-received");
    flight_answer (f, a);
    flight_unref (f);
}

void
flight_start_http (struct flight *f)
{
    const json_t *s = f->spec;
    const char *body = json_str (s, "/body");
    struct headers headers;
    struct err err;
    if (headers_of (s, &headers, &err) != 0) {
        flight_fail (f, FARRIER_WAKE_RESPONSE, FARRIER_E_PRECONDITION, err.message, err.hint);
        return;
    }
    struct net_request request = {
        .target = f->reach->target,
        .method = json_str (s, "/method"),
        .path = json_str (s, "/path"),
        .headers = headers.list,
        .header_count = headers.count,
        .body = body,
        .body_len = body == NULL ? 0 : strlen (body),
        .content_type = json_str (s, "/content_type"),
        .auth = f->reach->session == NULL ? NET_AUTH_NONE : NET_AUTH_SESSION,
        .session = f->reach->session,
        .expect_gone = json_bool_or (s, "/bmc_resets", false),
        .total_ms = (uint32_t) flight_left_ms (f, json_int_or (s, "/timeout_ms", 60000)),
        .gate = f->gated ? gate : NULL,
        .done = http_done,
        .arg = flight_ref (f),
    };
    f->request = net_submit (&request);
    headers_free (&headers);
}

/* --- parts ---------------------------------------------------------------------------------- */

struct image_source {
    struct reader *reader;
    uint64_t offset;
};

static int64_t
image_read (void *arg, uint64_t offset, void *buf, size_t len, struct err *err)
{
    struct image_source *s = arg;
    ssize_t n = reader_read_proved (s->reader, buf, len, s->offset + offset);
    if (n == -EBADMSG)
        return err_set (err, FARRIER_E_VERIFY, "image %s was written to while it was sent",
                        reader_sha256 (s->reader));
    if (n < 0)
        return err_set_errno (err, ERR_IO, (int) -n, "image %s", reader_sha256 (s->reader));
    return n;
}

static size_t
image_take (void *arg, uint64_t offset, void *buf, size_t len)
{
    struct image_source *s = arg;
    return reader_read_kept (s->reader, buf, len, s->offset + offset);
}

/* Every byte was compared with the proof on its way: hashing them once more would tell nothing. */
static void
image_digest (void *arg, char ret_sha256[65])
{
    const struct image_source *s = arg;
    str_copy (ret_sha256, HASH_SHA256_HEX, reader_sha256 (s->reader));
}

static void
image_close (void *arg)
{
    struct image_source *s = arg;
    reader_unref (s->reader);
    mem_free (s);
}

static int32_t
image_part (struct flight *f, const json_t *v, struct transfer_part *part, struct err *err)
{
    struct reader *reader;
    const char *sha256 = json_str_or (v, "/sha256", "");
    int32_t rc = reader_open (f->engine->o.repo, sha256, &reader, err);
    if (rc != 0)
        return rc;
    rc = reader_prove (reader, err);
    if (rc != 0) {
        reader_unref (reader);
        return rc;
    }
    struct image_source *s = mem_alloc (sizeof *s);
    uint64_t size = reader_size (reader);
    uint64_t offset = (uint64_t) json_int_or (v, "/offset", 0);
    uint64_t length = (uint64_t) json_int_or (v, "/length", 0);
    s->reader = reader;
    s->offset = offset > size ? size : offset;
    if (length == 0 || length > size - s->offset)
        length = size - s->offset;
    part->kind = TRANSFER_READER;
    part->reader = (struct transfer_reader) {
        .size_bytes = length, .read = image_read, .take = image_take, .close = image_close,
        .arg = s,
        .digest = length == size ? image_digest : NULL,
    };
    const char *filename = json_str (v, "/filename");
    part->filename = filename != NULL && filename[0] == '\0'
                         ? reader_image (reader)->filename
                         : filename;
    return 0;
}

static int32_t
make_part (struct flight *f, const json_t *v, struct transfer_part *part, struct err *err)
{
    const char *kind = json_str_or (v, "/kind", "");
    part->name = json_str (v, "/name");
    part->content_type = json_str (v, "/content_type");
    if (str_eq (kind, "image"))
        return image_part (f, v, part, err);
    if (str_eq (kind, "text") || str_eq (kind, "json")) {
        part->kind = TRANSFER_TEXT;
        part->bytes = json_str_or (v, "/text", "");
        part->len = strlen (part->bytes);
        part->filename = json_str (v, "/filename");
        if (part->content_type == NULL && str_eq (kind, "json"))
            part->content_type = "application/json";
        return 0;
    }
    part->filename = json_str (v, "/filename");
    if (str_eq (kind, "attachment"))
        return artifact_attachment_part (f->engine, json_str_or (v, "/sha256", ""),
                                         json_str_or (v, "/text", ""), part, err);
    return artifact_part (f->engine, f->job_id, json_str_or (v, "/text", ""), part, err);
}

static void
upload_progress (void *arg, uint32_t permille, uint64_t sent_bytes, uint64_t total_bytes)
{
    struct flight *f = arg;
    (void) sent_bytes;
    (void) total_bytes;
    flight_progress (f, permille, NULL);
}

static void
upload_done (void *arg, struct transfer_result *result)
{
    struct flight *f = arg;
    struct answer *a = answer_new (FARRIER_WAKE_TRANSFER);
    answer_take_response (a, result->response);
    transfer_result_free (result);
    store_crash_point ("upload-answered");
    flight_answer (f, a);
    flight_unref (f);
}

static void
close_readers (const struct transfer_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (parts[i].kind == TRANSFER_READER && parts[i].reader.close != NULL)
            parts[i].reader.close (parts[i].reader.arg);
    }
}

static void
send_upload (struct flight *f, const struct transfer_part *parts, size_t count)
{
    const json_t *s = f->spec;
    struct headers headers;
    struct err err;
    if (headers_of (s, &headers, &err) != 0) {
        close_readers (parts, count);
        flight_fail (f, FARRIER_WAKE_TRANSFER, FARRIER_E_PRECONDITION, err.message, err.hint);
        return;
    }
    struct transfer_upload upload = {
        .target = f->reach->target,
        .auth = f->reach->session == NULL ? NET_AUTH_NONE : NET_AUTH_SESSION,
        .session = f->reach->session,
        .method = json_str (s, "/method"),
        .path = json_str (s, "/path"),
        .headers = headers.list,
        .header_count = headers.count,
        .form = json_bool_or (s, "/multipart", false),
        .content_type = json_str (s, "/content_type"),
        .parts = parts,
        .part_count = count,
        .total_ms = json_int_or (s, "/timeout_ms", 0),
        .gate = f->gated ? gate : NULL,
        .progress = upload_progress,
        .done = upload_done,
        .arg = flight_ref (f),
    };
    f->progress_to = UPLOAD_PERMILLE;
    f->request = transfer_upload (&upload);
    headers_free (&headers);
}

void
flight_start_transfer (struct flight *f)
{
    const json_t *list = json_object_get (f->spec, "parts");
    size_t count = json_array_size (list);
    struct transfer_part *parts = mem_array (count + 1, sizeof *parts);
    struct err err;
    int32_t rc = 0;
    size_t made = 0;
    for (; made < count && rc == 0; made++)
        rc = make_part (f, json_array_get (list, made), &parts[made], &err);
    if (rc != 0) {
        close_readers (parts, made - 1);
        flight_fail (f, FARRIER_WAKE_TRANSFER, rc, err.message, err.hint);
    } else {
        send_upload (f, parts, count);
    }
    mem_free (parts);
}

/* --- download ------------------------------------------------------------------------------- */

static void
download_done (void *arg, struct net_response *r, const char *sha256, uint64_t size_bytes)
{
    struct flight *f = arg;
    (void) sha256;
    (void) size_bytes;                 /* the job's worker seals it: artifact_keep_download() */
    struct answer *a = answer_new (FARRIER_WAKE_TRANSFER);
    answer_take_response (a, r);
    net_response_free (r);
    flight_answer (f, a);
    flight_unref (f);
}

void
flight_start_download (struct flight *f)
{
    char *file = artifact_download_path (f->engine, f->job_id,
                                         json_str_or (f->spec, "/artifact", ""));
    struct transfer_download download = {
        .target = f->reach->target,
        .auth = f->reach->session == NULL ? NET_AUTH_NONE : NET_AUTH_SESSION,
        .session = f->reach->session,
        .path = json_str (f->spec, "/path"),
        .file = file,
        .max_bytes = (uint64_t) json_int_or (f->spec, "/max_bytes", 0),
        .total_ms = flight_left_ms (f, json_int_or (f->spec, "/timeout_ms", 600000)),
        .done = download_done,
        .arg = flight_ref (f),
    };
    f->request = transfer_download (&download);
    mem_free (file);
}
