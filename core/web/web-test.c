/* Tests of web.h: images under one-time URLs, starting and stopping, TLS.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "web/web.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/resource.h>

#include "web/images.h"
#include "web/web_testing.h"

START_TEST (whole_head_and_ranges)
{
    struct world w;
    struct serve_status status;
    struct fetched f;
    char *url;

    world_open (&w, 200001, &here, 1);
    url = publish (&w, NULL);
    f = fetch (url, NULL, 0, false);
    ck_assert (f.code == CURLE_OK && f.status == 200 && f.len == 200001 && !f.differs);
    ck_assert (says (&f, "content-length: 200001\r\n") && says (&f, "accept-ranges: bytes"));
    ck_assert (says (&f, "content-type: application/octet-stream\r\n"));
    ck_assert (says (&f, reader_sha256 (w.reader)));
    buf_free (&f.headers);
    f = fetch (url, NULL, 0, true);
    ck_assert (f.status == 200 && f.len == 0 && says (&f, "content-length: 200001\r\n"));
    buf_free (&f.headers);
    f = fetch (url, "70000-150000", 70000, false);
    ck_assert (f.status == 206 && f.len == 80001 && !f.differs);
    ck_assert (says (&f, "content-range: bytes 70000-150000/200001\r\n"));
    buf_free (&f.headers);
    f = fetch (url, "-1", 200000, false);
    ck_assert (f.status == 206 && f.len == 1 && !f.differs);
    buf_free (&f.headers);
    f = fetch (url, "200001-", 0, false);
    ck_assert (f.status == 416 && says (&f, "content-range: bytes */200001\r\n"));
    buf_free (&f.headers);
    wait_access (&w, 5);
    ck_assert (serve_status (w.serve, path_of (url), &status));
    ck_assert (status.gets_completed == 1 && status.gets_started == 3);
    ck_assert_str_eq (w.log.lines[1].method, "HEAD");
    ck_assert (!w.log.lines[0].aborted && w.log.lines[0].bytes == 200001);
    ck_assert_ptr_null (strstr (w.log.lines[0].path, path_of (url) + 12));   /* no token */
    mem_free (url);
    world_close (&w);
}
END_TEST

START_TEST (if_range)
{
    static const struct { const char *header; long status; } table[] = {
        { "If-Range: \"x\"", 200 }, { "If-Range: \"%s\"", 206 },
    };
    struct world w;
    char *url;

    world_open (&w, 100, &here, 1);
    url = publish (&w, NULL);
    for (size_t i = 0; i < COUNT_OF (table); i++) {
        struct fetched f = { .first = 0 };
        CURL *c = prepare (&f, url, "0-9");
        char *header = i == 0 ? str_dup (table[i].header)
                              : str_printf ("If-Range: \"%s\"", reader_sha256 (w.reader));
        struct curl_slist *list = curl_slist_append (NULL, header);

        curl_easy_setopt (c, CURLOPT_HTTPHEADER, list);
        fetch_with (c, &f);
        ck_assert_int_eq (f.status, table[i].status);
        curl_slist_free_all (list);
        buf_free (&f.headers);
        mem_free (header);
    }
    mem_free (url);
    world_close (&w);
}
END_TEST

START_TEST (urls_that_ended)
{
    struct world w;
    struct serve_options once = { .max_gets = 1 }, other = { .client = "127.9.9.9" };
    struct fetched f;
    char *url, *wrong;

    world_open (&w, 100, &here, 1);
    url = publish (&w, &once);
    f = fetch (url, NULL, 0, true);                /* HEAD uses nothing up */
    ck_assert_int_eq (f.status, 200);
    buf_free (&f.headers);
    f = fetch (url, NULL, 0, false);
    ck_assert_int_eq (f.status, 200);
    buf_free (&f.headers);
    wait_access (&w, 2);
    f = fetch (url, NULL, 0, false);
    ck_assert_int_eq (f.status, 404);
    buf_free (&f.headers);
    mem_free (url);

    url = publish (&w, &other);
    f = fetch (url, NULL, 0, false);
    ck_assert_int_eq (f.status, 404);
    buf_free (&f.headers);
    mem_free (url);

    url = publish (&w, NULL);
    wrong = str_printf ("%s.sig", url);
    f = fetch (wrong, NULL, 0, false);
    ck_assert_int_eq (f.status, 404);
    buf_free (&f.headers);
    ck_assert (serve_revoke (w.serve, path_of (url)));
    f = fetch (url, NULL, 0, false);
    ck_assert_int_eq (f.status, 404);
    buf_free (&f.headers);
    mem_free (wrong);
    mem_free (url);
    world_close (&w);
}
END_TEST

