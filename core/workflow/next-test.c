/* next-test: the default workflow and small ones driven through every branch by scripted results.
 *
 * At each step the position goes through its text and back, and must say the same step again.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "workflow/next.h"

#include <string.h>

#include "base/json.h"
#include "base/testing.h"

#define PROVISIONING TEST_SRCDIR "/conf.d/workflows/firmware-provisioning.conf"

/* Two batches: BMC alone, then BIOS and NIC together. */
#define BATCHES \
    "\"batches\": [" \
    " {\"activate_now\": true, \"verify_now\": true, \"steps\": [" \
    "   {\"component\": \"BMC\", \"image\": \"bmc-2\", \"rollback_ready\": true}]}," \
    " {\"activate_now\": false, \"verify_now\": false, \"steps\": [" \
    "   {\"component\": \"BIOS\", \"image\": \"bios-2\", \"rollback_ready\": false}," \
    "   {\"component\": \"NIC\", \"image\": \"nic-2\", \"rollback_ready\": true}]}]"
#define INPUTS(skip_firmware, skip_bios) \
    "\"inputs\": {\"policy\": \"latest\", \"skip_firmware_check\": " #skip_firmware ", " \
    "\"skip_bios_config\": " #skip_bios "}, \"facts\": {\"serial\": \"S1\"}"
#define FULL "{" INPUTS (false, false) ", \"host\": {\"bios_profile\": \"virt\"}," \
    " \"job\": {\"needs\": [\"HOST_RESET\"]}, \"plan\": {" BATCHES "}}"
#define BARE "{" INPUTS (false, false) ", \"host\": {}, \"job\": {\"needs\": []}}"

/* What a scripted run does at a path; the rest is DONE. */
struct turn {
    const char *path;
    enum workflow_result_kind kind;
    int32_t code;
    const char *detail;                /* JSON */
};

struct scripted {
    const char *name, *workflow, *context;
    struct turn turns[4];
    const char *trace;                 /* paths, then "=> outcome" */
    const char *cause;                 /* JSON pointer=value pairs that the cause must hold */
};

static struct workflow *
load (const char *text)
{
    struct workflow *w = NULL;
    struct err err = { 0 };
    int32_t rc = text == NULL ? workflow_load_file (PROVISIONING, &w, NULL, &err)
                              : workflow_load_text (text, strlen (text), "t.conf", &w, NULL, &err);
    ck_assert_msg (rc == 0, "%s", err.message);
    return w;
}

static json_t *
parse (const char *text)
{
    struct err err = { 0 };
    json_t *v = json_parse (text, strlen (text), &err);
    ck_assert_msg (v != NULL, "%s", err.message);
    return v;
}

/* A restart right here leads to the same step with the same parameters. */
static void
check_round_trip (const struct workflow *w, const struct workflow_decision *d, json_t *context)
{
    char *text = workflow_position_text (d->position);
    struct workflow_position *again = NULL;
    struct workflow_decision other = { 0 };
    struct err err = { 0 };
    ck_assert_msg (workflow_position_parse (w, text, &again, &err) == 0, "%s", err.message);
    ck_assert_int_eq (workflow_next (w, again, context, NULL, NULL, &other, &err), 0);
    ck_assert_int_eq (other.kind, d->kind);
    ck_assert_uint_eq (other.notices.count, 0);
    ck_assert_int_eq (other.outcome, d->outcome);
    if (d->kind == WORKFLOW_RUN_STEP) {
        ck_assert_str_eq (other.path, d->path);
        ck_assert_str_eq (other.action, d->action);
        ck_assert (json_equal (other.params, d->params));
        ck_assert_uint_eq (other.progress_permille, d->progress_permille);
        ck_assert_int_eq (other.timeout_ms, d->timeout_ms);
    }
    testing_string (workflow_position_text (other.position), text);
    workflow_decision_clear (&other);
    workflow_position_free (again);
    mem_free (text);
}

static struct workflow_result
result_for (const struct turn *turns, const char *path, json_t **ret_detail)
{
    struct workflow_result result = { .kind = WORKFLOW_RESULT_DONE };
    for (size_t i = 0; i < 4 && turns[i].path != NULL; i++) {
        if (str_eq (turns[i].path, path)) {
            *ret_detail = turns[i].detail == NULL ? NULL : parse (turns[i].detail);
            result = (struct workflow_result) { turns[i].kind, turns[i].code, "as scripted",
                                                *ret_detail };
        }
    }
    return result;
}

/* Drives w to its end. *ret_cause is a new reference. */
static char *
drive (const struct workflow *w, json_t *context, const struct turn *turns, json_t **ret_cause)
{
    struct workflow_position *at = workflow_position_new ();
    struct workflow_result last = { 0 };
    struct buf trace = { 0 };
    json_t *detail = NULL;
    uint32_t progress = 0;
    for (int n = 0; ; n++) {
        struct workflow_decision d = { 0 };
        struct err err = { 0 };
        ck_assert_int_lt (n, 200);
        ck_assert_msg (workflow_next (w, at, context, NULL, &last, &d, &err) == 0, "%s",
                       err.message);
        json_decref (detail);
        detail = NULL;
        check_round_trip (w, &d, context);
        workflow_position_free (at);
        at = workflow_position_copy (d.position);
        if (d.kind == WORKFLOW_FINISHED) {
            buf_printf (&trace, "=> %s", workflow_outcome_name (d.outcome));
            *ret_cause = json_incref (d.cause);
            workflow_decision_clear (&d);
            break;
        }
        buf_printf (&trace, "%s ", d.path);
        if (d.role == WORKFLOW_ROLE_STEP) {
            ck_assert_uint_ge (d.progress_permille, progress);
            progress = d.progress_permille;
        }
        last = result_for (turns, d.path, &detail);
        workflow_decision_clear (&d);
    }
    workflow_position_free (at);
    return buf_steal (&trace);
}

