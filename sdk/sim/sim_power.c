/* sim_power: the host's power and boot, and the Reset actions.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_power.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_bios.h"
#include "sim_fleet.h"
#include "sim_message.h"
#include "sim_router.h"
#include "sim_timer.h"
#include "sim_update.h"

#define ROOT "/redfish/v1"
#define STOP_MS 2000        /* what an orderly shutdown takes */
#define CYCLE_MS 1000       /* off within a power cycle */
#define REBOOT_DELAY_MS 200 /* the answer goes out first */

const char *
sim_power_state (const struct sim_bmc *bmc)
{
    switch (bmc->power) {
    case SIM_POWER_OFF: return "Off";
    case SIM_POWER_STOPPING: return "PoweringOff";
    case SIM_POWER_ON: break;
    }
    return "On";
}

const char *
sim_power_boot_state (const struct sim_bmc *bmc)
{
    static const char *const states[] = {
        "PrimaryProcessorInitializationStarted",
        "MemoryInitializationStarted",
        "PCIResourceConfigStarted",
        "SystemHardwareInitializationComplete",
        "OSBootStarted",
    };
    int64_t elapsed = sim_bmc_now (bmc) - bmc->boot_started_ms;
    size_t count = sizeof states / sizeof states[0];

    if (bmc->power == SIM_POWER_OFF)
        return "None";
    if (!bmc->booting)
        return "OSRunning";
    size_t i = bmc->boot_ms <= 0 ? count - 1 : (size_t) (elapsed * (int64_t) count / bmc->boot_ms);
    return states[i < count ? i : count - 1];
}

static void
on_booted (void *arg)
{
    struct sim_bmc *bmc = arg;

    bmc->booting = false;
    sim_bios_on_boot (bmc);
    sim_update_after_host_boot (bmc);
    bmc->power_was_cut = false;
}

static void
boot (void *arg)
{
    struct sim_bmc *bmc = arg;

    bmc->power = SIM_POWER_ON;
    bmc->booting = true;
    bmc->boot_started_ms = sim_bmc_now (bmc);
    bmc->boot_ms = sim_bmc_scaled (bmc, bmc->fleet->options->boot_ms)
                   + sim_update_on_host_boot (bmc, bmc->power_was_cut);
    sim_timer_start (&bmc->fleet->loop, &bmc->power_timer, bmc->boot_ms, on_booted, bmc);
}

static void
power_off (void *arg)
{
    struct sim_bmc *bmc = arg;

    sim_timer_stop (&bmc->power_timer);
    bmc->power = SIM_POWER_OFF;
    bmc->booting = false;
    bmc->power_was_cut = true;
    sim_update_on_power_off (bmc);
}

static void
cycle (void *arg)
{
    struct sim_bmc *bmc = arg;

    power_off (bmc);
    sim_timer_start (&bmc->fleet->loop, &bmc->power_timer, sim_bmc_scaled (bmc, CYCLE_MS), boot,
                     bmc);
}

static void
later (struct sim_bmc *bmc, int64_t ms, void (*fn) (void *arg))
{
    sim_timer_start (&bmc->fleet->loop, &bmc->power_timer, sim_bmc_scaled (bmc, ms), fn, bmc);
}

void
sim_power_set (struct sim_bmc *bmc, int on)
{
    if (!on)
        power_off (bmc);
    else if (bmc->power != SIM_POWER_ON)
        boot (bmc);
}

static void
reset_host (struct sim_bmc *bmc, const char *type)
{
    bool is_on = bmc->power == SIM_POWER_ON;

    if (str_eq (type, "On") || str_eq (type, "ForceOn")) {
        if (!is_on)
            boot (bmc);
    } else if (str_eq (type, "ForceOff")) {
        power_off (bmc);
    } else if (str_eq (type, "GracefulShutdown") && is_on) {
        bmc->power = SIM_POWER_STOPPING;
        later (bmc, STOP_MS, power_off);
    } else if (str_eq (type, "GracefulRestart") && is_on) {
        later (bmc, STOP_MS, boot);
    } else if (str_eq (type, "ForceRestart") && is_on) {
        boot (bmc);
    } else if (str_eq (type, "PowerCycle")) {
        cycle (bmc);
    }
}

static bool
type_is_allowed (const struct vec *types, const char *type)
{
    for (size_t i = 0; i < types->count; i++)
        if (str_eq (vec_at (types, i), type))
            return true;
    return false;
}

