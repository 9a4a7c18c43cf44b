/* task: finding the task of an update, in all the ways that services announce it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "redfish.h"

/* Hundreds of tasks; the op's whole state is 16 KiB. */
#define SNAPSHOT_MAX 8000

static int
is_monitor (const char *path)
{
    return redfish_glob ("*/TaskMonitors/*", path) || redfish_glob ("*/TaskMonitor/*", path)
           || redfish_glob ("*/Monitor", path);
}

static int
is_task (const char *path)
{
    return redfish_glob ("*/TaskService/Tasks/*", path) || redfish_glob ("*/Jobs/*", path)
           || redfish_glob ("*/JobService/*", path);
}

/* ".../Tasks/7/Monitor" also names the task ".../Tasks/7". */
static void
take_path (struct farrier_step *step, const char *path, struct redfish_task *ret)
{
    if (!is_monitor (path)) {
        ret->uri = path;
        return;
    }
    ret->monitor = path;
    size_t len = strlen (path), tail = strlen ("/Monitor");
    if (ret->uri == NULL && redfish_glob ("*/Tasks/*/Monitor", path))
        ret->uri = farrier_printf (step, "%.*s", (int) (len - tail), path);
}

/* Supermicro hides it in a message's arguments. */
static const char *
task_in_arguments (const struct farrier_json *list)
{
    for (uint32_t i = 0; i < farrier_json_count (list); i++) {
        const struct farrier_json *arguments
            = farrier_json_at (farrier_json_item (list, i), "/MessageArgs");
        for (uint32_t k = 0; k < farrier_json_count (arguments); k++) {
            const char *path = redfish_path (farrier_json_str (farrier_json_item (arguments, k)));
            if (path != NULL && path[0] == '/' && (is_task (path) || is_monitor (path)))
                return path;
        }
    }
    return NULL;
}

int
redfish_task_of_document (struct farrier_step *step, const struct farrier_json *body,
                          struct redfish_task *ret)
{
    memset (ret, 0, sizeof *ret);
    struct redfish_verdict verdict;
    const char *type = farrier_json_str_at (body, "/@odata.type");
    const char *own = redfish_link (body, "");
    redfish_read_messages (body, &verdict);
    if (redfish_glob ("*#Task.*", type) || redfish_glob ("*#Job.*", type)
        || (own != NULL && is_task (own))) {
        const char *monitor = redfish_path (farrier_json_str_at (body, "/TaskMonitor"));
        ret->uri = own;
        ret->monitor = monitor;
    } else if (own != NULL && is_monitor (own)) {
        take_path (step, own, ret);
    }
    if (ret->uri == NULL && ret->monitor == NULL) {
        const char *path
            = task_in_arguments (farrier_json_at (body, "/Accepted/@Message.ExtendedInfo"));
        if (path == NULL)
            path = task_in_arguments (farrier_json_at (body, "/@Message.ExtendedInfo"));
        if (path == NULL)
            path = task_in_arguments (farrier_json_at (body, "/error/@Message.ExtendedInfo"));
        if (path != NULL)
            take_path (step, path, ret);
    }
    if (verdict.job != NULL && verdict.job[0] == '/')
        ret->uri = verdict.job;
    return ret->uri != NULL || ret->monitor != NULL;
}

int
redfish_task_of_response (struct farrier_step *step, const struct farrier_response *response,
                          struct redfish_task *ret)
{
    struct redfish_task in_body = { NULL, NULL };
    const struct farrier_json *body = farrier_response_json (response);
    const char *location = redfish_path (farrier_response_header (response, "Location"));
    memset (ret, 0, sizeof *ret);
    if (location != NULL && location[0] == '/')
        take_path (step, location, ret);
    if (body == NULL || !redfish_task_of_document (step, body, &in_body))
        return ret->uri != NULL || ret->monitor != NULL;
    if (in_body.uri != NULL)
        ret->uri = in_body.uri;
    if (in_body.monitor != NULL)
        ret->monitor = in_body.monitor;
    return 1;
}

/* --- before and after ----------------------------------------------------------------------- */

