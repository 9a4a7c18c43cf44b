/* planner_decide: what happens to one component, and why.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/mem.h"
#include "base/str.h"
#include "firmware/planner_private.h"

static void
skip (struct planner_work *w, struct planner_decision *d, enum plan_skip_outcome outcome,
      const char *code, char *reason)
{
    const struct component *c = w->component;

    d->skip = (struct plan_skip){ .component = str_dup (c->key), .type = c->type,
                                  .name = str_dup (c->name), .version = str_dup (c->version),
                                  .outcome = outcome, .code = str_dup (code), .reason = reason };
}

static enum version_order
order (struct planner_work *w, const char *a, const char *b)
{
    return version_compare_with (&w->comparer, w->component->type, a, b);
}

/* What needs no image to be decided. True: decided. */
static bool
decide_without_image (struct planner_work *w, const struct planner_wish *wish,
                      struct planner_decision *d)
{
    const struct component *c = w->component;

    if (wish->target == NULL) {
        skip (w, d, PLAN_NOOP, "not_matched", str_dup ("no target of a baseline is about it"));
        return true;
    }
    if (wish->target->want == BASELINE_MANUAL) {
        skip (w, d, PLAN_NOOP, "manual", str_printf ("baseline %s leaves it alone (policy manual)",
                                                     wish->baseline->name));
        return true;
    }
    if (str_case_eq (c->status, "StandbySpare")) {
        skip (w, d, PLAN_NOOP, "standby",
              str_dup ("it is the standby copy; the active one counts"));
        return true;
    }
    if (!version_present (c->version)) {
        skip (w, d, PLAN_NO_SOLUTION, "no_version",
              str_dup ("the BMC shows no version, so nothing could be verified"));
        return true;
    }
    return false;
}

/* The component runs what is wanted, or something newer. */
static void
decide_kept (struct planner_work *w, const struct planner_wish *wish, const char *wanted,
             enum version_order installed, struct planner_decision *d)
{
    const struct component *c = w->component;

    if (!str_empty (c->pending) && order (w, c->pending, c->version) != VERSION_EQUAL) {
        skip (w, d, PLAN_BLOCKED, "pending",
              str_printf ("it runs %s, but %s is staged and would run after the next reboot",
                          c->version, c->pending));
    } else if (installed == VERSION_EQUAL) {
        skip (w, d, PLAN_NOOP, "at_version", str_printf ("already at %s", c->version));
    } else if (wish->target->pin) {
        skip (w, d, PLAN_NO_SOLUTION, "downgrade",
              str_printf ("%s is newer than the pinned %s, and allow_downgrade is not set",
                          c->version, wanted));
    } else {
        skip (w, d, PLAN_NOOP, "newer", str_printf ("%s is newer than %s, and allow_downgrade is "
                                                    "not set", c->version, wanted));
    }
}

/* The order of what runs and what is wanted. True: decided, nothing is to be installed. */
static bool
decide_by_order (struct planner_work *w, const struct planner_wish *wish, const char *wanted,
                 bool *ret_downgrade, struct planner_decision *d)
{
    const struct component *c = w->component;
    const struct baseline_target *t = wish->target;
    enum version_order installed = str_eq (c->version, wanted) ? VERSION_EQUAL
                                                               : order (w, c->version, wanted);

    *ret_downgrade = installed == VERSION_GREATER;
    if (installed == VERSION_LESS) {
        return false;
    }
    if (installed == VERSION_INCOMPARABLE) {
        if (t->allow_downgrade) {
            return false;
        }
        skip (w, d, PLAN_NO_SOLUTION, "incomparable",
              str_printf ("whether %s is older than %s is not known; allow_downgrade = true would "
                          "install it anyway", c->version, wanted));
        return true;
    }
    if (installed == VERSION_GREATER && t->allow_downgrade) {
        return false;
    }
    if (installed == VERSION_GREATER && baseline_target_blocks (t, &w->comparer, c->version)) {
        skip (w, d, PLAN_NO_SOLUTION, "blocked_version",
              str_printf ("%s is forbidden by baseline %s, but newer than %s, and allow_downgrade "
                          "is not set", c->version, wish->baseline->name, wanted));
        return true;
    }
    decide_kept (w, wish, wanted, installed, d);
    return true;
}

/* An image is wanted and there is one: may it be installed? True: decided, it may not. */
static bool
decide_obstacles (struct planner_work *w, const struct planner_wish *wish, const char *wanted,
                  struct planner_decision *d)
{
    const struct component *c = w->component;
    const struct baseline_target *t = wish->target;

    if (t->floor != NULL && order (w, wanted, t->floor) == VERSION_LESS) {
        skip (w, d, PLAN_NO_SOLUTION, "floor",
              str_printf ("%s is below the floor %s of baseline %s", wanted, t->floor,
                          wish->baseline->name));
    } else if (baseline_target_blocks (t, &w->comparer, wanted)) {
        skip (w, d, PLAN_NO_SOLUTION, "blocked_version",
              str_printf ("%s is forbidden by baseline %s", wanted, wish->baseline->name));
    } else if (c->updateable == 0) {
        skip (w, d, PLAN_NO_SOLUTION, "not_updateable",
              str_dup ("the BMC says that it cannot be updated"));
    } else if (!str_empty (c->pending)) {
        skip (w, d, PLAN_BLOCKED, "pending",
              str_printf ("%s is already staged and waits for its reboot", c->pending));
    } else {
        return false;
    }
    return true;
}

static void
decide_no_image (struct planner_work *w, const struct planner_wish *wish, struct planner_choice *c,
                 struct planner_decision *d)
{
    /* `latest` with an empty shelf asks for nothing; a version that is not there cannot be met. */
    bool nothing_wanted = wish->target->want == BASELINE_LATEST && str_eq (c->code, "no_image");

