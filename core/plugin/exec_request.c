/* exec_request: what a run of an executable plugin is told: one JSON object, and its plain values
 * as environment variables for shells. No secret is in either: both are journaled.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <ctype.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "farrier/sdk.h"
#include "plugin/exec.h"

static const char *const wake_kinds[] = {
    [FARRIER_WAKE_NONE] = "none",           [FARRIER_WAKE_RESPONSE] = "response",
    [FARRIER_WAKE_TRANSFER] = "transfer",   [FARRIER_WAKE_TASK] = "task",
    [FARRIER_WAKE_TIMER] = "timer",         [FARRIER_WAKE_PROCESS] = "process",
    [FARRIER_WAKE_REACHABLE] = "until",     [FARRIER_WAKE_COLLECTED] = "collected",
    [FARRIER_WAKE_RESUMED] = "resumed",
};

static const char *const deliveries[] = { "none", "maybe", "answered" };
static const char *const task_ends[] = { "done", "failed", "vanished", "needs_reset",
                                         "unchanged" };

/* Headers of an answer that tell how to go on. */
static const char *const headers[] = { "Location", "Retry-After", "ETag", "Content-Type" };

/* The value behind a handle of the host table; NULL for none. New reference. */
static json_t *
value_of (struct farrier_step *step, const struct farrier_json *value)
{
    const char *text = value == NULL ? NULL : farrier_json_text (step, value);
    return text == NULL ? NULL : json_parse (text, strlen (text), NULL);
}

static void
put_value (json_t *into, const char *key, json_t *value)
{
    if (value != NULL)
        json_put (into, key, value);
}

static void
put_text (json_t *into, const char *key, const char *text)
{
    if (text != NULL)
        json_put_str (into, key, text);
}

/* --- what it is about ----------------------------------------------------------------------- */

static json_t *
params_json (const struct exec_run *run, struct farrier_step *step)
{
    json_t *v = json_object ();
    struct farrier_param p;
    for (size_t i = 0; plugin_param_at (&run->plugin->ops[run->op].params, i, &p); i++)
        put_value (v, p.name, value_of (step, farrier_param_json (step, p.name)));
    return v;
}

static json_t *
component_json (struct farrier_step *step)
{
    struct farrier_component c = FARRIER_INIT (struct farrier_component);
    if (farrier_component (step, &c) != FARRIER_OK)
        return NULL;
    json_t *v = json_object (), *keys = json_object ();
    json_put_str (v, "type", exec_reply_component_type_name (c.type));
    json_put_str (v, "key", c.key);
    put_text (v, "name", c.name);
    put_text (v, "uri", c.uri);
    put_text (v, "version", c.version);
    put_text (v, "version_pointer", c.version_pointer);
    put_text (v, "pending", c.pending);
    put_text (v, "previous", c.previous);
    put_text (v, "slot", c.slot);
    for (uint32_t i = 0; i < c.vendor_keys.count; i++) {
        const struct farrier_pair *pair = (const struct farrier_pair *) (const void *) (
            (const char *) c.vendor_keys.items + (size_t) i * c.vendor_keys.stride);
        put_text (keys, pair->name, pair->value);
    }
    json_put (v, "vendor_keys", keys);
    return v;
}

static int32_t
image_json (const struct exec_run *run, struct farrier_step *step, json_t **ret,
            struct farrier_error *err)
{
    struct farrier_image_info info = FARRIER_INIT (struct farrier_image_info);
    const struct farrier_image *image = farrier_image (step);
    const char *path = NULL;
    if (image == NULL)
        return FARRIER_OK;
    if (run->plugin->extra[run->op].image_file) {
        int32_t rc = farrier_image_path (step, image, &path, err);
        if (rc != FARRIER_OK)
            return rc;
    }
    farrier_image_info (image, &info);
    json_t *v = json_object ();
    put_text (v, "name", info.name);
    put_text (v, "version", info.version);
    put_text (v, "vendor", info.vendor);
    put_text (v, "sha256", info.sha256);
    json_put_int (v, "size_bytes", (long long) info.size_bytes);
    put_text (v, "path", path);
    *ret = v;
    return FARRIER_OK;
}

static json_t *
needed_json (struct farrier_step *step)
{
    json_t *v = json_array ();
    uint32_t set = farrier_needed (step);
    for (unsigned kind = FARRIER_REBOOT_BMC_RESET; kind <= FARRIER_REBOOT_AC_CYCLE; kind++) {
        if ((set & FARRIER_REBOOT_BIT (kind)) != 0)
            json_array_append_new (v, json_string (exec_reply_reboot_name (kind)));
    }
    return v;
}

/* --- where it may go ------------------------------------------------------------------------ */

