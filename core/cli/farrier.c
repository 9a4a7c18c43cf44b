/* farrier: the command line.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <locale.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/door.h"
#include "cli/output.h"
#include "cli/follow.h"
#include "conf/conf.h"
#include "conf/settings.h"

#define DESCRIPTORS_SPARE 256

static int
complain (const struct err *err)
{
    output_error (err);
    return err_exit_status (err->code);
}

static void
print_help (const struct invocation *inv, int argc)
{
    struct buf text = { 0 };
    if (inv->command == NULL)
        help_all (&text);
    else if (inv->command->verb != NULL && argc <= 2 && inv->args.count == 0)
        help_noun (inv->command->noun, &text);
    else
        help_command (inv->command, &text);
    fputs (text.data, stdout);
    buf_free (&text);
}

/* Jobs may run in this process: sockets are descriptors. */
static void
raise_descriptors (const struct settings *s)
{
    struct rlimit limit;
    rlim_t wanted = s->max_open_connections + s->max_uploads + DESCRIPTORS_SPARE;
    if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit (RLIMIT_NOFILE, &limit);
}

static void
set_up_log (const struct settings *s)
{
    if (getenv ("FARRIER_LOG") == NULL)
        log_set_level (s->log_level_set ? s->log_level : LOG_LEVEL_WARN);
    log_set_json (s->log_json);
}

/* Commands that explain the program work whatever the configuration says. */
static bool
needs_settings (const struct command *c)
{
    return !str_eq (c->noun, "help") && !str_eq (c->noun, "version")
           && !str_eq (c->noun, "completion");
}

static int32_t
load_settings (struct settings **ret, struct err *err)
{
    struct vec findings = { 0 };
    int32_t rc = settings_load (&findings, ret, err);
    for (size_t i = 0; rc < 0 && findings.count > 1 && i < findings.count; i++) {
        char *text = conf_finding_text (findings.items[i]);
        fprintf (stderr, "%s\n", text);
        mem_free (text);
    }
    conf_findings_free (&findings);
    return rc;
}

static int
run (struct invocation *inv)
{
    struct settings *settings = NULL;
    struct err err = { 0 };
    int32_t rc = 0;
    if (needs_settings (inv->command)) {
        rc = load_settings (&settings, &err);
        if (rc < 0)
            return complain (&err);
        set_up_log (settings);
        raise_descriptors (settings);
        inv->door = door_new (settings);
    }
    rc = inv->command->run (inv, &err);
    if (rc != 0)
        output_error (&err);
    door_close (inv->door);
    settings_free (settings);
    if (fflush (stdout) != 0 && rc == 0) {
        err_set (&err, ERR_IO, "the output could not be written");
        return complain (&err);
    }
    return rc == 0 ? EXIT_SUCCESS : err_exit_status (rc);
}

int
main (int argc, char **argv)
{
    struct invocation inv;
    struct err err = { 0 };
    int status;
    /* Texts only: numbers stay as C writes them. */
    if (setlocale (LC_CTYPE, "") == NULL || !str_case_contains (setlocale (LC_CTYPE, NULL), "utf"))
        setlocale (LC_CTYPE, "C.UTF-8");
    mem_set_up ();
    /* libuv's threads end after the exit handlers: OpenSSL must still be there for theirs. */
    OPENSSL_init_crypto (OPENSSL_INIT_NO_ATEXIT, NULL);
    signal (SIGPIPE, SIG_IGN);
    prctl (PR_SET_DUMPABLE, 0);        /* no core dump holds a password */
    follow_signals ();
    int32_t rc = command_parse (argc - 1, argv + 1, &inv, &err);
    if (rc < 0) {
        status = complain (&err);
    } else if (inv.help) {
        print_help (&inv, argc - 1);
        status = EXIT_SUCCESS;
    } else {
        status = run (&inv);
    }
    invocation_clear (&inv);
    return status;
}
