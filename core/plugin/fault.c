/* fault: the list of everything that is wrong with one plugin, and the names of states.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/fault.h"

#include "base/mem.h"
#include "base/str.h"

const char *
plugin_state_name (enum plugin_state state)
{
    switch (state) {
    case PLUGIN_REGISTERED:
        return "registered";
    case PLUGIN_DISABLED:
        return "disabled";
    case PLUGIN_QUARANTINED:
        return "quarantined";
    case PLUGIN_FAILED:
        return "failed";
    case PLUGIN_ABSENT:
        return "absent";
    }
    return "?";
}

void
fault_add (struct fault_list *list, enum plugin_fault_code code, const char *fmt, ...)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 4 : list->capacity * 2;
        list->items = mem_realloc (list->items, list->capacity * sizeof *list->items);
    }
    struct plugin_fault *fault = &list->items[list->count++];
    va_list ap;
    va_start (ap, fmt);
    fault->code = code;
    fault->message = str_vprintf (fmt, ap);
    fault->hint = str_dup ("");
    va_end (ap);
}

void
fault_hint (struct fault_list *list, const char *fmt, ...)
{
    if (list->count == 0)
        return;
    struct plugin_fault *fault = &list->items[list->count - 1];
    va_list ap;
    va_start (ap, fmt);
    mem_free (fault->hint);
    fault->hint = str_vprintf (fmt, ap);
    va_end (ap);
}

void
fault_list_free (struct fault_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        mem_free (list->items[i].message);
        mem_free (list->items[i].hint);
    }
    mem_free (list->items);
    *list = (struct fault_list) { 0 };
}

int32_t
fault_to_err (const struct fault_list *list, const char *plugin, struct err *err)
{
    if (list->count == 0)
        return 0;
    const struct plugin_fault *first = &list->items[0];
    err_set (err, FARRIER_E_INVALID, "plugin %s: %s", plugin, first->message);
    err_hint (err, "%s", first->hint);
    return FARRIER_E_INVALID;
}
