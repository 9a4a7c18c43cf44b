/* abi_example: the plugin whose binaries are frozen. Its one changing op, abi_example.tour, passes
 * through the services that a vendor's plugin is made of, and says in its result what it saw.
 *
 * Never changed once a binary of it is frozen: a later version of the ABI gets a file of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "farrier/sdk.h"

#define ROOT "/redfish/v1/"
#define BIOS_SETTINGS "/redfish/v1/Systems/1/Bios/Settings"

/* What configure() was given; read by the op. */
static struct {
    int64_t pause_ms;
    char greeting[32];
} settings;

/* What the places of the tour share. */
struct tour {
    struct farrier_step *step;
    struct farrier_error *err;
    struct farrier_wake wake;
};

/* --- the stations ---------------------------------------------------------------------------- */

static int
same (const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return 0;
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* Goes on to the next station: its name is in the state, journaled with the await. */
static int32_t
wait_for (struct tour *t, const char *station, int32_t await_rc)
{
    int32_t rc = await_rc < 0 ? await_rc : farrier_state_set (t->step, "at", station);
    return rc < 0 ? rc : FARRIER_PENDING;
}

static int32_t
begin (struct tour *t)
{
    const struct farrier_response *response = NULL;
    struct farrier_step_info info = FARRIER_INIT (struct farrier_step_info);
    farrier_step_info (t->step, &info);
    farrier_log (t->step, FARRIER_LOG_INFO, "%s on %s, attempt %u", info.op, info.host_name,
                 (unsigned) info.attempt);
    int32_t rc = farrier_http_get (t->step, NULL, ROOT, NULL, &response, t->err);
    if (rc < 0)
        return rc;
    if (farrier_response_status (response) != 200)
        return farrier_fail_http (t->step, t->err, response, "the service root");
    const struct farrier_json *root = farrier_response_json (response);
    farrier_state_set (t->step, "redfish", farrier_json_str_at (root, "/RedfishVersion"));
    farrier_progress (t->step, 100, "the root is read");
    uint32_t pause_ms = (uint32_t) settings.pause_ms;
    return wait_for (t, "timer", farrier_await_timer (t->step, pause_ms, "a pause", t->err));
}

static int32_t
after_timer (struct tour *t)
{
    struct farrier_collect all = FARRIER_INIT (struct farrier_collect);
    all.collection = "/redfish/v1/UpdateService/FirmwareInventory";
    all.label = "all firmware";
    return wait_for (t, "collect", farrier_await_collect (t->step, &all, t->err));
}

static int32_t
after_collect (struct tour *t)
{
    uint32_t versions = 0;
    for (uint32_t i = 0; i < t->wake.documents; i++) {
        struct farrier_document document = FARRIER_INIT (struct farrier_document);
        if (farrier_wake_document (t->step, i, &document) == 0
            && farrier_json_str_at (document.json, "/Version") != NULL)
            versions++;
    }
    farrier_state_set (t->step, "versions", farrier_printf (t->step, "%u", (unsigned) versions));
    struct farrier_until until = FARRIER_INIT (struct farrier_until);
    until.uri = ROOT;
    until.pointer = "/RedfishVersion";
    until.wanted = "1.*";
    until.good = 2;
    until.interval_ms = 20;
    until.label = "the root answers";
    return wait_for (t, "until", farrier_await_until (t->step, &until, t->err));
}

static int32_t
after_until (struct tour *t)
{
    static const struct farrier_guard guards[] = {
        { .uri = "/redfish/v1/Systems/1", .pointer = "/Id", .expected = "1",
          .code = FARRIER_E_PRECONDITION },
    };
    struct farrier_http_request patch = FARRIER_INIT (struct farrier_http_request);
    struct farrier_json *body = farrier_json_object (t->step);
    struct farrier_json *attributes = farrier_json_object (t->step);
    farrier_json_put (attributes, "BootMode", farrier_json_string (t->step, "Uefi"));
    farrier_json_put (body, "Attributes", attributes);
    patch.method = "PATCH";
    patch.path = BIOS_SETTINGS;
    patch.body = farrier_json_text (t->step, body);
    patch.label = "set the boot mode";
    patch.guards = (struct farrier_table) FARRIER_TABLE (guards);
    return wait_for (t, "http", farrier_await_http (t->step, &patch, t->err));
}

static int32_t
after_http (struct tour *t)
{
    int32_t status = farrier_response_status (t->wake.response);
    if (status < 200 || status > 299)
        return farrier_fail_http (t->step, t->err, t->wake.response, "setting the boot mode");
    struct farrier_download download = FARRIER_INIT (struct farrier_download);
    download.path = ROOT;
    download.artifact = "root.json";
    download.label = "keep the root";
    return wait_for (t, "download", farrier_await_download (t->step, &download, t->err));
}

static int32_t
after_download (struct tour *t)
{
    static const char *const argv[] = { "/bin/echo", "hello" };
    struct farrier_process process = FARRIER_INIT (struct farrier_process);
    size_t kept = 0;
    if (farrier_artifact_read (t->step, "root.json", &kept) == NULL)
        return farrier_fail (t->step, t->err, FARRIER_E_VERIFY, "the artifact is gone");
    farrier_state_set (t->step, "kept", kept > 0 ? "yes" : "no");
    process.argv = (struct farrier_table) FARRIER_TABLE (argv);
    process.label = "say hello";
    return wait_for (t, "process", farrier_await_process (t->step, &process, t->err));
}

static int32_t
after_process (struct tour *t)
{
    size_t len = 0;
    const char *said = farrier_process_output (t->step, 1, &len);
    if (t->wake.exit_status != 0 || said == NULL || len != 6)
        return farrier_fail (t->step, t->err, FARRIER_E_VERIFY,
                             "echo ended with %d after %zu bytes", (int) t->wake.exit_status, len);
    struct farrier_image_info image = FARRIER_INIT (struct farrier_image_info);
    const struct farrier_image *handle = farrier_image (t->step);
    if (handle == NULL)
        return farrier_fail (t->step, t->err, FARRIER_E_INVALID, "no image was named");
    farrier_image_info (handle, &image);
    const struct farrier_part parts[] = {
        { .kind = FARRIER_PART_JSON, .name = "UpdateParameters", .text = "{\"Targets\": []}" },
        { .kind = FARRIER_PART_IMAGE, .name = "UpdateFile", .filename = "",
          .content_type = "application/octet-stream" },
    };
    struct farrier_transfer transfer = FARRIER_INIT (struct farrier_transfer);
    transfer.path = "/redfish/v1/UpdateService/upload";
    transfer.parts = (struct farrier_table) FARRIER_TABLE (parts);
    transfer.multipart = 1;
    transfer.label = "send the image";
    farrier_state_set (t->step, "image", image.version);
    farrier_critical_enter (t->step);
    return wait_for (t, "transfer", farrier_await_transfer (t->step, &transfer, t->err));
}

static int32_t
after_transfer (struct tour *t)
{
    const char *monitor = farrier_response_header (t->wake.response, "Location");
    const struct farrier_json *body = farrier_response_json (t->wake.response);
    if (farrier_response_status (t->wake.response) != 202)
        return farrier_fail_http (t->step, t->err, t->wake.response, "the upload");
    static const struct farrier_state_map states[] = {
        { .value = "Completed", .means = FARRIER_TASK_MEANS_DONE },
        { .value = "Exception", .means = FARRIER_TASK_MEANS_FAILED },
    };
    struct farrier_task task = FARRIER_INIT (struct farrier_task);
    task.uri = farrier_json_str_at (body, "/@odata.id");
    task.monitor = monitor;
    task.poll_min_ms = 100;
    task.poll_max_ms = 500;
    task.grace_ms = 10000;
    task.states = (struct farrier_table) FARRIER_TABLE (states);
    task.label = "the update";
    return wait_for (t, "task", farrier_await_task (t->step, &task, t->err));
}

static int32_t
put (struct tour *t, const char *name)
{
    const char *text = farrier_state_get (t->step, name);
    return farrier_result_set (t->step, name, farrier_json_string (t->step, text));
}

static int32_t
after_task (struct tour *t)
{
    farrier_critical_leave (t->step);
    if (t->wake.task_end != FARRIER_TASK_DONE)
        return farrier_fail (t->step, t->err, FARRIER_E_HOST_FAULT, "the task ended with %u",
                             (unsigned) t->wake.task_end);
    farrier_outcome (t->step, FARRIER_RUNG_FLASHED);
    farrier_needs (t->step, FARRIER_REBOOT_HOST_RESET);
    int32_t rc = put (t, "redfish");
    rc = rc < 0 ? rc : put (t, "versions");
    rc = rc < 0 ? rc : put (t, "kept");
    rc = rc < 0 ? rc : put (t, "image");
    rc = rc < 0 ? rc : farrier_result_set (t->step, "greeting",
                                           farrier_json_string (t->step, settings.greeting));
    rc = rc < 0 ? rc : farrier_result_set (t->step, "number",
                                           farrier_json_integer (
                                               t->step, farrier_param_i64 (t->step, "number")));
    return rc < 0 ? rc : FARRIER_DONE;
}

static const struct {
    const char *at;
    uint32_t wake;
    int32_t (*go_on) (struct tour *t);
} stations[] = {
    { "timer", FARRIER_WAKE_TIMER, after_timer },
    { "collect", FARRIER_WAKE_COLLECTED, after_collect },
    { "until", FARRIER_WAKE_REACHABLE, after_until },
    { "http", FARRIER_WAKE_RESPONSE, after_http },
    { "download", FARRIER_WAKE_TRANSFER, after_download },
    { "process", FARRIER_WAKE_PROCESS, after_process },
    { "transfer", FARRIER_WAKE_TRANSFER, after_transfer },
    { "task", FARRIER_WAKE_TASK, after_task },
};
#define STATION_COUNT (sizeof stations / sizeof stations[0])

/* --- callbacks ------------------------------------------------------------------------------- */

static int32_t
tour_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    struct tour t = { .step = step, .err = err };
    return begin (&t);
}

