/* action: see action.h. The small ones are here; the table of all.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/action.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "engine/step.h"
#include "farrier/sdk.h"
#include "workflow/check.h"

/* --- await_settled -------------------------------------------------------------------------- */

/* Good is: the resource that shows the host's identity answers with a value. */
static const char *
settled_uri (const struct farrier_step *step)
{
    const char *uri = json_str (step->in.context, "/facts/manager_uri");
    return uri == NULL ? "/redfish/v1/" : uri;
}

static int32_t
settled_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    bool manager = json_str (step->in.context, "/facts/manager_uri") != NULL;
    struct farrier_until until = FARRIER_INIT (struct farrier_until);
    until.uri = settled_uri (step);
    until.pointer = manager ? "/Status/State" : NULL;
    until.unwanted = "Starting\nUpdating\nUnavailableOffline\nDisabled";
    until.good = (uint32_t) farrier_param_i64 (step, "good_reads");
    until.interval_ms = (uint32_t) farrier_param_i64 (step, "interval");
    until.within_ms = (uint32_t) farrier_param_i64 (step, "within");
    until.label = "BMC answers steadily";
    int32_t rc = farrier_await_until (step, &until, err);
    return rc == FARRIER_OK ? FARRIER_PENDING : rc;
}

static int32_t
settled_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct farrier_wake wake = FARRIER_INIT (struct farrier_wake);
    (void) self;
    farrier_wake (step, &wake);
    if (wake.code != FARRIER_OK)
        return farrier_fail (step, err, wake.code, "the BMC does not settle: %s",
                             wake.message == NULL ? "" : wake.message);
    farrier_result_set (step, "reads", farrier_json_integer (step, wake.reads));
    farrier_result_set (step, "was_away", farrier_json_boolean (step, wake.gap_seen));
    return FARRIER_DONE;
}

/* --- wait, approve -------------------------------------------------------------------------- */

static int32_t
wait_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    int64_t ms = farrier_param_i64 (step, "duration");
    int32_t rc = farrier_await_timer (step, (uint32_t) (ms > UINT32_MAX ? UINT32_MAX : ms), "wait",
                                      err);
    return rc == FARRIER_OK ? FARRIER_PENDING : rc;
}

static int32_t
wait_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    (void) step;
    (void) err;
    return FARRIER_DONE;
}

static int32_t
approve_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    json_t *spec = json_object ();
    json_put_str (spec, "kind", "approval");
    json_put_str (spec, "label", farrier_param_str (step, "message"));
    json_put_str (spec, "role", farrier_param_str (step, "role"));
    int32_t rc = step_set_await (step, spec, false, err);
    return rc == FARRIER_OK ? FARRIER_PENDING : rc;
}

static int32_t
approve_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct farrier_wake wake = FARRIER_INIT (struct farrier_wake);
    (void) self;
    (void) err;
    farrier_wake (step, &wake);
    farrier_result_set (step, "by", farrier_json_string (step, wake.message));
    farrier_result_set (step, "at_ms", farrier_json_integer (step, clock_wall_ms ()));
    return FARRIER_DONE;
}

/* --- set, fail ------------------------------------------------------------------------------ */

static int32_t
set_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    (void) err;
    json_object_set (step->context_set, farrier_param_str (step, "name"),
                     json_object_get (step->in.params, "value"));
    return FARRIER_DONE;
}

static int32_t
fail_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    int32_t code = err_code_from_name (farrier_param_str (step, "code"));
    return farrier_fail (step, err, code == 0 ? FARRIER_E_PRECONDITION : code, "%s",
                         farrier_param_str (step, "message"));
}

/* --- power_restore -------------------------------------------------------------------------- */

int32_t
action_power_restore (const json_t *context, const char **ret_op, json_t **params,
                      struct err *err)
{
    const char *before = json_str (context, "/job/power_before");
    if (before == NULL)
        return err_set (err, ERR_NOTHING, "the power state at the beginning is not known");
    *ret_op = "power.set";
    json_decref (*params);
    *params = json_pack ("{ss}", "state", str_case_eq (before, "Off") ? "off" : "on");
    return 0;
}

/* --- the table ------------------------------------------------------------------------------ */

#define READS (FARRIER_OP_IDEMPOTENT | FARRIER_OP_DRY_RUN_OK)

static struct plugin_op ops[] = {
    { NULL, { .name = "bind", .flags = READS, .op_ms = 10 * 60 * 1000,
              .start = action_bind_start, .poll = action_bind_poll } },
    { NULL, { .name = "plan", .flags = READS, .start = action_plan_start } },
    { NULL, { .name = "verify", .flags = READS, .start = action_verify_start } },
    { NULL, { .name = "await_settled", .flags = READS, .op_ms = 24 * 3600 * 1000,
              .start = settled_start, .poll = settled_poll } },
    { NULL, { .name = "wait", .flags = READS, .op_ms = 31u * 24 * 3600 * 1000,
              .start = wait_start, .poll = wait_poll } },
    { NULL, { .name = "approve", .flags = READS, .op_ms = 45u * 24 * 3600 * 1000,
              .start = approve_start, .poll = approve_poll } },
    { NULL, { .name = "set", .flags = READS, .start = set_start } },
    { NULL, { .name = "fail", .flags = READS, .start = fail_start } },
    { NULL, { .name = "notify", .flags = 0, .start = action_notify_start } },
    /* Their journal knows at once whether something began: no need to let it settle. */
    { NULL, { .name = "run", .settle_ms = 1, .start = action_run_start, .poll = action_run_poll,
              .reconcile = action_run_reconcile } },
    { NULL, { .name = "http", .settle_ms = 1, .start = action_http_start, .poll = action_http_poll,
              .reconcile = action_http_reconcile } },
};

/* The parameters stand in one place, where the checker reads them too. */
static void
fill_params (void)
{
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        const struct workflow_action *action = workflow_action_find (ops[i].def.name);
        if (action != NULL)
            ops[i].def.params = action->params;
    }
}

const struct plugin_op *
action_op (const char *name)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once (&once, fill_params);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (str_eq (ops[i].def.name, name))
            return &ops[i];
    }
    return NULL;
}
