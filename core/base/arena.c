/* arena: see arena.h. Blocks in a chain, the newest first.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define BLOCK_MIN ((size_t) 4096)
#define ALIGN ((size_t) 16)

struct block {
    struct block *next;
    size_t size, used;
    _Alignas (16) unsigned char bytes[];
};

struct deferred {
    struct deferred *next;
    void (*free_fn) (void *ptr);
    void *ptr;
};

struct arena {
    struct block *blocks;
    struct deferred *deferred;
    size_t limit_bytes, used_bytes;
    bool exhausted;
};

struct arena *
arena_new (size_t limit_bytes)
{
    struct arena *a = mem_alloc (sizeof (*a));

    a->limit_bytes = limit_bytes;
    return a;
}

void *
arena_alloc (struct arena *a, size_t size)
{
    struct block *b = a->blocks;
    void *p;

    if (size > SIZE_MAX / 4) {
        a->exhausted = true;
        return NULL;
    }
    size = (size + ALIGN - 1) & ~(ALIGN - 1);
    if (size == 0) {
        size = ALIGN;
    }
    if (a->limit_bytes != 0
        && (size > a->limit_bytes || a->used_bytes > a->limit_bytes - size)) {
        a->exhausted = true;
        return NULL;
    }
    if (b == NULL || b->size - b->used < size) {
        size_t room = size > BLOCK_MIN ? size : BLOCK_MIN;

        b = mem_alloc (sizeof (*b) + room);
        b->size = room;
        b->next = a->blocks;
        a->blocks = b;
    }
    p = b->bytes + b->used;
    b->used += size;
    a->used_bytes += size;
    return p;
}

bool
arena_exhausted (const struct arena *a)
{
    return a->exhausted;
}

char *
arena_strndup (struct arena *a, const char *s, size_t len)
{
    char *copy;

    len = strnlen (s, len);
    copy = arena_alloc (a, len + 1);
    if (copy != NULL) {
        memcpy (copy, s, len);
    }
    return copy;
}

char *
arena_strdup (struct arena *a, const char *s)
{
    return s == NULL ? NULL : arena_strndup (a, s, strlen (s));
}

char *
arena_vprintf (struct arena *a, const char *fmt, va_list ap)
{
    va_list again;
    char *text;
    int len;

    va_copy (again, ap);
    len = vsnprintf (NULL, 0, fmt, ap);
    text = len < 0 ? NULL : arena_alloc (a, (size_t) len + 1);
    if (text != NULL) {
        vsnprintf (text, (size_t) len + 1, fmt, again);
    }
    va_end (again);
    return text;
}

char *
arena_printf (struct arena *a, const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start (ap, fmt);
    text = arena_vprintf (a, fmt, ap);
    va_end (ap);
    return text;
}

void
arena_defer (struct arena *a, void (*free_fn) (void *ptr), void *ptr)
{
    struct deferred *d = mem_alloc (sizeof (*d));

    d->free_fn = free_fn;
    d->ptr = ptr;
    d->next = a->deferred;
    a->deferred = d;
}

void
arena_free (struct arena *a)
{
    if (a == NULL) {
        return;
    }
    while (a->deferred != NULL) {
        struct deferred *d = a->deferred;

        a->deferred = d->next;
        d->free_fn (d->ptr);
        mem_free (d);
    }
    while (a->blocks != NULL) {
        struct block *b = a->blocks;

        a->blocks = b->next;
        mem_free (b);
    }
    mem_free (a);
}
