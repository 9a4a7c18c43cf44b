/* sim_router: from a request to the function that answers it, and the answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_ROUTER_H
#define FARRIER_SIM_ROUTER_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "sim_bmc.h"
#include "sim_http.h"

struct sim_conn;
struct sim_route;
struct sim_upload;
struct sim_session;

#define SIM_BODY_MAX 1048576

/* One request and its answer. */
struct sim_call {
    struct sim_fleet *fleet;
    struct sim_bmc *bmc;
    struct sim_conn *conn;                  /* NULL: an inner request of $expand */
    const struct sim_http_request *request; /* NULL: likewise */
    enum sim_method method;
    char *path;   /* without a trailing slash */
    char id[128]; /* what the route's '*' stands for */
    const struct sim_route *route;
    struct sim_upload *upload; /* the body streams into it; NULL */
    struct buf body;
    json_t *json; /* the body, parsed; NULL */
    struct sim_session *session;

    int status; /* 0: not answered yet */
    json_t *doc;
    char *text; /* instead of doc */
    const char *content_type;
    struct buf headers; /* further "Name: value\r\n" lines */
    bool close_after;
    bool counted; /* as an executed change, by its handler */
};

typedef void sim_handler (struct sim_call *call);

enum sim_route_flags {
    SIM_ROUTE_OPEN = 1,      /* GET without login */
    SIM_ROUTE_OPEN_POST = 2, /* POST without login */
    SIM_ROUTE_UPLOAD = 4,    /* the body of POST streams */
    SIM_ROUTE_ANY_BODY = 8,  /* POST may come without a JSON body */
    SIM_ROUTE_ETAG = 16,     /* PATCH looks at If-Match */
    SIM_ROUTE_UNCOUNTED = 32 /* POST, PATCH, DELETE are no changes to the firmware's world */
};

struct sim_route {
    const char *pattern; /* below /redfish/v1; {s} {m} {c} the ids, {push} …, * anything */
    unsigned flags;
    sim_handler *get, *post, *patch, *delete;
};

/* The head is here. Either answers at once (call->status set), or prepares call->upload, or leaves
 * the body to be gathered in call->body. */
void sim_router_begin (struct sim_call *call);
/* The whole body is here. call->status is set afterwards. */
void sim_router_finish (struct sim_call *call);
/* A GET from inside, for $expand. New reference or NULL. */
json_t *sim_router_inner_get (struct sim_call *outer, const char *path);
void sim_call_release (struct sim_call *call);

/* Steals doc; NULL for an empty body. */
void sim_call_answer (struct sim_call *call, int status, json_t *doc);
void sim_call_header (struct sim_call *call, const char *name, const char *fmt, ...)
    __attribute__ ((format (printf, 3, 4)));
void sim_call_not_found (struct sim_call *call);
void sim_call_unavailable (struct sim_call *call, int retry_after_s); /* 503 and Retry-After */
/* The ETag of a document: W/"…". */
void sim_call_etag (const json_t *doc, char ret[24]);

/* A document's first members. */
json_t *sim_doc_new (const char *uri, const char *type, const char *id, const char *name);
json_t *sim_doc_link (const char *fmt, ...) __attribute__ ((format (printf, 1, 2)));
json_t *sim_doc_collection (const char *uri, const char *type, const char *name);
void sim_doc_add_member (json_t *collection, const char *fmt, ...)
    __attribute__ ((format (printf, 2, 3)));

#endif
