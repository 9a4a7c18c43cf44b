/* workflow: a workflow file, read and understood. Pure: nothing here speaks to a host.
 *
 *   load -> check (check.h) -> next (next.h)
 *
 * A struct workflow is immutable and counted; any thread may read it. A running job keeps the
 * version that it began with: the engine stores text by digest and reads it again with
 * workflow_load_text().
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_WORKFLOW_WORKFLOW_H
#define FARRIER_WORKFLOW_WORKFLOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/vec.h"

#define WORKFLOW_CONTEXT_MAX (64 * 1024)          /* bytes of a job's context as compact JSON */
#define WORKFLOW_TEXT_MAX (256 * 1024)            /* bytes of a file */

enum workflow_backoff {
    WORKFLOW_BACKOFF_EXPONENTIAL, WORKFLOW_BACKOFF_LINEAR, WORKFLOW_BACKOFF_FIXED
};

enum workflow_failure {                           /* what on_failure asks for */
    WORKFLOW_FAILURE_ABORT = 0,                   /* finally, then the job has failed */
    /* a step's: the next step; a phase's: the next phase */
    WORKFLOW_FAILURE_CONTINUE,
    /* firmware.rollback of what failed, then as abort */
    WORKFLOW_FAILURE_ROLLBACK,
    WORKFLOW_FAILURE_GOTO                         /* on with a later phase */
};

struct workflow_failure_choice {
    enum workflow_failure kind;
    int32_t goto_phase;                           /* index; -1 unless GOTO */
    char *goto_name;
};

struct workflow_on_failure {
    bool set;                                     /* false: a step asks its phase; a phase aborts */
    int line;
    char *when;                                   /* NULL: `then` always */
    struct workflow_failure_choice then, otherwise;
};

/* `before` of a retry: a step that runs ahead of attempt N. */
struct workflow_before {
    int line;
    /* 2, 3, …; 0: ahead of every attempt but the first */
    uint32_t attempt;
    char *action;
    json_t *params;                               /* object, ${…} not evaluated */
    struct map *lines;                            /* JSON pointer in it -> (intptr_t) line */
};

struct workflow_retry {
    int line;
    uint32_t attempts;                            /* 1 = never again */
    enum workflow_backoff backoff;
    int64_t initial_ms, max_ms;
    int32_t *on;                                  /* enum farrier_error_code */
    size_t on_count;
    struct vec before;                            /* struct workflow_before * */
};

struct workflow_step {
    int line;
    char *action;                                 /* as written: "dell_dup:firmware.install" */
    /* "dell_dup", or NULL: the host's bindings choose */
    char *plugin;
    char *op;                                     /* "firmware.install" */
    /* object, ${…} not evaluated; includes component, image */
    json_t *params;
    struct map *lines;                            /* JSON pointer in the step -> (intptr_t) line */
    char *for_each, *as, *when;                   /* NULL; as = "item" when for_each is there */
    int64_t timeout_ms;                           /* 0: the op's own default */
    /* false: retry is a copy of the workflow's default */
    bool has_retry;
    struct workflow_retry retry;
    char *save;                                   /* NULL */
    bool skip_unsupported;                        /* on_unsupported = "skip" */
    struct workflow_on_failure on_failure;
    /* n for the n-th step of this action here, from 1 */
    uint32_t nth;
};

struct workflow_phase {
    int line;
    char *name;
    char *summary;                                /* NULL */
    uint32_t weight;                              /* as written; default 10 */
    char *when, *for_each, *as;                   /* NULL; as = "item" when for_each is there */
    int when_line, for_each_line;
    struct vec steps;                             /* struct workflow_step * */
    struct vec finally;                           /* struct workflow_step * */
    struct workflow_on_failure on_failure;
};

enum workflow_input_type {
    WORKFLOW_INPUT_STRING = 0, WORKFLOW_INPUT_BOOL, WORKFLOW_INPUT_INT, WORKFLOW_INPUT_ENUM,
    WORKFLOW_INPUT_DURATION                       /* kept as text; checked */
};

struct workflow_input {
    int line;
    char *name;
    enum workflow_input_type type;
    struct vec values;                            /* char *, for ENUM */
    json_t *value_default;                        /* NULL: it must be given */
    char *help;                                   /* NULL */
};

