/* step-test: what a callback may look at and say, through the table that plugins get.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/step.h"

#include <string.h>

#include "base/json.h"
#include "base/testing.h"
#include "engine/record.h"
#include "farrier/sdk.h"

#undef fail                            /* check's own; the host's table has a member of that name */

/* --- a small op ----------------------------------------------------------------------------- */

static int32_t
done (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    (void) step;
    (void) err;
    return FARRIER_DONE;
}

static int32_t
pending_alone (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    (void) step;
    (void) err;
    return FARRIER_PENDING;
}

static int32_t
pending (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    return farrier_await_timer (step, 1000, "a pause", err) == FARRIER_OK ? FARRIER_PENDING
                                                                          : FARRIER_E_INTERNAL;
}

static int32_t
two_awaits (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    farrier_await_timer (step, 1000, "one", err);
    farrier_await_timer (step, 1000, "two", err);
    return FARRIER_PENDING;
}

static int32_t
done_and_await (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    farrier_await_timer (step, 1000, "one", err);
    return FARRIER_DONE;
}

static int32_t
large_bag (void *self, struct farrier_step *step, struct farrier_error *err)
{
    static char text[STEP_BAG_BYTES / 2];
    (void) self;
    (void) err;
    memset (text, 'x', sizeof text - 1);
    ck_assert_int_eq (farrier_state_set (step, "a", text), FARRIER_OK);
    ck_assert_int_eq (farrier_state_set (step, "b", text), FARRIER_E_NO_SPACE);
    return FARRIER_DONE;
}

static int32_t
no_path (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct farrier_http_request r = FARRIER_INIT (struct farrier_http_request);
    (void) self;
    r.path = "redfish/v1";
    return farrier_await_http (step, &r, err);
}

static int32_t
fails (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    farrier_hint (step, err, "look at the %s", "cable");
    return farrier_fail (step, err, FARRIER_E_UNREACHABLE, "no %s", "answer");
}

static struct plugin_op op;
static struct farrier_step step;
static atomic_bool cancelled;

static void
begin (farrier_callback *start)
{
    op = (struct plugin_op) { .def = { .name = "probe", .poll_min_ms = 7, .start = start } };
    struct step_input in = { .op = &op, .callback = PLUGIN_CALL_START, .job_id = "job-1",
                             .attempt_id = "att-1", .host_name = "n1", .attempt = 2,
                             .cancelled = &cancelled };
    step_init (&step, &in);
}

static const struct {
    const char *what;
    farrier_callback *start;
    int32_t want;
    const char *says;
} cases[] = {
    { "done", done, FARRIER_DONE, "" },
    { "pending with its await", pending, FARRIER_PENDING, "" },
    { "pending without one", pending_alone, FARRIER_E_PLUGIN_BUG, "PENDING without an await" },
    { "two awaits", two_awaits, FARRIER_E_PLUGIN_BUG, "more than one await" },
    { "done with an await", done_and_await, FARRIER_E_PLUGIN_BUG, "did not answer PENDING" },
    { "a bag that is too large", large_bag, FARRIER_E_PLUGIN_BUG, "16 KiB" },
    { "a path without a slash", no_path, FARRIER_E_PLUGIN_BUG, "begin with '/'" },
    { "an error of its own", fails, FARRIER_E_UNREACHABLE, "no answer" },
};

START_TEST (judge)
{
    struct farrier_error err = { .struct_size = sizeof err };
    begin (cases[_i].start);
    ck_assert_msg (step_run (&step, &err) == cases[_i].want, "%s", cases[_i].what);
    ck_assert_msg (strstr (err.message, cases[_i].says) != NULL, "%s: %s", cases[_i].what,
                   err.message);
    step_free (&step);
}
END_TEST

/* --- reconcile ------------------------------------------------------------------------------ */

static bool only_reads;

static int32_t
program (void *self, struct farrier_step *asked, struct farrier_error *err)
{
    static const char *const argv[] = { "/bin/true" };
    struct farrier_process p = FARRIER_INIT (struct farrier_process);
    (void) self;
    p.argv = (struct farrier_table) FARRIER_TABLE (argv);
    p.read_only = only_reads;
    int32_t rc = farrier_await_process (asked, &p, err);
    return rc == FARRIER_OK ? FARRIER_PENDING : rc;
}

