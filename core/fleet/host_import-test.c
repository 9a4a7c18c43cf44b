/* Tests of host_import.h, host_spec.c and host_url.c: every mistake has its place.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "fleet/host_import.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/testing.h"

static char dir[] = "/tmp/farrier-import-XXXXXX";
static struct vec specs, findings;

static void
write_file (const char *name, const char *text, mode_t mode)
{
    char *path = fs_join (dir, name);
    ck_assert_int_eq (fs_write_atomic (path, text, strlen (text), mode, NULL), 0);
    mem_free (path);
}

static void
setup (void)
{
    ck_assert_ptr_nonnull (mkdtemp (dir));
    write_file ("pw", "simulated\n", 0600);
    write_file ("open", "simulated\n", 0644);
    write_file ("empty", "\n", 0600);
    specs = findings = (struct vec) { 0 };
}

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

static void
teardown (void)
{
    vec_free_with (&specs, free_spec);
    vec_free_with (&findings, free_finding);
    fs_remove_tree (dir, NULL);
}

static int32_t
csv (const char *text, struct err *err)
{
    return host_import_csv (text, strlen (text), "hosts.csv", dir, &specs, &findings, err);
}

static bool
found (const char *where, const char *field, const char *says)
{
    for (size_t i = 0; i < findings.count; i++) {
        const struct host_finding *f = findings.items[i];
        if (str_eq (f->where, where) && str_eq (f->field, field)
            && strstr (f->message, says) != NULL)
            return true;
    }
    return false;
}

START_TEST (urls)
{
    static const struct { const char *text, *normal; } table[] = {
        { "10.0.0.5", "https://10.0.0.5" },
        { "https://BMC.example:443/", "https://bmc.example" },
        { "http://bmc:8080", "http://bmc:8080" },
        { "2001:DB8::1", "https://[2001:db8::1]" },
        { "[2001:db8:0::1]:8443", "https://[2001:db8::1]:8443" },
        { "https://[::1]/", "https://[::1]" },
        { "ftp://x", NULL }, { "", NULL }, { "https://", NULL }, { "https://a/redfish/v1", NULL },
        { "https://user:secret@bmc", NULL }, { "bmc:0", NULL }, { "bmc:65536", NULL },
        { "bmc:x", NULL }, { "[2001:db8::1", NULL }, { "[nonsense]", NULL }, { "a..b", NULL },
        { "-x", NULL }, { "a b", NULL }, { "[::1]x", NULL },
    };
    for (size_t i = 0; i < COUNT_OF (table); i++) {
        struct err err = { 0 };
        char *normal = host_url_normal (table[i].text, &err);
        ck_assert_msg (str_eq (normal, table[i].normal), "%s: %s", table[i].text,
                       normal == NULL ? err.message : normal);
        ck_assert (strstr (err.message, "secret") == NULL);
        mem_free (normal);
    }
}
END_TEST

START_TEST (good_csv)
{
    setup ();
    struct err err = { 0 };
    ck_assert_msg (csv ("\xef\xbb\xbfname, bmc,user,password_file,label.rack,labels,plugins,os,"
                        "os_user,os_password_file\r\n"
                        "# a comment, with a comma\r\n"
                        "n1,10.0.0.1,root,pw,r1,\"role=web; note=a \"\"b\"\"\","
                        "dell_dup:bios+nic;generic_redfish,10.1.0.1,admin,pw\r\n"
                        "\r\n"
                        "n2,\"[2001:db8::2]\",,,,,,,,\r\n", &err) == 0, "%s", err.message);
    ck_assert_msg (findings.count == 0, "%s",
                   ((struct host_finding *) vec_at (&findings, 0))->message);
    ck_assert_uint_eq (specs.count, 2);
    const struct host_spec *s = specs.items[0];
    ck_assert_str_eq (s->name, "n1");
    ck_assert_str_eq (s->where, "hosts.csv:3");
    ck_assert_str_eq (json_str (s->labels, "/rack"), "r1");
    ck_assert_str_eq (json_str (s->labels, "/note"), "a \"b\"");
    ck_assert_uint_eq (s->endpoints.count, 2);
    const struct host_endpoint_spec *bmc = s->endpoints.items[0], *os = s->endpoints.items[1];
    ck_assert_str_eq (bmc->credential.password, "simulated");
    ck_assert_str_eq (os->credential.user, "admin");
    const struct host_binding_spec *first = s->bindings.items[0], *second = s->bindings.items[1];
    ck_assert_str_eq (first->plugin, "dell_dup");
    ck_assert_str_eq (first->types[1], "nic");
    ck_assert_uint_eq (second->type_count, 0);

    char *line = log_redact ("password=simulated");
    ck_assert_ptr_null (strstr (line, "simulated"));
    mem_free (line);
    teardown ();
}
END_TEST

START_TEST (wrong_rows)
{
    setup ();
    ck_assert_int_eq (csv ("name,bmc,user,password_file,trust,pin,labels,plugins,os_user\n"
                           "a b,10.0.0.1,,,,,,,\n"
                           "n2,,,,,,,,\n"
                           "n3,10.0.0.3,root,,,,,,\n"
                           "n4,10.0.0.4,root,missing,,,,,\n"
                           "n5,10.0.0.5,root,open,,,,,\n"
                           "n6,10.0.0.6,root,empty,,,,,\n"
                           "n7,10.0.0.7/x,,,never,ab,=x;y,Bad:,u\n"
                           "n8,10.0.0.8,,,,,,,,one,two\n"
                           "\"n\n9\",10.0.0.9,,,,,,,\n"
                           "n10,10.0.0.10,root,pw,,,,,\n", NULL), 0);
    ck_assert (found ("hosts.csv:2", "name", "letters, digits"));
    ck_assert (found ("hosts.csv:3", "bmc", "missing"));
    ck_assert (found ("hosts.csv:4", "bmc", "no password file"));
    ck_assert (found ("hosts.csv:5", "password_file", "missing"));
    ck_assert (found ("hosts.csv:6", "password_file", "0600"));
    ck_assert (found ("hosts.csv:7", "password_file", "empty"));
    ck_assert (found ("hosts.csv:8", "bmc", "path"));
    ck_assert (found ("hosts.csv:8", "bmc", "never"));
    ck_assert (found ("hosts.csv:8", "bmc", "64 hex"));
    ck_assert (found ("hosts.csv:8", "labels", "KEY=VALUE"));
    ck_assert (found ("hosts.csv:8", "plugins", "no binding"));
    ck_assert (found ("hosts.csv:8", "os_user", "without os"));
    ck_assert (found ("hosts.csv:9", "", "11 fields"));
    ck_assert (found ("hosts.csv:10", "name", "letters, digits"));
    ck_assert_uint_eq (specs.count, 1);
    ck_assert_str_eq (((struct host_spec *) specs.items[0])->where, "hosts.csv:12");
    teardown ();
}
END_TEST

/* Nothing is stored other than it was written. */
START_TEST (no_text)
{
    setup ();
    char *path = fs_join (dir, "utf16");
    ck_assert_int_eq (fs_write_atomic (path, "s\0i\0m\0", 6, 0600, NULL), 0);
    mem_free (path);
    write_file ("latin1", "simul\xe9\n", 0600);
    ck_assert_int_eq (csv ("name,bmc,user,password_file,label.rack,labels,plugins\n"
                           "n1,10.0.0.1,root,utf16,,,\n"
                           "n2,10.0.0.2,root,latin1,,,\n"
                           "n3,10.0.0.3,,,r\xe9,,\n"
                           "n4,10.0.0.4,,,,a=\xe9,\n"
                           "n5,10.0.0.5,,,,,dell\xe9\n", NULL), 0);
    ck_assert (found ("hosts.csv:2", "password_file", "holds a NUL byte"));
    ck_assert (found ("hosts.csv:3", "password_file", "is no UTF-8"));
    ck_assert (found ("hosts.csv:4", "label.rack", "is no UTF-8"));
    ck_assert (found ("hosts.csv:5", "labels", "is no UTF-8"));
    ck_assert (found ("hosts.csv:6", "plugins", "is no UTF-8"));
    ck_assert_uint_eq (specs.count, 0);
    teardown ();
}
END_TEST

