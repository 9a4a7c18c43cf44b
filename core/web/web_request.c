/* web_request: from libwebsockets' view of a request to a route. Its parser is lenient; what can be
 * seen from here is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "web/web_private.h"

/* Why a request is not even looked at; status 0: it is fine. */
struct refusal {
    int status;
    const char *text;
};

static bool
has (struct lws *wsi, enum lws_token_indexes token)
{
    return lws_hdr_total_length (wsi, token) > 0;
}

static bool
twice (struct lws *wsi, enum lws_token_indexes token)
{
    return lws_hdr_fragment_length (wsi, token, 1) > 0;
}

static const char *
protocol_of (struct lws *wsi)
{
    char text[16] = "";

    if (lws_hdr_copy (wsi, text, sizeof (text), WSI_TOKEN_HTTP) < 0) {
        return "HTTP/?";
    }
    if (str_eq (text, "HTTP/1.1")) {
        return "HTTP/1.1";
    }
    return str_eq (text, "HTTP/1.0") ? "HTTP/1.0" : "HTTP/?";
}

static const char *
method_name (int method)
{
    static const char *const names[] = {
        [LWSHUMETH_GET] = "GET",       [LWSHUMETH_POST] = "POST",
        [LWSHUMETH_OPTIONS] = "OPTIONS", [LWSHUMETH_PUT] = "PUT",
        [LWSHUMETH_PATCH] = "PATCH",   [LWSHUMETH_DELETE] = "DELETE",
        [LWSHUMETH_CONNECT] = "CONNECT", [LWSHUMETH_HEAD] = "HEAD",
    };

    return method >= 0 && method <= LWSHUMETH_HEAD && names[method] != NULL ? names[method] : "?";
}

static bool
clean_path (const char *path)
{
    size_t len = strlen (path);

    if (path[0] != '/' || len >= WEB_PATH_MAX || !str_valid_utf8 (path, len)) {
        return false;
    }
    for (const char *at = path; *at != '\0'; at++) {
        if ((unsigned char) *at < 0x20 || *at == 0x7f || *at == '\\') {
            return false;
        }
    }
    return strstr (path, "/../") == NULL && !str_ends (path, "/..");
}

static struct refusal
inspect (struct lws *wsi, const struct web_exchange *x, int method)
{
    if (str_eq (x->protocol, "HTTP/?")) {
        return (struct refusal){ 505, "HTTP/1.0 and HTTP/1.1 are spoken here" };
    }
    if (has (wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) && has (wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH)) {
        return (struct refusal){ 400, "Content-Length and Transfer-Encoding together" };
    }
    if (twice (wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) || twice (wsi, WSI_TOKEN_HOST)) {
        return (struct refusal){ 400, "a header is there twice" };
    }
    if (!has (wsi, WSI_TOKEN_HOST) && str_eq (x->protocol, "HTTP/1.1")) {
        return (struct refusal){ 400, "no Host header" };
    }
    if (!clean_path (x->path)) {
        return (struct refusal){ 400, "a path that is not one" };
    }
    if (method != LWSHUMETH_GET && method != LWSHUMETH_HEAD) {
        return (struct refusal){ 405, "GET and HEAD are answered here" };
    }
    if (has (wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING)) {
        return (struct refusal){ 400, "a GET with a body" };
    }
    if (has (wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH)) {
        char length[8] = "";

        if (lws_hdr_copy (wsi, length, sizeof (length), WSI_TOKEN_HTTP_CONTENT_LENGTH) < 0 ||
            !str_eq (length, "0")) {
            return (struct refusal){ 400, "a GET with a body" };
        }
    }
    return (struct refusal){ 0, NULL };
}

static void
refuse (const struct refusal *r, struct web_exchange *x, struct web_response *res)
{
    res->status = r->status;
    res->body = str_printf ("%s\n", r->text);
    res->body_len = strlen (res->body);
    x->close_after = true;                 /* what follows on this connection is not trusted */
    if (r->status == 405) {
        res->headers[res->header_count].name = str_dup ("allow");
        res->headers[res->header_count++].value = str_dup ("GET, HEAD");
    }
}

static const struct web_route *
find_route (const struct web *w, const char *path)
{
    const struct web_route *best = NULL;

    for (size_t i = 0; i < w->route_count; i++) {
        if (str_starts (path, w->routes[i].prefix) &&
            (best == NULL || strlen (w->routes[i].prefix) > strlen (best->prefix))) {
            best = &w->routes[i];
        }
    }
    return best;
}

/* lws keeps the arguments apart from each other; they are joined again. */
static char *
query_of (struct lws *wsi)
{
    struct buf b = { 0 };
    char piece[WEB_PATH_MAX];

    for (int i = 0; lws_hdr_copy_fragment (wsi, piece, sizeof (piece), WSI_TOKEN_HTTP_URI_ARGS,
                                           i) >= 0 && b.len < WEB_HEADERS_MAX; i++) {
        buf_printf (&b, "%s%s", i == 0 ? "" : "&", piece);
    }
    if (b.len == 0) {
        buf_free (&b);
        return NULL;
    }
    return buf_steal (&b);
}

static void
route (struct web *w, struct lws *wsi, struct web_exchange *x, struct web_response *res)
{
    const struct web_route *r = find_route (w, x->path);
    char host[256] = "", *query;
    struct web_request req = { .method = x->head ? WEB_HEAD : WEB_GET, .path = x->path,
                               .client = x->client };

    if (r == NULL) {
        res->status = 404;
        return;
    }
    query = query_of (wsi);
    req.query = query;
    if (lws_hdr_copy (wsi, host, sizeof (host), WSI_TOKEN_HOST) > 0) {
        req.host = host;
    }
    r->handle (r->ctx, &req, res);
    mem_free (query);
}

int
web_request_handle (struct web *w, struct lws *wsi, struct web_exchange *x, const char *uri)
{
    struct web_response res = { .status = 0 };
    struct refusal refused;
    char *text = NULL;
    int length = 0, method;

    web_exchange_end (w, x);               /* of a request that never came to its end */
    method = lws_http_get_uri_and_method (wsi, &text, &length);
    x->active = true;
    x->began_ms = clock_boot_ms ();
    x->path = str_dup (uri);
    x->method = method_name (method);
    x->protocol = protocol_of (wsi);
    x->head = method == LWSHUMETH_HEAD;
    lws_get_peer_simple (wsi, x->client, sizeof (x->client));
    refused = inspect (wsi, x, method);
    if (refused.status != 0) {
        refuse (&refused, x, &res);
    } else {
        route (w, wsi, x, &res);
    }
    return web_response_start (w, wsi, x, &res);
}
