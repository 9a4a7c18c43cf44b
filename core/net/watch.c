/* watch: the I/O below all watches, and the watches of tasks and of conditions.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/watch.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/session.h"
#include "net/until_step.h"
#include "net/watch_base.h"

/* What most resources have. Parsing it takes less time than the way to another thread and back. */
#define PARSE_HERE_BYTES 4096
#define AGAIN_MS 1000
#define AGAIN_MAX_MS 10000

/* ---- the base ------------------------------------------------------------------------------ */

struct ask {
    struct list link;
    struct watch *watch;
    watch_look_fn *fn;
    void *context;
    char *path;                        /* NULL = TCP */
    bool keep, again;                  /* again: it is the second time */
    net_handle handle;
    uint64_t timer;                    /* until the second time */
    struct net_response *response;
    struct look look;
};

static void
on_stop (struct loop_user *user)
{
    struct watch *w = list_entry (user, struct watch, user);
    w->stopped (w);
}

void
watch_init (struct watch *w, struct net_target *target, struct session *session,
            enum net_auth auth)
{
    w->target = net_target_ref (target);
    w->session = session == NULL ? NULL : session_ref (session);
    w->auth = auth;
    w->loop = target->loop;
    w->user.cancel = on_stop;
    list_init (&w->user.link);
    list_init (&w->asks);
}

static void
maybe_free (struct watch *w)
{
    if (!w->ended || w->pending > 0)
        return;
    net_target_unref (w->target);
    session_unref (w->session);
    w->free (w);
}

void
watch_finish (struct watch *w)
{
    w->ended = true;
    list_remove (&w->user.link);
    loop_slot_free (w->loop, w->id);
    w->pending++;                      /* not before the timers are gone */
    list_for_each_safe (it, next, &w->asks) {
        struct ask *ask = list_entry (it, struct ask, link);
        if (ask->timer != 0)
            net_timer_cancel (w->loop->net, ask->timer);
        else
            net_cancel (w->loop->net, ask->handle);
    }
    uint64_t timer = w->timer;
    w->timer = 0;
    net_timer_cancel (w->loop->net, timer);
    w->pending--;
    maybe_free (w);
}

static void
begin_posted (void *arg)
{
    struct watch *w = arg;
    list_add_tail (&w->loop->watches, &w->user.link);
    w->pending++;
    if (w->loop->stopping)
        w->stopped (w);
    else
        w->begin (w);
    w->pending--;
    maybe_free (w);
}

watch_handle
watch_start (struct watch *w)
{
    watch_handle id = loop_slot_take (w->loop, SLOT_WATCH, w);
    w->id = id;
    loop_post (w->loop, begin_posted, w);
    return id;
}

static void ask_send (struct ask *ask);

static void
deliver_now (struct ask *ask)
{
    struct watch *w = ask->watch;
    struct net_response *response = ask->response;
    list_remove (&ask->link);
    if (!w->ended) {
        ask->look.code = response->code;
        if (response->code != 0)
            ask->look.err = response->err;
        ask->look.status = response->status;
        ask->look.retry_after_ms = response->retry_after_ms;
        ask->fn (w, ask->context, &ask->look, response->body_len);
    }
    json_decref (ask->look.doc);
    net_response_free (response);
    mem_free (ask->path);
    mem_free (ask);
    w->pending--;
    maybe_free (w);
}

static void
ask_again (void *arg)
{
    struct ask *ask = arg;
    ask->timer = 0;
    net_response_free (ask->response);
    ask->response = NULL;
    ask_send (ask);
}

static void
ask_dropped (void *arg)
{
    struct ask *ask = arg;
    ask->timer = 0;
    deliver_now (ask);
}

static bool
worth_another (const struct net_response *response)
{
    int s = response->status;
    if (response->code != 0)
        return response->code == FARRIER_E_TRANSIENT;
    return s == 429 || s == 500 || s == 502 || s == 503 || s == 504;
}

