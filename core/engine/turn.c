/* turn: see turn.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/turn.h"

#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/inventory_row.h"
#include "engine/spawn.h"
#include "engine/timers.h"
#include "engine/wish.h"

/* How long a job that only reads may be ahead of what the store says of it. */
#define FLUSH_MS 5000

/* The stored position is {"at": the workflow's, "number": attempts made there, "before": …}. */
static int32_t
read_position (struct turn *t, struct err *err)
{
    json_t *v = json_stored (t->row->position_json, json_object ());
    t->number = (uint32_t) json_int_or (v, "/number", 0);
    t->before = (uint32_t) json_int_or (v, "/before", 0);
    const char *at = json_str (v, "/at");
    int32_t rc = 0;
    if (at == NULL)
        t->position = workflow_position_new ();
    else
        rc = workflow_position_parse (t->job->workflow, at, &t->position, err);
    json_decref (v);
    return rc;
}

static char *
write_position (const struct turn *t)
{
    char *at = workflow_position_text (t->position);
    json_t *v = json_object ();
    json_put_str (v, "at", at);
    json_put_int (v, "number", t->number);
    json_put_int (v, "before", t->before);
    char *text = json_text (v);
    json_decref (v);
    mem_free (at);
    return text;
}

int32_t
turn_begin (struct turn *t, struct job *job, const char *label, struct err *err)
{
    *t = (struct turn) { .engine = job->engine, .job = job, .label = label };
    struct store_job_now now = { 0 };
    int32_t rc = store_job_now_get (job->engine->o.store, job->id, &now, err);
    if (rc != 0)
        return rc;
    t->row = now.job;
    t->attempt = now.attempt;
    t->await = now.await;
    t->attempt_stored = t->attempt != NULL;
    t->await_stored = t->await != NULL;
    if (job->workflow == NULL)
        rc = engine_workflow (job->engine, t->row->workflow_digest, &job->workflow, err);
    if (rc == 0)
        rc = read_position (t, err);
    if (rc != 0) {
        turn_end (t);
        return rc;
    }
    t->context = json_stored (t->row->context_json, json_object ());
    t->only_reads = !json_bool_or (t->context, "/job/changes", true);
    t->told = !str_eq (t->row->state, "queued");
    job->generation = t->row->generation;
    if (t->row->cancel_requested)
        atomic_store (&job->cancelled, true);
    return 0;
}

static void
free_component (void *c)
{
    component_free (c);
}

void
turn_end (struct turn *t)
{
    store_job_free (t->row);
    store_attempt_free (t->attempt);
    store_await_free (t->await);
    json_decref (t->bag);
    json_decref (t->spec);
    json_decref (t->context);
    workflow_position_free (t->position);
    store_batch_free (t->batch);
    vec_free_with (&t->components, free_component);
    store_outcome_free_all (t->outcomes, t->outcome_count);
    store_binding_free_all (t->bindings, t->binding_count);
    vec_free_with (&t->spent, mem_free);
    *t = (struct turn) { 0 };
}

/* --- the attempt ---------------------------------------------------------------------------- */

void
turn_take_attempt (struct turn *t, struct store_attempt *attempt)
{
    store_attempt_free (t->attempt);
    json_decref (t->bag);
    t->bag = NULL;
    t->attempt = attempt;
    t->attempt_stored = false;
}

/* The bag in memory is the newer one. */
static void
write_bag (struct turn *t)
{
    if (t->bag == NULL)
        return;
    mem_free (t->attempt->bag_json);
    t->attempt->bag_json = json_text (t->bag);
}

void
turn_store_attempt (struct turn *t)
{
    write_bag (t);
    if (t->attempt_stored)
        store_batch_attempt_update (turn_batch (t), t->attempt);
    else
        store_batch_attempt_insert (turn_batch (t), t->attempt);
    t->attempt_stored = true;
}

json_t *
turn_bag (struct turn *t)
{
    if (t->bag == NULL)
        t->bag = json_stored (t->attempt == NULL ? NULL : t->attempt->bag_json,
                              json_object ());
    return json_incref (t->bag);
}

