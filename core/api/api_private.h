/* api_private: the insides of the door, for the files of this folder.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_API_PRIVATE_H
#define FARRIER_API_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "api/api.h"
#include "base/vec.h"
#include "firmware/plan.h"
#include "plugin/plugin.h"
#include "repo/repo.h"
#include "repo/serve.h"
#include "workflow/workflow.h"

struct api {
    struct api_options o;
    struct store *store;
    pthread_mutex_t lock;              /* opening of the parts below; recursive */
    struct seal_key *key;
    struct plugin_registry *registry;
    struct repo *repo;
    struct serve *serve;
    bool images_started;
    char *image_url;
    struct engine *engine;

    pthread_mutex_t event_lock;
    pthread_cond_t event;
    int64_t last_event;
    bool waking;
};

/* One call. */
struct api_request {
    struct api *api;
    const json_t *body;                /* object */
    const char *who;
};

/* --- parts, opened at the first question (api_open.c) ----------------------------------------- */

/* Makes the key file when there is none and this is a writer. */
int32_t api_key (struct api *api, struct seal_key **ret, struct err *err);
int32_t api_registry (struct api *api, struct plugin_registry **ret, struct err *err);
int32_t api_repo (struct api *api, struct repo **ret, struct err *err);
/* Starts it when it does not run. */
int32_t api_engine (struct api *api, struct engine **ret, struct err *err);

/* --- reading a request (api_request.c) -------------------------------------------------------- */

/* Checks that body has what the route wants and nothing else. */
int32_t request_check (const struct api_route *route, const json_t *body, struct err *err);
/* NULL when absent or null. Borrowed. */
const char *request_text (const struct api_request *q, const char *member);
bool request_bool (const struct api_request *q, const char *member);
int64_t request_int (const struct api_request *q, const char *member, int64_t fallback);
/* Hosts of "selector" and "all"; free with store_host_free_all. */
int32_t request_hosts (const struct api_request *q, unsigned flags, struct store_host **ret,
                       size_t *ret_count, struct err *err);

/* --- shared between nouns --------------------------------------------------------------------- */

/* All baselines of conf.d. ERR_SYNTAX with every finding in *ret_details ({"findings":[…]}). */
int32_t api_baselines (struct api *api, struct vec *ret, json_t **ret_details, struct err *err);
/* All workflows that load, for looking one up. */
int32_t api_workflow (struct api *api, const char *name_or_file, struct workflow **ret,
                      struct err *err);
/* The request's "inputs": texts are converted to the types that the workflow wants, as on a command
 * line; missing ones get their defaults. */
int32_t api_inputs (const struct workflow *w, const json_t *given, json_t **ret, struct err *err);
/* {"where","field","message"} for the findings of each module. */
/* A plugin's fault as such a finding (api_plugin.c). warning: the plugin works all the same. */
json_t *fault_finding_json (const char *plugin, const struct plugin_fault *fault, bool warning);
json_t *finding_json (const char *where, const char *field, const char *message);
json_t *conf_findings_json (const struct vec *findings);
json_t *workflow_findings_json (const struct vec *findings);

/* A plan over hosts (api_plan_make.c). baselines: of struct baseline *. */
int32_t api_make_plan (struct api *api, const struct store_host *hosts, size_t count,
                       const struct vec *baselines, const char *selector, struct plan **ret,
                       struct err *err);
/* engine_plan_fn */
json_t *api_plan_for_job (void *arg, const char *host_id, const char *policy, struct err *err);

/* --- routes ----------------------------------------------------------------------------------- */

typedef int32_t api_handler_fn (const struct api_request *q, json_t **ret, struct err *err);

api_handler_fn api_host_add, api_host_import, api_host_list, api_host_show, api_host_remove,
    api_host_label, api_host_bind, api_host_endpoint, api_host_trust, api_host_accept_identity,
    api_host_exclude, api_credential_set, api_credential_test;
api_handler_fn api_inventory_refresh, api_inventory_list, api_inventory_show, api_inventory_diff,
    api_inventory_history;
api_handler_fn api_repo_import, api_repo_list, api_repo_show, api_repo_verify;
api_handler_fn api_baseline_list, api_baseline_show, api_baseline_check;
api_handler_fn api_plan_create, api_plan_preview, api_plan_list, api_plan_show, api_plan_explain,
    api_plan_diff, api_plan_approve;
api_handler_fn api_workflow_ready;
api_handler_fn api_apply, api_job_list, api_job_show, api_job_log, api_job_cancel, api_job_resolve,
    api_job_retry, api_job_approve, api_job_resume, api_why;
api_handler_fn api_workflow_list, api_workflow_show, api_workflow_check, api_workflow_run,
    api_workflow_dry_run;
api_handler_fn api_plugin_list, api_plugin_info, api_plugin_file, api_plugin_check,
    api_plugin_locate, api_plugin_why, api_plugin_release;
api_handler_fn api_config_check, api_server_status, api_server_reload, api_event_list;

#endif
