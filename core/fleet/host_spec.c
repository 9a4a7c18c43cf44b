/* host_spec: a host as an operator describes it, with everything checked that needs no store.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "fleet/host.h"

#define LABEL_KEY_MAX 63
#define LABEL_VALUE_MAX 255

void
host_endpoint_spec_free (struct host_endpoint_spec *e)
{
    if (e == NULL)
        return;
    mem_free (e->kind);
    mem_free (e->url);
    credential_clear (&e->credential);
    mem_free (e->trust);
    mem_free (e->pin_sha256);
    mem_free (e->ca_file);
    mem_free (e);
}

void
host_binding_spec_free (struct host_binding_spec *b)
{
    if (b == NULL)
        return;
    mem_free (b->plugin);
    str_free_all (b->types, b->type_count);
    mem_free (b);
}

static void
free_endpoint (void *p)
{
    host_endpoint_spec_free (p);
}

static void
free_binding (void *p)
{
    host_binding_spec_free (p);
}

void
host_spec_free (struct host_spec *spec)
{
    if (spec == NULL)
        return;
    mem_free (spec->name);
    json_decref (spec->labels);
    vec_free_with (&spec->endpoints, free_endpoint);
    vec_free_with (&spec->bindings, free_binding);
    mem_free (spec->where);
    mem_free (spec);
}

void
host_finding_free (struct host_finding *f)
{
    if (f == NULL)
        return;
    mem_free (f->where);
    mem_free (f->field);
    mem_free (f->message);
    mem_free (f);
}

void
host_finding_add (struct vec *findings, const char *where, const char *field, const char *fmt, ...)
{
    struct host_finding *f = mem_alloc (sizeof *f);
    va_list ap;
    va_start (ap, fmt);
    f->message = str_vprintf (fmt, ap);
    va_end (ap);
    f->where = str_dup (where == NULL ? "" : where);
    f->field = str_dup (field);
    vec_push (findings, f);
}

/* --- pieces ----------------------------------------------------------------------------------- */

bool
host_name_valid (const char *name, struct err *err)
{
    const char *wrong = NULL;
    if (str_empty (name))
        wrong = "is empty";
    else if (strlen (name) > HOST_NAME_BYTES_MAX)
        wrong = "is longer than 128 bytes";
    else if (!isalnum ((unsigned char) name[0]))
        wrong = "does not begin with a letter or a digit";
    else if (str_eq (name, "all"))
        wrong = "stands for every host in a selector";
    for (const char *p = name; wrong == NULL && *p != '\0'; p++) {
        if (!isalnum ((unsigned char) *p) && strchr ("._-", *p) == NULL)
            wrong = "contains something else than letters, digits, dots, dashes and underscores";
    }
    if (wrong == NULL)
        return true;
    err_set (err, ERR_USAGE, "the host name \"%.140s\" %s", name == NULL ? "" : name, wrong);
    return false;
}

bool
host_label_valid (const char *key, const char *value, struct err *err)
{
    size_t len = strlen (key);
    bool good = len > 0 && len <= LABEL_KEY_MAX && strchr ("_./-", *key) == NULL;
    for (const char *p = key; good && *p != '\0'; p++)
        good = islower ((unsigned char) *p) || isdigit ((unsigned char) *p)
               || strchr ("_./-", *p) != NULL;
    if (!good) {
        err_set (err, ERR_USAGE, "\"%.80s\" is no label: 1 to 63 of a-z, 0-9, _ . / -, a letter or "
                 "digit first", key);
        return false;
    }
    if (str_eq (key, "name")) {
        err_set (err, ERR_USAGE, "the label \"name\" is taken: it stands for the host's name");
        return false;
    }
    if (strlen (value) > LABEL_VALUE_MAX || !str_valid_utf8 (value, strlen (value))) {
        err_set (err, ERR_USAGE, "the value of label %s is longer than 255 bytes or no UTF-8", key);
        return false;
    }
    for (const char *p = value; *p != '\0'; p++) {
        if (*p == ',' || *p == '|' || (unsigned char) *p < 0x20 || *p == 0x7f) {
            err_set (err, ERR_USAGE, "the value of label %s contains a comma, a bar or a control "
                     "character", key);
            return false;
        }
    }
    return true;
}

