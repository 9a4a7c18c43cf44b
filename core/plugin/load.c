/* load: one plugin file, from reading it to configure().
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "farrier/sdk.h"
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
    p->name = str_ndup (base, strlen (base) - (str_ends (base, ".so") ? 3 : 0));
    p->config.enabled = true;
    p->info.state = PLUGIN_FAILED;
    pthread_mutex_init (&p->serial, NULL);
    pthread_mutex_init (&p->turn_lock, NULL);
    pthread_cond_init (&p->turn_free, NULL);
    plugin_sync_info (p);
    return p;
}

void
plugin_sync_info (struct plugin *p)
{
    struct plugin_info *i = &p->info;
    const struct farrier_plugin *def = &p->def;
    i->name = p->name;
    i->file = p->file;
    i->config_file = p->config.file;
    i->version = def->version != NULL ? def->version : p->note.version;
    i->vendor = def->vendor != NULL ? def->vendor : p->note.vendor;
    i->license = def->license != NULL ? def->license : p->note.license;
    i->description = def->description;
    i->abi = p->note.abi;
    i->build_id = p->note.build_id;
    i->sha256 = p->sha256[0] == '\0' ? NULL : p->sha256;
    i->required = p->config.required;
    i->ops = p->ops;
    i->op_count = p->op_count;
    i->params = def->params;
    i->faults = p->faults.items;
    i->fault_count = p->faults.count;
}

/* --- dlopen --------------------------------------------------------------------------------- */

static void
dlopen_fault (const char *path, struct fault_list *faults)
{
    const char *text = dlerror ();
    text = text == NULL ? "no reason given" : text;
    size_t len = strlen (path);
    if (strncmp (text, path, len) == 0 && text[len] == ':')
        text += len + 1 + (text[len + 1] == ' ' ? 1 : 0);
    const char *symbol = strstr (text, "undefined symbol: ");
    const char *missing = strstr (text, ": cannot open shared object file");
    if (symbol != NULL) {
        symbol += strlen ("undefined symbol: ");
        int symbol_len = (int) strcspn (symbol, " ,");
        fault_add (faults, PLUGIN_FAULT_SYMBOL, "uses the symbol '%.*s', which nothing defines",
                   symbol_len, symbol);
        fault_hint (faults, "link the plugin with the library that defines it (nm -D FILE)");
    } else if (missing != NULL) {
        int lib_len = (int) (missing - text);
        fault_add (faults, PLUGIN_FAULT_DEPENDENCY, "needs the library %.*s, which is not there",
                   lib_len, text);
        fault_hint (faults, "install it (apt-file search %.*s)", lib_len, text);
    } else {
        fault_add (faults, PLUGIN_FAULT_DLOPEN, "the dynamic linker refused it: %s", text);
        fault_hint (faults, "ldd FILE; readelf -d FILE");
    }
}

/* The private copy is opened through /proc/self/fd. Its descriptor is never closed: the linker
 * knows an object by its path, and with RTLD_NODELETE the code stays as long as the process. */
