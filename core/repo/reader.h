/* reader: the bytes of one image, read by many uploads at once through one descriptor.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_REPO_READER_H
#define FARRIER_REPO_READER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "firmware/image.h"
#include "repo/repo.h"

/* Reference-counted and shared: all readers of one digest are the same struct and the same
 * descriptor. Memory does not depend on the image's size. Every function here may be called from
 * any thread. */
struct reader;

/* ref as in repo_get(). Checks that the object is there with the size of its manifest and that
 * neither size nor time of the file changed since it was first opened. It does not hash the file:
 * whoever sends it hashes what was sent and compares with reader_sha256(). */
int32_t reader_open (struct repo *r, const char *ref, struct reader **ret, struct err *err);
struct reader *reader_ref (struct reader *rd);
void reader_unref (struct reader *rd);            /* NULL is fine */

uint64_t reader_size (const struct reader *rd);
const char *reader_sha256 (const struct reader *rd);      /* 64 hex digits */
const struct image *reader_image (const struct reader *rd);

/* Reads up to len bytes at offset: the count (short only at the end of the image; 0 past it), or
 * -errno; -EIO when the file is shorter than its manifest says. Blocks on the disk at most. */
ssize_t reader_pread (struct reader *rd, void *buf, size_t len, uint64_t offset);

/* FARRIER_E_VERIFY when the file's size or time is not what it was at the first open. Cheap
 * (fstat). */
int32_t reader_check (struct reader *rd, struct err *err);

/* For uploads. The first caller hashes the whole image and compares (FARRIER_E_VERIFY with both
 * digests); from then on reader_read_proved() delivers only bytes that were part of that: each
 * chunk is compared again when it is read from the disk, and shared by all uploads of the image
 * while it is in memory (8 MiB at most). -EBADMSG when it changed since. Blocks; for workers and
 * thread pools. */
int32_t reader_prove (struct reader *rd, struct err *err);
ssize_t reader_read_proved (struct reader *rd, void *buf, size_t len, uint64_t offset);
/* The same from memory, as much as is there: 0 = nothing. Does not block; for loops. */
size_t reader_read_kept (struct reader *rd, void *buf, size_t len, uint64_t offset);

/* Hashes the whole image now and compares. Blocks; for workers. */
int32_t reader_verify (struct reader *rd, struct err *err);

#endif
