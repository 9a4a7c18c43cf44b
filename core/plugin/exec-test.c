/* exec-test: finding, judging and describing executable plugins.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "plugin/testdata/modules.h"

static const char script[] = "#!/bin/sh\necho '{\"result\":\"done\"}'\n";

/* The op of the description, with room for what a case adds. */
#define OP "{ name = \"drain\"; help = \"moves work away\"; callbacks = [ \"start\", \"poll\", " \
           "\"cancel\", \"reconcile\" ]; flags = [ \"cancellable\" ];"
#define HEAD "plugin = { name = \"acme_rack\"; version = \"1.0.0\"; vendor = \"Acme\"; " \
             "description = \"the rack\"; license = \"MIT\"; protocol = 1;"
#define DESCRIPTION HEAD \
    " endpoints = [ \"bmc\", \"service:rackd\" ];" \
    " credentials = ( { endpoint = \"bmc\"; what = \"password\"; descriptor = 9; }," \
    "   { endpoint = \"bmc\"; what = \"user\"; file = \"BMC_USER_FILE\"; } );" \
    " limits = { memory = \"64MiB\"; cpu = \"10s\"; };" \
    " settings = ( { name = \"site\"; type = \"string\"; default = \"here\";" \
    "                help = \"which\"; } );" \
    " match = ( { score = 80; root_vendor = \"Acme*\"; } );" \
    " ops = ( " OP \
    "   params = ( { name = \"within\"; type = \"duration\"; default = \"5m\"; min = \"1s\";" \
    "                max = \"1h\"; help = \"how long\"; }," \
    "              { name = \"how\"; type = \"enum\"; values = [ \"soft\", \"hard\" ];" \
    "                default = \"soft\"; help = \"how\"; } );" \
    "   results = ( { name = \"moved\"; type = \"integer\"; help = \"how many\"; } );" \
    "   timing = { run = \"30s\"; op = \"10m\"; settle = \"1s\"; }; } ); };\n"

struct rack {
    struct modules m;
    char *dir;
    const char *dirs[1];
};

static void
rack_make (struct rack *k, const char *description)
{
    modules_make (&k->m);
    k->dir = fs_join (k->m.dir, "exec");
    ck_assert_int_eq (fs_mkdirs (k->dir, 0755, NULL), 0);
    k->dirs[0] = k->dir;
    k->m.settings.exec_dirs = k->dirs;
    k->m.settings.exec_dir_count = 1;
    k->m.settings.run_dir = k->m.run;
    k->m.settings.trust_files = true;  /* of shared objects: executables are always judged */
    char *conf = fs_join (k->dir, "acme_rack.conf");
    char *program = fs_join (k->dir, "acme_rack");
    ck_assert_int_eq (fs_write_atomic (conf, description, strlen (description), 0644, NULL), 0);
    ck_assert_int_eq (fs_write_atomic (program, script, strlen (script), 0755, NULL), 0);
    mem_free (conf);
    mem_free (program);
}

static void
rack_mode (struct rack *k, const char *name, mode_t mode)
{
    char *path = str_printf ("%s%s%s", k->dir, name[0] == '\0' ? "" : "/", name);
    ck_assert_int_eq (chmod (path, mode), 0);
    mem_free (path);
}

static void
rack_remove (struct rack *k)
{
    mem_free (k->dir);
    modules_remove (&k->m);
}

static const struct plugin_info *
info_of (struct plugin_registry *r)
{
    struct plugin *p = plugin_find (r, "acme_rack");
    ck_assert_ptr_nonnull (p);
    return plugin_info (p);
}

static size_t
copies (const struct rack *k)
{
    struct vec files = { 0 };
    char *dir = fs_join (k->m.run, "exec");
    ck_assert_int_eq (fs_list (dir, "", &files, NULL), 0);
    size_t count = files.count;
    vec_free_with (&files, mem_free);
    mem_free (dir);
    return count;
}

