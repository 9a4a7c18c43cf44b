/* scene: one run of one op: a fresh fake core, a fresh simulated BMC, the component and the image
 * that the op is about, what earlier ops of the job left, and something that goes wrong.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CHECK_SCENE_H
#define FARRIER_CHECK_SCENE_H

#include "bench.h"
#include "check_conf.h"
#include "fault.h"
#include "sim_lone.h"

/* What all scenes of a process share. */
struct scene_set {
    const struct farrier_plugin *plugin;
    const struct check_conf *conf;
    const char *personalities;         /* folder */
    const char *about;                 /* the case's op, "power.set@off" */
    const char *replay;                /* folder of a recorded BMC instead of a simulator; NULL */
    char *image;                       /* bytes, made once */
    size_t image_len;
    char image_sha256[65];
};

struct scene {
    const struct scene_set *set;
    struct farrier_test *test;
    struct sim_lone sim;
    bool simulated;
    struct fault fault;
    bool armed;                        /* requests are those of the op itself */
    json_t *requests;                  /* "METHOD path" of those */
    uint64_t memory_fails_at;          /* the op's n-th allocation; 0 = none */
    struct sim_counters before;        /* when the op began */
};

/* What a run came to. */
struct scene_result {
    int32_t rc;
    char message[FARRIER_MESSAGE_MAX];
    uint32_t awaits;
    json_t *trail, *requests;          /* the caller's */
    uint64_t changes, flashes, completed, duplicates;
    uint64_t memory;                   /* allocations that the op asked for */
};

/* Makes the image. False with *ret_why. */
bool scene_set_begin (struct scene_set *set, char **ret_why);
void scene_set_end (struct scene_set *set);

void scene_open (struct scene *s, const struct scene_set *set);
void scene_close (struct scene *s);
/* Runs what must come before the op. NULL, or why it could not (heap). */
char *scene_prepare (struct scene *s);
void scene_run (struct scene *s, struct scene_result *ret);
/* The op's own name, without the variant; heap. */
char *scene_op_name (const char *about);
void scene_result_free (struct scene_result *r);

#endif
