/* validate: judges what a plugin exports (the struct, its tables of matches), and copies it in.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/validate.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "plugin/params.h"

#define NAME_MAX_LEN 32

/* The flags that this core understands. */
#define KNOWN_FLAGS UINT64_C (0)

/* What a workflow names without a plugin: a plugin of such a name would be ambiguous. */
static const char *const reserved_names[] = {
    "firmware", "config", "bios", "power", "bmc", "jobs", "identify", "inventory", "ready",
    "health", "plan", "verify", "await_settled", "wait", "approve", "window", "power_restore",
    "notify", "set", "fail", "run", "http", "workflow", "farrier", "core",
};

/* --- preamble ------------------------------------------------------------------------------- */

bool
validate_abi (uint32_t major, uint32_t minor, uint32_t needs_major, uint32_t needs_minor,
              uint64_t flags, struct fault_list *faults)
{
    size_t before = faults->count;
    if (major != FARRIER_ABI_MAJOR || needs_major != FARRIER_ABI_MAJOR) {
        fault_add (faults, PLUGIN_FAULT_ABI_MAJOR,
                   "built for plugin ABI %u.%u (needs %u.%u), this farrier speaks %d.0 to %d.%d",
                   major, minor, needs_major, needs_minor, FARRIER_ABI_MAJOR, FARRIER_ABI_MAJOR,
                   FARRIER_ABI_MINOR);
        fault_hint (faults, "install the plugin's package for ABI %d, or the farrier that "
                            "speaks ABI %u", FARRIER_ABI_MAJOR, major);
    } else if (needs_minor > FARRIER_ABI_MINOR) {
        fault_add (faults, PLUGIN_FAULT_NEEDS_MINOR,
                   "needs plugin ABI %u.%u, this farrier speaks %d.0 to %d.%d", needs_major,
                   needs_minor, FARRIER_ABI_MAJOR, FARRIER_ABI_MAJOR, FARRIER_ABI_MINOR);
        fault_hint (faults, "upgrade farrier, or install an older version of the plugin");
    }
    uint64_t unknown = flags & FARRIER_PLUGIN_FLAGS_MUST_UNDERSTAND & ~KNOWN_FLAGS;
    if (unknown != 0) {
        fault_add (faults, PLUGIN_FAULT_UNKNOWN_FLAG,
                   "sets flags 0x%" PRIx64 " that a core must understand, this farrier knows "
                   "0x%" PRIx64, unknown, KNOWN_FLAGS);
        fault_hint (faults, "upgrade farrier, or install an older version of the plugin");
    }
    return faults->count == before;
}

/* False when nothing behind the preamble may be read. */
static bool
check_preamble (const struct farrier_plugin *raw, struct fault_list *faults)
{
    if (raw->magic != FARRIER_PLUGIN_MAGIC) {
        fault_add (faults, PLUGIN_FAULT_MAGIC, "the struct begins with 0x%08x, not 0x%08x (FARP)",
                   raw->magic, FARRIER_PLUGIN_MAGIC);
        fault_hint (faults, "begin the struct with FARRIER_PLUGIN_PREAMBLE of farrier/sdk.h");
        return false;
    }
    bool ok = true;
    if (raw->struct_size < VALIDATE_PLUGIN_MIN || raw->struct_size > VALIDATE_STRUCT_MAX) {
        fault_add (faults, PLUGIN_FAULT_SIZE,
                   "struct farrier_plugin has %u bytes, must be between %zu and %d",
                   raw->struct_size, VALIDATE_PLUGIN_MIN, VALIDATE_STRUCT_MAX);
        fault_hint (faults, "begin the struct with FARRIER_PLUGIN_PREAMBLE of farrier/sdk.h");
        ok = false;
    }
    ok = validate_abi (raw->abi_major, raw->abi_minor, raw->abi_major, raw->needs_minor, raw->flags,
                       faults) && ok;
    if (raw->reserved0 != 0)
        fault_add (faults, PLUGIN_FAULT_SIZE, "reserved0 is 0x%" PRIx64 ", must be 0",
                   raw->reserved0);
    return ok;
}

static bool
copy_in (const struct farrier_plugin *raw, struct farrier_plugin *ret)
{
    size_t size = raw->struct_size < sizeof *ret ? raw->struct_size : sizeof *ret;
    memset (ret, 0, sizeof *ret);
    memcpy (ret, raw, size);
    const unsigned char *tail = (const unsigned char *) raw;
    for (size_t i = sizeof *ret; i < raw->struct_size; i++)
        if (tail[i] != 0)
            return true;
    return false;
}

/* --- plain fields --------------------------------------------------------------------------- */

static bool
semver (const char *s)
{
    for (int part = 0; part < 3; part++) {
        size_t digits = strspn (s, "0123456789");
        if (digits == 0 || digits > 9)
            return false;
        s += digits;
        if (part < 2 && *s++ != '.')
            return false;
    }
    return *s == '\0'
           || ((*s == '-' || *s == '+') && s[1] != '\0'
               && s[strspn (s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               ".-+")] == '\0');
}

