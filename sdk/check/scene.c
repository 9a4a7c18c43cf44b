/* scene: see scene.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "scene.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "bmc.h"
#include "guarded.h"
#include "rules.h"
#include "sim_image.h"
#include "sim_timer.h"

#define IMAGE_BYTES 4096
#define IMAGE_BYTES_MAX 65536
#define WALL_MS INT64_C (1767225600000)
#define BOOT_MS 1000000

/* --- the image ------------------------------------------------------------------------------ */

bool
scene_set_begin (struct scene_set *set, char **ret_why)
{
    struct sim_image_recipe recipe = {
        .model = check_conf_personality (set->conf, set->about),
        .component = check_conf_component (set->conf, set->about),
        .version = set->conf->version, .size_bytes = IMAGE_BYTES, .seed = 1,
    };
    struct buf bytes = { 0 };
    struct err err = { 0 };
    char path[64];
    int fd = memfd_create ("image", MFD_CLOEXEC);
    str_format (path, sizeof path, "/proc/self/fd/%d", fd);
    int32_t rc = fd < 0 ? err_set (&err, ERR_IO, "no memory file can be made")
                        : sim_image_write (&recipe, path, &err);
    if (rc == 0)
        rc = fs_read (path, IMAGE_BYTES_MAX, &bytes, &err);
    if (fd >= 0)
        close (fd);
    if (rc != 0) {
        *ret_why = str_printf ("%s", err.message);
        return false;
    }
    set->image_len = bytes.len;
    set->image = buf_steal (&bytes);
    hash_sha256_hex (set->image, set->image_len, set->image_sha256);
    return true;
}

void
scene_set_end (struct scene_set *set)
{
    mem_free (set->image);
    set->image = NULL;
}

/* --- requests ------------------------------------------------------------------------------- */

static char *
header_lines (const json_t *headers)
{
    struct buf out = { 0 };
    size_t i;
    json_t *pair;
    json_array_foreach ((json_t *) headers, i, pair)
        buf_printf (&out, "%s: %s\r\n", json_string_value (json_array_get (pair, 0)),
                    json_string_value (json_array_get (pair, 1)));
    return buf_steal (&out);
}

static void
take_headers (char *lines, struct bench_reply *ret)
{
    for (char *line = lines; line != NULL && *line != '\0';) {
        char *end = strstr (line, "\r\n");
        if (end != NULL)
            *end = '\0';
        char *colon = strchr (line, ':');
        if (colon != NULL) {
            *colon = '\0';
            json_array_append_new (ret->headers,
                                   json_pack ("[ss]", line, str_trim (colon + 1)));
        }
        line = end == NULL ? NULL : end + 2;
    }
}

static void
take_answer (struct sim_lone_answer *a, struct bench_reply *ret)
{
    ret->took_ms = a->took_ms;
    ret->performed = a->performed;
    switch (a->end) {
    case SIM_LONE_ANSWERED:
        ret->status = a->status;
        ret->delivery = FARRIER_DELIVERY_ANSWERED;
        take_headers (a->headers.data, ret);
        ret->body_len = a->body.len;
        ret->body = buf_steal (&a->body);
        break;
    case SIM_LONE_REFUSED:
        ret->code = FARRIER_E_UNREACHABLE;
        ret->message = str_dup ("connection refused");
        break;
    case SIM_LONE_RESET:
        ret->code = FARRIER_E_TRANSIENT;
        ret->delivery = FARRIER_DELIVERY_MAYBE;
        ret->message = str_dup ("the connection broke off");
        break;
    case SIM_LONE_SILENCE:
        ret->code = FARRIER_E_TIMEOUT;
        ret->delivery = FARRIER_DELIVERY_MAYBE;
        ret->message = str_dup ("no complete answer");
        ret->took_ms = 60000;
        break;
    }
}

static void
ask_simulator (struct scene *s, const struct bench_request *q, struct bench_reply *ret)
{
    struct sim_lone_answer answer;
    char *headers = header_lines (q->headers);
    struct sim_lone_request request = {
        .method = q->method, .path = q->path, .content_type = q->content_type,
        .headers = headers, .body = q->body, .body_len = q->body_len,
    };
    sim_lone_ask (&s->sim, &request, &answer);
    take_answer (&answer, ret);
    sim_lone_answer_free (&answer);
    mem_free (headers);
}

static void
ask (void *arg, const struct bench_request *q, struct bench_reply *ret)
{
    struct scene *s = arg;
    if (s->armed) {
        char *line = str_printf ("%s %s", q->method, q->path);
        json_array_append_new (s->requests, json_string (line));
        mem_free (line);
    }
    if (s->armed && s->fault.kind != FAULT_NONE && fault_before (&s->fault, q, ret))
        return;
    if (!bmc_try (s->test->bmc, q, ret)) {
        if (s->simulated)
            ask_simulator (s, q, ret);
        else
            bmc_ask (s->test->bmc, q, ret);
    }
    if (s->armed && s->fault.kind != FAULT_NONE)
        fault_after (&s->fault, q, ret);
}

