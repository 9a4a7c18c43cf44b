/* table_io: what stands behind the handles of formats, and memory for handles.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_TEST_TABLE_IO_H
#define FARRIER_TEST_TABLE_IO_H

#include "bench.h"

struct farrier_reader {
    const struct farrier_host *host;
    const char *bytes;
    size_t size;
};

struct farrier_sink {
    const struct farrier_host *host;
    json_t *images, *records;
};

/* From the arena of the callback that runs; never NULL. */
void *bench_handle (size_t size);
/* -1 when the BMC named none. */
int64_t bench_retry_after_ms (const struct bench_reply *reply);

#endif
