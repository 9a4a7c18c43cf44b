/* sim_update: writes images to components and activates them: the engine behind UpdateService.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_update.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_fault.h"
#include "sim_fleet.h"
#include "sim_message.h"
#include "sim_power.h"
#include "sim_pull.h"
#include "sim_router.h"
#include "sim_task.h"
#include "sim_timer.h"

#define ROOT "/redfish/v1"
#define VERIFY_PERCENT 10
#define SELF_REBOOT_MS 1000 /* from "written" to the restart that a BMC does by itself */

static void arm (struct sim_update *u);

static struct sim_component *
component_of (const struct sim_update *u)
{
    return u->component < 0 ? NULL : &u->bmc->components[u->component];
}

static void
update_free (struct sim_update *u)
{
    struct sim_component *c = component_of (u);

    if (c != NULL && (u->flash.state == SIM_FLASH_WRITING || u->lagging))
        c->updating = false;
    if (u->pull != NULL)
        sim_pull_forget (u->pull);
    if (u->task != NULL)
        u->task->update = NULL;
    sim_timer_stop (&u->timer);
    list_remove (&u->link);
    mem_free (u->foreign_version);
    mem_free (u);
}

void
sim_update_drop_all (struct sim_bmc *bmc)
{
    list_for_each_safe (it, next, &bmc->updates)
        update_free (list_entry (it, struct sim_update, link));
}

static void
say (struct sim_update *u, const char *message)
{
    struct sim_component *c = component_of (u);

    /* OpenBMC's tasks speak the TaskEvent registry only. */
    if (u->task == NULL || c == NULL || u->bmc->personality->hides_cause)
        return;
    char *id = sim_bmc_inventory_id (c, c->version);
    char *uri = str_printf (ROOT "/UpdateService/FirmwareInventory/%s", id);
    char *image = str_printf ("%s %s", u->image.component, u->image.version);
    /* UpdateSuccessful names the device first, all others the image. */
    if (str_eq (message, "Update.UpdateSuccessful") || str_eq (message, "Update.TargetDetermined"))
        sim_task_say (u->task, sim_message_new (message, uri, image));
    else
        sim_task_say (u->task, sim_message_new (message, image, uri));
    mem_free (id);
    mem_free (uri);
    mem_free (image);
}

static void
say_reset (struct sim_update *u)
{
    const struct sim_personality *p = u->bmc->personality;
    struct sim_component *c = component_of (u);
    bool is_bmc = c->def->activation == SIM_ACTIVATE_BMC_RESET;
    const char *type = is_bmc                                          ? "GracefulRestart"
                       : c->def->activation == SIM_ACTIVATE_HOST_POWER ? "PowerCycle"
                                                                       : "ForceRestart";

    if (u->task == NULL)
        return;
    char *uri = is_bmc ? str_printf (ROOT "/Managers/%s/Actions/Manager.Reset", p->manager_id)
                       : str_printf (ROOT "/Systems/%s/Actions/ComputerSystem.Reset", p->system_id);
    sim_task_say (u->task, sim_message_new ("Base.ResetRequired", uri, type));
    mem_free (uri);
}

static void
end_task (struct sim_update *u, const char *state, const char *status)
{
    struct sim_task *task = u->task;

    if (task == NULL)
        return;
    task->percent = sim_update_percent (u);
    sim_task_end (task, state, status);
}

/* The update ends without success. */
static void
fail_update (struct sim_update *u, const char *message)
{
    struct sim_component *c = component_of (u);

    if (message != NULL && !u->bmc->personality->hides_cause)
        say (u, message);
    end_task (u, "Exception", u->bmc->personality->hides_cause ? "Warning" : "Critical");
    sim_stats_undo (u->bmc, u->change_seq);
    if (c != NULL && c->updating && c->def->two_slots) {
        mem_free (c->standby); /* half an image is none */
        c->standby = NULL;
    }
    update_free (u);
}

static void
break_flash (struct sim_update *u)
{
    struct sim_component *c = component_of (u);

    if (!u->foreign && c != NULL) {
        c->counters.flashes_failed++;
        u->bmc->counters.flashes_failed++;
    }
    fail_update (u, "Update.ApplyFailed");
}

static void
on_reboot_by_itself (void *arg)
{
    sim_bmc_reboot (arg, 0);
}

