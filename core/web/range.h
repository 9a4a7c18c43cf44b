/* range: the Range header of a GET, one range only (RFC 9110, 14.2).
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_WEB_RANGE_H
#define FARRIER_WEB_RANGE_H

#include <stdint.h>

enum range_kind {
    RANGE_NONE,                    /* no, several, or malformed ranges: the whole is sent, 200 */
    RANGE_PART,                    /* 206 */
    RANGE_BEYOND,                  /* 416 */
};

/* header may be NULL. For RANGE_PART *ret_first and *ret_len are set. */
enum range_kind range_parse (const char *header, uint64_t size, uint64_t *ret_first,
                             uint64_t *ret_len);

#endif
