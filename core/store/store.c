/* store: opening, the pool of readers, and the way to the writer.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "store/store.h"

#include <pthread.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/driver.h"
#include "store/lock.h"
#include "store/writer.h"

#define READERS_MAX 4

struct store {
    const struct store_driver *driver;
    void *db;
    char *path;
    enum store_mode mode;
    int schema;
    struct writer *writer;         /* NULL for a reader */

    pthread_mutex_t lock;          /* of the pool */
    pthread_cond_t given_back;
    void *idle[READERS_MAX];
    size_t idle_count;
    size_t open_count;
};

int32_t
store_open (const char *path, enum store_mode mode, struct store **ret, struct err *err)
{
    struct store *s = mem_alloc (sizeof *s);

    s->driver = &store_driver_sqlite;
    s->mode = mode;
    int32_t code = s->driver->open (path, mode, &s->db, &s->schema, err);
    if (code == 0 && mode == STORE_WRITER) {
        s->writer = writer_start (s->driver, s->db);
        if (s->writer == NULL) {
            s->driver->close (s->db);
            code = err_set (err, ERR_IO, "no thread can be started for the store %s", path);
        }
    }
    if (code != 0) {
        mem_free (s);
        return code;
    }
    s->path = str_dup (path);
    pthread_mutex_init (&s->lock, NULL);
    pthread_cond_init (&s->given_back, NULL);
    *ret = s;
    return 0;
}

void
store_close (struct store *s)
{
    if (s == NULL) {
        return;
    }
    writer_stop (s->writer);
    for (size_t i = 0; i < s->idle_count; i++) {
        s->driver->reader_close (s->idle[i]);
    }
    s->driver->close (s->db);
    pthread_cond_destroy (&s->given_back);
    pthread_mutex_destroy (&s->lock);
    mem_free (s->path);
    mem_free (s);
}

enum store_mode
store_get_mode (const struct store *s)
{
    return s->mode;
}

const char *
store_path (const struct store *s)
{
    return s->path;
}

int
store_schema_version (const struct store *s)
{
    return s->schema;
}

const struct store_driver *
store_get_driver (const struct store *s)
{
    return s->driver;
}

pid_t
store_holder (const char *path)
{
    char *lock_path = str_printf ("%s.lock", path);
    pid_t pid = lock_holder (lock_path);

    mem_free (lock_path);
    return pid;
}

void
store_on_events (struct store *s, void (*notify) (void *arg, int64_t last_event_id), void *arg)
{
    if (s->writer != NULL) {
        writer_on_events (s->writer, notify, arg);
    }
}

static int32_t
refuse_reader (struct store *s, struct err *err)
{
    return err_set (err, FARRIER_E_INTERNAL, "the store %s was opened for reading only", s->path);
}

int32_t
store_commit (struct store *s, struct store_batch *b, enum store_durability durability,
              struct err *err)
{
    if (s->writer == NULL) {
        store_batch_free (b);
        return refuse_reader (s, err);
    }
    return writer_commit (s->writer, b, durability, err);
}

void
store_commit_async (struct store *s, struct store_batch *b, enum store_durability durability,
                    store_done_fn *done, void *arg)
{
    if (s->writer != NULL) {
        writer_commit_async (s->writer, b, durability, done, arg);
        return;
    }
    struct err err = { 0 };
    int32_t code = refuse_reader (s, &err);
    store_batch_free (b);
    if (done != NULL) {
        done (arg, code, &err);
    } else {
        log_error ("store: a change was lost: %s", err.message);
    }
}

/* --- readers ---------------------------------------------------------------------------------- */

void *
store_reader_take (struct store *s, struct err *err)
{
    void *reader = NULL;

    pthread_mutex_lock (&s->lock);
    while (s->idle_count == 0 && s->open_count == READERS_MAX) {
        pthread_cond_wait (&s->given_back, &s->lock);
    }
    if (s->idle_count > 0) {
        reader = s->idle[--s->idle_count];
        pthread_mutex_unlock (&s->lock);
        return reader;
    }
    s->open_count++;
    pthread_mutex_unlock (&s->lock);

    if (s->driver->reader_open (s->db, &reader, err) != 0) {
        pthread_mutex_lock (&s->lock);
        s->open_count--;
        pthread_cond_signal (&s->given_back);
        pthread_mutex_unlock (&s->lock);
        return NULL;
    }
    return reader;
}

void
store_reader_give (struct store *s, void *reader)
{
    pthread_mutex_lock (&s->lock);
    s->idle[s->idle_count++] = reader;
    pthread_cond_signal (&s->given_back);
    pthread_mutex_unlock (&s->lock);
}

int32_t
store_read (struct store *s, const struct store_query *query, struct row_set *ret, struct err *err)
{
    struct err own = { 0 };
    void *reader = store_reader_take (s, &own);
    int32_t code = own.code;

    if (reader != NULL) {
        code = s->driver->read (reader, query, ret, &own);
        store_reader_give (s, reader);
    }
    if (code != 0 && err != NULL) {
        *err = own;
    }
    return code;
}

int32_t
store_read_one (struct store *s, const struct store_query *query, void *ret, const char *what,
                const char *name, struct err *err)
{
    struct row_set set;
    int32_t code = store_read (s, query, &set, err);

    if (code != 0) {
        return code;
    }
    if (set.count == 0) {
        return err_set (err, ERR_NOT_FOUND, "no %s %s", what, name);
    }
    memcpy (ret, &set.rows, sizeof set.rows);
    return 0;
}

int32_t
store_read_list (struct store *s, const struct store_query *query, void *ret, size_t *ret_count,
                 struct err *err)
{
    struct row_set set;
    int32_t code = store_read (s, query, &set, err);

    if (code == 0) {
        memcpy (ret, &set.rows, sizeof set.rows);
        *ret_count = set.count;
    }
    return code;
}
