/* wish: a person's word to a job, and the wait until the job's journal holds it.
 *
 * Two hold it: who waits, and the letter that carries it. A letter that the store does not take
 * comes again, so a wish may outlive the one who waited.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_WISH_H
#define FARRIER_ENGINE_WISH_H

#include <stdint.h>

#include "base/err.h"

struct engine;
struct wish;

struct wish *wish_new (struct engine *engine);
/* The commit that holds it is on the disk; whoever waits goes on. NULL is fine. */
void wish_stored (struct wish *wish);
/* The letter's part ends; nothing was stored unless wish_stored() was called. NULL is fine. */
void wish_end (struct wish *wish);
/* Ends the waiter's part. ERR_CONFLICT: the job had gone on, the wish changed nothing; TIMEOUT: the
 * store has not taken it yet, the letter comes again. */
int32_t wish_wait (struct wish *wish, const char *job_id, struct err *err);

#endif
