/* str: see str.h. What encodes or decodes (hex, base 64, UTF-8) is in str-code.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"

#define WORD_MAX 128           /* longer words are not compared: nobody meant them */

char *
str_dup (const char *s)
{
    return s == NULL ? NULL : mem_dup (s, strlen (s) + 1);
}

char *
str_ndup (const char *s, size_t len)
{
    char *copy;

    if (s == NULL) {
        return NULL;
    }
    len = strnlen (s, len);
    copy = mem_alloc (len + 1);
    memcpy (copy, s, len);
    return copy;
}

char *
str_vprintf (const char *fmt, va_list ap)
{
    struct buf b = { 0 };

    buf_vprintf (&b, fmt, ap);
    return buf_steal (&b);
}

char *
str_printf (const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start (ap, fmt);
    s = str_vprintf (fmt, ap);
    va_end (ap);
    return s;
}

void
str_set (char **dst, const char *s)
{
    char *copy = str_dup (s);  /* first: s may point into *dst */

    mem_free (*dst);
    *dst = copy;
}

size_t
str_copy (char *dst, size_t dst_size, const char *src)
{
    size_t len = strlen (src);

    if (dst_size > 0) {
        size_t take = len < dst_size ? len : dst_size - 1;

        memcpy (dst, src, take);
        dst[take] = '\0';
    }
    return len;
}

size_t
str_format (char *dst, size_t dst_size, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start (ap, fmt);
    len = vsnprintf (dst, dst_size, fmt, ap);
    va_end (ap);
    return len < 0 ? 0 : (size_t) len;
}

bool
str_eq (const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp (a, b) == 0;
}

bool
str_case_eq (const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcasecmp (a, b) == 0;
}

bool
str_starts (const char *s, const char *prefix)
{
    return s != NULL && strncmp (s, prefix, strlen (prefix)) == 0;
}

bool
str_ends (const char *s, const char *suffix)
{
    size_t len = s == NULL ? 0 : strlen (s), tail = strlen (suffix);

    return s != NULL && len >= tail && strcmp (s + len - tail, suffix) == 0;
}

bool
str_case_contains (const char *haystack, const char *needle)
{
    return haystack != NULL && strcasestr (haystack, needle) != NULL;
}

bool
str_empty (const char *s)
{
    return s == NULL || s[0] == '\0';
}

char *
str_trim (char *s)
{
    size_t len;

    while (isspace ((unsigned char) *s)) {
        s++;
    }
    len = strlen (s);
    while (len > 0 && isspace ((unsigned char) s[len - 1])) {
        len--;
    }
    s[len] = '\0';
    return s;
}

static unsigned char
folded (char c, bool fold_case)
{
    return (unsigned char) (fold_case ? tolower ((unsigned char) c) : c);
}

/* One [set] at *pattern (behind the bracket). Moves *pattern behind it; an unclosed set matches
 * nothing. */
static bool
match_set (const char **pattern, char c, bool fold_case)
{
    const char *p = *pattern;
    bool negate = *p == '!' || *p == '^', found = false;
    unsigned char want = folded (c, fold_case);

    p += negate ? 1 : 0;
    for (bool first = true; *p != '\0' && (*p != ']' || first); first = false) {
        unsigned char low = folded (*p, fold_case), high = low;

        if (p[1] == '-' && p[2] != ']' && p[2] != '\0') {
            high = folded (p[2], fold_case);
            p += 2;
        }
        found = found || (want >= low && want <= high);
        p++;
    }
    if (*p != ']') {
        return false;
    }
    *pattern = p + 1;
    return found != negate;
}

/* Goes back to the last star only: linear in pattern times text, whatever a stranger writes. */
bool
str_glob (const char *pattern, const char *s, bool fold_case)
{
    const char *star = NULL, *star_at = NULL;

    for (;;) {
        const char *rest = pattern + 1;
        bool ok;

        if (*pattern == '*') {
            star = ++pattern;
            star_at = s;
            continue;
        }
        if (*s == '\0') {
            return *pattern == '\0';
        }
        if (*pattern == '[') {
            ok = match_set (&rest, *s, fold_case);
        } else {
            ok = *pattern == '?' || (*pattern != '\0'
                && folded (*pattern, fold_case) == folded (*s, fold_case));
        }
        if (ok) {
            pattern = rest;
            s++;
        } else if (star != NULL) {
            pattern = star;
            s = ++star_at;
        } else {
            return false;
        }
    }
}

