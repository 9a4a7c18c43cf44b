/* read_job: questions about jobs and their journal.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>
#include <string.h>

#include "store/driver.h"

int32_t
store_job_get (struct store *s, const char *job_id, struct store_job **ret, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_JOB, .text = { job_id } };

    return store_read_one (s, &query, ret, "job", job_id, err);
}

int32_t
store_job_open_list (struct store *s, bool with_context, struct store_job **ret, size_t *ret_count,
                     struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_JOBS_TO_RESUME, .number = { with_context } };

    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_job_due_list (struct store *s, int64_t until_ms, int64_t limit, struct store_job **ret,
                    size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_JOBS_DUE,
                                 .number = { until_ms },
                                 .limit = limit };

    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_job_counts (struct store *s, const char *rollout_id, struct store_job_count **ret,
                  size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_JOB_COUNTS, .text = { rollout_id } };

    if (rollout_id != NULL) {
        query.kind = STORE_QUERY_JOB_COUNTS_OF_ROLLOUT;
    }
    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_attempt_get (struct store *s, const char *attempt_id, struct store_attempt **ret,
                   struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_ATTEMPT, .text = { attempt_id } };

    return store_read_one (s, &query, ret, "attempt", attempt_id, err);
}

int32_t
store_attempt_list (struct store *s, const char *job_id, struct store_attempt **ret,
                    size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_ATTEMPTS, .text = { job_id } };

    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_attempt_open_list (struct store *s, const char *job_id, struct store_attempt **ret,
                         size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_ATTEMPTS_OPEN, .text = { job_id } };

    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_await_open (struct store *s, const char *attempt_id, struct store_await **ret,
                  struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_AWAIT, .text = { attempt_id } };

    return store_read_one (s, &query, ret, "open await of attempt", attempt_id, err);
}

int32_t
store_await_open_list (struct store *s, struct store_await **ret, size_t *ret_count,
                       struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_AWAITS };

    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_outcome_list (struct store *s, const char *job_id, struct store_outcome **ret,
                    size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_OUTCOMES, .text = { job_id } };

    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_outcome_rollout_list (struct store *s, const char *rollout_id, struct store_outcome **ret,
                            size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_OUTCOMES_OF_ROLLOUT, .text = { rollout_id } };

    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_result_list (struct store *s, const char *job_id, struct store_result **ret,
                   size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_RESULTS, .text = { job_id } };

    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_artifact_get (struct store *s, const char *artifact_id, struct store_artifact **ret,
                    struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_ARTIFACT, .text = { artifact_id } };

    return store_read_one (s, &query, ret, "artifact", artifact_id, err);
}

int32_t
store_artifact_list (struct store *s, const char *job_id, struct store_artifact **ret,
                     size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_ARTIFACTS, .text = { job_id } };

    return store_read_list (s, &query, ret, ret_count, err);
}

/* The filter with the fewest rows behind it leads; the others are tested row by row. */
static enum store_query_kind
job_query_kind (const struct store_job_filter *f)
{
    if (f->host_id != NULL) {
        return STORE_QUERY_JOBS_OF_HOST;
    }
    if (f->rollout_id != NULL) {
        return STORE_QUERY_JOBS_OF_ROLLOUT;
    }
    if (f->plan_id != NULL) {
        return STORE_QUERY_JOBS_OF_PLAN;
    }
    return f->open_only ? STORE_QUERY_JOBS_OPEN : STORE_QUERY_JOBS;
}

int32_t
store_job_list (struct store *s, const struct store_job_filter *filter,
                const struct store_page *page, struct store_job **ret, size_t *ret_count,
                struct err *err)
{
    static const struct store_job_filter everything;
    const struct store_job_filter *f = filter == NULL ? &everything : filter;
    struct store_query query = {
        .kind = job_query_kind (f),
        .text = { f->host_id, f->state, f->status, f->rollout_id, f->plan_id,
                  page == NULL ? NULL : page->after },
        .number = { f->open_only },
        .limit = page == NULL ? 0 : page->limit,
    };

    return store_read_list (s, &query, ret, ret_count, err);
}

static enum store_query_kind
event_query_kind (const struct store_event_filter *f)
{
    if (f->job_id != NULL) {
        return STORE_QUERY_EVENTS_OF_JOB;
    }
    if (f->host_id != NULL) {
        return STORE_QUERY_EVENTS_OF_HOST;
    }
    return f->rollout_id != NULL ? STORE_QUERY_EVENTS_OF_ROLLOUT : STORE_QUERY_EVENTS;
}

