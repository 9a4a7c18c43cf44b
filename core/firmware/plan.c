/* plan: names, totals, and what it says about one host.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "firmware/plan.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

static const char *const reboot_names[] = {
    [FARRIER_REBOOT_NONE] = "none",
    [FARRIER_REBOOT_BMC_RESET] = "bmc_reset",
    [FARRIER_REBOOT_HOST_RESET] = "host_reset",
    [FARRIER_REBOOT_HOST_OFF_ON] = "host_off_on",
    [FARRIER_REBOOT_HOST_OFF_BEFORE] = "host_off_before",
    [FARRIER_REBOOT_AC_CYCLE] = "ac_cycle",
};

#define REBOOT_COUNT (sizeof (reboot_names) / sizeof (reboot_names[0]))

const char *
plan_reboot_name (enum farrier_reboot reboot)
{
    return (size_t) reboot < REBOOT_COUNT ? reboot_names[reboot] : "none";
}

bool
plan_reboot_from_name (const char *name, enum farrier_reboot *ret)
{
    for (size_t i = 0; i < REBOOT_COUNT; i++) {
        if (str_eq (name, reboot_names[i])) {
            *ret = (enum farrier_reboot) i;
            return true;
        }
    }
    return false;
}

const char *
plan_risk_name (enum plan_risk risk)
{
    return risk == PLAN_RISK_LOW ? "low" : risk == PLAN_RISK_MEDIUM ? "medium" : "high";
}

const char *
plan_skip_outcome_name (enum plan_skip_outcome o)
{
    return o == PLAN_NOOP ? "noop" : o == PLAN_BLOCKED ? "blocked" : "no_solution";
}

const char *
plan_host_status (const struct plan_host *h)
{
    return h->batch_count > 0 ? "update" : plan_skip_outcome_name (h->outcome);
}

static void
step_clear (struct plan_step *s)
{
    mem_free (s->component);
    mem_free (s->name);
    mem_free (s->uri);
    mem_free (s->version_pointer);
    mem_free (s->from);
    mem_free (s->to);
    mem_free (s->image_sha256);
    mem_free (s->image_name);
    mem_free (s->why);
    mem_free (s->baseline);
    mem_free (s->rollback_reason);
    mem_free (s->rollback_image_sha256);
}

static void
host_clear (struct plan_host *h)
{
    for (size_t i = 0; i < h->identity_count; i++) {
        mem_free (h->identity[i].uri);
        mem_free (h->identity[i].pointer);
        mem_free (h->identity[i].expected);
    }
    for (size_t b = 0; b < h->batch_count; b++) {
        for (size_t s = 0; s < h->batches[b].step_count; s++) {
            step_clear (&h->batches[b].steps[s]);
        }
        mem_free (h->batches[b].steps);
    }
    for (size_t i = 0; i < h->skip_count; i++) {
        mem_free (h->skips[i].component);
        mem_free (h->skips[i].name);
        mem_free (h->skips[i].version);
        mem_free (h->skips[i].code);
        mem_free (h->skips[i].reason);
    }
    mem_free (h->identity);
    mem_free (h->batches);
    mem_free (h->skips);
    mem_free (h->id);
    mem_free (h->name);
    mem_free (h->reason);
}

void
plan_free (struct plan *p)
{
    if (p == NULL) {
        return;
    }
    for (size_t i = 0; i < p->host_count; i++) {
        host_clear (&p->hosts[i]);
    }
    mem_free (p->hosts);
    str_free_all (p->baselines, p->baseline_count);
    mem_free (p->selector);
    mem_free (p);
}

const struct plan_host *
plan_find_host (const struct plan *p, const char *id_or_name)
{
    for (size_t i = 0; i < p->host_count; i++) {
        if (str_eq (p->hosts[i].id, id_or_name) || str_eq (p->hosts[i].name, id_or_name)) {
            return &p->hosts[i];
        }
    }
    return NULL;
}

/* *unknown: a step without a duration makes the sum unknown. */
static void
add_batch (const struct plan_batch *b, struct plan_totals *t, int64_t sum[2], bool *unknown)
{
    t->batches++;
    t->steps += b->step_count;
    t->bmc_resets += b->reboot == FARRIER_REBOOT_BMC_RESET;
    t->host_reboots += b->reboot > FARRIER_REBOOT_BMC_RESET;
    for (size_t i = 0; i < b->step_count; i++) {
        t->upload_bytes += b->steps[i].image_size_bytes;
        sum[0] += b->steps[i].p50_ms;
        sum[1] += b->steps[i].p95_ms;
        *unknown = *unknown || b->steps[i].p50_ms == 0 || b->steps[i].p95_ms == 0;
    }
}

