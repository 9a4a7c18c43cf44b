/* driver: group and batch transactions of SQLite, and the vtable.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "store/sqlite/sqlite.h"

static int32_t
run_named (struct sqlite_db *d, const char *name, struct err *err)
{
    sqlite3_stmt *st;
    int32_t code = conn_statement (&d->writer, name, &st, err);

    return code != 0 ? code : conn_run (&d->writer, st, err);
}

static int32_t
group_begin (void *db, enum store_durability durability, struct err *err)
{
    struct sqlite_db *d = db;
    int32_t code = 0;

    d->event_id_before_group = d->last_event_id;
    if (d->synchronous != durability) {   /* cannot change within a transaction */
        code = conn_exec (&d->writer, durability == STORE_FULL ? "PRAGMA synchronous = FULL"
                                                               : "PRAGMA synchronous = NORMAL",
                          err);
        if (code == 0) {
            d->synchronous = durability;
        }
    }
    return code != 0 ? code : run_named (d, "group_begin", err);
}

static int32_t
batch_begin (void *db, struct err *err)
{
    struct sqlite_db *d = db;

    d->event_id_before_batch = d->last_event_id;
    return run_named (db, "batch_begin", err);
}

static int32_t
batch_keep (void *db, struct err *err)
{
    return run_named (db, "batch_keep", err);
}

static bool
batch_undo (void *db)
{
    struct sqlite_db *d = db;

    d->last_event_id = d->event_id_before_batch;
    /* A full disk or an I/O error makes SQLite take the whole transaction back by itself. */
    return !sqlite3_get_autocommit (d->writer.db) &&
           conn_exec (&d->writer, "ROLLBACK TO batch; RELEASE batch", NULL) == 0;
}

static void
group_undo (void *db)
{
    struct sqlite_db *d = db;

    d->last_event_id = d->event_id_before_group;
    if (!sqlite3_get_autocommit (d->writer.db)) {
        conn_exec (&d->writer, "ROLLBACK", NULL);
    }
}

static int32_t
group_commit (void *db, struct err *err)
{
    int32_t code = run_named (db, "group_commit", err);

    if (code != 0) {
        group_undo (db);
    }
    return code;
}

static int64_t
last_event_id (void *db)
{
    struct sqlite_db *d = db;

    return d->last_event_id;
}

static int32_t
read_begin (void *reader, struct err *err)
{
    return conn_exec (reader, "BEGIN", err);
}

static void
read_end (void *reader)
{
    conn_exec (reader, "COMMIT", NULL);
}

const struct store_driver store_driver_sqlite = {
    .name = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .group_begin = group_begin,
    .batch_begin = batch_begin,
    .apply = sqlite_apply,
    .batch_keep = batch_keep,
    .batch_undo = batch_undo,
    .group_commit = group_commit,
    .group_undo = group_undo,
    .last_event_id = last_event_id,
    .reader_open = sqlite_reader_open,
    .reader_close = sqlite_reader_close,
    .read = sqlite_read,
    .read_begin = read_begin,
    .read_end = read_end,
};
