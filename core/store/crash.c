/* crash: the points at which a test kills this process.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/store.h"

enum { UNKNOWN, INERT, ARMED };

static atomic_int state = UNKNOWN;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t kill_at;
static int64_t passed;
static const char *log_path;

static void
look_at_environment (void)
{
    const char *at = getenv ("FARRIER_CRASH_AT");

    log_path = getenv ("FARRIER_CRASH_LOG");
    if (at == NULL || !str_to_i64 (at, &kill_at)) {
        kill_at = 0;
    }
    atomic_store (&state, kill_at > 0 || !str_empty (log_path) ? ARMED : INERT);
}

static void
append_to_log (const char *name)
{
    int fd = open (log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    if (fd >= 0) {
        char *line = str_printf ("%s\n", name);
        fs_write_all (fd, line, strlen (line));
        mem_free (line);
        close (fd);
    }
}

void
store_crash_point (const char *name)
{
    if (atomic_load_explicit (&state, memory_order_relaxed) == INERT) {
        return;
    }
    pthread_mutex_lock (&lock);
    if (atomic_load (&state) == UNKNOWN) {
        look_at_environment ();
    }
    if (atomic_load (&state) == ARMED) {
        passed++;
        if (!str_empty (log_path)) {
            append_to_log (name);
        }
        if (passed == kill_at) {
            raise (SIGKILL);
        }
    }
    pthread_mutex_unlock (&lock);
}
