/* look-test: what the plugin reads (identity, inventory, readiness, health, tasks), and what it
 * changes beside firmware: BIOS settings, power, slots.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/json.h"
#include "testing/device.h"

static int32_t
run (struct bench *b, const char *op, const char *params)
{
    int32_t rc = bench_run (b, op, params);
    ck_assert_msg (rc >= 0, "%s: %d, %s", op, rc, b->error.message);
    return rc;
}

START_TEST (reads_identity_and_inventory)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_DMTF);
    run (&b, "identify", NULL);
    ck_assert_uint_eq (json_array_size (b.identity), 2);
    ck_assert_str_eq (json_str (b.identity, "/0/kind"), "serial");
    ck_assert_str_eq (json_str (b.identity, "/0/value"), "SN1");
    ck_assert_str_eq (json_str (b.identity, "/0/uri"), DEVICE_SYSTEM);
    ck_assert_str_eq (json_str (b.identity, "/0/pointer"), "/SerialNumber");
    ck_assert_str_eq (json_str (b.facts, "/model"), "A1");
    run (&b, "inventory", NULL);
    ck_assert_uint_eq (b.components.count, 3);
    const struct component *bmc = bench_found (&b, "BMC");
    ck_assert_int_eq (bmc->type, FARRIER_COMPONENT_BMC);
    ck_assert_str_eq (bmc->version, "1.0.0");
    ck_assert_int_eq (bmc->updateable, 1);
    const struct component *golden = bench_found (&b, "BMC.Golden");
    ck_assert_int_eq (golden->type, FARRIER_COMPONENT_OTHER);
    ck_assert_str_eq (golden->slot, "golden");
    ck_assert_int_eq (golden->updateable, 0);
    ck_assert_uint_eq (json_array_size (b.changes), 0);
    device_free (&d, &b);
}
END_TEST

START_TEST (survives_broken_inventories)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_DMTF);
    json_object_del (b.docs, DEVICE_BIOS);         /* a link into nowhere */
    run (&b, "inventory", NULL);
    ck_assert_uint_eq (b.components.count, 2);
    json_object_set_new (b.docs, DEVICE_BIOS, json_pack ("[i]", 1));
    run (&b, "inventory", NULL);                   /* a member that is no object */
    ck_assert_uint_eq (b.components.count, 2);
    json_object_del (b.docs, DEVICE_UPDATE);
    ck_assert_int_eq (bench_run (&b, "inventory", NULL), FARRIER_E_UNSUPPORTED);
    json_object_set_new (b.docs, "/redfish/v1", json_null ());
    ck_assert_int_eq (bench_run (&b, "inventory", NULL), FARRIER_E_UNSUPPORTED);
    b.away = true;
    ck_assert_int_eq (bench_run (&b, "inventory", NULL), FARRIER_E_UNREACHABLE);
    device_free (&d, &b);
}
END_TEST

static int waits;

static void
becomes_ready (struct bench *b)
{
    if (++waits == 2)
        bench_set (b, DEVICE_MANAGER, "/Status/State", json_string ("Enabled"));
    if (waits == 4)
        bench_set (b, "/redfish/v1/TaskService/Tasks/1", "/TaskState", json_string ("Completed"));
}

START_TEST (waits_until_ready)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_DMTF);
    run (&b, "ready", NULL);
    ck_assert_int_eq (waits, 0);
    bench_set (&b, DEVICE_MANAGER, "/Status/State", json_string ("Starting"));
    bench_set (&b, "/redfish/v1/TaskService/Tasks/1", "/TaskState", json_string ("Running"));
    b.on_wait = becomes_ready;
    run (&b, "ready", NULL);
    ck_assert_int_eq (waits, 4);
    bench_set (&b, DEVICE_UPDATE, "/ServiceEnabled", json_false ());
    ck_assert_int_eq (bench_run (&b, "ready", NULL), FARRIER_E_PRECONDITION);
    device_free (&d, &b);
}
END_TEST

