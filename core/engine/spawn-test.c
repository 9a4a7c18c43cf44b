/* spawn-test: real tools under the real farrier-spawn: they run once, outlive their starter, keep
 * their limits, and their directory tells the truth about them.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/testing.h"
#include "engine/spawn_dir.h"

#define WAIT_MS 20000

static char *base, *dir, *fifo;

static void
setup (void)
{
    base = testing_make_dir ();
    dir = fs_join (base, "att-1");
    fifo = fs_join (base, "fifo");
    ck_assert_int_eq (mkfifo (fifo, 0600), 0);
}

static void
teardown (void)
{
    mem_free (dir);
    mem_free (fifo);
    testing_remove_dir (base);
}

/* A shell script as the vendor tool; $1 is the fifo, at which it may wait for the test. */
static struct spawn_spec
tool (const char *script)
{
    static const char *argv[6];

    argv[0] = "/bin/sh";
    argv[1] = "-c";
    argv[2] = script;
    argv[3] = "tool";
    argv[4] = fifo;
    argv[5] = NULL;
    return (struct spawn_spec) { .spawn_path = TEST_BUILDDIR "/core/engine/farrier-spawn",
                                 .argv = argv };
}

static void
start (const struct spawn_spec *spec)
{
    struct err err = { 0 };

    if (spawn_start (dir, spec, NULL, 0, &err) != 0) {
        ck_abort_msg ("%s", err.message);
    }
}

static struct spawn_status
finish (void)
{
    struct spawn_status status;
    struct err err = { 0 };

    if (spawn_wait (dir, WAIT_MS, &status, &err) != 0) {
        ck_abort_msg ("%s", err.message);
    }
    return status;
}

static enum spawn_state
state_now (void)
{
    struct spawn_status status;

    ck_assert_int_eq (spawn_status (dir, &status, NULL), 0);
    return status.state;
}

/* Lets a tool that reads the fifo go on. */
static void
release (void)
{
    int fd = open (fifo, O_WRONLY | O_CLOEXEC);

    ck_assert_int_ge (fd, 0);
    ck_assert_int_eq (write (fd, "go\n", 3), 3);
    close (fd);
}

static void
check_output (enum spawn_stream stream, const char *expected)
{
    struct buf text = { 0 };

    ck_assert_int_eq (spawn_output (dir, stream, 0, 1 << 20, &text, NULL), 0);
    ck_assert_str_eq (text.data == NULL ? "" : text.data, expected);
    buf_free (&text);
}

START_TEST (runs_and_tells)
{
    setup ();
    struct spawn_spec spec = tool ("echo hello; echo oh >&2; pwd; exit 3");
    struct spawn_status status;

    ck_assert_int_eq (state_now (), SPAWN_NOT_STARTED);
    start (&spec);
    status = finish ();
    ck_assert_int_eq (status.state, SPAWN_EXITED);
    ck_assert_int_eq (status.exit_status, 3);
    ck_assert (!status.timed_out && !status.killed && !status.truncated);
    ck_assert_int_gt (status.pid, 0);
    ck_assert_int_gt (status.started_ms, 0);
    ck_assert_int_ge (status.ended_ms, status.started_ms);
    ck_assert_str_eq (status.error, "");
    char *expected = str_printf ("hello\n%s/work\n", dir);
    check_output (SPAWN_OUT, expected);
    mem_free (expected);
    check_output (SPAWN_ERR, "oh\n");

    struct stat st;
    ck_assert_int_eq (stat (dir, &st), 0);
    ck_assert_int_eq (st.st_mode & 0777, 0700);
    ck_assert_int_eq (spawn_remove (dir, NULL), 0);
    ck_assert (!fs_exists (dir));
    teardown ();
}
END_TEST

