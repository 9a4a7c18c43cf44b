/* farrierd: the daemon: holds the store, runs the jobs, answers on the Unix socket.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <openssl/crypto.h>

#include "api/api.h"
#include "api/api_socket.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/conf.h"
#include "conf/settings.h"
#include "daemon/notify.h"
#include "engine/engine.h"
#include "web/images.h"

#define DESCRIPTORS_SPARE 256          /* store, plugins, images, log */

static const char help[] =
    "Usage: farrierd [--check] [--json-log] [--log LEVEL]\n"
    "\n"
    "Runs in the foreground: takes up every open job, then serves `farrier` on its socket.\n"
    "  --check        read farrier.conf and everything it names, say what is wrong, and end\n"
    "  --log LEVEL    debug, info (default), warn or error\n"
    "  --json-log     one JSON object a line instead of text\n"
    "  --help, --version\n"
    "\n"
    "SIGTERM, SIGINT: stop; uploads that have begun may end, everything else goes on at the next\n"
    "start. SIGHUP: take new builds of plugins and their settings. FARRIER_HOME=DIR keeps store,\n"
    "repository, keys and socket in DIR. See farrierd(8).\n";

struct command {
    bool check, json_log;
    const char *log_level;
};

static int
read_command (int argc, char **argv, struct command *ret)
{
    static const struct option options[] = {
        { "check", no_argument, NULL, 'c' }, { "json-log", no_argument, NULL, 'j' },
        { "log", required_argument, NULL, 'l' }, { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'v' }, { NULL, 0, NULL, 0 },
    };
    for (int c; (c = getopt_long (argc, argv, "h", options, NULL)) != -1;) {
        switch (c) {
        case 'c':
            ret->check = true;
            break;
        case 'j':
            ret->json_log = true;
            break;
        case 'l':
            ret->log_level = optarg;
            break;
        case 'h':
            fputs (help, stdout);
            return 0;
        case 'v':
            printf ("farrierd %s\n", FARRIER_VERSION);
            return 0;
        default:
            fputs ("farrierd --help tells what it takes\n", stderr);
            return 2;
        }
    }
    if (optind < argc) {
        fprintf (stderr, "farrierd: '%s' is too much; farrierd --help\n", argv[optind]);
        return 2;
    }
    return -1;
}

static int
complain (const struct err *err)
{
    fprintf (stderr, "farrierd: %s\n", err->message);
    if (err->hint[0] != '\0')
        fprintf (stderr, "  hint: %s\n", err->hint);
    return err_exit_status (err->code);
}

/* Every mistake of farrier.conf, where there is more than one. */
static int
complain_of_settings (const struct vec *findings, const struct err *err)
{
    for (size_t i = 0; findings->count > 1 && i < findings->count; i++) {
        char *text = conf_finding_text (findings->items[i]);
        fprintf (stderr, "%s\n", text);
        mem_free (text);
    }
    return complain (err);
}

static void
complain_of_findings (const json_t *reply)
{
    size_t i;
    json_t *v;
    json_array_foreach (json_object_get (reply, "findings"), i, v) {
        const char *field = json_str_or (v, "/field", "");
        fprintf (stderr, "%s: %s%s%s\n", json_str_or (v, "/where", "?"), field,
                 field[0] == '\0' ? "" : ": ", json_str_or (v, "/message", "?"));
    }
}

static int
set_up_log (const struct command *command, const struct settings *settings)
{
    enum log_level level = settings->log_level_set ? settings->log_level : LOG_LEVEL_INFO;
    if (command->log_level != NULL && !log_level_from_name (command->log_level, &level)) {
        fprintf (stderr, "farrierd: log level '%s' is not one of debug, info, warn, error\n",
                 command->log_level);
        return 2;
    }
    log_set_level (level);
    log_set_json (command->json_log || settings->log_json);
    return -1;
}

