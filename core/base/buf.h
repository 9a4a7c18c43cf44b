/* buf: bytes that grow.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_BASE_BUF_H
#define FARRIER_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

/* All zero is an empty buffer. data is always NUL-terminated once anything was appended. */
struct buf {
    char *data;
    size_t len;
    size_t capacity;
};

void buf_append (struct buf *b, const void *bytes, size_t len);
void buf_puts (struct buf *b, const char *s);
void buf_putc (struct buf *b, char c);
void buf_printf (struct buf *b, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));
void buf_vprintf (struct buf *b, const char *fmt, va_list ap)
    __attribute__ ((format (printf, 2, 0)));
void buf_reserve (struct buf *b, size_t more);
void buf_clear (struct buf *b);                   /* keeps the memory */
char *buf_steal (struct buf *b);                  /* never NULL; the buffer is empty afterwards */
void buf_free (struct buf *b);
void buf_wipe_free (struct buf *b);               /* for secrets */

#endif
