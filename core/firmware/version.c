/* version: the general order of versions that are already cut into family, version and date.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "firmware/version.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "firmware/version_text.h"

/* A run of digits or of letters. */
struct token {
    const char *start;
    size_t len;
    bool number;
    bool separated;                /* a separator stands before it */
    bool end;                      /* there is no further one */
};

static const char *const trial_words[] = { "alpha", "beta", "dev", "pre", "rc" };

static bool
is_separator (char c)
{
    return strchr (".-_+~:", c) != NULL && c != '\0';
}

/* Takes the next token off *at. */
static struct token
next_token (const char **at)
{
    struct token t = { .start = *at };

    while (is_separator (**at)) {
        t.separated = true;
        (*at)++;
    }
    t.start = *at;
    if (**at == '\0') {
        t.end = true;
        return t;
    }
    t.number = isdigit ((unsigned char) **at) != 0;
    while (**at != '\0' && !is_separator (**at) &&
           (isdigit ((unsigned char) **at) != 0) == t.number) {
        (*at)++;
        t.len++;
    }
    return t;
}

static bool
is_trial (const struct token *t)
{
    for (size_t i = 0; !t->number && i < sizeof (trial_words) / sizeof (trial_words[0]); i++) {
        if (strlen (trial_words[i]) == t->len &&
            strncasecmp (trial_words[i], t->start, t->len) == 0) {
            return true;
        }
    }
    return false;
}

static bool
is_zero (const struct token *t)
{
    for (size_t i = 0; i < t->len; i++) {
        if (t->start[i] != '0') {
            return false;
        }
    }
    return t->number;
}

static enum version_order
order_of (int compared)
{
    return compared < 0 ? VERSION_LESS : compared > 0 ? VERSION_GREATER : VERSION_EQUAL;
}

static enum version_order
reverse (enum version_order order)
{
    return order == VERSION_INCOMPARABLE ? order : (enum version_order) -order;
}

/* Numbers of any length. */
static enum version_order
compare_numbers (struct token a, struct token b)
{
    while (a.len > 0 && *a.start == '0') {
        a.start++;
        a.len--;
    }
    while (b.len > 0 && *b.start == '0') {
        b.start++;
        b.len--;
    }
    if (a.len != b.len) {
        return a.len < b.len ? VERSION_LESS : VERSION_GREATER;
    }
    return order_of (strncmp (a.start, b.start, a.len));
}

static enum version_order
compare_letters (const struct token *a, const struct token *b)
{
    size_t len = a->len < b->len ? a->len : b->len;
    bool trial = is_trial (a);
    int compared;

    if (trial != is_trial (b)) {
        return trial ? VERSION_LESS : VERSION_GREATER;
    }
    if (!trial && a->separated != b->separated) {
        return VERSION_INCOMPARABLE;
    }
    compared = strncasecmp (a->start, b->start, len);
    return order_of (compared != 0 ? compared : (a->len > len) - (b->len > len));
}

/* The other side has ended; what does this rest make of it? GREATER: the longer one is newer. */
static enum version_order
compare_rest (struct token t, const char *at)
{
    bool zeros = false;

    while (!t.end && is_zero (&t)) {
        zeros = true;
        t = next_token (&at);
    }
    if (t.end || (zeros && !t.number)) {
        return VERSION_INCOMPARABLE;
    }
    if (t.number) {
        return VERSION_GREATER;
    }
    if (is_trial (&t)) {
        return VERSION_LESS;
    }
    return t.separated ? VERSION_INCOMPARABLE : VERSION_GREATER;
}

/* A number against letters: only a trial word is known to be below. */
static enum version_order
compare_kinds (const struct token *a, const struct token *b)
{
    if (is_trial (a)) {
        return VERSION_LESS;
    }
    return is_trial (b) ? VERSION_GREATER : VERSION_INCOMPARABLE;
}

static enum version_order
compare_tokens (const char *a, const char *b)
{
    enum version_order order = VERSION_EQUAL;

    for (;;) {
        struct token x = next_token (&a), y = next_token (&b);

        if (x.end || y.end) {
            return x.end && y.end ? VERSION_EQUAL
                   : x.end        ? reverse (compare_rest (y, b))
                                  : compare_rest (x, a);
        }
        if (x.number != y.number) {
            return compare_kinds (&x, &y);
        }
        order = x.number ? compare_numbers (x, y) : compare_letters (&x, &y);
        if (order != VERSION_EQUAL) {
            return order;
        }
    }
}

/* Two upper-case hexadecimal digits, a dot, two more …; *ret_letter: a letter is among them. */
static bool
is_hex_parts (const char *s, bool *ret_letter)
{
    size_t parts = 0;

    *ret_letter = false;
    for (;; s++) {
        for (int i = 0; i < 2; i++, s++) {
            if (*s == '\0' || strchr ("0123456789ABCDEF", *s) == NULL) {
                return false;
            }
            *ret_letter = *ret_letter || isalpha ((unsigned char) *s);
        }
        parts++;
        if (*s != '.') {
            return *s == '\0' && parts > 1;
        }
    }
}

