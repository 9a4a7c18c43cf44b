/* image_attachment: see image_attachment.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "firmware/image_attachment.h"

#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "firmware/image.h"

static int32_t
refused (struct err *err, const char *name, const char *why)
{
    return err_set (err, FARRIER_E_INVALID, "attachment '%s': %s", name == NULL ? "" : name, why);
}

int32_t
image_attachment_add (struct image_attachment **list, size_t *count, const char *name,
                      const char *filename, const void *bytes, size_t len, struct err *err)
{
    char digest[HASH_SHA256_HEX];
    struct image_attachment *a;

    if (!image_valid_name (name)) {
        return refused (err, name, "a name has letters, digits, '.', '_', '+', '-' only");
    }
    if (image_attachment_find (*list, *count, name) != NULL) {
        return refused (err, name, "there are two of that name");
    }
    if (!image_valid_filename (filename)) {
        return refused (err, name, "its file name is none that a BMC can be told");
    }
    if (len == 0 || len > IMAGE_ATTACHMENT_MAX_BYTES) {
        return refused (err, name, len == 0 ? "it is empty" : "it has more than 64 KiB");
    }
    if (*count == IMAGE_ATTACHMENTS_MAX) {
        return refused (err, name, "an image has at most 8 of them");
    }
    *list = mem_realloc (*list, (*count + 1) * sizeof (**list));
    a = &(*list)[(*count)++];
    hash_sha256_hex (bytes, len, digest);
    a->name = str_dup (name);
    a->filename = str_dup (filename);
    a->sha256 = str_dup (digest);
    a->bytes = mem_dup (bytes, len);
    a->len = len;
    return 0;
}

const struct image_attachment *
image_attachment_find (const struct image_attachment *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq (list[i].name, name)) {
            return &list[i];
        }
    }
    return NULL;
}

struct image_attachment *
image_attachments_copy (const struct image_attachment *list, size_t count)
{
    struct image_attachment *copy = count == 0 ? NULL : mem_array (count, sizeof (*copy));

    for (size_t i = 0; i < count; i++) {
        copy[i].name = str_dup (list[i].name);
        copy[i].filename = str_dup (list[i].filename);
        copy[i].sha256 = str_dup (list[i].sha256);
        copy[i].bytes = mem_dup (list[i].bytes, list[i].len);
        copy[i].len = list[i].len;
    }
    return copy;
}

void
image_attachments_free (struct image_attachment *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mem_free (list[i].name);
        mem_free (list[i].filename);
        mem_free (list[i].sha256);
        mem_free (list[i].bytes);
    }
    mem_free (list);
}

json_t *
image_attachments_to_json (const struct image_attachment *list, size_t count)
{
    json_t *all = json_object ();

    for (size_t i = 0; i < count; i++) {
        json_t *v = json_object ();
        char *text = str_base64 (list[i].bytes, list[i].len);

        json_put_str (v, "filename", list[i].filename);
        json_put_str (v, "sha256", list[i].sha256);
        json_put_int (v, "size_bytes", (long long) list[i].len);
        json_put_str (v, "base64", text);
        json_put (all, list[i].name, v);
        mem_free (text);
    }
    return all;
}

static int32_t
read_one (const char *name, const json_t *v, struct image_attachment **list, size_t *count,
          struct err *err)
{
    const char *text = json_str (v, "/base64"), *digest = json_str (v, "/sha256");
    size_t len = 0;
    void *bytes = text == NULL ? NULL : str_unbase64 (text, &len);
    int32_t rc;

    if (bytes == NULL) {
        return refused (err, name, "its bytes (base64) are missing or malformed");
    }
    rc = image_attachment_add (list, count, name, json_str (v, "/filename"), bytes, len, err);
    if (rc == 0 && !str_eq ((*list)[*count - 1].sha256, digest)) {
        rc = err_set (err, FARRIER_E_VERIFY, "attachment '%s' has sha256 %s, its manifest says %s",
                      name, (*list)[*count - 1].sha256, digest == NULL ? "nothing" : digest);
    }
    mem_free (bytes);
    return rc;
}

int32_t
image_attachments_from_json (const json_t *v, struct image_attachment **ret, size_t *ret_count,
                             struct err *err)
{
    struct image_attachment *list = NULL;
    size_t count = 0;
    const char *name;
    json_t *one;
    int32_t rc = 0;

    if (v != NULL && !json_is_object (v)) {
        return err_set (err, FARRIER_E_INVALID, "'attachments' is not an object");
    }
    json_object_foreach ((json_t *) v, name, one) {
        rc = read_one (name, one, &list, &count, err);
        if (rc != 0) {
            image_attachments_free (list, count);
            return rc;
        }
    }
    *ret = list;
    *ret_count = count;
    return 0;
}
