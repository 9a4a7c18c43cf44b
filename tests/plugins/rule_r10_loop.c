/* rule_r10_loop: looks at the clock until time has passed.
 *
 * Caught as: R10
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "rule.h"

RULE_START (for (volatile int on = 1; on;); (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r10_loop")
