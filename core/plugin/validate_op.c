/* validate_op: judges a plugin's ops and parameter tables.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "plugin/params.h"
#include "plugin/validate.h"

#define PARAM_NAME_MAX 64
#define OP_NAME_MAX 96

#define KNOWN_OP_FLAGS                                                                     \
    (FARRIER_OP_IDEMPOTENT | FARRIER_OP_DESTRUCTIVE | FARRIER_OP_NEEDS_IMAGE               \
     | FARRIER_OP_NEEDS_BMC | FARRIER_OP_NEEDS_HOST_OS | FARRIER_OP_CANCELLABLE            \
     | FARRIER_OP_DRY_RUN_OK | FARRIER_OP_NEEDS_COMPONENT)
#define KNOWN_PARAM_FLAGS                                                                  \
    (FARRIER_PARAM_REQUIRED | FARRIER_PARAM_SECRET | FARRIER_PARAM_RELOADABLE)

const char *const plugin_standard_ops[] = {
    "identify",       "inventory",       "ready",        "health",        "firmware.stage",
    "firmware.install", "firmware.activate", "firmware.rollback", "config.export",
    "config.import",  "bios.get",        "bios.set",     "power.get",     "power.set",
    "bmc.reset",      "jobs.list",       "jobs.clear",   NULL,
};

bool
plugin_is_standard_op (const char *op)
{
    for (size_t i = 0; plugin_standard_ops[i] != NULL; i++)
        if (str_eq (op, plugin_standard_ops[i]))
            return true;
    return false;
}

/* --- params --------------------------------------------------------------------------------- */

static void
check_default (const struct farrier_param *p, const char *where, struct fault_list *faults)
{
    struct err err = { 0 };
    json_t *value = params_default (p, &err);
    json_t *converted = value == NULL ? NULL : params_convert (p, value, &err);
    if (p->default_value != NULL && converted == NULL)
        fault_add (faults, PLUGIN_FAULT_PARAM, "%s: the default of '%s' is wrong: %s", where,
                   p->name, err.message);
    json_decref (value);
    json_decref (converted);
}

static void
check_param (const struct farrier_param *p, const char *where, struct fault_list *faults)
{
    if (p->type > FARRIER_PARAM_JSON) {
        fault_add (faults, PLUGIN_FAULT_PARAM, "%s: '%s' has type %u, this farrier knows 0 to %d",
                   where, p->name, p->type, FARRIER_PARAM_JSON);
        return;
    }
    if ((p->flags & ~(uint32_t) KNOWN_PARAM_FLAGS) != 0)
        fault_add (faults, PLUGIN_FAULT_PARAM, "%s: '%s' has unknown flags 0x%x", where, p->name,
                   p->flags & ~(uint32_t) KNOWN_PARAM_FLAGS);
    if (p->min > p->max)
        fault_add (faults, PLUGIN_FAULT_PARAM,
                   "%s: '%s' has min %" PRId64 " above max %" PRId64, where, p->name, p->min,
                   p->max);
    if (p->type == FARRIER_PARAM_ENUM && str_empty (p->enum_values))
        fault_add (faults, PLUGIN_FAULT_PARAM, "%s: '%s' is an enum without values", where,
                   p->name);
    if (str_empty (p->help))
        fault_add (faults, PLUGIN_FAULT_PARAM, "%s: '%s' has no help", where, p->name);
    check_default (p, where, faults);
}

void
validate_params (const struct farrier_table *table, const char *where, struct fault_list *faults)
{
    if (!validate_table (table, VALIDATE_PARAM_MIN, where, faults))
        return;
    struct farrier_param p, other;
    for (size_t i = 0; plugin_param_at (table, i, &p); i++) {
        if (!params_name_valid (p.name, PARAM_NAME_MAX)) {
            fault_add (faults, PLUGIN_FAULT_PARAM,
                       "%s[%zu]: the name '%.64s' must match [a-z][a-z0-9_]*", where, i,
                       p.name == NULL ? "(none)" : p.name);
            continue;
        }
        for (size_t j = 0; j < i; j++)
            if (plugin_param_at (table, j, &other) && str_eq (other.name, p.name))
                fault_add (faults, PLUGIN_FAULT_PARAM, "%s: '%s' is there twice", where, p.name);
        check_param (&p, where, faults);
    }
}

static void
check_results (const struct farrier_table *table, const char *where, struct fault_list *faults)
{
    if (!validate_table (table, VALIDATE_RESULT_MIN, where, faults))
        return;
    struct farrier_result_desc r;
    for (size_t i = 0; plugin_result_at (table, i, &r); i++)
        if (!params_name_valid (r.name, PARAM_NAME_MAX) || r.type > FARRIER_PARAM_JSON)
            fault_add (faults, PLUGIN_FAULT_PARAM, "%s[%zu]: '%.64s' of type %u is not a result",
                       where, i, r.name == NULL ? "(none)" : r.name, r.type);
}

/* --- ops ------------------------------------------------------------------------------------ */

