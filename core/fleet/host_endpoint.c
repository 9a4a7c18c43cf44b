/* host_endpoint: the endpoints of a host: address, credential, trust, how the last contact went.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/host.h"

static void
changed_event (struct store_batch *b, const struct store_host *host, const char *what,
               const char *kind)
{
    json_t *body = json_object ();
    json_put_str (body, "name", host->name);
    json_put_str (body, "what", what);
    json_put_str (body, "endpoint", kind);
    char *text = json_text (body);
    struct store_event row = { .at_ms = clock_wall_ms (), .kind = (char *) "host.changed",
                               .host_id = host->id, .body_json = text };
    store_batch_event (b, &row);
    mem_free (text);
    json_decref (body);
}

/* The host and its endpoint; *ret_endpoint is NULL when there is none and none_ok. */
static int32_t
find (struct store *store, const char *name, const char *kind, bool none_ok,
      struct store_host **ret_host, struct store_endpoint **ret_endpoint, struct err *err)
{
    int32_t rc = host_find (store, name, ret_host, err);
    if (rc < 0)
        return rc;
    *ret_endpoint = NULL;
    rc = store_endpoint_get (store, (*ret_host)->id, kind, ret_endpoint, err);
    if (rc == ERR_NOT_FOUND && none_ok) {
        err_clear (err);
        return 0;
    }
    if (rc == ERR_NOT_FOUND) {
        err_set (err, rc, "host %s has no endpoint %s", name, kind);
        err_hint (err, "farrier host endpoint %s %s ADDRESS adds one", name, kind);
    }
    if (rc < 0) {
        store_host_free (*ret_host);
        *ret_host = NULL;
    }
    return rc;
}

static int32_t
other_host_with (struct store *store, const char *host_id, const char *url, struct err *err)
{
    struct store_endpoint *all = NULL;
    size_t count = 0;
    int32_t rc = store_endpoint_list (store, NULL, &all, &count, err);
    for (size_t i = 0; i < count && rc == 0; i++) {
        if (str_eq (all[i].kind, "bmc") && str_eq (all[i].url, url)
            && !str_eq (all[i].host_id, host_id)) {
            struct store_host *other = NULL;
            bool found = store_host_get (store, all[i].host_id, &other, NULL) == 0;
            rc = err_set (err, ERR_EXISTS, "%s is the BMC of host %s already", url,
                          found ? other->name : all[i].host_id);
            store_host_free (other);
        }
    }
    store_endpoint_free_all (all, count);
    return rc;
}

/* The address of the spec in the form in which it is stored; NULL without one. */
static int32_t
new_url (struct store *store, const struct store_host *host, const struct host_endpoint_spec *e,
         char **ret, struct err *err)
{
    *ret = NULL;
    if (e->url == NULL)
        return 0;
    char *url = host_address_normal (e->kind, e->url, err);
    if (url == NULL)
        return ERR_USAGE;
    if (str_eq (e->kind, "bmc")) {
        int32_t rc = other_host_with (store, host->id, url, err);
        if (rc < 0) {
            mem_free (url);
            return rc;
        }
    }
    *ret = url;
    return 0;
}

static int32_t
check (const struct host_endpoint_spec *e, bool exists, const char *name, struct err *err)
{
    unsigned char bytes[32];
    if (!host_kind_valid (e->kind, err))
        return ERR_USAGE;
    if (!exists && e->url == NULL)
        return err_set (err, ERR_USAGE, "host %s has no endpoint %s: its address is missing", name,
                        e->kind);
    if (e->trust != NULL && !str_eq (e->trust, "ca") && !str_eq (e->trust, "pin")
        && !str_eq (e->trust, "insecure"))
        return err_set (err, ERR_USAGE, "trust is \"%.40s\", not ca, pin or insecure", e->trust);
    if (!str_empty (e->pin_sha256) && !str_unhex (e->pin_sha256, bytes, sizeof bytes))
        return err_set (err, ERR_USAGE, "the pin \"%.80s\" is not 64 hex digits", e->pin_sha256);
    return 0;
}

static void
merge (struct store_endpoint *row, const struct host_endpoint_spec *e, const char *url)
{
    if (url != NULL && !str_eq (url, row->url)) {
        str_set (&row->url, url);
        str_set (&row->pin_sha256, NULL);
    }
    if (e->trust != NULL)
        str_set (&row->trust, e->trust);
    else if (row->trust == NULL)
        str_set (&row->trust, e->ca_file != NULL ? "ca" : "pin");
    if (e->pin_sha256 != NULL)
        str_set (&row->pin_sha256, str_empty (e->pin_sha256) ? NULL : e->pin_sha256);
    for (char *p = row->pin_sha256; p != NULL && *p != '\0'; p++)
        *p = *p >= 'A' && *p <= 'F' ? (char) (*p - 'A' + 'a') : *p;
    if (e->ca_file != NULL)
        str_set (&row->ca_file, str_empty (e->ca_file) ? NULL : e->ca_file);
}