void
validate_stem (const char *name, const char *stem, struct fault_list *faults)
{
    if (strcmp (name, stem) == 0)
        return;
    fault_add (faults, PLUGIN_FAULT_NAME_MISMATCH, "the plugin is called '%.64s', its file '%s.so'",
               name, stem);
    if (params_name_valid (name, NAME_MAX_LEN))
        fault_hint (faults, "rename the file to %s.so", name);
}

static void
check_name (const char *name, const char *stem, struct fault_list *faults)
{
    if (!params_name_valid (name, NAME_MAX_LEN)) {
        fault_add (faults, PLUGIN_FAULT_NAME,
                   "the name '%.64s' must match [a-z][a-z0-9_]* and have at most %d characters",
                   name == NULL ? "(none)" : name, NAME_MAX_LEN);
        return;
    }
    for (size_t i = 0; i < sizeof reserved_names / sizeof reserved_names[0]; i++)
        if (strcmp (name, reserved_names[i]) == 0)
            fault_add (faults, PLUGIN_FAULT_NAME,
                       "the name '%s' is taken: workflows use it for an action of their own",
                       name);
    if (stem != NULL)
        validate_stem (name, stem, faults);
}

static void
check_fields (const struct farrier_plugin *def, struct fault_list *faults)
{
    const struct {
        const char *what, *value;
    } texts[] = {
        { "vendor", def->vendor },
        { "description", def->description },
        { "license", def->license },
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (str_empty (texts[i].value) || strchr (texts[i].value, '\n') != NULL)
            fault_add (faults, PLUGIN_FAULT_FIELD, "%s is %s, must be one line of text",
                       texts[i].what, str_empty (texts[i].value) ? "empty" : "several lines");
    if (def->version == NULL || !semver (def->version))
        fault_add (faults, PLUGIN_FAULT_FIELD, "version is '%.40s', must be like 1.2.3",
                   def->version == NULL ? "" : def->version);
    if (def->thread_model != 0 && def->thread_model != FARRIER_THREADS_SERIAL_PLUGIN
        && def->thread_model != FARRIER_THREADS_SERIAL_HOST
        && def->thread_model != FARRIER_THREADS_PARALLEL)
        fault_add (faults, PLUGIN_FAULT_FIELD, "thread_model is %u, must be %d, %d or %d",
                   def->thread_model, FARRIER_THREADS_SERIAL_PLUGIN, FARRIER_THREADS_SERIAL_HOST,
                   FARRIER_THREADS_PARALLEL);
    if (def->max_inflight > 65536)
        fault_add (faults, PLUGIN_FAULT_FIELD, "max_inflight is %u, must be at most 65536",
                   def->max_inflight);
    if (def->load != NULL && def->unload == NULL)
        fault_add (faults, PLUGIN_FAULT_CALLBACK, "load is there, but not unload");
    if (def->activate != NULL && def->deactivate == NULL)
        fault_add (faults, PLUGIN_FAULT_CALLBACK, "activate is there, but not deactivate");
    if (def->params.count > 0 && def->configure == NULL)
        fault_add (faults, PLUGIN_FAULT_CALLBACK,
                   "there are %u parameters, but no configure to receive them",
                   def->params.count);
    const struct farrier_formats *formats = def->formats;
    if (formats != NULL
        && (formats->struct_size < offsetof (struct farrier_formats, read_catalog)
            || formats->struct_size > VALIDATE_STRUCT_MAX))
        fault_add (faults, PLUGIN_FAULT_SIZE, "struct farrier_formats has %u bytes, must be %zu",
                   formats->struct_size, sizeof *formats);
}

/* --- matches -------------------------------------------------------------------------------- */

bool
validate_table (const struct farrier_table *table, size_t min_stride, const char *what,
                struct fault_list *faults)
{
    if (table->count == 0)
        return false;
    if (table->items == NULL || table->count > VALIDATE_COUNT_MAX) {
        fault_add (faults, PLUGIN_FAULT_SIZE, "%s has %u entries%s, at most %d are allowed", what,
                   table->count, table->items == NULL ? " at no address" : "", VALIDATE_COUNT_MAX);
        return false;
    }
    if (table->stride < min_stride || table->stride > VALIDATE_STRUCT_MAX
        || table->stride % 8 != 0) {
        fault_add (faults, PLUGIN_FAULT_STRIDE,
                   "%s has a stride of %u bytes, must be a multiple of 8, at least %zu", what,
                   table->stride, min_stride);
        fault_hint (faults, "make the table with FARRIER_TABLE of farrier/sdk.h");
        return false;
    }
    return true;
}

static void
check_score (const char *what, size_t i, uint32_t score, bool any_pattern,
             struct fault_list *faults)
{
    if (score < 1 || score > 100)
        fault_add (faults, PLUGIN_FAULT_MATCH, "%s[%zu] has score %u, must be 1 to 100", what, i,
                   score);
    if (!any_pattern)
        fault_add (faults, PLUGIN_FAULT_MATCH, "%s[%zu] has no pattern: it would match all", what,
                   i);
}

static void
check_matches (const struct farrier_plugin *def, struct fault_list *faults)
{
    struct farrier_match m;
    if (validate_table (&def->match, VALIDATE_MATCH_MIN, "match", faults))
        for (size_t i = 0; params_table_copy (&def->match, i, &m, sizeof m); i++)
            check_score ("match", i, m.score,
                         m.ipmi_manufacturer_id >= 0 || m.root_vendor != NULL
                             || m.root_product != NULL || m.redfish_version != NULL
                             || m.root_oem != NULL || m.server_header != NULL,
                         faults);
    struct farrier_match_login l;
    if (validate_table (&def->match_login, VALIDATE_LOGIN_MIN, "match_login", faults))
        for (size_t i = 0; params_table_copy (&def->match_login, i, &l, sizeof l); i++)
            check_score ("match_login", i, l.score,
                         l.system_manufacturer != NULL || l.system_oem != NULL
                             || l.manager_model != NULL || l.manager_oem != NULL,
                         faults);
}

/* --- note against struct -------------------------------------------------------------------- */

static void
compare_text (const char *what, const char *note, const char *text, struct fault_list *faults)
{
    if (str_eq (note, text))
        return;
    fault_add (faults, PLUGIN_FAULT_NOTE_MISMATCH,
               "the ELF note says %s=%s, the struct says '%s'", what, note == NULL ? "" : note,
               text == NULL ? "" : text);
    fault_hint (faults, "give FARRIER_PLUGIN_DEFINE the same words as the struct");
}

static void
compare_ops (const struct elf_note *note, const struct validated *v, struct fault_list *faults)
{
    if (v->op_count == 0 && v->def.ops.count > 0)
        return;                        /* the table can't be read: that was said already */
    size_t count = note->op_count > v->op_count ? note->op_count : v->op_count;
    for (size_t i = 0; i < count; i++) {
        const char *in_note = i < note->op_count ? note->ops[i] : "(none)";
        const char *in_struct = i < v->op_count ? v->ops[i].name : "(none)";
        if (str_eq (in_note, in_struct))
            continue;
        fault_add (faults, PLUGIN_FAULT_NOTE_MISMATCH,
                   "op %zu is '%s' in the ELF note and '%s' in the struct", i, in_note,
                   in_struct == NULL ? "" : in_struct);
        fault_hint (faults, "name the ops in FARRIER_PLUGIN_DEFINE in the order of the table");
        return;
    }
}

static void
compare_note (const struct elf_note *note, const struct validated *v, struct fault_list *faults)
{
    const struct farrier_plugin *def = &v->def;
    compare_text ("name", note->name, def->name, faults);
    compare_text ("version", note->version, def->version, faults);
    compare_text ("vendor", note->vendor, def->vendor, faults);
    compare_text ("license", note->license, def->license, faults);
    if (note->abi_major != def->abi_major || note->abi_minor != def->abi_minor
        || note->needs_minor != def->needs_minor)
        fault_add (faults, PLUGIN_FAULT_NOTE_MISMATCH,
                   "the ELF note says ABI %u.%u needs %u.%u, the struct says %u.%u needs %u.%u",
                   note->abi_major, note->abi_minor, note->needs_major, note->needs_minor,
                   def->abi_major, def->abi_minor, def->abi_major, def->needs_minor);
    if (note->flags != def->flags)
        fault_add (faults, PLUGIN_FAULT_NOTE_MISMATCH,
                   "the ELF note says flags=%" PRIu64 ", the struct says %" PRIu64, note->flags,
                   def->flags);
    compare_ops (note, v, faults);
}

bool
validate_plugin (const struct farrier_plugin *raw, const char *stem, const struct elf_note *note,
                 struct validated *ret, struct fault_list *faults)
{
    size_t before = faults->count;
    *ret = (struct validated) { 0 };
    if (!check_preamble (raw, faults))
        return false;
    ret->longer = copy_in (raw, &ret->def);
    check_name (ret->def.name, stem, faults);
    check_fields (&ret->def, faults);
    validate_params (&ret->def.params, "params", faults);
    check_matches (&ret->def, faults);
    if (ret->def.ops.count > 0 && ret->def.ops.stride != ret->def.op_stride)
        fault_add (faults, PLUGIN_FAULT_STRIDE,
                   "op_stride is %u bytes, the ops table says %u", ret->def.op_stride,
                   ret->def.ops.stride);
    validate_ops (ret, faults);
    if (note != NULL)
        compare_note (note, ret, faults);
    return faults->count == before;
}
