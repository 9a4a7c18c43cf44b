/* elf_note-test: good and damaged files; every truncation and every flipped byte must be survived.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/elf_note.h"

#include <elf.h>

#include "plugin/elf_dyn.h"
#include "plugin/testdata/modules.h"

static struct buf good;

static const uint8_t *
bytes_of (const struct buf *b)
{
    return (const uint8_t *) b->data;
}

START_TEST (reads_a_good_file)
{
    struct elf_note note;
    struct fault_list faults = { 0 };
    modules_read ("good", &good);
    ck_assert (elf_note_read (bytes_of (&good), good.len, &note, &faults));
    ck_assert_uint_eq (faults.count, 0);
    ck_assert_str_eq (note.name, "good");
    ck_assert_str_eq (note.version, "1.2.3");
    ck_assert_str_eq (note.vendor, "Farrier");
    ck_assert_str_eq (note.license, "Apache-2.0");
    ck_assert_uint_eq (note.abi_major, 1);
    ck_assert_uint_eq (note.needs_minor, 0);
    ck_assert_uint_eq (note.op_count, 2);
    ck_assert_str_eq (note.ops[1], "good.dance");
    elf_note_free (&note);
    buf_free (&good);
}
END_TEST

static enum plugin_fault_code
first_fault (const uint8_t *bytes, size_t len)
{
    struct elf_note note;
    struct fault_list faults = { 0 };
    bool ok = elf_note_read (bytes, len, &note, &faults);
    enum plugin_fault_code code = faults.count == 0 ? PLUGIN_FAULT_NONE : faults.items[0].code;
    ck_assert_int_eq (ok, code == PLUGIN_FAULT_NONE);
    elf_note_free (&note);
    fault_list_free (&faults);
    return code;
}

static void
replace_text (struct buf *b, const char *from, const char *to)
{
    char *at = memmem (b->data, b->len, from, strlen (from));
    ck_assert_ptr_nonnull (at);
    memcpy (at, to, strlen (to));
}

START_TEST (names_each_defect)
{
    Elf64_Ehdr *header;
    ck_assert_int_eq (first_fault ((const uint8_t *) "#!/bin/sh", 9), PLUGIN_FAULT_NOT_ELF);
    ck_assert_int_eq (first_fault ((const uint8_t *) "", 0), PLUGIN_FAULT_NOT_ELF);
    modules_read ("good", &good);
    header = (Elf64_Ehdr *) (void *) good.data;
    header->e_machine = 0xfffe;
    ck_assert_int_eq (first_fault (bytes_of (&good), good.len), PLUGIN_FAULT_MACHINE);
    buf_clear (&good);
    modules_read ("good", &good);
    good.data[EI_CLASS] ^= 3;
    ck_assert_int_eq (first_fault (bytes_of (&good), good.len), PLUGIN_FAULT_CLASS);
    buf_clear (&good);
    modules_read ("good", &good);
    header = (Elf64_Ehdr *) (void *) good.data;
    header->e_type = ET_EXEC;
    ck_assert_int_eq (first_fault (bytes_of (&good), good.len), PLUGIN_FAULT_NOT_SHARED);
    buf_clear (&good);
    modules_read ("good", &good);
    replace_text (&good, "farrier\0name=", "nobody!\0");
    ck_assert_int_eq (first_fault (bytes_of (&good), good.len), PLUGIN_FAULT_NO_NOTE);
    buf_clear (&good);
    modules_read ("good", &good);
    replace_text (&good, "abi=1.0\n", "abi=one\n");
    ck_assert_int_eq (first_fault (bytes_of (&good), good.len), PLUGIN_FAULT_NOTE_MALFORMED);
    replace_text (&good, "name=good\n", "nam=goody\n");
    ck_assert_int_eq (first_fault (bytes_of (&good), good.len), PLUGIN_FAULT_NOTE_MALFORMED);
    buf_clear (&good);
    modules_read ("good", &good);
    header = (Elf64_Ehdr *) (void *) good.data;
    header->e_phoff = good.len - 3;
    ck_assert_int_eq (first_fault (bytes_of (&good), good.len), PLUGIN_FAULT_ELF_MALFORMED);
    buf_free (&good);
}
END_TEST

/* The dynamic section is read after the note, from the same bytes. */
static void
read_dynamic (const uint8_t *bytes, size_t len)
{
    struct fault_list faults = { 0 };
    struct elf_file f;
    struct elf_dyn dyn = { 0 };
    if (elf_file_begin_quietly (bytes, len, &f) && elf_dyn_read (&f, &dyn))
        elf_dyn_judge (&dyn, true, &faults);
    elf_dyn_free (&dyn);
    fault_list_free (&faults);
}

START_TEST (reads_the_dynamic_section)
{
    struct elf_file f;
    struct elf_dyn dyn;
    struct fault_list faults = { 0 };
    modules_read ("undefined", &good);
    ck_assert (elf_file_begin (bytes_of (&good), good.len, &f, &faults));
    ck_assert (elf_dyn_read (&f, &dyn));
    ck_assert (elf_dyn_judge (&dyn, true, &faults));
    ck_assert_uint_eq (dyn.exported.count, 1);
    ck_assert_str_eq (dyn.exported.items[0], "farrier_plugin_entry_1");
    bool found = false;
    for (size_t i = 0; i < dyn.undefined.count; i++)
        found = found || str_eq (dyn.undefined.items[i], "farrier_test_nowhere");
    ck_assert (found);
    elf_dyn_free (&dyn);
    fault_list_free (&faults);
    buf_free (&good);
}
END_TEST

/* A heap copy of exactly the length, so that a sanitizer sees one byte too many. */
START_TEST (survives_truncation)
{
    modules_read ("good", &good);
    size_t limit = good.len < 6000 ? good.len : 6000;
    for (size_t len = 0; len < limit; len++) {
        uint8_t *copy = mem_dup (good.data, len == 0 ? 1 : len);
        enum plugin_fault_code code = first_fault (copy, len);
        ck_assert (code != PLUGIN_FAULT_NONE || len > 64);
        read_dynamic (copy, len);
        mem_free (copy);
    }
    buf_free (&good);
}
END_TEST

START_TEST (survives_flipped_bytes)
{
    modules_read ("good", &good);
    for (size_t i = 0; i < good.len; i += i < 4096 ? 1 : 3) {
        static const uint8_t flips[] = { 0x01, 0x80, 0xff };
        for (size_t k = 0; k < sizeof flips; k++) {
            good.data[i] = (char) (good.data[i] ^ flips[k]);
            first_fault (bytes_of (&good), good.len);
            read_dynamic (bytes_of (&good), good.len);
            good.data[i] = (char) (good.data[i] ^ flips[k]);
        }
    }
    ck_assert_int_eq (first_fault (bytes_of (&good), good.len), PLUGIN_FAULT_NONE);
    buf_free (&good);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { reads_a_good_file, names_each_defect,
                                   reads_the_dynamic_section,
                                   survives_truncation, survives_flipped_bytes, NULL };
    return testing_run ("elf_note", tests);
}
