/* Tests of door.h and api_socket.h: the same calls in this process and through the socket.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "cli/door.h"

#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/api_socket.h"
#include "base/json.h"
#include "base/testing.h"
#include "cli/door_socket.h"
#include "store/store.h"

static char *dir;
static struct settings *settings;

static void
setup (void)
{
    struct err err = { 0 };
    dir = testing_make_dir ();
    char *conf = fs_join (dir, "conf.d");
    ck_assert_int_eq (fs_mkdirs (conf, 0755, NULL), 0);
    struct settings_environment env = { .home = dir, .conf_dir = conf };
    ck_assert_msg (settings_load_from (&env, NULL, &settings, &err) == 0, "%s", err.message);
    mem_free (conf);
    signal (SIGPIPE, SIG_IGN);
}

static void
teardown (void)
{
    settings_free (settings);
    testing_remove_dir (dir);
}

static json_t *
host (const char *name, const char *url)
{
    return json_pack ("{s:{s:s, s:{s:{s:s, s:s, s:s}}}}", "host", "name", name, "endpoints", "bmc",
                      "url", url, "user", "root", "password", "simulated");
}

/* Adds two hosts, one of them twice, and lists them. */
static void
use (struct door *d)
{
    struct err err = { 0 };
    json_t *reply = NULL;
    ck_assert_msg (door_call (d, "host.add", host ("n1", "10.0.0.1"), &reply, &err) == 0, "%s",
                   err.message);
    ck_assert_str_eq (json_str (reply, "/name"), "n1");
    json_decref (reply);
    ck_assert_int_eq (door_call (d, "host.add", host ("n1", "10.0.0.2"), &reply, &err), ERR_EXISTS);
    ck_assert_ptr_nonnull (strstr (err.message, "n1"));
    ck_assert_str_ne (err.hint, "");
    json_decref (reply);
    ck_assert_int_eq (door_call (d, "host.show", json_pack ("{s:s}", "name", "n2"), &reply, &err),
                      ERR_NOT_FOUND);
    ck_assert_ptr_null (reply);
    ck_assert_int_eq (door_call (d, "host.show", json_pack ("{s:s}", "nmae", "n2"), &reply, &err),
                      ERR_USAGE);
    json_t *bad = host ("bad name", "not/a/url");
    ck_assert_int_eq (door_call (d, "host.add", bad, &reply, &err), ERR_USAGE);
    ck_assert_uint_eq (json_array_size (json_object_get (reply, "findings")), 2);
    json_decref (reply);
    ck_assert_int_eq (door_call (d, "host.list", NULL, &reply, &err), 0);
    ck_assert_str_eq (json_str (reply, "/hosts/0/bmc"), "https://10.0.0.1");
    char *text = json_text (reply);
    ck_assert_ptr_null (strstr (text, "simulated"));
    mem_free (text);
    json_decref (reply);
}

START_TEST (in_this_process)
{
    setup ();
    struct door *d = door_new (settings);
    ck_assert (!door_has_daemon (d));
    use (d);
    ck_assert (!door_runs_here (d));
    door_close (d);
    teardown ();
}
END_TEST

static struct api *
open_api (void)
{
    struct api *api = NULL;
    struct err err = { 0 };
    struct api_options options = { .settings = settings, .mode = API_WRITER };
    ck_assert_msg (api_open (&options, &api, &err) == 0, "%s", err.message);
    return api;
}

static struct api_socket *
listen_as (struct api *api, enum api_socket_mode mode)
{
    struct api_socket *s = NULL;
    struct err err = { 0 };
    ck_assert_msg (api_socket_start (api, settings->socket_path, mode, &s, &err) == 0, "%s",
                   err.message);
    return s;
}

START_TEST (through_the_socket)
{
    struct stat st;
    setup ();
    struct api *api = open_api ();
    struct api_socket *s = listen_as (api, API_SOCKET_DAEMON);
    ck_assert_int_eq (stat (settings->socket_path, &st), 0);
    ck_assert_uint_eq (st.st_mode & 0777, 0660);
    struct door *d = door_new (settings);
    ck_assert (door_has_daemon (d));
    use (d);
    door_close (d);
    api_socket_stop (s);
    ck_assert (!fs_exists (settings->socket_path));
    api_close (api, false);
    teardown ();
}
END_TEST