struct workflow {
    char *name;
    char *summary;                                /* "" when there is none */
    int64_t version;
    char *file;                                   /* for messages */
    char *text;                                   /* the file as it was read */
    size_t text_len;
    char digest[HASH_SHA256_HEX];                 /* sha256 of text */
    struct vec inputs;                            /* struct workflow_input * */
    struct workflow_retry retry;                  /* defaults.retry */
    int64_t timeout_ms;                           /* defaults.timeout; 0 = none */
    struct vec phases;                            /* struct workflow_phase * */
    struct vec finally;                           /* struct workflow_step * */
    uint32_t refs;                                /* of workflow_ref(); atomic */
};

/* --- findings -------------------------------------------------------------------------------- */

struct workflow_finding {
    bool warning;                                 /* false: the workflow can't be used */
    char *file;
    int line;                                     /* 0 when it is about the file as a whole */
    /* "unknown key 'retrys', did you mean 'retry'?" */
    char *message;
};

void workflow_finding_add (struct vec *findings, bool warning, const char *file, int line,
                           const char *fmt, ...) __attribute__ ((format (printf, 5, 6)));
void workflow_findings_free (struct vec *findings);       /* and empties it */
/* Sorted by file and line; duplicates removed. */
void workflow_findings_sort (struct vec *findings);
size_t workflow_findings_errors (const struct vec *findings);         /* without warnings */
/* "conf.d/workflows/x.conf:31: unknown key …"; heap. */
char *workflow_finding_text (const struct workflow_finding *f);

/* --- load ------------------------------------------------------------------------------------ */

/* Reads one workflow. All findings about its form are added (findings may be NULL); with an error
 * among them nothing is returned and err holds the first one with file:line (ERR_SYNTAX, or
 * FARRIER_E_INVALID). What needs the plugins' tables is left to workflow_check(). */
int32_t workflow_load_text (const char *text, size_t len, const char *file, struct workflow **ret,
                            struct vec *findings, struct err *err);
int32_t workflow_load_file (const char *path, struct workflow **ret, struct vec *findings,
                            struct err *err);
/* Every *.conf of dir, sorted by name, to *ret_workflows (struct workflow *; drop each with
 * workflow_unref). Files with errors are left out and told by findings; the return is 0 then.
 * Negative only when the directory can't be read. Two files with one name are a finding. */
int32_t workflow_load_dir (const char *dir, struct vec *ret_workflows, struct vec *findings,
                           struct err *err);
/* borrowed; NULL */
struct workflow *workflow_find (const struct vec *workflows, const char *name);
struct workflow *workflow_ref (struct workflow *w);
void workflow_unref (struct workflow *w);                 /* NULL is fine */

/* --- a job's inputs and context -------------------------------------------------------------- */

/* Checks given (object or NULL) against the table, puts defaults in. *ret_inputs: new reference.
 * Unknown and missing inputs and wrong types are ERR_USAGE with the allowed values. */
int32_t workflow_inputs (const struct workflow *w, const json_t *given, json_t **ret_inputs,
                         struct err *err);
/* "policy=latest" as typed: the text is converted to the input's type. Adds to inputs (object). */
int32_t workflow_input_set (const struct workflow *w, json_t *inputs, const char *assignment,
                            struct err *err);
/* context[name] = value (borrowed; a copy of its own is kept). Refuses with NO_SPACE and both sizes
 * what would make the context larger than WORKFLOW_CONTEXT_MAX; the context is unchanged then. */
int32_t workflow_save (json_t *context, const char *name, const json_t *value, struct err *err);
size_t workflow_context_size (const json_t *context);     /* bytes of its compact JSON */

/* --- look ------------------------------------------------------------------------------------ */

/* Index, or -1. */
int32_t workflow_phase_index (const struct workflow *w, const char *name);
/* {name, version, summary, file, digest, inputs: [...], phases: [{name, weight, marks: [from, to]
 * in permille, when, for_each, steps: [{action, …}], on_failure}], finally: [...]}: for API and
 * the stepper. New reference. */
json_t *workflow_json (const struct workflow *w);
/* Drawings. width: columns of the terminal, 0 = 80. */
void workflow_show (const struct workflow *w, int width, struct buf *ret);
void workflow_show_dot (const struct workflow *w, struct buf *ret);
void workflow_show_mermaid (const struct workflow *w, struct buf *ret);
const char *workflow_failure_name (enum workflow_failure kind);       /* "abort" … */
const char *workflow_backoff_name (enum workflow_backoff kind);

#endif
