/* rule_r7_thread_local: keeps its state in a thread-local.
 *
 * Caught as: R7
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "rule.h"

static __thread int count;

RULE_START (count++; (void) response)
RULE_POLL (if (count == 0) return FARRIER_SKIPPED)
RULE_PLUGIN ("rule_r7_thread_local")
