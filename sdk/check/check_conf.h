/* check_conf: the file check.conf beside a plugin: what its ops need to be tried.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CHECK_CHECK_CONF_H
#define FARRIER_CHECK_CHECK_CONF_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/vec.h"

struct check_op {
    char *name;                        /* "power.set", or with a variant: "power.set@off" */
    char *personality;                 /* of the simulator; NULL = the file's */
    json_t *params;                    /* object; NULL = {} */
    char *component;                   /* of the simulator; NULL = the file's */
    struct vec prepare;                /* ops that the same job runs before, as strings */
    uint32_t needs;                    /* what the host needs beforehand, a set */
    char *skip;                        /* why it is not tried; NULL = it is */
    bool may_be_unsupported;           /* UNSUPPORTED is a good answer here */
};

struct check_answer {
    char *method, *path, *location, *body;
    int32_t status;
};

struct check_program {
    char *path, *output;
    int32_t exit_status;
};

struct check_conf {
    char *personality;                 /* of farrier-sim */
    char *component;                   /* of the personality: "bios" */
    char *version;                     /* of the image */
    json_t *settings;                  /* of the plugin; NULL = defaults */
    struct vec ops;                    /* struct check_op * */
    struct vec answers;                /* struct check_answer *: in front of the simulator */
    struct vec programs;               /* struct check_program * */
    struct vec files;                  /* that inspect() must recognise: paths, strings */
    char *fixture;                     /* documents in front of the simulator; NULL */
};

/* path NULL, or a file that is not there: the defaults. */
int32_t check_conf_read (const char *path, struct check_conf *ret, struct err *err);
void check_conf_free (struct check_conf *conf);
/* What a case is about, "power.set@off": NULL when the file does not speak of it. */
const struct check_op *check_conf_op (const struct check_conf *conf, const char *name);

/* For a case's op: the personality and the component. */
const char *check_conf_personality (const struct check_conf *conf, const char *name);
const char *check_conf_component (const struct check_conf *conf, const char *name);

#endif
