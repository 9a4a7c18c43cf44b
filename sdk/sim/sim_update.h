/* sim_update: UpdateService: takes images, writes them, activates them.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_UPDATE_H
#define FARRIER_SIM_UPDATE_H

#include <stdbool.h>

#include "base/list.h"
#include "sim_flash.h"
#include "sim_image.h"
#include "sim_personality.h"

struct sim_bmc;
struct sim_call;
struct sim_pull;
struct sim_task;
struct sim_timer;

/* What a client asked for. */
struct sim_update_request {
    enum sim_apply apply;
    char target[256]; /* the one target's URI; "" for none */
    bool is_raw;      /* HttpPushUri */
};

struct sim_update {
    struct list link;
    struct sim_bmc *bmc;
    int component; /* index; -1 until a pulled image told */
    struct sim_image image;
    struct sim_update_request request;
    struct sim_flash flash;
    struct sim_task *task; /* NULL once the task was dropped */
    struct sim_timer *timer;
    struct sim_pull *pull; /* while the image is fetched */
    bool foreign;          /* somebody else's: no flash is counted */
    bool stuck;
    int64_t lag_ms; /* early success: the version shows this much later */
    bool lagging;
    bool at_reset;         /* written while the host or the BMC restarts */
    uint64_t change_seq;   /* of the request, see sim_stats.h */
    char *foreign_version; /* NULL: nothing changes */
};

/* Whether a new update for this component (-1: not known yet) must wait. */
bool sim_update_is_busy (struct sim_bmc *bmc, int component);
/* Judges an image that arrived and begins the update; answers the call. */
void sim_update_accept (struct sim_call *call, const struct sim_image *image,
                        const struct sim_update_request *request);
/* A pulled image is here, or (image NULL) could not be fetched. */
void sim_update_pulled (struct sim_update *u, const struct sim_image *image, const char *problem);
/* The BMC or the host restarts: work in progress breaks, what waits for it goes on. Returns how
 * much longer the restart takes. */
int64_t sim_update_on_bmc_reset (struct sim_bmc *bmc);
int64_t sim_update_on_host_boot (struct sim_bmc *bmc, bool power_was_cut);
void sim_update_on_power_off (struct sim_bmc *bmc);
void sim_update_after_host_boot (struct sim_bmc *bmc);
void sim_update_drop_all (struct sim_bmc *bmc);
void sim_update_unstick (struct sim_bmc *bmc); /* task-stuck was cleared */
void sim_update_end_lag (struct sim_bmc *bmc); /* so was early-success: what lags is there now */
int sim_update_percent (const struct sim_update *u);
/* Somebody else's update, for ms; afterwards the component has that version ("": the old one). */
void sim_update_begin_foreign (struct sim_bmc *bmc, int component, const char *version, int64_t ms);
/* Reads "@Redfish.OperationApplyTime" and the like. False when unknown to this BMC. */
bool sim_update_parse_apply (const struct sim_bmc *bmc, const char *text, enum sim_apply *ret);
/* The component that a target's URI names; -1 when there is none. */
int sim_update_component_of (struct sim_bmc *bmc, const char *uri);

/* Reads the body of SimpleUpdate. False: answered with an error. */
bool sim_update_read_simple (struct sim_call *call, struct sim_update_request *ret);

void sim_update_get_service (struct sim_call *call);
void sim_update_patch_service (struct sim_call *call);
void sim_update_get_inventory (struct sim_call *call);
void sim_update_get_member (struct sim_call *call);
void sim_update_get_software (struct sim_call *call);
void sim_update_simple (struct sim_call *call);
void sim_update_start (struct sim_call *call);

#endif