/* What is written begins to run, or waits for a reset. */
static void
activate (struct sim_update *u, const char *version)
{
    struct sim_bmc *bmc = u->bmc;
    struct sim_component *c = component_of (u);

    if (c->def->two_slots) {
        str_set (&c->standby, version);
        str_set (&c->pending, version);
        if (u->request.apply == SIM_APPLY_IMMEDIATE)
            sim_timer_start (&bmc->fleet->loop, &bmc->phase_timer,
                             sim_bmc_scaled (bmc, SELF_REBOOT_MS), on_reboot_by_itself, bmc);
    } else if (c->def->activation == SIM_ACTIVATE_SELF
               || (u->at_reset && bmc->phase != SIM_PHASE_DOWN)) {
        str_set (&c->version, version);
        mem_free (c->pending);
        c->pending = NULL;
        c->counters.activations++;
    } else {
        str_set (&c->pending, version);
    }
}

static void
complete (struct sim_update *u)
{
    struct sim_bmc *bmc = u->bmc;
    struct sim_component *c = component_of (u);
    struct sim_fault *wrong
        = sim_fault_take_component (bmc, SIM_FAULT_WRONG_VERSION, c->def->component);
    const char *version = u->image.version;

    if (wrong != NULL)
        version = str_empty (wrong->version) ? "0.0.0-wrong" : wrong->version;
    c->updating = false;
    u->lagging = false;
    sim_stats_flash_completed (bmc, u->component, version);
    activate (u, version);
    update_free (u);
}

static void
on_lag_over (void *arg)
{
    complete (arg);
}

/* All bytes are in flash (or, with early success, the task only says so). */
static void
finish_write (struct sim_update *u)
{
    struct sim_component *c = component_of (u);
    bool waits = c->def->activation != SIM_ACTIVATE_SELF && !u->at_reset;

    if (waits && !c->def->two_slots) {
        say (u, "Update.AwaitToActivate");
        say_reset (u);
    } else {
        say (u, "Update.UpdateSuccessful");
    }
    end_task (u, "Completed", "OK");
    if (u->lag_ms > 0) {
        u->lagging = true;
        sim_timer_start (&u->bmc->fleet->loop, &u->timer, u->lag_ms, on_lag_over, u);
        return;
    }
    complete (u);
}

static void
finish_foreign (struct sim_update *u)
{
    struct sim_component *c = component_of (u);

    if (c != NULL) {
        c->updating = false;
        if (!str_empty (u->foreign_version))
            str_set (&c->version, u->foreign_version);
    }
    end_task (u, "Completed", "OK");
    update_free (u);
}

static void
start_flash (struct sim_update *u)
{
    struct sim_bmc *bmc = u->bmc;
    struct sim_component *c = component_of (u);
    struct sim_fault *fault
        = sim_fault_take_component (bmc, SIM_FAULT_FLASH_FAIL, c->def->component);

    c->updating = true;
    c->counters.flashes_started++;
    bmc->counters.flashes_started++;
    if (c->def->two_slots) {
        mem_free (c->pending);
        c->pending = NULL;
        str_set (&c->standby, u->image.version);
    }
    if (fault != NULL)
        u->flash.fail_percent = fault->percent;
    fault = sim_fault_take_component (bmc, SIM_FAULT_EARLY_SUCCESS, c->def->component);
    if (fault != NULL)
        u->lag_ms = fault->ms >= 0 ? fault->ms : 5000;
    if (u->task != NULL)
        sim_task_set (u->task, "Running", "OK", VERIFY_PERCENT);
    say (u, "Update.InstallingOnComponent");
}

static void
stage (struct sim_update *u)
{
    say (u, "Update.AwaitToUpdate");
    if (u->request.apply == SIM_APPLY_ON_START) {
        end_task (u, "Completed", "OK");
        return;
    }
    say_reset (u);
    if (u->task != NULL)
        sim_task_set (u->task, "Pending", "OK", VERIFY_PERCENT);
}

static void
on_due (void *arg)
{
    struct sim_update *u = arg;
    int64_t now = sim_bmc_now (u->bmc);

    for (;;) {
        switch (sim_flash_advance (&u->flash, now)) {
        case SIM_FLASH_NOTHING: arm (u); return;
        case SIM_FLASH_REFUSED: fail_update (u, "Update.VerificationFailed"); return;
        case SIM_FLASH_NOW_STAGED: stage (u); break;
        case SIM_FLASH_STARTED:
            start_flash (u);
            if (sim_fault_armed (u->bmc, SIM_FAULT_TASK_STUCK)) {
                arm (u);               /* also when the loop comes so late that it would be over */
                return;
            }
            break;
        case SIM_FLASH_BROKE: break_flash (u); return;
        case SIM_FLASH_DONE:
            if (u->foreign)
                finish_foreign (u);
            else
                finish_write (u);
            return;
        }
    }
}

