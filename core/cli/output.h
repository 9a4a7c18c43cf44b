/* output: what a command shows: a table that fits the terminal, or JSON, or YAML.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CLI_OUTPUT_H
#define FARRIER_CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/command.h"

/* --- tables ----------------------------------------------------------------------------------- */

struct table;

enum table_flag {
    TABLE_RIGHT = 1,                   /* numbers */
    TABLE_WIDE = 2,                    /* only with -o wide */
    TABLE_TRUNC = 4,                   /* may be cut to fit the terminal */
    TABLE_STATE = 8                    /* coloured by its word */
};

/* wide: columns with TABLE_WIDE are shown. Call order: columns, then rows, each with a cell for
 * each column (also those that are not shown). */
struct table *table_new (bool wide);
void table_column (struct table *t, const char *name, unsigned flags);
void table_row (struct table *t);
/* NULL is "-". Copied; control characters are shown as '?'. */
void table_cell (struct table *t, const char *text);
void table_cellf (struct table *t, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));
size_t table_rows (const struct table *t);
/* width: columns of the terminal, 0 = nothing is cut. Heap. */
char *table_text (struct table *t, int width, bool color);
void table_free (struct table *t);
/* To stdout, as wide as the terminal; frees. A table without rows prints `empty` (may be NULL). */
void table_print (struct table *t, const char *empty);

/* --- documents -------------------------------------------------------------------------------- */

/* Prints v when -o json or yaml was asked for, and returns true. */
bool output_document (const struct invocation *inv, const json_t *v);
void output_yaml (const json_t *v, struct buf *ret);

/* --- words ------------------------------------------------------------------------------------ */

bool output_is_terminal (void);        /* stdout */
bool output_color (void);              /* a terminal, no NO_COLOR, no TERM=dumb */
int output_width (void);               /* 0 when stdout is no terminal */
int output_height (void);
/* Escape sequence for a state, "" when it has no colour. */
const char *output_color_of (const char *state);
/* "2m ago", "never" for 0; heap. */
char *output_ago (int64_t wall_ms);
/* Local time, to the second; heap. "-" for 0. */
char *output_time (int64_t wall_ms);
/* {"rack":"r12","role":"web"} as "rack=r12,role=web"; heap. */
char *output_labels (const json_t *labels);
/* Without anything that could steer a terminal. Heap. */
char *output_clean (const char *text);
/* Such a text as a line on stdout: whatever a BMC has said goes this way to a terminal. */
void output_line (const char *text);
void output_error (const struct err *err);
/* "FILE:LINE: message" for each finding of a reply, on stderr. Returns how many. */
size_t output_findings (const json_t *reply);
/* One question on the terminal. True for yes; false without a terminal, too: then `--yes` is the
 * way, and *ret_asked is false. */
bool output_confirm (const char *question, bool *ret_asked);

#endif
