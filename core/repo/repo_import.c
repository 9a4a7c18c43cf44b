/* repo_import: a file becomes an object, a manifest, and a new generation, in this order.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "repo/repo_private.h"

#define HEAD_MAX (64u * 1024)
#define CHUNK (256u * 1024)

/* One import under way. */
struct import {
    struct repo *repo;
    const char *file;
    int fd;
    struct stat before;
    struct image image;
    char *expected;                /* digest, or NULL */
    char *temporary;               /* the copy in the repository; NULL once it is an object */
};

static int32_t
disk_error (struct err *err, int why, const char *what, const char *path)
{
    bool full = why == ENOSPC || why == EDQUOT || why == EFBIG;
    int32_t rc = err_set_errno (err, full ? FARRIER_E_NO_SPACE : ERR_IO, why, "%s %s", what, path);

    if (full) {
        err_hint (err, "nothing was kept: make room and import again");
    }
    return rc;
}

static int32_t
open_source (struct import *m, struct err *err)
{
    m->fd = open (m->file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (m->fd < 0) {
        return err_set_errno (err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno,
                              "cannot open %s", m->file);
    }
    if (fstat (m->fd, &m->before) != 0) {
        return err_set_errno (err, ERR_IO, errno, "cannot look at %s", m->file);
    }
    if (!S_ISREG (m->before.st_mode)) {
        return err_set (err, FARRIER_E_INVALID, "%s is not a regular file", m->file);
    }
    if (m->before.st_size == 0) {
        return err_set (err, FARRIER_E_INVALID, "%s is empty", m->file);
    }
    if ((uint64_t) m->before.st_size > REPO_IMAGE_MAX_BYTES) {
        char *size = str_human_bytes ((uint64_t) m->before.st_size);
        char *limit = str_human_bytes (REPO_IMAGE_MAX_BYTES);
        int32_t rc = err_set (err, FARRIER_E_INVALID, "%s has %s, an image may have %s", m->file,
                              size, limit);

        mem_free (size);
        mem_free (limit);
        return rc;
    }
    return 0;
}

static int32_t
read_metadata (struct import *m, const struct repo_import_options *options, struct err *err)
{
    char *head = mem_alloc (HEAD_MAX);
    ssize_t got = pread (m->fd, head, HEAD_MAX, 0);
    int32_t rc;

    if (got < 0) {
        rc = err_set_errno (err, ERR_IO, errno, "cannot read %s", m->file);
    } else {
        rc = repo_metadata (m->file, options, head, (size_t) got, &m->image, &m->expected, err);
    }
    mem_free (head);
    return rc;
}

/* Copies and hashes; *ret_size is what was copied. */
static int32_t
copy_bytes (struct import *m, int out, struct hash *hash, uint64_t *ret_size, struct err *err)
{
    char *chunk = mem_alloc (CHUNK);
    uint64_t size = 0;
    int32_t rc = 0;

    while (rc == 0) {
        ssize_t got = read (m->fd, chunk, CHUNK);

        if (got == 0) {
            break;
        }
        if (got < 0) {
            rc = errno == EINTR ? 0 : err_set_errno (err, ERR_IO, errno, "cannot read %s", m->file);
            continue;
        }
        hash_update (hash, chunk, (size_t) got);
        size += (uint64_t) got;
        if (size > REPO_IMAGE_MAX_BYTES) {
            rc = err_set (err, FARRIER_E_INVALID, "%s grows while it is read", m->file);
        } else {
            int32_t written = fs_write_all (out, chunk, (size_t) got);

            rc = written == 0 ? 0 : disk_error (err, -written, "cannot write", m->temporary);
        }
    }
    mem_free (chunk);
    *ret_size = size;
    return rc;
}

static int32_t
check_copy (struct import *m, uint64_t size, const char *digest, struct err *err)
{
    struct stat after;

    if (fstat (m->fd, &after) != 0 || after.st_size != m->before.st_size ||
        (uint64_t) after.st_size != size || after.st_mtim.tv_sec != m->before.st_mtim.tv_sec ||
        after.st_mtim.tv_nsec != m->before.st_mtim.tv_nsec) {
        return err_set (err, FARRIER_E_INVALID, "%s changed while it was read", m->file);
    }
    if (m->expected != NULL && !str_eq (m->expected, digest)) {
        err_set (err, FARRIER_E_VERIFY, "%s: its sha256 is %s, but %s was promised", m->file,
                 digest, m->expected);
        err_hint (err, "fetch the file again from its vendor; nothing was kept");
        return FARRIER_E_VERIFY;
    }
    return 0;
}

static int32_t
copy_in (struct import *m, struct err *err)
{
    char *id = hash_random_id ("new"), *relative = str_printf ("objects/sha256/%s", id);
    char digest[HASH_SHA256_HEX];
    struct hash *hash;
    uint64_t size = 0;
    int out;
    int32_t rc = repo_make_dir (m->repo, "objects/sha256", err);

    m->temporary = fs_join (m->repo->path, relative);
    mem_free (id);
    mem_free (relative);
    if (rc != 0) {
        return rc;
    }
    out = open (m->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (out < 0) {
        return disk_error (err, errno, "cannot create", m->temporary);
    }
    hash = hash_new ();
    rc = copy_bytes (m, out, hash, &size, err);
    hash_final_hex (hash, digest);
    if (rc == 0) {
        rc = check_copy (m, size, digest, err);
    }
    if (rc == 0 && (fchmod (out, 0444) != 0 || fsync (out) != 0)) {
        rc = disk_error (err, errno, "cannot write", m->temporary);
    }
    if (close (out) != 0 && rc == 0) {
        rc = disk_error (err, errno, "cannot write", m->temporary);
    }
    if (rc == 0) {
        m->image.sha256 = str_dup (digest);
        m->image.size_bytes = size;
        m->image.imported_at_ms = clock_wall_ms ();
    }
    return rc;
}

/* "manifests/acme/bios/fw-2.1.json" */
static char *
manifest_path (const struct image *i)
{
    char *version = str_dup (i->version), *path;

    for (char *at = version; *at != '\0'; at++) {
        if (!isalnum ((unsigned char) *at) && strchr ("._+-", *at) == NULL) {
            *at = '_';
        }
    }
    path = str_printf ("manifests/%s/%s/%s-%s.json", i->vendor, component_type_name (i->type),
                       i->name, version);
    mem_free (version);
    return path;
}

static bool
same_metadata (const struct image *a, const struct image *b)
{
    struct image other = *b;
    json_t *x, *y;
    bool same;

    other.imported_at_ms = a->imported_at_ms;
    x = image_to_json (a);
    y = image_to_json (&other);
    same = json_equal (x, y) != 0;
    json_decref (x);
    json_decref (y);
    return same;
}

/* Is its place taken? *ret_same: by the very same image. */
static int32_t
check_place (struct import *m, const char *manifest, bool *ret_same, struct err *err)
{
    *ret_same = false;
    for (size_t i = 0; i < m->repo->entries.count; i++) {
        const struct repo_entry *e = m->repo->entries.items[i];
        bool bytes;

        if (!str_eq (e->manifest, manifest)) {
            continue;
        }
        bytes = str_eq (e->image.sha256, m->image.sha256);
        if (bytes && same_metadata (&e->image, &m->image)) {
            *ret_same = true;
            return 0;
        }
        err_set (err, ERR_EXISTS, "%s %s %s %s is in the repository already, with %s "
                 "(sha256:%.12s, this one is sha256:%.12s)", m->image.vendor,
                 component_type_name (m->image.type), m->image.name, m->image.version,
                 bytes ? "other metadata" : "other bytes", e->image.sha256, m->image.sha256);
        err_hint (err, "give this one another --name; farrier repo show %s-%s shows the other",
                  m->image.name, m->image.version);
        return ERR_EXISTS;
    }
    return 0;
}

/* The temporary copy becomes the object. */
static int32_t
place_object (struct import *m, struct err *err)
{
    char *dir = str_printf ("objects/sha256/%.2s", m->image.sha256);
    char *parent = fs_join (m->repo->path, dir);
    char *path = repo_object_path (m->repo, m->image.sha256);
    int32_t rc = repo_make_dir (m->repo, dir, err);

    if (rc == 0 && rename (m->temporary, path) != 0) {
        rc = disk_error (err, errno, "cannot create", path);
    } else if (rc == 0) {
        mem_free (m->temporary);
        m->temporary = NULL;
        rc = fs_sync_dir (parent, err);
    }
    mem_free (dir);
    mem_free (parent);
    mem_free (path);
    return rc;
}

static int32_t
write_manifest (struct import *m, struct repo_entry *e, struct err *err)
{
    json_t *v = image_to_json (&m->image);
    char *text = json_pretty (v), *path = fs_join (m->repo->path, e->manifest);
    char *dir = str_ndup (e->manifest, (size_t) (strrchr (e->manifest, '/') - e->manifest));
    char digest[HASH_SHA256_HEX];
    int32_t rc = repo_make_dir (m->repo, dir, err);

    if (rc == 0) {
        rc = fs_write_atomic (path, text, strlen (text), 0644, err);
    }
    hash_sha256_hex (text, strlen (text), digest);
    e->manifest_sha256 = str_dup (digest);
    image_copy (&e->image, &m->image);
    json_decref (v);
    mem_free (text);
    mem_free (path);
    mem_free (dir);
    return rc;
}

static int32_t
add_generation (struct import *m, const struct repo_entry *e, struct err *err)
{
    struct vec entries = { 0 };
    int32_t rc;

    for (size_t i = 0; i < m->repo->entries.count; i++) {
        vec_push (&entries, m->repo->entries.items[i]);
    }
    vec_push (&entries, (void *) (uintptr_t) e);
    rc = repo_commit (m->repo, &entries, err);
    vec_free (&entries);
    return rc;
}

/* Under both locks. */
static int32_t
publish (struct import *m, enum repo_import_result *ret_result, struct err *err)
{
    struct repo_entry *e = mem_alloc (sizeof (*e));
    bool same = false;
    int32_t rc = repo_refresh (m->repo, err);

    e->manifest = manifest_path (&m->image);
    if (rc == 0) {
        rc = check_place (m, e->manifest, &same, err);
    }
    if (rc == 0 && !same) {
        rc = place_object (m, err);
        if (rc == 0) {
            rc = write_manifest (m, e, err);
        }
        if (rc == 0) {
            rc = add_generation (m, e, err);
        }
    } else if (rc == 0) {
        /* The same bytes again: they replace an object that may have suffered. */
        rc = place_object (m, err);
    }
    repo_entry_free (e);
    if (rc == 0) {
        *ret_result = same ? REPO_UNCHANGED : REPO_IMPORTED;
    }
    return rc;
}

static int32_t
run (struct import *m, const struct repo_import_options *options,
     enum repo_import_result *ret_result, struct err *err)
{
    int lock;
    int32_t rc = open_source (m, err);

    if (rc == 0) {
        rc = read_metadata (m, options, err);
    }
    if (rc == 0) {
        rc = copy_in (m, err);
    }
    if (rc == 0) {
        rc = repo_lock (m->repo, &lock, err);
    }
    if (rc == 0) {
        pthread_mutex_lock (&m->repo->mutex);
        rc = publish (m, ret_result, err);
        pthread_mutex_unlock (&m->repo->mutex);
        repo_unlock (lock);
    }
    return rc;
}

int32_t
repo_import (struct repo *r, const char *file, const struct repo_import_options *options,
             struct image *ret, enum repo_import_result *ret_result, struct err *err)
{
    static const struct repo_import_options none;
    struct import m = { .repo = r, .file = file, .fd = -1 };
    enum repo_import_result result = REPO_IMPORTED;
    int32_t rc = run (&m, options == NULL ? &none : options, &result, err);

    if (m.fd >= 0) {
        close (m.fd);
    }
    if (m.temporary != NULL) {
        unlink (m.temporary);
    }
    if (rc == 0 && ret != NULL) {
        image_copy (ret, &m.image);
    }
    if (rc == 0 && ret_result != NULL) {
        *ret_result = result;
    }
    mem_free (m.temporary);
    mem_free (m.expected);
    image_clear (&m.image);
    return rc;
}
