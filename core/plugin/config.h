/* config: a plugin's file conf.d/plugins/NAME.conf, and the handle that the plugin reads it
 * through.
 *
 *   enabled = true;                   // false: the plugin is listed, not loaded
 *   required = false;                 // true: farrier does not start without it
 *   max_inflight = 0;                 // callbacks at once; 0 = what the plugin says
 *   serial = false;                   // true: one callback at a time in the whole plugin
 *   sha256 = [ "…" ];                 // only these builds may be loaded
 *   settings = { … };                 // the plugin's own parameters
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_CONFIG_H
#define FARRIER_PLUGIN_CONFIG_H

#include "base/arena.h"
#include "plugin/fault.h"

struct plugin_config {
    char *file;                        /* NULL when there is none: all defaults */
    bool enabled;
    bool required;
    bool serial;
    uint32_t max_inflight;
    char **sha256;
    size_t sha256_count;
    json_t *settings;                  /* as written; NULL when there are none */
    json_t *lines;                     /* parameter -> its line in file */
    json_t *values;                    /* checked, defaults filled in: what the plugin sees */
};

/* Reads dir/NAME.conf when it is there. Findings become faults; true when there are none. */
bool plugin_config_read (const char *dir, const char *name, struct plugin_config *ret,
                  struct fault_list *faults);
/* Checks settings against the plugin's parameters; fills in values. Each finding names file:line.
 * */
bool config_check (struct plugin_config *config, const struct farrier_table *params,
                   struct fault_list *faults);
void config_free (struct plugin_config *config);

/* The handle behind config_str() and config_i64(): its first member is the host table, as of every
 * handle of the ABI. */
struct farrier_config {
    const struct farrier_host *host;
    const json_t *values;
    struct arena *arena;               /* of the configure() it is given to; for config_json() */
};

#endif
