/* api_repo: calls about the repository of images, and about baselines.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "api/api_private.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/conf.h"
#include "firmware/baseline.h"

static struct repo_import_options
options_of (const struct api_request *q)
{
    return (struct repo_import_options) {
        .vendor = request_text (q, "vendor"), .type = request_text (q, "type"),
        .version = request_text (q, "version"), .name = request_text (q, "name"),
        .model = request_text (q, "model"), .match_vendor = request_text (q, "match_vendor"),
        .sha256 = request_text (q, "sha256"), .notes = request_text (q, "notes"),
    };
}

static json_t *
imported_json (const char *path, const struct image *image, enum repo_import_result result)
{
    json_t *v = json_object ();
    json_put_str (v, "path", path);
    json_put_str (v, "result", result == REPO_IMPORTED ? "imported" : "unchanged");
    json_put (v, "image", image_to_json (image));
    return v;
}

static void
report_incoming (void *ctx, const struct repo_incoming *file)
{
    json_t *v;
    if (file->code == 0) {
        v = imported_json (file->path, file->image, file->result);
    } else {
        v = json_object ();
        json_put_str (v, "path", file->path);
        json_put_str (v, "result", "failed");
        json_put (v, "problem", api_problem (file->err, NULL));
    }
    json_array_append_new (ctx, v);
}

int32_t
api_repo_import (const struct api_request *q, json_t **ret, struct err *err)
{
    struct repo *repo = NULL;
    struct repo_import_options options = options_of (q);
    const char *file = request_text (q, "file");
    bool incoming = request_bool (q, "incoming");
    if (incoming == (file != NULL))
        return err_set (err, ERR_USAGE, "repo import wants a file, or --incoming");
    int32_t rc = api_repo (q->api, &repo, err);
    if (rc < 0)
        return rc;
    json_t *list = json_array ();
    if (incoming) {
        rc = repo_import_incoming (repo, &options, report_incoming, list, err);
    } else {
        struct image image = { 0 };
        enum repo_import_result result = REPO_IMPORTED;
        rc = repo_import (repo, file, &options, &image, &result, err);
        if (rc == 0)
            json_array_append_new (list, imported_json (file, &image, result));
        image_clear (&image);
    }
    *ret = json_object ();
    json_put (*ret, "files", list);
    json_put_int (*ret, "generation", (long long) repo_generation (repo));
    return rc;
}

static void
free_image (void *p)
{
    image_free (p);
}

int32_t
api_repo_list (const struct api_request *q, json_t **ret, struct err *err)
{
    struct repo *repo = NULL;
    struct vec images = { 0 };
    struct repo_match match = {
        .vendor = request_text (q, "vendor"), .type = request_text (q, "type"),
        .name = request_text (q, "name"), .version = request_text (q, "version"),
    };
    int32_t rc = api_repo (q->api, &repo, err);
    if (rc == 0)
        rc = repo_find (repo, &match, &images, err);
    if (rc < 0)
        return rc;
    json_t *list = json_array ();
    for (size_t i = 0; i < images.count; i++)
        json_array_append_new (list, image_to_json (images.items[i]));
    *ret = json_object ();
    json_put_str (*ret, "path", repo_path (repo));
    json_put_int (*ret, "generation", (long long) repo_generation (repo));
    json_put (*ret, "images", list);
    vec_free_with (&images, free_image);
    return 0;
}

int32_t
api_repo_show (const struct api_request *q, json_t **ret, struct err *err)
{
    struct repo *repo = NULL;
    int32_t rc = api_repo (q->api, &repo, err);
    return rc < 0 ? rc : repo_show (repo, request_text (q, "image"), ret, err);
}

static void
report_problem (void *ctx, const char *path, const char *problem)
{
    json_array_append_new (ctx, finding_json (path, "", problem));
}

int32_t
api_repo_verify (const struct api_request *q, json_t **ret, struct err *err)
{
    struct repo *repo = NULL;
    struct repo_verify_result r = { 0 };
    int32_t rc = api_repo (q->api, &repo, err);
    if (rc < 0)
        return rc;
    json_t *list = json_array ();
    rc = repo_verify (repo, report_problem, list, &r, err);
    *ret = json_object ();
    json_put_int (*ret, "images", (long long) r.images);
    json_put_int (*ret, "objects", (long long) r.objects);
    json_put_int (*ret, "bytes", (long long) r.bytes);
    json_put_int (*ret, "bytes_differ", (long long) r.bytes_differ);
    json_put_int (*ret, "missing", (long long) r.missing);
    json_put_int (*ret, "orphans", (long long) r.orphans);
    json_put (*ret, "findings", list);
    return rc;
}

/* --- baselines -------------------------------------------------------------------------------- */

