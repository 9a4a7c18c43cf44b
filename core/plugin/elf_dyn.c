/* elf_dyn: what an ELF file asks of the dynamic linker.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/elf_dyn.h"

#include <elf.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define ENTRIES_MAX 4096
#define SYMBOLS_MAX 65536
#define STRING_MAX 4096

#ifndef DF_1_PIE
#define DF_1_PIE 0x08000000
#endif

/* --- entries -------------------------------------------------------------------------------- */

struct section {
    const struct elf_file *file;
    struct elf_segment range;
    uint64_t strings, strings_len;     /* in the file */
    uint64_t symbols, hash, gnu_hash;  /* addresses; 0 = none */
};

static bool
entry_at (const struct section *s, unsigned i, int64_t *ret_tag, uint64_t *ret_value)
{
    size_t size = s->file->wide ? sizeof (Elf64_Dyn) : sizeof (Elf32_Dyn);
    uint64_t at = (uint64_t) i * size;
    if (i >= ENTRIES_MAX || at + size > s->range.size)
        return false;
    if (s->file->wide) {
        Elf64_Dyn d;
        if (!elf_file_read (s->file, s->range.offset + at, &d, sizeof d))
            return false;
        *ret_tag = d.d_tag;
        *ret_value = d.d_un.d_val;
    } else {
        Elf32_Dyn d;
        if (!elf_file_read (s->file, s->range.offset + at, &d, sizeof d))
            return false;
        *ret_tag = d.d_tag;
        *ret_value = d.d_un.d_val;
    }
    return *ret_tag != DT_NULL;
}

/* Where the strings and the symbols are: needed before any name can be read. */
static bool
find_tables (struct section *s)
{
    int64_t tag;
    uint64_t value, strings = 0, size = 0, left = 0;
    for (unsigned i = 0; entry_at (s, i, &tag, &value); i++) {
        strings = tag == DT_STRTAB ? value : strings;
        size = tag == DT_STRSZ ? value : size;
        s->symbols = tag == DT_SYMTAB ? value : s->symbols;
        s->hash = tag == DT_HASH ? value : s->hash;
        s->gnu_hash = tag == DT_GNU_HASH ? value : s->gnu_hash;
    }
    if (!elf_file_offset (s->file, strings, &s->strings, &left))
        return false;
    s->strings_len = size < left ? size : left;
    return true;
}

/* A heap string, or NULL when it does not end inside of the table. */
static char *
string_at (const struct section *s, uint64_t index)
{
    if (index >= s->strings_len || s->strings + s->strings_len > s->file->len)
        return NULL;
    const char *text = (const char *) s->file->bytes + s->strings + index;
    uint64_t left = s->strings_len - index;
    size_t len = strnlen (text, left < STRING_MAX ? left : STRING_MAX);
    return len == left || len == STRING_MAX ? NULL : str_ndup (text, len);
}

static bool
take_string (const struct section *s, uint64_t index, char **ret)
{
    char *text = string_at (s, index);
    if (text == NULL)
        return false;
    mem_free (*ret);
    *ret = text;
    return true;
}

static bool
take_entry (const struct section *s, int64_t tag, uint64_t value, struct elf_dyn *ret)
{
    char *name = NULL;
    switch (tag) {
    case DT_NEEDED:
        name = string_at (s, value);
        if (name != NULL)
            vec_push (&ret->needed, name);
        return name != NULL;
    case DT_RPATH:
        return take_string (s, value, &ret->rpath);
    case DT_RUNPATH:
        return take_string (s, value, &ret->runpath);
    case DT_TEXTREL:
        ret->textrel = true;
        return true;
    case DT_FLAGS:
        ret->textrel = ret->textrel || (value & DF_TEXTREL) != 0;
        return true;
    case DT_FLAGS_1:
        ret->program = (value & DF_1_PIE) != 0;
        return true;
    default:
        return true;
    }
}

/* --- symbols -------------------------------------------------------------------------------- */

static bool
word_at (const struct elf_file *f, uint64_t vaddr, uint64_t index, uint32_t *ret)
{
    uint64_t offset = 0, left = 0;
    return elf_file_offset (f, vaddr, &offset, &left) && index < left / sizeof *ret
           && elf_file_read (f, offset + index * sizeof *ret, ret, sizeof *ret);
}

