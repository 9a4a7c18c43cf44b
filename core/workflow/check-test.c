/* check-test: what the checker finds, with its line; and that the shipped workflows are clean.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "workflow/check.h"

#include <string.h>

#include "base/testing.h"
#include "plugin/plugin.h"
#include "workflow/parse.h"

/* --- two plugins, as a table ----------------------------------------------------------------- */

static const struct farrier_param install_params[] = {
    { .name = "apply_time", .type = FARRIER_PARAM_ENUM, .enum_values = "auto|immediate|on_reset",
      .default_value = "auto" },
    { .name = "chunk", .type = FARRIER_PARAM_SIZE },
    { .name = "slots", .type = FARRIER_PARAM_INTEGER, .min = 1, .max = 4 },
    { .name = "force", .type = FARRIER_PARAM_BOOL },
};
static const struct farrier_param bios_params[] = {
    { .name = "profile", .type = FARRIER_PARAM_STRING, .flags = FARRIER_PARAM_REQUIRED },
    { .name = "facts", .type = FARRIER_PARAM_JSON },
};
static const struct farrier_param health_params[] = {
    { .name = "compare", .type = FARRIER_PARAM_JSON },
};

#define TABLE(t) .params = { .items = (t), .count = COUNT_OF (t), \
                             .stride = sizeof (struct farrier_param) }
#define READS FARRIER_OP_IDEMPOTENT | FARRIER_OP_DRY_RUN_OK

static const struct {
    const char *plugin;
    struct farrier_op op;
} table[] = {
    { "generic_redfish", { .name = "identify", .flags = READS } },
    { "generic_redfish", { .name = "inventory", .flags = READS } },
    { "generic_redfish", { .name = "health", .flags = READS, TABLE (health_params) } },
    { "generic_redfish", { .name = "firmware.install", TABLE (install_params),
                           .flags = FARRIER_OP_NEEDS_COMPONENT | FARRIER_OP_NEEDS_IMAGE
                                    | FARRIER_OP_DESTRUCTIVE } },
    { "dell_dup", { .name = "firmware.install",
                    .flags = FARRIER_OP_NEEDS_COMPONENT | FARRIER_OP_NEEDS_IMAGE } },
    { "generic_redfish", { .name = "firmware.activate" } },
    { "generic_redfish", { .name = "bmc.reset" } },
    { "generic_redfish", { .name = "bios.set", TABLE (bios_params) } },
    { "dell_dup", { .name = "dell_dup.clean" } },
};

static const struct farrier_op *
find (void *arg, const char *plugin, const char *op, size_t i)
{
    (void) arg;
    for (size_t k = 0; k < COUNT_OF (table); k++) {
        if (str_eq (table[k].op.name, op)
            && (plugin == NULL || str_eq (plugin, table[k].plugin)) && i-- == 0) {
            return &table[k].op;
        }
    }
    return NULL;
}

static bool
has_plugin (void *arg, const char *plugin)
{
    (void) arg;
    return str_eq (plugin, "generic_redfish") || str_eq (plugin, "dell_dup");
}

static void
op_names (void *arg, struct vec *ret)
{
    (void) arg;
    for (size_t k = 0; k < COUNT_OF (table); k++) {
        vec_push (ret, (void *) table[k].op.name);
    }
}

static void
plugin_names (void *arg, struct vec *ret)
{
    (void) arg;
    vec_push (ret, (void *) "generic_redfish");
    vec_push (ret, (void *) "dell_dup");
}

static const struct workflow_ops ops = { NULL, find, has_plugin, op_names, plugin_names, NULL };

static char *
check (const char *text, const struct workflow_ops *with, const struct workflow_policy *policy)
{
    struct vec findings = { 0 };
    struct buf b = { 0 };
    workflow_check_text (text, strlen (text), "t.conf", with, policy, &findings);
    for (size_t i = 0; i < findings.count; i++) {
        char *line = workflow_finding_text (vec_at (&findings, i));
        buf_printf (&b, "%s\n", line);
        mem_free (line);
    }
    workflow_findings_free (&findings);
    return buf_steal (&b);
}

/* --- findings -------------------------------------------------------------------------------- */

