/* credential: a user with a password or a private key; sealed in the store, in memory only while
 * it is used.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FLEET_CREDENTIAL_H
#define FARRIER_FLEET_CREDENTIAL_H

#include <stdint.h>

#include "base/err.h"
#include "fleet/seal.h"
#include "store/store.h"

/* All strings owned. Between load (or own) and clear the log's redactor knows the secrets. */
struct credential {
    char *user;
    char *password;                    /* NULL when it is a key */
    char *private_key;                 /* text of the key file; NULL when it is a password */
    uint64_t version;                  /* grows when a person changes it (session.h wants it) */
};

/* Registers the secrets of a credential that the caller filled in by hand. */
void credential_own (struct credential *c);
/* Takes the secrets from the redactor's list, wipes, frees, zeroes. */
void credential_clear (struct credential *c);

/* Adds the sealed row. id: an existing "cred-…" (replaced), or a new one (hash_random_id). */
int32_t credential_batch_put (struct store_batch *b, const struct seal_key *key, const char *id,
                              const struct credential *c, struct err *err);
/* ERR_NOT_FOUND, FARRIER_E_VERIFY (other key file), FARRIER_E_INVALID. Any thread. */
int32_t credential_load (struct store *store, const struct seal_key *key, const char *id,
                         struct credential *ret, struct err *err);
/* The credential of a host's endpoint; FARRIER_E_AUTH, with the command that sets one, when the
 * endpoint has none; ERR_NOT_FOUND without the endpoint. */
int32_t credential_load_for (struct store *store, const struct seal_key *key, const char *host_id,
                             const char *endpoint, struct credential *ret, struct err *err);

/* A session token for store_bmc_session.token, bound to (host, endpoint). */
int32_t credential_seal_token (const struct seal_key *key, const char *host_id,
                               const char *endpoint, const char *token, void **ret,
                               size_t *ret_size, struct err *err);
int32_t credential_unseal_token (const struct seal_key *key, const char *host_id,
                                 const char *endpoint, const void *sealed, size_t size,
                                 struct buf *ret, struct err *err);

#endif
