/* good: a test plugin that does everything right, and what its parameters tell it to do.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>
#include <string.h>

#include "farrier/sdk.h"

/* Not const on purpose: the test looks at what configure() received. */
static struct {
    int64_t wait_ms;
    char mode[16];
    int32_t answer;
} state;

static int32_t
good_load (const struct farrier_host *host, void **ret_self, struct farrier_error *err)
{
    (void) host;
    (void) err;
    *ret_self = &state;
    return 0;
}

static void
good_unload (void *self)
{
    memset (self, 0, sizeof state);
}

static int32_t
good_configure (void *self, const struct farrier_config *cfg, struct farrier_error *err)
{
    (void) self;
    const char *mode = farrier_config_str (cfg, "mode");
    state.wait_ms = farrier_config_i64 (cfg, "wait");
    state.answer = (int32_t) farrier_config_i64 (cfg, "answer");
    strncpy (state.mode, mode == NULL ? "" : mode, sizeof state.mode - 1);
    if (strcmp (state.mode, "refuse") == 0) {
        strncpy (err->message, "mode refuse was asked for", sizeof err->message - 1);
        strncpy (err->hint, "choose another mode", sizeof err->hint - 1);
        return FARRIER_E_PRECONDITION;
    }
    return 0;
}

static int32_t
good_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    (void) step;
    (void) err;
    if (strcmp (state.mode, "crash") == 0)
        abort ();
    if (strcmp (state.mode, "exit") == 0)
        exit (3);
    return state.answer;
}

static int32_t
good_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    (void) step;
    (void) err;
    return (int32_t) state.wait_ms;
}

static int32_t
good_probe (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    (void) step;
    (void) err;
    return 40;
}

static int32_t
good_effects (void *self, const struct farrier_component *component,
              const struct farrier_image_info *image, struct farrier_effects *ret)
{
    (void) self;
    if (image->model != NULL && strcmp (image->model, "other") == 0)
        return FARRIER_E_UNSUPPORTED;
    if (component->type == FARRIER_COMPONENT_CPLD)
        ret->reboot = FARRIER_REBOOT_AC_CYCLE;
    return 0;
}

static int32_t
good_compare (const struct farrier_component *component, const char *a, const char *b,
              int32_t *ret_order)
{
    (void) component;
    *ret_order = strcmp (a, b) < 0 ? -1 : strcmp (a, b) > 0;
    return 0;
}

static const struct farrier_param good_params[] = {
    { .name = "wait", .type = FARRIER_PARAM_DURATION, .default_value = "5s", .min = 1,
      .max = 600000, .help = "how long" },
    { .name = "mode", .type = FARRIER_PARAM_ENUM, .enum_values = "calm|refuse|crash|exit",
      .default_value = "calm", .flags = FARRIER_PARAM_RELOADABLE, .help = "what to do" },
    { .name = "answer", .type = FARRIER_PARAM_INTEGER, .default_value = "0", .min = -100,
      .max = 100, .flags = FARRIER_PARAM_RELOADABLE, .help = "what start answers" },
};

static const struct farrier_match good_match[] = {
    { .score = 50, .ipmi_manufacturer_id = -1, .root_vendor = "good*" },
    { .score = 60, .ipmi_manufacturer_id = -1, .root_vendor = "good*", .root_oem = "Good" },
};

static const struct farrier_match_login good_login[] = {
    { .score = 70, .manager_model = "*best*" },
};

static const struct farrier_op good_ops[] = {
    { .name = "identify", .version = 1, .help = "says who it is",
      .flags = FARRIER_OP_IDEMPOTENT | FARRIER_OP_DRY_RUN_OK, .start = good_start,
      .poll = good_poll },
    { .name = "good.dance", .version = 2, .help = "an op of its own", .start = good_start,
      .poll = good_poll, .cancel = good_start, .reconcile = good_start,
      .flags = FARRIER_OP_CANCELLABLE },
};

static const struct farrier_formats good_formats = {
    .struct_size = sizeof (struct farrier_formats), .compare_versions = good_compare,
};

static const struct farrier_plugin good = {
    FARRIER_PLUGIN_PREAMBLE,
    .name = "good",
    .version = "1.2.3",
    .vendor = "Farrier",
    .description = "A test plugin",
    .license = "Apache-2.0",
    .thread_model = FARRIER_THREADS_SERIAL_PLUGIN,
    .params = FARRIER_TABLE (good_params),
    .match = FARRIER_TABLE (good_match),
    .match_login = FARRIER_TABLE (good_login),
    .ops = FARRIER_TABLE (good_ops),
    .formats = &good_formats,
    .load = good_load,
    .unload = good_unload,
    .configure = good_configure,
    .probe = good_probe,
    .effects = good_effects,
};

FARRIER_PLUGIN_DEFINE (good, "good", "1.2.3", "Farrier", "Apache-2.0", "identify good.dance")
