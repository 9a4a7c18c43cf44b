/* writer: group commit.
 *
 * While one group is being committed the next one gathers: under load the disk's own latency makes
 * the groups, and a lone batch waits for nobody. Only when nothing must be on the disk (NORMAL:
 * events, what was read) does the writer linger for more.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "store/writer.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#define GROUP_MAX 200
#define LINGER_MS 5
#define LINGER_WAITED_MS 1             /* somebody sleeps until it is done */

/* A batch on its way, from commit to its answer. */
struct pending {
    struct list link;
    struct store_batch *batch;
    enum store_durability durability;
    store_done_fn *done;           /* asynchronous */
    void *arg;
    bool waited_for;               /* somebody sleeps on `answered`; he owns this */
    bool finished;
    pthread_cond_t answered;
    struct err err;                /* code 0: committed */
};

struct writer {
    const struct store_driver *driver;
    void *db;
    pthread_t thread;
    void (*notify) (void *arg, int64_t last_event_id);
    void *notify_arg;

    pthread_mutex_t lock;          /* of what follows */
    pthread_cond_t arrived;
    struct list queue;
    size_t queued;
    size_t urgent;                 /* those in the queue that are FULL */
    size_t waited;                 /* those somebody sleeps for */
    bool stopping;
};

struct group {
    struct pending *members[GROUP_MAX];
    size_t count;
    enum store_durability durability;
    bool lost;                     /* the database took the transaction back */
};

/* --- one group -------------------------------------------------------------------------------- */

static void
crash_points (const struct group *g, const char *moment)
{
    for (size_t i = 0; i < g->count; i++) {
        const struct pending *p = g->members[i];
        if (p->durability == STORE_FULL && p->batch->label != NULL && p->err.code == 0) {
            char name[160];
            str_format (name, sizeof name, "commit-%s:%s", moment, p->batch->label);
            store_crash_point (name);
        }
    }
}

static int32_t
apply_ops (struct writer *w, struct pending *p)
{
    if (p->batch->refusal.code != 0) {
        p->err = p->batch->refusal;
        return p->err.code;
    }
    list_for_each (it, &p->batch->ops) {
        int32_t code = w->driver->apply (w->db, list_entry (it, struct store_op, link), &p->err);
        if (code != 0) {
            p->err.code = code;
            return code;
        }
    }
    return 0;
}

/* A batch that is alone needs no savepoint: the transaction is its own. */
static void
apply_batch (struct writer *w, struct group *g, struct pending *p)
{
    bool alone = g->count == 1;

    if (!alone && w->driver->batch_begin (w->db, &p->err) != 0) {
        g->lost = true;
        return;
    }
    if (apply_ops (w, p) == 0) {
        if (!alone && w->driver->batch_keep (w->db, &p->err) != 0) {
            g->lost = true;
        }
    } else if (!alone && !w->driver->batch_undo (w->db)) {
        g->lost = true;
    }
}

static bool
any_good (const struct group *g)
{
    for (size_t i = 0; i < g->count; i++) {
        if (g->members[i]->err.code == 0) {
            return true;
        }
    }
    return false;
}

static void
fail_all (struct group *g, const struct err *err)
{
    for (size_t i = 0; i < g->count; i++) {
        if (g->members[i]->err.code == 0) {
            g->members[i]->err = *err;
        }
    }
}

/* False when the group as a whole failed, with every member's err set. */
static bool
try_group (struct writer *w, struct group *g)
{
    struct err err = { 0 };

    g->lost = false;
    for (size_t i = 0; i < g->count; i++) {
        err_clear (&g->members[i]->err);
    }
    if (w->driver->group_begin (w->db, g->durability, &err) != 0) {
        fail_all (g, &err);
        return false;
    }
    for (size_t i = 0; i < g->count && !g->lost; i++) {
        apply_batch (w, g, g->members[i]);
        if (g->lost) {
            err = g->members[i]->err;
        }
    }
    if (g->lost || !any_good (g)) {
        w->driver->group_undo (w->db);
        fail_all (g, &err);
        return !g->lost;
    }
    crash_points (g, "before");
    if (w->driver->group_commit (w->db, &err) != 0) {
        fail_all (g, &err);
        return false;
    }
    crash_points (g, "after");
    return true;
}

/* What failed together is tried one by one: a batch too big for the disk must not sink the
 * others. */
static void
run_group (struct writer *w, struct group *g)
{
    if (try_group (w, g) || g->count == 1) {
        return;
    }
    for (size_t i = 0; i < g->count; i++) {
        struct group single = { .members = { g->members[i] }, .count = 1,
                                .durability = g->members[i]->durability };
        try_group (w, &single);
    }
}

/* --- answers ---------------------------------------------------------------------------------- */

static void
answer (struct writer *w, struct pending *p)
{
    store_batch_free (p->batch);
    p->batch = NULL;
    if (p->waited_for) {
        pthread_mutex_lock (&w->lock);
        p->finished = true;
        pthread_cond_signal (&p->answered);
        pthread_mutex_unlock (&w->lock);
        return;
    }
    if (p->done != NULL) {
        p->done (p->arg, p->err.code, &p->err);
    } else if (p->err.code != 0) {
        log_error ("store: a change was lost: %s", p->err.message);
    }
    mem_free (p);
}

