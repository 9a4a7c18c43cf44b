/* serve: one-time URLs under which a BMC pulls an image: a registry of tokens; core/web speaks the
 * HTTP.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_REPO_SERVE_H
#define FARRIER_REPO_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "repo/reader.h"

#define SERVE_PREFIX "/fw/"        /* "/fw/TOKEN/FILENAME" */

/* Thread-safe. Tokens live in memory only: after a restart the job publishes again. */
struct serve;

struct serve_options {
    /* last element of the path; NULL = the image's. No '/', no control bytes */
    const char *filename;
    /* only this address (text, "127.1.2.3" or "fe80::1") may read; NULL = any */
    const char *client;
    int64_t lifetime_ms;           /* on the boot clock; 0 = 2 h */
    /* completed whole reads after which it ends; 0 = until it expires */
    uint32_t max_gets;
};

struct serve_status {
    bool alive;
    uint32_t gets_started;         /* GETs that were answered with bytes */
    /* whole images, in one response or by ranges up to the last byte */
    uint32_t gets_completed;
    uint64_t bytes_sent;
    int64_t last_used_ms;          /* wall clock; 0 = never */
};

struct serve *serve_new (void);
void serve_free (struct serve *s);                /* revokes all */

/* Keeps a reference to rd. *ret_path is "/fw/TOKEN/FILENAME" on the heap, percent-encoded; a token
 * has 256 random bits. It is a secret: log it as serve_redact() shows it. */
int32_t serve_publish (struct serve *s, struct reader *rd, const struct serve_options *options,
                       char **ret_path, struct err *err);
/* True when it was alive. Reads under way are cut at the next chunk. */
bool serve_revoke (struct serve *s, const char *path);
/* false: unknown path */
bool serve_status (struct serve *s, const char *path, struct serve_status *ret);
size_t serve_count (struct serve *s);             /* of those alive */

/* "/fw/9f3c…/FILENAME": heap. */
char *serve_redact (const char *path);

/* For core/web: one GET or HEAD. The answer is the same for an unknown, expired, used-up or foreign
 * path: ERR_NOT_FOUND; err->message says which, for the log only. */
struct serve_read;

int32_t serve_begin (struct serve *s, const char *path, const char *client, struct serve_read **ret,
                     struct err *err);
struct reader *serve_reader (const struct serve_read *sr);        /* borrowed */
const char *serve_filename (const struct serve_read *sr);
bool serve_still_valid (const struct serve_read *sr);             /* false after a revoke */
/* sent_from, sent_len: which bytes left; a read that reached the last byte counts as completed when
 * everything before was sent too, in whatever pieces. len 0 (HEAD, abort at once) counts nothing.
 * */
void serve_end (struct serve_read *sr, uint64_t sent_from, uint64_t sent_len);

#endif
