/* component: copies, JSON, and what a plugin emitted.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "firmware/component.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static const char *const type_names[COMPONENT_TYPE_COUNT] = {
    [FARRIER_COMPONENT_OTHER] = "other",
    [FARRIER_COMPONENT_BIOS] = "bios",
    [FARRIER_COMPONENT_UEFI] = "uefi",
    [FARRIER_COMPONENT_BMC] = "bmc",
    [FARRIER_COMPONENT_CPLD] = "cpld",
    [FARRIER_COMPONENT_NIC] = "nic",
    [FARRIER_COMPONENT_STORAGE_CONTROLLER] = "storage_controller",
    [FARRIER_COMPONENT_DRIVE] = "drive",
    [FARRIER_COMPONENT_NVME] = "nvme",
    [FARRIER_COMPONENT_PSU] = "psu",
    [FARRIER_COMPONENT_GPU] = "gpu",
    [FARRIER_COMPONENT_TPM] = "tpm",
    [FARRIER_COMPONENT_BACKPLANE] = "backplane",
    [FARRIER_COMPONENT_SWITCH] = "switch",
    [FARRIER_COMPONENT_DRIVER] = "driver",
};

/* The strings of a component, for everything that treats them alike. */
static const struct {
    const char *name;
    size_t offset;
} string_members[] = {
    { "key", offsetof (struct component, key) },
    { "name", offsetof (struct component, name) },
    { "uri", offsetof (struct component, uri) },
    { "version_pointer", offsetof (struct component, version_pointer) },
    { "slot", offsetof (struct component, slot) },
    { "version", offsetof (struct component, version) },
    { "pending", offsetof (struct component, pending) },
    { "previous", offsetof (struct component, previous) },
    { "status", offsetof (struct component, status) },
};

#define STRING_MEMBERS (sizeof (string_members) / sizeof (string_members[0]))

static char **
string_member (struct component *c, size_t i)
{
    return (char **) (void *) ((char *) c + string_members[i].offset);
}

static const char *
string_value (const struct component *c, size_t i)
{
    return *(const char *const *) (const void *) ((const char *) c + string_members[i].offset);
}

const char *
component_type_name (enum farrier_component_type type)
{
    return (size_t) type < COMPONENT_TYPE_COUNT ? type_names[type] : "other";
}

bool
component_type_from_name (const char *name, enum farrier_component_type *ret)
{
    for (size_t i = 0; i < COMPONENT_TYPE_COUNT; i++) {
        if (str_eq (name, type_names[i])) {
            *ret = (enum farrier_component_type) i;
            return true;
        }
    }
    return false;
}

const char *const *
component_type_names (size_t *ret_count)
{
    *ret_count = COMPONENT_TYPE_COUNT;
    return type_names;
}

void
component_pairs_add (struct component_pair **pairs, size_t *count, const char *name,
                     const char *value)
{
    *pairs = mem_realloc (*pairs, (*count + 1) * sizeof (**pairs));
    (*pairs)[*count].name = str_dup (name);
    (*pairs)[*count].value = str_dup (value);
    (*count)++;
}

void
component_pairs_free (struct component_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mem_free (pairs[i].name);
        mem_free (pairs[i].value);
    }
    mem_free (pairs);
}

const char *
component_pairs_get (const struct component_pair *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_case_eq (pairs[i].name, name)) {
            return pairs[i].value;
        }
    }
    return NULL;
}

void
component_copy (struct component *dst, const struct component *src)
{
    struct component copy = *src;

    for (size_t i = 0; i < STRING_MEMBERS; i++) {
        *string_member (&copy, i) = str_dup (string_value (src, i));
    }
    copy.vendor_keys = NULL;
    copy.vendor_key_count = 0;
    for (size_t i = 0; i < src->vendor_key_count; i++) {
        component_pairs_add (&copy.vendor_keys, &copy.vendor_key_count, src->vendor_keys[i].name,
                             src->vendor_keys[i].value);
    }
    *dst = copy;
}

void
component_clear (struct component *c)
{
    for (size_t i = 0; i < STRING_MEMBERS; i++) {
        mem_free (*string_member (c, i));
    }
    component_pairs_free (c->vendor_keys, c->vendor_key_count);
    memset (c, 0, sizeof (*c));
}

void
component_free (struct component *c)
{
    if (c != NULL) {
        component_clear (c);
        mem_free (c);
    }
}

const char *
component_vendor_key (const struct component *c, const char *name)
{
    return component_pairs_get (c->vendor_keys, c->vendor_key_count, name);
}

static int
pair_compare (const void *a, const void *b)
{
    const struct component_pair *x = a, *y = b;

    return strcmp (x->name, y->name);
}

void
component_add_vendor_key (struct component *c, const char *name, const char *value)
{
    component_pairs_add (&c->vendor_keys, &c->vendor_key_count, name, value);
    qsort (c->vendor_keys, c->vendor_key_count, sizeof (c->vendor_keys[0]), pair_compare);
}