/* It may wait for what it asks, but not for a change. */
START_TEST (reconcile_may_only_read)
{
    for (int i = 0; i < 2; i++) {
        struct farrier_error err = { .struct_size = sizeof err };
        only_reads = i == 1;
        begin (done);
        op.def.reconcile = program;
        step.in.callback = PLUGIN_CALL_RECONCILE;
        ck_assert_int_eq (step_run (&step, &err),
                          only_reads ? FARRIER_PENDING : FARRIER_E_PLUGIN_BUG);
        ck_assert (only_reads || strstr (err.message, "may only read") != NULL);
        ck_assert (step.await_changing == !only_reads);
        step_free (&step);
    }
}
END_TEST

/* --- values --------------------------------------------------------------------------------- */

START_TEST (job_context)
{
    begin (done);
    json_t *context = json_pack ("{s{ss}}", "facts", "vendor", "Acme");
    step.in.context = context;
    ck_assert_str_eq (farrier_json_str (farrier_context (&step, "/facts/vendor")), "Acme");
    ck_assert_ptr_null (farrier_context (&step, "/plan"));
    step_free (&step);
    json_decref (context);
}
END_TEST

START_TEST (values)
{
    int64_t number = 0;
    begin (done);
    const struct farrier_json *v = farrier_json_parse (
        &step, "{\"a/b\":[1,{\"c\":\"x\"}],\"t\":true,\"n\":-5,\"z\":null}");
    ck_assert_ptr_nonnull (v);
    ck_assert_str_eq (farrier_json_str_at (v, "/a~1b/1/c"), "x");
    ck_assert_ptr_null (farrier_json_str_at (v, "/a~1b/0"));
    ck_assert_ptr_null (farrier_json_at (v, "/a~1b/7"));
    ck_assert_ptr_null (farrier_json_at (v, "/nothing/here"));
    ck_assert_int_eq (farrier_json_i64 (farrier_json_at (v, "/n"), &number), FARRIER_OK);
    ck_assert_int_eq (number, -5);
    ck_assert_int_lt (farrier_json_i64 (farrier_json_at (v, "/t"), &number), 0);
    ck_assert_int_eq (farrier_json_bool (farrier_json_at (v, "/t")), 1);
    ck_assert_uint_eq (farrier_json_count (farrier_json_at (v, "/a~1b")), 2);
    ck_assert_uint_eq (farrier_json_count (NULL), 0);
    ck_assert_ptr_null (farrier_json_str (NULL));
    ck_assert_ptr_null (farrier_json_parse (&step, "{\"a\":"));
    step_free (&step);
}
END_TEST

START_TEST (state_and_results)
{
    begin (done);
    ck_assert_ptr_null (farrier_state_get (&step, "k"));
    ck_assert_int_eq (farrier_state_set (&step, "k", "v"), FARRIER_OK);
    ck_assert_str_eq (farrier_state_get (&step, "k"), "v");
    ck_assert_int_eq (farrier_state_set (&step, "k", "\xff"), FARRIER_E_INVALID);
    ck_assert_str_eq (farrier_state_get (&step, "k"), "v");
    farrier_state_del (&step, "k");
    ck_assert_ptr_null (farrier_state_get (&step, "k"));
    ck_assert_int_eq (farrier_result_set (&step, "r", farrier_json_integer (&step, 4)), FARRIER_OK);
    ck_assert_int_eq (json_int_or (step.results, "/r", 0), 4);
    ck_assert_int_eq (farrier_result_set (&step, NULL, farrier_json_integer (&step, 4)),
                      FARRIER_E_INVALID);
    step_free (&step);
}
END_TEST

START_TEST (needs)
{
    begin (done);
    json_t *context = json_object ();
    record_set_needs (context, 1u << FARRIER_REBOOT_HOST_RESET);
    step.in.context = context;
    farrier_needs (&step, FARRIER_REBOOT_BMC_RESET);
    farrier_needs (&step, 99);
    ck_assert_uint_eq (farrier_needed (&step), FARRIER_REBOOT_BIT (FARRIER_REBOOT_HOST_RESET)
                                                   | FARRIER_REBOOT_BIT (FARRIER_REBOOT_BMC_RESET));
    farrier_needs_done (&step, FARRIER_REBOOT_HOST_RESET);
    ck_assert_uint_eq (farrier_needed (&step), FARRIER_REBOOT_BIT (FARRIER_REBOOT_BMC_RESET));
    step_free (&step);
    json_decref (context);
}
END_TEST

