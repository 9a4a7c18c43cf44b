/* Tests of planner.h: what is decided about a component, and what a host's plan looks like.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "firmware/planner.h"

#include <string.h>
#include <time.h>

#include "base/testing.h"

#define S(text) ((char *) (uintptr_t) (text))

static struct plan_guard serial = { S ("/redfish/v1/Systems/1"), S ("/SerialNumber"), S ("SN1") };

static struct baseline_target
target (enum farrier_component_type type, const char *version)
{
    return (struct baseline_target){ .type = type, .want = BASELINE_VERSION, .version = S (version),
                                     .line = 10 };
}

static struct image
an_image (enum farrier_component_type type, const char *version, const char *sha256)
{
    return (struct image){ .type = type, .version = S (version), .sha256 = S (sha256),
                           .name = S ("fw"), .filename = S ("fw.bin"), .vendor = S ("acme"),
                           .match_model = S ("*"), .size_bytes = 100 };
}

static const char sha_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char sha_b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
static const char sha_c[] = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

/* One host "n1" of Acme, one baseline "b" with one target, some images. */
static struct plan *
plan_single (struct component *c, struct baseline_target *t, struct image *images, size_t count,
             struct planner_input *more)
{
    struct planner_host host = { .id = "host-1", .name = "n1", .vendor = "Acme", .model = "M1",
                                 .components = c, .component_count = 1, .identity = &serial,
                                 .identity_count = 1 };
    struct baseline b = { .name = S ("b"), .file = S ("b.conf"), .targets = t, .target_count = 1 };
    const struct baseline *baselines[] = { &b };
    const struct image *pointers[8];
    struct planner_input in = *more;
    struct plan *p;

    for (size_t i = 0; i < count; i++) {
        pointers[i] = &images[i];
    }
    in.hosts = &host;
    in.host_count = 1;
    in.baselines = baselines;
    in.baseline_count = 1;
    in.images = pointers;
    in.image_count = count;
    ck_assert_int_eq (planner_make (&in, &p, NULL), 0);
    return p;
}

