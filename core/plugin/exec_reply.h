/* exec_reply: what an executable plugin wrote to its standard output, judged. Pure.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_EXEC_REPLY_H
#define FARRIER_PLUGIN_EXEC_REPLY_H

#include <jansson.h>

#include "base/err.h"
#include "plugin/plugin.h"

#define EXEC_REPLY_MAX (256u << 10)
/* Of the state as JSON text: the op's bag holds 16 KiB, with what the bridge notes itself. */
#define EXEC_STATE_MAX (12u << 10)

struct exec_reply {
    json_t *doc;                       /* checked; free with exec_reply_clear() */
    /* enum farrier_result, or a negative enum farrier_error_code for "failed" */
    int32_t result;
};

/* 0, or PLUGIN_BUG with one sentence; then *ret holds nothing. */
int32_t exec_reply_parse (const char *text, size_t len, enum plugin_callback which,
                          struct exec_reply *ret, struct err *err);
void exec_reply_clear (struct exec_reply *reply);

/* What an exit status other than 0 stands for (a negative enum farrier_error_code); *ret_meaning:
 * its name and sense for a message. -signal is a death by signal. */
int32_t exec_reply_exit_code (int32_t exit_status, const char **ret_meaning);

/* enum farrier_component_type, enum farrier_reboot, enum farrier_rung by their names; -1. */
int exec_reply_component_type (const char *name);
const char *exec_reply_component_type_name (unsigned type);
int exec_reply_reboot (const char *name);
const char *exec_reply_reboot_name (unsigned kind);
int exec_reply_rung (const char *name);
/* enum farrier_task_meaning, farrier_part_kind, farrier_proof; -1. */
int exec_reply_task_meaning (const char *name);
int exec_reply_part_kind (const char *name);
int exec_reply_proof (const char *name);

#endif
