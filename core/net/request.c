/* request: the way of one request through session, name, admission, gate and sending.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/request.h"

#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/session.h"

#define MAX_RESPONSE_DEFAULT ((size_t) 4 << 20)
#define REDIRECTS_MAX 3

/* ---- making -------------------------------------------------------------------------------- */

static const char *const known_methods[] = { "GET", "HEAD", "POST", "PATCH", "PUT", "DELETE" };

/* Blanks and bytes that have no place in a URL are escaped: paths come from BMCs. */
static char *
clean_path (const char *uri)
{
    char *path = net_path_of (uri);
    if (path == NULL)
        return NULL;

    struct buf b = { 0 };
    for (const unsigned char *p = (const unsigned char *) path; *p != '\0'; p++) {
        if (*p <= 0x20 || *p >= 0x7f || strchr ("\"<>\\^`{|}", *p) != NULL)
            buf_printf (&b, "%%%02X", *p);
        else
            buf_putc (&b, (char) *p);
    }
    mem_free (path);
    return buf_steal (&b);
}

static bool
clean_line (const char *s)
{
    return s != NULL && strpbrk (s, "\r\n") == NULL;
}

static void
check (struct request *r, const struct net_request *public)
{
    bool known = false;
    for (size_t i = 0; i < sizeof known_methods / sizeof known_methods[0]; i++)
        known = known || strcmp (known_methods[i], r->method) == 0;
    if (!known)
        request_fail (r, FARRIER_E_INVALID, "'%s' is not a method that can be sent", r->method);
    if (r->path == NULL)
        request_fail (r, FARRIER_E_INVALID, "'%s' is neither a path nor a URL (%s)",
                      public->path == NULL ? "" : public->path, r->target->name);
    for (size_t i = 0; i < public->header_count; i++)
        if (!clean_line (public->headers[i].name) || !clean_line (public->headers[i].value)
            || public->headers[i].name[0] == '\0')
            request_fail (r, FARRIER_E_INVALID, "a header for %s holds a line break",
                          r->target->name);
    if (r->content_type != NULL && !clean_line (r->content_type))
        request_fail (r, FARRIER_E_INVALID, "the content type holds a line break");
    if (r->auth != NET_AUTH_NONE && r->session == NULL)
        request_fail (r, FARRIER_E_INTERNAL, "%s %s wants a session and has none", r->method,
                      r->path);
    if (r->auth != NET_AUTH_NONE && !r->target->tls && r->target->mode != TRUST_INSECURE) {
        request_fail (r, FARRIER_E_TLS, "%s (%s): credentials are not sent over plain http",
                      r->target->name, r->target->base_url);
        request_hint (r, "use an https:// address, or make the host insecure: farrier host trust "
                      "%s --insecure", r->target->name);
    }
}

struct request *
request_new (const struct net_request *public)
{
    struct request *r = mem_alloc (sizeof *r);
    list_init (&r->link);
    list_init (&r->all);
    list_init (&r->ticker.link);
    r->target = net_target_ref (public->target);
    r->loop = r->target->loop;
    r->method = str_dup (public->method == NULL ? "GET" : public->method);
    r->path = clean_path (public->path);
    r->content_type = str_dup (public->content_type != NULL ? public->content_type
                               : public->body != NULL       ? "application/json"
                                                            : NULL);
    if (public->body != NULL) {
        r->body = mem_alloc (public->body_len + 1);
        memcpy (r->body, public->body, public->body_len);
        r->body_len = public->body_len;
    }
    r->changing = strcmp (r->method, "GET") != 0 && strcmp (r->method, "HEAD") != 0;
    r->auth = public->auth;
    r->session = public->session == NULL ? NULL : session_ref (public->session);
    r->plain = public->plain;
    r->keep = public->keep;
    r->expect_gone = public->expect_gone;
    r->max_response_bytes = public->max_response_bytes == 0 ? MAX_RESPONSE_DEFAULT
                                                            : public->max_response_bytes;
    r->connect_ms = public->connect_ms;
    r->total_ms = public->total_ms == 0 ? r->target->total_ms : public->total_ms;
    r->stream.body_bytes = -1;
    r->content_length = -1;
    r->gate = public->gate;
    r->done = public->done;
    r->arg = public->arg;
    r->response = response_new (r->path == NULL ? "" : r->path);
    check (r, public);
    r->headers = mem_array (public->header_count + 1, sizeof *r->headers);
    for (size_t i = 0; i < public->header_count && !r->cut; i++) {
        r->headers[i].name = str_dup (public->headers[i].name);
        r->headers[i].value = str_dup (public->headers[i].value);
        r->header_count++;
    }
    return r;
}

