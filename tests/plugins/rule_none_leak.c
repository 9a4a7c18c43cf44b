/* rule_none_leak: leaves a descriptor open.
 *
 * Caught as: descriptor
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <fcntl.h>

#include "rule.h"

RULE_START (if (open ("/dev/null", O_RDONLY | O_CLOEXEC) < 0) rc = 0; (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_none_leak")
