/* migrate: the schema's version, and the way from an older one to ours.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/sqlite/sqlite.h"

int32_t
sqlite_schema_of (struct conn *c, int *ret_version, struct err *err)
{
    int64_t application, objects, version = 0;
    int32_t code = conn_query_int (c, "PRAGMA application_id", &application, err);

    if (code == 0) {
        code = conn_query_int (c, "SELECT COUNT (*) FROM sqlite_master", &objects, err);
    }
    if (code != 0) {
        return code;
    }
    if (application != SQLITE_APPLICATION_ID && objects > 0) {
        err_set (err, FARRIER_E_INVALID,
                 "%s is the database of another program (application id %#" PRIx64
                 ", Farrier's is %#x)", c->path, (uint64_t) application, SQLITE_APPLICATION_ID);
        err_hint (err, "check the path of the store");
        return FARRIER_E_INVALID;
    }
    if (objects > 0) {
        code = conn_query_int (c, "SELECT MAX (version) FROM schema_migrations", &version, err);
    }
    if (code == 0) {
        *ret_version = (int) version;
    }
    return code;
}

/* VACUUM INTO wants an absent or empty file: an empty one keeps it private from the start. */
static int32_t
back_up (struct conn *c, int version, struct err *err)
{
    char *path = str_printf ("%s.schema-%d.bak", c->path, version);
    char *draft = str_printf ("%s.new", path);
    sqlite3_stmt *st = NULL;
    int32_t code = 0;

    unlink (draft);
    int fd = open (draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        code = err_set_errno (err, ERR_IO, errno, "cannot back up the store to %s", draft);
        goto out;
    }
    close (fd);
    int rc = sqlite3_prepare_v2 (c->db, "VACUUM INTO ?1", -1, &st, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text (st, 1, draft, -1, SQLITE_STATIC);
        rc = sqlite3_step (st);
    }
    if (rc != SQLITE_DONE) {
        code = conn_fail (c, rc, err);
        err_prefix (err, "cannot back up the store before its migration");
        unlink (draft);
    } else if (rename (draft, path) != 0) {
        code = err_set_errno (err, ERR_IO, errno, "cannot rename %s", draft);
        unlink (draft);
    } else {
        log_info ("store %s: copied to %s before its migration", c->path, path);
    }
    sqlite3_finalize (st);
out:
    mem_free (draft);
    mem_free (path);
    return code;
}

static int32_t
record (struct conn *c, const struct sqlite_migration *m, struct err *err)
{
    char sha256[HASH_SHA256_HEX];
    int32_t code;

    hash_sha256_hex (m->text, strlen (m->text), sha256);
    char *sql = sqlite3_mprintf ("INSERT INTO schema_migrations VALUES (%d, %Q, %lld)", m->version,
                                 sha256, (long long) clock_wall_ms ());
    code = conn_exec (c, sql, err);
    sqlite3_free (sql);
    return code;
}

static int32_t
apply (struct conn *c, const struct sqlite_migration *m, struct err *err)
{
    int32_t code = conn_exec (c, "BEGIN IMMEDIATE", err);

    if (code != 0) {
        return code;
    }
    code = conn_exec (c, "CREATE TABLE IF NOT EXISTS schema_migrations "
                      "(version INTEGER NOT NULL PRIMARY KEY, sha256 TEXT NOT NULL, "
                      "applied BIGINT NOT NULL)", err);
    if (code == 0) {
        char *pragma = str_printf ("PRAGMA application_id = %d", SQLITE_APPLICATION_ID);
        code = conn_exec (c, pragma, err);
        mem_free (pragma);
    }
    if (code == 0) {
        code = conn_exec (c, m->text, err);
    }
    if (code == 0) {
        code = record (c, m, err);
    }
    if (code == 0) {
        code = conn_exec (c, "COMMIT", err);
    }
    if (code != 0) {
        err_prefix (err, "migration %04d_%s", m->version, m->name);
        conn_exec (c, "ROLLBACK", NULL);
    }
    return code;
}

int32_t
sqlite_migrate (struct conn *c, int from, const struct sqlite_migration *all, size_t count,
                struct err *err)
{
    int32_t code = 0;

    if (from > 0 && (size_t) from < count) {
        code = back_up (c, from, err);
    }
    for (size_t i = (size_t) from; i < count && code == 0; i++) {
        code = apply (c, &all[i], err);
    }
    return code;
}

int32_t
sqlite_check_migrations (struct conn *c, int version, const struct sqlite_migration *all,
                         struct err *err)
{
    for (int i = 0; i < version; i++) {
        char ours[HASH_SHA256_HEX];
        char *theirs = NULL;
        char *sql = str_printf ("SELECT sha256 FROM schema_migrations WHERE version = %d", i + 1);
        int32_t code = conn_query_text (c, sql, &theirs, err);

        mem_free (sql);
        if (code != 0) {
            return code;
        }
        hash_sha256_hex (all[i].text, strlen (all[i].text), ours);
        bool same = str_eq (ours, theirs);
        if (!same) {
            err_set (err, FARRIER_E_INVALID,
                     "the store %s was made with another schema %d (%.8s, this farrier's is %.8s)",
                     c->path, i + 1, theirs == NULL ? "none" : theirs, ours);
            err_hint (err, "run the farrier that made it, or move the file away");
        }
        mem_free (theirs);
        if (!same) {
            return FARRIER_E_INVALID;
        }
    }
    return 0;
}
