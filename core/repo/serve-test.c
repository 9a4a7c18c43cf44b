/* Tests of serve.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "repo/serve.h"

#include <string.h>

#include "base/clock.h"
#include "base/testing.h"

struct world {
    char *dir;
    struct repo *repo;
    struct reader *reader;
    struct serve *serve;
};

static void
world_open (struct world *w)
{
    struct repo_import_options options = { .vendor = "acme", .type = "bios", .version = "1",
                                           .model = "*" };
    char *file, *repo_dir;

    clock_virtual_start (1000000, 5000);
    w->dir = testing_make_dir ();
    repo_dir = fs_join (w->dir, "repo");
    file = fs_join (w->dir, "a b.bin");
    ck_assert_int_eq (repo_open (repo_dir, true, &w->repo, NULL), 0);
    ck_assert_int_eq (fs_write_atomic (file, "0123456789", 10, 0644, NULL), 0);
    options.name = "fw";
    ck_assert_int_eq (repo_import (w->repo, file, &options, NULL, NULL, NULL), 0);
    ck_assert_int_eq (reader_open (w->repo, "fw", &w->reader, NULL), 0);
    w->serve = serve_new ();
    mem_free (file);
    mem_free (repo_dir);
}

static void
world_close (struct world *w)
{
    serve_free (w->serve);
    reader_unref (w->reader);
    repo_close (w->repo);
    testing_remove_dir (w->dir);
    clock_virtual_stop ();
}

/* "/fw/TOKEN/a%20b.bin" as the web server hands it on. */
static char *
decoded (const char *path)
{
    return str_printf ("%.*s/a b.bin", (int) (strrchr (path, '/') - path), path);
}

static void
read_bytes (struct world *w, const char *path, uint64_t from, uint64_t len)
{
    struct serve_read *sr;
    char *asked = decoded (path);

    ck_assert_int_eq (serve_begin (w->serve, asked, "127.0.0.1", &sr, NULL), 0);
    ck_assert_ptr_eq (serve_reader (sr), w->reader);
    ck_assert_str_eq (serve_filename (sr), "a b.bin");
    serve_end (sr, from, len);
    mem_free (asked);
}

START_TEST (paths)
{
    struct world w;
    struct serve_options options = { .filename = "x/y" };
    char *a, *b, *shown, *asked;
    struct serve_read *sr;
    struct err err;

    world_open (&w);
    ck_assert_int_eq (serve_publish (w.serve, w.reader, &options, &a, &err), FARRIER_E_INVALID);
    ck_assert_int_eq (serve_publish (w.serve, w.reader, NULL, &a, &err), 0);
    ck_assert_int_eq (serve_publish (w.serve, w.reader, NULL, &b, &err), 0);
    ck_assert_str_ne (a, b);
    ck_assert_uint_eq (strlen (a), strlen ("/fw/") + 64 + strlen ("/a%20b.bin"));
    ck_assert (str_ends (a, "/a%20b.bin"));
    ck_assert_uint_eq (serve_count (w.serve), 2);
    shown = serve_redact (a);
    ck_assert (strlen (shown) < 40 && strncmp (shown, a, 8) == 0);
    mem_free (shown);
    asked = str_ndup (a, strlen ("/fw/") + 64);    /* the file name was left out: still a secret */
    shown = serve_redact (asked);
    ck_assert (strlen (shown) < 20 && strncmp (shown, a, 8) == 0);
    mem_free (asked);

    asked = str_dup (a);                           /* another file name, another token, no token */
    ck_assert_int_eq (serve_begin (w.serve, asked, "c", &sr, &err), ERR_NOT_FOUND);
    ck_assert_ptr_null (strstr (err.message, a));  /* the token is a secret */
    mem_free (asked);
    asked = decoded (a);
    asked[10] = asked[10] == '0' ? '1' : '0';
    ck_assert_int_eq (serve_begin (w.serve, asked, "c", &sr, &err), ERR_NOT_FOUND);
    ck_assert_int_eq (serve_begin (w.serve, "/fw/x", "c", &sr, &err), ERR_NOT_FOUND);
    ck_assert_int_eq (serve_begin (w.serve, "/fw/", "c", &sr, &err), ERR_NOT_FOUND);
    ck_assert_int_eq (serve_begin (w.serve, "/etc/passwd", "c", &sr, &err), ERR_NOT_FOUND);
    mem_free (asked);
    mem_free (shown);
    mem_free (a);
    mem_free (b);
    world_close (&w);
}
END_TEST

