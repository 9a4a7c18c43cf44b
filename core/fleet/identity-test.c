/* Tests of the identity part of inventory.h, and of its diff.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "base/testing.h"
#include "fleet/inventory.h"

static json_t *
parse (const char *text)
{
    return json_parse (text, strlen (text), NULL);
}

START_TEST (compare)
{
    static const struct {
        const char *recorded, *measured;
        enum identity_verdict verdict;
        const char *says;
    } table[] = {
        { "[]", "[]", IDENTITY_UNKNOWN, NULL },
        { "[{\"kind\":\"serial\",\"value\":\"ABC1\"}]", "[]", IDENTITY_UNKNOWN, NULL },
        { "[{\"kind\":\"serial\",\"value\":\"ABC1\"}]",
          "[{\"kind\":\"serial\",\"value\":\" abc1\"}]", IDENTITY_SAME, NULL },
        { "[{\"kind\":\"serial\",\"value\":\"ABC1\"}]",
          "[{\"kind\":\"serial\",\"value\":\"ABC2\"}]", IDENTITY_DIFFERENT,
          "the recorded serial is ABC1, the BMC now says ABC2" },
        { "[{\"kind\":\"uuid\",\"value\":\"aabb-0001\"},{\"kind\":\"serial\",\"value\":\"S1\"}]",
          "[{\"kind\":\"uuid\",\"value\":\"AABB0001\"},{\"kind\":\"serial\",\"value\":\"N/A\"}]",
          IDENTITY_SAME, NULL },
        { "[{\"kind\":\"serial\",\"value\":\"0000\"}]",
          "[{\"kind\":\"serial\",\"value\":\"S2\"}]", IDENTITY_UNKNOWN, NULL },
        { "[{\"kind\":\"asset\",\"value\":\"old\"}]", "[{\"kind\":\"asset\",\"value\":\"new\"}]",
          IDENTITY_UNKNOWN, NULL },
        { "[{\"kind\":\"serial\",\"value\":\"S1\",\"uri\":\"/s/1\",\"pointer\":\"/SerialNumber\"},"
          " {\"kind\":\"serial\",\"value\":\"C1\",\"uri\":\"/c/1\",\"pointer\":\"/SerialNumber\"}]",
          "[{\"kind\":\"serial\",\"value\":\"C1\",\"uri\":\"/c/1\",\"pointer\":\"/SerialNumber\"},"
          " {\"kind\":\"serial\",\"value\":\"S1\",\"uri\":\"/s/1\",\"pointer\":\"/SerialNumber\"}]",
          IDENTITY_SAME, NULL },
        { "[{\"kind\":\"serial\",\"value\":\"S1\",\"uri\":\"/redfish/v1/Systems/1\"}]",
          "[{\"kind\":\"serial\",\"value\":\"S1\",\"uri\":\"/redfish/v1/Systems/system\"}]",
          IDENTITY_SAME, NULL },
        { "[{\"kind\":\"uuid\",\"value\":\"ffffffff-ffff-ffff-ffff-ffffffffffff\"}]",
          "[{\"kind\":\"uuid\",\"value\":\"ffffffff-ffff-ffff-ffff-fffffffffffe\"}]",
          IDENTITY_UNKNOWN, NULL },
    };
    for (size_t i = 0; i < COUNT_OF (table); i++) {
        json_t *recorded = parse (table[i].recorded), *measured = parse (table[i].measured);
        struct err err = { 0 };
        ck_assert_msg (identity_compare (recorded, measured, &err) == table[i].verdict, "%zu", i);
        if (table[i].says != NULL) {
            ck_assert_int_eq (err.code, FARRIER_E_PRECONDITION);
            ck_assert_ptr_nonnull (strstr (err.message, table[i].says));
        }
        json_decref (recorded);
        json_decref (measured);
    }
    ck_assert (identity_value_equal ("uuid", "AA-bb", "aabb"));
    ck_assert (!identity_value_equal ("serial", "AA-bb", "aabb"));
    ck_assert (!identity_value_equal ("serial", "", ""));
}
END_TEST

START_TEST (diff)
{
    json_t *from = parse ("{\"n10\":{\"version\":\"1\"},\"n2\":{\"version\":\"1\"},"
                          "\"same\":{\"version\":\"5\"},\"gone\":{\"version\":\"7\"}}");
    json_t *to = parse ("{\"n10\":{\"version\":\"2\"},\"n2\":{\"version\":\"2\"},"
                        "\"same\":{\"version\":\"5\"},\"fresh\":{\"version\":\"8\"}}");
    json_t *list = inventory_diff (from, to);
    ck_assert_uint_eq (json_array_size (list), 4);
    ck_assert_str_eq (json_str (list, "/0/key"), "fresh");
    ck_assert_str_eq (json_str (list, "/0/change"), "added");
    ck_assert_str_eq (json_str (list, "/1/key"), "gone");
    ck_assert_str_eq (json_str (list, "/1/from"), "7");
    ck_assert_str_eq (json_str (list, "/1/change"), "removed");
    ck_assert_str_eq (json_str (list, "/2/key"), "n2");
    ck_assert_str_eq (json_str (list, "/3/to"), "2");
    json_decref (list);
    json_decref (from);
    json_decref (to);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { compare, diff, NULL };

    return testing_run ("identity", tests);
}
