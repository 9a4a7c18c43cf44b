/* Tests of selector.h: what is meant, and where the mistake is.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "fleet/selector.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/testing.h"
#include "base/vec.h"

START_TEST (ranges)
{
    static const struct { const char *text, *names; } table[] = {
        { "n1", "n1" },
        { "n[1-3]", "n1 n2 n3" },
        { "n[001-003,050]", "n001 n002 n003 n050" },
        { "n[8-11]", "n8 n9 n10 n11" },
        { "n[08-11]", "n08 n09 n10 n11" },
        { "r[1-2]n[1-2]", "r1n1 r1n2 r2n1 r2n2" },
        { "n[ 1 , 3 ]x", "n1x n3x" },
        { "n[abc]", "n[abc]" },
    };
    for (size_t i = 0; i < COUNT_OF (table); i++) {
        struct vec names = { 0 };
        ck_assert_int_eq (selector_expand (table[i].text, &names, NULL), 0);
        char *joined = str_join ((char *const *) names.items, names.count, " ");
        ck_assert_str_eq (joined, table[i].names);
        mem_free (joined);
        vec_free_with (&names, mem_free);
    }
}
END_TEST

START_TEST (wrong_ranges)
{
    static const struct { const char *text, *says; } table[] = {
        { "n[3-1]", "backwards at column 3" },
        { "n[1-]", "end of the range is missing at column 5" },
        { "n[,]", "missing at column 3" },
        { "n[1,,2]", "missing at column 5" },
        { "n[01-100]", "different widths at column 3" },
        { "n[1-9999999999]", "end of the range is missing" },
        { "n[1-1000000]", "more than 100000" },
        { "[1][1][1][1][1][1][1][1][1][1][1][1][1][1][1][1][1-2]",
          "more than 16 ranges at column 49" },
        { "n[1 2]", "comma or a closing bracket is missing at column 5" },
    };
    for (size_t i = 0; i < COUNT_OF (table); i++) {
        struct vec names = { 0 };
        struct err err = { 0 };
        ck_assert_int_eq (selector_expand (table[i].text, &names, &err), ERR_USAGE);
        ck_assert_msg (strstr (err.message, table[i].says) != NULL, "%s: %s", table[i].text,
                       err.message);
        ck_assert_uint_eq (names.count, 0);
        vec_free (&names);
    }
}
END_TEST

/* name, labels, facts of the hosts that the table below asks for */
static const struct { const char *name, *labels, *facts; } hosts[] = {
    { "n001", "{\"rack\":\"r12\",\"group\":\"web\"}", "{\"vendor\":\"Dell\"}" },
    { "n002", "{\"rack\":\"r12\",\"vendor\":\"hpe\"}", "{\"vendor\":\"Dell\"}" },
    { "n010", "{\"rack\":\"r20\",\"group\":\"db\"}", "{}" },
    { "web1", "{}", "{\"vendor\":\"OpenBMC\",\"sockets\":2}" },
};

START_TEST (matches)
{
    static const struct { const char *text, *names; } table[] = {
        { "all", "n001 n002 n010 web1" },
        { "*", "n001 n002 n010 web1" },
        { "n001", "n001" },
        { "n001,web1", "n001 web1" },
        { " n001 , web1 ", "n001 web1" },
        { "n[001-010]", "n001 n002 n010" },
        { "n0[a1]?", "n010" },
        { "n*,rack=r12", "n001 n002" },
        { "rack=r12,vendor!=dell", "n002" },
        { "vendor=dell", "n001" },
        { "vendor=DELL|openbmc", "n001 web1" },
        { "rack=r1*|r20", "n001 n002 n010" },
        { "rack=", "web1" },
        { "rack!=", "n001 n002 n010" },
        { "rack!=r12", "n010 web1" },
        { "@web", "n001" },
        { "@web,@db", "n001 n010" },
        { "all,!@web,!web*", "n002 n010" },
        { "!n001", "n002 n010 web1" },
        { "name=n*,!n[001-002]", "n010" },
        { "sockets=2", "web1" },
        { "@nobody", "" },
    };
    for (size_t i = 0; i < COUNT_OF (table); i++) {
        struct selector *s = NULL;
        struct err err = { 0 };
        struct buf got = { 0 };
        ck_assert_msg (selector_parse (table[i].text, &s, &err) == 0, "%s", err.message);
        buf_puts (&got, "");
        for (size_t k = 0; k < sizeof hosts / sizeof *hosts; k++) {
            struct store_host row = { .name = (char *) hosts[k].name,
                                      .labels_json = (char *) hosts[k].labels,
                                      .facts_json = (char *) hosts[k].facts };
            if (selector_match (s, &row))
                buf_printf (&got, "%s%s", got.len > 0 ? " " : "", row.name);
        }
        ck_assert_msg (str_eq (got.data, table[i].names), "%s: %s", table[i].text, got.data);
        buf_free (&got);
        selector_free (s);
    }
}
END_TEST

START_TEST (mistakes)
{
    static const struct { const char *text, *says; } table[] = {
        { "", "column 1: a term is missing" },
        { "n1,", "column 4: a term is missing" },
        { "n1,,n2", "column 4" },
        { "=r12", "column 1: the name of the label is missing" },
        { "n1, !=x", "column 5" },
        { "rack==r12", "column 6: one '=' is enough" },
        { "rack=a||b", "column 6: an alternative is empty" },
        { "n1,we$b", "column 6: this character" },
        { "@", "column 2: the name of a group" },
        { "!", "column 2: a name is missing" },
        { "n[1-3", "column 2: the bracket is not closed" },
    };
    for (size_t i = 0; i < COUNT_OF (table); i++) {
        struct selector *s = NULL;
        struct err err = { 0 };
        ck_assert_int_eq (selector_parse (table[i].text, &s, &err), ERR_USAGE);
        ck_assert_ptr_null (s);
        ck_assert_msg (strstr (err.message, table[i].says) != NULL, "%s: %s", table[i].text,
                       err.message);
        ck_assert_str_ne (err.hint, "");
    }
}
END_TEST

START_TEST (means_all)
{
    static const struct { const char *text; bool all; } table[] = {
        { "all", true }, { "*", true }, { "n1,**", true }, { "all,rack=r1", false },
        { "all,!n1", false }, { "n*", false }, { "rack=r1", false }, { "?*", true },
        { "*?", true }, { "??*", false }, { "?", false }, { "name=*", true },
        { "name=n1|*", true }, { "name!=", true }, { "name!=*", false }, { "name=*,n1", false },
        { "rack=*", false }, { "@web", false },
    };
    for (size_t i = 0; i < COUNT_OF (table); i++) {
        struct selector *s = NULL;
        ck_assert_int_eq (selector_parse (table[i].text, &s, NULL), 0);
        ck_assert_msg (selector_is_all (s) == table[i].all, "%s", table[i].text);
        selector_free (s);
    }
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { ranges, wrong_ranges, matches, mistakes, means_all, NULL };

    return testing_run ("selector", tests);
}
