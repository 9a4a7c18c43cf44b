/* Tests of settings.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "conf/settings.h"

#include <string.h>
#include <unistd.h>

#include "base/testing.h"
#include "conf/conf.h"

static void
write_conf (const char *dir, const char *text)
{
    char *path = fs_join (dir, "farrier.conf");

    ck_assert_int_eq (fs_write_atomic (path, text, strlen (text), 0600, NULL), 0);
    mem_free (path);
}

START_TEST (installed_defaults)
{
    const struct settings_environment env = { 0 };
    struct settings *s = NULL;
    struct err err = { 0 };

    if (fs_exists (FARRIER_INSTALLED_CONF_DIR "/farrier.conf")) {
        return;                        /* somebody's own installation: not ours to judge */
    }
    ck_assert_msg (settings_load_from (&env, NULL, &s, &err) == 0, "%s", err.message);
    ck_assert_ptr_null (s->home);
    ck_assert_ptr_null (s->conf_file);
    ck_assert_str_eq (s->conf_dir, FARRIER_INSTALLED_CONF_DIR);
    ck_assert_str_eq (s->store_path, FARRIER_INSTALLED_STATE_DIR "/store.db");
    ck_assert_str_eq (s->repo_path, FARRIER_INSTALLED_STATE_DIR "/firmware-repo");
    ck_assert_str_eq (s->keys_dir, FARRIER_INSTALLED_STATE_DIR "/keys");
    ck_assert_str_eq (s->socket_path, FARRIER_INSTALLED_RUN_DIR "/farrierd.sock");
    ck_assert_str_eq (s->spawn_path, FARRIER_INSTALLED_SPAWN);
    ck_assert_uint_eq (s->plugin_dir_count, 1);
    ck_assert_str_eq (s->plugin_dirs[0], FARRIER_INSTALLED_PLUGIN_DIR);
    ck_assert (!s->trust_plugin_files && !s->log_level_set && !s->log_json);
    ck_assert_uint_eq (s->max_open_connections, 2048);
    ck_assert_uint_eq (s->max_uploads, 256);
    ck_assert_uint_eq (s->workers, 16);
    ck_assert_uint_eq (s->image_port, 8480);
    ck_assert_int_eq (s->trust, SETTINGS_TRUST_PIN);
    settings_free (s);
    settings_free (NULL);
}
END_TEST

START_TEST (home_and_environment)
{
    const struct settings_environment env = {
        .home = "/h", .conf_dir = TEST_SRCDIR "/conf.d", .plugin_dirs = "/a::/b",
        .spawn = "/x/spawn"
    };
    struct settings *s = NULL;
    struct err err = { 0 };

    ck_assert_msg (settings_load_from (&env, NULL, &s, &err) == 0, "%s", err.message);
    ck_assert_str_eq (s->home, "/h");
    ck_assert_str_eq (s->store_path, "/h/store.db");
    ck_assert_str_eq (s->repo_path, "/h/firmware-repo");
    ck_assert_str_eq (s->keys_dir, "/h/keys");
    ck_assert_str_eq (s->run_dir, "/h/run");
    ck_assert_str_eq (s->socket_path, "/h/run/farrierd.sock");
    ck_assert_str_eq (s->conf_file, TEST_SRCDIR "/conf.d/farrier.conf");
    ck_assert_str_eq (s->workflow_dir, TEST_SRCDIR "/conf.d/workflows");
    ck_assert_str_eq (s->spawn_path, "/x/spawn");
    ck_assert_uint_eq (s->plugin_dir_count, 2);
    ck_assert_str_eq (s->plugin_dirs[1], "/b");
    ck_assert (s->trust_plugin_files);
    ck_assert_uint_eq (s->image_port, 0);
    settings_free (s);
}
END_TEST

