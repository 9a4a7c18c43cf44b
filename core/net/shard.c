/* shard: libcurl's multi handles on libuv. libcurl's callbacks only note what it wants; requests
 * that are done are taken up after its functions have returned.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/loop.h"

#include "base/mem.h"
#include "net/request.h"

/* Larger than what one shard can ever hold: libcurl's own default drops warm connections. */
#define MAX_CACHED 20000L

/* What libuv watches of one descriptor. libcurl lets go of a socket after each request and takes it
 * up again for the next; the watch stays until the descriptor is closed, which saves six system
 * calls a request. */
struct sock {
    uv_poll_t poll;
    struct shard *shard;
    curl_socket_t fd;
    int wanted;                        /* by libcurl; 0 = nothing now */
    int watched;                       /* by libuv */
};

static void
shard_drain (struct shard *shard)
{
    int left;
    CURLMsg *msg;
    while ((msg = curl_multi_info_read (shard->multi, &left)) != NULL) {
        if (msg->msg != CURLMSG_DONE)
            continue;
        CURL *easy = msg->easy_handle;
        CURLcode rc = msg->data.result;
        struct request *r = NULL;
        curl_easy_getinfo (easy, CURLINFO_PRIVATE, (char **) &r);
        if (r != NULL) {
            request_sent (r, rc);
        } else {                       /* a sweep */
            curl_multi_remove_handle (shard->multi, easy);
            shard_easy_put (shard->loop, easy);
        }
    }
    admit_pump (shard->loop);
}

static void on_poll (uv_poll_t *poll, int status, int events);

static void
watch (struct sock *sock, int events)
{
    sock->watched = events;
    if (events == 0)
        uv_poll_stop (&sock->poll);
    else
        uv_poll_start (&sock->poll, events, on_poll);
}

static void
on_poll (uv_poll_t *poll, int status, int events)
{
    struct sock *sock = poll->data;
    struct shard *shard = sock->shard;
    int flags = 0;
    if (sock->wanted == 0) {
        watch (sock, 0);               /* an idle one: its end is found out when it is next used */
        return;
    }
    if (status < 0) {
        /* a reset, say: libuv has stopped watching. libcurl shall find out by itself: told of an
         * error it would not repeat a GET on a fresh connection. */
        watch (sock, sock->wanted);
        events = sock->wanted;
    }
    if ((events & sock->wanted & UV_READABLE) != 0)
        flags |= CURL_CSELECT_IN;
    if ((events & sock->wanted & UV_WRITABLE) != 0)
        flags |= CURL_CSELECT_OUT;
    int running;
    curl_multi_socket_action (shard->multi, sock->fd, flags, &running);
    shard_drain (shard);
}

static void
on_timer (uv_timer_t *timer)
{
    struct shard *shard = timer->data;
    int running;
    curl_multi_socket_action (shard->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    shard_drain (shard);
}

static void
sock_closed (uv_handle_t *handle)
{
    mem_free (handle->data);
}

static struct sock *
sock_of (struct shard *shard, curl_socket_t fd)
{
    struct loop *loop = shard->loop;
    if (fd >= loop->sock_capacity) {
        int capacity = fd + 1 > 2 * loop->sock_capacity ? fd + 64 : 2 * loop->sock_capacity;
        loop->socks = mem_realloc (loop->socks, (size_t) capacity * sizeof *loop->socks);
        for (int i = loop->sock_capacity; i < capacity; i++)
            loop->socks[i] = NULL;
        loop->sock_capacity = capacity;
    }
    struct sock *sock = loop->socks[fd];
    if (sock != NULL)
        return sock;
    sock = mem_alloc (sizeof *sock);
    sock->shard = shard;
    sock->fd = fd;
    if (uv_poll_init (&loop->uv, &sock->poll, fd) != 0) {
        mem_free (sock);
        return NULL;
    }
    sock->poll.data = sock;
    loop->socks[fd] = sock;
    return sock;
}

void
shard_socket_closing (struct loop *loop, int fd)
{
    if (fd >= loop->sock_capacity || loop->socks[fd] == NULL)
        return;
    struct sock *sock = loop->socks[fd];
    loop->socks[fd] = NULL;
    uv_poll_stop (&sock->poll);
    uv_close ((uv_handle_t *) &sock->poll, sock_closed);
}

static int
on_curl_socket (CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct shard *shard = arg;
    const struct loop *loop = shard->loop;
    (void) easy;
    (void) socket_arg;
    /* Closed before it was taken back: the number may be somebody else's file by now. */
    if (what == CURL_POLL_REMOVE && (fd >= loop->sock_capacity || loop->socks[fd] == NULL))
        return 0;
    struct sock *sock = sock_of (shard, fd);
    if (sock == NULL)
        return -1;
    sock->wanted = (what & CURL_POLL_IN) != 0 ? UV_READABLE : 0;
    if ((what & CURL_POLL_OUT) != 0)
        sock->wanted |= UV_WRITABLE;
    if (what == CURL_POLL_REMOVE)
        sock->wanted = 0;
    /* nothing wanted: what is watched for stays as it is, but for writability, which is always */
    int events = sock->wanted != 0 ? sock->wanted : sock->watched & UV_READABLE;
    if (events != sock->watched)
        watch (sock, events);
    return 0;
}

static int
on_curl_timer (CURLM *multi, long timeout_ms, void *arg)
{
    struct shard *shard = arg;
    (void) multi;
    if (timeout_ms < 0)
        uv_timer_stop (&shard->timer);
    else
        uv_timer_start (&shard->timer, on_timer, (uint64_t) timeout_ms, 0);
    return 0;
}

/* ---- handles ------------------------------------------------------------------------------- */

CURL *
shard_easy_get (struct loop *loop)
{
    if (loop->pooled > 0)
        return loop->pool[--loop->pooled];
    return curl_easy_init ();
}

void
shard_easy_put (struct loop *loop, CURL *easy)
{
    if (loop->pooled == LOOP_EASY_POOL) {
        curl_easy_cleanup (easy);
        return;
    }
    curl_easy_reset (easy);
    loop->pool[loop->pooled++] = easy;
}

void
shard_add (struct shard *shard, CURL *easy)
{
    shard->active++;
    curl_multi_add_handle (shard->multi, easy);
}

void
shard_remove (struct shard *shard, CURL *easy)
{
    shard->active--;
    curl_multi_remove_handle (shard->multi, easy);
}

/* ---- idle connections ---------------------------------------------------------------------- */

static curl_socket_t
refuse_socket (void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void) arg;
    (void) purpose;
    (void) address;
    return CURL_SOCKET_BAD;
}

