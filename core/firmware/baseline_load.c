/* baseline_load: baselines from conf.d/baselines, with every mistake told at its line.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdint.h>
#include <string.h>

#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/conf.h"
#include "firmware/baseline.h"
#include "firmware/image.h"

#define PRIORITY_MAX 1000000
#define POLICY_COUNT 5

static const char *const policies[POLICY_COUNT] = { "manual", "latest", "recommended", "security",
                                        "security_only" };

/* NULL stays NULL: nothing to match. */
static char *
read_text (struct conf_at at, const char *key)
{
    const char *text = conf_string (at, key, NULL);

    if (text != NULL && text[0] == '\0') {
        conf_complain (at, key, "%s is empty; leave it out to match anything", key);
        return NULL;
    }
    return str_dup (text);
}

/* { NAME = "glob"; … }: names are free. */
static void
read_pairs (struct conf_at match, const char *key, struct component_pair **pairs, size_t *count)
{
    struct conf_at group = conf_any (match, key);

    if (!conf_is (group)) {
        return;
    }
    if (conf_type_of (group) != CONF_GROUP) {
        conf_complain (match, key, "%s is a %s, but must be a group { NAME = \"glob\"; }", key,
                       conf_type_name (conf_type_of (group)));
        return;
    }
    for (size_t i = 0; i < conf_count (group); i++) {
        struct conf_at value = conf_child (group, i);

        if (conf_value_string (value) == NULL) {
            conf_complain (group, conf_name (value), "%s.%s is a %s, but must be a string", key,
                           conf_name (value), conf_type_name (conf_type_of (value)));
            continue;
        }
        component_pairs_add (pairs, count, conf_name (value), conf_value_string (value));
    }
}

static void
read_match (struct conf_at at, struct baseline_target *t)
{
    size_t type_count;
    const char *const *types = component_type_names (&type_count);
    struct conf_at match;
    int type;

    if (!conf_required (at, "match")) {
        return;
    }
    match = conf_group (at, "match");
    if (!conf_is (match)) {
        return;
    }
    conf_required (match, "type");
    type = conf_enum (match, "type", types, type_count, FARRIER_COMPONENT_OTHER);
    t->type = (enum farrier_component_type) type;
    t->vendor = read_text (match, "vendor");
    t->model = read_text (match, "model");
    t->name = read_text (match, "name");
    t->slot = read_text (match, "slot");
    read_pairs (match, "facts", &t->facts, &t->fact_count);
    read_pairs (match, "keys", &t->keys, &t->key_count);
}

/* Exactly one of version, image and policy; the policy may come from the baseline. */
static void
read_want (struct conf_at at, int default_policy, struct baseline_target *t)
{
    int policy = conf_enum (at, "policy", policies, POLICY_COUNT, -1);
    int given;

    t->version = read_text (at, "version");
    t->image = read_text (at, "image");
    given = (t->version != NULL) + (t->image != NULL) + (policy >= 0);
    if (given > 1) {
        conf_complain (at, NULL, "give one of version, image and policy, not %d of them", given);
        return;
    }
    if (t->version != NULL && !version_present (t->version)) {
        conf_complain (at, "version", "version '%s' is not a version", t->version);
    }
    if (given == 0) {
        policy = default_policy;
    }
    if (given == 0 && policy < 0) {
        conf_complain (at, NULL, "this target wants nothing: give version, image or policy");
    } else if (policy > 1 && given == 1) {
        conf_complain (at, "policy", "policy '%s' needs a catalog, and there is none: "
                       "use 'latest', 'manual', or version", policies[policy]);
    }
    t->want = t->version != NULL ? BASELINE_VERSION
              : t->image != NULL ? BASELINE_IMAGE
              : policy == 1      ? BASELINE_LATEST
                                 : BASELINE_MANUAL;
}

static void
read_limits (struct conf_at at, struct baseline_target *t)
{
    struct vec blocks = { 0 };

    t->allow_downgrade = conf_bool (at, "allow_downgrade", false);
    t->pin = conf_bool (at, "pin", false);
    t->floor = read_text (at, "floor");
    conf_strings (at, "block", &blocks);
    t->blocks = mem_array (blocks.count + 1, sizeof (*t->blocks));
    for (size_t i = 0; i < blocks.count; i++) {
        t->blocks[t->block_count++] = str_dup (blocks.items[i]);
    }
    vec_free (&blocks);
    if (t->pin && (t->want == BASELINE_LATEST || t->want == BASELINE_MANUAL)) {
        conf_complain (at, "pin", "pin needs a version or an image to stay at");
    }
    if (t->version != NULL && t->floor != NULL &&
        version_compare (t->version, t->floor) == VERSION_LESS) {
        conf_complain (at, "floor", "version %s is below the floor %s of the same target",
                       t->version, t->floor);
    }
    if (t->version != NULL && baseline_target_blocks (t, NULL, t->version)) {
        conf_complain (at, "block", "version %s is wanted and forbidden by the same target",
                       t->version);
    }
}

