/* pace: how many hosts are served at once. A host that is being served has a place: connections are
 * opened for the hosts that have one, and a host gives it back when it has nothing more to say.
 *
 * Two thousand hosts at once would make this machine slow, each of them slower than its connection
 * is kept, and would hold two thousand connections open meanwhile. What is limited by this machine
 * is served faster a few hosts at a time; what waits for BMCs is not: a host that lets us wait has
 * no place, so that as many of them as the budget allows are served at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/request.h"

#define LOOK_MS 40
/* A BMC is slow when it owes an answer at this many looks. A look that comes late does not count:
 * then it is this machine that is slow. */
#define SLOW_LOOKS 3
/* While others wait for a place: how long a host keeps its own with nothing under way, and how long
 * its connections. */
#define PLACE_IDLE_MS 80
#define OPEN_IDLE_MS 1500

void
pace_take (struct host *host)
{
    struct loop *loop = host->shard->loop;
    host->served_ms = loop_now (loop);
    host->looks = 0;
    if (host->slow || host->placed)
        return;
    host->placed = true;
    list_add_tail (&loop->places, &host->place);
    loop->placed++;
}

static void
drop (struct host *host)
{
    host->placed = false;
    list_remove (&host->place);
    host->shard->loop->placed--;
}

void
pace_answered (struct host *host)
{
    /* without a place it was not looked at */
    host->slow = host->slow && !host->placed
                     ? loop_now (host->shard->loop) >= host->served_ms + SLOW_LOOKS * LOOK_MS
                     : host->looks >= SLOW_LOOKS;
}

void
pace_settle (struct host *host)
{
    if (host->placed && host->open == 0 && host->active[LANE_REQUEST] == 0)
        drop (host);
}

bool
pace_allows (struct loop *loop)
{
    return loop->placed < loop->width;
}

void
pace_look (struct loop *loop)
{
    uint64_t now = loop_now (loop);
    bool late = now > loop->looked_ms + LOOK_MS + LOOK_MS / 2;
    loop->looked_ms = now;
    list_for_each_safe (it, next, &loop->places) {
        struct host *host = list_entry (it, struct host, place);
        if (!late && host->active[LANE_REQUEST] > 0 && ++host->looks >= SLOW_LOOKS) {
            host->slow = true;
            drop (host);
        }
    }
    list_for_each_safe (it, next, &loop->idle) {
        struct host *host = list_entry (it, struct host, idle);
        uint64_t idle_ms = now - host->idle_ms;
        if (idle_ms >= OPEN_IDLE_MS)
            admit_close_idle (host);
        else if (idle_ms < PLACE_IDLE_MS)
            break;
        else if (host->placed)
            drop (host);
    }
}

static void
on_pace (uv_timer_t *timer)
{
    struct loop *loop = timer->data;
    if (list_empty (&loop->ready[RANK_BEGUN]) && list_empty (&loop->ready[RANK_NEW])) {
        uv_timer_stop (timer);
        return;
    }
    pace_look (loop);
    admit_pump (loop);
}

void
pace_wanted (struct loop *loop)
{
    if (uv_is_active ((uv_handle_t *) &loop->pace) != 0 || loop->stopping)
        return;
    loop->looked_ms = loop_now (loop);
    uv_timer_start (&loop->pace, on_pace, LOOK_MS, LOOK_MS);
}

void
pace_open (struct loop *loop)
{
    list_init (&loop->places);
    uv_timer_init (&loop->uv, &loop->pace);
    loop->pace.data = loop;
}
