/* engine: runs jobs. Workers call plugins, the loop does the I/O, the journal remembers.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_ENGINE_H
#define FARRIER_ENGINE_ENGINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct store;
struct store_host;
struct net;
struct plugin_registry;
struct repo;
struct serve;
struct seal_key;
struct workflow;
struct engine;

/* Makes a plan for one host when a workflow's `plan` step runs without an approved one
 * (`workflow run`). Returns a new reference: the host's part of a plan. Worker thread. */
typedef json_t *engine_plan_fn (void *arg, const char *host_id, const char *policy,
                                struct err *err);

/* What the engine stands on; all of it outlives the engine. */
struct engine_options {
    struct store *store;               /* opened as writer */
    struct net *net;
    struct plugin_registry *registry;  /* loaded plugins */
    struct repo *repo;
    struct serve *serve;               /* one-time image URLs; NULL: none can be published */
    const char *image_url;             /* "http://10.0.0.5:8081": what BMCs reach serve under */
    struct seal_key *key;              /* for credentials, session tokens and artifacts */
    const char *run_dir;               /* attempts of farrier-spawn live below it */
    const char *artifact_dir;
    const char *spawn_path;            /* the program farrier-spawn */
    uint32_t workers;                  /* 0 = 16 */
    uint32_t max_uploads;              /* 0 = 256 */
    uint32_t max_jobs;                 /* in flight at once, the rest is queued; 0 = 2,000 */
    int64_t settle_ms;                 /* for all ops; -1 = each op's own */
    int64_t drain_ms;                  /* how long a draining stop waits for uploads; 0 = 30 s */
    engine_plan_fn *make_plan;         /* NULL: a workflow's `plan` step needs an approved plan */
    void *make_plan_arg;
};

/* Starts the workers. Nothing runs before engine_recover() was called. */
int32_t engine_new (const struct engine_options *options, struct engine **ret, struct err *err);

/* Takes up every open job of the store: replays answers, adopts children, reconciles what may have
 * happened. *ret_open is the number of jobs taken up. */
int32_t engine_recover (struct engine *engine, uint32_t *ret_open, struct err *err);

/* Stops: no new step starts; open uploads are waited for (drain) or left to reconcile (not drain);
 * vendor tasks and children go on and are taken up again by the next engine_recover(). Logs out,
 * stops net (which belongs to the engine from engine_new() on), frees. */
void engine_stop (struct engine *engine, bool drain);

/* One workflow run on one host. */
struct job_request {
    const char *host_id;
    const struct workflow *workflow;   /* its text is kept with the job */
    const json_t *inputs;              /* object from workflow_inputs(); may be NULL */
    const char *plan_id;               /* NULL = none */
    const char *rollout_id;            /* NULL = none */
    const json_t *plan;                /* the host's part of the approved plan; NULL = none */
    bool changes;                      /* false: it only reads, beside a changing job too */
};

/* Stores the job (state queued) and lets it run as soon as there is room. *ret_job_id is heap. */
int32_t engine_submit (struct engine *engine, const struct job_request *request, char **ret_job_id,
                       struct err *err);

/* Many jobs that only read, in one commit: all of them or none. hosts: the record of each request's
 * host. ret_job_ids: room for count; each is heap. */
int32_t engine_submit_reads (struct engine *engine, const struct job_request *requests,
                             const struct store_host *hosts, size_t count, char **ret_job_ids,
                             struct err *err);

/* Asks a job to stop: what runs on the BMC is left safe and named in the job's cause. Returns when
 * the wish is stored. ERR_NOT_FOUND, ERR_NOTHING (it has ended already). */
int32_t engine_cancel (struct engine *engine, const char *job_id, struct err *err);

enum job_resolution { JOB_RESOLVE_DONE, JOB_RESOLVE_NOT_STARTED, JOB_RESOLVE_FAILED };

/* A person's answer for a job parked as unknown. */
int32_t engine_resolve (struct engine *engine, const char *job_id, enum job_resolution as,
                        struct err *err);

/* A person's yes for a job that waits in an `approve` step; or a parked job (identity accepted,
 * cause removed) that shall try again. */
int32_t engine_approve (struct engine *engine, const char *job_id, const char *who,
                        struct err *err);
int32_t engine_retry (struct engine *engine, const char *job_id, struct err *err);

/* Waits until the job has ended or is parked, at most timeout_ms (0 = for ever). Any thread but
 * workers and loops. Returns ERR code FARRIER_E_TIMEOUT when it has not. */
int32_t engine_wait (struct engine *engine, const char *job_id, int64_t timeout_ms,
                     struct err *err);

/* How many jobs are in memory, by what they do. */
struct engine_counts {
    uint32_t queued, running, waiting, parked, uploads;
};
void engine_counts (struct engine *engine, struct engine_counts *ret);

/* A person changed a host's address, trust or credential: the next request uses the new one. */
void engine_forget_host (struct engine *engine, const char *host_id);

/* Called (writer thread, must be short) after each event was stored: id, kind. For watchers. */
typedef void engine_event_fn (void *arg, int64_t event_id);
void engine_on_event (struct engine *engine, engine_event_fn *fn, void *arg);

/* One screen that answers: what is it waiting for, since when, until when, what would move it.
 * Works on the store alone (any opener). New reference: object {lines: [...], state, since, until,
 * moves: [...]}. */
json_t *why_job (struct store *store, const char *job_id, struct err *err);
json_t *why_host (struct store *store, const char *host_name, struct err *err);

#endif
