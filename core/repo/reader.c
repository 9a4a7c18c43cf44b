/* reader: shared descriptors of images.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "repo/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "repo/chunks.h"
#include "repo/reader_cache.h"
#include "repo/repo_private.h"

#define CHUNK (256u * 1024)

struct reader_cache {
    pthread_mutex_t mutex;
    struct map *open;              /* sha256 -> struct reader *, without a reference */
    size_t refs;                   /* the repository's and one for each reader */
};

struct reader {
    struct reader_cache *cache;
    size_t refs;                   /* guarded by the cache's mutex */
    int fd;
    struct stat first;             /* as it was when opened */
    struct chunks *chunks;
    struct image image;
};

struct reader_cache *
reader_cache_new (void)
{
    struct reader_cache *c = mem_alloc (sizeof (*c));

    pthread_mutex_init (&c->mutex, NULL);
    c->open = map_new ();
    c->refs = 1;
    return c;
}

/* With the mutex held; gives it up. */
static void
cache_unref_locked (struct reader_cache *c)
{
    bool last = --c->refs == 0;

    pthread_mutex_unlock (&c->mutex);
    if (last) {
        map_free (c->open, NULL);
        pthread_mutex_destroy (&c->mutex);
        mem_free (c);
    }
}

void
reader_cache_unref (struct reader_cache *c)
{
    pthread_mutex_lock (&c->mutex);
    cache_unref_locked (c);
}

static int32_t
differs (const struct reader *rd, const struct stat *now, struct err *err)
{
    const struct image *i = &rd->image;

    if ((uint64_t) now->st_size != i->size_bytes) {
        err_set (err, FARRIER_E_VERIFY, "image %s %s (sha256:%.12s) has %lld bytes, its manifest "
                 "says %llu", i->name, i->version, i->sha256, (long long) now->st_size,
                 (unsigned long long) i->size_bytes);
    } else if (now->st_mtim.tv_sec != rd->first.st_mtim.tv_sec ||
               now->st_mtim.tv_nsec != rd->first.st_mtim.tv_nsec) {
        err_set (err, FARRIER_E_VERIFY, "image %s %s (sha256:%.12s) was written to while it was in "
                 "use", i->name, i->version, i->sha256);
    } else {
        return 0;
    }
    err_hint (err, "farrier repo verify");
    return FARRIER_E_VERIFY;
}

int32_t
reader_check (struct reader *rd, struct err *err)
{
    struct stat now;

    if (fstat (rd->fd, &now) != 0) {
        return err_set_errno (err, ERR_IO, errno, "cannot look at image %s", rd->image.sha256);
    }
    return differs (rd, &now, err);
}

/* Opens the object of *image, which is taken over. The cache's mutex is held. */
static int32_t
open_object (struct repo *r, struct image *image, struct reader **ret, struct err *err)
{
    struct reader *rd = mem_alloc (sizeof (*rd));
    char *path = repo_object_path (r, image->sha256);
    int32_t rc = 0;

    rd->image = *image;
    rd->cache = r->cache;
    rd->refs = 1;
    rd->fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (rd->fd < 0 || fstat (rd->fd, &rd->first) != 0) {
        rc = err_set_errno (err, errno == ENOENT ? FARRIER_E_VERIFY : ERR_IO, errno,
                            "cannot open the bytes of image %s %s, %s", image->name, image->version,
                            path);
        err_hint (err, "farrier repo verify");
    } else {
        rc = differs (rd, &rd->first, err);
    }
    mem_free (path);
    if (rc != 0) {
        if (rd->fd >= 0) {
            close (rd->fd);
        }
        image_clear (&rd->image);
        mem_free (rd);
        return rc;
    }
    rd->chunks = chunks_new (rd->fd, rd->image.size_bytes, rd->image.sha256);
    r->cache->refs++;
    *ret = rd;
    return 0;
}

