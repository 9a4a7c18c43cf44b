/* journal-test: jobs, attempts, awaits and events: what the engine leans on, and what is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "store/testing.h"

static struct testing_store t;

static void
put_job (const char *id, const char *host, const char *state, int holds, int64_t created_ms)
{
    struct store_batch *b = store_batch_new (NULL);
    struct store_job job = { .id = (char *) id, .host_id = (char *) host, .state = (char *) state,
                             .holds_host = holds, .created_ms = created_ms, .rollout_id = "r1",
                             .plan_id = "p1", .context_json = "{\"a\":1}",
                             .position_json = "[0]" };

    store_batch_job_insert (b, &job);
    testing_commit (t.s, b);
}

static void
setup (void)
{
    t = testing_store_open ();
    testing_add_host (t.s, "h1", "n1");
    testing_add_host (t.s, "h2", "n2");
    put_job ("job-1", "h1", "running", 1, 100);
}

START_TEST (one_job_holds_a_host)
{
    setup ();
    struct store_job job = { .id = "job-2", .host_id = "h1", .state = "queued", .holds_host = 1 };
    struct store_batch *b = store_batch_new (NULL);

    store_batch_job_insert (b, &job);
    testing_refuse (t.s, b, ERR_EXISTS, "host h1 is held by job job-1");

    b = store_batch_new (NULL);
    job.holds_host = 0;
    store_batch_job_insert (b, &job);
    testing_commit (t.s, b);

    b = store_batch_new (NULL);
    job.holds_host = 1;
    store_batch_job_update (b, &job, 1);
    testing_refuse (t.s, b, ERR_EXISTS, "host h1 is held by job job-1");

    b = store_batch_new (NULL);
    struct store_job first = { .id = "job-1", .host_id = "h1", .state = "done", .holds_host = 1 };
    store_batch_job_update (b, &first, 1);
    store_batch_job_update (b, &job, 1);
    testing_commit (t.s, b);

    b = store_batch_new (NULL);
    job.id = "job-3";
    job.host_id = "ghost";
    store_batch_job_insert (b, &job);
    testing_refuse (t.s, b, ERR_NOT_FOUND, "no host ghost");
    testing_store_close (&t);
}
END_TEST

START_TEST (updates_are_fenced)
{
    setup ();
    struct store_job *job;
    struct store_batch *b = store_batch_new (NULL);

    ck_assert_int_eq (store_job_get (t.s, "job-1", &job, NULL), 0);
    ck_assert_int_eq (job->generation, 1);
    str_set (&job->phase, "pre_flight");
    str_set (&job->context_json, NULL);
    str_set (&job->position_json, "[1]");
    store_batch_job_update (b, job, 1);
    testing_commit (t.s, b);

    b = store_batch_new (NULL);
    store_batch_job_update (b, job, 1);
    testing_refuse (t.s, b, ERR_CONFLICT, "generation 2, expected 1");
    store_job_free (job);

    ck_assert_int_eq (store_job_get (t.s, "job-1", &job, NULL), 0);
    ck_assert_str_eq (job->phase, "pre_flight");
    ck_assert_str_eq (job->context_json, "{\"a\":1}");
    ck_assert_str_eq (job->position_json, "[1]");
    ck_assert_str_eq (job->rollout_id, "r1");
    ck_assert_int_eq (job->created_ms, 100);
    store_job_free (job);
    testing_store_close (&t);
}
END_TEST

START_TEST (cancel_crosses_an_update)
{
    setup ();
    struct store_job *job;
    struct store_batch *b = store_batch_new (NULL);

    ck_assert_int_eq (store_job_get (t.s, "job-1", &job, NULL), 0);
    store_batch_job_cancel (b, "job-1");
    testing_commit (t.s, b);
    b = store_batch_new (NULL);
    store_batch_job_update (b, job, 1);
    testing_commit (t.s, b);
    store_job_free (job);
    ck_assert_int_eq (store_job_get (t.s, "job-1", &job, NULL), 0);
    ck_assert_int_eq (job->cancel_requested, 1);
    str_set (&job->state, "done");
    b = store_batch_new (NULL);
    store_batch_job_update (b, job, 2);
    testing_commit (t.s, b);
    store_job_free (job);

    b = store_batch_new (NULL);
    store_batch_job_cancel (b, "job-1");
    testing_refuse (t.s, b, ERR_CONFLICT, "job job-1 is done already");
    b = store_batch_new (NULL);
    store_batch_job_cancel (b, "job-9");
    testing_refuse (t.s, b, ERR_NOT_FOUND, "no job job-9");
    testing_store_close (&t);
}
END_TEST

START_TEST (too_long_is_refused)
{
    setup ();
    char *context = mem_alloc (STORE_CONTEXT_MAX + 2);
    struct store_job job = { .id = "job-1", .host_id = "h1", .state = "running" };
    struct store_batch *b = store_batch_new (NULL);

    memset (context, 'x', STORE_CONTEXT_MAX + 1);
    job.context_json = context;
    store_batch_job_update (b, &job, 1);
    testing_refuse (t.s, b, FARRIER_E_INVALID,
                    "the context of job-1 is 65537 bytes, at most 65536");
    mem_free (context);
    testing_store_close (&t);
}
END_TEST

static void
check_jobs (const struct store_job_filter *filter, const struct store_page *page,
            const char *expected)
{
    struct store_job *jobs;
    struct buf ids = { 0 };
    size_t count;

    ck_assert_int_eq (store_job_list (t.s, filter, page, &jobs, &count, NULL), 0);
    for (size_t i = 0; i < count; i++) {
        ck_assert_ptr_null (jobs[i].context_json);
        buf_printf (&ids, "%s ", jobs[i].id);
    }
    store_job_free_all (jobs, count);
    testing_string (buf_steal (&ids), expected);
}

START_TEST (jobs_by_filter_and_page)
{
    setup ();
    put_job ("job-2", "h2", "parked", 0, 200);
    put_job ("job-3", "h2", "done", 0, 200);
    static const struct {
        struct store_job_filter filter;
        struct store_page page;
        const char *expected;
    } cases[] = {
        { { 0 }, { 0 }, "job-3 job-2 job-1 " },
        { { 0 }, { NULL, 2 }, "job-3 job-2 " },
        { { 0 }, { "job-2", 2 }, "job-1 " },
        { { .open_only = true }, { 0 }, "job-2 job-1 " },
        { { .open_only = true }, { "job-2", 0 }, "job-1 " },
        { { .host_id = "h2" }, { 0 }, "job-3 job-2 " },
        { { .host_id = "h2", .open_only = true }, { 0 }, "job-2 " },
        { { .host_id = "h2", .plan_id = "p2" }, { 0 }, "" },
        { { .host_id = "h2", .rollout_id = "r1", .plan_id = "p1" }, { "job-3", 0 }, "job-2 " },
        { { .rollout_id = "r1", .state = "done" }, { 0 }, "job-3 " },
        { { .rollout_id = "r2" }, { 0 }, "" },
        { { .plan_id = "p1" }, { "job-3", 1 }, "job-2 " },
        { { .state = "running" }, { 0 }, "job-1 " },
        { { .status = "verified" }, { 0 }, "" },
    };

    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        check_jobs (&cases[i].filter, &cases[i].page, cases[i].expected);
    }
    check_jobs (NULL, NULL, "job-3 job-2 job-1 ");
    testing_store_close (&t);
}
END_TEST

START_TEST (open_due_and_counted)
{
    setup ();
    put_job ("job-2", "h2", "done", 0, 200);
    struct store_job *jobs;
    struct store_job_count *counts;
    struct store_batch *b = store_batch_new (NULL);
    struct store_job job = { .id = "job-1", .host_id = "h1", .state = "waiting", .wake_at_ms = 50 };
    size_t count;

    ck_assert_int_eq (store_job_open_list (t.s, true, &jobs, &count, NULL), 0);
    ck_assert_uint_eq (count, 1);
    ck_assert_str_eq (jobs->context_json, "{\"a\":1}");
    store_job_free_all (jobs, count);
    ck_assert_int_eq (store_job_open_list (t.s, false, &jobs, &count, NULL), 0);
    ck_assert_ptr_null (jobs->context_json);
    store_job_free_all (jobs, count);

    store_batch_job_update (b, &job, 1);
    testing_commit (t.s, b);
    ck_assert_int_eq (store_job_due_list (t.s, 49, 0, &jobs, &count, NULL), 0);
    ck_assert_uint_eq (count, 0);
    ck_assert_int_eq (store_job_due_list (t.s, 50, 10, &jobs, &count, NULL), 0);
    ck_assert_uint_eq (count, 1);
    store_job_free_all (jobs, count);

    ck_assert_int_eq (store_job_counts (t.s, "r1", &counts, &count, NULL), 0);
    ck_assert_uint_eq (count, 2);
    ck_assert_str_eq (counts[0].state, "done");
    ck_assert_int_eq (counts[0].jobs, 1);
    store_job_count_free_all (counts, count);
    ck_assert_int_eq (store_job_counts (t.s, "r2", &counts, &count, NULL), 0);
    ck_assert_uint_eq (count, 0);
    testing_store_close (&t);
}
END_TEST

static struct store_attempt
new_attempt (const char *id, const char *step)
{
    return (struct store_attempt) { .id = (char *) id, .job_id = "job-1",
                                    .step_path = (char *) step, .action = "firmware.install",
                                    .number = 1, .state = "open", .started_ms = 5 };
}

START_TEST (attempts_in_order)
{
    setup ();
    struct store_attempt a = new_attempt ("att-b", "2/0"), second = new_attempt ("att-a", "2/0");
    struct store_attempt *back;
    struct store_batch *b = store_batch_new (NULL);
    size_t count;

    store_batch_attempt_insert (b, &a);
    testing_commit (t.s, b);
    b = store_batch_new (NULL);
    store_batch_attempt_insert (b, &second);
    testing_refuse (t.s, b, ERR_EXISTS, "step 2/0 of job job-1 has the open attempt att-b");

    b = store_batch_new (NULL);
    a.state = "failed";
    a.bag_json = "{}";
    store_batch_attempt_update (b, &a);
    store_batch_attempt_insert (b, &second);
    testing_commit (t.s, b);
    ck_assert_int_eq (store_attempt_list (t.s, "job-1", &back, &count, NULL), 0);
    ck_assert_uint_eq (count, 2);
    ck_assert_str_eq (back[0].id, "att-b");
    ck_assert_str_eq (back[0].action, "firmware.install");
    ck_assert_int_eq (back[1].order, 2);
    store_attempt_free_all (back, count);
    ck_assert_int_eq (store_attempt_open_list (t.s, "job-1", &back, &count, NULL), 0);
    ck_assert_uint_eq (count, 1);
    store_attempt_free_all (back, count);

    b = store_batch_new (NULL);
    store_batch_attempt_update (b, &a);
    testing_refuse (t.s, b, ERR_CONFLICT, "attempt att-b is failed, not open");
    testing_store_close (&t);
}
END_TEST

START_TEST (unknown_is_resolved_once)
{
    setup ();
    struct store_attempt a = new_attempt ("att-1", "0"), *back;
    struct store_batch *b = store_batch_new (NULL);

    store_batch_attempt_insert (b, &a);
    a.state = "unknown";
    store_batch_attempt_update (b, &a);
    store_batch_attempt_resolve (b, "att-1", "done", 77);
    testing_commit (t.s, b);
    ck_assert_int_eq (store_attempt_get (t.s, "att-1", &back, NULL), 0);
    ck_assert_str_eq (back->state, "done");
    ck_assert_int_eq (back->ended_ms, 77);
    store_attempt_free (back);
    b = store_batch_new (NULL);
    store_batch_attempt_resolve (b, "att-1", "failed", 78);
    testing_refuse (t.s, b, ERR_CONFLICT, "attempt att-1 is done, not unknown");
    b = store_batch_new (NULL);
    store_batch_attempt_resolve (b, "att-9", "failed", 78);
    testing_refuse (t.s, b, ERR_NOT_FOUND, "att-9");
    testing_store_close (&t);
}
END_TEST

/* Steps: p1 = put await 1, l launch, a answer, c consume, r respec, each followed by its seq. */
static int32_t
walk (const char *steps)
{
    struct store_batch *b = store_batch_new ("walk");
    struct store_await await = { .attempt_id = "att-1", .job_id = "job-1", .kind = "http" };

    for (; *steps != '\0'; steps += 2) {
        int64_t seq = steps[1] - '0';
        switch (steps[0]) {
        case 'p':
            await.seq = seq;
            store_batch_await_put (b, &await);
            break;
        case 'l':
            store_batch_await_launch (b, "att-1", seq, 9);
            break;
        case 'a':
            store_batch_await_answer (b, "att-1", seq, "{\"status\":202}");
            break;
        case 'c':
            store_batch_await_consume (b, "att-1", seq);
            break;
        default:
            store_batch_await_respec (b, "att-1", seq, "{\"percent\":5}");
        }
    }
    return store_commit (t.s, b, STORE_FULL, NULL);
}

