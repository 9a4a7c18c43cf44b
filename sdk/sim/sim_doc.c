/* sim_doc: the service root, systems, managers, chassis, and what a personality's file adds.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_doc.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_fleet.h"
#include "sim_message.h"
#include "sim_power.h"
#include "sim_router.h"

#define ROOT "/redfish/v1"

static void
put_time (json_t *doc, const char *key, int64_t wall_ms)
{
    char *text = clock_iso8601 (wall_ms / 1000 * 1000);

    /* BMCs write whole seconds. */
    char *dot = strchr (text, '.');
    if (dot != NULL)
        str_copy (dot, 2, "Z");
    json_put_str (doc, key, text);
    mem_free (text);
}

static void
put_status (json_t *doc, const char *state)
{
    json_put (doc, "Status",
              json_pack ("{s:s,s:s,s:s}", "State", state, "Health", "OK", "HealthRollup", "OK"));
}

static void
put_reset (json_t *doc, const char *action, const char *target_of, const struct vec *types,
           bool action_info)
{
    json_t *entry = json_object (), *list = json_array ();
    char *key = str_printf ("#%s", action);

    json_put (entry, "target", json_sprintf ("%s/Actions/%s", target_of, action));
    for (size_t i = 0; i < types->count; i++)
        json_array_append_new (list, json_string (vec_at (types, i)));
    if (action_info) {
        json_put (entry, "@Redfish.ActionInfo", json_sprintf ("%s/ResetActionInfo", target_of));
        json_decref (list);
    } else {
        json_put (entry, "ResetType@Redfish.AllowableValues", list);
    }
    json_t *actions = json_object ();
    json_put (actions, key, entry);
    json_put (doc, "Actions", actions);
    mem_free (key);
}

void
sim_doc_get_versions (struct sim_call *call)
{
    sim_call_answer (call, 200, json_pack ("{s:s}", "v1", ROOT "/"));
}

static void
put_features (const struct sim_personality *p, json_t *doc)
{
    json_t *features = json_pack ("{s:b,s:b,s:b,s:b}", "ExcerptQuery", 0, "FilterQuery", 0,
                                  "OnlyMemberQuery", p->only_query, "SelectQuery", p->select_query);
    bool expands = p->expand_levels > 0;
    json_t *expand = json_pack ("{s:b,s:b,s:b,s:b}", "ExpandAll", expands, "Levels", expands,
                                "Links", expands, "NoLinks", expands);

    if (expands)
        json_put_int (expand, "MaxLevels", p->expand_levels);
    json_put (features, "ExpandQuery", expand);
    json_put (doc, "ProtocolFeaturesSupported", features);
}

void
sim_doc_get_root (struct sim_call *call)
{
    const struct sim_personality *p = call->bmc->personality;
    json_t *doc
        = sim_doc_new (ROOT, "#ServiceRoot.v1_15_0.ServiceRoot", "RootService", "Root Service");
    static const char *const services[][2] = {
        { "Systems", "Systems" },
        { "Chassis", "Chassis" },
        { "Managers", "Managers" },
        { "UpdateService", "UpdateService" },
        { "SessionService", "SessionService" },
        { "AccountService", "AccountService" },
        { "Tasks", "TaskService" },
        { "JsonSchemas", "JsonSchemas" },
        { "Registries", "Registries" },
    };
    char uuid[37];

    sim_bmc_uuid (call->bmc, SIM_UUID_SERVICE, uuid);
    json_put_str (doc, "RedfishVersion", p->redfish_version);
    json_put_str (doc, "UUID", uuid);
    json_put_str (doc, "Description", "A simulated BMC of farrier-sim; no hardware is behind it");
    if (*p->vendor != '\0')
        json_put_str (doc, "Vendor", p->vendor);
    if (*p->product != '\0')
        json_put_str (doc, "Product", p->product);
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        json_put (doc, services[i][0], sim_doc_link (ROOT "/%s", services[i][1]));
    json_put (doc, "Links",
              json_pack ("{s:o,s:o}", "Sessions", sim_doc_link (ROOT "/SessionService/Sessions"),
                         "ManagerProvidingService",
                         sim_doc_link (ROOT "/Managers/%s", p->manager_id)));
    put_features (p, doc);
    sim_bmc_decorate (call->bmc, "service_root", doc);
    sim_call_answer (call, 200, doc);
}

static void
answer_one_member (struct sim_call *call, const char *uri, const char *type, const char *name,
                   const char *id)
{
    json_t *doc = sim_doc_collection (uri, type, name);

    sim_doc_add_member (doc, "%s/%s", uri, id);
    sim_call_answer (call, 200, doc);
}

