/* store_job: jobs and their journal: attempts, awaits, outcomes, events, artifacts, durations.
 *
 * The conventions are in store.h; include that.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_STORE_JOB_H
#define FARRIER_STORE_JOB_H

#include "store/store.h"
#include "store/store_host.h"

/* Longer ones make the commit fail with FARRIER_E_INVALID. */
#define STORE_CONTEXT_MAX (64 * 1024)   /* job.context_json, job.position_json */
#define STORE_BAG_MAX (128 * 1024)      /* attempt.bag_json: 16 KiB of state, every byte escaped */
#define STORE_WAKE_MAX (512 * 1024)     /* await.wake_json: a 64 KiB body, escaped, and headers */

/* --- jobs ------------------------------------------------------------------------------------ */

struct store_job {
    char *id;                      /* "job-…" */
    char *rollout_id;              /* NULL: a single run */
    char *plan_id;
    char *host_id;
    int wave;
    int holds_host;                /* 1: this job may change the host; one such open job per host */
    char *workflow_name;
    char *workflow_digest;
    char *state;                   /* queued | running | waiting | parked | cancelling | done */
    char *status;                  /* the outcome in a word; NULL until known */
    char *phase;
    char *step_path;
    char *position_json;           /* where the workflow is: opaque */
    char *context_json;            /* NULL where a read leaves it out */
    int progress_permille;
    char *progress_text;
    char *cause_json;              /* of a failure or a park; NULL when there is none */
    int64_t wake_at_ms;            /* 0: no timer */
    int cancel_requested;
    int64_t created_ms;
    int64_t started_ms;
    int64_t ended_ms;
    int64_t updated_ms;
    int64_t generation;            /* grows with each update */
};
STORE_ROW_FUNCTIONS (job);

/* Generation starts at 1. ERR_EXISTS, naming the other job, when holds_host = 1 and the host has
 * an open job that holds it; ERR_NOT_FOUND without the host. */
void store_batch_job_insert (struct store_batch *b, const struct store_job *job);
/* Writes the row and sets generation = expected_generation + 1. ERR_CONFLICT with both numbers
 * when the store's generation is another; ERR_EXISTS as above when holds_host becomes 1.
 * position_json or context_json NULL: left as they are. What never changes is not written:
 * rollout, plan, host, wave, workflow, created. cancel_requested only grows. */
void store_batch_job_update (struct store_batch *b, const struct store_job *job,
                             int64_t expected_generation);
/* Raises cancel_requested without touching the generation. ERR_CONFLICT when the job is done. */
void store_batch_job_cancel (struct store_batch *b, const char *job_id);

int32_t store_job_get (struct store *s, const char *job_id, struct store_job **ret,
                       struct err *err);

struct store_job_filter {          /* NULL = any */
    const char *state;
    const char *status;
    const char *host_id;
    const char *rollout_id;
    const char *plan_id;
    bool open_only;                /* state is not done */
};
/* Newest first, context and position left out; page key: job id. */
int32_t store_job_list (struct store *s, const struct store_job_filter *filter,
                        const struct store_page *page, struct store_job **ret, size_t *ret_count,
                        struct err *err);
/* Every job that is not done, oldest first: what a start takes up. */
int32_t store_job_open_list (struct store *s, bool with_context, struct store_job **ret,
                             size_t *ret_count, struct err *err);
/* Open jobs whose wake_at_ms is not 0 and <= until_ms, earliest first, without context. */
int32_t store_job_due_list (struct store *s, int64_t until_ms, int64_t limit,
                            struct store_job **ret, size_t *ret_count, struct err *err);

struct store_job_count {
    char *state;
    char *status;                  /* NULL while open */
    int64_t jobs;
};
STORE_ROW_FUNCTIONS (job_count);
/* rollout_id NULL = all jobs. */
int32_t store_job_counts (struct store *s, const char *rollout_id, struct store_job_count **ret,
                          size_t *ret_count, struct err *err);

/* --- attempts: the journal ------------------------------------------------------------------- */

