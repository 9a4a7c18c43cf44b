/* host-test: the host table whole: no hole in it, XML, images, configuration, endpoints.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/testing.h"
#include "engine/artifact.h"
#include "engine/engine_private.h"
#include "engine/image_handle.h"
#include "engine/step.h"
#include "farrier/sdk.h"
#include "plugin/config.h"
#include "repo/repo.h"
#include "repo/serve.h"

#undef fail                            /* check's own; the host's table has a member of that name */

static struct plugin_op op = { .def = { .name = "probe" } };
static struct farrier_step step;
static struct farrier_error err;
static atomic_bool cancelled;

static void
begin (void)
{
    struct step_input in = { .op = &op, .callback = PLUGIN_CALL_START, .cancelled = &cancelled };
    err = (struct farrier_error) { .struct_size = sizeof err };
    step_init (&step, &in);
}

/* A member that is declared and not there would make every plugin that asks for it fail at a
 * customer's. reader_ and sink_ belong to inspect() and read_catalog(), which have a table of their
 * own in their process. */
START_TEST (no_hole)
{
    const struct farrier_host *table = step_host_table ();
    size_t formats = offsetof (struct farrier_host, reader_read);
    size_t after = offsetof (struct farrier_host, config_json);
    ck_assert_uint_eq (table->struct_size, sizeof *table);
    for (size_t at = offsetof (struct farrier_host, log); at < sizeof *table; at += 8) {
        void *member;
        memcpy (&member, (const char *) table + at, sizeof member);
        bool formats_only = at >= formats && at < after;
        ck_assert_msg ((member == NULL) == formats_only, "the member at offset %zu", at);
    }
}
END_TEST

/* A core whose table ends earlier: the wrappers answer, and call nothing. */
START_TEST (older_core)
{
    struct farrier_host old = *step_host_table ();
    const struct farrier_xml *root = NULL;
    struct farrier_endpoint endpoint = FARRIER_INIT (struct farrier_endpoint);
    old.struct_size = offsetof (struct farrier_host, config_json);
    begin ();
    step.host = &old;
    ck_assert_int_eq (farrier_xml_parse (&step, "<a/>", 4, &root, &err), FARRIER_E_UNSUPPORTED);
    ck_assert_ptr_null (root);
    ck_assert_int_eq (farrier_endpoint (&step, NULL, &endpoint), FARRIER_E_UNSUPPORTED);
    ck_assert_ptr_null (farrier_xml_open (&step, "<a/>", 4));
    ck_assert_ptr_null (farrier_json_number (&step, 1.5));
    ck_assert_ptr_nonnull (farrier_json_integer (&step, 1));
    step_free (&step);
}
END_TEST

/* --- XML ------------------------------------------------------------------------------------ */

static const char catalog[] =
    "<?xml version=\"1.0\"?>\n"
    "<Manifest xmlns=\"urn:acme\" xmlns:x=\"urn:x\" version=\"2\">\n"
    "  <Component path=\"a.bin\" x:rank=\"1\"><Name>A &amp; B</Name></Component>\n"
    "  <Component path=\"b.bin\"><Name><![CDATA[<b>]]></Name></Component>\n"
    "  <Empty/>\n"
    "</Manifest>\n";

static const struct farrier_xml *
root_of (const char *text)
{
    const struct farrier_xml *root = NULL;
    ck_assert_int_eq (farrier_xml_parse (&step, text, strlen (text), &root, &err), FARRIER_OK);
    return root;
}

