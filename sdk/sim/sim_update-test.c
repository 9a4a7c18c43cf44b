/* Updates from the push to the running version, and what is counted on the way.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/json.h"
#include "base/testing.h"
#include "sim_lab.h"

#define ROOT "/redfish/v1"
#define UPDATE ROOT "/UpdateService"
#define INVENTORY UPDATE "/FirmwareInventory/"
#define TASKS ROOT "/TaskService/Tasks/"
#define HOST_RESET "/Actions/ComputerSystem.Reset"

static struct lab lab;

static void
push (int host, const char *parameters, const char *component, const char *version, long status)
{
    struct lab_push p = { .host = host,
                          .parameters = parameters,
                          .component = component,
                          .version = version,
                          .model = host == 0 ? "generic" : "openbmc",
                          .uri = host == 0 ? UPDATE "/upload" : UPDATE "/update-multipart" };
    struct lab_answer answer;

    lab_push (&lab, &p, &answer);
    ck_assert_msg (answer.status == status, "%s %s: %ld %s", component, version, answer.status,
                   answer.body.data);
    lab_answer_free (&answer);
}

static void
reset (int host, const char *type)
{
    char *json = str_printf ("{\"ResetType\":\"%s\"}", type);

    ck_assert_int_eq (
        lab_status (&lab, host, "POST",
                    host == 0 ? ROOT "/Systems/1" HOST_RESET : ROOT "/Systems/system" HOST_RESET,
                    json),
        204);
    mem_free (json);
}

static void
reset_bmc (int host)
{
    ck_assert_int_eq (lab_status (&lab, host, "POST",
                                  host == 0 ? ROOT "/Managers/1/Actions/Manager.Reset"
                                            : ROOT "/Managers/bmc/Actions/Manager.Reset",
                                  "{\"ResetType\":\"GracefulRestart\"}"),
                      204);
}

START_TEST (immediate_waits_for_a_host_reset)
    {
        lab_start (&lab, "generic:1");
        push (0, "{\"@Redfish.OperationApplyTime\":\"Immediate\"}", "bios", "2.1.0", 202);
        lab_wait (&lab, 0, TASKS "1", "/TaskState", "Completed");
        testing_string (lab_text (&lab, 0, INVENTORY "BIOS", "/Version"), "1.0.0");
        ck_assert_int_eq (lab_status (&lab, 0, "GET", TASKS "1/Monitor", NULL), 200);
        ck_assert_int_eq (lab_status (&lab, 0, "GET", TASKS "1/Monitor", NULL), 404);
        ck_assert_int_eq (lab_status (&lab, 0, "GET", TASKS "1", NULL), 200);

        reset (0, "GracefulRestart");
        lab_wait (&lab, 0, INVENTORY "BIOS", "/Version", "2.1.0");
        testing_string (lab_text (&lab, 0, ROOT "/Systems/1", "/BiosVersion"), "2.1.0");
        ck_assert_int_eq (lab_count (&lab, 0, "/components/bios/flashes_started"), 1);
        ck_assert_int_eq (lab_count (&lab, 0, "/components/bios/flashes_completed"), 1);
        ck_assert_int_eq (lab_count (&lab, 0, "/components/bios/flashed_by_version/2.1.0"), 1);
        ck_assert_int_eq (lab_count (&lab, 0, "/components/bios/activations"), 1);
        ck_assert_int_eq (lab_count (&lab, 0, "/changing_requests"), 2);
        ck_assert_int_eq (lab_count (&lab, 0, "/duplicates"), 0);
        ck_assert_int_eq (lab_count (&lab, 0, "/resets_host"), 1);
        lab_stop (&lab);
    }
END_TEST

START_TEST (on_reset_is_written_by_the_reset)
    {
        lab_start (&lab, "generic:1");
        push (0, "{\"@Redfish.OperationApplyTime\":\"OnReset\"}", "bios", "2.1.0", 202);
        lab_wait (&lab, 0, TASKS "1", "/TaskState", "Pending");
        ck_assert_int_eq (lab_count (&lab, 0, "/flashes_started"), 0);
        reset (0, "ForceRestart");
        lab_wait (&lab, 0, TASKS "1", "/TaskState", "Completed");
        lab_wait (&lab, 0, INVENTORY "BIOS", "/Version", "2.1.0");
        ck_assert_int_eq (lab_count (&lab, 0, "/flashes_completed"), 1);

        /* Another one staged gives way to a newer one. */
        push (0, "{\"@Redfish.OperationApplyTime\":\"OnReset\"}", "bmc", "3.0.0", 202);
        lab_wait (&lab, 0, TASKS "2", "/TaskState", "Pending");
        push (0, "{\"@Redfish.OperationApplyTime\":\"OnReset\"}", "bmc", "3.1.0", 202);
        testing_string (lab_text (&lab, 0, TASKS "2", "/TaskState"), "Cancelled");
        lab_wait (&lab, 0, TASKS "3", "/TaskState", "Pending");
        reset_bmc (0);
        lab_wait (&lab, 0, ROOT "/Managers/1", "/FirmwareVersion", "3.1.0");
        testing_string (lab_text (&lab, 0, TASKS "3", "/TaskState"), "Completed");
        ck_assert_int_eq (lab_count (&lab, 0, "/components/bmc/flashes_started"), 1);
        lab_stop (&lab);
    }
