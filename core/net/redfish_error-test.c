/* Tests of redfish_error.h: the shapes and words of real BMCs.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/redfish_error.h"

#include <string.h>

#include "base/json.h"
#include "base/testing.h"

#define INFO(text) "{\"error\":{\"code\":\"Base.1.12.GeneralError\",\"message\":\"general\"," \
                   "\"@Message.ExtendedInfo\":" text "}}"

START_TEST (shapes_and_words)
{
    static const struct {
        int status;
        const char *body;
        int32_t code;
        const char *id, *words;
    } cases[] = {
        { 400, INFO ("[{\"MessageId\":\"Base.1.12.PropertyUnknown\",\"Message\":\"what is Oem\","
                     "\"Resolution\":\"Leave it out.\"}]"), FARRIER_E_INVALID,
          "Base.1.12.PropertyUnknown", "what is Oem Leave it out." },
        { 503, INFO ("{\"MessageId\":\"Base.1.0.ServiceTemporarilyUnavailable\",\"MessageArgs\":"
                     "[\"30\"]}"), FARRIER_E_BUSY, "Base.1.0.ServiceTemporarilyUnavailable",
          "general" },
        { 403, "{\"@Message.ExtendedInfo\":[{\"MessageId\":\"Base.1.8.PasswordChangeRequired\","
               "\"MessageArgs\":[\"/a/1\"]}]}", FARRIER_E_AUTH,
          "Base.1.8.PasswordChangeRequired", "PasswordChangeRequired" },
        { 400, "{\"error\":{\"code\":\"Base.1.0.GeneralError\",\"message\":{\"lang\":\"en\","
               "\"value\":\"old\"}}}", FARRIER_E_REJECTED, "Base.1.0.GeneralError", "old" },
        { 503, INFO ("[{\"MessageId\":\"IDRAC.2.8.RAC0218\",\"Message\":\"maximum\"}]"),
          FARRIER_E_BUSY, "IDRAC.2.8.RAC0218", "maximum" },
        { 400, INFO ("[{\"MessageId\":\"Base.1.0.Success\"},{\"MessageId\":"
                     "\"IDRAC.2.1.SWC0242\",\"Message\":\"license needed\"}]"),
          FARRIER_E_REJECTED, "IDRAC.2.1.SWC0242", "license needed" },
        { 405, INFO ("[{\"MessageId\":\"SMC.1.0.OemLicenseNotPassed\"}]"), FARRIER_E_LICENSE,
          "SMC.1.0.OemLicenseNotPassed", "" },
        { 405, INFO ("[{\"MessageId\":\"SMC.1.0.OemFirmwareAlreadyInUpdateMode\"}]"),
          FARRIER_E_BUSY, "SMC.1.0.OemFirmwareAlreadyInUpdateMode", "" },
        { 500, "<html><body>Internal error</body></html>", FARRIER_E_REJECTED, "", "" },
        { 502, "", FARRIER_E_TRANSIENT, "", "" },
        { 413, "", FARRIER_E_NO_SPACE, "", "" },
        { 404, "null", FARRIER_E_UNSUPPORTED, "", "" },
        { 401, "[]", FARRIER_E_AUTH, "", "" },
        { 409, INFO ("\"text\""), FARRIER_E_BUSY, "Base.1.12.GeneralError", "general" },
        { 200, "{\"Name\":\"x\"}", 0, "", "" },
        { 200, "{\"@Message.ExtendedInfo\":[{\"MessageId\":\"Base.1.0.Success\"}]}", 0, "", "" },
        { 202, "{\"Accepted\":{\"@Message.ExtendedInfo\":[{\"MessageId\":"
               "\"Update.1.0.ApplyFailed\",\"Message\":\"flash\"}]}}", FARRIER_E_HOST_FAULT,
          "Update.1.0.ApplyFailed", "flash" },
        { 400, INFO ("[{\"MessageId\":7,\"Message\":[]},3,null,{\"MessageArgs\":{}}]"),
          FARRIER_E_REJECTED, "Base.1.12.GeneralError", "general" },
        { 503, INFO ("[{\"Message\":\"code SYS518 again\"}]"), FARRIER_E_BUSY,
          "Base.1.12.GeneralError", "SYS518" },
    };
    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        struct redfish_error e;
        redfish_error_from_body (cases[i].status, false, cases[i].body, strlen (cases[i].body),
                                 &e);
        ck_assert_msg (e.code == cases[i].code, "case %zu: %d %s", i, e.code, e.message);
        ck_assert_str_eq (e.vendor_id, cases[i].id);
        ck_assert_msg (strstr (e.message, cases[i].words) != NULL, "case %zu: %s", i, e.message);
        if (strstr (cases[i].body, "ServiceTemporarily") != NULL)
            ck_assert_int_eq (e.retry_after_ms, 30000);
        ck_assert_int_eq (e.session_limit, strstr (cases[i].body, "RAC0218") != NULL);
        ck_assert_int_eq (e.password_change, strstr (cases[i].body, "PasswordCh") != NULL);
        if (e.password_change)
            ck_assert_str_eq (e.password_uri, "/a/1");
    }
}
END_TEST

START_TEST (a_500_is_transient_only_for_reads)
{
    ck_assert_int_eq (redfish_status_code (500, true), FARRIER_E_TRANSIENT);
    ck_assert_int_eq (redfish_status_code (500, false), FARRIER_E_REJECTED);
    ck_assert_int_eq (redfish_status_code (204, false), 0);
}
END_TEST

START_TEST (only_first_and_last_token_count)
{
    ck_assert_int_eq (redfish_message_kind ("Update.1.2.0.UpdateSuccessful"), REDFISH_SUCCESS);
    ck_assert_int_eq (redfish_message_kind ("update.UpdateSuccessful"), REDFISH_SUCCESS);
    ck_assert_int_eq (redfish_message_kind ("Updates.1.2.UpdateSuccessful"), REDFISH_UNKNOWN);
    ck_assert_int_eq (redfish_message_kind ("IDRAC.2.9.PR19"), REDFISH_SUCCESS);
    ck_assert_int_eq (redfish_message_kind ("IDRAC.JCP001"), REDFISH_NEEDS_RESET);
    ck_assert_int_eq (redfish_message_kind ("PR19"), REDFISH_UNKNOWN);
    ck_assert_int_eq (redfish_message_kind ("Base.1.8.Success"), REDFISH_SUCCESS);
    ck_assert_int_eq (redfish_message_kind (""), REDFISH_UNKNOWN);
    ck_assert_int_eq (redfish_message_kind (NULL), REDFISH_UNKNOWN);
    ck_assert_int_eq (redfish_key_code ("Base.1.12.ResourceInUse"), FARRIER_E_BUSY);
    ck_assert_int_eq (redfish_key_code ("Nonsense"), 0);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { shapes_and_words, a_500_is_transient_only_for_reads,
                                   only_first_and_last_token_count, NULL };

    return testing_run ("redfish_error", tests);
}
