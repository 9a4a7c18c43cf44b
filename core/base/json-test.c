/* Tests of json.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/json.h"

#include <string.h>

#include "base/buf.h"
#include "base/testing.h"

static json_t *
parse (const char *text)
{
    struct err err = { 0 };
    json_t *v = json_parse (text, strlen (text), &err);

    ck_assert_msg (v != NULL, "%s: %s", text, err.message);
    return v;
}

START_TEST (malformed)
{
    static const char *const table[] = {
        "", "{", "[1,]", "{\"a\":}", "{'a':1}", "nul", "[1] x", "\"\\u00\"", "\xff",
        "[\"\xc0\x80\"]",
        "01", "1e999999", "{\"a\":1,}", "\"\\ud800\"",
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        struct err err = { 0 };

        ck_assert_msg (json_parse (table[i], strlen (table[i]), &err) == NULL, "%s", table[i]);
        ck_assert_int_eq (err.code, FARRIER_E_INVALID);
        ck_assert (str_starts (err.message, "not JSON at line 1, column "));
    }
}
END_TEST

START_TEST (depth)
{
    struct buf b = { 0 };
    struct err err = { 0 };
    json_t *v;

    for (int i = 0; i < JSON_DEPTH_MAX; i++) {
        buf_putc (&b, '[');
    }
    for (int i = 0; i < JSON_DEPTH_MAX; i++) {
        buf_putc (&b, ']');
    }
    v = json_parse (b.data, b.len, &err);
    ck_assert_ptr_nonnull (v);
    json_decref (v);
    buf_clear (&b);
    for (int i = 0; i < 100000; i++) {
        buf_puts (&b, i % 2 == 0 ? "[" : "{\"a\":");
    }
    ck_assert_ptr_null (json_parse (b.data, b.len, &err));
    ck_assert (str_case_contains (err.message, "deeper than 64"));
    buf_free (&b);
    v = parse ("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"]");
    json_decref (v);
    v = parse ("[[1],[2],[3],{\"a\":[]},[],[],[]]");
    json_decref (v);
}
END_TEST

START_TEST (pointers)
{
    /* The examples of RFC 6901, section 5. */
    json_t *v = parse ("{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
                       "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}");
    static const struct { const char *pointer, *text; } table[] = {
        { "/foo", "[\"bar\",\"baz\"]" }, { "/foo/0", "\"bar\"" }, { "/foo/1", "\"baz\"" },
        { "/", "0" }, { "/a~1b", "1" }, { "/c%d", "2" }, { "/e^f", "3" }, { "/g|h", "4" },
        { "/i\\j", "5" }, { "/k\"l", "6" }, { "/ ", "7" }, { "/m~0n", "8" },
        { "/foo/2", NULL }, { "/foo/-", NULL }, { "/foo/00", NULL }, { "/foo/01", NULL },
        { "/foo/+1", NULL }, { "/foo/-1", NULL }, { "foo", NULL }, { "/m~2n", NULL },
        { "/m~", NULL }, { "/nothing/at/all", NULL }, { "/foo/0/x", NULL },
        { "/foo/99999999999999999999", NULL },
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        json_t *at = json_at (v, table[i].pointer);

        if (table[i].text == NULL) {
            ck_assert_msg (at == NULL, "%s", table[i].pointer);
        } else {
            testing_string (json_text (at), table[i].text);
        }
    }
    ck_assert_ptr_eq (json_at (v, ""), v);
    ck_assert_ptr_null (json_at (NULL, "/a"));
    json_decref (v);
}
END_TEST

START_TEST (typed)
{
    json_t *v = parse ("{\"s\":\"x\",\"n\":7,\"r\":1.5,\"t\":true,\"f\":false,\"z\":null}");

    ck_assert_str_eq (json_str (v, "/s"), "x");
    ck_assert_ptr_null (json_str (v, "/n"));
    ck_assert_str_eq (json_str_or (v, "/z", "fallback"), "fallback");
    ck_assert_int_eq (json_int_or (v, "/n", 1), 7);
    ck_assert_int_eq (json_int_or (v, "/r", 1), 1);
    ck_assert_int_eq (json_int_or (v, "/s", 1), 1);
    ck_assert (json_bool_or (v, "/t", false));
    ck_assert (!json_bool_or (v, "/f", true));
    ck_assert (json_bool_or (v, "/n", true));
    json_decref (v);
}
END_TEST

START_TEST (scalars)
{
    static const struct { const char *text, *expected; } table[] = {
        { "\"x\"", "x" }, { "-7", "-7" }, { "true", "true" }, { "false", "false" },
        { "null", NULL }, { "1.5", NULL }, { "[]", NULL },
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        json_t *v = parse (table[i].text);
        char *text = json_scalar_text (v);

        ck_assert_msg (str_eq (text, table[i].expected), "%s", table[i].text);
        mem_free (text);
        json_decref (v);
    }
    ck_assert_ptr_null (json_scalar_text (NULL));
}
END_TEST

START_TEST (canonical)
{
    json_t *v = json_object ();

    json_put_str (v, "b", "x");
    json_put_int (v, "a", -5);
    json_put_bool (v, "c", true);
    json_put_str (v, "d", NULL);
    json_put (v, "e", NULL);
    json_put (v, "f", json_pack ("[i,i]", 1, 2));
    testing_string (json_text (v),
                    "{\"a\":-5,\"b\":\"x\",\"c\":true,\"d\":null,\"e\":null,\"f\":[1,2]}");
    json_put_str (v, "b", "bad \xff and \xe2\x82\xac");
    ck_assert_str_eq (json_str (v, "/b"), "bad \xef\xbf\xbd and \xe2\x82\xac");
    json_decref (v);
    v = parse ("{\"b\":1,\"a\":2}");
    testing_string (json_pretty (v), "{\n  \"b\": 1,\n  \"a\": 2\n}");
    json_decref (v);
    v = parse ("3");
    testing_string (json_text (v), "3");
    json_decref (v);
}
END_TEST

START_TEST (stored)
{
    json_t *v = json_stored ("{\"a\":1}", json_array ());

    ck_assert_int_eq (json_int_or (v, "/a", 0), 1);
    json_decref (v);
    ck_assert_ptr_null (json_stored (NULL, NULL));
    ck_assert_ptr_null (json_stored ("", NULL));
    v = json_stored ("{\"a\":", json_array ());
    ck_assert (json_is_array (v));
    json_decref (v);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { malformed, depth, pointers, typed, scalars, canonical,
                                   stored, NULL };

    return testing_run ("json", tests);
}
