/* load: one plugin file, from reading it to configure().
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "farrier/sdk.h"
#include "plugin/deps.h"
#include "plugin/elf_dyn.h"
#include "plugin/exec.h"
#include "plugin/mark.h"
#include "plugin/policy.h"
#include "plugin/private.h"

#define CONFIGURE_ARENA_BYTES (1u << 20)

struct plugin *
plugin_new (const char *file)
{
    struct plugin *p = mem_alloc (sizeof *p);
    const char *base = fs_basename (file);
    p->file = str_dup (file);
    size_t suffix = str_ends (base, ".so") ? strlen (".so")
                    : str_ends (base, EXEC_SUFFIX) ? strlen (EXEC_SUFFIX) : 0;
    p->name = str_ndup (base, strlen (base) - suffix);
    p->config.enabled = true;
    p->faults.file = p->file;
    p->info.state = PLUGIN_FAILED;
    pthread_mutex_init (&p->serial, NULL);
    pthread_mutex_init (&p->turn_lock, NULL);
    pthread_condattr_t clock;
    pthread_condattr_init (&clock);
    pthread_condattr_setclock (&clock, CLOCK_MONOTONIC);
    pthread_cond_init (&p->turn_free, &clock);
    pthread_condattr_destroy (&clock);
    plugin_sync_info (p);
    return p;
}

void
plugin_sync_info (struct plugin *p)
{
    struct plugin_info *i = &p->info;
    const struct farrier_plugin *def = &p->def;
    i->name = p->name;
    i->file = p->built_in != NULL ? NULL : p->file;
    i->config_file = p->config.file;
    i->executable = p->exec == NULL ? NULL : p->exec->executable;
    i->grants = p->exec == NULL ? NULL : p->exec->grants;
    i->version = def->version != NULL ? def->version : p->note.version;
    i->vendor = def->vendor != NULL ? def->vendor : p->note.vendor;
    i->license = def->license != NULL ? def->license : p->note.license;
    i->description = def->description;
    i->abi = p->exec != NULL       ? "exec 1"
             : p->built_in != NULL ? FARRIER_ABI_STRING : p->note.abi;
    i->kind = p->exec != NULL       ? PLUGIN_KIND_EXECUTABLE
              : p->built_in != NULL ? PLUGIN_KIND_BUILT_IN : PLUGIN_KIND_SHARED_OBJECT;
    i->build_id = p->note.build_id;
    i->sha256 = p->sha256[0] == '\0' ? NULL : p->sha256;
    i->required = p->config.required;
    i->ops = p->ops;
    i->op_count = p->op_count;
    i->noted_ops = p->note.ops;
    i->noted_op_count = p->note.op_count;
    i->params = def->params;
    i->faults = p->faults.items;
    i->fault_count = p->faults.count;
}

/* --- examine -------------------------------------------------------------------------------- */

void
plugin_take_over (struct plugin *p, struct validated *v)
{
    p->def = v->def;
    p->ops = mem_array (v->op_count + 1, sizeof *p->ops);
    p->op_count = v->op_count;
    for (size_t i = 0; i < v->op_count; i++)
        p->ops[i] = (struct plugin_op) { p, v->ops[i] };
    if (v->longer)
        log_info ("plugin %s: its struct has members that this farrier does not know", p->name);
}

static void
examine_struct (struct plugin *p, const struct buf *bytes, const struct elf_dyn *dyn,
                unsigned flags)
{
    const struct farrier_plugin *raw
        = link_open (p, bytes, dyn, (flags & PLUGIN_LOAD_IN_PLACE) != 0);
    if (raw == NULL)
        return;
    struct validated v;
    if (validate_plugin (raw, p->name, p->noted ? &p->note : NULL, &v, &p->faults))
        plugin_take_over (p, &v);
    mem_free (v.ops);
}

/* Everything that can be seen without running a byte of it. All of it is looked at, whatever was
 * found before; libraries that are missing are kept apart, since the linker has the last word. */
