/* api_inventory: calls about what runs on hosts.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "api/api_private.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/host.h"
#include "fleet/inventory.h"
#include "fleet/selector.h"

/* What a row of the pivot counts. Heap. */
static char *
row_key (const char *type, const char *name, const char *version, const char *host_id)
{
    return str_printf ("%s\n%s\n%s\n%s", type == NULL ? "" : type, name == NULL ? "" : name,
                       version == NULL ? "" : version, host_id);
}

/* How many of the selected hosts have each type, name and version: row_key -> number. */
static int32_t
count_selected (const struct api_request *q, const struct store_component_filter *filter,
                struct map **ret, struct err *err)
{
    struct store_host *hosts = NULL;
    struct store_component *rows = NULL;
    size_t host_count = 0, count = 0;
    int32_t rc = request_hosts (q, 0, &hosts, &host_count, err);
    if (rc == 0)
        rc = store_component_list (q->api->store, filter, NULL, &rows, &count, err);
    struct map *selected = map_new (), *seen = map_new (), *counts = map_new ();
    for (size_t i = 0; i < host_count; i++)
        map_set (selected, hosts[i].id, &hosts[i]);
    for (size_t i = 0; i < count; i++) {
        if (map_get (selected, rows[i].host_id) == NULL)
            continue;
        char *own = row_key (rows[i].type, rows[i].name, rows[i].version, rows[i].host_id);
        char *key = row_key (rows[i].type, rows[i].name, rows[i].version, "");
        if (map_set (seen, own, &rows[i]) == NULL)
            map_set (counts, key, (void *) ((uintptr_t) map_get (counts, key) + 1));
        mem_free (own);
        mem_free (key);
    }
    map_free (selected, NULL);
    map_free (seen, NULL);
    store_component_free_all (rows, count);
    store_host_free_all (hosts, host_count);
    if (rc == 0)
        *ret = counts;
    else
        map_free (counts, NULL);
    return rc;
}

/* The hosts of one row: of all, or of those that are selected. */
static long long
hosts_of (const struct store_component_count *row, const struct map *counts)
{
    if (counts == NULL)
        return row->hosts;
    char *key = row_key (row->type, row->name, row->version, "");
    long long hosts = (long long) (uintptr_t) map_get (counts, key);
    mem_free (key);
    return hosts;
}

static int32_t
pivot (const struct api_request *q, const struct store_component_filter *filter, json_t **ret,
       struct err *err)
{
    struct store_component_count *rows = NULL;
    struct map *counts = NULL;
    size_t count = 0;
    int32_t rc = request_text (q, "selector") == NULL
                     ? 0 : count_selected (q, filter, &counts, err);
    if (rc == 0)
        rc = store_component_pivot (q->api->store, filter, &rows, &count, err);
    json_t *list = json_array ();
    for (size_t i = 0; i < count; i++) {
        long long hosts = hosts_of (&rows[i], counts);
        if (hosts == 0)
            continue;
        json_t *v = json_object ();
        json_put_str (v, "type", rows[i].type);
        json_put_str (v, "name", rows[i].name);
        json_put_str (v, "version", rows[i].version);
        json_put_int (v, "hosts", hosts);
        json_array_append_new (list, v);
    }
    if (counts != NULL)
        map_free (counts, NULL);
    if (rc < 0) {
        json_decref (list);
        return rc;
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
