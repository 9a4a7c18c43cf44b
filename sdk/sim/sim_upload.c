/* sim_upload: the body of a push, read as it arrives: hashed, its header read, never held whole.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_fleet.h"
#include "sim_image.h"
#include "sim_message.h"
#include "sim_multipart.h"
#include "sim_router.h"
#include "sim_update.h"

#define PARAMETERS_MAX 65536

enum part { PART_NONE, PART_PARAMETERS, PART_FILE, PART_OTHER };

struct sim_upload {
    struct sim_bmc *bmc;
    struct sim_multipart *multipart; /* NULL: raw */
    enum part part;
    bool has_parameters, has_file;
    struct buf parameters;
    struct sim_image_reader *reader;
    const char *problem; /* what is wrong with the form */
    int keep_fd;         /* --keep-images: the copy being written; -1 */
    char *keep_path;
};

static void
open_copy (struct sim_upload *u)
{
    const struct sim_options *o = u->bmc->fleet->options;

    u->keep_fd = -1;
    if (!o->keep_images)
        return;
    u->keep_path = str_printf ("%s/images/.upload-%u-%p", o->state_dir, u->bmc->index, (void *) u);
    u->keep_fd = open (u->keep_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

static void
feed_image (struct sim_upload *u, const void *bytes, size_t len)
{
    sim_image_reader_feed (u->reader, bytes, len);
    if (u->keep_fd >= 0 && fs_write_all (u->keep_fd, bytes, len) < 0) {
        close (u->keep_fd);
        unlink (u->keep_path);
        u->keep_fd = -1;
    }
}

/* One copy per digest. */
static void
finish_copy (struct sim_upload *u, const struct sim_image *image)
{
    if (u->keep_fd < 0)
        return;
    char *path = str_printf ("%s/images/%s", u->bmc->fleet->options->state_dir, image->sha256);
    close (u->keep_fd);
    u->keep_fd = -1;
    if (fs_exists (path) || rename (u->keep_path, path) < 0)
        unlink (u->keep_path);
    mem_free (path);
}

static bool
refuse (struct sim_upload *u, const char *problem)
{
    u->problem = problem;
    return false;
}

static bool
begin_parameters (struct sim_upload *u, const struct sim_part *part)
{
    bool strict = !u->bmc->personality->any_part_order;

    if (u->has_parameters)
        return refuse (u, "UpdateParameters twice");
    if (strict && !sim_http_type_is (part->type, "application/json"))
        return refuse (u, "UpdateParameters is not application/json");
    u->has_parameters = true;
    u->part = PART_PARAMETERS;
    return true;
}

static bool
begin_part (void *arg, const struct sim_part *part)
{
    struct sim_upload *u = arg;
    const struct sim_personality *p = u->bmc->personality;

    if (str_eq (part->name, "UpdateParameters"))
        return begin_parameters (u, part);
    if (str_eq (part->name, "UpdateFile")) {
        if (u->has_file)
            return refuse (u, "UpdateFile twice");
        if (!u->has_parameters && !p->any_part_order)
            return refuse (u, "UpdateFile before UpdateParameters");
        u->has_file = true;
        u->part = PART_FILE;
        return true;
    }
    u->part = PART_OTHER;
    if (p->ignores_unknown_parts || (u->has_file && str_starts (part->name, "Oem")))
        return true;
    return refuse (u, "an unknown part");
}

static bool
part_data (void *arg, const void *bytes, size_t len)
{
    struct sim_upload *u = arg;

    if (u->part == PART_FILE)
        feed_image (u, bytes, len);
    if (u->part != PART_PARAMETERS)
        return true;
    if (u->parameters.len + len > PARAMETERS_MAX)
        return refuse (u, "UpdateParameters is too long");
    buf_append (&u->parameters, bytes, len);
    return true;
}

static bool
end_part (void *arg)
{
    ((struct sim_upload *) arg)->part = PART_NONE;
    return true;
}

static bool
check_length (struct sim_call *call)
{
    int64_t len = call->request->content_length;

    if (len < 0) {
        sim_message_error (call, 411, "Base.HeaderMissing", "Content-Length");
        call->close_after = true;
    } else if (len > call->bmc->personality->max_image_bytes + 2 * PARAMETERS_MAX) {
        sim_message_error (call, 413, "Base.PayloadTooLarge");
    }
    return call->status == 0;
}

void
sim_upload_begin (struct sim_call *call)
{
    const struct sim_personality *p = call->bmc->personality;
    const char *type = sim_http_header (call->request, "Content-Type");
    bool is_multipart
        = sim_http_type_is (type, "multipart/form-data") && str_eq (call->path, p->multipart_uri);
    char boundary[80] = "";

    if (!check_length (call))
        return;
    if (is_multipart && !sim_multipart_boundary (type, boundary, sizeof boundary)) {
        sim_message_error (call, 400, "Base.HeaderInvalid", "Content-Type");
        return;
    }
    if (!is_multipart
        && (!str_eq (call->path, p->push_uri)
            || !sim_http_type_is (type, "application/octet-stream"))) {
        /* OpenBMC answers any other type with a bare 400. */
        if (p->strict_parameters)
            sim_call_answer (call, 400, NULL);
        else
            sim_message_error (call, 415, "Base.HeaderInvalid", "Content-Type");
        return;
    }
    if (p->one_update && sim_update_is_busy (call->bmc, -1)) {
        sim_call_unavailable (call, p->retry_after_s);
        return;
    }
    struct sim_upload *u = mem_alloc (sizeof *u);
    struct sim_multipart_sink sink = { begin_part, part_data, end_part, u };
    u->bmc = call->bmc;
    u->reader = sim_image_reader_new ();
    u->multipart = is_multipart ? sim_multipart_new (boundary, &sink) : NULL;
    open_copy (u);
    call->upload = u;
}

void
sim_upload_feed (struct sim_upload *u, const void *bytes, size_t len)
{
    u->bmc->counters.upload_bytes += len;
    if (u->multipart != NULL)
        sim_multipart_feed (u->multipart, bytes, len);
    else
        feed_image (u, bytes, len);
}

void
sim_upload_free (struct sim_upload *u)
{
    if (u == NULL)
        return;
    if (u->keep_fd >= 0) {
        close (u->keep_fd);
        unlink (u->keep_path);
    }
    mem_free (u->keep_path);
    sim_multipart_free (u->multipart);
    sim_image_reader_free (u->reader);
    buf_free (&u->parameters);
    mem_free (u);
}

static bool
read_targets (struct sim_call *call, json_t *targets, struct sim_update_request *ret)
{
    const char *uri = json_string_value (json_array_get (targets, 0));

    if (!json_is_array (targets)) {
        sim_message_error (call, 400, "Base.PropertyValueTypeError", "", "Targets");
        return false;
    }
    if (json_array_size (targets) == 0)
        return true;
    if (json_array_size (targets) > 1 || uri == NULL
        || sim_update_component_of (call->bmc, uri) < 0) {
        sim_message_error (call, 400, "Base.PropertyValueFormatError", uri, "Targets");
        return false;
    }
    str_copy (ret->target, sizeof ret->target, uri);
    return true;
}

static bool
read_parameter (struct sim_call *call, const char *key, json_t *value,
                struct sim_update_request *ret)
{
    static const char *const others[]
        = { "ForceUpdate", "Stage", "ExcludeTargets", "LocalImage", "Oem" };

    if (str_eq (key, "Targets"))
        return read_targets (call, value, ret);
    if (str_eq (key, "@Redfish.OperationApplyTime")) {
        const char *text = json_string_value (value);
        if (text != NULL && sim_update_parse_apply (call->bmc, text, &ret->apply))
            return true;
        sim_message_error (call, 400, "Base.PropertyValueNotInList", text, key);
        return false;
    }
    for (size_t i = 0;
         i < sizeof others / sizeof others[0] && !call->bmc->personality->strict_parameters; i++)
        if (str_eq (key, others[i]))
            return true;
    sim_message_error (call, 400, "Base.PropertyUnknown", key);
    return false;
}

static bool
read_parameters (struct sim_call *call, struct sim_upload *u, struct sim_update_request *ret)
{
    const char *key;
    json_t *value, *parameters = NULL;

    if (!u->has_parameters && call->bmc->personality->any_part_order)
        return true;
    if (u->parameters.len > 0)
        parameters = json_parse (u->parameters.data, u->parameters.len, NULL);
    if (!json_is_object (parameters)) {
        sim_message_error (call, 400, "Base.MalformedJSON");
        json_decref (parameters);
        return false;
    }
    bool ok = true;
    json_object_foreach (parameters, key, value)
    {
        ok = ok && read_parameter (call, key, value, ret);
    }
    json_decref (parameters);
    return ok;
}

/* False: answered with an error. */
static bool
check_form (struct sim_call *call, struct sim_upload *u)
{
    bool strict = call->bmc->personality->strict_parameters;

    if (sim_multipart_problem (u->multipart) != NULL || !sim_multipart_is_complete (u->multipart)) {
        sim_message_error (call, 400, "Base.MissingOrMalformedPart");
        json_t *info = json_at (call->doc, "/error/@Message.ExtendedInfo/0");
        const char *why = u->problem != NULL ? u->problem : sim_multipart_problem (u->multipart);
        json_put (info, "Oem",
                  json_pack ("{s:{s:s}}", "Farrier", "Reason",
                             why == NULL ? "the closing boundary is missing" : why));
        return false;
    }
    if (!u->has_file)
        sim_message_error (call, 400,
                           strict ? "Base.PropertyMissing" : "Base.MissingOrMalformedPart",
                           "UpdateFile");
    else if (!u->has_parameters && !call->bmc->personality->any_part_order)
        sim_message_error (call, 400, "Base.MissingOrMalformedPart");
    return call->status == 0;
}

void
sim_upload_finish (struct sim_call *call)
{
    struct sim_upload *u = call->upload;
    struct sim_update_request request = { .apply = call->bmc->personality->default_apply };
    struct sim_image image;

    if (u == NULL) {
        sim_message_error (call, 400, "Base.MissingOrMalformedPart");
        return;
    }
    if (u->multipart == NULL) {
        request.is_raw = true;
        request.apply = call->bmc->personality->strict_parameters ? SIM_APPLY_IMMEDIATE
                                                                  : call->bmc->push_apply;
        const char *target = json_string_value (json_array_get (call->bmc->push_targets, 0));
        str_copy (request.target, sizeof request.target, target == NULL ? "" : target);
    } else if (!check_form (call, u) || !read_parameters (call, u, &request)) {
        return;
    }
    sim_image_reader_finish (u->reader, &image);
    u->reader = NULL;
    if (image.size_bytes == 0) {
        sim_message_error (call, 400, "Base.PropertyMissing", "UpdateFile");
        return;
    }
    call->bmc->counters.uploads_received++;
    finish_copy (u, &image);
    sim_fleet_note_image (call->fleet, &image);
    sim_update_accept (call, &image, &request);
}
