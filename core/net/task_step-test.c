/* Tests of task_step.h: each case is a story told by a BMC, a look a line.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/task_step.h"

#include <string.h>

#include "base/json.h"
#include "base/testing.h"

#define AWAY (-1)                      /* nothing answers */

struct line {
    int64_t at_ms;
    int status;                        /* or AWAY */
    const char *body;                  /* NULL = none */
    const char *then;                  /* where it looks next; "done", "failed", … when it ends */
    int64_t retry_after_ms;
};

static struct task_decision
feed (struct task_step *step, const struct line *line)
{
    struct look look = { .status = line->status, .retry_after_ms = line->retry_after_ms == 0
                                                                       ? -1
                                                                       : line->retry_after_ms };
    if (line->status == AWAY) {
        look.status = 0;
        look.code = err_set (&look.err, FARRIER_E_UNREACHABLE, "nobody there");
    }
    if (line->body != NULL) {
        struct err err;
        look.doc = json_parse (line->body, strlen (line->body), &err);
        ck_assert_msg (look.doc != NULL, "%s", err.message);
    }
    struct task_decision d = task_step_feed (step, line->at_ms, &look);
    json_decref (look.doc);
    return d;
}

static const char *
end_name (const struct task_step *step)
{
    static const char *const names[] = { "done", "failed", "vanished", "needs reset", "unchanged" };
    return step->result.code != 0 ? err_code_name (step->result.code) : names[step->result.end];
}

static void
tell (struct task_step *step, const struct watch_task *spec, const struct line *lines)
{
    task_step_init (step, spec, 0);
    for (; lines->then != NULL; lines++) {
        struct task_decision d = feed (step, lines);
        const char *then = d.end ? end_name (step) : d.path;
        ck_assert_msg (strcmp (then, lines->then) == 0, "at %lld: %s, not %s (%s)",
                       (long long) lines->at_ms, then, lines->then, step->result.err.message);
    }
}

#define T "/redfish/v1/TaskService/Tasks/1"
#define M "/redfish/v1/TaskService/Tasks/1/Monitor"
#define J "/redfish/v1/JobService/Jobs/1"
#define RUNNING "{\"TaskState\":\"Running\",\"PercentComplete\":40,\"StartTime\":\"2026-01-01\"}"

START_TEST (runs_and_completes)
{
    struct watch_task spec = { .uri = T };
    struct task_step step;
    tell (&step, &spec, (struct line[]) {
        { 0, 200, "{\"TaskState\":\"New\",\"PercentComplete\":null}", T, 0 },
        { 1, 200, RUNNING, T, 0 },
        { 2, 200, "{\"TaskState\":\"Completed\",\"TaskStatus\":\"OK\"}", "done", 0 }, { 0 } });
    ck_assert_uint_eq (step.percent, 100);
    ck_assert_uint_eq (step.result.polls, 3);
    ck_assert (!step.result.gap_seen);
    ck_assert_str_eq (json_str (step.result.document, "/TaskState"), "Completed");
    task_step_clear (&step);
}
END_TEST

START_TEST (states_are_understood)
{
    static const struct {
        const char *body, *then;
    } cases[] = {
        { "{\"TaskState\":\"Completed\",\"TaskStatus\":\"Warning\"}", "done" },
        { "{\"TaskState\":\"Completed\",\"TaskStatus\":\"Critical\"}", "failed" },
        { "{\"TaskState\":\"Completed\"}", "done" },
        { "{\"TaskState\":\"Completed\",\"Messages\":[{\"MessageId\":\"Update.1.0.ApplyFailed\"}]}",
          "failed" },
        { "{\"TaskState\":\"Exception\"}", "failed" },
        { "{\"TaskState\":\"Failed\"}", "failed" },
        { "{\"JobState\":\"CompletedWithErrors\"}", "failed" },
        { "{\"TaskState\":\"Scheduled\"}", "needs reset" },
        { "{\"TaskState\":\"UserIntervention\"}", "needs reset" },
        { "{\"TaskState\":\"foobared\"}", T },
        { "{\"TaskState\":\"Downloading\"}", T },
        { "{\"TaskState\":7}", T },
        { "[]", T },
    };
    struct watch_task spec = { .uri = T };
    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        struct task_step step;
        tell (&step, &spec, (struct line[]) { { 0, 200, cases[i].body, cases[i].then, 0 },
                                              { 0 } });
        task_step_clear (&step);
    }
}
END_TEST

