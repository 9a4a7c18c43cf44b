/* call-test: what callbacks may answer, effects, comparison, and which plugin matches a BMC.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/testdata/modules.h"

static const struct {
    int answer;
    enum plugin_callback which;
    int32_t result;
} answers[] = {
    { FARRIER_DONE, PLUGIN_CALL_START, FARRIER_DONE },
    { FARRIER_PENDING, PLUGIN_CALL_START, FARRIER_PENDING },
    { FARRIER_TOO_LATE, PLUGIN_CALL_START, FARRIER_E_PLUGIN_BUG },
    { FARRIER_TOO_LATE, PLUGIN_CALL_CANCEL, FARRIER_TOO_LATE },
    { FARRIER_SKIPPED, PLUGIN_CALL_CANCEL, FARRIER_E_PLUGIN_BUG },
    { FARRIER_ADOPT, PLUGIN_CALL_RECONCILE, FARRIER_ADOPT },
    { FARRIER_PENDING, PLUGIN_CALL_RECONCILE, FARRIER_PENDING },
    { FARRIER_SKIPPED, PLUGIN_CALL_RECONCILE, FARRIER_E_PLUGIN_BUG },
    { 40, PLUGIN_CALL_START, FARRIER_E_PLUGIN_BUG },
    { FARRIER_E_BUSY, PLUGIN_CALL_START, FARRIER_E_BUSY },
    { FARRIER_E_LAST_ - 1, PLUGIN_CALL_START, FARRIER_E_PLUGIN_BUG },
};

START_TEST (judges_answers)
{
    struct modules m;
    struct err err = { 0 };
    struct farrier_error error;
    modules_make (&m);
    modules_put (&m, "good", "good");
    char *conf = str_printf ("settings = { answer = %d; };\n", answers[_i].answer);
    modules_conf (&m, "good", conf);
    mem_free (conf);
    struct plugin_registry *r = modules_open (&m);
    const struct plugin_op *op = plugin_op_find (r, "good", "good.dance", &err);
    int32_t rc = plugin_call (op, answers[_i].which, NULL, &error);
    ck_assert_int_eq (rc, answers[_i].result);
    ck_assert (rc >= 0 || error.message[0] != '\0');
    ck_assert (rc >= 0 || error.code == rc);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

START_TEST (asks_for_effects_and_order)
{
    struct modules m;
    struct farrier_effects effects;
    struct farrier_component bmc = { .struct_size = sizeof bmc, .type = FARRIER_COMPONENT_BMC };
    struct farrier_component cpld = { .struct_size = sizeof cpld,
                                      .type = FARRIER_COMPONENT_CPLD };
    struct farrier_image_info image = { .struct_size = sizeof image };
    int32_t order = 9;
    modules_make (&m);
    modules_put (&m, "good", "good");
    struct plugin_registry *r = modules_open (&m);
    struct plugin *p = plugin_find (r, "good");
    ck_assert (plugin_effects (p, &bmc, &image, &effects));
    ck_assert_uint_eq (effects.reboot, FARRIER_REBOOT_BMC_RESET);
    ck_assert_int_eq (effects.order_rank, 10);
    ck_assert_int_eq (effects.exclusive, 1);
    ck_assert (plugin_effects (p, &cpld, &image, &effects));
    ck_assert_uint_eq (effects.reboot, FARRIER_REBOOT_AC_CYCLE);
    ck_assert_int_eq (effects.order_rank, 100);
    image.model = "other";
    ck_assert (!plugin_effects (p, &cpld, &image, &effects));
    ck_assert (plugin_compare_versions (p, &bmc, "1", "2", &order));
    ck_assert_int_eq (order, -1);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

static const struct {
    struct plugin_seen seen;
    uint32_t score;                    /* of good; 0 = no match */
} sights[] = {
    { { .ipmi_manufacturer_id = -1, .root_vendor = "GoodCorp" }, 50 },
    { { .ipmi_manufacturer_id = -1, .root_vendor = "Bad" }, 0 },
    { { .ipmi_manufacturer_id = -1 }, 0 },
    { { .ipmi_manufacturer_id = -1, .root_vendor = "good",
        .root_oem = (const char *const[]) { "Other", "good" }, .root_oem_count = 2 }, 60 },
    { { .ipmi_manufacturer_id = -1, .root_vendor = "good", .logged_in = true,
        .manager_model = "The Best BMC" }, 70 },
    { { .ipmi_manufacturer_id = -1, .manager_model = "The Best BMC" }, 0 },
    { { .ipmi_manufacturer_id = 674 }, 0 },
};

START_TEST (matches)
{
    struct modules m;
    struct plugin_score scores[4];
    modules_make (&m);
    modules_put (&m, "good", "good");
    modules_put (&m, "shape", "shape");
    struct plugin_registry *r = modules_open (&m);
    for (size_t i = 0; i < COUNT_OF (sights); i++) {
        size_t count = plugin_match (r, &sights[i].seen, scores, COUNT_OF (scores));
        uint32_t score = 0;
        for (size_t k = 0; k < count; k++)
            if (scores[k].plugin == plugin_find (r, "good"))
                score = scores[k].score;
        ck_assert_msg (score == sights[i].score, "case %zu: %u", i, score);
        if (sights[i].seen.ipmi_manufacturer_id == 674) {
            ck_assert_uint_eq (count, 1);
            ck_assert_ptr_eq (scores[0].plugin, plugin_find (r, "shape"));
        }
    }
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("call");
    TCase *tcase = tcase_create ("call");
    suite_add_tcase (suite, tcase);
    tcase_add_loop_test (tcase, judges_answers, 0, (int) COUNT_OF (answers));
    tcase_add_test (tcase, asks_for_effects_and_order);
    tcase_add_test (tcase, matches);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