START_TEST (xml_document)
{
    begin ();
    const struct farrier_xml *root = root_of (catalog);
    ck_assert_str_eq (farrier_xml_name (root), "Manifest");
    ck_assert_str_eq (farrier_xml_attr (root, "version"), "2");
    ck_assert_ptr_null (farrier_xml_attr (root, "none"));
    ck_assert_uint_eq (farrier_xml_count (root, "d:Component"), 2);
    const struct farrier_xml *second = farrier_xml_find (root, "d:Component", 1);
    ck_assert_str_eq (farrier_xml_attr (second, "path"), "b.bin");
    ck_assert_str_eq (farrier_xml_text (second, "d:Name"), "<b>");
    ck_assert_ptr_null (farrier_xml_find (root, "d:Component", 2));
    ck_assert_str_eq (farrier_xml_text (root, "d:Component[@x:rank=1]/d:Name"), "A & B");
    ck_assert_str_eq (farrier_xml_text (root, "string(count(//d:Component))"), "2");
    ck_assert_ptr_null (farrier_xml_text (root, "d:Nothing"));
    ck_assert_str_eq (farrier_xml_text (farrier_xml_find (second, "@path", 0), NULL), "b.bin");
    ck_assert_ptr_null (farrier_xml_find (root, "d:Component[", 0));
    ck_assert_ptr_null (farrier_xml_text (root, "unknown:Component"));
    ck_assert_ptr_null (farrier_xml_find (NULL, "a", 0));
    ck_assert_uint_eq (farrier_xml_count (NULL, "a"), 0);
    step_free (&step);
}
END_TEST

static char *
nested (size_t depth)
{
    struct buf text = { 0 };
    for (size_t i = 0; i < depth; i++)
        buf_puts (&text, "<a>");
    for (size_t i = 0; i < depth; i++)
        buf_puts (&text, "</a>");
    return buf_steal (&text);
}

static const struct {
    const char *text, *says;
} bad_xml[] = {
    { "", "malformed" },
    { "<a>", "line 1" },
    { "<a>\n<b></a>", "line 2" },
    { "<a>&nothing;</a>", "nothing" },
    { "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>", "DOCTYPE" },
    { "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", "DOCTYPE" },
    { "<?xml version=\"1.0\" encoding=\"no-such\"?><a/>", "encoding" },
    { NULL, "depth" },
};

static void
read_all (const char *text, size_t len)
{
    struct farrier_xml_reader *reader = farrier_xml_open (&step, text, len);
    int32_t event;
    ck_assert_ptr_nonnull (reader);
    do {
        event = farrier_xml_next (reader, &err);
    } while (event > 0);
    ck_assert_int_eq (event, FARRIER_E_INVALID);
}

START_TEST (xml_refused)
{
    const struct farrier_xml *root = NULL;
    char *deep = nested (300);
    const char *text = bad_xml[_i].text == NULL ? deep : bad_xml[_i].text;
    begin ();
    ck_assert_int_eq (farrier_xml_parse (&step, text, strlen (text), &root, &err),
                      FARRIER_E_INVALID);
    ck_assert_ptr_null (root);
    ck_assert_msg (strstr (err.message, bad_xml[_i].says) != NULL, "%s", err.message);
    read_all (text, strlen (text));
    step_free (&step);
    mem_free (deep);
}
END_TEST

#define TOO_MUCH "//a[count(//a[count(//a[count(//a) > 0]) > 0]) > 0]"

START_TEST (xml_size_and_work)
{
    const struct farrier_xml *root = NULL;
    size_t len = (8u << 20) + 1;
    char *large = mem_alloc (len + 1), *deep = nested (200);
    memset (large, ' ', len);
    memcpy (large, "<a/>", 4);
    begin ();
    ck_assert_int_eq (farrier_xml_parse (&step, large, len, &root, &err), FARRIER_E_INVALID);
    ck_assert_int_eq (farrier_xml_parse (&step, large, len - 1, &root, &err), FARRIER_OK);
    root = root_of (deep);
    ck_assert_uint_eq (farrier_xml_count (root, "//a"), 200);
    ck_assert_uint_eq (farrier_xml_count (root, TOO_MUCH), 0);
    ck_assert_uint_eq (farrier_xml_count (root, "//a"), 200);
    step_free (&step);
    mem_free (large);
    mem_free (deep);
}
END_TEST

