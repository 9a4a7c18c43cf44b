/* built_in: the plugins of a monolithic build (configure --enable-monolithic): the same sources,
 * linked into farrier and farrierd, so that fuzzers, sanitizers and debuggers see one program.
 *
 * Each plugin is compiled with its entry symbol renamed to farrier_plugin_entry_1_NAME; configure
 * lists the names in config.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "config.h"
#include "plugin/plugin.h"

#define DECLARE(name) const struct farrier_plugin *farrier_plugin_entry_1_##name (void);
#define ROW(name) { #name, farrier_plugin_entry_1_##name },

FARRIER_BUILT_INS (DECLARE)

const struct plugin_built_in plugin_built_ins[] = { FARRIER_BUILT_INS (ROW) { NULL, NULL } };
