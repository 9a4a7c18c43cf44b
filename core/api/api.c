/* api: see api.h. The table of calls, and how one is made.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "api/api.h"

#include <string.h>

#include "api/api_private.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static const struct entry {
    struct api_route route;
    api_handler_fn *handler;
} table[] = {
    { { "host.add", API_WRITES, "host!", "Add one host" }, api_host_add },
    { { "host.import", API_WRITES, "hosts! findings partial dry_run", "Add a list of hosts" },
      api_host_import },
    { { "host.list", API_READS, "selector all", "Hosts and their state" }, api_host_list },
    { { "host.show", API_READS, "name!", "One host" }, api_host_show },
    { { "host.remove", API_WRITES, "name!", "Forget a host" }, api_host_remove },
    { { "host.label", API_WRITES, "selector all labels!", "Set or remove labels" },
      api_host_label },
    { { "host.bind", API_WRITES, "name! plugins!", "Choose the plugins of a host" },
      api_host_bind },
    { { "host.endpoint", API_WRITES,
        "name! endpoint! url user password private_key trust pin ca remove",
        "Add, change or remove an endpoint" }, api_host_endpoint },
    { { "host.trust", API_WRITES, "name! endpoint trust pin ca forget",
        "How a certificate is trusted" }, api_host_trust },
    { { "host.accept_identity", API_WRITES, "name!", "The other hardware is right" },
      api_host_accept_identity },
    { { "host.exclude", API_WRITES, "selector all excluded! reason", "Keep hosts out of plans" },
      api_host_exclude },
    { { "credential.set", API_WRITES, "selector all endpoint user! password private_key",
        "A new user or password" }, api_credential_set },
    { { "credential.test", API_RUNS, "name! endpoint", "Log in once" }, api_credential_test },

    { { "inventory.refresh", API_RUNS, "selector all", "Read what runs on hosts" },
      api_inventory_refresh },
    { { "inventory.list", API_READS, "selector all type name version pivot",
        "Components of many hosts" }, api_inventory_list },
    { { "inventory.show", API_READS, "name!", "Components of a host" }, api_inventory_show },
    { { "inventory.diff", API_READS, "name! other from_ms to_ms", "What differs" },
      api_inventory_diff },
    { { "inventory.history", API_READS, "name! component limit", "Changes over time" },
      api_inventory_history },

    { { "repo.import", API_FILES,
        "file incoming vendor type version name model match_vendor sha256 notes",
        "Take images in" }, api_repo_import },
    { { "repo.list", API_FILES, "vendor type name version", "Images" }, api_repo_list },
    { { "repo.show", API_FILES, "image!", "One image" }, api_repo_show },
    { { "repo.verify", API_FILES, "", "Hash every object again" }, api_repo_verify },

    { { "baseline.list", API_FILES, "", "Baselines" }, api_baseline_list },
    { { "baseline.show", API_FILES, "name!", "One baseline" }, api_baseline_show },
    { { "baseline.check", API_FILES, "files", "Every mistake, with its line" },
      api_baseline_check },

    { { "plan.create", API_WRITES, "selector all baselines", "Work out what to install" },
      api_plan_create },
    { { "plan.preview", API_READS, "selector all baselines", "The same, kept nowhere" },
      api_plan_preview },
    { { "plan.list", API_READS, "limit", "Plans, newest first" }, api_plan_list },
    { { "plan.show", API_READS, "plan!", "One plan" }, api_plan_show },
    { { "plan.explain", API_READS, "plan! host!", "Each choice for a host" }, api_plan_explain },
    { { "plan.diff", API_READS, "a! b!", "What two plans say differently" }, api_plan_diff },
    { { "plan.approve", API_WRITES, "plan!", "Say yes to a plan" }, api_plan_approve },
    { { "apply", API_RUNS, "plan! workflow inputs", "Start the jobs of an approved plan" },
      api_apply },

    { { "job.list", API_READS, "host rollout plan state open limit jobs",
        "Jobs, newest first; `jobs`: just these" },
      api_job_list },
    { { "job.show", API_READS, "job!", "One job" }, api_job_show },
    { { "job.log", API_READS, "job! since limit", "What happened in a job" }, api_job_log },
    { { "job.cancel", API_CONTROLS, "job! reason", "Ask a job to stop" }, api_job_cancel },
    { { "job.resolve", API_CONTROLS, "job! as!", "What happened, by a person" },
      api_job_resolve },
    { { "job.retry", API_CONTROLS, "job!", "Let a parked job try again" }, api_job_retry },
    { { "job.approve", API_CONTROLS, "job!", "Say yes to a waiting job" }, api_job_approve },
    { { "job.resume", API_RUNS, "", "Take up every open job" }, api_job_resume },
    { { "why", API_READS, "what!", "What is it waiting for" }, api_why },

    { { "workflow.list", API_FILES, "", "Workflows" }, api_workflow_list },
    { { "workflow.show", API_FILES, "workflow! format width", "One workflow, drawn" },
      api_workflow_show },
    { { "workflow.check", API_FILES, "files", "Every mistake, with its line" },
      api_workflow_check },
    { { "workflow.ready", API_READS, "workflow inputs", "Could a run with these inputs begin?" },
      api_workflow_ready },
    { { "workflow.run", API_RUNS, "workflow! selector all inputs", "Run a workflow on hosts" },
      api_workflow_run },
    { { "workflow.dry_run", API_READS, "workflow! selector all inputs",
        "What a run would do" }, api_workflow_dry_run },

    { { "plugin.list", API_LOADED, "", "Plugins and their state" }, api_plugin_list },
    { { "plugin.info", API_LOADED, "plugin!", "One plugin" }, api_plugin_info },
    { { "plugin.file", API_FILES, "plugin!", "A file; none of its code runs" }, api_plugin_file },
    { { "plugin.locate", API_FILES, "plugin!", "The file of a name" }, api_plugin_locate },
    { { "plugin.check", API_FILES, "file!", "Judge a file; its code runs in this process" },
      api_plugin_check },
    { { "plugin.why", API_LOADED, "plugin!", "Why it is not loaded" }, api_plugin_why },
    { { "plugin.release", API_LOADED, "plugin!", "Lift a quarantine" }, api_plugin_release },

    { { "config.check", API_FILES, "", "Every mistake of conf.d" }, api_config_check },
    { { "server.status", API_READS, "", "Who runs, and what" }, api_server_status },
    { { "server.reload", API_CONTROLS, "", "Take new plugins and their settings" },
      api_server_reload },
    { { "event.list", API_READS, "since limit wait_ms job host rollout", "Events after an id" },
      api_event_list },
};

#define ROUTES (sizeof table / sizeof *table)

const struct api_route *
api_route_at (size_t i)
{
    return i < ROUTES ? &table[i].route : NULL;
}

static const struct entry *
find (const char *name)
{
    for (size_t i = 0; i < ROUTES; i++) {
        if (str_eq (table[i].route.name, name))
            return &table[i];
    }
    return NULL;
}

const struct api_route *
api_route_find (const char *name)
{
    const struct entry *e = find (name);
    return e == NULL ? NULL : &e->route;
}

static int32_t
unknown_call (const char *call, struct err *err)
{
    const char *names[ROUTES];
    for (size_t i = 0; i < ROUTES; i++)
        names[i] = table[i].route.name;
    err_set (err, ERR_USAGE, "there is no call \"%.60s\"", call == NULL ? "" : call);
    const char *near = call == NULL ? NULL : str_did_you_mean (call, names, ROUTES);
    if (near != NULL)
        err_hint (err, "did you mean \"%s\"?", near);
    return ERR_USAGE;
}

/* Where a reader gets a call that needs more. */
static int32_t
reader_error (struct api *api, const struct api_route *route, struct err *err)
{
    pid_t holder = store_holder (store_path (api->store));
    err_set (err, ERR_STORE_BUSY, "%s changes the store %s, which process %d holds", route->name,
             store_path (api->store), (int) holder);
    err_hint (err, "wait until it has ended, or cancel its jobs: farrier job cancel");
    return ERR_STORE_BUSY;
}

