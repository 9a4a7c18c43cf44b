/* rule_r8_thread: starts a thread.
 *
 * Caught as: R8
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <pthread.h>

#include "rule.h"

static void *
nothing (void *arg)
{
    return arg;
}

RULE_START (pthread_t t; pthread_create (&t, NULL, nothing, NULL); (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r8_thread")
