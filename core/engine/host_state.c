/* host_state: the host table's log and errors, parameters, bag, results, progress and emissions.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/record.h"
#include "engine/step.h"

static void
write_log (const struct farrier_host *host, struct farrier_step *step, int32_t level,
           const char *fmt, ...)
{
    static const enum log_level levels[] = { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN,
                                             LOG_LEVEL_ERROR };
    (void) host;
    (void) step;                       /* job, host and op are in the thread's log context */
    va_list ap;
    va_start (ap, fmt);
    log_vwrite (level >= 0 && level < 4 ? levels[level] : LOG_LEVEL_INFO, fmt, ap);
    va_end (ap);
}

/* What goes into an error goes into the journal. */
static void
redact (char *text, size_t size)
{
    char *clean = log_redact (text);
    str_copy (text, size, clean);
    mem_free (clean);
}

static int32_t
fail (struct farrier_error *err, int32_t code, const char *fmt, ...)
{
    if (err != NULL) {
        va_list ap;
        va_start (ap, fmt);
        vsnprintf (err->message, sizeof err->message, fmt, ap);
        va_end (ap);
        redact (err->message, sizeof err->message);
        err->code = code;
    }
    return code;
}

static void
hint (struct farrier_error *err, const char *fmt, ...)
{
    if (err == NULL)
        return;
    va_list ap;
    va_start (ap, fmt);
    vsnprintf (err->hint, sizeof err->hint, fmt, ap);
    va_end (ap);
    redact (err->hint, sizeof err->hint);
}

static void
step_info (struct farrier_step *step, struct farrier_step_info *ret)
{
    struct farrier_step_info info = {
        .struct_size = sizeof info,
        .attempt = step->in.attempt,
        .job_id = step->in.job_id,
        .attempt_id = step->in.attempt_id,
        .host_name = step->in.host_name,
        .op = step->in.op->def.name,
        .deadline_ms = step->in.deadline_ms,
        .dry_run = step->in.dry_run,
    };
    record_copy_out (ret, &info, sizeof info);
}

static const char *
param_str (struct farrier_step *step, const char *name)
{
    return json_string_value (json_object_get (step->in.params, name));
}

static int64_t
param_i64 (struct farrier_step *step, const char *name)
{
    const json_t *v = json_object_get (step->in.params, name);
    if (json_is_boolean (v))
        return json_is_true (v);
    return json_is_integer (v) ? (int64_t) json_integer_value (v) : 0;
}

static const struct farrier_json *
param_json (struct farrier_step *step, const char *name)
{
    return step_json (step, json_object_get (step->in.params, name));
}

static const struct farrier_json *
context (struct farrier_step *step, const char *pointer)
{
    return step_json (step, json_at (step->in.context, pointer));
}

static int32_t
component (struct farrier_step *step, struct farrier_component *ret)
{
    if (step->in.component == NULL)
        return FARRIER_E_UNSUPPORTED;
    record_to_component (step, step->in.component, ret);
    return FARRIER_OK;
}

static int32_t
component_at (struct farrier_step *step, uint32_t index, struct farrier_component *ret)
{
    const struct vec *all = step->in.load_components == NULL
                                ? NULL
                                : step->in.load_components (step->in.load_arg);
    if (all == NULL || index >= all->count)
        return FARRIER_E_INVALID;
    record_to_component (step, vec_at (all, index), ret);
    return FARRIER_OK;
}

static const struct farrier_image *
image (struct farrier_step *step)
{
    return step->in.image;
}

static int32_t
cancelled (struct farrier_step *step)
{
    return atomic_load (step->in.cancelled) ? 1 : 0;
}

static void
wake (struct farrier_step *step, struct farrier_wake *ret)
{
    record_copy_out (ret, &step->in.wake, sizeof step->in.wake);
}

static int32_t
wake_document (struct farrier_step *step, uint32_t index, struct farrier_document *ret)
{
    if (step->in.documents == NULL || index >= step->in.documents->count)
        return FARRIER_E_INVALID;
    const struct step_document *d = vec_at (step->in.documents, index);
    struct farrier_document out = {
        .struct_size = sizeof out,
        .code = d->code,
        .http_status = d->http_status,
        .path = d->path,
        .json = step_json (step, d->json),
        .message = d->message,
    };
    record_copy_out (ret, &out, sizeof out);
    return FARRIER_OK;
}

static int32_t
skip (struct farrier_step *step, const char *fmt, ...)
{
    va_list ap;
    va_start (ap, fmt);
    mem_free (step->skip_reason);
    step->skip_reason = str_vprintf (fmt, ap);
    va_end (ap);
    return FARRIER_SKIPPED;
}

static int32_t
recheck (struct farrier_step *step, uint32_t after_ms)
{
    step->recheck_ms = after_ms;
    return FARRIER_RECHECK;
}

static void
known (struct farrier_step *step)
{
    step->known = true;
}

static const char *
state_get (struct farrier_step *step, const char *name)
{
    return json_string_value (json_object_get (step->bag, name));
}

static size_t
bag_size (const json_t *bag)
{
    size_t size = 2;
    const char *key;
    json_t *v;
    json_object_foreach ((json_t *) bag, key, v)
        size += strlen (key) + json_string_length (v) + 8;
    return size;
}