END_TEST

START_TEST (start_update_begins_what_was_staged)
    {
        const char *start = UPDATE "/Actions/UpdateService.StartUpdate";

        lab_start (&lab, "generic:1");
        push (0, "{\"@Redfish.OperationApplyTime\":\"OnStartUpdateRequest\"}", "psu", "9", 202);
        lab_wait (&lab, 0, TASKS "1", "/TaskState", "Completed");
        ck_assert_int_eq (lab_count (&lab, 0, "/flashes_started"), 0);
        ck_assert_int_eq (lab_status (&lab, 0, "POST", start, ""), 202);
        lab_wait (&lab, 0, TASKS "2", "/TaskState", "Completed");
        testing_string (lab_text (&lab, 0, INVENTORY "PSU.1", "/Version"), "9");
        ck_assert_int_eq (lab_status (&lab, 0, "POST", start, ""), 400);
        lab_stop (&lab);
    }
END_TEST

START_TEST (programmable_logic_needs_the_power_off)
    {
        lab_start (&lab, "generic:1");
        push (0, "{\"Targets\":[\"" INVENTORY "CPLD\"]}", "cpld", "0x31", 202);
        lab_wait (&lab, 0, TASKS "1", "/TaskState", "Completed");
        reset (0, "ForceRestart");
        lab_wait (&lab, 0, ROOT "/Systems/1", "/BootProgress/LastState", "OSRunning");
        testing_string (lab_text (&lab, 0, INVENTORY "CPLD", "/Version"), "0x30");
        reset (0, "ForceOff");
        testing_string (lab_text (&lab, 0, ROOT "/Systems/1", "/PowerState"), "Off");
        reset (0, "On");
        lab_wait (&lab, 0, INVENTORY "CPLD", "/Version", "0x31");
        lab_stop (&lab);
    }
END_TEST

START_TEST (a_wrong_image_ends_in_an_exception)
    {
        struct lab_push damaged = { .uri = UPDATE "/upload",
                                    .parameters = "{}",
                                    .model = "generic",
                                    .component = "bios",
                                    .version = "2",
                                    .damaged = true };
        struct lab_answer answer;

        lab_start (&lab, "generic:1");
        lab_push (&lab, &damaged, &answer);
        ck_assert_int_eq (answer.status, 202);
        lab_answer_free (&answer);
        lab_wait (&lab, 0, TASKS "1", "/TaskState", "Exception");
        ck_assert_int_eq (lab_status (&lab, 0, "GET", TASKS "1/Monitor", NULL), 500);

        /* For the BIOS, sent to the network adapter; for a part that takes none. */
        push (0, "{\"Targets\":[\"" INVENTORY "NIC.1\"]}", "bios", "2.1.0", 202);
        lab_wait (&lab, 0, TASKS "2", "/TaskState", "Exception");
        push (0, "{}", "golden", "2.1.0", 202);
        lab_wait (&lab, 0, TASKS "3", "/TaskState", "Exception");
        ck_assert_int_eq (lab_count (&lab, 0, "/flashes_started"), 0);
        lab_stop (&lab);
    }
