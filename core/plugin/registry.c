/* registry: all plugins of this process.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/mark.h"
#include "plugin/private.h"

/* --- settings ------------------------------------------------------------------------------- */

static void
settings_copy (struct plugin_settings *to, const struct plugin_settings *from)
{
    char **dirs = mem_array (from->dir_count + 1, sizeof *dirs);
    for (size_t i = 0; i < from->dir_count; i++)
        dirs[i] = str_dup (from->dirs[i]);
    *to = *from;
    to->dirs = (const char *const *) dirs;
    to->config_dir = str_dup (from->config_dir);
    to->run_dir = str_dup (from->run_dir);
    to->state_dir = str_dup (from->state_dir != NULL ? from->state_dir : from->run_dir);
}

static void
settings_free (struct plugin_settings *s)
{
    str_free_all ((char **) s->dirs, s->dir_count);
    mem_free ((char *) s->config_dir);
    mem_free ((char *) s->run_dir);
    mem_free ((char *) s->state_dir);
}

/* --- find ----------------------------------------------------------------------------------- */

static void
registry_add (struct plugin_registry *r, struct plugin *p)
{
    r->items = mem_realloc (r->items, (r->count + 1) * sizeof *r->items);
    r->items[r->count++] = p;
}

static int32_t
load_dir (struct plugin_registry *r, const char *dir, struct err *err)
{
    struct vec files = { 0 };
    int32_t rc = fs_list (dir, ".so", &files, err);
    for (size_t i = 0; rc == 0 && i < files.count; i++) {
        const char *base = fs_basename (files.items[i]);
        char *stem = str_ndup (base, strlen (base) - 3);
        struct plugin *former = plugin_find (r, stem);
        if (former == NULL)
            registry_add (r, plugin_load_file (files.items[i], &r->settings));
        else
            log_info ("plugin %s: %s is taken, %s comes later and is not looked at", stem,
                      former->file, (const char *) files.items[i]);
        mem_free (stem);
    }
    vec_free_with (&files, mem_free);
    return rc;
}

/* Files in conf.d/plugins whose plugin was not found. */
static int32_t
add_absent (struct plugin_registry *r, struct err *err)
{
    if (r->settings.config_dir == NULL)
        return 0;
    struct vec files = { 0 };
    int32_t rc = fs_list (r->settings.config_dir, ".conf", &files, err);
    for (size_t i = 0; rc == 0 && i < files.count; i++) {
        const char *base = fs_basename (files.items[i]);
        char *stem = str_ndup (base, strlen (base) - strlen (".conf"));
        if (plugin_find (r, stem) == NULL)
            registry_add (r, plugin_absent (stem, &r->settings));
        mem_free (stem);
    }
    vec_free_with (&files, mem_free);
    return rc;
}

static int
by_name (const void *a, const void *b)
{
    return strcmp ((*(struct plugin *const *) a)->name, (*(struct plugin *const *) b)->name);
}

static void
log_faults (const struct plugin *p, const struct fault_list *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct plugin_fault *f = &faults->items[i];
        log_warn ("plugin %s: %s: %s%s%s%s", p->name, plugin_fault_name (f->code), f->message,
                  f->hint[0] == '\0' ? "" : " (", f->hint, f->hint[0] == '\0' ? "" : ")");
    }
}

static int32_t
check_required (const struct plugin_registry *r, struct err *err)
{
    for (size_t i = 0; i < r->count; i++) {
        struct plugin *p = r->items[i];
        if (!p->config.required || p->info.state == PLUGIN_REGISTERED
            || p->info.state == PLUGIN_DISABLED)
            continue;
        fault_to_err (&p->faults, p->name, err);
        err_prefix (err, "a required plugin did not load: ");
        return FARRIER_E_INVALID;
    }
    return 0;
}

int32_t
plugin_registry_open (const struct plugin_settings *settings, struct plugin_registry **ret_registry,
                      struct err *err)
{
    struct plugin_registry *r = mem_alloc (sizeof *r);
    settings_copy (&r->settings, settings);
    int32_t rc = 0;
    if (r->settings.run_dir != NULL) {
        rc = mark_start (r->settings.run_dir, r->settings.state_dir, err);
        r->marks = rc == 0;
    }
    for (size_t i = 0; rc == 0 && i < r->settings.dir_count; i++)
        rc = load_dir (r, r->settings.dirs[i], err);
    if (rc == 0)
        rc = add_absent (r, err);
    if (r->count > 0)
        qsort (r->items, r->count, sizeof *r->items, by_name);
    for (size_t i = 0; i < r->count; i++)
        log_faults (r->items[i], &r->items[i]->faults);
    if (rc == 0)
        rc = check_required (r, err);
    if (rc < 0)
        plugin_registry_close (r);
    else
        *ret_registry = r;
    return rc;
}

