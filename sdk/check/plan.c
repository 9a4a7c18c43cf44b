/* plan: see plan.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plan.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "farrier/plugin.h"
#include "fault.h"

static void
add (struct vec *ret, const char *op, const char *what)
{
    vec_push (ret, str_printf ("%s/%s", op, what));
}

void
plan_static (struct vec *ret)
{
    static const char *const all[] = { "loader", "data", "thread-locals", "documented" };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        add (ret, "static", all[i]);
}

void
plan_plugin (const json_t *about, struct vec *ret)
{
    add (ret, "plugin", "settings");
    if (json_bool_or (about, "/probe", false))
        add (ret, "plugin", "probe");
    if (json_bool_or (about, "/effects", false))
        add (ret, "plugin", "effects");
    if (json_bool_or (about, "/formats", false)) {
        add (ret, "plugin", "formats");
        add (ret, "plugin", "versions");
    }
}

/* The op itself, or each variant that check.conf has of it. */
static void
add_variants (const char *name, const struct check_conf *conf, struct vec *ret)
{
    size_t len = strlen (name), found = 0;
    for (size_t i = 0; i < conf->ops.count; i++) {
        const struct check_op *op = vec_at (&conf->ops, i);
        if (strncmp (op->name, name, len) != 0 || (op->name[len] != '\0' && op->name[len] != '@'))
            continue;
        found++;
        if (op->skip == NULL)
            add (ret, op->name, "happy");
    }
    if (found == 0)
        add (ret, name, "happy");
}

void
plan_happy (const json_t *about, const struct check_conf *conf, bool replay, struct vec *ret)
{
    size_t i;
    json_t *op;
    json_array_foreach (json_object_get (about, "ops"), i, op) {
        long long flags = json_int_or (op, "/flags", 0);
        if (!replay || (flags & FARRIER_OP_DRY_RUN_OK) != 0)
            add_variants (json_str (op, "/name"), conf, ret);
    }
}

/* What may be lost depends on what was asked. */
static void
plan_crash (const char *op, size_t n, bool changing, struct vec *ret)
{
    static const char *const changes[] = { "none", "maybe", "lost", "answered" };
    static const char *const reads[] = { "none", "maybe" };
    size_t count = changing ? 4 : 2;
    for (size_t i = 0; i < count; i++)
        vec_push (ret, str_printf ("%s/crash-%zu-%s", op, n, changing ? changes[i] : reads[i]));
}

static long long
flags_of (const json_t *about, const char *name)
{
    size_t i;
    json_t *op;
    size_t len = strcspn (name, "@");
    json_array_foreach (json_object_get (about, "ops"), i, op) {
        const char *known = json_str (op, "/name");
        if (strlen (known) == len && strncmp (known, name, len) == 0)
            return json_int_or (op, "/flags", 0);
    }
    return 0;
}

void
plan_op (const json_t *about, const char *op, const json_t *details, struct vec *ret)
{
    size_t i;
    json_t *await;
    const json_t *trail = json_object_get (details, "trail");
    bool idempotent = (flags_of (about, op) & FARRIER_OP_IDEMPOTENT) != 0;
    add (ret, op, "repeat-start");
    json_array_foreach ((json_t *) trail, i, await) {
        plan_crash (op, i + 1, json_bool_or (await, "/changing", false), ret);
        vec_push (ret, str_printf ("%s/cancel-%zu", op, i + 1));
        vec_push (ret, str_printf ("%s/repeat-%zu", op, i + 1));
    }
    for (const char *const *name = fault_names (false); *name != NULL; name++)
        add (ret, op, *name);
    for (const char *const *name = fault_names (true); *name != NULL && !idempotent; name++)
        add (ret, op, *name);
    add (ret, op, "memory");
    add (ret, op, "host-older");
    add (ret, op, "host-newer");
}
