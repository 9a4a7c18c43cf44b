/* Tests of str.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/str.h"

#include <string.h>

#include "base/testing.h"

START_TEST (copies)
{
    char small[4], *s = NULL;

    ck_assert_ptr_null (str_dup (NULL));
    ck_assert_ptr_null (str_ndup (NULL, 3));
    testing_string (str_ndup ("abcdef", 3), "abc");
    testing_string (str_ndup ("ab", 10), "ab");
    testing_string (str_printf ("%d-%s", 3, "x"), "3-x");
    ck_assert_uint_eq (str_copy (small, sizeof (small), "abcdef"), 6);
    ck_assert_str_eq (small, "abc");
    ck_assert_uint_eq (str_copy (small, 0, "zz"), 2);
    ck_assert_str_eq (small, "abc");
    ck_assert_uint_eq (str_format (small, sizeof (small), "%d", 12345), 5);
    ck_assert_str_eq (small, "123");
    str_set (&s, "first word");
    str_set (&s, s + 6);                                /* into itself */
    ck_assert_str_eq (s, "word");
    str_set (&s, NULL);
    ck_assert_ptr_null (s);
}
END_TEST

START_TEST (questions)
{
    char text[] = " \t padded \n";

    ck_assert (str_eq (NULL, NULL) && !str_eq (NULL, ""));
    ck_assert (str_eq ("a", "a") && !str_eq ("a", "A"));
    ck_assert (str_case_eq ("aBc", "AbC") && !str_case_eq (NULL, "a"));
    ck_assert (str_starts ("abc", "ab") && !str_starts ("ab", "abc") && !str_starts (NULL, "a"));
    ck_assert (str_ends ("abc", "bc") && !str_ends ("bc", "abc") && str_ends ("x", ""));
    ck_assert (str_case_contains ("OpenBMC", "bmc") && !str_case_contains (NULL, "x"));
    ck_assert (str_empty (NULL) && str_empty ("") && !str_empty (" "));
    ck_assert_str_eq (str_trim (text), "padded");
}
END_TEST

START_TEST (globs)
{
    static const struct { const char *pattern, *text; bool fold, match; } table[] = {
        { "*", "", false, true }, { "", "", false, true }, { "", "a", false, false },
        { "a*c", "abbbc", false, true }, { "a*c", "abbb", false, false },
        { "*b*b*", "abab", false, true }, { "?", "", false, false }, { "?", "x", false, true },
        { "[abc]x", "bx", false, true }, { "[a-c]x", "bx", false, true },
        { "[!a-c]x", "bx", false, false }, { "[^a-c]x", "dx", false, true },
        { "[]]", "]", false, true }, { "[a", "a", false, false }, { "[a-]", "-", false, true },
        { "DELL*", "dell inc", true, true }, { "DELL*", "dell inc", false, false },
        { "[D-F]x", "ex", true, true }, { "**a", "bba", false, true },
        { "*.bin", "x.bin.bin", false, true }, { "*?", "", false, false },
    };
    char many[65] = "", stars[65] = "";

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        ck_assert_msg (str_glob (table[i].pattern, table[i].text, table[i].fold) == table[i].match,
                       "%s on %s", table[i].pattern, table[i].text);
    }
    for (size_t i = 0; i < 64; i++) {                   /* exponential for a naive matcher */
        many[i] = 'a';
        stars[i] = i % 2 == 0 ? '*' : 'a';
    }
    stars[63] = 'b';
    ck_assert (!str_glob (stars, many, false));
}
END_TEST

START_TEST (split_and_join)
{
    static const struct { const char *text; size_t count; const char *joined; } table[] = {
        { "", 0, "" }, { NULL, 0, "" }, { "a", 1, "a" }, { " a , b ,c", 3, "a|b|c" },
        { ",", 2, "|" }, { "a,,b", 3, "a||b" },
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        size_t count = 99;
        char **v = str_split (table[i].text, ',', &count);

        ck_assert_uint_eq (count, table[i].count);
        testing_string (str_join (v, count, "|"), table[i].joined);
        str_free_all (v, count);
    }
    str_free_all (NULL, 3);
}
END_TEST

START_TEST (natural_order)
{
    static const char *const sorted[] = {
        "", "1", "02", "2", "10", "100000000000000000000000", "a", "n1-2", "n1-10", "n2", "n10",
        "n10a",
    };

    for (size_t i = 0; i < COUNT_OF (sorted); i++) {
        for (size_t k = 0; k < COUNT_OF (sorted); k++) {
            int order = str_compare_natural (sorted[i], sorted[k]);

            ck_assert_msg (i < k ? order < 0 : i > k ? order > 0 : order == 0, "%s against %s",
                           sorted[i], sorted[k]);
        }
    }
}
END_TEST