START_TEST (an_await_lives)
{
    static const struct {
        const char *steps;
        int32_t code;
        const char *state;         /* of the open await afterwards; NULL = none */
    } cases[] = {
        { "p1", 0, "queued" },
        { "p1l1", 0, "launched" },
        { "p1a1", 0, "answered" },
        { "p1l1a1", 0, "answered" },
        { "p1l1r1", 0, "launched" },
        { "p1l1a1c1", 0, NULL },
        { "p1c1", 0, NULL },
        { "p1l1a1c1p2", 0, "queued" },
        { "p1l1a1c1p2l2", 0, "launched" },
        { "p1p2", ERR_CONFLICT, NULL },
        { "p2c2p1", ERR_CONFLICT, NULL },
        { "p1l1l1", ERR_CONFLICT, NULL },
        { "p1l2", ERR_CONFLICT, NULL },
        { "p1a1l1", ERR_CONFLICT, NULL },
        { "p1a1a1", ERR_CONFLICT, NULL },
        { "p1c1c1", ERR_CONFLICT, NULL },
        { "p1c1r1", ERR_CONFLICT, NULL },
        { "l1", ERR_NOT_FOUND, NULL },
    };

    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        setup ();
        struct store_attempt a = new_attempt ("att-1", "0");
        struct store_await *open = NULL;
        struct store_batch *b = store_batch_new (NULL);

        store_batch_attempt_insert (b, &a);
        testing_commit (t.s, b);
        ck_assert_msg (walk (cases[i].steps) == cases[i].code, "%s", cases[i].steps);
        int32_t code = store_await_open (t.s, "att-1", &open, NULL);
        ck_assert_msg (code == (cases[i].state == NULL ? ERR_NOT_FOUND : 0), "%s", cases[i].steps);
        if (open != NULL) {
            ck_assert_str_eq (open->state, cases[i].state);
        }
        store_await_free (open);
        testing_store_close (&t);
    }
    setup ();
    ck_assert_int_eq (walk ("p1"), ERR_NOT_FOUND);
    testing_store_close (&t);
}
END_TEST

