/* until_step: is it as wanted, often enough, and has it really been away? Pure.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_UNTIL_STEP_H
#define FARRIER_NET_UNTIL_STEP_H

#include "net/task_step.h"

struct until_step {
    const struct watch_until *spec;    /* borrowed */
    int64_t started_ms;
    char *before;                      /* the proof's value */
    char trouble[200];                 /* why the last read was not good */
    struct watch_until_result result;  /* owns document */
};

void until_step_init (struct until_step *step, const struct watch_until *spec, int64_t now_ms);
void until_step_clear (struct until_step *step);
/* proof: what was found at proof_uri; the same as probe where that is the same resource; NULL
 * when it is not asked. Returns true when it has ended (see result), else *ret_after_ms says
 * when to look again. */
bool until_step_feed (struct until_step *step, int64_t now_ms, const struct look *probe,
                      const struct look *proof, int64_t *ret_after_ms);
/* Must proof_uri be read beside uri? */
bool until_step_wants_proof (const struct watch_until *spec);

#endif
