/* sqlite: the SQLite driver of the store, among its own files.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_STORE_SQLITE_SQLITE_H
#define FARRIER_STORE_SQLITE_SQLITE_H

#include "store/driver.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/sql.h"

/* "FARR": what `file` and we recognise our databases by. */
#define SQLITE_APPLICATION_ID 0x46415252

struct sqlite_db {
    enum store_mode mode;
    char *path;
    int lock_fd;                   /* -1 for a reader */
    struct conn writer;            /* all zero for a reader */
    enum store_durability synchronous;   /* what the connection is set to */
    int64_t last_event_id;
    int64_t event_id_before_group, event_id_before_batch;   /* what an undo goes back to */
    bool immutable;                /* reader: no other file of it can be had */
};

/* open.c */
int32_t sqlite_open (const char *path, enum store_mode mode, void **ret_db, int *ret_schema,
                     struct err *err);
void sqlite_close (void *db);
int32_t sqlite_reader_open (void *db, void **ret_reader, struct err *err);
void sqlite_reader_close (void *reader);

/* migrate.c: the schema in the file (0 = an empty one); refuses another program's. */
int32_t sqlite_schema_of (struct conn *c, int *ret_version, struct err *err);
/* Brings the file from version `from` to the last of `all`, after a copy PATH.schema-N.bak. */
int32_t sqlite_migrate (struct conn *c, int from, const struct sqlite_migration *all, size_t count,
                        struct err *err);
/* The migrations that the file has are the ones that we know. */
int32_t sqlite_check_migrations (struct conn *c, int version, const struct sqlite_migration *all,
                                 struct err *err);

/* read.c */
int32_t sqlite_read (void *reader, const struct store_query *query, struct row_set *ret,
                     struct err *err);

/* write.c, write_host.c, write_job.c */
int32_t sqlite_apply (void *db, const struct store_op *op, struct err *err);
int32_t sqlite_host_put (struct sqlite_db *d, const struct store_op *op, struct err *err);
int32_t sqlite_host_update (struct sqlite_db *d, const struct store_op *op, struct err *err);
int32_t sqlite_host_delete (struct sqlite_db *d, const struct store_op *op, struct err *err);
int32_t sqlite_bindings_put (struct sqlite_db *d, const struct store_op *op, struct err *err);
int32_t sqlite_inventory_put (struct sqlite_db *d, const struct store_op *op, struct err *err);
int32_t sqlite_job_insert (struct sqlite_db *d, const struct store_op *op, struct err *err);
int32_t sqlite_job_update (struct sqlite_db *d, const struct store_op *op, struct err *err);
int32_t sqlite_job_cancel (struct sqlite_db *d, const struct store_op *op, struct err *err);
int32_t sqlite_attempt_insert (struct sqlite_db *d, const struct store_op *op, struct err *err);
int32_t sqlite_attempt_update (struct sqlite_db *d, const struct store_op *op, struct err *err);
int32_t sqlite_attempt_resolve (struct sqlite_db *d, const struct store_op *op, struct err *err);
int32_t sqlite_await_put (struct sqlite_db *d, const struct store_op *op, struct err *err);
int32_t sqlite_await_move (struct sqlite_db *d, const struct store_op *op, struct err *err);

/* Runs the named statement once for each row of op; and once with op's texts and numbers. */
int32_t sqlite_put_rows (struct sqlite_db *d, const char *name, const struct store_op *op,
                         struct err *err);
int32_t sqlite_put_texts (struct sqlite_db *d, const char *name, const struct store_op *op,
                          struct err *err);

#endif
