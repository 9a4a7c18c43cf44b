/* image: the manifest as a struct and as JSON, and which components it is for.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "firmware/image.h"

#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "firmware/version.h"

void
image_copy (struct image *dst, const struct image *src)
{
    struct image copy = *src;

    copy.sha256 = str_dup (src->sha256);
    copy.name = str_dup (src->name);
    copy.filename = str_dup (src->filename);
    copy.vendor = str_dup (src->vendor);
    copy.version = str_dup (src->version);
    copy.match_vendor = str_dup (src->match_vendor);
    copy.match_model = str_dup (src->match_model);
    copy.notes = str_dup (src->notes);
    copy.metadata = json_deep_copy (src->metadata);
    copy.attachments = image_attachments_copy (src->attachments, src->attachment_count);
    copy.match_keys = NULL;
    copy.match_key_count = 0;
    for (size_t i = 0; i < src->match_key_count; i++) {
        component_pairs_add (&copy.match_keys, &copy.match_key_count, src->match_keys[i].name,
                             src->match_keys[i].value);
    }
    *dst = copy;
}

void
image_clear (struct image *i)
{
    mem_free (i->sha256);
    mem_free (i->name);
    mem_free (i->filename);
    mem_free (i->vendor);
    mem_free (i->version);
    mem_free (i->match_vendor);
    mem_free (i->match_model);
    mem_free (i->notes);
    json_decref (i->metadata);
    image_attachments_free (i->attachments, i->attachment_count);
    component_pairs_free (i->match_keys, i->match_key_count);
    memset (i, 0, sizeof (*i));
}

void
image_free (struct image *i)
{
    if (i != NULL) {
        image_clear (i);
        mem_free (i);
    }
}

json_t *
image_to_json (const struct image *i)
{
    json_t *o = json_object (), *match = json_object (), *keys = json_object ();
    char *imported = clock_iso8601 (i->imported_at_ms);

    json_put_int (o, "format", 1);
    json_put_str (o, "name", i->name);
    json_put_str (o, "vendor", i->vendor);
    json_put_str (o, "type", component_type_name (i->type));
    json_put_str (o, "version", i->version);
    json_put_str (o, "filename", i->filename);
    json_put_str (o, "sha256", i->sha256);
    json_put_int (o, "size_bytes", (long long) i->size_bytes);
    json_put_str (o, "imported_at", imported);
    if (i->simulated) {
        json_put_bool (o, "simulated", true);
    }
    if (i->match_vendor != NULL) {
        json_put_str (match, "vendor", i->match_vendor);
    }
    if (i->match_model != NULL) {
        json_put_str (match, "model", i->match_model);
    }
    for (size_t k = 0; k < i->match_key_count; k++) {
        json_put_str (keys, i->match_keys[k].name, i->match_keys[k].value);
    }
    if (i->match_key_count > 0) {
        json_put (match, "keys", keys);
    } else {
        json_decref (keys);
    }
    json_put (o, "match", match);
    if (i->notes != NULL) {
        json_put_str (o, "notes", i->notes);
    }
    if (i->metadata != NULL) {
        json_put (o, "metadata", json_incref (i->metadata));
    }
    if (i->attachment_count > 0) {
        json_put (o, "attachments",
                  image_attachments_to_json (i->attachments, i->attachment_count));
    }
    mem_free (imported);
    return o;
}

static int32_t
bad_member (struct err *err, const json_t *v, const char *member, const char *wanted)
{
    return err_set (err, FARRIER_E_INVALID, "manifest of '%s': '%s' is missing or not %s",
                    json_str_or (v, "/name", "?"), member, wanted);
}

static bool
is_safe (const char *s, const char *also)
{
    if (str_empty (s) || s[0] == '.' || strlen (s) > 128) {
        return false;
    }
    for (; *s != '\0'; s++) {
        bool lower = (*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9');

        if (!lower && strchr (also, *s) == NULL) {
            return false;
        }
    }
    return true;
}

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

bool
image_valid_name (const char *name)
{
    return is_safe (name, UPPER "._+-");
}

bool
image_valid_vendor (const char *vendor)
{
    return is_safe (vendor, "._-");
}

bool
image_valid_filename (const char *filename)
{
    size_t len = filename == NULL ? 0 : strlen (filename);

    if (len == 0 || len > 200 || filename[0] == '.' || !str_valid_utf8 (filename, len)) {
        return false;
    }
    for (; *filename != '\0'; filename++) {
        if ((unsigned char) *filename < 0x20 || strchr ("/\\\"\x7f", *filename) != NULL) {
            return false;
        }
    }
    return true;
}

static bool
is_sha256 (const char *s)
{
    return s != NULL && strlen (s) == 64 && strspn (s, "0123456789abcdef") == 64;
}

static int32_t
read_match (const json_t *v, struct image *i, struct err *err)
{
    const json_t *match = json_object_get (v, "match");
    const char *name;
    json_t *value;

    if (!json_is_object (match)) {
        return bad_member (err, v, "match", "an object");
    }
    i->match_vendor = str_dup (json_str (match, "/vendor"));
    i->match_model = str_dup (json_str (match, "/model"));
    json_object_foreach (json_object_get (match, "keys"), name, value) {
        if (!json_is_string (value)) {
            return bad_member (err, v, name, "a string");
        }
        component_pairs_add (&i->match_keys, &i->match_key_count, name, json_string_value (value));
    }
    if (i->match_model == NULL && i->match_key_count == 0) {
        return bad_member (err, v, "match.model", "a glob (\"*\" for every model)");
    }
    return 0;
}

/* What only the vendor's plugin looks at. */
static int32_t
read_further (const json_t *v, struct image *i, struct err *err)
{
    json_t *metadata = json_object_get (v, "metadata");
    int32_t rc;

    if (metadata != NULL && !json_is_object (metadata)) {
        return bad_member (err, v, "metadata", "an object");
    }
    rc = image_attachments_from_json (json_object_get (v, "attachments"), &i->attachments,
                                      &i->attachment_count, err);
    if (rc != 0) {
        err_prefix (err, "manifest of '%s'", json_str_or (v, "/name", "?"));
        return rc;
    }
    i->metadata = json_deep_copy (metadata);
    return 0;
}

