/* expression-parse: text to terms, by recursive descent with a bound on depth and on size.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "workflow/expression-tree.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

enum token_kind {
    TOKEN_END, TOKEN_NAME, TOKEN_LITERAL, TOKEN_LPAREN, TOKEN_RPAREN, TOKEN_LBRACKET,
    TOKEN_RBRACKET, TOKEN_COMMA, TOKEN_DOT, TOKEN_NOT, TOKEN_AND, TOKEN_OR, TOKEN_COMPARE
};

struct token {
    enum token_kind kind;
    enum term_compare compare;
    int column;
    const char *start;                 /* of the word, not terminated */
    size_t len;
    json_t *literal;                   /* owned by the parser until it is taken */
};

struct parser {
    const char *text;
    size_t len, at;
    int column;                        /* added to positions in the text */
    int depth;
    int terms;
    struct token token;                /* the one that is looked at */
    struct err *err;
};

static struct term *parse_or (struct parser *p);

static int32_t
fail_at (struct parser *p, int column, const char *fmt, ...)
    __attribute__ ((format (printf, 3, 4)));

static int32_t
fail_at (struct parser *p, int column, const char *fmt, ...)
{
    va_list ap;
    va_start (ap, fmt);
    char *message = str_vprintf (fmt, ap);
    va_end (ap);
    err_set (p->err, FARRIER_E_INVALID, "%s, column %d", message, column);
    mem_free (message);
    return FARRIER_E_INVALID;
}

/* --- words ----------------------------------------------------------------------------------- */

static bool
is_name_start (char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_digit (char c)
{
    return c >= '0' && c <= '9';
}

static char
peek (const struct parser *p, size_t ahead)
{
    return p->at + ahead < p->len ? p->text[p->at + ahead] : '\0';
}

static int32_t
lex_string (struct parser *p)
{
    char quote = p->text[p->at++];
    struct buf b = { 0 };
    while (p->at < p->len && p->text[p->at] != quote) {
        char c = p->text[p->at++];
        if (c == '\\' && p->at < p->len) {
            c = p->text[p->at++];
        }
        buf_putc (&b, c);
    }
    if (p->at >= p->len) {
        buf_free (&b);
        return fail_at (p, p->token.column, "the string has no closing %c", quote);
    }
    p->at++;
    p->token.kind = TOKEN_LITERAL;
    p->token.literal = json_stringn (b.data == NULL ? "" : b.data, b.len);
    buf_free (&b);
    if (p->token.literal == NULL) {
        return fail_at (p, p->token.column, "the string is not UTF-8");
    }
    return 0;
}

static int32_t
lex_number (struct parser *p)
{
    size_t start = p->at;
    bool real = false;
    if (peek (p, 0) == '-') {
        p->at++;
    }
    while (is_digit (peek (p, 0))) {
        p->at++;
    }
    if (peek (p, 0) == '.' && is_digit (peek (p, 1))) {
        real = true;
        p->at++;
        while (is_digit (peek (p, 0))) {
            p->at++;
        }
    }
    if (is_name_start (peek (p, 0))) {
        return fail_at (p, p->token.column,
                        "a number is followed by a letter; put a version or a duration in quotes");
    }
    char *word = str_ndup (p->text + start, p->at - start);
    int64_t n = 0;
    p->token.kind = TOKEN_LITERAL;
    if (real) {
        p->token.literal = json_real (strtod (word, NULL));
    } else if (str_to_i64 (word, &n)) {
        p->token.literal = json_integer (n);
    }
    int32_t rc = 0;
    if (p->token.literal == NULL) {
        rc = fail_at (p, p->token.column, "the number %s is too large", word);
    }
    mem_free (word);
    return rc;
}

static void
lex_word (struct parser *p)
{
    size_t start = p->at;
    while (is_name_start (peek (p, 0)) || is_digit (peek (p, 0))) {
        p->at++;
    }
    struct token *t = &p->token;
    t->kind = TOKEN_NAME;
    t->start = p->text + start;
    t->len = p->at - start;
    static const char *const words[] = { "true", "false", "null" };
    for (size_t i = 0; i < 3; i++) {
        if (t->len == strlen (words[i]) && memcmp (t->start, words[i], t->len) == 0) {
            t->kind = TOKEN_LITERAL;
            t->literal = i == 0 ? json_true () : i == 1 ? json_false () : json_null ();
        }
    }
}

static const struct {
    const char *text;
    enum token_kind kind;
    enum term_compare compare;
} signs[] = {
    { "==", TOKEN_COMPARE, COMPARE_EQ }, { "!=", TOKEN_COMPARE, COMPARE_NE },
    { "<=", TOKEN_COMPARE, COMPARE_LE }, { ">=", TOKEN_COMPARE, COMPARE_GE },
    { "&&", TOKEN_AND, 0 },              { "||", TOKEN_OR, 0 },
    { "<", TOKEN_COMPARE, COMPARE_LT },  { ">", TOKEN_COMPARE, COMPARE_GT },
    { "!", TOKEN_NOT, 0 },               { "(", TOKEN_LPAREN, 0 },
    { ")", TOKEN_RPAREN, 0 },            { "[", TOKEN_LBRACKET, 0 },
    { "]", TOKEN_RBRACKET, 0 },          { ",", TOKEN_COMMA, 0 },
    { ".", TOKEN_DOT, 0 },
};

static int32_t
lex_sign (struct parser *p)
{
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        size_t len = strlen (signs[i].text);
        if (p->len - p->at >= len && memcmp (p->text + p->at, signs[i].text, len) == 0) {
            p->token.kind = signs[i].kind;
            p->token.compare = signs[i].compare;
            p->at += len;
            return 0;
        }
    }
    unsigned char c = (unsigned char) p->text[p->at];
    if (c == '=' || c == '&' || c == '|') {
        return fail_at (p, p->token.column, "write '%c%c' instead of '%c'", c, c, c);
    }
    if (c < 0x21 || c > 0x7e) {
        return fail_at (p, p->token.column, "unexpected byte 0x%02x", c);
    }
    return fail_at (p, p->token.column, "unexpected '%c'", c);
}

