/* Tests of conf.h: syntax errors and the traps of libconfig 1.5, each by its name.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/buf.h"
#include "base/testing.h"
#include "conf/conf.h"

#define STRING(text) text, sizeof (text) - 1

/* All findings as lines. */
static char *
told (struct vec *findings)
{
    struct buf b = { 0 };

    for (size_t i = 0; i < findings->count; i++) {
        char *line = conf_finding_text (findings->items[i]);

        buf_printf (&b, "%s%s", i > 0 ? "\n" : "", line);
        mem_free (line);
    }
    conf_findings_free (findings);
    return buf_steal (&b);
}

struct row {
    const char *text;
    size_t len;
    const char *expected;              /* "" when the text is fine */
};

static const struct row rows[] = {
    /* what is fine */
    { STRING (""), "" },
    { STRING ("# only a comment"), "" },
    { STRING ("a = 1\nb = 2\n"), "" },
    { STRING ("a : 1; b = { c = 1; }; d = ( 1, \"x\", { e = [ 1, 2 ]; } ), f = [ ];"), "" },
    { STRING ("a = TRUE; b = False; c = -2147483648; d = 2147483647; e = 9223372036854775807L;"),
      "" },
    { STRING ("a = 0x7fffffff; b = 0xFFFFFFFFL; c = 1.5; d = .5; e = 5.; f = -1.5e-3; g = 1e3;"),
      "" },
    { STRING ("a = 1//x\n; b = 2/* = */; c = 3#x\n;"), "" },
    { STRING ("a = \"x\" \"y\"\n  \"z\"; b = \"\\\"; \\\\\";"), "" },
    { STRING ("a = \"two\nlines\"; b = 1;"), "" },
    { STRING ("a = \"\xc3\xa9\"; # \xe2\x82\xac\n"), "" },
    { STRING ("a-b_c* = 1; *d = 2;"), "" },
    { STRING ("a = 1;\r\nb = 2;\r\n"), "" },

    /* what libconfig 1.5 would swallow */
    { STRING ("a = 1;\nb = 3000000000;"),
      "t:2: 3000000000 is over 31 bits: write 3000000000L (libconfig would silently read another "
      "number)" },
    { STRING ("a = ( 1, -2147483649 ); b = 0xFFFFFFFF; c = 2147483648;"),
      "t:1: -2147483649 is over 31 bits: write -2147483649L (libconfig would silently read another "
      "number)\n"
      "t:1: 0xFFFFFFFF is over 31 bits: write 0xFFFFFFFFL (libconfig would silently read another "
      "number)\n"
      "t:1: 2147483648 is over 31 bits: write 2147483648L (libconfig would silently read another "
      "number)" },
    { STRING ("a = 9223372036854775808L; b = 99999999999999999999;"),
      "t:1: 9223372036854775808L is over 63 bits: no number here can be so large\n"
      "t:1: 99999999999999999999 is over 63 bits: no number here can be so large" },
    { STRING ("a = 1e999;"), "t:1: 1e999 is too large a number" },
    { STRING ("a = 1;\n\0b = 2;"), "t:2: a NUL byte: libconfig would silently stop reading here" },
    { STRING ("a = \"x\\x00y\";"), "t:1: \\x00 in a string: libconfig would silently drop it" },
    { STRING ("a = 1;\n/* b = 2;\n"), "t:2: the comment that begins here has no end: '*/' is "
      "missing" },
    { STRING ("a = 1;\nb = 2; a = 3;"), "t:2: key 'a' is here twice: it is set in line 1 already" },

    /* the usual slips */
    { STRING ("a = (\n 1,\n 2,\n);"), "t:3: trailing comma before ')': libconfig does not take "
      "one" },
    { STRING ("a = [ 1, 2, ];"), "t:1: trailing comma before ']': libconfig does not take one" },
    { STRING ("a = ( 1,, 2 );"), "t:1: two commas: an element is missing between them" },
    { STRING ("a = (\n { b = 1; }\n { b = 2; }\n);"),
      "t:3: missing ',' between two elements of '(' of line 1" },
    { STRING ("a = ( 1; 2 );"), "t:1: ';' inside '(…)' of line 1: elements are separated by ','" },
    { STRING ("a = ( b = 1 );"), "t:1: b is not a value: a string needs quotes, \"b\"; yes and no "
      "are "
      "written true and false" },
    { STRING ("a = ( \"b\" = 1 );"), "t:1: '=' inside '(…)': an element has no name; a group is "
      "written { name = value; }" },
    { STRING ("a = 1;;"), "t:1: one ';' too many" },
    { STRING ("a = { b = 1;\n\nc = 2;"), "t:1: '{' is never closed: '}' is missing" },
    { STRING ("a = (\n{ b = 1; )"), "t:2: ')' closes here, but '{' of line 2 is open" },
    { STRING ("a = ( 1, 2 };"), "t:1: '}' closes here, but '(' of line 1 is open" },
    { STRING ("a = 1; }"), "t:1: '}' closes nothing: no bracket is open" },
    { STRING ("a = \"x;\nb = 1;\n"), "t:1: the string that begins here has no closing '\"'" },
    { STRING ("x = 1;\na = \"x;\nb = \"y\";\n"),
      "t:2: the string that begins here has no closing '\"' on its line" },
    { STRING ("a = \"x"), "t:1: the string that begins here has no closing '\"'" },
    { STRING ("a = yes;"), "t:1: yes is not a value: a string needs quotes, \"yes\"; yes and no "
      "are "
      "written true and false" },
    { STRING ("a = 30s;"), "t:1: 30s is not a number: a string needs quotes, \"30s\"" },
    { STRING ("a = 10.0.0.1;"), "t:1: 10.0.0.1 is not a number: a string needs quotes, "
      "\"10.0.0.1\"" },
    { STRING ("a = 1.2.3-rc1;"), "t:1: 1.2.3-rc1 is not a number: a string needs quotes, "
      "\"1.2.3-rc1\"" },
    { STRING ("a = /etc/x;"), "t:1: unexpected '/': a string needs quotes" },
    { STRING ("a b = 1;"), "t:1: missing '=' after 'a'" },
    { STRING ("a { b = 1; }"), "t:1: missing '=' after 'a'" },
    { STRING ("a == 1;"), "t:1: one '=' is enough after 'a'" },
    { STRING ("a := 1;"), "t:1: one '=' is enough after 'a'" },
    { STRING ("a = ;"), "t:1: key 'a' has no value" },
    { STRING ("a = ( 1, ; );"), "t:1: a value is missing before ';'" },
    { STRING ("a.b = 1;"), "t:1: a key cannot hold a dot ('a.…'): names with dots are values, for "
      "example name = \"a.…\"" },
    { STRING ("a.5 = 1;"), "t:1: a key cannot hold a dot ('a.5')" },
    { STRING ("\"a\" = 1;"), "t:1: keys are written without quotes: a" },
    { STRING ("a = 5 6;"), "t:1: missing ';' after the value of 'a'" },
    { STRING ("a = 5 \"x\";"), "t:1: missing ';' after the value of 'a'" },
    { STRING ("( 1, 2 );"), "t:1: '(' without a key: write name = ( … )" },
    { STRING ("5 = a;"), "t:1: unexpected 5 where a key belongs" },
    { STRING ("a = [ ( 1 ) ];"), "t:1: '(' inside '[…]': an array holds plain values only; a list "
      "(…) "
      "holds anything" },
    { STRING ("a = [ 1, \"x\" ];"), "t:1: mismatched element type in array" },
    { STRING ("\xef\xbb\xbf" "a = 1;"), "t:1: a byte order mark at the beginning: save the file "
      "as UTF-8 "
      "without one" },
    { STRING ("a = 1;\nb = \"\xe9\";"), "t:2: this line is not UTF-8" },
    { STRING ("@include \"x\"\n"), "t:1: @include is not allowed here" },
    { STRING ("@includ \"x\"\n"),
      "t:1: '@' here: only @include \"FILE\" at the beginning of a line is known" },
};

