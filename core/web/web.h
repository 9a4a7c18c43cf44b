/* web: the HTTP server, in its own service thread; what it answers comes from route handlers.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_WEB_WEB_H
#define FARRIER_WEB_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "repo/serve.h"

struct web;

/* Where it listens. */
struct web_listen {
    const char *address;           /* "127.0.0.1", "::1"; NULL = all of IPv4 */
    uint16_t port;                 /* 0 = any free one: web_port() tells */
    const char *cert_file;         /* PEM; NULL = plain HTTP */
    const char *key_file;
};

enum web_method { WEB_GET, WEB_HEAD };

/* A request, valid for the call. Other methods are refused with 405 before a handler sees them. */
struct web_request {
    enum web_method method;
    /* without query, percent-decoded once, no "..", no control bytes */
    const char *path;
    const char *query;             /* NULL when there is none */
    const char *client;            /* address as text */
    const char *host;              /* Host header; NULL in HTTP/1.0 */
};

/* A body that is read while it is sent, in chunks of at most 64 KiB, by the service thread. */
struct web_source {
    uint64_t size_bytes;
    /* count, 0 = end, < 0 = abort */
    ssize_t (*read) (void *ctx, void *buf, size_t len, uint64_t offset);
    /* Always called once: which bytes left. */
    void (*close) (void *ctx, uint64_t sent_from, uint64_t sent_len);
    void *ctx;
};

struct web_header {
    char *name;                    /* "etag:" is written by the server with the colon; heap */
    char *value;                   /* heap; no CR, LF, NUL: else 500 */
};

/* The answer; all zero at the call. Either body (heap, taken over) or a source with close != NULL;
 * a source gets Range support (one range), Accept-Ranges and Content-Length from the server. */
struct web_response {
    int status;                    /* 0 = 404 */
    const char *content_type;      /* static; NULL = text/plain; charset=utf-8 */
    char *body;
    size_t body_len;
    struct web_source source;
    struct web_header headers[8];
    size_t header_count;
    /* heap, taken over: shown in the access log instead of the path; NULL = the path */
    const char *log_path;
};

/* Called on the service thread: must not block. The longest prefix that fits gets the request. */
struct web_route {
    const char *prefix;            /* "/fw/" */
    void (*handle) (void *ctx, const struct web_request *req, struct web_response *res);
    void *ctx;
};

/* One finished request. */
struct web_access {
    const char *client, *method, *path, *protocol;
    int status;
    uint64_t bytes;
    int64_t took_ms;
    bool aborted;                  /* the client went away, or the source failed */
};

struct web_config {
    const struct web_listen *listens;
    size_t listen_count;           /* at least one */
    const struct web_route *routes;      /* copied */
    size_t route_count;
    struct serve *serve;           /* NULL, or GET/HEAD /fw/… is answered from it */
    unsigned max_connections;      /* 0 = 1024 */
    unsigned idle_timeout_s;       /* of a connection that moves nothing; 0 = 60 */
    void (*access) (void *ctx, const struct web_access *a);   /* NULL: one log_info line each */
    void *access_ctx;
};

/* Starts the thread and listens; an address that cannot be bound is ERR_IO (address and port
 * named), a certificate that cannot be used FARRIER_E_TLS, and nothing runs then. Signals are
 * blocked in the thread. One process may have several. */
int32_t web_start (const struct web_config *config, struct web **ret, struct err *err);
/* Closes every connection (sources are closed) and joins the thread. NULL is fine. */
void web_stop (struct web *w);
uint16_t web_port (const struct web *w, size_t listen);
size_t web_connections (const struct web *w);

/* "http://127.0.0.1:8080" + path, IPv6 in brackets: heap. host = NULL: the address of the listen.
 * */
char *web_url (const struct web *w, size_t listen, const char *host, const char *path);

#endif
