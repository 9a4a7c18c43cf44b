/* open-test: a store that is new, held, old, too new, foreign, damaged or not writable: each has
 * one clear message, and nothing is lost.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/lock.h"
#include "store/sqlite/sqlite.h"
#include "store/testing.h"

static int32_t
try_open (const char *path, enum store_mode mode, struct err *err)
{
    struct store *s = NULL;
    int32_t code;

    err_clear (err);
    code = store_open (path, mode, &s, err);
    store_close (s);
    return code;
}

static void
check_contains (const char *text, const char *part)
{
    ck_assert_msg (strstr (text, part) != NULL, "'%s' is not in '%s'", part, text);
}

static void
run_sql (const char *path, const char *sql)
{
    sqlite3 *db;
    char *message = NULL;

    ck_assert_int_eq (sqlite3_open (path, &db), SQLITE_OK);
    ck_assert_msg (sqlite3_exec (db, sql, NULL, NULL, &message) == SQLITE_OK, "%s",
                   message == NULL ? "" : message);
    sqlite3_close (db);
}

START_TEST (new_and_private)
{
    char *dir = testing_make_dir ();
    char *path = str_printf ("%s/deep/er/farrier.db", dir);
    struct stat st;
    struct err err;
    struct store *s;

    ck_assert_int_eq (try_open (path, STORE_READER, &err), ERR_NOT_FOUND);
    check_contains (err.message, "there is no store at");
    ck_assert (!fs_exists (path));
    ck_assert_int_eq (store_open (path, STORE_WRITER, &s, &err), 0);
    ck_assert_int_eq (store_schema_version (s), (int) sqlite_migration_count);
    ck_assert_str_eq (store_path (s), path);
    ck_assert_int_eq (stat (path, &st), 0);
    ck_assert_int_eq (st.st_mode & 0777, 0600);
    ck_assert_int_eq (store_holder (path), getpid ());
    store_close (s);
    ck_assert_int_eq (store_holder (path), 0);
    ck_assert_int_eq (try_open (path, STORE_WRITER, &err), 0);
    mem_free (path);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (one_writer_many_readers)
{
    struct testing_store t = testing_store_open ();
    struct store *reader;
    struct store_host *host;
    struct err err = { 0 };
    char pid[32];
    int64_t count;

    testing_add_host (t.s, "h1", "n1");
    ck_assert_int_eq (try_open (t.path, STORE_WRITER, &err), ERR_STORE_BUSY);
    str_format (pid, sizeof pid, "process %ld", (long) getpid ());
    check_contains (err.message, pid);
    ck_assert_str_ne (err.hint, "");

    ck_assert_int_eq (store_open (t.path, STORE_READER, &reader, &err), 0);
    ck_assert_int_eq (store_host_get (reader, "h1", &host, NULL), 0);
    store_host_free (host);
    testing_add_host (t.s, "h2", "n2");
    ck_assert_int_eq (store_host_count (reader, &count, NULL), 0);
    ck_assert_int_eq (count, 2);

    struct store_batch *b = store_batch_new (NULL);
    store_batch_meta_put (b, "a", "b");
    testing_refuse (reader, b, FARRIER_E_INTERNAL, "opened for reading only");
    store_close (reader);
    testing_store_close (&t);
}
END_TEST

START_TEST (lock_of_another_process)
{
    struct testing_store t = testing_store_open ();
    int to_child[2], from_child[2], status;
    struct err err;
    char byte = 'x';

    store_close (t.s);
    ck_assert_int_eq (pipe2 (to_child, O_CLOEXEC), 0);
    ck_assert_int_eq (pipe2 (from_child, O_CLOEXEC), 0);
    pid_t pid = fork ();
    if (pid == 0) {
        struct store *s;
        byte = store_open (t.path, STORE_WRITER, &s, NULL) == 0 ? 'y' : 'n';
        if (write (from_child[1], &byte, 1) != 1 || read (to_child[0], &byte, 1) != 1) {
            _exit (1);
        }
        _exit (0);
    }
    ck_assert_int_eq (read (from_child[0], &byte, 1), 1);
    ck_assert_int_eq (byte, 'y');
    ck_assert_int_eq (try_open (t.path, STORE_WRITER, &err), ERR_STORE_BUSY);
    char *expected = str_printf ("in use by process %ld", (long) pid);
    check_contains (err.message, expected);
    mem_free (expected);
    ck_assert_int_eq (store_holder (t.path), pid);
    ck_assert_int_eq (kill (pid, SIGKILL), 0);
    ck_assert_int_eq (waitpid (pid, &status, 0), pid);
    ck_assert_int_eq (store_open (t.path, STORE_WRITER, &t.s, &err), 0);
    testing_store_close (&t);
}
END_TEST

#define LOOKS 5000

static atomic_bool enough;

static void *
look_on (void *path)
{
    while (!atomic_load (&enough)) {
        store_holder (path);
    }
    return NULL;
}

/* Every command asks who holds the store: that must not keep a writer out. */
START_TEST (a_look_is_no_lock)
{
    char *dir = testing_make_dir (), *path = fs_join (dir, "store");
    char *lock = str_printf ("%s.lock", path);
    pthread_t looker;
    int fd = -1, refused = 0;
    bool held = false;
    pid_t pid;

    ck_assert_int_eq (pthread_create (&looker, NULL, look_on, path), 0);
    for (int i = 0; i < LOOKS; i++) {
        ck_assert_int_eq (lock_take (lock, &fd, &held, &pid, NULL), 0);
        refused += held ? 0 : 1;
        if (held) {
            close (fd);
        }
    }
    atomic_store (&enough, true);
    pthread_join (looker, NULL);
    ck_assert_int_eq (refused, 0);
    mem_free (lock);
    mem_free (path);
    testing_remove_dir (dir);
}
END_TEST

