/* spawn: vendor tools that outlive the daemon.
 *
 * An attempt's tool runs under the program farrier-spawn, which needs nothing of us but the
 * attempt's directory; the directory alone tells what became of it, also after a restart:
 *
 *   spec.json   what to run (no secrets)      lock      held while tool or supervisor live
 *   stdin       its input, if it has one      started   made before the tool's first instruction
 *   work/       its working directory         exit      how it ended, written atomically
 *   out, err    its output, capped            cancel    made by spawn_kill()
 *
 * One tool per directory, ever. Nothing here uses a pid as a proof: the lock is. An attempt that
 * runs several tools, one after another, has a directory with one for each: DIR/1, DIR/2, ….
 * All functions block briefly (files, one exec): worker threads, not loops.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_SPAWN_H
#define FARRIER_ENGINE_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct spawn_spec {
    const char *spawn_path;            /* the program farrier-spawn */
    const char *const *argv;           /* NULL-terminated; argv[0] is an absolute path */
    const char *const *env;            /* NULL-terminated NAME=value, beside PATH and LANG=C */
    const char *cwd;                   /* absolute; NULL = DIR/work, made if need be */
    const void *stdin_bytes;           /* not secret: kept in DIR/stdin; NULL = /dev/null */
    size_t stdin_len;
    bool stdin_is_there;               /* DIR/stdin was made by the caller; stdin_bytes is NULL */
    int64_t timeout_ms;                /* 0 = none; then TERM, and KILL after grace_ms */
    int64_t grace_ms;                  /* 0 = 5 s */
    uint64_t max_output_bytes;         /* kept of each stream, the rest is dropped; 0 = 1 MiB */
    uint64_t max_memory_bytes;         /* RLIMIT_AS; 0 = none */
    uint64_t max_file_bytes;           /* RLIMIT_FSIZE; 0 = none */
    uint64_t max_cpu_s;                /* RLIMIT_CPU; 0 = none */
};

/* Goes through a socket to farrier-spawn and into the tool; it never touches a disk or an argv. */
struct spawn_secret {
    const char *env;                   /* environment variable; NULL = by descriptor: */
    int fd;                            /* the tool reads the value from this one; 0 = its stdin */
    const char *value;
};

/* Makes dir (0700) and starts the tool; when it returns 0 the tool's program is running.
 * ERR_EXISTS: dir had its tool already. Any other failure: nothing ran (argv[0] is missing, no
 * rights, …: ERR_IO naming it). dir's parent must exist. Leaves no child to wait for. */
int32_t spawn_start (const char *dir, const struct spawn_spec *spec,
                     const struct spawn_secret *secrets, size_t secret_count, struct err *err);

enum spawn_state {
    SPAWN_NOT_STARTED,                 /* surely never ran: spawn_start() may be called */
    SPAWN_RUNNING,
    SPAWN_EXITED,
    SPAWN_LOST,                        /* it ran, its end was not seen: a power cut, an OOM kill */
};

struct spawn_status {
    enum spawn_state state;
    pid_t pid;                         /* of the tool: for people; 0 = unknown */
    int exit_status;                   /* EXITED: exit code, or -signal */
    bool timed_out;                    /* ended by its time limit */
    bool killed;                       /* ended by spawn_kill() */
    bool truncated;                    /* output was dropped */
    int64_t started_ms;                /* wall; 0 = not */
    int64_t ended_ms;
    char error[200];                   /* EXITED without having run: why; else "" */
};

/* A dir that does not exist is NOT_STARTED. Fails only when dir cannot be read. */
int32_t spawn_status (const char *dir, struct spawn_status *ret, struct err *err);

/* Waits until the tool runs no more. FARRIER_E_TIMEOUT after timeout_ms; 0 = for ever. */
int32_t spawn_wait (const char *dir, int64_t timeout_ms, struct spawn_status *ret,
                    struct err *err);

/* A descriptor for a loop to poll: readable when the tool's supervisor has ended; then ask
 * spawn_status(). Nothing is to be read from it; the caller closes it. ERR_NOT_FOUND when the
 * tool does not run: spawn_status() says why; UNSUPPORTED before Linux 5.3: ask now and then. */
int32_t spawn_watch (const char *dir, int *ret_fd, struct err *err);

/* TERM to the tool's process group, KILL after grace_ms (0 = the spec's). Returns at once. Success
 * too when the tool does not run (any more). */
int32_t spawn_kill (const char *dir, int64_t grace_ms, struct err *err);

/* The newest of the directories DIR/1, DIR/2, … whose number is below `below` (INT64_MAX: of all);
 * heap. NULL when there is none. */
char *spawn_last (const char *dir, int64_t below);

/* Notes in dir (made if need be) that a tool ran there and that nobody saw its end: SPAWN_LOST for
 * ever. For a start that is in the journal, and whose directory a restart of the machine took. */
int32_t spawn_give_up (const char *dir, struct err *err);

/* Removes dir, and DIR/1 … with it. ERR_CONFLICT while a tool of theirs runs. */
int32_t spawn_remove (const char *dir, struct err *err);

enum spawn_stream { SPAWN_OUT = 1, SPAWN_ERR = 2 };

/* What was kept of a stream, as the tool wrote it: at most max_bytes from offset on. */
int32_t spawn_output (const char *dir, enum spawn_stream stream, uint64_t offset, size_t max_bytes,
                      struct buf *ret, struct err *err);

/* Follows a stream as a terminal shows it: \r goes to the line's begin, \b one back, and what
 * comes then overwrites. All zero at first; spawn_tail_clear() at the end. */
struct spawn_tail {
    uint64_t offset;                   /* bytes seen */
    struct buf line;                   /* the line in progress: "Writing 42%" */
    size_t column;
};

/* Takes in what is new; finished lines are appended to ret_lines, each with a \n. */
int32_t spawn_tail_read (const char *dir, enum spawn_stream stream, struct spawn_tail *tail,
                         struct buf *ret_lines, struct err *err);
/* The same for bytes at hand. */
void spawn_tail_feed (struct spawn_tail *tail, const char *bytes, size_t len,
                      struct buf *ret_lines);
void spawn_tail_clear (struct spawn_tail *tail);

/* The last match of pattern (POSIX extended, group 1 = percent, "42" or "42.5") in text, in
 * permille; -1 when there is none or it is not 0 to 100. FARRIER_E_INVALID: the pattern does not
 * compile. */
int32_t spawn_progress (const char *pattern, const char *text, int *ret_permille, struct err *err);

#endif
