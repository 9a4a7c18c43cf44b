/* judge: has a plugin judged by another process, which may die of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "cli/judge.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/problem.h"

#define LIMIT_MS 30000
#define OUTPUT_MAX (4u << 20)

extern char **environ;

void
judge_stdout_hide (struct judge_stdout *kept)
{
    fflush (stdout);
    kept->fd = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (kept->fd >= 0)
        dup2 (STDERR_FILENO, STDOUT_FILENO);
}

void
judge_stdout_restore (struct judge_stdout *kept)
{
    fflush (stdout);
    if (kept->fd < 0)
        return;
    dup2 (kept->fd, STDOUT_FILENO);
    close (kept->fd);
}

/* --- the other process ------------------------------------------------------------------------ */

static int32_t
start (const char *file, pid_t *ret_pid, int *ret_fd, struct err *err)
{
    int ends[2];
    char name[] = "farrier";
    char *argv[] = { name, "plugin", "check", "--in-process", "-o", "json", "--", (char *) file,
                     NULL };
    if (pipe2 (ends, O_CLOEXEC) != 0)
        return err_set_errno (err, ERR_IO, errno, "no pipe for the judging process");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init (&actions);
    posix_spawn_file_actions_adddup2 (&actions, ends[1], STDOUT_FILENO);
    int rc = posix_spawn (ret_pid, "/proc/self/exe", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy (&actions);
    close (ends[1]);
    if (rc != 0) {
        close (ends[0]);
        return err_set_errno (err, ERR_IO, rc, "the judging process cannot be started");
    }
    *ret_fd = ends[0];
    return 0;
}

/* False when it did not come to an end in time. */
static bool
read_output (int fd, struct buf *ret)
{
    int64_t end = clock_boot_ms () + LIMIT_MS;
    char chunk[16384];
    for (;;) {
        int64_t left = end - clock_boot_ms ();
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int ready = left <= 0 ? 0 : poll (&p, 1, (int) left);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0 || ret->len > OUTPUT_MAX)
            return false;
        ssize_t n = read (fd, chunk, sizeof chunk);
        if (n <= 0)
            return n == 0;
        buf_append (ret, chunk, (size_t) n);
    }
}

static json_t *
died (const char *file, const char *how)
{
    json_t *v = json_object (), *faults = json_array (), *f = json_object ();
    const char *base = fs_basename (file);
    char *name = str_ndup (base, strlen (base) - (str_ends (base, ".so") ? 3 : 0));
    char *message = str_printf ("the process that judged it %s, must end by itself", how);
    json_put_str (f, "code", plugin_fault_name (PLUGIN_FAULT_CRASHED));
    json_put_str (f, "message", message);
    char *hint = str_printf ("gdb --args farrier plugin check --in-process %s", file);
    json_put_str (f, "hint", hint);
    json_array_append_new (faults, f);
    json_put_str (v, "name", name);
    json_put_str (v, "state", "failed");
    json_put_str (v, "file", file);
    json_put (v, "faults", faults);
    mem_free (hint);
    mem_free (message);
    mem_free (name);
    return v;
}

static json_t *
verdict (const char *file, const struct buf *output, int status, bool in_time)
{
    char how[80];
    json_t *reply = json_parse (output->data == NULL ? "" : output->data, output->len, NULL);
    json_t *judged = json_incref (json_at (reply, "/plugins/0"));
    json_decref (reply);
    if (judged != NULL && in_time && WIFEXITED (status))
        return judged;
    json_decref (judged);
    if (!in_time)
        str_format (how, sizeof how, "hung for %d s", LIMIT_MS / 1000);
    else if (WIFSIGNALED (status))
        str_format (how, sizeof how, "died of signal %d (%s)", WTERMSIG (status),
                    strsignal (WTERMSIG (status)));
    else
        str_format (how, sizeof how, "ended with status %d and no verdict", WEXITSTATUS (status));
    return died (file, how);
}

int32_t
judge_apart (const char *file, json_t **ret, struct err *err)
{
    struct buf output = { 0 };
    pid_t pid = 0;
    int fd = -1, status = 0;
    int32_t rc = start (file, &pid, &fd, err);
    if (rc < 0)
        return rc;
    bool in_time = read_output (fd, &output);
    if (!in_time)
        kill (pid, SIGKILL);
    close (fd);
    while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
        ;
    *ret = verdict (file, &output, status, in_time);
    buf_free (&output);
    return 0;
}
