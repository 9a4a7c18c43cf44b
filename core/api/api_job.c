/* api_job: calls about jobs that exist.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "api/api_private.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine.h"
#include "fleet/host.h"

static json_t *
job_json (const struct store_job *row, const char *host)
{
    json_t *v = json_object ();
    json_put_str (v, "id", row->id);
    json_put_str (v, "host", host == NULL ? row->host_id : host);
    json_put_str (v, "host_id", row->host_id);
    json_put_str (v, "workflow", row->workflow_name);
    json_put_str (v, "plan", row->plan_id);
    json_put_str (v, "rollout", row->rollout_id);
    json_put_str (v, "state", row->state);
    json_put_str (v, "status", row->status);
    json_put_str (v, "phase", row->phase);
    json_put_str (v, "step", row->step_path);
    json_put_int (v, "progress_permille", row->progress_permille);
    json_put_str (v, "progress_text", row->progress_text);
    json_put (v, "cause", json_stored (row->cause_json, json_null ()));
    json_put_bool (v, "cancel_requested", row->cancel_requested != 0);
    json_put_bool (v, "changes", row->holds_host != 0);
    json_put_int (v, "wake_at_ms", row->wake_at_ms);
    json_put_int (v, "created_ms", row->created_ms);
    json_put_int (v, "started_ms", row->started_ms);
    json_put_int (v, "ended_ms", row->ended_ms);
    json_put_int (v, "updated_ms", row->updated_ms);
    return v;
}

#define NAMED_FEW 100

/* id -> name (heap). */
static int32_t
host_names (struct api *api, struct map **ret, struct err *err)
{
    struct store_host *hosts = NULL;
    size_t count = 0;
    int32_t rc = store_host_list (api->store, NULL, &hosts, &count, err);
    if (rc < 0)
        return rc;
    *ret = map_new ();
    for (size_t i = 0; i < count; i++)
        map_set (*ret, hosts[i].id, str_dup (hosts[i].name));
    store_host_free_all (hosts, count);
    return 0;
}

/* Where a few are wanted, not all hosts are read. */
static const char *
name_of (struct api *api, struct map *names, const char *host_id)
{
    struct store_host *host = NULL;
    if (map_get (names, host_id) == NULL && store_host_get (api->store, host_id, &host, NULL) == 0)
        map_set (names, host_id, str_dup (host->name));
    store_host_free (host);
    return map_get (names, host_id);
}

/* Just the jobs that are named; one that is gone is left out. */
static int32_t
list_named (const struct api_request *q, const json_t *ids, json_t **ret, struct err *err)
{
    struct map *names = map_new ();
    int32_t rc = 0;
    if (json_array_size (ids) > NAMED_FEW) {
        map_free (names, NULL);
        rc = host_names (q->api, &names, err);
    }
    if (rc < 0)
        return rc;
    json_t *list = json_array (), *id;
    size_t i;
    json_array_foreach ((json_t *) ids, i, id) {
        struct store_job *row = NULL;
        if (!json_is_string (id)
            || store_job_get (q->api->store, json_string_value (id), &row, NULL) < 0)
            continue;
        json_array_append_new (list, job_json (row, name_of (q->api, names, row->host_id)));
        store_job_free (row);
    }
    map_free (names, mem_free);
    *ret = json_object ();
    json_put (*ret, "jobs", list);
    return 0;
}

int32_t
api_job_list (const struct api_request *q, json_t **ret, struct err *err)
{
    struct store_job_filter filter = {
        .rollout_id = request_text (q, "rollout"), .plan_id = request_text (q, "plan"),
        .state = request_text (q, "state"), .open_only = request_bool (q, "open"),
    };
    struct store_page page = { .limit = request_int (q, "limit", 0) };
    const json_t *named = json_object_get (q->body, "jobs");
    if (json_is_array (named))
        return list_named (q, named, ret, err);
    struct store_host *host = NULL;
    struct store_job *rows = NULL;
    struct map *names = NULL;
    size_t count = 0;
    int32_t rc = 0;
    if (request_text (q, "host") != NULL)
        rc = host_find (q->api->store, request_text (q, "host"), &host, err);
    if (host != NULL)
        filter.host_id = host->id;
    if (rc == 0)
        rc = store_job_list (q->api->store, &filter, &page, &rows, &count, err);
    if (rc == 0)
        rc = host_names (q->api, &names, err);
    if (rc == 0) {
        json_t *list = json_array ();
        for (size_t i = 0; i < count; i++)
            json_array_append_new (list, job_json (&rows[i], map_get (names, rows[i].host_id)));
        *ret = json_object ();
        json_put (*ret, "jobs", list);
        map_free (names, mem_free);
    }
    store_job_free_all (rows, count);
    store_host_free (host);
    return rc;
}

/* --- show ------------------------------------------------------------------------------------- */

