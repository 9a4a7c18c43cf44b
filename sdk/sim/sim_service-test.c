/* The simulator as a Redfish service: documents, logins, queries, updates, by libcurl over TLS.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/testing.h"
#include "sim_lab.h"

#define ROOT "/redfish/v1"
#define UPDATE ROOT "/UpdateService"
#define BIOS UPDATE "/FirmwareInventory/BIOS"
#define HOST_RESET ROOT "/Systems/1/Actions/ComputerSystem.Reset"

static struct lab lab;

static const char *
error_code (const struct lab_answer *answer)
{
    return json_str_or (answer->json, "/error/@Message.ExtendedInfo/0/MessageId", "");
}

START_TEST (the_root_needs_no_login_and_says_what_it_is)
    {
        struct lab_request request = { .method = "GET", .path = ROOT "/", .without_login = true };
        struct lab_answer answer;

        lab_start (&lab, "generic:1,openbmc:1");
        lab_ask (&lab, &request, &answer);
        ck_assert_int_eq (answer.status, 200);
        ck_assert_ptr_nonnull (strstr (json_str (answer.json, "/Product"), "simulated"));
        ck_assert_ptr_nonnull (strcasestr (answer.headers.data, "OData-Version: 4.0"));
        lab_answer_free (&answer);

        request.host = 1;
        lab_ask (&lab, &request, &answer);
        ck_assert_ptr_null (json_at (answer.json, "/Vendor"));
        ck_assert_ptr_null (json_at (answer.json, "/Product"));
        ck_assert_ptr_null (json_at (answer.json, "/Oem"));
        lab_answer_free (&answer);
        testing_string (lab_text (&lab, 1, ROOT "/Managers/bmc", "/Model"), "OpenBmc (simulated)");

        request.path = ROOT "/Systems";
        lab_ask (&lab, &request, &answer);
        ck_assert_int_eq (answer.status, 401);
        lab_answer_free (&answer);
        lab_stop (&lab);
    }
END_TEST

static const struct {
    const char *method, *path, *json;
    long status;
} requests[] = {
    { "GET", ROOT "/Nothing", NULL, 404 },
    { "GET", ROOT "/Systems/2", NULL, 404 },
    { "GET", BIOS "/", NULL, 200 },
    { "HEAD", BIOS, NULL, 200 },
    { "PUT", BIOS, "{}", 405 },
    { "DELETE", ROOT, NULL, 405 },
    { "POST", ROOT "/SessionService/Sessions", "{\"UserName\":\"admin\",\"Password\":\"x\"}", 401 },
    { "POST", ROOT "/SessionService/Sessions", "{\"UserName\":\"admin\"}", 400 },
    { "POST", HOST_RESET, "{\"ResetType\":\"Explode\"}", 400 },
    { "POST", HOST_RESET, "{\"ResetType\":\"On\",\"Extra\":1}", 400 },
    { "POST", HOST_RESET, "{\"ResetType\":", 400 },
    { "POST", HOST_RESET, "[]", 400 },
    { "POST", HOST_RESET, "{}", 400 },
    { "PATCH", ROOT "/Systems/1", "{\"LocationIndicatorActive\":true}", 204 },
    { "PATCH", ROOT "/Systems/1", "{\"LocationIndicatorActive\":1}", 400 },
    { "PATCH", ROOT "/Systems/1", "{\"SerialNumber\":\"X\"}", 400 },
    { "PATCH", UPDATE, "{\"ServiceEnabled\":false}", 400 },
    { "PATCH", UPDATE, "{\"HttpPushUriTargetsBusy\":true}", 200 },
    { "PATCH", UPDATE, "{\"HttpPushUriTargets\":[\"" BIOS "\"]}", 200 },
    { "PATCH", UPDATE, "{\"HttpPushUriTargets\":[\"/nowhere\"]}", 400 },
    { "PATCH", ROOT "/Systems/1/Bios/Settings", "{\"Attributes\":{\"BootMode\":\"Odd\"}}", 400 },
    { "PATCH", ROOT "/Systems/1/Bios/Settings", "{\"Attributes\":{\"None\":\"Odd\"}}", 400 },
    { "POST", UPDATE "/Actions/UpdateService.SimpleUpdate", "{}", 400 },
    { "POST", UPDATE "/Actions/UpdateService.SimpleUpdate",
      "{\"ImageURI\":\"http://127.0.0.1:1/x\",\"Colour\":\"red\"}", 400 },
    { "POST", UPDATE "/Actions/UpdateService.StartUpdate", "{}", 400 },
    { "GET", ROOT "/Systems?$expand=.", NULL, 200 },
    { "GET", ROOT "/Systems?$expand=.($levels=9)", NULL, 400 },
    { "GET", ROOT "/Systems?$expand=x", NULL, 400 },
    { "GET", ROOT "/Systems?$filter=x", NULL, 501 },
    { "GET", ROOT "/$metadata", NULL, 200 },
    { "GET", ROOT "/Registries/Base.json", NULL, 200 },
    { "GET", ROOT "/JsonSchemas/UpdateService", NULL, 200 },
};

START_TEST (answers_have_the_right_status)
    {
        lab_start (&lab, "generic:1");
        for (size_t i = 0; i < COUNT_OF (requests); i++) {
            long status
                = lab_status (&lab, 0, requests[i].method, requests[i].path, requests[i].json);
            ck_assert_msg (status == requests[i].status, "%s %s: %ld, not %ld", requests[i].method,
                           requests[i].path, status, requests[i].status);
        }
        lab_stop (&lab);
    }
END_TEST

/* Every link leads somewhere, every document says where it is and of which type. */
static void
follow (int host, const char *path, json_t *seen)
{
    struct lab_request request = { .host = host, .method = "GET", .path = path };
    struct lab_answer answer;
    const char *key;
    json_t *value;

    if (json_object_get (seen, path) != NULL)
        return;
    json_object_set_new (seen, path, json_true ());
    lab_ask (&lab, &request, &answer);
    ck_assert_msg (answer.status == 200, "%s: %ld", path, answer.status);
    ck_assert_str_eq (json_str_or (answer.json, "/@odata.id", ""), path);
    ck_assert_msg (str_starts (json_str_or (answer.json, "/@odata.type", ""), "#"), "%s", path);
    ck_assert_ptr_nonnull (json_str (answer.json, "/Name"));
    json_object_foreach (answer.json, key, value)
    {
        if (json_str (value, "/@odata.id") != NULL && !str_eq (key, "Oem"))
            follow (host, json_str (value, "/@odata.id"), seen);
        for (size_t i = 0; i < json_array_size (value); i++)
            if (json_str (json_array_get (value, i), "/@odata.id") != NULL)
                follow (host, json_str (json_array_get (value, i), "/@odata.id"), seen);
    }
    lab_answer_free (&answer);
}

