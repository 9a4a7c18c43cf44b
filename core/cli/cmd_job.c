/* cmd_job: farrier job, farrier why.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>

#include "base/clock.h"
#include "cli/cmd.h"
#include "cli/follow.h"

#define LIST_DEFAULT 100

static json_t *
named_job (const struct invocation *inv, size_t i)
{
    json_t *request = json_object ();
    json_put_str (request, "job", inv_arg (inv, i));
    return request;
}

/* --- look ------------------------------------------------------------------------------------- */

static void
job_table (const struct invocation *inv, const json_t *jobs)
{
    size_t i;
    json_t *v;
    struct table *t = table_new (inv->wide);
    table_column (t, "JOB", 0);
    table_column (t, "HOST", 0);
    table_column (t, "WORKFLOW", 0);
    table_column (t, "STATE", TABLE_STATE);
    table_column (t, "STATUS", TABLE_STATE);
    table_column (t, "PHASE", 0);
    table_column (t, "DONE", TABLE_RIGHT);
    table_column (t, "CREATED", 0);
    table_column (t, "PLAN", TABLE_WIDE);
    table_column (t, "TEXT", TABLE_TRUNC);
    json_array_foreach ((json_t *) jobs, i, v) {
        char *ago = output_ago (json_int_or (v, "/created_ms", 0));
        table_row (t);
        table_cell (t, json_str (v, "/id"));
        table_cell (t, json_str (v, "/host"));
        table_cell (t, json_str (v, "/workflow"));
        table_cell (t, json_str (v, "/state"));
        table_cell (t, json_str (v, "/status"));
        table_cell (t, json_str (v, "/phase"));
        table_cellf (t, "%lld%%", json_int_or (v, "/progress_permille", 0) / 10);
        table_cell (t, ago);
        table_cell (t, json_str (v, "/plan"));
        table_cell (t, json_str_or (v, "/cause/message", json_str (v, "/progress_text")));
        mem_free (ago);
    }
    table_print (t, "no jobs");
}

int32_t
cmd_job_list (struct invocation *inv, struct err *err)
{
    json_t *request = json_object (), *reply = NULL;
    /* A program gets all, a person a screen or two. */
    long long limit = inv->json || inv->yaml ? 0 : LIST_DEFAULT;
    int32_t rc = cmd_count (inv, "limit", &limit, err);
    cmd_put_option (inv, request, "host", "host");
    cmd_put_option (inv, request, "plan", "plan");
    cmd_put_option (inv, request, "state", "state");
    json_put_int (request, "limit", limit);
    if (inv_flag (inv, "open"))
        json_put_bool (request, "open", true);
    if (rc < 0) {
        json_decref (request);
        return rc;
    }
    rc = cmd_call (inv, "job.list", request, &reply, err);
    if (rc < 0)
        return rc;
    const json_t *jobs = json_object_get (reply, "jobs");
    if (!output_document (inv, jobs)) {
        job_table (inv, jobs);
        if (limit > 0 && json_array_size (jobs) == (size_t) limit)
            printf ("the newest %lld; --limit N shows more\n", limit);
    }
    json_decref (reply);
    return 0;
}

static void
outcome_table (const struct invocation *inv, const json_t *rows)
{
    size_t i;
    json_t *v;
    struct table *t = table_new (inv->wide);
    table_column (t, "COMPONENT", 0);
    table_column (t, "FROM", 0);
    table_column (t, "TO", 0);
    table_column (t, "MEASURED", 0);
    table_column (t, "OUTCOME", TABLE_STATE);
    table_column (t, "CAUSE", TABLE_TRUNC);
    json_array_foreach ((json_t *) rows, i, v) {
        table_row (t);
        table_cell (t, json_str (v, "/component"));
        table_cell (t, json_str (v, "/from"));
        table_cell (t, json_str (v, "/to"));
        table_cell (t, json_str (v, "/measured"));
        table_cell (t, json_str (v, "/outcome"));
        table_cell (t, json_str (v, "/cause/message"));
    }
    if (table_rows (t) > 0)
        putchar ('\n');
    table_print (t, NULL);
}