static void
examine_bytes (struct plugin *p, const struct buf *bytes, unsigned flags, struct elf_dyn *ret_dyn,
               struct fault_list *missing)
{
    struct elf_file f;
    const uint8_t *data = (const uint8_t *) (bytes->data == NULL ? "" : bytes->data);
    if (!elf_file_begin (data, bytes->len, &f, &p->faults))
        return;
    p->noted = elf_note_find (&f, &p->note, &p->faults);
    if (p->noted) {
        validate_abi (p->note.abi_major, p->note.abi_minor, p->note.needs_major,
                      p->note.needs_minor, p->note.flags, &p->faults);
        if ((flags & PLUGIN_CHECK_RUN) == 0)
            validate_stem (p->note.name, p->name, &p->faults);
    }
    if (!elf_dyn_read (&f, ret_dyn)) {
        fault_add (&p->faults, PLUGIN_FAULT_ELF_MALFORMED,
                   "the dynamic section names strings outside of the file (%zu bytes)",
                   bytes->len);
        fault_hint (&p->faults, "the file is damaged: install the plugin's package again");
        return;
    }
    elf_dyn_judge (ret_dyn, (flags & PLUGIN_CHECK_STRICT) != 0, &p->faults);
    deps_check (ret_dyn, missing);
}

/* Faults after which dlopen would be pointless or harm this process. */
static bool
may_link (const struct plugin *p, size_t before, unsigned flags)
{
    if (p->faults.count == before || (flags & PLUGIN_CHECK_ALL) == 0)
        return p->faults.count == before;
    for (size_t i = before; i < p->faults.count; i++) {
        switch (p->faults.items[i].code) {
        case PLUGIN_FAULT_OPEN:
        case PLUGIN_FAULT_NOT_REGULAR:
        case PLUGIN_FAULT_TOO_LARGE:
        case PLUGIN_FAULT_NOT_ELF:
        case PLUGIN_FAULT_CLASS:
        case PLUGIN_FAULT_MACHINE:
        case PLUGIN_FAULT_NOT_SHARED:
        case PLUGIN_FAULT_ELF_MALFORMED:
        case PLUGIN_FAULT_ABI_MAJOR:
            return false;
        default:
            break;
        }
    }
    return true;
}

/* The linker has the last word on libraries: it found all, or what it missed is named twice. */
static void
settle_missing (struct plugin *p, struct fault_list *missing, bool linked)
{
    const struct plugin_fault *last
        = p->faults.count == 0 ? NULL : &p->faults.items[p->faults.count - 1];
    bool lacks = last != NULL && last->code == PLUGIN_FAULT_DEPENDENCY;
    if (linked && !lacks)
        fault_list_free (missing);
    else if (linked && missing->count > 0)
        fault_drop_last (&p->faults);
    fault_move (&p->faults, missing);
}

static const struct plugin_built_in *
built_in_of (const char *file, const struct plugin_settings *settings)
{
    const struct plugin_built_in *b = settings->built_ins;
    if (b == NULL || !str_starts (file, PLUGIN_BUILT_IN_FOLDER))
        return NULL;
    while (b->name != NULL && !str_eq (b->name, file + strlen (PLUGIN_BUILT_IN_FOLDER)))
        b++;
    return b->name == NULL ? NULL : b;
}

/* It came with the program: there is no file to judge, but its struct is. */
static bool
examine_built_in (struct plugin *p, unsigned flags)
{
    struct validated v = { 0 };
    size_t before = p->faults.count;
    if ((flags & PLUGIN_CHECK_RUN) != 0
        && validate_plugin (p->built_in->entry (), p->name, NULL, &v, &p->faults))
        plugin_take_over (p, &v);
    mem_free (v.ops);
    plugin_sync_info (p);
    return p->faults.count == before;
}

