/* sim_task: TaskService, its tasks and their monitors.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_task.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_fault.h"
#include "sim_fleet.h"
#include "sim_message.h"
#include "sim_router.h"
#include "sim_update.h"

#define SERVICE "/redfish/v1/TaskService"

void
sim_task_free (struct sim_task *task)
{
    if (task->update != NULL)
        task->update->task = NULL;
    list_remove (&task->link);
    json_decref (task->messages);
    json_decref (task->payload);
    mem_free (task);
}

void
sim_task_drop_all (struct sim_bmc *bmc)
{
    list_for_each_safe (it, next, &bmc->tasks)
        sim_task_free (list_entry (it, struct sim_task, link));
    bmc->next_task_id = (uint32_t) bmc->personality->task_first_id;
}

static void
drop_oldest (struct sim_bmc *bmc)
{
    int count = 0;

    list_for_each (it, &bmc->tasks)
        count++;
    list_for_each_safe (it, next, &bmc->tasks) {
        struct sim_task *task = list_entry (it, struct sim_task, link);
        if (count < bmc->personality->task_limit)
            return;
        if (task->ended) {
            sim_task_free (task);
            count--;
        }
    }
}

struct sim_task *
sim_task_new (struct sim_bmc *bmc, const char *name)
{
    struct sim_task *task = mem_alloc (sizeof *task);
    char id[16];

    drop_oldest (bmc);
    task->bmc = bmc;
    task->id = bmc->next_task_id++;
    task->name = name;
    task->state = "Running";
    task->status = "OK";
    task->started_ms = clock_wall_ms ();
    task->messages = json_array ();
    list_add_tail (&bmc->tasks, &task->link);
    str_format (id, sizeof id, "%u", task->id);
    sim_task_say (task, sim_message_new ("TaskEvent.TaskStarted", id));
    return task;
}

void
sim_task_say (struct sim_task *task, json_t *message)
{
    json_array_append_new (task->messages, message);
}

void
sim_task_set (struct sim_task *task, const char *state, const char *status, int percent)
{
    task->state = state;
    task->status = status;
    task->percent = percent;
}

void
sim_task_end (struct sim_task *task, const char *state, const char *status)
{
    char id[16];
    const char *message = "TaskEvent.TaskAborted";

    str_format (id, sizeof id, "%u", task->id);
    if (str_eq (state, "Completed")) {
        task->percent = 100;
        message = str_eq (status, "OK") ? "TaskEvent.TaskCompletedOK"
                                        : "TaskEvent.TaskCompletedWarning";
    } else if (str_eq (state, "Cancelled")) {
        message = "TaskEvent.TaskCancelled";
    }
    task->state = state;
    task->status = status;
    task->ended = true;
    task->ended_ms = clock_wall_ms ();
    sim_task_say (task, sim_message_new (message, id));
    if (task->update != NULL) {
        task->update->task = NULL;
        task->update = NULL;
    }
}

char *
sim_task_uri (const struct sim_task *task)
{
    return str_printf (SERVICE "/Tasks/%u", task->id);
}

char *
sim_task_monitor_uri (const struct sim_task *task)
{
    if (task->bmc->personality->task_monitors)
        return str_printf (SERVICE "/TaskMonitors/%u", task->id);
    return str_printf (SERVICE "/Tasks/%u/Monitor", task->id);
}

static int
visible_percent (struct sim_task *task)
{
    struct sim_bmc *bmc = task->bmc;
    int percent = task->update != NULL ? sim_update_percent (task->update) : task->percent;

    if (task->ended || !sim_fault_armed (bmc, SIM_FAULT_TASK_BACKWARDS))
        return percent;
    bmc->reads_flip = !bmc->reads_flip;
    if (!bmc->reads_flip)
        return percent;
    sim_fault_take (bmc, SIM_FAULT_TASK_BACKWARDS, SIM_OTHER, NULL);
    return percent / 3;
}

static void
put_wall (json_t *doc, const char *key, int64_t ms)
{
    char *text = clock_iso8601 (ms);

    json_put_str (doc, key, text);
    mem_free (text);
}

static json_t *
task_doc (struct sim_task *task)
{
    char id[16], *uri = sim_task_uri (task), *monitor = sim_task_monitor_uri (task);

    str_format (id, sizeof id, "%u", task->id);
    json_t *doc = sim_doc_new (uri, "#Task.v1_7_1.Task", id, task->name);
    json_put_str (doc, "TaskState", task->state);
    json_put_str (doc, "TaskStatus", task->status);
    json_put_int (doc, "PercentComplete", visible_percent (task));
    put_wall (doc, "StartTime", task->started_ms);
    if (task->ended)
        put_wall (doc, "EndTime", task->ended_ms);
    json_put_str (doc, "TaskMonitor", monitor);
    json_put (doc, "Messages", json_incref (task->messages));
    if (task->payload != NULL)
        json_put (doc, "Payload", json_incref (task->payload));
    mem_free (uri);
    mem_free (monitor);
    return doc;
}

void
sim_task_accept (struct sim_call *call, struct sim_task *task)
{
    const struct sim_personality *p = call->bmc->personality;
    char *monitor = sim_task_monitor_uri (task);

    task->payload = json_pack ("{s:s,s:s}", "TargetUri", call->path, "HttpOperation", "POST");
    sim_call_header (call, "Location", "%s", monitor);
    sim_call_header (call, "Retry-After", "%d", p->retry_after_s);
    sim_call_answer (call, 202, task_doc (task));
    mem_free (monitor);
}

/* NULL: answered with 404. */
static struct sim_task *
find_task (struct sim_call *call)
{
    int64_t id;

    if (str_to_i64 (call->id, &id) && !sim_fault_armed (call->bmc, SIM_FAULT_TASK_VANISH)) {
        list_for_each (it, &call->bmc->tasks) {
            struct sim_task *task = list_entry (it, struct sim_task, link);
            if (task->id == id)
                return task;
        }
    }
    sim_fault_take (call->bmc, SIM_FAULT_TASK_VANISH, SIM_OTHER, NULL);
    sim_call_not_found (call);
    return NULL;
}

