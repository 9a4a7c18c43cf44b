/* api_reload: takes new builds of plugins and their settings while jobs run.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "api/api_private.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

/* Every plugin's and directory's faults: a reload is the moment when somebody looks. */
static json_t *
findings_of (struct plugin_registry *r)
{
    json_t *list = json_array ();
    size_t count = 0;
    const struct plugin_fault *faults = plugin_registry_faults (r, &count);
    for (size_t i = 0; i < count; i++)
        json_array_append_new (list, fault_finding_json (NULL, &faults[i], true));
    for (size_t i = 0; i < plugin_count (r); i++) {
        const struct plugin_info *info = plugin_info (plugin_at (r, i));
        for (size_t k = 0; k < info->fault_count; k++)
            json_array_append_new (list, fault_finding_json (info->name, &info->faults[k],
                                                             info->state == PLUGIN_REGISTERED));
    }
    return list;
}

void
api_tell_workflows (struct api *api)
{
    json_t *body = json_object (), *reply = NULL, *v;
    struct api_request q = { api, body, "local" };
    struct err err = { 0 };
    size_t i;
    api_workflow_check (&q, &reply, &err);
    json_array_foreach (json_object_get (reply, "findings"), i, v)
        log_warn ("%s: %s", json_str_or (v, "/where", "?"), json_str_or (v, "/message", "?"));
    json_decref (reply);
    json_decref (body);
}

int32_t
api_server_reload (const struct api_request *q, json_t **ret, struct err *err)
{
    struct plugin_registry *r = NULL;
    struct plugin_changes changes = { 0 };
    int32_t rc = api_registry (q->api, &r, err);
    if (rc < 0)
        return rc;
    log_info ("reload, asked for by %s", q->who);
    rc = plugin_registry_reload (r, &changes, err);
    api_tell_workflows (q->api);
    log_info ("reload: %zu plugins taken, %zu configured, %zu kept, %zu refused, %zu gone",
              changes.taken, changes.configured, changes.kept, changes.refused, changes.gone);
    *ret = json_object ();
    json_put_int (*ret, "taken", (long long) changes.taken);
    json_put_int (*ret, "configured", (long long) changes.configured);
    json_put_int (*ret, "kept", (long long) changes.kept);
    json_put_int (*ret, "refused", (long long) changes.refused);
    json_put_int (*ret, "gone", (long long) changes.gone);
    json_put (*ret, "findings", findings_of (r));
    return rc;
}
