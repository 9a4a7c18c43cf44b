/* finish: a job ends, or parks until a person has looked.
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
#include "fleet/host.h"

json_t *
finish_cause (struct turn *t, int32_t code, const char *message, const char *hint,
              const char *vendor_id)
{
    json_t *v = json_object ();
    const struct store_attempt *a = t->attempt;
    json_put_str (v, "phase", a != NULL ? a->phase : t->row->phase);
    json_put_str (v, "step", a != NULL ? a->step_path : t->row->step_path);
    if (a != NULL && a->component_key != NULL) {
        const struct component *c = turn_component (t, a->component_key);
        json_put_str (v, "component", a->component_key);
        if (c != NULL && c->version != NULL)
            json_put_str (v, "from", c->version);
    }
    if (a != NULL && a->plugin != NULL)
        json_put_str (v, "plugin", a->plugin);
    json_t *bag = turn_bag (t);
    if (json_object_get (bag, "failed") != NULL)
        json_object_set (v, "components", json_object_get (bag, "failed"));
    json_decref (bag);
    json_put_str (v, "code", err_code_name (code));
    json_put_str (v, "message", message == NULL ? "" : message);
    if (!str_empty (vendor_id))
        json_put_str (v, "vendor_id", vendor_id);
    if (!str_empty (hint))
        json_put_str (v, "hint", hint);
    return v;
}

/* Which failures another run may well not meet. */
static bool
retryable (const char *code)
{
    static const char *const codes[] = { "TRANSIENT", "BUSY", "TIMEOUT", "UNREACHABLE", "AUTH",
                                         "TLS", "NO_SPACE", "PRECONDITION", "STALE" };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (str_eq (codes[i], code))
            return true;
    }
    return false;
}

static enum outcome
failure (const struct workflow_decision *d)
{
    return retryable (json_str_or (d->cause, "/code", "")) ? OUTCOME_FAILED_RETRYABLE
                                                           : OUTCOME_FAILED_FINAL;
}

/* Why a component's turn never came: what stopped the job, and where. */
static json_t *
not_begun (struct turn *t, const json_t *cause)
{
    json_t *v = json_copy ((json_t *) cause);
    static const char *const others[] = { "component", "components", "from", "plugin",
                                          "vendor_id" };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        json_object_del (v, others[i]);
    char *text = str_printf ("not begun: job %s failed at step %s (%s)", t->job->id,
                             json_str_or (cause, "/step", "?"),
                             json_str_or (cause, "/message", "?"));
    json_put_str (v, "message", text);
    mem_free (text);
    return v;
}

/* The components that did not get where they should, by how the workflow ended. */
static void
close_outcomes (struct turn *t, const struct workflow_decision *d)
{
    if (d->outcome == WORKFLOW_CANCELLED) {
        turn_outcome_all (t, OUTCOME_ACCEPTED, OUTCOME_ACTIVATED, OUTCOME_CANCELLED_UNKNOWN,
                          json_incref (d->cause));
        turn_outcome_all (t, OUTCOME_PLANNED, OUTCOME_PLANNED, OUTCOME_CANCELLED_BEFORE, NULL);
    } else if (d->outcome == WORKFLOW_FAILED) {
        enum outcome o = failure (d);
        const char *component = json_str (d->cause, "/component");
        if (component != NULL && turn_outcome_of (t, component) != OUTCOME_ROLLED_BACK)
            turn_outcome (t, component, o, NULL, json_incref (d->cause));
        else if (component == NULL)
            turn_outcome_all (t, OUTCOME_ACCEPTED, OUTCOME_ACTIVATED, o, json_incref (d->cause));
        turn_outcome_all (t, OUTCOME_PLANNED, OUTCOME_PLANNED, OUTCOME_BLOCKED,
                          not_begun (t, d->cause));
    }
}

static const char *
job_status (struct turn *t, const struct workflow_decision *d)
{
    turn_outcomes_read (t);
    if (t->outcome_count == 0)
        return workflow_outcome_name (d->outcome);
    enum outcome *all = mem_array (t->outcome_count, sizeof *all);
    for (size_t i = 0; i < t->outcome_count; i++)
        outcome_from_name (t->outcomes[i].rung, &all[i]);
    enum outcome worst = outcome_worst (all, t->outcome_count);
    mem_free (all);
    /* A job that failed must not look better than that, whatever its components say. */
    if (d->outcome == WORKFLOW_FAILED
        && (worst == OUTCOME_NOOP || worst == OUTCOME_BLOCKED || outcome_on_ladder (worst)))
        worst = failure (d);
    return outcome_name (worst);
}

static void
end_row (struct turn *t, const char *status)
{
    str_set (&t->row->status, status);
    t->row->ended_ms = clock_wall_ms ();
    t->row->wake_at_ms = 0;
    t->row->holds_host = 0;
    str_set (&t->row->step_path, NULL);
    turn_set_state (t, "done");
}

/* `host list` shows who did not answer, and why. */
static void
tell_host (struct turn *t, const json_t *cause)
{
    static const int32_t codes[] = { FARRIER_E_UNREACHABLE, FARRIER_E_TLS, FARRIER_E_AUTH,
                                     FARRIER_E_TIMEOUT };
    int32_t code = err_code_from_name (json_str_or (cause, "/code", ""));
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i] != code)
            continue;
        struct err why;
        err_set (&why, code, "%s", json_str_or (cause, "/message", ""));
        err_hint (&why, "%s", json_str_or (cause, "/hint", ""));
        host_contact_failed (t->engine->o.store, t->row->host_id, &why);
    }
}

int32_t
finish (struct turn *t, const struct workflow_decision *d)
{
    struct err err;
    if (d->cause != NULL)
        tell_host (t, d->cause);
    close_outcomes (t, d);
    end_row (t, job_status (t, d));
    turn_set_cause (t, json_deep_copy (d->cause));
    json_t *body = json_object ();
    json_put_str (body, "status", t->row->status);
    if (d->cause != NULL)
        json_object_set (body, "cause", d->cause);
    if (d->tolerated > 0)
        json_put_int (body, "tolerated", d->tolerated);
    turn_event (t, "job.done", body);
    if (t->only_reads && t->spent.count == 0) {
        turn_commit_last (t);
        log_info ("job %s on %s: %s", t->job->id, t->job->host_name, t->row->status);
        return 0;
    }
    int32_t rc = turn_commit (t, &err);
    if (rc != 0)
        return rc;
    log_info ("job %s on %s: %s", t->job->id, t->job->host_name, t->row->status);
    t->rests = true;
    engine_job_ended (t->engine, t->job);
    return 0;
}

int32_t
finish_park (struct turn *t, const char *reason, json_t *cause)
{
    struct err err;
    json_put_str (cause, "parked", reason);
    json_put_int (cause, "since_ms", clock_wall_ms ());
    turn_event (t, "job.parked", json_copy (cause));
    log_warn ("job %s on %s is parked (%s): %s", t->job->id, t->job->host_name, reason,
              json_str_or (cause, "/message", ""));
    turn_set_cause (t, cause);
    str_set (&t->row->status, "parked");
    t->row->wake_at_ms = 0;
    turn_set_state (t, "parked");
    int32_t rc = turn_commit (t, &err);
    if (rc != 0)
        return rc;
    t->rests = true;
    engine_job_rests (t->engine, t->job);
    return 0;
}
