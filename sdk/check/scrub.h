/* scrub: takes out of a recorded BMC what tells whose it is: secrets become "", identities become
 * made-up ones, the same for the same everywhere.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CHECK_SCRUB_H
#define FARRIER_CHECK_SCRUB_H

#include <jansson.h>
#include <stddef.h>

struct scrub;

struct scrub *scrub_new (void);
void scrub_free (struct scrub *s);
/* Remembers the identities that a document tells. All documents are learned before any is
 * changed: a serial number may stand in the address of another one. */
void scrub_learn (struct scrub *s, const json_t *doc);
/* A value that is known from elsewhere (the BMC's address, the user's name). */
void scrub_learn_value (struct scrub *s, const char *kind, const char *value);
/* A new document without them. */
json_t *scrub_document (struct scrub *s, const json_t *doc);
/* A text (a path) without them; heap. */
char *scrub_text (struct scrub *s, const char *text);
size_t scrub_count (const struct scrub *s);

#endif
