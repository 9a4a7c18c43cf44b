/* engine-test: jobs over a real store, without any BMC: the core's own actions, people's wishes,
 * restarts, timers, artifacts.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/engine.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/testing.h"
#include "engine/artifact.h"
#include "engine/engine_private.h"
#include "engine/timers.h"
#include "engine/turn.h"
#include "fleet/host.h"
#include "fleet/seal.h"
#include "net/net.h"
#include "store/store.h"
#include "workflow/workflow.h"

#define WAIT_MS 20000

static char *dir, *host_id, *run_dir, *artifact_dir;
static struct store *store;
static struct seal_key *key;
static struct net *net;
static struct engine *engine;
static uint32_t max_jobs;

static void
start_engine (void)
{
    struct err err = { 0 };
    ck_assert_msg (net_start (NULL, &net, &err) == 0, "%s", err.message);
    struct engine_options options = {
        .store = store, .net = net, .key = key, .run_dir = run_dir,
        .artifact_dir = artifact_dir,
        .workers = 2, .settle_ms = 1, .max_jobs = max_jobs,
    };
    ck_assert_msg (engine_new (&options, &engine, &err) == 0, "%s", err.message);
}

static void
add_host (void)
{
    struct vec findings = { 0 };
    struct err err = { 0 };
    static const char text[] = "{\"name\":\"n1\",\"bmc\":\"127.0.0.1\",\"user\":\"u\","
                               "\"password\":\"simulated\"}";
    json_t *v = json_parse (text, strlen (text), NULL);
    struct host_spec *spec = host_spec_from_json (v, NULL, &findings);
    ck_assert_msg (host_add (store, key, spec, &host_id, &err) == 0, "%s", err.message);
    host_spec_free (spec);
    json_decref (v);
}

static void
setup (void)
{
    struct err err = { 0 };
    dir = testing_make_dir ();
    char *path = fs_join (dir, "farrier.db"), *keys = fs_join (dir, "keys");
    ck_assert_msg (store_open (path, STORE_WRITER, &store, &err) == 0, "%s", err.message);
    ck_assert_msg (seal_key_open (keys, true, &key, NULL, &err) == 0, "%s", err.message);
    mem_free (path);
    mem_free (keys);
    run_dir = fs_join (dir, "run");
    artifact_dir = fs_join (dir, "artifacts");
    add_host ();
    start_engine ();
}

static void
teardown (void)
{
    engine_stop (engine, false);
    store_close (store);
    seal_key_free (key);
    mem_free (run_dir);
    mem_free (artifact_dir);
    mem_free (host_id);
    testing_remove_dir (dir);
}

static struct workflow *
workflow_of (const char *steps)
{
    struct err err = { 0 };
    struct workflow *w = NULL;
    char *text = str_printf ("workflow = { name = \"t\"; version = 1; summary = \"t\"; phases = ( "
                             "{ name = \"main\"; steps = ( %s ); } ); finally = ( { action = "
                             "\"set\"; name = \"closed\"; value = true; } ); };\n", steps);
    ck_assert_msg (workflow_load_text (text, strlen (text), "t.conf", &w, NULL, &err) == 0, "%s",
                   err.message);
    mem_free (text);
    return w;
}

static char *
submit (const char *steps, bool changes)
{
    struct err err = { 0 };
    struct workflow *w = workflow_of (steps);
    char *id = NULL;
    struct job_request request = { .host_id = host_id, .workflow = w, .changes = changes };
    ck_assert_msg (engine_submit (engine, &request, &id, &err) == 0, "%s", err.message);
    workflow_unref (w);
    return id;
}

static struct store_job *
row_of (const char *id)
{
    struct store_job *row = NULL;
    ck_assert_int_eq (store_job_get (store, id, &row, NULL), 0);
    return row;
}

static void
ends (const char *id, const char *state, const char *status)
{
    struct err err = { 0 };
    ck_assert_msg (engine_wait (engine, id, WAIT_MS, &err) == 0, "%s", err.message);
    struct store_job *row = row_of (id);
    ck_assert_str_eq (row->state, state);
    ck_assert_msg (str_eq (row->status, status), "%s: %s", row->status, row->cause_json);
    store_job_free (row);
}

/* Until the job waits for something (its await is in the journal). */
static void
waits (const char *id)
{
    const struct timespec tick = { .tv_nsec = 2000000 };
    for (int64_t end = clock_boot_ms () + WAIT_MS; clock_boot_ms () < end;) {
        struct store_job *row = row_of (id);
        bool good = str_eq (row->state, "waiting");
        store_job_free (row);
        if (good)
            return;
        clock_nanosleep (CLOCK_MONOTONIC, 0, &tick, NULL);
    }
    ck_abort_msg ("job %s does not wait", id);
}

