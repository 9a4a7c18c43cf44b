/* finding: what is wrong with a workflow, and where.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "workflow/workflow.h"

void
workflow_finding_add (struct vec *findings, bool warning, const char *file, int line,
                      const char *fmt, ...)
{
    if (findings == NULL) {
        return;
    }
    struct workflow_finding *f = mem_alloc (sizeof *f);
    f->warning = warning;
    f->file = str_dup (file);
    f->line = line;
    va_list ap;
    va_start (ap, fmt);
    f->message = str_vprintf (fmt, ap);
    va_end (ap);
    vec_push (findings, f);
}

static void
finding_free (void *item)
{
    struct workflow_finding *f = item;
    mem_free (f->file);
    mem_free (f->message);
    mem_free (f);
}

void
workflow_findings_free (struct vec *findings)
{
    vec_free_with (findings, finding_free);
    memset (findings, 0, sizeof *findings);
}

static int
compare (const void *a, const void *b)
{
    const struct workflow_finding *x = a, *y = b;
    int order = strcmp (x->file, y->file);
    order = order != 0 ? order : (x->line > y->line) - (x->line < y->line);
    order = order != 0 ? order : (int) x->warning - (int) y->warning;
    return order != 0 ? order : strcmp (x->message, y->message);
}

void
workflow_findings_sort (struct vec *findings)
{
    vec_sort (findings, compare);
    for (size_t i = 1; i < findings->count;) {
        if (compare (vec_at (findings, i - 1), vec_at (findings, i)) == 0) {
            finding_free (vec_remove (findings, i));
        } else {
            i++;
        }
    }
}

size_t
workflow_findings_errors (const struct vec *findings)
{
    size_t errors = 0;
    for (size_t i = 0; i < findings->count; i++) {
        const struct workflow_finding *f = vec_at (findings, i);
        errors += f->warning ? 0 : 1;
    }
    return errors;
}

char *
workflow_finding_text (const struct workflow_finding *f)
{
    const char *kind = f->warning ? "warning: " : "";
    if (f->line == 0) {
        return str_printf ("%s: %s%s", f->file, kind, f->message);
    }
    return str_printf ("%s:%d: %s%s", f->file, f->line, kind, f->message);
}