START_TEST (clean_surroundings)
{
    setup ();
    static const char *const env[] = { "SITE=here", NULL };
    struct spawn_spec spec = tool ("cat; umask; ulimit -c; ulimit -f; tr '\\0' '\\n' "
                                   "< /proc/$$/environ | sort; "
                                   "read -r pid comm state ppid pgrp sid rest < /proc/$$/stat; "
                                   "[ $pid = $sid ] && [ $pid = $pgrp ] && echo leader; "
                                   "while read -r key value; do case $key in SigBlk:|SigIgn:) "
                                   "echo ${value#?????????};; esac; done < /proc/$$/status");

    setenv ("LEAKED", "1", 1);
    int leaked = open ("/dev/null", O_RDONLY);   /* without O_CLOEXEC, as a library might */
    spec.env = env;
    spec.stdin_bytes = "input\n";
    spec.stdin_len = 6;
    spec.max_file_bytes = 1 << 20;
    start (&spec);
    ck_assert_int_eq (finish ().exit_status, 0);
    check_output (SPAWN_ERR, "");
    check_output (SPAWN_OUT, "input\n0077\n0\n2048\nLANG=C\n"
                             "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nSITE=here\nleader\n"
                             "0000000\n0000000\n");
    close (leaked);
    teardown ();
}
END_TEST

START_TEST (descriptors_are_its_own)
{
    setup ();
    struct spawn_spec spec = tool ("for f in /proc/$$/fd/*; do readlink $f; done | "
                                   "grep -c -v -e pipe: -e /dev/null -e /lock$");
    int leaked = open ("/etc/passwd", O_RDONLY);

    ck_assert_int_ge (leaked, 3);
    start (&spec);
    finish ();
    check_output (SPAWN_OUT, "0\n");
    close (leaked);
    teardown ();
}
END_TEST

static bool
file_contains (const char *path, const char *text)
{
    struct buf bytes = { 0 };
    bool found = fs_read (path, 1 << 20, &bytes, NULL) == 0 && bytes.len > 0 &&
                 memmem (bytes.data, bytes.len, text, strlen (text)) != NULL;

    buf_free (&bytes);
    return found;
}

START_TEST (secrets_touch_no_disk)
{
    setup ();
    struct spawn_spec spec = tool ("read -r from_fd <&7; read -r from_stdin; "
                                   "echo $USER_PASSWORD $from_fd $from_stdin | sha256sum; "
                                   "read go < \"$1\"");
    static const struct spawn_secret secrets[] = {
        { .env = "USER_PASSWORD", .value = "simulated-one" },
        { .fd = 7, .value = "simulated-two\n" },
        { .fd = 0, .value = "simulated-three\n" },
    };
    struct vec paths = { 0 };
    struct err err = { 0 };

    ck_assert_msg (spawn_start (dir, &spec, secrets, 3, &err) == 0, "%s", err.message);
    release ();
    ck_assert_int_eq (finish ().exit_status, 0);
    /* printf 'simulated-one simulated-two simulated-three\n' | sha256sum */
    check_output (SPAWN_OUT,
                  "d04dd1f4383c1f5ab9915639a4b3c44e4ba8dce75fc4466b1b74cf347bbbe214  -\n");
    ck_assert_int_eq (fs_list (dir, NULL, &paths, NULL), 0);
    ck_assert_uint_ge (paths.count, 6);
    for (size_t i = 0; i < paths.count; i++) {
        ck_assert_msg (!file_contains (paths.items[i], "simulated-"), "%s",
                       (char *) paths.items[i]);
    }
    vec_free_with (&paths, mem_free);
    teardown ();
}
END_TEST

START_TEST (secrets_are_checked)
{
    setup ();
    struct spawn_spec spec = tool ("exit 0");
    struct spawn_secret secret = { .fd = 2, .value = "x" };
    char *big = mem_alloc (SPAWN_SECRETS_MAX + 1);

    memset (big, 'x', SPAWN_SECRETS_MAX);
    ck_assert_int_eq (spawn_start (dir, &spec, &secret, 1, NULL), FARRIER_E_INVALID);
    secret = (struct spawn_secret) { .fd = SPAWN_FD_MAX + 1, .value = "x" };
    ck_assert_int_eq (spawn_start (dir, &spec, &secret, 1, NULL), FARRIER_E_INVALID);
    secret = (struct spawn_secret) { .env = "A", .value = big };
    ck_assert_int_eq (spawn_start (dir, &spec, &secret, 1, NULL), FARRIER_E_INVALID);
    ck_assert_int_eq (state_now (), SPAWN_NOT_STARTED);
    mem_free (big);
    teardown ();
}
END_TEST

