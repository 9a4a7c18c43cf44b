/* cmd_plugin: farrier plugin.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/judge.h"

/* --- list ------------------------------------------------------------------------------------- */

static void
print_faults (const json_t *faults, const char *indent)
{
    size_t i;
    json_t *f;
    json_array_foreach ((json_t *) faults, i, f) {
        long long rule = json_int_or (f, "/rule", 0);
        char *message = output_clean (json_str_or (f, "/message", ""));
        char *hint = output_clean (json_str_or (f, "/hint", ""));
        printf ("%s%s", indent, json_str_or (f, "/code", "?"));
        if (rule != 0)
            printf (" (R%lld)", rule);
        printf (": %s\n%s    hint: %s\n", message, indent, hint);
        mem_free (message);
        mem_free (hint);
    }
}

static void
list_row (struct table *t, const json_t *v)
{
    const char *code = json_str (v, "/faults/0/code");
    table_row (t);
    table_cell (t, json_str (v, "/name"));
    table_cell (t, json_str (v, "/state"));
    table_cell (t, json_str (v, "/kind"));
    table_cell (t, json_str (v, "/version"));
    table_cell (t, json_str (v, "/abi"));
    table_cell (t, json_str (v, "/vendor"));
    table_cellf (t, "%zu", json_array_size (json_object_get (v, "ops")));
    table_cell (t, json_str (v, "/file"));
    if (code == NULL && json_bool_or (v, "/changed_on_disk", false))
        table_cell (t, "its file changed since it was loaded: farrier reload");
    else if (code != NULL)
        table_cellf (t, "%s: %s", code, json_str_or (v, "/faults/0/message", ""));
    else
        table_cell (t, json_str (v, "/description"));
}

int32_t
cmd_plugin_list (struct invocation *inv, struct err *err)
{
    json_t *reply = NULL, *v;
    size_t i;
    int32_t rc = cmd_call (inv, "plugin.list", json_object (), &reply, err);
    if (rc < 0)
        return rc;
    const json_t *rows = json_object_get (reply, "plugins");
    if (!output_document (inv, rows)) {
        struct table *t = table_new (inv->wide);
        table_column (t, "NAME", 0);
        table_column (t, "STATE", TABLE_STATE);
        table_column (t, "KIND", 0);
        table_column (t, "VERSION", 0);
        table_column (t, "ABI", 0);
        table_column (t, "VENDOR", 0);
        table_column (t, "OPS", TABLE_RIGHT);
        table_column (t, "FILE", TABLE_WIDE);
        table_column (t, "TEXT", TABLE_TRUNC);
        json_array_foreach ((json_t *) rows, i, v)
            list_row (t, v);
        table_print (t, "no plugins");
        print_faults (json_object_get (reply, "faults"), "");
    }
    json_decref (reply);
    return 0;
}

/* --- one -------------------------------------------------------------------------------------- */

static bool
is_file (const char *name)
{
    return strchr (name, '/') != NULL || str_ends (name, ".so");
}

static json_t *
named_plugin (const char *name)
{
    json_t *request = json_object ();
    char *path = is_file (name) ? cmd_absolute (name) : str_dup (name);
    json_put_str (request, "plugin", path);
    mem_free (path);
    return request;
}

int32_t
cmd_plugin_info (struct invocation *inv, struct err *err)
{
    json_t *v = NULL;
    const char *name = inv_arg (inv, 0);
    int32_t rc = cmd_call (inv, is_file (name) ? "plugin.file" : "plugin.info",
                           named_plugin (name), &v, err);
    if (rc == 0 && !output_document (inv, v)) {
        struct buf text = { 0 };
        output_yaml (v, &text);
        fputs (text.data == NULL ? "" : text.data, stdout);
        buf_free (&text);
    }
    json_decref (v);
    return rc;
}

int32_t
cmd_plugin_why (struct invocation *inv, struct err *err)
{
    json_t *v = NULL;
    int32_t rc = cmd_call (inv, "plugin.why", named_plugin (inv_arg (inv, 0)), &v, err);
    if (rc == 0 && !output_document (inv, v)) {
        printf ("%s is %s\n", json_str_or (v, "/plugin", "?"), json_str_or (v, "/state", "?"));
        print_faults (json_object_get (v, "faults"), "  ");
    }
    json_decref (v);
    return rc;
}

