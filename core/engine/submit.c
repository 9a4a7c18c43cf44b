/* submit: jobs come in, people's wishes reach them, and a restart takes them up again.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <dirent.h>
#include <time.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine_private.h"
#include "engine/outcome.h"
#include "engine/reach.h"
#include "engine/spawn.h"
#include "engine/wish.h"
#include "firmware/plan.h"

/* --- a new job ------------------------------------------------------------------------------ */

static json_t *
host_context (const struct store_host *host)
{
    json_t *v = json_object ();
    json_put_str (v, "id", host->id);
    json_put_str (v, "name", host->name);
    json_put (v, "labels", json_stored (host->labels_json, json_object ()));
    const char *profile = json_str (v, "/labels/bios_profile");
    if (profile != NULL)
        json_put_str (v, "bios_profile", profile);
    return v;
}

static json_t *
job_context (const char *job_id, const struct store_host *host, const struct job_request *r)
{
    json_t *v = json_object ();
    json_t *job = json_object ();
    json_put_str (job, "id", job_id);
    json_put (job, "needs", json_array ());
    json_put_bool (job, "changes", r->changes);
    json_put (v, "inputs", r->inputs == NULL ? json_object ()
                                             : json_deep_copy ((json_t *) r->inputs));
    json_put (v, "host", host_context (host));
    json_put (v, "facts", json_stored (host->facts_json, json_object ()));
    json_object_del (json_object_get (v, "facts"), "power_state");
    json_put (v, "job", job);
    if (r->plan_id != NULL)
        json_put_str (job, "plan_id", r->plan_id);
    return v;
}

static void
put_outcome (struct store_batch *b, const char *job_id, const char *host_id, const json_t *item,
             const char *from, enum outcome o, const char *reason)
{
    json_t *cause = reason == NULL ? NULL : json_pack ("{ss}", "message", reason);
    char *cause_text = cause == NULL ? NULL : json_text (cause);
    struct store_outcome row = {
        .job_id = (char *) job_id,
        .host_id = (char *) host_id,
        .component_key = (char *) json_str (item, "/component"),
        .from_version = (char *) from,
        .to_version = (char *) json_str (item, "/to"),
        .rung = (char *) outcome_name (o),
        .cause_json = cause_text,
        .updated_ms = clock_wall_ms (),
    };
    store_batch_outcome_put (b, &row);
    json_decref (cause);
    mem_free (cause_text);
}

/* Every component of the plan has an outcome from the beginning: planned, or why not. Components
 * that the baseline says nothing about are not the job's. */
static void
put_outcomes (struct store_batch *b, const char *job_id, const char *host_id, const json_t *plan)
{
    size_t i, k;
    json_t *batch, *v;
    json_array_foreach (json_object_get (plan, "batches"), i, batch) {
        json_array_foreach (json_object_get (batch, "steps"), k, v)
            put_outcome (b, job_id, host_id, v, json_str (v, "/from"), OUTCOME_PLANNED, NULL);
    }
    json_array_foreach (json_object_get (plan, "skips"), i, v) {
        enum outcome o = OUTCOME_NOOP;
        outcome_from_name (json_str_or (v, "/outcome", "noop"), &o);
        if (!str_eq (json_str (v, "/code"), "not_matched")
            && !str_eq (json_str (v, "/code"), "manual")
            && !str_eq (json_str (v, "/code"), "standby"))
            put_outcome (b, job_id, host_id, v, json_str (v, "/version"), o,
                         json_str (v, "/reason"));
    }
}

static void
put_workflow (struct store_batch *b, const struct workflow *w)
{
    struct store_workflow_text row = {
        .digest = (char *) w->digest,
        .name = w->name,
        .version = (int) w->version,
        .text = w->text,
        .created_ms = clock_wall_ms (),
    };
    store_batch_workflow_text_put (b, &row);
}

static void
put_event (struct store_batch *b, const char *job_id, const struct job_request *r)
{
    json_t *body = json_pack ("{ss}", "workflow", r->workflow->name);
    char *text = json_text (body);
    struct store_event e = {
        .at_ms = clock_wall_ms (), .kind = (char *) "job.queued", .job_id = (char *) job_id,
        .host_id = (char *) r->host_id, .rollout_id = (char *) r->rollout_id, .body_json = text,
    };
    store_batch_event (b, &e);
    json_decref (body);
    mem_free (text);
}