START_TEST (now_is_one_moment)
{
    setup ();
    struct store_job_now now;
    struct store_await *awaits;
    struct store_attempt a = new_attempt ("att-1", "0");
    struct store_batch *b = store_batch_new (NULL);
    size_t count;

    ck_assert_int_eq (store_job_now_get (t.s, "job-1", &now, NULL), 0);
    ck_assert_ptr_null (now.attempt);
    store_job_now_clear (&now);

    store_batch_attempt_insert (b, &a);
    testing_commit (t.s, b);
    ck_assert_int_eq (walk ("p1l1a1"), 0);
    ck_assert_int_eq (store_job_now_get (t.s, "job-1", &now, NULL), 0);
    ck_assert_str_eq (now.job->context_json, "{\"a\":1}");
    ck_assert_str_eq (now.attempt->id, "att-1");
    ck_assert_str_eq (now.await->wake_json, "{\"status\":202}");
    ck_assert_int_eq (now.await->launched_ms, 9);
    store_job_now_clear (&now);
    ck_assert_int_eq (store_await_open_list (t.s, &awaits, &count, NULL), 0);
    ck_assert_uint_eq (count, 1);
    store_await_free_all (awaits, count);
    ck_assert_int_eq (store_job_now_get (t.s, "job-9", &now, NULL), ERR_NOT_FOUND);
    testing_store_close (&t);
}
END_TEST

