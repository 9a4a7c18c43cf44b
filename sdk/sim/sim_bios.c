/* sim_bios: BIOS attributes and the settings that wait for a host reset.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_bios.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_bmc.h"
#include "sim_message.h"
#include "sim_router.h"

static json_t *
as_delivered (const struct sim_bmc *bmc)
{
    const struct vec *all = &bmc->personality->attributes;
    json_t *attributes = json_object ();

    for (size_t i = 0; i < all->count; i++) {
        const struct sim_attribute_def *a = vec_at (all, i);
        json_object_set_new (attributes, a->name, json_loads (a->value, JSON_DECODE_ANY, NULL));
    }
    return attributes;
}

static json_t *
current (const struct sim_bmc *bmc)
{
    return bmc->attributes == NULL ? as_delivered (bmc) : json_incref (bmc->attributes);
}

void
sim_bios_on_boot (struct sim_bmc *bmc)
{
    if (bmc->pending_attributes == NULL)
        return;
    json_t *attributes = json_deep_copy (bmc->attributes == NULL ? json_null () : bmc->attributes);
    if (!json_is_object (attributes)) {
        json_decref (attributes);
        attributes = as_delivered (bmc);
    }
    json_object_update (attributes, bmc->pending_attributes);
    json_decref (bmc->attributes);
    bmc->attributes = attributes;
    json_decref (bmc->pending_attributes);
    bmc->pending_attributes = NULL;
    json_decref (bmc->settings_messages);
    bmc->settings_messages = json_pack ("[o]", sim_message_new ("Base.Success"));
    mem_free (bmc->settings_time);
    bmc->settings_time = clock_iso8601 (clock_wall_ms ());
}

static json_t *
settings_of (struct sim_bmc *bmc, const char *bios_uri)
{
    json_t *s = json_object ();

    json_put_str (s, "@odata.type", "#Settings.v1_3_5.Settings");
    json_put (s, "SettingsObject", sim_doc_link ("%s/%s", bios_uri, bmc->personality->settings_id));
    json_put (s, "SupportedApplyTimes", json_pack ("[s]", "OnReset"));
    json_put (s, "Messages",
              bmc->settings_messages == NULL ? json_array ()
                                             : json_incref (bmc->settings_messages));
    if (bmc->settings_time != NULL)
        json_put_str (s, "Time", bmc->settings_time);
    return s;
}

static bool
has_settings (const struct sim_bmc *bmc)
{
    return *bmc->personality->settings_id != '\0' && bmc->personality->attributes.count > 0;
}

void
sim_bios_get (struct sim_call *call)
{
    struct sim_bmc *bmc = call->bmc;
    char *uri = str_printf ("/redfish/v1/Systems/%s/Bios", bmc->personality->system_id);
    json_t *doc = sim_doc_new (uri, "#Bios.v1_2_0.Bios", "Bios", "BIOS Configuration"),
           *actions = json_object ();

    json_put_str (doc, "Description", "BIOS Configuration Service (simulated)");
    if (has_settings (bmc)) {
        json_put_str (doc, "AttributeRegistry", "BiosAttributeRegistry.SIM.v1_0_0");
        json_put (doc, "Attributes", current (bmc));
        json_put (doc, "@Redfish.Settings", settings_of (bmc, uri));
    }
    json_put (actions, "#Bios.ResetBios",
              json_pack ("{s:o}", "target", json_sprintf ("%s/Actions/Bios.ResetBios", uri)));
    json_put (doc, "Actions", actions);
    sim_bmc_decorate (bmc, "bios", doc);
    sim_call_answer (call, 200, doc);
    mem_free (uri);
}

void
sim_bios_get_settings (struct sim_call *call)
{
    struct sim_bmc *bmc = call->bmc;

    if (!has_settings (bmc)) {
        sim_call_not_found (call);
        return;
    }
    json_t *doc = sim_doc_new (call->path, "#Bios.v1_2_0.Bios", bmc->personality->settings_id,
                               "BIOS Configuration Pending Settings");
    json_put_str (doc, "AttributeRegistry", "BiosAttributeRegistry.SIM.v1_0_0");
    json_put (doc, "Attributes",
              bmc->pending_attributes == NULL ? json_object ()
                                              : json_incref (bmc->pending_attributes));
    sim_call_answer (call, 200, doc);
}

static const struct sim_attribute_def *
find_attribute (const struct sim_bmc *bmc, const char *name)
{
    const struct vec *all = &bmc->personality->attributes;

    for (size_t i = 0; i < all->count; i++) {
        const struct sim_attribute_def *a = vec_at (all, i);
        if (str_eq (a->name, name))
            return a;
    }
    return NULL;
}

static bool
value_is_allowed (const struct sim_attribute_def *a, const json_t *value)
{
    json_t *delivered = json_loads (a->value, JSON_DECODE_ANY, NULL);
    bool same_type = json_typeof (delivered) == json_typeof (value)
                     || (json_is_boolean (delivered) && json_is_boolean (value));

    json_decref (delivered);
    if (!same_type || a->allowed.count == 0)
        return same_type;
    for (size_t i = 0; i < a->allowed.count; i++)
        if (str_eq (vec_at (&a->allowed, i), json_string_value (value)))
            return true;
    return false;
}

static bool
check_attributes (struct sim_call *call, json_t *attributes)
{
    const char *key;
    json_t *value;

    json_object_foreach (attributes, key, value)
    {
        const struct sim_attribute_def *a = find_attribute (call->bmc, key);
        if (a == NULL) {
            sim_message_error (call, 400, "Base.PropertyUnknown", key);
            return false;
        }
        if (!value_is_allowed (a, value)) {
            sim_message_error (call, 400, "Base.PropertyValueNotInList", json_string_value (value),
                               key);
            return false;
        }
    }
    return true;
}

static bool
check_members (struct sim_call *call)
{
    const char *key;
    json_t *value;

    json_object_foreach (call->json, key, value)
    {
        if (!str_eq (key, "Attributes") && !str_eq (key, "@Redfish.SettingsApplyTime")) {
            sim_message_error (call, 400, "Base.PropertyUnknown", key);
            return false;
        }
    }
    const char *apply
        = json_str_or (call->json, "/@Redfish.SettingsApplyTime/ApplyTime", "OnReset");
    if (!str_eq (apply, "OnReset")) {
        sim_message_error (call, 400, "Base.PropertyValueNotInList", apply, "ApplyTime");
        return false;
    }
    return true;
}

void
sim_bios_patch_settings (struct sim_call *call)
{
    struct sim_bmc *bmc = call->bmc;
    json_t *attributes = json_object_get (call->json, "Attributes");

    if (!has_settings (bmc)) {
        sim_call_not_found (call);
        return;
    }
    if (!check_members (call))
        return;
    if (!json_is_object (attributes) || json_object_size (attributes) == 0) {
        sim_message_error (call, 400, "Base.PropertyMissing", "Attributes");
        return;
    }
    if (!check_attributes (call, attributes))
        return;
    if (bmc->pending_attributes == NULL)
        bmc->pending_attributes = json_object ();
    json_object_update (bmc->pending_attributes, attributes);
    sim_bios_get_settings (call);
}

void
sim_bios_reset (struct sim_call *call)
{
    struct sim_bmc *bmc = call->bmc;

    json_decref (bmc->pending_attributes);
    bmc->pending_attributes = as_delivered (bmc);
    sim_call_answer (call, 204, NULL);
}