#define PRE "pre_flight/ready pre_flight/inventory pre_flight/health pre_flight/config.export "
#define PLAN "firmware_analysis/plan "
#define UPDATE0 "firmware_update[0]/firmware.install[0] firmware_update[0]/firmware.activate " \
    "firmware_update[0]/await_settled firmware_update[0]/inventory firmware_update[0]/verify "
#define UPDATE1 "firmware_update[1]/firmware.install[0] firmware_update[1]/firmware.install[1] " \
    "firmware_update[1]/await_settled firmware_update[1]/inventory "
#define REBOOT "system_reboot/firmware.activate system_reboot/await_settled "
#define BIOS "bios_configuration/bios.set "
#define FINAL "final_validation/inventory final_validation/verify "
#define POWER "finally/power_restore "
#define FAILED(p, c) { p, WORKFLOW_RESULT_FAILED, FARRIER_E_##c, NULL }
#define CANCELLED(p) { p, WORKFLOW_RESULT_CANCELLED, 0, NULL }

static const struct scripted provisioning[] = {
    { "everything runs", NULL, FULL, { { 0 } },
      PRE PLAN UPDATE0 UPDATE1 REBOOT BIOS FINAL POWER "=> succeeded", NULL },
    { "nothing to do", NULL, BARE, { { 0 } },
      PRE PLAN "final_validation/inventory " POWER "=> succeeded", NULL },
    { "firmware skipped", NULL,
      "{" INPUTS (true, false) ", \"host\": {\"bios_profile\": \"virt\"},"
      " \"job\": {\"needs\": []}}",
      { { 0 } }, PRE BIOS "final_validation/inventory " POWER "=> succeeded", NULL },
    { "BIOS skipped", NULL,
      "{" INPUTS (false, true) ", \"host\": {\"bios_profile\": \"virt\"},"
      " \"job\": {\"needs\": []}, \"plan\": {\"batches\": []}}",
      { { 0 } }, PRE PLAN FINAL POWER "=> succeeded", NULL },
    { "no profile", NULL,
      "{" INPUTS (false, false) ", \"host\": {\"bios_profile\": null}, \"job\": {\"needs\": []}}",
      { { 0 } }, PRE PLAN "final_validation/inventory " POWER "=> succeeded", NULL },
    { "health is compared when it was saved", NULL,
      "{" INPUTS (true, true) ", \"host\": {}, \"job\": {\"needs\": []}, \"health_before\": {}}",
      { { 0 } }, PRE "final_validation/inventory final_validation/health " POWER "=> succeeded",
      NULL },
    { "pre_flight fails", NULL, FULL, { FAILED ("pre_flight/inventory", AUTH) },
      "pre_flight/ready pre_flight/inventory " POWER "=> failed",
      "/phase=pre_flight;/step=pre_flight/inventory;/action=inventory;/code=AUTH;"
      "/message=as scripted" },
    { "what is not supported is skipped", NULL, BARE,
      { FAILED ("pre_flight/ready", UNSUPPORTED), FAILED ("pre_flight/health", UNSUPPORTED) },
      PRE PLAN "final_validation/inventory " POWER "=> succeeded", NULL },
    { "unsupported without skip fails", NULL, BARE,
      { FAILED ("pre_flight/inventory", UNSUPPORTED) },
      "pre_flight/ready pre_flight/inventory " POWER "=> failed", "/code=UNSUPPORTED" },
    { "the plan is stale", NULL, FULL, { FAILED ("firmware_analysis/plan", STALE) },
      PRE PLAN POWER "=> failed", "/phase=firmware_analysis;/code=STALE" },
    { "install fails, rolled back", NULL, FULL,
      { FAILED ("firmware_update[0]/firmware.install[0]", HOST_FAULT) },
      PRE PLAN "firmware_update[0]/firmware.install[0] "
      "firmware_update[0]/rollback/firmware.rollback[0] " POWER "=> failed",
      "/component=BMC;/code=HOST_FAULT;/rollback=done" },
    { "install fails, no way back", NULL, FULL,
      { FAILED ("firmware_update[1]/firmware.install[0]", REJECTED) },
      PRE PLAN UPDATE0 "firmware_update[1]/firmware.install[0] " POWER "=> failed",
      "/component=BIOS;/step=firmware_update[1]/firmware.install[0]" },
    { "second of a batch is rolled back", NULL, FULL,
      { FAILED ("firmware_update[1]/firmware.install[1]", HOST_FAULT) },
      PRE PLAN UPDATE0 "firmware_update[1]/firmware.install[0] "
      "firmware_update[1]/firmware.install[1] firmware_update[1]/rollback/firmware.rollback[0] "
      POWER "=> failed", "/component=NIC;/rollback=done" },
    { "verify names what failed", NULL, FULL,
      { { "firmware_update[0]/verify", WORKFLOW_RESULT_FAILED, FARRIER_E_VERIFY,
          "{\"components\": [\"BMC\"], \"from\": \"1\", \"target\": \"2\"}" } },
      PRE PLAN UPDATE0 "firmware_update[0]/rollback/firmware.rollback[0] " POWER "=> failed",
      "/code=VERIFY;/from=1;/target=2;/rollback=done" },
    { "one of two has no way back: neither is rolled back", NULL, FULL,
      { { "firmware_update[1]/inventory", WORKFLOW_RESULT_FAILED, FARRIER_E_VERIFY,
          "{\"components\": [\"BIOS\", \"NIC\"]}" } },
      PRE PLAN UPDATE0 UPDATE1 POWER "=> failed", "/code=VERIFY" },
    { "rollback fails too", NULL, FULL,
      { FAILED ("firmware_update[0]/firmware.install[0]", HOST_FAULT),
        FAILED ("firmware_update[0]/rollback/firmware.rollback[0]", LOST) },
      PRE PLAN "firmware_update[0]/firmware.install[0] "
      "firmware_update[0]/rollback/firmware.rollback[0] " POWER "=> failed",
      "/code=HOST_FAULT;/rollback=failed;/rollback_cause/code=LOST;"
      "/rollback_cause/action=firmware.rollback;/rollback_cause/component=BMC" },
    { "rollback is skipped by the plugin", NULL, FULL,
      { FAILED ("firmware_update[0]/firmware.install[0]", HOST_FAULT),
        { "firmware_update[0]/rollback/firmware.rollback[0]", WORKFLOW_RESULT_SKIPPED, 0, NULL } },
      PRE PLAN "firmware_update[0]/firmware.install[0] "
      "firmware_update[0]/rollback/firmware.rollback[0] " POWER "=> failed", "/rollback=done" },
    { "a step without a component has nothing to roll back", NULL, FULL,
      { FAILED ("firmware_update[0]/await_settled", TIMEOUT) },
      PRE PLAN "firmware_update[0]/firmware.install[0] firmware_update[0]/firmware.activate "
      "firmware_update[0]/await_settled " POWER "=> failed", "/code=TIMEOUT" },
    { "reboot fails", NULL, FULL, { FAILED ("system_reboot/await_settled", LOST) },
      PRE PLAN UPDATE0 UPDATE1 REBOOT POWER "=> failed", "/phase=system_reboot;/code=LOST" },
    { "bios.set fails", NULL, FULL, { FAILED ("bios_configuration/bios.set", INVALID) },
      PRE PLAN UPDATE0 UPDATE1 REBOOT BIOS POWER "=> failed", "/phase=bios_configuration" },
    { "final validation fails", NULL, FULL, { FAILED ("final_validation/verify", VERIFY) },
      PRE PLAN UPDATE0 UPDATE1 REBOOT BIOS FINAL POWER "=> failed", "/code=VERIFY" },
    { "the finally fails", NULL, BARE, { FAILED ("finally/power_restore", UNREACHABLE) },
      PRE PLAN "final_validation/inventory " POWER "=> failed",
      "/step=finally/power_restore;/code=UNREACHABLE" },
    { "the first failure is the cause", NULL, BARE,
      { FAILED ("pre_flight/inventory", AUTH), FAILED ("finally/power_restore", UNREACHABLE) },
      "pre_flight/ready pre_flight/inventory " POWER "=> failed", "/code=AUTH" },
    { "cancelled in the first step", NULL, FULL, { CANCELLED ("pre_flight/ready") },
      "pre_flight/ready " POWER "=> cancelled", "/phase=pre_flight;/code=CANCELLED" },
    { "cancelled while flashing", NULL, FULL,
      { CANCELLED ("firmware_update[1]/firmware.install[1]") },
      PRE PLAN UPDATE0 "firmware_update[1]/firmware.install[0] "
      "firmware_update[1]/firmware.install[1] " POWER "=> cancelled",
      "/component=NIC;/code=CANCELLED" },
    { "cancelled in a rollback", NULL, FULL,
      { FAILED ("firmware_update[0]/firmware.install[0]", HOST_FAULT),
        CANCELLED ("firmware_update[0]/rollback/firmware.rollback[0]") },
      PRE PLAN "firmware_update[0]/firmware.install[0] "
      "firmware_update[0]/rollback/firmware.rollback[0] " POWER "=> failed",
      "/code=HOST_FAULT;/rollback=failed" },
    { "cancelled in the finally", NULL, BARE, { CANCELLED ("finally/power_restore") },
      PRE PLAN "final_validation/inventory " POWER "=> cancelled", "/code=CANCELLED" },
    { "an input is missing", NULL, "{\"inputs\": {}, \"host\": {}, \"job\": {\"needs\": []}}",
      { { 0 } }, PRE POWER "=> failed", "/phase=firmware_analysis;/code=INVALID;/step=" },
};

