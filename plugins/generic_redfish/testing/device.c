/* device: see device.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "testing/device.h"

#include <string.h>

#include "base/json.h"

/* Keys and strings without quotes in the C source would not be JSON: this is the text as it is. */
#define TEXT(...) #__VA_ARGS__

static const char dmtf_docs[] = TEXT ({
    "/redfish/v1" : { "@odata.id" : "/redfish/v1/", "RedfishVersion" : "1.15.0",
        "Vendor" : "Acme", "Systems" : { "@odata.id" : "/redfish/v1/Systems" },
        "Managers" : { "@odata.id" : "/redfish/v1/Managers" },
        "UpdateService" : { "@odata.id" : "/redfish/v1/UpdateService" },
        "Tasks" : { "@odata.id" : "/redfish/v1/TaskService" } },
    "/redfish/v1/Systems" : { "Members" : [ { "@odata.id" : "/redfish/v1/Systems/1" } ] },
    "/redfish/v1/Systems/1" : { "@odata.id" : "/redfish/v1/Systems/1", "Id" : "1",
        "Manufacturer" : "Acme", "Model" : "A1", "SerialNumber" : "SN1",
        "UUID" : "11111111-2222-3333-4444-555555555555", "PowerState" : "On",
        "LastResetTime" : "2026-01-01T00:00:00Z", "Status" : { "Health" : "OK" },
        "Bios" : { "@odata.id" : "/redfish/v1/Systems/1/Bios" },
        "Actions" : { "#ComputerSystem.Reset" : {
            "target" : "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset",
            "ResetType@Redfish.AllowableValues" :
                [ "On", "ForceOff", "GracefulShutdown", "GracefulRestart", "ForceRestart" ] } } },
    "/redfish/v1/Systems/1/Bios" : { "@odata.id" : "/redfish/v1/Systems/1/Bios",
        "AttributeRegistry" : "BiosAcme.1", "Attributes" : { "Boot" : "Uefi", "Cores" : 8 },
        "@Redfish.Settings" : { "SupportedApplyTimes" : [ "OnReset" ],
            "SettingsObject" : { "@odata.id" : "/redfish/v1/Systems/1/Bios/SD" } } },
    "/redfish/v1/Systems/1/Bios/SD" : { "@odata.id" : "/redfish/v1/Systems/1/Bios/SD",
        "@odata.etag" : "W/\"7\"", "Attributes" : { "Boot" : "Uefi", "Cores" : 8 } },
    "/redfish/v1/Managers" : { "Members" : [ { "@odata.id" : "/redfish/v1/Managers/1" } ] },
    "/redfish/v1/Managers/1" : { "@odata.id" : "/redfish/v1/Managers/1", "Id" : "1",
        "Model" : "BMC", "LastResetTime" : "2026-01-01T00:00:00Z",
        "Status" : { "State" : "Enabled", "Health" : "OK" },
        "Actions" : { "#Manager.Reset" : {
            "target" : "/redfish/v1/Managers/1/Actions/Manager.Reset",
            "ResetType@Redfish.AllowableValues" : [ "GracefulRestart" ] } } },
    "/redfish/v1/TaskService" : { "Tasks" : { "@odata.id" : "/redfish/v1/TaskService/Tasks" } },
    "/redfish/v1/TaskService/Tasks" : {
        "Members" : [ { "@odata.id" : "/redfish/v1/TaskService/Tasks/1" } ] },
    "/redfish/v1/TaskService/Tasks/1" : { "@odata.id" : "/redfish/v1/TaskService/Tasks/1",
        "@odata.type" : "#Task.v1_4_0.Task", "TaskState" : "Completed" },
    "/redfish/v1/UpdateService" : { "@odata.id" : "/redfish/v1/UpdateService",
        "ServiceEnabled" : true, "MaxImageSizeBytes" : 1000000,
        "MultipartHttpPushUri" : "/redfish/v1/UpdateService/upload",
        "HttpPushUri" : "/redfish/v1/UpdateService/push", "HttpPushUriTargetsBusy" : false,
        "MultipartHttpPushUri@Redfish.OperationApplyTimeSupport" : {
            "SupportedValues" : [ "Immediate", "OnReset", "OnStartUpdateRequest" ] },
        "Actions" : {
            "#UpdateService.SimpleUpdate" : {
                "target" : "/redfish/v1/UpdateService/Actions/UpdateService.SimpleUpdate",
                "TransferProtocol@Redfish.AllowableValues" : [ "HTTP", "HTTPS" ] },
            "#UpdateService.StartUpdate" : {
                "target" : "/redfish/v1/UpdateService/Actions/UpdateService.StartUpdate" } },
        "FirmwareInventory" : { "@odata.id" : "/redfish/v1/UpdateService/FirmwareInventory" } },
    "/redfish/v1/UpdateService/FirmwareInventory" : { "Members" : [
        { "@odata.id" : "/redfish/v1/UpdateService/FirmwareInventory/BMC" },
        { "@odata.id" : "/redfish/v1/UpdateService/FirmwareInventory/BIOS" },
        { "@odata.id" : "/redfish/v1/UpdateService/FirmwareInventory/BMC.Golden" } ] },
    "/redfish/v1/UpdateService/FirmwareInventory/BMC" : {
        "@odata.id" : "/redfish/v1/UpdateService/FirmwareInventory/BMC", "Id" : "BMC",
        "Name" : "BMC firmware", "Version" : "1.0.0", "Updateable" : true,
        "Status" : { "State" : "Enabled" },
        "RelatedItem" : [ { "@odata.id" : "/redfish/v1/Managers/1" } ] },
    "/redfish/v1/UpdateService/FirmwareInventory/BIOS" : {
        "@odata.id" : "/redfish/v1/UpdateService/FirmwareInventory/BIOS", "Id" : "BIOS",
        "Name" : "System BIOS", "Version" : "1.0.0", "Updateable" : true,
        "Status" : { "State" : "Enabled" },
        "RelatedItem" : [ { "@odata.id" : "/redfish/v1/Systems/1/Bios" } ] },
    "/redfish/v1/UpdateService/FirmwareInventory/BMC.Golden" : {
        "@odata.id" : "/redfish/v1/UpdateService/FirmwareInventory/BMC.Golden",
        "Id" : "BMC.Golden", "Name" : "BMC golden image", "Version" : "0.9.0",
        "Updateable" : false }
});

