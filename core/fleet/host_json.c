/* host_json: descriptions of hosts in JSON, both ways.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/host.h"

/* What is being read, for findings. */
struct reading {
    struct host_spec *spec;
    const char *where;
    struct vec *findings;
};

static const char *const top_members[] = {
    "name", "labels", "endpoints", "bmc", "os", "ipmi", "plugins", "user", "password", "trust",
    "pin", "ca", "os_user", "os_password", "os_private_key", "where",
};
static const char *const endpoint_members[] = {
    "url", "address", "user", "password", "private_key", "trust", "pin", "ca",
};

static void
check_members (struct reading *r, const json_t *v, const char *field, const char *const *known,
               size_t count)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *) v, key, value) {
        bool found = false;
        for (size_t i = 0; i < count && !found; i++)
            found = str_eq (known[i], key);
        if (found)
            continue;
        const char *near = str_did_you_mean (key, known, count);
        host_finding_add (r->findings, r->where, field == NULL ? key : field,
                          "\"%.60s\" is unknown%s%s%s", key,
                          near != NULL ? ", did you mean \"" : "",
                          near != NULL ? near : "", near != NULL ? "\"?" : "");
    }
}

/* A text member of v, or NULL; anything but a text is a finding. */
static char *
text_of (struct reading *r, const json_t *v, const char *member)
{
    const json_t *t = json_object_get (v, member);
    if (t == NULL || json_is_null (t))
        return NULL;
    if (json_is_string (t))
        return str_dup (json_string_value (t));
    host_finding_add (r->findings, r->where, member, "it is no text");
    return NULL;
}

static struct host_endpoint_spec *
find_endpoint (struct reading *r, const char *kind, bool make)
{
    for (size_t i = 0; i < r->spec->endpoints.count; i++) {
        struct host_endpoint_spec *e = r->spec->endpoints.items[i];
        if (str_eq (e->kind, kind))
            return e;
    }
    if (!make)
        return NULL;
    struct host_endpoint_spec *e = mem_alloc (sizeof *e);
    e->kind = str_dup (kind);
    vec_push (&r->spec->endpoints, e);
    return e;
}

static void
read_endpoint (struct reading *r, const char *kind, const json_t *v)
{
    if (find_endpoint (r, kind, false) != NULL) {
        host_finding_add (r->findings, r->where, kind, "the endpoint is described twice");
        return;
    }
    struct host_endpoint_spec *e = find_endpoint (r, kind, true);
    if (json_is_string (v)) {
        e->url = str_dup (json_string_value (v));
        return;
    }
    if (!json_is_object (v)) {
        host_finding_add (r->findings, r->where, kind, "it is neither a URL nor an object");
        return;
    }
    check_members (r, v, kind, endpoint_members,
                   sizeof endpoint_members / sizeof *endpoint_members);
    e->url = text_of (r, v, json_object_get (v, "url") != NULL ? "url" : "address");
    e->credential.user = text_of (r, v, "user");
    e->credential.password = text_of (r, v, "password");
    e->credential.private_key = text_of (r, v, "private_key");
    e->trust = text_of (r, v, "trust");
    e->pin_sha256 = text_of (r, v, "pin");
    e->ca_file = text_of (r, v, "ca");
    credential_own (&e->credential);
}

/* A member at the top that belongs to an endpoint. */
static void
read_short (struct reading *r, const json_t *v, const char *member, const char *kind, char **slot,
            bool secret)
{
    char *text = text_of (r, v, member);
    if (text == NULL)
        return;
    if (*slot != NULL) {
        host_finding_add (r->findings, r->where, member, "it is there twice, for %s", kind);
        mem_wipe (text, strlen (text));
        mem_free (text);
        return;
    }
    *slot = text;
    if (secret) {
        struct credential c = { .password = text };
        credential_own (&c);
    }
}

static void
read_shorts (struct reading *r, const json_t *v)
{
    struct host_endpoint_spec *bmc = find_endpoint (r, "bmc", false);
    struct host_endpoint_spec *os = find_endpoint (r, "os", false);
    static const char *const bmc_members[] = { "user", "password", "trust", "pin", "ca" };
    static const char *const os_members[] = { "os_user", "os_password", "os_private_key" };
    if (bmc != NULL) {
        read_short (r, v, "user", "bmc", &bmc->credential.user, false);
        read_short (r, v, "password", "bmc", &bmc->credential.password, true);
        read_short (r, v, "trust", "bmc", &bmc->trust, false);
        read_short (r, v, "pin", "bmc", &bmc->pin_sha256, false);
        read_short (r, v, "ca", "bmc", &bmc->ca_file, false);
    }
    for (size_t i = 0; bmc == NULL && i < sizeof bmc_members / sizeof *bmc_members; i++) {
        if (json_object_get (v, bmc_members[i]) != NULL)
            host_finding_add (r->findings, r->where, bmc_members[i], "it is given without bmc");
    }
    if (os != NULL) {
        read_short (r, v, "os_user", "os", &os->credential.user, false);
        read_short (r, v, "os_password", "os", &os->credential.password, true);
        read_short (r, v, "os_private_key", "os", &os->credential.private_key, true);
    }
    for (size_t i = 0; os == NULL && i < sizeof os_members / sizeof *os_members; i++) {
        if (json_object_get (v, os_members[i]) != NULL)
            host_finding_add (r->findings, r->where, os_members[i], "it is given without os");
    }
}