static void
add_host (const struct plan_host *h, struct plan_totals *t, bool *unknown)
{
    int64_t sum[2] = { 0, 0 };

    t->hosts_to_change += h->batch_count > 0;
    if (h->batch_count == 0) {
        t->hosts_noop += h->outcome == PLAN_NOOP;
        t->hosts_blocked += h->outcome == PLAN_BLOCKED;
        t->hosts_no_solution += h->outcome == PLAN_NO_SOLUTION;
    }
    for (size_t i = 0; i < h->batch_count; i++) {
        add_batch (&h->batches[i], t, sum, unknown);
    }
    for (size_t i = 0; i < h->skip_count; i++) {
        t->noops += h->skips[i].outcome == PLAN_NOOP;
        t->blocked += h->skips[i].outcome == PLAN_BLOCKED;
        t->no_solution += h->skips[i].outcome == PLAN_NO_SOLUTION;
    }
    t->longest_host_p50_ms = sum[0] > t->longest_host_p50_ms ? sum[0] : t->longest_host_p50_ms;
    t->longest_host_p95_ms = sum[1] > t->longest_host_p95_ms ? sum[1] : t->longest_host_p95_ms;
}

void
plan_totals (const struct plan *p, struct plan_totals *ret)
{
    struct plan_totals t = { .hosts = p->host_count };
    bool unknown = false;

    for (size_t i = 0; i < p->host_count; i++) {
        add_host (&p->hosts[i], &t, &unknown);
    }
    if (unknown) {
        t.longest_host_p50_ms = 0;
        t.longest_host_p95_ms = 0;
    }
    *ret = t;
}

static char *
step_text (const struct plan_batch *batch, const struct plan_step *s)
{
    struct buf b = { 0 };
    char *p50 = duration_format (s->p50_ms), *p95 = duration_format (s->p95_ms);

    buf_printf (&b, "%s; image %s; risk %s", s->why, s->image_name, plan_risk_name (s->risk));
    if (s->reboot == FARRIER_REBOOT_NONE) {
        buf_puts (&b, "; runs at once");
    } else {
        buf_printf (&b, "; runs after %s%s", plan_reboot_name (s->reboot),
                    batch->verify_now ? "" : ", which is deferred");
    }
    if (s->p50_ms > 0) {
        buf_printf (&b, "; usually %s, at most %s", p50, p95);
    }
    buf_printf (&b, "; rollback: %s", s->rollback_reason);
    mem_free (p50);
    mem_free (p95);
    return buf_steal (&b);
}

static void
explain_batch (const struct plan_batch *b, size_t number, struct vec *ret)
{
    for (size_t i = 0; i < b->step_count; i++) {
        const struct plan_step *s = &b->steps[i];
        struct plan_line line = { .batch = number, .step = i + 1, .component = s->component,
                                  .type = s->type, .name = s->name, .from = s->from, .to = s->to,
                                  .decision = "install", .text = step_text (b, s) };

        vec_push (ret, mem_dup (&line, sizeof (line)));
    }
}

int32_t
plan_explain (const struct plan *p, const char *host, struct vec *ret, struct err *err)
{
    const struct plan_host *h = plan_find_host (p, host);

    if (h == NULL) {
        return err_set (err, ERR_NOT_FOUND, "host '%s' is not in this plan", host);
    }
    for (size_t i = 0; i < h->batch_count; i++) {
        explain_batch (&h->batches[i], i + 1, ret);
    }
    for (size_t i = 0; i < h->skip_count; i++) {
        const struct plan_skip *s = &h->skips[i];
        struct plan_line line = { .component = s->component, .type = s->type, .name = s->name,
                                  .from = s->version,
                                  .decision = plan_skip_outcome_name (s->outcome),
                                  .text = str_dup (s->reason) };

        vec_push (ret, mem_dup (&line, sizeof (line)));
    }
    return 0;
}

void
plan_line_free (struct plan_line *l)
{
    if (l != NULL) {
        mem_free (l->text);
        mem_free (l);
    }
}
