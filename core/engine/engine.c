/* engine: see engine.h. The post office: jobs, their boxes, the workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/answer.h"
#include "engine/engine_private.h"
#include "engine/flight.h"
#include "engine/reach.h"
#include "engine/timers.h"
#include "engine/wish.h"
#include "net/net.h"

#define WORKERS_DEFAULT 16
#define WORKERS_MAX 256
#define JOBS_DEFAULT 2000
#define AGAIN_MS 5000                  /* after a commit that failed */
#define DRAIN_MS (30 * 1000)
#define WORKER_STACK (1u << 20)

void
letter_free (struct letter *letter)
{
    mem_free (letter->attempt_id);
    mem_free (letter->text);
    answer_free (letter->answer);
    wish_end (letter->wish);
    mem_free (letter);
}

/* The lock is held. True: the job must be pushed, best without the lock, which its worker wants. */
static bool
must_push (struct job *job)
{
    if (job->scheduled || list_empty (&job->box))
        return false;
    job->scheduled = true;
    return true;
}

/* The lock is held. */
static void
schedule (struct job *job)
{
    if (must_push (job))
        queue_push (job->engine->ready, job);
}

static void
deliver (struct engine *engine, const char *job_id, struct letter *letter)
{
    pthread_mutex_lock (&engine->lock);
    struct job *job = map_get (engine->jobs, job_id);
    bool push = false;
    if (job != NULL && !job->ended && !engine->stopping) {
        list_add_tail (&job->box, &letter->link);
        push = must_push (job);
        letter = NULL;
    }
    pthread_mutex_unlock (&engine->lock);
    if (push)
        queue_push (engine->ready, job);
    if (letter != NULL)
        letter_free (letter);
}

void
engine_post (struct engine *engine, const char *job_id, enum letter_kind kind,
             const char *attempt_id, int64_t seq, int64_t number, const char *text,
             struct answer *answer)
{
    struct letter *letter = mem_alloc (sizeof *letter);
    letter->kind = kind;
    letter->attempt_id = str_dup (attempt_id);
    letter->seq = seq;
    letter->number = number;
    letter->text = str_dup (text);
    letter->answer = answer;
    deliver (engine, job_id, letter);
}

void
engine_post_wish (struct engine *engine, const char *job_id, enum letter_kind kind,
                  int64_t number, const char *text, struct wish *wish)
{
    struct letter *letter = mem_alloc (sizeof *letter);
    letter->kind = kind;
    letter->number = number;
    letter->text = str_dup (text);
    letter->wish = wish;
    deliver (engine, job_id, letter);
}

/* --- workers -------------------------------------------------------------------------------- */

static struct letter *
take_letter (struct job *job)
{
    pthread_mutex_lock (&job->engine->lock);
    struct letter *letter = NULL;
    if (!list_empty (&job->box) && !job->engine->stopping) {
        letter = list_entry (job->box.next, struct letter, link);
        list_remove (&letter->link);
    }
    pthread_mutex_unlock (&job->engine->lock);
    return letter;
}

struct redelivery {
    struct engine *engine;
    char *job_id;
    struct letter *letter;
};

static void
redelivery_drop (void *arg)
{
    struct redelivery *r = arg;
    letter_free (r->letter);
    mem_free (r->job_id);
    mem_free (r);
}

static void
redeliver (void *arg)
{
    struct redelivery *r = arg;
    pthread_mutex_lock (&r->engine->lock);
    struct job *job = map_get (r->engine->jobs, r->job_id);
    bool alive = job != NULL && !job->ended && !r->engine->stopping;
    if (alive) {
        list_add_head (&job->box, &r->letter->link);
        schedule (job);
    }
    pthread_mutex_unlock (&r->engine->lock);
    if (!alive)
        letter_free (r->letter);
    mem_free (r->job_id);
    mem_free (r);
}

/* The store could not take it (a full disk, most often): the letter comes again. */
static void
deliver_later (struct job *job, struct letter *letter)
{
    struct redelivery *r = mem_alloc (sizeof *r);
    r->engine = job->engine;
    r->job_id = str_dup (job->id);
    r->letter = letter;
    net_timer (job->engine->o.net, job->id, AGAIN_MS, redeliver, redelivery_drop, r);
}

static void
release (struct job *job)
{
    struct engine *engine = job->engine;
    pthread_mutex_lock (&engine->lock);
    job->scheduled = false;
    bool gone = job->ended;
    bool push = !gone && !engine->stopping && must_push (job);
    if (gone)
        map_remove (engine->jobs, job->id);
    pthread_mutex_unlock (&engine->lock);
    if (gone)
        job_free (job);
    else if (push)
        queue_push (engine->ready, job);
}

static void *
work (void *arg)
{
    struct engine *engine = arg;
    struct job *job;
    while ((job = queue_pop (engine->ready)) != NULL) {
        struct letter *letter = take_letter (job);
        if (letter != NULL) {
            if (job_handle (job, letter) != 0)
                deliver_later (job, letter);
            else
                letter_free (letter);
        }
        release (job);
    }
    return NULL;
}

