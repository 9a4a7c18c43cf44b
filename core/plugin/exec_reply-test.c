/* exec_reply-test: what executables write, the good, the bad and the hostile.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/json.h"
#include "base/testing.h"
#include "plugin/exec_reply.h"

#define START PLUGIN_CALL_START
#define POLL PLUGIN_CALL_POLL
#define CANCEL PLUGIN_CALL_CANCEL
#define RECONCILE PLUGIN_CALL_RECONCILE

static const struct {
    enum plugin_callback which;
    const char *text;
    int32_t result;
} good[] = {
    { START, "{\"result\":\"done\"}", FARRIER_DONE },
    { START, " {\"result\": \"done\", \"message\": \"quick\"}\n", FARRIER_DONE },
    { START, "{\"result\":\"skipped\",\"message\":\"nothing to do\"}", FARRIER_SKIPPED },
    { START, "{\"result\":\"pending\",\"await\":{\"kind\":\"timer\",\"after_ms\":0}}",
      FARRIER_PENDING },
    { POLL, "{\"result\":\"pending\",\"await\":{\"kind\":\"http\",\"path\":\"/x\","
            "\"method\":\"PATCH\",\"body\":{\"a\":1},\"headers\":{\"If-Match\":\"*\"},"
            "\"guards\":[{\"uri\":\"/x\",\"pointer\":\"/a\",\"expected\":\"0\"}],"
            "\"timeout_ms\":100,\"bmc_resets\":true}}", FARRIER_PENDING },
    { POLL, "{\"result\":\"pending\",\"await\":{\"kind\":\"task\",\"uri\":\"/t\",\"states\":"
            "[{\"value\":\"Down*\",\"means\":\"running\"}],\"progress_to\":900}}",
      FARRIER_PENDING },
    { POLL, "{\"result\":\"pending\",\"await\":{\"kind\":\"until\",\"uri\":\"/x\",\"wanted\":"
            "[\"On\",\"Up*\"],\"proof\":\"gap_or_changed\",\"good\":3}}", FARRIER_PENDING },
    { POLL, "{\"result\":\"pending\",\"await\":{\"kind\":\"collect\",\"paths\":[\"/a\"]}}",
      FARRIER_PENDING },
    { POLL, "{\"result\":\"pending\",\"await\":{\"kind\":\"transfer\",\"path\":\"/u\",\"parts\":"
            "[{\"kind\":\"json\",\"name\":\"p\",\"text\":{}},{\"kind\":\"image\"}],"
            "\"multipart\":true}}", FARRIER_PENDING },
    { POLL, "{\"result\":\"done\",\"state\":{\"ticket\":\"7\"},\"results\":{\"moved\":3},"
            "\"outcome\":\"staged\",\"needs\":[\"host_reset\"],\"needs_done\":[],"
            "\"progress\":{\"permille\":1000,\"text\":\"x\"},\"critical\":false,\"emit\":"
            "{\"components\":[{\"type\":\"bios\",\"key\":\"bios\",\"version\":\"1\","
            "\"vendor_keys\":{\"id\":\"2\"},\"updateable\":true}],\"identity\":[{\"kind\":"
            "\"serial\",\"value\":\"S\",\"uri\":\"/s\",\"pointer\":\"/p\"}],\"facts\":{\"a\":[1]},"
            "\"sensors\":[{\"name\":\"t\",\"value\":1.5,\"unit\":\"C\"}]}}", FARRIER_DONE },
    { START, "{\"result\":\"failed\",\"error\":{\"code\":\"BUSY\",\"message\":\"later\","
             "\"retry_after_ms\":5000,\"nothing_done\":true}}", FARRIER_E_BUSY },
    { CANCEL, "{\"result\":\"too_late\"}", FARRIER_TOO_LATE },
    { CANCEL, "{\"result\":\"done\"}", FARRIER_DONE },
    { RECONCILE, "{\"result\":\"adopt\",\"await\":{\"kind\":\"timer\",\"after_ms\":1}}",
      FARRIER_ADOPT },
    { RECONCILE, "{\"result\":\"not_started\"}", FARRIER_NOT_STARTED },
    { RECONCILE, "{\"result\":\"done\"}", FARRIER_DONE },
    { RECONCILE, "{\"result\":\"recheck\",\"after_ms\":1000}", FARRIER_RECHECK },
    { RECONCILE, "{\"result\":\"unknown\",\"message\":\"no trace\"}", FARRIER_UNKNOWN },
    { RECONCILE, "{\"result\":\"failed\",\"error\":{\"code\":\"host_fault\",\"message\":\"m\","
                 "\"known\":true}}", FARRIER_E_HOST_FAULT },
};

START_TEST (takes_good_replies)
{
    struct exec_reply reply = { 0 };
    struct err err = { 0 };
    int32_t rc = exec_reply_parse (good[_i].text, strlen (good[_i].text), good[_i].which, &reply,
                                   &err);
    ck_assert_msg (rc == 0, "%s: %s", good[_i].text, err.message);
    ck_assert_int_eq (reply.result, good[_i].result);
    ck_assert_ptr_nonnull (reply.doc);
    exec_reply_clear (&reply);
    ck_assert_ptr_null (reply.doc);
}
END_TEST

/* Part of the message that must come. */
static const struct {
    enum plugin_callback which;
    const char *text, *says;
} bad[] = {
    { START, "", "is empty" },
    { START, "rubbish", "is not JSON" },
    { START, "{\"result\":\"done\"", "is not JSON" },
    { START, "{\"result\":\"done\"} trailing", "is not JSON" },
    { START, "{\"result\":\"done\"}{\"result\":\"done\"}", "is not JSON" },
    { START, "{\"result\":\"done\",\"result\":\"skipped\"}", "is not JSON" },
    { START, "{\"result\":\"d\\u0000e\"}", "is not JSON" },
    { START, "{\"result\":\"\xff\"}", "is not JSON" },
    { START, "[]", "is not a JSON object" },
    { START, "null", "is not a JSON object" },
    { START, "42", "is not a JSON object" },
    { START, "{}", "'result' is missing" },
    { START, "{\"result\":null}", "'result' is null, must be a string" },
    { START, "{\"result\":[\"done\"]}", "'result' is [\"done\"], must be a string" },
    { START, "{\"reslut\":\"done\"}", "did you mean 'result'?" },
    { START, "{\"result\":\"done\",\"await\":{\"kind\":\"timer\",\"after_ms\":1}}",
      "'await' is there, but the result is \"done\"" },
    { START, "{\"result\":\"pending\"}", "'await' is missing" },
    { START, "{\"result\":\"pending\",\"await\":[]}", "'await' is [], must be an object" },
    { START, "{\"result\":\"pending\",\"await\":{}}", "'await/kind' is missing" },
    { START, "{\"result\":\"pending\",\"await\":{\"kind\":\"tmier\",\"after_ms\":1}}",
      "did you mean \"timer\"?" },
    { START, "{\"result\":\"pending\",\"await\":{\"kind\":\"process\"}}",
      "must be one of timer, http, transfer, collect, task, until" },
    { START, "{\"result\":\"pending\",\"await\":{\"kind\":\"timer\"}}",
      "'await/after_ms' is missing" },
    { START, "{\"result\":\"pending\",\"await\":{\"kind\":\"timer\",\"after_ms\":-1}}",
      "'await/after_ms' is -1" },
    { START, "{\"result\":\"pending\",\"await\":{\"kind\":\"timer\",\"after_ms\":1.5}}",
      "must be a whole number" },
    { START, "{\"result\":\"pending\",\"await\":{\"kind\":\"timer\",\"after_ms\":4294967296}}",
      "'await/after_ms' is 4294967296" },
    { START, "{\"result\":\"pending\",\"await\":{\"kind\":\"timer\",\"after_ms\":1,\"uri\":\"/\"}}",
      "'await/uri' is no member" },
    { START, "{\"result\":\"pending\",\"await\":{\"kind\":\"http\",\"path\":\"/\",\"guards\":"
             "[{\"uri\":\"/\",\"pointer\":\"/\",\"expected\":\"\"},{\"uri\":\"/\"}]}}",
      "'await/guards[1]/pointer' is missing" },
    { START, "{\"result\":\"pending\",\"await\":{\"kind\":\"http\",\"path\":\"/\",\"headers\":"
             "{\"A\":1}}}", "'await/headers' is {\"A\":1}, must be an object of strings" },
    { START, "{\"result\":\"pending\",\"await\":{\"kind\":\"until\",\"proof\":\"word\"}}",
      "'await/proof' is \"word\"" },
    { START, "{\"result\":\"pending\",\"await\":{\"kind\":\"task\",\"states\":[{\"value\":\"x\","
             "\"means\":\"dead\"}]}}", "'await/states/means' is \"dead\"" },
    { START, "{\"result\":\"skipped\"}", "'message' is missing" },
    { START, "{\"result\":\"recheck\",\"after_ms\":1}",
      "must be one of done, pending, skipped, failed" },
    { START, "{\"result\":\"not_started\"}", "must be one of done, pending, skipped, failed" },
    { START, "{\"result\":\"too_late\"}", "must be one of" },
    { CANCEL, "{\"result\":\"skipped\",\"message\":\"m\"}", "must be one of done, pending, "
                                                            "too_late, failed" },
    { RECONCILE, "{\"result\":\"pending\",\"await\":{\"kind\":\"timer\",\"after_ms\":1}}",
      "must be one of done, adopt, not_started, recheck, unknown, failed" },
    { RECONCILE, "{\"result\":\"recheck\"}", "'after_ms' is missing" },
    { RECONCILE, "{\"result\":\"unknown\"}", "'message' is missing" },
    { START, "{\"result\":\"failed\"}", "'error' is missing" },
    { START, "{\"result\":\"done\",\"error\":{\"code\":\"BUSY\",\"message\":\"m\"}}",
      "'error' is there, but the result is \"done\"" },
    { START, "{\"result\":\"failed\",\"error\":{\"code\":\"BUSY\"}}",
      "'error/message' is missing" },
    { START, "{\"result\":\"failed\",\"error\":{\"code\":\"OOPS\",\"message\":\"m\"}}",
      "'error/code' is \"OOPS\"" },
    { START, "{\"result\":\"failed\",\"error\":{\"code\":\"OK\",\"message\":\"m\"}}",
      "'error/code' is \"OK\"" },
    { START, "{\"result\":\"failed\",\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"m\"}}",
      "'error/code' is \"NOT_FOUND\"" },
    { START, "{\"result\":\"done\",\"state\":{\"a\":1}}", "must be an object of strings" },
    { START, "{\"result\":\"done\",\"state\":{\"A-b\":\"1\"}}", "'state/A-b' must match" },
    { START, "{\"result\":\"done\",\"state\":{\"\":\"1\"}}", "'state/' must match" },
    { START, "{\"result\":\"done\",\"results\":[]}", "'results' is []" },
    { START, "{\"result\":\"done\",\"outcome\":\"verified\"}",
      "must be one of planned, accepted, staged, flashed, activated" },
    { START, "{\"result\":\"done\",\"needs\":[\"reboot\"]}", "'needs' is \"reboot\"" },
    { START, "{\"result\":\"done\",\"needs\":[7]}", "'needs[0]' is 7, must be a string" },
    { START, "{\"result\":\"done\",\"progress\":{\"permille\":1001}}",
      "'progress/permille' is 1001" },
    { START, "{\"result\":\"done\",\"critical\":1}", "'critical' is 1, must be true or false" },
    { START, "{\"result\":\"done\",\"emit\":{\"components\":[{\"type\":\"bios\"}]}}",
      "'emit/components[0]/key' is missing" },
    { START, "{\"result\":\"done\",\"emit\":{\"components\":[{\"type\":\"floppy\","
             "\"key\":\"k\"}]}}",
      "'emit/components/type' is \"floppy\"" },
    { START, "{\"result\":\"done\",\"emit\":{\"components\":[\"bios\"]}}",
      "'emit/components[0]' is \"bios\", must be an object" },
    { START, "{\"result\":\"done\",\"emit\":{\"sensors\":[{\"name\":\"t\",\"value\":\"1\"}]}}",
      "'emit/sensors[0]/value' is \"1\", must be a number" },
};