void
sim_task_get_service (struct sim_call *call)
{
    const struct sim_personality *p = call->bmc->personality;
    json_t *doc
        = sim_doc_new (SERVICE, "#TaskService.v1_2_0.TaskService", "TaskService", "Task Service");

    json_put_str (doc, "Description", "Task Service (simulated)");
    json_put_bool (doc, "ServiceEnabled", true);
    put_wall (doc, "DateTime", clock_wall_ms ());
    json_put_str (doc, "CompletedTaskOverWritePolicy", "Oldest");
    json_put_bool (doc, "LifeCycleEventOnTaskStateChange", false);
    json_put (doc, "Status", json_pack ("{s:s,s:s}", "State", "Enabled", "Health", "OK"));
    json_put (doc, "Tasks", sim_doc_link (SERVICE "/Tasks"));
    if (p->task_limit > 0)
        json_put_int (doc, "TaskAutoDeleteTimeoutMinutes", 1440);
    sim_call_answer (call, 200, doc);
}

static void
list_tasks (struct sim_call *call, json_t *doc, const char *below)
{
    if (!sim_fault_armed (call->bmc, SIM_FAULT_TASK_VANISH))
        list_for_each (it, &call->bmc->tasks)
            sim_doc_add_member (doc, SERVICE "/%s/%u", below,
                                list_entry (it, struct sim_task, link)->id);
    sim_call_answer (call, 200, doc);
}

void
sim_task_get_all (struct sim_call *call)
{
    list_tasks (call, sim_doc_collection (SERVICE "/Tasks", "TaskCollection", "Task Collection"),
                "Tasks");
}

void
sim_task_get_monitors (struct sim_call *call)
{
    if (!call->bmc->personality->task_monitors)
        sim_call_not_found (call);
    else
        list_tasks (call,
                    sim_doc_collection (SERVICE "/TaskMonitors", "TaskCollection", "Task Monitors"),
                    "TaskMonitors");
}

void
sim_task_get (struct sim_call *call)
{
    struct sim_task *task = find_task (call);

    if (task != NULL)
        sim_call_answer (call, 200, task_doc (task));
}

/* A task that ended is forgotten; one that runs is not stopped by this. */
void
sim_task_delete (struct sim_call *call)
{
    struct sim_task *task = find_task (call);

    if (task == NULL)
        return;
    if (!task->ended) {
        sim_message_error (call, 409, "Base.ResourceInUse");
        return;
    }
    sim_task_free (task);
    sim_call_answer (call, 204, NULL);
}

static bool
monitor_is_served (struct sim_call *call)
{
    bool is_monitors = strncmp (call->path, SERVICE "/TaskMonitors/", sizeof SERVICE + 13) == 0;

    if (is_monitors == call->bmc->personality->task_monitors)
        return true;
    sim_call_not_found (call);
    return false;
}

static void
answer_final (struct sim_call *call, struct sim_task *task)
{
    const struct sim_personality *p = call->bmc->personality;
    size_t last = json_array_size (task->messages);

    task->final_was_read = true;
    if (p->monitor_final_status == 204) {
        sim_call_answer (call, 204, NULL);
    } else if (str_eq (task->state, "Completed")) {
        sim_call_answer (
            call, 200,
            json_pack ("{s:[o]}", "@Message.ExtendedInfo", sim_message_new ("Base.Success")));
    } else {
        json_t *why = json_array_get (task->messages, last > 1 ? last - 2 : last - 1);
        sim_call_answer (call, 500, sim_message_envelope (json_incref (why)));
    }
}

void
sim_task_get_monitor (struct sim_call *call)
{
    char *monitor;

    if (!monitor_is_served (call))
        return;
    struct sim_task *task = find_task (call);
    if (task == NULL)
        return;
    if (task->final_was_read) {
        sim_call_not_found (call);
        return;
    }
    if (task->ended) {
        answer_final (call, task);
        return;
    }
    monitor = sim_task_monitor_uri (task);
    sim_call_header (call, "Location", "%s", monitor);
    sim_call_header (call, "Retry-After", "%d", call->bmc->personality->retry_after_s);
    sim_call_answer (call, 202, task_doc (task));
    mem_free (monitor);
}

void
sim_task_delete_monitor (struct sim_call *call)
{
    if (!monitor_is_served (call))
        return;
    struct sim_task *task = find_task (call);
    if (task == NULL)
        return;
    sim_message_error (call, 405, "Base.OperationNotAllowed");
    sim_call_header (call, "Allow", "GET, HEAD");
}
