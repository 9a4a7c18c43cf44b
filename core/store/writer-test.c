/* writer-test: group commit under threads, batches that fail, a full disk, and a process that is
 * killed at every journal point.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/testing.h"

#define THREADS 8
#define COMMITS 60

static struct store_batch *
event_batch (const char *label, const char *kind, int count)
{
    struct store_batch *b = store_batch_new (label);
    struct store_event event = { .kind = (char *) kind, .body_json = "{\"n\":1}" };

    for (int i = 0; i < count; i++) {
        event.at_ms = i;
        store_batch_event (b, &event);
    }
    return b;
}

static size_t
count_events (struct store *s, const char *kind)
{
    struct store_event *events;
    size_t count, same = 0;

    ck_assert_int_eq (store_event_list (s, NULL, 0, 0, &events, &count, NULL), 0);
    for (size_t i = 0; i < count; i++) {
        same += str_eq (events[i].kind, kind);
    }
    store_event_free_all (events, count);
    return same;
}

/* --- threads ---------------------------------------------------------------------------------- */

struct committer {
    struct store *s;
    int number;
    int good, refused, wrong;
};

/* Every third batch is refused at its second operation; each good one is read back at once. */
static void *
commit_many (void *arg)
{
    struct committer *c = arg;

    for (int i = 0; i < COMMITS; i++) {
        char *id = str_printf ("host-%d-%d", c->number, i);
        struct store_host host = { .id = id, .name = id };
        struct store_host *back = NULL;
        struct store_batch *b = event_batch ("threads", "seen", 1);
        bool bad = i % 3 == 2;

        store_batch_host_put (b, &host);
        if (bad) {
            store_batch_job_cancel (b, "job-none");
        }
        int32_t code = store_commit (c->s, b, i % 2 == 0 ? STORE_FULL : STORE_NORMAL, NULL);
        int32_t read = store_host_get (c->s, id, &back, NULL);
        store_host_free (back);
        if (code == 0 && read == 0 && !bad) {
            c->good++;
        } else if (code == ERR_NOT_FOUND && read == ERR_NOT_FOUND && bad) {
            c->refused++;
        } else {
            c->wrong++;
        }
        mem_free (id);
    }
    return NULL;
}