static void
deliver (struct ask *ask)
{
    struct watch *w = ask->watch;
    if (w->ended || !w->insists || ask->again || !worth_another (ask->response)) {
        deliver_now (ask);
        return;
    }
    int64_t wait = ask->response->retry_after_ms;
    wait = wait < 0 ? AGAIN_MS : wait > AGAIN_MAX_MS ? AGAIN_MAX_MS : wait;
    json_decref (ask->look.doc);
    ask->look.doc = NULL;
    ask->again = true;
    ask->timer = net_timer (w->loop->net, w->target->key, wait, ask_again, ask_dropped, ask);
}

static void
parse_work (void *arg)
{
    struct ask *ask = arg;
    ask->look.doc = net_response_json (ask->response, &ask->look.err);
}

static void
parse_done (void *arg)
{
    deliver (arg);
}

static void
on_answer (void *arg, struct net_response *response)
{
    struct ask *ask = arg;
    ask->response = response;
    bool parse = response->code == 0 && response->body_len > 0 && !ask->watch->ended;
    if (parse && response->body_len > PARSE_HERE_BYTES) {
        loop_work_small (ask->watch->loop, parse_work, parse_done, ask);
        return;
    }
    if (parse)
        parse_work (ask);
    deliver (ask);
}

static void
ask_send (struct ask *ask)
{
    struct watch *w = ask->watch;
    bool tcp = ask->path == NULL;
    struct net_request get = { .target = w->target, .path = tcp ? "/" : ask->path,
                               .auth = tcp ? NET_AUTH_NONE : w->auth, .session = w->session,
                               .keep = ask->keep, .total_ms = w->total_ms,
                               .max_response_bytes = w->max_response_bytes, .done = on_answer,
                               .arg = ask };
    struct request *r = request_new (&get);
    r->look_only = r->tcp_only = tcp;
    r->urgent = w->urgent;
    ask->handle = request_submit (r);
}

void
watch_look (struct watch *w, const char *path, bool keep, watch_look_fn *fn, void *context)
{
    struct ask *ask = mem_alloc (sizeof *ask);
    ask->watch = w;
    ask->fn = fn;
    ask->context = context;
    ask->path = str_dup (path);
    ask->keep = keep;
    ask->look.retry_after_ms = -1;
    list_add_tail (&w->asks, &ask->link);
    w->pending++;
    ask_send (ask);
}

static void
wait_over (void *arg)
{
    struct watch *w = arg;
    w->timer = 0;
    if (!w->ended)
        w->waited (w);
    w->pending--;
    maybe_free (w);
}

static void
wait_gone (void *arg)
{
    struct watch *w = arg;
    w->timer = 0;
    w->pending--;
    maybe_free (w);
}

void
watch_wait (struct watch *w, int64_t ms, void (*fn) (struct watch *w))
{
    w->waited = fn;
    w->pending++;
    w->timer = net_timer (w->loop->net, w->target->key, ms, wait_over, wait_gone, w);
}

struct cancel_call {
    struct loop *loop;
    watch_handle id;
};

static void
cancel_posted (void *arg)
{
    struct cancel_call *call = arg;
    struct watch *w = loop_slot_get (call->loop, call->id, SLOT_WATCH);
    if (w != NULL)
        w->stopped (w);
    mem_free (call);
}

void
watch_cancel (struct net *net, watch_handle handle)
{
    struct loop *loop = loop_of_id (net, handle);
    if (loop == NULL)
        return;
    struct cancel_call *call = mem_alloc (sizeof *call);
    call->loop = loop;
    call->id = handle;
    loop_post (loop, cancel_posted, call);
}

static char **
copy_strings (const char *const *from, size_t count)
{
    char **to = mem_array (count + 1, sizeof *to);
    for (size_t i = 0; i < count; i++)
        to[i] = str_dup (from[i]);
    return to;
}

/* ---- a task -------------------------------------------------------------------------------- */

struct task_watch {
    struct watch base;
    struct watch_task spec;            /* all of it copied */
    struct task_step step;
    char *path;
    void (*progress) (void *arg, const struct watch_task_progress *p);
    void (*done) (void *arg, const struct watch_task_result *result);
    void *arg;
};

static void
task_end (struct task_watch *t)
{
    t->done (t->arg, &t->step.result);
    watch_finish (&t->base);
}

static void task_look (struct watch *w);

