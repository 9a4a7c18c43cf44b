/* sim_session: logins: Redfish sessions and Basic, their limits and their expiry.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_SESSION_H
#define FARRIER_SIM_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct sim_bmc;
struct sim_call;

struct sim_session {
    struct list link;
    char id[16];
    char token[33];
    int64_t used_ms;    /* loop time */
    int64_t created_ms; /* wall */
};

/* Who asks? Sets call->session for a token. False: answered with 401. */
bool sim_session_authenticate (struct sim_call *call);
void sim_session_end_all (struct sim_bmc *bmc, bool as_expired);
void sim_session_expire_old (struct sim_bmc *bmc);

void sim_session_get_service (struct sim_call *call);
void sim_session_patch_service (struct sim_call *call);
void sim_session_get_all (struct sim_call *call);
void sim_session_post (struct sim_call *call);
void sim_session_get (struct sim_call *call);
void sim_session_delete (struct sim_call *call);

#endif
