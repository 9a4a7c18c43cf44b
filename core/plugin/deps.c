/* deps: are all libraries there that a plugin needs, and those that they need?
 *
 * The dynamic linker itself names the first missing library only, and only by loading everything
 * before it. Here all of them are named, before any code of the plugin runs.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/deps.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"

#define LIBRARIES_MAX 512
#define LIBRARY_MAX (512u << 20)
#define CACHE_FILE "/etc/ld.so.cache"
#define CACHE_MAX (16u << 20)
#define CACHE_MAGIC "glibc-ld.so.cache1.1"
#define SYMBOLS_NAMED 20

/* --- where the linker looks ----------------------------------------------------------------- */

struct cache_head {
    char magic[sizeof CACHE_MAGIC - 1];
    uint32_t count, strings_len;
    uint8_t flags, pad[3];
    uint32_t extension_at, unused[3];
};

struct cache_entry {
    int32_t flags;
    uint32_t name, path;               /* offsets from the head */
    uint32_t os_version;
    uint64_t hwcap;
};

struct search {
    struct vec folders;                /* char * */
    struct map *cache;                 /* soname -> path (heap) */
    struct map *seen;                  /* soname -> itself */
    struct vec queue;                  /* struct wanted * */
    struct fault_list *faults;
};

struct wanted {
    char *name;
    char *by;                          /* NULL: the plugin itself */
};

static const char *
cache_text (const struct buf *file, size_t base, uint32_t at)
{
    if (at >= file->len - base)
        return NULL;
    const char *text = file->data + base + at;
    size_t left = file->len - base - at;
    return strnlen (text, left) == left ? NULL : text;
}

/* The file may hold an older table first; ours is aligned to 8 behind it. */
static void
read_cache (struct search *s)
{
    struct buf file = { 0 };
    struct cache_head head;
    s->cache = map_new ();
    if (fs_read (CACHE_FILE, CACHE_MAX, &file, NULL) != 0)
        return;
    const char *at = memmem (file.data, file.len, CACHE_MAGIC, sizeof head.magic);
    size_t base = at == NULL ? 0 : (size_t) (at - file.data);
    if (at != NULL && file.len - base >= sizeof head) {
        memcpy (&head, at, sizeof head);
        size_t room = (file.len - base - sizeof head) / sizeof (struct cache_entry);
        for (uint32_t i = 0; i < head.count && i < room; i++) {
            struct cache_entry e;
            memcpy (&e, at + sizeof head + i * sizeof e, sizeof e);
            const char *name = cache_text (&file, base, e.name);
            const char *path = cache_text (&file, base, e.path);
            if (name != NULL && path != NULL && map_get (s->cache, name) == NULL)
                map_set (s->cache, name, str_dup (path));
        }
    }
    buf_free (&file);
}

static void
read_folders (struct search *s)
{
    Dl_serinfo size = { 0 };
    void *self = dlopen (NULL, RTLD_LAZY);
    if (self == NULL || dlinfo (self, RTLD_DI_SERINFOSIZE, &size) != 0 || size.dls_size == 0)
        return;
    Dl_serinfo *info = mem_alloc (size.dls_size);
    info->dls_size = size.dls_size;
    info->dls_cnt = size.dls_cnt;
    if (dlinfo (self, RTLD_DI_SERINFO, info) == 0)
        for (unsigned i = 0; i < info->dls_cnt; i++)
            vec_push (&s->folders, str_dup (info->dls_serpath[i].dls_name));
    mem_free (info);
    dlclose (self);
}

static bool
fits_here (const char *path, struct buf *ret)
{
    struct elf_file f;
    buf_clear (ret);
    return access (path, R_OK) == 0 && fs_read (path, LIBRARY_MAX, ret, NULL) == 0
           && elf_file_begin_quietly ((const uint8_t *) ret->data, ret->len, &f);
}

/* The file of a library, read; false when there is none. */
static bool
find_library (const struct search *s, const char *name, struct buf *ret)
{
    if (strchr (name, '/') != NULL)
        return fits_here (name, ret);
    const char *cached = map_get (s->cache, name);
    if (cached != NULL && fits_here (cached, ret))
        return true;
    bool found = false;
    for (size_t i = 0; i < s->folders.count && !found; i++) {
        char *path = fs_join (s->folders.items[i], name);
        found = fits_here (path, ret);
        mem_free (path);
    }
    return found;
}

/* --- the walk ------------------------------------------------------------------------------- */

