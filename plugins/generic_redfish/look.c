/* look: is the BMC ready, is the host healthy, what is the BMC doing?
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "generic.h"

#define BUSY_MS 10000
/* Of the task list only the newest: old ones are long over. */
#define TASKS_LOOKED_AT 12

/* --- ready ---------------------------------------------------------------------------------- */

static int32_t
wait_while (struct walk *w, const char *what)
{
    farrier_progress (w->step, 500, what);
    farrier_log (w->step, FARRIER_LOG_INFO, "not ready: %s", what);
    walk_go (w, "wait");
    return walk_pending (farrier_await_timer (w->step, BUSY_MS, what, w->err));
}

static int32_t
ready_read (struct walk *w)
{
    const char *const paths[] = { w->service.manager, w->service.update, w->service.tasks };
    return walk_collect (w, "service", paths, 3, "is the BMC ready");
}

static int32_t
ready_service (struct walk *w)
{
    const struct farrier_json *manager = redfish_document (w->step, w->service.manager, NULL);
    const struct farrier_json *update = redfish_document (w->step, w->service.update, NULL);
    const struct farrier_json *tasks = redfish_document (w->step, w->service.tasks, NULL);
    const char *state = farrier_json_str_at (manager, "/Status/State");
    const char *paths[TASKS_LOOKED_AT];
    size_t count = 0;
    if (w->wake.code != 0 && w->wake.documents == 0)
        return walk_fail_wake (w, "the BMC can't be read");
    if (manager == NULL && w->service.manager != NULL)
        return wait_while (w, "the BMC does not show its state");
    if (state != NULL && !redfish_glob ("Enabled", state))
        return wait_while (w, farrier_printf (w->step, "the BMC is %s", state));
    if (farrier_json_bool (farrier_json_at (update, "/ServiceEnabled")) == 0)
        return farrier_fail (w->step, w->err, FARRIER_E_PRECONDITION,
                             "the BMC's update service is disabled (ServiceEnabled is false)");
    const struct farrier_json *list = farrier_json_at (tasks, "/Members");
    uint32_t total = farrier_json_count (list);
    for (uint32_t i = total > TASKS_LOOKED_AT ? total - TASKS_LOOKED_AT : 0; i < total; i++)
        paths[count++] = redfish_link (farrier_json_item (list, i), "");
    if (count == 0)
        return FARRIER_DONE;
    return walk_collect (w, "tasks", paths, count, "is the BMC busy");
}

static int32_t
ready_tasks (struct walk *w)
{
    for (uint32_t i = 0; i < w->wake.documents; i++) {
        struct farrier_document d = FARRIER_INIT (struct farrier_document);
        if (farrier_wake_document (w->step, i, &d) != 0 || d.code != 0)
            continue;
        const char *state = farrier_json_str_at (d.json, "/TaskState");
        if (state == NULL || redfish_task_meaning (state) != FARRIER_TASK_MEANS_RUNNING
            || redfish_glob ("Suspended", state) || redfish_glob ("Service", state))
            continue;
        return wait_while (w, farrier_printf (w->step, "somebody's task %s is %s",
                                              d.path == NULL ? "" : d.path, state));
    }
    return FARRIER_DONE;
}

int32_t
ready_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    int32_t rc = walk_begin (&w, self, step, err);
    if (rc != FARRIER_DONE)
        return rc;
    if (walk_is_at (&w, "service"))
        return ready_service (&w);
    if (walk_is_at (&w, "tasks"))
        return ready_tasks (&w);
    return ready_read (&w);
}

/* --- health --------------------------------------------------------------------------------- */

static int
gravity (const char *health)
{
    return redfish_glob ("Critical", health) ? 2 : redfish_glob ("Warning", health) ? 1 : 0;
}

static void
sensors (struct walk *w, const struct farrier_json *document, const char *pointer,
         const char *const *values, const char *unit)
{
    const struct farrier_json *list = farrier_json_at (document, pointer);
    for (uint32_t i = 0; i < farrier_json_count (list); i++) {
        const struct farrier_json *s = farrier_json_item (list, i);
        const char *name = farrier_json_str_at (s, "/Name");
        const char *own_unit = farrier_json_str_at (s, "/ReadingUnits");
        double reading = 0;
        for (const char *const *v = values; *v != NULL; v++) {
            if (farrier_json_real (farrier_json_at (s, *v), &reading) != 0)
                continue;
            farrier_emit_sensor (w->step, name == NULL ? "unnamed" : name, reading,
                                 own_unit == NULL ? unit : own_unit,
                                 farrier_json_str_at (s, "/Status/Health"));
            break;
        }
    }
}

static void
emit_sensors (struct walk *w)
{
    static const char *const celsius[] = { "/ReadingCelsius", NULL };
    static const char *const speed[] = { "/Reading", NULL };
    static const char *const watts[] = { "/PowerConsumedWatts", NULL };
    for (uint32_t i = 0; i < w->wake.documents; i++) {
        struct farrier_document d = FARRIER_INIT (struct farrier_document);
        if (farrier_wake_document (w->step, i, &d) != 0 || d.code != 0)
            continue;
        sensors (w, d.json, "/Temperatures", celsius, "Cel");
        sensors (w, d.json, "/Fans", speed, "RPM");
        sensors (w, d.json, "/PowerControl", watts, "W");
    }
}