/* Beside a run in-process: reads go on, changes are refused with the pid, control gets through. */
START_TEST (beside_a_run)
{
    struct err err = { 0 };
    json_t *reply = NULL;
    char pid[32];
    setup ();
    struct api *api = open_api ();
    struct api_socket *s = listen_as (api, API_SOCKET_RUN);
    struct door *d = door_new (settings);
    ck_assert (!door_has_daemon (d));
    str_format (pid, sizeof pid, "%d", (int) getpid ());
    ck_assert_int_eq (door_call (d, "host.list", NULL, &reply, &err), 0);
    json_decref (reply);
    ck_assert_int_eq (door_call (d, "host.add", host ("n1", "10.0.0.1"), &reply, &err),
                      ERR_STORE_BUSY);
    ck_assert_int_eq (err_exit_status (err.code), 9);
    ck_assert_msg (strstr (err.message, pid) != NULL, "%s", err.message);
    ck_assert_int_eq (door_call (d, "job.cancel", json_pack ("{s:s}", "job", "job-none"), &reply,
                                 &err), ERR_NOT_FOUND);
    door_close (d);
    api_socket_stop (s);

    /* Somebody who writes and does not listen holds the store all the same. */
    d = door_new (settings);
    ck_assert_int_eq (door_call (d, "host.add", host ("n1", "10.0.0.1"), &reply, &err),
                      ERR_STORE_BUSY);
    ck_assert_msg (strstr (err.message, pid) != NULL, "%s", err.message);
    door_close (d);
    api_close (api, false);
    teardown ();
}
END_TEST

/* Sends raw text and reads one line back. */
static json_t *
raw (int fd, const char *text)
{
    char line[8192];
    size_t len = 0;
    ck_assert_int_eq (fs_write_all (fd, text, strlen (text)), 0);
    while (len < sizeof line - 1 && recv (fd, line + len, 1, 0) == 1 && line[len] != '\n')
        len++;
    return json_parse (line, len, NULL);
}

START_TEST (hostile_lines)
{
    static const struct { const char *text, *code; } table[] = {
        { "{\n", "USAGE" }, { "[]\n", "USAGE" }, { "17\n", "USAGE" }, { "\xff\xfe\n", "USAGE" },
        { "{}\n", "USAGE" }, { "{\"id\":1,\"call\":\"no.such\"}\n", "USAGE" },
        { "{\"id\":1,\"call\":17}\n", "USAGE" },
        { "{\"id\":1,\"call\":\"host.show\",\"request\":[]}\n", "USAGE" },
        { "{\"id\":1,\"call\":\"host.show\",\"request\":{\"name\":17}}\n", "USAGE" },
        { "{\"id\":1,\"call\":\"host.add\",\"request\":{\"host\":[[[]]]}}\n", "USAGE" },
        { "{\"id\":1,\"call\":\"host.label\",\"request\":{\"labels\":17}}\n", "USAGE" },
        { "{\"id\":1,\"call\":\"host.list\",\"request\":{\"all\":\"yes\"}}\n", "USAGE" },
        { "{\"id\":1,\"call\":\"event.list\",\"request\":{\"since\":\"0\"}}\n", "USAGE" },
        { "{\"id\":1,\"call\":\"plan.create\",\"request\":{\"baselines\":17}}\n", "USAGE" },
    };
    setup ();
    struct api *api = open_api ();
    struct api_socket *s = listen_as (api, API_SOCKET_DAEMON);
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    str_copy (addr.sun_path, sizeof addr.sun_path, settings->socket_path);
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq (connect (fd, (struct sockaddr *) &addr, sizeof addr), 0);
    json_t *hello = raw (fd, "");
    ck_assert_int_eq (json_int_or (hello, "/farrier", 0), 1);
    json_decref (hello);
    for (size_t i = 0; i < COUNT_OF (table); i++) {
        json_t *v = raw (fd, table[i].text);
        const char *code = json_str_or (v, "/error/code", "none");
        ck_assert_msg (str_eq (code, table[i].code), "%s: %s %s", table[i].text, code,
                       json_str_or (v, "/error/message", ""));
        json_decref (v);
    }
    close (fd);
    api_socket_stop (s);
    api_close (api, false);
    teardown ();
}
END_TEST

