/* Tests of sim_http.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_http.h"

#include <string.h>

#include "base/testing.h"

static int
parse (char *head, struct sim_http_request *ret)
{
    const char *problem;

    return sim_http_parse (head, strlen (head), ret, &problem);
}

START_TEST (a_request_is_taken_apart)
    {
        char head[] = "POST /redfish/v1/Systems%2F1/?$expand=.&only HTTP/1.1\r\nHost: a\r\n"
                      "Content-Length: 12\r\nX-Auth-Token:  t \r\nExpect: 100-continue\r\n\r\n";
        struct sim_http_request r;

        ck_assert_int_eq (parse (head, &r), 0);
        ck_assert_int_eq (r.method, SIM_POST);
        ck_assert_str_eq (r.path, "/redfish/v1/Systems/1");
        ck_assert_str_eq (r.query, "$expand=.&only");
        ck_assert_int_eq (r.content_length, 12);
        ck_assert (r.keep_alive && r.expect_continue && !r.chunked);
        ck_assert_str_eq (sim_http_header (&r, "x-auth-token"), "t");
        ck_assert_ptr_null (sim_http_header (&r, "Authorization"));
    }
END_TEST

static const struct {
    const char *head;
    int status;
} cases[] = {
    { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0 },
    { "GET / HTTP/1.0\r\n\r\n", 0 },
    { "FOO / HTTP/1.1\r\nHost: a\r\n\r\n", 0 },
    { "GET / HTTP/1.1\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400 },
    { "GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505 },
    { "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
    { "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
    { "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
    { "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
    { "GET /\r\n\r\n", 400 },
    { "\r\n\r\n", 400 },
};

START_TEST (malformed_requests_are_refused)
    {
        for (size_t i = 0; i < COUNT_OF (cases); i++) {
            struct sim_http_request r;
            char *head = str_dup (cases[i].head);
            int status = parse (head, &r);

            ck_assert_msg (status == cases[i].status, "case %zu: %d instead of %d: %s", i, status,
                           cases[i].status, cases[i].head);
            mem_free (head);
        }
    }
END_TEST

START_TEST (a_nul_is_refused)
    {
        char head[] = "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n";
        struct sim_http_request r;
        const char *problem;

        ck_assert_int_eq (sim_http_parse (head, sizeof head - 1, &r, &problem), 400);
        ck_assert_ptr_nonnull (problem);
    }
END_TEST

START_TEST (too_many_headers_are_refused)
    {
        struct buf b = { 0 };
        struct sim_http_request r;

        buf_puts (&b, "GET / HTTP/1.1\r\nHost: a\r\n");
        for (int i = 0; i < SIM_HTTP_HEADERS_MAX; i++)
            buf_puts (&b, "X: y\r\n");
        buf_puts (&b, "\r\n");
        ck_assert_int_eq (parse (b.data, &r), 431);
        buf_free (&b);
    }
END_TEST

/* Wherever the bytes are cut, the end is found once it is there, and not before. */
START_TEST (the_end_is_found_across_reads)
    {
        const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody";
        size_t head_len = sizeof text - 1 - 4;

        for (size_t cut = 1; cut < sizeof text; cut++) {
            size_t first = sim_http_head_end (text, cut, 0);
            ck_assert_uint_eq (first, cut >= head_len ? head_len : 0);
            ck_assert_uint_eq (sim_http_head_end (text, sizeof text - 1, cut < head_len ? cut : 0),
                               head_len);
        }
    }
END_TEST

START_TEST (media_types)
    {
        ck_assert (sim_http_type_is ("application/json", "application/json"));
        ck_assert (sim_http_type_is ("Application/JSON; charset=utf-8", "application/json"));
        ck_assert (!sim_http_type_is ("application/jsonx", "application/json"));
        ck_assert (!sim_http_type_is (NULL, "application/json"));
    }
END_TEST

int
main (void)
{
    const TTest *const tests[] = { a_request_is_taken_apart,
                                   malformed_requests_are_refused,
                                   a_nul_is_refused,
                                   too_many_headers_are_refused,
                                   the_end_is_found_across_reads,
                                   media_types,
                                   NULL };

    return testing_run ("sim_http", tests);
}