/* --- changes -------------------------------------------------------------------------------- */

static void
stamp (struct bench *b, const char *path, int n)
{
    char text[32];
    str_format (text, sizeof text, "2026-01-02T00:00:%02dZ", n % 60);
    bench_set (b, path, "/LastResetTime", json_string (text));
}

void
device_activate (struct device *d, struct bench *b)
{
    if (d->image_version == NULL || d->target == NULL)
        return;
    bench_set (b, d->target, "/Version", json_string (d->image_version));
    mem_free (d->image_version);
    d->image_version = NULL;
}

static void
bmc_restarts (struct device *d, struct bench *b)
{
    d->resets_bmc++;
    b->away = true;
    b->reads_until_back = 4;
    if (!d->restart_is_silent)
        stamp (b, DEVICE_MANAGER, d->resets_bmc);
    if (str_eq (d->target, DEVICE_BMC))
        device_activate (d, b);
}

static void
add_task (struct bench *b, const char *path, const char *target)
{
    json_t *members = json_at (bench_doc (b, "/redfish/v1/TaskService/Tasks"), "/Members");
    json_array_append_new (members, json_pack ("{ss}", "@odata.id", path));
    json_object_set_new (b->docs, path,
                         json_pack ("{ss ss ss}", "@odata.id", path, "@odata.type",
                                    "#Task.v1_4_0.Task", "TaskState", "Running"));
    if (target != NULL)
        bench_set (b, path, "/Payload", json_pack ("{ss}", "TargetUri", target));
}

static struct bench_answer
take_image (struct device *d, struct bench *b)
{
    struct bench_answer answer = { .status = 202 };
    if (d->refuse != 0) {
        answer.status = d->refuse;
        return answer;
    }
    d->uploads++;
    d->flashes++;
    str_set (&d->apply_time, json_str (bench_doc (b, DEVICE_UPDATE),
                                       "/HttpPushUriOptions/HttpPushUriApplyTime/ApplyTime"));
    str_set (&d->image_version, b->image.version);
    if (d->early)
        device_activate (d, b);
    if (d->forgets) {
        str_set (&d->image_version, NULL);
        bmc_restarts (d, b);
    }
    if (d->no_task || d->forgets) {
        answer.status = 200;
        return answer;
    }
    if (d->foreign_task)
        add_task (b, "/redfish/v1/TaskService/Tasks/77", "/redfish/v1/Systems/1/LogServices/Dump");
    add_task (b, "/redfish/v1/TaskService/Tasks/2", NULL);
    if (d->silent_task)
        return answer;
    answer.location = "/redfish/v1/TaskService/Tasks/2/Monitor";
    return answer;
}

static struct bench_answer
host_reset (struct device *d, struct bench *b, const char *body)
{
    if (strstr (body, "Shutdown") != NULL && d->shuts_down_late)
        return (struct bench_answer) { .status = 204 };
    bool off = strstr (body, "Off") != NULL || strstr (body, "Shutdown") != NULL;
    bench_set (b, DEVICE_SYSTEM, "/PowerState", json_string (off ? "Off" : "On"));
    if (off)
        return (struct bench_answer) { .status = 204 };
    d->resets_host++;
    if (!d->restart_is_silent)
        stamp (b, DEVICE_SYSTEM, d->resets_host);
    if (!str_eq (d->target, DEVICE_BMC))
        device_activate (d, b);
    json_t *settings = json_at (bench_doc (b, "/redfish/v1/Systems/1/Bios/SD"), "/Attributes");
    json_object_update (json_at (bench_doc (b, "/redfish/v1/Systems/1/Bios"), "/Attributes"),
                        settings);
    return (struct bench_answer) { .status = 204 };
}

