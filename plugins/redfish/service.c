/* service: discovery: from the service root to the resources that firmware work needs.
 *
 * Three rounds of reads, none of which holds a thread: the root; what it links to; the first system
 * and manager. What was found is kept in the op's state as one small JSON object ("rf").
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "redfish.h"

#define STATE "rf"
#define ROUND "rf.round"

/* --- whose BMC ------------------------------------------------------------------------------ */

static const struct {
    const char *glob;
    uint32_t vendor;
} vendor_words[] = {
    { "dell*", REDFISH_DELL },           { "hpe", REDFISH_HPE },
    { "hp", REDFISH_HPE },               { "hewlett*", REDFISH_HPE },
    { "supermicro*", REDFISH_SUPERMICRO }, { "smci", REDFISH_SUPERMICRO },
    { "super micro*", REDFISH_SUPERMICRO }, { "lenovo*", REDFISH_LENOVO },
    { "ami", REDFISH_AMI },              { "nvidia*", REDFISH_NVIDIA },
    { "openbmc*", REDFISH_OPENBMC },
};

static uint32_t
vendor_of_text (const char *text)
{
    for (size_t i = 0; i < sizeof vendor_words / sizeof vendor_words[0]; i++)
        if (redfish_glob (vendor_words[i].glob, text))
            return vendor_words[i].vendor;
    return REDFISH_OTHER;
}

static uint32_t
vendor_of_oem (const struct farrier_json *resource)
{
    const struct farrier_json *oem = farrier_json_at (resource, "/Oem");
    for (uint32_t i = 0; i < farrier_json_count (oem); i++) {
        uint32_t vendor = vendor_of_text (farrier_json_key (oem, i));
        if (vendor != REDFISH_OTHER)
            return vendor;
    }
    return REDFISH_OTHER;
}

uint32_t
redfish_vendor_of (const struct farrier_json *root, const struct farrier_json *system,
                   const struct farrier_json *manager)
{
    const uint32_t guesses[] = {
        vendor_of_text (farrier_json_str_at (root, "/Vendor")),
        vendor_of_oem (root),
        vendor_of_text (farrier_json_str_at (system, "/Manufacturer")),
        vendor_of_oem (system),
        vendor_of_text (farrier_json_str_at (manager, "/Model")),
        vendor_of_oem (manager),
    };
    for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++)
        if (guesses[i] != REDFISH_OTHER)
            return guesses[i];
    return REDFISH_OTHER;
}

/* --- state ---------------------------------------------------------------------------------- */

static const struct {
    const char *key;
    size_t offset;
} members[] = {
    { "root", offsetof (struct redfish_service, root) },
    { "version", offsetof (struct redfish_service, version) },
    { "system", offsetof (struct redfish_service, system) },
    { "manager", offsetof (struct redfish_service, manager) },
    { "chassis", offsetof (struct redfish_service, chassis) },
    { "update", offsetof (struct redfish_service, update) },
    { "inventory", offsetof (struct redfish_service, inventory) },
    { "tasks", offsetof (struct redfish_service, tasks) },
    { "bios", offsetof (struct redfish_service, bios) },
    { "expand", offsetof (struct redfish_service, expand) },
};

static const char **
member_at (struct redfish_service *service, size_t i)
{
    return (const char **) (void *) ((char *) service + members[i].offset);
}

static int32_t
service_save (struct farrier_step *step, struct redfish_service *service)
{
    struct farrier_json *object = farrier_json_object (step);
    if (object == NULL)
        return FARRIER_E_NO_SPACE;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const char *text = *member_at (service, i);
        if (text != NULL)
            farrier_json_put (object, members[i].key, farrier_json_string (step, text));
    }
    farrier_json_put (object, "vendor", farrier_json_integer (step, service->vendor));
    const char *text = farrier_json_text (step, object);
    return text == NULL ? FARRIER_E_NO_SPACE : farrier_state_set (step, STATE, text);
}

