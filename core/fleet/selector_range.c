/* selector_range: host ranges: "n[001-040,050]" stands for 41 names.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "fleet/selector.h"

/* A bracket with only digits, dashes, commas and blanks is a range; any other is a glob's. */
static bool
is_range (const char *open, const char **ret_close)
{
    const char *p = open + 1;
    p += strspn (p, "0123456789-, ");
    *ret_close = p;
    return *p == ']' && p > open + 1;
}

struct number {
    unsigned long value;
    size_t width;                      /* with leading zeros */
};

static const char *
read_number (const char *p, struct number *ret)
{
    *ret = (struct number) { 0 };
    while (*p >= '0' && *p <= '9') {
        ret->value = ret->value * 10 + (unsigned long) (*p++ - '0');
        if (++ret->width > 9)
            return NULL;
    }
    return ret->width == 0 ? NULL : p;
}

struct expansion {
    const char *text;
    struct vec *ret;
    size_t made;
    size_t depth;                      /* ranges that are open: each takes stack */
};

static int32_t expand_from (struct expansion *x, const char *head, size_t head_len,
                            const char *rest, struct err *err);

static int32_t
column_error (const struct expansion *x, const char *at, struct err *err, const char *what)
{
    err_set (err, ERR_USAGE, "%s at column %zu of \"%.120s\"", what, (size_t) (at - x->text) + 1,
             x->text);
    err_hint (err, "a host range looks like n[001-040,050]");
    return ERR_USAGE;
}

static int32_t
expand_one (struct expansion *x, const char *head, size_t head_len, struct number n,
            const char *rest, struct err *err)
{
    struct buf name = { 0 };
    buf_append (&name, head, head_len);
    buf_printf (&name, "%0*lu", (int) n.width, n.value);
    int32_t rc = expand_from (x, name.data, name.len, rest, err);
    buf_free (&name);
    return rc;
}

/* One piece of a bracket: "7" or "001-040". *p moves behind it. */
static int32_t
expand_piece (struct expansion *x, const char *head, size_t head_len, const char **p,
              const char *rest, struct err *err)
{
    const char *at = *p + strspn (*p, " ");
    struct number from, to;
    const char *end = read_number (at, &from);
    if (end == NULL)
        return column_error (x, at, err, "a number of at most 9 digits is missing");
    to = from;
    if (*end == '-') {
        const char *second = end + 1;
        end = read_number (second, &to);
        if (end == NULL)
            return column_error (x, second, err, "the end of the range is missing");
        if (to.value < from.value)
            return column_error (x, at, err, "the range goes backwards");
        if (from.width != to.width && (*at == '0' || *second == '0'))
            return column_error (x, at, err, "the two ends of the range have different widths");
    }
    for (unsigned long v = from.value; v <= to.value; v++) {
        struct number n = { v, *at == '0' ? from.width : 1 };
        int32_t rc = expand_one (x, head, head_len, n, rest, err);
        if (rc < 0)
            return rc;
    }
    *p = end + strspn (end, " ");
    return 0;
}

static int32_t
expand_from (struct expansion *x, const char *head, size_t head_len, const char *rest,
             struct err *err)
{
    const char *close = NULL, *open = strchr (rest, '[');
    while (open != NULL && !is_range (open, &close))
        open = strchr (open + 1, '[');
    struct buf name = { 0 };
    buf_append (&name, head, head_len);
    if (open == NULL) {
        buf_puts (&name, rest);
        vec_push (x->ret, buf_steal (&name));
        if (++x->made > SELECTOR_RANGE_MAX)
            return column_error (x, x->text, err, "the range stands for more than 100000 names");
        return 0;
    }

    buf_append (&name, rest, (size_t) (open - rest));
    const char *p = open + 1;
    int32_t rc = 0;
    if (++x->depth > SELECTOR_RANGES_MAX) {
        buf_free (&name);
        return column_error (x, open, err, "there are more than 16 ranges");
    }
    for (;;) {
        rc = expand_piece (x, name.data == NULL ? "" : name.data, name.len, &p, close + 1, err);
        if (rc < 0 || p == close)
            break;
        if (*p != ',') {
            rc = column_error (x, p, err, "a comma or a closing bracket is missing");
            break;
        }
        p++;
    }
    x->depth--;
    buf_free (&name);
    return rc;
}

int32_t
selector_expand (const char *text, struct vec *ret, struct err *err)
{
    struct expansion x = { .text = text, .ret = ret };
    size_t before = ret->count;
    int32_t rc = expand_from (&x, "", 0, text, err);
    while (rc < 0 && ret->count > before)
        mem_free (vec_pop (ret));
    return rc;
}
