/* repo_generation: the list of manifests that is the repository now, and the switch to the next.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "repo/repo_private.h"

#define DOCUMENT_MAX (64u << 20)

void
repo_entry_free (void *entry)
{
    struct repo_entry *e = entry;

    if (e != NULL) {
        image_clear (&e->image);
        mem_free (e->manifest);
        mem_free (e->manifest_sha256);
        mem_free (e);
    }
}

int32_t
repo_lock (struct repo *r, int *ret_fd, struct err *err)
{
    char *path = fs_join (r->path, ".lock");
    int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    int32_t rc = 0;

    while (fd >= 0 && flock (fd, LOCK_EX) != 0) {
        if (errno != EINTR) {
            rc = err_set_errno (err, ERR_IO, errno, "cannot lock %s", path);
            close (fd);
            break;
        }
    }
    if (fd < 0) {
        rc = err_set_errno (err, ERR_IO, errno, "the repository %s cannot be changed", r->path);
    }
    mem_free (path);
    if (rc == 0) {
        *ret_fd = fd;
    }
    return rc;
}

void
repo_unlock (int fd)
{
    close (fd);
}

/* One folder; its parent is synced when it is new. */
static int32_t
make_one (const char *parent, const char *path, struct err *err)
{
    if (mkdir (path, 0755) == 0) {
        return fs_sync_dir (parent, err);
    }
    return errno == EEXIST ? 0
                           : err_set_errno (err, errno == ENOSPC ? FARRIER_E_NO_SPACE : ERR_IO,
                                            errno, "cannot make the folder %s", path);
}

int32_t
repo_make_dir (const struct repo *r, const char *relative, struct err *err)
{
    size_t count = 0;
    char **names = str_split (relative, '/', &count), *parent = str_dup (r->path);
    int32_t rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++) {
        char *path = fs_join (parent, names[i]);

        rc = make_one (parent, path, err);
        mem_free (parent);
        parent = path;
    }
    mem_free (parent);
    str_free_all (names, count);
    return rc;
}

char *
repo_object_path (const struct repo *r, const char *sha256)
{
    return str_printf ("%s/objects/sha256/%.2s/%s", r->path, sha256, sha256 + 2);
}

/* *ret = 0: no generation yet. */
static int32_t
read_current (const struct repo *r, uint64_t *ret, struct err *err)
{
    char *path = fs_join (r->path, "current"), target[64];
    ssize_t len = readlink (path, target, sizeof (target) - 1);
    uint64_t number = 0;
    int32_t rc = 0;

    if (len >= 0) {
        char *dot;

        target[len] = '\0';
        dot = strstr (target, ".json");
        if (dot != NULL) {
            *dot = '\0';
        }
        if (dot == NULL || !str_starts (target, "generations/") ||
            !str_to_u64 (target + strlen ("generations/"), &number)) {
            rc = err_set (err, FARRIER_E_INVALID, "%s points to '%s', not to generations/N.json",
                          path, target);
        }
    } else if (errno != ENOENT) {
        rc = err_set_errno (err, ERR_IO, errno, "cannot read the link %s", path);
    }
    mem_free (path);
    if (rc == 0) {
        *ret = number;
    }
    return rc;
}

static int32_t
read_document (const char *path, struct buf *ret, json_t **ret_json, struct err *err)
{
    int32_t rc = fs_read (path, DOCUMENT_MAX, ret, err);

    if (rc != 0) {
        return rc;
    }
    *ret_json = json_parse (ret->data == NULL ? "" : ret->data, ret->len, err);
    if (*ret_json == NULL) {
        err_prefix (err, "%s", path);
        return FARRIER_E_INVALID;
    }
    return 0;
}

/* A path that stays in manifests/. */
static bool
good_manifest_path (const char *path)
{
    return path != NULL && str_starts (path, "manifests/") && strstr (path, "..") == NULL;
}

static int32_t
parse_entry (const char *path, const json_t *listed, struct repo_entry *e, struct err *err)
{
    struct buf text = { 0 };
    json_t *v = NULL;
    char digest[HASH_SHA256_HEX];
    int32_t rc = read_document (path, &text, &v, err);

    if (rc == 0) {
        hash_sha256_hex (text.data, text.len, digest);
        if (!str_eq (digest, json_str (listed, "/sha256"))) {
            rc = err_set (err, FARRIER_E_VERIFY, "manifest %s was altered: sha256 is %.12s, the "
                          "repository's list has %.12s", path, digest,
                          json_str_or (listed, "/sha256", ""));
            err_hint (err, "restore that file from a backup or from version control");
        } else {
            rc = image_from_json (v, &e->image, err);
            if (rc != 0) {
                err_prefix (err, "%s", path);
            }
        }
    }
    json_decref (v);
    buf_free (&text);
    return rc;
}