static int32_t
state_set (struct farrier_step *step, const char *name, const char *value)
{
    if (name == NULL || value == NULL || !str_valid_utf8 (value, strlen (value)))
        return FARRIER_E_INVALID;
    json_object_set_new (step->bag, name, json_string (value));
    if (bag_size (step->bag) <= STEP_BAG_BYTES)
        return FARRIER_OK;
    step->oversize = true;
    return FARRIER_E_NO_SPACE;
}

static void
state_del (struct farrier_step *step, const char *name)
{
    json_object_del (step->bag, name);
}

static int32_t
result_set (struct farrier_step *step, const char *name, const struct farrier_json *value)
{
    if (name == NULL || value == NULL)
        return FARRIER_E_INVALID;
    json_object_set_new (step->results, name, json_deep_copy (value->value));
    return FARRIER_OK;
}

/* What this callback set wins over what earlier ops of the job left. */
static const struct farrier_json *
result_get (struct farrier_step *step, const char *component_key, const char *name)
{
    const char *own = step->in.component == NULL ? "" : step->in.component->key;
    const char *key = component_key == NULL ? own : component_key;
    json_t *v = str_eq (key, own) ? json_object_get (step->results, name) : NULL;
    if (v == NULL) {
        json_t *all = json_object_get (step->in.context, "results");
        v = json_object_get (json_object_get (all, key), name);
    }
    return step_json (step, v);
}

static void
outcome (struct farrier_step *step, uint32_t rung)
{
    if (rung <= FARRIER_RUNG_ACTIVATED && (int32_t) rung > step->rung)
        step->rung = (int32_t) rung;
}

static void
needs (struct farrier_step *step, uint32_t reboot)
{
    if (reboot != FARRIER_REBOOT_NONE && reboot <= FARRIER_REBOOT_AC_CYCLE) {
        step->needs |= 1u << reboot;
        step->needs_done &= ~(1u << reboot);
    }
}

static void
needs_done (struct farrier_step *step, uint32_t reboot)
{
    if (reboot <= FARRIER_REBOOT_AC_CYCLE) {
        step->needs_done |= 1u << reboot;
        step->needs &= ~(1u << reboot);
    }
}

/* The set that is open: what the job knew, plus and minus what this callback said. */
static uint32_t
needed (struct farrier_step *step)
{
    uint32_t open = record_needs_mask (step->in.context);
    return (open | step->needs) & ~step->needs_done;
}

static void
progress (struct farrier_step *step, uint32_t permille, const char *text)
{
    int32_t clamped = permille > 1000 ? 1000 : (int32_t) permille;
    if (clamped > step->permille)
        step->permille = clamped;
    if (text != NULL)
        str_set (&step->progress_text, text);
}

static void
critical_enter (struct farrier_step *step)
{
    step->critical = true;
    step->critical_said = true;
}

static void
critical_leave (struct farrier_step *step)
{
    step->critical = false;
    step->critical_said = true;
}

static void
emit_component (struct farrier_step *step, const struct farrier_component *c)
{
    struct err err;
    struct component *measured = mem_alloc (sizeof *measured);
    if (component_from_abi (c, measured, &err) != 0) {
        mem_free (measured);
        if (step->emit_error.code == FARRIER_OK)
            fail (&step->emit_error, FARRIER_E_PLUGIN_BUG, "%s", err.message);
        return;
    }
    measured->measured_at_ms = clock_wall_ms ();
    vec_push (&step->components, measured);
}

static void
emit_identity (struct farrier_step *step, const char *kind, const char *value, const char *uri,
               const char *pointer)
{
    if (str_empty (kind) || str_empty (value))
        return;
    json_t *v = json_object ();
    json_put_str (v, "kind", kind);
    json_put_str (v, "value", value);
    json_put_str (v, "uri", uri);
    json_put_str (v, "pointer", pointer);
    json_array_append_new (step->identity, v);
}

static void
emit_fact (struct farrier_step *step, const char *name, const struct farrier_json *value)
{
    if (!str_empty (name) && value != NULL)
        json_object_set_new (step->facts, name, json_deep_copy (value->value));
}

static void
emit_sensor (struct farrier_step *step, const char *name, double value, const char *unit,
             const char *health)
{
    if (str_empty (name))
        return;
    json_t *v = json_object ();
    json_put_str (v, "name", name);
    json_put (v, "value", json_real (value));
    json_put_str (v, "unit", unit);
    json_put_str (v, "health", health);
    json_array_append_new (step->sensors, v);
}

void
step_table_state (struct farrier_host *table)
{
    table->log = write_log;
    table->fail = fail;
    table->hint = hint;
    table->step_info = step_info;
    table->param_str = param_str;
    table->param_i64 = param_i64;
    table->param_json = param_json;
    table->context = context;
    table->component = component;
    table->component_at = component_at;
    table->image = image;
    table->cancelled = cancelled;
    table->wake = wake;
    table->wake_document = wake_document;
    table->skip = skip;
    table->recheck = recheck;
    table->known = known;
    table->state_get = state_get;
    table->state_set = state_set;
    table->state_del = state_del;
    table->result_set = result_set;
    table->result_get = result_get;
    table->outcome = outcome;
    table->needs = needs;
    table->needed = needed;
    table->needs_done = needs_done;
    table->progress = progress;
    table->critical_enter = critical_enter;
    table->critical_leave = critical_leave;
    table->emit_component = emit_component;
    table->emit_identity = emit_identity;
    table->emit_fact = emit_fact;
    table->emit_sensor = emit_sensor;
}
