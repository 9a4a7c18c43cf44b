/* expression-tree: the parsed form of an expression, shared by the parser and the evaluator.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_WORKFLOW_EXPRESSION_TREE_H
#define FARRIER_WORKFLOW_EXPRESSION_TREE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "workflow/expression.h"

enum term_kind {
    TERM_LITERAL, TERM_LIST, TERM_NAME, TERM_NOT, TERM_AND, TERM_OR, TERM_COMPARE, TERM_IN,
    TERM_MATCHES, TERM_DEFINED, TERM_COUNT, TERM_VERSION
};

enum term_compare {
    COMPARE_EQ, COMPARE_NE, COMPARE_LT, COMPARE_LE, COMPARE_GT, COMPARE_GE
};

/* One step of a dotted name: a member, or an index when key is NULL. */
struct term_part {
    char *key;
    size_t index;
};

struct term {
    enum term_kind kind;
    enum term_compare compare;
    int column;
    json_t *literal;                   /* LITERAL */
    char *path;                        /* NAME: as written, without blanks */
    struct vec parts;                  /* NAME: struct term_part * */
    struct vec terms;                  /* operands */
};

struct expression {
    struct term *root;
};

void term_free (void *term);
/* text[0..len) ; columns start at column + 1. */
int32_t expression_parse_span (const char *text, size_t len, int column, struct expression **ret,
                               struct err *err);

#endif