START_TEST (every_link_leads_somewhere)
    {
        lab_start (&lab, "generic:1,openbmc:1");
        for (int host = 0; host < 2; host++) {
            json_t *seen = json_object ();
            follow (host, ROOT, seen);
            ck_assert_uint_gt (json_object_size (seen), 40);
            json_decref (seen);
        }
        lab_stop (&lab);
    }
END_TEST

START_TEST (queries)
    {
        struct lab_request request
            = { .method = "GET", .path = UPDATE "/FirmwareInventory?$expand=.($levels=1)" };
        struct lab_answer answer;

        lab_start (&lab, "generic:1,openbmc:1");
        lab_ask (&lab, &request, &answer);
        ck_assert_int_eq (json_array_size (json_at (answer.json, "/Members")), 7);
        ck_assert_str_eq (json_str_or (answer.json, "/Members/1/Version", ""), "1.0.0");
        lab_answer_free (&answer);

        request.path = BIOS "?$select=Version";
        lab_ask (&lab, &request, &answer);
        ck_assert_ptr_nonnull (json_str (answer.json, "/Version"));
        ck_assert_ptr_nonnull (json_str (answer.json, "/@odata.id"));
        ck_assert_ptr_null (json_at (answer.json, "/SoftwareId"));
        lab_answer_free (&answer);

        testing_string (lab_text (&lab, 1, ROOT "/Systems?only", "/Id"), "system");
        ck_assert_int_eq (lab_status (&lab, 1, "GET", ROOT "/Systems?$expand=.", NULL), 501);
        lab_stop (&lab);
    }
END_TEST

