/* Tests of range.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "web/range.h"

#include "base/testing.h"

START_TEST (table)
{
    static const struct { const char *header; uint64_t size; enum range_kind kind;
                          uint64_t first, len; } cases[] = {
        { NULL, 10, RANGE_NONE, 0, 0 },
        { "bytes=0-3", 10, RANGE_PART, 0, 4 },
        { "Bytes=4-", 10, RANGE_PART, 4, 6 },
        { "bytes=-3", 10, RANGE_PART, 7, 3 },
        { "bytes=-30", 10, RANGE_PART, 0, 10 },
        { "bytes=9-99", 10, RANGE_PART, 9, 1 },
        { "bytes=0-18446744073709551615", 10, RANGE_PART, 0, 10 },
        { "bytes=10-", 10, RANGE_BEYOND, 0, 0 },
        { "bytes=-0", 10, RANGE_BEYOND, 0, 0 },
        { "bytes=0-", 0, RANGE_BEYOND, 0, 0 },
        { "bytes=3-2", 10, RANGE_NONE, 0, 0 },
        { "bytes=0-1,3-4", 10, RANGE_NONE, 0, 0 },
        { "bytes=", 10, RANGE_NONE, 0, 0 },
        { "bytes=-", 10, RANGE_NONE, 0, 0 },
        { "bytes=a-b", 10, RANGE_NONE, 0, 0 },
        { "bytes=+1-2", 10, RANGE_NONE, 0, 0 },
        { "bytes=99999999999999999999-", 10, RANGE_NONE, 0, 0 },
        { "items=0-1", 10, RANGE_NONE, 0, 0 },
    };

    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        uint64_t first = 0, len = 0;

        ck_assert_msg (range_parse (cases[i].header, cases[i].size, &first, &len) ==
                           cases[i].kind, "%s", cases[i].header);
        ck_assert_uint_eq (first, cases[i].first);
        ck_assert_uint_eq (len, cases[i].len);
    }
}
END_TEST

int
main (void)
{
    return testing_run ("range", (const TTest *const[]){ table, NULL });
}
