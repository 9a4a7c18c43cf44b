/* range: the Range header of a GET, one range only (RFC 9110, 14.2).
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "web/range.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"

/* Digits only: str_to_u64 alone may be kinder. */
static bool
read_number (const char *s, uint64_t *ret)
{
    return *s != '\0' && strspn (s, "0123456789") == strlen (s) && str_to_u64 (s, ret);
}

/* "first-last", "first-" or "-count"; dash points into it and is a NUL by now. */
static enum range_kind
parse_spec (const char *spec, const char *after, uint64_t size, uint64_t *ret_first,
            uint64_t *ret_len)
{
    uint64_t first, last = UINT64_MAX;

    if (*spec == '\0') {
        if (!read_number (after, &last)) {
            return RANGE_NONE;
        }
        if (last == 0 || size == 0) {
            return RANGE_BEYOND;
        }
        *ret_len = last < size ? last : size;
        *ret_first = size - *ret_len;
        return RANGE_PART;
    }
    if (!read_number (spec, &first) || (*after != '\0' && !read_number (after, &last)) ||
        last < first) {
        return RANGE_NONE;
    }
    if (first >= size) {
        return RANGE_BEYOND;
    }
    *ret_first = first;
    *ret_len = (last >= size ? size - 1 : last) - first + 1;
    return RANGE_PART;
}

enum range_kind
range_parse (const char *header, uint64_t size, uint64_t *ret_first, uint64_t *ret_len)
{
    enum range_kind kind = RANGE_NONE;
    char *copy, *spec, *dash;

    if (header == NULL || strncasecmp (header, "bytes=", 6) != 0) {
        return RANGE_NONE;
    }
    copy = str_dup (header + 6);
    spec = str_trim (copy);
    dash = strchr (spec, '-');
    if (dash != NULL) {
        *dash = '\0';
        kind = parse_spec (spec, dash + 1, size, ret_first, ret_len);
    }
    mem_free (copy);
    return kind;
}
