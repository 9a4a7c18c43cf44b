/* child: a case in a process of its own: how it is started, and what it does there.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CHECK_CHILD_H
#define FARRIER_CHECK_CHILD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct child_options {
    const char *self;                  /* this program */
    const char *file;                  /* of the plugin */
    const char *conf, *personalities, *replay;   /* NULL: none */
    uint32_t call_limit_s;             /* of one call into the plugin */
    uint32_t case_limit_s;             /* of the whole case */
};

struct child_result {
    char *name;
    bool ok;
    char *message, *skipped, *rule;    /* NULL: none */
    json_t *details;
    int64_t took_ms;
};

/* Runs all names, a few at a time; done is called for each in the order of names. */
void child_run_all (const struct child_options *o, char *const *names, size_t count,
                    unsigned at_once, void (*done) (void *arg, struct child_result *r),
                    void *arg);
void child_result_clear (struct child_result *r);

/* In the child: runs the case, writes what came of it to descriptor 3, ends the process. */
void child_main (const struct child_options *o, const char *name) __attribute__ ((noreturn));

#endif
