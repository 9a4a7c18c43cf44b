/* admit: who may open a connection now. Open sockets are counted as they open and close; a
 * request that will open one holds a reservation until it has. Hosts take turns; a host has at
 * most its limit in flight; uploads are counted apart. When the budget is used up, the
 * connection that has been idle for longest is shut down.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <sys/socket.h>

#include "base/mem.h"
#include "net/request.h"

/* A host that was served so long ago starts from the beginning. */
#define BEGUN_MS 60000

/* May this one go over a connection that is open already? */
static bool
reuses (const struct host *host, const struct request *r)
{
    return r->lane == LANE_REQUEST && !r->changing && !r->look_only && !host->mixed
           && host->open > host->users;
}

static bool
is_free (const struct host *host, const struct request *r)
{
    return r->granted || reuses (host, r);
}

static struct request *
first_waiting (const struct host *host, enum lane lane)
{
    if (list_empty (&host->waiting[lane]))
        return NULL;
    return list_entry (host->waiting[lane].next, struct request, link);
}

static uint32_t
lane_limit (const struct request *r)
{
    return r->lane == LANE_UPLOAD ? 1 : r->target->per_host;
}

static enum rank
rank_of (const struct host *host, const struct request *r)
{
    if (r->lane == LANE_UPLOAD)
        return RANK_UPLOAD;
    if (is_free (host, r))
        return RANK_FREE;
    if (host->placed || r->urgent)
        return RANK_PLACED;
    bool begun = host->served_ms != 0
                 && loop_now (host->shard->loop) - host->served_ms < BEGUN_MS;
    return begun ? RANK_BEGUN : RANK_NEW;
}

/* Puts the host into the ready list that fits its first request, or into none. */
static void
host_ready (struct loop *loop, struct host *host, enum lane lane)
{
    struct request *r = first_waiting (host, lane);
    list_remove (&host->ready[lane]);
    if (r == NULL || host->active[lane] >= lane_limit (r))
        return;
    struct list *ready = &loop->ready[rank_of (host, r)];
    if (r->granted)
        list_add_head (ready, &host->ready[lane]);
    else
        list_add_tail (ready, &host->ready[lane]);
}

static void
note_idle (struct host *host)
{
    struct loop *loop = host->shard->loop;
    list_remove (&host->idle);
    if (host == loop->uploads_host)
        return;
    if (host->open > 0 && host->users == 0) {
        host->idle_ms = loop_now (loop);
        list_add_tail (&loop->idle, &host->idle);
    }
    pace_settle (host);
}

void
admit_close_idle (struct host *host)
{
    struct loop *loop = host->shard->loop;
    for (uint32_t i = 0; i < host->socket_count; i++) {
        if (host->sockets[i].evicted)
            continue;
        host->sockets[i].evicted = true;
        shutdown (host->sockets[i].fd, SHUT_RDWR);
        host->open--;
        atomic_fetch_sub (&loop->open, 1);
    }
    note_idle (host);
}

/* Makes room: shuts down the idle connections of one host, the requesting one's first. */
static bool
evict (struct loop *loop, struct host *own)
{
    if (!list_empty (&own->idle))
        admit_close_idle (own);
    else if (!list_empty (&loop->idle))
        admit_close_idle (list_entry (loop->idle.next, struct host, idle));
    else
        return false;
    return true;
}

static bool
budget_allows (const struct loop *loop, const struct request *r)
{
    if (r->granted)
        return true;
    if (r->lane == LANE_UPLOAD)
        return loop->uploads_taken < loop->max_uploads;
    if (atomic_load (&loop->open) + loop->reserved >= loop->max_open)
        return false;
    /* half of the budget stays for what the held ones wait for: their guards */
    uint32_t half = loop->max_open / 2 == 0 ? 1 : loop->max_open / 2;
    return r->gate == NULL || r->gate_passed || loop->held < half;
}

static void
take_budget (struct loop *loop, struct request *r, bool reuse)
{
    if (r->granted)
        return;
    if (r->lane == LANE_UPLOAD) {
        loop->uploads_taken++;
    } else if (!reuse) {
        loop->reserved++;
        r->reserved = true;
    }
}

static void
drop_budget (struct loop *loop, struct request *r)
{
    if (r->reserved) {
        loop->reserved--;
        r->reserved = false;
    }
}

/* Starts r, or asks its gate. */
static void
start (struct loop *loop, struct host *host, struct request *r)
{
    list_remove (&r->link);
    atomic_fetch_sub (&loop->waiting, 1);
    bool reuse = !r->granted && reuses (host, r);
    if (r->lane == LANE_REQUEST)
        pace_take (host);
    if (r->gate != NULL && !r->gate_passed) {
        /* with a budget of one the guards could never be read beside it */
        if (r->lane == LANE_UPLOAD || loop->max_open > 1) {
            take_budget (loop, r, false);
            r->granted = true;
        }
        if (r->lane == LANE_REQUEST)
            loop->held++;
        request_hold (r);
        return;
    }
    take_budget (loop, r, reuse);
    r->granted = false;
    host->active[r->lane]++;
    if (r->lane == LANE_UPLOAD)
        atomic_fetch_add (&loop->uploads, 1);
    else
        atomic_fetch_add (&loop->active, 1);
    if (reuse) {
        r->uses_connection = true;
        host->users++;
        note_idle (host);
    }
    request_admitted (r);
}

