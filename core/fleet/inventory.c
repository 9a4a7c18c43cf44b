/* inventory: see inventory.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "fleet/inventory.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/host.h"

/* --- keeping ---------------------------------------------------------------------------------- */

static void
changed_event (struct store_batch *b, const struct store_host *host,
               const struct inventory_reading *reading)
{
    json_t *body = json_object ();
    json_put_str (body, "name", host->name);
    json_put_int (body, "components", (long long) reading->count);
    json_put_str (body, "cause", reading->cause);
    char *text = json_text (body);
    struct store_event event = { .at_ms = reading->at_ms, .kind = (char *) "inventory.changed",
                                 .host_id = host->id, .body_json = text };
    store_batch_event (b, &event);
    mem_free (text);
    json_decref (body);
}

int32_t
inventory_batch_put (struct store_batch *b, const struct store_host *host,
                     const struct inventory_reading *reading, struct err *err)
{
    json_t *recorded = json_stored (host->identity_json, NULL);
    struct err why = { 0 };
    enum identity_verdict verdict = identity_compare (recorded, reading->identity, &why);
    if (verdict == IDENTITY_DIFFERENT) {
        err_hint (&why, "if the board was replaced: farrier host accept-identity %s", host->name);
        inventory_batch_identity_changed (b, host, reading->identity, &why);
        json_decref (recorded);
        if (err != NULL)
            *err = why;
        return why.code;
    }

    store_batch_inventory_put (b, host->id, reading->at_ms, reading->components, reading->count,
                               reading->cause);
    bool record = json_array_size (recorded) == 0 && json_array_size (reading->identity) > 0;
    char *identity = record ? json_text (reading->identity) : NULL;
    char *facts = reading->facts != NULL ? json_text (reading->facts) : NULL;
    /* A changed identity is lifted by accept-identity, and by a reading that shows the recorded one
     * again. One that shows none leaves it, with what accept-identity needs. */
    bool changed = str_eq (host->state, HOST_IDENTITY_CHANGED);
    bool stays = changed && verdict == IDENTITY_UNKNOWN;
    struct store_host change = {
        .id = host->id, .identity_json = identity, .facts_json = facts,
        .state = (char *) (stays ? HOST_IDENTITY_CHANGED : HOST_READY),
        .note = changed && !stays ? (char *) "" : NULL,
        .last_error_json = stays ? host->last_error_json : (char *) "",
        .excluded = -1, .updated_ms = reading->at_ms,
    };
    store_batch_host_update (b, &change);
    changed_event (b, host, reading);
    mem_free (identity);
    mem_free (facts);
    json_decref (recorded);
    return 0;
}

/* --- looking ---------------------------------------------------------------------------------- */

static void
put_text (json_t *object, const char *key, const char *text)
{
    if (text != NULL)
        json_put_str (object, key, text);
}

json_t *
inventory_component_json (const struct store_component *c)
{
    json_t *v = json_object ();
    put_text (v, "key", c->key);
    put_text (v, "type", c->type);
    put_text (v, "name", c->name);
    put_text (v, "uri", c->uri);
    put_text (v, "slot", c->slot);
    put_text (v, "version", c->version);
    put_text (v, "version_pointer", c->version_pointer);
    put_text (v, "pending", c->pending);
    put_text (v, "previous", c->previous);
    put_text (v, "status", c->status);
    json_t *keys = json_stored (c->vendor_keys_json, NULL);
    json_t *alternate = json_stored (c->alternate_json, NULL);
    if (keys != NULL)
        json_put (v, "vendor_keys", keys);
    if (alternate != NULL)
        json_put (v, "alternate", alternate);
    if (c->updateable >= 0)
        json_put_bool (v, "updateable", c->updateable == 1);
    json_put_int (v, "measured_at_ms", c->measured_at_ms);
    return v;
}

json_t *
inventory_show (struct store *store, const struct store_host *host, struct err *err)
{
    struct store_component_filter filter = { .host_id = host->id };
    struct store_component *rows = NULL;
    size_t count = 0;
    if (store_component_list (store, &filter, NULL, &rows, &count, err) < 0)
        return NULL;
    json_t *v = json_object (), *list = json_array ();
    json_put_str (v, "host", host->name);
    json_put_str (v, "state", host->state);
    json_put_int (v, "last_inventory_ms", host->last_inventory_ms);
    json_t *facts = json_stored (host->facts_json, NULL);
    json_t *identity = json_stored (host->identity_json, NULL);
    json_put (v, "facts", facts != NULL ? facts : json_object ());
    json_put (v, "identity", identity != NULL ? identity : json_array ());
    for (size_t i = 0; i < count; i++)
        json_array_append_new (list, inventory_component_json (&rows[i]));
    json_put (v, "components", list);
    store_component_free_all (rows, count);
    return v;
}