/* Job, outcomes and event become part of the batch. Returns the new job's id. */
static char *
add_job (struct store_batch *b, const struct job_request *r, const struct store_host *host,
         const char *state)
{
    char *id = hash_random_id ("job");
    json_t *context = job_context (id, host, r);
    char *context_text = json_text (context);
    int64_t now = clock_wall_ms ();
    struct store_job row = {
        .id = id,
        .rollout_id = (char *) r->rollout_id,
        .plan_id = (char *) r->plan_id,
        .host_id = host->id,
        .holds_host = r->changes,
        .workflow_name = r->workflow->name,
        .workflow_digest = (char *) r->workflow->digest,
        .state = (char *) state,
        .position_json = (char *) "{}",
        .context_json = context_text,
        .created_ms = now,
        .updated_ms = now,
    };
    store_batch_job_insert (b, &row);
    if (r->plan != NULL)
        put_outcomes (b, id, host->id, r->plan);
    put_event (b, id, r);
    mem_free (context_text);
    json_decref (context);
    return id;
}

int32_t
engine_submit (struct engine *engine, const struct job_request *r, char **ret_job_id,
               struct err *err)
{
    struct store_host *host = NULL;
    int32_t rc = store_host_get (engine->o.store, r->host_id, &host, err);
    if (rc != 0)
        return rc;
    struct store_batch *b = store_batch_new ("submit");
    put_workflow (b, r->workflow);
    char *id = add_job (b, r, host, "queued");
    rc = store_commit (engine->o.store, b, STORE_FULL, err);
    if (rc == 0) {
        engine_adopt_job (engine, id, host->id, host->name);
        *ret_job_id = id;
    } else {
        mem_free (id);
    }
    store_host_free (host);
    return rc;
}

int32_t
engine_submit_reads (struct engine *engine, const struct job_request *requests,
                     const struct store_host *hosts, size_t count, char **ret_job_ids,
                     struct err *err)
{
    if (count == 0)
        return 0;
    struct store_batch *b = store_batch_new ("submit");
    put_workflow (b, requests[0].workflow);
    /* Those that there is room for begin as soon as they are stored. */
    size_t room = engine_room (engine);
    for (size_t i = 0; i < count; i++)
        ret_job_ids[i] = add_job (b, &requests[i], &hosts[i], i < room ? "running" : "queued");
    int32_t rc = store_commit (engine->o.store, b, STORE_FULL, err);
    for (size_t i = 0; i < count; i++) {
        if (rc == 0)
            engine_adopt_job (engine, ret_job_ids[i], hosts[i].id, hosts[i].name);
        else
            mem_free (ret_job_ids[i]);
    }
    return rc;
}

/* --- restart -------------------------------------------------------------------------------- */

/* Directories of programs whose attempt has ended: the last end came before they were removed. */
static void
sweep_run_dir (struct engine *engine)
{
    DIR *d = opendir (engine->o.run_dir);
    struct dirent *entry;
    while (d != NULL && (entry = readdir (d)) != NULL) {
        struct store_attempt *a = NULL;
        if (!str_starts (entry->d_name, "att-"))
            continue;
        int32_t rc = store_attempt_get (engine->o.store, entry->d_name, &a, NULL);
        bool ended = rc == ERR_NOT_FOUND
                     || (rc == 0 && !str_eq (a->state, "open") && !str_eq (a->state, "unknown"));
        store_attempt_free (a);
        if (ended) {
            char *path = fs_join (engine->o.run_dir, entry->d_name);
            spawn_remove (path, NULL);
            mem_free (path);
        }
    }
    if (d != NULL)
        closedir (d);
}

int32_t
engine_recover (struct engine *engine, uint32_t *ret_open, struct err *err)
{
    struct store_job *rows = NULL;
    size_t count = 0;
    int32_t rc = store_job_open_list (engine->o.store, false, &rows, &count, err);
    if (rc != 0)
        return rc;
    uint32_t open = 0;
    for (size_t i = 0; i < count; i++) {
        if (engine_knows_job (engine, rows[i].id))
            continue;
        engine_adopt_job (engine, rows[i].id, rows[i].host_id, NULL);
        open++;
    }
    store_job_free_all (rows, count);
    sweep_run_dir (engine);
    if (ret_open != NULL)
        *ret_open = open;
    return 0;
}

/* --- people --------------------------------------------------------------------------------- */

/* The job, if it is still open. */
static int32_t
open_job (struct engine *engine, const char *job_id, struct store_job **ret, struct err *err)
{
    int32_t rc = store_job_get (engine->o.store, job_id, ret, err);
    if (rc == 0 && str_eq ((*ret)->state, "done")) {
        rc = err_set (err, ERR_NOTHING, "job %s has ended already: %s", job_id, (*ret)->status);
        store_job_free (*ret);
        *ret = NULL;
    }
    return rc;
}

