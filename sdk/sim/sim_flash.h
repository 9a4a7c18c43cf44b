/* sim_flash: the life of one update as a pure state machine over milliseconds.
 *
 *     VERIFY → FLASH → WRITTEN                     Immediate
 *     VERIFY → STAGED → (go) FLASH → WRITTEN       OnReset, OnStartUpdateRequest
 *     any → FAILED
 *
 * WRITTEN is where the write to flash ends; activation is what the caller does then.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_FLASH_H
#define FARRIER_SIM_FLASH_H

#include <stdbool.h>
#include <stdint.h>

enum sim_flash_state {
    SIM_FLASH_VERIFY,
    SIM_FLASH_STAGED,
    SIM_FLASH_WRITING,
    SIM_FLASH_WRITTEN,
    SIM_FLASH_FAILED
};

enum sim_flash_event {
    SIM_FLASH_NOTHING,    /* wait until sim_flash_due() */
    SIM_FLASH_REFUSED,    /* the image did not pass verification */
    SIM_FLASH_NOW_STAGED, /* waits for sim_flash_go() */
    SIM_FLASH_STARTED,    /* the write to flash began: counted */
    SIM_FLASH_BROKE,      /* the write failed */
    SIM_FLASH_DONE
};

struct sim_flash {
    enum sim_flash_state state;
    int64_t verify_ms, write_ms; /* how long each part takes */
    int64_t since_ms;            /* when the present state began */
    bool image_ok;
    bool waits;       /* staged first */
    int fail_percent; /* -1: it does not fail */
};

void sim_flash_begin (struct sim_flash *f, int64_t now_ms);
/* Leaves STAGED. False in any other state. */
bool sim_flash_go (struct sim_flash *f, int64_t now_ms);
/* One transition that is due; call again until NOTHING. */
enum sim_flash_event sim_flash_advance (struct sim_flash *f, int64_t now_ms);
/* When the next transition is due; -1 when none will come by itself. */
int64_t sim_flash_due (const struct sim_flash *f);
/* Verification is the first 10 percent, writing the rest. */
int sim_flash_percent (const struct sim_flash *f, int64_t now_ms);

#endif
