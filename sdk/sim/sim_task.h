/* sim_task: TaskService, its tasks and their monitors.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_TASK_H
#define FARRIER_SIM_TASK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct sim_bmc;
struct sim_call;
struct sim_update;

struct sim_task {
    struct list link;
    struct sim_bmc *bmc;
    uint32_t id;
    const char *name;
    const char *state;  /* a TaskState */
    const char *status; /* OK, Warning, Critical */
    int percent;
    bool ended;
    bool final_was_read;          /* the monitor gave its last answer */
    int64_t started_ms, ended_ms; /* wall */
    json_t *messages;
    json_t *payload;           /* TargetUri, HttpOperation; NULL */
    struct sim_update *update; /* while it runs; NULL */
};

struct sim_task *sim_task_new (struct sim_bmc *bmc, const char *name);
/* Steals message. */
void sim_task_say (struct sim_task *task, json_t *message);
void sim_task_set (struct sim_task *task, const char *state, const char *status, int percent);
/* The same, and it ends now. */
void sim_task_end (struct sim_task *task, const char *state, const char *status);
void sim_task_free (struct sim_task *task);
void sim_task_drop_all (struct sim_bmc *bmc);
char *sim_task_uri (const struct sim_task *task);
char *sim_task_monitor_uri (const struct sim_task *task);
/* 202, Location, Retry-After and the task as the body. */
void sim_task_accept (struct sim_call *call, struct sim_task *task);

void sim_task_get_service (struct sim_call *call);
void sim_task_get_all (struct sim_call *call);
void sim_task_get (struct sim_call *call);
void sim_task_delete (struct sim_call *call);
void sim_task_get_monitor (struct sim_call *call);
void sim_task_get_monitors (struct sim_call *call);
void sim_task_delete_monitor (struct sim_call *call);

#endif
