/* sim_pull: fetches an image for SimpleUpdate, from 127.0.0.0/8 only.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_PULL_H
#define FARRIER_SIM_PULL_H

struct sim_fleet;
struct sim_pull;
struct sim_update;

/* Calls sim_update_pulled() later, on the loop. */
struct sim_pull *sim_pull_start (struct sim_fleet *fleet, struct sim_update *update,
                                 const char *uri);
/* The update goes away before the pull is done. */
void sim_pull_forget (struct sim_pull *pull);

#endif
