/* planner: hosts, one after another; the decisions are made in planner_decide.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "firmware/planner.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "firmware/planner_private.h"

void
planner_default_effects (enum farrier_component_type type, struct planner_effects *ret)
{
    *ret = (struct planner_effects){ .reboot = FARRIER_REBOOT_HOST_RESET, .order_rank = 100 };
    switch (type) {
    case FARRIER_COMPONENT_BMC:
        ret->reboot = FARRIER_REBOOT_BMC_RESET;
        ret->drops_bmc = true;
        ret->exclusive = true;
        ret->order_rank = 10;
        break;
    case FARRIER_COMPONENT_PSU:
    case FARRIER_COMPONENT_DRIVE:
        ret->reboot = FARRIER_REBOOT_NONE;
        break;
    case FARRIER_COMPONENT_CPLD:
    case FARRIER_COMPONENT_BACKPLANE:
        ret->reboot = FARRIER_REBOOT_AC_CYCLE;
        ret->exclusive = true;
        ret->order_rank = 200;
        break;
    default:
        break;
    }
}

static bool
compare_for_host (void *ctx, enum farrier_component_type type, const char *a, const char *b,
                  enum version_order *ret)
{
    struct planner_work *w = ctx;

    (void) type;
    return w->in->compare (w->in->ctx, w->host, w->component, a, b, ret);
}

static int
compare_image_pointers (const void *a, const void *b)
{
    const struct image *x = *(const struct image *const *) a;
    const struct image *y = *(const struct image *const *) b;

    if (x->type != y->type) {
        return x->type < y->type ? -1 : 1;
    }
    return image_compare (x, y);
}

static void
index_images (const struct planner_input *in, struct planner_images *ret)
{
    size_t at = 0;

    ret->sorted = mem_array (in->image_count + 1, sizeof (*ret->sorted));
    for (size_t i = 0; i < in->image_count; i++) {
        ret->sorted[i] = in->images[i];
    }
    qsort (ret->sorted, in->image_count, sizeof (*ret->sorted), compare_image_pointers);
    for (int type = 0; type < COMPONENT_TYPE_COUNT; type++) {
        ret->first[type] = at;
        while (at < in->image_count && (int) ret->sorted[at]->type == type) {
            at++;
        }
    }
    ret->first[COMPONENT_TYPE_COUNT] = at;
}

static int
compare_component_pointers (const void *a, const void *b)
{
    return component_compare (*(const struct component *const *) a,
                              *(const struct component *const *) b);
}

static void
select_baselines (struct planner_work *w)
{
    const struct planner_input *in = w->in;

    w->baseline_count = 0;
    for (size_t i = 0; i < in->baseline_count; i++) {
        const struct baseline *b = in->baselines[i];
        bool twice = false;

        for (size_t k = 0; k < w->baseline_count; k++) {
            twice = twice || w->baselines[k] == b;
        }
        if (!twice && (in->selects == NULL || in->selects (in->ctx, b, w->host))) {
            w->baselines[w->baseline_count++] = b;
        }
    }
}

static void
add_skip (struct plan_host *h, const struct plan_skip *s)
{
    h->skips = mem_realloc (h->skips, (h->skip_count + 1) * sizeof (*h->skips));
    h->skips[h->skip_count++] = *s;
}

/* Something would be installed, but the host as a whole may not be changed. */
static const char *
host_obstacle (const struct planner_host *host)
{
    if (host->blocked != NULL) {
        return host->blocked;
    }
    return host->identity_count > 0 ? NULL
                                    : "its identity is not on record: refresh its inventory first";
}

static void
block_step (struct plan_host *h, struct plan_step *s, const char *reason)
{
    struct plan_skip skip = { .component = s->component, .type = s->type, .name = s->name,
                              .version = s->from, .outcome = PLAN_BLOCKED,
                              .code = str_dup ("host"), .reason = str_dup (reason) };

    mem_free (s->uri);
    mem_free (s->version_pointer);
    mem_free (s->to);
    mem_free (s->image_sha256);
    mem_free (s->image_name);
    mem_free (s->why);
    mem_free (s->baseline);
    mem_free (s->rollback_reason);
    mem_free (s->rollback_image_sha256);
    add_skip (h, &skip);
}

/* How much a skip matters for the host: what nobody wants to change does not. */
static int
weight (const struct plan_skip *s)
{
    static const int weights[] = { [PLAN_NOOP] = 1, [PLAN_NO_SOLUTION] = 2, [PLAN_BLOCKED] = 3 };

    return str_eq (s->code, "not_matched") ? 0 : weights[s->outcome];
}

static void
sum_up (const struct planner_work *w, struct plan_host *h)
{
    const struct plan_skip *worst = NULL;

    for (size_t i = 0; i < h->skip_count; i++) {
        const struct plan_skip *s = &h->skips[i];
        int difference = worst == NULL ? 1 : weight (s) - weight (worst);

        if (difference > 0 ||
            (difference == 0 && strlen (s->reason) < strlen (worst->reason))) {
            worst = s;
        }
    }
    h->outcome = worst == NULL ? PLAN_NO_SOLUTION : worst->outcome;
    if (worst == NULL && h->batch_count == 0) {
        h->reason = str_printf ("no components on record: farrier inventory refresh %s", h->name);
    } else if (w->baseline_count == 0) {
        h->outcome = PLAN_NO_SOLUTION;
        h->reason = str_dup ("no baseline is for this host");
    } else if (worst != NULL && worst->outcome != PLAN_NOOP) {
        h->reason = str_printf ("%s %s: %s", component_type_name (worst->type), worst->component,
                                worst->reason);
    } else if (h->batch_count == 0) {
        h->reason = str_dup (weight (worst) == 0 ? "no target of a baseline is about its components"
                                                 : "everything is as its baseline wants it");
    }
}

