/* host_await: the host table's awaits: each becomes one JSON document, so that it can be journaled,
 * shown by `why`, and launched again after a restart. No secret is in it: ${session.token} is
 * filled in when the bytes leave.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"
#include "engine/step.h"

/* Copies the caller's struct in, with a zero tail where an older plugin's is shorter. */
#define COPY_IN(what, ret)                                                                     \
    do {                                                                                       \
        uint32_t size_ = (what)->struct_size;                                                  \
        memset (&(ret), 0, sizeof (ret));                                                      \
        memcpy (&(ret), (what), size_ < sizeof (ret) ? size_ : sizeof (ret));                  \
    } while (0)

static const void *
table_at (const struct farrier_table *t, uint32_t i)
{
    return (const char *) t->items + (size_t) i * t->stride;
}

int32_t
step_set_await (struct farrier_step *step, json_t *spec, bool changing, struct farrier_error *err)
{
    step->awaits++;
    if (step->await != NULL) {
        int32_t rc = step->host->fail (err, FARRIER_E_PLUGIN_BUG,
                                       "op '%s' registered a second await ('%s' after '%s')",
                                       step->in.op->def.name, json_str_or (spec, "/kind", "?"),
                                       json_str_or (step->await, "/kind", "?"));
        json_decref (spec);
        return rc;
    }
    step->await = spec;
    step->await_changing = changing;
    return FARRIER_OK;
}

static json_t *
spec_new (const char *kind, const char *label, const char *endpoint)
{
    json_t *spec = json_object ();
    json_put_str (spec, "kind", kind);
    json_put_str (spec, "label", label == NULL ? kind : label);
    json_put_str (spec, "endpoint", endpoint == NULL ? FARRIER_ENDPOINT_BMC : endpoint);
    return spec;
}

static void
put_text (json_t *spec, const char *key, const char *value)
{
    if (value != NULL)
        json_put_str (spec, key, value);
}

static void
put_number (json_t *spec, const char *key, int64_t value)
{
    if (value != 0)
        json_put_int (spec, key, value);
}

static void
put_pairs (json_t *spec, const char *key, const struct farrier_table *t)
{
    if (t->count == 0)
        return;
    json_t *list = json_array ();
    for (uint32_t i = 0; i < t->count; i++) {
        const struct farrier_pair *p = table_at (t, i);
        json_array_append_new (list, json_pack ("[ss]", p->name, p->value));
    }
    json_put (spec, key, list);
}

static void
put_strings (json_t *spec, const char *key, const struct farrier_table *t)
{
    if (t->count == 0)
        return;
    json_t *list = json_array ();
    for (uint32_t i = 0; i < t->count; i++)
        json_array_append_new (list, json_string (*(const char *const *) table_at (t, i)));
    json_put (spec, key, list);
}

static void
put_guards (json_t *spec, const struct farrier_table *t)
{
    if (t->count == 0)
        return;
    json_t *list = json_array ();
    for (uint32_t i = 0; i < t->count; i++) {
        const struct farrier_guard *g = table_at (t, i);
        json_t *v = json_object ();
        json_put_str (v, "uri", g->uri);
        json_put_str (v, "pointer", g->pointer);
        json_put_str (v, "expected", g->expected);
        json_put_int (v, "code", g->code == 0 ? FARRIER_E_PRECONDITION : g->code);
        json_array_append_new (list, v);
    }
    json_put (spec, "guards", list);
}

/* A path that a plugin read somewhere may be absolute; only its path part is used, always. */
static int32_t
need_path (const struct farrier_step *step, const char *path, const char *what,
           struct farrier_error *err)
{
    if (path != NULL && (path[0] == '/' || str_starts (path, "http")))
        return FARRIER_OK;
    return step->host->fail (err, FARRIER_E_PLUGIN_BUG, "%s: path '%s' does not begin with '/'",
                             what, path == NULL ? "(null)" : path);
}

