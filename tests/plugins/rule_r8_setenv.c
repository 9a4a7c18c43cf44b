/* rule_r8_setenv: changes the environment.
 *
 * Caught as: R8
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>

#include "rule.h"

RULE_START (setenv ("TZ", "UTC", 1); (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r8_setenv")