START_TEST (counting)
{
    struct world w;
    struct serve_options options = { .max_gets = 2 };
    struct serve_status status;
    struct serve_read *sr;
    char *path, *asked;

    world_open (&w);
    ck_assert_int_eq (serve_publish (w.serve, w.reader, &options, &path, NULL), 0);
    read_bytes (&w, path, 0, 0);                   /* HEAD */
    read_bytes (&w, path, 5, 5);
    read_bytes (&w, path, 2, 2);
    ck_assert (serve_status (w.serve, path, &status));
    ck_assert (status.alive && status.gets_started == 2 && status.gets_completed == 0);
    read_bytes (&w, path, 0, 2);
    read_bytes (&w, path, 3, 3);                   /* closes the gap */
    ck_assert (serve_status (w.serve, path, &status));
    ck_assert (status.gets_completed == 1 && status.bytes_sent == 12);
    read_bytes (&w, path, 0, 10);
    ck_assert (serve_status (w.serve, path, &status));
    ck_assert (!status.alive && status.gets_completed == 2);
    asked = decoded (path);
    ck_assert_int_eq (serve_begin (w.serve, asked, "c", &sr, NULL), ERR_NOT_FOUND);
    ck_assert_uint_eq (serve_count (w.serve), 0);
    ck_assert (serve_status (w.serve, path, &status));     /* still known */
    mem_free (asked);
    mem_free (path);
    world_close (&w);
}
END_TEST

START_TEST (scattered)
{
    struct world w;
    struct serve_status status;
    char *path;

    world_open (&w);
    ck_assert_int_eq (serve_publish (w.serve, w.reader, NULL, &path, NULL), 0);
    for (uint64_t i = 0; i < 10; i += 2) {
        read_bytes (&w, path, i, 1);
    }
    for (uint64_t i = 1; i < 10; i += 2) {
        ck_assert (serve_status (w.serve, path, &status) && status.gets_completed == 0);
        read_bytes (&w, path, i, 1);
    }
    ck_assert (serve_status (w.serve, path, &status) && status.gets_completed == 1);
    mem_free (path);
    world_close (&w);
}
END_TEST

START_TEST (endings)
{
    struct world w;
    struct serve_options options = { .client = "127.0.0.9", .lifetime_ms = 1000 };
    struct serve_status status;
    struct serve_read *sr;
    struct err err;
    char *path, *asked;

    world_open (&w);
    ck_assert_int_eq (serve_publish (w.serve, w.reader, &options, &path, NULL), 0);
    asked = decoded (path);
    ck_assert_int_eq (serve_begin (w.serve, asked, "127.0.0.1", &sr, &err), ERR_NOT_FOUND);
    ck_assert_ptr_nonnull (strstr (err.message, "client"));
    ck_assert_int_eq (serve_begin (w.serve, asked, "127.0.0.9", &sr, &err), 0);
    clock_virtual_advance (1000);
    ck_assert (serve_still_valid (sr));            /* what was begun may end */
    serve_end (sr, 0, 1);
    ck_assert_int_eq (serve_begin (w.serve, asked, "127.0.0.9", &sr, &err), ERR_NOT_FOUND);
    ck_assert_ptr_nonnull (strstr (err.message, "ended"));
    ck_assert (!serve_revoke (w.serve, path));
    ck_assert (!serve_status (w.serve, path, &status));
    mem_free (path);
    mem_free (asked);

    options.client = NULL;
    ck_assert_int_eq (serve_publish (w.serve, w.reader, &options, &path, NULL), 0);
    asked = decoded (path);
    ck_assert_int_eq (serve_begin (w.serve, asked, NULL, &sr, &err), 0);
    ck_assert (serve_revoke (w.serve, path));
    ck_assert (!serve_still_valid (sr));
    serve_free (w.serve);                          /* a read under way outlives the registry */
    w.serve = NULL;
    ck_assert_uint_eq (reader_size (serve_reader (sr)), 10);
    serve_end (sr, 0, 10);
    mem_free (path);
    mem_free (asked);
    world_close (&w);
}
END_TEST

START_TEST (forgetting)
{
    struct world w;
    struct serve_options options = { .lifetime_ms = 1000 };
    struct serve_status status;
    char *path;

    world_open (&w);
    ck_assert_int_eq (serve_publish (w.serve, w.reader, &options, &path, NULL), 0);
    clock_virtual_advance (5000);
    ck_assert_uint_eq (serve_count (w.serve), 0);
    ck_assert (serve_status (w.serve, path, &status) && !status.alive);
    clock_virtual_advance (3600 * 1000);
    ck_assert_uint_eq (serve_count (w.serve), 0);
    ck_assert (!serve_status (w.serve, path, &status));
    mem_free (path);
    world_close (&w);
}
END_TEST

int
main (void)
{
    return testing_run ("serve", (const TTest *const[]){ paths, counting, scattered, endings,
                                                         forgetting, NULL });
}
