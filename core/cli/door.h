/* door: how a command reaches the api: through the socket of farrierd, or in this process.
 *
 * With farrierd every call goes through its socket. Beside a command that runs jobs in-process, its
 * socket takes the control of jobs; reads use a read-only store here, and changes are refused with
 * the holder's pid. With neither, everything happens in this process, with the same handlers.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CLI_DOOR_H
#define FARRIER_CLI_DOOR_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "conf/settings.h"

struct door;

/* Opens nothing yet: the first call decides what is needed. settings outlives the door. */
struct door *door_new (const struct settings *settings);
/* Stops what runs in this process: jobs stay open, and are taken up by the next run. */
void door_close (struct door *d);

/* As api_call(); takes the request over (secrets in it are wiped). */
int32_t door_call (struct door *d, const char *call, json_t *request, json_t **ret_reply,
                   struct err *err);
/* Does farrierd answer? Then jobs go on when this command ends. */
bool door_has_daemon (struct door *d);
/* Jobs run in this process now: it must wait for them. */
bool door_runs_here (struct door *d);

#endif