static void
check_events (const struct store_event_filter *filter, int64_t since, int64_t limit,
              const char *expected)
{
    struct store_event *events;
    struct buf kinds = { 0 };
    size_t count;

    ck_assert_int_eq (store_event_list (t.s, filter, since, limit, &events, &count, NULL), 0);
    for (size_t i = 0; i < count; i++) {
        buf_printf (&kinds, "%s", events[i].kind);
    }
    store_event_free_all (events, count);
    testing_string (buf_steal (&kinds), expected);
}

START_TEST (events_by_filter)
{
    setup ();
    static const struct store_event rows[] = {
        { .at_ms = 1, .kind = "a", .host_id = "h1", .job_id = "job-1" },
        { .at_ms = 2, .kind = "b", .host_id = "h1" },
        { .at_ms = 3, .kind = "c", .rollout_id = "r1", .job_id = "job-1" },
        { .at_ms = 4, .kind = "d" },
    };
    struct store_batch *b = store_batch_new (NULL);
    int64_t last;

    ck_assert_int_eq (store_event_last_id (t.s, &last, NULL), 0);
    ck_assert_int_eq (last, 0);
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        store_batch_event (b, &rows[i]);
    }
    testing_commit (t.s, b);
    check_events (NULL, 0, 0, "abcd");
    check_events (NULL, 2, 1, "c");
    check_events (&(struct store_event_filter) { .job_id = "job-1" }, 0, 0, "ac");
    check_events (&(struct store_event_filter) { .host_id = "h1" }, 0, 0, "ab");
    check_events (&(struct store_event_filter) { .rollout_id = "r1" }, 0, 0, "c");
    check_events (&(struct store_event_filter) { .rollout_id = "r1", .job_id = "job-1" }, 0, 0,
                  "c");
    ck_assert_int_eq (store_event_last_id (t.s, &last, NULL), 0);
    ck_assert_int_eq (last, 4);

    b = store_batch_new (NULL);
    store_batch_event_prune (b, 4, 2);
    testing_commit (t.s, b);
    check_events (NULL, 0, 0, "cd");
    b = store_batch_new (NULL);
    store_batch_event_prune (b, 4, 10);
    testing_commit (t.s, b);
    check_events (NULL, 0, 0, "d");
    testing_store_close (&t);
}
END_TEST

