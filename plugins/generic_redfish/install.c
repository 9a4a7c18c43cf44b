/* install: hands an image over to the BMC and follows it.
 *
 * Places: "" → prepare → [off] → [claim → options] → send → task → [start → task] → [return] →
 * check → [release] → end. What is needed later (versions, addresses, the list of tasks from
 * before) is in the state before the first byte leaves, so that reconcile can tell afterwards what
 * happened.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "generic.h"

static int32_t begin (struct walk *w);

/* --- what it is about ----------------------------------------------------------------------- */

static int
staging (struct farrier_step *step)
{
    struct farrier_step_info info = FARRIER_INIT (struct farrier_step_info);
    farrier_step_info (step, &info);
    return info.op != NULL && strcmp (info.op, "firmware.stage") == 0;
}

static int32_t
about (struct walk *w, struct farrier_component *component, struct farrier_image_info *image)
{
    const struct farrier_image *handle = farrier_image (w->step);
    *component = FARRIER_INIT (struct farrier_component);
    *image = FARRIER_INIT (struct farrier_image_info);
    if (farrier_component (w->step, component) < 0 || component->key == NULL)
        return farrier_fail (w->step, w->err, FARRIER_E_INVALID, "no component was named");
    if (handle == NULL)
        return farrier_fail (w->step, w->err, FARRIER_E_INVALID, "no image was named for %s",
                             component->key);
    farrier_image_info (handle, image);
    return FARRIER_OK;
}

/* One member is addressed, or none: more would be updates of their own. */
static int32_t
check_targets (struct walk *w)
{
    const struct farrier_json *targets = farrier_param_json (w->step, "targets");
    const char *first = farrier_json_str (farrier_json_item (targets, 0));
    uint32_t count = farrier_json_count (targets);
    if (targets == NULL || farrier_json_type (targets) == '0'
        || (farrier_json_type (targets) == 'a'
            && (count == 0 || (count == 1 && first != NULL && first[0] == '/'))))
        return FARRIER_OK;
    farrier_fail (w->step, w->err, FARRIER_E_INVALID,
                  "'targets' is not a list of one inventory member, or of none");
    farrier_hint (w->step, w->err,
                  "targets = [ \"/redfish/v1/UpdateService/FirmwareInventory/X\" ]");
    return FARRIER_E_INVALID;
}

/* --- "" → prepare --------------------------------------------------------------------------- */

static int32_t
prepare (struct walk *w)
{
    struct farrier_component c;
    struct farrier_image_info image;
    int32_t rc = about (w, &c, &image);
    if (rc < 0)
        return rc;
    if (w->service.update == NULL)
        return farrier_fail (w->step, w->err, FARRIER_E_UNSUPPORTED,
                             "this BMC has no UpdateService (Redfish %s)",
                             w->service.version == NULL ? "of unknown version"
                                                        : w->service.version);
    rc = install_needs_inventory (w);
    if (rc == 0)
        rc = check_targets (w);
    if (rc < 0)
        return rc;
    if (c.updateable == 0)
        return farrier_fail (w->step, w->err, FARRIER_E_UNSUPPORTED,
                             "the BMC says that %s (%s) can't be updated", c.key,
                             c.name == NULL ? "" : c.name);
    walk_keep (w, "key", c.key);
    walk_keep (w, "uri", c.uri == NULL ? "" : c.uri);
    walk_keep (w, "from", c.version == NULL ? "" : c.version);
    walk_keep (w, "to", image.version == NULL ? "" : image.version);
    walk_keep (w, "sha256", image.sha256);
    const char *const paths[]
        = { w->service.update, w->service.tasks, c.uri, w->service.manager, w->service.system };
    return walk_collect (w, "prepare", paths, 5, "look before the update");
}

