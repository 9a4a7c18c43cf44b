/* library-test: a plugin that is linked in, tried with nothing but farrier/test.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>
#include <string.h>

#include "farrier/sdk.h"
#include "farrier/test.h"

#define SYSTEM "/redfish/v1/Systems/1"
#define DRAIN SYSTEM "/Actions/Oem/Acme.Drain"

/* --- a plugin: it drains a host and waits until it is drained ------------------------------- */

static int32_t
drain_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    const struct farrier_response *now = NULL;
    (void) self;
    int32_t rc = farrier_http_get (step, NULL, SYSTEM, NULL, &now, err);
    if (rc < 0)
        return rc;
    if (farrier_response_status (now) != 200)
        return farrier_fail_http (step, err, now, "the system can't be read");
    const char *state = farrier_json_str_at (farrier_response_json (now), "/Oem/Acme/Drain");
    if (state != NULL && strcmp (state, "Drained") == 0)
        return farrier_skip (step, "it is drained already");
    farrier_state_set (step, "asked", "yes");
    struct farrier_http_request ask = FARRIER_INIT (struct farrier_http_request);
    ask.method = "POST";
    ask.path = DRAIN;
    ask.body = "{}";
    ask.label = "ask it to drain";
    rc = farrier_await_http (step, &ask, err);
    return rc < 0 ? rc : FARRIER_PENDING;
}

static int32_t
wait_for_it (struct farrier_step *step, struct farrier_error *err)
{
    struct farrier_until until = FARRIER_INIT (struct farrier_until);
    until.uri = SYSTEM;
    until.pointer = "/Oem/Acme/Drain";
    until.wanted = "Drained";
    until.within_ms = (uint32_t) farrier_param_i64 (step, "timeout");
    until.label = "wait until it is drained";
    int32_t rc = farrier_await_until (step, &until, err);
    return rc < 0 ? rc : FARRIER_PENDING;
}

static int32_t
drain_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct farrier_wake wake = FARRIER_INIT (struct farrier_wake);
    (void) self;
    farrier_wake (step, &wake);
    if (wake.code != 0)
        return farrier_fail (step, err, wake.code, "%s: %s", wake.label,
                             wake.message == NULL ? "no reason given" : wake.message);
    if (wake.kind != FARRIER_WAKE_RESPONSE) {
        farrier_result_set (step, "drained", farrier_json_boolean (step, 1));
        return FARRIER_DONE;
    }
    if (farrier_response_status (wake.response) >= 300)
        return farrier_fail_http (step, err, wake.response, "it does not want to drain");
    return wait_for_it (step, err);
}

static int32_t
drain_reconcile (void *self, struct farrier_step *step, struct farrier_error *err)
{
    const struct farrier_response *now = NULL;
    (void) self;
    int32_t rc = farrier_http_get (step, NULL, SYSTEM, NULL, &now, err);
    if (rc < 0)
        return rc;
    const char *state = farrier_json_str_at (farrier_response_json (now), "/Oem/Acme/Drain");
    if (state == NULL || strcmp (state, "No") == 0)
        return FARRIER_NOT_STARTED;
    rc = wait_for_it (step, err);
    return rc < 0 ? rc : FARRIER_ADOPT;
}

static const struct farrier_param params[] = {
    { .name = "timeout", .type = FARRIER_PARAM_DURATION, .default_value = "5m",
      .help = "how long it may take", .since = "1.0.0" },
};
static const struct farrier_result_desc results[] = {
    { .name = "drained", .type = FARRIER_PARAM_BOOL, .help = "whether it is" },
};
static const struct farrier_op ops[] = {
    { .name = "acme_bmc.drain", .version = 1, .flags = FARRIER_OP_NEEDS_BMC, .help = "drains it",
      .params = FARRIER_TABLE (params), .results = FARRIER_TABLE (results), .settle_ms = 10000,
      .start = drain_start, .poll = drain_poll, .reconcile = drain_reconcile },
};
static const struct farrier_plugin plugin = {
    FARRIER_PLUGIN_PREAMBLE, .name = "acme_bmc", .version = "1.0.0", .vendor = "Acme",
    .description = "an example", .license = "Apache-2.0", .ops = FARRIER_TABLE (ops),
};

/* --- its BMC -------------------------------------------------------------------------------- */

static int64_t drained_at_ms;

static int
take_drain (void *arg, struct farrier_test *t, const struct farrier_test_request *request,
            struct farrier_test_reply *ret)
{
    (void) arg;
    (void) request;
    farrier_test_set (t, SYSTEM, "/Oem/Acme/Drain", "\"Draining\"");
    drained_at_ms = farrier_test_now_ms (t) + 60000;
    ret->status = 204;
    return 1;
}

static int
refuse (void *arg, struct farrier_test *t, const struct farrier_test_request *request,
        struct farrier_test_reply *ret)
{
    (void) arg;
    (void) t;
    ret->status = request->number == 1 ? 401 : 500;
    return 1;
}

static void
on_time (void *arg, struct farrier_test *t)
{
    (void) arg;
    if (drained_at_ms != 0 && farrier_test_now_ms (t) >= drained_at_ms)
        farrier_test_set (t, SYSTEM, "/Oem/Acme/Drain", "\"Drained\"");
}

static struct farrier_test *
make (void)
{
    struct farrier_test *t = farrier_test_new (&plugin);
    drained_at_ms = 0;
    farrier_test_document (t, SYSTEM, "{\"Oem\": {\"Acme\": {\"Drain\": \"No\"}}}");
    farrier_test_on (t, "POST", DRAIN, take_drain, NULL);
    farrier_test_on_time (t, on_time, NULL);
    return t;
}

