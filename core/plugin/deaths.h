/* deaths: the record of processes that died inside a plugin (plugin-deaths.json in state_dir).
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_DEATHS_H
#define FARRIER_PLUGIN_DEATHS_H

#include "plugin/mark_file.h"

/* Counts a death of the plugin in whose call the process ended; forgets those of plugins that
 * finished calls in a process that did not die in them. Quarantine is never lifted here. */
void deaths_apply (const char *state_dir, const struct mark_file *left);

#endif
