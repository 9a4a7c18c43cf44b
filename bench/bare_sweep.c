/* bare_sweep STATE_DIR TRACE MAX_OPEN: sends to every BMC of a simulated fleet the requests that
 * the trace holds for its personality (farrier-sim --trace), as libcurl alone can do it.
 *
 * A host's requests keep their order. Those before and after its reads (log-in, log-out, a look at
 * the service root) go one by one, changing ones on a connection of their own; reads go over as
 * many connections at once as the traced client had. One line of JSON tells what it cost.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bare.h"

#define WIDTH_MAX 4
#define REQUESTS_MAX 512

struct wanted {
    char *method, *path;
};

/* The requests of one personality. */
struct script {
    const char *personality, *traced;  /* traced: the host whose lines they are */
    struct wanted requests[REQUESTS_MAX];
    size_t count;
    char *connections[WIDTH_MAX];      /* that carried reads */
    size_t width;
};

struct visit;
struct lane {
    struct visit *visit;
    CURL *easy;
    bool busy;
};

/* One host's turn. */
struct visit {
    const struct bare_host *host;
    const struct script *script;
    struct bare_session session;
    struct curl_slist *headers;
    bool logged_in;                    /* the headers carry the token */
    struct lane lanes[WIDTH_MAX];
    size_t next, running;
};

static struct bare_fleet fleet;
static struct script scripts[8];
static size_t script_count, next_host, open_lanes, max_open;
static struct visit *visits;
static uint64_t requests, failed;

/* --- the trace -------------------------------------------------------------------------------- */

static const struct bare_host *
find_host (const char *name)
{
    for (size_t i = 0; i < fleet.count; i++)
        if (strcmp (fleet.hosts[i].name, name) == 0)
            return &fleet.hosts[i];
    return NULL;
}

static struct script *
script_of (const char *personality)
{
    for (size_t i = 0; i < script_count; i++)
        if (strcmp (scripts[i].personality, personality) == 0)
            return &scripts[i];
    return NULL;
}

static void
note_connection (struct script *s, const char *connection)
{
    for (size_t i = 0; i < s->width; i++)
        if (strcmp (s->connections[i], connection) == 0)
            return;
    if (s->width < WIDTH_MAX)
        s->connections[s->width++] = bare_text ("%s", connection);
}

static void
take_line (const char *name, const char *method, const char *path, const char *connection)
{
    const struct bare_host *host = find_host (name);
    struct script *s = host == NULL ? NULL : script_of (host->personality);
    if (host == NULL)
        bare_die ("the trace names %s, which is not in the fleet", name);
    if (s == NULL) {
        s = &scripts[script_count++];
        s->personality = host->personality;
        s->traced = host->name;
    }
    if (strcmp (s->traced, name) != 0)
        return;
    if (s->count == REQUESTS_MAX)
        bare_die ("more than %d requests for %s", REQUESTS_MAX, name);
    s->requests[s->count++] = (struct wanted) { bare_text ("%s", method), bare_text ("%s", path) };
    if (strcmp (method, "GET") == 0)
        note_connection (s, connection);
}

static void
read_trace (const char *path)
{
    char line[2048], name[128], method[16], target[1600], connection[32];
    FILE *f = fopen (path, "re");
    if (f == NULL)
        bare_die ("no trace %s", path);
    while (fgets (line, sizeof line, f) != NULL)
        if (sscanf (line, "%127s %15s %1599s %31s", name, method, target, connection) == 4)
            take_line (name, method, target, connection);
    fclose (f);
}

/* --- visits ----------------------------------------------------------------------------------- */

static void
set_headers (struct visit *v)
{
    char *token = bare_text ("X-Auth-Token: %s", v->session.token);
    curl_slist_free_all (v->headers);
    v->logged_in = true;
    v->headers = curl_slist_append (NULL, "Accept: application/json");
    v->headers = curl_slist_append (v->headers, "OData-Version: 4.0");
    v->headers = curl_slist_append (v->headers, token);
    free (token);
}

static bool
is_login (const struct wanted *w)
{
    return strcmp (w->method, "POST") == 0;
}

static bool
is_read (const struct wanted *w)
{
    return strcmp (w->method, "GET") == 0;
}

