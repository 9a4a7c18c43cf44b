/* redfish-test: the library's reading of messages, tasks, inventories and update services, table by
 * table, on the engine's own step.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "redfish.h"

#include <string.h>

#include "base/json.h"
#include "base/testing.h"
#include "engine/step.h"

static const struct plugin_op no_op = { .def = { .name = "inventory", .version = 1 } };
static atomic_bool not_cancelled;

static void
step_make (struct farrier_step *step)
{
    struct step_input in = { .op = &no_op, .cancelled = &not_cancelled };
    step_init (step, &in);
}

/* A document that ends with the step. */
static const struct farrier_json *
document (struct farrier_step *step, const char *text)
{
    const struct farrier_json *v = farrier_json_parse (step, text);
    ck_assert_msg (v != NULL, "not JSON: %s", text);
    return v;
}

/* --- messages ------------------------------------------------------------------------------- */

static const struct {
    const char *id;
    uint32_t kind;
} ids[] = {
    { "Update.1.0.ApplyFailed", REDFISH_MESSAGE_FAILED },
    { "Update.1.0.0.UpdateSuccessful", REDFISH_MESSAGE_SUCCESS },
    { "Update.1.2.AwaitToActivate", REDFISH_MESSAGE_NEEDS_ACTIVATION },
    { "Update.1.2.OperationTransitionedToJob", REDFISH_MESSAGE_NEW_JOB },
    { "Update.1.2.UpdateSkippedSameVersion", REDFISH_MESSAGE_SKIPPED },
    { "TaskEvent.1.0.3.TaskProgressChanged", REDFISH_MESSAGE_PROGRESS },
    { "Base.1.8.ResetRequired", REDFISH_MESSAGE_NEEDS_RESET },
    { "Base.1.13.ServiceTemporarilyUnavailable", REDFISH_MESSAGE_RETRY },
    { "iLO.2.14.SystemResetRequired", REDFISH_MESSAGE_NEEDS_RESET },
    { "IDRAC.2.8.JCP001", REDFISH_MESSAGE_NEEDS_RESET },
    { "LenovoFirmwareUpdateRegistry.1.0.UpdateVerifyFailed", REDFISH_MESSAGE_FAILED },
    { "LenovoFirmwareUpdateRegistry.1.0.PayloadApplyInProgress", REDFISH_MESSAGE_PROGRESS },
    { "Acme.1.0.Unheard", REDFISH_MESSAGE_UNKNOWN },
    { "nonsense", REDFISH_MESSAGE_UNKNOWN },
    { "", REDFISH_MESSAGE_UNKNOWN },
    { NULL, REDFISH_MESSAGE_UNKNOWN },
};

START_TEST (knows_message_ids)
{
    for (size_t i = 0; i < COUNT_OF (ids); i++)
        ck_assert_msg (redfish_kind_of_message (ids[i].id) == ids[i].kind, "%s", ids[i].id);
}
END_TEST

static const struct {
    const char *text;
    uint32_t kind;
    int32_t code;
    const char *id;
    int skipped, needs_activation;
} verdicts[] = {
    { "{\"Messages\":[{\"MessageId\":\"TaskEvent.1.0.TaskStarted\"},"
      "{\"MessageId\":\"Update.1.0.VerificationFailed\",\"Message\":\"bad\"},"
      "{\"MessageId\":\"TaskEvent.1.0.TaskCompletedOK\"}]}",
      REDFISH_MESSAGE_FAILED, FARRIER_E_REJECTED, "Update.1.0.VerificationFailed", 0, 0 },
    { "{\"error\":{\"code\":\"x\",\"@Message.ExtendedInfo\":{\"MessageId\":"
      "\"Base.1.4.LicenseRequired\"}}}",
      REDFISH_MESSAGE_FAILED, FARRIER_E_LICENSE, "Base.1.4.LicenseRequired", 0, 0 },
    { "{\"@Message.ExtendedInfo\":[{\"MessageId\":\"iLO.2.8.SystemResetRequired\"}]}",
      REDFISH_MESSAGE_NEEDS_RESET, 0, "iLO.2.8.SystemResetRequired", 0, 1 },
    { "{\"Messages\":[{\"MessageId\":\"Update.1.1.UpdateSkippedSameVersion\"}]}",
      REDFISH_MESSAGE_SKIPPED, 0, "Update.1.1.UpdateSkippedSameVersion", 1, 0 },
    { "{\"Messages\":[{\"MessageId\":\"Acme.1.0.Odd\",\"Severity\":\"Critical\"}]}",
      REDFISH_MESSAGE_FAILED, FARRIER_E_HOST_FAULT, "Acme.1.0.Odd", 0, 0 },
    { "{\"Messages\":[null,3,\"x\",{}]}", REDFISH_MESSAGE_UNKNOWN, 0, NULL, 0, 0 },
    { "{\"Messages\":\"none\"}", REDFISH_MESSAGE_UNKNOWN, 0, NULL, 0, 0 },
    { "{}", REDFISH_MESSAGE_UNKNOWN, 0, NULL, 0, 0 },
};

