/* credential: see credential.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "fleet/credential.h"

#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

static void
wipe_free (char **s)
{
    if (*s != NULL) {
        log_secret_remove (*s);
        mem_wipe (*s, strlen (*s));
        mem_free (*s);
        *s = NULL;
    }
}

void
credential_own (struct credential *c)
{
    if (c->password != NULL)
        log_secret_add (c->password);
    if (c->private_key != NULL)
        log_secret_add (c->private_key);
}

void
credential_clear (struct credential *c)
{
    wipe_free (&c->password);
    wipe_free (&c->private_key);
    mem_free (c->user);
    *c = (struct credential) { 0 };
}

static struct seal_place
place_of (const char *id)
{
    return (struct seal_place) { SEAL_CREDENTIAL, "credential", id, "sealed" };
}

/* jansson has no wiping: what it copies of a secret is overwritten before it is given back. */
static void
wipe_json_strings (json_t *object)
{
    const char *key;
    json_t *v;
    json_object_foreach (object, key, v) {
        if (json_is_string (v))
            mem_wipe ((char *) json_string_value (v), json_string_length (v));
    }
}

int32_t
credential_batch_put (struct store_batch *b, const struct seal_key *key, const char *id,
                      const struct credential *c, struct err *err)
{
    json_t *plain = json_object ();
    json_put_str (plain, "user", c->user);
    if (c->password != NULL)
        json_put_str (plain, "password", c->password);
    if (c->private_key != NULL)
        json_put_str (plain, "private_key", c->private_key);
    int64_t now = clock_wall_ms ();
    json_put_int (plain, "version", now);
    char *text = json_text (plain);

    void *sealed = NULL;
    size_t size = 0;
    struct seal_place place = place_of (id);
    int32_t rc = seal_bytes (key, &place, text, strlen (text), &sealed, &size, err);
    mem_wipe (text, strlen (text));
    mem_free (text);
    wipe_json_strings (plain);
    json_decref (plain);
    if (rc < 0)
        return rc;

    struct store_credential row = { .id = (char *) id, .sealed = sealed, .sealed_size = size,
                                    .created_ms = now, .updated_ms = now };
    store_batch_credential_put (b, &row);
    mem_free (sealed);
    return 0;
}

int32_t
credential_load (struct store *store, const struct seal_key *key, const char *id,
                 struct credential *ret, struct err *err)
{
    struct store_credential *row = NULL;
    int32_t rc = store_credential_get (store, id, &row, err);
    if (rc < 0)
        return rc;
    struct buf plain = { 0 };
    struct seal_place place = place_of (id);
    rc = unseal_bytes (key, &place, row->sealed, row->sealed_size, &plain, err);
    store_credential_free (row);
    if (rc < 0)
        return rc;

    /* The parser's own message would quote the text. */
    json_t *v = json_parse (plain.data, plain.len, NULL);
    buf_wipe_free (&plain);
    if (v == NULL)
        return err_set (err, FARRIER_E_INVALID, "the credential %s opens, but is no JSON", id);
    struct credential c = {
        .user = str_dup (json_str (v, "/user")),
        .password = str_dup (json_str (v, "/password")),
        .private_key = str_dup (json_str (v, "/private_key")),
        .version = (uint64_t) json_int_or (v, "/version", 0),
    };
    wipe_json_strings (v);
    json_decref (v);
    credential_own (&c);
    *ret = c;
    return 0;
}

int32_t
credential_load_for (struct store *store, const struct seal_key *key, const char *host_id,
                     const char *endpoint, struct credential *ret, struct err *err)
{
    struct store_endpoint *row = NULL;
    int32_t rc = store_endpoint_get (store, host_id, endpoint, &row, err);
    if (rc < 0)
        return rc;
    if (row->credential_id == NULL) {
        rc = err_set (err, FARRIER_E_AUTH, "the endpoint %s of this host has no credential",
                      endpoint);
        err_hint (err, "farrier credential set HOST --endpoint %s --user U --password-file F",
                  endpoint);
    } else {
        rc = credential_load (store, key, row->credential_id, ret, err);
    }
    store_endpoint_free (row);
    return rc;
}

static char *
token_row (const char *host_id, const char *endpoint)
{
    return str_printf ("%s %s", host_id, endpoint);
}

int32_t
credential_seal_token (const struct seal_key *key, const char *host_id, const char *endpoint,
                       const char *token, void **ret, size_t *ret_size, struct err *err)
{
    char *row = token_row (host_id, endpoint);
    struct seal_place place = { SEAL_SESSION, "bmc_session", row, "token" };
    int32_t rc = seal_bytes (key, &place, token, strlen (token), ret, ret_size, err);
    mem_free (row);
    return rc;
}

int32_t
credential_unseal_token (const struct seal_key *key, const char *host_id, const char *endpoint,
                         const void *sealed, size_t size, struct buf *ret, struct err *err)
{
    char *row = token_row (host_id, endpoint);
    struct seal_place place = { SEAL_SESSION, "bmc_session", row, "token" };
    int32_t rc = unseal_bytes (key, &place, sealed, size, ret, err);
    mem_free (row);
    return rc;
}
