/* component_row: between a component and its row in the store.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "firmware/component_row.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"

static int32_t
read_keys (const char *text, struct component *c, struct err *err)
{
    json_t *keys, *value;
    const char *name;

    if (str_empty (text)) {
        return 0;
    }
    keys = json_parse (text, strlen (text), err);
    if (keys == NULL) {
        return FARRIER_E_INVALID;
    }
    json_object_foreach (keys, name, value) {
        if (json_is_string (value)) {
            component_add_vendor_key (c, name, json_string_value (value));
        }
    }
    json_decref (keys);
    return 0;
}

int32_t
component_from_row (const struct store_component *row, struct component *ret, struct err *err)
{
    struct component c = { 0 };
    int32_t rc;

    if (!component_type_from_name (row->type, &c.type)) {
        return err_set (err, FARRIER_E_INVALID, "component '%s' of host '%s': unknown type '%s'",
                        row->key, row->host_id == NULL ? "" : row->host_id,
                        row->type == NULL ? "" : row->type);
    }
    rc = read_keys (row->vendor_keys_json, &c, err);
    if (rc != 0) {
        err_prefix (err, "vendor keys of component '%s' of host '%s'", row->key,
                    row->host_id == NULL ? "" : row->host_id);
        component_clear (&c);
        return rc;
    }
    c.key = str_dup (row->key);
    c.name = str_dup (row->name);
    c.uri = str_dup (row->uri);
    c.version_pointer = str_dup (row->version_pointer);
    c.slot = str_dup (row->slot);
    c.version = str_dup (row->version);
    c.pending = str_dup (row->pending);
    c.previous = str_dup (row->previous);
    c.status = str_dup (row->status);
    c.updateable = row->updateable;
    c.measured_at_ms = row->measured_at_ms;
    *ret = c;
    return 0;
}

void
component_to_row (const struct component *c, const char *host_id, struct store_component *ret)
{
    json_t *keys = json_object ();

    for (size_t i = 0; i < c->vendor_key_count; i++) {
        json_put_str (keys, c->vendor_keys[i].name, c->vendor_keys[i].value);
    }
    memset (ret, 0, sizeof (*ret));
    ret->host_id = str_dup (host_id);
    ret->key = str_dup (c->key);
    ret->type = str_dup (component_type_name (c->type));
    ret->name = str_dup (c->name);
    ret->uri = str_dup (c->uri);
    ret->slot = str_dup (c->slot);
    ret->vendor_keys_json = json_text (keys);
    ret->version = str_dup (c->version);
    ret->version_pointer = str_dup (c->version_pointer);
    ret->pending = str_dup (c->pending);
    ret->previous = str_dup (c->previous);
    ret->updateable = c->updateable;
    ret->status = str_dup (c->status);
    ret->measured_at_ms = c->measured_at_ms;
    json_decref (keys);
}
