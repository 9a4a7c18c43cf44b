/* expression: evaluates parsed expressions over a job's context.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "workflow/expression.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "workflow/expression-tree.h"

static int32_t eval (const struct term *t, const struct expression_scope *scope, json_t **ret,
                     struct err *err);

static const char *
type_name (const json_t *v)
{
    switch (json_typeof (v)) {
    case JSON_OBJECT:
        return "object";
    case JSON_ARRAY:
        return "list";
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "boolean";
    default:
        return "null";
    }
}

/* --- names ----------------------------------------------------------------------------------- */

static json_t *
lookup_root (const struct expression_scope *scope, const char *name)
{
    for (size_t i = scope->binding_count; i > 0; i--) {
        if (str_eq (scope->bindings[i - 1].name, name)) {
            return scope->bindings[i - 1].value;
        }
    }
    return json_object_get (scope->context, name);
}

static const char *
nearest_member (const json_t *object, const char *word)
{
    if (!json_is_object (object)) {
        return NULL;
    }
    struct vec names = { 0 };
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *) object, key, value) {
        vec_push (&names, (void *) key);
    }
    const char *nearest = str_did_you_mean (word, (const char *const *) names.items, names.count);
    vec_free (&names);
    return nearest;
}

static int32_t
unknown_name (const struct term *t, const json_t *in, const char *word, struct err *err)
{
    const char *nearest = word == NULL ? NULL : nearest_member (in, word);
    if (nearest != NULL) {
        return err_set (err, ERR_NOT_FOUND, "unknown value '%s' (did you mean '%s'?), column %d",
                        t->path, nearest, t->column);
    }
    return err_set (err, ERR_NOT_FOUND, "unknown value '%s', column %d", t->path, t->column);
}

/* Borrowed. */
static int32_t
lookup (const struct term *t, const struct expression_scope *scope, json_t **ret, struct err *err)
{
    const struct term_part *root = vec_at (&t->parts, 0);
    json_t *v = lookup_root (scope, root->key);
    if (v == NULL) {
        return unknown_name (t, scope->context, root->key, err);
    }
    for (size_t i = 1; i < t->parts.count; i++) {
        const struct term_part *part = vec_at (&t->parts, i);
        json_t *in = v;
        v = part->key != NULL ? json_object_get (in, part->key) : json_array_get (in, part->index);
        if (v == NULL) {
            return unknown_name (t, in, part->key, err);
        }
    }
    *ret = v;
    return 0;
}

/* --- comparison ------------------------------------------------------------------------------ */

