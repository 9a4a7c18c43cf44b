/* host: see host.h. Changing the store; descriptions are in host_spec.c, looking in host_view.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "fleet/host.h"

#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"

static void
event (struct store_batch *b, const char *kind, const char *host_id, json_t *body)
{
    char *text = json_text (body);
    struct store_event row = { .at_ms = clock_wall_ms (), .kind = (char *) kind,
                               .host_id = (char *) host_id, .body_json = text };
    store_batch_event (b, &row);
    mem_free (text);
    json_decref (body);
}

static json_t *
named (const char *name)
{
    json_t *body = json_object ();
    json_put_str (body, "name", name);
    return body;
}

/* --- add -------------------------------------------------------------------------------------- */

static const char *
trust_or_default (const struct host_endpoint_spec *e)
{
    if (e->trust != NULL)
        return e->trust;
    return e->ca_file != NULL ? "ca" : "pin";
}

static int32_t
batch_endpoint (struct store_batch *b, const struct seal_key *key, const char *host_id,
                const struct host_endpoint_spec *e, struct err *err)
{
    int32_t rc = 0;
    char *url = host_address_normal (e->kind, e->url, err), *credential = NULL;
    if (url == NULL)
        return ERR_USAGE;
    char *pin = str_dup (e->pin_sha256);
    for (char *p = pin; p != NULL && *p != '\0'; p++)
        *p = *p >= 'A' && *p <= 'F' ? (char) (*p - 'A' + 'a') : *p;
    if (e->credential.user != NULL) {
        credential = hash_random_id ("cred");
        rc = credential_batch_put (b, key, credential, &e->credential, err);
    }
    struct store_endpoint row = {
        .host_id = (char *) host_id, .kind = e->kind, .url = url, .credential_id = credential,
        .trust = (char *) trust_or_default (e), .pin_sha256 = pin, .ca_file = e->ca_file,
    };
    if (rc == 0)
        store_batch_endpoint_put (b, &row);
    mem_free (url);
    mem_free (pin);
    mem_free (credential);
    return rc;
}

static void
batch_bindings (struct store_batch *b, const char *host_id, const struct vec *bindings)
{
    struct store_binding *rows = mem_array (bindings->count + 1, sizeof *rows);
    for (size_t i = 0; i < bindings->count; i++) {
        const struct host_binding_spec *spec = bindings->items[i];
        json_t *types = json_array ();
        for (size_t k = 0; k < spec->type_count; k++)
            json_array_append_new (types, json_string (spec->types[k]));
        rows[i].plugin = spec->plugin;
        rows[i].types_json = json_text (types);
        json_decref (types);
    }
    store_batch_bindings_put (b, host_id, rows, bindings->count);
    for (size_t i = 0; i < bindings->count; i++)
        mem_free (rows[i].types_json);
    mem_free (rows);
}

static int32_t
batch_host (struct store_batch *b, const struct seal_key *key, const struct host_spec *spec,
            const char *id, struct err *err)
{
    int64_t now = clock_wall_ms ();
    char *labels = spec->labels == NULL ? str_dup ("{}") : json_text (spec->labels);
    struct store_host row = {
        .id = (char *) id, .name = spec->name, .labels_json = labels,
        .identity_json = (char *) "[]",
        .facts_json = (char *) "{}", .state = (char *) HOST_NEW, .created_ms = now,
        .updated_ms = now,
    };
    store_batch_host_put (b, &row);
    mem_free (labels);
    for (size_t i = 0; i < spec->endpoints.count; i++) {
        int32_t rc = batch_endpoint (b, key, id, spec->endpoints.items[i], err);
        if (rc < 0)
            return rc;
    }
    if (spec->bindings.count > 0)
        batch_bindings (b, id, &spec->bindings);
    event (b, "host.added", id, named (spec->name));
    return 0;
}

/* --- taken names and addresses ---------------------------------------------------------------- */

struct taken {
    struct map *names;                 /* name -> store_host, or the spec of this list */
    struct map *urls;                  /* URL of a BMC -> name (heap) */
    struct store_host *hosts;
    size_t host_count;
};

static void
taken_clear (struct taken *t)
{
    map_free (t->names, mem_free);
    map_free (t->urls, mem_free);
    store_host_free_all (t->hosts, t->host_count);
}

static void
set_text (struct map *m, const char *key, char *value)
{
    mem_free (map_set (m, key, value));
}