void
turn_put_bag (struct turn *t, json_t *bag)
{
    json_decref (t->bag);
    t->bag = bag;
}

bool
turn_bag_flag (struct turn *t, const char *name)
{
    json_t *bag = turn_bag (t);
    bool value = json_is_true (json_object_get (bag, name));
    json_decref (bag);
    return value;
}

void
turn_set_bag_flag (struct turn *t, const char *name, bool value)
{
    json_t *bag = turn_bag (t);
    json_put_bool (bag, name, value);
    turn_put_bag (t, bag);
}

int32_t
turn_progress (struct turn *t, int32_t permille)
{
    json_t *bag = turn_bag (t);
    int32_t most = (int32_t) json_int_or (bag, "/permille", 0);
    if (permille > most)
        json_put_int (bag, "permille", permille);
    turn_put_bag (t, bag);
    return permille > most ? permille : most;
}

/* --- the journal ---------------------------------------------------------------------------- */

struct store_batch *
turn_batch (struct turn *t)
{
    t->dirty = true;
    if (t->batch == NULL)
        t->batch = store_batch_new (t->label);
    return t->batch;
}

/* What an ended program got and said is in the journal as far as it counts. */
static void
remove_spent (struct turn *t)
{
    for (size_t i = 0; i < t->spent.count; i++) {
        struct err err;
        char *dir = fs_join (t->engine->o.run_dir, vec_at (&t->spent, i));
        if (spawn_remove (dir, &err) != 0)
            log_warn ("%s: %s", dir, err.message);
        mem_free (dir);
    }
    vec_free_with (&t->spent, mem_free);
    t->spent = (struct vec) { 0 };
}

void
turn_store_await (struct turn *t)
{
    char digest[HASH_SHA256_HEX];
    mem_free (t->await->spec_json);
    t->await->spec_json = json_text (t->spec);
    hash_sha256_hex (t->await->spec_json, strlen (t->await->spec_json), digest);
    str_set (&t->await->digest, digest);
    json_decref (t->spec);
    t->spec = NULL;
    store_batch_await_put (turn_batch (t), t->await);
    t->await_stored = true;
}

/* What a held turn waits for is in no row yet. */
static void
store_held (struct turn *t)
{
    if (!t->held)
        return;
    t->held = false;
    if (t->attempt == NULL)
        return;
    turn_store_attempt (t);
    if (t->await != NULL && !t->await_stored)
        turn_store_await (t);
}

void
turn_hold (struct turn *t)
{
    t->held = true;
    turn_set_state (t, "waiting");
    if (!t->flush_is_due)
        timers_set (t->engine->timers, t->job->id, LETTER_FLUSH, NULL,
                    clock_wall_ms () + FLUSH_MS);
    t->flush_is_due = true;
    if (t->told)
        return;
    t->told = true;
    /* Where it stands is not told: a restart begins at the stored position. */
    struct store_batch *b = turn_batch (t);
    struct store_job row = *t->row;
    row.position_json = NULL;
    row.context_json = NULL;
    row.updated_ms = clock_wall_ms ();
    t->batch = NULL;
    store_batch_job_update (b, &row, t->row->generation);
    store_commit_async (t->engine->o.store, b, STORE_NORMAL, NULL, NULL);
    t->row->generation++;
    t->job->generation = t->row->generation;
}

/* A job that gave the host's lock back waits for it here, and asks every few seconds. */
static void
tell_failure (struct turn *t, int32_t code, const char *why)
{
    if (code != ERR_EXISTS)
        log_error ("job %s: %s could not be journaled: %s", t->job->id, t->label, why);
    else if (t->job->told_held)
        log_info ("job %s still waits: %s", t->job->id, why);
    else
        log_warn ("job %s waits: %s", t->job->id, why);
    t->job->told_held = code == ERR_EXISTS;
}

