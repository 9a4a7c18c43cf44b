/* session: how one BMC is logged in to. One login at a time, renewed before it lapses, given up
 * after
 * a wrong password (nobody gets locked out by retries), Basic where there are no sessions to have.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_SESSION_H
#define FARRIER_NET_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/http.h"

struct session;

/* Gives the credential: heap strings (session wipes and frees them) and a version that changes when
 * the credential does. Runs on the thread pool: may read files and the store, may take a second.
 * Negative code with err when there is none. */
typedef int32_t session_credential_fn (void *arg, char **ret_user, char **ret_password,
                                       uint64_t *ret_version, struct err *err);
/* A session was opened (token: to be sealed and journaled before this returns) or is gone (token
 * NULL). Runs on the thread pool, one call at a time for each session. */
typedef void session_journal_fn (void *arg, const char *uri, const char *token);

/* The BMC refused the credential of this version: it is not tried again for wait_ms. message is for
 * people. Kept, it lets the next process know (session_restore_refusal). Thread pool. */
typedef void session_refused_fn (void *arg, uint64_t version, int64_t wait_ms,
                                 const char *message);

struct session_config {
    struct net_target *target;         /* referenced */
    session_credential_fn *credential;
    session_journal_fn *journal;       /* NULL = not journaled */
    session_refused_fn *refused;       /* NULL = not kept */
    /* Has the BMC taken the credential of this version before, in whatever process? A refusal is
     * then rather a BMC that restarts than a wrong password, and is doubted soon. Thread pool.
     * NULL: nobody knows. */
    bool (*worked) (void *arg, uint64_t version);
    void *arg;                         /* for all of them; must outlive the session */
    void (*arg_unref) (void *arg);     /* called when the session is freed; may be NULL */
    bool basic_only;                   /* never ask for a session */
    /* POST Sessions carries Basic too (HPE's emulator wants it) */
    bool basic_on_login;
    const char *sessions_path;         /* NULL = from the service root */
    /* idle time after which the BMC drops it; 0 = SessionService's SessionTimeout */
    uint32_t lapse_ms;
    /* how long a refused credential is not tried again; 0 = 30 min */
    int64_t latch_ms;
};

struct session *session_new (const struct session_config *config);
struct session *session_ref (struct session *session);
void session_unref (struct session *session);     /* NULL is fine; does not log out */
struct net_target *session_target (struct session *session);   /* borrowed */

/* A session of an earlier run, to be used (before the first request) instead of a login. When the
 * BMC no longer knows it, it is forgotten and a login follows. */
void session_restore (struct session *session, const char *uri, const char *token);

/* What an earlier run was told by session_refused_fn, before the first request: nobody gets locked
 * out by starting a command again and again. left_ms: of wait_ms; when it is over (0 or less) there
 * is one more try, and after it a longer wait. */
void session_restore_refusal (struct session *session, uint64_t version, int64_t wait_ms,
                              int64_t left_ms, const char *message);

/* DELETEs the session on the BMC, if there is one, and calls done (arg, code) on the loop: 0 also
 * when there was none. A later request logs in again. done may be NULL. */
void session_logout (struct session *session, void (*done) (void *arg, int32_t code), void *arg);
/* The same for a journaled session whose BMC is not otherwise needed. */
void session_delete_saved (struct session *session, const char *uri, const char *token,
                           void (*done) (void *arg, int32_t code), void *arg);

/* The credential was changed by a person: a latch is lifted, the next request logs in anew. */
void session_credential_changed (struct session *session);

enum session_state {
    SESSION_IDLE = 0,                  /* not logged in yet */
    SESSION_LOGIN = 1,                 /* a login is under way */
    SESSION_TOKEN = 2,
    SESSION_BASIC = 3,
    SESSION_LATCHED = 4                /* the credential was refused; see err */
};

struct session_status {
    enum session_state state;
    char uri[256];                     /* "" without a session */
    /* why Basic: "session table full (RAC0218)", "no SessionService (405)" */
    char note[160];
    uint32_t logins;                   /* attempts so far */
    int64_t latched_until_ms;          /* clock_boot_ms; 0 = not latched */
    struct err err;                    /* LATCHED: the failure */
};
void session_status (struct session *session, struct session_status *ret);     /* any thread */

#endif