/* The images are: the wanted one, an old one, and one for another model. */
static const struct decision {
    const char *version, *pending, *status;
    int updateable;
    enum baseline_want want;
    const char *wanted, *floor, *block;
    bool allow_downgrade, pin;
    const char *decision, *code;
} decision_table[] = {
    { "2.0", NULL, NULL, 1, BASELINE_VERSION, "2.1", NULL, NULL, 0, 0, "install", NULL },
    { "2.1", NULL, NULL, 1, BASELINE_VERSION, "2.1", NULL, NULL, 0, 0, "noop", "at_version" },
    { "v2.1", NULL, NULL, 0, BASELINE_VERSION, "2.1", NULL, NULL, 0, 0, "noop", "at_version" },
    { "2.2", NULL, NULL, 1, BASELINE_VERSION, "2.1", NULL, NULL, 0, 0, "noop", "newer" },
    { "2.2", NULL, NULL, 1, BASELINE_VERSION, "2.1", NULL, NULL, 1, 0, "install", NULL },
    { "2.2", NULL, NULL, 1, BASELINE_VERSION, "2.1", NULL, NULL, 0, 1, "no_solution",
      "downgrade" },
    { "2.2", NULL, NULL, 1, BASELINE_VERSION, "2.1", NULL, "2.2", 0, 0, "no_solution",
      "blocked_version" },
    { "golden x", NULL, NULL, 1, BASELINE_VERSION, "2.1", NULL, NULL, 0, 0, "no_solution",
      "incomparable" },
    { "golden x", NULL, NULL, 1, BASELINE_VERSION, "2.1", NULL, NULL, 1, 0, "install", NULL },
    { NULL, NULL, NULL, 1, BASELINE_VERSION, "2.1", NULL, NULL, 1, 0, "no_solution",
      "no_version" },
    { "2.0", NULL, "StandbySpare", 1, BASELINE_VERSION, "2.1", NULL, NULL, 0, 0, "noop",
      "standby" },
    { "2.0", "2.1", NULL, 1, BASELINE_VERSION, "2.1", NULL, NULL, 0, 0, "blocked", "pending" },
    { "2.1", "2.0", NULL, 1, BASELINE_VERSION, "2.1", NULL, NULL, 0, 0, "blocked", "pending" },
    { "2.1", "2.1", NULL, 1, BASELINE_VERSION, "2.1", NULL, NULL, 0, 0, "noop", "at_version" },
    { "2.0", NULL, NULL, 0, BASELINE_VERSION, "2.1", NULL, NULL, 0, 0, "no_solution",
      "not_updateable" },
    { "2.0", NULL, NULL, -1, BASELINE_VERSION, "2.1", NULL, NULL, 0, 0, "install", NULL },
    { "2.0", NULL, NULL, 1, BASELINE_VERSION, "2.3", NULL, NULL, 0, 0, "no_solution",
      "no_image" },
    { "2.0", NULL, NULL, 1, BASELINE_VERSION, "3.0", NULL, NULL, 0, 0, "no_solution",
      "no_image" },
    { "2.0", NULL, NULL, 1, BASELINE_IMAGE, "sha256:aaaaaaaa", NULL, NULL, 0, 0, "install",
      NULL },
    { "2.0", NULL, NULL, 1, BASELINE_IMAGE, "fw-2.1", NULL, NULL, 0, 0, "install", NULL },
    { "2.0", NULL, NULL, 1, BASELINE_IMAGE, "fw-3.0", NULL, NULL, 0, 0, "no_solution",
      "no_image" },
    { "2.0", NULL, NULL, 1, BASELINE_IMAGE, "fw", NULL, NULL, 0, 0, "no_solution",
      "ambiguous" },
    { "2.0", NULL, NULL, 1, BASELINE_IMAGE, "fw-2.1", "2.2", NULL, 0, 0, "no_solution",
      "floor" },
    { "2.0", NULL, NULL, 1, BASELINE_IMAGE, "fw-2.1", NULL, "2.1", 0, 0, "no_solution",
      "blocked_version" },
    { "2.2", NULL, NULL, 1, BASELINE_IMAGE, "fw-2.1", NULL, NULL, 0, 0, "noop", "newer" },
    { "2.0", NULL, NULL, 1, BASELINE_LATEST, NULL, NULL, NULL, 0, 0, "install", NULL },
    { "2.0", NULL, NULL, 1, BASELINE_LATEST, NULL, NULL, "2.1", 0, 0, "noop", "at_version" },
    { "2.0", NULL, NULL, 1, BASELINE_LATEST, NULL, "2.5", NULL, 0, 0, "noop", "no_image" },
    { "2.4", NULL, NULL, 1, BASELINE_LATEST, NULL, NULL, NULL, 0, 0, "noop", "newer" },
    { "2.0", NULL, NULL, 1, BASELINE_MANUAL, NULL, NULL, NULL, 0, 0, "noop", "manual" },
};

START_TEST (decisions)
{
    for (size_t i = 0; i < COUNT_OF (decision_table); i++) {
        const struct decision *d = &decision_table[i];
        struct image images[] = { an_image (FARRIER_COMPONENT_BIOS, "2.1", sha_a),
                                  an_image (FARRIER_COMPONENT_BIOS, "2.0", sha_b),
                                  an_image (FARRIER_COMPONENT_BIOS, "3.0", sha_c) };
        struct component c = { .type = FARRIER_COMPONENT_BIOS, .key = S ("bios"),
                               .version = S (d->version), .pending = S (d->pending),
                               .status = S (d->status), .updateable = d->updateable };
        struct baseline_target t = target (FARRIER_COMPONENT_BIOS, d->wanted);
        char *blocks[] = { S (d->block) };
        struct planner_input none = { .hosts = NULL };
        struct vec lines = { 0 };
        const struct plan_line *line;
        struct plan *p;

        images[2].match_model = S ("Other");
        t.want = d->want;
        t.image = t.version;
        t.floor = S (d->floor);
        t.blocks = blocks;
        t.block_count = d->block != NULL;
        t.allow_downgrade = d->allow_downgrade;
        t.pin = d->pin;
        p = plan_single (&c, &t, images, COUNT_OF (images), &none);
        ck_assert_int_eq (plan_explain (p, "n1", &lines, NULL), 0);
        ck_assert_uint_eq (lines.count, 1);
        line = lines.items[0];
        ck_assert_msg (str_eq (line->decision, d->decision), "case %zu: %s: %s", i,
                       line->decision, line->text);
        if (d->code != NULL) {
            ck_assert_msg (str_eq (p->hosts[0].skips[0].code, d->code), "case %zu: %s: %s",
                           i, p->hosts[0].skips[0].code, line->text);
        } else {
            ck_assert_str_eq (line->to, "2.1");
            ck_assert_str_eq (p->hosts[0].batches[0].steps[0].image_sha256, sha_a);
        }
        vec_free_with (&lines, (void (*) (void *)) plan_line_free);
        plan_free (p);
    }
}
END_TEST

