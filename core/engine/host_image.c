/* host_image: the host table's images and artifacts.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/artifact.h"
#include "engine/engine_private.h"
#include "engine/record.h"
#include "engine/step.h"
#include "repo/reader.h"
#include "repo/serve.h"

static void
free_bytes (void *bytes)
{
    mem_free (bytes);
}

/* --- images --------------------------------------------------------------------------------- */

static void
image_info (const struct farrier_image *image, struct farrier_image_info *ret)
{
    struct farrier_image_info info = {
        .struct_size = sizeof info,
        .type = image->type,
        .name = image->name,
        .version = image->version,
        .vendor = image->vendor,
        .model = image->model,
        .sha256 = image->sha256,
        .size_bytes = image->size_bytes,
    };
    record_copy_out (ret, &info, sizeof info);
}

static int64_t
image_read (const struct farrier_image *image, uint64_t offset, void *buffer, size_t len)
{
    struct reader *reader;
    if (reader_open (image->engine->o.repo, image->sha256, &reader, NULL) != 0)
        return FARRIER_E_INVALID;
    ssize_t n = reader_pread (reader, buffer, len, offset);
    reader_unref (reader);
    return n < 0 ? FARRIER_E_INVALID : (int64_t) n;
}

static int32_t
image_path (struct farrier_step *step, const struct farrier_image *image, const char **ret_path,
            struct farrier_error *err)
{
    struct err why;
    char *path = NULL;
    int32_t rc = artifact_materialise (step->in.engine, step->in.attempt_id, image->sha256,
                                       image->name, &path, &why);
    if (rc != 0)
        return step->host->fail (err, rc == FARRIER_E_NO_SPACE ? rc : FARRIER_E_INTERNAL, "%s",
                                 why.message);
    *ret_path = arena_strdup (step->arena, path);
    mem_free (path);
    return FARRIER_OK;
}

static int32_t
image_publish (struct farrier_step *step, const struct farrier_image *image, const char **ret_url,
               struct farrier_error *err)
{
    static const struct serve_options once = { .max_gets = 1 };
    const struct engine_options *o = &step->in.engine->o;
    struct reader *reader;
    struct err why;
    char *path = NULL;
    if (o->serve == NULL || o->image_url == NULL) {
        step->host->hint (err, "image_server in farrier.conf names an address that BMCs reach");
        return step->host->fail (err, FARRIER_E_UNSUPPORTED, "no image server is running");
    }
    if (reader_open (o->repo, image->sha256, &reader, &why) != 0)
        return step->host->fail (err, FARRIER_E_INVALID, "%s", why.message);
    int32_t rc = serve_publish (o->serve, reader, &once, &path, &why);
    reader_unref (reader);
    if (rc != 0)
        return step->host->fail (err, FARRIER_E_INTERNAL, "%s", why.message);
    *ret_url = arena_printf (step->arena, "%s%s", o->image_url, path);
    mem_free (path);
    return FARRIER_OK;
}

/* --- artifacts ------------------------------------------------------------------------------ */

static int32_t
write_artifact (struct farrier_step *step, const char *name, const void *bytes, size_t len,
                struct farrier_error *err)
{
    struct err why;
    int32_t rc = artifact_write (step->in.engine, step->in.job_id, step->in.host_id, name, bytes,
                                 len, &why);
    if (rc == 0)
        return FARRIER_OK;
    return step->host->fail (err, rc == FARRIER_E_NO_SPACE ? rc : FARRIER_E_INVALID, "%s",
                             why.message);
}

static const char *
read_artifact (struct farrier_step *step, const char *name, size_t *ret_len)
{
    struct buf bytes = { 0 };
    if (artifact_read (step->in.engine, step->in.job_id, name, &bytes, NULL) != 0)
        return NULL;
    if (ret_len != NULL)
        *ret_len = bytes.len;
    char *data = buf_steal (&bytes);
    arena_defer (step->arena, free_bytes, data);
    return data;
}

void
step_table_image (struct farrier_host *table)
{
    table->image_info = image_info;
    table->image_read = image_read;
    table->image_path = image_path;
    table->image_publish = image_publish;
    table->artifact_write = write_artifact;
    table->artifact_read = read_artifact;
}
