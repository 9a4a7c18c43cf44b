/* rule_r9_library: brings a JSON library.
 *
 * Caught as: R9
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <jansson.h>

#include "rule.h"

RULE_START (json_decref (json_object ()); (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r9_library")
