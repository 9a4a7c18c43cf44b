/* generic_redfish: any BMC with a DMTF UpdateService, and OpenBMC. The fallback where no vendor's
 * own plugin is bound.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>
#include <string.h>

#include "generic.h"

#define VERSION "0.1.0"

/* --- parameters of the plugin (conf.d/plugins/generic_redfish.conf) ------------------------- */

#define METHODS "auto|multipart|http_push|simple_update"
/* Those of a maintenance window want its begin and length, which nobody tells this plugin. */
#define APPLY_TIMES                                                                        \
    "auto|Immediate|OnReset|OnTargetReset"

static const struct farrier_param plugin_params[] = {
    { .name = "method", .type = FARRIER_PARAM_ENUM, .enum_values = METHODS,
      .default_value = "auto", .help = "how images are handed over",
      .description = "auto takes the first that the BMC offers: MultipartHttpPushUri, HttpPushUri, "
                     "SimpleUpdate (the BMC then fetches the image from Farrier).",
      .since = "0.1.0" },
    { .name = "apply_time", .type = FARRIER_PARAM_ENUM, .enum_values = APPLY_TIMES,
      .default_value = "auto", .help = "when the BMC writes the image",
      .description = "auto asks for Immediate where the BMC offers it, and says nothing elsewhere.",
      .since = "0.1.0" },
    { .name = "foreign_push", .type = FARRIER_PARAM_BOOL, .default_value = "false",
      .help = "use HttpPushUri of vendors that gave it a meaning of their own (Dell, HPE)",
      .since = "0.1.0" },
    { .name = "graceful_timeout", .type = FARRIER_PARAM_DURATION, .default_value = "5m",
      .min = 1000, .max = 3600000,
      .help = "how long a host may take to shut down or restart before it is forced",
      .since = "0.1.0" },
    { .name = "bmc_return_timeout", .type = FARRIER_PARAM_DURATION, .default_value = "15m",
      .min = 1000, .max = 7200000, .help = "how long a BMC may be away after its reset",
      .since = "0.1.0" },
    { .name = "boot_timeout", .type = FARRIER_PARAM_DURATION, .default_value = "15m",
      .min = 1000, .max = 7200000, .help = "how long a host may take to boot", .since = "0.1.0" },
    { .name = "wait_for_boot", .type = FARRIER_PARAM_BOOL, .default_value = "true",
      .help = "wait until BootProgress says that the host has booted, where there is such a thing",
      .since = "0.1.0" },
    { .name = "off_pause", .type = FARRIER_PARAM_DURATION, .default_value = "10s", .min = 0,
      .max = 600000, .help = "how long a host stays off before it is switched on again",
      .since = "0.1.0" },
    { .name = "task_grace", .type = FARRIER_PARAM_DURATION, .default_value = "2m", .min = 1000,
      .max = 3600000, .help = "how long an update's task may be out of sight before it is gone",
      .description = "Where tasks do not survive the BMC's restart (OpenBMC) and the BMC itself is "
                     "updated, at most 20 seconds: the 404 is the news itself.",
      .since = "0.1.0" },
    { .name = "vanished_timeout", .type = FARRIER_PARAM_DURATION, .default_value = "5m",
      .min = 1000, .max = 7200000,
      .help = "how long a new version is looked for when the update's task is gone",
      .since = "0.1.0" },
    { .name = "interval", .type = FARRIER_PARAM_DURATION, .default_value = "5s", .min = 100,
      .max = 600000, .help = "pause between two looks at a BMC or host that is coming back",
      .since = "0.1.0" },
    { .name = "max_in_flight", .type = FARRIER_PARAM_INTEGER, .default_value = "4", .min = 1,
      .max = 16, .help = "reads at once on one BMC", .since = "0.1.0" },
};

/* The only data of this plugin that is ever written: by configure, before any op runs. */
static struct generic_config config;

static int32_t
generic_load (const struct farrier_host *host, void **ret_self, struct farrier_error *err)
{
    (void) host;
    (void) err;
    *ret_self = &config;
    return FARRIER_OK;
}

static void
generic_unload (void *self)
{
    memset (self, 0, sizeof (struct generic_config));
}

