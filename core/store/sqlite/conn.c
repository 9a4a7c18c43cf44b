/* conn: see conn.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "store/sqlite/conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/sqlite/sql.h"

/* How long a statement waits for a foreign lock (a backup tool, a checkpoint of a reader). */
#define CACHE_KIB "256"                 /* of each connection; SQLite's own is 2 MiB */
#define BUSY_MS 10000

static int32_t
fail_no_space (struct conn *c, struct err *err)
{
    err_set (err, FARRIER_E_NO_SPACE, "no space left for the store %s", c->path);
    err_hint (err, "free some space on its file system; nothing that was committed is lost");
    return FARRIER_E_NO_SPACE;
}

static int32_t
fail_damaged (struct conn *c, int rc, struct err *err)
{
    if ((rc & 0xff) == SQLITE_NOTADB) {
        err_set (err, FARRIER_E_INVALID, "%s is not a store: it is no SQLite database", c->path);
        err_hint (err, "check the path, or move the file away to begin with an empty store");
    } else {
        err_set (err, FARRIER_E_INVALID, "the store %s is damaged: %s", c->path,
                 c->db == NULL ? sqlite3_errstr (rc) : sqlite3_errmsg (c->db));
        err_hint (err, "keep a copy of it and put your last backup in its place");
    }
    return FARRIER_E_INVALID;
}

static int32_t
fail_io (struct conn *c, int rc, struct err *err)
{
    int errnum = c->db == NULL ? 0 : sqlite3_system_errno (c->db);
    const char *verb = (rc & 0xff) == SQLITE_CANTOPEN ? "open" : "read or write";

    if (errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG) {
        return fail_no_space (c, err);
    }
    if (errnum != 0) {
        err_set_errno (err, ERR_IO, errnum, "cannot %s the store %s", verb, c->path);
    } else {
        err_set (err, ERR_IO, "cannot %s the store %s: %s", verb, c->path, sqlite3_errstr (rc));
    }
    err_hint (err, "see that its file system is healthy and that this user may write there");
    return ERR_IO;
}

int32_t
conn_fail (struct conn *c, int rc, struct err *err)
{
    const char *message = c->db == NULL ? sqlite3_errstr (rc) : sqlite3_errmsg (c->db);

    switch (rc & 0xff) {
    case SQLITE_FULL:
        return fail_no_space (c, err);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        err_set (err, ERR_IO, "the store %s is read-only", c->path);
        err_hint (err, "mount its file system writable, or give this user the right to write");
        return ERR_IO;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return fail_damaged (c, rc, err);
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        return fail_io (c, rc, err);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        err_set (err, ERR_STORE_BUSY, "another program keeps the store %s locked", c->path);
        err_hint (err, "close it (a sqlite3 shell, a backup tool) and try again");
        return ERR_STORE_BUSY;
    case SQLITE_CONSTRAINT:
        if (sqlite3_extended_errcode (c->db) == SQLITE_CONSTRAINT_FOREIGNKEY) {
            return err_set (err, ERR_NOT_FOUND, "a row refers to an object that is not there");
        }
        return err_set (err, ERR_EXISTS, "the store refuses a row: %s", message);
    default:
        return err_set (err, FARRIER_E_INTERNAL, "store %s: %s", c->path, message);
    }
}

int32_t
conn_open (struct conn *c, const char *path, int flags, struct err *err)
{
    return conn_open_as (c, path, path, flags, err);
}

int32_t
conn_open_as (struct conn *c, const char *name, const char *path, int flags, struct err *err)
{
    memset (c, 0, sizeof *c);
    c->path = str_dup (path);
    int rc = sqlite3_open_v2 (name, &c->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        int32_t code = conn_fail (c, rc, err);
        conn_close (c);
        return code;
    }
    sqlite3_extended_result_codes (c->db, 1);
    sqlite3_busy_timeout (c->db, BUSY_MS);
    /* the system keeps the file's pages once for all connections */
    sqlite3_exec (c->db, "PRAGMA cache_size = -" CACHE_KIB, NULL, NULL, NULL);
    c->statements = map_new ();
    return 0;
}

static void
finalize (void *st)
{
    sqlite3_finalize (st);
}

void
conn_close (struct conn *c)
{
    if (c->statements != NULL) {
        map_free (c->statements, finalize);
    }
    sqlite3_close (c->db);
    mem_free (c->path);
    memset (c, 0, sizeof *c);
}

