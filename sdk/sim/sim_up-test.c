/* Options, the file they may come from, and the personalities' files.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/json.h"
#include "base/testing.h"
#include "sim_cli.h"

static int32_t
read_args (const char *line, struct sim_options *o, struct err *err)
{
    size_t count = 0;
    char **args = str_split (line, ' ', &count);

    sim_options_init (o);
    int32_t rc = sim_up_read ((int) count, args, o, err);
    str_free_all (args, count);
    return rc;
}

START_TEST (options_are_read)
    {
        struct sim_options o;
        struct err err = { 0 };
        char *dir = testing_make_dir ();
        char *line = str_printf (
            "up --mix generic:3,openbmc --hosts 10 --base 127.9.8.7 --port 0 "
            "--flash-time 2s --reboot-time 500 --time-scale 0.5 --certificates shared "
            "--latency slow --seed 9 --set-version all:bios=7 --state-dir %s",
            dir);

        ck_assert_msg (read_args (line, &o, &err) == 0, "%s", err.message);
        ck_assert_uint_eq (o.mix.count, 2);
        ck_assert_uint_eq (((struct sim_mix *) vec_at (&o.mix, 0))->count, 3);
        ck_assert_uint_eq (((struct sim_mix *) vec_at (&o.mix, 1))->count, 7);
        ck_assert_uint_eq (o.base, 0x7f090807);
        ck_assert_uint_eq (o.port, 0);
        ck_assert_int_eq (o.flash_ms, 2000);
        ck_assert_int_eq (o.reboot_ms, 500);
        ck_assert (o.time_scale > 0.49 && o.time_scale < 0.51);
        ck_assert_int_eq (o.certificates, SIM_CERT_SHARED);
        ck_assert_int_eq ((int) o.latency.median_ms, 750);
        ck_assert_uint_eq (o.versions.count, 1);
        sim_options_release (&o);
        mem_free (line);
        testing_remove_dir (dir);
    }
END_TEST

static const struct {
    const char *args, *says;
} wrong[] = {
    { "--base 10.0.0.1", "127.0.0.0/8" },
    { "--base x", "127.0.0.0/8" },
    { "--hosts 0", "a number from 1" },
    { "--hosts 12x", "a number from 1" },
    { "--port 70000", "65535" },
    { "--mix generic:3,openbmc:4 --hosts 8", "the mix names 7 hosts" },
    { "--mix generic,openbmc --hosts 8", "the mix names" },
    { "--mix generic:0", "a number from 1" },
    { "--time-scale fast", "a factor" },
    { "--latency quick", "fast, slow or ancient" },
    { "--flash-time soon", "milliseconds" },
    { "--certificates none", "self-signed" },
    { "--set-version bios=2", "TARGET:COMPONENT=VERSION" },
    { "--colour red", "--colour" },
    { "--hosts", "--hosts" },
    { "generic", "unexpected argument" },
    { "--config /nowhere.conf", "/nowhere.conf" },
};

START_TEST (wrong_options_are_told)
    {
        for (size_t i = 0; i < COUNT_OF (wrong); i++) {
            struct sim_options o;
            struct err err = { 0 };
            char *line = str_printf ("up %s", wrong[i].args);

            ck_assert_msg (read_args (line, &o, &err) < 0, "%s was taken", wrong[i].args);
            ck_assert_msg (strstr (err.message, wrong[i].says) != NULL, "%s: %s", wrong[i].args,
                           err.message);
            sim_options_release (&o);
            mem_free (line);
        }
    }
END_TEST

static char *
write_file (const char *dir, const char *name, const char *text)
{
    char *path = fs_join (dir, name);

    ck_assert_int_eq (fs_write_atomic (path, text, strlen (text), 0644, NULL), 0);
    return path;
}

START_TEST (a_file_holds_options_and_faults)
    {
        struct sim_options o;
        struct err err = { 0 };
        char *dir = testing_make_dir ();
        char *path = write_file (
            dir, "sim.conf",
            "hosts = 5; mix = \"generic:5\"; time_scale = 0.25; keep_images = true;\n"
            "latency = \"fast\"; flash_time = 300;\n"
            "faults = ( { target = \"all\"; fault = \"status\"; status = 500; } );\n");
        char *line = str_printf ("up --config %s --state-dir %s --flash-time 400", path, dir);

        ck_assert_msg (read_args (line, &o, &err) == 0, "%s", err.message);
        ck_assert_uint_eq (o.hosts, 5);
        ck_assert (o.keep_images && o.time_scale < 0.26);
        ck_assert_int_eq (o.flash_ms, 400); /* the command line wins */
        ck_assert_int_eq (json_int_or (o.faults, "/0/status", 0), 500);
        sim_options_release (&o);
        mem_free (line);

        /* So does another mix. */
        line = str_printf ("up --config %s --state-dir %s --mix openbmc:5", path, dir);
        ck_assert_msg (read_args (line, &o, &err) == 0, "%s", err.message);
        ck_assert_uint_eq (o.mix.count, 1);
        ck_assert_str_eq (((struct sim_mix *) vec_at (&o.mix, 0))->personality, "openbmc");
        sim_options_release (&o);
        mem_free (line);
        mem_free (path);
        testing_remove_dir (dir);
    }