static void
read_targets (struct conf_at at, struct baseline *b)
{
    struct conf_at list;
    int policy = conf_enum (at, "policy", policies, POLICY_COUNT, -1);

    if (policy > 1) {
        conf_complain (at, "policy", "policy '%s' needs a catalog, and there is none: "
                       "use 'latest' or 'manual'", policies[policy]);
    }
    if (!conf_required (at, "targets")) {
        return;
    }
    list = conf_groups (at, "targets");
    b->targets = mem_array (conf_count (list) + 1, sizeof (*b->targets));
    for (size_t i = 0; i < conf_count (list); i++) {
        struct conf_at target = conf_child (list, i);
        struct baseline_target *t = &b->targets[b->target_count++];

        t->line = (unsigned) conf_line (target);
        read_match (target, t);
        read_want (target, policy, t);
        read_limits (target, t);
        t->priority = (int) conf_i64 (target, "priority", -PRIORITY_MAX, PRIORITY_MAX,
                                      b->priority);
    }
    if (b->target_count == 0 && conf_is (list)) {
        conf_complain (at, "targets", "targets is empty: this baseline wants nothing");
    }
}

static struct baseline *
read_baseline (struct conf *c)
{
    struct baseline *b = mem_alloc (sizeof (*b));
    struct conf_at at;

    conf_required (conf_root (c), "baseline");
    at = conf_group (conf_root (c), "baseline");
    if (!conf_is (at)) {
        return b;
    }
    b->file = str_dup (conf_file (at));
    b->line = (unsigned) conf_line (at);
    conf_required (at, "name");
    b->name = str_dup (conf_string (at, "name", "?"));
    if (!str_eq (b->name, "?") && !image_valid_name (b->name)) {
        conf_complain (at, "name", "name '%s' may hold letters, digits, '.', '_', '+' and '-' only",
                       b->name);
    }
    b->summary = str_dup (conf_string (at, "summary", ""));
    b->selector = str_dup (conf_string (at, "selector", ""));
    b->priority = (int) conf_i64 (at, "priority", -PRIORITY_MAX, PRIORITY_MAX, 0);
    read_targets (at, b);
    return b;
}

static int32_t
finish (struct conf *c, struct baseline **ret, struct err *err)
{
    struct baseline *b = read_baseline (c);
    int32_t rc;

    conf_finish_all (c);
    rc = conf_result (c, err);
    conf_free (c);
    if (rc != 0) {
        baseline_free (b);
        return rc;
    }
    *ret = b;
    return 0;
}

int32_t
baseline_load (const char *path, struct baseline **ret, struct vec *findings, struct err *err)
{
    struct conf *c;
    int32_t rc = conf_load (path, findings, &c, err);

    return rc != 0 ? rc : finish (c, ret, err);
}

int32_t
baseline_load_text (const char *text, size_t len, const char *name, struct baseline **ret,
                    struct vec *findings, struct err *err)
{
    struct conf *c;
    int32_t rc = conf_load_text (text, len, name, findings, &c, err);

    return rc != 0 ? rc : finish (c, ret, err);
}

static void
push_finding (struct vec *findings, const struct baseline *b, const struct baseline *first)
{
    struct conf_finding *f;

    if (findings == NULL) {
        return;
    }
    f = mem_alloc (sizeof (*f));
    f->file = str_dup (b->file);
    f->line = (int) b->line;
    f->message = str_printf ("baseline '%s' is already defined at %s:%u", b->name, first->file,
                             first->line);
    vec_push (findings, f);
}

/* Takes b over. */
static int32_t
add_baseline (struct vec *all, struct baseline *b, struct vec *findings, struct err *err)
{
    const struct baseline *first = baseline_find (all, b->name);
    int32_t rc;

    if (first == NULL) {
        vec_push (all, b);
        return 0;
    }
    push_finding (findings, b, first);
    rc = err_set (err, ERR_SYNTAX, "%s:%u: baseline '%s' is already defined at %s:%u", b->file,
                  b->line, b->name, first->file, first->line);
    baseline_free (b);
    return rc;
}

int32_t
baseline_load_dir (const char *dir, struct vec *ret, struct vec *findings, struct err *err)
{
    struct vec paths = { 0 };
    int32_t first = 0, rc = fs_list (dir, ".conf", &paths, err);

    for (size_t i = 0; rc == 0 && i < paths.count; i++) {
        struct baseline *b = NULL;
        struct err *to = first == 0 ? err : NULL;
        int32_t one = baseline_load (paths.items[i], &b, findings, to);

        if (one == 0) {
            one = add_baseline (ret, b, findings, to);
        }
        first = first == 0 ? one : first;
    }
    vec_free_with (&paths, mem_free);
    return rc != 0 ? rc : first;
}
