/* store: everything that Farrier remembers: hosts, inventory, plans, jobs, the journal, events.
 *
 * The interface speaks of domain rows and domain operations, never of SQL; a driver (driver.h)
 * carries them out. Rows are in store_host.h, store_plan.h and store_job.h.
 *
 * Writing: build a struct store_batch, commit it. A batch is atomic as a whole. Reading: any
 * thread, any time; a read sees every batch whose commit has returned.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_STORE_STORE_H
#define FARRIER_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Conventions of all rows, in all headers of this folder:
 *  - char * members are heap strings owned by the row; NULL is "not there". JSON is carried as
 *    text (name ends in _json); the store does not look inside. ids are text (hash_random_id) or
 *    natural keys. Times are wall milliseconds (clock_wall_ms), 0 = not yet.
 *  - A batch function copies what it is given: literals and stack rows are welcome (cast away
 *    const). All-zero rows are valid starting points.
 *  - A read that returns one row sets *ret to a heap row (free it with store_NAME_free), or fails
 *    with ERR_NOT_FOUND and a message that names the object. A read that returns many sets
 *    *ret to one heap array and *ret_count (free with store_NAME_free_all); no rows is success
 *    with NULL and 0.
 *  - store_NAME_clear frees the members and leaves all zero; store_NAME_copy is deep.
 *  - All frees accept NULL. */
#define STORE_ROW_FUNCTIONS(name)                                                \
    void store_##name##_clear (struct store_##name *row);                        \
    void store_##name##_free (struct store_##name *row);                         \
    void store_##name##_free_all (struct store_##name *rows, size_t count);      \
    struct store_##name *store_##name##_copy (const struct store_##name *row)

struct store;
struct store_batch;

/* Where a list begins and how long it may get. A page that is NULL asks for everything. */
struct store_page {
    const char *after;             /* last key of the page before (lists say which); NULL = start */
    int64_t limit;                 /* 0 = all */
};

enum store_mode {
    /* Any number of processes, also beside a writer. Never changes the store. ERR_NOT_FOUND when
     * there is no store yet; an older or newer schema is refused with both versions. */
    STORE_READER,
    /* One process at a time, held for its life: locks PATH.lock (it contains the pid). A second
     * one gets ERR_STORE_BUSY naming the holder's pid. Creates the file and its directory (0700),
     * checks integrity, backs up and migrates an older schema, refuses a newer one. */
    STORE_WRITER,
};

/* How surely a commit survives a power cut when it returns. A killed process loses neither. */
enum store_durability {
    STORE_NORMAL,                  /* events, inventory: may lose the last moments, never tears */
    STORE_FULL,                    /* intents, job state: on the disk */
};

/* What is wrong is in err: ERR_STORE_BUSY, ERR_NOT_FOUND, ERR_IO (read-only, no rights),
 * FARRIER_E_NO_SPACE, FARRIER_E_INVALID (damaged, not ours, newer schema). */
int32_t store_open (const char *path, enum store_mode mode, struct store **ret, struct err *err);
/* Commits what is queued, waits for running reads of no one: no other thread may use s now. */
void store_close (struct store *s);
enum store_mode store_get_mode (const struct store *s);
const char *store_path (const struct store *s);
int store_schema_version (const struct store *s);
/* The pid in PATH.lock if some process holds that lock now, else 0. Opens nothing else. */
pid_t store_holder (const char *path);

/* Called on the writer thread after a group with at least one event was committed; last_event_id
 * is the newest. Set it once, before the first commit; it must be short and must not wait for a
 * commit. */
void store_on_events (struct store *s, void (*notify) (void *arg, int64_t last_event_id),
                      void *arg);

/* --- batches --------------------------------------------------------------------------------- */

/* label names the batch's crash points (below) and is copied; NULL = none. */
struct store_batch *store_batch_new (const char *label);
void store_batch_free (struct store_batch *b);
size_t store_batch_count (const struct store_batch *b);   /* operations in it */

/* Both take the batch over, whatever happens (it is freed). Commits of one thread are applied in
 * order; batches of many threads share one transaction, and a batch that fails takes only itself
 * back. Codes: what the operations say (ERR_EXISTS, ERR_CONFLICT, ERR_NOT_FOUND, FARRIER_E_INVALID
 * for a field past its limit), FARRIER_E_NO_SPACE, ERR_IO. After a failure nothing of the batch is
 * in the store, and the store goes on working. */
int32_t store_commit (struct store *s, struct store_batch *b, enum store_durability durability,
                      struct err *err);
/* done runs once, on the writer thread, after the commit or the failure (err->code == code); it
 * may start other asynchronous commits, must not wait for one. done may be NULL: a failure is then
 * logged. Never blocks, so the loop threads may use it. */
typedef void store_done_fn (void *arg, int32_t code, const struct err *err);
void store_commit_async (struct store *s, struct store_batch *b, enum store_durability durability,
                         store_done_fn *done, void *arg);

/* --- meta: small facts about this store ------------------------------------------------------ */

void store_batch_meta_put (struct store_batch *b, const char *key, const char *value);
int32_t store_meta_get (struct store *s, const char *key, char **ret_value, struct err *err);

/* --- crash points ---------------------------------------------------------------------------- */

/* FARRIER_CRASH_AT=N in the environment kills the process (SIGKILL) at the N-th point, counted
 * from 1; FARRIER_CRASH_LOG=FILE appends each point's name as a line. Without them: one int test.
 * The writer passes "commit-before:LABEL" and "commit-after:LABEL" around every FULL commit, for
 * each labelled batch in it. Any thread; points of several threads are counted in one sequence. */
void store_crash_point (const char *name);

#include "store/store_host.h"
#include "store/store_job.h"
#include "store/store_plan.h"

#endif
