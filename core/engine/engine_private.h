/* engine_private: the engine's insides, for the files of this folder.
 *
 * One job is worked on by one worker at a time. Whatever happens to it (an answer, a timer, a
 * person's wish) is a letter in its box; a worker takes the letters one by one. So nothing of a job
 * needs a lock but its box.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_PRIVATE_H
#define FARRIER_ENGINE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "base/map.h"
#include "base/queue.h"
#include "engine/engine.h"
#include "plugin/plugin.h"
#include "store/store.h"
#include "workflow/next.h"
#include "workflow/workflow.h"

struct answer;
struct flight;
struct timers;
struct reach;
struct wish;

enum letter_kind {
    LETTER_RUN,                        /* begin, or go on after a restart */
    LETTER_ANSWER,                     /* the open await has ended: answer */
    LETTER_GATE,                       /* the change would leave now: number is the net handle */
    LETTER_GUARDED,                    /* the guards were read: answer holds the documents */
    LETTER_DUE,                        /* the job's own timer: retry, recheck, wait */
    LETTER_DEADLINE,                   /* the step has run out of time */
    LETTER_FLUSH,                      /* what is held in memory becomes visible */
    LETTER_STORED,                     /* the end of a job that only read: number is the code */
    LETTER_CANCEL,
    LETTER_RESOLVE,                    /* a person's answer: number is the enum job_resolution */
    LETTER_APPROVE,                    /* a person's yes: text is who */
    LETTER_RETRY
};

struct letter {
    struct list link;
    enum letter_kind kind;
    char *attempt_id;                  /* of which attempt; NULL = of the job */
    int64_t seq;                       /* of which await */
    int64_t number;
    char *text;
    struct answer *answer;
    struct wish *wish;                 /* whoever sent it waits until it is stored; NULL */
};

/* One open job in memory: small, since thousands of them wait. */
struct job {
    struct engine *engine;
    char *id, *host_id, *host_name;
    struct workflow *workflow;         /* NULL until the first turn */
    struct list waiting;               /* in engine->waiting_room; guarded too */
    struct list box;                   /* of letters; guarded by engine->lock */
    bool scheduled;                    /* in the ready queue or on a worker; guarded too */
    bool ended;                        /* done or gone; the last worker frees it */
    bool counted;                      /* it takes one of max_jobs */
    bool told_held;                    /* that another job holds the host; its worker only */
    atomic_bool cancelled;
    struct flight *flight;             /* the await under way; its job's worker only */
    struct turn *held;                 /* a turn that goes on with the next letter; the same */
    int64_t generation;                /* of the store's row */
    uint32_t waiters;                  /* threads in engine_wait; guarded */
};

struct engine {
    struct engine_options o;
    struct timers *timers;
    struct queue *ready;               /* of struct job */
    pthread_t *workers;
    uint32_t worker_count;

    pthread_mutex_t lock;
    pthread_cond_t changed;            /* a job ended or parked */
    struct map *jobs;                  /* id -> struct job */
    struct list waiting_room;          /* jobs that wait for max_jobs, oldest first */
    uint32_t in_flight;
    bool stopping;                     /* guarded: no letter is taken any more */
    atomic_bool halted;                /* callbacks under way end early, their turns are dropped */
    struct map *workflows;             /* digest -> struct workflow */
    struct map *reaches;               /* "host-id endpoint-kind" -> struct reach */
    struct map *pins;                  /* the same key -> struct pin; net refers to it */
    engine_event_fn *on_event;
    void *on_event_arg;
};

/* The text is copied; answer is taken over. Any thread; never blocks. */
void engine_post (struct engine *engine, const char *job_id, enum letter_kind kind,
                  const char *attempt_id, int64_t seq, int64_t number, const char *text,
                  struct answer *answer);
/* The same for what a person wishes; wish (its letter's part of it) is taken over. */
void engine_post_wish (struct engine *engine, const char *job_id, enum letter_kind kind,
                       int64_t number, const char *text, struct wish *wish);
void letter_free (struct letter *letter);

/* A job ends or parks: room for another one. Its worker only. */
void engine_job_ended (struct engine *engine, struct job *job);
void engine_job_rests (struct engine *engine, struct job *job);
/* A person lets a parked job go on: at once, and it counts again. */
void engine_job_resumes (struct engine *engine, struct job *job);
/* A stored open job comes into memory and runs when there is room. host_name NULL: it is looked
 * up. */
void engine_adopt_job (struct engine *engine, const char *id, const char *host_id,
                       const char *host_name);
bool engine_knows_job (struct engine *engine, const char *job_id);
/* How many more jobs would begin at once. */
size_t engine_room (struct engine *engine);

/* The workflow that a job began with, by the digest of its text. New reference. */
int32_t engine_workflow (struct engine *engine, const char *digest, struct workflow **ret,
                         struct err *err);

/* job.c */
struct job *job_new (struct engine *engine, const char *id, const char *host_id,
                     const char *host_name);
void job_free (struct job *job);
/* One turn: what this letter means for the job. 0, or the negative code of a commit that failed:
 * nothing has changed then, and the same letter is delivered again later. */
int32_t job_handle (struct job *job, struct letter *letter);

#endif