static json_t *
outcomes_json (struct api *api, const char *job_id)
{
    struct store_outcome *rows = NULL;
    size_t count = 0;
    json_t *list = json_array ();
    store_outcome_list (api->store, job_id, &rows, &count, NULL);
    for (size_t i = 0; i < count; i++) {
        json_t *v = json_object ();
        json_put_str (v, "component", rows[i].component_key);
        json_put_str (v, "from", rows[i].from_version);
        json_put_str (v, "to", rows[i].to_version);
        json_put_str (v, "measured", rows[i].measured_version);
        json_put_str (v, "outcome", rows[i].rung);
        json_put (v, "implied", json_stored (rows[i].implied_json, json_array ()));
        json_put (v, "cause", json_stored (rows[i].cause_json, json_null ()));
        json_array_append_new (list, v);
    }
    store_outcome_free_all (rows, count);
    return list;
}

static json_t *
attempts_json (struct api *api, const char *job_id)
{
    struct store_attempt *rows = NULL;
    size_t count = 0;
    json_t *list = json_array ();
    store_attempt_list (api->store, job_id, &rows, &count, NULL);
    for (size_t i = 0; i < count; i++) {
        json_t *v = json_object ();
        json_put_str (v, "id", rows[i].id);
        json_put_str (v, "phase", rows[i].phase);
        json_put_str (v, "step", rows[i].step_path);
        json_put_str (v, "action", rows[i].action);
        json_put_str (v, "plugin", rows[i].plugin);
        json_put_int (v, "number", rows[i].number);
        json_put_str (v, "component", rows[i].component_key);
        json_put_str (v, "state", rows[i].state);
        json_put_int (v, "started_ms", rows[i].started_ms);
        json_put_int (v, "ended_ms", rows[i].ended_ms);
        json_put (v, "error", json_stored (rows[i].error_json, json_null ()));
        json_array_append_new (list, v);
    }
    store_attempt_free_all (rows, count);
    return list;
}

static json_t *
await_json (const struct store_await *a)
{
    if (a == NULL)
        return json_null ();
    json_t *v = json_object ();
    json_put_str (v, "kind", a->kind);
    json_put_str (v, "label", a->label);
    json_put_str (v, "state", a->state);
    json_put_bool (v, "changing", a->changing != 0);
    json_put_int (v, "queued_ms", a->queued_ms);
    json_put_int (v, "launched_ms", a->launched_ms);
    json_put_int (v, "deadline_ms", a->deadline_ms);
    return v;
}

int32_t
api_job_show (const struct api_request *q, json_t **ret, struct err *err)
{
    const char *id = request_text (q, "job");
    struct store_job_now now = { 0 };
    struct store_host *host = NULL;
    int32_t rc = store_job_now_get (q->api->store, id, &now, err);
    if (rc == ERR_NOT_FOUND)
        err_hint (err, "farrier job list");
    if (rc < 0)
        return rc;
    /* A host that was removed keeps its history. */
    if (store_host_get (q->api->store, now.job->host_id, &host, NULL) < 0)
        host = NULL;
    *ret = job_json (now.job, host == NULL ? NULL : host->name);
    json_put (*ret, "await", await_json (now.await));
    json_put (*ret, "outcomes", outcomes_json (q->api, id));
    json_put (*ret, "attempts", attempts_json (q->api, id));
    store_host_free (host);
    store_job_now_clear (&now);
    return 0;
}

/* --- events ----------------------------------------------------------------------------------- */

static json_t *
event_json (const struct store_event *row)
{
    json_t *v = json_object ();
    json_put_int (v, "id", row->id);
    json_put_int (v, "at_ms", row->at_ms);
    json_put_str (v, "kind", row->kind);
    json_put_str (v, "host_id", row->host_id);
    json_put_str (v, "job", row->job_id);
    json_put_str (v, "rollout", row->rollout_id);
    json_put (v, "body", json_stored (row->body_json, json_object ()));
    return v;
}

/* Adds the events after *since; *since becomes the last id that was looked at. */
static int32_t
read_events (const struct api_request *q, const struct store_event_filter *filter, int64_t *since,
             int64_t limit, json_t *list, struct err *err)
{
    struct store_event *rows = NULL;
    size_t count = 0;
    int64_t last = *since;
    int32_t rc = store_event_last_id (q->api->store, &last, err);
    if (rc == 0)
        rc = store_event_list (q->api->store, filter, *since, limit, &rows, &count, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < count; i++) {
        json_array_append_new (list, event_json (&rows[i]));
        if (rows[i].id > last)
            last = rows[i].id;
    }
    /* A full page: there is more, so go on behind the last one that is in it. */
    if (limit > 0 && count == (size_t) limit)
        last = rows[count - 1].id;
    *since = last;
    store_event_free_all (rows, count);
    return 0;
}

