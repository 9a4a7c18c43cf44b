/* policy: may this file be loaded at all, and from where.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_POLICY_H
#define FARRIER_PLUGIN_POLICY_H

#include <sys/stat.h>

#include "base/buf.h"
#include "plugin/config.h"
#include "plugin/fault.h"

#define POLICY_FILE_MAX (256u << 20)

/* Reads the whole file through one descriptor; *ret_st is what was judged and read. */
bool policy_read (const char *file, struct buf *ret, struct stat *ret_st,
                  struct fault_list *faults);
/* Owner and mode of the file. */
bool policy_file (const char *file, const struct stat *st, struct fault_list *faults);
/* Owner and mode of the directory that the file is in: who may write there may replace it. */
bool policy_folder (const char *file, struct fault_list *faults);
/* The sha256 allow-list; an empty one allows all. */
bool policy_digest (const struct plugin_config *config, const char *sha256,
                    struct fault_list *faults);
/* A sealed copy in memory of exactly the bytes that were judged. build (its build id, or the digest
 * where it has none) shows in /proc/PID/maps, for people and debuggers. Returns a descriptor that
 * must stay open for the life of the process (the dynamic linker knows the copy by its path), or
 * -1. */
int policy_private_copy (const char *name, const char *build, const struct buf *bytes,
                         struct fault_list *faults);

#endif
