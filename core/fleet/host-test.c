/* Tests of host.h, credential.h and inventory.h over a real store.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "fleet/host.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/testing.h"
#include "fleet/inventory.h"
#include "fleet/selector.h"

static char *dir;
static struct store *store;
static struct seal_key *key;

static void
setup (void)
{
    struct err err = { 0 };
    dir = testing_make_dir ();
    clock_virtual_start (1700000000000, 1000);
    char *path = fs_join (dir, "farrier.db"), *keys = fs_join (dir, "keys");
    ck_assert_msg (store_open (path, STORE_WRITER, &store, &err) == 0, "%s", err.message);
    ck_assert_msg (seal_key_open (keys, true, &key, NULL, &err) == 0, "%s", err.message);
    mem_free (path);
    mem_free (keys);
}

static void
teardown (void)
{
    store_close (store);
    seal_key_free (key);
    testing_remove_dir (dir);
}

static struct host_spec *
spec_of (const char *text)
{
    struct vec findings = { 0 };
    json_t *v = json_parse (text, strlen (text), NULL);
    ck_assert_ptr_nonnull (v);
    struct host_spec *spec = host_spec_from_json (v, NULL, &findings);
    ck_assert_uint_eq (findings.count, 0);
    json_decref (v);
    return spec;
}

static int32_t
add (const char *text, struct err *err)
{
    struct host_spec *spec = spec_of (text);
    int32_t rc = host_add (store, key, spec, NULL, err);
    host_spec_free (spec);
    return rc;
}

static json_t *
shown (const char *name)
{
    struct store_host *host = NULL;
    struct err err = { 0 };
    ck_assert_msg (host_find (store, name, &host, &err) == 0, "%s", err.message);
    json_t *v = host_to_json (store, key, host, &err);
    ck_assert_msg (v != NULL, "%s", err.message);
    store_host_free (host);
    return v;
}

START_TEST (add_and_show)
{
    struct err err = { 0 };
    setup ();
    ck_assert_msg (add ("{\"name\":\"n1\",\"bmc\":\"2001:db8::1\",\"user\":\"root\","
                        "\"password\":\"simulated\",\"labels\":{\"rack\":\"r12\"},"
                        "\"os\":\"10.0.0.9\","
                        "\"plugins\":[\"dell_dup:bios,nic\",\"generic_redfish\"]}",
                        &err) == 0, "%s", err.message);
    json_t *v = shown ("n1");
    ck_assert_str_eq (json_str (v, "/state"), HOST_NEW);
    ck_assert_str_eq (json_str (v, "/labels/rack"), "r12");
    ck_assert_str_eq (json_str (v, "/endpoints/0/url"), "https://[2001:db8::1]");
    ck_assert_str_eq (json_str (v, "/endpoints/0/trust"), "pin");
    ck_assert_str_eq (json_str (v, "/endpoints/0/user"), "root");
    ck_assert_str_eq (json_str (v, "/endpoints/1/url"), "10.0.0.9");
    ck_assert_str_eq (json_str (v, "/bindings/0/types/1"), "nic");
    ck_assert_str_eq (json_str (v, "/bindings/1/plugin"), "generic_redfish");
    char *text = json_text (v);
    ck_assert_ptr_null (strstr (text, "simulated"));
    mem_free (text);

    struct credential c = { 0 };
    ck_assert_int_eq (credential_load_for (store, key, json_str (v, "/id"), "bmc", &c, NULL), 0);
    ck_assert_str_eq (c.password, "simulated");
    credential_clear (&c);
    ck_assert_int_eq (credential_load_for (store, key, json_str (v, "/id"), "os", &c, &err),
                      FARRIER_E_AUTH);
    ck_assert (strstr (err.hint, "farrier credential set") != NULL);
    json_decref (v);
    teardown ();
}
END_TEST

START_TEST (taken)
{
    struct err err = { 0 };
    setup ();
    ck_assert_int_eq (add ("{\"name\":\"n1\",\"bmc\":\"10.0.0.1\"}", NULL), 0);
    ck_assert_int_eq (add ("{\"name\":\"n1\",\"bmc\":\"10.0.0.2\"}", &err), ERR_EXISTS);
    ck_assert (strstr (err.message, "n1") != NULL && strstr (err.message, "2023-11-14") != NULL);
    ck_assert_int_eq (add ("{\"name\":\"n2\",\"bmc\":\"https://10.0.0.1:443/\"}", &err),
                      ERR_EXISTS);
    ck_assert (strstr (err.message, "BMC of host n1") != NULL);
    ck_assert (str_starts (err.hint, "farrier host show n1;"));
    ck_assert_int_eq (add ("{\"name\":\"n 2\",\"bmc\":\"10.0.0.2\"}", &err), ERR_USAGE);
    ck_assert_int_eq (add ("{\"name\":\"n2\"}", &err), ERR_USAGE);
    struct store_host *host = NULL;
    ck_assert_int_eq (add ("{\"name\":\"rack12-web\",\"bmc\":\"10.0.0.2\"}", NULL), 0);
    ck_assert_int_eq (host_find (store, "rack12-wbe", &host, &err), ERR_NOT_FOUND);
    ck_assert_str_eq (err.hint, "did you mean rack12-web?");
    teardown ();
}
END_TEST

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

START_TEST (import)
{
    static const char *const rows[] = {
        "{\"name\":\"n1\",\"bmc\":\"10.0.0.1\"}", "{\"name\":\"n2\",\"bmc\":\"10.0.0.2\"}",
        "{\"name\":\"n2\",\"bmc\":\"10.0.0.3\"}", "{\"name\":\"n4\",\"bmc\":\"10.0.0.1\"}",
    };
    struct vec specs = { 0 }, findings = { 0 };
    struct err err = { 0 };
    size_t added = 99;
    int64_t count = -1;
    setup ();
    for (size_t i = 0; i < COUNT_OF (rows); i++)
        vec_push (&specs, spec_of (rows[i]));
    ck_assert_int_eq (host_import (store, key, &specs, false, &findings, &added, &err),
                      ERR_SYNTAX);
    ck_assert (str_starts (err.message, "2 of 4 hosts are wrong, 0 were added"));
    ck_assert_uint_eq (findings.count, 2);
    ck_assert_uint_eq (added, 0);
    ck_assert_int_eq (store_host_count (store, &count, NULL), 0);
    ck_assert_int_eq (count, 0);
    vec_free_with (&findings, free_finding);
    ck_assert_int_eq (host_import (store, key, &specs, true, &findings, &added, &err), ERR_PARTLY);
    ck_assert_uint_eq (added, 2);
    vec_free_with (&findings, free_finding);
    vec_free_with (&specs, free_spec);
    teardown ();
}
END_TEST

START_TEST (changes)
{
    struct err err = { 0 };
    setup ();
    ck_assert_int_eq (add ("{\"name\":\"n1\",\"bmc\":\"10.0.0.1\","
                           "\"labels\":{\"a\":\"1\",\"b\":\"2\"}}",
                           NULL), 0);
    ck_assert_int_eq (add ("{\"name\":\"n2\",\"bmc\":\"10.0.0.2\"}", NULL), 0);
    json_t *labels = json_pack ("{s:s, s:n}", "c", "3", "a");
    ck_assert_int_eq (host_label (store, "n1", labels, NULL), 0);
    json_decref (labels);
    labels = json_pack ("{s:s}", "Bad Key", "3");
    ck_assert_int_eq (host_label (store, "n1", labels, &err), ERR_USAGE);
    json_decref (labels);

    struct host_endpoint_spec e = { .kind = "bmc", .url = "10.0.0.2" };
    ck_assert_int_eq (host_endpoint_set (store, key, "n1", &e, &err), ERR_EXISTS);
    e.url = NULL;
    e.pin_sha256 = "AA000000000000000000000000000000000000000000000000000000000000ff";
    ck_assert_msg (host_endpoint_set (store, key, "n1", &e, &err) == 0, "%s", err.message);
    struct credential c = { .user = "root", .password = "simulated" };
    ck_assert_int_eq (host_credential_set (store, key, "n1", "bmc", &c, NULL), 0);
    json_t *v = shown ("n1");
    ck_assert_str_eq (json_str (v, "/endpoints/0/pin_sha256"),
                      "aa000000000000000000000000000000000000000000000000000000000000ff");
    ck_assert_str_eq (json_str (v, "/endpoints/0/user"), "root");
    ck_assert_ptr_null (json_str (v, "/labels/a"));
    ck_assert_str_eq (json_str (v, "/labels/c"), "3");
    json_decref (v);
    e = (struct host_endpoint_spec) { .kind = "bmc", .url = "10.0.0.3" };
    ck_assert_int_eq (host_endpoint_set (store, key, "n1", &e, NULL), 0);
    v = shown ("n1");
    ck_assert_ptr_null (json_str (v, "/endpoints/0/pin_sha256"));
    ck_assert_str_eq (json_str (v, "/endpoints/0/user"), "root");
    json_decref (v);
    ck_assert_int_eq (host_exclude (store, "n1", true, "in repair", NULL), 0);
    ck_assert_int_eq (host_exclude (store, "n1", true, "in repair", NULL), ERR_NOTHING);

    struct store_host *hosts = NULL;
    size_t count = 0;
    ck_assert_int_eq (selector_resolve (store, "c=3", 0, &hosts, &count, NULL), 0);
    ck_assert_uint_eq (count, 1);
    store_host_free_all (hosts, count);
    ck_assert_int_eq (selector_resolve (store, "all", SELECTOR_SKIP_EXCLUDED, &hosts, &count, &err),
                      ERR_USAGE);
    ck_assert_int_eq (selector_resolve (store, NULL, SELECTOR_SKIP_EXCLUDED | SELECTOR_ALLOW_ALL,
                                        &hosts, &count, NULL), 0);
    ck_assert_uint_eq (count, 1);
    ck_assert_str_eq (hosts[0].name, "n2");
    store_host_free_all (hosts, count);
    ck_assert_int_eq (selector_resolve (store, "n[1-4]", 0, &hosts, &count, &err), ERR_NOT_FOUND);
    ck_assert (strstr (err.message, "2 of 4 names are no hosts: n3, n4") != NULL);
    ck_assert_int_eq (selector_resolve (store, "rack=r9", 0, &hosts, &count, &err), ERR_NOT_FOUND);
    ck_assert_int_eq (host_remove (store, "n1", NULL), 0);
    ck_assert_int_eq (host_remove (store, "n1", &err), ERR_NOT_FOUND);
    struct store_credential *left = NULL;
    ck_assert_int_eq (store_credential_list (store, &left, &count, NULL), 0);
    ck_assert_uint_eq (count, 0);
    teardown ();
}
END_TEST

static int32_t
measure (const char *serial, const char *bios, int64_t at_ms, struct err *err)
{
    struct store_host *host = NULL;
    struct store_component rows[] = {
        { .key = "bios", .type = "bios", .name = "BIOS",
          .version = (char *) bios, .updateable = 1 },
        { .key = "bmc", .type = "bmc", .name = "BMC", .version = "1.0", .updateable = -1 },
    };
    json_t *identity = json_pack ("[{s:s, s:s}]", "kind", "serial", "value", serial);
    struct inventory_reading reading = { .at_ms = at_ms, .components = rows, .count = 2,
                                         .identity = identity, .cause = "inventory refresh" };
    ck_assert_int_eq (host_find (store, "n1", &host, NULL), 0);
    struct store_batch *b = store_batch_new (NULL);
    int32_t rc = inventory_batch_put (b, host, &reading, err);
    ck_assert_int_eq (store_commit (store, b, STORE_NORMAL, NULL), 0);
    store_host_free (host);
    json_decref (identity);
    return rc;
}

START_TEST (inventory)
{
    struct err err = { 0 };
    struct store_host *host = NULL;
    setup ();
    ck_assert_int_eq (add ("{\"name\":\"n1\",\"bmc\":\"10.0.0.1\"}", NULL), 0);
    ck_assert_int_eq (measure ("S1", "1.0", 1000, &err), 0);
    ck_assert_int_eq (measure ("S1", "2.0", 2000, &err), 0);
    ck_assert_int_eq (host_find (store, "n1", &host, NULL), 0);
    ck_assert_str_eq (host->state, HOST_READY);
    json_t *then = inventory_at (store, host->id, 1500, NULL);
    json_t *now = inventory_at (store, host->id, INT64_MAX, NULL);
    json_t *diff = inventory_diff (then, now);
    ck_assert_uint_eq (json_array_size (diff), 1);
    ck_assert_str_eq (json_str (diff, "/0/from"), "1.0");
    ck_assert_str_eq (json_str (diff, "/0/to"), "2.0");
    json_t *list = inventory_history (store, host->id, "bios", 0, NULL);
    ck_assert_uint_eq (json_array_size (list), 2);
    ck_assert_str_eq (json_str (list, "/0/change"), "changed");
    json_decref (list);
    json_decref (diff);
    json_decref (now);
    json_decref (then);

    ck_assert_int_eq (measure ("S2", "9.0", 3000, &err), FARRIER_E_PRECONDITION);
    ck_assert (strstr (err.message, "S1") != NULL && strstr (err.message, "S2") != NULL);
    json_t *v = inventory_show (store, host, NULL);
    ck_assert_str_eq (json_str (v, "/components/0/version"), "2.0");
    json_decref (v);
    v = shown ("n1");
    ck_assert_str_eq (json_str (v, "/state"), HOST_IDENTITY_CHANGED);
    json_decref (v);
    ck_assert_int_eq (inventory_accept_identity (store, "n1", &err), 0);
    ck_assert_int_eq (inventory_accept_identity (store, "n1", &err), ERR_NOTHING);
    ck_assert_int_eq (measure ("S2", "9.0", 3000, &err), 0);
    v = shown ("n1");
    ck_assert_str_eq (json_str (v, "/identity/0/value"), "S2");
    ck_assert_str_eq (json_str (v, "/state"), HOST_READY);
    json_decref (v);
    store_host_free (host);
    teardown ();
}
END_TEST

/* A person decides days later: what happens in between must not take the decision away. */
START_TEST (changed_identity_stays_on_record)
{
    struct err err = { 0 };
    struct store_host *host = NULL;
    setup ();
    ck_assert_int_eq (add ("{\"name\":\"n1\",\"bmc\":\"10.0.0.1\"}", NULL), 0);
    ck_assert_int_eq (measure ("S1", "1.0", 1000, &err), 0);
    ck_assert_int_eq (measure ("S2", "1.0", 2000, &err), FARRIER_E_PRECONDITION);
    ck_assert_int_eq (host_find (store, "n1", &host, NULL), 0);
    err_set (&err, FARRIER_E_UNREACHABLE, "no answer");
    host_contact_failed (store, host->id, &err);
    ck_assert_int_eq (measure ("", "1.0", 3000, &err), 0);     /* a BMC that shows no serial */
    store_host_free (host);
    ck_assert_int_eq (host_exclude (store, "n1", true, NULL, NULL), 0);
    ck_assert_int_eq (host_exclude (store, "n1", false, NULL, NULL), 0);
    json_t *v = shown ("n1");
    ck_assert_str_eq (json_str (v, "/state"), HOST_IDENTITY_CHANGED);
    ck_assert_ptr_nonnull (strstr (json_str_or (v, "/note", ""), "S2"));
    json_decref (v);
    ck_assert_msg (inventory_accept_identity (store, "n1", &err) == 0, "%s", err.message);
    v = shown ("n1");
    ck_assert_str_eq (json_str (v, "/identity/0/value"), "S2");
    json_decref (v);
    teardown ();
}
END_TEST