static void
check_cause (const json_t *cause, const char *wanted)
{
    size_t count = 0;
    char **pairs = str_split (wanted, ';', &count);
    for (size_t i = 0; i < count; i++) {
        char *sign = strchr (pairs[i], '=');
        *sign = '\0';
        ck_assert_str_eq (json_str_or (cause, pairs[i], ""), sign + 1);
    }
    str_free_all (pairs, count);
}

static void
check_scripted (const struct scripted *s)
{
    struct workflow *w = load (s->workflow);
    json_t *context = parse (s->context), *cause = NULL;
    json_t *before = json_deep_copy (context);
    char *trace = drive (w, context, s->turns, &cause);
    ck_assert_msg (str_eq (trace, s->trace), "%s:\n got    %s\n wanted %s", s->name, trace,
                   s->trace);
    ck_assert_msg ((cause == NULL) == (s->cause == NULL), "%s", s->name);
    if (s->cause != NULL) {
        check_cause (cause, s->cause);
    }
    ck_assert_msg (json_equal (context, before), "%s: the context was changed", s->name);
    mem_free (trace);
    json_decref (cause);
    json_decref (before);
    json_decref (context);
    workflow_unref (w);
}

START_TEST (test_provisioning)
{
    check_scripted (&provisioning[_i]);
}
END_TEST

