/* err: one failure, told so that a person can act: code, what happened (both values), next command.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_BASE_ERR_H
#define FARRIER_BASE_ERR_H

#include <stdarg.h>
#include <stdint.h>

#include "farrier/error.h"

/* Codes of the core itself, beside the closed list that plugins share (farrier/error.h,
 * -1 … -19). All codes are negative; 0 is success. */
enum err_code {
    ERR_NOT_FOUND = -101,      /* the named object does not exist            -> exit 3 */
    ERR_EXISTS = -102,         /* an object of that name is there already    -> exit 1 */
    ERR_USAGE = -103,          /* a wrong command line or request            -> exit 2 */
    ERR_SYNTAX = -104,         /* a file does not parse; message has file:line -> exit 2 */
    ERR_IO = -105,             /* the operating system said no (errno text in message) -> exit 1 */
    ERR_STORE_BUSY = -106,     /* another process holds the store            -> exit 9 */
    ERR_POLICY = -107,         /* refused by policy                          -> exit 6 */
    ERR_APPROVAL = -108,       /* needs a person's yes                       -> exit 7 */
    ERR_NOTHING = -109,        /* nothing to do                              -> exit 4 */
    ERR_PARTLY = -110,         /* some hosts failed                          -> exit 5 */
    ERR_CONFLICT = -111,       /* the object changed meanwhile               -> exit 1 */
};

/* Filled in by whoever fails first; callers above may add context in front with err_prefix().
 * A function that fails returns the (negative) code it set, and leaves its outputs untouched. */
struct err {
    int32_t code;
    char message[480];         /* what, which object, both values; no newline, no full stop */
    char hint[240];            /* the next command or setting; "" when there is none */
};

/* err may be NULL everywhere: the code alone is returned then. */
int32_t err_set (struct err *err, int32_t code, const char *fmt, ...)
    __attribute__ ((format (printf, 3, 4)));
int32_t err_set_errno (struct err *err, int32_t code, int errnum, const char *fmt, ...)
    __attribute__ ((format (printf, 4, 5)));      /* appends ": strerror" */
void err_hint (struct err *err, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));
void err_prefix (struct err *err, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));
void err_clear (struct err *err);
const char *err_code_name (int32_t code);         /* "TIMEOUT", "NOT_FOUND", "OK" for 0 */
int32_t err_code_from_name (const char *name);    /* 0 when unknown; case-insensitive */
int err_exit_status (int32_t code);               /* the CLI's exit code table (farrier(1)) */

#endif
