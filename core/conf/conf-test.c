/* Tests of conf.h: typed getters, unknown keys, the raw tree.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "conf/conf.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/testing.h"

static struct vec findings;

static struct conf *
load (const char *text)
{
    struct err err = { 0 };
    struct conf *c = NULL;
    int32_t rc = conf_load_text (text, strlen (text), "t", &findings, &c, &err);

    ck_assert_msg (rc == 0, "%s", err.message);
    return c;
}

static void
expect (struct conf *c, const char *expected)
{
    struct buf b = { 0 };

    ck_assert_uint_eq (conf_finding_count (c), findings.count);
    for (size_t i = 0; i < findings.count; i++) {
        char *line = conf_finding_text (findings.items[i]);

        buf_printf (&b, "%s%s", i > 0 ? "\n" : "", line);
        mem_free (line);
    }
    buf_reserve (&b, 0);
    ck_assert_str_eq (b.data, expected);
    conf_findings_free (&findings);
    conf_free (c);
    buf_free (&b);
}

START_TEST (values_that_fit)
{
    static const char *const colours[] = { "red", "green" };
    struct conf *c = load ("s = \"x\"; b = true; n = 7; big = 5000000000L; f = 1.5; d = "
        "\"1h30m\";\n"
                           "z = \"64MiB\"; zn = 512; e = \"green\"; l = [ \"p\", \"q\" ]; one = "
                           "\"r\";\n"
                           "mixed = ( \"s\" ); g = { inner = 1; }; gs = ( { a = 1; }, { a = 2; } "
                           ");");
    struct conf_at root = conf_root (c), absent = conf_group (root, "absent");
    struct vec words = { 0 };

    ck_assert_str_eq (conf_string (root, "s", "no"), "x");
    ck_assert (conf_bool (root, "b", false));
    ck_assert_int_eq (conf_i64 (root, "n", 0, 10, 1), 7);
    ck_assert_int_eq (conf_i64 (root, "big", 0, INT64_MAX, 1), INT64_C (5000000000));
    ck_assert_double_eq (conf_double (root, "f", 0, 2, 0), 1.5);
    ck_assert_double_eq (conf_double (root, "n", 0, 10, 0), 7);
    ck_assert_int_eq (conf_duration_ms (root, "d", 0, INT64_MAX, 1), 5400000);
    ck_assert_int_eq (conf_size_bytes (root, "z", 0, INT64_MAX, 1), 64 << 20);
    ck_assert_int_eq (conf_size_bytes (root, "zn", 0, INT64_MAX, 1), 512);
    ck_assert_int_eq (conf_enum (root, "e", colours, 2, -1), 1);
    ck_assert (conf_strings (root, "l", &words) && conf_strings (root, "one", &words)
               && conf_strings (root, "mixed", &words) && !conf_strings (root, "none", &words));
    testing_string (str_join ((char *const *) words.items, words.count, ""), "pqrs");
    ck_assert_int_eq (conf_i64 (conf_group (root, "g"), "inner", 0, 9, 0), 1);
    ck_assert_uint_eq (conf_count (conf_groups (root, "gs")), 2);
    ck_assert_int_eq (conf_i64 (conf_child (conf_groups (root, "gs"), 1), "a", 0, 9, 0), 2);
    ck_assert_int_eq (conf_i64 (conf_child (conf_groups (root, "gs"), 0), "a", 0, 9, 0), 1);
    ck_assert (conf_required (root, "s"));

    /* Absent: the fallback, and no finding; also below a group that is not there. */
    ck_assert_str_eq (conf_string (absent, "s", "fallback"), "fallback");
    ck_assert_int_eq (conf_i64 (root, "absent_number", 5, 6, 99), 99);
    ck_assert_int_eq (conf_enum (absent, "e", colours, 2, -1), -1);
    ck_assert (!conf_required (absent, "s"));
    conf_finish_all (c);
    ck_assert_int_eq (conf_result (c, NULL), 0);
    vec_free (&words);
    expect (c, "");
}
END_TEST

