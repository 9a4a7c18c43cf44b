/* read_host: questions about hosts and what hangs on them.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/driver.h"

int32_t
store_host_get (struct store *s, const char *host_id, struct store_host **ret, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_HOST, .text = { host_id } };

    return store_read_one (s, &query, ret, "host", host_id, err);
}

int32_t
store_host_by_name (struct store *s, const char *name, struct store_host **ret, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_HOST_BY_NAME, .text = { name } };

    return store_read_one (s, &query, ret, "host", name, err);
}

int32_t
store_host_list (struct store *s, const struct store_page *page, struct store_host **ret,
                 size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_HOSTS };

    if (page != NULL) {
        query.text[0] = page->after;
        query.limit = page->limit;
    }
    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_endpoint_get (struct store *s, const char *host_id, const char *kind,
                    struct store_endpoint **ret, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_ENDPOINT, .text = { host_id, kind } };

    return store_read_one (s, &query, ret, "endpoint", kind, err);
}

int32_t
store_endpoint_list (struct store *s, const char *host_id, struct store_endpoint **ret,
                     size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_ENDPOINTS, .text = { host_id } };

    if (host_id == NULL) {
        query.kind = STORE_QUERY_ENDPOINTS_ALL;
    }
    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_binding_list (struct store *s, const char *host_id, struct store_binding **ret,
                    size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_BINDINGS, .text = { host_id } };

    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_credential_get (struct store *s, const char *credential_id, struct store_credential **ret,
                      struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_CREDENTIAL, .text = { credential_id } };

    return store_read_one (s, &query, ret, "credential", credential_id, err);
}

int32_t
store_credential_list (struct store *s, struct store_credential **ret, size_t *ret_count,
                       struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_CREDENTIALS };

    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_component_pivot (struct store *s, const struct store_component_filter *filter,
                       struct store_component_count **ret, size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_COMPONENT_PIVOT };

    if (filter != NULL) {
        query.text[0] = filter->host_id;
        query.text[1] = filter->type;
        query.text[2] = filter->name;
        query.text[3] = filter->version;
    }
    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_history_list (struct store *s, const char *host_id, const char *component_key, int64_t limit,
                    struct store_history **ret, size_t *ret_count, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_HISTORY,
                                 .text = { host_id, component_key },
                                 .limit = limit };

    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_bmc_session_list (struct store *s, struct store_bmc_session **ret, size_t *ret_count,
                        struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_BMC_SESSIONS };

    return store_read_list (s, &query, ret, ret_count, err);
}

int32_t
store_host_count (struct store *s, int64_t *ret, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_HOST_COUNT };
    void *row;
    int32_t code = store_read_one (s, &query, &row, "host", "count", err);

    if (code == 0) {
        *ret = ((struct row_value *) row)->number;
        row_free (&row_value_type, row, 1);
    }
    return code;
}

int32_t
store_meta_get (struct store *s, const char *key, char **ret_value, struct err *err)
{
    struct store_query query = { .kind = STORE_QUERY_META, .text = { key } };
    void *row;
    int32_t code = store_read_one (s, &query, &row, "meta value called", key, err);

    if (code == 0) {
        struct row_value *value = row;
        *ret_value = value->text;
        value->text = NULL;
        row_free (&row_value_type, row, 1);
    }
    return code;
}

/* The page key of a list over hosts names host and component. */
int32_t
store_component_list (struct store *s, const struct store_component_filter *filter,
                      const struct store_page *page, struct store_component **ret,
                      size_t *ret_count, struct err *err)
{
    static const struct store_component_filter everything;
    const struct store_component_filter *f = filter == NULL ? &everything : filter;
    const char *after = page == NULL ? NULL : page->after;
    const char *key = after == NULL ? NULL : strchr (after, ' ');
    struct store_query query = { .kind = STORE_QUERY_COMPONENTS_ALL,
                                 .text = { NULL, f->type, f->name, f->version },
                                 .limit = page == NULL ? 0 : page->limit };
    char *after_host = NULL;
    struct row_set set;

    if (after != NULL && key == NULL) {
        return err_set (err, ERR_USAGE, "'%s' is no page key of the components", after);
    }
    if (f->host_id != NULL) {
        query.kind = STORE_QUERY_COMPONENTS;
        query.text[0] = f->host_id;
        query.text[4] = key == NULL ? NULL : key + 1;
    } else if (key != NULL) {
        after_host = str_ndup (after, (size_t) (key - after));
        query.text[0] = after_host;
        query.text[4] = key + 1;
    }
    int32_t code = store_read (s, &query, &set, err);
    mem_free (after_host);
    if (code == 0) {
        *ret = set.rows;
        *ret_count = set.count;
    }
    return code;
}
