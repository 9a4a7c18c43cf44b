/* next: the pure step from "where a job is and how its last step ended" to "what it does now".
 *
 * The engine's loop:
 *
 *   position = workflow_position_new ();                       (or workflow_position_parse (text))
 *   result   = { WORKFLOW_RESULT_NONE };
 *   for (;;) {
 *       workflow_next (w, position, context, &scope, &result, &decision, err);
 *       emit decision.notices; journal workflow_position_text (decision.position) with the step;
 *       if (decision.kind == WORKFLOW_FINISHED) break;
 *       run decision.action …; result = how it ended; position = decision.position;
 *   }
 *
 * RESULT_NONE at a position means "say again what runs here": the same step with its parameters
 * resolved again, `when` not asked again. So a restart begins with the stored position and NONE.
 * A step that can't be resolved (unknown value) is a failure like any other: on_failure and finally
 * apply, and a STEP_FAILED notice tells of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_WORKFLOW_NEXT_H
#define FARRIER_WORKFLOW_NEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/vec.h"
#include "workflow/expression.h"
#include "workflow/workflow.h"

/* --- position -------------------------------------------------------------------------------- */

enum workflow_place {
    WORKFLOW_AT_START = 0,
    WORKFLOW_AT_STEP,                  /* a step of a phase */
    WORKFLOW_AT_ROLLBACK,              /* firmware.rollback of rollback[rollback_index] */
    WORKFLOW_AT_PHASE_FINALLY,         /* a step of the phase's finally */
    WORKFLOW_AT_FINALLY,               /* a step of the workflow's finally */
    WORKFLOW_AT_END
};

enum workflow_outcome {
    WORKFLOW_SUCCEEDED = 0, WORKFLOW_FAILED = 1, WORKFLOW_CANCELLED = 2
};

/* Where a job is. Made here, stored as text by the engine, never changed by it. */
struct workflow_position {
    enum workflow_place place;
    int32_t phase;                     /* index; -1 outside phases */
    int32_t iteration;                 /* of the phase's for_each; -1 without one */
    int32_t step;                      /* index in steps, phase finally or finally; -1 */
    int32_t step_iteration;            /* of the step's for_each; -1 without one */
    int32_t goto_phase;                /* where to after the phase's finally; -1 = the next one */
    /* the phase ended early: outcome is settled after its finally */
    bool leaving;
    enum workflow_outcome pending;     /* how the job will end, as known so far */
    /* of pending != SUCCEEDED; NULL. Object: see workflow_decision */
    json_t *cause;
    uint32_t tolerated;                /* failures that `continue` or `goto` passed over */
    json_t *first_tolerated;           /* the cause of the first of them; NULL */
    /* of the phase's programs that have run, oldest first: {step, undo, env}; NULL */
    json_t *undo;
    /* what is rolled back: a list of {component, …}, then of {step, undo, env}; NULL */
    json_t *rollback;
    int32_t rollback_index;
    uint32_t rolled_back;              /* rollbacks that were DONE */
    json_t *rollback_cause;            /* a rollback that failed in its turn; NULL */
};

struct workflow_position *workflow_position_new (void);
struct workflow_position *workflow_position_copy (const struct workflow_position *p);
void workflow_position_free (struct workflow_position *p);            /* NULL is fine */
/* Canonical JSON text; heap. */
char *workflow_position_text (const struct workflow_position *p);
/* w: the phase is looked up by name and index; INVALID when they do not fit each other (another
 * version of the workflow). */
int32_t workflow_position_parse (const struct workflow *w, const char *text,
                                 struct workflow_position **ret, struct err *err);
const char *workflow_place_name (enum workflow_place place);
const char *workflow_outcome_name (enum workflow_outcome outcome);    /* "succeeded" … */

/* --- result of a step ------------------------------------------------------------------------ */

enum workflow_result_kind {
    WORKFLOW_RESULT_NONE = 0,          /* none so far: the beginning, or a restart */
    WORKFLOW_RESULT_DONE,
    WORKFLOW_RESULT_SKIPPED,
    WORKFLOW_RESULT_FAILED,            /* after all retries */
    /* The job is asked to stop, whether a step was running or not. In a finally: let the step end,
     * then hand this in instead of its result; what is left of the finally still runs. */
    WORKFLOW_RESULT_CANCELLED
};

struct workflow_result {
    enum workflow_result_kind kind;
    int32_t code;                      /* FAILED: enum farrier_error_code or enum err_code */
    const char *message;               /* FAILED: what happened; SKIPPED: why; may be NULL */
    /* FAILED: object or NULL, borrowed: becomes part of the cause (from, target, vendor_id, task,
     * hint …). "components": ["BMC", …] names those that failed (verify): they are what `rollback`
     * rolls back; without it, the step's own component is. */
    json_t *detail;
};

/* --- decision -------------------------------------------------------------------------------- */

enum workflow_decision_kind { WORKFLOW_RUN_STEP = 0, WORKFLOW_FINISHED = 1 };

