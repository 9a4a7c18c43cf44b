/* sim_timer: one-shot timers on the loop that free themselves.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_timer.h"

#include "base/mem.h"

struct sim_timer {
    uv_timer_t uv;
    struct sim_timer **slot;
    void (*fn) (void *arg);
    void *arg;
};

static void
on_closed (uv_handle_t *handle)
{
    mem_free (handle->data);
}

static void
on_due (uv_timer_t *uv)
{
    struct sim_timer *timer = uv->data;
    void (*fn) (void *arg) = timer->fn;
    void *arg = timer->arg;

    sim_timer_stop (timer->slot);
    fn (arg);
}

void
sim_timer_start (uv_loop_t *loop, struct sim_timer **slot, int64_t ms, void (*fn) (void *arg),
                 void *arg)
{
    sim_timer_stop (slot);

    struct sim_timer *timer = mem_alloc (sizeof *timer);
    timer->slot = slot;
    timer->fn = fn;
    timer->arg = arg;
    timer->uv.data = timer;
    uv_timer_init (loop, &timer->uv);
    uv_timer_start (&timer->uv, on_due, ms < 0 ? 0 : (uint64_t) ms, 0);
    *slot = timer;
}

void
sim_timer_stop (struct sim_timer **slot)
{
    struct sim_timer *timer = *slot;

    if (timer == NULL)
        return;
    *slot = NULL;
    uv_timer_stop (&timer->uv);
    uv_close ((uv_handle_t *) &timer->uv, on_closed);
}
