/* built_in_none: the table of plugins that are linked into this program: none. A program of a
 * monolithic build links plugins/built_in.c, whose table then takes the place of this one.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/plugin.h"

const struct plugin_built_in plugin_built_ins[] = { { NULL, NULL } };