START_TEST (judges_messages)
{
    struct farrier_step step;
    step_make (&step);
    for (size_t i = 0; i < COUNT_OF (verdicts); i++) {
        struct redfish_verdict v;
        redfish_read_messages (document (&step, verdicts[i].text), &v);
        ck_assert_msg (v.kind == verdicts[i].kind, "%s: %u", verdicts[i].text, v.kind);
        ck_assert_int_eq (v.code, verdicts[i].code);
        ck_assert_msg (str_eq (v.id, verdicts[i].id), "%s: %s", verdicts[i].text, v.id);
        ck_assert_int_eq (v.skipped, verdicts[i].skipped);
        ck_assert_int_eq (v.needs_activation, verdicts[i].needs_activation);
    }
    step_free (&step);
}
END_TEST

/* --- tasks ---------------------------------------------------------------------------------- */

/* The five ways (the list of tasks is tested below), and what looks like one of them. */
static const struct {
    const char *location;
    const char *body;
    const char *uri, *monitor;
} handles[] = {
    { "/redfish/v1/TaskService/Tasks/7", NULL, "/redfish/v1/TaskService/Tasks/7", NULL },
    { "https://bmc.example/redfish/v1/TaskService/TaskMonitors/3", NULL, NULL,
      "/redfish/v1/TaskService/TaskMonitors/3" },
    { "/redfish/v1/TaskService/Tasks/0/Monitor", NULL, "/redfish/v1/TaskService/Tasks/0",
      "/redfish/v1/TaskService/Tasks/0/Monitor" },
    { "/redfish/v1/TaskMonitor/abcd", NULL, NULL, "/redfish/v1/TaskMonitor/abcd" },
    { "/redfish/v1/TaskService/Tasks/JID_1", NULL, "/redfish/v1/TaskService/Tasks/JID_1", NULL },
    { NULL,
      "{\"@odata.type\":\"#Task.v1_4_3.Task\",\"@odata.id\":\"/redfish/v1/TaskService/Tasks/5\","
      "\"TaskMonitor\":\"/redfish/v1/TaskService/TaskMonitors/5\"}",
      "/redfish/v1/TaskService/Tasks/5", "/redfish/v1/TaskService/TaskMonitors/5" },
    { NULL,
      "{\"Accepted\":{\"@Message.ExtendedInfo\":[{\"MessageId\":\"SMC.1.0.OemSimpleupdateAccepted"
      "Message\",\"MessageArgs\":[\"/redfish/v1/TaskService/Tasks/1234\"]}]}}",
      "/redfish/v1/TaskService/Tasks/1234", NULL },
    { NULL, "{\"Accepted\":{\"@Message.ExtendedInfo\":[{\"MessageId\":\"SMC.1.0.X\"}]}}", NULL,
      NULL },
    { "/redfish/v1/TaskService/Tasks/1",
      "{\"@odata.type\":\"#Task.v1_1_0.Task\",\"@odata.id\":\"/redfish/v1/TaskService/Tasks/1\","
      "\"Messages\":[{\"MessageId\":\"Update.1.0.OperationTransitionedToJob\",\"MessageArgs\":"
      "[\"/redfish/v1/JobService/Jobs/9\"]}]}",
      "/redfish/v1/JobService/Jobs/9", NULL },
    { NULL, "{\"@odata.id\":\"/redfish/v1/UpdateService\"}", NULL, NULL },
    { NULL, NULL, NULL, NULL },
};

