/* sim_schema: $metadata, odata, JsonSchemas and Registries: enough for clients that look there.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_doc.h"
#include "sim_message.h"
#include "sim_router.h"

#define ROOT "/redfish/v1"

/* Name and version of each type that is served; "" for those without one. */
static const char *const schemas[][2] = {
    { "ServiceRoot", "v1_15_0" },
    { "ComputerSystemCollection", "" },
    { "ComputerSystem", "v1_20_0" },
    { "ManagerCollection", "" },
    { "Manager", "v1_16_0" },
    { "ChassisCollection", "" },
    { "Chassis", "v1_22_0" },
    { "UpdateService", "v1_11_1" },
    { "SoftwareInventoryCollection", "" },
    { "SoftwareInventory", "v1_10_0" },
    { "TaskService", "v1_2_0" },
    { "TaskCollection", "" },
    { "Task", "v1_7_1" },
    { "SessionService", "v1_1_8" },
    { "SessionCollection", "" },
    { "Session", "v1_5_0" },
    { "AccountService", "v1_13_0" },
    { "ManagerAccountCollection", "" },
    { "ManagerAccount", "v1_11_0" },
    { "RoleCollection", "" },
    { "Role", "v1_3_1" },
    { "Bios", "v1_2_0" },
    { "ActionInfo", "v1_3_0" },
    { "Message", "v1_1_2" },
    { "MessageRegistry", "v1_6_0" },
    { "MessageRegistryFileCollection", "" },
    { "MessageRegistryFile", "v1_1_3" },
    { "JsonSchemaFileCollection", "" },
    { "JsonSchemaFile", "v1_1_4" },
    { "AttributeRegistry", "v1_3_6" },
};
#define SCHEMA_COUNT (sizeof schemas / sizeof schemas[0])

void
sim_schema_get_odata (struct sim_call *call)
{
    static const char *const services[]
        = { "Systems",        "Chassis",     "Managers",    "UpdateService", "SessionService",
            "AccountService", "TaskService", "JsonSchemas", "Registries" };
    json_t *value = json_array ();

    json_array_append_new (value, json_pack ("{s:s,s:s,s:s}", "name", "Service", "kind",
                                             "Singleton", "url", ROOT "/"));
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        json_array_append_new (value,
                               json_pack ("{s:s,s:s,s:o}", "name", services[i], "kind", "Singleton",
                                          "url", json_sprintf (ROOT "/%s", services[i])));
    sim_call_answer (call, 200,
                     json_pack ("{s:s,s:o}", "@odata.context", ROOT "/$metadata", "value", value));
}

void
sim_schema_get_metadata (struct sim_call *call)
{
    struct buf out = { 0 };

    buf_puts (
        &out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<edmx:Edmx xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\" Version=\"4.0\">\n");
    for (size_t i = 0; i < SCHEMA_COUNT; i++) {
        const char *name = schemas[i][0], *version = schemas[i][1];
        buf_printf (&out,
                    "  <edmx:Reference Uri=\"http://redfish.dmtf.org/schemas/v1/%s_v1.xml\">\n"
                    "    <edmx:Include Namespace=\"%s\"/>\n",
                    name, name);
        if (*version != '\0')
            buf_printf (&out, "    <edmx:Include Namespace=\"%s.%s\"/>\n", name, version);
        buf_puts (&out, "  </edmx:Reference>\n");
    }
    buf_puts (
        &out,
        "  <edmx:DataServices>\n"
        "    <Schema xmlns=\"http://docs.oasis-open.org/odata/ns/edm\" Namespace=\"Service\">\n"
        "      <EntityContainer Name=\"Service\" "
        "Extends=\"ServiceRoot.v1_15_0.ServiceContainer\"/>\n"
        "    </Schema>\n  </edmx:DataServices>\n</edmx:Edmx>\n");
    call->text = buf_steal (&out);
    call->content_type = "application/xml; charset=utf-8";
    call->status = 200;
}

void
sim_schema_get_schemas (struct sim_call *call)
{
    json_t *doc = sim_doc_collection (ROOT "/JsonSchemas", "JsonSchemaFileCollection",
                                      "JsonSchemaFile Collection");

    for (size_t i = 0; i < SCHEMA_COUNT; i++)
        sim_doc_add_member (doc, ROOT "/JsonSchemas/%s", schemas[i][0]);
    sim_call_answer (call, 200, doc);
}