int32_t
cmd_plugin_release (struct invocation *inv, struct err *err)
{
    bool daemon = door_has_daemon (inv->door);
    return cmd_change (inv, "plugin.release", named_plugin (inv_arg (inv, 0)),
                       daemon ? "released: farrier reload loads it, or the next start"
                              : "released: it is loaded at the next start", err);
}

/* --- check ------------------------------------------------------------------------------------ */

/* Several files, or all plugins: their faults, and how many had some. */
struct check {
    json_t *plugins, *faults;
    size_t wrong;
};

static void
take_judged (struct check *c, json_t *judged)
{
    const json_t *faults = json_object_get (judged, "faults");
    bool works = str_eq (json_str (judged, "/state"), "registered");
    c->wrong += json_array_size (faults) > 0 && !works ? 1 : 0;
    json_array_append (c->plugins, judged);
}

static int32_t
check_all (struct invocation *inv, struct check *c, struct err *err)
{
    json_t *reply = NULL, *v;
    size_t i;
    int32_t rc = cmd_call (inv, "plugin.list", json_object (), &reply, err);
    if (rc < 0)
        return rc;
    json_array_foreach (json_object_get (reply, "plugins"), i, v)
        take_judged (c, v);
    json_array_extend (c->faults, json_object_get (reply, "faults"));
    json_decref (reply);
    return 0;
}

static int32_t
judge_here (struct invocation *inv, json_t *request, json_t **ret, struct err *err)
{
    struct judge_stdout kept;
    judge_stdout_hide (&kept);
    int32_t rc = cmd_call (inv, "plugin.check", request, ret, err);
    judge_stdout_restore (&kept);
    return rc;
}

static int32_t
check_one (struct invocation *inv, const char *name, struct check *c, struct err *err)
{
    json_t *located = NULL, *judged = NULL;
    int32_t rc = cmd_call (inv, "plugin.locate", named_plugin (name), &located, err);
    if (rc < 0)
        return rc;
    if (inv_flag (inv, "in-process"))
        rc = judge_here (inv, json_incref (located), &judged, err);
    else
        rc = judge_apart (json_str_or (located, "/file", name), &judged, err);
    if (rc == 0)
        take_judged (c, judged);
    json_decref (judged);
    json_decref (located);
    return rc;
}

static void
print_check (const struct check *c)
{
    size_t i;
    json_t *v;
    json_array_foreach (c->plugins, i, v) {
        const json_t *faults = json_object_get (v, "faults");
        const char *file = json_str (v, "/file");
        size_t count = json_array_size (faults);
        printf ("%s: %s\n", file != NULL ? file : json_str_or (v, "/name", "?"),
                count == 0 ? "good" : json_str_or (v, "/state", "?"));
        print_faults (faults, "  ");
    }
    print_faults (c->faults, "");
}

int32_t
cmd_plugin_check (struct invocation *inv, struct err *err)
{
    struct check c = { json_array (), json_array (), 0 };
    int32_t rc = inv_arg (inv, 0) == NULL ? check_all (inv, &c, err) : 0;
    for (size_t i = 0; rc == 0 && inv_arg (inv, i) != NULL; i++)
        rc = check_one (inv, inv_arg (inv, i), &c, err);
    if (rc == 0) {
        json_t *v = json_object ();
        json_put (v, "plugins", json_incref (c.plugins));
        json_put (v, "faults", json_incref (c.faults));
        if (!output_document (inv, v))
            print_check (&c);
        json_decref (v);
        /* In this process the verdict is all: whoever asked for it counts. */
        size_t folders = json_array_size (c.faults);
        if (c.wrong + folders > 0 && !inv_flag (inv, "in-process")) {
            rc = err_set (err, ERR_SYNTAX, "plugins with faults: %zu of %zu%s", c.wrong,
                          json_array_size (c.plugins),
                          folders > 0 ? "; a plugin directory has some too" : "");
            err_hint (err, "farrier-plugins(7) explains every code");
        }
    }
    json_decref (c.plugins);
    json_decref (c.faults);
    return rc;
}
