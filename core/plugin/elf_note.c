/* elf_note: reads the note of a plugin's file without running anything of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/elf_note.h"

#include <elf.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "farrier/sdk.h"

/* --- the text of the note ------------------------------------------------------------------- */

static bool
version_pair (const char *text, uint32_t *ret_major, uint32_t *ret_minor)
{
    size_t count = 0;
    char **parts = str_split (text, '.', &count);
    int64_t major = -1, minor = -1;
    bool ok = count == 2 && str_to_i64 (parts[0], &major) && str_to_i64 (parts[1], &minor)
              && major >= 0 && major <= UINT16_MAX && minor >= 0 && minor <= UINT16_MAX;
    str_free_all (parts, count);
    if (ok) {
        *ret_major = (uint32_t) major;
        *ret_minor = (uint32_t) minor;
    }
    return ok;
}

static bool
note_ops (struct elf_note *note, const char *value)
{
    size_t count = 0;
    char **words = str_split (value, ' ', &count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (words[i][0] == '\0')
            mem_free (words[i]);
        else
            words[kept++] = words[i];
    }
    note->ops = words;
    note->op_count = kept;
    return kept <= ELF_NOTE_OPS_MAX;
}

/* One key=value line. Unknown keys are for newer cores: they are passed over. */
static bool
note_line (struct elf_note *note, const char *line)
{
    const char *eq = strchr (line, '=');
    if (eq == NULL)
        return false;
    const char *value = eq + 1;
    size_t key_len = (size_t) (eq - line);
    struct {
        const char *key;
        char **field;
    } const plain[] = {
        { "name", &note->name },       { "version", &note->version }, { "vendor", &note->vendor },
        { "license", &note->license }, { "abi", &note->abi },         { "needs", &note->needs },
    };
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (strlen (plain[i].key) != key_len || strncmp (plain[i].key, line, key_len) != 0)
            continue;
        if (*plain[i].field != NULL)
            return false;
        *plain[i].field = str_dup (value);
        return true;
    }
    if (key_len == 5 && strncmp (line, "flags", 5) == 0)
        return str_to_u64 (value, &note->flags);
    if (key_len == 3 && strncmp (line, "ops", 3) == 0)
        return note->ops == NULL && note_ops (note, value);
    return true;
}

static bool
note_complete (const struct elf_note *note, struct fault_list *faults)
{
    const char *missing = note->name == NULL ? "name" : note->version == NULL ? "version"
                          : note->abi == NULL ? "abi" : note->needs == NULL ? "needs" : NULL;
    if (missing != NULL)
        fault_add (faults, PLUGIN_FAULT_NOTE_MALFORMED, "the ELF note has no line '%s='", missing);
    return missing == NULL;
}

static bool
note_text (struct elf_note *note, const char *text, size_t len, struct fault_list *faults)
{
    if (len > 0 && text[len - 1] == '\0')
        len = strnlen (text, len);
    if (len > ELF_NOTE_TEXT_MAX || memchr (text, '\0', len) != NULL
        || !str_valid_utf8 (text, len)) {
        fault_add (faults, PLUGIN_FAULT_NOTE_MALFORMED,
                   "the ELF note is not a text of at most %d bytes (%zu)", ELF_NOTE_TEXT_MAX, len);
        return false;
    }
    bool ok = true;
    for (size_t at = 0; at < len && ok;) {
        const char *end = memchr (text + at, '\n', len - at);
        size_t line_len = end == NULL ? len - at : (size_t) (end - (text + at));
        char *line = str_ndup (text + at, line_len);
        ok = line_len == 0 || note_line (note, line);
        if (!ok)
            fault_add (faults, PLUGIN_FAULT_NOTE_MALFORMED, "the ELF note has a bad line '%.80s'",
                       line);
        mem_free (line);
        at += line_len + 1;
    }
    ok = ok && note_complete (note, faults);
    if (ok
        && (!version_pair (note->abi, &note->abi_major, &note->abi_minor)
            || !version_pair (note->needs, &note->needs_major, &note->needs_minor))) {
        fault_add (faults, PLUGIN_FAULT_NOTE_MALFORMED,
                   "the ELF note says abi=%.20s needs=%.20s, both must be MAJOR.MINOR", note->abi,
                   note->needs);
        ok = false;
    }
    return ok;
}

