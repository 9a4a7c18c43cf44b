/* fault: the list of everything that is wrong with one plugin, and the names of states and faults.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/fault.h"

#include "base/mem.h"
#include "base/str.h"

static const char *const fault_names[PLUGIN_FAULT_LAST_] = {
    [PLUGIN_FAULT_NONE] = "NONE",
    [PLUGIN_FAULT_OPEN] = "OPEN",
    [PLUGIN_FAULT_NOT_ELF] = "NOT_ELF",
    [PLUGIN_FAULT_NOT_SHARED] = "NOT_SHARED",
    [PLUGIN_FAULT_CLASS] = "CLASS",
    [PLUGIN_FAULT_MACHINE] = "MACHINE",
    [PLUGIN_FAULT_ELF_MALFORMED] = "ELF_MALFORMED",
    [PLUGIN_FAULT_NO_NOTE] = "NO_NOTE",
    [PLUGIN_FAULT_NOTE_MALFORMED] = "NOTE_MALFORMED",
    [PLUGIN_FAULT_NOTE_MISMATCH] = "NOTE_MISMATCH",
    [PLUGIN_FAULT_ABI_MAJOR] = "ABI_MAJOR",
    [PLUGIN_FAULT_NEEDS_MINOR] = "NEEDS_MINOR",
    [PLUGIN_FAULT_UNKNOWN_FLAG] = "UNKNOWN_FLAG",
    [PLUGIN_FAULT_WRITABLE] = "WRITABLE",
    [PLUGIN_FAULT_OWNER] = "OWNER",
    [PLUGIN_FAULT_DIGEST] = "DIGEST",
    [PLUGIN_FAULT_CONFIG] = "CONFIG",
    [PLUGIN_FAULT_COPY] = "COPY",
    [PLUGIN_FAULT_DEPENDENCY] = "DEPENDENCY",
    [PLUGIN_FAULT_SYMBOL] = "SYMBOL",
    [PLUGIN_FAULT_DLOPEN] = "DLOPEN",
    [PLUGIN_FAULT_ENTRY] = "ENTRY",
    [PLUGIN_FAULT_MAGIC] = "MAGIC",
    [PLUGIN_FAULT_SIZE] = "SIZE",
    [PLUGIN_FAULT_STRIDE] = "STRIDE",
    [PLUGIN_FAULT_NAME] = "NAME",
    [PLUGIN_FAULT_NAME_MISMATCH] = "NAME_MISMATCH",
    [PLUGIN_FAULT_DUPLICATE] = "DUPLICATE",
    [PLUGIN_FAULT_FIELD] = "FIELD",
    [PLUGIN_FAULT_PARAM] = "PARAM",
    [PLUGIN_FAULT_MATCH] = "MATCH",
    [PLUGIN_FAULT_OP_NAME] = "OP_NAME",
    [PLUGIN_FAULT_OP_DUPLICATE] = "OP_DUPLICATE",
    [PLUGIN_FAULT_OP_CALLBACK] = "OP_CALLBACK",
    [PLUGIN_FAULT_OP_FLAGS] = "OP_FLAGS",
    [PLUGIN_FAULT_OP_TIMING] = "OP_TIMING",
    [PLUGIN_FAULT_CALLBACK] = "CALLBACK",
    [PLUGIN_FAULT_LOAD] = "LOAD",
    [PLUGIN_FAULT_CONFIGURE] = "CONFIGURE",
    [PLUGIN_FAULT_ACTIVATE] = "ACTIVATE",
    [PLUGIN_FAULT_QUARANTINED] = "QUARANTINED",
    [PLUGIN_FAULT_ABSENT] = "ABSENT",
};

const char *
plugin_fault_name (enum plugin_fault_code code)
{
    if ((int) code < 0 || code >= PLUGIN_FAULT_LAST_)
        return "?";
    return fault_names[code];
}

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