static bool
is_hex_number (const char *s)
{
    return strncasecmp (s, "0x", 2) == 0 && s[2] != '\0' &&
           strspn (s + 2, "0123456789abcdefABCDEF") == strlen (s + 2);
}

static enum version_order
compare_hex_number (const char *a, const char *b)
{
    size_t x, y;

    a += 2 + strspn (a + 2, "0");
    b += 2 + strspn (b + 2, "0");
    x = strlen (a);
    y = strlen (b);
    return x != y ? (x < y ? VERSION_LESS : VERSION_GREATER) : order_of (strcasecmp (a, b));
}

/* Digits sort before upper-case letters, and all parts have one width. A missing part is not 0. */
static enum version_order
compare_hex_parts (const char *a, const char *b)
{
    size_t x = strlen (a), y = strlen (b), common = x < y ? x : y;
    const char *rest = x > y ? a + common : b + common;
    int compared = strncmp (a, b, common);

    if (compared != 0 || x == y) {
        return order_of (compared);
    }
    if (strspn (rest, "0.") == strlen (rest)) {
        return VERSION_INCOMPARABLE;
    }
    return x < y ? VERSION_LESS : VERSION_GREATER;
}

static enum version_order
compare_proper (const char *a, const char *b)
{
    bool hex_a, hex_b, parts_a, parts_b;

    if (is_hex_number (a) || is_hex_number (b)) {
        return is_hex_number (a) && is_hex_number (b) ? compare_hex_number (a, b)
                                                      : VERSION_INCOMPARABLE;
    }
    parts_a = is_hex_parts (a, &hex_a);
    parts_b = is_hex_parts (b, &hex_b);
    if (parts_a && parts_b && (hex_a || hex_b)) {
        return compare_hex_parts (a, b);
    }
    if ((parts_a && hex_a) || (parts_b && hex_b)) {
        return str_case_eq (a, b) ? VERSION_EQUAL : VERSION_INCOMPARABLE;
    }
    return compare_tokens (a, b);
}

static enum version_order
compare_texts (const struct version_text *a, const struct version_text *b)
{
    enum version_order order;

    if (a->opaque || b->opaque) {
        return a->opaque && b->opaque && str_case_eq (a->proper, b->proper) ? VERSION_EQUAL
                                                                            : VERSION_INCOMPARABLE;
    }
    if ((a->proper == NULL) != (b->proper == NULL) || !str_case_eq (a->family, b->family) ||
        !str_case_eq (a->qualifier, b->qualifier)) {
        return VERSION_INCOMPARABLE;
    }
    order = a->proper == NULL ? VERSION_EQUAL : compare_proper (a->proper, b->proper);
    if (order != VERSION_EQUAL) {
        return order;
    }
    if (!str_case_eq (a->build, b->build)) {
        return VERSION_INCOMPARABLE;
    }
    if (a->date == 0 || b->date == 0 || a->date == b->date) {
        return VERSION_EQUAL;
    }
    return a->date < b->date ? VERSION_LESS : VERSION_GREATER;
}

enum version_order
version_compare (const char *a, const char *b)
{
    struct version_text x, y;
    enum version_order order;

    if (!version_present (a) || !version_present (b)) {
        return VERSION_INCOMPARABLE;
    }
    version_text_parse (a, &x);
    version_text_parse (b, &y);
    order = compare_texts (&x, &y);
    version_text_clear (&x);
    version_text_clear (&y);
    return order;
}

const char *
version_order_name (enum version_order order)
{
    switch (order) {
    case VERSION_LESS:
        return "less";
    case VERSION_EQUAL:
        return "equal";
    case VERSION_GREATER:
        return "greater";
    case VERSION_INCOMPARABLE:
        break;
    }
    return "incomparable";
}

bool
version_present (const char *version)
{
    static const char *const none[] = { "N/A", "NA", "None", "Unknown", "Not Present",
                                        "Not Available" };
    char *copy, *text;
    bool present;

    if (version == NULL) {
        return false;
    }
    copy = str_dup (version);
    text = str_trim (copy);
    present = text[0] != '\0' && text[0] != '-';
    for (size_t i = 0; present && i < sizeof (none) / sizeof (none[0]); i++) {
        present = !str_case_eq (text, none[i]);
    }
    mem_free (copy);
    return present;
}

bool
version_same (const char *a, const char *b)
{
    char *x, *y;
    bool same;

    if (!version_present (a) || !version_present (b)) {
        return false;
    }
    x = str_dup (a);
    y = str_dup (b);
    same = str_eq (str_trim (x), str_trim (y));
    mem_free (x);
    mem_free (y);
    return same || version_compare (a, b) == VERSION_EQUAL;
}

enum version_order
version_compare_with (const struct version_comparer *comparer, enum farrier_component_type type,
                      const char *a, const char *b)
{
    enum version_order order;

    if (comparer != NULL && comparer->compare != NULL && version_present (a) &&
        version_present (b) && comparer->compare (comparer->ctx, type, a, b, &order)) {
        return order;
    }
    return version_compare (a, b);
}
