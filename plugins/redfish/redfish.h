/* redfish.h: what Redfish-speaking plugins share: discovery, inventory, updates, tasks, messages,
 * resets and settings, as the DMTF describes them and as vendors do them.
 *
 * A convenience library: it is linked into the plugin (PIC, no symbol is exported) and uses
 * farrier/sdk.h only. Everything that is returned lives in the step's memory and ends with the
 * callback (rule R3). Nothing here sends a change by itself: it builds what the plugin awaits.
 *
 * Vendor differences are data (quirk.c): a plugin for one vendor adds a row, not an if.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_REDFISH_H
#define FARRIER_REDFISH_H

#include "farrier/sdk.h"

/* --- text and JSON -------------------------------------------------------------------------- */

/* Path of an absolute or relative URI: "https://host/redfish/v1/x" -> "/redfish/v1/x" (inside the
 * same string). NULL -> NULL. A BMC's own idea of its address is never used. */
const char *redfish_path (const char *uri);
/* Case folded, a trailing slash makes no difference. */
int redfish_path_equal (const char *a, const char *b);
/* Glob without case; NULL text matches nothing. */
int redfish_glob (const char *pattern, const char *text);
/* JSON string literal with quotes and escapes. */
const char *redfish_quote (struct farrier_step *step, const char *text);
/* The texts of a list, "A, B"; "none" when there is none. */
const char *redfish_join (struct farrier_step *step, const struct farrier_json *list);
/* value["@odata.id"] at a pointer, as a path. */
const char *redfish_link (const struct farrier_json *value, const char *pointer);

/* The document that an await_collect read for path; NULL when it was not read. *ret_code (may be
 * NULL) says why. */
const struct farrier_json *redfish_document (struct farrier_step *step, const char *path,
                                             int32_t *ret_code);
/* One inline GET whose answer must be JSON with status 200; the error names the path. */
int32_t redfish_get (struct farrier_step *step, const char *path, const struct farrier_json **ret,
                     struct farrier_error *err);

/* --- the service ---------------------------------------------------------------------------- */

enum redfish_vendor {
    REDFISH_OTHER = 0, REDFISH_DELL = 1, REDFISH_HPE = 2, REDFISH_SUPERMICRO = 3,
    REDFISH_LENOVO = 4, REDFISH_AMI = 5, REDFISH_NVIDIA = 6, REDFISH_OPENBMC = 7
};

/* Where things are. Members are NULL where the service has no such resource. */
struct redfish_service {
    uint32_t vendor;                   /* enum redfish_vendor */
    const char *vendor_name;           /* "dell", "openbmc", "other" */
    const char *root;                  /* "/redfish/v1/" */
    const char *version;               /* RedfishVersion */
    const char *system, *manager, *chassis;
    const char *update, *inventory, *tasks;
    const char *bios;                  /* the system's Bios resource */
    const char *expand;                /* query that expands a collection; NULL = not offered */
};

/* Finds all of it, without holding a thread: FARRIER_PENDING while documents are under way (return
 * it), FARRIER_DONE when *ret is filled in, negative with err. Keeps what it found in the op's
 * state ("rf"), so that later callbacks get it at once. Call it first in start and in poll. */
int32_t redfish_discover (struct farrier_step *step, struct redfish_service *ret,
                          struct farrier_error *err);
/* What discovery left in the state; FARRIER_SKIPPED when it is not there yet (reconcile). */
int32_t redfish_service_load (struct farrier_step *step, struct redfish_service *ret);

/* From documents, for tests and for plugins that read on their own. */
uint32_t redfish_vendor_of (const struct farrier_json *root, const struct farrier_json *system,
                            const struct farrier_json *manager);
const char *redfish_vendor_name (uint32_t vendor);

/* emit_identity and emit_fact from the system's and the manager's documents. */
void redfish_emit_identity (struct farrier_step *step, const struct redfish_service *service,
                            const struct farrier_json *system, const struct farrier_json *manager);

/* --- quirks --------------------------------------------------------------------------------- */

enum redfish_quirk_flag {
    REDFISH_QUIRK_WILDCARD_TARGETS = 1,    /* Targets must be [] */
    REDFISH_QUIRK_OEM_PARAMETERS = 2,      /* UpdateParameters carries "Oem":{} */
    REDFISH_QUIRK_OWN_PUSH = 4,            /* HttpPushUri is not the DMTF's: refuse it */
    REDFISH_QUIRK_BMC_AT_ONCE = 8,         /* a BMC image is running when the op ends */
    REDFISH_QUIRK_BIOS_OFF = 16,           /* the host must be off while its BIOS is written */
    REDFISH_QUIRK_HASHED_IDS = 32,         /* inventory ids change with the version */
    REDFISH_QUIRK_ONE_UPDATE = 64,         /* one update at a time on the whole BMC */
    REDFISH_QUIRK_RAM_TASKS = 128          /* tasks vanish when the BMC restarts */
};

