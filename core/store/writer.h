/* writer: the one thread that writes, and its queue. Used by store.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_STORE_WRITER_H
#define FARRIER_STORE_WRITER_H

#include "store/driver.h"

struct writer;

struct writer *writer_start (const struct store_driver *driver, void *db);
/* Commits what is queued, ends the thread. */
void writer_stop (struct writer *w);
void writer_on_events (struct writer *w, void (*notify) (void *arg, int64_t last_event_id),
                       void *arg);
int32_t writer_commit (struct writer *w, struct store_batch *b, enum store_durability durability,
                       struct err *err);
void writer_commit_async (struct writer *w, struct store_batch *b,
                          enum store_durability durability, store_done_fn *done, void *arg);

#endif
