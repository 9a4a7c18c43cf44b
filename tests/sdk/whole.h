/* whole: see whole.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_TESTS_WHOLE_H
#define FARRIER_TESTS_WHOLE_H

#include "farrier/sdk.h"

extern const struct farrier_plugin whole_plugin;

#endif
