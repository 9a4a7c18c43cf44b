/* Tests of component.h, component_row.h and image.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "firmware/component.h"

#include <string.h>

#include "base/json.h"
#include "base/testing.h"
#include "firmware/component_row.h"
#include "firmware/image.h"

START_TEST (type_names)
{
    enum farrier_component_type type;
    size_t count;
    const char *const *names = component_type_names (&count);

    ck_assert_uint_eq (count, COMPONENT_TYPE_COUNT);
    for (size_t i = 0; i < count; i++) {
        ck_assert_ptr_nonnull (names[i]);
        ck_assert (component_type_from_name (names[i], &type));
        ck_assert_uint_eq (type, i);
        ck_assert_str_eq (component_type_name (type), names[i]);
    }
    ck_assert (!component_type_from_name ("BIOS", &type));
    ck_assert (!component_type_from_name (NULL, &type));
    ck_assert_str_eq (component_type_name ((enum farrier_component_type) 99), "other");
}
END_TEST

static struct farrier_component
abi_component (const struct farrier_pair *pairs, uint32_t count)
{
    struct farrier_component c = { .struct_size = sizeof (c), .type = FARRIER_COMPONENT_NIC,
                                   .key = "nic-1", .name = "X710", .version = "9.2", .slot = "",
                                   .updateable = -7 };

    c.vendor_keys.items = pairs;
    c.vendor_keys.count = count;
    c.vendor_keys.stride = sizeof (*pairs);
    return c;
}

START_TEST (json_and_row_keep_everything)
{
    static const struct farrier_pair pairs[] = { { .name = "SoftwareId", .value = "104298" },
                                                 { .name = "PciId", .value = "8086:1572" } };
    struct farrier_component in = abi_component (pairs, 2);
    struct component c, back;
    struct store_component row;
    json_t *a, *b;

    ck_assert_int_eq (component_from_abi (&in, &c, NULL), 0);
    ck_assert_int_eq (c.updateable, -1);
    ck_assert_ptr_null (c.slot);
    ck_assert_str_eq (component_vendor_key (&c, "softwareid"), "104298");
    ck_assert_str_eq (c.vendor_keys[0].name, "PciId");
    ck_assert_str_eq (component_version_pointer (&c), "/Version");

    a = component_to_json (&c);
    ck_assert_ptr_null (json_object_get (a, "updateable"));
    ck_assert_int_eq (component_from_json (a, &back, NULL), 0);
    b = component_to_json (&back);
    ck_assert (json_equal (a, b));
    json_decref (b);
    component_to_row (&back, "host-1", &row);
    component_clear (&back);
    ck_assert_int_eq (component_from_row (&row, &back, NULL), 0);
    b = component_to_json (&back);
    ck_assert (json_equal (a, b));
    ck_assert_int_eq (component_compare (&c, &back), 0);
    component_clear (&back);

    str_set (&row.type, "toaster");
    ck_assert_int_eq (component_from_row (&row, &back, NULL), FARRIER_E_INVALID);
    str_set (&row.type, "nic");
    str_set (&row.vendor_keys_json, "{");
    ck_assert_int_eq (component_from_row (&row, &back, NULL), FARRIER_E_INVALID);

    json_decref (a);
    json_decref (b);
    component_clear (&c);
    mem_free (row.host_id);
    mem_free (row.key);
    mem_free (row.type);
    mem_free (row.name);
    mem_free (row.vendor_keys_json);
    mem_free (row.version);
}
END_TEST

START_TEST (plugin_mistakes)
{
    struct farrier_component in = abi_component (NULL, 0);
    struct component c;
    struct err err;

    in.key = "";
    ck_assert_int_eq (component_from_abi (&in, &c, &err), FARRIER_E_PLUGIN_BUG);
    ck_assert_ptr_nonnull (strstr (err.message, "X710"));
    in.key = "k";
    in.type = 15;
    ck_assert_int_eq (component_from_abi (&in, &c, &err), FARRIER_E_PLUGIN_BUG);
    ck_assert_ptr_nonnull (strstr (err.message, "15"));
}
END_TEST

START_TEST (json_mistakes)
{
    static const char *const bad[] = { "{}", "{\"type\":\"bios\"}",
                                       "{\"key\":\"a\",\"type\":\"b\"}",
                                       "{\"key\":7,\"type\":\"bios\"}", "[]" };

    for (size_t i = 0; i < COUNT_OF (bad); i++) {
        json_t *v = json_parse (bad[i], strlen (bad[i]), NULL);
        struct component c;

        ck_assert_int_eq (component_from_json (v, &c, NULL), FARRIER_E_INVALID);
        json_decref (v);
    }
}
END_TEST

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define MANIFEST(more) "{\"format\":1,\"name\":\"bios\",\"vendor\":\"acme\",\"type\":\"bios\"," \
    "\"version\":\"2.1\",\"filename\":\"b.bin\",\"sha256\":\"" SHA "\",\"size_bytes\":5," more "}"

static int32_t
read_image (const char *text, struct image *ret, struct err *err)
{
    json_t *v = json_parse (text, strlen (text), NULL);
    int32_t rc;

    ck_assert_ptr_nonnull (v);
    rc = image_from_json (v, ret, err);
    json_decref (v);
    return rc;
}

START_TEST (manifest)
{
    static const struct { const char *text, *named; } bad[] = {
        { MANIFEST ("\"match\":{}"), "match.model" },
        { MANIFEST ("\"x\":1"), "match" },
        { MANIFEST ("\"match\":{\"keys\":{\"a\":1}}"), "'a'" },
        { MANIFEST ("\"match\":{\"model\":\"*\"},\"name\":\"a/b\""), "name" },
        { MANIFEST ("\"match\":{\"model\":\"*\"},\"name\":\".b\""), "name" },
        { MANIFEST ("\"match\":{\"model\":\"*\"},\"vendor\":\"Acme\""), "vendor" },
        { MANIFEST ("\"match\":{\"model\":\"*\"},\"type\":\"BIOS\""), "type" },
        { MANIFEST ("\"match\":{\"model\":\"*\"},\"version\":\"\""), "version" },
        { MANIFEST ("\"match\":{\"model\":\"*\"},\"filename\":\"../x\""), "filename" },
        { MANIFEST ("\"match\":{\"model\":\"*\"},\"sha256\":\"ABC\""), "sha256" },
        { MANIFEST ("\"match\":{\"model\":\"*\"},\"size_bytes\":0"), "size_bytes" },
        { MANIFEST ("\"match\":{\"model\":\"*\"},\"format\":2"), "format" },
    };
    struct image i, copy;
    struct err err;
    json_t *a, *b;

    for (size_t k = 0; k < COUNT_OF (bad); k++) {
        ck_assert_int_eq (read_image (bad[k].text, &i, &err), FARRIER_E_INVALID);
        ck_assert_msg (strstr (err.message, bad[k].named) != NULL, "%s", err.message);
    }
    ck_assert_int_eq (read_image (MANIFEST ("\"imported_at\":\"2026-01-02T03:04:05.000Z\","
                                            "\"match\":{\"model\":\"R7*\","
                                            "\"keys\":{\"id\":\"1*\"}},"
                                            "\"simulated\":true,\"notes\":\"n\""), &i, NULL), 0);
    image_copy (&copy, &i);
    a = image_to_json (&i);
    b = image_to_json (&copy);
    ck_assert (json_equal (a, b));
    json_decref (a);
    json_decref (b);
    ck_assert (image_named (&i, "bios") && image_named (&i, "bios-2.1") && image_named (&i, SHA));
    ck_assert (image_named (&i, "sha256:01234567") && !image_named (&i, "sha256:0123456"));
    ck_assert (image_named (&i, "b.bin") && !image_named (&i, "bios-2.10"));
    ck_assert (!image_named (&i, "bio"));
    image_clear (&i);
    image_clear (&copy);
}
END_TEST

START_TEST (fitting)
{
    static const struct { const char *match, *vendor, *model, *key; bool fits; } table[] = {
        { "\"model\":\"R7*\"", "ACME Inc.", "r750", NULL, true },
        { "\"model\":\"R7*\"", "ACME Inc.", "R650", NULL, false },
        { "\"model\":\"R7*\"", "ACME Inc.", NULL, NULL, false },
        { "\"model\":\"*\"", "ACME", NULL, NULL, true },
        { "\"model\":\"*\"", "Other", NULL, NULL, false },
        { "\"model\":\"*\"", NULL, NULL, NULL, false },
        { "\"model\":\"*\",\"vendor\":\"*\"", NULL, NULL, NULL, true },
        { "\"model\":\"*\",\"vendor\":\"Oth*\"", "other ltd", "x", NULL, true },
        { "\"keys\":{\"id\":\"10?\"}", "Acme", "x", "104", true },
        { "\"keys\":{\"id\":\"10?\"}", "Acme", "x", "114", false },
        { "\"keys\":{\"id\":\"*\"}", "Acme", "x", NULL, false },
    };

    for (size_t k = 0; k < COUNT_OF (table); k++) {
        char *text = str_printf (MANIFEST ("\"match\":{%s}"), table[k].match);
        struct component c = { .type = FARRIER_COMPONENT_BIOS };
        const char *why;
        struct image i;

        ck_assert_int_eq (read_image (text, &i, NULL), 0);
        if (table[k].key != NULL) {
            component_add_vendor_key (&c, "id", table[k].key);
        }
        ck_assert_msg (image_fits (&i, &c, table[k].vendor, table[k].model, &why) == table[k].fits,
                       "case %zu", k);
        ck_assert ((why == NULL) == table[k].fits);
        c.type = FARRIER_COMPONENT_UEFI;
        ck_assert (!image_fits (&i, &c, table[k].vendor, table[k].model, NULL));
        component_clear (&c);
        image_clear (&i);
        mem_free (text);
    }
}
END_TEST

int
main (void)
{
    return testing_run ("component",
                        (const TTest *const[]){ type_names, json_and_row_keep_everything,
                                                plugin_mistakes, json_mistakes, manifest, fitting,
                                                NULL });
}