static int
service_parse (struct farrier_step *step, struct redfish_service *ret)
{
    const char *text = farrier_state_get (step, STATE);
    const struct farrier_json *object = text == NULL ? NULL : farrier_json_parse (step, text);
    int64_t vendor = 0;
    if (object == NULL)
        return 0;
    memset (ret, 0, sizeof *ret);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        char pointer[32] = "/";
        strncat (pointer, members[i].key, sizeof pointer - 2);
        *member_at (ret, i) = farrier_json_str_at (object, pointer);
    }
    farrier_json_i64 (farrier_json_at (object, "/vendor"), &vendor);
    ret->vendor = (uint32_t) vendor;
    ret->vendor_name = redfish_vendor_name (ret->vendor);
    return ret->root != NULL;
}

int32_t
redfish_service_load (struct farrier_step *step, struct redfish_service *ret)
{
    if (farrier_state_get (step, ROUND) != NULL)
        return FARRIER_SKIPPED;
    return service_parse (step, ret) ? FARRIER_DONE : FARRIER_SKIPPED;
}

/* --- rounds --------------------------------------------------------------------------------- */

static int32_t
collect (struct farrier_step *step, const char *round, const char *const *paths, size_t count,
         struct farrier_error *err)
{
    struct farrier_collect what = FARRIER_INIT (struct farrier_collect);
    what.paths = (struct farrier_table) FARRIER_TABLE_OF (paths, count);
    what.label = "discover the service";
    int32_t rc = farrier_state_set (step, ROUND, round);
    if (rc == 0)
        rc = farrier_await_collect (step, &what, err);
    return rc < 0 ? rc : FARRIER_PENDING;
}

/* Most messages of the core begin with the path already. */
static int32_t
fail_read (struct farrier_step *step, struct farrier_error *err, int32_t code, const char *path,
           const char *message)
{
    if (message != NULL && strncmp (message, path, strlen (path)) == 0)
        return farrier_fail (step, err, code, "%s", message);
    return farrier_fail (step, err, code, "%s: %s", path,
                         message == NULL ? "can't be read" : message);
}

/* Why the round's document is not there: its own code and words. */
static int32_t
missing (struct farrier_step *step, const char *path, struct farrier_error *err)
{
    struct farrier_wake wake = FARRIER_INIT (struct farrier_wake);
    farrier_wake (step, &wake);
    for (uint32_t i = 0; i < wake.documents; i++) {
        struct farrier_document doc = FARRIER_INIT (struct farrier_document);
        if (farrier_wake_document (step, i, &doc) == 0
            && redfish_path_equal (redfish_path (doc.path), path) && doc.code != 0)
            return fail_read (step, err, doc.code, path, doc.message);
    }
    if (wake.code != 0)
        return fail_read (step, err, wake.code, path, wake.message);
    return farrier_fail (step, err, FARRIER_E_INVALID, "%s was not read", path);
}

/* The $expand query that fits what the root says, or NULL. */
static const char *
expand_of (const struct farrier_json *root)
{
    const struct farrier_json *e
        = farrier_json_at (root, "/ProtocolFeaturesSupported/ExpandQuery");
    int64_t levels = 0;
    int has_levels = farrier_json_bool (farrier_json_at (e, "/Levels")) == 1
                     && farrier_json_i64 (farrier_json_at (e, "/MaxLevels"), &levels) == 0
                     && levels >= 1;
    if (farrier_json_bool (farrier_json_at (e, "/NoLinks")) == 1)
        return has_levels ? "$expand=.($levels=1)" : "$expand=.";
    if (farrier_json_bool (farrier_json_at (e, "/ExpandAll")) == 1)
        return has_levels ? "$expand=*($levels=1)" : "$expand=*";
    return NULL;
}

