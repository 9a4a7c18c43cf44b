/* planner_private: what the rooms of the planner share.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FIRMWARE_PLANNER_PRIVATE_H
#define FARRIER_FIRMWARE_PLANNER_PRIVATE_H

#include "base/buf.h"
#include "firmware/planner.h"

/* The images by type, each type's sorted by image_compare(). */
struct planner_images {
    const struct image **sorted;
    size_t first[COMPONENT_TYPE_COUNT + 1];
};

/* One host being planned. */
struct planner_work {
    const struct planner_input *in;
    const struct planner_images *images;
    const struct planner_host *host;
    const char *manufacturer;              /* the host's fact; NULL when there is none */
    const struct component *component;     /* the one being decided */
    struct version_comparer comparer;      /* of this host; ctx is this struct */
    const struct baseline **baselines;     /* those that select the host */
    size_t baseline_count;
};

/* What the baselines say about a component. */
struct planner_wish {
    const struct baseline *baseline;
    const struct baseline_target *target;
};

/* A step, or a reason why there is none. */
struct planner_decision {
    bool install;
    struct plan_step step;
    struct plan_skip skip;
};

/* planner_wish.c: the target of the highest priority; target NULL when none is about it.
 * ERR_SYNTAX when two of one priority are. */
int32_t planner_find_wish (struct planner_work *w, struct planner_wish *ret, struct err *err);

/* planner_image.c */
struct planner_choice {
    const struct image *image;             /* NULL: none */
    const char *code;                      /* why none: a code of plan_skip */
    struct buf reason;                     /* … in words; buf_free it */
};

void planner_choose_image (struct planner_work *w, const struct planner_wish *wish,
                           struct planner_choice *ret);
/* The only best image of exactly this version that fits, or NULL. */
const struct image *planner_image_of_version (struct planner_work *w, const char *version);

/* planner_decide.c: never fails; all strings of *ret are on the heap. */
void planner_decide (struct planner_work *w, const struct planner_wish *wish,
                     struct planner_decision *ret);

/* planner_batch.c: takes the steps over (the array too). */
void planner_make_batches (struct plan_step *steps, size_t count, bool defer_host_reboot,
                           struct plan_batch **ret, size_t *ret_count);

/* plan_json.c */
void plan_seal (struct plan *p);           /* fills in the digest */

#endif