static int32_t
await_http (struct farrier_step *step, const struct farrier_http_request *what,
            struct farrier_error *err)
{
    struct farrier_http_request r;
    COPY_IN (what, r);
    int32_t rc = need_path (step, r.path, "await_http", err);
    if (rc != FARRIER_OK)
        return rc;
    json_t *spec = spec_new ("http", r.label, r.endpoint);
    json_put_str (spec, "method", r.method == NULL ? "POST" : r.method);
    json_put_str (spec, "path", r.path);
    put_text (spec, "content_type", r.content_type);
    put_text (spec, "body", r.body);
    put_pairs (spec, "headers", &r.headers);
    put_guards (spec, &r.guards);
    put_number (spec, "timeout_ms", r.timeout_ms);
    if (r.flags & FARRIER_REQUEST_BMC_RESETS)
        json_put_bool (spec, "bmc_resets", true);
    return step_set_await (step, spec, !(r.flags & FARRIER_REQUEST_READ_ONLY), err);
}

static const char *const part_kinds[] = { "text", "json", "image", "attachment", "artifact" };

static json_t *
part_spec (const struct farrier_step *step, const struct farrier_part *p)
{
    json_t *v = json_object ();
    json_put_str (v, "kind", p->kind < 5 ? part_kinds[p->kind] : "?");
    put_text (v, "name", p->name);
    put_text (v, "filename", p->filename);
    put_text (v, "content_type", p->content_type);
    put_text (v, "text", p->text);
    put_number (v, "offset", (int64_t) p->offset);
    put_number (v, "length", (int64_t) p->length);
    if (p->kind == FARRIER_PART_IMAGE || p->kind == FARRIER_PART_ATTACHMENT) {
        const struct farrier_image *image = p->image == NULL ? step->in.image : p->image;
        if (image != NULL)
            json_put_str (v, "sha256", image->sha256);
    }
    return v;
}

/* NULL when it can be sent. */
static const char *
wrong_part (const struct farrier_step *step, const struct farrier_part *p)
{
    bool of_image = p->kind == FARRIER_PART_IMAGE || p->kind == FARRIER_PART_ATTACHMENT;
    if (p->kind > FARRIER_PART_ARTIFACT)
        return "is of an unknown kind";
    if (of_image && p->image == NULL && step->in.image == NULL)
        return "is of an image, the step has none";
    return p->kind >= FARRIER_PART_ATTACHMENT && str_empty (p->text)
               ? "names no attachment or artifact" : NULL;
}

static int32_t
await_transfer (struct farrier_step *step, const struct farrier_transfer *what,
                struct farrier_error *err)
{
    struct farrier_transfer t;
    COPY_IN (what, t);
    int32_t rc = need_path (step, t.path, "await_transfer", err);
    if (rc != FARRIER_OK)
        return rc;
    json_t *parts = json_array ();
    for (uint32_t i = 0; i < t.parts.count; i++) {
        const struct farrier_part *p = table_at (&t.parts, i);
        json_array_append_new (parts, part_spec (step, p));
        const char *wrong = wrong_part (step, p);
        if (wrong != NULL) {
            json_decref (parts);
            return step->host->fail (err, FARRIER_E_PLUGIN_BUG, "await_transfer: part %u %s",
                                     (unsigned) i, wrong);
        }
    }
    json_t *spec = spec_new ("transfer", t.label, t.endpoint);
    json_put_str (spec, "method", t.method == NULL ? "POST" : t.method);
    json_put_str (spec, "path", t.path);
    put_text (spec, "content_type", t.content_type);
    put_pairs (spec, "headers", &t.headers);
    put_guards (spec, &t.guards);
    put_number (spec, "timeout_ms", t.timeout_ms);
    if (t.flags & FARRIER_REQUEST_BMC_RESETS)
        json_put_bool (spec, "bmc_resets", true);
    json_put_bool (spec, "multipart", t.multipart != 0);
    json_put (spec, "parts", parts);
    return step_set_await (step, spec, true, err);
}

static int32_t
await_download (struct farrier_step *step, const struct farrier_download *what,
                struct farrier_error *err)
{
    struct farrier_download d;
    COPY_IN (what, d);
    int32_t rc = need_path (step, d.path, "await_download", err);
    if (rc != FARRIER_OK)
        return rc;
    if (str_empty (d.artifact))
        return step->host->fail (err, FARRIER_E_PLUGIN_BUG, "await_download: no artifact name");
    json_t *spec = spec_new ("download", d.label, d.endpoint);
    json_put_str (spec, "path", d.path);
    json_put_str (spec, "artifact", d.artifact);
    put_number (spec, "timeout_ms", d.timeout_ms);
    put_number (spec, "max_bytes", (int64_t) d.max_bytes);
    return step_set_await (step, spec, false, err);
}

