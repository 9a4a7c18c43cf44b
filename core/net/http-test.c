/* Tests of http.h and net.h against a server that misbehaves.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/http.h"

#include <netdb.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/testing.h"
#include "net/net.h"
#include "net/test_bmc.h"

static struct net *net;

struct setup {
    struct test_bmc *bmc;
    struct net_target *target;
};

static struct setup
begin (void (*handle) (struct test_exchange *x), void *arg, struct net_options *options,
       struct net_target_config *config)
{
    struct setup s = { 0 };
    struct test_bmc_options o = { .handle = handle, .arg = arg };
    struct net_target_config plain = { .name = "r12-01", .trust.mode = TRUST_INSECURE };
    struct err err;
    s.bmc = test_bmc_start (&o);
    ck_assert_int_eq (net_start (options, &net, &err), 0);
    if (config == NULL)
        config = &plain;
    config->base_url = test_bmc_url (s.bmc);
    ck_assert_msg (net_target_new (net, config, &s.target, &err) == 0, "%s", err.message);
    return s;
}

static void
end (struct setup *s)
{
    net_target_unref (s->target);
    net_stop (net, NET_STOP_ABORT, 0);
    test_bmc_stop (s->bmc);
}

static struct net_response *
ask (struct net_target *target, const char *method, const char *path, const char *body)
{
    struct net_response *response;
    struct net_request r = { .target = target, .method = method, .path = path, .body = body,
                             .body_len = body == NULL ? 0 : strlen (body), .keep = true,
                             .total_ms = 20000 };
    net_perform (&r, NULL, &response);
    return response;
}

/* ---- plain requests ------------------------------------------------------------------------ */

static void
echo (struct test_exchange *x)
{
    struct buf b = { 0 };
    buf_append (&b, x->head.data, x->head.len);
    buf_append (&b, x->body.data, x->body.len);
    test_answer_bytes (x, 200, "ETag: \"7\"\r\nX-Two:  b \r\nLocation: https://other:99/a/b?c\r\n",
                       b.data, b.len);
    buf_free (&b);
}

