/* sim_fault: what goes wrong, where, when and how often.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_FAULT_H
#define FARRIER_SIM_FAULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sim_http.h"

struct sim_bmc;
struct sim_fleet;
struct sim_timer;

enum sim_fault_kind {
    /* about one request */
    SIM_FAULT_RESET,
    SIM_FAULT_HANG,
    SIM_FAULT_SLOW,
    SIM_FAULT_STATUS,
    SIM_FAULT_TRUNCATE,
    SIM_FAULT_HOSTILE,
    /* about what a BMC does from now on */
    SIM_FAULT_TASK_VANISH,
    SIM_FAULT_TASK_BACKWARDS,
    SIM_FAULT_TASK_STUCK,
    SIM_FAULT_FLASH_FAIL,
    SIM_FAULT_WRONG_VERSION,
    SIM_FAULT_EARLY_SUCCESS,
    SIM_FAULT_SESSIONS_FULL,
    SIM_FAULT_PASSWORD,
    SIM_FAULT_NO_RETURN,
    /* done at once, and undone when cleared where that makes sense */
    SIM_FAULT_EXPIRE_SESSIONS,
    SIM_FAULT_CERTIFICATE,
    SIM_FAULT_IDENTITY,
    SIM_FAULT_DROP,
    SIM_FAULT_SILENT,
    SIM_FAULT_REBOOT,
    SIM_FAULT_FOREIGN_TASK,
    SIM_FAULT_SLOT_FLIP,
    SIM_FAULT_COUNT
};

enum sim_fault_when { SIM_WHEN_HEADERS, SIM_WHEN_BODY, SIM_WHEN_ANSWER };

struct sim_fault {
    uint32_t id;
    enum sim_fault_kind kind;
    enum sim_fault_when when;
    char *target;                   /* name, glob, "all" */
    char *path;                     /* glob; NULL: any */
    enum sim_method method;         /* SIM_OTHER: any */
    int64_t left;                   /* -1: without end */
    int64_t after;                  /* let so many pass first */
    int64_t ms, bytes, bytes_per_s; /* -1: not given */
    int status, retry_after_s, percent;
    char *shape, *version, *component, *serial, *uuid;
    uint64_t fired;
    struct sim_fleet *fleet;
    struct sim_timer *timer; /* clears it */
};

/* {"target", "fault", …}; the new fault's id, or a negative code. */
int32_t sim_fault_inject (struct sim_fleet *fleet, const json_t *request, struct err *err);
/* Clears by target and kind name or id (NULL: all of the target's). Returns how many. */
int sim_fault_clear (struct sim_fleet *fleet, const char *target, const char *which);
json_t *sim_fault_list (const struct sim_fleet *fleet);
void sim_fault_free_all (struct sim_fleet *fleet);

/* The fault of this kind that this BMC meets now, used up by one; NULL when there is none.
 * method SIM_OTHER and path NULL for what is not about a request. */
struct sim_fault *sim_fault_take (struct sim_bmc *bmc, enum sim_fault_kind kind,
                                  enum sim_method method, const char *path);
/* For kinds about requests: the first armed fault of any of them at this moment. */
struct sim_fault *sim_fault_take_request (struct sim_bmc *bmc, bool at_answer,
                                          enum sim_method method, const char *path);
/* For components: as sim_fault_take, but only when the fault names this component or none. */
struct sim_fault *sim_fault_take_component (struct sim_bmc *bmc, enum sim_fault_kind kind,
                                            const char *component);
/* Is one armed? Uses nothing up. */
bool sim_fault_armed (const struct sim_bmc *bmc, enum sim_fault_kind kind);
/* A hostile body by its shape, heap; *ret_len bytes. */
char *sim_fault_hostile_body (const struct sim_fault *fault, size_t *ret_len,
                              const char **ret_type);

#endif