static int32_t
generic_configure (void *self, const struct farrier_config *cfg, struct farrier_error *err)
{
    struct generic_config *c = self;
    const char *method = farrier_config_str (cfg, "method");
    const char *apply_time = farrier_config_str (cfg, "apply_time");
    (void) err;
    snprintf (c->method, sizeof c->method, "%s", method == NULL ? "auto" : method);
    snprintf (c->apply_time, sizeof c->apply_time, "%s", apply_time == NULL ? "auto" : apply_time);
    c->foreign_push = farrier_config_i64 (cfg, "foreign_push") != 0;
    c->wait_for_boot = farrier_config_i64 (cfg, "wait_for_boot") != 0;
    c->graceful_ms = (uint32_t) farrier_config_i64 (cfg, "graceful_timeout");
    c->bmc_return_ms = (uint32_t) farrier_config_i64 (cfg, "bmc_return_timeout");
    c->boot_ms = (uint32_t) farrier_config_i64 (cfg, "boot_timeout");
    c->off_pause_ms = (uint32_t) farrier_config_i64 (cfg, "off_pause");
    c->task_grace_ms = (uint32_t) farrier_config_i64 (cfg, "task_grace");
    c->vanished_ms = (uint32_t) farrier_config_i64 (cfg, "vanished_timeout");
    c->interval_ms = (uint32_t) farrier_config_i64 (cfg, "interval");
    c->max_in_flight = (uint32_t) farrier_config_i64 (cfg, "max_in_flight");
    return FARRIER_OK;
}

/* --- recognition ---------------------------------------------------------------------------- */

/* Everything that speaks Redfish, as the last resort; a vendor's own plugin scores higher. */
static const struct farrier_match matches[] = {
    { .score = 5, .ipmi_manufacturer_id = -1, .redfish_version = "1.*" },
};

static const struct farrier_match_login matches_login[] = {
    { .score = 60, .manager_oem = "OpenBmc" },
    { .score = 60, .manager_model = "OpenBmc*" },
};

static int32_t
generic_probe (void *self, struct farrier_step *step, struct farrier_error *err)
{
    const struct farrier_json *root = NULL;
    (void) self;
    int32_t rc = redfish_get (step, "/redfish/v1/", &root, err);
    if (rc < 0)
        return rc;
    return redfish_link (root, "/UpdateService") == NULL ? 1 : 5;
}

/* --- ops ------------------------------------------------------------------------------------ */

static const struct farrier_param install_params[] = {
    { .name = "method", .type = FARRIER_PARAM_ENUM, .enum_values = "default|" METHODS,
      .default_value = "default", .help = "how the image is handed over; default: the plugin's",
      .since = "0.1.0" },
    { .name = "apply_time", .type = FARRIER_PARAM_ENUM, .enum_values = "default|" APPLY_TIMES,
      .default_value = "default", .help = "when the BMC writes it; default: the plugin's",
      .since = "0.1.0" },
    { .name = "targets", .type = FARRIER_PARAM_JSON,
      .help = "the inventory member that is addressed, or [] for what the image says itself",
      .since = "0.1.0" },
    { .name = "foreign_push", .type = FARRIER_PARAM_BOOL, .default_value = "false",
      .help = "use HttpPushUri even of Dell and HPE", .since = "0.1.0" },
    { .name = "force", .type = FARRIER_PARAM_BOOL, .default_value = "false",
      .help = "install even when the wanted version runs already", .since = "0.1.0" },
};

static const struct farrier_param health_params[] = {
    { .name = "compare", .type = FARRIER_PARAM_JSON,
      .help = "an earlier health; a part that is worse now fails the op", .since = "0.1.0" },
    { .name = "worst", .type = FARRIER_PARAM_ENUM, .enum_values = "OK|Warning|Critical",
      .default_value = "Critical", .help = "the worst health that does not fail the op",
      .since = "0.1.0" },
};

