/* exec: executables as plugins: for sites that write no C. A description in libconfig stands beside
 * the executable and says what the struct of a shared object says; each callback is one run of the
 * executable, with a JSON request on its standard input and a JSON reply on its standard output.
 * farrier-exec-plugin(7) is the protocol.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_EXEC_H
#define FARRIER_PLUGIN_EXEC_H

#include <jansson.h>
#include <pthread.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "plugin/exec_reply.h"
#include "plugin/plugin.h"

#define EXEC_PROTOCOL 1
#define EXEC_DESCRIPTION_MAX (1u << 20)
/* Descriptors on which a run may get secrets. */
#define EXEC_FD_MIN 3
#define EXEC_FD_MAX 9
#define EXEC_SECRETS_MAX (EXEC_FD_MAX - EXEC_FD_MIN + 1)

struct exec_secret {
    const char *endpoint;
    const char *what;                  /* "user" or "password" */
    int fd;
    const char *file;                  /* environment variable with a path; NULL = none */
};

/* What the core's struct farrier_op does not say; the same order. */
struct exec_op {
    unsigned callbacks;                /* 1 << enum plugin_callback: those that it implements */
    unsigned changes;                  /* those whose run itself may change something */
    bool image_file;                   /* a run gets the image as a file */
};

struct exec_plugin {
    struct arena *arena;               /* all strings and tables of this struct */
    const char *name;
    const char *executable;            /* as described, absolute */
    const char *program;               /* what is run: the private copy, where there is one */
    const char *dir;                   /* of the description */
    const char *grants;                /* what a run may get, for people */
    struct farrier_plugin def;         /* as a shared object would export it */
    struct farrier_op *ops;
    struct exec_op *extra;
    size_t op_count;
    const char **endpoints;            /* whose address a run is told; the host must have them */
    size_t endpoint_count;
    struct exec_secret secrets[EXEC_SECRETS_MAX];
    size_t secret_count;
    uint64_t max_memory_bytes, max_file_bytes, max_cpu_s;
    pthread_mutex_t lock;
    json_t *settings;                  /* what configure() brought; guarded by lock */
};

/* exec_describe.c: reads a description. Findings go to the conf; NULL when there are any. dir and
 * name: the file's folder, and its name without ".conf". */
struct exec_plugin *exec_describe (struct conf *c, const char *dir, const char *name);
/* exec_describe_op.c: what is in `ops`, `settings` and other tables. */
bool exec_describe_ops (struct exec_plugin *x, struct conf_at root);
struct farrier_table exec_describe_params (struct exec_plugin *x, struct conf_at at,
                                           const char *key, bool op);
void exec_free (struct exec_plugin *x);

/* exec_load.c: see private.h. */
#define EXEC_SUFFIX ".conf"

/* exec_run.c: the callbacks of every op; self is the struct exec_plugin. */
farrier_callback exec_start, exec_poll, exec_cancel, exec_reconcile;
int32_t exec_configure (void *self, const struct farrier_config *cfg, struct farrier_error *err);

/* exec_request.c */
struct exec_run {
    const struct exec_plugin *plugin;
    size_t op;                         /* index */
    enum plugin_callback which;
    const json_t *last;                /* reconcile, cancel: the run before it; NULL = none */
};
/* The request as text, and the environment as an array of [name, value]; false with err filled in
 * when the host lacks what the plugin needs. New references. */
int32_t exec_request (const struct exec_run *run, struct farrier_step *step, json_t **ret_request,
                      json_t **ret_env, struct farrier_error *err);

/* exec_await.c: registers what a reply wants to wait for. */
int32_t exec_await (struct farrier_step *step, const json_t *await, struct farrier_error *err);
/* exec_apply.c: state, results, emissions, outcome … of a reply that was checked. */
int32_t exec_apply (const struct exec_run *run, struct farrier_step *step, const json_t *reply,
                    struct farrier_error *err);

/* The names in the op's bag that are the bridge's own. */
#define EXEC_BAG_STATE ".state"        /* the executable's state, as JSON text */
#define EXEC_BAG_RUN ".run"            /* callback whose run is waited for; "" = another await */
#define EXEC_BAG_LAST ".last"          /* what reconcile and cancel tell of the run before them */

#endif
