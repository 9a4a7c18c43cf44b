/* output: see output.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

bool
output_is_terminal (void)
{
    return isatty (STDOUT_FILENO) == 1;
}

bool
output_color (void)
{
    const char *term = getenv ("TERM");
    return output_is_terminal () && str_empty (getenv ("NO_COLOR")) && !str_eq (term, "dumb")
           && !str_empty (term);
}

static int
window (bool columns, const char *variable, int fallback)
{
    struct winsize size;
    int64_t n;
    if (!output_is_terminal ())
        return 0;
    if (str_to_i64 (getenv (variable), &n) && n > 0 && n < 10000)
        return (int) n;
    if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return fallback;
    int got = columns ? size.ws_col : size.ws_row;
    return got > 0 ? got : fallback;
}

int
output_width (void)
{
    return window (true, "COLUMNS", 80);
}

int
output_height (void)
{
    return window (false, "LINES", 24);
}

const char *
output_color_of (const char *state)
{
    static const struct { const char *prefix, *color; } table[] = {
        { "verified", "\033[32m" }, { "ready", "\033[32m" }, { "registered", "\033[32m" },
        { "approved", "\033[32m" }, { "succeeded", "\033[32m" }, { "noop", "\033[32m" },
        { "failed", "\033[31m" }, { "blocked", "\033[31m" }, { "no_solution", "\033[31m" },
        { "identity_changed", "\033[31m" }, { "quarantined", "\033[31m" },
        { "absent", "\033[31m" }, { "cancelled_unknown", "\033[31m" },
        { "parked", "\033[33m" }, { "waiting", "\033[33m" }, { "cancel", "\033[33m" },
        { "draft", "\033[33m" }, { "rolled_back", "\033[33m" }, { "update", "\033[36m" },
        { "running", "\033[36m" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (str_starts (state, table[i].prefix))
            return table[i].color;
    }
    return "";
}

/* --- documents -------------------------------------------------------------------------------- */

bool
output_document (const struct invocation *inv, const json_t *v)
{
    if (inv->json) {
        char *text = json_pretty (v);
        puts (text);
        mem_free (text);
        return true;
    }
    if (inv->yaml) {
        struct buf text = { 0 };
        output_yaml (v, &text);
        fputs (text.data == NULL ? "" : text.data, stdout);
        buf_free (&text);
        return true;
    }
    return false;
}

/* --- words ------------------------------------------------------------------------------------ */

void
output_line (const char *text)
{
    char *clean = output_clean (text);
    puts (clean);
    mem_free (clean);
}

char *
output_clean (const char *text)
{
    char *copy = str_dup (text);
    for (unsigned char *p = (unsigned char *) copy; *p != '\0'; p++) {
        if (*p < 0x20 || *p == 0x7f)
            *p = *p == '\t' || *p == '\n' ? ' ' : '?';
        /* C1 controls are U+0080 to U+009F: C2 80 to C2 9F. */
        else if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
            p[0] = p[1] = '?';
    }
    if (!str_valid_utf8 (copy, strlen (copy))) {
        for (unsigned char *p = (unsigned char *) copy; *p != '\0'; p++)
            *p = *p >= 0x80 ? '?' : *p;
    }
    return copy;
}

char *
output_ago (int64_t wall_ms)
{
    if (wall_ms <= 0)
        return str_dup ("never");
    int64_t s = (clock_wall_ms () - wall_ms) / 1000;
    if (s < 0)
        s = 0;
    if (s < 120)
        return str_printf ("%llds ago", (long long) s);
    if (s < 7200)
        return str_printf ("%lldm ago", (long long) s / 60);
    if (s < 2 * 86400)
        return str_printf ("%lldh ago", (long long) s / 3600);
    return str_printf ("%lldd ago", (long long) s / 86400);
}

char *
output_time (int64_t wall_ms)
{
    if (wall_ms <= 0)
        return str_dup ("-");
    time_t t = (time_t) (wall_ms / 1000);
    struct tm tm;
    char text[32];
    localtime_r (&t, &tm);
    strftime (text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    return str_dup (text);
}

char *
output_labels (const json_t *labels)
{
    struct buf text = { 0 };
    const char *key;
    json_t *v;
    buf_puts (&text, "");
    json_object_foreach ((json_t *) labels, key, v)
        buf_printf (&text, "%s%s=%s", text.len > 0 ? "," : "", key,
                    json_is_string (v) ? json_string_value (v) : "");
    return buf_steal (&text);
}

void
output_error (const struct err *err)
{
    bool color = isatty (STDERR_FILENO) == 1 && str_empty (getenv ("NO_COLOR"));
    char *message = output_clean (err->message), *hint = output_clean (err->hint);
    fflush (stdout);
    fprintf (stderr, "%sfarrier: %s%s\n", color ? "\033[31m" : "", message,
             color ? "\033[0m" : "");
    if (*hint != '\0')
        fprintf (stderr, "  hint: %s\n", hint);
    mem_free (message);
    mem_free (hint);
}

size_t
output_findings (const json_t *reply)
{
    size_t i;
    json_t *f;
    const json_t *findings = json_object_get (reply, "findings");
    fflush (stdout);
    json_array_foreach ((json_t *) findings, i, f) {
        const char *field = json_str_or (f, "/field", "");
        char *text = str_printf ("%s: %s%s%s%s", json_str_or (f, "/where", ""),
                                 json_bool_or (f, "/warning", false) ? "warning: " : "", field,
                                 *field != '\0' ? ": " : "", json_str_or (f, "/message", ""));
        char *clean = output_clean (text);
        fprintf (stderr, "%s\n", clean);
        mem_free (clean);
        mem_free (text);
    }
    return json_array_size (findings);
}

bool
output_confirm (const char *question, bool *ret_asked)
{
    char line[32];
    *ret_asked = isatty (STDIN_FILENO) == 1 && isatty (STDERR_FILENO) == 1;
    if (!*ret_asked)
        return false;
    fflush (stdout);
    fprintf (stderr, "%s [y/N] ", question);
    if (fgets (line, sizeof line, stdin) == NULL)
        return false;
    char *word = str_trim (line);
    return str_case_eq (word, "y") || str_case_eq (word, "yes");
}
