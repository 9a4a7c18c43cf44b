/* Tests of sim_flash.h: pure, so time is a number here.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_flash.h"

#include "base/testing.h"

static struct sim_flash
flash (bool waits)
{
    struct sim_flash f = {
        .verify_ms = 100, .write_ms = 900, .image_ok = true, .waits = waits, .fail_percent = -1
    };

    sim_flash_begin (&f, 1000);
    return f;
}

START_TEST (immediate)
    {
        struct sim_flash f = flash (false);

        ck_assert_int_eq (sim_flash_due (&f), 1100);
        ck_assert_int_eq (sim_flash_advance (&f, 1099), SIM_FLASH_NOTHING);
        ck_assert_int_eq (sim_flash_advance (&f, 1100), SIM_FLASH_STARTED);
        ck_assert_int_eq (sim_flash_advance (&f, 1100), SIM_FLASH_NOTHING);
        ck_assert_int_eq (sim_flash_due (&f), 2000);
        ck_assert_int_eq (sim_flash_advance (&f, 2000), SIM_FLASH_DONE);
        ck_assert_int_eq (f.state, SIM_FLASH_WRITTEN);
        ck_assert_int_eq (sim_flash_due (&f), -1);
        ck_assert_int_eq (sim_flash_advance (&f, 9999), SIM_FLASH_NOTHING);
    }
END_TEST

START_TEST (late_looks_miss_nothing)
    {
        struct sim_flash f = flash (false);

        ck_assert_int_eq (sim_flash_advance (&f, 99999), SIM_FLASH_STARTED);
        ck_assert_int_eq (sim_flash_advance (&f, 99999), SIM_FLASH_DONE);
        ck_assert_int_eq (sim_flash_advance (&f, 99999), SIM_FLASH_NOTHING);
    }
END_TEST

START_TEST (staged_waits_to_be_let_go)
    {
        struct sim_flash f = flash (true);

        ck_assert (!sim_flash_go (&f, 1000));
        ck_assert_int_eq (sim_flash_advance (&f, 1100), SIM_FLASH_NOW_STAGED);
        ck_assert_int_eq (sim_flash_due (&f), -1);
        ck_assert_int_eq (sim_flash_advance (&f, 999999), SIM_FLASH_NOTHING);
        ck_assert_int_eq (sim_flash_percent (&f, 999999), 10);
        ck_assert (sim_flash_go (&f, 5000));
        ck_assert (!sim_flash_go (&f, 5000));
        ck_assert_int_eq (sim_flash_advance (&f, 5899), SIM_FLASH_NOTHING);
        ck_assert_int_eq (sim_flash_advance (&f, 5900), SIM_FLASH_DONE);
    }
END_TEST

START_TEST (a_bad_image_is_refused_before_it_is_written)
    {
        struct sim_flash f = flash (false);

        f.image_ok = false;
        ck_assert_int_eq (sim_flash_advance (&f, 1100), SIM_FLASH_REFUSED);
        ck_assert_int_eq (f.state, SIM_FLASH_FAILED);
        ck_assert_int_eq (sim_flash_advance (&f, 9999), SIM_FLASH_NOTHING);
    }
END_TEST

START_TEST (a_write_may_break)
    {
        struct sim_flash f = flash (false);

        ck_assert_int_eq (sim_flash_advance (&f, 1100), SIM_FLASH_STARTED);
        f.fail_percent = 50;
        ck_assert_int_eq (sim_flash_due (&f), 1100 + 450);
        ck_assert_int_eq (sim_flash_advance (&f, 1549), SIM_FLASH_NOTHING);
        ck_assert_int_eq (sim_flash_advance (&f, 1550), SIM_FLASH_BROKE);
        ck_assert_int_eq (sim_flash_percent (&f, 1550), 50);
    }
END_TEST

START_TEST (percent_only_grows)
    {
        struct sim_flash f = flash (false);
        int before = 0;

        for (int64_t now = 1000; now <= 2100; now++) {
            while (sim_flash_advance (&f, now) != SIM_FLASH_NOTHING)
                ;
            int percent = sim_flash_percent (&f, now);
            ck_assert_msg (percent >= before && percent <= 100, "%d after %d", percent, before);
            ck_assert (percent < 100 || f.state == SIM_FLASH_WRITTEN);
            before = percent;
        }
        ck_assert_int_eq (before, 100);
    }
END_TEST

START_TEST (no_time_at_all)
    {
        struct sim_flash f = { .image_ok = true, .fail_percent = -1 };

        sim_flash_begin (&f, 0);
        ck_assert_int_lt (sim_flash_percent (&f, 0), 100);
        ck_assert_int_eq (sim_flash_advance (&f, 0), SIM_FLASH_STARTED);
        ck_assert_int_lt (sim_flash_percent (&f, 0), 100);
        ck_assert_int_eq (sim_flash_advance (&f, 0), SIM_FLASH_DONE);
    }
END_TEST

int
main (void)
{
    const TTest *const tests[] = { immediate,
                                   late_looks_miss_nothing,
                                   staged_waits_to_be_let_go,
                                   a_bad_image_is_refused_before_it_is_written,
                                   a_write_may_break,
                                   percent_only_grows,
                                   no_time_at_all,
                                   NULL };

    return testing_run ("sim_flash", tests);
}
