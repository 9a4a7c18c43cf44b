/* hash: SHA-256 and random bytes, by OpenSSL.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_BASE_HASH_H
#define FARRIER_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_SHA256_SIZE 32
#define HASH_SHA256_HEX 65                        /* with the NUL */

struct hash;                                      /* a running SHA-256 */

struct hash *hash_new (void);
void hash_update (struct hash *h, const void *bytes, size_t len);
void hash_final_hex (struct hash *h, char ret_hex[HASH_SHA256_HEX]);   /* and frees h */
void hash_free (struct hash *h);
void hash_sha256_hex (const void *bytes, size_t len, char ret_hex[HASH_SHA256_HEX]);
void hash_random (void *out, size_t len);         /* aborts when the system has no randomness */
uint64_t hash_fnv1a (const char *s);              /* for sharding, not for trust */
char *hash_random_id (const char *prefix);        /* "job-7f3k2m9qxw": 10 digits of base 32; heap */

#endif