void
sim_schema_get_schema (struct sim_call *call)
{
    for (size_t i = 0; i < SCHEMA_COUNT; i++) {
        const char *name = schemas[i][0], *version = schemas[i][1];
        if (!str_eq (name, call->id))
            continue;
        char *full = *version == '\0' ? str_printf ("%s.json", name)
                                      : str_printf ("%s.%s.json", name, version);
        char *uri = str_printf (ROOT "/JsonSchemas/%s", name);
        char *title = str_printf ("%s Schema File", name);
        json_t *doc = sim_doc_new (uri, "#JsonSchemaFile.v1_1_4.JsonSchemaFile", name, title);
        json_put (doc, "Schema", json_sprintf ("#%.*s", (int) (strlen (full) - 5), full));
        json_put (doc, "Languages", json_pack ("[s]", "en"));
        json_put (doc, "Location",
                  json_pack ("[{s:s,s:o}]", "Language", "en", "PublicationUri",
                             json_sprintf ("http://redfish.dmtf.org/schemas/v1/%s", full)));
        sim_call_answer (call, 200, doc);
        mem_free (full);
        mem_free (uri);
        mem_free (title);
        return;
    }
    sim_call_not_found (call);
}

static const char *const registries[] = { "Base", "Update", "TaskEvent" };
#define REGISTRY_COUNT (sizeof registries / sizeof registries[0])

void
sim_schema_get_registries (struct sim_call *call)
{
    json_t *doc = sim_doc_collection (ROOT "/Registries", "MessageRegistryFileCollection",
                                      "MessageRegistryFile Collection");

    for (size_t i = 0; i < REGISTRY_COUNT; i++)
        sim_doc_add_member (doc, ROOT "/Registries/%s", registries[i]);
    sim_call_answer (call, 200, doc);
}

static json_t *
registry_file (const char *name)
{
    const char *version = sim_message_version (name);
    char *uri = str_printf (ROOT "/Registries/%s", name),
         *title = str_printf ("%s Message Registry File", name);
    json_t *doc = sim_doc_new (uri, "#MessageRegistryFile.v1_1_3.MessageRegistryFile", name, title);

    json_put (doc, "Registry",
              json_sprintf ("%s.%.*s", name, (int) (strrchr (version, '.') - version), version));
    json_put (doc, "Languages", json_pack ("[s]", "en"));
    json_put (doc, "Location",
              json_pack ("[{s:s,s:o}]", "Language", "en", "Uri",
                         json_sprintf (ROOT "/Registries/%s.json", name)));
    mem_free (uri);
    mem_free (title);
    return doc;
}

static json_t *
registry (const char *name)
{
    const char *version = sim_message_version (name);
    json_t *messages = json_object (), *doc = json_object ();
    const struct sim_message_def *def;
    size_t it = 0;

    while ((def = sim_message_each (&it)) != NULL) {
        if (!str_eq (def->registry, name))
            continue;
        json_t *types = json_array ();
        for (int i = 0; i < def->args; i++)
            json_array_append_new (types, json_string ("string"));
        json_put (messages, def->key,
                  json_pack ("{s:s,s:s,s:s,s:s,s:i,s:o,s:s}", "Description", def->text, "Message",
                             def->text, "Severity", def->severity, "MessageSeverity", def->severity,
                             "NumberOfArgs", def->args, "ParamTypes", types, "Resolution",
                             def->resolution));
    }
    json_put_str (doc, "@odata.type", "#MessageRegistry.v1_6_0.MessageRegistry");
    json_put (doc, "Id", json_sprintf ("%s.%s", name, version));
    json_put (doc, "Name", json_sprintf ("%s Message Registry", name));
    json_put_str (doc, "Language", "en");
    json_put_str (doc, "RegistryPrefix", name);
    json_put_str (doc, "RegistryVersion", version);
    json_put_str (doc, "OwningEntity", "farrier-sim (simulated excerpt of the DMTF registry)");
    json_put (doc, "Messages", messages);
    return doc;
}

void
sim_schema_get_registry (struct sim_call *call)
{
    char name[sizeof call->id];
    bool whole = str_ends (call->id, ".json");

    str_format (name, sizeof name, "%.*s", (int) (strlen (call->id) - (whole ? 5 : 0)), call->id);
    for (size_t i = 0; i < REGISTRY_COUNT; i++) {
        if (str_eq (name, registries[i])) {
            sim_call_answer (call, 200, whole ? registry (name) : registry_file (name));
            return;
        }
    }
    sim_call_not_found (call);
}
