/* selector: which hosts are meant: "rack=r12,vendor!=dell", "n[001-040,050]", "web*", "@group",
 * "all".
 *
 * Terms are separated by commas. Names, globs, ranges and @groups are alternatives; conditions on
 * labels must all hold; !NAME takes away. A condition's key is a label, or a fact of the inventory
 * (vendor, model) where no label has that name; its value may be a glob and may have alternatives
 * ("rack=r1*|r20"). "key=" holds where there is none, "key!=" where there is one. "@web" is
 * "group=web". "name=GLOB" looks at the name. Digits in
 * brackets are always a range: n[02] is n02.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FLEET_SELECTOR_H
#define FARRIER_FLEET_SELECTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "store/store.h"

#define SELECTOR_RANGE_MAX 100000      /* names that one range may stand for */
#define SELECTOR_RANGES_MAX 16         /* brackets in one name */

struct selector;                       /* immutable: any thread */

/* ERR_USAGE with the column. Whitespace around terms is ignored. */
int32_t selector_parse (const char *text, struct selector **ret, struct err *err);
void selector_free (struct selector *s);
const char *selector_text (const struct selector *s);
/* True when nothing restricts it: "all", "*" or "name=*" without a further term. */
bool selector_is_all (const struct selector *s);
bool selector_match (const struct selector *s, const struct store_host *host);
/* Plain pieces of it, for pure code and tests. labels and facts may be NULL. */
bool selector_match_values (const struct selector *s, const char *name, const json_t *labels,
                            const json_t *facts);

enum selector_flag {
    SELECTOR_ALLOW_ALL = 1,            /* the caller was told --all */
    SELECTOR_ALLOW_EMPTY = 2,          /* no host is an answer, not an error */
    SELECTOR_SKIP_EXCLUDED = 4         /* leave excluded hosts out */
};

/* The hosts, by name. text NULL or "" is ERR_USAGE (or all hosts, with ALLOW_ALL). ERR_USAGE for
 * `all` without ALLOW_ALL, ERR_NOT_FOUND for an empty result and for a plain name that does not
 * exist ("did you mean"). *ret: one array, free with store_host_free_all. */
int32_t selector_resolve (struct store *store, const char *text, unsigned flags,
                          struct store_host **ret, size_t *ret_count, struct err *err);

/* "n[001-003,7]x" -> n001x n002x n003x n7x; a text without brackets is itself. Heap strings are
 * appended to *ret. Column of the mistake in err. */
struct vec;
int32_t selector_expand (const char *text, struct vec *ret, struct err *err);

#endif
