/* install_reconcile: what became of an update when nobody was watching.
 *
 * Evidence, in this order: the version; a task that was not there before; the component's own
 * state. Only a BMC that shows none of it, and did not restart meanwhile, has surely not begun.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "generic.h"

#define RECHECK_MS 15000
/* Vendors show a new task up to a minute late. */
#define SETTLE_MS 120000

static int32_t
adopt (int32_t rc)
{
    return rc == FARRIER_PENDING ? FARRIER_ADOPT : rc;
}

/* The component by key, read one by one: a few members, and only after a crash. */
static int
read_component (struct walk *w, struct farrier_component *ret, const char **ret_state)
{
    enum { MAX = 400 };
    const struct farrier_json *collection = NULL, *document = NULL;
    struct farrier_component *list = farrier_alloc (w->step, MAX * sizeof *list);
    const struct farrier_json **documents = farrier_alloc (w->step, MAX * sizeof *documents);
    const char *uri = walk_text (w, "uri"), *key = walk_text (w, "key");
    int hashed = (redfish_quirk (w->service.vendor)->flags & REDFISH_QUIRK_HASHED_IDS) != 0;
    uint32_t count = 0;
    if (list == NULL || documents == NULL)
        return 0;
    if (!hashed && uri[0] != '\0') {
        if (redfish_get (w->step, uri, &document, w->err) == 0)
            documents[count++] = document;
    } else if (redfish_get (w->step, w->service.inventory, &collection, w->err) == 0) {
        const struct farrier_json *members = farrier_json_at (collection, "/Members");
        for (uint32_t i = 0; i < farrier_json_count (members) && count < MAX; i++)
            if (redfish_get (w->step, redfish_link (farrier_json_item (members, i), ""), &document,
                             w->err) == 0)
                documents[count++] = document;
    }
    uint32_t stored = redfish_components (w->step, &w->service, documents, count, list, MAX);
    for (uint32_t i = 0; i < stored; i++) {
        if (strcmp (list[i].key, key) != 0 && !redfish_path_equal (list[i].uri, uri))
            continue;
        *ret = list[i];
        *ret_state = list[i].status;
        return 1;
    }
    return 0;
}

static int
bmc_restarted (struct walk *w)
{
    const struct farrier_json *manager = NULL;
    const char *mark = walk_text (w, "mark");
    if (w->service.manager == NULL || mark[0] == '\0'
        || redfish_get (w->step, w->service.manager, &manager, w->err) < 0)
        return 0;
    const char *now = farrier_json_str_at (manager, "/LastResetTime");
    return now != NULL && strcmp (now, mark) != 0;
}

/* The image may have arrived. */
static int32_t
maybe_sent (struct walk *w)
{
    struct farrier_component now = FARRIER_INIT (struct farrier_component);
    const char *state = NULL;
    if (!read_component (w, &now, &state))
        return farrier_recheck (w->step, RECHECK_MS);  /* away, or busy with the flash */
    if (install_target_reached (w, &now)
        && !redfish_version_equal (walk_text (w, "from"), walk_text (w, "to"))) {
        walk_result (w, "version", now.version);
        farrier_outcome (w->step, FARRIER_RUNG_ACTIVATED);
        return walk_text (w, "claimed")[0] == '\0' ? FARRIER_DONE
                                                   : adopt (install_end (w, FARRIER_DONE));
    }
    const char *task = install_new_task (w);
    if (task != NULL) {
        struct redfish_task found = { task, NULL };
        farrier_outcome (w->step, FARRIER_RUNG_ACCEPTED);
        return adopt (install_follow (w, &found));
    }
    if (redfish_version_equal (now.pending, walk_text (w, "to"))
        || redfish_glob ("Updating", state))
        return adopt (install_check (w));
    /* What a restart has wiped away can't be asked any more. */
    if (bmc_restarted (w)) {
        farrier_fail (w->step, w->err, FARRIER_E_LOST,
                      "the BMC restarted since the image was sent, and %s still shows %s",
                      walk_text (w, "key"), now.version == NULL ? "no version" : now.version);
        return FARRIER_UNKNOWN;
    }
    if (walk_text (w, "claimed")[0] == '\0')
        return FARRIER_NOT_STARTED;
    /* A fresh attempt would find the service claimed, by us: go on under the same claim. */
    if (farrier_now_ms (w->step) < walk_number (w, "sent.at") + SETTLE_MS)
        return farrier_recheck (w->step, RECHECK_MS);
    return adopt (install_send (w));
}

