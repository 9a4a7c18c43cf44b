/* rule_r3_memory: keeps memory of alloc() for the next callback.
 *
 * Caught as: R3
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "rule.h"

static char *kept;

RULE_START (kept = farrier_alloc (step, 16); (void) response)
RULE_POLL (if (kept != NULL) kept[0] = 1)
RULE_PLUGIN ("rule_r3_memory")
