/* planner_wish: which target of which baseline is about a component.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/str.h"
#include "firmware/planner_private.h"

static int32_t
overlap (const struct planner_work *w, const struct planner_wish *a, const struct planner_wish *b,
         struct err *err)
{
    err_set (err, ERR_SYNTAX,
             "%s '%s' of host '%s' is wanted at %s:%u (baseline '%s') and at %s:%u (baseline "
             "'%s') with the same priority %d",
             component_type_name (w->component->type), w->component->key, w->host->name,
             a->baseline->file, a->target->line, a->baseline->name, b->baseline->file,
             b->target->line, b->baseline->name, a->target->priority);
    err_hint (err, "give one of the two targets a higher priority, or narrow its match");
    return ERR_SYNTAX;
}

static bool
matches (const struct planner_work *w, const struct baseline_target *t, const char *vendor)
{
    return baseline_target_matches (t, w->component, vendor, w->host->model, w->host->facts,
                                    w->host->fact_count);
}

int32_t
planner_find_wish (struct planner_work *w, struct planner_wish *ret, struct err *err)
{
    struct planner_wish best = { NULL, NULL }, rival = { NULL, NULL };

    for (size_t i = 0; i < w->baseline_count; i++) {
        const struct baseline *b = w->baselines[i];

        for (size_t t = 0; t < b->target_count; t++) {
            const struct baseline_target *target = &b->targets[t];

            if (best.target != NULL && target->priority < best.target->priority) {
                continue;
            }
            if (!matches (w, target, w->host->vendor) &&
                (w->manufacturer == NULL || !matches (w, target, w->manufacturer))) {
                continue;
            }
            rival.target = NULL;
            if (best.target != NULL && best.target->priority == target->priority) {
                rival = best;
            }
            best = (struct planner_wish){ b, target };
        }
    }
    if (rival.target != NULL) {
        return overlap (w, &rival, &best, err);
    }
    *ret = best;
    return 0;
}
