/* write_job: operations on jobs, attempts and awaits: each checks where its object stands first.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <inttypes.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/sqlite/sqlite.h"

/* The host's other open job that holds it, if there is one. */
static int32_t
check_holder (struct sqlite_db *d, const struct store_job *job, struct err *err)
{
    struct row_value other;
    bool found;

    if (!job->holds_host || str_eq (job->state, "done")) {
        return 0;
    }
    int32_t code =
        conn_value (&d->writer, "job_holder", job->host_id, job->id, &found, &other, err);
    if (code == 0 && found) {
        code = err_set (err, ERR_EXISTS, "host %s is held by job %s", job->host_id, other.text);
        err_hint (err, "farrier job show %s", other.text);
        mem_free (other.text);
    }
    return code;
}

int32_t
sqlite_job_insert (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    const struct store_job *job = op->rows;
    struct row_value host;
    bool found;
    int32_t code =
        conn_value (&d->writer, "job_host_exists", job->host_id, NULL, &found, &host, err);

    if (code != 0) {
        return code;
    }
    if (!found) {
        err_set (err, ERR_NOT_FOUND, "no host %s", job->host_id);
        err_hint (err, "farrier host list");
        return ERR_NOT_FOUND;
    }
    mem_free (host.text);

    code = check_holder (d, job, err);
    if (code == 0) {
        code = sqlite_put_rows (d, "job_insert", op, err);
        if (code == ERR_EXISTS) {
            code = err_set (err, ERR_EXISTS, "job %s is there already", job->id);
        }
    }
    return code;
}

static int32_t
no_job (struct err *err, const char *id)
{
    err_set (err, ERR_NOT_FOUND, "no job %s", id);
    err_hint (err, "farrier job list");
    return ERR_NOT_FOUND;
}

int32_t
sqlite_job_update (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    const struct store_job *job = op->rows;
    struct row_value now;
    bool found;
    int32_t code = conn_value (&d->writer, "job_standing", job->id, NULL, &found, &now, err);

    if (code != 0) {
        return code;
    }
    if (!found) {
        return no_job (err, job->id);
    }
    mem_free (now.text);
    if (now.number != op->number[0]) {
        err_set (err, ERR_CONFLICT,
                 "job %s changed meanwhile: generation %" PRId64 ", expected %" PRId64, job->id,
                 now.number, op->number[0]);
        err_hint (err, "farrier job show %s", job->id);
        return ERR_CONFLICT;
    }
    code = check_holder (d, job, err);
    return code != 0 ? code : sqlite_put_rows (d, "job_update", op, err);
}

int32_t
sqlite_job_cancel (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    struct row_value now;
    bool found;
    int32_t code = conn_value (&d->writer, "job_state_of", op->text[0], NULL, &found, &now, err);

    if (code != 0) {
        return code;
    }
    if (!found) {
        return no_job (err, op->text[0]);
    }
    if (str_eq (now.text, "done")) {
        code = err_set (err, ERR_CONFLICT, "job %s is done already", op->text[0]);
        err_hint (err, "farrier job show %s", op->text[0]);
    } else {
        code = sqlite_put_texts (d, "job_cancel", op, err);
    }
    mem_free (now.text);
    return code;
}

/* --- attempts --------------------------------------------------------------------------------- */

int32_t
sqlite_attempt_insert (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    const struct store_attempt *attempt = op->rows;
    struct row_value other;
    bool found;
    int32_t code = conn_value (&d->writer, "attempt_open_of_step", attempt->job_id,
                               attempt->step_path, &found, &other, err);

    if (code == 0 && found) {
        code = err_set (err, ERR_EXISTS, "step %s of job %s has the open attempt %s",
                        attempt->step_path, attempt->job_id, other.text);
        err_hint (err, "farrier why %s", attempt->job_id);
        mem_free (other.text);
    }
    return code != 0 ? code : sqlite_put_rows (d, "attempt_insert", op, err);
}

/* 0 when the attempt's state is `wanted`. */
static int32_t
check_attempt_state (struct sqlite_db *d, const char *id, const char *wanted, struct err *err)
{
    struct row_value now;
    bool found;
    int32_t code = conn_value (&d->writer, "attempt_state_of", id, NULL, &found, &now, err);

    if (code != 0) {
        return code;
    }
    if (!found) {
        return err_set (err, ERR_NOT_FOUND, "no attempt %s in the journal", id);
    }
    if (!str_eq (now.text, wanted)) {
        code = err_set (err, ERR_CONFLICT, "attempt %s is %s, not %s", id, now.text, wanted);
    }
    mem_free (now.text);
    return code;
}

int32_t
sqlite_attempt_update (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    const struct store_attempt *attempt = op->rows;
    int32_t code = check_attempt_state (d, attempt->id, "open", err);

    return code != 0 ? code : sqlite_put_rows (d, "attempt_update", op, err);
}

int32_t
sqlite_attempt_resolve (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    int32_t code = check_attempt_state (d, op->text[0], "unknown", err);

    return code != 0 ? code : sqlite_put_texts (d, "attempt_resolve", op, err);
}

/* --- awaits ----------------------------------------------------------------------------------- */

int32_t
sqlite_await_put (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    const struct store_await *await = op->rows;
    struct row_value now;
    bool found;
    int32_t code =
        conn_value (&d->writer, "await_standing", await->attempt_id, NULL, &found, &now, err);

    if (code != 0) {
        return code;
    }
    if (found && (!str_eq (now.text, "consumed") || now.number >= await->seq)) {
        code = err_set (err, ERR_CONFLICT,
                        "attempt %s: await %" PRId64 " is %s, so await %" PRId64 " cannot begin",
                        await->attempt_id, now.number, now.text, await->seq);
    }
    if (found) {
        mem_free (now.text);
    }
    if (code == 0) {
        code = sqlite_put_rows (d, "await_put", op, err);
    }
    if (code == ERR_NOT_FOUND) {
        code = err_set (err, ERR_NOT_FOUND, "no attempt %s in the journal", await->attempt_id);
    }
    return code;
}

static const struct {
    const char *statement;
    const char *verb;
    const char *from[3];           /* states that allow it */
} moves[STORE_OP_COUNT_] = {
    [STORE_OP_AWAIT_LAUNCH] = { "await_launch", "launched", { "queued" } },
    [STORE_OP_AWAIT_ANSWER] = { "await_answer", "answered", { "queued", "launched" } },
    [STORE_OP_AWAIT_CONSUME] = { "await_consume", "consumed",
                                 { "queued", "launched", "answered" } },
    [STORE_OP_AWAIT_RESPEC] = { "await_respec", "changed", { "queued", "launched", "answered" } },
};

int32_t
sqlite_await_move (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    struct row_value now;
    bool found, allowed = false;
    int32_t code = conn_value (&d->writer, "await_standing", op->text[0], NULL, &found, &now, err);

    if (code != 0) {
        return code;
    }
    if (!found) {
        return err_set (err, ERR_NOT_FOUND, "attempt %s awaits nothing", op->text[0]);
    }
    for (size_t i = 0; i < 3 && moves[op->kind].from[i] != NULL; i++) {
        allowed = allowed || str_eq (now.text, moves[op->kind].from[i]);
    }
    if (now.number != op->number[0] || !allowed) {
        code = err_set (err, ERR_CONFLICT,
                        "attempt %s: await %" PRId64 " cannot be %s: the journal has await %" PRId64
                        ", %s", op->text[0], op->number[0], moves[op->kind].verb, now.number,
                        now.text);
    } else {
        code = sqlite_put_texts (d, moves[op->kind].statement, op, err);
    }
    mem_free (now.text);
    return code;
}
