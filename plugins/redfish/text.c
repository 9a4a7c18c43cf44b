/* text: paths, globs, quoting, and documents of a collect.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <ctype.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "redfish.h"

const char *
redfish_path (const char *uri)
{
    if (uri == NULL)
        return NULL;
    const char *scheme = strstr (uri, "://");
    if (scheme == NULL || strchr (uri, '/') < scheme)
        return uri;
    const char *path = strchr (scheme + 3, '/');
    return path == NULL ? "/" : path;
}

int
redfish_path_equal (const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return 0;
    size_t a_len = strlen (a), b_len = strlen (b);
    while (a_len > 1 && a[a_len - 1] == '/')
        a_len--;
    while (b_len > 1 && b[b_len - 1] == '/')
        b_len--;
    return a_len == b_len && strncasecmp (a, b, a_len) == 0;
}

int
redfish_glob (const char *pattern, const char *text)
{
    return text != NULL && fnmatch (pattern, text, FNM_CASEFOLD) == 0;
}

const char *
redfish_link (const struct farrier_json *value, const char *pointer)
{
    const struct farrier_json *link = farrier_json_at (value, pointer);
    return redfish_path (farrier_json_str_at (link, "/@odata.id"));
}

const char *
redfish_quote (struct farrier_step *step, const char *text)
{
    const struct farrier_json *value = farrier_json_string (step, text);
    return value == NULL ? NULL : farrier_json_text (step, value);
}

const char *
redfish_join (struct farrier_step *step, const struct farrier_json *list)
{
    const char *text = NULL;
    for (uint32_t i = 0; i < farrier_json_count (list); i++) {
        const char *word = farrier_json_str (farrier_json_item (list, i));
        if (word != NULL)
            text = text == NULL ? word : farrier_printf (step, "%s, %s", text, word);
    }
    return text == NULL ? "none" : text;
}

const struct farrier_json *
redfish_document (struct farrier_step *step, const char *path, int32_t *ret_code)
{
    struct farrier_wake wake = FARRIER_INIT (struct farrier_wake);
    farrier_wake (step, &wake);
    if (ret_code != NULL)
        *ret_code = FARRIER_E_INVALID;
    for (uint32_t i = 0; path != NULL && i < wake.documents; i++) {
        struct farrier_document doc = FARRIER_INIT (struct farrier_document);
        if (farrier_wake_document (step, i, &doc) != 0
            || !redfish_path_equal (redfish_path (doc.path), path))
            continue;
        if (ret_code != NULL)
            *ret_code = doc.code;
        return doc.code == 0 ? doc.json : NULL;
    }
    return NULL;
}

#define BEGINS_SIZE 41

/* How an answer begins, on one line. */
static void
beginning (const struct farrier_response *response, char ret[BEGINS_SIZE])
{
    size_t len = 0, n = 0;
    const char *body = farrier_response_body (response, &len);
    for (size_t i = 0; i < len && n + 1 < BEGINS_SIZE; i++)
        ret[n++] = body[i] >= ' ' && body[i] <= '~' ? body[i] : '.';
    ret[n] = '\0';
}

int32_t
redfish_get (struct farrier_step *step, const char *path, const struct farrier_json **ret,
             struct farrier_error *err)
{
    const struct farrier_response *response = NULL;
    int32_t rc = farrier_http_get (step, NULL, path, NULL, &response, err);
    if (rc < 0)
        return rc;
    if (farrier_response_status (response) != 200)
        return farrier_fail_http (step, err, response, "GET %s", path);
    *ret = farrier_response_json (response);
    if (*ret != NULL && farrier_json_type (*ret) == 'o')
        return FARRIER_OK;
    const char *type = farrier_response_header (response, "Content-Type");
    char begins[BEGINS_SIZE];
    beginning (response, begins);
    return farrier_fail (step, err, FARRIER_E_INVALID,
                         "GET %s: the answer is not a JSON object but %.60s: it begins '%s'", path,
                         type == NULL ? "of no known type" : type, begins);
}
