/* image_attachment: a small file that goes with an image: a detached signature, a licence text. It
 * is kept inside the image's manifest, whose digest the repository's generation holds.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FIRMWARE_IMAGE_ATTACHMENT_H
#define FARRIER_FIRMWARE_IMAGE_ATTACHMENT_H

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"

#define IMAGE_ATTACHMENT_MAX_BYTES (64u << 10)
#define IMAGE_ATTACHMENTS_MAX 8

/* All owned. */
struct image_attachment {
    char *name;                    /* [A-Za-z0-9._+-]+, unique within the image */
    char *filename;                /* what a BMC is told */
    char *sha256;
    void *bytes;
    size_t len;
};

/* Appends a copy. FARRIER_E_INVALID: a bad or double name, a bad file name, no bytes, too many or
 * too large (the message names it). */
int32_t image_attachment_add (struct image_attachment **list, size_t *count, const char *name,
                              const char *filename, const void *bytes, size_t len,
                              struct err *err);
/* NULL when there is none of that name. */
const struct image_attachment *image_attachment_find (const struct image_attachment *list,
                                                      size_t count, const char *name);
struct image_attachment *image_attachments_copy (const struct image_attachment *list,
                                                 size_t count);
void image_attachments_free (struct image_attachment *list, size_t count);

/* {"NAME": {"filename": …, "sha256": …, "size_bytes": …, "base64": …}, …}. From JSON everything is
 * checked, the digest too; on failure *ret and *ret_count stay untouched. v NULL: none. */
json_t *image_attachments_to_json (const struct image_attachment *list, size_t count);
int32_t image_attachments_from_json (const json_t *v, struct image_attachment **ret,
                                     size_t *ret_count, struct err *err);

#endif