/* The GNU hash table has no count: it is one more than the last symbol of the longest chain. */
static uint32_t
count_by_gnu_hash (const struct section *s)
{
    uint32_t buckets = 0, first = 0, bloom = 0, last = 0, word = 0;
    if (!word_at (s->file, s->gnu_hash, 0, &buckets) || !word_at (s->file, s->gnu_hash, 1, &first)
        || !word_at (s->file, s->gnu_hash, 2, &bloom) || bloom > SYMBOLS_MAX)
        return 0;
    uint64_t at = 4 + (uint64_t) bloom * (s->file->wide ? 2 : 1);
    for (uint32_t i = 0; i < buckets && i < SYMBOLS_MAX; i++)
        if (word_at (s->file, s->gnu_hash, at + i, &word) && word > last)
            last = word;
    if (last < first)
        return first;
    at += buckets;
    while (last < SYMBOLS_MAX && word_at (s->file, s->gnu_hash, at + (last - first), &word)
           && (word & 1) == 0)
        last++;
    return last + 1;
}

static uint32_t
symbol_count (const struct section *s)
{
    uint32_t count = 0;
    if (s->hash != 0 && word_at (s->file, s->hash, 1, &count))
        return count;
    return s->gnu_hash != 0 ? count_by_gnu_hash (s) : 0;
}

static bool
symbol_at (const struct section *s, uint32_t i, uint32_t *ret_name, unsigned char *ret_info,
           uint16_t *ret_section)
{
    uint64_t offset = 0, left = 0;
    if (!elf_file_offset (s->file, s->symbols, &offset, &left))
        return false;
    if (s->file->wide) {
        Elf64_Sym symbol;
        if (!elf_file_read (s->file, offset + (uint64_t) i * sizeof symbol, &symbol,
                            sizeof symbol))
            return false;
        *ret_name = symbol.st_name;
        *ret_info = symbol.st_info;
        *ret_section = symbol.st_shndx;
    } else {
        Elf32_Sym symbol;
        if (!elf_file_read (s->file, offset + (uint64_t) i * sizeof symbol, &symbol,
                            sizeof symbol))
            return false;
        *ret_name = symbol.st_name;
        *ret_info = symbol.st_info;
        *ret_section = symbol.st_shndx;
    }
    return true;
}

static void
take_symbols (const struct section *s, struct elf_dyn *ret)
{
    uint32_t count = s->symbols == 0 ? 0 : symbol_count (s), name = 0;
    unsigned char info = 0;
    uint16_t section = 0;
    for (uint32_t i = 1; i < count && i < SYMBOLS_MAX; i++) {
        if (!symbol_at (s, i, &name, &info, &section))
            return;
        char *text = ELF64_ST_BIND (info) == STB_GLOBAL ? string_at (s, name) : NULL;
        if (text != NULL)
            vec_push (section == SHN_UNDEF ? &ret->undefined : &ret->exported, text);
    }
}

bool
elf_dyn_read (const struct elf_file *f, struct elf_dyn *ret)
{
    struct section s = { .file = f };
    bool found = false, ok = true;
    *ret = (struct elf_dyn) { .no_stack_note = true };
    struct elf_segment segment;
    for (unsigned i = 0; i < f->segment_count && elf_file_segment (f, i, &segment); i++) {
        if (segment.type == PT_GNU_STACK) {
            ret->no_stack_note = false;
            ret->execstack = (segment.flags & PF_X) != 0;
        } else if (segment.type == PT_DYNAMIC) {
            s.range = segment;
            found = true;
        }
    }
    if (!found)
        return true;
    ok = find_tables (&s);
    int64_t tag;
    uint64_t value;
    for (unsigned i = 0; ok && entry_at (&s, i, &tag, &value); i++)
        ok = take_entry (&s, tag, value, ret);
    if (ok)
        take_symbols (&s, ret);
    return ok;
}

void
elf_dyn_free (struct elf_dyn *dyn)
{
    vec_free_with (&dyn->needed, mem_free);
    vec_free_with (&dyn->exported, mem_free);
    vec_free_with (&dyn->undefined, mem_free);
    mem_free (dyn->rpath);
    mem_free (dyn->runpath);
    *dyn = (struct elf_dyn) { 0 };
}

/* --- judging -------------------------------------------------------------------------------- */

/* The core's own business: a second copy of one of these in the process would bring another TLS
 * stack with other roots, another event loop, or symbols of another version. */
