/* record: reads all documents of a BMC and keeps them as a fixture, without what is secret.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CHECK_RECORD_H
#define FARRIER_CHECK_RECORD_H

#include <stdbool.h>

struct record_options {
    const char *url, *user, *password_file, *output;
    const char *ca;                    /* PEM file; NULL = the system's */
    bool insecure;                     /* any certificate */
};

/* The exit status; says on standard error what is wrong. */
int record_run (const struct record_options *o);

#endif
