/* exec_load: an executable plugin, from its description to the registry: two files, judged like a
 * shared object (owner, mode, allow-list, names, tables).
 *
 * What runs later is a private copy of the bytes that were judged, named by their digest: whoever
 * replaces the file under a running farrier changes nothing before a reload.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/exec.h"
#include "plugin/policy.h"
#include "plugin/private.h"

/* Copies of former builds: a run that was described before an upgrade may still begin. */
#define KEEP_COPIES_MS (7 * 24 * 3600 * INT64_C (1000))

/* --- the two files -------------------------------------------------------------------------- */

/* Reads, and judges who may write. Both faults and bytes, when there are both. */
static bool
read_judged (struct plugin *p, const char *file, bool judge, struct buf *ret, char *ret_sha256,
             mode_t *ret_mode)
{
    struct stat st;
    if (!policy_read (file, ret, &st, &p->faults))
        return false;
    *ret_mode = st.st_mode;
    hash_sha256_hex (ret->data == NULL ? "" : ret->data, ret->len, ret_sha256);
    if (judge)
        policy_file (file, &st, &p->faults);
    policy_digest (&p->config, ret_sha256, &p->faults);
    return true;
}

static void
findings_to_faults (struct plugin *p, const struct vec *findings, const struct err *err)
{
    for (size_t i = 0; i < findings->count; i++) {
        char *text = conf_finding_text (findings->items[i]);
        fault_add (&p->faults, PLUGIN_FAULT_DESCRIPTION, "%s", text);
        fault_hint (&p->faults, "correct %s (farrier-exec-plugin(7), the description)", p->file);
        mem_free (text);
    }
    if (findings->count == 0 && err->code != 0) {
        fault_add (&p->faults, PLUGIN_FAULT_DESCRIPTION, "%s", err->message);
        fault_hint (&p->faults, "farrier-exec-plugin(7), the description");
    }
}

/* Of the bytes that were judged, not of the file once more. */
static void
read_description (struct plugin *p, const struct buf *bytes)
{
    struct vec findings = { 0 };
    struct err err = { 0 };
    struct conf *c = NULL;
    char *dir = str_ndup (p->file, (size_t) (fs_basename (p->file) - p->file));
    size_t len = strlen (dir);
    if (len > 1)
        dir[len - 1] = '\0';           /* the slash */
    if (conf_load_text (bytes->data == NULL ? "" : bytes->data, bytes->len, p->file, &findings, &c,
                        &err) == 0) {
        p->exec = exec_describe (c, len == 0 ? "." : dir, p->name);
        err_clear (&err);
    }
    findings_to_faults (p, &findings, &err);
    if (c != NULL)
        conf_free (c);
    conf_findings_free (&findings);
    mem_free (dir);
}

/* --- the copy ------------------------------------------------------------------------------- */

static void
sweep_copies (const char *dir, const char *name, const char *current)
{
    struct vec files = { 0 };
    struct stat st;
    char *prefix = str_printf ("%s-", name);
    fs_list (dir, "", &files, NULL);
    for (size_t i = 0; i < files.count; i++) {
        const char *file = files.items[i];
        if (str_starts (fs_basename (file), prefix) && !str_eq (file, current)
            && stat (file, &st) == 0
            && st.st_mtim.tv_sec * INT64_C (1000) < clock_wall_ms () - KEEP_COPIES_MS)
            unlink (file);
    }
    vec_free_with (&files, mem_free);
    mem_free (prefix);
}

