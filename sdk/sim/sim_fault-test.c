/* What goes wrong on demand, seen by a client.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_fault.h"

#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/testing.h"
#include "sim_control.h"
#include "sim_lab.h"

#define ROOT "/redfish/v1"
#define UPDATE ROOT "/UpdateService"
#define INVENTORY UPDATE "/FirmwareInventory/"
#define TASKS ROOT "/TaskService/Tasks/"
#define HOST_RESET ROOT "/Systems/1/Actions/ComputerSystem.Reset"
#define RESTART "{\"ResetType\":\"ForceRestart\"}"

static struct lab lab;

static void
ask (const char *method, const char *path, const char *json, bool fresh, struct lab_answer *ret)
{
    struct lab_request request = { .method = method, .path = path, .json = json, .fresh = fresh };

    lab_ask (&lab, &request, ret);
}

static void
push (const char *component, const char *version, long status)
{
    struct lab_push p = { .uri = UPDATE "/upload",
                          .parameters = "{}",
                          .model = "generic",
                          .component = component,
                          .version = version };
    struct lab_answer answer;

    lab_push (&lab, &p, &answer);
    ck_assert_msg (answer.status == status, "%ld %s", answer.status, answer.body.data);
    lab_answer_free (&answer);
}

START_TEST (a_reset_before_execution_executes_nothing)
    {
        struct lab_answer answer;

        lab_start (&lab, "generic:1");
        lab_inject (&lab, 0, "reset", "\"when\":\"headers\",\"method\":\"POST\"");
        ask ("POST", HOST_RESET, RESTART, true, &answer);
        ck_assert_int_ne (answer.code, CURLE_OK);
        lab_answer_free (&answer);
        ck_assert_int_eq (lab_count (&lab, 0, "/resets_host"), 0);
        ck_assert_int_eq (lab_count (&lab, 0, "/faults_fired"), 1);
        ck_assert_int_eq (lab_status (&lab, 0, "POST", HOST_RESET, RESTART), 204);
        lab_stop (&lab);
    }
END_TEST

START_TEST (a_lost_answer_was_executed)
    {
        struct lab_answer answer;

        lab_start (&lab, "generic:1");
        lab_inject (&lab, 0, "reset", "\"method\":\"POST\"");
        ask ("POST", HOST_RESET, RESTART, true, &answer);
        ck_assert_int_ne (answer.code, CURLE_OK);
        lab_answer_free (&answer);
        ck_assert_int_eq (lab_count (&lab, 0, "/resets_host"), 1);
        ck_assert_int_eq (lab_count (&lab, 0, "/changing_requests"), 1);
        lab_stop (&lab);
    }
END_TEST

/* libcurl repeats a POST by itself on a connection that was kept: the counters show it. */
START_TEST (a_repeated_post_is_seen)
    {
        struct lab_answer answer;

        lab_start (&lab, "generic:1");
        ck_assert_int_eq (lab_status (&lab, 0, "GET", ROOT, NULL), 200);
        lab_inject (&lab, 0, "reset", "\"method\":\"POST\"");
        ask ("POST", HOST_RESET, RESTART, false, &answer);
        ck_assert_int_eq (answer.status, 204);
        lab_answer_free (&answer);
        ck_assert_int_eq (lab_count (&lab, 0, "/requests_by_method/POST"), 2);
        ck_assert_int_eq (lab_count (&lab, 0, "/resets_host"), 2);
        ck_assert_int_eq (lab_count (&lab, 0, "/duplicates"), 1);
        lab_stop (&lab);
    }
END_TEST

