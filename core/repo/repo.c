/* repo: opening a repository, and looking things up in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "repo/repo.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/json.h"
#include "conf/conf.h"
#include "repo/reader_cache.h"
#include "repo/repo_private.h"

static const char new_conf[] =
    "# repository.conf: what kind of repository this is. See firmware-repo/README.md.\n"
    "repository = {\n"
    "  format = 1;\n"
    "};\n";

static int32_t
check_format (const char *path, struct err *err)
{
    struct conf *c;
    struct conf_at at;
    int64_t format;
    int32_t rc = conf_load (path, NULL, &c, err);

    if (rc != 0) {
        return rc;
    }
    conf_required (conf_root (c), "repository");
    at = conf_group (conf_root (c), "repository");
    conf_required (at, "format");
    format = conf_i64 (at, "format", 1, INT32_MAX, REPO_FORMAT);
    if (format > REPO_FORMAT) {
        rc = err_set (err, FARRIER_E_INVALID, "%s: this repository has format %lld, this farrier "
                      "knows formats up to %d", path, (long long) format, REPO_FORMAT);
        err_hint (err, "use the farrier that made it, or a newer one");
    } else {
        conf_finish_all (c);
        rc = conf_result (c, err);
    }
    conf_free (c);
    return rc;
}

/* repository.conf comes last: without it there is no repository. */
static int32_t
make_repository (const struct repo *r, const char *conf, struct err *err)
{
    static const char *const dirs[] = { "objects/sha256", "manifests", "incoming", "generations" };
    int32_t rc = fs_mkdirs (r->path, 0755, err);

    for (size_t i = 0; rc == 0 && i < sizeof (dirs) / sizeof (dirs[0]); i++) {
        rc = repo_make_dir (r, dirs[i], err);
    }
    return rc != 0 ? rc : fs_write_atomic (conf, new_conf, strlen (new_conf), 0644, err);
}

static int32_t
open_at (struct repo *r, bool create, struct err *err)
{
    char *conf = fs_join (r->path, "repository.conf");
    int32_t rc = 0;

    if (!fs_exists (conf)) {
        if (create) {
            rc = make_repository (r, conf, err);
        } else {
            rc = err_set (err, ERR_NOT_FOUND, "%s is not a firmware repository: it has no "
                          "repository.conf", r->path);
            err_hint (err, "farrier repo import makes one, or name another with --repo");
        }
    }
    if (rc == 0) {
        rc = check_format (conf, err);
    }
    mem_free (conf);
    return rc != 0 ? rc : repo_refresh (r, err);
}

int32_t
repo_open (const char *path, bool create, struct repo **ret, struct err *err)
{
    struct repo *r = mem_alloc (sizeof (*r));
    int32_t rc;

    r->path = str_dup (path);
    pthread_mutex_init (&r->mutex, NULL);
    r->cache = reader_cache_new ();
    rc = open_at (r, create, err);
    if (rc != 0) {
        repo_close (r);
        return rc;
    }
    *ret = r;
    return 0;
}

void
repo_close (struct repo *r)
{
    if (r == NULL) {
        return;
    }
    reader_cache_unref (r->cache);
    vec_free_with (&r->entries, repo_entry_free);
    pthread_mutex_destroy (&r->mutex);
    mem_free (r->path);
    mem_free (r);
}

const char *
repo_path (const struct repo *r)
{
    return r->path;
}

uint64_t
repo_generation (struct repo *r)
{
    uint64_t number;

    pthread_mutex_lock (&r->mutex);
    (void) repo_refresh (r, NULL);         /* what cannot be read leaves the last good one */
    number = r->generation;
    pthread_mutex_unlock (&r->mutex);
    return number;
}

static bool
matches (const struct image *i, const struct repo_match *m)
{
    return m == NULL ||
           ((m->vendor == NULL || str_eq (m->vendor, i->vendor)) &&
            (m->type == NULL || str_eq (m->type, component_type_name (i->type))) &&
            (m->name == NULL || str_glob (m->name, i->name, true)) &&
            (m->version == NULL || str_eq (m->version, i->version)));
}