/* state_dir/exec/NAME-DIGEST. Only for a process that runs ops: one that lists needs none. */
static void
copy_program (struct plugin *p, const struct plugin_settings *settings, const struct buf *bytes)
{
    const char *state = settings->state_dir != NULL ? settings->state_dir : settings->run_dir;
    struct err err = { 0 };
    char *dir = fs_join (state, "exec");
    char *file = str_printf ("%s/%s-%.32s", dir, p->name, p->sha256);
    int32_t rc = fs_exists (file) ? 0 : fs_mkdirs (dir, 0700, &err);
    if (rc == 0 && !fs_exists (file))
        rc = fs_write_atomic (file, bytes->data, bytes->len, 0500, &err);
    if (rc == 0) {
        p->exec->program = arena_strdup (p->exec->arena, file);
        sweep_copies (dir, p->name, file);
    } else {
        fault_add (&p->faults, PLUGIN_FAULT_COPY, "%s", err.message);
        fault_hint (&p->faults, "df %s; ls -ld %s", state, dir);
    }
    mem_free (file);
    mem_free (dir);
}

/* --- all ------------------------------------------------------------------------------------ */

static void
read_executable (struct plugin *p, bool judge, struct buf *ret)
{
    const char *file = p->exec->executable;
    mode_t mode = 0;
    if (read_judged (p, file, judge, ret, p->sha256, &mode) && (mode & 0111) == 0) {
        fault_add (&p->faults, PLUGIN_FAULT_NOT_EXECUTABLE,
                   "%s has mode %04o, which lets nobody execute it", file,
                   (unsigned) (mode & 07777));
        fault_hint (&p->faults, "chmod u+x %s", file);
    }
}

/* Both files, and all that the description says. The bytes of the executable are the caller's. */
static bool
examine (struct plugin *p, bool judge, struct buf *ret_program)
{
    struct buf text = { 0 };
    mode_t mode;
    size_t before = p->faults.count;
    if (read_judged (p, p->file, judge, &text, p->description_sha256, &mode))
        read_description (p, &text);
    if (judge)
        policy_folder (p->file, &p->faults);
    if (p->exec != NULL) {
        struct validated v;
        read_executable (p, judge, ret_program);
        if (validate_plugin (&p->exec->def, p->name, NULL, &v, &p->faults))
            plugin_take_over (p, &v);
        mem_free (v.ops);
        p->self = p->exec;
    }
    buf_free (&text);
    plugin_sync_info (p);
    return p->faults.count == before;
}

bool
exec_examine (struct plugin *p, bool judge)
{
    struct buf program = { 0 };
    bool good = examine (p, judge, &program);
    buf_free (&program);
    return good;
}

struct plugin *
exec_load (const char *file, const struct plugin_settings *settings)
{
    struct plugin *p = plugin_new (file);
    struct buf program = { 0 };
    p->host = settings->host;
    bool ok = plugin_config_read (settings->config_dir, p->name, &p->config, &p->faults);
    if (ok && !p->config.enabled)
        p->info.state = PLUGIN_DISABLED;
    bool run = examine (p, true, &program) && ok && p->config.enabled;
    if (run && settings->run_dir != NULL)
        copy_program (p, settings, &program);
    if (run && p->faults.count == 0)
        plugin_start (p, settings);
    buf_free (&program);
    plugin_sync_info (p);
    return p;
}

char *
exec_description_of (const char *file)
{
    char *description = str_ends (file, EXEC_SUFFIX) ? str_dup (file)
                                                     : str_printf ("%s%s", file, EXEC_SUFFIX);
    if (!str_ends (file, ".so") && fs_exists (description))
        return description;
    mem_free (description);
    return NULL;
}

bool
exec_same_bytes (const struct plugin *p)
{
    const char *const files[] = { p->file, p->exec->executable };
    const char *const wanted[] = { p->description_sha256, p->sha256 };
    bool same = true;
    for (size_t i = 0; i < 2 && same; i++) {
        struct fault_list faults = { 0 };
        struct buf bytes = { 0 };
        struct stat st;
        char sha256[65] = "";
        if (policy_read (files[i], &bytes, &st, &faults))
            hash_sha256_hex (bytes.data == NULL ? "" : bytes.data, bytes.len, sha256);
        same = strcmp (sha256, wanted[i]) == 0;
        fault_list_free (&faults);
        buf_free (&bytes);
    }
    return same;
}
