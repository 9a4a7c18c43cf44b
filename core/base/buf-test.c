/* Tests of buf.h and mem.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/buf.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "base/testing.h"

START_TEST (grows)
{
    struct buf b = { 0 };

    for (int i = 0; i < 1000; i++) {
        buf_printf (&b, "%d,", i);
        ck_assert_uint_eq (b.data[b.len], 0);
        ck_assert_uint_eq (strlen (b.data), b.len);
    }
    ck_assert (str_starts (b.data, "0,1,2,"));
    ck_assert (str_ends (b.data, ",998,999,"));
    buf_clear (&b);
    ck_assert_uint_eq (b.len, 0);
    ck_assert_str_eq (b.data, "");
    buf_free (&b);
    ck_assert_ptr_null (b.data);
}
END_TEST

START_TEST (bytes_with_nul)
{
    struct buf b = { 0 };

    buf_append (&b, "a\0b", 3);
    buf_putc (&b, '\0');
    buf_puts (&b, "c");
    ck_assert_uint_eq (b.len, 5);
    ck_assert_int_eq (memcmp (b.data, "a\0b\0c", 6), 0);
    buf_wipe_free (&b);
}
END_TEST

START_TEST (one_long_printf)
{
    char *text = mem_alloc (5001);
    struct buf b = { 0 };

    memset (text, 'x', 5000);
    buf_printf (&b, "<%s>", text);
    ck_assert_uint_eq (b.len, 5002);
    ck_assert_int_eq (b.data[5001], '>');
    mem_free (text);
    buf_free (&b);
}
END_TEST

START_TEST (steal)
{
    struct buf b = { 0 };

    testing_string (buf_steal (&b), "");
    buf_puts (&b, "mine");
    testing_string (buf_steal (&b), "mine");
    ck_assert_uint_eq (b.len, 0);
    ck_assert_ptr_null (b.data);
}
END_TEST

START_TEST (memory_is_zero_and_copied)
{
    unsigned char *p = mem_array (10, 10), *q;

    for (size_t i = 0; i < 100; i++) {
        ck_assert_uint_eq (p[i], 0);
        p[i] = (unsigned char) i;
    }
    q = mem_dup (p, 100);
    ck_assert_int_eq (memcmp (p, q, 100), 0);
    mem_wipe (q, 100);
    ck_assert_uint_eq (q[99], 0);
    mem_free (q);
    p = mem_realloc (p, 200);
    ck_assert_uint_eq (p[99], 99);
    mem_free (p);
    mem_free (mem_dup ("", 0));
    mem_wipe (NULL, 5);
}
END_TEST

START_TEST (array_overflow_aborts)
{
    volatile size_t half = SIZE_MAX / 2;

    mem_free (mem_array (half, 3));
}
END_TEST

START_TEST (reserve_overflow_aborts)
{
    struct buf b = { 0 };

    buf_puts (&b, "x");
    buf_reserve (&b, SIZE_MAX);
    buf_free (&b);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("buf");
    TCase *tcase = tcase_create ("buf");
    SRunner *runner;
    int failed;

    tcase_add_test (tcase, grows);
    tcase_add_test (tcase, bytes_with_nul);
    tcase_add_test (tcase, one_long_printf);
    tcase_add_test (tcase, steal);
    tcase_add_test (tcase, memory_is_zero_and_copied);
    tcase_add_test_raise_signal (tcase, array_overflow_aborts, SIGABRT);
    tcase_add_test_raise_signal (tcase, reserve_overflow_aborts, SIGABRT);
    suite_add_tcase (suite, tcase);
    runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