START_TEST (a_reset_within_the_body_executes_nothing)
    {
        struct lab_push p = { .uri = UPDATE "/upload",
                              .parameters = "{}",
                              .model = "generic",
                              .component = "bios",
                              .version = "2" };
        struct lab_answer answer;

        lab_start (&lab, "generic:1");
        lab_inject (&lab, 0, "reset", "\"when\":\"body\",\"method\":\"POST\"");
        lab_push (&lab, &p, &answer);
        ck_assert_int_ne (answer.code, CURLE_OK);
        lab_answer_free (&answer);
        ck_assert_int_eq (lab_count (&lab, 0, "/uploads_received"), 0);
        ck_assert_int_gt (lab_count (&lab, 0, "/upload_bytes"), 0);
        ck_assert_int_eq (lab_count (&lab, 0, "/changing_requests"), 0);
        push ("bios", "2", 202);
        lab_stop (&lab);
    }
END_TEST

START_TEST (statuses_count_and_filters)
    {
        struct lab_answer answer;

        lab_start (&lab, "generic:2");
        lab_inject (&lab, 0, "status",
                    "\"status\":429,\"retry_after\":7,\"count\":2,\"after\":1,"
                    "\"path\":\"*/Systems/*\",\"method\":\"GET\"");
        ck_assert_int_eq (lab_status (&lab, 0, "GET", ROOT "/Systems/1", NULL), 200);
        ck_assert_int_eq (lab_status (&lab, 0, "GET", ROOT "/Managers/1", NULL), 200);
        ck_assert_int_eq (lab_status (&lab, 1, "GET", ROOT "/Systems/1", NULL), 200);
        ask ("GET", ROOT "/Systems/1", NULL, false, &answer);
        ck_assert_int_eq (answer.status, 429);
        ck_assert_ptr_nonnull (strcasestr (answer.headers.data, "Retry-After: 7"));
        lab_answer_free (&answer);
        ck_assert_int_eq (lab_status (&lab, 0, "GET", ROOT "/Systems/1", NULL), 429);
        ck_assert_int_eq (lab_status (&lab, 0, "GET", ROOT "/Systems/1", NULL), 200);
        lab_stop (&lab);
    }
END_TEST

static const struct {
    const char *shape;
    bool parses;
} hostile[] = {
    { "nesting", false }, { "numbers", false }, { "types", true }, { "nul", false },
    { "html", false },    { "empty", false },   { "null", false },
};

START_TEST (hostile_and_truncated_bodies)
    {
        struct lab_answer answer;

        lab_start (&lab, "generic:1");
        for (size_t i = 0; i < COUNT_OF (hostile); i++) {
            char *more = str_printf ("\"shape\":\"%s\"", hostile[i].shape);
            lab_inject (&lab, 0, "hostile", more);
            ask ("GET", ROOT "/Systems", NULL, false, &answer);
            ck_assert_int_eq (answer.status, 200);
            ck_assert_msg ((answer.json != NULL && json_is_object (answer.json))
                               == hostile[i].parses,
                           "%s", hostile[i].shape);
            lab_answer_free (&answer);
            mem_free (more);
        }
        lab_inject (&lab, 0, "hostile", "\"shape\":\"body\",\"bytes\":3000000");
        ask ("GET", ROOT "/Systems", NULL, false, &answer);
        ck_assert_uint_ge (answer.body.len, 3000000);
        lab_answer_free (&answer);

        lab_inject (&lab, 0, "truncate", "\"bytes\":10");
        ask ("GET", ROOT "/Systems", NULL, false, &answer);
        ck_assert_int_eq (answer.code, CURLE_PARTIAL_FILE);
        ck_assert_uint_eq (answer.body.len, 10);
        lab_answer_free (&answer);

        lab_inject (&lab, 0, "slow", "\"bytes_per_s\":20000");
        ask ("GET", ROOT "/Systems/1", NULL, false, &answer);
        ck_assert_int_eq (answer.status, 200);
        ck_assert_ptr_nonnull (answer.json);
        lab_answer_free (&answer);
        lab_stop (&lab);
    }
END_TEST

