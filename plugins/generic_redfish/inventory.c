/* inventory: who the host is, and what firmware it runs.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "generic.h"

/* More members than this is no server. */
#define MEMBERS_MAX 1000

/* --- identify ------------------------------------------------------------------------------- */

/* System and manager are read by discovery's last round, whose documents are this wake's. */
static int32_t
identify (struct walk *w)
{
    const struct farrier_json *system = redfish_document (w->step, w->service.system, NULL);
    const struct farrier_json *manager = redfish_document (w->step, w->service.manager, NULL);
    if (system == NULL && w->service.system != NULL) {
        const char *const paths[] = { w->service.system, w->service.manager };
        return walk_collect (w, "identity", paths, 2, "read the identity");
    }
    redfish_emit_identity (w->step, &w->service, system, manager);
    return FARRIER_DONE;
}

int32_t
identify_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    int32_t rc = walk_begin (&w, self, step, err);
    return rc == FARRIER_DONE ? identify (&w) : rc;
}

int32_t
identify_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    int32_t rc = walk_begin (&w, self, step, err);
    if (rc == FARRIER_DONE && walk_is_at (&w, "identity")
        && redfish_document (step, w.service.system, NULL) == NULL)
        return w.wake.code != 0 ? walk_fail_wake (&w, "the system can't be read")
                                : farrier_fail (step, err, FARRIER_E_TRANSIENT,
                                                "%s can't be read", w.service.system);
    return rc == FARRIER_DONE ? identify (&w) : rc;
}

/* --- inventory ------------------------------------------------------------------------------ */

static int32_t
read_members (struct walk *w)
{
    struct farrier_collect what = FARRIER_INIT (struct farrier_collect);
    if (w->service.update == NULL || w->service.inventory == NULL) {
        farrier_fail (w->step, w->err, FARRIER_E_UNSUPPORTED,
                      "this BMC has no %s (Redfish %s): it can't list its firmware",
                      w->service.update == NULL ? "UpdateService" : "FirmwareInventory",
                      w->service.version == NULL ? "of unknown version" : w->service.version);
        farrier_hint (w->step, w->err, "bind the vendor's plugin to this host, or update the BMC "
                                       "by the vendor's own tool first");
        return FARRIER_E_UNSUPPORTED;
    }
    what.collection = w->service.inventory;
    what.expand = w->service.expand;
    what.max_in_flight = w->config->max_in_flight;
    what.label = "read the firmware inventory";
    walk_go (w, "members");
    return walk_pending (farrier_await_collect (w->step, &what, w->err));
}

/* Members that could not be read: all of them fail the op, some are told. */
static int32_t
emit_members (struct walk *w)
{
    uint32_t room = w->wake.documents;
    const struct farrier_json **documents
        = farrier_alloc (w->step, (room + 1) * sizeof *documents);
    struct farrier_component *list = farrier_alloc (w->step, (room + 1) * sizeof *list);
    uint32_t count = 0, failed = 0;
    const char *reason = NULL;
    if (room > MEMBERS_MAX)
        return farrier_fail (w->step, w->err, FARRIER_E_NO_SPACE,
                             "%s has %u members, more than %d", w->service.inventory, room,
                             MEMBERS_MAX);
    if (documents == NULL || list == NULL)
        return farrier_fail (w->step, w->err, FARRIER_E_NO_SPACE, "out of step memory");
    for (uint32_t i = 0; i < room; i++) {
        struct farrier_document d = FARRIER_INIT (struct farrier_document);
        if (farrier_wake_document (w->step, i, &d) == 0 && d.code == 0 && d.json != NULL) {
            documents[count++] = d.json;
            continue;
        }
        const char *why = d.message == NULL ? "no reason given" : d.message;
        farrier_log (w->step, FARRIER_LOG_WARN, "%s can't be read: %s",
                     d.path == NULL ? "a member" : d.path, why);
        /* A link into nowhere is the BMC's own habit; anything else may pass. */
        if (d.code == FARRIER_E_UNSUPPORTED)
            continue;
        failed++;
        reason = why;
    }
    if (count == 0 && failed > 0)
        return farrier_fail (w->step, w->err, FARRIER_E_TRANSIENT,
                             "none of the %u members of %s can be read: %s", failed,
                             w->service.inventory, reason);
    /* A half inventory would look like removed components. */
    if (failed > 0)
        return farrier_fail (w->step, w->err, FARRIER_E_TRANSIENT,
                             "%u of %u members of %s can't be read: %s", failed, failed + count,
                             w->service.inventory, reason);
    uint32_t stored
        = redfish_components (w->step, &w->service, documents, count, list, room);
    for (uint32_t i = 0; i < stored; i++)
        farrier_emit_component (w->step, &list[i]);
    return FARRIER_DONE;
}

int32_t
inventory_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    return inventory_poll (self, step, err);
}

int32_t
inventory_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    int32_t rc = walk_begin (&w, self, step, err);
    if (rc != FARRIER_DONE)
        return rc;
    if (walk_is_at (&w, "members")) {
        if (w.wake.code != 0)          /* also when only a later page is missing */
            return walk_fail_wake (&w, "the firmware inventory can't be read");
        return emit_members (&w);
    }
    rc = identify (&w);
    return rc == FARRIER_DONE ? read_members (&w) : rc;
}
