/* mem: see mem.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void *
checked (void *p, size_t size)
{
    if (p == NULL) {
        fprintf (stderr, "farrier: out of memory (%zu bytes wanted)\n", size);
        abort ();
    }
    return p;
}

void *
mem_alloc (size_t size)
{
    return checked (calloc (1, size == 0 ? 1 : size), size);
}

void *
mem_array (size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow (count, size, &total)) {
        fprintf (stderr, "farrier: %zu times %zu bytes wanted: too many\n", count, size);
        abort ();
    }
    return mem_alloc (total);
}

void *
mem_realloc (void *p, size_t size)
{
    return checked (realloc (p, size == 0 ? 1 : size), size);
}

void *
mem_dup (const void *p, size_t size)
{
    void *copy = mem_alloc (size);

    if (size > 0) {
        memcpy (copy, p, size);
    }
    return copy;
}

void
mem_free (void *p)
{
    free (p);
}

void
mem_wipe (void *p, size_t size)
{
    if (p != NULL) {
        explicit_bzero (p, size);
    }
}

/* jemalloc reads this where a program is linked with it, and then mallopt() does nothing. Two
 * arenas for two dozen threads, and what a burst has used goes back to the system within seconds;
 * at once would cost a system call for each answer that is parsed. */
extern const char *malloc_conf;
__attribute__ ((visibility ("default"))) const char *malloc_conf
    = "narenas:2,dirty_decay_ms:3000,muzzy_decay_ms:0";

void
mem_set_up (void)
{
    mallopt (M_ARENA_MAX, 2);
    mallopt (M_TRIM_THRESHOLD, 256 * 1024);
}
