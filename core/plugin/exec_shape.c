/* exec_shape: see exec_shape.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/exec_shape.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define SHOWN_MAX 60
#define MEMBERS_MAX 32

static const char *const type_names[] = {
    [EXEC_TEXT] = "a string",
    [EXEC_COUNT] = "a whole number from 0 to 4294967295",
    [EXEC_SIZE] = "a whole number from 0",
    [EXEC_NUMBER] = "a number",
    [EXEC_BOOL] = "true or false",
    [EXEC_ANY] = "any value",
    [EXEC_OBJECT] = "an object",
    [EXEC_TEXTS] = "an object of strings",
    [EXEC_LIST] = "a list",
};

static bool
is_text (const json_t *v)
{
    return json_is_string (v) && strlen (json_string_value (v)) == json_string_length (v);
}

static bool
all_texts (const json_t *object)
{
    const char *key;
    json_t *v;
    json_object_foreach ((json_t *) object, key, v) {
        if (!is_text (v))
            return false;
    }
    return true;
}

static bool
fits (const json_t *v, enum exec_shape_type type)
{
    switch (type) {
    case EXEC_TEXT:
        return is_text (v);
    case EXEC_COUNT:
        return json_is_integer (v) && json_integer_value (v) >= 0
               && json_integer_value (v) <= UINT32_MAX;
    case EXEC_SIZE:
        return json_is_integer (v) && json_integer_value (v) >= 0;
    case EXEC_NUMBER:
        return json_is_number (v);
    case EXEC_BOOL:
        return json_is_boolean (v);
    case EXEC_OBJECT:
        return json_is_object (v);
    case EXEC_TEXTS:
        return json_is_object (v) && all_texts (v);
    case EXEC_LIST:
        return json_is_array (v);
    case EXEC_ANY:
        return true;
    }
    return false;
}

static int32_t
misfit (const char *place, const json_t *v, const char *wanted, struct err *err)
{
    char *shown = json_text (v);
    bool longer = strlen (shown) > SHOWN_MAX;
    err_set (err, FARRIER_E_PLUGIN_BUG, "'%s' is %.*s%s, must be %s", place, SHOWN_MAX, shown,
             longer ? "…" : "", wanted);
    mem_free (shown);
    return FARRIER_E_PLUGIN_BUG;
}

static int32_t
check_list (const json_t *list, const struct exec_shape *shape, const char *place,
            struct err *err)
{
    size_t i;
    json_t *v;
    json_array_foreach ((json_t *) list, i, v) {
        char *at = str_printf ("%s[%zu]", place, i);
        int32_t rc = 0;
        if (shape->inner == NULL)
            rc = is_text (v) ? 0 : misfit (at, v, type_names[EXEC_TEXT], err);
        else if (!json_is_object (v))
            rc = misfit (at, v, type_names[EXEC_OBJECT], err);
        else
            rc = exec_shape_check (v, shape->inner, at, err);
        mem_free (at);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int32_t
check_member (const json_t *object, const struct exec_shape *shape, const char *where,
              struct err *err)
{
    const json_t *v = json_object_get (object, shape->name);
    char *place = str_printf ("%s%s%s", where, where[0] == '\0' ? "" : "/", shape->name);
    int32_t rc = 0;
    if (v == NULL && shape->required)
        rc = err_set (err, FARRIER_E_PLUGIN_BUG, "'%s' is missing, must be %s", place,
                      type_names[shape->type]);
    else if (v != NULL && !fits (v, shape->type))
        rc = misfit (place, v, type_names[shape->type], err);
    else if (v != NULL && shape->type == EXEC_LIST)
        rc = check_list (v, shape, place, err);
    else if (v != NULL && shape->type == EXEC_OBJECT && shape->inner != NULL)
        rc = exec_shape_check (v, shape->inner, place, err);
    mem_free (place);
    return rc;
}

static int32_t
unknown_member (const char *key, const struct exec_shape *shape, const char *where,
                struct err *err)
{
    const char *names[MEMBERS_MAX];
    size_t count = 0;
    for (; shape[count].name != NULL && count < MEMBERS_MAX; count++)
        names[count] = shape[count].name;
    const char *near = str_did_you_mean (key, names, count);
    err_set (err, FARRIER_E_PLUGIN_BUG, "'%s%s%.60s' is no member of a reply%s%s%s", where,
             where[0] == '\0' ? "" : "/", key, near == NULL ? "" : " (did you mean '",
             near == NULL ? "" : near, near == NULL ? "" : "'?)");
    return FARRIER_E_PLUGIN_BUG;
}

int32_t
exec_shape_check (const json_t *object, const struct exec_shape *shape, const char *where,
                  struct err *err)
{
    const char *key;
    json_t *v;
    json_object_foreach ((json_t *) object, key, v) {
        const struct exec_shape *s = shape;
        while (s->name != NULL && !str_eq (s->name, key))
            s++;
        if (s->name == NULL)
            return unknown_member (key, shape, where, err);
    }
    for (const struct exec_shape *s = shape; s->name != NULL; s++) {
        int32_t rc = check_member (object, s, where, err);
        if (rc != 0)
            return rc;
    }
    return 0;
}