static int32_t
health_read (struct walk *w)
{
    const char *const paths[] = { w->service.system, w->service.manager, w->service.chassis };
    return walk_collect (w, "parts", paths, 3, "read the health");
}

/* The parts' own word; kept in the state over the read of the sensors. */
static int32_t
health_parts (struct walk *w)
{
    const struct {
        const char *name, *path;
    } parts[] = {
        { "system", w->service.system },
        { "manager", w->service.manager },
        { "chassis", w->service.chassis },
    };
    struct farrier_json *object = farrier_json_object (w->step);
    if (w->wake.code != 0 && w->wake.documents == 0)
        return walk_fail_wake (w, "the health can't be read");
    for (size_t i = 0; i < 3; i++) {
        const struct farrier_json *d = redfish_document (w->step, parts[i].path, NULL);
        const char *health = farrier_json_str_at (d, "/Status/HealthRollup");
        if (health == NULL)
            health = farrier_json_str_at (d, "/Status/Health");
        if (health != NULL)
            farrier_json_put (object, parts[i].name, farrier_json_string (w->step, health));
    }
    walk_keep (w, "health", farrier_json_text (w->step, object));
    const struct farrier_json *chassis = redfish_document (w->step, w->service.chassis, NULL);
    const char *const paths[]
        = { redfish_link (chassis, "/Thermal"), redfish_link (chassis, "/Power") };
    if (paths[0] == NULL && paths[1] == NULL)
        return FARRIER_DONE;
    return walk_collect (w, "sensors", paths, 2, "read the sensors");
}

/* Worse than before, or worse than what is allowed at all. */
static int32_t
health_judge (struct walk *w)
{
    const struct farrier_json *now = farrier_json_parse (w->step, walk_text (w, "health"));
    const struct farrier_json *given = farrier_param_json (w->step, "compare");
    const struct farrier_json *before = farrier_json_at (given, "/health");
    int worst_allowed = gravity (farrier_param_str (w->step, "worst"));
    before = before == NULL ? given : before;
    farrier_result_set (w->step, "health", now);
    for (uint32_t i = 0; i < farrier_json_count (now); i++) {
        const char *part = farrier_json_key (now, i);
        const char *health = farrier_json_str (farrier_json_item (now, i));
        const char *was = farrier_json_str_at (before, farrier_printf (w->step, "/%s", part));
        if (was != NULL && gravity (health) > gravity (was))
            return farrier_fail (w->step, w->err, FARRIER_E_HOST_FAULT,
                                 "the health of the %s is %s, it was %s before", part, health, was);
        if (gravity (health) > worst_allowed)
            return farrier_fail (w->step, w->err, FARRIER_E_PRECONDITION,
                                 "the health of the %s is %s", part, health);
    }
    return FARRIER_DONE;
}

int32_t
health_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    int32_t rc = walk_begin (&w, self, step, err);
    if (rc != FARRIER_DONE)
        return rc;
    if (walk_is_at (&w, "parts"))
        rc = health_parts (&w);
    else if (walk_is_at (&w, "sensors"))
        emit_sensors (&w);
    else
        return health_read (&w);
    return rc == FARRIER_DONE ? health_judge (&w) : rc;
}

/* --- jobs.list ------------------------------------------------------------------------------ */

static int32_t
jobs_read (struct walk *w)
{
    struct farrier_collect what = FARRIER_INIT (struct farrier_collect);
    if (w->service.tasks == NULL)
        return farrier_fail (w->step, w->err, FARRIER_E_UNSUPPORTED, "this BMC has no TaskService");
    what.collection = w->service.tasks;
    what.expand = w->service.expand;
    what.max_in_flight = w->config->max_in_flight;
    what.label = "read the tasks";
    walk_go (w, "jobs");
    return walk_pending (farrier_await_collect (w->step, &what, w->err));
}

static void
put_text (struct walk *w, struct farrier_json *job, const char *name, const char *value)
{
    if (value != NULL)
        farrier_json_put (job, name, farrier_json_string (w->step, value));
}

int32_t
jobs_list_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    int32_t rc = walk_begin (&w, self, step, err);
    if (rc != FARRIER_DONE)
        return rc;
    if (!walk_is_at (&w, "jobs"))
        return jobs_read (&w);
    if (w.wake.code != 0 && w.wake.documents == 0)
        return walk_fail_wake (&w, "the tasks can't be read");
    struct farrier_json *jobs = farrier_json_array (step);
    for (uint32_t i = 0; i < w.wake.documents; i++) {
        struct farrier_document d = FARRIER_INIT (struct farrier_document);
        if (farrier_wake_document (step, i, &d) != 0 || d.code != 0)
            continue;
        struct farrier_json *job = farrier_json_object (step);
        put_text (&w, job, "uri", redfish_link (d.json, ""));
        put_text (&w, job, "name", farrier_json_str_at (d.json, "/Name"));
        put_text (&w, job, "state", farrier_json_str_at (d.json, "/TaskState"));
        put_text (&w, job, "status", farrier_json_str_at (d.json, "/TaskStatus"));
        put_text (&w, job, "started", farrier_json_str_at (d.json, "/StartTime"));
        farrier_json_put (jobs, NULL, job);
    }
    farrier_result_set (step, "jobs", jobs);
    return FARRIER_DONE;
}