static void
arm (struct sim_update *u)
{
    int64_t due = sim_flash_due (&u->flash);

    if (due < 0)
        return;
    /* A stuck task: looked at again and again, never due. */
    if (sim_fault_armed (u->bmc, SIM_FAULT_TASK_STUCK) && u->flash.state == SIM_FLASH_WRITING) {
        u->stuck = true;
        return;
    }
    sim_timer_start (&u->bmc->fleet->loop, &u->timer, due - sim_bmc_now (u->bmc), on_due, u);
}

void
sim_update_end_lag (struct sim_bmc *bmc)
{
    list_for_each_safe (it, next, &bmc->updates) {
        struct sim_update *u = list_entry (it, struct sim_update, link);

        if (!u->lagging)
            continue;
        sim_timer_stop (&u->timer);
        complete (u);
    }
}

void
sim_update_unstick (struct sim_bmc *bmc)
{
    list_for_each (it, &bmc->updates) {
        struct sim_update *u = list_entry (it, struct sim_update, link);

        if (!u->stuck)
            continue;
        u->stuck = false;
        arm (u);
    }
}

int
sim_update_percent (const struct sim_update *u)
{
    if (u->pull != NULL)
        return 0;
    if (u->stuck)
        return VERIFY_PERCENT + 27;
    return sim_flash_percent (&u->flash, sim_bmc_now (u->bmc));
}

bool
sim_update_is_busy (struct sim_bmc *bmc, int component)
{
    list_for_each (it, &bmc->updates) {
        struct sim_update *u = list_entry (it, struct sim_update, link);

        if (u->flash.state == SIM_FLASH_STAGED && u->pull == NULL)
            continue;
        if (bmc->personality->one_update || (u->foreign && u->component < 0))
            return true;
        if (component >= 0 && u->component == component)
            return true;
    }
    return false;
}

/* A staged image gives way to a new one for the same component. */
static void
replace_staged (struct sim_bmc *bmc, int component)
{
    list_for_each_safe (it, next, &bmc->updates) {
        struct sim_update *u = list_entry (it, struct sim_update, link);

        if (u->flash.state != SIM_FLASH_STAGED || u->component != component || u->pull != NULL)
            continue;
        end_task (u, "Cancelled", "Warning");
        update_free (u);
    }
}

static struct sim_update *
update_new (struct sim_bmc *bmc, const struct sim_update_request *request, const char *task_name)
{
    struct sim_update *u = mem_alloc (sizeof *u);

    u->bmc = bmc;
    u->component = -1;
    u->request = *request;
    u->flash.fail_percent = -1;
    u->task = sim_task_new (bmc, task_name);
    u->task->update = u;
    list_add_tail (&bmc->updates, &u->link);
    return u;
}

/* Why this image cannot go there; NULL when it can. Sets *ret_component as soon as it is known. */
static const char *
judge (struct sim_bmc *bmc, const struct sim_image *image, const struct sim_update_request *request,
       int *ret_component)
{
    const struct sim_personality *p = bmc->personality;
    int target = *request->target == '\0' ? -1 : sim_update_component_of (bmc, request->target);

    *ret_component = target;
    if (!image->valid)
        return image->problem;
    int component = sim_personality_index (p, image->component);
    if (component < 0 || !str_eq (image->model, p->name))
        return "the image is for another model";
    if (*ret_component >= 0 && target != component)
        return "the image is for another component than the target";
    *ret_component = component;
    const struct sim_component_def *def = vec_at (&p->components, (size_t) component);
    if (!def->updateable)
        return "the component is not updateable";
    if (request->is_raw && p->hides_cause && !def->two_slots)
        return "a raw push takes images of the BMC only";
    if (def->needs_host_off && bmc->power != SIM_POWER_OFF)
        return "the host must be off";
    return NULL;
}

static void
begin (struct sim_update *u, const struct sim_image *image, const char *problem)
{
    struct sim_bmc *bmc = u->bmc;
    const struct sim_personality *p = bmc->personality;
    struct sim_component *c = component_of (u);
    double factor = c == NULL ? 1.0 : c->def->flash_factor;
    int64_t total
        = (int64_t) ((double) sim_bmc_scaled (bmc, bmc->fleet->options->flash_ms) * factor);
    bool writes_first
        = u->request.apply == SIM_APPLY_ON_RESET
          && (p->on_reset_writes_first || (c != NULL && c->def->activation == SIM_ACTIVATE_SELF));

    u->image = *image;
    u->flash.image_ok = problem == NULL;
    u->flash.verify_ms = total * VERIFY_PERCENT / 100;
    u->flash.write_ms = total - u->flash.verify_ms;
    u->flash.waits = u->request.apply != SIM_APPLY_IMMEDIATE && !writes_first;
    if (c != NULL && problem == NULL) {
        c->counters.uploads++;
        say (u, "Update.TargetDetermined");
        say (u, "Update.TransferringToComponent");
    } else if (c == NULL && !p->hides_cause) {
        sim_task_say (u->task, sim_message_new ("Update.NoTargetsDetermined", problem));
    }
    say (u, "Update.VerifyingAtComponent");
    sim_flash_begin (&u->flash, sim_bmc_now (bmc));
    arm (u);
}

