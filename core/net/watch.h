/* watch: waiting for a BMC without holding a thread: a vendor task to end, a resource to become as
 * wanted, many documents to arrive. The decisions are pure functions (task_step.h, until_step.h);
 * here is the I/O around them. Watches only read; they may be started again after a restart.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_WATCH_H
#define FARRIER_NET_WATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "farrier/types.h"
#include "net/http.h"

typedef uint64_t watch_handle;         /* never 0 */

/* ---- a task ---------------------------------------------------------------------------------- */

struct watch_state_map {
    const char *value;                 /* a glob, case ignored; the first match counts */
    enum farrier_task_meaning means;
};

struct watch_task {
    struct net_target *target;
    enum net_auth auth;
    struct session *session;
    const char *uri;                   /* the task resource; NULL when only a monitor is known */
    const char *monitor;               /* NULL when there is none */
    const char *const *fallbacks;      /* looked at, in order, when uri is gone */
    size_t fallback_count;
    const char *state_pointer;         /* NULL = /TaskState, then /JobState */
    const char *percent_pointer;       /* NULL = /PercentComplete */
    const char *messages_pointer;      /* NULL = /Messages */
    const struct watch_state_map *states;        /* NULL = the DMTF states */
    size_t state_count;
    const char *identity_pointer;      /* NULL = /StartTime, then /Name */
    const char *identity;              /* known from an earlier run; NULL = the first one seen */
    bool seen;                         /* an earlier run has seen it */
    const char *before;                /* value of the state before the change */
    uint32_t must_change_within_ms;    /* 0 = not asked */
    uint32_t poll_min_ms, poll_max_ms; /* 0 = 5 s, 30 s */
    /* 401, 404, 5xx, refused, silence for so long mean "rebooting"; 0 = none but two polls */
    uint32_t grace_ms;
    int64_t timeout_ms;                /* from now; 0 = none */
};

struct watch_task_progress {
    uint32_t percent;                  /* 0..100, never less than before */
    const char *state;                 /* as the BMC says; "" while it is away */
    const char *message;               /* the newest that was not shown before; NULL = none */
    const char *message_id;
    /* to be journaled: lets a restart go on with the same task */
    const char *identity;
    bool away;                         /* the BMC does not answer now, within grace */
    bool went_back;                    /* the BMC's percent is lower than before */
};

struct watch_task_result {
    /* 0: it ended, see end; TIMEOUT, CANCELLED, AUTH, TLS, … : the watch failed */
    int32_t code;
    enum farrier_task_end end;
    struct err err;                    /* FAILED: made from the task's messages; code != 0: why */
    char vendor_id[FARRIER_VENDOR_ID_MAX];       /* MessageId of the message that tells most */
    json_t *document;                  /* the last good one, borrowed; NULL = none */
    int status;                        /* of the last answer */
    uint32_t polls;
    bool gap_seen;                     /* the BMC was away meanwhile */
    const char *identity;
};

/* progress (only on change) and done run on the loop. Return value: for watch_cancel(). The spec is
 * copied. */
watch_handle watch_task_start (const struct watch_task *spec,
                               void (*progress) (void *arg, const struct watch_task_progress *p),
                               void (*done) (void *arg, const struct watch_task_result *result),
                               void *arg);

/* ---- until ----------------------------------------------------------------------------------- */

struct watch_until {
    struct net_target *target;
    enum net_auth auth;
    struct session *session;
    enum farrier_probe_kind probe;     /* TCP: only target counts */
    const char *uri;
    const char *pointer;               /* NULL: a 200 with JSON is enough */
    const char *wanted;                /* newline-separated globs; NULL: any value */
    const char *unwanted;              /* newline-separated globs that must not match */
    uint32_t good;                     /* good reads in a row; 0 = 1 */
    uint32_t interval_ms;              /* 0 = 5 s */
    int64_t within_ms;                 /* 0 = no end */
    enum farrier_proof proof;
    const char *proof_uri;             /* NULL = uri */
    const char *proof_pointer;
    const char *proof_before;          /* NULL: the first value that is read */
    bool gap_seen;                     /* an earlier run has seen it away */
};

struct watch_until_result {
    /* 0: it is so; TIMEOUT: err says what was last seen; CANCELLED … */
    int32_t code;
    struct err err;
    uint32_t good_reads, reads;
    bool gap_seen, changed;
    json_t *document;                  /* of uri, borrowed */
    char last[160];                    /* the value last seen */
};

watch_handle watch_until_start (const struct watch_until *spec,
                                void (*done) (void *arg, const struct watch_until_result *result),
                                void *arg);

/* ---- collect --------------------------------------------------------------------------------- */

/* A read that a busy BMC refuses (429, 5xx) or whose connection breaks is made once more. */
struct watch_collect {
    struct net_target *target;
    enum net_auth auth;
    struct session *session;
    const char *collection;            /* its members are read; NULL = only paths */
    const char *const *paths;
    size_t path_count;
    /* query to try on the collection: "$expand=.($levels=1)"; NULL = never */
    const char *expand;
    uint32_t max_in_flight;            /* 0 = 2; never above the target's per_host */
    uint32_t max_documents;            /* 0 = 2000; of more members code is NO_SPACE */
    uint32_t timeout_ms;               /* each read; 0 = 60 s */
    size_t max_response_bytes;         /* each; 0 = 4 MiB; in all at most 64 MiB */
    /* nothing more is read soon: leaves no connection open */
    bool last;
};

struct watch_document {
    const char *path;                  /* @odata.id of the member, or as asked */
    int32_t code;                      /* 0, or why it could not be read */
    int status;
    json_t *json;                      /* NULL when code != 0; borrowed: json_incref() to keep */
    struct err err;
};

struct watch_collect_result {
    /* 0; negative when the collection (or a page of it) could not be read, or CANCELLED: what was
     * read is in documents all the same */
    int32_t code;
    struct err err;
    const struct watch_document *documents;      /* paths in their order, then members in theirs */
    size_t count;
    json_t *collection;                /* the (first page of the) collection itself; NULL = none */
    bool expanded;                     /* the members came with the collection */
    uint32_t requests;
};

watch_handle watch_collect_start (const struct watch_collect *spec,
                                  void (*done) (void *arg, const struct watch_collect_result *r),
                                  void *arg);

/* done is called with CANCELLED unless it was called before. Any thread. */
void watch_cancel (struct net *net, watch_handle handle);

#endif