int32_t
conn_exec (struct conn *c, const char *sql, struct err *err)
{
    int rc = sqlite3_exec (c->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : conn_fail (c, rc, err);
}

static int32_t
query (struct conn *c, const char *sql, int64_t *ret_int, char **ret_text, struct err *err)
{
    sqlite3_stmt *st;
    int32_t code = 0;
    int rc = sqlite3_prepare_v2 (c->db, sql, -1, &st, NULL);

    if (rc != SQLITE_OK) {
        return conn_fail (c, rc, err);
    }
    rc = sqlite3_step (st);
    if (rc == SQLITE_ROW && ret_int != NULL) {
        *ret_int = sqlite3_column_int64 (st, 0);
    } else if (rc == SQLITE_ROW) {
        *ret_text = str_dup ((const char *) sqlite3_column_text (st, 0));
    } else if (rc == SQLITE_DONE) {
        code = err_set (err, FARRIER_E_INTERNAL, "store %s: no row from: %s", c->path, sql);
    } else {
        code = conn_fail (c, rc, err);
    }
    sqlite3_finalize (st);
    return code;
}

int32_t
conn_query_int (struct conn *c, const char *sql, int64_t *ret, struct err *err)
{
    return query (c, sql, ret, NULL, err);
}

int32_t
conn_query_text (struct conn *c, const char *sql, char **ret, struct err *err)
{
    return query (c, sql, NULL, ret, err);
}

static const char *
sql_of (const char *name)
{
    for (size_t i = 0; i < sqlite_statement_count; i++) {
        if (strcmp (sqlite_statements[i].name, name) == 0) {
            return sqlite_statements[i].text;
        }
    }
    fprintf (stderr, "farrier: no SQL statement is called %s\n", name);
    abort ();
}

int32_t
conn_statement (struct conn *c, const char *name, sqlite3_stmt **ret, struct err *err)
{
    sqlite3_stmt *st = map_get (c->statements, name);

    if (st == NULL) {
        int rc = sqlite3_prepare_v3 (c->db, sql_of (name), -1, SQLITE_PREPARE_PERSISTENT, &st,
                                     NULL);
        if (rc != SQLITE_OK) {
            return conn_fail (c, rc, err);
        }
        map_set (c->statements, name, st);
    }
    sqlite3_clear_bindings (st);
    *ret = st;
    return 0;
}

void
conn_bind_text (sqlite3_stmt *st, int index, const char *text)
{
    if (text != NULL && index <= sqlite3_bind_parameter_count (st)) {
        sqlite3_bind_text (st, index, text, -1, SQLITE_STATIC);
    }
}

void
conn_bind_int (sqlite3_stmt *st, int index, int64_t number)
{
    if (index <= sqlite3_bind_parameter_count (st)) {
        sqlite3_bind_int64 (st, index, number);
    }
}

void
conn_bind_row (sqlite3_stmt *st, const struct row_type *type, void *row)
{
    int last = sqlite3_bind_parameter_count (st);

    for (int i = 0; i < (int) type->count && i < last; i++) {
        const struct row_field *field = &type->fields[i];
        const char *text = field->kind == ROW_TEXT || field->kind == ROW_BYTES
                               ? *row_text (row, field) : NULL;

        if (field->kind == ROW_INT || field->kind == ROW_I64) {
            sqlite3_bind_int64 (st, i + 1, row_number (row, field));
        } else if (text != NULL && field->kind == ROW_TEXT) {
            sqlite3_bind_text (st, i + 1, text, -1, SQLITE_STATIC);
        } else if (text != NULL) {
            size_t size = *(size_t *) ((char *) row + field->size_offset);
            sqlite3_bind_blob64 (st, i + 1, text, size, SQLITE_STATIC);
        }
    }
}

int32_t
conn_run (struct conn *c, sqlite3_stmt *st, struct err *err)
{
    int rc;
    int32_t code = 0;

    do {
        rc = sqlite3_step (st);
    } while (rc == SQLITE_ROW);
    if (rc != SQLITE_DONE) {
        code = conn_fail (c, rc, err);
    }
    sqlite3_reset (st);
    return code;
}

static void
read_member (sqlite3_stmt *st, int column, const struct row_field *field, void *row)
{
    char *at = (char *) row + field->offset;

    switch (field->kind) {
    case ROW_INT:
        *(int *) at = sqlite3_column_int (st, column);
        break;
    case ROW_I64:
        *(int64_t *) at = sqlite3_column_int64 (st, column);
        break;
    case ROW_TEXT:
        *row_text (row, field) = str_dup ((const char *) sqlite3_column_text (st, column));
        break;
    case ROW_BYTES:
        if (sqlite3_column_type (st, column) != SQLITE_NULL) {
            const void *bytes = sqlite3_column_blob (st, column);
            size_t size = (size_t) sqlite3_column_bytes (st, column);
            *row_text (row, field) = mem_dup (bytes, size);
            *(size_t *) ((char *) row + field->size_offset) = size;
        }
        break;
    }
}

int32_t
conn_read (struct conn *c, sqlite3_stmt *st, const struct row_type *type, void **ret_rows,
           size_t *ret_count, struct err *err)
{
    char *rows = NULL;
    size_t count = 0, capacity = 0;
    int rc;

    while ((rc = sqlite3_step (st)) == SQLITE_ROW) {
        if (count == capacity) {
            capacity = capacity == 0 ? 1 : capacity * 2;
            rows = mem_realloc (rows, capacity * type->size);
        }
        void *row = row_at (type, rows, count++);
        memset (row, 0, type->size);
        for (size_t i = 0; i < type->count; i++) {
            read_member (st, (int) i, &type->fields[i], row);
        }
    }
    if (rc != SQLITE_DONE) {
        int32_t code = conn_fail (c, rc, err);
        sqlite3_reset (st);
        row_free (type, rows, count);
        return code;
    }
    sqlite3_reset (st);
    *ret_rows = rows;
    *ret_count = count;
    return 0;
}

int32_t
conn_value (struct conn *c, const char *name, const char *first, const char *second, bool *found,
            struct row_value *ret, struct err *err)
{
    sqlite3_stmt *st;
    int32_t code = conn_statement (c, name, &st, err);

    if (code != 0) {
        return code;
    }
    conn_bind_text (st, 1, first);
    conn_bind_text (st, 2, second);

    void *rows;
    size_t count;
    code = conn_read (c, st, &row_value_type, &rows, &count, err);
    if (code != 0) {
        return code;
    }
    *found = count > 0;
    if (count > 0) {
        struct row_value *first_row = rows;
        *ret = *first_row;
        first_row->text = NULL;
    }
    row_free (&row_value_type, rows, count);
    return 0;
}
