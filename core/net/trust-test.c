/* Tests of trust.h: nothing is sent to a BMC whose certificate is not the right one.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/trust.h"

#include <string.h>

#include "base/str.h"
#include "base/testing.h"
#include "net/http.h"
#include "net/test_bmc.h"

static struct net *net;

struct setup {
    struct test_bmc *bmc;
    struct net_target *target;
};

static void
answer (struct test_exchange *x)
{
    test_answer (x, 200, NULL, "{}");
}

static struct setup
begin (struct net_target_config *config)
{
    struct setup s = { 0 };
    struct test_bmc_options o = { .handle = answer };
    struct err err;
    s.bmc = test_bmc_start (&o);
    ck_assert_int_eq (net_start (NULL, &net, &err), 0);
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

struct first {
    int calls;
    bool answer;
    char pin[TRUST_PIN_SIZE];
};

static bool
on_first (void *arg, const char *host_name, const char *sha256, const char *subject,
          const char *not_after)
{
    struct first *f = arg;
    ck_assert_str_eq (host_name, "r12-01");
    ck_assert_ptr_nonnull (strstr (subject, "CN="));
    ck_assert_int_eq (not_after[4], '-');
    str_copy (f->pin, sizeof f->pin, sha256);
    f->calls++;
    return f->answer;
}

START_TEST (first_contact_pins_and_a_change_is_refused)
{
    struct first first = { .answer = true };
    struct net_target_config c = { .name = "r12-01", .trust = { .first = on_first,
                                                                .first_arg = &first } };
    struct setup s = begin (&c);
    struct net_response *r = ask (s.target, "GET", "/", NULL);
    ck_assert_msg (r->code == 0, "%s", r->err.message);
    ck_assert_str_eq (r->cert_sha256, test_bmc_sha256 (s.bmc));
    ck_assert_str_eq (first.pin, test_bmc_sha256 (s.bmc));
    net_response_free (r);

    test_bmc_new_certificate (s.bmc);
    r = ask (s.target, "POST", "/secret", "{}");
    ck_assert_int_eq (r->code, FARRIER_E_TLS);
    ck_assert_int_eq (r->delivery, FARRIER_DELIVERY_NONE);
    ck_assert_ptr_nonnull (strstr (r->err.message, first.pin));
    ck_assert_ptr_nonnull (strstr (r->err.message, test_bmc_sha256 (s.bmc)));
    ck_assert_str_eq (r->err.hint,
                      "if it was changed on purpose: farrier host trust r12-01 --forget");
    net_response_free (r);
    ck_assert_int_eq (first.calls, 1);
    ck_assert_int_eq (test_bmc_count (s.bmc, "POST", NULL), 0);

    struct net_certificate shown;
    struct err err;
    ck_assert_int_eq (net_certificate_get (s.target, &shown, &err), 0);
    ck_assert_str_eq (shown.sha256, test_bmc_sha256 (s.bmc));
    ck_assert (!shown.expired);
    end (&s);
}
END_TEST

START_TEST (first_contact_may_be_refused)
{
    struct first first = { .answer = false };
    struct net_target_config c = { .name = "r12-01", .trust = { .first = on_first,
                                                                .first_arg = &first } };
    struct setup s = begin (&c);
    struct net_response *r = ask (s.target, "GET", "/", NULL);
    ck_assert_int_eq (r->code, FARRIER_E_TLS);
    ck_assert_ptr_nonnull (strstr (r->err.message, test_bmc_sha256 (s.bmc)));
    net_response_free (r);
    ck_assert_int_eq (test_bmc_requests (s.bmc), 0);
    end (&s);
}
END_TEST

START_TEST (expired_certificates_are_named_with_their_date)
{
    for (int accept = 0; accept < 2; accept++) {
        struct first first = { .answer = true };
        struct test_bmc_options o = { .handle = answer, .expired = true };
        struct test_bmc *bmc = test_bmc_start (&o);
        struct err err;
        ck_assert_int_eq (net_start (NULL, &net, &err), 0);
        struct net_target_config c = { .name = "r12-01", .base_url = test_bmc_url (bmc),
                                       .trust = { .first = on_first, .first_arg = &first,
                                                  .accept_expired = accept == 1 } };
        struct net_target *t;
        ck_assert_int_eq (net_target_new (net, &c, &t, &err), 0);
        struct net_response *r = ask (t, "GET", "/", NULL);
        ck_assert_int_eq (r->code, accept == 1 ? 0 : FARRIER_E_TLS);
        if (accept == 0)
            ck_assert_ptr_nonnull (strstr (r->err.message, "has expired on 20"));
        ck_assert_int_eq (first.calls, accept);
        net_response_free (r);
        net_target_unref (t);
        net_stop (net, NET_STOP_ABORT, 0);
        test_bmc_stop (bmc);
    }
}
END_TEST

static int32_t
ca_get (struct test_bmc *bmc, const char *pem, char *ret_message, size_t size)
{
    struct err err;
    struct net_target_config c = { .name = "r12-01", .base_url = test_bmc_url (bmc),
                                   .trust = { .mode = TRUST_CA, .ca_pem = pem } };
    struct net_target *t;
    ck_assert_int_eq (net_target_new (net, &c, &t, &err), 0);
    struct net_response *r = ask (t, "GET", "/", NULL);
    int32_t code = r->code;
    str_copy (ret_message, size, r->err.message);
    net_response_free (r);
    net_target_unref (t);
    return code;
}

START_TEST (a_ca_decides)
{
    struct test_bmc_options o = { .handle = answer }, other_name = { .handle = answer,
                                                                   .name = "other.example" };
    struct test_bmc *bmc = test_bmc_start (&o), *stranger = test_bmc_start (&o),
                    *renamed = test_bmc_start (&other_name);
    char message[400];
    ck_assert_int_eq (net_start (NULL, &net, NULL), 0);
    ck_assert_msg (ca_get (bmc, test_bmc_pem (bmc), message, sizeof message) == 0, "%s", message);
    ck_assert_int_eq (ca_get (bmc, test_bmc_pem (stranger), message, sizeof message),
                      FARRIER_E_TLS);
    ck_assert_msg (strstr (message, "not trusted") != NULL, "%s", message);
    ck_assert_int_eq (ca_get (renamed, test_bmc_pem (renamed), message, sizeof message),
                      FARRIER_E_TLS);
    ck_assert_msg (strstr (message, "another name") != NULL, "%s", message);
    net_stop (net, NET_STOP_ABORT, 0);
    test_bmc_stop (bmc);
    test_bmc_stop (stranger);
    test_bmc_stop (renamed);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        first_contact_pins_and_a_change_is_refused, first_contact_may_be_refused,
        expired_certificates_are_named_with_their_date, a_ca_decides, NULL
    };

    return testing_run ("trust", tests);
}
