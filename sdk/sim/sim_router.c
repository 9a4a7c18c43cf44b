/* sim_router: from a request to the function that answers it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_router.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_bios.h"
#include "sim_doc.h"
#include "sim_message.h"
#include "sim_power.h"
#include "sim_query.h"
#include "sim_session.h"
#include "sim_task.h"
#include "sim_update.h"
#include "sim_upload.h"

#define ROOT "/redfish/v1"

static const struct sim_route routes[] = {
    { "/redfish", SIM_ROUTE_OPEN, sim_doc_get_versions, NULL, NULL, NULL },
    { ROOT, SIM_ROUTE_OPEN, sim_doc_get_root, NULL, NULL, NULL },
    { ROOT "/odata", SIM_ROUTE_OPEN, sim_schema_get_odata, NULL, NULL, NULL },
    { ROOT "/$metadata", SIM_ROUTE_OPEN, sim_schema_get_metadata, NULL, NULL, NULL },
    { ROOT "/Systems", 0, sim_doc_get_systems, NULL, NULL, NULL },
    { ROOT "/Systems/{s}", 0, sim_doc_get_system, NULL, sim_doc_patch_system, NULL },
    { ROOT "/Systems/{s}/ResetActionInfo", 0, sim_power_get_host_info, NULL, NULL, NULL },
    { ROOT "/Systems/{s}/Actions/ComputerSystem.Reset", 0, NULL, sim_power_reset_host, NULL, NULL },
    { ROOT "/Systems/{s}/Bios", 0, sim_bios_get, NULL, NULL, NULL },
    { ROOT "/Systems/{s}/Bios/{settings}", SIM_ROUTE_ETAG, sim_bios_get_settings, NULL,
      sim_bios_patch_settings, NULL },
    { ROOT "/Systems/{s}/Bios/Actions/Bios.ResetBios", SIM_ROUTE_ANY_BODY, NULL, sim_bios_reset,
      NULL, NULL },
    { ROOT "/Managers", 0, sim_doc_get_managers, NULL, NULL, NULL },
    { ROOT "/Managers/{m}", 0, sim_doc_get_manager, NULL, sim_power_patch_bmc, NULL },
    { ROOT "/Managers/{m}/ResetActionInfo", 0, sim_power_get_bmc_info, NULL, NULL, NULL },
    { ROOT "/Managers/{m}/Actions/Manager.Reset", SIM_ROUTE_ANY_BODY, NULL, sim_power_reset_bmc,
      NULL, NULL },
    { ROOT "/Chassis", 0, sim_doc_get_chassis_all, NULL, NULL, NULL },
    { ROOT "/Chassis/{c}", 0, sim_doc_get_chassis, NULL, NULL, NULL },
    { ROOT "/UpdateService", SIM_ROUTE_ETAG | SIM_ROUTE_UNCOUNTED, sim_update_get_service, NULL,
      sim_update_patch_service, NULL },
    { ROOT "/UpdateService/FirmwareInventory", 0, sim_update_get_inventory, NULL, NULL, NULL },
    { ROOT "/UpdateService/FirmwareInventory/*", 0, sim_update_get_member, NULL, NULL, NULL },
    { ROOT "/UpdateService/SoftwareInventory", 0, sim_update_get_software, NULL, NULL, NULL },
    { ROOT "/UpdateService/Actions/UpdateService.SimpleUpdate", 0, NULL, sim_update_simple, NULL,
      NULL },
    { ROOT "/UpdateService/Actions/UpdateService.StartUpdate", SIM_ROUTE_ANY_BODY, NULL,
      sim_update_start, NULL, NULL },
    { "{push}", SIM_ROUTE_UPLOAD, NULL, sim_upload_finish, NULL, NULL },
    { "{multipart}", SIM_ROUTE_UPLOAD, NULL, sim_upload_finish, NULL, NULL },
    { ROOT "/TaskService", 0, sim_task_get_service, NULL, NULL, NULL },
    { ROOT "/TaskService/Tasks", 0, sim_task_get_all, NULL, NULL, NULL },
    { ROOT "/TaskService/Tasks/*", SIM_ROUTE_UNCOUNTED, sim_task_get, NULL, NULL, sim_task_delete },
    { ROOT "/TaskService/Tasks/*/Monitor", SIM_ROUTE_UNCOUNTED, sim_task_get_monitor, NULL, NULL,
      sim_task_delete_monitor },
    { ROOT "/TaskService/TaskMonitors", 0, sim_task_get_monitors, NULL, NULL, NULL },
    { ROOT "/TaskService/TaskMonitors/*", SIM_ROUTE_UNCOUNTED, sim_task_get_monitor, NULL, NULL,
      sim_task_delete_monitor },
    { ROOT "/SessionService", SIM_ROUTE_UNCOUNTED, sim_session_get_service, NULL,
      sim_session_patch_service, NULL },
    { ROOT "/SessionService/Sessions", SIM_ROUTE_OPEN_POST | SIM_ROUTE_UNCOUNTED,
      sim_session_get_all, sim_session_post, NULL, NULL },
    { ROOT "/SessionService/Sessions/Members", SIM_ROUTE_OPEN_POST | SIM_ROUTE_UNCOUNTED, NULL,
      sim_session_post, NULL, NULL },
    { ROOT "/SessionService/Sessions/*", SIM_ROUTE_UNCOUNTED, sim_session_get, NULL, NULL,
      sim_session_delete },
    { ROOT "/AccountService", 0, sim_doc_get_account_service, NULL, NULL, NULL },
    { ROOT "/AccountService/Accounts", 0, sim_doc_get_accounts, NULL, NULL, NULL },
    { ROOT "/AccountService/Accounts/*", 0, sim_doc_get_account, NULL, NULL, NULL },
    { ROOT "/AccountService/Roles", 0, sim_doc_get_roles, NULL, NULL, NULL },
    { ROOT "/AccountService/Roles/*", 0, sim_doc_get_role, NULL, NULL, NULL },
    { ROOT "/JsonSchemas", 0, sim_schema_get_schemas, NULL, NULL, NULL },
    { ROOT "/JsonSchemas/*", 0, sim_schema_get_schema, NULL, NULL, NULL },
    { ROOT "/Registries", 0, sim_schema_get_registries, NULL, NULL, NULL },
    { ROOT "/Registries/*", 0, sim_schema_get_registry, NULL, NULL, NULL },
};

