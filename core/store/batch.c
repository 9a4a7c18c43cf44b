/* batch: lists of operations, with their limits checked while they are made.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/driver.h"

struct store_batch *
store_batch_new (const char *label)
{
    struct store_batch *b = mem_alloc (sizeof *b);

    list_init (&b->ops);
    b->label = str_dup (label);
    return b;
}

static void
op_free (struct store_op *op)
{
    if (op->rows != NULL) {
        row_free (op->type, op->rows, op->count);
    }
    for (size_t i = 0; i < STORE_OP_TEXTS; i++) {
        mem_free (op->text[i]);
    }
    mem_free (op);
}

void
store_batch_free (struct store_batch *b)
{
    if (b == NULL) {
        return;
    }
    list_for_each_safe (it, next, &b->ops) {
        op_free (list_entry (it, struct store_op, link));
    }
    mem_free (b->label);
    mem_free (b);
}

size_t
store_batch_count (const struct store_batch *b)
{
    return b->count;
}

static struct store_op *
add (struct store_batch *b, enum store_op_kind kind)
{
    struct store_op *op = mem_alloc (sizeof *op);

    op->kind = kind;
    list_add_tail (&b->ops, &op->link);
    b->count++;
    return op;
}

static struct store_op *
add_rows (struct store_batch *b, enum store_op_kind kind, const struct row_type *type,
          const void *rows, size_t count)
{
    struct store_op *op = add (b, kind);

    op->type = type;
    op->rows = row_copy (type, rows, count);
    op->count = count;
    return op;
}

static struct store_op *
add_texts (struct store_batch *b, enum store_op_kind kind, const char *first, const char *second)
{
    struct store_op *op = add (b, kind);

    op->text[0] = str_dup (first);
    op->text[1] = str_dup (second);
    return op;
}

static void
limit (struct store_batch *b, const char *text, size_t max, const char *what, const char *id)
{
    size_t len = text == NULL ? 0 : strlen (text);

    if (len > max && b->refusal.code == 0) {
        err_set (&b->refusal, FARRIER_E_INVALID, "the %s of %s is %zu bytes, at most %zu fit", what,
                 id == NULL ? "(no id)" : id, len, max);
    }
}

static void
require (struct store_batch *b, const char *text, const char *what)
{
    if (str_empty (text) && b->refusal.code == 0) {
        err_set (&b->refusal, FARRIER_E_INTERNAL, "a row without its %s was to be stored", what);
    }
}

void
store_batch_meta_put (struct store_batch *b, const char *key, const char *value)
{
    require (b, key, "meta key");
    add_texts (b, STORE_OP_META_PUT, key, value);
}

/* --- hosts ------------------------------------------------------------------------------------ */

void
store_batch_host_put (struct store_batch *b, const struct store_host *host)
{
    require (b, host->id, "host id");
    require (b, host->name, "host name");
    add_rows (b, STORE_OP_HOST_PUT, &row_host, host, 1);
}

void
store_batch_host_update (struct store_batch *b, const struct store_host *host)
{
    require (b, host->id, "host id");
    add_rows (b, STORE_OP_HOST_UPDATE, &row_host, host, 1);
}

void
store_batch_host_delete (struct store_batch *b, const char *host_id)
{
    add_texts (b, STORE_OP_HOST_DELETE, host_id, NULL);
}

void
store_batch_endpoint_put (struct store_batch *b, const struct store_endpoint *endpoint)
{
    require (b, endpoint->host_id, "endpoint's host");
    require (b, endpoint->kind, "endpoint kind");
    add_rows (b, STORE_OP_ENDPOINT_PUT, &row_endpoint, endpoint, 1);
}

void
store_batch_endpoint_delete (struct store_batch *b, const char *host_id, const char *kind)
{
    add_texts (b, STORE_OP_ENDPOINT_DELETE, host_id, kind);
}

void
store_batch_bindings_put (struct store_batch *b, const char *host_id,
                          const struct store_binding *bindings, size_t count)
{
    struct store_op *op = add_rows (b, STORE_OP_BINDINGS_PUT, &row_binding, bindings, count);

    require (b, host_id, "binding's host");
    op->text[0] = str_dup (host_id);
    for (size_t i = 0; i < count; i++) {
        struct store_binding *row = row_at (&row_binding, op->rows, i);
        require (b, row->plugin, "binding's plugin");
        str_set (&row->host_id, host_id);
        row->position = (int) i;
    }
}