    skip (w, d, nothing_wanted ? PLAN_NOOP : PLAN_NO_SOLUTION, c->code, buf_steal (&c->reason));
}

static enum plan_risk
risk_of (const struct planner_effects *e, bool rollback_ready, bool downgrade)
{
    int risk = PLAN_RISK_LOW;

    if (e->reboot >= FARRIER_REBOOT_HOST_RESET) {
        risk = PLAN_RISK_MEDIUM;
    }
    if (e->reboot >= FARRIER_REBOOT_HOST_OFF_BEFORE || downgrade) {
        risk = PLAN_RISK_HIGH;
    }
    if (!rollback_ready && risk < PLAN_RISK_HIGH) {
        risk++;
    }
    return (enum plan_risk) risk;
}

static void
fill_rollback (struct planner_work *w, const struct planner_wish *wish,
               const struct planner_effects *e, struct plan_step *s)
{
    const struct baseline_target *t = wish->target;
    const struct image *back = planner_image_of_version (w, s->from);

    if (t->floor != NULL && order (w, s->from, t->floor) == VERSION_LESS) {
        s->rollback_reason = str_printf ("not ready, %s is below the floor %s", s->from, t->floor);
    } else if (baseline_target_blocks (t, &w->comparer, s->from)) {
        s->rollback_reason = str_printf ("not ready, %s is forbidden by the baseline", s->from);
    } else if (e->can_rollback) {
        s->rollback_ready = true;
        s->rollback_reason = str_printf ("ready, the BMC keeps %s in a bank of its own", s->from);
    } else if (back != NULL) {
        s->rollback_ready = true;
        s->rollback_reason = str_printf ("ready, image %s %s is in the repository", back->name,
                                         back->version);
    } else {
        s->rollback_reason = str_printf ("not ready, the repository has no image of %s", s->from);
    }
    if (s->rollback_ready && back != NULL) {
        s->rollback_image_sha256 = str_dup (back->sha256);
    }
}

static char *
why (const struct planner_wish *wish, const char *wanted, bool downgrade)
{
    char *what = baseline_target_text (wish->target);
    bool named = wish->target->want == BASELINE_VERSION;
    char *text = str_printf ("baseline %s wants %s%s%s%s (%s:%u)%s", wish->baseline->name, what,
                             named ? "" : " (", named ? "" : wanted, named ? "" : ")",
                             wish->baseline->file, wish->target->line,
                             downgrade ? ", a downgrade that it allows" : "");

    mem_free (what);
    return text;
}

static void
fill_effects (struct planner_work *w, const struct image *i, struct plan_step *s,
              struct planner_effects *ret)
{
    const struct planner_input *in = w->in;
    struct planner_durations d = { 0, 0 };

    planner_default_effects (w->component->type, ret);
    if (in->effects != NULL) {
        struct planner_effects told = { .order_rank = ret->order_rank };

        if (in->effects (in->ctx, w->host, w->component, i, &told)) {
            *ret = told;
        }
    }
    if (in->durations == NULL || !in->durations (in->ctx, w->host, w->component, i, &d)) {
        d.p50_ms = ret->expected_ms;
        d.p95_ms = ret->expected_ms * 2;
    }
    s->p50_ms = d.p50_ms;
    s->p95_ms = d.p95_ms;
    s->reboot = ret->reboot;
    s->drops_bmc = ret->drops_bmc;
    s->exclusive = ret->exclusive;
    s->applies_at_once = ret->applies_at_once;
    s->order_rank = ret->order_rank;
}

static void
install (struct planner_work *w, const struct planner_wish *wish, const struct image *i,
         bool downgrade, struct planner_decision *d)
{
    const struct component *c = w->component;
    struct plan_step *s = &d->step;
    struct planner_effects e;

    d->install = true;
    s->component = str_dup (c->key);
    s->type = c->type;
    s->name = str_dup (c->name);
    s->uri = str_dup (c->uri);
    s->version_pointer = str_dup (component_version_pointer (c));
    s->from = str_dup (c->version);
    s->to = str_dup (i->version);
    s->image_sha256 = str_dup (i->sha256);
    s->image_name = str_dup (i->name);
    s->image_size_bytes = i->size_bytes;
    s->why = why (wish, i->version, downgrade);
    s->baseline = str_dup (wish->baseline->name);
    s->downgrade = downgrade;
    fill_effects (w, i, s, &e);
    fill_rollback (w, wish, &e, s);
    s->risk = risk_of (&e, s->rollback_ready, downgrade);
}

void
planner_decide (struct planner_work *w, const struct planner_wish *wish,
                struct planner_decision *ret)
{
    struct planner_choice choice = { .image = NULL };
    bool downgrade = false;

    *ret = (struct planner_decision){ .install = false };
    if (decide_without_image (w, wish, ret)) {
        return;
    }
    /* A wanted version can be there already without any image of it. */
    if (wish->target->want == BASELINE_VERSION &&
        decide_by_order (w, wish, wish->target->version, &downgrade, ret)) {
        return;
    }
    planner_choose_image (w, wish, &choice);
    if (choice.image == NULL) {
        decide_no_image (w, wish, &choice, ret);
    } else if (wish->target->want == BASELINE_VERSION ||
               !decide_by_order (w, wish, choice.image->version, &downgrade, ret)) {
        if (!decide_obstacles (w, wish, choice.image->version, ret)) {
            install (w, wish, choice.image, downgrade, ret);
        }
    }
    buf_free (&choice.reason);
}
