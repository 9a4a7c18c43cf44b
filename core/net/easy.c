/* easy: one sending as libcurl is told about it, and libcurl's callbacks.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/request.h"

#define HEADERS_BYTES_MAX (64u << 10)
/* libcurl's least; its own default is 64 KiB, which it takes for each request over TLS. An answer
 * is mostly smaller than its buffer; what fills it more than once costs no system calls. */
#define SEND_BUFFER_BYTES 16384L
#define ANSWER_BUFFER_BYTES 4096L
#define UPLOAD_ANSWER_BUFFER_BYTES 2048L

/* ---- callbacks ----------------------------------------------------------------------------- */

static curl_socket_t
on_socket_open (void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct request *r = arg;
    (void) purpose;
    int fd = socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    r->sockets++;
    admit_socket_opened (r, fd);
    return fd;
}

static int
on_socket_close (void *arg, curl_socket_t fd)
{
    struct host *host = arg;
    shard_socket_closing (host->shard->loop, fd);
    admit_socket_closed (host, fd);
    close (fd);
    return 0;
}

static CURLcode
on_ssl_context (CURL *easy, void *ctx, void *arg)
{
    struct request *r = arg;
    (void) easy;
    atomic_fetch_add (&r->loop->handshakes, 1);
    trust_context (ctx, &r->verdict);
    return CURLE_OK;
}

/* Is its connection of use to the next one? */
static bool
keeps (const struct request *r)
{
    const struct host *host = r->host;
    if (r->lane == LANE_UPLOAD || r->look_only || host->mixed || r->loop->stopping)
        return false;
    if (r->keep)
        return true;
    const struct list *waiting = &host->waiting[LANE_REQUEST];
    return !list_empty (waiting)
           && !list_entry (waiting->next, struct request, link)->changing;
}

static void
set_keeps (struct request *r)
{
    bool keep = keeps (r);
    curl_easy_setopt (r->easy, CURLOPT_FORBID_REUSE, keep ? 0L : 1L);
    if (keep)
        shard_keeps (r->host->shard);
}

static void
status_line (struct request *r, const char *line, size_t len)
{
    response_reset (r);
    const char *space = memchr (line, ' ', len);
    if (space == NULL || (size_t) (line + len - space) < 4)
        return;
    int status = 0;
    for (int i = 1; i <= 3; i++) {
        if (space[i] < '0' || space[i] > '9')
            return;
        status = status * 10 + (space[i] - '0');
    }
    r->response->status = status;
}

static void
too_large (struct request *r, int64_t bytes)
{
    char *limit = str_human_bytes (r->max_response_bytes);
    request_fail (r, FARRIER_E_INVALID,
                  "%s %s on %s: the answer has %s%lld bytes, more than the limit of %s", r->method,
                  r->path, r->target->name, bytes < 0 ? "over " : "",
                  (long long) (bytes < 0 ? -bytes : bytes), limit);
    mem_free (limit);
}

static size_t
on_header (char *line, size_t size, size_t count, void *arg)
{
    struct request *r = arg;
    size_t len = size * count;
    if (len >= 5 && memcmp (line, "HTTP/", 5) == 0) {
        status_line (r, line, len);
        return len;
    }
    r->header_bytes += len;
    if (r->header_bytes > HEADERS_BYTES_MAX) {
        request_fail (r, FARRIER_E_INVALID, "%s %s on %s: more than %u bytes of headers",
                      r->method, r->path, r->target->name, HEADERS_BYTES_MAX);
        return 0;
    }
    response_add_header (r, line, len);
    if (len <= 2)
        set_keeps (r);                 /* who waited when it started may have been served */
    if (len <= 2 && r->stream.write == NULL && strcmp (r->method, "HEAD") != 0
        && r->content_length > (int64_t) r->max_response_bytes) {
        too_large (r, r->content_length);
        return 0;
    }
    return len;
}

static size_t
on_write (char *bytes, size_t size, size_t count, void *arg)
{
    struct request *r = arg;
    size_t len = size * count;
    if (r->stream.write != NULL && r->response->status == 200)
        return r->stream.write (r->stream.arg, bytes, len);
    if (r->answer.len + len > r->max_response_bytes) {
        too_large (r, -(int64_t) r->max_response_bytes);
        return 0;
    }
    buf_append (&r->answer, bytes, len);
    return len;
}