bool
plugin_examine (struct plugin *p, const struct plugin_settings *settings, unsigned flags)
{
    if (p->built_in != NULL)
        return examine_built_in (p, flags);
    struct buf bytes = { 0 };
    struct stat st;
    struct elf_dyn dyn = { 0 };
    struct fault_list missing = { .file = p->file };
    size_t before = p->faults.count;
    if (policy_read (p->file, &bytes, &st, &p->faults)) {
        p->seen = st;
        hash_sha256_hex (bytes.data == NULL ? "" : bytes.data, bytes.len, p->sha256);
        if (!settings->trust_files)
            policy_file (p->file, &st, &p->faults);
        policy_digest (&p->config, p->sha256, &p->faults);
        examine_bytes (p, &bytes, flags, &dyn, &missing);
    }
    if (!settings->trust_files)
        policy_folder (p->file, &p->faults);
    bool link = (flags & PLUGIN_CHECK_RUN) != 0 && may_link (p, before, flags);
    if (link)
        examine_struct (p, &bytes, &dyn, flags);
    settle_missing (p, &missing, link);
    elf_dyn_free (&dyn);
    buf_free (&bytes);
    plugin_sync_info (p);
    return p->faults.count == before;
}

/* --- load and configure --------------------------------------------------------------------- */

void
plugin_answer_fault (struct fault_list *faults, enum plugin_fault_code code, const char *what,
                     int32_t rc, const struct farrier_error *error)
{
    if (rc > 0)
        fault_add (faults, code, "%s answered %d, must be 0 or a negative code", what, rc);
    else
        fault_add (faults, code, "%s failed with %s: %.*s", what, err_code_name (rc),
                   FARRIER_MESSAGE_MAX - 1,
                   error->message[0] == '\0' ? "no message" : error->message);
    fault_hint (faults, "%.*s", FARRIER_HINT_MAX - 1, error->hint);
}

static bool
call_load (struct plugin *p)
{
    struct farrier_error error;
    plugin_error_clear (&error);
    if (p->def.load == NULL)
        return true;
    plugin_enter (p, "", "load");
    int32_t rc = p->def.load (p->host, &p->self, &error);
    plugin_leave ();
    if (rc != 0)
        plugin_answer_fault (&p->faults, PLUGIN_FAULT_LOAD, "load", rc, &error);
    return rc == 0;
}

bool
plugin_configure (struct plugin *p, const json_t *values, struct fault_list *faults)
{
    struct farrier_error error;
    plugin_error_clear (&error);
    if (p->def.configure == NULL)
        return true;
    struct farrier_config cfg = { p->host, values, arena_new (CONFIGURE_ARENA_BYTES) };
    plugin_enter (p, "", "configure");
    int32_t rc = p->def.configure (p->self, &cfg, &error);
    plugin_leave ();
    arena_free (cfg.arena);
    if (rc != 0)
        plugin_answer_fault (faults, PLUGIN_FAULT_CONFIGURE, "configure", rc, &error);
    return rc == 0;
}

static uint32_t
tighter (uint32_t a, uint32_t b)
{
    return a == 0 ? b : b == 0 ? a : a < b ? a : b;
}

bool
plugin_start (struct plugin *p, const struct plugin_settings *settings)
{
    if (!config_check (&p->config, &p->def.params, &p->faults) || !call_load (p))
        return false;
    p->loaded = true;
    if (!plugin_configure (p, p->config.values, &p->faults)) {
        plugin_unload (p);
        return false;
    }
    p->info.thread_model = p->config.serial ? FARRIER_THREADS_SERIAL_PLUGIN
                           : p->def.thread_model == 0 ? FARRIER_THREADS_SERIAL_HOST
                                                      : p->def.thread_model;
    p->info.max_inflight = tighter (p->def.max_inflight != 0 ? p->def.max_inflight
                                                             : settings->max_inflight,
                                    p->config.max_inflight);
    p->info.state = PLUGIN_REGISTERED;
    return true;
}

static bool
in_quarantine (struct plugin *p, const struct plugin_settings *settings)
{
    char *why = NULL;
    const char *dir = settings->state_dir != NULL ? settings->state_dir : settings->run_dir;
    if (dir == NULL || !mark_quarantined (dir, p->name, &why))
        return false;
    fault_add (&p->faults, PLUGIN_FAULT_QUARANTINED, "%s", why);
    fault_hint (&p->faults, "farrier plugin release %s", p->name);
    mem_free (why);
    p->info.state = PLUGIN_QUARANTINED;
    return true;
}

