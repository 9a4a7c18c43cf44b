/* rule_r1_writable: its struct can be written to.
 *
 * Caught as: R1
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "rule.h"

RULE_START ((void) response)
RULE_POLL ((void) 0)
static const struct farrier_op ops[] = { RULE_OP ("rule_r1_writable", FARRIER_OP_IDEMPOTENT) };
static struct farrier_plugin plugin = { RULE_BODY ("rule_r1_writable", ops) };
FARRIER_PLUGIN_DEFINE (plugin, "rule_r1_writable", "1.0.0", "Farrier", "Apache-2.0",
                       "rule_r1_writable.work")
