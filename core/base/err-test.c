/* Tests of err.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/err.h"

#include <errno.h>
#include <string.h>

#include "base/testing.h"

START_TEST (names_both_ways)
{
    for (int32_t code = FARRIER_E_LAST_; code <= -1; code++) {
        ck_assert_str_ne (err_code_name (code), "UNKNOWN");
        ck_assert_int_eq (err_code_from_name (err_code_name (code)), code);
    }
    for (int32_t code = ERR_CONFLICT; code <= ERR_NOT_FOUND; code++) {
        ck_assert_str_ne (err_code_name (code), "UNKNOWN");
        ck_assert_int_eq (err_code_from_name (err_code_name (code)), code);
    }
    ck_assert_str_eq (err_code_name (0), "OK");
    ck_assert_str_eq (err_code_name (-55), "UNKNOWN");
    ck_assert_int_eq (err_code_from_name ("timeout"), FARRIER_E_TIMEOUT);
    ck_assert_int_eq (err_code_from_name ("nonsense"), 0);
    ck_assert_int_eq (err_code_from_name (NULL), 0);
}
END_TEST

START_TEST (message_hint_prefix)
{
    struct err err = { 0 };

    ck_assert_int_eq (err_set (&err, ERR_NOT_FOUND, "no host %s", "n1"), ERR_NOT_FOUND);
    err_hint (&err, "farrier host %s", "list");
    err_prefix (&err, "apply %d", 7);
    ck_assert_int_eq (err.code, ERR_NOT_FOUND);
    ck_assert_str_eq (err.message, "apply 7: no host n1");
    ck_assert_str_eq (err.hint, "farrier host list");
    ck_assert_int_eq (err_set_errno (&err, ERR_IO, ENOENT, "open %s", "x"), ERR_IO);
    ck_assert_str_eq (err.message, "open x: No such file or directory");
    ck_assert_str_eq (err.hint, "");                    /* a new error has no old hint */
    err_clear (&err);
    ck_assert_int_eq (err.code, 0);
    ck_assert_str_eq (err.message, "");
}
END_TEST

START_TEST (nowhere_to_write)
{
    ck_assert_int_eq (err_set (NULL, ERR_USAGE, "x"), ERR_USAGE);
    ck_assert_int_eq (err_set_errno (NULL, ERR_IO, ENOENT, "x"), ERR_IO);
    err_hint (NULL, "x");
    err_prefix (NULL, "x");
    err_clear (NULL);
}
END_TEST

START_TEST (too_long_is_cut)
{
    struct err err = { 0 };
    char text[1000];

    memset (text, 'y', sizeof (text) - 1);
    text[sizeof (text) - 1] = '\0';
    err_set_errno (&err, ERR_IO, EIO, "%s", text);
    ck_assert_uint_eq (strlen (err.message), sizeof (err.message) - 1);
    err_prefix (&err, "short");
    ck_assert (str_starts (err.message, "short: yyy"));
    err_prefix (&err, "%s", text);
    ck_assert_uint_eq (strlen (err.message), sizeof (err.message) - 1);
    err_hint (&err, "%s", text);
    ck_assert_uint_eq (strlen (err.hint), sizeof (err.hint) - 1);
}
END_TEST

START_TEST (exit_statuses)
{
    static const struct { int32_t code; int status; } table[] = {
        { 0, 0 }, { ERR_USAGE, 2 }, { ERR_SYNTAX, 2 }, { ERR_NOT_FOUND, 3 }, { ERR_NOTHING, 4 },
        { ERR_PARTLY, 5 }, { ERR_POLICY, 6 }, { ERR_APPROVAL, 7 }, { FARRIER_E_CANCELLED, 8 },
        { ERR_STORE_BUSY, 9 }, { ERR_IO, 1 }, { ERR_EXISTS, 1 }, { ERR_CONFLICT, 1 },
        { FARRIER_E_AUTH, 1 }, { -12345, 1 },
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        ck_assert_int_eq (err_exit_status (table[i].code), table[i].status);
    }
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        names_both_ways, message_hint_prefix, nowhere_to_write, too_long_is_cut, exit_statuses, NULL
    };

    return testing_run ("err", tests);
}
