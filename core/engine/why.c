/* why: what is it waiting for, since when, until when, what would move it. Reads the store only.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine.h"
#include "store/store.h"

static void
say (json_t *lines, char *text)
{
    json_array_append_new (lines, json_string (text));
    mem_free (text);
}

static char *
ago (int64_t at_ms)
{
    char *d = duration_format (clock_wall_ms () - at_ms);
    char *text = str_printf ("%s ago", d);
    mem_free (d);
    return text;
}

static char *
within (int64_t at_ms)
{
    int64_t left = at_ms - clock_wall_ms ();
    char *d = duration_format (left < 0 ? 0 : left);
    char *text = left < 0 ? str_dup ("now due") : str_printf ("in %s", d);
    mem_free (d);
    return text;
}

/* Each once: a job and its host often have the same advice. */
static void
move (json_t *moves, char *text)
{
    size_t i;
    json_t *v;
    bool said = str_empty (text);
    json_array_foreach (moves, i, v)
        said = said || str_eq (json_string_value (v), text);
    if (!said)
        json_array_append_new (moves, json_string (text));
    mem_free (text);
}

/* --- what it waits for ---------------------------------------------------------------------- */

/* A person said yes, and another job holds the host. */
static bool
is_approved (const struct store_await *a)
{
    return str_eq (a->kind, "approval") && str_eq (a->state, "answered");
}

static void
why_await (const struct store_job_now *now, json_t *v, json_t *lines)
{
    const struct store_await *a = now->await;
    if (is_approved (a)) {
        say (lines, str_dup ("it is approved, and waits until no other job holds the host"));
        return;
    }
    char *since = ago (a->launched_ms != 0 ? a->launched_ms : a->queued_ms);
    const char *state = str_eq (a->state, "queued") && a->changing ? "about to be sent" : a->state;
    say (lines, str_printf ("waits for: %s (%s, %s since %s)", a->label, a->kind, state, since));
    json_put_int (v, "since_ms", a->queued_ms);
    if (a->deadline_ms != 0) {
        char *until = within (a->deadline_ms);
        say (lines, str_printf ("its time is up %s; then the BMC is asked what became of it",
                                until));
        json_put_int (v, "until_ms", a->deadline_ms);
        mem_free (until);
    }
    mem_free (since);
}

static void
why_attempt (const struct store_job_now *now, json_t *lines)
{
    const struct store_attempt *a = now->attempt;
    say (lines, str_printf ("step: %s%s%s, attempt %d, by %s", a->step_path,
                            a->component_key == NULL ? "" : " for ",
                            a->component_key == NULL ? "" : a->component_key, a->number,
                            a->plugin == NULL ? "the core" : a->plugin));
    if (str_eq (a->mode, "reconcile"))
        say (lines, str_dup ("it was interrupted; the BMC is asked whether the change happened"));
}

/* What helps against a failure that came without advice of its own. */
static void
advise (const char *code, const char *host, json_t *moves)
{
    static const struct {
        const char *code, *before, *after;
    } known[] = {
        { "AUTH", "farrier credential set ", " --user USER --password-file FILE" },
        { "TLS", "if its certificate was changed on purpose: farrier host trust ", " --forget" },
        { "UNREACHABLE", "when it answers again: farrier inventory refresh ", "" },
        { "TIMEOUT", "when it answers again: farrier inventory refresh ", "" },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (str_eq (known[i].code, code))
            move (moves, str_printf ("%s%s%s", known[i].before, host, known[i].after));
    }
}

static void
why_cause (const struct store_job *job, const char *host, json_t *v, json_t *lines, json_t *moves)
{
    json_t *cause = json_stored (job->cause_json, NULL);
    if (cause == NULL)
        return;
    say (lines, str_printf ("cause: %s: %s", json_str_or (cause, "/code", "?"),
                            json_str_or (cause, "/message", "")));
    if (json_str (cause, "/step") != NULL)
        say (lines, str_printf ("in step: %s", json_str (cause, "/step")));
    if (json_str (cause, "/vendor_id") != NULL)
        say (lines, str_printf ("the vendor's id: %s", json_str (cause, "/vendor_id")));
    if (!str_empty (json_str (cause, "/hint")))
        move (moves, str_dup (json_str (cause, "/hint")));
    else
        advise (json_str_or (cause, "/code", ""), host, moves);
    json_put (v, "cause", cause);
}

static void
why_moves (const struct store_job_now *now, json_t *moves)
{
    const struct store_job *job = now->job;
    if (str_eq (job->state, "queued"))
        move (moves, str_dup ("it begins when there is room, and needs a running farrierd or "
                              "farrier apply --wait"));
    else if (now->attempt != NULL && str_eq (now->attempt->state, "unknown"))
        move (moves, str_printf ("farrier job resolve %s --as done|not-started|failed", job->id));
    else if (now->await != NULL && str_eq (now->await->kind, "approval")
             && !is_approved (now->await))
        move (moves, str_printf ("farrier job approve %s", job->id));
    else if (str_eq (job->state, "parked"))
        move (moves, str_printf ("when the cause is removed: farrier job retry %s", job->id));
    else if (str_eq (job->state, "done") && job->cause_json != NULL && json_array_size (moves) == 0)
        move (moves, str_printf ("farrier job log %s", job->id));
    if (!str_eq (job->state, "done"))
        move (moves, str_printf ("farrier job cancel %s", job->id));
}

