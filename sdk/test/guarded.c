/* guarded: see guarded.h. Stands in for core/base/arena.c in this library.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "guarded.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "base/mem.h"

#define REGION_BYTES ((size_t) 32 << 20)         /* of address space, not of memory */
#define RETIRED_MAX 4096

struct region {
    char *start;
    size_t used;
};

struct deferred {
    void (*free_fn) (void *ptr);
    void *ptr;
    struct deferred *next;
};

struct arena {
    struct region regions[GUARDED_KINDS];
    size_t limit, asked;               /* of what arena_alloc() gave */
    bool exhausted;
    struct deferred *deferred;
    struct arena *next;                /* of those that are alive */
};

struct retired {
    char *start;
    enum guarded_kind kind;
};

static struct arena *alive;
static struct retired retired[RETIRED_MAX];
static size_t retired_next;
static enum guarded_kind current_kind;
static uint64_t fail_at, asked_count;
static bool counting;

void
guarded_set_kind (enum guarded_kind kind)
{
    current_kind = kind;
}

void
guarded_fail_at (uint64_t n)
{
    fail_at = n;
    asked_count = 0;
}

uint64_t
guarded_count (void)
{
    return asked_count;
}

void
guarded_counting (bool on)
{
    counting = on;
}

struct arena *
arena_new (size_t limit_bytes)
{
    struct arena *a = mem_alloc (sizeof *a);
    a->limit = limit_bytes;
    a->next = alive;
    alive = a;
    return a;
}

static bool
open_region (struct region *r)
{
    void *start = mmap (NULL, REGION_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        return false;
    r->start = start;
    return true;
}

void *
guarded_alloc (struct arena *a, enum guarded_kind kind, size_t size)
{
    struct region *r = &a->regions[kind];
    size_t rounded = (size + 15) & ~(size_t) 15;
    if (r->start == NULL && !open_region (r))
        return NULL;
    if (rounded < size || rounded > REGION_BYTES - r->used)
        return NULL;
    void *p = r->start + r->used;
    r->used += rounded;
    return p;
}

void *
arena_alloc (struct arena *a, size_t size)
{
    bool fails = counting && ++asked_count == fail_at;
    if (fails || (a->limit != 0 && (size > a->limit || a->asked > a->limit - size))) {
        a->exhausted = true;
        return NULL;
    }
    void *p = guarded_alloc (a, current_kind, size == 0 ? 1 : size);
    if (p != NULL)
        a->asked += size;
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
    char *copy = s == NULL ? NULL : arena_alloc (a, len + 1);
    if (copy != NULL)
        memcpy (copy, s, len);
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
    va_copy (again, ap);
    int len = vsnprintf (NULL, 0, fmt, ap);
    char *text = len < 0 ? NULL : arena_alloc (a, (size_t) len + 1);
    if (text != NULL)
        vsnprintf (text, (size_t) len + 1, fmt, again);
    va_end (again);
    return text;
}

char *
arena_printf (struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start (ap, fmt);
    char *text = arena_vprintf (a, fmt, ap);
    va_end (ap);
    return text;
}

void
arena_defer (struct arena *a, void (*free_fn) (void *ptr), void *ptr)
{
    struct deferred *d = mem_alloc (sizeof *d);
    *d = (struct deferred) { free_fn, ptr, a->deferred };
    a->deferred = d;
}

static void
retire (const struct region *r, enum guarded_kind kind)
{
    struct retired *slot = &retired[retired_next++ % RETIRED_MAX];
    if (slot->start != NULL)
        munmap (slot->start, REGION_BYTES);
    madvise (r->start, REGION_BYTES, MADV_DONTNEED);
    mprotect (r->start, REGION_BYTES, PROT_NONE);
    *slot = (struct retired) { r->start, kind };
}

void
arena_free (struct arena *a)
{
    if (a == NULL)
        return;
    for (struct deferred *d = a->deferred, *next; d != NULL; d = next) {
        next = d->next;
        d->free_fn (d->ptr);
        mem_free (d);
    }
    struct arena **at = &alive;
    while (*at != NULL && *at != a)
        at = &(*at)->next;
    if (*at != NULL)
        *at = a->next;
    for (int kind = 0; kind < GUARDED_KINDS; kind++)
        if (a->regions[kind].start != NULL)
            retire (&a->regions[kind], (enum guarded_kind) kind);
    mem_free (a);
}

static bool
contains (const char *start, const void *address)
{
    return start != NULL && (const char *) address >= start
           && (const char *) address < start + REGION_BYTES;
}

bool
guarded_find (const void *address, enum guarded_kind *ret_kind, bool *ret_live)
{
    for (const struct arena *a = alive; a != NULL; a = a->next)
        for (int kind = 0; kind < GUARDED_KINDS; kind++)
            if (contains (a->regions[kind].start, address)) {
                *ret_kind = (enum guarded_kind) kind;
                *ret_live = true;
                return true;
            }
    for (size_t i = 0; i < RETIRED_MAX; i++)
        if (contains (retired[i].start, address)) {
            *ret_kind = retired[i].kind;
            *ret_live = false;
            return true;
        }
    return false;
}
