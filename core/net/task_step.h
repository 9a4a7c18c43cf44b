/* task_step: what to think of an answer while waiting for a vendor task. Pure: an observation goes
 * in, a decision comes out; time is an argument.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_TASK_STEP_H
#define FARRIER_NET_TASK_STEP_H

#include "base/map.h"
#include "net/watch.h"

/* What one GET found. */
struct look {
    int32_t code;                      /* 0: an answer came */
    struct err err;                    /* or why doc is NULL */
    int status;
    json_t *doc;                       /* NULL = not JSON, or nothing */
    int64_t retry_after_ms;            /* -1 = not said */
};

enum task_source { TASK_AT_URI, TASK_AT_MONITOR, TASK_AT_FALLBACK };

struct task_decision {
    bool end;
    int64_t after_ms;                  /* !end: when to look again */
    char *path;                        /* !end: where; borrowed from the step */
    bool progress;                     /* something to show has changed */
};

struct task_step {
    const struct watch_task *spec;     /* borrowed */
    char *uri;                         /* the task resource; given, learned, or guessed */
    bool guessed;
    enum task_source source;
    size_t fallback;                   /* which one */
    char *identity;
    bool seen, changed, ended;
    int64_t started_ms, moved_ms;      /* moved: when state, percent or messages last changed */
    int64_t away_since_ms;             /* -1 = it answers */
    uint32_t bad_in_row;
    int64_t delay_ms;
    struct map *shown;                 /* messages, "MessageId;Message" */
    char *state;
    uint32_t percent;
    bool went_back;
    char message[256], message_id[FARRIER_VENDOR_ID_MAX];
    struct watch_task_result result;   /* complete when ended; owns document */
};

void task_step_init (struct task_step *step, const struct watch_task *spec, int64_t now_ms);
void task_step_clear (struct task_step *step);
/* Where to look first. */
struct task_decision task_step_first (struct task_step *step);
/* look is of the path that the last decision named. */
struct task_decision task_step_feed (struct task_step *step, int64_t now_ms,
                                     const struct look *look);
void task_step_progress (const struct task_step *step, struct watch_task_progress *ret);
/* Ends it from outside (CANCELLED). */
void task_step_stop (struct task_step *step, int32_t code, const char *message);

#endif
