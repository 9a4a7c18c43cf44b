/* Tests of map.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/map.h"

#include <stdint.h>

#include "base/testing.h"

START_TEST (set_get_remove)
{
    struct map *m = map_new ();

    ck_assert_ptr_null (map_get (m, "a"));
    ck_assert_ptr_null (map_remove (m, "a"));
    ck_assert_ptr_null (map_set (m, "a", "1"));
    ck_assert_str_eq (map_set (m, "a", "2"), "1");
    ck_assert_str_eq (map_get (m, "a"), "2");
    ck_assert_uint_eq (map_count (m), 1);
    ck_assert_str_eq (map_remove (m, "a"), "2");
    ck_assert_ptr_null (map_get (m, "a"));
    ck_assert_uint_eq (map_count (m), 0);
    map_free (m, NULL);
    map_free (NULL, NULL);
}
END_TEST

START_TEST (insertion_order_survives)
{
    struct map *m = map_new ();
    const char *key;
    char text[16];
    size_t it = 0, n = 0;
    void *value;

    for (size_t i = 0; i < 200; i++) {
        str_format (text, sizeof (text), "k%zu", i);
        map_set (m, text, str_dup (text));
    }
    for (size_t i = 0; i < 200; i += 2) {
        str_format (text, sizeof (text), "k%zu", i);
        mem_free (map_remove (m, text));
    }
    map_set (m, "k0", str_dup ("k0"));                /* comes back at the end */
    while (map_next (m, &it, &key, &value)) {
        str_format (text, sizeof (text), "k%zu", n < 100 ? 2 * n + 1 : 0);
        ck_assert_str_eq (key, text);
        ck_assert_str_eq (value, text);
        n++;
    }
    ck_assert_uint_eq (n, 101);
    map_free (m, mem_free);
}
END_TEST

/* A model of flags beside the map, driven by a fixed sequence of set and remove. */
START_TEST (against_a_model)
{
    enum { KEYS = 300, STEPS = 20000 };
    struct map *m = map_new ();
    bool model[KEYS] = { false };
    uint64_t seed = 42;
    size_t count = 0;

    for (int i = 0; i < STEPS; i++) {
        char key[16];
        size_t k;
        bool removed;

        seed = seed * 6364136223846793005u + 1442695040888963407u;
        k = (size_t) (seed >> 33) % KEYS;
        str_format (key, sizeof (key), "key-%zu", k);
        ck_assert_int_eq (map_get (m, key) != NULL, model[k]);
        removed = (seed >> 60 & 1) != 0;
        if (removed) {
            ck_assert_int_eq (map_remove (m, key) != NULL, model[k]);
        } else {
            ck_assert_int_eq (map_set (m, key, m) != NULL, model[k]);
        }
        count += (size_t) !removed - (size_t) model[k];
        model[k] = !removed;
        ck_assert_uint_eq (map_count (m), count);
    }
    map_free (m, NULL);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        set_get_remove, insertion_order_survives, against_a_model, NULL
    };

    return testing_run ("map", tests);
}
