/* settings: farrier.conf as a struct, with the defaults of an installed and of an uninstalled run.
 *
 * Where things are, unless farrier.conf says otherwise:
 *
 *                 installed                           FARRIER_HOME=DIR
 *   conf_dir      /etc/farrier                        DIR/conf.d
 *   store_path    /var/lib/farrier/store.db           DIR/store.db
 *   repo_path     /var/lib/farrier/firmware-repo      DIR/firmware-repo
 *   keys_dir      /var/lib/farrier/keys               DIR/keys
 *   artifact_dir  /var/lib/farrier/artifacts          DIR/artifacts
 *   state_dir     /var/lib/farrier/state              DIR/state
 *   exec_dirs     conf_dir/exec, where it is there
 *   run_dir       /run/farrier                        DIR/run
 *   socket_path   /run/farrier/farrierd.sock          DIR/run/farrierd.sock
 *
 * FARRIER_CONF_DIR, FARRIER_PLUGIN_DIR (folders separated by ':') and FARRIER_SPAWN win over both
 * and over farrier.conf. All paths here are absolute. Nothing is created.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CONF_SETTINGS_H
#define FARRIER_CONF_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/vec.h"

/* How a BMC's certificate is trusted unless the host says otherwise. "insecure" is not among them:
 * it exists per host only. The values are those of enum trust_mode (net/trust.h). */
enum settings_trust { SETTINGS_TRUST_PIN = 0, SETTINGS_TRUST_CA = 1 };

/* Immutable once loaded: any thread may read. Strings are never NULL unless said. */
struct settings {
    char *home;                        /* NULL: installed */
    char *conf_dir;
    char *conf_file;                   /* what was read; NULL: no farrier.conf there */

    char *store_path;
    char *repo_path;
    char *keys_dir;                    /* holds store.key */
    char *artifact_dir;
    char *state_dir;                   /* what plugins' quarantine and the like remember */
    char *run_dir;
    char *socket_path;
    char *spawn_path;                  /* the program farrier-spawn */
    char **plugin_dirs;
    size_t plugin_dir_count;           /* at least one */
    char **exec_dirs;                  /* of executable plugins */
    size_t exec_dir_count;
    /* FARRIER_PLUGIN_DIR is set: owner and mode are not judged */
    bool trust_plugin_files;
    char *workflow_dir, *baseline_dir, *plugin_conf_dir;      /* conf_dir/workflows … */

    uint32_t workers;                  /* 16 */
    uint32_t max_jobs;                 /* 2000 in flight at once */
    /* how long after a change that may not have arrived "the BMC shows nothing of it" is believed;
     * -1 = what each op of a plugin says, 120 s by default */
    int64_t settle_ms;
    int64_t drain_ms;                  /* 30 s: how long a stop waits for uploads that have begun */

    uint32_t loops;                    /* 1 */
    uint32_t max_open_connections;     /* 2048, uploads apart */
    uint32_t max_uploads;              /* 256 */
    uint32_t per_host;                 /* 2 requests in flight to one BMC */
    int64_t keep_ms;                   /* 5 s that a connection may stay idle */
    int64_t connect_timeout_ms;        /* 10 s */
    int64_t request_timeout_ms;        /* 60 s for one request that is no upload */

    /* Where BMCs that pull fetch their images from. */
    char *image_address;               /* "127.0.0.1"; one of this machine that the BMCs reach */
    uint16_t image_port;               /* 8480 installed, 0 (any free one) with FARRIER_HOME */
    char *image_url;                   /* base URL as BMCs see it; NULL: from address and port */
    char *image_certificate, *image_key;      /* PEM files, both or none: NULL = plain HTTP */

    enum settings_trust trust;         /* PIN */
    char *ca_file;                     /* NULL: the system's CAs */

    enum log_level log_level;          /* WARN; farrierd uses INFO unless log_level_set */
    bool log_level_set;                /* farrier.conf names a level */
    bool log_json;
};

/* The environment that matters; NULL = not set. */
struct settings_environment {
    const char *home, *conf_dir, *plugin_dirs, *spawn;
};

/* Reads the environment of the process and farrier.conf. A missing farrier.conf is no error, except
 * in a FARRIER_CONF_DIR that does not exist at all (ERR_NOT_FOUND). ERR_SYNTAX: err has the first
 * finding; findings (struct conf_finding *, may be NULL) all. */
int32_t settings_load (struct vec *findings, struct settings **ret, struct err *err);
/* The same with an environment of the caller's. */
int32_t settings_load_from (const struct settings_environment *env, struct vec *findings,
                            struct settings **ret, struct err *err);
void settings_free (struct settings *s);

#endif
