/* log: lines to stderr or journald, with the job and host they belong to, and without secrets.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_BASE_LOG_H
#define FARRIER_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* The context of this thread: attached to each line; NULLs are left out. The strings must outlive
 * the scope. */
struct log_context {
    const char *job, *host, *op;
};

/* Default WARN for the CLI, INFO for farrierd; FARRIER_LOG overrides. */
void log_set_level (enum log_level level);
bool log_level_from_name (const char *name, enum log_level *ret);
void log_set_json (bool json);                    /* one JSON object a line instead of text */
void log_set_context (const struct log_context *ctx);   /* thread-local copy; NULL clears */
void log_write (enum log_level level, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));
void log_vwrite (enum log_level level, const char *fmt, va_list ap)
    __attribute__ ((format (printf, 2, 0)));
#define log_debug(...) log_write (LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_write (LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...) log_write (LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_write (LOG_LEVEL_ERROR, __VA_ARGS__)

/* Every occurrence of secret in a line is replaced by "[redacted]". Reference-counted by value;
 * secrets under 4 bytes are not registered. */
void log_secret_add (const char *secret);
void log_secret_remove (const char *secret);
char *log_redact (const char *text);              /* heap */

#endif
