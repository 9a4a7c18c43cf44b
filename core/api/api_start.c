/* api_start: calls that start jobs: apply, inventory refresh, workflow run; and the log-in test.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "api/api_private.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine.h"
#include "engine/reach.h"
#include "fleet/host.h"
#include "net/http.h"
#include "workflow/check.h"

/* The jobs of one call. */
struct start {
    struct engine *engine;
    struct workflow *workflow;
    json_t *inputs;
    bool changes;
    const char *plan_id;
    json_t *jobs, *failed, *skipped;
};

static void
begin (struct start *s)
{
    *s = (struct start) { .jobs = json_array (), .failed = json_array (),
                          .skipped = json_array () };
}

static void
end (struct start *s, json_t **ret)
{
    *ret = json_object ();
    json_put_str (*ret, "workflow", s->workflow == NULL ? NULL : s->workflow->name);
    json_put_str (*ret, "plan", s->plan_id);
    json_put (*ret, "jobs", s->jobs);
    json_put (*ret, "failed", s->failed);
    json_put (*ret, "skipped", s->skipped);
    json_decref (s->inputs);
    workflow_unref (s->workflow);
}

/* The workflow must be sound before the first job of many begins. */
static int32_t
choose_workflow (const struct api_request *q, const char *name, struct start *s,
                 json_t **ret_details, struct err *err)
{
    struct plugin_registry *registry = NULL;
    struct workflow_ops ops = { 0 };
    struct vec findings = { 0 };
    int32_t rc = api_workflow (q->api, name, &s->workflow, err);
    if (rc == 0)
        rc = api_registry (q->api, &registry, err);
    if (rc < 0)
        return rc;
    workflow_ops_of_registry (registry, &ops);
    workflow_check (s->workflow, &ops, NULL, &findings);
    if (workflow_findings_errors (&findings) > 0) {
        rc = err_set (err, ERR_SYNTAX, "workflow %s has %zu mistakes", name,
                      workflow_findings_errors (&findings));
        err_hint (err, "farrier workflow check");
        *ret_details = json_object ();
        json_put (*ret_details, "findings", workflow_findings_json (&findings));
    }
    workflow_findings_free (&findings);
    s->changes = workflow_changes_host (s->workflow, &ops);
    if (rc == 0)
        rc = api_inputs (s->workflow, json_object_get (q->body, "inputs"), &s->inputs, err);
    return rc;
}

static void
submit (struct start *s, const char *host_id, const char *host_name, const json_t *plan)
{
    struct job_request r = {
        .host_id = host_id, .workflow = s->workflow, .inputs = s->inputs, .plan_id = s->plan_id,
        .plan = plan, .changes = s->changes,
    };
    struct err err = { 0 };
    char *id = NULL;
    json_t *v = json_object ();
    json_put_str (v, "host", host_name);
    if (engine_submit (s->engine, &r, &id, &err) == 0) {
        json_put_str (v, "job", id);
        json_array_append_new (s->jobs, v);
        mem_free (id);
        return;
    }
    json_put (v, "problem", api_problem (&err, NULL));
    json_array_append_new (s->failed, v);
}

/* Jobs that only read hold no host, so none of them is refused for itself. */
#define GROUP 100

static void
submit_reads (struct start *s, const struct store_host *hosts, size_t count)
{
    struct job_request requests[GROUP] = { 0 };
    char *ids[GROUP];
    struct err err = { 0 };
    for (size_t i = 0; i < count; i++)
        requests[i] = (struct job_request) { .host_id = hosts[i].id, .workflow = s->workflow,
                                             .inputs = s->inputs };
    int32_t rc = engine_submit_reads (s->engine, requests, hosts, count, ids, &err);
    for (size_t i = 0; i < count; i++) {
        json_t *v = json_object ();
        json_put_str (v, "host", hosts[i].name);
        if (rc == 0) {
            json_put_str (v, "job", ids[i]);
            mem_free (ids[i]);
        } else {
            json_put (v, "problem", api_problem (&err, NULL));
        }
        json_array_append_new (rc == 0 ? s->jobs : s->failed, v);
    }
}

