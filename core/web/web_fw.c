/* web_fw: images under one-time URLs.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "web/web_private.h"

static ssize_t
read_image (void *ctx, void *buf, size_t len, uint64_t offset)
{
    struct serve_read *sr = ctx;

    return serve_still_valid (sr) ? reader_pread (serve_reader (sr), buf, len, offset) : -1;
}

static void
close_image (void *ctx, uint64_t sent_from, uint64_t sent_len)
{
    serve_end (ctx, sent_from, sent_len);
}

void
web_fw_handle (void *serve, const struct web_request *req, struct web_response *res)
{
    struct serve_read *sr;
    struct err err;

    res->log_path = serve_redact (req->path);
    if (serve_begin (serve, req->path, req->client, &sr, &err) != 0) {
        log_info ("web: %s", err.message);
        res->status = 404;
        return;
    }
    if (reader_check (serve_reader (sr), &err) != 0) {
        log_error ("web: %s", err.message);
        serve_end (sr, 0, 0);
        res->status = 500;
        return;
    }
    res->status = 200;
    res->content_type = "application/octet-stream";
    res->headers[0].name = str_dup ("etag");
    res->headers[0].value = str_printf ("\"%s\"", reader_sha256 (serve_reader (sr)));
    res->header_count = 1;
    res->source = (struct web_source){ .size_bytes = reader_size (serve_reader (sr)),
                                       .read = read_image, .close = close_image, .ctx = sr };
}
