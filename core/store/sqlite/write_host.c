/* write_host: operations on hosts that have a condition, or a history to keep.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/mem.h"
#include "base/str.h"
#include "store/sqlite/sqlite.h"

static int32_t
no_host (struct err *err, const char *id)
{
    err_set (err, ERR_NOT_FOUND, "no host %s", id);
    err_hint (err, "farrier host list");
    return ERR_NOT_FOUND;
}

/* Another host with that name is told by its id. */
static int32_t
check_name (struct sqlite_db *d, const struct store_host *host, struct err *err)
{
    struct row_value other;
    bool found;
    int32_t code =
        conn_value (&d->writer, "host_other_of_name", host->name, host->id, &found, &other, err);

    if (code == 0 && found) {
        code = err_set (err, ERR_EXISTS, "a host called %s is there already (%s)", host->name,
                        other.text);
        err_hint (err, "farrier host show %s", host->name);
        mem_free (other.text);
    }
    return code;
}

int32_t
sqlite_host_put (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    int32_t code = check_name (d, op->rows, err);

    return code != 0 ? code : sqlite_put_rows (d, "host_put", op, err);
}

int32_t
sqlite_host_update (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    const struct store_host *host = op->rows;
    int32_t code = host->name == NULL ? 0 : check_name (d, host, err);

    if (code == 0) {
        code = sqlite_put_rows (d, "host_update", op, err);
    }
    if (code == 0 && sqlite3_changes (d->writer.db) == 0) {
        code = no_host (err, host->id);
    }
    return code;
}

int32_t
sqlite_host_delete (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    struct row_value job;
    bool found;
    int32_t code = conn_value (&d->writer, "host_open_job", op->text[0], NULL, &found, &job, err);

    if (code == 0 && found) {
        code = err_set (err, ERR_CONFLICT, "host %s has the open job %s", op->text[0], job.text);
        err_hint (err, "farrier job cancel %s", job.text);
        mem_free (job.text);
    }
    if (code == 0) {
        code = sqlite_put_texts (d, "host_delete", op, err);
    }
    if (code == 0 && sqlite3_changes (d->writer.db) == 0) {
        code = no_host (err, op->text[0]);
    }
    return code;
}

int32_t
sqlite_bindings_put (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    int32_t code = sqlite_put_texts (d, "bindings_delete", op, err);

    if (code == 0) {
        code = sqlite_put_rows (d, "binding_put", op, err);
    }
    return code == ERR_NOT_FOUND ? no_host (err, op->text[0]) : code;
}

/* --- inventory -------------------------------------------------------------------------------- */

struct diff {
    struct sqlite_db *d;
    const struct store_op *op;
    struct map *before;            /* key -> struct store_component, borrowed */
};

static int32_t
record (struct diff *diff, const char *change, const struct store_component *c, const char *from,
        const char *to, struct err *err)
{
    sqlite3_stmt *st;
    struct store_history row = {
        .host_id = diff->op->text[0],
        .component_key = c->key,
        .component_type = c->type,
        .component_name = c->name,
        .at_ms = diff->op->number[0],
        .change = (char *) change,
        .from_version = (char *) from,
        .to_version = (char *) to,
        .cause = diff->op->text[1],
    };

    int32_t code = conn_statement (&diff->d->writer, "history_put", &st, err);
    if (code != 0) {
        return code;
    }
    conn_bind_row (st, &row_history, &row);
    return conn_run (&diff->d->writer, st, err);
}

/* A component that is measured takes its old row out of `before`. */
static int32_t
compare (struct diff *diff, const struct store_component *now, struct err *err)
{
    const struct store_component *old = map_remove (diff->before, now->key);

    if (old == NULL) {
        return record (diff, "initial", now, NULL, now->version, err);
    }
    if (!str_eq (old->version, now->version)) {
        return record (diff, "changed", now, old->version, now->version, err);
    }
    return 0;
}

static int32_t
remove_rest (struct diff *diff, struct err *err)
{
    size_t it = 0;
    const char *key;
    void *value;

    while (map_next (diff->before, &it, &key, &value)) {
        const struct store_component *old = value;
        sqlite3_stmt *st;
        int32_t code = record (diff, "removed", old, old->version, NULL, err);

        if (code == 0) {
            code = conn_statement (&diff->d->writer, "component_delete", &st, err);
        }
        if (code != 0) {
            return code;
        }
        conn_bind_text (st, 1, old->host_id);
        conn_bind_text (st, 2, key);
        code = conn_run (&diff->d->writer, st, err);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

static int32_t
check_keys (const struct store_op *op, struct err *err)
{
    struct map *seen = map_new ();
    int32_t code = 0;

    for (size_t i = 0; i < op->count && code == 0; i++) {
        const struct store_component *c = row_at (op->type, op->rows, i);
        if (map_set (seen, c->key, op->rows) != NULL) {
            code = err_set (err, FARRIER_E_INVALID, "host %s: two components have the key %s",
                            op->text[0], c->key);
        }
    }
    map_free (seen, NULL);
    return code;
}

static int32_t
write_inventory (struct diff *diff, struct err *err)
{
    const struct store_op *op = diff->op;
    int32_t code = sqlite_put_texts (diff->d, "inventory_stamp", op, err);

    if (code == 0 && sqlite3_changes (diff->d->writer.db) == 0) {
        code = no_host (err, op->text[0]);
    }
    for (size_t i = 0; i < op->count && code == 0; i++) {
        code = compare (diff, row_at (op->type, op->rows, i), err);
    }
    if (code == 0) {
        code = sqlite_put_rows (diff->d, "component_put", op, err);
    }
    if (code == 0) {
        code = remove_rest (diff, err);
    }
    return code;
}

int32_t
sqlite_inventory_put (struct sqlite_db *d, const struct store_op *op, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_COMPONENTS, .text = { op->text[0] } };
    struct row_set old;
    int32_t code = check_keys (op, err);

    if (code == 0) {
        code = sqlite_read (&d->writer, &query, &old, err);
    }
    if (code != 0) {
        return code;
    }
    struct diff diff = { d, op, map_new () };
    for (size_t i = 0; i < old.count; i++) {
        struct store_component *c = row_at (old.type, old.rows, i);
        map_set (diff.before, c->key, c);
    }
    code = write_inventory (&diff, err);
    map_free (diff.before, NULL);
    row_free (old.type, old.rows, old.count);
    return code;
}
