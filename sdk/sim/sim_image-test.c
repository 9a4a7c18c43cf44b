/* Tests of sim_image.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_image.h"

#include <string.h>

#include "base/fs.h"
#include "base/testing.h"

static void
make (const char *dir, const char *version, int64_t size, struct buf *ret)
{
    struct sim_image_recipe recipe = { "generic", "bios", version, size, 7 };
    char *path = fs_join (dir, "image");

    ck_assert_int_eq (sim_image_write (&recipe, path, NULL), 0);
    ck_assert_int_eq (fs_read (path, 1 << 20, ret, NULL), 0);
    mem_free (path);
}

static void
judge (const char *bytes, size_t len, size_t piece, struct sim_image *ret)
{
    struct sim_image_reader *r = sim_image_reader_new ();

    for (size_t i = 0; i < len; i += piece)
        sim_image_reader_feed (r, bytes + i, len - i < piece ? len - i : piece);
    sim_image_reader_finish (r, ret);
}

START_TEST (what_is_written_can_be_read)
    {
        char *dir = testing_make_dir ();
        static const size_t pieces[] = { 1, 7, 8, 1000, 4096, 100000 };

        for (int64_t size = 1024; size < 1034; size++) {
            struct buf b = { 0 };
            make (dir, "2.1.0", size, &b);
            ck_assert_int_eq (b.len, size);
            for (size_t i = 0; i < COUNT_OF (pieces); i++) {
                struct sim_image image;
                char hex[HASH_SHA256_HEX];

                judge (b.data, b.len, pieces[i], &image);
                hash_sha256_hex (b.data, b.len, hex);
                ck_assert_msg (image.valid, "%s", image.problem);
                ck_assert_str_eq (image.component, "bios");
                ck_assert_str_eq (image.model, "generic");
                ck_assert_str_eq (image.version, "2.1.0");
                ck_assert_int_eq (image.size_bytes, size);
                ck_assert_str_eq (image.sha256, hex);
            }
            buf_free (&b);
        }
        testing_remove_dir (dir);
    }
END_TEST

START_TEST (the_same_recipe_gives_the_same_bytes)
    {
        char *dir = testing_make_dir ();
        struct buf a = { 0 }, b = { 0 }, c = { 0 };

        make (dir, "2.1.0", 5000, &a);
        make (dir, "2.1.0", 5000, &b);
        make (dir, "2.1.1", 5000, &c);
        ck_assert (a.len == b.len && memcmp (a.data, b.data, a.len) == 0);
        ck_assert (memcmp (a.data + 1024, c.data + 1024, 1000) != 0);
        buf_free (&a);
        buf_free (&b);
        buf_free (&c);
        testing_remove_dir (dir);
    }
END_TEST

/* No byte may change unnoticed, none be missing, none be added. */
START_TEST (damage_is_seen)
    {
        char *dir = testing_make_dir ();
        struct buf b = { 0 };
        struct sim_image image;

        make (dir, "2.1.0", 2000, &b);
        size_t payload = (size_t) (strstr (b.data, "\n\n") - b.data) + 2;
        for (size_t i = payload; i < b.len; i += 37) {
            b.data[i] ^= 0x10;
            judge (b.data, b.len, 500, &image);
            ck_assert_msg (!image.valid, "byte %zu", i);
            b.data[i] ^= 0x10;
        }
        judge (b.data, b.len - 1, 500, &image);
        ck_assert (!image.valid && strstr (image.problem, "1999") != NULL);
        buf_putc (&b, 'x');
        judge (b.data, b.len, 500, &image);
        ck_assert (!image.valid);
        buf_free (&b);
        testing_remove_dir (dir);
    }
END_TEST

START_TEST (other_files_are_not_images)
    {
        static const char *const texts[] = { "", "\n\n", "GARBAGE", "FARRIER-SIM-FIRMWARE 1\n\n",
                                             "FARRIER-SIM-FIRMWARE 1\nmodel: a\ncomponent: b\n\n" };
        struct sim_image image;
        char zeros[3000] = "";

        for (size_t i = 0; i < COUNT_OF (texts); i++) {
            judge (texts[i], strlen (texts[i]), 1, &image);
            ck_assert_msg (!image.valid && *image.problem != '\0', "case %zu", i);
        }
        judge (zeros, sizeof zeros, 100, &image);
        ck_assert (!image.valid);
    }
END_TEST

START_TEST (bad_recipes_are_refused)
    {
        struct err err = { 0 };
        struct sim_image_recipe small = { "generic", "bios", "1", 1023, 0 };
        struct sim_image_recipe nameless = { "generic", "", "1", 2000, 0 };
        struct sim_image_recipe broken = { "generic", "bios", "1\n2", 2000, 0 };

        ck_assert_int_eq (sim_image_write (&small, "/dev/null", &err), ERR_USAGE);
        ck_assert_int_eq (sim_image_write (&nameless, "/dev/null", &err), ERR_USAGE);
        ck_assert_int_eq (sim_image_write (&broken, "/dev/null", &err), ERR_USAGE);
    }
END_TEST

int
main (void)
{
    const TTest *const tests[] = { what_is_written_can_be_read,
                                   the_same_recipe_gives_the_same_bytes,
                                   damage_is_seen,
                                   other_files_are_not_images,
                                   bad_recipes_are_refused,
                                   NULL };

    return testing_run ("sim_image", tests);
}
