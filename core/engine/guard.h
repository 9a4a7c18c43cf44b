/* guard: what must be true on the BMC just before a change leaves: it is still the same host, the
 * component still runs the version that the plan saw, and what the plugin asked for.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_GUARD_H
#define FARRIER_ENGINE_GUARD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/vec.h"

enum guard_kind { GUARD_IDENTITY, GUARD_VERSION, GUARD_PLUGIN };

struct guard {
    enum guard_kind kind;
    char *uri, *pointer;
    char *expected;                    /* newline-separated alternatives */
    char *what;                        /* "serial", "version of BIOS", … */
    int32_t code;
};

/* Appends struct guard *. identity: the host's record. */
void guard_add_identity (struct vec *guards, const json_t *identity);
void guard_add (struct vec *guards, enum guard_kind kind, const char *uri, const char *pointer,
                const char *expected, const char *what, int32_t code);
void guard_add_spec (struct vec *guards, const json_t *spec);     /* the plugin's own */
void guard_free (void *guard);         /* for vec_free_with */
/* Each uri once; borrowed from the guards. Returns how many; ret has room for guards->count. */
size_t guard_paths (const struct vec *guards, const char **ret);

/* documents: struct step_document *. 0 when all agree; else the code of the first that does not,
 * with both values in err, and *ret_guard set to it (UNREACHABLE and the like when a document could
 * not be read: *ret_guard is NULL then). Pure. */
int32_t guard_judge (const struct vec *guards, const struct vec *documents,
                     const struct guard **ret_guard, struct err *err);

#endif
