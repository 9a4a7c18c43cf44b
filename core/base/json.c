/* json: see json.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

#define POINTER_TOKEN_MAX 512

/* jansson recurses into arrays and objects: the text is measured before it sees it. Brackets inside
 * strings do not count. Returns the offset of the bracket that is too deep, or SIZE_MAX. */
static size_t
too_deep_at (const char *text, size_t len)
{
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (in_string) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > JSON_DEPTH_MAX) {
                return i;
            }
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return SIZE_MAX;
}

json_t *
json_parse (const char *text, size_t len, struct err *err)
{
    size_t deep = too_deep_at (text, len);
    json_error_t why;
    json_t *v;

    if (deep != SIZE_MAX) {
        err_set (err, FARRIER_E_INVALID, "JSON is nested deeper than %d levels (byte %zu)",
                 JSON_DEPTH_MAX, deep);
        return NULL;
    }
    v = json_loadb (text, len, JSON_DECODE_ANY, &why);
    if (v == NULL) {
        err_set (err, FARRIER_E_INVALID, "not JSON at line %d, column %d: %s", why.line,
                 why.column, why.text);
    }
    return v;
}

json_t *
json_stored (const char *text, json_t *fallback)
{
    json_t *v = str_empty (text) ? NULL : json_parse (text, strlen (text), NULL);

    if (v == NULL) {
        return fallback;
    }
    json_decref (fallback);
    return v;
}

static char *
dump (const json_t *v, size_t flags)
{
    char *raw = json_dumps (v, flags | JSON_ENCODE_ANY), *text;

    /* Only an unrepresentable value (none of ours) or memory makes jansson say NULL. */
    if (raw == NULL) {
        return str_dup ("null");
    }
    text = str_dup (raw);
    free (raw);
    return text;
}

char *
json_text (const json_t *v)
{
    return dump (v, JSON_COMPACT | JSON_SORT_KEYS);
}

char *
json_pretty (const json_t *v)
{
    return dump (v, JSON_INDENT (2));
}

/* One reference token with ~0 and ~1 undone; false when too long or malformed. */
static bool
unescape (const char *from, size_t len, char ret[POINTER_TOKEN_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = from[i];

        if (n + 1 >= POINTER_TOKEN_MAX) {
            return false;
        }
        if (c == '~') {
            if (i + 1 >= len || (from[i + 1] != '0' && from[i + 1] != '1')) {
                return false;
            }
            c = from[++i] == '0' ? '~' : '/';
        }
        ret[n++] = c;
    }
    ret[n] = '\0';
    return true;
}

static json_t *
child (const json_t *v, const char *token)
{
    uint64_t index;

    if (json_is_object (v)) {
        return json_object_get (v, token);
    }
    if (!json_is_array (v) || (token[0] == '0' && token[1] != '\0')
        || !str_to_u64 (token, &index)) {
        return NULL;
    }
    return index > SIZE_MAX ? NULL : json_array_get (v, (size_t) index);
}

json_t *
json_at (const json_t *v, const char *pointer)
{
    char token[POINTER_TOKEN_MAX];

    while (v != NULL && *pointer != '\0') {
        const char *end;

        if (*pointer != '/') {
            return NULL;
        }
        pointer++;
        end = strchrnul (pointer, '/');
        if (!unescape (pointer, (size_t) (end - pointer), token)) {
            return NULL;
        }
        v = child (v, token);
        pointer = end;
    }
    return (json_t *) v;
}

const char *
json_str (const json_t *v, const char *pointer)
{
    return json_string_value (json_at (v, pointer));
}

const char *
json_str_or (const json_t *v, const char *pointer, const char *fallback)
{
    const char *s = json_str (v, pointer);

    return s == NULL ? fallback : s;
}

long long
json_int_or (const json_t *v, const char *pointer, long long fallback)
{
    const json_t *n = json_at (v, pointer);

    return json_is_integer (n) ? (long long) json_integer_value (n) : fallback;
}

bool
json_bool_or (const json_t *v, const char *pointer, bool fallback)
{
    const json_t *b = json_at (v, pointer);

    return json_is_boolean (b) ? json_is_true (b) : fallback;
}

char *
json_scalar_text (const json_t *v)
{
    if (json_is_string (v)) {
        return str_dup (json_string_value (v));
    }
    if (json_is_integer (v)) {
        return str_printf ("%lld", (long long) json_integer_value (v));
    }
    return json_is_boolean (v) ? str_dup (json_is_true (v) ? "true" : "false") : NULL;
}

/* jansson refuses strings that are not UTF-8: what a stranger sent is kept, with U+FFFD for each
 * bad byte. */
static json_t *
string_value (const char *s)
{
    json_t *v;
    struct buf b = { 0 };

    if (s == NULL) {
        return json_null ();
    }
    v = json_string (s);
    if (v != NULL) {
        return v;
    }
    while (*s != '\0') {
        size_t n = 1, left = strlen (s);

        while (n < 4 && n < left && !str_valid_utf8 (s, n)) {
            n++;
        }
        if (str_valid_utf8 (s, n)) {
            buf_append (&b, s, n);
            s += n;
        } else {
            buf_puts (&b, "\xef\xbf\xbd");
            s++;
        }
    }
    v = json_string (b.data);
    buf_free (&b);
    return v;
}

void
json_put (json_t *object, const char *key, json_t *value)
{
    json_object_set_new (object, key, value == NULL ? json_null () : value);
}

void
json_put_str (json_t *object, const char *key, const char *s)
{
    json_put (object, key, string_value (s));
}

void
json_put_int (json_t *object, const char *key, long long n)
{
    json_put (object, key, json_integer (n));
}

void
json_put_bool (json_t *object, const char *key, bool b)
{
    json_put (object, key, json_boolean (b));
}
