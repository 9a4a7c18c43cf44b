/* Tests of session.h: logins are few, renewed in time, and never hammer a BMC.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/session.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/testing.h"
#include "net/test_bmc.h"

/* A BMC with sessions, as bad as the test wants it. */
struct bmc_state {
    pthread_mutex_t lock;
    char password[40];                 /* that is right */
    char token[40];                    /* valid now; "" = none */
    int logins, deletes;
    int login_status;                  /* 0 = as it should be */
    const char *login_body;
    const char *link;                  /* in the service root; NULL = none */
    const char *only_path;             /* POST elsewhere is 404 */
    int timeout_s;
    bool want_basic, deny_all;
};

static bool
has (const char *text, const char *part)
{
    return text != NULL && strstr (text, part) != NULL;
}

static void
post_session (struct test_exchange *x, struct bmc_state *b)
{
    char header[200], want[80];
    b->logins++;
    str_format (want, sizeof want, "\"Password\":\"%s\"", b->password);
    if (b->login_status != 0) {
        test_answer (x, b->login_status, NULL, b->login_body);
    } else if (b->only_path != NULL && strcmp (x->path, b->only_path) != 0) {
        b->logins--;
        test_answer (x, 404, NULL, "");
    } else if (!has (x->body.data, want)
               || (b->want_basic && !has (test_header (x, "Authorization"), "Basic "))) {
        test_answer (x, 401, NULL, "{\"error\":{\"@Message.ExtendedInfo\":{\"MessageId\":"
                                   "\"Base.1.0.ResourceAtUriUnauthorized\",\"Message\":\"no\"}}}");
    } else {
        str_format (b->token, sizeof b->token, "token-%d", b->logins);
        str_format (header, sizeof header, "X-Auth-Token: %s\r\nLocation: https://other.example%s/"
                    "%d\r\n", b->token, x->path, b->logins);
        test_answer (x, 201, header, "{}");
    }
}

static void
get_any (struct test_exchange *x, struct bmc_state *b)
{
    const char *token = test_header (x, "X-Auth-Token");
    char text[200];
    bool ok = token != NULL && b->token[0] != '\0' && strcmp (token, b->token) == 0;
    if (!ok && token == NULL && has (test_header (x, "Authorization"), "Basic ")) {
        char *pair = str_printf ("root:%s", b->password);
        char *encoded = str_base64 (pair, strlen (pair));
        ok = has (test_header (x, "Authorization"), encoded);
        mem_free (pair);
        mem_free (encoded);
    }
    if (strcmp (x->path, "/reset") == 0) {
        test_reset (x);
    } else if (!ok || b->deny_all) {
        test_answer (x, 401, NULL, "");
    } else if (strcmp (x->path, "/redfish/v1/SessionService") == 0) {
        str_format (text, sizeof text, "{\"SessionTimeout\":%d}", b->timeout_s);
        test_answer (x, 200, NULL, text);
    } else if (strcmp (x->method, "DELETE") == 0) {
        b->token[0] = '\0';
        b->deletes++;
        test_answer (x, 204, NULL, NULL);
    } else {
        test_answer (x, 200, NULL, "{}");
    }
}

static void
handle (struct test_exchange *x)
{
    struct bmc_state *b = x->arg;
    char text[200];
    pthread_mutex_lock (&b->lock);
    if (strcmp (x->path, "/redfish/v1/") == 0) {
        str_format (text, sizeof text, "{\"Links\":{\"Sessions\":{%s%s%s}}}",
                    b->link == NULL ? "" : "\"@odata.id\":\"", b->link == NULL ? "" : b->link,
                    b->link == NULL ? "" : "\"");
        test_answer (x, 200, NULL, text);
    } else if (strcmp (x->method, "POST") == 0 && str_ends (x->path, "/Sessions")) {
        post_session (x, b);
    } else {
        get_any (x, b);
    }
    pthread_mutex_unlock (&b->lock);
}

/* ---- the owner's side ---------------------------------------------------------------------- */

struct owner {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char password[40];
    uint64_t version;
    int asked, saved, dropped, done;
    char uri[200], token[100];
    bool freed;
};

static int32_t
credential (void *arg, char **ret_user, char **ret_password, uint64_t *ret_version,
            struct err *err)
{
    struct owner *o = arg;
    (void) err;
    pthread_mutex_lock (&o->lock);
    *ret_user = str_dup ("root");
    *ret_password = str_dup (o->password);
    *ret_version = o->version;
    o->asked++;
    pthread_mutex_unlock (&o->lock);
    return 0;
}

