/* device: the documents of a small BMC for tests, and what it does when it is told to update: one
 * struct of wishes instead of a simulator.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef GENERIC_REDFISH_TESTING_DEVICE_H
#define GENERIC_REDFISH_TESTING_DEVICE_H

#include "testing/bench.h"

enum device_kind { DEVICE_DMTF, DEVICE_OPENBMC, DEVICE_DELL };

struct device {
    enum device_kind kind;
    /* wishes */
    bool early;                        /* the version changes at once, without a reset */
    bool vanish;                       /* the task is gone when it is asked for */
    bool no_task;                      /* 200 and nothing else */
    bool foreign_task;                 /* somebody else's task appears just before ours */
    bool silent_task;                  /* there is a task, but the answer does not name it */
    const char *task_state;            /* how the task ends; NULL = Completed */
    const char *message_id;            /* in the task; NULL = none */
    const char *task_status;           /* of the task; NULL = none */
    bool forgets;                      /* restarts when it has the image, and keeps nothing of it */
    int refuse;                        /* HTTP status of uploads; 0 = takes them */
    int etag_refusals;                 /* 412s before a PATCH of settings is taken */
    bool shuts_down_late;              /* GracefulShutdown is not obeyed */
    bool restart_is_silent;            /* a reset leaves no LastResetTime */
    /* what happened */
    int uploads;
    int flashes;
    int resets_bmc, resets_host;
    bool claimed;
    char *apply_time;                  /* set in HttpPushUriOptions when the image came */
    char *last_body;
    char *image_version;               /* flashed, not active yet */
    const char *target;                /* path of the component that is updated */
};

/* A bench with such a BMC behind it. */
void device_make (struct device *d, struct bench *b, enum device_kind kind);
void device_free (struct device *d, struct bench *b);
/* What a reset of the BMC or the host activates. */
void device_activate (struct device *d, struct bench *b);

#define DEVICE_BIOS "/redfish/v1/UpdateService/FirmwareInventory/BIOS"
#define DEVICE_BMC "/redfish/v1/UpdateService/FirmwareInventory/BMC"
#define DEVICE_UPDATE "/redfish/v1/UpdateService"
#define DEVICE_SYSTEM "/redfish/v1/Systems/1"
#define DEVICE_MANAGER "/redfish/v1/Managers/1"

#endif
