/* web_private: what the rooms of the web server share. All of it belongs to the service thread, but
 * for atomics.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_WEB_WEB_PRIVATE_H
#define FARRIER_WEB_WEB_PRIVATE_H

#include <libwebsockets.h>
#include <pthread.h>
#include <stdatomic.h>

#include "web/web.h"

#define WEB_CHUNK (64u * 1024)
#define WEB_PATH_MAX 1024
#define WEB_HEADERS_MAX 8192       /* bytes of request headers */

/* One listening socket and the vhost that its connections get. */
struct web_door {
    struct web *web;
    struct lws_vhost *vhost;
    int fd;                        /* -1 once libwebsockets owns it … */
    int listening;                 /* … under this number */
    int spare;                     /* given up to turn a client away when no other is left */
    uint16_t port;
    char *address;                 /* text for URLs */
    char *name;                    /* of the vhost */
    bool tls;
};

struct web {
    struct lws_context *context;
    pthread_t thread;
    atomic_bool stopping;
    atomic_size_t connections;
    struct web_door *doors;
    size_t door_count;
    struct web_route *routes;
    size_t route_count;
    struct lws_protocols protocols[3];
    unsigned max_connections;
    int idle_timeout_s;
    void (*access) (void *ctx, const struct web_access *a);
    void *access_ctx;
    unsigned char *chunk;          /* LWS_PRE + WEB_CHUNK: one for all connections */
};

/* The request that a connection is answering; zero between requests. libwebsockets keeps one for
 * each connection. */
struct web_exchange {
    bool active;
    bool head;                     /* no body */
    bool close_after;
    char client[64];
    char *path;                    /* decoded */
    char *log_path;
    const char *method;
    const char *protocol;
    int status;
    int64_t began_ms;
    char *body;                    /* or source */
    struct web_source source;
    uint64_t first;                /* of the source */
    uint64_t size;                 /* of what is sent */
    uint64_t sent;
};

/* web_request.c: LWS_CALLBACK_HTTP. Non-zero closes the connection. */
int web_request_handle (struct web *w, struct lws *wsi, struct web_exchange *x, const char *uri);

/* web_response.c */

/* Takes *res over, writes the headers, and asks for the first chunk. */
int web_response_start (struct web *w, struct lws *wsi, struct web_exchange *x,
                        struct web_response *res);
/* LWS_CALLBACK_HTTP_WRITEABLE */
int web_response_write (struct web *w, struct lws *wsi, struct web_exchange *x);
/* Ends the exchange: closes the source, logs. May be called at any time. */
void web_exchange_end (struct web *w, struct web_exchange *x);

/* web_fw.c: the route of repo/serve. */
void web_fw_handle (void *serve, const struct web_request *req, struct web_response *res);

/* web_listen.c: a listening socket, not yet known to libwebsockets. */
int32_t web_door_open (struct web_door *d, const struct web_listen *l, struct err *err);
/* Accepts what waits, and hands it to libwebsockets. */
void web_door_accept (struct web_door *d);

#endif
