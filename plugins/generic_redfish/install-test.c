/* install-test: updates from the upload to the version, what goes wrong on the way, and crashes at
 * every point of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/json.h"
#include "testing/device.h"

#define BIT(kind) FARRIER_REBOOT_BIT (FARRIER_REBOOT_##kind)

static const char *
result_text (const struct bench *b, const char *name)
{
    return json_string_value (json_object_get (b->results, name));
}

START_TEST (installs_by_multipart)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_DMTF);
    int32_t rc = bench_run (&b, "firmware.install", NULL);
    ck_assert_msg (rc == FARRIER_DONE, "%d: %s", rc, b.error.message);
    ck_assert_int_eq (d.uploads, 1);
    ck_assert_str_eq (d.last_body, "{\"Targets\":[\"" DEVICE_BIOS "\"],"
                                   "\"@Redfish.OperationApplyTime\":\"Immediate\"}");
    ck_assert_str_eq (result_text (&b, "method"), "multipart");
    ck_assert_str_eq (result_text (&b, "task"), "/redfish/v1/TaskService/Tasks/2");
    ck_assert_uint_eq (b.needs, BIT (HOST_RESET));
    ck_assert_int_eq (b.rung, FARRIER_RUNG_FLASHED);
    /* and the activation that it asks for */
    rc = bench_run (&b, "firmware.activate", NULL);
    ck_assert_msg (rc == FARRIER_DONE, "%d: %s", rc, b.error.message);
    ck_assert_uint_eq (b.needs, 0);
    ck_assert_int_eq (d.resets_host, 1);
    ck_assert_str_eq (json_str (bench_doc (&b, DEVICE_BIOS), "/Version"), "2.0.0");
    ck_assert_int_eq (bench_run (&b, "firmware.activate", NULL), FARRIER_SKIPPED);
    ck_assert_int_eq (bench_run (&b, "firmware.install", NULL), FARRIER_SKIPPED);
    ck_assert_str_eq (b.skip_reason, "BIOS runs 2.0.0 already");
    device_free (&d, &b);
}
END_TEST

START_TEST (installs_by_the_other_ways)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_DMTF);
    ck_assert_int_eq (bench_run (&b, "firmware.install", "{\"method\":\"http_push\"}"),
                      FARRIER_DONE);
    ck_assert_uint_eq (json_array_size (b.changes), 3);       /* claim, push, release */
    ck_assert_int_eq (d.uploads, 1);
    ck_assert (!d.claimed);
    ck_assert_int_eq (bench_run (&b, "firmware.install", "{\"method\":\"simple_update\"}"),
                      FARRIER_DONE);
    ck_assert_str_eq (d.last_body, "{\"ImageURI\":\"http://127.0.0.1:1/once/image.bin\","
                                   "\"TransferProtocol\":\"HTTP\",\"Targets\":[\"" DEVICE_BIOS
                                   "\"]}");
    d.refuse = 500;
    ck_assert_int_lt (bench_run (&b, "firmware.install", "{\"method\":\"http_push\"}"), 0);
    ck_assert_msg (!d.claimed, "the claim must be given back after a failure too");
    device_free (&d, &b);
}
END_TEST

START_TEST (stages_and_starts)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_DMTF);
    ck_assert_int_eq (bench_run (&b, "firmware.stage", NULL), FARRIER_DONE);
    ck_assert_int_eq (b.rung, FARRIER_RUNG_STAGED);
    ck_assert_uint_eq (b.needs, 0);
    json_t *saved = json_deep_copy (b.results);
    json_object_set_new (b.context, "results", json_pack ("{so}", "BIOS", saved));
    ck_assert_int_eq (bench_run (&b, "firmware.install", NULL), FARRIER_DONE);
    ck_assert_int_eq (d.uploads, 1);
    ck_assert_uint_eq (bench_count_changes (&b, "POST /redfish/v1/UpdateService/Actions/"
                                                "UpdateService.StartUpdate"),
                       1);
    ck_assert_uint_eq (b.needs, BIT (HOST_RESET));
    device_free (&d, &b);
}
END_TEST