static int32_t
tour_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    struct tour t = { .step = step, .err = err, .wake = FARRIER_INIT (struct farrier_wake) };
    farrier_wake (step, &t.wake);
    if (t.wake.code < 0)
        return farrier_fail (step, err, t.wake.code, "%s: %s", t.wake.label, t.wake.message);
    const char *at = farrier_state_get (step, "at");
    for (size_t i = 0; i < STATION_COUNT; i++)
        if (same (stations[i].at, at) && stations[i].wake == t.wake.kind) {
            farrier_progress (step, (uint32_t) (200 + i * 100), stations[i].at);
            return stations[i].go_on (&t);
        }
    return farrier_fail (step, err, FARRIER_E_INTERNAL, "woken by %u at %s",
                         (unsigned) t.wake.kind, at == NULL ? "the start" : at);
}

static int32_t
tour_cancel (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    (void) err;
    return same (farrier_state_get (step, "at"), "task") ? FARRIER_TOO_LATE : FARRIER_DONE;
}

static int32_t
tour_reconcile (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    (void) step;
    (void) err;
    return FARRIER_UNKNOWN;
}

static int32_t
identify_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    const struct farrier_response *response = NULL;
    int32_t rc = farrier_http_get (step, NULL, "/redfish/v1/Systems/1", NULL, &response, err);
    if (rc < 0)
        return rc;
    const struct farrier_json *system = farrier_response_json (response);
    farrier_emit_identity (step, "serial", farrier_json_str_at (system, "/SerialNumber"),
                           "/redfish/v1/Systems/1", "/SerialNumber");
    farrier_emit_fact (step, "model", farrier_json_at (system, "/Model"));
    return FARRIER_DONE;
}

