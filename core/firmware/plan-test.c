/* Tests of plan.h, and of the batches that the planner makes.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "firmware/plan.h"

#include <string.h>

#include "base/json.h"
#include "base/testing.h"
#include "firmware/planner_private.h"

#define S(text) ((char *) (uintptr_t) (text))

/* "b10x": kind (n none, b BMC reset, h host reset, o off before, a AC cycle), rank, x = exclusive,
 * ! = applies at once. */
static struct plan_step
parse_step (const char *text, size_t number)
{
    struct plan_step s = { .component = str_printf ("c%zu", number) };

    s.reboot = text[0] == 'b'   ? FARRIER_REBOOT_BMC_RESET
               : text[0] == 'h' ? FARRIER_REBOOT_HOST_RESET
               : text[0] == 'o' ? FARRIER_REBOOT_HOST_OFF_BEFORE
               : text[0] == 'a' ? FARRIER_REBOOT_AC_CYCLE
                                : FARRIER_REBOOT_NONE;
    s.order_rank = (int32_t) strtol (text + 1, NULL, 10);
    s.exclusive = strchr (text, 'x') != NULL;
    s.applies_at_once = strchr (text, '!') != NULL;
    return s;
}

/* "c0 | c1 c2*": batches apart, * = activated now. Frees them. */
static char *
draw (struct plan_batch *batches, size_t count)
{
    struct buf b = { 0 };

    for (size_t i = 0; i < count; i++) {
        buf_puts (&b, i == 0 ? "" : " | ");
        for (size_t s = 0; s < batches[i].step_count; s++) {
            buf_printf (&b, "%s%s", s == 0 ? "" : " ", batches[i].steps[s].component);
            mem_free (batches[i].steps[s].component);
        }
        buf_puts (&b, batches[i].activate_now ? "*" : "");
        buf_puts (&b, batches[i].verify_now ? "" : "-");
        mem_free (batches[i].steps);
    }
    mem_free (batches);
    buf_puts (&b, "");
    return buf_steal (&b);
}

START_TEST (batches)
{
    static const struct { const char *steps, *drawn; bool defer; } table[] = {
        { "", "", false },
        { "h100", "c0*", false },
        { "h100", "c0-", true },
        { "n100", "c0", false },
        { "n100", "c0", true },
        { "h100 b10x h100", "c1* | c0 c2*", false },
        { "h100 b10x h100", "c1* | c0 c2-", true },
        { "b10 b10", "c0 c1*", false },
        { "b10x b10x", "c0* | c1*", false },
        { "b10! h100", "c0 | c1*", false },
        { "b10! b10", "c0 c1*", false },
        { "h100 n100 h100", "c1 c0 c2*", false },
        { "h100 h150 h200", "c0 c1 c2*", false },            /* ranks differ, one reboot */
        { "h100 b150 h200", "c0* | c1* | c2*", false },      /* the rank is kept */
        { "h100 b100 h100", "c1* | c0 c2*", false },
        { "h50 b100 h100", "c0 c2* | c1*", false },          /* joins the batch before */
        { "h100 b100 b200", "c0* | c1 c2*", false },         /* joins the batch after */
        { "h100 b100 h200", "c1* | c0 c2*", false },
        { "h50 a100x h100", "c0 c2* | c1*", false },
        { "h100 a200", "c0 c1*", false },                    /* an AC cycle is a reboot too */
        { "o100 h100", "c1 c0*", false },                    /* the host goes off last */
        { "o100 h200", "c0* | c1*", false },
        { "o100 o200", "c0 c1*", false },
        { "b10x h100 a200x", "c0* | c1* | c2*", false },
        { "b10x h100 b200", "c0* | c1* | c2*", true },
        { "n10 b20 h30", "c0 c1* | c2*", false },
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        size_t count = 0, batch_count;
        char **words = str_split (table[i].steps, ' ', &count), *drawn;
        struct plan_step *steps = mem_array (count + 1, sizeof (*steps));
        struct plan_batch *made;
        size_t used = 0;

        for (size_t k = 0; k < count; k++) {
            if (words[k][0] != '\0') {
                steps[used++] = parse_step (words[k], k);
            }
        }
        planner_make_batches (steps, used, table[i].defer, &made, &batch_count);
        drawn = draw (made, batch_count);
        ck_assert_msg (str_eq (drawn, table[i].drawn), "'%s' gives '%s'", table[i].steps, drawn);
        mem_free (drawn);
        str_free_all (words, count);
    }
}
END_TEST

