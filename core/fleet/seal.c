/* seal: see seal.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "fleet/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/core_names.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#define KEY_BYTES 32
#define KEY_ID_BYTES 8
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define MAGIC "FSL1"
#define MAGIC_BYTES 4
#define HEAD_BYTES (MAGIC_BYTES + KEY_ID_BYTES + NONCE_BYTES)
#define PLAIN_MAX (64u << 20)

struct seal_key {
    unsigned char secret[KEY_BYTES];
    unsigned char id[KEY_ID_BYTES];
    char *id_hex;
    char *file;
};

/* --- the key file ----------------------------------------------------------------------------- */

static int32_t
read_key (int fd, const char *file, unsigned char secret[KEY_BYTES], struct err *err)
{
    struct stat st;
    if (fstat (fd, &st) != 0)
        return err_set_errno (err, ERR_IO, errno, "cannot look at the key file %s", file);
    if (!S_ISREG (st.st_mode))
        return err_set (err, FARRIER_E_INVALID, "the key file %s is not a regular file", file);
    if ((st.st_mode & 077) != 0) {
        err_set (err, FARRIER_E_INVALID, "the key file %s may be read by others (mode %03o, not "
                 "400)", file, (unsigned) (st.st_mode & 0777));
        err_hint (err, "chmod 400 %s, and give the BMCs new passwords if others had access", file);
        return FARRIER_E_INVALID;
    }
    if (st.st_uid != geteuid () && geteuid () != 0)
        return err_set (err, FARRIER_E_INVALID, "the key file %s belongs to uid %u, this is uid %u",
                        file, (unsigned) st.st_uid, (unsigned) geteuid ());
    if (st.st_size != KEY_BYTES) {
        err_set (err, FARRIER_E_INVALID, "the key file %s has %lld bytes, not %d", file,
                 (long long) st.st_size, KEY_BYTES);
        err_hint (err, "put the key file back from a backup: no password can be read without it");
        return FARRIER_E_INVALID;
    }
    ssize_t n = read (fd, secret, KEY_BYTES);
    if (n != KEY_BYTES)
        return err_set_errno (err, ERR_IO, n < 0 ? errno : EIO, "cannot read the key file %s",
                              file);
    return 0;
}

/* Makes the key so that two programs at once end up with the same one: link() refuses
 * the second. */
static int32_t
create_key (const char *dir, const char *file, bool *ret_created, struct err *err)
{
    int32_t rc = fs_mkdirs (dir, 0700, err);
    if (rc < 0)
        return rc;
    unsigned char secret[KEY_BYTES];
    hash_random (secret, sizeof secret);
    char *unique = hash_random_id ("new-key");
    char *temporary = fs_join (dir, unique);
    rc = fs_write_atomic (temporary, secret, sizeof secret, 0400, err);
    mem_wipe (secret, sizeof secret);
    if (rc == 0 && link (temporary, file) == 0)
        *ret_created = true;
    else if (rc == 0 && errno != EEXIST)
        rc = err_set_errno (err, ERR_IO, errno, "cannot make the key file %s", file);
    if (rc == 0)
        rc = fs_sync_dir (dir, err);
    unlink (temporary);
    mem_free (temporary);
    mem_free (unique);
    return rc;
}

