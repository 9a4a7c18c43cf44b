/* web_response: headers, then the body in chunks, each when the socket has taken the one before.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "web/range.h"
#include "web/web_private.h"

#define RESPONSE_HEADERS_MAX 4096

static void
log_line (const struct web_access *a)
{
    log_info ("web: %s \"%s %s %s\" %d %llu bytes %lld ms%s", a->client, a->method, a->path,
              a->protocol, a->status, (unsigned long long) a->bytes, (long long) a->took_ms,
              a->aborted ? " aborted" : "");
}

static void
tell_access (const struct web *w, const struct web_exchange *x)
{
    struct web_access a = { .client = x->client, .method = x->method,
                            .path = x->log_path != NULL ? x->log_path : x->path,
                            .protocol = x->protocol, .status = x->status, .bytes = x->sent,
                            .took_ms = clock_boot_ms () - x->began_ms,
                            .aborted = x->sent < x->size && !x->head };

    if (w->access != NULL) {
        w->access (w->access_ctx, &a);
    } else {
        log_line (&a);
    }
}

void
web_exchange_end (struct web *w, struct web_exchange *x)
{
    if (x->active) {
        tell_access (w, x);
        if (x->source.close != NULL) {
            x->source.close (x->source.ctx, x->first, x->sent);
        }
        mem_free (x->path);
        mem_free (x->log_path);
        mem_free (x->body);
    }
    memset (x, 0, sizeof (*x));
}

/* Where headers are being written; failed once they do not fit. */
struct writer {
    struct lws *wsi;
    unsigned char *at, *end;
    bool failed;
};

static void
put_header (struct writer *o, const char *name_colon, const char *value)
{
    if (strpbrk (value, "\r\n") != NULL ||
        lws_add_http_header_by_name (o->wsi, (const unsigned char *) name_colon,
                                     (const unsigned char *) value, (int) strlen (value), &o->at,
                                     o->end) != 0) {
        o->failed = true;
    }
}

static const char *
find_header (const struct web_response *res, const char *name)
{
    for (size_t i = 0; i < res->header_count; i++) {
        if (str_case_eq (res->headers[i].name, name)) {
            return res->headers[i].value;
        }
    }
    return NULL;
}

/* A Range counts only when If-Range, if any, names what would be sent. */
static bool
range_counts (struct lws *wsi, const struct web_response *res)
{
    char if_range[128] = "";
    int len = lws_hdr_total_length (wsi, WSI_TOKEN_HTTP_IF_RANGE);

    if (len <= 0) {
        return true;
    }
    return lws_hdr_copy (wsi, if_range, sizeof (if_range), WSI_TOKEN_HTTP_IF_RANGE) > 0 &&
           str_eq (if_range, find_header (res, "etag"));
}

/* Which bytes of the source are sent. */
static void
choose_part (struct lws *wsi, struct web_exchange *x, const struct web_response *res)
{
    char range[128] = "";
    uint64_t first = 0, len = 0;
    enum range_kind kind = RANGE_NONE;

    x->size = x->source.size_bytes;
    if (x->status == 200 && !x->head && range_counts (wsi, res) &&
        lws_hdr_copy (wsi, range, sizeof (range), WSI_TOKEN_HTTP_RANGE) > 0) {
        kind = range_parse (range, x->size, &first, &len);
    }
    if (kind == RANGE_PART) {
        x->status = 206;
        x->first = first;
        x->size = len;
    } else if (kind == RANGE_BEYOND) {
        x->status = 416;
        x->size = 0;
    }
}

static void
write_headers (struct writer *o, const struct web_exchange *x, const struct web_response *res)
{
    const char *type = res->content_type == NULL ? "text/plain; charset=utf-8" : res->content_type;
    unsigned long long first = x->first, size = x->size, all = x->source.size_bytes;
    bool source = x->source.close != NULL;
    char text[96];

    if (lws_add_http_header_status (o->wsi, (unsigned) x->status, &o->at, o->end) != 0) {
        o->failed = true;
    }
    put_header (o, "content-type:", type);
    put_header (o, "x-content-type-options:", "nosniff");
    str_format (text, sizeof (text), "%llu", size);
    put_header (o, "content-length:", text);
    if (source && (x->status == 200 || x->status == 206)) {
        put_header (o, "accept-ranges:", "bytes");
    }
    if (x->status == 206) {
        str_format (text, sizeof (text), "bytes %llu-%llu/%llu", first, first + size - 1, all);
        put_header (o, "content-range:", text);
    } else if (x->status == 416) {
        str_format (text, sizeof (text), "bytes */%llu", all);
        put_header (o, "content-range:", text);
    }
    if (x->close_after) {
        put_header (o, "connection:", "close");
    }
    for (size_t i = 0; i < res->header_count; i++) {
        char *name = str_printf ("%s:", res->headers[i].name);

        put_header (o, name, res->headers[i].value);
        mem_free (name);
    }
    if (lws_finalize_http_header (o->wsi, &o->at, o->end) != 0) {
        o->failed = true;
    }
}

