/* registry-test: finding, refusing and configuring plugins, with real shared objects.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <sys/stat.h>

#include "plugin/testdata/modules.h"

static const struct plugin_info *
info_of (struct plugin_registry *r, const char *name)
{
    struct plugin *p = plugin_find (r, name);
    ck_assert_ptr_nonnull (p);
    return plugin_info (p);
}

START_TEST (registers_a_good_plugin)
{
    struct modules m;
    modules_make (&m);
    modules_put (&m, "good", "good");
    modules_conf (&m, "good", "enabled = true;\nsettings = { wait = \"7s\"; };\n");
    struct plugin_registry *r = modules_open (&m);
    const struct plugin_info *info = info_of (r, "good");
    ck_assert_msg (info->state == PLUGIN_REGISTERED, "%s",
                   info->fault_count > 0 ? info->faults[0].message : "?");
    ck_assert_str_eq (info->version, "1.2.3");
    ck_assert_str_eq (info->abi, "1.0");
    ck_assert_uint_eq (info->op_count, 2);
    ck_assert_uint_eq (info->params.count, 3);
    ck_assert_uint_eq (strlen (info->sha256), 64);
    ck_assert_uint_eq (info->thread_model, FARRIER_THREADS_SERIAL_PLUGIN);
    struct err err = { 0 };
    const struct plugin_op *op = plugin_op_find (r, "good", "good.dance", &err);
    ck_assert_ptr_nonnull (op);
    ck_assert_uint_eq (op->def.version, 2);
    struct farrier_error error;
    /* poll answers what configure() received: 7 s. It is no valid answer, hence the plugin bug. */
    ck_assert_int_eq (plugin_call (op, PLUGIN_CALL_POLL, NULL, &error), FARRIER_E_PLUGIN_BUG);
    ck_assert_ptr_nonnull (strstr (error.message, "7000"));
    ck_assert_int_eq (plugin_registry_activate (r, &err), 0);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

