/* mem: allocation that does not fail (the process aborts with a message): the core has no use for a
 * half-allocated state.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_BASE_MEM_H
#define FARRIER_BASE_MEM_H

#include <stddef.h>

void *mem_alloc (size_t size) __attribute__ ((malloc, alloc_size (1)));   /* zeroed */
/* Zeroed, overflow-checked. */
void *mem_array (size_t count, size_t size) __attribute__ ((malloc, alloc_size (1, 2)));
void *mem_realloc (void *p, size_t size);
void *mem_dup (const void *p, size_t size);
void mem_free (void *p);
/* Once, at the beginning of main(): few heaps for many threads. Each thread's own heap keeps what
 * it freed, which at sixteen workers and as many pool threads is most of what a daemon holds. */
void mem_set_up (void);
void mem_wipe (void *p, size_t size);             /* for secrets: not optimised away */

#endif
