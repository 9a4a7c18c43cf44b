/* judge: has a plugin judged by another process, which may die of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CLI_JUDGE_H
#define FARRIER_CLI_JUDGE_H

#include <jansson.h>

#include "base/err.h"

/* Runs `farrier plugin check --in-process FILE` and takes its verdict (as plugin.check gives it).
 * A process that dies or hangs is a verdict too: the fault plugin-crashed. New reference. */
int32_t judge_apart (const char *file, json_t **ret, struct err *err);

/* While vendor code runs, what it prints must not end up in this command's output: stdout goes to
 * stderr meanwhile. */
struct judge_stdout {
    int fd;
};

void judge_stdout_hide (struct judge_stdout *kept);
void judge_stdout_restore (struct judge_stdout *kept);

#endif
