/* planner_batch: the order of the steps of one host, and which of them share an activation.
 *
 * Ranks are kept: no step goes before one of a lower rank. Within a rank, steps are taken in the
 * order that lets the most of them join the batch before or the batch after.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "firmware/planner_private.h"

/* Steps of one kind can share an activation; FREE ones join any. */
enum kind { KIND_FREE, KIND_BMC, KIND_HOST };

struct builder {
    struct plan_batch *batches;
    size_t count;
    bool open;                     /* the last batch takes further steps */
    bool off_before;               /* it ends with steps that switch the host off first */
    enum kind kind;                /* of the open batch */
};

/* The steps of one rank. */
struct group {
    struct plan_step *steps;
    size_t count;
};

static enum kind
kind_of (const struct plan_step *s)
{
    if (s->reboot >= FARRIER_REBOOT_HOST_RESET) {
        return KIND_HOST;
    }
    return s->reboot == FARRIER_REBOOT_BMC_RESET || s->drops_bmc ? KIND_BMC : KIND_FREE;
}

static int
compare_steps (const void *a, const void *b)
{
    const struct plan_step *x = a, *y = b;
    bool x_off = x->reboot == FARRIER_REBOOT_HOST_OFF_BEFORE;
    bool y_off = y->reboot == FARRIER_REBOOT_HOST_OFF_BEFORE;

    if (x->order_rank != y->order_rank) {
        return x->order_rank < y->order_rank ? -1 : 1;
    }
    if (x_off != y_off) {
        return x_off ? 1 : -1;
    }
    if (x->type != y->type) {
        return x->type < y->type ? -1 : 1;
    }
    return str_compare_natural (x->component, y->component);
}

static void
append (struct builder *b, const struct plan_step *s)
{
    enum kind kind = kind_of (s);
    bool off_before = s->reboot == FARRIER_REBOOT_HOST_OFF_BEFORE;
    bool joins = b->open && !s->exclusive && (!b->off_before || off_before) &&
                 (kind == KIND_FREE || b->kind == KIND_FREE || kind == b->kind);
    struct plan_batch *batch;

    if (!joins) {
        b->batches = mem_realloc (b->batches, (b->count + 1) * sizeof (*b->batches));
        b->batches[b->count++] = (struct plan_batch){ .steps = NULL };
        b->kind = KIND_FREE;
        b->off_before = false;
    }
    batch = &b->batches[b->count - 1];
    batch->steps = mem_realloc (batch->steps, (batch->step_count + 1) * sizeof (*batch->steps));
    batch->steps[batch->step_count++] = *s;
    batch->reboot = s->reboot > batch->reboot ? s->reboot : batch->reboot;
    b->kind = kind != KIND_FREE ? kind : b->kind;
    b->off_before = b->off_before || off_before;
    b->open = !s->exclusive;
}

static bool
has_kind (const struct group *g, enum kind kind)
{
    for (size_t i = 0; i < g->count; i++) {
        if (!g->steps[i].exclusive && kind_of (&g->steps[i]) == kind) {
            return true;
        }
    }
    return false;
}

static void
append_kind (struct builder *b, const struct group *g, enum kind kind)
{
    for (size_t i = 0; i < g->count; i++) {
        if (!g->steps[i].exclusive && kind_of (&g->steps[i]) == kind) {
            append (b, &g->steps[i]);
        }
    }
}

static void
append_exclusive (struct builder *b, const struct group *g)
{
    for (size_t i = 0; i < g->count; i++) {
        if (g->steps[i].exclusive) {
            append (b, &g->steps[i]);
        }
    }
}

/* next may be empty. */
static void
append_group (struct builder *b, const struct group *g, const struct group *next)
{
    enum kind first = KIND_BMC, second = KIND_HOST;

    if (b->open && b->kind == KIND_HOST) {
        first = KIND_HOST;
    } else if ((!b->open || b->kind == KIND_FREE) && has_kind (next, KIND_BMC) &&
               !has_kind (next, KIND_HOST)) {
        first = KIND_HOST;
    }
    second = first == KIND_HOST ? KIND_BMC : KIND_HOST;
    append_kind (b, g, KIND_FREE);
    if (b->open && b->kind == first) {
        append_kind (b, g, first);
        append_exclusive (b, g);
    } else {
        append_exclusive (b, g);
        append_kind (b, g, first);
    }
    append_kind (b, g, second);
}

static struct group
group_at (struct plan_step *steps, size_t count, size_t at)
{
    struct group g = { .steps = steps + at };

    while (at + g.count < count && g.steps[g.count].order_rank == g.steps[0].order_rank) {
        g.count++;
    }
    return g;
}

static void
set_activation (struct plan_batch *batch)
{
    bool all_at_once = true;

    for (size_t i = 0; i < batch->step_count; i++) {
        all_at_once = all_at_once && batch->steps[i].applies_at_once;
    }
    batch->activate_now = batch->reboot != FARRIER_REBOOT_NONE && !all_at_once;
    batch->verify_now = true;
}

void
planner_make_batches (struct plan_step *steps, size_t count, bool defer_host_reboot,
                      struct plan_batch **ret, size_t *ret_count)
{
    struct builder b = { .batches = NULL };
    struct plan_batch *last;

    if (count > 1) {
        qsort (steps, count, sizeof (*steps), compare_steps);
    }
    for (size_t at = 0; at < count;) {
        struct group g = group_at (steps, count, at);
        struct group next = group_at (steps, count, at + g.count);

        append_group (&b, &g, &next);
        at += g.count;
    }
    for (size_t i = 0; i < b.count; i++) {
        set_activation (&b.batches[i]);
    }
    last = b.count > 0 ? &b.batches[b.count - 1] : NULL;
    if (defer_host_reboot && last != NULL && last->activate_now &&
        last->reboot >= FARRIER_REBOOT_HOST_RESET) {
        last->activate_now = false;
        last->verify_now = false;
    }
    mem_free (steps);
    *ret = b.batches;
    *ret_count = b.count;
}
