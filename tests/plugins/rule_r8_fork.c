/* rule_r8_fork: forks.
 *
 * Caught as: R8
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <unistd.h>

#include "rule.h"

RULE_START (if (fork () == 0) _exit (0); (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r8_fork")
