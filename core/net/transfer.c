/* transfer: uploads. What is in memory goes straight to libcurl, which copies it. For the rest
 * there is a chunk that the thread pool fills, again while libcurl's copy is on its way.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/transfer.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/body.h"
#include "net/request.h"

#define CHUNK_BYTES ((size_t) 16 << 10)          /* a TLS record, and what libcurl asks for */
#define PROGRESS_EVERY_MS 500
#define STALL_MS 60000
#define ANSWER_MS 600000
#define TOTAL_MIN_MS 600000
#define SLOWEST_BYTES_PER_MS 50        /* 50 KB/s */

struct upload {
    struct request *r;
    struct loop *loop;
    struct body *body;
    char *chunk;
    size_t chunk_len, chunk_used;
    bool filling;                      /* the pool works on body and chunk, or will */
    bool sending, paused, asked;       /* asked: libcurl is connected and wants the body */
    uint64_t total, filled, taken;
    int32_t fill_code;                 /* of the last fill that has ended */
    int32_t work_code;                 /* the pool's */
    struct err fill_err;

    uint64_t moved_at, moved, all_sent_at, told_at;
    uint32_t told_permille;
    uint32_t stall_ms, answer_ms;
    int64_t total_ms;
    transfer_progress_fn *progress;
    transfer_done_fn *done;
    net_gate_fn *gate;
    void *arg;
    struct net_response *response;     /* it is over; the pool may still be at work */
};

/* ---- the chunk ----------------------------------------------------------------------------- */

static void fill_next (struct upload *u);

static void
fill_work (void *arg)
{
    struct upload *u = arg;
    u->work_code = body_read (u->body, u->chunk, CHUNK_BYTES, &u->chunk_len, &u->fill_err);
}

static void upload_over (struct upload *u);

static void
chunk_free (struct upload *u)
{
    mem_free (u->chunk);
    u->chunk = NULL;
}

static void
fill_done (void *arg)
{
    struct upload *u = arg;
    u->filling = false;
    u->fill_code = u->work_code;
    if (u->response != NULL) {
        upload_over (u);
        return;
    }
    if (!u->sending) {
        chunk_free (u);
        if (u->r->parked)
            request_unpark (u->r);
        return;
    }
    if (u->fill_code == 0) {
        u->chunk_used = 0;
        u->filled += u->chunk_len;
    }
    if (u->paused) {
        u->paused = false;
        curl_easy_pause (u->r->easy, CURLPAUSE_CONT);
    }
}

static void
fill_next (struct upload *u)
{
    if (u->filling || u->fill_code != 0 || u->filled == u->total || u->chunk != NULL)
        return;
    u->chunk = mem_alloc (CHUNK_BYTES);
    u->chunk_len = u->chunk_used = 0;
    u->filling = true;
    loop_work_small (u->loop, fill_work, fill_done, u);
}

static size_t
take_bytes (struct upload *u, char *buf, size_t len)
{
    if (u->filling)
        return 0;
    if (u->chunk == NULL) {
        size_t got = body_take (u->body, buf, len);
        u->filled += got;
        u->taken += got;
        return got;
    }
    size_t left = u->chunk_len - u->chunk_used, taken = left < len ? left : len;
    memcpy (buf, u->chunk + u->chunk_used, taken);
    u->chunk_used += taken;
    u->taken += taken;
    if (u->chunk_used == u->chunk_len)
        chunk_free (u);
    return taken;
}

/* Inside libcurl. */
static size_t
on_read (void *arg, char *buf, size_t len)
{
    struct upload *u = arg;
    if (u->taken == u->total)
        return 0;
    if (!u->asked)
        u->moved_at = loop_now (u->loop);        /* connecting has a limit of its own */
    u->asked = true;
    size_t taken = take_bytes (u, buf, len);
    if (taken > 0) {
        if (!u->filling && u->chunk == NULL && !body_takes (u->body))
            fill_next (u);
        return taken;
    }
    if (u->fill_code != 0) {
        request_fail (u->r, u->fill_code, "the upload to %s stopped: %s", u->r->target->name,
                      u->fill_err.message);
        return CURL_READFUNC_ABORT;
    }
    fill_next (u);
    u->paused = true;
    return CURL_READFUNC_PAUSE;
}

/* ---- sendings ------------------------------------------------------------------------------ */

static char *
substitute (void *arg, const char *text)
{
    return session_substitute (arg, text);
}

static bool
on_begin (void *arg)
{
    struct upload *u = arg;
    struct err err;
    int32_t code = body_layout (u->body, u->r->session == NULL ? NULL : substitute,
                                u->r->session, &u->total, &err);
    if (code < 0) {
        request_fail (u->r, code, "%s: %s", u->r->target->name, err.message);
        return false;
    }
    u->r->stream.body_bytes = (int64_t) u->total;
    int64_t slow_ms = (int64_t) (u->total / SLOWEST_BYTES_PER_MS);
    u->r->total_ms = u->total_ms != 0         ? u->total_ms
                     : slow_ms > TOTAL_MIN_MS ? slow_ms
                                              : TOTAL_MIN_MS;
    u->sending = true;
    u->paused = u->asked = false;
    u->filled = u->taken = u->moved = u->all_sent_at = 0;
    u->fill_code = 0;
    u->moved_at = loop_now (u->loop);
    if (!body_takes (u->body))
        fill_next (u);
    return true;
}

