/* spawn_run: the supervisor of one tool: passes its output on, keeps its time, notes its end.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/spawn_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/spawn_dir.h"
#include "engine/spawn_tool.h"
#include "store/lock.h"

struct stream {
    int from, to;                  /* pipe; file */
    uint64_t room;                 /* bytes that the file may still take */
};

struct supervisor {
    const char *dir;
    json_t *spec;
    struct buf secrets;
    int lock_fd, report_fd, signal_fd;
    struct spawn_tool tool;
    struct stream streams[2];
    int64_t started_ms;            /* wall */
    int64_t deadline_ms;           /* boot; 0 = none */
    int64_t kill_at_ms;            /* boot; 0 = not ending it */
    bool timed_out, killed, truncated, ended;
    int exit_status;
};

/* --- before the tool -------------------------------------------------------------------------- */

static void
report (struct supervisor *s, int32_t code, const char *message)
{
    char *text = code == 0 ? str_dup ("ok\n") : str_printf ("%d %s\n", code, message);

    fs_write_all (s->report_fd, text, strlen (text));
    close (s->report_fd);
    s->report_fd = -1;
    mem_free (text);
}

static int32_t
read_secrets (struct supervisor *s, struct err *err)
{
    ssize_t n;

    buf_reserve (&s->secrets, SPAWN_SECRETS_MAX + 1);
    while ((n = read (0, s->secrets.data + s->secrets.len, SPAWN_SECRETS_MAX - s->secrets.len)) !=
           0) {
        if (n < 0 && errno != EINTR) {
            return err_set_errno (err, ERR_IO, errno, "cannot read the tool's secrets");
        }
        s->secrets.len += n > 0 ? (size_t) n : 0;
    }
    s->secrets.data[s->secrets.len] = '\0';
    return 0;
}

/* From here on the directory is ours, or another's for ever. */
static int32_t
claim (struct supervisor *s, struct err *err)
{
    char *path = fs_join (s->dir, SPAWN_FILE_LOCK);
    bool held = false;
    pid_t holder;
    int32_t code = lock_take (path, &s->lock_fd, &held, &holder, err);

    mem_free (path);
    if (code == 0 && (!held || spawn_has (s->dir, SPAWN_FILE_STARTED) ||
                      spawn_has (s->dir, SPAWN_FILE_EXIT))) {
        code = err_set (err, ERR_EXISTS, "%s had its tool already", s->dir);
    }
    if (code == 0) {
        s->lock_fd = spawn_high_fd (s->lock_fd);
        code = spawn_read_json (s->dir, SPAWN_FILE_SPEC, &s->spec, err);
    }
    if (code == 0 && json_str (s->spec, "/argv/0") == NULL) {
        code = err_set (err, FARRIER_E_INVALID, "%s/%s names no program", s->dir, SPAWN_FILE_SPEC);
    }
    return code;
}

static int32_t
open_file (struct supervisor *s, const char *name, struct stream *stream, struct err *err)
{
    char *path = fs_join (s->dir, name);
    int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int32_t code = fd < 0 ? err_set_errno (err, ERR_IO, errno, "cannot write %s", path) : 0;

    mem_free (path);
    stream->to = fd < 0 ? -1 : spawn_high_fd (fd);
    stream->from = -1;
    stream->room = (uint64_t) json_int_or (s->spec, "/max_output_bytes", 1 << 20);
    return code;
}

static json_t *
process_json (pid_t pid)
{
    json_t *o = json_object ();

    json_put_int (o, "pid", pid);
    json_put_int (o, "start_ticks", spawn_start_ticks (pid));
    return o;
}

/* On disk before the tool's first instruction: after a crash it means "it may have run". */
static int32_t
write_started (struct supervisor *s, struct err *err)
{
    json_t *o = json_object ();

    s->started_ms = clock_wall_ms ();
    json_put (o, "supervisor", process_json (getpid ()));
    json_put (o, "tool", process_json (s->tool.pid));
    json_put_int (o, "started_ms", s->started_ms);
    return spawn_write_json (s->dir, SPAWN_FILE_STARTED, o, err);
}

