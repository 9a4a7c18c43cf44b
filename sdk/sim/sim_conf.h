/* sim_conf: the simulator's configuration files: typed keys into a struct, unknown keys refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_CONF_H
#define FARRIER_SIM_CONF_H

#include <libconfig.h>
#include <stddef.h>

#include "base/err.h"

enum sim_conf_type {
    SIM_CONF_STRING,  /* char *, heap; absent: "" */
    SIM_CONF_STRINGS, /* struct vec of heap strings */
    SIM_CONF_INT,
    SIM_CONF_INT64, /* int, long long; absent: unchanged */
    SIM_CONF_BOOL,  /* bool; absent: unchanged */
    SIM_CONF_DOUBLE,
    SIM_CONF_SELF /* known, but the caller reads it */
};

struct sim_conf_key {
    const char *name; /* NULL ends the table */
    enum sim_conf_type type;
    size_t offset;
};

struct sim_conf {
    config_t config;
    const char *path;
};

int32_t sim_conf_open (struct sim_conf *conf, const char *path, struct err *err);
void sim_conf_close (struct sim_conf *conf);
int32_t sim_conf_fail (struct sim_conf *conf, config_setting_t *at, struct err *err,
                       const char *fmt, ...) __attribute__ ((format (printf, 4, 5)));
/* Reads the table's keys of a group into the struct at target. */
int32_t sim_conf_read (struct sim_conf *conf, config_setting_t *group,
                       const struct sim_conf_key *keys, void *target, struct err *err);
/* Calls fn for each group of the list called name; an absent list is empty. */
int32_t sim_conf_each (struct sim_conf *conf, config_setting_t *group, const char *name,
                       int32_t (*fn) (struct sim_conf *, config_setting_t *, void *, struct err *),
                       void *arg, struct err *err);
/* Frees what sim_conf_read() put into the struct at target. */
void sim_conf_release (const struct sim_conf_key *keys, void *target);

#endif
