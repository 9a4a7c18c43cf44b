/* testing: what every unit test's main() does, and a folder of its own for a test.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_BASE_TESTING_H
#define FARRIER_BASE_TESTING_H

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

#define COUNT_OF(array) (sizeof (array) / sizeof ((array)[0]))

/* One suite of one case, from a NULL-ended list of tests. Returns main()'s status. */
static inline int
testing_run (const char *name, const TTest *const *tests)
{
    Suite *suite = suite_create (name);
    TCase *tcase = tcase_create (name);
    SRunner *runner;
    int failed;

    for (; *tests != NULL; tests++) {
        tcase_add_test (tcase, *tests);
    }
    suite_add_tcase (suite, tcase);
    runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A fresh private folder; end it with testing_remove_dir(). */
static inline char *
testing_make_dir (void)
{
    const char *base = getenv ("TMPDIR");
    char *dir = str_printf ("%s/farrier-test.XXXXXX", str_empty (base) ? "/tmp" : base);

    ck_assert_ptr_nonnull (mkdtemp (dir));
    return dir;
}

static inline void
testing_remove_dir (char *dir)
{
    ck_assert_int_eq (fs_remove_tree (dir, NULL), 0);
    mem_free (dir);
}

/* How much of a mass test is done: a tenth where every instruction takes twenty times as long. */
static inline int
testing_mass (int count)
{
    return getenv ("FARRIER_TEST_VALGRIND") != NULL ? count / 10 : count;
}

/* False, with the reason, where the size of a process says nothing: sanitizers and valgrind keep
 * what was freed. */
static inline bool
testing_memory_counts (void)
{
    const char *why = getenv ("FARRIER_TEST_VALGRIND") != NULL ? "valgrind" : NULL;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    why = "the sanitizer";
#endif
    if (why != NULL) {
        printf ("# memory is not measured: %s keeps what was freed\n", why);
        fflush (stdout);
    }
    return why == NULL;
}

/* Compares a heap string with what is expected, and frees it. */
#define testing_string(heap, expected) \
    do { \
        char *testing_got_ = (heap); \
        ck_assert_str_eq (testing_got_, (expected)); \
        mem_free (testing_got_); \
    } while (0)

#endif
