/* api_open: what a call stands on: store, keys, plugins, repository, engine; each opened when it is
 * first needed, closed in the other order.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <errno.h>
#include <time.h>

#include "api/api_private.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine.h"
#include "engine/step.h"
#include "fleet/seal.h"
#include "net/net.h"

int32_t
api_open (const struct api_options *options, struct api **ret, struct err *err)
{
    enum store_mode mode = options->mode == API_WRITER ? STORE_WRITER : STORE_READER;
    struct store *store = NULL;
    int32_t rc = options->mode == API_NO_STORE
                     ? 0 : store_open (options->settings->store_path, mode, &store, err);
    if (rc < 0)
        return rc;
    struct api *api = mem_alloc (sizeof *api);
    api->o = *options;
    api->store = store;
    pthread_mutexattr_t attr;
    pthread_mutexattr_init (&attr);
    pthread_mutexattr_settype (&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init (&api->lock, &attr);
    pthread_mutexattr_destroy (&attr);
    pthread_mutex_init (&api->event_lock, NULL);
    pthread_condattr_t cond;
    pthread_condattr_init (&cond);
    pthread_condattr_setclock (&cond, CLOCK_MONOTONIC);
    pthread_cond_init (&api->event, &cond);
    pthread_condattr_destroy (&cond);
    *ret = api;
    return 0;
}

void
api_close (struct api *api, bool drain)
{
    if (api == NULL)
        return;
    api_wake_all (api);
    if (api->engine != NULL)
        engine_stop (api->engine, drain);
    if (api->images_started)
        api->o.images.stop (api->o.images.arg);
    serve_free (api->serve);
    if (api->registry != NULL)
        plugin_registry_close (api->registry);
    if (api->repo != NULL)
        repo_close (api->repo);
    seal_key_free (api->key);
    if (api->store != NULL)
        store_close (api->store);
    pthread_mutex_destroy (&api->lock);
    pthread_mutex_destroy (&api->event_lock);
    pthread_cond_destroy (&api->event);
    mem_free (api->image_url);
    mem_free (api);
}

struct store *
api_store (struct api *api)
{
    return api->store;
}

struct engine *
api_running_engine (struct api *api)
{
    pthread_mutex_lock (&api->lock);
    struct engine *engine = api->engine;
    pthread_mutex_unlock (&api->lock);
    return engine;
}

bool
api_is_running (struct api *api)
{
    return api_running_engine (api) != NULL;
}

/* --- parts ------------------------------------------------------------------------------------ */

/* A new key is right only where nothing was ever sealed: beside sealed passwords a missing key file
 * is a loss that somebody must hear of. */
static bool
may_make_key (struct api *api)
{
    struct store_credential *rows = NULL;
    size_t count = 0;
    if (api->o.mode != API_WRITER || store_credential_list (api->store, &rows, &count, NULL) < 0)
        return false;
    store_credential_free_all (rows, count);
    return count == 0;
}

int32_t
api_key (struct api *api, struct seal_key **ret, struct err *err)
{
    pthread_mutex_lock (&api->lock);
    int32_t rc = 0;
    if (api->key == NULL) {
        bool created = false;
        rc = seal_key_open (api->o.settings->keys_dir, may_make_key (api), &api->key, &created,
                            err);
        if (created)
            log_warn ("the key file %s was made: back it up, no password in the store can be read "
                      "without it", seal_key_file (api->key));
    }
    *ret = api->key;
    pthread_mutex_unlock (&api->lock);
    return rc;
}

int32_t
api_registry (struct api *api, struct plugin_registry **ret, struct err *err)
{
    const struct settings *s = api->o.settings;
    pthread_mutex_lock (&api->lock);
    int32_t rc = 0;
    if (api->registry == NULL) {
        struct plugin_settings settings = {
            .dirs = (const char *const *) s->plugin_dirs,
            .dir_count = s->plugin_dir_count,
            .built_ins = plugin_built_ins,
            .exec_dirs = (const char *const *) s->exec_dirs,
            .exec_dir_count = s->exec_dir_count,
            .config_dir = s->plugin_conf_dir,
            /* A reader must not disturb the mark files of the process that runs. */
            .run_dir = api->o.mode == API_WRITER ? s->run_dir : NULL,
            .state_dir = s->state_dir,
            .peek_dir = s->run_dir,
            .host = step_host_table (),
            .trust_files = s->trust_plugin_files,
            .lenient = true,           /* to list and to check; start_engine() is stricter */
        };
        rc = plugin_registry_open (&settings, &api->registry, err);
    }
    if (rc == 0)
        *ret = api->registry;
    pthread_mutex_unlock (&api->lock);
    return rc;
}