void
sim_doc_get_systems (struct sim_call *call)
{
    answer_one_member (call, ROOT "/Systems", "ComputerSystemCollection",
                       "Computer System Collection", call->bmc->personality->system_id);
}

void
sim_doc_get_managers (struct sim_call *call)
{
    answer_one_member (call, ROOT "/Managers", "ManagerCollection", "Manager Collection",
                       call->bmc->personality->manager_id);
}

void
sim_doc_get_chassis_all (struct sim_call *call)
{
    answer_one_member (call, ROOT "/Chassis", "ChassisCollection", "Chassis Collection",
                       call->bmc->personality->chassis_id);
}

static void
put_versions (struct sim_bmc *bmc, json_t *doc, const char *key, const char *component)
{
    const struct sim_component *c = sim_bmc_component (bmc, component);

    if (c != NULL)
        json_put_str (doc, key, c->version);
}

void
sim_doc_get_system (struct sim_call *call)
{
    struct sim_bmc *bmc = call->bmc;
    const struct sim_personality *p = bmc->personality;
    char *uri = str_printf (ROOT "/Systems/%s", p->system_id), *serial = sim_bmc_serial (bmc),
         uuid[37];
    json_t *doc
        = sim_doc_new (uri, "#ComputerSystem.v1_20_0.ComputerSystem", p->system_id, p->system_name);

    sim_bmc_uuid (bmc, SIM_UUID_SYSTEM, uuid);
    json_put_str (doc, "Description", "Computer System (simulated)");
    json_put_str (doc, "SystemType", "Physical");
    json_put_str (doc, "Manufacturer", p->manufacturer);
    json_put_str (doc, "Model", p->model);
    if (*p->sku != '\0')
        json_put_str (doc, "SKU", p->sku);
    json_put_str (doc, "SerialNumber", serial);
    json_put_str (doc, "UUID", uuid);
    json_put_str (doc, "HostName", bmc->name);
    json_put_str (doc, "PowerState", sim_power_state (bmc));
    json_put_bool (doc, "LocationIndicatorActive", bmc->locator);
    put_versions (bmc, doc, "BiosVersion", "bios");
    json_put (doc, "BootProgress", json_pack ("{s:s}", "LastState", sim_power_boot_state (bmc)));
    json_put (doc, "Boot",
              json_pack ("{s:s,s:s,s:s,s:[s,s,s,s]}", "BootSourceOverrideEnabled", "Disabled",
                         "BootSourceOverrideMode", "UEFI", "BootSourceOverrideTarget", "None",
                         "BootSourceOverrideTarget@Redfish.AllowableValues", "None", "Pxe", "Hdd",
                         "BiosSetup"));
    put_status (doc, bmc->power == SIM_POWER_OFF ? "Disabled" : "Enabled");
    json_put (doc, "MemorySummary",
              json_pack ("{s:i,s:{s:s}}", "TotalSystemMemoryGiB", 256, "Status", "Health", "OK"));
    json_put (doc, "ProcessorSummary",
              json_pack ("{s:i,s:s}", "Count", 2, "Model", "Simulated Processor"));
    json_put (doc, "Bios", sim_doc_link ("%s/Bios", uri));
    json_put (doc, "Links",
              json_pack ("{s:[o],s:[o]}", "Chassis",
                         sim_doc_link (ROOT "/Chassis/%s", p->chassis_id), "ManagedBy",
                         sim_doc_link (ROOT "/Managers/%s", p->manager_id)));
    put_reset (doc, "ComputerSystem.Reset", uri, &p->system_resets, p->action_info);
    sim_bmc_decorate (bmc, "system", doc);
    sim_call_answer (call, 200, doc);
    mem_free (uri);
    mem_free (serial);
}

void
sim_doc_patch_system (struct sim_call *call)
{
    const json_t *active = json_object_get (call->json, "LocationIndicatorActive");
    const char *key = json_object_iter_key (json_object_iter (call->json));

    if (active == NULL || json_object_size (call->json) != 1) {
        sim_message_error (call, 400, "Base.PropertyUnknown", key == NULL ? "" : key);
    } else if (!json_is_boolean (active)) {
        sim_message_error (call, 400, "Base.PropertyValueTypeError", "?",
                           "LocationIndicatorActive");
    } else {
        call->bmc->locator = json_is_true (active);
        sim_call_answer (call, 204, NULL);
    }
}

