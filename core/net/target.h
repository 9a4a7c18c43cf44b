/* target: where requests go: the inside of struct net_target.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_TARGET_H
#define FARRIER_NET_TARGET_H

#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "net/http.h"

struct net_target {
    atomic_uint references;
    struct net *net;
    struct loop *loop;
    char *name, *key, *base_url;
    char *host;                        /* without brackets and zone */
    char *address;                     /* host with its zone */
    char *url_base;                    /* what libcurl gets: base_url, with the zone */
    uint16_t port;
    bool tls, literal;                 /* literal: host is an IP address */
    bool ipv6;
    uint32_t connect_ms, total_ms, per_host;

    enum trust_mode mode;
    bool accept_expired, legacy;
    X509_STORE *store;                 /* CA */
    trust_first_fn *first;
    void *first_arg;
    uint32_t trust_generation;         /* of its kind: hash of what it trusts */
    uv_mutex_t lock;
    char pin[TRUST_PIN_SIZE];          /* under lock */
};

/* What a handshake found. Lives as long as the sending. */
struct trust_verdict {
    struct net_target *target;
    bool refused;
    bool look_only;                    /* accept everything; fill in certificate */
    char sha256[TRUST_PIN_SIZE];
    char problem[320];
    const char *advice;                /* before and after the host's name, by a '|'; static */
    struct net_certificate *certificate;         /* NULL unless asked for */
};

/* trust.c */
int32_t trust_set_up (struct net_target *target, const struct trust_config *config,
                      struct err *err);
/* Makes libcurl's SSL_CTX ask us. */
void trust_context (SSL_CTX *ctx, struct trust_verdict *verdict);

#endif
