/* step: see step.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/step.h"

#include <pthread.h>

#include "base/log.h"
#include "base/mem.h"

static struct farrier_host table;
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void
make_table (void)
{
    table.struct_size = sizeof table;
    table.abi_major = FARRIER_ABI_MAJOR;
    table.abi_minor = FARRIER_ABI_MINOR;
    step_table_values (&table);
    step_table_state (&table);
    step_table_xml (&table);
    step_table_io (&table);
    step_table_attachment (&table);
    step_table_image (&table);
    step_table_await (&table);
}

const struct farrier_host *
step_host_table (void)
{
    pthread_once (&table_once, make_table);
    return &table;
}

void
step_init (struct farrier_step *step, const struct step_input *in)
{
    *step = (struct farrier_step) { 0 };
    step->host = step_host_table ();
    step->in = *in;
    step->arena = arena_new (STEP_ARENA_BYTES);
    step->bag = in->bag == NULL ? json_object () : json_copy ((json_t *) in->bag);
    step->results = json_object ();
    step->identity = json_array ();
    step->facts = json_object ();
    step->sensors = json_array ();
    step->outcomes = json_array ();
    step->context_set = json_object ();
    step->rung = -1;
    step->permille = -1;
    plugin_error_clear (&step->emit_error);
}

static void
free_component (void *c)
{
    component_free (c);
}

void
step_free (struct farrier_step *step)
{
    arena_free (step->arena);
    vec_free_with (&step->components, free_component);
    json_decref (step->bag);
    json_decref (step->results);
    json_decref (step->identity);
    json_decref (step->facts);
    json_decref (step->sensors);
    json_decref (step->outcomes);
    json_decref (step->context_set);
    json_decref (step->failed);
    mem_free (step->bind_plugin);
    json_decref (step->await);
    mem_free (step->skip_reason);
    mem_free (step->progress_text);
    *step = (struct farrier_step) { 0 };
}

static int32_t
bug (struct farrier_step *step, struct farrier_error *err, const char *what)
{
    const struct plugin *plugin = step->in.op->plugin;
    return step->host->fail (err, FARRIER_E_PLUGIN_BUG, "plugin '%s', op '%s', %s: %s",
                             plugin == NULL ? "(core)" : plugin_info (plugin)->name,
                             step->in.op->def.name, plugin_callback_name (step->in.callback),
                             what);
}

/* What a callback says must fit what it did. */
static int32_t
judge (struct farrier_step *step, int32_t rc, struct farrier_error *err)
{
    bool awaits = rc == FARRIER_PENDING || rc == FARRIER_ADOPT;
    /* Whatever it says, it saw an absent value where there may be one. */
    if (arena_exhausted (step->arena))
        return step->host->fail (err, FARRIER_E_NO_SPACE, "op '%s', %s: needs more than %u MiB of "
                                 "memory in one call", step->in.op->def.name,
                                 plugin_callback_name (step->in.callback), STEP_ARENA_BYTES >> 20);
    if (step->awaits > 1)
        return bug (step, err, "registered more than one await");
    if (awaits && step->await == NULL)
        return bug (step, err, "answered PENDING without an await");
    if (rc >= 0 && !awaits && step->await != NULL)
        return bug (step, err, "registered an await and did not answer PENDING");
    if (rc == FARRIER_PENDING && step->in.callback == PLUGIN_CALL_RECONCILE
        && step->await_changing)
        return bug (step, err, "registered an await that changes something: it may only read");
    if (rc >= 0 && step->oversize)
        return bug (step, err, "its state is larger than 16 KiB");
    if (rc >= 0 && step->emit_error.code != FARRIER_OK)
        return bug (step, err, step->emit_error.message);
    return rc;
}

/* The op's own parameters that are SECRET; settings of plugins are known since they were read. */
static void
hide_secrets (const struct farrier_step *step, void (*hide) (const char *secret))
{
    struct farrier_param param;
    for (size_t i = 0; plugin_param_at (&step->in.op->def.params, i, &param); i++) {
        const char *secret = json_string_value (json_object_get (step->in.params, param.name));
        if ((param.flags & FARRIER_PARAM_SECRET) != 0 && secret != NULL)
            hide (secret);
    }
}

/* The core's own actions are ops without a plugin around them. */
static int32_t
call_core (struct farrier_step *step, struct farrier_error *ret_error)
{
    const struct farrier_op *op = &step->in.op->def;
    farrier_callback *const callbacks[] = { op->start, op->poll, op->cancel, op->reconcile };
    return callbacks[step->in.callback](NULL, step, ret_error);
}

int32_t
step_run (struct farrier_step *step, struct farrier_error *ret_error)
{
    const struct log_context context = {
        .job = step->in.job_id, .host = step->in.host_name, .op = step->in.op->def.name
    };
    log_set_context (&context);
    hide_secrets (step, log_secret_add);
    plugin_error_clear (ret_error);
    int32_t rc = step->in.op->plugin != NULL
                     ? plugin_call (step->in.op, step->in.callback, step, ret_error)
                     : call_core (step, ret_error);
    rc = judge (step, rc, ret_error);
    hide_secrets (step, log_secret_remove);
    log_set_context (NULL);
    return rc;
}