struct starter {
    const struct spawn_spec *spec;
    int32_t code;
};

static void *
start_in_thread (void *arg)
{
    struct starter *starter = arg;

    starter->code = spawn_start (dir, starter->spec, NULL, 0, NULL);
    return NULL;
}

START_TEST (runs_once_whoever_starts_it)
{
    setup ();
    struct spawn_spec spec = tool ("echo ran >> ../../ran; read go < \"$1\"");
    pthread_t threads[6];
    struct starter starters[6];
    int good = 0;

    for (int i = 0; i < 6; i++) {
        starters[i].spec = &spec;
        ck_assert_int_eq (pthread_create (&threads[i], NULL, start_in_thread, &starters[i]), 0);
    }
    for (int i = 0; i < 6; i++) {
        pthread_join (threads[i], NULL);
        ck_assert_msg (starters[i].code == 0 || starters[i].code == ERR_EXISTS, "%d",
                       starters[i].code);
        good += starters[i].code == 0;
    }
    ck_assert_int_eq (good, 1);
    ck_assert_int_eq (state_now (), SPAWN_RUNNING);
    ck_assert_int_eq (spawn_remove (dir, NULL), ERR_CONFLICT);
    release ();
    ck_assert_int_eq (finish ().exit_status, 0);
    ck_assert_int_eq (spawn_start (dir, &spec, NULL, 0, NULL), ERR_EXISTS);

    char *ran = fs_join (base, "ran");
    struct buf text = { 0 };
    ck_assert_int_eq (fs_read (ran, 100, &text, NULL), 0);
    ck_assert_str_eq (text.data, "ran\n");
    buf_free (&text);
    mem_free (ran);
    teardown ();
}
END_TEST

START_TEST (what_cannot_run_says_so)
{
    setup ();
    static const char *absent[] = { "/nowhere/tool", NULL };
    static const char *relative[] = { "tool", NULL };
    struct spawn_spec spec = tool ("exit 0");
    struct spawn_status status;
    struct err err = { 0 };

    spec.argv = relative;
    ck_assert_int_eq (spawn_start (dir, &spec, NULL, 0, NULL), FARRIER_E_INVALID);
    spec.argv = absent;
    ck_assert_int_eq (spawn_start (dir, &spec, NULL, 0, &err), ERR_IO);
    ck_assert_str_eq (err.message, "cannot run /nowhere/tool: No such file or directory");
    status = finish ();
    ck_assert_int_eq (status.state, SPAWN_EXITED);
    ck_assert_int_eq (status.exit_status, SPAWN_EXEC_FAILED);
    ck_assert_str_eq (status.error, err.message);

    ck_assert_int_eq (spawn_remove (dir, NULL), 0);
    spec = tool ("exit 0");
    spec.spawn_path = "/nowhere/farrier-spawn";
    ck_assert_int_eq (spawn_start (dir, &spec, NULL, 0, &err), ERR_IO);
    ck_assert_msg (strstr (err.message, "/nowhere/farrier-spawn") != NULL, "%s", err.message);
    ck_assert_int_eq (state_now (), SPAWN_NOT_STARTED);
    spec = tool ("exit 0");
    start (&spec);
    ck_assert_int_eq (finish ().exit_status, 0);
    teardown ();
}
END_TEST

START_TEST (output_is_capped)
{
    setup ();
    struct spawn_spec spec = tool ("head -c 3000000 /dev/zero | tr '\\0' x; echo end >&2");
    struct buf text = { 0 };

    spec.max_output_bytes = 1000;
    start (&spec);
    struct spawn_status status = finish ();
    ck_assert_int_eq (status.exit_status, 0);
    ck_assert (status.truncated);
    ck_assert_int_eq (spawn_output (dir, SPAWN_OUT, 10, 1 << 20, &text, NULL), 0);
    ck_assert_uint_eq (text.len, 990);
    check_output (SPAWN_ERR, "end\n");
    buf_free (&text);
    teardown ();
}
END_TEST