START_TEST (threads_share_groups)
{
    struct testing_store t = testing_store_open ();
    struct committer committers[THREADS];
    pthread_t threads[THREADS];
    int64_t hosts;

    for (int i = 0; i < THREADS; i++) {
        committers[i] = (struct committer) { .s = t.s, .number = i };
        ck_assert_int_eq (pthread_create (&threads[i], NULL, commit_many, &committers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join (threads[i], NULL);
        ck_assert_int_eq (committers[i].wrong, 0);
        ck_assert_int_eq (committers[i].good, COMMITS * 2 / 3);
        ck_assert_int_eq (committers[i].refused, COMMITS / 3);
    }
    ck_assert_int_eq (store_host_count (t.s, &hosts, NULL), 0);
    ck_assert_int_eq (hosts, THREADS * COMMITS * 2 / 3);
    ck_assert_uint_eq (count_events (t.s, "seen"), (size_t) hosts);
    testing_store_close (&t);
}
END_TEST

/* --- asynchronous ----------------------------------------------------------------------------- */

struct collector {
    struct store *s;
    atomic_int done, failed, last_code;
    _Atomic int64_t last_event_id;
    int inner_code;
};

static void
count_done (void *arg, int32_t code, const struct err *err)
{
    struct collector *c = arg;

    ck_assert_int_eq (code, err->code);
    atomic_fetch_add (code == 0 ? &c->done : &c->failed, 1);
    atomic_store (&c->last_code, code);
}

static void
note_events (void *arg, int64_t last_event_id)
{
    struct collector *c = arg;

    atomic_store (&c->last_event_id, last_event_id);
}

START_TEST (asynchronous_answers)
{
    struct testing_store t = testing_store_open ();
    struct collector c = { .s = t.s };

    store_on_events (t.s, note_events, &c);
    for (int i = 0; i < 500; i++) {
        struct store_batch *b = event_batch (NULL, "async", 1);
        if (i % 10 == 9) {
            store_batch_host_delete (b, "nobody");
        }
        store_commit_async (t.s, b, STORE_NORMAL, count_done, &c);
    }
    /* Commits of one thread are applied in order: when this returns, the others are done. */
    testing_commit (t.s, store_batch_new (NULL));
    ck_assert_int_eq (atomic_load (&c.done), 450);
    ck_assert_int_eq (atomic_load (&c.failed), 50);
    ck_assert_uint_eq (count_events (t.s, "async"), 450);

    store_commit_async (t.s, event_batch (NULL, "last", 1), STORE_NORMAL, count_done, &c);
    store_close (t.s);             /* commits what is queued */
    ck_assert_int_eq (atomic_load (&c.done), 451);
    int64_t notified = atomic_load (&c.last_event_id), last;
    ck_assert_int_eq (store_open (t.path, STORE_WRITER, &t.s, NULL), 0);
    ck_assert_int_eq (store_event_last_id (t.s, &last, NULL), 0);
    ck_assert_int_eq (notified, last);
    testing_store_close (&t);
}
END_TEST

/* The id of an event that was taken back is given to the next one: who has been told of it would
 * wait for that one in vain. */
START_TEST (an_undone_event_is_not_told)
{
    struct testing_store t = testing_store_open ();
    struct collector c = { .s = t.s };
    struct store_batch *bad = event_batch (NULL, "bad", 1);
    int64_t last;

    store_on_events (t.s, note_events, &c);
    store_batch_host_delete (bad, "nobody");
    store_commit_async (t.s, event_batch (NULL, "good", 1), STORE_NORMAL, count_done, &c);
    store_commit_async (t.s, bad, STORE_NORMAL, count_done, &c);
    store_close (t.s);             /* both in one group, or each alone */
    ck_assert_int_eq (atomic_load (&c.done), 1);
    ck_assert_int_eq (atomic_load (&c.failed), 1);
    ck_assert_int_eq (store_open (t.path, STORE_WRITER, &t.s, NULL), 0);
    ck_assert_int_eq (store_event_last_id (t.s, &last, NULL), 0);
    ck_assert_int_eq (atomic_load (&c.last_event_id), last);
    testing_store_close (&t);
}
END_TEST

static void
commit_from_writer (void *arg, int32_t code, const struct err *err)
{
    struct collector *c = arg;

    (void) code;
    (void) err;
    c->inner_code = store_commit (c->s, store_batch_new (NULL), STORE_FULL, NULL);
    store_commit_async (c->s, event_batch (NULL, "inner", 1), STORE_NORMAL, count_done, c);
}

START_TEST (the_writer_never_waits_for_itself)
{
    struct testing_store t = testing_store_open ();
    struct collector c = { .s = t.s };

    store_commit_async (t.s, store_batch_new (NULL), STORE_FULL, commit_from_writer, &c);
    testing_commit (t.s, store_batch_new (NULL));
    testing_commit (t.s, store_batch_new (NULL));
    ck_assert_int_eq (c.inner_code, FARRIER_E_INTERNAL);
    ck_assert_int_eq (atomic_load (&c.done), 1);
    testing_store_close (&t);
}
END_TEST

/* --- a full disk ------------------------------------------------------------------------------ */

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool open;
};

/* Holds the writer thread, so that what is committed meanwhile makes one group. */
static void
wait_at_gate (void *arg, int32_t code, const struct err *err)
{
    struct gate *gate = arg;

    (void) code;
    (void) err;
    pthread_mutex_lock (&gate->lock);
    while (!gate->open) {
        pthread_cond_wait (&gate->opened, &gate->lock);
    }
    pthread_mutex_unlock (&gate->lock);
}

static void
open_gate (struct gate *gate)
{
    pthread_mutex_lock (&gate->lock);
    gate->open = true;
    pthread_cond_signal (&gate->opened);
    pthread_mutex_unlock (&gate->lock);
}

/* No file of this process grows past `bytes` from now on: what a full disk looks like. */
static void
limit_files (rlim_t bytes)
{
    struct rlimit limit;

    signal (SIGXFSZ, SIG_IGN);
    ck_assert_int_eq (getrlimit (RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
}

START_TEST (a_full_disk_sinks_one_batch)
{
    struct testing_store t = testing_store_open ();
    struct gate gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };
    struct collector small = { .s = t.s }, big = { .s = t.s };
    char *body = mem_alloc (40001);
    struct store_event event = { .kind = "big", .body_json = body };
    struct store_batch *b = store_batch_new (NULL);

    memset (body, 'x', 40000);
    for (int i = 0; i < 100; i++) {
        store_batch_event (b, &event);
    }
    mem_free (body);
    limit_files (1 << 20);
    store_commit_async (t.s, store_batch_new (NULL), STORE_FULL, wait_at_gate, &gate);
    store_commit_async (t.s, event_batch ("a", "small", 3), STORE_FULL, count_done, &small);
    store_commit_async (t.s, b, STORE_FULL, count_done, &big);
    store_commit_async (t.s, event_batch ("b", "small", 3), STORE_FULL, count_done, &small);
    open_gate (&gate);
    testing_commit (t.s, event_batch (NULL, "small", 3));

    ck_assert_int_eq (atomic_load (&small.done), 2);
    ck_assert_int_eq (atomic_load (&big.failed), 1);
    ck_assert_int_eq (atomic_load (&big.last_code), FARRIER_E_NO_SPACE);
    ck_assert_uint_eq (count_events (t.s, "small"), 9);
    ck_assert_uint_eq (count_events (t.s, "big"), 0);

    /* Nothing fits any more: each waiter is told, and once there is room all goes on. */
    limit_files (0);
    testing_refuse (t.s, event_batch (NULL, "small", 1), FARRIER_E_NO_SPACE, "no space left");
    ck_assert_uint_eq (count_events (t.s, "small"), 9);
    limit_files (RLIM_INFINITY);
    testing_commit (t.s, event_batch (NULL, "small", 1));
    store_close (t.s);
    ck_assert_int_eq (store_open (t.path, STORE_WRITER, &t.s, NULL), 0);
    ck_assert_uint_eq (count_events (t.s, "small"), 10);
    testing_store_close (&t);
}
END_TEST

/* --- crashes ---------------------------------------------------------------------------------- */

#define CRASH_BATCHES 3

/* Commits three batches of five events and says on the pipe which commits have returned. */
static void
crash_child (const char *path, int number, const char *log, int fd)
{
    char at[16];
    struct store *s;

    str_format (at, sizeof at, "%d", number);
    setenv ("FARRIER_CRASH_AT", at, 1);
    setenv ("FARRIER_CRASH_LOG", log, 1);
    if (store_open (path, STORE_WRITER, &s, NULL) != 0) {
        _exit (2);
    }
    for (int i = 0; i < CRASH_BATCHES; i++) {
        char kind[2] = { (char) ('a' + i), '\0' };
        if (store_commit (s, event_batch (kind, kind, 5), STORE_FULL, NULL) != 0 ||
            write (fd, kind, 1) != 1) {
            _exit (3);
        }
    }
    store_close (s);
    /* Not by _exit(): a leak checker would judge the memory that the parent holds. */
    execl ("/bin/true", "true", (char *) NULL);
    _exit (4);
}

static int
run_crash (const char *path, int number, const char *log, char *ret_returned, size_t size)
{
    int fds[2], status;
    ssize_t len = 0, got;

    ck_assert_int_eq (pipe (fds), 0);
    pid_t pid = fork ();
    if (pid == 0) {
        close (fds[0]);
        crash_child (path, number, log, fds[1]);
    }
    close (fds[1]);
    while ((got = read (fds[0], ret_returned + len, size - 1 - (size_t) len)) > 0) {
        len += got;
    }
    ret_returned[len] = '\0';
    close (fds[0]);
    ck_assert_int_eq (waitpid (pid, &status, 0), pid);
    return status;
}

START_TEST (killed_at_every_point)
{
    static const char *const names[] = {
        "commit-before:a", "commit-after:a", "commit-before:b",
        "commit-after:b", "commit-before:c", "commit-after:c",
    };
    struct buf expected = { 0 };

    for (int n = 1; n <= (int) COUNT_OF (names) + 1; n++) {
        char *dir = testing_make_dir ();
        char *path = fs_join (dir, "farrier.db"), *log = fs_join (dir, "points");
        char returned[16];
        struct buf text = { 0 };
        struct store *s;
        int status = run_crash (path, n, log, returned, sizeof returned);

        if (n <= (int) COUNT_OF (names)) {
            ck_assert (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
            buf_printf (&expected, "%s\n", names[n - 1]);
        } else {
            ck_assert (WIFEXITED (status) && WEXITSTATUS (status) == 0);
        }
        ck_assert_int_eq (fs_read (log, 4096, &text, NULL), 0);
        ck_assert_str_eq (text.data, expected.data);
        buf_free (&text);

        ck_assert_int_eq (store_open (path, STORE_WRITER, &s, NULL), 0);
        for (int i = 0; i < CRASH_BATCHES; i++) {
            char kind[2] = { (char) ('a' + i), '\0' };
            size_t count = count_events (s, kind);
            /* Point 2i+2 comes after the commit of batch i. */
            ck_assert_uint_eq (count, n >= 2 * i + 2 ? 5 : 0);
            ck_assert (strchr (returned, kind[0]) == NULL || count == 5);
        }
        store_close (s);
        mem_free (path);
        mem_free (log);
        testing_remove_dir (dir);
    }
    buf_free (&expected);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        threads_share_groups, asynchronous_answers, an_undone_event_is_not_told,
        the_writer_never_waits_for_itself,
        a_full_disk_sinks_one_batch, killed_at_every_point, NULL,
    };

    return testing_run ("writer", tests);
}
