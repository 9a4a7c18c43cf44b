/* serve: the registry of one-time URLs.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "repo/serve.h"

#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"

#define TOKEN_BYTES 32             /* 256 random bits */
#define TOKEN_HEX (2 * TOKEN_BYTES)
#define LIFETIME_MS (2 * 60 * 60 * 1000)
#define KEEP_MS (10 * 60 * 1000)   /* after its end */
#define SPANS_MAX 64

/* Bytes that were sent: from … to - 1. */
struct span {
    uint64_t from, to;
};

/* One URL. Guarded by the registry's mutex; lives as long as it is listed or read. */
struct publication {
    struct serve *serve;
    char token[TOKEN_HEX + 1];
    char *filename;
    char *client;                  /* NULL = any */
    struct reader *reader;
    int64_t expires_boot_ms;
    uint32_t max_gets;
    bool revoked;
    size_t refs;
    struct serve_status status;
    struct span spans[SPANS_MAX];  /* of the current whole read, in order, apart from each other */
    size_t span_count;
};

struct serve {
    pthread_mutex_t mutex;
    struct map *by_token;
    size_t refs;                   /* the owner's and one for each read under way */
};

struct serve_read {
    struct publication *publication;
};

struct serve *
serve_new (void)
{
    struct serve *s = mem_alloc (sizeof (*s));

    pthread_mutex_init (&s->mutex, NULL);
    s->by_token = map_new ();
    s->refs = 1;
    return s;
}

/* With the mutex held. */
static void
publication_unref (struct publication *p)
{
    if (--p->refs > 0) {
        return;
    }
    reader_unref (p->reader);
    mem_free (p->filename);
    mem_free (p->client);
    mem_free (p);
}

/* With the mutex held; gives it up. */
static void
serve_unref_locked (struct serve *s)
{
    bool last = --s->refs == 0;

    pthread_mutex_unlock (&s->mutex);
    if (last) {
        map_free (s->by_token, NULL);
        pthread_mutex_destroy (&s->mutex);
        mem_free (s);
    }
}

void
serve_free (struct serve *s)
{
    const char *token;
    void *value;
    size_t it = 0;

    if (s == NULL) {
        return;
    }
    pthread_mutex_lock (&s->mutex);
    while (map_next (s->by_token, &it, &token, &value)) {
        struct publication *p = value;

        p->revoked = true;
        publication_unref (p);
    }
    map_free (s->by_token, NULL);
    s->by_token = map_new ();
    serve_unref_locked (s);
}

static bool
is_alive (const struct publication *p)
{
    return !p->revoked && clock_boot_ms () < p->expires_boot_ms &&
           (p->max_gets == 0 || p->status.gets_completed < p->max_gets);
}

/* How many are alive; forgets those that ended long ago: until then their status can be asked for.
 * With the mutex held. */
static size_t
sweep (struct serve *s)
{
    struct map *kept = map_new ();
    const char *token;
    void *value;
    size_t it = 0, alive = 0;

    while (map_next (s->by_token, &it, &token, &value)) {
        struct publication *p = value;

        alive += is_alive (p);
        if (clock_boot_ms () < p->expires_boot_ms + KEEP_MS) {
            map_set (kept, token, p);
        } else {
            publication_unref (p);
        }
    }
    map_free (s->by_token, NULL);
    s->by_token = kept;
    return alive;
}

size_t
serve_count (struct serve *s)
{
    size_t count;

    pthread_mutex_lock (&s->mutex);
    count = sweep (s);
    pthread_mutex_unlock (&s->mutex);
    return count;
}

static char *
encode_path (const char *token, const char *filename)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    struct buf b = { 0 };

    buf_printf (&b, "%s%s/", SERVE_PREFIX, token);
    for (; *filename != '\0'; filename++) {
        if (strchr (plain, *filename) != NULL) {
            buf_putc (&b, *filename);
        } else {
            buf_printf (&b, "%%%02X", (unsigned) (unsigned char) *filename);
        }
    }
    return buf_steal (&b);
}

int32_t
serve_publish (struct serve *s, struct reader *rd, const struct serve_options *options,
               char **ret_path, struct err *err)
{
    static const struct serve_options none;
    const struct serve_options *o = options == NULL ? &none : options;
    const char *filename = o->filename == NULL ? reader_image (rd)->filename : o->filename;
    unsigned char random[TOKEN_BYTES];
    struct publication *p;
    char *token;

    if (!image_valid_filename (filename)) {
        return err_set (err, FARRIER_E_INVALID, "'%s' cannot be the file name of a URL", filename);
    }
    p = mem_alloc (sizeof (*p));
    hash_random (random, sizeof (random));
    token = str_hex (random, sizeof (random));
    str_copy (p->token, sizeof (p->token), token);
    mem_free (token);
    p->serve = s;
    p->filename = str_dup (filename);
    p->client = str_dup (o->client);
    p->reader = reader_ref (rd);
    p->expires_boot_ms = clock_boot_ms () + (o->lifetime_ms > 0 ? o->lifetime_ms : LIFETIME_MS);
    p->max_gets = o->max_gets;
    p->refs = 1;
    pthread_mutex_lock (&s->mutex);
    sweep (s);
    map_set (s->by_token, p->token, p);
    pthread_mutex_unlock (&s->mutex);
    *ret_path = encode_path (p->token, filename);
    return 0;
}

