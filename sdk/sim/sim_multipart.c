/* sim_multipart: multipart/form-data read as it arrives; nothing but a part's head is held.
 *
 * The delimiter is CR LF "--" boundary, and CR occurs in it only at its start. So a failed match
 * needs no memory of the bytes: they were the delimiter's own, and the next match can only begin
 * at the byte that failed.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_multipart.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

enum state { PREAMBLE, AFTER_DELIMITER, HEAD, DATA, EPILOGUE, BROKEN };

struct sim_multipart {
    enum state state;
    char delimiter[80];
    size_t delimiter_len;
    size_t matched; /* bytes of the delimiter seen at the end of what came so far */
    char after[2];
    size_t after_len;
    size_t epilogue_len;
    struct buf head;
    struct sim_multipart_sink sink;
    const char *problem;
};

bool
sim_multipart_boundary (const char *content_type, char *ret, size_t ret_size)
{
    const char *p = content_type;
    char boundary[72];
    size_t n = 0;

    while (p != NULL && (p = strchr (p, ';')) != NULL) {
        p += 1 + strspn (p + 1, " \t");
        if (strncasecmp (p, "boundary=", 9) == 0)
            break;
    }
    if (p == NULL)
        return false;
    p += 9;
    bool quoted = *p == '"';
    for (p += quoted; *p != '\0' && *p != '"' && (quoted || (*p != ';' && *p != ' ')); p++) {
        if (n == 70 || (!isalnum ((unsigned char) *p) && strchr ("'()+_,-./:=? ", *p) == NULL))
            return false;
        boundary[n++] = *p;
    }
    if (n == 0 || boundary[n - 1] == ' ' || (quoted && *p != '"') || n >= ret_size)
        return false;
    boundary[n] = '\0';
    str_copy (ret, ret_size, boundary);
    return true;
}

struct sim_multipart *
sim_multipart_new (const char *boundary, const struct sim_multipart_sink *sink)
{
    struct sim_multipart *m = mem_alloc (sizeof *m);

    m->delimiter_len = str_format (m->delimiter, sizeof m->delimiter, "\r\n--%s", boundary);
    m->matched = 2; /* the first delimiter has no line before it */
    m->sink = *sink;
    return m;
}

void
sim_multipart_free (struct sim_multipart *m)
{
    if (m == NULL)
        return;
    buf_free (&m->head);
    mem_free (m);
}

bool
sim_multipart_is_complete (const struct sim_multipart *m)
{
    return m->state == EPILOGUE;
}

const char *
sim_multipart_problem (const struct sim_multipart *m)
{
    return m->problem;
}

static bool
broken (struct sim_multipart *m, const char *problem)
{
    m->state = BROKEN;
    m->problem = problem;
    return false;
}

/* A quoted or plain parameter of a Content-Disposition header. */
static bool
disposition_parameter (const char *value, const char *name, char *ret, size_t ret_size)
{
    size_t name_len = strlen (name), n = 0;
    const char *p = value;

    while ((p = strchr (p, ';')) != NULL) {
        p += 1 + strspn (p + 1, " \t");
        if (strncasecmp (p, name, name_len) == 0 && p[name_len] == '=')
            break;
    }
    if (p == NULL)
        return false;
    p += name_len + 1;
    bool quoted = *p == '"';
    for (p += quoted; *p != '\0' && *p != '"' && (quoted || *p != ';') && n + 1 < ret_size; p++)
        ret[n++] = *p;
    ret[n] = '\0';
    return true;
}

static bool
read_head (struct sim_multipart *m)
{
    struct sim_part part = { 0 };
    bool has_disposition = false;
    char *line = m->head.data;

    while (line != NULL && *line != '\0') {
        char *end = strstr (line, "\r\n");
        if (end != NULL)
            *end = '\0';
        char *colon = strchr (line, ':');
        if (colon == NULL)
            return broken (m, "malformed header in a part");
        *colon = '\0';
        char *value = str_trim (colon + 1);
        if (strcasecmp (line, "Content-Disposition") == 0) {
            has_disposition = strncasecmp (value, "form-data", 9) == 0
                              && disposition_parameter (value, "name", part.name, sizeof part.name);
            part.has_filename
                = disposition_parameter (value, "filename", part.filename, sizeof part.filename);
        } else if (strcasecmp (line, "Content-Type") == 0) {
            str_copy (part.type, sizeof part.type, value);
        }
        line = end == NULL ? NULL : end + 2;
    }
    if (!has_disposition)
        return broken (m, "a part without Content-Disposition: form-data; name=…");
    m->state = DATA;
    m->matched = 0;
    return m->sink.begin (m->sink.arg, &part) || broken (m, "part refused");
}

