/* install_end: from the vendor's task to the component's new version, and the end of the op.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>
#include <string.h>

#include "generic.h"

#define AGAIN_MS 10000
/* Where tasks do not survive the BMC's restart, a 404 is the news itself. */
#define GRACE_RAM_MS 20000

/* --- the task ------------------------------------------------------------------------------- */

static uint32_t
grace_of (struct walk *w)
{
    struct farrier_component c = FARRIER_INIT (struct farrier_component);
    int ram = (redfish_quirk (w->service.vendor)->flags & REDFISH_QUIRK_RAM_TASKS) != 0;
    uint32_t grace = w->config->task_grace_ms;
    farrier_component (w->step, &c);
    return c.type == FARRIER_COMPONENT_BMC && ram && grace > GRACE_RAM_MS ? GRACE_RAM_MS : grace;
}

/* Is the image to be written at a reset only? */
static int
waits_for_reset (struct walk *w)
{
    const char *apply = walk_text (w, "apply");
    return strcmp (apply, "OnReset") == 0 || strcmp (apply, "OnTargetReset") == 0;
}

static int32_t
follow (struct walk *w, const struct redfish_task *task)
{
    struct farrier_task what = redfish_await_task (&w->service, task, "flash the image");
    what.progress_from = 150;
    what.progress_to = 950;
    what.grace_ms = grace_of (w);
    if (waits_for_reset (w))
        redfish_await_reset (&what);
    return walk_pending (farrier_await_task (w->step, &what, w->err));
}

int32_t
install_follow (struct walk *w, const struct redfish_task *task)
{
    walk_go (w, "task");
    walk_keep (w, "task.uri", task->uri == NULL ? "" : task->uri);
    walk_keep (w, "task.monitor", task->monitor == NULL ? "" : task->monitor);
    walk_result (w, "task", task->uri != NULL ? task->uri : task->monitor);
    farrier_critical_enter (w->step);
    return follow (w, task);
}

int32_t
install_follow_known (struct walk *w)
{
    const char *uri = walk_text (w, "task.uri"), *monitor = walk_text (w, "task.monitor");
    struct redfish_task task
        = { uri[0] == '\0' ? NULL : uri, monitor[0] == '\0' ? NULL : monitor };
    return follow (w, &task);
}

/* At most so many new ones are read: what is behind them is not ours to sort. */
#define NEW_TASKS_MAX 16

const char *
install_new_task (struct walk *w)
{
    struct farrier_error ignored = FARRIER_INIT (struct farrier_error);
    const struct farrier_json *tasks = NULL, *task = NULL;
    const char *uri, *silent = NULL;
    if (w->service.tasks == NULL || walk_text (w, "tasks.known")[0] == '\0'
        || redfish_get (w->step, w->service.tasks, &tasks, &ignored) < 0)
        return NULL;
    for (uint32_t i = 0; i < NEW_TASKS_MAX
                         && (uri = redfish_task_new (tasks, walk_text (w, "tasks"), i)) != NULL;
         i++) {
        int read = redfish_get (w->step, uri, &task, &ignored) == 0;
        const char *target
            = read ? redfish_path (farrier_json_str_at (task, "/Payload/TargetUri")) : NULL;
        int names_one = target != NULL && target[0] == '/';
        if (names_one && redfish_path_equal (target, walk_text (w, "push")))
            return uri;
        if (!names_one && silent == NULL)
            silent = uri;
    }
    return silent;
}

static int32_t
task_failed (struct walk *w, const struct farrier_json *document,
             const struct redfish_verdict *verdict)
{
    const char *state = farrier_json_str_at (document, "/TaskState");
    int32_t code = verdict->kind == REDFISH_MESSAGE_FAILED && verdict->code < 0
                       ? verdict->code : FARRIER_E_HOST_FAULT;
    const char *text = verdict->text != NULL ? verdict->text
                       : w->wake.message != NULL ? w->wake.message
                       : redfish_task_critical (document) ? "its TaskStatus is Critical"
                                                          : "no message";
    farrier_fail (w->step, w->err, code, "the update of %s failed (%s): %s", walk_text (w, "key"),
                  state == NULL ? "failed" : state, text);
    if (verdict->id != NULL)
        strncpy (w->err->vendor_id, verdict->id, sizeof w->err->vendor_id - 1);
    w->err->delivery = FARRIER_DELIVERY_ANSWERED;
    return install_end (w, code);
}

