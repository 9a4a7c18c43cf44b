/* bind: see bind.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/bind.h"

#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/action.h"
#include "engine/advance.h"
#include "engine/step.h"
#include "farrier/sdk.h"

#define OEM_MAX 16

/* --- which op ------------------------------------------------------------------------------- */

static bool
serves_type (const struct store_binding *b, const struct component *c)
{
    json_t *types = json_stored (b->types_json, NULL);
    bool serves = c == NULL || json_array_size (types) == 0;
    size_t i;
    json_t *v;
    json_array_foreach (types, i, v)
        serves = serves || str_eq (json_string_value (v), component_type_name (c->type));
    json_decref (types);
    return serves;
}

static int32_t
op_of_bindings (struct turn *t, const char *op, const char *component,
                const struct plugin_op **ret, struct err *err)
{
    size_t count = 0;
    struct buf asked = { 0 };
    const struct component *c = component == NULL ? NULL : turn_component (t, component);
    const struct store_binding *rows = turn_bindings (t, &count);
    int32_t rc = 0;
    *ret = NULL;
    for (size_t i = 0; i < count && *ret == NULL; i++) {
        if (!serves_type (&rows[i], c))
            continue;
        const struct plugin *p = plugin_find (t->engine->o.registry, rows[i].plugin);
        *ret = p == NULL ? NULL : plugin_op (p, op);
        buf_printf (&asked, "%s%s%s", asked.len > 0 ? ", " : "", rows[i].plugin,
                    p == NULL || !plugin_is_usable (p) ? " (not loaded)" : "");
    }
    if (*ret == NULL) {
        rc = err_set (err, FARRIER_E_UNSUPPORTED, "no plugin of %s has '%s' (asked: %s)",
                      t->job->host_name, op, asked.len == 0 ? "none bound" : asked.data);
        err_hint (err, "farrier plugin list; farrier host bind %s PLUGIN", t->job->host_name);
    }
    buf_free (&asked);
    return rc;
}

int32_t
bind_op (struct turn *t, const char *plugin, const char *op, const char *component,
         const struct plugin_op **ret, struct err *err)
{
    if (plugin == NULL && (*ret = action_op (op)) != NULL)
        return 0;
    if (plugin == NULL && plugin_is_standard_op (op))
        return op_of_bindings (t, op, component, ret, err);
    /* A plugin's own op carries its plugin's name: "acme_bmc.drain". */
    char *owner = plugin != NULL ? str_dup (plugin) : str_dup (op);
    if (plugin == NULL && strchr (owner, '.') != NULL)
        *strchr (owner, '.') = '\0';
    *ret = plugin_op_find (t->engine->o.registry, owner, op, err);
    mem_free (owner);
    return *ret == NULL ? FARRIER_E_UNSUPPORTED : 0;
}

bool
bind_needed (struct turn *t, const struct workflow_decision *d)
{
    size_t count = 0;
    if (d->plugin != NULL || !plugin_is_standard_op (d->op))
        return false;
    turn_bindings (t, &count);
    return t->bindings_read && count == 0;
}

int32_t
bind_begin (struct turn *t)
{
    struct store_attempt *a = mem_alloc (sizeof *a);
    a->id = hash_random_id ("att");
    a->job_id = str_dup (t->job->id);
    a->phase = str_dup (t->row->phase);
    a->step_path = str_printf ("bind[%u]", t->number);
    a->action = str_dup ("bind");
    a->op = str_dup ("bind");
    a->number = (int) t->number + 1;
    a->state = str_dup ("open");
    a->mode = str_dup (MODE_POLL);
    a->bag_json = str_dup ("{\"bind\":true}");        /* its end leads back to the step */
    a->params_json = str_dup ("{}");
    a->started_ms = clock_wall_ms ();
    a->deadline_ms = a->started_ms + 10 * 60 * 1000;
    turn_take_attempt (t, a);
    return settle_call (t, PLUGIN_CALL_START, NULL);
}

/* --- the action: root, then system and manager ---------------------------------------------- */

static int32_t
collect (struct farrier_step *step, const char *const *paths, uint32_t count, const char *stage,
         struct farrier_error *err)
{
    struct farrier_collect what = FARRIER_INIT (struct farrier_collect);
    what.paths = (struct farrier_table) { .items = paths, .count = count,
                                          .stride = sizeof paths[0] };
    what.label = stage;
    farrier_state_set (step, "stage", stage);
    int32_t rc = farrier_await_collect (step, &what, err);
    return rc == FARRIER_OK ? FARRIER_PENDING : rc;
}

int32_t
action_bind_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    static const char *const root[] = { "/redfish/v1/" };
    (void) self;
    return collect (step, root, 1, "service root", err);
}

struct seen {
    struct plugin_seen values;
    const char *root_oem[OEM_MAX], *system_oem[OEM_MAX], *manager_oem[OEM_MAX];
};

static size_t
keys_of (const json_t *object, const char **ret)
{
    size_t count = 0;
    const char *key;
    json_t *v;
    json_object_foreach ((json_t *) object, key, v) {
        if (count < OEM_MAX)
            ret[count++] = key;
    }
    return count;
}

static void
see_root (struct seen *s, const json_t *root)
{
    s->values.ipmi_manufacturer_id = -1;
    s->values.root_vendor = json_str (root, "/Vendor");
    s->values.root_product = json_str (root, "/Product");
    s->values.redfish_version = json_str (root, "/RedfishVersion");
    s->values.root_oem_count = keys_of (json_at (root, "/Oem"), s->root_oem);
    s->values.root_oem = s->root_oem;
}