/* All that the turn has gathered, with the job's row as it is now. */
static struct store_batch *
take_batch (struct turn *t)
{
    store_held (t);
    struct store_batch *b = turn_batch (t);
    t->batch = NULL;
    mem_free (t->row->position_json);
    t->row->position_json = write_position (t);
    mem_free (t->row->context_json);
    t->row->context_json = t->context_changed ? json_text (t->context) : NULL;
    t->row->updated_ms = clock_wall_ms ();
    store_batch_job_update (b, t->row, t->row->generation);
    t->dirty = false;
    return b;
}

struct last {
    struct engine *engine;
    char *job_id;
};

static void
last_stored (void *arg, int32_t code, const struct err *err)
{
    struct last *l = arg;
    if (code != 0)
        log_error ("job %s: its end could not be journaled: %s", l->job_id, err->message);
    engine_post (l->engine, l->job_id, LETTER_STORED, NULL, 0, code, NULL, NULL);
    mem_free (l->job_id);
    mem_free (l);
}

void
turn_commit_last (struct turn *t)
{
    struct last *l = mem_alloc (sizeof *l);
    l->engine = t->engine;
    l->job_id = str_dup (t->job->id);
    store_commit_async (t->engine->o.store, take_batch (t), STORE_NORMAL, last_stored, l);
}

int32_t
turn_commit (struct turn *t, struct err *err)
{
    struct store_batch *b = take_batch (t);
    /* A job that only reads is simply begun again after a power cut. */
    int32_t rc = store_commit (t->engine->o.store, b, t->only_reads ? STORE_NORMAL : STORE_FULL,
                               err);
    if (rc != 0) {
        tell_failure (t, rc, err == NULL ? "" : err->message);
        return rc;
    }
    t->job->told_held = false;
    wish_stored (t->wish);
    t->wish = NULL;
    t->row->generation++;
    t->job->generation = t->row->generation;
    t->context_changed = false;
    remove_spent (t);
    return 0;
}

void
turn_spend (struct turn *t, const char *attempt_id)
{
    vec_push (&t->spent, str_dup (attempt_id));
}

void
turn_event (struct turn *t, const char *kind, json_t *body)
{
    char *text = body == NULL ? str_dup ("{}") : json_text (body);
    json_decref (body);
    struct store_event e = {
        .at_ms = clock_wall_ms (),
        .kind = (char *) kind,
        .host_id = t->row->host_id,
        .job_id = t->row->id,
        .rollout_id = t->row->rollout_id,
        .body_json = text,
    };
    store_batch_event (turn_batch (t), &e);
    mem_free (text);
    t->dirty = true;
}

void
turn_set_state (struct turn *t, const char *state)
{
    str_set (&t->row->state, state);
    t->dirty = true;
}

void
turn_set_cause (struct turn *t, json_t *cause)
{
    mem_free (t->row->cause_json);
    t->row->cause_json = cause == NULL ? NULL : json_text (cause);
    json_decref (cause);
    t->dirty = true;
}

const struct store_binding *
turn_bindings (struct turn *t, size_t *ret_count)
{
    if (!t->bindings_read)
        t->bindings_read = store_binding_list (t->engine->o.store, t->row->host_id, &t->bindings,
                                               &t->binding_count, NULL) == 0;
    *ret_count = t->binding_count;
    return t->bindings;
}

void
turn_bind (struct turn *t, const char *plugin)
{
    struct store_binding binding = { .plugin = (char *) plugin };
    store_batch_bindings_put (turn_batch (t), t->row->host_id, &binding, 1);
    store_binding_free_all (t->bindings, t->binding_count);
    t->bindings = mem_array (1, sizeof *t->bindings);
    t->bindings[0].plugin = str_dup (plugin);
    t->binding_count = 1;
    t->bindings_read = true;
}

const struct vec *
turn_components (struct turn *t)
{
    if (!t->components_read) {
        t->components_read = true;
        inventory_row_read (t->engine->o.store, t->row->host_id, &t->components);
    }
    return &t->components;
}

