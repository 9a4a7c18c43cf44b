/* inventory: what was measured on hosts: kept with its history, shown, compared over time; and who
 * a host is.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FLEET_INVENTORY_H
#define FARRIER_FLEET_INVENTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

/* --- keeping ---------------------------------------------------------------------------------- */

/* One whole reading of one host. */
struct inventory_reading {
    int64_t at_ms;
    const struct store_component *components;
    size_t count;
    const json_t *identity;            /* [{"kind","value","uri","pointer"}]; NULL = not measured */
    const json_t *facts;               /* object; replaces the facts; NULL = leave them */
    const char *cause;                 /* "job job-…", "inventory refresh" */
};

/* Adds to the batch: components with history, facts, the identity if none is recorded yet, state
 * ready, last error cleared, an event "inventory.changed". FARRIER_E_PRECONDITION, with both values
 * and the command that accepts it, when the identity is not the host's: then the batch only gets
 * the host's state (identity_changed, with the measured identity kept for accept-identity), and the
 * components are left as they were. host is the row as stored now. */
int32_t inventory_batch_put (struct store_batch *b, const struct store_host *host,
                             const struct inventory_reading *reading, struct err *err);

/* --- identity --------------------------------------------------------------------------------- */

enum identity_verdict {
    IDENTITY_SAME = 0,                 /* at least one value compared, none differs */
    IDENTITY_DIFFERENT = 1,
    IDENTITY_UNKNOWN = 2               /* nothing to compare */
};

/* Compares serial, uuid and board_id (asset tags are for people and do not count); case, dashes of
 * a uuid and surrounding blanks do not count; values that identify nothing ("", "N/A", zeros) are
 * skipped. DIFFERENT fills in err: FARRIER_E_PRECONDITION with kind and both values. Pure. */
enum identity_verdict identity_compare (const json_t *recorded, const json_t *measured,
                                        struct err *err);
/* For guards: is this one value (read at uri + pointer) the recorded one of that kind? */
bool identity_value_equal (const char *kind, const char *recorded, const char *measured);

/* Another host answers at that address: state and note of the host. Part of a batch. */
void inventory_batch_identity_changed (struct store_batch *b, const struct store_host *host,
                                       const json_t *measured, const struct err *why);
/* A person says that it is right: the measured identity becomes the host's. ERR_NOTHING when none
 * differs. */
int32_t inventory_accept_identity (struct store *store, const char *host_name, struct err *err);

/* --- looking ---------------------------------------------------------------------------------- */

/* {"key","type","name","slot","uri","version","version_pointer","pending","previous","updateable",
 * "status","vendor_keys","measured_at_ms"}: what firmware/component.h reads. New reference. */
json_t *inventory_component_json (const struct store_component *c);
/* {"host","last_inventory_ms","state","facts","identity","components":[…]} */
json_t *inventory_show (struct store *store, const struct store_host *host, struct err *err);
/* Versions as they were at a time, from the history: object key -> {"type","name","version"}.
 * INT64_MAX = now, from the components themselves. */
json_t *inventory_at (struct store *store, const char *host_id, int64_t at_ms, struct err *err);
/* What differs between two of these: [{"key","type","name","from","to","change"}], change is added,
 * removed or changed; sorted by key. Pure. */
json_t *inventory_diff (const json_t *from, const json_t *to);
/* Newest first; key NULL = all components: [{"at_ms","key","type","name","change","from","to",
 * "cause"}]. limit 0 = all. */
json_t *inventory_history (struct store *store, const char *host_id, const char *key,
                           int64_t limit, struct err *err);

#endif