static size_t
on_read (char *buf, size_t size, size_t count, void *arg)
{
    struct request *r = arg;
    return r->stream.read (r->stream.arg, buf, size * count);
}

/* ---- lines --------------------------------------------------------------------------------- */

static void
add_line (struct request *r, const char *name, const char *value)
{
    /* "Name;" is libcurl's way to send an empty value */
    char *line = value[0] == '\0' ? str_printf ("%s;", name) : str_printf ("%s: %s", name, value);
    struct curl_slist *more = curl_slist_append (r->lines, line);
    if (more != NULL)
        r->lines = more;
    mem_wipe (line, strlen (line));
    mem_free (line);
}

static bool
asked_for (const struct request *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (strcasecmp (r->headers[i].name, name) == 0)
            return true;
    return false;
}

static bool
has_body (const struct request *r)
{
    return r->stream.body_bytes >= 0 || r->body != NULL;
}

/* false: the credential of the moment is not valid any more. */
static bool
set_lines (struct request *r)
{
    CURL *easy = r->easy;
    if (!r->plain && !asked_for (r, "Accept"))
        add_line (r, "Accept", "application/json");
    if (!r->plain && !asked_for (r, "OData-Version"))
        add_line (r, "OData-Version", "4.0");
    if (has_body (r) && r->content_type != NULL && !asked_for (r, "Content-Type"))
        add_line (r, "Content-Type", r->content_type);
    else if (r->changing && !has_body (r))
        r->lines = curl_slist_append (r->lines, "Content-Type:");
    r->lines = curl_slist_append (r->lines, "Expect:");
    for (size_t i = 0; i < r->header_count; i++) {
        char *value = r->session != NULL
                          ? session_substitute (r->session, r->headers[i].value)
                          : str_dup (r->headers[i].value);
        add_line (r, r->headers[i].name, value);
        mem_wipe (value, strlen (value));
        mem_free (value);
    }
    if (r->auth != NET_AUTH_NONE && !session_lines (r->session, r))
        return false;
    curl_easy_setopt (easy, CURLOPT_HTTPHEADER, r->lines);
    return true;
}

static void
free_lines (struct curl_slist *lines)
{
    for (struct curl_slist *it = lines; it != NULL; it = it->next)
        mem_wipe (it->data, strlen (it->data));
    curl_slist_free_all (lines);
}

/* ---- options ------------------------------------------------------------------------------- */