/* What tells a task from the others of its collection: the end of its path. */
static const char *
name_of (const char *path, size_t *ret_len)
{
    size_t end = path == NULL ? 0 : strlen (path);
    while (end > 0 && path[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    *ret_len = end - begin;
    return path == NULL ? NULL : path + begin;
}

const char *
redfish_task_list (struct farrier_step *step, const struct farrier_json *tasks)
{
    const struct farrier_json *list = farrier_json_at (tasks, "/Members");
    char *text = farrier_alloc (step, SNAPSHOT_MAX + 1);
    size_t len = 0;
    for (uint32_t i = 0; text != NULL && i < farrier_json_count (list); i++) {
        size_t name_len;
        const char *name = name_of (redfish_link (farrier_json_item (list, i), ""), &name_len);
        if (len + name_len + 1 > SNAPSHOT_MAX)
            return NULL;               /* half a list would make old tasks new ones */
        if (name_len == 0)
            continue;
        memcpy (text + len, name, name_len);
        len += name_len;
        text[len++] = '\n';
    }
    return text;
}

static int
listed (const char *list, const char *path)
{
    size_t len;
    path = name_of (path, &len);
    for (const char *at = list; at != NULL && *at != '\0';) {
        const char *end = strchr (at, '\n');
        size_t line = end == NULL ? strlen (at) : (size_t) (end - at);
        if (line == len && memcmp (at, path, len) == 0)
            return 1;
        at = end == NULL ? NULL : end + 1;
    }
    return 0;
}

const char *
redfish_task_new (const struct farrier_json *tasks, const char *before, uint32_t nth)
{
    const struct farrier_json *list = farrier_json_at (tasks, "/Members");
    for (uint32_t i = 0; i < farrier_json_count (list); i++) {
        const char *path = redfish_link (farrier_json_item (list, i), "");
        if (path != NULL && !listed (before, path) && nth-- == 0)
            return path;
    }
    return NULL;
}

/* --- states --------------------------------------------------------------------------------- */

/* DMTF states, and those that are seen beside them. The first that fits counts; the very first is
 * for updates that shall wait for a reset: elsewhere a pending task has just not begun. */
static const struct farrier_state_map states_on_reset[] = {
    { .value = "Pending", .means = FARRIER_TASK_MEANS_NEEDS_RESET },
    { .value = "Completed", .means = FARRIER_TASK_MEANS_DONE },
    { .value = "CompletedOK", .means = FARRIER_TASK_MEANS_DONE },
    { .value = "Complete", .means = FARRIER_TASK_MEANS_DONE },
    { .value = "Exception", .means = FARRIER_TASK_MEANS_FAILED },
    { .value = "Killed", .means = FARRIER_TASK_MEANS_FAILED },
    { .value = "Cancelled", .means = FARRIER_TASK_MEANS_FAILED },
    { .value = "Interrupted", .means = FARRIER_TASK_MEANS_FAILED },
    { .value = "Failed", .means = FARRIER_TASK_MEANS_FAILED },
    { .value = "CompletedWithErrors", .means = FARRIER_TASK_MEANS_FAILED },
    { .value = "Invalid", .means = FARRIER_TASK_MEANS_FAILED },
    { .value = "Scheduled", .means = FARRIER_TASK_MEANS_NEEDS_RESET },
    { .value = "UserIntervention", .means = FARRIER_TASK_MEANS_NEEDS_RESET },
    { .value = "*", .means = FARRIER_TASK_MEANS_RUNNING },
};

static const struct farrier_state_map *const states = states_on_reset + 1;
static const size_t state_count = sizeof states_on_reset / sizeof states_on_reset[0] - 1;

void
redfish_await_reset (struct farrier_task *task)
{
    task->states = (struct farrier_table) FARRIER_TABLE (states_on_reset);
}

int
redfish_task_critical (const struct farrier_json *task)
{
    return redfish_glob ("Critical", farrier_json_str_at (task, "/TaskStatus"));
}

uint32_t
redfish_task_meaning (const char *state)
{
    for (size_t i = 0; i < state_count; i++)
        if (redfish_glob (states[i].value, state))
            return states[i].means;
    return FARRIER_TASK_MEANS_RUNNING;
}

struct farrier_task
redfish_await_task (const struct redfish_service *service, const struct redfish_task *task,
                    const char *label)
{
    struct farrier_task t = FARRIER_INIT (struct farrier_task);
    t.uri = task->uri;
    t.monitor = task->monitor;
    t.label = label;
    t.states = (struct farrier_table) FARRIER_TABLE_OF (states, (uint32_t) state_count);
    /* A BMC may restart meanwhile; where it forgets its tasks then, a 404 is the news itself. */
    int forgets = (redfish_quirk (service->vendor)->flags & REDFISH_QUIRK_RAM_TASKS) != 0;
    t.grace_ms = forgets ? 60000 : 900000;
    return t;
}