static void
start_workers (struct engine *engine)
{
    pthread_attr_t attr;
    uint32_t count = engine->o.workers == 0 ? WORKERS_DEFAULT : engine->o.workers;
    if (count > WORKERS_MAX)
        count = WORKERS_MAX;
    engine->workers = mem_array (count, sizeof *engine->workers);
    pthread_attr_init (&attr);
    pthread_attr_setstacksize (&attr, WORKER_STACK);
    for (uint32_t i = 0; i < count; i++) {
        if (pthread_create (&engine->workers[i], &attr, work, engine) != 0)
            break;
        engine->worker_count++;
    }
    pthread_attr_destroy (&attr);
}

/* --- jobs in and out ------------------------------------------------------------------------ */

/* The lock is held. */
static void
admit (struct engine *engine)
{
    uint32_t room = engine->o.max_jobs == 0 ? JOBS_DEFAULT : engine->o.max_jobs;
    while (engine->in_flight < room && !list_empty (&engine->waiting_room)) {
        struct job *job = list_entry (engine->waiting_room.next, struct job, waiting);
        list_remove (&job->waiting);
        job->counted = true;
        engine->in_flight++;
        struct letter *letter = mem_alloc (sizeof *letter);
        letter->kind = LETTER_RUN;
        list_add_head (&job->box, &letter->link);
        schedule (job);
    }
}

static void
leave (struct engine *engine, struct job *job)
{
    if (job->counted) {
        job->counted = false;
        engine->in_flight--;
    }
    list_remove (&job->waiting);
    admit (engine);
    pthread_cond_broadcast (&engine->changed);
}

void
engine_job_ended (struct engine *engine, struct job *job)
{
    timers_forget (engine->timers, job->id);
    pthread_mutex_lock (&engine->lock);
    job->ended = true;
    leave (engine, job);
    pthread_mutex_unlock (&engine->lock);
}

void
engine_job_rests (struct engine *engine, struct job *job)
{
    timers_forget (engine->timers, job->id);
    pthread_mutex_lock (&engine->lock);
    leave (engine, job);
    pthread_mutex_unlock (&engine->lock);
}

void
engine_job_resumes (struct engine *engine, struct job *job)
{
    pthread_mutex_lock (&engine->lock);
    if (!job->counted && list_empty (&job->waiting)) {
        job->counted = true;
        engine->in_flight++;
    }
    pthread_mutex_unlock (&engine->lock);
}

void
engine_adopt_job (struct engine *engine, const char *id, const char *host_id,
                  const char *host_name)
{
    struct job *job = job_new (engine, id, host_id, host_name);
    pthread_mutex_lock (&engine->lock);
    map_set (engine->jobs, id, job);
    list_add_tail (&engine->waiting_room, &job->waiting);
    admit (engine);
    pthread_mutex_unlock (&engine->lock);
}

size_t
engine_room (struct engine *engine)
{
    size_t most = engine->o.max_jobs == 0 ? JOBS_DEFAULT : engine->o.max_jobs;
    pthread_mutex_lock (&engine->lock);
    size_t room = engine->in_flight < most && list_empty (&engine->waiting_room)
                      ? most - engine->in_flight : 0;
    pthread_mutex_unlock (&engine->lock);
    return room;
}

bool
engine_knows_job (struct engine *engine, const char *job_id)
{
    pthread_mutex_lock (&engine->lock);
    bool known = map_get (engine->jobs, job_id) != NULL;
    pthread_mutex_unlock (&engine->lock);
    return known;
}

/* --- life ----------------------------------------------------------------------------------- */

static void
on_store_events (void *arg, int64_t last_event_id)
{
    struct engine *engine = arg;
    engine_event_fn *fn = engine->on_event;
    if (fn != NULL)
        fn (engine->on_event_arg, last_event_id);
}

int32_t
engine_new (const struct engine_options *options, struct engine **ret, struct err *err)
{
    struct engine *engine = mem_alloc (sizeof *engine);
    engine->o = *options;
    pthread_mutex_init (&engine->lock, NULL);
    pthread_cond_init (&engine->changed, NULL);
    engine->ready = queue_new ();
    engine->jobs = map_new ();
    engine->reaches = map_new ();
    engine->pins = map_new ();
    engine->workflows = map_new ();
    list_init (&engine->waiting_room);
    atomic_init (&engine->halted, false);
    engine->timers = timers_new (engine);
    start_workers (engine);
    if (engine->worker_count == 0) {
        engine_stop (engine, false);
        return err_set (err, ERR_IO, "no worker thread could be started");
    }
    *ret = engine;
    return 0;
}

void
engine_on_event (struct engine *engine, engine_event_fn *fn, void *arg)
{
    engine->on_event_arg = arg;
    engine->on_event = fn;
    store_on_events (engine->o.store, on_store_events, engine);
}