static void
read_bindings (struct reading *r, const json_t *plugins)
{
    size_t i;
    json_t *v;
    if (plugins != NULL && !json_is_array (plugins))
        host_finding_add (r->findings, r->where, "plugins", "it is no list");
    json_array_foreach ((json_t *) plugins, i, v) {
        struct err err = { 0 };
        struct host_binding_spec *b
            = host_binding_parse (json_is_string (v) ? json_string_value (v) : "", &err);
        if (b == NULL)
            host_finding_add (r->findings, r->where, "plugins", "%s", err.message);
        else
            vec_push (&r->spec->bindings, b);
    }
}

struct host_spec *
host_spec_from_json (const json_t *v, const char *where, struct vec *findings)
{
    struct host_spec *spec = mem_alloc (sizeof *spec);
    struct reading r = { spec, where, findings };
    spec->where = str_dup (where);
    if (!json_is_object (v)) {
        host_finding_add (findings, where, "", "a host is an object");
        return spec;
    }
    check_members (&r, v, NULL, top_members, sizeof top_members / sizeof *top_members);
    spec->name = text_of (&r, v, "name");
    if (r.where == NULL)
        r.where = spec->name;

    const json_t *labels = json_object_get (v, "labels");
    if (labels != NULL && !json_is_object (labels))
        host_finding_add (findings, r.where, "labels", "it is no object");
    spec->labels = json_is_object (labels) ? json_deep_copy (labels) : json_object ();

    const char *kind;
    json_t *e;
    json_object_foreach (json_object_get (v, "endpoints"), kind, e)
        read_endpoint (&r, kind, e);
    static const char *const kinds[] = { "bmc", "os", "ipmi" };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        e = json_object_get (v, kinds[i]);
        if (e != NULL)
            read_endpoint (&r, kinds[i], e);
    }
    read_shorts (&r, v);
    read_bindings (&r, json_object_get (v, "plugins"));
    return spec;
}

static void
put_text (json_t *object, const char *key, const char *text)
{
    if (text != NULL)
        json_put_str (object, key, text);
}

json_t *
host_spec_to_json (const struct host_spec *spec)
{
    json_t *v = json_object (), *endpoints = json_object (), *plugins = json_array ();
    put_text (v, "name", spec->name);
    put_text (v, "where", spec->where);
    json_put (v, "labels", spec->labels != NULL ? json_deep_copy (spec->labels) : json_object ());
    for (size_t i = 0; i < spec->endpoints.count; i++) {
        const struct host_endpoint_spec *e = spec->endpoints.items[i];
        json_t *o = json_object ();
        put_text (o, "url", e->url);
        put_text (o, "user", e->credential.user);
        put_text (o, "password", e->credential.password);
        put_text (o, "private_key", e->credential.private_key);
        put_text (o, "trust", e->trust);
        put_text (o, "pin", e->pin_sha256);
        put_text (o, "ca", e->ca_file);
        json_put (endpoints, e->kind, o);
    }
    json_put (v, "endpoints", endpoints);
    for (size_t i = 0; i < spec->bindings.count; i++) {
        const struct host_binding_spec *b = spec->bindings.items[i];
        char *types = str_join (b->types, b->type_count, ",");
        char *text = b->type_count > 0 ? str_printf ("%s:%s", b->plugin, types)
                                       : str_dup (b->plugin);
        json_array_append_new (plugins, json_string (text));
        mem_free (types);
        mem_free (text);
    }
    json_put (v, "plugins", plugins);
    return v;
}

static bool
is_secret (const char *key)
{
    return str_ends (key, "password") || str_ends (key, "private_key");
}

void
host_json_wipe (json_t *v)
{
    const char *key;
    json_t *member;
    size_t i;
    json_object_foreach (v, key, member) {
        if (json_is_string (member) && is_secret (key))
            mem_wipe ((char *) json_string_value (member), json_string_length (member));
        else
            host_json_wipe (member);
    }
    json_array_foreach (v, i, member)
        host_json_wipe (member);
}
