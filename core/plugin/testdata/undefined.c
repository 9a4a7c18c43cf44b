/* undefined: a test plugin that uses a symbol which nothing defines.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "farrier/sdk.h"

int32_t farrier_test_nowhere (void *self, struct farrier_step *step, struct farrier_error *err);

static int32_t
undefined_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    return farrier_test_nowhere (self, step, err);
}

static const struct farrier_op ops[] = {
    { .name = "identify", .version = 1, .help = "who", .flags = FARRIER_OP_IDEMPOTENT,
      .start = undefined_start },
};

static const struct farrier_plugin undefined = {
    FARRIER_PLUGIN_PREAMBLE,
    .name = "undefined",
    .version = "0.1.0",
    .vendor = "Farrier",
    .description = "A test plugin",
    .license = "Apache-2.0",
    .ops = FARRIER_TABLE (ops),
};

FARRIER_PLUGIN_DEFINE (undefined, "undefined", "0.1.0", "Farrier", "Apache-2.0", "identify")
