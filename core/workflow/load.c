/* load: workflows from texts, files and folders; their life.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "workflow/parse.h"

static void
phase_free (void *item)
{
    struct workflow_phase *phase = item;
    mem_free (phase->name);
    mem_free (phase->summary);
    mem_free (phase->when);
    mem_free (phase->for_each);
    mem_free (phase->as);
    vec_free_with (&phase->steps, workflow_step_free);
    vec_free_with (&phase->finally, workflow_step_free);
    on_failure_clear (&phase->on_failure);
    mem_free (phase);
}

static void
input_free (void *item)
{
    struct workflow_input *input = item;
    mem_free (input->name);
    vec_free_with (&input->values, mem_free);
    json_decref (input->value_default);
    mem_free (input->help);
    mem_free (input);
}

struct workflow *
workflow_ref (struct workflow *w)
{
    __atomic_add_fetch (&w->refs, 1, __ATOMIC_RELAXED);
    return w;
}

void
workflow_unref (struct workflow *w)
{
    if (w == NULL || __atomic_sub_fetch (&w->refs, 1, __ATOMIC_ACQ_REL) > 0) {
        return;
    }
    mem_free (w->name);
    mem_free (w->summary);
    mem_free (w->file);
    mem_free (w->text);
    vec_free_with (&w->inputs, input_free);
    retry_clear (&w->retry);
    vec_free_with (&w->phases, phase_free);
    vec_free_with (&w->finally, workflow_step_free);
    mem_free (w);
}

static const struct workflow_finding *
first_error (const struct vec *findings, size_t from)
{
    for (size_t i = from; i < findings->count; i++) {
        const struct workflow_finding *f = vec_at (findings, i);
        if (!f->warning) {
            return f;
        }
    }
    return NULL;
}

int32_t
workflow_load_text (const char *text, size_t len, const char *file, struct workflow **ret,
                    struct vec *findings, struct err *err)
{
    struct vec own = { 0 };
    struct vec *to = findings == NULL ? &own : findings;
    size_t before = to->count;
    struct workflow *w = NULL;
    if (len > WORKFLOW_TEXT_MAX) {
        workflow_finding_add (findings, false, file, 0, "the file has %zu bytes, the limit is %d",
                              len, WORKFLOW_TEXT_MAX);
        return err_set (err, FARRIER_E_INVALID, "%s: the file has %zu bytes, the limit is %d", file,
                        len, WORKFLOW_TEXT_MAX);
    }
    int32_t rc = workflow_parse (text, len, file, &w, to, err);
    const struct workflow_finding *first = first_error (to, before);
    if (rc == 0 && first != NULL) {
        char *line = workflow_finding_text (first);
        rc = err_set (err, FARRIER_E_INVALID, "%s", line);
        err_hint (err, "farrier workflow check %s", file);
        mem_free (line);
        workflow_unref (w);
    } else if (rc == 0) {
        *ret = w;
    }
    workflow_findings_free (&own);
    return rc;
}

int32_t
workflow_load_file (const char *path, struct workflow **ret, struct vec *findings, struct err *err)
{
    struct buf text = { 0 };
    struct err own = { 0 };
    int32_t rc = fs_read (path, WORKFLOW_TEXT_MAX, &text, &own);
    if (rc == 0) {
        rc = workflow_load_text (text.data == NULL ? "" : text.data, text.len, path, ret, findings,
                                 err);
    } else {
        workflow_finding_add (findings, false, path, 0, "%s", own.message);
        err_set (err, rc, "%s", own.message);
        err_hint (err, "%s", own.hint);
    }
    buf_free (&text);
    return rc;
}

struct workflow *
workflow_find (const struct vec *workflows, const char *name)
{
    for (size_t i = 0; i < workflows->count; i++) {
        struct workflow *w = vec_at (workflows, i);
        if (str_eq (w->name, name)) {
            return w;
        }
    }
    return NULL;
}

static int
compare_names (const void *a, const void *b)
{
    return strcmp (((const struct workflow *) a)->name, ((const struct workflow *) b)->name);
}

int32_t
workflow_load_dir (const char *dir, struct vec *ret_workflows, struct vec *findings,
                   struct err *err)
{
    struct vec paths = { 0 };
    int32_t rc = fs_list (dir, ".conf", &paths, err);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < paths.count; i++) {
        struct workflow *w = NULL;
        if (workflow_load_file (vec_at (&paths, i), &w, findings, NULL) != 0) {
            continue;
        }
        const struct workflow *other = workflow_find (ret_workflows, w->name);
        if (other != NULL) {
            workflow_finding_add (findings, false, w->file, 0,
                                  "a workflow '%s' is there already, in %s", w->name, other->file);
            workflow_unref (w);
        } else {
            vec_push (ret_workflows, w);
        }
    }
    vec_free_with (&paths, mem_free);
    vec_sort (ret_workflows, compare_names);
    return 0;
}

int32_t
workflow_phase_index (const struct workflow *w, const char *name)
{
    for (size_t i = 0; i < w->phases.count; i++) {
        const struct workflow_phase *phase = vec_at (&w->phases, i);
        if (str_eq (phase->name, name)) {
            return (int32_t) i;
        }
    }
    return -1;
}