START_TEST (values_that_do_not)
{
    static const char *const colours[] = { "red", "green" };
    struct conf *c = load ("s = 5;\nb = \"true\";\nn = 70000;\nm = \"7\";\nd = 30;\nd2 = \"30\";\n"
                           "d3 = \"2h\";\nz = \"64 Mb\";\nz2 = true;\nz3 = \"2GiB\";\ne = "
                           "\"gren\";\n"
                           "e2 = \"mauve\";\nl = [ 1, 2 ];\nl2 = ( \"a\", { x = 1; } );\n"
                           "g = ( );\ngs = ( { a = 1; }, 5 );\ngs2 = { };\nf = \"x\"; f2 = 9.5;\n"
                           "l3 = 1; u = \"\\xff\";\n");
    struct conf_at root = conf_root (c);
    struct vec words = { 0 };
    struct err err = { 0 };

    ck_assert_str_eq (conf_string (root, "s", "fallback"), "fallback");
    ck_assert (!conf_bool (root, "b", false));
    ck_assert_int_eq (conf_i64 (root, "n", 1, 65535, 8443), 8443);
    ck_assert_int_eq (conf_i64 (root, "m", 1, 65535, 8443), 8443);
    ck_assert_int_eq (conf_duration_ms (root, "d", 0, 1000, 5), 5);
    ck_assert_int_eq (conf_duration_ms (root, "d2", 0, 1000, 5), 5);
    ck_assert_int_eq (conf_duration_ms (root, "d3", 1000, 3600000, 5), 5);
    ck_assert_int_eq (conf_size_bytes (root, "z", 0, 9, 5), 5);
    ck_assert_int_eq (conf_size_bytes (root, "z2", 0, 9, 5), 5);
    ck_assert_int_eq (conf_size_bytes (root, "z3", 1, 1 << 30, 5), 5);
    ck_assert_int_eq (conf_enum (root, "e", colours, 2, -1), -1);
    ck_assert_int_eq (conf_enum (root, "e2", colours, 2, -1), -1);
    ck_assert (conf_strings (root, "l", &words) && conf_strings (root, "l2", &words));
    ck_assert_uint_eq (words.count, 1);
    ck_assert (!conf_is (conf_group (root, "g")));
    ck_assert (!conf_is (conf_groups (root, "gs")) && !conf_is (conf_groups (root, "gs2")));
    ck_assert_double_eq (conf_double (root, "f", 0, 2, 0.5), 0.5);
    ck_assert_double_eq (conf_double (root, "f2", 0, 2, 0.5), 0.5);
    ck_assert (conf_strings (root, "l3", &words));
    ck_assert_str_eq (conf_string (root, "u", "-"), "-");
    ck_assert (!conf_required (root, "needed"));
    ck_assert_int_eq (conf_result (c, &err), ERR_SYNTAX);
    ck_assert_str_eq (err.message, "t:1: key 's' must be a string, but is 5 (and 22 more)");
    vec_free (&words);
    expect (c,
        "t:1: key 's' must be a string, but is 5\n"
        "t:2: key 'b' must be true or false, but is the string \"true\"\n"
        "t:3: key 'n' is 70000; allowed is 1 to 65535\n"
        "t:4: key 'm' must be a whole number, but is the string \"7\"\n"
        "t:5: key 'd' must be a duration in quotes, like \"30s\" or \"1h30m\", but is 30\n"
        "t:6: key 'd2' is \"30\", which is not a duration like \"250ms\", \"30s\" or \"1h30m\"\n"
        "t:7: key 'd3' is \"2h\"; allowed is 1s to 1h\n"
        "t:8: key 'z' is \"64 Mb\", which is not a size like \"64MiB\" or \"10kB\"\n"
        "t:9: key 'z2' must be a size like \"64MiB\", or a whole number of bytes, but is true\n"
        "t:10: key 'z3' is 2147483648 bytes; allowed is 1 to 1073741824\n"
        "t:11: key 'e' is \"gren\", did you mean \"green\"? It may be one of: red, green\n"
        "t:12: key 'e2' is \"mauve\"; it may be one of: red, green\n"
        "t:13: key 'l': element 1 must be a string, but is 1\n"
        "t:13: key 'l': element 2 must be a string, but is 2\n"
        "t:14: key 'l2': element 2 must be a string, but is a group {…}\n"
        "t:15: key 'g' must be a group {…}, but is a list (…)\n"
        "t:16: key 'gs': element 2 must be a group {…}, but is 5\n"
        "t:17: key 'gs2' must be a list of groups ( {…}, {…} ), but is a group {…}\n"
        "t:18: key 'f' must be a number, but is the string \"x\"\n"
        "t:18: key 'f2' is 9.5; allowed is 0 to 2\n"
        "t:19: key 'l3' must be a string or an array of strings, but is 1\n"
        "t:19: key 'u': the string is not UTF-8\n"
        "t: key 'needed' is missing");
}
END_TEST

START_TEST (unknown_keys)
{
    struct conf *c = load ("port = 1;\nprot = 2;\ncolour = 3;\n"
                           "tls = {\n  verfy = true;\n};\nfree = { any = 1; };\n"
                           "hosts = (\n { name = \"a\"; nmae = \"b\"; },\n { name = \"c\"; } );\n");
    struct conf_at root = conf_root (c), hosts = conf_groups (root, "hosts");

    conf_i64 (root, "port", 0, 9, 0);
    conf_bool (conf_group (root, "tls"), "verify", true);
    conf_known (root, "free");                          /* and nobody looks inside */
    for (size_t i = 0; i < conf_count (hosts); i++) {
        conf_string (conf_child (hosts, i), "name", NULL);
    }
    conf_finish (root);
    conf_finish_all (c);                                /* does not tell twice */
    expect (c, "t:2: unknown key 'prot', did you mean 'port'?\n"
               "t:3: unknown key 'colour'; known here: hosts, port, tls, free\n"
               "t:9: unknown key 'nmae', did you mean 'name'?\n"
               "t:5: unknown key 'verfy', did you mean 'verify'?");
}
END_TEST

