/* private: what the files of this folder share: the plugin and the registry themselves.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_PRIVATE_H
#define FARRIER_PLUGIN_PRIVATE_H

#include <pthread.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "plugin/config.h"
#include "plugin/elf_dyn.h"
#include "plugin/elf_note.h"
#include "plugin/fault.h"
#include "plugin/find.h"
#include "plugin/plugin.h"
#include "plugin/validate.h"

/* Which of several of one name counts: the smallest. */
enum plugin_rank {
    PLUGIN_RANK_FIRST = 0,
    PLUGIN_RANK_REFUSED = 1,           /* a new build that a reload refused */
    PLUGIN_RANK_DUPLICATE = 2
};

struct exec_plugin;

struct plugin {
    struct plugin_info info;           /* strings point into the members below */
    char *name;
    char *file;
    char sha256[65];
    struct stat seen;                  /* of the file, when it was read; st_nlink 0 = never */
    char description_sha256[65];       /* of an executable plugin: file is its description */
    struct exec_plugin *exec;          /* NULL = another kind */
    const struct plugin_built_in *built_in;    /* NULL = another kind */
    struct elf_note note;
    bool noted;                        /* the note is whole */
    struct plugin_config config;
    struct fault_list faults;
    struct farrier_plugin def;         /* copied in */
    struct plugin_op *ops;
    size_t op_count;
    void *self;
    bool loaded;                       /* load() succeeded (or there is none) */
    bool active;
    enum plugin_rank rank;
    const struct farrier_host *host;
    /* turns */
    pthread_mutex_t serial;            /* SERIAL_PLUGIN */
    pthread_mutex_t turn_lock;
    pthread_cond_t turn_free;
    uint32_t inflight;                 /* callbacks that count for max_inflight */
    uint32_t callers;                  /* threads inside of it */
    bool configuring;                  /* nobody may enter */
};

/* What the registry offers at one time. It never changes: a reload makes another one. Former ones
 * live as long as the registry, for threads that still look at them. */
struct plugin_set {
    struct plugin_set *former;
    struct fault_list faults;          /* of the directories */
    size_t count;
    struct plugin *items[];            /* sorted by name, then rank */
};

struct plugin_registry {
    struct plugin_set *set;            /* atomic */
    struct vec all;                    /* every plugin of every set, as they were loaded */
    pthread_mutex_t changing;          /* one reload at a time */
    struct plugin_settings settings;   /* strings owned */
    bool marks;
    bool active;
};

/* registry.c */
void registry_publish (struct plugin_registry *r, const struct vec *plugins,
                       struct fault_list *faults);
void registry_keep (struct plugin_registry *r, struct plugin *p);
struct plugin *registry_duplicate (struct plugin_registry *r, const struct found *found);
bool registry_lists (const struct vec *plugins, const char *name);
/* Files in conf.d/plugins whose plugin is not among these. */
int32_t registry_add_absent (struct plugin_registry *r, struct vec *plugins, struct err *err);
void registry_log (const char *plugin, const struct fault_list *faults);
bool plugin_activate (struct plugin *p);

/* Beside enum plugin_check_flag. */
enum plugin_load_flag {
    PLUGIN_LOAD_IN_PLACE = 256         /* map the file itself, not a private copy */
};

/* link.c: the struct that its entry point returns; NULL with faults. */
const struct farrier_plugin *link_open (struct plugin *p, const struct buf *bytes,
                                        const struct elf_dyn *dyn, bool in_place);

/* load.c: one file, from finding to configure(). The plugin's state and faults say how it went. */
struct plugin *plugin_load_file (const char *file, const struct plugin_settings *settings,
                                 unsigned flags);
/* A plugin that is configured, but has no file. */
struct plugin *plugin_absent (const char *name, const struct plugin_settings *settings);
/* Up to and with the struct (flags: enum plugin_check_flag, enum plugin_load_flag); used by
 * plugin_check() too. True without faults. */
bool plugin_examine (struct plugin *p, const struct plugin_settings *settings, unsigned flags);
struct plugin *plugin_new (const char *file);
void plugin_take_over (struct plugin *p, struct validated *v);
/* Its settings, load(), configure(); registered when all are good. */
bool plugin_start (struct plugin *p, const struct plugin_settings *settings);
void plugin_sync_info (struct plugin *p);
bool plugin_configure (struct plugin *p, const json_t *values, struct fault_list *faults);
void plugin_answer_fault (struct fault_list *faults, enum plugin_fault_code code,
                          const char *what, int32_t rc, const struct farrier_error *error);
void plugin_unload (struct plugin *p);
void plugin_free (struct plugin *p);

/* In the place of the folder of a built-in plugin's file. */
#define PLUGIN_BUILT_IN_FOLDER "built-in/"

/* exec_load.c: plugins that are executables; file is the description. */
struct plugin *exec_load (const char *file, const struct plugin_settings *settings);
/* judge: owner and mode as well. */
bool exec_examine (struct plugin *p, bool judge);
bool exec_same_bytes (const struct plugin *p);
/* Of an executable, or of its description, the description; heap. NULL: file is neither. */
char *exec_description_of (const char *file);

/* call.c: around every call of vendor code. */
void plugin_enter (struct plugin *p, const char *op, const char *what);
void plugin_leave (void);
/* Waits until no thread is inside, and keeps others out until plugin_resume(); false when somebody
 * still is after timeout_ms (nobody is kept out then). */
bool plugin_quiesce (struct plugin *p, int64_t timeout_ms);
void plugin_resume (struct plugin *p);

#endif
