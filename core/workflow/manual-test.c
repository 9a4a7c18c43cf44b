/* manual-test: farrier-workflow(5) tells the truth: its examples are clean, and it names every key,
 * action and parameter.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/testing.h"
#include "plugin/plugin.h"
#include "workflow/check.h"
#include "workflow/expression.h"

#define MANUAL TEST_SRCDIR "/docs/farrier-workflow.5.scd"

static struct buf manual;

static void
setup (void)
{
    struct err err = { 0 };
    ck_assert_msg (fs_read (MANUAL, 1 << 20, &manual, &err) == 0, "%s", err.message);
}

static void
teardown (void)
{
    buf_free (&manual);
}

/* The text between the n-th pair of lines "```"; heap; NULL behind the last. */
static char *
example (size_t n)
{
    const char *at = manual.data;
    for (size_t i = 0; ; i++) {
        const char *begin = strstr (at, "\n```\n");
        const char *end = begin == NULL ? NULL : strstr (begin + 5, "\n```\n");
        if (end == NULL) {
            return NULL;
        }
        if (i == n) {
            return str_ndup (begin + 5, (size_t) (end - begin - 5));
        }
        at = end + 4;
    }
}

static void
check_text (const char *text)
{
    struct vec findings = { 0 };
    workflow_check_text (text, strlen (text), "example.conf", NULL, NULL, &findings);
    if (findings.count > 0) {
        ck_abort_msg ("%s\n%s", text, workflow_finding_text (vec_at (&findings, 0)));
    }
}

static void
check_expressions (const char *text)
{
    size_t count = 0;
    char **lines = str_split (text, '\n', &count);
    for (size_t i = 0; i < count; i++) {
        struct expression *e = NULL;
        struct err err = { 0 };
        ck_assert_msg (expression_parse (lines[i], &e, &err) == 0, "%s: %s", lines[i], err.message);
        expression_free (e);
    }
    str_free_all (lines, count);
}

#define AROUND "workflow = { name = \"t\"; inputs = ( { name = \"image\"; } ); phases = ( "

START_TEST (test_examples)
{
    size_t n = 0, files = 0, phases = 0, steps = 0, expressions = 0;
    for (char *text; (text = example (n)) != NULL; n++) {
        char *whole = NULL;
        if (str_starts (text, "workflow = {")) {
            whole = str_dup (text);
            files++;
        } else if (str_starts (text, "{ name")) {
            whole = str_printf (AROUND "%s ); };", text);
            phases++;
        } else if (str_starts (text, "{ action")) {
            whole = str_printf (AROUND "{ name = \"a\"; steps = ( %s ); } ); };", text);
            steps++;
        } else {
            check_expressions (text);
            expressions++;
        }
        if (whole != NULL) {
            check_text (whole);
        }
        mem_free (whole);
        mem_free (text);
    }
    ck_assert_uint_ge (files, 1);
    ck_assert_uint_ge (phases, 1);
    ck_assert_uint_ge (steps, 2);
    ck_assert_uint_ge (expressions, 1);
}
END_TEST

/* "*word*" stands between from and to (headings). */
static void
check_named (const char *from, const char *to, const char *word)
{
    char *heading = str_printf ("\n# %s\n", from), *next = str_printf ("\n# %s\n", to);
    const char *begin = strstr (manual.data, heading), *end = strstr (manual.data, next);
    ck_assert_msg (begin != NULL && end != NULL && begin < end, "sections %s, %s", from, to);
    char *section = str_ndup (begin, (size_t) (end - begin));
    char *marked = str_printf ("*%s*", word);
    ck_assert_msg (strstr (section, marked) != NULL, "%s is not told of in %s", word, from);
    mem_free (marked);
    mem_free (section);
    mem_free (heading);
    mem_free (next);
}

static const struct {
    const char *from, *to, *words[12];
} keys[] = {
    { "THE WORKFLOW", "INPUTS",
      { "name", "version", "summary", "inputs", "defaults", "phases", "finally" } },
    { "INPUTS", "PHASES", { "name", "type", "values", "default", "help" } },
    { "PHASES", "STEPS", { "name", "summary", "weight", "when", "for_each", "as", "steps",
                           "on_failure", "finally", "parallel" } },
    { "STEPS", "RETRY", { "action", "when", "for_each", "as", "timeout", "retry", "save",
                          "on_unsupported", "on_failure", "component", "image" } },
    { "RETRY", "FAILURE", { "attempts", "backoff", "initial", "max", "on", "before", "attempt" } },
    { "FAILURE", "ACTIONS", { "when", "then", "else" } },
    { "CONTEXT", "FILES", { "inputs", "host", "facts", "plan", "job" } },
};

START_TEST (test_keys)
{
    for (size_t i = 0; keys[_i].words[i] != NULL; i++) {
        check_named (keys[_i].from, keys[_i].to, keys[_i].words[i]);
    }
}
END_TEST

START_TEST (test_actions)
{
    for (size_t n = 0; workflow_action_at (n) != NULL; n++) {
        const struct workflow_action *action = workflow_action_at (n);
        struct farrier_param param;
        check_named ("ACTIONS", "EXPRESSIONS", action->name);
        for (size_t i = 0; plugin_param_at (&action->params, i, &param); i++) {
            check_named ("ACTIONS", "EXPRESSIONS", param.name);
        }
    }
    for (size_t i = 0; plugin_standard_ops[i] != NULL; i++) {
        check_named ("ACTIONS", "EXPRESSIONS", plugin_standard_ops[i]);
    }
}
END_TEST

int
main (void)
{
    Suite *s = suite_create ("manual");
    TCase *t = tcase_create ("manual");
    tcase_add_checked_fixture (t, setup, teardown);
    tcase_add_test (t, test_examples);
    tcase_add_loop_test (t, test_keys, 0, COUNT_OF (keys));
    tcase_add_test (t, test_actions);
    suite_add_tcase (s, t);
    SRunner *r = srunner_create (s);
    srunner_run_all (r, CK_ENV);
    int failed = srunner_ntests_failed (r);
    srunner_free (r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