const char *
component_version_pointer (const struct component *c)
{
    return str_empty (c->version_pointer) ? "/Version" : c->version_pointer;
}

/* "" from a plugin means the same as NULL. */
static char *
dup_or_null (const char *s)
{
    return str_empty (s) ? NULL : str_dup (s);
}

static void
add_abi_keys (struct component *c, const struct farrier_table *table)
{
    const char *at = table->items;

    if (at == NULL || table->stride < sizeof (struct farrier_pair)) {
        return;
    }
    for (uint32_t i = 0; i < table->count; i++, at += table->stride) {
        const struct farrier_pair *pair = (const struct farrier_pair *) (const void *) at;

        if (!str_empty (pair->name) && pair->value != NULL) {
            component_add_vendor_key (c, pair->name, pair->value);
        }
    }
}

int32_t
component_from_abi (const struct farrier_component *in, struct component *ret, struct err *err)
{
    struct component c = { 0 };

    if (str_empty (in->key)) {
        return err_set (err, FARRIER_E_PLUGIN_BUG,
                        "the plugin emitted component '%s' without a key",
                        in->name == NULL ? "" : in->name);
    }
    if (in->type >= COMPONENT_TYPE_COUNT) {
        return err_set (err, FARRIER_E_PLUGIN_BUG,
                        "the plugin emitted component '%s' with type %u, the types are 0 to %d",
                        in->key, in->type, COMPONENT_TYPE_COUNT - 1);
    }
    c.type = (enum farrier_component_type) in->type;
    c.key = str_dup (in->key);
    c.name = dup_or_null (in->name);
    c.uri = dup_or_null (in->uri);
    c.version_pointer = dup_or_null (in->version_pointer);
    c.slot = dup_or_null (in->slot);
    c.version = dup_or_null (in->version);
    c.pending = dup_or_null (in->pending);
    c.previous = dup_or_null (in->previous);
    c.status = dup_or_null (in->status);
    c.updateable = in->updateable < 0 ? -1 : in->updateable > 0;
    add_abi_keys (&c, &in->vendor_keys);
    *ret = c;
    return 0;
}

json_t *
component_to_json (const struct component *c)
{
    json_t *o = json_object (), *keys = json_object ();

    json_put_str (o, "type", component_type_name (c->type));
    for (size_t i = 0; i < STRING_MEMBERS; i++) {
        if (string_value (c, i) != NULL) {
            json_put_str (o, string_members[i].name, string_value (c, i));
        }
    }
    for (size_t i = 0; i < c->vendor_key_count; i++) {
        json_put_str (keys, c->vendor_keys[i].name, c->vendor_keys[i].value);
    }
    json_put (o, "vendor_keys", keys);
    if (c->updateable >= 0) {
        json_put_bool (o, "updateable", c->updateable > 0);
    }
    if (c->measured_at_ms != 0) {
        json_put_int (o, "measured_at_ms", c->measured_at_ms);
    }
    return o;
}

/* A member that is absent or null stays NULL; another type is an error. */
static int32_t
read_strings (const json_t *v, struct component *c, struct err *err)
{
    for (size_t i = 0; i < STRING_MEMBERS; i++) {
        const json_t *member = json_object_get (v, string_members[i].name);

        if (member == NULL || json_is_null (member)) {
            continue;
        }
        if (!json_is_string (member)) {
            return err_set (err, FARRIER_E_INVALID, "component: '%s' is not a string",
                            string_members[i].name);
        }
        *string_member (c, i) = str_dup (json_string_value (member));
    }
    if (str_empty (c->key)) {
        return err_set (err, FARRIER_E_INVALID, "component '%s': no key",
                        c->name == NULL ? "" : c->name);
    }
    return 0;
}

int32_t
component_from_json (const json_t *v, struct component *ret, struct err *err)
{
    struct component c = { .updateable = -1 };
    const char *type = json_str (v, "/type"), *name;
    json_t *value;
    int32_t rc = read_strings (v, &c, err);

    if (rc == 0 && !component_type_from_name (type, &c.type)) {
        rc = err_set (err, FARRIER_E_INVALID, "component '%s': unknown type '%s'", c.key,
                      type == NULL ? "" : type);
    }
    if (rc != 0) {
        component_clear (&c);
        return rc;
    }
    json_object_foreach (json_object_get (v, "vendor_keys"), name, value) {
        if (json_is_string (value)) {
            component_add_vendor_key (&c, name, json_string_value (value));
        }
    }
    if (json_is_boolean (json_object_get (v, "updateable"))) {
        c.updateable = json_bool_or (v, "/updateable", false);
    }
    c.measured_at_ms = json_int_or (v, "/measured_at_ms", 0);
    *ret = c;
    return 0;
}

int
component_compare (const void *a, const void *b)
{
    const struct component *x = a, *y = b;

    if (x->type != y->type) {
        return x->type < y->type ? -1 : 1;
    }
    return str_compare_natural (x->key == NULL ? "" : x->key, y->key == NULL ? "" : y->key);
}
