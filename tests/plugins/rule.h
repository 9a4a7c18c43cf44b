/* rule: the frame of the plugins here that break one rule each: one op, which reads the service
 * root, waits a moment, and is done. What is wrong is put into one of its places.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef TESTS_PLUGINS_RULE_H
#define TESTS_PLUGINS_RULE_H

#include "farrier/sdk.h"

static inline int32_t
rule_read (struct farrier_step *step, const struct farrier_response **ret,
           struct farrier_error *err)
{
    int32_t rc = farrier_http_get (step, NULL, "/redfish/v1/", NULL, ret, err);
    if (rc < 0)
        return rc;
    if (farrier_response_status (*ret) != 200)
        return farrier_fail_http (step, err, *ret, "the service root");
    return FARRIER_OK;
}

/* A start() that does WORK after the read. */
#define RULE_START(work)                                                                     \
    static int32_t start (void *self, struct farrier_step *step, struct farrier_error *err) \
    {                                                                                        \
        const struct farrier_response *response = NULL;                                     \
        (void) self;                                                                         \
        int32_t rc = rule_read (step, &response, err);                                       \
        if (rc < 0)                                                                          \
            return rc;                                                                       \
        work;                                                                                \
        rc = farrier_await_timer (step, 1000, "a moment", err);                              \
        return rc < 0 ? rc : FARRIER_PENDING;                                                \
    }

#define RULE_POLL(work)                                                                     \
    static int32_t poll (void *self, struct farrier_step *step, struct farrier_error *err) \
    {                                                                                       \
        (void) self;                                                                        \
        (void) step;                                                                        \
        (void) err;                                                                         \
        work;                                                                               \
        return FARRIER_DONE;                                                                \
    }

#define RULE_OP(name_, flags_)                                                               \
    { .name = name_ ".work", .version = 1, .flags = FARRIER_OP_NEEDS_BMC | (flags_),         \
      .help = "reads, waits, is done", .start = start, .poll = poll }

#define RULE_BODY(name_, ops_)                                                               \
    FARRIER_PLUGIN_PREAMBLE, .name = name_, .version = "1.0.0", .vendor = "Farrier",         \
    .description = "breaks a rule", .license = "Apache-2.0", .ops = FARRIER_TABLE (ops_)

/* Constant data, as it must be; the op is idempotent and needs no reconcile. */
#define RULE_PLUGIN(name_)                                                                   \
    static const struct farrier_op ops[] = { RULE_OP (name_, FARRIER_OP_IDEMPOTENT) };       \
    static const struct farrier_plugin plugin = { RULE_BODY (name_, ops) };                  \
    FARRIER_PLUGIN_DEFINE (plugin, name_, "1.0.0", "Farrier", "Apache-2.0", name_ ".work")

#endif