struct store_attempt {
    char *id;                      /* "att-…" */
    char *job_id;
    char *phase;
    char *step_path;
    char *action;
    char *plugin;                  /* NULL: the core's own action */
    char *op;
    int number;                    /* 1, 2, … of this step */
    char *component_key;           /* NULL: none */
    char *params_json;             /* as evaluated; no secrets */
    char *image_digest;            /* NULL: no image */
    char *state;                   /* open | done | skipped | failed | cancelled | unknown */
    char *mode;                    /* which callback is next (engine's words) */
    int64_t started_ms;
    int64_t ended_ms;
    int64_t deadline_ms;
    char *error_json;
    char *bag_json;                /* the op's state */
    char *results_json;
    int64_t seq;                   /* of the last await registered */
    int64_t order;                 /* set by the store: insertion order within the job */
};
STORE_ROW_FUNCTIONS (attempt);

/* ERR_EXISTS when the step of that job has an open attempt already. */
void store_batch_attempt_insert (struct store_batch *b, const struct store_attempt *attempt);
/* Writes state, mode, ended_ms, deadline_ms, error, bag, results, seq. ERR_NOT_FOUND without it;
 * ERR_CONFLICT when it is not open any more (an ended attempt never changes). */
void store_batch_attempt_update (struct store_batch *b, const struct store_attempt *attempt);
/* `farrier job resolve`: unknown -> done | failed | cancelled. ERR_CONFLICT in another state. */
void store_batch_attempt_resolve (struct store_batch *b, const char *attempt_id, const char *state,
                                  int64_t at_ms);

int32_t store_attempt_get (struct store *s, const char *attempt_id, struct store_attempt **ret,
                           struct err *err);
/* In order, from the first. */
int32_t store_attempt_list (struct store *s, const char *job_id, struct store_attempt **ret,
                            size_t *ret_count, struct err *err);
/* The open ones of a job, in order (one, but for phases that read in parallel). */
int32_t store_attempt_open_list (struct store *s, const char *job_id, struct store_attempt **ret,
                                 size_t *ret_count, struct err *err);

/* --- awaits ---------------------------------------------------------------------------------- */

/* What an attempt waits for. One row per attempt: the newest; the next one takes the place of a
 * consumed one. queued -> launched (changing ones) -> answered -> consumed. */
struct store_await {
    char *attempt_id;
    char *job_id;
    int64_t seq;                   /* grows within the attempt */
    char *kind;                    /* http | transfer | task | timer | process | reachable | … */
    char *label;                   /* the plugin's name for it */
    char *spec_json;               /* all that is needed to go on after a restart; no secrets */
    char *state;                   /* queued | launched | answered | consumed */
    int changing;                  /* 1: it changes the BMC */
    char *digest;                  /* of the request */
    int64_t queued_ms;
    int64_t launched_ms;
    int64_t deadline_ms;
    char *wake_json;               /* the answer; cleared when consumed */
};
STORE_ROW_FUNCTIONS (await);

/* State becomes "queued" whatever the row says. ERR_CONFLICT while the attempt's await is not
 * consumed, or seq does not grow. */
void store_batch_await_put (struct store_batch *b, const struct store_await *await);
/* These four: ERR_CONFLICT, naming both, when the stored await has another seq or state. */
void store_batch_await_launch (struct store_batch *b, const char *attempt_id, int64_t seq,
                               int64_t launched_ms);                     /* from queued */
void store_batch_await_answer (struct store_batch *b, const char *attempt_id, int64_t seq,
                               const char *wake_json);                   /* from queued, launched */
void store_batch_await_consume (struct store_batch *b, const char *attempt_id, int64_t seq);
                                   /* from answered; from queued or launched it drops the await */
/* The spec (a poll's memory: last percent, task found) changes while it waits. */
void store_batch_await_respec (struct store_batch *b, const char *attempt_id, int64_t seq,
                               const char *spec_json);

/* The await that is not consumed; ERR_NOT_FOUND when there is none. */
int32_t store_await_open (struct store *s, const char *attempt_id, struct store_await **ret,
                          struct err *err);
/* All awaits of open jobs that are not consumed: one read at start. */
int32_t store_await_open_list (struct store *s, struct store_await **ret, size_t *ret_count,
                               struct err *err);

