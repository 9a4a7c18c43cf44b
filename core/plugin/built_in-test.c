/* built_in-test: plugins that are linked into the program.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "farrier/sdk.h"
#include "plugin/testdata/modules.h"

static int configured;

static int32_t
configure (void *self, const struct farrier_config *cfg, struct farrier_error *err)
{
    (void) self;
    (void) err;
    configured = (int) farrier_config_i64 (cfg, "many");
    return FARRIER_OK;
}

static int32_t
start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    (void) step;
    (void) err;
    return FARRIER_DONE;
}

static const struct farrier_param params[] = {
    { .name = "many", .type = FARRIER_PARAM_INTEGER, .default_value = "1", .min = 1, .max = 9,
      .flags = FARRIER_PARAM_RELOADABLE, .help = "how many" },
};

static const struct farrier_op ops[] = {
    { .name = "good.look", .version = 1, .help = "looks", .flags = FARRIER_OP_IDEMPOTENT,
      .start = start },
};

static const struct farrier_plugin good = {
    FARRIER_PLUGIN_PREAMBLE,
    .name = "good",
    .version = "2.0.0",
    .vendor = "test",
    .description = "built in",
    .license = "MIT",
    .params = FARRIER_TABLE (params),
    .ops = FARRIER_TABLE (ops),
    .configure = configure,
};

static const struct farrier_plugin wrong = {
    FARRIER_PLUGIN_PREAMBLE,
    .name = "other",
    .version = "two",
};

static const struct farrier_plugin *
good_entry (void)
{
    return &good;
}

static const struct farrier_plugin *
wrong_entry (void)
{
    return &wrong;
}

static const struct plugin_built_in table[] = {
    { "good", good_entry }, { "wrong", wrong_entry }, { NULL, NULL },
};

static const struct plugin_info *
info_of (struct plugin_registry *r, const char *name)
{
    struct plugin *p = plugin_find (r, name);
    ck_assert_ptr_nonnull (p);
    return plugin_info (p);
}

START_TEST (works_like_a_file)
{
    struct modules m;
    struct err err = { 0 };
    struct farrier_error error;
    struct plugin_changes changes;
    modules_make (&m);
    m.settings.built_ins = table;
    modules_conf (&m, "good", "settings = { many = 3; };\n");
    struct plugin_registry *r = modules_open (&m);
    const struct plugin_info *info = info_of (r, "good");
    ck_assert_int_eq (info->state, PLUGIN_REGISTERED);
    ck_assert_int_eq (info->kind, PLUGIN_KIND_BUILT_IN);
    ck_assert_ptr_null (info->file);
    ck_assert_str_eq (info->version, "2.0.0");
    ck_assert_str_eq (info->abi, FARRIER_ABI_STRING);
    ck_assert_int_eq (configured, 3);
    const struct plugin_op *op = plugin_op_find (r, "good", "good.look", &err);
    ck_assert_ptr_nonnull (op);
    ck_assert_int_eq (plugin_call (op, PLUGIN_CALL_START, NULL, &error), FARRIER_DONE);
    modules_conf (&m, "good", "settings = { many = 4; };\n");
    ck_assert_int_eq (plugin_registry_reload (r, &changes, &err), FARRIER_E_INVALID);
    ck_assert_uint_eq (changes.configured, 1);
    ck_assert_uint_eq (changes.refused, 1);        /* wrong, as before */
    ck_assert_uint_eq (changes.gone, 0);
    ck_assert_int_eq (configured, 4);
    ck_assert_int_eq (info_of (r, "good")->state, PLUGIN_REGISTERED);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

START_TEST (is_judged)
{
    struct modules m;
    modules_make (&m);
    m.settings.built_ins = table;
    struct plugin_registry *r = modules_open (&m);
    const struct plugin_info *info = info_of (r, "wrong");
    ck_assert_int_eq (info->state, PLUGIN_FAILED);
    ck_assert_uint_gt (info->fault_count, 2);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

START_TEST (may_be_switched_off)
{
    struct modules m;
    modules_make (&m);
    m.settings.built_ins = table;
    configured = 0;
    modules_conf (&m, "good", "enabled = false;\n");
    struct plugin_registry *r = modules_open (&m);
    ck_assert_int_eq (info_of (r, "good")->state, PLUGIN_DISABLED);
    ck_assert_int_eq (configured, 0);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

/* The program's own comes first; a folder that nobody made is no fault then. */
START_TEST (comes_before_files)
{
    struct modules m;
    size_t faults = 1;
    const char *dirs[2];
    modules_make (&m);
    modules_put (&m, "good", "good");
    dirs[0] = m.plugins;
    dirs[1] = "/nowhere/plugins";
    m.settings.dirs = dirs;
    m.settings.dir_count = 2;
    m.settings.built_ins = table;
    struct plugin_registry *r = modules_open (&m);
    ck_assert_int_eq (info_of (r, "good")->kind, PLUGIN_KIND_BUILT_IN);
    ck_assert_str_eq (info_of (r, "good")->version, "2.0.0");
    plugin_registry_faults (r, &faults);
    ck_assert_uint_eq (faults, 0);
    plugin_registry_close (r);
    modules_remove (&m);
}
END_TEST

START_TEST (none_in_this_program)
{
    ck_assert_ptr_null (plugin_built_ins[0].name);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        works_like_a_file, is_judged, may_be_switched_off, comes_before_files,
        none_in_this_program, NULL,
    };
    return testing_run ("built_in", tests);
}