static void
task_follow (struct task_watch *t, const struct task_decision *d)
{
    if (d->progress && t->progress != NULL) {
        struct watch_task_progress p;
        task_step_progress (&t->step, &p);
        t->progress (t->arg, &p);
    }
    if (d->end) {
        task_end (t);
        return;
    }
    str_set (&t->path, d->path);
    watch_wait (&t->base, d->after_ms, task_look);
}

static void
task_looked (struct watch *w, void *context, struct look *look, size_t bytes)
{
    struct task_watch *t = list_entry (w, struct task_watch, base);
    (void) context;
    (void) bytes;
    struct task_decision d = task_step_feed (&t->step, (int64_t) loop_now (w->loop), look);
    task_follow (t, &d);
}

static void
task_look (struct watch *w)
{
    struct task_watch *t = list_entry (w, struct task_watch, base);
    watch_look (w, t->path, false, task_looked, NULL);
}

static void
task_begin (struct watch *w)
{
    struct task_watch *t = list_entry (w, struct task_watch, base);
    task_step_init (&t->step, &t->spec, (int64_t) loop_now (w->loop));
    struct task_decision d = task_step_first (&t->step);
    str_set (&t->path, d.path);
    task_look (w);
}

static void
task_stopped (struct watch *w)
{
    struct task_watch *t = list_entry (w, struct task_watch, base);
    task_step_stop (&t->step, FARRIER_E_CANCELLED, "watching the task was cancelled");
    task_end (t);
}

static void
task_free (struct watch *w)
{
    struct task_watch *t = list_entry (w, struct task_watch, base);
    struct watch_task *s = &t->spec;
    if (t->step.spec != NULL)
        task_step_clear (&t->step);
    mem_free ((char *) s->uri);
    mem_free ((char *) s->monitor);
    str_free_all ((char **) s->fallbacks, s->fallback_count);
    mem_free ((char *) s->state_pointer);
    mem_free ((char *) s->percent_pointer);
    mem_free ((char *) s->messages_pointer);
    for (size_t i = 0; i < s->state_count; i++)
        mem_free ((char *) s->states[i].value);
    mem_free ((struct watch_state_map *) s->states);
    mem_free ((char *) s->identity_pointer);
    mem_free ((char *) s->identity);
    mem_free ((char *) s->before);
    mem_free (t->path);
    mem_free (t);
}

static struct watch_state_map *
copy_states (const struct watch_state_map *from, size_t count)
{
    if (count == 0)
        return NULL;
    struct watch_state_map *to = mem_array (count, sizeof *to);
    for (size_t i = 0; i < count; i++)
        to[i] = (struct watch_state_map) { str_dup (from[i].value), from[i].means };
    return to;
}

watch_handle
watch_task_start (const struct watch_task *spec,
                  void (*progress) (void *arg, const struct watch_task_progress *p),
                  void (*done) (void *arg, const struct watch_task_result *result), void *arg)
{
    struct task_watch *t = mem_alloc (sizeof *t);
    watch_init (&t->base, spec->target, spec->session, spec->auth);
    t->base.urgent = true;
    t->base.begin = task_begin;
    t->base.stopped = task_stopped;
    t->base.free = task_free;
    t->spec = *spec;
    t->spec.uri = net_path_of (spec->uri);
    t->spec.monitor = net_path_of (spec->monitor);
    t->spec.fallbacks = (const char *const *) copy_strings (spec->fallbacks,
                                                            spec->fallback_count);
    t->spec.state_pointer = str_dup (spec->state_pointer);
    t->spec.percent_pointer = str_dup (spec->percent_pointer);
    t->spec.messages_pointer = str_dup (spec->messages_pointer);
    t->spec.states = copy_states (spec->states, spec->state_count);
    t->spec.identity_pointer = str_dup (spec->identity_pointer);
    t->spec.identity = str_dup (spec->identity);
    t->spec.before = str_dup (spec->before);
    t->progress = progress;
    t->done = done;
    t->arg = arg;
    return watch_start (&t->base);
}

/* ---- until --------------------------------------------------------------------------------- */