START_TEST (registers_like_a_plugin)
{
    struct rack k;
    struct err err = { 0 };
    rack_make (&k, DESCRIPTION);
    struct plugin_registry *r = modules_open (&k.m);
    const struct plugin_info *info = info_of (r);
    ck_assert_msg (info->state == PLUGIN_REGISTERED, "%s",
                   info->fault_count > 0 ? info->faults[0].message : "?");
    ck_assert_int_eq (info->kind, PLUGIN_KIND_EXECUTABLE);
    ck_assert_str_eq (info->version, "1.0.0");
    ck_assert_str_eq (info->abi, "exec 1");
    ck_assert_msg (str_ends (info->executable, "/exec/acme_rack"), "%s", info->executable);
    ck_assert_str_eq (info->grants, "address of bmc, address of service:rackd, password of bmc by "
                                    "descriptor 9, user of bmc by descriptor 8 (file "
                                    "BMC_USER_FILE)");
    ck_assert_uint_eq (info->params.count, 1);
    const struct plugin_op *op = plugin_op_find (r, "acme_rack", "acme_rack.drain", &err);
    ck_assert_ptr_nonnull (op);
    ck_assert_uint_eq (op->def.step_ms, 30000);
    ck_assert_uint_eq (op->def.settle_ms, 1000);
    ck_assert_uint_eq (op->def.flags, FARRIER_OP_CANCELLABLE);
    struct farrier_param p;
    ck_assert (plugin_param_find (&op->def.params, "within", &p));
    ck_assert_int_eq (p.min, 1000);
    ck_assert_int_eq (p.max, 3600000);
    ck_assert (plugin_param_find (&op->def.params, "how", &p));
    ck_assert_str_eq (p.enum_values, "soft|hard");
    struct plugin_seen seen = { .ipmi_manufacturer_id = -1, .root_vendor = "ACME Corp" };
    struct plugin_score score;
    ck_assert_uint_eq (plugin_match (r, &seen, &score, 1), 1);
    ck_assert_uint_eq (score.score, 80);
    ck_assert_uint_eq (copies (&k), 1);
    plugin_registry_close (r);
    rack_remove (&k);
}
END_TEST

