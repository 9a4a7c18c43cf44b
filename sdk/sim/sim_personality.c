/* sim_personality: reads the data file of one kind of BMC; unknown keys are errors.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_personality.h"

#include <jansson.h>
#include <stddef.h>
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_conf.h"

const char *const sim_apply_names[SIM_APPLY_COUNT]
    = { "Immediate", "OnReset", "OnStartUpdateRequest" };

static const char *const activation_names[] = { "self", "host-reset", "host-power", "bmc-reset" };

#define P(member) offsetof (struct sim_personality, member)
#define C(member) offsetof (struct sim_component_def, member)

static const struct sim_conf_key personality_keys[] = {
    { "name", SIM_CONF_STRING, P (name) },
    { "summary", SIM_CONF_STRING, P (summary) },
    { "vendor", SIM_CONF_STRING, P (vendor) },
    { "product", SIM_CONF_STRING, P (product) },
    { "manufacturer", SIM_CONF_STRING, P (manufacturer) },
    { "model", SIM_CONF_STRING, P (model) },
    { "sku", SIM_CONF_STRING, P (sku) },
    { "redfish_version", SIM_CONF_STRING, P (redfish_version) },
    { "server_header", SIM_CONF_STRING, P (server_header) },
    { "system_id", SIM_CONF_STRING, P (system_id) },
    { "system_name", SIM_CONF_STRING, P (system_name) },
    { "bmc_id", SIM_CONF_STRING, P (manager_id) },
    { "bmc_name", SIM_CONF_STRING, P (manager_name) },
    { "bmc_model", SIM_CONF_STRING, P (manager_model) },
    { "chassis_id", SIM_CONF_STRING, P (chassis_id) },
    { "push_uri", SIM_CONF_STRING, P (push_uri) },
    { "multipart_uri", SIM_CONF_STRING, P (multipart_uri) },
    { "settings_id", SIM_CONF_STRING, P (settings_id) },
    { "update_service_type", SIM_CONF_STRING, P (types_update_service) },
    { "system_resets", SIM_CONF_STRINGS, P (system_resets) },
    { "bmc_resets", SIM_CONF_STRINGS, P (manager_resets) },
    { "simple_update", SIM_CONF_BOOL, P (simple_update) },
    { "start_update", SIM_CONF_BOOL, P (start_update) },
    { "targets_claim", SIM_CONF_BOOL, P (targets_claim) },
    { "software_inventory", SIM_CONF_BOOL, P (software_inventory) },
    { "expand_levels", SIM_CONF_INT, P (expand_levels) },
    { "select_query", SIM_CONF_BOOL, P (select_query) },
    { "only_query", SIM_CONF_BOOL, P (only_query) },
    { "etag_required", SIM_CONF_BOOL, P (etag_required) },
    { "action_info", SIM_CONF_BOOL, P (action_info) },
    { "strict_parameters", SIM_CONF_BOOL, P (strict_parameters) },
    { "any_part_order", SIM_CONF_BOOL, P (any_part_order) },
    { "ignores_unknown_parts", SIM_CONF_BOOL, P (ignores_unknown_parts) },
    { "one_update", SIM_CONF_BOOL, P (one_update) },
    { "on_reset_writes_first", SIM_CONF_BOOL, P (on_reset_writes_first) },
    { "volatile_tasks", SIM_CONF_BOOL, P (volatile_tasks) },
    { "task_monitors", SIM_CONF_BOOL, P (task_monitors) },
    { "hides_cause", SIM_CONF_BOOL, P (hides_cause) },
    { "task_first_id", SIM_CONF_INT, P (task_first_id) },
    { "task_limit", SIM_CONF_INT, P (task_limit) },
    { "monitor_final_status", SIM_CONF_INT, P (monitor_final_status) },
    { "retry_after_s", SIM_CONF_INT, P (retry_after_s) },
    { "session_limit", SIM_CONF_INT, P (session_limit) },
    { "session_timeout_s", SIM_CONF_INT, P (session_timeout_s) },
    { "session_timeout_min_s", SIM_CONF_INT, P (session_timeout_min_s) },
    { "session_timeout_max_s", SIM_CONF_INT, P (session_timeout_max_s) },
    { "random_session_ids", SIM_CONF_BOOL, P (random_session_ids) },
    { "lockout_threshold", SIM_CONF_INT, P (lockout_threshold) },
    { "lockout_s", SIM_CONF_INT, P (lockout_s) },
    { "max_image_bytes", SIM_CONF_INT64, P (max_image_bytes) },
    { "apply_times", SIM_CONF_SELF, 0 },
    { "default_apply", SIM_CONF_SELF, 0 },
    { "components", SIM_CONF_SELF, 0 },
    { "bios_attributes", SIM_CONF_SELF, 0 },
    { "documents", SIM_CONF_SELF, 0 },
    { NULL, SIM_CONF_SELF, 0 },
};

static const struct sim_conf_key component_keys[] = {
    { "component", SIM_CONF_STRING, C (component) },
    { "id", SIM_CONF_STRING, C (id) },
    { "name", SIM_CONF_STRING, C (name) },
    { "description", SIM_CONF_STRING, C (description) },
    { "version", SIM_CONF_STRING, C (version) },
    { "software_id", SIM_CONF_STRING, C (software_id) },
    { "manufacturer", SIM_CONF_STRING, C (manufacturer) },
    { "release_date", SIM_CONF_STRING, C (release_date) },
    { "related", SIM_CONF_STRING, C (related) },
    { "state", SIM_CONF_STRING, C (state) },
    { "updateable", SIM_CONF_BOOL, C (updateable) },
    { "two_slots", SIM_CONF_BOOL, C (two_slots) },
    { "needs_host_off", SIM_CONF_BOOL, C (needs_host_off) },
    { "flash_factor", SIM_CONF_DOUBLE, C (flash_factor) },
    { "activation", SIM_CONF_SELF, 0 },
    { NULL, SIM_CONF_SELF, 0 },
};

static const struct sim_conf_key attribute_keys[] = {
    { "name", SIM_CONF_STRING, offsetof (struct sim_attribute_def, name) },
    { "value", SIM_CONF_STRING, offsetof (struct sim_attribute_def, value) },
    { "allowed", SIM_CONF_STRINGS, offsetof (struct sim_attribute_def, allowed) },
    { NULL, SIM_CONF_SELF, 0 },
};

static const struct sim_conf_key document_keys[] = {
    { "document", SIM_CONF_STRING, offsetof (struct sim_document, document) },
    { "uri", SIM_CONF_STRING, offsetof (struct sim_document, uri) },
    { "json", SIM_CONF_STRING, offsetof (struct sim_document, json) },
    { NULL, SIM_CONF_SELF, 0 },
};

static void
component_free (void *arg)
{
    sim_conf_release (component_keys, arg);
    mem_free (arg);
}

static void
attribute_free (void *arg)
{
    sim_conf_release (attribute_keys, arg);
    mem_free (arg);
}

static void
document_free (void *arg)
{
    sim_conf_release (document_keys, arg);
    mem_free (arg);
}

void
sim_personality_free (struct sim_personality *p)
{
    if (p == NULL)
        return;
    vec_free_with (&p->components, component_free);
    vec_free_with (&p->attributes, attribute_free);
    vec_free_with (&p->documents, document_free);
    sim_conf_release (personality_keys, p);
    mem_free (p);
}

static int32_t
read_activation (struct sim_conf *conf, config_setting_t *group, struct sim_component_def *c,
                 struct err *err)
{
    const char *text = "self";

    config_setting_lookup_string (group, "activation", &text);
    for (size_t i = 0; i < sizeof activation_names / sizeof activation_names[0]; i++) {
        if (str_eq (text, activation_names[i])) {
            c->activation = (enum sim_activation) i;
            return 0;
        }
    }
    return sim_conf_fail (conf, group, err,
                          "activation is \"%s\", not self, host-reset, host-power or bmc-reset",
                          text);
}

static int32_t
read_component (struct sim_conf *conf, config_setting_t *group, void *arg, struct err *err)
{
    struct sim_personality *p = arg;
    struct sim_component_def *c = mem_alloc (sizeof *c);

    c->updateable = true;
    c->flash_factor = 1.0;
    vec_push (&p->components, c);
    int32_t rc = sim_conf_read (conf, group, component_keys, c, err);
    if (rc == 0)
        rc = read_activation (conf, group, c, err);
    if (rc == 0 && (str_empty (c->component) || str_empty (c->version)))
        rc = sim_conf_fail (conf, group, err, "a component needs component and version");
    if (rc == 0 && str_empty (c->state))
        str_set (&c->state, "Enabled");
    return rc;
}

static int32_t
read_attribute (struct sim_conf *conf, config_setting_t *group, void *arg, struct err *err)
{
    struct sim_personality *p = arg;
    struct sim_attribute_def *a = mem_alloc (sizeof *a);

    vec_push (&p->attributes, a);
    int32_t rc = sim_conf_read (conf, group, attribute_keys, a, err);
    if (rc < 0)
        return rc;
    json_t *value = json_loads (a->value, JSON_DECODE_ANY, NULL);
    if (value == NULL)
        return sim_conf_fail (conf, group, err, "value of %s is not JSON: %s", a->name, a->value);
    json_decref (value);
    return 0;
}

static int32_t
read_document (struct sim_conf *conf, config_setting_t *group, void *arg, struct err *err)
{
    struct sim_personality *p = arg;
    struct sim_document *d = mem_alloc (sizeof *d);
    struct err bad = { 0 };

    vec_push (&p->documents, d);
    int32_t rc = sim_conf_read (conf, group, document_keys, d, err);
    if (rc < 0)
        return rc;
    if (str_empty (d->document) == str_empty (d->uri))
        return sim_conf_fail (conf, group, err,
                              "an entry of documents needs either document or uri");
    json_t *value = json_parse (d->json, strlen (d->json), &bad);
    if (value == NULL)
        return sim_conf_fail (conf, group, err, "json of %s%s: %s", d->document, d->uri,
                              bad.message);
    json_decref (value);
    return 0;
}

static int32_t
apply_from_name (struct sim_conf *conf, config_setting_t *at, const char *name, int *ret,
                 struct err *err)
{
    for (int i = 0; i < SIM_APPLY_COUNT; i++) {
        if (str_eq (name, sim_apply_names[i])) {
            *ret = i;
            return 0;
        }
    }
    return sim_conf_fail (conf, at, err, "unknown apply time \"%s\"", name);
}

static int32_t
read_apply_times (struct sim_conf *conf, config_setting_t *root, struct sim_personality *p,
                  struct err *err)
{
    config_setting_t *list = config_setting_get_member (root, "apply_times");
    const char *name = "Immediate";
    int which = 0, count = list == NULL ? 0 : config_setting_length (list);

    for (int i = 0; i < count; i++) {
        const char *text = config_setting_get_string_elem (list, i);
        int32_t rc = apply_from_name (conf, list, text == NULL ? "" : text, &which, err);
        if (rc < 0)
            return rc;
        p->apply[which] = true;
    }
    config_setting_lookup_string (root, "default_apply", &name);
    int32_t rc = apply_from_name (conf, root, name, &which, err);
    p->default_apply = (enum sim_apply) which;
    return rc;
}

static void
set_defaults (struct sim_personality *p)
{
    p->task_first_id = 1;
    p->task_limit = 100;
    p->monitor_final_status = 200;
    p->retry_after_s = 5;
    p->session_limit = 16;
    p->session_timeout_s = 1800;
    p->session_timeout_min_s = 30;
    p->session_timeout_max_s = 86400;
    p->max_image_bytes = 268435456;
}

static int32_t
read_lists (struct sim_conf *conf, config_setting_t *root, struct sim_personality *p,
            struct err *err)
{
    int32_t rc = sim_conf_each (conf, root, "components", read_component, p, err);

    if (rc == 0)
        rc = sim_conf_each (conf, root, "bios_attributes", read_attribute, p, err);
    if (rc == 0)
        rc = sim_conf_each (conf, root, "documents", read_document, p, err);
    if (rc == 0)
        rc = read_apply_times (conf, root, p, err);
    if (rc == 0
        && (str_empty (p->name) || str_empty (p->system_id) || str_empty (p->manager_id)
            || str_empty (p->chassis_id) || p->components.count == 0))
        rc = sim_conf_fail (
            conf, root, err,
            "a personality needs name, system_id, bmc_id, chassis_id and components");
    return rc;
}

int32_t
sim_personality_read (const char *path, struct sim_personality **ret, struct err *err)
{
    struct sim_conf conf;
    struct sim_personality *p = mem_alloc (sizeof *p);

    set_defaults (p);
    int32_t rc = sim_conf_open (&conf, path, err);
    if (rc < 0) {
        mem_free (p);
        return rc;
    }
    config_setting_t *root = config_root_setting (&conf.config);
    rc = sim_conf_read (&conf, root, personality_keys, p, err);
    if (rc == 0)
        rc = read_lists (&conf, root, p, err);
    sim_conf_close (&conf);
    if (rc < 0) {
        sim_personality_free (p);
        return rc;
    }
    *ret = p;
    return 0;
}

int
sim_personality_index (const struct sim_personality *p, const char *component)
{
    for (size_t i = 0; i < p->components.count; i++) {
        const struct sim_component_def *c = vec_at (&p->components, i);
        if (str_eq (c->component, component))
            return (int) i;
    }
    return -1;
}

const struct sim_component_def *
sim_personality_component (const struct sim_personality *p, const char *component)
{
    int i = sim_personality_index (p, component);

    return i < 0 ? NULL : vec_at (&p->components, (size_t) i);
}