START_TEST (named)
{
    const struct row *row = &rows[_i];
    struct vec findings = { 0 };
    struct err err = { 0 };
    struct conf *c = NULL;
    int32_t rc = conf_load_text (row->text, row->len, "t", &findings, &c, &err);
    char *all = told (&findings);

    ck_assert_str_eq (all, row->expected);
    if (row->expected[0] == '\0') {
        ck_assert_int_eq (rc, 0);
        conf_free (c);
    } else {
        ck_assert_int_eq (rc, ERR_SYNTAX);
        ck_assert_ptr_null (c);
        ck_assert (str_starts (row->expected, "t:") && str_starts (err.message, "t:"));
    }
    mem_free (all);
}
END_TEST

START_TEST (too_deep)
{
    struct vec findings = { 0 };
    struct buf b = { 0 };
    struct conf *c;
    char *all;

    buf_puts (&b, "a = ");
    for (int i = 0; i < 100000; i++) {
        buf_putc (&b, '(');
    }
    ck_assert_int_eq (conf_load_text (b.data, b.len, "t", &findings, &c, NULL), ERR_SYNTAX);
    all = told (&findings);
    ck_assert_str_eq (all, "t:1: brackets are nested deeper than 32");
    mem_free (all);
    buf_free (&b);
}
END_TEST

