/* shape: a test plugin whose struct has the defect that FARRIER_TEST_SHAPE names.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>
#include <string.h>

#include "farrier/sdk.h"

static int32_t
shape_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    (void) step;
    (void) err;
    return FARRIER_DONE;
}

static int32_t
shape_load (const struct farrier_host *host, void **ret_self, struct farrier_error *err)
{
    (void) ret_self;
    return host->fail (err, FARRIER_E_LICENSE, "no licence for %s", "shape");
}

static void
shape_unload (void *self)
{
    (void) self;
}

static struct farrier_param params[] = {
    { .name = "size", .type = FARRIER_PARAM_SIZE, .default_value = "1MiB", .help = "a size" },
    { .name = "other", .type = FARRIER_PARAM_STRING, .help = "a word" },
};

static struct farrier_op ops[] = {
    { .name = "identify", .version = 1, .help = "who", .flags = FARRIER_OP_IDEMPOTENT,
      .start = shape_start },
    { .name = "shape.own", .version = 1, .help = "own", .flags = FARRIER_OP_IDEMPOTENT,
      .start = shape_start, .params = FARRIER_TABLE (params) },
};

static struct farrier_match match[] = { { .score = 10, .ipmi_manufacturer_id = 674 } };

static struct farrier_plugin shape = {
    FARRIER_PLUGIN_PREAMBLE,
    .name = "shape",
    .version = "0.1.0",
    .vendor = "Farrier",
    .description = "A test plugin",
    .license = "Apache-2.0",
    .match = FARRIER_TABLE (match),
    .ops = FARRIER_TABLE (ops),
};

/* A plugin built against a newer header: longer structs. */
static struct {
    struct farrier_plugin plugin;
    uint64_t newer;
} longer;

/* A plugin built against an older header: nothing behind the ops table. */
static unsigned char shorter[sizeof shape];

static const struct farrier_plugin *
resized (const char *want)
{
    if (strcmp (want, "longer") == 0) {
        longer.plugin = shape;
        longer.plugin.struct_size = sizeof longer;
        longer.newer = 7;
        return &longer.plugin;
    }
    memcpy (shorter, &shape, sizeof shape);
    struct farrier_plugin *plugin = (struct farrier_plugin *) (void *) shorter;
    plugin->struct_size = offsetof (struct farrier_plugin, formats);
    plugin->load = shape_load;         /* lies behind the end: must not be seen */
    return plugin;
}

static void
deform (const char *want)
{
#define IS(word) (strcmp (want, word) == 0)
    if (IS ("magic"))
        shape.magic = 0x12345678;
    else if (IS ("size"))
        shape.struct_size = 40;
    else if (IS ("major"))
        shape.abi_major = 2;
    else if (IS ("minor"))
        shape.needs_minor = 9;
    else if (IS ("flag"))
        shape.flags = 4;
    else if (IS ("advisory"))
        shape.flags = UINT64_C (1) << 40;
    else if (IS ("name"))
        shape.name = "Shape";
    else if (IS ("version"))
        shape.version = "1.0";
    else if (IS ("stride"))
        shape.ops.stride = 12;
    else if (IS ("twice"))
        ops[1].name = "identify";
    else if (IS ("opname"))
        ops[1].name = "firmware.polish";
    else if (IS ("reconcile"))
        ops[1].flags = 0;
    else if (IS ("cancel"))
        ops[1].flags |= FARRIER_OP_CANCELLABLE;
    else if (IS ("default"))
        params[0].default_value = "many";
    else if (IS ("match"))
        match[0].score = 101;
    else if (IS ("load")) {
        shape.load = shape_load;
        shape.unload = shape_unload;
    } else if (IS ("many")) {
        shape.name = "";
        shape.license = NULL;
        shape.load = shape_load;
        ops[0].start = NULL;
        ops[1].version = 0;
    }
}

FARRIER_EXPORT const struct farrier_plugin *FARRIER_PLUGIN_ENTRY (void);

FARRIER_NOTE_ (FARRIER_NOTE_TEXT_ ("shape", "0.1.0", "Farrier", "Apache-2.0", "identify shape.own"))

FARRIER_EXPORT const struct farrier_plugin *
FARRIER_PLUGIN_ENTRY (void)
{
    const char *want = getenv ("FARRIER_TEST_SHAPE");
    want = want == NULL ? "" : want;
    if (strcmp (want, "null") == 0)
        return NULL;
    if (strcmp (want, "longer") == 0 || strcmp (want, "shorter") == 0)
        return resized (want);
    deform (want);
    return &shape;
}