static void
why_outcomes (struct store *store, const struct store_job *job, json_t *lines)
{
    struct store_outcome *rows = NULL;
    size_t count = 0;
    if (store_outcome_list (store, job->id, &rows, &count, NULL) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        const struct store_outcome *o = &rows[i];
        json_t *cause = json_stored (o->cause_json, NULL);
        const char *message = json_str_or (cause, "/message", "");
        say (lines, str_printf ("%s: %s (from %s to %s%s%s)%s%s", o->component_key, o->rung,
                                o->from_version == NULL ? "?" : o->from_version,
                                o->to_version == NULL ? "the same" : o->to_version,
                                o->measured_version == NULL ? "" : ", measured ",
                                o->measured_version == NULL ? "" : o->measured_version,
                                message[0] == '\0' ? "" : ": ", message));
        json_decref (cause);
    }
    store_outcome_free_all (rows, count);
}

json_t *
why_job (struct store *store, const char *job_id, struct err *err)
{
    struct store_job_now now = { 0 };
    if (store_job_now_get (store, job_id, &now, err) != 0)
        return NULL;
    json_t *v = json_object (), *lines = json_array (), *moves = json_array ();
    struct store_host *host = NULL;
    store_host_get (store, now.job->host_id, &host, NULL);
    json_put_str (v, "job", job_id);
    json_put_str (v, "host", host == NULL ? now.job->host_id : host->name);
    json_put_str (v, "state", now.job->state);
    json_put_str (v, "status", now.job->status);
    char *when = ago (now.job->updated_ms);
    say (lines, str_printf ("job %s (%s) on %s is %s%s%s, last changed %s", job_id,
                            now.job->workflow_name, host == NULL ? now.job->host_id : host->name,
                            now.job->state, now.job->status == NULL ? "" : ": ",
                            now.job->status == NULL ? "" : now.job->status, when));
    mem_free (when);
    if (now.attempt != NULL)
        why_attempt (&now, lines);
    if (now.await != NULL)
        why_await (&now, v, lines);
    if (now.job->wake_at_ms != 0) {
        char *until = within (now.job->wake_at_ms);
        say (lines, str_printf ("it goes on by itself %s", until));
        json_put_int (v, "until_ms", now.job->wake_at_ms);
        mem_free (until);
    }
    why_cause (now.job, host == NULL ? now.job->host_id : host->name, v, lines, moves);
    why_outcomes (store, now.job, lines);
    why_moves (&now, moves);
    json_put (v, "lines", lines);
    json_put (v, "moves", moves);
    store_host_free (host);
    store_job_now_clear (&now);
    return v;
}

/* --- a host --------------------------------------------------------------------------------- */

static void
why_contact (const struct store_host *host, json_t *lines, json_t *moves)
{
    json_t *e = json_stored (host->last_error_json, NULL);
    if (e == NULL)
        return;
    say (lines, str_printf ("the last contact failed: %s", json_str_or (e, "/message", "")));
    if (!str_empty (json_str (e, "/hint")))
        move (moves, str_dup (json_str (e, "/hint")));
    else
        advise (json_str_or (e, "/code", ""), host->name, moves);
    json_decref (e);
}

json_t *
why_host (struct store *store, const char *host_name, struct err *err)
{
    struct store_host *host = NULL;
    if (store_host_by_name (store, host_name, &host, err) != 0)
        return NULL;
    struct store_job_filter filter = { .host_id = host->id };
    struct store_page page = { .limit = 1 };
    struct store_job *jobs = NULL;
    size_t count = 0;
    store_job_list (store, &filter, &page, &jobs, &count, NULL);
    json_t *v = count > 0 ? why_job (store, jobs[0].id, err) : json_object ();
    json_t *lines = json_object_get (v, "lines"), *moves = json_object_get (v, "moves");
    if (lines == NULL) {
        lines = json_array ();
        moves = json_array ();
        json_put (v, "lines", lines);
        json_put (v, "moves", moves);
        json_put_str (v, "host", host->name);
        say (lines, str_printf ("%s has had no job yet", host->name));
        move (moves, str_printf ("farrier inventory refresh %s", host->name));
    }
    say (lines, str_printf ("host %s is %s%s%s", host->name, host->state,
                            str_empty (host->note) ? "" : ": ",
                            str_empty (host->note) ? "" : host->note));
    if (host->last_inventory_ms != 0) {
        char *when = ago (host->last_inventory_ms);
        say (lines, str_printf ("its inventory was read %s", when));
        mem_free (when);
    }
    if (host->excluded)
        move (moves, str_printf ("farrier host exclude %s --off: it is left out of plans",
                                 host->name));
    why_contact (host, lines, moves);
    store_job_free_all (jobs, count);
    store_host_free (host);
    return v;
}