static void
attempt_table (const struct invocation *inv, const json_t *rows)
{
    size_t i;
    json_t *v;
    struct table *t = table_new (inv->wide);
    table_column (t, "STEP", TABLE_TRUNC);
    table_column (t, "TRY", TABLE_RIGHT);
    table_column (t, "PLUGIN", TABLE_WIDE);
    table_column (t, "STATE", TABLE_STATE);
    table_column (t, "TOOK", TABLE_RIGHT);
    table_column (t, "ERROR", TABLE_TRUNC);
    json_array_foreach ((json_t *) rows, i, v) {
        int64_t from = json_int_or (v, "/started_ms", 0), to = json_int_or (v, "/ended_ms", 0);
        char *took = to > 0 ? duration_format (to - from) : NULL;
        table_row (t);
        table_cell (t, json_str (v, "/step"));
        table_cellf (t, "%lld", json_int_or (v, "/number", 0));
        table_cell (t, json_str (v, "/plugin"));
        table_cell (t, json_str (v, "/state"));
        table_cell (t, took);
        table_cell (t, json_str (v, "/error/message"));
        mem_free (took);
    }
    if (table_rows (t) > 0)
        putchar ('\n');
    table_print (t, NULL);
}

int32_t
cmd_job_show (struct invocation *inv, struct err *err)
{
    json_t *v = NULL;
    int32_t rc = cmd_call (inv, "job.show", named_job (inv, 0), &v, err);
    if (rc < 0)
        return rc;
    if (!output_document (inv, v)) {
        const char *status = json_str (v, "/status"), *cause = json_str (v, "/cause/message");
        const char *hint = json_str (v, "/cause/hint"), *text = json_str (v, "/progress_text");
        char *clean = output_clean (cause != NULL ? cause : text != NULL ? text : "");
        char *ago = output_ago (json_int_or (v, "/created_ms", 0));
        printf ("%s on %s: %s%s%s\n", json_str_or (v, "/id", "?"), json_str_or (v, "/host", "?"),
                json_str_or (v, "/state", "?"), status != NULL ? ", " : "",
                status != NULL ? status : "");
        printf ("workflow %s, phase %s, %lld%%, created %s\n", json_str_or (v, "/workflow", "?"),
                json_str_or (v, "/phase", "-"), json_int_or (v, "/progress_permille", 0) / 10,
                ago);
        if (*clean != '\0')
            puts (clean);
        if (!str_empty (hint)) {
            fputs ("  hint: ", stdout);
            output_line (hint);
        }
        outcome_table (inv, json_object_get (v, "outcomes"));
        attempt_table (inv, json_object_get (v, "attempts"));
        mem_free (clean);
        mem_free (ago);
    }
    json_decref (v);
    return 0;
}

/* --- watch ------------------------------------------------------------------------------------ */

static int32_t
ids_to_watch (struct invocation *inv, json_t **ret, struct err *err)
{
    json_t *ids = json_array (), *request = json_object (), *reply = NULL, *job;
    size_t i;
    for (i = 0; i < inv->args.count; i++)
        json_array_append_new (ids, json_string (inv_arg (inv, i)));
    if (inv->args.count > 0)
        json_put (request, "jobs", json_deep_copy (ids));
    else if (inv_option (inv, "plan") != NULL)
        cmd_put_option (inv, request, "plan", "plan");
    else
        json_put_bool (request, "open", true);
    int32_t rc = cmd_call (inv, "job.list", request, &reply, err);
    const json_t *jobs = json_object_get (reply, "jobs");
    if (rc == 0 && inv->args.count > json_array_size (jobs)) {
        rc = err_set (err, ERR_NOT_FOUND, "%zu of %zu jobs do not exist",
                      inv->args.count - json_array_size (jobs), inv->args.count);
        err_hint (err, "farrier job list");
    } else if (rc == 0 && json_array_size (jobs) == 0) {
        rc = err_set (err, ERR_NOTHING, "no job is open");
    }
    json_array_clear (ids);
    json_array_foreach ((json_t *) jobs, i, job)
        json_array_append (ids, json_object_get (job, "id"));
    json_decref (reply);
    if (rc == 0)
        *ret = ids;
    else
        json_decref (ids);
    return rc;
}

