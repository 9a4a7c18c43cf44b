/* Tests of queue.h, with real threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/queue.h"

#include <pthread.h>
#include <stdint.h>

#include "base/testing.h"

#define PRODUCERS 3
#define CONSUMERS 3
#define EACH 5000

START_TEST (first_in_first_out)
{
    struct queue *q = queue_new ();
    char bytes[100];

    ck_assert_ptr_null (queue_try_pop (q));
    for (size_t round = 0; round < 3; round++) {       /* goes round the ring, and grows it */
        for (size_t i = 0; i < 100; i++) {
            queue_push (q, &bytes[i]);
        }
        ck_assert_uint_eq (queue_count (q), 100);
        for (size_t i = 0; i < 100; i++) {
            ck_assert_ptr_eq (i % 2 == 0 ? queue_pop (q) : queue_try_pop (q), &bytes[i]);
        }
    }
    queue_push (q, bytes);
    queue_close (q);
    ck_assert_ptr_eq (queue_pop (q), bytes);            /* what was pushed is still handed out */
    ck_assert_ptr_null (queue_pop (q));
    queue_free (q);
    queue_free (NULL);
}
END_TEST

static void *
produce (void *q)
{
    for (uintptr_t i = 1; i <= EACH; i++) {
        queue_push (q, (void *) i);
    }
    return NULL;
}

static void *
consume (void *q)
{
    uintptr_t sum = 0;
    void *got;

    while ((got = queue_pop (q)) != NULL) {
        sum += (uintptr_t) got;
    }
    return (void *) sum;
}

START_TEST (threads)
{
    pthread_t producers[PRODUCERS], consumers[CONSUMERS];
    struct queue *q = queue_new ();
    uintptr_t sum = 0;

    for (int i = 0; i < CONSUMERS; i++) {
        ck_assert_int_eq (pthread_create (&consumers[i], NULL, consume, q), 0);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        ck_assert_int_eq (pthread_create (&producers[i], NULL, produce, q), 0);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        pthread_join (producers[i], NULL);
    }
    queue_close (q);
    for (int i = 0; i < CONSUMERS; i++) {
        void *part;

        pthread_join (consumers[i], &part);
        sum += (uintptr_t) part;
    }
    ck_assert_uint_eq (sum, (uintptr_t) PRODUCERS * EACH * (EACH + 1) / 2);
    queue_free (q);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { first_in_first_out, threads, NULL };

    return testing_run ("queue", tests);
}