/* engine_wait() ends where the job parks already. */
static void
until_done (const char *id)
{
    bool done = false;
    pthread_mutex_lock (&engine->lock);
    while (!done) {
        struct store_job *row = row_of (id);
        done = str_eq (row->state, "done");
        store_job_free (row);
        if (!done)
            pthread_cond_wait (&engine->changed, &engine->lock);
    }
    pthread_mutex_unlock (&engine->lock);
}

static json_t *
context_of (const char *id)
{
    struct store_job *row = row_of (id);
    json_t *v = json_parse (row->context_json, strlen (row->context_json), NULL);
    store_job_free (row);
    return v;
}

START_TEST (set_and_save)
{
    setup ();
    char *id = submit ("{ action = \"set\"; name = \"a\"; value = 5; }, "
                       "{ action = \"set\"; name = \"b\"; value = \"${host.name}/${a}\"; }", true);
    engine_recover (engine, NULL, NULL);
    ends (id, "done", "succeeded");
    json_t *context = context_of (id);
    ck_assert_int_eq (json_int_or (context, "/a", 0), 5);
    ck_assert_str_eq (json_str (context, "/b"), "n1/5");
    ck_assert (json_bool_or (context, "/closed", false));
    json_decref (context);
    mem_free (id);
    teardown ();
}
END_TEST

START_TEST (fail_has_its_cause)
{
    setup ();
    char *id = submit ("{ action = \"fail\"; message = \"no ${host.name}\"; code = \"REJECTED\"; }",
                       true);
    ends (id, "done", "failed");
    struct store_job *row = row_of (id);
    ck_assert_ptr_nonnull (strstr (row->cause_json, "no n1"));
    ck_assert_ptr_nonnull (strstr (row->cause_json, "\"REJECTED\""));
    ck_assert_int_eq (row->holds_host, 0);
    store_job_free (row);
    json_t *context = context_of (id);
    ck_assert_msg (json_bool_or (context, "/closed", false), "the finally did not run");
    json_decref (context);
    mem_free (id);
    teardown ();
}
END_TEST

START_TEST (one_job_holds_a_host)
{
    struct err err = { 0 };
    setup ();
    char *id = submit ("{ action = \"await_settled\"; interval = \"1h\"; within = \"5h\"; }", true);
    struct workflow *w = workflow_of ("{ action = \"set\"; name = \"a\"; value = 5; }");
    struct job_request request = { .host_id = host_id, .workflow = w, .changes = true };
    char *other = NULL;
    ck_assert_int_eq (engine_submit (engine, &request, &other, &err), ERR_EXISTS);
    ck_assert_msg (strstr (err.message, id) != NULL, "%s", err.message);
    ck_assert_ptr_null (other);
    request.changes = false;           /* reading is allowed beside it */
    ck_assert_int_eq (engine_submit (engine, &request, &other, &err), 0);
    ends (other, "done", "succeeded");
    ck_assert_int_eq (engine_cancel (engine, id, &err), 0);
    ends (id, "done", "cancelled");
    ck_assert_int_eq (engine_cancel (engine, id, &err), ERR_NOTHING);
    workflow_unref (w);
    mem_free (id);
    mem_free (other);
    teardown ();
}
END_TEST

