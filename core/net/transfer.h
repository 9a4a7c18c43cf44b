/* transfer: images to a BMC and files from it, streamed; memory does not depend on the size. File
 * reads and writes happen on libuv's thread pool.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_TRANSFER_H
#define FARRIER_NET_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http.h"

/* Bytes with a known size, read in order from the beginning (again from the beginning after a 401).
 * read returns the bytes read (short reads are fine, 0 before the end is an error) or a negative
 * code with err; it runs on the thread pool, one call at a time. close is called once, there or on
 * the loop. */
struct transfer_reader {
    uint64_t size_bytes;
    int64_t (*read) (void *arg, uint64_t offset, void *buf, size_t len, struct err *err);
    void (*close) (void *arg);         /* may be NULL */
    void *arg;
    /* May be NULL. What of len bytes is in memory already, 0 = nothing; runs on the loop instead of
     * read and must not block. Only asked where digest is given. */
    size_t (*take) (void *arg, uint64_t offset, void *buf, size_t len);
    /* May be NULL: then the bytes are hashed as they are handed to TLS. A reader that verifies what
     * it delivers (a cache of chunks shared by many uploads, say) may give the digest itself; it is
     * asked after the last byte was read, on the thread pool or the loop. "" = it cannot say. */
    void (*digest) (void *arg, char ret_sha256[65]);
};

enum transfer_part_kind {
    /* bytes, len; copied; "${session.token}" is not looked for */
    TRANSFER_BYTES = 0,
    /* the same, but "${session.token}" is replaced by the token */
    TRANSFER_TEXT = 1,
    TRANSFER_READER = 2
};

struct transfer_part {
    enum transfer_part_kind kind;
    const void *bytes;
    size_t len;
    struct transfer_reader reader;     /* READER: owned by the transfer from transfer_upload() on */
    const char *name;                  /* form: name="…" */
    /* form: NULL = no filename attribute; only the last path component is sent */
    const char *filename;
    /* form: NULL = application/octet-stream with filename, else none */
    const char *content_type;
    const struct net_header *headers;  /* form: more headers of this part */
    size_t header_count;
};

struct transfer_result {
    struct net_response *response;     /* the callee frees it with transfer_result_free() */
    uint64_t sent_bytes;               /* of the body, in the last sending */
    uint64_t total_bytes;              /* Content-Length that was announced */
    bool complete;                     /* the whole body left */
    size_t part_count;
    /* per part, over the bytes that were handed to TLS; "" unless the whole part was */
    char (*part_sha256)[65];
};
void transfer_result_free (struct transfer_result *result);

typedef void transfer_done_fn (void *arg, struct transfer_result *result);
/* On the loop, at most twice a second and once at the end. */
typedef void transfer_progress_fn (void *arg, uint32_t permille, uint64_t sent_bytes,
                                   uint64_t total_bytes);

/* Everything is copied but the readers. Counts against max_uploads, not max_open_connections. */
struct transfer_upload {
    struct net_target *target;
    enum net_auth auth;
    struct session *session;
    const char *method;                /* NULL = POST */
    const char *path;
    const struct net_header *headers;  /* "${session.token}" in values is replaced */
    size_t header_count;
    bool form;                         /* multipart/form-data; else the parts one after another */
    const char *content_type;          /* raw: NULL = application/octet-stream */
    const struct transfer_part *parts;
    size_t part_count;
    uint32_t stall_ms;                 /* no byte moved for so long while sending; 0 = 60 s */
    uint32_t answer_ms;                /* from the last byte to the answer; 0 = 600 s */
    int64_t total_ms;                  /* 0 = max (600 s, bytes at 50 KB/s) */
    size_t max_response_bytes;         /* 0 = 4 MiB */
    net_gate_fn *gate;
    transfer_progress_fn *progress;
    transfer_done_fn *done;
    void *arg;                         /* for all three */
};

/* Cancel and gate as for requests: net_cancel(), net_proceed(). */
net_handle transfer_upload (const struct transfer_upload *upload);

/* GET into a file (created 0600, O_EXCL at path + ".part", fsync, renamed over path at the end). */
struct transfer_download {
    struct net_target *target;
    enum net_auth auth;
    struct session *session;
    const char *path;                  /* what to get */
    const struct net_header *headers;
    size_t header_count;
    const char *file;                  /* where it goes */
    uint64_t max_bytes;                /* 0 = 64 MiB; more ends with NO_SPACE */
    uint32_t stall_ms;                 /* 0 = 60 s */
    int64_t total_ms;                  /* 0 = 600 s */
    void (*done) (void *arg, struct net_response *response, const char *sha256,
                  uint64_t size_bytes);
    /* a body of a status other than 200 is in response, the file then is not made */
    void *arg;
};
net_handle transfer_download (const struct transfer_download *download);

#endif
