/* write: which statement carries out which operation; those with conditions are in write_*.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/mem.h"
#include "base/str.h"
#include "store/sqlite/sqlite.h"

int32_t
sqlite_put_rows (struct sqlite_db *d, const char *name, const struct store_op *op, struct err *err)
{
    for (size_t i = 0; i < op->count; i++) {
        sqlite3_stmt *st;
        int32_t code = conn_statement (&d->writer, name, &st, err);

        if (code != 0) {
            return code;
        }
        conn_bind_row (st, op->type, row_at (op->type, op->rows, i));
        code = conn_run (&d->writer, st, err);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

int32_t
sqlite_put_texts (struct sqlite_db *d, const char *name, const struct store_op *op, struct err *err)
{
    sqlite3_stmt *st;
    int32_t code = conn_statement (&d->writer, name, &st, err);

    if (code != 0) {
        return code;
    }
    for (int i = 0; i < STORE_OP_TEXTS; i++) {
        conn_bind_text (st, i + 1, op->text[i]);
    }
    for (int i = 0; i < STORE_OP_NUMBERS; i++) {
        conn_bind_int (st, STORE_OP_TEXTS + 1 + i, op->number[i]);
    }
    return conn_run (&d->writer, st, err);
}

static int32_t
event_put (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    int32_t code = sqlite_put_rows (d, "event_put", op, err);

    if (code == 0) {
        d->last_event_id = sqlite3_last_insert_rowid (d->writer.db);
    }
    return code;
}

static int32_t
host_part_put (struct sqlite_db *d, const char *name, const struct store_op *op, struct err *err)
{
    int32_t code = sqlite_put_rows (d, name, op, err);

    if (code == ERR_NOT_FOUND) {   /* the only reference of these rows is their first member */
        code = err_set (err, ERR_NOT_FOUND, "no host %s",
                        *row_text (op->rows, &op->type->fields[0]));
        err_hint (err, "farrier host list");
    }
    return code;
}

static int32_t
endpoint_put (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    return host_part_put (d, "endpoint_put", op, err);
}

static int32_t
bmc_session_put (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    return host_part_put (d, "bmc_session_put", op, err);
}

static int32_t
plan_put (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    const struct store_plan *plan = op->rows;
    int32_t code = sqlite_put_rows (d, "plan_put", op, err);

    return code == ERR_EXISTS ? err_set (err, ERR_EXISTS, "plan %s is there already", plan->id)
                              : code;
}

static int32_t
plan_hosts_put (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    int32_t code = sqlite_put_rows (d, "plan_host_put", op, err);

    return code == ERR_EXISTS ? err_set (err, ERR_EXISTS, "a host is in the plan twice") : code;
}

static int32_t
plan_status (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    struct row_value now;
    bool found;
    int32_t code = conn_value (&d->writer, "plan_status_of", op->text[0], NULL, &found, &now, err);

    if (code != 0) {
        return code;
    }
    if (!found) {
        err_set (err, ERR_NOT_FOUND, "no plan %s", op->text[0]);
        err_hint (err, "farrier plan list");
        return ERR_NOT_FOUND;
    }
    if (op->text[1] != NULL && !str_eq (op->text[1], now.text)) {
        code = err_set (err, ERR_CONFLICT, "plan %s is %s, not %s", op->text[0],
                        now.text == NULL ? "(without status)" : now.text, op->text[1]);
        err_hint (err, "farrier plan show %s", op->text[0]);
    } else {
        code = sqlite_put_texts (d, "plan_status", op, err);
    }
    mem_free (now.text);
    return code;
}

static const struct {
    const char *rows;              /* statement to run for each row */
    const char *texts;             /* statement to run once */
    int32_t (*carry_out) (struct sqlite_db *d, const struct store_op *op, struct err *err);
} operations[STORE_OP_COUNT_] = {
    [STORE_OP_CREDENTIAL_PUT] = { .rows = "credential_put" },
    [STORE_OP_ROLLOUT_PUT] = { .rows = "rollout_put" },
    [STORE_OP_WORKFLOW_TEXT_PUT] = { .rows = "workflow_text_put" },
    [STORE_OP_OUTCOME_PUT] = { .rows = "outcome_put" },
    [STORE_OP_RESULT_PUT] = { .rows = "result_put" },
    [STORE_OP_ARTIFACT_PUT] = { .rows = "artifact_put" },
    [STORE_OP_DURATION_PUT] = { .rows = "duration_put" },
    [STORE_OP_META_PUT] = { .texts = "meta_put" },
    [STORE_OP_ENDPOINT_DELETE] = { .texts = "endpoint_delete" },
    [STORE_OP_CREDENTIAL_DELETE] = { .texts = "credential_delete" },
    [STORE_OP_BMC_SESSION_DELETE] = { .texts = "bmc_session_delete" },
    [STORE_OP_EVENT_PRUNE] = { .texts = "event_prune" },
    [STORE_OP_EVENT_PUT] = { .carry_out = event_put },
    [STORE_OP_ENDPOINT_PUT] = { .carry_out = endpoint_put },
    [STORE_OP_BMC_SESSION_PUT] = { .carry_out = bmc_session_put },
    [STORE_OP_HOST_PUT] = { .carry_out = sqlite_host_put },
    [STORE_OP_HOST_UPDATE] = { .carry_out = sqlite_host_update },
    [STORE_OP_HOST_DELETE] = { .carry_out = sqlite_host_delete },
    [STORE_OP_BINDINGS_PUT] = { .carry_out = sqlite_bindings_put },
    [STORE_OP_INVENTORY_PUT] = { .carry_out = sqlite_inventory_put },
    [STORE_OP_PLAN_PUT] = { .carry_out = plan_put },
    [STORE_OP_PLAN_HOSTS_PUT] = { .carry_out = plan_hosts_put },
    [STORE_OP_PLAN_STATUS] = { .carry_out = plan_status },
    [STORE_OP_JOB_INSERT] = { .carry_out = sqlite_job_insert },
    [STORE_OP_JOB_UPDATE] = { .carry_out = sqlite_job_update },
    [STORE_OP_JOB_CANCEL] = { .carry_out = sqlite_job_cancel },
    [STORE_OP_ATTEMPT_INSERT] = { .carry_out = sqlite_attempt_insert },
    [STORE_OP_ATTEMPT_UPDATE] = { .carry_out = sqlite_attempt_update },
    [STORE_OP_ATTEMPT_RESOLVE] = { .carry_out = sqlite_attempt_resolve },
    [STORE_OP_AWAIT_PUT] = { .carry_out = sqlite_await_put },
    [STORE_OP_AWAIT_LAUNCH] = { .carry_out = sqlite_await_move },
    [STORE_OP_AWAIT_ANSWER] = { .carry_out = sqlite_await_move },
    [STORE_OP_AWAIT_CONSUME] = { .carry_out = sqlite_await_move },
    [STORE_OP_AWAIT_RESPEC] = { .carry_out = sqlite_await_move },
};

int32_t
sqlite_apply (void *db, const struct store_op *op, struct err *err)
{
    if (operations[op->kind].rows != NULL) {
        return sqlite_put_rows (db, operations[op->kind].rows, op, err);
    }
    if (operations[op->kind].texts != NULL) {
        return sqlite_put_texts (db, operations[op->kind].texts, op, err);
    }
    return operations[op->kind].carry_out (db, op, err);
}