/* What is mapped already needs no file, and neither does all that it needs. */
static bool
is_loaded (const char *name)
{
    void *object = dlopen (name, RTLD_LAZY | RTLD_NOLOAD);
    if (object != NULL)
        dlclose (object);
    return object != NULL;
}

static void
want (struct search *s, const struct vec *names, const char *by)
{
    for (size_t i = 0; i < names->count && s->queue.count < LIBRARIES_MAX; i++) {
        const char *name = names->items[i];
        if (map_get (s->seen, name) != NULL)
            continue;
        struct wanted *w = mem_alloc (sizeof *w);
        w->name = str_dup (name);
        w->by = str_dup (by);
        map_set (s->seen, name, w);
        vec_push (&s->queue, w);
    }
}

static void
missing (const struct search *s, const struct wanted *w)
{
    fault_add (s->faults, PLUGIN_FAULT_DEPENDENCY,
               "needs the library %s%s%s%s, which is in none of %zu library folders and not in "
               CACHE_FILE, w->name, w->by == NULL ? "" : " (through ", w->by == NULL ? "" : w->by,
               w->by == NULL ? "" : ")", s->folders.count);
    fault_hint (s->faults, "apt-file search %s names its package: install it, then: farrier plugin "
                           "check %s", w->name,
                fault_file (s->faults));
}

static void
look_at (struct search *s, const struct wanted *w, struct buf *bytes)
{
    struct elf_file f;
    struct elf_dyn dyn = { 0 };
    if (is_loaded (w->name))
        return;
    if (!find_library (s, w->name, bytes)) {
        missing (s, w);
        return;
    }
    if (elf_file_begin_quietly ((const uint8_t *) bytes->data, bytes->len, &f)) {
        /* A library with a search path of its own finds what this walk can't see. */
        if (elf_dyn_read (&f, &dyn) && dyn.rpath == NULL && dyn.runpath == NULL)
            want (s, &dyn.needed, w->name);
        elf_dyn_free (&dyn);
    }
}

static void
wanted_free (void *item)
{
    struct wanted *w = item;
    mem_free (w->name);
    mem_free (w->by);
    mem_free (w);
}

void
deps_check (const struct elf_dyn *dyn, struct fault_list *faults)
{
    struct search s = { .faults = faults, .seen = map_new () };
    struct buf bytes = { 0 };
    bool all_loaded = true;
    for (size_t i = 0; i < dyn->needed.count && all_loaded; i++)
        all_loaded = is_loaded (dyn->needed.items[i]);
    if (!all_loaded) {
        read_folders (&s);
        read_cache (&s);
        want (&s, &dyn->needed, NULL);
    }
    for (size_t i = 0; i < s.queue.count; i++)
        look_at (&s, s.queue.items[i], &bytes);
    buf_free (&bytes);
    vec_free_with (&s.queue, wanted_free);
    vec_free_with (&s.folders, mem_free);
    map_free (s.cache, mem_free);
    map_free (s.seen, NULL);
}

/* --- symbols -------------------------------------------------------------------------------- */

static bool
is_defined (const char *symbol, void *const *objects, size_t count)
{
    dlerror ();
    if (dlsym (RTLD_DEFAULT, symbol) != NULL || dlerror () == NULL)
        return true;
    for (size_t i = 0; i < count; i++) {
        dlerror ();
        if (objects[i] != NULL && (dlsym (objects[i], symbol) != NULL || dlerror () == NULL))
            return true;
    }
    return false;
}

size_t
deps_undefined (const struct elf_dyn *dyn, struct fault_list *faults)
{
    void **objects = mem_array (dyn->needed.count + 1, sizeof *objects);
    size_t found = 0;
    for (size_t i = 0; i < dyn->needed.count; i++)
        objects[i] = dlopen (dyn->needed.items[i], RTLD_LAZY | RTLD_LOCAL);
    for (size_t i = 0; i < dyn->undefined.count; i++) {
        const char *symbol = dyn->undefined.items[i];
        if (is_defined (symbol, objects, dyn->needed.count) || ++found > SYMBOLS_NAMED)
            continue;
        fault_add (faults, PLUGIN_FAULT_SYMBOL,
                   "uses the symbol '%s', which none of its %zu libraries defines", symbol,
                   dyn->needed.count);
        fault_hint (faults, "link the plugin with the library or object that defines it: nm -D %s",
                    fault_file (faults));
    }
    for (size_t i = 0; i < dyn->needed.count; i++)
        if (objects[i] != NULL)
            dlclose (objects[i]);
    mem_free (objects);
    return found;
}
