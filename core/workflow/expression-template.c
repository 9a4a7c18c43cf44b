/* expression-template: strings with ${…} inside.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "workflow/expression-tree.h"
#include "workflow/expression.h"

/* A piece of a template: text, or the expression between ${ and }. */
struct piece {
    bool expression;
    const char *start;
    size_t len;
};

/* Where the expression that begins at s ends; quotes hide a }. NULL when it does not end. */
static const char *
closing_brace (const char *s)
{
    char quote = '\0';
    for (; *s != '\0'; s++) {
        if (quote != '\0' && *s == '\\' && s[1] != '\0') {
            s++;
        } else if (quote != '\0') {
            quote = *s == quote ? '\0' : quote;
        } else if (*s == '\'' || *s == '"') {
            quote = *s;
        } else if (*s == '}') {
            return s;
        }
    }
    return NULL;
}

/* The next piece at *at, which moves on. 1 = a piece, 0 = the end, negative = error. */
static int32_t
next_piece (const char *text, const char **at, struct piece *ret, struct err *err)
{
    const char *s = *at;
    if (*s == '\0') {
        return 0;
    }
    if (str_starts (s, "$${")) {
        *ret = (struct piece) { false, s + 1, 2 };
        *at = s + 3;
        return 1;
    }
    if (!str_starts (s, "${")) {
        const char *end = s + 1;
        while (*end != '\0' && !str_starts (end, "${") && !str_starts (end, "$${")) {
            end++;
        }
        *ret = (struct piece) { false, s, (size_t) (end - s) };
        *at = end;
        return 1;
    }
    const char *end = closing_brace (s + 2);
    if (end == NULL) {
        return err_set (err, FARRIER_E_INVALID, "'${' has no closing '}', column %d",
                        (int) (s - text) + 1);
    }
    *ret = (struct piece) { true, s + 2, (size_t) (end - s - 2) };
    *at = end + 1;
    return 1;
}

bool
expression_has_template (const char *text)
{
    const char *at = text;
    struct piece piece;
    struct err ignored;
    int32_t rc;
    while ((rc = next_piece (text, &at, &piece, &ignored)) > 0) {
        if (piece.expression) {
            return true;
        }
    }
    return rc < 0;                     /* one that does not end: evaluating it tells of the error */
}

bool
expression_is_one_template (const char *text)
{
    const char *at = text;
    struct piece piece;
    struct err ignored;
    return next_piece (text, &at, &piece, &ignored) > 0 && piece.expression && *at == '\0';
}

static int32_t
eval_piece (const char *text, const struct piece *piece, const struct expression_scope *scope,
            json_t **ret, struct err *err)
{
    struct expression *e = NULL;
    int32_t rc = expression_parse_span (piece->start, piece->len, (int) (piece->start - text), &e,
                                        err);
    if (rc == 0) {
        rc = expression_eval (e, scope, ret, err);
        expression_free (e);
    }
    return rc;
}

static int32_t
append_value (struct buf *b, const json_t *v, const struct piece *piece, struct err *err)
{
    if (json_is_string (v)) {
        buf_append (b, json_string_value (v), json_string_length (v));
    } else if (json_is_boolean (v)) {
        buf_puts (b, json_is_true (v) ? "true" : "false");
    } else if (json_is_integer (v)) {
        buf_printf (b, "%lld", (long long) json_integer_value (v));
    } else if (json_is_real (v)) {
        buf_printf (b, "%.15g", json_real_value (v));
    } else {
        const char *what = json_is_null (v) ? "null" : json_is_array (v) ? "a list" : "an object";
        return err_set (err, FARRIER_E_INVALID, "${%.*s} is %s: it can't be put in a text",
                        piece->len > 80 ? 80 : (int) piece->len, piece->start, what);
    }
    if (b->len > 65536) {
        return err_set (err, FARRIER_E_NO_SPACE, "the text grows over 64 KiB");
    }
    return 0;
}

static int32_t
expand_text (const char *text, const struct expression_scope *scope, json_t **ret, struct err *err)
{
    struct buf b = { 0 };
    const char *at = text;
    struct piece piece;
    int32_t rc;
    while ((rc = next_piece (text, &at, &piece, err)) > 0) {
        if (!piece.expression) {
            buf_append (&b, piece.start, piece.len);
            continue;
        }
        json_t *v = NULL;
        rc = eval_piece (text, &piece, scope, &v, err);
        if (rc == 0) {
            rc = append_value (&b, v, &piece, err);
            json_decref (v);
        }
        if (rc != 0) {
            break;
        }
    }
    if (rc == 0) {
        *ret = json_stringn (b.data == NULL ? "" : b.data, b.len);
    }
    buf_free (&b);
    return rc;
}

int32_t
expression_expand (const char *text, const struct expression_scope *scope, json_t **ret,
                   struct err *err)
{
    int32_t rc;
    if (expression_is_one_template (text)) {
        const char *at = text;
        struct piece piece;
        rc = next_piece (text, &at, &piece, err);
        rc = rc < 0 ? rc : eval_piece (text, &piece, scope, ret, err);
    } else {
        rc = expand_text (text, scope, ret, err);
    }
    if (rc == ERR_NOT_FOUND && scope->undecided != NULL) {
        *scope->undecided = true;
        *ret = json_string (text);
        return 0;
    }
    return rc;
}

static int32_t
expand_object (const json_t *v, const struct expression_scope *scope, json_t **ret, struct err *err)
{
    json_t *object = json_object ();
    const char *key;
    json_t *member;
    json_object_foreach ((json_t *) v, key, member) {
        json_t *expanded = NULL;
        int32_t rc = expression_expand_all (member, scope, &expanded, err);
        if (rc != 0) {
            err_prefix (err, "%s", key);
            json_decref (object);
            return rc;
        }
        json_object_set_new (object, key, expanded);
    }
    *ret = object;
    return 0;
}

static int32_t
expand_list (const json_t *v, const struct expression_scope *scope, json_t **ret, struct err *err)
{
    json_t *list = json_array ();
    size_t i;
    json_t *member;
    json_array_foreach ((json_t *) v, i, member) {
        json_t *expanded = NULL;
        int32_t rc = expression_expand_all (member, scope, &expanded, err);
        if (rc != 0) {
            json_decref (list);
            return rc;
        }
        json_array_append_new (list, expanded);
    }
    *ret = list;
    return 0;
}

int32_t
expression_expand_all (const json_t *v, const struct expression_scope *scope, json_t **ret,
                       struct err *err)
{
    switch (json_typeof (v)) {
    case JSON_OBJECT:
        return expand_object (v, scope, ret, err);
    case JSON_ARRAY:
        return expand_list (v, scope, ret, err);
    case JSON_STRING:
        return expression_expand (json_string_value (v), scope, ret, err);
    default:
        *ret = json_incref ((json_t *) v);
        return 0;
    }
}

int32_t
expression_template_names (const char *text, expression_name_fn *fn, void *arg, struct err *err)
{
    const char *at = text;
    struct piece piece;
    int32_t rc;
    while ((rc = next_piece (text, &at, &piece, err)) > 0) {
        if (!piece.expression) {
            continue;
        }
        struct expression *e = NULL;
        rc = expression_parse_span (piece.start, piece.len, (int) (piece.start - text), &e, err);
        if (rc != 0) {
            return rc;
        }
        expression_names (e, fn, arg);
        expression_free (e);
    }
    return rc;
}
