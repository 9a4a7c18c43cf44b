/* expression: the small language of `when`, `for_each` and ${…}: parse, look, evaluate. Pure.
 *
 *   literals      'text' "text" 42 -7 2.5 true false null [1, 2, 'x']
 *   names         plan.batches[0].steps   facts["bios.version"]
 *   operators     ||  &&  == != < <= > >= in matches  !        ( )
 *   functions     defined(name)  count(list, object or string)  version(string)
 *
 * No side effects, no loops; text <= 4 KiB, depth <= 32, at most 512 terms. Comparing values of
 * different types is an error (null equals null only, and may be compared with == != to anything).
 * A name that is not there is an error; only defined() asks. && and || do not look at their right
 * side when the left one decides. `matches` is a glob (* ? [abc]), case counts. version(a) compares
 * with version(b) only.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_WORKFLOW_EXPRESSION_H
#define FARRIER_WORKFLOW_EXPRESSION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define EXPRESSION_TEXT_MAX 4096
#define EXPRESSION_DEPTH_MAX 32
#define EXPRESSION_TERMS_MAX 512

struct expression;                     /* immutable once parsed; any thread */

/* -1 a is older, 0 equal, 1 a is newer, 2 incomparable (an error at run time). */
typedef int32_t expression_compare_fn (void *arg, const char *a, const char *b);

/* A name that is not in the context: a loop variable, `failed`. Searched first. */
struct expression_binding {
    const char *name;
    json_t *value;                     /* borrowed */
};

/* What an expression sees. */
struct expression_scope {
    json_t *context;                   /* object; borrowed; its members are the names */
    const struct expression_binding *bindings;    /* the last one of a name counts */
    size_t binding_count;
    expression_compare_fn *compare_versions;      /* NULL = expression_compare_general */
    void *compare_arg;
    /* Not NULL (a dry run): a string whose ${…} names what is not known stays as it is written,
     * and *undecided becomes true. */
    bool *undecided;
};

/* INVALID with "…, column N" (columns count from 1, in bytes). */
int32_t expression_parse (const char *text, struct expression **ret, struct err *err);
void expression_free (struct expression *e);

/* *ret is a new reference. Errors: FARRIER_E_INVALID (types, not comparable), ERR_NOT_FOUND (a name
 * or index that is not there). */
int32_t expression_eval (const struct expression *e, const struct expression_scope *scope,
                         json_t **ret, struct err *err);
/* Parse and evaluate at once. */
int32_t expression_eval_text (const char *text, const struct expression_scope *scope, json_t **ret,
                              struct err *err);
/* The same where true or false is wanted; any other type is an error. */
int32_t expression_eval_bool (const char *text, const struct expression_scope *scope, bool *ret,
                              struct err *err);
/* A string with ${…}. Exactly one ${…} keeps the value's type; otherwise strings, numbers and
 * booleans are put in as text, and null, lists and objects are an error. "$${" stands for "${". */
int32_t expression_expand (const char *text, const struct expression_scope *scope, json_t **ret,
                           struct err *err);
/* Every string inside v (objects and lists too) expanded; keys stay. *ret is a new reference. */
int32_t expression_expand_all (const json_t *v, const struct expression_scope *scope, json_t **ret,
                               struct err *err);
bool expression_has_template (const char *text);         /* contains a ${ that is not $${ */
bool expression_is_one_template (const char *text);      /* is exactly one ${…}: keeps the type */

/* Static look: called for each name in order of appearance. path is the dotted name as written
 * ("inputs.policy"), root its first part, member its second (NULL when there is none, or it is an
 * index). in_defined: it is the argument of defined(). */
struct expression_name {
    const char *path, *root, *member;
    int column;
    bool in_defined;
};
typedef void expression_name_fn (void *arg, const struct expression_name *name);
void expression_names (const struct expression *e, expression_name_fn *fn, void *arg);
/* The same over all ${…} of a string; an error of syntax is returned after the names ahead of
 * it. */
int32_t expression_template_names (const char *text, expression_name_fn *fn, void *arg,
                                   struct err *err);

/* The general order of versions: runs of digits compare as numbers, other runs by letter, a missing
 * tail is older ("1.2" < "1.2.1" < "1.10"). Never incomparable. */
int32_t expression_compare_general (void *arg, const char *a, const char *b);

#endif
