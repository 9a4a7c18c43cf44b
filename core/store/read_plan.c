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

    return store_read_one (s, &query, ret, "plan", plan_id, err);
}

int32_t
store_plan_list (struct store *s, const struct store_page *page, struct store_plan **ret,
                 size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_PLANS };

    if (page != NULL) {
        query.text[0] = page->after;
        query.limit = page->limit;
    }
    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_plan_host_get (struct store *s, const char *plan_id, const char *host_id,
                     struct store_plan_host **ret, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_PLAN_HOST, .text = { plan_id, host_id } };

    return store_read_one (s, &query, ret, "part of the plan for host", host_id, err);
}

int32_t
store_plan_host_list (struct store *s, const char *plan_id, const struct store_page *page,
                      bool with_doc, struct store_plan_host **ret, size_t *ret_count,
                      struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_PLAN_HOSTS,
                                 .text = { plan_id },
                                 .number = { with_doc } };

    if (page != NULL) {
        query.text[1] = page->after;
        query.limit = page->limit;
    }
    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_rollout_get (struct store *s, const char *rollout_id, struct store_rollout **ret,
                   struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_ROLLOUT, .text = { rollout_id } };

    return store_read_one (s, &query, ret, "rollout", rollout_id, err);
}

int32_t
store_rollout_list (struct store *s, const struct store_page *page, bool open_only,
                    struct store_rollout **ret, size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_ROLLOUTS, .number = { open_only } };

    if (page != NULL) {
        query.text[0] = page->after;
        query.limit = page->limit;
    }
    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_workflow_text_get (struct store *s, const char *digest, struct store_workflow_text **ret,
                         struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_WORKFLOW_TEXT, .text = { digest } };

    return store_read_one (s, &query, ret, "workflow text with digest", digest, err);
}
