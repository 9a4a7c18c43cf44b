/* test_bmc: a small TLS server for the tests of net, on 127.0.0.1, with a certificate made when it
 * starts. The test's handler decides what each request gets, misbehaviour included.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_TEST_BMC_H
#define FARRIER_NET_TEST_BMC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct test_bmc;

struct test_exchange {
    struct test_bmc *bmc;
    void *arg;                         /* of the options */
    char method[16], path[512];
    struct buf head;                   /* request line and headers */
    struct buf body;
    int nth;                           /* request on this connection, from 1 */
    void *connection;
};

struct test_bmc_options {
    void (*handle) (struct test_exchange *x);
    void *arg;
    bool plain;                        /* http */
    bool expired;                      /* the certificate was valid until yesterday */
    const char *name;                  /* subject and alternative name; NULL = IP:127.0.0.1 */
    /* call the handler before the body is read (test_read_body) */
    bool head_only;
};

struct test_bmc *test_bmc_start (const struct test_bmc_options *options);
void test_bmc_stop (struct test_bmc *bmc);        /* ends held connections, joins threads */
const char *test_bmc_url (const struct test_bmc *bmc);
int test_bmc_port (const struct test_bmc *bmc);
const char *test_bmc_pem (const struct test_bmc *bmc);           /* its certificate */
const char *test_bmc_sha256 (const struct test_bmc *bmc);
void test_bmc_new_certificate (struct test_bmc *bmc);            /* for connections from now on */
int test_bmc_requests (struct test_bmc *bmc);     /* seen so far */
int test_bmc_most_open (struct test_bmc *bmc);    /* connections open at once, the most */
int test_bmc_accepted (struct test_bmc *bmc);     /* connections so far */
void test_bmc_wait_closed (struct test_bmc *bmc); /* until no connection is open */
int test_bmc_count (struct test_bmc *bmc, const char *method, const char *path);  /* NULL = any */

/* For handlers. headers: "Name: value\r\n…" or NULL. */
void test_answer (struct test_exchange *x, int status, const char *headers, const char *body);
void test_answer_bytes (struct test_exchange *x, int status, const char *headers,
                        const void *body, size_t len);
void test_raw (struct test_exchange *x, const void *bytes, size_t len);
void test_reset (struct test_exchange *x);        /* RST */
void test_close (struct test_exchange *x);
void test_hang (struct test_exchange *x);         /* until the client goes or the server stops */
void test_drip (struct test_exchange *x);         /* one byte at a time, until the client goes */
bool test_read_body (struct test_exchange *x);    /* head_only: reads the body into x->body */
/* Value of a request header, or NULL; in a buffer of the exchange. */
const char *test_header (struct test_exchange *x, const char *name);

#endif
