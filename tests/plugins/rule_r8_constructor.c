/* rule_r8_constructor: changes the environment while it is loaded.
 *
 * Caught as: R8
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>

#include "rule.h"

static __attribute__ ((constructor)) void
change (void)
{
    setenv ("TZ", "UTC", 1);
}

RULE_START ((void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r8_constructor")
