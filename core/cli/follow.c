/* follow: see follow.h. Follows events, and reads again the jobs they are about.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "cli/follow.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/map.h"
#include "cli/cmd.h"

#define POLL_MS 500
#define READ_AGAIN_MS 5000             /* also without an event: nothing may be missed for ever */
#define MANY_JOBS 20                   /* more than these have always something to tell */
#define MANY_PAUSE_MS 200

static volatile sig_atomic_t interrupted;

static void
on_signal (int number)
{
    /* A second one ends at once: the store survives that. */
    if (interrupted)
        _exit (128 + number);
    interrupted = 1;
}

void
follow_signals (void)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigemptyset (&action.sa_mask);
    sigaction (SIGINT, &action, NULL);
    sigaction (SIGTERM, &action, NULL);
    sigaction (SIGHUP, &action, NULL);
}

struct watch {
    struct invocation *inv;
    bool quiet, live;
    json_t *jobs;                      /* array, in the order of ids */
    struct map *places;                /* id -> index + 1 */
    struct map *told;                  /* id -> the last line, for the pipe */
    int64_t since, started_ms, read_ms;
    size_t drawn_lines;
};

/* --- drawing ---------------------------------------------------------------------------------- */

static bool
at_rest (const json_t *job)
{
    const char *state = json_str (job, "/state");
    return str_eq (state, "done") || str_eq (state, "parked");
}

static void
clear_block (struct watch *w)
{
    for (size_t i = 0; i < w->drawn_lines; i++)
        fputs ("\033[1A\033[2K", stdout);
    w->drawn_lines = 0;
}

static void
draw (struct watch *w)
{
    int height = output_height ();
    char *block = follow_block (w->jobs, output_width (), height > 24 ? 20 : height - 4,
                               w->started_ms, clock_wall_ms ());
    clear_block (w);
    fputs (block, stdout);
    for (const char *p = block; *p != '\0'; p++)
        w->drawn_lines += *p == '\n' ? 1 : 0;
    fflush (stdout);
    mem_free (block);
}

/* A line for the pipe: when phase, state or status changed, not at each percent. */
static void
tell (struct watch *w, const json_t *job)
{
    const char *id = json_str_or (job, "/id", ""), *cause = json_str (job, "/cause/message");
    const char *status = json_str (job, "/status");
    const char *state = json_str_or (job, "/state", "queued"), *phase = json_str (job, "/phase");
    bool rests = at_rest (job), runs = str_eq (state, "running") || str_eq (state, "waiting");
    const char *word = rests && status != NULL ? status : runs && phase != NULL ? phase : state;
    char *line = str_printf ("%s %s: %s%s%s", json_str_or (job, "/host", "?"), id, word,
                             rests && cause != NULL ? ": " : "",
                             rests && cause != NULL ? cause : "");
    const char *last = map_get (w->told, id);
    if (str_eq (last, line)) {
        mem_free (line);
        return;
    }
    char *clean = output_clean (line), *when = output_time (clock_wall_ms ());
    printf ("%s %s\n", when, clean);
    fflush (stdout);
    mem_free (when);
    mem_free (clean);
    mem_free (map_set (w->told, id, line));
}