static void
journal (void *arg, const char *uri, const char *token)
{
    struct owner *o = arg;
    pthread_mutex_lock (&o->lock);
    str_copy (o->uri, sizeof o->uri, uri);
    if (token != NULL) {
        str_copy (o->token, sizeof o->token, token);
        o->saved++;
    } else {
        o->dropped++;
    }
    pthread_cond_broadcast (&o->changed);
    pthread_mutex_unlock (&o->lock);
}

static void
owner_unref (void *arg)
{
    ((struct owner *) arg)->freed = true;
}

struct setup {
    struct bmc_state b;
    struct owner o;
    struct test_bmc *bmc;
    struct net *net;
    struct net_target *target;
    struct session *session;
};

static void
begin (struct setup *s, const struct session_config *config)
{
    struct session_config c = config == NULL ? (struct session_config) { 0 } : *config;
    s->b.lock = (pthread_mutex_t) PTHREAD_MUTEX_INITIALIZER;
    s->o.lock = (pthread_mutex_t) PTHREAD_MUTEX_INITIALIZER;
    s->o.changed = (pthread_cond_t) PTHREAD_COND_INITIALIZER;
    if (s->b.password[0] == '\0')
        str_copy (s->b.password, sizeof s->b.password, "simulated");
    if (s->o.password[0] == '\0')
        str_copy (s->o.password, sizeof s->o.password, "simulated");
    struct test_bmc_options options = { .handle = handle, .arg = &s->b };
    s->bmc = test_bmc_start (&options);
    ck_assert_int_eq (net_start (NULL, &s->net, NULL), 0);
    struct net_target_config t = { .name = "r12-01", .base_url = test_bmc_url (s->bmc),
                                   .trust.mode = TRUST_INSECURE };
    ck_assert_int_eq (net_target_new (s->net, &t, &s->target, NULL), 0);
    c.target = s->target;
    c.credential = credential;
    c.journal = journal;
    c.arg = &s->o;
    c.arg_unref = owner_unref;
    s->session = session_new (&c);
}

static void
end (struct setup *s)
{
    session_unref (s->session);
    net_target_unref (s->target);
    net_stop (s->net, NET_STOP_ABORT, 0);
    test_bmc_stop (s->bmc);
    ck_assert (s->o.freed);
}

static struct net_response *
ask (struct setup *s, const char *method, const char *path, enum net_auth auth)
{
    struct net_response *response;
    struct net_request r = { .target = s->target, .method = method, .path = path, .auth = auth,
                             .session = s->session, .total_ms = 20000 };
    net_perform (&r, NULL, &response);
    return response;
}

static int
status_of (struct setup *s, const char *method, const char *path)
{
    struct net_response *r = ask (s, method, path, NET_AUTH_SESSION);
    int status = r->code == 0 ? r->status : r->code;
    net_response_free (r);
    return status;
}

static void
on_done (void *arg, struct net_response *response)
{
    struct owner *o = arg;
    pthread_mutex_lock (&o->lock);
    o->done += response->code == 0 && response->status == 200;
    pthread_cond_broadcast (&o->changed);
    pthread_mutex_unlock (&o->lock);
    net_response_free (response);
}

/* ---- tests --------------------------------------------------------------------------------- */

START_TEST (one_login_for_many_requests)
{
    struct setup s = { 0 };
    begin (&s, NULL);
    for (int i = 0; i < 50; i++) {
        struct net_request r = { .target = s.target, .path = "/x", .auth = NET_AUTH_SESSION,
                                 .session = s.session, .done = on_done, .arg = &s.o };
        net_submit (&r);
    }
    pthread_mutex_lock (&s.o.lock);
    while (s.o.done < 50)
        pthread_cond_wait (&s.o.changed, &s.o.lock);
    pthread_mutex_unlock (&s.o.lock);
    ck_assert_int_eq (s.b.logins, 1);
    ck_assert_int_eq (s.o.asked, 1);
    ck_assert_int_eq (s.o.saved, 1);
    ck_assert_str_eq (s.o.uri, "/redfish/v1/SessionService/Sessions/1");
    ck_assert_str_eq (s.o.token, "token-1");
    struct session_status st;
    session_status (s.session, &st);
    ck_assert_int_eq (st.state, SESSION_TOKEN);
    end (&s);
}
END_TEST

START_TEST (the_service_root_says_where)
{
    struct setup s = { .b.link = "/redfish/v1/Own/Sessions", .b.only_path =
                                                                 "/redfish/v1/Own/Sessions" };
    begin (&s, NULL);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);
    ck_assert_str_eq (s.o.uri, "/redfish/v1/Own/Sessions/1");
    end (&s);
}
END_TEST