static void
submit_all (struct start *s, const struct store_host *hosts, size_t count)
{
    size_t at = 0;
    for (; !s->changes && at < count; at += GROUP)
        submit_reads (s, hosts + at, count - at < GROUP ? count - at : GROUP);
    for (; at < count; at++)
        submit (s, hosts[at].id, hosts[at].name, NULL);
}

/* What the caller is told when nothing, or not everything, was started. */
static int32_t
verdict (const struct start *s, struct err *err)
{
    size_t failed = json_array_size (s->failed);
    if (json_array_size (s->jobs) > 0 || failed == 0)
        return 0;
    api_problem_read (json_at (s->failed, "/0/problem"), err);
    err_prefix (err, "host %s", json_str_or (s->failed, "/0/host", "?"));
    if (failed > 1)
        err_prefix (err, "none of %zu jobs was started; first", failed);
    return err->code;
}

static int32_t
run_on_selected (const struct api_request *q, const char *workflow, json_t **ret, struct err *err)
{
    struct start s;
    struct store_host *hosts = NULL;
    size_t count = 0;
    json_t *details = NULL;
    int32_t rc = request_hosts (q, 0, &hosts, &count, err);
    if (rc < 0)
        return rc;
    begin (&s);
    rc = choose_workflow (q, workflow, &s, &details, err);
    if (rc == 0)
        rc = api_engine (q->api, &s.engine, err);
    if (rc == 0)
        submit_all (&s, hosts, count);
    if (rc == 0)
        rc = verdict (&s, err);
    end (&s, ret);
    if (details != NULL) {
        json_decref (*ret);
        *ret = details;
    }
    store_host_free_all (hosts, count);
    return rc;
}

int32_t
api_inventory_refresh (const struct api_request *q, json_t **ret, struct err *err)
{
    return run_on_selected (q, "inventory", ret, err);
}

int32_t
api_workflow_run (const struct api_request *q, json_t **ret, struct err *err)
{
    return run_on_selected (q, request_text (q, "workflow"), ret, err);
}

static const char *
workflow_of (const struct api_request *q)
{
    const char *name = request_text (q, "workflow");
    return name == NULL ? "firmware-provisioning" : name;
}

/* --- apply ------------------------------------------------------------------------------------ */

static int32_t
approved_plan (const struct api_request *q, struct err *err)
{
    const char *id = request_text (q, "plan");
    struct store_plan *row = NULL;
    int32_t rc = store_plan_get (q->api->store, id, &row, err);
    if (rc == ERR_NOT_FOUND)
        err_hint (err, "farrier plan list");
    if (rc == 0 && !str_eq (row->status, "approved")) {
        rc = err_set (err, ERR_APPROVAL, "plan %s is %s, not approved", id, row->status);
        err_hint (err, "farrier plan show %s, then farrier plan approve %s", id, id);
    }
    store_plan_free (row);
    return rc;
}

static void
skip (struct start *s, const struct store_plan_host *row, const char *name)
{
    json_t *v = json_object ();
    json_put_str (v, "host", name);
    json_put_str (v, "status", row->status);
    json_put_str (v, "reason", row->summary);
    json_array_append_new (s->skipped, v);
}

static void
apply_host (const struct api_request *q, struct start *s, const struct store_plan_host *row)
{
    struct store_host *host = NULL;
    struct err err = { 0 };
    if (store_host_get (q->api->store, row->host_id, &host, &err) < 0) {
        json_t *v = json_object ();
        json_put_str (v, "host", row->host_id);
        json_put (v, "problem", api_problem (&err, NULL));
        json_array_append_new (s->failed, v);
        return;
    }
    if (str_eq (row->status, "update")) {
        json_t *part = json_stored (row->doc_json, json_object ());
        submit (s, row->host_id, host->name, part);
        json_decref (part);
    } else {
        skip (s, row, host->name);
    }
    store_host_free (host);
}

