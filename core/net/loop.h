/* loop: the inside of net: one thread, its curl multi handles, hosts and budgets. Everything
 * here is touched on the loop's own thread, unless a comment says otherwise.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_LOOP_H
#define FARRIER_NET_LOOP_H

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/list.h"
#include "base/map.h"
#include "net/net.h"

/* One multi handle walks all its connections at every request; so there are many. */
#define LOOP_SHARDS 16
#define LOOP_EASY_POOL 64

struct request;
struct loop;

struct shard {
    struct loop *loop;
    CURLM *multi;
    uv_timer_t timer;
    uint32_t active;                   /* requests in the multi handle */
    uint32_t open;                     /* its sockets, idle ones too */
};

enum lane { LANE_REQUEST = 0, LANE_UPLOAD = 1, LANES = 2 };

/* Whose request comes first, in the lane of requests: one that needs no new connection, a host that
 * has a place (pace.c), one that had it before, one that is new. Uploads have a rank for their
 * lane. */
enum rank { RANK_FREE = 0, RANK_PLACED, RANK_BEGUN, RANK_NEW, RANK_UPLOAD, RANKS };

/* An evicted socket was shut down to make room: libcurl lets go of it a little later. */
struct host_socket {
    int fd;
    bool evicted;
};

/* What is known of one BMC (one key) on its loop. Lives until the loop ends. */
struct host {
    struct shard *shard;
    struct list waiting[LANES];        /* struct request, by link */
    struct list ready[LANES];          /* in one of the loop's ready lists */
    uint32_t active[LANES];
    struct host_socket *sockets;       /* all of them, evicted ones too */
    uint32_t socket_count, socket_capacity;
    uint32_t open;                     /* sockets, without uploads and evicted ones */
    uint32_t users;                    /* requests that own one of them */
    struct list idle;                  /* in the loop's list: open, and no users */
    uint64_t idle_ms;                  /* since when */
    uint64_t served_ms;                /* when a request of it last started; 0 = never */
    bool placed;                       /* counts against the loop's width */
    bool slow;                         /* its last answer was long in coming */
    uint32_t looks;                    /* of the pace, since its last request started */
    struct list place;                 /* in the loop's places */
    uint32_t trust_generation;         /* of the target that made them */
    bool mixed;                        /* made under another trust: not to be used again */

    /* name resolution */
    struct list resolving;             /* requests that wait for it, by link */
    struct list resolve_link;          /* in the loop's queue */
    bool resolve_busy;
    char *resolved_name;
    char **addresses;
    size_t address_count;
    uint64_t resolved_ms;              /* uv time; 0 = never */
    int resolve_status;
};

enum slot_kind { SLOT_FREE = 0, SLOT_REQUEST, SLOT_TIMER, SLOT_WATCH, SLOT_PROCESS };

struct slot {
    void *object;
    uint32_t generation, next_free;
    enum slot_kind kind;
};

/* Something that wants to look at the time now and then (transfers). */
struct ticker {
    struct list link;
    void (*fn) (struct ticker *ticker, uint64_t now_ms);
};

struct loop {
    struct net *net;
    uint32_t index;
    uv_loop_t uv;
    uv_thread_t thread;
    uv_async_t wake;

    uv_mutex_t lock;                   /* any thread: posts and slots */
    struct list posts;
    struct slot *slots;
    uint32_t slot_count, slot_capacity, slot_free;

    struct shard shards[LOOP_SHARDS];
    struct map *hosts;                 /* key -> struct host */
    struct host *uploads_host;         /* owns the sockets of uploads */
    CURL *pool[LOOP_EASY_POOL];
    uint32_t pooled;
    uv_timer_t sweep;

    struct list ready[RANKS];          /* hosts that may start one, when the budget allows */
    struct list idle;                  /* hosts with idle connections only, oldest first */
    uint32_t max_open, max_uploads, per_host;
    uint32_t reserved;                 /* connections promised but not open yet */
    uint32_t held;                     /* requests at their gate */
    uint32_t uploads_taken;            /* uploads admitted or at their gate */