START_TEST (older_services_have_it_elsewhere)
{
    struct setup s = { .b.only_path = "/redfish/v1/Sessions" };
    begin (&s, NULL);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);
    ck_assert_str_eq (s.o.uri, "/redfish/v1/Sessions/1");
    end (&s);
}
END_TEST

START_TEST (a_lost_session_is_made_again_once)
{
    struct setup s = { 0 };
    begin (&s, NULL);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);
    pthread_mutex_lock (&s.b.lock);
    s.b.token[0] = '\0';               /* the BMC was restarted */
    pthread_mutex_unlock (&s.b.lock);
    struct net_response *r = ask (&s, "POST", "/change", NET_AUTH_SESSION);
    ck_assert_int_eq (r->status, 200);
    ck_assert_int_eq (r->sends, 2);
    net_response_free (r);
    ck_assert_int_eq (s.b.logins, 2);
    ck_assert_int_eq (test_bmc_count (s.bmc, "POST", "/change"), 2);

    pthread_mutex_lock (&s.b.lock);
    s.b.deny_all = true;               /* 401 whatever the token */
    pthread_mutex_unlock (&s.b.lock);
    ck_assert_int_eq (status_of (&s, "POST", "/denied"), 401);
    ck_assert_int_eq (test_bmc_count (s.bmc, "POST", "/denied"), 2);
    end (&s);
}
END_TEST

START_TEST (a_wrong_password_is_tried_once)
{
    struct setup s = { .o.password = "wrong-simulated" };
    clock_virtual_start (1700000000000, 1000000);
    begin (&s, NULL);
    struct net_response *r = ask (&s, "POST", "/x", NET_AUTH_SESSION);
    ck_assert_int_eq (r->code, FARRIER_E_AUTH);
    ck_assert_int_eq (r->delivery, FARRIER_DELIVERY_NONE);
    ck_assert_msg (strstr (r->err.message, "root") != NULL, "%s", r->err.message);
    ck_assert_msg (strstr (r->err.message, "30m") != NULL, "%s", r->err.message);
    ck_assert_ptr_null (strstr (r->err.message, "simulated"));
    ck_assert_str_eq (r->err.hint,
                      "farrier credential set r12-01 --user USER --password-file FILE");
    net_response_free (r);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq (status_of (&s, "GET", "/x"), FARRIER_E_AUTH);
    ck_assert_int_eq (s.b.logins, 1);
    struct session_status st;
    session_status (s.session, &st);
    ck_assert_int_eq (st.state, SESSION_LATCHED);

    clock_virtual_advance (31 * 60000);          /* the long back-off is over: once more */
    ck_assert_int_eq (status_of (&s, "GET", "/x"), FARRIER_E_AUTH);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), FARRIER_E_AUTH);
    ck_assert_int_eq (s.b.logins, 2);

    pthread_mutex_lock (&s.o.lock);              /* a person sets the right one */
    str_copy (s.o.password, sizeof s.o.password, "simulated");
    s.o.version++;
    pthread_mutex_unlock (&s.o.lock);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);
    ck_assert_int_eq (s.b.logins, 3);
    ck_assert_int_eq (test_bmc_count (s.bmc, "GET", "/x"), 1);
    end (&s);
    clock_virtual_stop ();
}
END_TEST

static int64_t
latched_for_s (struct setup *s)
{
    struct session_status st;
    session_status (s->session, &st);
    return (st.latched_until_ms - clock_boot_ms ()) / 1000;
}

/* A credential that has worked is doubted for a minute at first, and for ten seconds where the BMC
 * was just away: it is asked again soon, once. */
START_TEST (a_bmc_that_starts_is_asked_again_soon)
{
    static const int64_t waits_s[2][3] = { { 60, 120, 240 }, { 10, 60, 120 } };
    for (int away = 0; away < 2; away++) {
        struct setup s = { 0 };
        clock_virtual_start (1700000000000, 1000000);
        begin (&s, NULL);
        ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);
        pthread_mutex_lock (&s.b.lock);
        s.b.token[0] = '\0';
        s.b.login_status = 401;
        s.b.login_body = "{}";
        pthread_mutex_unlock (&s.b.lock);
        if (away == 1)
            ck_assert_int_lt (status_of (&s, "GET", "/reset"), 0);
        for (int i = 0; i < 3; i++) {
            ck_assert_int_eq (status_of (&s, "GET", "/x"), FARRIER_E_AUTH);
            ck_assert_int_eq (latched_for_s (&s), waits_s[away][i]);
            clock_virtual_advance (waits_s[away][i] * 1000);
        }
        ck_assert_int_eq (s.b.logins, 4);
        pthread_mutex_lock (&s.b.lock);
        s.b.login_status = 0;          /* it has started */
        pthread_mutex_unlock (&s.b.lock);
        ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);
        end (&s);
        clock_virtual_stop ();
    }
}
END_TEST