static const struct farrier_param bios_params[] = {
    { .name = "attributes", .type = FARRIER_PARAM_JSON, .help = "the wanted attributes, a group",
      .since = "0.1.0" },
    { .name = "profile", .type = FARRIER_PARAM_JSON,
      .help = "a group of attributes, or one with a member attributes", .since = "0.1.0" },
    { .name = "facts", .type = FARRIER_PARAM_JSON, .help = "the host's facts; kept for profiles",
      .since = "0.1.0" },
    { .name = "reset", .type = FARRIER_PARAM_BOOL, .default_value = "true",
      .help = "restart the host, so that the settings take effect", .since = "0.1.0" },
};

static const struct farrier_param power_params[] = {
    { .name = "state", .type = FARRIER_PARAM_ENUM, .flags = FARRIER_PARAM_REQUIRED,
      .enum_values = "on|off|force_off|restart|cycle", .help = "what the host shall do",
      .since = "0.1.0" },
};

static const struct farrier_result_desc install_results[] = {
    { .name = "method", .type = FARRIER_PARAM_STRING, .help = "how the image was handed over" },
    { .name = "task", .type = FARRIER_PARAM_STRING, .help = "the vendor's task" },
    { .name = "needs", .type = FARRIER_PARAM_STRING, .help = "the reset that is still missing" },
    { .name = "version", .type = FARRIER_PARAM_STRING, .help = "shown after the update" },
    { .name = "start_uri", .type = FARRIER_PARAM_STRING, .help = "what starts the staged image" },
    { .name = "staged_sha256", .type = FARRIER_PARAM_STRING, .help = "the image that is staged" },
};

static const struct farrier_result_desc health_results[] = {
    { .name = "health", .type = FARRIER_PARAM_JSON, .help = "system, manager, chassis" },
};

static const struct farrier_result_desc bios_get_results[] = {
    { .name = "artifact", .type = FARRIER_PARAM_STRING, .help = "the file with all attributes" },
    { .name = "count", .type = FARRIER_PARAM_INTEGER, .help = "how many there are" },
    { .name = "registry", .type = FARRIER_PARAM_STRING, .help = "the attribute registry" },
};

static const struct farrier_result_desc bios_set_results[] = {
    { .name = "changed", .type = FARRIER_PARAM_INTEGER, .help = "how many attributes differed" },
};

static const struct farrier_result_desc power_results[] = {
    { .name = "power_state", .type = FARRIER_PARAM_STRING, .help = "On, Off …" },
};

static const struct farrier_result_desc jobs_results[] = {
    { .name = "jobs", .type = FARRIER_PARAM_JSON, .help = "the BMC's tasks" },
};

static const struct farrier_result_desc rollback_results[] = {
    { .name = "version", .type = FARRIER_PARAM_STRING, .help = "that runs afterwards" },
};

#define READ_ONLY (FARRIER_OP_IDEMPOTENT | FARRIER_OP_NEEDS_BMC | FARRIER_OP_DRY_RUN_OK)
#define CHANGING FARRIER_OP_NEEDS_BMC
#define FLASHING (FARRIER_OP_NEEDS_BMC | FARRIER_OP_DESTRUCTIVE | FARRIER_OP_NEEDS_COMPONENT)
#define MINUTES(n) ((n) *60000u)

