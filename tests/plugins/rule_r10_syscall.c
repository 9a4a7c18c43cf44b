/* rule_r10_syscall: waits behind the back of the C library.
 *
 * Caught as: R10
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "rule.h"

static const struct timespec moment = { .tv_nsec = 1000 };

RULE_START (syscall (SYS_nanosleep, &moment, NULL); (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r10_syscall")