/* ---- whole plans ---- */

struct fleet {
    struct planner_host *hosts;
    size_t count;
    struct component *components;          /* four a host */
    struct image images[4];
    const struct image *image_pointers[4];
    struct baseline_target targets[4];
    struct baseline baseline;
    const struct baseline *baselines[1];
    struct plan_guard identity;
    struct planner_input in;
};

static const char *const shas[] = {
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
    "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
};

static void
fleet_host (struct fleet *f, size_t i)
{
    static const enum farrier_component_type types[] = { FARRIER_COMPONENT_NIC,
                                                         FARRIER_COMPONENT_BIOS,
                                                         FARRIER_COMPONENT_BMC,
                                                         FARRIER_COMPONENT_GPU };
    static const char *const keys[] = { "nic", "bios", "bmc", "gpu" };
    struct component *c = &f->components[i * 4];

    for (size_t k = 0; k < 4; k++) {
        c[k] = (struct component){ .type = types[k], .key = S (keys[k]), .name = S (keys[k]),
                                   .uri = S ("/u"), .version = S (i % 3 == 0 ? "2.0" : "1.0"),
                                   .updateable = 1 };
    }
    f->hosts[i] = (struct planner_host){ .id = str_printf ("host-%zu", i),
                                         .name = str_printf ("n%zu", i), .vendor = "Acme",
                                         .model = "M", .components = c, .component_count = 4,
                                         .identity = &f->identity, .identity_count = 1 };
}

static struct fleet *
fleet_new (size_t count)
{
    struct fleet *f = mem_alloc (sizeof (*f));

    f->identity = (struct plan_guard){ S ("/redfish/v1/Systems/1"), S ("/UUID"), S ("u") };
    f->count = count;
    f->hosts = mem_array (count + 1, sizeof (*f->hosts));
    f->components = mem_array (count * 4 + 1, sizeof (*f->components));
    for (size_t i = 0; i < count; i++) {
        fleet_host (f, i);
    }
    for (size_t i = 0; i < 3; i++) {       /* none for the GPU */
        enum farrier_component_type type = i == 0   ? FARRIER_COMPONENT_NIC
                                           : i == 1 ? FARRIER_COMPONENT_BIOS
                                                    : FARRIER_COMPONENT_BMC;

        f->images[i] = (struct image){ .sha256 = S (shas[i]), .name = S ("fw"), .type = type,
                                       .filename = S ("fw.bin"), .vendor = S ("acme"),
                                       .version = S ("2.0"), .match_model = S ("*"),
                                       .size_bytes = 10 };
        f->image_pointers[i] = &f->images[i];
        f->targets[i] = (struct baseline_target){ .type = type, .version = S ("2.0"), .line = 7 };
    }
    f->baseline = (struct baseline){ .name = S ("q4"), .file = S ("q4.conf"),
                                     .targets = f->targets, .target_count = 3 };
    f->baselines[0] = &f->baseline;
    f->in = (struct planner_input){ .hosts = f->hosts, .host_count = count,
                                    .baselines = f->baselines, .baseline_count = 1,
                                    .images = f->image_pointers, .image_count = 3,
                                    .selector = "all" };
    return f;
}

static void
fleet_free (struct fleet *f)
{
    for (size_t i = 0; i < f->count; i++) {
        mem_free ((char *) (uintptr_t) f->hosts[i].id);
        mem_free ((char *) (uintptr_t) f->hosts[i].name);
    }
    mem_free (f->hosts);
    mem_free (f->components);
    mem_free (f);
}