enum workflow_role {
    WORKFLOW_ROLE_STEP = 0, WORKFLOW_ROLE_ROLLBACK, WORKFLOW_ROLE_PHASE_FINALLY,
    WORKFLOW_ROLE_FINALLY              /* the two finally roles run after a cancel too */
};

enum workflow_notice_kind {            /* what happened on the way; one event each, in order */
    WORKFLOW_NOTICE_PHASE_ENTERED = 0, /* iteration -1 or n: once for each iteration of the phase */
    WORKFLOW_NOTICE_PHASE_SKIPPED,     /* text: "when: … is false", "nothing in plan.batches" */
    WORKFLOW_NOTICE_PHASE_DONE,
    WORKFLOW_NOTICE_PHASE_FAILED,      /* text: what on_failure decided */
    WORKFLOW_NOTICE_STEP_SKIPPED,      /* by when, an empty for_each, or on_unsupported = "skip" */
    WORKFLOW_NOTICE_STEP_FAILED,       /* could not be resolved; the engine never ran it */
    WORKFLOW_NOTICE_FAILURE_TOLERATED, /* on_failure = continue or goto */
    WORKFLOW_NOTICE_ROLLBACK,          /* text: which components */
    WORKFLOW_NOTICE_FINALLY            /* the workflow's finally begins */
};

struct workflow_notice {
    enum workflow_notice_kind kind;
    char *phase;                       /* NULL in the workflow's finally */
    int32_t iteration;                 /* -1 */
    char *path;                        /* of the step; NULL for a phase */
    char *text;                        /* "" */
};

/* `before` steps of a retry, resolved. */
struct workflow_before_step {
    /* run ahead of this attempt; 0 = of every one but the first */
    uint32_t attempt;
    char *action, *plugin, *op;
    json_t *params;
    char *path;                        /* "…/before[0]" */
};

struct workflow_decision {
    enum workflow_decision_kind kind;
    struct workflow_position *position;           /* to be stored and handed in next time */
    struct vec notices;                           /* struct workflow_notice * */
    /* of the job, when this step begins (FINISHED: 1000 on success) */
    uint32_t progress_permille;
    uint32_t span_permille;                       /* what this step adds: progress + span * done */

    /* RUN_STEP; strings and values belong to the decision */
    enum workflow_role role;
    /* "firmware_update[1]/firmware.install[0]"; unique in the run */
    char *path;
    char *phase;                                  /* NULL in the workflow's finally */
    /* as in struct workflow_step; plugin may be NULL */
    char *action, *plugin, *op;
    json_t *params;                               /* object, every ${…} evaluated, types kept */
    char *component;                              /* params.component when it is a string; NULL */
    char *image;                                  /* params.image likewise */
    int64_t timeout_ms;                           /* 0: the op's default */
    /* borrowed from the workflow: attempts, backoff, on */
    const struct workflow_retry *retry;
    struct vec before;                            /* struct workflow_before_step * */
    char *save;                                   /* NULL */
    /* next() itself treats FAILED(UNSUPPORTED) as skipped then */
    bool skip_unsupported;
    /* workflow_walk only: depends on what is not known yet */
    bool undecided;
    int line;                                     /* of the step in the file; 0 for a rollback */

    /* FINISHED */
    enum workflow_outcome outcome;
    /* NULL on success. {phase, step (path), action, component, code ("TIMEOUT"), message, and what
     * detail held}; "rollback": "done" | "failed" and rollback_cause when there was one. Borrowed
     * from position. */
    json_t *cause;
    /* failures passed over; the job then is not "clean" */
    uint32_t tolerated;
    json_t *first_tolerated;                      /* NULL; borrowed from position */
    uint32_t rolled_back;
};

/* Pure. last may be NULL (= NONE). compare: for version(); NULL = general order. *ret must be
 * cleared with workflow_decision_clear(). Errors are defects only: a position that does not fit the
 * workflow (INTERNAL). context: inputs, host, facts, plan, job (with `needs`, a list) and saved
 * names. */
struct workflow_versions {
    expression_compare_fn *compare;
    void *arg;
};
int32_t workflow_next (const struct workflow *w, const struct workflow_position *at,
                       json_t *context, const struct workflow_versions *versions,
                       const struct workflow_result *last, struct workflow_decision *ret,
                       struct err *err);
void workflow_decision_clear (struct workflow_decision *d);
const char *workflow_role_name (enum workflow_role role);
const char *workflow_notice_name (enum workflow_notice_kind kind);    /* "phase_entered" … */

/* --- dry run --------------------------------------------------------------------------------- */

/* Called for each decision in order, each step taken as DONE; it may change the context (put what a
 * DRY_RUN_OK op answered, set `plan`). Returns 0 to go on, else the walk ends with that value. */
typedef int32_t workflow_walk_fn (void *arg, json_t *context, const struct workflow_decision *d);

/* What would run, given this context (a copy is made). Values that only a real run would know
 * (saved results of steps that were not run) leave ${…} as it is written and mark the decision
 * undecided; a `when` that depends on one counts as true. */
int32_t workflow_walk (const struct workflow *w, const json_t *context,
                       const struct workflow_versions *versions, workflow_walk_fn *fn, void *arg,
                       struct err *err);

#endif
