/* repo_incoming: imports what was dropped into incoming/VENDOR/TYPE/.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "repo/repo_private.h"

struct incoming {
    struct repo *repo;
    const struct repo_import_options *options;
    void (*report) (void *ctx, const struct repo_incoming *file);
    void *ctx;
    struct err first;              /* code 0: none failed */
    size_t seen;
};

static bool
is_dir (const char *path)
{
    struct stat st;

    return stat (path, &st) == 0 && S_ISDIR (st.st_mode);
}

/* The image first: what is left over then belongs to nothing and hurts nobody. */
static int32_t
remove_imported (const char *path, struct err *err)
{
    static const char *const suffixes[] = { "", ".sha256", ".json" };

    for (size_t i = 0; i < sizeof (suffixes) / sizeof (suffixes[0]); i++) {
        char *one = str_printf ("%s%s", path, suffixes[i]);
        int why = unlink (one) == 0 ? 0 : errno;

        if (why != 0 && why != ENOENT) {
            int32_t rc = err_set_errno (err, ERR_IO, why, "%s was imported, but cannot be removed",
                                        one);

            mem_free (one);
            return rc;
        }
        mem_free (one);
    }
    return 0;
}

static int32_t
import_one (struct incoming *in, const char *vendor, const char *type, const char *path,
            struct image *image, enum repo_import_result *result, struct err *err)
{
    struct repo_import_options options = *in->options;
    char *digest = str_printf ("%s.sha256", path);
    bool promised = fs_exists (digest);
    int32_t rc;

    options.vendor = vendor;
    options.type = type;
    if (!promised) {
        err_set (err, FARRIER_E_INVALID, "%s: there is no %s", path, fs_basename (digest));
        err_hint (err, "put the vendor's sha256 into %s", digest);
        rc = FARRIER_E_INVALID;
    } else {
        rc = repo_import (in->repo, path, &options, image, result, err);
    }
    mem_free (digest);
    if (rc == 0) {
        rc = remove_imported (path, err);
        if (rc != 0) {
            image_clear (image);
        }
    }
    return rc;
}

static void
handle_file (struct incoming *in, const char *vendor, const char *type, const char *path)
{
    struct image image = { 0 };
    struct err err = { 0 };
    struct repo_incoming told = { .path = path, .err = &err, .image = &image };

    in->seen++;
    told.code = import_one (in, vendor, type, path, &image, &told.result, &err);
    if (told.code != 0 && in->first.code == 0) {
        in->first = err;
    }
    if (in->report != NULL) {
        in->report (in->ctx, &told);
    }
    image_clear (&image);
}

static bool
is_sidecar (const char *path)
{
    return str_ends (path, ".sha256") || str_ends (path, ".json") || str_ends (path, ".md");
}

static int32_t
walk_type (struct incoming *in, const char *vendor, const char *dir, struct err *err)
{
    struct vec files = { 0 };
    int32_t rc = fs_list (dir, NULL, &files, err);

    for (size_t i = 0; rc == 0 && i < files.count; i++) {
        if (!is_sidecar (files.items[i]) && !is_dir (files.items[i])) {
            handle_file (in, vendor, fs_basename (dir), files.items[i]);
        }
    }
    vec_free_with (&files, mem_free);
    return rc;
}

static int32_t
walk_vendor (struct incoming *in, const char *dir, struct err *err)
{
    struct vec types = { 0 };
    int32_t rc = fs_list (dir, NULL, &types, err);

    for (size_t i = 0; rc == 0 && i < types.count; i++) {
        if (is_dir (types.items[i])) {
            rc = walk_type (in, fs_basename (dir), types.items[i], err);
        }
    }
    vec_free_with (&types, mem_free);
    return rc;
}

int32_t
repo_import_incoming (struct repo *r, const struct repo_import_options *options,
                      void (*report) (void *ctx, const struct repo_incoming *file), void *ctx,
                      struct err *err)
{
    static const struct repo_import_options none;
    struct incoming in = { .repo = r, .options = options == NULL ? &none : options,
                           .report = report, .ctx = ctx };
    char *dir = fs_join (r->path, "incoming");
    struct vec vendors = { 0 };
    int32_t rc = fs_list (dir, NULL, &vendors, err);

    for (size_t i = 0; rc == 0 && i < vendors.count; i++) {
        if (is_dir (vendors.items[i])) {
            rc = walk_vendor (&in, vendors.items[i], err);
        }
    }
    if (rc == 0 && in.seen == 0) {
        rc = err_set (err, ERR_NOTHING, "there is no file in %s/VENDOR/TYPE/", dir);
    } else if (rc == 0 && in.first.code != 0) {
        rc = ERR_PARTLY;
        if (err != NULL) {
            *err = in.first;
            err->code = ERR_PARTLY;
        }
    }
    vec_free_with (&vendors, mem_free);
    mem_free (dir);
    return rc;
}