struct redfish_quirk {
    uint32_t vendor;
    uint32_t flags;                    /* enum redfish_quirk_flag */
    const char *name;
};

/* Never NULL. */
const struct redfish_quirk *redfish_quirk (uint32_t vendor);

/* --- inventory ------------------------------------------------------------------------------ */

/* Component type by RelatedItem, vendor keys, and words of Id and Name, in this order. */
uint32_t redfish_component_type (const struct farrier_json *software);
/* "backup", "golden", "staging", "previous" …: an entry that is never the primary component. NULL
 * for a primary one. */
const char *redfish_component_role (const struct farrier_json *software);
/* The key that stays over updates; never the display name, never with the version in it. */
const char *redfish_component_key (struct farrier_step *step, const struct redfish_service *service,
                                   const struct farrier_json *software);
/* Everything of one SoftwareInventory document. 0, or INVALID when it is none. */
int32_t redfish_component (struct farrier_step *step, const struct redfish_service *service,
                           const struct farrier_json *software, struct farrier_component *ret);
/* The members as components: keys made unique ("#2"), and on BMCs with slots the standby image
 * folded into the active one (previous, vendor key "redfish.standby"). At most max are stored;
 * returns how many there are. */
uint32_t redfish_components (struct farrier_step *step, const struct redfish_service *service,
                             const struct farrier_json *const *software, uint32_t count,
                             struct farrier_component *ret, uint32_t max);
/* A vendor key's value, or NULL. */
const char *redfish_vendor_key (const struct farrier_component *component, const char *name);

/* Versions are equal when their texts are, outer blanks aside. */
int redfish_version_equal (const char *a, const char *b);

/* --- updates -------------------------------------------------------------------------------- */

enum redfish_method {
    REDFISH_METHOD_NONE = 0, REDFISH_METHOD_MULTIPART = 1, REDFISH_METHOD_HTTP_PUSH = 2,
    REDFISH_METHOD_SIMPLE_UPDATE = 3
};

const char *redfish_method_name (uint32_t method);          /* "multipart" */

struct redfish_update {
    uint32_t method;                   /* enum redfish_method */
    const char *uri;                   /* where to send it */
    const char *apply_time;            /* NULL = do not send one */
    const char *start_uri;             /* UpdateService.StartUpdate; NULL = none */
    const char *claim_uri;             /* HTTP push: where HttpPushUriTargetsBusy is; NULL = none */
    int apply_by_options;              /* HTTP push: apply time goes into HttpPushUriOptions */
};

struct redfish_wish {
    const char *method;                /* auto | multipart | http_push | simple_update */
    const char *apply_time;            /* auto, or a name of the DMTF's */
    int foreign_push;                  /* use HttpPushUri even of a vendor whose it is its own */
    int stage;                         /* want OnStartUpdateRequest */
    uint64_t image_bytes;
};

/* Chooses how to update from the UpdateService's document: PRECONDITION when the service is
 * disabled, NO_SPACE above MaxImageSizeBytes, BUSY when another client has claimed it, UNSUPPORTED
 * with what is offered. */
int32_t redfish_choose_update (struct farrier_step *step, const struct redfish_service *service,
                               const struct farrier_json *update, const struct redfish_wish *wish,
                               struct redfish_update *ret, struct farrier_error *err);
/* The UpdateParameters part. target NULL or a vendor with WILDCARD_TARGETS: []. */
const char *redfish_update_parameters (struct farrier_step *step,
                                       const struct redfish_service *service, const char *target,
                                       const char *apply_time);
/* The body of SimpleUpdate; only what is needed. */
const char *redfish_simple_update_body (struct farrier_step *step,
                                        const struct redfish_service *service, const char *url,
                                        const char *target, const char *apply_time,
                                        int with_protocol);

/* --- tasks ---------------------------------------------------------------------------------- */

struct redfish_task {
    const char *uri;                   /* the Task or Job; NULL when not known */
    const char *monitor;               /* NULL when not known */
};

/* From the answer of an update: Location, a Task in the body, Supermicro's Accepted message, a
 * message OperationTransitionedToJob. 1 when something was found. */