void
store_batch_credential_put (struct store_batch *b, const struct store_credential *credential)
{
    require (b, credential->id, "credential id");
    add_rows (b, STORE_OP_CREDENTIAL_PUT, &row_credential, credential, 1);
}

void
store_batch_credential_delete (struct store_batch *b, const char *credential_id)
{
    add_texts (b, STORE_OP_CREDENTIAL_DELETE, credential_id, NULL);
}

void
store_batch_inventory_put (struct store_batch *b, const char *host_id, int64_t at_ms,
                           const struct store_component *components, size_t count,
                           const char *cause)
{
    struct store_op *op =
        add_rows (b, STORE_OP_INVENTORY_PUT, &row_component, components, count);

    require (b, host_id, "inventory's host");
    op->text[0] = str_dup (host_id);
    op->text[1] = str_dup (cause);
    op->number[0] = at_ms;
    for (size_t i = 0; i < count; i++) {
        struct store_component *row = row_at (&row_component, op->rows, i);
        require (b, row->key, "component key");
        str_set (&row->host_id, host_id);
    }
}

void
store_batch_bmc_session_put (struct store_batch *b, const struct store_bmc_session *session)
{
    require (b, session->host_id, "session's host");
    require (b, session->endpoint, "session's endpoint");
    add_rows (b, STORE_OP_BMC_SESSION_PUT, &row_bmc_session, session, 1);
}

void
store_batch_bmc_session_delete (struct store_batch *b, const char *host_id, const char *endpoint)
{
    add_texts (b, STORE_OP_BMC_SESSION_DELETE, host_id, endpoint);
}

/* --- plans ------------------------------------------------------------------------------------ */

void
store_batch_plan_put (struct store_batch *b, const struct store_plan *plan,
                      const struct store_plan_host *hosts, size_t count)
{
    require (b, plan->id, "plan id");
    add_rows (b, STORE_OP_PLAN_PUT, &row_plan, plan, 1);

    struct store_op *op = add_rows (b, STORE_OP_PLAN_HOSTS_PUT, &row_plan_host, hosts, count);
    for (size_t i = 0; i < count; i++) {
        struct store_plan_host *row = row_at (&row_plan_host, op->rows, i);
        require (b, row->host_id, "planned host");
        str_set (&row->plan_id, plan->id);
    }
}

void
store_batch_plan_status (struct store_batch *b, const char *plan_id, const char *from,
                         const char *to, const char *by, int64_t at_ms)
{
    struct store_op *op = add_texts (b, STORE_OP_PLAN_STATUS, plan_id, from);

    op->text[2] = str_dup (to);
    op->text[3] = str_dup (by);
    op->number[0] = at_ms;
}

void
store_batch_rollout_put (struct store_batch *b, const struct store_rollout *rollout)
{
    require (b, rollout->id, "rollout id");
    add_rows (b, STORE_OP_ROLLOUT_PUT, &row_rollout, rollout, 1);
}

void
store_batch_workflow_text_put (struct store_batch *b, const struct store_workflow_text *text)
{
    require (b, text->digest, "workflow digest");
    add_rows (b, STORE_OP_WORKFLOW_TEXT_PUT, &row_workflow_text, text, 1);
}

/* --- jobs ------------------------------------------------------------------------------------- */

static void
check_job (struct store_batch *b, const struct store_job *job)
{
    require (b, job->id, "job id");
    require (b, job->host_id, "job's host");
    require (b, job->state, "job state");
    limit (b, job->context_json, STORE_CONTEXT_MAX, "context", job->id);
    limit (b, job->position_json, STORE_CONTEXT_MAX, "position", job->id);
}

void
store_batch_job_insert (struct store_batch *b, const struct store_job *job)
{
    check_job (b, job);
    add_rows (b, STORE_OP_JOB_INSERT, &row_job, job, 1);
}

void
store_batch_job_update (struct store_batch *b, const struct store_job *job,
                        int64_t expected_generation)
{
    check_job (b, job);
    struct store_op *op = add_rows (b, STORE_OP_JOB_UPDATE, &row_job, job, 1);
    struct store_job *row = op->rows;

    op->number[0] = expected_generation;
    row->generation = expected_generation + 1;
}

void
store_batch_job_cancel (struct store_batch *b, const char *job_id)
{
    add_texts (b, STORE_OP_JOB_CANCEL, job_id, NULL);
}

