/* host_import: see host_import.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "fleet/host_import.h"

#include <ctype.h>
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#define LIST_MAX_BYTES (64u << 20)

/* The list that is being read. */
struct import {
    const char *name;
    const char *dir;
    struct vec *specs;
    struct vec *findings;
    size_t findings_before;            /* when the row began */
};

/* --- secrets that a row names ----------------------------------------------------------------- */

/* Replaces FILE_MEMBER (a path) by MEMBER (what is in it). */
static void
resolve_secret (struct import *im, json_t *row, const char *file_member, const char *member,
                const char *where)
{
    json_t *path = json_object_get (row, file_member);
    if (path == NULL)
        return;
    if (!json_is_string (path) || json_object_get (row, member) != NULL) {
        host_finding_add (im->findings, where, file_member, "it is no text, or %s stands beside it",
                          member);
        json_object_del (row, file_member);
        return;
    }
    struct buf secret = { 0 };
    struct err err = { 0 };
    char *full = fs_join (im->dir, json_string_value (path));
    if (fs_read_secret (full, &secret, &err) < 0)
        host_finding_add (im->findings, where, file_member, "%s", err.message);
    else if (secret.len == 0)
        host_finding_add (im->findings, where, file_member, "the secret file %s is empty", full);
    else if (memchr (secret.data, '\0', secret.len) != NULL)
        host_finding_add (im->findings, where, file_member, "the secret file %s holds a NUL byte",
                          full);
    else if (!str_valid_utf8 (secret.data, secret.len))
        host_finding_add (im->findings, where, file_member, "the secret file %s is no UTF-8", full);
    else
        json_put_str (row, member, secret.data);
    mem_free (full);
    buf_wipe_free (&secret);
    json_object_del (row, file_member);
}

static void
refuse_secret (struct import *im, json_t *row, const char *member, const char *where)
{
    if (json_object_get (row, member) == NULL)
        return;
    host_finding_add (im->findings, where, member,
                      "a secret does not belong in a list: name a file that only you can read");
    json_object_del (row, member);
}

static void
resolve_endpoint (struct import *im, json_t *e, const char *where)
{
    if (!json_is_object (e))
        return;
    refuse_secret (im, e, "password", where);
    refuse_secret (im, e, "private_key", where);
    resolve_secret (im, e, "password_file", "password", where);
    resolve_secret (im, e, "key_file", "private_key", where);
}