START_TEST (get_sends_what_redfish_wants)
{
    struct setup s = begin (echo, NULL, NULL, NULL);
    struct net_response *r = ask (s.target, NULL, "https://elsewhere/redfish/v1/a b", NULL);
    ck_assert_msg (r->code == 0, "%s", r->err.message);
    ck_assert_int_eq (r->status, 200);
    ck_assert_int_eq (r->delivery, FARRIER_DELIVERY_ANSWERED);
    ck_assert (str_starts (r->body, "GET /redfish/v1/a%20b HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull (strstr (r->body, "Accept: application/json\r\n"));
    ck_assert_ptr_nonnull (strstr (r->body, "OData-Version: 4.0\r\n"));
    ck_assert_ptr_nonnull (strstr (r->body, "Accept-Encoding: gzip, deflate\r\n"));
    ck_assert_ptr_null (strstr (r->body, "Authorization"));
    ck_assert_str_eq (net_response_header (r, "etag"), "\"7\"");
    ck_assert_str_eq (net_response_header (r, "X-TWO"), "b");
    char *location = net_response_location (r);
    ck_assert_str_eq (location, "/a/b?c");
    mem_free (location);
    net_response_free (r);
    end (&s);
}
END_TEST

START_TEST (changes_have_length_and_no_expect)
{
    static const char *const methods[] = { "POST", "PATCH", "PUT", "DELETE" };
    struct setup s = begin (echo, NULL, NULL, NULL);
    for (size_t i = 0; i < 4; i++) {
        bool body = i < 3;
        struct net_response *r = ask (s.target, methods[i], "/x", body ? "{\"a\":1}" : NULL);
        ck_assert_msg (r->code == 0, "%s", r->err.message);
        ck_assert (str_starts (r->body, methods[i]));
        ck_assert_ptr_nonnull (strstr (r->body, body ? "Content-Length: 7\r\n"
                                                     : "Content-Length: 0\r\n"));
        ck_assert_int_eq (strstr (r->body, "Content-Type: application/json") != NULL, body);
        ck_assert_ptr_null (strstr (r->body, "Expect:"));
        ck_assert_ptr_null (strstr (r->body, "chunked"));
        net_response_free (r);
    }
    end (&s);
}
END_TEST

START_TEST (malformed_requests_send_nothing)
{
    struct setup s = begin (echo, NULL, NULL, NULL);
    struct net_header bad = { "X-A", "b\r\nX-C: d" };
    struct net_request requests[] = {
        { .target = s.target, .path = "redfish/v1" },
        { .target = s.target, .path = NULL },
        { .target = s.target, .path = "/x", .method = "BREW" },
        { .target = s.target, .path = "/x", .headers = &bad, .header_count = 1 },
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct net_response *r;
        ck_assert_int_eq (net_perform (&requests[i], NULL, &r), FARRIER_E_INVALID);
        ck_assert_int_eq (r->delivery, FARRIER_DELIVERY_NONE);
        net_response_free (r);
    }
    ck_assert_int_eq (test_bmc_requests (s.bmc), 0);
    end (&s);
}
END_TEST

START_TEST (addresses_are_checked)
{
    static const char *const bad[] = { "10.0.0.5", "ftp://10.0.0.5", "https://10.0.0.5/redfish",
                                       "https://", "https://a:0", "https://a:99999", "https://[::1",
                                       "https://[10.0.0.5]", "https://::1", "https://u:p@h",
                                       "https://a b", "" };
    static const char *const good[][2] = { { "https://10.0.0.5", "https://10.0.0.5:443" },
                                           { "https://[::1]:8443/", "https://[::1]:8443" },
                                           { "http://bmc.example", "http://bmc.example:80" },
                                           { "https://[fe80::1%eth0]", "https://[fe80::1]:443" } };
    struct setup s = begin (echo, NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct net_target_config c = { .base_url = bad[i] };
        struct net_target *t = NULL;
        struct err err;
        ck_assert_msg (net_target_new (net, &c, &t, &err) == FARRIER_E_INVALID, "%s", bad[i]);
        ck_assert_ptr_null (t);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct net_target_config c = { .base_url = good[i][0] };
        struct net_target *t = NULL;
        struct err err;
        ck_assert_msg (net_target_new (net, &c, &t, &err) == 0, "%s", err.message);
        ck_assert_str_eq (net_target_url (t), good[i][1]);
        net_target_unref (t);
    }
    end (&s);
}
END_TEST

static void
retry_later (struct test_exchange *x)
{
    test_answer (x, 503, strcmp (x->path, "/date") == 0
                             ? "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\n"
                             : "Retry-After: 30\r\n",
                 "{\"error\":{\"@Message.ExtendedInfo\":[{\"MessageId\":"
                 "\"Base.1.8.ServiceTemporarilyUnavailable\",\"Message\":\"not now\"}]}}");
}

START_TEST (retry_after_and_error_envelope)
{
    struct setup s = begin (retry_later, NULL, NULL, NULL);
    struct net_response *r = ask (s.target, "GET", "/x", NULL);
    struct err err;
    ck_assert_int_eq (r->code, 0);
    ck_assert_int_eq (r->retry_after_ms, 30000);
    ck_assert_int_eq (net_response_check (r, &err), FARRIER_E_BUSY);
    ck_assert_ptr_nonnull (strstr (err.message, "not now"));
    net_response_free (r);
    r = ask (s.target, "GET", "/date", NULL);
    ck_assert_int_gt (r->retry_after_ms, 86400000);
    net_response_free (r);
    end (&s);
}
END_TEST

/* ---- a change is sent once ----------------------------------------------------------------- */

static void
reset_second (struct test_exchange *x)
{
    if (x->nth == 1 && strcmp (x->method, "GET") == 0)
        test_answer (x, 200, NULL, "{}");
    else
        test_reset (x);
}

START_TEST (a_change_that_is_reset_is_executed_once)
{
    struct setup s = begin (reset_second, NULL, NULL, NULL);
    struct net_response *r = ask (s.target, "GET", "/warm", NULL);
    ck_assert_int_eq (r->status, 200);
    net_response_free (r);
    static const char *const methods[] = { "POST", "PATCH", "PUT", "DELETE" };
    for (size_t i = 0; i < 4; i++) {
        r = ask (s.target, methods[i], "/change", "{}");
        ck_assert_int_eq (r->code, FARRIER_E_TRANSIENT);
        ck_assert_int_eq (r->delivery, FARRIER_DELIVERY_MAYBE);
        ck_assert_int_eq (r->sends, 1);
        net_response_free (r);
        ck_assert_int_eq (test_bmc_count (s.bmc, methods[i], "/change"), 1);
    }
    end (&s);
}
END_TEST

static void
reset_reused (struct test_exchange *x)
{
    if (x->nth == 1)
        test_answer (x, 200, NULL, "{}");
    else
        test_reset (x);
}

START_TEST (a_get_that_is_reset_on_a_kept_connection_is_repeated)
{
    struct setup s = begin (reset_reused, NULL, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        struct net_response *r = ask (s.target, "GET", "/x", NULL);
        ck_assert_msg (r->code == 0 && r->status == 200, "%s", r->err.message);
        net_response_free (r);
    }
    ck_assert_int_eq (test_bmc_count (s.bmc, "GET", "/x"), 3);
    end (&s);
}
END_TEST

START_TEST (nothing_listens_is_delivery_none)
{
    struct setup s = begin (echo, NULL, NULL, NULL);
    struct test_bmc_options o = { .handle = echo };
    struct test_bmc *gone = test_bmc_start (&o);
    char *url = str_dup (test_bmc_url (gone));
    test_bmc_stop (gone);
    struct net_target_config c = { .name = "dead", .base_url = url };
    struct net_target *t;
    ck_assert_int_eq (net_target_new (net, &c, &t, NULL), 0);
    struct net_response *r = ask (t, "POST", "/x", "{}");
    ck_assert_int_eq (r->code, FARRIER_E_UNREACHABLE);
    ck_assert_int_eq (r->delivery, FARRIER_DELIVERY_NONE);
    ck_assert_ptr_nonnull (strstr (r->err.message, "Connection refused"));
    ck_assert_ptr_nonnull (strstr (r->err.message, "dead"));
    net_response_free (r);
    net_target_unref (t);
    mem_free (url);
    end (&s);
}
END_TEST

/* ---- redirects ----------------------------------------------------------------------------- */

static void
redirects (struct test_exchange *x)
{
    char header[200];
    if (strcmp (x->path, "/redfish/v1") == 0) {
        test_answer (x, 301, "Location: /redfish/v1/\r\n", "");
    } else if (strcmp (x->path, "/absolute") == 0) {
        str_format (header, sizeof header, "Location: %s/end\r\n", test_bmc_url (x->bmc));
        test_answer (x, 308, header, "");
    } else if (strcmp (x->path, "/away") == 0) {
        test_answer (x, 302, "Location: https://192.0.2.9/end\r\n", "");
    } else if (strcmp (x->path, "/round") == 0) {
        test_answer (x, 302, "Location: /round\r\n", "");
    } else {
        test_answer (x, 200, NULL, x->path);
    }
}

START_TEST (redirects_stay_on_the_host)
{
    struct setup s = begin (redirects, NULL, NULL, NULL);
    struct net_response *r = ask (s.target, "GET", "/redfish/v1", NULL);
    ck_assert_str_eq (r->body, "/redfish/v1/");
    net_response_free (r);
    r = ask (s.target, "GET", "/absolute", NULL);
    ck_assert_str_eq (r->body, "/end");
    net_response_free (r);
    r = ask (s.target, "GET", "/away", NULL);
    ck_assert_int_eq (r->code, FARRIER_E_REJECTED);
    ck_assert_ptr_nonnull (strstr (r->err.message, "192.0.2.9"));
    net_response_free (r);
    r = ask (s.target, "GET", "/round", NULL);
    ck_assert_int_eq (r->code, FARRIER_E_REJECTED);
    net_response_free (r);
    r = ask (s.target, "POST", "/redfish/v1", "{}");
    ck_assert_int_eq (r->code, 0);
    ck_assert_int_eq (r->status, 301);
    ck_assert_int_eq (test_bmc_count (s.bmc, "POST", NULL), 1);
    net_response_free (r);
    end (&s);
}
END_TEST

/* ---- hostile answers ----------------------------------------------------------------------- */

static void
hostile (struct test_exchange *x)
{
    static char big[300000];
    memset (big, ' ', sizeof big);
    if (strcmp (x->path, "/big") == 0) {
        test_answer_bytes (x, 200, NULL, big, sizeof big);
    } else if (strcmp (x->path, "/big-chunked") == 0) {
        const char *head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n493e0\r\n";
        test_raw (x, head, strlen (head));
        test_raw (x, big, sizeof big);
        test_raw (x, "\r\n0\r\n\r\n", 7);
    } else if (strcmp (x->path, "/headers") == 0) {
        test_raw (x, "HTTP/1.1 200 OK\r\n", 17);
        for (int i = 0; i < 3000; i++)
            test_raw (x, "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 37);
        test_raw (x, "\r\n", 2);
    } else if (strcmp (x->path, "/deep") == 0) {
        memset (big, '[', 20000);
        test_answer_bytes (x, 200, NULL, big, 20000);
    } else if (strcmp (x->path, "/html") == 0) {
        test_answer (x, 200, "Content-Type: text/html\r\n",
                     "\n <!DOCTYPE\thtml><html>Log in</html>");
    } else if (strcmp (x->path, "/untyped") == 0) {
        test_answer (x, 200, NULL, "starting");
    } else if (strcmp (x->path, "/broken") == 0) {
        test_answer (x, 200, "Content-Type: application/json\r\n", "{\"Name\": \"Root");
    } else if (strcmp (x->path, "/empty") == 0) {
        test_answer (x, 200, NULL, "");
    } else if (strcmp (x->path, "/noise") == 0) {
        test_raw (x, "\001\002 not http\r\n\r\n", 15);
        test_close (x);
    } else if (strcmp (x->path, "/short") == 0) {
        const char *head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":";
        test_raw (x, head, strlen (head));
        test_close (x);
    } else if (strcmp (x->path, "/drip") == 0) {
        test_drip (x);
    } else {
        test_hang (x);
    }
}

START_TEST (hostile_answers_are_bounded)
{
    static const struct {
        const char *path;
        int32_t code;
        const char *words;
    } cases[] = {
        { "/big", FARRIER_E_INVALID, "limit of" },
        { "/big-chunked", FARRIER_E_INVALID, "limit of" },
        { "/headers", FARRIER_E_INVALID, "of headers" },
        { "/noise", FARRIER_E_INVALID, "not an HTTP answer" },
        { "/short", FARRIER_E_TRANSIENT, "broke off" },
        { "/drip", FARRIER_E_TIMEOUT, "within 300 ms" },
        { "/hang", FARRIER_E_TIMEOUT, "within 300 ms" },
    };
    struct net_options options = { .keep_ms = 3600000 };
    struct setup s = begin (hostile, NULL, &options, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct net_response *r;
        if (cases[i].code == FARRIER_E_TIMEOUT)  /* connected already: its time is the answer's */
            net_response_free (ask (s.target, "GET", "/html", NULL));
        struct net_request q = { .target = s.target, .path = cases[i].path,
                                 .max_response_bytes = 100000,
                                 .total_ms = cases[i].code == FARRIER_E_TIMEOUT ? 300 : 20000 };
        int32_t code = net_perform (&q, NULL, &r);
        ck_assert_msg (code == cases[i].code, "%s: %d %s", cases[i].path, code, r->err.message);
        ck_assert_msg (strstr (r->err.message, cases[i].words) != NULL, "%s", r->err.message);
        net_response_free (r);
    }
    end (&s);
}
END_TEST

START_TEST (deep_json_is_refused)
{
    struct setup s = begin (hostile, NULL, NULL, NULL);
    struct err err;
    struct net_response *r = ask (s.target, "GET", "/deep", NULL);
    ck_assert_int_eq (r->code, 0);
    ck_assert_ptr_null (net_response_json (r, &err));
    ck_assert_int_eq (err.code, FARRIER_E_INVALID);
    net_response_free (r);
    end (&s);
}
END_TEST

/* What is no JSON is told by what it is, and what to do. */
START_TEST (what_is_not_json_is_named)
{
    static const struct {
        const char *path, *message, *hint;
    } cases[] = {
        { "/html", "/html: the answer is not JSON but text/html: it begins "
          "'<!DOCTYPE.html><html>Log in</html>'", "farrier host list" },
        { "/untyped", "/untyped: the answer is not JSON but of no known type: it begins 'starting'",
          "farrier host list" },
        { "/broken", "/broken: the answer is broken JSON (not JSON at line 1, column 14: "
          "premature end of input near '\"Root'); it begins '{\"Name\": \"Root'", "try again" },
        { "/empty", "/empty: the answer is empty", "" },
    };
    struct setup s = begin (hostile, NULL, NULL, NULL);
    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        struct err err = { 0 };
        struct net_response *r = ask (s.target, "GET", cases[i].path, NULL);
        ck_assert_ptr_null (net_response_json (r, &err));
        ck_assert_str_eq (err.message, cases[i].message);
        ck_assert_msg (strstr (err.hint, cases[i].hint) != NULL, "%s", err.hint);
        net_response_free (r);
    }
    end (&s);
}
END_TEST

/* ---- budgets, fairness, cancel ------------------------------------------------------------- */

struct gathering {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int inside, most_inside, passed, wait_for, done;
    uint32_t most_open;
};

static void
gather (struct test_exchange *x)
{
    struct gathering *g = x->arg;
    pthread_mutex_lock (&g->lock);
    if (++g->inside > g->most_inside)
        g->most_inside = g->inside;
    pthread_cond_broadcast (&g->changed);
    while (g->most_inside < g->wait_for)
        pthread_cond_wait (&g->changed, &g->lock);
    g->inside--;
    g->passed++;
    pthread_mutex_unlock (&g->lock);
    test_answer (x, 200, NULL, "{}");
}

static void
on_gathered (void *arg, struct net_response *response)
{
    struct gathering *g = arg;
    struct net_counts counts;
    net_counts (net, &counts);
    pthread_mutex_lock (&g->lock);
    if (counts.open_connections > g->most_open)
        g->most_open = counts.open_connections;
    if (response->code == 0)
        g->done++;
    pthread_cond_broadcast (&g->changed);
    pthread_mutex_unlock (&g->lock);
    net_response_free (response);
}

static void
wait_done (struct gathering *g, int count)
{
    pthread_mutex_lock (&g->lock);
    while (g->done < count)
        pthread_cond_wait (&g->changed, &g->lock);
    pthread_mutex_unlock (&g->lock);
}

START_TEST (open_connections_stay_in_the_budget)
{
    struct gathering g = { .lock = PTHREAD_MUTEX_INITIALIZER,
                           .changed = PTHREAD_COND_INITIALIZER, .wait_for = 6 };
    struct net_options options = { .max_open_connections = 6 };
    struct setup s = begin (gather, &g, &options, NULL);
    struct net_target *targets[40];
    for (int i = 0; i < 40; i++) {
        char key[20];
        str_format (key, sizeof key, "host-%d", i);
        struct net_target_config c = { .key = key, .base_url = test_bmc_url (s.bmc),
                                       .trust.mode = TRUST_INSECURE };
        ck_assert_int_eq (net_target_new (net, &c, &targets[i], NULL), 0);
    }
    for (int round = 0; round < 10; round++)
        for (int i = 0; i < 40; i++) {
            struct net_request q = { .target = targets[i], .path = "/x", .keep = i % 3 == 0,
                                     .method = i % 5 == 0 ? "POST" : "GET",
                                     .done = on_gathered, .arg = &g };
            net_submit (&q);
        }
    wait_done (&g, 400);
    ck_assert_int_eq (g.most_inside, 6);
    ck_assert_uint_le (g.most_open, 6);
    struct net_counts counts;
    net_counts (net, &counts);
    ck_assert_uint_eq (counts.waiting_requests, 0);
    ck_assert_uint_eq (counts.active_requests, 0);
    ck_assert_uint_eq (counts.requests_sent, 400);
    for (int i = 0; i < 40; i++)
        net_target_unref (targets[i]);
    end (&s);
}
END_TEST

/* Holds the loop's thread until the test unlocks it: its work gathers meanwhile. */
static void
hold_loop (void *lock)
{
    pthread_mutex_lock (lock);
    pthread_mutex_unlock (lock);
}

START_TEST (one_host_has_its_limit)
{
    struct gathering g = { .lock = PTHREAD_MUTEX_INITIALIZER,
                           .changed = PTHREAD_COND_INITIALIZER, .wait_for = 3 };
    struct net_options options = { .per_host = 3, .keep_ms = 3600000 };
    struct setup s = begin (gather, &g, &options, NULL);
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock (&lock);
    net_post (net, NULL, hold_loop, &lock);
    for (int i = 0; i < 60; i++) {
        struct net_request q = { .target = s.target, .path = "/x", .done = on_gathered,
                                 .arg = &g };
        net_submit (&q);
    }
    pthread_mutex_unlock (&lock);
    wait_done (&g, 60);
    ck_assert_int_eq (g.most_inside, 3);
    ck_assert_int_eq (test_bmc_accepted (s.bmc), 3);       /* kept while more is due */
    end (&s);
}
END_TEST

static void
on_passed (void *sem)
{
    sem_post (sem);
}

/* Until the loop has ended what it is doing. */
static void
pass_loop (void)
{
    sem_t passed;
    sem_init (&passed, 0, 0);
    net_post (net, NULL, on_passed, &passed);
    sem_wait (&passed);
    sem_destroy (&passed);
}

START_TEST (idle_connections_are_closed)
{
    struct net_options options = { .keep_ms = 1000 };
    struct setup s = begin (echo, NULL, &options, NULL);
    net_response_free (ask (s.target, "GET", "/x", NULL));
    struct net_counts counts;
    net_counts (net, &counts);
    ck_assert_uint_eq (counts.open_connections, 1);
    net_response_free (ask (s.target, "GET", "/x", NULL));
    ck_assert_int_eq (test_bmc_accepted (s.bmc), 1);
    test_bmc_wait_closed (s.bmc);
    pass_loop ();                      /* it has sent its farewell, and may still be closing */
    net_counts (net, &counts);
    ck_assert_uint_eq (counts.open_connections, 0);
    end (&s);
}
END_TEST

struct held {
    struct gathering *g;
    net_handle handle;
    int gates;
};

static void
on_gate (void *arg, net_handle handle)
{
    struct held *h = arg;
    pthread_mutex_lock (&h->g->lock);
    h->handle = handle;
    h->gates++;
    pthread_cond_broadcast (&h->g->changed);
    pthread_mutex_unlock (&h->g->lock);
}

static void
on_held_done (void *arg, struct net_response *response)
{
    struct held *h = arg;
    if (response->code == FARRIER_E_PRECONDITION)
        ck_assert_int_eq (response->delivery, FARRIER_DELIVERY_NONE);
    pthread_mutex_lock (&h->g->lock);
    h->g->done += response->code == 0 ? 1 : 100;
    pthread_cond_broadcast (&h->g->changed);
    pthread_mutex_unlock (&h->g->lock);
    net_response_free (response);
}

START_TEST (nothing_leaves_before_the_gate_opens)
{
    struct gathering g = { .lock = PTHREAD_MUTEX_INITIALIZER,
                           .changed = PTHREAD_COND_INITIALIZER };
    struct held held = { .g = &g };
    struct net_options options = { .max_open_connections = 2, .per_host = 1 };
    struct setup s = begin (echo, NULL, &options, NULL);
    struct net_request q = { .target = s.target, .method = "POST", .path = "/change",
                             .gate = on_gate, .done = on_held_done, .arg = &held };
    for (int verdict = 0; verdict < 2; verdict++) {
        net_submit (&q);
        pthread_mutex_lock (&g.lock);
        while (held.gates <= verdict)
            pthread_cond_wait (&g.changed, &g.lock);
        pthread_mutex_unlock (&g.lock);
        net_response_free (ask (s.target, "GET", "/guard", NULL));     /* beside the held one */
        ck_assert_int_eq (test_bmc_count (s.bmc, "POST", NULL), verdict);
        net_proceed (net, held.handle, verdict == 0 ? 0 : FARRIER_E_PRECONDITION, "it differs");
        wait_done (&g, verdict == 0 ? 1 : 101);
    }
    ck_assert_int_eq (test_bmc_count (s.bmc, "POST", "/change"), 1);
    end (&s);
}
END_TEST

static void *
set_after_arrival (void *arg)
{
    struct setup *s = ((void **) arg)[0];
    while (test_bmc_requests (s->bmc) == 0)
        sched_yield ();
    atomic_store ((atomic_bool *) ((void **) arg)[1], true);
    return NULL;
}

START_TEST (cancel_tells_how_far_it_got)
{
    struct setup s = begin (hostile, NULL, NULL, NULL);
    atomic_bool cancelled = true;
    struct net_response *r;
    struct net_request q = { .target = s.target, .method = "POST", .path = "/hang" };
    atomic_store (&cancelled, false);
    void *args[2] = { &s, &cancelled };
    pthread_t thread;
    pthread_create (&thread, NULL, set_after_arrival, args);
    ck_assert_int_eq (net_perform (&q, &cancelled, &r), FARRIER_E_CANCELLED);
    pthread_join (thread, NULL);
    ck_assert_int_eq (r->delivery, FARRIER_DELIVERY_MAYBE);
    net_response_free (r);
    end (&s);
}
END_TEST

START_TEST (stop_ends_all_that_is_open)
{
    struct gathering g = { .lock = PTHREAD_MUTEX_INITIALIZER,
                           .changed = PTHREAD_COND_INITIALIZER };
    struct held held = { .g = &g };
    struct setup s = begin (hostile, NULL, NULL, NULL);
    for (int i = 0; i < 10; i++) {
        struct net_request q = { .target = s.target, .path = "/hang", .done = on_held_done,
                                 .arg = &held };
        net_submit (&q);
    }
    end (&s);
    ck_assert_int_eq (g.done, 1000);
}
END_TEST

/* ---- posts and timers ---------------------------------------------------------------------- */

static void
count_up (void *arg)
{
    atomic_fetch_add ((atomic_int *) arg, 1);
}

static void
count_thousand (void *arg)
{
    atomic_fetch_add ((atomic_int *) arg, 1000);
}

START_TEST (posts_and_timers_run_once)
{
    atomic_int n = 0, fired = 0;
    struct net_options options = { .loops = 3 };
    ck_assert_int_eq (net_start (&options, &net, NULL), 0);
    for (int i = 0; i < 30; i++) {
        char key[8];
        str_format (key, sizeof key, "k%d", i);
        net_post (net, key, count_up, &n);
        net_work (net, key, count_up, count_up, &n);
        net_timer (net, key, 1, count_up, NULL, &fired);
        net_timer_cancel (net, net_timer (net, key, 3600000, count_up, count_thousand, &n));
    }
    net_timer (net, "late", 3600000, count_up, count_thousand, &n);
    while (atomic_load (&fired) < 30)
        sched_yield ();
    net_stop (net, NET_STOP_ABORT, 0);
    ck_assert_int_eq (atomic_load (&n), 90 + 31000);
    ck_assert_int_eq (atomic_load (&fired), 30);
}
END_TEST

/* A bare root without /etc/hosts does not. */
static bool
machine_knows (const char *name)
{
    struct addrinfo *found;
    if (getaddrinfo (name, NULL, NULL, &found) != 0)
        return false;
    freeaddrinfo (found);
    return true;
}

START_TEST (names_are_resolved)
{
    struct setup s = begin (echo, NULL, NULL, NULL);
    char url[64];
    str_format (url, sizeof url, "https://localhost:%d", test_bmc_port (s.bmc));
    struct net_target_config c = { .base_url = url, .trust.mode = TRUST_INSECURE };
    struct net_target *t;
    if (machine_knows ("localhost")) {
        ck_assert_int_eq (net_target_new (net, &c, &t, NULL), 0);
        struct net_response *r = ask (t, "GET", "/x", NULL);
        ck_assert_msg (r->code == 0, "%s", r->err.message);
        ck_assert_ptr_nonnull (strstr (r->body, "Host: localhost:"));
        net_response_free (r);
        net_target_unref (t);
    }
    c.base_url = "https://no-such-name.invalid";
    ck_assert_int_eq (net_target_new (net, &c, &t, NULL), 0);
    struct net_response *r = ask (t, "GET", "/x", NULL);
    ck_assert_int_eq (r->code, FARRIER_E_UNREACHABLE);
    ck_assert_ptr_nonnull (strstr (r->err.message, "no-such-name.invalid"));
    net_response_free (r);
    net_target_unref (t);
    end (&s);
}
END_TEST

START_TEST (thousands_of_requests)
{
    struct gathering g = { .lock = PTHREAD_MUTEX_INITIALIZER,
                           .changed = PTHREAD_COND_INITIALIZER };
    struct net_options options = { .loops = 2, .max_open_connections = 40 };
    struct setup s = begin (gather, &g, &options, NULL);
    struct net_target *targets[100];
    for (int i = 0; i < 100; i++) {
        char key[20];
        str_format (key, sizeof key, "host-%d", i);
        struct net_target_config c = { .key = key, .base_url = test_bmc_url (s.bmc),
                                       .trust.mode = TRUST_INSECURE };
        ck_assert_int_eq (net_target_new (net, &c, &targets[i], NULL), 0);
    }
    int count = testing_mass (3000);
    for (int i = 0; i < count; i++) {
        struct net_request q = { .target = targets[i % 100], .path = "/x", .keep = i % 2 == 0,
                                 .done = on_gathered, .arg = &g };
        net_submit (&q);
    }
    wait_done (&g, count);
    for (int i = 0; i < 100; i++)
        net_target_unref (targets[i]);
    end (&s);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        get_sends_what_redfish_wants, changes_have_length_and_no_expect,
        malformed_requests_send_nothing, addresses_are_checked, retry_after_and_error_envelope,
        a_change_that_is_reset_is_executed_once,
        a_get_that_is_reset_on_a_kept_connection_is_repeated, nothing_listens_is_delivery_none,
        redirects_stay_on_the_host, hostile_answers_are_bounded, deep_json_is_refused,
        what_is_not_json_is_named,
        open_connections_stay_in_the_budget, one_host_has_its_limit, idle_connections_are_closed,
        nothing_leaves_before_the_gate_opens, cancel_tells_how_far_it_got,
        stop_ends_all_that_is_open, posts_and_timers_run_once, names_are_resolved,
        thousands_of_requests, NULL
    };

    return testing_run ("http", tests);
}
