/* Tests of fs.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/fs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/testing.h"

START_TEST (paths)
{
    testing_string (fs_join ("a", "b"), "a/b");
    testing_string (fs_join ("a/", "b"), "a/b");
    testing_string (fs_join ("a", "/b"), "/b");
    testing_string (fs_join ("", "b"), "b");
    ck_assert_str_eq (fs_basename ("/a/b"), "b");
    ck_assert_str_eq (fs_basename ("b"), "b");
}
END_TEST

START_TEST (plain_names)
{
    static const char *const good[] = { "a", "in.xml", "A-1_b", "0" };
    static const char *const bad[] = { "", ".", ".hidden", "a/b", "a b", "\xc3\xa4", "a\n" };
    char long_name[130];

    for (size_t i = 0; i < COUNT_OF (good); i++) {
        ck_assert_msg (fs_plain_name (good[i]), "%s", good[i]);
    }
    for (size_t i = 0; i < COUNT_OF (bad); i++) {
        ck_assert_msg (!fs_plain_name (bad[i]), "%s", bad[i]);
    }
    ck_assert (!fs_plain_name (NULL));
    memset (long_name, 'x', sizeof long_name);
    long_name[129] = '\0';
    ck_assert (!fs_plain_name (long_name));
    ck_assert (fs_plain_name (long_name + 1));
}
END_TEST

START_TEST (folders)
{
    char *dir = testing_make_dir (), *deep = fs_join (dir, "a/b/c"), *file = fs_join (dir, "file");
    char *below = fs_join (file, "x");
    struct err err = { 0 };

    ck_assert_int_eq (fs_mkdirs (deep, 0700, &err), 0);
    ck_assert_int_eq (fs_mkdirs (deep, 0700, &err), 0);
    ck_assert (fs_exists (deep));
    ck_assert_int_eq (fs_write_atomic (file, "x", 1, 0600, &err), 0);
    ck_assert_int_eq (fs_mkdirs (file, 0700, &err), ERR_IO);
    ck_assert_int_eq (fs_mkdirs (below, 0700, &err), ERR_IO);
    ck_assert_ptr_nonnull (strstr (err.message, file));
    mem_free (below);
    mem_free (file);
    mem_free (deep);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (atomic_write_and_read)
{
    char *dir = testing_make_dir (), *path = fs_join (dir, "f"), *missing = fs_join (dir, "no/f");
    struct vec left = { 0 };
    struct err err = { 0 };
    struct buf b = { 0 };
    struct stat st;

    buf_puts (&b, "kept ");
    ck_assert_int_eq (fs_read (path, 10, &b, &err), ERR_NOT_FOUND);
    ck_assert_int_eq (fs_write_atomic (path, "old", 3, 0644, &err), 0);
    ck_assert_int_eq (fs_write_atomic (path, "new\0!", 5, 0640, &err), 0);
    ck_assert_int_eq (stat (path, &st), 0);
    ck_assert_uint_eq (st.st_mode & 0777, 0640);
    ck_assert_int_eq (fs_read (path, 4, &b, &err), FARRIER_E_INVALID);
    ck_assert_str_eq (b.data, "kept ");                 /* untouched on failure */
    ck_assert_int_eq (fs_read (path, 5, &b, &err), 0);
    ck_assert_uint_eq (b.len, 10);
    ck_assert_int_eq (memcmp (b.data, "kept new\0!", 10), 0);
    ck_assert_int_eq (fs_read (dir, 5, &b, &err), ERR_IO);
    ck_assert_int_eq (fs_write_atomic (missing, "x", 1, 0600, &err), ERR_IO);
    ck_assert_int_eq (fs_list (dir, NULL, &left, &err), 0);
    ck_assert_uint_eq (left.count, 1);                  /* no temporary file stays */
    vec_free_with (&left, mem_free);
    buf_free (&b);
    mem_free (missing);
    mem_free (path);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (failed_write_keeps_the_old)
{
    char *dir = testing_make_dir (), *path = fs_join (dir, "f"), *inner = fs_join (path, "x");
    struct err err = { 0 };

    /* The target is a folder with something in it: rename() fails after the data was written. */
    ck_assert_int_eq (fs_mkdirs (path, 0700, &err), 0);
    ck_assert_int_eq (fs_write_atomic (inner, "x", 1, 0600, &err), 0);
    ck_assert_int_eq (fs_write_atomic (path, "new", 3, 0600, &err), ERR_IO);
    ck_assert (fs_exists (inner));
    mem_free (inner);
    mem_free (path);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (lists)
{
    static const char *const names[] = { "b.conf", "a.conf", "c.txt", ".hidden.conf" };
    char *dir = testing_make_dir (), *missing = fs_join (dir, "missing");
    struct vec v = { 0 };
    struct err err = { 0 };

    for (size_t i = 0; i < COUNT_OF (names); i++) {
        char *path = fs_join (dir, names[i]);

        ck_assert_int_eq (fs_write_atomic (path, "", 0, 0600, &err), 0);
        mem_free (path);
    }
    ck_assert_int_eq (fs_list (missing, ".conf", &v, &err), 0);
    ck_assert_uint_eq (v.count, 0);
    ck_assert_int_eq (fs_list (dir, ".conf", &v, &err), 0);
    ck_assert_uint_eq (v.count, 2);
    ck_assert_str_eq (fs_basename (vec_at (&v, 0)), "a.conf");
    ck_assert_str_eq (fs_basename (vec_at (&v, 1)), "b.conf");
    vec_free_with (&v, mem_free);
    mem_free (missing);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (removal_does_not_follow_links)
{
    char *dir = testing_make_dir (), *kept = fs_join (dir, "kept"), *file = fs_join (kept, "file");
    char *tree = fs_join (dir, "tree/sub"), *link = fs_join (tree, "link");
    char *top = fs_join (dir, "tree");
    struct err err = { 0 };

    ck_assert_int_eq (fs_mkdirs (kept, 0700, &err), 0);
    ck_assert_int_eq (fs_mkdirs (tree, 0700, &err), 0);
    ck_assert_int_eq (fs_write_atomic (file, "x", 1, 0600, &err), 0);
    ck_assert_int_eq (symlink (kept, link), 0);
    ck_assert_int_eq (fs_remove_tree (top, &err), 0);
    ck_assert (!fs_exists (top));
    ck_assert (fs_exists (file));
    ck_assert_int_eq (fs_remove_tree (top, &err), 0);   /* gone already */
    mem_free (top);
    mem_free (link);
    mem_free (tree);
    mem_free (file);
    mem_free (kept);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (existence)
{
    char *dir = testing_make_dir (), *loop = fs_join (dir, "loop"), *file = fs_join (dir, "file");
    char *below = fs_join (file, "x"), *dangling = fs_join (dir, "dangling");

    ck_assert_int_eq (fs_write_atomic (file, "x", 1, 0600, NULL), 0);
    ck_assert_int_eq (symlink ("loop", loop), 0);
    ck_assert_int_eq (symlink ("nowhere", dangling), 0);
    ck_assert (fs_exists (file));
    ck_assert (fs_exists (loop));          /* nobody knows: opening it says why */
    ck_assert (!fs_exists (below));
    ck_assert (!fs_exists (dangling));
    mem_free (dangling);
    mem_free (below);
    mem_free (file);
    mem_free (loop);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (secrets)
{
    char *dir = testing_make_dir (), *path = fs_join (dir, "password");
    struct err err = { 0 };
    struct buf b = { 0 };

    ck_assert_int_eq (fs_read_secret (path, &b, &err), ERR_NOT_FOUND);
    ck_assert_int_eq (fs_write_atomic (path, "simulated \r\n\n", 13, 0600, &err), 0);
    ck_assert_int_eq (fs_read_secret (path, &b, &err), 0);
    ck_assert_str_eq (b.data, "simulated ");
    ck_assert_int_eq (chmod (path, 0640), 0);
    ck_assert_int_eq (fs_read_secret (path, &b, &err), ERR_POLICY);
    ck_assert_ptr_nonnull (strstr (err.message, "0640"));
    ck_assert (str_starts (err.hint, "chmod 600 "));
    ck_assert_str_eq (b.data, "simulated ");
    buf_wipe_free (&b);
    mem_free (path);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (write_all)
{
    int ends[2];
    char got[6] = "";

    ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
    ck_assert_int_eq (fs_write_all (ends[1], "hello", 5), 0);
    ck_assert_int_eq (read (ends[0], got, 5), 5);
    ck_assert_str_eq (got, "hello");
    close (ends[0]);
    close (ends[1]);
    ck_assert_int_lt (fs_write_all (-1, "x", 1), 0);
    ck_assert_int_eq (fs_write_all (-1, "", 0), 0);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        paths, plain_names, folders, atomic_write_and_read, failed_write_keeps_the_old, lists,
        removal_does_not_follow_links, existence, secrets, write_all, NULL
    };

    return testing_run ("fs", tests);
}
