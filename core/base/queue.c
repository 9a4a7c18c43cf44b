/* queue: see queue.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/queue.h"

#include <pthread.h>

#include "base/mem.h"

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    void **ring;
    size_t capacity, head, count;
    bool closed;
};

struct queue *
queue_new (void)
{
    struct queue *q = mem_alloc (sizeof (*q));

    pthread_mutex_init (&q->lock, NULL);
    pthread_cond_init (&q->ready, NULL);
    return q;
}

void
queue_free (struct queue *q)
{
    if (q == NULL) {
        return;
    }
    pthread_cond_destroy (&q->ready);
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

void
queue_push (struct queue *q, void *item)
{
    pthread_mutex_lock (&q->lock);
    if (q->count == q->capacity) {
        grow (q);
    }
    q->ring[(q->head + q->count) % q->capacity] = item;
    q->count++;
    pthread_mutex_unlock (&q->lock);
    /* After the lock: who wakes up wants it at once. */
    pthread_cond_signal (&q->ready);
}

static void *
take (struct queue *q, bool wait)
{
    void *item = NULL;

    pthread_mutex_lock (&q->lock);
    while (wait && q->count == 0 && !q->closed) {
        pthread_cond_wait (&q->ready, &q->lock);
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
    pthread_cond_broadcast (&q->ready);
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