START_TEST (a_wrong_password_by_basic_is_tried_once)
{
    struct setup s = { .o.password = "wrong-simulated" };
    struct session_config c = { .basic_only = true };
    begin (&s, &c);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), 401);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), FARRIER_E_AUTH);
    ck_assert_int_eq (status_of (&s, "GET", "/y"), FARRIER_E_AUTH);
    ck_assert_int_eq (test_bmc_requests (s.bmc), 1);
    session_credential_changed (s.session);
    pthread_mutex_lock (&s.o.lock);
    str_copy (s.o.password, sizeof s.o.password, "simulated");
    pthread_mutex_unlock (&s.o.lock);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);
    end (&s);
}
END_TEST

START_TEST (an_idle_session_is_renewed_in_time)
{
    struct setup s = { .b.timeout_s = 100 };
    clock_virtual_start (1700000000000, 1000000);
    begin (&s, NULL);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);
    clock_virtual_advance (30000);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);       /* asks for SessionTimeout beside */
    while (test_bmc_count (s.bmc, "GET", "/redfish/v1/SessionService") == 0)
        sched_yield ();
    ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);
    for (int i = 0; i < 100 && s.b.logins == 1; i++) {
        clock_virtual_advance (81000);
        ck_assert_int_eq (status_of (&s, "POST", "/change"), 200);
    }
    ck_assert_int_eq (s.b.logins, 2);
    ck_assert_int_eq (test_bmc_count (s.bmc, "GET", "/redfish/v1/SessionService"), 1);
    end (&s);
    clock_virtual_stop ();
}
END_TEST

START_TEST (no_sessions_to_be_had_means_basic)
{
    static const struct {
        int status;
        const char *body, *note;
    } cases[] = {
        { 405, "", "405" },
        { 404, "", "404" },
        { 503, "{\"error\":{\"@Message.ExtendedInfo\":[{\"MessageId\":\"IDRAC.2.8.RAC0218\","
               "\"Message\":\"The maximum number of user sessions is reached.\"}]}}", "RAC0218" },
        { 400, "{\"error\":{\"@Message.ExtendedInfo\":[{\"MessageId\":"
               "\"Base.1.8.SessionLimitExceeded\"}]}}", "SessionLimitExceeded" },
        { 200, "{}", "without a token" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct setup s = { .b.login_status = cases[i].status, .b.login_body = cases[i].body };
        begin (&s, NULL);
        struct net_response *r = ask (&s, "GET", "/x", NET_AUTH_SESSION);
        ck_assert_msg (r->status == 200, "%d: %s", cases[i].status, r->err.message);
        ck_assert (r->basic);
        net_response_free (r);
        struct session_status st;
        session_status (s.session, &st);
        ck_assert_int_eq (st.state, SESSION_BASIC);
        ck_assert_msg (strstr (st.note, cases[i].note) != NULL, "%s", st.note);
        end (&s);
    }
}
END_TEST

START_TEST (a_due_password_change_is_told)
{
    struct setup s = { .b.login_status = 403,
                       .b.login_body = "{\"error\":{\"@Message.ExtendedInfo\":[{\"MessageId\":"
                                       "\"Base.1.8.PasswordChangeRequired\",\"MessageArgs\":"
                                       "[\"/redfish/v1/AccountService/Accounts/1\"]}]}}" };
    begin (&s, NULL);
    struct net_response *r = ask (&s, "GET", "/x", NET_AUTH_SESSION);
    ck_assert_int_eq (r->code, FARRIER_E_AUTH);
    ck_assert_ptr_nonnull (strstr (r->err.message, "/redfish/v1/AccountService/Accounts/1"));
    net_response_free (r);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), FARRIER_E_AUTH);
    ck_assert_int_eq (s.b.logins, 1);
    end (&s);
}
END_TEST

START_TEST (a_busy_bmc_is_not_a_wrong_password)
{
    struct setup s = { .b.login_status = 503, .b.login_body = "" };
    begin (&s, NULL);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), FARRIER_E_BUSY);
    pthread_mutex_lock (&s.b.lock);
    s.b.login_status = 0;
    pthread_mutex_unlock (&s.b.lock);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);
    end (&s);
}
END_TEST

START_TEST (some_want_basic_on_login)
{
    struct setup s = { .b.want_basic = true };
    struct session_config c = { .basic_on_login = true };
    begin (&s, &c);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);
    end (&s);
}
END_TEST

