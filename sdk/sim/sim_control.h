/* sim_control: the fleet's control socket, and how the command line talks to it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_CONTROL_H
#define FARRIER_SIM_CONTROL_H

#include <jansson.h>

#include "base/err.h"

struct sim_control;
struct sim_fleet;

int32_t sim_control_start (struct sim_fleet *fleet, const char *path, struct err *err);
void sim_control_stop (struct sim_control *control);

/* One request, one answer, from another process. *ret_answer is a new reference. */
int32_t sim_control_ask (const char *path, const json_t *request, json_t **ret_answer,
                         struct err *err);

#endif
