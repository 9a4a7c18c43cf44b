/* process_files: what a vendor tool finds in its working directory, and what is
 * kept of it. All from the journaled await, so that it is the same after a restart.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_PROCESS_FILES_H
#define FARRIER_ENGINE_PROCESS_FILES_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct engine;
struct turn;
struct answer;

/* Before the tool of the run in dir starts: "inputs" (artifacts of the job) go into dir/work, the
 * image "stdin_sha256" into dir/stdin (*ret_stdin). Blocks: workers, thread pool. */
int32_t process_files_put (struct engine *engine, const char *job_id, const char *dir,
                           const json_t *spec, bool *ret_stdin, struct err *err);
/* When it has ended: "outputs" are sealed as artifacts. Only regular files that the tool left in
 * its own directory are taken; one that is not there is passed over. */
int32_t process_files_keep (struct engine *engine, const char *job_id, const char *host_id,
                            const char *dir, const json_t *spec, struct err *err);
/* The same for the answer of the open await: the answer fails when it does not work. Worker. */
void process_files_keep_for (struct turn *t, struct answer *answer);

#endif