START_TEST (time_limit_ends_the_group)
{
    setup ();
    /* Tool and child both refuse TERM, so that only KILL ends them. */
    struct spawn_spec spec = tool ("trap '' TERM; (read go < \"$1\"); read go < \"$1\"");

    spec.timeout_ms = 30;
    spec.grace_ms = 30;
    start (&spec);
    struct spawn_status status = finish ();
    ck_assert_int_eq (status.exit_status, -SIGKILL);
    ck_assert (status.timed_out && !status.killed);
    /* Nobody is left at the fifo. */
    ck_assert_int_eq (open (fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC), -1);
    ck_assert_int_eq (errno, ENXIO);
    teardown ();
}
END_TEST

START_TEST (killed_on_wish)
{
    setup ();
    struct spawn_spec spec = tool ("trap 'echo bye; exit 9' TERM; echo up; read go < \"$1\"");
    int watch;

    ck_assert_int_eq (spawn_kill (dir, 0, NULL), 0);
    ck_assert_int_eq (spawn_watch (dir, &watch, NULL), ERR_NOT_FOUND);
    start (&spec);
    bool watchable = spawn_watch (dir, &watch, NULL) != FARRIER_E_UNSUPPORTED;
    /* The trap is set when the tool stands at the fifo. */
    int fd = open (fifo, O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq (spawn_kill (dir, 60000, NULL), 0);
    struct pollfd p = { .fd = watchable ? watch : -1, .events = POLLIN };
    ck_assert (!watchable || poll (&p, 1, WAIT_MS) == 1);
    struct spawn_status status = finish ();
    ck_assert_int_eq (status.state, SPAWN_EXITED);
    ck_assert_int_eq (status.exit_status, 9);
    ck_assert (status.killed && !status.timed_out);
    check_output (SPAWN_OUT, "up\nbye\n");
    ck_assert_int_eq (spawn_kill (dir, 0, NULL), 0);
    if (watchable) {
        close (watch);
    }
    close (fd);
    teardown ();
}
END_TEST

/* The daemon's part, in a process that dies right after the start. */
START_TEST (outlives_its_starter)
{
    setup ();
    struct spawn_status status;
    int wait_status;
    pid_t pid = fork ();

    if (pid == 0) {
        struct spawn_spec spec = tool ("echo begun; read go < \"$1\"; echo done; exit 4");
        if (spawn_start (dir, &spec, NULL, 0, NULL) == 0) {
            raise (SIGKILL);
        }
        _exit (1);
    }
    ck_assert_int_eq (waitpid (pid, &wait_status, 0), pid);
    ck_assert (WIFSIGNALED (wait_status));
    ck_assert_int_eq (spawn_status (dir, &status, NULL), 0);
    ck_assert_int_eq (status.state, SPAWN_RUNNING);
    ck_assert_int_eq (kill (status.pid, 0), 0);
    ck_assert_int_eq (spawn_wait (dir, 1, &status, NULL), FARRIER_E_TIMEOUT);
    release ();
    status = finish ();
    ck_assert_int_eq (status.state, SPAWN_EXITED);
    ck_assert_int_eq (status.exit_status, 4);
    check_output (SPAWN_OUT, "begun\ndone\n");
    teardown ();
}
END_TEST

static void
kill_supervisor (void)
{
    json_t *started;

    ck_assert_int_eq (spawn_read_json (dir, SPAWN_FILE_STARTED, &started, NULL), 0);
    struct spawn_process supervisor = spawn_process_of (started, "supervisor");
    ck_assert (spawn_signal_process (&supervisor, SIGKILL, false));
    while (spawn_start_ticks (supervisor.pid) == supervisor.start_ticks) {
        sched_yield ();            /* a process dies in its own time, but soon */
    }
    ck_assert (!spawn_signal_process (&supervisor, SIGKILL, false));
    json_decref (started);
}

START_TEST (without_a_supervisor)
{
    for (int by_kill = 0; by_kill <= 1; by_kill++) {
        setup ();
        struct spawn_spec spec = tool ("read go < \"$1\"");
        start (&spec);
        kill_supervisor ();
        /* The tool lives: nobody may take it for ended. */
        ck_assert_int_eq (state_now (), SPAWN_RUNNING);
        ck_assert_int_eq (spawn_start (dir, &spec, NULL, 0, NULL), ERR_EXISTS);
        if (by_kill) {
            ck_assert_int_eq (spawn_kill (dir, 0, NULL), 0);
        } else {
            release ();
        }
        ck_assert_int_eq (finish ().state, SPAWN_LOST);
        ck_assert_int_eq (spawn_start (dir, &spec, NULL, 0, NULL), ERR_EXISTS);
        teardown ();
    }
}
END_TEST

START_TEST (a_pid_is_no_proof)
{
    struct spawn_process self = { getpid (), spawn_start_ticks (getpid ()) };

    ck_assert_int_gt (self.start_ticks, 0);
    ck_assert (spawn_signal_process (&self, 0, false));
    self.start_ticks++;            /* an earlier process had this pid */
    ck_assert_int_eq (spawn_open_process (&self), -1);
    ck_assert (!spawn_signal_process (&self, 0, false));
    ck_assert_int_eq (spawn_start_ticks (-1), 0);

    /* A directory from before a reboot: its pid is now somebody else's. */
    setup ();
    json_t *started = json_object (), *process = json_object ();
    json_put_int (process, "pid", getpid ());
    json_put_int (process, "start_ticks", self.start_ticks);
    json_put (started, "tool", json_incref (process));
    json_put (started, "supervisor", process);
    ck_assert_int_eq (mkdir (dir, 0700), 0);
    ck_assert_int_eq (spawn_write_json (dir, SPAWN_FILE_STARTED, started, NULL), 0);
    ck_assert_int_eq (state_now (), SPAWN_LOST);
    ck_assert_int_eq (spawn_kill (dir, 0, NULL), 0);
    teardown ();
}
END_TEST

START_TEST (terminal_output)
{
    static const struct {
        const char *bytes, *lines, *line;
    } cases[] = {
        { "a\nb", "a\n", "b" },
        { "10%\r20%\r30%", "", "30%" },
        { "10%\b\b\b55%", "", "55%" },
        { "100%\r9", "", "900%" },
        { "a\r\nb\r\n", "a\nb\n", "" },
        { "\b\bx", "", "x" },
        { "abc\b\bX\n", "aXc\n", "" },
        { "", "", "" },
        { "\n\n", "\n\n", "" },
    };

    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        /* In one piece, and byte by byte. */
        for (int pieces = 0; pieces < 2; pieces++) {
            struct spawn_tail tail = { 0 };
            struct buf lines = { 0 };
            size_t len = strlen (cases[i].bytes), step = pieces ? 1 : len;

            for (size_t at = 0; at < len; at += step) {
                spawn_tail_feed (&tail, cases[i].bytes + at, step, &lines);
            }
            ck_assert_str_eq (lines.data == NULL ? "" : lines.data, cases[i].lines);
            ck_assert_str_eq (tail.line.data == NULL ? "" : tail.line.data, cases[i].line);
            ck_assert_uint_eq (tail.offset, len);
            spawn_tail_clear (&tail);
            buf_free (&lines);
        }
    }
}
END_TEST