START_TEST (etags)
    {
        const char *settings = ROOT "/Systems/1/Bios/Settings";
        struct lab_request request = { .method = "GET", .path = settings };
        struct lab_answer answer;

        lab_start (&lab, "generic:1");
        lab_ask (&lab, &request, &answer);
        char *etag = str_dup (json_str (answer.json, "/@odata.etag"));
        ck_assert_ptr_nonnull (etag);
        lab_answer_free (&answer);

        char *none_match = str_printf ("If-None-Match: %s", etag);
        char *match = str_printf ("If-Match: %s", etag);
        request.header = none_match;
        lab_ask (&lab, &request, &answer);
        ck_assert_int_eq (answer.status, 304);
        lab_answer_free (&answer);

        request = (struct lab_request){ .method = "PATCH",
                                        .path = settings,
                                        .header = match,
                                        .json = "{\"Attributes\":{\"BootMode\":\"Legacy\"}}" };
        lab_ask (&lab, &request, &answer);
        ck_assert_int_eq (answer.status, 200);
        lab_answer_free (&answer);
        lab_ask (&lab, &request, &answer);
        ck_assert_int_eq (answer.status, 412);
        ck_assert_str_eq (error_code (&answer), "Base.1.19.PreconditionFailed");
        lab_answer_free (&answer);

        ck_assert_int_eq (
            lab_status (&lab, 0, "POST", HOST_RESET, "{\"ResetType\":\"ForceRestart\"}"), 204);
        lab_wait (&lab, 0, ROOT "/Systems/1/Bios", "/Attributes/BootMode", "Legacy");
        mem_free (etag);
        mem_free (match);
        mem_free (none_match);
        lab_stop (&lab);
    }
END_TEST

static char *
log_in (char *ret_token, size_t size)
{
    char *json = str_printf ("{\"UserName\":\"admin\",\"Password\":\"%s\"}", lab.password);
    struct lab_request request = { .method = "POST",
                                   .path = ROOT "/SessionService/Sessions",
                                   .json = json,
                                   .without_login = true };
    struct lab_answer answer;

    lab_ask (&lab, &request, &answer);
    const char *token = strcasestr (answer.headers.data, "X-Auth-Token: ");
    str_format (ret_token, size, "X-Auth-Token: %.32s", token == NULL ? "" : token + 14);
    char *uri = str_dup (json_str_or (answer.json, "/@odata.id", ""));
    lab_answer_free (&answer);
    mem_free (json);
    return uri;
}

START_TEST (sessions_begin_and_end)
    {
        char token[64], last[64];
        struct lab_request request
            = { .method = "GET", .path = ROOT "/Systems", .header = token, .without_login = true };
        struct lab_answer answer;

        lab_start (&lab, "generic:1");
        char *uri = log_in (token, sizeof token);
        lab_ask (&lab, &request, &answer);
        ck_assert_int_eq (answer.status, 200);
        lab_answer_free (&answer);

        for (int i = 1; i < 16; i++)
            mem_free (log_in (last, sizeof last));
        testing_string (log_in (last, sizeof last), ""); /* the seventeenth */
        ck_assert_int_eq (lab_count (&lab, 0, "/sessions_open"), 16);

        request.method = "DELETE";
        request.path = uri;
        lab_ask (&lab, &request, &answer);
        ck_assert_int_eq (answer.status, 204);
        lab_answer_free (&answer);
        request.method = "GET";
        request.path = ROOT "/Systems";
        lab_ask (&lab, &request, &answer);
        ck_assert_int_eq (answer.status, 401);
        lab_answer_free (&answer);
        ck_assert_int_eq (lab_count (&lab, 0, "/sessions_open"), 15);
        ck_assert_int_eq (lab_count (&lab, 0, "/logouts"), 1);

        /* The fault and a restart end the others. */
        lab_inject (&lab, 0, "expire-sessions", "");
        ck_assert_int_eq (lab_count (&lab, 0, "/sessions_expired"), 15);
        ck_assert_int_eq (lab_count (&lab, 0, "/sessions_open"), 0);
        mem_free (uri);
        lab_stop (&lab);
    }
END_TEST

