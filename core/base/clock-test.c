/* Tests of clock.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/clock.h"

#include "base/testing.h"

START_TEST (virtual_clock)
{
    int64_t before = clock_boot_ms ();

    ck_assert (!clock_is_virtual ());
    ck_assert_int_gt (clock_wall_ms (), INT64_C (1500000000000));
    clock_virtual_start (1000, 50);
    ck_assert (clock_is_virtual ());
    ck_assert_int_eq (clock_wall_ms (), 1000);
    ck_assert_int_eq (clock_boot_ms (), 50);
    clock_virtual_advance (3600000);
    ck_assert_int_eq (clock_wall_ms (), 3601000);
    ck_assert_int_eq (clock_boot_ms (), 3600050);
    clock_virtual_stop ();
    ck_assert_int_ge (clock_boot_ms (), before);
}
END_TEST

START_TEST (durations_read)
{
    static const struct { const char *text; int64_t ms; } table[] = {
        { "250ms", 250 }, { "5s", 5000 }, { "90m", 5400000 }, { "1h30m", 5400000 },
        { "1h 30m", 5400000 }, { "2d", 172800000 }, { "0s", 0 }, { "1d2h3m4s5ms", 93784005 },
        { "", -1 }, { "5", -1 }, { "s", -1 }, { "-5s", -1 }, { "5 s", -1 }, { "1.5s", -1 },
        { "5S", -1 }, { "5min", -1 }, { "30m1h", -1 }, { "5s5s", -1 }, { "1h30", -1 },
        { " 5s", -1 }, { "99999999999999999d", -1 }, { "99999999999999999999999s", -1 },
        { "9223372036854775807ms", INT64_MAX }, { "1s9223372036854775807ms", -1 },
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        int64_t ms = -7;
        bool ok = duration_parse (table[i].text, &ms);

        ck_assert_msg (ok == (table[i].ms >= 0), "%s", table[i].text);
        ck_assert_int_eq (ms, ok ? table[i].ms : -7);
    }
    ck_assert (!duration_parse (NULL, NULL));
}
END_TEST

START_TEST (durations_written)
{
    static const struct { int64_t ms; const char *text; } table[] = {
        { 0, "0ms" }, { 999, "999ms" }, { 1000, "1s" }, { 2500, "2.5s" }, { 2050, "2s" },
        { 59999, "59s" }, { 60000, "1m" }, { 61000, "1m 1s" }, { 5400000, "1h 30m" },
        { 3600000, "1h" }, { 3601000, "1h" }, { 90000000, "1d 1h" }, { -5400000, "-1h 30m" },
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        testing_string (duration_format (table[i].ms), table[i].text);
    }
}
END_TEST

START_TEST (iso_dates)
{
    static const struct { const char *text; int64_t ms; } table[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "2026-01-31T12:00:00.000Z", INT64_C (1769860800000) },
        { "2026-01-31T12:00:00.123456Z", INT64_C (1769860800123) },
        { "2026-01-31T13:30:00+01:30", INT64_C (1769860800000) },
        { "2026-01-31T07:00:00-0500", INT64_C (1769860800000) },
        { "2026-01-31 12:00:00Z", INT64_C (1769860800000) },
        { "2024-02-29T00:00:00Z", INT64_C (1709164800000) },
    };
    static const char *const bad[] = {
        "", "2026", "2026-01-31", "2026-01-31T12:00:00", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+24:00", "26-01-01T00:00:00Z",
        "2026-01-01T00:00:00+1:00",
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        int64_t ms = -1;

        ck_assert_msg (clock_parse_iso8601 (table[i].text, &ms), "%s", table[i].text);
        ck_assert_int_eq (ms, table[i].ms);
    }
    for (size_t i = 0; i < COUNT_OF (bad); i++) {
        int64_t ms = 77;

        ck_assert_msg (!clock_parse_iso8601 (bad[i], &ms), "%s", bad[i]);
        ck_assert_int_eq (ms, 77);
    }
    testing_string (clock_iso8601 (INT64_C (1769860800123)), "2026-01-31T12:00:00.123Z");
    testing_string (clock_iso8601 (-1), "1969-12-31T23:59:59.999Z");
}
END_TEST

START_TEST (http_dates)
{
    static const struct { const char *text; int64_t ms; } table[] = {
        { "Sun, 06 Nov 1994 08:49:37 GMT", INT64_C (784111777000) },
        { "Sunday, 06-Nov-94 08:49:37 GMT", INT64_C (784111777000) },
        { "Sun Nov  6 08:49:37 1994", INT64_C (784111777000) },
        { "Sat, 31 Jan 2026 12:00:00 GMT", INT64_C (1769860800000) },
        { "", -1 }, { "Sun, 06 Nov 1994 08:49:37", -1 }, { "Sun, 06 Nov 1994 08:49:37 CET", -1 },
        { "Sun, 06 Nov 1994 08:49:37 GMT ", -1 }, { "Sun, 31 Feb 1994 08:49:37 GMT", -1 },
        { "Sun, 06 Foo 1994 08:49:37 GMT", -1 }, { "120", -1 },
        { "Sun, 06 Nov 1994 25:49:37 GMT", -1 },
        { "Sun, -6 Nov 1994 08:49:37 GMT", -1 }, { "Sun, 06 Nov 1994 08:-9:37 GMT", -1 },
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        ck_assert_msg (clock_parse_http_date (table[i].text) == table[i].ms, "%s", table[i].text);
    }
    ck_assert_int_eq (clock_parse_http_date (NULL), -1);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        virtual_clock, durations_read, durations_written, iso_dates, http_dates, NULL
    };

    return testing_run ("clock", tests);
}