START_TEST (specific_image_wins)
{
    struct image images[] = { an_image (FARRIER_COMPONENT_BIOS, "2.1", sha_a),
                              an_image (FARRIER_COMPONENT_BIOS, "2.1", sha_b),
                              an_image (FARRIER_COMPONENT_BIOS, "2.1", sha_c) };
    struct component c = { .type = FARRIER_COMPONENT_BIOS, .key = S ("bios"), .version = S ("1.0"),
                           .updateable = 1 };
    struct baseline_target t = target (FARRIER_COMPONENT_BIOS, "2.1");
    struct planner_input none = { .hosts = NULL };
    struct plan *p = plan_single (&c, &t, images, 3, &none);

    ck_assert_str_eq (p->hosts[0].skips[0].code, "ambiguous");
    plan_free (p);
    images[1].match_model = S ("M?");
    p = plan_single (&c, &t, images, 3, &none);
    ck_assert_str_eq (p->hosts[0].batches[0].steps[0].image_sha256, sha_b);
    plan_free (p);
    t.want = BASELINE_LATEST;
    p = plan_single (&c, &t, images, 3, &none);
    ck_assert_str_eq (p->hosts[0].batches[0].steps[0].image_sha256, sha_b);
    plan_free (p);
    images[1].version = S ("2.1-x");
    p = plan_single (&c, &t, images, 3, &none);
    ck_assert_str_eq (p->hosts[0].skips[0].code, "incomparable");
    plan_free (p);
}
END_TEST

START_TEST (manufacturer_counts_as_vendor)
{
    struct image image = an_image (FARRIER_COMPONENT_BIOS, "2.1", sha_a);
    const struct image *images[] = { &image };
    struct component c = { .type = FARRIER_COMPONENT_BIOS, .key = S ("bios"), .version = S ("1.0"),
                           .updateable = 1 };
    struct baseline_target t = target (FARRIER_COMPONENT_BIOS, "2.1");
    struct baseline b = { .name = S ("b"), .file = S ("b.conf"), .targets = &t, .target_count = 1 };
    const struct baseline *baselines[] = { &b };
    struct component_pair fact = { S ("manufacturer"), S ("Acme Inc.") };
    struct planner_host host = { .id = "1", .name = "n1", .vendor = "generic", .model = "M",
                                 .components = &c, .component_count = 1, .identity = &serial,
                                 .identity_count = 1 };
    struct planner_input in = { .hosts = &host, .host_count = 1, .baselines = baselines,
                                .baseline_count = 1, .images = images, .image_count = 1 };
    struct plan *p;

    t.vendor = S ("generic");
    ck_assert_int_eq (planner_make (&in, &p, NULL), 0);
    ck_assert_str_eq (p->hosts[0].skips[0].code, "no_image");
    ck_assert_ptr_nonnull (strstr (p->hosts[0].skips[0].reason, "another vendor"));
    plan_free (p);
    host.facts = &fact;
    host.fact_count = 1;
    ck_assert_int_eq (planner_make (&in, &p, NULL), 0);
    ck_assert_str_eq (plan_host_status (&p->hosts[0]), "update");
    plan_free (p);
    t.vendor = S ("acme*");
    ck_assert_int_eq (planner_make (&in, &p, NULL), 0);
    ck_assert_str_eq (plan_host_status (&p->hosts[0]), "update");
    plan_free (p);
}
END_TEST

struct teller {
    struct planner_effects effects;
    struct planner_durations durations;
};

static bool
tell_effects (void *ctx, const struct planner_host *h, const struct component *c,
              const struct image *i, struct planner_effects *ret)
{
    (void) h;
    (void) c;
    (void) i;
    *ret = ((struct teller *) ctx)->effects;
    return true;
}