static int32_t
read_image (const json_t *v, struct image *i, struct err *err)
{
    long long size = json_int_or (v, "/size_bytes", -1);
    int32_t rc;

    if (json_int_or (v, "/format", 0) != 1) {
        return bad_member (err, v, "format", "1");
    }
    if (!image_valid_name (json_str (v, "/name"))) {
        return bad_member (err, v, "name", "a name of letters, digits, '.', '_', '+', '-'");
    }
    if (!image_valid_vendor (json_str (v, "/vendor"))) {
        return bad_member (err, v, "vendor", "a lower-case folder name");
    }
    if (!component_type_from_name (json_str (v, "/type"), &i->type)) {
        return bad_member (err, v, "type", "a component type");
    }
    if (!version_present (json_str (v, "/version"))) {
        return bad_member (err, v, "version", "a version");
    }
    if (!image_valid_filename (json_str (v, "/filename"))) {
        return bad_member (err, v, "filename", "a file name");
    }
    if (!is_sha256 (json_str (v, "/sha256"))) {
        return bad_member (err, v, "sha256", "64 lower-case hex digits");
    }
    if (size <= 0) {
        return bad_member (err, v, "size_bytes", "a number above 0");
    }
    rc = read_match (v, i, err);
    if (rc == 0) {
        rc = read_further (v, i, err);
    }
    if (rc != 0) {
        return rc;
    }
    i->name = str_dup (json_str (v, "/name"));
    i->vendor = str_dup (json_str (v, "/vendor"));
    i->version = str_dup (json_str (v, "/version"));
    i->filename = str_dup (json_str (v, "/filename"));
    i->sha256 = str_dup (json_str (v, "/sha256"));
    i->notes = str_dup (json_str (v, "/notes"));
    i->size_bytes = (uint64_t) size;
    i->simulated = json_bool_or (v, "/simulated", false);
    (void) clock_parse_iso8601 (json_str_or (v, "/imported_at", ""), &i->imported_at_ms);
    return 0;
}

int32_t
image_from_json (const json_t *v, struct image *ret, struct err *err)
{
    struct image i = { 0 };
    int32_t rc = read_image (v, &i, err);

    if (rc != 0) {
        image_clear (&i);
        return rc;
    }
    *ret = i;
    return 0;
}

/* "dell" stands for "Dell Inc.", "farrier-sim" for "Farrier Sim". */
static bool
vendor_begins (const char *host_vendor, const char *vendor)
{
    for (; *vendor != '\0'; vendor++, host_vendor++) {
        char pair[2][2] = { { *vendor, '\0' }, { *host_vendor, '\0' } };
        bool gap = strchr ("-_.", *vendor) != NULL && *host_vendor != '\0' &&
                   strchr (" -_.", *host_vendor) != NULL;

        if (!gap && !str_case_eq (pair[0], pair[1])) {
            return false;
        }
    }
    return true;
}

static bool
keys_fit (const struct image *i, const struct component *c)
{
    for (size_t k = 0; k < i->match_key_count; k++) {
        const char *value = component_vendor_key (c, i->match_keys[k].name);

        if (value == NULL || !str_glob (i->match_keys[k].value, value, true)) {
            return false;
        }
    }
    return true;
}

static const char *
why_not (const struct image *i, const struct component *c, const char *vendor, const char *model)
{
    if (i->type != c->type) {
        return "the type differs";
    }
    if (i->match_vendor != NULL ? !str_glob (i->match_vendor, vendor == NULL ? "" : vendor, true)
                                : vendor == NULL || !vendor_begins (vendor, i->vendor)) {
        return "it is for another vendor";
    }
    if (i->match_model != NULL && !str_glob (i->match_model, model == NULL ? "" : model, true)) {
        return "it is for another model";
    }
    return keys_fit (i, c) ? NULL : "it is for another part (vendor keys differ)";
}

bool
image_fits (const struct image *i, const struct component *c, const char *host_vendor,
            const char *host_model, const char **ret_why)
{
    const char *why = why_not (i, c, host_vendor, host_model);

    if (ret_why != NULL) {
        *ret_why = why;
    }
    return why == NULL;
}

bool
image_named (const struct image *i, const char *ref)
{
    size_t name_len = strlen (i->name);

    if (str_starts (ref, "sha256:")) {
        ref += strlen ("sha256:");
        return strlen (ref) >= 8 && str_starts (i->sha256, ref);
    }
    return str_eq (i->sha256, ref) || str_eq (i->name, ref) || str_eq (i->filename, ref) ||
           (str_starts (ref, i->name) && ref[name_len] == '-' &&
            str_eq (ref + name_len + 1, i->version));
}

int
image_compare (const void *a, const void *b)
{
    const struct image *x = a, *y = b;
    int compared = strcmp (x->vendor, y->vendor);

    if (compared == 0 && x->type != y->type) {
        return x->type < y->type ? -1 : 1;
    }
    if (compared == 0) {
        compared = str_compare_natural (x->name, y->name);
    }
    /* The order of versions is partial; a list needs a total one. */
    if (compared == 0) {
        compared = str_compare_natural (x->version, y->version);
    }
    return compared != 0 ? compared : strcmp (x->sha256, y->sha256);
}
