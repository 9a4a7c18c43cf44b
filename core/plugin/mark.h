/* mark: remembers, in a mapped file, which thread is inside which plugin, so that the next start
 * knows who brought the process down; and the quarantine that follows from it.
 *
 * Only a death by the plugin's own hand counts: a fatal signal raised on the thread that is inside
 * the callback, or exit() called there. A kill -9, a power cut or a fault elsewhere does not.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_MARK_H
#define FARRIER_PLUGIN_MARK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Deaths in a row that lead to quarantine. */
#define MARK_DEATHS_MAX 2

/* Reads what dead processes left in run_dir, updates the record in state_dir, makes this process's
 * own mark file and installs the handlers of fatal signals (they chain to the former ones). Once
 * per process; a second call does nothing. */
int32_t mark_start (const char *run_dir, const char *state_dir, struct err *err);
/* A clean end: deaths of plugins that worked meanwhile are forgotten. */
void mark_stop (void);

/* Around a call, on the calling thread. Without mark_start() they do nothing. Calls may nest: the
 * outermost counts. */
void mark_enter (const char *plugin, const char *what);
void mark_leave (void);

/* True when the plugin is quarantined; *ret_why then says what happened (heap). */
bool mark_quarantined (const char *state_dir, const char *plugin, char **ret_why);
/* The same for one that is not quarantined yet: a process died inside it, and it has not worked
 * without dying since. */
bool mark_died (const char *state_dir, const char *plugin, char **ret_why);
/* Did a process die inside the plugin whose mark file in run_dir nobody has read yet? */
bool mark_peek (const char *run_dir, const char *plugin, char **ret_why);
int32_t mark_release (const char *state_dir, const char *plugin, struct err *err);

#endif
