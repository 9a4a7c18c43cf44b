/* map: string to pointer, by hash; it copies the keys and does not own the values.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_BASE_MAP_H
#define FARRIER_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct map;

struct map *map_new (void);
void map_free (struct map *m, void (*free_value) (void *value));     /* free_value may be NULL */
void *map_get (const struct map *m, const char *key);                /* NULL when absent */
void *map_set (struct map *m, const char *key, void *value);         /* returns the old value */
void *map_remove (struct map *m, const char *key);
size_t map_count (const struct map *m);
/* In insertion order. Returns false at the end; *it starts at 0. The map must not change
 * meanwhile. */
bool map_next (const struct map *m, size_t *it, const char **ret_key, void **ret_value);

#endif