/* Uploads under way may end: their answers are worth minutes. Everything else resumes. */
static void
wait_for_uploads (struct engine *engine)
{
    struct net_counts counts;
    const struct timespec tick = { .tv_nsec = 100 * 1000 * 1000 };
    int64_t until = clock_boot_ms () + (engine->o.drain_ms == 0 ? DRAIN_MS : engine->o.drain_ms);
    for (net_counts (engine->o.net, &counts);
         counts.active_uploads > 0 && clock_boot_ms () < until;
         net_counts (engine->o.net, &counts))
        clock_nanosleep (CLOCK_MONOTONIC, 0, &tick, NULL);
    /* The last answers are on their way to the journal. */
    clock_nanosleep (CLOCK_MONOTONIC, 0, &tick, NULL);
}

static void
free_workflow (void *w)
{
    workflow_unref (w);
}

/* While net still lives: it ends them, and their callbacks let go. */
static void
cancel_flights (struct engine *engine)
{
    size_t it = 0;
    const char *id;
    void *value;
    while (map_next (engine->jobs, &it, &id, &value)) {
        struct job *job = value;
        flight_drop (job->flight, true);
        job->flight = NULL;
    }
}

static void
free_jobs (struct engine *engine)
{
    size_t it = 0;
    const char *id;
    void *job;
    while (map_next (engine->jobs, &it, &id, &job))
        job_free (job);
    map_free (engine->jobs, NULL);
}

/* A callback that reads a BMC which hangs would hold up the stop for a minute: its read ends now.
 * What it then says is dropped, for nothing of its turn was committed. */
static void
halt (struct engine *engine)
{
    size_t it = 0;
    const char *id;
    void *value;
    pthread_mutex_lock (&engine->lock);
    engine->stopping = true;
    atomic_store (&engine->halted, true);
    while (map_next (engine->jobs, &it, &id, &value)) {
        struct job *job = value;
        atomic_store (&job->cancelled, true);
    }
    pthread_cond_broadcast (&engine->changed);
    pthread_mutex_unlock (&engine->lock);
}

/* What the workers left to the writer tells the engine how it went: not after its end. */
static void
wait_for_writer (struct engine *engine)
{
    struct err err;
    if (store_commit (engine->o.store, store_batch_new (NULL), STORE_NORMAL, &err) != 0)
        log_warn ("the store: %s", err.message);
}

void
engine_stop (struct engine *engine, bool drain)
{
    if (drain)
        wait_for_uploads (engine);
    halt (engine);
    queue_close (engine->ready);
    for (uint32_t i = 0; i < engine->worker_count; i++)
        pthread_join (engine->workers[i], NULL);
    cancel_flights (engine);           /* a flight may be a timer, which is taken back */
    timers_free (engine->timers);
    reach_logout_all (engine, 5000);
    /* What is still on the loop posts its answer to nobody and lets go of its flight. */
    net_stop (engine->o.net, NET_STOP_ABORT, 0);
    engine->o.net = NULL;
    wait_for_writer (engine);
    free_jobs (engine);
    map_free (engine->reaches, NULL);
    map_free (engine->pins, reach_pin_free);
    map_free (engine->workflows, free_workflow);
    queue_free (engine->ready);
    mem_free (engine->workers);
    pthread_mutex_destroy (&engine->lock);
    pthread_cond_destroy (&engine->changed);
    mem_free (engine);
}

void
engine_counts (struct engine *engine, struct engine_counts *ret)
{
    struct net_counts net;
    *ret = (struct engine_counts) { 0 };
    net_counts (engine->o.net, &net);
    ret->uploads = net.active_uploads;
    pthread_mutex_lock (&engine->lock);
    size_t it = 0;
    const char *id;
    void *value;
    while (map_next (engine->jobs, &it, &id, &value)) {
        const struct job *job = value;
        if (job->scheduled)
            ret->running++;
        else if (job->counted)
            ret->waiting++;
        else if (list_empty (&job->waiting))
            ret->parked++;
        else
            ret->queued++;
    }
    pthread_mutex_unlock (&engine->lock);
}

int32_t
engine_workflow (struct engine *engine, const char *digest, struct workflow **ret, struct err *err)
{
    pthread_mutex_lock (&engine->lock);
    struct workflow *w = map_get (engine->workflows, digest);
    if (w != NULL)
        *ret = workflow_ref (w);
    pthread_mutex_unlock (&engine->lock);
    if (w != NULL)
        return 0;
    struct store_workflow_text *text = NULL;
    int32_t rc = store_workflow_text_get (engine->o.store, digest, &text, err);
    if (rc == 0)
        rc = workflow_load_text (text->text, strlen (text->text), text->name, &w, NULL, err);
    store_workflow_text_free (text);
    if (rc != 0)
        return rc;
    pthread_mutex_lock (&engine->lock);
    struct workflow *old = map_set (engine->workflows, digest, workflow_ref (w));
    pthread_mutex_unlock (&engine->lock);
    workflow_unref (old);
    *ret = w;
    return 0;
}