static json_t *
state_map_spec (const struct farrier_table *t)
{
    static const char *const meanings[] = { "running", "done", "failed", "needs_reset" };
    json_t *list = json_array ();
    for (uint32_t i = 0; i < t->count; i++) {
        const struct farrier_state_map *m = table_at (t, i);
        json_array_append_new (
            list, json_pack ("[ss]", m->value, meanings[m->means < 4 ? m->means : 0]));
    }
    return list;
}

static int32_t
await_task (struct farrier_step *step, const struct farrier_task *what, struct farrier_error *err)
{
    struct farrier_task t;
    COPY_IN (what, t);
    if (t.uri == NULL && t.monitor == NULL)
        return step->host->fail (err, FARRIER_E_PLUGIN_BUG,
                                 "await_task: neither a task nor a monitor is given");
    const struct farrier_op *op = &step->in.op->def;
    json_t *spec = spec_new ("task", t.label, t.endpoint);
    put_text (spec, "uri", t.uri);
    put_text (spec, "monitor", t.monitor);
    put_strings (spec, "fallbacks", &t.fallbacks);
    put_number (spec, "poll_min_ms", t.poll_min_ms != 0 ? t.poll_min_ms : op->poll_min_ms);
    put_number (spec, "poll_max_ms", t.poll_max_ms != 0 ? t.poll_max_ms : op->poll_max_ms);
    put_number (spec, "grace_ms", t.grace_ms);
    put_text (spec, "state_pointer", t.state_pointer);
    put_text (spec, "percent_pointer", t.percent_pointer);
    put_text (spec, "messages_pointer", t.messages_pointer);
    if (t.states.count > 0)
        json_put (spec, "states", state_map_spec (&t.states));
    put_text (spec, "identity_pointer", t.identity_pointer);
    put_text (spec, "before", t.before);
    put_number (spec, "must_change_within_ms", t.must_change_within_ms);
    put_number (spec, "timeout_ms", t.timeout_ms);
    put_number (spec, "progress_from", t.progress_from);
    put_number (spec, "progress_to", t.progress_to);
    return step_set_await (step, spec, false, err);
}

static int32_t
await_until (struct farrier_step *step, const struct farrier_until *what,
             struct farrier_error *err)
{
    struct farrier_until u;
    COPY_IN (what, u);
    if (u.probe == FARRIER_PROBE_POINTER) {
        int32_t rc = need_path (step, u.uri, "await_until", err);
        if (rc != FARRIER_OK)
            return rc;
    }
    json_t *spec = spec_new ("until", u.label, u.endpoint);
    json_put_str (spec, "probe", u.probe == FARRIER_PROBE_TCP ? "tcp" : "pointer");
    put_text (spec, "uri", u.uri);
    put_text (spec, "pointer", u.pointer);
    put_text (spec, "wanted", u.wanted);
    put_text (spec, "unwanted", u.unwanted);
    put_text (spec, "proof_uri", u.proof_uri);
    put_text (spec, "proof_pointer", u.proof_pointer);
    put_text (spec, "proof_before", u.proof_before);
    put_number (spec, "proof", u.proof);
    put_number (spec, "good", u.good);
    put_number (spec, "interval_ms", u.interval_ms);
    put_number (spec, "within_ms", u.within_ms);
    return step_set_await (step, spec, false, err);
}

static int32_t
await_timer (struct farrier_step *step, uint32_t after_ms, const char *label,
             struct farrier_error *err)
{
    json_t *spec = spec_new ("timer", label, NULL);
    json_put_int (spec, "due_ms", clock_wall_ms () + after_ms);
    return step_set_await (step, spec, false, err);
}

static int32_t
await_collect (struct farrier_step *step, const struct farrier_collect *what,
               struct farrier_error *err)
{
    struct farrier_collect c;
    COPY_IN (what, c);
    if (c.collection == NULL && c.paths.count == 0)
        return step->host->fail (err, FARRIER_E_PLUGIN_BUG, "await_collect: nothing to read");
    json_t *spec = spec_new ("collect", c.label, c.endpoint);
    put_text (spec, "collection", c.collection);
    put_strings (spec, "paths", &c.paths);
    put_text (spec, "expand", c.expand);
    put_number (spec, "max_in_flight", c.max_in_flight);
    put_number (spec, "timeout_ms", c.timeout_ms);
    return step_set_await (step, spec, false, err);
}

