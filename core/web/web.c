/* web: libwebsockets in a thread of its own, with its own poll loop, HTTP/1.1 only.
 *
 * The sockets that listen are ours (web_listen.c); libwebsockets watches them as plain descriptors
 * and is handed what they accept.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "web/web.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "web/web_private.h"

#define MAX_CONNECTIONS 1024
#define IDLE_TIMEOUT_S 60

/* ---- callbacks of libwebsockets ---- */

static int
on_http (struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct web *w = lws_context_user (lws_get_context (wsi));
    struct web_exchange *x = user;

    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return web_request_handle (w, wsi, x, in);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return web_response_write (w, wsi, x);
    case LWS_CALLBACK_HTTP_BODY:
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return 0;                          /* it was refused: the connection is closed after that */
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
    case LWS_CALLBACK_CLOSED_HTTP:
        if (x != NULL) {
            web_exchange_end (w, x);
        }
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        if (lws_get_opaque_user_data (wsi) == w) {
            atomic_fetch_sub (&w->connections, 1);
        }
        return 0;
    case LWS_CALLBACK_FILTER_HTTP_CONNECTION:
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
        return 0;
    default:
        return lws_callback_http_dummy (wsi, reason, user, in, len);
    }
}

/* A listening socket is a plain descriptor to libwebsockets. */
static int
on_door (struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    (void) user;
    (void) in;
    (void) len;
    if (reason == LWS_CALLBACK_RAW_RX_FILE) {
        web_door_accept (lws_get_opaque_user_data (wsi));
    }
    return 0;
}

static void
emit_log (int level, const char *line)
{
    size_t len = strcspn (line, "\n");

    if (level == LLL_ERR) {
        log_warn ("libwebsockets: %.*s", (int) len, line);
    } else {
        log_debug ("libwebsockets: %.*s", (int) len, line);
    }
}

/* ---- starting ---- */

/* look: the command that shows what is in the file. */
static int32_t
tls_error (const char *what, const char *file, const char *look, struct err *err)
{
    char reason[160] = "unknown reason";
    unsigned long code = ERR_peek_last_error ();

    if (code != 0) {
        ERR_error_string_n (code, reason, sizeof (reason));
    }
    ERR_clear_error ();
    err_set (err, FARRIER_E_TLS, "the %s %s cannot be used: %s", what, file, reason);
    err_hint (err, "%s %s", look, file);
    return FARRIER_E_TLS;
}

/* libwebsockets only logs what is wrong with a certificate; here it becomes the error. */
static int32_t
check_certificate (const struct web_listen *l, struct err *err)
{
    SSL_CTX *ctx;
    int32_t rc = 0;

    if (l->key_file == NULL) {
        return err_set (err, FARRIER_E_TLS, "the certificate %s has no key file", l->cert_file);
    }
    ERR_clear_error ();
    ctx = SSL_CTX_new (TLS_server_method ());
    if (SSL_CTX_use_certificate_chain_file (ctx, l->cert_file) != 1) {
        rc = tls_error ("certificate", l->cert_file, "openssl x509 -noout -text -in", err);
    } else if (SSL_CTX_use_PrivateKey_file (ctx, l->key_file, SSL_FILETYPE_PEM) != 1 ||
               SSL_CTX_check_private_key (ctx) != 1) {
        rc = tls_error ("key", l->key_file, "openssl pkey -noout -check -in", err);
    }
    SSL_CTX_free (ctx);
    return rc;
}

static int32_t
make_context (struct web *w, struct err *err)
{
    struct lws_context_creation_info info;

    lws_set_log_level (LLL_ERR | LLL_WARN, emit_log);
    w->protocols[0] = (struct lws_protocols){ .name = "http", .callback = on_http,
                                              .per_session_data_size =
                                                  sizeof (struct web_exchange) };
    w->protocols[1] = (struct lws_protocols){ .name = "door", .callback = on_door };
    memset (&info, 0, sizeof (info));
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.max_http_header_data2 = WEB_HEADERS_MAX;
    info.max_http_header_pool2 = w->max_connections;
    info.fd_limit_per_thread = w->max_connections + (unsigned) w->door_count + 16;
    info.server_string = "farrier";
    info.user = w;
    w->context = lws_create_context (&info);
    if (w->context == NULL) {
        return err_set (err, FARRIER_E_INTERNAL, "libwebsockets cannot make a context");
    }
    return 0;
}