static bool
word_valid (const char *s)
{
    if (!islower ((unsigned char) s[0]) || strlen (s) > 32)
        return false;
    return s[strspn (s, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

struct host_binding_spec *
host_binding_parse (const char *text, struct err *err)
{
    const char *colon = strchr (text, ':');
    struct host_binding_spec *b = mem_alloc (sizeof *b);
    b->plugin = colon == NULL ? str_dup (text) : str_ndup (text, (size_t) (colon - text));
    bool good = word_valid (b->plugin);
    if (colon != NULL) {
        char *types = str_dup (colon + 1);
        for (char *p = types; *p != '\0'; p++)
            *p = *p == '+' ? ',' : *p;
        b->types = str_split (types, ',', &b->type_count);
        mem_free (types);
        for (size_t i = 0; i < b->type_count; i++)
            good = good && word_valid (b->types[i]);
        good = good && b->type_count > 0;
    }
    if (good)
        return b;
    err_set (err, ERR_USAGE, "\"%.100s\" is no binding", text);
    err_hint (err, "PLUGIN or PLUGIN:TYPE,TYPE, for example dell_dup:bios,nic");
    host_binding_spec_free (b);
    return NULL;
}

/* --- check ------------------------------------------------------------------------------------ */

bool
host_kind_valid (const char *kind, struct err *err)
{
    if (str_eq (kind, "bmc") || str_eq (kind, "os") || str_eq (kind, "ipmi"))
        return true;
    if (str_starts (kind, "service:") && word_valid (kind + strlen ("service:")))
        return true;
    err_set (err, ERR_USAGE, "\"%.60s\" is no endpoint: bmc, os, ipmi or service:NAME", kind);
    return false;
}

static void
check_pin (const char *pin, const char *where, const char *field, struct vec *findings)
{
    unsigned char bytes[32];
    if (pin != NULL && !str_unhex (pin, bytes, sizeof bytes))
        host_finding_add (findings, where, field, "the pin \"%.80s\" is not 64 hex digits", pin);
}

static void
check_endpoint (const struct host_endpoint_spec *e, const char *where, struct vec *findings)
{
    struct err err = { 0 };
    if (!host_kind_valid (e->kind, &err)) {
        host_finding_add (findings, where, e->kind, "%s", err.message);
        return;
    }
    char *normal = host_address_normal (e->kind, e->url, &err);
    if (normal == NULL)
        host_finding_add (findings, where, e->kind, "%s", err.message);
    mem_free (normal);
    bool secret = e->credential.password != NULL || e->credential.private_key != NULL;
    if (secret && str_empty (e->credential.user))
        host_finding_add (findings, where, e->kind, "there is a secret but no user");
    if (!secret && e->credential.user != NULL)
        host_finding_add (findings, where, e->kind, "there is a user (%s) but no password file or "
                          "key", e->credential.user);
    if (e->credential.password != NULL && *e->credential.password == '\0')
        host_finding_add (findings, where, e->kind, "the password is empty");
    if (e->trust != NULL && !str_eq (e->trust, "ca") && !str_eq (e->trust, "pin")
        && !str_eq (e->trust, "insecure"))
        host_finding_add (findings, where, e->kind, "trust is \"%.40s\", not ca, pin or insecure",
                          e->trust);
    check_pin (e->pin_sha256, where, e->kind, findings);
}

static void
check_labels (const struct host_spec *spec, const char *where, struct vec *findings)
{
    const char *key;
    json_t *v;
    struct err err = { 0 };
    if (json_object_size (spec->labels) > HOST_LABELS_MAX)
        host_finding_add (findings, where, "labels", "%zu labels are more than %d",
                          json_object_size (spec->labels), HOST_LABELS_MAX);
    json_object_foreach (spec->labels, key, v) {
        if (!json_is_string (v))
            host_finding_add (findings, where, "labels", "the value of label %s is no text", key);
        else if (!host_label_valid (key, json_string_value (v), &err))
            host_finding_add (findings, where, "labels", "%s", err.message);
    }
}

static void
check_twice (const struct host_spec *spec, const char *where, struct vec *findings)
{
    for (size_t i = 0; i < spec->endpoints.count; i++) {
        const struct host_endpoint_spec *a = spec->endpoints.items[i];
        for (size_t j = 0; j < i; j++) {
            const struct host_endpoint_spec *b = spec->endpoints.items[j];
            if (str_eq (a->kind, b->kind))
                host_finding_add (findings, where, a->kind, "the endpoint is described twice");
        }
    }
    for (size_t i = 0; i < spec->bindings.count; i++) {
        const struct host_binding_spec *a = spec->bindings.items[i];
        for (size_t j = 0; j < i; j++) {
            const struct host_binding_spec *b = spec->bindings.items[j];
            if (str_eq (a->plugin, b->plugin))
                host_finding_add (findings, where, "plugins", "%s is bound twice", a->plugin);
        }
    }
}

size_t
host_spec_check (const struct host_spec *spec, struct vec *findings)
{
    size_t before = findings->count;
    const char *where = spec->where != NULL ? spec->where : spec->name;
    struct err err = { 0 };
    bool bmc = false;
    if (!host_name_valid (spec->name, &err))
        host_finding_add (findings, where, "name", "%s", err.message);
    for (size_t i = 0; i < spec->endpoints.count; i++) {
        const struct host_endpoint_spec *e = spec->endpoints.items[i];
        check_endpoint (e, where, findings);
        bmc = bmc || str_eq (e->kind, "bmc");
    }
    if (!bmc)
        host_finding_add (findings, where, "bmc", "the address of the BMC is missing");
    if (spec->bindings.count > HOST_BINDINGS_MAX)
        host_finding_add (findings, where, "plugins", "%zu bindings are more than %d",
                          spec->bindings.count, HOST_BINDINGS_MAX);
    check_labels (spec, where, findings);
    check_twice (spec, where, findings);
    return findings->count - before;
}
