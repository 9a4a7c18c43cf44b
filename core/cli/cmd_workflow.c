/* cmd_workflow: farrier workflow.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>

#include "cli/cmd.h"
#include "cli/follow.h"

int32_t
cmd_workflow_list (struct invocation *inv, struct err *err)
{
    json_t *reply = NULL, *v;
    size_t i;
    int32_t rc = cmd_call (inv, "workflow.list", json_object (), &reply, err);
    if (rc < 0)
        return rc;
    const json_t *rows = json_object_get (reply, "workflows");
    if (!output_document (inv, rows)) {
        struct table *t = table_new (inv->wide);
        table_column (t, "NAME", 0);
        table_column (t, "VERSION", TABLE_RIGHT);
        table_column (t, "PHASES", TABLE_RIGHT);
        table_column (t, "SUMMARY", TABLE_TRUNC);
        table_column (t, "FILE", TABLE_WIDE);
        json_array_foreach ((json_t *) rows, i, v) {
            table_row (t);
            table_cell (t, json_str (v, "/name"));
            table_cellf (t, "%lld", json_int_or (v, "/version", 0));
            table_cellf (t, "%lld", json_int_or (v, "/phases", 0));
            table_cell (t, json_str (v, "/summary"));
            table_cell (t, json_str (v, "/file"));
        }
        char *empty = str_printf ("no workflows in %s", json_str_or (reply, "/directory", "?"));
        table_print (t, empty);
        mem_free (empty);
    }
    if (output_findings (reply) > 0)
        rc = err_set (err, ERR_SYNTAX, "some workflows have mistakes");
    json_decref (reply);
    return rc;
}

/* A file is read where the command stands; a name is looked up in conf.d. */
static void
put_workflow (const struct invocation *inv, json_t *request)
{
    const char *name = inv_arg (inv, 0);
    bool file = str_ends (name, ".conf") || (name[0] == '.' && name[1] == '/');
    char *path = file ? cmd_absolute (name) : str_dup (name);
    json_put_str (request, "workflow", path);
    mem_free (path);
}

int32_t
cmd_workflow_show (struct invocation *inv, struct err *err)
{
    json_t *reply = NULL, *request = json_object ();
    put_workflow (inv, request);
    cmd_put_option (inv, request, "format", "format");
    json_put_int (request, "width", output_width ());
    int32_t rc = cmd_call (inv, "workflow.show", request, &reply, err);
    if (rc < 0)
        return rc;
    if (inv->json || inv->yaml)
        json_object_del (reply, "drawing");
    if (!output_document (inv, reply))
        fputs (json_str_or (reply, "/drawing", ""), stdout);
    json_decref (reply);
    return 0;
}

int32_t
cmd_workflow_check (struct invocation *inv, struct err *err)
{
    json_t *request = json_object (), *files = json_array (), *reply = NULL;
    for (size_t i = 0; i < inv->args.count; i++)
        json_array_append_new (files, json_string (inv_arg (inv, i)));
    json_put (request, "files", files);
    int32_t rc = door_call (inv->door, "workflow.check", request, &reply, err);
    if (reply == NULL || !output_document (inv, reply)) {
        output_findings (reply);
        if (rc == 0)
            printf ("%lld workflows are good\n", json_int_or (reply, "/checked", 0));
    }
    json_decref (reply);
    return rc;
}

static void
print_dry_run (const json_t *reply)
{
    size_t i, k;
    json_t *host, *step;
    json_array_foreach (json_object_get (reply, "hosts"), i, host) {
        printf ("%s%s:\n", i == 0 ? "" : "\n", json_str_or (host, "/host", "?"));
        json_array_foreach (json_object_get (host, "steps"), k, step) {
            const char *skipped = json_str (step, "/skipped");
            const char *component = json_str (step, "/component");
            if (skipped != NULL) {
                printf ("  %s: skipped (%s)\n", json_str_or (step, "/phase", "finally"), skipped);
                continue;
            }
            if (json_str (step, "/finished") != NULL)
                continue;
            char *text = str_printf ("  %-20s %s%s%s%s", json_str_or (step, "/phase", "finally"),
                                     json_str_or (step, "/action", "?"),
                                     component != NULL ? " " : "",
                                     component != NULL ? component : "",
                                     json_bool_or (step, "/undecided", false)
                                         ? "   (depends on what is read then)" : "");
            output_line (text);
            mem_free (text);
        }
        if (json_str (host, "/stops") != NULL) {
            fputs ("  stops: ", stdout);
            output_line (json_str (host, "/stops"));
        }
    }
}

int32_t
cmd_workflow_run (struct invocation *inv, struct err *err)
{
    json_t *request = cmd_selector (inv, 1), *inputs = NULL, *reply = NULL;
    bool dry_run = inv_flag (inv, "dry-run");
    put_workflow (inv, request);
    int32_t rc = cmd_inputs (inv, &inputs, err);
    if (rc == 0)
        json_put (request, "inputs", inputs);
    if (rc == 0 && !dry_run) {
        char *hosts = inv_rest (inv, 1);
        char *question = str_printf ("Run %s on %s now?", inv_arg (inv, 0),
                                     hosts == NULL ? "every host" : hosts);
        rc = cmd_confirm (inv, question, err);
        mem_free (question);
        mem_free (hosts);
    }
    if (rc < 0) {
        json_decref (request);
        return rc;
    }
    if (!dry_run)
        return follow_start (inv, "workflow.run", request, err);
    rc = cmd_call (inv, "workflow.dry_run", request, &reply, err);
    if (rc == 0 && !output_document (inv, reply))
        print_dry_run (reply);
    json_decref (reply);
    return rc;
}
