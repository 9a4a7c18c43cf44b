/* mark_file: the layout of a process's mark file (run/PID.mark). It is read on the machine that
 * wrote it only, and removed then.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_MARK_FILE_H
#define FARRIER_PLUGIN_MARK_FILE_H

#include <stdint.h>

#define MARK_SUFFIX ".mark"
#define MARK_MAGIC 0x314b524146u       /* "FARK1" */
#define MARK_SLOTS 512                 /* threads that may be inside plugins at once */
#define MARK_PLUGINS 64
#define MARK_DEATH_EXIT (-1)           /* exit() inside a call */

enum mark_used_state { MARK_USED_FREE = 0, MARK_USED_BUSY = 1, MARK_USED_SET = 2 };

struct mark_slot {
    uint32_t taken;                    /* 1: belongs to a thread */
    char plugin[36];                   /* "" = not inside a call */
    char what[56];                     /* "firmware.install poll" */
};

/* A plugin that finished one call at least. */
struct mark_used {
    uint32_t state;                    /* enum mark_used_state */
    char plugin[36];
};

struct mark_file {
    uint64_t magic;
    int32_t death;                     /* the signal, or MARK_DEATH_EXIT */
    int32_t death_slot;                /* 1 + slot of the thread that died; 0 = none did */
    struct mark_used used[MARK_PLUGINS];
    struct mark_slot slots[MARK_SLOTS];
};

#endif
