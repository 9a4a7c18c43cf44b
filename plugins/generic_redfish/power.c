/* power: resets of a BMC and of a host, as a walk of small phases ("power" in the state).
 *
 * Each phase either sends one reset or watches for its proof: a host that was switched off shows
 * PowerState Off; one that was restarted, and a BMC that was reset, another LastResetTime, or they
 * were away for a moment. Where nothing can prove a restart, the host is switched off and on: that
 * can be seen.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>
#include <string.h>

#include "generic.h"

#define PHASE "power"
#define MARK "power.mark"              /* LastResetTime before the reset; "" = there is none */
#define THEN "power.then"              /* "on": an off that is half of a cycle */
#define BOOT "power.boot"              /* "1": the system tells how far it has booted */

#define FORCED_OFF_MS 120000
#define ON_MS 300000
/* A BMC or host that was told to reset goes on answering for some seconds. */
#define RESET_NOTICE_MS 30000

static const char *const types_bmc[] = { "GracefulRestart", "ForceRestart", NULL };
static const char *const types_off[] = { "GracefulShutdown", NULL };
static const char *const types_force_off[] = { "ForceOff", "PushPowerButton", NULL };
static const char *const types_on[] = { "On", "ForceOn", NULL };
static const char *const types_restart[] = { "GracefulRestart", NULL };
static const char *const types_force_restart[] = { "ForceRestart", "PowerCycle", NULL };

static int32_t enter (struct walk *w, const char *phase);

static int32_t
finish (struct walk *w)
{
    walk_keep (w, PHASE, NULL);
    walk_keep (w, MARK, NULL);
    walk_keep (w, THEN, NULL);
    walk_keep (w, BOOT, NULL);
    return FARRIER_DONE;
}

/* --- sending -------------------------------------------------------------------------------- */

/* Reads the resource, keeps its mark. */
static int32_t
look (struct walk *w, const char *uri, const struct farrier_json **ret)
{
    if (uri == NULL)
        return farrier_fail (w->step, w->err, FARRIER_E_UNSUPPORTED,
                             "the BMC shows no such resource to reset");
    int32_t rc = redfish_get (w->step, uri, ret, w->err);
    if (rc < 0)
        return rc;
    const char *mark = farrier_json_str_at (*ret, "/LastResetTime");
    walk_keep (w, MARK, mark == NULL ? "" : mark);
    if (farrier_json_str_at (*ret, "/BootProgress/LastState") != NULL)
        walk_keep (w, BOOT, "1");
    return FARRIER_OK;
}

static int32_t
send (struct walk *w, const char *phase, const struct farrier_json *resource,
      const char *const *types, uint32_t flags, const char *label)
{
    const char *target = NULL, *type = NULL;
    int32_t rc = redfish_reset_action (w->step, resource, types, &target, &type, w->err);
    if (rc < 0)
        return rc;
    struct farrier_http_request what = FARRIER_INIT (struct farrier_http_request);
    what.method = "POST";
    what.path = target;
    what.body = redfish_reset_body (w->step, type);
    what.flags = flags;
    what.label = label;
    walk_keep (w, PHASE, phase);
    return walk_pending (farrier_await_http (w->step, &what, w->err));
}

static int32_t
send_host (struct walk *w, const char *phase, const char *const *types, const char *label)
{
    const struct farrier_json *system = NULL;
    int32_t rc = look (w, w->service.system, &system);
    if (rc < 0)
        return rc;
    const char *power = farrier_json_str_at (system, "/PowerState");
    if (types == types_force_off && redfish_glob ("Off", power))
        return enter (w, "was-off");
    return send (w, phase, system, types, 0, label);
}

static int32_t
enter_off (struct walk *w)
{
    const struct farrier_json *system = NULL;
    int32_t rc = look (w, w->service.system, &system);
    if (rc < 0)
        return rc;
    if (redfish_glob ("Off", farrier_json_str_at (system, "/PowerState")))
        return enter (w, "was-off");
    rc = send (w, "off", system, types_off, 0, "shut the host down");
    if (rc != FARRIER_E_UNSUPPORTED)
        return rc;
    return send (w, "force-off", system, types_force_off, 0, "switch the host off");
}

static int32_t
enter_restart (struct walk *w)
{
    const struct farrier_json *system = NULL;
    int32_t rc = look (w, w->service.system, &system);
    if (rc < 0)
        return rc;
    if (redfish_glob ("Off", farrier_json_str_at (system, "/PowerState")))
        return enter (w, "on");
    if (walk_text (w, MARK)[0] == '\0') {
        walk_keep (w, THEN, "on");
        return enter (w, "off");
    }
    rc = send (w, "restart", system, types_restart, 0, "restart the host");
    if (rc != FARRIER_E_UNSUPPORTED)
        return rc;
    return send (w, "force-restart", system, types_force_restart, 0, "force a restart");
}

