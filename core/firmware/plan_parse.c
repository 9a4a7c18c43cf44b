/* plan_parse: a stored plan document, checked against its digest, as a struct again.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "firmware/component.h"
#include "firmware/plan.h"

static char *
text_of (const json_t *v, const char *pointer)
{
    return str_dup (json_str (v, pointer));
}

static char *
digest_in (const json_t *v, const char *pointer)
{
    const char *text = json_str (v, pointer);

    if (text == NULL || !str_starts (text, "sha256:")) {
        return NULL;
    }
    return str_dup (text + strlen ("sha256:"));
}

static int
index_of (const json_t *v, const char *pointer, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (str_eq (json_str (v, pointer), names[i])) {
            return i;
        }
    }
    return 0;
}

static enum plan_skip_outcome
outcome_of (const json_t *v)
{
    static const char *const names[] = { [PLAN_NOOP] = "noop", [PLAN_BLOCKED] = "blocked",
                                         [PLAN_NO_SOLUTION] = "no_solution" };

    return (enum plan_skip_outcome) index_of (v, "/outcome", names, 3);
}

static void
read_step (const json_t *v, struct plan_step *s)
{
    static const char *const risks[] = { [PLAN_RISK_LOW] = "low", [PLAN_RISK_MEDIUM] = "medium",
                                         [PLAN_RISK_HIGH] = "high" };

    s->component = text_of (v, "/component");
    (void) component_type_from_name (json_str (v, "/type"), &s->type);
    s->name = text_of (v, "/name");
    s->uri = text_of (v, "/uri");
    s->version_pointer = text_of (v, "/version_pointer");
    s->from = text_of (v, "/from");
    s->to = text_of (v, "/to");
    s->image_sha256 = digest_in (v, "/image");
    s->image_name = text_of (v, "/image_name");
    s->image_size_bytes = (uint64_t) json_int_or (v, "/image_size_bytes", 0);
    s->why = text_of (v, "/why");
    s->baseline = text_of (v, "/baseline");
    s->risk = (enum plan_risk) index_of (v, "/risk", risks, 3);
    (void) plan_reboot_from_name (json_str (v, "/reboot"), &s->reboot);
    s->drops_bmc = json_bool_or (v, "/drops_bmc", false);
    s->exclusive = json_bool_or (v, "/exclusive", false);
    s->applies_at_once = json_bool_or (v, "/applies_at_once", false);
    s->downgrade = json_bool_or (v, "/downgrade", false);
    s->order_rank = (int32_t) json_int_or (v, "/order_rank", 0);
    s->p50_ms = json_int_or (v, "/expected_ms/p50", 0);
    s->p95_ms = json_int_or (v, "/expected_ms/p95", 0);
    s->rollback_ready = json_bool_or (v, "/rollback_ready", false);
    s->rollback_reason = text_of (v, "/rollback_reason");
    s->rollback_image_sha256 = digest_in (v, "/rollback_image");
}

static void
read_batch (const json_t *v, struct plan_batch *b)
{
    const json_t *steps = json_object_get (v, "steps");

    (void) plan_reboot_from_name (json_str (v, "/reboot"), &b->reboot);
    b->activate_now = json_bool_or (v, "/activate_now", false);
    b->verify_now = json_bool_or (v, "/verify_now", false);
    b->step_count = json_array_size (steps);
    b->steps = mem_array (b->step_count + 1, sizeof (*b->steps));
    for (size_t i = 0; i < b->step_count; i++) {
        read_step (json_array_get (steps, i), &b->steps[i]);
    }
}

static void
read_skip (const json_t *v, struct plan_skip *s)
{
    s->component = text_of (v, "/component");
    (void) component_type_from_name (json_str (v, "/type"), &s->type);
    s->name = text_of (v, "/name");
    s->version = text_of (v, "/version");
    s->outcome = outcome_of (v);
    s->code = text_of (v, "/code");
    s->reason = text_of (v, "/reason");
}

static void
read_host (const json_t *v, struct plan_host *h)
{
    const json_t *identity = json_object_get (v, "identity");
    const json_t *batches = json_object_get (v, "batches"), *skips = json_object_get (v, "skips");

    h->id = text_of (v, "/id");
    h->name = text_of (v, "/host");
    h->outcome = outcome_of (v);
    h->reason = text_of (v, "/reason");
    h->identity_count = json_array_size (identity);
    h->batch_count = json_array_size (batches);
    h->skip_count = json_array_size (skips);
    h->identity = mem_array (h->identity_count + 1, sizeof (*h->identity));
    h->batches = mem_array (h->batch_count + 1, sizeof (*h->batches));
    h->skips = mem_array (h->skip_count + 1, sizeof (*h->skips));
    for (size_t i = 0; i < h->identity_count; i++) {
        const json_t *guard = json_array_get (identity, i);

        h->identity[i].uri = text_of (guard, "/uri");
        h->identity[i].pointer = text_of (guard, "/pointer");
        h->identity[i].expected = text_of (guard, "/expected");
    }
    for (size_t i = 0; i < h->batch_count; i++) {
        read_batch (json_array_get (batches, i), &h->batches[i]);
    }
    for (size_t i = 0; i < h->skip_count; i++) {
        read_skip (json_array_get (skips, i), &h->skips[i]);
    }
}

static int32_t
check_digest (const json_t *v, struct err *err)
{
    const char *claimed = json_str_or (v, "/digest", "");
    json_t *copy = json_copy ((json_t *) (uintptr_t) v);   /* shallow: only the digest goes */
    char real[HASH_SHA256_HEX], *text;

    json_object_del (copy, "digest");
    text = json_text (copy);
    hash_sha256_hex (text, strlen (text), real);
    mem_free (text);
    json_decref (copy);
    if (!str_eq (claimed, real)) {
        err_set (err, FARRIER_E_INVALID, "the plan was altered: its digest is %.12s, it says %.12s",
                 real, claimed);
        err_hint (err, "make a new plan: farrier plan create");
        return FARRIER_E_INVALID;
    }
    return 0;
}

int32_t
plan_from_json (const json_t *v, struct plan **ret, struct err *err)
{
    const json_t *hosts = json_object_get (v, "hosts");
    const json_t *baselines = json_object_get (v, "baselines");
    struct plan *p;
    int32_t rc;

    if (json_int_or (v, "/format", 0) != PLAN_FORMAT) {
        return err_set (err, FARRIER_E_INVALID, "plan of format %lld, this farrier knows %d",
                        json_int_or (v, "/format", 0), PLAN_FORMAT);
    }
    rc = check_digest (v, err);
    if (rc != 0) {
        return rc;
    }
    p = mem_alloc (sizeof (*p));
    p->selector = text_of (v, "/selector");
    str_copy (p->digest, sizeof (p->digest), json_str_or (v, "/digest", ""));
    p->baselines = mem_array (json_array_size (baselines) + 1, sizeof (*p->baselines));
    for (size_t i = 0; i < json_array_size (baselines); i++) {
        const char *name = json_string_value (json_array_get (baselines, i));

        p->baselines[p->baseline_count++] = str_dup (name == NULL ? "" : name);
    }
    p->host_count = json_array_size (hosts);
    p->hosts = mem_array (p->host_count + 1, sizeof (*p->hosts));
    for (size_t i = 0; i < p->host_count; i++) {
        read_host (json_array_get (hosts, i), &p->hosts[i]);
    }
    *ret = p;
    return 0;
}