static int32_t
advance (struct parser *p)
{
    json_decref (p->token.literal);
    p->token = (struct token) { 0 };
    while (p->at < p->len && strchr (" \t\r\n", p->text[p->at]) != NULL && p->text[p->at] != '\0') {
        p->at++;
    }
    p->token.column = p->column + (int) p->at + 1;
    if (p->at >= p->len) {
        p->token.kind = TOKEN_END;
        return 0;
    }
    char c = p->text[p->at];
    if (c == '\'' || c == '"') {
        return lex_string (p);
    }
    if (is_digit (c) || (c == '-' && is_digit (peek (p, 1)))) {
        return lex_number (p);
    }
    if (is_name_start (c)) {
        lex_word (p);
        return 0;
    }
    return lex_sign (p);
}

static bool
is_word (const struct parser *p, const char *word)
{
    return p->token.kind == TOKEN_NAME && p->token.len == strlen (word)
           && memcmp (p->token.start, word, p->token.len) == 0;
}

static char *
token_text (const struct parser *p)
{
    if (p->token.kind == TOKEN_END) {
        return str_dup ("the end");
    }
    size_t start = (size_t) (p->token.column - p->column - 1);
    return str_printf ("'%.*s'", (int) (p->at - start), p->text + start);
}

static int32_t
expect (struct parser *p, enum token_kind kind, const char *what)
{
    if (p->token.kind == kind) {
        return advance (p);
    }
    char *found = token_text (p);
    int32_t rc = fail_at (p, p->token.column, "expected %s, found %s", what, found);
    mem_free (found);
    return rc;
}

/* --- terms ----------------------------------------------------------------------------------- */

static void
part_free (void *item)
{
    struct term_part *part = item;
    mem_free (part->key);
    mem_free (part);
}

void
term_free (void *item)
{
    struct term *t = item;
    if (t == NULL) {
        return;
    }
    vec_free_with (&t->terms, term_free);
    vec_free_with (&t->parts, part_free);
    json_decref (t->literal);
    mem_free (t->path);
    mem_free (t);
}

