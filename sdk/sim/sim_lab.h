/* sim_lab: for the simulator's own tests: a fleet in a thread, and libcurl to talk to it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_LAB_H
#define FARRIER_SIM_LAB_H

#include <curl/curl.h>
#include <jansson.h>
#include <pthread.h>

#include "base/buf.h"
#include "sim_fleet.h"

struct lab {
    char *dir;
    struct sim_options options;
    struct sim_fleet fleet;
    pthread_t thread;
    CURL *curl;   /* kept: connections live on between requests */
    char *url[4]; /* of the hosts */
    char *password;
};

/* One answer. */
struct lab_answer {
    long status; /* 0: none */
    CURLcode code;
    struct buf headers;
    struct buf body;
    json_t *json; /* NULL when it is none */
};

/* hosts: e.g. "generic:1,openbmc:1". Times are a two-hundredth of the usual. */
void lab_start (struct lab *lab, const char *mix);
/* Stops the fleet; counters can be read from lab->fleet until then. */
void lab_stop (struct lab *lab);

struct lab_request {
    int host;
    const char *method, *path, *json;
    const char *header;        /* one more; NULL */
    bool without_login, fresh; /* fresh: a new connection */
};

void lab_ask (struct lab *lab, const struct lab_request *request, struct lab_answer *ret);
void lab_answer_free (struct lab_answer *answer);
/* Status only; for many checks that is all. */
long lab_status (struct lab *lab, int host, const char *method, const char *path, const char *json);
/* The string at a pointer of a GET's answer; heap, "" when absent. */
char *lab_text (struct lab *lab, int host, const char *path, const char *pointer);
/* Asks until the string is there; fails the test when it never is. */
void lab_wait (struct lab *lab, int host, const char *path, const char *pointer,
               const char *wanted);
/* A multipart push of an image; model NULL: a file that is none. Returns the status. */
struct lab_push {
    int host;
    const char *uri, *parameters, *model, *component, *version;
    bool file_first, damaged;
};
void lab_push (struct lab *lab, const struct lab_push *push, struct lab_answer *ret);
/* A command to the control socket; fails the test when it is refused. Text: JSON. */
json_t *lab_control (struct lab *lab, const char *request);
void lab_inject (struct lab *lab, int host, const char *fault, const char *more);
/* A number of stats --json, by pointer below the host's object. */
long long lab_count (struct lab *lab, int host, const char *pointer);

#endif
