/* rule_r8_locale: sets the locale of the process.
 *
 * Caught as: R8
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <locale.h>

#include "rule.h"

RULE_START (setlocale (LC_ALL, ""); (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r8_locale")
