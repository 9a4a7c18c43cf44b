/* Tests of until_step.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/until_step.h"

#include <string.h>

#include "base/json.h"
#include "base/testing.h"

#define AWAY NULL

/* One read of a resource that holds both the value and the proof. */
static bool
feed (struct until_step *step, int64_t now_ms, const char *body, int64_t *ret_after)
{
    struct look look = { .status = 200, .retry_after_ms = -1 };
    if (body == AWAY) {
        look.status = 0;
        look.code = err_set (&look.err, FARRIER_E_UNREACHABLE, "nobody there");
    } else {
        look.doc = json_parse (body, strlen (body), NULL);
    }
    bool end = until_step_feed (step, now_ms, &look,
                                until_step_wants_proof (step->spec) ? &look : NULL, ret_after);
    json_decref (look.doc);
    return end;
}

struct story {
    struct watch_until spec;
    const char *reads[8];              /* bodies; "-" = away; NULL = end */
    int ends_at;                       /* index of the read that ends it; -1 = none does */
};

#define ON "{\"PowerState\":\"On\",\"LastResetTime\":\"1\"}"
#define ON2 "{\"PowerState\":\"On\",\"LastResetTime\":\"2\"}"
#define UP(seconds) "{\"Uptime\":" seconds "}"
#define OFF "{\"PowerState\":\"Off\",\"LastResetTime\":\"1\"}"

START_TEST (stories)
{
    static const struct story all[] = {
        { { .uri = "/x" }, { "-", ON }, 1 },
        { { .uri = "/x", .pointer = "/PowerState", .wanted = "On" }, { OFF, ON }, 1 },
        { { .uri = "/x", .pointer = "/PowerState", .wanted = "of*\nNever" }, { ON, OFF }, 1 },
        { { .uri = "/x", .pointer = "/PowerState", .unwanted = "On" }, { ON, ON, OFF }, 2 },
        { { .uri = "/x", .pointer = "/None" }, { ON, ON }, -1 },
        { { .uri = "/x", .pointer = "/PowerState", .wanted = "On", .good = 3 },
          { ON, ON, OFF, ON, ON, ON }, 5 },
        { { .uri = "/x", .good = 2 }, { ON, "-", ON, ON }, 3 },
        { { .uri = "/x", .proof = FARRIER_PROOF_GAP, .good = 2 },
          { ON, ON, ON, "-", ON, ON }, 5 },
        { { .uri = "/x", .proof = FARRIER_PROOF_GAP, .gap_seen = true }, { ON }, 0 },
        { { .uri = "/x", .proof = FARRIER_PROOF_CHANGED, .proof_pointer = "/LastResetTime",
            .good = 2 }, { ON, ON, "-", ON, ON2, ON2 }, 5 },
        { { .uri = "/x", .proof = FARRIER_PROOF_CHANGED, .proof_pointer = "/LastResetTime",
            .proof_before = "1" }, { ON2 }, 0 },
        { { .uri = "/x", .proof = FARRIER_PROOF_CHANGED, .proof_pointer = "/LastResetTime",
            .proof_before = "2" }, { ON2, ON2 }, -1 },
        { { .uri = "/x", .proof = FARRIER_PROOF_GAP_OR_CHANGED,
            .proof_pointer = "/LastResetTime" }, { ON, "-", ON }, 2 },
        { { .uri = "/x", .proof = FARRIER_PROOF_GAP_OR_CHANGED,
            .proof_pointer = "/LastResetTime" }, { ON, ON2 }, 1 },
        { { .uri = "/x", .proof = FARRIER_PROOF_LOWER, .proof_pointer = "/Uptime" },
          { UP ("70"), UP ("75"), UP ("9.5"), UP ("20") }, 2 },
        { { .uri = "/x", .proof = FARRIER_PROOF_LOWER, .proof_pointer = "/Uptime",
            .proof_before = "60", .good = 2 }, { UP ("4"), UP ("5") }, 1 },
        { { .uri = "/x", .proof = FARRIER_PROOF_LOWER, .proof_pointer = "/Uptime",
            .proof_before = "3" }, { UP ("4"), UP ("\"none\""), UP ("5") }, -1 },
    };
    for (size_t i = 0; i < COUNT_OF (all); i++) {
        struct until_step step;
        int64_t after;
        int ended_at = -1;
        until_step_init (&step, &all[i].spec, 0);
        for (int r = 0; r < 8 && all[i].reads[r] != NULL && ended_at < 0; r++) {
            const char *body = all[i].reads[r];
            if (feed (&step, r * 1000, strcmp (body, "-") == 0 ? AWAY : body, &after))
                ended_at = r;
        }
        ck_assert_msg (ended_at == all[i].ends_at, "story %zu: %d", i, ended_at);
        ck_assert_int_eq (step.result.code, 0);
        until_step_clear (&step);
    }
}
END_TEST

START_TEST (time_up_says_what_was_seen)
{
    struct watch_until spec = { .uri = "/x", .pointer = "/PowerState", .wanted = "Off",
                                .within_ms = 10000, .interval_ms = 4000 };
    struct until_step step;
    int64_t after = 0;
    until_step_init (&step, &spec, 0);
    ck_assert (!feed (&step, 0, ON, &after));
    ck_assert_int_eq (after, 4000);
    ck_assert (!feed (&step, 9000, ON, &after));
    ck_assert_int_eq (after, 1000);
    ck_assert (feed (&step, 10000, ON, &after));
    ck_assert_int_eq (step.result.code, FARRIER_E_TIMEOUT);
    ck_assert_ptr_nonnull (strstr (step.result.err.message,
                                   "/PowerState is 'On', wanted is 'Off'"));
    ck_assert_str_eq (step.result.last, "On");
    until_step_clear (&step);

    spec.proof = FARRIER_PROOF_GAP;
    spec.wanted = NULL;
    until_step_init (&step, &spec, 0);
    ck_assert (feed (&step, 10000, ON, &after));
    ck_assert_ptr_nonnull (strstr (step.result.err.message, "not seen to go away"));
    until_step_clear (&step);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { stories, time_up_says_what_was_seen, NULL };

    return testing_run ("until_step", tests);
}
