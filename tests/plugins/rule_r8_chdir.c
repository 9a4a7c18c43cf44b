/* rule_r8_chdir: changes the working directory.
 *
 * Caught as: R8
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <unistd.h>

#include "rule.h"

RULE_START (if (chdir ("/") != 0) rc = 0; (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r8_chdir")
