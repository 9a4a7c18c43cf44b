/* api_plan_make: gathers what the planner wants to know (inventory, identity, labels, plugins,
 * learned durations) and lets it plan. The planner itself is pure.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "api/api_private.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "firmware/baseline.h"
#include "firmware/component_row.h"
#include "firmware/planner.h"
#include "fleet/host.h"
#include "fleet/selector.h"

/* What hangs on one host; planner_host borrows from here. */
struct host_data {
    json_t *labels_json, *facts_json, *identity_json;
    struct component_pair *labels, *facts;
    struct component *components;
    size_t component_count;
    struct plan_guard *identity;
    struct store_binding *bindings;
    size_t binding_count;
    char *blocked;
};

struct maker {
    struct api *api;
    struct plugin_registry *registry;
    struct planner_host *hosts;
    struct host_data *data;
    size_t count;
    struct map *selectors;             /* baseline's name -> struct selector */
    struct map *durations;             /* vendor, model, type -> struct planner_durations */
};

/* --- one host --------------------------------------------------------------------------------- */

static void
pairs_of (json_t *object, struct component_pair **pairs, size_t *count)
{
    const char *key;
    json_t *v;
    json_object_foreach (object, key, v) {
        char *text = json_scalar_text (v);
        if (text != NULL)
            component_pairs_add (pairs, count, key, text);
        mem_free (text);
    }
}

static size_t
guards_of (json_t *identity, struct plan_guard **ret)
{
    struct plan_guard *guards = mem_array (json_array_size (identity) + 1, sizeof *guards);
    size_t i, n = 0;
    json_t *v;
    json_array_foreach (identity, i, v) {
        const char *uri = json_str (v, "/uri"), *pointer = json_str (v, "/pointer");
        const char *value = json_str (v, "/value"), *kind = json_str (v, "/kind");
        if (str_empty (uri) || pointer == NULL || str_empty (value) || str_eq (kind, "asset"))
            continue;
        guards[n++] = (struct plan_guard) { (char *) uri, (char *) pointer, (char *) value };
    }
    *ret = guards;
    return n;
}

static char *
blocked_of (const struct store_host *row)
{
    if (row->excluded)
        return str_printf ("the host is excluded%s%s", str_empty (row->note) ? "" : ": ",
                           str_empty (row->note) ? "" : row->note);
    if (str_eq (row->state, HOST_IDENTITY_CHANGED))
        return str_printf ("%s (farrier host accept-identity %s)",
                           row->note == NULL ? "its identity changed" : row->note, row->name);
    if (row->last_inventory_ms == 0)
        return str_printf ("it was never inventoried (farrier inventory refresh %s)", row->name);
    return NULL;
}

static int32_t
load_components (struct maker *m, const char *host_id, struct host_data *d, struct err *err)
{
    struct store_component_filter filter = { .host_id = host_id };
    struct store_component *rows = NULL;
    size_t count = 0;
    int32_t rc = store_component_list (m->api->store, &filter, NULL, &rows, &count, err);
    if (rc < 0)
        return rc;
    d->components = mem_array (count + 1, sizeof *d->components);
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = component_from_row (&rows[i], &d->components[i], err);
        d->component_count += rc == 0 ? 1 : 0;
    }
    store_component_free_all (rows, count);
    return rc;
}

static int32_t
load_host (struct maker *m, const struct store_host *row, struct planner_host *h,
           struct host_data *d, struct err *err)
{
    d->labels_json = json_stored (row->labels_json, json_object ());
    d->facts_json = json_stored (row->facts_json, json_object ());
    d->identity_json = json_stored (row->identity_json, json_array ());
    pairs_of (d->labels_json, &d->labels, &h->label_count);
    pairs_of (d->facts_json, &d->facts, &h->fact_count);
    h->identity_count = guards_of (d->identity_json, &d->identity);
    d->blocked = blocked_of (row);
    int32_t rc = load_components (m, row->id, d, err);
    if (rc == 0)
        rc = store_binding_list (m->api->store, row->id, &d->bindings, &d->binding_count, err);
    h->id = row->id;
    h->name = row->name;
    h->vendor = json_str (d->facts_json, "/vendor");
    h->model = json_str (d->facts_json, "/model");
    h->labels = d->labels;
    h->facts = d->facts;
    h->identity = d->identity;
    h->components = d->components;
    h->component_count = d->component_count;
    h->blocked = d->blocked;
    return rc;
}

