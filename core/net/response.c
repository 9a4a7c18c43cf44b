/* response: an answer with its headers.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/redfish_error.h"
#include "net/request.h"

#define HEADERS_MAX 200
#define BEGINS_SIZE 41

struct net_response *
response_new (const char *path)
{
    struct net_response *response = mem_alloc (sizeof *response);
    response->retry_after_ms = -1;
    response->body = str_dup ("");
    str_copy (response->path, sizeof response->path, path);
    return response;
}

static void
headers_free (struct net_response *response)
{
    for (size_t i = 0; i < response->header_count; i++) {
        mem_free ((char *) response->headers[i].name);
        mem_free ((char *) response->headers[i].value);
    }
    response->header_count = 0;
}

void
net_response_free (struct net_response *response)
{
    if (response == NULL)
        return;
    headers_free (response);
    mem_free (response->headers);
    mem_free (response->body);
    mem_free (response);
}

void
response_reset (struct request *r)
{
    headers_free (r->response);
    r->header_bytes = 0;
    r->content_length = -1;
    r->response->status = 0;
    r->response->retry_after_ms = -1;
    buf_free (&r->answer);
}

static void
note_header (struct request *r, const char *name, const char *value)
{
    if (strcasecmp (name, "Retry-After") == 0) {
        int64_t number;
        if (str_to_i64 (value, &number)) {
            if (number >= 0 && number < 86400 * 30)
                r->response->retry_after_ms = number * 1000;
        } else if ((number = clock_parse_http_date (value)) >= 0) {
            int64_t wait_ms = number - clock_wall_ms ();
            r->response->retry_after_ms = wait_ms < 0 ? 0 : wait_ms;
        }
    } else if (strcasecmp (name, "Content-Length") == 0) {
        int64_t number;
        if (str_to_i64 (value, &number))
            r->content_length = number;
    }
}

void
response_add_header (struct request *r, const char *line, size_t len)
{
    struct net_response *response = r->response;
    const char *colon = memchr (line, ':', len);
    if (colon == NULL || response->header_count >= HEADERS_MAX)
        return;

    char *name = str_ndup (line, (size_t) (colon - line));
    char *raw = str_ndup (colon + 1, len - (size_t) (colon - line) - 1);
    char *value = str_dup (str_trim (raw));
    mem_free (raw);
    if (response->header_count == r->header_capacity) {
        r->header_capacity = r->header_capacity == 0 ? 16 : r->header_capacity * 2;
        response->headers = mem_realloc (response->headers,
                                         r->header_capacity * sizeof *response->headers);
    }
    response->headers[response->header_count].name = name;
    response->headers[response->header_count].value = value;
    response->header_count++;
    note_header (r, name, value);
}

const char *
net_response_header (const struct net_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (strcasecmp (response->headers[i].name, name) == 0)
            return response->headers[i].value;
    return NULL;
}

char *
net_response_location (const struct net_response *response)
{
    return net_path_of (net_response_header (response, "Location"));
}

/* How a body begins, on one line. */
static void
beginning (const char *body, char *ret, size_t size)
{
    size_t n = 0;
    while (isspace ((unsigned char) *body))
        body++;
    for (; *body != '\0' && n + 1 < size; body++)
        ret[n++] = isprint ((unsigned char) *body) ? *body : '.';
    ret[n] = '\0';
}

/* Says what it is instead. */
static void
not_json (const struct net_response *response, const struct err *why, struct err *err)
{
    const char *type = net_response_header (response, "Content-Type");
    char begins[BEGINS_SIZE];
    beginning (response->body, begins, sizeof begins);
    if (response->body_len == 0) {
        err_set (err, FARRIER_E_INVALID, "%s: the answer is empty", response->path);
    } else if (begins[0] == '{' || begins[0] == '[') {
        err_set (err, FARRIER_E_INVALID, "%s: the answer is broken JSON (%.120s); it begins '%s'",
                 response->path, why->message, begins);
        err_hint (err, "try again; when it stays so, reset the BMC or ask its vendor for newer "
                  "firmware");
    } else {
        err_set (err, FARRIER_E_INVALID, "%s: the answer is not JSON but %.60s: it begins '%s'",
                 response->path, type == NULL ? "of no known type" : type, begins);
        err_hint (err, "the BMC is starting, or something else answers at its address (a proxy, "
                  "another web page): farrier host list");
    }
}

json_t *
net_response_json (const struct net_response *response, struct err *err)
{
    struct err why = { 0 };
    json_t *doc = json_parse (response->body, response->body_len, &why);
    if (doc == NULL)
        not_json (response, &why, err);
    return doc;
}

int32_t
net_response_check (const struct net_response *response, struct err *err)
{
    if (response->code < 0) {
        if (err != NULL)
            *err = response->err;
        return response->code;
    }
    if (response->status >= 200 && response->status < 300)
        return 0;

    struct redfish_error e;
    redfish_error_from_body (response->status, false, response->body, response->body_len, &e);
    err_set (err, e.code == 0 ? FARRIER_E_REJECTED : e.code, "%s: HTTP %d%s%s", response->path,
             response->status, e.message[0] == '\0' ? "" : ": ", e.message);
    return e.code == 0 ? FARRIER_E_REJECTED : e.code;
}
