/* guarded: memory for one callback that nobody may touch after it. The functions of base/arena.h
 * over pages of their own, which become inaccessible when the arena ends: whoever still follows a
 * pointer into them is caught in the act, and the address tells which rule of farrier/host.h it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_TEST_GUARDED_H
#define FARRIER_TEST_GUARDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum guarded_kind {
    GUARDED_HANDLE = 0,                /* R5: handles */
    GUARDED_MEMORY = 1,                /* R3: alloc(), strings the core returned */
    GUARDED_PASSED = 2,                /* R2: what the core passed in */
    GUARDED_KINDS
};

/* What arena_alloc() hands out from now on; GUARDED_HANDLE is the rule. */
void guarded_set_kind (enum guarded_kind kind);
struct arena;
void *guarded_alloc (struct arena *a, enum guarded_kind kind, size_t size);
/* Of which kind is the memory at this address? false: it is none of ours. *ret_live: its callback
 * still runs. Safe in a signal handler. */
bool guarded_find (const void *address, enum guarded_kind *ret_kind, bool *ret_live);

/* The n-th allocation from now (from 1) that a plugin asks for answers NULL, once. 0: none does. */
void guarded_fail_at (uint64_t n);
/* How many were asked for since guarded_fail_at(). */
uint64_t guarded_count (void);
/* Allocations are counted (and fail) only between these two: what the plugin asked for. */
void guarded_counting (bool on);

#endif
