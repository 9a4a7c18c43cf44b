/* queue: hands pointers from threads to threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_BASE_QUEUE_H
#define FARRIER_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct queue;

struct queue *queue_new (void);
void queue_free (struct queue *q);                /* must be empty or its items forgotten */
void queue_push (struct queue *q, void *item);
void *queue_pop (struct queue *q);                /* waits; NULL once closed and empty */
void *queue_try_pop (struct queue *q);            /* NULL when empty */
void queue_close (struct queue *q);               /* wakes all poppers */
size_t queue_count (struct queue *q);

#endif