static void
copy_identity (const struct planner_host *host, struct plan_host *h)
{
    h->identity = mem_array (host->identity_count + 1, sizeof (*h->identity));
    for (size_t i = 0; i < host->identity_count; i++) {
        h->identity[i].uri = str_dup (host->identity[i].uri);
        h->identity[i].pointer = str_dup (host->identity[i].pointer);
        h->identity[i].expected = str_dup (host->identity[i].expected);
    }
    h->identity_count = host->identity_count;
}

static int32_t
decide_all (struct planner_work *w, struct plan_host *h, struct plan_step *steps,
            size_t *step_count, struct err *err)
{
    size_t count = w->host->component_count;
    const struct component **sorted = mem_array (count + 1, sizeof (*sorted));
    const char *obstacle = host_obstacle (w->host);
    int32_t rc = 0;

    for (size_t i = 0; i < count; i++) {
        sorted[i] = &w->host->components[i];
    }
    qsort (sorted, count, sizeof (*sorted), compare_component_pointers);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        struct planner_wish wish;
        struct planner_decision d;

        w->component = sorted[i];
        rc = planner_find_wish (w, &wish, err);
        if (rc != 0) {
            break;
        }
        planner_decide (w, &wish, &d);
        if (!d.install) {
            add_skip (h, &d.skip);
        } else if (obstacle != NULL) {
            block_step (h, &d.step, obstacle);
        } else {
            steps[(*step_count)++] = d.step;
        }
    }
    mem_free (sorted);
    return rc;
}

static int32_t
plan_one (struct planner_work *w, struct plan_host *h, struct err *err)
{
    struct plan_step *steps = mem_array (w->host->component_count + 1, sizeof (*steps));
    size_t step_count = 0;
    int32_t rc;

    h->id = str_dup (w->host->id);
    h->name = str_dup (w->host->name);
    copy_identity (w->host, h);
    select_baselines (w);
    rc = decide_all (w, h, steps, &step_count, err);
    /* Also after a failure: the plan owns the steps then, and is freed as a whole. */
    planner_make_batches (steps, step_count, w->in->defer_host_reboot, &h->batches,
                          &h->batch_count);
    sum_up (w, h);
    return rc;
}

static int
compare_host_pointers (const void *a, const void *b)
{
    const struct planner_host *x = *(const struct planner_host *const *) a;
    const struct planner_host *y = *(const struct planner_host *const *) b;

    return str_compare_natural (x->name, y->name);
}

static int
compare_names (const void *a, const void *b)
{
    return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
copy_baseline_names (const struct planner_input *in, struct plan *p)
{
    p->baselines = mem_array (in->baseline_count + 1, sizeof (*p->baselines));
    for (size_t i = 0; i < in->baseline_count; i++) {
        p->baselines[p->baseline_count++] = str_dup (in->baselines[i]->name);
    }
    qsort (p->baselines, p->baseline_count, sizeof (*p->baselines), compare_names);
}

static int32_t
plan_hosts (const struct planner_input *in, const struct planner_host **hosts, struct plan *p,
            struct err *err)
{
    struct planner_images images;
    struct planner_work w = { .in = in, .images = &images };
    int32_t rc = 0;

    index_images (in, &images);
    w.baselines = mem_array (in->baseline_count + 1, sizeof (*w.baselines));
    w.comparer = (struct version_comparer){ .compare = in->compare == NULL ? NULL
                                                                           : compare_for_host,
                                            .ctx = &w };
    for (size_t i = 0; rc == 0 && i < in->host_count; i++) {
        if (i > 0 && str_eq (hosts[i]->name, hosts[i - 1]->name)) {
            rc = err_set (err, FARRIER_E_INVALID, "host '%s' was given twice (ids '%s' and '%s')",
                          hosts[i]->name, hosts[i - 1]->id, hosts[i]->id);
            break;
        }
        w.host = hosts[i];
        w.manufacturer = component_pairs_get (w.host->facts, w.host->fact_count, "manufacturer");
        rc = plan_one (&w, &p->hosts[p->host_count++], err);
    }
    mem_free (w.baselines);
    mem_free (images.sorted);
    return rc;
}

int32_t
planner_make (const struct planner_input *in, struct plan **ret, struct err *err)
{
    struct plan *p = mem_alloc (sizeof (*p));
    const struct planner_host **hosts = mem_array (in->host_count + 1, sizeof (*hosts));
    int32_t rc;

    p->selector = str_dup (in->selector);
    p->hosts = mem_array (in->host_count + 1, sizeof (*p->hosts));
    copy_baseline_names (in, p);
    for (size_t i = 0; i < in->host_count; i++) {
        hosts[i] = &in->hosts[i];
    }
    qsort (hosts, in->host_count, sizeof (*hosts), compare_host_pointers);
    rc = plan_hosts (in, hosts, p, err);
    mem_free (hosts);
    if (rc != 0) {
        plan_free (p);
        return rc;
    }
    plan_seal (p);
    *ret = p;
    return 0;
}
