/* sim_conn: one TCP connection: requests one after the other, answers with delays and faults.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_conn.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_fault.h"
#include "sim_fleet.h"
#include "sim_http.h"
#include "sim_message.h"
#include "sim_router.h"
#include "sim_stats.h"
#include "sim_stream.h"
#include "sim_timer.h"
#include "sim_tls.h"
#include "sim_upload.h"

#define PIPELINE_MAX 65536
#define SKIP_MAX 65536 /* a refused body up to this is read, so that the connection lives */
#define DRAIN_MS 2000
#define DRIP_MS 50

enum state { READING_HEAD, READING_BODY, ANSWERING, DRAINING, DEAD };

struct conn {
    struct sim_stream stream; /* first: the stream's address is the connection's */
    struct list link;         /* of bmc->conns */
    struct sim_bmc *bmc;
    uint64_t number; /* in the fleet */
    enum state state;
    struct buf head;
    char *block; /* the head that the request points into */
    struct sim_http_request *request;
    struct sim_call *call;
    int64_t body_left;
    int64_t reset_at;  /* body bytes left when the connection is reset; -1 */
    struct buf answer; /* plain, waits for its time */
    size_t answer_sent;
    int64_t drip_bytes; /* per DRIP_MS; 0: all at once */
    bool close_after, hang;
    struct sim_timer *timer;
};

static void read_bytes (struct conn *c, const char *p, size_t len);

static void
release_call (struct conn *c)
{
    if (c->call != NULL) {
        sim_call_release (c->call);
        mem_free (c->call);
        c->call = NULL;
    }
    mem_free (c->request);
    mem_free (c->block);
    c->request = NULL;
    c->block = NULL;
}

static void
end (struct conn *c, bool with_reset)
{
    c->state = DEAD;
    sim_timer_stop (&c->timer);
    sim_stream_close (&c->stream, with_reset);
}

static void
on_ended (struct sim_stream *s)
{
    end ((struct conn *) s, false);
}

static void
on_closed (struct sim_stream *s)
{
    struct conn *c = (struct conn *) s;

    sim_timer_stop (&c->timer);
    if (!list_empty (&c->link)) {
        list_remove (&c->link);
        c->bmc->counters.connections_open--;
    }
    release_call (c);
    buf_free (&c->head);
    buf_free (&c->answer);
    mem_free (c);
}

static void
on_handshaken (struct sim_stream *s)
{
    struct conn *c = (struct conn *) s;

    c->bmc->counters.handshakes++;
    c->bmc->counters.resumed += SSL_session_reused (s->ssl) == 1;
}

static void
on_drained (void *arg)
{
    end (arg, false);
}

/* The answer is out. */
static void
next_request (struct conn *c)
{
    release_call (c);
    buf_free (&c->answer);
    c->answer_sent = 0;
    c->drip_bytes = 0;
    if (c->close_after && c->body_left > 0) {
        /* Closing with unread bytes would reset the connection and take the answer with it. */
        c->state = DRAINING;
        sim_timer_start (&c->bmc->fleet->loop, &c->timer, DRAIN_MS, on_drained, c);
        return;
    }
    if (c->close_after) {
        c->state = DEAD;
        sim_stream_finish (&c->stream);
        return;
    }
    c->state = READING_HEAD;
    if (c->head.len > 0) {
        struct buf early = c->head;
        c->head = (struct buf){ 0 };
        read_bytes (c, early.data, early.len);
        buf_free (&early);
    }
}

static void
send_answer (void *arg)
{
    struct conn *c = arg;
    size_t left = c->answer.len - c->answer_sent;
    size_t n = c->drip_bytes > 0 && left > (size_t) c->drip_bytes ? (size_t) c->drip_bytes : left;

    sim_stream_write (&c->stream, c->answer.data + c->answer_sent, n);
    c->answer_sent += n;
    if (c->state == DEAD)
        return;
    if (c->answer_sent < c->answer.len) {
        sim_timer_start (&c->bmc->fleet->loop, &c->timer, DRIP_MS, send_answer, c);
        return;
    }
    next_request (c);
}