START_TEST (follows_a_growing_file)
{
    setup ();
    struct spawn_spec spec = tool ("printf 'start\\n10%%\\r'; read go < \"$1\"; "
                                   "printf '20%%\\b\\b\\b30%%'; echo; echo end");
    struct spawn_tail tail = { 0 };
    struct buf lines = { 0 };
    int permille;

    ck_assert_int_eq (spawn_tail_read (dir, SPAWN_OUT, &tail, &lines, NULL), 0);
    ck_assert_uint_eq (tail.offset, 0);
    start (&spec);
    ck_assert_int_eq (spawn_tail_read (dir, SPAWN_OUT, &tail, &lines, NULL), 0);
    release ();
    ck_assert_int_eq (finish ().exit_status, 0);
    ck_assert_int_eq (spawn_tail_read (dir, SPAWN_OUT, &tail, &lines, NULL), 0);
    ck_assert_str_eq (lines.data, "start\n30%\nend\n");
    ck_assert_int_eq (spawn_progress ("([0-9]+)%", lines.data, &permille, NULL), 0);
    ck_assert_int_eq (permille, 300);
    buf_free (&lines);
    spawn_tail_clear (&tail);
    teardown ();
}
END_TEST

START_TEST (progress_by_pattern)
{
    static const struct {
        const char *pattern, *text;
        int permille;
    } cases[] = {
        { "([0-9]+)%", "10% 20%", 200 },
        { "([0-9.]+) percent", "42.5 percent", 425 },
        { "([0-9]+)%", "nothing", -1 },
        { "([0-9]+)%", "101%", -1 },
        { "([0-9]+)%", "99999999999999999999%", -1 },
        { "([0-9]+)%", "100%", 1000 },
        { "([0-9]+)%", "007%", 70 },
        { "[0-9]+%", "50%", -1 },
        { "(x*)", "abc", -1 },
        { "", "abc", -1 },
    };
    struct err err = { 0 };
    int permille;

    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        ck_assert_int_eq (spawn_progress (cases[i].pattern, cases[i].text, &permille, NULL), 0);
        ck_assert_msg (permille == cases[i].permille, "%s: %d", cases[i].text, permille);
    }
    ck_assert_int_eq (spawn_progress ("(", "x", &permille, &err), FARRIER_E_INVALID);
}
END_TEST

