/* message: what vendors say in Messages and @Message.ExtendedInfo, and what follows from it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "redfish.h"

/* "Update.1.2.ApplyFailed" is registry "Update", key "ApplyFailed"; the versions between vary. */
static const struct {
    const char *registry;              /* glob */
    const char *key;                   /* glob */
    uint32_t kind;
    int32_t code;                      /* for FAILED and RETRY */
} rules[] = {
    { "Update", "TargetDetermined", REDFISH_MESSAGE_PROGRESS, 0 },
    { "Update", "AllTargetsDetermined", REDFISH_MESSAGE_PROGRESS, 0 },
    { "Update", "TransferringToComponent", REDFISH_MESSAGE_PROGRESS, 0 },
    { "Update", "VerifyingAtComponent", REDFISH_MESSAGE_PROGRESS, 0 },
    { "Update", "InstallingOnComponent", REDFISH_MESSAGE_PROGRESS, 0 },
    { "Update", "ApplyingOnComponent", REDFISH_MESSAGE_PROGRESS, 0 },
    { "Update", "UpdateInProgress", REDFISH_MESSAGE_PROGRESS, 0 },
    { "Update", "OperationTransitionedToJob", REDFISH_MESSAGE_NEW_JOB, 0 },
    { "Update", "UpdateSuccessful", REDFISH_MESSAGE_SUCCESS, 0 },
    { "Update", "ActivateSuccessful", REDFISH_MESSAGE_SUCCESS, 0 },
    { "Update", "UpdateSkipped*", REDFISH_MESSAGE_SKIPPED, 0 },
    { "Update", "UpdateNotApplicable", REDFISH_MESSAGE_SKIPPED, 0 },
    { "Update", "AwaitToActivate", REDFISH_MESSAGE_NEEDS_ACTIVATION, 0 },
    { "Update", "AwaitToUpdate", REDFISH_MESSAGE_NEEDS_ACTIVATION, 0 },
    { "Update", "TransferFailed", REDFISH_MESSAGE_FAILED, FARRIER_E_TRANSIENT },
    { "Update", "VerificationFailed", REDFISH_MESSAGE_FAILED, FARRIER_E_REJECTED },
    { "Update", "NoTargetsDetermined", REDFISH_MESSAGE_FAILED, FARRIER_E_REJECTED },
    { "Update", "ApplyFailed", REDFISH_MESSAGE_FAILED, FARRIER_E_HOST_FAULT },
    { "Update", "ActivateFailed", REDFISH_MESSAGE_FAILED, FARRIER_E_HOST_FAULT },
    { "TaskEvent", "TaskStarted", REDFISH_MESSAGE_PROGRESS, 0 },
    { "TaskEvent", "TaskProgressChanged", REDFISH_MESSAGE_PROGRESS, 0 },
    { "TaskEvent", "TaskCompleted*", REDFISH_MESSAGE_SUCCESS, 0 },
    { "TaskEvent", "TaskAborted", REDFISH_MESSAGE_FAILED, FARRIER_E_HOST_FAULT },
    { "TaskEvent", "TaskCancelled", REDFISH_MESSAGE_FAILED, FARRIER_E_CANCELLED },
    { "Base", "Success", REDFISH_MESSAGE_SUCCESS, 0 },
    { "Base", "Created", REDFISH_MESSAGE_SUCCESS, 0 },
    { "Base", "ResetRequired", REDFISH_MESSAGE_NEEDS_RESET, 0 },
    { "Base", "NoOperation", REDFISH_MESSAGE_SKIPPED, 0 },
    { "Base", "ServiceTemporarilyUnavailable", REDFISH_MESSAGE_RETRY, FARRIER_E_BUSY },
    { "Base", "ResourceInUse", REDFISH_MESSAGE_RETRY, FARRIER_E_BUSY },
    { "Base", "ResourceInStandby", REDFISH_MESSAGE_RETRY, FARRIER_E_BUSY },
    { "Base", "ServiceInUnknownState", REDFISH_MESSAGE_RETRY, FARRIER_E_BUSY },
    { "Base", "SessionLimitExceeded", REDFISH_MESSAGE_RETRY, FARRIER_E_BUSY },
    { "Base", "OperationTimeout", REDFISH_MESSAGE_RETRY, FARRIER_E_TRANSIENT },
    { "Base", "MissingOrMalformedPart", REDFISH_MESSAGE_FAILED, FARRIER_E_REJECTED },
    { "Base", "PayloadTooLarge", REDFISH_MESSAGE_FAILED, FARRIER_E_NO_SPACE },
    { "Base", "LicenseRequired", REDFISH_MESSAGE_FAILED, FARRIER_E_LICENSE },
    { "Base", "AccessDenied", REDFISH_MESSAGE_FAILED, FARRIER_E_AUTH },
    { "Base", "InsufficientPrivilege", REDFISH_MESSAGE_FAILED, FARRIER_E_AUTH },
    { "Base", "PasswordChangeRequired", REDFISH_MESSAGE_FAILED, FARRIER_E_AUTH },
    { "Base", "InternalError", REDFISH_MESSAGE_FAILED, FARRIER_E_HOST_FAULT },
    { "Base", "OperationFailed", REDFISH_MESSAGE_FAILED, FARRIER_E_HOST_FAULT },
    { "Base", "Action*", REDFISH_MESSAGE_FAILED, FARRIER_E_REJECTED },
    { "Base", "Property*", REDFISH_MESSAGE_FAILED, FARRIER_E_REJECTED },
    { "iLO", "SystemResetRequired", REDFISH_MESSAGE_NEEDS_RESET, 0 },
    { "iLO", "UpdateFailed", REDFISH_MESSAGE_FAILED, FARRIER_E_HOST_FAULT },
    { "IDRAC", "JCP001", REDFISH_MESSAGE_NEEDS_RESET, 0 },
    { "IDRAC", "RED014", REDFISH_MESSAGE_NEEDS_RESET, 0 },
    { "IDRAC", "PR19", REDFISH_MESSAGE_SUCCESS, 0 },
    { "LenovoFirmwareUpdateRegistry", "*Failed", REDFISH_MESSAGE_FAILED, FARRIER_E_HOST_FAULT },
    { "LenovoFirmwareUpdateRegistry", "*", REDFISH_MESSAGE_PROGRESS, 0 },
};

