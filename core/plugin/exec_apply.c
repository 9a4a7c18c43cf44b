/* exec_apply: what a checked reply says beside its result: state, results, emissions, outcome.
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

/* The value as a handle of the host table; NULL when there is no memory for it. */
static const struct farrier_json *
handle_of (struct farrier_step *step, const json_t *value)
{
    char *made = json_text (value);
    const struct farrier_json *handle = farrier_json_parse (step, made);
    mem_free (made);
    return handle;
}

/* --- state and results ---------------------------------------------------------------------- */

static int32_t
apply_state (struct farrier_step *step, const json_t *state, struct farrier_error *err)
{
    if (state == NULL)
        return FARRIER_OK;
    char *made = json_text (state);
    int32_t rc = farrier_state_set (step, EXEC_BAG_STATE, made);
    mem_free (made);
    return rc == FARRIER_OK ? rc : farrier_fail (step, err, rc, "the state can't be kept");
}

static bool
declared (const struct exec_run *run, const char *name)
{
    struct farrier_result_desc r;
    const struct farrier_table *table = &run->plugin->ops[run->op].results;
    for (size_t i = 0; plugin_result_at (table, i, &r); i++) {
        if (str_eq (r.name, name))
            return true;
    }
    return false;
}

static int32_t
apply_results (const struct exec_run *run, struct farrier_step *step, const json_t *results,
               struct farrier_error *err)
{
    const char *name;
    json_t *v;
    json_object_foreach ((json_t *) results, name, v) {
        if (!declared (run, name))
            return farrier_fail (step, err, FARRIER_E_PLUGIN_BUG,
                                 "plugin %s: 'results/%s' is not among the results of %s in its "
                                 "description", run->plugin->name, name,
                                 run->plugin->ops[run->op].name);
        if (farrier_result_set (step, name, handle_of (step, v)) != FARRIER_OK)
            return farrier_fail (step, err, FARRIER_E_NO_SPACE, "the result %s can't be kept",
                                 name);
    }
    return FARRIER_OK;
}

/* --- emissions ------------------------------------------------------------------------------ */

static void
emit_component (struct farrier_step *step, const json_t *v)
{
    struct farrier_component c = FARRIER_INIT (struct farrier_component);
    const json_t *updateable = json_object_get (v, "updateable");
    const json_t *keys = json_object_get (v, "vendor_keys");
    const char *name;
    json_t *value;
    size_t n = json_object_size (keys), i = 0;
    struct farrier_pair *pairs = n == 0 ? NULL : farrier_alloc (step, n * sizeof *pairs);
    json_object_foreach ((json_t *) keys, name, value) {
        if (pairs == NULL)
            break;
        pairs[i].name = name;
        pairs[i++].value = json_string_value (value);
    }
    c.type = (uint32_t) exec_reply_component_type (text (v, "type"));
    c.key = text (v, "key");
    c.name = text (v, "name") == NULL ? c.key : text (v, "name");
    c.uri = text (v, "uri") == NULL ? "" : text (v, "uri");
    c.version = text (v, "version");
    c.version_pointer = text (v, "version_pointer");
    c.pending = text (v, "pending");
    c.previous = text (v, "previous");
    c.slot = text (v, "slot");
    c.status = text (v, "status");
    c.updateable = updateable == NULL ? -1 : json_is_true (updateable);
    if (pairs != NULL)
        c.vendor_keys = (struct farrier_table) FARRIER_TABLE_OF (pairs, i);
    farrier_emit_component (step, &c);
}

static void
apply_emit (struct farrier_step *step, const json_t *emit)
{
    size_t i;
    json_t *v;
    const char *name;
    json_array_foreach (json_object_get (emit, "components"), i, v)
        emit_component (step, v);
    json_array_foreach (json_object_get (emit, "identity"), i, v)
        farrier_emit_identity (step, text (v, "kind"), text (v, "value"), text (v, "uri"),
                               text (v, "pointer"));
    json_object_foreach (json_object_get (emit, "facts"), name, v)
        farrier_emit_fact (step, name, handle_of (step, v));
    json_array_foreach (json_object_get (emit, "sensors"), i, v)
        farrier_emit_sensor (step, text (v, "name"),
                             json_number_value (json_object_get (v, "value")), text (v, "unit"),
                             text (v, "health"));
}

/* --- what happened -------------------------------------------------------------------------- */

static void
apply_outcome (struct farrier_step *step, const json_t *reply)
{
    const json_t *critical = json_object_get (reply, "critical");
    const char *rung = text (reply, "outcome");
    size_t i;
    json_t *v;
    if (rung != NULL)
        farrier_outcome (step, (uint32_t) exec_reply_rung (rung));
    json_array_foreach (json_object_get (reply, "needs"), i, v)
        farrier_needs (step, (uint32_t) exec_reply_reboot (json_string_value (v)));
    json_array_foreach (json_object_get (reply, "needs_done"), i, v)
        farrier_needs_done (step, (uint32_t) exec_reply_reboot (json_string_value (v)));
    if (json_is_true (critical))
        farrier_critical_enter (step);
    else if (critical != NULL)
        farrier_critical_leave (step);
    const json_t *progress = json_object_get (reply, "progress");
    if (progress != NULL)
        farrier_progress (step, (uint32_t) json_int_or (progress, "/permille", 0),
                          text (progress, "text"));
}

int32_t
exec_apply (const struct exec_run *run, struct farrier_step *step, const json_t *reply,
            struct farrier_error *err)
{
    int32_t rc = apply_state (step, json_object_get (reply, "state"), err);
    if (rc == FARRIER_OK)
        rc = apply_results (run, step, json_object_get (reply, "results"), err);
    if (rc != FARRIER_OK)
        return rc;
    apply_emit (step, json_object_get (reply, "emit"));
    apply_outcome (step, reply);
    return FARRIER_OK;
}