/* --- service -------------------------------------------------------------------------------- */

int32_t
plugin_registry_activate (struct plugin_registry *r, struct err *err)
{
    int32_t rc = 0;
    r->active = true;
    for (size_t i = 0; i < r->count; i++) {
        struct plugin *p = r->items[i];
        if (p->info.state != PLUGIN_REGISTERED || p->active)
            continue;
        struct farrier_error error;
        plugin_error_clear (&error);
        int32_t answer = 0;
        if (p->def.activate != NULL) {
            plugin_enter (p, "", "activate");
            answer = p->def.activate (p->self, &error);
            plugin_leave ();
        }
        p->active = answer == 0;
        if (answer == 0)
            continue;
        plugin_answer_fault (&p->faults, PLUGIN_FAULT_ACTIVATE, "activate", answer, &error);
        p->info.state = PLUGIN_FAILED;
        plugin_sync_info (p);
        log_faults (p, &p->faults);
        if (p->config.required && rc == 0)
            rc = fault_to_err (&p->faults, p->name, err);
    }
    return rc;
}

void
plugin_registry_deactivate (struct plugin_registry *r)
{
    r->active = false;
    for (size_t i = r->count; i > 0; i--) {
        struct plugin *p = r->items[i - 1];
        if (!p->active)
            continue;
        p->active = false;
        if (p->def.deactivate == NULL)
            continue;
        plugin_enter (p, "", "deactivate");
        p->def.deactivate (p->self);
        plugin_leave ();
    }
}

void
plugin_registry_close (struct plugin_registry *r)
{
    if (r == NULL)
        return;
    plugin_registry_deactivate (r);
    for (size_t i = 0; i < r->count; i++)
        plugin_free (r->items[i]);
    mem_free (r->items);
    if (r->marks)
        mark_stop ();
    settings_free (&r->settings);
    mem_free (r);
}

/* --- reload --------------------------------------------------------------------------------- */

/* Parameters that may not change while running keep their value. */
static void
keep_fixed (struct plugin *p, json_t *values)
{
    struct farrier_param param;
    for (size_t i = 0; plugin_param_at (&p->def.params, i, &param); i++) {
        json_t *old = json_object_get (p->config.values, param.name);
        json_t *now = json_object_get (values, param.name);
        if ((param.flags & FARRIER_PARAM_RELOADABLE) != 0 || old == now
            || (old != NULL && now != NULL && json_equal (old, now)))
            continue;
        log_warn ("plugin %s: the new value of '%s' takes effect at the next start", p->name,
                  param.name);
        if (old != NULL)
            json_object_set (values, param.name, old);
        else
            json_object_del (values, param.name);
    }
}

static int32_t
reload_one (struct plugin_registry *r, struct plugin *p, struct err *err)
{
    struct plugin_config fresh;
    struct fault_list faults = { 0 };
    bool ok = plugin_config_read (r->settings.config_dir, p->name, &fresh, &faults)
              && config_check (&fresh, &p->def.params, &faults);
    if (ok) {
        keep_fixed (p, fresh.values);
        if (!json_equal (fresh.values, p->config.values))
            ok = plugin_configure (p, fresh.values, &faults);
    }
    if (ok) {
        json_decref (p->config.values);
        p->config.values = json_incref (fresh.values);
        if (fresh.enabled != p->config.enabled)
            log_warn ("plugin %s: enabled = %s takes effect at the next start", p->name,
                      fresh.enabled ? "true" : "false");
    }
    int32_t rc = ok ? 0 : fault_to_err (&faults, p->name, err);
    log_faults (p, &faults);
    fault_list_free (&faults);
    config_free (&fresh);
    return rc;
}

int32_t
plugin_registry_reload (struct plugin_registry *r, struct err *err)
{
    int32_t rc = 0;
    for (size_t i = 0; i < r->count; i++) {
        struct plugin *p = r->items[i];
        if (p->info.state != PLUGIN_REGISTERED)
            continue;
        int32_t one = reload_one (r, p, rc == 0 ? err : NULL);
        rc = rc == 0 ? one : rc;
    }
    return rc;
}

/* --- one file ------------------------------------------------------------------------------- */

int32_t
plugin_check (const char *file, unsigned flags, struct plugin_report *ret, struct err *err)
{
    if (!fs_exists (file))
        return err_set (err, ERR_NOT_FOUND, "there is no file %s", file);
    struct plugin_settings settings = { .trust_files = (flags & PLUGIN_CHECK_POLICY) == 0 };
    struct plugin *p = plugin_new (file);
    bool ok = plugin_examine (p, &settings, (flags & PLUGIN_CHECK_RUN) != 0);
    int32_t rc = ok ? 0 : fault_to_err (&p->faults, p->name, err);
    p->info.state = ok ? PLUGIN_REGISTERED : PLUGIN_FAILED;
    *ret = (struct plugin_report) { p->info, p };
    return rc;
}

