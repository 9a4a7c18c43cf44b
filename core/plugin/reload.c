/* reload: looks at all plugins again while they work.
 *
 * The registry's set is replaced as a whole; what was in the former set stays loaded until the
 * registry closes, since threads may be inside of it or hold its ops.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/policy.h"
#include "plugin/private.h"

/* A callback has its step's time, 60 s mostly; longer than that nobody waits for it. */
#define QUIESCE_MS 70000

struct reload {
    struct plugin_registry *r;
    struct vec plugins;                /* of the next set */
    struct plugin_changes changes;
    struct err first;                  /* the first fault of what was refused */
};

static void
refuse (struct reload *l, struct plugin *fresh)
{
    fresh->rank = PLUGIN_RANK_REFUSED;
    if (fresh->info.state == PLUGIN_REGISTERED)
        fresh->info.state = PLUGIN_FAILED;
    plugin_sync_info (fresh);
    if (l->changes.refused++ == 0)
        fault_to_err (&fresh->faults, fresh->name, &l->first);
    registry_log (fresh->name, &fresh->faults);
    vec_push (&l->plugins, fresh);
}

/* --- new settings of the same build --------------------------------------------------------- */

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

/* Keys of the file that only a start reads. */
static void
tell_later (const struct plugin *p, const struct plugin_config *fresh)
{
    const struct {
        const char *key;
        bool changed;
    } keys[] = {
        { "serial", fresh->serial != p->config.serial },
        { "max_inflight", fresh->max_inflight != p->config.max_inflight },
        { "required", fresh->required != p->config.required },
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i].changed)
            log_warn ("plugin %s: the new value of %s takes effect at the next start", p->name,
                      keys[i].key);
}

static bool
configure_again (struct plugin *p, json_t *values, struct fault_list *faults)
{
    if (!plugin_quiesce (p, QUIESCE_MS)) {
        fault_add (faults, PLUGIN_FAULT_CONFIGURE,
                   "configure was not called: callbacks run for more than %d s, allowed are 60",
                   QUIESCE_MS / 1000);
        fault_hint (faults, "farrier job list shows what runs; then: farrier reload");
        return false;
    }
    bool ok = plugin_configure (p, values, faults);
    plugin_resume (p);
    return ok;
}

static void
reconfigure (struct reload *l, struct plugin *p, struct plugin_config *fresh)
{
    struct fault_list faults = { .file = p->file };
    bool ok = config_check (fresh, &p->def.params, &faults), changed = false;
    ok = policy_digest (fresh, p->sha256, &faults) && ok;
    if (ok) {
        tell_later (p, fresh);
        keep_fixed (p, fresh->values);
        changed = !json_equal (fresh->values, p->config.values);
        ok = !changed || configure_again (p, fresh->values, &faults);
    }
    vec_push (&l->plugins, p);
    if (ok && changed) {
        json_decref (p->config.values);
        p->config.values = json_incref (fresh->values);
        l->changes.configured++;
    } else if (ok) {
        l->changes.kept++;
    } else {
        struct plugin *refused = plugin_new (p->file);
        fault_move (&refused->faults, &faults);
        registry_keep (l->r, refused);
        refuse (l, refused);
    }
    fault_list_free (&faults);
}

/* --- files ---------------------------------------------------------------------------------- */

static bool
same_bytes (const struct plugin *p)
{
    struct buf bytes = { 0 };
    struct stat st;
    char sha256[65] = "";
    struct fault_list faults = { 0 };
    if (p->exec != NULL || p->built_in != NULL)
        return p->exec == NULL || exec_same_bytes (p);
    if (policy_read (p->file, &bytes, &st, &faults))
        hash_sha256_hex (bytes.data == NULL ? "" : bytes.data, bytes.len, sha256);
    fault_list_free (&faults);
    buf_free (&bytes);
    return strcmp (sha256, p->sha256) == 0;
}

/* A new file, a new build, or one that is switched on or off now. It works before it takes over. */
static void
take_fresh (struct reload *l, const char *file, struct plugin *former)
{
    struct plugin *fresh = plugin_load_file (file, &l->r->settings, 0);
    registry_keep (l->r, fresh);
    if (fresh->info.state == PLUGIN_REGISTERED && l->r->active)
        plugin_activate (fresh);
    bool worked = former != NULL && former->info.state == PLUGIN_REGISTERED;
    bool works = fresh->info.state == PLUGIN_REGISTERED || fresh->info.state == PLUGIN_DISABLED;
    if (worked && !works) {
        refuse (l, fresh);
        vec_push (&l->plugins, former);
        return;
    }
    if (!works) {
        fault_to_err (&fresh->faults, fresh->name, l->changes.refused == 0 ? &l->first : NULL);
        l->changes.refused++;
    } else {
        l->changes.taken++;
        log_info ("plugin %s: version %s is %s%s%s", fresh->name,
                  fresh->info.version == NULL ? "?" : fresh->info.version,
                  plugin_state_name (fresh->info.state), worked ? ", was version " : "",
                  worked ? former->info.version : "");
    }
    registry_log (fresh->name, &fresh->faults);
    vec_push (&l->plugins, fresh);
}

static void
look_again (struct reload *l, const struct found *f)
{
    struct plugin *former = plugin_find (l->r, f->name);
    struct plugin_config config;
    struct fault_list faults = { .file = f->file };
    if (former == NULL || former->info.state != PLUGIN_REGISTERED
        || !str_eq (former->file, f->file) || !same_bytes (former)) {
        take_fresh (l, f->file, former);
        return;
    }
    bool ok = plugin_config_read (l->r->settings.config_dir, f->name, &config, &faults);
    if (ok && config.enabled)
        reconfigure (l, former, &config);
    else
        take_fresh (l, f->file, former);
    config_free (&config);
    fault_list_free (&faults);
}

/* Whoever took a file away does not want it to work any more. */
static void
drop_gone (struct reload *l)
{
    for (size_t i = 0; i < plugin_count (l->r); i++) {
        struct plugin *p = plugin_at (l->r, i);
        if (p->rank != PLUGIN_RANK_FIRST || p->file == NULL
            || registry_lists (&l->plugins, p->name))
            continue;
        l->changes.gone++;
        log_warn ("plugin %s: %s is not there any more: its ops can't be used", p->name, p->file);
    }
}

int32_t
plugin_registry_reload (struct plugin_registry *r, struct plugin_changes *ret, struct err *err)
{
    struct reload l = { .r = r };
    struct vec found = { 0 };
    struct fault_list faults = { 0 };
    pthread_mutex_lock (&r->changing);
    find_plugins (&r->settings, &found, &faults);
    registry_log (NULL, &faults);
    for (size_t i = 0; i < found.count; i++) {
        const struct found *f = found.items[i];
        if (f->fault == PLUGIN_FAULT_NONE)
            look_again (&l, f);
        else
            vec_push (&l.plugins, registry_duplicate (r, f));
    }
    drop_gone (&l);
    int32_t rc = registry_add_absent (r, &l.plugins, err);
    registry_publish (r, &l.plugins, &faults);
    pthread_mutex_unlock (&r->changing);
    if (ret != NULL)
        *ret = l.changes;
    if (rc == 0 && l.changes.refused > 0) {
        rc = err_set (err, l.first.code, "%s", l.first.message);
        err_hint (err, "%s", l.first.hint);
    }
    vec_free_with (&found, found_free);
    vec_free (&l.plugins);
    return rc;
}
