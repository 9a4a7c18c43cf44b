/* sim_update_service: the documents of UpdateService and what a client may ask of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_fleet.h"
#include "sim_message.h"
#include "sim_router.h"
#include "sim_task.h"
#include "sim_update.h"

#define SERVICE "/redfish/v1/UpdateService"
#define INVENTORY SERVICE "/FirmwareInventory"

bool
sim_update_parse_apply (const struct sim_bmc *bmc, const char *text, enum sim_apply *ret)
{
    for (int i = 0; i < SIM_APPLY_COUNT; i++) {
        if (bmc->personality->apply[i] && str_eq (text, sim_apply_names[i])) {
            *ret = (enum sim_apply) i;
            return true;
        }
    }
    return false;
}

static bool
names_member (const struct sim_component *c, const char *version, const char *id)
{
    if (version == NULL)
        return false;
    char *own = sim_bmc_inventory_id (c, version);
    bool same = str_eq (own, id);
    mem_free (own);
    return same;
}

int
sim_update_component_of (struct sim_bmc *bmc, const char *uri)
{
    const struct sim_personality *p = bmc->personality;
    const char *id = str_starts (uri, INVENTORY "/") ? uri + sizeof INVENTORY : NULL;

    for (size_t i = 0; i < p->components.count; i++) {
        const struct sim_component *c = &bmc->components[i];
        char *related = sim_bmc_expand (bmc, c->def->related);
        bool found = *related != '\0' && str_eq (related, uri);

        mem_free (related);
        if (id != NULL)
            found = names_member (c, c->version, id) || names_member (c, c->standby, id);
        if (found && c->def->updateable)
            return (int) i;
    }
    return -1;
}

static json_t *
apply_support (const struct sim_bmc *bmc)
{
    json_t *values = json_array ();

    for (int i = 0; i < SIM_APPLY_COUNT; i++)
        if (bmc->personality->apply[i])
            json_array_append_new (values, json_string (sim_apply_names[i]));
    return json_pack ("{s:s,s:o}", "@odata.type", "#Settings.v1_3_5.OperationApplyTimeSupport",
                      "SupportedValues", values);
}

static void
put_actions (const struct sim_bmc *bmc, json_t *doc)
{
    json_t *actions = json_object ();

    if (bmc->personality->simple_update)
        json_put (actions, "#UpdateService.SimpleUpdate",
                  json_pack ("{s:s,s:[s,s],s:o}", "target",
                             SERVICE "/Actions/UpdateService.SimpleUpdate",
                             "TransferProtocol@Redfish.AllowableValues", "HTTP", "HTTPS",
                             "@Redfish.OperationApplyTimeSupport", apply_support (bmc)));
    if (bmc->personality->start_update)
        json_put (actions, "#UpdateService.StartUpdate",
                  json_pack ("{s:s}", "target", SERVICE "/Actions/UpdateService.StartUpdate"));
    if (json_object_size (actions) > 0)
        json_object_set (doc, "Actions", actions);
    json_decref (actions);
}

void
sim_update_get_service (struct sim_call *call)
{
    struct sim_bmc *bmc = call->bmc;
    const struct sim_personality *p = bmc->personality;
    json_t *doc = sim_doc_new (SERVICE, p->types_update_service, "UpdateService", "Update Service");

    json_put_str (doc, "Description", "Service for Software Update (simulated)");
    json_put_bool (doc, "ServiceEnabled", true);
    json_put (doc, "Status", json_pack ("{s:s,s:s}", "State", "Enabled", "Health", "OK"));
    json_put (doc, "FirmwareInventory", sim_doc_link (INVENTORY));
    if (p->software_inventory)
        json_put (doc, "SoftwareInventory", sim_doc_link (SERVICE "/SoftwareInventory"));
    json_put_int (doc, "MaxImageSizeBytes", p->max_image_bytes);
    if (*p->multipart_uri != '\0') {
        json_put_str (doc, "MultipartHttpPushUri", p->multipart_uri);
        json_put (doc, "MultipartHttpPushUri@Redfish.OperationApplyTimeSupport",
                  apply_support (bmc));
    }
    if (*p->push_uri != '\0') {
        json_put_str (doc, "HttpPushUri", p->push_uri);
        json_put (doc, "HttpPushUriOptions",
                  json_pack ("{s:{s:s}}", "HttpPushUriApplyTime", "ApplyTime",
                             sim_apply_names[bmc->push_apply]));
    }
    if (p->targets_claim) {
        json_put_bool (doc, "HttpPushUriTargetsBusy", bmc->push_busy);
        json_put (doc, "HttpPushUriTargets",
                  bmc->push_targets == NULL ? json_array () : json_incref (bmc->push_targets));
    }
    put_actions (bmc, doc);
    sim_bmc_decorate (bmc, "update_service", doc);
    sim_call_answer (call, 200, doc);
}

/* One member of a PATCH. False: answered with an error. */
static bool
patch_member (struct sim_call *call, const char *key, json_t *value)
{
    struct sim_bmc *bmc = call->bmc;
    bool claims = bmc->personality->targets_claim;

    if (claims && str_eq (key, "HttpPushUriTargetsBusy") && json_is_boolean (value)) {
        bmc->push_busy = json_is_true (value);
        return true;
    }
    if (claims && str_eq (key, "HttpPushUriTargets") && json_is_array (value)) {
        for (size_t i = 0; i < json_array_size (value); i++) {
            const char *uri = json_string_value (json_array_get (value, i));
            if (uri == NULL || sim_update_component_of (bmc, uri) < 0) {
                sim_message_error (call, 400, "Base.PropertyValueNotInList", uri, key);
                return false;
            }
        }
        json_decref (bmc->push_targets);
        bmc->push_targets = json_incref (value);
        return true;
    }
    if (str_eq (key, "HttpPushUriOptions") && *bmc->personality->push_uri != '\0') {
        const char *apply = json_str (value, "/HttpPushUriApplyTime/ApplyTime");
        if (apply != NULL && sim_update_parse_apply (bmc, apply, &bmc->push_apply))
            return true;
        sim_message_error (call, 400, "Base.PropertyValueNotInList", apply, "ApplyTime");
        return false;
    }
    sim_message_error (call, 400, "Base.PropertyUnknown", key);
    return false;
}