static json_t *
version_json (const char *type, const char *name, const char *version)
{
    json_t *v = json_object ();
    put_text (v, "type", type);
    put_text (v, "name", name);
    put_text (v, "version", version);
    return v;
}

static json_t *
now_versions (struct store *store, const char *host_id, struct err *err)
{
    struct store_component_filter filter = { .host_id = host_id };
    struct store_component *rows = NULL;
    size_t count = 0;
    if (store_component_list (store, &filter, NULL, &rows, &count, err) < 0)
        return NULL;
    json_t *v = json_object ();
    for (size_t i = 0; i < count; i++)
        json_put (v, rows[i].key, version_json (rows[i].type, rows[i].name, rows[i].version));
    store_component_free_all (rows, count);
    return v;
}

json_t *
inventory_at (struct store *store, const char *host_id, int64_t at_ms, struct err *err)
{
    if (at_ms == INT64_MAX)
        return now_versions (store, host_id, err);
    struct store_history *rows = NULL;
    size_t count = 0;
    if (store_history_list (store, host_id, NULL, 0, &rows, &count, err) < 0)
        return NULL;
    json_t *v = json_object ();
    /* Oldest first: the last change before the time is what was true then. */
    for (size_t i = count; i-- > 0;) {
        if (rows[i].at_ms > at_ms)
            continue;
        if (str_eq (rows[i].change, "removed"))
            json_object_del (v, rows[i].component_key);
        else
            json_put (v, rows[i].component_key,
                      version_json (rows[i].component_type, rows[i].component_name,
                                    rows[i].to_version));
    }
    store_history_free_all (rows, count);
    return v;
}

static void
diff_row (json_t *list, const char *key, const json_t *from, const json_t *to)
{
    const char *was = json_str (from, "/version"), *is = json_str (to, "/version");
    if (from != NULL && to != NULL && str_eq (was, is))
        return;
    const json_t *any = to != NULL ? to : from;
    json_t *v = json_object ();
    json_put_str (v, "key", key);
    json_put_str (v, "type", json_str (any, "/type"));
    json_put_str (v, "name", json_str (any, "/name"));
    json_put_str (v, "from", was);
    json_put_str (v, "to", is);
    json_put_str (v, "change", from == NULL ? "added" : to == NULL ? "removed" : "changed");
    json_array_append_new (list, v);
}

static int
compare_keys (const void *a, const void *b)
{
    return str_compare_natural (a, b);
}

json_t *
inventory_diff (const json_t *from, const json_t *to)
{
    struct vec keys = { 0 };
    const char *key;
    json_t *v;
    json_object_foreach ((json_t *) from, key, v)
        vec_push (&keys, (void *) key);
    json_object_foreach ((json_t *) to, key, v) {
        if (json_object_get (from, key) == NULL)
            vec_push (&keys, (void *) key);
    }
    vec_sort (&keys, compare_keys);
    json_t *list = json_array ();
    for (size_t i = 0; i < keys.count; i++)
        diff_row (list, keys.items[i], json_object_get (from, keys.items[i]),
                  json_object_get (to, keys.items[i]));
    vec_free (&keys);
    return list;
}

json_t *
inventory_history (struct store *store, const char *host_id, const char *key, int64_t limit,
                   struct err *err)
{
    struct store_history *rows = NULL;
    size_t count = 0;
    if (store_history_list (store, host_id, key, limit, &rows, &count, err) < 0)
        return NULL;
    json_t *list = json_array ();
    for (size_t i = 0; i < count; i++) {
        json_t *v = json_object ();
        json_put_int (v, "at_ms", rows[i].at_ms);
        json_put_str (v, "key", rows[i].component_key);
        json_put_str (v, "type", rows[i].component_type);
        json_put_str (v, "name", rows[i].component_name);
        json_put_str (v, "change", rows[i].change);
        json_put_str (v, "from", rows[i].from_version);
        json_put_str (v, "to", rows[i].to_version);
        json_put_str (v, "cause", rows[i].cause);
        json_array_append_new (list, v);
    }
    store_history_free_all (rows, count);
    return list;
}