START_TEST (approve_gives_the_lock_back)
{
    struct err err = { 0 };
    setup ();
    char *id = submit ("{ action = \"approve\"; message = \"?\"; save = \"yes\"; }", true);
    waits (id);
    char *other = submit ("{ action = \"set\"; name = \"a\"; value = 1; }", true);
    ends (other, "done", "succeeded");
    ck_assert_int_eq (engine_approve (engine, other, "somebody", &err), ERR_NOTHING);
    ck_assert_int_eq (engine_approve (engine, id, "somebody", &err), 0);
    ends (id, "done", "succeeded");
    json_t *context = context_of (id);
    ck_assert_str_eq (json_str (context, "/yes/by"), "somebody");
    json_decref (context);
    ck_assert_int_eq (engine_resolve (engine, id, JOB_RESOLVE_DONE, &err), ERR_NOTHING);
    ck_assert_int_eq (engine_retry (engine, id, &err), ERR_NOTHING);
    mem_free (id);
    mem_free (other);
    teardown ();
}
END_TEST

/* Stopped in the middle of a wait, and taken up: what was journaled goes on. */
START_TEST (a_restart_goes_on)
{
    uint32_t open = 9;
    setup ();
    char *pause = submit ("{ action = \"set\"; name = \"a\"; value = 1; }, "
                          "{ action = \"wait\"; duration = \"300ms\"; }", false);
    char *asks = submit ("{ action = \"approve\"; message = \"?\"; }", false);
    waits (pause);
    waits (asks);
    engine_stop (engine, false);
    /* A wish that came while nothing ran. */
    struct store_batch *b = store_batch_new (NULL);
    store_batch_job_cancel (b, asks);
    ck_assert_int_eq (store_commit (store, b, STORE_FULL, NULL), 0);
    start_engine ();
    ck_assert_int_eq (engine_recover (engine, &open, NULL), 0);
    ck_assert_uint_eq (open, 2);
    ends (pause, "done", "succeeded");
    ends (asks, "done", "cancelled");
    json_t *context = context_of (pause);
    ck_assert_int_eq (json_int_or (context, "/a", 0), 1);
    json_decref (context);
    ck_assert_int_eq (engine_recover (engine, &open, NULL), 0);
    ck_assert_uint_eq (open, 0);
    mem_free (pause);
    mem_free (asks);
    teardown ();
}
END_TEST

static void
put_job (struct store_job *row, bool insert)
{
    struct err err = { 0 };
    struct store_batch *b = store_batch_new (NULL);
    if (insert)
        store_batch_job_insert (b, row);
    else
        store_batch_job_update (b, row, row->generation);
    ck_assert_msg (store_commit (store, b, STORE_FULL, &err) == 0, "%s", err.message);
}

/* The answer to `job approve` comes when the yes is in the journal, not when the job goes on: here
 * another job holds the host, and the program ends before it is free. */
START_TEST (a_yes_is_stored)
{
    struct err err = { 0 };
    struct store_job_now now;
    setup ();
    char *id = submit ("{ action = \"approve\"; message = \"?\"; save = \"yes\"; }", true);
    waits (id);
    struct store_job other = { .id = (char *) "job-other", .host_id = host_id, .holds_host = 1,
                               .workflow_name = (char *) "t", .state = (char *) "parked",
                               .status = (char *) "parked" };
    struct store_job *waiting = row_of (id);
    other.workflow_digest = waiting->workflow_digest;
    put_job (&other, true);
    ck_assert_int_eq (engine_approve (engine, id, "somebody", &err), 0);
    ck_assert_int_eq (store_job_now_get (store, id, &now, NULL), 0);
    ck_assert_str_eq (now.await->state, "answered");
    store_job_now_clear (&now);
    ck_assert_int_eq (engine_approve (engine, id, "somebody", &err), ERR_NOTHING);
    json_t *why = why_job (store, id, &err);
    char *lines = json_text (json_at (why, "/lines"));
    ck_assert_msg (strstr (lines, "it is approved, and waits") != NULL, "%s", lines);
    mem_free (lines);
    json_decref (why);

    engine_stop (engine, false);
    struct store_job *done = row_of ("job-other");
    str_set (&done->state, "done");
    put_job (done, false);
    start_engine ();
    ck_assert_int_eq (engine_recover (engine, NULL, NULL), 0);
    ends (id, "done", "succeeded");
    json_t *context = context_of (id);
    ck_assert_str_eq (json_str (context, "/yes/by"), "somebody");
    json_decref (context);
    store_job_free (done);
    store_job_free (waiting);
    mem_free (id);
    teardown ();
}
END_TEST