/* Line 3 is the first step. */
#define STEPS(text) \
    "workflow = { name = \"t\"; inputs = ( { name = \"policy\"; default = \"x\"; } );\n" \
    "  phases = ( { name = \"a\"; for_each = \"plan.batches\"; as = \"batch\"; steps = (\n" \
    text "\n  ); } ); };\n"
#define INSTALL "{ action = \"firmware.install\"; component = \"BIOS\"; image = \"i\"; "

static const struct {
    const char *text, *findings;
} cases[] = {
    /* actions */
    { STEPS ("{ action = \"inventory\"; }"), "" },
    { STEPS ("{ action = \"inventroy\"; }"),
      "t.conf:3: unknown action 'inventroy', did you mean 'inventory'?\n" },
    { STEPS ("{ action = \"zzz\"; }"), "t.conf:3: unknown action 'zzz'\n" },
    { STEPS ("{ timeout = \"5m\";\n action = \"await_setled\"; }"),
      "t.conf:4: unknown action 'await_setled', did you mean 'await_settled'?\n" },
    { STEPS ("{ action = \"ready\"; }"),
      "t.conf:3: warning: no loaded plugin has the op 'ready'\n" },
    { STEPS ("{ action = \"ready\"; on_unsupported = \"skip\"; }"), "" },
    { STEPS ("{ action = \"dell_dup:inventory\"; }"),
      "t.conf:3: plugin 'dell_dup' has no op 'inventory'\n" },
    { STEPS ("{ action = \"dell_dpu:firmware.install\"; }"),
      "t.conf:3: unknown plugin 'dell_dpu', did you mean 'dell_dup'?\n" },
    { STEPS ("{ action = \"dell_dup:dell_dup.clena\"; }"),
      "t.conf:3: plugin 'dell_dup' has no op 'dell_dup.clena', did you mean 'dell_dup.clean'?\n" },
    { STEPS ("{ action = \"dell_dup.clean\"; }"), "" },
    { STEPS ("{ action = \"window\"; }"),
      "t.conf:3: action 'window' comes with a later version\n" },
    { STEPS ("{ action = \"workflow\"; name = \"x\"; }"),
      "t.conf:3: action 'workflow' comes with a later version\n" },
    /* parameters */
    { STEPS (INSTALL "retrys = 3; }"),
      "t.conf:3: unknown key 'retrys', did you mean 'retry'?\n" },
    { STEPS (INSTALL "\n aply_time = \"auto\"; }"),
      "t.conf:4: unknown key 'aply_time', did you mean 'apply_time'?\n" },
    { STEPS (INSTALL "apply_time = \"immediate\"; chunk = \"1MiB\"; slots = 2; force = true; "
      "}"), "" },
    { STEPS (INSTALL "apply_time = \"${inputs.policy}\"; slots = \"${inputs.policy}\"; }"), "" },
    { STEPS (INSTALL "slots = \"1${inputs.policy}\"; }"),
      "t.conf:3: firmware.install: parameter 'slots' becomes a string; write exactly one ${…} to "
      "keep a value's type\n" },
    { STEPS ("{ action = \"firmware.install\"; component = \"BIOS\"; }"),
      "t.conf:3: firmware.install: parameter 'image' is missing\n" },
    { STEPS ("{ action = \"firmware.install\"; }"),
      "t.conf:3: firmware.install: parameter 'component' is missing\n"
      "t.conf:3: firmware.install: parameter 'image' is missing\n" },
    { STEPS ("{ action = \"bios.set\"; }"),
      "t.conf:3: bios.set: parameter 'profile' (string) is missing\n" },
    { STEPS ("{ action = \"bios.set\"; profile = \"x\"; facts = { a = 1; }; }"), "" },
    { STEPS ("{ action = \"bios.set\";\n profile = 3; }"),
      "t.conf:4: bios.set: parameter 'profile' is 3, must be a string\n" },
    { STEPS ("{ action = \"generic_redfish:firmware.install\"; component = \"B\"; image = \"i\";"
             " slots = 9; }"),
      "t.conf:3: generic_redfish:firmware.install: parameter 'slots' is 9, must be between 1 and "
      "4\n" },
    { STEPS ("{ action = \"await_settled\"; good_reads = 0;\n interval = \"30\"; }"),
      "t.conf:3: await_settled: parameter 'good_reads' is 0, must be between 1 and 100\n"
      "t.conf:4: await_settled: parameter 'interval' is \"30\", must be a duration; write a "
      "duration with its unit, in quotes: \"90s\", \"15m\"\n" },
    { STEPS ("{ action = \"wait\"; }"),
      "t.conf:3: wait: parameter 'duration' (duration) is missing\n" },
    { STEPS ("{ action = \"wait\"; duration = \"5s\"; durations = 3; }"),
      "t.conf:3: unknown key 'durations', did you mean 'duration'?\n" },
    { STEPS ("{ action = \"verify\"; component = \"x\"; }"),
      "t.conf:3: unknown key 'component'\n" },
    { STEPS ("{ action = \"http\"; url = \"https://a/\"; method = \"FETCH\"; }"),
      "t.conf:3: http: parameter 'method' is \"FETCH\", must be one of "
      "GET|HEAD|POST|PUT|PATCH|DELETE; did you mean \"PATCH\"?\n" },
    { STEPS (INSTALL "retry = { attempts = 3;\n before = ( { action = \"bmc.rest\"; } ); }; }"),
      "t.conf:4: unknown action 'bmc.rest', did you mean 'bmc.reset'?\n" },
    { STEPS (INSTALL "retry = { attempts = 3;\n before = ( { action = \"bmc.reset\";\n"
             " atempt = 2; } ); }; }"),
      "t.conf:5: unknown key 'atempt', did you mean 'attempt'?\n" },
    /* names */
    { STEPS (INSTALL "when = \"inputs.policy == 'x' && batch.n > facts.n\"; }"), "" },
    { STEPS (INSTALL "when = \"inputs.polcy == 'x'\"; }"),
      "t.conf:3: when: unknown input 'polcy', did you mean 'policy'?\n" },
    { STEPS (INSTALL "\n when = \"item.x\"; }"), "t.conf:4: when: unknown name 'item'\n" },
    { STEPS (INSTALL "for_each = \"btach.steps\"; }"),
      "t.conf:3: for_each: unknown name 'btach', did you mean 'batch'?\n" },
    { STEPS (INSTALL "for_each = \"batch.steps\"; when = \"item.x\"; apply_time = \"${item.y}\"; "
      "}"),
      "" },
    { STEPS (INSTALL "for_each = \"batch.steps\"; as = \"batch\"; }"),
      "t.conf:3: the step's loop hides 'batch' of the phase's: give one of them another name with "
      "as\n" },
    { STEPS (INSTALL "apply_time = \"${hots.x}\"; }"),
      "t.conf:3: ${…}: unknown name 'hots', did you mean 'host'?\n" },
    { STEPS ("{ action = \"bios.set\"; profile = \"p\";\n facts = { a = (\n \"${nope.x}\" ); }; }"),
      "t.conf:5: ${…}: unknown name 'nope'\n" },
    { STEPS (INSTALL "when = \"failed.code == 'X'\"; }"),
      "t.conf:3: when: 'failed' is known in on_failure and in finally only\n" },
    { STEPS (INSTALL "on_failure = { when = \"failed.x && batch.y\"; then = \"continue\"; }; "
      "}"), "" },
    { STEPS (INSTALL "on_failure = { when = \"faild.x\"; then = \"continue\"; }; }"),
      "t.conf:3: on_failure: unknown name 'faild', did you mean 'failed'?\n" },
    /* saved */
    { STEPS ("{ action = \"health\"; save = \"h\"; },\n{ action = \"health\"; compare = "
      "\"${h}\"; }"),
      "" },
    { STEPS ("{ action = \"health\"; compare = \"${h}\"; },\n{ action = \"health\"; save = "
      "\"h\"; }"),
      "t.conf:3: ${…}: 'h' is used before it is saved (line 4)\n" },
    { STEPS ("{ action = \"health\"; compare = \"${h}\"; save = \"h\"; }"),
      "t.conf:3: ${…}: 'h' is used before it is saved (line 3)\n" },
    { STEPS ("{ action = \"health\"; when = \"!defined(h)\"; save = \"h\"; }"), "" },
    { STEPS ("{ action = \"set\"; name = \"h\"; value = 3; },\n"
             "{ action = \"health\"; compare = \"${h}\"; }"), "" },
    { STEPS ("{ action = \"set\";\n name = \"plan\"; value = 3; }"),
      "t.conf:4: set: name = \"plan\": this name is the core's own, take another\n" },
    { STEPS ("{ action = \"set\";\n name = \"A b\"; value = 3; }"),
      "t.conf:4: set: name = \"A b\" is no name: use a-z, 0-9 and _, a letter first\n" },
    { STEPS ("{ action = \"wait\"; duration = \"5s\";\n save = \"w\"; }"),
      "t.conf:4: warning: action 'wait' has no result to save\n" },
    /* form and content at once, sorted */
    { STEPS ("{ action = \"inventroy\"; },\n{ action = \"wait\"; duration = \"5s\"; timeout = 3; "
      "}"),
      "t.conf:3: unknown action 'inventroy', did you mean 'inventory'?\n"
      "t.conf:4: key 'timeout' must be a duration in quotes, like \"30s\" or \"1h30m\", but is "
      "3\n" },
};

