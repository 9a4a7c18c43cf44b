/* rule_none_await: answers PENDING and waits for nothing.
 *
 * Caught as: without an await
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "rule.h"

RULE_START (return FARRIER_PENDING)
RULE_POLL ((void) 0)
RULE_PLUGIN ("rule_none_await")
