/* case: one case, run in the process that was started for it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CHECK_CASE_H
#define FARRIER_CHECK_CASE_H

#include <jansson.h>

#include "scene.h"

/* What every case gets. */
struct case_input {
    const char *file;                  /* of the plugin */
    void *object;                      /* of dlopen() */
    struct scene_set set;
    const char *name;                  /* "firmware.install/crash-3-maybe" */
    char *op;                          /* before the slash; "plugin" for the plugin as a whole */
    const char *what;                  /* behind it */
};

/* What a case says; the parent reads it as JSON. Without a message it passed. */
struct case_output {
    char *message, *skipped, *rule;
    json_t *details;                   /* object: what the parent plans by */
};

/* Each runs and fills in *ret, or does not come back (rules_fail). */
void case_op (const struct case_input *in, struct case_output *ret);
void case_plugin (const struct case_input *in, struct case_output *ret);
/* Judges the file and its struct, without any rule in force. */
void case_static (const struct case_input *in, struct case_output *ret);

void case_fail (struct case_output *out, const char *rule, const char *fmt, ...)
    __attribute__ ((format (printf, 3, 4)));

#endif