int32_t
api_repo (struct api *api, struct repo **ret, struct err *err)
{
    pthread_mutex_lock (&api->lock);
    int32_t rc = 0;
    if (api->repo == NULL)
        rc = repo_open (api->o.settings->repo_path, true, &api->repo, err);
    if (rc == 0)
        *ret = api->repo;
    pthread_mutex_unlock (&api->lock);
    return rc;
}

/* --- engine ----------------------------------------------------------------------------------- */

static void
on_event (void *arg, int64_t event_id)
{
    struct api *api = arg;
    pthread_mutex_lock (&api->event_lock);
    if (event_id > api->last_event)
        api->last_event = event_id;
    pthread_cond_broadcast (&api->event);
    pthread_mutex_unlock (&api->event_lock);
}

/* BMCs that pull their images need it; the others do not, so a taken port is no reason to stop. */
static void
start_images (struct api *api)
{
    struct err err = { 0 };
    api->serve = serve_new ();
    if (api->o.images.start == NULL)
        return;
    if (api->o.images.start (api->o.images.arg, api->o.settings, api->serve, &api->image_url, &err)
        == 0) {
        api->images_started = true;
        return;
    }
    log_warn ("BMCs cannot fetch images from here: %s", err.message);
}

static int32_t
start_engine (struct api *api, struct err *err)
{
    const struct settings *s = api->o.settings;
    struct engine_options options = {
        .store = api->store, .run_dir = s->run_dir, .artifact_dir = s->artifact_dir,
        .spawn_path = s->spawn_path, .workers = s->workers, .max_uploads = s->max_uploads,
        .max_jobs = s->max_jobs, .settle_ms = s->settle_ms,
        .drain_ms = s->drain_ms, .make_plan = api_plan_for_job, .make_plan_arg = api,
    };
    int32_t rc = api_key (api, &options.key, err);
    if (rc == 0)
        rc = api_registry (api, &options.registry, err);
    if (rc == 0) {
        plugin_registry_log (options.registry);
        rc = plugin_registry_require (options.registry, err);
    }
    if (rc == 0)
        rc = plugin_registry_activate (options.registry, err);
    if (rc == 0)
        rc = api_repo (api, &options.repo, err);
    struct net_options net = {
        .loops = s->loops, .max_open_connections = s->max_open_connections,
        .max_uploads = s->max_uploads, .per_host = s->per_host, .keep_ms = (uint32_t) s->keep_ms,
        .connect_ms = (uint32_t) s->connect_timeout_ms,
        .total_ms = (uint32_t) s->request_timeout_ms,
    };
    if (rc == 0)
        rc = net_start (&net, &options.net, err);
    if (rc < 0)
        return rc;
    start_images (api);
    options.serve = api->images_started ? api->serve : NULL;
    options.image_url = api->image_url;
    rc = engine_new (&options, &api->engine, err);
    if (rc < 0)
        return rc;
    engine_on_event (api->engine, on_event, api);
    return 0;
}

int32_t
api_run (struct api *api, uint32_t *ret_open, struct err *err)
{
    uint32_t open = 0;
    int32_t rc = 0;
    pthread_mutex_lock (&api->lock);
    if (api->engine == NULL) {
        rc = start_engine (api, err);
        if (rc == 0)
            rc = engine_recover (api->engine, &open, err);
    }
    pthread_mutex_unlock (&api->lock);
    if (rc == 0 && ret_open != NULL)
        *ret_open = open;
    return rc;
}

int32_t
api_engine (struct api *api, struct engine **ret, struct err *err)
{
    int32_t rc = api_run (api, NULL, err);
    if (rc == 0)
        *ret = api->engine;
    return rc;
}

/* --- events ----------------------------------------------------------------------------------- */

#define LOOK_AGAIN_MS 200              /* where another process writes nobody wakes us */

static bool
wait_once (struct api *api, int64_t since_id, int64_t ms)
{
    struct timespec until;
    clock_gettime (CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long) (ms % 1000) * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock (&api->event_lock);
    if (api->last_event <= since_id && !api->waking)
        pthread_cond_timedwait (&api->event, &api->event_lock, &until);
    bool waking = api->waking;
    pthread_mutex_unlock (&api->event_lock);
    return waking;
}

bool
api_wait_event (struct api *api, int64_t since_id, int64_t timeout_ms)
{
    bool running = api_is_running (api);
    int64_t left = timeout_ms;
    for (;;) {
        int64_t last = 0;
        if (store_event_last_id (api->store, &last, NULL) == 0 && last > since_id)
            return true;
        if (left <= 0)
            return false;
        int64_t ms = running || left < LOOK_AGAIN_MS ? left : LOOK_AGAIN_MS;
        if (wait_once (api, since_id, ms))
            return false;
        left -= ms;
    }
}

void
api_wake_all (struct api *api)
{
    pthread_mutex_lock (&api->event_lock);
    api->waking = true;
    pthread_cond_broadcast (&api->event);
    pthread_mutex_unlock (&api->event_lock);
}