static void
count_answer (struct conn *c, int status)
{
    c->bmc->counters.answers_4xx += status >= 400 && status < 500;
    c->bmc->counters.answers_5xx += status >= 500;
}

static void
write_head (struct conn *c, struct sim_call *call, const char *type, size_t len)
{
    const struct sim_personality *p = c->bmc->personality;

    buf_printf (&c->answer, "HTTP/1.1 %d %s\r\n", call->status,
                sim_http_status_text (call->status));
    buf_printf (&c->answer, "Server: %s\r\nOData-Version: 4.0\r\nCache-Control: no-cache\r\n",
                str_empty (p->server_header) ? "farrier-sim (simulated)" : p->server_header);
    if (call->status != 204 && call->status != 304)
        buf_printf (&c->answer, "Content-Length: %zu\r\n", len);
    if (len > 0)
        buf_printf (&c->answer, "Content-Type: %s\r\n", type);
    if (c->close_after)
        buf_puts (&c->answer, "Connection: close\r\n");
    if (call->headers.len > 0)
        buf_append (&c->answer, call->headers.data, call->headers.len);
    buf_puts (&c->answer, "\r\n");
}

/* The answer's bytes, with what a fault does to them. */
static void
build_answer (struct conn *c, struct sim_fault *fault)
{
    struct sim_call *call = c->call;
    const char *type
        = call->content_type == NULL ? "application/json; charset=utf-8" : call->content_type;
    char *body = call->text;
    size_t len = 0;

    call->text = NULL;
    if (call->doc != NULL)
        body = json_dumps (call->doc, JSON_COMPACT);
    if (body != NULL)
        len = strlen (body);
    if (fault != NULL && fault->kind == SIM_FAULT_HOSTILE) {
        mem_free (body);
        body = sim_fault_hostile_body (fault, &len, &type);
        call->status = 200;
    }
    bool no_body = call->status == 204 || call->status == 304;
    write_head (c, call, type, no_body ? 0 : len);
    if (fault != NULL && fault->kind == SIM_FAULT_TRUNCATE) {
        size_t keep = fault->bytes >= 0 ? (size_t) fault->bytes : len / 2;
        len = keep < len ? keep : len;
        c->close_after = true;
    }
    if (!no_body && call->method != SIM_HEAD && len > 0)
        buf_append (&c->answer, body, len);
    mem_free (body);
}

/* Returns false when the answer will not be sent. */
static bool
meet_answer_fault (struct conn *c, struct sim_fault *fault)
{
    if (fault == NULL)
        return true;
    if (fault->kind == SIM_FAULT_RESET) {
        end (c, true);
        return false;
    }
    if (fault->kind == SIM_FAULT_HANG) {
        c->state = ANSWERING;
        c->hang = true;
        if (fault->ms < 0)
            return false;
        build_answer (c, NULL);
        sim_timer_start (&c->bmc->fleet->loop, &c->timer, fault->ms, send_answer, c);
        return false;
    }
    if (fault->kind == SIM_FAULT_SLOW) {
        c->drip_bytes = fault->bytes_per_s * DRIP_MS / 1000;
        if (c->drip_bytes < 1)
            c->drip_bytes = 1;
    }
    return true;
}

static void
answer (struct conn *c)
{
    struct sim_call *call = c->call;
    struct sim_bmc *bmc = c->bmc;

    c->state = ANSWERING;
    c->close_after = c->close_after || call->close_after || !c->request->keep_alive;
    count_answer (c, call->status);
    struct sim_fault *fault = sim_fault_take_request (bmc, true, call->method, call->path);
    if (!meet_answer_fault (c, fault))
        return;
    build_answer (c, fault);
    int64_t ms = sim_latency_next_ms (&bmc->fleet->options->latency, &bmc->random);
    if (ms > 0)
        sim_timer_start (&bmc->fleet->loop, &c->timer, ms, send_answer, c);
    else
        send_answer (c);
}