START_TEST (finds_tasks)
{
    struct farrier_step step;
    step_make (&step);
    for (size_t i = 0; i < COUNT_OF (handles); i++) {
        json_t *headers = json_array ();
        struct redfish_task task;
        if (handles[i].location != NULL)
            json_array_append_new (headers, json_pack ("[ss]", "Location", handles[i].location));
        const char *body = handles[i].body == NULL ? "" : handles[i].body;
        struct farrier_response *response
            = step_response (&step, 202, headers, body, strlen (body), -1);
        int found = redfish_task_of_response (&step, response, &task);
        ck_assert_msg (found == (handles[i].uri != NULL || handles[i].monitor != NULL),
                       "case %zu", i);
        ck_assert_msg (str_eq (task.uri, handles[i].uri), "case %zu: %s", i, task.uri);
        ck_assert_msg (str_eq (task.monitor, handles[i].monitor), "case %zu: %s", i, task.monitor);
        json_decref (headers);
    }
    step_free (&step);
}
END_TEST

START_TEST (compares_task_lists)
{
    struct farrier_step step;
    step_make (&step);
    const char *before
        = redfish_task_list (&step, document (&step, "{\"Members\":[{\"@odata.id\":\"/T/1\"},"
                                                     "{\"@odata.id\":\"/T/11\"}]}"));
    ck_assert_str_eq (before, "1\n11\n");
    ck_assert_ptr_null (redfish_task_new (
        document (&step, "{\"Members\":[{\"@odata.id\":\"/T/11/\"}]}"), before, 0));
    const struct farrier_json *now
        = document (&step, "{\"Members\":[{\"@odata.id\":\"/T/11\"},{\"@odata.id\":\"/T/2\"},"
                           "{\"@odata.id\":\"/T/3\"}]}");
    ck_assert_str_eq (redfish_task_new (now, before, 0), "/T/2");
    ck_assert_str_eq (redfish_task_new (now, before, 1), "/T/3");
    ck_assert_ptr_null (redfish_task_new (now, before, 2));
    ck_assert_str_eq (
        redfish_task_new (document (&step, "{\"Members\":[{\"@odata.id\":\"/T/5\"}]}"), "", 0),
        "/T/5");
    step_free (&step);
}
END_TEST

/* A BMC with a long history: none of its tasks is new, or nothing is said of it at all. */
START_TEST (keeps_long_task_lists)
{
    static const struct {
        int count;
        bool kept;
    } cases[] = { { 300, true }, { 2000, false } };
    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        struct farrier_step step;
        struct buf text = { 0 };
        step_make (&step);
        buf_puts (&text, "{\"Members\":[");
        for (int k = 0; k < cases[i].count; k++)
            buf_printf (&text, "%s{\"@odata.id\":\"/redfish/v1/TaskService/Tasks/JID_%012d\"}",
                        k == 0 ? "" : ",", k);
        buf_puts (&text, "]}");
        const struct farrier_json *tasks = document (&step, text.data);
        const char *before = redfish_task_list (&step, tasks);
        ck_assert_int_eq (before != NULL, cases[i].kept);
        if (before != NULL)
            ck_assert_ptr_null (redfish_task_new (tasks, before, 0));
        buf_free (&text);
        step_free (&step);
    }
}
END_TEST

START_TEST (knows_task_states)
{
    static const struct {
        const char *state;
        uint32_t means;
    } states[] = {
        { "Completed", FARRIER_TASK_MEANS_DONE },       { "Exception", FARRIER_TASK_MEANS_FAILED },
        { "Failed", FARRIER_TASK_MEANS_FAILED },        { "Running", FARRIER_TASK_MEANS_RUNNING },
        { "Scheduled", FARRIER_TASK_MEANS_NEEDS_RESET }, { "foobared", FARRIER_TASK_MEANS_RUNNING },
        { "Downloading", FARRIER_TASK_MEANS_RUNNING },  { NULL, FARRIER_TASK_MEANS_RUNNING },
    };
    for (size_t i = 0; i < COUNT_OF (states); i++)
        ck_assert_msg (redfish_task_meaning (states[i].state) == states[i].means, "%s",
                       states[i].state);
}
END_TEST

/* --- inventory ------------------------------------------------------------------------------ */