/* What `apply` would find wrong with its workflow, before a plan is stored and approved for it. */
int32_t
api_workflow_ready (const struct api_request *q, json_t **ret, struct err *err)
{
    struct start s;
    json_t *details = NULL;
    begin (&s);
    int32_t rc = choose_workflow (q, workflow_of (q), &s, &details, err);
    end (&s, ret);
    if (details != NULL) {
        json_decref (*ret);
        *ret = details;
    }
    return rc;
}

int32_t
api_apply (const struct api_request *q, json_t **ret, struct err *err)
{
    struct start s;
    struct store_plan_host *rows = NULL;
    size_t count = 0;
    json_t *details = NULL;
    begin (&s);
    s.plan_id = request_text (q, "plan");
    int32_t rc = approved_plan (q, err);
    if (rc == 0)
        rc = choose_workflow (q, workflow_of (q), &s, &details, err);
    if (rc == 0)
        rc = store_plan_host_list (q->api->store, s.plan_id, NULL, true, &rows, &count, err);
    if (rc == 0)
        rc = api_engine (q->api, &s.engine, err);
    for (size_t i = 0; i < count && rc == 0; i++)
        apply_host (q, &s, &rows[i]);
    if (rc == 0)
        rc = verdict (&s, err);
    if (rc == 0 && json_array_size (s.jobs) == 0)
        rc = err_set (err, ERR_NOTHING, "plan %s changes nothing on its %zu hosts", s.plan_id,
                      count);
    end (&s, ret);
    if (details != NULL) {
        json_decref (*ret);
        *ret = details;
    }
    store_plan_host_free_all (rows, count);
    return rc;
}

/* --- credential test -------------------------------------------------------------------------- */

#define LOGOUT_MS 5000

/* A login of its own, and one read that every BMC answers only to those who are logged in: a
 * session that is there already tells nothing of the password. */
static int32_t
log_in (struct reach *reach, json_t **ret, struct err *err)
{
    struct session *session = reach_begin_session (reach);
    struct net_request request = {
        .target = reach->target, .path = "/redfish/v1/Systems", .auth = NET_AUTH_SESSION,
        .session = session,
    };
    struct net_response *response = NULL;
    net_perform (&request, NULL, &response);
    int32_t rc = net_response_check (response, err);
    if (rc == 0) {
        struct session_status status;
        session_status (session, &status);
        *ret = json_object ();
        json_put_str (*ret, "login", status.state == SESSION_TOKEN ? "session" : "basic");
        json_put_str (*ret, "note", status.note[0] == '\0' ? NULL : status.note);
        json_put_int (*ret, "took_ms", response->total_ms);
    }
    net_response_free (response);
    reach_end_session (session, LOGOUT_MS);
    return rc;
}

int32_t
api_credential_test (const struct api_request *q, json_t **ret, struct err *err)
{
    struct store_host *host = NULL;
    struct engine *engine = NULL;
    struct reach *reach = NULL;
    const char *kind = request_text (q, "endpoint");
    int32_t rc = host_find (q->api->store, request_text (q, "name"), &host, err);
    if (kind != NULL && rc == 0 && !str_eq (kind, "bmc"))
        rc = err_set (err, FARRIER_E_UNSUPPORTED, "only the endpoint bmc can be tested, not %s",
                      kind);
    if (rc == 0)
        rc = api_engine (q->api, &engine, err);
    if (rc == 0)
        rc = reach_get (engine, host->id, "bmc", &reach, err);
    if (rc == 0 && reach->session == NULL) {
        rc = err_set (err, FARRIER_E_AUTH, "host %s has no credential", host->name);
        err_hint (err, "farrier credential set %s --user U --password-file F", host->name);
    }
    if (rc == 0)
        rc = log_in (reach, ret, err);
    if (rc == 0)
        json_put_str (*ret, "host", host->name);
    if (reach != NULL)
        reach_unref (reach);
    store_host_free (host);
    return rc;
}
