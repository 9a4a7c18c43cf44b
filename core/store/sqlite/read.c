/* read: which statement answers which question, and with which rows.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "store/sqlite/sqlite.h"

static const struct {
    const char *name;
    const struct row_type *type;
} answers[STORE_QUERY_COUNT_] = {
    [STORE_QUERY_META] = { "meta_get", &row_value_type },
    [STORE_QUERY_HOST] = { "host_get", &row_host },
    [STORE_QUERY_HOST_BY_NAME] = { "host_by_name", &row_host },
    [STORE_QUERY_HOSTS] = { "host_list", &row_host },
    [STORE_QUERY_HOST_COUNT] = { "host_count", &row_value_type },
    [STORE_QUERY_ENDPOINT] = { "endpoint_get", &row_endpoint },
    [STORE_QUERY_ENDPOINTS] = { "endpoint_list", &row_endpoint },
    [STORE_QUERY_ENDPOINTS_ALL] = { "endpoint_list_all", &row_endpoint },
    [STORE_QUERY_BINDINGS] = { "binding_list", &row_binding },
    [STORE_QUERY_CREDENTIAL] = { "credential_get", &row_credential },
    [STORE_QUERY_CREDENTIALS] = { "credential_list", &row_credential },
    [STORE_QUERY_COMPONENTS] = { "component_list", &row_component },
    [STORE_QUERY_COMPONENTS_ALL] = { "component_list_all", &row_component },
    [STORE_QUERY_COMPONENT_PIVOT] = { "component_pivot", &row_component_count },
    [STORE_QUERY_HISTORY] = { "history_list", &row_history },
    [STORE_QUERY_BMC_SESSIONS] = { "bmc_session_list", &row_bmc_session },
    [STORE_QUERY_PLAN] = { "plan_get", &row_plan },
    [STORE_QUERY_PLANS] = { "plan_list", &row_plan },
    [STORE_QUERY_PLAN_HOST] = { "plan_host_get", &row_plan_host },
    [STORE_QUERY_PLAN_HOSTS] = { "plan_host_list", &row_plan_host },
    [STORE_QUERY_ROLLOUT] = { "rollout_get", &row_rollout },
    [STORE_QUERY_ROLLOUTS] = { "rollout_list", &row_rollout },
    [STORE_QUERY_WORKFLOW_TEXT] = { "workflow_text_get", &row_workflow_text },
    [STORE_QUERY_JOB] = { "job_get", &row_job },
    [STORE_QUERY_JOBS] = { "job_list", &row_job },
    [STORE_QUERY_JOBS_OPEN] = { "job_list_open", &row_job },
    [STORE_QUERY_JOBS_OF_HOST] = { "job_list_host", &row_job },
    [STORE_QUERY_JOBS_OF_ROLLOUT] = { "job_list_rollout", &row_job },
    [STORE_QUERY_JOBS_OF_PLAN] = { "job_list_plan", &row_job },
    [STORE_QUERY_JOBS_TO_RESUME] = { "job_open_list", &row_job },
    [STORE_QUERY_JOBS_DUE] = { "job_due_list", &row_job },
    [STORE_QUERY_JOB_COUNTS] = { "job_counts", &row_job_count },
    [STORE_QUERY_JOB_COUNTS_OF_ROLLOUT] = { "job_counts_rollout", &row_job_count },
    [STORE_QUERY_ATTEMPT] = { "attempt_get", &row_attempt },
    [STORE_QUERY_ATTEMPTS] = { "attempt_list", &row_attempt },
    [STORE_QUERY_ATTEMPTS_OPEN] = { "attempt_open_list", &row_attempt },
    [STORE_QUERY_ATTEMPT_NOW] = { "attempt_now", &row_attempt },
    [STORE_QUERY_AWAIT] = { "await_open", &row_await },
    [STORE_QUERY_AWAITS] = { "await_open_list", &row_await },
    [STORE_QUERY_OUTCOMES] = { "outcome_list", &row_outcome },
    [STORE_QUERY_OUTCOMES_OF_ROLLOUT] = { "outcome_rollout_list", &row_outcome },
    [STORE_QUERY_RESULTS] = { "result_list", &row_result },
    [STORE_QUERY_EVENTS] = { "event_list", &row_event },
    [STORE_QUERY_EVENTS_OF_HOST] = { "event_list_host", &row_event },
    [STORE_QUERY_EVENTS_OF_JOB] = { "event_list_job", &row_event },
    [STORE_QUERY_EVENTS_OF_ROLLOUT] = { "event_list_rollout", &row_event },
    [STORE_QUERY_EVENT_LAST_ID] = { "event_last_id", &row_value_type },
    [STORE_QUERY_ARTIFACT] = { "artifact_get", &row_artifact },
    [STORE_QUERY_ARTIFACTS] = { "artifact_list", &row_artifact },
    [STORE_QUERY_DURATIONS] = { "duration_newest", &row_value_type },
};

int32_t
sqlite_read (void *reader, const struct store_query *query, struct row_set *ret, struct err *err)
{
    struct conn *c = reader;
    const struct row_type *type = answers[query->kind].type;
    sqlite3_stmt *st;
    void *rows;
    size_t count;

    int32_t code = conn_statement (c, answers[query->kind].name, &st, err);
    if (code != 0) {
        return code;
    }
    for (int i = 0; i < STORE_QUERY_TEXTS; i++) {
        conn_bind_text (st, i + 1, query->text[i]);
    }
    for (int i = 0; i < STORE_QUERY_NUMBERS; i++) {
        conn_bind_int (st, STORE_QUERY_TEXTS + 1 + i, query->number[i]);
    }
    conn_bind_int (st, STORE_QUERY_TEXTS + STORE_QUERY_NUMBERS + 1,
                   query->limit == 0 ? -1 : query->limit);

    code = conn_read (c, st, type, &rows, &count, err);
    if (code == 0) {
        *ret = (struct row_set) { type, rows, count };
    }
    return code;
}