START_TEST (a_hang_ends)
    {
        struct lab_answer answer;

        lab_start (&lab, "generic:1");
        lab_inject (&lab, 0, "hang", "\"ms\":20,\"when\":\"answer\"");
        ask ("GET", ROOT "/Systems", NULL, false, &answer);
        ck_assert_int_eq (answer.status, 200);
        lab_answer_free (&answer);
        lab_inject (&lab, 0, "hang", "\"ms\":20");
        ask ("GET", ROOT "/Systems", NULL, false, &answer);
        ck_assert_int_eq (answer.status, 503);
        lab_answer_free (&answer);
        ck_assert_int_eq (lab_status (&lab, 0, "GET", ROOT "/Systems", NULL), 200);
        lab_stop (&lab);
    }
END_TEST

START_TEST (a_bmc_leaves_the_network)
    {
        struct lab_answer answer;

        lab_start (&lab, "generic:2");
        lab_inject (&lab, 0, "drop", "");
        ask ("GET", ROOT, NULL, true, &answer);
        ck_assert_int_eq (answer.code, CURLE_COULDNT_CONNECT);
        lab_answer_free (&answer);
        ck_assert_int_eq (lab_status (&lab, 1, "GET", ROOT, NULL), 200);
        json_decref (lab_control (
            &lab, "{\"command\":\"clear\",\"target\":\"sim-0001\",\"fault\":\"drop\"}"));
        ck_assert_int_eq (lab_status (&lab, 0, "GET", ROOT, NULL), 200);

        /* Silent: not even a refusal; the kernel would repeat its SYN after a second. */
        lab_inject (&lab, 0, "silent", "\"ms\":500");
        lab_wait (&lab, 0, ROOT, "/Id", "RootService");
        lab_stop (&lab);
    }
END_TEST

START_TEST (who_it_is_changes)
    {
        lab_start (&lab, "generic:1");
        char *before = lab_text (&lab, 0, ROOT "/Systems/1", "/UUID");
        lab_inject (&lab, 0, "identity", "\"serial\":\"OTHER\"");
        testing_string (lab_text (&lab, 0, ROOT "/Systems/1", "/SerialNumber"), "OTHER");
        char *after = lab_text (&lab, 0, ROOT "/Systems/1", "/UUID");
        ck_assert_str_ne (before, after);
        ck_assert_uint_eq (strlen (after), 36);
        mem_free (before);
        mem_free (after);

        json_t *old = lab_control (&lab, "{\"command\":\"status\"}");
        lab_inject (&lab, 0, "certificate", "");
        json_t *new = lab_control (&lab, "{\"command\":\"status\"}");
        ck_assert_str_ne (json_str (old, "/hosts/0/certificate_sha256"),
                          json_str (new, "/hosts/0/certificate_sha256"));
        json_decref (old);
        json_decref (new);
        ck_assert_int_eq (lab_status (&lab, 0, "GET", ROOT, NULL), 200);
        lab_stop (&lab);
    }
END_TEST

START_TEST (logins_are_refused)
    {
        lab_start (&lab, "generic:1");
        lab_inject (&lab, 0, "password", "");
        ck_assert_int_eq (lab_status (&lab, 0, "GET", ROOT "/Systems", NULL), 401);
        ck_assert_int_eq (lab_count (&lab, 0, "/failed_logins"), 1);
        json_decref (lab_control (&lab, "{\"command\":\"clear\",\"target\":\"all\"}"));
        ck_assert_int_eq (lab_status (&lab, 0, "GET", ROOT "/Systems", NULL), 200);

        char *json = str_printf ("{\"UserName\":\"admin\",\"Password\":\"%s\"}", lab.password);
        lab_inject (&lab, 0, "sessions-full", "");
        ck_assert_int_eq (lab_status (&lab, 0, "POST", ROOT "/SessionService/Sessions", json), 503);
        json_decref (lab_control (&lab, "{\"command\":\"clear\",\"target\":\"all\"}"));
        ck_assert_int_eq (lab_status (&lab, 0, "POST", ROOT "/SessionService/Sessions", json), 201);
        mem_free (json);
        lab_stop (&lab);
    }
END_TEST

