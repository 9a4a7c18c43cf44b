/* sim_personality: what a kind of BMC is like, read from a data file.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_PERSONALITY_H
#define FARRIER_SIM_PERSONALITY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/vec.h"

enum sim_activation {
    SIM_ACTIVATE_SELF,       /* the new version runs as soon as it is written */
    SIM_ACTIVATE_HOST_RESET, /* any restart of the host */
    SIM_ACTIVATE_HOST_POWER, /* the host off, then on */
    SIM_ACTIVATE_BMC_RESET,  /* a restart of the BMC */
};

enum sim_apply { SIM_APPLY_IMMEDIATE, SIM_APPLY_ON_RESET, SIM_APPLY_ON_START, SIM_APPLY_COUNT };

struct sim_component_def {
    char *component; /* the name in images and statistics */
    char *id;        /* inventory member; "" means a hash of component and version */
    char *name, *description, *version, *software_id, *manufacturer, *release_date;
    char *related; /* the RelatedItem's URI; "" for none */
    char *state;   /* Status.State while nothing happens */
    enum sim_activation activation;
    bool updateable;
    bool two_slots;
    bool needs_host_off;
    double flash_factor; /* times the fleet's flash time */
};

struct sim_attribute_def {
    char *name;
    char *value;        /* as JSON text */
    struct vec allowed; /* strings; empty: anything of the same JSON type */
};

/* Members that are merged into a document ("service_root", "system", "chassis", "manager",
 * "update_service", "inventory.<component>"), or a whole resource of its own (uri). JSON text
 * with ${name} ${serial} ${uuid} ${address} ${model} ${manufacturer} ${system} ${manager}
 * ${chassis}. */
struct sim_document {
    char *document, *uri, *json;
};

struct sim_personality {
    char *name, *summary;
    char *vendor, *product, *manufacturer, *model,
        *sku; /* vendor and product "": not in the ServiceRoot */
    char *redfish_version, *server_header;
    char *system_id, *system_name, *manager_id, *manager_name, *manager_model, *chassis_id;
    char *push_uri, *multipart_uri;           /* "": not offered */
    char *settings_id;                        /* Bios/<this> */
    char *types_update_service;               /* the version in its @odata.type */
    struct vec components;                    /* struct sim_component_def * */
    struct vec attributes;                    /* struct sim_attribute_def * */
    struct vec documents;                     /* struct sim_document * */
    struct vec system_resets, manager_resets; /* strings */
    bool apply[SIM_APPLY_COUNT];
    enum sim_apply default_apply;
    bool simple_update, start_update, targets_claim, software_inventory;
    int expand_levels; /* 0: $expand is refused */
    bool select_query, only_query;
    bool etag_required;     /* PATCH without If-Match: 428 */
    bool action_info;       /* ResetActionInfo instead of AllowableValues */
    bool strict_parameters; /* UpdateParameters: only Targets and the apply time */
    bool any_part_order, ignores_unknown_parts;
    bool one_update;            /* a second update while one runs: 503 */
    bool on_reset_writes_first; /* OnReset: written at once, only the activation waits */
    bool volatile_tasks;        /* tasks are gone after a BMC reboot, ids begin again */
    bool task_monitors;         /* TaskService/TaskMonitors/N instead of Tasks/N/Monitor */
    bool hides_cause;           /* an image that is refused says MissingOrMalformedPart only */
    int task_first_id, task_limit, monitor_final_status, retry_after_s;
    int session_limit, session_timeout_s, session_timeout_min_s, session_timeout_max_s;
    bool random_session_ids;
    int lockout_threshold, lockout_s; /* 0: logins never lock */
    long long max_image_bytes;
};

extern const char *const sim_apply_names[SIM_APPLY_COUNT];

/* Heap; err has file:line. */
int32_t sim_personality_read (const char *path, struct sim_personality **ret, struct err *err);
void sim_personality_free (struct sim_personality *p);
const struct sim_component_def *sim_personality_component (const struct sim_personality *p,
                                                           const char *component);
/* The index of the component, or -1. */
int sim_personality_index (const struct sim_personality *p, const char *component);

#endif
