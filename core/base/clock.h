/* clock: wall and boot clocks that a test can replace, durations and dates as people write them.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_BASE_CLOCK_H
#define FARRIER_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

int64_t clock_wall_ms (void);                     /* since 1970, UTC: what is stored */
int64_t clock_boot_ms (void);                     /* CLOCK_BOOTTIME: what runs */

/* Tests: from now on both clocks stand still and move only by clock_virtual_advance(). */
void clock_virtual_start (int64_t wall_ms, int64_t boot_ms);
void clock_virtual_advance (int64_t ms);
void clock_virtual_stop (void);
bool clock_is_virtual (void);

/* "250ms" "5s" "90m" "1h30m" "2d"; a bare number is refused. */
bool duration_parse (const char *text, int64_t *ret_ms);
char *duration_format (int64_t ms);               /* "1h 30m", "2.5s"; heap */
char *clock_iso8601 (int64_t wall_ms);            /* 2026-01-31T12:00:00.000Z; heap */
bool clock_parse_iso8601 (const char *text, int64_t *ret_wall_ms);
int64_t clock_parse_http_date (const char *text); /* RFC 9110 date -> wall ms; -1 when malformed */

#endif
