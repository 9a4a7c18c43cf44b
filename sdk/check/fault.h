/* fault: what goes wrong with one request of a case, between the plugin and its BMC.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CHECK_FAULT_H
#define FARRIER_CHECK_FAULT_H

#include "bench.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_STATUS,                      /* answers `status`; nothing is done */
    FAULT_RESET,                       /* the connection breaks before the BMC has read it */
    FAULT_RESET_AFTER,                 /* it breaks after the BMC did it */
    FAULT_SILENCE,                     /* no answer before the time is up; it was done */
    FAULT_SLOW,                        /* the answer takes 50 s */
    FAULT_CUT,                         /* a 200 whose JSON ends in the middle */
    FAULT_SHAPE,                       /* a 200 with a body out of `shape` */
    FAULT_PERCENT_BACK,                /* about all requests: tasks show less than before */
    FAULT_TASK_GONE,                   /* tasks are 404 once they were seen */
    FAULT_TASK_LATE,                   /* tasks are 404 for the first minute */
    FAULT_TASK_OTHER                   /* a new task has taken the id */
};

struct fault {
    enum fault_kind kind;
    int32_t status;
    const char *shape;                 /* of sim_fault_hostile_body() */
    uint32_t at;                       /* which request, from 1; 0 = the kind is about all */
    uint32_t times;                    /* how many in a row */
    /* what was seen */
    uint32_t count, fired;
    int64_t first_task_ms;
    uint32_t task_reads;
};

/* Kind, status and shape from a name ("status-503", "reset-after", "hostile-types", "task-late").
 * False when there is no such fault. */
bool fault_parse (const char *name, struct fault *ret);
/* All names, NULL-terminated: once per request, or (overall) once per run. */
const char *const *fault_names (bool overall);

/* Before the BMC is asked: true when *ret is the answer and the BMC is not. */
bool fault_before (struct fault *f, const struct bench_request *request, struct bench_reply *ret);
/* Changes the answer. */
void fault_after (struct fault *f, const struct bench_request *request, struct bench_reply *ret);

#endif
