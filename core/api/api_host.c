/* api_host: calls about hosts and their credentials.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "api/api_private.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine.h"
#include "fleet/host.h"
#include "fleet/inventory.h"
#include "fleet/selector.h"

static void
free_finding (void *p)
{
    host_finding_free (p);
}

static void
free_spec (void *p)
{
    host_spec_free (p);
}

static void
free_binding (void *p)
{
    host_binding_spec_free (p);
}

/* Whoever runs jobs keeps addresses and logins: they are asked for anew. */
static void
forget (struct api *api, const char *host_id)
{
    struct engine *engine = api_running_engine (api);
    if (engine != NULL)
        engine_forget_host (engine, host_id);
}

static void
forget_name (struct api *api, const char *name)
{
    struct store_host *host = NULL;
    if (store_host_by_name (api->store, name, &host, NULL) == 0)
        forget (api, host->id);
    store_host_free (host);
}

/* The key, made when the first secret comes. */
static int32_t
key_for (const struct api_request *q, bool wanted, struct seal_key **ret, struct err *err)
{
    *ret = NULL;
    return wanted ? api_key (q->api, ret, err) : 0;
}

static json_t *
findings_json (const struct vec *findings)
{
    json_t *list = json_array ();
    for (size_t i = 0; i < findings->count; i++) {
        const struct host_finding *f = findings->items[i];
        json_array_append_new (list, finding_json (f->where, f->field, f->message));
    }
    return list;
}

/* A plugin that nobody has is a typing error: better said now than in the middle of a job. */
static int32_t
check_bindings (struct api *api, const struct vec *bindings, struct err *err)
{
    struct plugin_registry *registry = NULL;
    if (bindings->count == 0)
        return 0;
    int32_t rc = api_registry (api, &registry, err);
    for (size_t i = 0; i < bindings->count && rc == 0; i++) {
        const struct host_binding_spec *b = bindings->items[i];
        if (plugin_find (registry, b->plugin) == NULL) {
            rc = err_set (err, ERR_NOT_FOUND, "there is no plugin %s", b->plugin);
            err_hint (err, "farrier plugin list");
        }
        for (size_t k = 0; k < b->type_count && rc == 0; k++) {
            enum farrier_component_type type;
            size_t count;
            const char *const *names = component_type_names (&count);
            if (component_type_from_name (b->types[k], &type))
                continue;
            const char *near = str_did_you_mean (b->types[k], names, count);
            rc = err_set (err, ERR_USAGE, "there is no component type \"%s\"", b->types[k]);
            if (near != NULL)
                err_hint (err, "did you mean %s?", near);
        }
    }
    return rc;
}

/* --- add, import ------------------------------------------------------------------------------ */

static bool
has_secret (const struct host_spec *spec)
{
    for (size_t i = 0; i < spec->endpoints.count; i++) {
        const struct host_endpoint_spec *e = spec->endpoints.items[i];
        if (e->credential.user != NULL)
            return true;
    }
    return false;
}

int32_t
api_host_add (const struct api_request *q, json_t **ret, struct err *err)
{
    struct vec findings = { 0 };
    struct host_spec *spec = host_spec_from_json (json_object_get (q->body, "host"), NULL,
                                                  &findings);
    struct seal_key *key = NULL;
    char *id = NULL;
    int32_t rc = 0;
    host_spec_check (spec, &findings);
    if (findings.count > 0) {
        const struct host_finding *f = findings.items[0];
        rc = err_set (err, ERR_USAGE, "%s%s%s", f->field, *f->field == '\0' ? "" : ": ",
                      f->message);
        *ret = json_object ();
        json_put (*ret, "findings", findings_json (&findings));
    }
    if (rc == 0)
        rc = check_bindings (q->api, &spec->bindings, err);
    if (rc == 0)
        rc = key_for (q, has_secret (spec), &key, err);
    if (rc == 0)
        rc = host_add (q->api->store, key, spec, &id, err);
    if (rc == 0) {
        *ret = json_object ();
        json_put_str (*ret, "id", id);
        json_put_str (*ret, "name", spec->name);
    }
    mem_free (id);
    host_spec_free (spec);
    vec_free_with (&findings, free_finding);
    return rc;
}

static void
read_rows (const struct api_request *q, struct vec *specs, struct vec *findings, bool *ret_secrets)
{
    size_t i;
    json_t *v;
    json_array_foreach (json_object_get (q->body, "findings"), i, v)
        host_finding_add (findings, json_str_or (v, "/where", ""), json_str_or (v, "/field", ""),
                          "%s", json_str_or (v, "/message", ""));
    json_array_foreach (json_object_get (q->body, "hosts"), i, v) {
        size_t before = findings->count;
        struct host_spec *spec = host_spec_from_json (v, json_str (v, "/where"), findings);
        if (findings->count > before) {
            host_spec_free (spec);
            continue;
        }
        *ret_secrets = *ret_secrets || has_secret (spec);
        vec_push (specs, spec);
    }
}