static struct plan *
make (const struct fleet *f)
{
    struct plan *p;
    struct err err;
    int32_t rc = planner_make (&f->in, &p, &err);

    ck_assert_msg (rc == 0, "%s", err.message);
    return p;
}

START_TEST (nothing_to_plan)
{
    struct fleet *f = fleet_new (0);
    struct plan *p = make (f);
    struct plan_totals t;

    plan_totals (p, &t);
    ck_assert (p->host_count == 0 && t.steps == 0 && strlen (p->digest) == 64);
    plan_free (p);
    fleet_free (f);
}
END_TEST

START_TEST (big_and_the_same_in_any_order)
{
    struct fleet *f = fleet_new (2000);
    struct plan *a = make (f), *b;
    struct plan_totals t;

    plan_totals (a, &t);
    ck_assert (t.hosts == 2000 && t.hosts_noop == 667 && t.hosts_to_change == 1333);
    ck_assert (t.steps == 1333 * 3 && t.batches == 1333 * 2 && t.bmc_resets == 1333);
    ck_assert (t.host_reboots == 1333 && t.upload_bytes == 1333 * 30);
    for (size_t i = 0; i < f->count / 2; i++) {
        struct planner_host other = f->hosts[i];

        f->hosts[i] = f->hosts[f->count - 1 - i];
        f->hosts[f->count - 1 - i] = other;
    }
    f->image_pointers[0] = &f->images[2];
    f->image_pointers[2] = &f->images[0];
    b = make (f);
    ck_assert_str_eq (a->digest, b->digest);
    ck_assert_str_eq (a->hosts[10].name, "n10");
    plan_free (b);
    f->images[1].sha256 = S (shas[3]);
    b = make (f);
    ck_assert_str_ne (a->digest, b->digest);
    plan_free (a);
    plan_free (b);
    fleet_free (f);
}
END_TEST

START_TEST (document_and_back)
{
    struct fleet *f = fleet_new (4);
    struct plan *p, *back = NULL;
    json_t *document, *again;
    struct err err;
    char *text;

    f->hosts[2].blocked = "locked";
    p = make (f);
    document = plan_to_json (p);
    text = json_text (document);
    json_decref (document);
    document = json_parse (text, strlen (text), NULL);
    ck_assert_int_eq (plan_from_json (document, &back, &err), 0);
    again = plan_to_json (back);
    ck_assert (json_equal (document, again));
    json_decref (again);
    plan_free (back);

    back = NULL;
    json_put_str (json_at (document, "/hosts/1/batches/0/steps/0"), "to", "6.6");
    ck_assert_int_eq (plan_from_json (document, &back, &err), FARRIER_E_INVALID);
    ck_assert_ptr_null (back);
    ck_assert_ptr_nonnull (strstr (err.message, "altered"));
    json_put_int (document, "format", 2);
    ck_assert_int_eq (plan_from_json (document, &back, &err), FARRIER_E_INVALID);
    json_decref (document);
    mem_free (text);
    plan_free (p);
    fleet_free (f);
}
END_TEST