static void *
open_object (struct plugin *p, const struct buf *bytes, bool in_place)
{
    char path[64];
    const char *name = p->file;
    if (!in_place) {
        int fd = policy_private_copy (p->name, bytes, &p->faults);
        if (fd < 0)
            return NULL;
        str_format (path, sizeof path, "/proc/self/fd/%d", fd);
        name = path;
    }
    plugin_enter (p, "", "dlopen");
    void *object = dlopen (name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (object == NULL)
        dlopen_fault (name, &p->faults);
    plugin_leave ();
    return object;
}

static const struct farrier_plugin *
entry_of (struct plugin *p, void *object)
{
    const struct farrier_plugin *(*entry) (void);
    *(void **) &entry = dlsym (object, FARRIER_PLUGIN_ENTRY_NAME);
    const struct farrier_plugin *raw = NULL;
    if (entry == NULL) {
        fault_add (&p->faults, PLUGIN_FAULT_ENTRY, "does not export %s", FARRIER_PLUGIN_ENTRY_NAME);
        fault_hint (&p->faults, "define the plugin with FARRIER_PLUGIN_DEFINE and link it with "
                                "default visibility for that symbol");
        return NULL;
    }
    plugin_enter (p, "", "entry");
    raw = entry ();
    plugin_leave ();
    if (raw == NULL || (uintptr_t) raw % _Alignof (struct farrier_plugin) != 0) {
        fault_add (&p->faults, PLUGIN_FAULT_ENTRY, "%s returned %p, not a struct farrier_plugin",
                   FARRIER_PLUGIN_ENTRY_NAME, (const void *) raw);
        raw = NULL;
    }
    return raw;
}

static void
take_over (struct plugin *p, struct validated *v)
{
    p->def = v->def;
    p->ops = mem_array (v->op_count + 1, sizeof *p->ops);
    p->op_count = v->op_count;
    for (size_t i = 0; i < v->op_count; i++)
        p->ops[i] = (struct plugin_op) { p, v->ops[i] };
    if (v->longer)
        log_info ("plugin %s: its struct has members that this farrier does not know", p->name);
}

static bool
run_code_checks (struct plugin *p, const struct buf *bytes, bool in_place)
{
    void *object = open_object (p, bytes, in_place);
    const struct farrier_plugin *raw = object == NULL ? NULL : entry_of (p, object);
    if (raw == NULL)
        return false;
    struct validated v;
    bool ok = validate_plugin (raw, p->name, &p->note, &v, &p->faults);
    if (ok)
        take_over (p, &v);
    mem_free (v.ops);
    return ok;
}

bool
plugin_examine (struct plugin *p, const struct plugin_settings *settings, bool run_code)
{
    struct buf bytes = { 0 };
    struct stat st;
    bool ok = policy_read (p->file, &bytes, &st, &p->faults);
    if (ok) {
        const uint8_t *data = (const uint8_t *) (bytes.data == NULL ? "" : bytes.data);
        hash_sha256_hex (data, bytes.len, p->sha256);
        if (!settings->trust_files)
            ok = policy_owner (p->file, &st, &p->faults);
        ok = policy_digest (&p->config, p->sha256, &p->faults) && ok;
        bool noted = elf_note_read (data, bytes.len, &p->note, &p->faults);
        if (noted)
            ok = validate_abi (p->note.abi_major, p->note.needs_major, p->note.needs_minor,
                               p->note.flags, &p->faults) && ok;
        ok = noted && ok;
    }
    if (ok && run_code)
        ok = run_code_checks (p, &bytes, settings->trust_files);
    buf_free (&bytes);
    plugin_sync_info (p);
    return ok;
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

static bool
start (struct plugin *p, const struct plugin_settings *settings)
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

struct plugin *
plugin_load_file (const char *file, const struct plugin_settings *settings)
{
    struct plugin *p = plugin_new (file);
    p->host = settings->host;
    bool ok = plugin_config_read (settings->config_dir, p->name, &p->config, &p->faults);
    if (ok && !p->config.enabled) {
        p->info.state = PLUGIN_DISABLED;
        plugin_examine (p, settings, false);
    } else if (ok && !in_quarantine (p, settings) && plugin_examine (p, settings, true)) {
        start (p, settings);
    }
    plugin_sync_info (p);
    return p;
}

struct plugin *
plugin_absent (const char *name, const struct plugin_settings *settings)
{
    struct plugin *p = plugin_new (name);
    mem_free (p->file);
    p->file = NULL;
    p->host = settings->host;
    p->info.state = PLUGIN_ABSENT;
    if (plugin_config_read (settings->config_dir, p->name, &p->config, &p->faults)
        && p->config.enabled) {
        fault_add (&p->faults, PLUGIN_FAULT_ABSENT,
                   "%s configures it, but there is no %s.so in %s%s", p->config.file, name,
                   settings->dir_count > 0 ? settings->dirs[0] : "any directory",
                   settings->dir_count > 1 ? " or the other plugin directories" : "");
        fault_hint (&p->faults, "install the plugin's package, or set enabled = false in %s",
                    p->config.file);
    }
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