START_TEST (numbers)
{
    static const struct { const char *text; bool i64, u64; } table[] = {
        { "0", true, true }, { "-5", true, false }, { "9223372036854775807", true, true },
        { "9223372036854775808", false, true }, { "-9223372036854775808", true, false },
        { "18446744073709551616", false, false }, { "", false, false }, { " 1", false, false },
        { "1 ", false, false }, { "+1", false, false }, { "0x10", false, false },
        { "-", false, false },
        { "1.0", false, false }, { NULL, false, false },
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        int64_t i64;
        uint64_t u64;

        ck_assert_msg (str_to_i64 (table[i].text, &i64) == table[i].i64, "%s", table[i].text);
        ck_assert_msg (str_to_u64 (table[i].text, &u64) == table[i].u64, "%s", table[i].text);
    }
}
END_TEST

START_TEST (suggestions)
{
    static const char *const words[] = { "retry", "timeout", "steps", "when", "name" };
    static const struct { const char *word, *meant; } table[] = {
        { "retrys", "retry" }, { "rerty", "retry" }, { "Timeout", "timeout" },
        { "timout", "timeout" },
        { "tiemotu", "timeout" }, { "step", "steps" }, { "wehn", "when" }, { "colour", NULL },
        { "nome", "name" }, { "", NULL }, { "xyz", NULL },
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        const char *meant = str_did_you_mean (table[i].word, words, COUNT_OF (words));

        ck_assert_msg (str_eq (meant, table[i].meant), "%s gives %s", table[i].word,
                       meant == NULL ? "nothing" : meant);
    }
    ck_assert_ptr_null (str_did_you_mean ("x", NULL, 0));
}
END_TEST

START_TEST (utf8)
{
    static const struct { const char *text; bool valid; } table[] = {
        { "", true }, { "plain", true }, { "\xc3\xa9", true }, { "\xe2\x82\xac", true },
        { "\xf0\x9f\x94\xa7", true }, { "\x80", false }, { "\xc3", false }, { "\xc0\x80", false },
        { "\xe0\x80\x80", false }, { "\xed\xa0\x80", false }, { "\xf4\x90\x80\x80", false },
        { "\xf5\x80\x80\x80", false }, { "\xe2\x82", false }, { "a\xff", false },
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        ck_assert_msg (str_valid_utf8 (table[i].text, strlen (table[i].text)) == table[i].valid,
                       "row %zu", i);
    }
    ck_assert (str_valid_utf8 ("a\0b", 3));
}
END_TEST

START_TEST (codes)
{
    static const struct { const char *text, *base64; } table[] = {
        { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
    };
    static const char *const bad[] = { "Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Z g=",
      "Zm9v\n" };
    unsigned char out[3] = { 9, 9, 9 };
    size_t len;

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        testing_string (str_base64 (table[i].text, strlen (table[i].text)), table[i].base64);
        testing_string (str_unbase64 (table[i].base64, &len), table[i].text);
        ck_assert_uint_eq (len, strlen (table[i].text));
    }
    for (size_t i = 0; i < COUNT_OF (bad); i++) {
        ck_assert_msg (str_unbase64 (bad[i], &len) == NULL, "%s", bad[i]);
    }
    testing_string (str_hex ("\x00\xab\xff", 3), "00abff");
    ck_assert (!str_unhex ("00ab", out, 3) && !str_unhex ("00abfg", out, 3));
    ck_assert (!str_unhex (NULL, out, 3));
    ck_assert_uint_eq (out[0], 9);
    ck_assert (str_unhex ("00aBFf", out, 3));
    ck_assert_int_eq (memcmp (out, "\x00\xab\xff", 3), 0);
}
END_TEST

START_TEST (bytes_for_people)
{
    static const struct { uint64_t bytes; const char *text; } table[] = {
        { 0, "0 B" }, { 1023, "1023 B" }, { 1024, "1 KiB" }, { 1536, "1.5 KiB" },
        { 64 << 20, "64 MiB" }, { UINT64_MAX, "15.9 EiB" },
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        testing_string (str_human_bytes (table[i].bytes), table[i].text);
    }
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        copies, questions, globs, split_and_join, natural_order, numbers, suggestions, utf8, codes,
        bytes_for_people, NULL
    };

    return testing_run ("str", tests);
}
