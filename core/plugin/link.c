/* link: gives one plugin to the dynamic linker, and explains what that answers.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "plugin/deps.h"
#include "plugin/policy.h"
#include "plugin/private.h"

/* The linker calls a private copy /proc/self/fd/N: nobody outside knows that name. */
static char *
linker_text (const char *path, const char *name)
{
    const char *text = dlerror ();
    struct buf out = { 0 };
    size_t len = strlen (path);
    text = text == NULL ? "no reason given" : text;
    if (strncmp (text, path, len) == 0 && str_starts (text + len, ": "))
        text += len + 2;
    for (const char *at; (at = strstr (text, path)) != NULL; text = at + len) {
        buf_append (&out, text, (size_t) (at - text));
        buf_puts (&out, name);
    }
    buf_puts (&out, text);
    return buf_steal (&out);
}

static void
missing_library (const char *text, size_t name_len, struct fault_list *faults)
{
    fault_add (faults, PLUGIN_FAULT_DEPENDENCY,
               "needs the library %.*s, which the dynamic linker does not find", (int) name_len,
               text);
    fault_hint (faults, "apt-file search %.*s names its package: install it, then: farrier plugin "
                        "check %s", (int) name_len, text, fault_file (faults));
}

static void
undefined_symbol (const char *symbol, const struct elf_dyn *dyn, struct fault_list *faults)
{
    if (deps_undefined (dyn, faults) > 0)
        return;
    fault_add (faults, PLUGIN_FAULT_SYMBOL, "uses the symbol '%.*s', which nothing defines",
               (int) strcspn (symbol, " ,"), symbol);
    fault_hint (faults, "link the plugin with the library that defines it: nm -D %s",
                fault_file (faults));
}

static void
dlopen_fault (struct plugin *p, const char *path, const struct elf_dyn *dyn)
{
    static const char undefined[] = "undefined symbol: ";
    char *text = linker_text (path, p->name);
    const char *symbol = strstr (text, undefined);
    const char *missing = strstr (text, ": cannot open shared object file");
    struct fault_list *faults = &p->faults;
    if (symbol != NULL) {
        undefined_symbol (symbol + strlen (undefined), dyn, faults);
    } else if (missing != NULL) {
        missing_library (text, (size_t) (missing - text), faults);
    } else {
        fault_add (faults, PLUGIN_FAULT_DLOPEN, "the dynamic linker refused it: %s", text);
        if (strstr (text, " not found (required by ") != NULL)
            fault_hint (faults, "it was built on a later system: install the plugin's package for "
                                "this one, or build it here");
        else
            fault_hint (faults, "ldd %s; readelf -d %s", fault_file (faults),
                        fault_file (faults));
    }
    mem_free (text);
}

/* The private copy is opened through /proc/self/fd. Its descriptor is never closed: the linker
 * knows an object by its path, and with RTLD_NODELETE the code stays as long as the process. */
static void *
open_object (struct plugin *p, const struct buf *bytes, const struct elf_dyn *dyn, bool in_place)
{
    char path[64];
    const char *name = p->file;
    int fd = -1;
    if (!in_place) {
        fd = policy_private_copy (p->name, p->note.build_id != NULL ? p->note.build_id : p->sha256,
                                  bytes, &p->faults);
        if (fd < 0)
            return NULL;
        str_format (path, sizeof path, "/proc/self/fd/%d", fd);
        name = path;
    }
    plugin_enter (p, "", "dlopen");
    void *object = dlopen (name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    plugin_leave ();
    if (object == NULL) {
        dlopen_fault (p, name, dyn);
        if (fd >= 0)
            close (fd);
    }
    return object;
}

const struct farrier_plugin *
link_open (struct plugin *p, const struct buf *bytes, const struct elf_dyn *dyn, bool in_place)
{
    const struct farrier_plugin *(*entry) (void);
    void *object = open_object (p, bytes, dyn, in_place);
    if (object == NULL)
        return NULL;
    *(void **) &entry = dlsym (object, FARRIER_PLUGIN_ENTRY_NAME);
    const struct farrier_plugin *raw = NULL;
    if (entry == NULL) {
        fault_add (&p->faults, PLUGIN_FAULT_ENTRY,
                   "does not export %s, the entry of plugin ABI %d", FARRIER_PLUGIN_ENTRY_NAME,
                   FARRIER_ABI_MAJOR);
        fault_hint (&p->faults, "define the plugin with FARRIER_PLUGIN_DEFINE and link it with "
                                "default visibility for that symbol");
        return NULL;
    }
    plugin_enter (p, "", "entry");
    raw = entry ();
    plugin_leave ();
    if (raw == NULL || (uintptr_t) raw % _Alignof (struct farrier_plugin) != 0) {
        fault_add (&p->faults, PLUGIN_FAULT_ENTRY, "%s returned %p, not a struct farrier_plugin",
                   FARRIER_PLUGIN_ENTRY_NAME, (const void *) raw);
        fault_hint (&p->faults, "define the plugin with FARRIER_PLUGIN_DEFINE of farrier/sdk.h");
        raw = NULL;
    }
    return raw;
}