static int32_t
after_root (struct farrier_step *step, struct redfish_service *s, struct farrier_error *err)
{
    const struct farrier_json *root = redfish_document (step, s->root, NULL);
    if (root == NULL)
        return missing (step, s->root, err);
    s->system = redfish_link (root, "/Systems");
    s->manager = redfish_link (root, "/Managers");
    s->chassis = redfish_link (root, "/Chassis");
    s->update = redfish_link (root, "/UpdateService");
    s->tasks = redfish_link (root, "/Tasks");
    s->version = farrier_json_str_at (root, "/RedfishVersion");
    s->expand = expand_of (root);
    s->vendor = redfish_vendor_of (root, NULL, NULL);
    if (farrier_json_type (root) != 'o' || (s->system == NULL && s->manager == NULL))
        return farrier_fail (step, err, FARRIER_E_UNSUPPORTED,
                             "the service root at %s names neither Systems nor Managers: "
                             "this is no Redfish service that Farrier can use", s->root);
    int32_t rc = service_save (step, s);
    if (rc < 0)
        return farrier_fail (step, err, rc, "the service's addresses can't be kept");
    const char *paths[5];
    size_t count = 0;
    const char *const wanted[] = { s->system, s->manager, s->chassis, s->update, s->tasks };
    for (size_t i = 0; i < 5; i++)
        if (wanted[i] != NULL)
            paths[count++] = wanted[i];
    return collect (step, "2", paths, count, err);
}

/* The member of a collection that is the host's own: GPU baseboards are listed beside it. */
static const char *
first_member (const struct farrier_json *collection)
{
    const struct farrier_json *list = farrier_json_at (collection, "/Members");
    const char *first = NULL;
    for (uint32_t i = 0; i < farrier_json_count (list); i++) {
        const char *path = redfish_link (farrier_json_item (list, i), "");
        const char *id = path == NULL ? NULL : strrchr (path, '/');
        if (path == NULL)
            continue;
        first = first == NULL ? path : first;
        if (!redfish_glob ("/HGX*", id))
            return path;
    }
    return first;
}

/* The BMC may have it, only not now. Going on without it would hide an update's task from
 * reconcile, which would then send the image again. */
static int
may_be_there (struct farrier_step *step, const char *path)
{
    int32_t code = 0;
    return path != NULL && redfish_document (step, path, &code) == NULL
           && code != FARRIER_E_UNSUPPORTED && code != FARRIER_E_INVALID
           && code != FARRIER_E_REJECTED;
}

static int32_t
after_links (struct farrier_step *step, struct redfish_service *s, struct farrier_error *err)
{
    if (may_be_there (step, s->update))
        return missing (step, s->update, err);
    if (may_be_there (step, s->tasks))
        return missing (step, s->tasks, err);
    const struct farrier_json *update = redfish_document (step, s->update, NULL);
    s->inventory = redfish_link (update, "/FirmwareInventory");
    const struct farrier_json *tasks = redfish_document (step, s->tasks, NULL);
    s->tasks = redfish_link (tasks, "/Tasks");
    const char *systems = s->system, *managers = s->manager;
    s->system = first_member (redfish_document (step, systems, NULL));
    s->manager = first_member (redfish_document (step, managers, NULL));
    s->chassis = first_member (redfish_document (step, s->chassis, NULL));
    if (s->system == NULL && s->manager == NULL)
        return missing (step, systems != NULL ? systems : managers, err);
    int32_t rc = service_save (step, s);
    if (rc < 0)
        return farrier_fail (step, err, rc, "the service's addresses can't be kept");
    const char *paths[2];
    size_t count = 0;
    if (s->system != NULL)
        paths[count++] = s->system;
    if (s->manager != NULL)
        paths[count++] = s->manager;
    return collect (step, "3", paths, count, err);
}