static int32_t
enter_on (struct walk *w)
{
    const struct farrier_json *system = NULL;
    int32_t rc = look (w, w->service.system, &system);
    if (rc < 0)
        return rc;
    if (redfish_glob ("On", farrier_json_str_at (system, "/PowerState")))
        return enter (w, "booting");
    return send (w, "on", system, types_on, 0, "switch the host on");
}

static int32_t
enter_bmc (struct walk *w)
{
    const struct farrier_json *manager = NULL;
    int32_t rc = look (w, w->service.manager, &manager);
    if (rc < 0)
        return rc;
    return send (w, "bmc", manager, types_bmc, FARRIER_REQUEST_BMC_RESETS, "reset the BMC");
}

/* --- watching ------------------------------------------------------------------------------- */

static int32_t
watch (struct walk *w, const char *phase, struct farrier_until *until)
{
    until->label = phase;
    if (until->interval_ms == 0)
        until->interval_ms = w->config->interval_ms;
    walk_keep (w, PHASE, phase);
    return walk_pending (farrier_await_until (w->step, until, w->err));
}

static int32_t
watch_power (struct walk *w, const char *phase, const char *state, uint32_t within_ms)
{
    struct farrier_until u = FARRIER_INIT (struct farrier_until);
    u.uri = w->service.system;
    u.pointer = "/PowerState";
    u.wanted = state;
    u.within_ms = within_ms;
    return watch (w, phase, &u);
}

static int32_t
watch_restart (struct walk *w, const char *phase, uint32_t within_ms)
{
    struct farrier_until u = FARRIER_INIT (struct farrier_until);
    const char *mark = walk_text (w, MARK);
    u.uri = w->service.system;
    u.pointer = "/PowerState";
    u.wanted = "On";
    u.within_ms = within_ms;
    u.proof = mark[0] == '\0' ? FARRIER_PROOF_GAP : FARRIER_PROOF_CHANGED;
    u.proof_pointer = "/LastResetTime";
    u.proof_before = mark;
    return watch (w, phase, &u);
}

static int32_t
watch_boot (struct walk *w)
{
    if (!w->config->wait_for_boot || walk_text (w, BOOT)[0] == '\0')
        return finish (w);
    struct farrier_until u = FARRIER_INIT (struct farrier_until);
    u.uri = w->service.system;
    u.pointer = "/BootProgress/LastState";
    u.wanted = "OSRunning\nOSBootStarted\nSystemHardwareInitializationComplete\nSetupEntered";
    u.within_ms = w->config->boot_ms;
    return watch (w, "booting", &u);
}

/* Root, login and the manager's own word, in one: the manager can be read only when it is back. */
static int32_t
watch_bmc (struct walk *w, uint32_t proof)
{
    struct farrier_until u = FARRIER_INIT (struct farrier_until);
    const char *mark = walk_text (w, MARK);
    u.uri = w->service.manager != NULL ? w->service.manager : w->service.root;
    u.pointer = NULL;
    u.within_ms = w->config->bmc_return_ms;
    u.good = 2;
    u.proof = proof;
    if (mark[0] != '\0' && proof == FARRIER_PROOF_GAP)
        u.proof = FARRIER_PROOF_GAP_OR_CHANGED;
    u.proof_pointer = "/LastResetTime";
    u.proof_before = mark;
    return watch (w, "bmc-return", &u);
}

/* It answers; is it Enabled (OpenBMC says Starting while it boots)? A manager without a state is.
 * */
static int32_t
watch_bmc_state (struct walk *w)
{
    const struct farrier_json *manager
        = w->wake.response == NULL ? NULL : farrier_response_json (w->wake.response);
    if (farrier_json_str_at (manager, "/Status/State") == NULL)
        return enter (w, "bmc-inventory");
    struct farrier_until u = FARRIER_INIT (struct farrier_until);
    u.uri = w->service.manager;
    u.pointer = "/Status/State";
    u.wanted = "Enabled";
    u.within_ms = w->config->bmc_return_ms;
    return watch (w, "bmc-state", &u);
}

static int32_t
watch_bmc_inventory (struct walk *w)
{
    struct farrier_until u = FARRIER_INIT (struct farrier_until);
    u.uri = w->service.inventory != NULL ? w->service.inventory : w->service.root;
    u.within_ms = w->config->bmc_return_ms;
    return watch (w, "bmc-inventory", &u);
}