static bool
version_exists (struct sim_bmc *bmc, const struct sim_image *image)
{
    const struct sim_component *c = sim_bmc_component (bmc, image->component);

    return image->valid && c != NULL && c->def->two_slots
           && (str_eq (c->version, image->version) || str_eq (c->standby, image->version));
}

void
sim_update_accept (struct sim_call *call, const struct sim_image *image,
                   const struct sim_update_request *request)
{
    struct sim_bmc *bmc = call->bmc;
    const struct sim_personality *p = bmc->personality;
    int component;
    const char *problem = judge (bmc, image, request, &component);

    if (sim_update_is_busy (bmc, component)) {
        sim_call_unavailable (call, p->retry_after_s);
        return;
    }
    if (p->hides_cause && problem != NULL && !str_eq (problem, "the host must be off")) {
        sim_message_error (call, 400, "Base.MissingOrMalformedPart");
        return;
    }
    if (version_exists (bmc, image)) {
        sim_message_error (call, 400, "Base.ResourceAlreadyExists", "UpdateService", "Version",
                           "uploaded version");
        return;
    }
    replace_staged (bmc, component);
    struct sim_update *u = update_new (bmc, request, "Firmware Update (simulated)");
    u->component = component;
    u->change_seq = sim_stats_change (bmc, call->method, call->path, image->sha256,
                                      strlen (image->sha256), 202);
    call->counted = true;
    if (component >= 0)
        sim_stats_image (bmc, u->change_seq, component, image->sha256);
    struct sim_task *task = u->task;
    begin (u, image, problem);
    sim_task_accept (call, task);
}

void
sim_update_pulled (struct sim_update *u, const struct sim_image *image, const char *problem)
{
    int component;

    u->pull = NULL;
    if (image == NULL) {
        if (u->task != NULL)
            sim_task_say (u->task, sim_message_new ("Update.TransferFailed", problem, "the BMC"));
        end_task (u, "Exception", "Critical");
        sim_stats_undo (u->bmc, u->change_seq);
        update_free (u);
        return;
    }
    u->bmc->counters.pulls++;
    problem = judge (u->bmc, image, &u->request, &component);
    if (problem == NULL && sim_update_is_busy (u->bmc, component))
        problem = "the component is being updated";
    if (problem == NULL)
        replace_staged (u->bmc, component);
    u->component = component;
    if (component >= 0)
        sim_stats_image (u->bmc, u->change_seq, component, image->sha256);
    begin (u, image, problem);
}

void
sim_update_begin_foreign (struct sim_bmc *bmc, int component, const char *version, int64_t ms)
{
    struct sim_update_request request = { .apply = SIM_APPLY_IMMEDIATE };
    struct sim_update *u
        = update_new (bmc, &request, "Firmware Update by another client (simulated)");

    u->foreign = true;
    u->component = component;
    u->foreign_version = str_dup (version);
    u->flash.state = SIM_FLASH_WRITING;
    u->flash.since_ms = sim_bmc_now (bmc);
    u->flash.write_ms = ms;
    if (component >= 0)
        bmc->components[component].updating = true;
    sim_task_say (u->task, sim_message_new ("Update.UpdateInProgress"));
    arm (u);
}

/* Written during the restart: at once, as far as anybody can see. */
static int64_t
write_at_bmc_reset (struct sim_update *u)
{
    int64_t ms = u->flash.write_ms;

    u->at_reset = true;
    sim_flash_go (&u->flash, sim_bmc_now (u->bmc));
    start_flash (u);
    if (u->flash.fail_percent >= 0)
        break_flash (u);
    else
        finish_write (u);
    return ms;
}

