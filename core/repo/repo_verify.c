/* repo_verify: does every byte still have its digest? And taking an image out.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "repo/repo_private.h"

#define CHUNK (256u * 1024)

struct verify {
    void (*report) (void *ctx, const char *path, const char *problem);
    void *ctx;
    struct repo_verify_result result;
    struct err *err;               /* gets the first problem */
    int32_t rc;
};

static void
problem (struct verify *v, const char *path, size_t *counter, char *text)
{
    (*counter)++;
    if (v->rc == 0) {
        v->rc = err_set (v->err, FARRIER_E_VERIFY, "%s: %s", path, text);
        err_hint (v->err, "import the vendor's file again: it replaces the damaged object");
    }
    if (v->report != NULL) {
        v->report (v->ctx, path, text);
    }
    mem_free (text);
}

/* 0 or an errno. */
static int
hash_file (int fd, char ret_hex[HASH_SHA256_HEX], uint64_t *ret_size)
{
    char *chunk = mem_alloc (CHUNK);
    struct hash *h = hash_new ();
    uint64_t size = 0;
    int why = 0;

    for (;;) {
        ssize_t got = read (fd, chunk, CHUNK);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            why = got < 0 ? errno : 0;
            break;
        }
        hash_update (h, chunk, (size_t) got);
        size += (uint64_t) got;
    }
    hash_final_hex (h, ret_hex);
    mem_free (chunk);
    *ret_size = size;
    return why;
}

static void
verify_object (struct verify *v, const struct repo *r, const struct image *i)
{
    char *path = repo_object_path (r, i->sha256), hex[HASH_SHA256_HEX];
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    uint64_t size = 0;
    int why;

    if (fd < 0) {
        problem (v, path, &v->result.missing,
                 str_printf ("image %s %s: %s", i->name, i->version,
                             errno == ENOENT ? "its bytes are missing" : strerror (errno)));
    } else {
        why = hash_file (fd, hex, &size);
        close (fd);
        v->result.objects++;
        v->result.bytes += size;
        if (why != 0) {
            problem (v, path, &v->result.bytes_differ,
                     str_printf ("cannot be read: %s", strerror (why)));
        } else if (!str_eq (hex, i->sha256) || size != i->size_bytes) {
            problem (v, path, &v->result.bytes_differ,
                     str_printf ("image %s %s has sha256 %s and %llu bytes, its manifest says "
                                 "sha256 %s and %llu", i->name, i->version, hex,
                                 (unsigned long long) size, i->sha256,
                                 (unsigned long long) i->size_bytes));
        }
    }
    mem_free (path);
}

/* Objects that no manifest names: leftovers of an import that was cut off. */
static int32_t
count_orphans (struct verify *v, const struct repo *r, const struct map *known)
{
    char *base = fs_join (r->path, "objects/sha256");
    struct vec dirs = { 0 };
    int32_t rc = fs_list (base, NULL, &dirs, v->err);

    for (size_t i = 0; rc == 0 && i < dirs.count; i++) {
        struct vec files = { 0 };

        if (strlen (fs_basename (dirs.items[i])) != 2) {
            v->result.orphans++;           /* a copy that was never finished */
            continue;
        }
        rc = fs_list (dirs.items[i], NULL, &files, v->err);
        for (size_t k = 0; k < files.count; k++) {
            char *sha256 = str_printf ("%s%s", fs_basename (dirs.items[i]),
                                       fs_basename (files.items[k]));

            v->result.orphans += map_get (known, sha256) == NULL;
            mem_free (sha256);
        }
        vec_free_with (&files, mem_free);
    }
    vec_free_with (&dirs, mem_free);
    mem_free (base);
    return rc;
}

static void
free_image (void *image)
{
    image_free (image);
}

int32_t
repo_verify (struct repo *r, void (*report) (void *ctx, const char *path, const char *problem),
             void *ctx, struct repo_verify_result *ret, struct err *err)
{
    struct verify v = { .report = report, .ctx = ctx, .err = err };
    struct map *known = map_new ();
    struct vec images = { 0 };
    int32_t rc = repo_list (r, &images, err);

    for (size_t i = 0; rc == 0 && i < images.count; i++) {
        struct image *image = images.items[i];

        if (map_set (known, image->sha256, image) == NULL) {
            verify_object (&v, r, image);
        }
    }
    v.result.images = images.count;
    if (rc == 0) {
        rc = count_orphans (&v, r, known);
    }
    map_free (known, NULL);
    vec_free_with (&images, free_image);
    if (rc == 0 && ret != NULL) {
        *ret = v.result;
    }
    return rc != 0 ? rc : v.rc;
}

/* Under both locks. */
static int32_t
remove_entry (struct repo *r, struct repo_entry *gone, struct err *err)
{
    char *object = repo_object_path (r, gone->image.sha256);
    char *manifest = fs_join (r->path, gone->manifest);
    struct vec entries = { 0 };
    bool shared = false;
    int32_t rc;

    for (size_t i = 0; i < r->entries.count; i++) {
        struct repo_entry *e = r->entries.items[i];

        if (e != gone) {
            vec_push (&entries, e);
            shared = shared || str_eq (e->image.sha256, gone->image.sha256);
        }
    }
    rc = repo_commit (r, &entries, err);           /* frees gone with the old generation */
    vec_free (&entries);
    if (rc == 0) {
        (void) unlink (manifest);                  /* nobody lists it: a leftover at worst */
        if (!shared) {
            (void) unlink (object);
        }
    }
    mem_free (object);
    mem_free (manifest);
    return rc;
}

int32_t
repo_remove (struct repo *r, const char *ref, struct err *err)
{
    struct repo_entry *e;
    struct err local = { 0 };
    int lock;
    int32_t rc = repo_lock (r, &lock, &local);

    if (rc == 0) {
        pthread_mutex_lock (&r->mutex);
        rc = repo_refresh (r, &local);
        if (rc == 0) {
            e = repo_entry_by_ref (r, ref, &local);
            rc = e == NULL ? local.code : remove_entry (r, e, &local);
        }
        pthread_mutex_unlock (&r->mutex);
        repo_unlock (lock);
    }
    if (rc != 0 && err != NULL) {
        *err = local;
    }
    return rc;
}