static void
set_url (struct request *r)
{
    struct net_target *t = r->target;
    bool tls = t->tls && !r->tcp_only;
    char *url = str_printf ("http%s%s%s", tls ? "s" : "", strchr (t->url_base, ':'), r->path);
    curl_easy_setopt (r->easy, CURLOPT_URL, url);
    mem_free (url);
    curl_easy_setopt (r->easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt (r->easy, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
    if (t->literal)
        return;

    const char *ip = r->host->addresses[r->address % r->host->address_count];
    bool v6 = strchr (ip, ':') != NULL;
    char *to = str_printf ("::%s%s%s:%u", v6 ? "[" : "", ip, v6 ? "]" : "", t->port);
    r->connect_to = curl_slist_append (NULL, to);
    mem_free (to);
    curl_easy_setopt (r->easy, CURLOPT_CONNECT_TO, r->connect_to);
}

static void
set_method (struct request *r)
{
    CURL *easy = r->easy;
    if (r->look_only) {
        curl_easy_setopt (easy, CURLOPT_CONNECT_ONLY, 1L);
        return;
    }
    if (strcmp (r->method, "HEAD") == 0) {
        curl_easy_setopt (easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (!r->changing && !has_body (r)) {
        curl_easy_setopt (easy, CURLOPT_HTTPGET, 1L);
        return;
    }
    curl_easy_setopt (easy, CURLOPT_POST, 1L);
    if (strcmp (r->method, "POST") != 0)
        curl_easy_setopt (easy, CURLOPT_CUSTOMREQUEST, r->method);
    if (r->stream.body_bytes >= 0) {
        curl_easy_setopt (easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) r->stream.body_bytes);
        curl_easy_setopt (easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt (easy, CURLOPT_READDATA, r);
    } else {
        curl_easy_setopt (easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) r->body_len);
        curl_easy_setopt (easy, CURLOPT_POSTFIELDS, r->body == NULL ? "" : r->body);
    }
}

/* Downloads have libcurl's default: their bytes come as fast as they can be taken. */
static void
set_buffers (struct request *r)
{
    curl_easy_setopt (r->easy, CURLOPT_UPLOAD_BUFFERSIZE, SEND_BUFFER_BYTES);
    if (r->stream.write == NULL)
        curl_easy_setopt (r->easy, CURLOPT_BUFFERSIZE,
                          r->stream.body_bytes >= 0 ? UPLOAD_ANSWER_BUFFER_BYTES
                                                    : ANSWER_BUFFER_BYTES);
}

static void
set_tls (struct request *r)
{
    CURL *easy = r->easy;
    struct net_target *t = r->target;
    /* our own store and callback judge; libcurl's CA files would cost 41 ms a connection */
    curl_easy_setopt (easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt (easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt (easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt (easy, CURLOPT_SSL_VERIFYPEER, t->mode == TRUST_INSECURE ? 0L : 1L);
    /* a resumed session would skip the certificate */
    curl_easy_setopt (easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    curl_easy_setopt (easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
    curl_easy_setopt (easy, CURLOPT_SSLVERSION,
                      (long) (t->legacy ? CURL_SSLVERSION_TLSv1 : CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt (easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context);
    curl_easy_setopt (easy, CURLOPT_SSL_CTX_DATA, r);
}

static void
set_connection (struct request *r)
{
    CURL *easy = r->easy;
    struct host *host = r->host;
    struct loop *loop = r->loop;
    if (host->socket_count == 0) {
        host->trust_generation = r->target->trust_generation;
        host->mixed = false;
    } else if (host->trust_generation != r->target->trust_generation) {
        host->mixed = true;
    }
    bool upload = r->lane == LANE_UPLOAD;
    r->fresh = r->changing || r->look_only || upload || host->mixed;
    curl_easy_setopt (easy, CURLOPT_FRESH_CONNECT, r->fresh ? 1L : 0L);
    set_keeps (r);
    long age_s = (long) loop->net->keep_ms / 1000;
    curl_easy_setopt (easy, CURLOPT_MAXAGE_CONN, age_s < 1 ? 1L : age_s);
    curl_easy_setopt (easy, CURLOPT_OPENSOCKETFUNCTION, on_socket_open);
    curl_easy_setopt (easy, CURLOPT_OPENSOCKETDATA, r);
    curl_easy_setopt (easy, CURLOPT_CLOSESOCKETFUNCTION, on_socket_close);
    curl_easy_setopt (easy, CURLOPT_CLOSESOCKETDATA, upload ? loop->uploads_host : host);
    curl_easy_setopt (easy, CURLOPT_CONNECTTIMEOUT_MS,
                      (long) (r->connect_ms == 0 ? r->target->connect_ms : r->connect_ms));
    curl_easy_setopt (easy, CURLOPT_TIMEOUT_MS, (long) r->total_ms);
    curl_easy_setopt (easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (easy, CURLOPT_PROXY, "");
    curl_easy_setopt (easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt (easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt (easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
    if (upload)
        curl_easy_setopt (easy, CURLOPT_TCP_KEEPALIVE, 1L);
}

bool
easy_set_up (struct request *r)
{
    r->easy = shard_easy_get (r->loop);
    memset (&r->verdict, 0, sizeof r->verdict);
    r->verdict.target = r->target;
    r->verdict.look_only = r->look_only;
    r->verdict.certificate = r->certificate;
    r->error_text[0] = '\0';
    CURL *easy = r->easy;
    curl_easy_setopt (easy, CURLOPT_PRIVATE, r);
    curl_easy_setopt (easy, CURLOPT_ERRORBUFFER, r->error_text);
    curl_easy_setopt (easy, CURLOPT_USERAGENT, r->loop->net->user_agent);
    curl_easy_setopt (easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt (easy, CURLOPT_HEADERDATA, r);
    curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt (easy, CURLOPT_WRITEDATA, r);
    if (r->stream.write == NULL && !asked_for (r, "Accept-Encoding"))
        curl_easy_setopt (easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    set_url (r);
    set_method (r);
    set_buffers (r);
    set_tls (r);
    set_connection (r);
    return set_lines (r);
}

void
easy_tear_down (struct request *r)
{
    if (r->easy != NULL)
        shard_easy_put (r->loop, r->easy);
    r->easy = NULL;
    free_lines (r->lines);
    curl_slist_free_all (r->connect_to);
    r->lines = NULL;
    r->connect_to = NULL;
}