/* Takes the row over. */
static void
import_row (struct import *im, json_t *row, const char *where)
{
    size_t before = im->findings_before;
    static const char *const secrets[] = { "password", "os_password", "os_private_key" };
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        refuse_secret (im, row, secrets[i], where);
    resolve_secret (im, row, "password_file", "password", where);
    resolve_secret (im, row, "os_password_file", "os_password", where);
    resolve_secret (im, row, "os_key", "os_private_key", where);
    resolve_endpoint (im, json_object_get (row, "bmc"), where);
    resolve_endpoint (im, json_object_get (row, "os"), where);
    resolve_endpoint (im, json_object_get (row, "ipmi"), where);
    const char *kind;
    json_t *e;
    json_object_foreach (json_object_get (row, "endpoints"), kind, e)
        resolve_endpoint (im, e, where);

    struct host_spec *spec = host_spec_from_json (row, where, im->findings);
    host_spec_check (spec, im->findings);
    if (im->findings->count > before)
        host_spec_free (spec);
    else
        vec_push (im->specs, spec);
    host_json_wipe (row);
    json_decref (row);
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* The line on which each element of the outermost array begins; jansson does not keep places. */
static size_t *
element_lines (const char *text, size_t len, size_t count)
{
    size_t *lines = mem_array (count + 1, sizeof *lines), line = 1, n = 0;
    int depth = 0;
    bool string = false, fresh = true;
    for (size_t i = 0; i < len && n < count; i++) {
        char c = text[i];
        if (c == '\n')
            line++;
        if (string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                string = false;
            continue;
        }
        if (depth == 1 && fresh && !isspace ((unsigned char) c) && c != ',' && c != ']') {
            lines[n++] = line;
            fresh = false;
        }
        if (c == '"')
            string = true;
        else if (c == '[' || c == '{')
            depth++;
        else if (c == ']' || c == '}')
            depth--;
        else if (c == ',' && depth == 1)
            fresh = true;
    }
    return lines;
}

int32_t
host_import_json (const char *text, size_t len, const char *name, const char *dir,
                  struct vec *ret_specs, struct vec *findings, struct err *err)
{
    struct import im = { name, dir, ret_specs, findings, findings->count };
    json_t *v = json_parse (text, len, err);
    if (v == NULL) {
        err_prefix (err, "%s", name);
        return ERR_SYNTAX;
    }
    if (!json_is_array (v)) {
        json_decref (v);
        return err_set (err, ERR_SYNTAX, "%s is no list of hosts: [ {\"name\": …}, … ]",
                        name);
    }
    size_t i, *lines = element_lines (text, len, json_array_size (v));
    json_t *row;
    json_array_foreach (v, i, row) {
        char *where = str_printf ("%s:%zu", name, lines[i]);
        im.findings_before = findings->count;
        import_row (&im, json_incref (row), where);
        mem_free (where);
    }
    mem_free (lines);
    json_decref (v);
    return 0;
}

/* --- CSV -------------------------------------------------------------------------------------- */

struct csv {
    const char *p, *end;
    size_t line;                       /* of p */
};

/* One record (RFC 4180: quotes may hold commas, quotes and newlines). False at the end. */
static bool
csv_record (struct csv *csv, struct vec *ret_fields, size_t *ret_line, const char **ret_wrong)
{
    if (csv->p >= csv->end)
        return false;
    struct buf field = { 0 };
    bool quoted = false;
    *ret_line = csv->line;
    *ret_wrong = NULL;
    for (; csv->p < csv->end; csv->p++) {
        char c = *csv->p;
        csv->line += c == '\n' ? 1 : 0;
        if (quoted && c == '"' && csv->p + 1 < csv->end && csv->p[1] == '"') {
            buf_putc (&field, '"');
            csv->p++;
        } else if (c == '"' && (quoted || field.len == 0)) {
            quoted = !quoted;
        } else if (quoted) {
            buf_putc (&field, c);
        } else if (c == ',') {
            vec_push (ret_fields, buf_steal (&field));
        } else if (c == '\n') {
            csv->p++;
            break;
        } else if (c != '\r') {
            buf_putc (&field, c);
        }
    }
    if (quoted)
        *ret_wrong = "a quote is not closed";
    vec_push (ret_fields, buf_steal (&field));
    return true;
}

static bool
blank (const struct vec *fields)
{
    const char *first = fields->items[0];
    return *first == '#' || (fields->count == 1 && first[strspn (first, " \t")] == '\0');
}

static void
put_pairs (struct import *im, json_t *labels, const char *text, const char *where)
{
    size_t count;
    char **pairs = str_split (text, ';', &count);
    for (size_t i = 0; i < count; i++) {
        char *equals = strchr (pairs[i], '=');
        if (*pairs[i] == '\0')
            continue;
        if (equals == NULL) {
            host_finding_add (im->findings, where, "labels", "\"%.60s\" is no KEY=VALUE", pairs[i]);
            continue;
        }
        *equals = '\0';
        json_put_str (labels, str_trim (pairs[i]), str_trim (equals + 1));
    }
    str_free_all (pairs, count);
}

static void
put_list (json_t *row, const char *key, const char *text)
{
    size_t count;
    char **words = str_split (text, ';', &count);
    json_t *list = json_array ();
    for (size_t i = 0; i < count; i++) {
        if (*words[i] != '\0')
            json_array_append_new (list, json_string (words[i]));
    }
    json_put (row, key, list);
    str_free_all (words, count);
}

static void
csv_row (struct import *im, const struct vec *columns, const struct vec *fields, size_t line)
{
    char *where = str_printf ("%s:%zu", im->name, line);
    json_t *row = json_object (), *labels = json_object ();
    im->findings_before = im->findings->count;
    if (fields->count > columns->count)
        host_finding_add (im->findings, where, "", "%zu fields, the first line names %zu columns",
                          fields->count, columns->count);
    for (size_t i = 0; i < fields->count && i < columns->count; i++) {
        const char *column = columns->items[i], *value = str_trim (fields->items[i]);
        if (*value == '\0')
            continue;
        if (!str_valid_utf8 (value, strlen (value)))
            host_finding_add (im->findings, where, column, "the value is no UTF-8");
        else if (str_starts (column, "label."))
            json_put_str (labels, column + strlen ("label."), value);
        else if (str_eq (column, "labels"))
            put_pairs (im, labels, value, where);
        else if (str_eq (column, "plugins"))
            put_list (row, "plugins", value);
        else
            json_put_str (row, column, value);
    }
    json_put (row, "labels", labels);
    import_row (im, row, where);
    mem_free (where);
}

static bool
stands_before (const struct vec *columns, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (str_eq (columns->items[k], columns->items[i]))
            return true;
    }
    return false;
}