/* A body for those answers that have none of their own. */
static void
default_body (struct web_response *res)
{
    if (res->status == 0) {
        res->status = 404;
    }
    if (res->body == NULL && res->source.close == NULL) {
        res->body = str_printf ("%d %s\n", res->status,
                                res->status == 404 ? "there is nothing here" : "");
        res->body_len = strlen (res->body);
    }
}

static void
free_headers (struct web_response *res)
{
    for (size_t i = 0; i < res->header_count; i++) {
        mem_free (res->headers[i].name);
        mem_free (res->headers[i].value);
    }
}

static int
finish (struct web *w, struct lws *wsi, struct web_exchange *x)
{
    bool close_after = x->close_after;

    web_exchange_end (w, x);
    return close_after || lws_http_transaction_completed (wsi) != 0 ? -1 : 0;
}

int
web_response_start (struct web *w, struct lws *wsi, struct web_exchange *x,
                    struct web_response *res)
{
    unsigned char headers[LWS_PRE + RESPONSE_HEADERS_MAX];
    struct writer o = { .wsi = wsi, .at = headers + LWS_PRE,
                        .end = headers + sizeof (headers) - 1 };
    size_t len;

    default_body (res);
    x->status = res->status;
    x->body = res->body;
    x->source = res->source;
    x->log_path = (char *) (uintptr_t) res->log_path;
    x->size = res->body_len;
    if (x->source.close != NULL) {
        choose_part (wsi, x, res);
    }
    write_headers (&o, x, res);
    free_headers (res);
    if (o.failed) {
        log_error ("web: the headers of %s do not fit, or are malformed", x->path);
        web_exchange_end (w, x);
        return -1;
    }
    len = (size_t) (o.at - (headers + LWS_PRE));
    if (lws_write (wsi, headers + LWS_PRE, len, LWS_WRITE_HTTP_HEADERS) < 0) {
        web_exchange_end (w, x);
        return -1;
    }
    lws_set_timeout (wsi, PENDING_TIMEOUT_HTTP_CONTENT, w->idle_timeout_s);
    lws_callback_on_writable (wsi);
    return 0;
}

/* Up to a chunk of what is left, at w->chunk + LWS_PRE; < 0: it cannot be had. */
static ssize_t
next_chunk (struct web *w, struct web_exchange *x)
{
    uint64_t left = x->size - x->sent;
    size_t len = left < WEB_CHUNK ? (size_t) left : WEB_CHUNK;

    if (x->source.close == NULL) {
        memcpy (w->chunk + LWS_PRE, x->body + x->sent, len);
        return (ssize_t) len;
    }
    return x->source.read (x->source.ctx, w->chunk + LWS_PRE, len, x->first + x->sent);
}

int
web_response_write (struct web *w, struct lws *wsi, struct web_exchange *x)
{
    ssize_t got;
    bool last;

    if (!x->active) {
        return 0;
    }
    if (x->head || x->sent == x->size) {
        return finish (w, wsi, x);
    }
    got = next_chunk (w, x);
    if (got <= 0) {
        /* Fewer bytes than Content-Length: the client notices by the close. */
        log_warn ("web: %s for %s ended after %llu of %llu bytes",
                  x->log_path != NULL ? x->log_path : x->path, x->client,
                  (unsigned long long) x->sent, (unsigned long long) x->size);
        web_exchange_end (w, x);
        return -1;
    }
    last = x->sent + (uint64_t) got == x->size;
    if (lws_write (wsi, w->chunk + LWS_PRE, (size_t) got,
                   last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < got) {
        web_exchange_end (w, x);
        return -1;
    }
    x->sent += (uint64_t) got;
    lws_set_timeout (wsi, PENDING_TIMEOUT_HTTP_CONTENT, w->idle_timeout_s);
    lws_callback_on_writable (wsi);
    return 0;
}