START_TEST (compares_health)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_DMTF);
    run (&b, "health", NULL);
    char *before = json_text (b.results);
    ck_assert_str_eq (before, "{\"health\":{\"manager\":\"OK\",\"system\":\"OK\"}}");
    char *params = str_printf ("{\"compare\":%s}", before);
    run (&b, "health", params);
    bench_set (&b, DEVICE_SYSTEM, "/Status/Health", json_string ("Warning"));
    ck_assert_int_eq (bench_run (&b, "health", params), FARRIER_E_HOST_FAULT);
    ck_assert_str_eq (b.error.message, "the health of the system is Warning, it was OK before");
    run (&b, "health", NULL);
    ck_assert_int_eq (bench_run (&b, "health", "{\"worst\":\"OK\"}"), FARRIER_E_PRECONDITION);
    mem_free (params);
    mem_free (before);
    run (&b, "jobs.list", NULL);
    ck_assert_str_eq (json_str (b.results, "/jobs/0/state"), "Completed");
    device_free (&d, &b);
}
END_TEST

START_TEST (sets_bios_attributes)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_DMTF);
    d.etag_refusals = 2;
    ck_assert_int_eq (run (&b, "bios.set", "{\"attributes\":{\"Cores\":16}}"), FARRIER_DONE);
    ck_assert_int_eq (d.resets_host, 1);
    ck_assert_uint_eq (bench_count_changes (&b, "PATCH /redfish/v1/Systems/1/Bios/SD"), 3);
    ck_assert_int_eq (
        json_int_or (bench_doc (&b, "/redfish/v1/Systems/1/Bios"), "/Attributes/Cores", 0), 16);
    ck_assert_int_eq (run (&b, "bios.set", "{\"profile\":{\"attributes\":{\"Cores\":16}}}"),
                      FARRIER_SKIPPED);
    ck_assert_int_eq (bench_run (&b, "bios.set", "{\"attributes\":{\"Kores\":1}}"),
                      FARRIER_E_INVALID);
    ck_assert_ptr_nonnull (strstr (b.error.message, "no attribute Kores"));
    ck_assert_int_eq (bench_run (&b, "bios.set", NULL), FARRIER_E_INVALID);
    run (&b, "bios.set", "{\"attributes\":{\"Cores\":4},\"reset\":false}");
    ck_assert_uint_eq (b.needs, FARRIER_REBOOT_BIT (FARRIER_REBOOT_HOST_RESET));
    ck_assert_int_eq (d.resets_host, 1);
    device_free (&d, &b);
}
END_TEST

/* Half an inventory is none: its other half would look removed. */
START_TEST (takes_no_half_inventory)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_DMTF);
    b.page_code = FARRIER_E_TRANSIENT;
    ck_assert_int_eq (bench_run (&b, "inventory", NULL), FARRIER_E_TRANSIENT);
    ck_assert_uint_eq (b.components.count, 0);
    b.page_code = 0;
    ck_assert_int_eq (bench_run (&b, "inventory", NULL), FARRIER_DONE);
    json_t *members = json_at (bench_doc (&b, "/redfish/v1/UpdateService/FirmwareInventory"),
                               "/Members");
    while (json_array_size (members) <= 1000)
        json_array_append_new (members, json_pack ("{ss}", "@odata.id", DEVICE_BIOS));
    ck_assert_int_eq (bench_run (&b, "inventory", NULL), FARRIER_E_NO_SPACE);
    device_free (&d, &b);
}
END_TEST

/* What is sent as If-Match, one after the other, is never the same twice; and a service that wants
 * one although it shows none gets the one that fits anything. */
START_TEST (sends_each_etag_once)
{
    static const struct {
        const char *etag;
        int patches;
    } cases[] = { { "W/\"7\"", 3 }, { "\"7\"", 2 }, { NULL, 2 } };
    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        struct device d;
        struct bench b;
        device_make (&d, &b, DEVICE_DMTF);
        d.etag_refusals = 100;
        bench_set (&b, "/redfish/v1/Systems/1/Bios/SD", "/@odata.etag",
                   cases[i].etag == NULL ? json_null () : json_string (cases[i].etag));
        ck_assert_int_eq (bench_run (&b, "bios.set", "{\"attributes\":{\"Cores\":16}}"),
                          FARRIER_E_PRECONDITION);
        ck_assert_uint_eq (bench_count_changes (&b, "PATCH /redfish/v1/Systems/1/Bios/SD"),
                           cases[i].patches);
        device_free (&d, &b);
    }
}
END_TEST

