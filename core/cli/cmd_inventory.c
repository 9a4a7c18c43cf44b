/* cmd_inventory: farrier inventory.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>

#include "base/clock.h"
#include "cli/cmd.h"
#include "cli/follow.h"

int32_t
cmd_inventory_refresh (struct invocation *inv, struct err *err)
{
    return follow_start (inv, "inventory.refresh", cmd_selector (inv, 0), err);
}

static int32_t
show_pivot (struct invocation *inv, const json_t *rows)
{
    size_t i;
    json_t *v;
    struct table *t = table_new (inv->wide);
    table_column (t, "TYPE", 0);
    table_column (t, "NAME", TABLE_TRUNC);
    table_column (t, "VERSION", TABLE_TRUNC);
    table_column (t, "HOSTS", TABLE_RIGHT);
    json_array_foreach ((json_t *) rows, i, v) {
        table_row (t);
        table_cell (t, json_str (v, "/type"));
        table_cell (t, json_str (v, "/name"));
        table_cell (t, json_str (v, "/version"));
        table_cellf (t, "%lld", json_int_or (v, "/hosts", 0));
    }
    table_print (t, "no components");
    return 0;
}

static void
component_table (const struct invocation *inv, const json_t *rows, bool with_host)
{
    size_t i;
    json_t *v;
    struct table *t = table_new (inv->wide);
    table_column (t, "HOST", with_host ? 0 : TABLE_WIDE);
    table_column (t, "TYPE", 0);
    table_column (t, "NAME", TABLE_TRUNC);
    table_column (t, "VERSION", TABLE_TRUNC);
    table_column (t, "PENDING", 0);
    table_column (t, "PREVIOUS", TABLE_WIDE);
    table_column (t, "SLOT", TABLE_WIDE);
    table_column (t, "UPDATEABLE", 0);
    table_column (t, "STATUS", TABLE_WIDE);
    table_column (t, "KEY", TABLE_TRUNC | TABLE_WIDE);
    table_column (t, "URI", TABLE_TRUNC | TABLE_WIDE);
    json_array_foreach ((json_t *) rows, i, v) {
        const json_t *updateable = json_object_get (v, "updateable");
        table_row (t);
        table_cell (t, json_str (v, "/host"));
        table_cell (t, json_str (v, "/type"));
        table_cell (t, json_str (v, "/name"));
        table_cell (t, json_str (v, "/version"));
        table_cell (t, json_str (v, "/pending"));
        table_cell (t, json_str (v, "/previous"));
        table_cell (t, json_str (v, "/slot"));
        table_cell (t, json_is_true (updateable) ? "yes" : json_is_false (updateable) ? "no" : "-");
        table_cell (t, json_str (v, "/status"));
        table_cell (t, json_str (v, "/key"));
        table_cell (t, json_str (v, "/uri"));
    }
    table_print (t, "no components");
}

int32_t
cmd_inventory_list (struct invocation *inv, struct err *err)
{
    json_t *reply = NULL, *request = cmd_selector (inv, 0);
    bool pivot = inv_flag (inv, "pivot");
    cmd_put_option (inv, request, "type", "type");
    cmd_put_option (inv, request, "name", "name");
    cmd_put_option (inv, request, "version", "version");
    if (pivot)
        json_put_bool (request, "pivot", true);
    int32_t rc = cmd_call (inv, "inventory.list", request, &reply, err);
    if (rc < 0)
        return rc;
    const json_t *rows = json_object_get (reply, pivot ? "pivot" : "components");
    if (!output_document (inv, rows)) {
        if (pivot)
            show_pivot (inv, rows);
        else
            component_table (inv, rows, true);
    }
    json_decref (reply);
    return 0;
}

int32_t
cmd_inventory_show (struct invocation *inv, struct err *err)
{
    json_t *v = NULL, *request = json_object ();
    json_put_str (request, "name", inv_arg (inv, 0));
    int32_t rc = cmd_call (inv, "inventory.show", request, &v, err);
    if (rc < 0)
        return rc;
    if (!output_document (inv, v)) {
        char *ago = output_ago (json_int_or (v, "/last_inventory_ms", 0));
        char *vendor = output_clean (json_str_or (v, "/facts/vendor", "?"));
        char *model = output_clean (json_str_or (v, "/facts/model", "?"));
        printf ("%s: %s %s, read %s\n", json_str_or (v, "/host", "?"), vendor, model, ago);
        component_table (inv, json_object_get (v, "components"), false);
        mem_free (ago);
        mem_free (vendor);
        mem_free (model);
    }
    json_decref (v);
    return 0;
}

/* "2026-01-31T12:00:00Z", or an age: "7d". */
static int32_t
put_time (const struct invocation *inv, const char *option, json_t *request, const char *member,
          struct err *err)
{
    const char *text = inv_option (inv, option);
    int64_t ms = 0;
    if (text == NULL)
        return 0;
    if (duration_parse (text, &ms))
        ms = clock_wall_ms () - ms;
    else if (!clock_parse_iso8601 (text, &ms))
        return err_set (err, ERR_USAGE, "--%s \"%.60s\" is neither a time "
                        "(2026-01-31T12:00:00Z) nor an age (7d)", option, text);
    json_put_int (request, member, ms);
    return 0;
}