static void
request_free (struct request *r)
{
    for (size_t i = 0; i < r->header_count; i++) {
        mem_free ((char *) r->headers[i].name);
        mem_free ((char *) r->headers[i].value);
    }
    mem_free (r->headers);
    mem_free (r->method);
    mem_free (r->path);
    mem_free (r->content_type);
    if (r->body != NULL)
        mem_wipe (r->body, r->body_len);         /* a login's holds the password */
    mem_free (r->body);
    buf_free (&r->answer);
    net_response_free (r->response);
    session_unref (r->session);
    net_target_unref (r->target);
    mem_free (r);
}

/* ---- failing and ending -------------------------------------------------------------------- */

void
request_fail (struct request *r, int32_t code, const char *fmt, ...)
{
    if (r->cut)
        return;
    va_list ap;
    va_start (ap, fmt);
    char *message = str_vprintf (fmt, ap);
    va_end (ap);
    r->cut = true;
    r->response->code = err_set (&r->response->err, code, "%s", message);
    mem_free (message);
}

void
request_hint (struct request *r, const char *fmt, ...)
{
    va_list ap;
    va_start (ap, fmt);
    char *hint = str_vprintf (fmt, ap);
    va_end (ap);
    err_hint (&r->response->err, "%s", hint);
    mem_free (hint);
}

static void
take_body (struct request *r)
{
    if (r->answer.len == 0)
        return;
    mem_free (r->response->body);
    r->response->body_len = r->answer.len;
    r->response->body = buf_steal (&r->answer);
}

void
request_end (struct request *r)
{
    r->state = REQUEST_ENDED;
    list_remove (&r->link);
    list_remove (&r->all);
    loop_slot_free (r->loop, r->id);
    take_body (r);
    struct net_response *response = r->response;
    r->response = NULL;
    if (r->done != NULL)
        r->done (r->arg, response);
    else
        net_response_free (response);
    request_free (r);
}

/* ---- the way ------------------------------------------------------------------------------- */

static void
request_queue (struct request *r)
{
    r->state = REQUEST_QUEUED;
    if (r->queued_at == 0)
        r->queued_at = loop_now (r->loop);
    admit_enqueue (r);
}

void
request_resolved (struct request *r, int32_t code, const char *message)
{
    if (code < 0) {
        request_fail (r, code, "%s: %s", r->target->name, message);
        request_hint (r, "farrier host show %s", r->target->name);
        request_end (r);
        return;
    }
    request_queue (r);
}

void
request_authorised (struct request *r)
{
    if (r->target->literal) {
        request_queue (r);
        return;
    }
    r->state = REQUEST_RESOLVE;
    resolve_want (r);
}

static void
request_go (struct request *r)
{
    if (r->auth == NET_AUTH_NONE) {
        request_authorised (r);
        return;
    }
    r->state = REQUEST_SESSION;
    session_admit (r->session, r);
}

/* From the session on, as soon as the stream has let go of the last sending. */
static void
request_go_when_idle (struct request *r)
{
    r->parked = r->stream.busy != NULL && r->stream.busy (r->stream.arg);
    if (r->parked)
        r->state = REQUEST_NEW;
    else
        request_go (r);
}

void
request_unpark (struct request *r)
{
    r->parked = false;
    request_go (r);
}

void
request_again (struct request *r)
{
    r->gate_passed = false;
    request_go_when_idle (r);
}

static void
request_begin (void *arg)
{
    struct request *r = arg;
    struct loop *loop = r->loop;
    list_add_tail (&loop->requests, &r->all);
    r->host = loop_host (loop, r->target->key);
    if (loop->stopping)
        request_fail (r, FARRIER_E_CANCELLED, "%s %s on %s: Farrier is stopping", r->method,
                      r->path == NULL ? "" : r->path, r->target->name);
    if (r->cut)
        request_end (r);
    else
        request_go (r);
}

net_handle
request_submit (struct request *r)
{
    net_handle id = loop_slot_take (r->loop, SLOT_REQUEST, r);
    r->id = id;
    loop_post (r->loop, request_begin, r);
    return id;
}

net_handle
net_submit (const struct net_request *request)
{
    return request_submit (request_new (request));
}

void
request_hold (struct request *r)
{
    r->state = REQUEST_HELD;
    r->gate (r->arg, r->id);
}