START_TEST (two_at_once)
{
    struct world w;
    struct fetched f[2] = { { .first = 0 }, { .first = 0 } };
    CURLM *multi = curl_multi_init ();
    CURL *c[2];
    int running = 1;
    char *url;

    world_open (&w, 3000000, &here, 1);
    url = publish (&w, NULL);
    for (size_t i = 0; i < 2; i++) {
        c[i] = prepare (&f[i], url, NULL);
        curl_multi_add_handle (multi, c[i]);
    }
    while (running > 0) {
        ck_assert_int_eq (curl_multi_perform (multi, &running), CURLM_OK);
        ck_assert_int_eq (curl_multi_poll (multi, NULL, 0, 1000, NULL), CURLM_OK);
    }
    for (size_t i = 0; i < 2; i++) {
        ck_assert (f[i].len == 3000000 && !f[i].differs);
        curl_multi_remove_handle (multi, c[i]);
        curl_easy_cleanup (c[i]);
        buf_free (&f[i].headers);
    }
    curl_multi_cleanup (multi);
    mem_free (url);
    world_close (&w);
}
END_TEST

static long
rss_kib (void)
{
    FILE *f = fopen ("/proc/self/status", "re");
    char line[256];
    long kib = -1;

    ck_assert_ptr_nonnull (f);
    while (fgets (line, sizeof (line), f) != NULL) {
        if (str_starts (line, "VmRSS:")) {
            kib = strtol (line + 6, NULL, 10);
        }
    }
    fclose (f);
    return kib;
}

struct watch {
    struct fetched fetched;
    long most_kib;
};

static size_t
on_watched (char *data, size_t one, size_t len, void *ctx)
{
    struct watch *watch = ctx;

    if (watch->fetched.len % (4 << 20) < len) {
        long now = rss_kib ();

        watch->most_kib = now > watch->most_kib ? now : watch->most_kib;
    }
    return on_body (data, one, len, &watch->fetched);
}

START_TEST (big_image_little_memory)
{
    struct world w;
    struct watch watch = { .most_kib = 0 };
    const struct web_access *last;
    long before;
    char *url;
    CURL *c;

    world_open (&w, 64u << 20, &here, 1);
    url = publish (&w, NULL);
    c = prepare (&watch.fetched, url, NULL);
    curl_easy_setopt (c, CURLOPT_WRITEFUNCTION, on_watched);
    curl_easy_setopt (c, CURLOPT_WRITEDATA, &watch);
    before = rss_kib ();
    fetch_with (c, &watch.fetched);
    ck_assert (watch.fetched.len == 64u << 20 && !watch.fetched.differs);
    last = wait_access (&w, 1);
    ck_assert_uint_eq (last->bytes, 64u << 20);
    if (testing_memory_counts ()) {
        ck_assert_msg (watch.most_kib - before < 16 * 1024, "%ld KiB more",
                       watch.most_kib - before);
    }
    ck_assert_int_gt (before, 0);
    buf_free (&watch.fetched.headers);
    mem_free (url);
    world_close (&w);
}
END_TEST

static size_t
give_up (char *data, size_t one, size_t len, void *ctx)
{
    (void) data;
    (void) one;
    (void) len;
    (void) ctx;
    return 0;
}