/* Which secret comes on which descriptor; never a value. */
static void
put_secret_fds (json_t *spec, const struct farrier_table *t)
{
    if (t->count == 0)
        return;
    json_t *list = json_array ();
    for (uint32_t i = 0; i < t->count; i++) {
        const struct farrier_secret_fd *s = table_at (t, i);
        json_array_append_new (list, json_pack ("[is]", s->fd, s->value));
    }
    json_put (spec, "secret_fds", list);
}

static void
put_exits (json_t *spec, const struct farrier_process *p)
{
    if (p->exits.count == 0)
        return;
    json_t *list = json_array ();
    for (uint32_t i = 0; i < p->exits.count; i++) {
        const struct farrier_exit_map *e = table_at (&p->exits, i);
        json_array_append_new (list, json_pack ("[iii]", e->from, e->to, e->code));
    }
    json_put (spec, "exits", list);
    if (p->exit_signed)
        json_put_bool (spec, "exit_signed", true);
}

static bool
files_valid (const struct farrier_table *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const struct farrier_pair *p = table_at (t, i);
        if (!fs_plain_name (p->name) || !fs_plain_name (p->value))
            return false;
    }
    return true;
}

/* NULL when it can be run. */
static const char *
wrong_process (const struct farrier_step *step, const struct farrier_process *p)
{
    if (p->stdin_image && step->in.image == NULL)
        return "its input is an image, the step has none";
    if (p->stdin_image && p->stdin_text != NULL)
        return "its input is both an image and a text";
    if (!files_valid (&p->inputs) || !files_valid (&p->outputs))
        return "names of files and artifacts have letters, digits, '.', '_' and '-' only";
    for (uint32_t i = 0; i < p->exits.count; i++) {
        const struct farrier_exit_map *e = table_at (&p->exits, i);
        if (e->from > e->to || e->code > FARRIER_OK || e->code < FARRIER_E_LAST_)
            return "an entry of exits has no such range or code";
    }
    return NULL;
}

static int32_t
await_process (struct farrier_step *step, const struct farrier_process *what,
               struct farrier_error *err)
{
    struct farrier_process p;
    COPY_IN (what, p);
    const char *program = p.argv.count == 0 ? NULL
                                            : *(const char *const *) table_at (&p.argv, 0);
    if (program == NULL || program[0] != '/')
        return step->host->fail (err, FARRIER_E_PLUGIN_BUG,
                                 "await_process: argv[0] '%s' is not an absolute path",
                                 program == NULL ? "(none)" : program);
    const char *wrong = wrong_process (step, &p);
    if (wrong != NULL)
        return step->host->fail (err, FARRIER_E_PLUGIN_BUG, "await_process: %s", wrong);
    json_t *spec = spec_new ("process", p.label, NULL);
    put_strings (spec, "argv", &p.argv);
    put_pairs (spec, "inputs", &p.inputs);
    put_pairs (spec, "outputs", &p.outputs);
    put_exits (spec, &p);
    if (p.stdin_image)
        put_text (spec, "stdin_sha256", step->in.image->sha256);
    put_pairs (spec, "env", &p.env);
    put_pairs (spec, "secret_env", &p.secret_env);
    put_secret_fds (spec, &p.secret_fds);
    put_text (spec, "stdin", p.stdin_text);
    put_text (spec, "progress_pattern", p.progress_pattern);
    put_number (spec, "timeout_ms", p.timeout_ms);
    put_number (spec, "max_output_bytes", (int64_t) p.max_output_bytes);
    put_number (spec, "max_memory_bytes", (int64_t) p.max_memory_bytes);
    put_number (spec, "max_file_bytes", (int64_t) p.max_file_bytes);
    put_number (spec, "max_cpu_s", (int64_t) p.max_cpu_s);
    return step_set_await (step, spec, p.read_only == 0, err);
}

void
step_table_await (struct farrier_host *table)
{
    table->await_http = await_http;
    table->await_transfer = await_transfer;
    table->await_download = await_download;
    table->await_task = await_task;
    table->await_until = await_until;
    table->await_timer = await_timer;
    table->await_collect = await_collect;
    table->await_process = await_process;
}
