/* open: a store file from its lock to the checked, migrated schema.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/lock.h"
#include "store/sqlite/sqlite.h"

static int32_t
take_lock (struct sqlite_db *d, struct err *err)
{
    char *path = str_printf ("%s.lock", d->path);
    bool held = false;
    pid_t pid = 0;
    int32_t code = lock_take (path, &d->lock_fd, &held, &pid, err);

    mem_free (path);
    if (code == 0 && !held) {
        char who[40] = "another process";
        if (pid > 0) {
            str_format (who, sizeof who, "process %ld", (long) pid);
        }
        code = err_set (err, ERR_STORE_BUSY, "the store %s is in use by %s", d->path, who);
        err_hint (err, "let it finish or stop it; list, show, watch and why work beside it");
    }
    return code;
}

/* The file is made here so that it is private from its first moment; SQLite gives the rights of
 * the database to the files beside it. */
static int32_t
make_file (struct sqlite_db *d, struct err *err)
{
    int fd = open (d->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0) {
        err_set_errno (err, ERR_IO, errno, "cannot write the store %s", d->path);
        err_hint (err, "mount its file system writable, or give this user the right to write");
        return ERR_IO;
    }
    close (fd);
    return 0;
}

static int32_t
make_dir (const char *path, struct err *err)
{
    char *dir = str_ndup (path, (size_t) (fs_basename (path) - path));
    int32_t code = str_empty (dir) ? 0 : fs_mkdirs (dir, 0700, err);

    mem_free (dir);
    return code;
}

static int32_t
check_integrity (struct conn *c, struct err *err)
{
    char *verdict = NULL;
    int32_t code = conn_query_text (c, "PRAGMA quick_check (1)", &verdict, err);
    sqlite3_db_release_memory (c->db);           /* all pages, of which the writer needs few */

    if (code == 0 && !str_eq (verdict, "ok")) {
        code = err_set (err, FARRIER_E_INVALID, "the store %s is damaged: %s", c->path,
                        verdict == NULL ? "no verdict" : verdict);
        err_hint (err, "keep a copy of it and put your last backup in its place");
    }
    mem_free (verdict);
    return code;
}

static int32_t
check_version (struct conn *c, int version, struct err *err)
{
    int ours = (int) sqlite_migration_count;

    if (version > ours) {
        err_set (err, FARRIER_E_INVALID,
                 "the store %s has schema %d, this farrier knows 1 to %d", c->path, version, ours);
        err_hint (err, "install the newer farrier that wrote it");
        return FARRIER_E_INVALID;
    }
    return sqlite_check_migrations (c, version, sqlite_migrations, err);
}

static int32_t
use_wal (struct conn *c, struct err *err)
{
    char *mode = NULL;
    int32_t code = conn_query_text (c, "PRAGMA journal_mode = WAL", &mode, err);

    if (code == 0 && !str_eq (mode, "wal")) {
        code = err_set (err, ERR_IO, "the store %s cannot have a write-ahead log (mode %s)",
                        c->path, mode == NULL ? "unknown" : mode);
        err_hint (err, "keep the store on a local file system, never on NFS");
    }
    mem_free (mode);
    return code;
}

static int32_t
prepare_writer (struct sqlite_db *d, int *ret_schema, struct err *err)
{
    struct conn *c = &d->writer;
    int version = 0;
    int32_t code = sqlite_schema_of (c, &version, err);

    if (code == 0 && version > 0) {
        code = check_integrity (c, err);
    }
    if (code == 0) {
        code = check_version (c, version, err);
    }
    if (code == 0) {
        code = use_wal (c, err);
    }
    if (code == 0) {
        code = conn_exec (c, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000;"
                          "PRAGMA journal_size_limit = 67108864", err);
        d->synchronous = STORE_FULL;
    }
    if (code == 0) {
        code = sqlite_migrate (c, version, sqlite_migrations, sqlite_migration_count, err);
    }
    if (code == 0) {               /* after the migrations, which may rebuild tables */
        code = conn_exec (c, "PRAGMA foreign_keys = ON", err);
    }
    if (code == 0) {
        *ret_schema = (int) sqlite_migration_count;
    }
    return code;
}

static int32_t
open_writer (struct sqlite_db *d, int *ret_schema, struct err *err)
{
    int32_t code = make_dir (d->path, err);

    if (code == 0) {
        code = take_lock (d, err);
    }
    if (code == 0) {
        code = make_file (d, err);
    }
    if (code == 0) {
        code = conn_open (&d->writer, d->path, SQLITE_OPEN_READWRITE, err);
    }
    if (code == 0) {
        code = prepare_writer (d, ret_schema, err);
    }
    return code;
}