/* libcurl has no call that closes old idle connections; it does so whenever it sets up a new one.
 * So one is set up that never gets a socket. */
static void
shard_sweep (struct shard *shard, long age_s)
{
    CURL *easy = shard_easy_get (shard->loop);
    curl_easy_setopt (easy, CURLOPT_URL, "http://127.0.0.1:1/");
    curl_easy_setopt (easy, CURLOPT_PROXY, "");
    curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt (easy, CURLOPT_OPENSOCKETFUNCTION, refuse_socket);
    curl_easy_setopt (easy, CURLOPT_MAXAGE_CONN, age_s);
    curl_easy_setopt (easy, CURLOPT_PRIVATE, NULL);
    curl_multi_add_handle (shard->multi, easy);
}

static void
on_sweep (uv_timer_t *timer)
{
    struct loop *loop = timer->data;
    long age_s = (long) loop->net->keep_ms / 1000;
    bool more = false;
    for (int i = 0; i < LOOP_SHARDS; i++) {
        struct shard *shard = &loop->shards[i];
        if (shard->open > shard->active)
            shard_sweep (shard, age_s < 1 ? 1 : age_s);
        more = more || shard->open > 0;
    }
    if (!more)
        uv_timer_stop (timer);
}

void
shard_keeps (struct shard *shard)
{
    struct loop *loop = shard->loop;
    uint64_t every = loop->net->keep_ms < 1000 ? 1000 : loop->net->keep_ms;
    if (uv_is_active ((uv_handle_t *) &loop->sweep) == 0 && !loop->stopping)
        uv_timer_start (&loop->sweep, on_sweep, every, every);
}

/* ---- all of them --------------------------------------------------------------------------- */

int32_t
shards_open (struct loop *loop, struct err *err)
{
    for (int i = 0; i < LOOP_SHARDS; i++) {
        struct shard *shard = &loop->shards[i];
        shard->loop = loop;
        shard->multi = curl_multi_init ();
        if (shard->multi == NULL)
            return err_set (err, FARRIER_E_INTERNAL, "libcurl cannot make a multi handle");
        curl_multi_setopt (shard->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
        curl_multi_setopt (shard->multi, CURLMOPT_SOCKETDATA, shard);
        curl_multi_setopt (shard->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
        curl_multi_setopt (shard->multi, CURLMOPT_TIMERDATA, shard);
        curl_multi_setopt (shard->multi, CURLMOPT_MAXCONNECTS, MAX_CACHED);
        curl_multi_setopt (shard->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
        uv_timer_init (&loop->uv, &shard->timer);
        shard->timer.data = shard;
    }
    return 0;
}

void
shards_close (struct loop *loop)
{
    for (int i = 0; i < LOOP_SHARDS; i++) {
        struct shard *shard = &loop->shards[i];
        int running;                   /* lets sweeps end */
        curl_multi_socket_action (shard->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        shard_drain (shard);
        curl_multi_cleanup (shard->multi);
        uv_close ((uv_handle_t *) &shard->timer, NULL);
    }
    while (loop->pooled > 0)
        curl_easy_cleanup (loop->pool[--loop->pooled]);
    for (int fd = 0; fd < loop->sock_capacity; fd++)
        shard_socket_closing (loop, fd);       /* a handshake that ended with the multi handle */
}
