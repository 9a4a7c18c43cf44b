/* api_plan: calls about plans.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "api/api_private.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "firmware/baseline.h"
#include "fleet/selector.h"

static void
free_baseline (void *p)
{
    baseline_free (p);
}

/* Takes those that are named out of all; without names, those that have a selector. */
static int32_t
choose (const struct api_request *q, struct vec *all, struct vec *ret, struct err *err)
{
    const json_t *names = json_object_get (q->body, "baselines");
    size_t i;
    json_t *v;
    json_array_foreach ((json_t *) names, i, v) {
        const char *name = json_is_string (v) ? json_string_value (v) : "";
        const struct baseline *b = baseline_find (all, name);
        if (b == NULL) {
            err_set (err, ERR_NOT_FOUND, "there is no baseline %s in %s", name,
                     q->api->o.settings->baseline_dir);
            err_hint (err, "farrier baseline list");
            return ERR_NOT_FOUND;
        }
        vec_push (ret, (void *) b);
    }
    for (i = 0; json_array_size (names) == 0 && i < all->count; i++) {
        const struct baseline *b = all->items[i];
        if (!str_empty (b->selector))
            vec_push (ret, (void *) b);
    }
    if (ret->count > 0)
        return 0;
    err_set (err, ERR_NOT_FOUND, "no baseline applies: %zu in %s, none with a selector of its own",
             all->count, q->api->o.settings->baseline_dir);
    err_hint (err, "name one: --baseline NAME");
    return ERR_NOT_FOUND;
}

static int32_t
make (const struct api_request *q, struct plan **ret, json_t **ret_details, struct err *err)
{
    struct vec all = { 0 }, chosen = { 0 };
    struct store_host *hosts = NULL;
    size_t count = 0;
    int32_t rc = request_hosts (q, 0, &hosts, &count, err);
    if (rc == 0)
        rc = api_baselines (q->api, &all, ret_details, err);
    if (rc == 0)
        rc = choose (q, &all, &chosen, err);
    if (rc == 0)
        rc = api_make_plan (q->api, hosts, count, &chosen,
                            request_bool (q, "all") ? "all" : request_text (q, "selector"), ret,
                            err);
    vec_free (&chosen);
    vec_free_with (&all, free_baseline);
    store_host_free_all (hosts, count);
    return rc;
}

static json_t *
reply_of (const char *id, const char *status, const struct plan *plan)
{
    json_t *v = json_object ();
    json_put_str (v, "id", id);
    json_put_str (v, "status", status);
    json_put (v, "plan", plan_to_json (plan));
    return v;
}

int32_t
api_plan_preview (const struct api_request *q, json_t **ret, struct err *err)
{
    struct plan *plan = NULL;
    int32_t rc = make (q, &plan, ret, err);
    if (rc < 0)
        return rc;
    *ret = reply_of (NULL, "preview", plan);
    plan_free (plan);
    return 0;
}

/* What a list shows. */
static json_t *
summary_json (const struct plan *plan)
{
    json_t *whole = plan_to_json (plan), *v = json_object ();
    json_put_str (v, "selector", plan->selector);
    json_put (v, "baselines", json_incref (json_object_get (whole, "baselines")));
    json_put (v, "totals", json_incref (json_object_get (whole, "totals")));
    json_decref (whole);
    return v;
}

static int32_t
keep (const struct api_request *q, const struct plan *plan, const char *id, struct err *err)
{
    json_t *whole = plan_to_json (plan), *summary = summary_json (plan);
    struct store_plan row = {
        .id = (char *) id, .created_ms = clock_wall_ms (), .author = (char *) q->who,
        .status = (char *) "draft", .digest = (char *) plan->digest,
        .summary_json = json_text (summary), .doc_json = json_text (whole),
    };
    struct store_plan_host *hosts = mem_array (plan->host_count + 1, sizeof *hosts);
    for (size_t i = 0; i < plan->host_count; i++) {
        const struct plan_host *h = &plan->hosts[i];
        json_t *part = plan_host_to_json (plan, h);
        hosts[i] = (struct store_plan_host) {
            .host_id = h->id, .status = (char *) plan_host_status (h), .summary = h->reason,
            .doc_json = json_text (part),
        };
        json_decref (part);
    }
    struct store_batch *b = store_batch_new (NULL);
    store_batch_plan_put (b, &row, hosts, plan->host_count);
    int32_t rc = store_commit (q->api->store, b, STORE_FULL, err);
    for (size_t i = 0; i < plan->host_count; i++)
        mem_free (hosts[i].doc_json);
    mem_free (hosts);
    mem_free (row.summary_json);
    mem_free (row.doc_json);
    json_decref (whole);
    json_decref (summary);
    return rc;
}

int32_t
api_plan_create (const struct api_request *q, json_t **ret, struct err *err)
{
    struct plan *plan = NULL;
    int32_t rc = make (q, &plan, ret, err);
    if (rc < 0)
        return rc;
    char *id = hash_random_id ("plan");
    rc = keep (q, plan, id, err);
    if (rc == 0)
        *ret = reply_of (id, "draft", plan);
    mem_free (id);
    plan_free (plan);
    return rc;
}

