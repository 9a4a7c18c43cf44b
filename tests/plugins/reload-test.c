/* reload-test: new builds and new settings while the registry is in use.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEST_MODULES TEST_BUILDDIR "/tests/plugins/lib"
#include "plugin/testdata/modules.h"

static struct plugin_changes
reload (struct plugin_registry *r, int32_t wanted, struct err *err)
{
    struct plugin_changes changes;
    struct err own = { 0 };
    int32_t rc = plugin_registry_reload (r, &changes, err == NULL ? &own : err);
    ck_assert_msg (rc == wanted, "reload answered %d: %s", rc, own.message);
    return changes;
}

static const struct plugin_info *
info_of (struct plugin_registry *r, const char *name)
{
    struct plugin *p = plugin_find (r, name);
    ck_assert_msg (p != NULL, "there is no plugin %s", name);
    return plugin_info (p);
}

static struct plugin_registry *
begin (struct modules *m)
{
    modules_make (m);
    modules_put (m, "good", "good");
    struct plugin_registry *r = modules_open (m);
    ck_assert_int_eq (plugin_registry_activate (r, NULL), 0);
    return r;
}

START_TEST (an_upgrade_changes_nothing_by_itself)
{
    struct modules m;
    struct farrier_error error;
    struct plugin_registry *r = begin (&m);
    const struct plugin_op *before = plugin_op_find (r, "good", "identify", NULL);
    modules_put (&m, "upgrade/good-1.1", "good");
    ck_assert_str_eq (info_of (r, "good")->version, "1.0.0");
    ck_assert_ptr_eq (plugin_op_find (r, "good", "identify", NULL), before);
    struct plugin_changes changes = reload (r, 0, NULL);
    ck_assert_uint_eq (changes.taken, 1);
    ck_assert_uint_eq (changes.kept + changes.refused + changes.gone, 0);
    ck_assert_str_eq (info_of (r, "good")->version, "1.1.0");
    const struct plugin_op *after = plugin_op_find (r, "good", "identify", NULL);
    ck_assert_ptr_ne (after, before);
    ck_assert_ptr_ne (after->def.start, before->def.start);
    /* Whoever holds the former op ends in the former code. */
    ck_assert_int_eq (plugin_call (before, PLUGIN_CALL_START, NULL, &error), FARRIER_DONE);
    ck_assert_int_eq (plugin_call (after, PLUGIN_CALL_START, NULL, &error), FARRIER_DONE);
    changes = reload (r, 0, NULL);
    ck_assert_uint_eq (changes.kept, 1);
    ck_assert_ptr_eq (plugin_op_find (r, "good", "identify", NULL), after);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