START_TEST (own_findings)
{
    struct conf *c = load ("a = 1;\ng = {\n x = 5;\n};\n");
    struct conf_at g = conf_group (conf_root (c), "g");

    conf_known (conf_root (c), "a");
    conf_complain (g, "x", "key 'x' is %d: odd", 5);
    conf_complain (g, "y", "key 'y' would be needed with 'x'");
    conf_complain (g, NULL, "something about the group");
    expect (c, "t:3: key 'x' is 5: odd\nt:2: key 'y' would be needed with 'x'\n"
               "t:2: something about the group");
}
END_TEST

START_TEST (raw_tree)
{
    struct conf *c = load ("a = (\n 1,\n { b = \"x\"; },\n [ true ],\n 2.5, 7L );\n");
    struct conf_at a = conf_find (conf_root (c), "a"), b = conf_find (conf_child (a, 1), "b");

    ck_assert_int_eq (conf_type_of (a), CONF_LIST);
    ck_assert_str_eq (conf_name (a), "a");
    ck_assert_uint_eq (conf_count (a), 5);
    ck_assert_int_eq (conf_value_i64 (conf_child (a, 0), -1), 1);
    ck_assert_str_eq (conf_name (conf_child (a, 0)), "");
    ck_assert_str_eq (conf_value_string (b), "x");
    ck_assert_int_eq (conf_line (b), 3);
    ck_assert_str_eq (conf_file (b), "t");
    ck_assert (conf_value_bool (conf_child (conf_child (a, 2), 0), false));
    ck_assert_int_eq (conf_type_of (conf_child (a, 2)), CONF_ARRAY);
    ck_assert_double_eq (conf_value_double (conf_child (a, 3), 0), 2.5);
    ck_assert_int_eq (conf_value_i64 (conf_child (a, 4), 0), 7);
    ck_assert (!conf_is (conf_child (a, 5)) && !conf_is (conf_find (a, "b")));
    ck_assert_int_eq (conf_type_of (conf_child (a, 5)), CONF_NOTHING);
    ck_assert_ptr_null (conf_value_string (a));
    ck_assert_int_eq (conf_value_i64 (b, -7), -7);
    ck_assert_uint_eq (conf_count (b), 0);
    ck_assert_str_eq (conf_type_name (CONF_INTEGER), "whole number");
    expect (c, "");
}
END_TEST

START_TEST (json_with_lines)
{
    struct conf *c = load ("steps = (\n  { action = \"x\";\n    n = 5000000000L; },\n  1.5, [ "
        "true ]\n);\n"
                           "empty = { };\n");
    struct map *lines = NULL;
    json_t *v = conf_to_json (conf_root (c), &lines);

    testing_string (json_text (v),
                    "{\"empty\":{},\"steps\":[{\"action\":\"x\",\"n\":5000000000},1.5,[true]]}");
    ck_assert_int_eq ((intptr_t) map_get (lines, "/steps"), 1);
    ck_assert_int_eq ((intptr_t) map_get (lines, "/steps/0/action"), 2);
    ck_assert_int_eq ((intptr_t) map_get (lines, "/steps/0/n"), 3);
    ck_assert_int_eq ((intptr_t) map_get (lines, "/steps/2/0"), 4);
    ck_assert_ptr_null (map_get (lines, "/steps/3"));
    map_free (lines, NULL);
    json_decref (v);
    v = conf_to_json (conf_find (conf_root (c), "empty"), NULL);
    ck_assert_uint_eq (json_object_size (v), 0);
    json_decref (v);
    ck_assert_ptr_null (conf_to_json (conf_find (conf_root (c), "nothing"), NULL));
    expect (c, "");
}
END_TEST

START_TEST (sizes)
{
    static const struct { const char *text; int64_t bytes; } table[] = {
        { "0", 0 }, { "512", 512 }, { "512B", 512 }, { "10kB", 10000 }, { "1 MB", 1000000 },
        { "64MiB", 64 << 20 }, { "2GiB", INT64_C (2) << 30 }, { "1TiB", INT64_C (1) << 40 },
        { "", -1 }, { NULL, -1 }, { "MiB", -1 }, { "-1", -1 }, { "1.5GiB", -1 }, { "1Mib", -1 },
        { "99999999999TiB", -1 }, { "99999999999999999999", -1 }, { "1 MB ", -1 },
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        int64_t bytes = -1;

        ck_assert_int_eq (conf_size_parse (table[i].text, &bytes), table[i].bytes >= 0);
        ck_assert_int_eq (bytes, table[i].bytes);
    }
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        values_that_fit, values_that_do_not, unknown_keys, own_findings, raw_tree, json_with_lines,
        sizes, NULL
    };

    return testing_run ("conf", tests);
}
