/* bmc: a BMC that is a set of JSON documents, with handlers in front of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_TEST_BMC_H
#define FARRIER_TEST_BMC_H

#include "bench.h"

struct bmc {
    struct farrier_test *test;
    json_t *documents;                 /* path -> document; null = taken away */
    char *fixture_dir;                 /* PATH/index.json; NULL */
    struct vec handlers;               /* struct bmc_handler * */
    struct vec answers;                /* struct bmc_answer * */
    json_t *requests;                  /* "METHOD path" of all that arrived */
    int64_t away_until_ms;             /* boot clock */
    uint64_t number;
    void (*on_time) (void *arg, struct farrier_test *t);
    void *on_time_arg;
    bool in_time;
};

struct bmc *bmc_new (struct farrier_test *t);
void bmc_free (struct bmc *bmc);
void bmc_ask (void *arg, const struct bench_request *request, struct bench_reply *ret);
/* Only what was set by hand or lies in the fixture: false, and *ret untouched, when there is
 * nothing. */
bool bmc_try (struct bmc *bmc, const struct bench_request *request, struct bench_reply *ret);
void bmc_advance (void *arg, int64_t ms);
/* Borrowed; NULL when there is none. */
json_t *bmc_document (struct bmc *bmc, const char *path);

#endif
