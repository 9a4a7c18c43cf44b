/* call: runs a plugin's callbacks: its turn, the mark, and a look at what it answers.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/str.h"
#include "plugin/mark.h"
#include "plugin/private.h"

#define ANSWER(result) (1u << (result))

static const struct {
    const char *name;
    uint32_t answers;
} callbacks[] = {
    [PLUGIN_CALL_START] = { "start", ANSWER (FARRIER_DONE) | ANSWER (FARRIER_PENDING)
                                         | ANSWER (FARRIER_SKIPPED) },
    [PLUGIN_CALL_POLL] = { "poll", ANSWER (FARRIER_DONE) | ANSWER (FARRIER_PENDING)
                                       | ANSWER (FARRIER_SKIPPED) },
    [PLUGIN_CALL_CANCEL] = { "cancel", ANSWER (FARRIER_DONE) | ANSWER (FARRIER_PENDING)
                                           | ANSWER (FARRIER_TOO_LATE) },
    [PLUGIN_CALL_RECONCILE] = { "reconcile", ANSWER (FARRIER_ADOPT) | ANSWER (FARRIER_NOT_STARTED)
                                                 | ANSWER (FARRIER_DONE)
                                                 | ANSWER (FARRIER_PENDING)
                                                 | ANSWER (FARRIER_RECHECK)
                                                 | ANSWER (FARRIER_UNKNOWN) },
};

const char *
plugin_callback_name (enum plugin_callback which)
{
    return callbacks[which].name;
}

static farrier_callback *
callback_of (const struct plugin_op *op, enum plugin_callback which)
{
    switch (which) {
    case PLUGIN_CALL_START:
        return op->def.start;
    case PLUGIN_CALL_POLL:
        return op->def.poll;
    case PLUGIN_CALL_CANCEL:
        return op->def.cancel;
    case PLUGIN_CALL_RECONCILE:
        return op->def.reconcile;
    }
    return NULL;
}

bool
plugin_has_callback (const struct plugin_op *op, enum plugin_callback which)
{
    return callback_of (op, which) != NULL;
}

/* --- errors --------------------------------------------------------------------------------- */

void
plugin_error_clear (struct farrier_error *error)
{
    memset (error, 0, sizeof *error);
    error->struct_size = sizeof *error;
    error->retry_after_ms = -1;
}

int32_t
plugin_error_to_err (const struct farrier_error *error, struct err *err)
{
    int32_t code = error->code < 0 ? error->code : FARRIER_E_PLUGIN_BUG;
    err_set (err, code, "%.*s", (int) sizeof error->message - 1, error->message);
    err_hint (err, "%.*s", (int) sizeof error->hint - 1, error->hint);
    return code;
}

