/* sim_upload: the body of a push, read as it arrives: multipart or raw.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_UPLOAD_H
#define FARRIER_SIM_UPLOAD_H

#include <stddef.h>

struct sim_call;
struct sim_upload;

/* Sets call->upload, or answers at once (411, 413, 415, 503, a boundary that is missing). */
void sim_upload_begin (struct sim_call *call);
void sim_upload_feed (struct sim_upload *u, const void *bytes, size_t len);
/* All bytes are here: begins the update and answers the call. */
void sim_upload_finish (struct sim_call *call);
void sim_upload_free (struct sim_upload *u);

#endif
