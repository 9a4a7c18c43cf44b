/* exec_await: what a reply wants to wait for, as the host table's awaits. The reply was checked, so
 * names and types are right; strings are borrowed from it, and the core copies them.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "farrier/sdk.h"
#include "plugin/exec.h"

static const char *
text (const json_t *v, const char *key)
{
    return json_string_value (json_object_get (v, key));
}

static uint32_t
count (const json_t *v, const char *key)
{
    return (uint32_t) json_integer_value (json_object_get (v, key));
}

static bool
truth (const json_t *v, const char *key)
{
    return json_is_true (json_object_get (v, key));
}

/* A string as it is, anything else as JSON; NULL when absent. */
static const char *
body (struct farrier_step *step, const json_t *v, const char *key)
{
    const json_t *value = json_object_get (v, key);
    if (value == NULL || json_is_string (value))
        return json_string_value (value);
    char *made = json_text (value);
    char *copy = farrier_alloc (step, strlen (made) + 1);
    if (copy != NULL)
        memcpy (copy, made, strlen (made) + 1);
    mem_free (made);
    return copy;
}

/* --- tables --------------------------------------------------------------------------------- */

static struct farrier_table
strings (struct farrier_step *step, const json_t *list)
{
    size_t n = json_array_size (list);
    const char **items = n == 0 ? NULL : farrier_alloc (step, n * sizeof *items);
    if (items == NULL)
        return (struct farrier_table) { 0 };
    for (size_t i = 0; i < n; i++)
        items[i] = json_string_value (json_array_get (list, i));
    return (struct farrier_table) FARRIER_TABLE_OF (items, n);
}

static struct farrier_table
pairs (struct farrier_step *step, const json_t *object)
{
    size_t n = json_object_size (object), i = 0;
    struct farrier_pair *items = n == 0 ? NULL : farrier_alloc (step, n * sizeof *items);
    const char *name;
    json_t *v;
    if (items == NULL)
        return (struct farrier_table) { 0 };
    json_object_foreach ((json_t *) object, name, v) {
        items[i].name = name;
        items[i++].value = json_string_value (v);
    }
    return (struct farrier_table) FARRIER_TABLE_OF (items, n);
}

static struct farrier_table
guards (struct farrier_step *step, const json_t *list)
{
    size_t n = json_array_size (list);
    struct farrier_guard *items = n == 0 ? NULL : farrier_alloc (step, n * sizeof *items);
    if (items == NULL)
        return (struct farrier_table) { 0 };
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get (list, i);
        items[i].uri = text (v, "uri");
        items[i].pointer = text (v, "pointer");
        items[i].expected = text (v, "expected");
        items[i].code = truth (v, "busy") ? FARRIER_E_BUSY : FARRIER_E_PRECONDITION;
    }
    return (struct farrier_table) FARRIER_TABLE_OF (items, n);
}

static struct farrier_table
parts (struct farrier_step *step, const json_t *list)
{
    size_t n = json_array_size (list);
    struct farrier_part *items = n == 0 ? NULL : farrier_alloc (step, n * sizeof *items);
    if (items == NULL)
        return (struct farrier_table) { 0 };
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get (list, i);
        items[i].kind = (uint32_t) exec_reply_part_kind (text (v, "kind"));
        items[i].name = text (v, "name");
        items[i].filename = text (v, "filename");
        items[i].content_type = text (v, "content_type");
        items[i].text = body (step, v, "text");
        items[i].offset = (uint64_t) json_integer_value (json_object_get (v, "offset"));
        items[i].length = (uint64_t) json_integer_value (json_object_get (v, "length"));
    }
    return (struct farrier_table) FARRIER_TABLE_OF (items, n);
}

static struct farrier_table
states (struct farrier_step *step, const json_t *list)
{
    size_t n = json_array_size (list);
    struct farrier_state_map *items = n == 0 ? NULL : farrier_alloc (step, n * sizeof *items);
    if (items == NULL)
        return (struct farrier_table) { 0 };
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get (list, i);
        items[i].value = text (v, "value");
        items[i].means = (uint32_t) exec_reply_task_meaning (text (v, "means"));
    }
    return (struct farrier_table) FARRIER_TABLE_OF (items, n);
}

/* The ABI takes a list of globs as lines. */
static const char *
lines (struct farrier_step *step, const json_t *list)
{
    struct farrier_table t = strings (step, list);
    size_t size = 1;
    for (uint32_t i = 0; i < t.count; i++)
        size += strlen (((const char *const *) t.items)[i]) + 1;
    char *joined = t.count == 0 ? NULL : farrier_alloc (step, size), *end = joined;
    for (uint32_t i = 0; joined != NULL && i < t.count; i++) {
        const char *line = ((const char *const *) t.items)[i];
        if (i > 0)
            *end++ = '\n';
        memcpy (end, line, strlen (line));
        end += strlen (line);
    }
    return joined;
}

/* --- kinds ---------------------------------------------------------------------------------- */

static int32_t
timer (struct farrier_step *step, const json_t *v, struct farrier_error *err)
{
    return farrier_await_timer (step, count (v, "after_ms"), text (v, "label"), err);
}

