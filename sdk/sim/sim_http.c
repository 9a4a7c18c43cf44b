/* sim_http: a strict HTTP/1.1 request parser: what real BMCs disagree about is refused here.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_http.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

static const char *const method_names[] = { "GET", "HEAD", "POST", "PATCH", "PUT", "DELETE" };

static const struct {
    int status;
    const char *text;
} status_texts[] = {
    { 100, "Continue" },
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 301, "Moved Permanently" },
    { 304, "Not Modified" },
    { 307, "Temporary Redirect" },
    { 308, "Permanent Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Payload Too Large" },
    { 415, "Unsupported Media Type" },
    { 428, "Precondition Required" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
    { 507, "Insufficient Storage" },
};

const char *
sim_http_status_text (int status)
{
    for (size_t i = 0; i < sizeof status_texts / sizeof status_texts[0]; i++)
        if (status_texts[i].status == status)
            return status_texts[i].text;
    return "Unknown";
}

const char *
sim_http_method_name (enum sim_method method)
{
    return method < SIM_OTHER ? method_names[method] : "OTHER";
}

enum sim_method
sim_http_method_from_name (const char *name)
{
    for (size_t i = 0; i < sizeof method_names / sizeof method_names[0]; i++)
        if (strcmp (method_names[i], name) == 0)
            return (enum sim_method) i;
    return SIM_OTHER;
}

size_t
sim_http_head_end (const char *data, size_t len, size_t from)
{
    size_t start = from > 3 ? from - 3 : 0;

    if (len < start + 4)
        return 0;
    const char *end = memmem (data + start, len - start, "\r\n\r\n", 4);
    return end == NULL ? 0 : (size_t) (end - data) + 4;
}

bool
sim_http_unescape (char *s)
{
    char *out = s;

    for (; *s != '\0'; s++) {
        unsigned char byte;

        if (*s != '%') {
            *out++ = *s;
            continue;
        }
        if (!isxdigit ((unsigned char) s[1]) || !isxdigit ((unsigned char) s[2]))
            return false;
        char hex[3] = { s[1], s[2], '\0' };
        if (!str_unhex (hex, &byte, 1) || byte == 0)
            return false;
        *out++ = (char) byte;
        s += 2;
    }
    *out = '\0';
    return true;
}

bool
sim_http_type_is (const char *header, const char *type)
{
    size_t len = strlen (type);

    return header != NULL && strncasecmp (header, type, len) == 0
           && (header[len] == '\0' || header[len] == ';' || header[len] == ' ');
}

const char *
sim_http_header (const struct sim_http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp (request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

static bool
token_is_valid (const char *s)
{
    if (*s == '\0')
        return false;
    for (; *s != '\0'; s++)
        if (!isalnum ((unsigned char) *s) && strchr ("!#$%&'*+-.^_`|~", *s) == NULL)
            return false;
    return true;
}

static int
parse_request_line (char *line, struct sim_http_request *ret, const char **ret_problem)
{
    char *target = strchr (line, ' ');
    char *version = target == NULL ? NULL : strchr (target + 1, ' ');

    *ret_problem = "malformed request line";
    if (version == NULL)
        return 400;
    *target++ = '\0';
    *version++ = '\0';
    if (!token_is_valid (line) || *target != '/' || strchr (version, ' ') != NULL)
        return 400;
    if (strcmp (version, "HTTP/1.1") != 0 && strcmp (version, "HTTP/1.0") != 0) {
        *ret_problem = "only HTTP/1.1 and HTTP/1.0 are spoken";
        return strncmp (version, "HTTP/", 5) == 0 ? 505 : 400;
    }
    ret->keep_alive = version[7] == '1';
    ret->method_name = line;
    ret->method = sim_http_method_from_name (line);

    char *query = strchr (target, '?');
    if (query != NULL)
        *query++ = '\0';
    ret->query = query == NULL ? strchr (target, '\0') : query;
    if (!sim_http_unescape (target))
        return 400;
    size_t len = strlen (target);
    if (len > 1 && target[len - 1] == '/')
        target[len - 1] = '\0';
    ret->path = target;
    *ret_problem = NULL;
    return 0;
}

static int
parse_length (const char *value, struct sim_http_request *ret, const char **ret_problem)
{
    int64_t n;

    if (ret->content_length >= 0 || !isdigit ((unsigned char) *value) || !str_to_i64 (value, &n)) {
        *ret_problem = "malformed or repeated Content-Length";
        return 400;
    }
    ret->content_length = n;
    return 0;
}

/* What the framing depends on is read here; everything else stays in the list. */
static int
note_header (const char *name, const char *value, struct sim_http_request *ret,
             const char **ret_problem)
{
    if (strcasecmp (name, "Content-Length") == 0)
        return parse_length (value, ret, ret_problem);
    if (strcasecmp (name, "Transfer-Encoding") == 0)
        ret->chunked = true;
    else if (strcasecmp (name, "Expect") == 0)
        ret->expect_continue = strcasecmp (value, "100-continue") == 0;
    else if (strcasecmp (name, "Connection") == 0) {
        if (strcasecmp (value, "close") == 0)
            ret->keep_alive = false;
        else if (strcasecmp (value, "keep-alive") == 0)
            ret->keep_alive = true;
    } else if (strcasecmp (name, "Host") == 0 && sim_http_header (ret, "Host") != NULL) {
        *ret_problem = "repeated Host";
        return 400;
    }
    return 0;
}

