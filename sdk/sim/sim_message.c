/* sim_message: messages of the Base, Update and TaskEvent registries, and the error envelope.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_message.h"

#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_router.h"

static const struct {
    const char *registry, *version;
} registries[] = { { "Base", "1.19.0" }, { "Update", "1.2.0" }, { "TaskEvent", "1.0.3" } };

#define NONE "None."

static const struct sim_message_def messages[] = {
    { "Base", "Success", "OK", 0, "The request completed successfully.", NONE },
    { "Base", "GeneralError", "Critical", 0, "A general error has occurred.",
      "See the log of the simulator." },
    { "Base", "InternalError", "Critical", 0,
      "The request failed due to an internal service error.", "Resubmit the request." },
    { "Base", "AccessDenied", "Critical", 1,
      "While accessing the resource at '%1', the service received an authorization error.",
      "Check the credentials." },
    { "Base", "NoValidSession", "Critical", 0,
      "There is no valid session established with the implementation.",
      "Establish a session before attempting any operations." },
    { "Base", "ResourceAtUriUnauthorized", "Critical", 2,
      "While accessing the resource at '%1', the service received an authorization error '%2'.",
      "Check the credentials." },
    { "Base", "InsufficientPrivilege", "Critical", 0,
      "There are insufficient privileges for the account or credentials associated with the "
      "current session to perform the requested operation.",
      "Change the associated access rights." },
    { "Base", "SessionLimitExceeded", "Critical", 0,
      "The session establishment failed due to the number of simultaneous sessions exceeding the "
      "limit of the implementation.",
      "Reduce the number of other sessions." },
    { "Base", "ServiceTemporarilyUnavailable", "Critical", 1,
      "The service is temporarily unavailable.  Retry in %1 seconds.",
      "Wait for the indicated retry duration and retry the operation." },
    { "Base", "ResourceInUse", "Warning", 0,
      "The change to the requested resource failed because the resource is in use or in transit.",
      "Remove the condition and resubmit the request." },
    { "Base", "ResourceMissingAtURI", "Critical", 1, "The resource at the URI '%1' was not found.",
      "Place a valid resource at the URI or correct the URI." },
    { "Base", "ResourceNotFound", "Critical", 2,
      "The requested resource of type %1 named '%2' was not found.",
      "Provide a valid resource identifier." },
    { "Base", "ResourceAlreadyExists", "Critical", 3,
      "The requested resource of type %1 with the property %2 with the value %3 already exists.",
      "Do not repeat the create operation as the resource was already created." },
    { "Base", "OperationNotAllowed", "Critical", 0,
      "The HTTP method is not allowed on this resource.", NONE },
    { "Base", "ActionNotSupported", "Critical", 1,
      "The action %1 is not supported by the resource.", "Check the actions of the resource." },
    { "Base", "ActionParameterMissing", "Critical", 2,
      "The action %1 requires the parameter %2 to be present in the request body.",
      "Supply the action with the required parameter." },
    { "Base", "ActionParameterUnknown", "Warning", 2,
      "The action %1 was submitted with the invalid parameter %2.",
      "Correct the invalid parameter." },
    { "Base", "ActionParameterNotSupported", "Warning", 2,
      "The parameter %1 for the action %2 is not supported on the target resource.",
      "Remove the parameter." },
    { "Base", "ActionParameterValueNotInList", "Warning", 3,
      "The value '%1' for the parameter %2 in the action %3 is not in the list of acceptable "
      "values.",
      "Choose a value from the enumeration list." },
    { "Base", "ActionParameterValueTypeError", "Warning", 3,
      "The value '%1' for the parameter %2 in the action %3 is of a different type than the "
      "parameter can accept.",
      "Correct the value." },
    { "Base", "ActionParameterValueFormatError", "Warning", 3,
      "The value '%1' for the parameter %2 in the action %3 is of a different format than the "
      "parameter can accept.",
      "Correct the value." },
    { "Base", "PropertyMissing", "Warning", 1,
      "The property %1 is a required property and must be included in the request.",
      "Include the property in the request body." },
    { "Base", "PropertyUnknown", "Warning", 1,
      "The property %1 is not in the list of valid properties for the resource.",
      "Remove the unknown property." },
    { "Base", "PropertyNotWritable", "Warning", 1,
      "The property %1 is a read-only property and cannot be assigned a value.",
      "Remove the property." },
    { "Base", "PropertyValueNotInList", "Warning", 2,
      "The value '%1' for the property %2 is not in the list of acceptable values.",
      "Choose a value from the enumeration list." },
    { "Base", "PropertyValueTypeError", "Warning", 2,
      "The value '%1' for the property %2 is not a type that the property can accept.",
      "Correct the value." },
    { "Base", "PropertyValueFormatError", "Warning", 2,
      "The value '%1' for the property %2 is not a format that the property can accept.",
      "Correct the value." },
    { "Base", "PropertyValueOutOfRange", "Warning", 2,
      "The value '%1' for the property %2 is not in the supported range of acceptable values.",
      "Correct the value." },
    { "Base", "MalformedJSON", "Critical", 0,
      "The request body submitted was malformed JSON and could not be parsed by the receiving "
      "service.",
      "Ensure that the request body is valid JSON." },
    { "Base", "EmptyJSON", "Warning", 0,
      "The request body submitted contained an empty JSON object and the service is unable to "
      "process it.",
      "Add properties in the JSON object." },
    { "Base", "UnrecognizedRequestBody", "Warning", 0,
      "The service detected a malformed request body that it was unable to interpret.",
      "Correct the request body." },
    { "Base", "MissingOrMalformedPart", "Critical", 0,
      "The multipart request contains malformed or missing parts.",
      "Submit a request with all required parts, well formed." },
    { "Base", "PayloadTooLarge", "Critical", 0,
      "The supplied payload exceeds the maximum size supported by the service.",
      "Send a smaller payload." },
    { "Base", "HeaderMissing", "Critical", 1, "Header '%1' is missing in the request.",
      "Add the header." },
    { "Base", "HeaderInvalid", "Critical", 1, "Header '%1' is invalid.", "Correct the header." },
    { "Base", "PreconditionFailed", "Critical", 0,
      "The ETag supplied did not match the ETag required to change this resource.",
      "Get the resource again and use its ETag." },
    { "Base", "PreconditionRequired", "Critical", 0,
      "A precondition header or annotation is required to change this resource.", "Use If-Match." },
    { "Base", "QueryNotSupported", "Warning", 0, "Querying is not supported by the implementation.",
      "Remove the query parameters." },
    { "Base", "QueryParameterValueFormatError", "Warning", 2,
      "The value '%1' for the parameter %2 is of a different format than the parameter can accept.",
      "Correct the value." },
    { "Base", "QueryParameterOutOfRange", "Warning", 3,
      "The value '%1' for the query parameter %2 is out of range %3.", "Reduce the value." },
    { "Base", "NoOperation", "Warning", 0,
      "The request body submitted contain no data to act upon and no changes to the resource took "
      "place.",
      "Add properties in the JSON object." },
    { "Base", "ResetRequired", "Warning", 2,
      "In order to complete the operation, a component reset is required with the Reset action URI "
      "'%1' and ResetType '%2'.",
      "Perform the required reset action." },
    { "Base", "SourceDoesNotSupportProtocol", "Critical", 2,
      "The other end of the connection at '%1' does not support the specified protocol %2.",
      "Change protocols or URIs." },
    { "Base", "CouldNotEstablishConnection", "Critical", 1,
      "The service failed to establish a connection with the URI '%1'.", "Check the URI." },
    { "Update", "TargetDetermined", "OK", 2,
      "The target device '%1' will be updated with image '%2'.", NONE },
    { "Update", "NoTargetsDetermined", "Critical", 1,
      "No target device will be updated with image '%1'.", "Check the image and the targets." },
    { "Update", "TransferringToComponent", "OK", 2, "Image '%1' is being transferred to '%2'.",
      NONE },
    { "Update", "VerifyingAtComponent", "OK", 2, "Image '%1' is being verified at '%2'.", NONE },
    { "Update", "InstallingOnComponent", "OK", 2, "Image '%1' is being installed on '%2'.", NONE },
    { "Update", "UpdateInProgress", "OK", 0, "An update is in progress.", NONE },
    { "Update", "TransferFailed", "Critical", 2, "Transfer of image '%1' to '%2' failed.",
      "Check the source of the image." },
    { "Update", "VerificationFailed", "Critical", 2, "Verification of image '%1' at '%2' failed.",
      "Check the image." },
    { "Update", "ApplyFailed", "Critical", 2, "Installation of image '%1' to '%2' failed.",
      "Try again." },
    { "Update", "UpdateSuccessful", "OK", 2, "Device '%1' successfully updated with image '%2'.",
      NONE },
    { "Update", "AwaitToUpdate", "OK", 2,
      "Awaiting for an action to proceed with installing image '%1' on '%2'.",
      "Perform the requested action to advance the update operation." },
    { "Update", "AwaitToActivate", "OK", 2,
      "Awaiting for an action to proceed with activating image '%1' on '%2'.",
      "Perform the requested action to advance the update operation." },
    { "TaskEvent", "TaskStarted", "OK", 1, "The task with Id '%1' has started.", NONE },
    { "TaskEvent", "TaskProgressChanged", "OK", 2,
      "The task with Id '%1' has changed to progress %2 percent complete.", NONE },
    { "TaskEvent", "TaskPaused", "Warning", 1, "The task with Id '%1' has been paused.", NONE },
    { "TaskEvent", "TaskResumed", "OK", 1, "The task with Id '%1' has been resumed.", NONE },
    { "TaskEvent", "TaskCompletedOK", "OK", 1, "The task with Id '%1' has completed.", NONE },
    { "TaskEvent", "TaskCompletedWarning", "Warning", 1,
      "The task with Id '%1' has completed with warnings.", NONE },
    { "TaskEvent", "TaskAborted", "Critical", 1, "The task with Id '%1' has completed with errors.",
      NONE },
    { "TaskEvent", "TaskCancelled", "Warning", 1,
      "Work on the task with Id '%1' has been halted prior to completion due to an explicit "
      "request.",
      NONE },
};

const struct sim_message_def *
sim_message_each (size_t *it)
{
    if (*it >= sizeof messages / sizeof messages[0])
        return NULL;
    return &messages[(*it)++];
}

const char *
sim_message_version (const char *registry)
{
    for (size_t i = 0; i < sizeof registries / sizeof registries[0]; i++)
        if (str_eq (registries[i].registry, registry))
            return registries[i].version;
    return NULL;
}

static const struct sim_message_def *
find (const char *name)
{
    const char *dot = strchr (name, '.');

    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
        if (strncmp (messages[i].registry, name, (size_t) (dot - name)) == 0
            && str_eq (messages[i].key, dot + 1))
            return &messages[i];
    return &messages[1];
}

static json_t *
message_from (const struct sim_message_def *def, const char *const *args)
{
    struct buf text = { 0 };
    json_t *list = json_array ();
    const char *version = sim_message_version (def->registry);

    for (int i = 0; i < def->args; i++)
        json_array_append_new (list, json_string (args[i]));
    for (const char *p = def->text; *p != '\0'; p++) {
        if (*p == '%' && p[1] >= '1' && p[1] <= '0' + def->args)
            buf_puts (&text, args[*++p - '1']);
        else
            buf_putc (&text, *p);
    }
    json_t *m = json_object ();
    json_put_str (m, "@odata.type", "#Message.v1_1_2.Message");
    /* A MessageId carries the registry's major and minor version only. */
    json_put (m, "MessageId",
              json_sprintf ("%s.%.*s.%s", def->registry, (int) (strrchr (version, '.') - version),
                            version, def->key));
    json_put_str (m, "Message", text.data);
    json_put (m, "MessageArgs", list);
    json_put_str (m, "MessageSeverity", def->severity);
    json_put_str (m, "Severity", def->severity);
    json_put_str (m, "Resolution", def->resolution);
    buf_free (&text);
    return m;
}