/* Where a job stands, read at one moment: for `why` and for taking a job up again. */
struct store_job_now {
    struct store_job *job;
    struct store_attempt *attempt; /* the last one that is open or unknown; NULL */
    struct store_await *await;     /* its await, if not consumed; NULL */
};
int32_t store_job_now_get (struct store *s, const char *job_id, struct store_job_now *ret,
                           struct err *err);
void store_job_now_clear (struct store_job_now *now);

/* --- outcomes and results -------------------------------------------------------------------- */

struct store_outcome {
    char *job_id;
    char *host_id;
    char *component_key;
    char *from_version;
    char *to_version;
    char *rung;                    /* planned … verified, noop, failed, … (engine/outcome.h) */
    char *implied_json;            /* rungs that nobody observed: ["staged"] */
    char *measured_version;
    char *cause_json;
    int64_t updated_ms;
};
STORE_ROW_FUNCTIONS (outcome);

/* One per (job, component). */
void store_batch_outcome_put (struct store_batch *b, const struct store_outcome *outcome);
int32_t store_outcome_list (struct store *s, const char *job_id, struct store_outcome **ret,
                            size_t *ret_count, struct err *err);
/* Of all jobs of a rollout. */
int32_t store_outcome_rollout_list (struct store *s, const char *rollout_id,
                                    struct store_outcome **ret, size_t *ret_count, struct err *err);

struct store_result {
    char *job_id;
    char *component_key;           /* "" : of the job as a whole */
    char *name;
    char *value_json;
};
STORE_ROW_FUNCTIONS (result);

/* One per (job, component, name). */
void store_batch_result_put (struct store_batch *b, const struct store_result *result);
int32_t store_result_list (struct store *s, const char *job_id, struct store_result **ret,
                           size_t *ret_count, struct err *err);

/* --- events ---------------------------------------------------------------------------------- */

struct store_event {
    int64_t id;                    /* given by the store, growing */
    int64_t at_ms;
    char *kind;                    /* "job.progress", "host.added", … */
    char *host_id;
    char *job_id;
    char *rollout_id;
    char *body_json;
};
STORE_ROW_FUNCTIONS (event);

void store_batch_event (struct store_batch *b, const struct store_event *event);
/* Forgets events older than before_ms, at most limit of them in one go. */
void store_batch_event_prune (struct store_batch *b, int64_t before_ms, int64_t limit);

struct store_event_filter {        /* NULL = any; at most one of the three is looked up by index */
    const char *host_id;
    const char *job_id;
    const char *rollout_id;
};
/* id > since_id, oldest first; limit 0 = all. filter may be NULL. */
int32_t store_event_list (struct store *s, const struct store_event_filter *filter,
                          int64_t since_id, int64_t limit, struct store_event **ret,
                          size_t *ret_count, struct err *err);
int32_t store_event_last_id (struct store *s, int64_t *ret, struct err *err);   /* 0 = none yet */

/* --- artifacts ------------------------------------------------------------------------------- */

struct store_artifact {
    char *id;                      /* "art-…" */
    char *job_id;
    char *host_id;
    char *name;
    char *path;
    char *sha256;
    int64_t size_bytes;
    int64_t created_ms;
};
STORE_ROW_FUNCTIONS (artifact);

void store_batch_artifact_put (struct store_batch *b, const struct store_artifact *artifact);
int32_t store_artifact_get (struct store *s, const char *artifact_id, struct store_artifact **ret,
                            struct err *err);
int32_t store_artifact_list (struct store *s, const char *job_id, struct store_artifact **ret,
                             size_t *ret_count, struct err *err);

/* --- learned durations ----------------------------------------------------------------------- */

struct store_duration {
    char *vendor;
    char *model;
    char *component_type;
    char *action;
    int64_t duration_ms;
    int64_t at_ms;
};
STORE_ROW_FUNCTIONS (duration);

struct store_duration_stats {
    int64_t samples;               /* of the newest 200; 0: nothing learned, the rest is 0 too */
    int64_t p50_ms;
    int64_t p95_ms;
};

void store_batch_duration_add (struct store_batch *b, const struct store_duration *sample);
/* model or component_type NULL = any. */
int32_t store_duration_stats_get (struct store *s, const char *vendor, const char *model,
                                  const char *component_type, const char *action,
                                  struct store_duration_stats *ret, struct err *err);

#endif