static void
on_logout (void *arg, int32_t code)
{
    struct owner *o = arg;
    pthread_mutex_lock (&o->lock);
    o->done += code == 0 ? 1 : 100;
    pthread_cond_broadcast (&o->changed);
    pthread_mutex_unlock (&o->lock);
}

static void
wait_dropped (struct owner *o, int done, int dropped)
{
    pthread_mutex_lock (&o->lock);
    while (o->done < done || o->dropped < dropped)
        pthread_cond_wait (&o->changed, &o->lock);
    pthread_mutex_unlock (&o->lock);
}

START_TEST (logout_deletes_and_a_saved_session_is_used)
{
    struct setup s = { 0 };
    begin (&s, NULL);
    str_copy (s.b.token, sizeof s.b.token, "saved-token");
    session_restore (s.session, "/redfish/v1/SessionService/Sessions/9", "saved-token");
    ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);
    ck_assert_int_eq (s.b.logins, 0);
    session_logout (s.session, on_logout, &s.o);
    wait_dropped (&s.o, 1, 1);
    ck_assert_int_eq (s.b.deletes, 1);
    ck_assert_str_eq (s.o.uri, "/redfish/v1/SessionService/Sessions/9");
    session_logout (s.session, on_logout, &s.o);
    wait_dropped (&s.o, 2, 1);
    ck_assert_int_eq (s.b.deletes, 1);
    session_delete_saved (s.session, "/redfish/v1/SessionService/Sessions/8", "gone", on_logout,
                          &s.o);
    wait_dropped (&s.o, 3, 2);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);
    ck_assert_int_eq (s.b.logins, 1);
    end (&s);
}
END_TEST

START_TEST (a_saved_session_that_is_gone_is_replaced)
{
    struct setup s = { 0 };
    begin (&s, NULL);
    session_restore (s.session, "/redfish/v1/SessionService/Sessions/9", "long-gone");
    ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);
    ck_assert_int_eq (s.b.logins, 1);
    end (&s);
}
END_TEST

START_TEST (the_token_may_be_put_into_headers)
{
    struct setup s = { 0 };
    begin (&s, NULL);
    struct net_header cookie = { "Cookie", "sessionKey=${session.token}; x=1" };
    struct net_response *r;
    struct net_request q = { .target = s.target, .path = "/x", .auth = NET_AUTH_SESSION,
                             .session = s.session, .headers = &cookie, .header_count = 1 };
    ck_assert_int_eq (net_perform (&q, NULL, &r), 0);
    ck_assert_int_eq (r->status, 200);
    net_response_free (r);
    end (&s);
}
END_TEST

START_TEST (basic_beside_a_session)
{
    struct setup s = { 0 };
    begin (&s, NULL);
    ck_assert_int_eq (status_of (&s, "GET", "/x"), 200);
    struct net_response *r = ask (&s, "GET", "/basic", NET_AUTH_BASIC);
    ck_assert_int_eq (r->status, 200);
    ck_assert (!r->basic);
    net_response_free (r);
    ck_assert_int_eq (s.b.logins, 1);
    end (&s);
}
END_TEST

START_TEST (no_credentials_over_plain_http)
{
    struct setup s = { 0 };
    begin (&s, NULL);
    struct net_target_config t = { .name = "plain", .base_url = "http://127.0.0.1:9" };
    struct net_target *target;
    ck_assert_int_eq (net_target_new (s.net, &t, &target, NULL), 0);
    struct net_response *r;
    struct net_request q = { .target = target, .path = "/x", .auth = NET_AUTH_SESSION,
                             .session = s.session };
    ck_assert_int_eq (net_perform (&q, NULL, &r), FARRIER_E_TLS);
    net_response_free (r);
    net_target_unref (target);
    end (&s);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        one_login_for_many_requests, the_service_root_says_where, older_services_have_it_elsewhere,
        a_lost_session_is_made_again_once, a_wrong_password_is_tried_once,
        a_bmc_that_starts_is_asked_again_soon,
        a_wrong_password_by_basic_is_tried_once, an_idle_session_is_renewed_in_time,
        no_sessions_to_be_had_means_basic, a_due_password_change_is_told,
        a_busy_bmc_is_not_a_wrong_password, some_want_basic_on_login,
        logout_deletes_and_a_saved_session_is_used, a_saved_session_that_is_gone_is_replaced,
        the_token_may_be_put_into_headers, basic_beside_a_session, no_credentials_over_plain_http,
        NULL
    };

    return testing_run ("session", tests);
}
