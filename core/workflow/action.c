/* action: the core's own actions and their parameters, as data. The engine runs them, the checker
 * and the man page read them.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/str.h"
#include "workflow/check.h"

#define TABLE(t) { .items = (t), .count = sizeof (t) / sizeof (t)[0], \
                       .stride = sizeof (struct farrier_param) }
#define PARAM(n, t, h) .name = (n), .type = FARRIER_PARAM_##t, .help = (h)
#define REQUIRED .flags = FARRIER_PARAM_REQUIRED

static const struct farrier_param plan_params[] = {
    { PARAM ("policy", ENUM, "which versions are wanted when a plan is made here"),
      .enum_values = "manual|recommended|latest|security|security_only",
      .default_value = "recommended" },
};

static const struct farrier_param verify_params[] = {
    { PARAM ("against", JSON, "\"plan\", or a batch or step of it: what must run now"),
      .default_value = "\"plan\"" },
};

static const struct farrier_param settled_params[] = {
    { PARAM ("good_reads", INTEGER, "how many reads in a row must be good"), .min = 1, .max = 100,
      .default_value = "3" },
    { PARAM ("interval", DURATION, "pause between two reads"), .min = 100, .max = 3600000,
      .default_value = "30s" },
    { PARAM ("within", DURATION, "after this the step fails with TIMEOUT"), .min = 1000,
      .max = 86400000, .default_value = "15m" },
};

static const struct farrier_param wait_params[] = {
    { PARAM ("duration", DURATION, "how long"), .min = 1, .max = 2592000000, REQUIRED },
};

static const struct farrier_param approve_params[] = {
    { PARAM ("message", STRING, "the question that a person answers"), REQUIRED },
    { PARAM ("role", STRING, "who may say yes"), .default_value = "approver" },
    { PARAM ("within", DURATION, "after this the step fails with TIMEOUT; none: no limit"),
      .min = 1000, .max = 31536000000 },
};

static const struct farrier_param window_params[] = {
    { PARAM ("name", STRING, "the maintenance window; none: those of the host's groups") },
    { PARAM ("lane", ENUM, "does what follows disturb the host?"),
      .enum_values = "disturbing|quiet", .default_value = "disturbing" },
};

static const struct farrier_param notify_params[] = {
    { PARAM ("message", STRING, "what to tell"), REQUIRED },
    { PARAM ("severity", ENUM, "how loudly"), .enum_values = "info|warning|critical",
      .default_value = "info" },
    { PARAM ("idempotent", BOOL, "may be sent again after a crash"), .default_value = "false" },
};

static const struct farrier_param set_params[] = {
    { PARAM ("name", STRING, "the name that the value gets in the context"), REQUIRED },
    { PARAM ("value", JSON, "any value"), REQUIRED },
};

static const struct farrier_param fail_params[] = {
    { PARAM ("message", STRING, "why"), REQUIRED },
    { PARAM ("code", ENUM, "the error code that on_failure and the job see"),
      .enum_values = "TRANSIENT|BUSY|TIMEOUT|UNREACHABLE|TLS|AUTH|LICENSE|UNSUPPORTED|INVALID|"
                     "REJECTED|PRECONDITION|NO_SPACE|STALE|VERIFY|HOST_FAULT|LOST",
      .default_value = "PRECONDITION" },
};

static const struct farrier_param run_params[] = {
    { PARAM ("argv", JSON, "the program (absolute path) and its arguments, a list of strings"),
      REQUIRED },
    { PARAM ("env", JSON, "environment, a group of strings; nothing else but PATH and LANG") },
    { PARAM ("max_output", SIZE, "bytes of its output that are kept"), .min = 1024,
      .max = 1048576, .default_value = "64KiB" },
    { PARAM ("idempotent", BOOL, "may be run again after a crash"), .default_value = "false" },
    { PARAM ("reconcile", JSON, "argv of a program that tells whether it had run: exit 0 it had, "
                                "1 it had not") },
    { PARAM ("undo", JSON, "argv of the program that takes it back when its phase is rolled "
                           "back") },
};

static const struct farrier_param http_params[] = {
    { PARAM ("method", ENUM, "GET and HEAD only read"),
      .enum_values = "GET|HEAD|POST|PUT|PATCH|DELETE", .default_value = "GET" },
    { PARAM ("url", STRING, "https://…"), REQUIRED },
    { PARAM ("headers", JSON, "a group of strings; header names with a dash are good keys") },
    { PARAM ("body", JSON, "sent as JSON; a string is sent as it is") },
    { PARAM ("secrets", JSON, "header name -> credential by reference, never the value") },
    { PARAM ("expect", JSON, "list of good status codes; none: every 2xx") },
    { PARAM ("idempotent", BOOL, "may be sent again after a crash"), .default_value = "false" },
};

static const struct farrier_param workflow_params[] = {
    { PARAM ("name", STRING, "the workflow that runs as a sub-job"), REQUIRED },
    { PARAM ("inputs", JSON, "its inputs, a group") },
};

static const struct workflow_action actions[] = {
    { "plan", "loads the approved plan and checks that it still fits; in `workflow run`, makes one",
      "the host's part of the plan (also as plan)", true, false, false, TABLE (plan_params) },
    { "verify", "compares a fresh inventory with what was to be installed",
      "each component with the version wanted and the one measured", true, false, false,
      TABLE (verify_params) },
    { "await_settled", "waits until the BMC answers well several times in a row",
      "how many reads it took, and whether the BMC was away", true, false, false,
      TABLE (settled_params) },
    { "wait", "waits for a while; the host lock is given back", NULL, true, false, true,
      TABLE (wait_params) },
    { "approve", "waits for a person's yes; the host lock is given back", "who said yes, and when",
      true, false, true, TABLE (approve_params) },
    { "window", "waits for a maintenance window into which the rest fits", "the window", false,
      false, true, TABLE (window_params) },
    { "power_restore", "brings the host back to the power state that it had when the job began",
      NULL, true, true, false, { .items = NULL } },
    { "notify", "sends a message to the site's channels", NULL, true, false, false,
      TABLE (notify_params) },
    { "set", "puts a value into the context", NULL, true, false, false, TABLE (set_params) },
    { "fail", "fails", NULL, true, false, false, TABLE (fail_params) },
    { "run", "runs a program of the site: JSON context on stdin, JSON result on stdout",
      "the JSON that the program wrote", true, true, false, TABLE (run_params) },
    { "http", "speaks to a service of the site", "{status, body}", true, false, false,
      TABLE (http_params) },
    { "workflow", "runs another workflow as a sub-job under the same host lock", "its outcome",
      false, true, false, TABLE (workflow_params) },
};

const struct workflow_action *
workflow_action_at (size_t i)
{
    return i < sizeof actions / sizeof actions[0] ? &actions[i] : NULL;
}

const struct workflow_action *
workflow_action_find (const char *name)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (str_eq (actions[i].name, name)) {
            return &actions[i];
        }
    }
    return NULL;
}
