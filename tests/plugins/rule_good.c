/* rule_good: breaks no rule: what the others are measured by.
 *
 * Caught as: nothing
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "rule.h"

RULE_START ((void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_good")