START_TEST (a_failure_is_told_in_its_own_words)
{
    struct watch_task spec = { .uri = T };
    struct task_step step;
    tell (&step, &spec, (struct line[]) {
        { 0, 200, "{\"TaskState\":\"Exception\",\"Messages\":["
                  "{\"MessageId\":\"Update.1.0.TransferringToComponent\",\"Message\":\"a\"},"
                  "{\"MessageId\":\"Update.1.0.VerificationFailed\",\"Message\":\"bad image\"},"
                  "{\"MessageId\":\"TaskEvent.1.0.TaskProgressChanged\",\"Message\":\"b\"}]}",
          "failed", 0 }, { 0 } });
    ck_assert_int_eq (step.result.err.code, FARRIER_E_REJECTED);
    ck_assert_str_eq (step.result.vendor_id, "Update.1.0.VerificationFailed");
    ck_assert_ptr_nonnull (strstr (step.result.err.message, "bad image"));
    task_step_clear (&step);
}
END_TEST

START_TEST (percent_grows_and_messages_are_shown_once)
{
    struct watch_task spec = { .uri = T };
    struct task_step step;
    struct watch_task_progress p;
    static const char m1[] = "{\"TaskState\":\"Running\",\"PercentComplete\":50,\"Messages\":["
                             "{\"MessageId\":\"A.1.B\",\"Message\":\"one\"}]}";
    task_step_init (&step, &spec, 0);
    ck_assert (feed (&step, &(struct line) { 0, 200, m1, NULL, 0 }).progress);
    task_step_progress (&step, &p);
    ck_assert_uint_eq (p.percent, 50);
    ck_assert_str_eq (p.message, "one");
    ck_assert (!feed (&step, &(struct line) { 1, 200, m1, NULL, 0 }).progress);
    task_step_progress (&step, &p);
    ck_assert_ptr_null (p.message);
    ck_assert (feed (&step, &(struct line) { 2, 200, "{\"TaskState\":\"Running\","
                                             "\"PercentComplete\":20}", NULL, 0 }).progress);
    task_step_progress (&step, &p);
    ck_assert_uint_eq (p.percent, 50);
    ck_assert (p.went_back);
    feed (&step, &(struct line) { 3, 200, "{\"TaskState\":\"Running\",\"PercentComplete\":\"70%\"}",
                                  NULL, 0 });
    task_step_progress (&step, &p);
    ck_assert_uint_eq (p.percent, 70);
    feed (&step, &(struct line) { 4, 200, "{\"TaskState\":\"Running\",\"PercentComplete\":1e9}",
                                  NULL, 0 });
    task_step_progress (&step, &p);
    ck_assert_uint_eq (p.percent, 70);
    task_step_clear (&step);
}
END_TEST

START_TEST (polls_slower_until_something_moves)
{
    struct watch_task spec = { .uri = T, .poll_min_ms = 1000, .poll_max_ms = 4000 };
    struct task_step step;
    struct line line = { 0, 200, RUNNING, NULL, 0 };
    task_step_init (&step, &spec, 0);
    struct task_decision d = feed (&step, &line);
    ck_assert_int_ge (d.after_ms, 900);
    ck_assert_int_le (d.after_ms, 1100);
    for (int i = 0; i < 10; i++)
        d = feed (&step, &line);
    ck_assert_int_ge (d.after_ms, 3600);
    ck_assert_int_le (d.after_ms, 4400);
    line.body = "{\"TaskState\":\"Running\",\"PercentComplete\":41}";
    d = feed (&step, &line);
    ck_assert_int_le (d.after_ms, 1100);
    task_step_clear (&step);
}
END_TEST

