/* api_plugin: calls about plugins.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "api/api_private.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static json_t *
info_json (const struct plugin_info *info)
{
    json_t *v = json_object (), *faults = json_array (), *ops = json_array ();
    json_put_str (v, "name", info->name);
    json_put_str (v, "state", plugin_state_name (info->state));
    json_put_str (v, "version", info->version);
    json_put_str (v, "vendor", info->vendor);
    json_put_str (v, "description", info->description);
    json_put_str (v, "license", info->license);
    json_put_str (v, "abi", info->abi);
    json_put_str (v, "file", info->file);
    json_put_str (v, "config_file", info->config_file);
    json_put_str (v, "sha256", info->sha256);
    json_put_str (v, "build_id", info->build_id);
    json_put_bool (v, "required", info->required);
    for (size_t i = 0; i < info->op_count; i++)
        json_array_append_new (ops, json_string (info->ops[i].def.name));
    for (size_t i = 0; i < info->fault_count; i++) {
        json_t *f = json_object ();
        json_put_str (f, "code", plugin_fault_name (info->faults[i].code));
        json_put_str (f, "message", info->faults[i].message);
        json_put_str (f, "hint", info->faults[i].hint);
        json_array_append_new (faults, f);
    }
    json_put (v, "ops", ops);
    json_put (v, "faults", faults);
    return v;
}

int32_t
api_plugin_list (const struct api_request *q, json_t **ret, struct err *err)
{
    struct plugin_registry *r = NULL;
    int32_t rc = api_registry (q->api, &r, err);
    if (rc < 0)
        return rc;
    json_t *list = json_array ();
    for (size_t i = 0; i < plugin_count (r); i++)
        json_array_append_new (list, info_json (plugin_info (plugin_at (r, i))));
    *ret = json_object ();
    json_put (*ret, "plugins", list);
    return 0;
}

static int32_t
find (const struct api_request *q, const char *name, struct plugin **ret, struct err *err)
{
    struct plugin_registry *r = NULL;
    int32_t rc = api_registry (q->api, &r, err);
    if (rc < 0)
        return rc;
    *ret = plugin_find (r, name);
    if (*ret != NULL)
        return 0;
    const char **names = mem_array (plugin_count (r) + 1, sizeof *names);
    for (size_t i = 0; i < plugin_count (r); i++)
        names[i] = plugin_info (plugin_at (r, i))->name;
    const char *near = str_did_you_mean (name, names, plugin_count (r));
    err_set (err, ERR_NOT_FOUND, "there is no plugin %s", name);
    if (near != NULL)
        err_hint (err, "did you mean %s?", near);
    else
        err_hint (err, "farrier plugin list");
    mem_free (names);
    return ERR_NOT_FOUND;
}

/* A file is looked at without running any of its code. */
static int32_t
file_info (const char *file, json_t **ret, struct err *err)
{
    struct plugin_report report = { 0 };
    plugin_check_file (file, false, &report, err);
    if (report.info.name == NULL)
        return err->code;
    *ret = info_json (&report.info);
    plugin_report_free (&report);
    err_clear (err);
    return 0;
}

int32_t
api_plugin_info (const struct api_request *q, json_t **ret, struct err *err)
{
    const char *name = request_text (q, "plugin");
    struct plugin *p = NULL;
    if (strchr (name, '/') != NULL || str_ends (name, ".so"))
        return file_info (name, ret, err);
    int32_t rc = find (q, name, &p, err);
    if (rc == 0)
        *ret = info_json (plugin_info (p));
    return rc;
}

int32_t
api_plugin_why (const struct api_request *q, json_t **ret, struct err *err)
{
    struct plugin *p = NULL;
    int32_t rc = find (q, request_text (q, "plugin"), &p, err);
    if (rc < 0)
        return rc;
    json_t *info = info_json (plugin_info (p));
    *ret = json_object ();
    json_put (*ret, "plugin", json_incref (json_object_get (info, "name")));
    json_put (*ret, "state", json_incref (json_object_get (info, "state")));
    json_put (*ret, "faults", json_incref (json_object_get (info, "faults")));
    json_decref (info);
    return 0;
}

int32_t
api_plugin_release (const struct api_request *q, json_t **ret, struct err *err)
{
    (void) ret;
    return plugin_release (q->api->o.settings->state_dir, request_text (q, "plugin"), err);
}