START_TEST (explains_unknown_names)
{
    struct modules m;
    struct err err = { 0 };
    modules_make (&m);
    modules_put (&m, "good", "good");
    struct plugin_registry *r = modules_open (&m);
    ck_assert_ptr_null (plugin_op_find (r, "goot", "identify", &err));
    ck_assert_str_eq (err.message, "there is no plugin 'goot'");
    ck_assert_str_eq (err.hint, "did you mean 'good'?");
    ck_assert_ptr_null (plugin_op_find (r, "good", "good.danse", &err));
    ck_assert_str_eq (err.hint, "did you mean 'good.dance'?");
    ck_assert_ptr_null (plugin_op_find (r, NULL, "identfy", &err));
    ck_assert_str_eq (err.hint, "did you mean 'identify'?");
    ck_assert_ptr_nonnull (plugin_op_find (r, NULL, "identify", &err));
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

/* What FARRIER_TEST_SHAPE asks of testdata/shape.c, and the faults that must be found, in order. */
static const struct {
    const char *shape;
    enum plugin_fault_code faults[6];
} shapes[] = {
    { "", { 0 } },
    { "shorter", { 0 } },
    { "longer", { 0 } },
    { "null", { PLUGIN_FAULT_ENTRY } },
    { "magic", { PLUGIN_FAULT_MAGIC } },
    { "size", { PLUGIN_FAULT_SIZE } },
    { "major", { PLUGIN_FAULT_ABI_MAJOR } },
    { "minor", { PLUGIN_FAULT_NEEDS_MINOR } },
    { "flag", { PLUGIN_FAULT_UNKNOWN_FLAG } },
    { "advisory", { PLUGIN_FAULT_NOTE_MISMATCH } },
    { "name", { PLUGIN_FAULT_NAME, PLUGIN_FAULT_OP_NAME, PLUGIN_FAULT_NOTE_MISMATCH } },
    { "version", { PLUGIN_FAULT_FIELD, PLUGIN_FAULT_NOTE_MISMATCH } },
    { "stride", { PLUGIN_FAULT_STRIDE, PLUGIN_FAULT_STRIDE } },
    { "twice", { PLUGIN_FAULT_OP_DUPLICATE, PLUGIN_FAULT_NOTE_MISMATCH } },
    { "opname", { PLUGIN_FAULT_OP_NAME, PLUGIN_FAULT_NOTE_MISMATCH } },
    { "reconcile", { PLUGIN_FAULT_OP_CALLBACK } },
    { "cancel", { PLUGIN_FAULT_OP_CALLBACK } },
    { "default", { PLUGIN_FAULT_PARAM } },
    { "match", { PLUGIN_FAULT_MATCH } },
    { "load", { PLUGIN_FAULT_LOAD } },
    { "many", { PLUGIN_FAULT_NAME, PLUGIN_FAULT_FIELD, PLUGIN_FAULT_CALLBACK,
                PLUGIN_FAULT_OP_CALLBACK, PLUGIN_FAULT_OP_NAME, PLUGIN_FAULT_NOTE_MISMATCH } },
};

START_TEST (refuses_each_shape)
{
    struct modules m;
    modules_make (&m);
    modules_put (&m, "shape", "shape");
    setenv ("FARRIER_TEST_SHAPE", shapes[_i].shape, 1);
    struct plugin_registry *r = modules_open (&m);
    const struct plugin_info *info = info_of (r, "shape");
    size_t wanted = 0;
    while (wanted < 6 && shapes[_i].faults[wanted] != 0)
        wanted++;
    for (size_t i = 0; i < wanted && i < info->fault_count; i++)
        ck_assert_msg (info->faults[i].code == shapes[_i].faults[i], "%s: %zu is %s (%s)",
                       shapes[_i].shape, i, plugin_fault_name (info->faults[i].code),
                       info->faults[i].message);
    ck_assert_msg (info->fault_count >= wanted, "%s: %zu faults", shapes[_i].shape,
                   info->fault_count);
    ck_assert_msg (wanted > 0 || info->fault_count == 0, "%s: %s", shapes[_i].shape,
                   info->fault_count > 0 ? info->faults[0].message : "");
    ck_assert_int_eq (info->state, wanted == 0 ? PLUGIN_REGISTERED : PLUGIN_FAILED);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

START_TEST (refuses_files)
{
    struct modules m;
    struct buf bytes = { 0 };
    modules_make (&m);
    modules_put (&m, "good", "other");
    modules_put (&m, "undefined", "undefined");
    modules_write (&m, "text", "hello", 5);
    modules_read ("good", &bytes);
    char *needed = memmem (bytes.data, bytes.len, "libc.so.6", 9);
    ck_assert_ptr_nonnull (needed);
    memcpy (needed, "libq.so.9", 9);
    modules_write (&m, "good", bytes.data, bytes.len);
    buf_free (&bytes);
    modules_conf (&m, "missing", "enabled = true;\n");
    modules_conf (&m, "off", "enabled = false;\n");
    struct plugin_registry *r = modules_open (&m);
    ck_assert_uint_eq (plugin_count (r), 6);
    ck_assert_int_eq (info_of (r, "other")->faults[0].code, PLUGIN_FAULT_NAME_MISMATCH);
    ck_assert_str_eq (info_of (r, "other")->faults[0].hint, "rename the file to good.so");
    ck_assert_int_eq (info_of (r, "undefined")->faults[0].code, PLUGIN_FAULT_SYMBOL);
    ck_assert_ptr_nonnull (strstr (info_of (r, "undefined")->faults[0].message,
                                   "farrier_test_nowhere"));
    ck_assert_int_eq (info_of (r, "text")->faults[0].code, PLUGIN_FAULT_NOT_ELF);
    ck_assert_int_eq (info_of (r, "good")->faults[0].code, PLUGIN_FAULT_DEPENDENCY);
    ck_assert_ptr_nonnull (strstr (info_of (r, "good")->faults[0].message, "libq.so.9"));
    ck_assert_int_eq (info_of (r, "missing")->state, PLUGIN_ABSENT);
    ck_assert_int_eq (info_of (r, "off")->state, PLUGIN_DISABLED);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

START_TEST (obeys_policy)
{
    struct modules m;
    modules_make (&m);
    modules_put (&m, "good", "good");
    modules_conf (&m, "good", "sha256 = [ \"00000000000000000000000000000000"
                              "00000000000000000000000000000000\" ];\n");
    char *path = fs_join (m.plugins, "good.so");
    ck_assert_int_eq (chmod (path, 0777), 0);
    struct plugin_registry *r = modules_open (&m);
    const struct plugin_info *info = info_of (r, "good");
    ck_assert_int_eq (info->state, PLUGIN_FAILED);
    ck_assert_uint_eq (info->fault_count, 2);
    ck_assert_int_eq (info->faults[0].code, PLUGIN_FAULT_WRITABLE);
    ck_assert_int_eq (info->faults[1].code, PLUGIN_FAULT_DIGEST);
    char *conf = str_printf ("sha256 = [ \"%s\" ];\n", info->sha256);
    plugin_registry_close (r);
    ck_assert_int_eq (chmod (path, 0755), 0);
    modules_conf (&m, "good", conf);
    r = modules_open (&m);
    ck_assert_int_eq (info_of (r, "good")->state, PLUGIN_REGISTERED);
    plugin_registry_close (r);
    mem_free (conf);
    mem_free (path);
    modules_remove (&m);
}
END_TEST

static const struct {
    const char *conf;
    const char *message;               /* part of the first fault; NULL = registered */
} configs[] = {
    { "settings = { wait = \"10s\"; };", NULL },
    { "settings = { wayt = \"10s\"; };", "good.conf:1: unknown parameter 'wayt'" },
    { "settings = {\n  mode = \"calmer\";\n};", "good.conf:2: parameter 'mode' is \"calmer\"" },
    { "settings = { mode = \"refuse\"; };", "configure failed with PRECONDITION: mode refuse" },
    { "enabld = true;", "enabld" },
    { "enabled = true", NULL },
    { "settings = 3;", "settings is a" },
    { "settings = { wait = ;", "good.conf:1" },
};

START_TEST (judges_settings)
{
    struct modules m;
    modules_make (&m);
    modules_put (&m, "good", "good");
    modules_conf (&m, "good", configs[_i].conf);
    struct plugin_registry *r = modules_open (&m);
    const struct plugin_info *info = info_of (r, "good");
    if (configs[_i].message == NULL) {
        ck_assert_int_eq (info->state, PLUGIN_REGISTERED);
    } else {
        ck_assert_int_eq (info->state, PLUGIN_FAILED);
        ck_assert_msg (strstr (info->faults[0].message, configs[_i].message) != NULL, "%s",
                       info->faults[0].message);
    }
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

START_TEST (stops_for_a_required_plugin)
{
    struct modules m;
    struct plugin_registry *r = NULL;
    struct err err = { 0 };
    modules_make (&m);
    modules_conf (&m, "missing", "required = true;\n");
    ck_assert_int_eq (plugin_registry_open (&m.settings, &r, &err), FARRIER_E_INVALID);
    ck_assert_ptr_null (r);
    ck_assert_ptr_nonnull (strstr (err.message, "plugin missing"));
    ck_assert_ptr_nonnull (strstr (err.hint, "farrier-plugin-missing"));
    ck_assert_ptr_nonnull (strstr (err.hint, "missing.conf"));
    modules_remove (&m);
}
END_TEST

START_TEST (reloads)
{
    struct modules m;
    struct err err = { 0 };
    struct farrier_error error;
    modules_make (&m);
    modules_put (&m, "good", "good");
    struct plugin_registry *r = modules_open (&m);
    const struct plugin_op *op = plugin_op_find (r, "good", "identify", &err);
    ck_assert_int_eq (plugin_call (op, PLUGIN_CALL_START, NULL, &error), FARRIER_DONE);
    modules_conf (&m, "good", "settings = { answer = 2; wait = \"9s\"; };\n");
    ck_assert_int_eq (plugin_registry_reload (r, NULL, &err), 0);
    ck_assert_int_eq (plugin_call (op, PLUGIN_CALL_START, NULL, &error), FARRIER_SKIPPED);
    /* wait is not RELOADABLE: it keeps its 5 s */
    plugin_call (op, PLUGIN_CALL_POLL, NULL, &error);
    ck_assert_ptr_nonnull (strstr (error.message, "5000"));
    modules_conf (&m, "good", "settings = { mode = \"refuse\"; answer = 1; };\n");
    ck_assert_int_lt (plugin_registry_reload (r, NULL, &err), 0);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

START_TEST (checks_one_file)
{
    struct modules m;
    struct plugin_report report;
    struct err err = { 0 };
    modules_make (&m);
    modules_put (&m, "good", "good");
    char *path = fs_join (m.plugins, "good.so");
    ck_assert_int_eq (plugin_check_file (path, false, &report, &err), 0);
    ck_assert_str_eq (report.info.vendor, "Farrier");
    ck_assert_uint_eq (report.info.op_count, 0);
    plugin_report_free (&report);
    ck_assert_int_eq (plugin_check_file (path, true, &report, &err), 0);
    ck_assert_uint_eq (report.info.op_count, 2);
    plugin_report_free (&report);
    ck_assert_int_eq (plugin_check_file ("/nonexistent.so", true, &report, &err), ERR_NOT_FOUND);
    mem_free (path);
    modules_remove (&m);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("registry");
    TCase *tcase = tcase_create ("registry");
    suite_add_tcase (suite, tcase);
    tcase_add_test (tcase, registers_a_good_plugin);
    tcase_add_test (tcase, explains_unknown_names);
    tcase_add_loop_test (tcase, refuses_each_shape, 0, (int) COUNT_OF (shapes));
    tcase_add_test (tcase, refuses_files);
    tcase_add_test (tcase, obeys_policy);
    tcase_add_loop_test (tcase, judges_settings, 0, (int) COUNT_OF (configs));
    tcase_add_test (tcase, stops_for_a_required_plugin);
    tcase_add_test (tcase, reloads);
    tcase_add_test (tcase, checks_one_file);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
