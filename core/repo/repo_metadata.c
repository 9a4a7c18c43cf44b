/* repo_metadata: what an image is: told by options, sidecar or inspector; never guessed.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <ctype.h>
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "firmware/version.h"
#include "repo/repo_private.h"

#define SIDECAR_MAX (256u * 1024)

/* The three sources. */
struct sources {
    const char *file;
    const struct repo_import_options *options;
    json_t *sidecar;               /* NULL when there is none */
    struct repo_facts facts;
};

static void
facts_clear (struct repo_facts *f)
{
    mem_free (f->vendor);
    mem_free (f->type);
    mem_free (f->version);
    mem_free (f->name);
    mem_free (f->model);
    mem_free (f->match_vendor);
}

/* The first source that says it; NULL when none does. Borrowed. */
static const char *
pick (const struct sources *s, const char *option, const char *pointer, const char *fact)
{
    const char *value = str_empty (option) ? json_str (s->sidecar, pointer) : option;

    return str_empty (value) ? (str_empty (fact) ? NULL : fact) : value;
}

static int32_t
unknown (const struct sources *s, const char *what, const char *option, struct err *err)
{
    err_set (err, ERR_USAGE, "%s: its %s is not known", s->file, what);
    err_hint (err, "say it with --%s, or in %s.json", option, fs_basename (s->file));
    return ERR_USAGE;
}

static int32_t
wrong (const struct sources *s, const char *what, const char *value, const char *wanted,
       struct err *err)
{
    return err_set (err, FARRIER_E_INVALID, "%s: %s '%s' is not %s", s->file, what, value, wanted);
}