/* The publication of a path; *ret_rest is what follows the token's slash. */
static struct publication *
find (struct serve *s, const char *path, const char **ret_rest)
{
    char token[TOKEN_HEX + 1];

    if (!str_starts (path, SERVE_PREFIX)) {
        return NULL;
    }
    path += strlen (SERVE_PREFIX);
    if (strcspn (path, "/") != TOKEN_HEX || path[TOKEN_HEX] != '/') {
        return NULL;
    }
    memcpy (token, path, TOKEN_HEX);
    token[TOKEN_HEX] = '\0';
    *ret_rest = path + TOKEN_HEX + 1;
    return map_get (s->by_token, token);
}

bool
serve_revoke (struct serve *s, const char *path)
{
    struct publication *p;
    const char *rest;
    bool alive = false;

    pthread_mutex_lock (&s->mutex);
    p = find (s, path, &rest);
    if (p != NULL) {
        alive = is_alive (p);
        p->revoked = true;
        map_remove (s->by_token, p->token);
        publication_unref (p);
    }
    pthread_mutex_unlock (&s->mutex);
    return alive;
}

bool
serve_status (struct serve *s, const char *path, struct serve_status *ret)
{
    struct publication *p;
    const char *rest;

    pthread_mutex_lock (&s->mutex);
    p = find (s, path, &rest);
    if (p != NULL) {
        *ret = p->status;
        ret->alive = is_alive (p);
    }
    pthread_mutex_unlock (&s->mutex);
    return p != NULL;
}

char *
serve_redact (const char *path)
{
    const char *token, *end;

    if (!str_starts (path, SERVE_PREFIX)) {
        return str_dup (path);
    }
    token = path + strlen (SERVE_PREFIX);
    end = strchrnul (token, '/');
    if (end - token < 8) {
        return str_dup (path);
    }
    return str_printf ("%s%.4s…%s", SERVE_PREFIX, token, end);
}

/* NULL: it may be read. With the mutex held. */
static const char *
refusal (const struct publication *p, const char *filename, const char *client)
{
    if (p == NULL) {
        return "no such URL";
    }
    if (!str_eq (filename, p->filename)) {
        return "another file name";
    }
    if (p->revoked || !is_alive (p)) {
        return "the URL has ended";
    }
    return p->client != NULL && !str_eq (client, p->client) ? "another client's URL" : NULL;
}

int32_t
serve_begin (struct serve *s, const char *path, const char *client, struct serve_read **ret,
             struct err *err)
{
    struct publication *p;
    const char *filename = NULL, *why;
    struct serve_read *sr;

    pthread_mutex_lock (&s->mutex);
    p = find (s, path, &filename);
    why = refusal (p, filename, client);
    if (why == NULL) {
        p->refs++;
        s->refs++;
    }
    pthread_mutex_unlock (&s->mutex);
    if (why != NULL) {
        char *shown = serve_redact (path);
        int32_t rc = err_set (err, ERR_NOT_FOUND, "%s asked for %s: %s",
                              client == NULL ? "?" : client, shown, why);

        mem_free (shown);
        return rc;
    }
    sr = mem_alloc (sizeof (*sr));
    sr->publication = p;
    *ret = sr;
    return 0;
}

struct reader *
serve_reader (const struct serve_read *sr)
{
    return sr->publication->reader;
}

const char *
serve_filename (const struct serve_read *sr)
{
    return sr->publication->filename;
}

bool
serve_still_valid (const struct serve_read *sr)
{
    bool valid;

    pthread_mutex_lock (&sr->publication->serve->mutex);
    valid = !sr->publication->revoked;
    pthread_mutex_unlock (&sr->publication->serve->mutex);
    return valid;
}

/* Adds from … to and joins what touches. */
static void
add_span (struct publication *p, uint64_t from, uint64_t to)
{
    size_t at = 0, end;

    while (at < p->span_count && p->spans[at].to < from) {
        at++;
    }
    for (end = at; end < p->span_count && p->spans[end].from <= to; end++) {
        from = p->spans[end].from < from ? p->spans[end].from : from;
        to = p->spans[end].to > to ? p->spans[end].to : to;
    }
    if (at == end && p->span_count == SPANS_MAX) {
        return;                            /* too scattered to follow */
    }
    memmove (&p->spans[at + 1], &p->spans[end], (p->span_count - end) * sizeof (p->spans[0]));
    p->spans[at] = (struct span){ from, to };
    p->span_count = p->span_count - (end - at) + 1;
}

void
serve_end (struct serve_read *sr, uint64_t sent_from, uint64_t sent_len)
{
    struct publication *p = sr->publication;
    struct serve *s = p->serve;

    pthread_mutex_lock (&s->mutex);
    if (sent_len > 0) {
        p->status.gets_started++;
        p->status.bytes_sent += sent_len;
        p->status.last_used_ms = clock_wall_ms ();
        add_span (p, sent_from, sent_from + sent_len);
        if (p->spans[0].from == 0 && p->spans[0].to >= reader_size (p->reader)) {
            p->status.gets_completed++;
            p->span_count = 0;
        }
    }
    publication_unref (p);
    serve_unref_locked (s);
    mem_free (sr);
}