START_TEST (a_rebooting_bmc_is_waited_for)
{
    struct watch_task spec = { .uri = T, .grace_ms = 600000 };
    struct task_step step;
    tell (&step, &spec, (struct line[]) {
        { 0, 200, RUNNING, T, 0 }, { 10000, AWAY, NULL, T, 0 }, { 20000, 503, NULL, T, 0 },
        { 30000, 401, NULL, T, 0 }, { 40000, 404, NULL, T, 0 }, { 50000, 200, "{}", T, 0 },
        { 60000, 200, RUNNING, T, 0 }, { 500000, AWAY, NULL, T, 0 },
        { 1099999, AWAY, NULL, T, 0 }, { 1100000, AWAY, NULL, "UNREACHABLE", 0 }, { 0 } });
    ck_assert (step.result.gap_seen);
    ck_assert_str_eq (step.result.err.message, "nobody there");
    task_step_clear (&step);
}
END_TEST

START_TEST (without_a_grace_a_few_bad_looks_end_it)
{
    struct watch_task spec = { .uri = T };
    struct task_step step;
    tell (&step, &spec, (struct line[]) {
        { 0, 200, RUNNING, T, 0 }, { 1, 500, NULL, T, 0 }, { 2, 200, RUNNING, T, 0 },
        { 3, 500, NULL, T, 0 }, { 4, 500, NULL, T, 0 }, { 5, 500, NULL, "TRANSIENT", 0 }, { 0 } });
    task_step_clear (&step);
}
END_TEST

START_TEST (a_vanished_task_is_no_success)
{
    struct watch_task spec = { .uri = T };
    struct task_step step;
    tell (&step, &spec, (struct line[]) {
        { 0, 200, RUNNING, T, 0 }, { 1, 404, NULL, T, 0 }, { 2, 404, NULL, T, 0 },
        { 3, 410, NULL, "vanished", 0 }, { 0 } });
    ck_assert_str_eq (json_str (step.result.document, "/TaskState"), "Running");
    task_step_clear (&step);
}
END_TEST

START_TEST (a_purged_task_lives_on_as_a_job)
{
    static const char *const fallbacks[] = { J };
    struct watch_task spec = { .uri = T, .fallbacks = fallbacks, .fallback_count = 1 };
    struct task_step step;
    tell (&step, &spec, (struct line[]) {
        { 0, 200, RUNNING, T, 0 }, { 1, 404, NULL, J, 0 },
        { 2, 200, "{\"JobState\":\"Running\",\"StartTime\":\"2020\"}", J, 0 },
        { 3, 200, "{\"JobState\":\"Completed\"}", "done", 0 }, { 0 } });
    task_step_clear (&step);
}
END_TEST

START_TEST (another_task_under_the_same_id_is_not_ours)
{
    struct watch_task spec = { .uri = T, .identity = "/StartTime=2026-01-01", .seen = true };
    struct task_step step;
    tell (&step, &spec, (struct line[]) {
        { 0, 200, "{\"TaskState\":\"Completed\",\"StartTime\":\"1970-01-01\"}", T, 0 },
        { 1, 200, RUNNING, T, 0 },
        { 2, 200, "{\"TaskState\":\"Completed\",\"StartTime\":\"2026-01-01\"}", "done", 0 },
        { 0 } });
    task_step_clear (&step);
    tell (&step, &spec, (struct line[]) {
        { 0, 200, "{\"TaskState\":\"Completed\",\"StartTime\":\"1970\"}", T, 0 },
        { 1, 200, "{\"TaskState\":\"Completed\",\"StartTime\":\"1970\"}", T, 0 },
        { 2, 200, "{\"TaskState\":\"Completed\",\"StartTime\":\"1970\"}", "vanished", 0 }, { 0 } });
    task_step_clear (&step);
}
END_TEST

