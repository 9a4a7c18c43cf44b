/* sim_fleet: all BMCs of one process, their options and what they share.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_FLEET_H
#define FARRIER_SIM_FLEET_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <uv.h>

#include "base/err.h"
#include "base/map.h"
#include "base/vec.h"
#include "sim_bmc.h"
#include "sim_image.h"
#include "sim_latency.h"

enum sim_certificates { SIM_CERT_CA, SIM_CERT_SELF_SIGNED, SIM_CERT_SHARED };

struct sim_mix {
    char *personality;
    uint32_t count;
};

struct sim_version_choice {
    char *target, *component, *version;
};

struct sim_options {
    uint32_t hosts;
    struct vec mix;      /* struct sim_mix * */
    struct vec versions; /* struct sim_version_choice * */
    uint32_t base;       /* host byte order */
    uint16_t port;
    uint64_t seed;
    struct sim_latency latency;
    int64_t flash_ms, reboot_ms, boot_ms;
    double time_scale;
    char *user, *password_file, *state_dir, *personalities_dir, *config, *name_prefix;
    char *trace; /* a file that gets a line for each request; NULL */
    enum sim_certificates certificates;
    int session_limit, session_timeout_s; /* 0: the personality's */
    bool keep_images, daemonize;
    int ready_fd;   /* -1: none */
    json_t *faults; /* array of inject requests from the file; NULL */
};

struct sim_image_record {
    struct sim_image image;
    uint64_t received;
};

struct sim_tls;
struct sim_control;
struct sim_lone;

struct sim_fleet {
    uv_loop_t loop;
    struct sim_options *options;
    struct vec bmcs; /* struct sim_bmc * */
    struct map *by_name;
    struct vec personalities; /* struct sim_personality * */
    struct vec faults;        /* struct sim_fault * */
    uint32_t next_fault_id;
    struct map *images; /* by sha256: struct sim_image_record * */
    struct sim_tls *tls;
    struct sim_control *control;
    char *password;
    FILE *trace;               /* NULL: none was asked for */
    uint64_t connection_count; /* since the start */
    uint32_t scaled_down_from; /* 0: as many hosts as were asked for */
    int64_t started_ms;
    bool stopping;
    uv_signal_t signals[2];
    const struct sim_lone *lone; /* one BMC without sockets; NULL: an ordinary fleet */
};

void sim_options_init (struct sim_options *o);
void sim_options_drop_mix (struct sim_options *o);   /* another one replaces it */
void sim_options_release (struct sim_options *o);

/* Everything up to and including the listeners and fleet.json. On failure nothing is left but a
 * fleet to free. */
int32_t sim_fleet_start (struct sim_fleet *fleet, struct sim_options *options, struct err *err);
void sim_fleet_run (struct sim_fleet *fleet); /* until stopped */
void sim_fleet_stop (struct sim_fleet *fleet);
void sim_fleet_free (struct sim_fleet *fleet);
struct sim_bmc *sim_fleet_find (const struct sim_fleet *fleet, const char *name);
void sim_fleet_note_image (struct sim_fleet *fleet, const struct sim_image *image);
json_t *sim_fleet_json (struct sim_fleet *fleet);
json_t *sim_fleet_stats (struct sim_fleet *fleet, const char *host, bool with_log);

#endif