static int32_t
csv_columns (const struct vec *columns, const char *name, size_t line, struct err *err)
{
    static const char *const known[] = {
        "name", "bmc", "user", "password_file", "trust", "pin", "ca", "labels", "plugins", "os",
        "os_user", "os_key", "os_password_file",
    };
    size_t count = sizeof known / sizeof *known;
    for (size_t i = 0; i < columns->count; i++) {
        char *column = columns->items[i], *trimmed = str_trim (column);
        memmove (column, trimmed, strlen (trimmed) + 1);
        if (stands_before (columns, i))
            return err_set (err, ERR_SYNTAX, "%s:%zu: the column \"%.60s\" is there twice", name,
                            line, column);
        bool found = str_starts (column, "label.");
        for (size_t k = 0; k < count && !found; k++)
            found = str_eq (column, known[k]);
        if (found)
            continue;
        const char *near = str_did_you_mean (column, known, count);
        err_set (err, ERR_SYNTAX, "%s:%zu: unknown column \"%.60s\"", name, line, column);
        err_hint (err, near != NULL ? "did you mean \"%s\"?"
                                    : "columns: name, bmc, user, password_file, labels … (%s)",
                  near != NULL ? near : "farrier help host import");
        return ERR_SYNTAX;
    }
    return 0;
}

int32_t
host_import_csv (const char *text, size_t len, const char *name, const char *dir,
                 struct vec *ret_specs, struct vec *findings, struct err *err)
{
    struct import im = { name, dir, ret_specs, findings, findings->count };
    struct csv csv = { text, text + len, 1 };
    struct vec columns = { 0 }, fields = { 0 };
    size_t line = 0;
    const char *wrong = NULL;
    int32_t rc = 0;
    if (len >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0)
        csv.p += 3;
    while (rc == 0 && csv_record (&csv, &fields, &line, &wrong)) {
        if (wrong != NULL) {
            rc = err_set (err, ERR_SYNTAX, "%s:%zu: %s", name, line, wrong);
        } else if (blank (&fields)) {
            /* a comment */
        } else if (columns.count == 0) {
            rc = csv_columns (&fields, name, line, err);
            columns = fields;
            fields = (struct vec) { 0 };
        } else {
            csv_row (&im, &columns, &fields, line);
        }
        vec_free_with (&fields, mem_free);
        fields = (struct vec) { 0 };
    }
    if (rc == 0 && columns.count == 0)
        rc = err_set (err, ERR_SYNTAX, "%s is empty: its first line names the columns",
                      name);
    for (size_t i = 0; i < columns.count; i++)
        mem_free (columns.items[i]);
    vec_free (&columns);
    return rc;
}

int32_t
host_import_read (const char *path, struct vec *ret_specs, struct vec *findings, struct err *err)
{
    struct buf text = { 0 };
    int32_t rc = fs_read (path, LIST_MAX_BYTES, &text, err);
    if (rc < 0)
        return rc;
    const char *slash = strrchr (path, '/');
    char *dir = slash == NULL ? str_dup ("") : str_ndup (path, (size_t) (slash - path) + 1);
    if (text.data == NULL)
        buf_puts (&text, "");
    rc = str_ends (path, ".json")
             ? host_import_json (text.data, text.len, path, dir, ret_specs, findings, err)
             : host_import_csv (text.data, text.len, path, dir, ret_specs, findings, err);
    mem_free (dir);
    buf_free (&text);
    return rc;
}
