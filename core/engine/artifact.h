/* artifact: files of a job: configuration exports, logs, downloads. Sealed on the disk, with digest
 * and size in the store. And private plaintext copies of images for vendor tools.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_ARTIFACT_H
#define FARRIER_ENGINE_ARTIFACT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/transfer.h"

struct engine;
struct turn;
struct answer;

#define ARTIFACT_MAX_BYTES (64u << 20)

/* Names: [A-Za-z0-9._-]+. A second write of a name replaces the first. */
int32_t artifact_write (struct engine *engine, const char *job_id, const char *host_id,
                        const char *name, const void *bytes, size_t len, struct err *err);
int32_t artifact_read (struct engine *engine, const char *job_id, const char *name,
                       struct buf *ret, struct err *err);
/* Where a download of that name lands before it is sealed. Heap. */
char *artifact_download_path (struct engine *engine, const char *job_id, const char *name);
/* Seals what an await_download brought; the answer fails when that does not work. Worker. */
void artifact_keep_download (struct turn *t, struct answer *answer);
/* A part of an upload from an artifact. The bytes are copied by the transfer. */
int32_t artifact_part (struct engine *engine, const char *job_id, const char *name,
                       struct transfer_part *part, struct err *err);

/* The same from an attachment of an image; FARRIER_E_INVALID when it has none of that name. */
int32_t artifact_attachment_part (struct engine *engine, const char *sha256, const char *name,
                                  struct transfer_part *part, struct err *err);

/* The bytes of an image into a new file of that path (0600). */
int32_t artifact_copy_image (struct engine *engine, const char *sha256, const char *path,
                             struct err *err);
/* A private file with an image's bytes below run_dir/ATTEMPT/. */
int32_t artifact_materialise (struct engine *engine, const char *attempt_id, const char *sha256,
                              const char *name, char **ret_path, struct err *err);

#endif
