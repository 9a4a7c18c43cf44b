/* redfish_error: error answers and task messages of BMCs, sorted by what can be done about them.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/redfish_error.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"

#define MESSAGES_MAX 100

struct key_code {
    const char *registry;              /* "" = any */
    const char *key;
    int32_t code;
};

/* Registry: first token; key: last token. */
static const struct key_code key_codes[] = {
    { "", "AccessDenied", FARRIER_E_AUTH },
    { "", "InsufficientPrivilege", FARRIER_E_AUTH },
    { "", "InsufficientPrivilegeForOperation", FARRIER_E_AUTH },
    { "", "NoValidSession", FARRIER_E_AUTH },
    { "", "PasswordChangeRequired", FARRIER_E_AUTH },
    { "", "ResourceAtUriUnauthorized", FARRIER_E_AUTH },
    { "", "UnauthorizedLoginAttempt", FARRIER_E_AUTH },
    { "", "AccountLocked", FARRIER_E_AUTH },
    { "", "SessionLimitExceeded", FARRIER_E_BUSY },
    { "", "RAC0218", FARRIER_E_BUSY },
    { "", "SYS518", FARRIER_E_BUSY },
    { "", "RED014", FARRIER_E_BUSY },
    { "", "InvalidOperationForSystemState", FARRIER_E_BUSY },
    { "", "OemFirmwareAlreadyInUpdateMode", FARRIER_E_BUSY },
    { "", "ServiceTemporarilyUnavailable", FARRIER_E_BUSY },
    { "", "ServiceInUnknownState", FARRIER_E_BUSY },
    { "", "ServiceShuttingDown", FARRIER_E_BUSY },
    { "", "ResourceInUse", FARRIER_E_BUSY },
    { "", "ResourceInStandby", FARRIER_E_BUSY },
    { "Update", "UpdateInProgress", FARRIER_E_BUSY },
    { "", "OperationTimeout", FARRIER_E_TIMEOUT },
    { "", "LicenseRequired", FARRIER_E_LICENSE },
    { "", "PayloadTooLarge", FARRIER_E_NO_SPACE },
    { "", "InsufficientStorage", FARRIER_E_NO_SPACE },
    { "", "PreconditionFailed", FARRIER_E_PRECONDITION },
    { "", "PreconditionRequired", FARRIER_E_PRECONDITION },
    { "", "ResetRequired", FARRIER_E_PRECONDITION },
    { "", "ActionNotSupported", FARRIER_E_UNSUPPORTED },
    { "", "ActionDeprecated", FARRIER_E_UNSUPPORTED },
    { "", "OperationNotAllowed", FARRIER_E_UNSUPPORTED },
    { "", "ServiceDisabled", FARRIER_E_UNSUPPORTED },
    { "", "SourceDoesNotSupportProtocol", FARRIER_E_UNSUPPORTED },
    { "", "ResourceMissingAtURI", FARRIER_E_UNSUPPORTED },
    { "", "ResourceNotFound", FARRIER_E_UNSUPPORTED },
    { "", "QueryNotSupported", FARRIER_E_UNSUPPORTED },
    { "", "QueryNotSupportedOnResource", FARRIER_E_UNSUPPORTED },
    { "", "ActionParameterMissing", FARRIER_E_INVALID },
    { "", "ActionParameterNotSupported", FARRIER_E_INVALID },
    { "", "ActionParameterUnknown", FARRIER_E_INVALID },
    { "", "ActionParameterValueNotInList", FARRIER_E_INVALID },
    { "", "ActionParameterValueFormatError", FARRIER_E_INVALID },
    { "", "ActionParameterValueTypeError", FARRIER_E_INVALID },
    { "", "PropertyMissing", FARRIER_E_INVALID },
    { "", "PropertyUnknown", FARRIER_E_INVALID },
    { "", "PropertyNotWritable", FARRIER_E_INVALID },
    { "", "PropertyValueNotInList", FARRIER_E_INVALID },
    { "", "PropertyValueFormatError", FARRIER_E_INVALID },
    { "", "PropertyValueTypeError", FARRIER_E_INVALID },
    { "", "MalformedJSON", FARRIER_E_INVALID },
    { "", "UnrecognizedRequestBody", FARRIER_E_INVALID },
    { "", "MissingOrMalformedPart", FARRIER_E_INVALID },
    { "", "ResourceAlreadyExists", FARRIER_E_REJECTED },
    { "", "OperationFailed", FARRIER_E_REJECTED },
    { "", "NoOperation", FARRIER_E_REJECTED },
    { "Update", "NoTargetsDetermined", FARRIER_E_REJECTED },
    { "Update", "VerificationFailed", FARRIER_E_REJECTED },
    { "", "UpdateVerifyFailed", FARRIER_E_REJECTED },
    { "Update", "TransferFailed", FARRIER_E_TRANSIENT },
    { "Update", "ApplyFailed", FARRIER_E_HOST_FAULT },
    { "Update", "ActivateFailed", FARRIER_E_HOST_FAULT },
    { "iLO", "UpdateFailed", FARRIER_E_HOST_FAULT },
    { "TaskEvent", "TaskAborted", FARRIER_E_HOST_FAULT },
    { "TaskEvent", "TaskCancelled", FARRIER_E_CANCELLED },
};

