/* http: one request to one BMC, and its answer.
 *
 * A change (every method but GET and HEAD) is never sent twice: fresh connection, no redirect, no
 * Expect, credentials up front, explicit Content-Length; it is sent again only after a 401, once,
 * with a new login. A GET may be repeated once when a kept-alive connection was reset.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_HTTP_H
#define FARRIER_NET_HTTP_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/net.h"
#include "net/trust.h"

struct session;                        /* session.h */
struct net_target;

/* ---- where to -------------------------------------------------------------------------------- */

struct net_target_config {
    const char *name;                  /* the host's name, for messages and hints ("r12-03") */
    const char *key;                   /* what shares limits and loop: one BMC; NULL = base_url */
    /* https://10.0.0.5, https://[2001:db8::1]:8443, https://bmc.example; no path */
    const char *base_url;
    struct trust_config trust;         /* copied */
    uint32_t connect_ms;               /* TCP and TLS; 0 = 10 s */
    uint32_t total_ms;                 /* a whole request once admitted; 0 = 60 s */
    uint32_t per_host;                 /* 0 = net's */
};

/* A target is shared by reference counting and safe in all threads. INVALID: base_url malformed,
 * has
 * a path, or is neither https nor http; TLS: the CA file cannot be read. Credentials over plain
 * http
 * are refused unless trust.mode is INSECURE. */
int32_t net_target_new (struct net *net, const struct net_target_config *config,
                        struct net_target **ret, struct err *err);
struct net_target *net_target_ref (struct net_target *target);
void net_target_unref (struct net_target *target);               /* NULL is fine */
const char *net_target_name (const struct net_target *target);
const char *net_target_key (const struct net_target *target);
const char *net_target_url (const struct net_target *target);
struct net *net_target_net (const struct net_target *target);
/* The pin that counts now (given, or recorded at first contact); "" when there is none. */
void net_target_pin (struct net_target *target, char ret_pin[TRUST_PIN_SIZE]);

/* ---- what ------------------------------------------------------------------------------------ */

struct net_header {
    const char *name;
    const char *value;                 /* in requests "${session.token}" is replaced; no CR, LF */
};

enum net_auth {
    NET_AUTH_NONE = 0,
    /* X-Auth-Token; Basic where the BMC has no sessions to give */
    NET_AUTH_SESSION = 1,
    NET_AUTH_BASIC = 2                 /* always Basic, credential of the session object */
};

struct net_response;
typedef uint64_t net_handle;           /* never 0 */

/* Called once on the loop thread. The response is the callee's: net_response_free(). */
typedef void net_done_fn (void *arg, struct net_response *response);

/* Called on the loop thread when the request has been admitted and would leave now. Nothing leaves
 * before net_proceed(): the place to commit `launched` and to run guards (which may use the same
 * target: the held request does not count against the host meanwhile). Called again before the one
 * repetition after a 401. */
typedef void net_gate_fn (void *arg, net_handle handle);

/* All zero but target and path is a GET. Everything is copied before net_submit() returns. */
struct net_request {
    struct net_target *target;
    const char *method;                /* NULL = GET; GET HEAD POST PATCH PUT DELETE */
    /* "/redfish/v1/"; an absolute URL is reduced to its path and goes to the target */
    const char *path;
    const struct net_header *headers;  /* beside Accept, OData-Version, Content-Type */
    size_t header_count;
    const void *body;
    size_t body_len;
    const char *content_type;          /* NULL = application/json when there is a body */
    enum net_auth auth;
    struct session *session;           /* for auth != NONE */
    bool plain;                        /* no Accept: application/json, no OData-Version */
    /* the next request to this host is due at once: keep the connection */
    bool keep;
    /* the BMC resets: a lost answer after sending is not logged */
    bool expect_gone;
    size_t max_response_bytes;         /* decoded; 0 = 4 MiB */
    uint32_t connect_ms, total_ms;     /* 0 = the target's */
    net_gate_fn *gate;                 /* may be NULL */
    net_done_fn *done;
    void *arg;
};

/* Queues the request; done is called once, whatever happens, also for a request that is malformed
 * (never before net_submit() returns, unless called from the loop: then later too). */
net_handle net_submit (const struct net_request *request);
/* Lets a held request leave, or ends it with code (negative) and message, delivery NONE. Any
 * thread. */
void net_proceed (struct net *net, net_handle handle, int32_t code, const char *message);
/* Ends it with CANCELLED and the delivery it had. done is called. Any thread; late calls are
 * ignored. */
void net_cancel (struct net *net, net_handle handle);
/* Waits for the answer. cancelled may be NULL; it is looked at ten times a second. Not from a loop
 * thread. gate, done and arg of request are ignored. Returns response->code; *ret_response is
 * always
 * set and the caller's. */
int32_t net_perform (const struct net_request *request, const atomic_bool *cancelled,
                     struct net_response **ret_response);

/* ---- the answer ------------------------------------------------------------------------------ */

struct net_response {
    /* 0: a whole answer came, whatever its status; else FARRIER_E_* */
    int32_t code;
    int32_t delivery;                  /* enum farrier_delivery */
    struct err err;                    /* for code != 0 */
    int status;                        /* 0 = no answer */
    struct net_header *headers;        /* of the last answer */
    size_t header_count;
    char *body;                        /* decoded, NUL-terminated, never NULL */
    size_t body_len;
    int64_t retry_after_ms;            /* from seconds or an HTTP date; -1 = not said */
    /* what this connection's peer showed; "" for a reused one that was not seen, or plain http */
    char cert_sha256[TRUST_PIN_SIZE];
    char path[256];                    /* as asked (cut), for messages */
    int sends;                         /* how often it left: 0, 1, or 2 after a 401 */
    bool basic;                        /* Basic was used though a session was asked for */
    int64_t queue_ms, connect_ms, total_ms;
    uint64_t sent_bytes, received_bytes;
};

void net_response_free (struct net_response *response);          /* NULL is fine */
/* NULL when absent */
const char *net_response_header (const struct net_response *response, const char *name);
/* The path part of Location, NULL when there is none: an absolute one of whatever host is reduced.
 * Heap. */
char *net_response_location (const struct net_response *response);
/* New reference; INVALID with the reason when the body is not JSON. Not on a loop thread. */
json_t *net_response_json (const struct net_response *response, struct err *err);
/* 0 for a 2xx; else fills err from the transport's failure or the Redfish error envelope (see
 * redfish_error.h for more of it) and returns its code. Not on a loop thread. */
int32_t net_response_check (const struct net_response *response, struct err *err);

/* ---- trust, seen from outside ---------------------------------------------------------------- */

struct net_certificate {
    char sha256[TRUST_PIN_SIZE];
    char subject[256], issuer[256];
    char not_before[32], not_after[32];          /* ISO 8601 */
    bool expired;
    bool chain_ok;                     /* against the target's CA bundle (CA mode), else false */
    char problem[128];                 /* why the chain was not accepted, "" */
};

/* Connects, looks at the certificate, sends nothing. For `farrier host trust`. Blocking; not from a
 * loop thread. Works whatever the target's trust says. */
int32_t net_certificate_get (struct net_target *target, struct net_certificate *ret,
                             struct err *err);

/* "/redfish/v1/x" of "https://other/redfish/v1/x"; a path stays. NULL when it is neither. Heap. */
char *net_path_of (const char *uri);

#endif
