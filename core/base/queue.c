/* queue: see queue.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/queue.h"

#include <pthread.h>

#include "base/mem.h"

/* A thread that waits for an item; on its own stack. */
struct waiter {
    pthread_cond_t wake;
    bool woken;
    struct waiter *below;
};

struct queue {
    pthread_mutex_t lock;
    /* The last to lie down is the first to be woken: its stack and its memory are still in the
     * processor's caches, and those that are not needed sleep on. */
    struct waiter *waiters;
    void **ring;
    size_t capacity, head, count;
    bool closed;
};

struct queue *
queue_new (void)
{
    struct queue *q = mem_alloc (sizeof (*q));

    pthread_mutex_init (&q->lock, NULL);
    return q;
}

void
queue_free (struct queue *q)
{
    if (q == NULL) {
        return;
    }
    pthread_mutex_destroy (&q->lock);
    mem_free (q->ring);
    mem_free (q);
}

static void
grow (struct queue *q)
{
    size_t capacity = q->capacity == 0 ? 16 : q->capacity * 2;
    void **ring = mem_array (capacity, sizeof (ring[0]));

    for (size_t i = 0; i < q->count; i++) {
        ring[i] = q->ring[(q->head + i) % q->capacity];
    }
    mem_free (q->ring);
    q->ring = ring;
    q->capacity = capacity;
    q->head = 0;
}

/* The lock is held: the waiter's own stack is not left before it has it again. */
static void
wake_one (struct queue *q)
{
    struct waiter *w = q->waiters;

    if (w != NULL) {
        q->waiters = w->below;
        w->woken = true;
        pthread_cond_signal (&w->wake);
    }
}

void
queue_push (struct queue *q, void *item)
{
    pthread_mutex_lock (&q->lock);
    if (q->count == q->capacity) {
        grow (q);
    }
    q->ring[(q->head + q->count) % q->capacity] = item;
    q->count++;
    wake_one (q);
    pthread_mutex_unlock (&q->lock);
}

/* The lock is held. Returns when there may be an item. */
static void
lie_down (struct queue *q)
{
    struct waiter w = { .below = q->waiters };

    pthread_cond_init (&w.wake, NULL);
    q->waiters = &w;
    while (!w.woken) {
        pthread_cond_wait (&w.wake, &q->lock);
    }
    pthread_cond_destroy (&w.wake);
}

static void *
take (struct queue *q, bool wait)
{
    void *item = NULL;

    pthread_mutex_lock (&q->lock);
    while (wait && q->count == 0 && !q->closed) {
        lie_down (q);
    }
    if (q->count > 0) {
        item = q->ring[q->head];
        q->head = (q->head + 1) % q->capacity;
        q->count--;
    }
    pthread_mutex_unlock (&q->lock);
    return item;
}

void *
queue_pop (struct queue *q)
{
    return take (q, true);
}

void *
queue_try_pop (struct queue *q)
{
    return take (q, false);
}

void
queue_close (struct queue *q)
{
    pthread_mutex_lock (&q->lock);
    q->closed = true;
    while (q->waiters != NULL) {
        wake_one (q);
    }
    pthread_mutex_unlock (&q->lock);
}

size_t
queue_count (struct queue *q)
{
    size_t count;

    pthread_mutex_lock (&q->lock);
    count = q->count;
    pthread_mutex_unlock (&q->lock);
    return count;
}