/* A file of ours begins with these words; its version follows. */
static int32_t
example_inspect (const struct farrier_host *host, struct farrier_reader *reader,
                 struct farrier_sink *sink, struct farrier_error *err)
{
    static const char magic[] = "ABI EXAMPLE ";
    char head[16] = "";
    (void) host;
    (void) err;
    if (farrier_reader_size (reader) < sizeof head
        || farrier_reader_read (reader, 0, head, sizeof head - 1) < 0)
        return FARRIER_SKIPPED;
    for (size_t i = 0; i < sizeof magic - 1; i++)
        if (head[i] != magic[i])
            return FARRIER_SKIPPED;
    struct farrier_image_info info = FARRIER_INIT (struct farrier_image_info);
    info.type = FARRIER_COMPONENT_BIOS;
    info.version = head + sizeof magic - 1;
    info.vendor = "abi_example";
    return farrier_sink_image (sink, &info);
}

static int32_t
example_compare (const struct farrier_component *component, const char *a, const char *b,
                 int32_t *ret_order)
{
    (void) component;
    *ret_order = same (a, b) ? 0 : 2;
    return 0;
}

static int32_t
example_effects (void *self, const struct farrier_component *component,
                 const struct farrier_image_info *image, struct farrier_effects *ret)
{
    (void) self;
    (void) image;
    ret->order_rank = component->type == FARRIER_COMPONENT_BMC ? 5 : 50;
    ret->expected_ms = 60000;
    return 0;
}

