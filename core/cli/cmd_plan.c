/* cmd_plan: farrier plan, farrier apply.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>

#include "cli/cmd.h"
#include "cli/plan_text.h"
#include "cli/follow.h"

#define MAX_HOSTS_DEFAULT 100

static json_t *
plan_request (const struct invocation *inv)
{
    json_t *request = cmd_selector (inv, 0), *names = json_array ();
    const char *name;
    for (size_t i = 0; (name = inv_option_at (inv, "baseline", i)) != NULL; i++)
        json_array_append_new (names, json_string (name));
    json_put (request, "baselines", names);
    return request;
}

int32_t
cmd_plan_preview (struct invocation *inv, struct err *err)
{
    json_t *reply = NULL;
    int32_t rc = cmd_call (inv, "plan.preview", plan_request (inv), &reply, err);
    if (rc == 0 && !output_document (inv, reply))
        plan_print (inv, reply);
    json_decref (reply);
    return rc;
}

int32_t
cmd_plan_create (struct invocation *inv, struct err *err)
{
    json_t *reply = NULL;
    bool dry_run = inv_flag (inv, "dry-run");
    int32_t rc = cmd_call (inv, dry_run ? "plan.preview" : "plan.create", plan_request (inv),
                           &reply, err);
    if (rc < 0)
        return rc;
    if (!output_document (inv, reply)) {
        plan_print (inv, reply);
        if (!dry_run && json_int_or (reply, "/plan/totals/steps", 0) > 0)
            printf ("farrier plan approve %s, then farrier apply --plan %s\n",
                    json_str_or (reply, "/id", "?"), json_str_or (reply, "/id", "?"));
    }
    json_decref (reply);
    return 0;
}

int32_t
cmd_plan_list (struct invocation *inv, struct err *err)
{
    json_t *request = json_object (), *reply = NULL, *v;
    size_t i;
    long long limit = 50;
    int32_t rc = cmd_count (inv, "limit", &limit, err);
    json_put_int (request, "limit", limit);
    if (rc < 0) {
        json_decref (request);
        return rc;
    }
    rc = cmd_call (inv, "plan.list", request, &reply, err);
    if (rc < 0)
        return rc;
    const json_t *rows = json_object_get (reply, "plans");
    if (!output_document (inv, rows)) {
        struct table *t = table_new (inv->wide);
        table_column (t, "PLAN", 0);
        table_column (t, "STATUS", TABLE_STATE);
        table_column (t, "CREATED", 0);
        table_column (t, "AUTHOR", 0);
        table_column (t, "APPROVED BY", TABLE_WIDE);
        table_column (t, "HOSTS", TABLE_RIGHT);
        table_column (t, "CHANGE", TABLE_RIGHT);
        table_column (t, "STEPS", TABLE_RIGHT);
        table_column (t, "SELECTOR", TABLE_TRUNC);
        json_array_foreach ((json_t *) rows, i, v) {
            char *when = output_time (json_int_or (v, "/created_ms", 0));
            table_row (t);
            table_cell (t, json_str (v, "/id"));
            table_cell (t, json_str (v, "/status"));
            table_cell (t, when);
            table_cell (t, json_str (v, "/author"));
            table_cell (t, json_str (v, "/approved_by"));
            table_cellf (t, "%lld", json_int_or (v, "/summary/totals/hosts", 0));
            table_cellf (t, "%lld", json_int_or (v, "/summary/totals/hosts_to_change", 0));
            table_cellf (t, "%lld", json_int_or (v, "/summary/totals/steps", 0));
            table_cell (t, json_str (v, "/summary/selector"));
            mem_free (when);
        }
        table_print (t, "no plans yet: farrier plan create SELECTOR");
    }
    json_decref (reply);
    return 0;
}

static json_t *
named_plan (const struct invocation *inv)
{
    json_t *request = json_object ();
    json_put_str (request, "plan", inv_arg (inv, 0));
    return request;
}

int32_t
cmd_plan_show (struct invocation *inv, struct err *err)
{
    json_t *reply = NULL;
    int32_t rc = cmd_call (inv, "plan.show", named_plan (inv), &reply, err);
    if (rc < 0)
        return rc;
    if (!output_document (inv, reply)) {
        plan_print (inv, reply);
        const char *by = json_str (reply, "/approved_by");
        printf ("%s, by %s%s%s\n", json_str_or (reply, "/status", "?"),
                json_str_or (reply, "/author", "?"), by != NULL ? ", approved by " : "",
                by != NULL ? by : "");
    }
    json_decref (reply);
    return 0;
}

int32_t
cmd_plan_explain (struct invocation *inv, struct err *err)
{
    json_t *request = named_plan (inv), *reply = NULL, *v;
    size_t i;
    json_put_str (request, "host", inv_arg (inv, 1));
    int32_t rc = cmd_call (inv, "plan.explain", request, &reply, err);
    if (rc < 0)
        return rc;
    if (!output_document (inv, reply)) {
        json_array_foreach (json_object_get (reply, "lines"), i, v) {
            const char *to = json_str (v, "/to");
            char *text = str_printf ("%-12s %s (%s) %s%s%s", json_str_or (v, "/decision", "?"),
                                     json_str_or (v, "/name", json_str_or (v, "/component", "?")),
                                     json_str_or (v, "/type", "?"),
                                     json_str_or (v, "/from", "no version"),
                                     to != NULL ? " -> " : "", to != NULL ? to : "");
            output_line (text);
            fputs ("    ", stdout);
            output_line (json_str_or (v, "/text", ""));
            mem_free (text);
        }
        printf ("%s: %s%s%s\n", json_str_or (reply, "/host", "?"),
                json_str_or (reply, "/status", "?"),
                json_str (reply, "/reason") != NULL ? ": " : "",
                json_str_or (reply, "/reason", ""));
    }
    json_decref (reply);
    return 0;
}

int32_t
cmd_plan_diff (struct invocation *inv, struct err *err)
{
    json_t *request = json_object (), *reply = NULL, *v;
    size_t i;
    json_put_str (request, "a", inv_arg (inv, 0));
    json_put_str (request, "b", inv_arg (inv, 1));
    int32_t rc = cmd_call (inv, "plan.diff", request, &reply, err);
    if (rc < 0)
        return rc;
    const json_t *rows = json_object_get (reply, "diff");
    if (!output_document (inv, rows)) {
        struct table *t = table_new (inv->wide);
        table_column (t, "HOST", 0);
        table_column (t, "COMPONENT", TABLE_TRUNC);
        table_column (t, "CHANGE", 0);
        table_column (t, "TEXT", TABLE_TRUNC);
        json_array_foreach ((json_t *) rows, i, v) {
            table_row (t);
            table_cell (t, json_str (v, "/host"));
            table_cell (t, json_str (v, "/component"));
            table_cell (t, json_str (v, "/change"));
            table_cell (t, json_str (v, "/text"));
        }
        table_print (t, "both plans say the same");
    }
    json_decref (reply);
    return 0;
}

int32_t
cmd_plan_approve (struct invocation *inv, struct err *err)
{
    char *question = str_printf ("Approve %s?", inv_arg (inv, 0));
    int32_t rc = cmd_confirm (inv, question, err);
    mem_free (question);
    if (rc < 0)
        return rc;
    char *done = str_printf ("%s approved: farrier apply --plan %s", inv_arg (inv, 0),
                             inv_arg (inv, 0));
    rc = cmd_change (inv, "plan.approve", named_plan (inv), done, err);
    mem_free (done);
    return rc;
}

/* --- apply ------------------------------------------------------------------------------------ */

