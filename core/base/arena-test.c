/* Tests of arena.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/arena.h"

#include <stdint.h>
#include <string.h>

#include "base/testing.h"

START_TEST (aligned_and_zero)
{
    static const size_t sizes[] = { 0, 1, 15, 16, 17, 100, 4095, 4096, 4097, 100000, 3 };
    struct arena *a = arena_new (0);

    for (size_t i = 0; i < COUNT_OF (sizes); i++) {
        unsigned char *p = arena_alloc (a, sizes[i]);

        ck_assert_ptr_nonnull (p);
        ck_assert_uint_eq ((uintptr_t) p % 16, 0);
        for (size_t k = 0; k < sizes[i]; k++) {
            ck_assert_uint_eq (p[k], 0);
        }
        memset (p, 0xff, sizes[i]);       /* a neighbour that overlaps would not be zero */
    }
    arena_free (a);
    arena_free (NULL);
}
END_TEST

START_TEST (limit)
{
    struct arena *a = arena_new (64);

    ck_assert (!arena_exhausted (a));
    ck_assert_ptr_null (arena_alloc (a, 65));
    ck_assert (arena_exhausted (a));
    ck_assert_ptr_null (arena_alloc (a, SIZE_MAX));
    ck_assert_ptr_nonnull (arena_alloc (a, 33));      /* counts as 48 */
    ck_assert_ptr_null (arena_alloc (a, 17));
    ck_assert_ptr_nonnull (arena_alloc (a, 16));
    ck_assert_ptr_null (arena_strdup (a, "x"));
    ck_assert_ptr_null (arena_printf (a, "%d", 1));
    arena_free (a);
}
END_TEST

START_TEST (strings)
{
    struct arena *a = arena_new (0);

    ck_assert_str_eq (arena_strdup (a, "abc"), "abc");
    ck_assert_ptr_null (arena_strdup (a, NULL));
    ck_assert_str_eq (arena_strndup (a, "abcdef", 3), "abc");
    ck_assert_str_eq (arena_strndup (a, "ab", 9), "ab");
    ck_assert_str_eq (arena_printf (a, "%s-%05d", "x", 42), "x-00042");
    arena_free (a);
}
END_TEST

static char order[8];

static void
note (void *ptr)
{
    strncat (order, ptr, 1);
}

START_TEST (deferred_last_first)
{
    struct arena *a = arena_new (0);

    arena_defer (a, note, "1");
    arena_defer (a, note, "2");
    arena_defer (a, note, arena_strdup (a, "3"));     /* memory still lives then */
    arena_free (a);
    ck_assert_str_eq (order, "321");
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { aligned_and_zero, limit, strings, deferred_last_first, NULL };

    return testing_run ("arena", tests);
}
