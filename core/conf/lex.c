/* lex: a configuration text as words, @include followed. Names what a lexer stumbles on.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/private.h"

#define ONLY_INCLUDE "only @include \"FILE\" at the beginning of a line is known"

struct source {
    struct source *outer;
    char *file;
    struct buf text;
    size_t at;
    int line;
    int depth;
};

static void
fail (struct lexer *lx, int line, const char *fmt, ...) __attribute__ ((format (printf, 3, 4)));

static void
fail (struct lexer *lx, int line, const char *fmt, ...)
{
    va_list ap;

    va_start (ap, fmt);
    if (!lx->failed) {
        conf_vadd_finding (lx->conf, lx->source->file, line, fmt, ap);
    }
    va_end (ap);
    lx->failed = true;
}

static int
line_of (const char *text, size_t offset)
{
    int line = 1;

    for (size_t i = 0; i < offset; i++) {
        line += text[i] == '\n' ? 1 : 0;
    }
    return line;
}

/* What no part of a file may hold. */
static void
check_bytes (struct lexer *lx)
{
    const struct source *s = lx->source;
    const char *nul = memchr (s->text.data, '\0', s->text.len);
    const char *line = s->text.data, *end;

    if (nul != NULL) {
        fail (lx, line_of (s->text.data, (size_t) (nul - s->text.data)),
              "a NUL byte: libconfig would silently stop reading here");
        return;
    }
    if (str_starts (s->text.data, "\xef\xbb\xbf")) {
        fail (lx, 1, "a byte order mark at the beginning: save the file as UTF-8 without one");
        return;
    }
    for (int number = 1; *line != '\0'; line = *end == '\0' ? end : end + 1, number++) {
        end = strchrnul (line, '\n');
        if (!str_valid_utf8 (line, (size_t) (end - line))) {
            fail (lx, number, "this line is not UTF-8");
            return;
        }
    }
}

static void
push_source (struct lexer *lx, char *file, struct buf text)
{
    struct source *s = mem_alloc (sizeof (*s));

    s->outer = lx->source;
    s->depth = s->outer == NULL ? 0 : s->outer->depth + 1;
    s->file = file;
    s->text = text;
    s->line = 1;
    buf_reserve (&s->text, 0);
    lx->source = s;
    check_bytes (lx);
}

void
lexer_begin (struct lexer *lx, struct conf *c, const char *text, size_t len)
{
    struct buf copy = { 0 };

    *lx = (struct lexer) { .conf = c };
    buf_append (&copy, text, len);
    push_source (lx, str_dup (c->name), copy);
}

static void
free_source (void *source)
{
    struct source *s = source;

    mem_free (s->file);
    buf_free (&s->text);
    mem_free (s);
}

void
lexer_end (struct lexer *lx)
{
    while (lx->source != NULL) {
        struct source *s = lx->source;

        lx->source = s->outer;
        free_source (s);
    }
    vec_free_with (&lx->finished, free_source);
}

static char
look (const struct source *s, size_t ahead)
{
    return s->at + ahead < s->text.len ? s->text.data[s->at + ahead] : '\0';
}

static void
step (struct source *s)
{
    s->line += look (s, 0) == '\n' ? 1 : 0;
    s->at++;
}

static bool
at_line_start (const struct source *s)
{
    for (size_t i = s->at; i > 0 && s->text.data[i - 1] != '\n'; i--) {
        if (s->text.data[i - 1] != ' ' && s->text.data[i - 1] != '\t') {
            return false;
        }
    }
    return true;
}

/* @include "FILE" at the beginning of a line. */
static void
include (struct lexer *lx)
{
    struct source *s = lx->source;
    const char *rest = s->text.data + s->at, *open, *close;
    struct buf text = { 0 };
    struct err err = { 0 };
    char *name, *path;

    open = rest + strlen ("@include") + strspn (rest + strlen ("@include"), " \t");
    close = *open == '"' ? strpbrk (open + 1, "\"\n") : NULL;
    if (close == NULL || *close != '"' || !at_line_start (s)) {
        fail (lx, s->line, "'@' here: " ONLY_INCLUDE);
        return;
    }
    if (lx->conf->include_dir == NULL) {
        fail (lx, s->line, "@include is not allowed here");
        return;
    }
    if (s->depth >= CONF_INCLUDE_DEPTH_MAX) {
        fail (lx, s->line, "@include inside @include, over %d deep: does a file include itself?",
              CONF_INCLUDE_DEPTH_MAX);
        return;
    }
    name = str_ndup (open + 1, (size_t) (close - open - 1));
    path = fs_join (lx->conf->include_dir, name);
    s->at += (size_t) (close + 1 - rest);
    if (fs_read (path, CONF_TEXT_MAX, &text, &err) != 0) {
        fail (lx, s->line, "@include \"%s\": %s", name, err.message);
        buf_free (&text);
        mem_free (path);
    } else {
        push_source (lx, path, text);
    }
    mem_free (name);
}

