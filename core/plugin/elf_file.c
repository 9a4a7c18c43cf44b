/* elf_file: an ELF file in memory, read without trust.
 *
 * A table may point outside, overlap or be huge. Every read goes through elf_file_read(), which
 * knows the length; counts are 16 bits in the format, so no loop is long.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/elf_file.h"

#include <elf.h>
#include <string.h>

#if defined(__x86_64__) && defined(__LP64__)
#define THIS_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define THIS_MACHINE EM_AARCH64
#elif defined(__i386__)
#define THIS_MACHINE EM_386
#elif defined(__arm__)
#define THIS_MACHINE EM_ARM
#elif defined(__powerpc64__)
#define THIS_MACHINE EM_PPC64
#elif defined(__s390x__)
#define THIS_MACHINE EM_S390
#elif defined(__riscv)
#define THIS_MACHINE EM_RISCV
#else
#define THIS_MACHINE EM_NONE           /* not known: any machine is let through to dlopen */
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define THIS_ORDER ELFDATA2LSB
#else
#define THIS_ORDER ELFDATA2MSB
#endif

#define THIS_CLASS (sizeof (void *) == 8 ? ELFCLASS64 : ELFCLASS32)

static const struct {
    uint16_t machine;
    const char *name;
} machine_names[] = {
    { EM_X86_64, "x86-64" }, { EM_AARCH64, "aarch64" }, { EM_386, "i386" },   { EM_ARM, "arm" },
    { EM_PPC64, "ppc64" },   { EM_S390, "s390x" },      { EM_RISCV, "riscv" },
};

static const char *
machine_name (uint16_t machine)
{
    for (size_t i = 0; i < sizeof machine_names / sizeof machine_names[0]; i++)
        if (machine_names[i].machine == machine)
            return machine_names[i].name;
    return "an unknown machine";
}

bool
elf_file_read (const struct elf_file *f, uint64_t offset, void *out, size_t size)
{
    if (offset > f->len || size > f->len - offset)
        return false;
    memcpy (out, f->bytes + offset, size);
    return true;
}

/* --- header and segments -------------------------------------------------------------------- */

#define TAKE_HEADER(f, h)                                                                  \
    ((f)->type = (h).e_type, (f)->machine = (h).e_machine, (f)->segment_count = (h).e_phnum, \
     (f)->segment_size = (h).e_phentsize, (f)->segments_at = (h).e_phoff)

static bool
header_read (struct elf_file *f)
{
    if (f->wide) {
        Elf64_Ehdr h;
        if (!elf_file_read (f, 0, &h, sizeof h))
            return false;
        TAKE_HEADER (f, h);
        return f->segment_count == 0 || f->segment_size == sizeof (Elf64_Phdr);
    }
    Elf32_Ehdr h;
    if (!elf_file_read (f, 0, &h, sizeof h))
        return false;
    TAKE_HEADER (f, h);
    return f->segment_count == 0 || f->segment_size == sizeof (Elf32_Phdr);
}

#define SEGMENT(p)                                                                         \
    (struct elf_segment) { (p).p_type, (p).p_flags, (p).p_offset, (p).p_vaddr, (p).p_filesz, \
                           (p).p_align }

bool
elf_file_segment (const struct elf_file *f, unsigned i, struct elf_segment *ret)
{
    uint64_t at = f->segments_at + (uint64_t) i * f->segment_size;
    if (f->wide) {
        Elf64_Phdr p;
        if (!elf_file_read (f, at, &p, sizeof p))
            return false;
        *ret = SEGMENT (p);
    } else {
        Elf32_Phdr p;
        if (!elf_file_read (f, at, &p, sizeof p))
            return false;
        *ret = SEGMENT (p);
    }
    return true;
}

static bool
segments_fit (const struct elf_file *f)
{
    struct elf_segment s;
    for (unsigned i = 0; i < f->segment_count; i++) {
        if (!elf_file_segment (f, i, &s))
            return false;
        bool of_file = s.type == PT_NOTE || s.type == PT_LOAD || s.type == PT_DYNAMIC;
        if (of_file && (s.offset > f->len || s.size > f->len - s.offset))
            return false;
    }
    return true;
}

