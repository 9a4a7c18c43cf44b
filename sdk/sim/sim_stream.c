/* sim_stream: a TCP connection with TLS over it, in and out of memory, on the loop.
 *
 * TLS reads straight from the loop's buffer and writes into one that grows: an idle connection
 * holds neither.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <string.h>

#include "base/mem.h"

#define READ_SIZE 65536
#define RECORD_SIZE 16384

struct write {
    uv_write_t uv;
    char *bytes;
};

static BIO_METHOD *bio_method;
static char read_buffer[READ_SIZE];

static int
bio_write (BIO *bio, const char *bytes, int len)
{
    struct sim_stream *s = BIO_get_data (bio);

    buf_append (&s->out, bytes, (size_t) len);
    return len;
}

static int
bio_read (BIO *bio, char *bytes, int len)
{
    struct sim_stream *s = BIO_get_data (bio);
    size_t n = s->in_len < (size_t) len ? s->in_len : (size_t) len;

    BIO_clear_retry_flags (bio);
    if (n == 0) {
        BIO_set_retry_read (bio);
        return -1;
    }
    memcpy (bytes, s->in, n);
    s->in += n;
    s->in_len -= n;
    return (int) n;
}

static long
bio_ctrl (BIO *bio, int command, long number, void *pointer)
{
    (void) bio;
    (void) number;
    (void) pointer;
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static BIO *
new_bio (struct sim_stream *s)
{
    if (bio_method == NULL) {
        bio_method = BIO_meth_new (BIO_get_new_index () | BIO_TYPE_SOURCE_SINK, "farrier-sim");
        BIO_meth_set_write (bio_method, bio_write);
        BIO_meth_set_read (bio_method, bio_read);
        BIO_meth_set_ctrl (bio_method, bio_ctrl);
    }
    BIO *bio = BIO_new (bio_method);
    BIO_set_data (bio, s);
    BIO_set_init (bio, 1);
    return bio;
}

static void
on_closed (uv_handle_t *handle)
{
    struct sim_stream *s = handle->data;

    SSL_free (s->ssl);
    buf_free (&s->out);
    s->events->closed (s);
}

void
sim_stream_close (struct sim_stream *s, bool with_reset)
{
    if (s->closing)
        return;
    s->closing = true;
    if (with_reset && !s->writing && uv_tcp_close_reset (&s->tcp, on_closed) == 0)
        return;
    if (with_reset) {
        /* libuv refuses a reset while a write is under way: do by hand what it would do. */
        struct linger linger = { .l_onoff = 1, .l_linger = 0 };
        uv_os_fd_t fd;
        if (uv_fileno ((uv_handle_t *) &s->tcp, &fd) == 0)
            setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    uv_close ((uv_handle_t *) &s->tcp, on_closed);
}

static void flush (struct sim_stream *s);

static void
on_written (uv_write_t *uv, int status)
{
    struct write *w = uv->data;
    struct sim_stream *s = uv->handle->data;

    mem_free (w->bytes);
    mem_free (w);
    s->writing = false;
    if (s->closing)
        return;
    if (status < 0) {
        s->events->ended (s);
        return;
    }
    flush (s);
}

static void
flush (struct sim_stream *s)
{
    if (s->frozen || s->writing || s->closing)
        return;
    if (s->out.len > 0) {
        uv_buf_t b = uv_buf_init (s->out.data, (unsigned int) s->out.len);
        int n = uv_try_write ((uv_stream_t *) &s->tcp, &b, 1);
        if (n == (int) s->out.len) {
            buf_free (&s->out);
        } else {
            size_t sent = n > 0 ? (size_t) n : 0, len = s->out.len - sent;
            struct write *w = mem_alloc (sizeof *w);
            w->bytes = mem_dup (s->out.data + sent, len);
            w->uv.data = w;
            buf_free (&s->out);
            b = uv_buf_init (w->bytes, (unsigned int) len);
            s->writing = true;
            if (uv_write (&w->uv, (uv_stream_t *) &s->tcp, &b, 1, on_written) < 0) {
                s->writing = false;
                mem_free (w->bytes);
                mem_free (w);
                s->events->ended (s);
                return;
            }
        }
    }
    if (s->close_when_sent && !s->writing)
        sim_stream_close (s, false);
}