static void
show (struct watch *w)
{
    size_t i;
    json_t *job;
    if (w->quiet)
        return;
    if (w->live) {
        draw (w);
        return;
    }
    json_array_foreach (w->jobs, i, job)
        tell (w, job);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Reads the named jobs again and puts them in their places. */
static int32_t
read_jobs (struct watch *w, json_t *ids, struct err *err)
{
    json_t *request = json_object (), *reply = NULL, *job;
    size_t i;
    json_put (request, "jobs", ids);
    int32_t rc = door_call (w->inv->door, "job.list", request, &reply, err);
    json_array_foreach (json_object_get (reply, "jobs"), i, job) {
        size_t place = (size_t) (uintptr_t) map_get (w->places, json_str_or (job, "/id", ""));
        if (place > 0)
            json_array_set (w->jobs, place - 1, job);
    }
    json_decref (reply);
    return rc;
}

static json_t *
open_ids (const struct watch *w)
{
    json_t *ids = json_array (), *job;
    size_t i;
    json_array_foreach (w->jobs, i, job) {
        if (!at_rest (job))
            json_array_append (ids, json_object_get (job, "id"));
    }
    return ids;
}

/* Whoever draws nothing wants to know of the ends alone. */
static bool
matters (const struct watch *w, const json_t *event)
{
    const char *kind = json_str_or (event, "/kind", "");
    return !w->quiet || str_eq (kind, "job.done") || str_eq (kind, "job.parked");
}

static void
let_gather (const struct watch *w)
{
    struct timespec pause = { .tv_nsec = MANY_PAUSE_MS * 1000000L };
    if (w->quiet && json_array_size (w->jobs) > MANY_JOBS)
        clock_nanosleep (CLOCK_MONOTONIC, 0, &pause, NULL);
}

/* Waits for events; what they are about is read again. */
static int32_t
catch_up (struct watch *w, struct err *err)
{
    json_t *request = json_object (), *reply = NULL, *event, *dirty = json_object ();
    size_t i;
    let_gather (w);
    json_put_int (request, "since", w->since);
    json_put_int (request, "wait_ms", POLL_MS);
    int32_t rc = door_call (w->inv->door, "event.list", request, &reply, err);
    if (rc < 0) {
        json_decref (dirty);
        json_decref (reply);
        return rc;
    }
    w->since = json_int_or (reply, "/last", w->since);
    json_array_foreach (json_object_get (reply, "events"), i, event) {
        const char *id = json_str (event, "/job");
        if (id != NULL && matters (w, event) && map_get (w->places, id) != NULL)
            json_put_bool (dirty, id, true);
    }
    json_decref (reply);

    bool late = clock_boot_ms () - w->read_ms > READ_AGAIN_MS;
    json_t *ids = late ? open_ids (w) : json_array (), *ignored;
    const char *id;
    json_object_foreach (dirty, id, ignored) {
        if (!late)
            json_array_append_new (ids, json_string (id));
    }
    json_decref (dirty);
    if (late)
        w->read_ms = clock_boot_ms ();
    if (json_array_size (ids) > 0)
        return read_jobs (w, ids, err);
    json_decref (ids);
    return 0;
}

static bool
all_rest (const struct watch *w)
{
    size_t i;
    json_t *job;
    json_array_foreach (w->jobs, i, job) {
        if (!at_rest (job))
            return false;
    }
    return true;
}

static int32_t
begin (struct watch *w, const json_t *ids, struct err *err)
{
    size_t i;
    json_t *id, *request = json_object (), *reply = NULL;
    w->jobs = json_array ();
    w->places = map_new ();
    w->told = map_new ();
    w->started_ms = clock_wall_ms ();
    w->read_ms = clock_boot_ms ();
    json_array_foreach ((json_t *) ids, i, id) {
        json_t *job = json_object ();
        json_put (job, "id", json_incref (id));
        json_array_append_new (w->jobs, job);
        map_set (w->places, json_string_value (id), (void *) (uintptr_t) (i + 1));
    }
    /* Where events begin, before the jobs are read: nothing falls between. */
    int32_t rc = door_call (w->inv->door, "event.list", request, &reply, err);
    w->since = json_int_or (reply, "/last", 0);
    json_decref (reply);
    return rc < 0 ? rc : read_jobs (w, json_deep_copy (ids), err);
}

static int32_t
stop_text (struct watch *w, struct err *err)
{
    json_t *open = open_ids (w);
    err_set (err, FARRIER_E_CANCELLED, "interrupted; %zu of %zu jobs are still open",
             json_array_size (open), json_array_size (w->jobs));
    json_decref (open);
    if (door_runs_here (w->inv->door))
        err_hint (err, "they go on with farrier job resume, or when farrierd starts");
    else
        err_hint (err, "they go on: farrier job watch shows them, farrier job cancel stops one");
    return FARRIER_E_CANCELLED;
}

int32_t
follow_jobs (struct invocation *inv, const json_t *ids, json_t **ret_jobs, struct err *err)
{
    struct watch w = { .inv = inv };
    w.quiet = inv->json || inv->yaml || inv_flag (inv, "wait");
    w.live = output_color () || (output_is_terminal () && output_width () > 0);
    int32_t rc = begin (&w, ids, err);
    while (rc == 0) {
        show (&w);
        if (all_rest (&w))
            break;
        if (interrupted)
            rc = stop_text (&w, err);
        else
            rc = catch_up (&w, err);
    }
    if (w.live && !w.quiet)
        clear_block (&w);
    map_free (w.places, NULL);
    map_free (w.told, mem_free);
    *ret_jobs = w.jobs;
    return rc;
}

/* --- start, and the end ----------------------------------------------------------------------- */

static void
tell_failed (const json_t *reply)
{
    size_t i;
    json_t *v;
    json_array_foreach (json_object_get (reply, "failed"), i, v) {
        char *clean = output_clean (json_str_or (v, "/problem/message", ""));
        fprintf (stderr, "%s: %s\n", json_str_or (v, "/host", "?"), clean);
        mem_free (clean);
    }
}

static int
compare_hosts (const void *a, const void *b)
{
    return str_compare_natural (json_str_or (a, "/host", ""), json_str_or (b, "/host", ""));
}

/* In the order of their hosts: that is how people look for them. */
static json_t *
ids_of (const json_t *reply)
{
    json_t *ids = json_array (), *v;
    struct vec jobs = { 0 };
    size_t i;
    json_array_foreach (json_object_get (reply, "jobs"), i, v)
        vec_push (&jobs, v);
    vec_sort (&jobs, compare_hosts);
    for (i = 0; i < jobs.count; i++)
        json_array_append (ids, json_object_get (jobs.items[i], "job"));
    vec_free (&jobs);
    return ids;
}

static int32_t
follow_reply (struct invocation *inv, json_t *reply, struct err *err)
{
    json_t *ids = ids_of (reply), *jobs = NULL;
    size_t failed = json_array_size (json_object_get (reply, "failed"));
    bool document = inv->json || inv->yaml;
    int32_t rc;
    if (inv_flag (inv, "no-wait") && !door_runs_here (inv->door)) {
        if (!output_document (inv, reply))
            printf ("%zu jobs started: farrier job watch shows them\n", json_array_size (ids));
        rc = 0;
    } else {
        rc = follow_jobs (inv, ids, &jobs, err);
        if (rc == 0)
            rc = follow_verdict (jobs, err);
        json_put (reply, "jobs", jobs);
        if (!output_document (inv, reply) && !interrupted)
            follow_results (inv, jobs);
    }
    if (rc == 0 && failed > 0)
        rc = err_set (err, ERR_PARTLY, "%zu of %zu jobs could not be started", failed,
                      failed + json_array_size (ids));
    if (!document)
        tell_failed (reply);
    json_decref (ids);
    return rc;
}

int32_t
follow_start (struct invocation *inv, const char *call, json_t *request, struct err *err)
{
    json_t *reply = NULL;
    int32_t rc = door_call (inv->door, call, request, &reply, err);
    if (rc < 0) {
        output_findings (reply);
        if (json_array_size (json_object_get (reply, "failed")) > 1)
            tell_failed (reply);
    } else {
        rc = follow_reply (inv, reply, err);
    }
    json_decref (reply);
    return rc;
}

int32_t
follow_open (struct invocation *inv, struct err *err)
{
    json_t *reply = NULL, *jobs = NULL;
    int32_t rc = door_call (inv->door, "job.resume", json_object (), &reply, err);
    if (rc == 0)
        rc = follow_jobs (inv, json_object_get (reply, "jobs"), &jobs, err);
    if (rc == 0)
        rc = follow_verdict (jobs, err);
    if (jobs != NULL && !output_document (inv, jobs) && !interrupted)
        follow_results (inv, jobs);
    json_decref (reply);
    json_decref (jobs);
    return rc;
}

int32_t
follow_pause (struct invocation *inv, int64_t since, struct err *err)
{
    if (interrupted)
        return err_set (err, FARRIER_E_CANCELLED, "interrupted");
    json_t *request = json_object (), *reply = NULL;
    json_put_int (request, "since", since);
    json_put_int (request, "wait_ms", POLL_MS);
    int32_t rc = door_call (inv->door, "event.list", request, &reply, err);
    json_decref (reply);
    return rc;
}
