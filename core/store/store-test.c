/* store-test: hosts, inventory and plans go in and come out as they were.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "store/row.h"
#include "store/testing.h"

/* Fills every member of a row with a value of its own. */
static void
fill (const struct row_type *type, void *row, int seed)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct row_field *field = &type->fields[i];
        char *at = (char *) row + field->offset;

        switch (field->kind) {
        case ROW_TEXT:
            *(char **) at = str_printf ("%s %zu ü %d", type->name, i, seed);
            break;
        case ROW_INT:
            *(int *) at = (int) i + seed;
            break;
        case ROW_I64:
            *(int64_t *) at = ((int64_t) 1 << 40) + (int64_t) i + seed;
            break;
        case ROW_BYTES:
            *(char **) at = mem_dup ("\0\xff\0", 4);
            *(size_t *) ((char *) row + field->size_offset) = 4;
            break;
        }
    }
}

static void
check_same (const struct row_type *type, void *a, void *b)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct row_field *field = &type->fields[i];

        if (field->kind == ROW_TEXT) {
            ck_assert_msg (str_eq (*row_text (a, field), *row_text (b, field)),
                           "%s: member %zu differs", type->name, i);
        } else if (field->kind == ROW_BYTES) {
            ck_assert_mem_eq (*row_text (a, field), *row_text (b, field), 4);
        } else {
            ck_assert_msg (row_number (a, field) == row_number (b, field),
                           "%s: member %zu differs", type->name, i);
        }
    }
}