static int32_t
taken_read (struct store *store, struct taken *ret, struct err *err)
{
    struct store_endpoint *endpoints = NULL;
    size_t count = 0;
    *ret = (struct taken) { .names = map_new (), .urls = map_new () };
    int32_t rc = store_host_list (store, NULL, &ret->hosts, &ret->host_count, err);
    if (rc == 0)
        rc = store_endpoint_list (store, NULL, &endpoints, &count, err);
    if (rc < 0) {
        taken_clear (ret);
        return rc;
    }

    struct map *ids = map_new ();
    for (size_t i = 0; i < ret->host_count; i++) {
        struct store_host *h = &ret->hosts[i];
        char *since = clock_iso8601 (h->created_ms);
        set_text (ret->names, h->name, str_printf ("added %s", since));
        mem_free (since);
        map_set (ids, h->id, h->name);
    }
    for (size_t i = 0; i < count; i++) {
        if (str_eq (endpoints[i].kind, "bmc") && endpoints[i].url != NULL)
            set_text (ret->urls, endpoints[i].url, str_dup (map_get (ids, endpoints[i].host_id)));
    }
    map_free (ids, NULL);
    store_endpoint_free_all (endpoints, count);
    return 0;
}

/* One BMC under two names would be updated twice. */
static size_t
check_taken (struct taken *t, const struct host_spec *spec, struct vec *findings)
{
    size_t before = findings->count;
    const char *where = spec->where != NULL ? spec->where : spec->name;
    const char *since = spec->name == NULL ? NULL : map_get (t->names, spec->name);
    if (since != NULL)
        host_finding_add (findings, where, "name", "there is a host %s already (%s)", spec->name,
                          since);
    for (size_t i = 0; i < spec->endpoints.count; i++) {
        const struct host_endpoint_spec *e = spec->endpoints.items[i];
        char *url = str_eq (e->kind, "bmc") ? host_url_normal (e->url, NULL) : NULL;
        const char *other = url == NULL ? NULL : map_get (t->urls, url);
        if (other != NULL && !str_eq (other, spec->name))
            host_finding_add (findings, where, "bmc", "%s is the BMC of host %s already", url,
                              other);
        else if (url != NULL && spec->name != NULL)
            set_text (t->urls, url, str_dup (spec->name));
        mem_free (url);
    }
    if (spec->name != NULL && since == NULL)
        set_text (t->names, spec->name, str_printf ("%s in this list", where));
    return findings->count - before;
}

/* The host that has the name of spec, or else its BMC; spec was checked against t. */
static const char *
host_in_the_way (const struct taken *t, const struct host_spec *spec)
{
    for (size_t i = 0; i < t->host_count; i++) {
        if (str_eq (t->hosts[i].name, spec->name))
            return spec->name;
    }
    for (size_t i = 0; i < spec->endpoints.count; i++) {
        const struct host_endpoint_spec *e = spec->endpoints.items[i];
        char *url = str_eq (e->kind, "bmc") ? host_url_normal (e->url, NULL) : NULL;
        const char *other = url == NULL ? NULL : map_get (t->urls, url);
        mem_free (url);
        if (other != NULL)
            return other;
    }
    return spec->name;
}

static void
free_finding (void *p)
{
    host_finding_free (p);
}

int32_t
host_add (struct store *store, const struct seal_key *key, const struct host_spec *spec,
          char **ret_id, struct err *err)
{
    struct vec findings = { 0 };
    struct taken taken;
    int32_t code = ERR_USAGE;
    char *other = NULL;
    if (host_spec_check (spec, &findings) == 0) {
        int32_t rc = taken_read (store, &taken, err);
        if (rc < 0)
            return rc;
        code = ERR_EXISTS;
        check_taken (&taken, spec, &findings);
        other = str_dup (host_in_the_way (&taken, spec));
        taken_clear (&taken);
    }
    if (findings.count > 0) {
        const struct host_finding *first = findings.items[0];
        err_set (err, code, "%s%s%s", first->field, *first->field != '\0' ? ": " : "",
                 first->message);
        if (code == ERR_EXISTS)
            err_hint (err, "farrier host show %s; farrier host label|endpoint|remove changes it",
                      other);
        vec_free_with (&findings, free_finding);
        mem_free (other);
        return code;
    }
    mem_free (other);

    char *id = hash_random_id ("host");
    struct store_batch *b = store_batch_new (NULL);
    int32_t rc = batch_host (b, key, spec, id, err);
    if (rc == 0)
        rc = store_commit (store, b, STORE_FULL, err);
    else
        store_batch_free (b);
    if (rc == 0 && ret_id != NULL)
        *ret_id = id;
    else
        mem_free (id);
    return rc;
}