/* Somebody died inside it, once. It gets another try where the mark would tell of the next death;
 * a process without marks (one that only lists, say) must not die of what is known already. */
static bool
may_run (struct plugin *p, const struct plugin_settings *settings)
{
    char *why = NULL;
    const char *dir = settings->state_dir != NULL ? settings->state_dir : settings->run_dir;
    bool run = settings->run_dir != NULL;
    bool died = (dir != NULL && mark_died (dir, p->name, &why))
                || (!run && settings->peek_dir != NULL
                    && mark_peek (settings->peek_dir, p->name, &why));
    if (!died)
        return true;
    fault_add (&p->faults, PLUGIN_FAULT_CRASHED, "%s%s", why,
               run ? "" : "; only farrierd tries it again");
    fault_hint (&p->faults, "farrier plugin check %s; report it to the plugin's vendor; farrier "
                            "plugin release %s forgets it", p->file, p->name);
    mem_free (why);
    return run;
}

struct plugin *
plugin_load_file (const char *file, const struct plugin_settings *settings, unsigned flags)
{
    if (str_ends (file, EXEC_SUFFIX))
        return exec_load (file, settings);
    struct plugin *p = plugin_new (file);
    p->built_in = built_in_of (file, settings);
    p->host = settings->host;
    bool ok = plugin_config_read (settings->config_dir, p->name, &p->config, &p->faults);
    bool run = ok && p->config.enabled && !in_quarantine (p, settings) && may_run (p, settings);
    if (ok && !p->config.enabled)
        p->info.state = PLUGIN_DISABLED;
    /* What keeps it from running does not keep its file from being judged: one report has all. */
    if (plugin_examine (p, settings, run ? flags | PLUGIN_CHECK_RUN : 0) && run)
        plugin_start (p, settings);
    plugin_sync_info (p);
    return p;
}

/* The name of the package that has a plugin: no '_' in names of packages. */
static char *
package_of (const char *name)
{
    char *package = str_printf ("farrier-plugin-%s", name);
    for (char *c = package; *c != '\0'; c++)
        *c = *c == '_' ? '-' : *c;
    return package;
}

static void
absent_fault (struct plugin *p, const struct plugin_settings *settings)
{
    char *package = package_of (p->name);
    fault_add (&p->faults, PLUGIN_FAULT_ABSENT,
               "%s configures it, but there is no %s.so in %s%s", p->config.file, p->name,
               settings->dir_count > 0 ? settings->dirs[0] : "any directory",
               settings->dir_count > 1 ? " or the other plugin directories" : "");
    fault_hint (&p->faults, "install the package %s, or set enabled = false in %s", package,
                p->config.file);
    mem_free (package);
}

struct plugin *
plugin_absent (const char *name, const struct plugin_settings *settings)
{
    struct plugin *p = plugin_new (name);
    mem_free (p->file);
    p->file = NULL;
    p->faults.file = NULL;
    p->host = settings->host;
    p->info.state = PLUGIN_ABSENT;
    if (plugin_config_read (settings->config_dir, p->name, &p->config, &p->faults)
        && p->config.enabled)
        absent_fault (p, settings);
    if (!p->config.enabled)
        p->info.state = PLUGIN_DISABLED;
    plugin_sync_info (p);
    return p;
}

void
plugin_unload (struct plugin *p)
{
    if (!p->loaded)
        return;
    p->loaded = false;
    if (p->def.unload == NULL)
        return;
    plugin_enter (p, "", "unload");
    p->def.unload (p->self);
    plugin_leave ();
    p->self = NULL;
}

void
plugin_free (struct plugin *p)
{
    plugin_unload (p);
    exec_free (p->exec);
    elf_note_free (&p->note);
    config_free (&p->config);
    fault_list_free (&p->faults);
    mem_free (p->ops);
    mem_free (p->name);
    mem_free (p->file);
    pthread_mutex_destroy (&p->serial);
    pthread_mutex_destroy (&p->turn_lock);
    pthread_cond_destroy (&p->turn_free);
    mem_free (p);
}