int32_t
repo_find (struct repo *r, const struct repo_match *match, struct vec *ret, struct err *err)
{
    int32_t rc;

    pthread_mutex_lock (&r->mutex);
    rc = repo_refresh (r, err);
    for (size_t i = 0; rc == 0 && i < r->entries.count; i++) {
        const struct repo_entry *e = r->entries.items[i];

        if (matches (&e->image, match)) {
            struct image *copy = mem_alloc (sizeof (*copy));

            image_copy (copy, &e->image);
            vec_push (ret, copy);
        }
    }
    pthread_mutex_unlock (&r->mutex);
    return rc;
}

int32_t
repo_list (struct repo *r, struct vec *ret, struct err *err)
{
    return repo_find (r, NULL, ret, err);
}

static void
not_found (const struct repo *r, const char *ref, struct err *err)
{
    const char **names = mem_array (r->entries.count + 1, sizeof (*names)), *near;

    for (size_t i = 0; i < r->entries.count; i++) {
        names[i] = ((const struct repo_entry *) r->entries.items[i])->image.name;
    }
    near = str_did_you_mean (ref, names, r->entries.count);
    err_set (err, ERR_NOT_FOUND, "the repository %s has no image '%s'", r->path, ref);
    if (near != NULL) {
        err_hint (err, "did you mean %s? farrier repo list shows all", near);
    } else {
        err_hint (err, "farrier repo list shows all images");
    }
    mem_free (names);
}

static void
several (const struct repo *r, const char *ref, struct err *err)
{
    struct buf b = { 0 };

    for (size_t i = 0; i < r->entries.count && b.len < 160; i++) {
        const struct image *image = &((const struct repo_entry *) r->entries.items[i])->image;

        if (image_named (image, ref)) {
            buf_printf (&b, "%s%s-%s (sha256:%.12s)", b.len == 0 ? "" : ", ", image->name,
                        image->version, image->sha256);
        }
    }
    err_set (err, FARRIER_E_INVALID, "'%s' means several images of the repository %s", ref,
             r->path);
    err_hint (err, "one of %s", b.data);
    buf_free (&b);
}

struct repo_entry *
repo_entry_by_ref (struct repo *r, const char *ref, struct err *err)
{
    struct repo_entry *found = NULL;
    const char *text = ref == NULL ? "" : ref;
    bool bytes = str_starts (text, "sha256:") || strlen (text) == 64;

    for (size_t i = 0; i < r->entries.count; i++) {
        struct repo_entry *e = r->entries.items[i];

        if (!image_named (&e->image, text)) {
            continue;
        }
        /* One object may have several manifests: whoever asks for bytes gets the same ones. */
        if (found != NULL && !(bytes && str_eq (found->image.sha256, e->image.sha256))) {
            several (r, text, err);
            return NULL;
        }
        found = found == NULL ? e : found;
    }
    if (found == NULL) {
        not_found (r, text, err);
    }
    return found;
}

int32_t
repo_get (struct repo *r, const char *ref, struct image *ret, struct err *err)
{
    struct repo_entry *e;
    struct err local = { 0 };
    int32_t rc;

    pthread_mutex_lock (&r->mutex);
    rc = repo_refresh (r, err);
    if (rc == 0) {
        e = repo_entry_by_ref (r, ref, &local);
        if (e != NULL) {
            image_copy (ret, &e->image);
        } else {
            rc = local.code;
        }
    }
    pthread_mutex_unlock (&r->mutex);
    if (local.code != 0 && err != NULL) {
        *err = local;
    }
    return rc;
}

int32_t
repo_show (struct repo *r, const char *ref, json_t **ret, struct err *err)
{
    struct image image;
    json_t *v;
    char *object, *path;
    int32_t rc = repo_get (r, ref, &image, err);

    if (rc != 0) {
        return rc;
    }
    object = repo_object_path (r, image.sha256);
    path = str_printf ("manifests/%s/%s", image.vendor, component_type_name (image.type));
    v = image_to_json (&image);
    json_put_str (v, "object", object);
    json_put_str (v, "manifest_folder", path);
    json_put_bool (v, "object_present", fs_exists (object));
    mem_free (object);
    mem_free (path);
    image_clear (&image);
    *ret = v;
    return 0;
}
