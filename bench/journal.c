/* journal: journalled steps per second through the store, against the same rows by bare SQLite.
 *
 * A step is what the engine commits before an effect: an attempt, its await, one event. The store
 * takes each step as a batch of its own, with its checks, through the writer's group commit; the
 * bare program inserts the same columns by prepared statements, 200 steps per transaction. Both
 * with synchronous=FULL, both into the real schema, each into a new file, in turns.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/store.h"

#define STEPS 20000
#define GROUP 200
#define JOBS 500
#define ROUNDS 3
#define LIMIT 3.0
#define SPEC "{\"method\":\"POST\",\"path\":\"/redfish/v1/UpdateService/upload\",\"a\":\"b\"}"

static double
now_s (void)
{
    struct timespec t;

    clock_gettime (CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void
die (const char *what)
{
    fprintf (stderr, "bench/journal: %s\n", what);
    exit (1);
}

static struct store *
new_store (const char *path)
{
    struct store *s;
    struct err err = { 0 };

    if (store_open (path, STORE_WRITER, &s, &err) != 0) {
        die (err.message);
    }
    return s;
}

static atomic_int failed;

static void
count_failed (void *arg, int32_t code, const struct err *err)
{
    (void) arg;
    (void) err;
    if (code != 0) {
        atomic_fetch_add (&failed, 1);
    }
}

static void
commit_step (struct store *s, int i)
{
    char id[24], job[24], path[24];
    struct store_attempt attempt = { .id = id, .job_id = job, .step_path = path, .number = 1,
                                     .action = "firmware.install", .plugin = "generic_redfish",
                                     .state = "open", .bag_json = "{\"task\":\"\"}", .seq = 1 };
    struct store_await await = { .attempt_id = id, .job_id = job, .seq = 1, .kind = "http",
                                 .label = "push", .spec_json = SPEC, .changing = 1 };
    struct store_event event = { .at_ms = i, .kind = "step.started", .job_id = job,
                                 .body_json = "{\"step\":1}" };
    struct store_batch *b = store_batch_new ("step");

    str_format (id, sizeof id, "att-%d", i);
    str_format (job, sizeof job, "job-%d", i % JOBS);
    str_format (path, sizeof path, "2/%d", i / JOBS);
    store_batch_attempt_insert (b, &attempt);
    store_batch_await_put (b, &await);
    store_batch_event (b, &event);
    store_commit_async (s, b, STORE_FULL, count_failed, NULL);
}

static double
run_store (const char *path)
{
    struct store *s = new_store (path);
    double begin = now_s ();

    for (int i = 0; i < STEPS; i++) {
        commit_step (s, i);
    }
    store_commit (s, store_batch_new (NULL), STORE_FULL, NULL);
    double elapsed = now_s () - begin;
    store_close (s);
    return elapsed;
}

/* --- bare ------------------------------------------------------------------------------------- */

static void
run (sqlite3 *db, const char *sql)
{
    if (sqlite3_exec (db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        die (sqlite3_errmsg (db));
    }
}

static sqlite3_stmt *
prepare (sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st;

    if (sqlite3_prepare_v2 (db, sql, -1, &st, NULL) != SQLITE_OK) {
        die (sqlite3_errmsg (db));
    }
    return st;
}

static void
step (sqlite3_stmt *st, const char *id, const char *job, const char *path, int number)
{
    sqlite3_bind_text (st, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_text (st, 2, job, -1, SQLITE_STATIC);
    sqlite3_bind_text (st, 3, path, -1, SQLITE_STATIC);
    sqlite3_bind_int (st, 4, number);
    if (sqlite3_step (st) != SQLITE_DONE) {
        die (sqlite3_errmsg (sqlite3_db_handle (st)));
    }
    sqlite3_reset (st);
}

static void
insert_steps (sqlite3 *db)
{
    sqlite3_stmt *attempt = prepare (
        db, "INSERT INTO attempt (id, job_id, step_path, number, action, plugin, state, "
            "started_ms, ended_ms, deadline_ms, bag_json, seq, ord) VALUES (?1, ?2, ?3, 1, "
            "'firmware.install', 'generic_redfish', 'open', 0, 0, 0, '{\"task\":\"\"}', 1, ?4)");
    sqlite3_stmt *await = prepare (
        db, "INSERT INTO await (attempt_id, job_id, seq, kind, label, spec_json, state, changing, "
            "queued_ms, launched_ms, deadline_ms) VALUES (?1, ?2, 1, 'http', 'push', '" SPEC "', "
            "'queued', 1, 0, 0, 0)");
    sqlite3_stmt *event = prepare (db, "INSERT INTO event (at_ms, kind, job_id, body_json) "
                                       "VALUES (?4, 'step.started', ?2, '{\"step\":1}')");

    for (int i = 0; i < STEPS; i++) {
        char id[24], job[24], path[24];
        str_format (id, sizeof id, "att-%d", i);
        str_format (job, sizeof job, "job-%d", i % JOBS);
        str_format (path, sizeof path, "2/%d", i / JOBS);
        if (i % GROUP == 0) {
            run (db, i == 0 ? "BEGIN" : "COMMIT; BEGIN");
        }
        step (attempt, id, job, path, i / JOBS + 1);
        step (await, id, job, NULL, 0);
        step (event, NULL, job, NULL, i);
    }
    run (db, "COMMIT");
    sqlite3_finalize (attempt);
    sqlite3_finalize (await);
    sqlite3_finalize (event);
}

static double
run_bare (const char *path)
{
    sqlite3 *db;

    store_close (new_store (path));   /* the same schema */
    if (sqlite3_open (path, &db) != SQLITE_OK) {
        die ("cannot open the bare database");
    }
    run (db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    double begin = now_s ();
    insert_steps (db);
    double elapsed = now_s () - begin;
    sqlite3_close (db);
    return elapsed;
}

static double
measure (const char *dir, double (*run_one) (const char *path), const char *name, int round)
{
    char *file = str_printf ("%s-%d.db", name, round);
    char *path = fs_join (dir, file);
    double elapsed = run_one (path);

    mem_free (path);
    mem_free (file);
    return elapsed;
}

int
main (void)
{
    const char *base = getenv ("TMPDIR");
    char *dir = str_printf ("%s/farrier-bench.XXXXXX", str_empty (base) ? "/tmp" : base);
    double store = 0, bare = 0;

    if (mkdtemp (dir) == NULL) {
        die ("cannot make a folder");
    }
    for (int i = 0; i < ROUNDS; i++) {
        double b = measure (dir, run_bare, "bare", i), s = measure (dir, run_store, "store", i);
        bare = i == 0 || b < bare ? b : bare;
        store = i == 0 || s < store ? s : store;
    }
    fs_remove_tree (dir, NULL);
    mem_free (dir);

    bool ok = store / bare <= LIMIT && atomic_load (&failed) == 0;
    printf ("{\"bench\":\"journal\",\"ratio\":%.2f,\"limit\":%.2f,\"ok\":%s,"
            "\"steps\":%d,\"store_steps_per_s\":%.0f,\"bare_steps_per_s\":%.0f,"
            "\"rows_per_s\":%.0f,\"failed\":%d}\n",
            store / bare, LIMIT, ok ? "true" : "false", STEPS, STEPS / store, STEPS / bare,
            3 * STEPS / store, atomic_load (&failed));
    return ok ? 0 : 1;
}
