/* web_testing: a repository with one image, a web server, and libcurl to fetch it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_WEB_WEB_TESTING_H
#define FARRIER_WEB_WEB_TESTING_H

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/testing.h"
#include "repo/repo.h"
#include "web/web.h"

#define ACCESS_MAX 64

/* What the access log said. */
struct log {
    pthread_mutex_t mutex;
    pthread_cond_t more;
    size_t count;
    struct web_access lines[ACCESS_MAX];   /* paths are copies */
};

struct world {
    char *dir;
    struct repo *repo;
    struct reader *reader;
    struct serve *serve;
    struct web *web;
    struct log log;
};

static inline void
on_access (void *ctx, const struct web_access *a)
{
    struct log *log = ctx;

    pthread_mutex_lock (&log->mutex);
    if (log->count < ACCESS_MAX) {
        log->lines[log->count] = *a;
        log->lines[log->count++].path = str_dup (a->path);
    }
    pthread_cond_broadcast (&log->more);
    pthread_mutex_unlock (&log->mutex);
}

/* Waits until n requests are over. */
static inline const struct web_access *
wait_access (struct world *w, size_t n)
{
    pthread_mutex_lock (&w->log.mutex);
    while (w->log.count < n) {
        pthread_cond_wait (&w->log.more, &w->log.mutex);
    }
    pthread_mutex_unlock (&w->log.mutex);
    return &w->log.lines[n - 1];
}

static inline unsigned char
pattern (uint64_t offset)
{
    return (unsigned char) ((offset * 2654435761u) >> 13);
}

/* A repository with one image of this size. */
static inline void
make_image (struct world *w, uint64_t size)
{
    struct repo_import_options options = { .vendor = "acme", .type = "bios", .version = "1",
                                           .model = "*", .name = "fw" };
    char *repo_dir = fs_join (w->dir, "repo"), *file = fs_join (w->dir, "fw 1.bin");
    FILE *f = fopen (file, "we");
    unsigned char chunk[4096];

    ck_assert_ptr_nonnull (f);
    for (uint64_t at = 0; at < size; at += sizeof (chunk)) {
        size_t len = size - at < sizeof (chunk) ? (size_t) (size - at) : sizeof (chunk);

        for (size_t i = 0; i < len; i++) {
            chunk[i] = pattern (at + i);
        }
        ck_assert_uint_eq (fwrite (chunk, 1, len, f), len);
    }
    ck_assert_int_eq (fclose (f), 0);
    ck_assert_int_eq (repo_open (repo_dir, true, &w->repo, NULL), 0);
    ck_assert_int_eq (repo_import (w->repo, file, &options, NULL, NULL, NULL), 0);
    ck_assert_int_eq (reader_open (w->repo, "fw", &w->reader, NULL), 0);
    mem_free (repo_dir);
    mem_free (file);
}

static inline void
world_open (struct world *w, uint64_t size, const struct web_listen *listens, size_t count)
{
    struct web_config config = { .listens = listens, .listen_count = count, .access = on_access };
    struct err err = { 0 };
    int32_t rc;

    memset (w, 0, sizeof (*w));
    pthread_mutex_init (&w->log.mutex, NULL);
    pthread_cond_init (&w->log.more, NULL);
    w->dir = testing_make_dir ();
    make_image (w, size);
    w->serve = serve_new ();
    config.serve = w->serve;
    config.access_ctx = &w->log;
    rc = web_start (&config, &w->web, &err);
    ck_assert_msg (rc == 0, "%s", err.message);
    ck_assert_uint_gt (web_port (w->web, 0), 0);
}

static inline void
world_close (struct world *w)
{
    web_stop (w->web);
    serve_free (w->serve);
    reader_unref (w->reader);
    repo_close (w->repo);
    testing_remove_dir (w->dir);
    for (size_t i = 0; i < w->log.count; i++) {
        mem_free ((char *) (uintptr_t) w->log.lines[i].path);
    }
}

static const struct web_listen here = { .address = "127.0.0.1" };

struct fetched {
    long status;
    struct buf headers;
    uint64_t first;                        /* offset of the first byte, for the pattern */
    uint64_t len;
    bool differs;
    CURLcode code;
};

static inline size_t
on_body (char *data, size_t one, size_t len, void *ctx)
{
    struct fetched *f = ctx;

    (void) one;
    for (size_t i = 0; i < len; i++) {
        f->differs = f->differs || (unsigned char) data[i] != pattern (f->first + f->len + i);
    }
    f->len += len;
    return len;
}

static inline size_t
on_header (char *data, size_t one, size_t len, void *ctx)
{
    (void) one;
    buf_append (&((struct fetched *) ctx)->headers, data, len);
    return len;
}

static inline CURL *
prepare (struct fetched *f, const char *url, const char *range)
{
    CURL *c = curl_easy_init ();

    curl_easy_setopt (c, CURLOPT_URL, url);
    curl_easy_setopt (c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt (c, CURLOPT_WRITEDATA, f);
    curl_easy_setopt (c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt (c, CURLOPT_HEADERDATA, f);
    curl_easy_setopt (c, CURLOPT_RANGE, range);
    curl_easy_setopt (c, CURLOPT_NOPROXY, "*");
    curl_easy_setopt (c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (c, CURLOPT_TIMEOUT, 50L);
    return c;
}

static inline void
fetch_with (CURL *c, struct fetched *f)
{
    f->code = curl_easy_perform (c);
    curl_easy_getinfo (c, CURLINFO_RESPONSE_CODE, &f->status);
    curl_easy_cleanup (c);
}

static inline struct fetched
fetch (const char *url, const char *range, uint64_t first, bool head)
{
    struct fetched f = { .first = first };
    CURL *c = prepare (&f, url, range);

    curl_easy_setopt (c, CURLOPT_NOBODY, head ? 1L : 0L);
    fetch_with (c, &f);
    return f;
}

static inline bool
says (const struct fetched *f, const char *header)
{
    return str_case_contains (f->headers.data, header);
}

static inline char *
publish (struct world *w, const struct serve_options *options)
{
    char *path, *url;

    ck_assert_int_eq (serve_publish (w->serve, w->reader, options, &path, NULL), 0);
    url = web_url (w->web, 0, NULL, path);
    mem_free (path);
    return url;
}

static inline const char *
path_of (const char *url)
{
    return strstr (url, SERVE_PREFIX);
}

static inline int
dial (uint16_t port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons (port) };
    struct timeval limit = { .tv_sec = 20 };
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    a.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    ck_assert_int_eq (connect (fd, (const struct sockaddr *) &a, sizeof (a)), 0);
    setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof (limit));
    return fd;
}

#endif
