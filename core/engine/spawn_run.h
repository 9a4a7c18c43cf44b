/* spawn_run: what the program farrier-spawn does.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_SPAWN_RUN_H
#define FARRIER_ENGINE_SPAWN_RUN_H

/* Runs the tool of an attempt's directory: secrets come on descriptor 0, the report ("ok", or a
 * code and a message) goes to 1. Returns the exit status of the calling process, which leaves a
 * supervisor behind. The caller has one thread. */
int spawn_run (const char *dir);

#endif