/* A description, and part of the message of one of its faults. */
static const struct {
    const char *description;
    enum plugin_fault_code code;
    const char *says;
} wrong[] = {
    { "", PLUGIN_FAULT_DESCRIPTION, "'plugin'" },
    { "plugin = {", PLUGIN_FAULT_DESCRIPTION, "acme_rack.conf:1" },
    { HEAD " ops = ( " OP " } ); };\nplugins = 1;\n", PLUGIN_FAULT_DESCRIPTION, "'plugins'" },
    { HEAD " };", PLUGIN_FAULT_DESCRIPTION, "'ops'" },
    { HEAD " opps = ( ); };", PLUGIN_FAULT_DESCRIPTION, "did you mean 'ops'" },
    { HEAD " executable = \"../sh\"; ops = ( " OP " } ); };", PLUGIN_FAULT_DESCRIPTION,
      "must be a file name" },
    { HEAD " executable = \"absent\"; ops = ( " OP " } ); };", PLUGIN_FAULT_OPEN, "absent" },
    { HEAD " endpoints = [ \"web\" ]; ops = ( " OP " } ); };", PLUGIN_FAULT_DESCRIPTION,
      "endpoints[0] is \"web\"" },
    { HEAD " credentials = ( { endpoint = \"bmc\"; what = \"password\"; } ); ops = ( " OP
      " } ); };", PLUGIN_FAULT_DESCRIPTION, "never in the arguments" },
    { HEAD " credentials = ( { endpoint = \"bmc\"; what = \"password\"; descriptor = 2; } ); "
      "ops = ( " OP " } ); };", PLUGIN_FAULT_DESCRIPTION, "descriptor" },
    { HEAD " credentials = ( { endpoint = \"bmc\"; what = \"password\"; file = \"LD_PRELOAD=\"; "
      "} ); ops = ( " OP " } ); };", PLUGIN_FAULT_DESCRIPTION, "environment variable" },
    { HEAD " ops = ( " OP " changes = [ \"reconcile\" ]; } ); };", PLUGIN_FAULT_DESCRIPTION,
      "may only read" },
    { HEAD " ops = ( { name = \"drain\"; help = \"h\"; } ); };", PLUGIN_FAULT_OP_CALLBACK,
      "reconcile" },
    { HEAD " ops = ( { name = \"drain\"; help = \"h\"; flags = [ \"idempotent\", "
      "\"cancellable\" ]; } ); };", PLUGIN_FAULT_OP_CALLBACK, "cancel" },
    { HEAD " ops = ( { name = \"drain\"; help = \"h\"; flags = [ \"fast\" ]; } ); };",
      PLUGIN_FAULT_DESCRIPTION, "flags[0] is \"fast\"" },
    { HEAD " ops = ( " OP " } , " OP " } ); };", PLUGIN_FAULT_OP_DUPLICATE, "acme_rack.drain" },
    { HEAD " ops = ( " OP " params = ( { name = \"x\"; type = \"bool\"; help = \"h\"; default = "
      "\"perhaps\"; } ); } ); };", PLUGIN_FAULT_PARAM, "'x'" },
    { HEAD " ops = ( { name = \"other.drain\"; help = \"h\"; flags = [ \"idempotent\" ]; } ); };",
      PLUGIN_FAULT_OP_NAME, "other.drain" },
    { "plugin = { name = \"acme_row\"; version = \"1.0.0\"; vendor = \"A\"; description = \"d\"; "
      "license = \"MIT\"; protocol = 1; ops = ( { name = \"drain\"; help = \"h\"; flags = [ "
      "\"idempotent\" ]; } ); };", PLUGIN_FAULT_DESCRIPTION, "is called acme_rack.conf" },
    { "plugin = { name = \"acme_rack\"; version = \"one\"; vendor = \"A\"; description = \"d\"; "
      "license = \"MIT\"; protocol = 2; ops = ( " OP " } ); };", PLUGIN_FAULT_DESCRIPTION,
      "protocol" },
};

static bool
has_fault (const struct plugin_info *info, enum plugin_fault_code code, const char *says)
{
    for (size_t i = 0; i < info->fault_count; i++) {
        if (info->faults[i].code == code && strstr (info->faults[i].message, says) != NULL)
            return true;
    }
    return false;
}

START_TEST (refuses_wrong_descriptions)
{
    struct rack k;
    rack_make (&k, wrong[_i].description);
    struct plugin_registry *r = modules_open (&k.m);
    const struct plugin_info *info = info_of (r);
    ck_assert_int_eq (info->state, PLUGIN_FAILED);
    ck_assert_uint_gt (info->fault_count, 0);
    ck_assert_msg (has_fault (info, wrong[_i].code, wrong[_i].says), "%s: %s",
                   plugin_fault_name (info->faults[0].code), info->faults[0].message);
    for (size_t i = 0; i < info->fault_count; i++)
        ck_assert_str_ne (info->faults[i].hint, "");
    plugin_registry_close (r);
    rack_remove (&k);
}
END_TEST

static const struct {
    const char *file;
    mode_t mode;
    enum plugin_fault_code code;
} modes[] = {
    { "acme_rack", 0757, PLUGIN_FAULT_WRITABLE },
    { "acme_rack.conf", 0666, PLUGIN_FAULT_WRITABLE },
    { "acme_rack", 0644, PLUGIN_FAULT_NOT_EXECUTABLE },
    { "", 0777, PLUGIN_FAULT_DIR_WRITABLE },
};

START_TEST (judges_owner_and_mode)
{
    for (size_t i = 0; i < COUNT_OF (modes); i++) {
        struct rack k;
        rack_make (&k, DESCRIPTION);
        rack_mode (&k, modes[i].file, modes[i].mode);
        struct plugin_registry *r = modules_open (&k.m);
        const struct plugin_info *info = info_of (r);
        ck_assert_int_eq (info->state, PLUGIN_FAILED);
        ck_assert_msg (has_fault (info, modes[i].code, ""), "%s: %s", modes[i].file,
                       info->faults[0].message);
        plugin_registry_close (r);
        rack_remove (&k);
    }
}
END_TEST