bool
elf_file_offset (const struct elf_file *f, uint64_t vaddr, uint64_t *ret_offset,
                 uint64_t *ret_left)
{
    struct elf_segment s;
    for (unsigned i = 0; i < f->segment_count && elf_file_segment (f, i, &s); i++) {
        if (s.type != PT_LOAD || vaddr < s.vaddr || vaddr - s.vaddr >= s.size)
            continue;
        *ret_offset = s.offset + (vaddr - s.vaddr);
        *ret_left = s.size - (vaddr - s.vaddr);
        return true;
    }
    return false;
}

/* --- judging -------------------------------------------------------------------------------- */

static bool
ident_fits (const unsigned char *ident)
{
    return ident[EI_CLASS] == THIS_CLASS && ident[EI_DATA] == THIS_ORDER;
}

bool
elf_file_begin_quietly (const uint8_t *bytes, size_t len, struct elf_file *ret)
{
    unsigned char ident[EI_NIDENT];
    *ret = (struct elf_file) { .bytes = bytes, .len = len };
    ret->wide = len > EI_CLASS && bytes[EI_CLASS] == ELFCLASS64;
    return elf_file_read (ret, 0, ident, sizeof ident) && memcmp (ident, ELFMAG, SELFMAG) == 0
           && ident_fits (ident) && header_read (ret)
           && (THIS_MACHINE == EM_NONE || ret->machine == THIS_MACHINE) && segments_fit (ret);
}

static bool
ident_check (const struct elf_file *f, struct fault_list *faults)
{
    unsigned char ident[EI_NIDENT] = { 0 };
    bool whole = elf_file_read (f, 0, ident, sizeof ident);
    if (!whole)
        memcpy (ident, f->bytes, f->len);
    if (!whole || memcmp (ident, ELFMAG, SELFMAG) != 0) {
        fault_add (faults, PLUGIN_FAULT_NOT_ELF,
                   "not an ELF file: its %zu bytes begin with %02x %02x %02x %02x, not with "
                   "7f 45 4c 46", f->len, ident[0], ident[1], ident[2], ident[3]);
        fault_hint (faults, "remove the file, or install the plugin's package again");
        return false;
    }
    if (!ident_fits (ident)) {
        fault_add (faults, PLUGIN_FAULT_CLASS,
                   "built as %s-bit %s-endian, this farrier is %s-bit %s-endian",
                   ident[EI_CLASS] == ELFCLASS64 ? "64" : "32",
                   ident[EI_DATA] == ELFDATA2LSB ? "little" : "big",
                   THIS_CLASS == ELFCLASS64 ? "64" : "32",
                   THIS_ORDER == ELFDATA2LSB ? "little" : "big");
        fault_hint (faults, "install the plugin's package for this architecture");
        return false;
    }
    return true;
}

bool
elf_file_begin (const uint8_t *bytes, size_t len, struct elf_file *ret, struct fault_list *faults)
{
    *ret = (struct elf_file) { .bytes = bytes, .len = len };
    ret->wide = len > EI_CLASS && bytes[EI_CLASS] == ELFCLASS64;
    if (!ident_check (ret, faults))
        return false;
    if (!header_read (ret)) {
        fault_add (faults, PLUGIN_FAULT_ELF_MALFORMED,
                   "the ELF header is cut off or names impossible tables (%zu bytes)", len);
        fault_hint (faults, "the file is damaged: install the plugin's package again");
        return false;
    }
    if (THIS_MACHINE != EM_NONE && ret->machine != THIS_MACHINE) {
        fault_add (faults, PLUGIN_FAULT_MACHINE, "built for %s (%u), this farrier runs on %s (%u)",
                   machine_name (ret->machine), ret->machine, machine_name (THIS_MACHINE),
                   (unsigned) THIS_MACHINE);
        fault_hint (faults, "install the plugin's package for this architecture");
        return false;
    }
    if (ret->type != ET_DYN) {
        fault_add (faults, PLUGIN_FAULT_NOT_SHARED,
                   "ELF type %u is not a shared object (%u)", ret->type, (unsigned) ET_DYN);
        fault_hint (faults, "link the plugin with -shared");
        return false;
    }
    if (!segments_fit (ret)) {
        fault_add (faults, PLUGIN_FAULT_ELF_MALFORMED,
                   "a part of it lies outside of the file (%zu bytes): it was cut off", len);
        fault_hint (faults, "the file is damaged: install the plugin's package again");
        return false;
    }
    return true;
}
