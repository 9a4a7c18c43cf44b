/* params-test: values against a table: types, ranges, defaults, expressions, "did you mean".
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/params.h"

#include "base/json.h"
#include "base/testing.h"
#include "farrier/sdk.h"

static const struct farrier_param list[] = {
    { .name = "word", .type = FARRIER_PARAM_STRING, .help = "h" },
    { .name = "must", .type = FARRIER_PARAM_INTEGER, .min = 1, .max = 9, .help = "h",
      .flags = FARRIER_PARAM_REQUIRED },
    { .name = "flag", .type = FARRIER_PARAM_BOOL, .default_value = "true", .help = "h" },
    { .name = "wait", .type = FARRIER_PARAM_DURATION, .default_value = "90s", .min = 1000,
      .max = 100000, .help = "h" },
    { .name = "room", .type = FARRIER_PARAM_SIZE, .help = "h" },
    { .name = "mode", .type = FARRIER_PARAM_ENUM, .enum_values = "auto|multipart|http_push",
      .default_value = "auto", .help = "h" },
    { .name = "any", .type = FARRIER_PARAM_JSON, .help = "h" },
};
static const struct farrier_table table = FARRIER_TABLE (list);

static const struct {
    const char *values;
    unsigned flags;
    const char *message;               /* NULL = good */
    const char *hint;                  /* part of it; NULL = any */
    const char *result;                /* canonical; NULL = not looked at */
} cases[] = {
    { "{\"must\":3}", 0, NULL, NULL,
      "{\"flag\":true,\"mode\":\"auto\",\"must\":3,\"wait\":90000}" },
    { "{\"must\":3,\"wait\":\"2s\",\"room\":\"64MiB\",\"flag\":false,\"any\":[1]}", 0, NULL, NULL,
      "{\"any\":[1],\"flag\":false,\"mode\":\"auto\",\"must\":3,\"room\":67108864,\"wait\":2000}" },
    { "{\"must\":3,\"room\":512}", 0, NULL, NULL, NULL },
    { "{}", 0, "parameter 'must' (integer) is missing", NULL, NULL },
    { "{\"must\":10}", 0, "parameter 'must' is 10, must be between 1 and 9", NULL, NULL },
    { "{\"must\":\"3\"}", 0, "parameter 'must' is \"3\", must be a integer", NULL, NULL },
    { "{\"must\":\"${item.n}\"}", 0, "parameter 'must' is \"${item.n}\", must be a integer", NULL,
      NULL },
    { "{\"must\":\"${item.n}\"}", PLUGIN_PARAMS_EXPRESSIONS, NULL, NULL, NULL },
    { "{\"must\":3,\"wait\":90}", 0, "parameter 'wait' is 90, must be a duration", "\"90s\"",
      NULL },
    { "{\"must\":3,\"wait\":\"5m\"}", 0,
      "parameter 'wait' is 5m, must be between 1000 and 100000 ms", NULL, NULL },
    { "{\"must\":3,\"mode\":\"multypart\"}", 0,
      "parameter 'mode' is \"multypart\", must be one of auto|multipart|http_push",
      "multipart", NULL },
    { "{\"must\":3,\"mod\":\"auto\"}", 0, "unknown parameter 'mod'", "'mode'", NULL },
    { "{\"must\":3,\"mod\":\"auto\"}", PLUGIN_PARAMS_OPEN, NULL, NULL, NULL },
    { "{\"must\":3,\"flag\":\"yes\"}", 0, "parameter 'flag' is \"yes\", must be a bool",
      "true or false", NULL },
    { "[1]", 0, "the parameters are not a group", NULL, NULL },
};

START_TEST (checks_values)
{
    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        struct err err = { 0 };
        json_t *values = json_parse (cases[i].values, strlen (cases[i].values), &err);
        json_t *result = NULL;
        int32_t rc = plugin_params_check (&table, values, cases[i].flags, NULL, NULL, &result,
                                          &err);
        ck_assert_msg ((rc == 0) == (cases[i].message == NULL), "%s: %s", cases[i].values,
                       err.message);
        ck_assert (rc == 0 || result == NULL);
        if (cases[i].message != NULL)
            ck_assert_str_eq (err.message, cases[i].message);
        if (cases[i].hint != NULL)
            ck_assert_msg (strstr (err.hint, cases[i].hint) != NULL, "%s", err.hint);
        if (cases[i].result != NULL) {
            char *text = json_text (result);
            ck_assert_str_eq (text, cases[i].result);
            mem_free (text);
        }
        json_decref (values);
        json_decref (result);
    }
}
END_TEST

static void
count_finding (void *ctx, const char *param, const char *message, const char *hint)
{
    (void) param;
    (void) message;
    (void) hint;
    ++*(int *) ctx;
}

START_TEST (reports_all_findings)
{
    static const char text[] = "{\"must\":99,\"mode\":1,\"wait\":1,\"wrong\":1}";
    struct err err = { 0 };
    int findings = 0;
    json_t *values = json_parse (text, strlen (text), &err);
    ck_assert_int_eq (plugin_params_check (&table, values, 0, count_finding, &findings, NULL, &err),
                      FARRIER_E_INVALID);
    ck_assert_int_eq (findings, 4);
    json_decref (values);
}
END_TEST

/* A plugin built against an older header has shorter entries. */
START_TEST (reads_short_entries)
{
    struct {
        const char *name;
        uint32_t type, flags;
    } const old[] = { { "one", FARRIER_PARAM_BOOL, 0 }, { "two", FARRIER_PARAM_STRING, 0 } };
    struct farrier_table shorter = FARRIER_TABLE (old);
    struct farrier_param param;
    ck_assert (plugin_param_at (&shorter, 1, &param));
    ck_assert_str_eq (param.name, "two");
    ck_assert_ptr_null (param.default_value);
    ck_assert_ptr_null (param.since);
    ck_assert (!plugin_param_at (&shorter, 2, &param));
    ck_assert (plugin_param_find (&shorter, "one", &param));
    ck_assert_uint_eq (param.type, FARRIER_PARAM_BOOL);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { checks_values, reports_all_findings,
                                   reads_short_entries, NULL };
    return testing_run ("params", tests);
}
