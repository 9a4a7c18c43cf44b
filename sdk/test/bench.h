/* bench: the fake core behind farrier/test.h. The values, the bag, the emissions and the awaits of
 * the host table are the engine's own code; what is faked is what lies beyond: the BMC, the clock,
 * the journal, the repository.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_TEST_BENCH_H
#define FARRIER_TEST_BENCH_H

#include "base/buf.h"
#include "engine/answer.h"
#include "engine/step.h"
#include "farrier/test.h"

/* One request, as it reaches the BMC. */
struct bench_request {
    const char *method, *path, *content_type, *body;
    size_t body_len;
    const json_t *headers;             /* array of [name, value]; NULL */
    const json_t *parts;               /* of an upload; NULL */
    uint64_t image_bytes;
    bool changing;
};

/* code 0: it was answered. */
struct bench_reply {
    int32_t code, delivery;
    bool performed;                    /* code != 0: the BMC has done it all the same */
    char *message;
    int32_t status;
    json_t *headers;                   /* array of [name, value] */
    char *body;
    size_t body_len;
    int64_t took_ms;
};

/* Where requests go: documents (bmc.h), or another BMC in the same process. */
struct bench_backend {
    void (*ask) (void *arg, const struct bench_request *request, struct bench_reply *ret);
    void (*advance) (void *arg, int64_t ms);     /* moves the clock */
    void *arg;
};

/* What looks over the plugin's shoulder. All members may be NULL. */
struct bench_watch {
    void (*before_callback) (void *arg);
    void (*after_callback) (void *arg);
    /* a function of the host table was called, from a frame at this address */
    void (*core_call) (void *arg, const char *member, const void *frame);
    void *arg;
};

/* The op that runs, and what it left. */
struct bench_run {
    struct plugin_op op;
    json_t *params;
    json_t *bag, *bag_before;          /* before: of the callback that was called last */
    json_t *await;                     /* NULL = none is open */
    bool await_changing, finished;
    uint32_t awaits, seq, attempt, adopted;
    int64_t started_ms, deadline_ms, sent_ms;
    bool sent, known, not_started, extended;
    enum plugin_callback mode;         /* who hears of the open await's end */
    struct answer *answer;             /* the last wake */
    char *label;                       /* of the await that it ended */
    int32_t failed_code;               /* the failure that led to reconcile; 0 = a crash */
    struct farrier_error failed;

    json_t *trail;                     /* of the awaits: {kind, label, changing} */
    json_t *results, *facts, *identity, *sensors;
    struct vec components;             /* struct component * */
    int32_t rung;
    char *skip_reason;
    uint32_t permille;
    bool critical;
    struct farrier_error error;
};

struct bench_image {
    struct farrier_image handle;
    char *bytes;
};

struct bench_program {
    char *path, *output, *error_output;
    int32_t exit_status;
};

struct farrier_test {
    const struct farrier_plugin *raw;
    struct farrier_plugin def;         /* with a zero tail */
    struct plugin_op *ops;
    size_t op_count;
    void *self;
    bool loaded, configured;
    struct farrier_host *host;         /* what the plugin sees; perhaps longer than ours */
    uint32_t host_size;                /* bytes behind it */

    struct bench_backend backend;
    struct bmc *bmc;
    struct bench_watch watch;
    struct bench_run run;
    json_t *context;                   /* the job's: results of earlier ops, needs */
    json_t *artifacts;                 /* name -> text */
    json_t *images, *records;          /* of sink_image(), sink_record() */
    struct component component;
    bool has_component;
    struct bench_image *image;
    struct vec programs;               /* struct bench_program * */
    const struct bench_program *last_program;
    struct vec known;                  /* component_at(): struct component * */
    struct buf log;
    atomic_bool cancelled;
    bool dry_run;
    uint32_t attempts_max;             /* 1 = a failure is not retried */
    uint32_t crash_at;                 /* awaits->0; 0 = never */
    int32_t crash_delivery;
    bool crash_lost;                   /* MAYBE, and nothing arrived */
    uint32_t repeat_at;                /* the callback after this await is run twice; the first
                                          run's changes are lost (0 = never) */
    bool repeat_start, discard, probing;
    uint32_t cancel_at;
    bool was_cancelled;
    char *broken;
    json_t *shown;                     /* strings that accessors returned */
    struct farrier_component found;    /* of farrier_test_found() */
};

/* run.c */
int32_t bench_start (struct farrier_test *t, const char *op, const char *params);
int32_t bench_callback (struct farrier_test *t, enum plugin_callback which,
                        const struct answer *answer);
int32_t bench_go_on (struct farrier_test *t, int32_t rc, enum plugin_callback which);
int32_t bench_reconcile (struct farrier_test *t, int32_t delivery);
int32_t bench_probe (struct farrier_test *t, const struct farrier_op *none);
void bench_run_clear (struct bench_run *run);
/* A defect of the test itself: says so and ends the process. */
void bench_misuse (const char *fmt, ...)
    __attribute__ ((format (printf, 1, 2), noreturn));
/* The first rule that is broken is kept. */
void bench_break (struct farrier_test *t, const char *rule, const char *fmt, ...)
    __attribute__ ((format (printf, 3, 4)));
void bench_advance (struct farrier_test *t, int64_t ms);

/* watch.c: what a test driver sees by itself. false: the program catches faults of its own. */
extern bool bench_catches;
void bench_watch_begin (struct farrier_test *t);

/* table.c */
struct farrier_host *bench_table_new (struct farrier_test *t, uint32_t *ret_size);
/* The core's own table, without the watch; for what a test driver needs of it. */
const struct farrier_host *bench_core (void);
/* table_watch.c: the members that tell the watch, guard strings, and count memory */
void bench_table_watch (struct farrier_host *table);
/* table_io.c */
void bench_table_io (struct farrier_host *table);

/* The test whose callback runs now (NULL between callbacks), and the memory that ends with it. */
extern struct farrier_test *bench_now;
extern struct arena *bench_arena;
/* A copy that ends with the callback, as rule R3 says. */
const char *bench_keep (const char *text);

/* fulfil.c, fulfil_watch.c */
/* Carries the open await out; the new answer is the caller's. */
struct answer *bench_fulfil (struct farrier_test *t);
/* Only what it changes: the core died before the answer came. */
void bench_perform (struct farrier_test *t);
void bench_ask (struct farrier_test *t, const struct bench_request *request,
                struct bench_reply *ret);
void bench_reply_clear (struct bench_reply *reply);
struct answer *bench_fulfil_task (struct farrier_test *t);
struct answer *bench_fulfil_until (struct farrier_test *t);
struct answer *bench_fulfil_collect (struct farrier_test *t);

/* Lets the plugin see an older or a newer core. */
void bench_set_host (struct farrier_test *t, uint32_t struct_size, uint16_t minor);

#endif