void
turn_measured (struct turn *t, const struct vec *components)
{
    vec_free_with (&t->components, free_component);
    t->components = (struct vec) { 0 };
    t->components_read = true;
    for (size_t i = 0; i < components->count; i++) {
        struct component *c = mem_alloc (sizeof *c);
        component_copy (c, vec_at (components, i));
        vec_push (&t->components, c);
    }
}

const struct component *
turn_component (struct turn *t, const char *key)
{
    if (key == NULL)
        return NULL;
    const struct vec *all = turn_components (t);
    for (size_t i = 0; i < all->count; i++) {
        const struct component *c = vec_at (all, i);
        if (str_eq (c->key, key))
            return c;
    }
    return NULL;
}

void
turn_outcomes_read (struct turn *t)
{
    if (t->outcomes_read)
        return;
    struct err err;
    t->outcomes_read = true;
    if (store_outcome_list (t->engine->o.store, t->row->id, &t->outcomes, &t->outcome_count, &err)
        != 0)
        log_error ("job %s: outcomes: %s", t->job->id, err.message);
}

static struct store_outcome *
find_outcome (struct turn *t, const char *component)
{
    turn_outcomes_read (t);
    for (size_t i = 0; i < t->outcome_count; i++) {
        if (str_eq (t->outcomes[i].component_key, component))
            return &t->outcomes[i];
    }
    return NULL;
}

enum outcome
turn_outcome_of (struct turn *t, const char *component)
{
    enum outcome o = OUTCOME_PLANNED;
    const struct store_outcome *row = find_outcome (t, component);
    if (row != NULL)
        outcome_from_name (row->rung, &o);
    return o;
}

/* Rungs that nobody reported, because the climb went past them. */
static void
imply (struct store_outcome *row, enum outcome now, enum outcome next)
{
    if (!outcome_on_ladder (now) || !outcome_on_ladder (next))
        return;
    json_t *list = json_stored (row->implied_json, json_array ());
    for (int r = (int) now + 1; r < (int) next; r++)
        json_array_append_new (list, json_string (outcome_name ((enum outcome) r)));
    mem_free (row->implied_json);
    row->implied_json = json_text (list);
    json_decref (list);
}

static void
climb (struct turn *t, struct store_outcome *row, enum outcome next, const char *measured,
       const json_t *cause)
{
    enum outcome now = OUTCOME_PLANNED;
    outcome_from_name (row->rung, &now);
    enum outcome then = outcome_climb (now, next);
    if (then == now && measured == NULL && cause == NULL)
        return;
    imply (row, now, then);
    str_set (&row->rung, outcome_name (then));
    if (measured != NULL)
        str_set (&row->measured_version, measured);
    if (then == OUTCOME_VERIFIED)
        str_set (&row->cause_json, NULL);
    if (cause != NULL) {
        mem_free (row->cause_json);
        row->cause_json = json_text (cause);
    }
    row->updated_ms = clock_wall_ms ();
    store_batch_outcome_put (turn_batch (t), row);
    json_t *body = json_object ();
    json_put_str (body, "component", row->component_key);
    json_put_str (body, "outcome", row->rung);
    if (measured != NULL)
        json_put_str (body, "measured", measured);
    if (cause != NULL)
        json_object_set (body, "cause", (json_t *) cause);
    turn_event (t, "component.outcome", body);
}

void
turn_outcome (struct turn *t, const char *component, enum outcome next, const char *measured,
              json_t *cause)
{
    struct store_outcome *row = find_outcome (t, component);
    if (row != NULL)
        climb (t, row, next, measured, cause);
    json_decref (cause);
}

void
turn_outcome_all (struct turn *t, enum outcome from, enum outcome to, enum outcome next,
                  json_t *cause)
{
    turn_outcomes_read (t);
    for (size_t i = 0; i < t->outcome_count; i++) {
        enum outcome now = OUTCOME_NOOP;
        outcome_from_name (t->outcomes[i].rung, &now);
        if (outcome_on_ladder (now) && now >= from && now <= to)
            climb (t, &t->outcomes[i], next, NULL, cause);
    }
    json_decref (cause);
}