START_TEST (client_aborts)
{
    struct world w;
    struct serve_status status;
    struct fetched f = { .first = 0 };
    const struct web_access *a;
    char *url;
    CURL *c;

    world_open (&w, 32u << 20, &here, 1);
    url = publish (&w, NULL);
    c = prepare (&f, url, NULL);
    curl_easy_setopt (c, CURLOPT_WRITEFUNCTION, give_up);
    fetch_with (c, &f);
    ck_assert_int_eq (f.code, CURLE_WRITE_ERROR);
    a = wait_access (&w, 1);
    ck_assert (a->aborted && a->bytes < 32u << 20);
    ck_assert (serve_status (w.serve, path_of (url), &status));
    ck_assert (status.gets_completed == 0 && status.alive);
    buf_free (&f.headers);
    f = fetch (url, "0-9", 0, false);              /* and the server goes on */
    ck_assert_int_eq (f.status, 206);
    buf_free (&f.headers);
    mem_free (url);
    world_close (&w);
}
END_TEST

/* The URL is revoked while the client reads: it gets less than was promised. */
struct revoker {
    struct fetched fetched;
    struct world *world;
    const char *path;
};

static size_t
revoke_then_read (char *data, size_t one, size_t len, void *ctx)
{
    struct revoker *r = ctx;

    (void) serve_revoke (r->world->serve, r->path);
    return on_body (data, one, len, &r->fetched);
}

START_TEST (revoked_meanwhile)
{
    struct world w;
    struct revoker r = { .world = &w };
    char *url;
    CURL *c;

    world_open (&w, 64u << 20, &here, 1);
    url = publish (&w, NULL);
    r.path = path_of (url);
    c = prepare (&r.fetched, url, NULL);
    curl_easy_setopt (c, CURLOPT_WRITEFUNCTION, revoke_then_read);
    curl_easy_setopt (c, CURLOPT_WRITEDATA, &r);
    fetch_with (c, &r.fetched);
    ck_assert_int_eq (r.fetched.code, CURLE_PARTIAL_FILE);
    ck_assert (wait_access (&w, 1)->aborted);
    buf_free (&r.fetched.headers);
    mem_free (url);
    world_close (&w);
}
END_TEST

/* ---- starting and stopping ---- */

static size_t
open_files (void)
{
    DIR *d = opendir ("/proc/self/fd");
    size_t count = 0;

    while (readdir (d) != NULL) {
        count++;
    }
    closedir (d);
    return count;
}

START_TEST (starting_and_stopping)
{
    struct web_listen taken = here, bad = { .address = "localhost" };
    struct web_listen far = { .address = "192.0.2.1" };
    struct web_listen two[] = { here, { .address = "127.0.0.2" } };
    struct web_config config = { .listens = two, .listen_count = 2 };
    struct web *web, *other = NULL;
    struct err err = { 0 };
    size_t before;
    char *url;

    ck_assert_int_eq (web_start (&config, &web, &err), 0);
    web_stop (web);
    before = open_files ();
    ck_assert_int_eq (web_start (&config, &web, &err), 0);
    ck_assert (web_port (web, 0) != 0 && web_port (web, 1) != 0 && web_port (web, 2) == 0);
    taken.port = web_port (web, 0);
    config.listens = &taken;
    config.listen_count = 1;
    ck_assert_int_eq (web_start (&config, &other, &err), ERR_IO);
    ck_assert_ptr_nonnull (strstr (err.message, "127.0.0.1 port"));
    config.listens = &far;
    ck_assert_int_eq (web_start (&config, &other, &err), ERR_IO);
    config.listens = &bad;
    ck_assert_int_eq (web_start (&config, &other, &err), FARRIER_E_INVALID);
    config.listen_count = 0;
    ck_assert_int_eq (web_start (&config, &other, &err), FARRIER_E_INVALID);
    ck_assert_ptr_null (other);
    url = web_url (web, 1, "fe80::1", "/x");
    ck_assert (str_starts (url, "http://[fe80::1]:") && str_ends (url, "/x"));
    mem_free (url);
    web_stop (web);
    ck_assert_uint_eq (open_files (), before);
    web_stop (NULL);
}
END_TEST