START_TEST (updates_a_bmc)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_DMTF);
    d.target = DEVICE_BMC;
    bench_component (&b, FARRIER_COMPONENT_BMC, "BMC", DEVICE_BMC, "1.0.0");
    ck_assert_int_eq (bench_run (&b, "firmware.install", NULL), FARRIER_DONE);
    ck_assert_uint_eq (b.needs, BIT (BMC_RESET));
    int32_t rc = bench_run (&b, "firmware.activate", NULL);
    ck_assert_msg (rc == FARRIER_DONE, "%s", b.error.message);
    ck_assert_int_eq (d.resets_bmc, 1);
    ck_assert_uint_eq (b.needs, 0);
    device_free (&d, &b);
}
END_TEST

/* OpenBMC: no Oem, no target, restarts by itself; the new version is there when the op ends. */
START_TEST (updates_an_openbmc)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_OPENBMC);
    d.target = DEVICE_BMC;
    bench_component (&b, FARRIER_COMPONENT_BMC, "BMC", DEVICE_BMC, "1.0.0");
    int32_t rc = bench_run (&b, "firmware.install", NULL);
    ck_assert_msg (rc == FARRIER_DONE, "%d: %s", rc, b.error.message);
    ck_assert_str_eq (d.last_body,
                      "{\"Targets\":[],\"@Redfish.OperationApplyTime\":\"Immediate\"}");
    ck_assert_int_eq (d.resets_bmc, 1);
    ck_assert_int_eq (b.rung, FARRIER_RUNG_ACTIVATED);
    ck_assert_uint_eq (b.needs, 0);
    /* its BIOS is written while the host is off, and the host comes back with activate */
    d.target = DEVICE_BIOS;
    bench_component (&b, FARRIER_COMPONENT_BIOS, "BIOS", DEVICE_BIOS, "1.0.0");
    ck_assert_int_eq (bench_run (&b, "firmware.install", NULL), FARRIER_DONE);
    ck_assert_str_eq (json_str (bench_doc (&b, DEVICE_SYSTEM), "/PowerState"), "Off");
    ck_assert_uint_eq (b.needs, BIT (HOST_OFF_BEFORE));
    ck_assert_int_eq (bench_run (&b, "firmware.activate", NULL), FARRIER_DONE);
    ck_assert_str_eq (json_str (bench_doc (&b, DEVICE_SYSTEM), "/PowerState"), "On");
    ck_assert_uint_eq (b.needs, 0);
    device_free (&d, &b);
}
END_TEST