START_TEST (a_socket_left_behind)
{
    struct door_socket *c = NULL;
    struct err err = { 0 };
    setup ();
    ck_assert_int_eq (door_socket_open (settings->socket_path, &c, &err), ERR_NOT_FOUND);
    struct api *api = open_api ();
    struct api_socket *s = listen_as (api, API_SOCKET_DAEMON);
    api_socket_stop (s);
    ck_assert_int_eq (fs_write_atomic (settings->socket_path, "", 0, 0600, NULL), 0);
    ck_assert_int_eq (door_socket_open (settings->socket_path, &c, &err), ERR_NOT_FOUND);
    s = listen_as (api, API_SOCKET_DAEMON);
    ck_assert_int_eq (door_socket_open (settings->socket_path, &c, &err), 0);
    door_socket_close (c);
    api_socket_stop (s);
    api_close (api, false);
    teardown ();
}
END_TEST

/* A client that stopped in the middle of its answers does not hold up the end of the server. */
START_TEST (a_client_that_reads_no_more)
{
    setup ();
    struct api *api = open_api ();
    struct api_socket *s = listen_as (api, API_SOCKET_DAEMON);
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    str_copy (addr.sun_path, sizeof addr.sun_path, settings->socket_path);
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq (connect (fd, (struct sockaddr *) &addr, sizeof addr), 0);
    static const char line[] = "{\"call\":\"no.such\"}\n";
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    while (poll (&p, 1, 300) == 1)
        ck_assert_int_gt (send (fd, line, sizeof line - 1, MSG_DONTWAIT | MSG_NOSIGNAL), 0);
    api_socket_stop (s);
    close (fd);
    api_close (api, false);
    teardown ();
}
END_TEST

static void
add_components (struct api *api, struct door *d, const char *name, const char *version)
{
    struct err err = { 0 };
    json_t *reply = NULL;
    char address[32];
    str_format (address, sizeof address, "10.0.0.%s", name + 1);
    ck_assert_int_eq (door_call (d, "host.add", host (name, address), &reply, &err), 0);
    struct store_component c = { .key = (char *) "bios", .type = (char *) "bios",
                                 .name = (char *) "BIOS", .version = (char *) version,
                                 .updateable = 1 };
    struct store_batch *b = store_batch_new (NULL);
    store_batch_inventory_put (b, json_str (reply, "/id"), 1, &c, 1, "test");
    ck_assert_msg (store_commit (api_store (api), b, STORE_FULL, &err) == 0, "%s", err.message);
    json_decref (reply);
}

/* The pivot counts the hosts that are selected, and no others. */
START_TEST (pivots_what_is_selected)
{
    static const struct { const char *selector; size_t rows; long long hosts; } cases[] = {
        { NULL, 2, 2 }, { "n1,n2", 1, 2 }, { "n3", 1, 1 }, { "n[1-3]", 2, 2 },
    };
    setup ();
    struct api *api = open_api ();
    struct api_socket *s = listen_as (api, API_SOCKET_DAEMON);
    struct door *d = door_new (settings);
    add_components (api, d, "n1", "1.0");
    add_components (api, d, "n2", "1.0");
    add_components (api, d, "n3", "2.0");
    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        struct err err = { 0 };
        json_t *reply = NULL, *request = json_pack ("{s:b}", "pivot", 1);
        if (cases[i].selector != NULL)
            json_object_set_new (request, "selector", json_string (cases[i].selector));
        ck_assert_int_eq (door_call (d, "inventory.list", request, &reply, &err), 0);
        ck_assert_uint_eq (json_array_size (json_object_get (reply, "pivot")), cases[i].rows);
        ck_assert_int_eq (json_int_or (reply, "/pivot/0/hosts", 0), cases[i].hosts);
        json_decref (reply);
    }
    door_close (d);
    api_socket_stop (s);
    api_close (api, false);
    teardown ();
}
END_TEST

/* In a process of nobody's, with this group: is it greeted? 0 yes. System calls alone: the
 * server's threads are not in it. */