/* --- import ----------------------------------------------------------------------------------- */

static int32_t
import_error (const struct vec *findings, size_t rows, size_t bad, size_t added, bool partial,
              struct err *err)
{
    const struct host_finding *f = findings->items[0];
    int32_t code = partial && added > 0 ? ERR_PARTLY : ERR_SYNTAX;
    err_set (err, code, "%zu of %zu hosts are wrong, %zu were added; first: %s: %s%s%s", bad, rows,
             added, f->where, f->field, *f->field != '\0' ? ": " : "", f->message);
    if (!partial)
        err_hint (err, "correct the list and import it again, or --partial to add the good ones");
    return code;
}

/* How many rows these findings are about: those of one row stand together. */
static size_t
rows_of (const struct vec *findings)
{
    size_t rows = 0;
    const char *last = NULL;
    for (size_t i = 0; i < findings->count; i++) {
        const struct host_finding *f = findings->items[i];
        rows += str_eq (f->where, last) ? 0 : 1;
        last = f->where;
    }
    return rows;
}

/* Findings of every row; *ret_good (may be NULL) says which rows have none. Returns how many have
 * some, or a code. */
static int64_t
check_rows (struct store *store, const struct vec *specs, struct vec *findings, bool *ret_good,
            struct err *err)
{
    struct taken taken;
    size_t bad = rows_of (findings);
    int32_t rc = taken_read (store, &taken, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < specs->count; i++) {
        size_t wrong = host_spec_check (specs->items[i], findings);
        wrong += check_taken (&taken, specs->items[i], findings);
        if (ret_good != NULL)
            ret_good[i] = wrong == 0;
        bad += wrong > 0 ? 1 : 0;
    }
    taken_clear (&taken);
    return (int64_t) bad;
}

int32_t
host_import_check (struct store *store, const struct vec *specs, struct vec *findings,
                   struct err *err)
{
    size_t rows = specs->count + rows_of (findings);
    int64_t bad = check_rows (store, specs, findings, NULL, err);
    if (bad < 0)
        return (int32_t) bad;
    return bad > 0 ? import_error (findings, rows, (size_t) bad, 0, false, err) : 0;
}

int32_t
host_import (struct store *store, const struct seal_key *key, const struct vec *specs,
             bool partial, struct vec *findings, size_t *ret_added, struct err *err)
{
    bool *good = mem_array (specs->count + 1, sizeof *good);
    size_t rows = specs->count + rows_of (findings), added = 0;
    int64_t bad = check_rows (store, specs, findings, good, err);
    int32_t rc = bad < 0 ? (int32_t) bad : 0;
    struct store_batch *b = store_batch_new (NULL);
    for (size_t i = 0; i < specs->count && rc == 0 && (bad == 0 || partial); i++) {
        if (!good[i])
            continue;
        char *id = hash_random_id ("host");
        rc = batch_host (b, key, specs->items[i], id, err);
        mem_free (id);
        added++;
    }
    mem_free (good);
    if (rc == 0 && added > 0)
        rc = store_commit (store, b, STORE_FULL, err);
    else
        store_batch_free (b);
    if (rc < 0)
        return rc;
    *ret_added = added;
    return bad > 0 ? import_error (findings, rows, (size_t) bad, added, partial, err) : 0;
}

/* --- change ----------------------------------------------------------------------------------- */

static int32_t
commit_change (struct store *store, struct store_batch *b, const struct store_host *host,
               const char *what, struct err *err)
{
    json_t *body = named (host->name);
    json_put_str (body, "what", what);
    event (b, "host.changed", host->id, body);
    return store_commit (store, b, STORE_FULL, err);
}

int32_t
host_remove (struct store *store, const char *name, struct err *err)
{
    struct store_host *host = NULL;
    int32_t rc = host_find (store, name, &host, err);
    if (rc < 0)
        return rc;
    struct store_endpoint *endpoints = NULL;
    size_t count = 0;
    rc = store_endpoint_list (store, host->id, &endpoints, &count, err);
    if (rc < 0) {
        store_host_free (host);
        return rc;
    }

    struct store_batch *b = store_batch_new (NULL);
    store_batch_host_delete (b, host->id);
    for (size_t i = 0; i < count; i++) {
        if (endpoints[i].credential_id != NULL)
            store_batch_credential_delete (b, endpoints[i].credential_id);
    }
    event (b, "host.removed", host->id, named (host->name));
    rc = store_commit (store, b, STORE_FULL, err);
    if (rc == ERR_CONFLICT)
        err_hint (err, "farrier job list --host %s shows the open job; cancel it first", name);
    store_endpoint_free_all (endpoints, count);
    store_host_free (host);
    return rc;
}