void
sim_update_patch_service (struct sim_call *call)
{
    const char *key;
    json_t *value;

    if (json_object_size (call->json) == 0) {
        sim_message_error (call, 400, "Base.EmptyJSON");
        return;
    }
    json_object_foreach (call->json, key, value)
    {
        if (!patch_member (call, key, value))
            return;
    }
    sim_update_get_service (call);
}

void
sim_update_get_inventory (struct sim_call *call)
{
    struct sim_bmc *bmc = call->bmc;
    json_t *doc = sim_doc_collection (INVENTORY, "SoftwareInventoryCollection",
                                      "Software Inventory Collection");

    for (size_t i = 0; i < bmc->personality->components.count; i++) {
        const struct sim_component *c = &bmc->components[i];
        char *id = sim_bmc_inventory_id (c, c->version);
        sim_doc_add_member (doc, INVENTORY "/%s", id);
        mem_free (id);
        if (c->def->two_slots && c->standby != NULL) {
            id = sim_bmc_inventory_id (c, c->standby);
            sim_doc_add_member (doc, INVENTORY "/%s", id);
            mem_free (id);
        }
    }
    sim_call_answer (call, 200, doc);
}

void
sim_update_get_software (struct sim_call *call)
{
    if (call->bmc->personality->software_inventory)
        sim_call_answer (call, 200,
                         sim_doc_collection (SERVICE "/SoftwareInventory",
                                             "SoftwareInventoryCollection",
                                             "Software Inventory Collection"));
    else
        sim_call_not_found (call);
}

static bool
is_staged (struct sim_bmc *bmc, int component)
{
    list_for_each (it, &bmc->updates) {
        struct sim_update *u = list_entry (it, struct sim_update, link);
        if (u->component == component && u->flash.state == SIM_FLASH_STAGED)
            return true;
    }
    return bmc->components[component].pending != NULL;
}

static const char *
member_state (const struct sim_component *c, bool is_standby)
{
    if (c->def->two_slots) {
        if (is_standby)
            return c->updating ? "Updating" : "StandbySpare";
        return "Enabled";
    }
    return c->updating ? "Updating" : c->def->state;
}

