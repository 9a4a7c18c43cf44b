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

static const char *const *
copy_strings (const char *const *from, size_t count)
{
    char **copy = mem_array (count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = str_dup (from[i]);
    return (const char *const *) copy;
}

static void
settings_copy (struct plugin_settings *to, const struct plugin_settings *from)
{
    *to = *from;
    to->dirs = copy_strings (from->dirs, from->dir_count);
    to->exec_dirs = copy_strings (from->exec_dirs, from->exec_dir_count);
    to->config_dir = str_dup (from->config_dir);
    to->run_dir = str_dup (from->run_dir);
    to->peek_dir = str_dup (from->peek_dir);
    to->state_dir = str_dup (from->state_dir != NULL ? from->state_dir : from->run_dir);
}

static void
settings_free (struct plugin_settings *s)
{
    str_free_all ((char **) s->dirs, s->dir_count);
    str_free_all ((char **) s->exec_dirs, s->exec_dir_count);
    mem_free ((char *) s->config_dir);
    mem_free ((char *) s->run_dir);
    mem_free ((char *) s->peek_dir);
    mem_free ((char *) s->state_dir);
}

/* --- sets ----------------------------------------------------------------------------------- */

/* By name; the one that counts before its duplicates. */
static int
by_name (const void *a, const void *b)
{
    const struct plugin *x = *(struct plugin *const *) a, *y = *(struct plugin *const *) b;
    int order = strcmp (x->name, y->name);
    return order != 0 ? order : x->rank < y->rank ? -1 : x->rank > y->rank;
}

void
registry_publish (struct plugin_registry *r, const struct vec *plugins, struct fault_list *faults)
{
    struct plugin_set *set = mem_alloc (sizeof *set + plugins->count * sizeof set->items[0]);
    set->count = plugins->count;
    if (plugins->count > 0) {
        memcpy (set->items, plugins->items, plugins->count * sizeof set->items[0]);
        qsort (set->items, set->count, sizeof set->items[0], by_name);
    }
    set->faults = *faults;
    *faults = (struct fault_list) { 0 };
    set->former = r->set;
    __atomic_store_n (&r->set, set, __ATOMIC_RELEASE);
}

static const struct plugin_set *
set_of (const struct plugin_registry *r)
{
    return __atomic_load_n (&r->set, __ATOMIC_ACQUIRE);
}

void
registry_keep (struct plugin_registry *r, struct plugin *p)
{
    vec_push (&r->all, p);
}

/* --- find ----------------------------------------------------------------------------------- */

struct plugin *
registry_duplicate (struct plugin_registry *r, const struct found *found)
{
    struct plugin *p = plugin_new (found->file);
    found_fault (found, &p->faults);
    p->rank = PLUGIN_RANK_DUPLICATE;
    plugin_sync_info (p);
    registry_keep (r, p);
    return p;
}

bool
registry_lists (const struct vec *plugins, const char *name)
{
    for (size_t i = 0; i < plugins->count; i++)
        if (str_eq (((struct plugin *) plugins->items[i])->name, name))
            return true;
    return false;
}

int32_t
registry_add_absent (struct plugin_registry *r, struct vec *plugins, struct err *err)
{
    if (r->settings.config_dir == NULL)
        return 0;
    struct vec files = { 0 };
    int32_t rc = fs_list (r->settings.config_dir, ".conf", &files, err);
    for (size_t i = 0; rc == 0 && i < files.count; i++) {
        const char *base = fs_basename (files.items[i]);
        char *stem = str_ndup (base, strlen (base) - strlen (".conf"));
        if (!registry_lists (plugins, stem)) {
            struct plugin *p = plugin_absent (stem, &r->settings);
            registry_keep (r, p);
            vec_push (plugins, p);
        }
        mem_free (stem);
    }
    vec_free_with (&files, mem_free);
    return rc;
}

static int32_t
load_all (struct plugin_registry *r, struct err *err)
{
    struct vec found = { 0 }, plugins = { 0 };
    struct fault_list faults = { 0 };
    unsigned flags = r->settings.trust_files ? PLUGIN_LOAD_IN_PLACE : 0;
    find_plugins (&r->settings, &found, &faults);
    for (size_t i = 0; i < found.count; i++) {
        const struct found *f = found.items[i];
        struct plugin *p;
        if (f->fault == PLUGIN_FAULT_NONE) {
            p = plugin_load_file (f->file, &r->settings, flags);
            registry_keep (r, p);
        } else {
            p = registry_duplicate (r, f);
        }
        vec_push (&plugins, p);
    }
    int32_t rc = registry_add_absent (r, &plugins, err);
    registry_publish (r, &plugins, &faults);
    vec_free_with (&found, found_free);
    vec_free (&plugins);
    return rc;
}

void
registry_log (const char *plugin, const struct fault_list *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct plugin_fault *f = &faults->items[i];
        log_warn ("%s%s%s%s: %s (%s)", plugin == NULL ? "" : "plugin ",
                  plugin == NULL ? "" : plugin, plugin == NULL ? "" : ": ",
                  plugin_fault_name (f->code), f->message, f->hint);
    }
}

