/* sim_stats: what a test asks afterwards: how often was what done to which BMC.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_STATS_H
#define FARRIER_SIM_STATS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/vec.h"
#include "sim_http.h"

/* Each is a member of the JSON under the same name. */
#define SIM_COUNTERS(X)                                                                            \
    X (requests)                                                                                   \
    X (answers_4xx)                                                                                \
    X (answers_5xx) X (connections) X (connections_open) X (handshakes) X (resumed) X (logins)     \
        X (logouts) X (failed_logins) X (basic_requests) X (sessions_open) X (sessions_peak)       \
            X (sessions_expired) X (changing_requests) X (duplicates) X (uploads_received)         \
                X (upload_bytes) X (pulls) X (flashes_started) X (flashes_completed)               \
                    X (flashes_failed) X (slot_switches) X (resets_host) X (resets_bmc)            \
                        X (lockouts) X (faults_fired)

struct sim_counters {
#define X(name) uint64_t name;
    SIM_COUNTERS (X)
#undef X
    uint64_t by_method[SIM_METHOD_COUNT];
};

struct sim_version_count {
    char *version;
    uint64_t count;
};

struct sim_component_counters {
    uint64_t uploads, flashes_started, flashes_completed, flashes_failed, activations;
    struct vec by_version; /* struct sim_version_count *: completed flashes */
};

#define SIM_LOG_MAX 256

/* One executed changing request. */
struct sim_change {
    uint64_t seq;
    int64_t at_ms; /* wall time */
    enum sim_method method;
    int status;
    bool duplicate;
    int component;   /* the component that an update is for, else -1 */
    bool undone;     /* an update that failed */
    char digest[17]; /* the first quarter of a SHA-256: of method, path and body, or the image's */
    char path[];
};

struct sim_bmc;

/* Notes an executed change and decides whether it repeats the one before. Returns its sequence
 * number. */
uint64_t sim_stats_change (struct sim_bmc *bmc, enum sim_method method, const char *path,
                           const char *body, size_t body_len, int status);
/* That change was an update of this component with this image: another one of the same, neither
 * failed nor followed by a different image, makes it a duplicate. */
void sim_stats_image (struct sim_bmc *bmc, uint64_t seq, int component, const char *sha256);
/* The update that this change began has failed: the same again is no duplicate. */
void sim_stats_undo (struct sim_bmc *bmc, uint64_t seq);
void sim_stats_flash_completed (struct sim_bmc *bmc, int component, const char *version);
json_t *sim_stats_host (const struct sim_bmc *bmc, bool with_log);
/* Adds all numbers of one object to another, whatever their names; new reference is into's own. */
void sim_stats_add (json_t *into, const json_t *from);
void sim_stats_reset (struct sim_bmc *bmc);
void sim_stats_release (struct sim_bmc *bmc);

#endif
