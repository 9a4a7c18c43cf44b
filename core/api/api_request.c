/* api_request: what stands in a request.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "api/api_private.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/selector.h"

/* A member means the same in every call, so its type is known by its name; the rest are texts. */
static const struct member_type {
    const char *names;
    json_type type, other;             /* other: JSON_FALSE beside JSON_TRUE */
    const char *word;
} types[] = {
    { " all partial dry_run excluded forget remove incoming pivot open ", JSON_TRUE, JSON_FALSE,
      "true or false" },
    { " limit since wait_ms from_ms to_ms width ", JSON_INTEGER, JSON_INTEGER, "a whole number" },
    { " host_object labels inputs ", JSON_OBJECT, JSON_OBJECT, "an object" },
    { " hosts findings plugins baselines files jobs ", JSON_ARRAY, JSON_ARRAY, "a list" },
};

static int32_t
check_type (const struct api_route *route, const char *member, const json_t *v, struct err *err)
{
    json_type type = JSON_STRING, other = JSON_STRING;
    const char *word = "a text";
    /* The one exception: a new host is an object, elsewhere a host is named. */
    const char *name = str_eq (member, "host") && str_eq (route->name, "host.add") ? "host_object"
                                                                                   : member;
    char *padded = str_printf (" %s ", name);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strstr (types[i].names, padded) == NULL)
            continue;
        type = types[i].type;
        other = types[i].other;
        word = types[i].word;
    }
    mem_free (padded);
    if (json_is_null (v) || json_typeof (v) == type || json_typeof (v) == other)
        return 0;
    return err_set (err, ERR_USAGE, "%s: \"%s\" is not %s", route->name, member, word);
}

static int32_t
check_known (const struct api_route *route, const json_t *body, char *const *members, size_t count,
             struct err *err)
{
    const char *key;
    json_t *v;
    json_object_foreach ((json_t *) body, key, v) {
        bool known = false;
        for (size_t i = 0; i < count && !known; i++)
            known = str_eq (members[i], key);
        if (known) {
            int32_t rc = check_type (route, key, v, err);
            if (rc < 0)
                return rc;
            continue;
        }
        err_set (err, ERR_USAGE, "%s knows no \"%.60s\"", route->name, key);
        const char *near = str_did_you_mean (key, (const char *const *) members, count);
        if (near != NULL)
            err_hint (err, "did you mean \"%s\"?", near);
        return ERR_USAGE;
    }
    return 0;
}

int32_t
request_check (const struct api_route *route, const json_t *body, struct err *err)
{
    size_t count;
    char **members = str_split (route->members, ' ', &count);
    int32_t rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        size_t len = strlen (members[i]);
        if (len == 0 || members[i][len - 1] != '!')
            continue;
        members[i][len - 1] = '\0';
        const json_t *v = json_object_get (body, members[i]);
        if (v == NULL || json_is_null (v) || (json_is_string (v) && json_string_length (v) == 0))
            rc = err_set (err, ERR_USAGE, "%s: \"%s\" is missing", route->name, members[i]);
    }
    if (rc == 0)
        rc = check_known (route, body, members, count, err);
    str_free_all (members, count);
    return rc;
}

const char *
request_text (const struct api_request *q, const char *member)
{
    return json_string_value (json_object_get (q->body, member));
}

bool
request_bool (const struct api_request *q, const char *member)
{
    return json_is_true (json_object_get (q->body, member));
}

int64_t
request_int (const struct api_request *q, const char *member, int64_t fallback)
{
    const json_t *v = json_object_get (q->body, member);
    return json_is_integer (v) ? json_integer_value (v) : fallback;
}

int32_t
request_hosts (const struct api_request *q, unsigned flags, struct store_host **ret,
               size_t *ret_count, struct err *err)
{
    if (request_bool (q, "all"))
        flags |= SELECTOR_ALLOW_ALL;
    return selector_resolve (q->api->store, request_text (q, "selector"), flags, ret, ret_count,
                             err);
}

json_t *
finding_json (const char *where, const char *field, const char *message)
{
    json_t *v = json_object ();
    json_put_str (v, "where", where);
    json_put_str (v, "field", field);
    json_put_str (v, "message", message);
    return v;
}
