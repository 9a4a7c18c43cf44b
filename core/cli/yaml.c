/* yaml: a JSON document as YAML 1.2 that every reader takes the same way.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/output.h"

/* Words that some readers take for something else than a text. */
static bool
is_reserved (const char *s)
{
    static const char *const words[] = { "null", "~", "true", "false", "yes", "no", "on", "off",
                                         "y", "n", "nan", "inf" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (str_case_eq (s, words[i]))
            return true;
    }
    return false;
}

/* Plain only where it cannot be misread: a letter or a slash first, then a few signs. */
static bool
is_plain (const char *s)
{
    if (!(isalpha ((unsigned char) *s) || *s == '/') || is_reserved (s))
        return false;
    for (const char *p = s; *p != '\0'; p++) {
        if (isalnum ((unsigned char) *p) || strchr ("_./-()+@", *p) != NULL)
            continue;
        if (*p == ' ' && p[1] != '\0' && p[1] != '#')
            continue;
        if (*p == ':' && p[1] != ' ' && p[1] != '\0')
            continue;
        return false;
    }
    return true;
}

static void
scalar (const json_t *v, struct buf *ret)
{
    if (json_is_string (v) && is_plain (json_string_value (v))) {
        buf_puts (ret, json_string_value (v));
        return;
    }
    char *text = json_dumps (v, JSON_ENCODE_ANY | JSON_COMPACT);
    buf_puts (ret, text == NULL ? "null" : text);
    mem_free (text);
}

static void
key_text (const char *key, struct buf *ret)
{
    json_t *v = json_string (key);
    scalar (v, ret);
    json_decref (v);
}

static bool
is_leaf (const json_t *v)
{
    return !(json_is_object (v) && json_object_size (v) > 0)
           && !(json_is_array (v) && json_array_size (v) > 0);
}

static void
indent (struct buf *ret, int depth)
{
    for (int i = 0; i < depth; i++)
        buf_puts (ret, "  ");
}

/* first: the text before it on this line is the "- " of a list. */
static void
node (const json_t *v, int depth, bool first, struct buf *ret)
{
    const char *key;
    json_t *member;
    size_t i;
    if (is_leaf (v)) {
        scalar (v, ret);
        buf_putc (ret, '\n');
        return;
    }
    json_object_foreach ((json_t *) v, key, member) {
        if (!first)
            indent (ret, depth);
        first = false;
        key_text (key, ret);
        buf_puts (ret, is_leaf (member) ? ": " : ":\n");
        node (member, depth + 1, false, ret);
    }
    json_array_foreach ((json_t *) v, i, member) {
        if (!first)
            indent (ret, depth);
        first = false;
        buf_puts (ret, "- ");
        node (member, depth + 1, true, ret);
    }
}

void
output_yaml (const json_t *v, struct buf *ret)
{
    node (v, 0, false, ret);
}