/* The ResetType of the body; NULL: answered with an error. */
static const char *
read_type (struct sim_call *call, const struct vec *types, const char *action, const char *fallback)
{
    const char *key, *type = json_str_or (call->json, "/ResetType", fallback);
    json_t *value;

    json_object_foreach (call->json, key, value)
    {
        if (!str_eq (key, "ResetType")) {
            sim_message_error (call, 400, "Base.ActionParameterUnknown", action, key);
            return NULL;
        }
    }
    if (type == NULL) {
        sim_message_error (call, 400, "Base.ActionParameterMissing", action, "ResetType");
        return NULL;
    }
    if (!type_is_allowed (types, type)) {
        sim_message_error (call, 400, "Base.ActionParameterValueNotInList", type, "ResetType",
                           action);
        return NULL;
    }
    return type;
}

void
sim_power_reset_host (struct sim_call *call)
{
    struct sim_bmc *bmc = call->bmc;
    const char *type = read_type (call, &bmc->personality->system_resets, "Reset", NULL);

    if (type == NULL)
        return;
    bmc->counters.resets_host++;
    reset_host (bmc, type);
    sim_call_answer (call, 204, NULL);
}

static void
on_reboot (void *arg)
{
    sim_bmc_reboot (arg, 0);
}

static void
reboot_soon (struct sim_bmc *bmc)
{
    const struct sim_latency *latency = &bmc->fleet->options->latency;

    sim_timer_start (&bmc->fleet->loop, &bmc->phase_timer,
                     REBOOT_DELAY_MS + (int64_t) latency->cap_ms, on_reboot, bmc);
}

void
sim_power_reset_bmc (struct sim_call *call)
{
    struct sim_bmc *bmc = call->bmc;

    if (read_type (call, &bmc->personality->manager_resets, "Reset", "GracefulRestart") == NULL)
        return;
    reboot_soon (bmc);
    sim_call_answer (call, 204, NULL);
}

static void
answer_info (struct sim_call *call, const char *below, const char *id, const struct vec *types)
{
    char *uri = str_printf (ROOT "/%s/%s/ResetActionInfo", below, id);
    json_t *values = json_array ();

    if (!call->bmc->personality->action_info) {
        sim_call_not_found (call);
        json_decref (values);
        mem_free (uri);
        return;
    }
    for (size_t i = 0; i < types->count; i++)
        json_array_append_new (values, json_string (vec_at (types, i)));
    json_t *doc = sim_doc_new (uri, "#ActionInfo.v1_3_0.ActionInfo", "ResetActionInfo",
                               "Reset Action Info");
    json_put (doc, "Parameters",
              json_pack ("[{s:s,s:b,s:s,s:o}]", "Name", "ResetType", "Required", 1, "DataType",
                         "String", "AllowableValues", values));
    sim_call_answer (call, 200, doc);
    mem_free (uri);
}

void
sim_power_get_host_info (struct sim_call *call)
{
    const struct sim_personality *p = call->bmc->personality;

    answer_info (call, "Systems", p->system_id, &p->system_resets);
}

void
sim_power_get_bmc_info (struct sim_call *call)
{
    const struct sim_personality *p = call->bmc->personality;

    answer_info (call, "Managers", p->manager_id, &p->manager_resets);
}

/* Chooses the image that runs after the restart that this begins. */
void
sim_power_patch_bmc (struct sim_call *call)
{
    struct sim_bmc *bmc = call->bmc;
    struct sim_component *c = sim_bmc_component (bmc, "bmc");
    const char *uri = json_str (call->json, "/Links/ActiveSoftwareImage/@odata.id");
    const char *prefix = ROOT "/UpdateService/FirmwareInventory/";

    if (c == NULL || !c->def->two_slots || uri == NULL || json_object_size (call->json) != 1) {
        const char *key = json_object_iter_key (json_object_iter (call->json));
        sim_message_error (call, 400, "Base.PropertyUnknown", key == NULL ? "Links" : key);
        return;
    }
    char *active = sim_bmc_inventory_id (c, c->version);
    char *standby = c->standby == NULL ? NULL : sim_bmc_inventory_id (c, c->standby);
    const char *id = str_starts (uri, prefix) ? uri + strlen (prefix) : "";
    if (str_eq (id, active)) {
        mem_free (c->pending);
        c->pending = NULL;
        sim_call_answer (call, 204, NULL);
    } else if (standby != NULL && str_eq (id, standby) && !c->updating) {
        str_set (&c->pending, c->standby);
        reboot_soon (bmc);
        sim_call_answer (call, 204, NULL);
    } else {
        sim_message_error (call, 400, "Base.PropertyValueNotInList", uri, "@odata.id");
    }
    mem_free (active);
    mem_free (standby);
}
