/* params: the pieces of plugin_params_check() that validation and configuration need too.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_PARAMS_H
#define FARRIER_PLUGIN_PARAMS_H

#include "plugin/plugin.h"

/* One value in the form that the plugin sees (a new reference), or NULL with err. */
json_t *params_convert (const struct farrier_param *param, const json_t *value, struct err *err);
/* The default as a JSON value as a file would hold it; NULL when there is none. */
json_t *params_default (const struct farrier_param *param, struct err *err);
const char *params_type_name (uint32_t type);
bool params_name_valid (const char *name, size_t max_len);           /* [a-z][a-z0-9_]* */
/* What is SECRET among the values is taken out of every line of the log from now on. It stays so:
 * a secret that was replaced may still be somebody's. */
void params_hide_secrets (const struct farrier_table *params, const json_t *values);
/* Copies entry i of a table, at most size bytes, the rest zero. */
bool params_table_copy (const struct farrier_table *table, size_t i, void *ret, size_t size);

#endif