/* An existing plan, or a new one. */
static int32_t
get_plan (struct invocation *inv, json_t **ret_reply, struct err *err)
{
    const char *id = inv_option (inv, "plan");
    if (id == NULL)
        return cmd_call (inv, inv_flag (inv, "dry-run") ? "plan.preview" : "plan.create",
                         plan_request (inv), ret_reply, err);
    if (inv->args.count > 0 || inv_flag (inv, "all") || inv_option (inv, "baseline") != NULL) {
        err_set (err, ERR_USAGE, "--plan names its hosts itself: no selector and no --baseline");
        return ERR_USAGE;
    }
    json_t *request = json_object ();
    json_put_str (request, "plan", id);
    return cmd_call (inv, "plan.show", request, ret_reply, err);
}

/* A plan that somebody approved is not asked about again; a new one is, and big ones by number. */
static int32_t
consent (struct invocation *inv, const json_t *plan, struct err *err)
{
    long long hosts = json_int_or (plan, "/plan/totals/hosts_to_change", 0);
    long long max = MAX_HOSTS_DEFAULT;
    int32_t rc = cmd_count (inv, "max-hosts", &max, err);
    if (rc < 0)
        return rc;
    if (hosts > max && inv_option (inv, "max-hosts") == NULL && inv_flag (inv, "yes")) {
        err_set (err, ERR_POLICY, "%lld hosts would change, more than %lld", hosts, max);
        err_hint (err, "say --max-hosts %lld when that is wanted", hosts);
        return ERR_POLICY;
    }
    if (hosts > max && inv_option (inv, "max-hosts") != NULL) {
        err_set (err, ERR_POLICY, "%lld hosts would change, more than --max-hosts %lld", hosts,
                 max);
        return ERR_POLICY;
    }
    if (str_eq (json_str (plan, "/status"), "approved"))
        return 0;
    char *question = str_printf ("Change %lld hosts now?", hosts);
    rc = cmd_confirm (inv, question, err);
    mem_free (question);
    if (rc == ERR_APPROVAL)
        err_hint (err, "say --yes, or farrier plan approve %s and farrier apply --plan %s",
                  json_str_or (plan, "/id", "PLAN"), json_str_or (plan, "/id", "PLAN"));
    return rc;
}