START_TEST (test_findings)
{
    char *got = check (cases[_i].text, &ops, NULL);
    ck_assert_msg (str_eq (got, cases[_i].findings), "\n%s\n got:    %s\n wanted: %s",
                   cases[_i].text, got, cases[_i].findings);
    mem_free (got);
}
END_TEST

/* Phases begin at line 2, one a line. */
#define PHASES(text) "workflow = { name = \"t\"; phases = (\n" text "\n); };\n"
#define P(name, rest) "{ name = \"" name "\"; " rest " steps = ( { action = \"inventory\"; } ); }"
#define FAILS(name, rest) "{ name = \"" name "\"; " rest \
    " steps = ( { action = \"fail\"; message = \"m\"; } ); }"

static const struct {
    const char *text, *findings;
} reach[] = {
    { PHASES (P ("a", "") ",\n" P ("b", "")), "" },
    { PHASES (P ("a", "when = \"false\";")),
      "t.conf:2: phase 'a' is never reached: its when is false\n" },
    { PHASES (P ("a", "when = \"1 == 2\";")),
      "t.conf:2: phase 'a' is never reached: its when is false\n" },
    { PHASES (P ("a", "when = \"host.x == 2\";")), "" },
    { PHASES (FAILS ("a", "") ",\n" P ("b", "")),
      "t.conf:3: phase 'b' is never reached: a phase ahead of it always fails\n" },
    { PHASES (FAILS ("a", "when = \"host.x\";") ",\n" P ("b", "")), "" },
    { PHASES (FAILS ("a", "on_failure = \"continue\";") ",\n" P ("b", "")), "" },
    { PHASES (P ("a", "on_failure = \"goto c\";") ",\n" FAILS ("b", "") ",\n" P ("c", "")), "" },
    { PHASES (P ("a", "on_failure = \"goto c\";") ",\n" FAILS ("b", "") ",\n" FAILS ("c", "") ",\n"
              P ("d", "")),
      "t.conf:5: phase 'd' is never reached: a phase ahead of it always fails\n" },
    { PHASES ("{ name = \"a\"; for_each = \"rows.x\"; steps = ( { action = \"inventory\"; } ); }"),
      "t.conf:2: for_each: unknown name 'rows'\n" },
    { PHASES (P ("a", "finally = ( { action = \"notify\"; message = \"${failed.code}\"; } );")),
      "" },
};