static int
greeted_as (const struct sockaddr_un *addr, gid_t beside)
{
    char c;
    if (setgroups (1, &beside) != 0 || setgid (65534) != 0 || setuid (65534) != 0)
        return 2;
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect (fd, (const struct sockaddr *) addr, sizeof *addr) != 0)
        return 3;
    return recv (fd, &c, 1, 0) == 1 ? 0 : 4;
}

/* The socket is open to the members of the daemon's group, whichever of their groups it is. Only
 * root can become somebody else to try it. */
START_TEST (open_to_the_group)
{
    /* valgrind calls lost in the child what only the parent's threads hold. */
    if (geteuid () != 0 || getenv ("FARRIER_TEST_VALGRIND") != NULL)
        return;
    setup ();
    struct api *api = open_api ();
    struct api_socket *s = listen_as (api, API_SOCKET_DAEMON);
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    str_copy (addr.sun_path, sizeof addr.sun_path, settings->socket_path);
    ck_assert_int_eq (chmod (dir, 0755), 0);
    ck_assert_int_eq (chmod (settings->run_dir, 0755), 0);
    const struct { gid_t beside; int status; } cases[] = { { getegid (), 0 }, { 65533, 3 } };
    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        int status = 0;
        pid_t pid = fork ();
        if (pid == 0)
            _exit (greeted_as (&addr, cases[i].beside));
        ck_assert_int_eq (waitpid (pid, &status, 0), pid);
        ck_assert_int_eq (WEXITSTATUS (status), cases[i].status);
    }
    api_socket_stop (s);
    api_close (api, false);
    teardown ();
}
END_TEST

/* A server that greets, and answers the first call with more than anybody takes. */
static void *
babble (void *arg)
{
    int fd = accept (*(int *) arg, NULL, NULL);
    static const char hello[] = "{\"farrier\":1,\"pid\":7,\"mode\":\"daemon\"}\n";
    size_t size = 1 << 20;
    char *x = mem_alloc (size);
    memset (x, 'x', size);
    fs_write_all (fd, hello, sizeof hello - 1);
    while (fs_write_all (fd, x, size) == 0)
        ;
    mem_free (x);
    close (fd);
    return NULL;
}

/* Too long an answer is called that; nobody hung up. */
START_TEST (an_answer_that_is_too_long)
{
    struct err err = { 0 };
    json_t *reply = NULL;
    pthread_t thread;
    setup ();
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    str_copy (addr.sun_path, sizeof addr.sun_path, settings->socket_path);
    ck_assert_int_eq (fs_mkdirs (settings->run_dir, 0755, NULL), 0);
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq (bind (fd, (struct sockaddr *) &addr, sizeof addr), 0);
    ck_assert_int_eq (listen (fd, 1), 0);
    ck_assert_int_eq (pthread_create (&thread, NULL, babble, &fd), 0);
    struct door *d = door_new (settings);
    ck_assert_int_eq (door_call (d, "host.list", NULL, &reply, &err), FARRIER_E_NO_SPACE);
    ck_assert_msg (strstr (err.message, "64 MiB") != NULL, "%s", err.message);
    door_close (d);
    pthread_join (thread, NULL);
    close (fd);
    teardown ();
}
END_TEST

/* Baselines that cannot be looked at are not good ones. */
START_TEST (checks_no_baseline_in_silence)
{
    struct err err = { 0 };
    json_t *reply = NULL;
    setup ();
    ck_assert_int_eq (fs_write_atomic (settings->baseline_dir, "", 0, 0600, NULL), 0);
    struct door *d = door_new (settings);
    int32_t rc = door_call (d, "baseline.check", NULL, &reply, &err);
    ck_assert_int_lt (rc, 0);
    ck_assert_msg (strstr (err.message, settings->baseline_dir) != NULL, "%s", err.message);
    json_decref (reply);
    door_close (d);
    teardown ();
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { in_this_process, through_the_socket, beside_a_run,
                                   hostile_lines, a_socket_left_behind,
                                   a_client_that_reads_no_more, pivots_what_is_selected,
                                   open_to_the_group, an_answer_that_is_too_long,
                                   checks_no_baseline_in_silence,
                                   NULL };

    return testing_run ("door", tests);
}
