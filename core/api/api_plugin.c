/* api_plugin: calls about plugins.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "api/api_private.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static json_t *
fault_json (const struct plugin_fault *fault)
{
    unsigned rule = plugin_fault_rule (fault->code);
    json_t *v = json_object ();
    json_put_str (v, "code", plugin_fault_name (fault->code));
    if (rule != 0)
        json_put_int (v, "rule", rule);
    json_put_str (v, "message", fault->message);
    json_put_str (v, "hint", fault->hint);
    return v;
}

json_t *
fault_finding_json (const char *plugin, const struct plugin_fault *fault, bool warning)
{
    json_t *v = finding_json (plugin == NULL ? "plugins" : plugin,
                              plugin_fault_name (fault->code), fault->message);
    json_put_str (v, "hint", fault->hint);
    if (warning)
        json_put_bool (v, "warning", true);
    return v;
}

static json_t *
faults_json (const struct plugin_fault *faults, size_t count)
{
    json_t *list = json_array ();
    for (size_t i = 0; i < count; i++)
        json_array_append_new (list, fault_json (&faults[i]));
    return list;
}

static json_t *
info_json (const struct plugin_info *info)
{
    json_t *v = json_object (), *ops = json_array ();
    json_put_str (v, "name", info->name);
    json_put_str (v, "state", plugin_state_name (info->state));
    json_put_str (v, "kind", plugin_kind_name (info->kind));
    json_put_str (v, "version", info->version);
    json_put_str (v, "vendor", info->vendor);
    json_put_str (v, "description", info->description);
    json_put_str (v, "license", info->license);
    json_put_str (v, "abi", info->abi);
    json_put_str (v, "file", info->file);
    json_put_str (v, "config_file", info->config_file);
    if (info->executable != NULL) {
        json_put_str (v, "executable", info->executable);
        json_put_str (v, "grants", info->grants);
    }
    json_put_str (v, "sha256", info->sha256);
    json_put_str (v, "build_id", info->build_id);
    json_put_bool (v, "required", info->required);
    for (size_t i = 0; i < info->op_count; i++)
        json_array_append_new (ops, json_string (info->ops[i].def.name));
    /* What was not loaded has only the words of its note. */
    for (size_t i = 0; info->op_count == 0 && i < info->noted_op_count; i++)
        json_array_append_new (ops, json_string (info->noted_ops[i]));
    json_put (v, "ops", ops);
    json_put (v, "faults", faults_json (info->faults, info->fault_count));
    return v;
}

static json_t *
settings_json (const struct farrier_table *table)
{
    static const char *const types[]
        = { "string", "bool", "integer", "duration", "size", "enum", "json" };
    json_t *list = json_array ();
    struct farrier_param param;
    for (size_t i = 0; plugin_param_at (table, i, &param); i++) {
        json_t *v = json_object ();
        json_put_str (v, "name", param.name);
        json_put_str (v, "type", param.type < 7 ? types[param.type] : "?");
        json_put_str (v, "values", param.enum_values);
        json_put_str (v, "default", param.default_value);
        json_put_bool (v, "reloadable", (param.flags & FARRIER_PARAM_RELOADABLE) != 0);
        json_put_str (v, "help", param.help);
        json_array_append_new (list, v);
    }
    return list;
}