static const struct {
    uint32_t vendor;
    const char *software;              /* members of the document */
    const char *key, *role;
    uint32_t type;
} members[] = {
    { REDFISH_DELL, "\"Id\":\"Installed-159-1.8.2__BIOS.Setup.1-1\",\"Name\":\"BIOS\"",
      "BIOS.Setup.1-1", NULL, FARRIER_COMPONENT_BIOS },
    { REDFISH_DELL, "\"Id\":\"Previous-159-1.2.4__BIOS.Setup.1-1\",\"Name\":\"BIOS\"",
      "Previous/BIOS.Setup.1-1", "previous", FARRIER_COMPONENT_OTHER },
    { REDFISH_HPE, "\"Id\":\"1\",\"Name\":\"iLO 5\",\"Oem\":{\"Hpe\":{\"DeviceClass\":"
                   "\"12345678-1\",\"DeviceContext\":\"System Board\"}}",
      "12345678@System_Board", NULL, FARRIER_COMPONENT_BMC },
    { REDFISH_HPE, "\"Id\":\"10\",\"Name\":\"Redundant System ROM\"", "Redundant_System_ROM",
      "backup", FARRIER_COMPONENT_OTHER },
    { REDFISH_SUPERMICRO, "\"Id\":\"CPLD_Motherboard\",\"Name\":\"CPLD Motherboard\"",
      "CPLD_Motherboard", NULL, FARRIER_COMPONENT_CPLD },
    { REDFISH_SUPERMICRO, "\"Id\":\"HGX_FW_BMC_0\",\"Name\":\"Software Inventory\"",
      "HGX_FW_BMC_0", "gpu-baseboard", FARRIER_COMPONENT_OTHER },
    { REDFISH_SUPERMICRO,
      "\"Id\":\"BIOS_ME\",\"RelatedItem\":[{\"@odata.id\":\"/redfish/v1/Systems/1/Bios\"}]",
      "BIOS_ME", NULL, FARRIER_COMPONENT_OTHER },
    { REDFISH_OPENBMC,
      "\"Id\":\"5d0869c4\",\"Name\":\"Software Inventory\",\"RelatedItem\":"
      "[{\"@odata.id\":\"/redfish/v1/Managers/bmc\"}]",
      "bmc@Managers/bmc", NULL, FARRIER_COMPONENT_BMC },
    { REDFISH_OTHER, "\"Id\":\"NIC10\",\"Name\":\"NIC10 System Slot12 MBF2M516C\"", "NIC10", NULL,
      FARRIER_COMPONENT_NIC },
    { REDFISH_OTHER, "\"Id\":\"fw-2.5.0\",\"Name\":\"x\",\"Version\":\"2.5.0\"", "fw", NULL,
      FARRIER_COMPONENT_OTHER },
    { REDFISH_OTHER, "\"Id\":\"Slot_3\",\"Name\":\"Firmware:DEVICE\",\"RelatedItem\":"
                     "[{\"@odata.id\":\"/redfish/v1/Chassis/1/PCIeDevices/slot_3\"},"
                     "{\"@odata.id\":\"/redfish/v1/Chassis/1/NetworkAdapters/slot-3\"}]",
      "Slot_3", NULL, FARRIER_COMPONENT_NIC },
};

START_TEST (reads_members)
{
    struct farrier_step step;
    step_make (&step);
    for (size_t i = 0; i < COUNT_OF (members); i++) {
        struct redfish_service service = { .vendor = members[i].vendor };
        struct farrier_component c;
        char *text = str_printf ("{\"@odata.id\":\"/redfish/v1/x/%zu\",%s}", i,
                                 members[i].software);
        ck_assert_int_eq (redfish_component (&step, &service, document (&step, text), &c), 0);
        ck_assert_str_eq (c.key, members[i].key);
        ck_assert_msg (str_eq (c.slot, members[i].role), "%s: %s", c.key, c.slot);
        ck_assert_msg (c.type == members[i].type, "%s: %u", c.key, c.type);
        mem_free (text);
    }
    step_free (&step);
}
END_TEST