struct key_kind {
    const char *registry, *key;        /* "" = any */
    enum redfish_message_kind kind;
};

static const struct key_kind key_kinds[] = {
    { "Update", "TargetDetermined", REDFISH_PROGRESS },
    { "Update", "AllTargetsDetermined", REDFISH_PROGRESS },
    { "Update", "TransferringToComponent", REDFISH_PROGRESS },
    { "Update", "VerifyingAtComponent", REDFISH_PROGRESS },
    { "Update", "InstallingOnComponent", REDFISH_PROGRESS },
    { "Update", "ApplyingOnComponent", REDFISH_PROGRESS },
    { "Update", "UpdateInProgress", REDFISH_PROGRESS },
    { "Update", "OperationTransitionedToJob", REDFISH_PROGRESS },
    { "TaskEvent", "TaskStarted", REDFISH_PROGRESS },
    { "TaskEvent", "TaskResumed", REDFISH_PROGRESS },
    { "TaskEvent", "TaskPaused", REDFISH_PROGRESS },
    { "TaskEvent", "TaskProgressChanged", REDFISH_PROGRESS },
    { "LenovoFirmwareUpdateRegistry", "UpdateAssignment", REDFISH_PROGRESS },
    { "LenovoFirmwareUpdateRegistry", "PayloadApplyInProgress", REDFISH_PROGRESS },
    { "LenovoFirmwareUpdateRegistry", "PayloadApplyCompleted", REDFISH_PROGRESS },
    { "LenovoFirmwareUpdateRegistry", "UpdateVerifyInProgress", REDFISH_PROGRESS },
    { "Update", "UpdateSuccessful", REDFISH_SUCCESS },
    { "TaskEvent", "TaskCompletedOK", REDFISH_SUCCESS },
    { "TaskEvent", "TaskCompletedWarning", REDFISH_SUCCESS },
    { "", "Success", REDFISH_SUCCESS },
    { "Base", "Created", REDFISH_SUCCESS },
    { "Update", "UpdateSkippedSameVersion", REDFISH_SKIPPED },
    { "Update", "UpdateSkipped", REDFISH_SKIPPED },
    { "Update", "UpdateNotApplicable", REDFISH_SKIPPED },
    { "Base", "ResetRequired", REDFISH_NEEDS_RESET },
    { "Update", "AwaitToActivate", REDFISH_NEEDS_RESET },
    { "Update", "AwaitToUpdate", REDFISH_NEEDS_RESET },
    { "iLO", "SystemResetRequired", REDFISH_NEEDS_RESET },
    { "IDRAC", "JCP001", REDFISH_NEEDS_RESET },
    { "IDRAC", "PR19", REDFISH_SUCCESS },
    { "IDRAC", "RED014", REDFISH_NEEDS_RESET },
    { "Update", "TransferFailed", REDFISH_FAILURE },
    { "Update", "VerificationFailed", REDFISH_FAILURE },
    { "Update", "ApplyFailed", REDFISH_FAILURE },
    { "Update", "ActivateFailed", REDFISH_FAILURE },
    { "Update", "NoTargetsDetermined", REDFISH_FAILURE },
    { "TaskEvent", "TaskAborted", REDFISH_FAILURE },
    { "iLO", "UpdateFailed", REDFISH_FAILURE },
    { "LenovoFirmwareUpdateRegistry", "UpdateVerifyFailed", REDFISH_FAILURE },
};