static void
see_rest (struct seen *s, const json_t *system, const json_t *manager)
{
    s->values.logged_in = true;
    s->values.system_manufacturer = json_str (system, "/Manufacturer");
    s->values.system_oem_count = keys_of (json_at (system, "/Oem"), s->system_oem);
    s->values.system_oem = s->system_oem;
    s->values.manager_model = json_str (manager, "/Model");
    s->values.manager_oem_count = keys_of (json_at (manager, "/Oem"), s->manager_oem);
    s->values.manager_oem = s->manager_oem;
}

static const json_t *
document (struct farrier_step *step, uint32_t i)
{
    if (step->in.documents == NULL || i >= step->in.documents->count)
        return NULL;
    const struct step_document *d = vec_at (step->in.documents, i);
    return d->code == FARRIER_OK ? d->json : NULL;
}

/* Ties are broken by the plugins' own probe; the first by name wins where that ties too. */
static struct plugin *
break_tie (struct farrier_step *step, const struct plugin_score *scores, size_t count)
{
    struct plugin *best = scores[0].plugin;
    int32_t best_score = -1;
    for (size_t i = 0; i < count && scores[i].score == scores[0].score; i++) {
        struct farrier_error ignored = { .struct_size = sizeof ignored };
        int32_t score = plugin_probe (scores[i].plugin, step, &ignored);
        if (score > best_score) {
            best_score = score;
            best = scores[i].plugin;
        }
    }
    return best;
}

static int32_t
choose (struct farrier_step *step, const struct seen *s, struct farrier_error *err)
{
    struct plugin_score scores[32];
    size_t count = plugin_match (step->in.engine->o.registry, &s->values, scores, 32);
    if (count == 0) {
        farrier_hint (step, err, "farrier plugin list; farrier host bind %s PLUGIN",
                      step->in.host_name);
        return farrier_fail (step, err, FARRIER_E_UNSUPPORTED,
                             "no plugin recognises this BMC (vendor '%s', product '%s', "
                             "model '%s')",
                             s->values.root_vendor == NULL ? "" : s->values.root_vendor,
                             s->values.root_product == NULL ? "" : s->values.root_product,
                             s->values.manager_model == NULL ? "" : s->values.manager_model);
    }
    struct plugin *p = count > 1 && scores[0].tied ? break_tie (step, scores, count)
                                                   : scores[0].plugin;
    step->bind_plugin = str_dup (plugin_info (p)->name);
    return FARRIER_DONE;
}

static int32_t
keep_root (struct farrier_step *step, const json_t *root, struct farrier_error *err)
{
    const char *systems = json_str (root, "/Systems/@odata.id");
    const char *managers = json_str (root, "/Managers/@odata.id");
    if (systems == NULL || managers == NULL)
        return farrier_fail (step, err, FARRIER_E_UNSUPPORTED,
                             "the service root names no Systems or no Managers: not a Redfish BMC");
    char *text = json_text (root);
    int32_t rc = strlen (text) < STEP_BAG_BYTES - 1024 ? farrier_state_set (step, "root", text)
                                                       : FARRIER_E_NO_SPACE;
    mem_free (text);
    if (rc != FARRIER_OK)
        return farrier_fail (step, err, FARRIER_E_INVALID, "the service root is too large");
    const char *const paths[] = { systems, managers };
    return collect (step, paths, 2, "collections", err);
}

static int32_t
first_members (struct farrier_step *step, struct farrier_error *err)
{
    const char *system = json_str (document (step, 0), "/Members/0/@odata.id");
    const char *manager = json_str (document (step, 1), "/Members/0/@odata.id");
    const char *paths[2];
    uint32_t count = 0;
    if (system != NULL)
        paths[count++] = system;
    if (manager != NULL)
        paths[count++] = manager;
    farrier_state_set (step, "has_system", system != NULL ? "1" : "0");
    if (count == 0)
        return farrier_fail (step, err, FARRIER_E_UNSUPPORTED,
                             "this BMC shows neither a system nor a manager");
    return collect (step, paths, count, "system and manager", err);
}

static int32_t
decide (struct farrier_step *step, struct farrier_error *err)
{
    const char *text = farrier_state_get (step, "root");
    json_t *root = json_parse (text, strlen (text), NULL);
    bool has_system = str_eq (farrier_state_get (step, "has_system"), "1");
    struct seen s = { 0 };
    see_root (&s, root);
    see_rest (&s, has_system ? document (step, 0) : NULL, document (step, has_system ? 1 : 0));
    int32_t rc = choose (step, &s, err);
    json_decref (root);
    return rc;
}

int32_t
action_bind_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct farrier_wake wake = FARRIER_INIT (struct farrier_wake);
    (void) self;
    farrier_wake (step, &wake);
    const char *stage = farrier_state_get (step, "stage");
    if (wake.code != FARRIER_OK)
        return farrier_fail (step, err, wake.code, "%s: %s", stage,
                             wake.message == NULL ? "no answer" : wake.message);
    if (str_eq (stage, "system and manager"))
        return decide (step, err);
    const json_t *first = document (step, 0);
    if (first == NULL) {
        const struct step_document *d = vec_at (step->in.documents, 0);
        return farrier_fail (step, err, d->code, "%s", d->message);
    }
    return str_eq (stage, "service root") ? keep_root (step, first, err)
                                          : first_members (step, err);
}
