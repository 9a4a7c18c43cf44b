/* body: parts laid out as a row of segments that are read one after another.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/body.h"

#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

/* Larger ones are hashed by the thread pool. */
#define TAKE_BYTES_MAX ((size_t) 16 << 10)

struct part {
    enum transfer_part_kind kind;
    char *bytes;                       /* as given */
    size_t len;
    char *content;                     /* of this sending: bytes, substituted */
    size_t content_len;
    struct transfer_reader reader;
    char *head;                        /* form: boundary and headers */
    uint64_t end;                      /* offset of the first byte after its content */
    struct hash *hash;
    char sha256[HASH_SHA256_HEX];
};

struct body {
    struct part *parts;
    size_t part_count;
    bool form;
    char boundary[64];
    char content_type[128];
    char *tail;                        /* form: after the last part */
    const char *bad;                   /* why it cannot be framed */

    /* the position */
    size_t part;
    enum { IN_HEAD, IN_CONTENT, IN_TAIL, AT_END } where;
    uint64_t at;                       /* in the segment */
};

/* ---- framing ------------------------------------------------------------------------------- */

/* A value inside quotes, as browsers write it. */
static void
put_quoted (struct buf *b, const char *name, const char *value)
{
    buf_printf (b, "; %s=\"", name);
    for (const char *p = value; *p != '\0'; p++) {
        if (*p == '"')
            buf_puts (b, "%22");
        else if ((unsigned char) *p >= 0x20)
            buf_putc (b, *p);
    }
    buf_putc (b, '"');
}

static void
frame_part (struct body *body, const struct transfer_part *from, size_t i)
{
    struct buf b = { 0 };
    const char *type = from->content_type;
    if (from->name == NULL)
        body->bad = "a form part has no name";
    buf_printf (&b, "%s--%s\r\nContent-Disposition: form-data", i == 0 ? "" : "\r\n",
                body->boundary);
    put_quoted (&b, "name", from->name == NULL ? "" : from->name);
    if (from->filename != NULL)
        put_quoted (&b, "filename", fs_basename (from->filename));
    buf_puts (&b, "\r\n");
    if (type == NULL && from->filename != NULL)
        type = "application/octet-stream";
    if (type != NULL)
        buf_printf (&b, "Content-Type: %s\r\n", type);
    for (size_t h = 0; h < from->header_count; h++)
        buf_printf (&b, "%s: %s\r\n", from->headers[h].name, from->headers[h].value);
    buf_puts (&b, "\r\n");
    /* each header line is ours but for values: none of them may bring its own line */
    for (size_t h = 0; h < from->header_count; h++)
        if (strpbrk (from->headers[h].name, "\r\n") != NULL
            || strpbrk (from->headers[h].value, "\r\n") != NULL)
            body->bad = "a header of a form part holds a line break";
    if (type != NULL && strpbrk (type, "\r\n") != NULL)
        body->bad = "the content type of a form part holds a line break";
    body->parts[i].head = buf_steal (&b);
}

static void
make_boundary (struct body *body)
{
    unsigned char random[12];
    hash_random (random, sizeof random);
    char *hex = str_hex (random, sizeof random);
    str_format (body->boundary, sizeof body->boundary, "----farrier%s", hex);
    mem_free (hex);
    str_format (body->content_type, sizeof body->content_type,
                "multipart/form-data; boundary=%s", body->boundary);
    body->tail = str_printf ("\r\n--%s--\r\n", body->boundary);
}

struct body *
body_new (const struct transfer_part *parts, size_t count, bool form)
{
    struct body *body = mem_alloc (sizeof *body);
    body->parts = mem_array (count + 1, sizeof *body->parts);
    body->part_count = count;
    body->form = form;
    if (form)
        make_boundary (body);
    for (size_t i = 0; i < count; i++) {
        struct part *p = &body->parts[i];
        p->kind = parts[i].kind;
        p->reader = parts[i].reader;
        if (p->kind != TRANSFER_READER) {
            p->len = parts[i].len;
            p->bytes = mem_alloc (p->len + 1);
            if (p->len > 0)
                memcpy (p->bytes, parts[i].bytes, p->len);
        }
        if (form)
            frame_part (body, &parts[i], i);
    }
    if (form && count == 0)
        body->bad = "a form has no parts";
    return body;
}

static void
content_free (struct part *p)
{
    if (p->content != NULL && p->content != p->bytes) {
        mem_wipe (p->content, p->content_len);
        mem_free (p->content);
    }
    p->content = NULL;
    hash_free (p->hash);
    p->hash = NULL;
    p->sha256[0] = '\0';
}

void
body_free (struct body *body)
{
    if (body == NULL)
        return;
    for (size_t i = 0; i < body->part_count; i++) {
        struct part *p = &body->parts[i];
        content_free (p);
        if (p->kind == TRANSFER_READER && p->reader.close != NULL)
            p->reader.close (p->reader.arg);
        mem_free (p->bytes);
        mem_free (p->head);
    }
    mem_free (body->parts);
    mem_free (body->tail);
    mem_free (body);
}

static uint64_t
content_size (const struct part *p)
{
    return p->kind == TRANSFER_READER ? p->reader.size_bytes : p->content_len;
}

static void settle (struct body *body);