void
plugin_registry_log (const struct plugin_registry *r)
{
    const struct plugin_set *set = set_of (r);
    registry_log (NULL, &set->faults);
    for (size_t i = 0; i < set->count; i++)
        registry_log (set->items[i]->name, &set->items[i]->faults);
}

int32_t
plugin_registry_require (const struct plugin_registry *r, struct err *err)
{
    const struct plugin_set *set = set_of (r);
    const struct plugin *first = NULL;
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct plugin *p = set->items[i];
        if (!p->config.required || p->rank != PLUGIN_RANK_FIRST
            || p->info.state == PLUGIN_REGISTERED || p->info.state == PLUGIN_DISABLED)
            continue;
        first = first == NULL ? p : first;
        count++;
    }
    if (count == 0)
        return 0;
    const struct plugin_fault *f = &first->faults.items[0];
    err_set (err, FARRIER_E_INVALID, "%zu required plugin%s did not load: plugin %s: %s: %s", count,
             count == 1 ? "" : "s", first->name, plugin_fault_name (f->code), f->message);
    err_hint (err, "%s", f->hint);
    return FARRIER_E_INVALID;
}

int32_t
plugin_registry_open (const struct plugin_settings *settings, struct plugin_registry **ret_registry,
                      struct err *err)
{
    struct plugin_registry *r = mem_alloc (sizeof *r);
    struct fault_list none = { 0 };
    struct vec nothing = { 0 };
    settings_copy (&r->settings, settings);
    pthread_mutex_init (&r->changing, NULL);
    registry_publish (r, &nothing, &none);
    int32_t rc = 0;
    if (r->settings.run_dir != NULL) {
        rc = mark_start (r->settings.run_dir, r->settings.state_dir, err);
        r->marks = rc == 0;
    }
    if (rc == 0)
        rc = load_all (r, err);
    if (!r->settings.lenient)
        plugin_registry_log (r);
    if (rc == 0 && !r->settings.lenient)
        rc = plugin_registry_require (r, err);
    if (rc < 0)
        plugin_registry_close (r);
    else
        *ret_registry = r;
    return rc;
}

/* --- service -------------------------------------------------------------------------------- */

bool
plugin_activate (struct plugin *p)
{
    struct farrier_error error;
    int32_t answer = 0;
    plugin_error_clear (&error);
    if (p->def.activate != NULL) {
        plugin_enter (p, "", "activate");
        answer = p->def.activate (p->self, &error);
        plugin_leave ();
    }
    p->active = answer == 0;
    if (p->active)
        return true;
    plugin_answer_fault (&p->faults, PLUGIN_FAULT_ACTIVATE, "activate", answer, &error);
    p->info.state = PLUGIN_FAILED;
    plugin_sync_info (p);
    return false;
}

