/* rule_r1_heap: makes its struct when it is asked for it.
 *
 * Caught as: R1
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>

#include "rule.h"

RULE_START ((void) response)
RULE_POLL ((void) 0)
static const struct farrier_op ops[] = { RULE_OP ("rule_r1_heap", FARRIER_OP_IDEMPOTENT) };
static const struct farrier_plugin plugin = { RULE_BODY ("rule_r1_heap", ops) };

FARRIER_NOTE_ (FARRIER_NOTE_TEXT_ ("rule_r1_heap", "1.0.0", "Farrier", "Apache-2.0",
                                   "rule_r1_heap.work"))
FARRIER_EXPORT const struct farrier_plugin *FARRIER_PLUGIN_ENTRY (void);

FARRIER_EXPORT const struct farrier_plugin *
FARRIER_PLUGIN_ENTRY (void)
{
    struct farrier_plugin *made = malloc (sizeof *made);
    if (made != NULL)
        *made = plugin;
    return made;
}
