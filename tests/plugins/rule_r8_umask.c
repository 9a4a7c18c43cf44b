/* rule_r8_umask: changes the mask of new files.
 *
 * Caught as: R8
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <sys/stat.h>

#include "rule.h"

RULE_START (umask (0); (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r8_umask")
