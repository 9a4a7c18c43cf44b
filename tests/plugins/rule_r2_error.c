/* rule_r2_error: writes to the error of a callback that has ended.
 *
 * Caught as: R2
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "rule.h"

static struct farrier_error *kept;

RULE_START (kept = err; (void) response)
RULE_POLL (kept->code = 1)
RULE_PLUGIN ("rule_r2_error")
