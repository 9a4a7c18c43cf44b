/* settings: see settings.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "conf/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/conf.h"

#define MINUTE_MS INT64_C (60000)
#define HOUR_MS INT64_C (3600000)

static char *
absolute (const char *path)
{
    char *cwd, *joined;

    if (path[0] == '/') {
        return str_dup (path);
    }
    cwd = getcwd (NULL, 0);
    joined = fs_join (cwd == NULL ? "/" : cwd, path);
    free (cwd);
    return joined;
}

/* What FARRIER_PLUGIN_DIR lists; empty pieces are left out. */
static void
set_plugin_dirs (struct settings *s, const char *list)
{
    size_t count, kept = 0;
    char **pieces = str_split (list, ':', &count);

    str_free_all (s->plugin_dirs, s->plugin_dir_count);
    s->plugin_dirs = mem_array (count + 1, sizeof (s->plugin_dirs[0]));
    for (size_t i = 0; i < count; i++) {
        if (pieces[i][0] != '\0') {
            s->plugin_dirs[kept++] = absolute (pieces[i]);
        }
    }
    s->plugin_dir_count = kept;
    str_free_all (pieces, count);
}

static void
set_paths (struct settings *s, const char *state, const char *run)
{
    s->store_path = fs_join (state, "store.db");
    s->repo_path = fs_join (state, "firmware-repo");
    s->keys_dir = fs_join (state, "keys");
    s->artifact_dir = fs_join (state, "artifacts");
    s->state_dir = fs_join (state, "state");
    s->run_dir = str_dup (run);
    s->socket_path = fs_join (run, "farrierd.sock");
}

static struct settings *
defaults (const struct settings_environment *env)
{
    struct settings *s = mem_alloc (sizeof (*s));

    if (!str_empty (env->home)) {
        char *run;

        s->home = absolute (env->home);
        run = fs_join (s->home, "run");
        set_paths (s, s->home, run);
        s->conf_dir = fs_join (s->home, "conf.d");
        mem_free (run);
    } else {
        set_paths (s, FARRIER_INSTALLED_STATE_DIR, FARRIER_INSTALLED_RUN_DIR);
        s->conf_dir = str_dup (FARRIER_INSTALLED_CONF_DIR);
        s->image_port = 8480;
    }
    if (!str_empty (env->conf_dir)) {
        mem_free (s->conf_dir);
        s->conf_dir = absolute (env->conf_dir);
    }
    s->spawn_path = str_dup (FARRIER_INSTALLED_SPAWN);
    set_plugin_dirs (s, FARRIER_INSTALLED_PLUGIN_DIR);
    s->workflow_dir = fs_join (s->conf_dir, "workflows");
    s->baseline_dir = fs_join (s->conf_dir, "baselines");
    s->plugin_conf_dir = fs_join (s->conf_dir, "plugins");
    s->workers = 16;
    s->max_jobs = 2000;
    s->drain_ms = 30000;
    s->settle_ms = -1;
    s->loops = 1;
    s->max_open_connections = 2048;
    s->max_uploads = 256;
    s->per_host = 2;
    s->keep_ms = 5000;
    s->connect_timeout_ms = 10000;
    s->request_timeout_ms = 60000;
    s->image_address = str_dup ("127.0.0.1");
    s->log_level = LOG_LEVEL_WARN;
    return s;
}

/* A path of farrier.conf: absolute, or below FARRIER_HOME. */
static char *
resolve (const struct settings *s, struct conf_at at, const char *key, const char *path)
{
    if (path[0] == '/') {
        return str_dup (path);
    }
    if (s->home != NULL && path[0] != '\0') {
        return fs_join (s->home, path);
    }
    conf_complain (at, key, "key '%s' is \"%s\"; a path must be absolute here", key, path);
    return NULL;
}

static void
read_path (struct settings *s, struct conf_at at, const char *key, char **path)
{
    const char *text = conf_string (at, key, NULL);
    char *full = text == NULL ? NULL : resolve (s, at, key, text);

    if (full != NULL) {
        mem_free (*path);
        *path = full;
    }
}

/* The folders that key names; false when it is absent. */
static bool
read_dirs (struct settings *s, struct conf_at at, const char *key, struct vec *ret)
{
    struct vec words = { 0 };

    if (!conf_strings (at, key, &words)) {
        return false;
    }
    for (size_t i = 0; i < words.count; i++) {
        char *path = resolve (s, at, key, words.items[i]);

        if (path != NULL) {
            vec_push (ret, path);
        }
    }
    vec_free (&words);
    return true;
}

