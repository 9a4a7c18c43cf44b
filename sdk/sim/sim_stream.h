/* sim_stream: a TCP connection with TLS over it, in and out of memory, on the loop.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_STREAM_H
#define FARRIER_SIM_STREAM_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <uv.h>

#include "base/buf.h"

struct sim_stream;

struct sim_stream_events {
    void (*handshaken) (struct sim_stream *s);
    void (*data) (struct sim_stream *s, const char *bytes, size_t len);
    void (*ended) (struct sim_stream *s);  /* the other side is gone: close it */
    void (*closed) (struct sim_stream *s); /* the last call: free it */
};

struct sim_stream {
    uv_tcp_t tcp;
    SSL *ssl;
    const struct sim_stream_events *events;
    const char *in; /* what the loop just read and TLS has not taken yet */
    size_t in_len;
    struct buf out; /* encrypted, not yet given to the socket */
    bool handshaken, frozen, writing, closing, close_when_sent;
};

/* Accepts from a listener; takes ssl over. False: nothing was accepted, ssl is freed. */
bool sim_stream_accept (struct sim_stream *s, uv_stream_t *listener, SSL *ssl,
                        const struct sim_stream_events *events);
void sim_stream_write (struct sim_stream *s, const void *bytes, size_t len);
void sim_stream_freeze (struct sim_stream *s, bool frozen);
void sim_stream_finish (struct sim_stream *s); /* closes once all is sent */
void sim_stream_close (struct sim_stream *s, bool with_reset);

#endif