/* What a person lets go on takes its place among those in flight again. */
START_TEST (a_resumed_job_counts)
{
    struct err err = { 0 };
    struct engine_counts counts;
    max_jobs = 1;
    setup ();
    char *id = submit ("{ action = \"await_settled\"; interval = \"1h\"; within = \"5h\"; }", true);
    waits (id);
    engine_stop (engine, false);
    struct store_job *row = row_of (id);
    str_set (&row->state, "parked");
    str_set (&row->status, "parked");
    put_job (row, false);
    start_engine ();
    ck_assert_int_eq (engine_recover (engine, NULL, NULL), 0);
    char *first = submit ("{ action = \"set\"; name = \"a\"; value = 1; }", false);
    ends (first, "done", "succeeded");           /* a parked job takes no place */
    ck_assert_int_eq (engine_retry (engine, id, &err), 0);
    char *second = submit ("{ action = \"set\"; name = \"a\"; value = 1; }", false);
    engine_counts (engine, &counts);
    ck_assert_uint_eq (counts.queued, 1);
    ck_assert_uint_eq (counts.parked, 0);
    ck_assert_int_eq (engine_cancel (engine, id, &err), 0);
    ends (id, "done", "cancelled");
    ends (second, "done", "succeeded");
    store_job_free (row);
    mem_free (id);
    mem_free (first);
    mem_free (second);
    teardown ();
}
END_TEST

START_TEST (an_http_service_that_is_not_there)
{
    setup ();
    char *id = submit ("{ action = \"http\"; url = \"http://127.0.0.1:1/x\";"
                       " retry = { attempts = 2;"
                       " backoff = \"fixed\"; initial = \"10ms\"; on = [\"UNREACHABLE\"]; }; }",
                       false);
    ends (id, "done", "failed");
    struct store_attempt *rows = NULL;
    size_t count = 0, tried = 0;
    ck_assert_int_eq (store_attempt_list (store, id, &rows, &count, NULL), 0);
    for (size_t i = 0; i < count; i++)
        tried += str_eq (rows[i].action, "http");
    ck_assert_uint_eq (tried, 2);
    store_attempt_free_all (rows, count);
    mem_free (id);
    teardown ();
}
END_TEST

START_TEST (artifacts)
{
    struct err err = { 0 };
    struct buf bytes = { 0 };
    setup ();
    char *id = submit ("{ action = \"set\"; name = \"a\"; value = 1; }", false);
    ends (id, "done", "succeeded");
    ck_assert_int_eq (artifact_write (engine, id, host_id, "conf.json", "secret-word", 11, &err),
                      0);
    ck_assert_int_eq (artifact_read (engine, id, "conf.json", &bytes, &err), 0);
    ck_assert_uint_eq (bytes.len, 11);
    ck_assert_mem_eq (bytes.data, "secret-word", 11);
    buf_wipe_free (&bytes);
    char *path = str_printf ("%s/artifacts/%s/conf.json.sealed", dir, id);
    struct buf sealed = { 0 };
    ck_assert_int_eq (fs_read (path, 4096, &sealed, &err), 0);
    ck_assert_ptr_null (memmem (sealed.data, sealed.len, "secret-word", 11));
    sealed.data[sealed.len - 1] ^= 1;
    ck_assert_int_eq (fs_write_atomic (path, sealed.data, sealed.len, 0600, &err), 0);
    ck_assert_int_ne (artifact_read (engine, id, "conf.json", &bytes, &err), 0);
    static const char *const bad[] = { "", "../x", ".hidden", "a/b", "a b" };
    for (size_t i = 0; i < COUNT_OF (bad); i++)
        ck_assert_int_eq (artifact_write (engine, id, host_id, bad[i], "x", 1, &err),
                          FARRIER_E_INVALID);
    buf_free (&sealed);
    mem_free (path);
    mem_free (id);
    teardown ();
}
END_TEST