int redfish_task_of_response (struct farrier_step *step, const struct farrier_response *response,
                              struct redfish_task *ret);
int redfish_task_of_document (struct farrier_step *step, const struct farrier_json *body,
                              struct redfish_task *ret);
/* The names of a Tasks collection's members, one a line; for the snapshot before sending. NULL when
 * there are more than can be kept. */
const char *redfish_task_list (struct farrier_step *step, const struct farrier_json *tasks);
/* The nth member, from 0, of those that are not in the snapshot; NULL when there is none. */
const char *redfish_task_new (const struct farrier_json *tasks, const char *before, uint32_t nth);
/* A struct for await_task, with the states that are seen in the field. */
struct farrier_task redfish_await_task (const struct redfish_service *service,
                                        const struct redfish_task *task, const char *label);
/* The update shall wait for a reset: a task that is Pending has come as far as it can. */
void redfish_await_reset (struct farrier_task *task);
/* Completed, but TaskStatus is Critical: it did not go well. */
int redfish_task_critical (const struct farrier_json *task);
/* enum farrier_task_meaning of a TaskState or JobState. */
uint32_t redfish_task_meaning (const char *state);

/* --- messages ------------------------------------------------------------------------------- */

enum redfish_message_kind {
    REDFISH_MESSAGE_UNKNOWN = 0, REDFISH_MESSAGE_PROGRESS = 1, REDFISH_MESSAGE_SUCCESS = 2,
    REDFISH_MESSAGE_SKIPPED = 3,       /* nothing was done: same version, not applicable */
    REDFISH_MESSAGE_NEW_JOB = 4,       /* MessageArgs[0] is the handle to follow */
    REDFISH_MESSAGE_NEEDS_RESET = 5, REDFISH_MESSAGE_NEEDS_ACTIVATION = 6,
    REDFISH_MESSAGE_RETRY = 7, REDFISH_MESSAGE_FAILED = 8
};

/* By the id's registry and key, whatever the versions between. */
uint32_t redfish_kind_of_message (const char *message_id);

struct redfish_verdict {
    uint32_t kind;                     /* the gravest of all messages; UNKNOWN for none */
    int32_t code;                      /* FAILED, RETRY: the error code that fits */
    const char *id;                    /* of that message */
    const char *text;
    const char *job;                   /* NEW_JOB: its path */
    const char *reset_target;          /* NEEDS_RESET: the action's path, where one is named */
    const char *reset_type;
    int skipped;                       /* one of them was SKIPPED */
    int needs_activation;              /* one of them was NEEDS_ACTIVATION or NEEDS_RESET */
};

/* Of a Task, a Job, an error body, or anything else with @Message.ExtendedInfo or Messages. */
void redfish_read_messages (const struct farrier_json *document, struct redfish_verdict *ret);

/* --- resets and power ----------------------------------------------------------------------- */

/* The reset action of a System, Manager or Chassis document: its target, and the first of the
 * wanted types (NULL-ended) that it allows (AllowableValues, else ActionInfo, read inline).
 * *ret_type is NULL when the service names no values: send {} then. UNSUPPORTED names what is
 * allowed. */
int32_t redfish_reset_action (struct farrier_step *step, const struct farrier_json *resource,
                              const char *const *wanted, const char **ret_target,
                              const char **ret_type, struct farrier_error *err);
const char *redfish_reset_body (struct farrier_step *step, const char *type);
/* enum farrier_reboot that a reset action's path stands for. */
uint32_t redfish_reboot_of_target (const char *reset_target);

/* --- settings ------------------------------------------------------------------------------- */

/* Where the BIOS document wants its changes: the SettingsObject, or itself. */
const char *redfish_settings_uri (const struct farrier_json *bios, const char *bios_uri);
/* The apply time to send with it ("OnReset"), NULL when the service names none. */
const char *redfish_settings_apply_time (const struct farrier_json *bios);
/* Compares wanted attributes with the document's. Returns the PATCH body of those that differ, NULL
 * when none does. Names that the BIOS does not have go to *ret_unknown ("A, B"), else NULL there.
 * *ret_count is how many differ. */
const char *redfish_settings_body (struct farrier_step *step, const struct farrier_json *bios,
                                   const struct farrier_json *wanted, uint32_t *ret_count,
                                   const char **ret_unknown);
/* 1 when both are the same value (7 equals 7, not "7"). */
int redfish_value_equal (const struct farrier_json *a, const struct farrier_json *b);

#endif