/* What the workflow's expressions reach for. */
START_TEST (job_context)
{
    static const struct { const char *pointer, *value; } table[] = {
        { "/host", "n1" }, { "/status", "update" },
        { "/batches/0/reboot", "bmc_reset" }, { "/batches/0/steps/0/component", "bmc" },
        { "/batches/1/reboot", "host_reset" }, { "/batches/1/steps/0/component", "bios" },
        { "/batches/1/steps/1/component", "nic" },
        { "/batches/1/steps/1/image",
          "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
        { "/batches/1/steps/1/preconditions/from_version", "1.0" },
        { "/batches/1/steps/1/preconditions/pointer", "/Version" },
        { "/batches/1/steps/1/preconditions/uri", "/u" },
        { "/identity/0/pointer", "/UUID" }, { "/skips/0/code", "not_matched" },
    };
    struct fleet *f = fleet_new (2);
    struct plan *p = make (f);
    json_t *o = plan_host_to_json (p, plan_find_host (p, "host-1"));

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        ck_assert_msg (str_eq (json_str (o, table[i].pointer), table[i].value), "%s is %s",
                       table[i].pointer, json_str (o, table[i].pointer));
    }
    ck_assert_str_eq (json_str (o, "/digest"), p->digest);
    ck_assert (json_bool_or (o, "/batches/0/activate_now", false));
    ck_assert (!json_bool_or (o, "/batches/1/steps/0/rollback_ready", true));
    ck_assert (json_is_null (json_at (o, "/batches/1/steps/0/preconditions/pending")));
    json_decref (o);
    o = plan_host_to_json (p, plan_find_host (p, "n0"));
    ck_assert_str_eq (json_str (o, "/status"), "noop");
    ck_assert_uint_eq (json_array_size (json_at (o, "/batches")), 0);
    json_decref (o);
    plan_free (p);
    fleet_free (f);
}
END_TEST

START_TEST (explanations)
{
    struct fleet *f = fleet_new (2);
    struct plan *p = make (f);
    struct vec lines = { 0 };
    struct err err;
    const struct plan_line *line;

    ck_assert_int_eq (plan_explain (p, "n7", &lines, &err), ERR_NOT_FOUND);
    ck_assert_ptr_nonnull (strstr (err.message, "n7"));
    ck_assert_int_eq (plan_explain (p, "n1", &lines, &err), 0);
    ck_assert_uint_eq (lines.count, 4);
    line = lines.items[0];
    ck_assert (line->batch == 1 && line->step == 1 && line->type == FARRIER_COMPONENT_BMC);
    ck_assert_ptr_nonnull (strstr (line->text, "q4.conf:7"));
    ck_assert_ptr_nonnull (strstr (line->text, "bmc_reset"));
    line = lines.items[2];
    ck_assert (line->batch == 2 && line->step == 2);
    line = lines.items[3];
    ck_assert (line->batch == 0 && line->to == NULL);
    ck_assert_str_eq (line->decision, "noop");
    vec_free_with (&lines, (void (*) (void *)) plan_line_free);
    plan_free (p);
    fleet_free (f);
}
END_TEST

START_TEST (differences)
{
    struct fleet *f = fleet_new (3);
    struct plan *a = make (f), *b;
    json_t *d = plan_diff (a, a);

    ck_assert_uint_eq (json_array_size (d), 0);
    json_decref (d);
    f->components[4].version = S ("2.0");          /* the NIC of n1 is there already */
    f->images[1].sha256 = S (shas[3]);             /* another BIOS image */
    f->in.host_count = 2;                          /* n2 is gone */
    b = make (f);
    d = plan_diff (a, b);
    ck_assert_uint_eq (json_array_size (d), 5);
    ck_assert_str_eq (json_str (d, "/0/component"), "bios");
    ck_assert_str_eq (json_str (d, "/0/change"), "changed");
    ck_assert_ptr_nonnull (strstr (json_str (d, "/0/text"), shas[3]));
    ck_assert_str_eq (json_str (d, "/1/component"), "nic");
    ck_assert_str_eq (json_str (d, "/1/change"), "removed");
    ck_assert (json_is_null (json_at (d, "/1/after")));
    ck_assert_str_eq (json_str (d, "/2/host"), "n2");
    json_decref (d);
    d = plan_diff (b, a);
    ck_assert_str_eq (json_str (d, "/1/change"), "added");
    ck_assert_str_eq (json_str (d, "/4/host"), "n2");
    json_decref (d);
    plan_free (a);
    plan_free (b);
    fleet_free (f);
}
END_TEST

int
main (void)
{
    return testing_run ("plan", (const TTest *const[]){ batches, nothing_to_plan,
                                                        big_and_the_same_in_any_order,
                                                        document_and_back, job_context,
                                                        explanations, differences, NULL });
}
