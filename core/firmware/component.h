/* component: a piece of a host that has firmware, as it was measured; types and their names; JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FIRMWARE_COMPONENT_H
#define FARRIER_FIRMWARE_COMPONENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "farrier/types.h"

/* How many types there are: enum farrier_component_type is 0 … COMPONENT_TYPE_COUNT - 1. */
#define COMPONENT_TYPE_COUNT 15

/* A name with a value: a vendor key of a component, a fact of a host. Both on the heap where the
 * struct around it owns its strings. */
struct component_pair {
    char *name;
    char *value;
};

/* All strings are owned; NULL means "not known". All zero is an empty component (type other,
 * updateable 0: set -1 where the BMC does not say). `key` is the identity across updates: never the
 * display name and never an id that holds a version. */
struct component {
    enum farrier_component_type type;
    char *key;
    char *name;                    /* what the BMC shows to people */
    char *uri;                     /* the resource that shows the version */
    char *version_pointer;         /* RFC 6901 pointer of the version at uri; NULL = "/Version" */
    char *slot;
    char *version;                 /* running now */
    char *pending;                 /* staged or flashed, not running yet */
    char *previous;                /* alternate bank: what the BMC itself could go back to */
    char *status;                  /* Redfish Status.State */
    /* PCI ids, SoftwareId, GUID, board id …; sorted by name */
    struct component_pair *vendor_keys;
    size_t vendor_key_count;
    int updateable;                /* 1 yes, 0 no, -1 the BMC does not say */
    int64_t measured_at_ms;        /* wall clock; 0 = never */
};

/* "bios" "uefi" "bmc" "cpld" "nic" "storage_controller" "drive" "nvme" "psu" "gpu" "tpm"
 * "backplane" "switch" "driver" "other"; static. An unknown number is "other". */
const char *component_type_name (enum farrier_component_type type);
bool component_type_from_name (const char *name, enum farrier_component_type *ret);
/* The names in enum order, for "did you mean". */
const char *const *component_type_names (size_t *ret_count);

/* dst is overwritten, not freed */
void component_copy (struct component *dst, const struct component *src);
void component_clear (struct component *c);       /* frees the strings and zeroes */
/* clear, and the struct itself: for vec_free_with */
void component_free (struct component *c);

/* NULL when the component has no such key; borrowed. Names are compared without case. */
const char *component_vendor_key (const struct component *c, const char *name);
void component_add_vendor_key (struct component *c, const char *name, const char *value);
const char *component_version_pointer (const struct component *c);   /* "/Version" when not set */

/* What a plugin emitted (R4: strings are copied). FARRIER_E_PLUGIN_BUG when the key is missing or
 * the type unknown. */
int32_t component_from_abi (const struct farrier_component *in, struct component *ret,
                            struct err *err);

/* {"key","type","name","uri","version_pointer","slot","version","pending","previous","status",
 *  "vendor_keys":{…},"updateable":true|false|null,"measured_at_ms"}: null is left out. */
json_t *component_to_json (const struct component *c);
int32_t component_from_json (const json_t *v, struct component *ret, struct err *err);

/* Orders by type, then key (natural): for vec_sort. */
int component_compare (const void *a, const void *b);

/* Pairs, for facts too. */
void component_pairs_add (struct component_pair **pairs, size_t *count, const char *name,
                          const char *value);
void component_pairs_free (struct component_pair *pairs, size_t count);
const char *component_pairs_get (const struct component_pair *pairs, size_t count,
                                 const char *name);

#endif
