/* run: see run.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/run.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/action.h"
#include "engine/image_handle.h"
#include "engine/reach.h"
#include "engine/record.h"
#include "firmware/component_row.h"
#include "fleet/inventory.h"

const struct plugin_op *
run_op (struct turn *t, struct err *err)
{
    if (t->attempt->plugin == NULL) {
        const struct plugin_op *op = action_op (t->attempt->op);
        if (op == NULL)
            err_set (err, FARRIER_E_UNSUPPORTED, "this version has no action '%s'", t->attempt->op);
        return op;
    }
    return plugin_op_find (t->engine->o.registry,
                           t->attempt->plugin, t->attempt->op, err);
}

/* --- what the callback sees ----------------------------------------------------------------- */

static void
fill_wake (struct farrier_step *step, const struct answer *a)
{
    struct farrier_wake *w = &step->in.wake;
    w->struct_size = sizeof *w;
    if (a == NULL)
        return;
    w->kind = a->kind;
    w->code = a->code;
    w->delivery = a->delivery;
    w->message = a->message;
    w->task_end = a->task_end;
    w->exit_status = a->exit_status;
    w->documents = (uint32_t) a->documents.count;
    w->reads = a->reads;
    w->gap_seen = a->gap_seen;
    w->vendor_id = a->vendor_id;
    w->hint = a->hint;
    step->in.documents = (struct vec *) &a->documents;
    if (a->status != 0 || a->body != NULL)
        w->response = step_response (step, a->status, a->headers, a->body, a->body_len,
                                     a->retry_after_ms);
}

static const struct vec *
load_components (void *arg)
{
    return turn_components (arg);
}

/* What a callback needs for its run and that ends with it. */
struct borrowed {
    json_t *params, *bag;
    struct farrier_image *image;
    char *wake_id, *label;
};

static void
borrow (struct turn *t, struct borrowed *b, const struct answer *a)
{
    struct store_attempt *at = t->attempt;
    json_t *bag = turn_bag (t);
    *b = (struct borrowed) { 0 };
    b->params = json_stored (at->params_json, json_object ());
    b->bag = json_incref (json_object_get (bag, "state"));
    b->image = image_handle (t->engine, at->image_digest);
    if (a != NULL) {
        b->wake_id = str_printf ("%s/%s/%d/%lld", t->job->id, at->step_path, at->number,
                                 (long long) at->seq);
        b->label = str_dup (t->await != NULL ? t->await->label : json_str_or (bag, "/label", ""));
    }
    json_decref (bag);
}

static void
give_back (struct borrowed *b)
{
    json_decref (b->params);
    json_decref (b->bag);
    image_handle_free (b->image);
    mem_free (b->wake_id);
    mem_free (b->label);
}

int32_t
run_callback (struct turn *t, const struct plugin_op *op, enum plugin_callback which,
              const struct answer *answer, struct farrier_step *step,
              struct farrier_error *ret_error)
{
    struct store_attempt *at = t->attempt;
    struct borrowed b;
    borrow (t, &b, answer);
    bool deaf = which == PLUGIN_CALL_CANCEL || turn_bag_flag (t, "finally");
    struct step_input in = {
        .engine = t->engine,
        .op = op,
        .callback = which,
        .job_id = t->job->id,
        .attempt_id = at->id,
        .step_path = at->step_path,
        .host_id = t->row->host_id,
        .host_name = t->job->host_name,
        .action = at->action,
        .attempt = (uint32_t) at->number,
        .deadline_ms = at->deadline_ms,
        .params = b.params,
        .context = t->context,
        .component = turn_component (t, at->component_key),
        .load_components = load_components,
        .load_arg = t,
        .image = b.image,
        .bag = b.bag,
        .cancelled = deaf ? &t->engine->halted : &t->job->cancelled,
    };
    step_init (step, &in);
    fill_wake (step, answer);
    step->in.wake.id = b.wake_id;
    step->in.wake.label = b.label;
    int32_t rc = step_run (step, ret_error);
    step->in.params = NULL;            /* what was borrowed ends here; what was said stays */
    step->in.bag = NULL;
    give_back (&b);
    return rc;
}

/* --- what the callback said ----------------------------------------------------------------- */