/* The component as it is now: nothing to do, or not the time for it? */
static int32_t
check_component (struct walk *w)
{
    const char *uri = walk_text (w, "uri");
    const struct farrier_json *now = redfish_document (w->step, uri, NULL);
    const char *version = farrier_json_str_at (now, "/Version");
    if (now == NULL && uri[0] != '\0')
        return farrier_fail (w->step, w->err, FARRIER_E_STALE,
                             "%s (%s) can't be read any more: the inventory is old",
                             walk_text (w, "key"), uri);
    if (redfish_glob ("Updating", farrier_json_str_at (now, "/Status/State")))
        return farrier_fail (w->step, w->err, FARRIER_E_BUSY,
                             "%s is being updated by somebody else", walk_text (w, "key"));
    if (redfish_version_equal (version, walk_text (w, "to"))
        && farrier_param_i64 (w->step, "force") == 0) {
        farrier_outcome (w->step, FARRIER_RUNG_ACTIVATED);
        return farrier_skip (w->step, "%s runs %s already", walk_text (w, "key"), version);
    }
    return FARRIER_DONE;
}

static int32_t
choose (struct walk *w, struct redfish_update *ret)
{
    struct farrier_component c;
    struct farrier_image_info image;
    int32_t rc = about (w, &c, &image);
    if (rc < 0)
        return rc;
    const struct farrier_json *update = redfish_document (w->step, w->service.update, NULL);
    if (update == NULL)
        rc = redfish_get (w->step, w->service.update, &update, w->err);
    if (rc < 0)
        return rc;
    struct redfish_wish wish = { 0 };
    wish.method = farrier_param_str (w->step, "method");
    if (wish.method == NULL || strcmp (wish.method, "default") == 0)
        wish.method = w->config->method;
    wish.apply_time = farrier_param_str (w->step, "apply_time");
    if (wish.apply_time == NULL || strcmp (wish.apply_time, "default") == 0)
        wish.apply_time = w->config->apply_time;
    wish.foreign_push
        = w->config->foreign_push || farrier_param_i64 (w->step, "foreign_push") != 0;
    wish.stage = staging (w->step);
    wish.image_bytes = image.size_bytes;
    rc = redfish_choose_update (w->step, &w->service, update, &wish, ret, w->err);
    if (rc == 0 && ret->method == REDFISH_METHOD_HTTP_PUSH
        && w->service.vendor == REDFISH_OPENBMC && c.type != FARRIER_COMPONENT_BMC)
        return farrier_fail (w->step, w->err, FARRIER_E_UNSUPPORTED,
                             "this BMC takes its own image only by http_push, not one for %s",
                             c.key);
    return rc;
}

/* The tasks from before. Without them every old task of the BMC would pass for that of this update,
 * so nothing is sent; a BMC that has no such collection has no old tasks either. */
static int32_t
keep_tasks (struct walk *w)
{
    int32_t code = 0;
    const struct farrier_json *tasks = redfish_document (w->step, w->service.tasks, &code);
    if (tasks == NULL && (w->service.tasks == NULL || code == FARRIER_E_UNSUPPORTED))
        return FARRIER_OK;
    if (farrier_json_type (tasks) != 'o')
        return farrier_fail (w->step, w->err, code < 0 ? code : FARRIER_E_INVALID,
                             "%s can't be read: nothing was sent, since the task of the update "
                             "could not be told from older ones", w->service.tasks);
    const char *list = redfish_task_list (w->step, tasks);
    if (list == NULL) {
        farrier_fail (w->step, w->err, FARRIER_E_NO_SPACE,
                      "%s has %u tasks, more than can be remembered over the update",
                      w->service.tasks, farrier_json_count (farrier_json_at (tasks, "/Members")));
        farrier_hint (w->step, w->err, "clear the BMC's list of old tasks");
        return FARRIER_E_NO_SPACE;
    }
    walk_keep (w, "tasks", list);
    walk_keep (w, "tasks.known", "1");
    return FARRIER_OK;
}

