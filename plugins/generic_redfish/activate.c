/* activate: makes new firmware run, goes back to the old, and switches power.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "generic.h"

/* --- firmware.activate ---------------------------------------------------------------------- */

/* What is served in one go, in this order: the BMC first, since it may drop what it was told of the
 * host. An off and on is a restart too, and switching on is all that an off before needs. */
static const struct {
    uint32_t reboot;
    enum power_goal goal;
    uint32_t serves;                   /* set of reboots that are done with it */
    const char *what;
} services[] = {
    { FARRIER_REBOOT_BMC_RESET, POWER_BMC_RESET, FARRIER_REBOOT_BIT (FARRIER_REBOOT_BMC_RESET),
      "resetting the BMC" },
    { FARRIER_REBOOT_HOST_OFF_ON, POWER_CYCLE,
      FARRIER_REBOOT_BIT (FARRIER_REBOOT_HOST_OFF_ON)
          | FARRIER_REBOOT_BIT (FARRIER_REBOOT_HOST_RESET)
          | FARRIER_REBOOT_BIT (FARRIER_REBOOT_HOST_OFF_BEFORE),
      "switching the host off and on" },
    { FARRIER_REBOOT_HOST_OFF_BEFORE, POWER_ON,
      FARRIER_REBOOT_BIT (FARRIER_REBOOT_HOST_OFF_BEFORE), "switching the host on" },
    { FARRIER_REBOOT_HOST_RESET, POWER_RESTART, FARRIER_REBOOT_BIT (FARRIER_REBOOT_HOST_RESET),
      "restarting the host" },
};

static const size_t service_count = sizeof services / sizeof services[0];

static void
served (struct walk *w, size_t i)
{
    for (uint32_t kind = 1; kind <= FARRIER_REBOOT_AC_CYCLE; kind++)
        if ((services[i].serves & FARRIER_REBOOT_BIT (kind)) != 0
            && (farrier_needed (w->step) & FARRIER_REBOOT_BIT (kind)) != 0)
            farrier_needs_done (w->step, kind);
    farrier_outcome (w->step, FARRIER_RUNG_ACTIVATED);
}

static int32_t
unservable (struct walk *w)
{
    farrier_fail (w->step, w->err, FARRIER_E_UNSUPPORTED,
                  "the new firmware needs a cut of the mains power, which Redfish on this BMC "
                  "can't do");
    farrier_hint (w->step, w->err, "cut the host's power, then: farrier inventory refresh HOST");
    return FARRIER_E_UNSUPPORTED;
}

static int32_t
serve_next (struct walk *w)
{
    for (size_t i = 0; i < service_count; i++) {
        if ((farrier_needed (w->step) & FARRIER_REBOOT_BIT (services[i].reboot)) == 0)
            continue;
        walk_go (w, farrier_printf (w->step, "%u", (unsigned) i));
        farrier_progress (w->step, (uint32_t) (i * 1000 / service_count), services[i].what);
        int32_t rc = power_begin (w, services[i].goal);
        if (rc != FARRIER_DONE)
            return rc;
        served (w, i);
    }
    if ((farrier_needed (w->step) & FARRIER_REBOOT_BIT (FARRIER_REBOOT_AC_CYCLE)) != 0)
        return unservable (w);
    return FARRIER_DONE;
}

int32_t
activate_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    if (farrier_needed (step) == 0)
        return farrier_skip (step, "no new firmware waits for a reset");
    struct walk w;
    int32_t rc = walk_begin (&w, self, step, err);
    return rc == FARRIER_DONE ? serve_next (&w) : rc;
}

int32_t
activate_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    int32_t rc = walk_begin (&w, self, step, err);
    if (rc != FARRIER_DONE)
        return rc;
    const char *at = walk_at (&w);
    if (at[0] < '0' || at[0] >= '0' + (char) service_count)
        return serve_next (&w);
    rc = power_poll (&w);
    if (rc != FARRIER_DONE)
        return rc;
    served (&w, (size_t) (at[0] - '0'));
    return serve_next (&w);
}

