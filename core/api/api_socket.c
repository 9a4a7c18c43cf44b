/* api_socket: see api_socket.h. One thread accepts, one serves each connection.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "api/api_socket.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/host.h"

#ifndef FARRIER_VERSION
#define FARRIER_VERSION "0"
#endif

#define STACK_BYTES (512u << 10)
#define NGROUPS_PEER 1024              /* a peer in more groups must have it as its first */
#define STOP_MS 2000                   /* for answers under way; a client may read no more */

struct api_socket {
    struct api *api;
    enum api_socket_mode mode;
    char *path;
    int listen_fd, stop_fd;
    pthread_t acceptor;
    pthread_mutex_t lock;
    pthread_cond_t gone;
    struct list connections;
    size_t count;
    bool stopping;
};

struct connection {
    struct list link;
    struct api_socket *server;
    int fd;
    char who[64];
};

/* --- one connection --------------------------------------------------------------------------- */

static bool
send_json (int fd, json_t *v)
{
    char *text = json_text (v);
    struct buf line = { 0 };
    buf_puts (&line, text);
    buf_putc (&line, '\n');
    bool sent = fs_write_all (fd, line.data, line.len) == 0;
    mem_wipe (text, strlen (text));
    mem_free (text);
    buf_free (&line);
    json_decref (v);
    return sent;
}

static bool
greet (struct connection *c)
{
    json_t *v = json_object ();
    json_put_int (v, "farrier", 1);
    json_put_str (v, "version", FARRIER_VERSION);
    json_put_int (v, "pid", (long long) getpid ());
    json_put_str (v, "mode", c->server->mode == API_SOCKET_DAEMON ? "daemon" : "run");
    return send_json (c->fd, v);
}

/* A run in-process shares nothing but the control of its jobs. */
static int32_t
allowed (struct connection *c, const char *call, struct err *err)
{
    const struct api_route *route = api_route_find (call);
    if (c->server->mode == API_SOCKET_DAEMON || route == NULL || route->needs == API_CONTROLS
        || str_eq (call, "server.status"))
        return 0;
    err_set (err, ERR_STORE_BUSY, "process %d runs jobs and holds the store %s", (int) getpid (),
             store_path (api_store (c->server->api)));
    err_hint (err, "wait until it has ended, or cancel its jobs: farrier job cancel");
    return ERR_STORE_BUSY;
}

static json_t *
answer (struct connection *c, const json_t *line)
{
    struct err err = { 0 };
    json_t *reply = NULL, *v = json_object ();
    const json_t *id = json_object_get (line, "id");
    const char *call = json_str (line, "/call");
    struct api_caller caller = { c->who };
    json_put (v, "id", id == NULL ? json_null () : json_incref ((json_t *) id));
    int32_t rc = allowed (c, call, &err);
    if (rc == 0)
        rc = api_call (c->server->api, &caller, call, json_object_get (line, "request"), &reply,
                       &err);
    if (rc == 0) {
        json_put (v, "reply", reply);
        return v;
    }
    json_put (v, "error", api_problem (&err, reply));
    json_decref (reply);
    return v;
}

static bool
handle_line (struct connection *c, const char *text, size_t len)
{
    struct err err = { 0 };
    json_t *line = json_parse (text, len, NULL);
    if (!json_is_object (line)) {
        json_decref (line);
        json_t *v = json_object ();
        err_set (&err, ERR_USAGE, "a line is one JSON object: {\"id\", \"call\", \"request\"}");
        json_put (v, "id", json_null ());
        json_put (v, "error", api_problem (&err, NULL));
        return send_json (c->fd, v);
    }
    json_t *v = answer (c, line);
    host_json_wipe (json_object_get (line, "request"));
    json_decref (line);
    return send_json (c->fd, v);
}

/* Handles the whole lines of in and leaves the rest in it. */
static bool
handle_lines (struct connection *c, struct buf *in)
{
    size_t from = 0;
    char *end;
    while (from < in->len && (end = memchr (in->data + from, '\n', in->len - from)) != NULL) {
        size_t len = (size_t) (end - (in->data + from));
        if (len > 0 && !handle_line (c, in->data + from, len))
            return false;
        from += len + 1;
    }
    if (from > 0) {
        memmove (in->data, in->data + from, in->len - from);
        mem_wipe (in->data + in->len - from, from);
        in->len -= from;
    }
    return in->len <= API_LINE_MAX;
}