int32_t
plugin_registry_activate (struct plugin_registry *r, struct err *err)
{
    int32_t rc = 0;
    r->active = true;
    for (size_t i = 0; i < plugin_count (r); i++) {
        struct plugin *p = plugin_at (r, i);
        if (p->info.state != PLUGIN_REGISTERED || p->active || plugin_activate (p))
            continue;
        registry_log (p->name, &p->faults);
        if (p->config.required && rc == 0)
            rc = fault_to_err (&p->faults, p->name, err);
    }
    return rc;
}

void
plugin_registry_deactivate (struct plugin_registry *r)
{
    r->active = false;
    for (size_t i = r->all.count; i > 0; i--) {
        struct plugin *p = r->all.items[i - 1];
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
    for (size_t i = 0; i < r->all.count; i++)
        plugin_free (r->all.items[i]);
    vec_free (&r->all);
    for (struct plugin_set *set = r->set, *former; set != NULL; set = former) {
        former = set->former;
        fault_list_free (&set->faults);
        mem_free (set);
    }
    if (r->marks)
        mark_stop ();
    pthread_mutex_destroy (&r->changing);
    settings_free (&r->settings);
    mem_free (r);
}

/* --- one file ------------------------------------------------------------------------------- */

int32_t
plugin_check (const char *file, unsigned flags, struct plugin_report *ret, struct err *err)
{
    if (!fs_exists (file))
        return err_set (err, ERR_NOT_FOUND, "there is no file %s", file);
    struct plugin_settings settings = { .trust_files = (flags & PLUGIN_CHECK_POLICY) == 0 };
    char *description = exec_description_of (file);
    struct plugin *p = plugin_new (description != NULL ? description : file);
    if ((flags & PLUGIN_CHECK_POLICY) == 0)
        flags |= PLUGIN_LOAD_IN_PLACE;
    bool ok = description != NULL ? exec_examine (p, (flags & PLUGIN_CHECK_POLICY) != 0)
                                 : plugin_examine (p, &settings, flags);
    mem_free (description);
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
    return set_of (r)->count;
}

struct plugin *
plugin_at (const struct plugin_registry *r, size_t i)
{
    const struct plugin_set *set = set_of (r);
    /* A reload came between the count and this: the index was good in a former set. */
    while (i >= set->count && set->former != NULL)
        set = set->former;
    return set->items[i];
}

struct plugin *
plugin_find (const struct plugin_registry *r, const char *name)
{
    const struct plugin_set *set = set_of (r);
    for (size_t i = 0; i < set->count; i++)
        if (str_eq (set->items[i]->name, name))
            return set->items[i];
    return NULL;
}

const struct plugin_fault *
plugin_registry_faults (const struct plugin_registry *r, size_t *ret_count)
{
    const struct plugin_set *set = set_of (r);
    *ret_count = set->faults.count;
    return set->faults.items;
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

bool
plugin_is_stale (const struct plugin *p)
{
    struct stat now;
    if (!plugin_is_usable (p) || p->file == NULL || p->seen.st_nlink == 0)
        return false;
    return stat (p->file, &now) != 0 || now.st_dev != p->seen.st_dev
           || now.st_ino != p->seen.st_ino || now.st_size != p->seen.st_size
           || now.st_mtim.tv_sec != p->seen.st_mtim.tv_sec
           || now.st_mtim.tv_nsec != p->seen.st_mtim.tv_nsec;
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
    const struct plugin_set *set = set_of (r);
    const char **names = mem_array (set->count + 1, sizeof *names);
    for (size_t i = 0; i < set->count; i++)
        names[i] = set->items[i]->name;
    const char *near = str_did_you_mean (name, names, set->count);
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
    const struct plugin_set *set = set_of (r);
    for (size_t i = 0; i < set->count && found == NULL; i++) {
        const struct plugin *p = set->items[i];
        found = plugin_op (p, op);
        for (size_t k = 0; plugin_is_usable (p) && k < p->op_count; k++)
            vec_push (&names, (char *) p->ops[k].def.name);
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
