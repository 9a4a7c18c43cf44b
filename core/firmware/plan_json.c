/* plan_json: the plan as a document, and back.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "firmware/component.h"
#include "firmware/planner_private.h"

static json_t *
digest_ref (const char *sha256)
{
    char text[sizeof ("sha256:") + 64];

    if (sha256 == NULL) {
        return json_null ();
    }
    str_format (text, sizeof (text), "sha256:%s", sha256);
    return json_string (text);
}

static json_t *
preconditions (const struct plan_step *s)
{
    json_t *o = json_object ();

    json_put_str (o, "from_version", s->from);
    json_put (o, "pending", json_null ());
    json_put_str (o, "uri", s->uri);
    json_put_str (o, "pointer", s->version_pointer);
    return o;
}

static json_t *
expected (const struct plan_step *s)
{
    json_t *o;

    if (s->p50_ms == 0 && s->p95_ms == 0) {
        return json_null ();
    }
    o = json_object ();
    json_put_int (o, "p50", s->p50_ms);
    json_put_int (o, "p95", s->p95_ms);
    return o;
}

json_t *
plan_step_to_json (const struct plan_step *s)
{
    json_t *o = json_object ();

    json_put_str (o, "component", s->component);
    json_put_str (o, "type", component_type_name (s->type));
    json_put_str (o, "name", s->name);
    json_put_str (o, "uri", s->uri);
    json_put_str (o, "version_pointer", s->version_pointer);
    json_put_str (o, "from", s->from);
    json_put_str (o, "to", s->to);
    json_put (o, "image", digest_ref (s->image_sha256));
    json_put_str (o, "image_name", s->image_name);
    json_put_int (o, "image_size_bytes", (long long) s->image_size_bytes);
    json_put_str (o, "why", s->why);
    json_put_str (o, "baseline", s->baseline);
    json_put_str (o, "risk", plan_risk_name (s->risk));
    json_put_str (o, "reboot", plan_reboot_name (s->reboot));
    json_put_bool (o, "drops_bmc", s->drops_bmc);
    json_put_bool (o, "exclusive", s->exclusive);
    json_put_bool (o, "applies_at_once", s->applies_at_once);
    json_put_bool (o, "downgrade", s->downgrade);
    json_put_int (o, "order_rank", s->order_rank);
    json_put (o, "expected_ms", expected (s));
    json_put_bool (o, "rollback_ready", s->rollback_ready);
    json_put_str (o, "rollback_reason", s->rollback_reason);
    json_put (o, "rollback_image", digest_ref (s->rollback_image_sha256));
    json_put (o, "preconditions", preconditions (s));
    return o;
}

static json_t *
batch_to_json (const struct plan_batch *b, size_t index)
{
    json_t *o = json_object (), *steps = json_array ();

    json_put_int (o, "index", (long long) index);
    json_put_str (o, "reboot", plan_reboot_name (b->reboot));
    json_put_bool (o, "activate_now", b->activate_now);
    json_put_bool (o, "verify_now", b->verify_now);
    for (size_t i = 0; i < b->step_count; i++) {
        json_array_append_new (steps, plan_step_to_json (&b->steps[i]));
    }
    json_put (o, "steps", steps);
    return o;
}

static json_t *
skip_to_json (const struct plan_skip *s)
{
    json_t *o = json_object ();

    json_put_str (o, "component", s->component);
    json_put_str (o, "type", component_type_name (s->type));
    json_put_str (o, "name", s->name);
    json_put_str (o, "version", s->version);
    json_put_str (o, "outcome", plan_skip_outcome_name (s->outcome));
    json_put_str (o, "code", s->code);
    json_put_str (o, "reason", s->reason);
    return o;
}

static json_t *
host_to_json (const struct plan_host *h)
{
    json_t *o = json_object (), *identity = json_array (), *batches = json_array ();
    json_t *skips = json_array ();

    for (size_t i = 0; i < h->identity_count; i++) {
        json_t *guard = json_object ();

        json_put_str (guard, "uri", h->identity[i].uri);
        json_put_str (guard, "pointer", h->identity[i].pointer);
        json_put_str (guard, "expected", h->identity[i].expected);
        json_array_append_new (identity, guard);
    }
    for (size_t i = 0; i < h->batch_count; i++) {
        json_array_append_new (batches, batch_to_json (&h->batches[i], i));
    }
    for (size_t i = 0; i < h->skip_count; i++) {
        json_array_append_new (skips, skip_to_json (&h->skips[i]));
    }
    json_put_str (o, "id", h->id);
    json_put_str (o, "host", h->name);
    json_put_str (o, "status", plan_host_status (h));
    json_put_str (o, "outcome", plan_skip_outcome_name (h->outcome));
    json_put_str (o, "reason", h->reason);
    json_put (o, "identity", identity);
    json_put (o, "batches", batches);
    json_put (o, "skips", skips);
    return o;
}

json_t *
plan_host_to_json (const struct plan *p, const struct plan_host *h)
{
    json_t *o = host_to_json (h);

    json_put_str (o, "digest", p->digest);
    return o;
}

static json_t *
totals_to_json (const struct plan *p)
{
    struct plan_totals t;
    json_t *o = json_object ();

    plan_totals (p, &t);
    json_put_int (o, "hosts", (long long) t.hosts);
    json_put_int (o, "hosts_to_change", (long long) t.hosts_to_change);
    json_put_int (o, "hosts_noop", (long long) t.hosts_noop);
    json_put_int (o, "hosts_blocked", (long long) t.hosts_blocked);
    json_put_int (o, "hosts_no_solution", (long long) t.hosts_no_solution);
    json_put_int (o, "steps", (long long) t.steps);
    json_put_int (o, "batches", (long long) t.batches);
    json_put_int (o, "host_reboots", (long long) t.host_reboots);
    json_put_int (o, "bmc_resets", (long long) t.bmc_resets);
    json_put_int (o, "noops", (long long) t.noops);
    json_put_int (o, "blocked", (long long) t.blocked);
    json_put_int (o, "no_solution", (long long) t.no_solution);
    json_put_int (o, "upload_bytes", (long long) t.upload_bytes);
    json_put_int (o, "longest_host_p50_ms", t.longest_host_p50_ms);
    json_put_int (o, "longest_host_p95_ms", t.longest_host_p95_ms);
    return o;
}

static json_t *
unsealed (const struct plan *p)
{
    json_t *o = json_object (), *baselines = json_array (), *hosts = json_array ();

    for (size_t i = 0; i < p->baseline_count; i++) {
        json_array_append_new (baselines, json_string (p->baselines[i]));
    }
    for (size_t i = 0; i < p->host_count; i++) {
        json_array_append_new (hosts, host_to_json (&p->hosts[i]));
    }
    json_put_int (o, "format", PLAN_FORMAT);
    json_put_str (o, "selector", p->selector);
    json_put (o, "baselines", baselines);
    json_put (o, "hosts", hosts);
    json_put (o, "totals", totals_to_json (p));
    return o;
}

static void
digest_of (const json_t *document, char ret[HASH_SHA256_HEX])
{
    char *text = json_text (document);

    hash_sha256_hex (text, strlen (text), ret);
    mem_free (text);
}

void
plan_seal (struct plan *p)
{
    json_t *document = unsealed (p);

    digest_of (document, p->digest);
    json_decref (document);
}

json_t *
plan_to_json (const struct plan *p)
{
    json_t *document = unsealed (p);

    json_put_str (document, "digest", p->digest);
    return document;
}