/* An attempt's directory with one for each of its tools. */
START_TEST (several_in_one_attempt)
{
    setup ();
    char *attempt = dir;
    struct spawn_spec spec = tool ("exit 0");

    ck_assert_ptr_null (spawn_last (attempt, INT64_MAX));
    ck_assert_int_eq (fs_mkdirs (attempt, 0700, NULL), 0);
    ck_assert_ptr_null (spawn_last (attempt, INT64_MAX));
    dir = str_printf ("%s/9", attempt);
    start (&spec);
    ck_assert_int_eq (finish ().exit_status, 0);
    mem_free (dir);
    dir = str_printf ("%s/10", attempt);
    spec = tool ("read go < \"$1\"");
    start (&spec);
    char *last = spawn_last (attempt, INT64_MAX);
    ck_assert_str_eq (last, dir);
    mem_free (last);
    last = spawn_last (attempt, 10);
    ck_assert_msg (str_ends (last, "/9"), "%s", last);
    mem_free (last);
    ck_assert_int_eq (spawn_remove (attempt, NULL), ERR_CONFLICT);
    release ();
    ck_assert_int_eq (finish ().exit_status, 0);
    ck_assert_int_eq (spawn_remove (attempt, NULL), 0);
    ck_assert (!fs_exists (attempt));

    ck_assert_int_eq (spawn_give_up (dir, NULL), 0);
    ck_assert_int_eq (state_now (), SPAWN_LOST);
    ck_assert_int_eq (spawn_start (dir, &spec, NULL, 0, NULL), ERR_EXISTS);
    mem_free (dir);
    dir = attempt;
    teardown ();
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        runs_and_tells, clean_surroundings, descriptors_are_its_own, secrets_touch_no_disk,
        secrets_are_checked, runs_once_whoever_starts_it, what_cannot_run_says_so, output_is_capped,
        time_limit_ends_the_group, killed_on_wish, outlives_its_starter, without_a_supervisor,
        a_pid_is_no_proof, terminal_output, follows_a_growing_file, progress_by_pattern,
        several_in_one_attempt, NULL,
    };

    return testing_run ("spawn", tests);
}
