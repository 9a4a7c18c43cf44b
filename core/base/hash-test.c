/* Tests of hash.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/hash.h"

#include <string.h>

#include "base/testing.h"

START_TEST (known_digests)
{
    static const struct { const char *text, *hex; } table[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    };
    char hex[HASH_SHA256_HEX];

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        size_t len = strlen (table[i].text);
        struct hash *h = hash_new ();

        hash_sha256_hex (table[i].text, len, hex);
        ck_assert_str_eq (hex, table[i].hex);
        for (size_t k = 0; k < len; k++) {
            hash_update (h, table[i].text + k, 1);
        }
        hash_final_hex (h, hex);
        ck_assert_str_eq (hex, table[i].hex);
    }
    hash_free (hash_new ());
    hash_free (NULL);
}
END_TEST

START_TEST (fnv)
{
    ck_assert_uint_eq (hash_fnv1a (""), 0xcbf29ce484222325u);
    ck_assert_uint_eq (hash_fnv1a ("a"), 0xaf63dc4c8601ec8cu);
    ck_assert_uint_eq (hash_fnv1a ("foobar"), 0x85944171f73967e8u);
}
END_TEST

START_TEST (random_bytes)
{
    unsigned char bytes[1000] = { 0 }, guard[4] = { 0 };
    size_t zero = 0;
    char *a = hash_random_id ("job"), *b = hash_random_id ("job");

    hash_random (bytes, sizeof (bytes));
    hash_random (guard, 0);
    for (size_t i = 0; i < sizeof (bytes); i++) {
        zero += bytes[i] == 0 ? 1 : 0;
    }
    ck_assert_uint_lt (zero, 100);
    ck_assert_uint_eq (guard[0], 0);
    ck_assert_str_ne (a, b);
    ck_assert (str_starts (a, "job-"));
    ck_assert_uint_eq (strlen (a), 14);
    ck_assert_uint_eq (strspn (a + 4, "abcdefghijkmnpqrstuvwxyz23456789"), 10);
    mem_free (a);
    mem_free (b);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { known_digests, fnv, random_bytes, NULL };

    return testing_run ("hash", tests);
}