/* NULL past the bound. */
static struct term *
term_new (struct parser *p, enum term_kind kind, int column)
{
    if (++p->terms > EXPRESSION_TERMS_MAX) {
        fail_at (p, column, "more than %d terms", EXPRESSION_TERMS_MAX);
        return NULL;
    }
    struct term *t = mem_alloc (sizeof *t);
    t->kind = kind;
    t->column = column;
    return t;
}

/* Owns left and right, whatever happens. */
static struct term *
term_pair (struct parser *p, enum term_kind kind, int column, struct term *left, struct term *right)
{
    struct term *t = left == NULL || right == NULL ? NULL : term_new (p, kind, column);
    if (t == NULL) {
        term_free (left);
        term_free (right);
        return NULL;
    }
    vec_push (&t->terms, left);
    vec_push (&t->terms, right);
    return t;
}

static void
add_part (struct term *t, char *key, size_t index)
{
    struct term_part *part = mem_alloc (sizeof *part);
    part->key = key;
    part->index = index;
    vec_push (&t->parts, part);
}

static int32_t
parse_index (struct parser *p, struct term *t, struct buf *path)
{
    json_t *v = p->token.literal;
    if (p->token.kind != TOKEN_LITERAL || (!json_is_integer (v) && !json_is_string (v))
        || (json_is_integer (v) && json_integer_value (v) < 0)) {
        return fail_at (p, p->token.column, "an index is a number from 0 on or a quoted name");
    }
    if (json_is_string (v)) {
        add_part (t, str_dup (json_string_value (v)), 0);
        buf_printf (path, "[\"%s\"]", json_string_value (v));
    } else {
        add_part (t, NULL, (size_t) json_integer_value (v));
        buf_printf (path, "[%lld]", (long long) json_integer_value (v));
    }
    int32_t rc = advance (p);
    return rc != 0 ? rc : expect (p, TOKEN_RBRACKET, "']'");
}

static int32_t
parse_member (struct parser *p, struct term *t, struct buf *path)
{
    /* true, false and null are good names behind a dot */
    bool word = p->token.kind == TOKEN_NAME
                || (p->token.kind == TOKEN_LITERAL && p->token.start != NULL);
    if (!word) {
        return expect (p, TOKEN_NAME, "a name after '.'");
    }
    add_part (t, str_ndup (p->token.start, p->token.len), 0);
    buf_putc (path, '.');
    buf_append (path, p->token.start, p->token.len);
    return advance (p);
}

static struct term *
parse_name (struct parser *p)
{
    struct term *t = term_new (p, TERM_NAME, p->token.column);
    if (t == NULL) {
        return NULL;
    }
    struct buf path = { 0 };
    buf_append (&path, p->token.start, p->token.len);
    add_part (t, str_ndup (p->token.start, p->token.len), 0);
    int32_t rc = advance (p);
    while (rc == 0 && (p->token.kind == TOKEN_DOT || p->token.kind == TOKEN_LBRACKET)) {
        bool dot = p->token.kind == TOKEN_DOT;
        rc = advance (p);
        if (rc == 0) {
            rc = dot ? parse_member (p, t, &path) : parse_index (p, t, &path);
        }
    }
    t->path = buf_steal (&path);
    if (rc != 0) {
        term_free (t);
        return NULL;
    }
    return t;
}

static struct term *
parse_list (struct parser *p)
{
    struct term *t = term_new (p, TERM_LIST, p->token.column);
    if (t == NULL || advance (p) != 0) {
        term_free (t);
        return NULL;
    }
    while (p->token.kind != TOKEN_RBRACKET) {
        struct term *member = parse_or (p);
        if (member == NULL) {
            term_free (t);
            return NULL;
        }
        vec_push (&t->terms, member);
        if (p->token.kind != TOKEN_COMMA) {
            break;
        }
        if (advance (p) != 0) {
            term_free (t);
            return NULL;
        }
    }
    if (expect (p, TOKEN_RBRACKET, "']' or ','") != 0) {
        term_free (t);
        return NULL;
    }
    return t;
}

static const struct {
    const char *name;
    enum term_kind kind;
} functions[] = {
    { "defined", TERM_DEFINED },
    { "count", TERM_COUNT },
    { "version", TERM_VERSION },
};

