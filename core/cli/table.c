/* table: tables by libsmartcols.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "cli/output.h"

struct table {
    bool wide;
    struct vec columns;                /* struct column * */
    struct vec rows;                   /* struct row * */
};

struct column {
    char *name;
    unsigned flags;
};

struct row {
    struct vec cells;                  /* char * */
};

struct table *
table_new (bool wide)
{
    struct table *t = mem_alloc (sizeof *t);
    t->wide = wide;
    return t;
}

void
table_column (struct table *t, const char *name, unsigned flags)
{
    struct column *c = mem_alloc (sizeof *c);
    c->name = str_dup (name);
    c->flags = flags;
    vec_push (&t->columns, c);
}

void
table_row (struct table *t)
{
    vec_push (&t->rows, mem_alloc (sizeof (struct row)));
}

void
table_cell (struct table *t, const char *text)
{
    struct row *row = vec_at (&t->rows, t->rows.count - 1);
    vec_push (&row->cells, output_clean (str_empty (text) ? "-" : text));
}

void
table_cellf (struct table *t, const char *fmt, ...)
{
    va_list ap;
    va_start (ap, fmt);
    char *text = str_vprintf (fmt, ap);
    va_end (ap);
    table_cell (t, text);
    mem_free (text);
}

size_t
table_rows (const struct table *t)
{
    return t->rows.count;
}

static void
free_column (void *p)
{
    struct column *c = p;
    mem_free (c->name);
    mem_free (c);
}

static void
free_row (void *p)
{
    struct row *row = p;
    vec_free_with (&row->cells, mem_free);
    mem_free (row);
}

void
table_free (struct table *t)
{
    if (t == NULL)
        return;
    vec_free_with (&t->columns, free_column);
    vec_free_with (&t->rows, free_row);
    mem_free (t);
}

/* --- drawing ---------------------------------------------------------------------------------- */

static void
add_columns (const struct table *t, struct libscols_table *s)
{
    for (size_t i = 0; i < t->columns.count; i++) {
        const struct column *c = t->columns.items[i];
        int flags = 0;
        if ((c->flags & TABLE_WIDE) && !t->wide)
            continue;
        if (c->flags & TABLE_RIGHT)
            flags |= SCOLS_FL_RIGHT;
        if (c->flags & TABLE_TRUNC)
            flags |= SCOLS_FL_TRUNC;
        scols_table_new_column (s, c->name, 0, flags);
    }
}

static void
add_row (const struct table *t, const struct row *row, struct libscols_table *s, bool color)
{
    struct libscols_line *line = scols_table_new_line (s, NULL);
    size_t shown = 0;
    for (size_t i = 0; i < t->columns.count && i < row->cells.count; i++) {
        const struct column *c = t->columns.items[i];
        if ((c->flags & TABLE_WIDE) && !t->wide)
            continue;
        struct libscols_cell *cell = scols_line_get_cell (line, shown++);
        const char *text = row->cells.items[i];
        scols_cell_set_data (cell, text);
        if (color && (c->flags & TABLE_STATE) && *output_color_of (text) != '\0')
            scols_cell_set_color (cell, output_color_of (text));
    }
}

char *
table_text (struct table *t, int width, bool color)
{
    struct libscols_table *s = scols_new_table ();
    char *text = NULL;
    if (s == NULL)
        return str_dup ("");
    scols_table_set_column_separator (s, "  ");
    if (width > 0) {
        scols_table_set_termforce (s, SCOLS_TERMFORCE_ALWAYS);
        scols_table_set_termwidth (s, (size_t) width);
    } else {
        scols_table_set_termforce (s, SCOLS_TERMFORCE_NEVER);
    }
    scols_table_enable_colors (s, color);
    scols_table_enable_nolinesep (s, 0);
    add_columns (t, s);
    for (size_t i = 0; i < t->rows.count; i++)
        add_row (t, t->rows.items[i], s, color);
    if (t->rows.count == 0 || scols_print_table_to_string (s, &text) != 0)
        text = NULL;
    scols_unref_table (s);
    char *own = str_dup (text == NULL ? "" : text);
    free (text);
    return own;
}

void
table_print (struct table *t, const char *empty)
{
    if (t->rows.count == 0) {
        if (empty != NULL)
            puts (empty);
    } else {
        char *text = table_text (t, output_width (), output_color ());
        fputs (text, stdout);
        if (*text != '\0' && !str_ends (text, "\n"))
            putchar ('\n');
        mem_free (text);
    }
    table_free (t);
}
