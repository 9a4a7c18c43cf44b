/* whole: a plugin whose ops use what the table has besides the everyday: XML, settings that are
 * groups, endpoints, attachments, vendor tools. For whole-test.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "whole.h"

#include <string.h>

static char rank[64];

static const struct farrier_param params[] = {
    { .name = "ranks", .type = FARRIER_PARAM_JSON, .help = "a group", .since = "1.0.0" },
};

static int32_t
whole_configure (void *self, const struct farrier_config *cfg, struct farrier_error *err)
{
    const char *bmc = farrier_json_str_at (farrier_config_json (cfg, "ranks"), "/bmc");
    (void) self;
    (void) err;
    strncpy (rank, bmc == NULL ? "" : bmc, sizeof rank - 1);
    return FARRIER_OK;
}

/* Everything that a step may look at; the answer names what is not as it should be. */
static int32_t
look_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct farrier_endpoint bmc = FARRIER_INIT (struct farrier_endpoint);
    struct farrier_attachment a = FARRIER_INIT (struct farrier_attachment);
    const struct farrier_response *response;
    const struct farrier_xml *root;
    char bytes[8] = "";
    (void) self;
    const struct farrier_image *image = farrier_image (step);
    if (strcmp (rank, "first") != 0)
        return farrier_fail (step, err, FARRIER_E_VERIFY, "config_json: '%s'", rank);
    if (farrier_endpoint (step, NULL, &bmc) != FARRIER_OK || bmc.address == NULL || bmc.port == 0)
        return farrier_fail (step, err, FARRIER_E_VERIFY, "endpoint");
    if (farrier_image_attachment_at (image, 0, &a) != FARRIER_OK
        || farrier_image_attachment_read (image, a.name, 0, bytes, sizeof bytes) != 6)
        return farrier_fail (step, err, FARRIER_E_VERIFY, "attachment");
    if (farrier_json_str_at (farrier_image_metadata (step, image), "/device") == NULL)
        return farrier_fail (step, err, FARRIER_E_VERIFY, "image_metadata");
    int32_t rc = farrier_http_get (step, NULL, "/catalog.xml", NULL, &response, err);
    if (rc < 0)
        return rc;
    root = farrier_response_xml (response);
    if (root == NULL || farrier_xml_count (root, "item") != 2)
        return farrier_fail (step, err, FARRIER_E_VERIFY, "response_xml");
    farrier_result_set (step, "second",
                        farrier_json_string (step, farrier_xml_text (root, "item[2]/@name")));
    return FARRIER_DONE;
}

static int32_t
upload_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct farrier_transfer t = FARRIER_INIT (struct farrier_transfer);
    const struct farrier_part parts[] = {
        { .kind = FARRIER_PART_ATTACHMENT, .name = "sig", .filename = "", .text = "compsig" },
        { .kind = FARRIER_PART_IMAGE, .name = "image", .filename = "" },
    };
    (void) self;
    t.path = "/upload";
    t.multipart = 1;
    t.parts = (struct farrier_table) FARRIER_TABLE (parts);
    int32_t rc = farrier_await_transfer (step, &t, err);
    return rc < 0 ? rc : FARRIER_PENDING;
}

static int32_t
tool_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct farrier_process p = FARRIER_INIT (struct farrier_process);
    static const char *const argv[] = { "/opt/acme/flash" };
    static const struct farrier_exit_map exits[] = {
        { .from = 3, .to = 3, .code = FARRIER_E_BUSY },
    };
    (void) self;
    p.argv = (struct farrier_table) FARRIER_TABLE (argv);
    p.exits = (struct farrier_table) FARRIER_TABLE (exits);
    int32_t rc = farrier_await_process (step, &p, err);
    return rc < 0 ? rc : FARRIER_PENDING;
}

static int32_t
ended_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct farrier_wake wake = FARRIER_INIT (struct farrier_wake);
    (void) self;
    farrier_wake (step, &wake);
    if (wake.code != FARRIER_OK)
        return farrier_fail (step, err, wake.code, "%s", wake.message);
    return wake.exit_status == 0 ? FARRIER_DONE
                                 : farrier_fail (step, err, FARRIER_E_REJECTED, "exit %d",
                                                 wake.exit_status);
}

static const struct farrier_result_desc results[] = {
    { .name = "second", .type = FARRIER_PARAM_STRING, .help = "name of the second item" },
};

#define FLAGS (FARRIER_OP_IDEMPOTENT | FARRIER_OP_NEEDS_BMC)
static const struct farrier_op ops[] = {
    { .name = "whole.look", .version = 1, .flags = FLAGS | FARRIER_OP_NEEDS_IMAGE,
      .help = "looks at everything", .results = FARRIER_TABLE (results), .start = look_start },
    { .name = "whole.upload", .version = 1, .flags = FLAGS | FARRIER_OP_NEEDS_IMAGE,
      .help = "sends image and signature", .start = upload_start, .poll = ended_poll },
    { .name = "whole.tool", .version = 1, .flags = FLAGS, .help = "runs a vendor tool",
      .start = tool_start, .poll = ended_poll },
};

const struct farrier_plugin whole_plugin = {
    FARRIER_PLUGIN_PREAMBLE,
    .name = "whole",
    .version = "1.0.0",
    .vendor = "Farrier",
    .description = "uses the whole table",
    .license = "Apache-2.0",
    .params = FARRIER_TABLE (params),
    .ops = FARRIER_TABLE (ops),
    .configure = whole_configure,
};
