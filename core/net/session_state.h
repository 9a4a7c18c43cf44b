/* session_state: the inside of struct session. All of it belongs to the target's loop thread, but
 * `login`, which belongs to the thread pool while a work of the login runs, and `status`.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_SESSION_STATE_H
#define FARRIER_NET_SESSION_STATE_H

#include <stdatomic.h>

#include "net/redfish_error.h"
#include "net/request.h"
#include "net/session.h"

#define SESSION_OLD_PATH "/redfish/v1/Sessions"
#define SESSION_DEFAULT_PATH "/redfish/v1/SessionService/Sessions"

/* What one login works with. */
struct login {
    char *user, *password;
    uint64_t version;
    bool worked;                       /* the credential of this version did, before */
    int32_t code;
    struct err err;
    struct net_response *response;     /* of the step under way */
    struct redfish_error error;        /* what the answer to POST Sessions means */
    char *path;                        /* found in the service root; NULL = none */
    char *uri;                         /* of the new session */
    bool from_root;                    /* the path is the service's own word */
};

struct session {
    atomic_uint references;
    struct net_target *target;
    struct loop *loop;
    session_credential_fn *credential;
    session_journal_fn *journal;
    session_refused_fn *refused;
    bool (*worked) (void *arg, uint64_t version);
    void *arg;
    void (*arg_unref) (void *arg);
    bool basic_only, basic_on_login;
    int64_t latch_ms;
    uv_mutex_t journal_lock;

    enum session_state state;
    struct list waiters;               /* struct request, by link */
    bool busy;                         /* a login runs */
    uint32_t generation;               /* of the token */
    char *token, *uri;
    char *basic;                       /* "Basic …" */
    char note[160];
    char *sessions_path;               /* NULL = not known yet */
    bool path_fixed, tried_old;
    int64_t used_ms;                   /* boot clock: when the BMC last took the token */
    int64_t lapse_ms;
    bool lapse_known;
    int64_t basic_until_ms;            /* try for a session again after it */
    bool has_version, proven;          /* the credential of this version was taken by the BMC */
    uint64_t version;
    bool latched;
    uint64_t latch_version;
    int64_t latched_until_ms, latch_step_ms;
    int64_t missed_ms;                 /* boot clock: when it was not reached; 0 = not since */
    struct err latch_err;
    uint32_t logins;
    struct login login;

    uv_mutex_t lock;
    struct session_status status;
};

/* session.c */
void session_publish (struct session *session);   /* what session_status() shows */
void session_drop_token (struct session *session, bool journal);
void session_latch (struct session *session, const char *what);
void session_set_basic (struct session *session, const char *user, const char *password);
/* session_login.c */
void session_login (struct session *session);

#endif
