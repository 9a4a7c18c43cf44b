/* sim_multipart: multipart/form-data read as it arrives; nothing but a part's head is held.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_MULTIPART_H
#define FARRIER_SIM_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#define SIM_MULTIPART_HEAD_MAX 4096

struct sim_part {
    char name[128];
    char filename[256]; /* "" when there is none */
    bool has_filename;
    char type[128]; /* Content-Type, "" when there is none */
};

/* Each returns false to refuse the rest. */
struct sim_multipart_sink {
    bool (*begin) (void *arg, const struct sim_part *part);
    bool (*data) (void *arg, const void *bytes, size_t len);
    bool (*end) (void *arg);
    void *arg;
};

struct sim_multipart;

/* The boundary of a Content-Type header; false when there is none or it is malformed (RFC 2046). */
bool sim_multipart_boundary (const char *content_type, char *ret, size_t ret_size);
struct sim_multipart *sim_multipart_new (const char *boundary,
                                         const struct sim_multipart_sink *sink);
/* False once it is malformed or the sink refused; the reason is in sim_multipart_problem(). */
bool sim_multipart_feed (struct sim_multipart *m, const void *bytes, size_t len);
bool sim_multipart_is_complete (const struct sim_multipart *m); /* the closing boundary was seen */
const char *sim_multipart_problem (const struct sim_multipart *m); /* NULL while all is well */
void sim_multipart_free (struct sim_multipart *m);

#endif
