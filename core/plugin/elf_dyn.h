/* elf_dyn: what an ELF file asks of the dynamic linker, read without running anything of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_ELF_DYN_H
#define FARRIER_PLUGIN_ELF_DYN_H

#include "base/vec.h"
#include "plugin/elf_file.h"

/* Strings on the heap; vecs hold char *. */
struct elf_dyn {
    struct vec needed;                 /* DT_NEEDED, in order */
    char *rpath, *runpath;             /* NULL when there is none */
    bool textrel;
    bool execstack;
    bool no_stack_note;                /* without PT_GNU_STACK the stack becomes executable too */
    bool program;                      /* DF_1_PIE: a program, though of type ET_DYN */
    struct vec exported;               /* global symbols that it defines, weak ones left out */
    struct vec undefined;              /* symbols that others must define, weak ones left out */
};

/* False when the dynamic section is damaged; *ret must be freed in both cases. A file without one
 * has none of all this. */
bool elf_dyn_read (const struct elf_file *f, struct elf_dyn *ret);
void elf_dyn_free (struct elf_dyn *dyn);

/* Faults of the section: libraries that a plugin may not link (R9), text relocations, search paths,
 * an executable stack, a program; with strict also symbols beside the entry. True without any. */
bool elf_dyn_judge (const struct elf_dyn *dyn, bool strict, struct fault_list *faults);

#endif
