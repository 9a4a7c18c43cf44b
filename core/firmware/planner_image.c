/* planner_image: which image of the repository answers a wish.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/str.h"
#include "firmware/planner_private.h"

/* Either word for the vendor may fit. */
static bool
fits (const struct planner_work *w, const struct image *i, const char **ret_why)
{
    return (w->manufacturer != NULL &&
            image_fits (i, w->component, w->manufacturer, w->host->model, NULL)) ||
           image_fits (i, w->component, w->host->vendor, w->host->model, ret_why);
}

/* An image for this very model and part goes before one for all. */
static int
specificity (const struct image *i)
{
    bool any_model = i->match_model == NULL || str_eq (i->match_model, "*");

    return (any_model ? 0 : 2) + (i->match_key_count > 0 ? 1 : 0);
}

/* The images of the component's type: from *ret_first up to the returned end. */
static size_t
range (const struct planner_work *w, size_t *ret_first)
{
    *ret_first = w->images->first[w->component->type];
    return w->images->first[w->component->type + 1];
}

/* Of two that answer equally well the other one is *rival: which of them is meant is not known. */
static void
keep_better (const struct image *i, const struct image **best, const struct image **rival)
{
    int difference = *best == NULL ? 1 : specificity (i) - specificity (*best);

    if (difference > 0) {
        *best = i;
        *rival = NULL;
    } else if (difference == 0 && !str_eq (i->sha256, (*best)->sha256)) {
        *rival = i;
    }
}

static bool
same_version (const struct planner_work *w, const char *a, const char *b)
{
    return str_eq (a, b) ||
           version_compare_with (&w->comparer, w->component->type, a, b) == VERSION_EQUAL;
}

static void
ambiguous (struct planner_choice *c, const struct image *a, const struct image *b)
{
    c->code = "ambiguous";
    buf_printf (&c->reason,
                "two images answer equally well: %s (sha256:%.12s) and %s (sha256:%.12s); name one "
                "with image = \"sha256:…\"",
                a->name, a->sha256, b->name, b->sha256);
}

static void
by_version (struct planner_work *w, const struct planner_wish *wish, struct planner_choice *c)
{
    const struct image *best = NULL, *rival = NULL;
    const char *version = wish->target->version, *why = NULL, *one;
    size_t i, end = range (w, &i), unfit = 0;

    for (; i < end; i++) {
        const struct image *image = w->images->sorted[i];

        if (!same_version (w, image->version, version)) {
            continue;
        }
        if (fits (w, image, &one)) {
            keep_better (image, &best, &rival);
        } else {
            why = one;
            unfit++;
        }
    }
    if (rival != NULL) {
        ambiguous (c, best, rival);
    } else if (best != NULL) {
        c->image = best;
    } else {
        c->code = "no_image";
        buf_printf (&c->reason, "the repository has no %s image %s for it",
                    component_type_name (w->component->type), version);
        if (unfit == 1) {
            buf_printf (&c->reason, " (it has one: %s)", why);
        } else if (unfit > 1) {
            buf_printf (&c->reason, " (it has %zu of that version, none fits)", unfit);
        }
    }
}

static void
by_name (struct planner_work *w, const struct planner_wish *wish, struct planner_choice *c)
{
    const struct image *best = NULL, *rival = NULL;
    const char *why = NULL, *one;
    size_t i, end = range (w, &i);

    for (; i < end; i++) {
        const struct image *image = w->images->sorted[i];

        if (!image_named (image, wish->target->image)) {
            continue;
        }
        if (fits (w, image, &one)) {
            keep_better (image, &best, &rival);
        } else {
            why = one;
        }
    }
    if (rival != NULL) {
        ambiguous (c, best, rival);
    } else if (best != NULL) {
        c->image = best;
    } else {
        c->code = "no_image";
        buf_printf (&c->reason, "image %s is not for it: %s", wish->target->image,
                    why != NULL ? why : "the repository has none of that name and type");
    }
}

/* May the newest image be this one? */
static bool
eligible (const struct planner_work *w, const struct planner_wish *wish, const struct image *i)
{
    const char *floor = wish->target->floor;

    return fits (w, i, NULL) && !baseline_target_blocks (wish->target, &w->comparer, i->version) &&
           (floor == NULL || version_compare_with (&w->comparer, i->type, i->version, floor) !=
                                 VERSION_LESS);
}

/* *unordered: an eligible image whose order with *best is not known. */
static const struct image *
find_newest (struct planner_work *w, const struct planner_wish *wish, const struct image **rival,
             const struct image **unordered)
{
    const struct image *best = NULL;
    size_t first, end = range (w, &first);

    *rival = *unordered = NULL;
    for (size_t i = first; i < end; i++) {
        const struct image *image = w->images->sorted[i];

        if (eligible (w, wish, image) &&
            (best == NULL || version_compare_with (&w->comparer, image->type, image->version,
                                                   best->version) == VERSION_GREATER)) {
            best = image;
        }
    }
    for (size_t i = first; best != NULL && i < end; i++) {
        const struct image *image = w->images->sorted[i];
        enum version_order order = version_compare_with (&w->comparer, image->type, image->version,
                                                         best->version);

        if (image == best || !eligible (w, wish, image)) {
            continue;
        }
        if (order == VERSION_EQUAL) {
            keep_better (image, &best, rival);
        } else if (order != VERSION_LESS) {
            *unordered = image;
        }
    }
    return best;
}

static void
by_age (struct planner_work *w, const struct planner_wish *wish, struct planner_choice *c)
{
    const struct image *rival, *unordered, *best = find_newest (w, wish, &rival, &unordered);

    if (best == NULL) {
        c->code = "no_image";
        buf_printf (&c->reason, "the repository has no %s image for it",
                    component_type_name (w->component->type));
    } else if (unordered != NULL) {
        c->code = "incomparable";
        buf_printf (&c->reason, "which of the images %s and %s is newer is not known",
                    best->version, unordered->version);
    } else if (rival != NULL) {
        ambiguous (c, best, rival);
    } else {
        c->image = best;
    }
}

void
planner_choose_image (struct planner_work *w, const struct planner_wish *wish,
                      struct planner_choice *ret)
{
    *ret = (struct planner_choice){ .image = NULL };
    switch (wish->target->want) {
    case BASELINE_VERSION:
        by_version (w, wish, ret);
        break;
    case BASELINE_IMAGE:
        by_name (w, wish, ret);
        break;
    case BASELINE_LATEST:
        by_age (w, wish, ret);
        break;
    case BASELINE_MANUAL:
        break;
    }
}

const struct image *
planner_image_of_version (struct planner_work *w, const char *version)
{
    const struct image *best = NULL, *rival = NULL;
    size_t i, end = range (w, &i);

    for (; i < end; i++) {
        const struct image *image = w->images->sorted[i];

        if (same_version (w, image->version, version) && fits (w, image, NULL)) {
            keep_better (image, &best, &rival);
        }
    }
    return rival == NULL ? best : NULL;
}