static bool
id_is (const char *id, const char *registry, const char *key)
{
    const char *dot = strchr (id, '.'), *last = strrchr (id, '.');
    const char *tail = last == NULL ? id : last + 1;
    if (strcasecmp (tail, key) != 0)
        return false;
    size_t len = strlen (registry);
    return len == 0
           || (dot != NULL && (size_t) (dot - id) == len && strncasecmp (id, registry, len) == 0);
}

enum redfish_message_kind
redfish_message_kind (const char *message_id)
{
    if (message_id == NULL)
        return REDFISH_UNKNOWN;
    for (size_t i = 0; i < sizeof key_kinds / sizeof key_kinds[0]; i++)
        if (id_is (message_id, key_kinds[i].registry, key_kinds[i].key))
            return key_kinds[i].kind;
    return REDFISH_UNKNOWN;
}

int32_t
redfish_key_code (const char *message_id)
{
    if (message_id == NULL)
        return 0;
    for (size_t i = 0; i < sizeof key_codes / sizeof key_codes[0]; i++)
        if (id_is (message_id, key_codes[i].registry, key_codes[i].key))
            return key_codes[i].code;
    const char *last = strrchr (message_id, '.');
    return str_case_contains (last == NULL ? message_id : last, "License") ? FARRIER_E_LICENSE : 0;
}

int32_t
redfish_status_code (int status, bool is_get)
{
    switch (status) {
    case 401:
    case 403:
        return FARRIER_E_AUTH;
    case 404:
    case 405:
    case 406:
    case 410:
    case 415:
    case 501:
        return FARRIER_E_UNSUPPORTED;
    case 408:
        return FARRIER_E_TIMEOUT;
    case 409:
    case 423:
    case 429:
    case 503:
        return FARRIER_E_BUSY;
    case 411:
        return FARRIER_E_INVALID;
    case 412:
    case 428:
        return FARRIER_E_PRECONDITION;
    case 413:
    case 507:
        return FARRIER_E_NO_SPACE;
    case 502:
    case 504:
        return FARRIER_E_TRANSIENT;
    default:
        break;
    }
    if (status >= 500)
        return is_get ? FARRIER_E_TRANSIENT : FARRIER_E_REJECTED;
    return status >= 400 || status == 0 ? FARRIER_E_REJECTED : 0;
}

const json_t *
redfish_messages (const json_t *doc)
{
    static const char *const places[] = { "/error/@Message.ExtendedInfo", "/@Message.ExtendedInfo",
                                          "/Accepted/@Message.ExtendedInfo",
                                          "/error/Messages", "/Messages" };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const json_t *found = json_at (doc, places[i]);
        if (json_is_array (found) || json_is_object (found))
            return found;
    }
    return NULL;
}

static const char *
text_of (const json_t *value)
{
    if (json_is_string (value))
        return json_string_value (value);
    return json_str (value, "/value"); /* very old ones: {"lang": …, "value": …} */
}

static const char *
id_of (const json_t *message)
{
    const char *id = json_str (message, "/MessageId");
    return id != NULL ? id : json_str (message, "/MessageID");
}

static const char *
argument (const json_t *message)
{
    const json_t *args = json_at (message, "/MessageArgs");
    const json_t *first = json_is_array (args) ? json_array_get (args, 0) : args;
    return json_is_string (first) ? json_string_value (first) : NULL;
}