static int32_t
approve (struct invocation *inv, const json_t *plan, struct err *err)
{
    json_t *request = json_object (), *reply = NULL;
    if (str_eq (json_str (plan, "/status"), "approved")) {
        json_decref (request);
        return 0;
    }
    json_put_str (request, "plan", json_str (plan, "/id"));
    int32_t rc = door_call (inv->door, "plan.approve", request, &reply, err);
    json_decref (reply);
    return rc;
}

/* The workflow and its inputs; NULL with err. */
static json_t *
run_request (struct invocation *inv, struct err *err)
{
    json_t *request = json_object (), *inputs = NULL;
    if (cmd_inputs (inv, &inputs, err) < 0) {
        json_decref (request);
        return NULL;
    }
    json_put (request, "inputs", inputs);
    cmd_put_option (inv, request, "workflow", "workflow");
    return request;
}

/* Before anything is stored: a plan that was approved for a workflow with a mistake is nobody's. */
static int32_t
check_workflow (struct invocation *inv, struct err *err)
{
    json_t *request = run_request (inv, err), *reply = NULL;
    if (request == NULL)
        return err->code;
    int32_t rc = cmd_call (inv, "workflow.ready", request, &reply, err);
    json_decref (reply);
    return rc;
}

static int32_t
start (struct invocation *inv, const char *plan_id, struct err *err)
{
    json_t *request = run_request (inv, err);
    if (request == NULL)
        return err->code;
    json_put_str (request, "plan", plan_id);
    return follow_start (inv, "apply", request, err);
}

/* Jobs of a run that was cut off go on first: their hosts cannot be planned while they are open. */
static int32_t
finish_open (struct invocation *inv, bool *ret_ran, struct err *err)
{
    json_t *request = json_object (), *reply = NULL;
    if (door_has_daemon (inv->door)) {
        json_decref (request);
        return 0;
    }
    json_put_bool (request, "open", true);
    int32_t rc = cmd_call (inv, "job.list", request, &reply, err);
    const json_t *jobs = json_object_get (reply, "jobs");
    size_t count = json_array_size (jobs), parked = 0, i;
    json_t *job;
    json_array_foreach ((json_t *) jobs, i, job)
        parked += str_eq (json_str (job, "/state"), "parked") ? 1 : 0;
    json_decref (reply);
    if (rc < 0 || count == parked)
        return rc;
    fprintf (stderr, "%zu jobs of an earlier run are open: they go on first\n", count - parked);
    rc = follow_open (inv, err);
    *ret_ran = rc == 0;
    return rc == FARRIER_E_CANCELLED || rc == ERR_STORE_BUSY ? rc : 0;
}

int32_t
cmd_apply (struct invocation *inv, struct err *err)
{
    json_t *plan = NULL;
    bool dry_run = inv_flag (inv, "dry-run"), document = inv->json || inv->yaml, ran = false;
    int32_t rc = check_workflow (inv, err);
    if (rc == 0 && !dry_run)
        rc = finish_open (inv, &ran, err);
    if (rc == 0)
        rc = get_plan (inv, &plan, err);
    if (rc < 0)
        return rc;
    long long steps = json_int_or (plan, "/plan/totals/steps", 0);
    if (!document)
        plan_print (inv, plan);
    else if (dry_run || steps == 0)
        output_document (inv, plan);
    long long bad = json_int_or (plan, "/plan/totals/hosts_blocked", 0)
                    + json_int_or (plan, "/plan/totals/hosts_no_solution", 0);
    if (steps == 0 && ran && bad == 0) {
        rc = 0;                        /* what there was to do has just been done */
    } else if (steps == 0) {
        rc = err_set (err, ERR_NOTHING, bad > 0 ? "nothing can be done: %lld hosts are blocked or "
                      "without a solution" : "nothing to do", bad);
    } else if (!dry_run) {
        rc = consent (inv, plan, err);
        if (rc == 0)
            rc = approve (inv, plan, err);
        char *id = str_dup (json_str (plan, "/id"));
        json_decref (plan);            /* it is large, and not looked at again */
        plan = NULL;
        if (rc == 0)
            rc = start (inv, id, err);
        mem_free (id);
    }
    json_decref (plan);
    return rc;
}
