/* action_plan: `plan` loads what was approved and checks that it still fits; `verify` compares a
 * fresh inventory with what was to be installed. Neither ever chooses.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/action.h"
#include "engine/engine_private.h"
#include "engine/outcome.h"
#include "engine/step.h"
#include "farrier/sdk.h"
#include "firmware/version.h"

static const struct component *
find_component (const struct farrier_step *step, const char *key)
{
    const struct vec *all = step->in.load_components (step->in.load_arg);
    for (size_t i = 0; i < all->count; i++) {
        const struct component *c = vec_at (all, i);
        if (str_eq (c->key, key))
            return c;
    }
    return NULL;
}

static void
say_outcome (struct farrier_step *step, const char *component, enum outcome o,
             const char *measured, const char *why)
{
    json_t *v = json_object ();
    json_put_str (v, "component", component);
    json_put_str (v, "outcome", outcome_name (o));
    if (measured != NULL)
        json_put_str (v, "measured", measured);
    if (why != NULL)
        json_put (v, "cause", json_pack ("{ss}", "message", why));
    json_array_append_new (step->outcomes, v);
}

/* --- plan ----------------------------------------------------------------------------------- */

/* 1: the step stays; 0: it runs the wanted version already; negative: the plan is stale. */
static int32_t
still_fits (struct farrier_step *step, const json_t *v, struct farrier_error *err)
{
    const char *key = json_str_or (v, "/component", "");
    const char *from = json_str (v, "/from"), *to = json_str_or (v, "/to", "");
    const struct component *c = find_component (step, key);
    if (c == NULL)
        return farrier_fail (step, err, FARRIER_E_STALE,
                             "component %s of the plan is not in the inventory any more", key);
    if (str_eq (c->version, to) && c->pending == NULL) {
        say_outcome (step, key, OUTCOME_NOOP, c->version, "it runs the wanted version already");
        return 0;
    }
    if (!str_eq (c->version, from))
        return farrier_fail (step, err, FARRIER_E_STALE,
                             "%s runs %s, the plan was made for %s (to %s)", key,
                             c->version == NULL ? "an unknown version" : c->version,
                             from == NULL ? "an unknown version" : from, to);
    if (c->pending != NULL)
        return farrier_fail (step, err, FARRIER_E_STALE, "%s has %s pending already", key,
                             c->pending);
    return 1;
}

/* What is there already needs no step; a batch without steps is no batch. */
static int32_t
trim (struct farrier_step *step, json_t *plan, struct farrier_error *err)
{
    json_t *batches = json_object_get (plan, "batches");
    for (size_t b = json_array_size (batches); b-- > 0;) {
        json_t *steps = json_object_get (json_array_get (batches, b), "steps");
        for (size_t i = json_array_size (steps); i-- > 0;) {
            int32_t rc = still_fits (step, json_array_get (steps, i), err);
            if (rc < 0)
                return rc;
            if (rc == 0)
                json_array_remove (steps, i);
        }
        if (json_array_size (steps) == 0)
            json_array_remove (batches, b);
    }
    return FARRIER_OK;
}

static int32_t
load_plan (struct farrier_step *step, const char *plan_id, json_t **ret, struct farrier_error *err)
{
    struct store_plan_host *row = NULL;
    struct err why;
    if (store_plan_host_get (step->in.engine->o.store, plan_id, step->in.host_id, &row, &why) != 0)
        return farrier_fail (step, err, FARRIER_E_STALE, "%s", why.message);
    *ret = json_parse (row->doc_json, strlen (row->doc_json), &why);
    store_plan_host_free (row);
    return *ret != NULL ? FARRIER_OK
                        : farrier_fail (step, err, FARRIER_E_INTERNAL, "plan %s: %s", plan_id,
                                        why.message);
}

