/* Tests of seal.h: what was sealed opens in its own place, under its own key, and nowhere else.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "fleet/seal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/testing.h"

static char dir[] = "/tmp/farrier-seal-XXXXXX";
static char *keys;

static void
setup (void)
{
    ck_assert_ptr_nonnull (mkdtemp (dir));
    keys = fs_join (dir, "keys");
}

static void
teardown (void)
{
    fs_remove_tree (dir, NULL);
    mem_free (keys);
}

static struct seal_key *
open_key (void)
{
    struct seal_key *key = NULL;
    struct err err = { 0 };
    ck_assert_msg (seal_key_open (keys, true, &key, NULL, &err) == 0, "%s", err.message);
    return key;
}

static const struct seal_place here = { SEAL_CREDENTIAL, "credential", "cred-1", "sealed" };

START_TEST (round_trip)
{
    setup ();
    static const char *const texts[] = { "", "x", "a password of some length, with \xc3\xa9" };
    struct seal_key *key = open_key ();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        void *sealed = NULL, *again = NULL;
        size_t size = 0, again_size = 0, len = strlen (texts[i]);
        struct buf plain = { 0 };
        ck_assert_int_eq (seal_bytes (key, &here, texts[i], len, &sealed, &size, NULL), 0);
        ck_assert_int_eq (seal_bytes (key, &here, texts[i], len, &again, &again_size, NULL), 0);
        ck_assert_uint_eq (size, len + 40);
        ck_assert_int_ne (memcmp (sealed, again, size), 0);         /* a nonce of its own */
        ck_assert (len < 4 || memmem (sealed, size, texts[i], len) == NULL);
        ck_assert_int_eq (unseal_bytes (key, &here, sealed, size, &plain, NULL), 0);
        ck_assert_uint_eq (plain.len, len);
        ck_assert (len == 0 || memcmp (plain.data, texts[i], len) == 0);
        buf_wipe_free (&plain);
        mem_free (sealed);
        mem_free (again);
    }
    seal_key_free (key);
    teardown ();
}
END_TEST

START_TEST (bound_to_its_place)
{
    setup ();
    static const struct seal_place others[] = {
        { SEAL_SESSION, "credential", "cred-1", "sealed" },
        { SEAL_CREDENTIAL, "credentia", "lcred-1", "sealed" },
        { SEAL_CREDENTIAL, "credential", "cred-2", "sealed" },
        { SEAL_CREDENTIAL, "credential", "cred-1", "other" },
    };
    struct seal_key *key = open_key ();
    unsigned char *sealed = NULL;
    size_t size = 0;
    struct buf plain = { 0 };
    ck_assert_int_eq (seal_bytes (key, &here, "simulated", 9, (void **) &sealed, &size, NULL), 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_int_eq (unseal_bytes (key, &others[i], sealed, size, &plain, NULL),
                          FARRIER_E_VERIFY);
    for (size_t i = 12; i < size; i++) {
        sealed[i] ^= 1;
        ck_assert_int_eq (unseal_bytes (key, &here, sealed, size, &plain, NULL), FARRIER_E_VERIFY);
        sealed[i] ^= 1;
    }
    for (size_t n = 0; n < size; n++)
        ck_assert_int_ne (unseal_bytes (key, &here, sealed, n, &plain, NULL), 0);
    ck_assert_uint_eq (plain.len, 0);
    mem_free (sealed);
    seal_key_free (key);
    teardown ();
}
END_TEST

START_TEST (another_key)
{
    setup ();
    struct seal_key *key = open_key ();
    void *sealed = NULL;
    size_t size = 0;
    struct buf plain = { 0 };
    struct err err = { 0 };
    ck_assert_int_eq (seal_bytes (key, &here, "simulated", 9, &sealed, &size, NULL), 0);
    char *old_id = str_dup (seal_key_id (key));
    ck_assert_int_eq (unlink (seal_key_file (key)), 0);
    seal_key_free (key);
    key = open_key ();
    ck_assert_int_eq (unseal_bytes (key, &here, sealed, size, &plain, &err), FARRIER_E_VERIFY);
    ck_assert (strstr (err.message, old_id) != NULL);
    ck_assert (strstr (err.message, seal_key_id (key)) != NULL);
    mem_free (old_id);
    mem_free (sealed);
    seal_key_free (key);
    teardown ();
}
END_TEST

START_TEST (key_file)
{
    setup ();
    struct seal_key *key = NULL, *again = NULL;
    struct err err = { 0 };
    struct stat st;
    bool created = false;
    ck_assert_int_eq (seal_key_open (keys, false, &key, NULL, &err), ERR_IO);
    ck_assert_int_eq (seal_key_open (keys, true, &key, &created, &err), 0);
    ck_assert (created);
    ck_assert_int_eq (seal_key_open (keys, true, &again, &created, &err), 0);
    ck_assert (!created);
    ck_assert_str_eq (seal_key_id (key), seal_key_id (again));
    ck_assert_int_eq (stat (seal_key_file (key), &st), 0);
    ck_assert_uint_eq (st.st_mode & 07777, 0400);
    seal_key_free (again);

    ck_assert_int_eq (chmod (seal_key_file (key), 0440), 0);
    ck_assert_int_eq (seal_key_open (keys, true, &again, NULL, &err), FARRIER_E_INVALID);
    ck_assert (strstr (err.message, "440") != NULL && str_starts (err.hint, "chmod 400 "));
    ck_assert_int_eq (chmod (seal_key_file (key), 0600), 0);
    ck_assert_int_eq (truncate (seal_key_file (key), 31), 0);
    ck_assert_int_eq (seal_key_open (keys, true, &again, NULL, &err), FARRIER_E_INVALID);
    ck_assert (strstr (err.message, "31 bytes") != NULL);
    seal_key_free (key);
    teardown ();
}
END_TEST

#define OPENERS 4
#define KEYS_MADE 40

struct opener {
    pthread_barrier_t *together;
    bool created;
    char id[17];
};

static void *
open_at_once (void *arg)
{
    struct opener *o = arg;
    struct seal_key *key = NULL;
    pthread_barrier_wait (o->together);
    if (seal_key_open (keys, true, &key, &o->created, NULL) == 0)
        str_copy (o->id, sizeof o->id, seal_key_id (key));
    seal_key_free (key);
    return NULL;
}

/* Programs that start at once get one key, and one of them tells the operator to back it up. */
START_TEST (one_creator)
{
    setup ();
    pthread_barrier_t together;
    pthread_barrier_init (&together, NULL, OPENERS);
    for (int round = 0; round < KEYS_MADE; round++) {
        struct opener openers[OPENERS] = { 0 };
        pthread_t threads[OPENERS];
        int creators = 0;
        for (int i = 0; i < OPENERS; i++) {
            openers[i].together = &together;
            ck_assert_int_eq (pthread_create (&threads[i], NULL, open_at_once, &openers[i]), 0);
        }
        for (int i = 0; i < OPENERS; i++) {
            pthread_join (threads[i], NULL);
            creators += openers[i].created ? 1 : 0;
            ck_assert_uint_eq (strlen (openers[i].id), 16);
            ck_assert_str_eq (openers[i].id, openers[0].id);
        }
        ck_assert_int_eq (creators, 1);
        ck_assert_int_eq (fs_remove_tree (keys, NULL), 0);
    }
    pthread_barrier_destroy (&together);
    teardown ();
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { round_trip, bound_to_its_place, another_key, key_file,
                                   one_creator, NULL };

    return testing_run ("seal", tests);
}