END_TEST

START_TEST (a_reset_breaks_a_write)
    {
        lab_start (&lab, "generic:1");
        lab_inject (&lab, 0, "task-stuck", "");
        push (0, "{}", "bios", "2.1.0", 202);
        lab_wait (&lab, 0, INVENTORY "BIOS", "/Status/State", "Updating");
        reset (0, "ForceRestart");
        testing_string (lab_text (&lab, 0, TASKS "1", "/TaskState"), "Exception");
        ck_assert_int_eq (lab_count (&lab, 0, "/components/bios/flashes_failed"), 1);
        ck_assert_int_eq (lab_count (&lab, 0, "/components/bios/flashes_completed"), 0);
        lab_stop (&lab);
    }
END_TEST

START_TEST (openbmc_applies_at_once_and_forgets)
    {
        lab_start (&lab, "generic:1,openbmc:1");
        lab_inject (&lab, 1, "task-stuck", "");            /* until the running one was seen */
        push (1, "{\"Targets\":[],\"@Redfish.OperationApplyTime\":\"Immediate\"}", "bmc", "2.15.0",
              202);
        push (1, "{\"Targets\":[],\"@Redfish.OperationApplyTime\":\"Immediate\"}", "bmc", "2.15.0",
              503);
        ck_assert_int_eq (lab_status (&lab, 1, "GET", ROOT "/TaskService/TaskMonitors/0", NULL),
                          202);
        json_decref (lab_control (&lab, "{\"command\":\"clear\",\"target\":\"all\"}"));
        /* It reboots by itself; what was known of tasks and sessions is gone. */
        lab_wait (&lab, 1, ROOT "/Managers/bmc", "/FirmwareVersion", "2.15.0");
        ck_assert_int_eq (lab_status (&lab, 1, "GET", TASKS "0", NULL), 404);
        ck_assert_int_eq (lab_count (&lab, 1, "/resets_bmc"), 1);
        ck_assert_int_eq (lab_count (&lab, 1, "/components/bmc/flashes_started"), 1);
        lab_wait (&lab, 1, ROOT "/Managers/bmc", "/Status/State", "Enabled");

        /* Ids begin again. OnReset, the default: written, and waits. */
        push (1, "{}", "bmc", "2.16.0", 202);
        lab_wait (&lab, 1, TASKS "0", "/TaskState", "Completed");
        testing_string (lab_text (&lab, 1, ROOT "/Managers/bmc", "/FirmwareVersion"), "2.15.0");
        ck_assert_int_eq (lab_status (&lab, 1, "GET", ROOT "/TaskService/TaskMonitors/0", NULL),
                          204);
        ck_assert_int_eq (lab_status (&lab, 1, "GET", ROOT "/TaskService/TaskMonitors/0", NULL),
                          404);
        reset_bmc (1);
        lab_wait (&lab, 1, ROOT "/Managers/bmc", "/FirmwareVersion", "2.16.0");
        lab_stop (&lab);
    }
END_TEST

