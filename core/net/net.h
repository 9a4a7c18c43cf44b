/* net: the loop threads that carry all BMC traffic, their timers, and the budgets they keep.
 *
 * A loop is one thread with libuv and 16 curl multi handles; a host (its key) always lives on the
 * same loop and multi handle. Everything is asynchronous: functions named *_start or *_submit
 * may be
 * called from any thread and return at once; their callbacks run on a loop thread and must be short
 * (no parsing, no database, no lock that is held across I/O). net_perform() of http.h is the
 * blocking convenience for worker threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_NET_H
#define FARRIER_NET_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct net;

/* All zero is the default. */
struct net_options {
    uint32_t loops;                    /* loop threads; 0 = 1; at most 64 */
    /* sockets open at once, idle ones too, uploads apart; 0 = 2048 */
    uint32_t max_open_connections;
    uint32_t max_uploads;              /* uploads at once; 0 = 256 */
    uint32_t per_host;                 /* requests in flight to one target key; 0 = 2 */
    /* hosts that a loop serves at once, beside those it waits for; 0 = 256 */
    uint32_t hosts_at_once;
    /* how long a connection with a `keep` hint stays idle; 0 = 5000 */
    uint32_t keep_ms;
    uint32_t connect_ms;               /* of targets that say nothing else; 0 = 10 s */
    uint32_t total_ms;                 /* the same for a whole request; 0 = 60 s */
    /* name look-ups at once; 0 = 2 (they share libuv's threads) */
    uint32_t max_resolving;
    const char *user_agent;            /* NULL = "Farrier/VERSION" */
};

/* What goes on now; for metrics and tests. Any thread. */
struct net_counts {
    uint32_t open_connections;         /* sockets, without those of uploads */
    uint32_t active_requests;          /* admitted, without uploads */
    uint32_t waiting_requests;         /* in the admission queue, uploads too */
    uint32_t active_uploads;
    uint64_t requests_sent;            /* since the start; a repetition counts again */
    uint64_t handshakes;               /* TLS connections made since the start */
};

/* Starts the loop threads. options may be NULL. The process ignores SIGPIPE from then on. */
int32_t net_start (const struct net_options *options, struct net **ret, struct err *err);

enum net_stop_mode {
    NET_STOP_ABORT = 0,                /* everything ends now with CANCELLED and its delivery */
    /* uploads that have begun may end, at most drain_ms; the rest as above */
    NET_STOP_DRAIN = 1
};

/* Ends everything that is open: each callback is called before this returns. Then frees net.
 * Sessions are not logged out (session_logout() is the owner's business). Not from a loop
 * thread. */
void net_stop (struct net *net, enum net_stop_mode mode, int64_t drain_ms);

/* Runs fn (arg) on the loop that the key belongs to, in the order of posting. key NULL = first
 * loop.
 * Any thread. After net_stop() has begun fn still runs once. */
void net_post (struct net *net, const char *key, void (*fn) (void *arg), void *arg);

/* Runs work (arg) on libuv's thread pool, then done (arg) on the key's loop. Any thread. For file
 * reads, parsing, sealing. */
void net_work (struct net *net, const char *key, void (*work) (void *arg),
               void (*done) (void *arg), void *arg);

/* Calls fn (arg) once on the key's loop after delay_ms. Returns an id that is never 0. Any thread.
 * When net_stop() comes first, fn is not called: unref (arg), when given, is. */
uint64_t net_timer (struct net *net, const char *key, int64_t delay_ms, void (*fn) (void *arg),
                    void (*unref) (void *arg), void *arg);
/* Any thread; 0 and ids that have fired are ignored. On the timer's own loop fn surely does not run
 * afterwards; from another thread it may just be running. unref (arg) is called, when given, if fn
 * was not. */
void net_timer_cancel (struct net *net, uint64_t id);

bool net_on_loop (const struct net *net);         /* is this one of net's loop threads? */
void net_counts (struct net *net, struct net_counts *ret);

#endif