static void
send_one (struct bare_loop *loop, struct lane *lane, const struct wanted *w)
{
    struct visit *v = lane->visit;
    CURL *easy = lane->easy;
    bool logout = strcmp (w->method, "DELETE") == 0;
    bare_url (easy, v->host, logout && v->session.location != NULL ? v->session.location : w->path);
    curl_easy_setopt (easy, CURLOPT_FRESH_CONNECT, is_read (w) ? 0L : 1L);
    curl_easy_setopt (easy, CURLOPT_FORBID_REUSE, logout ? 1L : 0L);
    curl_easy_setopt (easy, CURLOPT_HTTPHEADER, v->headers);
    curl_easy_setopt (easy, CURLOPT_CUSTOMREQUEST, logout ? "DELETE" : NULL);
    if (is_login (w)) {
        v->headers = curl_slist_append (v->headers, "Content-Type: application/json");
        curl_easy_setopt (easy, CURLOPT_HTTPHEADER, v->headers);
        curl_easy_setopt (easy, CURLOPT_POSTFIELDS, fleet.login);
        curl_easy_setopt (easy, CURLOPT_HEADERFUNCTION, bare_session_header);
        curl_easy_setopt (easy, CURLOPT_HEADERDATA, &v->session);
    } else {
        curl_easy_setopt (easy, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt (easy, CURLOPT_HEADERFUNCTION, NULL);
        curl_easy_setopt (easy, CURLOPT_HEADERDATA, NULL);
    }
    lane->busy = true;
    v->running++;
    requests++;
    bare_add (loop, v->host, easy);
}

/* Starts what may start now. */
static void
step (struct bare_loop *loop, struct visit *v)
{
    while (v->next < v->script->count) {
        const struct wanted *w = &v->script->requests[v->next];
        bool alone = !is_read (w) || !v->logged_in;
        if (v->running == v->script->width || (alone && v->running > 0))
            return;
        size_t i = 0;
        while (v->lanes[i].busy)
            i++;
        v->next++;
        send_one (loop, &v->lanes[i], w);
        if (alone)
            return;
    }
}

static void
begin_visits (struct bare_loop *loop)
{
    while (next_host < fleet.count) {
        struct visit *v = &visits[next_host];
        v->host = &fleet.hosts[next_host];
        v->script = script_of (v->host->personality);
        if (v->script == NULL)
            bare_die ("the trace has no %s", v->host->personality);
        if (open_lanes + v->script->width > max_open)
            return;
        open_lanes += v->script->width;
        next_host++;
        for (size_t i = 0; i < v->script->width; i++) {
            v->lanes[i] = (struct lane) { .visit = v, .easy = bare_easy (v->host) };
            curl_easy_setopt (v->lanes[i].easy, CURLOPT_PRIVATE, &v->lanes[i]);
        }
        step (loop, v);
    }
}

static void
end_visit (struct bare_loop *loop, struct visit *v)
{
    for (size_t i = 0; i < v->script->width; i++)
        curl_easy_cleanup (v->lanes[i].easy);
    curl_slist_free_all (v->headers);
    open_lanes -= v->script->width;
    begin_visits (loop);
}

static void
on_done (struct bare_loop *loop, CURL *easy, CURLcode rc, void *arg)
{
    struct lane *lane = arg;
    struct visit *v = lane->visit;
    long status = rc == CURLE_OK ? bare_status (easy) : 0;
    if (status < 200 || status > 299) {
        failed++;
        if (failed <= 5)
            fprintf (stderr, "bare_sweep: %s: %s, HTTP %ld\n", v->host->name,
                     curl_easy_strerror (rc), status);
    }
    lane->busy = false;
    v->running--;
    if (v->session.token != NULL && !v->logged_in)
        set_headers (v);
    step (loop, v);
    if (v->running == 0 && v->next == v->script->count)
        end_visit (loop, v);
}

int
main (int argc, char **argv)
{
    struct bare_loop loop;
    if (argc != 4)
        bare_die ("usage: bare_sweep STATE_DIR TRACE MAX_OPEN");
    curl_global_init (CURL_GLOBAL_DEFAULT);
    bare_fleet_read (argv[1], &fleet);
    read_trace (argv[2]);
    max_open = strtoul (argv[3], NULL, 10);
    visits = bare_alloc ((fleet.count + 1) * sizeof *visits);
    bare_loop_init (&loop, on_done);
    int64_t began = bare_wall_ms ();
    begin_visits (&loop);
    bare_run (&loop);
    printf ("{\"hosts\":%zu,\"requests\":%llu,\"failed\":%llu,\"wall_s\":%.3f,\"cpu_s\":%.3f,"
            "\"width\":%zu}\n",
            fleet.count, (unsigned long long) requests, (unsigned long long) failed,
            (double) (bare_wall_ms () - began) / 1000, bare_cpu_s (),
            script_count == 0 ? 0 : scripts[0].width);
    return failed == 0 && next_host == fleet.count ? 0 : 1;
}