static int32_t
make_vhost (struct web *w, struct web_door *d, const struct web_listen *l, struct err *err)
{
    struct lws_context_creation_info info;
    int32_t rc = 0;

    d->name = str_printf ("%s:%u", d->address, (unsigned) d->port);
    memset (&info, 0, sizeof (info));
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
    info.vhost_name = d->name;             /* it keeps the pointer */
    info.protocols = w->protocols;
    info.timeout_secs = (unsigned) w->idle_timeout_s;
    info.keepalive_timeout = w->idle_timeout_s;
    info.server_string = "farrier";
    if (l->cert_file != NULL) {
        info.ssl_cert_filepath = l->cert_file;
        info.ssl_private_key_filepath = l->key_file;
        info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;       /* else TLS is left out */
        info.alpn = "http/1.1";
        info.ssl_options_set = (long) (SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 |
                                       SSL_OP_NO_RENEGOTIATION);
    }
    d->vhost = lws_create_vhost (w->context, &info);
    if (d->vhost == NULL) {
        rc = err_set (err, FARRIER_E_TLS, "libwebsockets cannot serve on %s", d->name);
    }
    return rc;
}

static int32_t
watch_door (struct web_door *d, struct err *err)
{
    lws_sock_file_fd_type fd = { .filefd = d->fd };
    struct lws *wsi = lws_adopt_descriptor_vhost (d->vhost, LWS_ADOPT_RAW_FILE_DESC, fd, "door",
                                                  NULL);

    d->listening = d->fd;
    d->fd = -1;                            /* taken over, or closed */
    if (wsi == NULL) {
        return err_set (err, FARRIER_E_INTERNAL, "libwebsockets cannot watch %s port %u",
                        d->address, (unsigned) d->port);
    }
    lws_set_opaque_user_data (wsi, d);
    return 0;
}

/* libwebsockets wants to be spoken to from one thread: all of it happens in this one. */
struct starting {
    struct web *web;
    const struct web_config *config;
    struct err *err;
    int32_t rc;
    pthread_mutex_t mutex;
    pthread_cond_t done;
    bool is_done;
};

static int32_t
set_up (struct web *w, const struct web_config *config, struct err *err)
{
    int32_t rc = make_context (w, err);

    for (size_t i = 0; rc == 0 && i < w->door_count; i++) {
        rc = make_vhost (w, &w->doors[i], &config->listens[i], err);
        if (rc == 0) {
            rc = watch_door (&w->doors[i], err);
        }
    }
    return rc;
}

static void *
service (void *arg)
{
    struct starting *starting = arg;
    struct web *w = starting->web;
    int32_t rc = set_up (w, starting->config, starting->err);

    pthread_mutex_lock (&starting->mutex);
    starting->rc = rc;
    starting->is_done = true;
    pthread_cond_signal (&starting->done);
    pthread_mutex_unlock (&starting->mutex);
    while (rc == 0 && !atomic_load (&w->stopping)) {
        if (lws_service (w->context, 0) < 0) {
            log_error ("libwebsockets gave up");
            break;
        }
    }
    return NULL;
}

/* All signals are somebody else's. */
static int
start_thread (struct web *w, struct starting *starting)
{
    sigset_t all, before;
    int why;

    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    why = pthread_create (&w->thread, NULL, service, starting);
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    return why;
}

static int32_t
run (struct web *w, const struct web_config *config, struct err *err)
{
    struct starting starting = { .web = w, .config = config, .err = err,
                                 .mutex = PTHREAD_MUTEX_INITIALIZER,
                                 .done = PTHREAD_COND_INITIALIZER };
    int why = start_thread (w, &starting);

    if (why != 0) {
        return err_set_errno (err, FARRIER_E_INTERNAL, why, "cannot start the web server's thread");
    }
    pthread_mutex_lock (&starting.mutex);
    while (!starting.is_done) {
        pthread_cond_wait (&starting.done, &starting.mutex);
    }
    pthread_mutex_unlock (&starting.mutex);
    if (starting.rc != 0) {
        pthread_join (w->thread, NULL);
    }
    return starting.rc;
}

