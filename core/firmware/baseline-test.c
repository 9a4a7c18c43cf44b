/* Tests of baseline.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "firmware/baseline.h"

#include <string.h>

#include "base/json.h"
#include "base/testing.h"
#include "conf/conf.h"

static const char good[] =
    "baseline = {\n"
    "  name = \"2026-q4\";\n"
    "  summary = \"All racks\";\n"
    "  selector = \"rack=r12\";\n"
    "  priority = 3;\n"
    "  policy = \"latest\";\n"
    "  targets = (\n"
    "    { match = { type = \"bios\"; vendor = \"Dell*\"; model = \"*R750*\"; };\n"
    "      version = \"2.1.0\"; allow_downgrade = true; pin = true; floor = \"1.9\";\n"
    "      block = [\"1.9.9\", \"2.0\"]; priority = 7; },\n"
    "    { match = { type = \"nic\"; name = \"Intel*\"; slot = \"1\";\n"
    "                keys = { SoftwareId = \"10?\"; }; facts = { site = \"fra*\"; }; };\n"
    "      image = \"sha256:0123456789\"; },\n"
    "    { match = { type = \"psu\"; }; },\n"
    "    { match = { type = \"bmc\"; }; policy = \"manual\"; }\n"
    "  );\n"
    "};\n";

START_TEST (reads_everything)
{
    struct baseline *b;
    struct vec findings = { 0 };
    struct err err = { 0 };
    const struct baseline_target *t;
    int32_t rc = baseline_load_text (good, strlen (good), "x.conf", &b, &findings, &err);

    ck_assert_msg (rc == 0, "%s", err.message);
    ck_assert_uint_eq (findings.count, 0);
    ck_assert_str_eq (b->name, "2026-q4");
    ck_assert_str_eq (b->selector, "rack=r12");
    ck_assert_str_eq (b->file, "x.conf");
    ck_assert_uint_eq (b->target_count, 4);
    t = &b->targets[0];
    ck_assert_uint_eq (t->type, FARRIER_COMPONENT_BIOS);
    ck_assert_int_eq (t->want, BASELINE_VERSION);
    ck_assert_uint_eq (t->line, 8);
    ck_assert (t->allow_downgrade && t->pin && t->priority == 7 && t->block_count == 2);
    ck_assert_str_eq (t->floor, "1.9");
    ck_assert (baseline_target_blocks (t, NULL, "v2.0"));
    ck_assert (baseline_target_blocks (t, NULL, "1.9.9"));
    ck_assert (!baseline_target_blocks (t, NULL, "2.1"));
    testing_string (baseline_target_text (t), "version 2.1.0");
    t = &b->targets[1];
    ck_assert_int_eq (t->want, BASELINE_IMAGE);
    ck_assert (t->key_count == 1 && t->fact_count == 1 && t->priority == 3 && !t->pin);
    testing_string (baseline_target_text (t), "image sha256:0123456789");
    ck_assert_int_eq (b->targets[2].want, BASELINE_LATEST);
    ck_assert_int_eq (b->targets[3].want, BASELINE_MANUAL);
    baseline_free (b);
}
END_TEST

START_TEST (matches)
{
    struct baseline *b;
    struct component c = { .type = FARRIER_COMPONENT_NIC, .name = (char *) "Intel X710",
                           .slot = (char *) "1" };
    struct component_pair fact = { (char *) "site", (char *) "fra1" };
    const struct baseline_target *t;

    ck_assert_int_eq (baseline_load_text (good, strlen (good), "x", &b, NULL, NULL), 0);
    t = &b->targets[1];
    ck_assert (!baseline_target_matches (t, &c, NULL, NULL, &fact, 1));
    component_add_vendor_key (&c, "softwareid", "104");
    ck_assert (baseline_target_matches (t, &c, NULL, NULL, &fact, 1));
    ck_assert (!baseline_target_matches (t, &c, NULL, NULL, &fact, 0));
    fact.value = (char *) "ber1";
    ck_assert (!baseline_target_matches (t, &c, NULL, NULL, &fact, 1));
    fact.value = (char *) "fra1";
    c.slot = (char *) "2";
    ck_assert (!baseline_target_matches (t, &c, NULL, NULL, &fact, 1));
    component_pairs_free (c.vendor_keys, c.vendor_key_count);
    c = (struct component){ .type = FARRIER_COMPONENT_BIOS };
    t = &b->targets[0];
    ck_assert (baseline_target_matches (t, &c, "DELL Inc.", "PowerEdge R750", NULL, 0));
    ck_assert (!baseline_target_matches (t, &c, "DELL Inc.", "PowerEdge R650", NULL, 0));
    ck_assert (!baseline_target_matches (t, &c, NULL, "PowerEdge R750", NULL, 0));
    baseline_free (b);
}
END_TEST

#define HEAD "baseline = { name = \"b\";\n targets = ( {\n"
#define TAIL "} ); };\n"
#define BIOS "match = { type = \"bios\"; };\n"

START_TEST (every_mistake_has_its_line)
{
    static const struct { const char *text; int line; const char *says; } table[] = {
        { HEAD BIOS "version = \"1\"; image = \"x\";" TAIL, 2, "one of" },
        { HEAD BIOS TAIL, 2, "wants nothing" },
        { HEAD BIOS "policy = \"recommended\";" TAIL, 4, "needs a catalog" },
        { HEAD BIOS "policy = \"security_only\";" TAIL, 4, "needs a catalog" },
        { HEAD BIOS "policy = \"newest\";" TAIL, 4, "newest" },
        { HEAD BIOS "version = \"N/A\";" TAIL, 4, "not a version" },
        { HEAD BIOS "version = \"\";" TAIL, 4, "empty" },
        { HEAD BIOS "version = \"1\"; verison = \"2\";" TAIL, 4, "verison" },
        { HEAD BIOS "version = \"1.0\"; floor = \"1.1\";" TAIL, 4, "below the floor" },
        { HEAD BIOS "version = \"1.0\"; block = [\"1.0\"];" TAIL, 4, "forbidden" },
        { HEAD BIOS "policy = \"latest\"; pin = true;" TAIL, 4, "pin" },
        { HEAD BIOS "version = 1;" TAIL, 4, "version" },
        { HEAD "version = \"1\";" TAIL, 2, "match" },
        { HEAD "match = { type = \"bois\"; }; version = \"1\";" TAIL, 3, "bois" },
        { HEAD "match = { model = \"x\"; }; version = \"1\";" TAIL, 3, "type" },
        { HEAD "match = { type = \"nic\"; keys = \"x\"; }; version = \"1\";" TAIL, 3, "keys" },
        { HEAD "match = { type = \"nic\"; keys = { a = 1; }; }; version = \"1\";" TAIL, 3,
          "keys.a" },
        { "baseline = { name = \"a b\"; targets = ({" BIOS "version = \"1\";" TAIL, 1, "a b" },
        { "baseline = { targets = ({" BIOS "version = \"1\";" TAIL, 1, "name" },
        { "baseline = { name = \"b\"; };", 1, "targets" },
        { "baseline = { name = \"b\"; targets = (); };", 1, "empty" },
        { "basline = { name = \"b\"; };", 1, "baseline" },
        { "baseline = { name = \"b\"; policy = \"security\"; targets = ({" BIOS TAIL, 1,
          "catalog" },
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        struct vec findings = { 0 };
        struct baseline *b = NULL;
        struct err err = { 0 };
        const struct conf_finding *f;
        bool said = false;

        ck_assert_msg (baseline_load_text (table[i].text, strlen (table[i].text), "f.conf", &b,
                                           &findings, &err) == ERR_SYNTAX, "case %zu", i);
        ck_assert_ptr_null (b);
        ck_assert_uint_gt (findings.count, 0);
        for (size_t k = 0; k < findings.count; k++) {
            f = findings.items[k];
            said = said || (strstr (f->message, table[i].says) != NULL && f->line == table[i].line);
        }
        f = findings.items[0];
        ck_assert_msg (said, "case %zu: line %d: %s", i, f->line, f->message);
        ck_assert_msg (strstr (err.message, "f.conf:") != NULL, "%s", err.message);
        conf_findings_free (&findings);
    }
}
END_TEST

static void
write_file (const char *dir, const char *name, const char *text)
{
    char *path = fs_join (dir, name);

    ck_assert_int_eq (fs_write_atomic (path, text, strlen (text), 0600, NULL), 0);
    mem_free (path);
}

START_TEST (a_folder)
{
    char *dir = testing_make_dir ();
    struct vec all = { 0 }, findings = { 0 };
    struct err err = { 0 };
    const struct conf_finding *f;

    write_file (dir, "1.conf", HEAD BIOS "version = \"1\";" TAIL);
    write_file (dir, "2.conf", "baseline = {");
    write_file (dir, "3.conf", HEAD BIOS "version = \"3\";" TAIL);
    write_file (dir, "4.conf", good);
    write_file (dir, "note.txt", "not one");
    ck_assert_int_eq (baseline_load_dir (dir, &all, &findings, &err), ERR_SYNTAX);
    ck_assert_uint_eq (all.count, 2);
    ck_assert_ptr_nonnull (baseline_find (&all, "2026-q4"));
    ck_assert_ptr_nonnull (baseline_find (&all, "b"));
    ck_assert_ptr_null (baseline_find (&all, "c"));
    ck_assert_uint_eq (findings.count, 2);
    ck_assert_ptr_nonnull (strstr (err.message, "2.conf"));
    f = findings.items[1];
    ck_assert_ptr_nonnull (strstr (f->file, "3.conf"));
    ck_assert_ptr_nonnull (strstr (f->message, "1.conf:1"));
    vec_free_with (&all, (void (*) (void *)) baseline_free);
    conf_findings_free (&findings);
    testing_remove_dir (dir);
    all = (struct vec){ 0 };
    ck_assert_int_eq (baseline_load_dir ("/nonexistent/baselines", &all, NULL, NULL), 0);
    ck_assert_uint_eq (all.count, 0);
}
END_TEST

int
main (void)
{
    return testing_run ("baseline",
                        (const TTest *const[]){ reads_everything, matches,
                                                every_mistake_has_its_line, a_folder, NULL });
}
