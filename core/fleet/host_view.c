/* host_view: hosts in JSON, as they are shown: never a secret.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/json.h"
#include "base/str.h"
#include "fleet/host.h"

json_t *
host_summary_json (const struct store_host *h)
{
    json_t *v = json_object ();
    json_put_str (v, "id", h->id);
    json_put_str (v, "name", h->name);
    json_put_str (v, "state", h->state);
    json_put_str (v, "note", h->note);
    json_put_bool (v, "excluded", h->excluded != 0);
    json_put (v, "labels", json_stored (h->labels_json, json_object ()));
    json_put (v, "facts", json_stored (h->facts_json, json_object ()));
    json_put (v, "identity", json_stored (h->identity_json, json_array ()));
    json_put (v, "last_error", json_stored (h->last_error_json, json_null ()));
    json_put_int (v, "last_inventory_ms", h->last_inventory_ms);
    json_put_int (v, "created_ms", h->created_ms);
    json_put_int (v, "updated_ms", h->updated_ms);
    return v;
}

static json_t *
endpoint_json (struct store *store, const struct seal_key *key, const struct store_endpoint *e)
{
    json_t *v = json_object ();
    json_put_str (v, "kind", e->kind);
    json_put_str (v, "url", e->url);
    json_put_str (v, "trust", e->trust);
    json_put_str (v, "pin_sha256", e->pin_sha256);
    json_put_str (v, "ca_file", e->ca_file);
    json_put_bool (v, "credential", e->credential_id != NULL);
    if (key == NULL || e->credential_id == NULL)
        return v;
    struct credential c = { 0 };
    struct err err = { 0 };
    if (credential_load (store, key, e->credential_id, &c, &err) == 0) {
        json_put_str (v, "user", c.user);
        json_put_str (v, "secret", c.private_key != NULL ? "key" : "password");
    } else {
        json_put_str (v, "credential_error", err.message);
    }
    credential_clear (&c);
    return v;
}

json_t *
host_to_json (struct store *store, const struct seal_key *key, const struct store_host *h,
              struct err *err)
{
    struct store_endpoint *endpoints = NULL;
    struct store_binding *bindings = NULL;
    size_t endpoint_count = 0, binding_count = 0;
    if (store_endpoint_list (store, h->id, &endpoints, &endpoint_count, err) < 0)
        return NULL;
    if (store_binding_list (store, h->id, &bindings, &binding_count, err) < 0) {
        store_endpoint_free_all (endpoints, endpoint_count);
        return NULL;
    }

    json_t *v = host_summary_json (h), *list = json_array ();
    for (size_t i = 0; i < endpoint_count; i++)
        json_array_append_new (list, endpoint_json (store, key, &endpoints[i]));
    json_put (v, "endpoints", list);
    list = json_array ();
    for (size_t i = 0; i < binding_count; i++) {
        json_t *b = json_object ();
        json_put_str (b, "plugin", bindings[i].plugin);
        json_put (b, "types", json_stored (bindings[i].types_json, json_array ()));
        json_array_append_new (list, b);
    }
    json_put (v, "bindings", list);
    store_endpoint_free_all (endpoints, endpoint_count);
    store_binding_free_all (bindings, binding_count);
    return v;
}