static int32_t
load_entry (const struct repo *r, const json_t *listed, struct vec *entries, struct err *err)
{
    const char *relative = json_str (listed, "/path");
    struct repo_entry *e;
    char *path;
    int32_t rc;

    if (!good_manifest_path (relative)) {
        return err_set (err, FARRIER_E_INVALID, "the list of the repository %s names the manifest "
                        "'%s'", r->path, relative == NULL ? "" : relative);
    }
    e = mem_alloc (sizeof (*e));
    e->manifest = str_dup (relative);
    e->manifest_sha256 = str_dup (json_str_or (listed, "/sha256", ""));
    path = fs_join (r->path, relative);
    rc = parse_entry (path, listed, e, err);
    mem_free (path);
    if (rc != 0) {
        repo_entry_free (e);
        return rc;
    }
    vec_push (entries, e);
    return 0;
}

static int
compare_entries (const void *a, const void *b)
{
    return image_compare (&((const struct repo_entry *) a)->image,
                          &((const struct repo_entry *) b)->image);
}

static int32_t
load_generation (struct repo *r, uint64_t number, struct vec *entries, struct err *err)
{
    char *path = str_printf ("%s/generations/%llu.json", r->path, (unsigned long long) number);
    struct buf text = { 0 };
    json_t *v = NULL, *manifests;
    int32_t rc = read_document (path, &text, &v, err);

    if (rc == 0 && json_int_or (v, "/format", 0) != REPO_FORMAT) {
        rc = err_set (err, FARRIER_E_INVALID, "%s has format %lld, this farrier knows %d", path,
                      json_int_or (v, "/format", 0), REPO_FORMAT);
    }
    manifests = json_object_get (v, "manifests");
    for (size_t i = 0; rc == 0 && i < json_array_size (manifests); i++) {
        rc = load_entry (r, json_array_get (manifests, i), entries, err);
    }
    json_decref (v);
    buf_free (&text);
    mem_free (path);
    return rc;
}

int32_t
repo_refresh (struct repo *r, struct err *err)
{
    struct vec entries = { 0 };
    uint64_t number;
    int32_t rc = read_current (r, &number, err);

    if (rc != 0 || number == r->generation) {
        return rc;
    }
    rc = number == 0 ? 0 : load_generation (r, number, &entries, err);
    if (rc != 0) {
        vec_free_with (&entries, repo_entry_free);
        return rc;
    }
    vec_sort (&entries, compare_entries);
    vec_free_with (&r->entries, repo_entry_free);
    r->entries = entries;
    r->generation = number;
    return 0;
}

static char *
generation_text (const struct repo *r, const struct vec *entries)
{
    json_t *v = json_object (), *manifests = json_array ();
    char *at = clock_iso8601 (clock_wall_ms ()), *text;

    for (size_t i = 0; i < entries->count; i++) {
        const struct repo_entry *e = entries->items[i];
        json_t *o = json_object ();

        json_put_str (o, "path", e->manifest);
        json_put_str (o, "sha256", e->manifest_sha256);
        json_array_append_new (manifests, o);
    }
    json_put_int (v, "format", REPO_FORMAT);
    json_put_int (v, "generation", (long long) r->generation + 1);
    json_put_str (v, "created_at", at);
    json_put (v, "manifests", manifests);
    text = json_pretty (v);
    mem_free (at);
    json_decref (v);
    return text;
}

/* The moment at which the new generation counts. */
static int32_t
switch_current (const struct repo *r, uint64_t number, struct err *err)
{
    char *id = hash_random_id ("current"), *temporary = str_printf ("%s/.%s", r->path, id);
    char *target = str_printf ("generations/%llu.json", (unsigned long long) number);
    char *current = fs_join (r->path, "current");
    int32_t rc = 0;

    if (symlink (target, temporary) != 0 || rename (temporary, current) != 0) {
        rc = err_set_errno (err, errno == ENOSPC ? FARRIER_E_NO_SPACE : ERR_IO, errno,
                            "cannot switch %s to %s", current, target);
        unlink (temporary);
    }
    mem_free (id);
    mem_free (temporary);
    mem_free (target);
    mem_free (current);
    return rc != 0 ? rc : fs_sync_dir (r->path, err);
}

int32_t
repo_commit (struct repo *r, const struct vec *entries, struct err *err)
{
    uint64_t number = r->generation + 1;
    char *path = str_printf ("%s/generations/%llu.json", r->path, (unsigned long long) number);
    char *text = generation_text (r, entries);
    int32_t rc = repo_make_dir (r, "generations", err);

    if (rc == 0) {
        rc = fs_write_atomic (path, text, strlen (text), 0644, err);
    }
    if (rc == 0) {
        rc = switch_current (r, number, err);
    }
    mem_free (path);
    mem_free (text);
    return rc != 0 ? rc : repo_refresh (r, err);
}
