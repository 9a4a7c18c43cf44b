/* scan: finds what libconfig 1.5 swallows (integers over 31 bits, unended comments) or tells as a
 * bare "syntax error", and names it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/private.h"

struct scan {
    struct conf *conf;
    struct lexer lexer;
    struct token now;                  /* the word that is looked at */
    struct token suspect;              /* the first string over several lines: perhaps unclosed */
    int depth;
};

static bool parse_group_body (struct scan *s, const struct token *open);
static bool parse_value (struct scan *s, const char *of);

/* The finding that ends the reading. A string that swallowed lines with '=' in them is the better
 * explanation of whatever came after it. Always false. */
static bool
fail_at (struct scan *s, const struct token *t, const char *fmt, ...)
    __attribute__ ((format (printf, 3, 4)));

static bool
fail_at (struct scan *s, const struct token *t, const char *fmt, ...)
{
    va_list ap;

    if (s->lexer.failed && s->suspect.start == NULL) {
        return false;
    }
    va_start (ap, fmt);
    if (s->suspect.start != NULL) {
        conf_add_finding (s->conf, s->suspect.file, s->suspect.line,
                          "the string that begins here has no closing '\"' on its line");
    } else {
        conf_vadd_finding (s->conf, t->file, t->line, fmt, ap);
    }
    va_end (ap);
    s->lexer.failed = true;
    s->suspect.start = NULL;
    return false;
}

static void
advance (struct scan *s)
{
    s->now = lexer_next (&s->lexer);
    if (s->now.kind == TOKEN_UNCLOSED) {
        fail_at (s, &s->now, "the string that begins here has no closing '\"'");
        s->now.kind = TOKEN_END;
    }
    if (s->now.spans_lines && s->now.kind == TOKEN_STRING && s->suspect.start == NULL
        && memchr (s->now.start, '=', s->now.len) != NULL) {
        s->suspect = s->now;
    }
}

/* The word as text, for messages. */
static const char *
word (const struct token *t, char ret[64])
{
    size_t len = t->len < 50 ? t->len : 50;

    if (t->kind == TOKEN_END) {
        str_copy (ret, 64, "the end of the file");
    } else if (iscntrl ((unsigned char) t->start[0])) {
        str_format (ret, 64, "byte 0x%02x", (unsigned) (unsigned char) t->start[0]);
    } else {
        str_format (ret, 64, "%.*s%s", (int) len, t->start, len < t->len ? "…" : "");
    }
    return ret;
}

static bool
is_mark (const struct token *t, char c)
{
    return t->kind != TOKEN_STRING && t->len == 1 && t->start[0] == c;
}

static char
closing (const struct token *open)
{
    return open->start[0] == '{' ? '}' : open->start[0] == '[' ? ']' : ')';
}

/* After "open": what stands here does not go on with it. */
static bool
fail_unclosed (struct scan *s, const struct token *open)
{
    char text[64];

    if (s->now.kind == TOKEN_CLOSE) {
        return fail_at (s, &s->now, "'%c' closes here, but '%c' of line %d is open",
                        s->now.start[0], open->start[0], open->line);
    }
    if (s->now.kind == TOKEN_END) {
        return fail_at (s, open, "'%c' is never closed: '%c' is missing", open->start[0],
                        closing (open));
    }
    return fail_at (s, &s->now, "unexpected %s", word (&s->now, text));
}

/* ---- numbers ---- */

/* A whole number as libconfig reads it: int over 31 bits needs an L, long long over 63 bits fails
 * for everybody. */
static bool
check_integer (struct scan *s, const char *text)
{
    bool negative = text[0] == '-';
    const char *digits = text + (text[0] == '-' || text[0] == '+' ? 1 : 0);
    bool hex = digits[0] == '0' && tolower ((unsigned char) digits[1]) == 'x';
    unsigned long long value, limit;
    char *end;
    bool is_long;

    errno = 0;
    value = strtoull (hex ? digits + 2 : digits, &end, hex ? 16 : 10);
    is_long = *end == 'L';
    limit = is_long ? (unsigned long long) INT64_MAX : (unsigned long long) INT32_MAX;
    if (errno == 0 && value <= limit + (negative ? 1 : 0)) {
        return true;
    }
    if (!is_long && errno == 0 && value <= (unsigned long long) INT64_MAX) {
        conf_add_finding (s->conf, s->now.file, s->now.line, "%s is over 31 bits: write %sL "
                          "(libconfig would silently read another number)", text, text);
    } else {
        conf_add_finding (s->conf, s->now.file, s->now.line, "%s is over 63 bits: no number here "
                          "can be so large", text);
    }
    return true;
}

static size_t
span (const char *text, size_t at, const char *allowed)
{
    return at + strspn (text + at, allowed);
}