int32_t
activate_reconcile (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    if (walk_resume (&w, self, step, err) != FARRIER_DONE || walk_at (&w)[0] == '\0')
        return FARRIER_NOT_STARTED;
    size_t i = (size_t) (walk_at (&w)[0] - '0');
    int32_t rc = power_reconcile (&w);
    if (rc != FARRIER_DONE)
        return rc;
    if (i < service_count)
        served (&w, i);
    return farrier_needed (step) == 0 ? FARRIER_DONE : FARRIER_NOT_STARTED;
}

/* --- firmware.rollback ---------------------------------------------------------------------- */

/* Two slots: make the standby one active. Managers/bmc Links.ActiveSoftwareImage, and the BMC
 * restarts by itself. */
static int32_t
rollback_begin (struct walk *w)
{
    struct farrier_component c = FARRIER_INIT (struct farrier_component);
    const struct farrier_json *manager = NULL;
    int32_t rc = farrier_component (w->step, &c);
    if (rc < 0)
        return farrier_fail (w->step, w->err, FARRIER_E_INVALID, "no component was named");
    const char *standby = redfish_vendor_key (&c, "redfish.standby");
    if (c.type != FARRIER_COMPONENT_BMC || standby == NULL) {
        farrier_fail (w->step, w->err, FARRIER_E_UNSUPPORTED,
                      "%s has no previous image that the BMC keeps in a slot of its own",
                      c.key == NULL ? "the component" : c.key);
        farrier_hint (w->step, w->err, "install the older image instead");
        return FARRIER_E_UNSUPPORTED;
    }
    rc = install_needs_inventory (w);
    if (rc < 0)
        return rc;
    rc = redfish_get (w->step, w->service.manager, &manager, w->err);
    if (rc < 0)
        return rc;
    if (farrier_json_at (manager, "/Links/ActiveSoftwareImage") == NULL)
        return farrier_fail (w->step, w->err, FARRIER_E_UNSUPPORTED,
                             "%s has no ActiveSoftwareImage", w->service.manager);
    const char *mark = farrier_json_str_at (manager, "/LastResetTime");
    walk_keep (w, "mark", mark == NULL ? "" : mark);
    walk_keep (w, "standby", standby);
    walk_keep (w, "key", c.key);
    walk_keep (w, "to", c.previous);
    const char *quoted = redfish_quote (w->step, standby);
    return walk_change (w, "flip", "PATCH", w->service.manager,
                        farrier_printf (w->step,
                                        "{\"Links\":{\"ActiveSoftwareImage\":"
                                        "{\"@odata.id\":%s}}}", quoted == NULL ? "\"\"" : quoted),
                        FARRIER_REQUEST_BMC_RESETS, "activate the standby image");
}

int32_t
rollback_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    int32_t rc = walk_begin (&w, self, step, err);
    return rc == FARRIER_DONE ? rollback_begin (&w) : rc;
}

static int32_t
rollback_done (struct walk *w)
{
    struct farrier_component now = FARRIER_INIT (struct farrier_component);
    if (!install_read_back (w, &now))
        return walk_certain (w, farrier_fail (w->step, w->err, FARRIER_E_VERIFY,
                                              "the component %s is no longer in the inventory",
                                              walk_text (w, "key")));
    walk_result (w, "version", now.version);
    if (!redfish_version_equal (now.version, walk_text (w, "to")))
        return walk_certain (
            w, farrier_fail (w->step, w->err, FARRIER_E_VERIFY,
                             "after the rollback %s runs %s, not %s", walk_text (w, "key"),
                             now.version == NULL ? "an unknown version" : now.version,
                             walk_text (w, "to")));
    farrier_outcome (w->step, FARRIER_RUNG_ACTIVATED);
    return FARRIER_DONE;
}

int32_t
rollback_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    int32_t rc = walk_begin (&w, self, step, err);
    if (rc != FARRIER_DONE)
        return rc;
    if (walk_is_at (&w, ""))
        return rollback_begin (&w);
    if (walk_is_at (&w, "flip")) {
        int lost = w.wake.code != 0 && w.wake.delivery != FARRIER_DELIVERY_NONE;
        rc = lost ? FARRIER_OK : walk_answer (&w, "the standby image can't be activated");
        if (rc < 0)
            return rc;
        walk_go (&w, "return");
        return power_await_bmc (&w, walk_text (&w, "mark"), 0);
    }
    if (walk_is_at (&w, "return")) {
        rc = power_poll (&w);
        return rc == FARRIER_DONE ? install_check (&w) : rc;
    }
    return rollback_done (&w);
}

