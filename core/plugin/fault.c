/* fault: the list of everything that is wrong with one plugin, and the names of states.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/fault.h"

#include "base/mem.h"
#include "base/str.h"

const char *
plugin_kind_name (enum plugin_kind kind)
{
    static const char *const names[] = {
        [PLUGIN_KIND_SHARED_OBJECT] = "shared object",
        [PLUGIN_KIND_EXECUTABLE] = "executable",
        [PLUGIN_KIND_BUILT_IN] = "built in",
    };
    return names[kind];
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

/* Texts of a plugin end on terminals and in logs. */
static char *
one_line (char *text)
{
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char) *c < ' ' || *c == 127)
            *c = *c == '\n' || *c == '\t' ? ' ' : '?';
    return text;
}

const char *
fault_file (const struct fault_list *list)
{
    return list->file == NULL ? "FILE" : list->file;
}

static char *
general_hint (const struct fault_list *list, enum plugin_fault_code code)
{
    const char *file = fault_file (list);
    if (plugin_fault_stage (code) == PLUGIN_STAGE_STRUCT)
        return str_printf ("a mistake of the plugin: tell its vendor, or correct it by "
                           "farrier-plugin(3), then: farrier plugin check %s", file);
    return str_printf ("farrier plugin check %s; farrier-plugins(7) explains %s", file,
                       plugin_fault_name (code));
}

static struct plugin_fault *
fault_new (struct fault_list *list)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 4 : list->capacity * 2;
        list->items = mem_realloc (list->items, list->capacity * sizeof *list->items);
    }
    return &list->items[list->count++];
}

void
fault_add (struct fault_list *list, enum plugin_fault_code code, const char *fmt, ...)
{
    struct plugin_fault *fault = fault_new (list);
    va_list ap;
    va_start (ap, fmt);
    fault->code = code;
    fault->message = one_line (str_vprintf (fmt, ap));
    fault->hint = one_line (general_hint (list, code));
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
    char *hint = one_line (str_vprintf (fmt, ap));
    va_end (ap);
    if (hint[0] == '\0') {
        mem_free (hint);
        return;
    }
    mem_free (fault->hint);
    fault->hint = hint;
}

void
fault_drop_last (struct fault_list *list)
{
    struct plugin_fault *last = &list->items[--list->count];
    mem_free (last->message);
    mem_free (last->hint);
}

void
fault_move (struct fault_list *to, struct fault_list *from)
{
    for (size_t i = 0; i < from->count; i++)
        *fault_new (to) = from->items[i];
    mem_free (from->items);
    from->items = NULL;
    from->count = from->capacity = 0;
}

void
fault_list_free (struct fault_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        mem_free (list->items[i].message);
        mem_free (list->items[i].hint);
    }
    mem_free (list->items);
    *list = (struct fault_list) { .file = list->file };
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