/* A workflow that this version can't read: parked with the reason, and a person can end it. */
START_TEST (unreadable_workflow)
{
    struct err err = { 0 };
    setup ();
    struct workflow *w = workflow_of ("{ action = \"set\"; name = \"a\"; value = 1; }");
    struct workflow bad = *w;
    memset (bad.digest, 0x30, sizeof bad.digest - 1);
    bad.text = (char *) "workflow = { name = ;";
    struct job_request request = { .host_id = host_id, .workflow = &bad, .changes = true };
    char *id = NULL;
    ck_assert_int_eq (engine_submit (engine, &request, &id, &err), 0);
    ends (id, "parked", "parked");
    ck_assert_int_eq (engine_cancel (engine, id, &err), 0);
    until_done (id);
    ends (id, "done", "cancelled_unknown");
    workflow_unref (w);
    mem_free (id);
    teardown ();
}
END_TEST

/* --- timers: the letters land in a box that nobody empties ------------------------------------ */

static struct letter *
next_letter (struct engine *office)
{
    struct job *job = queue_pop (office->ready);
    pthread_mutex_lock (&office->lock);
    struct letter *letter = list_entry (job->box.next, struct letter, link);
    list_remove (&letter->link);
    job->scheduled = false;
    pthread_mutex_unlock (&office->lock);
    return letter;
}

START_TEST (timers)
{
    struct engine office = { .jobs = map_new (), .ready = queue_new () };
    struct job one = { .engine = &office, .id = (char *) "one" };
    pthread_mutex_init (&office.lock, NULL);
    list_init (&one.box);
    map_set (office.jobs, "one", &one);
    struct timers *t = timers_new (&office);
    int64_t now = clock_wall_ms ();
    timers_set (t, "one", LETTER_DUE, "att-far", now + 3600000);
    timers_set (t, "one", LETTER_DEADLINE, "att-2", now + 60);
    timers_set (t, "one", LETTER_DUE, "att-1", now + 20);         /* moved */
    timers_set (t, "nobody", LETTER_DUE, "att-3", now + 5);
    struct letter *letter = next_letter (&office);
    ck_assert_int_eq (letter->kind, LETTER_DUE);
    ck_assert_str_eq (letter->attempt_id, "att-1");
    ck_assert_int_ge (clock_wall_ms (), now + 20);
    letter_free (letter);
    letter = next_letter (&office);
    ck_assert_int_eq (letter->kind, LETTER_DEADLINE);
    letter_free (letter);

    now = clock_wall_ms ();
    timers_set (t, "one", LETTER_DUE, "att-4", now + 10);
    timers_set (t, "one", LETTER_DUE, NULL, 0);                   /* taken back */
    timers_set (t, "one", LETTER_DEADLINE, "att-5", now + 40);
    letter = next_letter (&office);
    ck_assert_int_eq (letter->kind, LETTER_DEADLINE);
    ck_assert_str_eq (letter->attempt_id, "att-5");
    ck_assert (list_empty (&one.box));
    letter_free (letter);
    timers_set (t, "one", LETTER_DUE, "att-6", now + 3600000);
    timers_free (t);
    queue_free (office.ready);
    map_free (office.jobs, NULL);
}
END_TEST

/* --- the ladder, over the store --------------------------------------------------------------- */