static bool
on_busy (void *arg)
{
    return ((struct upload *) arg)->filling;
}

static void
on_end (void *arg)
{
    struct upload *u = arg;
    u->sending = false;
    if (!u->filling)
        chunk_free (u);
}

static void
tell_progress (struct upload *u, uint64_t now)
{
    if (u->progress == NULL || u->total == 0)
        return;
    uint32_t permille = (uint32_t) (u->taken / (u->total / 1000 + 1));
    if (u->taken == u->total)
        permille = 1000;
    if (permille == u->told_permille && u->told_at != 0)
        return;
    u->told_permille = permille;
    u->told_at = now;
    u->progress (u->arg, permille, u->taken, u->total);
}

static void
on_tick (void *arg, uint64_t now)
{
    struct upload *u = arg;
    if (u->taken != u->moved) {
        u->moved = u->taken;
        u->moved_at = now;
    }
    if (u->taken == u->total && u->all_sent_at == 0)
        u->all_sent_at = now;
    if (now - u->told_at >= PROGRESS_EVERY_MS)
        tell_progress (u, now);

    if (u->asked && u->taken < u->total && now - u->moved_at > u->stall_ms) {
        request_fail (u->r, FARRIER_E_TIMEOUT, "upload to %s%s stalled at %llu of %llu bytes: "
                      "nothing moved for %u ms", u->r->target->name, u->r->path,
                      (unsigned long long) u->taken, (unsigned long long) u->total, u->stall_ms);
        request_abort (u->r);
    } else if (u->all_sent_at != 0 && now - u->all_sent_at > u->answer_ms) {
        request_fail (u->r, FARRIER_E_TIMEOUT, "upload to %s%s: all %llu bytes sent, no answer "
                      "within %u ms", u->r->target->name, u->r->path,
                      (unsigned long long) u->total, u->answer_ms);
        request_abort (u->r);
    }
}

/* ---- the end ------------------------------------------------------------------------------- */

static void
upload_over (struct upload *u)
{
    struct transfer_result *result = mem_alloc (sizeof *result);
    result->response = u->response;
    result->sent_bytes = u->taken;
    result->total_bytes = u->total;
    result->complete = u->total > 0 && u->taken == u->total;
    result->part_count = body_part_count (u->body);
    result->part_sha256 = mem_array (result->part_count + 1, sizeof *result->part_sha256);
    for (size_t i = 0; i < result->part_count; i++)
        body_part_sha256 (u->body, i, u->taken, result->part_sha256[i]);
    if (result->complete)
        tell_progress (u, loop_now (u->loop));
    chunk_free (u);
    body_free (u->body);
    u->done (u->arg, result);
    mem_free (u);
}

static void
on_done (void *arg, struct net_response *response)
{
    struct upload *u = arg;
    u->response = response;
    if (!u->filling)
        upload_over (u);
}

void
transfer_result_free (struct transfer_result *result)
{
    if (result == NULL)
        return;
    net_response_free (result->response);
    mem_free (result->part_sha256);
    mem_free (result);
}

static void
on_gate (void *arg, net_handle handle)
{
    struct upload *u = arg;
    u->gate (u->arg, handle);
}

net_handle
transfer_upload (const struct transfer_upload *spec)
{
    struct upload *u = mem_alloc (sizeof *u);
    u->body = body_new (spec->parts, spec->part_count, spec->form);
    u->stall_ms = spec->stall_ms == 0 ? STALL_MS : spec->stall_ms;
    u->answer_ms = spec->answer_ms == 0 ? ANSWER_MS : spec->answer_ms;
    u->total_ms = spec->total_ms;
    u->progress = spec->progress;
    u->done = spec->done;
    u->gate = spec->gate;
    u->arg = spec->arg;

    const char *type = spec->content_type == NULL ? "application/octet-stream"
                                                  : spec->content_type;
    struct net_request ask = { .target = spec->target,
                               .method = spec->method == NULL ? "POST" : spec->method,
                               .path = spec->path, .headers = spec->headers,
                               .header_count = spec->header_count,
                               .content_type = spec->form ? body_content_type (u->body) : type,
                               .auth = spec->auth, .session = spec->session,
                               .max_response_bytes = spec->max_response_bytes,
                               .gate = spec->gate == NULL ? NULL : on_gate, .done = on_done,
                               .arg = u };
    struct request *r = request_new (&ask);
    r->lane = LANE_UPLOAD;
    r->stream = (struct request_stream) { .body_bytes = 0, .read = on_read, .begin = on_begin,
                                          .end = on_end, .tick = on_tick, .busy = on_busy,
                                          .arg = u };
    u->r = r;
    u->loop = r->loop;
    return request_submit (r);
}