static bool
rank_step (struct loop *loop, enum rank rank)
{
    struct list *ready = &loop->ready[rank];
    enum lane lane = rank == RANK_UPLOAD ? LANE_UPLOAD : LANE_REQUEST;
    if (list_empty (ready))
        return false;
    struct host *host = list_entry (ready->next - lane, struct host, ready[0]);
    struct request *r = first_waiting (host, lane);
    if (r == NULL || rank_of (host, r) != rank) {
        host_ready (loop, host, lane);
        return true;
    }
    if ((rank == RANK_BEGUN || rank == RANK_NEW) && !pace_allows (loop)) {
        pace_wanted (loop);
        return false;
    }
    if (!is_free (host, r) && !budget_allows (loop, r)
        && !(lane == LANE_REQUEST && evict (loop, host) && budget_allows (loop, r)))
        return false;
    list_remove (&host->ready[lane]);
    start (loop, host, r);
    host_ready (loop, host, lane);
    return true;
}

void
admit_pump (struct loop *loop)
{
    for (int rank = 0; rank < RANKS; rank++)
        while (rank_step (loop, (enum rank) rank))
            continue;
}

void
admit_enqueue (struct request *r)
{
    struct host *host = r->host;
    if (r->granted)
        list_add_head (&host->waiting[r->lane], &r->link);
    else
        list_add_tail (&host->waiting[r->lane], &r->link);
    atomic_fetch_add (&r->loop->waiting, 1);
    if (r->granted || list_empty (&host->ready[r->lane]))
        host_ready (r->loop, host, r->lane);
}

void
admit_proceed (struct request *r)
{
    if (r->lane == LANE_REQUEST)
        r->loop->held--;
    r->gate_passed = true;
    admit_enqueue (r);
}

void
admit_forget (struct request *r)
{
    struct loop *loop = r->loop;
    if (r->state == REQUEST_QUEUED) {
        list_remove (&r->link);
        atomic_fetch_sub (&loop->waiting, 1);
    } else if (r->state == REQUEST_HELD && r->lane == LANE_REQUEST) {
        loop->held--;
    }
    if (r->granted && r->lane == LANE_UPLOAD)
        loop->uploads_taken--;
    r->granted = false;
    drop_budget (loop, r);
    pace_settle (r->host);
    host_ready (loop, r->host, r->lane);
}

void
admit_release (struct request *r)
{
    struct loop *loop = r->loop;
    struct host *host = r->host;
    drop_budget (loop, r);
    host->active[r->lane]--;
    if (r->lane == LANE_UPLOAD) {
        loop->uploads_taken--;
        atomic_fetch_sub (&loop->uploads, 1);
    } else {
        atomic_fetch_sub (&loop->active, 1);
        if (r->uses_connection)
            host->users--;
        r->uses_connection = false;
        note_idle (host);
    }
    r->sockets = 0;
    host_ready (loop, host, r->lane);
}

void
admit_socket_opened (struct request *r, int fd)
{
    struct host *host = r->host;
    if (r->lane == LANE_UPLOAD) {
        r->loop->uploads_host->open++;
        return;
    }
    if (host->socket_count == host->socket_capacity) {
        host->socket_capacity = host->socket_capacity == 0 ? 4 : host->socket_capacity * 2;
        host->sockets = mem_realloc (host->sockets,
                                     host->socket_capacity * sizeof *host->sockets);
    }
    host->sockets[host->socket_count++] = (struct host_socket) { .fd = fd };
    drop_budget (r->loop, r);
    atomic_fetch_add (&r->loop->open, 1);
    host->open++;
    host->shard->open++;
    if (!r->uses_connection) {
        r->uses_connection = true;
        host->users++;
    }
    note_idle (host);
}

static bool
socket_forget (struct host *host, int fd)
{
    for (uint32_t i = 0; i < host->socket_count; i++) {
        if (host->sockets[i].fd != fd)
            continue;
        bool evicted = host->sockets[i].evicted;
        host->sockets[i] = host->sockets[--host->socket_count];
        return evicted;
    }
    return false;
}

void
admit_socket_closed (struct host *host, int fd)
{
    struct loop *loop = host->shard->loop;
    if (host == loop->uploads_host) {
        host->open--;
        return;
    }
    host->shard->open--;
    if (!socket_forget (host, fd)) {
        host->open--;
        atomic_fetch_sub (&loop->open, 1);
    }
    if (host->socket_count == 0)
        host->mixed = false;
    note_idle (host);
}
