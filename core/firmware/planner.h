/* planner: a pure function from what is measured and what is wanted to a plan.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FIRMWARE_PLANNER_H
#define FARRIER_FIRMWARE_PLANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "firmware/baseline.h"
#include "firmware/component.h"
#include "firmware/image.h"
#include "firmware/plan.h"
#include "firmware/version.h"

/* A host, borrowed for the call. */
struct planner_host {
    const char *id;
    const char *name;
    /* "dell"; NULL = not known. Where a fact "manufacturer" ("Dell Inc.") is given, either may
     * match the vendor of an image or of a target. */
    const char *vendor;
    const char *model;
    const struct component_pair *facts;     /* "vendor" and "model" need not be repeated here */
    size_t fact_count;
    const struct component_pair *labels;
    size_t label_count;
    const struct component *components;
    size_t component_count;
    const struct plan_guard *identity;      /* what the BMC must show; empty: reported as blocked */
    size_t identity_count;
    /* not NULL: the host may not be changed, and this is the reason */
    const char *blocked;
};

/* What installing an image does; the core's form of struct farrier_effects. */
struct planner_effects {
    enum farrier_reboot reboot;
    bool drops_bmc;
    bool exclusive;
    bool can_rollback;             /* the BMC keeps the previous image in a slot of its own */
    bool applies_at_once;
    int32_t order_rank;            /* lower goes first */
    int64_t expected_ms;           /* 0 = not known */
};

struct planner_durations {
    int64_t p50_ms, p95_ms;
};

/* All callbacks are pure, may be NULL, and get ctx. */
struct planner_input {
    const struct planner_host *hosts;
    size_t host_count;
    const struct baseline *const *baselines;
    size_t baseline_count;
    const struct image *const *images;
    size_t image_count;
    const char *selector;          /* recorded in the plan; may be NULL */
    /* the last host reboot is left to a later phase (activate_now = false) */
    bool defer_host_reboot;

    void *ctx;
    /* Is the host one of this baseline's? NULL: every host given is. */
    bool (*selects) (void *ctx, const struct baseline *b, const struct planner_host *h);
    /* False: the plugin says nothing, planner_default_effects() counts. */
    bool (*effects) (void *ctx, const struct planner_host *h, const struct component *c,
                     const struct image *i, struct planner_effects *ret);
    /* False: nothing learned yet; then the effects' expected_ms is p50 and its double p95. */
    bool (*durations) (void *ctx, const struct planner_host *h, const struct component *c,
                       const struct image *i, struct planner_durations *ret);
    /* The comparer of the host's plugin; false in it = the general order. */
    bool (*compare) (void *ctx, const struct planner_host *h, const struct component *c,
                     const char *a,
                     const char *b, enum version_order *ret);
};

/* BMC: BMC_RESET, drops the BMC, exclusive, rank 10. PSU, drive: NONE, rank 100; CPLD, backplane:
 * AC_CYCLE, exclusive, rank 200. Everything else: HOST_RESET, rank 100. */
void planner_default_effects (enum farrier_component_type type, struct planner_effects *ret);

/* 0 and a plan (which may well be empty), or
 *   ERR_SYNTAX         two entries of the same priority want one component: both file:line are
 *                      named;
 *   FARRIER_E_INVALID  two hosts of one name.
 * The same input, in any order, gives the same digest. Any thread. */
int32_t planner_make (const struct planner_input *in, struct plan **ret, struct err *err);

#endif