static int
open_key (const char *file)
{
    return open (file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
}

static int32_t
open_error (const char *file, struct err *err)
{
    if (errno == ENOENT) {
        err_set (err, ERR_IO, "there is no key file %s", file);
        err_hint (err, "put it back from a backup: no password can be read without it");
        return ERR_IO;
    }
    return err_set_errno (err, ERR_IO, errno, "cannot open the key file %s", file);
}

int32_t
seal_key_open (const char *keys_dir, bool create, struct seal_key **ret, bool *ret_created,
               struct err *err)
{
    struct seal_key *key = mem_alloc (sizeof *key);
    key->file = fs_join (keys_dir, "store.key");
    bool created = false;
    int32_t rc = 0;
    int fd = open_key (key->file);
    if (fd < 0 && errno == ENOENT && create) {
        rc = create_key (keys_dir, key->file, &created, err);
        fd = rc == 0 ? open_key (key->file) : -1;
    }
    if (rc == 0 && fd < 0)
        rc = open_error (key->file, err);
    if (rc == 0)
        rc = read_key (fd, key->file, key->secret, err);
    if (fd >= 0)
        close (fd);
    if (rc < 0) {
        seal_key_free (key);
        return rc;
    }

    /* The id names the key without telling anything about it. */
    char hex[HASH_SHA256_HEX];
    unsigned char digest[HASH_SHA256_SIZE];
    hash_sha256_hex (key->secret, KEY_BYTES, hex);
    hash_sha256_hex (hex, HASH_SHA256_HEX - 1, hex);
    str_unhex (hex, digest, sizeof digest);
    memcpy (key->id, digest, KEY_ID_BYTES);
    key->id_hex = str_hex (key->id, KEY_ID_BYTES);
    if (ret_created != NULL)
        *ret_created = created;
    *ret = key;
    return 0;
}

void
seal_key_free (struct seal_key *key)
{
    if (key == NULL)
        return;
    mem_wipe (key->secret, sizeof key->secret);
    mem_free (key->id_hex);
    mem_free (key->file);
    mem_free (key);
}

const char *
seal_key_id (const struct seal_key *key)
{
    return key->id_hex;
}

const char *
seal_key_file (const struct seal_key *key)
{
    return key->file;
}

/* --- derive, seal, unseal --------------------------------------------------------------------- */

static int32_t
derive (const struct seal_key *key, const char *purpose, unsigned char out[KEY_BYTES],
        struct err *err)
{
    EVP_KDF *kdf = EVP_KDF_fetch (NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new (kdf);
    char *info = str_printf ("farrier seal 1 %s", purpose);
    char digest[] = "SHA256", salt[] = "farrier";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string (OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string (OSSL_KDF_PARAM_KEY, (void *) key->secret, KEY_BYTES),
        OSSL_PARAM_construct_octet_string (OSSL_KDF_PARAM_SALT, salt, strlen (salt)),
        OSSL_PARAM_construct_octet_string (OSSL_KDF_PARAM_INFO, info, strlen (info)),
        OSSL_PARAM_construct_end (),
    };
    int good = ctx != NULL && EVP_KDF_derive (ctx, out, KEY_BYTES, params) == 1;
    EVP_KDF_CTX_free (ctx);
    EVP_KDF_free (kdf);
    mem_free (info);
    return good ? 0 : err_set (err, FARRIER_E_INTERNAL, "OpenSSL cannot derive a key "
                                                                "(HKDF-SHA256)");
}

static void
aad_piece (struct buf *aad, const void *bytes, size_t len)
{
    unsigned char length[4] = { (unsigned char) len, (unsigned char) (len >> 8),
                                (unsigned char) (len >> 16), (unsigned char) (len >> 24) };
    buf_append (aad, length, sizeof length);
    buf_append (aad, bytes, len);
}

static void
aad_of (const struct seal_place *place, const unsigned char *key_id, struct buf *ret)
{
    aad_piece (ret, place->purpose, strlen (place->purpose));
    aad_piece (ret, place->table, strlen (place->table));
    aad_piece (ret, place->row, strlen (place->row));
    aad_piece (ret, place->field, strlen (place->field));
    aad_piece (ret, key_id, KEY_ID_BYTES);
}

/* One pass in either direction: text of size bytes, tag written or checked. */
static bool
cipher (bool encrypt, const unsigned char *secret, const unsigned char *nonce,
        const struct buf *aad, const unsigned char *in, size_t size, unsigned char *out,
        unsigned char *tag)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new ();
    unsigned char empty[1];
    int n = 0, last = 0;
    bool good = ctx != NULL
                && EVP_CipherInit_ex (ctx, EVP_aes_256_gcm (), NULL, secret, nonce, encrypt) == 1
                && EVP_CipherUpdate (ctx, NULL, &n, (const unsigned char *) aad->data,
                                     (int) aad->len) == 1;
    n = 0;
    if (good && size > 0)
        good = EVP_CipherUpdate (ctx, out, &n, in, (int) size) == 1;
    if (good && !encrypt)
        good = EVP_CIPHER_CTX_ctrl (ctx, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1;
    if (good)
        good = EVP_CipherFinal_ex (ctx, empty, &last) == 1 && last == 0 && (size_t) n == size;
    if (good && encrypt)
        good = EVP_CIPHER_CTX_ctrl (ctx, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, tag) == 1;
    EVP_CIPHER_CTX_free (ctx);
    return good;
}

int32_t
seal_bytes (const struct seal_key *key, const struct seal_place *place, const void *bytes,
            size_t size, void **ret, size_t *ret_size, struct err *err)
{
    if (size > PLAIN_MAX)
        return err_set (err, FARRIER_E_INVALID, "%zu bytes are too many to seal in one piece (at "
                        "most %u)", size, PLAIN_MAX);
    unsigned char secret[KEY_BYTES];
    int32_t rc = derive (key, place->purpose, secret, err);
    if (rc < 0)
        return rc;

    struct buf aad = { 0 };
    aad_of (place, key->id, &aad);
    size_t total = HEAD_BYTES + size + TAG_BYTES;
    unsigned char *out = mem_alloc (total);
    memcpy (out, MAGIC, MAGIC_BYTES);
    memcpy (out + MAGIC_BYTES, key->id, KEY_ID_BYTES);
    hash_random (out + MAGIC_BYTES + KEY_ID_BYTES, NONCE_BYTES);
    bool good = cipher (true, secret, out + MAGIC_BYTES + KEY_ID_BYTES, &aad, bytes, size,
                        out + HEAD_BYTES, out + HEAD_BYTES + size);
    mem_wipe (secret, sizeof secret);
    buf_free (&aad);
    if (!good) {
        mem_free (out);
        return err_set (err, FARRIER_E_INTERNAL, "OpenSSL cannot encrypt (AES-256-GCM)");
    }
    *ret = out;
    *ret_size = total;
    return 0;
}

static int32_t
check_head (const struct seal_key *key, const struct seal_place *place,
            const unsigned char *sealed, size_t size, struct err *err)
{
    if (size < HEAD_BYTES + TAG_BYTES || memcmp (sealed, MAGIC, MAGIC_BYTES) != 0)
        return err_set (err, FARRIER_E_INVALID, "the sealed %s of %s %s is not in the format this "
                        "farrier knows (%zu bytes)", place->field, place->table, place->row, size);
    if (memcmp (sealed + MAGIC_BYTES, key->id, KEY_ID_BYTES) == 0)
        return 0;
    char *other = str_hex (sealed + MAGIC_BYTES, KEY_ID_BYTES);
    err_set (err, FARRIER_E_VERIFY, "the %s of %s %s was sealed under key %s, the key file %s "
             "holds key %s", place->field, place->table, place->row, other, key->file, key->id_hex);
    err_hint (err, "put the old key file back, or set the passwords anew: farrier credential set");
    mem_free (other);
    return FARRIER_E_VERIFY;
}

int32_t
unseal_bytes (const struct seal_key *key, const struct seal_place *place, const void *sealed,
              size_t size, struct buf *ret, struct err *err)
{
    const unsigned char *in = sealed;
    int32_t rc = check_head (key, place, in, size, err);
    if (rc < 0)
        return rc;
    unsigned char secret[KEY_BYTES], tag[TAG_BYTES];
    rc = derive (key, place->purpose, secret, err);
    if (rc < 0)
        return rc;

    struct buf aad = { 0 };
    aad_of (place, key->id, &aad);
    size_t plain = size - HEAD_BYTES - TAG_BYTES;
    unsigned char *out = mem_alloc (plain);
    memcpy (tag, in + size - TAG_BYTES, TAG_BYTES);
    bool good = cipher (false, secret, in + MAGIC_BYTES + KEY_ID_BYTES, &aad, in + HEAD_BYTES,
                        plain, out, tag);
    mem_wipe (secret, sizeof secret);
    buf_free (&aad);
    if (good)
        buf_append (ret, out, plain);
    else
        rc = err_set (err, FARRIER_E_VERIFY, "the sealed %s of %s %s was changed or moved: it does "
                      "not open", place->field, place->table, place->row);
    mem_wipe (out, plain);
    mem_free (out);
    return rc;
}