int32_t
power_await_bmc (struct walk *w, const char *mark, int gap_seen)
{
    walk_keep (w, MARK, mark);
    return watch_bmc (w, gap_seen ? FARRIER_PROOF_NONE : FARRIER_PROOF_GAP);
}

/* --- the phases ----------------------------------------------------------------------------- */

static int32_t
pause_off (struct walk *w)
{
    walk_keep (w, PHASE, "pause");
    return walk_pending (
        farrier_await_timer (w->step, w->config->off_pause_ms, "pause while off", w->err));
}

static int32_t
after_off (struct walk *w)
{
    if (strcmp (walk_text (w, THEN), "on") != 0)
        return finish (w);
    return pause_off (w);
}

/* Begins a phase: sends or watches. */
static int32_t
enter (struct walk *w, const char *phase)
{
    if (strcmp (phase, "off") == 0)
        return enter_off (w);
    if (strcmp (phase, "force-off") == 0)
        return send_host (w, "force-off", types_force_off, "switch the host off");
    if (strcmp (phase, "was-off") == 0)
        return after_off (w);
    if (strcmp (phase, "on") == 0)
        return enter_on (w);
    if (strcmp (phase, "restart") == 0)
        return enter_restart (w);
    if (strcmp (phase, "force-restart") == 0)
        return send_host (w, "force-restart", types_force_restart, "force a restart");
    if (strcmp (phase, "bmc") == 0)
        return enter_bmc (w);
    if (strcmp (phase, "off-wait") == 0)
        return watch_power (w, phase, "Off", w->config->graceful_ms);
    if (strcmp (phase, "force-off-wait") == 0)
        return watch_power (w, phase, "Off", FORCED_OFF_MS);
    if (strcmp (phase, "on-wait") == 0)
        return watch_power (w, phase, "On", ON_MS);
    if (strcmp (phase, "restart-wait") == 0)
        return watch_restart (w, phase, w->config->graceful_ms);
    if (strcmp (phase, "force-restart-wait") == 0)
        return watch_restart (w, phase, ON_MS);
    if (strcmp (phase, "booting") == 0)
        return watch_boot (w);
    if (strcmp (phase, "bmc-return") == 0)
        return watch_bmc (w, FARRIER_PROOF_GAP);
    if (strcmp (phase, "bmc-state") == 0)
        return watch_bmc_state (w);
    if (strcmp (phase, "bmc-inventory") == 0)
        return watch_bmc_inventory (w);
    return farrier_fail (w->step, w->err, FARRIER_E_PLUGIN_BUG, "unknown power phase '%s'", phase);
}

/* What comes after a phase that went well, and after one that ran out of time (NULL: a failure). */
static const struct {
    const char *phase;
    int sends;
    const char *next;
    const char *late;
    const char *what;
} phases[] = {
    { "off", 1, "off-wait", NULL, "the host can't be shut down" },
    { "off-wait", 0, "was-off", "force-off", "the host does not shut down" },
    { "force-off", 1, "force-off-wait", NULL, "the host can't be switched off" },
    { "force-off-wait", 0, "was-off", NULL, "the host does not switch off" },
    { "pause", 0, "on", NULL, "the pause while off" },
    { "on", 1, "on-wait", NULL, "the host can't be switched on" },
    { "on-wait", 0, "booting", NULL, "the host does not switch on" },
    { "restart", 1, "restart-wait", NULL, "the host can't be restarted" },
    { "restart-wait", 0, "booting", "force-restart", "the host does not restart" },
    { "force-restart", 1, "force-restart-wait", NULL, "the host can't be forced to restart" },
    { "force-restart-wait", 0, "booting", NULL, "the host did not restart by force" },
    { "booting", 0, NULL, NULL, "the host does not boot" },
    { "bmc", 1, "bmc-return", NULL, "the BMC can't be reset" },
    { "bmc-return", 0, "bmc-state", NULL, "the BMC did not come back" },
    { "bmc-state", 0, "bmc-inventory", NULL, "the BMC is not ready" },
    { "bmc-inventory", 0, NULL, NULL, "the BMC's firmware inventory does not come back" },
};

static int
phase_index (const char *phase)
{
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        if (strcmp (phases[i].phase, phase) == 0)
            return (int) i;
    return -1;
}