int64_t
sim_update_on_bmc_reset (struct sim_bmc *bmc)
{
    int64_t extra_ms = 0;

    list_for_each_safe (it, next, &bmc->updates) {
        struct sim_update *u = list_entry (it, struct sim_update, link);
        struct sim_component *c = component_of (u);

        if (u->pull != NULL) {
            fail_update (u, "Update.TransferFailed");
        } else if (u->flash.state == SIM_FLASH_WRITING || u->lagging) {
            break_flash (u);
        } else if (u->flash.state == SIM_FLASH_VERIFY) {
            fail_update (u, "Update.ApplyFailed");
        } else if (u->flash.state == SIM_FLASH_STAGED && u->request.apply == SIM_APPLY_ON_RESET
                   && c->def->activation == SIM_ACTIVATE_BMC_RESET) {
            extra_ms += write_at_bmc_reset (u);
        }
    }
    return extra_ms;
}

static bool
belongs_to_host (const struct sim_component *c)
{
    return c != NULL
           && (c->def->activation == SIM_ACTIVATE_HOST_RESET
               || c->def->activation == SIM_ACTIVATE_HOST_POWER);
}

int64_t
sim_update_on_host_boot (struct sim_bmc *bmc, bool power_was_cut)
{
    int64_t extra_ms = 0;

    list_for_each_safe (it, next, &bmc->updates) {
        struct sim_update *u = list_entry (it, struct sim_update, link);
        struct sim_component *c = component_of (u);

        if (!belongs_to_host (c) || u->pull != NULL)
            continue;
        if ((u->flash.state == SIM_FLASH_WRITING && !u->at_reset) || u->lagging) {
            break_flash (u);
        } else if (u->flash.state == SIM_FLASH_STAGED && u->request.apply == SIM_APPLY_ON_RESET
                   && (power_was_cut || c->def->activation == SIM_ACTIVATE_HOST_RESET)) {
            u->at_reset = true;
            extra_ms += u->flash.write_ms;
            sim_flash_go (&u->flash, sim_bmc_now (bmc));
            start_flash (u);
            arm (u);
        }
    }
    return extra_ms;
}

void
sim_update_on_power_off (struct sim_bmc *bmc)
{
    list_for_each_safe (it, next, &bmc->updates) {
        struct sim_update *u = list_entry (it, struct sim_update, link);
        struct sim_component *c = component_of (u);

        if (belongs_to_host (c) && u->pull == NULL && !c->def->needs_host_off
            && (u->flash.state == SIM_FLASH_WRITING || u->lagging))
            break_flash (u);
    }
}

void
sim_update_after_host_boot (struct sim_bmc *bmc)
{
    for (size_t i = 0; i < bmc->personality->components.count; i++) {
        struct sim_component *c = &bmc->components[i];

        if (c->pending == NULL || !belongs_to_host (c)
            || (c->def->activation == SIM_ACTIVATE_HOST_POWER && !bmc->power_was_cut))
            continue;
        mem_free (c->version);
        c->version = c->pending;
        c->pending = NULL;
        c->counters.activations++;
    }
}

void
sim_update_simple (struct sim_call *call)
{
    struct sim_bmc *bmc = call->bmc;
    struct sim_update_request request = { .apply = SIM_APPLY_IMMEDIATE };
    const char *uri = json_str (call->json, "/ImageURI");

    if (!sim_update_read_simple (call, &request))
        return;
    if (sim_update_is_busy (
            bmc, *request.target == '\0' ? -1 : sim_update_component_of (bmc, request.target))) {
        sim_call_unavailable (call, bmc->personality->retry_after_s);
        return;
    }
    struct sim_update *u = update_new (bmc, &request, "Firmware Update (simulated)");
    u->flash.state = SIM_FLASH_STAGED; /* nothing is due until the image is here */
    u->change_seq
        = sim_stats_change (bmc, call->method, call->path, call->body.data, call->body.len, 202);
    call->counted = true;
    char *full = strstr (uri, "://") != NULL ? str_dup (uri) : str_printf ("http://%s", uri);
    u->pull = sim_pull_start (call->fleet, u, full);
    mem_free (full);
    sim_task_accept (call, u->task);
}

void
sim_update_start (struct sim_call *call)
{
    struct sim_bmc *bmc = call->bmc;
    struct sim_task *task = NULL;

    if (!bmc->personality->start_update) {
        sim_call_not_found (call);
        return;
    }
    list_for_each (it, &bmc->updates) {
        struct sim_update *u = list_entry (it, struct sim_update, link);

        if (u->flash.state != SIM_FLASH_STAGED || u->request.apply != SIM_APPLY_ON_START
            || u->pull != NULL)
            continue;
        task = sim_task_new (bmc, "Start Update (simulated)");
        u->task = task;
        task->update = u;
        sim_flash_go (&u->flash, sim_bmc_now (bmc));
        start_flash (u);
        arm (u);
    }
    if (task == NULL)
        sim_message_error (call, 400, "Base.NoOperation");
    else
        sim_task_accept (call, task);
}