static json_t *
member_doc (struct sim_bmc *bmc, int component, const char *id, bool is_standby)
{
    const struct sim_component *c = &bmc->components[component];
    const struct sim_component_def *def = c->def;
    char *uri = str_printf (INVENTORY "/%s", id), *related = sim_bmc_expand (bmc, def->related);
    json_t *doc = sim_doc_new (uri, "#SoftwareInventory.v1_10_0.SoftwareInventory", id, def->name);
    char *decoration = str_printf ("inventory.%s", def->component);

    json_put_str (doc, "Description", def->description);
    json_put_str (doc, "Version", is_standby ? c->standby : c->version);
    json_put_bool (doc, "Updateable", def->updateable);
    json_put (doc, "Status",
              json_pack ("{s:s,s:s}", "State", member_state (c, is_standby), "Health", "OK"));
    if (*def->software_id != '\0')
        json_put_str (doc, "SoftwareId", def->software_id);
    if (*def->manufacturer != '\0')
        json_put_str (doc, "Manufacturer", def->manufacturer);
    if (*def->release_date != '\0')
        json_put_str (doc, "ReleaseDate", def->release_date);
    if (!bmc->personality->strict_parameters && def->updateable)
        json_put_bool (doc, "Staged", is_staged (bmc, component));
    if (*related != '\0') {
        json_put (doc, "RelatedItem", json_pack ("[o]", sim_doc_link ("%s", related)));
        json_put_int (doc, "RelatedItem@odata.count", 1);
    }
    sim_bmc_decorate (bmc, decoration, doc);
    mem_free (uri);
    mem_free (related);
    mem_free (decoration);
    return doc;
}

void
sim_update_get_member (struct sim_call *call)
{
    struct sim_bmc *bmc = call->bmc;

    for (size_t i = 0; i < bmc->personality->components.count; i++) {
        const struct sim_component *c = &bmc->components[i];
        bool running = names_member (c, c->version, call->id);
        bool standby = !running && c->def->two_slots && names_member (c, c->standby, call->id);

        if (running || standby) {
            sim_call_answer (call, 200, member_doc (bmc, (int) i, call->id, standby));
            return;
        }
    }
    sim_call_not_found (call);
}

static bool
read_simple_targets (struct sim_call *call, json_t *targets, struct sim_update_request *ret)
{
    if (targets == NULL || (json_is_array (targets) && json_array_size (targets) == 0))
        return true;
    const char *uri = json_string_value (json_array_get (targets, 0));
    if (!json_is_array (targets) || json_array_size (targets) > 1 || uri == NULL
        || sim_update_component_of (call->bmc, uri) < 0) {
        sim_message_error (call, 400, "Base.ActionParameterValueFormatError", uri, "Targets",
                           "SimpleUpdate");
        return false;
    }
    str_copy (ret->target, sizeof ret->target, uri);
    return true;
}

static bool
read_simple_member (struct sim_call *call, const char *key, json_t *value,
                    struct sim_update_request *ret)
{
    const char *text = json_string_value (value);

    if (str_eq (key, "Targets"))
        return read_simple_targets (call, value, ret);
    if (str_eq (key, "ImageURI") || str_eq (key, "Username") || str_eq (key, "Password")) {
        if (text == NULL)
            sim_message_error (call, 400, "Base.ActionParameterValueTypeError", "", key,
                               "SimpleUpdate");
        return text != NULL;
    }
    if (str_eq (key, "ForceUpdate"))
        return true;
    if (str_eq (key, "TransferProtocol")) {
        if (!str_eq (text, "HTTP") && !str_eq (text, "HTTPS"))
            sim_message_error (call, 400, "Base.ActionParameterValueNotInList", text, key,
                               "SimpleUpdate");
        return call->status == 0;
    }
    if (str_eq (key, "@Redfish.OperationApplyTime")) {
        if (text == NULL || !sim_update_parse_apply (call->bmc, text, &ret->apply))
            sim_message_error (call, 400, "Base.ActionParameterValueNotInList", text, key,
                               "SimpleUpdate");
        return call->status == 0;
    }
    sim_message_error (call, 400, "Base.ActionParameterUnknown", "SimpleUpdate", key);
    return false;
}

bool
sim_update_read_simple (struct sim_call *call, struct sim_update_request *ret)
{
    const char *key;
    json_t *value;

    if (!call->bmc->personality->simple_update) {
        sim_call_not_found (call);
        return false;
    }
    if (json_str (call->json, "/ImageURI") == NULL) {
        sim_message_error (call, 400, "Base.ActionParameterMissing", "SimpleUpdate", "ImageURI");
        return false;
    }
    json_object_foreach (call->json, key, value)
    {
        if (!read_simple_member (call, key, value, ret))
            return false;
    }
    return true;
}