/* One message: how much it tells. Higher wins; the first of equals. */
static int
weight (const json_t *message, int status)
{
    const char *id = id_of (message);
    enum redfish_message_kind kind = redfish_message_kind (id);
    if (kind == REDFISH_PROGRESS || kind == REDFISH_SUCCESS || kind == REDFISH_SKIPPED)
        return redfish_key_code (id) != 0 && status >= 400 ? 1 : 0;
    if (status < 400)
        return kind == REDFISH_FAILURE ? 4 : 0;
    if (redfish_key_code (id) != 0)
        return 4;
    if (id != NULL && !id_is (id, "", "GeneralError"))
        return 3;
    return text_of (json_at (message, "/Message")) != NULL ? 2 : 1;
}

static void
note_specials (const json_t *message, struct redfish_error *ret)
{
    const char *id = id_of (message), *arg = argument (message);
    if (id == NULL)
        return;
    if (id_is (id, "", "PasswordChangeRequired")) {
        ret->password_change = true;
        str_copy (ret->password_uri, sizeof ret->password_uri, arg == NULL ? "" : arg);
    }
    if (id_is (id, "", "SessionLimitExceeded") || id_is (id, "", "RAC0218"))
        ret->session_limit = true;
    int64_t seconds;
    if (id_is (id, "", "ServiceTemporarilyUnavailable") && arg != NULL && str_to_i64 (arg, &seconds)
        && seconds >= 0 && seconds < 86400)
        ret->retry_after_ms = seconds * 1000;
}

static void
take_message (const json_t *message, const json_t *doc, struct redfish_error *ret)
{
    const char *id = id_of (message);
    const char *text = text_of (json_at (message, "/Message"));
    const char *resolution = text_of (json_at (message, "/Resolution"));
    if (text == NULL)
        text = text_of (json_at (doc, "/error/message"));
    if (id == NULL)
        id = json_str (doc, "/error/code");
    str_copy (ret->vendor_id, sizeof ret->vendor_id, id == NULL ? "" : id);
    if (text == NULL)
        text = id == NULL ? "" : id;
    bool more = resolution != NULL && strcasecmp (resolution, "None") != 0
                && strcasecmp (resolution, "None.") != 0 && resolution[0] != '\0';
    str_format (ret->message, sizeof ret->message, "%s%s%s", text, more ? " " : "",
                more ? resolution : "");
}

void
redfish_error_parse (int status, bool is_get, const json_t *doc, struct redfish_error *ret)
{
    memset (ret, 0, sizeof *ret);
    ret->status = status;
    ret->retry_after_ms = -1;
    const json_t *messages = redfish_messages (doc), *best = NULL;
    int best_weight = 0;
    size_t count = json_is_array (messages) ? json_array_size (messages) : messages != NULL;
    for (size_t i = 0; i < count && i < MESSAGES_MAX; i++) {
        const json_t *message = json_is_array (messages) ? json_array_get (messages, i) : messages;
        if (!json_is_object (message))
            continue;
        int w = weight (message, status);
        if (w > best_weight) {
            best = message;
            best_weight = w;
        }
        note_specials (message, ret);
    }
    bool bad = status >= 400 || status == 0;
    if (best == NULL && !bad)
        return;
    take_message (best, doc, ret);
    ret->code = redfish_key_code (ret->vendor_id);
    if (ret->code == 0)
        ret->code = bad ? redfish_status_code (status, is_get) : FARRIER_E_REJECTED;
    if (ret->vendor_id[0] == '\0' || id_is (ret->vendor_id, "", "GeneralError")) {
        if (strstr (ret->message, "SYS518") != NULL)
            ret->code = FARRIER_E_BUSY;
        if (strstr (ret->message, "RAC0218") != NULL)
            ret->session_limit = true;
    }
}

void
redfish_error_from_body (int status, bool is_get, const char *body, size_t len,
                         struct redfish_error *ret)
{
    json_t *doc = len == 0 ? NULL : json_parse (body, len, NULL);
    redfish_error_parse (status, is_get, doc, ret);
    json_decref (doc);
}
