/* sim_bmc: one simulated BMC: who it is, what runs on it, whether it can be reached.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_BMC_H
#define FARRIER_SIM_BMC_H

#include <jansson.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/list.h"
#include "base/vec.h"
#include "sim_personality.h"
#include "sim_stats.h"

struct sim_fleet;
struct sim_timer;
struct sim_fault;

/* What a client sees of a BMC that restarts: refused, 503, no login yet (401), "Starting". */
enum sim_phase {
    SIM_PHASE_UP,
    SIM_PHASE_DOWN,
    SIM_PHASE_BUSY,
    SIM_PHASE_LOCKED,
    SIM_PHASE_STARTING
};

enum sim_power { SIM_POWER_ON, SIM_POWER_OFF, SIM_POWER_STOPPING };

struct sim_component {
    const struct sim_component_def *def;
    char *version; /* what runs */
    char *pending; /* written, runs after its activation; NULL */
    char *standby; /* two slots: the other image; NULL when the slot is empty */
    bool updating;
    struct sim_component_counters counters;
};

struct sim_bmc {
    struct sim_fleet *fleet;
    const struct sim_personality *personality;
    uint32_t index;
    char *name;
    struct sockaddr_in address;
    char address_text[INET_ADDRSTRLEN];
    uint64_t random;

    uv_tcp_t *listener; /* NULL: connections are refused */
    int silent_fds[4];  /* a socket that never accepts and what fills it; -1 */
    struct list conns;
    unsigned char *certificate; /* DER */
    int certificate_len;
    uint32_t tls_epoch; /* a session of another epoch is not resumed */
    uint32_t identity;  /* grows when the BMC is exchanged */
    char *serial_override, *uuid_override;

    enum sim_phase phase;
    int64_t last_reset_ms; /* wall time */
    struct sim_timer *phase_timer;

    enum sim_power power;
    bool booting;
    int64_t boot_started_ms, boot_ms;
    bool power_was_cut; /* since the host last booted */
    struct sim_timer *power_timer;

    struct sim_component *components;
    struct list updates; /* struct sim_update */
    struct list tasks;   /* struct sim_task, oldest first */
    uint32_t next_task_id;
    struct list sessions;
    uint32_t session_count, next_session_id;
    int session_timeout_s;
    int failed_in_row;
    int64_t locked_until_ms;

    json_t *attributes;         /* BIOS; NULL: as delivered */
    json_t *pending_attributes; /* applied at the next boot; NULL */
    json_t *settings_messages;  /* what the last application said; NULL */
    char *settings_time;
    bool push_busy;
    bool locator;                  /* the light that shows people which host it is */
    json_t *push_targets; /* NULL: empty */
    enum sim_apply push_apply;
    bool reads_flip; /* task-backwards: every other read */

    struct sim_counters counters;
    struct vec log; /* struct sim_change *, the last SIM_LOG_MAX */
    uint64_t change_seq;
};

struct sim_bmc *sim_bmc_new (struct sim_fleet *fleet, const struct sim_personality *p,
                             uint32_t index, const char *name, uint32_t address);
/* Closes its sockets and stops its timers; free it once the loop has run dry. */
void sim_bmc_stop (struct sim_bmc *bmc);
void sim_bmc_free (struct sim_bmc *bmc);
/* Opens the listener. */
int32_t sim_bmc_listen (struct sim_bmc *bmc, struct err *err);
void sim_bmc_refuse (struct sim_bmc *bmc); /* closes the listener and resets open connections */
/* Drops off the network: no answer to anything, not even a refusal; false undoes it. */
void sim_bmc_silence (struct sim_bmc *bmc, bool silent);
bool sim_bmc_is_silent (const struct sim_bmc *bmc);
/* Restarts the BMC: sessions end, staged BMC images become active. extra_ms: longer than usual. */
void sim_bmc_reboot (struct sim_bmc *bmc, int64_t extra_ms);
/* A BMC that did not come back does so now. */
void sim_bmc_return (struct sim_bmc *bmc);
/* Boots the other slot of the component with two slots. False when there is none. */
bool sim_bmc_switch_slot (struct sim_bmc *bmc);

char *sim_bmc_serial (const struct sim_bmc *bmc); /* heap */
enum sim_uuid { SIM_UUID_SYSTEM, SIM_UUID_SERVICE };
void sim_bmc_uuid (const struct sim_bmc *bmc, enum sim_uuid which, char ret[37]);
char *sim_bmc_url (const struct sim_bmc *bmc);
struct sim_component *sim_bmc_component (struct sim_bmc *bmc, const char *component);
/* The inventory member's id: the definition's, or a hash of the version. Heap. */
char *sim_bmc_inventory_id (const struct sim_component *c, const char *version);
/* ${name} and friends in the text of a personality's document. Heap. */
char *sim_bmc_expand (const struct sim_bmc *bmc, const char *text);
/* Merges what the personality adds to a document. */
void sim_bmc_decorate (const struct sim_bmc *bmc, const char *document, json_t *doc);
int64_t sim_bmc_scaled (const struct sim_bmc *bmc, int64_t ms); /* by --time-scale */
int64_t sim_bmc_now (const struct sim_bmc *bmc);                /* of the loop */

#endif