/* A standard name, or "<plugin>.<word>". */
static bool
op_name_valid (const char *name, const char *plugin)
{
    if (name == NULL || strlen (name) > OP_NAME_MAX)
        return false;
    if (plugin_is_standard_op (name))
        return true;
    size_t len = plugin == NULL ? 0 : strlen (plugin);
    return len > 0 && strncmp (name, plugin, len) == 0 && name[len] == '.'
           && params_name_valid (name + len + 1, PARAM_NAME_MAX);
}

static void
check_callbacks (const struct farrier_op *op, struct fault_list *faults)
{
    if (op->start == NULL)
        fault_add (faults, PLUGIN_FAULT_OP_CALLBACK, "op %s has no start", op->name);
    if ((op->flags & FARRIER_OP_CANCELLABLE) != 0 && op->cancel == NULL)
        fault_add (faults, PLUGIN_FAULT_OP_CALLBACK, "op %s is CANCELLABLE, but has no cancel",
                   op->name);
    if ((op->flags & FARRIER_OP_IDEMPOTENT) == 0 && op->reconcile == NULL) {
        fault_add (faults, PLUGIN_FAULT_OP_CALLBACK,
                   "op %s is not IDEMPOTENT, but has no reconcile", op->name);
        fault_hint (faults, "write a reconcile callback, or set IDEMPOTENT when running it twice "
                            "does no harm");
    }
}

static void
check_flags (const struct farrier_op *op, struct fault_list *faults)
{
    if ((op->flags & ~(uint32_t) KNOWN_OP_FLAGS) != 0)
        fault_add (faults, PLUGIN_FAULT_OP_FLAGS, "op %s has flags 0x%x, this farrier knows 0x%x",
                   op->name, op->flags, (unsigned) KNOWN_OP_FLAGS);
    if ((op->flags & FARRIER_OP_DESTRUCTIVE) != 0 && (op->flags & FARRIER_OP_DRY_RUN_OK) != 0)
        fault_add (faults, PLUGIN_FAULT_OP_FLAGS, "op %s is DESTRUCTIVE and DRY_RUN_OK at once",
                   op->name);
    if (op->version == 0)
        fault_add (faults, PLUGIN_FAULT_OP_FLAGS, "op %s has version 0, must be 1 or more",
                   op->name);
    if (str_empty (op->help))
        fault_add (faults, PLUGIN_FAULT_OP_FLAGS, "op %s has no help", op->name);
}

static void
check_timing (const struct farrier_op *op, struct fault_list *faults)
{
    if (op->poll_min_ms != 0 && op->poll_max_ms != 0 && op->poll_min_ms > op->poll_max_ms)
        fault_add (faults, PLUGIN_FAULT_OP_TIMING,
                   "op %s has poll_min_ms %u above poll_max_ms %u", op->name, op->poll_min_ms,
                   op->poll_max_ms);
    if (op->step_ms != 0 && op->op_ms != 0 && op->step_ms > op->op_ms)
        fault_add (faults, PLUGIN_FAULT_OP_TIMING, "op %s has step_ms %u above op_ms %u", op->name,
                   op->step_ms, op->op_ms);
}

static void
check_op (const struct validated *v, size_t i, struct fault_list *faults)
{
    const struct farrier_op *op = &v->ops[i];
    if (!op_name_valid (op->name, v->def.name)) {
        fault_add (faults, PLUGIN_FAULT_OP_NAME,
                   "op %zu is called '%.64s', must be a standard name or %s.WORD", i,
                   op->name == NULL ? "(none)" : op->name,
                   v->def.name == NULL ? "PLUGIN" : v->def.name);
        return;
    }
    for (size_t j = 0; j < i; j++)
        if (str_eq (v->ops[j].name, op->name))
            fault_add (faults, PLUGIN_FAULT_OP_DUPLICATE, "op %s is there twice (%zu and %zu)",
                       op->name, j, i);
    check_flags (op, faults);
    check_timing (op, faults);
    check_callbacks (op, faults);
    char *where = str_printf ("op %s params", op->name);
    validate_params (&op->params, where, faults);
    mem_free (where);
    where = str_printf ("op %s results", op->name);
    check_results (&op->results, where, faults);
    mem_free (where);
}

void
validate_ops (struct validated *v, struct fault_list *faults)
{
    const struct farrier_table *table = &v->def.ops;
    if (table->count == 0 && v->def.formats == NULL) {
        fault_add (faults, PLUGIN_FAULT_OP_NAME, "the plugin has neither ops nor formats");
        return;
    }
    if (!validate_table (table, VALIDATE_OP_MIN, "ops", faults))
        return;
    v->ops = mem_array (table->count, sizeof *v->ops);
    v->op_count = table->count;
    for (size_t i = 0; i < table->count; i++)
        params_table_copy (table, i, &v->ops[i], sizeof v->ops[i]);
    for (size_t i = 0; i < table->count; i++)
        check_op (v, i, faults);
}