/* --- small workflows: each rule alone -------------------------------------------------------- */

#define ONE(phases) "workflow = { name = \"t\"; phases = (" phases "); };"
#define WITH_FINALLY(phases) "workflow = { name = \"t\"; phases = (" phases ");" \
    " finally = ( { action = \"notify\"; message = \"m\"; } ); };"
#define PHASE(name, rest, steps) "{ name = \"" name "\"; " rest " steps = (" steps "); }"
#define STEP(action) "{ action = \"" action "\"; }"

#define RUN(undo) "{ action = \"run\"; argv = [\"/do\"];" undo " }"
#define UNDO "undo = [\"/undo\"];"

static const struct scripted rules[] = {
    { "programs are taken back, the last one first",
      ONE (PHASE ("z", "", RUN (UNDO)) ","
           PHASE ("a", "on_failure = \"rollback\";", RUN (UNDO) "," RUN ("") "," RUN (UNDO) ","
                  STEP ("x") "," RUN (UNDO))), "{}",
      { FAILED ("a/x", BUSY) }, "z/run a/run a/run#2 a/run#3 a/x a/rollback/undo[0] "
      "a/rollback/undo[1] => failed", "/code=BUSY;/rollback=done" },
    { "the program that failed too; one that can't be taken back is told",
      ONE (PHASE ("a", "on_failure = \"rollback\";", RUN (UNDO) "," RUN (UNDO))), "{}",
      { FAILED ("a/run#2", HOST_FAULT), FAILED ("a/rollback/undo[0]", LOST) },
      "a/run a/run#2 a/rollback/undo[0] a/rollback/undo[1] => failed",
      "/code=HOST_FAULT;/rollback=failed;/rollback_cause/code=LOST;/rollback_cause/action=run" },
    { "nothing to take back", ONE (PHASE ("a", "on_failure = \"rollback\";", RUN (""))), "{}",
      { FAILED ("a/run", BUSY) }, "a/run => failed", "/code=BUSY" },
    { "a step's continue", ONE (PHASE ("a", "", "{ action = \"x\"; on_failure = \"continue\"; }, "
                                       STEP ("y"))), "{}",
      { FAILED ("a/x", BUSY) }, "a/x a/y => succeeded", NULL },
    { "a phase's continue", ONE (PHASE ("a", "on_failure = \"continue\";",
                                        STEP ("x") "," STEP ("y"))
                                 "," PHASE ("b", "", STEP ("z"))), "{}",
      { FAILED ("a/x", BUSY) }, "a/x b/z => succeeded", NULL },
    { "a step's rule beats the phase's",
      ONE (PHASE ("a", "on_failure = \"continue\";",
                  "{ action = \"x\"; on_failure = \"abort\"; }") "," PHASE ("b", "", STEP ("z"))),
      "{}", { FAILED ("a/x", BUSY) }, "a/x => failed", "/code=BUSY" },
    { "goto leads forward past a phase",
      ONE (PHASE ("a", "on_failure = \"goto c\";", STEP ("x")) "," PHASE ("b", "", STEP ("y")) ","
           PHASE ("c", "", STEP ("z"))), "{}",
      { FAILED ("a/x", BUSY) }, "a/x c/z => succeeded", NULL },
    { "goto runs the phase's finally first",
      ONE (PHASE ("a", "on_failure = \"goto c\"; finally = (" STEP ("f") ");", STEP ("x")) ","
           PHASE ("b", "", STEP ("y")) "," PHASE ("c", "", STEP ("z"))), "{}",
      { FAILED ("a/x", BUSY) }, "a/x a/finally/f c/z => succeeded", NULL },
    { "a skipped goto target leads to what is behind it",
      ONE (PHASE ("a", "on_failure = \"goto b\";", STEP ("x")) ","
           PHASE ("b", "when = \"1 == 2\";", STEP ("y")) "," PHASE ("c", "", STEP ("z"))), "{}",
      { FAILED ("a/x", BUSY) }, "a/x c/z => succeeded", NULL },
    { "then", ONE (PHASE ("a", "on_failure = { when = \"failed.code == 'BUSY'\";"
                          " then = \"continue\"; else = \"abort\"; };", STEP ("x"))
                   "," PHASE ("b", "", STEP ("y"))),
      "{}", { FAILED ("a/x", BUSY) }, "a/x b/y => succeeded", NULL },
    { "else", ONE (PHASE ("a", "on_failure = { when = \"failed.code == 'BUSY'\";"
                          " then = \"continue\"; else = \"abort\"; };", STEP ("x"))
                   "," PHASE ("b", "", STEP ("y"))),
      "{}", { FAILED ("a/x", LOST) }, "a/x => failed", "/code=LOST" },
    { "a when that can't be told aborts and says so",
      ONE (PHASE ("a", "on_failure = { when = \"failed.nothing\"; then = \"continue\"; };",
                  STEP ("x")) "," PHASE ("b", "", STEP ("y"))), "{}",
      { FAILED ("a/x", LOST) }, "a/x => failed",
      "/code=LOST;/on_failure_error=t.conf:1: on_failure: when = \"failed.nothing\": unknown value "
      "'failed.nothing', column 1" },
    { "finally of phase and workflow after success",
      WITH_FINALLY (PHASE ("a", "finally = (" STEP ("f") ");", STEP ("x"))), "{}", { { 0 } },
      "a/x a/finally/f finally/notify => succeeded", NULL },
    { "finally of phase and workflow after failure",
      WITH_FINALLY (PHASE ("a", "finally = (" STEP ("f") "," STEP ("g") ");", STEP ("x")) ","
                    PHASE ("b", "", STEP ("y"))), "{}",
      { FAILED ("a/x", BUSY), FAILED ("a/finally/f", LOST) },
      "a/x a/finally/f a/finally/g finally/notify => failed", "/code=BUSY" },
    { "finally of phase and workflow after cancel",
      WITH_FINALLY (PHASE ("a", "finally = (" STEP ("f") ");", STEP ("x"))), "{}",
      { CANCELLED ("a/x") }, "a/x a/finally/f finally/notify => cancelled", "/code=CANCELLED" },
    { "a failing phase finally stops the phases",
      WITH_FINALLY (PHASE ("a", "finally = (" STEP ("f") ");", STEP ("x")) ","
                    PHASE ("b", "", STEP ("y"))), "{}", { FAILED ("a/finally/f", LOST) },
      "a/x a/finally/f finally/notify => failed", "/step=a/finally/f" },
    { "unless it may fail",
      ONE (PHASE ("a", "finally = ( { action = \"f\"; on_failure = \"continue\"; } );", STEP ("x"))
           "," PHASE ("b", "", STEP ("y"))), "{}", { FAILED ("a/finally/f", LOST) },
      "a/x a/finally/f b/y => succeeded", NULL },
    { "a skipped phase has no finally",
      ONE (PHASE ("a", "when = \"false\"; finally = (" STEP ("f") ");", STEP ("x")) ","
           PHASE ("b", "", STEP ("y"))), "{}", { { 0 } }, "b/y => succeeded", NULL },
    { "failed in a finally",
      ONE (PHASE ("a", "finally = ( { action = \"f\"; when = \"defined(failed)\";"
                  " why = \"${failed.code}\"; } );", STEP ("x"))), "{}",
      { FAILED ("a/x", BUSY) }, "a/x a/finally/f => failed", "/code=BUSY" },
    { "no failed, no step",
      ONE (PHASE ("a", "finally = ( { action = \"f\"; when = \"defined(failed)\"; } );",
                  STEP ("x"))), "{}", { { 0 } }, "a/x => succeeded", NULL },
    { "phase loop and step loop",
      ONE (PHASE ("a", "for_each = \"rows\"; as = \"row\";",
                  "{ action = \"x\"; for_each = \"row\"; when = \"item != 2\";"
                  " n = \"${item}\"; }")),
      "{\"rows\": [[1, 2], [], [3]]}", { { 0 } }, "a[0]/x[0] a[2]/x[0] => succeeded", NULL },
    { "an empty loop skips the phase", ONE (PHASE ("a", "for_each = \"rows\";", STEP ("x"))),
      "{\"rows\": []}", { { 0 } }, "=> succeeded", NULL },
    { "a loop over no list fails the phase",
      ONE (PHASE ("a", "for_each = \"rows\"; finally = (" STEP ("f") ");", STEP ("x"))),
      "{\"rows\": 3}", { { 0 } }, "=> failed",
      "/phase=a;/code=INVALID;/message=t.conf:1: phase 'a': for_each = \"rows\": "
      "this is not a list" },
    { "and can be passed over",
      ONE (PHASE ("a", "for_each = \"rows\"; on_failure = \"continue\";", STEP ("x")) ","
           PHASE ("b", "", STEP ("y"))), "{\"rows\": 3}", { { 0 } }, "b/y => succeeded", NULL },
    { "a step loop over no list, passed over",
      ONE (PHASE ("a", "", "{ action = \"x\"; for_each = \"rows\"; on_failure = \"continue\"; },"
                  STEP ("y"))), "{\"rows\": 3}", { { 0 } }, "a/y => succeeded", NULL },
    { "a failure in a loop goes on with the next entry",
      ONE (PHASE ("a", "", "{ action = \"x\"; for_each = \"rows\"; on_failure = \"continue\"; }")),
      "{\"rows\": [1, 2]}", { FAILED ("a/x[0]", BUSY) }, "a/x[0] a/x[1] => succeeded", NULL },
    { "an unknown value fails its step",
      WITH_FINALLY (PHASE ("a", "", "{ action = \"x\"; p = \"${gone.away}\"; }")), "{}", { { 0 } },
      "finally/notify => failed",
      "/step=a/x;/code=INVALID;/message=t.conf:1: x: p: unknown value 'gone.away', column 3" },
    { "steps of one action have numbers",
      ONE (PHASE ("a", "", STEP ("x") "," STEP ("y") "," STEP ("x"))), "{}", { { 0 } },
      "a/x a/y a/x#2 => succeeded", NULL },
    { "a phase loop's failure ends the other rounds",
      ONE (PHASE ("a", "for_each = \"rows\"; finally = (" STEP ("f") ");", STEP ("x"))),
      "{\"rows\": [1, 2]}", { FAILED ("a[0]/x", BUSY) }, "a[0]/x a/finally/f => failed",
      "/code=BUSY" },
    { "several components are rolled back, the last one first",
      ONE (PHASE ("a", "on_failure = \"rollback\";", STEP ("x"))),
      "{\"plan\": {\"batches\": [{\"steps\": [{\"component\": \"B1\"}]}]}}",
      { { "a/x", WORKFLOW_RESULT_FAILED, FARRIER_E_VERIFY, "{\"components\": [\"B1\", \"B2\"]}" },
        FAILED ("a/rollback/firmware.rollback[0]", LOST) },
      "a/x a/rollback/firmware.rollback[0] a/rollback/firmware.rollback[1] => failed",
      "/rollback=failed;/rollback_cause/component=B2" },
};