static json_t *
message_va (const char *name, va_list ap)
{
    const struct sim_message_def *def = find (name);
    const char *args[4] = { 0 };

    for (int i = 0; i < def->args; i++) {
        const char *arg = va_arg (ap, const char *);
        args[i] = arg == NULL ? "" : arg;
    }
    return message_from (def, args);
}

json_t *
sim_message_new (const char *name, ...)
{
    va_list ap;

    va_start (ap, name);
    json_t *m = message_va (name, ap);
    va_end (ap);
    return m;
}

json_t *
sim_message_envelope (json_t *message)
{
    json_t *error = json_object ();

    json_put_str (error, "code", json_str (message, "/MessageId"));
    json_put_str (error, "message", json_str (message, "/Message"));
    json_put (error, "@Message.ExtendedInfo", json_pack ("[o]", message));
    return json_pack ("{s:o}", "error", error);
}

void
sim_message_error (struct sim_call *call, int status, const char *name, ...)
{
    va_list ap;

    va_start (ap, name);
    json_t *m = message_va (name, ap);
    va_end (ap);
    const char *property = json_str (m, "/MessageArgs/0");
    if (strncmp (name, "Base.Property", 13) == 0 && property != NULL) {
        size_t last = json_array_size (json_at (m, "/MessageArgs"));
        property = json_string_value (json_array_get (json_at (m, "/MessageArgs"), last - 1));
        json_put (m, "RelatedProperties", json_pack ("[o]", json_sprintf ("#/%s", property)));
    }
    sim_call_answer (call, status, sim_message_envelope (m));
}