START_TEST (xml_response)
{
    begin ();
    struct farrier_response *r = step_response (&step, 200, NULL, catalog, sizeof catalog - 1, -1);
    ck_assert_str_eq (farrier_xml_attr (farrier_response_xml (r), "version"), "2");
    ck_assert_ptr_null (farrier_response_json (r));
    r = step_response (&step, 200, NULL, "{}", 2, -1);
    ck_assert_ptr_null (farrier_response_xml (r));
    step_free (&step);
}
END_TEST

/* The events in short: <name (attribute) "text" >name. */
static char *
events_of (const char *text)
{
    struct farrier_xml_reader *r = farrier_xml_open (&step, text, strlen (text));
    struct buf out = { 0 };
    int32_t event;
    while ((event = farrier_xml_next (r, &err)) > 0) {
        if (event == FARRIER_XML_TEXT)
            buf_printf (&out, "%u\"%s\" ", farrier_xml_reader_depth (r),
                        farrier_xml_reader_text (r));
        else
            buf_printf (&out, "%u%c%s ", farrier_xml_reader_depth (r),
                        event == FARRIER_XML_ELEMENT ? '<' : '>', farrier_xml_reader_name (r));
    }
    ck_assert_int_eq (event, FARRIER_XML_END);
    return buf_steal (&out);
}

START_TEST (xml_events)
{
    begin ();
    testing_string (events_of ("<a><x:b xmlns:x='u'/> <!-- no -->\n<c>t<![CDATA[<]]></c></a>"),
                    "0<a 1<b 1>b 1<c 2\"t\" 2\"<\" 1>c 0>a ");
    struct farrier_xml_reader *r = farrier_xml_open (&step, catalog, strlen (catalog));
    ck_assert_int_eq (farrier_xml_next (r, &err), FARRIER_XML_ELEMENT);
    ck_assert_str_eq (farrier_xml_reader_attr (r, "version"), "2");
    ck_assert_int_eq (farrier_xml_next (r, &err), FARRIER_XML_ELEMENT);
    ck_assert_str_eq (farrier_xml_reader_attr (r, "rank"), "1");
    ck_assert_ptr_null (farrier_xml_reader_attr (r, "none"));
    ck_assert_ptr_null (farrier_xml_reader_text (r));
    const struct farrier_xml *whole = farrier_xml_expand (r);
    ck_assert_str_eq (farrier_xml_text (whole, "d:Name"), "A & B");
    ck_assert_int_eq (farrier_xml_skip (r, &err), FARRIER_OK);
    ck_assert_int_eq (farrier_xml_skip (r, &err), FARRIER_E_PLUGIN_BUG);
    ck_assert_int_eq (farrier_xml_next (r, &err), FARRIER_XML_ELEMENT);
    ck_assert_str_eq (farrier_xml_reader_attr (r, "path"), "b.bin");
    ck_assert_str_eq (farrier_xml_text (farrier_xml_expand (r), "d:Name"), "<b>");
    ck_assert_int_eq (farrier_xml_skip (r, &err), FARRIER_OK);
    ck_assert_int_eq (farrier_xml_next (r, &err), FARRIER_XML_ELEMENT);
    ck_assert_int_eq (farrier_xml_skip (r, &err), FARRIER_OK);
    ck_assert_int_eq (farrier_xml_next (r, &err), FARRIER_XML_ELEMENT_END);
    ck_assert_int_eq (farrier_xml_next (r, &err), FARRIER_XML_END);
    ck_assert_int_eq (farrier_xml_next (r, &err), FARRIER_XML_END);
    step_free (&step);
}
END_TEST

/* --- images --------------------------------------------------------------------------------- */

static char *
put_file (const char *dir, const char *name, const char *text)
{
    char *path = fs_join (dir, name);
    ck_assert_int_eq (fs_write_atomic (path, text, strlen (text), 0600, NULL), 0);
    return path;
}

static int64_t
part_bytes (struct transfer_part *part, char *buf, size_t len)
{
    int64_t n = part->reader.read (part->reader.arg, 0, buf, len, NULL);
    part->reader.close (part->reader.arg);
    return n;
}