int32_t
api_host_import (const struct api_request *q, json_t **ret, struct err *err)
{
    struct vec specs = { 0 }, findings = { 0 };
    struct seal_key *key = NULL;
    size_t added = 0;
    bool secrets = false;
    if (!json_is_array (json_object_get (q->body, "hosts")))
        return err_set (err, ERR_USAGE, "host.import: \"hosts\" is no list");
    read_rows (q, &specs, &findings, &secrets);
    int32_t rc = 0;
    if (specs.count == 0 && findings.count == 0)
        rc = err_set (err, ERR_NOTHING, "the list holds no hosts");
    for (size_t i = 0; i < specs.count && rc == 0; i++)
        rc = check_bindings (q->api, &((struct host_spec *) specs.items[i])->bindings, err);
    bool dry_run = request_bool (q, "dry_run");
    if (rc == 0 && dry_run)
        rc = host_import_check (q->api->store, &specs, &findings, err);
    if (rc == 0 && !dry_run)
        rc = key_for (q, secrets, &key, err);
    if (rc == 0 && !dry_run)
        rc = host_import (q->api->store, key, &specs, request_bool (q, "partial"), &findings,
                          &added, err);
    *ret = json_object ();
    json_put_int (*ret, "added", (long long) added);
    json_put (*ret, "findings", findings_json (&findings));
    vec_free_with (&specs, free_spec);
    vec_free_with (&findings, free_finding);
    return rc;
}

/* --- look ------------------------------------------------------------------------------------- */

int32_t
api_host_list (const struct api_request *q, json_t **ret, struct err *err)
{
    struct store_host *hosts = NULL;
    struct store_endpoint *endpoints = NULL;
    size_t count = 0, endpoint_count = 0;
    unsigned flags = request_text (q, "selector") == NULL
                         ? SELECTOR_ALLOW_ALL | SELECTOR_ALLOW_EMPTY : SELECTOR_ALLOW_ALL;
    int32_t rc = request_hosts (q, flags, &hosts, &count, err);
    if (rc == 0)
        rc = store_endpoint_list (q->api->store, NULL, &endpoints, &endpoint_count, err);
    if (rc < 0) {
        store_host_free_all (hosts, count);
        return rc;
    }

    struct map *urls = map_new ();
    for (size_t i = 0; i < endpoint_count; i++) {
        if (str_eq (endpoints[i].kind, "bmc"))
            map_set (urls, endpoints[i].host_id, &endpoints[i]);
    }
    json_t *list = json_array ();
    for (size_t i = 0; i < count; i++) {
        json_t *v = host_summary_json (&hosts[i]);
        const struct store_endpoint *bmc = map_get (urls, hosts[i].id);
        json_put_str (v, "bmc", bmc == NULL ? NULL : bmc->url);
        json_put_str (v, "trust", bmc == NULL ? NULL : bmc->trust);
        json_array_append_new (list, v);
    }
    *ret = json_object ();
    json_put (*ret, "hosts", list);
    map_free (urls, NULL);
    store_endpoint_free_all (endpoints, endpoint_count);
    store_host_free_all (hosts, count);
    return 0;
}

int32_t
api_host_show (const struct api_request *q, json_t **ret, struct err *err)
{
    struct store_host *host = NULL;
    struct seal_key *key = NULL;
    int32_t rc = host_find (q->api->store, request_text (q, "name"), &host, err);
    if (rc < 0)
        return rc;
    /* Without the key only the users are missing. */
    if (api_key (q->api, &key, NULL) < 0)
        key = NULL;
    *ret = host_to_json (q->api->store, key, host, err);
    store_host_free (host);
    return *ret == NULL ? err->code : 0;
}

/* --- change ----------------------------------------------------------------------------------- */

int32_t
api_host_remove (const struct api_request *q, json_t **ret, struct err *err)
{
    (void) ret;
    forget_name (q->api, request_text (q, "name"));
    return host_remove (q->api->store, request_text (q, "name"), err);
}

typedef int32_t each_fn (const struct api_request *q, const char *name, struct err *err);

/* The same for every host that the selector means: {"hosts":[names]}. Stops at the first failure,
 * and says how far it came. */
static int32_t
for_each (const struct api_request *q, each_fn *fn, json_t **ret, struct err *err)
{
    struct store_host *hosts = NULL;
    size_t count = 0, done = 0, idle = 0, i;
    int32_t rc = request_hosts (q, 0, &hosts, &count, err);
    if (rc < 0)
        return rc;
    json_t *names = json_array ();
    for (i = 0; i < count; i++) {
        rc = fn (q, hosts[i].name, err);
        if (rc == ERR_NOTHING && count > 1) {
            idle++;
            rc = 0;
            continue;
        }
        if (rc < 0)
            break;
        forget (q->api, hosts[i].id);
        json_array_append_new (names, json_string (hosts[i].name));
        done++;
    }
    if (rc < 0 && done > 0)
        err_prefix (err, "%zu of %zu hosts were changed, then %s", done, count, hosts[i].name);
    else if (rc == 0 && done == 0 && idle > 0)
        rc = err_set (err, ERR_NOTHING, "none of %zu hosts needed a change", count);
    *ret = json_object ();
    json_put (*ret, "hosts", names);
    store_host_free_all (hosts, count);
    return rc;
}

