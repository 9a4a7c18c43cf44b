/* rule_r3_string: keeps a string of a document for the next callback.
 *
 * Caught as: R3
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "rule.h"

static const char *kept;

RULE_START (kept = farrier_json_str_at (farrier_response_json (response), "/RedfishVersion"))
RULE_POLL (if (kept != NULL && kept[0] == 0) return FARRIER_SKIPPED)
RULE_PLUGIN ("rule_r3_string")
