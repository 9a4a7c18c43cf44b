/* image_handle: see image_handle.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/image_handle.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine_private.h"
#include "repo/repo.h"

struct farrier_image *
image_handle (struct engine *engine, const char *digest)
{
    struct image found = { 0 };
    struct err err;
    if (digest == NULL || engine->o.repo == NULL)
        return NULL;
    if (repo_get (engine->o.repo, digest, &found, &err) != 0) {
        log_warn ("image %s: %s", digest, err.message);
        return NULL;
    }
    struct farrier_image *image = mem_alloc (sizeof *image);
    image->host = step_host_table ();
    image->engine = engine;
    image->sha256 = str_dup (found.sha256);
    image->name = str_dup (found.filename);
    image->version = str_dup (found.version);
    image->vendor = str_dup (found.vendor);
    image->model = str_dup (found.match_model);
    image->type = found.type;
    image->size_bytes = found.size_bytes;
    image->metadata = json_incref (found.metadata);
    image->attachments = found.attachments;
    image->attachment_count = found.attachment_count;
    found.attachments = NULL;          /* ours now */
    found.attachment_count = 0;
    image_clear (&found);
    return image;
}

void
image_handle_free (struct farrier_image *image)
{
    if (image == NULL)
        return;
    mem_free (image->sha256);
    mem_free (image->name);
    mem_free (image->version);
    mem_free (image->vendor);
    mem_free (image->model);
    json_decref (image->metadata);
    image_attachments_free (image->attachments, image->attachment_count);
    mem_free (image);
}