/* A store in WAL mode wants its -wal and -shm files beside it, also for reading. Where they are not
 * there and can't be made (a read-only or full file system) nobody writes either: then the file is
 * all there is, and it is read as it lies. */
static bool
is_alone (const struct sqlite_db *d)
{
    struct stat st;
    char *wal = str_printf ("%s-wal", d->path);
    bool alone = stat (wal, &st) != 0 || st.st_size == 0;

    mem_free (wal);
    return alone;
}

static int32_t
connect_reader (const struct sqlite_db *d, struct conn *ret, struct err *err)
{
    if (!d->immutable) {
        return conn_open (ret, d->path, SQLITE_OPEN_READONLY, err);
    }
    struct buf uri = { 0 };
    buf_puts (&uri, "file:");
    for (const char *p = d->path; *p != '\0'; p++) {
        if (strchr ("%?#", *p) != NULL) {
            buf_printf (&uri, "%%%02x", (unsigned char) *p);
        } else {
            buf_append (&uri, p, 1);
        }
    }
    buf_puts (&uri, "?immutable=1");
    int32_t code = conn_open_as (ret, uri.data, d->path, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                                 err);
    buf_free (&uri);
    return code;
}

static int32_t
read_version (struct sqlite_db *d, struct conn *c, int *ret_version, struct err *err)
{
    int32_t code = connect_reader (d, c, err);

    return code == 0 ? sqlite_schema_of (c, ret_version, err) : code;
}

static int32_t
open_reader (struct sqlite_db *d, int *ret_schema, struct err *err)
{
    struct conn c = { 0 };
    int version = 0;

    if (access (d->path, F_OK) != 0) {
        err_set (err, ERR_NOT_FOUND, "there is no store at %s yet", d->path);
        err_hint (err, "farrier host add NAME --bmc URL makes it, or check the path");
        return ERR_NOT_FOUND;
    }
    int32_t code = read_version (d, &c, &version, err);
    if ((code == ERR_IO || code == FARRIER_E_NO_SPACE) && is_alone (d)) {
        conn_close (&c);
        d->immutable = true;
        code = read_version (d, &c, &version, err);
    }
    if (code == 0) {
        code = check_version (&c, version, err);
    }
    if (code == 0 && version == 0) {
        err_set (err, ERR_NOT_FOUND, "the store %s is empty yet", d->path);
        err_hint (err, "farrier host add NAME --bmc URL begins it, or check the path");
        code = ERR_NOT_FOUND;
    } else if (code == 0 && version < (int) sqlite_migration_count) {
        err_set (err, FARRIER_E_INVALID, "the store %s has schema %d, this farrier reads %d",
                 d->path, version, (int) sqlite_migration_count);
        err_hint (err, "restart farrierd, or run any farrier command that writes: it migrates");
        code = FARRIER_E_INVALID;
    }
    conn_close (&c);
    if (code == 0) {
        *ret_schema = version;
    }
    return code;
}

int32_t
sqlite_open (const char *path, enum store_mode mode, void **ret_db, int *ret_schema,
             struct err *err)
{
    struct sqlite_db *d = mem_alloc (sizeof *d);
    int32_t code;

    d->mode = mode;
    d->path = str_dup (path);
    d->lock_fd = -1;
    code = mode == STORE_WRITER ? open_writer (d, ret_schema, err)
                                : open_reader (d, ret_schema, err);
    if (code != 0) {
        sqlite_close (d);
        return code;
    }
    *ret_db = d;
    return 0;
}

void
sqlite_close (void *db)
{
    struct sqlite_db *d = db;

    conn_close (&d->writer);
    if (d->lock_fd >= 0) {
        close (d->lock_fd);
    }
    mem_free (d->path);
    mem_free (d);
}

int32_t
sqlite_reader_open (void *db, void **ret_reader, struct err *err)
{
    struct sqlite_db *d = db;
    struct conn *c = mem_alloc (sizeof *c);
    int32_t code = connect_reader (d, c, err);

    if (code != 0) {
        mem_free (c);
        return code;
    }
    *ret_reader = c;
    return 0;
}

void
sqlite_reader_close (void *reader)
{
    conn_close (reader);
    mem_free (reader);
}
