/* rule_r10_sleep: sleeps.
 *
 * Caught as: R10
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <unistd.h>

#include "rule.h"

RULE_START (sleep (1); (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r10_sleep")
