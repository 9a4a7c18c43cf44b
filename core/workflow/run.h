/* run: one evaluation of workflow_next(), as its rooms share it: next.c moves, resolve.c fills in
 * the decision, failure.c decides what a failure leads to.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_WORKFLOW_RUN_H
#define FARRIER_WORKFLOW_RUN_H

#include <stdbool.h>

#include "base/err.h"
#include "workflow/next.h"

struct run {
    const struct workflow *w;
    struct workflow_position *p;       /* the copy that moves */
    json_t *context;
    const struct workflow_versions *versions;     /* NULL */
    struct workflow_decision *d;
    /* workflow_walk(): what is not known yet leaves it undecided */
    bool dry;
};

/* What is in sight at a position: loop variables, `failed`. */
struct frame {
    struct expression_scope scope;
    struct expression_binding bindings[3];
    size_t count;
    bool undecided;
};

/* --- resolve.c ------------------------------------------------------------------------------- */

void frame_begin (struct frame *f, struct run *r);
void frame_bind (struct frame *f, const char *name, json_t *value);   /* takes the reference */
void frame_end (struct frame *f);
/* Binds the phase's loop variable, and in a finally `failed`. Fails when its item is gone. */
int32_t frame_bind_phase (struct frame *f, struct run *r, struct err *err);
int32_t frame_bind_step (struct frame *f, struct run *r, struct err *err);
/* The list of a for_each; *ret_count items. With dry, a list not known yet counts 1 and is NULL. */
int32_t frame_list (struct frame *f, struct run *r, const char *text, json_t **ret_list,
                    size_t *ret_count, struct err *err);
int32_t frame_when (struct frame *f, struct run *r, const char *text, bool *ret, struct err *err);

const struct workflow_phase *run_phase (const struct run *r);         /* NULL outside phases */
/* of the place; NULL elsewhere */
const struct vec *run_steps (const struct run *r);
const struct workflow_step *run_step (const struct run *r);           /* NULL when there is none */
/* of the current step; heap */
char *run_path (const struct run *r);
void run_notice (struct run *r, enum workflow_notice_kind kind, bool with_step, const char *fmt,
                 ...)
    __attribute__ ((format (printf, 4, 5)));
/* Fills in RUN_STEP for the current step, or the current rollback. */
int32_t run_resolve (struct run *r, struct err *err);
/* The current step ran a program: how it would be taken back is noted, if the workflow says. */
void run_note_undo (struct run *r);
void run_progress (const struct run *r, uint32_t *ret_progress, uint32_t *ret_span);

/* --- failure.c ------------------------------------------------------------------------------- */

/* Something at the current position failed: moves r->p to what follows. in_phase_head: the phase's
 * own when or for_each could not be evaluated, none of its steps has run. */
void run_failed (struct run *r, int32_t code, const char *message, json_t *detail,
                 bool in_phase_head);
void run_cancelled (struct run *r, const char *message);

/* --- next.c ---------------------------------------------------------------------------------- */

void run_enter_finally (struct run *r);
void run_leave_phase (struct run *r);             /* to the phase's finally */
void run_after_phase (struct run *r);             /* behind it: finally, goto or the next phase */
void run_advance (struct run *r);                 /* the cursor behind the current step */
int32_t run_next (struct run *r, const struct workflow_result *last, struct err *err);

#endif
