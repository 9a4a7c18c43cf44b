/* Tests of vec.h and list.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/vec.h"

#include <signal.h>
#include <string.h>

#include "base/list.h"
#include "base/testing.h"

static int
compare (const void *a, const void *b)
{
    return strcmp (a, b);
}

static char *
all (const struct vec *v)
{
    return str_join ((char *const *) v->items, v->count, "");
}

START_TEST (order)
{
    struct vec v = { 0 };

    ck_assert_ptr_null (vec_pop (&v));
    vec_push (&v, "c");
    vec_push (&v, "a");
    vec_insert (&v, 0, "d");
    vec_insert (&v, 3, "b");
    testing_string (all (&v), "dcab");
    vec_sort (&v, compare);
    testing_string (all (&v), "abcd");
    ck_assert_str_eq (vec_remove (&v, 1), "b");
    testing_string (all (&v), "acd");
    ck_assert_str_eq (vec_pop (&v), "d");
    ck_assert_str_eq (vec_at (&v, 1), "c");
    ck_assert_uint_eq (v.count, 2);
    vec_free (&v);
    ck_assert_uint_eq (v.count, 0);
}
END_TEST

START_TEST (many_owned)
{
    struct vec v = { 0 };

    for (int i = 0; i < 1000; i++) {
        vec_insert (&v, v.count / 2, str_printf ("%04d", i));
    }
    vec_sort (&v, compare);
    for (size_t i = 0; i < 1000; i++) {
        char expected[8];

        str_format (expected, sizeof (expected), "%04zu", i);
        ck_assert_str_eq (vec_at (&v, i), expected);
    }
    vec_free_with (&v, mem_free);
}
END_TEST

struct job {
    int number;
    struct list link;
};

START_TEST (intrusive_list)
{
    struct list head = LIST_INIT (head);
    struct job jobs[4];
    int sum = 0, expected[] = { 3, 0, 2 }, n = 0;

    ck_assert (list_empty (&head));
    for (int i = 0; i < 4; i++) {
        jobs[i].number = i;
        if (i < 3) {
            list_add_tail (&head, &jobs[i].link);
        } else {
            list_add_head (&head, &jobs[i].link);
        }
    }
    list_remove (&jobs[1].link);
    list_for_each (it, &head) {
        ck_assert_int_eq (list_entry (it, struct job, link)->number, expected[n++]);
    }
    ck_assert_int_eq (n, 3);
    list_for_each_safe (it, tmp, &head) {
        sum += list_entry (it, struct job, link)->number;
        list_remove (it);
    }
    ck_assert_int_eq (sum, 5);
    ck_assert (list_empty (&head));
}
END_TEST

START_TEST (out_of_range_aborts)
{
    struct vec v = { 0 };

    vec_at (&v, 0);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("vec");
    TCase *tcase = tcase_create ("vec");
    SRunner *runner;
    int failed;

    tcase_add_test (tcase, order);
    tcase_add_test (tcase, many_owned);
    tcase_add_test (tcase, intrusive_list);
    tcase_add_test_raise_signal (tcase, out_of_range_aborts, SIGABRT);
    suite_add_tcase (suite, tcase);
    runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