/* A message names what it waits for; else the kind of component tells. */
static void
note_needs (struct walk *w, const struct redfish_verdict *verdict)
{
    if (verdict->reset_target != NULL) {
        char number[8] = { (char) ('0' + redfish_reboot_of_target (verdict->reset_target)), 0 };
        walk_keep (w, "needs", number);
    } else if (verdict->needs_activation) {
        walk_keep (w, "waits", "1");
    }
}

static int32_t
staged (struct walk *w)
{
    walk_result (w, "start_uri", walk_text (w, "start"));
    walk_result (w, "staged_sha256", walk_text (w, "sha256"));
    farrier_outcome (w->step, FARRIER_RUNG_STAGED);
    return install_end (w, FARRIER_DONE);
}

static int
is_staging (struct walk *w)
{
    return strcmp (walk_text (w, "apply"), "OnStartUpdateRequest") == 0;
}

/* The BMC restarts by itself now, or has just done so. */
static int32_t
await_return (struct walk *w, int gap_seen)
{
    walk_go (w, "return");
    farrier_progress (w->step, 960, "the BMC restarts");
    return power_await_bmc (w, walk_text (w, "mark"), gap_seen);
}

static int
bmc_at_once (struct walk *w)
{
    struct farrier_component c = FARRIER_INIT (struct farrier_component);
    if (farrier_component (w->step, &c) < 0)
        return 0;
    return c.type == FARRIER_COMPONENT_BMC
           && (redfish_quirk (w->service.vendor)->flags & REDFISH_QUIRK_BMC_AT_ONCE) != 0
           && !waits_for_reset (w);
}

/* The BMC does not answer: while it writes itself that is what it does. It is waited for, then the
 * task is followed again. */
static int
silent (struct walk *w)
{
    return w->wake.code == FARRIER_E_UNREACHABLE || w->wake.code == FARRIER_E_TIMEOUT
           || w->wake.code == FARRIER_E_TRANSIENT || w->wake.code == FARRIER_E_BUSY
           || w->wake.code == FARRIER_E_TLS;
}

int32_t
install_after_task (struct walk *w)
{
    struct redfish_verdict verdict;
    const struct farrier_json *document
        = w->wake.response == NULL ? NULL : farrier_response_json (w->wake.response);
    if (walk_is_at (w, "task") && w->wake.code != 0) {
        if (!silent (w))
            return walk_fail_wake (w, "the task of the update can't be followed");
        walk_keep (w, "silent", "1");
        return await_return (w, 1);
    }
    redfish_read_messages (walk_is_at (w, "task") ? document : NULL, &verdict);
    if (verdict.job != NULL && strcmp (verdict.job, walk_text (w, "task.uri")) != 0
        && walk_text (w, "followed")[0] == '\0') {
        struct redfish_task job = { verdict.job, NULL };
        walk_keep (w, "followed", "1");
        return install_follow (w, &job);
    }
    farrier_critical_leave (w->step);
    if (walk_is_at (w, "task") && w->wake.task_end == FARRIER_TASK_FAILED)
        return task_failed (w, document, &verdict);
    if (walk_is_at (w, "task") && w->wake.task_end == FARRIER_TASK_VANISHED)
        walk_keep (w, "vanished", "1");
    if (verdict.kind == REDFISH_MESSAGE_FAILED
        || (walk_is_at (w, "task") && redfish_task_critical (document)))
        return task_failed (w, document, &verdict);
    if (verdict.skipped && !verdict.needs_activation)
        walk_keep (w, "skipped", verdict.text == NULL ? "the BMC skipped it" : verdict.text);
    note_needs (w, &verdict);
    if (w->wake.task_end == FARRIER_TASK_NEEDS_RESET)
        walk_keep (w, "waits", "1");
    if (is_staging (w))
        return staged (w);
    farrier_outcome (w->step, FARRIER_RUNG_FLASHED);
    if (bmc_at_once (w))
        return await_return (w, w->wake.gap_seen || walk_text (w, "vanished")[0] != '\0');
    return install_check (w);
}