static int32_t
watch_ids (struct invocation *inv, const json_t *ids, struct err *err)
{
    json_t *jobs = NULL;
    int32_t rc = follow_jobs (inv, ids, &jobs, err);
    bool ended = rc == 0;
    if (ended)
        rc = follow_verdict (jobs, err);
    if (!output_document (inv, jobs) && ended)
        follow_results (inv, jobs);
    json_decref (jobs);
    return rc;
}

int32_t
cmd_job_watch (struct invocation *inv, struct err *err)
{
    json_t *ids = NULL;
    int32_t rc = ids_to_watch (inv, &ids, err);
    if (rc == 0)
        rc = watch_ids (inv, ids, err);
    json_decref (ids);
    return rc;
}

/* --- log -------------------------------------------------------------------------------------- */

static void
print_event (const json_t *event)
{
    struct buf text = { 0 };
    const char *key;
    json_t *v;
    char *when = output_time (json_int_or (event, "/at_ms", 0));
    buf_printf (&text, "%s %-18s", when, json_str_or (event, "/kind", "?"));
    json_object_foreach (json_object_get (event, "body"), key, v) {
        if (json_is_string (v)) {
            buf_printf (&text, " %s=%s", key, json_string_value (v));
        } else if (!json_is_null (v)) {
            char *json = json_dumps (v, JSON_ENCODE_ANY | JSON_COMPACT);
            buf_printf (&text, " %s=%s", key, json == NULL ? "?" : json);
            mem_free (json);
        }
    }
    char *clean = output_clean (text.data);
    puts (clean);
    mem_free (clean);
    mem_free (when);
    buf_free (&text);
}

/* The job that is named, or the newest of --host. Heap. */
static int32_t
job_to_read (struct invocation *inv, char **ret, struct err *err)
{
    json_t *request = json_object (), *reply = NULL;
    const char *host = inv_option (inv, "host");
    if ((host == NULL) == (inv_arg (inv, 0) == NULL)) {
        json_decref (request);
        return err_set (err, ERR_USAGE, "name a job, or --host NAME for its newest one");
    }
    if (host == NULL) {
        json_decref (request);
        *ret = str_dup (inv_arg (inv, 0));
        return 0;
    }
    json_put_str (request, "host", host);
    json_put_int (request, "limit", 1);
    int32_t rc = cmd_call (inv, "job.list", request, &reply, err);
    const char *id = json_str (reply, "/jobs/0/id");
    if (rc == 0 && id == NULL)
        rc = err_set (err, ERR_NOT_FOUND, "host %s has had no job yet", host);
    else if (rc == 0)
        *ret = str_dup (id);
    json_decref (reply);
    return rc;
}

int32_t
cmd_job_log (struct invocation *inv, struct err *err)
{
    bool follow = inv_flag (inv, "follow"), ended = false;
    json_t *all = json_array (), *event;
    long long since = 0, limit = 0;
    char *id = NULL;
    size_t i;
    int32_t rc = cmd_count (inv, "limit", &limit, err);
    if (rc == 0)
        rc = job_to_read (inv, &id, err);
    while (rc == 0 && !ended) {
        json_t *request = json_object (), *reply = NULL;
        json_put_str (request, "job", id);
        json_put_int (request, "since", since);
        json_put_int (request, "limit", limit);
        rc = cmd_call (inv, "job.log", request, &reply, err);
        if (rc < 0)
            break;
        since = json_int_or (reply, "/last", since);
        json_array_foreach (json_object_get (reply, "events"), i, event) {
            if (inv->json || inv->yaml)
                json_array_append (all, event);
            else
                print_event (event);
        }
        fflush (stdout);
        ended = !follow || str_eq (json_str (reply, "/state"), "done");
        json_decref (reply);
        if (!ended)
            rc = follow_pause (inv, since, err);
    }
    if (rc == 0)
        output_document (inv, all);
    mem_free (id);
    json_decref (all);
    return rc;
}