/* Both files must be on the list when there is one. */
START_TEST (obeys_the_allow_list)
{
    struct rack k;
    char program[65], description[65];
    hash_sha256_hex (script, strlen (script), program);
    hash_sha256_hex (DESCRIPTION, strlen (DESCRIPTION), description);
    const char *const lists[][2] = { { program, program }, { description, description },
                                     { program, description } };
    for (size_t i = 0; i < COUNT_OF (lists); i++) {
        rack_make (&k, DESCRIPTION);
        char *conf = str_printf ("sha256 = [ \"%s\", \"%s\" ];\n", lists[i][0], lists[i][1]);
        modules_conf (&k.m, "acme_rack", conf);
        mem_free (conf);
        struct plugin_registry *r = modules_open (&k.m);
        const struct plugin_info *info = info_of (r);
        ck_assert_int_eq (info->state, i == 2 ? PLUGIN_REGISTERED : PLUGIN_FAILED);
        ck_assert (i == 2 || has_fault (info, PLUGIN_FAULT_DIGEST, "sha256"));
        plugin_registry_close (r);
        rack_remove (&k);
    }
}
END_TEST

START_TEST (reloads_what_changed)
{
    static const char other[] = "#!/bin/sh\nexit 75\n";
    struct rack k;
    struct plugin_changes changes;
    struct err err = { 0 };
    rack_make (&k, DESCRIPTION);
    struct plugin_registry *r = modules_open (&k.m);
    ck_assert_int_eq (plugin_registry_reload (r, &changes, &err), 0);
    ck_assert_uint_eq (changes.kept, 1);
    modules_conf (&k.m, "acme_rack", "settings = { site = \"there\"; };\n");
    ck_assert_int_eq (plugin_registry_reload (r, &changes, &err), 0);
    ck_assert_uint_eq (changes.configured, 1);
    char *program = fs_join (k.dir, "acme_rack");
    ck_assert_int_eq (fs_write_atomic (program, other, strlen (other), 0755, NULL), 0);
    mem_free (program);
    ck_assert_uint_eq (copies (&k), 1);
    ck_assert_int_eq (plugin_registry_reload (r, &changes, &err), 0);
    ck_assert_uint_eq (changes.taken, 1);
    ck_assert_uint_eq (copies (&k), 2);
    plugin_registry_close (r);
    rack_remove (&k);
}
END_TEST

/* A file is looked at by the name of either half. */
START_TEST (checks_one_file)
{
    struct rack k;
    struct plugin_report report = { 0 };
    struct err err = { 0 };
    rack_make (&k, DESCRIPTION);
    static const char *const names[] = { "acme_rack", "acme_rack.conf" };
    for (size_t i = 0; i < COUNT_OF (names); i++) {
        char *file = fs_join (k.dir, names[i]);
        ck_assert_msg (plugin_check_file (file, false, &report, &err) == 0, "%s", err.message);
        ck_assert_uint_eq (report.info.op_count, 1);
        plugin_report_free (&report);
        mem_free (file);
    }
    rack_mode (&k, "acme_rack", 0602);
    char *file = fs_join (k.dir, "acme_rack");
    ck_assert_int_lt (plugin_check_file (file, false, &report, &err), 0);
    ck_assert_uint_eq (report.info.fault_count, 2);
    plugin_report_free (&report);
    mem_free (file);
    rack_remove (&k);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("exec");
    TCase *tcase = tcase_create ("exec");
    tcase_add_test (tcase, registers_like_a_plugin);
    tcase_add_loop_test (tcase, refuses_wrong_descriptions, 0, COUNT_OF (wrong));
    tcase_add_test (tcase, judges_owner_and_mode);
    tcase_add_test (tcase, obeys_the_allow_list);
    tcase_add_test (tcase, reloads_what_changed);
    tcase_add_test (tcase, checks_one_file);
    suite_add_tcase (suite, tcase);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