static void
write_file (const char *dir, const char *name, const char *text)
{
    char *path = fs_join (dir, name);

    ck_assert_int_eq (fs_write_atomic (path, text, strlen (text), 0600, NULL), 0);
    mem_free (path);
}

START_TEST (includes)
{
    char *dir = testing_make_dir (), *path = fs_join (dir, "main.conf");
    char *inner = fs_join (dir, "inner.conf"), *loop = fs_join (dir, "loop.conf"), *all;
    struct vec findings = { 0 };
    struct conf *c;

    write_file (dir, "main.conf", "a = 1;\nlist = (\n  @include \"inner.conf\"\n);\nb = 2;\n");
    write_file (dir, "inner.conf", "# a list's elements\n{ x = 5; },\n{ x = 6; }\n");
    ck_assert_int_eq (conf_load (path, &findings, &c, NULL), 0);
    ck_assert_str_eq (conf_file (conf_child (conf_find (conf_root (c), "list"), 1)), inner);
    ck_assert_int_eq (conf_line (conf_child (conf_find (conf_root (c), "list"), 1)), 3);
    ck_assert_str_eq (conf_file (conf_find (conf_root (c), "b")), path);
    ck_assert_int_eq (conf_line (conf_find (conf_root (c), "b")), 5);
    conf_free (c);

    write_file (dir, "inner.conf", "{ x = 3000000000; },\n");
    ck_assert_int_eq (conf_load (path, &findings, &c, NULL), ERR_SYNTAX);
    ck_assert_uint_eq (findings.count, 2);
    ck_assert_str_eq (((struct conf_finding *) findings.items[0])->file, inner);
    ck_assert_int_eq (((struct conf_finding *) findings.items[1])->line, 1);
    conf_findings_free (&findings);

    write_file (dir, "main.conf", "a = 1;\n@include \"missing.conf\"\n");
    ck_assert_int_eq (conf_load (path, &findings, &c, NULL), ERR_SYNTAX);
    all = told (&findings);
    ck_assert_ptr_nonnull (strstr (all, "main.conf:2: @include \"missing.conf\": cannot open "));
    mem_free (all);

    write_file (dir, "loop.conf", "@include \"loop.conf\"\n");
    ck_assert_int_eq (conf_load (loop, &findings, &c, NULL), ERR_SYNTAX);
    all = told (&findings);
    ck_assert_ptr_nonnull (strstr (all, "does a file include itself?"));
    mem_free (all);
    mem_free (loop);
    mem_free (inner);
    mem_free (path);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (no_file)
{
    struct err err = { 0 };
    struct conf *c;

    ck_assert_int_eq (conf_load ("/nonexistent/x.conf", NULL, &c, &err), ERR_NOT_FOUND);
    ck_assert_ptr_nonnull (strstr (err.message, "/nonexistent/x.conf"));
    ck_assert_int_eq (conf_load ("/", NULL, &c, &err), ERR_IO);
    ck_assert_int_eq (conf_load_text ("a = ;", 5, "t", NULL, &c, &err), ERR_SYNTAX);
    ck_assert_str_eq (err.message, "t:1: key 'a' has no value");
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("scan");
    TCase *tcase = tcase_create ("scan");
    SRunner *runner;
    int failed;

    tcase_add_loop_test (tcase, named, 0, (int) COUNT_OF (rows));
    tcase_add_test (tcase, too_deep);
    tcase_add_test (tcase, includes);
    tcase_add_test (tcase, no_file);
    suite_add_tcase (suite, tcase);
    runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
