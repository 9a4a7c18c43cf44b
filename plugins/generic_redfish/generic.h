/* generic: what the files of this plugin share.
 *
 * Every op is a walk through named places. The place is kept in the op's state as "at"; it says
 * what the open await is for. start begins the walk, poll goes on from the place, reconcile asks
 * the BMC what became of the place's await. "" is before everything: nothing was changed yet.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef GENERIC_REDFISH_GENERIC_H
#define GENERIC_REDFISH_GENERIC_H

#include "redfish.h"

/* The plugin's parameters. Filled in by configure, read by every callback. */
struct generic_config {
    char method[24];
    char apply_time[40];
    int32_t foreign_push;
    uint32_t graceful_ms;              /* a host that was asked to shut down */
    uint32_t bmc_return_ms;
    uint32_t off_pause_ms;
    uint32_t boot_ms;                  /* a host that was switched on */
    uint32_t task_grace_ms;            /* a task out of sight is not gone before this */
    uint32_t vanished_ms;              /* a task that is gone: how long the version is looked for */
    uint32_t max_in_flight;            /* reads at once on one BMC */
    uint32_t interval_ms;              /* between reads of an await */
    int32_t wait_for_boot;
};

/* One callback. */
struct walk {
    struct farrier_step *step;
    struct farrier_error *err;
    const struct generic_config *config;
    struct redfish_service service;
    struct farrier_wake wake;
};

/* plugin.c */
/* Fills in *w; discovers the service where needs be. DONE: go on; PENDING or negative: return it.
 * */
int32_t walk_begin (struct walk *w, void *self, struct farrier_step *step,
                    struct farrier_error *err);
/* The same without discovery: for cancel and reconcile. SKIPPED when nothing is known yet. */
int32_t walk_resume (struct walk *w, void *self, struct farrier_step *step,
                     struct farrier_error *err);
const char *walk_at (struct walk *w);              /* "" when the walk has not begun */
int walk_is_at (struct walk *w, const char *place);
void walk_go (struct walk *w, const char *place);
const char *walk_text (struct walk *w, const char *name);   /* of the state; "" when absent */
int64_t walk_number (struct walk *w, const char *name);     /* as a number; 0 when absent */
void walk_keep (struct walk *w, const char *name, const char *value);  /* NULL: forget */
/* An await's failure (wake.code) as this callback's own. */
int32_t walk_fail_wake (struct walk *w, const char *what);
/* PENDING, or the negative code of the await call. */
int32_t walk_pending (int32_t rc);
/* Reads these paths (NULLs are passed over) and wakes at `place`. */
int32_t walk_collect (struct walk *w, const char *place, const char *const *paths, size_t count,
                      const char *label);
/* A change: method, path, body; wakes at `place`. */
int32_t walk_change (struct walk *w, const char *place, const char *method, const char *path,
                     const char *body, uint32_t flags, const char *label);
/* A failure that is certain, unless it may pass by itself: reconcile is not asked. Returns rc. */
int32_t walk_certain (struct walk *w, int32_t rc);
/* 0 when the RESPONSE or TRANSFER wake is good (2xx); else the failure. */
int32_t walk_answer (struct walk *w, const char *what);
void walk_result (struct walk *w, const char *name, const char *value);

/* power.c: a BMC that is reset, a host that is switched. Several places ("power" in the state)
 * behind one place of the caller. */
enum power_goal {
    POWER_BMC_RESET, POWER_OFF, POWER_FORCE_OFF, POWER_ON, POWER_RESTART, POWER_CYCLE
};

/* Begins; PENDING, or DONE when there was nothing to do. */
int32_t power_begin (struct walk *w, enum power_goal goal);
/* Goes on with the wake. PENDING, DONE, or negative. */
int32_t power_poll (struct walk *w);
/* enum farrier_result of reconcile: ADOPT, NOT_STARTED, RECHECK, UNKNOWN. */
int32_t power_reconcile (struct walk *w);
/* Waits for a BMC that restarts by itself. mark: Manager.LastResetTime from before, or "". */
int32_t power_await_bmc (struct walk *w, const char *mark, int gap_seen);

/* install.c, install_end.c, install_reconcile.c */
int32_t install_start (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t install_poll (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t install_cancel (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t install_reconcile (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t stage_start (void *self, struct farrier_step *step, struct farrier_error *err);

/* Between the files of install. */
/* The service is claimed, by us: the apply time where it is set apart, then the image. */
int32_t install_claimed (struct walk *w);
int32_t install_send (struct walk *w);             /* the upload, or the pull */
int32_t install_follow (struct walk *w, const struct redfish_task *task);
int32_t install_follow_known (struct walk *w);     /* the task that the state names */
/* A task that was not there before the image was sent, and that does not say it is of another
 * request. NULL: none, or nobody can tell. */
const char *install_new_task (struct walk *w);
int32_t install_after_task (struct walk *w);
int32_t install_returned (struct walk *w);
int32_t install_check (struct walk *w);            /* read the version again */
/* Nothing is changed on a BMC that does not tell afterwards what runs. */
int32_t install_needs_inventory (struct walk *w);
int32_t install_checked (struct walk *w);
int32_t install_end (struct walk *w, int32_t rc);  /* gives the claim back first, if there is one */
int32_t install_released (struct walk *w);
int install_target_reached (struct walk *w, const struct farrier_component *measured);
int install_read_back (struct walk *w, struct farrier_component *ret);

/* activate.c */
int32_t activate_start (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t activate_poll (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t activate_reconcile (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t rollback_start (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t rollback_poll (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t rollback_reconcile (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t power_get_start (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t power_get_poll (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t power_set_start (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t power_set_poll (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t power_set_reconcile (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t bmc_reset_start (void *self, struct farrier_step *step, struct farrier_error *err);

/* inventory.c, look.c */
int32_t identify_start (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t identify_poll (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t inventory_start (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t inventory_poll (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t ready_start (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t health_start (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t jobs_list_start (void *self, struct farrier_step *step, struct farrier_error *err);

/* bios.c */
int32_t bios_get_start (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t bios_get_poll (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t bios_set_start (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t bios_set_poll (void *self, struct farrier_step *step, struct farrier_error *err);
int32_t bios_set_reconcile (void *self, struct farrier_step *step, struct farrier_error *err);

/* effects.c */
int32_t generic_effects (void *self, const struct farrier_component *component,
                         const struct farrier_image_info *image, struct farrier_effects *ret);
/* What installing on this component needs; by type and vendor. */
uint32_t effects_reboot (const struct farrier_component *component, uint32_t vendor);

#endif