int32_t
plugin_check_file (const char *file, bool run_code, struct plugin_report *ret, struct err *err)
{
    return plugin_check (file, PLUGIN_CHECK_POLICY | (run_code ? PLUGIN_CHECK_RUN : 0u), ret, err);
}

void
plugin_report_free (struct plugin_report *report)
{
    if (report->owned != NULL)
        plugin_free (report->owned);
    *report = (struct plugin_report) { 0 };
}

int32_t
plugin_release (const char *state_dir, const char *name, struct err *err)
{
    return mark_release (state_dir, name, err);
}

/* --- look ----------------------------------------------------------------------------------- */

size_t
plugin_count (const struct plugin_registry *r)
{
    return r->count;
}

struct plugin *
plugin_at (const struct plugin_registry *r, size_t i)
{
    return r->items[i];
}

struct plugin *
plugin_find (const struct plugin_registry *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++)
        if (str_eq (r->items[i]->name, name))
            return r->items[i];
    return NULL;
}

const struct plugin_info *
plugin_info (const struct plugin *p)
{
    return &p->info;
}

bool
plugin_is_usable (const struct plugin *p)
{
    return p->info.state == PLUGIN_REGISTERED;
}

const struct plugin_op *
plugin_op (const struct plugin *p, const char *op)
{
    if (!plugin_is_usable (p))
        return NULL;
    for (size_t i = 0; i < p->op_count; i++)
        if (str_eq (p->ops[i].def.name, op))
            return &p->ops[i];
    return NULL;
}

static void
unknown_plugin (const struct plugin_registry *r, const char *name, struct err *err)
{
    const char **names = mem_array (r->count + 1, sizeof *names);
    for (size_t i = 0; i < r->count; i++)
        names[i] = r->items[i]->name;
    const char *near = str_did_you_mean (name, names, r->count);
    err_set (err, ERR_NOT_FOUND, "there is no plugin '%s'", name);
    if (near != NULL)
        err_hint (err, "did you mean '%s'?", near);
    else
        err_hint (err, "farrier plugin list");
    mem_free (names);
}

static void
unknown_op (const struct plugin *p, const char *op, struct err *err)
{
    const char **names = mem_array (p->op_count + 1, sizeof *names);
    for (size_t i = 0; i < p->op_count; i++)
        names[i] = p->ops[i].def.name;
    const char *near = str_did_you_mean (op, names, p->op_count);
    err_set (err, ERR_NOT_FOUND, "plugin %s has no op '%s'", p->name, op);
    if (near != NULL)
        err_hint (err, "did you mean '%s'?", near);
    else
        err_hint (err, "farrier plugin info %s", p->name);
    mem_free (names);
}

static const struct plugin_op *
op_of_any (const struct plugin_registry *r, const char *op, struct err *err)
{
    struct vec names = { 0 };
    const struct plugin_op *found = NULL;
    for (size_t i = 0; i < r->count && found == NULL; i++) {
        found = plugin_op (r->items[i], op);
        for (size_t k = 0; plugin_is_usable (r->items[i]) && k < r->items[i]->op_count; k++)
            vec_push (&names, (char *) r->items[i]->ops[k].def.name);
    }
    if (found == NULL) {
        const char *near = str_did_you_mean (op, (const char *const *) names.items, names.count);
        err_set (err, ERR_NOT_FOUND, "no registered plugin has an op '%s'", op);
        if (near != NULL)
            err_hint (err, "did you mean '%s'?", near);
        else
            err_hint (err, "farrier plugin list");
    }
    vec_free (&names);
    return found;
}

const struct plugin_op *
plugin_op_find (const struct plugin_registry *r, const char *plugin, const char *op,
                struct err *err)
{
    if (plugin == NULL)
        return op_of_any (r, op, err);
    const struct plugin *p = plugin_find (r, plugin);
    if (p == NULL) {
        unknown_plugin (r, plugin, err);
        return NULL;
    }
    if (!plugin_is_usable (p)) {
        err_set (err, ERR_NOT_FOUND, "plugin %s is %s%s%s", plugin,
                 plugin_state_name (p->info.state), p->faults.count > 0 ? ": " : "",
                 p->faults.count > 0 ? p->faults.items[0].message : "");
        err_hint (err, "farrier plugin why %s", plugin);
        return NULL;
    }
    const struct plugin_op *found = plugin_op (p, op);
    if (found == NULL)
        unknown_op (p, op, err);
    return found;
}