/* --- awaits as they are journaled ------------------------------------------------------------ */

START_TEST (request_is_journaled)
{
    struct farrier_http_request r = FARRIER_INIT (struct farrier_http_request);
    struct farrier_guard guard = { .uri = "/u", .pointer = "/v", .expected = "1" };
    struct farrier_error err = { .struct_size = sizeof err };
    begin (done);
    r.path = "/redfish/v1/X";
    r.body = "{}";
    r.guards = (struct farrier_table) FARRIER_TABLE_OF (&guard, 1);
    ck_assert_int_eq (farrier_await_http (&step, &r, &err), FARRIER_OK);
    ck_assert (step.await_changing);
    ck_assert_str_eq (json_str (step.await, "/kind"), "http");
    ck_assert_str_eq (json_str (step.await, "/method"), "POST");
    ck_assert_str_eq (json_str (step.await, "/endpoint"), "bmc");
    ck_assert_str_eq (json_str (step.await, "/guards/0/expected"), "1");
    ck_assert_int_eq (json_int_or (step.await, "/guards/0/code", 0), FARRIER_E_PRECONDITION);
    step_free (&step);

    begin (done);
    r.flags = FARRIER_REQUEST_READ_ONLY;
    ck_assert_int_eq (farrier_await_http (&step, &r, &err), FARRIER_OK);
    ck_assert (!step.await_changing);
    step_free (&step);
}
END_TEST

/* An older plugin's struct ends earlier: what it does not have is zero, whatever lies behind it. */
START_TEST (shorter_struct)
{
    struct farrier_http_request r;
    struct farrier_error err = { .struct_size = sizeof err };
    memset (&r, 0x7f, sizeof r);
    r.struct_size = offsetof (struct farrier_http_request, content_type);
    r.flags = 0;
    r.endpoint = NULL;
    r.method = "PATCH";
    r.path = "/p";
    begin (done);
    ck_assert_int_eq (farrier_await_http (&step, &r, &err), FARRIER_OK);
    ck_assert_ptr_null (json_str (step.await, "/body"));
    ck_assert_ptr_null (json_object_get (step.await, "guards"));
    ck_assert_ptr_null (json_object_get (step.await, "timeout_ms"));
    step_free (&step);

    struct farrier_step_info info;
    memset (&info, 0x7f, sizeof info);
    info.struct_size = offsetof (struct farrier_step_info, attempt) + sizeof info.attempt;
    begin (done);
    farrier_step_info (&step, &info);
    ck_assert_uint_eq (info.attempt, 2);
    ck_assert_uint_eq (info.struct_size,
                       offsetof (struct farrier_step_info, attempt) + sizeof info.attempt);
    ck_assert_int_eq (((unsigned char *) &info)[info.struct_size], 0x7f);
    step_free (&step);
}
END_TEST

START_TEST (task_takes_the_ops_intervals)
{
    struct farrier_task t = FARRIER_INIT (struct farrier_task);
    struct farrier_error err = { .struct_size = sizeof err };
    begin (done);
    ck_assert_int_eq (farrier_await_task (&step, &t, &err), FARRIER_E_PLUGIN_BUG);
    t.uri = "/t";
    ck_assert_int_eq (farrier_await_task (&step, &t, &err), FARRIER_OK);
    ck_assert_int_eq (json_int_or (step.await, "/poll_min_ms", 0), 7);
    ck_assert (!step.await_changing);
    step_free (&step);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { reconcile_may_only_read, job_context, values,
                                          state_and_results, needs, request_is_journaled,
                                          shorter_struct, task_takes_the_ops_intervals, NULL };
    Suite *s = suite_create ("step");
    TCase *tc = tcase_create ("step");
    tcase_add_loop_test (tc, judge, 0, COUNT_OF (cases));
    for (size_t i = 0; tests[i] != NULL; i++)
        tcase_add_test (tc, tests[i]);
    suite_add_tcase (s, tc);
    SRunner *r = srunner_create (s);
    srunner_run_all (r, CK_ENV);
    int failed = srunner_ntests_failed (r);
    srunner_free (r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