/* One plugin of the registry, in a list. */
static json_t *
plugin_json (const struct plugin *p)
{
    json_t *v = info_json (plugin_info (p));
    json_put_bool (v, "changed_on_disk", plugin_is_stale (p));
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
        json_array_append_new (list, plugin_json (plugin_at (r, i)));
    size_t count = 0;
    const struct plugin_fault *faults = plugin_registry_faults (r, &count);
    *ret = json_object ();
    json_put (*ret, "plugins", list);
    json_put (*ret, "faults", faults_json (faults, count));
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

static int32_t
judge_file (const char *file, unsigned flags, json_t **ret, struct err *err)
{
    struct plugin_report report = { 0 };
    if (plugin_check (file, flags, &report, err) < 0 && report.info.name == NULL)
        return err->code;
    *ret = info_json (&report.info);
    plugin_report_free (&report);
    err_clear (err);
    return 0;
}

int32_t
api_plugin_file (const struct api_request *q, json_t **ret, struct err *err)
{
    return judge_file (request_text (q, "plugin"), PLUGIN_CHECK_POLICY, ret, err);
}

/* Who may write to a file matters where farrier would load it, not where it was just built. */
static unsigned
policy_of (const struct settings *s, const char *file)
{
    char *dir = str_ndup (file, (size_t) (fs_basename (file) - file));
    size_t len = strlen (dir);
    while (len > 1 && dir[len - 1] == '/')
        dir[--len] = '\0';
    unsigned flags = 0;
    for (size_t i = 0; i < s->plugin_dir_count && !s->trust_plugin_files; i++)
        flags = str_eq (s->plugin_dirs[i], dir) ? PLUGIN_CHECK_POLICY : flags;
    for (size_t i = 0; i < s->exec_dir_count; i++)
        flags = str_eq (s->exec_dirs[i], dir) ? PLUGIN_CHECK_POLICY : flags;
    mem_free (dir);
    return flags;
}

int32_t
api_plugin_check (const struct api_request *q, json_t **ret, struct err *err)
{
    const char *file = request_text (q, "file");
    unsigned flags = PLUGIN_CHECK_RUN | PLUGIN_CHECK_STRICT | PLUGIN_CHECK_ALL;
    return judge_file (file, flags | policy_of (q->api->o.settings, file), ret, err);
}

/* The first of these directories that has the file; heap, NULL = none. */
static char *
first_of (char *const *dirs, size_t count, const char *name, const char *suffix)
{
    for (size_t i = 0; i < count; i++) {
        char *file = str_printf ("%s/%s%s", dirs[i], name, suffix);
        if (fs_exists (file))
            return file;
        mem_free (file);
    }
    return NULL;
}

/* A name is looked up as the loader does. */
int32_t
api_plugin_locate (const struct api_request *q, json_t **ret, struct err *err)
{
    const struct settings *s = q->api->o.settings;
    const char *what = request_text (q, "plugin");
    bool is_file = strchr (what, '/') != NULL;
    char *file = NULL;
    if (is_file)
        file = fs_exists (what) ? str_dup (what) : NULL;
    else
        file = first_of (s->plugin_dirs, s->plugin_dir_count, what, ".so");
    if (file == NULL && !is_file)
        file = first_of (s->exec_dirs, s->exec_dir_count, what, ".conf");
    if (file == NULL && is_file)
        return err_set (err, ERR_NOT_FOUND, "there is no file %s", what);
    if (file == NULL) {
        err_set (err, ERR_NOT_FOUND, "no plugin directory has a file %s.so", what);
        err_hint (err, "farrier plugin list; a file elsewhere is named with its folder: ./%s.so",
                  what);
        return ERR_NOT_FOUND;
    }
    *ret = json_object ();
    json_put_str (*ret, "file", file);
    mem_free (file);
    return 0;
}

int32_t
api_plugin_info (const struct api_request *q, json_t **ret, struct err *err)
{
    struct plugin *p = NULL;
    int32_t rc = find (q, request_text (q, "plugin"), &p, err);
    if (rc < 0)
        return rc;
    *ret = plugin_json (p);
    json_put (*ret, "settings", settings_json (&plugin_info (p)->params));
    return 0;
}

/* With the faults of its duplicates and of a new build that was refused. */
int32_t
api_plugin_why (const struct api_request *q, json_t **ret, struct err *err)
{
    struct plugin *p = NULL;
    struct plugin_registry *r = NULL;
    int32_t rc = find (q, request_text (q, "plugin"), &p, err);
    if (rc == 0)
        rc = api_registry (q->api, &r, err);
    if (rc < 0)
        return rc;
    const char *name = plugin_info (p)->name;
    json_t *faults = json_array ();
    for (size_t i = 0; i < plugin_count (r); i++) {
        const struct plugin_info *info = plugin_info (plugin_at (r, i));
        for (size_t k = 0; str_eq (info->name, name) && k < info->fault_count; k++)
            json_array_append_new (faults, fault_json (&info->faults[k]));
    }
    *ret = json_object ();
    json_put_str (*ret, "plugin", name);
    json_put_str (*ret, "state", plugin_state_name (plugin_info (p)->state));
    json_put (*ret, "faults", faults);
    return 0;
}

int32_t
api_plugin_release (const struct api_request *q, json_t **ret, struct err *err)
{
    (void) ret;
    return plugin_release (q->api->o.settings->state_dir, request_text (q, "plugin"), err);
}
