/* web_listen: listening sockets of our own. To libwebsockets an address that cannot be bound is one
 * that may come later; here it is an error at the start.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "web/web_private.h"

#define BACKLOG 128

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool
parse_address (const char *text, uint16_t port, union address *ret, socklen_t *ret_len)
{
    memset (ret, 0, sizeof (*ret));
    if (inet_pton (AF_INET, text, &ret->v4.sin_addr) == 1) {
        ret->v4.sin_family = AF_INET;
        ret->v4.sin_port = htons (port);
        *ret_len = sizeof (ret->v4);
        return true;
    }
    if (inet_pton (AF_INET6, text, &ret->v6.sin6_addr) == 1) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons (port);
        *ret_len = sizeof (ret->v6);
        return true;
    }
    return false;
}

/* An open socket, or -errno. */
static int
listen_on (const union address *a, socklen_t len)
{
    int fd = socket (a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, why;

    if (fd < 0) {
        return -errno;
    }
    (void) setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof (on));
    if (a->any.sa_family == AF_INET6) {
        (void) setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof (on));
    }
    if (bind (fd, &a->any, len) != 0 || listen (fd, BACKLOG) != 0) {
        why = errno;
        close (fd);
        return -why;
    }
    return fd;
}

static int
open_spare (void)
{
    return open ("/dev/null", O_RDONLY | O_CLOEXEC);
}

int32_t
web_door_open (struct web_door *d, const struct web_listen *l, struct err *err)
{
    const char *text = str_empty (l->address) ? "0.0.0.0" : l->address;
    union address a;
    socklen_t len;
    int fd;

    if (!parse_address (text, l->port, &a, &len)) {
        return err_set (err, FARRIER_E_INVALID, "'%s' is not an IPv4 or IPv6 address to listen on",
                        text);
    }
    fd = listen_on (&a, len);
    if (fd < 0) {
        err_set_errno (err, ERR_IO, -fd, "cannot listen on %s port %u", text, (unsigned) l->port);
        err_hint (err, "choose another address or port, or stop what uses it: ss -ltnp");
        return ERR_IO;
    }
    if (getsockname (fd, &a.any, &len) != 0) {
        int32_t rc = err_set_errno (err, ERR_IO, errno, "cannot learn the port of %s", text);

        close (fd);
        return rc;
    }
    d->port = ntohs (a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
    d->address = str_dup (text);
    d->tls = l->cert_file != NULL;
    d->fd = fd;
    d->spare = open_spare ();
    return 0;
}

/* No descriptor is left. A client that is not taken would be reported again at once, for ever: it
 * is taken in the place of the spare one, and turned away. */
static bool
turn_away (struct web_door *d)
{
    int fd;

    if (d->spare < 0) {
        return false;
    }
    close (d->spare);
    fd = accept4 (d->listening, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        close (fd);
    }
    d->spare = open_spare ();
    return fd >= 0;
}

/* What accept() failed with; true: go on. */
static bool
refused (struct web_door *d, int why)
{
    if (why == EINTR || why == ECONNABORTED) {
        return true;
    }
    if (why == EAGAIN || why == EWOULDBLOCK) {
        return false;
    }
    log_warn ("cannot accept on %s port %u: %s", d->address, (unsigned) d->port, strerror (why));
    return (why == EMFILE || why == ENFILE) && turn_away (d);
}

void
web_door_accept (struct web_door *d)
{
    for (;;) {
        struct lws *wsi;
        int fd = accept4 (d->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), on = 1;

        if (fd < 0) {
            if (refused (d, errno)) {
                continue;
            }
            return;
        }
        if (atomic_load (&d->web->connections) >= d->web->max_connections) {
            log_warn ("%s port %u: %u connections are open, one more is refused", d->address,
                      (unsigned) d->port, d->web->max_connections);
            close (fd);
            continue;
        }
        (void) setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof (on));
        wsi = lws_adopt_socket_vhost (d->vhost, fd);
        if (wsi != NULL) {                 /* else it has closed the socket */
            lws_set_opaque_user_data (wsi, d->web);
            atomic_fetch_add (&d->web->connections, 1);
        }
    }
}
