/* sim_message: messages of the Base, Update and TaskEvent registries, and the error envelope.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_MESSAGE_H
#define FARRIER_SIM_MESSAGE_H

#include <jansson.h>
#include <stddef.h>

struct sim_call;

struct sim_message_def {
    const char *registry, *key, *severity;
    int args;
    const char *text; /* with %1 … */
    const char *resolution;
};

/* "Base.PropertyUnknown" and its arguments, as many as the registry says. New reference. */
json_t *sim_message_new (const char *name, ...);
/* Sets status and the error envelope on the call's answer. */
void sim_message_error (struct sim_call *call, int status, const char *name, ...);
/* {"error": {...}} around one message, which is stolen. */
json_t *sim_message_envelope (json_t *message);
/* For Registries/. *it starts at 0; NULL at the end. */
const struct sim_message_def *sim_message_each (size_t *it);
const char *sim_message_version (const char *registry); /* "1.19.0"; NULL when unknown */

#endif