END_TEST

static const struct {
    const char *text, *says;
} files[] = {
    { "hosts = 5;\nhsts = 6;\n", ":2: unknown key 'hsts', did you mean hosts" },
    { "hosts = 5;\nmix = \"generic:5\"\nport = ;\n", ":3:" },
    { "mix = [1];\n", ":1: mix must be a plain value" },
    { "faults = ( { target = [1]; } );\n", ":1: a fault's parameters" },
    { "faults = ( 1 );\n", "faults must be a list of groups" },
};

START_TEST (wrong_files_are_told_with_their_line)
    {
        char *dir = testing_make_dir ();

        for (size_t i = 0; i < COUNT_OF (files); i++) {
            struct sim_options o;
            struct err err = { 0 };
            char *path = write_file (dir, "sim.conf", files[i].text);
            char *line = str_printf ("up --config %s", path);

            ck_assert (read_args (line, &o, &err) < 0);
            ck_assert_msg (strstr (err.message, files[i].says) != NULL, "case %zu: %s", i,
                           err.message);
            sim_options_release (&o);
            mem_free (path);
            mem_free (line);
        }
        testing_remove_dir (dir);
    }
END_TEST

START_TEST (the_personalities_that_come_along)
    {
        static const char *const names[] = { "generic", "openbmc" };

        for (size_t i = 0; i < COUNT_OF (names); i++) {
            struct sim_personality *p = NULL;
            struct err err = { 0 };
            char *path = str_printf (TEST_SRCDIR "/sdk/sim/personalities/%s.conf", names[i]);

            ck_assert_msg (sim_personality_read (path, &p, &err) == 0, "%s", err.message);
            ck_assert_str_eq (p->name, names[i]);
            ck_assert_ptr_nonnull (strstr (p->manager_model, "simulated"));
            ck_assert_ptr_nonnull (sim_personality_component (p, "bmc"));
            ck_assert_ptr_null (sim_personality_component (p, "wing"));
            sim_personality_free (p);
            mem_free (path);
        }
    }
END_TEST

#define IDS "name = \"x\"; system_id = \"1\"; bmc_id = \"1\"; chassis_id = \"1\";\n"
#define PARTS "components = ( { component = \"bmc\"; version = \"1\"; } );\n"

static const struct {
    const char *text, *says;
} personalities[] = {
    { IDS PARTS, NULL },
    { IDS, "needs name" },
    { IDS PARTS "vender = \"x\";\n", ":3: unknown key 'vender', did you mean 'vendor'" },
    { IDS PARTS "vendor = 1;\n", ":3: vendor must be a string" },
    { IDS PARTS "expand_levels = true;\n", ":3: expand_levels must be a number" },
    { IDS PARTS "one_update = 1;\n", ":3: one_update must be true or false" },
    { IDS PARTS "apply_times = [ \"Never\" ];\n", "unknown apply time" },
    { IDS "components = ( { component = \"bmc\"; } );\n", "needs component and version" },
    { IDS "components = ( { component = \"b\"; version = \"1\"; activation = \"x\"; } );\n",
      "activation" },
    { IDS PARTS "documents = ( { document = \"system\"; json = \"{\"; } );\n", "json of system" },
    { IDS PARTS "documents = ( { json = \"{}\"; } );\n", "either document or uri" },
    { IDS PARTS "bios_attributes = ( { name = \"A\"; value = \"x\"; } );\n", "is not JSON" },
};

START_TEST (wrong_personalities_are_told)
    {
        char *dir = testing_make_dir ();

        for (size_t i = 0; i < COUNT_OF (personalities); i++) {
            struct sim_personality *p = NULL;
            struct err err = { 0 };
            char *path = write_file (dir, "x.conf", personalities[i].text);
            int32_t rc = sim_personality_read (path, &p, &err);

            ck_assert_msg ((rc == 0) == (personalities[i].says == NULL), "case %zu: %s", i,
                           err.message);
            if (rc < 0)
                ck_assert_msg (strstr (err.message, personalities[i].says) != NULL, "case %zu: %s",
                               i, err.message);
            sim_personality_free (p);
            mem_free (path);
        }
        testing_remove_dir (dir);
    }
END_TEST

int
main (void)
{
    const TTest *const tests[] = { options_are_read,
                                   wrong_options_are_told,
                                   a_file_holds_options_and_faults,
                                   wrong_files_are_told_with_their_line,
                                   the_personalities_that_come_along,
                                   wrong_personalities_are_told,
                                   NULL };

    return testing_run ("sim_up", tests);
}