/* Wishes, and how the op ends. */
static const struct {
    struct device wishes;
    const char *pointer;               /* of the UpdateService document; set to */
    const char *value;                 /* this JSON */
    const char *params;
    int32_t result;
    const char *text;                  /* part of the message; NULL = any */
    uint32_t needs;
} ends[] = {
    { { .task_state = "Exception", .message_id = "Update.1.0.ApplyFailed" }, NULL, NULL, NULL,
      FARRIER_E_HOST_FAULT, "the device says so", 0 },
    { { .task_state = "Exception", .message_id = "Update.1.1.VerificationFailed" }, NULL, NULL,
      NULL, FARRIER_E_REJECTED, NULL, 0 },
    { { .task_state = "Completed", .message_id = "Update.1.0.TransferFailed" }, NULL, NULL, NULL,
      FARRIER_E_TRANSIENT, NULL, 0 },
    { { .task_status = "Critical" }, NULL, NULL, NULL, FARRIER_E_HOST_FAULT, "Critical", 0 },
    { { .task_status = "Warning" }, NULL, NULL, NULL, FARRIER_DONE, NULL, BIT (HOST_RESET) },
    { { 0 }, NULL, NULL, "{\"targets\":[\"" DEVICE_BIOS "\",\"" DEVICE_BMC "\"]}",
      FARRIER_E_INVALID, "'targets'", 0 },
    { { 0 }, NULL, NULL, "{\"targets\":\"" DEVICE_BIOS "\"}", FARRIER_E_INVALID, "'targets'", 0 },
    { { 0 }, NULL, NULL, "{\"targets\":[]}", FARRIER_DONE, NULL, BIT (HOST_RESET) },
    { { .task_state = "Scheduled" }, NULL, NULL, NULL, FARRIER_DONE, NULL, BIT (HOST_RESET) },
    { { .message_id = "Base.1.8.ResetRequired" }, NULL, NULL, NULL, FARRIER_DONE, NULL,
      BIT (HOST_RESET) },
    { { .message_id = "Update.1.0.UpdateNotApplicable" }, NULL, NULL, NULL, FARRIER_E_REJECTED,
      "did not install", 0 },
    { { .early = true }, NULL, NULL, NULL, FARRIER_DONE, NULL, 0 },
    { { .vanish = true, .early = true }, NULL, NULL, NULL, FARRIER_DONE, NULL, 0 },
    { { .vanish = true }, NULL, NULL, NULL, FARRIER_DONE, NULL, BIT (HOST_RESET) },
    { { .no_task = true, .early = true }, NULL, NULL, NULL, FARRIER_DONE, NULL, 0 },
    { { 0 }, "/ServiceEnabled", "false", NULL, FARRIER_E_PRECONDITION, "disabled", 0 },
    { { 0 }, "/MaxImageSizeBytes", "1000", NULL, FARRIER_E_NO_SPACE, "500000 bytes", 0 },
    { { 0 }, "/HttpPushUriTargetsBusy", "true", "{\"method\":\"http_push\"}", FARRIER_E_BUSY,
      "another client", 0 },
    { { 0 }, NULL, NULL, "{\"apply_time\":\"OnTargetReset\"}", FARRIER_E_UNSUPPORTED,
      "Immediate, OnReset, OnStartUpdateRequest", 0 },
    { { .kind = DEVICE_DELL }, NULL, NULL, "{\"method\":\"http_push\"}", FARRIER_E_UNSUPPORTED,
      "in this vendor's own way", 0 },
    { { .kind = DEVICE_DELL }, NULL, NULL, "{\"method\":\"http_push\",\"foreign_push\":true}",
      FARRIER_DONE, NULL, BIT (HOST_RESET) },
};

START_TEST (ends_as_it_must)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, ends[_i].wishes.kind);
    d.early = ends[_i].wishes.early;
    d.vanish = ends[_i].wishes.vanish;
    d.no_task = ends[_i].wishes.no_task;
    d.task_state = ends[_i].wishes.task_state;
    d.task_status = ends[_i].wishes.task_status;
    d.message_id = ends[_i].wishes.message_id;
    if (ends[_i].pointer != NULL)
        bench_set (&b, DEVICE_UPDATE, ends[_i].pointer,
                   json_loads (ends[_i].value, JSON_DECODE_ANY, NULL));
    int32_t rc = bench_run (&b, "firmware.install", ends[_i].params);
    ck_assert_msg (rc == ends[_i].result, "case %d: %d, %s", _i, rc, b.error.message);
    ck_assert_msg (ends[_i].text == NULL || strstr (b.error.message, ends[_i].text) != NULL,
                   "case %d: %s", _i, b.error.message);
    ck_assert_uint_eq (b.needs, ends[_i].needs);
    ck_assert (!d.claimed);
    device_free (&d, &b);
}
END_TEST

/* --- crashes -------------------------------------------------------------------------------- */

static const struct {
    enum farrier_delivery delivery;
    bool performed;
} deliveries[] = {
    { FARRIER_DELIVERY_NONE, false },
    { FARRIER_DELIVERY_MAYBE, false },
    { FARRIER_DELIVERY_MAYBE, true },
};

