/* log: see log.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"

#define SECRET_MIN 4
#define REDACTED "[redacted]"

struct secret {
    char *text;
    size_t len, users;
};

static struct {
    pthread_mutex_t lock;
    pthread_once_t once;
    enum log_level level;
    bool json;
    bool journald;
    bool level_from_environment;
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT, .level = LOG_LEVEL_WARN };

static struct {
    pthread_rwlock_t lock;
    struct vec list;           /* of struct secret, longest first: one may contain another */
} secrets = { .lock = PTHREAD_RWLOCK_INITIALIZER };

static _Thread_local struct log_context context;

static const struct {
    const char *name;
    const char *journald;      /* sd-daemon(3) priority prefix */
} levels[] = {
    [LOG_LEVEL_DEBUG] = { "debug", "<7>" },
    [LOG_LEVEL_INFO] = { "info", "<6>" },
    [LOG_LEVEL_WARN] = { "warn", "<4>" },
    [LOG_LEVEL_ERROR] = { "error", "<3>" },
};

bool
log_level_from_name (const char *name, enum log_level *ret)
{
    for (size_t i = 0; i < sizeof (levels) / sizeof (levels[0]); i++) {
        if (str_case_eq (name, levels[i].name)) {
            *ret = (enum log_level) i;
            return true;
        }
    }
    return false;
}

/* Does systemd's journal read standard error? The variable is inherited, by everything in the
 * terminal of a desktop for instance: only a match with the descriptor counts (systemd.exec(5)). */
static bool
goes_to_journald (void)
{
    const char *told = getenv ("JOURNAL_STREAM");
    char real[64];
    struct stat st;

    if (str_empty (told) || fstat (STDERR_FILENO, &st) != 0) {
        return false;
    }
    str_format (real, sizeof (real), "%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
    return str_eq (told, real);
}

/* FARRIER_LOG wins over log_set_level(). */
static void
read_environment (void)
{
    const char *wanted = getenv ("FARRIER_LOG");
    enum log_level level;

    state.journald = goes_to_journald ();
    if (str_empty (wanted)) {
        return;
    }
    if (log_level_from_name (wanted, &level)) {
        state.level = level;
        state.level_from_environment = true;
    } else {
        fprintf (stderr, "farrier: FARRIER_LOG=%s is not a level: debug, info, warn or error\n",
                 wanted);
    }
}

void
log_set_level (enum log_level level)
{
    pthread_once (&state.once, read_environment);
    pthread_mutex_lock (&state.lock);
    if (!state.level_from_environment) {
        state.level = level;
    }
    pthread_mutex_unlock (&state.lock);
}

void
log_set_json (bool json)
{
    pthread_mutex_lock (&state.lock);
    state.json = json;
    pthread_mutex_unlock (&state.lock);
}

void
log_set_context (const struct log_context *ctx)
{
    context = ctx == NULL ? (struct log_context) { 0 } : *ctx;
}

static void
add_context (struct buf *b, const char *key, const char *value)
{
    if (!str_empty (value)) {
        buf_printf (b, "%s%s=%s", b->len == 0 ? "" : " ", key, value);
    }
}

/* A line is one line: what a BMC answered must not forge a second one. */
static void
one_line (char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char) *text;

        if (c < 0x20 || c == 0x7f) {
            *text = ' ';
        }
    }
}

static char *
text_line (enum log_level level, bool journald, const char *message)
{
    struct buf where = { 0 };
    char *line;

    add_context (&where, "job", context.job);
    add_context (&where, "host", context.host);
    add_context (&where, "op", context.op);
    if (journald) {            /* journald keeps the time itself */
        line = str_printf ("%s%s%s%s%s\n", levels[level].journald, message,
                           where.len > 0 ? " [" : "", where.len > 0 ? where.data : "",
                           where.len > 0 ? "]" : "");
    } else {
        char *when = clock_iso8601 (clock_wall_ms ());

        line = str_printf ("%s %-5s %s%s%s%s\n", when, levels[level].name, message,
                           where.len > 0 ? " [" : "", where.len > 0 ? where.data : "",
                           where.len > 0 ? "]" : "");
        mem_free (when);
    }
    buf_free (&where);
    return line;
}

