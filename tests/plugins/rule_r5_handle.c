/* rule_r5_handle: keeps a handle for the next callback.
 *
 * Caught as: R5
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "rule.h"

static const struct farrier_response *kept;

RULE_START (kept = response)
RULE_POLL (if (farrier_response_status (kept) != 200) return FARRIER_SKIPPED)
RULE_PLUGIN ("rule_r5_handle")
