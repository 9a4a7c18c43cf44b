/* process_files-test: a tool's files and what its exit status means; a tool is really run.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/process_files.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/testing.h"
#include "engine/artifact.h"
#include "engine/engine_private.h"
#include "engine/process_exit.h"
#include "engine/spawn.h"
#include "engine/step.h"
#include "farrier/sdk.h"
#include "fleet/seal.h"
#include "repo/repo.h"
#include "store/store.h"

#undef fail

static struct engine engine;
static char *dir, *run;
static struct err err;

static void
setup (void)
{
    dir = testing_make_dir ();
    run = fs_join (dir, "run");
    char *path = fs_join (dir, "farrier.db"), *keys = fs_join (dir, "keys");
    char *repo = fs_join (dir, "repo");
    ck_assert_int_eq (store_open (path, STORE_WRITER, &engine.o.store, &err), 0);
    ck_assert_int_eq (seal_key_open (keys, true, (struct seal_key **) &engine.o.key, NULL, &err),
                      0);
    ck_assert_int_eq (repo_open (repo, true, &engine.o.repo, &err), 0);
    engine.o.artifact_dir = fs_join (dir, "artifacts");
    mem_free (path);
    mem_free (keys);
    mem_free (repo);
}

static void
teardown (void)
{
    repo_close (engine.o.repo);
    store_close (engine.o.store);
    seal_key_free ((struct seal_key *) engine.o.key);
    mem_free ((char *) engine.o.artifact_dir);
    mem_free (run);
    testing_remove_dir (dir);
}

static void
run_tool (const char *script, bool stdin_is_there, struct spawn_status *ret)
{
    const char *const argv[] = { "/bin/sh", "-c", script, NULL };
    struct spawn_spec spec = { .spawn_path = TEST_BUILDDIR "/core/engine/farrier-spawn",
                               .argv = argv, .stdin_is_there = stdin_is_there };
    if (access (spec.spawn_path, X_OK) != 0)
        ck_abort_msg ("%s is not built", spec.spawn_path);
    ck_assert_msg (spawn_start (run, &spec, NULL, 0, &err) == 0, "%s", err.message);
    ck_assert_int_eq (spawn_wait (run, 30000, ret, &err), 0);
}

static char *
artifact (const char *name)
{
    struct buf bytes = { 0 };
    if (artifact_read (&engine, "job-1", name, &bytes, NULL) != 0)
        return NULL;
    return buf_steal (&bytes);
}

/* From an artifact and an image, through a tool, into an artifact. */
START_TEST (in_and_out)
{
    struct repo_import_options options = { .vendor = "acme", .type = "bios", .version = "1.0",
                                           .model = "*" };
    struct image image = { 0 };
    struct spawn_status status;
    bool has_stdin = false;
    char *file = fs_join (dir, "fw.bin");
    ck_assert_int_eq (fs_write_atomic (file, "firmware", 8, 0600, &err), 0);
    ck_assert_msg (repo_import (engine.o.repo, file, &options, &image, NULL, &err) == 0, "%s",
                   err.message);
    ck_assert_msg (artifact_write (&engine, "job-1", "h", "saved.xml", "settings", 8, &err) == 0,
                   "%s", err.message);
    json_t *spec = json_pack ("{s[[ss]],s[[ss][ss]],ss}", "inputs", "in.xml", "saved.xml",
                              "outputs", "out.txt", "kept.txt", "never", "nothing",
                              "stdin_sha256", image.sha256);
    ck_assert_msg (process_files_put (&engine, "job-1", run, spec, &has_stdin, &err) == 0, "%s",
                   err.message);
    ck_assert (has_stdin);
    run_tool ("{ cat in.xml; echo; cat; } >out.txt", true, &status);
    ck_assert_int_eq (status.exit_status, 0);
    ck_assert_msg (process_files_keep (&engine, "job-1", "h", run, spec, &err) == 0, "%s",
                   err.message);
    testing_string (artifact ("kept.txt"), "settings\nfirmware");
    ck_assert_ptr_null (artifact ("nothing"));
    json_decref (spec);
    image_clear (&image);
    mem_free (file);
}
END_TEST

START_TEST (no_such_input)
{
    bool has_stdin = true;
    json_t *spec = json_pack ("{s[[ss]]}", "inputs", "in.xml", "never-saved");
    ck_assert_int_lt (process_files_put (&engine, "job-1", run, spec, &has_stdin, &err), 0);
    ck_assert_ptr_nonnull (strstr (err.message, "in.xml"));
    ck_assert (!has_stdin);
    json_decref (spec);
}
END_TEST

/* A tool that would have the daemon read what the tool must not. */
START_TEST (output_is_a_trap)
{
    static const char *const scripts[] = { "ln -s /etc/passwd out.txt", "mkfifo out.txt",
                                           "mkdir out.txt" };
    struct spawn_status status;
    json_t *spec = json_pack ("{s[[ss]]}", "outputs", "out.txt", "kept.txt");
    run_tool (scripts[_i], false, &status);
    ck_assert_int_eq (process_files_keep (&engine, "job-1", "h", run, spec, &err),
                      FARRIER_E_INVALID);
    ck_assert_ptr_null (artifact ("kept.txt"));
    json_decref (spec);
}
END_TEST

