/* child: see child.h: the side that starts processes and listens to them.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define REPORT_FD 3
#define REPORT_MAX (4u << 20)
#define AT_ONCE_MAX 8

extern char **environ;

struct running {
    size_t index;
    pid_t pid;
    int fd;
    struct buf report;
    int64_t started_ms;
    bool late;
};

/* Not the clock of base/clock: a case of this program makes that one virtual. */
static int64_t
now_ms (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- starting ------------------------------------------------------------------------------- */

static size_t
arguments (const struct child_options *o, const char *name, char *limit, const char **ret)
{
    size_t n = 0;
    ret[n++] = o->self;
    ret[n++] = "--run-case";
    ret[n++] = name;
    ret[n++] = "--time-limit";
    ret[n++] = limit;
    if (o->conf != NULL) {
        ret[n++] = "--conf";
        ret[n++] = o->conf;
    }
    if (o->replay != NULL) {
        ret[n++] = "--replay";
        ret[n++] = o->replay;
    }
    ret[n++] = "--personalities";
    ret[n++] = o->personalities;
    ret[n++] = o->file;
    ret[n] = NULL;
    return n;
}

static bool
start (const struct child_options *o, const char *name, struct running *r)
{
    const char *argv[16];
    char limit[16];
    int ends[2];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    str_format (limit, sizeof limit, "%u", o->call_limit_s);
    arguments (o, name, limit, argv);
    if (pipe2 (ends, O_CLOEXEC) != 0)
        return false;
    posix_spawn_file_actions_init (&actions);
    posix_spawn_file_actions_adddup2 (&actions, ends[1], REPORT_FD);
    posix_spawnattr_init (&attributes);
    sigfillset (&defaults);
    posix_spawnattr_setsigdefault (&attributes, &defaults);
    posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGDEF);
    int rc = posix_spawn (&r->pid, o->self, &actions, &attributes, (char *const *) argv, environ);
    posix_spawn_file_actions_destroy (&actions);
    posix_spawnattr_destroy (&attributes);
    close (ends[1]);
    if (rc != 0) {
        close (ends[0]);
        errno = rc;
        return false;
    }
    r->fd = ends[0];
    r->started_ms = now_ms ();
    return true;
}

/* --- reading -------------------------------------------------------------------------------- */

static void
take_json (const json_t *v, struct child_result *ret)
{
    str_set (&ret->message, json_str (v, "/message"));
    str_set (&ret->skipped, json_str (v, "/skipped"));
    str_set (&ret->rule, json_str (v, "/rule"));
    ret->details = json_incref (json_object_get (v, "details"));
    ret->ok = ret->message == NULL;
}

/* "!R8 what happened" */
static void
take_caught (const char *line, struct child_result *ret)
{
    size_t word = strcspn (line, " ");
    char *rule = str_ndup (line, word);
    const char *text = line + word + (line[word] == ' ');
    ret->rule = str_eq (rule, "-") ? NULL : str_dup (rule);
    ret->message = str_ndup (text, strcspn (text, "\n"));
    mem_free (rule);
}

static void
take_report (struct running *r, int status, uint32_t limit_s, struct child_result *ret)
{
    const char *text = r->report.data == NULL ? "" : r->report.data;
    const char *caught = text[0] == '!' ? text : strstr (text, "\n!");
    json_t *v = caught != NULL ? NULL : json_parse (text, r->report.len, NULL);
    ret->ok = false;
    ret->took_ms = now_ms () - r->started_ms;
    if (caught != NULL)
        take_caught (caught + (caught[0] == '\n' ? 2 : 1), ret);
    else if (v != NULL)
        take_json (v, ret);
    else if (r->late)
        ret->message = str_printf ("it took more than %u s", limit_s);
    else if (WIFSIGNALED (status))
        ret->message = str_printf ("the process died of signal %d (%s)", WTERMSIG (status),
                                   strsignal (WTERMSIG (status)));
    else
        ret->message = str_printf ("the process ended with status %d and said nothing",
                                   WEXITSTATUS (status));
    json_decref (v);
}

/* True at the end of its report. */
static bool
read_some (struct running *r)
{
    char chunk[16384];
    ssize_t n = read (r->fd, chunk, sizeof chunk);
    if (n > 0 && r->report.len < REPORT_MAX)
        buf_append (&r->report, chunk, (size_t) n);
    return n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
}

static void
finish (struct running *r, uint32_t limit_s, struct child_result *ret)
{
    int status = 0;
    close (r->fd);
    while (waitpid (r->pid, &status, 0) < 0 && errno == EINTR)
        ;
    take_report (r, status, limit_s, ret);
    buf_free (&r->report);
    r->pid = 0;
}

static void
stop_late (struct running *all, size_t count, uint32_t limit_s)
{
    for (size_t i = 0; i < count; i++)
        if (all[i].pid != 0 && now_ms () - all[i].started_ms > (int64_t) limit_s * 1000) {
            all[i].late = true;
            kill (all[i].pid, SIGKILL);
        }
}

/* --- all of them ---------------------------------------------------------------------------- */

static void
fill (const struct child_options *o, char *const *names, size_t count, size_t *next,
      struct running *all, unsigned at_once, struct child_result *results)
{
    for (unsigned i = 0; i < at_once && *next < count; i++) {
        if (all[i].pid != 0)
            continue;
        all[i] = (struct running) { .index = (*next)++ };
        results[all[i].index].name = str_dup (names[all[i].index]);
        if (!start (o, names[all[i].index], &all[i])) {
            all[i].pid = 0;
            results[all[i].index].message = str_printf ("cannot be started: %s",
                                                        strerror (errno));
            results[all[i].index].took_ms = 1;
        }
    }
}

static void
wait_for_some (struct running *all, unsigned at_once, uint32_t limit_s,
               struct child_result *results)
{
    struct pollfd fds[AT_ONCE_MAX];
    for (unsigned i = 0; i < at_once; i++)
        fds[i] = (struct pollfd) { .fd = all[i].pid == 0 ? -1 : all[i].fd, .events = POLLIN };
    poll (fds, at_once, 500);
    for (unsigned i = 0; i < at_once; i++)
        if (all[i].pid != 0 && fds[i].revents != 0 && read_some (&all[i]))
            finish (&all[i], limit_s, &results[all[i].index]);
    stop_late (all, at_once, limit_s);
}

static bool
any_running (const struct running *all, unsigned at_once)
{
    for (unsigned i = 0; i < at_once; i++)
        if (all[i].pid != 0)
            return true;
    return false;
}

void
child_run_all (const struct child_options *o, char *const *names, size_t count, unsigned at_once,
               void (*done) (void *arg, struct child_result *r), void *arg)
{
    struct running all[AT_ONCE_MAX] = { { 0 } };
    struct child_result *results = mem_array (count + 1, sizeof *results);
    size_t next = 0, told = 0;
    at_once = at_once < 1 ? 1 : at_once > AT_ONCE_MAX ? AT_ONCE_MAX : at_once;
    while (told < count) {
        fill (o, names, count, &next, all, at_once, results);
        if (any_running (all, at_once))
            wait_for_some (all, at_once, o->case_limit_s, results);
        for (; told < next && (results[told].ok || results[told].message != NULL); told++)
            done (arg, &results[told]);
    }
    for (size_t i = 0; i < count; i++)
        child_result_clear (&results[i]);
    mem_free (results);
}

void
child_result_clear (struct child_result *r)
{
    mem_free (r->name);
    mem_free (r->message);
    mem_free (r->skipped);
    mem_free (r->rule);
    json_decref (r->details);
    *r = (struct child_result) { 0 };
}