/* Sockets are descriptors: too few of them would show as BMCs that can't be reached. */
static void
check_descriptors (const struct settings *settings)
{
    struct rlimit limit;
    rlim_t needed = settings->max_open_connections + settings->max_uploads + DESCRIPTORS_SPARE;
    if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
        return;
    if (limit.rlim_cur < needed) {
        limit.rlim_cur = limit.rlim_max < needed ? limit.rlim_max : needed;
        setrlimit (RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur < needed)
        log_warn ("%llu descriptors are allowed, %llu may be needed (LimitNOFILE=, or fewer "
                  "max_open_connections in farrier.conf)", (unsigned long long) limit.rlim_cur,
                  (unsigned long long) needed);
}

/* All threads inherit the mask: signals are this thread's business alone. */
static void
block_signals (sigset_t *ret)
{
    sigemptyset (ret);
    sigaddset (ret, SIGTERM);
    sigaddset (ret, SIGINT);
    sigaddset (ret, SIGHUP);
    pthread_sigmask (SIG_BLOCK, ret, NULL);
    signal (SIGPIPE, SIG_IGN);
}

/* Workflows and baselines are read at each use, farrier.conf at the next start. */
static void
reload (struct api *api)
{
    const struct api_caller caller = { "SIGHUP" };
    json_t *reply = NULL;
    struct err err = { 0 };
    notify_send ("STATUS=reloading");
    if (api_call (api, &caller, "server.reload", NULL, &reply, &err) != 0)
        log_warn ("reload: %s (%s)", err.message, err.hint);
    json_decref (reply);
    notify_send ("STATUS=running");
}

static void
wait_for_end (const sigset_t *set, struct api *api)
{
    int got = 0;
    while (sigwait (set, &got) == 0 && got == SIGHUP)
        reload (api);
    log_info ("stopping (%s)", strsignal (got));
}

static int
serve (const struct settings *settings, struct api *api, const sigset_t *signals)
{
    struct err err;
    struct api_socket *socket = NULL;
    uint32_t open = 0;
    int32_t rc = api_run (api, &open, &err);
    if (rc == 0)
        rc = api_socket_start (api, settings->socket_path, API_SOCKET_DAEMON, &socket, &err);
    if (rc != 0)
        return complain (&err);
    api_tell_workflows (api);
    log_info ("farrierd %s: store %s, socket %s, %u open jobs taken up", FARRIER_VERSION,
              settings->store_path, settings->socket_path, open);
    notify_send ("READY=1\nSTATUS=running");
    wait_for_end (signals, api);
    notify_send ("STOPPING=1");
    api_socket_stop (socket);
    return EXIT_SUCCESS;
}

static int
run (const struct settings *settings, bool check_only)
{
    struct err err;
    struct api *api = NULL;
    struct images images;
    sigset_t signals;
    /* A check changes nothing, so it works beside a farrierd that holds the store. */
    struct api_options options = { .settings = settings,
                                   .mode = check_only ? API_NO_STORE : API_WRITER };
    images_hook (&images, &options.images);
    block_signals (&signals);
    if (api_open (&options, &api, &err) != 0)
        return complain (&err);
    int status = EXIT_SUCCESS;
    if (check_only) {
        json_t *reply = NULL;
        if (api_call (api, NULL, "config.check", NULL, &reply, &err) != 0) {
            complain_of_findings (reply);
            status = complain (&err);
        }
        json_decref (reply);
    } else {
        check_descriptors (settings);
        status = serve (settings, api, &signals);
    }
    api_close (api, true);
    return status;
}

int
main (int argc, char **argv)
{
    struct command command = { 0 };
    struct settings *settings = NULL;
    struct err err;
    int status = read_command (argc, argv, &command);
    if (status >= 0)
        return status;
    mem_set_up ();
    /* libuv's threads end after the exit handlers: OpenSSL must still be there for theirs. */
    OPENSSL_init_crypto (OPENSSL_INIT_NO_ATEXIT, NULL);
    prctl (PR_SET_DUMPABLE, 0);        /* no core dump holds a key */
    struct vec findings = { 0 };
    if (settings_load (&findings, &settings, &err) != 0)
        status = complain_of_settings (&findings, &err);
    conf_findings_free (&findings);
    if (settings == NULL)
        return status;
    status = set_up_log (&command, settings);
    if (status < 0)
        status = run (settings, command.check);
    settings_free (settings);
    return status;
}
