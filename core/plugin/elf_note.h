/* elf_note: reads the note of a plugin's file without running anything of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_ELF_NOTE_H
#define FARRIER_PLUGIN_ELF_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugin/elf_file.h"
#include "plugin/fault.h"

#define ELF_NOTE_OPS_MAX 256
#define ELF_NOTE_TEXT_MAX 16384

/* What the note says; strings on the heap, NULL where the line is missing. */
struct elf_note {
    char *name, *version, *vendor, *license;
    char *abi, *needs;                 /* "1.0" */
    uint32_t abi_major, abi_minor;
    uint32_t needs_major, needs_minor;
    uint64_t flags;
    char **ops;
    size_t op_count;
    char *build_id;                    /* of the linker; lower-case hex */
};

/* Reads an ELF32 or ELF64 file of this machine's byte order from memory. All offsets are bounded
 * by len; nothing is trusted. True when the note was found and is well formed; else faults has
 * one entry at least, and *ret holds what could be read (free it in both cases). */
bool elf_note_read (const uint8_t *bytes, size_t len, struct elf_note *ret,
                    struct fault_list *faults);
/* The same for a file that elf_file_begin() let through. */
bool elf_note_find (const struct elf_file *f, struct elf_note *ret, struct fault_list *faults);
void elf_note_free (struct elf_note *note);

#endif
