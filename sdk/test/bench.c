/* bench: farrier/test.h: setting up, running, crashing.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "bench.h"

#include <dlfcn.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "bmc.h"
#include "engine/record.h"
#include "guarded.h"
#include "plugin/config.h"
#include "table_io.h"

#define WALL_START_MS INT64_C (1767225600000)     /* 2026-01-01 */
#define BOOT_START_MS 1000000

/* --- the plugin ----------------------------------------------------------------------------- */

/* An older plugin's struct is shorter: what it lacks is zero. */
static void
copy_plugin (struct farrier_test *t)
{
    const struct farrier_plugin *raw = t->raw;
    size_t size = raw->struct_size < sizeof t->def ? raw->struct_size : sizeof t->def;
    memcpy (&t->def, raw, size);
    t->op_count = t->def.ops.count;
    t->ops = mem_array (t->op_count + 1, sizeof *t->ops);
    for (size_t i = 0; i < t->op_count; i++) {
        size_t stride = t->def.ops.stride;
        memcpy (&t->ops[i].def, (const char *) t->def.ops.items + i * stride,
                stride < sizeof t->ops[i].def ? stride : sizeof t->ops[i].def);
    }
}

struct farrier_test *
farrier_test_new (const struct farrier_plugin *plugin)
{
    if (plugin == NULL || plugin->magic != FARRIER_PLUGIN_MAGIC
        || plugin->abi_major != FARRIER_ABI_MAJOR)
        bench_misuse ("this is no struct farrier_plugin of ABI %d", FARRIER_ABI_MAJOR);
    struct farrier_test *t = mem_alloc (sizeof *t);
    if (!clock_is_virtual ())
        clock_virtual_start (WALL_START_MS, BOOT_START_MS);
    t->raw = plugin;
    copy_plugin (t);
    t->host = bench_table_new (t, &t->host_size);
    t->bmc = bmc_new (t);
    t->backend = (struct bench_backend) { bmc_ask, bmc_advance, t->bmc };
    t->context = json_object ();
    t->artifacts = json_object ();
    t->images = json_array ();
    t->records = json_array ();
    t->shown = json_object ();
    t->attempts_max = 1;
    t->run.rung = -1;
    atomic_init (&t->cancelled, false);
    bench_watch_begin (t);
    return t;
}

