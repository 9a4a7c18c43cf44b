/* version_text: a version as a BMC shows it, cut into family, version, build, qualifier, date.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "firmware/version_text.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"

static int
make_date (int year, int month, int day)
{
    bool good = year >= 1980 && year <= 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31;

    return good ? year * 10000 + month * 100 + day : 0;
}

/* Exactly `digits` digits at s. */
static bool
read_digits (const char *s, size_t digits, int *ret)
{
    int n = 0;

    for (size_t i = 0; i < digits; i++) {
        if (!isdigit ((unsigned char) s[i])) {
            return false;
        }
        n = n * 10 + (s[i] - '0');
    }
    *ret = n;
    return true;
}

/* 10/05/2024, 2024-10-05; 0 when it is none. */
static int
parse_date (const char *s)
{
    int year, month, day;

    if (strlen (s) != 10) {
        return 0;
    }
    if (s[2] == '/' && s[5] == '/' && read_digits (s, 2, &month) && read_digits (s + 3, 2, &day) &&
        read_digits (s + 6, 4, &year)) {
        return make_date (year, month, day);
    }
    if (s[4] == '-' && s[7] == '-' && read_digits (s, 4, &year) && read_digits (s + 5, 2, &month) &&
        read_digits (s + 8, 2, &day)) {
        return make_date (year, month, day);
    }
    return 0;
}

/* 20240131 */
static int
parse_compact_date (const char *s)
{
    int n;

    return strlen (s) == 8 && read_digits (s, 8, &n) ? make_date (n / 10000, n / 100 % 100, n % 100)
                                                     : 0;
}

static int
parse_month (const char *s)
{
    static const char *const names[] = { "jan", "feb", "mar", "apr", "may", "jun",
                                         "jul", "aug", "sep", "oct", "nov", "dec" };

    for (int i = 0; i < 12 && strlen (s) == 3; i++) {
        if (str_case_eq (s, names[i])) {
            return i + 1;
        }
    }
    return 0;
}

/* "Sep" "04" "2022" at words[i]; "04," too. */
static int
parse_long_date (const struct vec *words, size_t i)
{
    const char *day_text;
    int month, day, year;
    size_t digits;

    if (i + 2 >= words->count) {
        return 0;
    }
    month = parse_month (words->items[i]);
    day_text = words->items[i + 1];
    digits = strspn (day_text, "0123456789");
    if (month == 0 || digits == 0 || digits > 2 || !read_digits (day_text, digits, &day) ||
        strlen (words->items[i + 2]) != 4 || !read_digits (words->items[i + 2], 4, &year)) {
        return 0;
    }
    return make_date (year, month, day);
}

/* Words that say nothing about which version it is. */
static bool
is_noise (const char *word)
{
    static const char *const noise[] = { "ver", "ver.", "version", "rev", "rev.", "date", "date:",
                                         "bios", "build", "v", "version:", "ver:" };

    for (size_t i = 0; i < sizeof (noise) / sizeof (noise[0]); i++) {
        if (str_case_eq (word, noise[i])) {
            return true;
        }
    }
    return false;
}

/* Blanks and brackets part words. */
static void
split_words (const char *text, struct vec *ret)
{
    static const char blanks[] = " \t\r\n()[]";

    for (const char *at = text + strspn (text, blanks); *at != '\0'; at += strspn (at, blanks)) {
        size_t len = strcspn (at, blanks);

        vec_push (ret, str_ndup (at, len));
        at += len;
    }
}

/* Takes the dates out; the last one counts. */
static int
take_dates (struct vec *words)
{
    int date = 0, found;

    for (size_t i = 0; i < words->count;) {
        size_t len = 1;

        found = parse_date (words->items[i]);
        if (found == 0) {
            found = parse_long_date (words, i);
            len = 3;
        }
        if (found == 0) {
            i++;
            continue;
        }
        date = found;
        while (len-- > 0) {
            mem_free (vec_remove (words, i));
        }
    }
    return date;
}

static const char *
skip_v (const char *word)
{
    bool v = (word[0] == 'v' || word[0] == 'V') && isdigit ((unsigned char) word[1]);

    return v ? word + 1 : word;
}

/* Which word is the version? words->count when none looks like one. */
static size_t
find_proper (const struct vec *words)
{
    for (size_t i = 0; i < words->count; i++) {
        const char *dot = strchr (words->items[i], '.');

        if (dot != NULL && dot[1] != '\0' && strpbrk (words->items[i], "0123456789") != NULL) {
            return i;
        }
    }
    for (size_t i = 0; i < words->count; i++) {
        const char *word = skip_v (words->items[i]);

        if (isdigit ((unsigned char) word[0])) {
            return i;
        }
    }
    return words->count == 1 ? 0 : words->count;
}

/* "CDI3A8E-3.20": six to eight upper-case letters and digits, both among them, then a version. */
static size_t
build_length (const char *word)
{
    const char *dash = strchr (word, '-');
    bool letter = false, digit = false;

    if (dash == NULL || dash - word < 6 || dash - word > 8 || !isupper ((unsigned char) word[0]) ||
        !isdigit ((unsigned char) dash[1]) || strchr (dash, '.') == NULL) {
        return 0;
    }
    for (const char *at = word; at < dash; at++) {
        letter = letter || isupper ((unsigned char) *at);
        digit = digit || isdigit ((unsigned char) *at);
        if (!isupper ((unsigned char) *at) && !isdigit ((unsigned char) *at)) {
            return 0;
        }
    }
    return letter && digit ? (size_t) (dash - word) : 0;
}

/* NULL when nothing is left but noise. */
static char *
join_words (const struct vec *words, size_t from, size_t to)
{
    struct buf b = { 0 };

    for (size_t i = from; i < to; i++) {
        if (!is_noise (words->items[i])) {
            buf_printf (&b, "%s%s", b.len == 0 ? "" : " ", (const char *) words->items[i]);
        }
    }
    if (b.len == 0) {
        buf_free (&b);
        return NULL;
    }
    return buf_steal (&b);
}

static void
take_proper (const char *word, struct version_text *ret)
{
    size_t build = build_length (word);

    if (build > 0) {
        ret->build = str_ndup (word, build);
        word += build + 1;
    }
    ret->proper = str_dup (skip_v (word));
}

void
version_text_parse (const char *text, struct version_text *ret)
{
    struct version_text t = { 0 };
    struct vec words = { 0 };
    size_t at;

    split_words (text, &words);
    t.date = take_dates (&words);
    at = find_proper (&words);
    if (words.count == 1 && parse_compact_date (words.items[0]) != 0) {
        t.date = parse_compact_date (words.items[0]);
    } else if (at < words.count) {
        take_proper (words.items[at], &t);
        t.family = join_words (&words, 0, at);
        t.qualifier = join_words (&words, at + 1, words.count);
    } else if (t.date == 0 || words.count > 0) {
        char *copy = str_dup (text);

        t.opaque = true;
        t.proper = str_dup (str_trim (copy));
        mem_free (copy);
    }
    vec_free_with (&words, mem_free);
    *ret = t;
}

void
version_text_clear (struct version_text *t)
{
    mem_free (t->family);
    mem_free (t->proper);
    mem_free (t->build);
    mem_free (t->qualifier);
}
