/* config: a plugin's file conf.d/plugins/NAME.conf, and the handle that the plugin reads it
 * through.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/config.h"

#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/conf.h"
#include "plugin/params.h"

static void
take_digests (struct conf_at root, struct plugin_config *ret)
{
    struct vec digests = { 0 };
    if (conf_strings (root, "sha256", &digests)) {
        ret->sha256 = mem_array (digests.count + 1, sizeof *ret->sha256);
        for (size_t i = 0; i < digests.count; i++) {
            const char *digest = digests.items[i];
            if (strlen (digest) != 64 || strspn (digest, "0123456789abcdefABCDEF") != 64)
                conf_complain (root, "sha256", "sha256[%zu] is '%.80s', must be 64 hex digits", i,
                               digest);
            ret->sha256[ret->sha256_count++] = str_dup (digest);
        }
    }
    vec_free (&digests);
}

static void
take_settings (struct conf_at root, struct plugin_config *ret)
{
    struct conf_at settings = conf_any (root, "settings");
    if (!conf_is (settings))
        return;
    if (conf_type_of (settings) != CONF_GROUP) {
        conf_complain (root, "settings", "settings is a %s, must be a group: settings = { … };",
                       conf_type_name (conf_type_of (settings)));
        return;
    }
    ret->settings = conf_to_json (settings, NULL);
    ret->lines = json_object ();
    for (size_t i = 0; i < conf_count (settings); i++) {
        struct conf_at child = conf_child (settings, i);
        json_put_int (ret->lines, conf_name (child), conf_line (child));
    }
}

static void
take_all (struct conf *c, struct plugin_config *ret)
{
    struct conf_at root = conf_root (c);
    ret->enabled = conf_bool (root, "enabled", true);
    ret->required = conf_bool (root, "required", false);
    ret->serial = conf_bool (root, "serial", false);
    ret->max_inflight = (uint32_t) conf_i64 (root, "max_inflight", 0, 65536, 0);
    take_digests (root, ret);
    take_settings (root, ret);
    conf_finish (root);
}

static void
findings_to_faults (const struct vec *findings, const char *path, struct fault_list *faults)
{
    for (size_t i = 0; i < findings->count; i++) {
        char *text = conf_finding_text (findings->items[i]);
        fault_add (faults, PLUGIN_FAULT_CONFIG, "%s", text);
        fault_hint (faults, "correct %s, then: farrier config check", path);
        mem_free (text);
    }
}

bool
plugin_config_read (const char *dir, const char *name, struct plugin_config *ret,
             struct fault_list *faults)
{
    *ret = (struct plugin_config) { .enabled = true };
    if (dir == NULL)
        return true;
    char *path = str_printf ("%s/%s.conf", dir, name);
    if (!fs_exists (path)) {
        mem_free (path);
        return true;
    }
    struct vec findings = { 0 };
    struct err err = { 0 };
    struct conf *c = NULL;
    int32_t rc = conf_load (path, &findings, &c, &err);
    if (rc == 0) {
        take_all (c, ret);
        rc = conf_result (c, &err);
    }
    findings_to_faults (&findings, path, faults);
    if (rc < 0 && findings.count == 0)
        fault_add (faults, PLUGIN_FAULT_CONFIG, "%s", err.message);
    if (c != NULL)
        conf_free (c);
    conf_findings_free (&findings);
    ret->file = path;
    return rc == 0;
}

/* --- the plugin's own settings -------------------------------------------------------------- */

struct report {
    const struct plugin_config *config;
    struct fault_list *faults;
};

static void
on_finding (void *ctx, const char *param, const char *message, const char *hint)
{
    struct report *report = ctx;
    const struct plugin_config *config = report->config;
    json_t *line = json_object_get (config->lines, param);
    if (config->file == NULL)
        fault_add (report->faults, PLUGIN_FAULT_CONFIG, "%s", message);
    else if (line == NULL)
        fault_add (report->faults, PLUGIN_FAULT_CONFIG, "%s: %s", config->file, message);
    else
        fault_add (report->faults, PLUGIN_FAULT_CONFIG, "%s:%lld: %s", config->file,
                   (long long) json_integer_value (line), message);
    fault_hint (report->faults, "%s", hint);
}

bool
config_check (struct plugin_config *config, const struct farrier_table *params,
              struct fault_list *faults)
{
    struct report report = { config, faults };
    struct err err = { 0 };
    json_t *values = NULL;
    if (plugin_params_check (params, config->settings, 0, on_finding, &report, &values, &err) < 0)
        return false;
    json_decref (config->values);
    config->values = values;
    params_hide_secrets (params, values);
    return true;
}

void
config_free (struct plugin_config *config)
{
    str_free_all (config->sha256, config->sha256_count);
    json_decref (config->settings);
    json_decref (config->lines);
    json_decref (config->values);
    mem_free (config->file);
    *config = (struct plugin_config) { 0 };
}

/* --- the handle ----------------------------------------------------------------------------- */

const char *
plugin_host_config_str (const struct farrier_config *cfg, const char *name)
{
    return json_string_value (json_object_get (cfg->values, name));
}

int64_t
plugin_host_config_i64 (const struct farrier_config *cfg, const char *name)
{
    const json_t *value = json_object_get (cfg->values, name);
    if (json_is_boolean (value))
        return json_is_true (value) ? 1 : 0;
    return json_integer_value (value);
}
