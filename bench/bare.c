/* bare: what the bare libcurl programs of the benches share.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "bare.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#define EVENTS 256
#define CONNECTIONS_KEPT 4096L

void
bare_die (const char *fmt, ...)
{
    va_list ap;
    va_start (ap, fmt);
    fputs ("bare: ", stderr);
    vfprintf (stderr, fmt, ap);
    fputc ('\n', stderr);
    va_end (ap);
    exit (1);
}

void *
bare_alloc (size_t bytes)
{
    void *p = calloc (1, bytes);
    if (p == NULL)
        bare_die ("no memory");
    return p;
}

char *
bare_text (const char *fmt, ...)
{
    va_list ap;
    char *text = NULL;
    va_start (ap, fmt);
    if (vasprintf (&text, fmt, ap) < 0)
        bare_die ("no memory");
    va_end (ap);
    return text;
}

int64_t
bare_wall_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t
now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

double
bare_cpu_s (void)
{
    struct rusage u;
    getrusage (RUSAGE_SELF, &u);
    return (double) (u.ru_utime.tv_sec + u.ru_stime.tv_sec)
           + (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* --- the fleet -------------------------------------------------------------------------------- */

static void
read_pin (const char *hex, unsigned char ret[32])
{
    if (hex == NULL || strlen (hex) != 64)
        bare_die ("fleet.json names no certificate_sha256");
    for (int i = 0; i < 32; i++) {
        char byte[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
        ret[i] = (unsigned char) strtoul (byte, NULL, 16);
    }
}

static char *
read_password (const char *path)
{
    char line[256] = "";
    FILE *f = fopen (path, "re");
    if (f == NULL || fgets (line, sizeof line, f) == NULL)
        bare_die ("%s: %s", path, strerror (errno));
    fclose (f);
    line[strcspn (line, "\r\n")] = '\0';
    return bare_text ("%s", line);
}

void
bare_fleet_read (const char *state_dir, struct bare_fleet *ret)
{
    char *path = bare_text ("%s/fleet.json", state_dir);
    json_error_t error;
    json_t *doc = json_load_file (path, 0, &error), *hosts = json_object_get (doc, "hosts");
    if (doc == NULL)
        bare_die ("%s: %s", path, error.text);
    ret->count = json_array_size (hosts);
    ret->hosts = bare_alloc ((ret->count + 1) * sizeof *ret->hosts);
    for (size_t i = 0; i < ret->count; i++) {
        json_t *v = json_array_get (hosts, i);
        ret->hosts[i] = (struct bare_host) {
            .name = json_string_value (json_object_get (v, "name")),
            .url = json_string_value (json_object_get (v, "url")),
            .personality = json_string_value (json_object_get (v, "personality")),
            .index = (uint32_t) i,
        };
        read_pin (json_string_value (json_object_get (v, "certificate_sha256")),
                  ret->hosts[i].pin);
    }
    char *password = read_password (json_string_value (json_object_get (doc, "password_file")));
    json_t *login = json_pack ("{s:O,s:s}", "UserName", json_object_get (doc, "user"), "Password",
                               password);
    ret->login = json_dumps (login, JSON_COMPACT);
    json_decref (login);
    free (password);
    free (path);
}

/* --- TLS -------------------------------------------------------------------------------------- */

static int
verify (X509_STORE_CTX *store, void *arg)
{
    const struct bare_host *host = arg;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    X509 *cert = X509_STORE_CTX_get0_cert (store);
    bool good = cert != NULL && X509_digest (cert, EVP_sha256 (), digest, &len) == 1 && len == 32
                && memcmp (digest, host->pin, 32) == 0;
    X509_STORE_CTX_set_error (store, good ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
    return good;
}

static CURLcode
on_ssl_context (CURL *easy, void *ctx, void *arg)
{
    (void) easy;
    SSL_CTX_set_cert_verify_callback (ctx, verify, arg);
    return CURLE_OK;
}

/* --- handles ---------------------------------------------------------------------------------- */

size_t
bare_swallow (char *bytes, size_t size, size_t count, void *arg)
{
    (void) bytes;
    (void) arg;
    return size * count;
}

CURL *
bare_easy (const struct bare_host *host)
{
    CURL *easy = curl_easy_init ();
    if (easy == NULL)
        bare_die ("curl_easy_init");
    curl_easy_setopt (easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt (easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt (easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt (easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt (easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    curl_easy_setopt (easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
    curl_easy_setopt (easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt (easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context);
    curl_easy_setopt (easy, CURLOPT_SSL_CTX_DATA, (void *) host);
    curl_easy_setopt (easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (easy, CURLOPT_PROXY, "");
    curl_easy_setopt (easy, CURLOPT_CONNECTTIMEOUT_MS, 30000L);
    curl_easy_setopt (easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
    curl_easy_setopt (easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, bare_swallow);
    return easy;
}

void
bare_url (CURL *easy, const struct bare_host *host, const char *url_path)
{
    char *url = bare_text ("%s%s", host->url, url_path);
    curl_easy_setopt (easy, CURLOPT_URL, url);
    free (url);
}

long
bare_status (CURL *easy)
{
    long status = 0;
    curl_easy_getinfo (easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static char *
header_value (const char *line, size_t len, const char *name)
{
    size_t n = strlen (name);
    if (len <= n + 1 || strncasecmp (line, name, n) != 0 || line[n] != ':')
        return NULL;
    const char *from = line + n + 1;
    size_t left = len - n - 1;
    while (left > 0 && *from == ' ') {
        from++;
        left--;
    }
    while (left > 0 && (from[left - 1] == '\r' || from[left - 1] == '\n'))
        left--;
    return bare_text ("%.*s", (int) left, from);
}

size_t
bare_session_header (char *line, size_t size, size_t count, void *arg)
{
    struct bare_session *s = arg;
    size_t len = size * count;
    char *token = header_value (line, len, "X-Auth-Token");
    char *location = header_value (line, len, "Location");
    if (token != NULL)
        s->token = token;
    if (location != NULL) {
        const char *scheme = strstr (location, "://");
        const char *path = scheme == NULL ? location : strchr (scheme + 3, '/');
        s->location = bare_text ("%s", path == NULL ? "" : path);
        free (location);
    }
    return len;
}

/* --- the loop --------------------------------------------------------------------------------- */

static int
on_socket (CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct bare_shard *shard = arg;
    struct epoll_event event = { .data.u64 = (uint64_t) fd
                                             | (uint64_t) (shard - shard->loop->shards) << 32 };
    (void) easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl (shard->loop->epoll, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
    if (epoll_ctl (shard->loop->epoll, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event)
            < 0
        && errno == EEXIST)
        epoll_ctl (shard->loop->epoll, EPOLL_CTL_MOD, fd, &event);
    curl_multi_assign (shard->multi, fd, shard);
    return 0;
}

static int
on_timer (CURLM *multi, long timeout_ms, void *arg)
{
    struct bare_shard *shard = arg;
    (void) multi;
    shard->due_ms = timeout_ms < 0 ? -1 : now_ms () + timeout_ms;
    return 0;
}

void
bare_loop_init (struct bare_loop *loop, bare_done_fn *done)
{
    *loop = (struct bare_loop) { .done = done, .epoll = epoll_create1 (EPOLL_CLOEXEC) };
    for (size_t i = 0; i < BARE_MULTIS; i++) {
        struct bare_shard *shard = &loop->shards[i];
        shard->loop = loop;
        shard->due_ms = -1;
        shard->multi = curl_multi_init ();
        curl_multi_setopt (shard->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
        curl_multi_setopt (shard->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt (shard->multi, CURLMOPT_SOCKETDATA, shard);
        curl_multi_setopt (shard->multi, CURLMOPT_TIMERFUNCTION, on_timer);
        curl_multi_setopt (shard->multi, CURLMOPT_TIMERDATA, shard);
    }
}

void
bare_add (struct bare_loop *loop, const struct bare_host *host, CURL *easy)
{
    loop->running++;
    curl_multi_add_handle (loop->shards[host->index % BARE_MULTIS].multi, easy);
}

static void
take_ended (struct bare_shard *shard)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read (shard->multi, &left)) != NULL;) {
        CURL *easy = m->easy_handle;
        CURLcode rc = m->data.result;
        void *arg = NULL;
        curl_easy_getinfo (easy, CURLINFO_PRIVATE, &arg);
        curl_multi_remove_handle (shard->multi, easy);
        shard->loop->running--;
        shard->loop->done (shard->loop, easy, rc, arg);
    }
}

static int
next_timeout (const struct bare_loop *loop)
{
    int64_t least = 1000, now = now_ms ();
    for (size_t i = 0; i < BARE_MULTIS; i++) {
        int64_t due = loop->shards[i].due_ms;
        if (due >= 0 && due - now < least)
            least = due - now < 0 ? 0 : due - now;
    }
    return (int) least;
}

static void
fire_timers (struct bare_loop *loop)
{
    int64_t now = now_ms ();
    int running;
    for (size_t i = 0; i < BARE_MULTIS; i++) {
        struct bare_shard *shard = &loop->shards[i];
        if (shard->due_ms < 0 || shard->due_ms > now)
            continue;
        shard->due_ms = -1;
        curl_multi_socket_action (shard->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        take_ended (shard);
    }
}

void
bare_run (struct bare_loop *loop)
{
    struct epoll_event events[EVENTS];
    while (loop->running > 0) {
        int n = epoll_wait (loop->epoll, events, EVENTS, next_timeout (loop)), running;
        for (int i = 0; i < n; i++) {
            struct bare_shard *shard = &loop->shards[events[i].data.u64 >> 32];
            int fd = (int) (events[i].data.u64 & 0xffffffff);
            int what = (events[i].events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0)
                       | (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0)
                       | (events[i].events & EPOLLERR ? CURL_CSELECT_ERR : 0);
            curl_multi_socket_action (shard->multi, fd, what, &running);
            take_ended (shard);
        }
        fire_timers (loop);
    }
}