static bool
holds (enum term_compare compare, int order)
{
    switch (compare) {
    case COMPARE_EQ:
        return order == 0;
    case COMPARE_NE:
        return order != 0;
    case COMPARE_LT:
        return order < 0;
    case COMPARE_LE:
        return order <= 0;
    case COMPARE_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

static int
compare_numbers (const json_t *a, const json_t *b)
{
    if (json_is_integer (a) && json_is_integer (b)) {
        json_int_t x = json_integer_value (a), y = json_integer_value (b);
        return x < y ? -1 : x > y;
    }
    double x = json_number_value (a), y = json_number_value (b);
    return x < y ? -1 : x > y;
}

static bool
values_equal (const json_t *a, const json_t *b)
{
    if (json_is_number (a) && json_is_number (b)) {
        return compare_numbers (a, b) == 0;
    }
    return json_equal (a, b) != 0;
}

static int32_t
compare_values (const struct term *t, const json_t *a, const json_t *b, bool *ret, struct err *err)
{
    bool equality = t->compare == COMPARE_EQ || t->compare == COMPARE_NE;
    if (json_is_number (a) && json_is_number (b)) {
        *ret = holds (t->compare, compare_numbers (a, b));
        return 0;
    }
    if (!equality && json_is_string (a) && json_is_string (b)) {
        return err_set (err, FARRIER_E_INVALID,
                        "strings have no order; write version(a) < version(b) for versions, "
                        "column %d", t->column);
    }
    if (!equality) {
        return err_set (err, FARRIER_E_INVALID, "a %s and a %s have no order, column %d",
                        type_name (a), type_name (b), t->column);
    }
    if (!str_eq (type_name (a), type_name (b)) && !json_is_null (a) && !json_is_null (b)) {
        return err_set (err, FARRIER_E_INVALID, "a %s never equals a %s, column %d", type_name (a),
                        type_name (b), t->column);
    }
    *ret = values_equal (a, b) == (t->compare == COMPARE_EQ);
    return 0;
}

int32_t
expression_compare_general (void *arg, const char *a, const char *b)
{
    (void) arg;
    int order = str_compare_natural (a, b);
    return order < 0 ? -1 : order > 0;
}

static int32_t
version_text (const struct term *t, const struct expression_scope *scope, json_t **ret,
              struct err *err)
{
    json_t *v = NULL;
    int32_t rc = eval (vec_at (&t->terms, 0), scope, &v, err);
    if (rc != 0) {
        return rc;
    }
    if (!json_is_string (v)) {
        rc = err_set (err, FARRIER_E_INVALID, "version() wants a string, this is a %s, column %d",
                      type_name (v), t->column);
        json_decref (v);
        return rc;
    }
    *ret = v;
    return 0;
}

static int32_t
compare_versions (const struct term *t, const struct expression_scope *scope, bool *ret,
                  struct err *err)
{
    json_t *a = NULL, *b = NULL;
    int32_t rc = version_text (vec_at (&t->terms, 0), scope, &a, err);
    if (rc == 0) {
        rc = version_text (vec_at (&t->terms, 1), scope, &b, err);
    }
    if (rc == 0) {
        expression_compare_fn *fn = scope->compare_versions;
        fn = fn == NULL ? expression_compare_general : fn;
        int32_t order = fn (scope->compare_arg, json_string_value (a), json_string_value (b));
        if (order == 2) {
            rc = err_set (err, FARRIER_E_INVALID,
                          "versions '%.100s' and '%.100s' have no known order, column %d",
                          json_string_value (a), json_string_value (b), t->column);
        } else {
            *ret = holds (t->compare, order);
        }
    }
    json_decref (a);
    json_decref (b);
    return rc;
}

static int32_t
member_of (const struct term *t, const json_t *v, const json_t *list, bool *ret, struct err *err)
{
    if (!json_is_array (list)) {
        return err_set (err, FARRIER_E_INVALID, "'in' wants a list on its right, this is a %s, "
                        "column %d", type_name (list), t->column);
    }
    *ret = false;
    size_t i;
    json_t *member;
    json_array_foreach ((json_t *) list, i, member) {
        if (values_equal (v, member)) {
            *ret = true;
            break;
        }
    }
    return 0;
}

static int32_t
glob_matches (const struct term *t, const json_t *v, const json_t *pattern, bool *ret,
              struct err *err)
{
    if (!json_is_string (v) || !json_is_string (pattern)) {
        return err_set (err, FARRIER_E_INVALID, "'matches' wants two strings, these are a %s and "
                        "a %s, column %d", type_name (v), type_name (pattern), t->column);
    }
    *ret = str_glob (json_string_value (pattern), json_string_value (v), false);
    return 0;
}

static int32_t
eval_two (const struct term *t, const struct expression_scope *scope, bool *ret, struct err *err)
{
    const struct term *left = vec_at (&t->terms, 0);
    if (t->kind == TERM_COMPARE && left->kind == TERM_VERSION) {
        return compare_versions (t, scope, ret, err);
    }
    json_t *a = NULL, *b = NULL;
    int32_t rc = eval (left, scope, &a, err);
    if (rc == 0) {
        rc = eval (vec_at (&t->terms, 1), scope, &b, err);
    }
    if (rc == 0 && t->kind == TERM_IN) {
        rc = member_of (t, a, b, ret, err);
    } else if (rc == 0 && t->kind == TERM_MATCHES) {
        rc = glob_matches (t, a, b, ret, err);
    } else if (rc == 0) {
        rc = compare_values (t, a, b, ret, err);
    }
    json_decref (a);
    json_decref (b);
    return rc;
}

/* --- the rest -------------------------------------------------------------------------------- */

static int32_t
eval_truth (const struct term *t, const struct expression_scope *scope, bool *ret, struct err *err)
{
    json_t *v = NULL;
    int32_t rc = eval (t, scope, &v, err);
    if (rc != 0) {
        return rc;
    }
    if (!json_is_boolean (v)) {
        rc = err_set (err, FARRIER_E_INVALID, "true or false is wanted, this is a %s, column %d",
                      type_name (v), t->column);
    } else {
        *ret = json_is_true (v);
    }
    json_decref (v);
    return rc;
}

static int32_t
eval_chain (const struct term *t, const struct expression_scope *scope, bool *ret, struct err *err)
{
    bool decides = t->kind == TERM_OR;
    for (size_t i = 0; i < t->terms.count; i++) {
        bool truth = false;
        int32_t rc = eval_truth (vec_at (&t->terms, i), scope, &truth, err);
        if (rc != 0) {
            return rc;
        }
        if (truth == decides) {
            *ret = decides;
            return 0;
        }
    }
    *ret = !decides;
    return 0;
}

static int32_t
eval_count (const struct term *t, const struct expression_scope *scope, json_t **ret,
            struct err *err)
{
    json_t *v = NULL;
    int32_t rc = eval (vec_at (&t->terms, 0), scope, &v, err);
    if (rc != 0) {
        return rc;
    }
    if (json_is_array (v)) {
        *ret = json_integer ((json_int_t) json_array_size (v));
    } else if (json_is_object (v)) {
        *ret = json_integer ((json_int_t) json_object_size (v));
    } else if (json_is_string (v)) {
        *ret = json_integer ((json_int_t) json_string_length (v));
    } else {
        rc = err_set (err, FARRIER_E_INVALID, "count() wants a list, an object or a string, this "
                      "is a %s, column %d", type_name (v), t->column);
    }
    json_decref (v);
    return rc;
}

static int32_t
eval_list (const struct term *t, const struct expression_scope *scope, json_t **ret,
           struct err *err)
{
    json_t *list = json_array ();
    for (size_t i = 0; i < t->terms.count; i++) {
        json_t *v = NULL;
        int32_t rc = eval (vec_at (&t->terms, i), scope, &v, err);
        if (rc != 0) {
            json_decref (list);
            return rc;
        }
        json_array_append_new (list, v);
    }
    *ret = list;
    return 0;
}

static int32_t
eval_boolean (const struct term *t, const struct expression_scope *scope, json_t **ret,
              struct err *err)
{
    bool truth = false;
    int32_t rc = 0;
    if (t->kind == TERM_NOT) {
        rc = eval_truth (vec_at (&t->terms, 0), scope, &truth, err);
        truth = !truth;
    } else if (t->kind == TERM_DEFINED) {
        json_t *v = NULL;
        struct err ignored;
        truth = lookup (vec_at (&t->terms, 0), scope, &v, &ignored) == 0 && !json_is_null (v);
    } else if (t->kind == TERM_AND || t->kind == TERM_OR) {
        rc = eval_chain (t, scope, &truth, err);
    } else {
        rc = eval_two (t, scope, &truth, err);
    }
    if (rc == 0) {
        *ret = json_boolean (truth);
    }
    return rc;
}

static int32_t
eval (const struct term *t, const struct expression_scope *scope, json_t **ret, struct err *err)
{
    json_t *v = NULL;
    int32_t rc = 0;
    switch (t->kind) {
    case TERM_LITERAL:
        *ret = json_incref (t->literal);
        return 0;
    case TERM_NAME:
        rc = lookup (t, scope, &v, err);
        if (rc == 0) {
            *ret = json_incref (v);
        }
        return rc;
    case TERM_LIST:
        return eval_list (t, scope, ret, err);
    case TERM_COUNT:
        return eval_count (t, scope, ret, err);
    case TERM_VERSION:                 /* the parser lets it stand in comparisons only */
        return err_set (err, FARRIER_E_INTERNAL, "version() outside a comparison");
    default:
        return eval_boolean (t, scope, ret, err);
    }
}

int32_t
expression_eval (const struct expression *e, const struct expression_scope *scope, json_t **ret,
                 struct err *err)
{
    return eval (e->root, scope, ret, err);
}

int32_t
expression_eval_text (const char *text, const struct expression_scope *scope, json_t **ret,
                      struct err *err)
{
    struct expression *e = NULL;
    int32_t rc = expression_parse (text, &e, err);
    if (rc == 0) {
        rc = expression_eval (e, scope, ret, err);
        expression_free (e);
    }
    return rc;
}

int32_t
expression_eval_bool (const char *text, const struct expression_scope *scope, bool *ret,
                      struct err *err)
{
    struct expression *e = NULL;
    int32_t rc = expression_parse (text, &e, err);
    if (rc == 0) {
        rc = eval_truth (e->root, scope, ret, err);
        expression_free (e);
    }
    return rc;
}

static void
visit (const struct term *t, bool in_defined, expression_name_fn *fn, void *arg)
{
    if (t->kind == TERM_NAME) {
        const struct term_part *root = vec_at (&t->parts, 0);
        const struct term_part *second = t->parts.count > 1 ? vec_at (&t->parts, 1) : NULL;
        struct expression_name name = { t->path, root->key, second == NULL ? NULL : second->key,
                                        t->column, in_defined };
        fn (arg, &name);
    }
    for (size_t i = 0; i < t->terms.count; i++) {
        visit (vec_at (&t->terms, i), t->kind == TERM_DEFINED, fn, arg);
    }
}

void
expression_names (const struct expression *e, expression_name_fn *fn, void *arg)
{
    visit (e->root, false, fn, arg);
}
