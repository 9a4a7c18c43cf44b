/* rule_r8_stdout: writes to standard output.
 *
 * Caught as: R8
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>

#include "rule.h"

RULE_START (fputs ("half way there\n", stdout); (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r8_stdout")