START_TEST (tasks_lie)
    {
        struct lab_answer answer;

        lab_start (&lab, "generic:1");
        lab_inject (&lab, 0, "task-stuck", "");
        push ("bios", "2", 202);
        lab_wait (&lab, 0, INVENTORY "BIOS", "/Status/State", "Updating");
        lab_inject (&lab, 0, "task-backwards", "");
        ask ("GET", TASKS "1", NULL, false, &answer);
        long long first = json_int_or (answer.json, "/PercentComplete", -1);
        lab_answer_free (&answer);
        ask ("GET", TASKS "1", NULL, false, &answer);
        long long second = json_int_or (answer.json, "/PercentComplete", -1);
        lab_answer_free (&answer);
        ck_assert_int_ne (first, second);

        lab_inject (&lab, 0, "task-vanish", "");
        ck_assert_int_eq (lab_status (&lab, 0, "GET", TASKS "1", NULL), 404);
        ck_assert_int_eq (lab_status (&lab, 0, "GET", TASKS "1/Monitor", NULL), 404);
        json_decref (lab_control (&lab, "{\"command\":\"clear\",\"target\":\"all\"}"));
        lab_wait (&lab, 0, TASKS "1", "/TaskState", "Completed");
        lab_stop (&lab);
    }
END_TEST

START_TEST (flashes_lie)
    {
        lab_start (&lab, "generic:1");
        lab_inject (&lab, 0, "flash-fail", "\"component\":\"bios\"");
        push ("psu", "2", 202);
        lab_wait (&lab, 0, INVENTORY "PSU.1", "/Version", "2");
        push ("bios", "2", 202);
        lab_wait (&lab, 0, TASKS "2", "/TaskState", "Exception");
        ck_assert_int_eq (lab_count (&lab, 0, "/components/bios/flashes_failed"), 1);

        lab_inject (&lab, 0, "wrong-version", "\"version\":\"6.6.6\"");
        push ("psu", "3", 202);
        lab_wait (&lab, 0, TASKS "3", "/TaskState", "Completed");
        testing_string (lab_text (&lab, 0, INVENTORY "PSU.1", "/Version"), "6.6.6");

        lab_inject (&lab, 0, "early-success", "\"ms\":3600000");
        push ("psu", "4", 202);
        lab_wait (&lab, 0, TASKS "4", "/TaskState", "Completed");
        testing_string (lab_text (&lab, 0, INVENTORY "PSU.1", "/Version"), "6.6.6");
        json_decref (lab_control (&lab, "{\"command\":\"clear\",\"target\":\"all\"}"));
        lab_wait (&lab, 0, INVENTORY "PSU.1", "/Version", "4");
        lab_stop (&lab);
    }
END_TEST

START_TEST (a_bmc_does_not_return)
    {
        struct lab_answer answer;

        lab_start (&lab, "generic:1");
        lab_inject (&lab, 0, "no-return", "");
        lab_inject (&lab, 0, "reboot", "");
        /* Once the fault has fired, the time to come back is over. */
        while (lab_count (&lab, 0, "/faults_fired") < 2)
            ;
        ask ("GET", ROOT, NULL, true, &answer);
        ck_assert_int_eq (answer.code, CURLE_COULDNT_CONNECT);
        lab_answer_free (&answer);
        json_decref (lab_control (&lab, "{\"command\":\"clear\",\"target\":\"all\"}"));
        lab_wait (&lab, 0, ROOT "/Managers/1", "/Status/State", "Enabled");
        lab_stop (&lab);
    }
END_TEST

