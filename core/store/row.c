/* row: the member tables of all rows, and what follows from them.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "store/row.h"

#include "base/mem.h"
#include "base/str.h"
#include "store/store.h"

#define TEXT(type, member) { ROW_TEXT, offsetof (struct type, member), 0 }
#define INT(type, member) { ROW_INT, offsetof (struct type, member), 0 }
#define I64(type, member) { ROW_I64, offsetof (struct type, member), 0 }
#define BYTES(type, member) \
    { ROW_BYTES, offsetof (struct type, member), offsetof (struct type, member##_size) }

#define TYPE(variable, type, table) \
    const struct row_type variable = { #type, sizeof (struct type), table, \
                                       sizeof (table) / sizeof ((table)[0]) }

#define ROW(name)                                                                \
    TYPE (row_##name, store_##name, name##_fields);                              \
    void store_##name##_clear (struct store_##name *row)                         \
    {                                                                            \
        row_clear (&row_##name, row);                                            \
    }                                                                            \
    void store_##name##_free (struct store_##name *row)                          \
    {                                                                            \
        row_free (&row_##name, row, 1);                                          \
    }                                                                            \
    void store_##name##_free_all (struct store_##name *rows, size_t count)       \
    {                                                                            \
        row_free (&row_##name, rows, count);                                     \
    }                                                                            \
    struct store_##name *store_##name##_copy (const struct store_##name *row)    \
    {                                                                            \
        return row_copy (&row_##name, row, 1);                                   \
    }                                                                            \
    _Static_assert (sizeof (name##_fields) > 0, "a row has members")

static const struct row_field host_fields[] = {
    TEXT (store_host, id),
    TEXT (store_host, name),
    TEXT (store_host, labels_json),
    TEXT (store_host, identity_json),
    TEXT (store_host, facts_json),
    TEXT (store_host, state),
    TEXT (store_host, note),
    INT (store_host, excluded),
    TEXT (store_host, last_error_json),
    I64 (store_host, last_inventory_ms),
    I64 (store_host, created_ms),
    I64 (store_host, updated_ms),
};
ROW (host);

static const struct row_field endpoint_fields[] = {
    TEXT (store_endpoint, host_id),
    TEXT (store_endpoint, kind),
    TEXT (store_endpoint, url),
    TEXT (store_endpoint, credential_id),
    TEXT (store_endpoint, trust),
    TEXT (store_endpoint, pin_sha256),
    TEXT (store_endpoint, ca_file),
    TEXT (store_endpoint, extra_json),
};
ROW (endpoint);

static const struct row_field binding_fields[] = {
    TEXT (store_binding, host_id),
    INT (store_binding, position),
    TEXT (store_binding, plugin),
    TEXT (store_binding, types_json),
};
ROW (binding);

static const struct row_field credential_fields[] = {
    TEXT (store_credential, id),
    BYTES (store_credential, sealed),
    I64 (store_credential, created_ms),
    I64 (store_credential, updated_ms),
};
ROW (credential);

static const struct row_field component_fields[] = {
    TEXT (store_component, host_id),
    TEXT (store_component, key),
    TEXT (store_component, type),
    TEXT (store_component, name),
    TEXT (store_component, uri),
    TEXT (store_component, slot),
    TEXT (store_component, vendor_keys_json),
    TEXT (store_component, version),
    TEXT (store_component, version_pointer),
    TEXT (store_component, pending),
    TEXT (store_component, previous),
    TEXT (store_component, alternate_json),
    INT (store_component, updateable),
    TEXT (store_component, status),
    I64 (store_component, measured_at_ms),
};
ROW (component);

static const struct row_field history_fields[] = {
    I64 (store_history, id),
    TEXT (store_history, host_id),
    TEXT (store_history, component_key),
    TEXT (store_history, component_type),
    TEXT (store_history, component_name),
    I64 (store_history, at_ms),
    TEXT (store_history, change),
    TEXT (store_history, from_version),
    TEXT (store_history, to_version),
    TEXT (store_history, cause),
};
ROW (history);

static const struct row_field component_count_fields[] = {
    TEXT (store_component_count, type),
    TEXT (store_component_count, name),
    TEXT (store_component_count, version),
    I64 (store_component_count, hosts),
};
ROW (component_count);

static const struct row_field bmc_session_fields[] = {
    TEXT (store_bmc_session, host_id),
    TEXT (store_bmc_session, endpoint),
    TEXT (store_bmc_session, uri),
    BYTES (store_bmc_session, token),
    I64 (store_bmc_session, created_ms),
};
ROW (bmc_session);

static const struct row_field plan_fields[] = {
    TEXT (store_plan, id),
    I64 (store_plan, created_ms),
    TEXT (store_plan, author),
    TEXT (store_plan, approved_by),
    I64 (store_plan, approved_ms),
    TEXT (store_plan, status),
    TEXT (store_plan, digest),
    TEXT (store_plan, summary_json),
    TEXT (store_plan, doc_json),
};
ROW (plan);

static const struct row_field plan_host_fields[] = {
    TEXT (store_plan_host, plan_id),
    TEXT (store_plan_host, host_id),
    TEXT (store_plan_host, status),
    TEXT (store_plan_host, summary),
    TEXT (store_plan_host, doc_json),
};
ROW (plan_host);

static const struct row_field rollout_fields[] = {
    TEXT (store_rollout, id),
    TEXT (store_rollout, plan_id),
    TEXT (store_rollout, author),
    TEXT (store_rollout, state),
    TEXT (store_rollout, options_json),
    TEXT (store_rollout, counts_json),
    I64 (store_rollout, created_ms),
    I64 (store_rollout, ended_ms),
    I64 (store_rollout, updated_ms),
};
ROW (rollout);

static const struct row_field workflow_text_fields[] = {
    TEXT (store_workflow_text, digest),
    TEXT (store_workflow_text, name),
    INT (store_workflow_text, version),
    TEXT (store_workflow_text, text),
    I64 (store_workflow_text, created_ms),
};
ROW (workflow_text);

static const struct row_field job_fields[] = {
    TEXT (store_job, id),
    TEXT (store_job, rollout_id),
    TEXT (store_job, plan_id),
    TEXT (store_job, host_id),
    INT (store_job, wave),
    INT (store_job, holds_host),
    TEXT (store_job, workflow_name),
    TEXT (store_job, workflow_digest),
    TEXT (store_job, state),
    TEXT (store_job, status),
    TEXT (store_job, phase),
    TEXT (store_job, step_path),
    TEXT (store_job, position_json),
    TEXT (store_job, context_json),
    INT (store_job, progress_permille),
    TEXT (store_job, progress_text),
    TEXT (store_job, cause_json),
    I64 (store_job, wake_at_ms),
    INT (store_job, cancel_requested),
    I64 (store_job, created_ms),
    I64 (store_job, started_ms),
    I64 (store_job, ended_ms),
    I64 (store_job, updated_ms),
    I64 (store_job, generation),
};
ROW (job);

static const struct row_field job_count_fields[] = {
    TEXT (store_job_count, state),
    TEXT (store_job_count, status),
    I64 (store_job_count, jobs),
};
ROW (job_count);

static const struct row_field attempt_fields[] = {
    TEXT (store_attempt, id),
    TEXT (store_attempt, job_id),
    TEXT (store_attempt, phase),
    TEXT (store_attempt, step_path),
    TEXT (store_attempt, action),
    TEXT (store_attempt, plugin),
    TEXT (store_attempt, op),
    INT (store_attempt, number),
    TEXT (store_attempt, component_key),
    TEXT (store_attempt, params_json),
    TEXT (store_attempt, image_digest),
    TEXT (store_attempt, state),
    TEXT (store_attempt, mode),
    I64 (store_attempt, started_ms),
    I64 (store_attempt, ended_ms),
    I64 (store_attempt, deadline_ms),
    TEXT (store_attempt, error_json),
    TEXT (store_attempt, bag_json),
    TEXT (store_attempt, results_json),
    I64 (store_attempt, seq),
    I64 (store_attempt, order),
};
ROW (attempt);

static const struct row_field await_fields[] = {
    TEXT (store_await, attempt_id),
    TEXT (store_await, job_id),
    I64 (store_await, seq),
    TEXT (store_await, kind),
    TEXT (store_await, label),
    TEXT (store_await, spec_json),
    TEXT (store_await, state),
    INT (store_await, changing),
    TEXT (store_await, digest),
    I64 (store_await, queued_ms),
    I64 (store_await, launched_ms),
    I64 (store_await, deadline_ms),
    TEXT (store_await, wake_json),
};
ROW (await);

static const struct row_field outcome_fields[] = {
    TEXT (store_outcome, job_id),
    TEXT (store_outcome, host_id),
    TEXT (store_outcome, component_key),
    TEXT (store_outcome, from_version),
    TEXT (store_outcome, to_version),
    TEXT (store_outcome, rung),
    TEXT (store_outcome, implied_json),
    TEXT (store_outcome, measured_version),
    TEXT (store_outcome, cause_json),
    I64 (store_outcome, updated_ms),
};
ROW (outcome);

static const struct row_field result_fields[] = {
    TEXT (store_result, job_id),
    TEXT (store_result, component_key),
    TEXT (store_result, name),
    TEXT (store_result, value_json),
};
ROW (result);

static const struct row_field event_fields[] = {
    I64 (store_event, id),
    I64 (store_event, at_ms),
    TEXT (store_event, kind),
    TEXT (store_event, host_id),
    TEXT (store_event, job_id),
    TEXT (store_event, rollout_id),
    TEXT (store_event, body_json),
};
ROW (event);

static const struct row_field artifact_fields[] = {
    TEXT (store_artifact, id),
    TEXT (store_artifact, job_id),
    TEXT (store_artifact, host_id),
    TEXT (store_artifact, name),
    TEXT (store_artifact, path),
    TEXT (store_artifact, sha256),
    I64 (store_artifact, size_bytes),
    I64 (store_artifact, created_ms),
};
ROW (artifact);

static const struct row_field duration_fields[] = {
    TEXT (store_duration, vendor),
    TEXT (store_duration, model),
    TEXT (store_duration, component_type),
    TEXT (store_duration, action),
    I64 (store_duration, duration_ms),
    I64 (store_duration, at_ms),
};
ROW (duration);

static const struct row_field value_fields[] = {
    TEXT (row_value, text),
    I64 (row_value, number),
};
TYPE (row_value_type, row_value, value_fields);

char **
row_text (void *row, const struct row_field *field)
{
    return (char **) ((char *) row + field->offset);
}

int64_t
row_number (const void *row, const struct row_field *field)
{
    const char *at = (const char *) row + field->offset;

    return field->kind == ROW_INT ? *(const int *) at : *(const int64_t *) at;
}

void *
row_at (const struct row_type *type, void *rows, size_t i)
{
    return (char *) rows + i * type->size;
}

static void
own_members (const struct row_type *type, void *row)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct row_field *field = &type->fields[i];
        char **text = row_text (row, field);

        if (field->kind == ROW_TEXT) {
            *text = str_dup (*text);
        } else if (field->kind == ROW_BYTES && *text != NULL) {
            *text = mem_dup (*text, *(size_t *) ((char *) row + field->size_offset));
        }
    }
}

void *
row_copy (const struct row_type *type, const void *rows, size_t count)
{
    if (count == 0) {
        return NULL;
    }
    char *copy = mem_dup (rows, count * type->size);
    for (size_t i = 0; i < count; i++) {
        own_members (type, row_at (type, copy, i));
    }
    return copy;
}

void
row_clear (const struct row_type *type, void *row)
{
    if (row == NULL) {
        return;
    }
    for (size_t i = 0; i < type->count; i++) {
        if (type->fields[i].kind == ROW_TEXT || type->fields[i].kind == ROW_BYTES) {
            mem_free (*row_text (row, &type->fields[i]));
        }
    }
    mem_wipe (row, type->size);
}

void
row_free (const struct row_type *type, void *rows, size_t count)
{
    if (rows == NULL) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        row_clear (type, row_at (type, rows, i));
    }
    mem_free (rows);
}
