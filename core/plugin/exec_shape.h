/* exec_shape: the shape that a JSON document must have: names, types, and nothing else.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_EXEC_SHAPE_H
#define FARRIER_PLUGIN_EXEC_SHAPE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

enum exec_shape_type {
    EXEC_TEXT,                         /* a string without NUL */
    EXEC_COUNT,                        /* a whole number from 0 to 2^32 - 1 */
    EXEC_SIZE,                         /* a whole number from 0 to 2^63 - 1 */
    EXEC_NUMBER,
    EXEC_BOOL,
    EXEC_ANY,
    EXEC_OBJECT,                       /* of anything, or as `inner` says */
    EXEC_TEXTS,                        /* an object whose values are strings */
    EXEC_LIST,                         /* of strings, or of objects as `inner` says */
};

/* A table of members ends with an entry without a name. */
struct exec_shape {
    const char *name;
    enum exec_shape_type type;
    bool required;
    const struct exec_shape *inner;    /* NULL = not looked into */
};

/* 0, or PLUGIN_BUG with the place ("await/guards[1]/uri"), what is there and what must be. where:
 * the place of the object itself, "" = the document. */
int32_t exec_shape_check (const json_t *object, const struct exec_shape *shape, const char *where,
                          struct err *err);

#endif