/* Returns how many bytes belonged to the head, 0 when broken. */
static size_t
feed_head (struct sim_multipart *m, const char *p, size_t len)
{
    size_t before = m->head.len;

    buf_append (&m->head, p, len);
    size_t from = before > 3 ? before - 3 : 0;
    char *end = memmem (m->head.data + from, m->head.len - from, "\r\n\r\n", 4);
    if (end == NULL) {
        if (m->head.len > SIM_MULTIPART_HEAD_MAX) {
            broken (m, "the head of a part is too long");
            return 0;
        }
        return len;
    }
    size_t head_len = (size_t) (end - m->head.data) + 4;
    if (memchr (m->head.data, '\0', head_len) != NULL) {
        broken (m, "NUL in the head of a part");
        return 0;
    }
    *end = '\0';
    if (!read_head (m))
        return 0;
    buf_clear (&m->head);
    return head_len - before;
}

/* Data up to the next delimiter; matched bytes that turn out to be data are given on from the
 * delimiter itself. Returns the bytes eaten, 0 when broken. */
static size_t
feed_data (struct sim_multipart *m, const char *p, size_t len)
{
    size_t i = 0, start = 0;

    while (i < len) {
        if (m->matched == 0) {
            const char *cr = memchr (p + i, '\r', len - i);
            i = cr == NULL ? len : (size_t) (cr - p);
            if (i > start && !m->sink.data (m->sink.arg, p + start, i - start)) {
                broken (m, "part refused");
                return 0;
            }
            start = i;
            if (cr == NULL)
                return len;
        }
        if (p[i] == m->delimiter[m->matched]) {
            i++;
            start = i;
            if (++m->matched == m->delimiter_len)
                break;
            continue;
        }
        if (m->matched > 0 && !m->sink.data (m->sink.arg, m->delimiter, m->matched)) {
            broken (m, "part refused");
            return 0;
        }
        m->matched = 0;
        start = i;
    }
    if (m->matched == m->delimiter_len) {
        if (!m->sink.end (m->sink.arg)) {
            broken (m, "part refused");
            return 0;
        }
        m->state = AFTER_DELIMITER;
        m->after_len = 0;
    }
    return i;
}

static size_t
feed_preamble (struct sim_multipart *m, const char *p, size_t len)
{
    size_t i = 0;

    while (i < len && m->matched < m->delimiter_len) {
        if (p[i++] != m->delimiter[m->matched++]) {
            broken (m, "the body does not begin with the boundary of Content-Type");
            return 0;
        }
    }
    if (m->matched == m->delimiter_len)
        m->state = AFTER_DELIMITER;
    return i;
}

static size_t
feed_after_delimiter (struct sim_multipart *m, const char *p)
{
    m->after[m->after_len++] = *p;
    if (m->after_len < 2)
        return 1;
    m->after_len = 0;
    if (memcmp (m->after, "--", 2) == 0) {
        m->state = EPILOGUE;
    } else if (memcmp (m->after, "\r\n", 2) == 0) {
        m->state = HEAD;
    } else {
        broken (m, "neither a line end nor -- after a boundary");
        return 0;
    }
    return 1;
}

bool
sim_multipart_feed (struct sim_multipart *m, const void *bytes, size_t len)
{
    const char *p = bytes;

    while (len > 0) {
        size_t eaten = 0;

        switch (m->state) {
        case PREAMBLE: eaten = feed_preamble (m, p, len); break;
        case AFTER_DELIMITER: eaten = feed_after_delimiter (m, p); break;
        case HEAD: eaten = feed_head (m, p, len); break;
        case DATA: eaten = feed_data (m, p, len); break;
        case EPILOGUE:
            m->epilogue_len += len;
            if (m->epilogue_len > 2)
                return broken (m, "bytes after the closing boundary");
            return true;
        case BROKEN: return false;
        }
        if (m->state == BROKEN)
            return false;
        p += eaten;
        len -= eaten;
    }
    return m->state != BROKEN;
}