int32_t
cmd_inventory_diff (struct invocation *inv, struct err *err)
{
    json_t *reply = NULL, *request = json_object (), *v;
    size_t i;
    json_put_str (request, "name", inv_arg (inv, 0));
    if (inv_arg (inv, 1) != NULL)
        json_put_str (request, "other", inv_arg (inv, 1));
    int32_t rc = put_time (inv, "from", request, "from_ms", err);
    if (rc == 0)
        rc = put_time (inv, "to", request, "to_ms", err);
    if (rc == 0 && inv_arg (inv, 1) == NULL && inv_option (inv, "from") == NULL) {
        rc = err_set (err, ERR_USAGE, "compare with what? --from TIME, or another host");
        err_hint (err, "%s", inv->command->example);
    }
    if (rc < 0) {
        json_decref (request);
        return rc;
    }
    rc = cmd_call (inv, "inventory.diff", request, &reply, err);
    if (rc < 0)
        return rc;
    const json_t *rows = json_object_get (reply, "diff");
    if (!output_document (inv, rows)) {
        struct table *t = table_new (inv->wide);
        table_column (t, "CHANGE", 0);
        table_column (t, "TYPE", 0);
        table_column (t, "NAME", TABLE_TRUNC);
        table_column (t, "FROM", 0);
        table_column (t, "TO", 0);
        table_column (t, "KEY", TABLE_WIDE);
        json_array_foreach ((json_t *) rows, i, v) {
            static const char *const members[] = { "/change", "/type", "/name", "/from", "/to",
                                                   "/key" };
            table_row (t);
            for (size_t k = 0; k < 6; k++)
                table_cell (t, json_str (v, members[k]));
        }
        table_print (t, "no difference");
    }
    json_decref (reply);
    return 0;
}

int32_t
cmd_inventory_history (struct invocation *inv, struct err *err)
{
    json_t *reply = NULL, *request = json_object (), *v;
    size_t i;
    long long limit = 0;
    json_put_str (request, "name", inv_arg (inv, 0));
    cmd_put_option (inv, request, "component", "component");
    int32_t rc = cmd_count (inv, "limit", &limit, err);
    json_put_int (request, "limit", limit);
    if (rc < 0) {
        json_decref (request);
        return rc;
    }
    rc = cmd_call (inv, "inventory.history", request, &reply, err);
    if (rc < 0)
        return rc;
    const json_t *rows = json_object_get (reply, "history");
    if (!output_document (inv, rows)) {
        struct table *t = table_new (inv->wide);
        table_column (t, "WHEN", 0);
        table_column (t, "TYPE", 0);
        table_column (t, "NAME", TABLE_TRUNC);
        table_column (t, "CHANGE", 0);
        table_column (t, "FROM", 0);
        table_column (t, "TO", 0);
        table_column (t, "CAUSE", TABLE_TRUNC);
        json_array_foreach ((json_t *) rows, i, v) {
            char *when = output_time (json_int_or (v, "/at_ms", 0));
            table_row (t);
            table_cell (t, when);
            table_cell (t, json_str (v, "/type"));
            table_cell (t, json_str (v, "/name"));
            table_cell (t, json_str (v, "/change"));
            table_cell (t, json_str (v, "/from"));
            table_cell (t, json_str (v, "/to"));
            table_cell (t, json_str (v, "/cause"));
            mem_free (when);
        }
        table_print (t, "no history yet");
    }
    json_decref (reply);
    return 0;
}
