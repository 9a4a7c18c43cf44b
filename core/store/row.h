/* row: what the rows of the store look like, as data: one table of members per struct, from which
 * copying, freeing, binding to a statement and reading from one all follow.
 *
 * For core/store and its drivers.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_STORE_ROW_H
#define FARRIER_STORE_ROW_H

#include <stddef.h>
#include <stdint.h>

enum row_kind {
    ROW_TEXT,                      /* char * */
    ROW_INT,                       /* int */
    ROW_I64,                       /* int64_t */
    ROW_BYTES,                     /* void *, and size_t at size_offset */
};

struct row_field {
    enum row_kind kind;
    size_t offset;
    size_t size_offset;
};

/* The order of the fields is the order of the columns in every statement. */
struct row_type {
    const char *name;
    size_t size;
    const struct row_field *fields;
    size_t count;
};

/* What small questions are answered with. */
struct row_value {
    char *text;
    int64_t number;
};

extern const struct row_type row_host, row_endpoint, row_binding, row_credential, row_component,
    row_history, row_component_count, row_bmc_session, row_plan, row_plan_host, row_rollout,
    row_workflow_text, row_job, row_job_count, row_attempt, row_await, row_outcome, row_result,
    row_event, row_artifact, row_duration, row_value_type;

/* Rows lie one after another; count 0 gives NULL. */
void *row_copy (const struct row_type *type, const void *rows, size_t count);
void row_clear (const struct row_type *type, void *row);
void row_free (const struct row_type *type, void *rows, size_t count);
void *row_at (const struct row_type *type, void *rows, size_t i);

/* Borrowed members by their field. */
char **row_text (void *row, const struct row_field *field);
int64_t row_number (const void *row, const struct row_field *field);

#endif
