/* cmd_host: farrier host, farrier credential.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "fleet/host_import.h"

/* --- add -------------------------------------------------------------------------------------- */

static int32_t
put_labels (const struct invocation *inv, json_t *host, struct err *err)
{
    json_t *labels = json_object ();
    const char *text;
    json_put (host, "labels", labels);
    for (size_t i = 0; (text = inv_option_at (inv, "label", i)) != NULL; i++) {
        const char *equals = strchr (text, '=');
        if (equals == NULL)
            return err_set (err, ERR_USAGE, "--label \"%.80s\" is no KEY=VALUE", text);
        char *key = str_ndup (text, (size_t) (equals - text));
        json_put_str (labels, key, equals + 1);
        mem_free (key);
    }
    return 0;
}

static int32_t
put_os (const struct invocation *inv, json_t *endpoints, struct err *err)
{
    const char *address = inv_option (inv, "os"), *user = inv_option (inv, "os-user");
    const char *key = inv_option (inv, "os-key");
    if (address == NULL && user == NULL && key == NULL)
        return 0;
    if (address == NULL)
        return err_set (err, ERR_USAGE, "--os-user and --os-key want --os ADDRESS");
    if ((user == NULL) != (key == NULL))
        return err_set (err, ERR_USAGE, "--os-user and --os-key go together");
    json_t *os = json_object ();
    json_put (endpoints, "os", os);
    json_put_str (os, "url", address);
    if (user == NULL)
        return 0;
    json_put_str (os, "user", user);
    return cmd_put_secret (key, os, "private_key", err);
}

int32_t
cmd_host_add (struct invocation *inv, struct err *err)
{
    json_t *request = json_object (), *host = json_object (), *endpoints = json_object ();
    json_t *bmc = json_object (), *plugins = json_array ();
    const char *url = inv_option (inv, "bmc"), *text;
    json_put (request, "host", host);
    json_put_str (host, "name", inv_arg (inv, 0));
    json_put (host, "endpoints", endpoints);
    json_put (endpoints, "bmc", bmc);
    json_put (host, "plugins", plugins);
    int32_t rc = 0;
    if (url == NULL) {
        rc = err_set (err, ERR_USAGE, "--bmc is missing: the address of the BMC");
        err_hint (err, "%s", inv->command->example);
    } else {
        json_put_str (bmc, "url", url);
        rc = put_labels (inv, host, err);
    }
    for (size_t i = 0; (text = inv_option_at (inv, "plugin", i)) != NULL; i++)
        json_array_append_new (plugins, json_string (text));
    if (rc == 0)
        rc = cmd_put_login (inv, bmc, err);
    if (rc == 0)
        rc = cmd_put_trust (inv, bmc, err);
    if (rc == 0)
        rc = put_os (inv, endpoints, err);
    if (rc < 0) {
        host_json_wipe (request);
        json_decref (request);
        return rc;
    }
    char *done = str_printf ("host %s added", inv_arg (inv, 0));
    json_t *reply = NULL;
    rc = door_call (inv->door, "host.add", request, &reply, err);
    if (rc < 0 && json_array_size (json_object_get (reply, "findings")) > 1)
        output_findings (reply);
    else if (rc == 0 && !output_document (inv, reply))
        puts (done);
    json_decref (reply);
    mem_free (done);
    return rc;
}

/* --- import ----------------------------------------------------------------------------------- */

static void
free_spec (void *p)
{
    host_spec_free (p);
}

static void
free_finding (void *p)
{
    host_finding_free (p);
}

static json_t *
import_request (const struct vec *specs, const struct vec *findings, bool partial)
{
    json_t *request = json_object (), *hosts = json_array (), *list = json_array ();
    for (size_t i = 0; i < specs->count; i++)
        json_array_append_new (hosts, host_spec_to_json (specs->items[i]));
    for (size_t i = 0; i < findings->count; i++) {
        const struct host_finding *f = findings->items[i];
        json_t *v = json_object ();
        json_put_str (v, "where", f->where);
        json_put_str (v, "field", f->field);
        json_put_str (v, "message", f->message);
        json_array_append_new (list, v);
    }
    json_put (request, "hosts", hosts);
    json_put (request, "findings", list);
    json_put_bool (request, "partial", partial);
    return request;
}

