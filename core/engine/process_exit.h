/* process_exit: what the plugin said that a tool's exit status means.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_PROCESS_EXIT_H
#define FARRIER_ENGINE_PROCESS_EXIT_H

#include <jansson.h>
#include <stdint.h>

/* The code that fits in "exits" of the await's spec; FARRIER_OK when none does. exit_status: the
 * tool's, or -signal. */
int32_t process_exit_code (const json_t *spec, int exit_status);

#endif
