/* private: what the files of core/conf share.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CONF_PRIVATE_H
#define FARRIER_CONF_PRIVATE_H

#include <libconfig.h>
#include <stdarg.h>

#include "base/vec.h"
#include "conf/conf.h"

/* A group that was read from, and the keys that were asked for. Hangs at the setting's hook. */
struct touched {
    struct conf_at at;
    struct vec keys;                              /* char *, owned: what was asked for */
    bool finished;                                /* its unknown keys were told */
};

struct conf {
    config_t config;
    char *name;                                   /* the file, in messages */
    char *include_dir;                            /* NULL: a text in memory */
    struct map *included;                         /* as written in @include -> char *path */
    struct vec *findings;                         /* the caller's; may be NULL */
    size_t finding_count;
    char *first;                                  /* the first finding as text */
    struct vec touched;                           /* struct touched * */
};

void conf_add_finding (struct conf *c, const char *file, int line, const char *fmt, ...)
    __attribute__ ((format (printf, 4, 5)));
void conf_vadd_finding (struct conf *c, const char *file, int line, const char *fmt, va_list ap)
    __attribute__ ((format (printf, 4, 0)));

/* Looks for what libconfig 1.5 swallows or tells without naming it (scan.c). Findings go to c.
 * False when the text has findings. */
bool conf_scan (struct conf *c, const char *text, size_t len);

/* lex.c: the text as words. */
enum token_kind {
    TOKEN_END, TOKEN_NAME, TOKEN_STRING, TOKEN_NUMBER, TOKEN_ASSIGN, TOKEN_OPEN, TOKEN_CLOSE,
    TOKEN_COMMA, TOKEN_SEMICOLON, TOKEN_UNCLOSED, TOKEN_OTHER
};

struct token {
    enum token_kind kind;
    const char *file;                             /* owned by the lexer */
    int line;
    const char *start;
    size_t len;
    bool spans_lines;                             /* a string with a line break in it */
};

struct source;

struct lexer {
    struct conf *conf;
    struct source *source;                        /* innermost @include first */
    struct vec finished;                          /* sources, kept for tokens that point there */
    bool failed;                                  /* a finding that ends the reading was made */
};

void lexer_begin (struct lexer *lx, struct conf *c, const char *text, size_t len);
struct token lexer_next (struct lexer *lx);       /* TOKEN_END for ever after end or failure */
void lexer_end (struct lexer *lx);

#endif