/* Plain bytes out of TLS until it wants more. */
static void
drain_tls (struct sim_stream *s)
{
    static char plain[RECORD_SIZE];

    while (!s->closing && !s->frozen) {
        int n = SSL_read (s->ssl, plain, sizeof plain);
        if (n <= 0) {
            int why = SSL_get_error (s->ssl, n);
            ERR_clear_error ();
            if (why != SSL_ERROR_WANT_READ)
                s->events->ended (s);
            return;
        }
        s->events->data (s, plain, (size_t) n);
    }
}

static void
step_tls (struct sim_stream *s)
{
    if (!s->handshaken) {
        int n = SSL_do_handshake (s->ssl);
        int why = n == 1 ? SSL_ERROR_NONE : SSL_get_error (s->ssl, n);
        ERR_clear_error ();
        flush (s); /* an alert too */
        if (why == SSL_ERROR_WANT_READ || s->closing)
            return;
        if (why != SSL_ERROR_NONE) {
            s->events->ended (s);
            return;
        }
        s->handshaken = true;
        s->events->handshaken (s);
    }
    drain_tls (s);
    flush (s);
}

static void
on_alloc (uv_handle_t *handle, size_t size, uv_buf_t *ret)
{
    (void) handle;
    (void) size;
    *ret = uv_buf_init (read_buffer, sizeof read_buffer);
}

static void
on_read (uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct sim_stream *s = stream->data;

    if (s->closing || n == 0)
        return;
    if (n < 0) {
        s->events->ended (s);
        return;
    }
    s->in = b->base;
    s->in_len = (size_t) n;
    step_tls (s);
    s->in_len = 0;
}

bool
sim_stream_accept (struct sim_stream *s, uv_stream_t *listener, SSL *ssl,
                   const struct sim_stream_events *events)
{
    s->events = events;
    uv_tcp_init (listener->loop, &s->tcp);
    s->tcp.data = s;
    s->ssl = ssl;
    if (ssl != NULL) {
        BIO *bio = new_bio (s);
        SSL_set_bio (ssl, bio, bio); /* one reference for both directions */
    }
    if (ssl == NULL || uv_accept (listener, (uv_stream_t *) &s->tcp) < 0
        || uv_read_start ((uv_stream_t *) &s->tcp, on_alloc, on_read) < 0) {
        s->closing = true;
        uv_close ((uv_handle_t *) &s->tcp, on_closed);
        return false;
    }
    uv_tcp_nodelay (&s->tcp, 1);
    return true;
}

void
sim_stream_write (struct sim_stream *s, const void *bytes, size_t len)
{
    const char *p = bytes;

    while (len > 0 && !s->closing) {
        int n = SSL_write (s->ssl, p, len > (1u << 30) ? 1 << 30 : (int) len);
        if (n <= 0) {
            ERR_clear_error ();
            s->events->ended (s);
            return;
        }
        p += n;
        len -= (size_t) n;
    }
    flush (s);
}

void
sim_stream_freeze (struct sim_stream *s, bool frozen)
{
    if (s->closing || s->frozen == frozen)
        return;
    s->frozen = frozen;
    if (frozen) {
        uv_read_stop ((uv_stream_t *) &s->tcp);
        return;
    }
    uv_read_start ((uv_stream_t *) &s->tcp, on_alloc, on_read);
    flush (s);
}

void
sim_stream_finish (struct sim_stream *s)
{
    if (s->closing)
        return;
    if (s->handshaken)
        SSL_shutdown (s->ssl);
    ERR_clear_error ();
    s->close_when_sent = true;
    flush (s);
}