/* One crash at each await of bios.set: the settings are changed and the host restarted, once. */
START_TEST (bios_set_survives_crashes)
{
    for (int performed = 0; performed < 2; performed++) {
        for (int at = 0;; at++) {
            struct device d;
            struct bench b;
            device_make (&d, &b, DEVICE_DMTF);
            b.crash = (struct bench_crash) { .at = at, .delivery = FARRIER_DELIVERY_MAYBE,
                                             .performed = performed != 0, .reads_too = true };
            run (&b, "bios.set", "{\"attributes\":{\"Cores\":16}}");
            bool crashed = b.crashed;
            ck_assert_msg (d.resets_host == 1, "crash at %d: %d resets", at, d.resets_host);
            ck_assert_int_eq (json_int_or (bench_doc (&b, "/redfish/v1/Systems/1/Bios"),
                                           "/Attributes/Cores", 0),
                              16);
            device_free (&d, &b);
            if (!crashed)
                break;
        }
    }
}
END_TEST

static const struct {
    const char *state;
    const char *before;                /* PowerState */
    bool late, silent;                 /* wishes of the device */
    const char *after;
    size_t changes;
} powers[] = {
    { "on", "Off", false, false, "On", 1 },       { "on", "On", false, false, "On", 0 },
    { "off", "On", false, false, "Off", 1 },      { "off", "On", true, false, "Off", 2 },
    { "force_off", "On", false, false, "Off", 1 }, { "force_off", "Off", false, false, "Off", 0 },
    { "restart", "On", false, false, "On", 1 },   { "restart", "Off", false, false, "On", 1 },
    { "restart", "On", false, true, "On", 2 },    { "cycle", "On", false, false, "On", 2 },
};

START_TEST (switches_power)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_DMTF);
    d.shuts_down_late = powers[_i].late;
    d.restart_is_silent = powers[_i].silent;
    if (d.restart_is_silent)
        json_object_del (bench_doc (&b, DEVICE_SYSTEM), "LastResetTime");
    bench_set (&b, DEVICE_SYSTEM, "/PowerState", json_string (powers[_i].before));
    char *params = str_printf ("{\"state\":\"%s\"}", powers[_i].state);
    run (&b, "power.set", params);
    mem_free (params);
    ck_assert_str_eq (json_str (bench_doc (&b, DEVICE_SYSTEM), "/PowerState"), powers[_i].after);
    ck_assert_msg (json_array_size (b.changes) == powers[_i].changes, "case %d: %zu changes", _i,
                   json_array_size (b.changes));
    run (&b, "power.get", NULL);
    ck_assert_str_eq (json_str (b.results, "/power_state"), powers[_i].after);
    device_free (&d, &b);
}
END_TEST

START_TEST (resets_the_bmc)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_DMTF);
    run (&b, "bmc.reset", NULL);
    ck_assert_int_eq (d.resets_bmc, 1);
    /* nothing but the gap proves it where LastResetTime stays */
    d.restart_is_silent = true;
    run (&b, "bmc.reset", NULL);
    ck_assert_int_eq (d.resets_bmc, 2);
    device_free (&d, &b);
}
END_TEST

START_TEST (refuses_a_rollback_without_slots)
{
    struct device d;
    struct bench b;
    device_make (&d, &b, DEVICE_DMTF);
    ck_assert_int_eq (bench_run (&b, "firmware.rollback", NULL), FARRIER_E_UNSUPPORTED);
    ck_assert_str_eq (b.error.hint, "install the older image instead");
    device_free (&d, &b);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("look");
    TCase *tcase = tcase_create ("look");
    suite_add_tcase (suite, tcase);
    tcase_add_test (tcase, reads_identity_and_inventory);
    tcase_add_test (tcase, survives_broken_inventories);
    tcase_add_test (tcase, waits_until_ready);
    tcase_add_test (tcase, compares_health);
    tcase_add_test (tcase, sets_bios_attributes);
    tcase_add_test (tcase, takes_no_half_inventory);
    tcase_add_test (tcase, sends_each_etag_once);
    tcase_add_test (tcase, bios_set_survives_crashes);
    tcase_add_loop_test (tcase, switches_power, 0, (int) COUNT_OF (powers));
    tcase_add_test (tcase, resets_the_bmc);
    tcase_add_test (tcase, refuses_a_rollback_without_slots);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