static int32_t
keep_choice (struct walk *w, const struct redfish_update *u)
{
    const struct farrier_json *manager = redfish_document (w->step, w->service.manager, NULL);
    const char *mark = farrier_json_str_at (manager, "/LastResetTime");
    walk_keep (w, "method", redfish_method_name (u->method));
    walk_keep (w, "push", u->uri);
    walk_keep (w, "apply", u->apply_time == NULL ? "" : u->apply_time);
    walk_keep (w, "start", u->start_uri);
    walk_keep (w, "mark", mark == NULL ? "" : mark);
    walk_keep (w, "claim.uri", u->claim_uri);
    walk_keep (w, "claim.options", u->apply_by_options ? "1" : NULL);
    walk_result (w, "method", redfish_method_name (u->method));
    return keep_tasks (w);
}

/* A BIOS that is written only while the host is off: switch it off first. */
static int32_t
off_first (struct walk *w)
{
    struct farrier_component c;
    struct farrier_image_info image;
    int32_t rc = about (w, &c, &image);
    if (rc < 0 || effects_reboot (&c, w->service.vendor) != FARRIER_REBOOT_HOST_OFF_BEFORE)
        return rc < 0 ? rc : FARRIER_DONE;
    const struct farrier_json *system = redfish_document (w->step, w->service.system, NULL);
    if (redfish_glob ("Off", farrier_json_str_at (system, "/PowerState")))
        return FARRIER_DONE;
    farrier_needs (w->step, FARRIER_REBOOT_HOST_OFF_BEFORE);
    walk_go (w, "off");
    return power_begin (w, POWER_OFF);
}

static int32_t
prepared (struct walk *w)
{
    struct redfish_update u;
    int32_t rc = check_component (w);
    if (rc != FARRIER_DONE)
        return rc;
    rc = choose (w, &u);
    if (rc == 0)
        rc = keep_choice (w, &u);
    if (rc < 0)
        return rc;
    rc = off_first (w);
    return rc == FARRIER_DONE ? begin (w) : rc;
}

/* The member that is addressed; NULL: what the image says itself. */
static const char *
target_of (struct walk *w)
{
    const struct farrier_json *targets = farrier_param_json (w->step, "targets");
    const char *first = farrier_json_str (farrier_json_item (targets, 0));
    const char *uri = walk_text (w, "uri");
    if (targets != NULL && farrier_json_type (targets) == 'a')
        return first;
    return uri[0] == '\0' ? NULL : uri;
}

/* --- claim ---------------------------------------------------------------------------------- */

static int32_t
claim (struct walk *w)
{
    const char *target = target_of (w);
    const char *quoted = target == NULL ? "" : redfish_quote (w->step, target);
    return walk_change (w, "claim", "PATCH", walk_text (w, "claim.uri"),
                        farrier_printf (w->step,
                                        "{\"HttpPushUriTargetsBusy\":true,"
                                        "\"HttpPushUriTargets\":[%s]}", quoted),
                        0, "claim the update service");
}

int32_t
install_claimed (struct walk *w)
{
    walk_keep (w, "claimed", "1");
    if (walk_text (w, "claim.options")[0] == '\0')
        return install_send (w);
    return walk_change (w, "options", "PATCH", walk_text (w, "claim.uri"),
                        farrier_printf (w->step,
                                        "{\"HttpPushUriOptions\":{\"HttpPushUriApplyTime\":"
                                        "{\"ApplyTime\":\"%s\"}}}", walk_text (w, "apply")),
                        0, "set the apply time");
}

static int32_t
claimed (struct walk *w)
{
    int32_t rc = walk_answer (w, "the update service can't be claimed");
    return rc < 0 ? rc : install_claimed (w);
}

/* Everything is known and nothing was changed so far. */
static int32_t
begin (struct walk *w)
{
    return walk_text (w, "claim.uri")[0] == '\0' ? install_send (w) : claim (w);
}

/* --- send ----------------------------------------------------------------------------------- */

