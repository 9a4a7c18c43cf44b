/* spawn_dir: an attempt's directory: its names and documents, for both sides of spawn.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_SPAWN_DIR_H
#define FARRIER_ENGINE_SPAWN_DIR_H

#include <jansson.h>

#include "engine/spawn.h"

#define SPAWN_FILE_SPEC "spec.json"
#define SPAWN_FILE_STDIN "stdin"
#define SPAWN_FILE_LOCK "lock"
#define SPAWN_FILE_STARTED "started"
#define SPAWN_FILE_EXIT "exit"
#define SPAWN_FILE_CANCEL "cancel"

#define SPAWN_SECRETS_MAX (32 * 1024)  /* all of them: they must fit into a pipe */
#define SPAWN_FD_MAX 63                /* descriptors of our own are above */
#define SPAWN_EXEC_FAILED 127          /* exit status of a tool that could not be started */

/* A process that a later reader can tell from another one of the same pid. */
struct spawn_process {
    pid_t pid;
    int64_t start_ticks;               /* since boot, from /proc/PID/stat; 0 = unknown */
};

int64_t spawn_start_ticks (pid_t pid); /* 0 when no such process lives */
/* A pidfd of exactly that process; or -1: it has ended (errno ESRCH), or the kernel has no pidfds
 * (ENOSYS, before 5.3). */
int spawn_open_process (const struct spawn_process *process);
/* Signals exactly that process, or its group; false when it has ended. */
bool spawn_signal_process (const struct spawn_process *process, int signal_number, bool group);

/* The JSON object in dir/name; NULL (and success) when there is no such file. New reference. */
int32_t spawn_read_json (const char *dir, const char *name, json_t **ret, struct err *err);
/* Atomic; takes the object over. */
int32_t spawn_write_json (const char *dir, const char *name, json_t *object, struct err *err);
bool spawn_has (const char *dir, const char *name);

struct spawn_process spawn_process_of (const json_t *started, const char *who);

#endif