/* Stopped in the middle of a download: the source is closed, nothing hangs. */
START_TEST (stopped_meanwhile)
{
    struct world w;
    struct serve_status status;
    char *url, *request, byte[1024];
    int fd;

    world_open (&w, 64u << 20, &here, 1);
    url = publish (&w, NULL);
    fd = dial (web_port (w.web, 0));
    request = str_printf ("GET %s HTTP/1.0\r\n\r\n", path_of (url));
    ck_assert_int_gt (send (fd, request, strlen (request), MSG_NOSIGNAL), 0);
    ck_assert_int_gt (recv (fd, byte, sizeof (byte), 0), 0);
    web_stop (w.web);
    w.web = NULL;
    ck_assert (wait_access (&w, 1)->aborted);
    ck_assert (serve_status (w.serve, path_of (url), &status));
    ck_assert (status.gets_started <= 1 && status.gets_completed == 0);
    close (fd);
    mem_free (request);
    mem_free (url);
    world_close (&w);
}
END_TEST

/* ---- TLS ---- */

static void
write_pem (const char *dir, EVP_PKEY *key, X509 *cert)
{
    char *cert_path = fs_join (dir, "cert.pem"), *key_path = fs_join (dir, "key.pem");
    FILE *f = fopen (cert_path, "we");

    ck_assert_int_eq (PEM_write_X509 (f, cert), 1);
    fclose (f);
    f = fopen (key_path, "we");
    ck_assert_int_eq (PEM_write_PrivateKey (f, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose (f);
    mem_free (cert_path);
    mem_free (key_path);
}

static void
make_certificate (const char *dir)
{
    EVP_PKEY *key = EVP_EC_gen ("P-256");
    X509 *cert = X509_new ();
    X509_NAME *name;

    ASN1_INTEGER_set (X509_get_serialNumber (cert), 1);
    X509_gmtime_adj (X509_getm_notBefore (cert), 0);
    X509_gmtime_adj (X509_getm_notAfter (cert), 3600);
    X509_set_pubkey (cert, key);
    name = X509_get_subject_name (cert);
    X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC, (const unsigned char *) "localhost", -1,
                                -1, 0);
    X509_set_issuer_name (cert, name);
    ck_assert_int_gt (X509_sign (cert, key, EVP_sha256 ()), 0);
    write_pem (dir, key, cert);
    X509_free (cert);
    EVP_PKEY_free (key);
}

START_TEST (over_tls)
{
    struct world w;
    char *dir = testing_make_dir (), *cert, *key, *url;
    struct web_listen secure = here;
    struct web_config config = { .listens = &secure, .listen_count = 1 };
    struct fetched f = { .first = 0 };
    struct web *web;
    struct err err = { 0 };
    long version = 0;
    CURL *c;

    make_certificate (dir);
    cert = fs_join (dir, "cert.pem");
    key = fs_join (dir, "key.pem");
    secure.cert_file = cert;
    secure.key_file = key;
    world_open (&w, 20u << 20, &secure, 1);
    url = publish (&w, NULL);
    ck_assert (str_starts (url, "https://127.0.0.1:"));
    c = prepare (&f, url, NULL);
    curl_easy_setopt (c, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt (c, CURLOPT_SSL_VERIFYHOST, 0L);
    f.code = curl_easy_perform (c);
    curl_easy_getinfo (c, CURLINFO_HTTP_VERSION, &version);
    ck_assert_msg (f.code == CURLE_OK, "%s", curl_easy_strerror (f.code));
    ck_assert (f.len == 20u << 20 && !f.differs && version == CURL_HTTP_VERSION_1_1);
    curl_easy_cleanup (c);
    buf_free (&f.headers);
    mem_free (url);
    world_close (&w);

    secure.cert_file = key;
    ck_assert_int_eq (web_start (&config, &web, &err), FARRIER_E_TLS);
    ck_assert_ptr_nonnull (strstr (err.message, "key.pem"));
    ck_assert (str_starts (err.hint, "openssl x509 "));
    secure.cert_file = cert;
    secure.key_file = "/nonexistent.pem";
    ck_assert_int_eq (web_start (&config, &web, &err), FARRIER_E_TLS);
    ck_assert_ptr_nonnull (strstr (err.message, "/nonexistent.pem"));
    ck_assert_str_eq (err.hint, "openssl pkey -noout -check -in /nonexistent.pem");
    mem_free (cert);
    mem_free (key);
    testing_remove_dir (dir);
}
END_TEST

/* Without a descriptor for it, a client is turned away: it does not wait, and the server does not
 * spin. */
START_TEST (no_descriptor_left)
{
    struct web_listen listen = here;
    struct web_config config = { .listens = &listen, .listen_count = 1 };
    struct sockaddr_in to = { .sin_family = AF_INET };
    struct rlimit before, none;
    struct pollfd client = { .events = POLLIN };
    struct web *web;
    struct err err = { 0 };
    char byte;
    int free_fd;

    ck_assert_msg (web_start (&config, &web, &err) == 0, "%s", err.message);
    to.sin_port = htons (web_port (web, 0));
    to.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    client.fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge (client.fd, 0);
    ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &before), 0);
    free_fd = dup (client.fd);             /* the lowest that is free */
    ck_assert_int_ge (free_fd, 0);
    close (free_fd);
    none = before;
    none.rlim_cur = (rlim_t) free_fd;
    ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &none), 0);
    ck_assert_int_eq (connect (client.fd, (struct sockaddr *) &to, sizeof (to)), 0);
    ck_assert_int_eq (poll (&client, 1, 5000), 1);
    ck_assert_int_eq (recv (client.fd, &byte, 1, 0), 0);
    ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &before), 0);
    close (client.fd);
    web_stop (web);
}
END_TEST

