/* reach: how one endpoint of one host is spoken to: its target, trust and session, kept while the
 * engine runs so that every job of the host shares one login.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_REACH_H
#define FARRIER_ENGINE_REACH_H

#include "base/err.h"
#include "net/http.h"
#include "net/session.h"

struct engine;

struct reach {
    struct engine *engine;
    char *host_id, *kind;
    struct net_target *target;
    struct session *session;           /* NULL: the endpoint has no credential */
    uint32_t refs;                     /* guarded by engine->lock */
};

/* The host's endpoint ("bmc", "os", "service:ome"); made at the first question. ERR_NOT_FOUND when
 * the host has none of that kind. New reference. Workers. */
int32_t reach_get (struct engine *engine, const char *host_id, const char *kind,
                   struct reach **ret, struct err *err);
void reach_unref (struct reach *reach);
void reach_pin_free (void *pin);       /* of engine->pins */
/* A person changed the host's address, trust or credential: the next question makes it anew. */
void reach_forget (struct engine *engine, const char *host_id);
/* A session beside the shared one, whose first request logs in with the password; NULL when the
 * endpoint has no credential. reach_end_session() logs it out, waiting at most timeout_ms, and
 * gives it up (NULL is fine). Not on a loop. */
struct session *reach_begin_session (struct reach *reach);
void reach_end_session (struct session *session, int64_t timeout_ms);
/* Logs every session out, waiting at most timeout_ms in all; then forgets everything. */
void reach_logout_all (struct engine *engine, int64_t timeout_ms);

#endif