START_TEST (test_rules)
{
    check_scripted (&rules[_i]);
}
END_TEST

/* --- decisions ------------------------------------------------------------------------------- */

/* The decision for the step at path, all before it DONE. */
static struct workflow_decision
decide_at (const struct workflow *w, json_t *context, const char *path, const struct turn *turns)
{
    struct workflow_position *at = workflow_position_new ();
    struct workflow_result last = { 0 };
    json_t *detail = NULL;
    for (;;) {
        struct workflow_decision d = { 0 };
        ck_assert_int_eq (workflow_next (w, at, context, NULL, &last, &d, NULL), 0);
        json_decref (detail);
        detail = NULL;
        workflow_position_free (at);
        bool finish = str_eq (path, "end");
        if (d.kind == WORKFLOW_FINISHED || str_eq (d.path, path)) {
            ck_assert_msg ((d.kind == WORKFLOW_FINISHED) == finish, "%s not reached", path);
            return d;
        }
        at = workflow_position_copy (d.position);
        last = result_for (turns, d.path, &detail);
        workflow_decision_clear (&d);
    }
}

START_TEST (test_step_in_full)
{
    static const struct turn none[4] = { { 0 } };
    struct workflow *w = load (NULL);
    json_t *context = parse (FULL);
    struct workflow_decision d
        = decide_at (w, context, "firmware_update[1]/firmware.install[1]", none);
    ck_assert_str_eq (d.action, "firmware.install");
    ck_assert_str_eq (d.op, "firmware.install");
    ck_assert_ptr_null (d.plugin);
    ck_assert_str_eq (d.phase, "firmware_update");
    ck_assert_str_eq (d.component, "NIC");
    ck_assert_str_eq (d.image, "nic-2");
    testing_string (json_text (d.params), "{\"component\":\"NIC\",\"image\":\"nic-2\"}");
    ck_assert_int_eq (d.timeout_ms, 90 * 60 * 1000);
    ck_assert_uint_eq (d.retry->attempts, 3);
    ck_assert_int_eq (d.retry->initial_ms, 5000);
    ck_assert_int_eq (d.retry->max_ms, 300000);
    ck_assert_uint_eq (d.retry->on_count, 4);
    ck_assert_int_eq (d.role, WORKFLOW_ROLE_STEP);
    ck_assert_int_gt (d.line, 0);
    ck_assert_ptr_null (d.save);
    workflow_decision_clear (&d);
    d = decide_at (w, context, "pre_flight/health", none);
    ck_assert_str_eq (d.save, "health_before");
    ck_assert (d.skip_unsupported);
    ck_assert_int_eq (d.timeout_ms, 30 * 60 * 1000);
    workflow_decision_clear (&d);
    d = decide_at (w, context, "firmware_update[0]/verify", none);
    ck_assert (json_equal (json_object_get (d.params, "against"),
                           json_at (context, "/plan/batches/0")));
    workflow_decision_clear (&d);
    json_decref (context);
    workflow_unref (w);
}
END_TEST