int32_t
rollback_reconcile (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    const struct farrier_json *manager = NULL;
    if (walk_resume (&w, self, step, err) != FARRIER_DONE || walk_is_at (&w, ""))
        return FARRIER_NOT_STARTED;
    if (walk_is_at (&w, "flip") && w.wake.delivery == FARRIER_DELIVERY_NONE)
        return FARRIER_NOT_STARTED;
    if (walk_is_at (&w, "return"))
        return power_reconcile (&w);
    if (redfish_get (step, w.service.manager, &manager, err) < 0)
        return farrier_recheck (step, 15000);
    const char *active = redfish_link (manager, "/Links/ActiveSoftwareImage");
    if (walk_is_at (&w, "flip") && !redfish_path_equal (active, walk_text (&w, "standby")))
        return FARRIER_NOT_STARTED;
    int32_t rc = install_check (&w);
    return rc == FARRIER_PENDING ? FARRIER_ADOPT : rc;
}

/* --- power.get, power.set, bmc.reset -------------------------------------------------------- */

static int32_t
report_power (struct walk *w)
{
    const struct farrier_json *system = redfish_document (w->step, w->service.system, NULL);
    const char *state = farrier_json_str_at (system, "/PowerState");
    if (state == NULL)
        return farrier_fail (w->step, w->err, FARRIER_E_UNSUPPORTED,
                             "%s shows no PowerState",
                             w->service.system == NULL ? "the BMC" : w->service.system);
    walk_result (w, "power_state", state);
    farrier_emit_fact (w->step, "power_state", farrier_json_string (w->step, state));
    return FARRIER_DONE;
}

int32_t
power_get_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    return power_get_poll (self, step, err);
}

int32_t
power_get_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    int32_t rc = walk_begin (&w, self, step, err);
    return rc == FARRIER_DONE ? report_power (&w) : rc;
}

static int32_t
goal_of (struct farrier_step *step)
{
    static const struct {
        const char *word;
        enum power_goal goal;
    } words[] = {
        { "on", POWER_ON },           { "off", POWER_OFF },
        { "force_off", POWER_FORCE_OFF }, { "restart", POWER_RESTART },
        { "cycle", POWER_CYCLE },
    };
    const char *want = farrier_param_str (step, "state");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (want != NULL && strcmp (words[i].word, want) == 0)
            return (int32_t) words[i].goal;
    return POWER_ON;
}

static int32_t
power_set_end (struct walk *w, int32_t rc)
{
    if (rc != FARRIER_DONE)
        return rc;
    const struct farrier_json *system = NULL;
    if (redfish_get (w->step, w->service.system, &system, w->err) == 0)
        walk_result (w, "power_state", farrier_json_str_at (system, "/PowerState"));
    return FARRIER_DONE;
}

int32_t
power_set_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    return power_set_poll (self, step, err);
}

static int32_t
run_power (void *self, struct farrier_step *step, struct farrier_error *err, int32_t goal)
{
    struct walk w;
    int32_t rc = walk_begin (&w, self, step, err);
    if (rc != FARRIER_DONE)
        return rc;
    if (walk_is_at (&w, "power"))
        return power_set_end (&w, power_poll (&w));
    walk_go (&w, "power");
    return power_set_end (&w, power_begin (&w, (enum power_goal) goal));
}

int32_t
power_set_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    return run_power (self, step, err, goal_of (step));
}

int32_t
power_set_reconcile (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    if (walk_resume (&w, self, step, err) != FARRIER_DONE || walk_is_at (&w, ""))
        return FARRIER_NOT_STARTED;
    return power_reconcile (&w);
}

int32_t
bmc_reset_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    return run_power (self, step, err, POWER_BMC_RESET);
}