static int32_t
send_multipart (struct walk *w)
{
    const char *apply = walk_text (w, "apply");
    struct farrier_part parts[2];
    memset (parts, 0, sizeof parts);
    parts[0].kind = FARRIER_PART_JSON;
    parts[0].name = "UpdateParameters";
    parts[0].text = redfish_update_parameters (w->step, &w->service, target_of (w),
                                               apply[0] == '\0' ? NULL : apply);
    parts[1].kind = FARRIER_PART_IMAGE;
    parts[1].name = "UpdateFile";
    parts[1].filename = "";
    struct farrier_transfer what = FARRIER_INIT (struct farrier_transfer);
    what.path = walk_text (w, "push");
    what.parts = (struct farrier_table) FARRIER_TABLE (parts);
    what.multipart = 1;
    what.label = "upload the image";
    return walk_pending (farrier_await_transfer (w->step, &what, w->err));
}

static int32_t
send_raw (struct walk *w)
{
    struct farrier_part part;
    memset (&part, 0, sizeof part);
    part.kind = FARRIER_PART_IMAGE;
    struct farrier_transfer what = FARRIER_INIT (struct farrier_transfer);
    what.path = walk_text (w, "push");
    what.parts = (struct farrier_table) FARRIER_TABLE_OF (&part, 1);
    what.label = "upload the image";
    return walk_pending (farrier_await_transfer (w->step, &what, w->err));
}

static int32_t
send_pull (struct walk *w, int with_protocol)
{
    const char *apply = walk_text (w, "apply");
    const char *url = NULL;
    int32_t rc = farrier_image_publish (w->step, farrier_image (w->step), &url, w->err);
    if (rc < 0)
        return rc;
    walk_keep (w, "protocol", with_protocol ? "1" : NULL);
    return walk_change (w, "send", "POST", walk_text (w, "push"),
                        redfish_simple_update_body (w->step, &w->service, url, target_of (w),
                                                    apply[0] == '\0' ? NULL : apply,
                                                    with_protocol),
                        0, "let the BMC fetch the image");
}

int32_t
install_send (struct walk *w)
{
    const char *method = walk_text (w, "method");
    walk_go (w, "send");
    walk_keep (w, "sent.at",
               farrier_printf (w->step, "%lld", (long long) farrier_now_ms (w->step)));
    farrier_progress (w->step, 20, "handing the image over");
    if (strcmp (method, "multipart") == 0)
        return send_multipart (w);
    if (strcmp (method, "http_push") == 0)
        return send_raw (w);
    return send_pull (w, 1);
}

/* Strict services know no TransferProtocol: once more without it. They refused, nothing was done.
 * */
static int
protocol_refused (struct walk *w)
{
    struct redfish_verdict verdict;
    if (walk_text (w, "protocol")[0] == '\0' || w->wake.response == NULL
        || farrier_response_status (w->wake.response) != 400)
        return 0;
    redfish_read_messages (farrier_response_json (w->wake.response), &verdict);
    return redfish_glob ("*.ActionParameterUnknown", verdict.id)
           || redfish_glob ("*.ActionParameterNotSupported", verdict.id);
}

/* What the refusal of an image may mean is hidden by some services. */
static void
explain_refusal (struct walk *w)
{
    struct redfish_verdict verdict;
    if (w->wake.response == NULL)
        return;
    redfish_read_messages (farrier_response_json (w->wake.response), &verdict);
    if (redfish_glob ("*.MissingOrMalformedPart", verdict.id))
        farrier_hint (w->step, w->err,
                      "the image may be invalid, unsigned, or for another machine");
}

static int32_t
sent (struct walk *w)
{
    struct redfish_task task;
    if (protocol_refused (w))
        return send_pull (w, 0);
    int32_t rc = walk_answer (w, "the BMC did not take the image");
    if (rc < 0) {
        explain_refusal (w);
        /* Without an answer nobody knows whether it took the image: reconcile finds out. */
        return w->wake.delivery == FARRIER_DELIVERY_MAYBE ? rc : install_end (w, rc);
    }
    farrier_outcome (w->step, FARRIER_RUNG_ACCEPTED);
    if (redfish_task_of_response (w->step, w->wake.response, &task))
        return install_follow (w, &task);
    task = (struct redfish_task) { install_new_task (w), NULL };
    if (task.uri != NULL)
        return install_follow (w, &task);
    /* Old services know no tasks: the version is all there is to watch. */
    walk_keep (w, "vanished", "1");
    return install_after_task (w);
}

