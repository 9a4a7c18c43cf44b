/* spawn_tail: a tool's output while it grows, as a terminal would show it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/spawn_dir.h"

/* A line longer than this is cut into several. */
#define LINE_MAX_BYTES 4096
#define CHUNK_BYTES 65536

int32_t
spawn_output (const char *dir, enum spawn_stream stream, uint64_t offset, size_t max_bytes,
              struct buf *ret, struct err *err)
{
    char *path = fs_join (dir, stream == SPAWN_OUT ? "out" : "err");
    char chunk[8192];
    int32_t code = 0;
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0) {
        code = errno == ENOENT ? 0 : err_set_errno (err, ERR_IO, errno, "cannot open %s", path);
        mem_free (path);
        return code;
    }
    while (max_bytes > 0) {
        ssize_t n = pread (fd, chunk, max_bytes < sizeof chunk ? max_bytes : sizeof chunk,
                           (off_t) offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            code = err_set_errno (err, ERR_IO, errno, "cannot read %s", path);
        }
        if (n <= 0) {
            break;
        }
        buf_append (ret, chunk, (size_t) n);
        offset += (uint64_t) n;
        max_bytes -= (size_t) n;
    }
    close (fd);
    mem_free (path);
    return code;
}

static void
end_line (struct spawn_tail *tail, struct buf *ret_lines)
{
    buf_append (ret_lines, tail->line.data == NULL ? "" : tail->line.data, tail->line.len);
    buf_putc (ret_lines, '\n');
    buf_clear (&tail->line);
    tail->column = 0;
}

static void
put (struct spawn_tail *tail, char c, struct buf *ret_lines)
{
    if (tail->column < tail->line.len) {
        tail->line.data[tail->column++] = c;
        return;
    }
    buf_putc (&tail->line, c);
    tail->column++;
    if (tail->line.len >= LINE_MAX_BYTES) {
        end_line (tail, ret_lines);
    }
}

void
spawn_tail_feed (struct spawn_tail *tail, const char *bytes, size_t len, struct buf *ret_lines)
{
    for (size_t i = 0; i < len; i++) {
        switch (bytes[i]) {
        case '\n':
            end_line (tail, ret_lines);
            break;
        case '\r':
            tail->column = 0;
            break;
        case '\b':
            tail->column -= tail->column > 0 ? 1 : 0;
            break;
        case '\0':                 /* would end the text for every reader */
            break;
        default:
            put (tail, bytes[i], ret_lines);
        }
    }
    tail->offset += len;
}

int32_t
spawn_tail_read (const char *dir, enum spawn_stream stream, struct spawn_tail *tail,
                 struct buf *ret_lines, struct err *err)
{
    struct buf chunk = { 0 };
    int32_t code;

    do {
        buf_clear (&chunk);
        code = spawn_output (dir, stream, tail->offset, CHUNK_BYTES, &chunk, err);
        if (code == 0) {
            spawn_tail_feed (tail, chunk.data, chunk.len, ret_lines);
        }
    } while (code == 0 && chunk.len == CHUNK_BYTES);
    buf_free (&chunk);
    return code;
}

void
spawn_tail_clear (struct spawn_tail *tail)
{
    buf_free (&tail->line);
    memset (tail, 0, sizeof *tail);
}

/* "42", "42.5", "042": percent to permille; -1 for anything else and past 100. */
static int
parse_percent (const char *text, size_t len)
{
    size_t i = 0;
    int permille = 0;

    while (i < len && text[i] >= '0' && text[i] <= '9' && permille <= 1000) {
        permille = permille * 10 + (text[i++] - '0') * 10;
    }
    if (i == 0) {
        return -1;
    }
    if (i + 1 < len && (text[i] == '.' || text[i] == ',') && text[i + 1] >= '0' &&
        text[i + 1] <= '9') {
        permille += text[i + 1] - '0';
    }
    return permille <= 1000 ? permille : -1;
}

int32_t
spawn_progress (const char *pattern, const char *text, int *ret_permille, struct err *err)
{
    regex_t re;
    regmatch_t match[2];
    int found = -1;
    int rc = regcomp (&re, pattern, REG_EXTENDED);

    if (rc != 0) {
        char why[120];
        regerror (rc, &re, why, sizeof why);
        return err_set (err, FARRIER_E_INVALID, "progress pattern '%s': %s", pattern, why);
    }
    while (*text != '\0' && regexec (&re, text, 2, match, 0) == 0) {
        if (match[1].rm_so >= 0) {
            found = parse_percent (text + match[1].rm_so,
                                   (size_t) (match[1].rm_eo - match[1].rm_so));
        }
        text += match[0].rm_eo > 0 ? match[0].rm_eo : 1;
    }
    regfree (&re);
    *ret_permille = found;
    return 0;
}
