/* follow: jobs as they go: one live block on a terminal, plain lines in a pipe.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CLI_FOLLOW_H
#define FARRIER_CLI_FOLLOW_H

#include <jansson.h>

#include "base/err.h"
#include "cli/command.h"

/* Makes a call that starts jobs (takes request over), and watches them unless --no-wait. Prints
 * what could not be started, the result, and in the end the document that was asked for. 0 when
 * every job reached what it should; else the code of the worst: see follow_verdict. */
int32_t follow_start (struct invocation *inv, const char *call, json_t *request, struct err *err);

/* Watches these jobs (array of ids) until all have ended or are parked. *ret_jobs: the jobs as
 * job.list shows them. FARRIER_E_CANCELLED when interrupted: the jobs stay open. */
int32_t follow_jobs (struct invocation *inv, const json_t *ids, json_t **ret_jobs, struct err *err);
/* Waits a moment for an event after `since`; FARRIER_E_CANCELLED when interrupted. */
int32_t follow_pause (struct invocation *inv, int64_t since, struct err *err);
/* job.resume, and watches what it took up. */
int32_t follow_open (struct invocation *inv, struct err *err);
/* The table of results. */
void follow_results (const struct invocation *inv, const json_t *jobs);
/* 0: all good; ERR_PARTLY: some failed; FARRIER_E_HOST_FAULT (exit 1): all failed; ERR_APPROVAL:
 * parked or waiting for a person, nothing failed; FARRIER_E_CANCELLED. Pure. */
int32_t follow_verdict (const json_t *jobs, struct err *err);
/* SIGINT, SIGTERM and SIGHUP end the watching, not the jobs. Call once, early. */
void follow_signals (void);

/* --- pieces, for tests ------------------------------------------------------------------------ */

/* "[#####     ]": heap. */
char *follow_bar (int permille, int width);
/* The block for these jobs: at most `lines` lines for jobs, one for the sum. Heap. now_ms: wall. */
char *follow_block (const json_t *jobs, int width, int lines, int64_t started_ms, int64_t now_ms);

#endif
