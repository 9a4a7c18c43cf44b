/* look: farrier/test.h: what the plugin did, the clock, and TAP.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench.h"
#include "bmc.h"
#include "engine/record.h"
#include "table_io.h"

/* JSON text that lives until the same is asked again. */
static const char *
show (struct farrier_test *t, const char *what, const json_t *value)
{
    if (value == NULL)
        return NULL;
    char *text = json_dumps (value, JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT);
    json_object_set_new (t->shown, what, json_string (text));
    mem_free (text);
    return json_string_value (json_object_get (t->shown, what));
}

const char *
farrier_test_await (struct farrier_test *t)
{
    return show (t, "await", t->run.await);
}

const struct farrier_error *
farrier_test_error (struct farrier_test *t)
{
    return &t->run.error;
}

const char *
farrier_test_result (struct farrier_test *t, const char *name)
{
    return show (t, "result", json_object_get (t->run.results, name));
}

const char *
farrier_test_fact (struct farrier_test *t, const char *name)
{
    return show (t, "fact", json_object_get (t->run.facts, name));
}

const char *
farrier_test_state (struct farrier_test *t, const char *name)
{
    return json_string_value (json_object_get (t->run.bag, name));
}

const struct farrier_component *
farrier_test_found_at (struct farrier_test *t, uint32_t index)
{
    if (index >= t->run.components.count)
        return NULL;
    const struct component *c = vec_at (&t->run.components, index);
    t->found = (struct farrier_component) {
        .struct_size = sizeof t->found, .type = c->type, .key = c->key, .name = c->name,
        .uri = c->uri, .version = c->version, .version_pointer = c->version_pointer,
        .pending = c->pending, .previous = c->previous, .slot = c->slot,
        .updateable = c->updateable, .status = c->status,
    };
    return &t->found;
}

const struct farrier_component *
farrier_test_found (struct farrier_test *t, const char *key)
{
    for (uint32_t i = 0; i < t->run.components.count; i++) {
        const struct component *c = vec_at (&t->run.components, i);
        if (str_eq (c->key, key))
            return farrier_test_found_at (t, i);
    }
    return NULL;
}

const char *
farrier_test_identity (struct farrier_test *t, const char *kind)
{
    size_t i;
    json_t *v;
    json_array_foreach (t->run.identity, i, v)
        if (str_eq (json_str (v, "/kind"), kind))
            return json_str (v, "/value");
    return NULL;
}

const char *
farrier_test_sensors (struct farrier_test *t)
{
    return show (t, "sensors", t->run.sensors);
}

const char *
farrier_test_images (struct farrier_test *t)
{
    return show (t, "images", t->images);
}

const char *
farrier_test_records (struct farrier_test *t)
{
    return show (t, "records", t->records);
}

const char *
farrier_test_artifact (struct farrier_test *t, const char *name, size_t *ret_len)
{
    const json_t *text = json_object_get (t->artifacts, name);
    if (text != NULL && ret_len != NULL)
        *ret_len = json_string_length (text);
    return json_string_value (text);
}

const char *
farrier_test_skip_reason (struct farrier_test *t)
{
    return t->run.skip_reason;
}

int32_t
farrier_test_rung (struct farrier_test *t)
{
    return t->run.rung;
}

uint32_t
farrier_test_needs (struct farrier_test *t)
{
    return record_needs_mask (t->context);
}

uint32_t
farrier_test_permille (struct farrier_test *t)
{
    return t->run.permille;
}

const char *
farrier_test_log (struct farrier_test *t)
{
    return t->log.data == NULL ? "" : t->log.data;
}

const char *
farrier_test_broken (struct farrier_test *t)
{
    return t->broken;
}

int64_t
farrier_test_now_ms (struct farrier_test *t)
{
    (void) t;
    return clock_wall_ms ();
}

void
farrier_test_advance (struct farrier_test *t, int64_t ms)
{
    bench_advance (t, ms);
}

/* --- TAP ------------------------------------------------------------------------------------ */

static int checks, bad;

int
farrier_test_ok (int condition, const char *fmt, ...)
{
    va_list ap;
    va_start (ap, fmt);
    char *name = str_vprintf (fmt, ap);
    va_end (ap);
    checks++;
    bad += !condition;
    printf ("%sok %d - %s\n", condition ? "" : "not ", checks, name);
    fflush (stdout);
    mem_free (name);
    return condition;
}

int
farrier_test_end (void)
{
    printf ("1..%d\n", checks);
    return bad == 0 && checks > 0 ? 0 : 1;
}
