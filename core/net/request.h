/* request: one request on its way: session, name, admission, gate, sending, answer, and perhaps
 * once more. The inside of net_submit(); transfers hook into it with a stream.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_REQUEST_H
#define FARRIER_NET_REQUEST_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "net/http.h"
#include "net/loop.h"
#include "net/target.h"

/* Where body bytes come from and go to. All called on the loop; read and write inside libcurl. */
struct request_stream {
    int64_t body_bytes;                /* -1: the body is the request's */
    /* may return CURL_READFUNC_PAUSE, _ABORT */
    size_t (*read) (void *arg, char *buf, size_t len);
    bool (*begin) (void *arg);         /* before each sending; false: request_fail() was called */
    void (*end) (void *arg);           /* after each sending */
    /* NULL: into the response; may return CURL_WRITEFUNC_PAUSE */
    size_t (*write) (void *arg, const char *bytes, size_t len);
    void (*tick) (void *arg, uint64_t now_ms);
    bool (*busy) (void *arg);          /* still at the last sending: the next one waits */
    void *arg;
};

enum request_state {
    REQUEST_NEW, REQUEST_SESSION, REQUEST_RESOLVE, REQUEST_QUEUED, REQUEST_HELD, REQUEST_ACTIVE,
    REQUEST_ENDED
};

struct request {
    struct list link;                  /* of the state: session's, host's queue */
    struct list all;                   /* of the loop */
    net_handle id;
    struct loop *loop;
    struct host *host;
    struct net_target *target;
    enum request_state state;
    enum lane lane;

    /* as asked */
    char *method, *path, *content_type;
    struct net_header *headers;
    size_t header_count;
    char *body;
    size_t body_len;
    enum net_auth auth;
    struct session *session;
    bool changing, plain, keep, expect_gone;
    bool look_only;                    /* connect, send nothing */
    bool tcp_only;                     /* look_only without TLS */
    bool urgent;                       /* a thread, a change or a task waits: no place (pace.c) */
    size_t max_response_bytes;
    uint32_t connect_ms;
    int64_t total_ms;                  /* 0 = none */
    struct request_stream stream;
    net_gate_fn *gate;
    net_done_fn *done;
    void *arg;

    /* admission */
    bool gate_passed, granted, reserved, uses_connection;
    int sockets;

    /* sending */
    CURL *easy;
    struct curl_slist *lines, *connect_to;
    bool fresh;
    char error_text[CURL_ERROR_SIZE];
    struct trust_verdict verdict;
    struct ticker ticker;
    size_t header_bytes;
    struct buf answer;
    size_t header_capacity;
    uint64_t queued_at, sent_at;
    size_t address;                    /* which of the host's addresses */
    int redirects;
    bool cut;                          /* size cap reached, cancelled …: err says why */
    int64_t content_length;

    /* credentials */
    uint32_t session_generation;       /* of the token that was sent */
    bool authorised;                   /* the session let it pass */
    bool sent_basic;
    bool parked;                       /* its stream is busy: it calls request_unpark() */
    bool relogged;                     /* the one new login was used up */

    struct net_response *response;
    struct net_certificate *certificate;
};

/* From the public struct; not yet posted. */
struct request *request_new (const struct net_request *public);
net_handle request_submit (struct request *r);    /* any thread */

/* For the one who holds it at that moment. */
void request_authorised (struct request *r);      /* session: may go on */
void request_resolved (struct request *r, int32_t code, const char *message);
void request_admitted (struct request *r);        /* admit.c: launch */
void request_hold (struct request *r);            /* admit.c: call the gate */
void request_sent (struct request *r, CURLcode rc);
/* Notes why the sending shall end; the first reason counts. */
void request_fail (struct request *r, int32_t code, const char *fmt, ...)
    __attribute__ ((format (printf, 3, 4)));
void request_hint (struct request *r, const char *fmt, ...)
    __attribute__ ((format (printf, 2, 3)));
/* Ends it wherever it is; request_fail() was called before. Not inside libcurl's callbacks. */
void request_end (struct request *r);
/* Sends it again, from the session on. Not while it is active. */
void request_again (struct request *r);
void request_unpark (struct request *r);          /* its stream is no longer busy */
/* Ends one that is anywhere, after request_fail(). Not inside libcurl's callbacks. */
void request_abort (struct request *r);
void request_cancel_all (struct loop *loop, bool but_uploads);

/* easy.c */
bool easy_set_up (struct request *r);
void easy_tear_down (struct request *r);
/* request_error.c */
int32_t request_delivery (struct request *r);
void request_explain (struct request *r, CURLcode rc);

/* response.c */
struct net_response *response_new (const char *path);
void response_add_header (struct request *r, const char *line, size_t len);
void response_reset (struct request *r);

/* session.c */
void session_admit (struct session *session, struct request *r);
void session_forget (struct request *r);
/* Puts the credential of the moment into lines; false: it is no longer valid, ask again. */
bool session_lines (struct session *session, struct request *r);
/* The token of the moment into text wherever it asks for it; heap. */
char *session_substitute (struct session *session, const char *text);
/* After a 401: true when the request was taken over and will be sent again. */
bool session_refused (struct session *session, struct request *r);
void session_used (struct session *session, struct request *r);
void session_missed (struct session *session, int32_t code);   /* a request failed with that */

#endif
