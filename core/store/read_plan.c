/* read_plan: questions about plans, rollouts and workflow texts.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "store/driver.h"

int32_t
store_plan_get (struct store *s, const char *plan_id, struct store_plan **ret, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_PLAN, .text = { plan_id } };
    void *row;
    int32_t code = store_read_one (s, &query, &row, "plan", plan_id, err);

    if (code == 0) {
        *ret = row;
    }
    return code;
}

int32_t
store_plan_list (struct store *s, const struct store_page *page, struct store_plan **ret,
                 size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_PLANS };
    struct row_set set;
    if (page != NULL) {
        query.text[0] = page->after;
        query.limit = page->limit;
    }
    int32_t code = store_read (s, &query, &set, err);

    if (code == 0) {
        *ret = set.rows;
        *ret_count = set.count;
    }
    return code;
}

int32_t
store_plan_host_get (struct store *s, const char *plan_id, const char *host_id,
                     struct store_plan_host **ret, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_PLAN_HOST, .text = { plan_id, host_id } };
    void *row;
    int32_t code = store_read_one (s, &query, &row, "part of the plan for host", host_id, err);

    if (code == 0) {
        *ret = row;
    }
    return code;
}

int32_t
store_plan_host_list (struct store *s, const char *plan_id, const struct store_page *page,
                      bool with_doc, struct store_plan_host **ret, size_t *ret_count,
                      struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_PLAN_HOSTS,
                                 .text = { plan_id },
                                 .number = { with_doc } };
    struct row_set set;
    if (page != NULL) {
        query.text[1] = page->after;
        query.limit = page->limit;
    }
    int32_t code = store_read (s, &query, &set, err);

    if (code == 0) {
        *ret = set.rows;
        *ret_count = set.count;
    }
    return code;
}

int32_t
store_rollout_get (struct store *s, const char *rollout_id, struct store_rollout **ret,
                   struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_ROLLOUT, .text = { rollout_id } };
    void *row;
    int32_t code = store_read_one (s, &query, &row, "rollout", rollout_id, err);

    if (code == 0) {
        *ret = row;
    }
    return code;
}

int32_t
store_rollout_list (struct store *s, const struct store_page *page, bool open_only,
                    struct store_rollout **ret, size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_ROLLOUTS, .number = { open_only } };
    struct row_set set;
    if (page != NULL) {
        query.text[0] = page->after;
        query.limit = page->limit;
    }
    int32_t code = store_read (s, &query, &set, err);

    if (code == 0) {
        *ret = set.rows;
        *ret_count = set.count;
    }
    return code;
}

int32_t
store_workflow_text_get (struct store *s, const char *digest, struct store_workflow_text **ret,
                         struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_WORKFLOW_TEXT, .text = { digest } };
    void *row;
    int32_t code = store_read_one (s, &query, &row, "workflow text with digest", digest, err);

    if (code == 0) {
        *ret = row;
    }
    return code;
}