static void
take_dirs (struct vec *from, char ***dirs, size_t *count)
{
    str_free_all (*dirs, *count);
    *dirs = (char **) from->items;
    *count = from->count;
}

static void
read_plugin_dirs (struct settings *s, struct conf_at at)
{
    struct vec full = { 0 }, exec = { 0 };
    bool named = read_dirs (s, at, "plugins", &full);

    if (full.count > 0) {
        take_dirs (&full, &s->plugin_dirs, &s->plugin_dir_count);
    } else if (named) {
        conf_complain (at, "plugins", "key 'plugins' names no folder");
    }
    if (read_dirs (s, at, "exec_plugins", &exec)) {
        take_dirs (&exec, &s->exec_dirs, &s->exec_dir_count);
    }
}

/* A folder that nobody named need not be there. */
static void
set_exec_dirs (struct settings *s)
{
    struct vec dirs = { 0 };
    char *dir = fs_join (s->conf_dir, "exec");

    if (fs_exists (dir)) {
        vec_push (&dirs, dir);
        take_dirs (&dirs, &s->exec_dirs, &s->exec_dir_count);
    } else {
        mem_free (dir);
    }
}

static void
read_paths (struct settings *s, struct conf_at at)
{
    bool own_socket = conf_value_string (conf_find (at, "socket")) != NULL;

    read_path (s, at, "store", &s->store_path);
    read_path (s, at, "repository", &s->repo_path);
    read_path (s, at, "keys", &s->keys_dir);
    read_path (s, at, "artifacts", &s->artifact_dir);
    read_path (s, at, "state", &s->state_dir);
    read_path (s, at, "run", &s->run_dir);
    if (!own_socket) {
        mem_free (s->socket_path);
        s->socket_path = fs_join (s->run_dir, "farrierd.sock");
    }
    read_path (s, at, "socket", &s->socket_path);
    read_path (s, at, "spawn", &s->spawn_path);
    read_plugin_dirs (s, at);
}

static void
read_u32 (struct conf_at at, const char *key, uint32_t min, uint32_t max, uint32_t *value)
{
    *value = (uint32_t) conf_i64 (at, key, min, max, *value);
}

static void
read_duration (struct conf_at at, const char *key, int64_t min_ms, int64_t max_ms, int64_t *ms)
{
    *ms = conf_duration_ms (at, key, min_ms, max_ms, *ms);
}

static void
read_work (struct settings *s, struct conf_at daemon, struct conf_at network)
{
    read_u32 (daemon, "workers", 1, 256, &s->workers);
    read_u32 (daemon, "max_jobs", 1, 100000, &s->max_jobs);
    read_duration (daemon, "drain", 0, HOUR_MS, &s->drain_ms);
    read_duration (daemon, "settle", 0, HOUR_MS, &s->settle_ms);
    read_u32 (network, "loops", 1, 64, &s->loops);
    read_u32 (network, "max_open_connections", 1, 100000, &s->max_open_connections);
    read_u32 (network, "max_uploads", 1, 10000, &s->max_uploads);
    read_u32 (network, "per_host", 1, 16, &s->per_host);
    read_duration (network, "keep", 0, 10 * MINUTE_MS, &s->keep_ms);
    read_duration (network, "connect_timeout", 100, 5 * MINUTE_MS, &s->connect_timeout_ms);
    read_duration (network, "request_timeout", 1000, HOUR_MS, &s->request_timeout_ms);
}

static void
read_image_server (struct settings *s, struct conf_at at)
{
    const char *url = conf_string (at, "advertise", NULL);

    str_set (&s->image_address, conf_string (at, "address", s->image_address));
    s->image_port = (uint16_t) conf_i64 (at, "port", 0, 65535, s->image_port);
    if (url != NULL && !str_starts (url, "http://") && !str_starts (url, "https://")) {
        conf_complain (at, "advertise", "key 'advertise' is \"%s\"; it must begin with http:// or "
                       "https://", url);
    } else {
        str_set (&s->image_url, url);
        /* A path is put behind it. */
        for (size_t len = url == NULL ? 0 : strlen (url); len > 0 && url[len - 1] == '/'; len--) {
            s->image_url[len - 1] = '\0';
        }
    }
    read_path (s, at, "certificate", &s->image_certificate);
    read_path (s, at, "key", &s->image_key);
    if (conf_is (conf_find (at, "certificate")) != conf_is (conf_find (at, "key"))) {
        conf_complain (at, conf_is (conf_find (at, "certificate")) ? "certificate" : "key",
                       "keys 'certificate' and 'key' belong together: one is missing");
    }
}