json_t *
conf_findings_json (const struct vec *findings)
{
    json_t *list = json_array ();
    for (size_t i = 0; i < findings->count; i++) {
        const struct conf_finding *f = findings->items[i];
        char *where = f->line > 0 ? str_printf ("%s:%d", f->file, f->line) : str_dup (f->file);
        json_array_append_new (list, finding_json (where, "", f->message));
        mem_free (where);
    }
    return list;
}

static void
free_baseline (void *p)
{
    baseline_free (p);
}

int32_t
api_baselines (struct api *api, struct vec *ret, json_t **ret_details, struct err *err)
{
    struct vec findings = { 0 }, list = { 0 };
    int32_t rc = baseline_load_dir (api->o.settings->baseline_dir, &list, &findings, err);
    if (rc == 0) {
        *ret = list;
    } else {
        vec_free_with (&list, free_baseline);
        if (ret_details != NULL) {
            *ret_details = json_object ();
            json_put (*ret_details, "findings", conf_findings_json (&findings));
        }
    }
    conf_findings_free (&findings);
    return rc;
}

int32_t
api_baseline_list (const struct api_request *q, json_t **ret, struct err *err)
{
    struct vec all = { 0 };
    int32_t rc = api_baselines (q->api, &all, ret, err);
    if (rc < 0)
        return rc;
    json_t *list = json_array ();
    for (size_t i = 0; i < all.count; i++)
        json_array_append_new (list, baseline_to_json (all.items[i]));
    *ret = json_object ();
    json_put_str (*ret, "directory", q->api->o.settings->baseline_dir);
    json_put (*ret, "baselines", list);
    vec_free_with (&all, free_baseline);
    return 0;
}

int32_t
api_baseline_show (const struct api_request *q, json_t **ret, struct err *err)
{
    struct vec all = { 0 };
    const char *name = request_text (q, "name");
    int32_t rc = api_baselines (q->api, &all, ret, err);
    if (rc < 0)
        return rc;
    const struct baseline *b = baseline_find (&all, name);
    if (b != NULL) {
        *ret = baseline_to_json (b);
    } else {
        rc = err_set (err, ERR_NOT_FOUND, "there is no baseline %s in %s", name,
                      q->api->o.settings->baseline_dir);
        err_hint (err, "farrier baseline list");
    }
    vec_free_with (&all, free_baseline);
    return rc;
}

static void
check_file (const char *path, struct vec *findings)
{
    struct baseline *b = NULL;
    struct err err = { 0 };
    size_t before = findings->count;
    int32_t rc = baseline_load (path, &b, findings, &err);
    if (rc < 0 && findings->count == before) {
        struct conf_finding *f = mem_alloc (sizeof *f);
        f->file = str_dup (path);
        f->message = str_dup (err.message);
        vec_push (findings, f);
    }
    if (b != NULL)
        baseline_free (b);
}

int32_t
api_baseline_check (const struct api_request *q, json_t **ret, struct err *err)
{
    struct vec findings = { 0 }, all = { 0 };
    const json_t *files = json_object_get (q->body, "files");
    size_t i, checked = json_array_size (files);
    int32_t rc = 0;
    json_t *v;
    json_array_foreach ((json_t *) files, i, v)
        check_file (json_is_string (v) ? json_string_value (v) : "", &findings);
    if (checked == 0) {
        rc = baseline_load_dir (q->api->o.settings->baseline_dir, &all, &findings, err);
        checked = all.count;
    }
    *ret = json_object ();
    json_put_int (*ret, "checked", (long long) checked);
    json_put (*ret, "findings", conf_findings_json (&findings));
    if (findings.count > 0)
        rc = err_set (err, ERR_SYNTAX, "%zu mistakes in baselines", findings.count);
    conf_findings_free (&findings);
    vec_free_with (&all, free_baseline);
    return rc;
}