/* Two slots are one component; the standby one is what a rollback goes back to. */
START_TEST (folds_slots)
{
    struct farrier_step step;
    struct redfish_service service = { .vendor = REDFISH_OPENBMC };
    struct farrier_component list[4];
    step_make (&step);
    const struct farrier_json *documents[] = {
        document (&step, "{\"@odata.id\":\"/F/aaaaaaaa\",\"Id\":\"aaaaaaaa\",\"Version\":\"1.0\","
                         "\"Status\":{\"State\":\"StandbySpare\"},"
                         "\"RelatedItem\":[{\"@odata.id\":\"/redfish/v1/Managers/bmc\"}]}"),
        document (&step, "{\"@odata.id\":\"/F/bbbbbbbb\",\"Id\":\"bbbbbbbb\",\"Version\":\"2.0\","
                         "\"Status\":{\"State\":\"Enabled\"},"
                         "\"RelatedItem\":[{\"@odata.id\":\"/redfish/v1/Managers/bmc\"}]}"),
        document (&step, "{\"@odata.id\":\"/F/cccccccc\",\"Id\":\"cccccccc\",\"Version\":\"3.0\","
                         "\"Status\":{\"State\":\"Enabled\"},"
                         "\"RelatedItem\":[{\"@odata.id\":\"/redfish/v1/Systems/system/Bios\"}]}"),
    };
    ck_assert_uint_eq (redfish_components (&step, &service, documents, 3, list, 4), 2);
    ck_assert_str_eq (list[0].uri, "/F/bbbbbbbb");
    ck_assert_str_eq (list[0].version, "2.0");
    ck_assert_str_eq (list[0].previous, "1.0");
    ck_assert_str_eq (redfish_vendor_key (&list[0], "redfish.standby"), "/F/aaaaaaaa");
    ck_assert_str_eq (list[1].key, "bios@system/Bios");
    ck_assert_ptr_null (list[1].previous);
    step_free (&step);
}
END_TEST

START_TEST (makes_keys_unique)
{
    struct farrier_step step;
    struct redfish_service service = { .vendor = REDFISH_HPE };
    struct farrier_component list[4];
    step_make (&step);
    const struct farrier_json *psu[] = {
        document (&step, "{\"@odata.id\":\"/F/5\",\"Id\":\"5\",\"Name\":\"Power Supply\"}"),
        document (&step, "{\"@odata.id\":\"/F/6\",\"Id\":\"6\",\"Name\":\"Power Supply\"}"),
        document (&step, "{\"@odata.id\":\"/F/7\",\"Id\":\"7\",\"Name\":\"Power Supply\"}"),
    };
    ck_assert_uint_eq (redfish_components (&step, &service, psu, 3, list, 4), 3);
    ck_assert_str_eq (list[0].key, "Power_Supply");
    ck_assert_str_eq (list[1].key, "Power_Supply#2");
    ck_assert_str_eq (list[2].key, "Power_Supply#3");
    step_free (&step);
}
END_TEST

/* --- vendors, versions, updates ------------------------------------------------------------- */

START_TEST (recognises_vendors)
{
    struct farrier_step step;
    step_make (&step);
    const struct farrier_json *none = document (&step, "{}");
    ck_assert_uint_eq (redfish_vendor_of (document (&step, "{\"Vendor\":\"HPE\"}"), none, none),
                       REDFISH_HPE);
    ck_assert_uint_eq (
        redfish_vendor_of (document (&step, "{\"Oem\":{\"Supermicro\":{}}}"), none, none),
        REDFISH_SUPERMICRO);
    ck_assert_uint_eq (
        redfish_vendor_of (none, document (&step, "{\"Manufacturer\":\"Dell Inc.\"}"), none),
        REDFISH_DELL);
    ck_assert_uint_eq (
        redfish_vendor_of (none, none, document (&step, "{\"Oem\":{\"OpenBmc\":{}}}")),
        REDFISH_OPENBMC);
    ck_assert_uint_eq (redfish_vendor_of (none, none, NULL), REDFISH_OTHER);
    step_free (&step);
}
END_TEST

START_TEST (compares_versions_as_texts)
{
    ck_assert (redfish_version_equal ("1.2", " 1.2 "));
    ck_assert (!redfish_version_equal ("1.2", "1.20"));
    ck_assert (!redfish_version_equal ("", ""));
    ck_assert (!redfish_version_equal (NULL, "1"));
    ck_assert_str_eq (redfish_path ("https://10.0.0.1/redfish/v1/x"), "/redfish/v1/x");
    ck_assert_str_eq (redfish_path ("/redfish/v1/x?y=http://z"), "/redfish/v1/x?y=http://z");
    ck_assert (redfish_path_equal ("/redfish/v1/Systems/1/", "/redfish/v1/systems/1"));
}
END_TEST