int32_t
store_event_list (struct store *s, const struct store_event_filter *filter, int64_t since_id,
                  int64_t limit, struct store_event **ret, size_t *ret_count, struct err *err)
{
    static const struct store_event_filter everything;
    const struct store_event_filter *f = filter == NULL ? &everything : filter;
    struct store_query query = {
        .kind = event_query_kind (f),
        .text = { f->host_id, f->job_id, f->rollout_id },
        .number = { since_id },
        .limit = limit,
    };

    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_event_last_id (struct store *s, int64_t *ret, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_EVENT_LAST_ID };
    void *row;
    int32_t code = store_read_one (s, &query, &row, "last", "event", err);

    if (code == 0) {
        *ret = ((struct row_value *) row)->number;
        row_free (&row_value_type, row, 1);
    }
    return code;
}

/* --- a job as it stands ----------------------------------------------------------------------- */

/* One row or none; *ret stays NULL for none. */
static int32_t
read_optional (struct store *s, void *reader, enum store_query_kind kind, const char *id,
               void **ret, struct err *err)
{
    struct store_query query = { .kind = kind, .text = { id } };
    struct row_set set;
    int32_t code = store_get_driver (s)->read (reader, &query, &set, err);

    if (code == 0) {
        *ret = set.rows;
    }
    return code;
}

static int32_t
read_now (struct store *s, void *reader, const char *job_id, struct store_job_now *now,
          struct err *err)
{
    void *job = NULL, *attempt = NULL, *await = NULL;
    int32_t code = read_optional (s, reader, STORE_QUERY_JOB, job_id, &job, err);

    if (code == 0 && job == NULL) {
        err_set (err, ERR_NOT_FOUND, "no job %s", job_id);
        err_hint (err, "farrier job list");
        return ERR_NOT_FOUND;
    }
    now->job = job;
    if (code == 0) {
        code = read_optional (s, reader, STORE_QUERY_ATTEMPT_NOW, job_id, &attempt, err);
        now->attempt = attempt;
    }
    if (code == 0 && attempt != NULL) {
        code = read_optional (s, reader, STORE_QUERY_AWAIT, now->attempt->id, &await, err);
        now->await = await;
    }
    return code;
}

int32_t
store_job_now_get (struct store *s, const char *job_id, struct store_job_now *ret,
                   struct err *err)
{
    const struct store_driver *driver = store_get_driver (s);
    struct store_job_now now = { 0 };
    struct err own = { 0 };
    void *reader = store_reader_take (s, &own);
    int32_t code = own.code;

    if (reader != NULL) {
        code = driver->read_begin (reader, &own);
        if (code == 0) {
            code = read_now (s, reader, job_id, &now, &own);
            driver->read_end (reader);
        }
        store_reader_give (s, reader);
    }
    if (code != 0) {
        store_job_now_clear (&now);
        if (err != NULL) {
            *err = own;
        }
        return code;
    }
    *ret = now;
    return 0;
}

void
store_job_now_clear (struct store_job_now *now)
{
    store_job_free (now->job);
    store_attempt_free (now->attempt);
    store_await_free (now->await);
    memset (now, 0, sizeof *now);
}

/* --- learned durations ------------------------------------------------------------------------ */

#define DURATION_SAMPLES 200

static int
compare_values (const void *a, const void *b)
{
    int64_t x = ((const struct row_value *) a)->number;
    int64_t y = ((const struct row_value *) b)->number;

    return (x > y) - (x < y);
}

/* Nearest rank: the smallest sample that at least `percent` of all do not exceed. */
static int64_t
percentile (const struct row_value *sorted, size_t count, size_t percent)
{
    return sorted[(count * percent + 99) / 100 - 1].number;
}

int32_t
store_duration_stats_get (struct store *s, const char *vendor, const char *model,
                          const char *component_type, const char *action,
                          struct store_duration_stats *ret, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_DURATIONS,
                                 .text = { vendor, action, model, component_type },
                                 .limit = DURATION_SAMPLES };
    struct row_set set;
    int32_t code = store_read (s, &query, &set, err);

    if (code != 0) {
        return code;
    }
    *ret = (struct store_duration_stats) { .samples = (int64_t) set.count };
    if (set.count > 0) {
        qsort (set.rows, set.count, sizeof (struct row_value), compare_values);
        ret->p50_ms = percentile (set.rows, set.count, 50);
        ret->p95_ms = percentile (set.rows, set.count, 95);
    }
    row_free (&row_value_type, set.rows, set.count);
    return 0;
}
