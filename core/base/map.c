/* map: see map.h. Entries stand in an array in insertion order; a table of indexes finds them.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/map.h"

#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#define SLOT_EMPTY UINT32_MAX
#define SLOT_DEAD (UINT32_MAX - 1)

struct entry {
    char *key;                 /* NULL: removed */
    uint64_t hash;
    void *value;
};

struct map {
    struct entry *entries;
    size_t used;               /* entries written, removed ones included */
    size_t capacity;
    size_t count;              /* living entries */
    uint32_t *slots;           /* open addressing, linear; the number is a power of two */
    size_t slot_count;
    size_t slots_taken;        /* living and dead slots */
};

struct map *
map_new (void)
{
    return mem_alloc (sizeof (struct map));
}

void
map_free (struct map *m, void (*free_value) (void *value))
{
    if (m == NULL) {
        return;
    }
    for (size_t i = 0; i < m->used; i++) {
        if (m->entries[i].key != NULL && free_value != NULL) {
            free_value (m->entries[i].value);
        }
        mem_free (m->entries[i].key);
    }
    mem_free (m->entries);
    mem_free (m->slots);
    mem_free (m);
}

/* The slot of key, or SIZE_MAX. */
static size_t
find_slot (const struct map *m, const char *key, uint64_t hash)
{
    if (m->slot_count == 0) {
        return SIZE_MAX;
    }
    for (size_t i = hash & (m->slot_count - 1);; i = (i + 1) & (m->slot_count - 1)) {
        uint32_t at = m->slots[i];

        if (at == SLOT_EMPTY) {
            return SIZE_MAX;
        }
        if (at != SLOT_DEAD && m->entries[at].hash == hash
            && strcmp (m->entries[at].key, key) == 0) {
            return i;
        }
    }
}

static void
put_slot (struct map *m, uint64_t hash, uint32_t entry)
{
    size_t i = hash & (m->slot_count - 1);

    while (m->slots[i] != SLOT_EMPTY) {
        i = (i + 1) & (m->slot_count - 1);
    }
    m->slots[i] = entry;
    m->slots_taken++;
}

/* Makes room for one more: drops removed entries, and doubles the table when half of it lives. */
static void
make_room (struct map *m)
{
    size_t kept = 0;

    if (m->used < m->capacity && m->slots_taken < m->slot_count - m->slot_count / 4) {
        return;
    }
    for (size_t i = 0; i < m->used; i++) {
        if (m->entries[i].key != NULL) {
            m->entries[kept++] = m->entries[i];
        }
    }
    m->used = kept;
    if (kept >= m->capacity / 2) {
        m->capacity = m->capacity == 0 ? 8 : m->capacity * 2;
        m->entries = mem_realloc (m->entries, m->capacity * sizeof (m->entries[0]));
        m->slot_count = m->capacity * 2;
        m->slots = mem_realloc (m->slots, m->slot_count * sizeof (m->slots[0]));
    }
    memset (m->slots, 0xff, m->slot_count * sizeof (m->slots[0]));
    m->slots_taken = 0;
    for (size_t i = 0; i < kept; i++) {
        put_slot (m, m->entries[i].hash, (uint32_t) i);
    }
}

void *
map_get (const struct map *m, const char *key)
{
    size_t slot = find_slot (m, key, hash_fnv1a (key));

    return slot == SIZE_MAX ? NULL : m->entries[m->slots[slot]].value;
}

void *
map_set (struct map *m, const char *key, void *value)
{
    uint64_t hash = hash_fnv1a (key);
    size_t slot = find_slot (m, key, hash);

    if (slot != SIZE_MAX) {
        struct entry *e = &m->entries[m->slots[slot]];
        void *old = e->value;

        e->value = value;
        return old;
    }
    make_room (m);
    m->entries[m->used] = (struct entry) { .key = str_dup (key), .hash = hash, .value = value };
    put_slot (m, hash, (uint32_t) m->used);
    m->used++;
    m->count++;
    return NULL;
}

void *
map_remove (struct map *m, const char *key)
{
    size_t slot = find_slot (m, key, hash_fnv1a (key));
    struct entry *e;

    if (slot == SIZE_MAX) {
        return NULL;
    }
    e = &m->entries[m->slots[slot]];
    m->slots[slot] = SLOT_DEAD;
    mem_free (e->key);
    e->key = NULL;
    m->count--;
    return e->value;
}

size_t
map_count (const struct map *m)
{
    return m->count;
}

bool
map_next (const struct map *m, size_t *it, const char **ret_key, void **ret_value)
{
    while (*it < m->used && m->entries[*it].key == NULL) {
        (*it)++;
    }
    if (*it >= m->used) {
        return false;
    }
    if (ret_key != NULL) {
        *ret_key = m->entries[*it].key;
    }
    if (ret_value != NULL) {
        *ret_value = m->entries[*it].value;
    }
    (*it)++;
    return true;
}