START_TEST (test_reach)
{
    char *got = check (reach[_i].text, &ops, NULL);
    ck_assert_msg (str_eq (got, reach[_i].findings), "\n%s\n got:    %s\n wanted: %s",
                   reach[_i].text, got, reach[_i].findings);
    mem_free (got);
}
END_TEST

static const struct {
    const char *text, *findings;
} gated[] = {
    { STEPS (INSTALL "}"), "t.conf:3: firmware.install may leave the host unusable: policy demands "
      "an 'approve' or 'window' step ahead of it\n" },
    { STEPS ("{ action = \"approve\"; message = \"go?\"; }, " INSTALL "}"), "" },
    { STEPS ("{ action = \"approve\"; message = \"go?\"; when = \"batch.x\"; },\n" INSTALL "}"),
      "t.conf:4: firmware.install may leave the host unusable: policy demands an 'approve' or "
      "'window' step ahead of it\n" },
    { STEPS ("{ action = \"dell_dup:firmware.install\"; component = \"B\"; image = \"i\"; }"), "" },
};

START_TEST (test_policy)
{
    static const struct workflow_policy policy = { .destructive_needs_approval = true };
    char *got = check (gated[_i].text, &ops, &policy);
    ck_assert_str_eq (got, gated[_i].findings);
    mem_free (got);
}
END_TEST

