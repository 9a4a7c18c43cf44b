/* host_attachment: what belongs to an image: its metadata, its attachments. All of it is in the
 * handle, so that the fake core of tests has it too.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "engine/record.h"
#include "engine/step.h"

static const struct farrier_json *
image_metadata (struct farrier_step *step, const struct farrier_image *image)
{
    return image == NULL ? NULL : step_json (step, image->metadata);
}

static int32_t
attachment_at (const struct farrier_image *image, uint32_t index, struct farrier_attachment *ret)
{
    if (image == NULL || index >= image->attachment_count)
        return FARRIER_E_INVALID;
    const struct image_attachment *a = &image->attachments[index];
    struct farrier_attachment out = {
        .struct_size = sizeof out,
        .name = a->name,
        .filename = a->filename,
        .sha256 = a->sha256,
        .size_bytes = a->len,
    };
    record_copy_out (ret, &out, sizeof out);
    return FARRIER_OK;
}

static int64_t
attachment_read (const struct farrier_image *image, const char *name, uint64_t offset,
                 void *buffer, size_t len)
{
    const struct image_attachment *a =
        image == NULL ? NULL
                      : image_attachment_find (image->attachments, image->attachment_count, name);
    if (a == NULL)
        return FARRIER_E_INVALID;
    if (offset >= a->len)
        return 0;
    size_t n = a->len - offset < len ? a->len - (size_t) offset : len;
    memcpy (buffer, (const char *) a->bytes + offset, n);
    return (int64_t) n;
}

void
step_table_attachment (struct farrier_host *table)
{
    table->image_metadata = image_metadata;
    table->image_attachment_at = attachment_at;
    table->image_attachment_read = attachment_read;
}