static char *
json_line (enum log_level level, bool journald, const char *message)
{
    char *when = clock_iso8601 (clock_wall_ms ()), *text, *line;
    json_t *o = json_object ();

    json_put_str (o, "time", when);
    json_put_str (o, "level", levels[level].name);
    json_put_str (o, "message", message);
    if (context.job != NULL) {
        json_put_str (o, "job", context.job);
    }
    if (context.host != NULL) {
        json_put_str (o, "host", context.host);
    }
    if (context.op != NULL) {
        json_put_str (o, "op", context.op);
    }
    text = json_text (o);
    line = str_printf ("%s%s\n", journald ? levels[level].journald : "", text);
    json_decref (o);
    mem_free (text);
    mem_free (when);
    return line;
}

void
log_vwrite (enum log_level level, const char *fmt, va_list ap)
{
    int kept = errno;
    bool json, journald, wanted;
    char *raw, *message, *line;

    pthread_once (&state.once, read_environment);
    pthread_mutex_lock (&state.lock);
    wanted = level >= state.level;
    json = state.json;
    journald = state.journald;
    pthread_mutex_unlock (&state.lock);
    if (!wanted) {
        return;
    }
    raw = str_vprintf (fmt, ap);
    message = log_redact (raw);
    one_line (message);
    line = json ? json_line (level, journald, message) : text_line (level, journald, message);
    /* One write() a line: lines of several threads and processes do not mix. */
    (void) fs_write_all (STDERR_FILENO, line, strlen (line));
    mem_wipe (raw, strlen (raw));
    mem_free (raw);
    mem_free (message);
    mem_free (line);
    errno = kept;
}

void
log_write (enum log_level level, const char *fmt, ...)
{
    va_list ap;

    va_start (ap, fmt);
    log_vwrite (level, fmt, ap);
    va_end (ap);
}

static struct secret *
find_secret (const char *text, size_t *ret_index)
{
    for (size_t i = 0; i < secrets.list.count; i++) {
        struct secret *s = secrets.list.items[i];

        if (strcmp (s->text, text) == 0) {
            *ret_index = i;
            return s;
        }
    }
    return NULL;
}

void
log_secret_add (const char *secret)
{
    size_t len = secret == NULL ? 0 : strlen (secret), at;
    struct secret *s;

    if (len < SECRET_MIN) {
        return;
    }
    pthread_rwlock_wrlock (&secrets.lock);
    s = find_secret (secret, &at);
    if (s == NULL) {
        s = mem_alloc (sizeof (*s));
        s->text = str_dup (secret);
        s->len = len;
        for (at = 0; at < secrets.list.count; at++) {
            if (((struct secret *) secrets.list.items[at])->len < len) {
                break;
            }
        }
        vec_insert (&secrets.list, at, s);
    }
    s->users++;
    pthread_rwlock_unlock (&secrets.lock);
}

void
log_secret_remove (const char *secret)
{
    struct secret *s;
    size_t at;

    if (secret == NULL) {
        return;
    }
    pthread_rwlock_wrlock (&secrets.lock);
    s = find_secret (secret, &at);
    if (s != NULL && --s->users == 0) {
        vec_remove (&secrets.list, at);
        mem_wipe (s->text, s->len);
        mem_free (s->text);
        mem_free (s);
    }
    pthread_rwlock_unlock (&secrets.lock);
}

/* The secret that begins at text, longest first, or NULL. Called under the lock. */
static const struct secret *
secret_at (const char *text)
{
    for (size_t i = 0; i < secrets.list.count; i++) {
        const struct secret *s = secrets.list.items[i];

        if (text[0] == s->text[0] && strncmp (text, s->text, s->len) == 0) {
            return s;
        }
    }
    return NULL;
}

char *
log_redact (const char *text)
{
    struct buf b = { 0 };

    pthread_rwlock_rdlock (&secrets.lock);
    if (secrets.list.count == 0) {
        buf_puts (&b, text);
        text = "";
    }
    while (*text != '\0') {
        const struct secret *s = secret_at (text);

        if (s == NULL) {
            buf_putc (&b, *text++);
        } else {
            buf_puts (&b, REDACTED);
            text += s->len;
        }
    }
    pthread_rwlock_unlock (&secrets.lock);
    return buf_steal (&b);
}