static const struct {
    uint32_t vendor;
    const char *apply;
    const char *body;
} parameters[] = {
    { REDFISH_OTHER, "OnReset",
      "{\"Targets\":[\"/F/1\"],\"@Redfish.OperationApplyTime\":\"OnReset\"}" },
    { REDFISH_OTHER, NULL, "{\"Targets\":[\"/F/1\"]}" },
    { REDFISH_OPENBMC, "Immediate",
      "{\"Targets\":[],\"@Redfish.OperationApplyTime\":\"Immediate\"}" },
    { REDFISH_DELL, NULL, "{\"Targets\":[],\"Oem\":{}}" },
};

START_TEST (builds_update_parameters)
{
    struct farrier_step step;
    step_make (&step);
    for (size_t i = 0; i < COUNT_OF (parameters); i++) {
        struct redfish_service service = { .vendor = parameters[i].vendor };
        const char *body
            = redfish_update_parameters (&step, &service, "/F/1", parameters[i].apply);
        ck_assert_str_eq (body, parameters[i].body);
    }
    step_free (&step);
}
END_TEST

START_TEST (compares_settings)
{
    struct farrier_step step;
    const char *unknown = NULL;
    uint32_t count = 9;
    step_make (&step);
    const struct farrier_json *bios
        = document (&step, "{\"Attributes\":{\"A\":\"x\",\"B\":7,\"C\":true,\"D/E\":\"y\"}}");
    ck_assert_ptr_null (redfish_settings_body (
        &step, bios, document (&step, "{\"A\":\"x\",\"B\":7,\"C\":true}"), &count, &unknown));
    ck_assert_uint_eq (count, 0);
    const char *body = redfish_settings_body (
        &step, bios, document (&step, "{\"A\":\"z\",\"B\":\"7\",\"D/E\":\"y\",\"F\":1}"), &count,
        &unknown);
    ck_assert_str_eq (body, "{\"Attributes\":{\"A\":\"z\",\"B\":\"7\"}}");
    ck_assert_uint_eq (count, 2);
    ck_assert_str_eq (unknown, "F");
    step_free (&step);
}
END_TEST

START_TEST (chooses_resets)
{
    static const char *const wanted[] = { "GracefulRestart", "ForceRestart", NULL };
    struct farrier_step step;
    struct farrier_error err;
    const char *target = NULL, *type = NULL;
    step_make (&step);
    plugin_error_clear (&err);
    const struct farrier_json *system = document (
        &step, "{\"Actions\":{\"#ComputerSystem.Reset\":{\"target\":\"/S/Reset\","
               "\"ResetType@Redfish.AllowableValues\":[\"On\",\"ForceRestart\"]}}}");
    ck_assert_int_eq (redfish_reset_action (&step, system, wanted, &target, &type, &err), 0);
    ck_assert_str_eq (target, "/S/Reset");
    ck_assert_str_eq (type, "ForceRestart");
    const struct farrier_json *strict = document (
        &step, "{\"Actions\":{\"#ComputerSystem.Reset\":{\"target\":\"/S/Reset\","
               "\"ResetType@Redfish.AllowableValues\":[\"On\"]}}}");
    ck_assert_int_eq (redfish_reset_action (&step, strict, wanted, &target, &type, &err),
                      FARRIER_E_UNSUPPORTED);
    ck_assert_ptr_nonnull (strstr (err.message, "it allows: On"));
    const struct farrier_json *silent
        = document (&step, "{\"Actions\":{\"#Manager.Reset\":{\"target\":\"/M/Reset\"}}}");
    ck_assert_int_eq (redfish_reset_action (&step, silent, wanted, &target, &type, &err), 0);
    ck_assert_ptr_null (type);
    ck_assert_str_eq (redfish_reset_body (&step, type), "{}");
    step_free (&step);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        knows_message_ids, judges_messages, finds_tasks, compares_task_lists,
        keeps_long_task_lists, knows_task_states, reads_members, folds_slots, makes_keys_unique,
        recognises_vendors, compares_versions_as_texts, builds_update_parameters,
        compares_settings, chooses_resets, NULL
    };
    return testing_run ("redfish", tests);
}