static void
keep_results (struct turn *t, const struct farrier_step *step)
{
    const char *component = t->attempt->component_key == NULL ? "" : t->attempt->component_key;
    if (json_object_size (step->results) == 0)
        return;
    json_t *all = json_object_get (t->context, "results");
    if (all == NULL) {
        all = json_object ();
        json_object_set_new (t->context, "results", all);
    }
    json_t *own = json_object_get (all, component);
    if (own == NULL) {
        own = json_object ();
        json_object_set_new (all, component, own);
    }
    const char *name;
    json_t *value;
    json_object_foreach (step->results, name, value) {
        json_object_set (own, name, value);
        char *text = json_text (value);
        struct store_result row = { .job_id = t->job->id, .component_key = (char *) component,
                                    .name = (char *) name, .value_json = text };
        store_batch_result_put (turn_batch (t), &row);
        mem_free (text);
    }
    t->context_changed = true;
}

static void
keep_needs (struct turn *t, const struct farrier_step *step)
{
    if (step->needs == 0 && step->needs_done == 0)
        return;
    uint32_t mask = record_needs_mask (t->context);
    record_set_needs (t->context, (mask | step->needs) & ~step->needs_done);
    t->context_changed = true;
    if (step->needs_done != 0 && t->attempt->component_key == NULL)
        turn_outcome_all (t, OUTCOME_ACCEPTED, OUTCOME_FLASHED, OUTCOME_ACTIVATED, NULL);
}

static void
keep_facts (struct turn *t, const struct farrier_step *step)
{
    if (json_object_size (step->facts) == 0)
        return;
    json_t *facts = json_object_get (t->context, "facts");
    if (facts == NULL) {
        facts = json_object ();
        json_object_set_new (t->context, "facts", facts);
    }
    json_object_update (facts, step->facts);
    json_t *job = json_object_get (t->context, "job");
    if (job != NULL && json_object_get (job, "power_before") == NULL
        && json_object_get (facts, "power_state") != NULL)
        json_object_set (job, "power_before", json_object_get (facts, "power_state"));
    t->context_changed = true;
}

static void
mark_time (struct turn *t, const char *name)
{
    json_t *job = json_object_get (t->context, "job");
    if (job != NULL)
        json_put_int (job, name, clock_wall_ms ());
    t->context_changed = true;
}

/* identify: who it is and what it is, without components. */
static int32_t
keep_identity (struct turn *t, const struct store_host *host,
               const struct inventory_reading *reading, struct err *err)
{
    json_t *recorded = json_stored (host->identity_json, json_array ());
    enum identity_verdict verdict = identity_compare (recorded, reading->identity, err);
    bool none = json_array_size (recorded) == 0;
    json_decref (recorded);
    if (verdict == IDENTITY_DIFFERENT) {
        inventory_batch_identity_changed (turn_batch (t), host, reading->identity, err);
        return FARRIER_E_PRECONDITION;
    }
    char *identity = none && reading->identity != NULL ? json_text (reading->identity) : NULL;
    char *facts = reading->facts == NULL ? NULL : json_text (reading->facts);
    struct store_host row = { .id = host->id, .identity_json = identity, .facts_json = facts,
                              .excluded = -1, .updated_ms = clock_wall_ms () };
    store_batch_host_update (turn_batch (t), &row);
    mem_free (identity);
    mem_free (facts);
    return 0;
}

/* What the op's callbacks said of the host's identity, this one or those before it. New reference,
 * NULL: nothing. */
static json_t *
measured_identity (struct turn *t, const struct farrier_step *step)
{
    if (json_array_size (step->identity) > 0)
        return json_incref (step->identity);
    json_t *bag = turn_bag (t);
    json_t *before = json_incref (json_object_get (bag, "identity"));
    json_decref (bag);
    return before;
}

/* `identify` need not be asked in a workflow whose `inventory` has told the identity. */
static void
mark_identified (struct turn *t, const json_t *identity)
{
    json_t *job = json_object_get (t->context, "job");
    if (identity == NULL || job == NULL)
        return;
    json_put_bool (job, "identified", true);
    t->context_changed = true;
}

