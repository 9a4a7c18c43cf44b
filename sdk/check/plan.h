/* plan: which cases there are for a plugin.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CHECK_PLAN_H
#define FARRIER_CHECK_PLAN_H

#include <jansson.h>
#include <stdbool.h>

#include "base/vec.h"
#include "check_conf.h"

/* All append names (heap) to *ret. */
void plan_static (struct vec *ret);
/* about: what static/ops told. */
void plan_plugin (const json_t *about, struct vec *ret);
/* The happy paths of all ops; replay: only of those that change nothing. */
void plan_happy (const json_t *about, const struct check_conf *conf, bool replay,
                 struct vec *ret);
/* All others of one op; details: what its happy path told. */
void plan_op (const json_t *about, const char *op, const json_t *details, struct vec *ret);

#endif