/* The claim: ours when it is there, since it was free before. */
static int32_t
maybe_claimed (struct walk *w)
{
    const struct farrier_json *update = NULL;
    if (w->wake.delivery == FARRIER_DELIVERY_NONE)
        return FARRIER_NOT_STARTED;
    if (redfish_get (w->step, w->service.update, &update, w->err) < 0)
        return farrier_recheck (w->step, RECHECK_MS);
    if (farrier_json_bool (farrier_json_at (update, "/HttpPushUriTargetsBusy")) != 1)
        return FARRIER_NOT_STARTED;
    return adopt (install_claimed (w));
}

/* The claim once more, until it is seen to be gone; then the end that was kept. */
static int32_t
maybe_released (struct walk *w)
{
    const struct farrier_json *update = NULL;
    if (redfish_get (w->step, w->service.update, &update, w->err) < 0)
        return farrier_recheck (w->step, RECHECK_MS);
    if (farrier_json_bool (farrier_json_at (update, "/HttpPushUriTargetsBusy")) == 1) {
        walk_keep (w, "claimed", "1");
        return adopt (install_end (w, FARRIER_DONE));
    }
    if (walk_number (w, "end.code") == 0)
        return FARRIER_DONE;
    /* An upload that the BMC refused for the moment: nothing was begun. */
    int32_t rc = install_released (w);
    if (walk_text (w, "task.uri")[0] == '\0'
        && (rc == FARRIER_E_BUSY || rc == FARRIER_E_TRANSIENT || rc == FARRIER_E_TIMEOUT))
        return FARRIER_NOT_STARTED;
    farrier_known (w->step);
    return rc;
}

static int32_t
maybe_started (struct walk *w)
{
    return w->wake.delivery == FARRIER_DELIVERY_NONE ? FARRIER_NOT_STARTED : maybe_sent (w);
}

/* The same read-only await again. */
static int32_t
rewait (struct walk *w)
{
    if (walk_is_at (w, "task"))
        return install_follow_known (w);
    if (walk_is_at (w, "return"))
        return power_reconcile (w) == FARRIER_ADOPT ? FARRIER_PENDING : install_check (w);
    return install_check (w);
}

int32_t
install_reconcile (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct walk w;
    if (walk_resume (&w, self, step, err) != FARRIER_DONE)
        return FARRIER_NOT_STARTED;
    const char *at = walk_at (&w);
    if (strcmp (at, "") == 0 || strcmp (at, "prepare") == 0)
        return FARRIER_NOT_STARTED;
    if (strcmp (at, "off") == 0)
        return FARRIER_NOT_STARTED;    /* the next attempt finds it off, or switches it off */
    if (strcmp (at, "claim") == 0)
        return maybe_claimed (&w);
    if (strcmp (at, "options") == 0)
        return adopt (install_claimed (&w));   /* the same value twice is one value */
    if (strcmp (at, "send") == 0 && w.wake.delivery == FARRIER_DELIVERY_NONE)
        return walk_text (&w, "claimed")[0] == '\0' ? FARRIER_NOT_STARTED
                                                    : adopt (install_send (&w));
    if (strcmp (at, "send") == 0 || strcmp (at, "start") == 0)
        return maybe_started (&w);
    if (strcmp (at, "release") == 0)
        return maybe_released (&w);
    return adopt (rewait (&w));
}
