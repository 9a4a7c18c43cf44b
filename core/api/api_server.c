/* api_server: calls about this installation: its state and its configuration.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <unistd.h>

#include "api/api_private.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine.h"
#include "fleet/seal.h"

#ifndef FARRIER_VERSION
#define FARRIER_VERSION "0"
#endif

static json_t *
job_counts (struct api *api)
{
    struct store_job_count *rows = NULL;
    size_t count = 0;
    json_t *v = json_object ();
    store_job_counts (api->store, NULL, &rows, &count, NULL);
    for (size_t i = 0; i < count; i++) {
        const char *key = rows[i].status != NULL && str_eq (rows[i].state, "done")
                              ? rows[i].status : rows[i].state;
        json_put_int (v, key, json_integer_value (json_object_get (v, key)) + rows[i].jobs);
    }
    store_job_count_free_all (rows, count);
    return v;
}

int32_t
api_server_status (const struct api_request *q, json_t **ret, struct err *err)
{
    struct api *api = q->api;
    const struct settings *s = api->o.settings;
    struct engine *engine = api_running_engine (api);
    struct seal_key *key = NULL;
    int64_t host_count = 0;
    int32_t rc = store_host_count (api->store, &host_count, err);
    if (rc < 0)
        return rc;
    json_t *v = json_object ();
    json_put_str (v, "version", FARRIER_VERSION);
    json_put_int (v, "pid", (long long) getpid ());
    json_put_bool (v, "writer", store_get_mode (api->store) == STORE_WRITER);
    json_put_int (v, "holder", (long long) store_holder (store_path (api->store)));
    json_put_bool (v, "running", engine != NULL);
    json_put_str (v, "store", store_path (api->store));
    json_put_int (v, "schema", store_schema_version (api->store));
    json_put_str (v, "conf_dir", s->conf_dir);
    json_put_str (v, "repository", s->repo_path);
    json_put_str (v, "socket", s->socket_path);
    json_put_str (v, "image_url", api->image_url);
    json_put_str (v, "key", api_key (api, &key, NULL) == 0 ? seal_key_id (key) : NULL);
    json_put_int (v, "hosts", host_count);
    json_put (v, "jobs", job_counts (api));
    if (engine != NULL) {
        struct engine_counts counts = { 0 };
        json_t *e = json_object ();
        engine_counts (engine, &counts);
        json_put_int (e, "queued", counts.queued);
        json_put_int (e, "running", counts.running);
        json_put_int (e, "waiting", counts.waiting);
        json_put_int (e, "parked", counts.parked);
        json_put_int (e, "uploads", counts.uploads);
        json_put (v, "engine", e);
    }
    *ret = v;
    return 0;
}

/* --- config check ----------------------------------------------------------------------------- */

static void
take_findings (json_t *list, const json_t *reply)
{
    size_t i;
    json_t *v;
    json_array_foreach (json_object_get (reply, "findings"), i, v)
        json_array_append (list, v);
}

static void
plugin_findings (struct plugin_registry *r, json_t *list)
{
    for (size_t i = 0; i < plugin_count (r); i++) {
        const struct plugin_info *info = plugin_info (plugin_at (r, i));
        for (size_t k = 0; k < info->fault_count; k++)
            json_array_append_new (list, fault_finding_json (info->name, &info->faults[k],
                                                             info->state == PLUGIN_REGISTERED));
    }
    size_t count = 0;
    const struct plugin_fault *faults = plugin_registry_faults (r, &count);
    for (size_t i = 0; i < count; i++)
        json_array_append_new (list, fault_finding_json (NULL, &faults[i], true));
}

int32_t
api_config_check (const struct api_request *q, json_t **ret, struct err *err)
{
    json_t *list = json_array (), *part = NULL, *body = json_object ();
    struct api_request all = { q->api, body, q->who };
    struct plugin_registry *registry = NULL;
    struct err own = { 0 };
    api_baseline_check (&all, &part, &own);
    take_findings (list, part);
    json_decref (part);
    part = NULL;
    int32_t rc = api_registry (q->api, &registry, err);
    if (rc == 0) {
        api_workflow_check (&all, &part, &own);
        take_findings (list, part);
        json_decref (part);
        plugin_findings (registry, list);
    }
    size_t count = 0, i;
    json_t *v;
    json_array_foreach (list, i, v)
        count += json_is_true (json_object_get (v, "warning")) ? 0 : 1;
    if (rc == 0 && count > 0)
        rc = err_set (err, ERR_SYNTAX, "%zu mistakes in %s", count, q->api->o.settings->conf_dir);
    *ret = json_object ();
    json_put_str (*ret, "directory", q->api->o.settings->conf_dir);
    json_put_str (*ret, "file", q->api->o.settings->conf_file);
    json_put (*ret, "findings", list);
    json_decref (body);
    return rc;
}
