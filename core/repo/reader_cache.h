/* reader_cache: the images that are open, so that all who read one share one descriptor.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_REPO_READER_CACHE_H
#define FARRIER_REPO_READER_CACHE_H

/* Reference-counted: every open reader holds one, so a reader outlives its struct repo. */
struct reader_cache;

struct reader_cache *reader_cache_new (void);
void reader_cache_unref (struct reader_cache *c);

#endif
