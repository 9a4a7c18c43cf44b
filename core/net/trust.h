/* trust: whether the certificate that a BMC shows is the right one: by CA, by a fingerprint pinned
 * at first contact, or not at all where the site said so for this host. It is settled during the
 * handshake, so nothing (no credential above all) is sent over a connection that is not trusted.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_TRUST_H
#define FARRIER_NET_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TRUST_PIN_SIZE 65              /* lower-case hex SHA-256 of the leaf's DER, with the NUL */

enum trust_mode {
    TRUST_PIN = 0,                     /* default: recorded at first contact, compared ever after */
    TRUST_CA = 1,                      /* chain to a CA of the site, name must fit, not expired */
    TRUST_INSECURE = 2                 /* accept anything; per host and visible */
};

/* Called on a loop thread, inside the handshake, when a host without a pin shows its certificate
 * for
 * the first time. Must be short: hand the pin to the store's writer and return true; false refuses
 * the connection. subject and not_after (ISO 8601) are for people. */
typedef bool trust_first_fn (void *arg, const char *host_name, const char *sha256,
                             const char *subject, const char *not_after);

struct trust_config {
    enum trust_mode mode;
    /* PIN: the recorded fingerprint; NULL or "" = first contact */
    const char *pin;
    /* PIN: the operator accepted this certificate though it has expired */
    bool accept_expired;
    const char *ca_file;               /* CA: a PEM bundle; NULL = the system's */
    const char *ca_pem;                /* CA: PEM text instead of a file */
    bool legacy;                       /* allow TLS 1.0/1.1 and short keys (BMCs of before 2016) */
    trust_first_fn *first;             /* PIN; NULL: first contact is refused */
    void *first_arg;
};

#endif