/* The other process has the lock, but has not written its pid yet. */
START_TEST (holder_without_a_pid)
{
    struct testing_store t = testing_store_open ();
    char *lock = str_printf ("%s.lock", t.path);
    struct err err = { 0 };

    ck_assert_int_eq (truncate (lock, 0), 0);
    ck_assert_int_eq (try_open (t.path, STORE_WRITER, &err), ERR_STORE_BUSY);
    check_contains (err.message, "in use by another process");
    mem_free (lock);
    testing_store_close (&t);
}
END_TEST

START_TEST (messages_name_the_path)
{
    char *dir = testing_make_dir ();
    struct err err = { 0 };

    ck_assert_int_eq (try_open (dir, STORE_READER, &err), ERR_IO);
    check_contains (err.message, dir);
    ck_assert_msg (strstr (err.message, "immutable") == NULL, "%s", err.message);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (kept_store_of_schema_1)
{
    char *dir = testing_make_dir ();
    char *path = fs_join (dir, "farrier.db");
    struct buf sql = { 0 };
    struct store *s;
    struct store_job_now now;
    struct store_component *components;
    struct store_event *events;
    size_t count;
    struct err err = { 0 };

    ck_assert_int_eq (fs_read (TEST_SRCDIR "/tests/data/store-v1.sql", 1 << 20, &sql, NULL), 0);
    run_sql (path, sql.data);
    buf_free (&sql);
    ck_assert_msg (store_open (path, STORE_WRITER, &s, &err) == 0, "%s", err.message);
    ck_assert_int_eq (store_job_now_get (s, "job-1", &now, NULL), 0);
    ck_assert_str_eq (now.job->state, "waiting");
    ck_assert_str_eq (now.await->state, "launched");
    store_job_now_clear (&now);
    ck_assert_int_eq (store_component_list (s, NULL, NULL, &components, &count, NULL), 0);
    ck_assert_uint_eq (count, 1);
    ck_assert_str_eq (components->version, "1.0");
    store_component_free_all (components, count);
    ck_assert_int_eq (store_event_list (s, NULL, 0, 0, &events, &count, NULL), 0);
    ck_assert_uint_eq (count, 1);
    store_event_free_all (events, count);
    struct store_batch *b = store_batch_new (NULL);
    store_batch_await_answer (b, "att-1", 1, "{}");
    testing_commit (s, b);
    store_close (s);
    mem_free (path);
    testing_remove_dir (dir);
}
END_TEST

/* The migrations of a later farrier: ours, and two more. */
static struct sqlite_migration *
later_migrations (const char *last_text)
{
    size_t ours = sqlite_migration_count;
    struct sqlite_migration *all = mem_array (ours + 2, sizeof *all);

    memcpy (all, sqlite_migrations, ours * sizeof *all);
    all[ours] = (struct sqlite_migration) { (int) ours + 1, "more",
                                            "CREATE TABLE more (id TEXT); "
                                            "INSERT INTO more SELECT id FROM host;" };
    all[ours + 1] = (struct sqlite_migration) { (int) ours + 2, "last", last_text };
    return all;
}

START_TEST (migrates_after_a_backup)
{
    struct testing_store t = testing_store_open ();
    int ours = (int) sqlite_migration_count, version = 0;
    struct sqlite_migration *all = later_migrations ("ALTER TABLE more ADD COLUMN x TEXT;");
    struct conn c;
    struct err err = { 0 };
    int64_t rows = 0;

    testing_add_host (t.s, "h1", "n1");
    store_close (t.s);
    ck_assert_int_eq (conn_open (&c, t.path, SQLITE_OPEN_READWRITE, NULL), 0);
    ck_assert_msg (sqlite_migrate (&c, ours, all, (size_t) ours + 2, &err) == 0, "%s", err.message);
    ck_assert_int_eq (sqlite_schema_of (&c, &version, NULL), 0);
    ck_assert_int_eq (version, ours + 2);
    ck_assert_int_eq (conn_query_int (&c, "SELECT COUNT (x) + COUNT (*) FROM more", &rows, NULL),
                      0);
    ck_assert_int_eq (rows, 1);
    ck_assert_int_eq (sqlite_check_migrations (&c, version, all, NULL), 0);
    conn_close (&c);

    /* This farrier must not touch what a later one wrote. */
    ck_assert_int_eq (try_open (t.path, STORE_WRITER, &err), FARRIER_E_INVALID);
    char *expected = str_printf ("has schema %d, this farrier knows 1 to %d", ours + 2, ours);
    check_contains (err.message, expected);
    mem_free (expected);
    ck_assert_int_eq (try_open (t.path, STORE_READER, &err), FARRIER_E_INVALID);

    /* The backup is the store as it was. */
    char *backup = str_printf ("%s.schema-%d.bak", t.path, ours);
    struct stat st;
    struct store_host *host;
    ck_assert_int_eq (stat (backup, &st), 0);
    ck_assert_int_eq (st.st_mode & 0777, 0600);
    ck_assert_int_eq (store_open (backup, STORE_WRITER, &t.s, &err), 0);
    ck_assert_int_eq (store_host_get (t.s, "h1", &host, NULL), 0);
    store_host_free (host);
    mem_free (backup);
    mem_free (all);
    testing_store_close (&t);
}
END_TEST

START_TEST (failed_migration_leaves_the_old)
{
    struct testing_store t = testing_store_open ();
    int ours = (int) sqlite_migration_count, version = 0;
    struct sqlite_migration *all = later_migrations ("CREATE TABLE half (id TEXT); nonsense;");
    struct conn c;
    struct err err = { 0 };
    int64_t tables = -1;

    store_close (t.s);
    ck_assert_int_eq (conn_open (&c, t.path, SQLITE_OPEN_READWRITE, NULL), 0);
    ck_assert_int_ne (sqlite_migrate (&c, ours, all, (size_t) ours + 2, &err), 0);
    check_contains (err.message, "_last: ");
    ck_assert_int_eq (sqlite_schema_of (&c, &version, NULL), 0);
    ck_assert_int_eq (version, ours + 1);
    ck_assert_int_eq (conn_query_int (&c, "SELECT COUNT (*) FROM sqlite_master WHERE name = 'half'",
                                      &tables, NULL), 0);
    ck_assert_int_eq (tables, 0);
    conn_close (&c);
    mem_free (all);
    t.s = NULL;
    testing_store_close (&t);
}
END_TEST

START_TEST (refuses_what_is_not_ours)
{
    char *dir = testing_make_dir ();
    char *foreign = fs_join (dir, "foreign.db"), *text = fs_join (dir, "text.db");
    char *edited = fs_join (dir, "edited.db"), *empty = fs_join (dir, "empty.db");
    struct err err;

    run_sql (foreign, "CREATE TABLE theirs (x)");
    ck_assert_int_eq (try_open (foreign, STORE_WRITER, &err), FARRIER_E_INVALID);
    check_contains (err.message, "is the database of another program");

    char *words = str_printf ("%0*d", 5000, 7);
    ck_assert_int_eq (fs_write_atomic (text, words, 5000, 0600, NULL), 0);
    mem_free (words);
    ck_assert_int_eq (try_open (text, STORE_WRITER, &err), FARRIER_E_INVALID);
    check_contains (err.message, "is no SQLite database");
    ck_assert_int_eq (try_open (text, STORE_READER, &err), FARRIER_E_INVALID);

    ck_assert_int_eq (try_open (edited, STORE_WRITER, &err), 0);
    run_sql (edited, "UPDATE schema_migrations SET sha256 = 'abc' WHERE version = 1");
    ck_assert_int_eq (try_open (edited, STORE_WRITER, &err), FARRIER_E_INVALID);
    check_contains (err.message, "another schema 1 (abc");

    ck_assert_int_eq (fs_write_atomic (empty, "", 0, 0600, NULL), 0);
    ck_assert_int_eq (try_open (empty, STORE_READER, &err), ERR_NOT_FOUND);
    ck_assert_int_eq (try_open (empty, STORE_WRITER, &err), 0);
    mem_free (foreign);
    mem_free (text);
    mem_free (edited);
    mem_free (empty);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (finds_damage)
{
    struct testing_store t = testing_store_open ();
    struct store_batch *b = store_batch_new (NULL);
    struct err err;
    struct stat st;
    char junk[4096];

    for (int i = 0; i < 2000; i++) {
        struct store_event event = { .at_ms = i, .kind = "filler", .body_json = "{}" };
        store_batch_event (b, &event);
    }
    testing_commit (t.s, b);
    store_close (t.s);
    memset (junk, 0x5a, sizeof junk);
    int fd = open (t.path, O_RDWR | O_CLOEXEC);
    ck_assert_int_eq (fstat (fd, &st), 0);
    ck_assert_int_gt (st.st_size, 20 * 4096);
    for (off_t at = 4096 * 2; at < st.st_size; at += 4096 * 3) {
        ck_assert_int_eq (pwrite (fd, junk, sizeof junk, at), (ssize_t) sizeof junk);
    }
    close (fd);
    ck_assert_int_eq (try_open (t.path, STORE_WRITER, &err), FARRIER_E_INVALID);
    check_contains (err.message, "is damaged");
    check_contains (err.hint, "backup");
    t.s = NULL;
    testing_store_close (&t);
}
END_TEST

/* In a child that gave up root's rights, since root may write anywhere. */
static int
open_without_rights (const char *path, enum store_mode mode, const char *message)
{
    struct err err = { 0 };
    pid_t pid = fork ();
    int status;

    if (pid == 0) {
        if (getuid () == 0 && (setgid (65534) != 0 || setuid (65534) != 0)) {
            _exit (2);
        }
        int32_t code = try_open (path, mode, &err);
        _exit (code == ERR_IO && strstr (err.message, message) != NULL ? 0 : 1);
    }
    ck_assert_int_eq (waitpid (pid, &status, 0), pid);
    return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

START_TEST (read_only_has_a_message)
{
    struct testing_store t = testing_store_open ();
    char *lock = str_printf ("%s.lock", t.path);

    store_close (t.s);
    ck_assert_int_eq (chmod (t.path, 0444), 0);
    ck_assert_int_eq (chmod (t.dir, 0555), 0);
    ck_assert_int_eq (chmod (lock, 0444), 0);
    ck_assert_int_eq (open_without_rights (t.path, STORE_WRITER, "cannot write"), 0);
    ck_assert_int_eq (chmod (t.dir, 0777), 0);
    ck_assert_int_eq (chmod (lock, 0666), 0);
    ck_assert_int_eq (open_without_rights (t.path, STORE_WRITER, "cannot write the store"), 0);
    ck_assert_int_eq (chmod (t.path, 0000), 0);
    ck_assert_int_eq (open_without_rights (t.path, STORE_READER, "cannot open the store"), 0);
    mem_free (lock);
    t.s = NULL;
    testing_store_close (&t);
}
END_TEST

START_TEST (a_foreign_lock_inside)
{
    struct testing_store t = testing_store_open ();
    sqlite3 *db;
    struct err err = { 0 };
    struct conn c;

    ck_assert_int_eq (sqlite3_open (t.path, &db), SQLITE_OK);
    ck_assert_int_eq (sqlite3_exec (db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq (conn_open (&c, t.path, SQLITE_OPEN_READWRITE, NULL), 0);
    sqlite3_busy_timeout (c.db, 0);
    ck_assert_int_eq (conn_exec (&c, "BEGIN IMMEDIATE", &err), ERR_STORE_BUSY);
    check_contains (err.message, "another program keeps the store");
    conn_close (&c);
    sqlite3_close (db);
    testing_store_close (&t);
}
END_TEST

START_TEST (every_statement_compiles)
{
    struct testing_store t = testing_store_open ();
    struct conn c;

    ck_assert_int_eq (conn_open (&c, t.path, SQLITE_OPEN_READONLY, NULL), 0);
    ck_assert_uint_gt (sqlite_statement_count, 80);
    for (size_t i = 0; i < sqlite_statement_count; i++) {
        sqlite3_stmt *st;
        struct err err = { 0 };
        ck_assert_msg (conn_statement (&c, sqlite_statements[i].name, &st, &err) == 0, "%s: %s",
                       sqlite_statements[i].name, err.message);
    }
    conn_close (&c);
    testing_store_close (&t);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        new_and_private, one_writer_many_readers, lock_of_another_process,
        a_look_is_no_lock, holder_without_a_pid, messages_name_the_path, kept_store_of_schema_1,
        migrates_after_a_backup, failed_migration_leaves_the_old, refuses_what_is_not_ours,
        finds_damage, read_only_has_a_message, a_foreign_lock_inside, every_statement_compiles,
        NULL,
    };

    return testing_run ("open", tests);
}