/* Two-slot BMCs name their images. */
static void
put_images (struct sim_bmc *bmc, json_t *links)
{
    struct sim_component *c = sim_bmc_component (bmc, "bmc");

    if (c == NULL || !c->def->two_slots)
        return;
    char *active = sim_bmc_inventory_id (c, c->version);
    json_t *all = json_array ();
    json_array_append_new (all, sim_doc_link (ROOT "/UpdateService/FirmwareInventory/%s", active));
    json_put (links, "ActiveSoftwareImage",
              sim_doc_link (ROOT "/UpdateService/FirmwareInventory/%s", active));
    if (c->standby != NULL) {
        char *standby = sim_bmc_inventory_id (c, c->standby);
        json_array_append_new (all,
                               sim_doc_link (ROOT "/UpdateService/FirmwareInventory/%s", standby));
        mem_free (standby);
    }
    json_put_int (links, "SoftwareImages@odata.count", (long long) json_array_size (all));
    json_put (links, "SoftwareImages", all);
    mem_free (active);
}

void
sim_doc_get_manager (struct sim_call *call)
{
    struct sim_bmc *bmc = call->bmc;
    const struct sim_personality *p = bmc->personality;
    char *uri = str_printf (ROOT "/Managers/%s", p->manager_id), uuid[37];
    json_t *doc = sim_doc_new (uri, "#Manager.v1_16_0.Manager", p->manager_id, p->manager_name);
    json_t *links = json_pack ("{s:[o],s:[o],s:o}", "ManagerForServers",
                               sim_doc_link (ROOT "/Systems/%s", p->system_id), "ManagerForChassis",
                               sim_doc_link (ROOT "/Chassis/%s", p->chassis_id), "ManagerInChassis",
                               sim_doc_link (ROOT "/Chassis/%s", p->chassis_id));

    sim_bmc_uuid (bmc, SIM_UUID_SERVICE, uuid);
    json_put_str (doc, "Description", "Baseboard Management Controller (simulated)");
    json_put_str (doc, "ManagerType", "BMC");
    json_put_str (doc, "Model", p->manager_model);
    json_put_str (doc, "UUID", uuid);
    json_put_str (doc, "ServiceEntryPointUUID", uuid);
    put_versions (bmc, doc, "FirmwareVersion", "bmc");
    put_time (doc, "DateTime", clock_wall_ms ());
    json_put_str (doc, "DateTimeLocalOffset", "+00:00");
    put_time (doc, "LastResetTime", bmc->last_reset_ms);
    json_put_str (doc, "PowerState", "On");
    put_status (doc, bmc->phase == SIM_PHASE_STARTING ? "Starting" : "Enabled");
    put_images (bmc, links);
    json_put (doc, "Links", links);
    put_reset (doc, "Manager.Reset", uri, &p->manager_resets, p->action_info);
    sim_bmc_decorate (bmc, "manager", doc);
    sim_call_answer (call, 200, doc);
    mem_free (uri);
}

void
sim_doc_get_chassis (struct sim_call *call)
{
    struct sim_bmc *bmc = call->bmc;
    const struct sim_personality *p = bmc->personality;
    char *uri = str_printf (ROOT "/Chassis/%s", p->chassis_id), *serial = sim_bmc_serial (bmc);
    json_t *doc = sim_doc_new (uri, "#Chassis.v1_22_0.Chassis", p->chassis_id, "Chassis");

    json_put_str (doc, "Description", "Chassis (simulated)");
    json_put_str (doc, "ChassisType", "RackMount");
    json_put_str (doc, "Manufacturer", p->manufacturer);
    json_put_str (doc, "Model", p->model);
    json_put_str (doc, "SerialNumber", serial);
    json_put_str (doc, "PowerState", bmc->power == SIM_POWER_OFF ? "Off" : "On");
    put_status (doc, "Enabled");
    json_put (doc, "Links",
              json_pack ("{s:[o],s:[o]}", "ComputerSystems",
                         sim_doc_link (ROOT "/Systems/%s", p->system_id), "ManagedBy",
                         sim_doc_link (ROOT "/Managers/%s", p->manager_id)));
    sim_bmc_decorate (bmc, "chassis", doc);
    sim_call_answer (call, 200, doc);
    mem_free (uri);
    mem_free (serial);
}

void
sim_doc_get_own (struct sim_call *call)
{
    const struct vec *all = &call->bmc->personality->documents;

    for (size_t i = 0; i < all->count; i++) {
        const struct sim_document *d = vec_at (all, i);

        if (*d->uri == '\0')
            continue;
        char *uri = sim_bmc_expand (call->bmc, d->uri);
        bool same = str_eq (uri, call->path);
        mem_free (uri);
        if (!same)
            continue;
        char *text = sim_bmc_expand (call->bmc, d->json);
        json_t *doc = json_parse (text, strlen (text), NULL);
        mem_free (text);
        if (doc != NULL) {
            sim_call_answer (call, 200, doc);
            return;
        }
    }
    sim_call_not_found (call);
}