/* --- people's wishes -------------------------------------------------------------------------- */

int32_t
cmd_job_cancel (struct invocation *inv, struct err *err)
{
    char *names = inv_rest (inv, 0), *question = str_printf ("Cancel %s?", names);
    json_t *ids = json_array ();
    int32_t rc = cmd_confirm (inv, question, err);
    mem_free (question);
    mem_free (names);
    for (size_t i = 0; i < inv->args.count && rc == 0; i++) {
        char *done = str_printf ("%s is asked to stop", inv_arg (inv, i));
        rc = cmd_change (inv, "job.cancel", named_job (inv, i), done, err);
        json_array_append_new (ids, json_string (inv_arg (inv, i)));
        mem_free (done);
    }
    if (rc == 0 && (inv_flag (inv, "wait") || door_runs_here (inv->door))) {
        json_t *jobs = NULL;
        rc = follow_jobs (inv, ids, &jobs, err);
        if (rc == 0 && !inv->json && !inv->yaml)
            follow_results (inv, jobs);
        json_decref (jobs);
    }
    json_decref (ids);
    return rc;
}

/* A wish for one job; where it runs in this process, it is waited for. */
static int32_t
wish (struct invocation *inv, const char *call, json_t *request, const char *done, struct err *err)
{
    int32_t rc = cmd_change (inv, call, request, done, err);
    bool wait = inv_flag (inv, "wait") || inv_flag (inv, "watch") || door_runs_here (inv->door);
    if (rc < 0 || !wait)
        return rc;
    json_t *ids = json_array ();
    json_array_append_new (ids, json_string (inv_arg (inv, 0)));
    rc = watch_ids (inv, ids, err);
    json_decref (ids);
    return rc;
}

int32_t
cmd_job_resolve (struct invocation *inv, struct err *err)
{
    const char *as = inv_option (inv, "as");
    if (as == NULL) {
        err_set (err, ERR_USAGE, "--as is missing: what happened on the host");
        err_hint (err, "--as done, --as not-started or --as failed; farrier why %s tells more",
                  inv_arg (inv, 0));
        return ERR_USAGE;
    }
    char *question = str_printf ("Is it certain that the step of %s is %s?", inv_arg (inv, 0), as);
    int32_t rc = cmd_confirm (inv, question, err);
    mem_free (question);
    if (rc < 0)
        return rc;
    json_t *request = named_job (inv, 0);
    json_put_str (request, "as", as);
    return wish (inv, "job.resolve", request, "resolved", err);
}

int32_t
cmd_job_retry (struct invocation *inv, struct err *err)
{
    return wish (inv, "job.retry", named_job (inv, 0), "it tries again", err);
}

int32_t
cmd_job_approve (struct invocation *inv, struct err *err)
{
    char *question = str_printf ("Approve %s?", inv_arg (inv, 0));
    int32_t rc = cmd_confirm (inv, question, err);
    mem_free (question);
    return rc < 0 ? rc : wish (inv, "job.approve", named_job (inv, 0), "approved", err);
}

int32_t
cmd_job_resume (struct invocation *inv, struct err *err)
{
    return follow_open (inv, err);
}

int32_t
cmd_why (struct invocation *inv, struct err *err)
{
    json_t *request = json_object (), *reply = NULL, *v;
    size_t i;
    json_put_str (request, "what", inv_arg (inv, 0));
    int32_t rc = cmd_call (inv, "why", request, &reply, err);
    if (rc < 0)
        return rc;
    if (!output_document (inv, reply)) {
        json_array_foreach (json_object_get (reply, "lines"), i, v)
            output_line (json_is_string (v) ? json_string_value (v) : "");
        json_array_foreach (json_object_get (reply, "moves"), i, v) {
            fputs (i == 0 ? "what moves it: " : "               ", stdout);
            output_line (json_is_string (v) ? json_string_value (v) : "");
        }
    }
    json_decref (reply);
    return 0;
}