#define ROUND_TRIP(t, name, put, get)                                            \
    do {                                                                         \
        struct store_##name row = { 0 };                                         \
        struct store_##name *back = NULL;                                        \
        size_t count = 1;                                                        \
        struct store_batch *b = store_batch_new (NULL);                          \
        fill (&row_##name, &row, 1);                                             \
        put;                                                                     \
        testing_commit ((t).s, b);                                               \
        ck_assert_int_eq (get, 0);                                               \
        ck_assert_uint_eq (count, 1);                                            \
        check_same (&row_##name, &row, back);                                    \
        struct store_##name *copy = store_##name##_copy (back);                  \
        check_same (&row_##name, &row, copy);                                    \
        store_##name##_free (copy);                                              \
        store_##name##_free_all (back, count);                                   \
        store_##name##_clear (&row);                                             \
        ck_assert_mem_eq (&row, &(struct store_##name) { 0 }, sizeof row);       \
    } while (0)

START_TEST (every_member_survives)
{
    struct testing_store t = testing_store_open ();

    ROUND_TRIP (t, host, store_batch_host_put (b, &row), store_host_get (t.s, row.id, &back, NULL));
    ROUND_TRIP (t, credential, store_batch_credential_put (b, &row),
                store_credential_get (t.s, row.id, &back, NULL));
    ROUND_TRIP (t, rollout, store_batch_rollout_put (b, &row),
                store_rollout_get (t.s, row.id, &back, NULL));
    ROUND_TRIP (t, workflow_text, store_batch_workflow_text_put (b, &row),
                store_workflow_text_get (t.s, row.digest, &back, NULL));
    ROUND_TRIP (t, plan, store_batch_plan_put (b, &row, NULL, 0),
                store_plan_get (t.s, row.id, &back, NULL));
    ROUND_TRIP (t, outcome, store_batch_outcome_put (b, &row),
                store_outcome_list (t.s, row.job_id, &back, &count, NULL));
    ROUND_TRIP (t, result, store_batch_result_put (b, &row),
                store_result_list (t.s, row.job_id, &back, &count, NULL));
    ROUND_TRIP (t, artifact, store_batch_artifact_put (b, &row),
                store_artifact_get (t.s, row.id, &back, NULL));
    testing_add_host (t.s, "h", "h");
    ROUND_TRIP (t, endpoint, str_set (&row.host_id, "h"); store_batch_endpoint_put (b, &row),
                store_endpoint_get (t.s, "h", row.kind, &back, NULL));
    ROUND_TRIP (t, bmc_session, str_set (&row.host_id, "h"); store_batch_bmc_session_put (b, &row),
                store_bmc_session_list (t.s, &back, &count, NULL));
    ROUND_TRIP (t, component, str_set (&row.host_id, "h");
                store_batch_inventory_put (b, "h", 5, &row, 1, "test"),
                store_component_list (t.s, NULL, NULL, &back, &count, NULL));
    ROUND_TRIP (t, binding, str_set (&row.host_id, "h"); row.position = 0;
                store_batch_bindings_put (b, "h", &row, 1),
                store_binding_list (t.s, "h", &back, &count, NULL));
    testing_store_close (&t);
}
END_TEST

START_TEST (host_names_are_unique)
{
    struct testing_store t = testing_store_open ();
    struct store_batch *b = store_batch_new (NULL);
    struct store_host host = { .id = "host-b", .name = "n1" };
    struct store_host *back;
    int64_t count;

    testing_add_host (t.s, "host-a", "n1");
    store_batch_host_put (b, &host);
    testing_refuse (t.s, b, ERR_EXISTS, "a host called n1 is there already (host-a)");

    testing_add_host (t.s, "host-b", "n2");
    b = store_batch_new (NULL);
    host = (struct store_host) { .id = "host-b", .name = "n1", .excluded = -1 };
    store_batch_host_update (b, &host);
    testing_refuse (t.s, b, ERR_EXISTS, "n1");

    ck_assert_int_eq (store_host_count (t.s, &count, NULL), 0);
    ck_assert_int_eq (count, 2);
    ck_assert_int_eq (store_host_by_name (t.s, "n2", &back, NULL), 0);
    ck_assert_str_eq (back->id, "host-b");
    store_host_free (back);
    testing_store_close (&t);
}
END_TEST

START_TEST (host_update_leaves_the_rest)
{
    struct testing_store t = testing_store_open ();
    struct store_batch *b = store_batch_new (NULL);
    struct store_host *back;
    struct store_host first = { .id = "h", .name = "n", .labels_json = "{}", .excluded = 1,
                                .last_error_json = "{\"code\":1}", .note = "why", .created_ms = 7 };
    struct store_host change = { .id = "h", .state = "locked", .excluded = -1, .note = "",
                                 .updated_ms = 9 };
    struct store_host unknown = { .id = "nobody", .excluded = -1 };

    store_batch_host_put (b, &first);
    store_batch_host_update (b, &change);
    testing_commit (t.s, b);
    ck_assert_int_eq (store_host_get (t.s, "h", &back, NULL), 0);
    ck_assert_str_eq (back->labels_json, "{}");
    ck_assert_str_eq (back->state, "locked");
    ck_assert_str_eq (back->last_error_json, "{\"code\":1}");
    ck_assert_ptr_null (back->note);
    ck_assert_int_eq (back->excluded, 1);
    ck_assert_int_eq (back->created_ms, 7);
    ck_assert_int_eq (back->updated_ms, 9);
    store_host_free (back);

    b = store_batch_new (NULL);
    store_batch_host_update (b, &unknown);
    testing_refuse (t.s, b, ERR_NOT_FOUND, "no host nobody");
    testing_store_close (&t);
}
END_TEST

START_TEST (host_delete_takes_its_parts)
{
    struct testing_store t = testing_store_open ();
    struct store_batch *b = store_batch_new (NULL);
    struct store_endpoint endpoint = { .host_id = "h", .kind = "bmc", .url = "https://127.0.0.1" };
    struct store_component component = { .key = "bios", .version = "1" };
    struct store_job job = { .id = "job-1", .host_id = "h", .state = "running" };
    struct store_endpoint *endpoints;
    struct store_history *history;
    size_t count;

    testing_add_host (t.s, "h", "n");
    store_batch_endpoint_put (b, &endpoint);
    store_batch_inventory_put (b, "h", 5, &component, 1, "test");
    store_batch_job_insert (b, &job);
    testing_commit (t.s, b);

    b = store_batch_new (NULL);
    store_batch_host_delete (b, "h");
    testing_refuse (t.s, b, ERR_CONFLICT, "host h has the open job job-1");

    b = store_batch_new (NULL);
    job.state = "done";
    store_batch_job_update (b, &job, 1);
    store_batch_host_delete (b, "h");
    testing_commit (t.s, b);
    ck_assert_int_eq (store_endpoint_list (t.s, NULL, &endpoints, &count, NULL), 0);
    ck_assert_uint_eq (count, 0);
    ck_assert_ptr_null (endpoints);
    ck_assert_int_eq (store_history_list (t.s, "h", NULL, 0, &history, &count, NULL), 0);
    ck_assert_uint_eq (count, 1);
    store_history_free_all (history, count);

    b = store_batch_new (NULL);
    store_batch_endpoint_put (b, &endpoint);
    testing_refuse (t.s, b, ERR_NOT_FOUND, "no host h");
    testing_store_close (&t);
}
END_TEST

START_TEST (bindings_keep_their_order)
{
    struct testing_store t = testing_store_open ();
    struct store_binding two[] = { { .plugin = "second" }, { .plugin = "first" } };
    struct store_binding *back;
    struct store_batch *b = store_batch_new (NULL);
    size_t count;

    testing_add_host (t.s, "h", "n");
    store_batch_bindings_put (b, "h", two, 2);
    store_batch_bindings_put (b, "h", two + 1, 1);
    store_batch_bindings_put (b, "h", two, 2);
    testing_commit (t.s, b);
    ck_assert_int_eq (store_binding_list (t.s, "h", &back, &count, NULL), 0);
    ck_assert_uint_eq (count, 2);
    ck_assert_str_eq (back[0].plugin, "second");
    ck_assert_int_eq (back[1].position, 1);
    store_binding_free_all (back, count);

    b = store_batch_new (NULL);
    store_batch_bindings_put (b, "ghost", two, 2);
    testing_refuse (t.s, b, ERR_NOT_FOUND, "no host ghost");
    testing_store_close (&t);
}
END_TEST

static void
put_inventory (struct store *s, int64_t at_ms, const struct store_component *rows, size_t count,
               const char *cause)
{
    struct store_batch *b = store_batch_new (NULL);

    store_batch_inventory_put (b, "h", at_ms, rows, count, cause);
    testing_commit (s, b);
}

static void
check_history (struct store *s, const char *const *expected, size_t expected_count)
{
    struct store_history *back;
    size_t count;

    ck_assert_int_eq (store_history_list (s, "h", NULL, 0, &back, &count, NULL), 0);
    ck_assert_uint_eq (count, expected_count);
    for (size_t i = 0; i < count; i++) {
        char *line = str_printf ("%s %s %s>%s %s", back[i].component_key, back[i].change,
                                 back[i].from_version == NULL ? "-" : back[i].from_version,
                                 back[i].to_version == NULL ? "-" : back[i].to_version,
                                 back[i].cause);
        testing_string (line, expected[i]);
    }
    store_history_free_all (back, count);
}

START_TEST (inventory_keeps_history)
{
    struct testing_store t = testing_store_open ();
    struct store_component first[] = { { .key = "bios", .type = "bios", .version = "1.0" },
                                       { .key = "nic0", .type = "nic", .version = "22" } };
    struct store_component second[] = { { .key = "bios", .type = "bios", .version = "1.1" },
                                        { .key = "psu", .type = "psu" } };
    static const char *const expected[] = {
        "nic0 removed 22>- job job-1",
        "psu initial ->- job job-1",
        "bios changed 1.0>1.1 job job-1",
        "nic0 initial ->22 refresh", "bios initial ->1.0 refresh",
    };
    struct store_component_count *pivot;
    struct store_host *host;
    size_t count;

    testing_add_host (t.s, "h", "n");
    put_inventory (t.s, 10, first, 2, "refresh");
    put_inventory (t.s, 20, first, 2, "nothing changed");
    put_inventory (t.s, 30, second, 2, "job job-1");
    check_history (t.s, expected, COUNT_OF (expected));

    ck_assert_int_eq (store_host_get (t.s, "h", &host, NULL), 0);
    ck_assert_int_eq (host->last_inventory_ms, 30);
    store_host_free (host);
    ck_assert_int_eq (store_component_pivot (t.s, NULL, &pivot, &count, NULL), 0);
    ck_assert_uint_eq (count, 2);
    ck_assert_str_eq (pivot[0].version, "1.1");
    ck_assert_int_eq (pivot[0].hosts, 1);
    store_component_count_free_all (pivot, count);
    testing_store_close (&t);
}
END_TEST

START_TEST (inventory_refuses)
{
    struct testing_store t = testing_store_open ();
    struct store_component twins[] = { { .key = "bios" }, { .key = "bios" } };
    struct store_batch *b = store_batch_new (NULL);

    store_batch_inventory_put (b, "h", 10, twins, 1, "x");
    testing_refuse (t.s, b, ERR_NOT_FOUND, "no host h");
    testing_add_host (t.s, "h", "n");
    b = store_batch_new (NULL);
    store_batch_inventory_put (b, "h", 10, twins, 2, "x");
    testing_refuse (t.s, b, FARRIER_E_INVALID, "two components have the key bios");
    testing_store_close (&t);
}
END_TEST

START_TEST (components_by_filter_and_page)
{
    struct testing_store t = testing_store_open ();
    struct store_component rows[] = { { .key = "a", .type = "bios", .version = "1" },
                                      { .key = "b", .type = "nic", .version = "1" } };
    struct store_batch *b = store_batch_new (NULL);
    struct store_component *back;
    struct store_page page = { .limit = 3 };
    size_t count;

    testing_add_host (t.s, "h1", "n1");
    testing_add_host (t.s, "h2", "n2");
    store_batch_inventory_put (b, "h1", 10, rows, 2, "x");
    store_batch_inventory_put (b, "h2", 10, rows, 2, "x");
    testing_commit (t.s, b);

    ck_assert_int_eq (store_component_list (t.s, NULL, &page, &back, &count, NULL), 0);
    ck_assert_uint_eq (count, 3);
    ck_assert_str_eq (back[2].host_id, "h2");
    store_component_free_all (back, count);
    page.after = "h2 a";
    ck_assert_int_eq (store_component_list (t.s, NULL, &page, &back, &count, NULL), 0);
    ck_assert_uint_eq (count, 1);
    ck_assert_str_eq (back[0].key, "b");
    store_component_free_all (back, count);

    struct store_component_filter filter = { .type = "nic" };
    ck_assert_int_eq (store_component_list (t.s, &filter, NULL, &back, &count, NULL), 0);
    ck_assert_uint_eq (count, 2);
    store_component_free_all (back, count);
    filter.host_id = "h1";
    ck_assert_int_eq (store_component_list (t.s, &filter, NULL, &back, &count, NULL), 0);
    ck_assert_uint_eq (count, 1);
    store_component_free_all (back, count);
    page.after = "nonsense";
    ck_assert_int_eq (store_component_list (t.s, NULL, &page, &back, &count, NULL), ERR_USAGE);
    testing_store_close (&t);
}
END_TEST

START_TEST (plans_and_their_hosts)
{
    struct testing_store t = testing_store_open ();
    struct store_batch *b = store_batch_new (NULL);
    struct store_plan plan = { .id = "plan-1", .created_ms = 5, .status = "draft",
                               .doc_json = "{}" };
    struct store_plan_host hosts[] = { { .host_id = "h1", .doc_json = "1", .status = "update" },
                                       { .host_id = "h2", .doc_json = "2" } };
    struct store_plan_host *part;
    struct store_plan *plans;
    struct store_page page = { "h1", 10 };
    size_t count;

    store_batch_plan_put (b, &plan, hosts, 2);
    plan.id = "plan-2";
    store_batch_plan_put (b, &plan, NULL, 0);
    testing_commit (t.s, b);
    ck_assert_int_eq (store_plan_host_get (t.s, "plan-1", "h2", &part, NULL), 0);
    ck_assert_str_eq (part->doc_json, "2");
    store_plan_host_free (part);
    ck_assert_int_eq (store_plan_host_list (t.s, "plan-1", &page, false, &part, &count, NULL), 0);
    ck_assert_uint_eq (count, 1);
    ck_assert_ptr_null (part->doc_json);
    store_plan_host_free_all (part, count);

    page = (struct store_page) { "plan-2", 10 };
    ck_assert_int_eq (store_plan_list (t.s, &page, &plans, &count, NULL), 0);
    ck_assert_uint_eq (count, 1);
    ck_assert_str_eq (plans->id, "plan-1");
    ck_assert_ptr_null (plans->doc_json);
    store_plan_free_all (plans, count);

    b = store_batch_new (NULL);
    store_batch_plan_put (b, &plan, NULL, 0);
    testing_refuse (t.s, b, ERR_EXISTS, "plan plan-2 is there already");
    testing_store_close (&t);
}
END_TEST

START_TEST (plan_status_moves)
{
    struct testing_store t = testing_store_open ();
    struct store_batch *b = store_batch_new (NULL);
    struct store_plan plan = { .id = "plan-1", .status = "draft" };
    struct store_plan *back;

    store_batch_plan_put (b, &plan, NULL, 0);
    store_batch_plan_status (b, "plan-1", "draft", "approved", "ada", 42);
    testing_commit (t.s, b);
    b = store_batch_new (NULL);
    store_batch_plan_status (b, "plan-1", "draft", "approved", "bob", 43);
    testing_refuse (t.s, b, ERR_CONFLICT, "plan plan-1 is approved, not draft");
    b = store_batch_new (NULL);
    store_batch_plan_status (b, "plan-9", NULL, "done", NULL, 0);
    testing_refuse (t.s, b, ERR_NOT_FOUND, "no plan plan-9");
    b = store_batch_new (NULL);
    store_batch_plan_status (b, "plan-1", NULL, "done", NULL, 0);
    testing_commit (t.s, b);
    ck_assert_int_eq (store_plan_get (t.s, "plan-1", &back, NULL), 0);
    ck_assert_str_eq (back->status, "done");
    ck_assert_str_eq (back->approved_by, "ada");
    ck_assert_int_eq (back->approved_ms, 42);
    store_plan_free (back);
    testing_store_close (&t);
}
END_TEST

START_TEST (meta_and_absent_things)
{
    struct testing_store t = testing_store_open ();
    struct store_batch *b = store_batch_new (NULL);
    struct store_job *job = NULL;
    struct err err = { 0 };
    char *value;

    store_batch_meta_put (b, "site", "here");
    store_batch_meta_put (b, "site", "there");
    testing_commit (t.s, b);
    ck_assert_int_eq (store_meta_get (t.s, "site", &value, NULL), 0);
    testing_string (value, "there");
    ck_assert_int_eq (store_meta_get (t.s, "none", &value, NULL), ERR_NOT_FOUND);
    ck_assert_int_eq (store_job_get (t.s, "job-x", &job, &err), ERR_NOT_FOUND);
    ck_assert_str_eq (err.message, "no job job-x");
    ck_assert_ptr_null (job);

    b = store_batch_new (NULL);
    store_batch_meta_put (b, "", "nameless");
    testing_refuse (t.s, b, FARRIER_E_INTERNAL, "without its meta key");
    testing_store_close (&t);
}
END_TEST

int
main (void)
{
    const TTest *const tests[] = {
        every_member_survives, host_names_are_unique, host_update_leaves_the_rest,
        host_delete_takes_its_parts, bindings_keep_their_order, inventory_keeps_history,
        inventory_refuses, components_by_filter_and_page, plans_and_their_hosts, plan_status_moves,
        meta_and_absent_things, NULL,
    };

    return testing_run ("store", tests);
}