static const struct {
    const char *path;
    uint32_t progress;
} marks[] = {
    { "pre_flight/ready", 0 },          { "firmware_analysis/plan", 100 },
    { "firmware_update[0]/firmware.install[0]", 200 },
    { "firmware_update[1]/firmware.install[0]", 350 },
    { "firmware_update[1]/firmware.install[1]", 365 },
    { "system_reboot/firmware.activate", 500 },
    { "bios_configuration/bios.set", 700 },
    { "final_validation/inventory", 900 },
    { "finally/power_restore", 1000 },  { "end", 1000 },
};

START_TEST (test_progress)
{
    static const struct turn none[4] = { { 0 } };
    struct workflow *w = load (NULL);
    json_t *context = parse (FULL);
    struct workflow_decision d = decide_at (w, context, marks[_i].path, none);
    ck_assert_uint_eq (d.progress_permille, marks[_i].progress);
    ck_assert_uint_le (d.progress_permille + d.span_permille, 1000);
    workflow_decision_clear (&d);
    json_decref (context);
    workflow_unref (w);
}
END_TEST

START_TEST (test_retry_with_before)
{
    static const struct turn none[4] = { { 0 } };
    struct workflow *w = load (
        "workflow = { name = \"t\"; phases = ( { name = \"a\"; steps = (\n"
        "  { action = \"dell_dup:firmware.install\"; component = \"BIOS\"; image = \"i\";\n"
        "    retry = { attempts = 4; backoff = \"fixed\"; initial = \"90s\"; on = [\"BUSY\"];\n"
        "      before = ( { attempt = 3; action = \"bmc.reset\"; kind = \"${host.kind}\"; } ); };\n"
        "  } ); } ); };");
    json_t *context = parse ("{\"host\": {\"kind\": \"GracefulRestart\"}}");
    struct workflow_decision d = decide_at (w, context, "a/dell_dup:firmware.install", none);
    ck_assert_str_eq (d.plugin, "dell_dup");
    ck_assert_str_eq (d.op, "firmware.install");
    ck_assert_uint_eq (d.retry->attempts, 4);
    ck_assert_int_eq (d.retry->backoff, WORKFLOW_BACKOFF_FIXED);
    ck_assert_int_eq (d.retry->initial_ms, 90000);
    ck_assert_uint_eq (d.retry->on_count, 1);
    ck_assert_int_eq (d.retry->on[0], FARRIER_E_BUSY);
    ck_assert_uint_eq (d.before.count, 1);
    const struct workflow_before_step *before = vec_at (&d.before, 0);
    ck_assert_uint_eq (before->attempt, 3);
    ck_assert_str_eq (before->op, "bmc.reset");
    ck_assert_str_eq (before->path, "a/dell_dup:firmware.install/before[0]");
    testing_string (json_text (before->params), "{\"kind\":\"GracefulRestart\"}");
    workflow_decision_clear (&d);
    json_decref (context);
    workflow_unref (w);
}
END_TEST