int32_t
api_call (struct api *api, const struct api_caller *caller, const char *call, const json_t *request,
          json_t **ret_reply, struct err *err)
{
    const struct entry *e = find (call);
    if (e == NULL)
        return unknown_call (call, err);
    if (e->route.needs > API_FILES && api->store == NULL)
        return err_set (err, ERR_USAGE, "%s needs the store, and this caller opened none", call);
    if (e->route.needs > API_READS && store_get_mode (api->store) == STORE_READER)
        return reader_error (api, &e->route, err);
    json_t *empty = json_object ();
    struct api_request q = {
        .api = api, .body = json_is_object (request) ? request : empty,
        .who = caller != NULL && caller->name != NULL ? caller->name : "local",
    };
    json_t *reply = NULL;
    struct err own = { 0 };
    int32_t rc = request != NULL && !json_is_object (request)
                     ? err_set (&own, ERR_USAGE, "the request of %s is no object", call)
                     : request_check (&e->route, q.body, &own);
    if (rc == 0)
        rc = e->handler (&q, &reply, &own);
    if (rc == 0 && reply == NULL)
        reply = json_object ();
    if (rc != 0 && err != NULL)
        *err = own;
    *ret_reply = reply;
    json_decref (empty);
    return rc;
}

/* --- problems --------------------------------------------------------------------------------- */

json_t *
api_problem (const struct err *err, const json_t *details)
{
    json_t *v = json_object ();
    json_put_str (v, "code", err_code_name (err->code));
    json_put_str (v, "message", err->message);
    json_put_str (v, "hint", err->hint);
    json_put_int (v, "exit", err_exit_status (err->code));
    if (details != NULL)
        json_put (v, "details", json_deep_copy (details));
    return v;
}

int32_t
api_problem_read (const json_t *problem, struct err *err)
{
    int32_t code = err_code_from_name (json_str_or (problem, "/code", ""));
    if (code >= 0)
        code = FARRIER_E_INTERNAL;
    err_set (err, code, "%s", json_str_or (problem, "/message", "no message"));
    err_hint (err, "%s", json_str_or (problem, "/hint", ""));
    return code;
}