struct until_watch {
    struct watch base;
    struct watch_until spec;           /* all of it copied */
    struct until_step step;
    struct look probe;                 /* while the proof is read */
    void (*done) (void *arg, const struct watch_until_result *result);
    void *arg;
};

static void until_look (struct watch *w);

static void
until_end (struct until_watch *u)
{
    u->done (u->arg, &u->step.result);
    watch_finish (&u->base);
}

static void
until_judge (struct until_watch *u, const struct look *probe, const struct look *proof)
{
    int64_t after;
    if (until_step_feed (&u->step, (int64_t) loop_now (u->base.loop), probe, proof, &after))
        until_end (u);
    else
        watch_wait (&u->base, after, until_look);
}

static void
until_proof_looked (struct watch *w, void *context, struct look *look, size_t bytes)
{
    struct until_watch *u = list_entry (w, struct until_watch, base);
    struct look probe = u->probe;
    (void) context;
    (void) bytes;
    u->probe.doc = NULL;
    until_judge (u, &probe, look);
    json_decref (probe.doc);
}

static void
until_looked (struct watch *w, void *context, struct look *look, size_t bytes)
{
    struct until_watch *u = list_entry (w, struct until_watch, base);
    const struct watch_until *spec = &u->spec;
    (void) context;
    (void) bytes;
    if (!until_step_wants_proof (spec)) {
        until_judge (u, look, NULL);
    } else if (spec->proof_uri == NULL || str_eq (spec->proof_uri, spec->uri)) {
        until_judge (u, look, look);
    } else if (look->code != 0) {
        until_judge (u, look, NULL);
    } else {
        u->probe = *look;
        look->doc = NULL;              /* taken over */
        watch_look (w, spec->proof_uri, false, until_proof_looked, NULL);
    }
}

static void
until_look (struct watch *w)
{
    struct until_watch *u = list_entry (w, struct until_watch, base);
    bool tcp = u->spec.probe == FARRIER_PROBE_TCP;
    watch_look (w, tcp ? NULL : u->spec.uri, until_step_wants_proof (&u->spec), until_looked,
                NULL);
}

static void
until_begin (struct watch *w)
{
    struct until_watch *u = list_entry (w, struct until_watch, base);
    until_step_init (&u->step, &u->spec, (int64_t) loop_now (w->loop));
    until_look (w);
}

static void
until_stopped (struct watch *w)
{
    struct until_watch *u = list_entry (w, struct until_watch, base);
    u->step.result.code = err_set (&u->step.result.err, FARRIER_E_CANCELLED,
                                   "watching %s was cancelled",
                                   u->spec.uri == NULL ? "the connection" : u->spec.uri);
    until_end (u);
}

static void
until_free (struct watch *w)
{
    struct until_watch *u = list_entry (w, struct until_watch, base);
    struct watch_until *s = &u->spec;
    if (u->step.spec != NULL)
        until_step_clear (&u->step);
    json_decref (u->probe.doc);
    mem_free ((char *) s->uri);
    mem_free ((char *) s->pointer);
    mem_free ((char *) s->wanted);
    mem_free ((char *) s->unwanted);
    mem_free ((char *) s->proof_uri);
    mem_free ((char *) s->proof_pointer);
    mem_free ((char *) s->proof_before);
    mem_free (u);
}

watch_handle
watch_until_start (const struct watch_until *spec,
                   void (*done) (void *arg, const struct watch_until_result *result), void *arg)
{
    struct until_watch *u = mem_alloc (sizeof *u);
    watch_init (&u->base, spec->target, spec->session, spec->auth);
    u->base.urgent = true;
    u->base.begin = until_begin;
    u->base.stopped = until_stopped;
    u->base.free = until_free;
    u->spec = *spec;
    u->spec.uri = net_path_of (spec->uri);
    u->spec.pointer = str_dup (spec->pointer);
    u->spec.wanted = str_dup (spec->wanted);
    u->spec.unwanted = str_dup (spec->unwanted);
    u->spec.proof_uri = net_path_of (spec->proof_uri);
    u->spec.proof_pointer = str_dup (spec->proof_pointer);
    u->spec.proof_before = str_dup (spec->proof_before);
    u->done = done;
    u->arg = arg;
    return watch_start (&u->base);
}
