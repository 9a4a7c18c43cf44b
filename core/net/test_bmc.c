/* test_bmc: one thread per connection, blocking OpenSSL; only for tests.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/test_bmc.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"

#define SEEN_MAX 20000

struct connection {
    struct list link;
    struct test_bmc *bmc;
    pthread_t thread;
    int fd;
    SSL *ssl;
    bool dead;                         /* the handler closed it */
    char header[512];
    struct buf ahead;                  /* read but not used */
};

struct test_bmc {
    struct test_bmc_options options;
    int listener, port;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t closed;             /* open fell */
    struct list connections;
    SSL_CTX *ctx;                      /* under lock: may be replaced */
    char *pem, url[64], sha256[65];
    int open, most_open, accepted;
    char (*seen)[160];
    int seen_count;
    atomic_bool stopping;
};

/* ---- certificate --------------------------------------------------------------------------- */

static X509 *
make_certificate (EVP_PKEY *key, const struct test_bmc_options *o)
{
    const char *name = o->name == NULL ? "127.0.0.1" : o->name;
    X509 *cert = X509_new ();
    X509_set_version (cert, 2);
    ASN1_INTEGER_set (X509_get_serialNumber (cert), 1 + rand ());
    X509_gmtime_adj (X509_getm_notBefore (cert), -20L * 86400);
    X509_gmtime_adj (X509_getm_notAfter (cert), o->expired ? -86400L : 86400L);
    X509_NAME *subject = X509_get_subject_name (cert);
    X509_NAME_add_entry_by_txt (subject, "CN", MBSTRING_ASC, (const unsigned char *) name, -1, -1,
                                0);
    X509_set_issuer_name (cert, subject);
    X509_set_pubkey (cert, key);
    char *alt = str_printf ("%s:%s", o->name == NULL ? "IP" : "DNS", name);
    X509V3_CTX v3;
    X509V3_set_ctx_nodb (&v3);
    X509V3_set_ctx (&v3, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid (NULL, &v3, NID_subject_alt_name, alt);
    X509_add_ext (cert, ext, -1);
    X509_EXTENSION_free (ext);
    mem_free (alt);
    X509_sign (cert, key, EVP_sha256 ());
    return cert;
}

static void
set_certificate (struct test_bmc *bmc)
{
    EVP_PKEY *key = EVP_EC_gen ("P-256");
    X509 *cert = make_certificate (key, &bmc->options);
    SSL_CTX *ctx = SSL_CTX_new (TLS_server_method ());
    SSL_CTX_use_certificate (ctx, cert);
    SSL_CTX_use_PrivateKey (ctx, key);

    BIO *bio = BIO_new (BIO_s_mem ());
    PEM_write_bio_X509 (bio, cert);
    char *data;
    long len = BIO_get_mem_data (bio, &data);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_len;
    X509_digest (cert, EVP_sha256 (), digest, &digest_len);
    char *hex = str_hex (digest, digest_len);

    pthread_mutex_lock (&bmc->lock);
    SSL_CTX_free (bmc->ctx);
    bmc->ctx = ctx;
    mem_free (bmc->pem);
    bmc->pem = str_ndup (data, (size_t) len);
    str_copy (bmc->sha256, sizeof bmc->sha256, hex);
    pthread_mutex_unlock (&bmc->lock);
    mem_free (hex);
    BIO_free (bio);
    X509_free (cert);
    EVP_PKEY_free (key);
}

/* ---- bytes --------------------------------------------------------------------------------- */

static long
conn_read (struct connection *c, void *buf, size_t len)
{
    return c->ssl != NULL ? SSL_read (c->ssl, buf, (int) len) : recv (c->fd, buf, len, 0);
}

static bool
conn_write (struct connection *c, const void *bytes, size_t len)
{
    while (len > 0) {
        size_t piece = len > (1u << 20) ? 1u << 20 : len;
        long n = c->ssl != NULL ? SSL_write (c->ssl, bytes, (int) piece)
                                : send (c->fd, bytes, piece, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes = (const char *) bytes + n;
        len -= (size_t) n;
    }
    return true;
}

static bool
read_head (struct connection *c, struct buf *head)
{
    char piece[4096];
    for (;;) {
        char *end = c->ahead.len == 0 ? NULL : strstr (c->ahead.data, "\r\n\r\n");
        if (end != NULL) {
            size_t len = (size_t) (end - c->ahead.data) + 4;
            buf_append (head, c->ahead.data, len);
            struct buf rest = { 0 };
            buf_append (&rest, c->ahead.data + len, c->ahead.len - len);
            buf_free (&c->ahead);
            c->ahead = rest;
            return true;
        }
        long n = conn_read (c, piece, sizeof piece);
        if (n <= 0)
            return false;
        buf_append (&c->ahead, piece, (size_t) n);
    }
}

const char *
test_header (struct test_exchange *x, const char *name)
{
    struct connection *c = x->connection;
    size_t len = strlen (name);
    for (const char *line = strstr (x->head.data, "\r\n"); line != NULL;
         line = strstr (line + 2, "\r\n")) {
        if (strncasecmp (line + 2, name, len) != 0 || line[2 + len] != ':')
            continue;
        const char *value = line + 3 + len;
        while (*value == ' ')
            value++;
        size_t value_len = strcspn (value, "\r\n");
        if (value_len >= sizeof c->header)
            value_len = sizeof c->header - 1;
        memcpy (c->header, value, value_len);
        c->header[value_len] = '\0';
        return c->header;
    }
    return NULL;
}

bool
test_read_body (struct test_exchange *x)
{
    struct connection *c = x->connection;
    const char *text = test_header (x, "Content-Length");
    int64_t want = 0;
    if (text != NULL)
        str_to_i64 (text, &want);
    if (x->body.len < (size_t) want && c->ahead.len > 0) {
        size_t n = c->ahead.len < (size_t) want ? c->ahead.len : (size_t) want;
        buf_append (&x->body, c->ahead.data, n);
        struct buf rest = { 0 };
        buf_append (&rest, c->ahead.data + n, c->ahead.len - n);
        buf_free (&c->ahead);
        c->ahead = rest;
    }
    static const size_t piece_len = 65536;
    char *piece = mem_alloc (piece_len);
    bool ok = true;
    while (ok && x->body.len < (size_t) want) {
        size_t left = (size_t) want - x->body.len;
        long n = conn_read (c, piece, left < piece_len ? left : piece_len);
        ok = n > 0;
        if (ok)
            buf_append (&x->body, piece, (size_t) n);
    }
    mem_free (piece);
    return ok;
}

/* ---- for handlers -------------------------------------------------------------------------- */

void
test_raw (struct test_exchange *x, const void *bytes, size_t len)
{
    struct connection *c = x->connection;
    if (!conn_write (c, bytes, len))
        c->dead = true;
}

void
test_answer_bytes (struct test_exchange *x, int status, const char *headers, const void *body,
                   size_t len)
{
    struct buf b = { 0 };
    buf_printf (&b, "HTTP/1.1 %d Word\r\nContent-Length: %zu\r\n%s\r\n", status, len,
                headers == NULL ? "" : headers);
    if (strcmp (x->method, "HEAD") != 0)
        buf_append (&b, body, len);
    test_raw (x, b.data, b.len);
    buf_free (&b);
}

void
test_answer (struct test_exchange *x, int status, const char *headers, const char *body)
{
    test_answer_bytes (x, status, headers, body == NULL ? "" : body,
                       body == NULL ? 0 : strlen (body));
}

void
test_close (struct test_exchange *x)
{
    ((struct connection *) x->connection)->dead = true;
}

void
test_reset (struct test_exchange *x)
{
    struct connection *c = x->connection;
    struct linger hard = { .l_onoff = 1, .l_linger = 0 };
    setsockopt (c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    if (c->ssl != NULL)
        SSL_set_quiet_shutdown (c->ssl, 1);
    c->dead = true;
}

void
test_hang (struct test_exchange *x)
{
    struct connection *c = x->connection;
    struct pollfd p = { .fd = c->fd, .events = POLLRDHUP };
    while (!atomic_load (&c->bmc->stopping) && poll (&p, 1, 50) == 0)
        continue;
    c->dead = true;
}

void
test_drip (struct test_exchange *x)
{
    struct connection *c = x->connection;
    struct pollfd p = { .fd = c->fd, .events = POLLRDHUP };
    const char *head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    test_raw (x, head, strlen (head));
    while (!c->dead && !atomic_load (&c->bmc->stopping) && poll (&p, 1, 20) == 0)
        test_raw (x, " ", 1);
    c->dead = true;
}

/* ---- connections --------------------------------------------------------------------------- */

static void
note_request (struct test_bmc *bmc, const struct test_exchange *x)
{
    pthread_mutex_lock (&bmc->lock);
    if (bmc->seen_count < SEEN_MAX)
        str_format (bmc->seen[bmc->seen_count++], sizeof bmc->seen[0], "%s %.140s", x->method,
                    x->path);
    pthread_mutex_unlock (&bmc->lock);
}

static bool
serve_one (struct connection *c, int nth)
{
    struct test_exchange x = { .bmc = c->bmc, .arg = c->bmc->options.arg, .connection = c,
                               .nth = nth };
    bool ok = read_head (c, &x.head) && sscanf (x.head.data, "%15s %511s", x.method, x.path) == 2;
    if (ok)
        note_request (c->bmc, &x);
    if (ok && !c->bmc->options.head_only)
        ok = test_read_body (&x);
    if (ok)
        c->bmc->options.handle (&x);
    buf_free (&x.head);
    buf_free (&x.body);
    return ok && !c->dead;
}

static void *
connection_main (void *arg)
{
    struct connection *c = arg;
    struct test_bmc *bmc = c->bmc;
    bool ok = true;
    if (!bmc->options.plain) {
        pthread_mutex_lock (&bmc->lock);
        c->ssl = SSL_new (bmc->ctx);
        pthread_mutex_unlock (&bmc->lock);
        SSL_set_fd (c->ssl, c->fd);
        ok = SSL_accept (c->ssl) == 1;
    }
    for (int nth = 1; ok; nth++)
        ok = serve_one (c, nth);
    if (c->ssl != NULL) {
        SSL_shutdown (c->ssl);
        SSL_free (c->ssl);
    }
    ERR_clear_error ();
    buf_free (&c->ahead);
    pthread_mutex_lock (&bmc->lock);
    bmc->open--;
    pthread_cond_broadcast (&bmc->closed);
    close (c->fd);
    c->fd = -1;
    pthread_mutex_unlock (&bmc->lock);
    return NULL;
}

static void *
accept_main (void *arg)
{
    struct test_bmc *bmc = arg;
    for (;;) {
        int fd = accept4 (bmc->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 || atomic_load (&bmc->stopping)) {
            if (fd >= 0)
                close (fd);
            return NULL;
        }
        struct connection *c = mem_alloc (sizeof *c);
        c->bmc = bmc;
        c->fd = fd;
        pthread_mutex_lock (&bmc->lock);
        bmc->accepted++;
        if (++bmc->open > bmc->most_open)
            bmc->most_open = bmc->open;
        list_add_tail (&bmc->connections, &c->link);
        pthread_create (&c->thread, NULL, connection_main, c);
        pthread_mutex_unlock (&bmc->lock);
    }
}

struct test_bmc *
test_bmc_start (const struct test_bmc_options *options)
{
    signal (SIGPIPE, SIG_IGN);
    struct test_bmc *bmc = mem_alloc (sizeof *bmc);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    bmc->options = *options;
    bmc->seen = mem_array (SEEN_MAX, sizeof *bmc->seen);
    list_init (&bmc->connections);
    pthread_mutex_init (&bmc->lock, NULL);
    pthread_cond_init (&bmc->closed, NULL);
    if (!options->plain)
        set_certificate (bmc);
    bmc->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind (bmc->listener, (struct sockaddr *) &at, sizeof at) != 0
        || listen (bmc->listener, 512) != 0)
        abort ();
    getsockname (bmc->listener, (struct sockaddr *) &at, &len);
    bmc->port = ntohs (at.sin_port);
    str_format (bmc->url, sizeof bmc->url, "%s://127.0.0.1:%d", options->plain ? "http" : "https",
                bmc->port);
    pthread_create (&bmc->thread, NULL, accept_main, bmc);
    return bmc;
}

void
test_bmc_stop (struct test_bmc *bmc)
{
    atomic_store (&bmc->stopping, true);
    shutdown (bmc->listener, SHUT_RDWR);
    pthread_join (bmc->thread, NULL);
    close (bmc->listener);
    while (!list_empty (&bmc->connections)) {
        struct connection *c = list_entry (bmc->connections.next, struct connection, link);
        pthread_mutex_lock (&bmc->lock);
        if (c->fd >= 0)
            shutdown (c->fd, SHUT_RDWR);
        pthread_mutex_unlock (&bmc->lock);
        pthread_join (c->thread, NULL);
        list_remove (&c->link);
        mem_free (c);
    }
    SSL_CTX_free (bmc->ctx);
    pthread_cond_destroy (&bmc->closed);
    pthread_mutex_destroy (&bmc->lock);
    mem_free (bmc->pem);
    mem_free (bmc->seen);
    mem_free (bmc);
}

/* ---- questions ----------------------------------------------------------------------------- */

const char *
test_bmc_url (const struct test_bmc *bmc)
{
    return bmc->url;
}

int
test_bmc_port (const struct test_bmc *bmc)
{
    return bmc->port;
}

const char *
test_bmc_pem (const struct test_bmc *bmc)
{
    return bmc->pem;
}

const char *
test_bmc_sha256 (const struct test_bmc *bmc)
{
    return bmc->sha256;
}

void
test_bmc_new_certificate (struct test_bmc *bmc)
{
    set_certificate (bmc);
}

static int
locked_int (struct test_bmc *bmc, const int *value)
{
    pthread_mutex_lock (&bmc->lock);
    int copy = *value;
    pthread_mutex_unlock (&bmc->lock);
    return copy;
}

int
test_bmc_requests (struct test_bmc *bmc)
{
    return locked_int (bmc, &bmc->seen_count);
}

int
test_bmc_most_open (struct test_bmc *bmc)
{
    return locked_int (bmc, &bmc->most_open);
}

int
test_bmc_accepted (struct test_bmc *bmc)
{
    return locked_int (bmc, &bmc->accepted);
}

void
test_bmc_wait_closed (struct test_bmc *bmc)
{
    pthread_mutex_lock (&bmc->lock);
    while (bmc->open > 0)
        pthread_cond_wait (&bmc->closed, &bmc->lock);
    pthread_mutex_unlock (&bmc->lock);
}

int
test_bmc_count (struct test_bmc *bmc, const char *method, const char *path)
{
    int count = 0;
    pthread_mutex_lock (&bmc->lock);
    for (int i = 0; i < bmc->seen_count; i++) {
        const char *space = strchr (bmc->seen[i], ' ');
        size_t len = (size_t) (space - bmc->seen[i]);
        bool method_fits = method == NULL
                           || (strlen (method) == len && strncmp (bmc->seen[i], method, len) == 0);
        count += method_fits && (path == NULL || strcmp (space + 1, path) == 0);
    }
    pthread_mutex_unlock (&bmc->lock);
    return count;
}