static struct bench_answer
patch (struct device *d, struct bench *b, const char *path, const char *body)
{
    json_t *change = json_parse (body, strlen (body), NULL);
    struct bench_answer answer = { .status = 200 };
    if (str_eq (path, "/redfish/v1/Systems/1/Bios/SD")) {
        if (d->etag_refusals > 0) {
            d->etag_refusals--;
            answer.status = 412;
        } else {
            json_object_update (json_at (bench_doc (b, path), "/Attributes"),
                                json_at (change, "/Attributes"));
        }
    } else if (json_at (change, "/HttpPushUriTargetsBusy") != NULL) {
        d->claimed = json_bool_or (change, "/HttpPushUriTargetsBusy", false);
        bench_set (b, DEVICE_UPDATE, "/HttpPushUriTargetsBusy", json_boolean (d->claimed));
    } else if (json_at (change, "/HttpPushUriOptions") != NULL) {
        json_object_update_recursive (bench_doc (b, DEVICE_UPDATE), change);
    }
    json_decref (change);
    return answer;
}

static struct bench_answer
on_change (struct bench *b, const char *method, const char *path, const json_t *spec)
{
    struct device *d = b->device;
    const char *body = json_str_or (spec, "/body", "");
    json_t *parts = json_object_get (spec, "parts");
    str_set (&d->last_body, parts != NULL ? json_str_or (parts, "/0/text", "") : body);
    if (str_eq (path, "/redfish/v1/UpdateService/upload")
        || str_eq (path, "/redfish/v1/UpdateService/push") || strstr (path, "SimpleUpdate") != NULL)
        return take_image (d, b);
    if (strstr (path, "StartUpdate") != NULL)
        return (struct bench_answer) { .status = 202,
                                       .location = "/redfish/v1/TaskService/Tasks/2" };
    if (strstr (path, "Manager.Reset") != NULL) {
        bmc_restarts (d, b);
        return (struct bench_answer) { .status = 204 };
    }
    if (strstr (path, "ComputerSystem.Reset") != NULL)
        return host_reset (d, b, body);
    ck_assert_str_eq (method, "PATCH");
    return patch (d, b, path, body);
}

static enum farrier_task_end
on_task (struct bench *b, const char *uri, json_t **ret_document)
{
    struct device *d = b->device;
    const char *state = d->task_state == NULL ? "Completed" : d->task_state;
    bool restarts = d->kind == DEVICE_OPENBMC && str_eq (d->target, DEVICE_BMC);
    if (d->vanish && restarts)
        bmc_restarts (d, b);
    if (d->vanish)
        return FARRIER_TASK_VANISHED;
    *ret_document = json_pack ("{ss ss ss}", "@odata.id", uri, "@odata.type", "#Task.v1_4_0.Task",
                               "TaskState", state);
    if (d->task_status != NULL)
        json_object_set_new (*ret_document, "TaskStatus", json_string (d->task_status));
    if (d->message_id != NULL)
        json_object_set_new (*ret_document, "Messages",
                             json_pack ("[{ss ss}]", "MessageId", d->message_id, "Message",
                                        "the device says so"));
    if (restarts)
        bmc_restarts (d, b);
    return str_eq (state, "Completed") ? FARRIER_TASK_DONE
           : str_eq (state, "Scheduled") ? FARRIER_TASK_NEEDS_RESET : FARRIER_TASK_FAILED;
}

/* --- making --------------------------------------------------------------------------------- */

void
device_make (struct device *d, struct bench *b, enum device_kind kind)
{
    *d = (struct device) { .kind = kind, .target = DEVICE_BIOS };
    bench_make (b, dmtf_docs);
    b->device = d;
    b->on_change = on_change;
    b->on_task = on_task;
    bench_image (b, "2.0.0", 500000);
    bench_component (b, FARRIER_COMPONENT_BIOS, "BIOS", DEVICE_BIOS, "1.0.0");
    if (kind == DEVICE_DELL)
        bench_set (b, "/redfish/v1", "/Vendor", json_string ("Dell"));
    if (kind != DEVICE_OPENBMC)
        return;
    json_object_del (bench_doc (b, "/redfish/v1"), "Vendor");
    bench_set (b, DEVICE_SYSTEM, "/Manufacturer", json_string ("none"));
    bench_set (b, DEVICE_MANAGER, "/Model", json_string ("OpenBmc"));
}

void
device_free (struct device *d, struct bench *b)
{
    mem_free (d->apply_time);
    mem_free (d->last_body);
    mem_free (d->image_version);
    bench_free (b);
}
