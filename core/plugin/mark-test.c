/* mark-test: a plugin that brings the process down twice is quarantined; a kill -9 is not its
 * fault.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/mark.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugin/testdata/modules.h"

enum end { END_ABORT, END_SEGV, END_EXIT, END_KILL, END_CLEAN, END_OUTSIDE };

static void
end_process (enum end how)
{
    switch (how) {
    case END_ABORT:
        abort ();
    case END_SEGV:
        raise (SIGSEGV);
        break;
    case END_EXIT:
        exit (3);
    case END_KILL:
        raise (SIGKILL);
        break;
    case END_CLEAN:
    case END_OUTSIDE:
        break;
    }
}

/* A process that works with the plugin "sick" and ends in one way. */
static void
live (const char *run, enum end how)
{
    pid_t pid = fork ();
    ck_assert_int_ge (pid, 0);
    if (pid == 0) {
        signal (SIGABRT, SIG_DFL);
        signal (SIGSEGV, SIG_DFL);
        if (mark_start (run, run, NULL) < 0)
            _exit (9);
        mark_enter ("well", "identify start");
        mark_leave ();
        if (how == END_OUTSIDE)
            abort ();
        mark_enter ("sick", "firmware.install poll");
        end_process (how);
        mark_leave ();
        mark_stop ();
        _exit (0);
    }
    int status;
    ck_assert_int_eq (waitpid (pid, &status, 0), pid);
    ck_assert (!WIFEXITED (status) || WEXITSTATUS (status) != 9);
}

static const struct {
    enum end ends[4];
    size_t count;
    bool quarantined;
} lives[] = {
    { { END_ABORT }, 1, false },
    { { END_ABORT, END_ABORT }, 2, true },
    { { END_SEGV, END_EXIT }, 2, true },
    { { END_ABORT, END_CLEAN, END_ABORT }, 3, false },
    { { END_KILL, END_KILL, END_KILL }, 3, false },
    { { END_ABORT, END_KILL, END_ABORT }, 3, true },
    { { END_OUTSIDE, END_OUTSIDE }, 2, false },
    { { END_ABORT, END_ABORT, END_CLEAN }, 3, true },
};

START_TEST (counts_deaths)
{
    char *dir = testing_make_dir ();
    for (size_t i = 0; i < lives[_i].count; i++)
        live (dir, lives[_i].ends[i]);
    ck_assert_int_eq (mark_start (dir, dir, NULL), 0);
    char *why = NULL;
    bool quarantined = mark_quarantined (dir, "sick", &why);
    ck_assert_msg (quarantined == lives[_i].quarantined, "case %d", _i);
    if (quarantined)
        ck_assert_ptr_nonnull (strstr (why, "firmware.install poll"));
    mem_free (why);
    ck_assert (!mark_quarantined (dir, "well", &why));
    if (quarantined) {
        struct err err = { 0 };
        ck_assert_int_eq (mark_release (dir, "sick", &err), 0);
        ck_assert (!mark_quarantined (dir, "sick", &why));
        ck_assert_int_eq (mark_release (dir, "sick", &err), ERR_NOT_FOUND);
    }
    mark_stop ();
    testing_remove_dir (dir);
}
END_TEST

/* The whole way: a registry whose plugin calls abort() in a callback. */
START_TEST (quarantines_a_plugin)
{
    struct modules m;
    modules_make (&m);
    modules_put (&m, "good", "good");
    modules_conf (&m, "good", "settings = { mode = \"crash\"; };\n");
    m.settings.run_dir = m.run;
    for (int i = 0; i < 2; i++) {
        pid_t pid = fork ();
        if (pid == 0) {
            signal (SIGABRT, SIG_DFL);
            struct plugin_registry *r = modules_open (&m);
            struct farrier_error error;
            plugin_call (plugin_op_find (r, "good", "identify", NULL), PLUGIN_CALL_START, NULL,
                         &error);
            _exit (0);
        }
        int status;
        ck_assert_int_eq (waitpid (pid, &status, 0), pid);
        ck_assert (WIFSIGNALED (status) && WTERMSIG (status) == SIGABRT);
    }
    struct plugin_registry *r = modules_open (&m);
    const struct plugin_info *info = plugin_info (plugin_find (r, "good"));
    ck_assert_int_eq (info->state, PLUGIN_QUARANTINED);
    ck_assert_int_eq (info->faults[0].code, PLUGIN_FAULT_QUARANTINED);
    ck_assert_str_eq (info->faults[0].hint, "farrier plugin release good");
    plugin_registry_close (r);
    ck_assert_int_eq (plugin_release (m.run, "good", NULL), 0);
    r = modules_open (&m);
    ck_assert_int_eq (plugin_info (plugin_find (r, "good"))->state, PLUGIN_REGISTERED);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("mark");
    TCase *tcase = tcase_create ("mark");
    suite_add_tcase (suite, tcase);
    tcase_add_loop_test (tcase, counts_deaths, 0, (int) COUNT_OF (lives));
    tcase_add_test (tcase, quarantines_a_plugin);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
