/* rule_r6_free: frees what alloc() gave.
 *
 * Caught as: R6
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>

#include "rule.h"

RULE_START (free (farrier_alloc (step, 16)); (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r6_free")
