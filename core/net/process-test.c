/* Tests of process.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/process.h"

#include <signal.h>
#include <string.h>

#include "base/testing.h"

static struct process_result *
run (struct net *net, const char *script, struct process_spec spec)
{
    const char *const argv[] = { "/bin/sh", "-c", script, NULL };
    struct process_result *result;
    spec.argv = argv;
    process_run (net, &spec, NULL, &result);
    return result;
}

START_TEST (output_status_and_environment)
{
    static const struct {
        const char *script, *in, *out, *err;
        int status;
    } cases[] = {
        { "echo a; echo b >&2; exit 3", "", "a\n", "b\n", 3 },
        { "cat", "some bytes", "some bytes", "", 0 },
        { "kill -9 $$", "", "", "", -SIGKILL },
        { "exit 0", "never read", "", "", 0 },
        { "echo $HOME-$LANG; pwd", "", "-C\n/\n", "", 0 },
        { "read x; echo \"[$x]\"", "", "[]\n", "", 0 },
    };
    struct net *net;
    ck_assert_int_eq (net_start (NULL, &net, NULL), 0);
    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        struct process_spec spec = { .stdin_bytes = cases[i].in,
                                     .stdin_len = strlen (cases[i].in) };
        struct process_result *r = run (net, cases[i].script, spec);
        ck_assert_msg (r->code == 0, "%s", r->err.message);
        ck_assert_int_eq (r->exit_status, cases[i].status);
        ck_assert_str_eq (r->out.len == 0 ? "" : r->out.data, cases[i].out);
        ck_assert_str_eq (r->err_out.len == 0 ? "" : r->err_out.data, cases[i].err);
        ck_assert (!r->truncated);
        process_result_free (r);
    }
    net_stop (net, NET_STOP_ABORT, 0);
}
END_TEST

START_TEST (output_is_capped)
{
    struct net *net;
    ck_assert_int_eq (net_start (NULL, &net, NULL), 0);
    struct process_spec spec = { .max_output_bytes = 1000 };
    struct process_result *r = run (net, "head -c 500000 /dev/zero", spec);
    ck_assert_int_eq (r->code, 0);
    ck_assert_uint_eq (r->out.len, 1000);
    ck_assert (r->truncated);
    process_result_free (r);
    net_stop (net, NET_STOP_ABORT, 0);
}
END_TEST

START_TEST (time_limits_end_the_whole_group)
{
    struct net *net;
    ck_assert_int_eq (net_start (NULL, &net, NULL), 0);
    struct process_spec spec = { .timeout_ms = 100 };
    struct process_result *r = run (net, "sleep 1000 & sleep 1000", spec);
    ck_assert_int_eq (r->code, FARRIER_E_TIMEOUT);
    ck_assert_int_eq (r->exit_status, -SIGTERM);
    ck_assert_int_lt (r->elapsed_ms, 20000);
    process_result_free (r);
    net_stop (net, NET_STOP_ABORT, 0);
}
END_TEST

START_TEST (what_cannot_start_says_why)
{
    static const char *const names[] = { "/nonexistent/tool", "sh", "/etc/passwd" };
    struct net *net;
    ck_assert_int_eq (net_start (NULL, &net, NULL), 0);
    for (size_t i = 0; i < COUNT_OF (names); i++) {
        const char *const argv[] = { names[i], NULL };
        struct process_spec spec = { .argv = argv };
        struct process_result *r;
        ck_assert_msg (process_run (net, &spec, NULL, &r) == ERR_IO, "%s: %d", names[i],
                       r->exit_status);
        ck_assert_ptr_nonnull (strstr (r->err.message, names[i]));
        process_result_free (r);
    }
    net_stop (net, NET_STOP_ABORT, 0);
}
END_TEST

static void
on_done (void *arg, struct process_result *result)
{
    *(int32_t *) arg = result->code;
    process_result_free (result);
}

START_TEST (stop_and_cancel_end_children)
{
    const char *const argv[] = { "/bin/sleep", "1000", NULL };
    struct process_spec spec = { .argv = argv };
    atomic_bool cancelled = true;
    struct process_result *r;
    struct net *net;
    int32_t code = 0;
    ck_assert_int_eq (net_start (NULL, &net, NULL), 0);
    ck_assert_int_eq (process_run (net, &spec, &cancelled, &r), FARRIER_E_CANCELLED);
    ck_assert_int_eq (r->exit_status, -SIGTERM);
    process_result_free (r);
    process_start (net, &spec, on_done, &code);
    net_stop (net, NET_STOP_ABORT, 0);
    ck_assert_int_eq (code, FARRIER_E_CANCELLED);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        output_status_and_environment, output_is_capped, time_limits_end_the_whole_group,
        what_cannot_start_says_why, stop_and_cancel_end_children, NULL
    };

    return testing_run ("process", tests);
}