int32_t
cmd_host_import (struct invocation *inv, struct err *err)
{
    struct vec specs = { 0 }, findings = { 0 };
    json_t *reply = NULL;
    int32_t rc = host_import_read (inv_arg (inv, 0), &specs, &findings, err);
    size_t count = specs.count;
    if (rc == 0) {
        json_t *request = import_request (&specs, &findings, inv_flag (inv, "partial"));
        if (inv_flag (inv, "dry-run"))
            json_put_bool (request, "dry_run", true);
        rc = door_call (inv->door, "host.import", request, &reply, err);
    }
    if (rc == 0 && !output_document (inv, reply))
        printf (inv_flag (inv, "dry-run") ? "%zu hosts would be added\n" : "%zu hosts added\n",
                inv_flag (inv, "dry-run") ? count
                                          : (size_t) json_int_or (reply, "/added", 0));
    if (rc < 0)
        output_findings (reply);
    json_decref (reply);
    vec_free_with (&specs, free_spec);
    vec_free_with (&findings, free_finding);
    return rc;
}

/* --- look ------------------------------------------------------------------------------------- */

int32_t
cmd_host_list (struct invocation *inv, struct err *err)
{
    json_t *reply = NULL, *h;
    size_t i;
    int32_t rc = cmd_call (inv, "host.list", cmd_selector (inv, 0), &reply, err);
    if (rc < 0)
        return rc;
    const json_t *hosts = json_object_get (reply, "hosts");
    if (output_document (inv, hosts)) {
        json_decref (reply);
        return 0;
    }
    struct table *t = table_new (inv->wide);
    table_column (t, "NAME", 0);
    table_column (t, "STATE", TABLE_STATE);
    table_column (t, "VENDOR", 0);
    table_column (t, "MODEL", TABLE_TRUNC);
    table_column (t, "BMC", TABLE_TRUNC);
    table_column (t, "TRUST", TABLE_WIDE);
    table_column (t, "INVENTORY", 0);
    table_column (t, "LABELS", TABLE_TRUNC);
    table_column (t, "NOTE", TABLE_TRUNC);
    json_array_foreach ((json_t *) hosts, i, h) {
        char *labels = output_labels (json_object_get (h, "labels"));
        char *ago = output_ago (json_int_or (h, "/last_inventory_ms", 0));
        const char *note = json_str (h, "/last_error/message");
        table_row (t);
        table_cell (t, json_str (h, "/name"));
        table_cell (t, json_bool_or (h, "/excluded", false) ? "excluded" : json_str (h, "/state"));
        table_cell (t, json_str (h, "/facts/vendor"));
        table_cell (t, json_str (h, "/facts/model"));
        table_cell (t, json_str (h, "/bmc"));
        table_cell (t, json_str (h, "/trust"));
        table_cell (t, ago);
        table_cell (t, labels);
        table_cell (t, note != NULL ? note : json_str_or (h, "/note", ""));
        mem_free (labels);
        mem_free (ago);
    }
    table_print (t, "no hosts yet: farrier host add NAME --bmc URL --user U --password-file F");
    json_decref (reply);
    return 0;
}

static void
line (const char *name, const char *text)
{
    char *clean = str_empty (text) ? NULL : output_clean (text);
    if (clean != NULL)
        printf ("%-16s %s\n", name, clean);
    mem_free (clean);
}

static void
show_endpoints (const json_t *host)
{
    size_t i;
    json_t *e;
    json_array_foreach (json_object_get (host, "endpoints"), i, e) {
        const char *user = json_str (e, "/user"), *pin = json_str (e, "/pin_sha256");
        char *text = str_printf ("%s, trust %s%s%s%s%s%s", json_str_or (e, "/url", "-"),
                                 json_str_or (e, "/trust", "pin"), pin != NULL ? " " : "",
                                 pin != NULL ? pin : "", user != NULL ? ", user " : "",
                                 user != NULL ? user : "",
                                 json_bool_or (e, "/credential", false) ? "" : ", no credential");
        line (json_str_or (e, "/kind", "?"), text);
        line ("", json_str (e, "/credential_error"));
        mem_free (text);
    }
}

static void
show_bindings (const json_t *host)
{
    size_t i, k;
    json_t *b, *type;
    json_array_foreach (json_object_get (host, "bindings"), i, b) {
        struct buf text = { 0 };
        buf_puts (&text, json_str_or (b, "/plugin", ""));
        json_array_foreach (json_object_get (b, "types"), k, type)
            buf_printf (&text, "%s%s", k == 0 ? " for " : ", ", json_string_value (type));
        line (i == 0 ? "plugins" : "", text.data);
        buf_free (&text);
    }
}