static void
finish_request (struct conn *c)
{
    if (c->call->status == 0)
        sim_router_finish (c->call);
    if (c->state != DEAD)
        answer (c);
}

static void
answer_now_or_skip (struct conn *c)
{
    bool tells = c->request->expect_continue;

    if (c->body_left <= 0) {
        finish_request (c);
    } else if (c->body_left <= SKIP_MAX && !tells) {
        c->state = READING_BODY;
    } else {
        c->close_after = true;
        answer (c);
    }
}

static void
on_hang_over (void *arg)
{
    struct conn *c = arg;

    c->hang = false;
    c->close_after = true;
    sim_call_unavailable (c->call, 1);
    answer (c);
}

/* Returns false when the request is not looked at any further. */
static bool
meet_request_fault (struct conn *c)
{
    struct sim_fault *fault
        = sim_fault_take_request (c->bmc, false, c->request->method, c->request->path);

    if (fault == NULL)
        return true;
    if (fault->kind == SIM_FAULT_RESET && fault->when == SIM_WHEN_BODY && c->body_left > 0) {
        c->reset_at = c->body_left / 2;
        return true;
    }
    if (fault->kind == SIM_FAULT_RESET) {
        end (c, true);
        return false;
    }
    if (fault->kind == SIM_FAULT_HANG) {
        c->state = ANSWERING;
        c->hang = true;
        if (fault->ms >= 0)
            sim_timer_start (&c->bmc->fleet->loop, &c->timer, fault->ms, on_hang_over, c);
        return false;
    }
    sim_message_error (
        c->call, fault->status,
        fault->status == 503 ? "Base.ServiceTemporarilyUnavailable" : "Base.GeneralError", "30");
    if (fault->retry_after_s >= 0)
        sim_call_header (c->call, "Retry-After", "%d", fault->retry_after_s);
    answer_now_or_skip (c);
    return false;
}

static void
refuse_phase (struct conn *c)
{
    bool is_root
        = str_eq (c->request->path, "/redfish/v1") || str_eq (c->request->path, "/redfish");

    if (c->bmc->phase == SIM_PHASE_BUSY)
        sim_call_unavailable (c->call, 5);
    else if (c->bmc->phase == SIM_PHASE_LOCKED && !is_root)
        sim_message_error (c->call, 401, "Base.NoValidSession");
}

static struct sim_call *
new_call (struct conn *c)
{
    struct sim_call *call = mem_alloc (sizeof *call);

    call->fleet = c->bmc->fleet;
    call->bmc = c->bmc;
    call->conn = (struct sim_conn *) c;
    call->request = c->request;
    call->method = c->request->method;
    call->path = str_dup (c->request->path == NULL ? "" : c->request->path);
    return call;
}

static void
refuse_malformed (struct conn *c, int status, const char *problem)
{
    c->request->keep_alive = false;
    c->request->path = NULL;
    c->call = new_call (c);
    c->body_left = 1; /* whatever comes is not looked at */
    sim_message_error (c->call, status, "Base.HeaderInvalid", problem);
    answer (c);
}

/* The request as its client sent it, for those who want to send the same (see --trace). */
static void
trace (const struct conn *c)
{
    const struct sim_http_request *r = c->request;

    if (c->bmc->fleet->trace != NULL)
        fprintf (c->bmc->fleet->trace, "%s %s %s%s%s %" PRIu64 " %" PRId64 "\n", c->bmc->name,
                 r->method_name, r->path, *r->query == '\0' ? "" : "?", r->query, c->number,
                 clock_wall_ms ());
}

