/* timers: see timers.h. A binary heap by due time; entries that were moved or taken back stay in it
 * and are dropped when they come up, told by their serial number.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/timers.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine_private.h"

struct entry {
    int64_t due_ms;
    uint64_t serial;
    char *key;                         /* "KIND job-id" */
    char *attempt_id;
};

struct timers {
    struct engine *engine;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct entry **heap;
    size_t count, capacity;
    struct map *live;                  /* key -> serial of the entry that counts */
    uint64_t next_serial;
    bool stopping;
};

static void
entry_free (struct entry *e)
{
    mem_free (e->key);
    mem_free (e->attempt_id);
    mem_free (e);
}

static void
swap (struct timers *t, size_t a, size_t b)
{
    struct entry *e = t->heap[a];
    t->heap[a] = t->heap[b];
    t->heap[b] = e;
}

static void
push (struct timers *t, struct entry *e)
{
    if (t->count == t->capacity) {
        t->capacity = t->capacity == 0 ? 64 : t->capacity * 2;
        t->heap = mem_realloc (t->heap, t->capacity * sizeof (struct entry *));
    }
    size_t i = t->count++;
    t->heap[i] = e;
    while (i > 0 && t->heap[(i - 1) / 2]->due_ms > t->heap[i]->due_ms) {
        swap (t, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

static struct entry *
pop (struct timers *t)
{
    struct entry *top = t->heap[0];
    t->heap[0] = t->heap[--t->count];
    for (size_t i = 0;;) {
        size_t least = i, left = 2 * i + 1, right = left + 1;
        if (left < t->count && t->heap[left]->due_ms < t->heap[least]->due_ms)
            least = left;
        if (right < t->count && t->heap[right]->due_ms < t->heap[least]->due_ms)
            least = right;
        if (least == i)
            return top;
        swap (t, i, least);
        i = least;
    }
}

static bool
is_live (struct timers *t, const struct entry *e)
{
    return (uintptr_t) map_get (t->live, e->key) == e->serial;
}

/* The lock is held at entry and exit, not while posting. */
static void
fire (struct timers *t, struct entry *e)
{
    if (is_live (t, e)) {
        map_remove (t->live, e->key);
        pthread_mutex_unlock (&t->lock);
        int kind = e->key[0] - 'A';
        engine_post (t->engine, e->key + 2, (enum letter_kind) kind, e->attempt_id, 0, 0, NULL,
                     NULL);
        pthread_mutex_lock (&t->lock);
    }
    entry_free (e);
}

static void
wait_until (struct timers *t, int64_t due_ms)
{
    struct timespec ts = { .tv_sec = due_ms / 1000, .tv_nsec = due_ms % 1000 * 1000000 };
    pthread_cond_timedwait (&t->changed, &t->lock, &ts);
}

static void *
run (void *arg)
{
    struct timers *t = arg;
    pthread_mutex_lock (&t->lock);
    while (!t->stopping) {
        if (t->count == 0)
            pthread_cond_wait (&t->changed, &t->lock);
        else if (t->heap[0]->due_ms <= clock_wall_ms () || !is_live (t, t->heap[0]))
            fire (t, pop (t));
        else
            wait_until (t, t->heap[0]->due_ms);
    }
    pthread_mutex_unlock (&t->lock);
    return NULL;
}

struct timers *
timers_new (struct engine *engine)
{
    struct timers *t = mem_alloc (sizeof *t);
    t->engine = engine;
    t->live = map_new ();
    t->next_serial = 1;
    pthread_mutex_init (&t->lock, NULL);
    pthread_cond_init (&t->changed, NULL);
    pthread_create (&t->thread, NULL, run, t);
    return t;
}

void
timers_free (struct timers *t)
{
    pthread_mutex_lock (&t->lock);
    t->stopping = true;
    pthread_cond_signal (&t->changed);
    pthread_mutex_unlock (&t->lock);
    pthread_join (t->thread, NULL);
    while (t->count > 0)
        entry_free (t->heap[--t->count]);
    mem_free (t->heap);
    map_free (t->live, NULL);
    pthread_mutex_destroy (&t->lock);
    pthread_cond_destroy (&t->changed);
    mem_free (t);
}

void
timers_set (struct timers *t, const char *job_id, int kind, const char *attempt_id, int64_t due_ms)
{
    char *key = str_printf ("%c %s", 'A' + kind, job_id);
    pthread_mutex_lock (&t->lock);
    map_remove (t->live, key);
    if (due_ms != 0) {
        struct entry *e = mem_alloc (sizeof *e);
        e->due_ms = due_ms;
        e->serial = t->next_serial++;
        e->key = str_dup (key);
        e->attempt_id = str_dup (attempt_id);
        push (t, e);
        map_set (t->live, key, (void *) (uintptr_t) e->serial);
        if (t->heap[0] == e)           /* the thread sleeps until what was due first before */
            pthread_cond_signal (&t->changed);
    }
    pthread_mutex_unlock (&t->lock);
    mem_free (key);
}

void
timers_forget (struct timers *t, const char *job_id)
{
    timers_set (t, job_id, LETTER_DUE, NULL, 0);
    timers_set (t, job_id, LETTER_DEADLINE, NULL, 0);
    timers_set (t, job_id, LETTER_FLUSH, NULL, 0);
}