static json_t *
row_json (const struct store_plan *row)
{
    json_t *v = json_object ();
    json_put_str (v, "id", row->id);
    json_put_str (v, "status", row->status);
    json_put_str (v, "author", row->author);
    json_put_int (v, "created_ms", row->created_ms);
    json_put_str (v, "approved_by", row->approved_by);
    json_put_int (v, "approved_ms", row->approved_ms);
    json_put_str (v, "digest", row->digest);
    json_put (v, "summary", json_stored (row->summary_json, json_object ()));
    return v;
}

int32_t
api_plan_list (const struct api_request *q, json_t **ret, struct err *err)
{
    struct store_page page = { .limit = request_int (q, "limit", 50) };
    struct store_plan *rows = NULL;
    size_t count = 0;
    int32_t rc = store_plan_list (q->api->store, &page, &rows, &count, err);
    if (rc < 0)
        return rc;
    json_t *list = json_array ();
    for (size_t i = 0; i < count; i++)
        json_array_append_new (list, row_json (&rows[i]));
    *ret = json_object ();
    json_put (*ret, "plans", list);
    store_plan_free_all (rows, count);
    return 0;
}

static int32_t
find (const struct api_request *q, const char *id, struct store_plan **ret, struct err *err)
{
    int32_t rc = store_plan_get (q->api->store, id, ret, err);
    if (rc == ERR_NOT_FOUND)
        err_hint (err, "farrier plan list");
    return rc;
}

int32_t
api_plan_show (const struct api_request *q, json_t **ret, struct err *err)
{
    struct store_plan *row = NULL;
    int32_t rc = find (q, request_text (q, "plan"), &row, err);
    if (rc < 0)
        return rc;
    *ret = row_json (row);
    json_put (*ret, "plan", json_stored (row->doc_json, json_object ()));
    store_plan_free (row);
    return 0;
}

static int32_t
load (const struct api_request *q, const char *id, struct plan **ret, struct err *err)
{
    struct store_plan *row = NULL;
    int32_t rc = find (q, id, &row, err);
    if (rc < 0)
        return rc;
    json_t *v = json_stored (row->doc_json, json_object ());
    rc = plan_from_json (v, ret, err);
    if (rc < 0)
        err_prefix (err, "plan %s", id);
    json_decref (v);
    store_plan_free (row);
    return rc;
}

static void
free_line (void *p)
{
    plan_line_free (p);
}

int32_t
api_plan_explain (const struct api_request *q, json_t **ret, struct err *err)
{
    struct plan *plan = NULL;
    struct vec lines = { 0 };
    const char *host = request_text (q, "host");
    int32_t rc = load (q, request_text (q, "plan"), &plan, err);
    if (rc < 0)
        return rc;
    rc = plan_explain (plan, host, &lines, err);
    json_t *list = json_array ();
    for (size_t i = 0; i < lines.count; i++) {
        const struct plan_line *l = lines.items[i];
        json_t *v = json_object ();
        json_put_int (v, "batch", (long long) l->batch);
        json_put_int (v, "step", (long long) l->step);
        json_put_str (v, "component", l->component);
        json_put_str (v, "type", component_type_name (l->type));
        json_put_str (v, "name", l->name);
        json_put_str (v, "from", l->from);
        json_put_str (v, "to", l->to);
        json_put_str (v, "decision", l->decision);
        json_put_str (v, "text", l->text);
        json_array_append_new (list, v);
    }
    const struct plan_host *h = rc == 0 ? plan_find_host (plan, host) : NULL;
    if (h != NULL) {
        *ret = json_object ();
        json_put_str (*ret, "host", h->name);
        json_put_str (*ret, "status", plan_host_status (h));
        json_put_str (*ret, "reason", h->reason);
        json_put (*ret, "lines", json_incref (list));
    }
    json_decref (list);
    vec_free_with (&lines, free_line);
    plan_free (plan);
    return rc;
}

int32_t
api_plan_diff (const struct api_request *q, json_t **ret, struct err *err)
{
    struct plan *a = NULL, *b = NULL;
    int32_t rc = load (q, request_text (q, "a"), &a, err);
    if (rc == 0)
        rc = load (q, request_text (q, "b"), &b, err);
    if (rc == 0) {
        *ret = json_object ();
        json_put (*ret, "diff", plan_diff (a, b));
    }
    plan_free (a);
    plan_free (b);
    return rc;
}

int32_t
api_plan_approve (const struct api_request *q, json_t **ret, struct err *err)
{
    (void) ret;
    struct store_plan *row = NULL;
    const char *id = request_text (q, "plan");
    int32_t rc = find (q, id, &row, err);
    if (rc < 0)
        return rc;
    if (str_eq (row->status, "approved")) {
        rc = err_set (err, ERR_NOTHING, "plan %s is approved already, by %s", id,
                      row->approved_by == NULL ? "?" : row->approved_by);
    } else {
        struct store_batch *b = store_batch_new (NULL);
        store_batch_plan_status (b, id, "draft", "approved", q->who, clock_wall_ms ());
        json_t *body = json_object ();
        json_put_str (body, "plan", id);
        json_put_str (body, "by", q->who);
        char *text = json_text (body);
        struct store_event event = { .at_ms = clock_wall_ms (), .kind = (char *) "plan.approved",
                                     .body_json = text };
        store_batch_event (b, &event);
        rc = store_commit (q->api->store, b, STORE_FULL, err);
        mem_free (text);
        json_decref (body);
    }
    store_plan_free (row);
    return rc;
}
