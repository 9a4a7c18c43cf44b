/* api: the single door. The command line, the page and the tests all enter here: a call has a name
 * ("host.add"), a request and a reply in JSON, or a problem.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_API_API_H
#define FARRIER_API_API_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/settings.h"
#include "store/store.h"

struct api;
struct engine;
struct plugin_registry;
struct repo;
struct seal_key;
struct serve;

enum api_mode {
    API_NO_STORE,                      /* configuration, plugins, repository: files only */
    API_READER,                        /* beside anybody: calls that change are refused */
    API_WRITER                         /* holds the store */
};

/* Makes the one-time URLs of `serve` reachable (core/web is above this folder). *ret_base_url is
 * heap: "http://127.0.0.1:8480". NULL in the options: BMCs that pull are not served. */
struct api_images {
    int32_t (*start) (void *arg, const struct settings *settings, struct serve *serve,
                      char **ret_base_url, struct err *err);
    void (*stop) (void *arg);
    void *arg;
};

struct api_options {
    const struct settings *settings;   /* outlives the api */
    enum api_mode mode;
    struct api_images images;
};

/* Opens the store and nothing else; plugins, repository and engine come when a call needs them.
 * ERR_STORE_BUSY names the holder's pid; ERR_NOT_FOUND: a reader, and there is no store yet. */
int32_t api_open (const struct api_options *options, struct api **ret, struct err *err);
/* Stops the engine (drain: uploads that have begun may end), closes everything. */
void api_close (struct api *api, bool drain);

/* Starts the engine and takes up every open job; what farrierd does at once, and `farrier apply`
 * in-process. A second call does nothing. Writers only. *ret_open (may be NULL) jobs go on. */
int32_t api_run (struct api *api, uint32_t *ret_open, struct err *err);
bool api_is_running (struct api *api);
/* Logs what `farrier workflow check` finds: at a start and after a reload, since a plugin that
 * failed takes its ops with it. */
void api_tell_workflows (struct api *api);
/* Borrowed. store NULL in mode NO_STORE; engine NULL unless running. */
struct store *api_store (struct api *api);
struct engine *api_running_engine (struct api *api);

/* --- calls ------------------------------------------------------------------------------------ */

enum api_needs {
    API_LOADED,                        /* no store; but farrierd, where it runs, knows best */
    API_FILES,                         /* no store at all */
    API_READS,                         /* a read-only store is enough */
    API_WRITES,                        /* the store as writer */
    API_RUNS,                          /* the engine: starts it in this process */
    API_CONTROLS                       /* as RUNS, but goes to the process that runs the job */
};

struct api_route {
    const char *name;                  /* "host.add" */
    enum api_needs needs;
    const char *members;               /* of the request: "name! labels" (! = must be there) */
    const char *help;
};
/* NULL past the end. */
const struct api_route *api_route_at (size_t i);
const struct api_route *api_route_find (const char *name);

struct api_caller {
    const char *name;                  /* who: recorded as author, approver */
};

/* Any thread. request: object or NULL (borrowed). 0 and a new reference in *ret_reply; or a code
 * and err, and then *ret_reply may hold details (findings), else it is NULL. caller NULL: "local".
 * ERR_USAGE for an unknown call or member, ERR_STORE_BUSY for a change in a reader. */
int32_t api_call (struct api *api, const struct api_caller *caller, const char *call,
                  const json_t *request, json_t **ret_reply, struct err *err);

/* {"code":"NOT_FOUND","message","hint","exit":3,"details":…} and back. details may be NULL
 * (borrowed). api_problem_read returns the code. */
json_t *api_problem (const struct err *err, const json_t *details);
int32_t api_problem_read (const json_t *problem, struct err *err);

/* Waits until there is an event after since_id, at most timeout_ms. True when there is one. */
bool api_wait_event (struct api *api, int64_t since_id, int64_t timeout_ms);
/* Ends every wait of the above from now on: a stop must not wait for watchers. */
void api_wake_all (struct api *api);

#endif