int32_t
install_returned (struct walk *w)
{
    int32_t rc = power_poll (w);
    /* It may have restarted so fast that nobody saw it: the version tells. */
    if (rc == FARRIER_E_TIMEOUT) {
        walk_keep (w, "power", NULL);
        rc = FARRIER_DONE;
    }
    if (rc != FARRIER_DONE)
        return rc;
    if (walk_text (w, "silent")[0] == '\0')
        return install_check (w);
    walk_keep (w, "silent", NULL);
    walk_go (w, "task");
    return install_follow_known (w);
}

/* --- the version ---------------------------------------------------------------------------- */

int32_t
install_needs_inventory (struct walk *w)
{
    if (w->service.inventory != NULL)
        return FARRIER_OK;
    return farrier_fail (w->step, w->err, FARRIER_E_INVALID,
                         "%s shows no FirmwareInventory: what an update did could not be told",
                         w->service.update == NULL ? "the BMC" : w->service.update);
}

int32_t
install_check (struct walk *w)
{
    struct farrier_collect what = FARRIER_INIT (struct farrier_collect);
    const char *uri = walk_text (w, "uri");
    if ((redfish_quirk (w->service.vendor)->flags & REDFISH_QUIRK_HASHED_IDS) != 0
        || uri[0] == '\0') {
        int32_t rc = install_needs_inventory (w);
        if (rc < 0)
            return rc;
        what.collection = w->service.inventory;
        what.expand = w->service.expand;
    } else {
        what.paths = (struct farrier_table) FARRIER_TABLE_OF (&uri, 1);
    }
    what.max_in_flight = w->config->max_in_flight;
    what.label = "read the version again";
    walk_go (w, "check");
    return walk_pending (farrier_await_collect (w->step, &what, w->err));
}

/* The component among the documents of this wake. */
int
install_read_back (struct walk *w, struct farrier_component *ret)
{
    enum { MAX = 400 };
    const struct farrier_json **documents = farrier_alloc (w->step, MAX * sizeof *documents);
    struct farrier_component *list = farrier_alloc (w->step, MAX * sizeof *list);
    uint32_t count = 0;
    if (documents == NULL || list == NULL)
        return 0;
    for (uint32_t i = 0; i < w->wake.documents && count < MAX; i++) {
        struct farrier_document d = FARRIER_INIT (struct farrier_document);
        if (farrier_wake_document (w->step, i, &d) == 0 && d.code == 0 && d.json != NULL)
            documents[count++] = d.json;
    }
    uint32_t stored = redfish_components (w->step, &w->service, documents, count, list, MAX);
    const char *uri = walk_text (w, "uri"), *key = walk_text (w, "key");
    for (uint32_t i = 0; i < stored; i++) {
        if (strcmp (list[i].key, key) == 0 || redfish_path_equal (list[i].uri, uri)) {
            *ret = list[i];
            return 1;
        }
    }
    return 0;
}

int
install_target_reached (struct walk *w, const struct farrier_component *measured)
{
    return redfish_version_equal (measured->version, walk_text (w, "to"));
}

static uint32_t
reboot_needed (struct walk *w)
{
    struct farrier_component c = FARRIER_INIT (struct farrier_component);
    const char *said = walk_text (w, "needs");
    if (farrier_component (w->step, &c) < 0)
        return FARRIER_REBOOT_HOST_RESET;
    uint32_t kind = effects_reboot (&c, w->service.vendor);
    /* A service that asks for a reset of the host does not know that a CPLD wants more. */
    if (said[0] != '\0' && walk_number (w, "needs") > (int64_t) kind)
        kind = (uint32_t) walk_number (w, "needs");
    return kind;
}

static const char *
reboot_word (uint32_t kind)
{
    static const char *const words[] = { "none", "bmc_reset", "host_reset", "host_off_on",
                                         "host_off_before", "ac_cycle" };
    return words[kind < 6 ? kind : 0];
}

/* Is it worth looking again? Inventories lag behind, and a task that vanished may have been busy.
 * */
static int32_t
look_again (struct walk *w)
{
    const char *until = walk_text (w, "look.until");
    int64_t now = farrier_now_ms (w->step);
    if (until[0] == '\0')
        walk_keep (w, "look.until",
                   farrier_printf (w->step, "%lld",
                                   (long long) (now + (int64_t) w->config->vanished_ms)));
    else if (now >= walk_number (w, "look.until"))
        return FARRIER_DONE;
    walk_go (w, "again");
    return walk_pending (
        farrier_await_timer (w->step, AGAIN_MS, "wait for the new version", w->err));
}