int32_t
power_begin (struct walk *w, enum power_goal goal)
{
    static const char *const first[] = {
        [POWER_BMC_RESET] = "bmc", [POWER_OFF] = "off",         [POWER_FORCE_OFF] = "force-off",
        [POWER_ON] = "on",         [POWER_RESTART] = "restart", [POWER_CYCLE] = "off",
    };
    finish (w);
    if (goal == POWER_CYCLE)
        walk_keep (w, THEN, "on");
    return enter (w, first[goal]);
}

/* The answer to a reset: a BMC that resets may well not answer any more. */
static int32_t
sent (struct walk *w, int phase)
{
    int lost = w->wake.code != 0 && w->wake.delivery != FARRIER_DELIVERY_NONE;
    if (lost && strcmp (phases[phase].phase, "bmc") == 0)
        return FARRIER_OK;
    return walk_answer (w, phases[phase].what);
}

int32_t
power_poll (struct walk *w)
{
    int i = phase_index (walk_text (w, PHASE));
    if (i < 0)
        return farrier_fail (w->step, w->err, FARRIER_E_PLUGIN_BUG, "unknown power phase '%s'",
                             walk_text (w, PHASE));
    const char *next = phases[i].next;
    if (phases[i].sends) {
        int32_t rc = sent (w, i);
        if (rc < 0)
            return rc;
    } else if (w->wake.code == FARRIER_E_TIMEOUT && phases[i].late != NULL) {
        farrier_log (w->step, FARRIER_LOG_WARN, "%s in time: now by force", phases[i].what);
        next = phases[i].late;
    } else if (w->wake.code == FARRIER_E_TIMEOUT && strcmp (phases[i].phase, "booting") == 0) {
        /* A host without an operating system never gets there. */
        farrier_log (w->step, FARRIER_LOG_WARN, "the host does not tell that it has booted");
    } else if (w->wake.code != 0) {
        return walk_fail_wake (w, phases[i].what);
    }
    return next == NULL ? finish (w) : enter (w, next);
}

/* --- after a crash -------------------------------------------------------------------------- */

/* Did the reset that may have been sent happen? 1 yes, 0 no sign of it, negative: can't be seen. */
static int32_t
trace_of (struct walk *w, const char *phase)
{
    const struct farrier_json *resource = NULL;
    int bmc = strcmp (phase, "bmc") == 0;
    const char *uri = bmc ? w->service.manager : w->service.system;
    int32_t rc = redfish_get (w->step, uri, &resource, w->err);
    if (rc < 0)
        return rc;
    const char *mark = walk_text (w, MARK);
    const char *now = farrier_json_str_at (resource, "/LastResetTime");
    const char *power = farrier_json_str_at (resource, "/PowerState");
    if (strcmp (phase, "off") == 0 || strcmp (phase, "force-off") == 0)
        return redfish_glob ("Off", power) || redfish_glob ("PoweringOff", power);
    if (strcmp (phase, "on") == 0)
        return redfish_glob ("On", power) || redfish_glob ("PoweringOn", power);
    return mark[0] != '\0' && now != NULL && strcmp (mark, now) != 0;
}

/* The same watch once more. The moment in which a BMC was away may have passed meanwhile: only a
 * mark can still prove it. */
static int32_t
watch_again (struct walk *w, const char *phase)
{
    if (strcmp (phase, "pause") == 0)
        return pause_off (w);
    if (strcmp (phase, "bmc-return") == 0 || strcmp (phase, "bmc-state") == 0)
        return watch_bmc (w, walk_text (w, MARK)[0] == '\0' ? FARRIER_PROOF_NONE
                                                            : FARRIER_PROOF_GAP);
    return enter (w, phase);
}

int32_t
power_reconcile (struct walk *w)
{
    int i = phase_index (walk_text (w, PHASE));
    if (i < 0)
        return FARRIER_NOT_STARTED;
    const char *phase = phases[i].phase;       /* not the state's own text: that will change */
    int32_t rc;
    if (!phases[i].sends) {
        rc = watch_again (w, phase);
        return rc == FARRIER_PENDING ? FARRIER_ADOPT : rc;
    }
    if (w->wake.delivery == FARRIER_DELIVERY_NONE)
        return FARRIER_NOT_STARTED;
    rc = trace_of (w, phase);
    if (rc < 0)                        /* away: it may be the reset itself */
        return farrier_recheck (w->step, RESET_NOTICE_MS / 3);
    if (rc == 0)
        return FARRIER_NOT_STARTED;    /* believed only after the settle time */
    if (strcmp (phase, "bmc") == 0)
        rc = watch_bmc (w, FARRIER_PROOF_NONE);
    else
        rc = enter (w, phases[i].next);
    return rc == FARRIER_PENDING ? FARRIER_ADOPT : rc;
}
