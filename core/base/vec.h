/* vec: a vector of pointers that it does not own unless told to.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_BASE_VEC_H
#define FARRIER_BASE_VEC_H

#include <stdbool.h>
#include <stddef.h>

struct vec {
    void **items;
    size_t count;
    size_t capacity;
};

void vec_push (struct vec *v, void *item);
void *vec_pop (struct vec *v);                    /* NULL when empty */
void *vec_at (const struct vec *v, size_t i);     /* asserts i < count */
void vec_insert (struct vec *v, size_t i, void *item);
void *vec_remove (struct vec *v, size_t i);       /* keeps the order */
/* compare gets items, not pointers to them. */
void vec_sort (struct vec *v, int (*compare) (const void *a, const void *b));
void vec_free (struct vec *v);                    /* the array only */
void vec_free_with (struct vec *v, void (*free_item) (void *item));

#endif