int32_t
engine_cancel (struct engine *engine, const char *job_id, struct err *err)
{
    struct store_job *row = NULL;
    int32_t rc = open_job (engine, job_id, &row, err);
    if (rc != 0)
        return rc;
    store_job_free (row);
    struct store_batch *b = store_batch_new ("cancel");
    store_batch_job_cancel (b, job_id);
    rc = store_commit (engine->o.store, b, STORE_FULL, err);
    if (rc == 0)
        engine_post (engine, job_id, LETTER_CANCEL, NULL, 0, 0, NULL, NULL);
    return rc;
}

/* Returns when the job's journal holds the wish. */
static int32_t
wish (struct engine *engine, const char *job_id, enum letter_kind kind, int64_t number,
      const char *text, struct err *err)
{
    struct wish *w = wish_new (engine);
    engine_post_wish (engine, job_id, kind, number, text, w);
    return wish_wait (w, job_id, err);
}

int32_t
engine_resolve (struct engine *engine, const char *job_id, enum job_resolution as,
                struct err *err)
{
    static const char *const names[] = { "done", "not-started", "failed" };
    struct store_job_now now = { 0 };
    int32_t rc = store_job_now_get (engine->o.store, job_id, &now, err);
    if (rc != 0)
        return rc;
    if (now.attempt == NULL || !str_eq (now.attempt->state, "unknown")) {
        rc = err_set (err, ERR_NOTHING, "job %s is %s, it does not wait for a person's answer",
                      job_id, now.job->state);
        err_hint (err, "farrier why %s", job_id);
    }
    if (rc == 0)
        rc = wish (engine, job_id, LETTER_RESOLVE, as, names[as], err);
    store_job_now_clear (&now);
    return rc;
}

int32_t
engine_approve (struct engine *engine, const char *job_id, const char *who, struct err *err)
{
    struct store_job_now now = { 0 };
    int32_t rc = store_job_now_get (engine->o.store, job_id, &now, err);
    if (rc != 0)
        return rc;
    if (now.await == NULL || !str_eq (now.await->kind, "approval")) {
        rc = err_set (err, ERR_NOTHING, "job %s is %s, it does not wait for an approval", job_id,
                      now.job->state);
        err_hint (err, "farrier why %s", job_id);
    } else if (str_eq (now.await->state, "answered")) {
        rc = err_set (err, ERR_NOTHING, "job %s is approved already", job_id);
        err_hint (err, "farrier why %s", job_id);
    }
    if (rc == 0)
        rc = wish (engine, job_id, LETTER_APPROVE, 0, who, err);
    store_job_now_clear (&now);
    return rc;
}

int32_t
engine_retry (struct engine *engine, const char *job_id, struct err *err)
{
    struct store_job_now now = { 0 };
    int32_t rc = store_job_now_get (engine->o.store, job_id, &now, err);
    if (rc != 0)
        return rc;
    if (!str_eq (now.job->state, "parked")) {
        rc = err_set (err, ERR_NOTHING, "job %s is %s, only a parked job is tried again", job_id,
                      now.job->state);
        err_hint (err, "farrier apply, for a job that has ended");
    } else if (now.attempt != NULL && str_eq (now.attempt->state, "unknown")) {
        rc = err_set (err, ERR_APPROVAL, "nobody knows whether %s of job %s happened",
                      now.attempt->step_path, job_id);
        err_hint (err, "farrier job resolve %s --as done|not-started|failed", job_id);
    }
    if (rc == 0)
        rc = wish (engine, job_id, LETTER_RETRY, 0, NULL, err);
    store_job_now_clear (&now);
    return rc;
}

void
engine_forget_host (struct engine *engine, const char *host_id)
{
    reach_forget (engine, host_id);
}

/* --- waiting -------------------------------------------------------------------------------- */

static bool
rests (struct engine *engine, const char *job_id, bool *ret_gone)
{
    struct store_job *row = NULL;
    if (store_job_get (engine->o.store, job_id, &row, NULL) != 0) {
        *ret_gone = true;
        return true;
    }
    bool done = str_eq (row->state, "done") || str_eq (row->state, "parked");
    store_job_free (row);
    *ret_gone = false;
    return done;
}

int32_t
engine_wait (struct engine *engine, const char *job_id, int64_t timeout_ms, struct err *err)
{
    int64_t until = clock_boot_ms () + timeout_ms;
    for (;;) {
        bool gone;
        if (rests (engine, job_id, &gone))
            return gone ? err_set (err, ERR_NOT_FOUND, "no job '%s'", job_id) : 0;
        if (timeout_ms != 0 && clock_boot_ms () >= until)
            return err_set (err, FARRIER_E_TIMEOUT, "job %s is still running", job_id);
        struct timespec tick;
        clock_gettime (CLOCK_REALTIME, &tick);
        tick.tv_sec += 1;
        pthread_mutex_lock (&engine->lock);
        pthread_cond_timedwait (&engine->changed, &engine->lock, &tick);
        pthread_mutex_unlock (&engine->lock);
    }
}
