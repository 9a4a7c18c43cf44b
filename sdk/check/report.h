/* report: what came of the cases: TAP or JSON on standard output.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CHECK_REPORT_H
#define FARRIER_CHECK_REPORT_H

#include <stdbool.h>

#include "child.h"

struct report {
    bool json, verbose;
    unsigned passed, failed, skipped;
    json_t *cases;                     /* of --json */
};

void report_add (struct report *r, const struct child_result *result);
/* The plan and the totals; plugin: its file. Returns the exit status. */
int report_end (struct report *r, const char *plugin);

#endif
