/* download: a GET into a file. libcurl fills one block while the thread pool writes the other.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/request.h"
#include "net/transfer.h"

#define BLOCK_BYTES ((size_t) 64 << 10)
#define MAX_BYTES ((uint64_t) 64 << 20)
#define STALL_MS 60000
#define TOTAL_MS 600000

struct block {
    char *data;
    size_t len;
};

struct download {
    struct request *r;
    struct loop *loop;
    char *file, *part;
    int fd;
    struct hash *hash;
    char sha256[HASH_SHA256_HEX];
    struct block blocks[2];
    int taking, writing_index;         /* libcurl's block; the pool's */
    bool writing, paused, sending, keep;
    uint64_t received, max_bytes, moved, moved_at;
    uint32_t stall_ms;
    int32_t code;                      /* the pool's */
    int32_t failed;                    /* the same, once its work has ended */
    struct err err;
    struct net_response *response;
    void (*done) (void *arg, struct net_response *response, const char *sha256,
                  uint64_t size_bytes);
    void *arg;
};

static void finish (struct download *d);

/* ---- the pool's side ----------------------------------------------------------------------- */

static void
write_work (void *arg)
{
    struct download *d = arg;
    struct block *b = &d->blocks[d->writing_index];
    if (d->code != 0)
        return;
    if (d->fd < 0) {
        (void) unlink (d->part);       /* of an earlier run that was killed */
        d->fd = open (d->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (d->fd < 0) {
            d->code = err_set_errno (&d->err, ERR_IO, errno, "cannot create %s", d->part);
            return;
        }
    }
    int32_t rc = fs_write_all (d->fd, b->data, b->len);
    if (rc < 0)
        d->code = err_set_errno (&d->err, rc == -ENOSPC ? FARRIER_E_NO_SPACE : ERR_IO, -rc,
                                 "cannot write %s", d->part);
    else
        hash_update (d->hash, b->data, b->len);
}

static void
write_done (void *arg)
{
    struct download *d = arg;
    d->writing = false;
    d->failed = d->code;
    d->blocks[d->writing_index].len = 0;
    if (d->response != NULL) {
        finish (d);
        return;
    }
    if (d->sending && d->paused) {
        d->paused = false;
        curl_easy_pause (d->r->easy, CURLPAUSE_CONT);
    }
}

static void
close_work (void *arg)
{
    struct download *d = arg;
    if (d->keep && d->fd < 0)
        write_work (d);                /* an empty file */
    if (d->keep && d->code == 0 && fsync (d->fd) != 0)
        d->code = err_set_errno (&d->err, ERR_IO, errno, "cannot write %s", d->part);
    if (d->fd >= 0)
        close (d->fd);
    if (d->keep && d->code == 0 && rename (d->part, d->file) != 0)
        d->code = err_set_errno (&d->err, ERR_IO, errno, "cannot rename %s to %s", d->part,
                                 d->file);
    if (d->fd >= 0 && (!d->keep || d->code != 0))
        (void) unlink (d->part);
    hash_final_hex (d->hash, d->sha256);
}

static void
close_done (void *arg)
{
    struct download *d = arg;
    if (d->code != 0 && d->response->code == 0) {
        d->response->code = d->code;
        d->response->err = d->err;
    }
    bool ok = d->keep && d->response->code == 0;
    d->done (d->arg, d->response, ok ? d->sha256 : "", ok ? d->received : 0);
    for (int i = 0; i < 2; i++)
        mem_free (d->blocks[i].data);
    mem_free (d->file);
    mem_free (d->part);
    mem_free (d);
}

/* ---- the loop's side ----------------------------------------------------------------------- */

static void
write_next (struct download *d)
{
    d->writing = true;
    d->writing_index = d->taking;
    d->taking = 1 - d->taking;
    loop_work (d->loop, write_work, write_done, d);
}

/* Inside libcurl. */
static size_t
on_write (void *arg, const char *bytes, size_t len)
{
    struct download *d = arg;
    if (d->failed != 0) {
        request_fail (d->r, d->failed, "%s", d->err.message);
        return 0;
    }
    if (d->received + len > d->max_bytes) {
        request_fail (d->r, FARRIER_E_NO_SPACE, "GET %s on %s: more than the %llu bytes allowed",
                      d->r->path, d->r->target->name, (unsigned long long) d->max_bytes);
        return 0;
    }
    if (d->blocks[d->taking].len + len > BLOCK_BYTES) {
        if (d->writing) {
            d->paused = true;
            return CURL_WRITEFUNC_PAUSE;
        }
        write_next (d);
    }
    struct block *b = &d->blocks[d->taking];
    memcpy (b->data + b->len, bytes, len);
    b->len += len;
    d->received += len;
    return len;
}

static bool
on_begin (void *arg)
{
    struct download *d = arg;
    for (int i = 0; i < 2; i++)
        if (d->blocks[i].data == NULL)
            d->blocks[i].data = mem_alloc (BLOCK_BYTES + CURL_MAX_WRITE_SIZE);
    d->sending = true;
    d->moved_at = loop_now (d->loop);
    return true;
}

static void
on_end (void *arg)
{
    ((struct download *) arg)->sending = false;
}

static void
on_tick (void *arg, uint64_t now)
{
    struct download *d = arg;
    if (d->received != d->moved) {
        d->moved = d->received;
        d->moved_at = now;
    }
    if (now - d->moved_at > d->stall_ms) {
        request_fail (d->r, FARRIER_E_TIMEOUT, "GET %s on %s stalled after %llu bytes: nothing "
                      "came for %u ms", d->r->path, d->r->target->name,
                      (unsigned long long) d->received, d->stall_ms);
        request_abort (d->r);
    }
}

static void
finish (struct download *d)
{
    if (d->writing)
        return;
    d->keep = d->response->code == 0 && d->response->status == 200 && d->code == 0;
    if (d->keep && d->blocks[d->taking].len > 0) {
        write_next (d);                /* the last block; comes back here */
        return;
    }
    loop_work (d->loop, close_work, close_done, d);
}

static void
on_done (void *arg, struct net_response *response)
{
    struct download *d = arg;
    d->response = response;
    finish (d);
}

net_handle
transfer_download (const struct transfer_download *spec)
{
    struct download *d = mem_alloc (sizeof *d);
    d->fd = -1;
    d->hash = hash_new ();
    d->file = str_dup (spec->file);
    d->part = str_printf ("%s.part", spec->file);
    d->max_bytes = spec->max_bytes == 0 ? MAX_BYTES : spec->max_bytes;
    d->stall_ms = spec->stall_ms == 0 ? STALL_MS : spec->stall_ms;
    d->done = spec->done;
    d->arg = spec->arg;
    struct net_request ask = { .target = spec->target, .path = spec->path,
                               .headers = spec->headers, .header_count = spec->header_count,
                               .auth = spec->auth, .session = spec->session, .plain = true,
                               .done = on_done, .arg = d };
    struct request *r = request_new (&ask);
    r->total_ms = spec->total_ms == 0 ? TOTAL_MS : spec->total_ms;
    r->stream = (struct request_stream) { .body_bytes = -1, .write = on_write, .begin = on_begin,
                                          .end = on_end, .tick = on_tick, .arg = d };
    d->r = r;
    d->loop = r->loop;
    return request_submit (r);
}
