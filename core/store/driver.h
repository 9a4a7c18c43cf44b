/* driver: the seam between the store and a database: domain operations and domain questions as
 * plain data, and a vtable that carries them out. No SQL above it, no threads below it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_STORE_DRIVER_H
#define FARRIER_STORE_DRIVER_H

#include "base/list.h"
#include "store/row.h"
#include "store/store.h"

/* What each operation means and refuses is said at its store_batch_ function. */
enum store_op_kind {
    /* one row (or several), put as it is */
    STORE_OP_ENDPOINT_PUT,
    STORE_OP_CREDENTIAL_PUT,
    STORE_OP_BMC_SESSION_PUT,
    STORE_OP_ROLLOUT_PUT,
    STORE_OP_WORKFLOW_TEXT_PUT,
    STORE_OP_OUTCOME_PUT,
    STORE_OP_RESULT_PUT,
    STORE_OP_EVENT_PUT,
    STORE_OP_ARTIFACT_PUT,
    STORE_OP_DURATION_PUT,
    /* texts and numbers, without a condition */
    STORE_OP_META_PUT,             /* text: key, value */
    STORE_OP_ENDPOINT_DELETE,      /* text: host, kind */
    STORE_OP_CREDENTIAL_DELETE,    /* text: id */
    STORE_OP_BMC_SESSION_DELETE,   /* text: host, endpoint */
    STORE_OP_EVENT_PRUNE,          /* number: before_ms, limit */
    /* those with a condition */
    STORE_OP_HOST_PUT,             /* row */
    STORE_OP_HOST_UPDATE,          /* row */
    STORE_OP_HOST_DELETE,          /* text: id */
    STORE_OP_BINDINGS_PUT,         /* text: host; rows */
    STORE_OP_INVENTORY_PUT,        /* text: host, cause; number: at_ms; rows */
    STORE_OP_PLAN_PUT,             /* row */
    STORE_OP_PLAN_HOSTS_PUT,       /* rows */
    STORE_OP_PLAN_STATUS,          /* text: id, from, to, by; number: at_ms */
    STORE_OP_JOB_INSERT,           /* row */
    STORE_OP_JOB_UPDATE,           /* row; number: expected generation */
    STORE_OP_JOB_CANCEL,           /* text: id */
    STORE_OP_ATTEMPT_INSERT,       /* row */
    STORE_OP_ATTEMPT_UPDATE,       /* row */
    STORE_OP_ATTEMPT_RESOLVE,      /* text: id, state; number: at_ms */
    STORE_OP_AWAIT_PUT,            /* row */
    STORE_OP_AWAIT_LAUNCH,         /* text: attempt; number: seq, launched_ms */
    STORE_OP_AWAIT_ANSWER,         /* text: attempt, wake; number: seq */
    STORE_OP_AWAIT_CONSUME,        /* text: attempt; number: seq */
    STORE_OP_AWAIT_RESPEC,         /* text: attempt, spec; number: seq */
    STORE_OP_COUNT_
};

#define STORE_OP_TEXTS 4
#define STORE_OP_NUMBERS 2

struct store_op {
    struct list link;
    enum store_op_kind kind;
    const struct row_type *type;
    void *rows;                    /* owned */
    size_t count;
    char *text[STORE_OP_TEXTS];    /* owned */
    int64_t number[STORE_OP_NUMBERS];
};