static int32_t
endpoints_json (const struct exec_run *run, struct farrier_step *step, const char *host,
                json_t *into, struct farrier_error *err)
{
    const struct exec_plugin *x = run->plugin;
    for (size_t i = 0; i < x->endpoint_count; i++) {
        struct farrier_endpoint e = FARRIER_INIT (struct farrier_endpoint);
        if (farrier_endpoint (step, x->endpoints[i], &e) != FARRIER_OK) {
            farrier_hint (step, err, "farrier host set %s", host);
            return farrier_fail (step, err, FARRIER_E_UNSUPPORTED,
                                 "plugin %s needs the endpoint '%s', which %s does not have",
                                 x->name, x->endpoints[i], host);
        }
        json_t *v = json_object ();
        json_put_str (v, "url", e.url);
        json_put_str (v, "address", e.address);
        json_put_int (v, "port", e.port);
        json_put (into, x->endpoints[i], v);
    }
    return FARRIER_OK;
}

/* On which descriptor each secret comes; those that the host has none of are left out. */
static json_t *
credentials_json (const struct exec_run *run, struct farrier_step *step)
{
    json_t *v = json_object ();
    for (size_t i = 0; i < run->plugin->secret_count; i++) {
        const struct exec_secret *s = &run->plugin->secrets[i];
        struct farrier_endpoint e = FARRIER_INIT (struct farrier_endpoint);
        if (farrier_endpoint (step, s->endpoint, &e) != FARRIER_OK || !e.has_credential)
            continue;
        json_t *own = json_object_get (v, s->endpoint);
        if (own == NULL) {
            own = json_object ();
            json_put (v, s->endpoint, own);
        }
        json_put_int (own, s->what, s->fd);
    }
    return v;
}

/* --- why it was woken ----------------------------------------------------------------------- */

static json_t *
response_json (struct farrier_step *step, const struct farrier_response *response)
{
    json_t *v = json_object (), *own = json_object ();
    json_put_int (v, "status", farrier_response_status (response));
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        put_text (own, headers[i], farrier_response_header (response, headers[i]));
    json_put (v, "headers", own);
    json_t *body = value_of (step, farrier_response_json (response));
    size_t len = 0;
    const char *text = body == NULL ? farrier_response_body (response, &len) : NULL;
    if (body == NULL && text != NULL && str_valid_utf8 (text, len))
        body = json_stringn (text, len);
    put_value (v, "body", body);
    return v;
}

static json_t *
documents_json (struct farrier_step *step, uint32_t count)
{
    json_t *list = json_array ();
    for (uint32_t i = 0; i < count; i++) {
        struct farrier_document d = FARRIER_INIT (struct farrier_document);
        if (farrier_wake_document (step, i, &d) != FARRIER_OK)
            break;
        json_t *v = json_object ();
        put_text (v, "path", d.path);
        json_put_int (v, "status", d.http_status);
        put_text (v, "code", d.code == FARRIER_OK ? NULL : err_code_name (d.code));
        put_text (v, "message", d.message);
        put_value (v, "json", value_of (step, d.json));
        json_array_append_new (list, v);
    }
    return list;
}

static json_t *
wake_json (struct farrier_step *step)
{
    struct farrier_wake w = FARRIER_INIT (struct farrier_wake);
    farrier_wake (step, &w);
    if (w.kind == FARRIER_WAKE_NONE || w.kind > FARRIER_WAKE_RESUMED)
        return NULL;
    json_t *v = json_object ();
    json_put_str (v, "kind", wake_kinds[w.kind]);
    json_put_str (v, "label", w.label == NULL ? "" : w.label);
    if (w.delivery >= 0 && w.delivery <= FARRIER_DELIVERY_ANSWERED)
        json_put_str (v, "delivery", deliveries[w.delivery]);
    if (w.code != FARRIER_OK) {
        json_put_str (v, "code", err_code_name (w.code));
        json_put_str (v, "message", w.message == NULL ? "" : w.message);
    }
    if (w.response != NULL)
        json_put (v, "response", response_json (step, w.response));
    if (w.kind == FARRIER_WAKE_TASK && w.code == FARRIER_OK && w.task_end <= FARRIER_TASK_UNCHANGED)
        json_put_str (v, "task_end", task_ends[w.task_end]);
    if (w.kind == FARRIER_WAKE_COLLECTED)
        json_put (v, "documents", documents_json (step, w.documents));
    if (w.kind == FARRIER_WAKE_REACHABLE || w.kind == FARRIER_WAKE_TASK) {
        json_put_int (v, "reads", w.reads);
        json_put_bool (v, "gap_seen", w.gap_seen != 0);
    }
    return v;
}

/* --- the environment ------------------------------------------------------------------------ */

static void
env_put (json_t *env, const char *prefix, const char *name, const char *value)
{
    char *key = str_printf ("%s%s", prefix, name);
    for (char *c = key; *c != '\0'; c++)
        *c = isalnum ((unsigned char) *c) ? (char) toupper ((unsigned char) *c) : '_';
    json_array_append_new (env, json_pack ("[ss]", key, value));
    mem_free (key);
}

/* Strings as they are; numbers and truth values as JSON writes them; nothing else. */
static void
env_put_all (json_t *env, const char *prefix, const json_t *object)
{
    const char *name;
    json_t *v;
    json_object_foreach ((json_t *) object, name, v) {
        if (json_is_string (v)) {
            env_put (env, prefix, name, json_string_value (v));
        } else if (json_is_number (v) || json_is_boolean (v)) {
            char *text = json_text (v);
            env_put (env, prefix, name, text);
            mem_free (text);
        }
    }
}

