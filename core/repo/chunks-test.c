/* chunks-test: what is sent is what was proved, whoever else reads, and however often.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "repo/chunks.h"

#define SIZE (CHUNKS_SIZE * (CHUNKS_KEPT + 40u) + 777u)

static char path[] = "/tmp/farrier-chunks-XXXXXX";
static int fd;
static unsigned char *bytes;
static char sha256[HASH_SHA256_HEX];

static void
set_up (void)
{
    memcpy (path + strlen (path) - 6, "XXXXXX", 6);
    fd = mkstemp (path);
    ck_assert_int_ge (fd, 0);
    bytes = mem_alloc (SIZE);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char) (i * 2654435761u >> 13);
    ck_assert_int_eq (write (fd, bytes, SIZE), (ssize_t) SIZE);
    hash_sha256_hex (bytes, SIZE, sha256);
}

static void
tear_down (void)
{
    close (fd);
    unlink (path);
    mem_free (bytes);
}

static void
spoil (off_t at)
{
    unsigned char other = (unsigned char) (bytes[at] ^ 1);
    ck_assert_int_eq (pwrite (fd, &other, 1, at), 1);
}

START_TEST (whole_in_odd_pieces)
{
    struct err err;
    struct chunks *c = chunks_new (fd, SIZE, sha256);
    unsigned char *got = mem_alloc (SIZE);
    ck_assert_int_eq (chunks_prove (c, &err), 0);
    size_t at = 0, piece = 1;
    ssize_t n;
    while ((n = chunks_read (c, got + at, piece, at)) > 0) {
        at += (size_t) n;
        piece = piece * 3 % 100003 + 1;
    }
    ck_assert_int_eq (n, 0);
    ck_assert_uint_eq (at, SIZE);
    ck_assert_mem_eq (got, bytes, SIZE);
    mem_free (got);
    chunks_free (c);
}
END_TEST

START_TEST (spoiled_before)
{
    struct err err = { 0 };
    struct chunks *c = chunks_new (fd, SIZE, sha256);
    spoil (SIZE - 1);
    ck_assert_int_eq (chunks_prove (c, &err), FARRIER_E_VERIFY);
    ck_assert_ptr_nonnull (strstr (err.message, sha256));
    chunks_free (c);
}
END_TEST

START_TEST (spoiled_after_the_proof)
{
    struct err err;
    char piece[100];
    struct chunks *c = chunks_new (fd, SIZE, sha256);
    ck_assert_int_eq (chunks_prove (c, &err), 0);
    spoil (CHUNKS_SIZE * 3 + 5);
    ck_assert_int_eq (chunks_read (c, piece, sizeof piece, CHUNKS_SIZE * 2), sizeof piece);
    ck_assert_int_eq (chunks_read (c, piece, sizeof piece, CHUNKS_SIZE * 3), -EBADMSG);
    ck_assert_int_eq (ftruncate (fd, CHUNKS_SIZE), 0);
    ck_assert_int_eq (chunks_read (c, piece, sizeof piece, CHUNKS_SIZE * 5), -EIO);
    chunks_free (c);
}
END_TEST

static void *
read_all (void *arg)
{
    struct chunks *c = arg;
    static __thread unsigned char piece[16 * 1024];
    for (uint64_t at = 0; at < SIZE; at += sizeof piece) {
        ssize_t n = chunks_read (c, piece, sizeof piece, at);
        if (n <= 0 || memcmp (piece, bytes + at, (size_t) n) != 0)
            return (void *) "differs";
    }
    return NULL;
}

START_TEST (many_readers)
{
    pthread_t threads[6];
    struct err err;
    struct chunks *c = chunks_new (fd, SIZE, sha256);
    ck_assert_int_eq (chunks_prove (c, &err), 0);
    for (size_t i = 0; i < 6; i++)
        ck_assert_int_eq (pthread_create (&threads[i], NULL, read_all, c), 0);
    for (size_t i = 0; i < 6; i++) {
        void *said = NULL;
        pthread_join (threads[i], &said);
        ck_assert_ptr_null (said);
    }
    chunks_free (c);
}
END_TEST

int
main (void)
{
    Suite *s = suite_create ("chunks");
    TCase *tc = tcase_create ("all");
    tcase_add_checked_fixture (tc, set_up, tear_down);
    tcase_add_test (tc, whole_in_odd_pieces);
    tcase_add_test (tc, spoiled_before);
    tcase_add_test (tc, spoiled_after_the_proof);
    tcase_add_test (tc, many_readers);
    suite_add_tcase (s, tc);
    SRunner *r = srunner_create (s);
    srunner_run_all (r, CK_ENV);
    int failed = srunner_ntests_failed (r);
    srunner_free (r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