static void
clear_host (const struct planner_host *h, struct host_data *d)
{
    json_decref (d->labels_json);
    json_decref (d->facts_json);
    json_decref (d->identity_json);
    component_pairs_free (d->labels, h->label_count);
    component_pairs_free (d->facts, h->fact_count);
    for (size_t i = 0; i < d->component_count; i++)
        component_clear (&d->components[i]);
    mem_free (d->components);
    mem_free (d->identity);
    store_binding_free_all (d->bindings, d->binding_count);
    mem_free (d->blocked);
}

/* --- what the planner asks -------------------------------------------------------------------- */

static const struct host_data *
data_of (const struct maker *m, const struct planner_host *h)
{
    return &m->data[h - m->hosts];
}

static bool
selects (void *ctx, const struct baseline *b, const struct planner_host *h)
{
    const struct maker *m = ctx;
    const struct selector *s = map_get (m->selectors, b->name);
    const struct host_data *d = data_of (m, h);
    return s == NULL || selector_match_values (s, h->name, d->labels_json, d->facts_json);
}

/* The first usable plugin of the host's bindings that serves this type. */
static struct plugin *
plugin_of (const struct maker *m, const struct planner_host *h, enum farrier_component_type type)
{
    const struct host_data *d = data_of (m, h);
    struct plugin *found = NULL;
    for (size_t i = 0; i < d->binding_count && found == NULL; i++) {
        json_t *types = json_stored (d->bindings[i].types_json, json_array ()), *v;
        size_t k;
        bool serves = json_array_size (types) == 0;
        json_array_foreach (types, k, v)
            serves = serves || str_eq (json_string_value (v), component_type_name (type));
        json_decref (types);
        struct plugin *p = serves ? plugin_find (m->registry, d->bindings[i].plugin) : NULL;
        if (p != NULL && plugin_is_usable (p))
            found = p;
    }
    return found;
}

/* keys must outlive *ret. */
static void
abi_component (const struct component *c, struct farrier_pair *keys, struct farrier_component *ret)
{
    for (size_t i = 0; i < c->vendor_key_count; i++) {
        keys[i].name = c->vendor_keys[i].name;
        keys[i].value = c->vendor_keys[i].value;
    }
    *ret = (struct farrier_component) {
        .struct_size = sizeof *ret, .type = c->type, .key = c->key, .name = c->name, .uri = c->uri,
        .version = c->version, .version_pointer = c->version_pointer, .pending = c->pending,
        .previous = c->previous, .slot = c->slot, .updateable = c->updateable,
        .status = c->status,
        .vendor_keys = { .items = keys, .count = (uint32_t) c->vendor_key_count,
                         .stride = sizeof *keys },
    };
}

static bool
effects (void *ctx, const struct planner_host *h, const struct component *c, const struct image *i,
         struct planner_effects *ret)
{
    struct plugin *p = plugin_of (ctx, h, c->type);
    if (p == NULL)
        return false;
    struct farrier_pair *keys = mem_array (c->vendor_key_count + 1, sizeof *keys);
    struct farrier_component component;
    abi_component (c, keys, &component);
    struct farrier_image_info image = {
        .struct_size = sizeof image, .type = i->type, .name = i->filename, .version = i->version,
        .vendor = i->vendor, .model = i->match_model, .sha256 = i->sha256,
        .size_bytes = i->size_bytes,
    };
    struct farrier_effects e = { .struct_size = sizeof e };
    bool said = plugin_effects (p, &component, &image, &e);
    mem_free (keys);
    if (said)
        *ret = (struct planner_effects) {
            .reboot = (enum farrier_reboot) e.reboot, .drops_bmc = e.drops_bmc != 0,
            .exclusive = e.exclusive != 0, .can_rollback = e.can_rollback != 0,
            .applies_at_once = e.applies_at_once != 0, .order_rank = e.order_rank,
            .expected_ms = (int64_t) e.expected_ms,
        };
    return said;
}

static bool
compare (void *ctx, const struct planner_host *h, const struct component *c, const char *a,
         const char *b, enum version_order *ret)
{
    struct plugin *p = plugin_of (ctx, h, c->type);
    if (p == NULL)
        return false;
    struct farrier_pair *keys = mem_array (c->vendor_key_count + 1, sizeof *keys);
    struct farrier_component component;
    int32_t order = 0;
    abi_component (c, keys, &component);
    bool said = plugin_compare_versions (p, &component, a, b, &order);
    mem_free (keys);
    if (said)
        *ret = (enum version_order) order;
    return said;
}