START_TEST (identity_is_learned)
{
    struct watch_task spec = { .uri = T };
    struct task_step step;
    tell (&step, &spec, (struct line[]) {
        { 0, 200, "{\"TaskState\":\"New\",\"Name\":\"Update\",\"StartTime\":null}", T, 0 },
        { 1, 200, "{\"TaskState\":\"Running\",\"Name\":\"Update\",\"StartTime\":\"2026\"}", T, 0 },
        { 0 } });
    ck_assert_str_eq (step.identity, "/StartTime=2026");
    task_step_clear (&step);
}
END_TEST

START_TEST (a_monitor_has_the_last_word_where_there_is_no_task)
{
    struct watch_task spec = { .monitor = "/redfish/v1/TaskMonitor/x7" };
    struct task_step step;
    tell (&step, &spec, (struct line[]) {
        { 0, 202, NULL, "/redfish/v1/TaskMonitor/x7", 0 }, { 1, 204, NULL, "done", 0 }, { 0 } });
    task_step_clear (&step);
    tell (&step, &spec, (struct line[]) {
        { 0, 202, NULL, "/redfish/v1/TaskMonitor/x7", 0 },
        { 1, 400, "{\"error\":{\"@Message.ExtendedInfo\":[{\"MessageId\":"
                  "\"Update.1.0.ApplyFailed\",\"Message\":\"no\"}]}}", "failed", 0 }, { 0 } });
    ck_assert_int_eq (step.result.err.code, FARRIER_E_HOST_FAULT);
    task_step_clear (&step);
    tell (&step, &spec, (struct line[]) {
        { 0, 202, "{\"@odata.type\":\"#Task.v1_4_0.Task\",\"@odata.id\":\"" T "\","
                  "\"TaskState\":\"Running\"}", T, 30000 },
        { 1, 200, "{\"TaskState\":\"Completed\"}", "done", 0 }, { 0 } });
    task_step_clear (&step);
}
END_TEST

START_TEST (the_task_is_guessed_from_its_monitor)
{
    struct watch_task spec = { .monitor = M, .poll_min_ms = 1000 };
    struct task_step step;
    task_step_init (&step, &spec, 0);
    ck_assert_str_eq (task_step_first (&step).path, T);
    struct task_decision d = feed (&step, &(struct line) { 0, 200, RUNNING, NULL, 30000 });
    ck_assert_int_le (d.after_ms, 1100);         /* does not wait for Retry-After */
    task_step_clear (&step);
    tell (&step, &spec, (struct line[]) {        /* a wrong guess */
        { 0, 404, NULL, M, 0 }, { 1, 202, NULL, M, 0 }, { 2, 200, NULL, "done", 0 }, { 0 } });
    task_step_clear (&step);
    spec.monitor = "/redfish/v1/TaskService/TaskMonitors/9";
    task_step_init (&step, &spec, 0);
    ck_assert_str_eq (task_step_first (&step).path, "/redfish/v1/TaskService/Tasks/9");
    task_step_clear (&step);
}
END_TEST

START_TEST (a_stale_state_is_not_believed)
{
    struct watch_task spec = { .uri = T, .before = "Completed", .must_change_within_ms = 60000 };
    struct task_step step;
    tell (&step, &spec, (struct line[]) {
        { 0, 200, "{\"TaskState\":\"Completed\"}", T, 0 }, { 10000, 200, RUNNING, T, 0 },
        { 70000, 200, "{\"TaskState\":\"Completed\"}", "done", 0 }, { 0 } });
    task_step_clear (&step);
    tell (&step, &spec, (struct line[]) {
        { 0, 200, "{\"TaskState\":\"Completed\"}", T, 0 },
        { 59999, 200, "{\"TaskState\":\"Completed\"}", T, 0 },
        { 60000, 200, "{\"TaskState\":\"Completed\"}", "unchanged", 0 }, { 0 } });
    task_step_clear (&step);
}
END_TEST