/* FILE.sha256: "HEX" or "HEX  name". */
static int32_t
read_digest_file (const char *file, char **ret, struct err *err)
{
    char *path = str_printf ("%s.sha256", file);
    struct buf text = { 0 };
    int32_t rc = fs_exists (path) ? fs_read (path, 4096, &text, err) : ERR_NOT_FOUND;
    size_t len = 0;

    if (rc == 0) {
        const char *start = text.data == NULL ? "" : text.data;

        len = strspn (start, "0123456789abcdefABCDEF");
        if (len != 64 || (start[len] != '\0' && !isspace ((unsigned char) start[len]))) {
            rc = err_set (err, FARRIER_E_INVALID, "%s does not begin with 64 hex digits", path);
        } else {
            *ret = str_ndup (start, len);
        }
    }
    buf_free (&text);
    mem_free (path);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* All that name a digest must agree with the bytes, so they must agree with each other. */
static int32_t
add_expected (const struct sources *s, const char *digest, char **expected, struct err *err)
{
    char *lower;

    if (str_empty (digest)) {
        return 0;
    }
    if (str_starts (digest, "sha256:")) {
        digest += strlen ("sha256:");
    }
    lower = str_dup (digest);
    for (char *at = lower; *at != '\0'; at++) {
        *at = (char) tolower ((unsigned char) *at);
    }
    if (strlen (lower) != 64 || strspn (lower, "0123456789abcdef") != 64) {
        int32_t rc = wrong (s, "digest", digest, "64 hex digits", err);

        mem_free (lower);
        return rc;
    }
    if (*expected != NULL && !str_eq (*expected, lower)) {
        err_set (err, FARRIER_E_VERIFY, "%s: its digest is told twice, as %s and as %s", s->file,
                 *expected, lower);
        mem_free (lower);
        return FARRIER_E_VERIFY;
    }
    mem_free (*expected);
    *expected = lower;
    return 0;
}

static int32_t
read_expected (const struct sources *s, char **ret, struct err *err)
{
    char *from_file = NULL, *expected = NULL;
    int32_t rc = read_digest_file (s->file, &from_file, err);

    if (rc == 0) {
        rc = add_expected (s, from_file, &expected, err);
    }
    if (rc == 0) {
        rc = add_expected (s, s->options->sha256, &expected, err);
    }
    if (rc == 0) {
        rc = add_expected (s, json_str (s->sidecar, "/sha256"), &expected, err);
    }
    mem_free (from_file);
    if (rc != 0) {
        mem_free (expected);
        return rc;
    }
    *ret = expected;
    return 0;
}

static int32_t
read_sidecar (struct sources *s, struct err *err)
{
    char *path = str_printf ("%s.json", s->file);
    struct buf text = { 0 };
    int32_t rc = 0;

    if (fs_exists (path)) {
        rc = fs_read (path, SIDECAR_MAX, &text, err);
        if (rc == 0) {
            s->sidecar = json_parse (text.data == NULL ? "" : text.data, text.len, err);
            if (!json_is_object (s->sidecar)) {
                if (s->sidecar != NULL) {
                    err_set (err, FARRIER_E_INVALID, "it is not a JSON object");
                }
                err_prefix (err, "%s", path);
                rc = FARRIER_E_INVALID;
            }
        }
    }
    buf_free (&text);
    mem_free (path);
    return rc;
}

/* "bios-2.1.0.bin" is "bios": the file name up to its version or its suffix. */
static char *
name_from_file (const char *file, const char *version)
{
    char *name = str_dup (fs_basename (file)), *at = strstr (name, version);
    size_t len;

    if (at == NULL || at == name) {
        at = strrchr (name, '.');
    }
    if (at != NULL && at != name) {
        *at = '\0';
    }
    for (at = name; *at != '\0'; at++) {
        if (!isalnum ((unsigned char) *at) && strchr ("._+-", *at) == NULL) {
            *at = '_';
        }
    }
    for (len = strlen (name); len > 1 && strchr ("._+-", name[len - 1]) != NULL; len--) {
        name[len - 1] = '\0';
    }
    return name;
}

static int32_t
fill_keys (const struct sources *s, struct image *i, struct err *err)
{
    const struct repo_import_options *o = s->options;
    const char *name;
    json_t *value;

    for (size_t k = 0; k < o->key_count; k++) {
        component_pairs_add (&i->match_keys, &i->match_key_count, o->keys[k].name,
                             o->keys[k].value);
    }
    if (o->key_count > 0) {
        return 0;
    }
    json_object_foreach (json_at (s->sidecar, "/match/keys"), name, value) {
        if (!json_is_string (value)) {
            return wrong (s, "match.keys", name, "a string", err);
        }
        component_pairs_add (&i->match_keys, &i->match_key_count, name, json_string_value (value));
    }
    return 0;
}

/* What must be there, and be well formed. */
static int32_t
fill_required (const struct sources *s, struct image *i, struct err *err)
{
    const struct repo_import_options *o = s->options;
    const char *vendor = pick (s, o->vendor, "/vendor", s->facts.vendor);
    const char *type = pick (s, o->type, "/type", s->facts.type);
    const char *version = pick (s, o->version, "/version", s->facts.version);

    if (vendor == NULL) {
        return unknown (s, "vendor", "vendor", err);
    }
    if (type == NULL) {
        return unknown (s, "component type", "type", err);
    }
    if (version == NULL) {
        return unknown (s, "version", "version", err);
    }
    if (!image_valid_vendor (vendor)) {
        return wrong (s, "vendor", vendor, "lower-case letters, digits, '.', '_', '-'", err);
    }
    if (!component_type_from_name (type, &i->type)) {
        size_t count;
        const char *const *names = component_type_names (&count);
        const char *near = str_did_you_mean (type, names, count);

        wrong (s, "type", type, "a component type (bios, bmc, nic …)", err);
        if (near != NULL) {
            err_hint (err, "did you mean %s?", near);
        }
        return FARRIER_E_INVALID;
    }
    if (!version_present (version)) {
        return wrong (s, "version", version, "a version", err);
    }
    i->vendor = str_dup (vendor);
    i->version = str_dup (version);
    return 0;
}

static int32_t
fill (const struct sources *s, struct image *i, struct err *err)
{
    const struct repo_import_options *o = s->options;
    const char *name;
    int32_t rc = fill_required (s, i, err);

    if (rc == 0) {
        rc = fill_keys (s, i, err);
    }
    if (rc != 0) {
        return rc;
    }
    name = pick (s, o->name, "/name", s->facts.name);
    i->name = name != NULL ? str_dup (name) : name_from_file (s->file, i->version);
    i->filename = str_dup (fs_basename (s->file));
    i->match_vendor = str_dup (pick (s, o->match_vendor, "/match/vendor", s->facts.match_vendor));
    i->match_model = str_dup (pick (s, o->model, "/match/model", s->facts.model));
    i->notes = str_dup (pick (s, o->notes, "/notes", NULL));
    i->simulated = s->facts.simulated || json_bool_or (s->sidecar, "/simulated", false);
    if (i->match_model == NULL && i->match_key_count == 0) {
        return unknown (s, "model", "model", err);
    }
    if (!image_valid_name (i->name)) {
        return wrong (s, "name", i->name, "letters, digits, '.', '_', '+', '-'; see --name", err);
    }
    if (!image_valid_filename (i->filename)) {
        return wrong (s, "file name", i->filename, "one that a BMC can be told", err);
    }
    return 0;
}

/* The sidecar names a file beside the image: {"compsig": "U30.compsig"}. */
static int32_t
add_attachment (const struct sources *s, const char *name, const char *filename, struct image *i,
                struct err *err)
{
    struct buf bytes = { 0 };
    char *path;
    int32_t rc;

    if (!image_valid_filename (filename)) {
        return wrong (s, "attachments", name, "the name of a file beside the image", err);
    }
    path = str_printf ("%.*s%s", (int) (fs_basename (s->file) - s->file), s->file, filename);
    rc = fs_read (path, IMAGE_ATTACHMENT_MAX_BYTES, &bytes, err);
    if (rc == 0) {
        rc = image_attachment_add (&i->attachments, &i->attachment_count, name, filename,
                                   bytes.data, bytes.len, err);
    }
    if (rc != 0) {
        err_prefix (err, "%s.json", s->file);
    }
    buf_free (&bytes);
    mem_free (path);
    return rc;
}

/* What only the vendor's plugin looks at; the sidecar alone says it. */
static int32_t
fill_further (const struct sources *s, struct image *i, struct err *err)
{
    json_t *metadata = json_object_get (s->sidecar, "metadata"), *value;
    const char *name;
    int32_t rc = 0;

    if (metadata != NULL && !json_is_object (metadata)) {
        return wrong (s, "metadata", "of its sidecar", "an object", err);
    }
    i->metadata = json_deep_copy (metadata);
    json_object_foreach (json_object_get (s->sidecar, "attachments"), name, value) {
        rc = add_attachment (s, name, json_string_value (value), i, err);
        if (rc != 0) {
            return rc;
        }
    }
    return rc;
}

int32_t
repo_metadata (const char *file, const struct repo_import_options *options, const void *head,
               size_t head_len, struct image *ret, char **ret_expected_sha256, struct err *err)
{
    struct sources s = { .file = file, .options = options };
    repo_inspect_fn inspect = options->inspect != NULL ? options->inspect : repo_inspect_simulated;
    struct image i = { 0 };
    char *expected = NULL;
    int32_t rc = read_sidecar (&s, err);

    if (rc == 0) {
        (void) inspect (options->inspect_ctx, fs_basename (file), head, head_len, &s.facts);
        rc = read_expected (&s, &expected, err);
    }
    if (rc == 0) {
        rc = fill (&s, &i, err);
    }
    if (rc == 0) {
        rc = fill_further (&s, &i, err);
    }
    json_decref (s.sidecar);
    facts_clear (&s.facts);
    if (rc != 0) {
        image_clear (&i);
        mem_free (expected);
        return rc;
    }
    *ret = i;
    *ret_expected_sha256 = expected;
    return 0;
}
