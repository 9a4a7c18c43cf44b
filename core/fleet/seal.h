/* seal: secrets at rest. AES-256-GCM under a key derived (HKDF-SHA256) from the key file of this
 * home for one purpose; what is sealed is bound to its place: table, row and field.
 *
 * Sealed bytes: "FSL1", key id (8), nonce (12), ciphertext, tag (16). The AAD is purpose, table,
 * row, field and key id, each with its length in front, so a sealed value that is moved to another
 * row does not open.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FLEET_SEAL_H
#define FARRIER_FLEET_SEAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define SEAL_CREDENTIAL "credential"
#define SEAL_SESSION "session"
#define SEAL_ARTIFACT "artifact"

struct seal_key;                       /* immutable once open: any thread */

/* Opens KEYS_DIR/store.key. When it is missing and create is true, the directory (0700) and a new
 * random key (0400) are made and *ret_created is set (may be NULL): tell the operator to back it
 * up. Refused: a file others may read (FARRIER_E_INVALID, the hint is the chmod), one of the wrong
 * size. ERR_IO when it is missing and create is false. */
int32_t seal_key_open (const char *keys_dir, bool create, struct seal_key **ret,
                       bool *ret_created, struct err *err);
void seal_key_free (struct seal_key *key);        /* wipes; NULL is fine */
const char *seal_key_id (const struct seal_key *key);          /* 16 hex digits; not secret */
const char *seal_key_file (const struct seal_key *key);

/* Where a sealed value lives; all four are needed to open it again. */
struct seal_place {
    const char *purpose;               /* SEAL_… */
    const char *table;
    const char *row;
    const char *field;
};

/* *ret is heap (mem_free). */
int32_t seal_bytes (const struct seal_key *key, const struct seal_place *place, const void *bytes,
                    size_t size, void **ret, size_t *ret_size, struct err *err);
/* Appends the plaintext to *ret, which the caller ends with buf_wipe_free(). FARRIER_E_VERIFY when
 * the bytes were changed, moved or sealed under another key (message has both key ids). */
int32_t unseal_bytes (const struct seal_key *key, const struct seal_place *place,
                      const void *sealed, size_t size, struct buf *ret, struct err *err);

#endif
