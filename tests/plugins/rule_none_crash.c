/* rule_none_crash: follows a pointer to nowhere.
 *
 * Caught as: segmentation fault
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "rule.h"

static volatile int *nowhere;

RULE_START (rc = *nowhere; (void) response)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_none_crash")
