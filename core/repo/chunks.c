/* chunks: see chunks.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "repo/chunks.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

struct slot {
    uint64_t index;                    /* of the chunk; valid while bytes != NULL */
    uint64_t used;                     /* when it was last asked for */
    size_t len;
    unsigned char *bytes;
};

struct chunks {
    int fd;
    uint64_t size_bytes, count;
    const char *sha256;
    pthread_mutex_t proving;           /* one pass at a time */
    bool proved;
    unsigned char (*digests)[SHA256_DIGEST_LENGTH];
    pthread_mutex_t lock;              /* of the slots */
    struct slot slots[CHUNKS_KEPT];
    uint64_t clock;
};

struct chunks *
chunks_new (int fd, uint64_t size_bytes, const char *sha256)
{
    struct chunks *c = mem_alloc (sizeof *c);
    c->fd = fd;
    c->size_bytes = size_bytes;
    c->count = (size_bytes + CHUNKS_SIZE - 1) / CHUNKS_SIZE;
    c->sha256 = sha256;
    pthread_mutex_init (&c->proving, NULL);
    pthread_mutex_init (&c->lock, NULL);
    return c;
}

void
chunks_free (struct chunks *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < CHUNKS_KEPT; i++)
        mem_free (c->slots[i].bytes);
    mem_free (c->digests);
    pthread_mutex_destroy (&c->proving);
    pthread_mutex_destroy (&c->lock);
    mem_free (c);
}

static size_t
chunk_len (const struct chunks *c, uint64_t index)
{
    uint64_t left = c->size_bytes - index * CHUNKS_SIZE;
    return left < CHUNKS_SIZE ? (size_t) left : CHUNKS_SIZE;
}

/* The whole chunk, or -errno; -EIO when the file is shorter than it was. */
static int
read_chunk (const struct chunks *c, uint64_t index, unsigned char *buf)
{
    size_t len = chunk_len (c, index), done = 0;
    while (done < len) {
        ssize_t n = pread (c->fd, buf + done, len - done, (off_t) (index * CHUNKS_SIZE + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        done += (size_t) n;
    }
    return 0;
}

static int32_t
pass (struct chunks *c, struct err *err)
{
    unsigned char *buf = mem_alloc (CHUNKS_SIZE);
    char hex[HASH_SHA256_HEX];
    struct hash *whole = hash_new ();
    int rc = 0;
    c->digests = mem_array (c->count + 1, sizeof *c->digests);
    for (uint64_t i = 0; i < c->count && rc == 0; i++) {
        rc = read_chunk (c, i, buf);
        hash_update (whole, buf, chunk_len (c, i));
        SHA256 (buf, chunk_len (c, i), c->digests[i]);
    }
    hash_final_hex (whole, hex);
    mem_free (buf);
    if (rc == 0 && str_eq (hex, c->sha256))
        return 0;
    mem_free (c->digests);
    c->digests = NULL;
    if (rc != 0)
        return err_set_errno (err, ERR_IO, -rc, "image sha256:%.12s cannot be read", c->sha256);
    err_set (err, FARRIER_E_VERIFY, "the bytes of an image have sha256 %s, its manifest says %s",
             hex, c->sha256);
    err_hint (err, "farrier repo verify");
    return FARRIER_E_VERIFY;
}

int32_t
chunks_prove (struct chunks *c, struct err *err)
{
    pthread_mutex_lock (&c->proving);
    int32_t rc = c->proved ? 0 : pass (c, err);
    c->proved = rc == 0;
    pthread_mutex_unlock (&c->proving);
    return rc;
}

/* --- slots: the lock is held ------------------------------------------------------------------ */

static struct slot *
find_slot (struct chunks *c, uint64_t index)
{
    for (size_t i = 0; i < CHUNKS_KEPT; i++) {
        if (c->slots[i].bytes != NULL && c->slots[i].index == index)
            return &c->slots[i];
    }
    return NULL;
}

static struct slot *
oldest_slot (struct chunks *c)
{
    struct slot *oldest = &c->slots[0];
    for (size_t i = 0; i < CHUNKS_KEPT && oldest->bytes != NULL; i++) {
        if (c->slots[i].bytes == NULL || c->slots[i].used < oldest->used)
            oldest = &c->slots[i];
    }
    return oldest;
}

/* Takes bytes over, unless another reader was faster. */
static void
keep (struct chunks *c, uint64_t index, unsigned char *bytes)
{
    if (find_slot (c, index) != NULL) {
        mem_free (bytes);
        return;
    }
    struct slot *s = oldest_slot (c);
    mem_free (s->bytes);
    *s = (struct slot) { .index = index, .used = ++c->clock, .len = chunk_len (c, index),
                         .bytes = bytes };
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool
copy_kept (struct chunks *c, uint64_t index, size_t from, void *buf, size_t len)
{
    pthread_mutex_lock (&c->lock);
    struct slot *s = find_slot (c, index);
    if (s != NULL) {
        s->used = ++c->clock;
        memcpy (buf, s->bytes + from, len);
    }
    pthread_mutex_unlock (&c->lock);
    return s != NULL;
}

static int
copy_chunk (struct chunks *c, uint64_t index, size_t from, void *buf, size_t len)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    if (copy_kept (c, index, from, buf, len))
        return 0;
    unsigned char *bytes = mem_alloc (CHUNKS_SIZE);
    int rc = read_chunk (c, index, bytes);
    if (rc == 0) {
        SHA256 (bytes, chunk_len (c, index), digest);
        rc = memcmp (digest, c->digests[index], sizeof digest) == 0 ? 0 : -EBADMSG;
    }
    if (rc != 0) {
        mem_free (bytes);
        return rc;
    }
    memcpy (buf, bytes + from, len);
    pthread_mutex_lock (&c->lock);
    keep (c, index, bytes);
    pthread_mutex_unlock (&c->lock);
    return 0;
}

size_t
chunks_read_kept (struct chunks *c, void *buf, size_t len, uint64_t offset)
{
    if (offset >= c->size_bytes)
        return 0;
    uint64_t index = offset / CHUNKS_SIZE;
    size_t from = (size_t) (offset % CHUNKS_SIZE), left = chunk_len (c, index) - from;
    size_t n = left < len ? left : len;
    return copy_kept (c, index, from, buf, n) ? n : 0;
}

ssize_t
chunks_read (struct chunks *c, void *buf, size_t len, uint64_t offset)
{
    size_t done = 0;
    if (offset >= c->size_bytes)
        return 0;
    if (len > c->size_bytes - offset)
        len = (size_t) (c->size_bytes - offset);
    while (done < len) {
        uint64_t index = (offset + done) / CHUNKS_SIZE;
        size_t from = (size_t) ((offset + done) % CHUNKS_SIZE);
        size_t n = CHUNKS_SIZE - from < len - done ? CHUNKS_SIZE - from : len - done;
        int rc = copy_chunk (c, index, from, (char *) buf + done, n);
        if (rc != 0)
            return rc;
        done += n;
    }
    return (ssize_t) done;
}
