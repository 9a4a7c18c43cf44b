/* spawn_tool: inside farrier-spawn: the tool's process from fork to exec.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_SPAWN_TOOL_H
#define FARRIER_ENGINE_SPAWN_TOOL_H

#include <jansson.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* A tool that stands at its gate: forked, leader of its own session, not executed yet. */
struct spawn_tool {
    pid_t pid;
    int gate;                          /* one byte lets it go; closing it ends it */
    int exec_report;                   /* closed by a successful exec, else an errno */
    int out, err_out;                  /* read ends of its output */
};

/* The descriptor moved above those that a tool may be given, close-on-exec; -1 on failure. The
 * old one is closed. */
int spawn_high_fd (int fd);

void spawn_close_from (int first);

/* secrets: as spawn_start() encodes them. lock_fd stays open in the tool. The caller is alone in
 * its process (one thread) and has blocked all signals that it cares for. */
int32_t spawn_tool_fork (const char *dir, const json_t *spec, const struct buf *secrets,
                         int lock_fd, struct spawn_tool *ret, struct err *err);
/* Opens the gate. Returns 0 when the tool's program runs, else a code with the reason. */
int32_t spawn_tool_go (struct spawn_tool *tool, const char *program, struct err *err);

#endif