static int32_t
label_one (const struct api_request *q, const char *name, struct err *err)
{
    return host_label (q->api->store, name, json_object_get (q->body, "labels"), err);
}

int32_t
api_host_label (const struct api_request *q, json_t **ret, struct err *err)
{
    const json_t *labels = json_object_get (q->body, "labels");
    if (!json_is_object (labels) || json_object_size (labels) == 0)
        return err_set (err, ERR_USAGE, "no label is named: KEY=VALUE sets one, KEY- removes it");
    return for_each (q, label_one, ret, err);
}

int32_t
api_host_bind (const struct api_request *q, json_t **ret, struct err *err)
{
    (void) ret;
    struct vec bindings = { 0 };
    int32_t rc = 0;
    size_t i;
    json_t *v;
    json_array_foreach (json_object_get (q->body, "plugins"), i, v) {
        struct host_binding_spec *b
            = host_binding_parse (json_is_string (v) ? json_string_value (v) : "", err);
        if (b == NULL) {
            rc = ERR_USAGE;
            break;
        }
        vec_push (&bindings, b);
    }
    if (rc == 0)
        rc = check_bindings (q->api, &bindings, err);
    if (rc == 0)
        rc = host_bind (q->api->store, request_text (q, "name"), &bindings, err);
    vec_free_with (&bindings, free_binding);
    return rc;
}

/* Borrowed strings all: never given to host_endpoint_spec_free(). */
static struct host_endpoint_spec
endpoint_of (const struct api_request *q)
{
    const char *kind = request_text (q, "endpoint");
    return (struct host_endpoint_spec) {
        .kind = (char *) (kind == NULL ? "bmc" : kind),
        .url = (char *) request_text (q, "url"),
        .credential = { .user = (char *) request_text (q, "user"),
                        .password = (char *) request_text (q, "password"),
                        .private_key = (char *) request_text (q, "private_key") },
        .trust = (char *) request_text (q, "trust"),
        .pin_sha256 = (char *) request_text (q, "pin"),
        .ca_file = (char *) request_text (q, "ca"),
    };
}

static int32_t
check_credential (const struct host_endpoint_spec *e, struct err *err)
{
    bool secret = !str_empty (e->credential.password) || !str_empty (e->credential.private_key);
    if (secret == (e->credential.user != NULL))
        return 0;
    return err_set (err, ERR_USAGE, secret ? "there is a secret but no user"
                                           : "there is a user but no password and no key");
}

int32_t
api_host_endpoint (const struct api_request *q, json_t **ret, struct err *err)
{
    (void) ret;
    struct host_endpoint_spec e = endpoint_of (q);
    struct seal_key *key = NULL;
    const char *name = request_text (q, "name");
    int32_t rc;
    if (request_bool (q, "remove")) {
        rc = host_endpoint_remove (q->api->store, name, e.kind, err);
    } else {
        rc = check_credential (&e, err);
        if (rc == 0)
            rc = key_for (q, e.credential.user != NULL, &key, err);
        if (rc == 0)
            rc = host_endpoint_set (q->api->store, key, name, &e, err);
    }
    if (rc == 0)
        forget_name (q->api, name);
    return rc;
}

int32_t
api_host_trust (const struct api_request *q, json_t **ret, struct err *err)
{
    (void) ret;
    struct host_endpoint_spec e = endpoint_of (q);
    const char *name = request_text (q, "name");
    if (e.trust == NULL && e.pin_sha256 == NULL && !request_bool (q, "forget"))
        return err_set (err, ERR_USAGE, "host trust: say --pin SHA256, --ca FILE, --insecure or "
                        "--forget");
    int32_t rc = host_trust_set (q->api->store, name, e.kind, e.trust, e.pin_sha256, e.ca_file,
                                 err);
    if (rc == 0)
        forget_name (q->api, name);
    return rc;
}

int32_t
api_host_accept_identity (const struct api_request *q, json_t **ret, struct err *err)
{
    (void) ret;
    return inventory_accept_identity (q->api->store, request_text (q, "name"), err);
}

static int32_t
exclude_one (const struct api_request *q, const char *name, struct err *err)
{
    return host_exclude (q->api->store, name, request_bool (q, "excluded"),
                         request_text (q, "reason"), err);
}

int32_t
api_host_exclude (const struct api_request *q, json_t **ret, struct err *err)
{
    return for_each (q, exclude_one, ret, err);
}

static int32_t
credential_one (const struct api_request *q, const char *name, struct err *err)
{
    struct host_endpoint_spec e = endpoint_of (q);
    struct seal_key *key = NULL;
    int32_t rc = api_key (q->api, &key, err);
    return rc < 0 ? rc : host_credential_set (q->api->store, key, name, e.kind, &e.credential, err);
}

int32_t
api_credential_set (const struct api_request *q, json_t **ret, struct err *err)
{
    struct host_endpoint_spec e = endpoint_of (q);
    int32_t rc = check_credential (&e, err);
    return rc < 0 ? rc : for_each (q, credential_one, ret, err);
}
