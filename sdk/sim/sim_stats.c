/* sim_stats: what a test asks afterwards: how often was what done to which BMC.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_stats.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_bmc.h"

static struct sim_change *
last_change (const struct sim_bmc *bmc)
{
    return bmc->log.count == 0 ? NULL : vec_at (&bmc->log, bmc->log.count - 1);
}

uint64_t
sim_stats_change (struct sim_bmc *bmc, enum sim_method method, const char *path, const char *body,
                  size_t body_len, int status)
{
    struct sim_change *last = last_change (bmc);
    struct sim_change *change = mem_alloc (sizeof *change + strlen (path) + 1);
    struct hash *hash = hash_new ();
    char hex[HASH_SHA256_HEX];

    hash_update (hash, sim_http_method_name (method), strlen (sim_http_method_name (method)));
    hash_update (hash, path, strlen (path) + 1);
    if (body != NULL)
        hash_update (hash, body, body_len);
    hash_final_hex (hash, hex);
    str_copy (change->digest, sizeof change->digest, hex);
    memcpy (change->path, path, strlen (path) + 1);
    change->seq = ++bmc->change_seq;
    change->at_ms = clock_wall_ms ();
    change->method = method;
    change->status = status;
    change->component = -1;
    change->duplicate
        = last != NULL && last->component < 0 && str_eq (last->digest, change->digest);
    bmc->counters.changing_requests++;
    bmc->counters.duplicates += change->duplicate;
    if (bmc->log.count == SIM_LOG_MAX)
        mem_free (vec_remove (&bmc->log, 0));
    vec_push (&bmc->log, change);
    return change->seq;
}

static size_t
index_of (const struct sim_bmc *bmc, uint64_t seq)
{
    size_t i = bmc->log.count;

    while (i > 0 && ((struct sim_change *) vec_at (&bmc->log, i - 1))->seq != seq)
        i--;
    return i; /* 0: forgotten; else one more than the index */
}

void
sim_stats_image (struct sim_bmc *bmc, uint64_t seq, int component, const char *sha256)
{
    size_t at = index_of (bmc, seq);

    if (at == 0)
        return;
    struct sim_change *change = vec_at (&bmc->log, at - 1);
    change->component = component;
    str_copy (change->digest, sizeof change->digest, sha256);
    for (size_t i = at - 1; i > 0 && !change->duplicate; i--) {
        const struct sim_change *before = vec_at (&bmc->log, i - 1);
        if (before->component != component || before->undone)
            continue;
        if (!str_eq (before->digest, change->digest))
            return;
        change->duplicate = true;
        bmc->counters.duplicates++;
    }
}

void
sim_stats_undo (struct sim_bmc *bmc, uint64_t seq)
{
    size_t at = index_of (bmc, seq);

    if (at > 0)
        ((struct sim_change *) vec_at (&bmc->log, at - 1))->undone = true;
}

void
sim_stats_flash_completed (struct sim_bmc *bmc, int component, const char *version)
{
    struct sim_component_counters *c = &bmc->components[component].counters;

    c->flashes_completed++;
    bmc->counters.flashes_completed++;
    for (size_t i = 0; i < c->by_version.count; i++) {
        struct sim_version_count *v = vec_at (&c->by_version, i);
        if (str_eq (v->version, version)) {
            v->count++;
            return;
        }
    }
    struct sim_version_count *v = mem_alloc (sizeof *v);
    v->version = str_dup (version);
    v->count = 1;
    vec_push (&c->by_version, v);
}

static json_t *
component_json (const struct sim_component *c)
{
    json_t *j = json_object (), *versions = json_object ();

    for (size_t i = 0; i < c->counters.by_version.count; i++) {
        const struct sim_version_count *v = vec_at (&c->counters.by_version, i);
        json_put_int (versions, v->version, (long long) v->count);
    }
    json_put_str (j, "version", c->version);
    json_put_str (j, "pending", c->pending);
    if (c->def->two_slots)
        json_put_str (j, "standby", c->standby);
    json_put_int (j, "uploads", (long long) c->counters.uploads);
    json_put_int (j, "flashes_started", (long long) c->counters.flashes_started);
    json_put_int (j, "flashes_completed", (long long) c->counters.flashes_completed);
    json_put_int (j, "flashes_failed", (long long) c->counters.flashes_failed);
    json_put_int (j, "activations", (long long) c->counters.activations);
    json_put (j, "flashed_by_version", versions);
    return j;
}

static json_t *
log_json (const struct sim_bmc *bmc)
{
    json_t *list = json_array ();

    for (size_t i = 0; i < bmc->log.count; i++) {
        const struct sim_change *c = vec_at (&bmc->log, i);
        json_array_append_new (list, json_pack ("{s:I,s:I,s:s,s:s,s:s,s:i,s:b}", "seq",
                                                (json_int_t) c->seq, "at_ms", (json_int_t) c->at_ms,
                                                "method", sim_http_method_name (c->method), "path",
                                                c->path, "digest", c->digest, "status", c->status,
                                                "duplicate", c->duplicate));
    }
    return list;
}

json_t *
sim_stats_host (const struct sim_bmc *bmc, bool with_log)
{
    json_t *j = json_object (), *methods = json_object (), *components = json_object ();

#define X(name) json_put_int (j, #name, (long long) bmc->counters.name);
    SIM_COUNTERS (X)
#undef X
    for (int i = 0; i < SIM_METHOD_COUNT; i++)
        json_put_int (methods, sim_http_method_name ((enum sim_method) i),
                      (long long) bmc->counters.by_method[i]);
    for (size_t i = 0; i < bmc->personality->components.count; i++)
        json_put (components, bmc->components[i].def->component,
                  component_json (&bmc->components[i]));
    json_put (j, "requests_by_method", methods);
    json_put (j, "components", components);
    if (with_log)
        json_put (j, "log", log_json (bmc));
    return j;
}

void
sim_stats_add (json_t *into, const json_t *from)
{
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *) from, key, value)
    {
        json_t *have = json_object_get (into, key);

        if (json_is_object (value)) {
            if (have == NULL)
                json_object_set_new (into, key, have = json_object ());
            sim_stats_add (have, value);
        } else if (json_is_integer (value)) {
            json_int_t sum
                = json_integer_value (value) + (have == NULL ? 0 : json_integer_value (have));
            json_object_set_new (into, key, json_integer (sum));
        }
    }
}

static void
free_version (void *arg)
{
    struct sim_version_count *v = arg;

    mem_free (v->version);
    mem_free (v);
}

void
sim_stats_release (struct sim_bmc *bmc)
{
    for (size_t i = 0; i < bmc->personality->components.count; i++)
        vec_free_with (&bmc->components[i].counters.by_version, free_version);
    vec_free_with (&bmc->log, mem_free);
}

void
sim_stats_reset (struct sim_bmc *bmc)
{
    struct sim_counters keep = { .connections_open = bmc->counters.connections_open,
                                 .sessions_open = bmc->counters.sessions_open };

    sim_stats_release (bmc);
    for (size_t i = 0; i < bmc->personality->components.count; i++)
        bmc->components[i].counters = (struct sim_component_counters){ 0 };
    bmc->log = (struct vec){ 0 };
    bmc->counters = keep;
}
