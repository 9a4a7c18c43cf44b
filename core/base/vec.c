/* vec: see vec.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/vec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void
grow (struct vec *v)
{
    if (v->count < v->capacity) {
        return;
    }
    v->capacity = v->capacity == 0 ? 8 : v->capacity * 2;
    v->items = mem_realloc (v->items, v->capacity * sizeof (v->items[0]));
}

void
vec_push (struct vec *v, void *item)
{
    grow (v);
    v->items[v->count++] = item;
}

void *
vec_pop (struct vec *v)
{
    return v->count == 0 ? NULL : v->items[--v->count];
}

void *
vec_at (const struct vec *v, size_t i)
{
    assert (i < v->count);
    return v->items[i];
}

void
vec_insert (struct vec *v, size_t i, void *item)
{
    assert (i <= v->count);
    grow (v);
    memmove (v->items + i + 1, v->items + i, (v->count - i) * sizeof (v->items[0]));
    v->items[i] = item;
    v->count++;
}

void *
vec_remove (struct vec *v, size_t i)
{
    void *item = vec_at (v, i);

    v->count--;
    memmove (v->items + i, v->items + i + 1, (v->count - i) * sizeof (v->items[0]));
    return item;
}

static int
compare_pointed (const void *a, const void *b, void *compare)
{
    int (**fn) (const void *, const void *) = compare;

    return (*fn) (*(void *const *) a, *(void *const *) b);
}

void
vec_sort (struct vec *v, int (*compare) (const void *a, const void *b))
{
    if (v->count > 1) {
        qsort_r (v->items, v->count, sizeof (v->items[0]), compare_pointed, &compare);
    }
}

void
vec_free (struct vec *v)
{
    mem_free (v->items);
    *v = (struct vec) { 0 };
}

void
vec_free_with (struct vec *v, void (*free_item) (void *item))
{
    for (size_t i = 0; i < v->count; i++) {
        free_item (v->items[i]);
    }
    vec_free (v);
}
