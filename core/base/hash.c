/* hash: see hash.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"
#include "base/str.h"

struct hash {
    EVP_MD_CTX *ctx;
};

static void
insist (int ok, const char *what)
{
    if (ok != 1) {
        fprintf (stderr, "farrier: OpenSSL refused %s\n", what);
        abort ();
    }
}

struct hash *
hash_new (void)
{
    struct hash *h = mem_alloc (sizeof (*h));

    h->ctx = EVP_MD_CTX_new ();
    insist (h->ctx != NULL && EVP_DigestInit_ex (h->ctx, EVP_sha256 (), NULL) == 1, "SHA-256");
    return h;
}

void
hash_update (struct hash *h, const void *bytes, size_t len)
{
    insist (EVP_DigestUpdate (h->ctx, bytes, len), "to hash");
}

void
hash_final_hex (struct hash *h, char ret_hex[HASH_SHA256_HEX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];

    insist (EVP_DigestFinal_ex (h->ctx, digest, NULL), "to end a hash");
    for (size_t i = 0; i < HASH_SHA256_SIZE; i++) {
        ret_hex[2 * i] = digits[digest[i] >> 4];
        ret_hex[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_hex[HASH_SHA256_HEX - 1] = '\0';
    hash_free (h);
}

void
hash_free (struct hash *h)
{
    if (h != NULL) {
        EVP_MD_CTX_free (h->ctx);
        mem_free (h);
    }
}

void
hash_sha256_hex (const void *bytes, size_t len, char ret_hex[HASH_SHA256_HEX])
{
    struct hash *h = hash_new ();

    hash_update (h, bytes, len);
    hash_final_hex (h, ret_hex);
}

/* getrandom() rather than OpenSSL's generator: it needs no state of the process. */
void
hash_random (void *out, size_t len)
{
    unsigned char *at = out;

    while (len > 0) {
        ssize_t got = getrandom (at, len > 256 ? 256 : len, 0);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            fprintf (stderr, "farrier: the system has no randomness\n");
            abort ();
        }
        at += got;
        len -= (size_t) got;
    }
}

uint64_t
hash_fnv1a (const char *s)
{
    uint64_t h = 14695981039346656037u;

    for (; *s != '\0'; s++) {
        h = (h ^ (unsigned char) *s) * 1099511628211u;
    }
    return h;
}

char *
hash_random_id (const char *prefix)
{
    /* Base 32 without 0, 1, l and o: an id is read aloud on the telephone. */
    static const char digits[] = "abcdefghijkmnpqrstuvwxyz23456789";
    unsigned char raw[10];
    char text[11];

    hash_random (raw, sizeof (raw));
    for (size_t i = 0; i < sizeof (raw); i++) {
        text[i] = digits[raw[i] & 31];
    }
    text[10] = '\0';
    return str_printf ("%s-%s", prefix, text);
}