    uint32_t width, placed;            /* places there are, and that are taken */
    struct list places;                /* the hosts that have one */
    uv_timer_t pace;                   /* while hosts wait for a place */
    uint64_t looked_ms;                /* when it last did */

    atomic_uint open, active, waiting, uploads;
    atomic_ullong sent, handshakes;

    struct list resolve_queue;         /* struct host, by resolve_link */
    uint32_t resolving;

    struct list requests, timers, watches, processes;
    struct list tickers;
    struct list small;                 /* works that wait for a trip to the pool */
    uint32_t trips;
    uv_timer_t tick;
    uint32_t works;                    /* in the pool, or waiting for it */
    struct sock **socks;               /* by descriptor: what libuv watches (shard.c) */
    int sock_capacity;

    bool stopping, aborting, closed;
    uv_prepare_t stopper;
    uv_timer_t drain;
};

struct net {
    struct loop *loops;
    uint32_t loop_count;
    uint32_t keep_ms, connect_ms, total_ms, max_resolving;
    char *user_agent;
    enum net_stop_mode stop_mode;
    int64_t drain_ms;
};

/* ---- loop.c ---- */
struct loop *loop_of_key (struct net *net, const char *key);          /* any thread */
struct loop *loop_of_id (struct net *net, uint64_t id);               /* any thread; NULL */
bool loop_is_current (const struct loop *loop);                       /* any thread */
void loop_post (struct loop *loop, void (*fn) (void *arg), void *arg);        /* any thread */
void loop_work (struct loop *loop, void (*work) (void *arg), void (*done) (void *arg), void *arg);
/* The same for works of microseconds (a parse, a chunk): several share one trip to the pool, since
 * the trip costs more than they do. */
void loop_work_small (struct loop *loop, void (*work) (void *arg), void (*done) (void *arg),
                      void *arg);
uint64_t loop_slot_take (struct loop *loop, enum slot_kind kind, void *object);   /* any thread */
void *loop_slot_get (struct loop *loop, uint64_t id, enum slot_kind kind);
void loop_slot_free (struct loop *loop, uint64_t id);
struct host *loop_host (struct loop *loop, const char *key);
uint64_t loop_now (struct loop *loop);
void loop_tick_add (struct loop *loop, struct ticker *ticker);
void loop_tick_remove (struct ticker *ticker);
/* Registers what net_stop() has to end. cancel must make it disappear, at once or later. */
struct loop_user {
    struct list link;
    void (*cancel) (struct loop_user *user);
};

/* ---- shard.c ---- */
int32_t shards_open (struct loop *loop, struct err *err);
void shards_close (struct loop *loop);
CURL *shard_easy_get (struct loop *loop);
void shard_easy_put (struct loop *loop, CURL *easy);
void shard_add (struct shard *shard, CURL *easy);
void shard_remove (struct shard *shard, CURL *easy);
void shard_keeps (struct shard *shard);           /* an idle connection may remain */
void shard_socket_closing (struct loop *loop, int fd);     /* before close() */

/* ---- admit.c ---- */
void admit_enqueue (struct request *r);
void admit_forget (struct request *r);            /* out of the queue, whatever it held */
void admit_release (struct request *r);           /* its sending has ended */
void admit_proceed (struct request *r);           /* its gate opened */
void admit_pump (struct loop *loop);
void admit_socket_opened (struct request *r, int fd);
void admit_socket_closed (struct host *host, int fd);     /* uploads_host for uploads */
/* Shuts down its idle connections; libcurl lets go of them a little later. */
void admit_close_idle (struct host *host);

/* ---- pace.c ---- */
void pace_open (struct loop *loop);
bool pace_allows (struct loop *loop);             /* may one more host be served? */
void pace_wanted (struct loop *loop);             /* a host waits for a place */
void pace_take (struct host *host);               /* it is served */
void pace_answered (struct host *host);           /* before admit_release() */
void pace_look (struct loop *loop);               /* who can do without its place */
void pace_settle (struct host *host);             /* gives its place back if it is of no use */

/* ---- resolve.c ---- */
void resolve_want (struct request *r);            /* calls request_resolved() now or later */
void resolve_host_free (struct host *host);

#endif