static const struct {
    enum device_kind kind;
    const char *target;
    const char *params;
    bool vanish;
} scenes[] = {
    { DEVICE_DMTF, DEVICE_BIOS, NULL, false },
    { DEVICE_DMTF, DEVICE_BIOS, "{\"method\":\"http_push\"}", false },
    { DEVICE_DMTF, DEVICE_BIOS, "{\"method\":\"simple_update\"}", false },
    { DEVICE_DMTF, DEVICE_BMC, NULL, false },
    { DEVICE_OPENBMC, DEVICE_BMC, NULL, false },
    { DEVICE_OPENBMC, DEVICE_BMC, NULL, true },
    { DEVICE_OPENBMC, DEVICE_BIOS, NULL, false },
};

/* One run of install and activate with one crash; false when there was no such crash point. */
static bool
survive (size_t scene, int at, size_t delivery, bool in_activate)
{
    struct device d;
    struct bench b;
    bool bmc = str_eq (scenes[scene].target, DEVICE_BMC);
    device_make (&d, &b, scenes[scene].kind);
    d.target = scenes[scene].target;
    d.vanish = scenes[scene].vanish;
    bench_component (&b, bmc ? FARRIER_COMPONENT_BMC : FARRIER_COMPONENT_BIOS,
                     bmc ? "BMC" : "BIOS", d.target, "1.0.0");
    b.crash = (struct bench_crash) { .at = in_activate ? -1 : at,
                                     .delivery = deliveries[delivery].delivery,
                                     .performed = deliveries[delivery].performed,
                                     .reads_too = true };
    int32_t rc = bench_run (&b, "firmware.install", scenes[scene].params);
    bool crashed = b.crashed;
    ck_assert_msg (rc == FARRIER_DONE || rc == FARRIER_SKIPPED,
                   "scene %zu, crash at %d, delivery %zu: %d, %s", scene, at, delivery, rc,
                   b.error.message);
    ck_assert_msg (d.flashes == 1, "scene %zu, crash at %d, delivery %zu: flashed %d times", scene,
                   at, delivery, d.flashes);
    ck_assert_msg (!d.claimed, "scene %zu, crash at %d, delivery %zu: still claimed", scene, at,
                   delivery);
    if (b.needs != 0) {
        b.crash.at = in_activate ? at : -1;
        rc = bench_run (&b, "firmware.activate", NULL);
        crashed = crashed || b.crashed;
        ck_assert_msg (rc == FARRIER_DONE || rc == FARRIER_SKIPPED,
                       "scene %zu, activate, crash at %d, delivery %zu: %d, %s", scene, at,
                       delivery, rc, b.error.message);
        ck_assert_msg (d.resets_bmc + d.resets_host == 1,
                       "scene %zu, activate, crash at %d, delivery %zu: %d resets", scene, at,
                       delivery, d.resets_bmc + d.resets_host);
    }
    ck_assert_uint_eq (b.needs, 0);
    ck_assert_msg (str_eq (json_str (bench_doc (&b, d.target), "/Version"), "2.0.0"),
                   "scene %zu, crash at %d, delivery %zu: the old version runs", scene, at,
                   delivery);
    device_free (&d, &b);
    return crashed;
}

START_TEST (survives_crashes)
{
    int points = 0;
    for (size_t delivery = 0; delivery < COUNT_OF (deliveries); delivery++)
        for (int activate = 0; activate < 2; activate++)
            for (int at = 0; survive ((size_t) _i, at, delivery, activate != 0); at++)
                points++;
    ck_assert_int_gt (points, 20);
}
END_TEST

/* Where a raw push has its apply time apart from the image, it is set before the image is sent,
 * whatever was cut off before. */
