/* plan_text: a plan for people.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CLI_PLAN_TEXT_H
#define FARRIER_CLI_PLAN_TEXT_H

#include <jansson.h>

#include "cli/command.h"

/* reply of plan.create, plan.preview or plan.show: a table of steps, hosts without one, the sum. */
void plan_print (const struct invocation *inv, const json_t *reply);
/* "3 of 4 hosts change, 5 steps …": heap. */
char *plan_sum (const json_t *plan);

#endif