static void
show_facts (const json_t *host)
{
    const char *key;
    size_t i;
    json_t *v;
    json_array_foreach (json_object_get (host, "identity"), i, v) {
        char *name = str_printf ("id %s", json_str_or (v, "/kind", "?"));
        line (name, json_str (v, "/value"));
        mem_free (name);
    }
    json_object_foreach (json_object_get (host, "facts"), key, v) {
        if (json_is_string (v))
            line (key, json_string_value (v));
    }
}

int32_t
cmd_host_show (struct invocation *inv, struct err *err)
{
    json_t *v = NULL, *request = json_object ();
    json_put_str (request, "name", inv_arg (inv, 0));
    int32_t rc = cmd_call (inv, "host.show", request, &v, err);
    if (rc < 0)
        return rc;
    if (!output_document (inv, v)) {
        char *labels = output_labels (json_object_get (v, "labels"));
        char *when = output_ago (json_int_or (v, "/last_inventory_ms", 0));
        line ("name", json_str (v, "/name"));
        line ("id", json_str (v, "/id"));
        line ("state", json_str (v, "/state"));
        line ("excluded", json_bool_or (v, "/excluded", false) ? "yes" : NULL);
        line ("note", json_str (v, "/note"));
        line ("labels", labels);
        show_endpoints (v);
        show_bindings (v);
        line ("last inventory", when);
        line ("last error", json_str (v, "/last_error/message"));
        line ("hint", json_str (v, "/last_error/hint"));
        show_facts (v);
        mem_free (labels);
        mem_free (when);
    }
    json_decref (v);
    return 0;
}

/* --- change ----------------------------------------------------------------------------------- */

int32_t
cmd_host_remove (struct invocation *inv, struct err *err)
{
    char *names = inv_rest (inv, 0), *question = str_printf ("Forget %s?", names);
    int32_t rc = cmd_confirm (inv, question, err);
    mem_free (question);
    mem_free (names);
    for (size_t i = 0; i < inv->args.count && rc == 0; i++) {
        json_t *request = json_object ();
        char *done = str_printf ("host %s removed", inv_arg (inv, i));
        json_put_str (request, "name", inv_arg (inv, i));
        rc = cmd_change (inv, "host.remove", request, done, err);
        mem_free (done);
    }
    return rc;
}

int32_t
cmd_host_label (struct invocation *inv, struct err *err)
{
    json_t *request = json_object (), *labels = json_object (), *reply = NULL;
    json_put_str (request, "selector", inv_arg (inv, 0));
    json_put (request, "labels", labels);
    int32_t rc = 0;
    for (size_t i = 1; i < inv->args.count && rc == 0; i++) {
        char *text = str_dup (inv_arg (inv, i)), *equals = strchr (text, '=');
        size_t len = strlen (text);
        if (equals != NULL) {
            *equals = '\0';
            json_put_str (labels, text, equals + 1);
        } else if (len > 1 && text[len - 1] == '-') {
            text[len - 1] = '\0';
            json_put (labels, text, json_null ());
        } else {
            rc = err_set (err, ERR_USAGE, "\"%.80s\" is neither KEY=VALUE nor KEY-", text);
        }
        mem_free (text);
    }
    if (rc < 0) {
        json_decref (request);
        return rc;
    }
    rc = cmd_call (inv, "host.label", request, &reply, err);
    if (rc == 0 && !output_document (inv, reply))
        printf ("%zu hosts labelled\n", json_array_size (json_object_get (reply, "hosts")));
    json_decref (reply);
    return rc;
}

int32_t
cmd_host_bind (struct invocation *inv, struct err *err)
{
    json_t *request = json_object (), *plugins = json_array ();
    json_put_str (request, "name", inv_arg (inv, 0));
    for (size_t i = 1; i < inv->args.count; i++)
        json_array_append_new (plugins, json_string (inv_arg (inv, i)));
    json_put (request, "plugins", plugins);
    return cmd_change (inv, "host.bind", request,
                       inv->args.count > 1 ? "bound" : "bindings removed: the core chooses", err);
}