static int32_t
bug (struct farrier_error *error, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

static int32_t
bug (struct farrier_error *error, const char *fmt, ...)
{
    va_list ap;
    va_start (ap, fmt);
    error->code = FARRIER_E_PLUGIN_BUG;
    vsnprintf (error->message, sizeof error->message, fmt, ap);
    str_copy (error->hint, sizeof error->hint, "report this to the plugin's vendor");
    va_end (ap);
    return FARRIER_E_PLUGIN_BUG;
}

/* A negative answer: from the closed list, with its code and some message. */
static int32_t
settle_error (int32_t rc, const char *plugin, const char *what, struct farrier_error *error)
{
    error->message[sizeof error->message - 1] = '\0';
    error->hint[sizeof error->hint - 1] = '\0';
    error->vendor_id[sizeof error->vendor_id - 1] = '\0';
    if (rc < FARRIER_E_LAST_)
        return bug (error, "plugin %s: %s answered %d, which is no error code (-1 to %d)", plugin,
                    what, rc, FARRIER_E_LAST_);
    error->code = rc;
    if (error->message[0] == '\0')
        str_format (error->message, sizeof error->message, "plugin %s: %s failed with %s and "
                    "no message", plugin, what, err_code_name (rc));
    return rc;
}

/* --- turns ---------------------------------------------------------------------------------- */

/* Calls that this thread is inside of: a plugin that is called from within another call must not
 * wait for a configure() that waits for that call. */
static __thread unsigned nested;

/* count: it counts for max_inflight. */
static void
gate_enter (struct plugin *p, bool count)
{
    pthread_mutex_lock (&p->turn_lock);
    while ((p->configuring && nested == 0)
           || (count && p->info.max_inflight != 0 && p->inflight >= p->info.max_inflight))
        pthread_cond_wait (&p->turn_free, &p->turn_lock);
    p->inflight += count ? 1 : 0;
    p->callers++;
    pthread_mutex_unlock (&p->turn_lock);
    nested++;
}

static void
gate_leave (struct plugin *p, bool count)
{
    nested--;
    pthread_mutex_lock (&p->turn_lock);
    p->inflight -= count ? 1 : 0;
    p->callers--;
    if (p->configuring)
        pthread_cond_broadcast (&p->turn_free);
    else if (p->info.max_inflight != 0)
        pthread_cond_signal (&p->turn_free);
    pthread_mutex_unlock (&p->turn_lock);
}

bool
plugin_quiesce (struct plugin *p, int64_t timeout_ms)
{
    struct timespec until;
    clock_gettime (CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    pthread_mutex_lock (&p->turn_lock);
    p->configuring = true;
    int rc = 0;
    while (p->callers > 0 && rc == 0)
        rc = pthread_cond_timedwait (&p->turn_free, &p->turn_lock, &until);
    bool quiet = p->callers == 0;
    if (!quiet) {
        p->configuring = false;
        pthread_cond_broadcast (&p->turn_free);
    }
    pthread_mutex_unlock (&p->turn_lock);
    return quiet;
}

void
plugin_resume (struct plugin *p)
{
    pthread_mutex_lock (&p->turn_lock);
    p->configuring = false;
    pthread_cond_broadcast (&p->turn_free);
    pthread_mutex_unlock (&p->turn_lock);
}

static void
turn_take (struct plugin *p)
{
    if (p->info.thread_model == FARRIER_THREADS_SERIAL_PLUGIN)
        pthread_mutex_lock (&p->serial);
    gate_enter (p, true);
}

static void
turn_give (struct plugin *p)
{
    gate_leave (p, true);
    if (p->info.thread_model == FARRIER_THREADS_SERIAL_PLUGIN)
        pthread_mutex_unlock (&p->serial);
}

void
plugin_enter (struct plugin *p, const char *op, const char *what)
{
    char text[56];
    str_format (text, sizeof text, "%s%s%s", op, op[0] == '\0' ? "" : " ", what);
    mark_enter (p->name, text);
}

void
plugin_leave (void)
{
    mark_leave ();
}

/* --- calls ---------------------------------------------------------------------------------- */

static bool
callable (struct plugin *p, const char *what, struct farrier_error *ret_error)
{
    plugin_error_clear (ret_error);
    if (plugin_is_usable (p))
        return true;
    ret_error->code = FARRIER_E_UNSUPPORTED;
    str_format (ret_error->message, sizeof ret_error->message,
                "plugin %s is %s: %s can't be called", p->name, plugin_state_name (p->info.state),
                what);
    str_format (ret_error->hint, sizeof ret_error->hint, "farrier plugin why %s", p->name);
    return false;
}

int32_t
plugin_call (const struct plugin_op *op, enum plugin_callback which, struct farrier_step *step,
             struct farrier_error *ret_error)
{
    struct plugin *p = op->plugin;
    char what[160];
    str_format (what, sizeof what, "%s %s", op->def.name, callbacks[which].name);
    if (!callable (p, what, ret_error))
        return FARRIER_E_UNSUPPORTED;
    farrier_callback *callback = callback_of (op, which);
    if (callback == NULL)
        return bug (ret_error, "plugin %s: op %s has no %s", p->name, op->def.name,
                    callbacks[which].name);
    turn_take (p);
    plugin_enter (p, op->def.name, callbacks[which].name);
    int32_t rc = callback (p->self, step, ret_error);
    plugin_leave ();
    turn_give (p);
    if (rc < 0)
        return settle_error (rc, p->name, what, ret_error);
    if (rc > FARRIER_UNKNOWN || (callbacks[which].answers & ANSWER (rc)) == 0)
        return bug (ret_error, "plugin %s: %s answered %d, which %s may not answer", p->name, what,
                    rc, callbacks[which].name);
    return rc;
}

int32_t
plugin_probe (struct plugin *p, struct farrier_step *step, struct farrier_error *ret_error)
{
    if (!callable (p, "probe", ret_error))
        return FARRIER_E_UNSUPPORTED;
    if (p->def.probe == NULL) {
        ret_error->code = FARRIER_E_UNSUPPORTED;
        str_format (ret_error->message, sizeof ret_error->message, "plugin %s has no probe",
                    p->name);
        return FARRIER_E_UNSUPPORTED;
    }
    turn_take (p);
    plugin_enter (p, "", "probe");
    int32_t rc = p->def.probe (p->self, step, ret_error);
    plugin_leave ();
    turn_give (p);
    if (rc < 0)
        return settle_error (rc, p->name, "probe", ret_error);
    if (rc > 100)
        return bug (ret_error, "plugin %s: probe answered %d, must be 0 to 100", p->name, rc);
    return rc;
}

static void
effects_default (const struct farrier_component *component, struct farrier_effects *ret)
{
    bool bmc = component != NULL && component->type == FARRIER_COMPONENT_BMC;
    *ret = (struct farrier_effects) {
        .struct_size = sizeof *ret,
        .reboot = bmc ? FARRIER_REBOOT_BMC_RESET : FARRIER_REBOOT_HOST_RESET,
        .order_rank = bmc ? 10 : 100,
        .drops_bmc = bmc,
        .exclusive = bmc,
    };
}

bool
plugin_effects (struct plugin *p, const struct farrier_component *component,
                const struct farrier_image_info *image, struct farrier_effects *ret)
{
    effects_default (component, ret);
    if (!plugin_is_usable (p) || p->def.effects == NULL)
        return true;
    gate_enter (p, false);
    plugin_enter (p, "", "effects");
    int32_t rc = p->def.effects (p->self, component, image, ret);
    plugin_leave ();
    gate_leave (p, false);
    if (rc == 0 && ret->reboot <= FARRIER_REBOOT_AC_CYCLE)
        return true;
    effects_default (component, ret);
    if (rc != FARRIER_E_UNSUPPORTED)
        log_warn ("plugin %s: effects answered %d: the defaults are taken", p->name, rc);
    return rc != FARRIER_E_UNSUPPORTED;
}

/* Members of a formats struct that an older plugin does not have read as NULL. */
static bool
formats_of (struct plugin *p, struct farrier_formats *ret)
{
    memset (ret, 0, sizeof *ret);
    if (!plugin_is_usable (p) || p->def.formats == NULL)
        return false;
    size_t size = p->def.formats->struct_size;
    memcpy (ret, p->def.formats, size < sizeof *ret ? size : sizeof *ret);
    return true;
}

bool
plugin_compare_versions (struct plugin *p, const struct farrier_component *component,
                         const char *a, const char *b, int32_t *ret_order)
{
    struct farrier_formats formats;
    if (!formats_of (p, &formats) || formats.compare_versions == NULL)
        return false;
    int32_t order = 2;
    plugin_enter (p, "", "compare_versions");
    int32_t rc = formats.compare_versions (component, a, b, &order);
    plugin_leave ();
    if (rc != 0 || order < -1 || order > 2)
        return false;
    *ret_order = order;
    return true;
}

static int32_t
run_format (struct plugin *p, const char *what,
            int32_t (*function) (const struct farrier_host *, struct farrier_reader *,
                                 struct farrier_sink *, struct farrier_error *),
            struct farrier_reader *reader, struct farrier_sink *sink,
            struct farrier_error *ret_error)
{
    if (function == NULL) {
        ret_error->code = FARRIER_E_UNSUPPORTED;
        str_format (ret_error->message, sizeof ret_error->message, "plugin %s has no %s", p->name,
                    what);
        return FARRIER_E_UNSUPPORTED;
    }
    plugin_enter (p, "", what);
    int32_t rc = function (p->host, reader, sink, ret_error);
    plugin_leave ();
    if (rc < 0)
        return settle_error (rc, p->name, what, ret_error);
    if (rc != FARRIER_DONE && rc != FARRIER_SKIPPED)
        return bug (ret_error, "plugin %s: %s answered %d", p->name, what, rc);
    return rc;
}

int32_t
plugin_inspect (struct plugin *p, struct farrier_reader *reader, struct farrier_sink *sink,
                struct farrier_error *ret_error)
{
    struct farrier_formats formats;
    if (!callable (p, "inspect", ret_error))
        return FARRIER_E_UNSUPPORTED;
    formats_of (p, &formats);
    return run_format (p, "inspect", formats.inspect, reader, sink, ret_error);
}

int32_t
plugin_read_catalog (struct plugin *p, struct farrier_reader *reader, struct farrier_sink *sink,
                     struct farrier_error *ret_error)
{
    struct farrier_formats formats;
    if (!callable (p, "read_catalog", ret_error))
        return FARRIER_E_UNSUPPORTED;
    formats_of (p, &formats);
    return run_format (p, "read_catalog", formats.read_catalog, reader, sink, ret_error);
}
