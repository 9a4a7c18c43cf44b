/* image: a firmware image as the planner sees it: what it is, and which components it is for.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FIRMWARE_IMAGE_H
#define FARRIER_FIRMWARE_IMAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "firmware/component.h"
#include "firmware/image_attachment.h"

/* One manifest of the repository. Strings are owned. */
struct image {
    char *sha256;                  /* 64 lower-case hex digits: its address */
    /* short name, unique with vendor, type and version: [A-Za-z0-9._+-]+ */
    char *name;
    char *filename;                /* as imported: what a BMC is told */
    char *vendor;                  /* folder name: [a-z0-9._-]+ */
    enum farrier_component_type type;
    char *version;
    uint64_t size_bytes;
    int64_t imported_at_ms;        /* wall clock */
    bool simulated;                /* made up: only a simulated BMC takes it */
    char *match_vendor;            /* glob over the host's vendor; NULL = begins with `vendor` */
    /* glob over the host's model; "*" = any; NULL only with match_keys */
    char *match_model;
    /* globs over the component's vendor keys; all must match */
    struct component_pair *match_keys;
    size_t match_key_count;
    char *notes;                   /* NULL when there are none */
    /* an object of the vendor's own facts, for its plugin; NULL when there are none */
    json_t *metadata;
    struct image_attachment *attachments;
    size_t attachment_count;
};

void image_copy (struct image *dst, const struct image *src);
void image_clear (struct image *i);
void image_free (struct image *i);                /* for vec_free_with */

/* The manifest document (firmware-repo/manifest.schema.json). image_from_json checks everything. */
json_t *image_to_json (const struct image *i);
int32_t image_from_json (const json_t *v, struct image *ret, struct err *err);

/* Is it for this component of a host with this vendor and model? Where not, *ret_why (when not
 * NULL) is a static text: "type differs", "vendor does not match" … */
bool image_fits (const struct image *i, const struct component *c, const char *host_vendor,
                 const char *host_model, const char **ret_why);

/* Is it meant by "sha256:HEX" (8 digits at least), HEX, its name, file name or "name-version"? */
bool image_named (const struct image *i, const char *ref);

/* What a manifest accepts: names [A-Za-z0-9._+-]+, vendors [a-z0-9._-]+, neither begins with a dot;
 * a file name without '/', '\\', '"' and control bytes. */
bool image_valid_name (const char *name);
bool image_valid_vendor (const char *vendor);
bool image_valid_filename (const char *filename);

/* By vendor, type, name, version (naturally), digest: for vec_sort. */
int image_compare (const void *a, const void *b);

#endif