START_TEST (exit_codes)
{
    static const struct {
        const char *spec;
        int exit_status;
        int32_t code;
    } all[] = {
        { "{}", 3, 0 },
        { "{\"exits\":[[3,3,-7],[4,9,-2]]}", 3, -7 },
        { "{\"exits\":[[3,3,-7],[4,9,-2]]}", 9, -2 },
        { "{\"exits\":[[3,3,-7],[4,9,-2]]}", 10, 0 },
        { "{\"exits\":[[2,2,0],[1,255,-10]]}", 2, 0 },
        { "{\"exits\":[[0,0,0],[-9,255,-10]]}", -9, -10 },
        { "{\"exits\":[[-20,255,-10]]}", -9, 0 },
        { "{\"exits\":[[-1,-1,-13]],\"exit_signed\":true}", 255, -13 },
        { "{\"exits\":[[-9,-1,-13]],\"exit_signed\":true}", 250, -13 },
        { "{\"exits\":[[-9,-9,-13]],\"exit_signed\":true}", -9, 0 },
        { "{\"exits\":[[-9,-1,-13]],\"exit_signed\":true}", 5, 0 },
    };
    for (size_t i = 0; i < COUNT_OF (all); i++) {
        json_t *spec = json_parse (all[i].spec, strlen (all[i].spec), NULL);
        ck_assert_msg (process_exit_code (spec, all[i].exit_status) == all[i].code, "case %zu", i);
        json_decref (spec);
    }
}
END_TEST

/* --- what await_process takes --------------------------------------------------------------- */

static const struct {
    const char *input, *artifact;
    uint8_t stdin_image;
    struct farrier_exit_map exit;
    int32_t code;
} asked[] = {
    { "in.xml", "saved.xml", 0, { 1, 2, FARRIER_E_BUSY, 0 }, FARRIER_OK },
    { "../in.xml", "saved.xml", 0, { 1, 2, FARRIER_E_BUSY, 0 }, FARRIER_E_PLUGIN_BUG },
    { ".hidden", "saved.xml", 0, { 1, 2, FARRIER_E_BUSY, 0 }, FARRIER_E_PLUGIN_BUG },
    { "in.xml", "a/b", 0, { 1, 2, FARRIER_E_BUSY, 0 }, FARRIER_E_PLUGIN_BUG },
    { "in.xml", NULL, 0, { 1, 2, FARRIER_E_BUSY, 0 }, FARRIER_E_PLUGIN_BUG },
    { "in.xml", "saved.xml", 0, { 2, 1, FARRIER_E_BUSY, 0 }, FARRIER_E_PLUGIN_BUG },
    { "in.xml", "saved.xml", 0, { 1, 2, -99, 0 }, FARRIER_E_PLUGIN_BUG },
    { "in.xml", "saved.xml", 1, { 1, 2, FARRIER_E_BUSY, 0 }, FARRIER_E_PLUGIN_BUG },
};

START_TEST (as_asked)
{
    static atomic_bool cancelled;
    static struct plugin_op op = { .def = { .name = "probe" } };
    struct step_input in = { .op = &op, .cancelled = &cancelled };
    struct farrier_process p = FARRIER_INIT (struct farrier_process);
    struct farrier_error why = { .struct_size = sizeof why };
    const char *argv[] = { "/bin/true" };
    const struct farrier_pair input = { .name = asked[_i].input, .value = asked[_i].artifact };
    struct farrier_step step;
    step_init (&step, &in);
    p.argv = (struct farrier_table) FARRIER_TABLE (argv);
    p.inputs = (struct farrier_table) FARRIER_TABLE_OF (&input, 1);
    p.exits = (struct farrier_table) FARRIER_TABLE_OF (&asked[_i].exit, 1);
    p.stdin_image = asked[_i].stdin_image;
    ck_assert_msg (farrier_await_process (&step, &p, &why) == asked[_i].code, "%s", why.message);
    if (asked[_i].code == FARRIER_OK) {
        ck_assert_str_eq (json_str (step.await, "/inputs/0/1"), "saved.xml");
        ck_assert_int_eq (process_exit_code (step.await, 2), FARRIER_E_BUSY);
    }
    step_free (&step);
}
END_TEST

int
main (void)
{
    Suite *s = suite_create ("process_files");
    TCase *tc = tcase_create ("process_files"), *pure = tcase_create ("pure");
    tcase_add_checked_fixture (tc, setup, teardown);
    tcase_add_test (tc, in_and_out);
    tcase_add_test (tc, no_such_input);
    tcase_add_loop_test (tc, output_is_a_trap, 0, 3);
    tcase_add_test (pure, exit_codes);
    tcase_add_loop_test (pure, as_asked, 0, COUNT_OF (asked));
    suite_add_tcase (s, tc);
    suite_add_tcase (s, pure);
    SRunner *r = srunner_create (s);
    srunner_run_all (r, CK_ENV);
    int failed = srunner_ntests_failed (r);
    srunner_free (r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
