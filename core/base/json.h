/* json: jansson with limits, RFC 6901 pointers and a canonical form.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_BASE_JSON_H
#define FARRIER_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Deeper is refused before jansson recurses (its own limit kills small stacks). */
#define JSON_DEPTH_MAX 64

/* Returns a new reference, or NULL with err (code FARRIER_E_INVALID, with line and column). */
json_t *json_parse (const char *text, size_t len, struct err *err);
/* JSON that Farrier itself stored: fallback (taken over; may be NULL) when text is NULL, empty or
 * does not parse. New reference. */
json_t *json_stored (const char *text, json_t *fallback);
/* Canonical: sorted keys, compact. Heap. */
char *json_text (const json_t *v);
char *json_pretty (const json_t *v);              /* indented, keys in insertion order */
/* RFC 6901; NULL when absent. Borrowed. "" is the document itself. */
json_t *json_at (const json_t *v, const char *pointer);
const char *json_str (const json_t *v, const char *pointer);          /* NULL unless a string */
const char *json_str_or (const json_t *v, const char *pointer, const char *fallback);
long long json_int_or (const json_t *v, const char *pointer, long long fallback);
bool json_bool_or (const json_t *v, const char *pointer, bool fallback);
/* Heap text of a string, a whole number or a bool; NULL for anything else. */
char *json_scalar_text (const json_t *v);
/* Sets object[key]; value is stolen; NULL value stores null. For chains. */
void json_put (json_t *object, const char *key, json_t *value);
void json_put_str (json_t *object, const char *key, const char *s);   /* NULL s -> null */
void json_put_int (json_t *object, const char *key, long long n);
void json_put_bool (json_t *object, const char *key, bool b);

#endif