static int32_t
after_members (struct farrier_step *step, struct redfish_service *s, struct farrier_error *err)
{
    const struct farrier_json *system = redfish_document (step, s->system, NULL);
    const struct farrier_json *manager = redfish_document (step, s->manager, NULL);
    if (system == NULL && s->system != NULL)
        return missing (step, s->system, err);
    if (s->vendor == REDFISH_OTHER)
        s->vendor = redfish_vendor_of (NULL, system, manager);
    s->vendor_name = redfish_vendor_name (s->vendor);
    s->bios = redfish_link (system, "/Bios");
    int32_t rc = service_save (step, s);
    if (rc < 0)
        return farrier_fail (step, err, rc, "the service's addresses can't be kept");
    farrier_state_del (step, ROUND);
    return FARRIER_DONE;
}

static int32_t
first_round (struct farrier_step *step, const char *root, struct farrier_error *err)
{
    struct redfish_service fresh = { .root = root };
    int32_t rc = service_save (step, &fresh);
    if (rc < 0)
        return farrier_fail (step, err, rc, "the service's addresses can't be kept");
    const char *paths[] = { root };
    return collect (step, "1", paths, 1, err);
}

int32_t
redfish_discover (struct farrier_step *step, struct redfish_service *ret,
                  struct farrier_error *err)
{
    const char *round = farrier_state_get (step, ROUND);
    if (round == NULL && service_parse (step, ret))
        return FARRIER_DONE;
    struct farrier_wake wake = FARRIER_INIT (struct farrier_wake);
    farrier_wake (step, &wake);
    if (round == NULL || wake.kind != FARRIER_WAKE_COLLECTED || !service_parse (step, ret))
        return first_round (step, "/redfish/v1/", err);
    if (strcmp (round, "1") == 0) {
        int32_t code = 0;
        /* Some firmware knows the root without its slash only. */
        if (redfish_document (step, ret->root, &code) == NULL && ret->root[11] != '\0'
            && code == FARRIER_E_UNSUPPORTED)
            return first_round (step, "/redfish/v1", err);
        return after_root (step, ret, err);
    }
    if (strcmp (round, "2") == 0)
        return after_links (step, ret, err);
    return after_members (step, ret, err);
}

/* --- identity ------------------------------------------------------------------------------- */

static void
fact (struct farrier_step *step, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0')
        farrier_emit_fact (step, name, farrier_json_string (step, value));
}

static void
identity (struct farrier_step *step, const char *kind, const struct farrier_json *resource,
          const char *uri, const char *pointer)
{
    const char *value = farrier_json_str_at (resource, pointer);
    if (value != NULL && value[0] != '\0' && uri != NULL)
        farrier_emit_identity (step, kind, value, uri, pointer);
}

void
redfish_emit_identity (struct farrier_step *step, const struct redfish_service *service,
                       const struct farrier_json *system, const struct farrier_json *manager)
{
    identity (step, "serial", system, service->system, "/SerialNumber");
    identity (step, "uuid", system, service->system, "/UUID");
    identity (step, "asset", system, service->system, "/AssetTag");
    /* A stock OpenBMC names no system: its own UUID is what stays then. */
    if (farrier_json_str_at (system, "/SerialNumber") == NULL
        && farrier_json_str_at (system, "/UUID") == NULL)
        identity (step, "uuid", manager, service->manager, "/UUID");
    fact (step, "vendor", redfish_vendor_name (service->vendor));
    fact (step, "manufacturer", farrier_json_str_at (system, "/Manufacturer"));
    fact (step, "model", farrier_json_str_at (system, "/Model"));
    fact (step, "sku", farrier_json_str_at (system, "/SKU"));
    fact (step, "host_name", farrier_json_str_at (system, "/HostName"));
    fact (step, "power_state", farrier_json_str_at (system, "/PowerState"));
    fact (step, "health", farrier_json_str_at (system, "/Status/Health"));
    fact (step, "boot_progress", farrier_json_str_at (system, "/BootProgress/LastState"));
    fact (step, "bios.version", farrier_json_str_at (system, "/BiosVersion"));
    fact (step, "bmc.model", farrier_json_str_at (manager, "/Model"));
    fact (step, "bmc.version", farrier_json_str_at (manager, "/FirmwareVersion"));
    fact (step, "redfish.version", service->version);
}