static bool
has_events (const struct group *g)
{
    for (size_t i = 0; i < g->count; i++) {
        if (g->members[i]->err.code == 0 && g->members[i]->batch->events > 0) {
            return true;
        }
    }
    return false;
}

static void
answer_all (struct writer *w, struct group *g)
{
    bool events = has_events (g);

    for (size_t i = 0; i < g->count; i++) {
        answer (w, g->members[i]);
    }
    if (events && w->notify != NULL) {
        w->notify (w->notify_arg, w->driver->last_event_id (w->db));
    }
}

/* --- the queue -------------------------------------------------------------------------------- */

static void
linger (struct writer *w)
{
    struct timespec until;

    clock_gettime (CLOCK_MONOTONIC, &until);
    until.tv_nsec += (w->waited > 0 ? LINGER_WAITED_MS : LINGER_MS) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    while (w->urgent == 0 && w->queued < GROUP_MAX && !w->stopping) {
        if (pthread_cond_timedwait (&w->arrived, &w->lock, &until) != 0) {
            return;
        }
    }
}

/* False when there is nothing left and the writer is to end. */
static bool
gather (struct writer *w, struct group *g)
{
    g->count = 0;
    g->durability = STORE_NORMAL;
    pthread_mutex_lock (&w->lock);
    while (w->queued == 0 && !w->stopping) {
        pthread_cond_wait (&w->arrived, &w->lock);
    }
    linger (w);
    while (!list_empty (&w->queue) && g->count < GROUP_MAX) {
        struct pending *p = list_entry (w->queue.next, struct pending, link);
        list_remove (&p->link);
        w->queued--;
        w->waited -= p->waited_for;
        if (p->durability == STORE_FULL) {
            w->urgent--;
        }
        if (p->durability == STORE_FULL) {
            g->durability = STORE_FULL;
        }
        g->members[g->count++] = p;
    }
    pthread_mutex_unlock (&w->lock);
    return g->count > 0;
}

static void *
writer_thread (void *arg)
{
    struct writer *w = arg;
    struct group *g = mem_alloc (sizeof *g);

    while (gather (w, g)) {
        run_group (w, g);
        answer_all (w, g);
    }
    mem_free (g);
    return NULL;
}

static void
push (struct writer *w, struct pending *p)
{
    pthread_mutex_lock (&w->lock);
    list_add_tail (&w->queue, &p->link);
    w->queued++;
    w->waited += p->waited_for;
    if (p->durability == STORE_FULL) {
        w->urgent++;
    }
    pthread_cond_signal (&w->arrived);
    pthread_mutex_unlock (&w->lock);
}

int32_t
writer_commit (struct writer *w, struct store_batch *b, enum store_durability durability,
               struct err *err)
{
    struct pending p = { .batch = b, .durability = durability, .waited_for = true };

    if (pthread_equal (pthread_self (), w->thread)) {
        store_batch_free (b);
        return err_set (err, FARRIER_E_INTERNAL,
                        "the store's writer thread was asked to wait for itself");
    }
    pthread_cond_init (&p.answered, NULL);
    push (w, &p);
    pthread_mutex_lock (&w->lock);
    while (!p.finished) {
        pthread_cond_wait (&p.answered, &w->lock);
    }
    pthread_mutex_unlock (&w->lock);
    pthread_cond_destroy (&p.answered);
    if (p.err.code != 0 && err != NULL) {
        *err = p.err;
    }
    return p.err.code;
}

void
writer_commit_async (struct writer *w, struct store_batch *b, enum store_durability durability,
                     store_done_fn *done, void *arg)
{
    struct pending *p = mem_alloc (sizeof *p);

    p->batch = b;
    p->durability = durability;
    p->done = done;
    p->arg = arg;
    push (w, p);
}

void
writer_on_events (struct writer *w, void (*notify) (void *arg, int64_t last_event_id), void *arg)
{
    w->notify = notify;
    w->notify_arg = arg;
}

struct writer *
writer_start (const struct store_driver *driver, void *db)
{
    struct writer *w = mem_alloc (sizeof *w);
    pthread_condattr_t monotonic;
    sigset_t all, before;

    w->driver = driver;
    w->db = db;
    list_init (&w->queue);
    pthread_mutex_init (&w->lock, NULL);
    pthread_condattr_init (&monotonic);
    pthread_condattr_setclock (&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init (&w->arrived, &monotonic);
    pthread_condattr_destroy (&monotonic);

    /* Signals are for the threads that expect them. */
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    int rc = pthread_create (&w->thread, NULL, writer_thread, w);
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        log_error ("store: cannot start the writer thread");
        pthread_cond_destroy (&w->arrived);
        pthread_mutex_destroy (&w->lock);
        mem_free (w);
        return NULL;
    }
    return w;
}

void
writer_stop (struct writer *w)
{
    if (w == NULL) {
        return;
    }
    pthread_mutex_lock (&w->lock);
    w->stopping = true;
    pthread_cond_signal (&w->arrived);
    pthread_mutex_unlock (&w->lock);
    pthread_join (w->thread, NULL);
    pthread_cond_destroy (&w->arrived);
    pthread_mutex_destroy (&w->lock);
    mem_free (w);
}