START_TEST (sets_the_apply_time_after_a_crash)
{
    for (int at = 0; at < 3; at++) {
        struct device d;
        struct bench b;
        device_make (&d, &b, DEVICE_DMTF);
        bench_set (&b, DEVICE_UPDATE, "/HttpPushUriOptions",
                   json_loads ("{\"HttpPushUriApplyTime\":{"
                               "\"ApplyTime@Redfish.AllowableValues\":[\"Immediate\",\"OnReset\"],"
                               "\"ApplyTime\":\"Immediate\"}}", 0, NULL));
        b.crash = (struct bench_crash) { .at = at, .delivery = deliveries[_i].delivery,
                                         .performed = deliveries[_i].performed };
        int32_t rc = bench_run (&b, "firmware.install",
                                "{\"method\":\"http_push\",\"apply_time\":\"OnReset\"}");
        ck_assert_msg (rc == FARRIER_DONE, "crash at %d: %d, %s", at, rc, b.error.message);
        ck_assert_int_eq (d.uploads, 1);
        ck_assert_msg (str_eq (d.apply_time, "OnReset"), "crash at %d, delivery %d: %s", at, _i,
                       d.apply_time);
        device_free (&d, &b);
    }
}
END_TEST

/* A task of somebody else, made at the same moment, neither hides the update's own nor passes for
 * it. */
START_TEST (tells_its_task_from_others)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_DMTF);
    d.foreign_task = true;
    d.silent_task = _i == 1;
    if (_i == 0)
        b.crash = (struct bench_crash) { .at = 0, .delivery = FARRIER_DELIVERY_MAYBE,
                                         .performed = true };
    int32_t rc = bench_run (&b, "firmware.install", NULL);
    ck_assert_msg (rc == FARRIER_DONE, "%d: %s", rc, b.error.message);
    ck_assert_msg (d.flashes == 1, "flashed %d times", d.flashes);
    ck_assert_str_eq (result_text (&b, "task"), "/redfish/v1/TaskService/Tasks/2");
    device_free (&d, &b);
}
END_TEST

/* Without the list from before every old task would pass for the update's own. */
START_TEST (sends_nothing_without_the_old_tasks)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_DMTF);
    json_object_set_new (b.docs, "/redfish/v1/TaskService/Tasks", json_string ("busy"));
    int32_t rc = bench_run (&b, "firmware.install", NULL);
    ck_assert_msg (rc < 0 && strstr (b.error.message, "nothing was sent") != NULL, "%d: %s", rc,
                   b.error.message);
    ck_assert_int_eq (d.uploads, 0);
    device_free (&d, &b);
}
END_TEST

/* The image may have arrived, the BMC restarted, and the version is the old one: nobody can know.
 * */
START_TEST (asks_a_person)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_DMTF);
    d.forgets = true;
    b.crash = (struct bench_crash) { .at = 0, .delivery = FARRIER_DELIVERY_MAYBE,
                                     .performed = true };
    ck_assert_int_eq (bench_run (&b, "firmware.install", NULL), FARRIER_UNKNOWN);
    ck_assert_int_gt (b.recheck_count, 0);
    ck_assert_int_eq (d.uploads, 1);
    device_free (&d, &b);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("install");
    TCase *tcase = tcase_create ("install");
    suite_add_tcase (suite, tcase);
    tcase_add_test (tcase, installs_by_multipart);
    tcase_add_test (tcase, installs_by_the_other_ways);
    tcase_add_test (tcase, stages_and_starts);
    tcase_add_test (tcase, updates_a_bmc);
    tcase_add_test (tcase, updates_an_openbmc);
    tcase_add_loop_test (tcase, ends_as_it_must, 0, (int) COUNT_OF (ends));
    tcase_add_loop_test (tcase, survives_crashes, 0, (int) COUNT_OF (scenes));
    tcase_add_loop_test (tcase, sets_the_apply_time_after_a_crash, 0, (int) COUNT_OF (deliveries));
    tcase_add_loop_test (tcase, tells_its_task_from_others, 0, 2);
    tcase_add_test (tcase, sends_nothing_without_the_old_tasks);
    tcase_add_test (tcase, asks_a_person);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