static int32_t
http (struct farrier_step *step, const json_t *v, struct farrier_error *err)
{
    struct farrier_http_request r = FARRIER_INIT (struct farrier_http_request);
    r.endpoint = text (v, "endpoint");
    r.method = text (v, "method");
    r.path = text (v, "path");
    r.content_type = text (v, "content_type");
    r.body = body (step, v, "body");
    r.label = text (v, "label");
    r.headers = pairs (step, json_object_get (v, "headers"));
    r.guards = guards (step, json_object_get (v, "guards"));
    r.timeout_ms = count (v, "timeout_ms");
    bool reads = str_eq (r.method, "GET") || str_eq (r.method, "HEAD");
    if (reads || truth (v, "read_only"))
        r.flags |= FARRIER_REQUEST_READ_ONLY;
    if (truth (v, "bmc_resets"))
        r.flags |= FARRIER_REQUEST_BMC_RESETS;
    return farrier_await_http (step, &r, err);
}

static int32_t
transfer (struct farrier_step *step, const json_t *v, struct farrier_error *err)
{
    struct farrier_transfer t = FARRIER_INIT (struct farrier_transfer);
    t.endpoint = text (v, "endpoint");
    t.method = text (v, "method");
    t.path = text (v, "path");
    t.content_type = text (v, "content_type");
    t.label = text (v, "label");
    t.headers = pairs (step, json_object_get (v, "headers"));
    t.parts = parts (step, json_object_get (v, "parts"));
    t.guards = guards (step, json_object_get (v, "guards"));
    t.timeout_ms = count (v, "timeout_ms");
    t.multipart = truth (v, "multipart") ? 1 : 0;
    if (truth (v, "bmc_resets"))
        t.flags |= FARRIER_REQUEST_BMC_RESETS;
    return farrier_await_transfer (step, &t, err);
}

static int32_t
collect (struct farrier_step *step, const json_t *v, struct farrier_error *err)
{
    struct farrier_collect c = FARRIER_INIT (struct farrier_collect);
    c.endpoint = text (v, "endpoint");
    c.collection = text (v, "collection");
    c.paths = strings (step, json_object_get (v, "paths"));
    c.label = text (v, "label");
    c.expand = text (v, "expand");
    c.timeout_ms = count (v, "timeout_ms");
    return farrier_await_collect (step, &c, err);
}

static int32_t
task (struct farrier_step *step, const json_t *v, struct farrier_error *err)
{
    struct farrier_task t = FARRIER_INIT (struct farrier_task);
    t.endpoint = text (v, "endpoint");
    t.uri = text (v, "uri");
    t.monitor = text (v, "monitor");
    t.fallbacks = strings (step, json_object_get (v, "fallbacks"));
    t.label = text (v, "label");
    t.poll_min_ms = count (v, "poll_min_ms");
    t.poll_max_ms = count (v, "poll_max_ms");
    t.grace_ms = count (v, "grace_ms");
    t.timeout_ms = count (v, "timeout_ms");
    t.state_pointer = text (v, "state_pointer");
    t.percent_pointer = text (v, "percent_pointer");
    t.messages_pointer = text (v, "messages_pointer");
    t.identity_pointer = text (v, "identity_pointer");
    t.states = states (step, json_object_get (v, "states"));
    t.before = text (v, "before");
    t.must_change_within_ms = count (v, "must_change_within_ms");
    t.progress_from = count (v, "progress_from");
    t.progress_to = count (v, "progress_to");
    return farrier_await_task (step, &t, err);
}

static int32_t
until (struct farrier_step *step, const json_t *v, struct farrier_error *err)
{
    struct farrier_until u = FARRIER_INIT (struct farrier_until);
    const char *proof = text (v, "proof");
    u.probe = truth (v, "tcp") ? FARRIER_PROBE_TCP : FARRIER_PROBE_POINTER;
    u.endpoint = text (v, "endpoint");
    u.uri = text (v, "uri");
    u.pointer = text (v, "pointer");
    u.wanted = lines (step, json_object_get (v, "wanted"));
    u.unwanted = lines (step, json_object_get (v, "unwanted"));
    u.label = text (v, "label");
    u.proof = proof == NULL ? FARRIER_PROOF_NONE : (uint32_t) exec_reply_proof (proof);
    u.proof_uri = text (v, "proof_uri");
    u.proof_pointer = text (v, "proof_pointer");
    u.proof_before = text (v, "proof_before");
    u.good = count (v, "good");
    u.interval_ms = count (v, "interval_ms");
    u.within_ms = count (v, "within_ms");
    return farrier_await_until (step, &u, err);
}

int32_t
exec_await (struct farrier_step *step, const json_t *await, struct farrier_error *err)
{
    static const struct {
        const char *kind;
        int32_t (*begin) (struct farrier_step *, const json_t *, struct farrier_error *);
    } kinds[] = {
        { "timer", timer },     { "http", http }, { "transfer", transfer },
        { "collect", collect }, { "task", task }, { "until", until },
    };
    const char *kind = text (await, "kind");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (str_eq (kinds[i].kind, kind))
            return kinds[i].begin (step, await, err);
    }
    return farrier_fail (step, err, FARRIER_E_PLUGIN_BUG, "there is no await of kind '%s'", kind);
}