static void *
serve (void *arg)
{
    struct connection *c = arg;
    struct api_socket *s = c->server;
    struct buf in = { 0 };
    char chunk[16384];
    bool good = greet (c);
    while (good) {
        ssize_t n = recv (c->fd, chunk, sizeof chunk, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        buf_append (&in, chunk, (size_t) n);
        mem_wipe (chunk, (size_t) n);
        good = handle_lines (c, &in);
    }
    buf_wipe_free (&in);
    pthread_mutex_lock (&s->lock);
    close (c->fd);
    list_remove (&c->link);
    s->count--;
    pthread_cond_broadcast (&s->gone);
    pthread_mutex_unlock (&s->lock);
    mem_free (c);
    return NULL;
}

/* --- accept ----------------------------------------------------------------------------------- */

/* Also as one of the groups that the peer has beside its first: that is how people join one. */
static bool
peer_in_group (int fd, gid_t group)
{
    gid_t groups[NGROUPS_PEER];
    socklen_t len = sizeof groups;
    if (getsockopt (fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
        return false;
    for (size_t i = 0; i < len / sizeof *groups; i++) {
        if (groups[i] == group)
            return true;
    }
    return false;
}

static bool
peer_allowed (int fd, char *ret_who, size_t size)
{
    struct ucred cred;
    socklen_t len = sizeof cred;
    if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
        return false;
    if (cred.uid != 0 && cred.uid != geteuid () && cred.gid != getegid ()
        && !peer_in_group (fd, getegid ())) {
        log_warn ("a process of uid %u may not use the socket", (unsigned) cred.uid);
        return false;
    }
    struct passwd pw, *found = NULL;
    char scratch[4096];
    if (getpwuid_r (cred.uid, &pw, scratch, sizeof scratch, &found) == 0 && found != NULL)
        str_copy (ret_who, size, found->pw_name);
    else
        str_format (ret_who, size, "uid %u", (unsigned) cred.uid);
    return true;
}

static bool
start_thread (void *(*run) (void *), void *arg, bool detached, pthread_t *ret)
{
    pthread_attr_t attr;
    sigset_t all, old;
    pthread_attr_init (&attr);
    pthread_attr_setstacksize (&attr, STACK_BYTES);
    if (detached)
        pthread_attr_setdetachstate (&attr, PTHREAD_CREATE_DETACHED);
    /* Signals are the main thread's. */
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &old);
    bool started = pthread_create (ret, &attr, run, arg) == 0;
    pthread_sigmask (SIG_SETMASK, &old, NULL);
    pthread_attr_destroy (&attr);
    return started;
}

static void
take (struct api_socket *s, int fd)
{
    struct connection *c = mem_alloc (sizeof *c);
    pthread_t thread;
    c->server = s;
    c->fd = fd;
    bool good = peer_allowed (fd, c->who, sizeof c->who);
    pthread_mutex_lock (&s->lock);
    good = good && !s->stopping && s->count < API_CONNECTIONS_MAX;
    if (good) {
        list_add_tail (&s->connections, &c->link);
        s->count++;
        good = start_thread (serve, c, true, &thread);
        if (!good) {
            list_remove (&c->link);
            s->count--;
        }
    }
    pthread_mutex_unlock (&s->lock);
    if (!good) {
        close (fd);
        mem_free (c);
    }
}

static void *
accept_all (void *arg)
{
    struct api_socket *s = arg;
    struct pollfd fds[2] = { { .fd = s->listen_fd, .events = POLLIN },
                             { .fd = s->stop_fd, .events = POLLIN } };
    for (;;) {
        if (poll (fds, 2, -1) < 0 && errno != EINTR)
            break;
        if (fds[1].revents != 0)
            break;
        int fd = accept4 (s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            take (s, fd);
        else if (errno == EMFILE || errno == ENFILE)
            poll (&fds[1], 1, 100);    /* until somebody closes one */
    }
    return NULL;
}

/* --- start, stop ------------------------------------------------------------------------------ */

static int32_t
make_parent (const char *path, struct err *err)
{
    const char *slash = strrchr (path, '/');
    if (slash == NULL || slash == path)
        return 0;
    char *dir = str_ndup (path, (size_t) (slash - path));
    int32_t rc = fs_mkdirs (dir, 0755, err);
    mem_free (dir);
    return rc;
}

static int32_t
listen_on (const char *path, int *ret_fd, struct err *err)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    if (strlen (path) >= sizeof addr.sun_path) {
        err_set (err, ERR_USAGE, "the socket's path %s has %zu bytes, more than %zu", path,
                 strlen (path), sizeof addr.sun_path - 1);
        err_hint (err, "name a shorter one: paths.socket in farrier.conf");
        return ERR_USAGE;
    }
    int32_t rc = make_parent (path, err);
    if (rc < 0)
        return rc;
    str_copy (addr.sun_path, sizeof addr.sun_path, path);
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_set_errno (err, ERR_IO, errno, "no socket can be made");
    unlink (path);
    int bound = bind (fd, (struct sockaddr *) &addr, sizeof addr), why = errno;
    if (bound == 0 && chmod (path, 0660) != 0) {
        bound = -1;
        why = errno;
    }
    if (bound != 0 || listen (fd, 64) != 0) {
        why = bound != 0 ? why : errno;
        close (fd);
        return err_set_errno (err, ERR_IO, why, "cannot listen on the socket %s", path);
    }
    *ret_fd = fd;
    return 0;
}

int32_t
api_socket_start (struct api *api, const char *path, enum api_socket_mode mode,
                  struct api_socket **ret, struct err *err)
{
    int fd = -1;
    int32_t rc = listen_on (path, &fd, err);
    if (rc < 0)
        return rc;
    struct api_socket *s = mem_alloc (sizeof *s);
    s->api = api;
    s->mode = mode;
    s->path = str_dup (path);
    s->listen_fd = fd;
    s->stop_fd = eventfd (0, EFD_CLOEXEC);
    list_init (&s->connections);
    pthread_mutex_init (&s->lock, NULL);
    pthread_cond_init (&s->gone, NULL);
    if (s->stop_fd < 0 || !start_thread (accept_all, s, false, &s->acceptor)) {
        unlink (path);
        close (fd);
        if (s->stop_fd >= 0)
            close (s->stop_fd);
        mem_free (s->path);
        mem_free (s);
        return err_set (err, ERR_IO, "no thread can be started for the socket %s", path);
    }
    *ret = s;
    return 0;
}

/* Under the lock. */
static void
hang_up (struct api_socket *s, int how)
{
    list_for_each (it, &s->connections)
        shutdown (list_entry (it, struct connection, link)->fd, how);
}

/* Calls that have begun get their answers; a client that does not take its own (stopped, or stuck)
 * must not hold up the end. */
static void
await_connections (struct api_socket *s)
{
    struct timespec until;
    int late = 0;
    clock_gettime (CLOCK_REALTIME, &until);
    until.tv_sec += STOP_MS / 1000;
    pthread_mutex_lock (&s->lock);
    s->stopping = true;
    hang_up (s, SHUT_RD);
    while (s->count > 0 && late == 0)
        late = pthread_cond_timedwait (&s->gone, &s->lock, &until);
    hang_up (s, SHUT_RDWR);
    while (s->count > 0)
        pthread_cond_wait (&s->gone, &s->lock);
    pthread_mutex_unlock (&s->lock);
}

void
api_socket_stop (struct api_socket *s)
{
    if (s == NULL)
        return;
    uint64_t one = 1;
    unlink (s->path);
    if (write (s->stop_fd, &one, sizeof one) != sizeof one)
        log_error ("the socket's thread cannot be woken");
    pthread_join (s->acceptor, NULL);
    api_wake_all (s->api);
    await_connections (s);
    close (s->listen_fd);
    close (s->stop_fd);
    pthread_mutex_destroy (&s->lock);
    pthread_cond_destroy (&s->gone);
    mem_free (s->path);
    mem_free (s);
}