struct farrier_test *
farrier_test_load (const char *file)
{
    void *object = dlopen (file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    const struct farrier_plugin *(*entry) (void);
    if (object == NULL)
        bench_misuse ("%s", dlerror ());
    *(void **) &entry = dlsym (object, FARRIER_PLUGIN_ENTRY_NAME);
    if (entry == NULL)
        bench_misuse ("%s does not export %s", file, FARRIER_PLUGIN_ENTRY_NAME);
    return farrier_test_new (entry ());
}

static void
free_program (void *item)
{
    struct bench_program *p = item;
    mem_free (p->path);
    mem_free (p->output);
    mem_free (p->error_output);
    mem_free (p);
}

static void
free_image (struct bench_image *image)
{
    if (image == NULL)
        return;
    mem_free (image->handle.sha256);
    mem_free (image->handle.name);
    mem_free (image->handle.version);
    mem_free (image->handle.vendor);
    mem_free (image->handle.model);
    json_decref (image->handle.metadata);
    image_attachments_free (image->handle.attachments, image->handle.attachment_count);
    mem_free (image->bytes);
    mem_free (image);
}

static void
free_component (void *c)
{
    component_free (c);
}

void
farrier_test_free (struct farrier_test *t)
{
    if (t == NULL)
        return;
    if (t->loaded && t->def.unload != NULL)
        t->def.unload (t->self);
    bench_run_clear (&t->run);
    bmc_free (t->bmc);
    json_decref (t->context);
    json_decref (t->artifacts);
    json_decref (t->images);
    json_decref (t->records);
    json_decref (t->shown);
    component_clear (&t->component);
    free_image (t->image);
    vec_free_with (&t->programs, free_program);
    vec_free_with (&t->known, free_component);
    buf_free (&t->log);
    mem_free (t->broken);
    mem_free (t->ops);
    mem_free (t->host);
    mem_free (t);
}

/* --- load and configure --------------------------------------------------------------------- */

struct outside {
    struct arena *arena, *arena_before;
    struct farrier_test *test_before;
    struct farrier_error *err;
};

/* A call that is no callback of a step. */
static void
enter (struct farrier_test *t, struct outside *o)
{
    *o = (struct outside) { .arena = arena_new (STEP_ARENA_BYTES), .arena_before = bench_arena,
                            .test_before = bench_now };
    bench_arena = o->arena;
    bench_now = t;
    o->err = guarded_alloc (o->arena, GUARDED_PASSED, sizeof *o->err);
    *o->err = (struct farrier_error) { .struct_size = sizeof *o->err, .retry_after_ms = -1 };
    if (t->watch.before_callback != NULL)
        t->watch.before_callback (t->watch.arg);
}

static int32_t
leave (struct farrier_test *t, struct outside *o, int32_t rc)
{
    if (t->watch.after_callback != NULL)
        t->watch.after_callback (t->watch.arg);
    if (rc < 0)
        t->run.error = *o->err;
    arena_free (o->arena);
    bench_arena = o->arena_before;
    bench_now = o->test_before;
    return rc;
}

int32_t
farrier_test_configure (struct farrier_test *t, const char *settings)
{
    struct err err = { 0 };
    struct outside o;
    int32_t rc = FARRIER_OK;
    json_t *values = NULL;
    json_t *given = settings == NULL ? NULL : json_parse (settings, strlen (settings), &err);
    if ((settings != NULL && given == NULL)
        || plugin_params_check (&t->def.params, given, 0, NULL, NULL, &values, &err) != 0)
        bench_misuse ("settings of %s: %s", t->def.name, err.message);
    json_decref (given);
    if (!t->loaded && t->def.load != NULL) {
        enter (t, &o);
        rc = leave (t, &o, t->def.load (t->host, &t->self, o.err));
    }
    t->loaded = t->loaded || rc == FARRIER_OK;
    if (rc == FARRIER_OK && t->def.configure != NULL) {
        enter (t, &o);
        struct farrier_config *cfg = bench_handle (sizeof *cfg);
        *cfg = (struct farrier_config) { .host = t->host, .values = values, .arena = o.arena };
        rc = leave (t, &o, t->def.configure (t->self, cfg, o.err));
    }
    t->configured = rc == FARRIER_OK;
    json_decref (values);
    return rc;
}

static int32_t
ready (struct farrier_test *t)
{
    return t->configured ? FARRIER_OK : farrier_test_configure (t, NULL);
}

/* --- what a step is about ------------------------------------------------------------------- */

void
farrier_test_component (struct farrier_test *t, const struct farrier_component *component)
{
    struct err err = { 0 };
    component_clear (&t->component);
    t->has_component = component != NULL;
    if (component != NULL && component_from_abi (component, &t->component, &err) != 0)
        bench_misuse ("farrier_test_component: %s", err.message);
}

void
farrier_test_image (struct farrier_test *t, const struct farrier_image_info *info,
                    const void *bytes, size_t len)
{
    static const char sha256[] = "00000000000000000000000000000000"
                                 "000000000000000000000000000000aa";
    free_image (t->image);
    t->image = NULL;
    if (info == NULL)
        return;
    t->image = mem_alloc (sizeof *t->image);
    t->image->bytes = mem_alloc (len + 1);
    memcpy (t->image->bytes, bytes, len);
    t->image->handle = (struct farrier_image) {
        .host = t->host,
        .sha256 = str_dup (info->sha256 == NULL ? sha256 : info->sha256),
        .name = str_dup (info->name == NULL ? "image.bin" : info->name),
        .version = str_dup (info->version),
        .vendor = str_dup (info->vendor),
        .model = str_dup (info->model),
        .type = info->type,
        .size_bytes = len,
    };
}

void
farrier_test_image_metadata (struct farrier_test *t, const char *text)
{
    if (t->image == NULL)
        bench_misuse ("farrier_test_image_metadata: there is no image");
    json_decref (t->image->handle.metadata);
    t->image->handle.metadata = json_loads (text, 0, NULL);
    if (!json_is_object (t->image->handle.metadata))
        bench_misuse ("farrier_test_image_metadata: '%s' is no JSON object", text);
}

void
farrier_test_attach (struct farrier_test *t, const char *name, const char *filename,
                     const void *bytes, size_t len)
{
    struct err err;
    if (t->image == NULL)
        bench_misuse ("farrier_test_attach: there is no image");
    struct farrier_image *image = &t->image->handle;
    if (image_attachment_add (&image->attachments, &image->attachment_count, name, filename, bytes,
                              len, &err) != 0)
        bench_misuse ("farrier_test_attach: %s", err.message);
}

void
farrier_test_result_before (struct farrier_test *t, const char *component_key, const char *name,
                            const char *value)
{
    const char *own = t->has_component ? t->component.key : "";
    const char *key = component_key == NULL ? own : component_key;
    json_t *results = json_object_get (t->context, "results");
    if (results == NULL) {
        results = json_object ();
        json_object_set_new (t->context, "results", results);
    }
    json_t *of_key = json_object_get (results, key);
    if (of_key == NULL) {
        of_key = json_object ();
        json_object_set_new (results, key, of_key);
    }
    json_object_set_new (of_key, name, json_loads (value, JSON_DECODE_ANY, NULL));
}

void
farrier_test_needs_before (struct farrier_test *t, uint32_t needs)
{
    record_set_needs (t->context, needs);
}

void
farrier_test_program (struct farrier_test *t, const char *path, int32_t exit_status,
                      const char *standard_output, const char *standard_error)
{
    struct bench_program *p = mem_alloc (sizeof *p);
    *p = (struct bench_program) {
        str_dup (path), str_dup (standard_output == NULL ? "" : standard_output),
        str_dup (standard_error == NULL ? "" : standard_error), exit_status };
    vec_insert (&t->programs, 0, p);
}

void
farrier_test_dry_run (struct farrier_test *t, int32_t dry_run)
{
    t->dry_run = dry_run != 0;
}

/* --- run ------------------------------------------------------------------------------------ */

int32_t
farrier_test_run (struct farrier_test *t, const char *op, const char *params)
{
    int32_t rc = farrier_test_start (t, op, params);
    return t->configured ? bench_go_on (t, rc, PLUGIN_CALL_START) : rc;
}

int32_t
farrier_test_start (struct farrier_test *t, const char *op, const char *params)
{
    int32_t rc = ready (t);
    return rc == FARRIER_OK ? bench_start (t, op, params) : rc;
}

int32_t
farrier_test_finish (struct farrier_test *t)
{
    return bench_go_on (t, t->run.await != NULL ? FARRIER_PENDING : FARRIER_NOT_STARTED,
                        PLUGIN_CALL_POLL);
}

static struct bench_run *
need_await (struct farrier_test *t, const char *function)
{
    if (t->run.await == NULL)
        bench_misuse ("%s: no await is open", function);
    return &t->run;
}

static int32_t
deliver (struct farrier_test *t, struct answer *a)
{
    struct bench_run *run = &t->run;
    answer_free (run->answer);
    run->answer = a;
    if (run->await_changing && a->delivery != FARRIER_DELIVERY_NONE)
        run->sent = true;
    str_set (&run->label, json_str (run->await, "/label"));
    json_decref (run->await);
    run->await = NULL;
    return bench_callback (t, run->mode, a);
}

int32_t
farrier_test_wake (struct farrier_test *t)
{
    need_await (t, "farrier_test_wake");
    return deliver (t, bench_fulfil (t));
}

static uint32_t
wake_kind (const json_t *await)
{
    static const struct {
        const char *kind;
        enum farrier_wake_kind wake;
    } all[] = {
        { "http", FARRIER_WAKE_RESPONSE },     { "transfer", FARRIER_WAKE_TRANSFER },
        { "download", FARRIER_WAKE_TRANSFER }, { "task", FARRIER_WAKE_TASK },
        { "timer", FARRIER_WAKE_TIMER },       { "process", FARRIER_WAKE_PROCESS },
        { "until", FARRIER_WAKE_REACHABLE },   { "collect", FARRIER_WAKE_COLLECTED },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (str_eq (all[i].kind, json_str (await, "/kind")))
            return all[i].wake;
    return FARRIER_WAKE_NONE;
}

int32_t
farrier_test_deliver (struct farrier_test *t, const struct farrier_test_outcome *o)
{
    struct bench_run *run = need_await (t, "farrier_test_deliver");
    uint32_t kind = o->kind != 0 ? o->kind : wake_kind (run->await);
    struct answer *a = answer_new ((enum farrier_wake_kind) kind);
    a->delivery = o->delivery;
    a->status = o->status;
    a->task_end = (enum farrier_task_end) o->task_end;
    a->exit_status = o->exit_status;
    a->reads = o->reads;
    a->gap_seen = o->gap_seen != 0;
    if (o->code != 0)
        answer_fail (a, o->code, o->message == NULL ? "made up by the test" : o->message, NULL);
    else
        str_set (&a->message, o->message);
    a->headers = json_array ();
    if (o->location != NULL)
        json_array_append_new (a->headers, json_pack ("[ss]", "Location", o->location));
    str_set (&a->body, o->body);
    a->body_len = o->body == NULL ? 0 : strlen (o->body);
    return deliver (t, a);
}

int32_t
farrier_test_repeat (struct farrier_test *t)
{
    struct bench_run *run = &t->run;
    if (run->answer == NULL)
        bench_misuse ("farrier_test_repeat: nothing was delivered yet");
    json_t *before = json_incref (run->bag_before);
    json_decref (run->bag);
    run->bag = before;
    json_decref (run->await);
    run->await = NULL;
    return bench_callback (t, run->mode, run->answer);
}

static int32_t
die (struct farrier_test *t, int32_t delivery, bool carried_out)
{
    struct bench_run *run = need_await (t, "farrier_test_crash");
    if (run->await_changing && delivery != FARRIER_DELIVERY_NONE) {
        run->sent = true;
        run->sent_ms = clock_wall_ms ();
        if (carried_out)
            bench_perform (t);
    }
    return bench_reconcile (t, delivery);
}

int32_t
farrier_test_crash (struct farrier_test *t, int32_t delivery)
{
    return die (t, delivery, true);
}

int32_t
farrier_test_crash_lost (struct farrier_test *t)
{
    return die (t, FARRIER_DELIVERY_MAYBE, false);
}

int32_t
farrier_test_cancel (struct farrier_test *t)
{
    struct bench_run *run = &t->run;
    if (run->op.def.cancel == NULL)
        return FARRIER_TOO_LATE;
    run->mode = PLUGIN_CALL_CANCEL;
    if (run->await != NULL)
        str_set (&run->label, json_str (run->await, "/label"));
    return bench_callback (t, PLUGIN_CALL_CANCEL, NULL);
}

void
farrier_test_crash_at (struct farrier_test *t, uint32_t n, int32_t delivery)
{
    t->crash_at = n == 0 ? 0 : t->run.finished ? n : t->run.awaits + n;
    t->crash_delivery = delivery;
}

uint32_t
farrier_test_awaits (struct farrier_test *t)
{
    return t->run.awaits;
}

/* --- beside the ops ------------------------------------------------------------------------- */

int32_t
farrier_test_probe (struct farrier_test *t)
{
    static const struct farrier_op none = { .name = "probe" };
    int32_t rc = ready (t);
    if (rc != FARRIER_OK || t->def.probe == NULL)
        return rc != FARRIER_OK ? rc : FARRIER_E_UNSUPPORTED;
    return bench_probe (t, &none);
}

int32_t
farrier_test_effects (struct farrier_test *t, struct farrier_effects *ret)
{
    struct outside o;
    int32_t rc = ready (t);
    if (rc != FARRIER_OK || t->def.effects == NULL)
        return rc != FARRIER_OK ? rc : FARRIER_E_UNSUPPORTED;
    if (!t->has_component || t->image == NULL)
        bench_misuse ("farrier_test_effects: name a component and an image first");
    enter (t, &o);
    struct farrier_step lend = { .arena = o.arena };
    struct farrier_component *c = guarded_alloc (o.arena, GUARDED_PASSED, sizeof *c);
    struct farrier_image_info *info = guarded_alloc (o.arena, GUARDED_PASSED, sizeof *info);
    c->struct_size = sizeof *c;
    info->struct_size = sizeof *info;
    record_to_component (&lend, &t->component, c);
    bench_core ()->image_info (&t->image->handle, info);
    *ret = (struct farrier_effects) { .struct_size = sizeof *ret, .order_rank = 100,
                                      .reboot = FARRIER_REBOOT_HOST_RESET };
    return leave (t, &o, t->def.effects (t->self, c, info, ret));
}

static int32_t
read_file (struct farrier_test *t, const void *bytes, size_t len, bool catalog)
{
    struct farrier_formats formats = { 0 };
    struct outside o;
    int32_t rc = ready (t);
    if (rc == FARRIER_OK && t->def.formats != NULL)
        memcpy (&formats, t->def.formats, t->def.formats->struct_size < sizeof formats
                                              ? t->def.formats->struct_size : sizeof formats);
    if (rc != FARRIER_OK || (catalog ? formats.read_catalog == NULL : formats.inspect == NULL))
        return rc != FARRIER_OK ? rc : FARRIER_E_UNSUPPORTED;
    enter (t, &o);
    struct farrier_reader *reader = bench_handle (sizeof *reader);
    struct farrier_sink *sink = bench_handle (sizeof *sink);
    *reader = (struct farrier_reader) { t->host, bytes, len };
    *sink = (struct farrier_sink) { t->host, t->images, t->records };
    return leave (t, &o, (catalog ? formats.read_catalog : formats.inspect) (t->host, reader,
                                                                           sink, o.err));
}

int32_t
farrier_test_inspect (struct farrier_test *t, const void *bytes, size_t len)
{
    return read_file (t, bytes, len, false);
}

int32_t
farrier_test_read_catalog (struct farrier_test *t, const void *bytes, size_t len)
{
    return read_file (t, bytes, len, true);
}
