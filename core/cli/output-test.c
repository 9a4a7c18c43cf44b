/* Tests of output.h and follow.h: tables, YAML, the live block, the verdict.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "cli/output.h"

#include <locale.h>
#include <string.h>

#include "base/json.h"
#include "base/testing.h"
#include "cli/follow.h"

static struct table *
sample (bool wide)
{
    struct table *t = table_new (wide);
    table_column (t, "NAME", 0);
    table_column (t, "COUNT", TABLE_RIGHT);
    table_column (t, "FILE", TABLE_WIDE);
    table_column (t, "TEXT", TABLE_TRUNC);
    table_row (t);
    table_cell (t, "n1");
    table_cellf (t, "%d", 7);
    table_cell (t, "/x");
    table_cell (t, "a rather long text that does not fit into forty columns at all");
    table_row (t);
    table_cell (t, "caf\xc3\xa9");
    table_cell (t, NULL);
    table_cell (t, "");
    table_cell (t, "\033[2Jtwo\nlines");
    return t;
}

START_TEST (tables)
{
    struct table *t = sample (false);
    char *text = table_text (t, 0, false);
    ck_assert_ptr_nonnull (strstr (text, "n1        7  a rather long text that does not fit"));
    ck_assert_ptr_nonnull (strstr (text, "into forty columns at all"));
    ck_assert_ptr_nonnull (strstr (text, "caf\xc3\xa9      -  ?[2Jtwo lines"));
    ck_assert_ptr_null (strstr (text, "FILE"));
    ck_assert_ptr_null (strchr (text, '\033'));
    mem_free (text);
    text = table_text (t, 40, false);
    for (char *line = text; line != NULL && *line != '\0';) {
        size_t len = strcspn (line, "\n");
        ck_assert_uint_le (len, 41);   /* one character has two bytes */
        line = line[len] == '\n' ? line + len + 1 : NULL;
    }
    ck_assert_ptr_null (strstr (text, "at all"));
    mem_free (text);
    table_free (t);

    t = sample (true);
    text = table_text (t, 0, false);
    ck_assert_ptr_nonnull (strstr (text, "FILE"));
    mem_free (text);
    table_free (t);
    t = table_new (false);
    table_column (t, "X", 0);
    testing_string (table_text (t, 0, false), "");
    table_free (t);
}
END_TEST

START_TEST (colors)
{
    struct table *t = table_new (false);
    table_column (t, "STATE", TABLE_STATE);
    table_row (t);
    table_cell (t, "failed(final)");
    char *plain = table_text (t, 80, false), *colored = table_text (t, 80, true);
    ck_assert_ptr_null (strchr (plain, '\033'));
    ck_assert_ptr_nonnull (strstr (colored, "\033[31m"));
    mem_free (plain);
    mem_free (colored);
    table_free (t);
}
END_TEST

START_TEST (yaml)
{
    static const struct { const char *json, *yaml; } table[] = {
        { "{}", "{}\n" }, { "[]", "[]\n" }, { "\"x\"", "x\n" }, { "17", "17\n" },
        { "{\"a\":1,\"b\":{\"c\":[1,{\"d\":null,\"e\":true}]}}",
          "a: 1\nb:\n  c:\n    - 1\n    - d: null\n      e: true\n" },
        { "[[1,2],[]]", "- - 1\n  - 2\n- []\n" },
        { "[\"yes\",\"No\",\"null\",\"~\",\"1.0\",\"\",\" x\",\"a: b\",\"a #b\",\"- a\",\"a\\nb\"]",
          "- \"yes\"\n- \"No\"\n- \"null\"\n- \"~\"\n- \"1.0\"\n- \"\"\n- \" x\"\n- \"a: b\"\n"
          "- \"a #b\"\n- \"- a\"\n- \"a\\nb\"\n" },
        { "[\"https://10.0.0.1:8443\",\"SIM-G1 (simulated)\",\"/redfish/v1\"]",
          "- https://10.0.0.1:8443\n- SIM-G1 (simulated)\n- /redfish/v1\n" },
        { "{\"1\":\"x\",\"yes\":\"y\"}", "\"1\": x\n\"yes\": \"y\"\n" },
    };
    for (size_t i = 0; i < COUNT_OF (table); i++) {
        json_t *v = json_loads (table[i].json, JSON_DECODE_ANY, NULL);
        struct buf text = { 0 };
        ck_assert_ptr_nonnull (v);
        output_yaml (v, &text);
        ck_assert_str_eq (text.data, table[i].yaml);
        buf_free (&text);
        json_decref (v);
    }
}
END_TEST