static int32_t
make_plan (struct farrier_step *step, json_t **ret, struct farrier_error *err)
{
    const struct engine_options *o = &step->in.engine->o;
    struct err why;
    if (o->make_plan == NULL) {
        farrier_hint (step, err, "farrier plan create, farrier plan approve, farrier apply");
        return farrier_fail (step, err, FARRIER_E_PRECONDITION, "this job has no approved plan");
    }
    *ret = o->make_plan (o->make_plan_arg, step->in.host_id, farrier_param_str (step, "policy"),
                         &why);
    if (*ret != NULL)
        return FARRIER_OK;
    farrier_hint (step, err, "%s", why.hint);
    return farrier_fail (step, err, why.code > FARRIER_E_LAST_ - 1 ? why.code
                                                                   : FARRIER_E_PRECONDITION,
                         "%s", why.message);
}

int32_t
action_plan_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    json_t *plan = NULL;
    const char *plan_id = json_str (step->in.context, "/job/plan_id");
    int32_t rc = plan_id != NULL ? load_plan (step, plan_id, &plan, err)
                                 : make_plan (step, &plan, err);
    if (rc == FARRIER_OK)
        rc = trim (step, plan, err);
    if (rc != FARRIER_OK) {
        farrier_hint (step, err, "farrier inventory refresh %s, then farrier plan create",
                      step->in.host_name);
        json_decref (plan);
        return rc;
    }
    json_object_set_new (step->context_set, "plan", plan);
    json_object_set (step->results, "value", plan);
    return FARRIER_DONE;
}

/* --- verify --------------------------------------------------------------------------------- */

static void
verify_step (struct farrier_step *step, const json_t *v, struct buf *differing)
{
    const char *key = json_str_or (v, "/component", ""), *to = json_str_or (v, "/to", "");
    const struct component *c = find_component (step, key);
    const char *measured = c == NULL ? NULL : c->version;
    json_t *seen = json_object ();
    json_put_str (seen, "wanted", to);
    json_put_str (seen, "measured", measured);
    json_object_set_new (step->results, key, seen);
    if (version_same (measured, to)) {
        say_outcome (step, key, OUTCOME_VERIFIED, measured, NULL);
        return;
    }
    buf_printf (differing, "%s%s: measured %s, wanted %s", differing->len > 0 ? "; " : "", key,
                measured == NULL ? "no version" : measured, to);
    json_array_append_new (step->failed, json_string (key));
}

static void
verify_batch (struct farrier_step *step, const json_t *batch, struct buf *differing)
{
    size_t i;
    json_t *v;
    if (json_object_get (batch, "component") != NULL)
        verify_step (step, batch, differing);
    json_array_foreach (json_object_get (batch, "steps"), i, v)
        verify_step (step, v, differing);
}

/* `against` is the word "plan" (in whatever quotes), a batch or a step. */
static void
verify_against (struct farrier_step *step, struct buf *differing)
{
    size_t i;
    json_t *batch;
    const json_t *against = json_object_get (step->in.params, "against");
    if (json_is_object (against) && json_object_get (against, "batches") == NULL) {
        verify_batch (step, against, differing);
        return;
    }
    const json_t *plan = json_is_object (against) ? against
                                                  : json_object_get (step->in.context, "plan");
    json_array_foreach (json_object_get (plan, "batches"), i, batch)
        verify_batch (step, batch, differing);
}

int32_t
action_verify_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    struct buf differing = { 0 };
    int64_t measured = json_int_or (step->in.context, "/job/inventory_ms", 0);
    int64_t changed = json_int_or (step->in.context, "/job/changed_ms", 0);
    if (measured < changed || measured == 0)
        return farrier_fail (step, err, FARRIER_E_PRECONDITION,
                             "there is no inventory newer than the last change: an `inventory` "
                             "step must come before `verify`");
    step->failed = json_array ();
    verify_against (step, &differing);
    if (json_array_size (step->failed) == 0) {
        buf_free (&differing);
        return FARRIER_DONE;
    }
    int32_t rc = farrier_fail (step, err, FARRIER_E_VERIFY, "%s", differing.data);
    farrier_hint (step, err, "farrier inventory history %s", step->in.host_name);
    buf_free (&differing);
    return rc;
}