/* From the sidecar into the manifest, and out again by handle and into an upload. */
START_TEST (attachment_of_a_sidecar)
{
    static struct engine engine;
    char *dir = testing_make_dir (), *repo_dir = fs_join (dir, "repo"), bytes[16] = "";
    char *file = put_file (dir, "U30.bin", "firmware"), *json, *signature;
    struct repo_import_options options = { .vendor = "acme", .type = "bios", .version = "1.0",
                                           .model = "*" };
    struct transfer_part part = { .name = "sig", .filename = "" };
    struct image image = { 0 };
    struct err why;
    json = put_file (dir, "U30.bin.json", "{\"metadata\": {\"device\": \"U30\"}, "
                                          "\"attachments\": {\"compsig\": \"U30.sig\"}}");
    ck_assert_int_eq (repo_open (repo_dir, true, &engine.o.repo, NULL), 0);
    ck_assert_int_ne (repo_import (engine.o.repo, file, &options, NULL, NULL, &why), 0);
    ck_assert_ptr_nonnull (strstr (why.message, "U30.sig"));
    signature = put_file (dir, "U30.sig", "signed");
    ck_assert_int_eq (repo_import (engine.o.repo, file, &options, &image, NULL, &why), 0);
    begin ();
    struct farrier_image *handle = image_handle (&engine, image.sha256);
    ck_assert_str_eq (farrier_json_str_at (farrier_image_metadata (&step, handle), "/device"),
                      "U30");
    ck_assert_int_eq (farrier_image_attachment_read (handle, "compsig", 0, bytes, 16), 6);
    ck_assert_int_eq (artifact_attachment_part (&engine, image.sha256, "compsig", &part, &why), 0);
    ck_assert_str_eq (part.filename, "U30.sig");
    ck_assert_int_eq (part_bytes (&part, bytes, sizeof bytes), 6);
    ck_assert_int_eq (artifact_attachment_part (&engine, image.sha256, "none", &part, &why),
                      FARRIER_E_INVALID);
    image_handle_free (handle);
    image_clear (&image);
    repo_close (engine.o.repo);
    step_free (&step);
    mem_free (file);
    mem_free (json);
    mem_free (signature);
    mem_free (repo_dir);
    testing_remove_dir (dir);
}
END_TEST

static const struct {
    const char *text, *says;
} bad_attachments[] = {
    { "[]", "not an object" },
    { "{\"a/b\": {\"filename\": \"f\", \"base64\": \"eA==\"}}", "a name has letters" },
    { "{\"a\": {\"filename\": \"../f\", \"base64\": \"eA==\"}}", "file name" },
    { "{\"a\": {\"filename\": \"f\"}}", "base64" },
    { "{\"a\": {\"filename\": \"f\", \"base64\": \"?\"}}", "base64" },
    { "{\"a\": {\"filename\": \"f\", \"base64\": \"eA==\", \"sha256\": \"00\"}}",
      "manifest says 00" },
};