int32_t
reader_open (struct repo *r, const char *ref, struct reader **ret, struct err *err)
{
    struct image image;
    struct reader *rd;
    int32_t rc = repo_get (r, ref, &image, err);

    if (rc != 0) {
        return rc;
    }
    pthread_mutex_lock (&r->cache->mutex);
    rd = map_get (r->cache->open, image.sha256);
    if (rd != NULL) {
        rc = reader_check (rd, err);
        rd->refs += rc == 0;
        image_clear (&image);
    } else {
        rc = open_object (r, &image, &rd, err);
        if (rc == 0) {
            map_set (r->cache->open, rd->image.sha256, rd);
        }
    }
    pthread_mutex_unlock (&r->cache->mutex);
    if (rc == 0) {
        *ret = rd;
    }
    return rc;
}

struct reader *
reader_ref (struct reader *rd)
{
    pthread_mutex_lock (&rd->cache->mutex);
    rd->refs++;
    pthread_mutex_unlock (&rd->cache->mutex);
    return rd;
}

void
reader_unref (struct reader *rd)
{
    if (rd == NULL) {
        return;
    }
    pthread_mutex_lock (&rd->cache->mutex);
    if (--rd->refs > 0) {
        pthread_mutex_unlock (&rd->cache->mutex);
        return;
    }
    map_remove (rd->cache->open, rd->image.sha256);
    cache_unref_locked (rd->cache);
    chunks_free (rd->chunks);
    close (rd->fd);
    image_clear (&rd->image);
    mem_free (rd);
}

uint64_t
reader_size (const struct reader *rd)
{
    return rd->image.size_bytes;
}

const char *
reader_sha256 (const struct reader *rd)
{
    return rd->image.sha256;
}

const struct image *
reader_image (const struct reader *rd)
{
    return &rd->image;
}

ssize_t
reader_pread (struct reader *rd, void *buf, size_t len, uint64_t offset)
{
    size_t done = 0;

    if (offset >= rd->image.size_bytes) {
        return 0;
    }
    if (len > rd->image.size_bytes - offset) {
        len = (size_t) (rd->image.size_bytes - offset);
    }
    while (done < len) {
        ssize_t got = pread (rd->fd, (char *) buf + done, len - done, (off_t) (offset + done));

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? -errno : -EIO;
        }
        done += (size_t) got;
    }
    return (ssize_t) done;
}

int32_t
reader_prove (struct reader *rd, struct err *err)
{
    int32_t rc = chunks_prove (rd->chunks, err);

    if (rc != 0) {
        err_prefix (err, "%s %s", rd->image.name, rd->image.version);
    }
    return rc;
}

ssize_t
reader_read_proved (struct reader *rd, void *buf, size_t len, uint64_t offset)
{
    return chunks_read (rd->chunks, buf, len, offset);
}

size_t
reader_read_kept (struct reader *rd, void *buf, size_t len, uint64_t offset)
{
    return chunks_read_kept (rd->chunks, buf, len, offset);
}

int32_t
reader_verify (struct reader *rd, struct err *err)
{
    char *chunk = mem_alloc (CHUNK), hex[HASH_SHA256_HEX];
    struct hash *h = hash_new ();
    uint64_t at = 0;
    ssize_t got;
    int32_t rc = 0;

    while ((got = reader_pread (rd, chunk, CHUNK, at)) > 0) {
        hash_update (h, chunk, (size_t) got);
        at += (uint64_t) got;
    }
    hash_final_hex (h, hex);
    mem_free (chunk);
    if (got < 0) {
        return err_set_errno (err, ERR_IO, (int) -got, "cannot read image %s", rd->image.sha256);
    }
    if (!str_eq (hex, rd->image.sha256)) {
        rc = err_set (err, FARRIER_E_VERIFY, "image %s %s has sha256 %s, its manifest says %s",
                      rd->image.name, rd->image.version, hex, rd->image.sha256);
        err_hint (err, "farrier repo verify");
    }
    return rc;
}
