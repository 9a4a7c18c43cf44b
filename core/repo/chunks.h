/* chunks: the verified bytes of one image, shared by all who send it at the same time. A first pass
 * over the file proves it against its digest and notes a digest of each chunk; every chunk that is
 * read later is compared with that note. What was just read for one upload serves the others.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_REPO_CHUNKS_H
#define FARRIER_REPO_CHUNKS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define CHUNKS_SIZE (64u * 1024)
#define CHUNKS_KEPT 128                           /* 8 MiB in memory for each image, at most */

struct chunks;

/* fd and sha256 are borrowed and outlive it. Any thread may use it. */
struct chunks *chunks_new (int fd, uint64_t size_bytes, const char *sha256);
void chunks_free (struct chunks *c);              /* NULL is fine */

/* The pass over the file, once; the others wait for it. FARRIER_E_VERIFY with both digests. */
int32_t chunks_prove (struct chunks *c, struct err *err);

/* As pread(2), short only at the end: the count, or -errno; -EBADMSG when the bytes are not those
 * that were proved. Only after chunks_prove(). */
ssize_t chunks_read (struct chunks *c, void *buf, size_t len, uint64_t offset);
/* What is in memory of it, at most to the end of the chunk; 0 = nothing. Does not wait for the
 * disk. */
size_t chunks_read_kept (struct chunks *c, void *buf, size_t len, uint64_t offset);

#endif