static bool
tell_durations (void *ctx, const struct planner_host *h, const struct component *c,
                const struct image *i, struct planner_durations *ret)
{
    (void) h;
    (void) c;
    (void) i;
    *ret = ((struct teller *) ctx)->durations;
    return ret->p50_ms > 0;
}

static bool
compare_backwards (void *ctx, const struct planner_host *h, const struct component *c,
                   const char *a, const char *b, enum version_order *ret)
{
    (void) ctx;
    (void) h;
    (void) c;
    *ret = version_compare (b, a);
    return true;
}

START_TEST (step_fields)
{
    struct image images[] = { an_image (FARRIER_COMPONENT_BIOS, "2.1", sha_a),
                              an_image (FARRIER_COMPONENT_BIOS, "1.0", sha_b) };
    struct component c = { .type = FARRIER_COMPONENT_BIOS, .key = S ("bios"), .name = S ("BIOS"),
                           .uri = S ("/x"), .version = S ("1.0"), .updateable = 1 };
    struct baseline_target t = target (FARRIER_COMPONENT_BIOS, "2.1");
    struct teller teller = { .effects = { .reboot = FARRIER_REBOOT_HOST_RESET, .order_rank = 100,
                                          .expected_ms = 1000 } };
    struct planner_input more = { .ctx = &teller, .effects = tell_effects,
                                  .durations = tell_durations };
    struct plan *p = plan_single (&c, &t, images, 2, &more);
    struct plan_step *s = &p->hosts[0].batches[0].steps[0];

    ck_assert_str_eq (s->why, "baseline b wants version 2.1 (b.conf:10)");
    ck_assert_str_eq (s->version_pointer, "/Version");
    ck_assert_str_eq (s->from, "1.0");
    ck_assert (s->rollback_ready && s->risk == PLAN_RISK_MEDIUM && !s->downgrade);
    ck_assert_str_eq (s->rollback_image_sha256, sha_b);
    ck_assert (s->p50_ms == 1000 && s->p95_ms == 2000);
    plan_free (p);

    teller.durations = (struct planner_durations){ 7, 9 };
    p = plan_single (&c, &t, images, 1, &more);
    s = &p->hosts[0].batches[0].steps[0];
    ck_assert (!s->rollback_ready && s->risk == PLAN_RISK_HIGH && s->p50_ms == 7 && s->p95_ms == 9);
    plan_free (p);

    teller.effects.can_rollback = true;
    p = plan_single (&c, &t, images, 1, &more);
    s = &p->hosts[0].batches[0].steps[0];
    ck_assert (s->rollback_ready && s->rollback_image_sha256 == NULL);
    plan_free (p);

    t.floor = S ("2.0");
    p = plan_single (&c, &t, images, 2, &more);
    ck_assert (!p->hosts[0].batches[0].steps[0].rollback_ready);
    plan_free (p);
    t.floor = NULL;

    more.compare = compare_backwards;
    p = plan_single (&c, &t, images, 2, &more);
    ck_assert_str_eq (p->hosts[0].skips[0].code, "newer");
    plan_free (p);
}
END_TEST