static json_t *
environment (const struct exec_run *run, const json_t *request)
{
    static const struct {
        const char *name, *pointer;
    } plain[] = {
        { "FARRIER_PLUGIN", "/plugin" },      { "FARRIER_OP", "/op" },
        { "FARRIER_CALLBACK", "/callback" },  { "FARRIER_HOST", "/host/name" },
        { "FARRIER_JOB", "/job" },            { "FARRIER_ATTEMPT", "/attempt/id" },
        { "FARRIER_WAKE", "/wake/kind" },     { "FARRIER_WAKE_CODE", "/wake/code" },
        { "FARRIER_DELIVERY", "/wake/delivery" },
        { "FARRIER_IMAGE", "/image/path" },   { "FARRIER_COMPONENT", "/component/key" },
    };
    json_t *env = json_array (), *v;
    const char *name;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        env_put (env, "", plain[i].name, json_str_or (request, plain[i].pointer, ""));
    env_put (env, "", "FARRIER_PLUGIN_DIR", run->plugin->dir);
    json_object_foreach (json_object_get (request, "endpoints"), name, v)
        env_put (env, "FARRIER_ENDPOINT_", name, json_str_or (v, "/url", ""));
    env_put_all (env, "FARRIER_PARAM_", json_object_get (request, "params"));
    env_put_all (env, "FARRIER_SETTING_", json_object_get (request, "settings"));
    env_put_all (env, "FARRIER_STATE_", json_object_get (request, "state"));
    for (size_t i = 0; i < run->plugin->secret_count; i++) {
        const struct exec_secret *s = &run->plugin->secrets[i];
        char *pointer = str_printf ("/credentials/%s/%s", s->endpoint, s->what);
        char path[32];
        str_format (path, sizeof path, "/proc/self/fd/%d", s->fd);
        if (s->file != NULL && json_at (request, pointer) != NULL)
            env_put (env, "", s->file, path);
        mem_free (pointer);
    }
    return env;
}

/* --- all ------------------------------------------------------------------------------------ */

static void
put_step (const struct exec_run *run, struct farrier_step *step, json_t *v)
{
    struct farrier_step_info info = FARRIER_INIT (struct farrier_step_info);
    json_t *attempt = json_object (), *host = json_object ();
    farrier_step_info (step, &info);
    json_put_int (v, "protocol", EXEC_PROTOCOL);
    json_put_str (v, "plugin", run->plugin->name);
    json_put_str (v, "op", run->plugin->ops[run->op].name);
    json_put_int (v, "op_version", run->plugin->ops[run->op].version);
    json_put_str (v, "callback", plugin_callback_name (run->which));
    json_put_bool (v, "dry_run", info.dry_run != 0);
    json_put_str (v, "job", info.job_id);
    json_put_str (attempt, "id", info.attempt_id);
    json_put_int (attempt, "number", info.attempt);
    json_put_int (attempt, "deadline_ms", info.deadline_ms);
    json_put (v, "attempt", attempt);
    json_put_str (host, "name", info.host_name);
    put_value (host, "facts", value_of (step, farrier_context (step, "/facts")));
    json_put (v, "host", host);
}

static json_t *
settings_json (const struct exec_plugin *x)
{
    pthread_mutex_t *lock = (pthread_mutex_t *) &x->lock;
    pthread_mutex_lock (lock);
    /* A copy: references of jansson are counted by one thread. */
    json_t *v = x->settings == NULL ? json_object () : json_deep_copy (x->settings);
    pthread_mutex_unlock (lock);
    return v;
}

static json_t *
state_json (struct farrier_step *step)
{
    const char *text = farrier_state_get (step, EXEC_BAG_STATE);
    json_t *v = text == NULL ? NULL : json_parse (text, strlen (text), NULL);
    return v == NULL ? json_object () : v;
}

int32_t
exec_request (const struct exec_run *run, struct farrier_step *step, json_t **ret_request,
              json_t **ret_env, struct farrier_error *err)
{
    json_t *v = json_object (), *endpoints = json_object (), *image = NULL;
    put_step (run, step, v);
    int32_t rc = endpoints_json (run, step, json_str_or (v, "/host/name", ""), endpoints, err);
    if (rc == FARRIER_OK)
        rc = image_json (run, step, &image, err);
    json_put (v, "endpoints", endpoints);
    if (rc != FARRIER_OK) {
        json_decref (v);
        return rc;
    }
    put_value (v, "image", image);
    json_put (v, "credentials", credentials_json (run, step));
    json_put (v, "settings", settings_json (run->plugin));
    json_put (v, "params", params_json (run, step));
    json_put (v, "state", state_json (step));
    json_put (v, "needed", needed_json (step));
    put_value (v, "component", component_json (step));
    put_value (v, "wake", wake_json (step));
    put_value (v, "last", json_incref ((json_t *) run->last));
    *ret_env = environment (run, v);
    *ret_request = v;
    return FARRIER_OK;
}
