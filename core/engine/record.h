/* record: the core's values in the shape of the plugin ABI, and what a job's context holds of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_RECORD_H
#define FARRIER_ENGINE_RECORD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/step.h"

/* Copies at most as many bytes as the caller's struct says it has (its first member is the size),
 * and leaves that member as it was. A caller that says 0 gets nothing. */
void record_copy_out (void *caller, const void *ours, size_t size);

/* Strings are borrowed from c, the table of keys lives in the step's arena. Obeys ret->struct_size;
 * 0 stands for the size of this core's struct. */
void record_to_component (struct farrier_step *step, const struct component *c,
                          struct farrier_component *ret);

/* The reboots a job's context says are open: context.job.needs, names as in a plan. */
uint32_t record_needs_mask (const json_t *context);
void record_set_needs (json_t *context, uint32_t mask);

#endif
