/* store_plan: plans, rollouts, and the texts of the workflows that jobs run.
 *
 * The conventions are in store.h; include that.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_STORE_PLAN_H
#define FARRIER_STORE_PLAN_H

#include "store/store.h"
#include "store/store_host.h"

/* --- plans ----------------------------------------------------------------------------------- */

struct store_plan {
    char *id;                      /* "plan-…" */
    int64_t created_ms;
    char *author;
    char *approved_by;             /* NULL until approved */
    int64_t approved_ms;
    char *status;                  /* draft | approved | superseded | done */
    char *digest;
    char *summary_json;            /* small; what a list shows */
    char *doc_json;                /* the whole; may be megabytes; NULL in lists */
};
STORE_ROW_FUNCTIONS (plan);

/* The part of a plan that concerns one host. */
struct store_plan_host {
    char *plan_id;
    char *host_id;
    char *status;                  /* update | noop | no_solution | blocked (planner's words) */
    char *summary;                 /* one line */
    char *doc_json;                /* that host's part */
};
STORE_ROW_FUNCTIONS (plan_host);

/* A plan never changes after this but for its status. ERR_EXISTS when the id is there. */
void store_batch_plan_put (struct store_batch *b, const struct store_plan *plan,
                           const struct store_plan_host *hosts, size_t count);
/* ERR_CONFLICT when the status is not `from` (NULL: whatever it is), ERR_NOT_FOUND without the
 * plan. by and at_ms are kept as the approval when `to` is "approved"; else may be NULL and 0. */
void store_batch_plan_status (struct store_batch *b, const char *plan_id, const char *from,
                              const char *to, const char *by, int64_t at_ms);

int32_t store_plan_get (struct store *s, const char *plan_id, struct store_plan **ret,
                        struct err *err);
/* Newest first; page key: plan id. */
int32_t store_plan_list (struct store *s, const struct store_page *page, struct store_plan **ret,
                         size_t *ret_count, struct err *err);
int32_t store_plan_host_get (struct store *s, const char *plan_id, const char *host_id,
                             struct store_plan_host **ret, struct err *err);
/* By host id; page key: host id. doc_json is NULL unless with_doc. */
int32_t store_plan_host_list (struct store *s, const char *plan_id, const struct store_page *page,
                              bool with_doc, struct store_plan_host **ret, size_t *ret_count,
                              struct err *err);

/* --- rollouts -------------------------------------------------------------------------------- */

struct store_rollout {
    char *id;                      /* "rollout-…" */
    char *plan_id;
    char *author;
    char *state;                   /* running | paused | done | … (engine's words) */
    char *options_json;
    char *counts_json;
    int64_t created_ms;
    int64_t ended_ms;              /* 0 = open */
    int64_t updated_ms;
};
STORE_ROW_FUNCTIONS (rollout);

void store_batch_rollout_put (struct store_batch *b, const struct store_rollout *rollout);
int32_t store_rollout_get (struct store *s, const char *rollout_id, struct store_rollout **ret,
                           struct err *err);
/* Newest first; page key: rollout id. */
int32_t store_rollout_list (struct store *s, const struct store_page *page, bool open_only,
                            struct store_rollout **ret, size_t *ret_count, struct err *err);

/* --- workflow texts -------------------------------------------------------------------------- */

/* A running job keeps the text that it began with. */
struct store_workflow_text {
    char *digest;                  /* sha256 of text */
    char *name;
    int version;
    char *text;
    int64_t created_ms;
};
STORE_ROW_FUNCTIONS (workflow_text);

/* A second put of the same digest changes nothing. */
void store_batch_workflow_text_put (struct store_batch *b, const struct store_workflow_text *text);
int32_t store_workflow_text_get (struct store *s, const char *digest,
                                 struct store_workflow_text **ret, struct err *err);

#endif