static int
parse_header_line (char *line, struct sim_http_request *ret, const char **ret_problem)
{
    char *colon = strchr (line, ':');

    *ret_problem = "malformed header line";
    if (*line == ' ' || *line == '\t' || colon == NULL)
        return 400;
    *colon = '\0';
    if (!token_is_valid (line))
        return 400;
    if (ret->header_count == SIM_HTTP_HEADERS_MAX) {
        *ret_problem = "too many headers";
        return 431;
    }
    char *value = str_trim (colon + 1);
    *ret_problem = NULL;
    int status = note_header (line, value, ret, ret_problem);
    if (status != 0)
        return status;
    ret->headers[ret->header_count++] = (struct sim_http_header){ line, value };
    return 0;
}

static int
check_framing (const struct sim_http_request *request, bool is_http_11, const char **ret_problem)
{
    if (request->chunked && request->content_length >= 0) {
        *ret_problem = "both Content-Length and Transfer-Encoding";
        return 400;
    }
    if (is_http_11 && sim_http_header (request, "Host") == NULL) {
        *ret_problem = "no Host header";
        return 400;
    }
    return 0;
}

int
sim_http_parse (char *head, size_t len, struct sim_http_request *ret, const char **ret_problem)
{
    bool first = true, is_http_11 = false;

    *ret = (struct sim_http_request){ .content_length = -1 };
    *ret_problem = "NUL, bare CR or bare LF in the head";
    if (memchr (head, '\0', len) != NULL || len < 4)
        return 400;
    for (char *line = head, *end; line < head + len - 2; line = end + 2) {
        end = memmem (line, len - (size_t) (line - head), "\r\n", 2);
        if (end == NULL || memchr (line, '\n', (size_t) (end - line)) != NULL
            || memchr (line, '\r', (size_t) (end - line)) != NULL)
            return 400;
        *end = '\0';
        int status = first ? parse_request_line (line, ret, ret_problem)
                           : parse_header_line (line, ret, ret_problem);
        if (status != 0)
            return status;
        if (first)
            is_http_11 = ret->keep_alive;
        first = false;
        *ret_problem = "NUL, bare CR or bare LF in the head";
    }
    *ret_problem = "empty head";
    if (first)
        return 400;
    *ret_problem = NULL;
    return check_framing (ret, is_http_11, ret_problem);
}
