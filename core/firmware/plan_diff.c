/* plan_diff: what one plan does that another does not.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "firmware/plan.h"

/* A step and where it is done. */
struct place {
    const struct plan_step *step;
    size_t batch;
};

static struct place
find_step (const struct plan_host *h, const char *component)
{
    for (size_t b = 0; h != NULL && b < h->batch_count; b++) {
        for (size_t s = 0; s < h->batches[b].step_count; s++) {
            if (str_eq (h->batches[b].steps[s].component, component)) {
                return (struct place){ &h->batches[b].steps[s], b + 1 };
            }
        }
    }
    return (struct place){ NULL, 0 };
}

static json_t *
side (const struct place *p)
{
    return p->step == NULL ? json_null () : plan_step_to_json (p->step);
}

static void
differs (struct buf *b, const char *what, const char *before, const char *after)
{
    if (!str_eq (before, after)) {
        buf_printf (b, "%s%s %s -> %s", b->len == 0 ? "" : "; ", what,
                    before == NULL ? "none" : before, after == NULL ? "none" : after);
    }
}

/* "" when both say the same. */
static char *
change_text (const struct place *a, const struct place *b)
{
    const struct plan_step *x = a->step, *y = b->step;
    struct buf text = { 0 };
    char before[24], after[24];

    if (x == NULL || y == NULL) {
        const struct plan_step *one = x == NULL ? y : x;

        return str_printf ("%s to %s", one->from == NULL ? "?" : one->from, one->to);
    }
    differs (&text, "from", x->from, y->from);
    differs (&text, "to", x->to, y->to);
    differs (&text, "image", x->image_sha256, y->image_sha256);
    differs (&text, "reboot", plan_reboot_name (x->reboot), plan_reboot_name (y->reboot));
    differs (&text, "risk", plan_risk_name (x->risk), plan_risk_name (y->risk));
    differs (&text, "rollback", x->rollback_reason, y->rollback_reason);
    str_format (before, sizeof (before), "%zu", a->batch);
    str_format (after, sizeof (after), "%zu", b->batch);
    differs (&text, "batch", before, after);
    return buf_steal (&text);
}

static void
add_change (json_t *all, const char *host, const char *component, const struct place *a,
            const struct place *b)
{
    char *text = change_text (a, b);
    json_t *o;

    if (text[0] != '\0') {
        o = json_object ();
        json_put_str (o, "host", host);
        json_put_str (o, "component", component);
        json_put_str (o, "change", a->step == NULL   ? "added"
                                   : b->step == NULL ? "removed"
                                                     : "changed");
        json_put_str (o, "text", text);
        json_put (o, "before", side (a));
        json_put (o, "after", side (b));
        json_array_append_new (all, o);
    }
    mem_free (text);
}

/* Steps of `from` that `other` has too (both: true) or has not. */
static void
compare_steps (json_t *all, const struct plan_host *from, const struct plan_host *other,
               bool from_is_new)
{
    for (size_t b = 0; b < from->batch_count; b++) {
        for (size_t s = 0; s < from->batches[b].step_count; s++) {
            const struct plan_step *step = &from->batches[b].steps[s];
            struct place here = { step, b + 1 }, there = find_step (other, step->component);

            if (!from_is_new) {
                add_change (all, from->name, step->component, &here, &there);
            } else if (there.step == NULL) {
                add_change (all, from->name, step->component, &there, &here);
            }
        }
    }
}

/* Both host lists are sorted by name. */
json_t *
plan_diff (const struct plan *a, const struct plan *b)
{
    json_t *all = json_array ();
    size_t i = 0, k = 0;

    while (i < a->host_count || k < b->host_count) {
        int order = i == a->host_count   ? 1
                    : k == b->host_count ? -1
                                         : str_compare_natural (a->hosts[i].name, b->hosts[k].name);
        const struct plan_host *x = order <= 0 ? &a->hosts[i++] : NULL;
        const struct plan_host *y = order >= 0 ? &b->hosts[k++] : NULL;

        if (x != NULL) {
            compare_steps (all, x, y, false);
        }
        if (y != NULL) {
            compare_steps (all, y, x, true);
        }
    }
    return all;
}
