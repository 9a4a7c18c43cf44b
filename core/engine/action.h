/* action: the core's own actions, as ops without a plugin around them: same journal, same rules.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_ACTION_H
#define FARRIER_ENGINE_ACTION_H

#include <jansson.h>

#include "base/err.h"
#include "plugin/plugin.h"

/* NULL when there is none of that name. */
const struct plugin_op *action_op (const char *name);

/* power_restore becomes the plugin's power.set with the state that the job found at its beginning.
 * ERR_NOTHING when that is not known or did not change. *params is replaced. */
int32_t action_power_restore (const json_t *context, const char **ret_op, json_t **params,
                              struct err *err);

/* The callbacks by file. */
farrier_callback action_bind_start, action_bind_poll;                    /* bind.c */
farrier_callback action_plan_start, action_verify_start;                 /* action_plan.c */
farrier_callback action_run_start, action_run_poll, action_run_reconcile;        /* action_site.c */
farrier_callback action_http_start, action_http_poll, action_http_reconcile;
farrier_callback action_notify_start;

#endif