static void
read_tls (struct settings *s, struct conf_at at)
{
    static const char *const modes[] = { "pin", "ca" };
    const char *mode = conf_value_string (conf_find (at, "trust"));

    if (str_eq (mode, "insecure")) {
        conf_known (at, "trust");
        conf_complain (at, "trust", "key 'trust' is \"insecure\"; that exists for single hosts "
                       "only (farrier host add … --insecure)");
    } else {
        s->trust = (enum settings_trust) conf_enum (at, "trust", modes, 2, SETTINGS_TRUST_PIN);
    }
    read_path (s, at, "ca_file", &s->ca_file);
}

static void
read_log (struct settings *s, struct conf_at at)
{
    static const char *const levels[] = { "debug", "info", "warn", "error" };
    static const char *const formats[] = { "text", "json" };
    int level = conf_enum (at, "level", levels, 4, -1);

    if (level >= 0) {
        s->log_level = (enum log_level) level;
        s->log_level_set = true;
    }
    s->log_json = conf_enum (at, "format", formats, 2, 0) == 1;
}

static int32_t
read_file (struct settings *s, struct vec *findings, struct err *err)
{
    struct conf *c;
    struct conf_at root;
    int32_t rc = conf_load (s->conf_file, findings, &c, err);

    if (rc != 0) {
        return rc;
    }
    root = conf_root (c);
    read_paths (s, conf_group (root, "paths"));
    read_work (s, conf_group (root, "daemon"), conf_group (root, "network"));
    read_image_server (s, conf_group (root, "image_server"));
    read_tls (s, conf_group (root, "tls"));
    read_log (s, conf_group (root, "log"));
    conf_finish_all (c);
    rc = conf_result (c, err);
    conf_free (c);
    return rc;
}

int32_t
settings_load_from (const struct settings_environment *env, struct vec *findings,
                    struct settings **ret, struct err *err)
{
    struct settings *s = defaults (env);
    int32_t rc = 0;

    if (!str_empty (env->conf_dir) && !fs_exists (s->conf_dir)) {
        rc = err_set (err, ERR_NOT_FOUND, "FARRIER_CONF_DIR is %s, but there is no such folder",
                      s->conf_dir);
        settings_free (s);
        return rc;
    }
    set_exec_dirs (s);
    s->conf_file = fs_join (s->conf_dir, "farrier.conf");
    if (fs_exists (s->conf_file)) {
        rc = read_file (s, findings, err);
    } else {
        str_set (&s->conf_file, NULL);
    }
    if (rc != 0) {
        settings_free (s);
        return rc;
    }
    if (!str_empty (env->plugin_dirs)) {
        set_plugin_dirs (s, env->plugin_dirs);
        s->trust_plugin_files = true;
    }
    if (!str_empty (env->spawn)) {
        mem_free (s->spawn_path);
        s->spawn_path = absolute (env->spawn);
    }
    *ret = s;
    return 0;
}

int32_t
settings_load (struct vec *findings, struct settings **ret, struct err *err)
{
    struct settings_environment env = {
        .home = secure_getenv ("FARRIER_HOME"),
        .conf_dir = secure_getenv ("FARRIER_CONF_DIR"),
        .plugin_dirs = secure_getenv ("FARRIER_PLUGIN_DIR"),
        .spawn = secure_getenv ("FARRIER_SPAWN"),
    };

    return settings_load_from (&env, findings, ret, err);
}

static void
free_strings (struct settings *s)
{
    char *const strings[] = {
        s->home, s->conf_dir, s->conf_file, s->store_path, s->repo_path, s->keys_dir,
        s->artifact_dir, s->state_dir, s->run_dir, s->socket_path, s->spawn_path,
        s->workflow_dir, s->baseline_dir, s->plugin_conf_dir, s->image_address, s->image_url,
        s->image_certificate, s->image_key, s->ca_file,
    };

    for (size_t i = 0; i < sizeof (strings) / sizeof (strings[0]); i++) {
        mem_free (strings[i]);
    }
}

void
settings_free (struct settings *s)
{
    if (s != NULL) {
        free_strings (s);
        str_free_all (s->plugin_dirs, s->plugin_dir_count);
        str_free_all (s->exec_dirs, s->exec_dir_count);
        mem_free (s);
    }
}
