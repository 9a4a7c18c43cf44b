/* turn: one worker's turn on one job: what the store says of it, and the batch that will say what
 * changed. Everything of a turn becomes durable in one commit, or not at all.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_TURN_H
#define FARRIER_ENGINE_TURN_H

#include <jansson.h>
#include <stdbool.h>

#include "engine/engine_private.h"
#include "engine/outcome.h"
#include "firmware/component.h"

struct turn {
    struct engine *engine;
    struct job *job;
    const char *label;
    struct store_job *row;
    struct store_attempt *attempt;     /* open or unknown; NULL */
    struct store_await *await;         /* not consumed; NULL */
    json_t *context;
    struct workflow_position *position;
    uint32_t number;                   /* attempts made at this position so far */
    uint32_t before;                   /* `before` steps of the next attempt that have run */
    struct store_batch *batch;
    bool attempt_stored;               /* the attempt's row exists */
    bool await_stored;                 /* the await's row exists */
    json_t *spec;                      /* of an await that is held: its row has no text of it yet */
    json_t *bag;                       /* the attempt's, parsed; NULL until it is asked for */
    bool only_reads;                   /* nothing that this job does changes a host */
    bool held;                         /* it waits, and the journal does not know yet */
    bool told;                         /* the job's row says that it runs */
    bool flush_is_due;                 /* a timer will make visible what is held */
    bool context_changed;
    bool dirty;                        /* something must be committed */
    struct vec components;             /* struct component *, read at the first question */
    bool components_read;
    struct store_outcome *outcomes;    /* read at the first question */
    size_t outcome_count;
    bool outcomes_read;
    struct store_binding *bindings;    /* the host's plugins; read at the first question */
    size_t binding_count;
    bool bindings_read;
    struct vec spent;                  /* attempts whose directories go with the commit; char * */
    bool rests;                        /* ended or parked: nothing more to do now */
    struct wish *wish;                 /* a person waits until it is stored; borrowed, NULL */
};

/* Words of store_attempt.mode: which callback is next. */
#define MODE_POLL "poll"
#define MODE_RECONCILE "reconcile"
#define MODE_CANCEL "cancel"

/* label (static) names the crash points of this turn's commits. */
int32_t turn_begin (struct turn *t, struct job *job, const char *label, struct err *err);
void turn_end (struct turn *t);        /* drops what was not committed */

/* A job that only reads waits: nothing was sent that a restart must know of, so the turn stays open
 * in memory until the next letter, and what it gathered becomes durable later. The job's row is
 * told that it runs. */
void turn_hold (struct turn *t);

/* The attempt becomes another one (or NULL); it is taken over, and was not stored yet. */
void turn_take_attempt (struct turn *t, struct store_attempt *attempt);
/* Its row as it is now becomes part of the batch. */
void turn_store_attempt (struct turn *t);
/* The same for a new await. */
void turn_store_await (struct turn *t);

/* Commits all that was gathered; the turn goes on with a fresh batch. */
int32_t turn_commit (struct turn *t, struct err *err);
/* The last commit of a job that only read: nobody waits for it. LETTER_STORED tells how it went. */
void turn_commit_last (struct turn *t);
struct store_batch *turn_batch (struct turn *t);

/* The attempt has ended for good: its directory under run_dir is removed after the commit. */
void turn_spend (struct turn *t, const char *attempt_id);

/* An event of the job: kind "job.parked", body is taken over (NULL = {}). */
void turn_event (struct turn *t, const char *kind, json_t *body);
void turn_set_state (struct turn *t, const char *state);
void turn_set_cause (struct turn *t, json_t *cause);              /* taken over; NULL clears */
/* What reconcile and retries need to know of the attempt beside the plugin's bag. */
json_t *turn_bag (struct turn *t);                /* {"state": {…}, "sent": true, …} */
void turn_put_bag (struct turn *t, json_t *bag);                  /* taken over */
bool turn_bag_flag (struct turn *t, const char *name);
void turn_set_bag_flag (struct turn *t, const char *name, bool value);
/* How far the attempt has come, in permille: the most that was ever said, which it returns. */
int32_t turn_progress (struct turn *t, int32_t permille);

/* The plugins that the host is bound to, in their order. */
const struct store_binding *turn_bindings (struct turn *t, size_t *ret_count);
void turn_bind (struct turn *t, const char *plugin);              /* to this one alone */

/* The host's last inventory; struct component *. */
const struct vec *turn_components (struct turn *t);
/* This turn has measured them anew (copies are made): the store's are old until the commit. */
void turn_measured (struct turn *t, const struct vec *components);
const struct component *turn_component (struct turn *t, const char *key);

/* A component's outcome climbs (or steps aside); cause is taken over, measured may be NULL. */
void turn_outcome (struct turn *t, const char *component, enum outcome next, const char *measured,
                   json_t *cause);
enum outcome turn_outcome_of (struct turn *t, const char *component);
/* Every component that is at least `from` and not past `to` becomes `next`. */
void turn_outcome_all (struct turn *t, enum outcome from, enum outcome to, enum outcome next,
                       json_t *cause);
void turn_outcomes_read (struct turn *t);

#endif