/* --- a staged image ------------------------------------------------------------------------- */

/* An earlier firmware.stage of this job handed the same image over: start it. */
static const char *
staged_start (struct walk *w, const struct farrier_component *c,
              const struct farrier_image_info *image)
{
    const char *sha = farrier_json_str (farrier_result_get (w->step, c->key, "staged_sha256"));
    if (staging (w->step) || sha == NULL || image->sha256 == NULL
        || strcmp (sha, image->sha256) != 0)
        return NULL;
    return farrier_json_str (farrier_result_get (w->step, c->key, "start_uri"));
}

static int32_t
start_staged (struct walk *w, const char *start_uri)
{
    walk_keep (w, "start", NULL);
    return walk_change (w, "start", "POST", start_uri, "{}", 0, "start the staged update");
}

static int32_t
started (struct walk *w)
{
    struct redfish_task task;
    int32_t rc = walk_answer (w, "the staged update does not start");
    if (rc < 0)
        return rc;
    if (redfish_task_of_response (w->step, w->wake.response, &task))
        return install_follow (w, &task);
    walk_keep (w, "vanished", "1");
    return install_after_task (w);
}

/* --- the callbacks -------------------------------------------------------------------------- */

/* prepare is over: is it a fresh upload, or the start of a staged one? */
static int32_t
choose_way (struct walk *w)
{
    struct farrier_component c;
    struct farrier_image_info image;
    int32_t rc = about (w, &c, &image);
    if (rc < 0)
        return rc;
    const char *start_uri = staged_start (w, &c, &image);
    if (start_uri == NULL)
        return prepared (w);
    rc = check_component (w);
    return rc == FARRIER_DONE ? start_staged (w, start_uri) : rc;
}

static int32_t
go_on (struct walk *w)
{
    int32_t rc;
    const char *at = walk_at (w);
    if (strcmp (at, "") == 0)
        return prepare (w);
    if (strcmp (at, "prepare") == 0)
        return choose_way (w);
    if (strcmp (at, "off") == 0) {
        rc = power_poll (w);
        return rc == FARRIER_DONE ? begin (w) : rc;
    }
    if (strcmp (at, "claim") == 0)
        return claimed (w);
    if (strcmp (at, "options") == 0) {
        rc = walk_answer (w, "the apply time can't be set");
        return rc < 0 ? install_end (w, rc) : install_send (w);
    }
    if (strcmp (at, "send") == 0)
        return sent (w);
    if (strcmp (at, "start") == 0)
        return started (w);
    if (strcmp (at, "task") == 0)
        return install_after_task (w);
    if (strcmp (at, "return") == 0)
        return install_returned (w);
    if (strcmp (at, "check") == 0)
        return install_checked (w);
    if (strcmp (at, "again") == 0)
        return install_check (w);
    return install_released (w);
}

int32_t
install_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    return install_poll (self, step, err);
}

int32_t
install_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    int32_t rc = walk_begin (&w, self, step, err);
    return rc == FARRIER_DONE ? go_on (&w) : rc;
}

int32_t
stage_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    return install_poll (self, step, err);
}

/* Before the image leaves there is nothing to stop; afterwards the BMC would be left with half an
 * image, so it is let finish. */
int32_t
install_cancel (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    if (walk_resume (&w, self, step, err) != FARRIER_DONE || walk_is_at (&w, "")
        || walk_is_at (&w, "prepare"))
        return FARRIER_DONE;
    if (walk_is_at (&w, "release"))
        return FARRIER_DONE;
    if (walk_is_at (&w, "claim") || walk_is_at (&w, "options")) {
        walk_keep (&w, "claimed", "1");
        return install_end (&w, FARRIER_DONE);
    }
    return walk_is_at (&w, "off") ? FARRIER_DONE : FARRIER_TOO_LATE;
}
