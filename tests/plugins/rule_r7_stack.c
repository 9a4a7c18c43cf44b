/* rule_r7_stack: calls the core with 100 KiB on its stack.
 *
 * Caught as: R7
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "rule.h"

static char
large (struct farrier_step *step)
{
    volatile char bytes[100 * 1024];
    memset ((char *) bytes, 0, sizeof bytes);
    farrier_progress (step, 10, "half way");
    return bytes[5];
}

RULE_START (rc = large (step); (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r7_stack")