/* --- tests ---------------------------------------------------------------------------------- */

static void
runs_to_its_end (void)
{
    struct farrier_test *t = make ();
    int64_t before = farrier_test_now_ms (t);
    int32_t rc = farrier_test_run (t, "acme_bmc.drain", NULL);
    farrier_test_ok (rc == FARRIER_DONE, "drains: %s", farrier_test_error (t)->message);
    farrier_test_ok (farrier_test_now_ms (t) - before >= 60000, "in a minute of its own clock");
    farrier_test_ok (farrier_test_count (t, "POST", "*") == 1, "asked once");
    farrier_test_ok (farrier_test_awaits (t) == 2, "two awaits");
    const char *drained = farrier_test_result (t, "drained");
    farrier_test_ok (drained != NULL && strcmp (drained, "true") == 0, "says so");
    rc = farrier_test_run (t, "acme_bmc.drain", NULL);
    farrier_test_ok (rc == FARRIER_SKIPPED, "the second time: %s", farrier_test_skip_reason (t));
    farrier_test_free (t);
}

static void
step_by_step (void)
{
    struct farrier_test *t = make ();
    int32_t rc = farrier_test_start (t, "acme_bmc.drain", "{\"timeout\": \"10m\"}");
    const char *await = farrier_test_await (t);
    farrier_test_ok (rc == FARRIER_PENDING && await != NULL
                         && strstr (await, "ask it to drain") != NULL,
                     "waits for the answer");
    farrier_test_ok (strcmp (farrier_test_state (t, "asked"), "yes") == 0, "keeps its state");
    struct farrier_test_outcome busy = { .status = 503, .delivery = FARRIER_DELIVERY_ANSWERED };
    rc = farrier_test_deliver (t, &busy);
    farrier_test_ok (rc == FARRIER_E_BUSY, "a 503 is BUSY: %s", farrier_test_error (t)->message);
    farrier_test_free (t);

    t = make ();
    farrier_test_start (t, "acme_bmc.drain", NULL);
    rc = farrier_test_wake (t);
    farrier_test_ok (rc == FARRIER_PENDING && farrier_test_count (t, "POST", "*") == 1,
                     "carries the await out");
    farrier_test_ok (farrier_test_repeat (t) == FARRIER_PENDING, "the callback may run twice");
    farrier_test_ok (farrier_test_finish (t) == FARRIER_DONE, "goes on to the end");
    farrier_test_free (t);
}

static void
crashes (int32_t delivery, const char *name)
{
    struct farrier_test *t = make ();
    farrier_test_crash_at (t, 1, delivery);
    int32_t rc = farrier_test_run (t, "acme_bmc.drain", NULL);
    farrier_test_ok (rc == FARRIER_DONE && farrier_test_count (t, "POST", "*") == 1,
                     "after a crash with delivery %s it is done, and was asked once", name);
    farrier_test_free (t);
}

static void
goes_wrong (void)
{
    struct farrier_test *t = make ();
    farrier_test_document (t, SYSTEM, NULL);
    int32_t rc = farrier_test_run (t, "acme_bmc.drain", NULL);
    farrier_test_ok (rc == FARRIER_E_UNSUPPORTED, "no system: %s",
                     farrier_test_error (t)->message);
    farrier_test_free (t);

    t = make ();
    farrier_test_away (t, 3600000);
    rc = farrier_test_run (t, "acme_bmc.drain", NULL);
    farrier_test_ok (rc == FARRIER_E_UNREACHABLE, "no BMC: %s", farrier_test_error (t)->message);
    farrier_test_ok (farrier_test_broken (t) == NULL, "no rule is broken");
    farrier_test_free (t);

    t = make ();
    farrier_test_answer (t, "*", "/redfish/v1/Elsewhere", 200, NULL, "{}");
    farrier_test_on (t, "GET", SYSTEM, refuse, NULL);
    rc = farrier_test_run (t, "acme_bmc.drain", NULL);
    farrier_test_ok (rc == FARRIER_E_AUTH, "no login: %s", farrier_test_error (t)->message);
    farrier_test_free (t);
}

/* --- a plugin that does not keep the rules -------------------------------------------------- */

static int32_t
rude_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    (void) step;
    (void) err;
    setenv ("FARRIER_TEST_RUDE", "yes", 1);
    return FARRIER_DONE;
}

static const struct farrier_op rude_ops[] = {
    { .name = "rude.work", .version = 1, .flags = FARRIER_OP_IDEMPOTENT, .help = "works",
      .start = rude_start },
};
static const struct farrier_plugin rude = {
    FARRIER_PLUGIN_PREAMBLE, .name = "rude", .version = "1.0.0", .vendor = "Acme",
    .description = "an example", .license = "Apache-2.0", .ops = FARRIER_TABLE (rude_ops),
};

static void
sees_rules (void)
{
    struct farrier_test *t = farrier_test_new (&rude);
    farrier_test_run (t, "rude.work", NULL);
    const char *broken = farrier_test_broken (t);
    farrier_test_ok (broken != NULL && strncmp (broken, "R8: ", 4) == 0, "a broken rule: %s",
                     broken == NULL ? "none" : broken);
    farrier_test_free (t);
}

int
main (void)
{
    sees_rules ();
    runs_to_its_end ();
    step_by_step ();
    crashes (FARRIER_DELIVERY_NONE, "NONE");
    crashes (FARRIER_DELIVERY_MAYBE, "MAYBE");
    crashes (FARRIER_DELIVERY_ANSWERED, "ANSWERED");
    goes_wrong ();
    return farrier_test_end ();
}
