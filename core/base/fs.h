/* fs: files as this program needs them: whole, atomic, bounded, close-on-exec.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_BASE_FS_H
#define FARRIER_BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

char *fs_join (const char *dir, const char *name);                    /* heap */
/* [A-Za-z0-9._-]+, at most 128 bytes, not beginning with a dot: safe in any folder. */
bool fs_plain_name (const char *name);
const char *fs_basename (const char *path);
/* False only when it is surely not there: what cannot be looked at (rights, a loop of links) counts
 * as there, so that opening it says why. */
bool fs_exists (const char *path);
int32_t fs_mkdirs (const char *path, mode_t mode, struct err *err);
int32_t fs_read (const char *path, size_t max_bytes, struct buf *ret, struct err *err);
/* Temporary file in the same directory, fsync, rename, fsync of the directory. */
int32_t fs_write_atomic (const char *path, const void *bytes, size_t len, mode_t mode,
                         struct err *err);
int32_t fs_sync_dir (const char *dir, struct err *err);
int32_t fs_write_all (int fd, const void *bytes, size_t len);         /* 0 or -errno */
/* Appends the paths, sorted, as heap strings; a missing dir is an empty list. */
int32_t fs_list (const char *dir, const char *suffix, struct vec *ret_paths, struct err *err);
int32_t fs_remove_tree (const char *path, struct err *err);
/* A secret file (password, key): refuses one that others may read; trailing newline removed. */
int32_t fs_read_secret (const char *path, struct buf *ret, struct err *err);

#endif