START_TEST (openbmc_goes_back_to_its_other_slot)
    {
        lab_start (&lab, "generic:1,openbmc:1");
        push (1, "{\"@Redfish.OperationApplyTime\":\"Immediate\"}", "bmc", "2.15.0", 202);
        lab_wait (&lab, 1, ROOT "/Managers/bmc", "/FirmwareVersion", "2.15.0");
        lab_wait (&lab, 1, ROOT "/Managers/bmc", "/Status/State", "Enabled");
        char *standby
            = lab_text (&lab, 1, ROOT "/Managers/bmc", "/Links/SoftwareImages/1/@odata.id");
        testing_string (lab_text (&lab, 1, standby, "/Version"), "2.14.0");
        testing_string (lab_text (&lab, 1, standby, "/Status/State"), "StandbySpare");
        char *json
            = str_printf ("{\"Links\":{\"ActiveSoftwareImage\":{\"@odata.id\":\"%s\"}}}", standby);
        ck_assert_int_eq (lab_status (&lab, 1, "PATCH", ROOT "/Managers/bmc", json), 204);
        lab_wait (&lab, 1, ROOT "/Managers/bmc", "/FirmwareVersion", "2.14.0");
        ck_assert_int_eq (lab_count (&lab, 1, "/slot_switches"), 2);
        ck_assert_int_eq (lab_count (&lab, 1, "/flashes_started"), 1);
        mem_free (json);
        mem_free (standby);
        lab_stop (&lab);
    }
END_TEST

START_TEST (openbmc_takes_a_host_image_when_the_host_is_off)
    {
        lab_start (&lab, "generic:1,openbmc:1");
        push (1, "{}", "bios", "2.1.0", 202);
        lab_wait (&lab, 1, TASKS "0", "/TaskState", "Exception");
        ck_assert_int_eq (lab_count (&lab, 1, "/flashes_started"), 0);
        reset (1, "ForceOff");
        push (1, "{}", "bios", "2.1.0", 202);
        lab_wait (&lab, 1, TASKS "1", "/TaskState", "Completed");
        testing_string (lab_text (&lab, 1, ROOT "/Systems/system", "/BiosVersion"), "2.1.0");
        ck_assert_int_eq (lab_count (&lab, 1, "/duplicates"), 0);
        lab_stop (&lab);
    }
END_TEST

/* The same image twice is a duplicate, unless it failed or another one came between. */
START_TEST (duplicates_are_counted)
    {
        lab_start (&lab, "generic:1");
        push (0, "{}", "psu", "1", 202);
        lab_wait (&lab, 0, TASKS "1", "/TaskState", "Completed");
        push (0, "{\"Targets\":[]}", "psu", "1", 202);
        lab_wait (&lab, 0, TASKS "2", "/TaskState", "Completed");
        ck_assert_int_eq (lab_count (&lab, 0, "/duplicates"), 1);
        ck_assert_int_eq (lab_count (&lab, 0, "/components/psu/flashes_completed"), 2);

        push (0, "{}", "psu", "2", 202);
        lab_wait (&lab, 0, TASKS "3", "/TaskState", "Completed");
        push (0, "{}", "psu", "1", 202);
        lab_wait (&lab, 0, TASKS "4", "/TaskState", "Completed");
        lab_inject (&lab, 0, "flash-fail", "\"component\":\"psu\"");
        push (0, "{}", "psu", "3", 202);
        lab_wait (&lab, 0, TASKS "5", "/TaskState", "Exception");
        push (0, "{}", "psu", "3", 202);
        lab_wait (&lab, 0, TASKS "6", "/TaskState", "Completed");
        ck_assert_int_eq (lab_count (&lab, 0, "/duplicates"), 1);

        reset (0, "ForceRestart");
        reset (0, "ForceOff");
        reset (0, "ForceOff");
        ck_assert_int_eq (lab_count (&lab, 0, "/duplicates"), 2);
        lab_stop (&lab);
    }
END_TEST

START_TEST (one_update_per_component)
    {
        lab_start (&lab, "generic:1");
        lab_inject (&lab, 0, "task-stuck", "");
        push (0, "{}", "bios", "2.1.0", 202);
        push (0, "{}", "bios", "2.2.0", 503);
        push (0, "{}", "nic", "23", 202);
        json_decref (lab_control (&lab, "{\"command\":\"clear\",\"target\":\"all\"}"));
        lab_wait (&lab, 0, TASKS "1", "/TaskState", "Completed");
        lab_wait (&lab, 0, TASKS "2", "/TaskState", "Completed");
        lab_stop (&lab);
    }