static int32_t
open_doors (struct web *w, const struct web_config *config, struct err *err)
{
    int32_t rc = 0;

    if (config->listen_count == 0) {
        return err_set (err, FARRIER_E_INVALID, "the web server has no address to listen on");
    }
    w->doors = mem_array (config->listen_count, sizeof (*w->doors));
    for (size_t i = 0; rc == 0 && i < config->listen_count; i++) {
        struct web_door *d = &w->doors[w->door_count];

        if (config->listens[i].cert_file != NULL) {
            rc = check_certificate (&config->listens[i], err);
        }
        if (rc == 0) {
            d->web = w;
            d->fd = -1;
            rc = web_door_open (d, &config->listens[i], err);
        }
        w->door_count += rc == 0;
    }
    return rc;
}

static void
copy_routes (struct web *w, const struct web_config *config)
{
    w->routes = mem_array (config->route_count + 1, sizeof (*w->routes));
    for (size_t i = 0; i < config->route_count; i++) {
        w->routes[w->route_count] = config->routes[i];
        w->routes[w->route_count++].prefix = str_dup (config->routes[i].prefix);
    }
    if (config->serve != NULL) {
        w->routes[w->route_count++] = (struct web_route){ .prefix = str_dup (SERVE_PREFIX),
                                                          .handle = web_fw_handle,
                                                          .ctx = config->serve };
    }
}

/* The thread has ended: its context must outlive the call that woke it. */
static void
web_free (struct web *w)
{
    if (w->context != NULL) {
        lws_context_destroy (w->context);
    }
    for (size_t i = 0; i < w->door_count; i++) {
        if (w->doors[i].fd >= 0) {
            close (w->doors[i].fd);
        }
        if (w->doors[i].spare >= 0) {
            close (w->doors[i].spare);
        }
        mem_free (w->doors[i].address);
        mem_free (w->doors[i].name);
    }
    for (size_t i = 0; i < w->route_count; i++) {
        mem_free ((char *) (uintptr_t) w->routes[i].prefix);
    }
    mem_free (w->doors);
    mem_free (w->routes);
    mem_free (w->chunk);
    mem_free (w);
}

int32_t
web_start (const struct web_config *config, struct web **ret, struct err *err)
{
    struct web *w = mem_alloc (sizeof (*w));
    int32_t rc;

    w->max_connections = config->max_connections > 0 ? config->max_connections : MAX_CONNECTIONS;
    w->idle_timeout_s = config->idle_timeout_s > 0 ? (int) config->idle_timeout_s : IDLE_TIMEOUT_S;
    w->access = config->access;
    w->access_ctx = config->access_ctx;
    w->chunk = mem_alloc (LWS_PRE + WEB_CHUNK);
    copy_routes (w, config);
    rc = open_doors (w, config, err);
    if (rc == 0) {
        rc = run (w, config, err);
    }
    if (rc != 0) {
        web_free (w);
        return rc;
    }
    *ret = w;
    return 0;
}

void
web_stop (struct web *w)
{
    if (w == NULL) {
        return;
    }
    atomic_store (&w->stopping, true);
    lws_cancel_service (w->context);       /* the one call that other threads may make */
    pthread_join (w->thread, NULL);
    web_free (w);
}

uint16_t
web_port (const struct web *w, size_t listen)
{
    return listen < w->door_count ? w->doors[listen].port : 0;
}

size_t
web_connections (const struct web *w)
{
    return atomic_load (&w->connections);
}

char *
web_url (const struct web *w, size_t listen, const char *host, const char *path)
{
    const struct web_door *d;
    const char *name;
    bool v6;

    if (listen >= w->door_count) {
        return str_dup ("");
    }
    d = &w->doors[listen];
    name = str_empty (host) ? d->address : host;
    v6 = strchr (name, ':') != NULL && name[0] != '[';
    return str_printf ("%s://%s%s%s:%u%s", d->tls ? "https" : "http", v6 ? "[" : "", name,
                       v6 ? "]" : "", (unsigned) d->port, path);
}