START_TEST (oem_resources_are_described)
{
    static const struct watch_state_map map[] = {
        { "Complete", FARRIER_TASK_MEANS_DONE }, { "Err*", FARRIER_TASK_MEANS_FAILED },
    };
    struct watch_task spec = { .uri = T, .state_pointer = "/Oem/Hpe/State",
                               .percent_pointer = "/Oem/Hpe/FlashProgressPercent",
                               .messages_pointer = "/Oem/Hpe/Result", .states = map,
                               .state_count = 2 };
    struct task_step step;
    tell (&step, &spec, (struct line[]) {
        { 0, 200, "{\"Oem\":{\"Hpe\":{\"State\":\"Updating\",\"FlashProgressPercent\":40}}}",
          T, 0 },
        { 1, 200, "{\"Oem\":{\"Hpe\":{\"State\":\"error\",\"Result\":{\"MessageId\":"
                  "\"iLO.2.1.UpdateFailed\"}}}}", "failed", 0 }, { 0 } });
    ck_assert_uint_eq (step.percent, 40);
    ck_assert_str_eq (step.result.vendor_id, "iLO.2.1.UpdateFailed");
    task_step_clear (&step);
}
END_TEST

START_TEST (interrupted_for_long_is_failed)
{
    struct watch_task spec = { .uri = T };
    struct task_step step;
    tell (&step, &spec, (struct line[]) {
        { 0, 200, "{\"TaskState\":\"Interrupted\"}", T, 0 },
        { 599999, 200, "{\"TaskState\":\"Interrupted\"}", T, 0 },
        { 600000, 200, "{\"TaskState\":\"Interrupted\"}", "failed", 0 }, { 0 } });
    task_step_clear (&step);
}
END_TEST

START_TEST (time_is_up)
{
    struct watch_task spec = { .uri = T, .timeout_ms = 100000, .poll_min_ms = 30000 };
    struct task_step step;
    task_step_init (&step, &spec, 0);
    struct task_decision d = feed (&step, &(struct line) { 90000, 200, RUNNING, NULL, 0 });
    ck_assert (!d.end);
    ck_assert_int_le (d.after_ms, 10000);
    d = feed (&step, &(struct line) { 100000, 200, RUNNING, NULL, 0 });
    ck_assert (d.end);
    ck_assert_int_eq (step.result.code, FARRIER_E_TIMEOUT);
    ck_assert_ptr_nonnull (strstr (step.result.err.message, "Running at 40 %"));
    task_step_clear (&step);
}
END_TEST

START_TEST (busy_bmcs_say_when)
{
    struct watch_task spec = { .uri = T, .grace_ms = 900000, .poll_min_ms = 1000 };
    struct task_step step;
    task_step_init (&step, &spec, 0);
    struct task_decision d = feed (&step, &(struct line) { 0, 503, NULL, NULL, 120000 });
    ck_assert_int_ge (d.after_ms, 108000);
    task_step_clear (&step);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        runs_and_completes, states_are_understood, a_failure_is_told_in_its_own_words,
        percent_grows_and_messages_are_shown_once, polls_slower_until_something_moves,
        a_rebooting_bmc_is_waited_for, without_a_grace_a_few_bad_looks_end_it,
        a_vanished_task_is_no_success, a_purged_task_lives_on_as_a_job,
        another_task_under_the_same_id_is_not_ours, identity_is_learned,
        a_monitor_has_the_last_word_where_there_is_no_task, the_task_is_guessed_from_its_monitor,
        a_stale_state_is_not_believed, oem_resources_are_described,
        interrupted_for_long_is_failed, time_is_up, busy_bmcs_say_when, NULL
    };

    return testing_run ("task_step", tests);
}
