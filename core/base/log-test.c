/* Tests of log.h: what really reaches standard error.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/testing.h"

static int captured[2];

#define STDERR_ITSELF "stderr"

/* From here on standard error of this (forked) test goes into a pipe. */
static void
capture (const char *level, const char *journal)
{
    struct stat st;
    char *real;

    unsetenv ("FARRIER_LOG");
    unsetenv ("JOURNAL_STREAM");
    if (level != NULL) {
        setenv ("FARRIER_LOG", level, 1);
    }
    ck_assert_int_eq (pipe2 (captured, O_CLOEXEC | O_NONBLOCK), 0);
    ck_assert_int_ge (dup2 (captured[1], STDERR_FILENO), 0);
    if (journal != NULL) {
        ck_assert_int_eq (fstat (STDERR_FILENO, &st), 0);
        real = str_printf ("%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
        setenv ("JOURNAL_STREAM", str_eq (journal, STDERR_ITSELF) ? real : journal, 1);
        mem_free (real);
    }
    clock_virtual_start (INT64_C (1769860800000), 0);
}

static const char *
output (void)
{
    static char text[16384];
    ssize_t len = read (captured[0], text, sizeof (text) - 1);

    text[len > 0 ? len : 0] = '\0';
    return text;
}

START_TEST (level_and_context)
{
    const struct log_context ctx = { .job = "job-1", .host = "n1" };

    capture (NULL, NULL);
    log_info ("not seen by default");
    log_warn ("plain %d", 1);
    ck_assert_str_eq (output (), "2026-01-31T12:00:00.000Z warn  plain 1\n");
    log_set_level (LOG_LEVEL_DEBUG);
    log_set_context (&ctx);
    log_debug ("seen");
    log_set_context (NULL);
    log_error ("bare");
    ck_assert_str_eq (output (), "2026-01-31T12:00:00.000Z debug seen [job=job-1 host=n1]\n"
                      "2026-01-31T12:00:00.000Z error bare\n");
}
END_TEST

START_TEST (environment_wins)
{
    capture ("error", NULL);
    log_set_level (LOG_LEVEL_DEBUG);
    log_warn ("too little");
    ck_assert_str_eq (output (), "");
    log_error ("enough");
    ck_assert_ptr_nonnull (strstr (output (), "enough"));
}
END_TEST

START_TEST (journald_prefixes)
{
    capture ("debug", STDERR_ITSELF);
    log_debug ("d");
    log_info ("i");
    log_warn ("w");
    log_error ("e");
    ck_assert_str_eq (output (), "<7>d\n<6>i\n<4>w\n<3>e\n");
}
END_TEST

/* Inherited from a service whose own standard error was the journal. */
START_TEST (not_the_journal)
{
    capture (NULL, "8:1234");
    log_warn ("w");
    ck_assert_str_eq (output (), "2026-01-31T12:00:00.000Z warn  w\n");
}
END_TEST

START_TEST (json_lines)
{
    const struct log_context ctx = { .host = "n\"1", .op = "inventory" };
    json_t *v;

    capture (NULL, NULL);
    log_set_json (true);
    log_set_context (&ctx);
    log_error ("say \"%s\"", "x");
    v = json_loads (output (), 0, NULL);
    ck_assert_ptr_nonnull (v);
    ck_assert_str_eq (json_str (v, "/message"), "say \"x\"");
    ck_assert_str_eq (json_str (v, "/level"), "error");
    ck_assert_str_eq (json_str (v, "/host"), "n\"1");
    ck_assert_str_eq (json_str (v, "/op"), "inventory");
    ck_assert_ptr_null (json_at (v, "/job"));
    json_decref (v);
}
END_TEST

START_TEST (one_line_each)
{
    capture (NULL, NULL);
    errno = ENOENT;
    log_error ("a\nb\r\x1b[31mc");
    ck_assert_int_eq (errno, ENOENT);
    ck_assert_str_eq (output (), "2026-01-31T12:00:00.000Z error a b  [31mc\n");
}
END_TEST

START_TEST (secrets_are_hidden)
{
    capture (NULL, NULL);
    log_secret_add ("simulated");
    log_secret_add ("simulated-longer");
    log_secret_add ("simulated");
    log_secret_add ("abc");                             /* too short: would eat ordinary text */
    log_secret_add (NULL);
    log_error ("with simulated and simulated-longer, abc, simulatedsimulated");
    ck_assert_ptr_nonnull (strstr (output (), "with [redacted] and [redacted], abc, "));
    log_secret_remove ("simulated");
    testing_string (log_redact ("simulated"), "[redacted]");  /* counted twice */
    log_secret_remove ("simulated");
    testing_string (log_redact ("simulated"), "simulated");
    testing_string (log_redact ("simulated-longer"), "[redacted]");
    log_secret_remove ("simulated-longer");
    log_secret_remove ("never added");
    log_secret_remove (NULL);
    testing_string (log_redact ("simulated-longer"), "simulated-longer");
}
END_TEST

static void *
writes (void *name)
{
    const struct log_context ctx = { .host = name };

    log_set_context (&ctx);
    for (int i = 0; i < 20; i++) {
        log_secret_add ("simulated");
        log_error ("simulated");
        log_secret_remove ("simulated");
    }
    return NULL;
}

START_TEST (threads_have_their_own_context)
{
    pthread_t a, b;
    const char *text;
    size_t lines = 0;

    capture (NULL, NULL);
    ck_assert_int_eq (pthread_create (&a, NULL, writes, "aa"), 0);
    ck_assert_int_eq (pthread_create (&b, NULL, writes, "bb"), 0);
    pthread_join (a, NULL);
    pthread_join (b, NULL);
    text = output ();
    ck_assert_ptr_null (strstr (text, "simulated"));
    for (const char *end; (end = strchr (text, '\n')) != NULL; text = end + 1) {
        lines++;
        ck_assert (end - text > 9 && (strncmp (end - 9, "[host=aa]", 9) == 0
                                      || strncmp (end - 9, "[host=bb]", 9) == 0));
    }
    ck_assert_uint_eq (lines, 40);
}
END_TEST

START_TEST (level_names)
{
    enum log_level level = LOG_LEVEL_INFO;

    ck_assert (log_level_from_name ("WARN", &level));
    ck_assert_int_eq (level, LOG_LEVEL_WARN);
    ck_assert (!log_level_from_name ("loud", &level));
    ck_assert (!log_level_from_name (NULL, &level));
    ck_assert_int_eq (level, LOG_LEVEL_WARN);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        level_and_context, environment_wins, journald_prefixes, not_the_journal, json_lines,
        one_line_each, secrets_are_hidden, threads_have_their_own_context, level_names, NULL
    };

    return testing_run ("log", tests);
}