static char *
notices_text (const struct vec *notices)
{
    struct buf b = { 0 };
    for (size_t i = 0; i < notices->count; i++) {
        const struct workflow_notice *n = vec_at (notices, i);
        buf_printf (&b, "%s %s%s%s%s%s\n", workflow_notice_name (n->kind),
                    n->phase == NULL ? "-" : n->phase, n->path == NULL ? "" : " ",
                    n->path == NULL ? "" : n->path, n->text[0] == '\0' ? "" : ": ", n->text);
    }
    return buf_steal (&b);
}

static const struct {
    const char *path, *context;
    struct turn turns[4];
    const char *notices;
} told[] = {
    { "pre_flight/ready", FULL, { { 0 } }, "phase_entered pre_flight\n" },
    { "final_validation/inventory", BARE, { { 0 } },
      "phase_done firmware_analysis\n"
      "phase_skipped firmware_update: when: defined(plan) && count(plan.batches) > 0 is false\n"
      "phase_skipped system_reboot: when: count(job.needs) > 0 is false\n"
      "phase_skipped bios_configuration: when: !inputs.skip_bios_config && "
      "defined(host.bios_profile) is false\n"
      "phase_entered final_validation\n" },
    { "firmware_update[1]/firmware.install[0]", FULL, { { 0 } },
      "phase_entered firmware_update\n" },
    { "firmware_update[1]/await_settled", FULL, { { 0 } },
      "step_skipped firmware_update firmware_update[1]/firmware.activate: "
      "when: batch.activate_now is false\n" },
    { "pre_flight/inventory", FULL, { FAILED ("pre_flight/ready", UNSUPPORTED) },
      "step_skipped pre_flight pre_flight/ready: not supported: as scripted\n" },
    { "firmware_update[0]/rollback/firmware.rollback[0]", FULL,
      { FAILED ("firmware_update[0]/firmware.install[0]", HOST_FAULT) },
      "phase_failed firmware_update: rollback\nrollback firmware_update: BMC\n" },
    { "finally/power_restore", FULL, { FAILED ("pre_flight/ready", AUTH) },
      "phase_failed pre_flight: abort\nfinally -\n" },
    { "finally/power_restore", FULL, { CANCELLED ("pre_flight/ready") },
      "phase_failed pre_flight: cancelled\nfinally -\n" },
};

START_TEST (test_notices)
{
    struct workflow *w = load (NULL);
    json_t *context = parse (told[_i].context);
    struct workflow_decision d = decide_at (w, context, told[_i].path, told[_i].turns);
    testing_string (notices_text (&d.notices), told[_i].notices);
    workflow_decision_clear (&d);
    json_decref (context);
    workflow_unref (w);
}
END_TEST

START_TEST (test_tolerated_are_counted)
{
    static const struct turn turns[4] = { FAILED ("a/x", BUSY), FAILED ("a/y", LOST) };
    struct workflow *w = load (ONE (PHASE ("a", "",
                               "{ action = \"x\"; on_failure = \"continue\"; },"
                               "{ action = \"y\"; on_failure = \"continue\"; }")));
    json_t *context = json_object ();
    struct workflow_decision d = decide_at (w, context, "end", turns);
    ck_assert_int_eq (d.outcome, WORKFLOW_SUCCEEDED);
    ck_assert_uint_eq (d.tolerated, 2);
    ck_assert_str_eq (json_str (d.first_tolerated, "/code"), "BUSY");
    workflow_decision_clear (&d);
    json_decref (context);
    workflow_unref (w);
}
END_TEST

START_TEST (test_cancelled_before_it_began)
{
    struct workflow *w = load (NULL);
    struct workflow_position *at = workflow_position_new ();
    json_t *context = parse (BARE);
    struct workflow_result last = { .kind = WORKFLOW_RESULT_CANCELLED };
    struct workflow_decision d = { 0 };
    ck_assert_int_eq (workflow_next (w, at, context, NULL, &last, &d, NULL), 0);
    ck_assert_int_eq (d.kind, WORKFLOW_FINISHED);
    ck_assert_int_eq (d.outcome, WORKFLOW_CANCELLED);
    workflow_decision_clear (&d);
    json_decref (context);
    workflow_position_free (at);
    workflow_unref (w);
}
END_TEST

/* `when` is answered when a step begins; what changes later does not take the step away. */
START_TEST (test_restart_does_not_ask_when_again)
{
    static const struct turn none[4] = { { 0 } };
    struct workflow *w = load (NULL);
    json_t *context = parse (FULL);
    struct workflow_decision d = decide_at (w, context, "system_reboot/firmware.activate", none);
    json_array_clear (json_at (context, "/job/needs"));
    check_round_trip (w, &d, context);
    workflow_decision_clear (&d);
    json_decref (context);
    workflow_unref (w);
}
END_TEST

/* --- positions ------------------------------------------------------------------------------- */