START_TEST (somebody_else_updates)
    {
        lab_start (&lab, "generic:1");
        lab_inject (&lab, 0, "task-stuck", "");            /* until the busy answer was seen */
        lab_inject (&lab, 0, "foreign-task", "\"ms\":150,\"component\":\"bios\",\"version\":\"9\"");
        testing_string (lab_text (&lab, 0, TASKS "1", "/TaskState"), "Running");
        push ("bios", "2", 503);
        json_decref (lab_control (&lab, "{\"command\":\"clear\",\"target\":\"all\"}"));
        lab_wait (&lab, 0, INVENTORY "BIOS", "/Version", "9");
        testing_string (lab_text (&lab, 0, TASKS "1", "/TaskState"), "Completed");
        ck_assert_int_eq (lab_count (&lab, 0, "/flashes_started"), 0);
        push ("bios", "2", 202);
        lab_stop (&lab);
    }
END_TEST

START_TEST (slots_flip)
    {
        lab_start (&lab, "openbmc:1");
        /* Nothing in the other slot: nothing happens. */
        lab_inject (&lab, 0, "slot-flip", "");
        ck_assert_int_eq (lab_count (&lab, 0, "/resets_bmc"), 0);
        struct lab_push p = { .uri = UPDATE "/update-multipart",
                              .model = "openbmc",
                              .component = "bmc",
                              .parameters = "{\"@Redfish.OperationApplyTime\":\"Immediate\"}",
                              .version = "2.15.0" };
        struct lab_answer answer;
        lab_push (&lab, &p, &answer);
        ck_assert_int_eq (answer.status, 202);
        lab_answer_free (&answer);
        lab_wait (&lab, 0, ROOT "/Managers/bmc", "/FirmwareVersion", "2.15.0");
        lab_wait (&lab, 0, ROOT "/Managers/bmc", "/Status/State", "Enabled");
        lab_inject (&lab, 0, "slot-flip", "");
        lab_wait (&lab, 0, ROOT "/Managers/bmc", "/FirmwareVersion", "2.14.0");
        lab_stop (&lab);
    }
END_TEST

static const char *const wrong[] = {
    "{\"target\":\"nobody\",\"fault\":\"reset\"}",
    "{\"target\":\"all\",\"fault\":\"rest\"}",
    "{\"target\":\"all\",\"fault\":\"reset\",\"wen\":\"body\"}",
    "{\"target\":\"all\",\"fault\":\"reset\",\"when\":\"later\"}",
    "{\"target\":\"all\",\"fault\":\"status\",\"status\":99}",
    "{\"target\":\"all\",\"fault\":\"reset\",\"method\":\"GRAB\"}",
    "{\"target\":\"all\",\"fault\":\"flash-fail\",\"percent\":100}",
    "{}",
};

START_TEST (wrong_faults_are_refused)
    {
        lab_start (&lab, "generic:1");
        char *path = fs_join (lab.dir, "control.sock");
        for (size_t i = 0; i < COUNT_OF (wrong); i++) {
            struct err err = { 0 };
            json_t *answer, *request = json_parse (wrong[i], strlen (wrong[i]), NULL);
            json_put_str (request, "command", "inject");
            ck_assert_msg (sim_control_ask (path, request, &answer, &err) < 0, "%s", wrong[i]);
            ck_assert_str_ne (err.message, "");
            json_decref (request);
        }
        json_t *faults = lab_control (&lab, "{\"command\":\"faults\"}");
        ck_assert_uint_eq (json_array_size (json_at (faults, "/faults")), 0);
        json_decref (faults);
        mem_free (path);
        lab_stop (&lab);
    }
END_TEST

int
main (void)
{
    const TTest *const tests[] = { a_reset_before_execution_executes_nothing,
                                   a_lost_answer_was_executed,
                                   a_repeated_post_is_seen,
                                   a_reset_within_the_body_executes_nothing,
                                   statuses_count_and_filters,
                                   hostile_and_truncated_bodies,
                                   a_hang_ends,
                                   a_bmc_leaves_the_network,
                                   who_it_is_changes,
                                   logins_are_refused,
                                   tasks_lie,
                                   flashes_lie,
                                   a_bmc_does_not_return,
                                   somebody_else_updates,
                                   slots_flip,
                                   wrong_faults_are_refused,
                                   NULL };

    return testing_run ("sim_fault", tests);
}
