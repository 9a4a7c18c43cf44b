/* check: a workflow against what the plugins and the core can do. All findings at once, with
 * file:line. Also the table of the core's own actions.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_WORKFLOW_CHECK_H
#define FARRIER_WORKFLOW_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"
#include "farrier/plugin.h"
#include "workflow/workflow.h"

struct plugin_registry;

/* --- the core's own actions (action.c) ------------------------------------------------------- */

struct workflow_action {
    const char *name;                  /* "verify" */
    const char *help;                  /* one line */
    const char *result;                /* what `save` keeps, in words; NULL: nothing */
    /* false: comes with a later version, refused by the checker */
    bool implemented;
    /* power_restore, run: refused as a step of a read-only workflow */
    bool changes_host;
    /* wait, approve, window: the host lock is given back meanwhile */
    bool releases_lock;
    struct farrier_table params;       /* struct farrier_param; read with plugin_param_at() */
};

/* NULL when it is not one of the core's. */
const struct workflow_action *workflow_action_find (const char *name);
const struct workflow_action *workflow_action_at (size_t i);          /* NULL past the end */

/* --- lookup of plugins' ops ------------------------------------------------------------------ */

struct workflow_ops {
    void *arg;
    /* The i-th op of that name (plugin NULL: of any plugin, by plugin name); NULL when there are no
     * more. Borrowed. */
    const struct farrier_op *(*find) (void *arg, const char *plugin, const char *op, size_t i);
    /* Is a plugin of that name registered? */
    bool (*has_plugin) (void *arg, const char *plugin);
    /* Adds (const char *, borrowed) the names of all ops, or of all plugins: for "did you mean". */
    void (*op_names) (void *arg, struct vec *ret);
    void (*plugin_names) (void *arg, struct vec *ret);
    /* Why a plugin that is known cannot be used, or which one that cannot be used has the op (then
     * plugin is NULL): "plugin acme_bmc is failed: … (farrier plugin why acme_bmc)". Heap; NULL: no
     * such plugin. The member may be NULL. */
    char *(*why_not) (void *arg, const char *plugin, const char *op);
};

/* Fills in *ret for a registry of loaded plugins; ret->arg = r. */
void workflow_ops_of_registry (struct plugin_registry *r, struct workflow_ops *ret);

struct workflow_policy {
    /* a DESTRUCTIVE op needs an `approve` or `window` step ahead of it */
    bool destructive_needs_approval;
};

/* Adds findings: unknown action or plugin, parameters against the op's table, names in expressions,
 * save before use, unreachable phases, goto, policy. ops NULL: plugins' ops are not looked at (only
 * that the name is well-formed); policy NULL: none. Pure. */
void workflow_check (const struct workflow *w, const struct workflow_ops *ops,
                     const struct workflow_policy *policy, struct vec *findings);

/* Form and content of one text at once: what `workflow check FILE` does. Findings are sorted. */
void workflow_check_text (const char *text, size_t len, const char *file,
                          const struct workflow_ops *ops, const struct workflow_policy *policy,
                          struct vec *findings);

/* Can this workflow change a host? false when each of its actions is one of the core's reading ones
 * or an op that every plugin flags DRY_RUN_OK: such a job may run beside a changing one. */
bool workflow_changes_host (const struct workflow *w, const struct workflow_ops *ops);

#endif