static void
skip_comment (struct lexer *lx)
{
    struct source *s = lx->source;
    int line = s->line;

    if (look (s, 0) != '/' || look (s, 1) != '*') {
        while (look (s, 0) != '\0' && look (s, 0) != '\n') {
            step (s);
        }
        return;
    }
    s->at += 2;
    while (look (s, 0) != '\0' && !(look (s, 0) == '*' && look (s, 1) == '/')) {
        step (s);
    }
    if (look (s, 0) == '\0') {
        fail (lx, line, "the comment that begins here has no end: '*/' is missing");
        return;
    }
    s->at += 2;
}

static bool
comment_begins (const struct source *s)
{
    return look (s, 0) == '#'
        || (look (s, 0) == '/' && (look (s, 1) == '/' || look (s, 1) == '*'));
}

/* Moves to the next word, through ends of included files. */
static void
skip_space (struct lexer *lx)
{
    while (!lx->failed) {
        struct source *s = lx->source;

        if (look (s, 0) != '\0' && strchr (" \t\r\n\f", look (s, 0)) != NULL) {
            step (s);
        } else if (comment_begins (s)) {
            skip_comment (lx);
        } else if (look (s, 0) == '@') {
            if (!str_starts (s->text.data + s->at, "@include")) {
                fail (lx, s->line, "'@' here: " ONLY_INCLUDE);
            } else {
                include (lx);
            }
        } else if (look (s, 0) == '\0' && s->outer != NULL) {
            lx->source = s->outer;
            vec_push (&lx->finished, s);
        } else {
            return;
        }
    }
}

static void
read_string (struct lexer *lx, struct token *t)
{
    struct source *s = lx->source;

    t->kind = TOKEN_STRING;
    step (s);
    while (look (s, 0) != '"') {
        if (look (s, 0) == '\0') {
            t->kind = TOKEN_UNCLOSED;
            return;
        }
        if (look (s, 0) == '\\' && look (s, 1) == 'x' && look (s, 2) == '0' && look (s, 3) == '0') {
            fail (lx, s->line, "\\x00 in a string: libconfig would silently drop it");
            return;
        }
        t->spans_lines = t->spans_lines || look (s, 0) == '\n';
        if (look (s, 0) == '\\' && look (s, 1) != '\0') {
            step (s);
        }
        step (s);
    }
    step (s);
}

/* A run of what looks like a number or an unquoted word: judged by the parser as a whole. */
static void
read_run (struct source *s)
{
    while (look (s, 0) != '\0' && !comment_begins (s)
           && (isalnum ((unsigned char) look (s, 0)) || strchr ("._+-:/%*", look (s, 0)) != NULL)) {
        step (s);
    }
}

static bool
number_begins (const struct source *s)
{
    size_t sign = look (s, 0) == '+' || look (s, 0) == '-' ? 1 : 0;

    return isdigit ((unsigned char) look (s, sign))
        || (look (s, sign) == '.' && isdigit ((unsigned char) look (s, sign + 1)));
}

static enum token_kind
mark_kind (char c)
{
    switch (c) {
    case '=': return TOKEN_ASSIGN;
    case ':': return TOKEN_ASSIGN;
    case ',': return TOKEN_COMMA;
    case ';': return TOKEN_SEMICOLON;
    case '{': case '[': case '(': return TOKEN_OPEN;
    case '}': case ']': case ')': return TOKEN_CLOSE;
    default: return TOKEN_OTHER;
    }
}

struct token
lexer_next (struct lexer *lx)
{
    struct token t = { .kind = TOKEN_END };
    struct source *s;
    char c;

    skip_space (lx);
    s = lx->source;
    t.file = s->file;
    t.line = s->line;
    t.start = s->text.data + s->at;
    c = look (s, 0);
    if (lx->failed || c == '\0') {
        return t;
    }
    if (c == '"') {
        read_string (lx, &t);
    } else if (number_begins (s)) {
        t.kind = TOKEN_NUMBER;
        read_run (s);
    } else if (isalpha ((unsigned char) c) || c == '*') {
        t.kind = TOKEN_NAME;
        while (isalnum ((unsigned char) look (s, 0)) || look (s, 0) == '_' || look (s, 0) == '-'
               || look (s, 0) == '*') {
            step (s);
        }
    } else {
        t.kind = mark_kind (c);
        step (s);
    }
    t.len = (size_t) (s->text.data + s->at - t.start);
    if (lx->failed) {
        t.kind = TOKEN_END;
    }
    return t;
}