static const struct {
    const char *pattern, *what;
} denied[] = {
    { "libssl.so*", "TLS" },          { "libssl3.so*", "TLS" },       { "libtls.so*", "TLS" },
    { "libgnutls*.so*", "TLS" },      { "libmbedtls.so*", "TLS" },    { "libwolfssl.so*", "TLS" },
    { "libnss3.so*", "TLS" },         { "libs2n.so*", "TLS" },        { "libbearssl.so*", "TLS" },
    { "libcurl*.so*", "HTTP" },       { "libneon*.so*", "HTTP" },     { "libsoup*.so*", "HTTP" },
    { "libwebsockets.so*", "HTTP" },  { "libnghttp2.so*", "HTTP" },
    { "libuv.so*", "an event loop" }, { "libev.so*", "an event loop" },
    { "libevent*.so*", "an event loop" },
    { "libjansson.so*", "JSON" },     { "libjson-c.so*", "JSON" },    { "libcjson*.so*", "JSON" },
    { "libjson-glib*.so*", "JSON" },  { "libyajl.so*", "JSON" },      { "libjsoncpp.so*", "JSON" },
    { "libfastjson.so*", "JSON" },    { "libsimdjson.so*", "JSON" },  { "libyyjson.so*", "JSON" },
};

static void
judge_needed (const struct elf_dyn *dyn, struct fault_list *faults)
{
    for (size_t i = 0; i < dyn->needed.count; i++) {
        const char *name = dyn->needed.items[i];
        for (size_t k = 0; k < sizeof denied / sizeof denied[0]; k++) {
            if (!str_glob (denied[k].pattern, name, false))
                continue;
            fault_add (faults, PLUGIN_FAULT_DENIED_LIBRARY,
                       "links %s (%s), a plugin may link no '%s'", name, denied[k].what,
                       denied[k].pattern);
            fault_hint (faults, "rule R9: use the host table for that (farrier-plugin(3)), and "
                                "link without it: readelf -d %s", fault_file (faults));
            break;
        }
    }
}

/* What linkers and start files of some systems leave visible. */
static bool
of_linker (const char *symbol)
{
    static const char *const names[] = { "_init", "_fini", "_edata", "_end", "_etext" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp (symbol, names[i]) == 0)
            return true;
    return str_starts (symbol, "__");
}

static void
judge_exports (const struct elf_dyn *dyn, struct fault_list *faults)
{
    size_t count = 0;
    const char *first = NULL;
    for (size_t i = 0; i < dyn->exported.count; i++) {
        const char *name = dyn->exported.items[i];
        if (str_starts (name, "farrier_plugin_entry_") || of_linker (name))
            continue;
        count++;
        first = first == NULL ? name : first;
    }
    if (count == 0)
        return;
    fault_add (faults, PLUGIN_FAULT_EXPORTS,
               "exports %zu symbols beside farrier_plugin_entry_N, first '%s'; must be 0", count,
               first);
    fault_hint (faults, "compile with -fvisibility=hidden, or make them static: nm -D %s",
                fault_file (faults));
}

static void
judge_path (const char *tag, const char *path, struct fault_list *faults)
{
    if (path == NULL)
        return;
    fault_add (faults, PLUGIN_FAULT_RPATH, "has %s '%s', must have none", tag, path);
    fault_hint (faults, "link without -rpath (patchelf --remove-rpath %s)", fault_file (faults));
}

bool
elf_dyn_judge (const struct elf_dyn *dyn, bool strict, struct fault_list *faults)
{
    size_t before = faults->count;
    if (dyn->program) {
        fault_add (faults, PLUGIN_FAULT_NOT_SHARED,
                   "a position-independent program (DF_1_PIE), not a shared object");
        fault_hint (faults, "link the plugin with -shared, not with -pie");
    }
    judge_needed (dyn, faults);
    if (dyn->textrel) {
        fault_add (faults, PLUGIN_FAULT_TEXTREL,
                   "has DT_TEXTREL: 1 or more relocations in its code, must be 0");
        fault_hint (faults, "compile every object with -fPIC and link with -Wl,-z,text");
    }
    judge_path ("RPATH", dyn->rpath, faults);
    judge_path ("RUNPATH", dyn->runpath, faults);
    if (dyn->execstack || dyn->no_stack_note) {
        fault_add (faults, PLUGIN_FAULT_EXECSTACK,
                   "GNU_STACK is %s, must be there without execution (RW)",
                   dyn->no_stack_note ? "missing" : "RWE");
        fault_hint (faults, "link with -Wl,-z,noexecstack; assembler files need a section "
                            ".note.GNU-stack");
    }
    if (strict)
        judge_exports (dyn, faults);
    return faults->count == before;
}