static int32_t
change_labels (json_t *labels, const json_t *changes, struct err *err)
{
    const char *key;
    json_t *v;
    json_object_foreach ((json_t *) changes, key, v) {
        if (json_is_null (v)) {
            json_object_del (labels, key);
            continue;
        }
        const char *value = json_string_value (v);
        if (value == NULL)
            return err_set (err, ERR_USAGE, "the value of label %s is no text", key);
        if (!host_label_valid (key, value, err))
            return ERR_USAGE;
        json_put_str (labels, key, value);
    }
    if (json_object_size (labels) > HOST_LABELS_MAX)
        return err_set (err, ERR_USAGE, "%zu labels are more than %d", json_object_size (labels),
                        HOST_LABELS_MAX);
    return 0;
}

int32_t
host_label (struct store *store, const char *name, const json_t *changes, struct err *err)
{
    struct store_host *host = NULL;
    int32_t rc = host_find (store, name, &host, err);
    if (rc < 0)
        return rc;
    json_t *labels = json_stored (host->labels_json, json_object ());
    rc = change_labels (labels, changes, err);
    if (rc == 0) {
        char *text = json_text (labels);
        struct store_host change = { .id = host->id, .labels_json = text, .excluded = -1,
                                     .updated_ms = clock_wall_ms () };
        struct store_batch *b = store_batch_new (NULL);
        store_batch_host_update (b, &change);
        rc = commit_change (store, b, host, "labels", err);
        mem_free (text);
    }
    json_decref (labels);
    store_host_free (host);
    return rc;
}

int32_t
host_bind (struct store *store, const char *name, const struct vec *bindings, struct err *err)
{
    struct store_host *host = NULL;
    if (bindings->count > HOST_BINDINGS_MAX)
        return err_set (err, ERR_USAGE, "%zu bindings are more than %d", bindings->count,
                        HOST_BINDINGS_MAX);
    int32_t rc = host_find (store, name, &host, err);
    if (rc < 0)
        return rc;
    struct store_batch *b = store_batch_new (NULL);
    batch_bindings (b, host->id, bindings);
    rc = commit_change (store, b, host, "bindings", err);
    store_host_free (host);
    return rc;
}

int32_t
host_exclude (struct store *store, const char *name, bool excluded, const char *reason,
              struct err *err)
{
    struct store_host *host = NULL;
    int32_t rc = host_find (store, name, &host, err);
    if (rc < 0)
        return rc;
    if (host->excluded == (excluded ? 1 : 0)) {
        rc = err_set (err, ERR_NOTHING, "host %s is %s already", name,
                      excluded ? "excluded" : "included");
    } else {
        /* The note that says which identity was seen is not ours to clear. */
        const char *cleared = str_eq (host->state, HOST_IDENTITY_CHANGED) ? NULL : "";
        struct store_host change = { .id = host->id, .excluded = excluded ? 1 : 0,
                                     .note = (char *) (reason == NULL ? cleared : reason),
                                     .updated_ms = clock_wall_ms () };
        struct store_batch *b = store_batch_new (NULL);
        store_batch_host_update (b, &change);
        rc = commit_change (store, b, host, excluded ? "excluded" : "included", err);
    }
    store_host_free (host);
    return rc;
}

int32_t
host_find (struct store *store, const char *name, struct store_host **ret, struct err *err)
{
    int32_t rc = store_host_by_name (store, name, ret, err);
    if (rc != ERR_NOT_FOUND)
        return rc;
    struct store_host *hosts = NULL;
    size_t count = 0;
    if (store_host_list (store, NULL, &hosts, &count, NULL) < 0)
        return rc;
    const char **names = mem_array (count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = hosts[i].name;
    const char *near = str_did_you_mean (name, names, count);
    err_set (err, ERR_NOT_FOUND, "there is no host %s", name);
    if (near != NULL)
        err_hint (err, "did you mean %s?", near);
    else
        err_hint (err, "farrier host list");
    mem_free (names);
    store_host_free_all (hosts, count);
    return rc;
}
