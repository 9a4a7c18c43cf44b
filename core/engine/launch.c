/* launch: an await begins. What changes the BMC leaves only after the guards agree and `launched`
 * is on the disk.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/advance.h"
#include "engine/flight.h"
#include "engine/guard.h"
#include "engine/step.h"
#include "engine/timers.h"
#include "fleet/inventory.h"
#include "plugin/plugin.h"

static json_t *
parse_spec (const struct turn *t)
{
    return json_parse (t->await->spec_json, strlen (t->await->spec_json), NULL);
}

int32_t
launch (struct turn *t)
{
    json_t *spec = t->spec != NULL ? json_incref (t->spec) : parse_spec (t);
    struct flight_plan plan = {
        .permille = turn_progress (t, 0),
        .host_id = t->row->host_id,
        .attempt_id = t->attempt->id,
        .seq = t->await->seq,
        .spec = spec,
        .deadline_ms = t->attempt->deadline_ms,
        .launched_ms = t->await->launched_ms,
        .gated = t->await->changing != 0,
    };
    flight_drop (t->job->flight, true);
    timers_set (t->engine->timers, t->job->id, LETTER_DEADLINE, t->attempt->id,
                t->attempt->deadline_ms);
    store_crash_point ("launch");
    t->job->flight = flight_start (t->engine, t->job->id, &plan);
    json_decref (spec);
    return 0;
}

/* --- guards --------------------------------------------------------------------------------- */

/* The plan's step for this component and image tells the version that it was made for. */
static const json_t *
plan_step (const struct turn *t)
{
    size_t b, s;
    json_t *batch, *step;
    char *image = str_printf ("sha256:%s", t->attempt->image_digest);
    const json_t *found = NULL;
    json_array_foreach (json_at (t->context, "/plan/batches"), b, batch) {
        json_array_foreach (json_object_get (batch, "steps"), s, step) {
            if (found == NULL && str_eq (json_str (step, "/image"), image)
                && str_eq (json_str (step, "/component"), t->attempt->component_key))
                found = step;
        }
    }
    mem_free (image);
    return found;
}

static void
add_version (struct turn *t, struct vec *guards)
{
    if (t->attempt->component_key == NULL || t->attempt->image_digest == NULL)
        return;
    const json_t *step = plan_step (t);
    const struct component *c = turn_component (t, t->attempt->component_key);
    const char *from = step != NULL ? json_str (step, "/preconditions/from_version")
                       : c != NULL ? c->version : NULL;
    const char *uri = step != NULL ? json_str (step, "/preconditions/uri")
                      : c != NULL ? c->uri : NULL;
    const char *pointer = step != NULL ? json_str_or (step, "/preconditions/pointer", "/Version")
                                       : "/Version";
    char *what = str_printf ("version of %s", t->attempt->component_key);
    guard_add (guards, GUARD_VERSION, uri, pointer, from, what, FARRIER_E_STALE);
    mem_free (what);
}

static int32_t
collect_guards (struct turn *t, struct vec *guards, struct err *err)
{
    struct store_host *host = NULL;
    int32_t rc = store_host_get (t->engine->o.store, t->row->host_id, &host, err);
    if (rc != 0)
        return rc;
    json_t *identity = json_stored (host->identity_json, NULL);
    guard_add_identity (guards, identity);
    if (guards->count == 0)
        rc = err_set (err, FARRIER_E_PRECONDITION,
                      "the identity of %s is not known, so nothing is sent to it", host->name);
    if (rc != 0)
        err_hint (err, "farrier inventory refresh %s", host->name);
    add_version (t, guards);
    json_t *spec = parse_spec (t);
    guard_add_spec (guards, spec);
    json_decref (spec);
    json_decref (identity);
    store_host_free (host);
    return rc;
}

/* Only what goes to the host's BMC is guarded by the BMC's identity. */
static bool
is_guarded (const struct turn *t)
{
    json_t *spec = parse_spec (t);
    bool guarded = str_eq (t->await->kind, "process")
                       ? t->attempt->plugin != NULL
                       : str_eq (json_str (spec, "/endpoint"), FARRIER_ENDPOINT_BMC);
    json_decref (spec);
    return guarded;
}

static bool
is_process (const struct turn *t)
{
    return str_eq (t->await->kind, "process");
}

/* The effect itself. */
static void
proceed (struct turn *t, net_handle handle)
{
    if (is_process (t) && t->job->flight != NULL)
        flight_process_go (t->job->flight, t->row->host_id);
    else
        net_proceed (t->engine->o.net, handle, 0, NULL);
}