/* BMCs are told a URL that leads somewhere, or the server does not start. */
START_TEST (url_for_bmcs)
{
    static const struct { char *address, *advertise; const char *url; } table[] = {
        { "127.0.0.1", NULL, "http://127.0.0.1:" },
        { "127.0.0.1", "https://images.example", "https://images.example" },
        { "0.0.0.0", "https://images.example", "https://images.example" },
        { "0.0.0.0", NULL, NULL },
        { "::", NULL, NULL },
    };

    for (size_t i = 0; i < sizeof (table) / sizeof (table[0]); i++) {
        struct settings settings = { .image_address = table[i].address,
                                     .image_url = table[i].advertise };
        struct serve *serve = serve_new ();
        struct images images;
        struct api_images hook;
        struct err err = { 0 };
        char *url = NULL;
        int32_t rc;

        images_hook (&images, &hook);
        rc = hook.start (hook.arg, &settings, serve, &url, &err);
        if (table[i].url != NULL) {
            ck_assert_msg (rc == 0 && str_starts (url, table[i].url), "%s", err.message);
        } else {
            ck_assert_int_eq (rc, FARRIER_E_INVALID);
            ck_assert_ptr_nonnull (strstr (err.message, table[i].address));
            ck_assert_ptr_nonnull (strstr (err.hint, "advertise"));
        }
        hook.stop (hook.arg);
        mem_free (url);
        serve_free (serve);
    }
}
END_TEST

int
main (void)
{
    return testing_run (
        "web", (const TTest *const[]){ whole_head_and_ranges, if_range, urls_that_ended,
                                       two_at_once, big_image_little_memory, client_aborts,
                                       revoked_meanwhile, starting_and_stopping,
                                       stopped_meanwhile, over_tls,
                                       no_descriptor_left, url_for_bmcs, NULL });
}
