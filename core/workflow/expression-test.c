/* expression-test: tables of expressions with what they give, and of errors with what they say.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "workflow/expression.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static const char context_text[]
    = "{\"inputs\": {\"policy\": \"recommended\", \"skip\": false, \"n\": 3, \"x\": 2.5},"
      " \"host\": {\"vendor\": \"Dell Inc.\", \"name\": \"n1\", \"bios_profile\": null,"
      "            \"labels\": {\"rack\": \"r12\"}},"
      " \"facts\": {\"bios.version\": \"2.19.1\", \"bmc\": {\"version\": \"7.10.30.00\"}},"
      " \"plan\": {\"batches\": [{\"steps\": [1, 2]}, {\"steps\": []}]},"
      " \"job\": {\"needs\": []}, \"true_name\": {\"null\": 5}}";

static json_t *context;

static void
setup (void)
{
    context = json_parse (context_text, sizeof context_text - 1, NULL);
    ck_assert_ptr_nonnull (context);
}

static void
teardown (void)
{
    json_decref (context);
}

static struct expression_scope
scope_of (void)
{
    struct expression_scope scope = { 0 };
    scope.context = context;
    return scope;
}

static const struct {
    const char *text, *wanted;
} values[] = {
    { "1", "1" },
    { "-7", "-7" },
    { "2.5", "2.5" },
    { "true", "true" },
    { "null", "null" },
    { "'it''s'", NULL },
    { "'it\\'s'", "\"it's\"" },
    { "\"a 'b'\"", "\"a 'b'\"" },
    { "[]", "[]" },
    { "[1, 'x', inputs.n]", "[1,\"x\",3]" },
    { "[1,]", "[1]" },
    { "inputs.policy", "\"recommended\"" },
    { " inputs . policy ", "\"recommended\"" },
    { "plan.batches[0].steps[1]", "2" },
    { "plan.batches[ 1 ].steps", "[]" },
    { "facts[\"bios.version\"]", "\"2.19.1\"" },
    { "facts['bmc'].version", "\"7.10.30.00\"" },
    { "true_name.null", "5" },
    { "host.labels", "{\"rack\":\"r12\"}" },
    { "inputs.policy == 'recommended'", "true" },
    { "inputs.policy != 'recommended'", "false" },
    { "inputs.n == 3.0", "true" },
    { "inputs.n < 4 && inputs.x >= 2.5", "true" },
    { "3 > 4", "false" },
    { "4 <= 4", "true" },
    { "9223372036854775807 > 9223372036854775806", "true" },
    { "host.bios_profile == null", "true" },
    { "host.vendor != null", "true" },
    { "plan.batches[1].steps == []", "true" },
    { "!inputs.skip", "true" },
    { "!!inputs.skip", "false" },
    { "!inputs.skip == true", "true" },
    { "true || nothing.here", "true" },
    { "false && nothing.here", "false" },
    { "false || false || true", "true" },
    { "true && true && false", "false" },
    { "false && true || true", "true" },
    { "true || true && false", "true" },
    { "(true || true) && false", "false" },
    { "'r12' in ['r11', 'r12']", "true" },
    { "3 in [1, '3']", "false" },
    { "host.labels.rack in inputs.policy", NULL },
    { "host.vendor matches 'Dell*'", "true" },
    { "host.vendor matches 'dell*'", "false" },
    { "host.name matches 'n[0-9]'", "true" },
    { "version(facts[\"bios.version\"]) < version('2.20')", "true" },
    { "version('1.10') > version('1.9')", "true" },
    { "version('1.2') < version('1.2.1')", "true" },
    { "version('1.2') == version('1.2')", "true" },
    { "defined(plan)", "true" },
    { "defined(plan.batches[7])", "false" },
    { "defined(host.bios_profile)", "false" },
    { "defined(nothing.here[3].at_all)", "false" },
    { "!defined(nothing)", "true" },
    { "count(plan.batches) > 0", "true" },
    { "count(job.needs)", "0" },
    { "count(host.labels)", "1" },
    { "count('abc')", "3" },
    { "defined(plan) && count(plan.batches) > 0", "true" },
    { "infinite", NULL },
};

START_TEST (test_values)
{
    struct expression_scope scope = scope_of ();
    struct err err = { 0 };
    json_t *v = NULL;
    int32_t rc = expression_eval_text (values[_i].text, &scope, &v, &err);
    if (values[_i].wanted == NULL) {
        ck_assert_int_lt (rc, 0);
        ck_assert_ptr_null (v);
        ck_assert_str_ne (err.message, "");
        return;
    }
    ck_assert_msg (rc == 0, "%s: %s", values[_i].text, err.message);
    char *text = json_dumps (v, JSON_ENCODE_ANY | JSON_COMPACT);
    ck_assert_str_eq (text, values[_i].wanted);
    free (text);
    json_decref (v);
}
END_TEST

static const struct {
    const char *text;
    int32_t code;
    const char *message;
} errors[] = {
    { "", FARRIER_E_INVALID, "expected a value, found the end, column 1" },
    { "   ", FARRIER_E_INVALID, "expected a value, found the end, column 4" },
    { "1 +", FARRIER_E_INVALID, "unexpected '+', column 3" },
    { "a = b", FARRIER_E_INVALID, "write '==' instead of '=', column 3" },
    { "a & b", FARRIER_E_INVALID, "write '&&' instead of '&', column 3" },
    { "a | b", FARRIER_E_INVALID, "write '||' instead of '|', column 3" },
    { "(1", FARRIER_E_INVALID, "expected ')', found the end, column 3" },
    { "1)", FARRIER_E_INVALID, "expected an operator, found ')', column 2" },
    { "1 2", FARRIER_E_INVALID, "expected an operator, found '2', column 3" },
    { "'abc", FARRIER_E_INVALID, "the string has no closing ', column 1" },
    { "[1 2]", FARRIER_E_INVALID, "expected ']' or ',', found '2', column 4" },
    { "plan.", FARRIER_E_INVALID, "expected a name after '.', found the end, column 6" },
    { "plan[x]", FARRIER_E_INVALID, "an index is a number from 0 on or a quoted name, column 6" },
    { "plan[-1]", FARRIER_E_INVALID, "an index is a number from 0 on or a quoted name, column 6" },
    { "2.19.1", FARRIER_E_INVALID, "expected an operator, found '.', column 5" },
    { "90m", FARRIER_E_INVALID,
      "a number is followed by a letter; put a version or a duration in quotes, column 1" },
    { "99999999999999999999", FARRIER_E_INVALID,
      "the number 99999999999999999999 is too large, column 1" },
    { "size(plan)", FARRIER_E_INVALID,
      "unknown function 'size'; there are defined, count and version, column 1" },
    { "cuont(plan)", FARRIER_E_INVALID,
      "unknown function 'cuont', did you mean 'count'?, column 1" },
    { "defined(1)", FARRIER_E_INVALID, "defined() asks about a name, column 9" },
    { "in", FARRIER_E_INVALID, "expected a value, found 'in', column 1" },
    { "1 < 2 < 3", FARRIER_E_INVALID,
      "comparisons do not chain; use && or parentheses, column 7" },
    { "version('1')", FARRIER_E_INVALID, "version() compares with version() only, column 1" },
    { "version('1') < '2'", FARRIER_E_INVALID,
      "version() compares with version() only, column 16" },
    { "!version('1')", FARRIER_E_INVALID, "version() compares with version() only, column 2" },
    { "version('1') in ['1']", FARRIER_E_INVALID,
      "version() compares with version() only, column 17" },
    { "caf\xc3\xa9", FARRIER_E_INVALID, "unexpected byte 0xc3, column 4" },
    { "nothing", ERR_NOT_FOUND, "unknown value 'nothing', column 1" },
    { "1 == inputs.polcy", ERR_NOT_FOUND,
      "unknown value 'inputs.polcy' (did you mean 'policy'?), column 6" },
    { "plan.batches[9]", ERR_NOT_FOUND, "unknown value 'plan.batches[9]', column 1" },
    { "inputs.policy.x", ERR_NOT_FOUND, "unknown value 'inputs.policy.x', column 1" },
    { "inputs.policy == 3", FARRIER_E_INVALID, "a string never equals a number, column 15" },
    { "'1.10' < '1.9'", FARRIER_E_INVALID,
      "strings have no order; write version(a) < version(b) for versions, column 8" },
    { "true < false", FARRIER_E_INVALID, "a boolean and a boolean have no order, column 6" },
    { "!inputs.n", FARRIER_E_INVALID, "true or false is wanted, this is a number, column 2" },
    { "inputs.n && true", FARRIER_E_INVALID,
      "true or false is wanted, this is a number, column 1" },
    { "1 in 'abc'", FARRIER_E_INVALID,
      "'in' wants a list on its right, this is a string, column 3" },
    { "1 matches 'x'", FARRIER_E_INVALID,
      "'matches' wants two strings, these are a number and a string, column 3" },
    { "count(3)", FARRIER_E_INVALID,
      "count() wants a list, an object or a string, this is a number, column 1" },
    { "version(3) < version('1')", FARRIER_E_INVALID,
      "version() wants a string, this is a number, column 1" },
};

START_TEST (test_errors)
{
    struct expression_scope scope = scope_of ();
    struct err err = { 0 };
    json_t *v = NULL;
    ck_assert_int_eq (expression_eval_text (errors[_i].text, &scope, &v, &err), errors[_i].code);
    ck_assert_str_eq (err.message, errors[_i].message);
    ck_assert_ptr_null (v);
}
END_TEST

static char *
repeated (const char *before, const char *middle, const char *after, int n)
{
    struct buf b = { 0 };
    for (int i = 0; i < n; i++) {
        buf_puts (&b, before);
    }
    buf_puts (&b, middle);
    for (int i = 0; i < n; i++) {
        buf_puts (&b, after);
    }
    return buf_steal (&b);
}

static const struct {
    const char *before, *middle, *after;
    int fits, breaks;
    const char *message;
} bounds[] = {
    { "(", "true", ")", 31, 32, "nested deeper than 32" },
    { "!", "true", "", 30, 32, "nested deeper than 32" },
    { "count([", "1", "])", 1, 32, "nested deeper than 32" },
    { "", "1", "&&1", 500, 520, "more than 512 terms" },
    { "", "1", "||1", 500, 1000, "more than 512 terms" },
    { " ", "true", " ", 2000, 2100, "the limit is 4096" },
};

START_TEST (test_bounds)
{
    struct expression *e = NULL;
    struct err err = { 0 };
    char *text = repeated (bounds[_i].before, bounds[_i].middle, bounds[_i].after, bounds[_i].fits);
    ck_assert_msg (expression_parse (text, &e, &err) == 0, "%s", err.message);
    expression_free (e);
    mem_free (text);
    e = NULL;
    text = repeated (bounds[_i].before, bounds[_i].middle, bounds[_i].after, bounds[_i].breaks);
    ck_assert_int_eq (expression_parse (text, &e, &err), FARRIER_E_INVALID);
    ck_assert_ptr_nonnull (strstr (err.message, bounds[_i].message));
    ck_assert_ptr_null (e);
    mem_free (text);
}
END_TEST

static const struct {
    const char *text, *wanted, *message;
} templates[] = {
    { "plain", "\"plain\"", NULL },
    { "", "\"\"", NULL },
    { "${inputs.n}", "3", NULL },
    { "${inputs.skip}", "false", NULL },
    { "${plan.batches[0].steps}", "[1,2]", NULL },
    { "${host.bios_profile}", "null", NULL },
    { "${ host.name }", "\"n1\"", NULL },
    { "on ${host.name}: ${inputs.n} of ${count(plan.batches)}", "\"on n1: 3 of 2\"", NULL },
    { "${host.name}${host.name}", "\"n1n1\"", NULL },
    { "skip=${inputs.skip} x=${inputs.x}", "\"skip=false x=2.5\"", NULL },
    { "$${host.name}", "\"${host.name}\"", NULL },
    { "a$${b}${host.name}", "\"a${b}n1\"", NULL },
    { "$5 and $", "\"$5 and $\"", NULL },
    { "${'}'}", "\"}\"", NULL },
    { "${\"a\\\"}\"}", "\"a\\\"}\"", NULL },
    { "x ${host.bios_profile}", NULL, "${host.bios_profile} is null: it can't be put in a text" },
    { "x ${plan.batches}", NULL, "${plan.batches} is a list: it can't be put in a text" },
    { "x ${host}", NULL, "${host} is an object: it can't be put in a text" },
    { "x ${host.name", NULL, "'${' has no closing '}', column 3" },
    { "abc ${hots.name}", NULL, "unknown value 'hots.name' (did you mean 'host'?), column 7" },
    { "${}", NULL, "expected a value, found the end, column 3" },
};

START_TEST (test_templates)
{
    struct expression_scope scope = scope_of ();
    struct err err = { 0 };
    json_t *v = NULL;
    int32_t rc = expression_expand (templates[_i].text, &scope, &v, &err);
    if (templates[_i].wanted == NULL) {
        ck_assert_int_lt (rc, 0);
        ck_assert_str_eq (err.message, templates[_i].message);
        return;
    }
    ck_assert_msg (rc == 0, "%s: %s", templates[_i].text, err.message);
    char *text = json_dumps (v, JSON_ENCODE_ANY | JSON_COMPACT);
    ck_assert_str_eq (text, templates[_i].wanted);
    free (text);
    json_decref (v);
}
END_TEST

START_TEST (test_one_template)
{
    ck_assert (expression_is_one_template ("${a}"));
    ck_assert (!expression_is_one_template ("${a} "));
    ck_assert (!expression_is_one_template ("${a}${b}"));
    ck_assert (!expression_is_one_template ("a"));
    ck_assert (!expression_is_one_template ("$${a}"));
    ck_assert (expression_has_template ("a ${b}"));
    ck_assert (!expression_has_template ("a $${b}"));
    ck_assert (!expression_has_template ("a $ {b}"));
}
END_TEST

START_TEST (test_bindings_hide_the_context)
{
    json_t *one = json_string ("one"), *two = json_string ("two");
    struct expression_binding bindings[] = { { "host", one }, { "item", one }, { "item", two } };
    struct expression_scope scope = scope_of ();
    scope.bindings = bindings;
    scope.binding_count = 3;
    json_t *v = NULL;
    ck_assert_int_eq (expression_eval_text ("item == 'two' && host == 'one'", &scope, &v, NULL), 0);
    ck_assert (json_is_true (v));
    json_decref (v);
    json_decref (one);
    json_decref (two);
}
END_TEST

static int32_t
compare_backwards (void *arg, const char *a, const char *b)
{
    ++*(int *) arg;
    return str_eq (a, "odd") ? 2 : -expression_compare_general (NULL, a, b);
}

START_TEST (test_versions_by_callback)
{
    int calls = 0;
    struct expression_scope scope = scope_of ();
    scope.compare_versions = compare_backwards;
    scope.compare_arg = &calls;
    bool truth = false;
    struct err err = { 0 };
    ck_assert_int_eq (expression_eval_bool ("version('1') > version('2')", &scope, &truth, NULL),
                      0);
    ck_assert (truth);
    ck_assert_int_eq (calls, 1);
    ck_assert_int_eq (expression_eval_bool ("version('odd') == version('2')", &scope, &truth, &err),
                      FARRIER_E_INVALID);
    ck_assert_str_eq (err.message, "versions 'odd' and '2' have no known order, column 16");
}
END_TEST

START_TEST (test_undecided_keeps_the_text)
{
    bool undecided = false;
    struct expression_scope scope = scope_of ();
    scope.undecided = &undecided;
    json_t *in = json_pack ("{s:s, s:[s]}", "a", "${host.name}", "b", "${later.x} of ${host.name}");
    json_t *out = NULL;
    ck_assert_int_eq (expression_expand_all (in, &scope, &out, NULL), 0);
    ck_assert (undecided);
    ck_assert_str_eq (json_str (out, "/a"), "n1");
    ck_assert_str_eq (json_str (out, "/b/0"), "${later.x} of ${host.name}");
    json_decref (in);
    json_decref (out);
}
END_TEST

static void
collect (void *arg, const struct expression_name *name)
{
    buf_printf (arg, "%s|%s|%s|%d%s;", name->path, name->root,
                name->member == NULL ? "-" : name->member, name->column,
                name->in_defined ? "?" : "");
}

START_TEST (test_names)
{
    struct buf b = { 0 };
    struct err err = { 0 };
    ck_assert_int_eq (expression_template_names ("a ${defined(x.y) && z[0].k == q} ${w}", collect,
                                                 &b, &err), 0);
    ck_assert_str_eq (b.data, "x.y|x|y|13?;z[0].k|z|-|21;q|q|-|31;w|w|-|36;");
    buf_clear (&b);
    ck_assert_int_lt (expression_template_names ("${w} ${1 +}", collect, &b, &err), 0);
    ck_assert_str_eq (b.data, "w|w|-|3;");
    ck_assert_str_eq (err.message, "unexpected '+', column 10");
    buf_free (&b);
}
END_TEST

int
main (void)
{
    Suite *s = suite_create ("expression");
    TCase *t = tcase_create ("expression");
    tcase_add_checked_fixture (t, setup, teardown);
    tcase_add_loop_test (t, test_values, 0, sizeof values / sizeof values[0]);
    tcase_add_loop_test (t, test_errors, 0, sizeof errors / sizeof errors[0]);
    tcase_add_loop_test (t, test_bounds, 0, sizeof bounds / sizeof bounds[0]);
    tcase_add_loop_test (t, test_templates, 0, sizeof templates / sizeof templates[0]);
    tcase_add_test (t, test_one_template);
    tcase_add_test (t, test_bindings_hide_the_context);
    tcase_add_test (t, test_versions_by_callback);
    tcase_add_test (t, test_undecided_keeps_the_text);
    tcase_add_test (t, test_names);
    suite_add_tcase (s, t);
    SRunner *r = srunner_create (s);
    srunner_run_all (r, CK_ENV);
    int failed = srunner_ntests_failed (r);
    srunner_free (r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
