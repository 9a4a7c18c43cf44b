/* guard-test: nothing is sent unless the BMC shows what the guards expect.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/guard.h"

#include <string.h>

#include "base/json.h"
#include "base/testing.h"
#include "engine/answer.h"
#include "engine/step.h"

static void
add_document (struct answer *a, const char *path, int32_t code, const char *text)
{
    struct step_document *d = mem_alloc (sizeof *d);
    d->path = str_dup (path);
    d->code = code;
    d->message = str_dup (code == 0 ? NULL : "connection refused");
    d->json = text == NULL ? NULL : json_parse (text, strlen (text), NULL);
    vec_push (&a->documents, d);
}

static void
make_guards (struct vec *guards)
{
    static const char identity[] =
        "[{\"kind\":\"serial\",\"value\":\"SIM1\",\"uri\":\"/s\",\"pointer\":\"/SerialNumber\"},"
        " {\"kind\":\"uuid\",\"value\":\"AB-12\",\"uri\":\"/s\",\"pointer\":\"/UUID\"},"
        " {\"kind\":\"asset\",\"value\":\"desk\",\"uri\":\"/s\",\"pointer\":\"/AssetTag\"}]";
    json_t *v = json_parse (identity, strlen (identity), NULL);
    guard_add_identity (guards, v);
    guard_add (guards, GUARD_VERSION, "/fw/bios", "/Version", "1.0", "version of bios",
               FARRIER_E_STALE);
    json_decref (v);
}

static const struct {
    const char *what, *system, *bios;
    int32_t system_code, want;
    enum guard_kind kind;
    const char *says;                  /* part of the message */
} cases[] = {
    { "all as expected", "{\"SerialNumber\":\"SIM1\",\"UUID\":\"ab12\"}", "{\"Version\":\"1.0\"}",
      0, 0, 0, "" },
    { "another serial", "{\"SerialNumber\":\"SIM2\",\"UUID\":\"ab12\"}", "{\"Version\":\"1.0\"}",
      0, FARRIER_E_PRECONDITION, GUARD_IDENTITY, "'SIM2'" },
    { "serial gone", "{\"UUID\":\"ab12\"}", "{\"Version\":\"1.0\"}", 0, FARRIER_E_PRECONDITION,
      GUARD_IDENTITY, "(absent)" },
    { "another version", "{\"SerialNumber\":\"SIM1\",\"UUID\":\"AB12\"}", "{\"Version\":\"1.1\"}",
      0, FARRIER_E_STALE, GUARD_VERSION, "'1.1'" },
    { "unreachable", NULL, "{\"Version\":\"1.0\"}", FARRIER_E_UNREACHABLE,
      FARRIER_E_UNREACHABLE, 0, "nothing was sent" },
};

static void
judge_one (size_t i)
{
    struct vec guards = { 0 };
    struct answer *a = answer_new (FARRIER_WAKE_COLLECTED);
    const struct guard *guard = NULL;
    struct err err = { 0 };
    make_guards (&guards);
    ck_assert_int_eq (guards.count, 3);           /* asset tags are for people */
    add_document (a, "/s", cases[i].system_code, cases[i].system);
    add_document (a, "/fw/bios", 0, cases[i].bios);
    int32_t rc = guard_judge (&guards, &a->documents, &guard, &err);
    ck_assert_msg (rc == cases[i].want, "%s: %d", cases[i].what, rc);
    ck_assert_msg (strstr (err.message, cases[i].says) != NULL, "%s", err.message);
    if (rc != 0 && rc != FARRIER_E_UNREACHABLE)
        ck_assert_int_eq (guard->kind, cases[i].kind);
    answer_free (a);
    vec_free_with (&guards, guard_free);
}

START_TEST (judge)
{
    for (size_t i = 0; i < COUNT_OF (cases); i++)
        judge_one (i);
}
END_TEST

START_TEST (paths_once)
{
    struct vec guards = { 0 };
    const char *paths[3];
    make_guards (&guards);
    ck_assert_int_eq (guard_paths (&guards, paths), 2);
    ck_assert_str_eq (paths[0], "/s");
    ck_assert_str_eq (paths[1], "/fw/bios");
    vec_free_with (&guards, guard_free);
}
END_TEST

START_TEST (missing_document)
{
    struct vec guards = { 0 }, none = { 0 };
    const struct guard *guard;
    struct err err;
    make_guards (&guards);
    ck_assert_int_eq (guard_judge (&guards, &none, &guard, &err), FARRIER_E_INTERNAL);
    vec_free_with (&guards, guard_free);
}
END_TEST

START_TEST (answer_round_trip)
{
    struct answer *a = answer_new (FARRIER_WAKE_TRANSFER);
    a->status = 202;
    a->delivery = FARRIER_DELIVERY_ANSWERED;
    a->retry_after_ms = 30000;
    a->headers = json_pack ("[[ss]]", "Location", "/redfish/v1/TaskService/Tasks/1");
    a->body = str_dup ("{\"Id\":\"1\"}");
    a->body_len = strlen (a->body);
    answer_fail (a, FARRIER_E_VERIFY, "digest", "farrier repo verify");
    json_t *v = answer_to_json (a);
    struct answer *b = answer_from_json (v);
    json_t *w = answer_to_json (b);
    ck_assert (json_equal (v, w));
    ck_assert_str_eq (b->body, a->body);
    ck_assert_int_eq (b->code, FARRIER_E_VERIFY);
    json_decref (v);
    json_decref (w);
    answer_free (a);
    answer_free (b);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { judge, paths_once, missing_document, answer_round_trip, NULL };

    return testing_run ("guard", tests);
}
