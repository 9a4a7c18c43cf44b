/* lock: a file that one process holds for its life, with its pid inside.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_STORE_LOCK_H
#define FARRIER_STORE_LOCK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* Creates the file (0600) if need be. *ret_held = false and success when another process holds it;
 * *ret_pid is then its pid (0 when the file does not tell). The lock ends with the descriptor. */
int32_t lock_take (const char *path, int *ret_fd, bool *ret_held, pid_t *ret_pid, struct err *err);
/* The pid of the holder; 0 when nobody holds it. Takes no lock, not for a moment. */
pid_t lock_holder (const char *path);

#endif
