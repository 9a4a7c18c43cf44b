/* rule_r8_signal: changes what a signal does.
 *
 * Caught as: R8
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <signal.h>

#include "rule.h"

RULE_START (signal (SIGPIPE, SIG_IGN); (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_r8_signal")
