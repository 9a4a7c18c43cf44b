/* spawn_tool: see spawn_tool.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/spawn_tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "engine/spawn_dir.h"

int
spawn_high_fd (int fd)
{
    int high = fcntl (fd, F_DUPFD_CLOEXEC, SPAWN_FD_MAX + 1);

    close (fd);
    return high;
}

void
spawn_close_from (int first)
{
    if (syscall (SYS_close_range, first, ~0U, 0) == 0) {
        return;
    }
    for (int fd = first; fd < 4096; fd++) {   /* a kernel before 5.9 */
        close (fd);
    }
}

static bool
high_pipe (int fds[2])
{
    if (pipe2 (fds, O_CLOEXEC) != 0) {
        return false;
    }
    fds[0] = spawn_high_fd (fds[0]);
    fds[1] = spawn_high_fd (fds[1]);
    return fds[0] >= 0 && fds[1] >= 0;
}

/* --- in the child ----------------------------------------------------------------------------- */

static void
limit (int resource, long long value)
{
    struct rlimit l = { .rlim_cur = (rlim_t) value, .rlim_max = (rlim_t) value };

    if (value > 0) {
        setrlimit (resource, &l);
    }
}

static void
set_limits (const json_t *spec)
{
    struct rlimit no_core = { 0, 0 };

    setrlimit (RLIMIT_CORE, &no_core);   /* its memory may hold secrets */
    limit (RLIMIT_AS, json_int_or (spec, "/max_memory_bytes", 0));
    limit (RLIMIT_FSIZE, json_int_or (spec, "/max_file_bytes", 0));
    limit (RLIMIT_CPU, json_int_or (spec, "/max_cpu_s", 0));
}

static void
reset_signals (void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++) {
        signal (number, SIG_DFL);
    }
    sigemptyset (&none);
    sigprocmask (SIG_SETMASK, &none, NULL);
}

/* A pipe that holds the whole value; its end is the value's end. */
static bool
give_by_fd (int target, const char *value)
{
    int fds[2];

    if (!high_pipe (fds) || fs_write_all (fds[1], value, strlen (value)) != 0) {
        return false;
    }
    close (fds[1]);
    return dup2 (fds[0], target) == target;
}

/* The environment points into the secrets and the spec: nothing is copied. */
static bool
give_secrets (const struct buf *secrets, struct vec *env)
{
    for (size_t at = 0; at < secrets->len; at += strlen (secrets->data + at) + 1) {
        char *record = secrets->data + at;

        if (str_starts (record, "e:")) {
            vec_push (env, record + 2);
            continue;
        }
        char *value = strchr (record, '=');
        long target = strtol (record + 2, NULL, 10);
        if (value == NULL || !give_by_fd ((int) target, value + 1)) {
            return false;
        }
    }
    return true;
}

static void
push_strings (struct vec *v, const json_t *array)
{
    for (size_t i = 0; i < json_array_size (array); i++) {
        vec_push (v, (void *) json_string_value (json_array_get (array, i)));
    }
}

static bool
open_stdin (const char *dir, const json_t *spec)
{
    char *path = json_bool_or (spec, "/stdin", false) ? fs_join (dir, SPAWN_FILE_STDIN)
                                                      : str_dup ("/dev/null");
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && dup2 (fd, 0) == 0;

    mem_free (path);
    return good;
}

struct child {
    const char *dir;
    const json_t *spec;
    const struct buf *secrets;
    int lock_fd, gate, exec_report, out, err_out;
};

static void
become_tool (const struct child *c)
{
    struct vec argv = { 0 }, env = { 0 };

    set_limits (c->spec);
    umask (077);
    push_strings (&argv, json_object_get (c->spec, "argv"));
    vec_push (&argv, NULL);
    vec_push (&env, "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
    vec_push (&env, "LANG=C");
    push_strings (&env, json_object_get (c->spec, "env"));
    if (!open_stdin (c->dir, c->spec) || dup2 (c->out, 1) < 0 || dup2 (c->err_out, 2) < 0 ||
        !give_secrets (c->secrets, &env) || fcntl (c->lock_fd, F_SETFD, 0) != 0 ||
        chdir (json_str_or (c->spec, "/cwd", "/")) != 0) {
        return;
    }
    vec_push (&env, NULL);
    reset_signals ();
    execve (argv.items[0], (char *const *) argv.items, (char *const *) env.items);
}

/* Waits at the gate: if the supervisor dies before it wrote `started`, this never runs. */
static void
run_child (const struct child *c)
{
    char byte;
    ssize_t n;

    setsid ();
    do {
        n = read (c->gate, &byte, 1);
    } while (n < 0 && errno == EINTR);
    if (n == 1) {
        become_tool (c);
        int errnum = errno;
        fs_write_all (c->exec_report, &errnum, sizeof errnum);
    }
    _exit (SPAWN_EXEC_FAILED);
}

/* --- in the supervisor ------------------------------------------------------------------------ */

int32_t
spawn_tool_fork (const char *dir, const json_t *spec, const struct buf *secrets, int lock_fd,
                 struct spawn_tool *ret, struct err *err)
{
    int gate[2], exec_report[2], out[2], err_out[2];

    if (!high_pipe (gate) || !high_pipe (exec_report) || !high_pipe (out) || !high_pipe (err_out)) {
        return err_set_errno (err, ERR_IO, errno, "cannot make pipes for the tool");
    }
    pid_t pid = fork ();
    if (pid < 0) {
        return err_set_errno (err, ERR_IO, errno, "cannot make a process for the tool");
    }
    if (pid == 0) {
        struct child c = { dir, spec, secrets, lock_fd, gate[0], exec_report[1], out[1],
                           err_out[1] };
        /* Its own copy of the gate's other end would keep it waiting for ever. */
        close (gate[1]);
        run_child (&c);
    }
    close (gate[0]);
    close (exec_report[1]);
    close (out[1]);
    close (err_out[1]);
    *ret = (struct spawn_tool) { pid, gate[1], exec_report[0], out[0], err_out[0] };
    return 0;
}

int32_t
spawn_tool_go (struct spawn_tool *tool, const char *program, struct err *err)
{
    int errnum = 0;
    ssize_t n;
    int32_t code = 0;

    if (fs_write_all (tool->gate, "g", 1) != 0) {
        code = err_set (err, ERR_IO, "the process for %s ended too soon", program);
    }
    close (tool->gate);
    do {
        n = read (tool->exec_report, &errnum, sizeof errnum);
    } while (n < 0 && errno == EINTR);
    close (tool->exec_report);
    if (n != 0 && code == 0) {
        code = err_set_errno (err, ERR_IO, errnum, "cannot run %s", program);
    }
    return code;
}