START_TEST (words)
{
    testing_string (output_clean ("a\033b\tc\x7f\xc2\x9b"), "a?b c???");
    testing_string (output_clean ("\xff\xfeok"), "??ok");
    testing_string (output_ago (0), "never");
    json_t *labels = json_pack ("{s:s, s:s}", "a", "1", "b", "2");
    testing_string (output_labels (labels), "a=1,b=2");
    json_decref (labels);
    testing_string (follow_bar (0, 4), "[    ]");
    testing_string (follow_bar (500, 4), "[##  ]");
    testing_string (follow_bar (1000, 4), "[####]");
    testing_string (follow_bar (-5, 4), "[    ]");
    testing_string (follow_bar (2000, 4), "[####]");
}
END_TEST

static json_t *
jobs_of (const char *text)
{
    json_t *v = json_loads (text, 0, NULL);
    ck_assert_ptr_nonnull (v);
    return v;
}

START_TEST (block)
{
    json_t *jobs = jobs_of (
        "[{\"host\":\"n1\",\"state\":\"done\",\"status\":\"verified\"},"
        " {\"host\":\"n2\",\"state\":\"waiting\",\"phase\":\"firmware_update\","
        "  \"progress_permille\":500,\"progress_text\":\"flashing \\u001b[2J\"},"
        " {\"host\":\"n3\",\"state\":\"running\",\"phase\":\"pre_flight\"},"
        " {\"host\":\"n4\",\"state\":\"queued\"},"
        " {\"host\":\"n5\",\"state\":\"done\",\"status\":\"failed(final)\"}]");
    char *text = follow_block (jobs, 120, 1, 0, 60000);
    ck_assert_ptr_nonnull (strstr (text, "n2               [##########          ]  50%  "
                                         "firmware_update  flashing ?[2J"));
    ck_assert_ptr_nonnull (strstr (text, "and 1 more"));
    ck_assert_ptr_null (strstr (text, "n4"));
    ck_assert_ptr_nonnull (strstr (text, "1 of 5 done, 1 failed, 2 running, 1 queued, 1m"));
    ck_assert_ptr_nonnull (strstr (text, "left"));
    mem_free (text);
    text = follow_block (jobs, 30, 9, 0, 1000);
    for (char *line = text; *line != '\0'; line += strcspn (line, "\n") + 1)
        ck_assert_uint_lt (strcspn (line, "\n"), 30);
    mem_free (text);
    json_decref (jobs);
}
END_TEST

START_TEST (verdicts)
{
    static const struct { const char *jobs; int32_t code; int exit; } table[] = {
        { "[{\"state\":\"done\",\"status\":\"verified\"},{\"state\":\"done\",\"status\":\"noop\"}]",
          0, 0 },
        { "[{\"state\":\"done\",\"status\":\"succeeded\"}]", 0, 0 },
        { "[{\"state\":\"done\",\"status\":\"verified\"},"
          "{\"state\":\"done\",\"status\":\"failed(final)\"}]", ERR_PARTLY, 5 },
        { "[{\"state\":\"done\",\"status\":\"failed\",\"cause\":{\"message\":\"m\"}}]",
          FARRIER_E_HOST_FAULT, 1 },
        { "[{\"state\":\"done\",\"status\":\"failed(retryable)\"},"
          "{\"state\":\"done\",\"status\":\"rolled_back\"}]", FARRIER_E_HOST_FAULT, 1 },
        { "[{\"state\":\"parked\",\"status\":\"parked\"}]", ERR_APPROVAL, 7 },
        { "[{\"state\":\"done\",\"status\":\"cancelled_before\"}]", FARRIER_E_CANCELLED, 8 },
    };
    for (size_t i = 0; i < COUNT_OF (table); i++) {
        json_t *jobs = jobs_of (table[i].jobs);
        struct err err = { 0 };
        int32_t code = follow_verdict (jobs, &err);
        ck_assert_msg (code == table[i].code, "%s: %d", table[i].jobs, code);
        if (code != 0)
            ck_assert_int_eq (err_exit_status (code), table[i].exit);
        json_decref (jobs);
    }
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { tables, colors, yaml, words, block, verdicts, NULL };

    setlocale (LC_CTYPE, "C.UTF-8");
    return testing_run ("output", tests);
}
