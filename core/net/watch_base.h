/* watch_base: what all watches share: reads whose documents are parsed on the thread pool,
 * pauses, and an orderly end while reads are still under way.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_WATCH_BASE_H
#define FARRIER_NET_WATCH_BASE_H

#include "net/request.h"
#include "net/task_step.h"

struct watch {
    struct loop_user user;             /* first: net_stop() finds it */
    watch_handle id;
    struct loop *loop;
    struct net_target *target;
    struct session *session;
    enum net_auth auth;
    uint32_t total_ms;
    size_t max_response_bytes;
    bool urgent;                       /* its reads need no place (pace.c) */
    bool insists;                      /* a read that a busy BMC refuses is made once more */
    struct list asks;
    uint32_t pending;                  /* reads and pauses under way */
    uint64_t timer;
    void (*waited) (struct watch *w);
    bool ended;
    void (*begin) (struct watch *w);   /* on the loop */
    void (*stopped) (struct watch *w); /* cancelled: tells so and calls watch_finish() */
    void (*free) (struct watch *w);    /* what is beyond this struct, and itself */
};

typedef void watch_look_fn (struct watch *w, void *context, struct look *look, size_t bytes);

void watch_init (struct watch *w, struct net_target *target, struct session *session,
                 enum net_auth auth);
watch_handle watch_start (struct watch *w);
/* GET path; path NULL = a TCP connection only. fn gets the look (its document may be taken: set doc
 * to NULL) unless the watch has ended meanwhile. */
void watch_look (struct watch *w, const char *path, bool keep, watch_look_fn *fn, void *context);
void watch_wait (struct watch *w, int64_t ms, void (*fn) (struct watch *w));
/* After done was called: nothing more is called; frees as soon as nothing is under way. */
void watch_finish (struct watch *w);

#endif