static void
check_attempt (struct store_batch *b, const struct store_attempt *attempt)
{
    require (b, attempt->id, "attempt id");
    require (b, attempt->job_id, "attempt's job");
    require (b, attempt->step_path, "attempt's step");
    require (b, attempt->state, "attempt state");
    limit (b, attempt->bag_json, STORE_BAG_MAX, "state bag", attempt->id);
}

void
store_batch_attempt_insert (struct store_batch *b, const struct store_attempt *attempt)
{
    check_attempt (b, attempt);
    add_rows (b, STORE_OP_ATTEMPT_INSERT, &row_attempt, attempt, 1);
}

void
store_batch_attempt_update (struct store_batch *b, const struct store_attempt *attempt)
{
    check_attempt (b, attempt);
    add_rows (b, STORE_OP_ATTEMPT_UPDATE, &row_attempt, attempt, 1);
}

void
store_batch_attempt_resolve (struct store_batch *b, const char *attempt_id, const char *state,
                             int64_t at_ms)
{
    require (b, state, "attempt state");
    add_texts (b, STORE_OP_ATTEMPT_RESOLVE, attempt_id, state)->number[0] = at_ms;
}

void
store_batch_await_put (struct store_batch *b, const struct store_await *await)
{
    require (b, await->attempt_id, "await's attempt");
    require (b, await->job_id, "await's job");
    limit (b, await->spec_json, STORE_WAKE_MAX, "await", await->attempt_id);
    add_rows (b, STORE_OP_AWAIT_PUT, &row_await, await, 1);
}

static struct store_op *
add_await (struct store_batch *b, enum store_op_kind kind, const char *attempt_id, int64_t seq,
           const char *text)
{
    limit (b, text, STORE_WAKE_MAX, kind == STORE_OP_AWAIT_RESPEC ? "await" : "wake", attempt_id);
    struct store_op *op = add_texts (b, kind, attempt_id, text);

    op->number[0] = seq;
    return op;
}

void
store_batch_await_launch (struct store_batch *b, const char *attempt_id, int64_t seq,
                          int64_t launched_ms)
{
    add_await (b, STORE_OP_AWAIT_LAUNCH, attempt_id, seq, NULL)->number[1] = launched_ms;
}

void
store_batch_await_answer (struct store_batch *b, const char *attempt_id, int64_t seq,
                          const char *wake_json)
{
    add_await (b, STORE_OP_AWAIT_ANSWER, attempt_id, seq, wake_json);
}

void
store_batch_await_consume (struct store_batch *b, const char *attempt_id, int64_t seq)
{
    add_await (b, STORE_OP_AWAIT_CONSUME, attempt_id, seq, NULL);
}

void
store_batch_await_respec (struct store_batch *b, const char *attempt_id, int64_t seq,
                          const char *spec_json)
{
    add_await (b, STORE_OP_AWAIT_RESPEC, attempt_id, seq, spec_json);
}

void
store_batch_outcome_put (struct store_batch *b, const struct store_outcome *outcome)
{
    require (b, outcome->job_id, "outcome's job");
    require (b, outcome->component_key, "outcome's component");
    add_rows (b, STORE_OP_OUTCOME_PUT, &row_outcome, outcome, 1);
}

void
store_batch_result_put (struct store_batch *b, const struct store_result *result)
{
    require (b, result->job_id, "result's job");
    require (b, result->name, "result name");
    struct store_op *op = add_rows (b, STORE_OP_RESULT_PUT, &row_result, result, 1);
    struct store_result *row = op->rows;

    if (row->component_key == NULL) {
        row->component_key = str_dup ("");
    }
}

void
store_batch_event (struct store_batch *b, const struct store_event *event)
{
    require (b, event->kind, "event kind");
    add_rows (b, STORE_OP_EVENT_PUT, &row_event, event, 1);
    b->events++;
}

void
store_batch_event_prune (struct store_batch *b, int64_t before_ms, int64_t prune_limit)
{
    struct store_op *op = add (b, STORE_OP_EVENT_PRUNE);

    op->number[0] = before_ms;
    op->number[1] = prune_limit;
}

void
store_batch_artifact_put (struct store_batch *b, const struct store_artifact *artifact)
{
    require (b, artifact->id, "artifact id");
    add_rows (b, STORE_OP_ARTIFACT_PUT, &row_artifact, artifact, 1);
}

void
store_batch_duration_add (struct store_batch *b, const struct store_duration *sample)
{
    add_rows (b, STORE_OP_DURATION_PUT, &row_duration, sample, 1);
}