START_TEST (test_without_plugins)
{
    char *got = check (STEPS ("{ action = \"acme.blink\"; }, { action = \"wait\"; }"), NULL, NULL);
    ck_assert_str_eq (got, "t.conf:3: wait: parameter 'duration' (duration) is missing\n");
    mem_free (got);
}
END_TEST

/* --- what is shipped ------------------------------------------------------------------------- */

START_TEST (test_shipped)
{
    struct vec workflows = { 0 }, findings = { 0 };
    ck_assert_int_eq (workflow_load_dir (TEST_SRCDIR "/conf.d/workflows", &workflows, &findings,
                                         NULL), 0);
    ck_assert_uint_ge (workflows.count, 3);
    for (size_t i = 0; i < workflows.count; i++) {
        struct workflow *w = vec_at (&workflows, i);
        workflow_check (w, &ops, NULL, &findings);
        ck_assert_int_eq (workflow_changes_host (w, &ops), !str_eq (w->name, "inventory"));
        workflow_unref (w);
    }
    for (size_t i = 0; i < findings.count; i++) {
        ck_abort_msg ("%s", workflow_finding_text (vec_at (&findings, i)));
    }
    vec_free (&workflows);
}
END_TEST

/* What a job may only read holds no host: a change that is missed here meets another job's. */
static const struct {
    const char *text;
    bool changes;
} changing[] = {
    { STEPS ("{ action = \"inventory\"; }, { action = \"verify\"; }"), false },
    { STEPS ("{ action = \"firmware.activate\"; }"), true },
    { STEPS ("{ action = \"acme.blink\"; }"), true },
    { STEPS ("{ action = \"inventory\";\n"
             "retry = { attempts = 2; before = ( { action = \"bmc.reset\"; } ); }; }"), true },
    { STEPS ("{ action = \"verify\";\n"
             "retry = { attempts = 2; before = ( { action = \"bmc.reset\"; } ); }; }"), true },
};

START_TEST (test_changes)
{
    struct vec findings = { 0 };
    struct workflow *w = NULL;
    struct err err = { 0 };
    const char *text = changing[_i].text;
    ck_assert_msg (workflow_parse (text, strlen (text), "t.conf", &w, &findings, &err) == 0, "%s",
                   err.message);
    ck_assert_int_eq (workflow_changes_host (w, &ops), changing[_i].changes);
    workflow_unref (w);
    workflow_findings_free (&findings);
}
END_TEST

START_TEST (test_actions)
{
    size_t n = 0;
    for (; workflow_action_at (n) != NULL; n++) {
        const struct workflow_action *action = workflow_action_at (n);
        struct farrier_param param;
        ck_assert_ptr_eq (workflow_action_find (action->name), action);
        ck_assert (!str_empty (action->help));
        ck_assert_msg (!plugin_is_standard_op (action->name), "%s", action->name);
        for (size_t i = 0; plugin_param_at (&action->params, i, &param); i++) {
            ck_assert (!str_empty (param.help));
        }
    }
    ck_assert_uint_eq (n, 13);
    ck_assert_ptr_null (workflow_action_find ("inventory"));
}
END_TEST

int
main (void)
{
    Suite *s = suite_create ("check");
    TCase *t = tcase_create ("check");
    tcase_add_loop_test (t, test_findings, 0, COUNT_OF (cases));
    tcase_add_loop_test (t, test_reach, 0, COUNT_OF (reach));
    tcase_add_loop_test (t, test_policy, 0, COUNT_OF (gated));
    tcase_add_test (t, test_without_plugins);
    tcase_add_test (t, test_shipped);
    tcase_add_loop_test (t, test_changes, 0, COUNT_OF (changing));
    tcase_add_test (t, test_actions);
    suite_add_tcase (s, t);
    SRunner *r = srunner_create (s);
    srunner_run_all (r, CK_ENV);
    int failed = srunner_ntests_failed (r);
    srunner_free (r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
