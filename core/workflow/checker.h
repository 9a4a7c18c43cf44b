/* checker: one run of workflow_check(), as its rooms share it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_WORKFLOW_CHECKER_H
#define FARRIER_WORKFLOW_CHECKER_H

#include "base/map.h"
#include "workflow/check.h"

struct checker {
    const struct workflow *w;
    const struct workflow_ops *ops;    /* NULL */
    const struct workflow_policy *policy;         /* NULL */
    struct vec *findings;
    struct map *saved;                 /* name -> (intptr_t) line, of the steps ahead */
    struct map *saved_ever;            /* the same of all steps */
    const struct workflow_phase *phase;           /* that is looked at; NULL */
    const struct workflow_step *step;
    bool knows_phase_loop, knows_step_loop, knows_failed;
    bool approved;                     /* an approve or window step stands ahead */
};

void checker_add (struct checker *c, bool warning, int line, const char *fmt, ...)
    __attribute__ ((format (printf, 4, 5)));
/* check-names.c: what and line are for the finding. */
void check_expression (struct checker *c, const char *text, const char *what, int line);
void check_strings (struct checker *c, const json_t *params, const struct map *lines, int line);
/* The literal name that the step puts into the context; NULL. */
const char *check_saved_name (const struct workflow_step *step);
/* check-action.c */
struct check_action {
    const char *action, *plugin, *op;
    const json_t *params;
    const struct map *lines;
    int line;
    bool may_be_absent;                /* on_unsupported = "skip" */
    bool is_before;                    /* of a retry: action and attempt are its only own keys */
};
void check_action (struct checker *c, const struct check_action *a);

#endif
