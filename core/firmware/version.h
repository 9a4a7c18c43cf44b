/* version: the general order of firmware versions; "different" is not "older".
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FIRMWARE_VERSION_H
#define FARRIER_FIRMWARE_VERSION_H

#include <stdbool.h>
#include <stdint.h>

#include "farrier/types.h"

/* The general order, for components whose plugin has no comparer of its own. A text is read as
 * words:
 *
 *  1. NULL, "", "-…", "N/A", "None", "Unknown", "Not Present" are no version: incomparable with
 *     everything, with each other too. Blanks, one leading v, and the words "ver", "version", "rev"
 *     do not count.
 *  2. The first word that holds a "." (else the first that begins with a digit, else the only one)
 *     is the version proper. Words before it are a family ("U46 v2.78"), words after it a
 *     qualifier: where they differ, the order is not known. Dates (10/05/2024, 2024-10-05,
 *     Oct 05 2024, in brackets too) belong to neither: they decide between equal versions, when
 *     both sides have one. "CDI3A8E-3.20" is version 3.20 of a build that must be the same to be
 *     equal.
 *  3. The version proper is cut at . - _ + ~ : and at each change between digits and letters.
 *     Numeric runs compare as numbers of any length (6.10 > 6.9, 01.04.21 = 1.4.21), letters
 *     without case and alphabetically (3.7 < 3.7a < 3.7b, A00 < A01). The words alpha, beta, dev,
 *     pre and rc are below their absence (1.2-rc1 < 1.2); other letters after a separator, against
 *     nothing, and letters against a number, are not known (1.2-x ? 1.2, 1.2a ? 1.2.1).
 *     A missing part is not zero: 1.2 ? 1.2.0, but 1.2 < 1.2.1.
 *  4. A whole version that is a date (20240131, 2024-01-31, 01/31/2024) compares with dates only.
 *  5. Hexadecimal: both begin with 0x, or both consist of two-digit upper-case hexadecimal parts
 *     (00.2A.2B) and one has a letter. 0x against anything else is not known.
 *
 * Antisymmetric. LESS is transitive wherever the outer two are comparable; EQUAL too, except that a
 * date on one side only is overlooked. */
enum version_order {
    VERSION_LESS = -1,
    VERSION_EQUAL = 0,
    VERSION_GREATER = 1,
    VERSION_INCOMPARABLE = 2,
};

enum version_order version_compare (const char *a, const char *b);
/* "less" "equal" "greater" "incomparable" */
const char *version_order_name (enum version_order order);

/* False for NULL, "", "-…", "N/A", "Not Present", "Unknown". */
bool version_present (const char *version);

/* The same version, told in another way ("v2.78" and "2.78"): exact text after trimming, or EQUAL
 * by the general order. What a verification asks when a plugin has no comparer. */
bool version_same (const char *a, const char *b);

/* A plugin's comparer, injected. Returns true and the order when it knows this kind of component;
 * false = "not mine", and the general order decides. Pure; any thread. */
struct version_comparer {
    bool (*compare) (void *ctx, enum farrier_component_type type, const char *a, const char *b,
                     enum version_order *ret);
    void *ctx;
};

/* comparer may be NULL, or its compare. */
enum version_order version_compare_with (const struct version_comparer *comparer,
                                         enum farrier_component_type type, const char *a,
                                             const char *b);

#endif
