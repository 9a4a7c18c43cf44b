/* rule_none_double: says after every crash that nothing was done, and does it once more.
 *
 * Caught as: sent twice
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "rule.h"

static int32_t
start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct farrier_http_request change = FARRIER_INIT (struct farrier_http_request);
    (void) self;
    change.method = "POST";
    change.path = "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset";
    change.body = "{\"ResetType\": \"ForceRestart\"}";
    change.label = "restart the host";
    int32_t rc = farrier_await_http (step, &change, err);
    return rc < 0 ? rc : FARRIER_PENDING;
}

RULE_POLL ((void) 0)

static int32_t
reconcile (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    (void) step;
    (void) err;
    return FARRIER_NOT_STARTED;
}

static const struct farrier_op ops[] = {
    { .name = "rule_none_double.work", .version = 1, .flags = FARRIER_OP_NEEDS_BMC,
      .help = "restarts the host", .start = start, .poll = poll, .reconcile = reconcile },
};
static const struct farrier_plugin plugin = { RULE_BODY ("rule_none_double", ops) };
FARRIER_PLUGIN_DEFINE (plugin, "rule_none_double", "1.0.0", "Farrier", "Apache-2.0",
                       "rule_none_double.work")