int32_t
body_layout (struct body *body, char *(*substitute) (void *arg, const char *text), void *arg,
             uint64_t *ret_total, struct err *err)
{
    if (body->bad != NULL)
        return err_set (err, FARRIER_E_INVALID, "the upload cannot be made: %s", body->bad);

    uint64_t total = 0;
    for (size_t i = 0; i < body->part_count; i++) {
        struct part *p = &body->parts[i];
        content_free (p);
        p->content = p->bytes;
        p->content_len = p->len;
        if (p->kind == TRANSFER_TEXT && substitute != NULL) {
            p->content = substitute (arg, p->bytes);
            p->content_len = strlen (p->content);
        }
        if (p->kind != TRANSFER_READER || p->reader.digest == NULL)
            p->hash = hash_new ();
        total += body->form ? strlen (p->head) : 0;
        if (content_size (p) > (uint64_t) INT64_MAX / 2 - total)
            return err_set (err, FARRIER_E_INVALID, "part %zu of the upload has an impossible size",
                            i);
        total += content_size (p);
        p->end = total;
    }
    total += body->form ? strlen (body->tail) : 0;
    body->part = 0;
    body->at = 0;
    body->where = body->part_count == 0 ? IN_TAIL : IN_HEAD;
    settle (body);
    *ret_total = total;
    return 0;
}

const char *
body_content_type (const struct body *body)
{
    return body->content_type;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* The text segment the position is in; NULL = content, or nothing. */
static const char *
segment_text (const struct body *body)
{
    if (body->where == IN_HEAD)
        return body->parts[body->part].head;
    return body->where == IN_TAIL ? body->tail : NULL;
}

static uint64_t
segment_size (const struct body *body)
{
    if (body->where == IN_CONTENT)
        return content_size (&body->parts[body->part]);
    const char *text = segment_text (body);
    return text == NULL ? 0 : strlen (text);
}

static int32_t
read_content (struct body *body, struct part *p, char **buf, size_t *room, struct err *err)
{
    uint64_t left = content_size (p) - body->at;
    size_t want = left < *room ? (size_t) left : *room;
    int64_t n = (int64_t) want;
    if (p->kind != TRANSFER_READER)
        memcpy (*buf, p->content + body->at, want);
    else if (want > 0)
        n = p->reader.read (p->reader.arg, body->at, *buf, want, err);
    if (n < 0)
        return (int32_t) n;
    if ((n == 0 && want > 0) || (uint64_t) n > want)
        return err_set (err, ERR_IO, "the image ends after %llu bytes, %llu were announced",
                        (unsigned long long) body->at, (unsigned long long) content_size (p));
    if (p->hash != NULL)
        hash_update (p->hash, *buf, (size_t) n);
    body->at += (uint64_t) n;
    *buf += n;
    *room -= (size_t) n;
    return 0;
}

static void
next_segment (struct body *body)
{
    body->at = 0;
    if (body->where == IN_HEAD) {
        body->where = IN_CONTENT;
    } else if (body->where == IN_TAIL) {
        body->where = AT_END;
    } else {
        struct part *p = &body->parts[body->part];
        if (p->hash != NULL)
            hash_final_hex (p->hash, p->sha256);
        else
            p->reader.digest (p->reader.arg, p->sha256);
        p->hash = NULL;
        body->part++;
        body->where = body->part == body->part_count ? IN_TAIL : IN_HEAD;
    }
}

/* Leaves the segments that have no more bytes. */
static void
settle (struct body *body)
{
    while (body->where != AT_END && body->at == segment_size (body))
        next_segment (body);
}

int32_t
body_read (struct body *body, void *buf, size_t len, size_t *ret_len, struct err *err)
{
    char *at = buf;
    size_t room = len;
    for (; room > 0 && body->where != AT_END; settle (body)) {
        if (body->where == IN_CONTENT) {
            int32_t code = read_content (body, &body->parts[body->part], &at, &room, err);
            if (code < 0)
                return code;
            continue;
        }
        uint64_t left = segment_size (body) - body->at;
        size_t n = left < room ? (size_t) left : room;
        memcpy (at, segment_text (body) + body->at, n);
        body->at += n;
        at += n;
        room -= n;
    }
    *ret_len = len - room;
    return 0;
}

bool
body_takes (const struct body *body)
{
    if (body->where != IN_CONTENT)
        return body->where != AT_END;
    const struct part *p = &body->parts[body->part];
    if (p->kind != TRANSFER_READER)
        return p->content_len <= TAKE_BYTES_MAX;
    return p->reader.take != NULL && p->hash == NULL;
}

size_t
body_take (struct body *body, void *buf, size_t len)
{
    size_t taken = 0, n = 1;
    for (; taken < len && n > 0 && body_takes (body); settle (body)) {
        const struct part *p = &body->parts[body->part];
        char *to = (char *) buf + taken;
        if (body->where == IN_CONTENT && p->kind == TRANSFER_READER) {
            uint64_t left = p->reader.size_bytes - body->at;
            n = left < len - taken ? (size_t) left : len - taken;
            n = p->reader.take (p->reader.arg, body->at, to, n);
            body->at += n;
        } else {
            uint64_t left = segment_size (body) - body->at;
            n = left < len - taken ? (size_t) left : len - taken;
            body_read (body, to, n, &n, NULL);   /* from memory: can't fail */
        }
        taken += n;
    }
    return taken;
}

size_t
body_part_count (const struct body *body)
{
    return body->part_count;
}

void
body_part_sha256 (const struct body *body, size_t part, uint64_t offset,
                  char ret[HASH_SHA256_HEX])
{
    const struct part *p = &body->parts[part];
    str_copy (ret, HASH_SHA256_HEX, p->end <= offset ? p->sha256 : "");
}
