/* api_socket: the door on a Unix socket: one JSON object a line.
 *
 *   <- {"farrier":1,"version":"0.1.0","pid":4711,"mode":"daemon"}      at once, from the server
 *   -> {"id":1,"call":"host.list","request":{"selector":"rack=r12"}}
 *   <- {"id":1,"reply":{…}}
 *   <- {"id":2,"error":{"code":"NOT_FOUND","message","hint","exit":3,"details":…}}
 *
 * Calls of one connection are answered in order; several connections run side by side. A watcher
 * asks event.list again and again with wait_ms, on a connection of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_API_SOCKET_H
#define FARRIER_API_SOCKET_H

#include "api/api.h"

#define API_LINE_MAX (64u << 20)       /* bytes of a request or a reply */
#define API_CONNECTIONS_MAX 128

enum api_socket_mode {
    API_SOCKET_DAEMON,                 /* every call */
    API_SOCKET_RUN                     /* a command that runs jobs in-process: only control calls
                                          (job cancel, resolve, retry, approve) and server.status;
                                          the others get ERR_STORE_BUSY with this pid */
};

struct api_socket;

/* Listens on path (its directory is made, 0755; the socket is 0660) and answers in its own threads.
 * Peers: root, this uid, or a process of this gid. The api must be a writer: holding the store is
 * what makes it safe to take the place of a socket that somebody left behind. ERR_IO with the path.
 * The api outlives it. */
int32_t api_socket_start (struct api *api, const char *path, enum api_socket_mode mode,
                          struct api_socket **ret, struct err *err);
/* Takes no new calls, lets those under way end, removes the socket, joins. NULL is fine. */
void api_socket_stop (struct api_socket *s);

#endif
