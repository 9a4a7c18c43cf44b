/* identity: is the host that answers the one that is recorded?
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/host.h"
#include "fleet/inventory.h"

/* Upper case, without blanks around, without dashes in a uuid. NULL when it identifies nothing.
 * Heap. */
static char *
normal (const char *kind, const char *value)
{
    static const char *const nothing[] = { "N/A", "NA", "NONE", "NULL", "UNKNOWN", "DEFAULT STRING",
                                           "NOT SPECIFIED", "TO BE FILLED BY O.E.M." };
    if (value == NULL)
        return NULL;
    char *copy = str_dup (value), *out = str_dup (str_trim (copy));
    mem_free (copy);
    size_t n = 0;
    bool zeros = true, uuid = str_eq (kind, "uuid");
    for (char *p = out; *p != '\0'; p++) {
        if (uuid && *p == '-')
            continue;
        out[n++] = (char) toupper ((unsigned char) *p);
        zeros = zeros && strchr ("0-. ", *p) != NULL;
    }
    out[n] = '\0';
    bool empty = zeros || (uuid && strspn (out, "F") == n);
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing && !empty; i++)
        empty = str_eq (out, nothing[i]);
    if (!empty)
        return out;
    mem_free (out);
    return NULL;
}

bool
identity_value_equal (const char *kind, const char *recorded, const char *measured)
{
    char *a = normal (kind, recorded), *b = normal (kind, measured);
    bool same = a != NULL && b != NULL && str_eq (a, b);
    mem_free (a);
    mem_free (b);
    return same;
}

static bool
counts (const char *kind)
{
    return str_eq (kind, "serial") || str_eq (kind, "uuid") || str_eq (kind, "board_id");
}

static size_t
of_kind (const json_t *list, const char *kind)
{
    size_t i, n = 0;
    json_t *v;
    json_array_foreach ((json_t *) list, i, v)
        n += str_eq (json_str (v, "/kind"), kind) ? 1 : 0;
    return n;
}

/* The measured value that stands where the recorded one stood; where a kind is there once on both
 * sides its place does not matter (firmware renames resources). */
static const char *
counterpart (const json_t *recorded, const json_t *measured, const json_t *r)
{
    const char *kind = json_str (r, "/kind");
    bool alone = of_kind (recorded, kind) == 1 && of_kind (measured, kind) == 1;
    size_t i;
    json_t *m;
    json_array_foreach ((json_t *) measured, i, m) {
        if (!str_eq (json_str (m, "/kind"), kind))
            continue;
        if (alone || (str_eq (json_str (m, "/uri"), json_str (r, "/uri"))
                      && str_eq (json_str (m, "/pointer"), json_str (r, "/pointer"))))
            return json_str (m, "/value");
    }
    return NULL;
}

enum identity_verdict
identity_compare (const json_t *recorded, const json_t *measured, struct err *err)
{
    size_t i, compared = 0;
    json_t *r;
    json_array_foreach ((json_t *) recorded, i, r) {
        const char *kind = json_str_or (r, "/kind", ""), *was = json_str (r, "/value");
        if (!counts (kind))
            continue;
        const char *is = counterpart (recorded, measured, r);
        char *a = normal (kind, was), *b = normal (kind, is);
        bool comparable = a != NULL && b != NULL, same = comparable && str_eq (a, b);
        mem_free (a);
        mem_free (b);
        compared += comparable ? 1 : 0;
        if (comparable && !same) {
            err_set (err, FARRIER_E_PRECONDITION, "identity changed: the recorded %s is %s, the "
                     "BMC now says %s", kind, was, is);
            return IDENTITY_DIFFERENT;
        }
    }
    return compared > 0 ? IDENTITY_SAME : IDENTITY_UNKNOWN;
}

void
inventory_batch_identity_changed (struct store_batch *b, const struct store_host *host,
                                  const json_t *measured, const struct err *why)
{
    json_t *v = json_object ();
    json_put_str (v, "code", err_code_name (FARRIER_E_PRECONDITION));
    json_put_str (v, "message", why->message);
    json_put_str (v, "hint", why->hint);
    json_put (v, "measured", measured == NULL ? json_array () : json_deep_copy (measured));
    json_put_int (v, "at_ms", clock_wall_ms ());
    char *text = json_text (v);
    struct store_host change = {
        .id = host->id, .state = (char *) HOST_IDENTITY_CHANGED, .note = (char *) why->message,
        .last_error_json = text, .excluded = -1, .updated_ms = clock_wall_ms (),
    };
    store_batch_host_update (b, &change);
    json_put_str (v, "name", host->name);
    mem_free (text);
    text = json_text (v);
    struct store_event event = { .at_ms = clock_wall_ms (), .host_id = host->id,
                                 .kind = (char *) "host.identity_changed", .body_json = text };
    store_batch_event (b, &event);
    mem_free (text);
    json_decref (v);
}

int32_t
inventory_accept_identity (struct store *store, const char *host_name, struct err *err)
{
    struct store_host *host = NULL;
    int32_t rc = host_find (store, host_name, &host, err);
    if (rc < 0)
        return rc;
    json_t *last = json_stored (host->last_error_json, NULL);
    json_t *measured = json_at (last, "/measured");
    if (!str_eq (host->state, HOST_IDENTITY_CHANGED)) {
        rc = err_set (err, ERR_NOTHING, "the identity of host %s has not changed", host_name);
    } else if (!json_is_array (measured)) {
        rc = err_set (err, FARRIER_E_STALE, "the identity of host %s changed, but what its BMC "
                      "showed is not on record", host_name);
        err_hint (err, "farrier inventory refresh %s", host_name);
    } else {
        char *text = json_text (measured);
        struct store_host change = {
            .id = host->id, .identity_json = text, .state = (char *) HOST_READY,
            .note = (char *) "", .last_error_json = (char *) "", .excluded = -1,
            .updated_ms = clock_wall_ms (),
        };
        struct store_batch *b = store_batch_new (NULL);
        store_batch_host_update (b, &change);
        struct store_event event = { .at_ms = clock_wall_ms (), .host_id = host->id,
                                     .kind = (char *) "host.identity_accepted", .body_json = text };
        store_batch_event (b, &event);
        rc = store_commit (store, b, STORE_FULL, err);
        mem_free (text);
    }
    json_decref (last);
    store_host_free (host);
    return rc;
}