char **
str_split (const char *s, char sep, size_t *ret_count)
{
    size_t count = 1, n = 0;
    char **pieces;

    if (str_empty (s)) {
        *ret_count = 0;
        return mem_array (1, sizeof (pieces[0]));
    }
    for (const char *p = s; *p != '\0'; p++) {
        count += *p == sep ? 1 : 0;
    }
    pieces = mem_array (count + 1, sizeof (pieces[0]));
    for (const char *p = s; n < count; n++) {
        const char *end = strchrnul (p, sep);
        char *raw = str_ndup (p, (size_t) (end - p));

        pieces[n] = str_dup (str_trim (raw));
        mem_free (raw);
        p = end + 1;
    }
    *ret_count = count;
    return pieces;
}

void
str_free_all (char **v, size_t count)
{
    for (size_t i = 0; v != NULL && i < count; i++) {
        mem_free (v[i]);
    }
    mem_free (v);
}

char *
str_join (char *const *v, size_t count, const char *sep)
{
    struct buf b = { 0 };

    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            buf_puts (&b, sep);
        }
        buf_puts (&b, v[i]);
    }
    return buf_steal (&b);
}

int
str_compare_natural (const char *a, const char *b)
{
    const char *a0 = a, *b0 = b;

    while (*a != '\0' && *b != '\0') {
        if (isdigit ((unsigned char) *a) && isdigit ((unsigned char) *b)) {
            size_t na, nb;
            int order;

            a += strspn (a, "0");
            b += strspn (b, "0");
            na = strspn (a, "0123456789");
            nb = strspn (b, "0123456789");
            order = na != nb ? (na < nb ? -1 : 1) : strncmp (a, b, na);
            if (order != 0) {
                return order;
            }
            a += na;
            b += nb;
        } else if (*a != *b) {
            return (unsigned char) *a < (unsigned char) *b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    if (*a != *b) {
        return *a == '\0' ? -1 : 1;
    }
    return strcmp (a0, b0);    /* "07" and "7" are not the same string */
}

bool
str_to_i64 (const char *s, int64_t *ret)
{
    char *end;
    long long value;

    if (s == NULL || !(isdigit ((unsigned char) s[0]) || s[0] == '-')) {
        return false;
    }
    errno = 0;
    value = strtoll (s, &end, 10);
    if (errno != 0 || *end != '\0' || end == s) {
        return false;
    }
    *ret = value;
    return true;
}

bool
str_to_u64 (const char *s, uint64_t *ret)
{
    char *end;
    unsigned long long value;

    if (s == NULL || !isdigit ((unsigned char) s[0])) {
        return false;
    }
    errno = 0;
    value = strtoull (s, &end, 10);
    if (errno != 0 || *end != '\0') {
        return false;
    }
    *ret = value;
    return true;
}

static size_t
smallest (size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Edits between two words, case aside; a swap of neighbours is one edit. */
static size_t
edit_distance (const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1], na = strlen (a), nb = strlen (b);
    size_t *before = rows[0], *last = rows[1], *now = rows[2];

    if (na > WORD_MAX || nb > WORD_MAX) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= nb; j++) {
        last[j] = j;
        before[j] = j;
    }
    for (size_t i = 1; i <= na; i++) {
        size_t *oldest = before;

        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            bool same = folded (a[i - 1], true) == folded (b[j - 1], true);

            now[j] = smallest (last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0 : 1));
            if (i > 1 && j > 1 && folded (a[i - 1], true) == folded (b[j - 2], true)
                && folded (a[i - 2], true) == folded (b[j - 1], true)
                && before[j - 2] + 1 < now[j]) {
                now[j] = before[j - 2] + 1;
            }
        }
        before = last;
        last = now;
        now = oldest;
    }
    return last[nb];
}

const char *
str_did_you_mean (const char *word, const char *const *candidates, size_t count)
{
    size_t best = 2 + strlen (word) / 4;
    const char *found = NULL;

    for (size_t i = 0; i < count; i++) {
        size_t edits = edit_distance (word, candidates[i]);

        if (edits < best) {
            best = edits;
            found = candidates[i];
        }
    }
    return found;
}

char *
str_human_bytes (uint64_t bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    uint64_t whole = bytes, rest = 0;
    size_t unit = 0;

    while (whole >= 1024 && unit + 1 < sizeof (units) / sizeof (units[0])) {
        rest = whole % 1024;
        whole /= 1024;
        unit++;
    }
    if (rest * 10 / 1024 == 0) {
        return str_printf ("%llu %s", (unsigned long long) whole, units[unit]);
    }
    return str_printf ("%llu.%llu %s", (unsigned long long) whole,
                       (unsigned long long) (rest * 10 / 1024), units[unit]);
}