static void
advance (void *arg, int64_t ms)
{
    (void) arg;
    sim_timer_advance (ms);
}

static bool
fetch (void *arg, const char *uri, struct sim_image_reader *reader)
{
    const struct scene *s = arg;
    if (strstr (uri, "/once/") == NULL)
        return false;
    sim_image_reader_feed (reader, s->set->image, s->set->image_len);
    return true;
}

/* --- setting up ----------------------------------------------------------------------------- */

static void
use_conf (struct scene *s)
{
    const struct check_conf *conf = s->set->conf;
    for (size_t i = 0; i < conf->answers.count; i++) {
        const struct check_answer *a = vec_at (&conf->answers, i);
        farrier_test_answer (s->test, a->method, a->path, a->status, a->location, a->body);
    }
    for (size_t i = 0; i < conf->programs.count; i++) {
        const struct check_program *p = vec_at (&conf->programs, i);
        farrier_test_program (s->test, p->path, p->exit_status, p->output, "");
    }
    const char *fixture = s->set->replay != NULL ? s->set->replay : conf->fixture;
    if (fixture != NULL)
        farrier_test_fixture (s->test, fixture);
}

void
scene_open (struct scene *s, const struct scene_set *set)
{
    struct err err = { 0 };
    *s = (struct scene) { .set = set, .requests = json_array (),
                          .simulated = set->replay == NULL };
    clock_virtual_start (WALL_MS, BOOT_MS);
    if (s->simulated
        && sim_lone_start (&s->sim, set->personalities,
                           check_conf_personality (set->conf, set->about), &err) != 0)
        rules_fail ("", "%s", err.message);
    s->sim.fetch = fetch;
    s->sim.fetch_arg = s;
    s->test = farrier_test_new (set->plugin);
    s->test->backend = (struct bench_backend) { ask, advance, s };
    rules_watch (s->test);
    use_conf (s);
    char *settings = set->conf->settings == NULL ? NULL : json_text (set->conf->settings);
    int32_t rc = farrier_test_configure (s->test, settings);
    mem_free (settings);
    if (rc != FARRIER_OK)
        rules_fail ("", "load() or configure() answered %s: %s", err_code_name (rc),
                    farrier_test_error (s->test)->message);
}

void
scene_close (struct scene *s)
{
    farrier_test_free (s->test);
    if (s->simulated)
        sim_lone_stop (&s->sim);
    json_decref (s->requests);
    clock_virtual_stop ();
}

/* --- before the op -------------------------------------------------------------------------- */

static const struct plugin_op *
find_op (const struct farrier_test *t, const char *name)
{
    for (size_t i = 0; i < t->op_count; i++)
        if (str_eq (t->ops[i].def.name, name))
            return &t->ops[i];
    return NULL;
}

char *
scene_op_name (const char *about)
{
    return str_ndup (about, strcspn (about, "@"));
}

static char *
params_text (const struct check_conf *conf, const char *name)
{
    const struct check_op *op = check_conf_op (conf, name);
    return op == NULL || op->params == NULL ? NULL : json_text (op->params);
}

/* What a later op of the job sees of an earlier one. */
static void
keep_results (struct farrier_test *t)
{
    const char *name;
    json_t *value;
    json_object_foreach (t->run.results, name, value) {
        char *text = json_dumps (value, JSON_ENCODE_ANY);
        farrier_test_result_before (t, NULL, name, text);
        mem_free (text);
    }
}

static char *
run_before (struct scene *s, const char *name)
{
    if (find_op (s->test, name) == NULL)
        return str_printf ("the plugin has no op '%s'", name);
    char *params = params_text (s->set->conf, name);
    int32_t rc = farrier_test_run (s->test, name, params);
    mem_free (params);
    if (rc < 0 || rc == FARRIER_UNKNOWN)
        return str_printf ("%s before it: %s: %s", name,
                           rc < 0 ? err_code_name (rc) : "UNKNOWN",
                           farrier_test_error (s->test)->message);
    keep_results (s->test);
    return NULL;
}

static void
free_component (void *c)
{
    component_free (c);
}

static void
keep_inventory (struct farrier_test *t)
{
    vec_free_with (&t->known, free_component);
    for (size_t i = 0; i < t->run.components.count; i++) {
        struct component *copy = mem_alloc (sizeof *copy);
        component_copy (copy, vec_at (&t->run.components, i));
        vec_push (&t->known, copy);
    }
}

