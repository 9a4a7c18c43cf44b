/* conn: one SQLite connection with its prepared statements, and SQLite's errors in our words.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_STORE_SQLITE_CONN_H
#define FARRIER_STORE_SQLITE_CONN_H

#include <sqlite3.h>

#include <stdbool.h>

#include "base/err.h"
#include "base/map.h"
#include "store/row.h"

/* One thread at a time. */
struct conn {
    sqlite3 *db;
    char *path;
    struct map *statements;        /* name -> sqlite3_stmt */
};

/* flags: SQLITE_OPEN_READONLY or SQLITE_OPEN_READWRITE. On failure c is all zero. */
int32_t conn_open (struct conn *c, const char *path, int flags, struct err *err);
/* The same where SQLite wants another name for the file (a URI); messages have the path. */
int32_t conn_open_as (struct conn *c, const char *name, const char *path, int flags,
                      struct err *err);
void conn_close (struct conn *c);

/* Sets err from what the connection reports, for result code rc, and returns the code. */
int32_t conn_fail (struct conn *c, int rc, struct err *err);
int32_t conn_exec (struct conn *c, const char *sql, struct err *err);
/* The first column of the first row; fails when there is none. */
int32_t conn_query_int (struct conn *c, const char *sql, int64_t *ret, struct err *err);
int32_t conn_query_text (struct conn *c, const char *sql, char **ret, struct err *err);

/* Ready to be bound: reset, all parameters null. A name that does not exist is a defect: aborts. */
int32_t conn_statement (struct conn *c, const char *name, sqlite3_stmt **ret, struct err *err);
/* These bind nothing past the statement's parameters; the values must live until it has run. */
void conn_bind_text (sqlite3_stmt *st, int index, const char *text);
void conn_bind_int (sqlite3_stmt *st, int index, int64_t number);
void conn_bind_row (sqlite3_stmt *st, const struct row_type *type, void *row);
/* Runs to its end, rows ignored, and resets. */
int32_t conn_run (struct conn *c, sqlite3_stmt *st, struct err *err);
/* All its rows. ret untouched on failure. */
int32_t conn_read (struct conn *c, sqlite3_stmt *st, const struct row_type *type, void **ret_rows,
                   size_t *ret_count, struct err *err);
/* The statement of that name with one or two texts: its first row, or *found = false. The text of
 * ret is the caller's. */
int32_t conn_value (struct conn *c, const char *name, const char *first, const char *second,
                    bool *found, struct row_value *ret, struct err *err);

#endif