END_TEST

/* One image for one request, from a plain socket. */
static void *
serve_once (void *arg)
{
    int listener = *(int *) arg, fd = accept (listener, NULL, NULL);
    struct buf answer = { 0 }, image = { 0 };
    char *path = fs_join (lab.dir, "pulled"), request[4096];
    struct sim_image_recipe recipe = { "generic", "bios", "4.0.0", 30000, 3 };

    ck_assert_int_eq (sim_image_write (&recipe, path, NULL), 0);
    ck_assert_int_eq (fs_read (path, 1 << 20, &image, NULL), 0);
    ck_assert_int_gt (read (fd, request, sizeof request), 0);
    buf_printf (&answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                image.len);
    buf_append (&answer, image.data, image.len);
    fs_write_all (fd, answer.data, answer.len);
    close (fd);
    buf_free (&answer);
    buf_free (&image);
    mem_free (path);
    return NULL;
}

static char *
simple_update (const char *uri)
{
    char *json = str_printf (
        "{\"ImageURI\":\"%s\",\"TransferProtocol\":\"HTTP\",\"Targets\":[\"" INVENTORY "BIOS\"]}",
        uri);
    struct lab_request request
        = { .method = "POST", .json = json, .path = UPDATE "/Actions/UpdateService.SimpleUpdate" };
    struct lab_answer answer;

    lab_ask (&lab, &request, &answer);
    ck_assert_int_eq (answer.status, 202);
    char *task = str_dup (json_str_or (answer.json, "/@odata.id", ""));
    lab_answer_free (&answer);
    mem_free (json);
    return task;
}

START_TEST (an_image_is_pulled)
    {
        struct sockaddr_in address
            = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
        socklen_t len = sizeof address;
        int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        pthread_t thread;

        lab_start (&lab, "generic:1");
        ck_assert_int_eq (bind (listener, (struct sockaddr *) &address, sizeof address), 0);
        ck_assert_int_eq (listen (listener, 4), 0);
        ck_assert_int_eq (getsockname (listener, (struct sockaddr *) &address, &len), 0);
        ck_assert_int_eq (pthread_create (&thread, NULL, serve_once, &listener), 0);
        char *uri = str_printf ("http://127.0.0.1:%u/bios.bin", ntohs (address.sin_port));
        char *task = simple_update (uri);
        lab_wait (&lab, 0, task, "/TaskState", "Completed");
        pthread_join (thread, NULL);
        close (listener);
        reset (0, "ForceRestart");
        lab_wait (&lab, 0, INVENTORY "BIOS", "/Version", "4.0.0");
        ck_assert_int_eq (lab_count (&lab, 0, "/pulls"), 1);
        ck_assert_int_eq (lab_count (&lab, 0, "/flashes_started"), 1);
        mem_free (task);

        /* Nobody there any more, and an address outside. */
        task = simple_update (uri);
        lab_wait (&lab, 0, task, "/TaskState", "Exception");
        mem_free (task);
        task = simple_update ("http://192.0.2.1/bios.bin");
        lab_wait (&lab, 0, task, "/TaskState", "Exception");
        mem_free (task);
        mem_free (uri);
        lab_stop (&lab);
    }
END_TEST

int
main (void)
{
    const TTest *const tests[] = { immediate_waits_for_a_host_reset,
                                   on_reset_is_written_by_the_reset,
                                   start_update_begins_what_was_staged,
                                   programmable_logic_needs_the_power_off,
                                   a_wrong_image_ends_in_an_exception,
                                   a_reset_breaks_a_write,
                                   openbmc_applies_at_once_and_forgets,
                                   openbmc_goes_back_to_its_other_slot,
                                   openbmc_takes_a_host_image_when_the_host_is_off,
                                   duplicates_are_counted,
                                   one_update_per_component,
                                   an_image_is_pulled,
                                   NULL };

    return testing_run ("sim_update", tests);
}
