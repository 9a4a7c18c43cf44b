/* body: what an upload sends, in order: texts, bytes and readers, framed as multipart/form-data or
 * not, with a size that is known before the first byte and a digest for each part.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_BODY_H
#define FARRIER_NET_BODY_H

#include "base/hash.h"
#include "net/transfer.h"

struct body;

/* Copies everything; the readers are the body's from now on. Never fails: a part that cannot be
 * framed is told by body_layout(). */
struct body *body_new (const struct transfer_part *parts, size_t count, bool form);
void body_free (struct body *body);               /* closes the readers */

/* Lays it out for one sending, from its beginning. token replaces "${session.token}" in TEXT parts
 * (substitute may be NULL: then it stays). Negative code with err when it cannot be. */
int32_t body_layout (struct body *body, char *(*substitute) (void *arg, const char *text),
                     void *arg, uint64_t *ret_total, struct err *err);
const char *body_content_type (const struct body *body);         /* form only */

/* The next bytes, in order; exactly len of them unless the end comes first. Blocking. */
int32_t body_read (struct body *body, void *buf, size_t len, size_t *ret_len, struct err *err);

/* The next bytes as far as they are in memory: 0 = they have to be read. For the loop. */
size_t body_take (struct body *body, void *buf, size_t len);
bool body_takes (const struct body *body);        /* is it worth asking, where it stands? */

size_t body_part_count (const struct body *body);
/* Digest of the part when all of it lies before offset; else "". */
void body_part_sha256 (const struct body *body, size_t part, uint64_t offset,
                       char ret[HASH_SHA256_HEX]);

#endif