/* Questions; the texts (a query has six, NULL = any), numbers and the kind of row that answers. */
enum store_query_kind {
    STORE_QUERY_META,              /* key -> value */
    STORE_QUERY_HOST,              /* id -> host */
    STORE_QUERY_HOST_BY_NAME,      /* name -> host */
    STORE_QUERY_HOSTS,             /* after -> host */
    STORE_QUERY_HOST_COUNT,        /* -> value */
    STORE_QUERY_ENDPOINT,          /* host, kind -> endpoint */
    STORE_QUERY_ENDPOINTS,         /* host -> endpoint */
    STORE_QUERY_ENDPOINTS_ALL,     /* -> endpoint */
    STORE_QUERY_BINDINGS,          /* host -> binding */
    STORE_QUERY_CREDENTIAL,        /* id -> credential */
    STORE_QUERY_CREDENTIALS,       /* -> credential */
    STORE_QUERY_COMPONENTS,        /* host, type, name, version, after key -> component */
    STORE_QUERY_COMPONENTS_ALL,    /* after host, type, name, version, after key -> component */
    STORE_QUERY_COMPONENT_PIVOT,   /* host, type, name, version -> component_count */
    STORE_QUERY_HISTORY,           /* host, component -> history */
    STORE_QUERY_BMC_SESSIONS,      /* -> bmc_session */
    STORE_QUERY_PLAN,              /* id -> plan */
    STORE_QUERY_PLANS,             /* after -> plan */
    STORE_QUERY_PLAN_HOST,         /* plan, host -> plan_host */
    STORE_QUERY_PLAN_HOSTS,        /* plan, after; number: with_doc -> plan_host */
    STORE_QUERY_ROLLOUT,           /* id -> rollout */
    STORE_QUERY_ROLLOUTS,          /* after; number: open_only -> rollout */
    STORE_QUERY_WORKFLOW_TEXT,     /* digest -> workflow_text */
    STORE_QUERY_JOB,               /* id -> job */
    /* these five: host, state, status, rollout, plan, after; number: open_only -> job */
    STORE_QUERY_JOBS,
    STORE_QUERY_JOBS_OPEN,
    STORE_QUERY_JOBS_OF_HOST,
    STORE_QUERY_JOBS_OF_ROLLOUT,
    STORE_QUERY_JOBS_OF_PLAN,
    STORE_QUERY_JOBS_TO_RESUME,    /* number: with_context -> job */
    STORE_QUERY_JOBS_DUE,          /* number: until_ms -> job */
    STORE_QUERY_JOB_COUNTS,        /* -> job_count */
    STORE_QUERY_JOB_COUNTS_OF_ROLLOUT,   /* rollout -> job_count */
    STORE_QUERY_ATTEMPT,           /* id -> attempt */
    STORE_QUERY_ATTEMPTS,          /* job -> attempt */
    STORE_QUERY_ATTEMPTS_OPEN,     /* job -> attempt */
    STORE_QUERY_ATTEMPT_NOW,       /* job -> attempt */
    STORE_QUERY_AWAIT,             /* attempt -> await */
    STORE_QUERY_AWAITS,            /* -> await */
    STORE_QUERY_OUTCOMES,          /* job -> outcome */
    STORE_QUERY_OUTCOMES_OF_ROLLOUT,     /* rollout -> outcome */
    STORE_QUERY_RESULTS,           /* job -> result */
    /* these four: host, job, rollout; number: since -> event */
    STORE_QUERY_EVENTS,
    STORE_QUERY_EVENTS_OF_HOST,
    STORE_QUERY_EVENTS_OF_JOB,
    STORE_QUERY_EVENTS_OF_ROLLOUT,
    STORE_QUERY_EVENT_LAST_ID,     /* -> value */
    STORE_QUERY_ARTIFACT,          /* id -> artifact */
    STORE_QUERY_ARTIFACTS,         /* job -> artifact */
    STORE_QUERY_DURATIONS,         /* vendor, action, model, component type -> value */
    STORE_QUERY_COUNT_
};

#define STORE_QUERY_TEXTS 6
#define STORE_QUERY_NUMBERS 2

struct store_query {
    enum store_query_kind kind;
    const char *text[STORE_QUERY_TEXTS];
    int64_t number[STORE_QUERY_NUMBERS];
    int64_t limit;                 /* 0 = none */
};

struct row_set {
    const struct row_type *type;
    void *rows;
    size_t count;
};

/* db: the store as this process opened it; the writing functions are called by one thread. reader:
 * a connection for one thread at a time. */
struct store_driver {
    const char *name;
    int32_t (*open) (const char *path, enum store_mode mode, void **ret_db, int *ret_schema,
                     struct err *err);
    void (*close) (void *db);

    /* A group of batches is one transaction; each batch in it can be taken back alone. */
    int32_t (*group_begin) (void *db, enum store_durability durability, struct err *err);
    int32_t (*batch_begin) (void *db, struct err *err);
    int32_t (*apply) (void *db, const struct store_op *op, struct err *err);
    int32_t (*batch_keep) (void *db, struct err *err);
    /* false: the database took the whole group back. */
    bool (*batch_undo) (void *db);
    int32_t (*group_commit) (void *db, struct err *err);    /* after a failure nothing is pending */
    void (*group_undo) (void *db);
    int64_t (*last_event_id) (void *db);                    /* newest that was put since open; 0 */

    int32_t (*reader_open) (void *db, void **ret_reader, struct err *err);
    void (*reader_close) (void *reader);
    int32_t (*read) (void *reader, const struct store_query *query, struct row_set *ret,
                     struct err *err);
    /* Between the two, all reads see one moment. */
    int32_t (*read_begin) (void *reader, struct err *err);
    void (*read_end) (void *reader);
};

extern const struct store_driver store_driver_sqlite;

/* --- inside core/store: used by the files of this folder -------------------------------------- */

struct store_batch {
    struct list ops;
    size_t count;
    size_t events;
    char *label;
    struct err refusal;            /* of an operation that can't be stored; code 0 = none */
};

/* Takes a read connection of the pool, waiting for one. NULL with err. */
void *store_reader_take (struct store *s, struct err *err);
void store_reader_give (struct store *s, void *reader);
const struct store_driver *store_get_driver (const struct store *s);

/* Reads with a connection of the pool; ret is untouched on failure. */
int32_t store_read (struct store *s, const struct store_query *query, struct row_set *ret,
                    struct err *err);
/* For these two ret is the address of a pointer to the struct that the question's rows are.
 * One row or ERR_NOT_FOUND "no WHAT NAME". */
int32_t store_read_one (struct store *s, const struct store_query *query, void *ret,
                        const char *what, const char *name, struct err *err);
int32_t store_read_list (struct store *s, const struct store_query *query, void *ret,
                         size_t *ret_count, struct err *err);

#endif