/* --- the notes of a segment ----------------------------------------------------------------- */

/* Reads one note at *at; moves on; false at the end or when it does not fit. */
static bool
note_next (const struct elf_file *f, const struct elf_segment *range, uint64_t *at,
           Elf32_Nhdr *ret, uint64_t *ret_owner, uint64_t *ret_text)
{
    uint64_t align = range->align == 8 ? 8 : 4;
    uint64_t end = range->offset + range->size;
    if (*at > end || end - *at < sizeof *ret || !elf_file_read (f, *at, ret, sizeof *ret))
        return false;
    uint64_t owner = *at + sizeof *ret;
    uint64_t text = (owner + ret->n_namesz + align - 1) / align * align;
    uint64_t next = (text + ret->n_descsz + align - 1) / align * align;
    if (ret->n_namesz > end - owner || text > end || ret->n_descsz > end - text)
        return false;
    *ret_owner = owner;
    *ret_text = text;
    *at = next;
    return true;
}

static bool
owner_is (const struct elf_file *f, const Elf32_Nhdr *n, uint64_t at, const char *owner)
{
    return n->n_namesz == strlen (owner) + 1 && memcmp (f->bytes + at, owner, n->n_namesz) == 0;
}

/* Returns true when our note was in this range (whether it is good or not). */
static bool
range_search (const struct elf_file *f, const struct elf_segment *range, struct elf_note *note,
              bool *ret_ok, struct fault_list *faults)
{
    Elf32_Nhdr n;
    uint64_t owner, text;
    bool found = false;
    for (uint64_t at = range->offset; note_next (f, range, &at, &n, &owner, &text);) {
        const char *bytes = (const char *) f->bytes + text;
        if (owner_is (f, &n, owner, "GNU") && n.n_type == NT_GNU_BUILD_ID
            && note->build_id == NULL && n.n_descsz <= 64)
            note->build_id = str_hex (bytes, n.n_descsz);
        if (found || n.n_type != FARRIER_NOTE_TYPE || !owner_is (f, &n, owner, FARRIER_NOTE_OWNER))
            continue;
        found = true;
        *ret_ok = note_text (note, bytes, n.n_descsz, faults);
        if (!*ret_ok)
            fault_hint (faults, "define the plugin with FARRIER_PLUGIN_DEFINE of farrier/sdk.h");
    }
    return found;
}

bool
elf_note_find (const struct elf_file *f, struct elf_note *ret, struct fault_list *faults)
{
    bool found = false, ok = false;
    struct elf_segment range;
    *ret = (struct elf_note) { 0 };
    for (unsigned i = 0; i < f->segment_count && elf_file_segment (f, i, &range); i++)
        if (range.type == PT_NOTE)
            found = range_search (f, &range, ret, &ok, faults) || found;
    if (!found) {
        fault_add (faults, PLUGIN_FAULT_NO_NOTE,
                   "a shared object, but not a Farrier plugin: it has no note of owner '%s' "
                   "type %d",
                   FARRIER_NOTE_OWNER, FARRIER_NOTE_TYPE);
        fault_hint (faults, "define the plugin with FARRIER_PLUGIN_DEFINE of farrier/sdk.h, "
                            "or remove the file");
        return false;
    }
    return ok;
}

bool
elf_note_read (const uint8_t *bytes, size_t len, struct elf_note *ret, struct fault_list *faults)
{
    struct elf_file f;
    *ret = (struct elf_note) { 0 };
    return elf_file_begin (bytes, len, &f, faults) && elf_note_find (&f, ret, faults);
}

void
elf_note_free (struct elf_note *note)
{
    mem_free (note->name);
    mem_free (note->version);
    mem_free (note->vendor);
    mem_free (note->license);
    mem_free (note->abi);
    mem_free (note->needs);
    mem_free (note->build_id);
    str_free_all (note->ops, note->op_count);
    *note = (struct elf_note) { 0 };
}