/* The file that is installed, with every default switched on, must read as the defaults. */
START_TEST (sample_shows_the_defaults)
{
    char *dir = testing_make_dir (), *text;
    const struct settings_environment env = { .conf_dir = dir };
    struct settings *s = NULL;
    struct buf raw = { 0 }, out = { 0 };
    struct err err = { 0 };

    ck_assert_int_eq (fs_read (TEST_SRCDIR "/conf.d/farrier.conf", CONF_TEXT_MAX, &raw, &err), 0);
    text = raw.data;
    while (*text != '\0') {
        char *end = strchrnul (text, '\n');
        bool skip = strstr (text, "image-server") != NULL && strstr (text, "image-server") < end;
        bool example = strstr (text, "192.0.2.10") != NULL && strstr (text, "192.0.2.10") < end;

        if (str_starts (text, "  # ") && !skip && !example) {
            text += 4;
        }
        buf_append (&out, text, (size_t) (end - text));
        buf_putc (&out, '\n');
        text = *end == '\0' ? end : end + 1;
    }
    write_conf (dir, out.data);
    ck_assert_msg (settings_load_from (&env, NULL, &s, &err) == 0, "%s", err.message);
    ck_assert_str_eq (s->store_path, "/var/lib/farrier/store.db");
    ck_assert_uint_eq (s->workers, 16);
    ck_assert_uint_eq (s->max_jobs, 2000);
    ck_assert_int_eq (s->drain_ms, 30000);
    ck_assert_uint_eq (s->loops, 1);
    ck_assert_uint_eq (s->max_open_connections, 2048);
    ck_assert_uint_eq (s->max_uploads, 256);
    ck_assert_uint_eq (s->per_host, 2);
    ck_assert_int_eq (s->keep_ms, 5000);
    ck_assert_int_eq (s->connect_timeout_ms, 10000);
    ck_assert_int_eq (s->request_timeout_ms, 60000);
    ck_assert_str_eq (s->image_address, "127.0.0.1");
    ck_assert_uint_eq (s->image_port, 8480);
    ck_assert_int_eq (s->trust, SETTINGS_TRUST_PIN);
    ck_assert_int_eq (s->log_level, LOG_LEVEL_INFO);
    ck_assert (s->log_level_set && !s->log_json);
    settings_free (s);
    buf_free (&raw);
    buf_free (&out);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (file_wins_over_defaults)
{
    char *dir = testing_make_dir ();
    const struct settings_environment env = { .home = "/h", .conf_dir = dir };
    struct settings *s = NULL;
    struct err err = { 0 };

    write_conf (dir, "paths = { store = \"/s/x.db\"; run = \"r\"; plugins = [ \"p\", \"/q\" ];\n"
                     "          exec_plugins = [ \"x\" ]; };\n"
                     "daemon = { workers = 4; };\nnetwork = { keep = \"1s\"; };\n"
                     "image_server = { port = 9; advertise = \"http://192.0.2.1/\"; };\n"
                     "tls = { trust = \"ca\"; ca_file = \"/ca.pem\"; };\n"
                     "log = { level = \"debug\"; format = \"json\"; };\n");
    ck_assert_msg (settings_load_from (&env, NULL, &s, &err) == 0, "%s", err.message);
    ck_assert_str_eq (s->store_path, "/s/x.db");
    ck_assert_str_eq (s->run_dir, "/h/r");
    ck_assert_str_eq (s->socket_path, "/h/r/farrierd.sock");    /* follows run */
    ck_assert_uint_eq (s->plugin_dir_count, 2);
    ck_assert_str_eq (s->plugin_dirs[0], "/h/p");
    ck_assert_uint_eq (s->exec_dir_count, 1);
    ck_assert_str_eq (s->exec_dirs[0], "/h/x");
    ck_assert (!s->trust_plugin_files);
    ck_assert_uint_eq (s->workers, 4);
    ck_assert_int_eq (s->keep_ms, 1000);
    ck_assert_uint_eq (s->image_port, 9);
    ck_assert_str_eq (s->image_url, "http://192.0.2.1");
    ck_assert_int_eq (s->trust, SETTINGS_TRUST_CA);
    ck_assert_str_eq (s->ca_file, "/ca.pem");
    ck_assert_int_eq (s->log_level, LOG_LEVEL_DEBUG);
    ck_assert (s->log_level_set && s->log_json);
    settings_free (s);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (all_findings)
{
    char *dir = testing_make_dir (), *missing = fs_join (dir, "missing");
    struct settings_environment env = { .conf_dir = dir };
    struct vec findings = { 0 };
    struct settings *s = NULL;
    struct err err = { 0 };
    static const char *const expected[] = {
        "farrier.conf:1: key 'store' is \"rel\"; a path must be absolute here",
        "farrier.conf:2: key 'workers' is 0; allowed is 1 to 256",
        "farrier.conf:3: key 'advertise' is \"ftp://x\"; it must begin with http:// or https://",
        "farrier.conf:4: keys 'certificate' and 'key' belong together: one is missing",
        "farrier.conf:5: key 'trust' is \"insecure\"; that exists for single hosts only (farrier "
        "host add … --insecure)",
        "farrier.conf:6: unknown key 'netwrok', did you mean 'network'?",
        "farrier.conf:7: unknown key 'levle', did you mean 'level'?",
    };

    write_conf (dir, "paths = { store = \"rel\"; };\ndaemon = { workers = 0; };\n"
                     "image_server = { advertise = \"ftp://x\";\n certificate = \"/c\"; };\n"
                     "tls = { trust = \"insecure\"; };\nnetwrok = { };\nlog = { levle = \"x\"; "
                     "};\n");
    ck_assert_int_eq (settings_load_from (&env, &findings, &s, &err), ERR_SYNTAX);
    ck_assert_ptr_null (s);
    ck_assert_uint_eq (findings.count, COUNT_OF (expected));
    for (size_t i = 0; i < COUNT_OF (expected); i++) {
        char *text = conf_finding_text (findings.items[i]);

        ck_assert_msg (str_ends (text, expected[i]), "%s", text);
        mem_free (text);
    }
    conf_findings_free (&findings);
    env.conf_dir = missing;
    ck_assert_int_eq (settings_load_from (&env, NULL, &s, &err), ERR_NOT_FOUND);
    ck_assert_ptr_nonnull (strstr (err.message, missing));
    mem_free (missing);
    testing_remove_dir (dir);
}
END_TEST

/* farrier.conf is there, but cannot be looked at: never a reason to go on with the defaults. */
START_TEST (unreadable_file)
{
    char *dir = testing_make_dir (), *file = fs_join (dir, "farrier.conf");
    struct settings_environment env = { .conf_dir = dir };
    struct settings *s = NULL;
    struct err err = { 0 };

    ck_assert_int_eq (symlink ("farrier.conf", file), 0);
    ck_assert_int_eq (settings_load_from (&env, NULL, &s, &err), ERR_IO);
    ck_assert_ptr_null (s);
    ck_assert_ptr_nonnull (strstr (err.message, file));
    mem_free (file);
    testing_remove_dir (dir);
}
END_TEST

/* Both are given, and one is wrong: nothing is missing. */
START_TEST (one_finding_for_a_wrong_key_file)
{
    char *dir = testing_make_dir ();
    struct settings_environment env = { .conf_dir = dir };
    struct vec findings = { 0 };
    struct settings *s = NULL;
    struct err err = { 0 };

    write_conf (dir, "image_server = { certificate = \"/c.pem\"; key = \"key.pem\"; };\n");
    ck_assert_int_eq (settings_load_from (&env, &findings, &s, &err), ERR_SYNTAX);
    ck_assert_uint_eq (findings.count, 1);
    ck_assert_ptr_nonnull (strstr (err.message, "a path must be absolute here"));
    conf_findings_free (&findings);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (wrong_types_are_told_once)
{
    char *dir = testing_make_dir ();
    struct settings_environment env = { .conf_dir = dir };
    struct vec findings = { 0 };
    struct settings *s = NULL;

    write_conf (dir, "paths = { socket = 1; };\ntls = { trust = 2; };\n");
    ck_assert_int_eq (settings_load_from (&env, &findings, &s, NULL), ERR_SYNTAX);
    ck_assert_uint_eq (findings.count, 2);
    conf_findings_free (&findings);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (real_environment)
{
    struct settings *s = NULL;
    struct err err = { 0 };

    setenv ("FARRIER_HOME", "relative", 1);
    setenv ("FARRIER_CONF_DIR", TEST_SRCDIR "/conf.d", 1);
    setenv ("FARRIER_PLUGIN_DIR", "plugins", 1);
    ck_assert_msg (settings_load (NULL, &s, &err) == 0, "%s", err.message);
    ck_assert (s->home[0] == '/' && str_ends (s->home, "/relative"));
    ck_assert (s->plugin_dirs[0][0] == '/');
    settings_free (s);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        installed_defaults, home_and_environment, sample_shows_the_defaults,
        file_wins_over_defaults, all_findings, unreadable_file,
        one_finding_for_a_wrong_key_file, wrong_types_are_told_once, real_environment, NULL
    };

    return testing_run ("settings", tests);
}