int32_t
host_endpoint_set (struct store *store, const struct seal_key *key, const char *name,
                   const struct host_endpoint_spec *e, struct err *err)
{
    struct store_host *host = NULL;
    struct store_endpoint *row = NULL;
    char *url = NULL;
    int32_t rc = find (store, name, e->kind, true, &host, &row, err);
    if (rc < 0)
        return rc;
    rc = check (e, row != NULL, name, err);
    if (rc == 0)
        rc = new_url (store, host, e, &url, err);
    if (row == NULL) {
        row = mem_alloc (sizeof *row);
        row->host_id = str_dup (host->id);
        row->kind = str_dup (e->kind);
    }

    struct store_batch *b = store_batch_new (NULL);
    if (rc == 0) {
        merge (row, e, url);
        if (e->credential.user != NULL && row->credential_id == NULL)
            row->credential_id = hash_random_id ("cred");
        if (e->credential.user != NULL)
            rc = credential_batch_put (b, key, row->credential_id, &e->credential, err);
        store_batch_endpoint_put (b, row);
        changed_event (b, host, "endpoint", e->kind);
    }
    if (rc == 0)
        rc = store_commit (store, b, STORE_FULL, err);
    else
        store_batch_free (b);
    mem_free (url);
    store_endpoint_free (row);
    store_host_free (host);
    return rc;
}

int32_t
host_endpoint_remove (struct store *store, const char *name, const char *kind, struct err *err)
{
    struct store_host *host = NULL;
    struct store_endpoint *row = NULL;
    if (str_eq (kind, "bmc")) {
        err_set (err, ERR_USAGE, "the endpoint bmc of host %s can be changed, not removed", name);
        err_hint (err, "farrier host remove %s", name);
        return ERR_USAGE;
    }
    int32_t rc = find (store, name, kind, false, &host, &row, err);
    if (rc < 0)
        return rc;
    struct store_batch *b = store_batch_new (NULL);
    store_batch_endpoint_delete (b, host->id, kind);
    if (row->credential_id != NULL)
        store_batch_credential_delete (b, row->credential_id);
    changed_event (b, host, "endpoint removed", kind);
    rc = store_commit (store, b, STORE_FULL, err);
    store_endpoint_free (row);
    store_host_free (host);
    return rc;
}

int32_t
host_credential_set (struct store *store, const struct seal_key *key, const char *name,
                     const char *kind, const struct credential *c, struct err *err)
{
    struct host_endpoint_spec e = { .kind = (char *) kind, .credential = *c };
    struct store_host *host = NULL;
    struct store_endpoint *row = NULL;
    int32_t rc = find (store, name, kind, false, &host, &row, err);
    store_endpoint_free (row);
    store_host_free (host);
    return rc < 0 ? rc : host_endpoint_set (store, key, name, &e, err);
}

int32_t
host_trust_set (struct store *store, const char *name, const char *kind, const char *trust,
                const char *pin_sha256, const char *ca_file, struct err *err)
{
    struct host_endpoint_spec e = {
        .kind = (char *) kind, .trust = (char *) trust, .ca_file = (char *) ca_file,
        .pin_sha256 = (char *) (pin_sha256 == NULL ? "" : pin_sha256),
    };
    return host_endpoint_set (store, NULL, name, &e, err);
}

/* --- what contact brings ---------------------------------------------------------------------- */

void
host_pin_first (struct store *store, const char *host_id, const char *kind, const char *pin_sha256,
                const char *subject, const char *not_after)
{
    struct store_endpoint *row = NULL;
    struct store_host *host = NULL;
    if (store_endpoint_get (store, host_id, kind, &row, NULL) < 0)
        return;
    if (row->pin_sha256 == NULL && store_host_get (store, host_id, &host, NULL) == 0) {
        str_set (&row->pin_sha256, pin_sha256);
        struct store_batch *b = store_batch_new (NULL);
        store_batch_endpoint_put (b, row);
        changed_event (b, host, "certificate pinned", kind);
        store_commit_async (store, b, STORE_NORMAL, NULL, NULL);
        log_info ("host %s: the certificate of its %s is pinned at first contact: sha256 %s, "
                  "subject %s, valid until %s", host->name, kind, pin_sha256,
                  subject == NULL ? "?" : subject, not_after == NULL ? "?" : not_after);
    }
    store_host_free (host);
    store_endpoint_free (row);
}

/* The identity that waits for `host accept-identity`; a new reference, NULL when none does. */
static json_t *
measured_of (struct store *store, const char *host_id)
{
    struct store_host *host = NULL;
    if (store_host_get (store, host_id, &host, NULL) < 0)
        return NULL;
    json_t *last = json_stored (host->last_error_json, NULL);
    json_t *measured = str_eq (host->state, HOST_IDENTITY_CHANGED)
                           ? json_incref (json_object_get (last, "measured")) : NULL;
    json_decref (last);
    store_host_free (host);
    return measured;
}

void
host_contact_failed (struct store *store, const char *host_id, const struct err *why)
{
    json_t *v = json_object (), *measured = measured_of (store, host_id);
    json_put_str (v, "code", err_code_name (why->code));
    json_put_str (v, "message", why->message);
    json_put_str (v, "hint", why->hint);
    json_put_int (v, "at_ms", clock_wall_ms ());
    if (measured != NULL)
        json_put (v, "measured", measured);
    char *text = json_text (v);
    struct store_host change = { .id = (char *) host_id, .last_error_json = text, .excluded = -1,
                                 .updated_ms = clock_wall_ms () };
    struct store_batch *b = store_batch_new (NULL);
    store_batch_host_update (b, &change);
    store_commit_async (store, b, STORE_NORMAL, NULL, NULL);
    mem_free (text);
    json_decref (v);
}
