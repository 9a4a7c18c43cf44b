/* plan_text: see plan_text.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "cli/plan_text.h"

#include <stdio.h>

#include "base/clock.h"
#include "cli/cmd.h"

static void
step_row (struct table *t, const char *host, size_t batch, const json_t *step)
{
    long long p50 = json_int_or (step, "/expected_ms/p50", 0);
    char *took = p50 > 0 ? duration_format (p50) : NULL;
    table_row (t);
    table_cell (t, host);
    table_cellf (t, "%zu", batch + 1);
    table_cell (t, json_str_or (step, "/name", json_str (step, "/component")));
    table_cell (t, json_str (step, "/type"));
    table_cell (t, json_str (step, "/from"));
    table_cell (t, json_str (step, "/to"));
    table_cell (t, json_str (step, "/reboot"));
    table_cell (t, json_str (step, "/risk"));
    table_cell (t, json_bool_or (step, "/rollback_ready", false) ? "yes" : "no");
    table_cell (t, took);
    table_cell (t, json_str (step, "/why"));
    mem_free (took);
}

static void
steps_table (const struct invocation *inv, const json_t *hosts)
{
    size_t i, b, s;
    json_t *host, *batch, *step;
    struct table *t = table_new (inv->wide);
    table_column (t, "HOST", 0);
    table_column (t, "BATCH", TABLE_RIGHT);
    table_column (t, "COMPONENT", 0);
    table_column (t, "TYPE", TABLE_WIDE);
    table_column (t, "FROM", 0);
    table_column (t, "TO", 0);
    table_column (t, "REBOOT", 0);
    table_column (t, "RISK", TABLE_WIDE);
    table_column (t, "ROLLBACK", TABLE_WIDE);
    table_column (t, "TAKES", TABLE_RIGHT | TABLE_WIDE);
    table_column (t, "WHY", TABLE_TRUNC);
    json_array_foreach ((json_t *) hosts, i, host) {
        json_array_foreach (json_object_get (host, "batches"), b, batch) {
            json_array_foreach (json_object_get (batch, "steps"), s, step)
                step_row (t, json_str_or (host, "/name", json_str (host, "/host")), b, step);
        }
    }
    table_print (t, NULL);
}

static void
other_hosts (const struct invocation *inv, const json_t *hosts)
{
    size_t i;
    json_t *host;
    struct table *t = table_new (inv->wide);
    table_column (t, "HOST", 0);
    table_column (t, "STATUS", TABLE_STATE);
    table_column (t, "REASON", TABLE_TRUNC);
    json_array_foreach ((json_t *) hosts, i, host) {
        const char *reason = json_str (host, "/reason");
        bool changes = json_array_size (json_object_get (host, "batches")) > 0;
        if (changes && reason == NULL)
            continue;
        table_row (t);
        table_cell (t, json_str_or (host, "/name", json_str (host, "/host")));
        table_cell (t, changes ? "update" : json_str_or (host, "/outcome", "noop"));
        table_cell (t, reason);
    }
    if (table_rows (t) > 0 && json_array_size (hosts) > 0)
        putchar ('\n');
    table_print (t, NULL);
}

char *
plan_sum (const json_t *plan)
{
    const json_t *t = json_object_get (plan, "totals");
    struct buf text = { 0 };
    buf_printf (&text, "%lld of %lld hosts change: %lld steps in %lld batches, %lld host reboots, "
                "%lld BMC resets", json_int_or (t, "/hosts_to_change", 0),
                json_int_or (t, "/hosts", 0), json_int_or (t, "/steps", 0),
                json_int_or (t, "/batches", 0), json_int_or (t, "/host_reboots", 0),
                json_int_or (t, "/bmc_resets", 0));
    long long blocked = json_int_or (t, "/hosts_blocked", 0);
    long long unsolved = json_int_or (t, "/hosts_no_solution", 0);
    if (blocked > 0)
        buf_printf (&text, "; %lld blocked", blocked);
    if (unsolved > 0)
        buf_printf (&text, "; %lld without a solution", unsolved);
    return buf_steal (&text);
}

void
plan_print (const struct invocation *inv, const json_t *reply)
{
    const json_t *plan = json_object_get (reply, "plan");
    const json_t *hosts = json_object_get (plan, "hosts");
    const char *id = json_str (reply, "/id");
    char *sum = plan_sum (plan);
    steps_table (inv, hosts);
    other_hosts (inv, hosts);
    printf ("\n%s%s%s\n", id != NULL ? id : "", id != NULL ? ": " : "", sum);
    mem_free (sum);
}