/* A component whose turn never came says what stopped its job; nobody else's cause is its own. */
START_TEST (never_begun)
{
    struct err err = { 0 };
    struct store_outcome *rows = NULL;
    size_t count = 0;
    setup ();
    struct workflow *w = workflow_of ("{ action = \"fail\"; message = \"no\"; "
                                      "code = \"REJECTED\"; }");
    static const char text[] =
        "{\"batches\":[{\"steps\":[{\"component\":\"BIOS\",\"from\":\"1\",\"to\":\"2\"}]}]}";
    json_t *plan = json_stored (text, NULL);
    struct job_request request = { .host_id = host_id, .workflow = w, .plan = plan };
    char *id = NULL;
    ck_assert_int_eq (engine_submit (engine, &request, &id, &err), 0);
    ends (id, "done", "failed(final)");
    ck_assert_int_eq (store_outcome_list (store, id, &rows, &count, NULL), 0);
    ck_assert_uint_eq (count, 1);
    ck_assert_str_eq (rows[0].rung, "blocked");
    char *wanted = str_printf ("not begun: job %s failed at step main/fail (no)", id);
    json_t *cause = json_stored (rows[0].cause_json, NULL);
    ck_assert_str_eq (json_str (cause, "/message"), wanted);
    json_decref (cause);
    json_t *why = why_job (store, id, &err);
    char *lines = json_text (json_at (why, "/lines"));
    ck_assert_msg (strstr (lines, wanted) != NULL, "%s", lines);
    mem_free (lines);
    json_decref (why);
    mem_free (wanted);
    store_outcome_free_all (rows, count);
    json_decref (plan);
    workflow_unref (w);
    mem_free (id);
    teardown ();
}
END_TEST

START_TEST (ladder)
{
    setup ();
    struct err err = { 0 };
    struct workflow *w = workflow_of ("{ action = \"approve\"; message = \"?\"; }");
    static const char text[] =
        "{\"batches\":[{\"steps\":[{\"component\":\"BIOS\",\"from\":\"1\",\"to\":\"2\"}]}],"
        " \"skips\":[{\"component\":\"BMC\",\"outcome\":\"noop\",\"version\":\"3\"}]}";
    json_t *plan = json_parse (text, strlen (text), NULL);
    struct job_request request = { .host_id = host_id, .workflow = w, .plan = plan };
    char *id = NULL;
    ck_assert_int_eq (engine_submit (engine, &request, &id, &err), 0);
    waits (id);
    struct turn t;
    /* The engine's own is its workers'. */
    struct job *job = job_new (engine, id, host_id, NULL);
    ck_assert_int_eq (turn_begin (&t, job, "test", &err), 0);
    ck_assert_int_eq (turn_outcome_of (&t, "BIOS"), OUTCOME_PLANNED);
    ck_assert_int_eq (turn_outcome_of (&t, "BMC"), OUTCOME_NOOP);
    turn_outcome (&t, "BIOS", OUTCOME_FLASHED, NULL, NULL);
    turn_outcome (&t, "BIOS", OUTCOME_ACCEPTED, NULL, NULL);      /* never down */
    turn_outcome (&t, "none", OUTCOME_VERIFIED, NULL, NULL);      /* not of this job */
    ck_assert_int_eq (turn_commit (&t, &err), 0);
    turn_end (&t);
    job_free (job);
    struct store_outcome *rows = NULL;
    size_t count = 0;
    ck_assert_int_eq (store_outcome_list (store, id, &rows, &count, NULL), 0);
    ck_assert_uint_eq (count, 2);
    for (size_t i = 0; i < count; i++) {
        if (!str_eq (rows[i].component_key, "BIOS"))
            continue;
        ck_assert_str_eq (rows[i].rung, "flashed");
        ck_assert_str_eq (rows[i].implied_json, "[\"accepted\",\"staged\"]");
    }
    store_outcome_free_all (rows, count);
    ck_assert_int_eq (engine_cancel (engine, id, &err), 0);
    ends (id, "done", "cancelled_unknown");
    json_t *why = why_job (store, id, &err);
    ck_assert_str_eq (json_str (why, "/state"), "done");
    json_decref (why);
    json_decref (plan);
    workflow_unref (w);
    mem_free (id);
    teardown ();
}
END_TEST

int
main (void)
{
    /* libuv's threads end after the exit handlers: OpenSSL must still be there for theirs. */
    OPENSSL_init_crypto (OPENSSL_INIT_NO_ATEXIT, NULL);
    const TTest *const tests[] = {
        set_and_save, fail_has_its_cause, one_job_holds_a_host, approve_gives_the_lock_back,
        a_restart_goes_on, a_yes_is_stored, a_resumed_job_counts,
        an_http_service_that_is_not_there, artifacts, timers, ladder, never_begun,
        unreadable_workflow, NULL
    };
    return testing_run ("engine", tests);
}
