/* testing: a store in a private folder, for the tests of this folder.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_STORE_TESTING_H
#define FARRIER_STORE_TESTING_H

#include <string.h>

#include "base/buf.h"
#include "base/testing.h"
#include "store/store.h"

struct testing_store {
    char *dir;
    char *path;
    struct store *s;
};

/* Opens a new store for writing. */
static inline struct testing_store
testing_store_open (void)
{
    struct testing_store t = { .dir = testing_make_dir () };
    struct err err = { 0 };

    t.path = fs_join (t.dir, "farrier.db");
    if (store_open (t.path, STORE_WRITER, &t.s, &err) != 0) {
        ck_abort_msg ("%s", err.message);
    }
    return t;
}

static inline void
testing_store_close (struct testing_store *t)
{
    store_close (t->s);
    mem_free (t->path);
    testing_remove_dir (t->dir);
}

/* Commits b, which must succeed; or fail with code. */
static inline void
testing_commit (struct store *s, struct store_batch *b)
{
    struct err err = { 0 };

    if (store_commit (s, b, STORE_FULL, &err) != 0) {
        ck_abort_msg ("%s", err.message);
    }
}

static inline void
testing_refuse (struct store *s, struct store_batch *b, int32_t code, const char *message)
{
    struct err err = { 0 };

    ck_assert_int_eq (store_commit (s, b, STORE_FULL, &err), code);
    ck_assert_int_eq (err.code, code);
    ck_assert_msg (strstr (err.message, message) != NULL, "'%s' is not in '%s'", message,
                   err.message);
}

static inline void
testing_add_host (struct store *s, const char *id, const char *name)
{
    struct store_batch *b = store_batch_new (NULL);
    struct store_host host = { .id = (char *) id, .name = (char *) name, .state = "ready",
                               .created_ms = 1000, .updated_ms = 1000 };

    store_batch_host_put (b, &host);
    testing_commit (s, b);
}

#endif