static int32_t
keep_inventory (struct turn *t, const struct farrier_step *step, struct err *err)
{
    bool inventory = str_eq (t->attempt->op, "inventory");
    if (!inventory && json_array_size (step->identity) == 0 && json_object_size (step->facts) == 0)
        return 0;
    struct store_host *host = NULL;
    int32_t rc = store_host_get (t->engine->o.store, t->row->host_id, &host, err);
    if (rc != 0)
        return rc;
    char *cause = str_printf ("job %s", t->job->id);
    json_t *facts = json_incref (json_object_get (t->context, "facts"));
    json_t *identity = measured_identity (t, step);
    size_t count = step->components.count;
    struct store_component *rows = mem_array (count + 1, sizeof *rows);
    for (size_t i = 0; i < count; i++)
        component_to_row (vec_at (&step->components, i), t->row->host_id, &rows[i]);
    struct inventory_reading reading = {
        .at_ms = clock_wall_ms (),
        .components = rows,
        .count = count,
        .identity = identity,
        .facts = facts,
        .cause = cause,
    };
    if (inventory) {
        rc = inventory_batch_put (turn_batch (t), host, &reading, err);
        if (rc == 0) {
            mark_time (t, "inventory_ms");
            turn_measured (t, &step->components);
        }
    } else {
        rc = keep_identity (t, host, &reading, err);
    }
    if (rc == 0)
        mark_identified (t, identity);
    for (size_t i = 0; i < count; i++)
        store_component_clear (&rows[i]);
    mem_free (rows);
    json_decref (facts);
    json_decref (identity);
    mem_free (cause);
    store_host_free (host);
    return rc;
}

void
run_keep_outcomes (struct turn *t, const struct farrier_step *step)
{
    static const enum outcome rungs[] = { OUTCOME_PLANNED, OUTCOME_ACCEPTED, OUTCOME_STAGED,
                                          OUTCOME_FLASHED, OUTCOME_ACTIVATED };
    if (step->rung >= 0 && t->attempt->component_key != NULL)
        turn_outcome (t, t->attempt->component_key, rungs[step->rung], NULL, NULL);
    size_t i;
    json_t *v;
    json_array_foreach (step->outcomes, i, v) {
        enum outcome o;
        if (outcome_from_name (json_str_or (v, "/outcome", ""), &o))
            turn_outcome (t, json_str_or (v, "/component", ""), o, json_str (v, "/measured"),
                          json_incref (json_object_get (v, "cause")));
    }
}

static void
keep_context (struct turn *t, const struct farrier_step *step)
{
    const char *name;
    json_t *value;
    json_object_foreach (step->context_set, name, value) {
        json_object_set (t->context, name, value);
        t->context_changed = true;
    }
}

static void
keep_binding (struct turn *t, const struct farrier_step *step)
{
    if (step->bind_plugin == NULL)
        return;
    turn_bind (t, step->bind_plugin);
    turn_event (t, "host.bound", json_pack ("{ss}", "plugin", step->bind_plugin));
}

/* A context that grows past its limit could not be journaled any more. */
static int32_t
check_size (const struct turn *t, struct err *err)
{
    size_t size = t->context_changed ? workflow_context_size (t->context) : 0;
    if (size <= WORKFLOW_CONTEXT_MAX)
        return 0;
    return err_set (err, FARRIER_E_NO_SPACE,
                    "the job's context would have %zu bytes, %d are allowed", size,
                    WORKFLOW_CONTEXT_MAX);
}

/* Does it say something that goes into the context? */
static bool
says_much (const struct farrier_step *step)
{
    return json_object_size (step->results) + json_object_size (step->facts)
           + json_object_size (step->context_set) > 0;
}

int32_t
run_keep (struct turn *t, const struct farrier_step *step, bool ended, struct err *err)
{
    json_t *bag = turn_bag (t);
    json_object_set (bag, "state", step->bag);
    if (step->critical_said)
        json_put_bool (bag, "critical", step->critical);
    if (!ended && json_array_size (step->identity) > 0)
        json_object_set (bag, "identity", step->identity);
    turn_put_bag (t, bag);
    json_t *before = says_much (step) ? json_deep_copy (t->context) : NULL;
    keep_results (t, step);
    keep_needs (t, step);
    keep_facts (t, step);
    run_keep_outcomes (t, step);
    keep_context (t, step);
    keep_binding (t, step);
    if (json_array_size (step->sensors) > 0)
        turn_event (t, "host.sensors", json_incref (step->sensors));
    if (step->permille >= 0 || step->progress_text != NULL) {
        json_t *body = json_object ();
        json_put_int (body, "permille", turn_progress (t, step->permille));
        json_put_str (body, "text", step->progress_text);
        turn_event (t, "step.progress", body);
    }
    int32_t rc = check_size (t, err);
    if (rc != 0 && before != NULL) {   /* the job goes on with what it knew */
        json_decref (t->context);
        t->context = json_incref (before);
    }
    json_decref (before);
    return rc == 0 && ended ? keep_inventory (t, step, err) : rc;
}
