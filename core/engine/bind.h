/* bind: which plugin serves a host. An operator's bindings count; without any, the host is looked
 * at once (service root, then system and manager) and the best match is written down.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_BIND_H
#define FARRIER_ENGINE_BIND_H

#include "engine/turn.h"

/* The op for an action: the core's own, the named plugin's, or that of the first binding that has
 * it and serves the component's type. UNSUPPORTED with the plugins that were asked. */
int32_t bind_op (struct turn *t, const char *plugin, const char *op, const char *component,
                 const struct plugin_op **ret, struct err *err);
/* Does this step need a plugin, and the host has none? */
bool bind_needed (struct turn *t, const struct workflow_decision *d);
/* Runs the core's action `bind` first; the step comes when it is done. */
int32_t bind_begin (struct turn *t);

#endif
