/* arena: memory that ends all at once (a plugin callback's, a request's).
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_BASE_ARENA_H
#define FARRIER_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

struct arena *arena_new (size_t limit_bytes);     /* 0 = no limit */
void *arena_alloc (struct arena *a, size_t size); /* zeroed, 16-byte aligned; NULL past the limit */
/* Has anything been refused? */
bool arena_exhausted (const struct arena *a);
char *arena_strdup (struct arena *a, const char *s);
char *arena_strndup (struct arena *a, const char *s, size_t len);
char *arena_vprintf (struct arena *a, const char *fmt, va_list ap)
    __attribute__ ((format (printf, 2, 0)));
char *arena_printf (struct arena *a, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));
/* free_fn (ptr) is called when the arena ends, last registered first. */
void arena_defer (struct arena *a, void (*free_fn) (void *ptr), void *ptr);
void arena_free (struct arena *a);

#endif