START_TEST (durations_are_learned)
{
    setup ();
    struct store_batch *b = store_batch_new (NULL);
    struct store_duration_stats stats;

    for (int i = 1; i <= 100; i++) {
        struct store_duration sample = { "ACME", i % 2 == 0 ? "X" : "Y", "bios",
                                         "firmware.install", i * 10, i };
        store_batch_duration_add (b, &sample);
    }
    testing_commit (t.s, b);
    ck_assert_int_eq (
        store_duration_stats_get (t.s, "ACME", NULL, "bios", "firmware.install", &stats, NULL), 0);
    ck_assert_int_eq (stats.samples, 100);
    ck_assert_int_eq (stats.p50_ms, 500);
    ck_assert_int_eq (stats.p95_ms, 950);
    ck_assert_int_eq (
        store_duration_stats_get (t.s, "ACME", "X", NULL, "firmware.install", &stats, NULL), 0);
    ck_assert_int_eq (stats.samples, 50);
    ck_assert_int_eq (store_duration_stats_get (t.s, "ACME", "X", NULL, "ready", &stats, NULL), 0);
    ck_assert_int_eq (stats.samples, 0);
    ck_assert_int_eq (stats.p95_ms, 0);
    testing_store_close (&t);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        one_job_holds_a_host, updates_are_fenced, cancel_crosses_an_update, too_long_is_refused,
        jobs_by_filter_and_page, open_due_and_counted, attempts_in_order, unknown_is_resolved_once,
        an_await_lives, now_is_one_moment, events_by_filter, durations_are_learned, NULL,
    };

    return testing_run ("journal", tests);
}
