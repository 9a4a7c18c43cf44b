/* process: a short child process: argv only, no shell, its output caught up to a limit, killed (its
 * whole process group) at the end of its time. Tools that may outlive the daemon run under
 * farrier-spawn instead.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_PROCESS_H
#define FARRIER_NET_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/net.h"

struct process_spec {
    /* NULL-terminated; argv[0] is a path with a slash: PATH is not searched */
    const char *const *argv;
    const char *const *env;            /* NULL-terminated NAME=value; NULL = PATH and LANG=C only */
    const char *cwd;                   /* NULL = / */
    const void *stdin_bytes;
    size_t stdin_len;
    /* of each stream; 0 = 1 MiB; what is more is read and dropped */
    size_t max_output_bytes;
    int64_t timeout_ms;                /* 0 = 60 s; TERM, two seconds later KILL */
};

struct process_result {
    /* 0: it ran and ended by itself; TIMEOUT, CANCELLED, ERR_IO (did not start) */
    int32_t code;
    struct err err;
    int exit_status;                   /* exit code, or -signal */
    struct buf out, err_out;           /* stdout, stderr */
    bool truncated;                    /* one of them was cut */
    int64_t elapsed_ms;
};

/* done runs on the loop; the result is the callee's: process_result_free(). Any thread. */
uint64_t process_start (struct net *net, const struct process_spec *spec,
                        void (*done) (void *arg, struct process_result *result), void *arg);
void process_cancel (struct net *net, uint64_t id);
/* Waits. cancelled may be NULL. Not from a loop thread. Returns (*ret)->code. */
int32_t process_run (struct net *net, const struct process_spec *spec, const atomic_bool *cancelled,
                     struct process_result **ret);
void process_result_free (struct process_result *result);

#endif
