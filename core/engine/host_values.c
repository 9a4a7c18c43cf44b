/* host_values: the host table's JSON, memory and clock.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/step.h"

static void
decref (void *value)
{
    json_decref (value);
}

struct farrier_json *
step_json_in (const struct farrier_host *host, struct arena *arena, json_t *value)
{
    if (value == NULL)
        return NULL;
    struct farrier_json *handle = arena_alloc (arena, sizeof *handle);
    if (handle == NULL)
        return NULL;
    handle->host = host;
    handle->arena = arena;
    handle->value = value;
    return handle;
}

struct farrier_json *
step_json (struct farrier_step *step, json_t *value)
{
    return step_json_in (step->host, step->arena, value);
}

static struct farrier_json *
beside (const struct farrier_json *of, json_t *value)
{
    return step_json_in (of->host, of->arena, value);
}

/* A value that this step made: it ends with the arena. */
static struct farrier_json *
step_json_own (struct farrier_step *step, json_t *value)
{
    if (value == NULL)
        return NULL;
    arena_defer (step->arena, decref, value);
    return step_json (step, value);
}

static const struct farrier_json *
at (const struct farrier_json *value, const char *pointer)
{
    return value == NULL ? NULL : beside (value, json_at (value->value, pointer));
}

static const char *
string_of (const struct farrier_json *value)
{
    return value == NULL ? NULL : json_string_value (value->value);
}

static int32_t
integer_of (const struct farrier_json *value, int64_t *ret)
{
    if (value == NULL || !json_is_number (value->value))
        return FARRIER_E_INVALID;
    *ret = json_is_integer (value->value) ? (int64_t) json_integer_value (value->value)
                                          : (int64_t) json_real_value (value->value);
    return FARRIER_OK;
}

static int32_t
real_of (const struct farrier_json *value, double *ret)
{
    if (value == NULL || !json_is_number (value->value))
        return FARRIER_E_INVALID;
    *ret = json_number_value (value->value);
    return FARRIER_OK;
}

static int32_t
boolean_of (const struct farrier_json *value)
{
    if (value == NULL || !json_is_boolean (value->value))
        return -1;
    return json_is_true (value->value) ? 1 : 0;
}

static uint32_t
count_of (const struct farrier_json *value)
{
    if (value == NULL)
        return 0;
    if (json_is_array (value->value))
        return (uint32_t) json_array_size (value->value);
    return json_is_object (value->value) ? (uint32_t) json_object_size (value->value) : 0;
}

static void *
member_at (json_t *object, uint32_t index)
{
    void *it = json_object_iter (object);
    while (it != NULL && index-- > 0)
        it = json_object_iter_next (object, it);
    return it;
}

static const struct farrier_json *
item_of (const struct farrier_json *value, uint32_t index)
{
    if (value == NULL)
        return NULL;
    if (json_is_array (value->value))
        return beside (value, json_array_get (value->value, index));
    void *it = json_is_object (value->value) ? member_at (value->value, index) : NULL;
    return it == NULL ? NULL : beside (value, json_object_iter_value (it));
}

static const char *
key_of (const struct farrier_json *value, uint32_t index)
{
    if (value == NULL || !json_is_object (value->value))
        return NULL;
    void *it = member_at (value->value, index);
    return it == NULL ? NULL : json_object_iter_key (it);
}

static char
type_of (const struct farrier_json *value)
{
    if (value == NULL)
        return '-';
    switch (json_typeof (value->value)) {
    case JSON_OBJECT:
        return 'o';
    case JSON_ARRAY:
        return 'a';
    case JSON_STRING:
        return 's';
    case JSON_INTEGER:
    case JSON_REAL:
        return 'n';
    case JSON_TRUE:
    case JSON_FALSE:
        return 'b';
    case JSON_NULL:
        break;
    }
    return '0';
}

static const struct farrier_json *
parse (struct farrier_step *step, const char *text)
{
    return text == NULL ? NULL : step_json_own (step, json_parse (text, strlen (text), NULL));
}

static struct farrier_json *
make_object (struct farrier_step *step)
{
    return step_json_own (step, json_object ());
}

static struct farrier_json *
make_array (struct farrier_step *step)
{
    return step_json_own (step, json_array ());
}

static const struct farrier_json *
make_string (struct farrier_step *step, const char *text)
{
    return step_json_own (step, text == NULL ? json_null () : json_string (text));
}

static const struct farrier_json *
make_integer (struct farrier_step *step, int64_t number)
{
    return step_json_own (step, json_integer (number));
}

/* jansson refuses what JSON has no words for: infinities, not a number. */
static const struct farrier_json *
make_number (struct farrier_step *step, double number)
{
    return step_json_own (step, json_real (number));
}

static const struct farrier_json *
make_boolean (struct farrier_step *step, int32_t truth)
{
    return step_json_own (step, json_boolean (truth));
}

static int32_t
put (struct farrier_json *into, const char *key, const struct farrier_json *value)
{
    if (into == NULL || value == NULL)
        return FARRIER_E_INVALID;
    json_t *copy = json_deep_copy (value->value);
    int failed = key == NULL ? json_array_append_new (into->value, copy)
                             : json_object_set_new (into->value, key, copy);
    return failed != 0 ? FARRIER_E_INVALID : FARRIER_OK;
}

static const char *
text_of (struct farrier_step *step, const struct farrier_json *value)
{
    if (value == NULL)
        return NULL;
    char *text = json_text (value->value);
    char *copy = arena_strdup (step->arena, text);
    mem_free (text);
    return copy;
}

static void *
alloc (struct farrier_step *step, size_t size)
{
    return arena_alloc (step->arena, size);
}

static char *
print (struct farrier_step *step, const char *fmt, ...)
{
    va_list ap;
    va_start (ap, fmt);
    char *text = arena_vprintf (step->arena, fmt, ap);
    va_end (ap);
    return text;
}

static int64_t
now_ms (const struct farrier_host *host)
{
    (void) host;
    return clock_wall_ms ();
}

static int64_t
mono_ms (const struct farrier_host *host)
{
    (void) host;
    return clock_boot_ms ();
}

void
step_table_values (struct farrier_host *table)
{
    table->json_at = at;
    table->json_str = string_of;
    table->json_i64 = integer_of;
    table->json_real = real_of;
    table->json_bool = boolean_of;
    table->json_count = count_of;
    table->json_item = item_of;
    table->json_key = key_of;
    table->json_type = type_of;
    table->json_parse = parse;
    table->json_object = make_object;
    table->json_array = make_array;
    table->json_string = make_string;
    table->json_integer = make_integer;
    table->json_boolean = make_boolean;
    table->json_number = make_number;
    table->json_put = put;
    table->json_text = text_of;
    table->alloc = alloc;
    table->printf = print;
    table->now_ms = now_ms;
    table->mono_ms = mono_ms;
}