static bool
durations (void *ctx, const struct planner_host *h, const struct component *c,
           const struct image *i, struct planner_durations *ret)
{
    struct maker *m = ctx;
    (void) i;
    if (h->vendor == NULL || h->model == NULL)
        return false;
    const char *type = component_type_name (c->type);
    char *key = str_printf ("%s\n%s\n%s", h->vendor, h->model, type);
    struct planner_durations *known = map_get (m->durations, key);
    if (known == NULL) {
        struct store_duration_stats stats = { 0 };
        known = mem_alloc (sizeof *known);
        if (store_duration_stats_get (m->api->store, h->vendor, h->model, type, "firmware.install",
                                      &stats, NULL) == 0 && stats.samples > 0)
            *known = (struct planner_durations) { stats.p50_ms, stats.p95_ms };
        map_set (m->durations, key, known);
    }
    mem_free (key);
    *ret = *known;
    return known->p50_ms > 0;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int32_t
load_selectors (struct maker *m, const struct vec *baselines, struct err *err)
{
    for (size_t i = 0; i < baselines->count; i++) {
        const struct baseline *b = baselines->items[i];
        struct selector *s = NULL;
        if (str_empty (b->selector))
            continue;
        int32_t rc = selector_parse (b->selector, &s, err);
        if (rc < 0) {
            err_prefix (err, "baseline %s (%s:%u)", b->name, b->file, b->line);
            return rc;
        }
        map_set (m->selectors, b->name, s);
    }
    return 0;
}

static void
free_image (void *p)
{
    image_free (p);
}

static void
free_selector (void *p)
{
    selector_free (p);
}

int32_t
api_make_plan (struct api *api, const struct store_host *hosts, size_t count,
               const struct vec *baselines, const char *selector, struct plan **ret,
               struct err *err)
{
    struct repo *repo = NULL;
    struct vec images = { 0 };
    struct maker m = { .api = api, .count = count };
    int32_t rc = api_registry (api, &m.registry, err);
    if (rc == 0)
        rc = api_repo (api, &repo, err);
    if (rc == 0)
        rc = repo_list (repo, &images, err);
    if (rc < 0)
        return rc;
    m.hosts = mem_array (count + 1, sizeof *m.hosts);
    m.data = mem_array (count + 1, sizeof *m.data);
    m.selectors = map_new ();
    m.durations = map_new ();
    rc = load_selectors (&m, baselines, err);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = load_host (&m, &hosts[i], &m.hosts[i], &m.data[i], err);

    struct planner_input in = {
        .hosts = m.hosts, .host_count = count,
        .baselines = (const struct baseline *const *) baselines->items,
        .baseline_count = baselines->count,
        .images = (const struct image *const *) images.items, .image_count = images.count,
        .selector = selector, .ctx = &m, .selects = selects, .effects = effects,
        .durations = durations, .compare = compare,
    };
    if (rc == 0)
        rc = planner_make (&in, ret, err);
    for (size_t i = 0; i < count; i++)
        clear_host (&m.hosts[i], &m.data[i]);
    map_free (m.selectors, free_selector);
    map_free (m.durations, mem_free);
    mem_free (m.hosts);
    mem_free (m.data);
    vec_free_with (&images, free_image);
    return rc;
}

static void
free_baseline (void *p)
{
    baseline_free (p);
}

/* A workflow's `plan` step without an approved plan: the baselines that select the host. */
json_t *
api_plan_for_job (void *arg, const char *host_id, const char *policy, struct err *err)
{
    struct api *api = arg;
    struct vec baselines = { 0 };
    struct store_host *host = NULL;
    struct plan *plan = NULL;
    json_t *part = NULL;
    if (policy != NULL && !str_eq (policy, "recommended") && !str_eq (policy, "manual")) {
        err_set (err, FARRIER_E_UNSUPPORTED, "policy %s wants a catalog, and there is none: only "
                 "recommended (the baselines) and manual are known", policy);
        return NULL;
    }
    int32_t rc = store_host_get (api->store, host_id, &host, err);
    if (rc == 0 && !str_eq (policy, "manual"))
        rc = api_baselines (api, &baselines, NULL, err);
    if (rc == 0) {
        /* A baseline without a selector is nobody's until somebody names it. */
        struct vec assigned = { 0 };
        for (size_t i = 0; i < baselines.count; i++) {
            struct baseline *b = baselines.items[i];
            if (!str_empty (b->selector))
                vec_push (&assigned, b);
        }
        rc = api_make_plan (api, host, 1, &assigned, host->name, &plan, err);
        vec_free (&assigned);
    }
    if (rc == 0 && plan->host_count == 1)
        part = plan_host_to_json (plan, &plan->hosts[0]);
    plan_free (plan);
    vec_free_with (&baselines, free_baseline);
    store_host_free (host);
    return part;
}
