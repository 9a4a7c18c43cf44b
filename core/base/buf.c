/* buf: see buf.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void
buf_reserve (struct buf *b, size_t more)
{
    size_t need, capacity;

    if (__builtin_add_overflow (b->len, more, &need)
        || __builtin_add_overflow (need, (size_t) 1, &need) || need > SIZE_MAX / 2) {
        fprintf (stderr, "farrier: a buffer of %zu and %zu bytes: too many\n", b->len, more);
        abort ();
    }
    if (need <= b->capacity) {
        return;
    }
    capacity = b->capacity == 0 ? 64 : b->capacity;
    while (capacity < need) {
        capacity += capacity / 2;
    }
    b->data = mem_realloc (b->data, capacity);
    b->capacity = capacity;
    b->data[b->len] = '\0';
}

void
buf_append (struct buf *b, const void *bytes, size_t len)
{
    buf_reserve (b, len);
    if (len > 0) {
        memcpy (b->data + b->len, bytes, len);
    }
    b->len += len;
    b->data[b->len] = '\0';
}

void
buf_puts (struct buf *b, const char *s)
{
    buf_append (b, s, strlen (s));
}

void
buf_putc (struct buf *b, char c)
{
    buf_append (b, &c, 1);
}

void
buf_vprintf (struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    int len;

    va_copy (again, ap);
    buf_reserve (b, 64);
    len = vsnprintf (b->data + b->len, b->capacity - b->len, fmt, ap);
    if (len < 0) {
        fprintf (stderr, "farrier: a format the C library refuses: %s\n", fmt);
        abort ();
    }
    if ((size_t) len >= b->capacity - b->len) {
        buf_reserve (b, (size_t) len);
        vsnprintf (b->data + b->len, b->capacity - b->len, fmt, again);
    }
    va_end (again);
    b->len += (size_t) len;
}

void
buf_printf (struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start (ap, fmt);
    buf_vprintf (b, fmt, ap);
    va_end (ap);
}

void
buf_clear (struct buf *b)
{
    b->len = 0;
    if (b->data != NULL) {
        b->data[0] = '\0';
    }
}

char *
buf_steal (struct buf *b)
{
    char *data;

    buf_reserve (b, 0);
    data = b->data;
    *b = (struct buf) { 0 };
    return data;
}

void
buf_free (struct buf *b)
{
    mem_free (b->data);
    *b = (struct buf) { 0 };
}

void
buf_wipe_free (struct buf *b)
{
    mem_wipe (b->data, b->capacity);
    buf_free (b);
}