static void
use_component (struct farrier_test *t, const struct component *c)
{
    component_clear (&t->component);
    component_copy (&t->component, c);
    t->has_component = true;
}

/* The one that the image is for: as the plugin's own inventory shows it, or as the simulator has
 * it where the plugin has no inventory. */
static void
choose_component (struct scene *s, const char *name)
{
    struct farrier_test *t = s->test;
    struct sim_component *c = s->simulated ? sim_bmc_component (s->sim.bmc, name) : NULL;
    char *id = c == NULL ? NULL : sim_bmc_inventory_id (c, c->version);
    char *tail = id == NULL ? NULL : str_printf ("/FirmwareInventory/%s", id);
    bool found = false;
    for (size_t i = 0; i < t->known.count && !found; i++) {
        const struct component *k = vec_at (&t->known, i);
        found = tail == NULL ? str_eq (k->key, name) : k->uri != NULL && str_ends (k->uri, tail);
        if (found)
            use_component (t, k);
    }
    if (!found && c != NULL) {
        char *uri = str_printf ("/redfish/v1/UpdateService%s", tail);
        struct component made = { .key = (char *) name, .name = (char *) name, .uri = uri,
                                  .version = c->version, .updateable = 1 };
        component_type_from_name (name, &made.type);
        use_component (t, &made);
        mem_free (uri);
    }
    mem_free (id);
    mem_free (tail);
}

static void
use_image (struct scene *s)
{
    const struct scene_set *set = s->set;
    struct farrier_image_info info = {
        .struct_size = sizeof info, .name = "check.img", .version = set->conf->version,
        .vendor = "Farrier (simulated)", .sha256 = set->image_sha256,
        .type = s->test->has_component ? s->test->component.type : 0,
    };
    farrier_test_image (s->test, &info, set->image, set->image_len);
}

static bool
is_about_component (const struct check_op *conf, const struct plugin_op *op)
{
    return (op->def.flags & (FARRIER_OP_NEEDS_COMPONENT | FARRIER_OP_NEEDS_IMAGE)) != 0
           || (conf != NULL && (conf->component != NULL || conf->prepare.count > 0));
}

/* What the host has now. */
static char *
take_stock (struct scene *s, const char *name)
{
    char *why = NULL;
    if (find_op (s->test, "inventory") != NULL && !str_eq (name, "inventory")) {
        why = run_before (s, "inventory");
        keep_inventory (s->test);
    }
    choose_component (s, check_conf_component (s->set->conf, s->set->about));
    use_image (s);
    return why;
}

char *
scene_prepare (struct scene *s)
{
    const struct check_op *conf = check_conf_op (s->set->conf, s->set->about);
    char *name = scene_op_name (s->set->about), *why = NULL;
    bool about = is_about_component (conf, find_op (s->test, name));
    if (about)
        why = take_stock (s, name);
    if (conf != NULL && conf->needs != 0)
        farrier_test_needs_before (s->test, conf->needs);
    for (size_t i = 0; conf != NULL && i < conf->prepare.count && why == NULL; i++)
        why = run_before (s, vec_at (&conf->prepare, i));
    if (about && why == NULL && conf != NULL && conf->prepare.count > 0)
        why = take_stock (s, name);
    mem_free (name);
    return why;
}

/* --- the op --------------------------------------------------------------------------------- */

void
scene_run (struct scene *s, struct scene_result *ret)
{
    struct farrier_test *t = s->test;
    char *name = scene_op_name (s->set->about);
    char *params = params_text (s->set->conf, s->set->about);
    if (s->simulated)
        s->before = s->sim.bmc->counters;
    s->armed = true;
    guarded_fail_at (s->memory_fails_at);
    int32_t rc = farrier_test_run (t, name, params);
    s->armed = false;
    uint64_t memory = guarded_count ();
    guarded_fail_at (0);
    mem_free (name);
    mem_free (params);
    *ret = (struct scene_result) {
        .rc = rc, .awaits = t->run.awaits, .trail = json_incref (t->run.trail),
        .requests = json_incref (s->requests), .memory = memory,
    };
    str_copy (ret->message, sizeof ret->message, t->run.error.message);
    if (s->simulated) {
        const struct sim_counters *now = &s->sim.bmc->counters, *then = &s->before;
        ret->changes = now->changing_requests - then->changing_requests;
        ret->flashes = now->flashes_started - then->flashes_started;
        ret->completed = now->flashes_completed - then->flashes_completed;
        ret->duplicates = now->duplicates - then->duplicates;
    }
}

void
scene_result_free (struct scene_result *r)
{
    json_decref (r->trail);
    json_decref (r->requests);
    *r = (struct scene_result) { 0 };
}
