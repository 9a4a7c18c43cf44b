/* repo_private: what the rooms of the repository share.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_REPO_REPO_PRIVATE_H
#define FARRIER_REPO_REPO_PRIVATE_H

#include <pthread.h>

#include "repo/repo.h"

struct reader_cache;

/* An image of the current generation, and where its manifest is. */
struct repo_entry {
    struct image image;
    char *manifest;                /* "manifests/acme/bios/fw-2.1.json" */
    char *manifest_sha256;
};

struct repo {
    char *path;
    pthread_mutex_t mutex;         /* guards what is below */
    uint64_t generation;
    struct vec entries;            /* struct repo_entry *, sorted by image_compare() */
    struct reader_cache *cache;
};

/* repo_generation.c. The caller holds the mutex. */

/* Reads the generation that `current` names, unless it is the one that is loaded. */
int32_t repo_refresh (struct repo *r, struct err *err);
/* Writes generation + 1 with these entries and switches to it. The vec is only read. */
int32_t repo_commit (struct repo *r, const struct vec *entries, struct err *err);
void repo_entry_free (void *entry);
/* The exclusive lock among processes, until repo_unlock (fd). */
int32_t repo_lock (struct repo *r, int *ret_fd, struct err *err);
void repo_unlock (int fd);
/* Makes repository/relative and what is above it, durable on the disk. */
int32_t repo_make_dir (const struct repo *r, const char *relative, struct err *err);

/* "objects/sha256/ab/cd…" */
char *repo_object_path (const struct repo *r, const char *sha256);    /* heap */
/* The entry that ref means; NULL with err. */
struct repo_entry *repo_entry_by_ref (struct repo *r, const char *ref, struct err *err);

/* repo_metadata.c: from options, sidecar and inspector to a manifest without digest and size. */
int32_t repo_metadata (const char *file, const struct repo_import_options *options,
                       const void *head, size_t head_len, struct image *ret,
                       char **ret_expected_sha256, struct err *err);

#endif