static void
begin_request (struct conn *c, char *head, size_t len)
{
    const char *problem = NULL;

    c->request = mem_alloc (sizeof *c->request);
    c->bmc->counters.requests++;
    int status = sim_http_parse (head, len, c->request, &problem);
    if (status != 0) {
        refuse_malformed (c, status, problem);
        return;
    }
    if (c->request->method < SIM_METHOD_COUNT)
        c->bmc->counters.by_method[c->request->method]++;
    c->body_left = c->request->content_length > 0 ? c->request->content_length : 0;
    c->reset_at = -1;
    c->call = new_call (c);
    trace (c);
    if (c->request->chunked) {
        c->close_after = true;
        c->body_left = 1;
        sim_message_error (c->call, 411, "Base.HeaderMissing", "Content-Length");
        answer (c);
        return;
    }
    if (!meet_request_fault (c))
        return;
    refuse_phase (c);
    if (c->call->status == 0)
        sim_router_begin (c->call);
    if (c->call->status != 0 || c->body_left == 0) {
        answer_now_or_skip (c);
        return;
    }
    c->state = READING_BODY;
    if (c->request->expect_continue)
        sim_stream_write (&c->stream, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

/* Returns how many of the bytes belonged to the head. */
static size_t
read_head (struct conn *c, const char *p, size_t len)
{
    size_t before = c->head.len;

    buf_append (&c->head, p, len);
    size_t head_len = sim_http_head_end (c->head.data, c->head.len, before);
    if (head_len == 0 && c->head.len <= SIM_HTTP_HEAD_MAX)
        return len;
    if (head_len == 0 || head_len > SIM_HTTP_HEAD_MAX) {
        c->request = mem_alloc (sizeof *c->request);
        buf_free (&c->head);
        refuse_malformed (c, 431, "the head is too long");
        return len;
    }
    c->block = buf_steal (&c->head);
    begin_request (c, c->block, head_len);
    return head_len - before;
}

static size_t
read_body (struct conn *c, const char *p, size_t len)
{
    size_t n = (int64_t) len < c->body_left ? len : (size_t) c->body_left;

    c->body_left -= (int64_t) n;
    if (c->call->status == 0 && c->call->upload != NULL)
        sim_upload_feed (c->call->upload, p, n);
    else if (c->call->status == 0)
        buf_append (&c->call->body, p, n);
    if (c->reset_at >= 0 && c->body_left <= c->reset_at) {
        end (c, true);
        return n;
    }
    if (c->body_left == 0)
        finish_request (c);
    return n;
}

static void
read_bytes (struct conn *c, const char *p, size_t len)
{
    while (len > 0) {
        size_t n = len;

        switch (c->state) {
        case READING_HEAD: n = read_head (c, p, len); break;
        case READING_BODY: n = read_body (c, p, len); break;
        case ANSWERING:
            if (c->head.len + len > PIPELINE_MAX && !c->close_after && !c->hang) {
                end (c, false);
                return;
            }
            if (!c->close_after && !c->hang)
                buf_append (&c->head, p, len);
            return;
        case DRAINING:
        case DEAD: return;
        }
        p += n;
        len -= n;
    }
}

static void
on_data (struct sim_stream *s, const char *bytes, size_t len)
{
    read_bytes ((struct conn *) s, bytes, len);
}

static const struct sim_stream_events events = { on_handshaken, on_data, on_ended, on_closed };

void
sim_conn_accept (struct sim_bmc *bmc, uv_stream_t *listener)
{
    struct conn *c = mem_alloc (sizeof *c);

    list_init (&c->link);
    c->bmc = bmc;
    c->reset_at = -1;
    if (!sim_stream_accept (&c->stream, listener, sim_tls_accept (bmc), &events))
        return;
    list_add_tail (&bmc->conns, &c->link);
    bmc->counters.connections++;
    c->number = ++bmc->fleet->connection_count;
    bmc->counters.connections_open++;
}

void
sim_conn_end_all (struct sim_bmc *bmc, bool with_reset)
{
    list_for_each_safe (it, next, &bmc->conns)
        end (list_entry (it, struct conn, link), with_reset);
}

void
sim_conn_freeze_all (struct sim_bmc *bmc, bool frozen)
{
    list_for_each (it, &bmc->conns)
        sim_stream_freeze (&list_entry (it, struct conn, link)->stream, frozen);
}
