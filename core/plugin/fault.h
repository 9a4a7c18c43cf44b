/* fault: the list of everything that is wrong with one plugin.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_FAULT_H
#define FARRIER_PLUGIN_FAULT_H

#include <stddef.h>

#include "plugin/plugin.h"

/* All zero is an empty list. */
struct fault_list {
    struct plugin_fault *items;
    size_t count;
    size_t capacity;
    const char *file;                  /* for hints that name it; NULL = none */
};

/* One line, both values; the hint (fault_hint) names the next command. Whatever the plugin put into
 * a text, a line stays a line: control characters become '?'. Without fault_hint() the fault has
 * the general hint of its stage. */
void fault_add (struct fault_list *list, enum plugin_fault_code code, const char *fmt, ...)
    __attribute__ ((format (printf, 3, 4)));
/* The hint of the fault that was added last; an empty one leaves the general hint. */
void fault_hint (struct fault_list *list, const char *fmt, ...)
    __attribute__ ((format (printf, 2, 3)));
void fault_drop_last (struct fault_list *list);
/* Moves all of from to the end of to. */
void fault_move (struct fault_list *to, struct fault_list *from);
/* The file for a hint, "FILE" where none is known. */
const char *fault_file (const struct fault_list *list);
void fault_list_free (struct fault_list *list);
/* "FAILED at the first fault": an err with the first fault's message and hint. */
int32_t fault_to_err (const struct fault_list *list, const char *plugin, struct err *err);

#endif