START_TEST (host_obstacles)
{
    struct image image = an_image (FARRIER_COMPONENT_BIOS, "2.1", sha_a);
    const struct image *images[] = { &image };
    struct component c[] = { { .type = FARRIER_COMPONENT_BIOS, .key = S ("bios"),
                               .version = S ("1.0"), .updateable = 1 },
                             { .type = FARRIER_COMPONENT_NIC, .key = S ("nic"),
                               .version = S ("1.0"), .updateable = 1 } };
    struct baseline_target t = target (FARRIER_COMPONENT_BIOS, "2.1");
    struct baseline b = { .name = S ("b"), .file = S ("b.conf"), .targets = &t, .target_count = 1 };
    const struct baseline *baselines[] = { &b };
    struct planner_host hosts[] = {
        { .id = "1", .name = "locked", .blocked = "a person locked it", .components = c,
          .component_count = 2, .identity = &serial, .identity_count = 1, .vendor = "acme" },
        { .id = "2", .name = "nobody", .components = c, .component_count = 2, .vendor = "acme" },
        { .id = "3", .name = "empty", .identity = &serial, .identity_count = 1 },
        { .id = "4", .name = "other", .components = c + 1, .component_count = 1,
          .identity = &serial, .identity_count = 1 },
    };
    struct planner_input in = { .hosts = hosts, .host_count = 4, .baselines = baselines,
                                .baseline_count = 1, .images = images, .image_count = 1 };
    static const struct { const char *host, *status, *reason; } table[] = {
        { "locked", "blocked", "a person locked it" },
        { "nobody", "blocked", "identity" },
        { "empty", "no_solution", "inventory refresh empty" },
        { "other", "noop", "no target" },
    };
    struct plan_totals totals;
    struct plan *p;
    struct err err;

    ck_assert_int_eq (planner_make (&in, &p, NULL), 0);
    for (size_t i = 0; i < COUNT_OF (table); i++) {
        const struct plan_host *h = plan_find_host (p, table[i].host);

        ck_assert_str_eq (plan_host_status (h), table[i].status);
        ck_assert_msg (strstr (h->reason, table[i].reason) != NULL, "%s", h->reason);
    }
    plan_totals (p, &totals);
    ck_assert (totals.hosts == 4 && totals.hosts_blocked == 2 && totals.hosts_noop == 1);
    ck_assert (totals.hosts_no_solution == 1 && totals.steps == 0 && totals.noops == 3);
    plan_free (p);
    in.baseline_count = 0;
    ck_assert_int_eq (planner_make (&in, &p, NULL), 0);
    ck_assert_str_eq (plan_host_status (&p->hosts[0]), "no_solution");
    plan_free (p);
    hosts[1].name = "locked";
    ck_assert_int_eq (planner_make (&in, &p, &err), FARRIER_E_INVALID);
    ck_assert_ptr_nonnull (strstr (err.message, "'locked' was given twice"));
}
END_TEST

static bool
select_by_name (void *ctx, const struct baseline *b, const struct planner_host *h)
{
    (void) ctx;
    (void) h;
    return !str_eq (b->selector, "none");
}

START_TEST (overlap)
{
    struct component c = { .type = FARRIER_COMPONENT_BIOS, .key = S ("bios.1"),
                           .version = S ("1.0"), .updateable = 1 };
    struct baseline_target targets[] = { target (FARRIER_COMPONENT_BIOS, "1.0"),
                                         target (FARRIER_COMPONENT_BIOS, "2.0") };
    struct baseline a = { .name = S ("a"), .file = S ("a.conf"), .selector = S (""),
                          .targets = &targets[0], .target_count = 1 };
    struct baseline b = { .name = S ("b"), .file = S ("b.conf"), .selector = S (""),
                          .targets = &targets[1], .target_count = 1 };
    const struct baseline *baselines[] = { &a, &b, &a };
    struct planner_host host = { .id = "1", .name = "n1", .components = &c, .component_count = 1,
                                 .identity = &serial, .identity_count = 1 };
    struct planner_input in = { .hosts = &host, .host_count = 1, .baselines = baselines,
                                .baseline_count = 3, .selects = select_by_name };
    struct plan *p = NULL;
    struct err err = { 0 };

    targets[1].line = 33;
    ck_assert_int_eq (planner_make (&in, &p, &err), ERR_SYNTAX);
    ck_assert_ptr_null (p);
    ck_assert_ptr_nonnull (strstr (err.message, "a.conf:10"));
    ck_assert_ptr_nonnull (strstr (err.message, "b.conf:33"));
    ck_assert_ptr_nonnull (strstr (err.message, "bios.1"));
    ck_assert_ptr_nonnull (strstr (err.hint, "priority"));

    targets[0].priority = 1;
    ck_assert_int_eq (planner_make (&in, &p, NULL), 0);
    ck_assert_str_eq (p->hosts[0].skips[0].code, "at_version");
    plan_free (p);
    targets[0].priority = 0;
    b.selector = S ("none");
    ck_assert_int_eq (planner_make (&in, &p, NULL), 0);
    ck_assert_str_eq (p->hosts[0].skips[0].code, "at_version");
    plan_free (p);
}
END_TEST

int
main (void)
{
    return testing_run ("planner", (const TTest *const[]){ decisions, specific_image_wins,
                                                           manufacturer_counts_as_vendor,
                                                           step_fields, host_obstacles, overlap,
                                                           NULL });
}
