/* baseline: the struct, and the question whether a target is about a component.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "firmware/baseline.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static void
target_clear (struct baseline_target *t)
{
    mem_free (t->vendor);
    mem_free (t->model);
    mem_free (t->name);
    mem_free (t->slot);
    component_pairs_free (t->facts, t->fact_count);
    component_pairs_free (t->keys, t->key_count);
    mem_free (t->version);
    mem_free (t->image);
    mem_free (t->floor);
    str_free_all (t->blocks, t->block_count);
}

void
baseline_free (struct baseline *b)
{
    if (b == NULL) {
        return;
    }
    for (size_t i = 0; i < b->target_count; i++) {
        target_clear (&b->targets[i]);
    }
    mem_free (b->targets);
    mem_free (b->name);
    mem_free (b->summary);
    mem_free (b->selector);
    mem_free (b->file);
    mem_free (b);
}

const struct baseline *
baseline_find (const struct vec *baselines, const char *name)
{
    for (size_t i = 0; i < baselines->count; i++) {
        const struct baseline *b = baselines->items[i];

        if (str_eq (b->name, name)) {
            return b;
        }
    }
    return NULL;
}

static bool
glob_fits (const char *pattern, const char *value)
{
    return pattern == NULL || str_glob (pattern, value == NULL ? "" : value, true);
}

static bool
pairs_fit (const struct component_pair *patterns, size_t pattern_count,
           const struct component_pair *values, size_t value_count)
{
    for (size_t i = 0; i < pattern_count; i++) {
        const char *value = component_pairs_get (values, value_count, patterns[i].name);

        if (value == NULL || !str_glob (patterns[i].value, value, true)) {
            return false;
        }
    }
    return true;
}

bool
baseline_target_matches (const struct baseline_target *t, const struct component *c,
                         const char *host_vendor, const char *host_model,
                         const struct component_pair *facts, size_t fact_count)
{
    return t->type == c->type && glob_fits (t->vendor, host_vendor) &&
           glob_fits (t->model, host_model) && glob_fits (t->name, c->name) &&
           glob_fits (t->slot, c->slot) &&
           pairs_fit (t->facts, t->fact_count, facts, fact_count) &&
           pairs_fit (t->keys, t->key_count, c->vendor_keys, c->vendor_key_count);
}

bool
baseline_target_blocks (const struct baseline_target *t, const struct version_comparer *comparer,
                        const char *version)
{
    for (size_t i = 0; i < t->block_count; i++) {
        if (str_eq (t->blocks[i], version) ||
            version_compare_with (comparer, t->type, t->blocks[i], version) == VERSION_EQUAL) {
            return true;
        }
    }
    return false;
}

char *
baseline_target_text (const struct baseline_target *t)
{
    switch (t->want) {
    case BASELINE_VERSION:
        return str_printf ("version %s", t->version);
    case BASELINE_IMAGE:
        return str_printf ("image %s", t->image);
    case BASELINE_LATEST:
        return str_dup ("the latest image");
    case BASELINE_MANUAL:
        break;
    }
    return str_dup ("nothing (policy manual)");
}

static void
put_some (json_t *o, const char *key, const char *value)
{
    if (value != NULL) {
        json_put_str (o, key, value);
    }
}

static void
put_pairs (json_t *o, const char *key, const struct component_pair *pairs, size_t count)
{
    json_t *all;

    if (count == 0) {
        return;
    }
    all = json_object ();
    for (size_t i = 0; i < count; i++) {
        json_put_str (all, pairs[i].name, pairs[i].value);
    }
    json_put (o, key, all);
}

static json_t *
target_to_json (const struct baseline_target *t)
{
    json_t *o = json_object (), *match = json_object (), *blocks = json_array ();

    json_put_str (match, "type", component_type_name (t->type));
    put_some (match, "vendor", t->vendor);
    put_some (match, "model", t->model);
    put_some (match, "name", t->name);
    put_some (match, "slot", t->slot);
    put_pairs (match, "facts", t->facts, t->fact_count);
    put_pairs (match, "keys", t->keys, t->key_count);
    json_put (o, "match", match);
    put_some (o, "version", t->version);
    put_some (o, "image", t->image);
    if (t->want == BASELINE_LATEST || t->want == BASELINE_MANUAL) {
        json_put_str (o, "policy", t->want == BASELINE_LATEST ? "latest" : "manual");
    }
    json_put_bool (o, "allow_downgrade", t->allow_downgrade);
    json_put_bool (o, "pin", t->pin);
    put_some (o, "floor", t->floor);
    for (size_t i = 0; i < t->block_count; i++) {
        json_array_append_new (blocks, json_string (t->blocks[i]));
    }
    json_put (o, "block", blocks);
    json_put_int (o, "priority", t->priority);
    json_put_int (o, "line", t->line);
    return o;
}

json_t *
baseline_to_json (const struct baseline *b)
{
    json_t *o = json_object (), *targets = json_array ();

    json_put_str (o, "name", b->name);
    json_put_str (o, "summary", b->summary);
    json_put_str (o, "selector", b->selector);
    json_put_int (o, "priority", b->priority);
    json_put_str (o, "file", b->file);
    json_put_int (o, "line", b->line);
    for (size_t i = 0; i < b->target_count; i++) {
        json_array_append_new (targets, target_to_json (&b->targets[i]));
    }
    json_put (o, "targets", targets);
    return o;
}
