/* rule_r7_lock: calls the core while it holds a lock.
 *
 * Caught as: R7
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <pthread.h>

#include "rule.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void
locked (struct farrier_step *step)
{
    pthread_mutex_lock (&lock);
    farrier_progress (step, 10, "half way");
    pthread_mutex_unlock (&lock);
}

RULE_START (locked (step); (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r7_lock")