static struct term *
parse_call (struct parser *p, const char *name, int column)
{
    const char *names[3];
    for (size_t i = 0; i < 3; i++) {
        names[i] = functions[i].name;
        if (!str_eq (functions[i].name, name)) {
            continue;
        }
        struct term *t = term_new (p, functions[i].kind, column);
        struct term *inner = t == NULL || advance (p) != 0 ? NULL : parse_or (p);
        if (inner != NULL) {
            vec_push (&t->terms, inner);
        }
        if (inner != NULL && t->kind == TERM_DEFINED && inner->kind != TERM_NAME) {
            fail_at (p, inner->column, "defined() asks about a name");
            inner = NULL;
        }
        if (inner == NULL || expect (p, TOKEN_RPAREN, "')'") != 0) {
            term_free (t);
            return NULL;
        }
        return t;
    }
    const char *nearest = str_did_you_mean (name, names, 3);
    fail_at (p, column, "unknown function '%s'%s%s%s", name,
             nearest == NULL ? "; there are defined, count and version" : ", did you mean '",
             nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
    return NULL;
}

static bool
call_follows (const struct parser *p)
{
    size_t at = p->at;
    while (at < p->len && p->text[at] == ' ') {
        at++;
    }
    return at < p->len && p->text[at] == '(';
}

static struct term *
parse_word (struct parser *p)
{
    if (is_word (p, "in") || is_word (p, "matches")) {
        expect (p, TOKEN_END, "a value");
        return NULL;
    }
    if (!call_follows (p)) {
        return parse_name (p);
    }
    int column = p->token.column;
    char *name = str_ndup (p->token.start, p->token.len);
    struct term *t = advance (p) != 0 ? NULL : parse_call (p, name, column);
    mem_free (name);
    return t;
}

static struct term *
parse_group (struct parser *p)
{
    if (advance (p) != 0) {
        return NULL;
    }
    struct term *t = parse_or (p);
    if (t != NULL && expect (p, TOKEN_RPAREN, "')'") != 0) {
        term_free (t);
        return NULL;
    }
    return t;
}

static struct term *
parse_literal (struct parser *p)
{
    struct term *t = term_new (p, TERM_LITERAL, p->token.column);
    if (t == NULL) {
        return NULL;
    }
    t->literal = json_incref (p->token.literal);
    if (advance (p) != 0) {
        term_free (t);
        return NULL;
    }
    return t;
}

static struct term *
parse_not (struct parser *p);

static struct term *
parse_primary (struct parser *p)
{
    switch (p->token.kind) {
    case TOKEN_LITERAL:
        return parse_literal (p);
    case TOKEN_NAME:
        return parse_word (p);
    case TOKEN_LPAREN:
        return parse_group (p);
    case TOKEN_LBRACKET:
        return parse_list (p);
    case TOKEN_NOT:
        return parse_not (p);
    default:
        expect (p, TOKEN_LITERAL, "a value");
        return NULL;
    }
}

/* Every way to recurse passes here, so here is the bound. */
static struct term *
parse_unary (struct parser *p)
{
    if (++p->depth > EXPRESSION_DEPTH_MAX) {
        fail_at (p, p->token.column, "nested deeper than %d", EXPRESSION_DEPTH_MAX);
        return NULL;
    }
    struct term *t = parse_primary (p);
    p->depth--;
    return t;
}

static struct term *
parse_not (struct parser *p)
{
    struct term *t = term_new (p, TERM_NOT, p->token.column);
    struct term *inner = t == NULL || advance (p) != 0 ? NULL : parse_unary (p);
    if (inner == NULL) {
        term_free (t);
        return NULL;
    }
    vec_push (&t->terms, inner);
    return t;
}

static bool
at_comparison (const struct parser *p)
{
    return p->token.kind == TOKEN_COMPARE || is_word (p, "in") || is_word (p, "matches");
}

static bool
check_versions (struct parser *p, const struct term *t)
{
    const struct term *a = vec_at (&t->terms, 0), *b = vec_at (&t->terms, 1);
    if ((a->kind == TERM_VERSION) == (b->kind == TERM_VERSION)) {
        return true;
    }
    fail_at (p, a->kind == TERM_VERSION ? b->column : a->column,
             "version() compares with version() only");
    return false;
}

static struct term *
parse_comparison (struct parser *p)
{
    struct term *left = parse_unary (p);
    if (left == NULL || !at_comparison (p)) {
        return left;
    }
    enum term_kind kind = is_word (p, "in") ? TERM_IN
                          : is_word (p, "matches") ? TERM_MATCHES : TERM_COMPARE;
    enum term_compare compare = p->token.compare;
    int column = p->token.column;
    struct term *right = advance (p) != 0 ? NULL : parse_unary (p);
    struct term *t = term_pair (p, kind, column, left, right);
    if (t == NULL) {
        return NULL;
    }
    t->compare = compare;
    if (at_comparison (p)) {
        fail_at (p, p->token.column, "comparisons do not chain; use && or parentheses");
        term_free (t);
        return NULL;
    }
    if (!check_versions (p, t)) {
        term_free (t);
        return NULL;
    }
    return t;
}

/* a && b && c is one term with three operands, so that a long chain is not a deep tree. */
static struct term *
parse_chain (struct parser *p, enum token_kind sign, enum term_kind kind,
             struct term *(*operand) (struct parser *p))
{
    struct term *first = operand (p);
    if (first == NULL || p->token.kind != sign) {
        return first;
    }
    struct term *t = NULL;
    while (p->token.kind == sign) {
        int column = p->token.column;
        struct term *more = advance (p) != 0 ? NULL : operand (p);
        if (more != NULL && t != NULL) {
            vec_push (&t->terms, more);
            continue;
        }
        if (t != NULL) {
            term_free (t);
            return NULL;
        }
        t = term_pair (p, kind, column, first, more);
        if (t == NULL) {
            return NULL;
        }
    }
    return t;
}

static struct term *
parse_and (struct parser *p)
{
    return parse_chain (p, TOKEN_AND, TERM_AND, parse_comparison);
}

static struct term *
parse_or (struct parser *p)
{
    return parse_chain (p, TOKEN_OR, TERM_OR, parse_and);
}

/* --- entry ----------------------------------------------------------------------------------- */

/* version() is no value of its own: it stands on a side of a comparison, nowhere else. */
static bool
versions_stand_right (struct parser *p, const struct term *t)
{
    for (size_t i = 0; i < t->terms.count; i++) {
        const struct term *inner = vec_at (&t->terms, i);
        if (inner->kind == TERM_VERSION && t->kind != TERM_COMPARE) {
            fail_at (p, inner->column, "version() compares with version() only");
            return false;
        }
        if (!versions_stand_right (p, inner)) {
            return false;
        }
    }
    return true;
}

int32_t
expression_parse_span (const char *text, size_t len, int column, struct expression **ret,
                       struct err *err)
{
    struct err local = { 0 };
    struct parser p = { .text = text, .len = len, .column = column, .err = &local };
    if (len > EXPRESSION_TEXT_MAX) {
        return err_set (err, FARRIER_E_INVALID, "the expression has %zu bytes, the limit is %d",
                        len, EXPRESSION_TEXT_MAX);
    }
    struct term *root = advance (&p) != 0 ? NULL : parse_or (&p);
    if (root != NULL && p.token.kind != TOKEN_END) {
        expect (&p, TOKEN_END, "an operator");
        term_free (root);
        root = NULL;
    }
    if (root != NULL && root->kind == TERM_VERSION) {
        fail_at (&p, root->column, "version() compares with version() only");
        term_free (root);
        root = NULL;
    }
    if (root != NULL && !versions_stand_right (&p, root)) {
        term_free (root);
        root = NULL;
    }
    json_decref (p.token.literal);
    if (root == NULL) {
        return err_set (err, local.code, "%s", local.message);
    }
    struct expression *e = mem_alloc (sizeof *e);
    e->root = root;
    *ret = e;
    return 0;
}

int32_t
expression_parse (const char *text, struct expression **ret, struct err *err)
{
    return expression_parse_span (text, strlen (text), 0, ret, err);
}

void
expression_free (struct expression *e)
{
    if (e != NULL) {
        term_free (e->root);
        mem_free (e);
    }
}