START_TEST (wrong_files)
{
    setup ();
    static const struct { const char *text, *says; } table[] = {
        { "", "is empty" },
        { "name,bcm\n", "hosts.csv:1: unknown column \"bcm\"" },
        { "name,bmc\nn1,\"10.0.0.1\n", "hosts.csv:2: a quote is not closed" },
        { "name,bmc, name\n", "hosts.csv:1: the column \"name\" is there twice" },
    };
    for (size_t i = 0; i < COUNT_OF (table); i++) {
        struct err err = { 0 };
        ck_assert_int_eq (csv (table[i].text, &err), ERR_SYNTAX);
        ck_assert_msg (strstr (err.message, table[i].says) != NULL, "%s", err.message);
    }
    struct err err = { 0 };
    ck_assert_int_eq (host_import_json ("{}", 2, "h.json", dir, &specs, &findings, &err),
                      ERR_SYNTAX);
    ck_assert_int_eq (host_import_json ("[{]", 3, "h.json", dir, &specs, &findings, &err),
                      ERR_SYNTAX);
    ck_assert (str_starts (err.message, "h.json: "));
    teardown ();
}
END_TEST

START_TEST (json_places)
{
    setup ();
    static const char text[]
        = "[ {\"name\": \"n1\", \"bmc\": \"10.0.0.1\", \"user\": \"root\",\n"
          "   \"password_file\": \"pw\", \"labels\": {\"text\": \"}],[{\\\"\"}},\n"
          "\n"
          "  {\"name\": \"n2\", \"bmc\": {\"url\": \"10.0.0.2\", \"user\": \"root\",\n"
          "    \"password\": \"simulated\"}},\n"
          "  17, {\"name\": \"n3\", \"bmc\": \"10.0.0.3\", \"lables\": {}} ]";
    struct err err = { 0 };
    ck_assert_msg (host_import_json (text, strlen (text), "h.json", dir, &specs, &findings, &err)
                   == 0, "%s", err.message);
    ck_assert (found ("h.json:1", "labels", "comma"));
    ck_assert (found ("h.json:4", "password", "does not belong in a list"));
    ck_assert (found ("h.json:6", "", "object"));
    ck_assert (found ("h.json:6", "lables", "did you mean \"labels\""));
    ck_assert_uint_eq (specs.count, 0);
    teardown ();
}
END_TEST

START_TEST (both_ways)
{
    setup ();
    ck_assert_int_eq (csv ("name,bmc,user,password_file,trust,plugins,os,os_user,os_key\n"
                           "n1,10.0.0.1,root,pw,insecure,dell_dup:bios,10.1.0.1,admin,pw\n", NULL),
                      0);
    ck_assert_uint_eq (specs.count, 1);
    json_t *v = host_spec_to_json (specs.items[0]);
    struct host_spec *again = host_spec_from_json (v, "x:1", &findings);
    ck_assert_uint_eq (host_spec_check (again, &findings), 0);
    ck_assert_uint_eq (findings.count, 0);
    json_t *w = host_spec_to_json (again);
    json_object_del (v, "where");
    json_object_del (w, "where");
    ck_assert (json_equal (v, w));
    ck_assert_str_eq (json_str (w, "/endpoints/os/private_key"), "simulated");
    host_json_wipe (w);
    ck_assert_str_eq (json_str (w, "/endpoints/os/private_key"), "");
    json_decref (v);
    json_decref (w);
    host_spec_free (again);
    teardown ();
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { urls, good_csv, wrong_rows, no_text,
                                   wrong_files, json_places, both_ways,
                                   NULL };

    return testing_run ("host_import", tests);
}