static int32_t
list_events (const struct api_request *q, const struct store_event_filter *filter, json_t **ret,
             struct err *err)
{
    int64_t since = request_int (q, "since", -1), wait_ms = request_int (q, "wait_ms", 0);
    int64_t limit = request_int (q, "limit", 1000);
    json_t *list = json_array ();
    int32_t rc = 0;
    if (since < 0) {
        since = 0;
        rc = store_event_last_id (q->api->store, &since, err);
    } else {
        if (wait_ms > 0)
            api_wait_event (q->api, since, wait_ms > 60000 ? 60000 : wait_ms);
        rc = read_events (q, filter, &since, limit, list, err);
    }
    if (rc < 0) {
        json_decref (list);
        return rc;
    }
    *ret = json_object ();
    json_put (*ret, "events", list);
    json_put_int (*ret, "last", since);
    return 0;
}

int32_t
api_event_list (const struct api_request *q, json_t **ret, struct err *err)
{
    struct store_event_filter filter = {
        .host_id = request_text (q, "host"), .job_id = request_text (q, "job"),
        .rollout_id = request_text (q, "rollout"),
    };
    return list_events (q, &filter, ret, err);
}

int32_t
api_job_log (const struct api_request *q, json_t **ret, struct err *err)
{
    struct store_job *job = NULL;
    struct store_event_filter filter = { .job_id = request_text (q, "job") };
    int64_t since = request_int (q, "since", 0);
    int32_t rc = store_job_get (q->api->store, filter.job_id, &job, err);
    if (rc == ERR_NOT_FOUND)
        err_hint (err, "farrier job list");
    if (rc < 0)
        return rc;
    json_t *list = json_array ();
    rc = read_events (q, &filter, &since, request_int (q, "limit", 0), list, err);
    *ret = json_object ();
    json_put (*ret, "events", list);
    json_put_int (*ret, "last", since);
    json_put_str (*ret, "state", job->state);
    store_job_free (job);
    return rc;
}

/* --- people's wishes -------------------------------------------------------------------------- */

/* The job must be there before an engine is started for it. */
static int32_t
engine_for (const struct api_request *q, struct engine **ret, struct err *err)
{
    struct store_job *job = NULL;
    int32_t rc = store_job_get (q->api->store, request_text (q, "job"), &job, err);
    if (rc == ERR_NOT_FOUND)
        err_hint (err, "farrier job list");
    store_job_free (job);
    return rc < 0 ? rc : api_engine (q->api, ret, err);
}

int32_t
api_job_cancel (const struct api_request *q, json_t **ret, struct err *err)
{
    (void) ret;
    struct engine *engine = NULL;
    int32_t rc = engine_for (q, &engine, err);
    return rc < 0 ? rc : engine_cancel (engine, request_text (q, "job"), err);
}

int32_t
api_job_resolve (const struct api_request *q, json_t **ret, struct err *err)
{
    (void) ret;
    static const char *const names[] = { "done", "not-started", "failed" };
    const char *as = request_text (q, "as");
    struct engine *engine = NULL;
    for (int i = 0; i < 3; i++) {
        if (!str_eq (as, names[i]))
            continue;
        int32_t rc = engine_for (q, &engine, err);
        return rc < 0 ? rc : engine_resolve (engine, request_text (q, "job"),
                                             (enum job_resolution) i, err);
    }
    return err_set (err, ERR_USAGE, "\"%.40s\" is not done, not-started or failed",
                    as == NULL ? "" : as);
}

int32_t
api_job_retry (const struct api_request *q, json_t **ret, struct err *err)
{
    (void) ret;
    struct engine *engine = NULL;
    int32_t rc = engine_for (q, &engine, err);
    return rc < 0 ? rc : engine_retry (engine, request_text (q, "job"), err);
}

int32_t
api_job_approve (const struct api_request *q, json_t **ret, struct err *err)
{
    (void) ret;
    struct engine *engine = NULL;
    int32_t rc = engine_for (q, &engine, err);
    return rc < 0 ? rc : engine_approve (engine, request_text (q, "job"), q->who, err);
}

int32_t
api_job_resume (const struct api_request *q, json_t **ret, struct err *err)
{
    struct store_job *rows = NULL;
    size_t count = 0;
    int32_t rc = store_job_open_list (q->api->store, false, &rows, &count, err);
    if (rc < 0)
        return rc;
    json_t *list = json_array ();
    for (size_t i = 0; i < count; i++)
        json_array_append_new (list, json_string (rows[i].id));
    store_job_free_all (rows, count);
    *ret = json_object ();
    json_put (*ret, "jobs", list);
    if (count == 0)
        return err_set (err, ERR_NOTHING, "no job is open");
    return api_run (q->api, NULL, err);
}

int32_t
api_why (const struct api_request *q, json_t **ret, struct err *err)
{
    const char *what = request_text (q, "what");
    struct store_host *host = NULL;
    if (str_starts (what, "job-")) {
        *ret = why_job (q->api->store, what, err);
    } else {
        int32_t rc = host_find (q->api->store, what, &host, err);
        store_host_free (host);
        if (rc < 0)
            return rc;
        *ret = why_host (q->api->store, what, err);
    }
    return *ret == NULL ? err->code : 0;
}
