/* loop: threads, posted calls, the thread pool, timers, handles, and how it all ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/loop.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/process.h"
#include "net/request.h"

#ifndef FARRIER_VERSION
#define FARRIER_VERSION "0"
#endif

#define LOOPS_MAX 64
#define TICK_MS 250
#define TRIPS_MAX 2                    /* libuv's pool has 4 threads */
#define TRIP_ITEMS_MAX 8

struct post {
    struct list link;
    void (*fn) (void *arg);
    void *arg;
};

struct work {
    uv_work_t request;
    struct loop *loop;
    void (*work) (void *arg);
    void (*done) (void *arg);
    void *arg;
};

struct timer {
    uv_timer_t uv;
    struct list link;
    struct loop *loop;
    uint64_t id;
    int64_t delay_ms;
    void (*fn) (void *arg);
    void (*unref) (void *arg);
    void *arg;
    bool posted, cancelled;
    bool open;                         /* uv was initialised */
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void
curl_begin (void)
{
    /* OpenSSL writes to sockets that the other side has closed */
    signal (SIGPIPE, SIG_IGN);
    curl_global_init (CURL_GLOBAL_DEFAULT);
}

/* ---- handles ------------------------------------------------------------------------------- */

/* id: 6 bits loop, 26 bits generation, 32 bits slot + 1. */

uint64_t
loop_slot_take (struct loop *loop, enum slot_kind kind, void *object)
{
    uv_mutex_lock (&loop->lock);
    uint32_t i = loop->slot_free;
    if (i == UINT32_MAX) {
        if (loop->slot_count == loop->slot_capacity) {
            loop->slot_capacity = loop->slot_capacity == 0 ? 64 : loop->slot_capacity * 2;
            loop->slots = mem_realloc (loop->slots, loop->slot_capacity * sizeof *loop->slots);
        }
        i = loop->slot_count++;
        loop->slots[i].generation = 0;
    } else {
        loop->slot_free = loop->slots[i].next_free;
    }
    struct slot *slot = &loop->slots[i];
    slot->object = object;
    slot->kind = kind;
    uint64_t id = (uint64_t) loop->index << 58
                  | (uint64_t) (slot->generation & 0x3ffffff) << 32 | ((uint64_t) i + 1);
    uv_mutex_unlock (&loop->lock);
    return id;
}

static struct slot *
slot_find (struct loop *loop, uint64_t id)
{
    uint32_t i = (uint32_t) id - 1;
    if ((uint32_t) id == 0 || i >= loop->slot_count)
        return NULL;

    struct slot *slot = &loop->slots[i];
    if (slot->kind == SLOT_FREE || (slot->generation & 0x3ffffff) != ((id >> 32) & 0x3ffffff))
        return NULL;
    return slot;
}

void *
loop_slot_get (struct loop *loop, uint64_t id, enum slot_kind kind)
{
    uv_mutex_lock (&loop->lock);
    struct slot *slot = slot_find (loop, id);
    void *object = slot != NULL && slot->kind == kind ? slot->object : NULL;
    uv_mutex_unlock (&loop->lock);
    return object;
}

void
loop_slot_free (struct loop *loop, uint64_t id)
{
    uv_mutex_lock (&loop->lock);
    struct slot *slot = slot_find (loop, id);
    if (slot != NULL) {
        slot->kind = SLOT_FREE;
        slot->object = NULL;
        slot->generation++;
        slot->next_free = loop->slot_free;
        loop->slot_free = (uint32_t) (slot - loop->slots);
    }
    uv_mutex_unlock (&loop->lock);
}

/* ---- posts and work ------------------------------------------------------------------------ */

void
loop_post (struct loop *loop, void (*fn) (void *arg), void *arg)
{
    struct post *post = mem_alloc (sizeof *post);
    post->fn = fn;
    post->arg = arg;
    uv_mutex_lock (&loop->lock);
    list_add_tail (&loop->posts, &post->link);
    /* inside the lock: the loop's end takes it too, and closes the async handle afterwards */
    if (!loop->closed)
        uv_async_send (&loop->wake);
    uv_mutex_unlock (&loop->lock);
}

static void
posts_run (struct loop *loop)
{
    struct list batch;
    list_init (&batch);
    uv_mutex_lock (&loop->lock);
    while (!list_empty (&loop->posts)) {
        struct list *first = loop->posts.next;
        list_remove (first);
        list_add_tail (&batch, first);
    }
    uv_mutex_unlock (&loop->lock);
    while (!list_empty (&batch)) {
        struct post *post = list_entry (batch.next, struct post, link);
        list_remove (&post->link);
        post->fn (post->arg);
        mem_free (post);
    }
    admit_pump (loop);
}

static void
on_wake (uv_async_t *wake)
{
    posts_run (wake->data);
}

static void
on_work (uv_work_t *request)
{
    struct work *w = request->data;
    w->work (w->arg);
}

static void
on_work_done (uv_work_t *request, int status)
{
    struct work *w = request->data;
    struct loop *loop = w->loop;
    (void) status;                     /* nothing is ever cancelled in the pool */
    loop->works--;
    if (w->done != NULL)
        w->done (w->arg);
    mem_free (w);
    admit_pump (loop);
}

void
loop_work (struct loop *loop, void (*work) (void *arg), void (*done) (void *arg), void *arg)
{
    struct work *w = mem_alloc (sizeof *w);
    w->loop = loop;
    w->work = work;
    w->done = done;
    w->arg = arg;
    w->request.data = w;
    loop->works++;
    uv_queue_work (&loop->uv, &w->request, on_work, on_work_done);
}

/* ---- small works --------------------------------------------------------------------------- */

struct small {
    struct list link;
    void (*work) (void *arg);
    void (*done) (void *arg);
    void *arg;
};

struct trip {
    uv_work_t request;
    struct loop *loop;
    uint32_t count;
    struct small *items[TRIP_ITEMS_MAX];
};

static void
on_trip (uv_work_t *request)
{
    struct trip *trip = request->data;
    for (uint32_t i = 0; i < trip->count; i++)
        trip->items[i]->work (trip->items[i]->arg);
}

static void trips_start (struct loop *loop);

static void
on_trip_done (uv_work_t *request, int status)
{
    struct trip *trip = request->data;
    struct loop *loop = trip->loop;
    (void) status;
    loop->trips--;
    trips_start (loop);                /* the pool goes on while the results are looked at */
    for (uint32_t i = 0; i < trip->count; i++) {
        loop->works--;
        trip->items[i]->done (trip->items[i]->arg);
        mem_free (trip->items[i]);
    }
    mem_free (trip);
    admit_pump (loop);
}

static void
trips_start (struct loop *loop)
{
    while (loop->trips < TRIPS_MAX && !list_empty (&loop->small)) {
        struct trip *trip = mem_alloc (sizeof *trip);
        trip->loop = loop;
        trip->request.data = trip;
        while (trip->count < TRIP_ITEMS_MAX && !list_empty (&loop->small)) {
            struct small *item = list_entry (loop->small.next, struct small, link);
            list_remove (&item->link);
            trip->items[trip->count++] = item;
        }
        loop->trips++;
        uv_queue_work (&loop->uv, &trip->request, on_trip, on_trip_done);
    }
}

void
loop_work_small (struct loop *loop, void (*work) (void *arg), void (*done) (void *arg), void *arg)
{
    struct small *item = mem_alloc (sizeof *item);
    item->work = work;
    item->done = done;
    item->arg = arg;
    loop->works++;
    list_add_tail (&loop->small, &item->link);
    trips_start (loop);
}

static void
work_posted (void *arg)
{
    struct work *w = arg;
    w->request.data = w;
    w->loop->works++;
    uv_queue_work (&w->loop->uv, &w->request, on_work, on_work_done);
}

/* ---- keys ---------------------------------------------------------------------------------- */

struct loop *
loop_of_key (struct net *net, const char *key)
{
    return &net->loops[key == NULL ? 0 : hash_fnv1a (key) % net->loop_count];
}

struct loop *
loop_of_id (struct net *net, uint64_t id)
{
    uint32_t i = (uint32_t) (id >> 58);
    return id != 0 && i < net->loop_count ? &net->loops[i] : NULL;
}

bool
loop_is_current (const struct loop *loop)
{
    uv_thread_t self = uv_thread_self ();
    return uv_thread_equal (&self, &loop->thread) != 0;
}

struct host *
loop_host (struct loop *loop, const char *key)
{
    struct host *host = map_get (loop->hosts, key);
    if (host != NULL)
        return host;

    host = mem_alloc (sizeof *host);
    host->shard = &loop->shards[hash_fnv1a (key) / loop->net->loop_count % LOOP_SHARDS];
    for (int lane = 0; lane < LANES; lane++) {
        list_init (&host->waiting[lane]);
        list_init (&host->ready[lane]);
    }
    list_init (&host->resolving);
    list_init (&host->resolve_link);
    list_init (&host->idle);
    list_init (&host->place);
    map_set (loop->hosts, key, host);
    return host;
}

uint64_t
loop_now (struct loop *loop)
{
    (void) loop;
    return uv_hrtime () / 1000000;
}

/* ---- tickers ------------------------------------------------------------------------------- */

static void
on_tick (uv_timer_t *timer)
{
    struct loop *loop = timer->data;
    uint64_t now = loop_now (loop);
    list_for_each_safe (it, next, &loop->tickers) {
        struct ticker *ticker = list_entry (it, struct ticker, link);
        ticker->fn (ticker, now);
    }
    if (list_empty (&loop->tickers))
        uv_timer_stop (timer);
    admit_pump (loop);
}

void
loop_tick_add (struct loop *loop, struct ticker *ticker)
{
    if (list_empty (&loop->tickers))
        uv_timer_start (&loop->tick, on_tick, TICK_MS, TICK_MS);
    list_add_tail (&loop->tickers, &ticker->link);
}

void
loop_tick_remove (struct ticker *ticker)
{
    list_remove (&ticker->link);
}

/* ---- timers -------------------------------------------------------------------------------- */

static void
timer_closed (uv_handle_t *handle)
{
    mem_free (handle->data);
}

static void
timer_end (struct timer *t, bool fired)
{
    list_remove (&t->link);
    loop_slot_free (t->loop, t->id);
    if (fired)
        t->fn (t->arg);
    else if (t->unref != NULL)
        t->unref (t->arg);
    if (t->open)
        uv_close ((uv_handle_t *) &t->uv, timer_closed);
    else
        mem_free (t);
}

static void
on_timer (uv_timer_t *uv)
{
    struct timer *t = uv->data;
    struct loop *loop = t->loop;
    timer_end (t, true);
    admit_pump (loop);
}

static void
timer_posted (void *arg)
{
    struct timer *t = arg;
    t->posted = true;
    list_add_tail (&t->loop->timers, &t->link);
    if (t->loop->stopping || t->cancelled) {
        timer_end (t, false);
        return;
    }
    uv_timer_init (&t->loop->uv, &t->uv);
    t->uv.data = t;
    t->open = true;
    uv_update_time (&t->loop->uv);
    uv_timer_start (&t->uv, on_timer, t->delay_ms < 0 ? 0 : (uint64_t) t->delay_ms, 0);
}

uint64_t
net_timer (struct net *net, const char *key, int64_t delay_ms, void (*fn) (void *arg),
           void (*unref) (void *arg), void *arg)
{
    struct timer *t = mem_alloc (sizeof *t);
    t->loop = loop_of_key (net, key);
    t->delay_ms = delay_ms;
    t->fn = fn;
    t->unref = unref;
    t->arg = arg;
    uint64_t id = loop_slot_take (t->loop, SLOT_TIMER, t);
    t->id = id;
    loop_post (t->loop, timer_posted, t);
    return id;
}

struct id_call {
    struct loop *loop;
    uint64_t id;
};

static void
timer_cancel_now (struct loop *loop, uint64_t id)
{
    struct timer *t = loop_slot_get (loop, id, SLOT_TIMER);
    if (t == NULL)
        return;
    if (t->posted)
        timer_end (t, false);
    else
        t->cancelled = true;
}

static void
timer_cancel_posted (void *arg)
{
    struct id_call *call = arg;
    timer_cancel_now (call->loop, call->id);
    mem_free (call);
}

void
net_timer_cancel (struct net *net, uint64_t id)
{
    struct loop *loop = loop_of_id (net, id);
    if (loop == NULL)
        return;
    if (loop_is_current (loop)) {
        timer_cancel_now (loop, id);
        return;
    }
    struct id_call *call = mem_alloc (sizeof *call);
    call->loop = loop;
    call->id = id;
    loop_post (loop, timer_cancel_posted, call);
}

/* ---- the end ------------------------------------------------------------------------------- */

static void
users_cancel (struct list *users)
{
    list_for_each_safe (it, next, users) {
        struct loop_user *user = list_entry (it, struct loop_user, link);
        user->cancel (user);
    }
}

static void
loop_abort (struct loop *loop)
{
    loop->aborting = true;
    users_cancel (&loop->watches);
    users_cancel (&loop->processes);
    list_for_each_safe (it, next, &loop->timers)
        timer_end (list_entry (it, struct timer, link), false);
    request_cancel_all (loop, false);
}

static void
on_drain_over (uv_timer_t *timer)
{
    loop_abort (timer->data);
}

static void
loop_close_handles (struct loop *loop)
{
    shards_close (loop);
    uv_close ((uv_handle_t *) &loop->sweep, NULL);
    uv_close ((uv_handle_t *) &loop->tick, NULL);
    uv_close ((uv_handle_t *) &loop->drain, NULL);
    uv_close ((uv_handle_t *) &loop->pace, NULL);
    uv_close ((uv_handle_t *) &loop->stopper, NULL);
    uv_close ((uv_handle_t *) &loop->wake, NULL);
}

/* Runs once per turn of the loop while it stops. */
static void
on_stopper (uv_prepare_t *stopper)
{
    struct loop *loop = stopper->data;
    if (!loop->aborting && atomic_load (&loop->uploads) == 0 && list_empty (&loop->requests))
        loop_abort (loop);             /* all that was waited for is done */
    if (loop->works > 0 || loop->resolving > 0 || !list_empty (&loop->requests)
        || !list_empty (&loop->watches) || !list_empty (&loop->processes)
        || !list_empty (&loop->timers))
        return;

    uv_mutex_lock (&loop->lock);
    loop->closed = list_empty (&loop->posts);
    uv_mutex_unlock (&loop->lock);
    if (loop->closed)
        loop_close_handles (loop);
}

static void
loop_stop_posted (void *arg)
{
    struct loop *loop = arg;
    loop->stopping = true;
    uv_prepare_start (&loop->stopper, on_stopper);
    if (loop->net->stop_mode == NET_STOP_DRAIN && loop->net->drain_ms > 0
        && atomic_load (&loop->uploads) > 0) {
        uv_timer_start (&loop->drain, on_drain_over, (uint64_t) loop->net->drain_ms, 0);
        users_cancel (&loop->watches);
        request_cancel_all (loop, true);
    } else {
        loop_abort (loop);
    }
}

static void
loop_main (void *arg)
{
    struct loop *loop = arg;
    uv_run (&loop->uv, UV_RUN_DEFAULT);
}

static int32_t
loop_open (struct loop *loop, struct err *err)
{
    list_init (&loop->posts);
    list_init (&loop->requests);
    list_init (&loop->timers);
    list_init (&loop->watches);
    list_init (&loop->processes);
    list_init (&loop->tickers);
    list_init (&loop->small);
    list_init (&loop->resolve_queue);
    list_init (&loop->idle);
    for (int rank = 0; rank < RANKS; rank++)
        list_init (&loop->ready[rank]);
    loop->slot_free = UINT32_MAX;
    loop->hosts = map_new ();
    int status = uv_loop_init (&loop->uv);
    if (status == 0)
        status = uv_async_init (&loop->uv, &loop->wake, on_wake);
    if (status != 0)
        return err_set (err, ERR_IO, "cannot start a network loop: %s", uv_strerror (status));
    uv_mutex_init (&loop->lock);
    uv_timer_init (&loop->uv, &loop->sweep);
    uv_timer_init (&loop->uv, &loop->tick);
    uv_timer_init (&loop->uv, &loop->drain);
    pace_open (loop);
    uv_prepare_init (&loop->uv, &loop->stopper);
    loop->wake.data = loop->tick.data = loop->drain.data = loop->stopper.data = loop;
    loop->sweep.data = loop;
    loop->uploads_host = loop_host (loop, "");
    return shards_open (loop, err);
}

static void
host_clear (struct host *host)
{
    resolve_host_free (host);
    mem_free (host->sockets);
}

static void
loop_free (struct loop *loop)
{
    uv_loop_close (&loop->uv);
    uv_mutex_destroy (&loop->lock);
    size_t it = 0;
    void *host;
    while (map_next (loop->hosts, &it, NULL, &host))
        host_clear (host);
    map_free (loop->hosts, mem_free);
    mem_free (loop->slots);
    mem_free (loop->socks);
}

static uint32_t
share (uint32_t total, uint32_t parts, uint32_t at_least)
{
    uint32_t each = total / parts;
    return each < at_least ? at_least : each;
}

static void
loop_set_up (struct net *net, uint32_t i, const struct net_options *o)
{
    struct loop *loop = &net->loops[i];
    loop->net = net;
    loop->index = i;
    loop->max_open = share (o->max_open_connections == 0 ? 2048 : o->max_open_connections,
                            net->loop_count, 1);
    loop->max_uploads = share (o->max_uploads == 0 ? 256 : o->max_uploads, net->loop_count, 1);
    loop->per_host = o->per_host == 0 ? 2 : o->per_host;
    loop->width = o->hosts_at_once == 0 ? 256 : o->hosts_at_once;
}

int32_t
net_start (const struct net_options *options, struct net **ret, struct err *err)
{
    static const struct net_options defaults;
    const struct net_options *o = options == NULL ? &defaults : options;
    if (o->loops > LOOPS_MAX)
        return err_set (err, ERR_USAGE, "%u network loops asked for, the limit is %d", o->loops,
                        LOOPS_MAX);

    pthread_once (&curl_once, curl_begin);
    struct net *net = mem_alloc (sizeof *net);
    net->loop_count = o->loops == 0 ? 1 : o->loops;
    net->loops = mem_array (net->loop_count, sizeof *net->loops);
    net->keep_ms = o->keep_ms == 0 ? 5000 : o->keep_ms;
    net->connect_ms = o->connect_ms == 0 ? 10000 : o->connect_ms;
    net->total_ms = o->total_ms == 0 ? 60000 : o->total_ms;
    net->max_resolving = o->max_resolving == 0 ? 2 : o->max_resolving;
    net->user_agent = str_dup (o->user_agent == NULL ? "Farrier/" FARRIER_VERSION
                                                     : o->user_agent);
    for (uint32_t i = 0; i < net->loop_count; i++) {
        loop_set_up (net, i, o);
        int32_t code = loop_open (&net->loops[i], err);
        if (code < 0)
            return code;               /* out of descriptors at the start: the process ends */
        uv_thread_create (&net->loops[i].thread, loop_main, &net->loops[i]);
    }
    *ret = net;
    return 0;
}

void
net_stop (struct net *net, enum net_stop_mode mode, int64_t drain_ms)
{
    net->stop_mode = mode;
    net->drain_ms = drain_ms;
    for (uint32_t i = 0; i < net->loop_count; i++)
        loop_post (&net->loops[i], loop_stop_posted, &net->loops[i]);
    for (uint32_t i = 0; i < net->loop_count; i++)
        uv_thread_join (&net->loops[i].thread);
    for (uint32_t i = 0; i < net->loop_count; i++)
        loop_free (&net->loops[i]);
    mem_free (net->loops);
    mem_free (net->user_agent);
    mem_free (net);
}

/* ---- small public things ------------------------------------------------------------------- */

void
net_post (struct net *net, const char *key, void (*fn) (void *arg), void *arg)
{
    loop_post (loop_of_key (net, key), fn, arg);
}

void
net_work (struct net *net, const char *key, void (*work) (void *arg), void (*done) (void *arg),
          void *arg)
{
    struct work *w = mem_alloc (sizeof *w);
    w->loop = loop_of_key (net, key);
    w->work = work;
    w->done = done;
    w->arg = arg;
    loop_post (w->loop, work_posted, w);
}

bool
net_on_loop (const struct net *net)
{
    for (uint32_t i = 0; i < net->loop_count; i++)
        if (loop_is_current (&net->loops[i]))
            return true;
    return false;
}

void
net_counts (struct net *net, struct net_counts *ret)
{
    memset (ret, 0, sizeof *ret);
    for (uint32_t i = 0; i < net->loop_count; i++) {
        struct loop *loop = &net->loops[i];
        ret->open_connections += atomic_load (&loop->open);
        ret->active_requests += atomic_load (&loop->active);
        ret->waiting_requests += atomic_load (&loop->waiting);
        ret->active_uploads += atomic_load (&loop->uploads);
        ret->requests_sent += atomic_load (&loop->sent);
        ret->handshakes += atomic_load (&loop->handshakes);
    }
}