static const struct farrier_op ops[] = {
    { .name = "identify", .version = 1, .flags = READ_ONLY, .help = "says which host this is",
      .op_ms = MINUTES (5), .start = identify_start, .poll = identify_poll },
    { .name = "inventory", .version = 1, .flags = READ_ONLY,
      .help = "lists the firmware and its versions", .op_ms = MINUTES (15),
      .start = inventory_start, .poll = inventory_poll },
    { .name = "ready", .version = 1, .flags = READ_ONLY,
      .help = "waits until the BMC is enabled and idle", .start = ready_start,
      .poll = ready_start },
    { .name = "health", .version = 1, .flags = READ_ONLY, .help = "reads health and sensors",
      .params = FARRIER_TABLE (health_params), .results = FARRIER_TABLE (health_results),
      .op_ms = MINUTES (5), .start = health_start, .poll = health_start },
    { .name = "firmware.stage", .version = 1,
      .flags = FLASHING | FARRIER_OP_NEEDS_IMAGE | FARRIER_OP_CANCELLABLE,
      .help = "hands an image over and leaves it unwritten (OnStartUpdateRequest)",
      .params = FARRIER_TABLE (install_params), .results = FARRIER_TABLE (install_results),
      .op_ms = MINUTES (90), .poll_min_ms = 2000, .poll_max_ms = 15000, .start = stage_start,
      .poll = install_poll, .cancel = install_cancel, .reconcile = install_reconcile },
    { .name = "firmware.install", .version = 1,
      .flags = FLASHING | FARRIER_OP_NEEDS_IMAGE | FARRIER_OP_CANCELLABLE,
      .help = "hands an image over and follows it until it is written",
      .params = FARRIER_TABLE (install_params), .results = FARRIER_TABLE (install_results),
      .op_ms = MINUTES (90), .poll_min_ms = 2000, .poll_max_ms = 15000, .start = install_start,
      .poll = install_poll, .cancel = install_cancel, .reconcile = install_reconcile },
    { .name = "firmware.activate", .version = 1, .flags = CHANGING,
      .help = "resets BMC and host as far as new firmware needs it", .op_ms = MINUTES (60),
      .start = activate_start, .poll = activate_poll, .reconcile = activate_reconcile },
    { .name = "firmware.rollback", .version = 1, .flags = FLASHING,
      .help = "goes back to the image in the BMC's other slot",
      .results = FARRIER_TABLE (rollback_results), .op_ms = MINUTES (60),
      .start = rollback_start, .poll = rollback_poll, .reconcile = rollback_reconcile },
    { .name = "bios.get", .version = 1, .flags = READ_ONLY, .help = "reads the BIOS attributes",
      .results = FARRIER_TABLE (bios_get_results), .op_ms = MINUTES (5),
      .start = bios_get_start, .poll = bios_get_poll },
    { .name = "bios.set", .version = 1, .flags = CHANGING,
      .help = "changes BIOS attributes, restarts the host and verifies them",
      .params = FARRIER_TABLE (bios_params), .results = FARRIER_TABLE (bios_set_results),
      .op_ms = MINUTES (60), .start = bios_set_start, .poll = bios_set_poll,
      .reconcile = bios_set_reconcile },
    { .name = "power.get", .version = 1, .flags = READ_ONLY, .help = "reads the power state",
      .results = FARRIER_TABLE (power_results), .op_ms = MINUTES (5), .start = power_get_start,
      .poll = power_get_poll },
    { .name = "power.set", .version = 1, .flags = CHANGING, .help = "switches the host",
      .params = FARRIER_TABLE (power_params), .results = FARRIER_TABLE (power_results),
      .op_ms = MINUTES (30), .start = power_set_start, .poll = power_set_poll,
      .reconcile = power_set_reconcile },
    { .name = "bmc.reset", .version = 1, .flags = CHANGING,
      .help = "resets the BMC and waits until it is back", .op_ms = MINUTES (30),
      .start = bmc_reset_start, .poll = bmc_reset_start, .reconcile = power_set_reconcile },
    { .name = "jobs.list", .version = 1, .flags = READ_ONLY, .help = "lists the BMC's tasks",
      .results = FARRIER_TABLE (jobs_results), .op_ms = MINUTES (5), .start = jobs_list_start,
      .poll = jobs_list_start },
};

static const struct farrier_plugin generic_redfish = {
    FARRIER_PLUGIN_PREAMBLE,
    .name = "generic_redfish",
    .version = VERSION,
    .vendor = "Farrier",
    .description = "Any BMC with a DMTF Redfish UpdateService, and OpenBMC",
    .license = "Apache-2.0",
    .thread_model = FARRIER_THREADS_SERIAL_HOST,
    .params = FARRIER_TABLE (plugin_params),
    .match = FARRIER_TABLE (matches),
    .match_login = FARRIER_TABLE (matches_login),
    .ops = FARRIER_TABLE (ops),
    .load = generic_load,
    .unload = generic_unload,
    .configure = generic_configure,
    .probe = generic_probe,
    .effects = generic_effects,
};

FARRIER_PLUGIN_DEFINE (generic_redfish, "generic_redfish", VERSION, "Farrier", "Apache-2.0",
                       "identify inventory ready health firmware.stage firmware.install "
                       "firmware.activate firmware.rollback bios.get bios.set power.get power.set "
                       "bmc.reset jobs.list")
