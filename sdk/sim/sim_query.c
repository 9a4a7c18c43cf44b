/* sim_query: $expand, $select and only.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_query.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_message.h"
#include "sim_router.h"

static void expand (struct sim_call *call, json_t *doc, char what, int levels);

/* The full document where a bare link was. */
static json_t *
follow (struct sim_call *call, json_t *value, char what, int levels)
{
    const char *uri = json_str (value, "/@odata.id");

    if (!json_is_object (value) || json_object_size (value) != 1 || uri == NULL)
        return NULL;
    json_t *doc = sim_router_inner_get (call, uri);
    if (doc != NULL && levels > 1)
        expand (call, doc, what, levels - 1);
    return doc;
}

static void
expand_array (struct sim_call *call, json_t *array, char what, int levels)
{
    for (size_t i = 0; i < json_array_size (array); i++) {
        json_t *full = follow (call, json_array_get (array, i), what, levels);
        if (full != NULL)
            json_array_set_new (array, i, full);
    }
}

/* '.': subordinate resources; '~': those under Links; '*': both. */
static void
expand (struct sim_call *call, json_t *doc, char what, int levels)
{
    const char *key;
    json_t *value;
    void *next;

    json_object_foreach_safe (doc, next, key, value)
    {
        bool is_links = str_eq (key, "Links") || str_eq (key, "RelatedItem");

        if (is_links && what == '.')
            continue;
        if (str_eq (key, "Links")) {
            expand (call, value, '*', levels);
        } else if (json_is_array (value) && (what != '~' || is_links || str_eq (key, "Members"))) {
            expand_array (call, value, what, levels);
        } else if (what != '~' || is_links) {
            json_t *full = follow (call, value, what, levels);
            if (full != NULL)
                json_object_set_new (doc, key, full);
        }
    }
}

static void
query_expand (struct sim_call *call, const char *value)
{
    int max = call->bmc->personality->expand_levels;
    int64_t levels = 1;
    const char *given = strstr (value, "($levels=");

    if (strchr (".*~", *value) == NULL || *value == '\0'
        || (value[1] != '\0' && strncmp (value + 1, "($levels=", 9) != 0)) {
        sim_message_error (call, 400, "Base.QueryParameterValueFormatError", value, "$expand");
        return;
    }
    if (given != NULL) {
        char *number = str_ndup (given + 9, strcspn (given + 9, ")"));
        bool ok = str_to_i64 (number, &levels);
        mem_free (number);
        if (!ok || levels < 1 || levels > max) {
            sim_message_error (call, 400, "Base.QueryParameterOutOfRange", value, "$expand", "1-2");
            return;
        }
    }
    expand (call, call->doc, *value, (int) levels);
}

static void
query_select (struct sim_call *call, const char *value)
{
    size_t count = 0;
    char **names = str_split (value, ',', &count);
    const char *key;
    json_t *member;
    void *next;

    json_object_foreach_safe (call->doc, next, key, member)
    {
        bool keep = key[0] == '@';
        for (size_t i = 0; i < count && !keep; i++) {
            size_t len = strcspn (names[i], "/");
            keep = strncmp (key, names[i], len) == 0 && (key[len] == '\0' || key[len] == '@');
        }
        if (!keep)
            json_object_del (call->doc, key);
    }
    str_free_all (names, count);
}

static void
query_only (struct sim_call *call)
{
    json_t *members = json_object_get (call->doc, "Members");

    if (json_array_size (members) != 1)
        return;
    json_t *doc = follow (call, json_array_get (members, 0), '.', 1);
    if (doc != NULL)
        sim_call_answer (call, 200, doc);
}

static void
apply_one (struct sim_call *call, const char *key, const char *value)
{
    const struct sim_personality *p = call->bmc->personality;

    if (str_eq (key, "$expand") && p->expand_levels > 0)
        query_expand (call, value);
    else if (str_eq (key, "$select") && p->select_query)
        query_select (call, value);
    else if (str_eq (key, "only") && p->only_query)
        query_only (call);
    else if (key[0] == '$')
        sim_message_error (call, 501, "Base.QueryNotSupported");
}

void
sim_query_apply (struct sim_call *call, const char *query)
{
    size_t count = 0;
    char **parts = str_split (query, '&', &count);

    for (size_t i = 0; i < count && call->status == 200; i++) {
        char *value = strchr (parts[i], '=');
        if (value != NULL)
            *value++ = '\0';
        if (sim_http_unescape (parts[i]) && (value == NULL || sim_http_unescape (value)))
            apply_one (call, parts[i], value == NULL ? "" : value);
    }
    str_free_all (parts, count);
}