static int32_t
example_configure (void *self, const struct farrier_config *cfg, struct farrier_error *err)
{
    (void) self;
    (void) err;
    const char *greeting = farrier_config_str (cfg, "greeting");
    settings.pause_ms = farrier_config_i64 (cfg, "pause");
    size_t i = 0;
    for (; greeting != NULL && greeting[i] != '\0' && i + 1 < sizeof settings.greeting; i++)
        settings.greeting[i] = greeting[i];
    settings.greeting[i] = '\0';
    return 0;
}

/* --- tables ---------------------------------------------------------------------------------- */

static const struct farrier_param params[] = {
    { .name = "pause", .type = FARRIER_PARAM_DURATION, .default_value = "50ms", .min = 1,
      .max = 60000, .unit = "ms", .help = "how long the tour pauses", .since = "1.0.0" },
    { .name = "greeting", .type = FARRIER_PARAM_STRING, .default_value = "nobody",
      .flags = FARRIER_PARAM_RELOADABLE, .help = "what the tour ends with" },
};

static const struct farrier_param tour_params[] = {
    { .name = "number", .type = FARRIER_PARAM_INTEGER, .default_value = "1", .min = 1, .max = 99,
      .help = "a number that the tour gives back" },
};

static const struct farrier_result_desc tour_results[] = {
    { .name = "redfish", .type = FARRIER_PARAM_STRING, .help = "version of the service" },
    { .name = "versions", .type = FARRIER_PARAM_STRING, .help = "how many components say one" },
    { .name = "kept", .type = FARRIER_PARAM_STRING, .help = "whether the download was kept" },
    { .name = "image", .type = FARRIER_PARAM_STRING, .help = "version of the image" },
    { .name = "greeting", .type = FARRIER_PARAM_STRING, .help = "the setting of that name" },
    { .name = "number", .type = FARRIER_PARAM_INTEGER, .help = "the parameter of that name" },
};

static const struct farrier_match match[] = {
    { .score = 1, .ipmi_manufacturer_id = -1, .root_product = "abi_example*" },
};

static const struct farrier_match_login match_login[] = {
    { .score = 1, .manager_model = "abi_example*" },
};

static const struct farrier_formats formats = {
    .struct_size = sizeof formats,
    .inspect = example_inspect,
    .compare_versions = example_compare,
};

static const struct farrier_op ops[] = {
    { .name = "identify", .version = 1, .help = "Say who answers",
      .flags = FARRIER_OP_IDEMPOTENT | FARRIER_OP_NEEDS_BMC | FARRIER_OP_DRY_RUN_OK,
      .start = identify_start },
    { .name = "abi_example.tour", .version = 1, .help = "Use every service once",
      .flags = FARRIER_OP_NEEDS_BMC | FARRIER_OP_NEEDS_IMAGE | FARRIER_OP_CANCELLABLE
               | FARRIER_OP_NEEDS_COMPONENT,
      .params = FARRIER_TABLE (tour_params), .results = FARRIER_TABLE (tour_results),
      .step_ms = 10000, .op_ms = 120000, .poll_min_ms = 100, .poll_max_ms = 500,
      .settle_ms = 1000,
      .start = tour_start, .poll = tour_poll, .cancel = tour_cancel,
      .reconcile = tour_reconcile },
};

static const struct farrier_plugin plugin = {
    FARRIER_PLUGIN_PREAMBLE,
    .name = "abi_example",
    .version = "1.0.0",
    .vendor = "Farrier",
    .description = "Tour through the services of the plugin ABI",
    .license = "Apache-2.0",
    .thread_model = FARRIER_THREADS_SERIAL_HOST,
    .params = FARRIER_TABLE (params),
    .match = FARRIER_TABLE (match),
    .match_login = FARRIER_TABLE (match_login),
    .ops = FARRIER_TABLE (ops),
    .formats = &formats,
    .configure = example_configure,
    .effects = example_effects,
};

FARRIER_PLUGIN_DEFINE (plugin, "abi_example", "1.0.0", "Farrier", "Apache-2.0",
                       "identify abi_example.tour")