START_TEST (endpoints_of_other_kinds)
{
    struct err err = { 0 };
    setup ();
    ck_assert_int_eq (add ("{\"name\":\"n1\",\"bmc\":\"10.0.0.1:443\","
                           "\"os\":\"10.0.0.9:443\"}", NULL), 0);
    json_t *v = shown ("n1");
    ck_assert_str_eq (json_str (v, "/endpoints/0/url"), "https://10.0.0.1");
    ck_assert_str_eq (json_str (v, "/endpoints/1/url"), "10.0.0.9:443");   /* ssh is not https */
    json_decref (v);
    struct host_endpoint_spec e = { .kind = "os", .url = "10.0.0.8:443" };
    ck_assert_int_eq (host_endpoint_set (store, key, "n1", &e, NULL), 0);
    v = shown ("n1");
    ck_assert_str_eq (json_str (v, "/endpoints/1/url"), "10.0.0.8:443");
    json_decref (v);
    e.kind = "banana";
    ck_assert_int_eq (host_endpoint_set (store, key, "n1", &e, &err), ERR_USAGE);
    ck_assert_ptr_nonnull (strstr (err.message, "\"banana\" is no endpoint"));
    teardown ();
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { add_and_show, taken, import, changes, inventory,
                                   changed_identity_stays_on_record, endpoints_of_other_kinds,
                                   NULL };

    return testing_run ("host", tests);
}