/* A file that is written over in place, as no package does, does not reach what was loaded. */
START_TEST (the_copy_is_private)
{
    struct modules m;
    struct farrier_error error;
    struct plugin_registry *r = begin (&m);
    char *path = fs_join (m.plugins, "good.so");
    ck_assert_int_eq (truncate (path, 100), 0);
    const struct plugin_op *op = plugin_op_find (r, "good", "identify", NULL);
    ck_assert_int_eq (plugin_call (op, PLUGIN_CALL_START, NULL, &error), FARRIER_DONE);
    mem_free (path);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

static const struct {
    const char *module;
    enum plugin_fault_code code;
} refusals[] = {
    { "upgrade/good-magic", PLUGIN_FAULT_MAGIC },
    { "upgrade/good-refused", PLUGIN_FAULT_ACTIVATE },
    { "not_elf", PLUGIN_FAULT_NOT_ELF },
    { "execstack", PLUGIN_FAULT_EXECSTACK },
};

START_TEST (a_bad_build_does_not_replace_a_good_one)
{
    struct modules m;
    struct err err = { 0 };
    struct plugin_registry *r = begin (&m);
    modules_put (&m, refusals[_i].module, "good");
    struct plugin_changes changes = reload (r, FARRIER_E_INVALID, &err);
    ck_assert_uint_eq (changes.refused, 1);
    ck_assert_msg (str_starts (err.message, "plugin good: "), "%s", err.message);
    ck_assert_str_eq (info_of (r, "good")->version, "1.0.0");
    ck_assert (plugin_is_usable (plugin_find (r, "good")));
    ck_assert_uint_eq (plugin_count (r), 2);
    const struct plugin_info *refused = plugin_info (plugin_at (r, 1));
    ck_assert_str_eq (refused->name, "good");
    ck_assert_int_eq (refused->state, PLUGIN_FAILED);
    ck_assert_int_eq (refused->faults[0].code, refusals[_i].code);
    modules_put (&m, "upgrade/good-1.2", "good");
    changes = reload (r, 0, NULL);
    ck_assert_uint_eq (changes.taken, 1);
    ck_assert_uint_eq (plugin_count (r), 1);
    ck_assert_str_eq (info_of (r, "good")->version, "1.2.0");
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

START_TEST (files_come_and_go)
{
    struct modules m;
    struct plugin_registry *r = begin (&m);
    modules_put (&m, "magic", "magic");
    modules_put (&m, "op_timing", "op_timing");
    modules_conf (&m, "good", "enabled = true;\n");
    char *path = fs_join (m.plugins, "good.so");
    ck_assert_int_eq (unlink (path), 0);
    struct plugin_changes changes = reload (r, FARRIER_E_INVALID, NULL);
    ck_assert_uint_eq (changes.gone, 1);
    ck_assert_uint_eq (changes.refused, 2);
    ck_assert_int_eq (info_of (r, "good")->state, PLUGIN_ABSENT);
    ck_assert_ptr_null (plugin_op_find (r, "good", "identify", NULL));
    ck_assert_int_eq (info_of (r, "magic")->state, PLUGIN_FAILED);
    modules_put (&m, "good", "good");
    changes = reload (r, FARRIER_E_INVALID, NULL);
    ck_assert_uint_eq (changes.taken, 1);
    ck_assert (plugin_is_usable (plugin_find (r, "good")));
    modules_conf (&m, "good", "enabled = false;\n");
    reload (r, FARRIER_E_INVALID, NULL);
    ck_assert_int_eq (info_of (r, "good")->state, PLUGIN_DISABLED);
    mem_free (path);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

/* --- settings while callbacks run ----------------------------------------------------------- */

struct caller {
    struct plugin_registry *r;
    atomic_bool stop;
    atomic_uint calls;
};

static void *
call_on (void *arg)
{
    struct caller *c = arg;
    struct farrier_error error;
    while (!atomic_load (&c->stop)) {
        const struct plugin_op *op = plugin_op_find (c->r, "good", "identify", NULL);
        if (op == NULL || plugin_call (op, PLUGIN_CALL_START, NULL, &error) != FARRIER_DONE)
            return (void *) "failed";
        for (size_t i = 0; i < plugin_count (c->r); i++)
            if (plugin_info (plugin_at (c->r, i))->name == NULL)
                return (void *) "a plugin without a name";
        atomic_fetch_add (&c->calls, 1);
    }
    return NULL;
}

START_TEST (reloads_under_load)
{
    struct modules m;
    struct caller c = { .r = begin (&m) };
    pthread_t threads[3];
    static const char *const builds[] = { "good", "upgrade/good-1.1", "upgrade/good-1.2" };
    for (size_t i = 0; i < COUNT_OF (threads); i++)
        ck_assert_int_eq (pthread_create (&threads[i], NULL, call_on, &c), 0);
    for (int i = 0; i < 12; i++) {
        char *conf = str_printf ("settings = { wait = \"%ds\"; };\n", i + 1);
        const char *build = builds[i % 3];
        modules_put (&m, build, "good");
        modules_conf (&m, "good", i % 3 == 1 ? conf : "enabled = true;\n");
        reload (c.r, 0, NULL);
        mem_free (conf);
    }
    while (atomic_load (&c.calls) == 0)
        usleep (1000);
    atomic_store (&c.stop, true);
    for (size_t i = 0; i < COUNT_OF (threads); i++) {
        void *failure = NULL;
        pthread_join (threads[i], &failure);
        ck_assert_msg (failure == NULL, "%s", (char *) failure);
    }
    plugin_registry_close (c.r);
    modules_remove (&m);
}
END_TEST

START_TEST (settings_reach_the_same_build)
{
    struct modules m;
    modules_make (&m);
    modules_put (&m, "upgrade/good-1.1", "good");
    struct plugin_registry *r = modules_open (&m);
    modules_conf (&m, "good", "settings = { wait = \"0s\"; };\n");
    struct err err = { 0 };
    struct plugin_changes changes = reload (r, FARRIER_E_INVALID, &err);
    ck_assert_uint_eq (changes.refused, 1);
    ck_assert_msg (strstr (err.message, "'wait'") != NULL, "%s", err.message);
    ck_assert (plugin_is_usable (plugin_find (r, "good")));
    modules_conf (&m, "good", "sha256 = [ \"00000000000000000000000000000000"
                              "00000000000000000000000000000000\" ];\n");
    reload (r, FARRIER_E_INVALID, &err);
    ck_assert_msg (strstr (err.message, "its sha256 is") != NULL, "%s", err.message);
    ck_assert (plugin_is_usable (plugin_find (r, "good")));
    modules_conf (&m, "good", "settings = { wait = \"9s\"; };\n");
    changes = reload (r, 0, NULL);
    ck_assert_uint_eq (changes.configured, 1);
    ck_assert_uint_eq (reload (r, 0, NULL).kept, 1);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("reload");
    TCase *tcase = tcase_create ("reload");
    suite_add_tcase (suite, tcase);
    tcase_add_test (tcase, an_upgrade_changes_nothing_by_itself);
    tcase_add_test (tcase, the_copy_is_private);
    tcase_add_loop_test (tcase, a_bad_build_does_not_replace_a_good_one, 0,
                         (int) COUNT_OF (refusals));
    tcase_add_test (tcase, files_come_and_go);
    tcase_add_test (tcase, reloads_under_load);
    tcase_add_test (tcase, settings_reach_the_same_build);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