static const struct sim_route own_route = { "own", 0, sim_doc_get_own, NULL, NULL, NULL };

/* What a placeholder stands for on this BMC; NULL when it is not one. */
static const char *
placeholder (const struct sim_personality *p, const char *name, size_t len)
{
    const struct {
        const char *name, *value;
    } all[] = { { "{s}", p->system_id },   { "{m}", p->manager_id },
                { "{c}", p->chassis_id },  { "{settings}", p->settings_id },
                { "{push}", p->push_uri }, { "{multipart}", p->multipart_uri } };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strlen (all[i].name) == len && memcmp (all[i].name, name, len) == 0)
            return all[i].value;
    return NULL;
}

static bool
matches (const struct sim_personality *p, const char *pattern, const char *path, char *id,
         size_t id_size)
{
    while (*pattern != '\0' && *path != '\0') {
        if (*pattern == '{') {
            size_t len = strcspn (pattern, "}") + 1;
            const char *value = placeholder (p, pattern, len);
            size_t value_len = value == NULL ? 0 : strlen (value);
            if (value_len == 0 || strncmp (path, value, value_len) != 0)
                return false;
            pattern += len;
            path += value_len;
        } else if (*pattern == '*') {
            size_t len = strcspn (path, "/");
            if (len == 0 || len >= id_size)
                return false;
            str_format (id, id_size, "%.*s", (int) len, path);
            pattern++;
            path += len;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *pattern == '\0' && *path == '\0';
}

static const struct sim_route *
find_route (struct sim_call *call)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (matches (call->bmc->personality, routes[i].pattern, call->path, call->id,
                     sizeof call->id))
            return &routes[i];
    return &own_route;
}

static sim_handler *
handler_of (const struct sim_route *route, enum sim_method method)
{
    switch (method) {
    case SIM_GET:
    case SIM_HEAD: return route->get;
    case SIM_POST: return route->post;
    case SIM_PATCH: return route->patch;
    case SIM_DELETE: return route->delete;
    case SIM_PUT:
    case SIM_OTHER: break;
    }
    return NULL;
}

static void
refuse_method (struct sim_call *call)
{
    const struct sim_route *r = call->route;
    char allow[64] = "";

    str_format (allow, sizeof allow, "%s%s%s%s", r->get != NULL ? ", GET, HEAD" : "",
                r->post != NULL ? ", POST" : "", r->patch != NULL ? ", PATCH" : "",
                r->delete != NULL ? ", DELETE" : "");
    if (r == &own_route) {
        sim_call_not_found (call);
        return;
    }
    sim_message_error (call, 405, "Base.OperationNotAllowed");
    sim_call_header (call, "Allow", "%s", *allow == '\0' ? "" : allow + 2);
}

static bool
is_open (const struct sim_call *call)
{
    if (call->method == SIM_GET || call->method == SIM_HEAD)
        return (call->route->flags & SIM_ROUTE_OPEN) != 0;
    return call->method == SIM_POST && (call->route->flags & SIM_ROUTE_OPEN_POST) != 0;
}

void
sim_router_begin (struct sim_call *call)
{
    call->route = find_route (call);
    if (!is_open (call) && !sim_session_authenticate (call))
        return;
    if (handler_of (call->route, call->method) == NULL) {
        refuse_method (call);
        return;
    }
    if (call->method == SIM_POST && (call->route->flags & SIM_ROUTE_UPLOAD) != 0)
        sim_upload_begin (call);
    else if (call->request->content_length > SIM_BODY_MAX)
        sim_message_error (call, 413, "Base.PayloadTooLarge");
}

/* POST and PATCH carry a JSON object. False: answered. */
static bool
parse_body (struct sim_call *call)
{
    struct err err = { 0 };

    if ((call->method != SIM_POST && call->method != SIM_PATCH) || call->upload != NULL)
        return true;
    if (call->body.len == 0 && (call->route->flags & SIM_ROUTE_ANY_BODY) != 0) {
        call->json = json_object ();
        return true;
    }
    const char *type = sim_http_header (call->request, "Content-Type");
    if (call->body.len > 0 && type != NULL && !sim_http_type_is (type, "application/json")) {
        sim_message_error (call, 415, "Base.HeaderInvalid", "Content-Type");
        return false;
    }
    call->json = call->body.len == 0 ? NULL : json_parse (call->body.data, call->body.len, &err);
    if (call->json == NULL) {
        sim_message_error (call, 400, "Base.MalformedJSON");
        return false;
    }
    if (!json_is_object (call->json)) {
        sim_message_error (call, 400, "Base.UnrecognizedRequestBody");
        return false;
    }
    return true;
}

static bool
etag_equals (const char *given, const char *etag)
{
    if (strcmp (given, "*") == 0 || strcmp (given, etag) == 0)
        return true;
    return strncmp (etag, "W/", 2) == 0 && strcmp (given, etag + 2) == 0;
}

/* A PATCH must be about what the client has read. False: answered. */
static bool
check_if_match (struct sim_call *call)
{
    char etag[24];
    const char *given = sim_http_header (call->request, "If-Match");

    if (call->method != SIM_PATCH || (call->route->flags & SIM_ROUTE_ETAG) == 0)
        return true;
    if (given == NULL) {
        if (call->bmc->personality->etag_required)
            sim_message_error (call, 428, "Base.PreconditionRequired");
        return call->status == 0;
    }
    json_t *now = sim_router_inner_get (call, call->path);
    sim_call_etag (now, etag);
    json_decref (now);
    if (etag_equals (given, etag))
        return true;
    sim_message_error (call, 412, "Base.PreconditionFailed");
    return false;
}

static void
count_change (struct sim_call *call)
{
    bool changes = call->method != SIM_GET && call->method != SIM_HEAD;

    if (!changes || call->counted || (call->route->flags & SIM_ROUTE_UNCOUNTED) != 0)
        return;
    if (call->status >= 200 && call->status <= 299)
        sim_stats_change (call->bmc, call->method, call->path, call->body.data, call->body.len,
                          call->status);
}

static void
add_etag (struct sim_call *call)
{
    char etag[24];
    const char *given = sim_http_header (call->request, "If-None-Match");

    if (call->status != 200 || call->doc == NULL
        || (call->method != SIM_GET && call->method != SIM_HEAD))
        return;
    sim_call_etag (call->doc, etag);
    sim_call_header (call, "ETag", "%s", etag);
    if (given != NULL && etag_equals (given, etag)) {
        call->status = 304;
        return;
    }
    if ((call->route->flags & SIM_ROUTE_ETAG) != 0)
        json_put_str (call->doc, "@odata.etag", etag);
}

void
sim_router_finish (struct sim_call *call)
{
    if (!parse_body (call) || !check_if_match (call))
        return;
    handler_of (call->route, call->method) (call);
    count_change (call);
    add_etag (call);
    if (call->status == 200 && call->doc != NULL && *call->request->query != '\0')
        sim_query_apply (call, call->request->query);
}

json_t *
sim_router_inner_get (struct sim_call *outer, const char *path)
{
    struct sim_call call = { .fleet = outer->fleet,
                             .bmc = outer->bmc,
                             .session = outer->session,
                             .method = SIM_GET,
                             .path = str_dup (path) };

    call.route = find_route (&call);
    if (call.route->get != NULL)
        call.route->get (&call);
    json_t *doc = call.status == 200 ? json_incref (call.doc) : NULL;
    sim_call_release (&call);
    return doc;
}

void
sim_call_release (struct sim_call *call)
{
    mem_free (call->path);
    sim_upload_free (call->upload);
    buf_free (&call->body);
    json_decref (call->json);
    json_decref (call->doc);
    mem_free (call->text);
    buf_free (&call->headers);
}

void
sim_call_answer (struct sim_call *call, int status, json_t *doc)
{
    json_decref (call->doc);
    call->doc = doc;
    call->status = status;
}

void
sim_call_header (struct sim_call *call, const char *name, const char *fmt, ...)
{
    va_list ap;

    buf_printf (&call->headers, "%s: ", name);
    va_start (ap, fmt);
    buf_vprintf (&call->headers, fmt, ap);
    va_end (ap);
    buf_puts (&call->headers, "\r\n");
}

void
sim_call_not_found (struct sim_call *call)
{
    sim_message_error (call, 404, "Base.ResourceMissingAtURI", call->path);
}

void
sim_call_unavailable (struct sim_call *call, int retry_after_s)
{
    char seconds[16];

    str_format (seconds, sizeof seconds, "%d", retry_after_s);
    sim_message_error (call, 503, "Base.ServiceTemporarilyUnavailable", seconds);
    sim_call_header (call, "Retry-After", "%s", seconds);
}

void
sim_call_etag (const json_t *doc, char ret[24])
{
    char *text = doc == NULL ? NULL : json_dumps (doc, JSON_COMPACT);

    str_format (ret, 24, "W/\"%08" PRIX32 "\"", (uint32_t) hash_fnv1a (text == NULL ? "" : text));
    mem_free (text);
}

json_t *
sim_doc_new (const char *uri, const char *type, const char *id, const char *name)
{
    json_t *doc = json_object ();

    json_put_str (doc, "@odata.id", uri);
    json_put_str (doc, "@odata.type", type);
    json_put_str (doc, "Id", id);
    json_put_str (doc, "Name", name);
    return doc;
}

json_t *
sim_doc_link (const char *fmt, ...)
{
    va_list ap;

    va_start (ap, fmt);
    json_t *link = json_pack ("{s:o}", "@odata.id", json_vsprintf (fmt, ap));
    va_end (ap);
    return link;
}

json_t *
sim_doc_collection (const char *uri, const char *type, const char *name)
{
    json_t *doc = json_object ();
    char *full = str_printf ("#%s.%s", type, type);

    json_put_str (doc, "@odata.id", uri);
    json_put_str (doc, "@odata.type", full);
    json_put_str (doc, "Name", name);
    json_put (doc, "Members", json_array ());
    json_put_int (doc, "Members@odata.count", 0);
    mem_free (full);
    return doc;
}

void
sim_doc_add_member (json_t *collection, const char *fmt, ...)
{
    json_t *members = json_object_get (collection, "Members");
    va_list ap;

    va_start (ap, fmt);
    json_array_append_new (members, json_pack ("{s:o}", "@odata.id", json_vsprintf (fmt, ap)));
    va_end (ap);
    json_put_int (collection, "Members@odata.count", (long long) json_array_size (members));
}