/* The rule for an id, or -1. */
static int
rule_of (const char *id)
{
    const char *dot = id == NULL ? NULL : strchr (id, '.');
    const char *key = id == NULL ? NULL : strrchr (id, '.');
    char registry[64];
    if (dot == NULL || (size_t) (dot - id) >= sizeof registry)
        return -1;
    memcpy (registry, id, (size_t) (dot - id));
    registry[dot - id] = '\0';
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (redfish_glob (rules[i].registry, registry) && redfish_glob (rules[i].key, key + 1))
            return (int) i;
    return -1;
}

uint32_t
redfish_kind_of_message (const char *message_id)
{
    int rule = rule_of (message_id);
    return rule < 0 ? REDFISH_MESSAGE_UNKNOWN : rules[rule].kind;
}

/* An id that no rule knows: the severity decides. */
static uint32_t
kind_of_severity (const struct farrier_json *message)
{
    const char *severity = farrier_json_str_at (message, "/MessageSeverity");
    if (severity == NULL)
        severity = farrier_json_str_at (message, "/Severity");
    return redfish_glob ("Critical", severity) ? REDFISH_MESSAGE_FAILED
                                               : REDFISH_MESSAGE_UNKNOWN;
}

static void
read_one (const struct farrier_json *message, struct redfish_verdict *ret)
{
    const char *id = farrier_json_str_at (message, "/MessageId");
    int rule = rule_of (id);
    uint32_t kind = rule < 0 ? kind_of_severity (message) : rules[rule].kind;
    if (kind == REDFISH_MESSAGE_SKIPPED)
        ret->skipped = 1;
    if (kind == REDFISH_MESSAGE_NEEDS_RESET || kind == REDFISH_MESSAGE_NEEDS_ACTIVATION)
        ret->needs_activation = 1;
    if (kind == REDFISH_MESSAGE_NEW_JOB)
        ret->job = redfish_path (farrier_json_str_at (message, "/MessageArgs/0"));
    if (kind == REDFISH_MESSAGE_NEEDS_RESET) {
        const char *target = redfish_path (farrier_json_str_at (message, "/MessageArgs/0"));
        if (target != NULL && target[0] == '/') {
            ret->reset_target = target;
            ret->reset_type = farrier_json_str_at (message, "/MessageArgs/1");
        }
    }
    /* The gravest counts; of two progress messages the later, else the first. */
    int same = kind == ret->kind && ret->id != NULL && kind != REDFISH_MESSAGE_PROGRESS;
    if (kind < ret->kind || same)
        return;
    ret->kind = kind;
    ret->code = rule >= 0 ? rules[rule].code
                          : kind == REDFISH_MESSAGE_FAILED ? FARRIER_E_HOST_FAULT : 0;
    ret->id = id;
    ret->text = farrier_json_str_at (message, "/Message");
}

static void
read_list (const struct farrier_json *list, struct redfish_verdict *ret)
{
    if (farrier_json_type (list) == 'o') {         /* some send one object instead of a list */
        read_one (list, ret);
        return;
    }
    for (uint32_t i = 0; i < farrier_json_count (list); i++)
        read_one (farrier_json_item (list, i), ret);
}

void
redfish_read_messages (const struct farrier_json *document, struct redfish_verdict *ret)
{
    static const char *const places[] = {
        "/Messages", "/error/@Message.ExtendedInfo", "/@Message.ExtendedInfo",
        "/Accepted/@Message.ExtendedInfo", "/@Redfish.Settings/Messages",
    };
    memset (ret, 0, sizeof *ret);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        read_list (farrier_json_at (document, places[i]), ret);
    if (ret->text == NULL)
        ret->text = farrier_json_str_at (document, "/error/message");
}