/* Is it [-+]digits[L[L]], or 0xdigits[L[L]]? */
static bool
looks_integer (const char *text)
{
    size_t at = text[0] == '-' || text[0] == '+' ? 1 : 0, end;

    if (text[at] == '0' && tolower ((unsigned char) text[at + 1]) == 'x') {
        end = span (text, at + 2, "0123456789abcdefABCDEF");
        if (at > 0 || end == at + 2) {
            return false;
        }
    } else {
        end = span (text, at, "0123456789");
    }
    return end > at && (strcmp (text + end, "") == 0 || strcmp (text + end, "L") == 0
                        || strcmp (text + end, "LL") == 0);
}

static bool
looks_float (const char *text)
{
    size_t at = text[0] == '-' || text[0] == '+' ? 1 : 0, whole, end;
    bool dot;

    whole = span (text, at, "0123456789");
    dot = text[whole] == '.';
    end = dot ? span (text, whole + 1, "0123456789") : whole;
    if (end - at == (dot ? 1u : 0u)) {
        return false;
    }
    if (tolower ((unsigned char) text[end]) == 'e') {
        size_t exponent = end + 1 + (text[end + 1] == '-' || text[end + 1] == '+' ? 1 : 0);

        end = span (text, exponent, "0123456789");
        return end > exponent && text[end] == '\0';
    }
    return dot && text[end] == '\0';
}

static bool
parse_number (struct scan *s)
{
    char *text = str_ndup (s->now.start, s->now.len);
    bool ok = true;

    if (looks_integer (text)) {
        ok = check_integer (s, text);
    } else if (!looks_float (text)) {
        ok = fail_at (s, &s->now, "%s is not a number: a string needs quotes, \"%s\"", text, text);
    } else if (!isfinite (strtod (text, NULL))) {
        conf_add_finding (s->conf, s->now.file, s->now.line, "%s is too large a number", text);
    }
    mem_free (text);
    if (ok) {
        advance (s);
    }
    return ok;
}

/* ---- values ---- */

static bool
value_begins (const struct token *t)
{
    return t->kind == TOKEN_STRING || t->kind == TOKEN_NUMBER || t->kind == TOKEN_OPEN
        || t->kind == TOKEN_NAME;
}

/* Behind an element of "open": ',' or the closing bracket. *ret_more: another element follows. */
static bool
parse_separator (struct scan *s, const struct token *open, bool *ret_more)
{
    struct token comma = s->now;

    *ret_more = false;
    if (is_mark (&s->now, closing (open))) {
        return true;
    }
    if (s->now.kind == TOKEN_COMMA) {
        advance (s);
        if (s->now.kind == TOKEN_CLOSE) {
            return fail_at (s, &comma, "trailing comma before '%c': libconfig does not take one",
                            s->now.start[0]);
        }
        if (s->now.kind == TOKEN_COMMA) {
            return fail_at (s, &s->now, "two commas: an element is missing between them");
        }
        *ret_more = true;
        return true;
    }
    if (s->now.kind == TOKEN_SEMICOLON) {
        return fail_at (s, &s->now, "';' inside '%c…%c' of line %d: elements are separated by "
            "','", open->start[0], closing (open), open->line);
    }
    if (s->now.kind == TOKEN_ASSIGN) {
        return fail_at (s, &s->now, "'%c' inside '%c…%c': an element has no name; a group is "
                        "written { name = value; }", s->now.start[0], open->start[0],
                        closing (open));
    }
    if (value_begins (&s->now)) {
        return fail_at (s, &s->now, "missing ',' between two elements of '%c' of line %d",
                        open->start[0], open->line);
    }
    return fail_unclosed (s, open);
}

/* The elements of a list or an array; the opening bracket is behind us. */
static bool
parse_elements (struct scan *s, const struct token *open)
{
    bool more = !is_mark (&s->now, closing (open));

    while (more) {
        if (s->now.kind == TOKEN_CLOSE || s->now.kind == TOKEN_END) {
            return fail_unclosed (s, open);
        }
        if (open->start[0] == '[' && s->now.kind == TOKEN_OPEN) {
            return fail_at (s, &s->now, "'%c' inside '[…]': an array holds plain values only; a "
                            "list (…) holds anything", s->now.start[0]);
        }
        if (!parse_value (s, NULL) || !parse_separator (s, open, &more)) {
            return false;
        }
    }
    return true;
}

static bool
parse_aggregate (struct scan *s)
{
    struct token open = s->now;
    bool ok;

    if (++s->depth > CONF_DEPTH_MAX) {
        return fail_at (s, &open, "brackets are nested deeper than %d", CONF_DEPTH_MAX);
    }
    advance (s);
    ok = open.start[0] == '{' ? parse_group_body (s, &open) : parse_elements (s, &open);
    s->depth--;
    if (ok) {
        advance (s);
    }
    return ok;
}

static bool
fail_no_value (struct scan *s, const char *of)
{
    char text[64];

    if (s->now.kind == TOKEN_ASSIGN) {
        return fail_at (s, &s->now, "one '=' is enough after '%s'", of == NULL ? "" : of);
    }
    if (s->now.kind == TOKEN_OTHER) {
        return fail_at (s, &s->now, "unexpected '%s': a string needs quotes", word (&s->now, text));
    }
    if (of != NULL) {
        return fail_at (s, &s->now, "key '%s' has no value", of);
    }
    return fail_at (s, &s->now, "a value is missing before '%s'", word (&s->now, text));
}