static const char *const foreign[] = {
    "", "{", "[]", "{}", "{\"v\": 2, \"place\": \"start\"}", "{\"v\": 1}",
    "{\"v\": 1, \"place\": \"elsewhere\"}",
    "{\"v\": 1, \"place\": \"step\"}",
    "{\"v\": 1, \"place\": \"step\", \"phase\": 6, \"step\": 0}",
    "{\"v\": 1, \"place\": \"step\", \"phase\": 0, \"step\": 4}",
    "{\"v\": 1, \"place\": \"step\", \"phase\": 0, \"step\": -1}",
    "{\"v\": 1, \"place\": \"step\", \"phase\": 0, \"step\": 0.5}",
    "{\"v\": 1, \"place\": \"step\", \"phase\": 0, \"step\": 0, \"iteration\": 0}",
    "{\"v\": 1, \"place\": \"step\", \"phase\": 2, \"step\": 0}",
    "{\"v\": 1, \"place\": \"step\", \"phase\": 0, \"step\": 0, \"goto\": 6}",
    "{\"v\": 1, \"place\": \"phase_finally\", \"phase\": 0, \"step\": 0}",
    "{\"v\": 1, \"place\": \"finally\", \"step\": 1}",
    "{\"v\": 1, \"place\": \"rollback\", \"phase\": 2}",
    "{\"v\": 1, \"place\": \"step\", \"phase\": 0, \"step\": 0, \"pending\": \"maybe\"}",
};

START_TEST (test_foreign_positions)
{
    struct workflow *w = load (NULL);
    struct workflow_position *p = NULL;
    struct err err = { 0 };
    ck_assert_int_eq (workflow_position_parse (w, foreign[_i], &p, &err), FARRIER_E_INVALID);
    ck_assert_ptr_null (p);
    ck_assert_ptr_nonnull (strstr (err.message, "firmware-provisioning"));
    workflow_unref (w);
}
END_TEST

START_TEST (test_short_text)
{
    struct workflow_position *p = workflow_position_new ();
    testing_string (workflow_position_text (p), "{\"place\":\"start\",\"v\":1}");
    workflow_position_free (p);
}
END_TEST

/* --- dry run --------------------------------------------------------------------------------- */

static int32_t
note_path (void *arg, json_t *context, const struct workflow_decision *d)
{
    (void) context;
    if (d->kind == WORKFLOW_RUN_STEP) {
        buf_printf (arg, "%s%s ", d->path, d->undecided ? "?" : "");
    }
    return 0;
}

START_TEST (test_walk)
{
    struct workflow *w = load (NULL);
    json_t *context = parse (FULL);
    struct buf b = { 0 };
    ck_assert_int_eq (workflow_walk (w, context, NULL, note_path, &b, NULL), 0);
    ck_assert_str_eq (b.data, PRE PLAN UPDATE0 UPDATE1 REBOOT BIOS FINAL POWER);
    buf_free (&b);
    json_decref (context);
    workflow_unref (w);
}
END_TEST

START_TEST (test_walk_with_what_is_not_known)
{
    struct workflow *w = load (ONE (PHASE ("a", "", "{ action = \"x\"; save = \"r\"; },"
                                           "{ action = \"y\"; when = \"r.ok\"; p = \"${r.n}\"; },"
                                           "{ action = \"z\"; for_each = \"r.list\";"
                                           " q = \"${item}\"; },"
                                           STEP ("u"))));
    json_t *context = json_object ();
    struct buf b = { 0 };
    ck_assert_int_eq (workflow_walk (w, context, NULL, note_path, &b, NULL), 0);
    ck_assert_str_eq (b.data, "a/x a/y? a/z[0]? a/u ");
    buf_free (&b);
    json_decref (context);
    workflow_unref (w);
}
END_TEST

static int32_t
stop_at_second (void *arg, json_t *context, const struct workflow_decision *d)
{
    (void) context;
    (void) d;
    return ++*(int *) arg == 2 ? ERR_NOTHING : 0;
}

START_TEST (test_walk_stops)
{
    struct workflow *w = load (NULL);
    json_t *context = parse (FULL);
    int calls = 0;
    ck_assert_int_eq (workflow_walk (w, context, NULL, stop_at_second, &calls, NULL), ERR_NOTHING);
    ck_assert_int_eq (calls, 2);
    json_decref (context);
    workflow_unref (w);
}
END_TEST

static void
add_tests (TCase *t)
{
    tcase_add_loop_test (t, test_provisioning, 0, COUNT_OF (provisioning));
    tcase_add_loop_test (t, test_rules, 0, COUNT_OF (rules));
    tcase_add_test (t, test_step_in_full);
    tcase_add_loop_test (t, test_progress, 0, COUNT_OF (marks));
    tcase_add_test (t, test_retry_with_before);
    tcase_add_loop_test (t, test_notices, 0, COUNT_OF (told));
    tcase_add_test (t, test_tolerated_are_counted);
    tcase_add_test (t, test_cancelled_before_it_began);
    tcase_add_test (t, test_restart_does_not_ask_when_again);
    tcase_add_loop_test (t, test_foreign_positions, 0, COUNT_OF (foreign));
    tcase_add_test (t, test_short_text);
    tcase_add_test (t, test_walk);
    tcase_add_test (t, test_walk_with_what_is_not_known);
    tcase_add_test (t, test_walk_stops);
}

int
main (void)
{
    Suite *s = suite_create ("next");
    TCase *t = tcase_create ("next");
    add_tests (t);
    suite_add_tcase (s, t);
    SRunner *r = srunner_create (s);
    srunner_run_all (r, CK_ENV);
    int failed = srunner_ntests_failed (r);
    srunner_free (r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
