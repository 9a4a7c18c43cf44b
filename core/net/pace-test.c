/* Tests of pace.c: who has a place, and who loses it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/loop.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/testing.h"
#include "net/http.h"
#include "net/test_bmc.h"

/* ---- on structs ---------------------------------------------------------------------------- */

#define HOSTS 3

static struct loop loop;
static struct shard shard;
static struct host hosts[HOSTS];

static void
set_up (void)
{
    shard.loop = &loop;
    loop.width = 2;
    list_init (&loop.places);
    list_init (&loop.idle);
    for (int i = 0; i < HOSTS; i++) {
        hosts[i].shard = &shard;
        list_init (&hosts[i].place);
        list_init (&hosts[i].idle);
    }
}

static void
look (int times)
{
    for (int i = 0; i < times; i++) {
        loop.looked_ms = loop_now (&loop) + 1;             /* not late, whatever happens */
        pace_look (&loop);
    }
}

START_TEST (a_host_has_one_place)
{
    set_up ();
    hosts[0].active[LANE_REQUEST] = 2;
    pace_take (&hosts[0]);
    pace_take (&hosts[0]);
    ck_assert_uint_eq (loop.placed, 1);
    ck_assert (pace_allows (&loop));
    pace_take (&hosts[1]);
    ck_assert_uint_eq (loop.placed, 2);
    ck_assert (!pace_allows (&loop));

    pace_settle (&hosts[0]);           /* it still has a request under way */
    ck_assert_uint_eq (loop.placed, 2);
    hosts[0].active[LANE_REQUEST] = 0;
    hosts[0].open = 1;
    pace_settle (&hosts[0]);           /* and now a connection */
    ck_assert_uint_eq (loop.placed, 2);
    hosts[0].open = 0;
    pace_settle (&hosts[0]);
    pace_settle (&hosts[0]);
    ck_assert_uint_eq (loop.placed, 1);
    ck_assert (pace_allows (&loop));
}
END_TEST

START_TEST (a_slow_host_has_no_place)
{
    set_up ();
    hosts[0].active[LANE_REQUEST] = hosts[1].active[LANE_REQUEST] = 1;
    pace_take (&hosts[0]);
    look (2);
    ck_assert_uint_eq (loop.placed, 1);
    pace_take (&hosts[1]);             /* began later */
    look (1);
    ck_assert_uint_eq (loop.placed, 1);
    ck_assert (hosts[0].slow && !hosts[0].placed);
    ck_assert (!hosts[1].slow && hosts[1].placed);

    pace_take (&hosts[0]);             /* its next request takes none */
    ck_assert (!hosts[0].placed);
    hosts[0].served_ms -= 1000;        /* and is slow again */
    pace_answered (&hosts[0]);
    ck_assert (hosts[0].slow);
    pace_take (&hosts[0]);
    hosts[0].served_ms = loop_now (&loop) + 1000;          /* this one is not, whatever happens */
    pace_answered (&hosts[0]);
    ck_assert (!hosts[0].slow);
    pace_take (&hosts[0]);
    ck_assert (hosts[0].placed);
}
END_TEST

START_TEST (idle_hosts_make_room)
{
    int fds[2];
    char byte;
    set_up ();
    ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    uint64_t now = loop_now (&loop);
    struct host_socket own = { .fd = fds[0] };
    const uint64_t idle_ms[HOSTS] = { 5000, 200, 0 };
    for (int i = 0; i < HOSTS; i++) {
        pace_take (&hosts[i]);
        hosts[i].open = 1;
        hosts[i].idle_ms = now - idle_ms[i];
        list_add_tail (&loop.idle, &hosts[i].idle);
    }
    hosts[2].idle_ms = now + 5000;     /* the machine may be slow */
    hosts[0].sockets = &own;
    hosts[0].socket_count = 1;
    atomic_store (&loop.open, HOSTS);

    look (1);
    ck_assert (!hosts[0].placed && !hosts[1].placed && hosts[2].placed);
    ck_assert_uint_eq (loop.placed, 1);
    ck_assert (own.evicted);
    ck_assert_uint_eq (hosts[0].open, 0);
    ck_assert_uint_eq (hosts[1].open, 1);
    ck_assert_uint_eq (atomic_load (&loop.open), HOSTS - 1);
    ck_assert_int_eq (read (fds[1], &byte, 1), 0);         /* shut down */
    close (fds[0]);
    close (fds[1]);
}
END_TEST

/* ---- on a loop ----------------------------------------------------------------------------- */

#define SLOW_HOSTS 6

struct crowd {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int inside, done;
};

/* Answers when all are there. */
static void
answer_all (struct test_exchange *x)
{
    struct crowd *c = x->arg;
    pthread_mutex_lock (&c->lock);
    c->inside++;
    pthread_cond_broadcast (&c->changed);
    while (c->inside < SLOW_HOSTS)
        pthread_cond_wait (&c->changed, &c->lock);
    pthread_mutex_unlock (&c->lock);
    test_answer (x, 200, NULL, "{}");
}

static void
on_answer (void *arg, struct net_response *response)
{
    struct crowd *c = arg;
    pthread_mutex_lock (&c->lock);
    c->done += response->code == 0;
    pthread_cond_broadcast (&c->changed);
    pthread_mutex_unlock (&c->lock);
    net_response_free (response);
}

START_TEST (slow_hosts_do_not_wait_for_each_other)
{
    struct crowd c = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    struct test_bmc_options o = { .handle = answer_all, .arg = &c, .plain = true };
    struct test_bmc *bmc = test_bmc_start (&o);
    struct net_options options = { .hosts_at_once = 1 };
    struct net_target *targets[SLOW_HOSTS];
    struct net *net;
    ck_assert_int_eq (net_start (&options, &net, NULL), 0);
    for (int i = 0; i < SLOW_HOSTS; i++) {
        char key[20];
        str_format (key, sizeof key, "host-%d", i);
        struct net_target_config config = { .key = key, .base_url = test_bmc_url (bmc),
                                            .trust.mode = TRUST_INSECURE };
        ck_assert_int_eq (net_target_new (net, &config, &targets[i], NULL), 0);
        struct net_request q = { .target = targets[i], .path = "/x", .done = on_answer,
                                 .arg = &c };
        net_submit (&q);
    }
    pthread_mutex_lock (&c.lock);
    while (c.done < SLOW_HOSTS)
        pthread_cond_wait (&c.changed, &c.lock);
    pthread_mutex_unlock (&c.lock);
    for (int i = 0; i < SLOW_HOSTS; i++)
        net_target_unref (targets[i]);
    net_stop (net, NET_STOP_ABORT, 0);
    test_bmc_stop (bmc);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        a_host_has_one_place, a_slow_host_has_no_place, idle_hosts_make_room,
        slow_hosts_do_not_wait_for_each_other, NULL
    };

    return testing_run ("pace", tests);
}
