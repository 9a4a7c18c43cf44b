/* api_inventory: calls about what runs on hosts.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "api/api_private.h"
#include "base/json.h"
#include "base/map.h"
#include "base/str.h"
#include "fleet/host.h"
#include "fleet/inventory.h"
#include "fleet/selector.h"

static int32_t
pivot (const struct api_request *q, const struct store_component_filter *filter, json_t **ret,
       struct err *err)
{
    struct store_component_count *rows = NULL;
    size_t count = 0;
    int32_t rc = store_component_pivot (q->api->store, filter, &rows, &count, err);
    if (rc < 0)
        return rc;
    json_t *list = json_array ();
    for (size_t i = 0; i < count; i++) {
        json_t *v = json_object ();
        json_put_str (v, "type", rows[i].type);
        json_put_str (v, "name", rows[i].name);
        json_put_str (v, "version", rows[i].version);
        json_put_int (v, "hosts", rows[i].hosts);
        json_array_append_new (list, v);
    }
    *ret = json_object ();
    json_put (*ret, "pivot", list);
    store_component_count_free_all (rows, count);
    return 0;
}

int32_t
api_inventory_list (const struct api_request *q, json_t **ret, struct err *err)
{
    struct store_component_filter filter = {
        .type = request_text (q, "type"), .name = request_text (q, "name"),
        .version = request_text (q, "version"),
    };
    if (request_bool (q, "pivot"))
        return pivot (q, &filter, ret, err);
    struct store_host *hosts = NULL;
    struct store_component *rows = NULL;
    size_t host_count = 0, count = 0;
    unsigned flags = request_text (q, "selector") == NULL
                         ? SELECTOR_ALLOW_ALL | SELECTOR_ALLOW_EMPTY : 0;
    int32_t rc = request_hosts (q, flags, &hosts, &host_count, err);
    if (rc == 0)
        rc = store_component_list (q->api->store, &filter, NULL, &rows, &count, err);
    struct map *names = map_new ();
    for (size_t i = 0; i < host_count; i++)
        map_set (names, hosts[i].id, hosts[i].name);
    json_t *list = json_array ();
    for (size_t i = 0; i < count; i++) {
        const char *name = map_get (names, rows[i].host_id);
        if (name == NULL)
            continue;
        json_t *v = inventory_component_json (&rows[i]);
        json_put_str (v, "host", name);
        json_array_append_new (list, v);
    }
    map_free (names, NULL);
    store_component_free_all (rows, count);
    store_host_free_all (hosts, host_count);
    if (rc < 0) {
        json_decref (list);
        return rc;
    }
    *ret = json_object ();
    json_put (*ret, "components", list);
    return 0;
}

int32_t
api_inventory_show (const struct api_request *q, json_t **ret, struct err *err)
{
    struct store_host *host = NULL;
    int32_t rc = host_find (q->api->store, request_text (q, "name"), &host, err);
    if (rc < 0)
        return rc;
    if (host->last_inventory_ms == 0) {
        rc = err_set (err, ERR_NOT_FOUND, "host %s was never inventoried", host->name);
        err_hint (err, "farrier inventory refresh %s", host->name);
    } else {
        *ret = inventory_show (q->api->store, host, err);
        rc = *ret == NULL ? err->code : 0;
    }
    store_host_free (host);
    return rc;
}

int32_t
api_inventory_diff (const struct api_request *q, json_t **ret, struct err *err)
{
    struct store_host *host = NULL, *other = NULL;
    json_t *from = NULL, *to = NULL;
    const char *other_name = request_text (q, "other");
    int32_t rc = host_find (q->api->store, request_text (q, "name"), &host, err);
    if (rc == 0 && other_name != NULL)
        rc = host_find (q->api->store, other_name, &other, err);
    int64_t to_ms = request_int (q, "to_ms", INT64_MAX);
    int64_t from_ms = request_int (q, "from_ms", other != NULL ? INT64_MAX : 0);
    if (rc == 0)
        from = inventory_at (q->api->store, host->id, from_ms, err);
    if (from != NULL)
        to = inventory_at (q->api->store, other != NULL ? other->id : host->id, to_ms, err);
    if (rc == 0 && (from == NULL || to == NULL))
        rc = err->code;
    if (rc == 0) {
        *ret = json_object ();
        json_put_str (*ret, "host", host->name);
        json_put (*ret, "diff", inventory_diff (from, to));
    }
    json_decref (from);
    json_decref (to);
    store_host_free (host);
    store_host_free (other);
    return rc;
}

int32_t
api_inventory_history (const struct api_request *q, json_t **ret, struct err *err)
{
    struct store_host *host = NULL;
    int32_t rc = host_find (q->api->store, request_text (q, "name"), &host, err);
    if (rc < 0)
        return rc;
    json_t *list = inventory_history (q->api->store, host->id, request_text (q, "component"),
                                      request_int (q, "limit", 0), err);
    if (list != NULL) {
        *ret = json_object ();
        json_put_str (*ret, "host", host->name);
        json_put (*ret, "history", list);
    }
    store_host_free (host);
    return list == NULL ? err->code : 0;
}
