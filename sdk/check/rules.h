/* rules: catches a plugin that breaks a rule of farrier/host.h, in the process that runs one case.
 * Whoever is caught does not come back: the report is written and the process ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CHECK_RULES_H
#define FARRIER_CHECK_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "bench.h"

#define RULES_STACK_BYTES 65536
#define RULES_EXIT 9                   /* of a process that was caught */

/* Before the plugin is loaded. report_fd gets "!R8 what happened\n". False with *ret_why when the
 * kernel does not let us filter (R8, R9 and R10 are then seen only where the plugin itself calls
 * the C library). */
bool rules_begin (int report_fd, uint32_t limit_s, const char **ret_why);
/* The hooks for a test's watch; note is what runs ("firmware.install, crash at 3"). */
void rules_watch (struct farrier_test *t);
void rules_note (const char *text);
/* Ends the process. rule: "R8", or "" for what no rule names. */
void rules_fail (const char *rule, const char *fmt, ...)
    __attribute__ ((format (printf, 2, 3), noreturn));
/* Descriptors and threads that were not there at rules_begin(). Fails when there are. */
void rules_look_for_leaks (void);

/* rules_got.c: replaces what the object of dlopen() calls. Returns how many calls were found. */
int rules_patch (void *object);
int rules_locks_held (void);
/* rules_state.c: the process as it was, and whether it still is. */
void rules_remember (void);
void rules_compare (void);
/* The file that stands for standard output and error. */
void rules_take_output (void);

#endif