/* ---- sending ------------------------------------------------------------------------------- */

static void
on_request_tick (struct ticker *ticker, uint64_t now_ms)
{
    struct request *r = list_entry (ticker, struct request, ticker);
    r->stream.tick (r->stream.arg, now_ms);
}

/* What the sending left behind; r->easy is gone afterwards. */
static void
sending_over (struct request *r, CURLcode rc)
{
    struct net_response *response = r->response;
    curl_off_t connect_us = 0, total_us = 0, up = 0, down = 0;
    curl_easy_getinfo (r->easy, CURLINFO_APPCONNECT_TIME_T, &connect_us);
    curl_easy_getinfo (r->easy, CURLINFO_TOTAL_TIME_T, &total_us);
    curl_easy_getinfo (r->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo (r->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    response->connect_ms = connect_us / 1000;
    response->total_ms = total_us / 1000;
    response->sent_bytes = (uint64_t) up;
    response->received_bytes = (uint64_t) down;
    response->delivery = request_delivery (r);
    str_copy (response->cert_sha256, sizeof response->cert_sha256, r->verdict.sha256);
    if (rc != CURLE_OK)
        request_explain (r, rc);

    loop_tick_remove (&r->ticker);
    shard_remove (r->host->shard, r->easy);
    easy_tear_down (r);
    if (r->stream.end != NULL)
        r->stream.end (r->stream.arg);
    if (r->lane == LANE_REQUEST)
        pace_answered (r->host);
    admit_release (r);
}

void
request_admitted (struct request *r)
{
    r->state = REQUEST_ACTIVE;
    r->sent_at = loop_now (r->loop);
    r->response->queue_ms = (int64_t) (r->sent_at - r->queued_at);
    response_reset (r);
    if (r->stream.begin != NULL && !r->stream.begin (r->stream.arg)) {
        admit_release (r);
        request_end (r);
        return;
    }
    if (!easy_set_up (r)) {
        /* the session ended while this one waited: nothing was sent, its gate stays open */
        easy_tear_down (r);
        if (r->stream.end != NULL)
            r->stream.end (r->stream.arg);
        admit_release (r);
        request_go_when_idle (r);
        return;
    }
    r->response->sends++;
    atomic_fetch_add (&r->loop->sent, 1);
    if (r->stream.tick != NULL) {
        r->ticker.fn = on_request_tick;
        loop_tick_add (r->loop, &r->ticker);
    }
    shard_add (r->host->shard, r->easy);
}

/* Where a redirect of a GET leads: a path on the same host, or NULL. Heap. */
static char *
redirect_path (struct request *r, const char *location)
{
    const char *base = r->target->base_url;
    if (location[0] == '/' && location[1] != '/')
        return clean_path (location);
    char *with_port = NULL;
    const char *scheme_end = strstr (location, "://");
    if (scheme_end == NULL)
        return NULL;
    size_t authority = strcspn (scheme_end + 3, "/?#");
    size_t origin = (size_t) (scheme_end + 3 - location) + authority;
    char *text = str_ndup (location, origin);
    const char *host = text + (scheme_end + 3 - location);
    const char *colon = strrchr (host, ':');
    if (colon == NULL || strchr (colon, ']') != NULL)
        with_port = str_printf ("%s:%u", text, str_starts (text, "https") ? 443 : 80);
    bool same = str_case_eq (with_port == NULL ? text : with_port, base);
    mem_free (text);
    mem_free (with_port);
    return same ? clean_path (location) : NULL;
}

static bool
is_redirect (const struct request *r)
{
    int s = r->response->status;
    return !r->changing && (s == 301 || s == 302 || s == 303 || s == 307 || s == 308)
           && net_response_header (r->response, "Location") != NULL;
}

static void
follow (struct request *r)
{
    const char *location = net_response_header (r->response, "Location");
    char *path = redirect_path (r, location);
    if (path == NULL || r->redirects == REDIRECTS_MAX) {
        request_fail (r, FARRIER_E_REJECTED, "%s %s on %s: redirect to %s is not followed: %s",
                      r->method, r->path, r->target->name, location,
                      path == NULL ? "another host" : "it was the fourth");
        mem_free (path);
        request_end (r);
        return;
    }
    r->redirects++;
    mem_free (r->path);
    r->path = path;
    request_go (r);
}

static void
answered (struct request *r)
{
    struct net_response *response = r->response;
    if (r->session != NULL)
        session_used (r->session, r);
    if (response->status == 401 && r->auth != NET_AUTH_NONE && session_refused (r->session, r))
        return;
    if (is_redirect (r)) {
        follow (r);
        return;
    }
    request_end (r);
}

static bool
try_next_address (struct request *r)
{
    if (r->response->delivery != FARRIER_DELIVERY_NONE || r->target->literal
        || r->response->code != FARRIER_E_UNREACHABLE || r->loop->stopping)
        return false;
    if (r->address + 1 >= r->host->address_count)
        return false;
    r->address++;
    r->cut = false;
    r->response->code = 0;
    r->response->sends--;
    err_clear (&r->response->err);
    request_go_when_idle (r);
    return true;
}

void
request_sent (struct request *r, CURLcode rc)
{
    bool early = rc != CURLE_OK && !r->cut && r->response->status >= 400
                 && r->stream.body_bytes >= 0;
    sending_over (r, early ? CURLE_OK : rc);
    if (r->cut) {
        if (r->session != NULL)
            session_missed (r->session, r->response->code);
        if (!try_next_address (r))
            request_end (r);
        return;
    }
    if (!r->look_only && r->response->status < 200) {
        request_fail (r, FARRIER_E_INVALID, "%s %s on %s: no HTTP status in the answer", r->method,
                      r->path, r->target->name);
        request_end (r);
        return;
    }
    answered (r);
}

/* ---- cancel, proceed ----------------------------------------------------------------------- */

static void
withdraw (struct request *r)
{
    switch (r->state) {
    case REQUEST_SESSION:
        session_forget (r);
        break;
    case REQUEST_RESOLVE:
        list_remove (&r->link);
        break;
    case REQUEST_QUEUED:
    case REQUEST_HELD:
        admit_forget (r);
        break;
    case REQUEST_ACTIVE:
        sending_over (r, CURLE_OK);
        return;
    case REQUEST_NEW:
    case REQUEST_ENDED:
        break;
    }
    r->response->delivery = request_delivery (r);
}

void
request_abort (struct request *r)
{
    withdraw (r);
    request_end (r);
}

static void
request_cancel (struct request *r, const char *why)
{
    request_fail (r, FARRIER_E_CANCELLED, "%s %s on %s: %s", r->method, r->path, r->target->name,
                  why);
    request_abort (r);
}

static struct request *
first_to_cancel (struct loop *loop, bool but_uploads)
{
    list_for_each (it, &loop->requests) {
        struct request *r = list_entry (it, struct request, all);
        if (!but_uploads || r->lane != LANE_UPLOAD || r->state != REQUEST_ACTIVE)
            return r;
    }
    return NULL;
}

void
request_cancel_all (struct loop *loop, bool but_uploads)
{
    struct request *r;
    while ((r = first_to_cancel (loop, but_uploads)) != NULL)
        request_cancel (r, "Farrier is stopping");
}

struct handle_call {
    struct loop *loop;
    net_handle id;
    int32_t code;
    char *message;
};

static void
cancel_posted (void *arg)
{
    struct handle_call *call = arg;
    struct request *r = loop_slot_get (call->loop, call->id, SLOT_REQUEST);
    if (r != NULL)
        request_cancel (r, "cancelled");
    mem_free (call);
}

static void
proceed_posted (void *arg)
{
    struct handle_call *call = arg;
    struct request *r = loop_slot_get (call->loop, call->id, SLOT_REQUEST);
    if (r != NULL && r->state == REQUEST_HELD) {
        if (call->code == 0) {
            r->state = REQUEST_QUEUED;
            admit_proceed (r);
        } else {
            request_fail (r, call->code, "%s",
                          call->message == NULL ? "held back" : call->message);
            request_abort (r);
        }
    }
    mem_free (call->message);
    mem_free (call);
}

void
net_cancel (struct net *net, net_handle handle)
{
    struct loop *loop = loop_of_id (net, handle);
    if (loop == NULL)
        return;
    struct handle_call *call = mem_alloc (sizeof *call);
    call->loop = loop;
    call->id = handle;
    loop_post (loop, cancel_posted, call);
}

void
net_proceed (struct net *net, net_handle handle, int32_t code, const char *message)
{
    struct loop *loop = loop_of_id (net, handle);
    if (loop == NULL)
        return;
    struct handle_call *call = mem_alloc (sizeof *call);
    call->loop = loop;
    call->id = handle;
    call->code = code;
    call->message = str_dup (message);
    loop_post (loop, proceed_posted, call);
}
