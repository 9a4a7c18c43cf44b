/* sim_lone: one simulated BMC without sockets, TLS or a loop, on the virtual clock of base/clock:
 * for a program that holds its client in the same process and wants no time to pass.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_LONE_H
#define FARRIER_SIM_LONE_H

#include "base/buf.h"
#include "sim_fleet.h"

struct sim_image_reader;

struct sim_lone {
    struct sim_options options;
    struct sim_fleet fleet; /* of one: counters and faults work as ever */
    struct sim_bmc *bmc;
    /* What SimpleUpdate fetches: feeds the bytes of uri, false when there is nothing. */
    bool (*fetch) (void *arg, const char *uri, struct sim_image_reader *reader);
    void *fetch_arg;
};

/* clock_virtual_start() comes first. flash, boot and reboot times: lone->options, afterwards. */
int32_t sim_lone_start (struct sim_lone *lone, const char *personalities_dir,
                        const char *personality, struct err *err);
void sim_lone_stop (struct sim_lone *lone);
bool sim_lone_fetch (const struct sim_lone *lone, const char *uri,
                     struct sim_image_reader *reader);

enum sim_lone_end {
    SIM_LONE_ANSWERED,
    SIM_LONE_REFUSED, /* nothing listens */
    SIM_LONE_RESET,   /* the connection broke: before or after the BMC did it */
    SIM_LONE_SILENCE  /* no answer ever comes */
};

/* The request's head without its empty line ("POST /path HTTP/1.1\r\nHost: …"), logged in. */
struct sim_lone_request {
    const char *method, *path; /* path with its query */
    const char *content_type;  /* NULL: none */
    const char *headers;       /* further "Name: value\r\n" lines; NULL */
    const void *body;
    size_t body_len;
};

struct sim_lone_answer {
    enum sim_lone_end end;
    bool performed; /* RESET, SILENCE: the BMC has done it */
    int status;
    struct buf headers; /* "Name: value\r\n" lines */
    struct buf body;
    int64_t took_ms; /* of the virtual clock: a slow or hanging answer */
};

void sim_lone_ask (struct sim_lone *lone, const struct sim_lone_request *request,
                   struct sim_lone_answer *ret);
void sim_lone_answer_free (struct sim_lone_answer *answer);

#endif
