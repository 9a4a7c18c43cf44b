/* flight: an await under way: the request, upload, watch or child that will end with an answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_FLIGHT_H
#define FARRIER_ENGINE_FLIGHT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/answer.h"
#include "engine/engine_private.h"

struct flight;
struct farrier_step;

struct flight_plan {
    const char *host_id, *attempt_id;
    int64_t seq;
    const json_t *spec;
    int64_t deadline_ms;               /* wall clock; 0 = none */
    int64_t launched_ms;               /* of an earlier launch, in the journal; 0 = none */
    int32_t permille;                  /* how far the attempt has come: it never falls */
    bool gated;                        /* a change that has not left yet: LETTER_GATE first */
};

/* Starts it; LETTER_ANSWER comes in any case, LETTER_GATE before a change leaves. Worker. The
 * flight is the caller's until flight_drop(). */
struct flight *flight_start (struct engine *engine, const char *job_id,
                             const struct flight_plan *plan);
/* The caller's interest ends. cancel: end it now; its answer, if one still comes, is of no use. */
void flight_drop (struct flight *f, bool cancel);
/* Ends it with an answer of code CANCELLED. */
void flight_cancel (struct flight *f);
/* Is it one that is only waiting, so that ending it leaves nothing behind? */
bool flight_is_watch (const struct flight *f);

/* Reads documents for the guards; LETTER_GUARDED comes. */
void flight_read_guards (struct engine *engine, const char *job_id, const char *host_id,
                         const char *attempt_id, int64_t seq, const char *const *paths,
                         size_t count);

/* For the files that start the kinds. */
struct flight {
    struct engine *engine;
    struct reach *reach;
    char *job_id, *attempt_id;
    int64_t seq;
    json_t *spec;
    int64_t deadline_ms, launched_ms;
    bool gated, is_timer;
    atomic_uint refs;
    net_handle request;                /* or upload, or download */
    uint64_t watch;                    /* watch_handle */
    uint64_t timer;
    uint32_t progress_from, progress_to;
    struct child *child;               /* process.c */
    int32_t last_permille;
};

struct flight *flight_ref (struct flight *f);
void flight_unref (struct flight *f);
void flight_answer (struct flight *f, struct answer *a);          /* posts it; a is taken over */
void flight_fail (struct flight *f, enum farrier_wake_kind kind, int32_t code,
                  const char *message, const char *hint);
void flight_progress (struct flight *f, uint32_t permille, const char *text);
/* Until the deadline, or wanted_ms if that is less. */
int64_t flight_left_ms (const struct flight *f, int64_t wanted_ms);

void flight_start_http (struct flight *f);        /* flight_send.c */
void flight_start_transfer (struct flight *f);
void flight_start_download (struct flight *f);
void flight_start_task (struct flight *f);        /* flight_watch.c */
void flight_start_until (struct flight *f);
void flight_start_collect (struct flight *f);
void flight_start_process (struct flight *f);     /* flight_process.c */
void flight_cancel_process (struct flight *f);
void flight_free_process (struct flight *f);
/* `launched` is journaled: start the child, or take up the one this attempt has. Worker. */
void flight_process_go (struct flight *f, const char *host_id);
/* The members of the host table that look at this attempt's child. */
int32_t flight_process_status (struct farrier_step *step, int32_t *ret_exit_status);
const char *flight_process_output (struct farrier_step *step, int32_t stream, size_t *ret_len);

#endif
