/* private: what the files of this folder share: the plugin and the registry themselves.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_PRIVATE_H
#define FARRIER_PLUGIN_PRIVATE_H

#include <pthread.h>

#include "plugin/config.h"
#include "plugin/elf_note.h"
#include "plugin/fault.h"
#include "plugin/plugin.h"
#include "plugin/validate.h"

struct plugin {
    struct plugin_info info;           /* strings point into the members below */
    char *name;
    char *file;
    char sha256[65];
    struct elf_note note;
    struct plugin_config config;
    struct fault_list faults;
    struct farrier_plugin def;         /* copied in */
    struct plugin_op *ops;
    size_t op_count;
    void *self;
    bool loaded;                       /* load() succeeded (or there is none) */
    bool active;
    const struct farrier_host *host;
    /* turns */
    pthread_mutex_t serial;            /* SERIAL_PLUGIN */
    pthread_mutex_t turn_lock;
    pthread_cond_t turn_free;
    uint32_t inflight;
};

struct plugin_registry {
    struct plugin **items;             /* sorted by name */
    size_t count;
    struct plugin_settings settings;   /* strings owned */
    bool marks;
    bool active;
};

/* load.c: one file, from finding to configure(). The plugin's state and faults say how it went. */
struct plugin *plugin_load_file (const char *file, const struct plugin_settings *settings);
/* A plugin that is configured, but has no file. */
struct plugin *plugin_absent (const char *name, const struct plugin_settings *settings);
/* Up to and with the struct: used by plugin_check_file() too. True without faults. */
bool plugin_examine (struct plugin *p, const struct plugin_settings *settings, bool run_code);
struct plugin *plugin_new (const char *file);
void plugin_sync_info (struct plugin *p);
bool plugin_configure (struct plugin *p, const json_t *values, struct fault_list *faults);
void plugin_answer_fault (struct fault_list *faults, enum plugin_fault_code code,
                          const char *what, int32_t rc, const struct farrier_error *error);
void plugin_unload (struct plugin *p);
void plugin_free (struct plugin *p);

/* call.c: around every call of vendor code. */
void plugin_enter (struct plugin *p, const char *op, const char *what);
void plugin_leave (void);

#endif
