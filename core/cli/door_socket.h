/* door_socket: the client's end of the socket.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CLI_DOOR_SOCKET_H
#define FARRIER_CLI_DOOR_SOCKET_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct door_socket {
    int fd;
    bool daemon;                       /* false: a command that runs jobs in-process */
    long long pid;
    long long next_id;
    struct buf in;
};

/* ERR_NOT_FOUND when nobody listens there; ERR_IO when somebody does who does not answer, or it may
 * not be used. */
int32_t door_socket_open (const char *path, struct door_socket **ret, struct err *err);
void door_socket_close (struct door_socket *s);
int32_t door_socket_call (struct door_socket *s, const char *call, const json_t *request,
                          json_t **ret_reply, struct err *err);

#endif
