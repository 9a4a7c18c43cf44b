/* rule_r8_program: runs a program by itself.
 *
 * Caught as: R8
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <unistd.h>

#include "rule.h"

RULE_START (rc = execl ("/bin/true", "true", (char *) NULL); (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r8_program")