/* The URL that a BMC gets ends with the first whole read. */
START_TEST (image_published_once)
{
    static struct engine engine;
    char *dir = testing_make_dir (), *file = put_file (dir, "bios-1.0.bin", "firmware");
    struct repo_import_options options = { .vendor = "acme", .type = "bios", .version = "1.0",
                                           .model = "*" };
    struct image image = { 0 };
    struct serve_read *sr;
    const char *url = NULL;
    ck_assert_int_eq (repo_open (dir, true, &engine.o.repo, NULL), 0);
    ck_assert_int_eq (repo_import (engine.o.repo, file, &options, &image, NULL, NULL), 0);
    engine.o.serve = serve_new ();
    engine.o.image_url = "http://192.0.2.1:8480";
    begin ();
    step.in.engine = &engine;
    struct farrier_image *handle = image_handle (&engine, image.sha256);
    ck_assert_int_eq (farrier_image_publish (&step, handle, &url, &err), FARRIER_OK);
    ck_assert (str_starts (url, "http://192.0.2.1:8480/fw/"));
    url += strlen ("http://192.0.2.1:8480");
    ck_assert_int_eq (serve_begin (engine.o.serve, url, "192.0.2.9", &sr, NULL), 0);
    serve_end (sr, 0, 4);                  /* it broke off in the middle */
    ck_assert_int_eq (serve_begin (engine.o.serve, url, "192.0.2.9", &sr, NULL), 0);
    serve_end (sr, 4, 4);
    ck_assert_int_eq (serve_begin (engine.o.serve, url, "192.0.2.9", &sr, NULL), ERR_NOT_FOUND);
    image_handle_free (handle);
    step_free (&step);
    image_clear (&image);
    serve_free (engine.o.serve);
    repo_close (engine.o.repo);
    mem_free (file);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (attachments_refused)
{
    struct image_attachment *list = NULL;
    size_t count = 0;
    struct err why;
    json_t *v = json_parse (bad_attachments[_i].text, strlen (bad_attachments[_i].text), NULL);
    ck_assert_int_lt (image_attachments_from_json (v, &list, &count, &why), 0);
    ck_assert_msg (strstr (why.message, bad_attachments[_i].says) != NULL, "%s", why.message);
    ck_assert_ptr_null (list);
    json_decref (v);
}
END_TEST

/* --- the rest ------------------------------------------------------------------------------- */

START_TEST (image_belongings)
{
    struct image_attachment *list = NULL;
    struct farrier_attachment a = FARRIER_INIT (struct farrier_attachment);
    size_t count = 0;
    char bytes[8] = "";
    begin ();
    ck_assert_int_eq (image_attachment_add (&list, &count, "compsig", "U30.compsig", "signed", 6,
                                            NULL), 0);
    struct farrier_image image = { .host = step.host, .attachments = list,
                                   .attachment_count = count };
    ck_assert_ptr_null (farrier_image_metadata (&step, &image));
    image.metadata = json_pack ("{ss}", "device", "U30");
    ck_assert_str_eq (farrier_json_str_at (farrier_image_metadata (&step, &image), "/device"),
                      "U30");
    ck_assert_int_eq (farrier_image_attachment_at (&image, 0, &a), FARRIER_OK);
    ck_assert_str_eq (a.name, "compsig");
    ck_assert_str_eq (a.filename, "U30.compsig");
    ck_assert_uint_eq (a.size_bytes, 6);
    ck_assert_int_eq (farrier_image_attachment_at (&image, 1, &a), FARRIER_E_INVALID);
    ck_assert_int_eq (farrier_image_attachment_read (&image, "compsig", 2, bytes, 7), 4);
    ck_assert_str_eq (bytes, "gned");
    ck_assert_int_eq (farrier_image_attachment_read (&image, "compsig", 6, bytes, 7), 0);
    ck_assert_int_eq (farrier_image_attachment_read (&image, "sig", 0, bytes, 7),
                      FARRIER_E_INVALID);
    json_decref (image.metadata);
    image_attachments_free (list, count);
    step_free (&step);
}
END_TEST

START_TEST (configuration)
{
    json_t *values = json_pack ("{s{s[ii]},sb}", "map", "rank", 3, 4, "on", 1);
    struct farrier_config cfg = { step_host_table (), values, arena_new (1 << 16) };
    int64_t number = 0;
    const struct farrier_json *map = farrier_config_json (&cfg, "map");
    ck_assert_int_eq (farrier_json_i64 (farrier_json_at (map, "/rank/1"), &number), FARRIER_OK);
    ck_assert_int_eq (number, 4);
    ck_assert_str_eq (farrier_json_key (map, 0), "rank");
    ck_assert_ptr_null (farrier_config_json (&cfg, "none"));
    ck_assert_int_eq (farrier_config_i64 (&cfg, "on"), 1);
    arena_free (cfg.arena);
    json_decref (values);
}
END_TEST

/* --- secrets -------------------------------------------------------------------------------- */

static const struct farrier_param secret_params[] = {
    { .name = "key", .type = FARRIER_PARAM_STRING, .flags = FARRIER_PARAM_SECRET, .help = "x" },
    { .name = "plain", .type = FARRIER_PARAM_STRING, .help = "x" },
};

static int32_t
tells_its_secret (void *self, struct farrier_step *s, struct farrier_error *e)
{
    (void) self;
    testing_string (log_redact ("opensesame"), "[redacted]");
    farrier_hint (s, e, "try %s", "opensesame");
    return farrier_fail (s, e, FARRIER_E_AUTH, "%s and %s", farrier_param_str (s, "key"),
                         farrier_param_str (s, "plain"));
}

/* A parameter that is SECRET is known while its op runs. */
START_TEST (secret_parameter)
{
    struct plugin_op secret_op = { .def = { .name = "probe", .start = tells_its_secret,
                                            .params = FARRIER_TABLE (secret_params) } };
    json_t *params = json_pack ("{ssss}", "key", "opensesame", "plain", "visible");
    begin ();
    step.in.op = &secret_op;
    step.in.params = params;
    ck_assert_int_eq (step_run (&step, &err), FARRIER_E_AUTH);
    ck_assert_str_eq (err.message, "[redacted] and visible");
    ck_assert_str_eq (err.hint, "try [redacted]");
    testing_string (log_redact ("opensesame"), "opensesame");
    step_free (&step);
    json_decref (params);
}
END_TEST

/* A setting that is SECRET is known from the moment it was read. */
START_TEST (secret_setting)
{
    struct plugin_config config = { .enabled = true };
    struct farrier_table table = FARRIER_TABLE (secret_params);
    struct fault_list faults = { 0 };
    config.settings = json_pack ("{ssss}", "key", "hunter2hunter2", "plain", "visible");
    ck_assert (config_check (&config, &table, &faults));
    testing_string (log_redact ("hunter2hunter2 visible"), "[redacted] visible");
    config_free (&config);
}
END_TEST

START_TEST (endpoints)
{
    static const struct {
        const char *url, *address;
        uint32_t port;
    } all[] = {
        { "https://192.0.2.7", "192.0.2.7", 443 },
        { "http://bmc7.example:8000", "bmc7.example", 8000 },
        { "https://[2001:db8::7]:8443", "2001:db8::7", 8443 },
        { "https://[2001:db8::7]", "2001:db8::7", 443 },
        { "http://192.0.2.7", "192.0.2.7", 80 },
    };
    begin ();
    for (size_t i = 0; i < COUNT_OF (all); i++) {
        struct farrier_endpoint e = FARRIER_INIT (struct farrier_endpoint);
        step_split_url (step.arena, all[i].url, &e);
        ck_assert_str_eq (e.url, all[i].url);
        ck_assert_str_eq (e.address, all[i].address);
        ck_assert_uint_eq (e.port, all[i].port);
    }
    step_free (&step);
}
END_TEST

START_TEST (numbers)
{
    double real = 0;
    begin ();
    ck_assert_int_eq (farrier_json_real (farrier_json_number (&step, 1.5), &real), FARRIER_OK);
    ck_assert_double_eq (real, 1.5);
    ck_assert_ptr_null (farrier_json_number (&step, (double) INFINITY));
    ck_assert_ptr_null (farrier_json_number (&step, (double) NAN));
    step_free (&step);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = { no_hole, older_core, xml_document, xml_size_and_work,
                                   xml_response, xml_events, attachment_of_a_sidecar,
                                   image_published_once, image_belongings, configuration,
                                   secret_parameter, secret_setting,
                                   endpoints, numbers, NULL };
    Suite *s = suite_create ("host");
    TCase *tc = tcase_create ("host");
    tcase_add_loop_test (tc, xml_refused, 0, COUNT_OF (bad_xml));
    tcase_add_loop_test (tc, attachments_refused, 0, COUNT_OF (bad_attachments));
    for (size_t i = 0; tests[i] != NULL; i++)
        tcase_add_test (tc, tests[i]);
    suite_add_tcase (s, tc);
    SRunner *r = srunner_create (s);
    srunner_run_all (r, CK_ENV);
    int failed = srunner_ntests_failed (r);
    srunner_free (r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