int32_t
cmd_host_endpoint (struct invocation *inv, struct err *err)
{
    json_t *request = json_object ();
    json_put_str (request, "name", inv_arg (inv, 0));
    json_put_str (request, "endpoint", inv_arg (inv, 1));
    if (inv_arg (inv, 2) != NULL)
        json_put_str (request, "url", inv_arg (inv, 2));
    if (inv_flag (inv, "remove"))
        json_put_bool (request, "remove", true);
    int32_t rc = cmd_put_login (inv, request, err);
    if (rc == 0)
        rc = cmd_put_trust (inv, request, err);
    if (rc < 0) {
        host_json_wipe (request);
        json_decref (request);
        return rc;
    }
    return cmd_change (inv, "host.endpoint", request,
                       inv_flag (inv, "remove") ? "endpoint removed" : "endpoint set", err);
}

int32_t
cmd_host_trust (struct invocation *inv, struct err *err)
{
    json_t *request = json_object ();
    json_put_str (request, "name", inv_arg (inv, 0));
    cmd_put_option (inv, request, "endpoint", "endpoint");
    bool forget = inv_flag (inv, "forget");
    if (forget && (inv_flag (inv, "insecure") || inv_option (inv, "ca") != NULL
                   || inv_option (inv, "pin") != NULL)) {
        json_decref (request);
        return err_set (err, ERR_USAGE, "--forget goes with none of --insecure, --ca and --pin");
    }
    if (forget) {
        json_put_bool (request, "forget", true);
        json_put_str (request, "trust", "pin");
    }
    int32_t rc = cmd_put_trust (inv, request, err);
    if (rc < 0) {
        json_decref (request);
        return rc;
    }
    return cmd_change (inv, "host.trust", request,
                       forget ? "pin forgotten: the next contact records the certificate it sees"
                              : "trust set", err);
}

int32_t
cmd_host_accept_identity (struct invocation *inv, struct err *err)
{
    json_t *request = json_object ();
    char *question = str_printf ("Is the hardware that answers for %s the right one?",
                                 inv_arg (inv, 0));
    int32_t rc = cmd_confirm (inv, question, err);
    mem_free (question);
    json_put_str (request, "name", inv_arg (inv, 0));
    if (rc < 0) {
        json_decref (request);
        return rc;
    }
    return cmd_change (inv, "host.accept_identity", request,
                       "identity accepted; parked jobs go on with farrier job retry", err);
}

int32_t
cmd_host_exclude (struct invocation *inv, struct err *err)
{
    json_t *request = cmd_selector (inv, 0), *reply = NULL;
    bool include = inv_flag (inv, "include");
    json_put_bool (request, "excluded", !include);
    cmd_put_option (inv, request, "reason", "reason");
    int32_t rc = cmd_call (inv, "host.exclude", request, &reply, err);
    if (rc == 0 && !output_document (inv, reply))
        printf ("%zu hosts %s\n", json_array_size (json_object_get (reply, "hosts")),
                include ? "taken back in" : "excluded");
    json_decref (reply);
    return rc;
}

int32_t
cmd_credential_set (struct invocation *inv, struct err *err)
{
    json_t *request = cmd_selector (inv, 0), *reply = NULL;
    cmd_put_option (inv, request, "endpoint", "endpoint");
    int32_t rc = inv_option (inv, "user") == NULL
                     ? err_set (err, ERR_USAGE, "--user is missing")
                     : cmd_put_login (inv, request, err);
    if (rc < 0) {
        host_json_wipe (request);
        json_decref (request);
        return rc;
    }
    rc = cmd_call (inv, "credential.set", request, &reply, err);
    if (rc == 0 && !output_document (inv, reply))
        printf ("credential set on %zu hosts\n",
                json_array_size (json_object_get (reply, "hosts")));
    json_decref (reply);
    return rc;
}

int32_t
cmd_credential_test (struct invocation *inv, struct err *err)
{
    json_t *request = json_object (), *v = NULL;
    json_put_str (request, "name", inv_arg (inv, 0));
    cmd_put_option (inv, request, "endpoint", "endpoint");
    int32_t rc = cmd_call (inv, "credential.test", request, &v, err);
    if (rc == 0 && !output_document (inv, v)) {
        const char *note = json_str (v, "/note");
        char *text = str_printf ("host %s: logged in (%s) in %lld ms%s%s",
                                 json_str_or (v, "/host", "?"), json_str_or (v, "/login", "?"),
                                 json_int_or (v, "/took_ms", 0), note != NULL ? "; " : "",
                                 note != NULL ? note : "");
        output_line (text);
        mem_free (text);
    }
    json_decref (v);
    return rc;
}
