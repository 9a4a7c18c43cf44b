/* sim_http: a strict HTTP/1.1 request parser and the status lines.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_HTTP_H
#define FARRIER_SIM_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_HTTP_HEAD_MAX 32768
#define SIM_HTTP_HEADERS_MAX 64

enum sim_method {
    SIM_GET,
    SIM_HEAD,
    SIM_POST,
    SIM_PATCH,
    SIM_PUT,
    SIM_DELETE,
    SIM_OTHER,
    SIM_METHOD_COUNT = SIM_OTHER
};

struct sim_http_header {
    const char *name, *value;
};

/* Points into the block that was parsed. */
struct sim_http_request {
    enum sim_method method;
    const char *method_name;
    char *path;             /* percent-decoded; one trailing slash removed, except "/" */
    char *query;            /* "" when there is none; not decoded */
    int64_t content_length; /* -1 when absent */
    bool chunked;           /* any Transfer-Encoding */
    bool keep_alive;
    bool expect_continue;
    size_t header_count;
    struct sim_http_header headers[SIM_HTTP_HEADERS_MAX];
};

/* The length of the head including its empty line, or 0 when it is not complete. from: where an
 * earlier call stopped (bytes that held no end yet). */
size_t sim_http_head_end (const char *data, size_t len, size_t from);
/* Parses a complete head in place (it is cut up with NULs). Returns 0, or the status to answer:
 * 400, 431, 501, 505, with a reason in *ret_problem. */
int sim_http_parse (char *head, size_t len, struct sim_http_request *ret, const char **ret_problem);
const char *sim_http_header (const struct sim_http_request *request,
                             const char *name); /* NULL when absent */
const char *sim_http_status_text (int status);
const char *sim_http_method_name (enum sim_method method);
enum sim_method sim_http_method_from_name (const char *name);
/* Decodes %XX in place; false when malformed or when it would hide a NUL. */
bool sim_http_unescape (char *s);
/* Does a media type header name this type, whatever its parameters? */
bool sim_http_type_is (const char *header, const char *type);

#endif
