/* sim_timer: one-shot timers that free themselves: on the loop, or by hand on a virtual clock.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_timer.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"

struct sim_timer {
    uv_timer_t uv;
    struct list link; /* on a virtual clock: in waiting */
    bool by_hand;
    int64_t due_ms;
    struct sim_timer **slot;
    void (*fn) (void *arg);
    void *arg;
};

static struct list waiting = LIST_INIT (waiting); /* soonest first */

static void
on_closed (uv_handle_t *handle)
{
    mem_free (handle->data);
}

static void
fire (struct sim_timer *timer)
{
    void (*fn) (void *arg) = timer->fn;
    void *arg = timer->arg;

    sim_timer_stop (timer->slot);
    fn (arg);
}

static void
on_due (uv_timer_t *uv)
{
    fire (uv->data);
}

/* Behind those that are due at the same time. */
static void
insert (struct sim_timer *timer)
{
    struct list *at = waiting.prev;

    while (at != &waiting && list_entry (at, struct sim_timer, link)->due_ms > timer->due_ms)
        at = at->prev;
    list_add_head (at, &timer->link);
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
    *slot = timer;
    timer->by_hand = clock_is_virtual ();
    if (timer->by_hand) {
        timer->due_ms = clock_boot_ms () + (ms < 0 ? 0 : ms);
        insert (timer);
        return;
    }
    timer->uv.data = timer;
    uv_timer_init (loop, &timer->uv);
    uv_timer_start (&timer->uv, on_due, ms < 0 ? 0 : (uint64_t) ms, 0);
}

void
sim_timer_stop (struct sim_timer **slot)
{
    struct sim_timer *timer = *slot;

    if (timer == NULL)
        return;
    *slot = NULL;
    if (timer->by_hand) {
        list_remove (&timer->link);
        mem_free (timer);
        return;
    }
    uv_timer_stop (&timer->uv);
    uv_close ((uv_handle_t *) &timer->uv, on_closed);
}

void
sim_timer_advance (int64_t ms)
{
    int64_t end_ms = clock_boot_ms () + ms;

    while (!list_empty (&waiting)) {
        struct sim_timer *first = list_entry (waiting.next, struct sim_timer, link);
        if (first->due_ms > end_ms)
            break;
        if (first->due_ms > clock_boot_ms ())
            clock_virtual_advance (first->due_ms - clock_boot_ms ());
        fire (first);
    }
    if (end_ms > clock_boot_ms ())
        clock_virtual_advance (end_ms - clock_boot_ms ());
}