/* Nothing leaves: the await ends with this code and delivery NONE. */
static void
hold_back (struct turn *t, net_handle handle, int32_t code, const char *message)
{
    if (is_process (t) && t->job->flight != NULL)
        flight_fail (t->job->flight, FARRIER_WAKE_PROCESS, code, message, NULL);
    else
        net_proceed (t->engine->o.net, handle, code, message);
}

static int32_t
let_go (struct turn *t, net_handle handle)
{
    struct err err;
    json_t *bag = turn_bag (t);
    json_put_int (bag, "sent_ms", clock_wall_ms ());
    json_put_int (bag, "gate", 0);
    turn_put_bag (t, bag);
    turn_store_attempt (t);
    store_batch_await_launch (turn_batch (t), t->attempt->id, t->await->seq, clock_wall_ms ());
    int32_t rc = turn_commit (t, &err);
    if (rc != 0)
        return rc;
    str_set (&t->await->state, "launched");
    store_crash_point ("launched");
    proceed (t, handle);
    return 0;
}

/* The record as the BMC would have it now: every value that the guards read again. */
static json_t *
identity_now (const struct store_host *host, const struct vec *documents)
{
    size_t i;
    json_t *item;
    json_t *v = json_stored (host->identity_json, NULL);
    json_array_foreach (v, i, item) {
        for (size_t d = 0; d < documents->count; d++) {
            const struct step_document *seen = vec_at (documents, d);
            const char *value = str_eq (seen->path, json_str (item, "/uri"))
                                    ? json_str (seen->json, json_str_or (item, "/pointer", ""))
                                    : NULL;
            if (value != NULL)
                json_put_str (item, "value", value);
        }
    }
    return v;
}

/* The host is marked, so that it is planned for no more and a person can accept the new one. */
static void
mark_host (struct turn *t, const struct vec *documents, struct err *why)
{
    struct store_host *host = NULL;
    if (store_host_get (t->engine->o.store, t->row->host_id, &host, NULL) != 0)
        return;
    err_hint (why, "if the board was replaced on purpose: farrier host accept-identity %s",
              host->name);
    json_t *measured = identity_now (host, documents);
    inventory_batch_identity_changed (turn_batch (t), host, measured, why);
    json_decref (measured);
    store_host_free (host);
}

/* The answer to a refused guard comes back as the await's answer with delivery NONE, but for an
 * identity that changed: then the job parks at once. */
static int32_t
refuse (struct turn *t, net_handle handle, const struct vec *documents, const struct guard *guard,
        struct err *why)
{
    if (guard != NULL && guard->kind == GUARD_IDENTITY) {
        mark_host (t, documents, why);
        json_t *cause = finish_cause (t, why->code, why->message, why->hint, NULL);
        json_put_str (cause, "kind", "identity");
        json_put_str (cause, "expected", guard->expected);
        hold_back (t, handle, FARRIER_E_CANCELLED, "identity changed");
        settle_attempt_end (t, "failed");
        t->number = 0;
        return finish_park (t, "identity changed", cause);
    }
    hold_back (t, handle, why->code, why->message);
    return 0;
}

static net_handle
held (const struct turn *t)
{
    return t->job->flight == NULL ? 0 : t->job->flight->request;
}

int32_t
launch_gate (struct turn *t, net_handle handle)
{
    struct vec guards = { 0 };
    struct err err;
    /* Repeated after a 401, a child taken up, or one that only reads. */
    if (str_eq (t->await->state, "launched") || !t->await->changing) {
        proceed (t, handle);
        return 0;
    }
    if (!is_guarded (t))
        return let_go (t, handle);
    int32_t rc = collect_guards (t, &guards, &err);
    if (rc != 0) {
        hold_back (t, handle, rc, err.message);
    } else {
        const char **paths = mem_array (guards.count, sizeof *paths);
        size_t count = guard_paths (&guards, paths);
        flight_read_guards (t->engine, t->job->id, t->row->host_id, t->attempt->id, t->await->seq,
                            paths, count);
        mem_free (paths);
    }
    vec_free_with (&guards, guard_free);
    return 0;
}

int32_t
launch_guarded (struct turn *t, const struct answer *documents)
{
    struct vec guards = { 0 };
    struct err err;
    const struct guard *guard = NULL;
    int32_t rc = collect_guards (t, &guards, &err);
    if (rc == 0 && documents->code != FARRIER_OK)
        rc = err_set (&err, documents->code, "nothing was sent: %s", documents->message);
    else if (rc == 0)
        rc = guard_judge (&guards, &documents->documents, &guard, &err);
    int32_t out = rc == 0 ? let_go (t, held (t))
                          : refuse (t, held (t), &documents->documents, guard,
                                                          &err);
    vec_free_with (&guards, guard_free);
    return out;
}