static const struct {
    struct lab_push push;
    long status;
    const char *code;
} forms[] = {
    { { .uri = UPDATE "/upload", .model = "generic", .component = "bios", .version = "2" },
      400,
      "Base.1.19.MissingOrMalformedPart" },
    { { .uri = UPDATE "/upload",
        .parameters = "{}",
        .model = "generic",
        .component = "bios",
        .version = "2",
        .file_first = true },
      400,
      "Base.1.19.MissingOrMalformedPart" },
    { { .uri = UPDATE "/upload",
        .parameters = "{",
        .model = "generic",
        .component = "bios",
        .version = "2" },
      400,
      "Base.1.19.MalformedJSON" },
    { { .uri = UPDATE "/upload",
        .parameters = "{\"Colour\":1}",
        .model = "generic",
        .component = "bios",
        .version = "2" },
      400,
      "Base.1.19.PropertyUnknown" },
    { { .uri = UPDATE "/upload",
        .parameters = "{\"Targets\":[\"/nowhere\"]}",
        .model = "generic",
        .component = "bios",
        .version = "2" },
      400,
      "Base.1.19.PropertyValueFormatError" },
    { { .uri = UPDATE "/upload",
        .parameters = "{\"@Redfish.OperationApplyTime\":\"Never\"}",
        .model = "generic",
        .component = "bios",
        .version = "2" },
      400,
      "Base.1.19.PropertyValueNotInList" },
    { { .uri = UPDATE "/push",
        .parameters = "{}",
        .model = "generic",
        .component = "bios",
        .version = "2" },
      415,
      "Base.1.19.HeaderInvalid" },
    { { .host = 1,
        .uri = UPDATE "/update-multipart",
        .parameters = "{\"Targets\":[],\"Oem\":{}}",
        .model = "openbmc",
        .component = "bmc",
        .version = "2" },
      400,
      "Base.1.19.PropertyUnknown" },
    { { .host = 1,
        .uri = UPDATE "/update-multipart",
        .parameters = "{\"ForceUpdate\":true}",
        .model = "openbmc",
        .component = "bmc",
        .version = "2" },
      400,
      "Base.1.19.PropertyUnknown" },
    { { .host = 1, .uri = UPDATE "/update-multipart", .parameters = "{}" },
      400,
      "Base.1.19.MissingOrMalformedPart" },
    { { .host = 1,
        .uri = UPDATE "/update-multipart",
        .parameters = "{}",
        .model = "openbmc",
        .component = "bmc",
        .version = "2.14.0" },
      400,
      "Base.1.19.ResourceAlreadyExists" },
    { { .host = 1,
        .uri = UPDATE "/update-multipart",
        .parameters = "{}",
        .model = "openbmc",
        .component = "bmc",
        .version = "3",
        .damaged = true },
      400,
      "Base.1.19.MissingOrMalformedPart" },
    { { .host = 1,
        .uri = UPDATE "/update-multipart",
        .parameters = "{}",
        .model = "openbmc",
        .component = "bmc",
        .version = "3",
        .file_first = true },
      202,
      "" },
};

START_TEST (forms_are_checked)
    {
        lab_start (&lab, "generic:1,openbmc:1");
        for (size_t i = 0; i < COUNT_OF (forms); i++) {
            struct lab_answer answer;

            lab_push (&lab, &forms[i].push, &answer);
            ck_assert_msg (answer.status == forms[i].status
                               && str_eq (error_code (&answer), forms[i].code),
                           "form %zu: %ld %s", i, answer.status, error_code (&answer));
            lab_answer_free (&answer);
        }
        ck_assert_int_eq (lab_count (&lab, 0, "/changing_requests"), 0);
        ck_assert_int_eq (lab_count (&lab, 0, "/flashes_started"), 0);
        ck_assert_int_eq (lab_count (&lab, 1, "/changing_requests"), 1);
        lab_stop (&lab);
    }
END_TEST

START_TEST (an_upload_without_a_length_is_refused)
    {
        struct lab_request request = { .method = "POST",
                                       .path = UPDATE "/push",
                                       .json = "x",
                                       .header = "Transfer-Encoding: chunked" };
        struct lab_answer answer;

        lab_start (&lab, "generic:1");
        lab_ask (&lab, &request, &answer);
        ck_assert_int_eq (answer.status, 411);
        lab_answer_free (&answer);
        lab_stop (&lab);
    }
END_TEST

/* No model: the ETag of the UpdateService changes, and JSON that is too long is refused. */
START_TEST (a_long_json_body_is_refused)
    {
        struct buf b = { 0 };

        lab_start (&lab, "generic:1");
        buf_puts (&b, "{\"ResetType\":\"");
        for (int i = 0; i < 1100000; i++)
            buf_putc (&b, 'x');
        buf_puts (&b, "\"}");
        ck_assert_int_eq (lab_status (&lab, 0, "POST", HOST_RESET, b.data), 413);
        ck_assert_int_eq (lab_status (&lab, 0, "GET", ROOT, NULL), 200);
        buf_free (&b);
        lab_stop (&lab);
    }
END_TEST

int
main (void)
{
    const TTest *const tests[] = { the_root_needs_no_login_and_says_what_it_is,
                                   answers_have_the_right_status,
                                   every_link_leads_somewhere,
                                   queries,
                                   etags,
                                   sessions_begin_and_end,
                                   forms_are_checked,
                                   an_upload_without_a_length_is_refused,
                                   a_long_json_body_is_refused,
                                   NULL };

    return testing_run ("sim_service", tests);
}
