/* Tests of the web server's requests: what is refused, connections, routes.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "web/web_testing.h"

/* ---- requests that libcurl would not send ---- */

/* Sends, and reads until the server closes; the status, 0 = closed without an answer. */
static long
speak (uint16_t port, const char *request, size_t len)
{
    struct buf got = { 0 };
    char chunk[4096];
    ssize_t n;
    long status = 0;
    int fd = dial (port);

    ck_assert_int_ge (send (fd, request, len, MSG_NOSIGNAL), 0);
    while ((n = recv (fd, chunk, sizeof (chunk), 0)) > 0) {
        buf_append (&got, chunk, (size_t) n);
    }
    close (fd);
    if (got.len > 12 && str_starts (got.data, "HTTP/1.")) {
        status = strtol (got.data + 9, NULL, 10);
    }
    buf_free (&got);
    return status;
}

START_TEST (refusals)
{
    static const struct { const char *request; long status; } table[] = {
        { "GET / HTTP/1.0\r\n\r\n", 404 },
        { "GET /fw/ HTTP/1.0\r\n\r\n", 404 },
        { "GET /fw/x/y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404 },
        { "POST /fw/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", 405 },
        { "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405 },
        { "DELETE /fw/x HTTP/1.1\r\nHost: a\r\n\r\n", 405 },
        { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
          "0\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n\r\n", 400 },
        { "GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505 },
        { "GET /a%00b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", -1 },
        { "GET http://a/fw/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", -1 },
        { "GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", -1 },
        { "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", -1 },
    };
    struct world w;

    world_open (&w, 10, &here, 1);
    for (size_t i = 0; i < COUNT_OF (table); i++) {
        long status = speak (web_port (w.web, 0), table[i].request, strlen (table[i].request));

        if (table[i].status >= 0) {
            ck_assert_msg (status == table[i].status, "%s: %ld", table[i].request, status);
        } else {
            ck_assert_msg (status == 0 || status >= 400, "%s: %ld", table[i].request, status);
        }
    }
    world_close (&w);
}
END_TEST

START_TEST (oversize)
{
    struct world w;
    struct buf b = { 0 };
    long status;

    world_open (&w, 10, &here, 1);
    buf_puts (&b, "GET /");
    for (size_t i = 0; i < 20000; i++) {
        buf_putc (&b, 'a');
    }
    buf_puts (&b, " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    status = speak (web_port (w.web, 0), b.data, b.len);
    ck_assert_msg (status == 0 || status >= 400, "%ld", status);
    buf_free (&b);
    world_close (&w);
}
END_TEST

/* Two requests on one connection. */
START_TEST (keep_alive)
{
    static const char request[] = "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n";
    struct world w;
    char chunk[2048];
    int fd;

    world_open (&w, 10, &here, 1);
    fd = dial (web_port (w.web, 0));
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq (send (fd, request, strlen (request), MSG_NOSIGNAL),
                          (ssize_t) strlen (request));
        wait_access (&w, i + 1);
        ck_assert_int_gt (recv (fd, chunk, sizeof (chunk), 0), 0);
    }
    ck_assert_uint_eq (web_connections (w.web), 1);
    close (fd);
    world_close (&w);
}
END_TEST

START_TEST (connection_limit)
{
    struct web_config config = { .listens = &here, .listen_count = 1, .max_connections = 2 };
    struct web *web;
    char byte;
    int fds[3];
    long status;

    ck_assert_int_eq (web_start (&config, &web, NULL), 0);
    for (size_t i = 0; i < 3; i++) {
        fds[i] = dial (web_port (web, 0));
    }
    ck_assert_int_eq (recv (fds[2], &byte, 1, 0), 0);      /* closed at once */
    ck_assert_uint_eq (web_connections (web), 2);
    close (fds[0]);
    close (fds[1]);
    close (fds[2]);
    do {                                                   /* the room is free again */
        status = speak (web_port (web, 0), "GET / HTTP/1.0\r\n\r\n", 18);
    } while (status == 0);
    ck_assert_int_eq (status, 404);
    web_stop (web);
}
END_TEST

/* ---- routes, sources, starting and stopping ---- */

static void
hello (void *ctx, const struct web_request *req, struct web_response *res)
{
    res->status = 200;
    res->body = str_printf ("%s %s %s %s", (const char *) ctx, req->path,
                            req->query == NULL ? "-" : req->query, req->client);
    res->body_len = strlen (res->body);
    res->headers[0].name = str_dup ("x-test");
    res->headers[0].value = str_dup (str_ends (req->path, "evil") ? "a\r\nb: c" : "1");
    res->header_count = 1;
}

START_TEST (routes)
{
    struct web_route table[] = { { "/", hello, (void *) "root" }, { "/a/", hello, (void *) "a" } };
    struct web_config config = { .listens = &here, .listen_count = 1, .routes = table,
                                 .route_count = 2 };
    static const struct { const char *path, *body; } cases[] = {
        { "/x?k=1&l=%202", "root /x k=1&l= 2 127.0.0.1" },
        { "/a/%41", "a /a/A - 127.0.0.1" },
        { "/", "root / - 127.0.0.1" },
    };
    struct web *web;
    char *url;

    ck_assert_int_eq (web_start (&config, &web, NULL), 0);
    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        struct buf body = { 0 };
        struct fetched f = { .first = 0 };
        CURL *c;

        url = web_url (web, 0, NULL, cases[i].path);
        c = prepare (&f, url, NULL);
        curl_easy_setopt (c, CURLOPT_WRITEFUNCTION, on_header);
        f.headers.len = 0;
        curl_easy_setopt (c, CURLOPT_HEADERFUNCTION, NULL);
        curl_easy_setopt (c, CURLOPT_HEADERDATA, NULL);
        fetch_with (c, &f);
        body = f.headers;
        ck_assert_int_eq (f.status, 200);
        ck_assert_str_eq (body.data, cases[i].body);
        buf_free (&body);
        mem_free (url);
    }
    ck_assert_int_eq (speak (web_port (web, 0), "GET /evil HTTP/1.0\r\n\r\n", 22), 0);
    web_stop (web);
}
END_TEST

int
main (void)
{
    return testing_run ("web_request",
                        (const TTest *const[]){ refusals, oversize, keep_alive, connection_limit,
                                                routes, NULL });
}
