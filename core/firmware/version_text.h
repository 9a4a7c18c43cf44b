/* version_text: a version as a BMC shows it, cut into family, version, build, qualifier, date.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FIRMWARE_VERSION_TEXT_H
#define FARRIER_FIRMWARE_VERSION_TEXT_H

#include <stdbool.h>

/* Rules 2 and 4 of version.h. Strings on the heap; NULL where there is none. */
struct version_text {
    char *family;                  /* words before the version: "U46" */
    char *proper;                  /* NULL when the whole is a date */
    char *build;                   /* "CDI3A8E" of "CDI3A8E-3.20" */
    char *qualifier;               /* words after the version */
    int date;                      /* yyyymmdd; 0 = none */
    bool opaque;                   /* no word looks like a version: proper is the whole text */
};

void version_text_parse (const char *text, struct version_text *ret);
void version_text_clear (struct version_text *t);

#endif
