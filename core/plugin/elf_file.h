/* elf_file: an ELF file in memory, read without trust: header and program headers.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_ELF_FILE_H
#define FARRIER_PLUGIN_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugin/fault.h"

struct elf_file {
    const uint8_t *bytes;              /* borrowed */
    size_t len;
    bool wide;                         /* ELF64 */
    uint16_t type, machine;
    uint16_t segment_count, segment_size;
    uint64_t segments_at;
};

struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, vaddr, size, align;       /* size: in the file */
};

/* Is it an ELF file of this machine, whole, with segments inside of the file? (dlopen dies of one
 * that was cut off, by SIGBUS.) True when it can be read on; else faults has one entry more. */
bool elf_file_begin (const uint8_t *bytes, size_t len, struct elf_file *ret,
                     struct fault_list *faults);
/* The same without faults: a library that somebody else installed. */
bool elf_file_begin_quietly (const uint8_t *bytes, size_t len, struct elf_file *ret);
/* Program header i < segment_count. */
bool elf_file_segment (const struct elf_file *f, unsigned i, struct elf_segment *ret);
/* Bounded: false when any byte lies outside of the file. */
bool elf_file_read (const struct elf_file *f, uint64_t offset, void *out, size_t size);
/* Where an address of the loaded object lies in the file, with the bytes that follow there. */
bool elf_file_offset (const struct elf_file *f, uint64_t vaddr, uint64_t *ret_offset,
                      uint64_t *ret_left);

#endif