START_TEST (refuses_bad_replies)
{
    struct exec_reply reply = { 0 };
    struct err err = { 0 };
    int32_t rc = exec_reply_parse (bad[_i].text, strlen (bad[_i].text), bad[_i].which, &reply,
                                   &err);
    ck_assert_msg (rc == FARRIER_E_PLUGIN_BUG, "%s was taken", bad[_i].text);
    ck_assert_ptr_null (reply.doc);
    ck_assert_msg (strstr (err.message, bad[_i].says) != NULL, "%s: %s", bad[_i].text,
                   err.message);
}
END_TEST

static void
refused (struct buf *text, const char *says)
{
    struct exec_reply reply = { 0 };
    struct err err = { 0 };
    ck_assert_int_eq (exec_reply_parse (text->data, text->len, START, &reply, &err),
                      FARRIER_E_PLUGIN_BUG);
    ck_assert_msg (strstr (err.message, says) != NULL, "%s", err.message);
    buf_free (text);
}

START_TEST (bounds_what_is_large)
{
    struct buf text = { 0 };
    buf_puts (&text, "{\"result\":\"done\",\"message\":\"");
    while (text.len <= EXEC_REPLY_MAX)
        buf_puts (&text, "0123456789abcdef");
    buf_puts (&text, "\"}");
    refused (&text, "has more than 262144 bytes");

    buf_puts (&text, "{\"result\":\"done\",\"state\":{\"a\":\"");
    while (text.len <= EXEC_STATE_MAX + 64)
        buf_puts (&text, "0123456789abcdef");
    buf_puts (&text, "\"}}");
    refused (&text, "'state' has");

    buf_puts (&text, "{\"result\":\"done\",\"emit\":{\"facts\":{\"a\":");
    for (int i = 0; i < 5000; i++)
        buf_putc (&text, '[');
    refused (&text, "is not JSON");

    buf_puts (&text, "{\"result\":\"done\"}");
    buf_putc (&text, '\0');
    refused (&text, "is not JSON");
}
END_TEST

