/* wish: see wish.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/wish.h"

#include <errno.h>
#include <time.h>

#include "base/mem.h"
#include "engine/engine_private.h"

#define WAIT_S 10

struct wish {
    struct engine *engine;
    bool stored, over;                 /* guarded by the engine's lock, as all of it */
    uint32_t refs;
};

struct wish *
wish_new (struct engine *engine)
{
    struct wish *w = mem_alloc (sizeof *w);
    w->engine = engine;
    w->refs = 2;
    return w;
}

/* The lock is held, and given back. */
static void
let_go (struct wish *w)
{
    struct engine *engine = w->engine;
    bool last = --w->refs == 0;
    pthread_mutex_unlock (&engine->lock);
    if (last)
        mem_free (w);
}

void
wish_stored (struct wish *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock (&w->engine->lock);
    w->stored = true;
    pthread_cond_broadcast (&w->engine->changed);
    pthread_mutex_unlock (&w->engine->lock);
}

void
wish_end (struct wish *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock (&w->engine->lock);
    w->over = true;
    pthread_cond_broadcast (&w->engine->changed);
    let_go (w);
}

int32_t
wish_wait (struct wish *w, const char *job_id, struct err *err)
{
    struct timespec until;
    int late = 0;
    clock_gettime (CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock (&w->engine->lock);
    while (!w->stored && !w->over && late != ETIMEDOUT)
        late = pthread_cond_timedwait (&w->engine->changed, &w->engine->lock, &until);
    bool stored = w->stored, over = w->over;
    let_go (w);
    if (stored)
        return 0;
    int32_t rc = over ? err_set (err, ERR_CONFLICT,
                                 "job %s has gone on meanwhile: nothing was changed", job_id)
                      : err_set (err, FARRIER_E_TIMEOUT, "job %s: the answer is not stored yet, "
                                 "%d s after it was given; it is tried again", job_id, WAIT_S);
    err_hint (err, "farrier why %s", job_id);
    return rc;
}