/* One value of key `of` (NULL in a list). */
static bool
parse_value (struct scan *s, const char *of)
{
    char text[64];

    switch (s->now.kind) {
    case TOKEN_STRING:
        while (s->now.kind == TOKEN_STRING) {      /* neighbours are joined */
            advance (s);
        }
        return true;
    case TOKEN_NUMBER:
        return parse_number (s);
    case TOKEN_OPEN:
        return parse_aggregate (s);
    case TOKEN_NAME:
        if ((s->now.len == 4 && strncasecmp (s->now.start, "true", 4) == 0)
            || (s->now.len == 5 && strncasecmp (s->now.start, "false", 5) == 0)) {
            advance (s);
            return true;
        }
        return fail_at (s, &s->now, "%s is not a value: a string needs quotes, \"%s\"; yes and no "
                        "are written true and false", word (&s->now, text), text);
    default:
        return fail_no_value (s, of);
    }
}

/* ---- groups ---- */

static bool
fail_no_assign (struct scan *s, const struct token *name, const char *key)
{
    char text[64];

    if (is_mark (&s->now, '.')) {
        return fail_at (s, name, "a key cannot hold a dot ('%s.…'): names with dots are values, "
                        "for example name = \"%s.…\"", key, key);
    }
    if (s->now.kind == TOKEN_NUMBER && s->now.start[0] == '.') {
        return fail_at (s, name, "a key cannot hold a dot ('%s%s')", key, word (&s->now, text));
    }
    return fail_at (s, &s->now, "missing '=' after '%s'", key);
}

static bool
parse_setting (struct scan *s, struct map *names)
{
    struct token name = s->now;
    char *key = str_ndup (name.start, name.len);
    void *first = map_get (names, key);
    bool ok;

    if (first != NULL) {
        conf_add_finding (s->conf, name.file, name.line, "key '%s' is here twice: it is set in "
                          "line %d already", key, (int) (intptr_t) first);
    }
    map_set (names, key, (void *) (intptr_t) name.line);
    advance (s);
    if (s->now.kind != TOKEN_ASSIGN) {
        ok = fail_no_assign (s, &name, key);
    } else {
        advance (s);
        ok = parse_value (s, key);
    }
    /* libconfig itself goes on without ';'; what cannot begin a key shows that one is missing. */
    if (ok && s->now.kind != TOKEN_SEMICOLON && s->now.kind != TOKEN_COMMA
        && s->now.kind != TOKEN_NAME && s->now.kind != TOKEN_CLOSE && s->now.kind != TOKEN_END) {
        ok = fail_at (s, &s->now, "missing ';' after the value of '%s'", key);
    }
    mem_free (key);
    return ok;
}

static bool
fail_no_key (struct scan *s)
{
    struct token was = s->now;
    char text[64];

    if (was.kind == TOKEN_SEMICOLON || was.kind == TOKEN_COMMA) {
        return fail_at (s, &was, "one '%c' too many", was.start[0]);
    }
    if (was.kind == TOKEN_STRING) {
        advance (s);
        if (s->now.kind == TOKEN_ASSIGN) {
            return fail_at (s, &was, "keys are written without quotes: %.*s", (int) was.len - 2,
                            was.start + 1);
        }
    }
    if (was.kind == TOKEN_OPEN) {
        return fail_at (s, &was, "'%c' without a key: write name = %c … %c", was.start[0],
                        was.start[0], closing (&was));
    }
    return fail_at (s, &was, "unexpected %s where a key belongs", word (&was, text));
}

/* Settings up to the closing brace (open), or to the end of the text (open NULL). */
static bool
parse_group_body (struct scan *s, const struct token *open)
{
    struct map *names = map_new ();
    bool ok = true;

    while (ok && s->now.kind != TOKEN_CLOSE && s->now.kind != TOKEN_END) {
        if (s->now.kind != TOKEN_NAME) {
            ok = fail_no_key (s);
            break;
        }
        ok = parse_setting (s, names);
        if (ok && (s->now.kind == TOKEN_SEMICOLON || s->now.kind == TOKEN_COMMA)) {
            advance (s);
        }
    }
    map_free (names, NULL);
    if (!ok) {
        return false;
    }
    if (open == NULL) {
        return s->now.kind == TOKEN_END && !s->lexer.failed ? true
            : fail_at (s, &s->now, "'%c' closes nothing: no bracket is open", s->now.start[0]);
    }
    return is_mark (&s->now, '}') ? true : fail_unclosed (s, open);
}

bool
conf_scan (struct conf *c, const char *text, size_t len)
{
    struct scan s = { .conf = c };
    size_t before = c->finding_count;

    lexer_begin (&s.lexer, c, text, len);
    advance (&s);
    parse_group_body (&s, NULL);
    lexer_end (&s.lexer);
    return c->finding_count == before;
}