/* The version has not changed. Some components change only with a reset; for the others it means
 * that nothing happened. */
static int32_t
unchanged (struct walk *w, const struct farrier_component *measured)
{
    uint32_t kind = reboot_needed (w);
    int waits = walk_text (w, "waits")[0] != '\0' || walk_text (w, "needs")[0] != '\0';
    int vanished = walk_text (w, "vanished")[0] != '\0';
    int at_once = kind == FARRIER_REBOOT_NONE || bmc_at_once (w);
    if ((vanished || at_once) && !waits) {
        int32_t rc = look_again (w);
        if (rc != FARRIER_DONE)
            return rc;
    }
    if (at_once && !waits) {
        farrier_fail (w->step, w->err, FARRIER_E_VERIFY,
                      "the update of %s ended%s, but it still shows %s, not %s",
                      walk_text (w, "key"), vanished ? " (its task vanished)" : "",
                      measured->version == NULL ? "no version" : measured->version,
                      walk_text (w, "to"));
        w->err->delivery = FARRIER_DELIVERY_ANSWERED;
        return install_end (w, FARRIER_E_VERIFY);
    }
    if (vanished)
        farrier_log (w->step, FARRIER_LOG_WARN,
                     "the task of %s vanished; the version after the reset will tell",
                     walk_text (w, "key"));
    farrier_needs (w->step, kind);
    walk_result (w, "needs", reboot_word (kind));
    return install_end (w, FARRIER_DONE);
}

int32_t
install_checked (struct walk *w)
{
    struct farrier_component measured = FARRIER_INIT (struct farrier_component);
    if (w->wake.code != 0 && w->wake.documents == 0)
        return walk_fail_wake (w, "the version can't be read after the update");
    if (!install_read_back (w, &measured)) {
        int32_t rc = look_again (w);
        if (rc != FARRIER_DONE)
            return rc;
    }
    walk_result (w, "version", measured.version);
    if (install_target_reached (w, &measured)) {
        uint32_t open = farrier_needed (w->step);
        farrier_outcome (w->step, FARRIER_RUNG_ACTIVATED);
        if (walk_text (w, "needs")[0] != '\0' && open == 0)
            farrier_needs (w->step, reboot_needed (w));
        return install_end (w, FARRIER_DONE);
    }
    if (walk_text (w, "skipped")[0] != '\0') {
        farrier_fail (w->step, w->err, FARRIER_E_REJECTED, "the BMC did not install the image: %s",
                      walk_text (w, "skipped"));
        w->err->delivery = FARRIER_DELIVERY_ANSWERED;
        return install_end (w, FARRIER_E_REJECTED);
    }
    return unchanged (w, &measured);
}

/* --- the end -------------------------------------------------------------------------------- */

/* Gives the claim back first, whatever the end is. */
int32_t
install_end (struct walk *w, int32_t rc)
{
    if (walk_text (w, "claimed")[0] == '\0')
        return walk_certain (w, rc);
    if (rc < 0) {
        walk_keep (w, "end.code", farrier_printf (w->step, "%d", rc));
        walk_keep (w, "end.message", w->err->message);
        walk_keep (w, "end.hint", w->err->hint);
        walk_keep (w, "end.vendor", w->err->vendor_id);
    }
    walk_keep (w, "claimed", NULL);
    return walk_change (w, "release", "PATCH", walk_text (w, "claim.uri"),
                        "{\"HttpPushUriTargetsBusy\":false,\"HttpPushUriTargets\":[]}", 0,
                        "give the update service back");
}

int32_t
install_released (struct walk *w)
{
    int32_t code = (int32_t) walk_number (w, "end.code");
    if (w->wake.code != 0
        || (w->wake.response != NULL && farrier_response_status (w->wake.response) >= 400))
        farrier_log (w->step, FARRIER_LOG_WARN,
                     "the claim on the update service could not be given back");
    if (code >= 0)
        return FARRIER_DONE;
    farrier_fail (w->step, w->err, code, "%s", walk_text (w, "end.message"));
    if (walk_text (w, "end.hint")[0] != '\0')
        farrier_hint (w->step, w->err, "%s", walk_text (w, "end.hint"));
    strncpy (w->err->vendor_id, walk_text (w, "end.vendor"), sizeof w->err->vendor_id - 1);
    w->err->delivery = FARRIER_DELIVERY_ANSWERED;
    return walk_certain (w, code);
}