static const struct {
    int status;
    int32_t code;
    bool named;
} statuses[] = {
    { 64, FARRIER_E_UNSUPPORTED, true },  { 65, FARRIER_E_INVALID, true },
    { 66, FARRIER_E_PRECONDITION, true }, { 68, FARRIER_E_UNREACHABLE, true },
    { 70, FARRIER_E_PLUGIN_BUG, true },   { 73, FARRIER_E_NO_SPACE, true },
    { 75, FARRIER_E_BUSY, true },         { 76, FARRIER_E_REJECTED, true },
    { 77, FARRIER_E_AUTH, true },         { 78, FARRIER_E_PRECONDITION, true },
    { 1, FARRIER_E_PLUGIN_BUG, false },   { 2, FARRIER_E_PLUGIN_BUG, false },
    { 72, FARRIER_E_PLUGIN_BUG, false },  { 79, FARRIER_E_PLUGIN_BUG, false },
    { 127, FARRIER_E_PLUGIN_BUG, false }, { -9, FARRIER_E_PLUGIN_BUG, false },
};

START_TEST (maps_exit_statuses)
{
    for (size_t i = 0; i < COUNT_OF (statuses); i++) {
        const char *meaning = "";
        ck_assert_int_eq (exec_reply_exit_code (statuses[i].status, &meaning), statuses[i].code);
        ck_assert_msg ((meaning != NULL) == statuses[i].named, "%d", statuses[i].status);
    }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("exec_reply");
    TCase *tcase = tcase_create ("exec_reply");
    tcase_add_loop_test (tcase, takes_good_replies, 0, COUNT_OF (good));
    tcase_add_loop_test (tcase, refuses_bad_replies, 0, COUNT_OF (bad));
    tcase_add_test (tcase, bounds_what_is_large);
    tcase_add_test (tcase, maps_exit_statuses);
    suite_add_tcase (suite, tcase);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