static int32_t
write_exit (struct supervisor *s, const char *error, struct err *err)
{
    json_t *o = json_object ();

    json_put_int (o, "exit_status", s->exit_status);
    json_put_bool (o, "timed_out", s->timed_out);
    json_put_bool (o, "killed", s->killed);
    json_put_bool (o, "truncated", s->truncated);
    json_put_int (o, "started_ms", s->started_ms);
    json_put_int (o, "ended_ms", clock_wall_ms ());
    if (error != NULL) {
        json_put_str (o, "error", error);
    }
    return spawn_write_json (s->dir, SPAWN_FILE_EXIT, o, err);
}

/* Leaves the caller's terminal, session and signals: only KILL ends it before its tool. */
static int32_t
detach (struct supervisor *s, struct err *err)
{
    sigset_t all;
    int null = open ("/dev/null", O_RDWR | O_CLOEXEC);

    setsid ();
    if (null < 0 || dup2 (null, 0) < 0 || dup2 (null, 1) < 0 || dup2 (null, 2) < 0 ||
        chdir ("/") != 0) {
        return err_set_errno (err, ERR_IO, errno, "cannot leave the session");
    }
    sigfillset (&all);
    sigprocmask (SIG_SETMASK, &all, NULL);
    signal (SIGPIPE, SIG_IGN);
    s->signal_fd = signalfd (-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signal_fd < 0 ? err_set_errno (err, ERR_IO, errno, "cannot make a signalfd") : 0;
}

static int32_t
start_tool (struct supervisor *s, struct err *err)
{
    int32_t code = open_file (s, "out", &s->streams[0], err);

    if (code == 0) {
        code = open_file (s, "err", &s->streams[1], err);
    }
    if (code == 0) {
        code = spawn_tool_fork (s->dir, s->spec, &s->secrets, s->lock_fd, &s->tool, err);
    }
    if (code != 0) {
        return code;
    }
    s->streams[0].from = s->tool.out;
    s->streams[1].from = s->tool.err_out;
    fcntl (s->tool.out, F_SETFL, O_NONBLOCK);
    fcntl (s->tool.err_out, F_SETFL, O_NONBLOCK);
    code = write_started (s, err);
    if (code != 0) {
        return code;               /* ends with this process: its gate stays closed */
    }
    code = spawn_tool_go (&s->tool, json_str (s->spec, "/argv/0"), err);
    if (code != 0) {
        s->exit_status = SPAWN_EXEC_FAILED;
        write_exit (s, err->message, NULL);
    }
    return code;
}

/* --- beside the tool -------------------------------------------------------------------------- */

static void
begin_to_end (struct supervisor *s, int64_t grace_ms)
{
    if (s->kill_at_ms == 0) {
        kill (-s->tool.pid, SIGTERM);
        s->kill_at_ms = clock_boot_ms () + grace_ms;
    }
}

static int64_t
spec_grace_ms (const struct supervisor *s)
{
    return json_int_or (s->spec, "/grace_ms", 5000);
}

static void
look_for_cancel (struct supervisor *s)
{
    json_t *wish;

    if (!s->killed && spawn_read_json (s->dir, SPAWN_FILE_CANCEL, &wish, NULL) == 0 &&
        wish != NULL) {
        int64_t grace_ms = json_int_or (wish, "/grace_ms", 0);
        s->killed = true;
        begin_to_end (s, grace_ms > 0 ? grace_ms : spec_grace_ms (s));
        json_decref (wish);
    }
}

static void
look_at_clock (struct supervisor *s)
{
    int64_t now_ms = clock_boot_ms ();

    if (s->deadline_ms != 0 && now_ms >= s->deadline_ms && s->kill_at_ms == 0) {
        s->timed_out = true;
        begin_to_end (s, spec_grace_ms (s));
    }
    if (s->kill_at_ms != 0 && now_ms >= s->kill_at_ms) {
        kill (-s->tool.pid, SIGKILL);
        s->kill_at_ms = now_ms + 1000;   /* again, should it be stuck in the kernel */
    }
}

static int
wait_ms (const struct supervisor *s)
{
    int64_t at_ms = s->kill_at_ms != 0 ? s->kill_at_ms : s->deadline_ms;
    int64_t left_ms = at_ms - clock_boot_ms ();

    if (at_ms == 0) {
        return -1;
    }
    return left_ms < 0 ? 0 : left_ms > 3600000 ? 3600000 : (int) left_ms;
}

/* What does not fit is read and dropped, so that the tool never waits for us. False: at its end. */
static bool
pass_on (struct supervisor *s, struct stream *stream)
{
    char chunk[16384];
    ssize_t n = read (stream->from, chunk, sizeof chunk);

    if (n < 0) {
        return errno == EINTR || errno == EAGAIN;
    }
    if (n == 0) {
        return false;
    }
    size_t keep = (uint64_t) n < stream->room ? (size_t) n : (size_t) stream->room;
    if (fs_write_all (stream->to, chunk, keep) != 0) {
        keep = 0;                  /* a full disk must not stop a flash */
        stream->room = 0;
    }
    stream->room -= keep;
    s->truncated = s->truncated || keep < (size_t) n;
    return true;
}

static void
close_stream (struct stream *stream)
{
    close (stream->from);
    stream->from = -1;
}

static void
take_signals (struct supervisor *s)
{
    struct signalfd_siginfo info;
    int status;

    while (read (s->signal_fd, &info, sizeof info) == (ssize_t) sizeof info) {
    }
    if (waitpid (s->tool.pid, &status, WNOHANG) == s->tool.pid) {
        s->ended = true;
        s->exit_status = WIFSIGNALED (status) ? -WTERMSIG (status) : WEXITSTATUS (status);
    }
    look_for_cancel (s);
}

static void
watch (struct supervisor *s)
{
    look_for_cancel (s);
    while (!s->ended) {
        struct pollfd fds[3] = { { .fd = s->signal_fd, .events = POLLIN },
                                 { .fd = s->streams[0].from, .events = POLLIN },
                                 { .fd = s->streams[1].from, .events = POLLIN } };

        poll (fds, 3, wait_ms (s));
        for (int i = 0; i < 2; i++) {
            if (fds[i + 1].revents != 0 && !pass_on (s, &s->streams[i])) {
                close_stream (&s->streams[i]);
            }
        }
        take_signals (s);
        look_at_clock (s);
    }
}

/* What it wrote last is still in the pipes; children that it left behind are not waited for. */
static void
drain (struct supervisor *s)
{
    for (int i = 0; i < 2; i++) {
        struct stream *stream = &s->streams[i];
        struct pollfd p = { .fd = stream->from, .events = POLLIN };
        int rounds = 1024;

        while (stream->from >= 0 && rounds-- > 0 && poll (&p, 1, 0) > 0 && pass_on (s, stream)) {
        }
        fdatasync (stream->to);
    }
}

static int
supervise (struct supervisor *s)
{
    struct err err = { 0 };
    int32_t code = detach (s, &err);

    if (code == 0) {
        code = start_tool (s, &err);
    }
    buf_wipe_free (&s->secrets);
    report (s, code, err.message);
    if (code != 0) {
        return 1;
    }
    int64_t timeout_ms = json_int_or (s->spec, "/timeout_ms", 0);
    s->deadline_ms = timeout_ms > 0 ? clock_boot_ms () + timeout_ms : 0;
    watch (s);
    if (s->kill_at_ms != 0) {
        kill (-s->tool.pid, SIGKILL);   /* those of its group that outlived TERM */
    }
    drain (s);
    return write_exit (s, NULL, NULL) == 0 ? 0 : 1;
}

int
spawn_run (const char *dir)
{
    struct supervisor s = { .dir = dir, .lock_fd = -1, .report_fd = -1 };
    struct err err = { 0 };

    prctl (PR_SET_DUMPABLE, 0);
    spawn_close_from (3);          /* what the caller should not have passed on */
    s.report_fd = spawn_high_fd (1);
    int32_t code = read_secrets (&s, &err);
    if (code == 0) {
        code = claim (&s, &err);
    }
    pid_t pid = code == 0 ? fork () : 0;
    if (pid < 0) {
        code = err_set_errno (&err, ERR_IO, errno, "cannot make a process for the supervisor");
    }
    int status = 0;
    if (code != 0) {
        report (&s, code, err.message);
        status = 1;
    } else if (pid == 0) {
        status = supervise (&s);
    }
    buf_wipe_free (&s.secrets);
    json_decref (s.spec);
    return status;
}
