/* sim_flash: the life of one update as a pure state machine over milliseconds.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_flash.h"

#define VERIFY_PERCENT 10

void
sim_flash_begin (struct sim_flash *f, int64_t now_ms)
{
    f->state = SIM_FLASH_VERIFY;
    f->since_ms = now_ms;
}

bool
sim_flash_go (struct sim_flash *f, int64_t now_ms)
{
    if (f->state != SIM_FLASH_STAGED)
        return false;
    f->state = SIM_FLASH_WRITING;
    f->since_ms = now_ms;
    return true;
}

int64_t
sim_flash_due (const struct sim_flash *f)
{
    switch (f->state) {
    case SIM_FLASH_VERIFY: return f->since_ms + f->verify_ms;
    case SIM_FLASH_WRITING:
        if (f->fail_percent >= 0)
            return f->since_ms + f->write_ms * f->fail_percent / 100;
        return f->since_ms + f->write_ms;
    case SIM_FLASH_STAGED:
    case SIM_FLASH_WRITTEN:
    case SIM_FLASH_FAILED: break;
    }
    return -1;
}

static enum sim_flash_event
verified (struct sim_flash *f, int64_t due_ms)
{
    if (!f->image_ok) {
        f->state = SIM_FLASH_FAILED;
        return SIM_FLASH_REFUSED;
    }
    f->since_ms = due_ms;
    if (f->waits) {
        f->state = SIM_FLASH_STAGED;
        return SIM_FLASH_NOW_STAGED;
    }
    f->state = SIM_FLASH_WRITING;
    return SIM_FLASH_STARTED;
}

enum sim_flash_event
sim_flash_advance (struct sim_flash *f, int64_t now_ms)
{
    int64_t due_ms = sim_flash_due (f);

    if (due_ms < 0 || now_ms < due_ms)
        return SIM_FLASH_NOTHING;
    if (f->state == SIM_FLASH_VERIFY)
        return verified (f, due_ms);
    f->state = f->fail_percent >= 0 ? SIM_FLASH_FAILED : SIM_FLASH_WRITTEN;
    return f->fail_percent >= 0 ? SIM_FLASH_BROKE : SIM_FLASH_DONE;
}

int
sim_flash_percent (const struct sim_flash *f, int64_t now_ms)
{
    int64_t elapsed = now_ms - f->since_ms;

    switch (f->state) {
    case SIM_FLASH_VERIFY:
        if (f->verify_ms <= 0 || elapsed >= f->verify_ms)
            return VERIFY_PERCENT - 1;
        return (int) (elapsed * VERIFY_PERCENT / f->verify_ms);
    case SIM_FLASH_STAGED: return VERIFY_PERCENT;
    case SIM_FLASH_WRITING:
        if (f->write_ms <= 0 || elapsed >= f->write_ms)
            return 99;
        return VERIFY_PERCENT + (int) (elapsed * (100 - VERIFY_PERCENT) / f->write_ms);
    case SIM_FLASH_FAILED: return f->fail_percent >= 0 ? f->fail_percent : VERIFY_PERCENT;
    case SIM_FLASH_WRITTEN: break;
    }
    return 100;
}
